//! Diagnostic tests and agreement on the command line.
use stats::cluster::{IccForm, icc_agreement, icc_anova};
use stats::diagnostic::{
    KappaWeights, PairedTable, accuracy, auc, bland_altman, cohen_kappa, compare_auc,
    compare_likelihood_ratios, compare_predictive_values, compare_sensitivity, gwet_ac1, likelihood_ratios,
    relative_predictive_values, relative_sensitivity,
};
use stats::proportion::BinomialMethod;

use super::sample::{Sample, choice, estimate, level, numbers, outcome, refused, setting, test, used};
use super::{Command, Input, Rows, StatsArgs};
use crate::WorkbenchError;

pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "accuracy",
        about: "sensitivity, specificity, predictive values (--set truth=,test=)",
        run: one,
    },
    Command {
        name: "paired-accuracy",
        about: "two tests on the same participants (--set truth=,first=,second=)",
        run: paired,
    },
    Command {
        name: "roc",
        about: "area under the curve with DeLong's test (--outcome, --set markers=A,B)",
        run: roc,
    },
    Command {
        name: "kappa",
        about: "Cohen's kappa, weighted kappa, Gwet's AC1 (--set first=,second=)",
        run: kappa,
    },
    Command { name: "bland-altman", about: "limits of agreement (--set first=,second=)", run: limits },
    Command {
        name: "icc",
        about: "agreement of raters on numbers (--set raters=A,B,C); of --outcome within --cluster",
        run: icc,
    },
];

