//! Ranks, means and models on the command line.
use std::borrow::Cow;

use stats::cluster::{Correlation, Denominators, GeeData, GeeOptions, GeeVariance, fit_gee, gee_jackknife};
use stats::model::{
    Coefficient, Family, Link, LogisticOptions, TTestOptions, Variances, ancova, linear, logistic,
    t_test_one_sample, t_test_two_sample,
};
use stats::rank::{
    CorrelationP, RankOptions, RankP, Zeros, jonckheere, kendall, kruskal_wallis, pearson, rank_sum,
    sign_test, signed_rank, spearman,
};

use super::input::need;
use super::sample::{
    Sample, alternative, choice, estimate, group, level, outcome, setting, test, used, with_names,
};
use super::{Command, Input, Rows, StatsArgs};
use crate::WorkbenchError;

pub(super) const COMMANDS: &[Command] = &[
    Command { name: "ranksum", about: "Wilcoxon rank-sum test with Hodges-Lehmann shift", run: two_samples },
    Command {
        name: "signrank",
        about: "sign and signed-rank test of pairs (--set first=,second=)",
        run: one_sample,
    },
    Command {
        name: "kruskal",
        about: "Kruskal-Wallis test; Jonckheere's test for ordered groups",
        run: several,
    },
    Command {
        name: "correlation",
        about: "Pearson, Spearman, Kendall (--set first=,second=)",
        run: correlate,
    },
    Command { name: "ttest", about: "t-test of two groups, or of pairs (--set first=,second=)", run: means },
    Command { name: "ancova", about: "adjusted means and differences of groups", run: adjusted },
    Command { name: "linear", about: "linear regression", run: least_squares },
    Command { name: "logistic", about: "logistic regression, profile limits, --firth", run: log_odds },
    Command { name: "gee", about: "generalised estimating equations by --cluster", run: equations },
];

const ROUTES: [(&str, RankP); 4] = [
    ("exact", RankP::Exact),
    ("normal", RankP::Normal),
    ("normal-corrected", RankP::NormalCorrected),
    ("r", RankP::RDefault),
];

fn rank_options(args: &StatsArgs) -> Result<RankOptions, WorkbenchError> {
    Ok(RankOptions {
        p: choice(args, "p", &ROUTES)?,
        alternative: alternative(args)?,
        zeros: choice(args, "zeros", &[("dropped", Zeros::Dropped), ("pratt", Zeros::Pratt)])?,
        level: level(args)?,
    })
}

/// Two groups of numbers.
struct TwoGroups {
    sample: Sample,
    first: Vec<f64>,
    second: Vec<f64>,
    levels: Vec<String>,
}

fn two_groups(args: &StatsArgs, input: &Input) -> Result<TwoGroups, WorkbenchError> {
    let sample = Sample::read(args, input, &[outcome(args)?, group(args)?])?;
    let (mut parts, levels) = sample.by_group(args, outcome(args)?, group(args)?)?;
    match (parts.pop(), parts.pop(), parts.is_empty()) {
        (Some(second), Some(first), true) => Ok(TwoGroups { sample, first, second, levels }),
        _ => Err(WorkbenchError::Usage("two groups are needed; name them with --group-levels".into())),
    }
}

/// Two numeric columns.
fn two_columns(args: &StatsArgs, input: &Input) -> Result<(Sample, Vec<f64>, Vec<f64>), WorkbenchError> {
    let (first, second) = (setting(args, "first")?, setting(args, "second")?);
    let sample = Sample::read(args, input, &[first, second])?;
    let (a, b) = (sample.table.numbers(first)?, sample.table.numbers(second)?);
    Ok((sample, a, b))
}

fn two_samples(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let mut rows = Rows::new("ranksum");
    let TwoGroups { sample, first, second, levels } = two_groups(args, input)?;
    let r = rank_sum(&first, &second, rank_options(args)?)?;
    used(&mut rows, &sample);
    rows.whole().variable("superiority").level(&levels[0]).push("estimate", r.superiority);
    estimate(&mut rows, "shift", &r.hodges_lehmann);
    test(&mut rows, &r.test);
    Ok(rows)
}

fn one_sample(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let mut rows = Rows::new("signrank");
    let (sample, first, second) = two_columns(args, input)?;
    let d: Vec<f64> = first.iter().zip(&second).map(|(a, b)| a - b).collect();
    let r = signed_rank(&d, rank_options(args)?)?;
    used(&mut rows, &sample);
    estimate(&mut rows, "difference", &r.hodges_lehmann);
    test(&mut rows, &r.test);
    test(&mut rows, &sign_test(&d, alternative(args)?)?.test);
    Ok(rows)
}

