//! What a map says: which column is which participant, step, form and item.

use indexmap::IndexMap;
use jiff::civil::Date;
use protocol::Entered;
use schemars::JsonSchema;
use serde::Deserialize;
use words::{Decimal, Text};

/// A map that keeps the order of the file.
pub type Ordered<T> = IndexMap<String, T>;

/// How a CSV file becomes registrations and forms of a study.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Map {
    /// The study into which the data go, as its protocol calls itself.
    pub study: String,
    /// Where the file is from, and under which licence. The ledger keeps this.
    pub source: Text,
    pub file: FileSpec,
    pub recorded: Recorded,
    /// People to whom the new study gives a role, by id.
    pub people: Ordered<MapPerson>,
    /// Sites of the new study, by id.
    pub sites: Ordered<MapSite>,
    /// The day from which day numbers count, and on which steps may be.
    #[serde(default)]
    pub day_zero: Option<DayZero>,
    pub participant: ParticipantSpec,
    /// Kinds of rows, where a participant has more than one. Without it each participant has one row.
    #[serde(default)]
    pub rows: Ordered<RowKind>,
    /// Registrations, in the order of the protocol.
    pub steps: Ordered<StepMap>,
    /// Forms beside those of the steps.
    #[serde(default)]
    pub forms: Vec<FormMap>,
    /// Columns that are left out, each with the reason.
    #[serde(default)]
    pub ignore: Ordered<Text>,
}

#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileSpec {
    /// How characters are written in the file. Never guessed.
    pub encoding: Encoding,
    #[serde(default)]
    pub delimiter: Delimiter,
    /// What the file writes where there is no value, and which kind of missing that is: `{ NA: unknown }`. An empty
    /// field is written `''`.
    #[serde(default)]
    pub missing: Ordered<Kind>,
    /// SHA-256 of the file for which the map was made; another file is refused.
    #[serde(default)]
    pub sha256: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    #[serde(rename = "utf-8")]
    Utf8,
    #[serde(rename = "shift_jis")]
    ShiftJis,
    /// Latin-1 as Windows writes it.
    #[serde(rename = "windows-1252")]
    Windows1252,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Delimiter {
    #[default]
    Comma,
    Semicolon,
    Tab,
}

/// Kinds of missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    NotYetKnown,
    Unknown,
    NotDone,
    NotApplicable,
}

/// The moment and the person of every entry. Places down, so that the same import gives the same ledger.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// A moment in UTC: `2026-11-20T00:00:00Z`.
    pub at: String,
    /// One of `people`, a data manager.
    pub by: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MapPerson {
    pub ja: String,
    pub en: String,
    /// `data_manager`, `statistician` and so on; not a role of a site.
    pub role: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MapSite {
    pub ja: String,
    pub en: String,
    /// `JP`, `US`.
    pub country: String,
}

/// Either a column that holds the day, or one day for everybody, which is then constructed and says so.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DayZero {
    #[serde(default)]
    pub column: Option<String>,
    #[serde(default)]
    pub format: DateFormat,
    #[serde(default)]
    pub date: Option<Date>,
    /// With `date`: that it is made up, and how, in words. The ledger, the pages and the report repeat it.
    #[serde(default)]
    pub constructed: Option<Text>,
}

#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParticipantSpec {
    /// The column by which rows belong to one participant.
    pub key: Key,
    /// The site: `constant`, or `column`, with `codes` where the file writes it otherwise.
    pub site: Source,
}

#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Key {
    pub column: String,
}

/// Rows for which each of the named columns holds exactly this text.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowKind {
    pub when: Ordered<String>,
    #[serde(default)]
    pub count: Count,
}

/// How many rows of this kind each participant has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    #[default]
    One,
    /// None or one.
    Optional,
    /// None or more; for a form that repeats.
    Any,
}

#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepMap {
    /// The day of registration.
    pub on: Source,
    /// The arm as the file tells it, at a step whose allocation is decided outside.
    #[serde(default)]
    pub arm: Option<Source>,
    /// Items of the step's form.
    pub values: Ordered<Source>,
}

#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FormMap {
    pub form: String,
    /// The visit of the schedule to which it belongs, where it belongs to one.
    #[serde(default)]
    pub visit: Option<String>,
    /// The kind of rows that it is read from: one row, or for a form that repeats one record a row.
    #[serde(default)]
    pub rows: Option<String>,
    /// Items of the form.
    pub values: Ordered<Source>,
}

/// Where a value comes from: one of `column`, `constant` and `day_zero`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    #[serde(default)]
    pub column: Option<String>,
    /// The same for everybody.
    #[serde(default)]
    pub constant: Option<Entered>,
    /// The participant's day zero.
    #[serde(default)]
    pub day_zero: bool,
    /// The kind of rows in which the column is read. Without it the column must say the same in all the participant's
    /// rows; in a form that names its rows, it is read there.
    #[serde(default)]
    pub rows: Option<String>,
    /// From what the file writes to what the form takes. Anything else is then a mistake.
    #[serde(default)]
    pub codes: Ordered<Entered>,
    /// As `missing` of the file, for this column.
    #[serde(default)]
    pub missing: Ordered<Kind>,
    /// The column counts days, and the value is the date that many days after day zero.
    #[serde(default)]
    pub days_after_day_zero: bool,
    #[serde(default)]
    pub format: DateFormat,
    /// The unit in which the file has it; needed where the item has one. If it is another, `factor` converts.
    #[serde(default)]
    pub unit: Option<String>,
    /// What the file's number is multiplied by.
    #[serde(default)]
    #[schemars(schema_with = "protocol::decimal")]
    pub factor: Option<Decimal>,
}

/// How dates are written. Never guessed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DateFormat {
    /// `2024-03-05`, also `2024-03-UK`.
    #[default]
    #[serde(rename = "YYYY-MM-DD")]
    Iso,
    /// `2024/3/5`
    #[serde(rename = "YYYY/M/D")]
    Slashes,
    /// `20240305`
    #[serde(rename = "YYYYMMDD")]
    Digits,
    /// `5/3/2024`, the day first.
    #[serde(rename = "D/M/YYYY")]
    DayFirst,
    /// `3/5/2024`, the month first.
    #[serde(rename = "M/D/YYYY")]
    MonthFirst,
}
