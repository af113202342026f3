//! What is wrong with an input: where, what, and what to do.

use serde::Serialize;
use std::fmt;
use words::Text;

/// One thing that is wrong with a profile or a knowledge file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// `her2.ihc[0].assay_id` in a profile; `approvals.csv:12 regimen_id` in a knowledge file.
    pub place: String,
    /// Stable name of the kind of problem.
    pub code: &'static str,
    pub message: Text,
    pub hint: Option<Text>,
}

impl Problem {
    pub fn new(
        place: impl Into<String>,
        code: &'static str,
        ja: impl Into<String>,
        en: impl Into<String>,
    ) -> Problem {
        Problem { place: place.into(), code, message: Text::new(ja, en), hint: None }
    }

    pub fn hint(mut self, ja: impl Into<String>, en: impl Into<String>) -> Problem {
        self.hint = Some(Text::new(ja, en));
        self
    }

    pub fn told(&self, lang: words::Lang) -> String {
        let hint = self.hint.as_ref().map(|h| format!(" ({})", h.get(lang))).unwrap_or_default();
        format!("{}: {}{hint}", self.place, self.message.get(lang))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told(words::Lang::En))
    }
}
