//! What answers consist of.

use serde::Serialize;

use super::state::Organizations;
use super::subject::managed;
use crate::Error;
use crate::api::{Response, empty_response, epoch_seconds, optional_epoch_seconds};
use crate::identity::{
    AccountRequest, MemberAccount, MemberStatus, Organization, OrganizationPolicy,
    OrganizationalUnit, PolicyType,
};
use crate::ids::{
    AccountId, AccountRequestId, OrganizationId, OrganizationPolicyId, OrganizationalUnitId, RootId,
};
use crate::service::operation::Step;
use crate::service::page;
use crate::time::Timestamp;

empty_response! {
    /// The answer of an operation that answers nothing.
    Nothing
}

/// Whether a type of policies counts.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PolicyTypeSummary {
    #[serde(rename = "Type")]
    kind: PolicyType,
    status: &'static str,
}

pub(super) fn enabled(kinds: impl IntoIterator<Item = PolicyType>) -> Vec<PolicyTypeSummary> {
    let summary = |kind| PolicyTypeSummary {
        kind,
        status: "ENABLED",
    };
    kinds.into_iter().map(summary).collect()
}

/// An organization.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct OrganizationShape {
    /// `o-…`.
    pub id: OrganizationId,
    /// Its ARN.
    pub arn: String,
    feature_set: &'static str,
    master_account_arn: String,
    /// The account that administers it.
    pub master_account_id: AccountId,
    available_policy_types: Vec<PolicyTypeSummary>,
}

impl From<&Organization> for OrganizationShape {
    fn from(organization: &Organization) -> Self {
        let management = &organization.management_account;
        Self {
            id: organization.id.clone(),
            arn: organization.arn(),
            feature_set: "ALL",
            master_account_arn: organization.arn_of("account", management.as_str()),
            master_account_id: management.clone(),
            // AWS answers this one, whatever counts; `ListRoots` tells what does.
            available_policy_types: enabled([PolicyType::ServiceControl]),
        }
    }
}

/// The root of an organization.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RootShape {
    /// `r-…`.
    pub id: RootId,
    arn: String,
    name: &'static str,
    policy_types: Vec<PolicyTypeSummary>,
}

pub(super) const ROOT_NAME: &str = "Root";

impl From<&Organization> for RootShape {
    fn from(organization: &Organization) -> Self {
        let root = &organization.root;
        Self {
            id: root.id.clone(),
            arn: organization.arn_of("root", root.id.as_str()),
            name: ROOT_NAME,
            policy_types: enabled(root.policy_types.iter().copied()),
        }
    }
}

/// An organizational unit.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct UnitShape {
    /// `ou-…`.
    pub id: OrganizationalUnitId,
    /// Its ARN.
    pub arn: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
}

impl UnitShape {
    pub(super) fn new(unit: &OrganizationalUnit, organizations: &Organizations) -> Option<Self> {
        let organization = organizations.organization()?;
        let above = organizations.path(&unit.parent);
        Some(Self {
            id: unit.id.clone(),
            arn: organization.arn_of("ou", unit.id.as_str()),
            name: unit.name.clone(),
            path: above.map(|above| format!("{above}{}/", unit.id)),
        })
    }
}

/// An account.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AccountShape {
    /// Its 12 digits.
    pub id: AccountId,
    arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    name: String,
    /// `ACTIVE` or `SUSPENDED`.
    pub status: &'static str,
    state: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    paths: Vec<String>,
    joined_method: crate::identity::JoinedMethod,
    #[serde(serialize_with = "epoch_seconds")]
    joined_timestamp: Timestamp,
}

impl AccountShape {
    pub(super) fn new(member: &MemberAccount, organizations: &Organizations) -> Option<Self> {
        let organization = organizations.organization()?;
        let (status, state) = match member.status {
            MemberStatus::Active => ("ACTIVE", "ACTIVE"),
            MemberStatus::Suspended => ("SUSPENDED", "CLOSED"),
        };
        let above = organizations.path(&member.parent);
        Some(Self {
            id: member.id.clone(),
            arn: organization.arn_of("account", member.id.as_str()),
            email: member.email.clone(),
            name: member.name.clone(),
            status,
            state,
            paths: above
                .map(|above| format!("{above}{}/", member.id))
                .into_iter()
                .collect(),
            joined_method: member.method,
            joined_timestamp: member.joined,
        })
    }
}

/// What came of a request for an account.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AccountStatusShape {
    /// `car-…`.
    pub id: AccountRequestId,
    account_name: String,
    /// `SUCCEEDED` or `FAILED`.
    pub state: &'static str,
    #[serde(serialize_with = "epoch_seconds")]
    requested_timestamp: Timestamp,
    #[serde(serialize_with = "optional_epoch_seconds")]
    completed_timestamp: Option<Timestamp>,
    /// The account, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<String>,
}

