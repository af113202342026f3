//! Parametric models, interval censoring, and further tests on the command line.
use stats::survival::{
    ConfType, Distribution, FOUR_WEIGHTS, KmOptions, LogrankOptions, Observed, OneSampleVariance,
    kaplan_meier_by, logrank, logrank_one_sample, maxcombo, observed, parametric, piecewise_equal,
    piecewise_exponential, turnbull,
};

use super::input::{Followed, Input};
use super::sample::whole;
use super::{Command, Rows, StatsArgs};
use crate::WorkbenchError;
use crate::model::flatten;

pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "maxcombo",
        about: "largest of the Fleming-Harrington log-rank statistics (two groups; --set seed=N)",
        run: combined,
    },
    Command { name: "logrank-trend", about: "log-rank test for trend over ordered groups", run: trend },
    Command {
        name: "onesample",
        about: "log-rank test against a reference (--set expected=COL: cumulative hazard per row)",
        run: one_sample,
    },
    Command {
        name: "conditional",
        about: "survival of those event free at --set from=T, at --at",
        run: conditional,
    },
    Command {
        name: "parametric",
        about: "accelerated failure time model (--set distribution=weibull|exponential|lognormal|loglogistic; \
                --set lower=COL upper=COL for intervals)",
        run: model,
    },
    Command { name: "piecewise", about: "piecewise constant hazards (--set cuts=T/T/...)", run: pieces },
    Command {
        name: "turnbull",
        about: "curve of interval-censored times (--set lower=COL --set upper=COL)",
        run: intervals,
    },
];

pub(super) fn two_groups(f: &Followed) -> Result<(), WorkbenchError> {
    if f.levels.len() == 2 {
        Ok(())
    } else {
        Err(WorkbenchError::Usage(
            "--group with two levels is needed; the second is the experimental one".into(),
        ))
    }
}

fn combined(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let f = Followed::read(args, input)?;
    two_groups(&f)?;
    let m = maxcombo(
        &f.survival(),
        &f.group,
        1,
        f.strata.as_deref(),
        &FOUR_WEIGHTS,
        args.near_ties(),
        whole(args, "seed", 1)?,
    )?;
    let mut rows = Rows::new("maxcombo");
    for (name, z) in ["0,0", "0,1", "1,0", "1,1"].iter().zip(&m.z) {
        rows.group(&f.levels[1]).level(name).push("z", *z);
    }
    rows.group(&f.levels[1])
        .push("z_min", m.smallest)
        .push("p_one_sided", m.p_one_sided)
        .push("p_two_sided", m.p_two_sided)
        .push("p_one_sided_error", m.error.0)
        .push("p_two_sided_error", m.error.1);
    rows.remarks(&m.conventions, &[]);
    Ok(rows)
}

fn trend(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let f = Followed::read(args, input)?;
    let options = LogrankOptions { near_ties: args.near_ties(), ..LogrankOptions::default() };
    let t = logrank(&f.survival(), &f.group, f.levels.len(), f.strata.as_deref(), &options)?;
    let scores: Vec<f64> = (1..=f.levels.len()).map(|k| k as f64).collect();
    let (chisq, p) = t.trend(&scores)?;
    let mut rows = Rows::new("logrank-trend");
    for (label, score) in f.levels.iter().zip(&scores) {
        rows.group(label).push("score", *score);
    }
    rows.whole().push("chisq", chisq).push("df", 1.0).push("p", p);
    rows.remarks(&["scores 1..K in the order of the groups"], &t.warnings);
    Ok(rows)
}

fn one_sample(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let column = args
        .setting("expected")
        .ok_or_else(|| WorkbenchError::Usage("--set expected=COLUMN is needed".into()))?;
    let cut = StatsArgs { covariates: vec![column.to_string()], ..args.clone() };
    let f = Followed::read(&cut, input)?;
    let variance = match args.setting("variance") {
        None | Some("expected") => OneSampleVariance::Expected,
        Some("mean") => OneSampleVariance::Mean,
        Some(v) => return Err(WorkbenchError::Usage(format!("--set variance={v}: expected or mean"))),
    };
    let t = logrank_one_sample(&f.event, &f.table.numbers(column)?, variance)?;
    let mut rows = Rows::new("onesample");
    rows.whole()
        .push("obs", t.observed)
        .push("exp", t.expected)
        .push("chisq", t.chi_square)
        .push("p", t.p)
        .push("z", t.z)
        .push("p_one_sided", t.p_fewer);
    rows.remarks(&t.conventions, &[]);
    Ok(rows)
}

fn conditional(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let f = Followed::read(args, input)?;
    let from: f64 = args
        .setting("from")
        .and_then(|t| t.parse().ok())
        .ok_or_else(|| WorkbenchError::Usage("--set from=TIME is needed".into()))?;
    let kind: ConfType = args.curve_limits()?;
    let options = KmOptions { near_ties: args.near_ties(), ..KmOptions::default() };
    let curves =
        kaplan_meier_by(&f.survival(), &f.group, f.levels.len(), f.weights.as_deref(), None, &options)?;
    let mut rows = Rows::new("conditional");
    for (curve, label) in curves.iter().zip(&f.levels) {
        for &t in &args.at {
            let c = curve.conditional(from, t, kind, args.conf)?;
            rows.group(label)
                .time(t)
                .optional("surv", c.map(|c| c.surv))
                .optional("std_err", c.and_then(|c| c.std_err))
                .optional("lower", c.and_then(|c| c.lower))
                .optional("upper", c.and_then(|c| c.upper));
        }
    }
    rows.remarks(&["S(t) / S(from), Greenwood terms after from", kind.convention()], &[]);
    Ok(rows)
}

