//! Treatment switching on the command line: structural failure times, and weights for those who did not switch.
use std::borrow::Cow;
use std::collections::BTreeMap;

use stats::Warning;
use stats::survival::{
    CoxData, CoxFit, CoxOptions, Survival, SwitchWeights, Switching, cox, rpsft, switch_weights,
};

use super::input::{Followed, Input, need};
use super::parametric::two_groups;
use super::sample::{choice, setting};
use super::{Command, Rows, StatsArgs};
use crate::WorkbenchError;
use crate::model::flatten;

pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "rpsft",
        about: "rank-preserving structural failure time (--group, --set on=COL, --set end=COL)",
        run: structural,
    },
    Command {
        name: "ipcw",
        about: "hazard ratio with those who switch censored and weighted (--group, --cluster participant, \
                --covariates, --set switched=COL)",
        run: weighted,
    },
];

fn structural(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let on = setting(args, "on")?.to_string();
    let end = args.setting("end").map(str::to_string);
    let mut columns = vec![on.clone()];
    columns.extend(end.clone());
    let cut = StatsArgs { covariates: columns, ..args.clone() };
    let f = Followed::read(&cut, input)?;
    two_groups(&f)?;
    let arm: Vec<bool> = f.group.iter().map(|&g| g == 1).collect();
    let (time_on, planned) = (f.table.numbers(&on)?, end.map(|c| f.table.numbers(&c)).transpose()?);
    let data = Switching {
        time: &f.time,
        event: &f.event,
        experimental: &arm,
        time_on: &time_on,
        planned_end: planned.as_deref(),
    };
    let fit = rpsft(&data, args.conf)?;
    let mut rows = Rows::new("rpsft");
    rows.whole()
        .push("psi", fit.psi)
        .optional("lower", fit.lower)
        .optional("upper", fit.upper)
        .push("acceleration_factor", (-fit.psi).exp())
        .push("z_intention_to_treat", fit.z_intention_to_treat);
    rows.remarks(&fit.conventions, &fit.warnings);
    Ok(rows)
}

/// The intervals of participants, cut wherever somebody has the event or switches.
#[derive(Default)]
struct Intervals {
    row: Vec<usize>,
    entry: Vec<f64>,
    time: Vec<f64>,
    event: Vec<bool>,
    switched: Vec<bool>,
}

impl Intervals {
    fn cut(f: &Followed, switched: &[bool], keep: impl Fn(usize) -> bool, whole: bool) -> Intervals {
        let mut cuts: Vec<f64> =
            (0..f.time.len()).filter(|&i| f.event[i] || switched[i]).map(|i| f.time[i]).collect();
        cuts.sort_by(f64::total_cmp);
        cuts.dedup();
        let mut out = Intervals::default();
        for i in (0..f.time.len()).filter(|&i| keep(i)) {
            let (mut from, end) = (f.entry.as_ref().map_or(0.0, |e| e[i]), f.time[i]);
            let inner = cuts.partition_point(|&c| c <= from)..cuts.partition_point(|&c| c < end);
            let inner = if whole { &[] } else { cuts.get(inner).unwrap_or_default() };
            for &to in inner.iter().chain([&end]) {
                out.row.push(i);
                out.entry.push(from);
                out.time.push(to);
                out.event.push(to == end && f.event[i]);
                out.switched.push(to == end && switched[i]);
                from = to;
            }
        }
        out
    }

    fn extend(&mut self, other: Intervals) {
        self.row.extend(other.row);
        self.entry.extend(other.entry);
        self.time.extend(other.time);
        self.event.extend(other.event);
        self.switched.extend(other.switched);
    }

    fn pick<T: Copy>(&self, values: &[T]) -> Vec<T> {
        self.row.iter().map(|&i| values[i]).collect()
    }
}

