//! Which condition keys policies ask for: what a simulation has to be given.

use std::collections::BTreeSet;

use super::entity_arn::{self, entity_arn};
use super::subject::Subject;
use super::{IamRequest, iam_request, invalid_input};
use crate::Error;
use crate::api::query::{ToXml, Xml};
use crate::policy::{IdentityPolicy, WrittenPolicy};
use crate::service::operation::{Performed, Step};

/// Condition keys as the policies write them.
#[derive(Clone, Debug)]
pub struct ContextKeyNames(
    /// Each once.
    pub Vec<String>,
);

impl ToXml for ContextKeyNames {
    fn write(&self, xml: &mut Xml) {
        xml.list("ContextKeyNames", &self.0, |xml, name| xml.characters(name));
    }
}

/// The keys of all the documents, each where it stands first.
pub(super) fn keys_of<'a>(documents: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let read = documents.into_iter().filter_map(WrittenPolicy::read);
    read.flat_map(|written| written.context_keys())
        .filter(|key| seen.insert(key.to_ascii_lowercase()))
        .collect()
}

fn check(documents: &[String]) -> Result<(), Error> {
    for document in documents {
        IdentityPolicy::parse(document).map_err(|refusal| invalid_input(refusal.to_string()))?;
    }
    Ok(())
}

iam_request! {
    /// The condition keys that documents ask for.
    GetContextKeysForCustomPolicyRequest "GetContextKeysForCustomPolicy" true -> ContextKeyNames {
        /// Identity policies.
        policy_input_list: Vec<String> = "policyInputList",
    }
}

impl IamRequest for GetContextKeysForCustomPolicyRequest {
    type Response = ContextKeyNames;

    fn subject(&self) -> Subject {
        Subject::Any
    }

    fn check(&self) -> Result<(), Error> {
        check(&self.policy_input_list)
    }

    fn perform(self, _step: &Step<'_>) -> Result<Performed<ContextKeyNames>, Error> {
        let documents = self.policy_input_list.iter().map(String::as_str);
        Ok(Performed::read(ContextKeyNames(keys_of(documents))))
    }
}

iam_request! {
    /// The condition keys that the policies of a user, a group or a role ask for, and others with
    /// them.
    GetContextKeysForPrincipalPolicyRequest "GetContextKeysForPrincipalPolicy" true -> ContextKeyNames {
        /// The ARN of the user, the group or the role.
        policy_source_arn: String = "policySourceArn",
        /// Identity policies.
        policy_input_list: Option<Vec<String>> = "policyInputList",
    }
}

impl IamRequest for GetContextKeysForPrincipalPolicyRequest {
    type Response = ContextKeyNames;

    fn subject(&self) -> Subject {
        entity_arn::subject(&self.policy_source_arn)
    }

    fn check(&self) -> Result<(), Error> {
        entity_arn(&self.policy_source_arn)?;
        check(self.policy_input_list.as_deref().unwrap_or_default())
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<ContextKeyNames>, Error> {
        let policies = entity_arn(&self.policy_source_arn)?.policies(step)?;
        let own = policies.iter().map(|policy| policy.text);
        let given = self.policy_input_list.iter().flatten().map(String::as_str);
        Ok(Performed::read(ContextKeyNames(keys_of(own.chain(given)))))
    }
}
