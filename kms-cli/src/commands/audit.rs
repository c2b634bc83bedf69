//! `kms audit`.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kms_core::audit::{self, Records, VerifiedLedger, VerifierKey};
use serde_json::Value;

use crate::args::{AuditCommand, Global};
use crate::engine::{Choice, ledger_failed};
use crate::failure::{Failure, Kind};
use crate::output::Output;
use crate::pipeline::read_document;

/// Where a store keeps its ledger.
const LEDGER: &str = "ledger";
/// How long to wait for new records.
const POLL: Duration = Duration::from_millis(200);

pub(super) fn run(command: AuditCommand, global: &Global, output: &Output) -> Result<(), Failure> {
    let directory = ledger(&Choice::directory(global)?)?;
    output.note(&format!("reading the ledger in {}", directory.display()));
    match command {
        AuditCommand::Verify { public_key } => verify(&directory, public_key.as_deref(), output),
        AuditCommand::Tail { lines, follow } => tail(&directory, lines, follow, output),
        AuditCommand::Show { event } => show(&directory, &event, output),
    }
}

fn ledger(home: &Path) -> Result<PathBuf, Failure> {
    let directory = home.join(LEDGER);
    if directory.is_dir() {
        return Ok(directory);
    }
    let message = format!("there is no store in {}", home.display());
    Err(Failure::new(Kind::NotFound, message).hint("give --home, or create one with `kms init`"))
}

fn verify(directory: &Path, public_key: Option<&Path>, output: &Output) -> Result<(), Failure> {
    let expected = public_key.map(read_key).transpose()?;
    let verified =
        audit::verify(directory, expected.as_ref()).map_err(|error| ledger_failed(&error))?;
    let fields = serde_json::json!({
        "Records": verified.records,
        "UncoveredRecords": verified.uncovered(),
        "Checkpoints": verified.checkpoints,
        "PublicKey": verified.key.to_string(),
    });
    output.show(&fields, |_| report(&verified))?;
    if expected.is_none() {
        output.warn("the ledger's own public key was used; --public-key takes a copy kept apart");
    }
    Ok(())
}

fn report(verified: &VerifiedLedger) -> String {
    let mut text = format!(
        "verified: {} records, {} checkpoints signed by {}\n",
        verified.records, verified.checkpoints, verified.key
    );
    if verified.uncovered() > 0 {
        text.push_str(&format!(
            "the last {} records are not yet covered by a checkpoint\n",
            verified.uncovered()
        ));
    }
    text
}

fn read_key(path: &Path) -> Result<VerifierKey, Failure> {
    let text = read_document(path)?;
    text.trim_end_matches('\n').parse().map_err(|_| {
        Failure::usage(format!(
            "{} is not the public key of a ledger",
            path.display()
        ))
        .hint("it is a copy of the ledger's file ledger.pub")
    })
}

fn tail(directory: &Path, lines: u64, follow: bool, output: &Output) -> Result<(), Failure> {
    let wanted = usize::try_from(lines).unwrap_or(usize::MAX);
    let mut records = audit::read(directory, 0).map_err(|error| ledger_failed(&error))?;
    let mut last = VecDeque::new();
    for record in records.by_ref() {
        let (index, line) = record.map_err(|error| ledger_failed(&error))?;
        if last.len() == wanted {
            last.pop_front();
        }
        if wanted > 0 {
            last.push_back((index, line));
        }
    }
    for (index, line) in last {
        print(index, &line, output)?;
    }
    if follow {
        return follow_records(records, output);
    }
    Ok(())
}

/// Prints records as they come, until the reader of the output goes or the process is ended.
fn follow_records(mut records: Records, output: &Output) -> Result<(), Failure> {
    loop {
        for record in records.by_ref() {
            let (index, line) = record.map_err(|error| ledger_failed(&error))?;
            print(index, &line, output)?;
        }
        std::thread::sleep(POLL);
    }
}

fn show(directory: &Path, event: &str, output: &Output) -> Result<(), Failure> {
    let index = event.parse::<u64>().ok();
    let mut records =
        audit::read(directory, index.unwrap_or_default()).map_err(|error| ledger_failed(&error))?;
    let found = records.find_map(|record| match record {
        Err(error) => Some(Err(ledger_failed(&error))),
        Ok((at, line)) => {
            let record = parse(&line)?;
            let is_it = index.map_or_else(
                || record.get("eventID").and_then(Value::as_str) == Some(event),
                |index| index == at,
            );
            is_it.then_some(Ok(record))
        }
    });
    match found.transpose()? {
        Some(record) => output.json(&record),
        None => Err(
            Failure::new(Kind::NotFound, format!("the ledger has no record {event}"))
                .hint("`kms audit tail` shows the newest"),
        ),
    }
}

fn parse(line: &[u8]) -> Option<Value> {
    serde_json::from_slice(line).ok()
}

/// One record on one line: as it stands in the ledger, or what people look for first.
fn print(index: u64, line: &[u8], output: &Output) -> Result<(), Failure> {
    if output.is_json() {
        return output.bytes(&[line, b"\n"].concat());
    }
    let record = parse(line).unwrap_or_default();
    output.text(&summary(index, &record))
}

fn summary(index: u64, record: &Value) -> String {
    let text = |pointer: &str| {
        record
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or("-")
    };
    let outcome = match text("/errorCode") {
        "-" => "ok",
        code => code,
    };
    format!(
        "{index}  {}  {}  {}  {}  {outcome}",
        text("/eventTime"),
        text("/eventName"),
        text("/userIdentity/arn"),
        text("/resources/0/ARN"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_summed_up_in_one_line() {
        let record = serde_json::json!({
            "eventTime": "2026-01-01T00:00:00Z",
            "eventName": "Encrypt",
            "userIdentity": { "arn": "arn:aws:iam::111122223333:root" },
            "resources": [{ "ARN": "arn:aws:kms:us-east-1:111122223333:key/k" }],
            "errorCode": "AccessDenied",
        });
        assert_eq!(
            summary(7, &record),
            "7  2026-01-01T00:00:00Z  Encrypt  arn:aws:iam::111122223333:root  \
             arn:aws:kms:us-east-1:111122223333:key/k  AccessDenied"
        );
        assert!(summary(0, &Value::Null).ends_with("-  ok"));
    }
}