fn weighted(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let name = setting(args, "switched")?.to_string();
    need(&args.cluster, "--cluster (the participant)")?;
    if args.covariates.is_empty() {
        return Err(WorkbenchError::Usage("--covariates (they predict the switch) is needed".into()));
    }
    let stabilised = choice(args, "stabilised", &[("yes", true), ("no", false)])?;
    let terms = args.covariates.clone();
    let mut reading = args.clone();
    reading.covariates.push(name.clone());
    let f = Followed::read(&reading, input)?;
    two_groups(&f)?;
    let Some(id) = &f.cluster else { return Err(WorkbenchError::Usage("--cluster is needed".into())) };
    let switched = super::input::events(&f.table, &name, None)?;
    check(&f, id, &switched)?;
    let control = |i: usize| f.group[i] == 0;
    let mut all = Intervals::cut(&f, &switched, control, false);
    let design = f.design(&StatsArgs { covariates: terms, ..args.clone() })?;
    let columns: Vec<Cow<[f64]>> =
        flatten(design).1.iter().map(|c| Cow::Owned(all.pick(c))).collect::<Vec<_>>();
    let followed = Survival::with_entry(&all.entry, &all.time, &all.event);
    let SwitchWeights { mut weight, mut conventions, mut warnings } =
        switch_weights(&followed, &all.pick(id), &all.switched, columns, stabilised, args.near_ties())?;
    let (low, high) = weight.iter().fold((f64::INFINITY, 0.0f64), |e, &w| (e.0.min(w), e.1.max(w)));
    let mean = weight.iter().sum::<f64>() / weight.len() as f64;
    all.extend(Intervals::cut(&f, &switched, |i| !control(i), true));
    weight.resize(all.row.len(), 1.0);
    let options = CoxOptions {
        ties: args.tie_method()?,
        near_ties: args.near_ties(),
        conf_level: args.conf,
        robust: true,
        ..CoxOptions::default()
    };
    let arm: Vec<f64> = all.row.iter().map(|&i| if control(i) { 0.0 } else { 1.0 }).collect();
    let (cluster, strata) = (all.pick(id), f.strata.as_ref().map(|s| all.pick(s)));
    let fit = |weights: Option<&[f64]>| -> Result<CoxFit, WorkbenchError> {
        let survival = Survival::with_entry(&all.entry, &all.time, &all.event);
        let mut data = CoxData::new(survival, vec![Cow::Borrowed(&arm)]);
        data.weights = weights;
        data.cluster = Some(&cluster);
        data.strata = strata.as_deref();
        Ok(cox(data, &options)?)
    };
    let mut rows = Rows::new("ipcw");
    rows.whole()
        .push("rows", f.time.len() as f64)
        .push("missing", f.missing as f64)
        .push("switched", switched.iter().filter(|s| **s).count() as f64)
        .push("weight_smallest", low)
        .push("weight_mean", mean)
        .push("weight_largest", high);
    for (label, weights) in [("weighted", Some(&weight[..])), ("censored at the switch", None)] {
        let fit = fit(weights)?;
        let c = &fit.coefficients[0];
        rows.group(&f.levels[1])
            .level(label)
            .optional("coef", c.estimate)
            .optional("robust_se", c.robust_se)
            .optional("hr", c.hr)
            .optional("hr_lower", c.hr_lower)
            .optional("hr_upper", c.hr_upper)
            .optional("z", c.z)
            .optional("p", c.p);
        conventions.extend(fit.conventions);
        warnings.extend(fit.warnings);
    }
    if high > 20.0 {
        warnings
            .push(Warning::Note(format!("the largest weight is {high:.1}: one participant counts for many")));
    }
    conventions.push("robust variance by participant; the estimation of the weights is not counted in it");
    rows.remarks(&conventions, &warnings);
    Ok(rows)
}

/// Only the first group switches, a row that ends in the switch has no event, and nobody is followed after it.
fn check(f: &Followed, id: &[usize], switched: &[bool]) -> Result<(), WorkbenchError> {
    let mut end: BTreeMap<usize, f64> = BTreeMap::new();
    for i in (0..f.time.len()).filter(|&i| switched[i]) {
        let refuse = |why: &str| Err(WorkbenchError::Data(format!("row {}: {why}", i + 1)));
        if f.group[i] != 0 {
            return refuse("a switch in the experimental group; it is the second of --group-levels");
        }
        if f.event[i] {
            return refuse("the row ends in the switch and in the event; leave out what follows the switch");
        }
        end.insert(id[i], f.time[i]);
    }
    match (0..f.time.len()).find(|&i| end.get(&id[i]).is_some_and(|t| f.time[i] > *t)) {
        Some(i) => {
            Err(WorkbenchError::Data(format!("row {}: follow-up after the switch must be left out", i + 1)))
        }
        None => Ok(()),
    }
}
