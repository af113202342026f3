//! Numbers of other software for the same data, beside ours: which, by which call, and how far apart they are.

use crate::{Results, Row};
use serde::{Deserialize, Serialize};

/// The file `reference.json` of a study folder.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// `R 4.2.2 survival 3.5-3`.
    pub engine: String,
    /// The script that makes the file, in the same folder.
    pub made_by: String,
    /// The file on which it was run; the numbers hold for it alone.
    pub data: ReferenceData,
    /// What the names in the calls mean.
    pub prepared: String,
    pub records: Vec<Record>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReferenceData {
    pub name: String,
    pub sha256: String,
}

/// One number and the row that it belongs to.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    pub analysis: String,
    pub method: String,
    #[serde(default)]
    pub group: Option<String>,
    #[serde(default)]
    pub level: Option<String>,
    /// The row's option of this name.
    #[serde(default)]
    pub contrast: Option<String>,
    pub stat: String,
    pub value: f64,
    /// For a number that is the difference of two large ones: the size against which a deviation is measured.
    #[serde(default)]
    pub scale: Option<f64>,
    pub call: String,
}

/// Ours beside theirs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    pub engine: String,
    pub made_by: String,
    pub prepared: String,
    pub numbers: Vec<Agreed>,
    /// The largest deviation; `null` when a number has no counterpart here.
    pub worst: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agreed {
    pub analysis: String,
    pub method: String,
    pub group: Option<String>,
    pub level: Option<String>,
    pub contrast: Option<String>,
    pub stat: String,
    /// Without value: no row of this run answers it.
    pub ours: Option<f64>,
    pub theirs: f64,
    /// |ours - theirs| / |theirs|, or against the record's scale; absolute where theirs is 0.
    pub deviation: Option<f64>,
    pub call: String,
}

impl Reference {
    /// Reads the text of `reference.json`. The error tells what and where.
    pub fn read(text: &str) -> Result<Reference, String> {
        serde_json::from_str(text).map_err(|e| e.to_string())
    }

    /// The comparison for one run, or `None` when the run is of other data.
    pub fn beside(&self, results: &Results) -> Option<Agreement> {
        results.imported.iter().any(|i| i.file == self.data.sha256).then(|| self.compare(results))
    }

    fn compare(&self, results: &Results) -> Agreement {
        let numbers: Vec<Agreed> = self.records.iter().map(|record| record.beside(results)).collect();
        let all = numbers.iter().map(|n| n.deviation);
        let worst = all.collect::<Option<Vec<f64>>>().map(|all| all.into_iter().fold(0.0, f64::max));
        Agreement {
            engine: self.engine.clone(),
            made_by: self.made_by.clone(),
            prepared: self.prepared.clone(),
            numbers,
            worst,
        }
    }
}

impl Record {
    fn beside(&self, results: &Results) -> Agreed {
        let ours = results.rows.iter().find(|row| self.names(row)).and_then(|row| row.value);
        let scale = self.scale.unwrap_or(self.value.abs());
        let deviation = ours.map(|ours| {
            let apart = (ours - self.value).abs();
            if scale > 0.0 { apart / scale } else { apart }
        });
        Agreed {
            analysis: self.analysis.clone(),
            method: self.method.clone(),
            group: self.group.clone(),
            level: self.level.clone(),
            contrast: self.contrast.clone(),
            stat: self.stat.clone(),
            ours,
            theirs: self.value,
            deviation,
            call: self.call.clone(),
        }
    }

    fn names(&self, row: &Row) -> bool {
        let contrast = row.options.iter().find(|(k, _)| k == "contrast").map(|(_, v)| v);
        row.analysis == self.analysis
            && row.method == self.method
            && row.group == self.group
            && row.level == self.level
            && row.stat == self.stat
            && self.contrast.as_ref().is_none_or(|c| contrast == Some(c))
    }
}
