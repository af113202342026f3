//! The rows and columns that a method of the command line reads.
use serde_json::{Map, Value};
use stats::survival::{ConfType, NearTies, Survival, Ties};

use super::StatsArgs;
use crate::WorkbenchError;
use crate::model::{Covariate, DesignTerm, by_type, design};
use crate::prepare;
use crate::table::{Column, Table};

/// The prepared table; empty when no file was given.
pub struct Input {
    pub table: Table,
}

/// Reads `--data` and applies `--derive` and `--filter`.
pub(super) fn load(args: &StatsArgs) -> Result<Input, WorkbenchError> {
    let Some(path) = &args.data else { return Ok(Input { table: Table::default() }) };
    let mut table = Table::read(path)?;
    let mut derived = Map::new();
    for entry in &args.derive {
        let (name, text) = entry
            .split_once('=')
            .ok_or_else(|| WorkbenchError::Usage(format!("--derive {entry}: NAME=EXPRESSION is needed")))?;
        derived.insert(name.trim().into(), Value::String(text.trim().into()));
    }
    prepare::derive(&mut table, &derived)?;
    prepare::filter(&mut table, &args.filter)?;
    Ok(Input { table })
}

/// Complete cases of a time-to-event analysis.
pub struct Followed {
    pub table: Table,
    pub entry: Option<Vec<f64>>,
    pub time: Vec<f64>,
    pub event: Vec<bool>,
    pub group: Vec<usize>,
    pub levels: Vec<String>,
    pub strata: Option<Vec<usize>>,
    pub weights: Option<Vec<f64>>,
    pub offset: Option<Vec<f64>>,
    pub cluster: Option<Vec<usize>>,
    /// Rows left out because a column that is used is missing.
    pub missing: usize,
}

impl Followed {
    pub fn read(args: &StatsArgs, input: &Input) -> Result<Followed, WorkbenchError> {
        Followed::read_as(args, input, false)
    }

    /// `causes`: the event column holds causes, so it is not read as yes or no.
    pub fn read_as(args: &StatsArgs, input: &Input, causes: bool) -> Result<Followed, WorkbenchError> {
        let time = need(&args.time, "--time")?;
        let event = need(&args.event, "--event")?;
        let specs = covariates(args, &input.table)?;
        let mut used: Vec<&str> = vec![time, event];
        for name in [&args.entry, &args.group, &args.weights, &args.offset, &args.cluster] {
            used.extend(name.as_deref());
        }
        used.extend(args.strata.iter().map(String::as_str));
        for spec in &specs {
            match spec {
                Covariate::Numeric(name) | Covariate::Factor { factor: name, .. } => used.push(name),
                Covariate::Product { product } => used.extend(product.iter().map(String::as_str)),
            }
        }
        let table = input.table.complete(&used)?;
        let missing = input.table.rows() - table.rows();
        if table.rows() == 0 {
            return Err(WorkbenchError::Data(format!(
                "no row is left: {} after --filter, none of them complete in {}",
                input.table.rows(),
                used.join(", ")
            )));
        }
        let column = |name: &Option<String>| name.as_deref().map(|n| table.numbers(n)).transpose();
        let (group, levels) = match args.group.as_deref() {
            None => (vec![0; table.rows()], vec!["all".to_string()]),
            Some(name) => {
                let levels = if args.group_levels.is_empty() {
                    table.levels(name)?
                } else {
                    args.group_levels.clone()
                };
                (table.codes(name, &levels)?, levels)
            }
        };
        let strata: Vec<&str> = args.strata.iter().map(String::as_str).collect();
        Ok(Followed {
            entry: column(&args.entry)?,
            time: table.numbers(time)?,
            event: if causes { Vec::new() } else { events(&table, event, args.event_code.as_deref())? },
            group,
            levels,
            strata: if strata.is_empty() { None } else { Some(table.combined_codes(&strata)?) },
            weights: column(&args.weights)?,
            offset: column(&args.offset)?,
            cluster: args.cluster.as_deref().map(|c| table.combined_codes(&[c])).transpose()?,
            missing,
            table,
        })
    }

