//! Options that several commands share.

use clap::ValueEnum;
use jiff::civil::Date;
use panel::Place;
use words::Lang;

/// Where an analysis stands: which ledger, which cut-off, as known when.
#[derive(clap::Args)]
pub struct At {
    #[arg(long, value_name = "FILE|URL")]
    pub ledger: String,
    /// Facts dated up to this day; the last day in the ledger if absent
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub cutoff: Option<Date>,
    /// As known at this ledger position or time; the head if absent
    #[arg(long, value_name = "SEQ|TIME")]
    pub as_of: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
}

pub fn lang(tag: &str) -> Result<Lang, String> {
    Lang::from_tag(tag).ok_or_else(|| format!("`{tag}` is not a language that shirube speaks; use ja or en"))
}

pub fn place(code: &str) -> Result<Place, String> {
    Place::from_code(code)
        .ok_or_else(|| format!("`{code}` is not a jurisdiction that is on file; use JP, US or EU"))
}
