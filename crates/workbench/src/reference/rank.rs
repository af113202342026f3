//! Records of rank tests.
use serde_json::Value;
use stats::inference::{Alternative, Estimate, Level};
use stats::model::{TTestOptions, t_test_one_sample};
use stats::rank::{RankOptions, RankP, Zeros, kruskal_wallis, rank_sum, sign_test, signed_rank};

use super::Method;
use super::case::{Case, Skip, Values};
use super::root::{self, Stopped};
use crate::prepare;

pub(super) const METHODS: &[Method] = &[
    Method { name: "signed_rank", keys: &["x", "y", "conf_level"], run: signed },
    Method { name: "rank_sum", keys: &["x", "y", "conf_level"], run: sum },
    Method { name: "kruskal_wallis", keys: &["y", "group"], run: kruskal },
];

/// A sample of `params`: a list of numbers, or a column with its own filter (missing values dropped).
fn sample(case: &Case, key: &str) -> Result<Vec<f64>, Skip> {
    match case.record.params.get(key) {
        Some(Value::Object(o)) => {
            let name = o
                .get("column")
                .and_then(Value::as_str)
                .ok_or_else(|| Skip::new("a sample without a column"))?;
            let conditions: Vec<String> = match o.get("filter") {
                None => Vec::new(),
                Some(Value::String(one)) => vec![one.clone()],
                Some(f) => {
                    serde_json::from_value(f.clone()).map_err(|e| Skip::new(format!("filter: {e}")))?
                }
            };
            let mut table = case.table()?.clone();
            prepare::filter(&mut table, &conditions)?;
            Ok(table.complete(&[name])?.numbers(name)?)
        }
        _ => case.numbers(key),
    }
}

fn options(p: RankP, zeros: Zeros, alternative: Alternative, level: Level) -> RankOptions {
    RankOptions { p, alternative, zeros, level }
}

/// On the normal route R finds shift and limits by a root search to 1e-4, and on a stretch where every value solves the
/// equation it stops anywhere: the same search is run here, and taken where it agrees with the exact solution.
fn as_searched(v: &mut Values, names: [&str; 2], exact: &Estimate, found: Stopped, mut values: Vec<f64>) {
    if !exact.conventions.iter().any(|c| c.contains("normal approximation")) {
        return;
    }
    values.sort_by(f64::total_cmp);
    let (n, width) = (values.len(), 2e-4);
    let within = |x: f64, low: f64, high: f64| x >= low - width && x <= high + width;
    let Some((low, high)) = values.get((n.max(1) - 1) / 2).copied().zip(values.get(n / 2).copied()) else {
        return;
    };
    match found.shift {
        Some(x) if within(x, low, high) => {
            v.number(names[0], x);
        }
        _ => {
            v.withhold(&[names[0]], "R's search finds no shift, or another than the exact one");
        }
    }
    // A limit is a difference at which the statistic steps over the quantile.
    let near = |x: f64, exact: f64| {
        let k = values.partition_point(|v| *v < exact - width);
        let next = values[k.saturating_sub(1)..].iter().find(|v| **v > exact + width).copied();
        let before = values[..k].last().copied();
        within(x, before.unwrap_or(exact), next.unwrap_or(exact))
    };
    match (found.lower, found.upper) {
        (Some(a), Some(b)) if near(a, exact.lower) && near(b, exact.upper) => {
            v.list(names[1], [a, b]);
        }
        _ => {
            v.withhold(
                &[names[1]],
                "R's search finds no limits of this level, or others than the exact ones",
            );
        }
    }
}

