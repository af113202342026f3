//! Kaplan–Meier, log-rank and Cox on the command line.
use stats::survival::{
    HazardTies, KmOptions, KmVariance, LogrankOptions, LogrankWeight, QuantileRule, kaplan_meier_by,
    landmark, logrank,
};

use super::input::{Followed, Input};
use super::sample::choice;
use super::{Command, Rows, StatsArgs};
use crate::WorkbenchError;

pub(super) const COMMANDS: &[Command] = &[
    Command { name: "km", about: "Kaplan-Meier curves, quantiles, survival at given times", run: km },
    Command {
        name: "logrank",
        about: "log-rank test, stratified and weighted (--rho, --gamma, --t-star, --set weight=gehan|tarone-ware|peto)",
        run: test,
    },
    Command { name: "landmark", about: "two groups compared at one time (--at)", run: fixed_time },
];

fn km(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let f = Followed::read(args, input)?;
    let options = KmOptions {
        conf_level: args.conf,
        conf_type: args.curve_limits()?,
        near_ties: args.near_ties(),
        variance: choice(
            args,
            "variance",
            &[
                ("auto", KmVariance::Auto),
                ("greenwood", KmVariance::Greenwood),
                ("aalen", KmVariance::Aalen),
                ("robust", KmVariance::Robust),
            ],
        )?,
        hazard: choice(
            args,
            "hazard",
            &[
                ("nelson-aalen", HazardTies::NelsonAalen),
                ("fleming-harrington", HazardTies::FlemingHarrington),
            ],
        )?,
    };
    let rule =
        choice(args, "quantile", &[("midpoint", QuantileRule::Midpoint), ("first", QuantileRule::First)])?;
    let curves = kaplan_meier_by(
        &f.survival(),
        &f.group,
        f.levels.len(),
        f.weights.as_deref(),
        f.cluster.as_deref(),
        &options,
    )?;
    let probs = if args.probs.is_empty() { vec![0.5] } else { args.probs.clone() };
    let mut rows = Rows::new("km");
    let mut warnings = Vec::new();
    rows.whole().push("n_missing", f.missing as f64);
    for (g, (curve, label)) in curves.iter().zip(&f.levels).enumerate() {
        rows.group(label).push("n", curve.n as f64).push("events", curve.n_event.iter().sum());
        if args.probs.is_empty() {
            for q in curve.quantile_by(&[0.5], rule)? {
                rows.optional("median", q.estimate)
                    .optional("median_lower", q.lower)
                    .optional("median_upper", q.upper);
            }
        }
        warnings.extend(curve.warnings.iter().cloned());
        let last = curve.time.last().copied().unwrap_or(0.0);
        for at in curve.at(&args.at) {
            if at.carried_on {
                warnings.push(stats::Warning::BeyondLastObservation { group: g, time: at.time, last });
            }
        }
    }
    if !args.probs.is_empty() {
        for (curve, label) in curves.iter().zip(&f.levels) {
            for q in curve.quantile_by(&probs, rule)? {
                rows.group(label)
                    .level(&format!("{}", q.p))
                    .optional("quantile", q.estimate)
                    .optional("lower", q.lower)
                    .optional("upper", q.upper);
            }
        }
    }
    for (curve, label) in curves.iter().zip(&f.levels) {
        if args.at.is_empty() {
            for k in 0..curve.time.len() {
                rows.group(label)
                    .time(curve.time[k])
                    .push("n_risk", curve.n_risk[k])
                    .push("n_event", curve.n_event[k])
                    .push("n_censor", curve.n_censor[k])
                    .push("surv", curve.surv[k])
                    .optional("std_err", curve.std_err[k])
                    .optional("lower", curve.lower[k])
                    .optional("upper", curve.upper[k])
                    .push("cumhaz", curve.cumhaz[k]);
            }
        }
        for at in curve.at(&args.at) {
            rows.group(label)
                .time(at.time)
                .push("n_risk", at.n_risk)
                .push("surv", at.surv)
                .optional("std_err", at.std_err)
                .optional("lower", at.lower)
                .optional("upper", at.upper)
                .push("cumhaz", at.cumhaz);
        }
    }
    let mut conventions: Vec<&str> = curves.iter().flat_map(|c| c.conventions.clone()).collect();
    conventions.push(rule.name());
    rows.remarks(&conventions, &warnings);
    Ok(rows)
}