impl From<&AccountRequest> for AccountStatusShape {
    fn from(request: &AccountRequest) -> Self {
        Self {
            id: request.id.clone(),
            account_name: request.name.clone(),
            state: match request.outcome {
                Ok(_) => "SUCCEEDED",
                Err(_) => "FAILED",
            },
            requested_timestamp: request.requested,
            completed_timestamp: Some(request.requested),
            account_id: request.outcome.as_ref().ok().cloned(),
            failure_reason: request.outcome.as_ref().err().cloned(),
        }
    }
}

/// What is told of a policy in lists.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PolicySummary {
    /// `p-…`.
    pub id: OrganizationPolicyId,
    /// Its ARN.
    pub arn: String,
    name: String,
    description: String,
    #[serde(rename = "Type")]
    kind: PolicyType,
    aws_managed: bool,
}

impl PolicySummary {
    pub(super) fn new(policy: &OrganizationPolicy, organization: &Organization) -> Self {
        Self {
            id: policy.id.clone(),
            arn: organization.policy_arn(policy.kind, &policy.id),
            name: policy.name.clone(),
            description: policy.description.clone(),
            kind: policy.kind,
            aws_managed: managed(&policy.id).is_some(),
        }
    }
}

/// A policy.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PolicyShape {
    /// What lists tell of it.
    pub policy_summary: PolicySummary,
    content: String,
}

/// Defines answers with one member, and how they are made of it.
macro_rules! answer {
    ($($(#[$doc:meta])* $answer:ident { $field:ident: $type:ty })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Serialize)]
        #[serde(rename_all = "PascalCase")]
        pub struct $answer {
            /// What is answered.
            pub $field: $type,
        }

        impl Response for $answer {}
    )*};
}

answer! {
    /// An organization.
    OrganizationAnswer { organization: OrganizationShape }
    /// The root.
    RootAnswer { root: RootShape }
    /// An organizational unit.
    UnitAnswer { organizational_unit: UnitShape }
    /// An account.
    AccountAnswer { account: AccountShape }
    /// What came of a request for an account.
    AccountStatusAnswer { create_account_status: AccountStatusShape }
    /// A policy.
    PolicyAnswer { policy: PolicyShape }
}

impl PolicyAnswer {
    pub(super) fn new(policy: &OrganizationPolicy, organization: &Organization) -> Self {
        Self {
            policy: PolicyShape {
                policy_summary: PolicySummary::new(policy, organization),
                content: policy.content.clone(),
            },
        }
    }
}

/// Defines answers with a page of a list.
macro_rules! page_answer {
    ($($(#[$doc:meta])* $answer:ident { $field:ident: $item:ty })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Serialize)]
        #[serde(rename_all = "PascalCase")]
        pub struct $answer {
            /// The items of this page.
            pub $field: Vec<$item>,
            /// What to ask the next page with.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub next_token: Option<String>,
        }

        impl Response for $answer {}

        impl std::convert::From<page::Page<$item>> for $answer {
            fn from(page: page::Page<$item>) -> Self {
                Self {
                    $field: page.items,
                    next_token: page.next,
                }
            }
        }
    )*};
}

pub(super) use page_answer;

page_answer! {
    /// The roots: one.
    RootsAnswer { roots: RootShape }
    /// Organizational units.
    UnitsAnswer { organizational_units: UnitShape }
    /// Accounts.
    AccountsAnswer { accounts: AccountShape }
    /// What came of requests for accounts.
    AccountStatusesAnswer { create_account_statuses: AccountStatusShape }
    /// Policies.
    PoliciesAnswer { policies: PolicySummary }
}

/// How many items a page has at most, and unless the request asks for less.
const PAGE: usize = 20;

/// The page of `items`, which are in order of their names. `listing` says which list it is, so that
/// a token of another one is refused.
pub(super) fn page<T>(
    step: &Step<'_>,
    listing: &str,
    (token, count): (Option<&String>, Option<i64>),
    items: impl Iterator<Item = (String, T)>,
) -> Result<page::Page<T>, Error> {
    let listing = format!("organizations/{listing}");
    let markers = step.engine.markers();
    let start = markers.start(&listing, token.map(String::as_str))?;
    let rest = items.skip_while(|(name, _)| start.as_ref().is_some_and(|start| name <= start));
    let count = count.and_then(|count| usize::try_from(count).ok());
    Ok(markers.page(&listing, count.unwrap_or(PAGE), rest))
}
