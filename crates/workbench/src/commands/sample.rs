//! What the methods without follow-up times share: their columns, and rows for estimates and tests.
use std::borrow::Cow;

use stats::inference::{Alternative, Estimate, Level, Sides, TestResult};

use super::input::{Input, covariates, need};
use super::{Rows, StatsArgs};
use crate::WorkbenchError;
use crate::model::{design, flatten};
use crate::table::Table;

/// Values of each group, and the labels of the groups.
pub(super) type Grouped = (Vec<Vec<f64>>, Vec<String>);

/// Columns with their names.
pub(super) type Named = (Vec<String>, Vec<Cow<'static, [f64]>>);

/// Complete cases of the columns that a method names.
pub(super) struct Sample {
    pub table: Table,
    pub missing: usize,
}

impl Sample {
    /// Rows without a missing value in `names` (and in the covariates, when asked for).
    pub fn read(args: &StatsArgs, input: &Input, names: &[&str]) -> Result<Sample, WorkbenchError> {
        let specs = covariates(args, &input.table)?;
        let mut used: Vec<&str> = names.to_vec();
        for spec in &specs {
            used.extend(spec.columns());
        }
        let table = input.table.complete(&used)?;
        let missing = input.table.rows() - table.rows();
        if table.rows() == 0 {
            return Err(WorkbenchError::Data("no complete rows; is --data given?".into()));
        }
        Ok(Sample { table, missing })
    }

    /// A yes/no column: 0 and 1, or `code` as yes.
    pub fn flags(&self, name: &str, code: Option<&str>) -> Result<Vec<bool>, WorkbenchError> {
        super::input::events(&self.table, name, code)
    }

    /// Codes and labels of the groups.
    pub fn groups(&self, args: &StatsArgs, name: &str) -> Result<(Vec<usize>, Vec<String>), WorkbenchError> {
        let levels =
            if args.group_levels.is_empty() { self.table.levels(name)? } else { args.group_levels.clone() };
        Ok((self.table.codes(name, &levels)?, levels))
    }

    /// Values by group.
    pub fn by_group(&self, args: &StatsArgs, outcome: &str, group: &str) -> Result<Grouped, WorkbenchError> {
        let (codes, levels) = self.groups(args, group)?;
        let mut parts = vec![Vec::new(); levels.len()];
        for (v, g) in self.table.numbers(outcome)?.into_iter().zip(codes) {
            parts[g].push(v);
        }
        Ok((parts, levels))
    }

    /// Names and columns of the covariates.
    pub fn design(&self, args: &StatsArgs) -> Result<Named, WorkbenchError> {
        Ok(flatten(design(&self.table, &covariates(args, &self.table)?)?))
    }
}

/// `--set KEY=COLUMN`, needed.
pub(super) fn setting<'a>(args: &'a StatsArgs, key: &str) -> Result<&'a str, WorkbenchError> {
    args.setting(key).ok_or_else(|| WorkbenchError::Usage(format!("--set {key}=... is needed")))
}

/// The outcome column.
pub(super) fn outcome(args: &StatsArgs) -> Result<&str, WorkbenchError> {
    need(&args.outcome, "--outcome")
}

/// The group column.
pub(super) fn group(args: &StatsArgs) -> Result<&str, WorkbenchError> {
    need(&args.group, "--group")
}

/// `--conf` with `--set sides=two|lower|upper`.
pub(super) fn level(args: &StatsArgs) -> Result<Level, WorkbenchError> {
    let sides = match args.setting("sides") {
        None | Some("two") => Sides::Two,
        Some("lower") => Sides::Lower,
        Some("upper") => Sides::Upper,
        Some(other) => {
            return Err(WorkbenchError::Usage(format!("--set sides={other}: two, lower or upper")));
        }
    };
    Ok(Level { level: args.conf, sides })
}

