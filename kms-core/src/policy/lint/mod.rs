//! Traps in documents that are valid: statements that do not do what they look like.
//!
//! A finding is advice. No document is refused for one, except where it is no document at all.

mod checks;
mod statement;

#[cfg(test)]
mod tests;

use super::document::{
    IdentityPolicy, KeyPolicy, MalformedPolicy, ResourceControlPolicy, ServiceControlPolicy,
    TrustPolicy, json,
};
use statement::Statement;

/// The type of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyType {
    /// Of a key.
    Key,
    /// Of a user, a role, a group or a session, or a permissions boundary.
    Identity,
    /// Of a role: who may assume it.
    Trust,
    /// A service control policy.
    ServiceControl,
    /// A resource control policy.
    ResourceControl,
}

/// How much a finding matters, in the words of AWS Security Hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It is not as it should be, and opens nothing.
    Low,
    /// It does less, or more, than somebody may have meant.
    Medium,
    /// It opens what is meant to be closed.
    High,
    /// It opens something to everybody.
    Critical,
}

impl Severity {
    /// The label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
        }
    }
}

impl Finding {
    /// How much it matters.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self.code {
            "PUBLIC_PRINCIPAL" | "NOT_PRINCIPAL_WITH_ALLOW" => Severity::Critical,
            "TOKEN_WITHOUT_SUBJECT"
            | "MFA_GUARD"
            | "FOR_ALL_VALUES_ALONE"
            | "MULTIVALUED_KEY_WITHOUT_SET_OPERATOR" => Severity::High,
            _ => Severity::Medium,
        }
    }
}

/// Something in a document that its author should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is, in capitals: the same for each document in which it is found.
    pub code: &'static str,
    /// The position of the statement, from 0; `None` for the document as a whole.
    pub statement: Option<usize>,
    /// The statement's `Sid`, if it has one.
    pub sid: Option<String>,
    /// What it means and what to do, in one sentence.
    pub message: String,
}

/// The type that a document without a declared one most likely has: by whether its statements have
/// principals, and by whether all their actions are of STS.
#[must_use]
pub fn guess_type(text: &str) -> PolicyType {
    let Ok(document) = json::parse(text) else {
        return PolicyType::Key;
    };
    let statements = Statement::all(&document, PolicyType::Key);
    if !statements.is_empty() && statements.iter().all(|one| !one.has_principal()) {
        PolicyType::Identity
    } else if !statements.is_empty() && statements.iter().all(Statement::is_of_sts) {
        PolicyType::Trust
    } else {
        PolicyType::Key
    }
}

/// Every finding on a document of that type, in the order of its statements. One that is refused
/// has a finding that says why, and those that can be told all the same.
#[must_use]
pub fn lint(text: &str, kind: PolicyType) -> Vec<Finding> {
    let malformed = parse(text, kind).err().map(|malformed| Finding {
        code: "MALFORMED",
        statement: None,
        sid: None,
        message: format!("The document is refused: {malformed}"),
    });
    let mut findings: Vec<Finding> = malformed.into_iter().collect();
    if let Ok(document) = json::parse(text) {
        for statement in Statement::all(&document, kind) {
            findings.extend(checks::all(&statement));
        }
    }
    findings
}

fn parse(text: &str, kind: PolicyType) -> Result<(), MalformedPolicy> {
    match kind {
        PolicyType::Key => KeyPolicy::parse(text).and_then(|policy| policy.check_new()),
        PolicyType::Identity => IdentityPolicy::parse(text).map(drop),
        PolicyType::Trust => TrustPolicy::parse(text).map(drop),
        PolicyType::ServiceControl => ServiceControlPolicy::parse(text).map(drop),
        PolicyType::ResourceControl => ResourceControlPolicy::parse(text).map(drop),
    }
}
