//! How a command fails: one line that says what to do next, and an exit code.

use std::fmt;
use std::io;
use std::process::ExitCode;

/// What kind of failure it is; each kind has its own exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Anything that has no kind of its own.
    Failed,
    /// The command line asks for something that makes no sense.
    Usage,
    /// The key, alias, user, file or store is not there.
    NotFound,
    /// Authentication or authorization refused.
    Denied,
    /// The store or the endpoint cannot answer now.
    Unavailable,
    /// Something is not what was written: a ciphertext, a message, the ledger.
    Integrity,
    /// No failure: there are changes, for whoever asked to be told so.
    Changes,
}

impl Kind {
    const fn exit_code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Denied => 4,
            Self::Unavailable => 5,
            Self::Integrity => 6,
            Self::Changes => 7,
        }
    }
}

/// A failed command.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    message: String,
    hint: Option<String>,
    quiet: bool,
}

impl Failure {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
            quiet: false,
        }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// Whoever read the output has gone; there is nobody to tell.
    pub(crate) fn closed_pipe() -> Self {
        Self {
            quiet: true,
            ..Self::new(Kind::Failed, "the reader of the output has gone")
        }
    }

    /// There are changes; they have been told.
    pub(crate) fn changes() -> Self {
        Self {
            quiet: true,
            ..Self::new(Kind::Changes, "there are changes")
        }
    }

    /// What failed has been told already; only the exit code is left.
    pub(crate) fn told(kind: Kind) -> Self {
        Self {
            quiet: true,
            ..Self::new(kind, "what failed has been told")
        }
    }

    /// An I/O error while doing `what`, such as "cannot read secret.txt".
    pub(crate) fn io(what: impl fmt::Display, error: &io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::BrokenPipe => return Self::closed_pipe(),
            io::ErrorKind::NotFound => Kind::NotFound,
            _ => Kind::Failed,
        };
        Self::new(kind, format!("{what}: {}", words(error)))
    }

    /// What to do next, said after the message.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same words about another kind of failure.
    #[must_use]
    pub(crate) fn with_kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    /// Something more to know or do, said at the end.
    #[must_use]
    pub(crate) fn also(mut self, more: impl fmt::Display) -> Self {
        self.hint = Some(match self.hint {
            Some(hint) => format!("{hint}; {more}"),
            None => more.to_string(),
        });
        self
    }

    /// What happened before, said in front of the message.
    #[must_use]
    pub(crate) fn within(mut self, context: impl fmt::Display) -> Self {
        self.message = format!("{context}: {}", self.message);
        self
    }

    /// The same with the name of the file that it is about, unless the message has it already.
    #[must_use]
    pub(crate) fn within_unless_named(self, name: &str) -> Self {
        if self.message.contains(name) {
            self
        } else {
            self.within(name)
        }
    }

    pub(crate) const fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether nothing is to be said.
    pub(crate) const fn is_quiet(&self) -> bool {
        self.quiet
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.kind.exit_code())
    }
}

impl fmt::Display for Failure {
    /// One line whatever the parts contain: text from files and peers cannot forge a second one or
    /// send control sequences to the terminal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hint = self.hint.iter().flat_map(|hint| ["; ", hint.as_str()]);
        for part in std::iter::once(self.message.as_str()).chain(hint) {
            for character in part.chars() {
                let shown = if character.is_control() {
                    ' '
                } else {
                    character
                };
                write!(f, "{shown}")?;
            }
        }
        Ok(())
    }
}

/// So that it can travel through the envelope as the error of a keyring.
impl std::error::Error for Failure {}

/// The operating system's words without Rust's "(os error 2)".
fn words(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_lowercase(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_one_line_with_its_hint() {
        let failure = Failure::usage("two\nlines\x1b[2J").hint("do this");
        assert_eq!(failure.to_string(), "two lines [2J; do this");
    }

    #[test]
    fn an_operating_system_error_keeps_only_its_words() {
        let error = io::Error::from_raw_os_error(2);
        let failure = Failure::io("cannot read f", &error);
        assert_eq!(
            failure.to_string(),
            "cannot read f: no such file or directory"
        );
        assert_eq!(failure.kind(), Kind::NotFound);
    }

    #[test]
    fn a_closed_pipe_says_nothing_and_fails() {
        let failure = Failure::io("x", &io::Error::from(io::ErrorKind::BrokenPipe));
        assert!(failure.is_quiet());
        assert_eq!(failure.kind(), Kind::Failed);
    }
}
