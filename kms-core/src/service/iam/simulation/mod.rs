//! `SimulateCustomPolicy` and `SimulatePrincipalPolicy`: what policies would decide.
//!
//! The engine's own [`decide`](crate::policy::decide) answers; what is simulated is who asks, for
//! what, and with which policies. As at AWS, the policy of a key counts only where it is given.

mod answers;
mod case;
mod exclusions;
mod inputs;
mod members;
mod organization;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use answers::{EvaluationResult, MatchedSource, SimulationResults, Verdict};
pub use members::{
    ContextEntries, ContextEntry, InlinePolicyIdentifier, OrganizationLevel, OrganizationLevels,
    PolicyExclusion, PolicyExclusions,
};

use super::answers::paged;
use super::context_keys::keys_of;
use super::entity_arn::{self, entity_arn, nobody};
use super::subject::{Entity, Subject};
use super::{IamRequest, iam_request, invalid_input};
use crate::Error;
use crate::caller::Principal;
use crate::ids::AccountId;
use crate::service::named_policies::{self, Kept, NamedPolicy};
use crate::service::operation::{Performed, Step};
use case::{Case, Group, Simulator, Source};
use organization::Counted;

iam_request! {
    /// What given documents would decide.
    SimulateCustomPolicyRequest "SimulateCustomPolicy" true -> SimulationResults {
        /// Identity policies.
        policy_input_list: Vec<String> = "policyInputList",
        /// A permissions boundary, at most one.
        permissions_boundary_policy_input_list: Option<Vec<String>> = "permissionsBoundaryPolicyInputList",
        /// The service control policies of an organization.
        ordered_organization_policy_input_list: Option<OrganizationLevels> = "orderedOrganizationPolicyInputList",
        /// The actions, such as `kms:Decrypt`.
        action_names: Vec<String> = "actionNames",
        /// The resources; `*` where there is none.
        resource_arns: Option<Vec<String>> = "resourceArns",
        /// The policy that each resource is taken to have, which must be a key.
        resource_policy: Option<String> = "resourcePolicy",
        /// Whose the resources are whose ARNs name no account.
        resource_owner: Option<String> = "resourceOwner",
        /// Who asks: a user, a group or a role.
        caller_arn: Option<String> = "callerArn",
        /// What the requests offer for conditions.
        context_entries: Option<ContextEntries> = "contextEntries",
        /// A scenario of EC2, all of which are refused.
        resource_handling_option: Option<String> = "resourceHandlingOption",
        /// The most items of the page.
        max_items: Option<u32> = "maxItems",
        /// Where the last page ended.
        marker: Option<String> = "marker",
    }
}

iam_request! {
    /// What the policies of a user, a group or a role decide, and given ones with them.
    SimulatePrincipalPolicyRequest "SimulatePrincipalPolicy" true -> SimulationResults {
        /// Whose policies: a user, with its groups', a group or a role.
        policy_source_arn: String = "policySourceArn",
        /// More identity policies.
        policy_input_list: Option<Vec<String>> = "policyInputList",
        /// A permissions boundary in the place of the entity's own, at most one.
        permissions_boundary_policy_input_list: Option<Vec<String>> = "permissionsBoundaryPolicyInputList",
        /// Policies that shall not count.
        policy_exclusion_list: Option<PolicyExclusions> = "policyExclusionList",
        /// The actions, such as `kms:Decrypt`.
        action_names: Vec<String> = "actionNames",
        /// The resources; `*` where there is none.
        resource_arns: Option<Vec<String>> = "resourceArns",
        /// The policy that each resource is taken to have, which must be a key.
        resource_policy: Option<String> = "resourcePolicy",
        /// Whose the resources are whose ARNs name no account.
        resource_owner: Option<String> = "resourceOwner",
        /// Who asks, where that is another than whose policies count.
        caller_arn: Option<String> = "callerArn",
        /// What the requests offer for conditions.
        context_entries: Option<ContextEntries> = "contextEntries",
        /// A scenario of EC2, all of which are refused.
        resource_handling_option: Option<String> = "resourceHandlingOption",
        /// The most items of the page.
        max_items: Option<u32> = "maxItems",
        /// Where the last page ended.
        marker: Option<String> = "marker",
    }
}

