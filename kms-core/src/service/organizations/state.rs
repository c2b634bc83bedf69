//! The organization in memory: its parts, and for each account what they come to.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use crate::Error;
use crate::identity::{
    AccountRequest, MAX_UNIT_DEPTH, MemberAccount, MemberStatus, Organization, OrganizationPolicy,
    OrganizationalUnit, PolicyType,
};
use crate::ids::{
    AccountId, AccountRequestId, OrganizationPolicyId, OrganizationalUnitId, ParentId, TargetId,
};
use crate::policy::{ResourceControlPolicy, ServiceControlPolicy};

/// A policy of the organization, compiled once.
#[derive(Clone, Debug)]
pub(super) enum Compiled {
    Service(Arc<ServiceControlPolicy>),
    Resource(Arc<ResourceControlPolicy>),
}

impl Compiled {
    fn parse(kind: PolicyType, content: &str) -> Result<Self, Error> {
        Ok(match kind {
            PolicyType::ServiceControl => {
                let policy = ServiceControlPolicy::parse(content).map_err(Error::internal)?;
                Self::Service(Arc::new(policy))
            }
            PolicyType::ResourceControl => {
                let policy = ResourceControlPolicy::parse(content).map_err(Error::internal)?;
                Self::Resource(Arc::new(policy))
            }
        })
    }
}

/// A policy with its document compiled.
#[derive(Clone, Debug)]
pub(super) struct PolicyEntry {
    pub(super) policy: OrganizationPolicy,
    compiled: Compiled,
}

/// What the organization comes to for one account.
#[derive(Clone, Debug, Default)]
pub(in crate::service) struct Place {
    /// The way to it: `o-…/r-…/ou-…/`.
    pub(in crate::service) path: String,
    /// The policies at each level from the root to the account; none for the management account.
    service_control: Vec<Vec<Arc<ServiceControlPolicy>>>,
    resource_control: Vec<Vec<Arc<ResourceControlPolicy>>>,
}

/// The organization of the store, if it has one.
#[derive(Clone, Debug, Default)]
pub(in crate::service) struct Organizations {
    organization: Option<Organization>,
    units: BTreeMap<OrganizationalUnitId, OrganizationalUnit>,
    members: BTreeMap<AccountId, MemberAccount>,
    policies: BTreeMap<OrganizationPolicyId, PolicyEntry>,
    requests: BTreeMap<AccountRequestId, AccountRequest>,
    /// Found out at the first request after a change; `None` for an account whose way to the root
    /// is not whole.
    places: OnceLock<HashMap<AccountId, Option<Place>>>,
}

impl Organizations {
    /// The organization.
    pub(in crate::service) fn organization(&self) -> Option<&Organization> {
        self.organization.as_ref()
    }

    pub(in crate::service) fn units(&self) -> impl Iterator<Item = &OrganizationalUnit> {
        self.units.values()
    }

    pub(in crate::service) fn unit(
        &self,
        id: &OrganizationalUnitId,
    ) -> Option<&OrganizationalUnit> {
        self.units.get(id)
    }

    pub(in crate::service) fn members(&self) -> impl Iterator<Item = &MemberAccount> {
        self.members.values()
    }

    pub(in crate::service) fn member(&self, id: &AccountId) -> Option<&MemberAccount> {
        self.members.get(id)
    }

    pub(in crate::service) fn policies(&self) -> impl Iterator<Item = &OrganizationPolicy> {
        self.policies.values().map(|entry| &entry.policy)
    }

    pub(in crate::service) fn policy(
        &self,
        id: &OrganizationPolicyId,
    ) -> Option<&OrganizationPolicy> {
        self.policies.get(id).map(|entry| &entry.policy)
    }

    pub(super) fn requests(&self) -> impl Iterator<Item = &AccountRequest> {
        self.requests.values()
    }

    pub(super) fn request(&self, id: &AccountRequestId) -> Option<&AccountRequest> {
        self.requests.get(id)
    }

