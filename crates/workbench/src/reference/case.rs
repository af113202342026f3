//! A record with its prepared rows, as the methods read it.
use serde_json::{Map, Value};

use super::Record;
use crate::WorkbenchError;
use crate::model::{Covariate, DesignTerm, design};
use crate::table::Table;

/// Why a record is not covered.
#[derive(Debug, Clone, PartialEq)]
pub struct Skip {
    pub reason: String,
}

impl Skip {
    pub fn new(reason: impl Into<String>) -> Skip {
        Skip { reason: reason.into() }
    }
}

impl From<WorkbenchError> for Skip {
    fn from(e: WorkbenchError) -> Skip {
        Skip::new(e.to_string())
    }
}

impl From<stats::StatsError> for Skip {
    fn from(e: stats::StatsError) -> Skip {
        Skip::new(e.to_string())
    }
}

/// Computed values by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Values {
    values: Map<String, Value>,
    /// Why a value is not computed.
    skipped: Map<String, Value>,
}

impl Values {
    pub fn from_map(map: Map<String, Value>) -> Values {
        Values { values: map, skipped: Map::new() }
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    pub fn set(&mut self, name: &str, value: Value) -> &mut Values {
        self.values.insert(name.to_string(), value);
        self
    }

    /// Says why a value is not computed.
    pub fn skip(&mut self, name: &str, why: &str) -> &mut Values {
        self.skipped.insert(name.to_string(), Value::String(why.into()));
        self
    }

    pub fn why_skipped(&self, name: &str) -> Option<&str> {
        self.skipped.get(name).and_then(Value::as_str)
    }

    /// Takes values back: the reference follows a convention that the record does not fix.
    pub fn withhold(&mut self, names: &[&str], why: &str) {
        for name in names {
            self.values.remove(*name);
            self.skip(name, why);
        }
    }

    pub fn number(&mut self, name: &str, value: f64) -> &mut Values {
        self.set(name, number(value))
    }

    pub fn list(&mut self, name: &str, values: impl IntoIterator<Item = f64>) -> &mut Values {
        self.set(name, Value::Array(values.into_iter().map(number).collect()))
    }

    pub fn optional(&mut self, name: &str, value: Option<f64>) -> &mut Values {
        self.set(name, optional(value))
    }

    pub fn optional_list(
        &mut self,
        name: &str,
        values: impl IntoIterator<Item = Option<f64>>,
    ) -> &mut Values {
        self.set(name, Value::Array(values.into_iter().map(optional).collect()))
    }

    pub fn rows(&mut self, name: &str, rows: impl IntoIterator<Item = Vec<f64>>) -> &mut Values {
        let rows = rows.into_iter().map(|r| Value::Array(r.into_iter().map(number).collect())).collect();
        self.set(name, Value::Array(rows))
    }

    pub fn texts(&mut self, name: &str, texts: impl IntoIterator<Item = String>) -> &mut Values {
        self.set(name, Value::Array(texts.into_iter().map(Value::String).collect()))
    }
}

/// A number as records write it: infinities as text, NaN as null.
pub fn number(x: f64) -> Value {
    if x == f64::INFINITY {
        Value::String("Inf".into())
    } else if x == f64::NEG_INFINITY {
        Value::String("-Inf".into())
    } else {
        serde_json::Number::from_f64(x).map_or(Value::Null, Value::Number)
    }
}

pub fn optional(x: Option<f64>) -> Value {
    x.map_or(Value::Null, number)
}

/// A record and its prepared rows.
pub struct Case<'a> {
    pub record: &'a Record,
    pub table: Option<Table>,
}

