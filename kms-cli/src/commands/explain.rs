//! `kms explain`.

use std::collections::BTreeMap;

use kms_core::api::EncryptionContextMap;
use kms_core::service::{ExplainRequest, Explanation, Ground};

use crate::args::{Explain, Global};
use crate::engine::{Choice, Embedded};
use crate::failure::{Failure, Kind};
use crate::output::Output;

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
    let mut text = format!("{decision}: {principal} {action} on {resource}\n  {reason}\n");
    if !allowed {
        let grounds = decided_by.iter().map(Ground::described);
        grounds.for_each(|ground| text.push_str(&format!("  {ground}\n")));
    }
    for ground in organization {
        let ground = ground.described();
        text.push_str(&format!("  within the organization by {ground}\n"));
    }
    for hint in hints {
        text.push_str(&format!("  - {hint}\n"));
    }
    text
}
