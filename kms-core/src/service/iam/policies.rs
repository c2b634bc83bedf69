//! Managed policies: `CreatePolicy`, `GetPolicy`, `ListPolicies`, `DeletePolicy`.

use std::collections::{BTreeMap, HashMap};

use super::answers::{One, Page, Shape, paged, time};
use super::holder::Kept;
use super::roles::check_description;
use super::subject::Subject;
use super::tags::{self, Tags};
use super::{IamRequest, already, below, conflict, documents, iam_request, limits, system, taken};
use crate::Error;
use crate::api::query::Xml;
use crate::identity::{EntityKind, ManagedPolicy, PolicyVersion, generate_unique_id};
use crate::ids::{AccountId, EntityPath, PathPrefix, PolicyArn, PolicyName};
use crate::service::identity_edit::IdentityEdit;
use crate::service::operation::{Loaded, Performed, Step};
use crate::service::parameters::Parameters;
use crate::service::state::State;
use crate::service::values::Specific;

/// How many entities refer to a policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// Users, groups and roles that it is attached to.
    pub attached: u32,
    /// Users and roles whose boundary it is.
    pub boundary: u32,
}

/// A managed policy and how it is used.
#[derive(Clone, Debug)]
pub struct DescribedPolicy {
    /// The policy.
    pub policy: ManagedPolicy,
    /// How many entities refer to it.
    pub uses: Uses,
}

impl Shape for DescribedPolicy {
    const ONE: &'static str = "Policy";
    const LIST: &'static str = "Policies";

    fn write(&self, xml: &mut Xml) {
        self.write_listed(xml);
        xml.optional("Description", self.policy.description.as_deref());
        tags::written(xml, &self.policy.tags);
    }

    fn write_listed(&self, xml: &mut Xml) {
        let policy = &self.policy;
        xml.text("PolicyName", policy.name.as_str());
        xml.text("PolicyId", policy.id.as_str());
        xml.text("Arn", policy.arn().as_str());
        xml.text("Path", policy.path.as_str());
        xml.text("DefaultVersionId", &format!("v{}", policy.default_version));
        xml.number("AttachmentCount", self.uses.attached);
        xml.number("PermissionsBoundaryUsageCount", self.uses.boundary);
        xml.flag("IsAttachable", true);
        time(xml, "CreateDate", policy.created);
        time(xml, "UpdateDate", policy.updated);
    }
}

/// How the policies of an account are used; one that is not used is not there.
pub(super) fn uses(state: &State, account: &AccountId) -> HashMap<PolicyArn, Uses> {
    let mut uses: HashMap<PolicyArn, Uses> = HashMap::new();
    let users = || state.users(account).map(|entry| &entry.user);
    let roles = || state.roles(account).map(|entry| &entry.role);
    let attached = users()
        .flat_map(|user| &user.attached)
        .chain(roles().flat_map(|role| &role.attached))
        .chain(
            state
                .groups(account)
                .flat_map(|entry| &entry.group.attached),
        );
    for arn in attached {
        let count = &mut uses.entry(arn.clone()).or_default().attached;
        *count = count.saturating_add(1);
    }
    let boundaries = users()
        .filter_map(|user| user.boundary.as_ref())
        .chain(roles().filter_map(|role| role.boundary.as_ref()));
    for arn in boundaries {
        let count = &mut uses.entry(arn.clone()).or_default().boundary;
        *count = count.saturating_add(1);
    }
    uses
}

fn described(policy: ManagedPolicy, step: &Step<'_>) -> DescribedPolicy {
    let used = uses(step.state, &policy.account).remove(&policy.arn());
    DescribedPolicy {
        uses: used.unwrap_or_default(),
        policy,
    }
}

iam_request! {
    /// A new managed policy of the caller's account.
    CreatePolicyRequest "CreatePolicy" false -> One<DescribedPolicy> {
        /// Its name.
        policy_name: PolicyName = "policyName",
        /// Where it stands among the account's policies.
        path: Option<EntityPath> = "path",
        /// An identity policy, the first version.
        policy_document: String = "policyDocument",
        /// What it is for.
        description: Option<String> = "description",
        /// Its tags.
        tags: Option<Tags> = "tags",
    }
}

impl IamRequest for CreatePolicyRequest {
    type Response = One<DescribedPolicy>;

    fn subject(&self) -> Subject {
        Subject::NewPolicy(
            self.path.clone().unwrap_or_default(),
            self.policy_name.clone(),
        )
    }

    fn check(&self) -> Result<(), Error> {
        check_description(self.description.as_ref())?;
        self.tags.as_ref().map_or(Ok(()), Tags::check)?;
        documents::managed(&self.policy_document)
    }

    fn specific<'a>(&'a self, _loaded: &'a Loaded) -> Specific<'a> {
        Specific {
            request_tags: self.tags.as_ref().map(Tags::map),
            ..Specific::default()
        }
    }

