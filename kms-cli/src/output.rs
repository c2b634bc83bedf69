//! The only printer: results on standard output, everything else on standard error, never colour.

use std::io::{self, Write};
use std::process::ExitCode;

use kms_core::secret::SecretText;
use serde::Serialize;

use crate::args::{Format, Global};
use crate::failure::{Failure, Kind};
use crate::pipeline::Progress;

/// Prints as the caller asked to: as text for people or as AWS-shaped JSON for programs.
#[derive(Debug)]
pub(crate) struct Output {
    format: Format,
    quiet: bool,
    verbose: bool,
}

impl Output {
    pub(crate) const fn new(global: &Global) -> Self {
        Self {
            format: global.output,
            quiet: global.quiet,
            verbose: global.verbose,
        }
    }

    /// Whether a program reads the results.
    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// The result of a command: `response` as JSON, or what `text` makes of it.
    pub(crate) fn show<R: Serialize>(
        &self,
        response: &R,
        text: impl FnOnce(&R) -> String,
    ) -> Result<(), Failure> {
        match self.format {
            Format::Json => self.json(response),
            Format::Text => self.text(&text(response)),
        }
    }

    /// A result that is the same in both formats: documents that are JSON in themselves.
    pub(crate) fn json<R: Serialize>(&self, response: &R) -> Result<(), Failure> {
        let mut text = serde_json::to_string_pretty(response)
            .map_err(|_| Failure::new(Kind::Failed, "the response has no JSON form"))?;
        text.push('\n');
        self.bytes(text.as_bytes())
    }

    /// Text; a missing newline at its end is added, nothing is printed for no text.
    ///
    /// Descriptions, tags and records come from others: what could command a terminal is replaced.
    pub(crate) fn text(&self, text: &str) -> Result<(), Failure> {
        if text.is_empty() {
            return Ok(());
        }
        let end = if text.ends_with('\n') { "" } else { "\n" };
        let mut shown = String::with_capacity(text.len() + 1);
        shown.extend(text.chars().chain(end.chars()).map(printable));
        self.bytes(SecretText::new(shown).expose().as_bytes())
    }

    /// Bytes as they are.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        stdout
            .write_all(bytes)
            .and_then(|()| stdout.flush())
            .map_err(|error| Failure::io("cannot write to standard output", &error))
    }

    /// Something that the person must know although the command succeeds; `-q` silences it.
    pub(crate) fn warn(&self, message: &str) {
        if !self.quiet {
            complain(message);
        }
    }

    /// Something that helps to understand what happens; said only with `-v`.
    pub(crate) fn note(&self, message: &str) {
        if self.verbose {
            complain(message);
        }
    }

    /// What shows how far work on `total` bytes has come, where somebody wants to see it.
    pub(crate) fn progress(&self, total: Option<u64>) -> Progress {
        if self.quiet {
            Progress::silent()
        } else {
            Progress::of(total)
        }
    }

    /// Says why the command failed, and with which code it ends.
    pub(crate) fn failure(&self, failure: &Failure) -> ExitCode {
        self::failure(failure)
    }
}

/// As [`Output::failure`], before anything is known of how results are printed.
pub(crate) fn failure(failure: &Failure) -> ExitCode {
    if !failure.is_quiet() {
        complain(&failure.to_string());
    }
    failure.exit_code()
}

pub(crate) fn printable(character: char) -> char {
    match character {
        '\n' | '\t' => character,
        control if control.is_control() => char::REPLACEMENT_CHARACTER,
        _ => character,
    }
}

/// What is put into a line of its own, whatever is in it: a name with a line feed makes no second
/// line that would pass for one of ours.
pub(crate) fn one_line(text: &str) -> String {
    let shown = |character: char| match character {
        control if control.is_control() => char::REPLACEMENT_CHARACTER,
        _ => character,
    };
    text.chars().map(shown).collect()
}

/// One line on standard error. That it cannot be written has nowhere to be said.
fn complain(message: &str) {
    let _ = writeln!(io::stderr().lock(), "kms: {message}");
}

/// Rows as columns that are as wide as their widest cell, each a line; no trailing spaces.
pub(crate) fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let rows: Vec<[String; N]> = rows
        .iter()
        .map(|row| row.each_ref().map(|cell| one_line(cell)))
        .collect();
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let line: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, &width)| format!("{cell:width$}"))
            .collect();
        text.push_str(line.join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_command_a_terminal_is_replaced() {
        let shown: String = "a\n\t\x1b[2J\u{9b}".chars().map(printable).collect();
        assert_eq!(shown, "a\n\t\u{fffd}[2J\u{fffd}");
    }

    #[test]
    fn a_table_aligns_its_columns_and_leaves_no_trailing_space() {
        let rows = [
            ["a".to_owned(), "1".to_owned()],
            ["long".to_owned(), String::new()],
        ];
        assert_eq!(table(&rows), "a     1\nlong\n");
    }

    #[test]
    fn a_name_makes_no_second_line() {
        assert_eq!(one_line("x\n= y\r\t"), "x\u{fffd}= y\u{fffd}\u{fffd}");
        assert_eq!(table(&[["x\ny".to_owned()]]), "x\u{fffd}y\n");
    }
}
