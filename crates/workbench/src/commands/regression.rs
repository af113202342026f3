//! What follows a Cox fit, and Fine–Gray, on the command line.
use stats::Warning;
use stats::survival::{
    CensoringTerm, CensoringTies, Competing, CoxData, CoxFit, CoxOptions, FineGrayOptions, PairWeight,
    TimeTransform, concordance_weighted, cox, fine_gray,
};

use super::input::{Followed, Input};
use super::sample::{choice, numbers, with_names};
use super::{Command, Rows, StatsArgs};
use crate::WorkbenchError;
use crate::model::{DesignTerm, flatten};

pub(super) const COMMANDS: &[Command] = &[
    Command { name: "cox", about: "proportional hazards regression", run: regression },
    Command {
        name: "zph",
        about: "test of proportional hazards (--set transform=km|identity|rank|log)",
        run: zph,
    },
    Command {
        name: "coxcurve",
        about: "hazard and survival at the covariate means, or at --set x=1,60,...",
        run: curve,
    },
    Command {
        name: "coxresiduals",
        about: "martingale, deviance, score, dfbeta and (scaled) Schoenfeld residuals, row by row",
        run: residuals,
    },
    Command {
        name: "concordance",
        about: "Harrell's or Uno's C of one risk score (--covariates; --set timewt=n|S|S/G|n/G2|I)",
        run: agreement,
    },
    Command {
        name: "finegray",
        about: "regression of the subdistribution hazard of --cause",
        run: subdistribution,
    },
];

/// The group is the first covariate, coded against its first level.
fn with_group(args: &StatsArgs) -> StatsArgs {
    let mut args = args.clone();
    if let Some(group) = args.group.take() {
        args.covariates.insert(0, format!("factor({group})"));
    }
    args
}

fn fit(args: &StatsArgs, input: &Input) -> Result<(CoxFit, Vec<DesignTerm>, usize), WorkbenchError> {
    let args = with_group(args);
    let f = Followed::read(&args, input)?;
    let terms = f.design(&args)?;
    if terms.is_empty() {
        return Err(WorkbenchError::Usage("--covariates (or --group) is needed".into()));
    }
    // R's coxph takes the robust variance by itself when a weight is not a whole number.
    let robust_by_weights = choice(&args, "robust", &[("asked", false), ("auto", true)])?
        && f.weights.as_ref().is_some_and(|w| w.iter().any(|w| w.fract() != 0.0));
    let options = CoxOptions {
        ties: args.tie_method()?,
        near_ties: args.near_ties(),
        conf_level: args.conf,
        robust: args.robust || robust_by_weights,
        firth: args.firth,
        ..CoxOptions::default()
    };
    let data = CoxData {
        survival: f.survival(),
        columns: flatten(terms.clone()).1,
        strata: f.strata.as_deref(),
        weights: f.weights.as_deref(),
        offset: f.offset.as_deref(),
        cluster: f.cluster.as_deref(),
    };
    Ok((cox(data, &options)?, terms, f.missing))
}

fn place(rows: &mut Rows, term: &DesignTerm, column: &str) {
    rows.variable(&term.name);
    if column != term.name {
        rows.level(column.strip_prefix(&term.name).unwrap_or(column));
    }
}

fn regression(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let (fit, terms, missing) = fit(args, input)?;
    let profile = args.conf_type.as_deref() == Some("profile");
    if !profile && args.conf_type.as_deref().is_some_and(|t| t != "wald") {
        return Err(WorkbenchError::Usage("--conf-type of cox: wald or profile".into()));
    }
    let mut rows = Rows::new("cox");
    let mut k = 0;
    for term in &terms {
        for (name, _) in &term.columns {
            place(&mut rows, term, name);
            let c = &fit.coefficients[k];
            rows.optional("coef", c.estimate).optional("se", c.se);
            if fit.robust_score.is_some() {
                rows.optional("robust_se", c.robust_se);
            }
            let (lower, upper) = if profile {
                let (l, u) = fit.profile_limits(k, args.conf)?;
                (l.map(f64::exp), u.map(f64::exp))
            } else {
                (c.hr_lower, c.hr_upper)
            };
            rows.optional("hr", c.hr)
                .optional("hr_lower", lower)
                .optional("hr_upper", upper)
                .optional("z", c.z)
                .optional("p", c.p);
            k += 1;
        }
    }
    rows.whole()
        .push("n", fit.n as f64)
        .push("events", fit.n_event as f64)
        .push("n_missing", missing as f64)
        .push("loglik_null", fit.loglik[0])
        .push("loglik", fit.loglik[1])
        .push("df", fit.score.df as f64)
        .push("lr", fit.likelihood_ratio.chi_square)
        .push("p_lr", fit.likelihood_ratio.p)
        .push("score", fit.score.chi_square)
        .push("p_score", fit.score.p);
    // With a coefficient on its way to infinity Wald's test is one of where the search stopped.
    let infinite = fit.warnings.iter().any(|w| matches!(w, Warning::InfiniteCoefficient { .. }));
    rows.optional("wald", (!infinite).then_some(fit.wald.chi_square))
        .optional("p_wald", (!infinite).then_some(fit.wald.p));
    if let Some(t) = fit.robust_score {
        rows.push("robust_score", t.chi_square).push("p_robust_score", t.p);
    }
    if let Ok(c) = fit.concordance() {
        rows.push("concordance", c.concordance).push("concordance_se", c.variance.sqrt());
    }
    let mut conventions = fit.conventions.clone();
    if profile {
        conventions.retain(|c| !c.starts_with("limits"));
        conventions.push("limits: profile likelihood");
    }
    let names: Vec<String> = terms.iter().flat_map(|t| t.columns.iter().map(|c| c.0.clone())).collect();
    rows.remarks(&conventions, &with_names(&fit.warnings, &names));
    Ok(rows)
}