fn signed(case: &Case) -> Result<Values, Skip> {
    let (x, y) = (sample(case, "x")?, sample(case, "y")?);
    if x.len() != y.len() {
        return Err(Skip::new("samples of different length are not pairs"));
    }
    let d: Vec<f64> = x.iter().zip(&y).map(|(a, b)| a - b).collect();
    let level = Level::two_sided(case.conf_level()?);
    let run = |p, zeros, side| signed_rank(&d, options(p, zeros, side, level));
    let two = Alternative::TwoSided;
    let r = run(RankP::RDefault, Zeros::Dropped, two)?;
    let pratt = run(RankP::Normal, Zeros::Pratt, two)?;
    let sign = sign_test(&d, two)?;
    let t = t_test_one_sample(&d, TTestOptions { level, ..TTestOptions::default() })?;
    let mut v = Values::default();
    v.number("V", r.v)
        .number("p_default", r.test.p)
        .number("hl_default", r.hodges_lehmann.estimate)
        .list("ci_default", r.hodges_lehmann.limits())
        .number("p_normal_cc", run(RankP::NormalCorrected, Zeros::Dropped, two)?.test.p)
        .number("p_normal", run(RankP::Normal, Zeros::Dropped, two)?.test.p)
        .number("p_exact_with_ties", run(RankP::Exact, Zeros::Dropped, two)?.test.p)
        .number("pratt_z", pratt.z)
        .number("pratt_p", pratt.test.p)
        .number("pratt_exact_p", run(RankP::Exact, Zeros::Pratt, two)?.test.p)
        .number("wilcoxon_z", r.z)
        .number("wilcoxon_p", run(RankP::Normal, Zeros::Dropped, two)?.test.p)
        .number("p_greater_default", run(RankP::RDefault, Zeros::Dropped, Alternative::Greater)?.test.p)
        .number("sign_npos", sign.positive as f64)
        .number("sign_n", sign.n as f64)
        .number("sign_p", sign.test.p)
        .number("t_p", t.test.p)
        .list("t_ci", t.estimate.limits());
    let d: Vec<f64> = d.into_iter().filter(|d| *d != 0.0).collect();
    let averages = (0..d.len()).flat_map(|i| d[i..].iter().map(|b| 0.5 * (d[i] + b)).collect::<Vec<_>>());
    let found = root::one_sample(&d, level.level)?;
    as_searched(&mut v, ["hl_default", "ci_default"], &r.hodges_lehmann, found, averages.collect());
    Ok(v)
}

fn sum(case: &Case) -> Result<Values, Skip> {
    let (x, y) = (sample(case, "x")?, sample(case, "y")?);
    let level = Level::two_sided(case.conf_level()?);
    let run = |p, side| rank_sum(&x, &y, options(p, Zeros::Dropped, side, level));
    let two = Alternative::TwoSided;
    let r = run(RankP::RDefault, two)?;
    let mut v = Values::default();
    v.number("W", r.w)
        .number("p_default", r.test.p)
        .number("hl", r.hodges_lehmann.estimate)
        .list("ci", r.hodges_lehmann.limits())
        .number("p_normal_cc", run(RankP::NormalCorrected, two)?.test.p)
        .number("p_normal", run(RankP::Normal, two)?.test.p)
        .number("p_exact_with_ties", run(RankP::Exact, two)?.test.p)
        // the records take the normal route here, whatever the sample size
        .number("p_less", run(RankP::NormalCorrected, Alternative::Less)?.test.p);
    let differences = x.iter().flat_map(|a| y.iter().map(move |b| a - b)).collect();
    let found = root::two_samples(&x, &y, level.level)?;
    as_searched(&mut v, ["hl", "ci"], &r.hodges_lehmann, found, differences);
    Ok(v)
}

fn kruskal(case: &Case) -> Result<Values, Skip> {
    let rows = case.rows(&["y", "group"])?;
    let y = rows.numbers(case.name("y")?)?;
    let group = rows.combined_codes(&[case.name("group")?])?;
    let mut groups = vec![Vec::new(); group.iter().max().map_or(0, |m| m + 1)];
    for (v, g) in y.iter().zip(group) {
        groups[g].push(*v);
    }
    let slices: Vec<&[f64]> = groups.iter().map(Vec::as_slice).collect();
    let t = kruskal_wallis(&slices)?;
    let mut v = Values::default();
    v.optional("stat", t.statistic).number("p", t.p);
    Ok(v)
}
