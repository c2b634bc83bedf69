//! Changes of the organization.

use super::state::Organizations;
use crate::Error;
use crate::identity::{
    AccountRequest, MemberAccount, Organization, OrganizationPolicy, OrganizationalUnit,
};
use crate::ids::{
    AccountId, AccountRequestId, OrganizationId, OrganizationPolicyId, OrganizationalUnitId,
};
use crate::root::RecordKind;
use crate::service::change::{Edit, Put, body, read};
use crate::store::sealed::Record;

/// One thing to put or to remove.
#[derive(Debug)]
pub enum OrganizationEdit {
    /// Keeps the organization.
    Put(Organization),
    /// Forgets it.
    Remove(OrganizationId),
    /// Keeps an organizational unit.
    PutUnit(OrganizationalUnit),
    /// Forgets one.
    RemoveUnit(OrganizationalUnitId),
    /// Keeps an account as a member.
    PutMember(MemberAccount),
    /// Forgets that an account is a member.
    RemoveMember(AccountId),
    /// Keeps a policy.
    PutPolicy(OrganizationPolicy),
    /// Forgets a policy.
    RemovePolicy(OrganizationPolicyId),
    /// Keeps a request for an account.
    PutRequest(AccountRequest),
    /// Forgets one.
    RemoveRequest(AccountRequestId),
}

impl OrganizationEdit {
    /// Adds the record to write, or the path to delete.
    pub(in crate::service) fn to_record(
        &self,
        puts: &mut Vec<Put>,
        deletes: &mut Vec<String>,
    ) -> Result<(), Error> {
        let (kind, name, content) = match self {
            Self::Put(one) => (RecordKind::Organization, one.id.as_str(), Some(body(one)?)),
            Self::Remove(id) => (RecordKind::Organization, id.as_str(), None),
            Self::PutUnit(unit) => {
                let kind = RecordKind::OrganizationalUnit;
                (kind, unit.id.as_str(), Some(body(unit)?))
            }
            Self::RemoveUnit(id) => (RecordKind::OrganizationalUnit, id.as_str(), None),
            Self::PutMember(member) => {
                let kind = RecordKind::MemberAccount;
                (kind, member.id.as_str(), Some(body(member)?))
            }
            Self::RemoveMember(id) => (RecordKind::MemberAccount, id.as_str(), None),
            Self::PutPolicy(policy) => {
                let kind = RecordKind::OrganizationPolicy;
                (kind, policy.id.as_str(), Some(body(policy)?))
            }
            Self::RemovePolicy(id) => (RecordKind::OrganizationPolicy, id.as_str(), None),
            Self::PutRequest(request) => {
                let kind = RecordKind::AccountRequest;
                (kind, request.id.as_str(), Some(body(request)?))
            }
            Self::RemoveRequest(id) => (RecordKind::AccountRequest, id.as_str(), None),
        };
        match content {
            Some(content) => puts.push((kind.path(name), kind, content)),
            None => deletes.push(kind.path(name)),
        }
        Ok(())
    }

    /// What a verified record says; `None` for a record of another kind.
    pub(in crate::service) fn from_record(record: &Record) -> Result<Option<Self>, Error> {
        let text = record.body.expose();
        Ok(Some(match record.kind {
            RecordKind::Organization => Self::Put(read(text)?),
            RecordKind::OrganizationalUnit => Self::PutUnit(read(text)?),
            RecordKind::MemberAccount => Self::PutMember(read(text)?),
            RecordKind::OrganizationPolicy => Self::PutPolicy(read(text)?),
            RecordKind::AccountRequest => Self::PutRequest(read(text)?),
            _ => return Ok(None),
        }))
    }

    /// Makes the same change in memory.
    pub(in crate::service) fn apply(self, state: &mut Organizations) -> Result<(), Error> {
        match self {
            Self::Put(organization) => state.put_organization(organization),
            Self::Remove(_) => state.remove_organization(),
            Self::PutUnit(unit) => state.put_unit(unit),
            Self::RemoveUnit(id) => state.remove_unit(&id),
            Self::PutMember(member) => state.put_member(member),
            Self::RemoveMember(id) => state.remove_member(&id),
            Self::PutPolicy(policy) => state.put_policy(policy)?,
            Self::RemovePolicy(id) => state.remove_policy(&id),
            Self::PutRequest(request) => state.put_request(request),
            Self::RemoveRequest(id) => state.remove_request(&id),
        }
        Ok(())
    }
}

impl From<OrganizationEdit> for Edit {
    fn from(edit: OrganizationEdit) -> Self {
        Self::Organization(Box::new(edit))
    }
}
