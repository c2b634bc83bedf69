//! The organization itself, and its root.

use std::collections::{BTreeMap, BTreeSet};

use super::answers::{Nothing, OrganizationAnswer, RootShape, RootsAnswer, page};
use super::rules::{FEATURE_SET, MAX_RESULTS, NEXT_TOKEN, refused};
use super::{Callers, OrganizationEdit, OrganizationsRequest, organization, organizations_request};
use crate::Error;
use crate::api::{ConstraintReason, OrganizationsCode};
use crate::identity::{
    JoinedMethod, MemberAccount, MemberStatus, Organization, OrganizationRoot, PolicyType,
    generate_organization_id, generate_root_id,
};
use crate::ids::{OrganizationPolicyId, ParentId};
use crate::service::change::Edit;
use crate::service::operation::{Performed, Step};
use crate::service::parameters::Parameters;

/// What the management account is called until AWS would know better: nobody named it.
const MANAGEMENT: &str = "management";

/// What is attached to everything new, for the types of policies that count.
pub(in crate::service) fn full_access(
    kinds: impl IntoIterator<Item = PolicyType>,
) -> Result<BTreeSet<OrganizationPolicyId>, Error> {
    let ids = kinds.into_iter().map(|kind| kind.full_access().parse());
    ids.collect::<Result<_, _>>().map_err(Error::internal)
}

organizations_request! {
    /// An organization of which the caller's account is the management account.
    CreateOrganizationRequest "CreateOrganization" false -> OrganizationAnswer {
        /// `ALL`; there is no other here.
        feature_set: String = "featureSet", Optional, FEATURE_SET;
    }
}

impl OrganizationsRequest for CreateOrganizationRequest {
    type Response = OrganizationAnswer;
    const CALLERS: Callers = Callers::Anybody;

    fn perform(self, step: &Step<'_>) -> Result<Performed<OrganizationAnswer>, Error> {
        if step.state.organizations.organization().is_some() {
            return Err(refused(OrganizationsCode::AlreadyInOrganizationException));
        }
        if self.feature_set.is_some_and(|set| set != "ALL") {
            let reason = ConstraintReason::BillingModeUnsupported;
            let code = OrganizationsCode::ConstraintViolationException(reason);
            return Err(refused(code));
        }
        let (organization, member) = new_organization(step)?;
        let answer = OrganizationAnswer {
            organization: (&organization).into(),
        };
        let mut elements = Parameters::default();
        elements.value("id", &organization.id);
        let edits = vec![
            OrganizationEdit::Put(organization).into(),
            OrganizationEdit::PutMember(member).into(),
        ];
        Ok(Performed::changed(answer, edits).with_elements(elements))
    }
}

/// An organization of which the caller's account is the management account, and that account as a
/// member.
pub(in crate::service) fn new_organization(
    step: &Step<'_>,
) -> Result<(Organization, MemberAccount), Error> {
    let random = step.engine.system_random();
    let policy_types = BTreeSet::from([PolicyType::ServiceControl]);
    let attached = full_access(policy_types.iter().copied())?;
    let organization = Organization {
        id: generate_organization_id(random)?,
        management_account: step.call.account().clone(),
        created: step.now,
        root: OrganizationRoot {
            id: generate_root_id(random)?,
            policy_types,
            attached: attached.clone(),
            tags: BTreeMap::new(),
        },
        managed_by_file: false,
    };
    let member = MemberAccount {
        id: organization.management_account.clone(),
        name: MANAGEMENT.to_owned(),
        email: None,
        parent: ParentId::Root(organization.root.id.clone()),
        status: MemberStatus::Active,
        joined: step.now,
        method: JoinedMethod::Invited,
        attached,
        tags: BTreeMap::new(),
        managed_by_file: false,
    };
    Ok((organization, member))
}

organizations_request! {
    /// The organization that the caller's account is in.
    DescribeOrganizationRequest "DescribeOrganization" true -> OrganizationAnswer {}
}

impl OrganizationsRequest for DescribeOrganizationRequest {
    type Response = OrganizationAnswer;
    const CALLERS: Callers = Callers::Members;

    fn perform(self, step: &Step<'_>) -> Result<Performed<OrganizationAnswer>, Error> {
        let organization = organization(step)?.into();
        Ok(Performed::read(OrganizationAnswer { organization }))
    }
}

organizations_request! {
    /// The end of an organization that has no other account than the management account.
    DeleteOrganizationRequest "DeleteOrganization" false -> Nothing {}
}

impl OrganizationsRequest for DeleteOrganizationRequest {
    type Response = Nothing;

    fn perform(self, step: &Step<'_>) -> Result<Performed<Nothing>, Error> {
        let organizations = &step.state.organizations;
        let organization = organization(step)?;
        if organizations.members().count() > 1 {
            return Err(refused(OrganizationsCode::OrganizationNotEmptyException));
        }
        let mut edits = vec![OrganizationEdit::Remove(organization.id.clone())];
        let members = organizations.members().map(|member| &member.id);
        edits.extend(members.cloned().map(OrganizationEdit::RemoveMember));
        let units = organizations.units().map(|unit| &unit.id);
        edits.extend(units.cloned().map(OrganizationEdit::RemoveUnit));
        let policies = organizations.policies().map(|policy| &policy.id);
        edits.extend(policies.cloned().map(OrganizationEdit::RemovePolicy));
        let requests = organizations.requests().map(|request| &request.id);
        edits.extend(requests.cloned().map(OrganizationEdit::RemoveRequest));
        let edits: Vec<Edit> = edits.into_iter().map(Edit::from).collect();
        Ok(Performed::changed(Nothing {}, edits))
    }
}

organizations_request! {
    /// The roots of the organization: one.
    ListRootsRequest "ListRoots" true -> RootsAnswer {
        /// Where the page starts.
        next_token: String = "nextToken", Optional, NEXT_TOKEN;
        /// The most items of the page.
        max_results: i64 = "maxResults", Optional, MAX_RESULTS;
    }
}

impl OrganizationsRequest for ListRootsRequest {
    type Response = RootsAnswer;

    fn perform(self, step: &Step<'_>) -> Result<Performed<RootsAnswer>, Error> {
        let root = RootShape::from(organization(step)?);
        let asked = (self.next_token.as_ref(), self.max_results);
        let roots = std::iter::once((root.id.to_string(), root));
        Ok(Performed::read(
            page(step, "ListRoots", asked, roots)?.into(),
        ))
    }
}
