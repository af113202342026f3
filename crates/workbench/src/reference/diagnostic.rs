//! Records of paired diagnostic tests and of ROC curves.
use serde_json::Value;
use stats::diagnostic::{
    PairedTable, RatioComparison, RocCurve, auc, compare_auc, compare_likelihood_ratios,
    compare_predictive_values, compare_sensitivity, relative_predictive_values, relative_sensitivity,
};
use stats::inference::Level;

use super::Method;
use super::case::{Case, Skip, Values};

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "paired_diagnostic",
        keys: &["truth", "test1", "test2", "statistic", "conf_level"],
        run: paired,
    },
    Method { name: "delong", keys: &["outcome", "markers", "complete", "conf_level"], run: delong },
];

fn ratio(r: &RatioComparison, with_statistic: bool) -> Vec<f64> {
    let mut list = vec![r.first, r.second, r.ratio.estimate, r.se_log, r.ratio.lower, r.ratio.upper];
    if with_statistic {
        list.extend(r.test.statistic);
    }
    list.push(r.test.p);
    list
}

fn paired(case: &Case) -> Result<Values, Skip> {
    let rows = case.rows(&["truth", "test1", "test2"])?;
    let read = |key| case.flags(&rows, key);
    let table = PairedTable::new(&read("truth")?, &read("test1")?, &read("test2")?)?;
    let level = Level::two_sided(case.conf_level()?);
    let mut v = Values::default();
    v.number("alpha", 1.0 - level.level);
    match case.text("statistic")? {
        Some(name @ ("sesp.mcnemar" | "sesp.exactbinom")) => {
            for (place, diseased) in [("sensitivity", true), ("specificity", false)] {
                let a = compare_sensitivity(&table, diseased, level)?;
                let mut list = vec![a.first, a.second, a.difference];
                if name == "sesp.mcnemar" {
                    list.extend(a.test.chi2.statistic);
                    list.push(a.test.chi2.p);
                } else {
                    list.push(a.test.exact.p);
                }
                v.list(place, list);
            }
        }
        Some("sesp.rel") => {
            for (place, diseased) in [("sensitivity", true), ("specificity", false)] {
                v.list(place, ratio(&relative_sensitivity(&table, diseased, level)?, false));
            }
        }
        Some(name @ ("pv.gs" | "pv.wgs")) => {
            for (place, positive) in [("ppv", true), ("npv", false)] {
                let t = compare_predictive_values(&table, positive)?;
                let test = if name == "pv.gs" { &t.score } else { &t.weighted_score };
                let mut list = vec![t.first, t.second, t.difference];
                list.extend(test.statistic);
                list.push(test.p);
                v.list(place, list);
            }
        }
        Some("pv.rpv") => {
            let (ppv, npv, sigma) = relative_predictive_values(&table, level)?;
            v.list("ppv", ratio(&ppv, true)).list("npv", ratio(&npv, true)).list("Sigma", sigma);
        }
        Some("dlr.regtest") => {
            for (place, positive) in [("pdlr", true), ("ndlr", false)] {
                let r = compare_likelihood_ratios(&table, positive, level)?;
                v.number(&format!("{place}.test1"), r.first)
                    .number(&format!("{place}.test2"), r.second)
                    .number(&format!("{place}.ratio"), r.ratio.estimate)
                    .number(&format!("{place}.se.log"), r.se_log)
                    .optional(&format!("{place}.test.statistic"), r.test.statistic)
                    .number(&format!("{place}.p.value"), r.test.p)
                    .number(&format!("{place}.lcl"), r.ratio.lower)
                    .number(&format!("{place}.ucl"), r.ratio.upper);
            }
        }
        other => return Err(Skip::new(format!("a statistic {}", other.unwrap_or("without a name")))),
    }
    Ok(v)
}

fn delong(case: &Case) -> Result<Values, Skip> {
    let rows = case.rows(&["outcome", "markers", "complete"])?;
    let outcome = case.flags(&rows, "outcome")?;
    let level = Level::two_sided(case.conf_level()?);
    let names = case.names("markers")?;
    let curves: Vec<RocCurve> = names
        .iter()
        .map(|name| Ok(auc(&outcome, &rows.numbers(name)?, level)?))
        .collect::<Result<_, Skip>>()?;
    let mut v = Values::default();
    v.number("n", outcome.len() as f64).list("auc", curves.iter().map(|c| c.area.estimate));
    for (name, c) in names.iter().zip(&curves) {
        v.list(&format!("ci_{name}"), [c.area.lower, c.area.estimate, c.area.upper]);
    }
    for i in 0..curves.len() {
        for j in i + 1..curves.len() {
            let (_, t) = compare_auc(&curves[i], &curves[j], level)?;
            let pair = format!("{}_{}", names[i], names[j]);
            v.set(&format!("z_{pair}"), t.statistic.map_or(Value::Null, super::case::number));
            v.number(&format!("p_{pair}"), t.p);
        }
    }
    Ok(v)
}
