//! `kms seed`.

use std::path::Path;

use kms_core::secret::SecretText;
use kms_core::seed::{self, MAX_FILE};
use kms_core::service::{ApplySeedRequest, SeedOutcome, groups};
use serde_json::json;

use crate::args::{Global, SeedCommand};
use crate::engine::{Choice, Embedded};
use crate::failure::{Failure, Kind};
use crate::output::Output;
use crate::pipeline::read_text;

pub(super) fn run(command: SeedCommand, global: &Global, output: &Output) -> Result<(), Failure> {
    match command {
        SeedCommand::Apply {
            file,
            in_production,
        } => apply(&file, in_production, global, output),
    }
}

fn apply(
    file: &Path,
    in_production: bool,
    global: &Global,
    output: &Output,
) -> Result<(), Failure> {
    let home = Choice::directory(global)?;
    let text = read_text(file, u64::try_from(MAX_FILE).unwrap_or(u64::MAX))?;
    let text = SecretText::new(text);
    let keys = seed::parse(text.expose()).map_err(|invalid| {
        let message = format!("{} is no seed file: {invalid}", file.display());
        Failure::new(Kind::Failed, message)
    })?;
    output.note(&format!("using the store in {}", home.display()));
    let store = Embedded::open(&home, global)?;
    let mut outcome = SeedOutcome::default();
    for keys in groups(keys) {
        let part = store.call(ApplySeedRequest {
            keys,
            in_production,
        })?;
        outcome.created.extend(part.created);
        outcome.changed.extend(part.changed);
        outcome.unchanged.extend(part.unchanged);
    }
    let fields = json!({
        "Created": outcome.created,
        "Changed": outcome.changed,
        "Unchanged": outcome.unchanged,
    });
    output.show(&fields, |_| {
        format!(
            "{} created, {} changed, {} as they were",
            outcome.created.len(),
            outcome.changed.len(),
            outcome.unchanged.len()
        )
    })
}
