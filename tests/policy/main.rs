//! The policy engine, as `kms policy eval` shows it, against a reference that was written without sight of it: `reference.py`
//! decides what `matrix.py` thinks of, and `examples.jsonl` has decisions written by hand.

use std::fmt::Write;
use std::process::{Command, Stdio};

use kms_tests::{Home, workspace};
use serde::Deserialize;
use serde_json::Value;

/// How many differences are shown whole.
const SHOWN: usize = 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cell {
    name: String,
    case: Value,
    decision: String,
    /// Why the reference decided so; the engine gives reasons of its own, which are not compared.
    reason: String,
}

impl Cell {
    fn agrees(&self, answer: &str) -> bool {
        let answer: Option<Value> = serde_json::from_str(answer).ok();
        answer.is_some_and(|answer| answer["decision"] == self.decision.as_str())
    }
}

/// Runs `tests/policy/SCRIPT`, which needs nothing but Python itself, and returns what it printed.
fn python(script: &str, arguments: &[&str]) -> String {
    let output = Command::new("python3")
        .arg(workspace().join("tests/policy").join(script))
        .args(arguments)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .output()
        .expect("python3 starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script} fails:\n{said}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn cells(family: &str) -> Vec<Cell> {
    let parsed = |line| serde_json::from_str(line).expect("a cell");
    python("matrix.py", &[family]).lines().map(parsed).collect()
}

/// What `kms policy eval` prints for the cases, a line each.
fn evaluated(cells: &[Cell]) -> Vec<String> {
    let mut input = String::new();
    for cell in cells {
        writeln!(input, "{}", cell.case).unwrap();
    }
    let output = Home::new().kms().feed(["policy", "eval"], input.as_bytes());
    let printed = String::from_utf8(output.stdout).expect("UTF-8");
    let answers: Vec<String> = printed.lines().map(str::to_owned).collect();
    let next = cells.get(answers.len());
    assert!(
        output.status.success() && next.is_none(),
        "kms policy eval ended with {} after {} of {} cases, before {}:\n{}",
        output.status,
        answers.len(),
        cells.len(),
        next.map_or(String::new(), |cell| cell.case.to_string()),
        String::from_utf8_lossy(&output.stderr)
    );
    answers
}

fn agrees_on(family: &str, at_least: usize) {
    let cells = cells(family);
    assert!(cells.len() >= at_least, "only {} {family}", cells.len());
    let answers = evaluated(&cells);
    assert_eq!(answers.len(), cells.len(), "an answer for each case");
    let differing: Vec<(&Cell, &String)> = cells
        .iter()
        .zip(&answers)
        .filter(|(cell, answer)| !cell.agrees(answer))
        .collect();
    let mut shown = String::new();
    for (cell, answer) in differing.iter().take(SHOWN) {
        write!(
            shown,
            "\n{}\n  case      {}\n  reference {}: {}\n  kms       {answer}\n",
            cell.name, cell.case, cell.decision, cell.reason
        )
        .unwrap();
    }
    assert!(
        differing.is_empty(),
        "{} of {} {family} differ; the first of them:\n{shown}",
        differing.len(),
        cells.len()
    );
}

#[test]
fn the_reference_decides_as_was_written_by_hand() {
    python("test_reference.py", &[]);
}

#[test]
fn examples_of_policies_are_decided_as_was_written_by_hand() {
    agrees_on("examples", 80);
}

#[test]
fn every_operator_and_every_match_is_that_of_the_reference() {
    agrees_on("operators", 20_000);
}

#[test]
fn every_decision_is_that_of_the_reference() {
    agrees_on("decisions", 20_000);
}

#[test]
fn a_cell_with_another_decision_or_none_is_a_difference() {
    let cell = Cell {
        name: "a cell".to_owned(),
        case: Value::Null,
        decision: "Allowed".to_owned(),
        reason: String::new(),
    };
    assert!(cell.agrees(r#"{"decision": "Allowed", "reason": "any"}"#));
    for other in [
        r#"{"decision": "ImplicitlyDenied"}"#,
        r#"{"error": "x"}"#,
        "",
    ] {
        assert!(!cell.agrees(other), "{other}");
    }
}
