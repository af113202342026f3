//! How a command ends when it does not end well: one clear sentence first, and the exit code.

use std::fmt::{self, Display};
use std::process::ExitCode;

/// A command's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Done,
    /// The command ran, and what it looked at is not in order.
    No,
}

impl Answer {
    pub fn code(self) -> ExitCode {
        match self {
            Answer::Done => ExitCode::SUCCESS,
            Answer::No => ExitCode::from(1),
        }
    }
}

#[derive(Debug)]
pub enum Failure {
    /// The domain says no, with its reasons: exit code 1.
    Refused(String),
    /// Words of the command line that go together in no way: exit code 2.
    Usage(String),
    /// A file, ledger or port cannot be used: exit code 3.
    Unusable(String),
}

impl Failure {
    pub fn unusable(what: impl Display, why: impl Display) -> Failure {
        Failure::Unusable(format!("{what}: {why}"))
    }

    pub fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Failure::Refused(_) => 1,
            Failure::Usage(_) => 2,
            Failure::Unusable(_) => 3,
        })
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Refused(text) | Failure::Usage(text) | Failure::Unusable(text) => f.write_str(text),
        }
    }
}
