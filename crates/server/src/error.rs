//! What can go wrong, and how it is told: one place where errors become statuses and words.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use conduct::{Reason, TrialError};
use ledger::LedgerError;
use words::MessageError;

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Messages(#[from] MessageError),
    #[error(
        "the demonstration has no sign-in, so it is served on a loopback address only, not on {0}; use 127.0.0.1 or [::1]"
    )]
    NotLoopback(std::net::SocketAddr),
    #[error("study `{0}` is open twice")]
    Twice(String),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Why there is no page. What people read of it stands in the message files under `trouble-…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// No such thing, or not for this person: the two are not told apart.
    Missing,
    /// The command was refused; nothing was written.
    Refused(Vec<Reason>),
    /// A change was asked for while looking at the past.
    Past,
    Bad(&'static str),
    /// The store failed; what it said is for the log.
    Store(String),
    Broken(String),
}

impl Trouble {
    pub fn status(&self) -> StatusCode {
        match self {
            Trouble::Missing => StatusCode::NOT_FOUND,
            Trouble::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Trouble::Past => StatusCode::CONFLICT,
            Trouble::Bad(_) => StatusCode::BAD_REQUEST,
            Trouble::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            Trouble::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// A stable code, the message key of the title, and that of the explanation.
    pub fn told(&self) -> (&'static str, &'static str, &'static str) {
        match self {
            Trouble::Missing => ("W404", "trouble-missing", "trouble-missing-what"),
            Trouble::Refused(_) => ("W422", "trouble-forbidden", "trouble-forbidden-what"),
            Trouble::Past => ("W409", "trouble-past", "trouble-past-what"),
            Trouble::Bad(_) => ("W400", "trouble-bad", "trouble-bad-what"),
            Trouble::Store(_) => ("W503", "trouble-store", "trouble-store-what"),
            Trouble::Broken(_) => ("W500", "trouble-broken", "trouble-broken-what"),
        }
    }
}

impl From<LedgerError> for Trouble {
    fn from(e: LedgerError) -> Self {
        Trouble::Store(e.to_string())
    }
}

impl From<askama::Error> for Trouble {
    fn from(e: askama::Error) -> Self {
        Trouble::Broken(e.to_string())
    }
}

impl From<TrialError> for Trouble {
    fn from(e: TrialError) -> Self {
        match e {
            TrialError::Refused(refusal) => Trouble::Refused(refusal.reasons),
            other => Trouble::Store(other.to_string()),
        }
    }
}

/// The bare status; the outermost layer makes the page in the reader's language of it.
impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