/// `--set alternative=two-sided|greater|less`.
pub(super) fn alternative(args: &StatsArgs) -> Result<Alternative, WorkbenchError> {
    match args.setting("alternative") {
        None | Some("two-sided") => Ok(Alternative::TwoSided),
        Some("greater") => Ok(Alternative::Greater),
        Some("less") => Ok(Alternative::Less),
        Some(other) => {
            Err(WorkbenchError::Usage(format!("--set alternative={other}: two-sided, greater or less")))
        }
    }
}

/// One of named choices: `--set KEY=NAME`, the first when absent.
pub(super) fn choice<T: Copy>(
    args: &StatsArgs,
    key: &str,
    choices: &[(&'static str, T)],
) -> Result<T, WorkbenchError> {
    let known = || choices.iter().map(|c| c.0).collect::<Vec<_>>().join(", ");
    match args.setting(key) {
        None => {
            choices.first().map(|c| c.1).ok_or_else(|| WorkbenchError::Usage(format!("{key}: no choice")))
        }
        Some(name) => choices
            .iter()
            .find(|c| c.0 == name)
            .map(|c| c.1)
            .ok_or_else(|| WorkbenchError::Usage(format!("--set {key}={name}: {}", known()))),
    }
}

/// Rows of an estimate: the number, its limits, its method.
pub(super) fn estimate(rows: &mut Rows, variable: &str, e: &Estimate) {
    rows.whole().variable(variable).level(e.method);
    rows.push("estimate", e.estimate).push("lower", e.lower).push("upper", e.upper);
    rows.remarks(&e.conventions, &e.warnings);
}

/// Rows of a test: statistic, degrees of freedom, p.
pub(super) fn test(rows: &mut Rows, t: &TestResult) {
    rows.whole().variable("test").level(t.method);
    rows.optional("statistic", t.statistic).optional("df", t.df).push("p", t.p);
    rows.remarks(&t.conventions, &t.warnings);
}

/// How many rows were used, and how many left out for missing values.
pub(super) fn used(rows: &mut Rows, sample: &Sample) {
    rows.whole().push("n", sample.table.rows() as f64).push("missing", sample.missing as f64);
}

/// Numbers between commas.
pub(super) fn parse_numbers(key: &str, text: &str) -> Result<Vec<f64>, WorkbenchError> {
    text.split(',')
        .map(|t| {
            t.trim().parse().map_err(|_| WorkbenchError::Usage(format!("--set {key}: {t} is not a number")))
        })
        .collect()
}

/// `--set KEY=A,B`, needed.
pub(super) fn numbers(args: &StatsArgs, key: &str) -> Result<Vec<f64>, WorkbenchError> {
    parse_numbers(key, setting(args, key)?)
}

/// `--set KEY=N`, a whole number.
pub(super) fn whole(args: &StatsArgs, key: &str, usual: u64) -> Result<u64, WorkbenchError> {
    match args.setting(key) {
        None => Ok(usual),
        Some(text) => {
            text.parse().map_err(|_| WorkbenchError::Usage(format!("--set {key}={text}: a whole number")))
        }
    }
}

/// A method that has no answer for these data: no number, and the reason.
pub(super) fn refused(rows: &mut Rows, variable: &str, method: &str, why: &stats::StatsError) {
    rows.whole().variable(variable).level(method).optional("estimate", None);
    rows.remarks(&[], &[stats::Warning::Note(format!("{variable}, {method}: {why}"))]);
}

/// Warnings that number the columns of a model, with the names of the columns.
pub(super) fn with_names(warnings: &[stats::Warning], names: &[String]) -> Vec<stats::Warning> {
    use stats::Warning as W;
    let name = |c: &usize| names.get(*c).map_or_else(|| format!("column {}", c + 1), Clone::clone);
    warnings
        .iter()
        .map(|w| match w {
            W::InfiniteCoefficient { column } => {
                W::Note(format!("the coefficient of {} runs to infinity; use --firth", name(column)))
            }
            W::CollinearColumns { columns } => W::Note(format!(
                "depends on earlier columns and was dropped: {}",
                columns.iter().map(name).collect::<Vec<_>>().join(", ")
            )),
            other => other.clone(),
        })
        .collect()
}
