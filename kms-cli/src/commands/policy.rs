//! `kms policy`: what policies say.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use kms_core::policy::{Finding, PolicyType, Simulation, guess_type, lint};
use serde::Serialize;

use super::store_lint;
use crate::args::{EvalPolicies, Global, LintPolicy, PolicyKind, PolicyTool};
use crate::failure::{Failure, Kind};
use crate::output::Output;
use crate::pipeline::{Input, read_document};

/// The longest case in bytes: every policy of it at its largest.
const MAX_CASE: u64 = 4 << 20;

pub(super) fn run(command: &PolicyTool, global: &Global, output: &Output) -> Result<(), Failure> {
    match command {
        PolicyTool::Eval(arguments) => eval(arguments, output),
        PolicyTool::Lint(LintPolicy { store: true, .. }) => store_lint::run(global, output),
        PolicyTool::Lint(arguments) => lint_policy(arguments, output),
    }
}

/// What is printed for one case.
#[derive(Serialize)]
#[serde(untagged)]
enum Answer {
    Decided {
        decision: &'static str,
        reason: String,
    },
    Unreadable {
        error: String,
    },
}

fn eval(arguments: &EvalPolicies, output: &Output) -> Result<(), Failure> {
    let input = Input::open(arguments.file.as_deref())?;
    let mut reader = BufReader::new(&input.file);
    let (mut cases, mut unreadable) = (0_u64, 0_u64);
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut bounded = reader.by_ref().take(MAX_CASE);
        let read = bounded.read_until(b'\n', &mut line);
        if read.map_err(|error| input.failed(&error))? == 0 {
            break;
        }
        if line.last() != Some(&b'\n') && bounded.limit() == 0 {
            let message = format!("{}: a case is larger than it can be", input.name);
            return Err(Failure::new(Kind::Failed, message));
        }
        let answer = answer(&line);
        cases += 1;
        unreadable += u64::from(matches!(answer, Answer::Unreadable { .. }));
        let mut text = serde_json::to_vec(&answer)
            .map_err(|_| Failure::new(Kind::Failed, "the answer has no JSON form"))?;
        text.push(b'\n');
        output.bytes(&text)?;
    }
    if unreadable > 0 {
        let message = format!("{unreadable} of {cases} cases could not be read");
        return Err(Failure::new(Kind::Failed, message));
    }
    Ok(())
}

fn answer(line: &[u8]) -> Answer {
    let Ok(text) = std::str::from_utf8(line) else {
        return Answer::Unreadable {
            error: "not UTF-8".to_owned(),
        };
    };
    match Simulation::parse(text) {
        Ok(simulation) => {
            let (outcome, reason) = simulation.run();
            Answer::Decided {
                decision: outcome.as_str(),
                reason,
            }
        }
        Err(error) => Answer::Unreadable {
            error: error.to_string(),
        },
    }
}

/// A finding as programs read it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Shown {
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    statement: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    message: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Findings {
    findings: Vec<Shown>,
}

fn lint_policy(arguments: &LintPolicy, output: &Output) -> Result<(), Failure> {
    let text = read_document(arguments.file.as_deref().unwrap_or(Path::new("-")))?;
    let kind = arguments.kind.map_or_else(|| guess_type(&text), of_kind);
    let findings: Vec<Shown> = lint(&text, kind).into_iter().map(shown).collect();
    let count = findings.len();
    output.show(&Findings { findings }, to_text)?;
    no_findings(count)
}

/// Fails where there are findings.
pub(super) fn no_findings(count: usize) -> Result<(), Failure> {
    match count {
        0 => Ok(()),
        1 => Err(Failure::new(Kind::Failed, "1 finding")),
        more => Err(Failure::new(Kind::Failed, format!("{more} findings"))),
    }
}

const fn of_kind(kind: PolicyKind) -> PolicyType {
    match kind {
        PolicyKind::Key => PolicyType::Key,
        PolicyKind::Identity => PolicyType::Identity,
        PolicyKind::Trust => PolicyType::Trust,
        PolicyKind::Scp => PolicyType::ServiceControl,
        PolicyKind::Rcp => PolicyType::ResourceControl,
    }
}

fn shown(finding: Finding) -> Shown {
    let Finding {
        code,
        statement,
        sid,
        message,
    } = finding;
    Shown {
        code,
        statement,
        sid,
        message,
    }
}

/// A line for each finding: `CODE statement 1 (Sid): what to do`.
fn to_text(findings: &Findings) -> String {
    let lines = findings.findings.iter().map(|finding| {
        let place = match (finding.statement, &finding.sid) {
            (Some(index), Some(sid)) => format!(" statement {index} ({sid})"),
            (Some(index), None) => format!(" statement {index}"),
            (None, _) => String::new(),
        };
        format!("{}{place}: {}\n", finding.code, finding.message)
    });
    lines.collect()
}
