//! Policies of the organization.

use super::answers::{Nothing, PoliciesAnswer, PolicyAnswer, PolicySummary, page};
use super::rules::{
    CONTENT, DESCRIPTION, MAX_RESULTS, NEXT_TOKEN, POLICY_ID, POLICY_NAME, POLICY_TYPE, TAGS,
    given, invalid, parsed, refused,
};
use super::subject::{managed, policy_of};
use super::tags::{self, OrganizationTags};
use super::{OrganizationEdit, OrganizationsRequest, limits, organization, organizations_request};
use crate::Error;
use crate::api::{ConstraintReason, InputReason, OrganizationsCode};
use crate::identity::{OrganizationPolicy, PolicyType, generate_organization_policy_id};
use crate::ids::OrganizationPolicyId;
use crate::policy::{MalformedPolicy, ResourceControlPolicy, ServiceControlPolicy};
use crate::service::operation::{Performed, Step};
use crate::service::parameters::Parameters;
use crate::service::values::Specific;

/// The type of that name; those that are not here are not available.
pub(super) fn kind(name: Option<&String>) -> Result<PolicyType, Error> {
    let name = name.ok_or_else(|| invalid(InputReason::InputRequired))?;
    PolicyType::named(name)
        .ok_or_else(|| refused(OrganizationsCode::PolicyTypeNotAvailableForOrganizationException))
}

/// The value of the condition key that a request about a type of policies has.
pub(super) fn about_type(name: Option<&String>) -> Specific<'_> {
    Specific {
        organization_policy_type: name.and_then(|name| PolicyType::named(name)),
        ..Specific::default()
    }
}

/// The policy of that id, also if AWS manages it.
pub(super) fn existing(step: &Step<'_>, id: Option<&String>) -> Result<OrganizationPolicy, Error> {
    let policy = policy_of(&parsed(id)?, &step.state.organizations);
    policy.ok_or_else(|| refused(OrganizationsCode::PolicyNotFoundException))
}

/// The policy of that id, if it can be changed.
fn changeable(step: &Step<'_>, id: Option<&String>) -> Result<OrganizationPolicy, Error> {
    let policy = existing(step, id)?;
    match managed(&policy.id) {
        Some(_) => Err(invalid(InputReason::ImmutablePolicy)),
        None => Ok(policy),
    }
}

/// Refuses what is no policy of its type.
pub(in crate::service) fn check_document(kind: PolicyType, content: &str) -> Result<(), Error> {
    let parsed = match kind {
        PolicyType::ServiceControl => ServiceControlPolicy::parse(content).map(drop),
        PolicyType::ResourceControl => ResourceControlPolicy::parse(content).map(drop),
    };
    parsed.map_err(|malformed| match malformed {
        MalformedPolicy::TooLarge { .. } => {
            let reason = ConstraintReason::PolicyContent;
            refused(OrganizationsCode::ConstraintViolationException(reason))
        }
        other => {
            let code = OrganizationsCode::MalformedPolicyDocumentException;
            Error::Organizations(code, format!("{} {other}", code.message()))
        }
    })
}

/// Refuses a name that another policy of the type has.
fn require_free(
    name: &str,
    kind: PolicyType,
    own: Option<&OrganizationPolicyId>,
    step: &Step<'_>,
) -> Result<(), Error> {
    let mut others = step.state.organizations.policies();
    let taken = name == kind.full_access_name()
        || others.any(|other| other.kind == kind && other.name == name && Some(&other.id) != own);
    match taken {
        true => Err(refused(OrganizationsCode::DuplicatePolicyException)),
        false => Ok(()),
    }
}

organizations_request! {
    /// A new policy, attached to nothing.
    CreateOrganizationPolicyRequest "CreatePolicy" false -> PolicyAnswer {
        /// The document.
        content: String = "content", Required, CONTENT;
        /// What it is for.
        description: String = "description", Required, DESCRIPTION;
        /// Its name.
        name: String = "name", Required, POLICY_NAME;
        /// `SERVICE_CONTROL_POLICY` or `RESOURCE_CONTROL_POLICY`.
        r#type: String = "type", Required, POLICY_TYPE;
        /// Its tags.
        tags: OrganizationTags = "tags", Optional, TAGS;
    }
}

impl OrganizationsRequest for CreateOrganizationPolicyRequest {
    type Response = PolicyAnswer;

    fn specific(&self) -> Specific<'_> {
        Specific {
            request_tags: tags::specific(self.tags.as_ref()).request_tags,
            ..about_type(self.r#type.as_ref())
        }
    }

