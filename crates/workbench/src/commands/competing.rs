//! Restricted means and competing risks on the command line.
use stats::survival::{
    Competing, Contrast, CumulativeIncidenceOptions, RmstModel, RmstOptions, cumulative_incidence, gray,
    rmst, rmst_adjusted,
};

use super::input::{Followed, Input};
use super::sample::choice;
use super::{Command, Rows, StatsArgs};
use crate::WorkbenchError;
use crate::model::flatten;

pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "rmst",
        about: "restricted mean survival time to --tau, compared and adjusted",
        run: means,
    },
    Command {
        name: "cuminc",
        about: "cumulative incidence (Aalen-Johansen) and Gray's test",
        run: incidence,
    },
];

fn contrast(rows: &mut Rows, name: &str, c: &Contrast) {
    rows.whole()
        .variable(name)
        .push("estimate", c.estimate)
        .push("se", c.se)
        .push("lower", c.lower)
        .push("upper", c.upper)
        .push("p", c.p);
}

fn means(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let f = Followed::read(args, input)?;
    let tau = args.tau.ok_or_else(|| WorkbenchError::Usage("--tau is needed".into()))?;
    let options = RmstOptions {
        tau,
        conf_level: args.conf,
        near_ties: args.near_ties(),
        carry_on: choice(args, "carry-on", &[("no", false), ("yes", true)])?,
    };
    let r = rmst(&f.survival(), &f.group, f.levels.len(), &options)?;
    let mut rows = Rows::new("rmst");
    for (label, m) in f.levels.iter().zip(&r.groups) {
        rows.group(label)
            .time(tau)
            .push("rmst", m.mean)
            .push("se", m.se)
            .push("lower", m.lower)
            .push("upper", m.upper)
            .push("rmtl", tau - m.mean);
    }
    for (name, c) in [("difference", &r.difference), ("ratio", &r.ratio), ("lost_ratio", &r.lost_ratio)] {
        if let Some(c) = c {
            contrast(&mut rows, name, c);
        }
    }
    let mut conventions = r.conventions.clone();
    if !args.covariates.is_empty() {
        if f.levels.len() != 2 {
            return Err(WorkbenchError::Usage("covariates need --group with two levels".into()));
        }
        let arm: Vec<bool> = f.group.iter().map(|&g| g == 1).collect();
        let (_, columns) = flatten(f.design(args)?);
        let slices: Vec<&[f64]> = columns.iter().map(|c| &**c).collect();
        for (name, model) in [
            ("adjusted_difference", RmstModel::Difference),
            ("adjusted_ratio", RmstModel::Ratio),
            ("adjusted_lost_ratio", RmstModel::LostRatio),
        ] {
            let a = rmst_adjusted(&f.survival(), &arm, &slices, model, &options)?;
            let c = a.coefficients[1];
            let back = |v: f64| if model == RmstModel::Difference { v } else { v.exp() };
            contrast(
                &mut rows,
                name,
                &Contrast {
                    estimate: back(c.estimate),
                    se: c.se,
                    lower: back(c.lower),
                    upper: back(c.upper),
                    p: c.p,
                },
            );
            conventions.extend(a.conventions);
        }
    }
    rows.whole().push("n_missing", f.missing as f64);
    rows.remarks(&conventions, &r.warnings);
    Ok(rows)
}

fn incidence(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let f = Followed::read_as(args, input, true)?;
    let cause = f.causes(args)?;
    let data = Competing { time: &f.time, cause: &cause };
    let options = CumulativeIncidenceOptions {
        conf_level: args.conf,
        conf_type: args.curve_limits()?,
        near_ties: args.near_ties(),
    };
    let causes = data.causes();
    let curves = cumulative_incidence(&data, &f.group, f.levels.len(), causes, &options)?;
    let mut rows = Rows::new("cuminc");
    let (mut conventions, mut warnings) = (Vec::new(), Vec::new());
    for (g, (curve, label)) in curves.iter().zip(&f.levels).enumerate() {
        rows.group(label).push("n", curve.n as f64);
        let times = if args.at.is_empty() { curve.time.clone() } else { args.at.clone() };
        for at in curve.at(&times) {
            for k in 0..=causes {
                rows.group(label)
                    .level(&k.to_string())
                    .time(at.time)
                    .push("probability", at.probability[k])
                    .push("std_err", at.std_err[k])
                    .optional("lower", at.lower[k])
                    .optional("upper", at.upper[k])
                    .optional("aalen_variance", k.checked_sub(1).map(|c| at.aalen_variance[c]));
            }
            if at.carried_on {
                let last = curve.time.last().copied().unwrap_or(0.0);
                warnings.push(stats::Warning::BeyondLastObservation { group: g, time: at.time, last });
            }
        }
        if let Some(tau) = args.tau {
            for (k, mean) in curve.restricted_mean(tau)?.into_iter().enumerate() {
                rows.group(label).level(&k.to_string()).time(tau).push("restricted_mean", mean);
            }
        }
        conventions.extend(curve.conventions.clone());
        warnings.extend(curve.warnings.iter().cloned());
    }
    if f.levels.len() > 1 {
        for k in 1..=causes as u32 {
            let t = gray(
                &data,
                &f.group,
                f.levels.len(),
                f.strata.as_deref(),
                k,
                args.rho.unwrap_or(0.0),
                args.near_ties(),
            )?;
            rows.whole()
                .level(&k.to_string())
                .push("gray_chisq", t.test.chi_square)
                .push("df", t.test.df as f64)
                .push("p", t.test.p);
            conventions.extend(t.conventions);
        }
    }
    rows.whole().push("n_missing", f.missing as f64);
    conventions.push("level 0 = event free, level k = cause k");
    warnings.extend(Followed::about_causes(&cause));
    rows.remarks(&conventions, &warnings);
    Ok(rows)
}
