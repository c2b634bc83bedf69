//! `kms principals`.

use std::path::Path;
use std::sync::Arc;

use kms_core::principals_file::{PrincipalsFile, write};
use kms_core::service::{
    ApplyPrincipalsRequest, ChangeAction, ExportPrincipalsRequest, FieldChange,
    PlanPrincipalsRequest, PrincipalChange, PrincipalsOutcome, PrincipalsSource,
    UnreadablePrincipals,
};
use serde_json::{Value, json};

use crate::args::{Global, PrincipalsCommand};
use crate::engine::{Choice, Embedded};
use crate::failure::{Failure, Kind};
use crate::output::{Output, one_line};
use crate::term;

/// The longest value that is shown, in characters; of a document it is said that it changes.
const LONGEST_SHOWN: usize = 80;

pub(super) fn run(
    command: PrincipalsCommand,
    global: &Global,
    output: &Output,
) -> Result<(), Failure> {
    match command {
        PrincipalsCommand::Plan {
            file,
            detailed_exitcode,
        } => plan(&file, detailed_exitcode, global, output),
        PrincipalsCommand::Apply { file, yes } => apply(&file, yes, global, output),
        PrincipalsCommand::Export { access_roles } => export(access_roles, global, output),
    }
}

fn open(global: &Global, output: &Output) -> Result<Embedded, Failure> {
    let home = Choice::directory(global)?;
    output.note(&format!("using the store in {}", home.display()));
    Embedded::open(&home, global)
}

fn read(path: &Path) -> Result<Arc<PrincipalsFile>, Failure> {
    match PrincipalsSource::new(path.to_owned()).read() {
        Ok(file) => Ok(Arc::new(file)),
        Err(UnreadablePrincipals::Io { path, source }) => {
            let what = format!("cannot read {}", path.display());
            Err(Failure::io(what, &source))
        }
        Err(other) => Err(Failure::new(Kind::Failed, other.to_string())),
    }
}

fn plan(
    path: &Path,
    detailed_exitcode: bool,
    global: &Global,
    output: &Output,
) -> Result<(), Failure> {
    // What is wrong with the command line is said before what is wrong with the file.
    Choice::directory(global)?;
    let file = read(path)?;
    let store = open(global, output)?;
    let outcome = planned(&store, path, file)?;
    show(&outcome, output, "to be")?;
    if detailed_exitcode && !outcome.changes.is_empty() {
        return Err(Failure::changes());
    }
    Ok(())
}

fn planned(
    store: &Embedded,
    path: &Path,
    file: Arc<PrincipalsFile>,
) -> Result<PrincipalsOutcome, Failure> {
    let planned = store.call(PlanPrincipalsRequest { file });
    planned.map_err(|failure| failure.within(path.display()))
}

fn apply(path: &Path, yes: bool, global: &Global, output: &Output) -> Result<(), Failure> {
    Choice::directory(global)?;
    let file = read(path)?;
    let store = open(global, output)?;
    if !yes {
        let outcome = planned(&store, path, Arc::clone(&file))?;
        if outcome.changes.is_empty() {
            return show(&outcome, output, "to be");
        }
        term::say(&text(&outcome, "to be"))?;
        if !term::confirm("Apply this? [y/N] ")? {
            return Err(Failure::new(Kind::Failed, "nothing was changed"));
        }
    }
    let applied = store.call(ApplyPrincipalsRequest { file });
    let outcome = applied.map_err(|failure| failure.within(path.display()))?;
    show(&outcome, output, "")
}

fn export(access_roles: bool, global: &Global, output: &Output) -> Result<(), Failure> {
    let request = ExportPrincipalsRequest { access_roles };
    let file = open(global, output)?.call(request)?;
    output.bytes(write(&file).as_bytes())
}

fn show(outcome: &PrincipalsOutcome, output: &Output, tense: &str) -> Result<(), Failure> {
    let changes: Vec<Value> = outcome.changes.iter().map(as_json).collect();
    output.show(&json!({ "Changes": changes }), |_| text(outcome, tense))
}

fn as_json(change: &PrincipalChange) -> Value {
    let field = |field: &FieldChange| json!({ "Name": field.name, "Before": field.before, "After": field.after });
    json!({
        "Action": change.action,
        "Kind": change.kind,
        "Name": change.name,
        "Arn": change.arn,
        "UniqueId": change.unique_id,
        "Fields": change.fields.iter().map(field).collect::<Vec<_>>(),
    })
}

fn text(outcome: &PrincipalsOutcome, tense: &str) -> String {
    if outcome.changes.is_empty() {
        return "nothing to change".to_owned();
    }
    let mut lines: Vec<String> = Vec::new();
    for change in &outcome.changes {
        let (sign, note) = match change.action {
            ChangeAction::Create => ('+', ""),
            ChangeAction::Adopt => ('=', " (is there; the file takes it over)"),
            ChangeAction::Change => ('~', ""),
            ChangeAction::Remove => ('-', ""),
            ChangeAction::Release => ('!', " (stays; the file lets go of it)"),
        };
        let name = change.name.as_ref().unwrap_or(&change.arn);
        let name = one_line(name);
        lines.push(format!("{sign} {} {name}{note}", change.kind));
        lines.extend(change.fields.iter().map(field));
    }
    let count = |action| {
        let changes = outcome.changes.iter();
        changes.filter(|change| change.action == action).count()
    };
    let tense = if tense.is_empty() {
        String::new()
    } else {
        format!("{tense} ")
    };
    let released = match count(ChangeAction::Release) {
        0 => String::new(),
        released => format!(", {released} {tense}let go"),
    };
    lines.push(format!(
        "{} {tense}created, {} {tense}taken over, {} {tense}changed, {} {tense}removed{released}",
        count(ChangeAction::Create),
        count(ChangeAction::Adopt),
        count(ChangeAction::Change),
        count(ChangeAction::Remove)
    ));
    lines.join("\n")
}

fn field(field: &FieldChange) -> String {
    let name = one_line(&field.name);
    match (&field.before, &field.after) {
        (None, Some(after)) => format!("    + {name}{}", shown(after)),
        (Some(_), None) => format!("    - {name}"),
        (Some(before), Some(after)) => {
            let (before, after) = (shown(before), shown(after));
            if before.is_empty() || after.is_empty() {
                return format!("    ~ {name}");
            }
            format!("    ~ {name}{before} ->{after}")
        }
        (None, None) => format!("    {name}"),
    }
}

/// A short value; nothing for a document.
fn shown(value: &str) -> String {
    let short = value.chars().count() <= LONGEST_SHOWN && !value.contains('\n');
    if short && !value.trim_start().starts_with('{') {
        return format!(" {}", one_line(value));
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_adds_no_line_to_a_plan() {
        let changed = FieldChange {
            name: "units/x\n= account".to_owned(),
            before: Some("a\rb".to_owned()),
            after: Some("c".to_owned()),
        };
        let line = field(&changed);
        assert_eq!(line, "    ~ units/x\u{fffd}= account a\u{fffd}b -> c");
    }
}
