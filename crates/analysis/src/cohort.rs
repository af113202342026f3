//! What the analyses read of each participant: plain data, gathered once from the view.

use jiff::civil::Date;
use rules::Value;
use std::collections::{BTreeMap, BTreeSet};
use words::{PartialDate, Text};

/// Everything that one run looks at, as it stood at the cut-off.
#[derive(Clone, Debug)]
pub(crate) struct Cohort {
    pub cutoff: Date,
    pub sites: Vec<(String, Text)>,
    /// In the order of their numbers.
    pub people: Vec<Person>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Person {
    pub id: u32,
    pub site: String,
    pub steps: BTreeMap<String, Registered>,
    /// Allocation to arm.
    pub arms: BTreeMap<String, String>,
    pub facts: BTreeMap<String, Found>,
    /// Steps for which the participant was found ineligible afterwards.
    pub ineligible: BTreeSet<String>,
    /// Per step the reason of the last refused attempt, as flow rows write it.
    pub refused: BTreeMap<String, String>,
    pub off_treatment: Option<Date>,
    pub withdrew_treatment: Option<Date>,
    pub withdrew_follow_up: Option<Date>,
    pub withdrew_data: Option<Date>,
    /// Conditions of the analysis sets.
    pub sets: BTreeMap<String, Tri>,
    /// Rules of proportions, by analysis.
    pub rules: BTreeMap<String, Tri>,
    /// Items that analyses name, by path.
    pub values: BTreeMap<String, Value>,
    /// Records of a table of grades, by analysis.
    pub records: BTreeMap<String, Vec<Graded>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Registered {
    pub on: Date,
    pub cancelled: bool,
}

/// A dated fact at the cut-off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    On(Date),
    /// It happened, on a day that is not fully known.
    Within(PartialDate),
    Absent,
    /// It cannot be told whether it happened, because of these items.
    Unknown(Vec<String>),
}

/// A rule's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tri {
    True,
    False,
    /// Because of these items.
    Unknown(Vec<String>),
}

/// One record of a form of adverse events that counts, or may count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Graded {
    pub term: Option<String>,
    /// The system of the term, where the analysis names an item for it.
    pub system: Option<String>,
    pub grade: Option<u8>,
    /// The analysis' condition on the record; a record that is `False` is not here.
    pub counts: Tri,
}

impl Person {
    /// The day of a registration that holds.
    pub(crate) fn registered(&self, step: &str) -> Option<Date> {
        self.steps.get(step).filter(|r| !r.cancelled).map(|r| r.on)
    }

    pub(crate) fn fact(&self, id: &str) -> &Found {
        self.facts.get(id).unwrap_or(&Found::Absent)
    }
}

/// The name under which a value is counted; `None` for a missing value.
pub(crate) fn level(value: &Value) -> Option<String> {
    match value {
        Value::Missing(_) | Value::List(_) => None,
        Value::Boolean(b) => Some(b.to_string()),
        Value::Integer(n) => Some(n.to_string()),
        Value::Decimal(d) => Some(d.normalize().to_string()),
        Value::Code(c) => Some(c.to_string()),
        Value::Text(t) => Some(t.to_string()),
        Value::Date(d) => Some(d.to_string()),
        Value::Duration(d) => Some(d.to_string()),
    }
}

/// A list of participants for a warning: all of them up to thirty, then how many more.
pub(crate) fn listed(ids: &[u32]) -> Text {
    let shown: Vec<String> = ids.iter().take(30).map(u32::to_string).collect();
    let more = ids.len().saturating_sub(shown.len());
    let (ja, en) = (shown.join("、"), shown.join(", "));
    if more == 0 {
        Text::new(ja, en)
    } else {
        Text::new(format!("{ja}、ほか{more}人"), format!("{en} and {more} more"))
    }
}
