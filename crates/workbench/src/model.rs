//! Covariates of a model as columns of numbers.
use std::borrow::Cow;

use serde::Deserialize;

use crate::WorkbenchError;
use crate::table::{Column, Table};

/// A numeric column, a treatment-coded factor (first level = reference), or a product of terms.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Covariate {
    Numeric(String),
    Factor { factor: String, levels: Vec<serde_json::Value> },
    Product { product: Vec<String> },
}

impl Covariate {
    /// The columns that the term reads.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Covariate::Numeric(name) | Covariate::Factor { factor: name, .. } => vec![name],
            Covariate::Product { product } => product.iter().map(String::as_str).collect(),
        }
    }
}

/// One term of a model: its name, and one named column per degree of freedom.
#[derive(Debug, Clone)]
pub struct DesignTerm {
    pub name: String,
    pub columns: Vec<(String, Vec<f64>)>,
}

/// The columns of every term, in the order of the specifications. A name inside a product means the term of that
/// name when there is one, else the numeric column.
pub fn design(table: &Table, specs: &[Covariate]) -> Result<Vec<DesignTerm>, WorkbenchError> {
    let mut terms: Vec<DesignTerm> = Vec::new();
    for spec in specs {
        let term = match spec {
            Covariate::Numeric(name) => numeric(table, name)?,
            Covariate::Factor { factor, levels } => {
                let levels: Vec<String> =
                    levels.iter().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_string)).collect();
                factor_term(table, factor, &levels)?
            }
            Covariate::Product { product } => {
                let mut columns: Vec<(String, Vec<f64>)> = Vec::new();
                for (k, name) in product.iter().enumerate() {
                    let part = match terms.iter().find(|t| &t.name == name) {
                        Some(t) => t.columns.clone(),
                        None => numeric(table, name)?.columns,
                    };
                    // The first factor varies fastest, as in R.
                    columns = if k == 0 {
                        part
                    } else {
                        part.iter()
                            .flat_map(|(n2, c2)| {
                                columns.iter().map(move |(n1, c1)| {
                                    let values = c1.iter().zip(c2).map(|(a, b)| a * b).collect();
                                    (format!("{n1}:{n2}"), values)
                                })
                            })
                            .collect()
                    };
                }
                DesignTerm { name: product.join(":"), columns }
            }
        };
        terms.push(term);
    }
    Ok(terms)
}

fn numeric(table: &Table, name: &str) -> Result<DesignTerm, WorkbenchError> {
    Ok(DesignTerm { name: name.into(), columns: vec![(name.into(), table.numbers(name)?)] })
}

fn factor_term(table: &Table, name: &str, levels: &[String]) -> Result<DesignTerm, WorkbenchError> {
    let codes = table.codes(name, levels)?;
    let columns = (1..levels.len())
        .map(|k| {
            let column = codes.iter().map(|&c| f64::from(u8::from(c == k))).collect();
            (format!("{name}{}", levels[k]), column)
        })
        .collect();
    Ok(DesignTerm { name: name.into(), columns })
}

/// For the command line: a text column becomes a factor with its levels in order, a number stays one.
pub fn by_type(table: &Table, name: &str) -> Result<Covariate, WorkbenchError> {
    Ok(match table.need(name)? {
        Column::Number(_) => Covariate::Numeric(name.into()),
        Column::Text(_) => Covariate::Factor {
            factor: name.into(),
            levels: table.levels(name)?.into_iter().map(serde_json::Value::String).collect(),
        },
    })
}

/// Names and columns of all terms.
pub fn flatten(terms: Vec<DesignTerm>) -> (Vec<String>, Vec<Cow<'static, [f64]>>) {
    terms.into_iter().flat_map(|t| t.columns).map(|(n, c)| (n, Cow::Owned(c))).unzip()
}