fn zph(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let (fit, terms, _) = fit(args, input)?;
    let name = args.setting("transform").unwrap_or("km");
    let transform = TimeTransform::from_name(name)
        .ok_or_else(|| WorkbenchError::Usage(format!("transform {name}: km, identity, rank or log")))?;
    let mut next = 0;
    let columns: Vec<Vec<usize>> = terms
        .iter()
        .map(|t| {
            next += t.columns.len();
            (next - t.columns.len()..next).collect()
        })
        .collect();
    let z = fit.zph(transform, &columns)?;
    let mut rows = Rows::new("zph");
    let names = terms.iter().map(|t| t.name.as_str()).chain(["GLOBAL"]);
    for (name, t) in names.zip(z.terms.iter().chain([&z.global])) {
        rows.variable(name).push("chisq", t.chi_square).push("df", t.df as f64).push("p", t.p);
    }
    let mut conventions = vec!["exact score test, factors as one term", transform.name()];
    conventions.extend(fit.conventions.clone());
    rows.remarks(&conventions, &fit.warnings);
    Ok(rows)
}

/// `level` is the number of the row among those that were used.
fn residuals(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let (fit, terms, missing) = fit(args, input)?;
    let r = fit.residuals()?;
    let names: Vec<&str> = terms.iter().flat_map(|t| t.columns.iter().map(|c| c.0.as_str())).collect();
    let mut rows = Rows::new("coxresiduals");
    rows.whole().push("n", fit.n as f64).push("n_missing", missing as f64);
    for i in 0..fit.n {
        rows.whole().level(&(i + 1).to_string());
        rows.push("martingale", r.martingale[i]).push("deviance", r.deviance[i]);
    }
    for (j, name) in names.iter().enumerate() {
        for i in 0..fit.n {
            rows.variable(name).level(&(i + 1).to_string());
            rows.push("score", r.score[i][j]).push("dfbeta", r.dfbeta[i][j]);
        }
    }
    for (j, name) in names.iter().enumerate() {
        for (i, residual) in &r.schoenfeld {
            let moved: f64 = residual.iter().enumerate().map(|(k, v)| v * fit.vcov.get(k, j)).sum();
            rows.variable(name)
                .level(&(i + 1).to_string())
                .push("schoenfeld", residual[j])
                .push("scaled_schoenfeld", fit.beta[j] + fit.n_event as f64 * moved);
        }
    }
    let mut conventions = vec!["score and Schoenfeld residuals without case weights, dfbeta with them"];
    conventions.extend(fit.conventions.clone());
    rows.remarks(&conventions, &fit.warnings);
    Ok(rows)
}

/// Which covariates a curve is for.
#[derive(Clone, Copy)]
enum Reference {
    Means,
    RSurvival,
    Zero,
}

/// The reference of R survival's fits: means, but 0 for columns that hold only -1, 0 and 1.
pub(crate) fn centred_as_r(fit: &CoxFit, terms: &[DesignTerm]) -> Vec<f64> {
    let columns = terms.iter().flat_map(|t| &t.columns);
    columns
        .zip(&fit.means)
        .map(|((_, c), mean)| if c.iter().all(|v| [-1.0, 0.0, 1.0].contains(v)) { 0.0 } else { *mean })
        .collect()
}