/// The times of the rows: a pair of columns (an empty lower or upper end is open), or time and event.
fn times(args: &StatsArgs, input: &Input) -> Result<(Vec<Observed>, StatsArgs, Input), WorkbenchError> {
    let (Some(lower), Some(upper)) = (args.setting("lower"), args.setting("upper")) else {
        let f = Followed::read(args, input)?;
        return Ok((observed(&f.time, &f.event), args.clone(), Input { table: f.table }));
    };
    let open = |name: &str| -> Result<Vec<Option<f64>>, WorkbenchError> {
        match input.table.need(name)? {
            crate::table::Column::Number(v) => Ok(v.clone()),
            crate::table::Column::Text(_) => Err(input.table.not_numeric(name)),
        }
    };
    let (low, high) = (open(lower)?, open(upper)?);
    let rows = low
        .iter()
        .zip(&high)
        .map(|(l, u)| Observed { lower: l.unwrap_or(0.0), upper: u.unwrap_or(f64::INFINITY) })
        .collect();
    Ok((rows, args.clone(), Input { table: input.table.clone() }))
}

fn model(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let name = args.setting("distribution").unwrap_or("weibull");
    let distribution = Distribution::from_name(name).ok_or_else(|| {
        WorkbenchError::Usage(format!("distribution {name}: weibull, exponential, lognormal or loglogistic"))
    })?;
    let (times, _, used) = times(args, input)?;
    let terms = super::input::design_of(args, &used.table)?;
    let (names, columns) = flatten(terms);
    let slices: Vec<&[f64]> = columns.iter().map(|c| &**c).collect();
    let fit = parametric(&times, &slices, distribution, args.conf)?;
    let mut rows = Rows::new("parametric");
    let all = std::iter::once("(Intercept)".to_string()).chain(names);
    for (j, (name, c)) in all.zip(&fit.coefficients).enumerate() {
        rows.variable(&name)
            .optional("coef", c.estimate)
            .optional("se", c.se)
            .optional("z", c.z)
            .optional("p", c.p)
            .optional("time_ratio", c.hr)
            .optional("time_ratio_lower", c.hr_lower)
            .optional("time_ratio_upper", c.hr_upper);
        if let Some((b, se)) = j.checked_sub(1).and_then(|k| fit.log_hazard_ratio.get(k)) {
            rows.push("hr", b.exp()).push("log_hr_se", *se);
        }
    }
    rows.whole()
        .push("n", times.len() as f64)
        .push("scale", fit.scale)
        .optional("log_scale_se", fit.log_scale_se)
        .push("loglik", fit.loglik);
    rows.remarks(&fit.conventions, &[]);
    Ok(rows)
}

fn pieces(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let f = Followed::read(args, input)?;
    let cuts: Vec<f64> = args
        .setting("cuts")
        .unwrap_or("")
        .split('/')
        .filter(|t| !t.is_empty())
        .map(|t| t.parse().map_err(|_| WorkbenchError::Usage(format!("cut {t} is not a number"))))
        .collect::<Result<_, _>>()?;
    let mut rows = Rows::new("piecewise");
    let (mut conventions, mut warnings) = (Vec::new(), Vec::new());
    for (g, label) in f.levels.iter().enumerate() {
        let own: Vec<usize> = (0..f.time.len()).filter(|&i| f.group[i] == g).collect();
        let pick = |v: &[f64]| own.iter().map(|&i| v[i]).collect::<Vec<f64>>();
        let (time, entry) = (pick(&f.time), f.entry.as_deref().map(pick));
        let event: Vec<bool> = own.iter().map(|&i| f.event[i]).collect();
        let data = stats::survival::Survival { entry: entry.as_deref(), time: &time, event: &event };
        let fit = piecewise_exponential(&data, &cuts, args.conf)?;
        for p in &fit.pieces {
            rows.group(label)
                .time(p.from)
                .push("events", p.events)
                .push("exposure", p.exposure)
                .optional("rate", p.rate)
                .optional("lower", p.lower)
                .optional("upper", p.upper);
        }
        for &t in &args.at {
            rows.group(label).time(t).push("surv", fit.survival(t));
        }
        conventions = fit.conventions;
        warnings.extend(fit.warnings);
    }
    if f.levels.len() > 1 {
        let t = piecewise_equal(&f.survival(), &f.group, f.levels.len(), &cuts)?;
        rows.whole()
            .variable("equal hazards")
            .push("chisq", t.chi_square)
            .push("df", t.df as f64)
            .push("p", t.p);
    }
    conventions.push("time: start of the interval");
    rows.remarks(&conventions, &warnings);
    Ok(rows)
}

fn intervals(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let (times, _, _) = times(args, input)?;
    let t = turnbull(&times)?;
    let mut rows = Rows::new("turnbull");
    for k in 0..t.mass.len() {
        rows.whole().time(t.to[k]).push("from", t.from[k]).push("mass", t.mass[k]).push("surv", t.surv[k]);
    }
    for &at in &args.at {
        let (upper, lower) = t.at(at);
        rows.whole().time(at).push("surv_low", lower).push("surv_high", upper);
    }
    rows.whole().push("n", times.len() as f64).push("loglik", t.loglik).push("gap", t.gap);
    rows.remarks(&t.conventions, &t.warnings);
    Ok(rows)
}