fn several(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let mut rows = Rows::new("kruskal");
    let sample = Sample::read(args, input, &[outcome(args)?, group(args)?])?;
    let (parts, _) = sample.by_group(args, outcome(args)?, group(args)?)?;
    let slices: Vec<&[f64]> = parts.iter().map(Vec::as_slice).collect();
    used(&mut rows, &sample);
    test(&mut rows, &kruskal_wallis(&slices)?);
    test(&mut rows, &jonckheere(&slices, alternative(args)?)?);
    Ok(rows)
}

fn correlate(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let mut rows = Rows::new("correlation");
    let (sample, x, y) = two_columns(args, input)?;
    let (side, level) = (alternative(args)?, level(args)?);
    let p = choice(args, "p", &[("approximate", CorrelationP::Approximate), ("exact", CorrelationP::Exact)])?;
    used(&mut rows, &sample);
    for c in
        [pearson(&x, &y, side, level)?, spearman(&x, &y, p, side, level)?, kendall(&x, &y, p, side, level)?]
    {
        estimate(&mut rows, "correlation", &c.estimate);
        test(&mut rows, &c.test);
    }
    Ok(rows)
}

fn means(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let mut rows = Rows::new("ttest");
    let options = TTestOptions {
        null: args.null.unwrap_or(0.0),
        alternative: alternative(args)?,
        level: level(args)?,
        variances: choice(
            args,
            "variances",
            &[("unequal", Variances::Unequal), ("equal", Variances::Equal)],
        )?,
    };
    let (sample, t) = if args.setting("first").is_some() {
        let (sample, first, second) = two_columns(args, input)?;
        let d: Vec<f64> = first.iter().zip(&second).map(|(a, b)| a - b).collect();
        (sample, t_test_one_sample(&d, options)?)
    } else {
        let TwoGroups { sample, first, second, .. } = two_groups(args, input)?;
        (sample, t_test_two_sample(&first, &second, options)?)
    };
    used(&mut rows, &sample);
    estimate(&mut rows, "difference", &t.estimate);
    rows.whole().variable("difference").push("se", t.standard_error);
    test(&mut rows, &t.test);
    Ok(rows)
}

pub(super) fn coefficient(rows: &mut Rows, name: &str, c: Option<&Coefficient>) {
    rows.whole().variable(name);
    match c {
        None => {
            rows.optional("estimate", None);
        }
        Some(c) => {
            rows.push("estimate", c.estimate.estimate)
                .push("se", c.standard_error)
                .push("lower", c.estimate.lower)
                .push("upper", c.estimate.upper)
                .optional("statistic", c.test.statistic)
                .optional("df", c.test.df)
                .push("p", c.test.p);
            let place = rows.place();
            rows.remarks(&[], &c.test.warnings);
            rows.return_to(place);
        }
    }
}

