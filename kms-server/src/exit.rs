//! How the process ends.

use std::process::ExitCode;

/// The exit status, with the meanings that the whole product shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done; for the server, it drained and stopped.
    Done,
    /// 1: something else failed.
    Failed,
    /// 2: the arguments or the configuration are wrong.
    Usage,
    /// 5: what is needed is not there: the port is taken, the store is in use.
    Unavailable,
    /// 6: the store or the ledger is not what it was.
    Integrity,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Unavailable => 5,
            Exit::Integrity => 6,
        })
    }
}
