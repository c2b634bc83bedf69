//! The policy of one key.

use super::kind::Kind;
use super::{Bindings, MalformedPolicy, PolicyPrincipal, Statements, check_size, parse};
use crate::ids::{AccountId, account_root_arn};

/// The largest key policy in bytes.
const MAX_KEY_POLICY: usize = 32_768;

/// The policy of one key, compiled: who may do what with it.
#[derive(Debug)]
pub struct KeyPolicy {
    statements: Statements,
}

impl KeyPolicy {
    /// Reads and compiles a key policy.
    ///
    /// # Errors
    /// [`MalformedPolicy`] when the text is no key policy or exceeds 32,768 bytes.
    pub fn parse(text: &str) -> Result<Self, MalformedPolicy> {
        check_size(text.len(), MAX_KEY_POLICY)?;
        let statements = parse(text, Kind::Key)?;
        Ok(Self { statements })
    }

    /// As [`KeyPolicy::parse`], for a policy that was saved with `bindings`.
    ///
    /// # Errors
    /// As [`KeyPolicy::parse`].
    pub fn parse_bound(text: &str, bindings: &Bindings) -> Result<Self, MalformedPolicy> {
        let mut policy = Self::parse(text)?;
        policy.statements.bind(bindings);
        Ok(policy)
    }

    /// The policy of a key that was created without one: the account decides by its identity
    /// policies. The text is the one that AWS uses.
    #[must_use]
    pub fn default_text(account: &AccountId) -> String {
        let root = account_root_arn(account);
        format!(
            r#"{{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {{
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {{ "AWS" : "{root}" }},
    "Action" : "kms:*",
    "Resource" : "*"
  }} ]
}}"#
        )
    }

    /// Every principal that the policy names, so that the caller can check that it exists.
    pub fn principals(&self) -> impl Iterator<Item = PolicyPrincipal<'_>> {
        self.statements.principals()
    }

    /// Refuses what AWS refuses in a policy that is created or replaced, though not in one that a
    /// key has already: `ForAllValues` on `kms:EncryptionContext:KEY` or `aws:RequestTag/KEY`,
    /// which are single-valued, so that the condition also holds for requests without them.
    ///
    /// # Errors
    /// [`MalformedPolicy::OverlyPermissive`].
    pub fn check_new(&self) -> Result<(), MalformedPolicy> {
        let mut keys = self
            .statements
            .iter()
            .flat_map(|statement| statement.condition.keys_under_for_all());
        let refusal = keys.find_map(|key| match key.name() {
            "kms:encryptioncontext" => Some(("EncryptionContext", "encryption context")),
            "aws:requesttag" => Some(("RequestTag", "request tag")),
            _ => None,
        });
        match refusal {
            Some((kind, subject)) => Err(MalformedPolicy::OverlyPermissive { kind, subject }),
            None => Ok(()),
        }
    }

    pub(in crate::policy) fn statements(&self) -> &Statements {
        &self.statements
    }
}
