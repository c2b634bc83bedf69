//! `docs/api-coverage.md`: its prose is written by hand, its tables between `<!-- … -->` and
//! `<!-- end -->` are made here. `KMS_WRITE_DOCS=1` writes them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;

use kms_core::api::Operation;
use serde_json::Value;

use super::cases::Model;
use super::errors::{Row, row_of, rows};
use super::{MODEL, later, responses};

const END: &str = "<!-- end -->";

/// The members of each structure of the model that an answer can have.
type Answered = BTreeMap<String, BTreeSet<String>>;

fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// The structures that a shape is made of, itself included.
fn structures(model: &Model, shape: &str, found: &mut BTreeSet<String>) {
    let definition = model.shape(shape);
    let inner: Vec<String> = match definition["type"].as_str().unwrap() {
        "structure" if found.insert(shape.to_owned()) => {
            let members = model.members(shape).into_iter();
            members.map(|name| model.member(shape, &name)).collect()
        }
        "list" => vec![model.element(shape)],
        _ => Vec::new(),
    };
    for shape in inner {
        structures(model, &shape, found);
    }
}

fn note_answered(model: &Model, shape: &str, value: &Value, answered: &mut Answered) {
    for element in value.as_array().into_iter().flatten() {
        note_answered(model, &model.element(shape), element, answered);
    }
    if model.shape(shape)["type"] != "structure" {
        return;
    }
    for (name, inner) in value.as_object().into_iter().flatten() {
        let members = answered.entry(shape.to_owned()).or_default();
        members.insert(name.clone());
        note_answered(model, &model.member(shape, name), inner, answered);
    }
}

fn answered(model: &Model) -> Answered {
    let mut answered = Answered::new();
    for operation in Operation::ALL {
        let Some(shape) = model.output(operation.as_str()) else {
            continue;
        };
        let value = serde_json::from_slice(&responses::fullest(*operation)).unwrap();
        note_answered(model, shape, &value, &mut answered);
    }
    answered
}

/// The members of a structure of requests, the required ones first and bold.
fn asked(model: &Model, shape: &str) -> String {
    let mut required = model.required(shape);
    required.sort_unstable();
    let bold = required.iter().map(|name| format!("**`{name}`**"));
    let members = model.members(shape);
    let others = members.iter().filter(|name| !required.contains(name));
    let all: Vec<String> = bold.chain(others.map(|name| format!("`{name}`"))).collect();
    all.join(", ")
}

/// The members of a structure of answers, those that no answer has struck out.
fn told(model: &Model, shape: &str, answered: &Answered) -> String {
    let known = answered.get(shape).cloned().unwrap_or_default();
    let member = |name: &String| match known.contains(name) {
        true => format!("`{name}`"),
        false => format!("~~`{name}`~~"),
    };
    let all: Vec<String> = model.members(shape).iter().map(member).collect();
    all.join(", ")
}

fn operation_row(model: &Model, name: &str, answered: &Answered, rows: &[Row]) -> String {
    let Ok(operation) = name.parse::<Operation>() else {
        return format!("| `{name}` | not yet | | |");
    };
    let response = model.output(name).map(|shape| told(model, shape, answered));
    let mut errors = Vec::new();
    for error in model.errors(operation) {
        let short = error.trim_end_matches("Exception");
        let row = &rows[row_of(rows, short, operation)];
        errors.push(match row.by {
            Ok(_) => format!("`{short}`"),
            Err(_) => format!("~~`{short}`~~"),
        });
    }
    format!(
        "| `{name}` | {} | {} | {} |",
        asked(model, model.input(operation)),
        response.unwrap_or_default(),
        errors.join(", ")
    )
}

fn operations_table(model: &Model, listed: &str, answered: &Answered) -> String {
    let rows = rows();
    let mut table = "| Operation | Request | Answer | Errors |\n|---|---|---|---|\n".to_owned();
    for name in listed.split_whitespace() {
        writeln!(table, "{}", operation_row(model, name, answered, &rows)).unwrap();
    }
    table
}

