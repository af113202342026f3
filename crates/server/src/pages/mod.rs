//! One file per page: what it shows, made from the view of whoever asks.

pub(crate) mod allocation;
pub(crate) mod api;
pub(crate) mod book;
pub(crate) mod cast;
pub(crate) mod enter;
pub(crate) mod ledger;
pub(crate) mod letters;
pub(crate) mod links;
pub(crate) mod list;
pub(crate) mod overview;
pub(crate) mod panel;
pub(crate) mod queries;
pub(crate) mod register;
pub(crate) mod report;
pub(crate) mod results;
pub(crate) mod sites;

/// A labelled number, perhaps out of another, perhaps with a page behind it.
pub(crate) struct Line {
    pub label: String,
    pub value: String,
    pub of: Option<String>,
    pub href: Option<String>,
}

/// Something that waits, with the page where it is done.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct Wait {
    pub text: String,
    pub href: String,
}

/// A refusal's reason in the reader's words.
pub(crate) struct Because {
    pub code: String,
    pub text: String,
}

pub(crate) fn because(t: crate::tongue::Tongue, reasons: &[conduct::Reason]) -> Vec<Because> {
    reasons.iter().map(|r| Because { code: r.code.clone(), text: t.of(&r.text).to_owned() }).collect()
}