    fn tagging(&self) -> Option<&'static str> {
        self.tags.as_ref().map(|_| "iam:TagPolicy")
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<One<DescribedPolicy>>, Error> {
        let account = step.call.account();
        let name = self.policy_name.as_str();
        let policies = || {
            step.state
                .managed_policies(account)
                .map(|entry| &entry.policy)
        };
        if taken(policies().map(|policy| policy.name.as_str()), name) {
            return Err(already("A policy", name));
        }
        limits::within(policies().count(), "PoliciesPerAccount", limits::POLICIES)?;
        let first = PolicyVersion {
            document: self.policy_document,
            created: step.now,
        };
        let policy = ManagedPolicy {
            account: account.clone(),
            path: self.path.unwrap_or_default(),
            name: self.policy_name,
            id: generate_unique_id(EntityKind::Policy, system(step))?,
            created: step.now,
            updated: step.now,
            description: self.description,
            tags: self.tags.map(|tags| tags.map().clone()).unwrap_or_default(),
            versions: BTreeMap::from([(1, first)]),
            default_version: 1,
            last_version: 1,
            managed_by_file: false,
        };
        let mut elements = Parameters::default();
        elements
            .value("policyName", &policy.name)
            .value("policyId", &policy.id)
            .value("arn", &policy.arn());
        let edits = vec![policy.clone().put()];
        let answer = DescribedPolicy {
            policy,
            uses: Uses::default(),
        };
        Ok(Performed::changed(One(answer), edits).with_elements(elements))
    }
}

iam_request! {
    /// One managed policy.
    GetPolicyRequest "GetPolicy" true -> One<DescribedPolicy> {
        /// The policy.
        policy_arn: PolicyArn = "policyArn",
    }
}

impl IamRequest for GetPolicyRequest {
    type Response = One<DescribedPolicy>;

    fn subject(&self) -> Subject {
        Subject::Policy(self.policy_arn.clone())
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<One<DescribedPolicy>>, Error> {
        let policy = ManagedPolicy::existing(step, &self.policy_arn)?;
        Ok(Performed::read(One(described(policy, step))))
    }
}

iam_request! {
    /// The managed policies of the caller's account. Those that AWS manages do not exist here.
    ListPoliciesRequest "ListPolicies" true -> Page<DescribedPolicy> {
        /// `All`, `AWS` or `Local`.
        scope: Option<String> = "scope",
        /// Only those that are attached or a boundary.
        only_attached: Option<bool> = "onlyAttached",
        /// Only those whose path begins so.
        path_prefix: Option<PathPrefix> = "pathPrefix",
        /// `PermissionsPolicy` or `PermissionsBoundary`: only those that are used so.
        policy_usage_filter: Option<String> = "policyUsageFilter",
        /// Where the last page ended.
        marker: Option<String> = "marker",
        /// The most items of the page.
        max_items: Option<u32> = "maxItems",
    }
}

paged!(ListPoliciesRequest);

/// Refuses a value that is not one of AWS's.
pub(super) fn one_of(name: &str, value: Option<&String>, allowed: &[&str]) -> Result<(), Error> {
    match value {
        Some(value) if !allowed.contains(&value.as_str()) => Err(Error::Validation(format!(
            "1 validation error detected: Value '{value}' at '{name}' failed to satisfy \
             constraint: Member must satisfy enum value set: [{}]",
            allowed.join(", ")
        ))),
        _ => Ok(()),
    }
}

/// The values of `PolicyUsageFilter`.
pub(super) const USAGES: [&str; 2] = ["PermissionsPolicy", "PermissionsBoundary"];

impl ListPoliciesRequest {
    fn wants(&self, uses: Uses) -> bool {
        let used = match self.policy_usage_filter.as_deref() {
            Some("PermissionsPolicy") => uses.attached > 0,
            Some(_) => uses.boundary > 0,
            None => true,
        };
        let attached = self.only_attached != Some(true) || uses != Uses::default();
        used && attached && self.scope.as_deref() != Some("AWS")
    }
}

impl IamRequest for ListPoliciesRequest {
    type Response = Page<DescribedPolicy>;

    fn subject(&self) -> Subject {
        Subject::Any
    }

    fn check(&self) -> Result<(), Error> {
        one_of("scope", self.scope.as_ref(), &["All", "AWS", "Local"])?;
        one_of(
            "policyUsageFilter",
            self.policy_usage_filter.as_ref(),
            &USAGES,
        )?;
        self.paging().check()
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<Self::Response>, Error> {
        let account = step.call.account();
        let mut uses = uses(step.state, account);
        let policies = step
            .state
            .managed_policies(account)
            .map(|entry| &entry.policy);
        let policies = policies.filter(|policy| below(&policy.path, self.path_prefix.as_ref()));
        let described = policies.map(|policy| DescribedPolicy {
            uses: uses.remove(&policy.arn()).unwrap_or_default(),
            policy: policy.clone(),
        });
        let wanted = described.filter(|described| self.wants(described.uses));
        let named = wanted.map(|described| (described.policy.name.to_string(), described));
        self.paging()
            .page(step, "ListPolicies", named)
            .map(Performed::read)
    }
}

iam_request! {
    /// The end of a managed policy that nothing refers to, and that has one version.
    DeletePolicyRequest "DeletePolicy" false -> () {
        /// The policy.
        policy_arn: PolicyArn = "policyArn",
    }
}

impl IamRequest for DeletePolicyRequest {
    type Response = ();

    fn subject(&self) -> Subject {
        Subject::Policy(self.policy_arn.clone())
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<()>, Error> {
        let policy = ManagedPolicy::existing(step, &self.policy_arn)?;
        if uses(step.state, &policy.account).contains_key(&self.policy_arn) {
            let message = "Cannot delete a policy attached to entities.";
            return Err(conflict(message.to_owned()));
        }
        if policy.versions.len() > 1 {
            let message = "This policy has more than one version. Before you delete a policy, you \
                must delete the policy's versions. The default version is deleted with the policy.";
            return Err(conflict(message.to_owned()));
        }
        let edit = IdentityEdit::RemovePolicy(policy.account, policy.name);
        Ok(Performed::changed((), vec![edit.into()]))
    }
}
