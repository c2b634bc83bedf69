//! Which test provokes which error of AWS's model, or why none can: `errors.txt`.

use std::collections::BTreeSet;
use std::fs;

use kms_core::api::Operation;

use super::MODEL;

/// What stands behind an error of some operations.
pub struct Row {
    /// AWS's name without `Exception`.
    pub error: &'static str,
    /// None for all that have no row of their own.
    pub operations: Option<Vec<Operation>>,
    /// The test as `FILE::NAME`, or the reason why there is none.
    pub by: Result<&'static str, &'static str>,
}

pub fn rows() -> Vec<Row> {
    let lines = include_str!("errors.txt").lines();
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(row)
        .collect()
}

fn row(line: &'static str) -> Row {
    let fields: Vec<&str> = line.split(" | ").collect();
    let [error, operations, by] = fields[..] else {
        panic!("three fields: {line}");
    };
    let named = |name: &str| name.parse().unwrap_or_else(|_| panic!("{name}: {line}"));
    Row {
        error,
        operations: (operations != "*").then(|| operations.split(' ').map(named).collect()),
        by: by.strip_prefix("none: ").map_or(Ok(by), Err),
    }
}

/// The row of an error of an operation.
pub fn row_of(rows: &[Row], error: &str, operation: Operation) -> usize {
    let of_error = |row: &&Row| row.error == error;
    let own = |row: &Row| row.operations.as_ref().map(|own| own.contains(&operation));
    let place = |wanted| {
        let mut places = rows
            .iter()
            .enumerate()
            .filter(|(_, row)| of_error(row) && own(row) == wanted);
        let first = places.next().map(|(place, _)| place);
        assert!(
            places.next().is_none(),
            "two rows for {error} of {operation}"
        );
        first
    };
    place(Some(true))
        .or_else(|| place(None))
        .unwrap_or_else(|| panic!("no row for {error} of {operation} in errors.txt"))
}

#[test]
fn every_error_of_the_model_has_its_test_or_a_reason() {
    let rows = rows();
    let mut used = BTreeSet::new();
    for operation in Operation::ALL {
        for error in MODEL.errors(*operation) {
            let error = error.trim_end_matches("Exception");
            used.insert(row_of(&rows, error, *operation));
        }
    }
    for (place, row) in rows.iter().enumerate() {
        assert!(used.contains(&place), "no operation has this {}", row.error);
        for operation in row.operations.iter().flatten() {
            let errors = MODEL.errors(*operation);
            let name = format!("{}Exception", row.error);
            assert!(errors.contains(&name), "{operation} has no {name}");
        }
    }
}

#[test]
fn every_test_that_provokes_an_error_is_there() {
    for row in rows() {
        match row.by {
            Err(reason) => assert!(reason.len() > 20, "{}: {reason}", row.error),
            Ok(test) => {
                let (file, name) = test.split_once("::").unwrap_or_else(|| panic!("{test}"));
                let text = fs::read_to_string(kms_tests::workspace().join(file));
                let text = text.unwrap_or_else(|error| panic!("{file}: {error}"));
                let defined = [format!("fn {name}("), format!("def {name}(")];
                assert!(defined.iter().any(|one| text.contains(one)), "no {test}");
            }
        }
    }
}
