//! The only prompter: asks on the terminal itself, never on standard input or output.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, IsTerminal, Read, Write};

use kms_core::secret::SecretText;

use crate::failure::{Failure, Kind};

/// Asks for a passphrase without echo.
pub(crate) fn passphrase(prompt: &str) -> Result<SecretText, Failure> {
    rpassword::prompt_password(prompt)
        .map(SecretText::new)
        .map_err(|_| {
            Failure::new(
                Kind::Failed,
                "a passphrase is needed and there is no terminal to ask on",
            )
            .hint("give --passphrase-file or --passphrase-fd")
        })
}

/// Asks for some other secret without echo.
pub(crate) fn secret(prompt: &str) -> Result<SecretText, Failure> {
    rpassword::prompt_password(prompt)
        .map(SecretText::new)
        .map_err(failed)
}

/// Asks for a new passphrase twice, so that a slip does not lock the store for ever.
pub(crate) fn new_passphrase() -> Result<SecretText, Failure> {
    let first = passphrase("New passphrase: ")?;
    if first.expose().is_empty() {
        return Err(Failure::usage("the passphrase is empty"));
    }
    // Typed by one person at one terminal: nobody measures how long this comparison takes.
    if first.expose() == passphrase("The same again: ")?.expose() {
        return Ok(first);
    }
    Err(Failure::usage("the two passphrases differ").hint("try again"))
}

/// Whether standard output is a terminal, which binary data would garble.
pub(crate) fn stdout_is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// The longest answer to a question, in bytes.
const LONGEST_ANSWER: u64 = 64;

fn terminal() -> Result<File, Failure> {
    let opened = OpenOptions::new().read(true).write(true).open("/dev/tty");
    opened.map_err(|_| {
        Failure::usage("it has to be confirmed and there is no terminal to ask on")
            .hint("give --yes")
    })
}

fn failed(_: std::io::Error) -> Failure {
    Failure::new(Kind::Failed, "the terminal does not answer")
}

/// Shows lines on the terminal, without what could command it.
pub(crate) fn say(text: &str) -> Result<(), Failure> {
    let mut shown: String = text.chars().map(crate::output::printable).collect();
    shown.push('\n');
    terminal()?.write_all(shown.as_bytes()).map_err(failed)
}

/// Asks a question; whatever is not yes is no.
pub(crate) fn confirm(question: &str) -> Result<bool, Failure> {
    let mut terminal = terminal()?;
    terminal.write_all(question.as_bytes()).map_err(failed)?;
    let mut answer = String::new();
    let mut input = BufReader::new(terminal.take(LONGEST_ANSWER));
    input.read_line(&mut answer).map_err(failed)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