fn test(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let f = Followed::read(args, input)?;
    let named = choice(
        args,
        "weight",
        &[
            ("none", None),
            ("gehan", Some(LogrankWeight::Gehan)),
            ("tarone-ware", Some(LogrankWeight::TaroneWare)),
            ("peto", Some(LogrankWeight::Peto)),
            ("modified-peto", Some(LogrankWeight::ModifiedPeto)),
        ],
    )?;
    let weight = match (args.rho, args.gamma, args.t_star) {
        (None, None, None) => LogrankWeight::One,
        (None, None, Some(t_star)) => LogrankWeight::Modest { t_star },
        (rho, gamma, None) => {
            LogrankWeight::FlemingHarrington { rho: rho.unwrap_or(0.0), gamma: gamma.unwrap_or(0.0) }
        }
        _ => return Err(WorkbenchError::Usage("--t-star excludes --rho and --gamma".into())),
    };
    let weight = match (named, weight) {
        (None, weight) => weight,
        (Some(named), LogrankWeight::One) => named,
        _ => return Err(WorkbenchError::Usage("--set weight excludes --rho, --gamma and --t-star".into())),
    };
    if args.group.is_none() {
        return Err(WorkbenchError::Usage("--group is needed".into()));
    }
    let options = LogrankOptions { weight, near_ties: args.near_ties() };
    let t = logrank(&f.survival(), &f.group, f.levels.len(), f.strata.as_deref(), &options)?;
    let mut rows = Rows::new("logrank");
    for (g, label) in f.levels.iter().enumerate() {
        rows.group(label)
            .push("n", t.n[g] as f64)
            .push("obs", t.observed[g])
            .push("exp", t.expected[g])
            .push("var", t.variance.get(g, g));
        if f.levels.len() == 2 {
            rows.optional("z", t.z(g)).optional("p_one_sided", t.p_fewer(g));
        }
        // Of weighted sums neither is a hazard ratio.
        if f.levels.len() == 2 && weight == LogrankWeight::One {
            rows.optional("hr_peto", t.hr_peto(g))
                .optional("hr_observed_expected", t.hr_observed_expected(g, 1 - g));
        }
    }
    rows.whole()
        .push("chisq", t.chi_square)
        .push("df", t.df as f64)
        .push("p", t.p)
        .push("n_missing", f.missing as f64);
    let mut conventions = t.conventions.clone();
    if f.levels.len() == 2 {
        if weight == LogrankWeight::One {
            conventions.push(
                "hr_peto = exp((O - E) / V), hr_observed_expected = (O/E of the row) / (O/E of the other)",
            );
        }
        conventions.push("a negative z and a small p_one_sided favour the group of the row");
    }
    rows.remarks(&conventions, &t.warnings);
    Ok(rows)
}

fn fixed_time(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let f = Followed::read(args, input)?;
    if f.levels.len() != 2 {
        return Err(WorkbenchError::Usage("--group with two levels is needed".into()));
    }
    if args.at.is_empty() {
        return Err(WorkbenchError::Usage("--at is needed".into()));
    }
    let group: Vec<bool> = f.group.iter().map(|&g| g == 1).collect();
    let mut rows = Rows::new("landmark");
    let (mut conventions, mut warnings) = (Vec::new(), Vec::new());
    for &t in &args.at {
        let l = landmark(&f.survival(), &group, t, args.conf, args.near_ties())?;
        for (label, s) in f.levels.iter().zip(l.surv) {
            rows.group(label).time(t).push("surv", s);
        }
        rows.whole()
            .time(t)
            .push("difference", l.difference)
            .push("std_err", l.std_err)
            .push("lower", l.lower)
            .push("upper", l.upper)
            .optional("chisq_cloglog", l.cloglog)
            .optional("p_cloglog", l.p_cloglog)
            .optional("chisq_naive", l.naive)
            .optional("chisq_log", l.log)
            .optional("chisq_arcsin", l.arcsin);
        conventions = l.conventions;
        warnings.extend(l.warnings);
    }
    conventions.push("difference: first group less second group");
    rows.remarks(&conventions, &warnings);
    Ok(rows)
}