fn curve(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let kind = args.curve_limits()?;
    let (fit, terms, _) = fit(&StatsArgs { conf_type: None, ..args.clone() }, input)?;
    let reference = choice(
        args,
        "reference",
        &[("means", Reference::Means), ("r", Reference::RSurvival), ("zero", Reference::Zero)],
    )?;
    let (x, place_of) = match (args.setting("x"), reference) {
        (Some(_), _) => (numbers(args, "x")?, "covariates as given"),
        (None, Reference::Means) => (fit.means.clone(), "covariates at their means"),
        (None, Reference::Zero) => (vec![0.0; fit.means.len()], "covariates at 0"),
        (None, Reference::RSurvival) => (
            centred_as_r(&fit, &terms),
            "covariates at their means, columns of -1, 0 and 1 at 0 (R survival)",
        ),
    };
    if x.len() != fit.means.len() {
        return Err(WorkbenchError::Usage(format!(
            "--set x: {} numbers are needed, one per column of the model",
            fit.means.len()
        )));
    }
    let mut rows = Rows::new("coxcurve");
    let mut k = 0;
    for term in &terms {
        for (name, _) in &term.columns {
            place(&mut rows, term, name);
            rows.push("reference_value", *x.get(k).unwrap_or(&f64::NAN));
            k += 1;
        }
    }
    let curves = fit.survival(&x, 0.0, kind, args.conf)?;
    for (s, c) in curves.iter().enumerate() {
        let stratum = (s + 1).to_string();
        let times = if args.at.is_empty() { c.time.clone() } else { args.at.clone() };
        for t in times {
            let (surv, se, lower, upper) = c.at(t);
            rows.whole();
            if curves.len() > 1 {
                rows.group(&stratum);
            }
            rows.time(t)
                .push("cumhaz", c.position(t).map_or(0.0, |k| c.cumhaz[k]))
                .push("surv", surv)
                .push("std_err", se)
                .optional("lower", lower)
                .optional("upper", upper);
        }
    }
    let mut conventions = vec![place_of, kind.convention()];
    conventions.extend(fit.conventions.clone());
    rows.remarks(&conventions, &fit.warnings);
    Ok(rows)
}

fn agreement(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let f = Followed::read(args, input)?;
    let (_, columns) = flatten(f.design(args)?);
    let [score] = &columns[..] else {
        return Err(WorkbenchError::Usage(
            "--covariates must name one numeric column, the risk score".into(),
        ));
    };
    let pairs = choice(args, "timewt", &PairWeight::ALL)?;
    let c = concordance_weighted(
        &f.survival(),
        score,
        f.strata.as_deref(),
        f.weights.as_deref(),
        f.cluster.as_deref(),
        pairs,
        args.near_ties(),
    )?;
    let mut rows = Rows::new("concordance");
    rows.whole()
        .push("concordance", c.concordance)
        .push("se", c.variance.sqrt())
        .push("concordant", c.concordant)
        .push("discordant", c.discordant)
        .push("tied_score", c.tied_score)
        .push("tied_time", c.tied_time)
        .push("tied_both", c.tied_both);
    let mut conventions =
        vec![pairs.convention(), "a high score means an early event, ties of the score one half"];
    if pairs != PairWeight::Pairs {
        conventions.push("variance: the curves behind the weights taken as known (R)");
    }
    rows.remarks(&conventions, &[]);
    Ok(rows)
}

fn subdistribution(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let args = with_group(args);
    let f = Followed::read_as(&args, input, true)?;
    let cause = f.causes(&args)?;
    let terms = f.design(&args)?;
    if terms.is_empty() {
        return Err(WorkbenchError::Usage("--covariates (or --group) is needed".into()));
    }
    if f.entry.is_some() || f.weights.is_some() || f.offset.is_some() || f.cluster.is_some() {
        return Err(WorkbenchError::Usage(
            "finegray takes no --entry, --weights, --offset or --cluster; --strata groups the censoring curve".into(),
        ));
    }
    let options = FineGrayOptions {
        ties: args.setting("ties").map_or(Ok(FineGrayOptions::default().ties), |t| {
            StatsArgs { ties: t.into(), ..args.clone() }.tie_method()
        })?,
        censoring_ties: match args.setting("censoring-ties") {
            None | Some("all") => CensoringTies::All,
            Some("events-first") => CensoringTies::EventsFirst,
            Some(other) => {
                return Err(WorkbenchError::Usage(format!("censoring-ties {other}: all or events-first")));
            }
        },
        censoring_term: choice(
            &args,
            "censoring-term",
            &[("own-group", CensoringTerm::OwnGroup), ("all-events", CensoringTerm::AllEvents)],
        )?,
        conf_level: args.conf,
        near_ties: args.near_ties(),
        ..FineGrayOptions::default()
    };
    let data = Competing { time: &f.time, cause: &cause };
    let fit = fine_gray(&data, flatten(terms.clone()).1, args.cause, f.strata.as_deref(), &options)?;
    let mut rows = Rows::new("finegray");
    let mut k = 0;
    for term in &terms {
        for (name, _) in &term.columns {
            place(&mut rows, term, name);
            let c = &fit.coefficients[k];
            rows.optional("coef", c.estimate)
                .optional("se", c.robust_se)
                .optional("naive_se", c.se)
                .optional("shr", c.hr)
                .optional("shr_lower", c.hr_lower)
                .optional("shr_upper", c.hr_upper)
                .optional("z", c.z)
                .optional("p", c.p);
            k += 1;
        }
    }
    rows.whole()
        .push("n", fit.n as f64)
        .push("events", fit.n_event as f64)
        .push("n_missing", f.missing as f64)
        .push("loglik_null", fit.loglik[0])
        .push("loglik", fit.loglik[1])
        .push("wald", fit.wald.chi_square)
        .push("p_wald", fit.wald.p);
    let mut warnings = with_names(&fit.warnings, &flatten(terms).0);
    warnings.extend(Followed::about_causes(&cause));
    rows.remarks(&fit.conventions, &warnings);
    Ok(rows)
}
