//! A result is a row of data, and carries what it rests on.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use words::Text;

/// One number with its name. Display is the report's job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The planned analysis' id.
    pub analysis: String,
    /// Analysis set id.
    pub set: String,
    /// Arm id, or `null` for all together or a comparison.
    pub group: Option<String>,
    /// Endpoint, item or other thing measured.
    pub variable: String,
    /// Category, contrast (`B/A`), grade, site, month.
    pub level: Option<String>,
    /// Time since the endpoint's start, in days, where the statistic is at a time.
    pub time: Option<f64>,
    /// Name of the statistic: `survival`, `lower`, `upper`, `median`, `hazard_ratio`, `p`, `n`, `events`, `at_risk`, ...
    pub stat: String,
    /// `null` means not estimable or not reached; then `warning` says why.
    pub value: Option<f64>,
    /// `kaplan-meier`, `log-rank`, `cox`, `count`, ...
    pub method: String,
    /// Conventions by name: `conf_type=log-log`, `level=0.9`, `ties=efron`.
    pub options: Vec<(String, String)>,
    /// Participants that entered, and those left out because a value was missing.
    pub n: Option<u32>,
    pub missing: Option<u32>,
    pub warning: Option<Text>,
    /// Data cut-off: what is dated up to this day.
    pub cutoff: Date,
    /// Ledger position: what was known up to this entry.
    pub seq: u64,
}

impl Row {
    /// The row's address among the rows of one run: the same in every run of the same protocol, at any cut-off.
    /// Columns are parted by `|`, empty ones stay empty: `os|randomised|A|os|5 years|1826.25|survival|kaplan-meier`.
    pub fn key(&self) -> String {
        let clean = |s: &str| s.replace('|', "/");
        let time = self.time.map(|t| t.to_string()).unwrap_or_default();
        [
            &self.analysis,
            &self.set,
            self.group.as_deref().unwrap_or(""),
            &self.variable,
            self.level.as_deref().unwrap_or(""),
            &time,
            &self.stat,
            &self.method,
        ]
        .map(clean)
        .join("|")
    }
}

/// A file from which data were taken over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImportedFile {
    pub name: String,
    /// SHA-256.
    pub file: String,
    pub source: Text,
    /// What is no fact of the file but was made up, such as calendar dates.
    pub constructed: Vec<Text>,
}

/// The rows of one run with what they are a function of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    pub study: String,
    /// `real`, `simulated`, `completed`.
    pub nature: String,
    pub protocol_version: String,
    pub protocol: String,
    pub cutoff: Date,
    /// Ledger position P and the hash there.
    pub seq: u64,
    pub head: String,
    pub engine: String,
    /// Files from which the data were taken over; none for data that were entered here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub imported: Vec<ImportedFile>,
    pub rows: Vec<Row>,
    /// The same numbers by other software, where the study folder has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<crate::Agreement>,
}
