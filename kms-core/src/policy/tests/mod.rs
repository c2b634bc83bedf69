//! Behaviour of the whole room, through its public interface.

mod assume;
mod bindings;
mod decisions;
mod documents;
mod examples;
mod foreign;
mod grants;
mod hostile;
mod layers;
mod operators;
mod properties;
mod simulate;
mod trust_properties;

use std::sync::Arc;

use super::*;
use crate::api::GrantOperation;
use crate::caller::Principal;
use crate::ciphertext::EncryptionContext;
use crate::grants::{Grant, GrantUse, KeyGrants};
use crate::ids::KeyArn;

pub(super) const ACCOUNT: &str = "111122223333";
pub(super) const STRANGER: &str = "444455556666";
pub(super) const KEY: &str =
    "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

pub(super) fn key_arn() -> KeyArn {
    KEY.parse().unwrap()
}

pub(super) fn user(account: &str, name: &str) -> Principal {
    Principal::User {
        account: account.parse().unwrap(),
        path: Default::default(),
        name: name.parse().unwrap(),
        id: "AIDAAAAAAAAAAAAAAAAAA".parse().unwrap(),
    }
}

/// A session of the role `r` with the path `/p/`.
pub(super) fn session(account: &str, name: &str) -> Principal {
    Principal::AssumedRole {
        account: account.parse().unwrap(),
        path: "/p/".parse().unwrap(),
        role: "r".parse().unwrap(),
        id: "AROAAAAAAAAAAAAAAAAAA".parse().unwrap(),
        session: name.parse().unwrap(),
    }
}

/// A session that the user `alice` handed out.
pub(super) fn federated(account: &str, name: &str) -> Principal {
    Principal::FederatedUser {
        account: account.parse().unwrap(),
        issuer: "AIDAAAAAAAAAAAAAAAAAA".parse().unwrap(),
        issuer_path: Default::default(),
        issuer_name: "alice".parse().unwrap(),
        name: name.parse().unwrap(),
    }
}

pub(super) fn root(account: &str) -> Principal {
    Principal::Root {
        account: account.parse().unwrap(),
    }
}

/// One decision on [`KEY`] or on something else.
pub(super) struct Case {
    pub(super) principal: Principal,
    pub(super) action: String,
    pub(super) resource: Option<String>,
    pub(super) values: Context,
    pub(super) key_policy: Option<KeyPolicy>,
    pub(super) identity_policies: Vec<Arc<IdentityPolicy>>,
    pub(super) boundary: Option<IdentityPolicy>,
    pub(super) session_policies: Option<Vec<Arc<IdentityPolicy>>>,
    pub(super) service_control: Vec<Vec<Arc<ServiceControlPolicy>>>,
    pub(super) resource_control: Vec<Vec<Arc<ResourceControlPolicy>>>,
    pub(super) grants: KeyGrants,
    pub(super) context: EncryptionContext,
}

impl Case {
    /// `principal` asks for `action` on [`KEY`], without any policy.
    pub(super) fn new(principal: Principal, action: &str) -> Self {
        Self {
            principal,
            action: action.to_owned(),
            resource: None,
            values: Context::new(),
            key_policy: None,
            identity_policies: Vec::new(),
            boundary: None,
            session_policies: None,
            service_control: Vec::new(),
            resource_control: Vec::new(),
            grants: KeyGrants::default(),
            context: EncryptionContext::new(),
        }
    }

    /// On another resource, or on none for `*`.
    pub(super) fn on(mut self, resource: &str) -> Self {
        self.resource = Some(resource.to_owned());
        self
    }

    pub(super) fn values(mut self, values: Context) -> Self {
        self.values = values;
        self
    }

    pub(super) fn key_policy(mut self, text: &str) -> Self {
        self.key_policy = Some(KeyPolicy::parse(text).unwrap());
        self
    }

    pub(super) fn identity_policy(mut self, text: &str) -> Self {
        let policy = IdentityPolicy::parse(text).unwrap();
        self.identity_policies.push(Arc::new(policy));
        self
    }

    pub(super) fn boundary(mut self, text: &str) -> Self {
        self.boundary = Some(IdentityPolicy::parse_managed(text).unwrap());
        self
    }

    /// With one more session policy.
    pub(super) fn session_policy(mut self, text: &str) -> Self {
        let policy = IdentityPolicy::parse_session(text).unwrap();
        self.session_policies
            .get_or_insert_default()
            .push(Arc::new(policy));
        self
    }

    /// With one more level of service control policies, below the others.
    pub(super) fn service_control(mut self, texts: &[&str]) -> Self {
        let parse = |text: &&str| Arc::new(ServiceControlPolicy::parse(text).unwrap());
        self.service_control.push(texts.iter().map(parse).collect());
        self
    }

    /// With one more level of resource control policies, below the others.
    pub(super) fn resource_control(mut self, texts: &[&str]) -> Self {
        let parse = |text: &&str| Arc::new(ResourceControlPolicy::parse(text).unwrap());
        self.resource_control
            .push(texts.iter().map(parse).collect());
        self
    }

    /// With a grant on the key.
    pub(super) fn grant(mut self, grant: Grant) -> Self {
        self.grants.insert(Arc::new(grant));
        self
    }

    fn by_grant(&self) -> Option<ByGrant<'_>> {
        let operation = GrantOperation::of_action(&self.action)?;
        Some(ByGrant::Allows {
            grants: &self.grants,
            wanted: GrantUse::Cryptographic(operation, Some(&self.context)),
            propagation: None,
        })
    }

    pub(super) fn decide(&self) -> Decision {
        let key = key_arn();
        decide(&Question {
            principal: &self.principal,
            action: &self.action,
            resource: match self.resource.as_deref() {
                None => Resource::Key(&key),
                Some("*") => Resource::Any,
                Some(arn) => Resource::Named(arn),
            },
            values: &self.values,
            key_policy: self.key_policy.as_ref(),
            identity_policies: &self.identity_policies,
            boundary: self.boundary.as_ref(),
            session_policies: self.session_policies.as_deref(),
            service_control: &self.service_control,
            resource_control: &self.resource_control,
            by_grant: self.by_grant(),
        })
    }

    pub(super) fn allows(&self) -> bool {
        matches!(self.decide(), Decision::Allow(_))
    }

    pub(super) fn permit(&self) -> Permit {
        match self.decide() {
            Decision::Allow(permit) => permit,
            Decision::Deny(denial) => panic!("{denial:?}"),
        }
    }

    pub(super) fn denial(&self) -> Denial {
        match self.decide() {
            Decision::Deny(denial) => denial,
            Decision::Allow(_) => panic!("allowed"),
        }
    }
}

/// A document of version 2012-10-17 with these statements.
pub(super) fn document(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

/// An Allow or a Deny of all of KMS on everything, for everybody or for whom it is attached to.
pub(super) fn statement(effect: &str, principal: Option<&str>, condition: &str) -> String {
    let principal = match principal {
        Some(principal) => format!(r#""Principal":{principal},"#),
        None => String::new(),
    };
    format!(
        r#"{{"Effect":"{effect}",{principal}"Action":"kms:*","Resource":"*","Condition":{condition}}}"#
    )
}