paged!(SimulateCustomPolicyRequest);
paged!(SimulatePrincipalPolicyRequest);

/// Checks whose the resources are.
fn check_owner(
    owner: Option<&String>,
    resources: Option<&Vec<String>>,
    caller: &AccountId,
) -> Result<(), Error> {
    let foreign = inputs::owner(owner)?.is_some_and(|owner| owner != *caller);
    let names_no_account = |arn: &String| arn.split(':').nth(4).is_none_or(str::is_empty);
    if foreign && resources.into_iter().flatten().any(names_no_account) {
        return Err(invalid_input(
            "Resources of another account can be simulated where their ARNs name it.",
        ));
    }
    Ok(())
}

/// The keys that documents ask for, by their names in lower case.
fn written_keys<'a>(documents: impl IntoIterator<Item = &'a str>) -> BTreeMap<String, String> {
    let keys = keys_of(documents).into_iter();
    keys.map(|key| (key.to_ascii_lowercase(), key)).collect()
}

/// Runs the groups of a page, and no more.
macro_rules! simulated {
    ($request:ident, $step:ident, $name:literal, $groups:ident, $case:ident) => {{
        let numbered = $groups.into_iter().enumerate();
        let named = numbered.map(|(place, group): (usize, Group)| (format!("{place:04}"), group));
        let page = $request.paging().page($step, $name, named)?;
        let simulator = Simulator::new(&$case);
        let results = page.items.into_iter().map(|group| simulator.run(group));
        Ok(Performed::read(SimulationResults {
            results: results.collect(),
            next: page.next,
        }))
    }};
}

impl SimulateCustomPolicyRequest {
    fn caller(&self, step: &Step<'_>) -> Result<Principal, Error> {
        match &self.caller_arn {
            Some(arn) => entity_arn(arn)?.principal(),
            None if self.resource_policy.is_some() => Err(invalid_input(
                "CallerArn is required where there is a ResourcePolicy.",
            )),
            None => nobody(step.call.account()),
        }
    }

    fn case(&self, step: &Step<'_>) -> Result<Case, Error> {
        let caller = self.caller(step)?;
        check_owner(
            self.resource_owner.as_ref(),
            self.resource_arns.as_ref(),
            caller.account(),
        )?;
        let documents = self.policy_input_list.iter().chain(&self.resource_policy);
        Ok(Case {
            caller,
            identity: inputs::policies(&self.policy_input_list)?,
            boundary: inputs::boundary(self.permissions_boundary_policy_input_list.as_ref())?,
            service_control: inputs::service_control(
                self.ordered_organization_policy_input_list.as_ref(),
            )?,
            key_policy: inputs::key_policy(
                self.resource_policy.as_ref(),
                self.resource_arns.as_ref(),
            )?,
            context: inputs::context(self.context_entries.as_ref())?,
            written_keys: written_keys(documents.map(String::as_str)),
        })
    }
}

impl IamRequest for SimulateCustomPolicyRequest {
    type Response = SimulationResults;

    fn subject(&self) -> Subject {
        Subject::Any
    }