    fn is_tagged(&self) -> bool {
        tags::are_given(self.tags.as_ref())
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<PolicyAnswer>, Error> {
        let kind = kind(self.r#type.as_ref())?;
        let (name, content) = (given(self.name)?, given(self.content)?);
        check_document(kind, &content)?;
        require_free(&name, kind, None, step)?;
        let known = step.state.organizations.policies();
        if known.filter(|policy| policy.kind == kind).count() >= limits::POLICIES {
            let reason = ConstraintReason::PolicyNumber;
            let code = OrganizationsCode::ConstraintViolationException(reason);
            return Err(refused(code));
        }
        let tags = tags::of_new(self.tags.as_ref())?;
        let policy = OrganizationPolicy {
            id: generate_organization_policy_id(step.engine.system_random())?,
            kind,
            name,
            description: given(self.description)?,
            content,
            tags,
            managed_by_file: false,
        };
        let answer = PolicyAnswer::new(&policy, organization(step)?);
        let mut elements = Parameters::default();
        elements.value("id", &policy.id);
        let edits = vec![OrganizationEdit::PutPolicy(policy).into()];
        Ok(Performed::changed(answer, edits).with_elements(elements))
    }
}

organizations_request! {
    /// One policy.
    DescribeOrganizationPolicyRequest "DescribePolicy" true -> PolicyAnswer {
        /// The policy.
        policy_id: String = "policyId", Required, POLICY_ID;
    }
}

impl OrganizationsRequest for DescribeOrganizationPolicyRequest {
    type Response = PolicyAnswer;

    fn subjects(&self) -> Vec<String> {
        self.policy_id.iter().cloned().collect()
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<PolicyAnswer>, Error> {
        let policy = existing(step, self.policy_id.as_ref())?;
        let answer = PolicyAnswer::new(&policy, organization(step)?);
        Ok(Performed::read(answer))
    }
}

organizations_request! {
    /// Another name, description or document for a policy, which counts from the next request on.
    UpdateOrganizationPolicyRequest "UpdatePolicy" false -> PolicyAnswer {
        /// The policy.
        policy_id: String = "policyId", Required, POLICY_ID;
        /// The name.
        name: String = "name", Optional, POLICY_NAME;
        /// The description.
        description: String = "description", Optional, DESCRIPTION;
        /// The document.
        content: String = "content", Optional, CONTENT;
    }
}

impl OrganizationsRequest for UpdateOrganizationPolicyRequest {
    type Response = PolicyAnswer;

    fn subjects(&self) -> Vec<String> {
        self.policy_id.iter().cloned().collect()
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<PolicyAnswer>, Error> {
        let mut policy = changeable(step, self.policy_id.as_ref())?;
        if let Some(name) = self.name {
            require_free(&name, policy.kind, Some(&policy.id), step)?;
            policy.name = name;
        }
        if let Some(content) = self.content {
            check_document(policy.kind, &content)?;
            policy.content = content;
        }
        policy.description = self.description.unwrap_or(policy.description);
        let answer = PolicyAnswer::new(&policy, organization(step)?);
        let edits = vec![OrganizationEdit::PutPolicy(policy).into()];
        Ok(Performed::changed(answer, edits))
    }
}

organizations_request! {
    /// The end of a policy that is attached to nothing.
    DeleteOrganizationPolicyRequest "DeletePolicy" false -> Nothing {
        /// The policy.
        policy_id: String = "policyId", Required, POLICY_ID;
    }
}

impl OrganizationsRequest for DeleteOrganizationPolicyRequest {
    type Response = Nothing;

    fn subjects(&self) -> Vec<String> {
        self.policy_id.iter().cloned().collect()
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<Nothing>, Error> {
        let policy = changeable(step, self.policy_id.as_ref())?;
        let mut attachments = step.state.organizations.attachments();
        if attachments.any(|(_, attached)| attached.contains(&policy.id)) {
            return Err(refused(OrganizationsCode::PolicyInUseException));
        }
        let edits = vec![OrganizationEdit::RemovePolicy(policy.id).into()];
        Ok(Performed::changed(Nothing {}, edits))
    }
}

organizations_request! {
    /// Every policy of a type, that of AWS among them.
    ListOrganizationPoliciesRequest "ListPolicies" true -> PoliciesAnswer {
        /// The type.
        filter: String = "filter", Required, POLICY_TYPE;
        /// Where the page starts.
        next_token: String = "nextToken", Optional, NEXT_TOKEN;
        /// The most items of the page.
        max_results: i64 = "maxResults", Optional, MAX_RESULTS;
    }
}

impl OrganizationsRequest for ListOrganizationPoliciesRequest {
    type Response = PoliciesAnswer;

    fn specific(&self) -> Specific<'_> {
        about_type(self.filter.as_ref())
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<PoliciesAnswer>, Error> {
        let organizations = &step.state.organizations;
        let kind = kind(self.filter.as_ref())?;
        let own = organizations
            .policies()
            .filter(|policy| policy.kind == kind);
        let mut ids: Vec<_> = own.map(|policy| policy.id.clone()).collect();
        ids.extend(kind.full_access().parse::<OrganizationPolicyId>());
        ids.sort();
        let asked = (self.next_token.as_ref(), self.max_results);
        listed(
            step,
            &format!("ListPolicies/{}", kind.as_str()),
            asked,
            &ids,
        )
    }
}

/// The page of the policies of those ids, which are in order.
pub(super) fn listed(
    step: &Step<'_>,
    listing: &str,
    asked: (Option<&String>, Option<i64>),
    ids: &[OrganizationPolicyId],
) -> Result<Performed<PoliciesAnswer>, Error> {
    let organization = organization(step)?;
    let policies = ids
        .iter()
        .filter_map(|id| policy_of(id, &step.state.organizations));
    let summaries = policies.map(|policy| {
        let summary = PolicySummary::new(&policy, organization);
        (policy.id.to_string(), summary)
    });
    Ok(Performed::read(
        page(step, listing, asked, summaries)?.into(),
    ))
}