    /// Whether there is such a part.
    pub(super) fn has(&self, target: &TargetId) -> bool {
        match target {
            TargetId::Root(id) => self.organization().is_some_and(|one| one.root.id == *id),
            TargetId::Unit(id) => self.units.contains_key(id),
            TargetId::Account(id) => self.members.contains_key(id),
        }
    }

    /// Whether the account was closed: then nobody of it is let in, and nobody else to its keys.
    pub(in crate::service) fn is_suspended(&self, account: &AccountId) -> bool {
        let member = self.members.get(account);
        member.is_some_and(|member| member.status == MemberStatus::Suspended)
    }

    /// Where the account stands in the organization; `None` for one that is in none.
    ///
    /// # Errors
    /// [`Error::Internal`] when what is above it is not whole: it might deny.
    pub(in crate::service) fn place(&self, account: &AccountId) -> Result<Option<&Place>, Error> {
        if self.organization.is_none() {
            return Ok(None);
        }
        match self.places.get_or_init(|| self.find_places()).get(account) {
            None => Ok(None),
            Some(Some(place)) => Ok(Some(place)),
            Some(None) => Err(Error::internal(
                "what is above an account in its organization is not whole",
            )),
        }
    }

    /// The service control policies over the principals of an account, by levels from the root.
    ///
    /// # Errors
    /// As [`Organizations::place`].
    pub(in crate::service) fn service_control(
        &self,
        account: &AccountId,
    ) -> Result<&[Vec<Arc<ServiceControlPolicy>>], Error> {
        let place = self.place(account)?;
        Ok(place.map_or(&[], |place| place.service_control.as_slice()))
    }

    /// The resource control policies over what an account has, in the same way, for an action that
    /// they are about: not those of IAM and Organizations, nor `kms:RetireGrant`.
    ///
    /// # Errors
    /// As [`Organizations::place`].
    pub(in crate::service) fn resource_control(
        &self,
        account: &AccountId,
        action: &str,
    ) -> Result<&[Vec<Arc<ResourceControlPolicy>>], Error> {
        let place = self.place(account)?;
        let limits = matches!(action.split_once(':'), Some(("kms" | "sts", _)))
            && action != "kms:RetireGrant";
        let place = place.filter(|_| limits);
        Ok(place.map_or(&[], |place| place.resource_control.as_slice()))
    }

    fn find_places(&self) -> HashMap<AccountId, Option<Place>> {
        let Some(organization) = &self.organization else {
            return HashMap::new();
        };
        let full = PolicyType::ALL.map(full_access);
        let members = self.members.values();
        let found = members.map(|member| {
            let place = self.place_of(member, organization, &full);
            (member.id.clone(), place)
        });
        found.collect()
    }

    fn place_of(
        &self,
        member: &MemberAccount,
        organization: &Organization,
        full: &[Option<Compiled>; 2],
    ) -> Option<Place> {
        let units = self.units_above(&member.parent, organization)?;
        let mut place = Place {
            path: self.path(&member.parent)?,
            ..Place::default()
        };
        if member.id == organization.management_account {
            return Some(place);
        }
        let of_units = units.iter().map(|unit| &unit.attached);
        let levels = std::iter::once(&organization.root.attached)
            .chain(of_units)
            .chain([&member.attached]);
        for attached in levels {
            let (mut service, mut resource) = (Vec::new(), Vec::new());
            for id in attached {
                match self.compiled(id, full)? {
                    Compiled::Service(policy) => service.push(policy),
                    Compiled::Resource(policy) => resource.push(policy),
                }
            }
            place.service_control.push(service);
            place.resource_control.push(resource);
        }
        let counts = |kind| organization.root.policy_types.contains(&kind);
        if !counts(PolicyType::ServiceControl) {
            place.service_control.clear();
        }
        if !counts(PolicyType::ResourceControl) {
            place.resource_control.clear();
        }
        Some(place)
    }

