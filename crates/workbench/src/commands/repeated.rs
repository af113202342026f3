//! Mixed models for repeated measures on the command line.
use stats::model::{Covariance, Information, MixedDf, MixedOptions, repeated_measures_at};

use super::comparisons::{coefficient, slices, with_intercept};
use super::input::need;
use super::sample::{Sample, choice, level, outcome, used, with_names};
use super::{Command, Input, Rows, StatsArgs};
use crate::WorkbenchError;

pub(super) const COMMANDS: &[Command] = &[Command {
    name: "mmrm",
    about: "mixed model for repeated measures: --cluster participant, --time visit (--set covariance=, df=)",
    run: repeated,
}];

/// The names SAS gives to the structures.
const SAS: [(&str, Covariance); 7] = [
    ("un", Covariance::Unstructured),
    ("cs", Covariance::CompoundSymmetry),
    ("csh", Covariance::HeterogeneousCompoundSymmetry),
    ("ar(1)", Covariance::Ar1),
    ("arh(1)", Covariance::HeterogeneousAr1),
    ("toep", Covariance::Toeplitz),
    ("toeph", Covariance::HeterogeneousToeplitz),
];

fn options(args: &StatsArgs) -> Result<MixedOptions, WorkbenchError> {
    let mut covariances: Vec<(&'static str, Covariance)> =
        Covariance::ALL.iter().map(|c| (c.name(), *c)).collect();
    covariances.extend(SAS);
    let freedoms: Vec<(&'static str, MixedDf)> = MixedDf::ALL.iter().map(|d| (d.name(), *d)).collect();
    Ok(MixedOptions {
        covariance: choice(args, "covariance", &covariances)?,
        restricted: choice(args, "likelihood", &[("reml", true), ("ml", false)])?,
        df: choice(args, "df", &freedoms)?,
        information: choice(
            args,
            "information",
            &[
                ("usual", None),
                ("observed", Some(Information::Observed)),
                ("expected", Some(Information::Expected)),
            ],
        )?,
        level: level(args)?,
    })
}

/// Visits in their order: as named, or numbers by size.
fn order(args: &StatsArgs, sample: &Sample, visit: &str) -> Result<Vec<String>, WorkbenchError> {
    match args.setting("visits") {
        Some(named) => Ok(named.split(',').map(|v| v.trim().to_string()).collect()),
        None => sample.table.levels(visit),
    }
}

fn repeated(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let mut rows = Rows::new("mmrm");
    let (participant, visit) = (need(&args.cluster, "--cluster")?, need(&args.time, "--time")?);
    let sample = Sample::read(args, input, &[outcome(args)?, participant, visit])?;
    let (names, columns) = sample.design(args)?;
    let options = options(args)?;
    let visits = order(args, &sample, visit)?;
    let numeric = sample.table.numbers(visit).ok();
    let ordered = matches!(
        options.covariance,
        Covariance::Ar1
            | Covariance::HeterogeneousAr1
            | Covariance::Toeplitz
            | Covariance::HeterogeneousToeplitz
    );
    if ordered && numeric.is_none() && args.setting("visits").is_none() {
        return Err(WorkbenchError::Usage(format!(
            "column {visit} is text and {} depends on the order of the visits; name it with --set visits=A,B,C",
            options.covariance.name()
        )));
    }
    let participants = sample.table.combined_codes(&[participant])?;
    let codes = sample.table.codes(visit, &visits)?;
    let (codes, times) = match (options.covariance, numeric) {
        (Covariance::RandomSlope, None) => {
            return Err(WorkbenchError::Usage(format!(
                "column {visit} is text; random-slope needs the time of each visit as a number in --time"
            )));
        }
        (Covariance::RandomSlope, Some(time)) => replicates(&participants, &codes, &time),
        (Covariance::RandomIntercept, _) => {
            let order: Vec<f64> = codes.iter().map(|c| *c as f64).collect();
            replicates(&participants, &codes, &order)
        }
        _ => (codes, (0..visits.len()).map(|v| v as f64).collect()),
    };
    let f = repeated_measures_at(
        &sample.table.numbers(outcome(args)?)?,
        &slices(&columns),
        &participants,
        &codes,
        &times,
        options,
    )?;
    used(&mut rows, &sample);
    rows.push("participants", f.participants as f64).push("log_likelihood", f.log_likelihood);
    let names = with_intercept(names);
    for (name, c) in names.iter().zip(&f.coefficients) {
        coefficient(&mut rows, name, c.as_ref());
    }
    for (name, value) in &f.parameters {
        rows.variable(name).push("value", *value);
    }
    // Random effects are told by their parameters; rows of one time would share a name here.
    if !options.covariance.is_random() {
        for (name, line) in visits.iter().zip(&f.visits) {
            for (other, v) in visits.iter().zip(line) {
                rows.variable(&format!("visit {name}")).level(other).push("covariance", *v);
            }
        }
    }
    rows.remarks(&f.conventions, &with_names(&f.warnings, &names));
    Ok(rows)
}

/// A code for each time and each repetition of it within a participant, with the times of the codes.
fn replicates(participants: &[usize], codes: &[usize], time: &[f64]) -> (Vec<usize>, Vec<f64>) {
    let mut seen: std::collections::BTreeMap<(usize, usize), usize> = std::collections::BTreeMap::new();
    let keys: Vec<(usize, usize)> = participants
        .iter()
        .zip(codes)
        .map(|(p, c)| {
            let count = seen.entry((*p, *c)).or_insert(0);
            *count += 1;
            (*c, *count)
        })
        .collect();
    let mut places: std::collections::BTreeMap<(usize, usize), f64> = std::collections::BTreeMap::new();
    keys.iter().zip(time).for_each(|(k, t)| {
        places.insert(*k, *t);
    });
    let order: Vec<&(usize, usize)> = places.keys().collect();
    let of = keys.iter().map(|k| order.binary_search(&k).unwrap_or(0)).collect();
    (of, places.values().copied().collect())
}
