//! Qualification: every record of a folder is recomputed through the public functions and compared.
mod case;
mod clustered;
mod compare;
mod competing;
mod cox;
mod diagnostic;
mod gee;
mod print;
mod proportion;
mod rank;
mod rmst;
mod root;
mod survival;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

pub use case::{Case, Skip, Values, number};
pub use print::{Format, qualification_record};

use crate::WorkbenchError;
use crate::prepare::{self, Expand, Stack};
use crate::table::Table;

/// A kind of computation. To add one, write a function and list it in a table below.
pub struct Method {
    pub name: &'static str,
    /// The entries of `model` and `params` that the function understands; a record with any other is not covered.
    pub keys: &'static [&'static str],
    pub run: fn(&Case) -> Result<Values, Skip>,
}

/// The tables of methods, by family.
const METHODS: &[&[Method]] = &[
    survival::METHODS,
    cox::METHODS,
    rmst::METHODS,
    competing::METHODS,
    proportion::METHODS,
    rank::METHODS,
    clustered::METHODS,
    gee::METHODS,
    diagnostic::METHODS,
];

/// One record of a reference file.
#[derive(Debug, Clone, Deserialize)]
pub struct Record {
    pub id: String,
    pub method: String,
    #[serde(default)]
    pub data: Option<String>,
    #[serde(default)]
    pub derive: Map<String, Value>,
    #[serde(default, deserialize_with = "one_or_several")]
    pub filter: Vec<String>,
    #[serde(default)]
    pub expand: Option<Expand>,
    #[serde(default)]
    pub stack: Vec<Stack>,
    #[serde(default, deserialize_with = "one_or_several")]
    pub filter_stacked: Vec<String>,
    #[serde(default)]
    pub model: Map<String, Value>,
    #[serde(default)]
    pub params: Map<String, Value>,
    #[serde(default)]
    pub tol: Map<String, Value>,
    pub values: Map<String, Value>,
    #[serde(default)]
    pub call: Option<String>,
    /// Package and version that made the values.
    #[serde(default)]
    pub engine: Map<String, Value>,
}

/// Conditions: a list, or one by itself.
fn one_or_several<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Conditions {
        One(String),
        Several(Vec<String>),
    }
    Ok(match Option::deserialize(from)? {
        None => Vec::new(),
        Some(Conditions::One(text)) => vec![text],
        Some(Conditions::Several(list)) => list,
    })
}

/// What became of one method's records.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Count {
    pub records: usize,
    pub matched: usize,
    pub wrong: usize,
    pub not_covered: usize,
    /// Largest |difference| / |reference| among the compared numbers of size 1e-6 or more.
    pub largest: f64,
}

/// A number that differs by more than its tolerance.
#[derive(Debug, Clone, PartialEq)]
pub struct Wrong {
    pub id: String,
    /// Name and place, such as `surv[3]`.
    pub place: String,
    pub reference: String,
    pub computed: String,
}

/// The outcome of a folder.
#[derive(Debug, Clone, Default)]
pub struct Qualification {
    pub methods: BTreeMap<String, Count>,
    pub wrong: Vec<Wrong>,
    /// Record, what is not covered, why.
    pub not_covered: Vec<(String, String)>,
}

impl Qualification {
    pub fn total(&self) -> Count {
        let mut total = Count::default();
        for c in self.methods.values() {
            total.records += c.records;
            total.matched += c.matched;
            total.wrong += c.wrong;
            total.not_covered += c.not_covered;
            total.largest = total.largest.max(c.largest);
        }
        total
    }

    /// The last line of the text output.
    pub fn summary(&self) -> String {
        let t = self.total();
        format!(
            "matched {} of {} numbers; wrong {}; not covered {}",
            t.matched,
            t.matched + t.wrong + t.not_covered,
            t.wrong,
            t.not_covered
        )
    }
}

/// Recomputes every record of `folder` (`reference/*.json`, `data/*.csv`) and writes the outcome.
pub fn reference(
    folder: &Path,
    format: Format,
    out: &mut dyn Write,
) -> Result<Qualification, WorkbenchError> {
    let outcome = qualify(folder)?;
    print::write(&outcome, format, out)?;
    Ok(outcome)
}

/// The same without printing.
pub fn qualify(folder: &Path) -> Result<Qualification, WorkbenchError> {
    let records = folder.join("reference");
    let place = if records.is_dir() { records } else { folder.to_path_buf() };
    let listing =
        std::fs::read_dir(&place).map_err(|source| WorkbenchError::File { path: place.clone(), source })?;
    let mut files: Vec<_> = listing
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(WorkbenchError::Records { path: place, why: "there is no .json file".into() });
    }
    let mut outcome = Qualification::default();
    let mut tables = BTreeMap::new();
    for path in files {
        let refuse = |why: String| WorkbenchError::Records { path: path.clone(), why };
        let text = std::fs::read_to_string(&path)
            .map_err(|source| WorkbenchError::File { path: path.clone(), source })?;
        let list: Vec<Value> = serde_json::from_str(&text).map_err(|e| refuse(e.to_string()))?;
        for value in list {
            let name = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or("?").to_string();
            let (id, method) = (name("id"), name("method"));
            let expected = value.get("values").cloned().unwrap_or(Value::Null);
            let tolerance = value.get("tol").and_then(Value::as_object).cloned().unwrap_or_default();
            let computed = match serde_json::from_value::<Record>(value) {
                Ok(record) => recompute(&record, folder, &mut tables),
                Err(why) => Err(Skip::new(format!("the record cannot be read: {why}"))),
            };
            compare::record(&mut outcome, &id, &method, &expected, &tolerance, computed);
        }
    }
    Ok(outcome)
}

fn recompute(record: &Record, folder: &Path, tables: &mut BTreeMap<String, Table>) -> Result<Values, Skip> {
    let method = METHODS
        .iter()
        .flat_map(|table| table.iter())
        .find(|m| m.name == record.method)
        .ok_or_else(|| Skip::new(format!("no method {}", record.method)))?;
    let keys = record.model.keys().chain(record.params.keys());
    for key in keys {
        if !method.keys.contains(&key.as_str()) {
            return Err(Skip::new(format!("{} does not know \"{key}\"", record.method)));
        }
    }
    let table = match &record.data {
        None => None,
        Some(name) => {
            if !tables.contains_key(name) {
                tables.insert(name.clone(), Table::read(&folder.join(name))?);
            }
            tables.get(name).cloned()
        }
    };
    let table = match table {
        None => None,
        Some(mut table) => {
            prepare::derive(&mut table, &record.derive)?;
            prepare::filter(&mut table, &record.filter)?;
            if let Some(step) = &record.expand {
                table = prepare::expand(&table, step)?;
            }
            if !record.stack.is_empty() {
                table = prepare::stack(&table, &record.stack)?;
            }
            prepare::filter(&mut table, &record.filter_stacked)?;
            Some(table)
        }
    };
    (method.run)(&Case { record, table })
}