fn one(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let mut rows = Rows::new("accuracy");
    let (truth, name) = (setting(args, "truth")?, setting(args, "test")?);
    let sample = Sample::read(args, input, &[truth, name])?;
    let (d, y) = (sample.flags(truth, None)?, sample.flags(name, None)?);
    let level = level(args)?;
    let methods: Vec<(&'static str, BinomialMethod)> =
        BinomialMethod::ALL.iter().map(|m| (m.name(), *m)).collect();
    let a = accuracy(&d, &y, choice(args, "method", &methods)?, level)?;
    used(&mut rows, &sample);
    for (name, part) in [
        ("sensitivity", &a.sensitivity),
        ("specificity", &a.specificity),
        ("positive predictive value", &a.positive_predictive_value),
        ("negative predictive value", &a.negative_predictive_value),
        ("accuracy", &Some(a.accuracy.clone())),
    ] {
        match part {
            Some(e) => estimate(&mut rows, name, e),
            None => {
                rows.variable(name).optional("estimate", None);
            }
        }
    }
    if let Ok(l) = likelihood_ratios(&d, &y, level) {
        estimate(&mut rows, "likelihood ratio", &l.positive);
        estimate(&mut rows, "likelihood ratio", &l.negative);
    }
    Ok(rows)
}

fn paired(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let mut rows = Rows::new("paired-accuracy");
    let names = [setting(args, "truth")?, setting(args, "first")?, setting(args, "second")?];
    let sample = Sample::read(args, input, &names)?;
    let [truth, first, second] = names.map(|n| sample.flags(n, None));
    let t = PairedTable::new(&truth?, &first?, &second?)?;
    let level = level(args)?;
    used(&mut rows, &sample);
    for (name, diseased) in [("sensitivity", true), ("specificity", false)] {
        let c = compare_sensitivity(&t, diseased, level)?;
        rows.whole()
            .variable(name)
            .push("first", c.first)
            .push("second", c.second)
            .push("difference", c.difference);
        test(&mut rows, &c.test.exact);
        test(&mut rows, &c.test.chi2);
        let ratio = format!("{name}, second/first");
        match relative_sensitivity(&t, diseased, level) {
            Ok(r) => estimate(&mut rows, &ratio, &r.ratio),
            Err(why) => refused(&mut rows, &ratio, "relative", &why),
        }
    }
    for (name, positive) in [("positive predictive value", true), ("negative predictive value", false)] {
        let c = compare_predictive_values(&t, positive)?;
        rows.whole()
            .variable(name)
            .push("first", c.first)
            .push("second", c.second)
            .push("difference", c.difference);
        test(&mut rows, &c.score);
        test(&mut rows, &c.weighted_score);
        let ratio = if positive {
            "positive likelihood ratio, first/second"
        } else {
            "negative likelihood ratio, first/second"
        };
        match compare_likelihood_ratios(&t, positive, level) {
            Ok(r) => estimate(&mut rows, ratio, &r.ratio),
            Err(why) => refused(&mut rows, ratio, "regression", &why),
        }
    }
    let names = ["positive predictive value, second/first", "negative predictive value, second/first"];
    match relative_predictive_values(&t, level) {
        Ok((positive, negative, _)) => {
            for (name, r) in names.iter().zip([positive, negative]) {
                estimate(&mut rows, name, &r.ratio);
                test(&mut rows, &r.test);
            }
        }
        Err(why) => names.iter().for_each(|name| refused(&mut rows, name, "relative", &why)),
    }
    Ok(rows)
}

fn roc(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let mut rows = Rows::new("roc");
    let markers: Vec<&str> = setting(args, "markers")?.split(',').map(str::trim).collect();
    let mut names = markers.clone();
    names.push(outcome(args)?);
    let sample = Sample::read(args, input, &names)?;
    let y = sample.flags(outcome(args)?, args.event_code.as_deref())?;
    let level = level(args)?;
    used(&mut rows, &sample);
    let mut curves = Vec::new();
    for name in &markers {
        let c = auc(&y, &sample.table.numbers(name)?, level)?;
        estimate(&mut rows, &format!("area {name}"), &c.area);
        curves.push(c);
    }
    for i in 0..curves.len() {
        for j in i + 1..curves.len() {
            let (e, t) = compare_auc(&curves[i], &curves[j], level)?;
            estimate(&mut rows, &format!("{} - {}", markers[i], markers[j]), &e);
            test(&mut rows, &t);
        }
    }
    Ok(rows)
}

fn kappa(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let mut rows = Rows::new("kappa");
    let names = [setting(args, "first")?, setting(args, "second")?];
    let sample = Sample::read(args, input, &names)?;
    // the categories of both raters together, in order
    let mut levels = args.group_levels.clone();
    if levels.is_empty() {
        levels = sample.table.levels(names[0])?;
        for more in sample.table.levels(names[1])? {
            if !levels.contains(&more) {
                levels.push(more);
            }
        }
        levels.sort_by(|a, b| match (a.parse::<f64>(), b.parse::<f64>()) {
            (Ok(x), Ok(y)) => x.total_cmp(&y),
            _ => a.cmp(b),
        });
    }
    let (a, b) = (sample.table.codes(names[0], &levels)?, sample.table.codes(names[1], &levels)?);
    let level = level(args)?;
    used(&mut rows, &sample);
    for (name, weights) in [
        ("kappa", KappaWeights::None),
        ("kappa linear", KappaWeights::Linear),
        ("kappa quadratic", KappaWeights::Quadratic),
    ] {
        let k = cohen_kappa(&a, &b, levels.len(), weights, level)?;
        estimate(&mut rows, name, &k.estimate);
        rows.whole().variable(name).push("se", k.standard_error).push("observed", k.observed);
        rows.push("expected", k.expected);
    }
    let g = gwet_ac1(&a, &b, levels.len(), level)?;
    estimate(&mut rows, "AC1", &g.estimate);
    rows.whole()
        .variable("AC1")
        .push("se", g.standard_error)
        .push("observed", g.observed)
        .push("expected", g.expected);
    Ok(rows)
}

fn limits(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let mut rows = Rows::new("bland-altman");
    let names = [setting(args, "first")?, setting(args, "second")?];
    let sample = Sample::read(args, input, &names)?;
    let coverage = match args.setting("coverage") {
        None => 0.95,
        Some(_) => numbers(args, "coverage")?[0],
    };
    let (x, y) = (sample.table.numbers(names[0])?, sample.table.numbers(names[1])?);
    let b = bland_altman(&x, &y, coverage, level(args)?)?;
    used(&mut rows, &sample);
    for e in [&b.bias, &b.lower, &b.upper] {
        estimate(&mut rows, "difference", e);
    }
    rows.whole().push("sd", b.sd).optional("slope", b.slope).push("coverage", coverage);
    Ok(rows)
}

fn icc(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let mut rows = Rows::new("icc");
    if let Some(cluster) = &args.cluster {
        let sample = Sample::read(args, input, &[outcome(args)?, cluster])?;
        let codes = sample.table.combined_codes(&[cluster])?;
        used(&mut rows, &sample);
        rows.push("clusters", codes.iter().max().map_or(0, |m| m + 1) as f64);
        rows.variable("within clusters")
            .push("icc", icc_anova(&sample.table.numbers(outcome(args)?)?, &codes)?);
        rows.remarks(&["one-way analysis of variance"], &[]);
        return Ok(rows);
    }
    let names: Vec<&str> = setting(args, "raters")?.split(',').map(str::trim).collect();
    let sample = Sample::read(args, input, &names)?;
    let columns: Vec<Vec<f64>> = names.iter().map(|n| sample.table.numbers(n)).collect::<Result<_, _>>()?;
    let ratings: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    used(&mut rows, &sample);
    for form in [IccForm::Agreement, IccForm::Consistency, IccForm::OneWay] {
        let i = icc_agreement(&ratings, form, level(args)?)?;
        estimate(&mut rows, "single rating", &i.single);
        estimate(&mut rows, "mean of raters", &i.average);
    }
    Ok(rows)
}