impl Case<'_> {
    pub fn table(&self) -> Result<&Table, Skip> {
        self.table.as_ref().ok_or_else(|| Skip::new("the record names no data file"))
    }

    /// The complete cases in the columns that the model names under `keys` (names, lists of names or covariates).
    pub fn rows(&self, keys: &[&str]) -> Result<Table, Skip> {
        let mut used = Vec::new();
        for key in keys {
            if let Some(value) = self.record.model.get(*key) {
                columns_of(value, &mut used);
            }
        }
        let used: Vec<&str> = used.iter().map(String::as_str).collect();
        Ok(self.table()?.complete(&used)?)
    }

    pub fn has(&self, key: &str) -> bool {
        self.record.model.contains_key(key)
    }

    /// A text of `model`.
    pub fn name(&self, key: &str) -> Result<&str, Skip> {
        self.record
            .model
            .get(key)
            .and_then(Value::as_str)
            .ok_or_else(|| Skip::new(format!("model.{key} is not a text")))
    }

    /// A list of texts of `model`, empty when absent; a single text counts as a list of one.
    pub fn names(&self, key: &str) -> Result<Vec<&str>, Skip> {
        let refuse = || Skip::new(format!("model.{key} is not a list of texts"));
        match self.record.model.get(key) {
            None => Ok(Vec::new()),
            Some(Value::String(s)) => Ok(vec![s.as_str()]),
            Some(Value::Array(items)) => items.iter().map(|i| i.as_str().ok_or_else(refuse)).collect(),
            Some(_) => Err(refuse()),
        }
    }

    pub fn number(&self, key: &str) -> Result<f64, Skip> {
        self.optional_number(key)?.ok_or_else(|| Skip::new(format!("params.{key} is absent")))
    }

    pub fn optional_number(&self, key: &str) -> Result<Option<f64>, Skip> {
        match self.record.params.get(key).or_else(|| self.record.model.get(key)) {
            None | Some(Value::Null) => Ok(None),
            Some(v) => v.as_f64().map(Some).ok_or_else(|| Skip::new(format!("{key} is not a number"))),
        }
    }

    pub fn numbers(&self, key: &str) -> Result<Vec<f64>, Skip> {
        let refuse = || Skip::new(format!("params.{key} is not a list of numbers"));
        match self.record.params.get(key) {
            Some(Value::Array(items)) => items.iter().map(|v| v.as_f64().ok_or_else(refuse)).collect(),
            Some(v) => v.as_f64().map(|x| vec![x]).ok_or_else(refuse),
            None => Err(refuse()),
        }
    }

    pub fn text(&self, key: &str) -> Result<Option<&str>, Skip> {
        match self.record.params.get(key) {
            None => Ok(None),
            Some(v) => v.as_str().map(Some).ok_or_else(|| Skip::new(format!("params.{key} is not a text"))),
        }
    }

    /// Confidence level, 0.95 unless the record says otherwise.
    pub fn conf_level(&self) -> Result<f64, Skip> {
        Ok(self.optional_number("conf_level")?.unwrap_or(0.95))
    }

    /// The column `key` of the model as true (1) and false (0).
    pub fn flags(&self, rows: &Table, key: &str) -> Result<Vec<bool>, Skip> {
        let name = self.name(key)?;
        rows.numbers(name)?
            .into_iter()
            .map(|x| match x {
                0.0 => Ok(false),
                1.0 => Ok(true),
                _ => Err(Skip::new(format!("column {name} holds {x} where 0 or 1 is needed"))),
            })
            .collect()
    }

    /// Columns and names of the covariates.
    pub fn design(&self, rows: &Table) -> Result<Vec<DesignTerm>, Skip> {
        let list = match self.record.model.get("covariates") {
            Some(Value::Array(items)) => items.clone(),
            Some(single) => vec![single.clone()],
            None => Vec::new(),
        };
        let specs: Vec<Covariate> = list
            .into_iter()
            .map(|v| serde_json::from_value(v).map_err(|e| Skip::new(format!("covariates: {e}"))))
            .collect::<Result<_, _>>()?;
        Ok(design(rows, &specs)?)
    }

    /// Infinity as the record writes it at this place of a value: JSON has none, and some writers put null.
    pub fn infinity(&self, name: &str, place: Option<usize>) -> Option<f64> {
        let value = self.record.values.get(name);
        let cell = place.map_or(value, |k| value.and_then(|v| v.get(k).or(Some(v))));
        (!cell.is_some_and(Value::is_null)).then_some(f64::INFINITY)
    }

    /// A column's name in the record: derived columns may be called by their expression.
    pub fn term_names(&self, names: Vec<String>, expected: &str) -> Vec<String> {
        let listed = self.record.values.get(expected).and_then(Value::as_array);
        names
            .into_iter()
            .enumerate()
            .map(|(i, name)| {
                let derived = self.record.derive.get(&name).and_then(Value::as_str);
                match (derived, listed.and_then(|l| l.get(i)).and_then(Value::as_str)) {
                    (Some(text), Some(label)) if text == label => text.to_string(),
                    _ => name,
                }
            })
            .collect()
    }
}

fn columns_of(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::String(name) => out.push(name.clone()),
        Value::Array(items) => items.iter().for_each(|v| columns_of(v, out)),
        Value::Object(items) => {
            for key in ["factor", "product"] {
                if let Some(inner) = items.get(key) {
                    columns_of(inner, out);
                }
            }
        }
        _ => {}
    }
}