pub(super) fn slices<'a>(columns: &'a [Cow<'static, [f64]>]) -> Vec<&'a [f64]> {
    columns.iter().map(|c| &**c).collect()
}

pub(super) fn with_intercept(names: Vec<String>) -> Vec<String> {
    std::iter::once("(intercept)".to_string()).chain(names).collect()
}

fn adjusted(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let mut rows = Rows::new("ancova");
    let sample = Sample::read(args, input, &[outcome(args)?, group(args)?])?;
    let (codes, levels) = sample.groups(args, group(args)?)?;
    let (_, columns) = sample.design(args)?;
    let y = sample.table.numbers(outcome(args)?)?;
    let a = ancova(&y, &codes, levels.len(), &slices(&columns), level(args)?)?;
    used(&mut rows, &sample);
    for (name, c) in levels.iter().zip(&a.adjusted_means) {
        rows.group(name).push("adjusted_mean", c.estimate.estimate).push("se", c.standard_error);
        rows.push("lower", c.estimate.lower).push("upper", c.estimate.upper);
    }
    for (name, c) in levels.iter().skip(1).zip(&a.differences) {
        coefficient(&mut rows, &format!("{name} - {}", levels[0]), Some(c));
    }
    test(&mut rows, &a.groups);
    rows.remarks(&a.fit.conventions, &a.fit.warnings);
    Ok(rows)
}

fn least_squares(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let mut rows = Rows::new("linear");
    let sample = Sample::read(args, input, &[outcome(args)?])?;
    let (names, columns) = sample.design(args)?;
    let f = linear(&sample.table.numbers(outcome(args)?)?, &slices(&columns), level(args)?)?;
    used(&mut rows, &sample);
    let names = with_intercept(names);
    for (name, c) in names.iter().zip(&f.coefficients) {
        coefficient(&mut rows, name, c.as_ref());
    }
    rows.whole().push("sigma", f.sigma).push("r_squared", f.r_squared).push("df", f.df);
    if let Some(t) = &f.f {
        test(&mut rows, t);
    }
    rows.remarks(&f.conventions, &with_names(&f.warnings, &names));
    Ok(rows)
}

fn log_odds(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let mut rows = Rows::new("logistic");
    let sample = Sample::read(args, input, &[outcome(args)?])?;
    let (names, columns) = sample.design(args)?;
    let y: Vec<f64> = sample
        .flags(outcome(args)?, args.event_code.as_deref())?
        .into_iter()
        .map(|v| f64::from(u8::from(v)))
        .collect();
    let options = LogisticOptions { level: level(args)?, firth: args.firth, ..LogisticOptions::default() };
    let f = logistic(&y, &slices(&columns), options)?;
    used(&mut rows, &sample);
    let names = with_intercept(names);
    for (k, name) in names.iter().enumerate() {
        coefficient(&mut rows, name, f.coefficients[k].as_ref());
        if let Some(e) = &f.profile[k] {
            rows.push("profile_lower", e.lower).push("profile_upper", e.upper);
            rows.push("odds_ratio", e.estimate.exp());
        }
        if let Some(t) = &f.likelihood_ratio[k] {
            rows.push("p_likelihood_ratio", t.p);
        }
    }
    rows.whole().push("log_likelihood", f.log_likelihood[0]);
    if let Some(t) = &f.model {
        test(&mut rows, t);
    }
    rows.remarks(&f.conventions, &with_names(&f.warnings, &names));
    Ok(rows)
}

fn equations(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let mut rows = Rows::new("gee");
    let cluster = need(&args.cluster, "--cluster")?;
    let sample = Sample::read(args, input, &[outcome(args)?, cluster])?;
    let (names, columns) = sample.design(args)?;
    let family = choice(
        args,
        "family",
        &[("binomial", Family::Binomial), ("poisson", Family::Poisson), ("gaussian", Family::Gaussian)],
    )?;
    let usual = match family {
        Family::Binomial => Link::Logit,
        Family::Poisson => Link::Log,
        Family::Gaussian => Link::Identity,
    };
    let link = match args.setting("link") {
        None => usual,
        Some(name) => {
            Link::from_name(name).ok_or_else(|| WorkbenchError::Usage(format!("no link {name}")))?
        }
    };
    let options = GeeOptions {
        family,
        link,
        correlation: choice(
            args,
            "correlation",
            &[
                ("exchangeable", Correlation::Exchangeable),
                ("independence", Correlation::Independence),
                ("ar1", Correlation::Ar1),
            ],
        )?,
        denominators: choice(
            args,
            "denominators",
            &[
                ("corrected", Denominators::Corrected),
                ("uncorrected", Denominators::Uncorrected),
                ("by-cluster", Denominators::ByCluster),
            ],
        )?,
        ..GeeOptions::default()
    };
    let y = sample.table.numbers(outcome(args)?)?;
    let codes = sample.table.combined_codes(&[cluster])?;
    let offset = args.offset.as_deref().map(|o| sample.table.numbers(o)).transpose()?;
    let parts = slices(&columns);
    let f =
        fit_gee(&GeeData { y: &y, columns: &parts, cluster: &codes, offset: offset.as_deref() }, options)?;
    used(&mut rows, &sample);
    rows.push("clusters", f.clusters as f64).push("alpha", f.alpha).push("scale", f.scale);
    let z = stats::special::norm_isf(0.5 * (1.0 - args.conf));
    for kind in GeeVariance::ALL {
        let (se, wald) = (f.standard_errors(kind), f.wald(kind));
        for (k, &place) in f.estimated.iter().enumerate() {
            let Some(b) = f.coefficients[place] else { continue };
            let name = if place == 0 { "(intercept)" } else { names[place - 1].as_str() };
            rows.variable(name).level(kind.name()).push("estimate", b).push("se", se[k]);
            rows.push("lower", b - z * se[k]).push("upper", b + z * se[k]);
            rows.push("chi_square", wald[k].0).push("p", wald[k].1);
        }
    }
    if choice(args, "jackknife", &[("no", false), ("yes", true)])? {
        let data = GeeData { y: &y, columns: &parts, cluster: &codes, offset: offset.as_deref() };
        let j = gee_jackknife(&data, options)?;
        for (k, &place) in f.estimated.iter().enumerate() {
            let name = if place == 0 { "(intercept)" } else { names[place - 1].as_str() };
            rows.whole().variable(name).level("jackknife");
            rows.push("se_approximate", j.approximate_se[k]).push("se_iterated", j.iterated_se[k]);
        }
    }
    rows.remarks(&f.conventions, &f.warnings);
    Ok(rows)
}
