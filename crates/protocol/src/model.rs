//! What a protocol says, as plain data. The YAML of a study folder reads into these types, and their canonical
//! JSON is what a ledger adopts and hashes. References between parts are ids; `check` makes sure they meet.

mod analysis;
mod form;
mod steps;

pub use analysis::*;
pub use form::*;
pub use steps::*;

use indexmap::IndexMap;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use words::Text;

/// A map that keeps the order of the file: arms, steps and forms are shown as they were written.
pub type Ordered<T> = IndexMap<String, T>;

/// A whole study: `protocol.yaml` with the files of `forms/`, `test-patients.yaml` and `published.yaml` beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// The study's short name, as it is printed and as the ledger calls it: `JCOG1017`.
    pub study: String,
    /// The protocol version as the group writes it: `1.3`.
    pub version: String,
    /// The day from which this version holds.
    pub effective: Date,
    /// The full title.
    pub title: Text,
    /// One paragraph for the overview page.
    #[serde(default)]
    pub summary: Text,
    /// Registry name to identifier: `jrct: jRCTs031180151`.
    #[serde(default)]
    pub registry: BTreeMap<String, String>,
    /// IANA name; a cut-off day ends at midnight there.
    pub timezone: String,
    /// In the order in which they are shown; none in a study without groups.
    #[serde(default)]
    pub arms: Ordered<Arm>,
    /// Documents given to participants or read by sites, by id.
    #[serde(default)]
    pub documents: Ordered<Document>,
    /// Papers a site must have before it may register, by kind.
    #[serde(default)]
    pub approvals: Ordered<Approval>,
    /// The plan against which accrual is shown.
    pub accrual: Accrual,
    /// Registrations, in order.
    pub steps: Ordered<Step>,
    /// Case report forms.
    pub forms: Ordered<Form>,
    /// Visits at which forms fall due.
    #[serde(default)]
    pub schedule: Ordered<Visit>,
    /// How arms are given.
    #[serde(default)]
    pub allocation: Ordered<Allocation>,
    /// Dated facts read from forms: death, progression, last contact.
    #[serde(default)]
    pub facts: Ordered<Fact>,
    /// Times from a step to a fact.
    #[serde(default)]
    pub endpoints: Ordered<Endpoint>,
    /// What may happen after the start and change what a time means.
    #[serde(default)]
    pub intercurrent: Ordered<Intercurrent>,
    /// Analysis sets: who is counted.
    #[serde(default)]
    pub sets: Ordered<AnalysisSet>,
    /// What the sample size rests on.
    #[serde(default)]
    pub design: Option<Design>,
    /// Planned analyses, in the order of the report.
    #[serde(default)]
    pub analyses: Ordered<Analysis>,
    /// Patients with known answers, by name; loading the protocol runs them.
    #[serde(default)]
    pub test_patients: Ordered<TestPatient>,
    /// What was published, number by number, with its source.
    #[serde(default)]
    pub published: Vec<Published>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    pub ja: String,
    pub en: String,
    /// Label for figures, when the name is long.
    #[serde(default)]
    pub short: Option<Text>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Document {
    pub ja: String,
    pub en: String,
    pub kind: DocumentKind,
    /// Versions in order, each with the day from which it is used.
    pub versions: Ordered<Date>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    Consent,
    Protocol,
    Letter,
    Other,
}

/// A paper that a site must have: ethics approval, permission of the hospital's head, the notice to start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    pub ja: String,
    pub en: String,
    /// Whether each protocol version needs its own.
    #[serde(default = "yes")]
    pub per_version: bool,
}

pub(crate) fn yes() -> bool {
    true
}

/// The plan against which accrual is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Accrual {
    /// The step that counts.
    pub step: String,
    /// How many participants.
    pub planned: u32,
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
}

/// One published number. `row` names the result row that answers it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Published {
    pub id: String,
    pub ja: String,
    pub en: String,
    /// As printed, without unit: `0.857`.
    pub value: String,
    /// `%` where the row holds a share of 1, `months` or `years` where it holds days; none where both are the same.
    #[serde(default)]
    pub unit: Option<String>,
    /// Where it was published.
    pub source: String,
    /// Whether it is printed there, worked out from what is printed, or not clear.
    #[serde(default)]
    pub certainty: Certainty,
    /// The id of an earlier entry that another source tells differently. Both are kept and shown.
    #[serde(default)]
    pub conflicts_with: Option<String>,
    /// How the number was read or worked out, where it is not printed as such.
    #[serde(default)]
    pub note: Option<Text>,
    /// The result row that answers it.
    #[serde(default)]
    pub row: Option<RowName>,
}

/// How sure it is that a source says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    #[default]
    Printed,
    /// Worked out from printed numbers; `note` says how.
    WorkedOut,
    /// The source can be read in more than one way; `note` says how it was read.
    Unclear,
}

/// A result row by the columns that single it out; a column that is not given must be empty in the row, except
/// `variable` and `method`, which then may be any.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowName {
    pub analysis: String,
    pub stat: String,
    #[serde(default)]
    pub variable: Option<String>,
    #[serde(default)]
    pub method: Option<String>,
    #[serde(default)]
    pub group: Option<String>,
    #[serde(default)]
    pub level: Option<String>,
    #[serde(default)]
    pub time: Option<String>,
}

/// A made-up patient with the verdicts that the protocol must give.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestPatient {
    pub ja: String,
    pub en: String,
    /// Another test patient whose values hold where this one gives none.
    #[serde(default)]
    pub like: Option<String>,
    /// Values by path (`form.item`), written as on the form.
    #[serde(default)]
    pub values: Ordered<Entered>,
    /// Step to the verdict it must give.
    pub expect: Ordered<Expected>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Expected {
    Eligible,
    /// The criteria that fail, all of them.
    Ineligible(Vec<String>),
    /// The items that are missing, all of them.
    CannotTell(Vec<String>),
}
