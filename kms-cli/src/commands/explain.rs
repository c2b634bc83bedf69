//! `kms explain`.

use std::collections::BTreeMap;

use kms_core::api::EncryptionContextMap;
use kms_core::service::{ExplainRequest, Explanation, Ground};

use crate::args::{Explain, Global};
use crate::engine::{Choice, Embedded};
use crate::failure::{Failure, Kind};
use crate::output::{Output, one_line};

pub(super) fn run(explain: Explain, global: &Global, output: &Output) -> Result<(), Failure> {
    let home = Choice::directory(global)?;
    output.note(&format!("using the store in {}", home.display()));
    let mut context = BTreeMap::new();
    for (key, value) in explain.context {
        if context.contains_key(&key) {
            return Err(Failure::usage(format!("{key} is given twice")));
        }
        context.insert(key, value);
    }
    let request = ExplainRequest {
        principal: explain.principal,
        action: explain.action,
        key: explain.key,
        encryption_context: (!context.is_empty()).then_some(EncryptionContextMap(context)),
        conditions: explain.conditions,
    };
    let explained = Embedded::open(&home, global)
        .and_then(|store| store.call(request))
        .map_err(unanswered)?;
    output.show(&explained, to_text)?;
    if explained.allowed {
        return Ok(());
    }
    let Explanation {
        principal, action, ..
    } = explained;
    Err(Failure::new(
        Kind::Denied,
        format!("{principal} is not authorized to perform {action}"),
    ))
}

/// Denied is an answer here: a question that gets none, for a wrong passphrase or key file, ends in
/// another way.
fn unanswered(failure: Failure) -> Failure {
    match failure.kind() {
        Kind::Denied => failure.with_kind(Kind::Failed),
        _ => failure,
    }
}

/// What is decided in the first line, then why, then what is missing.
fn to_text(explained: &Explanation) -> String {
    let Explanation {
        allowed,
        principal,
        action,
        resource,
        reason,
        decided_by,
        organization,
        hints,
    } = explained;
    let decision = if *allowed { "allowed" } else { "denied" };
    let mut lines = vec![
        format!("{decision}: {principal} {action} on {resource}"),
        format!("  {reason}"),
    ];
    if !allowed {
        let grounds = decided_by.iter().map(Ground::described);
        lines.extend(grounds.map(|ground| format!("  {ground}")));
    }
    for ground in organization {
        let ground = ground.described();
        lines.push(format!("  within the organization by {ground}"));
    }
    lines.extend(hints.iter().map(|hint| format!("  - {hint}")));
    // Names of units and statements are others' words, and may hold line feeds.
    let lines: Vec<String> = lines.iter().map(|line| one_line(line)).collect();
    lines.join("\n")
}