fn structures_table(model: &Model, answered: &Answered) -> String {
    let (mut of_requests, mut of_answers) = (BTreeSet::new(), BTreeSet::new());
    let mut whole = BTreeSet::new();
    for operation in Operation::ALL {
        structures(model, model.input(*operation), &mut of_requests);
        whole.insert(model.input(*operation).to_owned());
        if let Some(shape) = model.output(operation.as_str()) {
            structures(model, shape, &mut of_answers);
            whole.insert(shape.to_owned());
        }
    }
    let mut table = "| Structure | Members |\n|---|---|\n".to_owned();
    for shape in of_requests.union(&of_answers) {
        if whole.contains(shape) {
            continue;
        }
        let members = if of_requests.contains(shape) {
            asked(model, shape)
        } else {
            told(model, shape, answered)
        };
        writeln!(table, "| `{shape}` | {members} |").unwrap();
    }
    table
}

/// A link from the page to a test.
fn link(test: &str) -> String {
    let (file, name) = test.split_once("::").unwrap();
    let shown = file.rsplit('/').next().unwrap();
    format!("`{name}` in [{shown}](../{file})")
}

fn errors_table(model: &Model) -> String {
    let rows = rows();
    let mut of_row = vec![Vec::new(); rows.len()];
    for operation in Operation::ALL {
        for error in model.errors(*operation) {
            let short = error.trim_end_matches("Exception");
            of_row[row_of(&rows, short, *operation)].push(operation.as_str());
        }
    }
    let mut table = "| Error | Operations | Test, or why none |\n|---|---|---|\n".to_owned();
    for (row, operations) in rows.iter().zip(of_row) {
        let by = row.by.map_or_else(str::to_owned, link);
        let of = match &row.operations {
            None if operations.len() > 4 => {
                let alone = rows.iter().filter(|other| other.error == row.error).count() == 1;
                format!(
                    "{} {}",
                    if alone { "all" } else { "the other" },
                    operations.len()
                )
            }
            _ => names(operations),
        };
        writeln!(table, "| `{}` | {of} | {by} |", row.error).unwrap();
    }
    table
}

fn later_list() -> String {
    let pairs = |pairs: &[(&str, &str)]| {
        let joined: Vec<String> = pairs.iter().map(|(a, b)| format!("{a}.{b}")).collect();
        names(joined.iter().map(String::as_str))
    };
    format!(
        "- Operations: {}.\n- Members: {}.\n- Values: {}.\n",
        names(later::OPERATIONS.iter().copied()),
        pairs(later::MEMBERS),
        pairs(later::VALUES)
    )
}

fn block(model: &Model, marker: &str, answered: &Answered) -> String {
    let inside = marker.trim_start_matches("<!-- ").trim_end_matches(" -->");
    match inside.split_once(": ").unwrap_or((inside, "")) {
        ("operations", listed) => operations_table(model, listed, answered),
        ("structures", _) => structures_table(model, answered),
        ("errors", _) => errors_table(model),
        ("later", _) => later_list(),
        (other, _) => panic!("no block {other}"),
    }
}

/// The page with its tables made anew.
fn made_anew(page: &str, model: &Model) -> String {
    let answered = answered(model);
    let mut made = String::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        writeln!(made, "{line}").unwrap();
        if line.starts_with("<!-- ") {
            writeln!(made, "\n{}\n{END}", block(model, line, &answered)).unwrap();
            assert!(lines.any(|line| line == END), "{line} has no end");
        }
    }
    made
}

#[test]
fn the_coverage_page_is_made_of_the_table_and_the_model() {
    let path = kms_tests::workspace().join("docs/api-coverage.md");
    let page = fs::read_to_string(&path).unwrap();
    let made = made_anew(&page, &MODEL);
    if std::env::var_os("KMS_WRITE_DOCS").is_some() {
        fs::write(&path, &made).unwrap();
        return;
    }
    let differs = made.lines().zip(page.lines()).find(|(a, b)| a != b);
    assert_eq!(differs, None, "KMS_WRITE_DOCS=1 writes the page");
    assert_eq!(made, page);
}

#[test]
fn the_coverage_page_has_every_operation_once() {
    let page = fs::read_to_string(kms_tests::workspace().join("docs/api-coverage.md")).unwrap();
    let mut listed: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("<!-- operations: "))
        .flat_map(|line| line.trim_end_matches(" -->").split_whitespace())
        .collect();
    listed.sort_unstable();
    let modelled = MODEL.operations();
    assert_eq!(
        listed,
        modelled.iter().map(String::as_str).collect::<Vec<_>>()
    );
}
