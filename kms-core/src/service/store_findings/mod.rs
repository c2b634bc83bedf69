//! What in a store its administrators should look at: every policy that counts, access keys, and
//! grants. Offered in-process alone, to whoever can open the store.
//!
//! A finding is advice: nothing is refused for one.

mod documents;
mod entities;

use serde::{Serialize, Serializer};

use super::context::CallContext;
use super::operation::{Authorization, Event, Loaded, On, Operation, Performed, Step};
use super::parameters::Parameters;
use crate::Error;
use crate::ids::AccountId;
use crate::policy::{Finding, Severity, WrittenPolicy};

/// Asks for every finding.
#[derive(Clone, Copy, Debug)]
pub struct LintStoreRequest;

/// Something in the store that somebody should look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct StoreFinding {
    /// How much it matters.
    #[serde(serialize_with = "label")]
    pub severity: Severity,
    /// What it is, in capitals.
    pub code: &'static str,
    /// The account that it is in, where the store has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// Where: `the policy of the key …`, `the access key … of the user alice`.
    pub place: String,
    /// The position of the statement, from 0, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<usize>,
    /// The statement's `Sid`, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The line in which the statement begins, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// What it means and what to do, in one sentence.
    pub message: String,
}

fn label<S: Serializer>(severity: &Severity, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(severity.as_str())
}

impl StoreFinding {
    /// One that is about no statement.
    fn new(severity: Severity, code: &'static str, place: String, message: String) -> Self {
        Self {
            severity,
            code,
            account: None,
            place,
            statement: None,
            sid: None,
            line: None,
            message,
        }
    }

    /// One of a document.
    fn of_document(finding: &Finding, place: &str, text: &str) -> Self {
        let start = finding.statement.and_then(|statement| {
            let written = WrittenPolicy::read(text)?;
            Some(written.span(statement)?.start)
        });
        Self {
            statement: finding.statement,
            sid: finding.sid.clone(),
            line: start.map(|start| start.line),
            ..Self::new(
                finding.severity(),
                finding.code,
                place.to_owned(),
                finding.message.clone(),
            )
        }
    }
}

impl Operation for LintStoreRequest {
    type Parsed = ();
    type Response = Vec<StoreFinding>;
    const EVENT: Event = Event::service("LintStore").reading();
    const ASKS_FOR_KEY_USAGE: bool = true;

    fn parameters(&self, _parameters: &mut Parameters) {}

    fn parse(self) -> Result<(), Error> {
        Ok(())
    }

    fn authorizations<'a>(
        (): &'a (),
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(vec![Authorization::new("kms:LintStore", On::Any)])
    }

    /// The gravest first, and in the order of the store.
    fn perform((): (), step: &Step<'_>) -> Result<Performed<Vec<StoreFinding>>, Error> {
        let accounts: Vec<AccountId> = step.state.accounts().map(|one| one.id.clone()).collect();
        let mut findings = Vec::new();
        for account in &accounts {
            let mut found = Vec::new();
            documents::of_keys(account, step.state, &mut found)?;
            documents::of_principals(account, step.state, &mut found)?;
            entities::access_keys(account, step, &mut found);
            let named = (accounts.len() > 1).then(|| account.clone());
            let found = found.into_iter().map(|finding| StoreFinding {
                account: named.clone(),
                ..finding
            });
            findings.extend(found);
        }
        documents::of_organization(step.state, &mut findings);
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        Ok(Performed::read(findings))
    }
}