    fn check(&self) -> Result<(), Error> {
        inputs::no_resource_handling(self.resource_handling_option.as_ref())?;
        self.paging().check()
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<SimulationResults>, Error> {
        let groups = inputs::groups(&self.action_names, self.resource_arns.as_ref())?;
        let levels = self.ordered_organization_policy_input_list.iter();
        let levels = levels.flat_map(|levels| &levels.0);
        let documents = self
            .policy_input_list
            .iter()
            .chain(self.permissions_boundary_policy_input_list.iter().flatten())
            .chain(levels.flat_map(|level| &level.service_control_policy_input_list))
            .chain(&self.resource_policy);
        let documents = documents.map(String::as_str);
        inputs::bounded(&groups, documents, self.context_entries.as_ref())?;
        let case = self.case(step)?;
        simulated!(self, step, "SimulateCustomPolicy", groups, case)
    }
}

/// What answers call a policy of an entity.
fn source(named: &NamedPolicy<'_>) -> Source {
    Source {
        name: match named.kept {
            Kept::Inline { kind, holder, name } => format!("{kind}_{holder}_{name}"),
            Kept::Managed(policy) => policy.name.to_string(),
        },
        text: named.text.to_owned(),
        policy: Arc::clone(named.policy),
    }
}

impl SimulatePrincipalPolicyRequest {
    /// The boundary of the entity, unless another one is given or it is excluded.
    fn own_boundary<'a>(&self, step: &'a Step<'_>) -> Result<Option<NamedPolicy<'a>>, Error> {
        let given = self.permissions_boundary_policy_input_list.as_ref();
        if given.is_some_and(|given| !given.is_empty())
            || exclusions::boundary(self.policy_exclusion_list.as_ref())
        {
            return Ok(None);
        }
        let arn = match step.loaded.iam() {
            Entity::User(entry) => entry.user.boundary.as_ref(),
            Entity::Role(entry) => entry.role.boundary.as_ref(),
            _ => None,
        };
        arn.map(|arn| named_policies::managed(arn, step.state))
            .transpose()
    }

    fn case(
        &self,
        step: &Step<'_>,
        boundary: Option<&NamedPolicy<'_>>,
        counted: &Counted<'_>,
    ) -> Result<Case, Error> {
        let entity = entity_arn(&self.policy_source_arn)?;
        let own = entity.policies(step)?;
        let counts = |named: &&NamedPolicy<'_>| {
            !exclusions::exclude(self.policy_exclusion_list.as_ref(), &named.kept)
        };
        let mut identity: Vec<Source> = own.iter().filter(counts).map(source).collect();
        let given = self.policy_input_list.as_deref().unwrap_or_default();
        identity.extend(inputs::policies(given)?);
        let caller = match &self.caller_arn {
            Some(arn) => entity_arn(arn)?,
            None => entity,
        };
        let caller = caller.principal()?;
        check_owner(
            self.resource_owner.as_ref(),
            self.resource_arns.as_ref(),
            caller.account(),
        )?;
        let texts = identity.iter().map(|source| &source.text);
        let texts = texts.chain(&self.resource_policy);
        Ok(Case {
            written_keys: written_keys(texts.map(String::as_str)),
            caller,
            identity,
            boundary: match boundary {
                Some(named) => Some(Arc::clone(named.policy)),
                None => inputs::boundary(self.permissions_boundary_policy_input_list.as_ref())?,
            },
            service_control: counted.levels.clone(),
            key_policy: inputs::key_policy(
                self.resource_policy.as_ref(),
                self.resource_arns.as_ref(),
            )?,
            context: inputs::context(self.context_entries.as_ref())?,
        })
    }
}

impl IamRequest for SimulatePrincipalPolicyRequest {
    type Response = SimulationResults;

    fn subject(&self) -> Subject {
        entity_arn::subject(&self.policy_source_arn)
    }

    fn check(&self) -> Result<(), Error> {
        entity_arn(&self.policy_source_arn)?;
        exclusions::check(self.policy_exclusion_list.as_ref())?;
        inputs::no_resource_handling(self.resource_handling_option.as_ref())?;
        self.paging().check()
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<SimulationResults>, Error> {
        let groups = inputs::groups(&self.action_names, self.resource_arns.as_ref())?;
        let own_boundary = self.own_boundary(step)?;
        let account = step.call.account();
        let counted = organization::over(account, self.policy_exclusion_list.as_ref(), step.state)?;
        let case = self.case(step, own_boundary.as_ref(), &counted)?;
        let texts = case.identity.iter().map(|source| &source.text);
        let boundary = self.permissions_boundary_policy_input_list.iter().flatten();
        let texts = texts.chain(boundary).chain(&self.resource_policy);
        let texts = texts
            .map(String::as_str)
            .chain(own_boundary.as_ref().map(|named| named.text))
            .chain(counted.texts.iter().copied());
        inputs::bounded(&groups, texts, self.context_entries.as_ref())?;
        simulated!(self, step, "SimulatePrincipalPolicy", groups, case)
    }
}