    pub fn survival(&self) -> Survival<'_> {
        Survival { entry: self.entry.as_deref(), time: &self.time, event: &self.event }
    }

    pub fn design(&self, args: &StatsArgs) -> Result<Vec<DesignTerm>, WorkbenchError> {
        design(&self.table, &covariates(args, &self.table)?)
    }

    /// What a reader must know of the causes: a column without 0 is often one in which 1 means censored.
    pub fn about_causes(causes: &[u32]) -> Option<stats::Warning> {
        (!causes.contains(&0)).then(|| {
            stats::Warning::Note("no row is censored: 0 means censored in --event, is it coded so?".into())
        })
    }

    /// The event column as causes: 0 = censored.
    pub fn causes(&self, args: &StatsArgs) -> Result<Vec<u32>, WorkbenchError> {
        let name = need(&args.event, "--event")?;
        self.table
            .numbers(name)?
            .into_iter()
            .map(|x| {
                if x >= 0.0 && x.fract() == 0.0 && x < 1000.0 {
                    Ok(x as u32)
                } else {
                    Err(WorkbenchError::Data(format!(
                        "column {name} holds {x}; causes are whole numbers, 0 = censored"
                    )))
                }
            })
            .collect()
    }
}

/// An option that the method cannot do without.
pub fn need<'a>(value: &'a Option<String>, option: &str) -> Result<&'a str, WorkbenchError> {
    value.as_deref().ok_or_else(|| WorkbenchError::Usage(format!("{option} is needed")))
}

/// The event column as yes or no; a coding other than 0 and 1 is never guessed.
pub(super) fn events(table: &Table, name: &str, code: Option<&str>) -> Result<Vec<bool>, WorkbenchError> {
    if let Some(code) = code {
        let labels = table.labels(name)?;
        if !labels.iter().any(|l| l == code) {
            return Err(WorkbenchError::Data(format!("column {name} never holds the event code {code}")));
        }
        return Ok(labels.iter().map(|l| l == code).collect());
    }
    let ask = || {
        WorkbenchError::Usage(format!(
            "column {name} is not coded 0 and 1; say which value means an event with --event-code"
        ))
    };
    match table.need(name)? {
        Column::Text(_) => Err(ask()),
        Column::Number(v) => v
            .iter()
            .map(|x| match x {
                Some(0.0) => Ok(false),
                Some(1.0) => Ok(true),
                _ => Err(ask()),
            })
            .collect(),
    }
}

/// The covariates of `--covariates` as columns of `table`.
pub(super) fn design_of(args: &StatsArgs, table: &Table) -> Result<Vec<DesignTerm>, WorkbenchError> {
    design(table, &covariates(args, table)?)
}

pub(super) fn covariates(args: &StatsArgs, table: &Table) -> Result<Vec<Covariate>, WorkbenchError> {
    args.covariates
        .iter()
        .map(|text| {
            if let Some(name) = text.strip_prefix("factor(").and_then(|t| t.strip_suffix(')')) {
                let levels = table.levels(name)?.into_iter().map(Value::String).collect();
                return Ok(Covariate::Factor { factor: name.into(), levels });
            }
            match text.split_once(':') {
                Some(_) => Ok(Covariate::Product { product: text.split(':').map(str::to_string).collect() }),
                None => by_type(table, text),
            }
        })
        .collect()
}

impl StatsArgs {
    pub fn near_ties(&self) -> NearTies {
        if self.exact_times { NearTies::Exact } else { NearTies::Merge }
    }

    pub fn curve_limits(&self) -> Result<ConfType, WorkbenchError> {
        match self.conf_type.as_deref() {
            None => Ok(ConfType::LogLog),
            Some(name) => ConfType::from_name(name).ok_or_else(|| {
                let known: Vec<&str> = ConfType::ALL.iter().map(|t| t.name()).collect();
                WorkbenchError::Usage(format!("--conf-type {name}: {}", known.join(", ")))
            }),
        }
    }

    pub fn tie_method(&self) -> Result<Ties, WorkbenchError> {
        match self.ties.as_str() {
            "efron" => Ok(Ties::Efron),
            "breslow" => Ok(Ties::Breslow),
            "exact" => Ok(Ties::Exact),
            other => Err(WorkbenchError::Usage(format!("--ties {other}: efron, breslow or exact"))),
        }
    }
}
