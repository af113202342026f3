//! Why something is refused.

use serde::{Deserialize, Serialize};
use words::Text;

/// Why something is refused, in words for the person, with a stable code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub code: String,
    pub text: Text,
    /// Items or papers that it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<String>,
}

/// A domain refusal: an answer, not an error. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .reasons.iter().map(|r| format!("{} {}", r.code, r.text.en)).collect::<Vec<_>>().join("; "))]
pub struct Refusal {
    pub reasons: Vec<Reason>,
}

impl Reason {
    pub fn new(code: &str, ja: impl Into<String>, en: impl Into<String>) -> Reason {
        Reason { code: code.to_owned(), text: Text::new(ja, en), about: Vec::new() }
    }

    pub fn about<'a>(mut self, about: impl IntoIterator<Item = &'a str>) -> Reason {
        self.about.extend(about.into_iter().map(str::to_owned));
        self
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Refusal {
        Refusal { reasons: vec![reason] }
    }
}
