//! Policy documents: strict parsing into compiled statements.

pub(super) mod action;
mod attached;
mod bindings;
mod control;
pub(super) mod json;
mod key;
mod kind;
mod malformed;
pub(super) mod named;
mod principal;
mod resource;
mod statement;
mod trust;

use std::collections::BTreeSet;

pub use attached::IdentityPolicy;
pub use bindings::Bindings;
pub use control::{ResourceControlPolicy, ServiceControlPolicy};
pub use key::KeyPolicy;
pub use malformed::MalformedPolicy;
pub use named::PolicyPrincipal;
pub(super) use principal::{Asker, Bounded, Match};
pub(super) use resource::{ResourceElement, ResourcePattern};
pub(super) use statement::Statement;
pub use trust::TrustPolicy;

use super::variable::Variables;
use json::Json;
use kind::Kind;
use statement::Effect;

/// The largest document of IAM in bytes, its white space included.
const MAX_TEXT: usize = 131_072;

/// Compiled statements, the denying ones apart because they are asked first.
#[derive(Debug, Default)]
pub(super) struct Statements {
    pub(super) denies: Vec<Statement>,
    pub(super) allows: Vec<Statement>,
}

impl Statements {
    fn iter(&self) -> impl Iterator<Item = &Statement> {
        self.denies.iter().chain(&self.allows)
    }

    /// Every principal that a statement names.
    fn principals(&self) -> impl Iterator<Item = PolicyPrincipal<'_>> {
        self.iter()
            .flat_map(|statement| statement.principal.named())
            .map(named::Named::view)
    }

    /// Binds every user, role and session to the id that `bindings` has for it.
    fn bind(&mut self, bindings: &Bindings) {
        for statement in self.denies.iter_mut().chain(&mut self.allows) {
            for named in statement.principal.named_mut() {
                named.bind(bindings);
            }
        }
    }
}

fn check_size(size: usize, limit: usize) -> Result<(), MalformedPolicy> {
    if size > limit {
        return Err(MalformedPolicy::TooLarge { limit });
    }
    Ok(())
}

/// Checks the size as IAM does, which does not count white space.
fn check_dense_size(text: &str, limit: usize) -> Result<(), MalformedPolicy> {
    check_size(text.len(), MAX_TEXT)?;
    let dense = text.bytes().filter(|b| !b.is_ascii_whitespace()).count();
    check_size(dense, limit)
}

fn parse(text: &str, kind: Kind) -> Result<Statements, MalformedPolicy> {
    compile(&json::parse(text)?, kind)
}

fn compile(document: &Json, kind: Kind) -> Result<Statements, MalformedPolicy> {
    let Json::Object(members) = document else {
        return Err(MalformedPolicy::Syntax);
    };
    let mut variables = Variables::Literal;
    let mut statements = None;
    for (name, value) in members {
        match name.as_str() {
            "Version" => variables = parse_version(value)?,
            "Id" if kind.may_have_id() && matches!(value, Json::Text(_)) => {}
            "Statement" => statements = Some(value),
            _ => return Err(MalformedPolicy::Syntax),
        }
    }
    if kind == Kind::ResourceControl && variables == Variables::Literal {
        return Err(MalformedPolicy::Version);
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
        if let Some(sid) = &statement.sid
            && kind.has_unique_sids()
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
