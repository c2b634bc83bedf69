//! The members of a simulation that are structures.

use serde::Serialize;

use crate::api::query::{Form, InvalidForm, Member, on_the_wire};

/// The values of condition keys that the simulated requests have.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct ContextEntries(
    /// One for each key.
    pub Vec<ContextEntry>,
);

/// The values of one condition key.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContextEntry {
    /// The key, such as `aws:SourceIp`.
    pub context_key_name: String,
    /// Its values.
    pub context_key_values: Vec<String>,
    /// Of what type they are: `string`, `stringList` and so on.
    pub context_key_type: String,
}

/// The service control policies over an account, a level each from the root to the account.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct OrganizationLevels(
    /// The documents of each level.
    pub Vec<OrganizationLevel>,
);

/// One level of an organization.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationLevel {
    /// Its service control policies.
    pub service_control_policy_input_list: Vec<String>,
}

/// Policies of the entity that shall not count.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct PolicyExclusions(
    /// Each names one policy or several.
    pub Vec<PolicyExclusion>,
);

/// What names policies that shall not count: one of the three.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyExclusion {
    /// All of a type, such as `inline`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_type: Option<String>,
    /// Managed policies; the name may have wildcards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_arn: Option<String>,
    /// Inline policies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inline_policy_identifier: Option<InlinePolicyIdentifier>,
}

/// Names inline policies.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InlinePolicyIdentifier {
    /// The name of the policy.
    pub policy_name: String,
    /// `user`, `group` or `role`.
    pub attachment_type: String,
    /// The name of the holder, which may have wildcards.
    pub attachment_name: String,
}

/// Implements [`Member`] for an optional list of structures.
macro_rules! rows {
    ($list:ident, $read:ident) => {
        impl Member for Option<$list> {
            fn take(form: &mut Form, name: &str) -> Result<Self, InvalidForm> {
                Ok(form.rows(&on_the_wire(name), $read)?.map($list))
            }

            fn is_absent(&self) -> bool {
                self.is_none()
            }
        }
    };
}

rows!(ContextEntries, context_entry);
rows!(OrganizationLevels, organization_level);
rows!(PolicyExclusions, policy_exclusion);

fn context_entry(row: &mut Form) -> Result<ContextEntry, InvalidForm> {
    Ok(ContextEntry {
        context_key_name: Member::take(row, "contextKeyName")?,
        context_key_values: row.list("ContextKeyValues")?.unwrap_or_default(),
        context_key_type: Member::take(row, "contextKeyType")?,
    })
}

fn organization_level(row: &mut Form) -> Result<OrganizationLevel, InvalidForm> {
    Ok(OrganizationLevel {
        service_control_policy_input_list: Member::take(row, "serviceControlPolicyInputList")?,
    })
}

fn policy_exclusion(row: &mut Form) -> Result<PolicyExclusion, InvalidForm> {
    let policy_type = row.text("PolicyType");
    let policy_arn = row.text("PolicyArn");
    let mut inner = |name| row.text(&format!("InlinePolicyIdentifier.{name}"));
    let names = [
        inner("PolicyName"),
        inner("AttachmentType"),
        inner("AttachmentName"),
    ];
    let inline_policy_identifier = match names {
        [None, None, None] => None,
        [
            Some(policy_name),
            Some(attachment_type),
            Some(attachment_name),
        ] => Some(InlinePolicyIdentifier {
            policy_name,
            attachment_type,
            attachment_name,
        }),
        _ => return Err(InvalidForm::Missing("inlinePolicyIdentifier".to_owned())),
    };
    Ok(PolicyExclusion {
        policy_type,
        policy_arn,
        inline_policy_identifier,
    })
}
