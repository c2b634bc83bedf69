//! The only prompter: asks on the terminal itself, never on standard input or output.

use std::io::IsTerminal;

use zeroize::Zeroizing;

use crate::failure::{Failure, Kind};

/// Asks for a passphrase without echo.
pub(crate) fn passphrase(prompt: &str) -> Result<Zeroizing<String>, Failure> {
    rpassword::prompt_password(prompt)
        .map(Zeroizing::new)
        .map_err(|_| {
            Failure::new(
                Kind::Failed,
                "a passphrase is needed and there is no terminal to ask on",
            )
            .hint("give --passphrase-file or --passphrase-fd")
        })
}

/// Asks for a new passphrase twice, so that a slip does not lock the store for ever.
pub(crate) fn new_passphrase() -> Result<Zeroizing<String>, Failure> {
    let first = passphrase("New passphrase: ")?;
    if first.is_empty() {
        return Err(Failure::usage("the passphrase is empty"));
    }
    // Typed by one person at one terminal: nobody measures how long this comparison takes.
    if *first == *passphrase("The same again: ")? {
        return Ok(first);
    }
    Err(Failure::usage("the two passphrases differ").hint("try again"))
}

/// Whether standard output is a terminal, which binary data would garble.
pub(crate) fn stdout_is_terminal() -> bool {
    std::io::stdout().is_terminal()
}
