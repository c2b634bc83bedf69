//! Policy documents: strict parsing into compiled statements.

mod action;
mod json;
mod malformed;
mod principal;
mod resource;
mod statement;

use std::collections::BTreeSet;

pub use malformed::MalformedPolicy;
pub(super) use principal::Match;
pub use principal::PolicyPrincipal;
pub(super) use resource::{ResourceElement, ResourcePattern};
pub(super) use statement::Statement;

use super::variable::Variables;
use crate::ids::{AccountId, account_root_arn};
use json::Json;
use statement::{Effect, Kind};

/// The largest key policy in bytes.
const MAX_KEY_POLICY: usize = 32_768;

/// The largest identity policy in bytes, and without its white space.
const MAX_IDENTITY_POLICY: usize = 131_072;
const MAX_IDENTITY_POLICY_DENSE: usize = 10_240;

/// The policy of one key, compiled: who may do what with it.
#[derive(Debug)]
pub struct KeyPolicy {
    statements: Statements,
}

/// A policy of one IAM user, compiled: what the user may do with which resources.
#[derive(Debug)]
pub struct IdentityPolicy {
    statements: Statements,
}

/// Compiled statements, the denying ones apart because they are asked first.
#[derive(Debug, Default)]
pub(super) struct Statements {
    pub(super) denies: Vec<Statement>,
    pub(super) allows: Vec<Statement>,
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
        self.statements
            .iter()
            .flat_map(|statement| statement.principal.named())
            .map(principal::Named::view)
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

    pub(super) fn statements(&self) -> &Statements {
        &self.statements
    }
}

impl IdentityPolicy {
    /// Reads and compiles an identity policy.
    ///
    /// # Errors
    /// [`MalformedPolicy`] when the text is no identity policy, or exceeds 131,072 bytes, or
    /// 10,240 bytes without white space. The sum over a user's policies is not checked here.
    pub fn parse(text: &str) -> Result<Self, MalformedPolicy> {
        check_size(text.len(), MAX_IDENTITY_POLICY)?;
        let dense = text.bytes().filter(|b| !b.is_ascii_whitespace()).count();
        check_size(dense, MAX_IDENTITY_POLICY_DENSE)?;
        let statements = parse(text, Kind::Identity)?;
        Ok(Self { statements })
    }

    pub(super) fn statements(&self) -> &Statements {
        &self.statements
    }
}

impl Statements {
    fn iter(&self) -> impl Iterator<Item = &Statement> {
        self.denies.iter().chain(&self.allows)
    }
}

fn check_size(size: usize, limit: usize) -> Result<(), MalformedPolicy> {
    if size > limit {
        return Err(MalformedPolicy::TooLarge { limit });
    }
    Ok(())
}

fn parse(text: &str, kind: Kind) -> Result<Statements, MalformedPolicy> {
    let Json::Object(members) = json::parse(text)? else {
        return Err(MalformedPolicy::Syntax);
    };
    let mut variables = Variables::Literal;
    let mut statements = None;
    for (name, value) in &members {
        match name.as_str() {
            "Version" => variables = parse_version(value)?,
            "Id" if kind == Kind::Key && matches!(value, Json::Text(_)) => {}
            "Statement" => statements = Some(value),
            _ => return Err(MalformedPolicy::Syntax),
        }
    }
    match statements {
        Some(Json::List(items)) if !items.is_empty() => parse_statements(items, kind, variables),
        Some(item @ Json::Object(_)) => {
            parse_statements(std::slice::from_ref(item), kind, variables)
        }
        _ => Err(MalformedPolicy::Syntax),
    }
}

fn parse_version(json: &Json) -> Result<Variables, MalformedPolicy> {
    match json {
        Json::Text(text) if text == "2012-10-17" => Ok(Variables::Substituted),
        Json::Text(text) if text == "2008-10-17" => Ok(Variables::Literal),
        Json::Text(_) => Err(MalformedPolicy::Version),
        _ => Err(MalformedPolicy::Syntax),
    }
}

fn parse_statements(
    items: &[Json],
    kind: Kind,
    variables: Variables,
) -> Result<Statements, MalformedPolicy> {
    let mut statements = Statements::default();
    let mut sids = BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        let (effect, statement) = statement::parse(item, index, kind, variables)?;
        if let (Kind::Identity, Some(sid)) = (kind, &statement.sid)
            && !sid.is_empty()
            && !sids.insert(sid.clone())
        {
            return Err(MalformedPolicy::DuplicateSid);
        }
        match effect {
            Effect::Allow => statements.allows.push(statement),
            Effect::Deny => statements.denies.push(statement),
        }
    }
    Ok(statements)
}