    fn compiled(
        &self,
        id: &OrganizationPolicyId,
        full: &[Option<Compiled>; 2],
    ) -> Option<Compiled> {
        let managed = PolicyType::ALL
            .iter()
            .position(|kind| kind.full_access() == id.as_str());
        match managed {
            Some(position) => full.get(position)?.clone(),
            None => Some(self.policies.get(id)?.compiled.clone()),
        }
    }

    /// The units from the root down to `parent`; `None` where the way is broken.
    pub(super) fn units_above(
        &self,
        parent: &ParentId,
        organization: &Organization,
    ) -> Option<Vec<&OrganizationalUnit>> {
        let (mut units, mut next) = (Vec::new(), parent);
        loop {
            match next {
                ParentId::Root(id) if *id == organization.root.id => break,
                ParentId::Unit(id) if units.len() < MAX_UNIT_DEPTH => {
                    let unit = self.units.get(id)?;
                    units.push(unit);
                    next = &unit.parent;
                }
                ParentId::Root(_) | ParentId::Unit(_) => return None,
            }
        }
        units.reverse();
        Some(units)
    }

    /// The way to what is in `parent`: `o-…/r-…/ou-…/`; `None` where it is broken.
    pub(super) fn path(&self, parent: &ParentId) -> Option<String> {
        let organization = self.organization.as_ref()?;
        let mut path = format!("{}/{}/", organization.id, organization.root.id);
        for unit in self.units_above(parent, organization)? {
            path.push_str(unit.id.as_str());
            path.push('/');
        }
        Some(path)
    }

    /// How many units there are from the root down to `parent`.
    pub(in crate::service) fn depth(&self, parent: &ParentId) -> Option<usize> {
        let organization = self.organization.as_ref()?;
        Some(self.units_above(parent, organization)?.len())
    }

    fn changed(&mut self) {
        self.places = OnceLock::new();
    }

    pub(in crate::service) fn put_organization(&mut self, organization: Organization) {
        self.changed();
        self.organization = Some(organization);
    }

    pub(super) fn remove_organization(&mut self) {
        self.changed();
        self.organization = None;
    }

    pub(in crate::service) fn put_unit(&mut self, unit: OrganizationalUnit) {
        self.changed();
        self.units.insert(unit.id.clone(), unit);
    }

    pub(in crate::service) fn remove_unit(&mut self, id: &OrganizationalUnitId) {
        self.changed();
        self.units.remove(id);
    }

    pub(in crate::service) fn put_member(&mut self, member: MemberAccount) {
        self.changed();
        self.members.insert(member.id.clone(), member);
    }

    pub(super) fn remove_member(&mut self, id: &AccountId) {
        self.changed();
        self.members.remove(id);
    }

    /// Takes a stored policy in.
    ///
    /// # Errors
    /// [`Error::Internal`] when its document does not parse.
    pub(in crate::service) fn put_policy(
        &mut self,
        policy: OrganizationPolicy,
    ) -> Result<(), Error> {
        self.changed();
        let compiled = Compiled::parse(policy.kind, &policy.content)?;
        let entry = PolicyEntry { policy, compiled };
        self.policies.insert(entry.policy.id.clone(), entry);
        Ok(())
    }

    pub(in crate::service) fn remove_policy(&mut self, id: &OrganizationPolicyId) {
        self.changed();
        self.policies.remove(id);
    }

    pub(super) fn put_request(&mut self, request: AccountRequest) {
        self.requests.insert(request.id.clone(), request);
    }

    pub(super) fn remove_request(&mut self, id: &AccountRequestId) {
        self.requests.remove(id);
    }
}

/// The document of the policy that AWS manages.
pub(super) const fn full_access_document(kind: PolicyType) -> &'static str {
    match kind {
        PolicyType::ServiceControl => ServiceControlPolicy::FULL_AWS_ACCESS,
        PolicyType::ResourceControl => ResourceControlPolicy::FULL_AWS_ACCESS,
    }
}

fn full_access(kind: PolicyType) -> Option<Compiled> {
    Compiled::parse(kind, full_access_document(kind)).ok()
}
