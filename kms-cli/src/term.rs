//! The only prompter: asks on the terminal itself, never on standard input or output.

use std::io::IsTerminal;

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
