//! `kms policy lint --store`.

use kms_core::service::{LintStoreRequest, StoreFinding};
use serde::Serialize;

use super::policy::no_findings;
use crate::args::Global;
use crate::engine::{Choice, Embedded};
use crate::failure::Failure;
use crate::output::Output;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Findings {
    findings: Vec<StoreFinding>,
}

pub(super) fn run(global: &Global, output: &Output) -> Result<(), Failure> {
    let home = Choice::directory(global)?;
    output.note(&format!("using the store in {}", home.display()));
    let findings = Embedded::open(&home, global)?.call(LintStoreRequest)?;
    let count = findings.len();
    output.show(&Findings { findings }, |shown| {
        shown.findings.iter().map(to_text).collect()
    })?;
    no_findings(count)
}

/// `HIGH CODE the policy of … in the account …, statement 1 (Sid) at line 3: what to do`
fn to_text(finding: &StoreFinding) -> String {
    let mut place = finding.place.clone();
    if let Some(account) = &finding.account {
        place.push_str(&format!(" in the account {account}"));
    }
    if let Some(statement) = finding.statement {
        place.push_str(&format!(", statement {statement}"));
    }
    if let Some(sid) = &finding.sid {
        place.push_str(&format!(" ({sid})"));
    }
    if let Some(line) = finding.line {
        place.push_str(&format!(" at line {line}"));
    }
    let (severity, code) = (finding.severity.as_str(), finding.code);
    format!("{severity} {code} {place}: {}\n", finding.message)
}
