//! Several proportions: homogeneity, and the Cochran-Armitage test for trend, asymptotic and exact.

use std::collections::BTreeMap;

use super::Count;
use super::binomial::{SLACK, TwoSidedRule};
use crate::inference::{Alternative, TestResult, impossible};
use crate::special::ln_factorial;
use crate::{Result, StatsError, Warning};

struct Pooled {
    n: f64,
    p: f64,
}

fn pooled(groups: &[Count], method: &'static str) -> Result<Pooled> {
    for g in groups {
        g.check()?;
    }
    if groups.len() < 2 {
        return impossible(method, "fewer than two groups");
    }
    let (x, n) = groups.iter().fold((0, 0), |(x, n), g| (x + g.x, n + g.n));
    if x == 0 || x == n {
        return impossible(method, "all participants have the same outcome");
    }
    Ok(Pooled { n: n as f64, p: x as f64 / n as f64 })
}

/// Chi-square test that all groups have the same proportion (K - 1 degrees of freedom).
pub fn homogeneity(groups: &[Count]) -> Result<TestResult> {
    let all = pooled(groups, "test of equal proportions")?;
    let statistic: f64 = groups
        .iter()
        .map(|g| {
            let gap = g.x as f64 - g.n as f64 * all.p;
            gap * gap / (g.n as f64 * all.p * (1.0 - all.p))
        })
        .sum();
    let mut result = TestResult::chi2("test of equal proportions", statistic, groups.len() as f64 - 1.0);
    if groups.iter().any(|g| (g.n as f64 * all.p).min(g.n as f64 * (1.0 - all.p)) < 5.0) {
        result =
            result.warn(Warning::Note("an expected count is below 5: consider Fisher's exact test".into()));
    }
    Ok(result)
}

/// Scores of the groups: as given, or 1, 2, ..., K.
fn checked_scores(groups: &[Count], scores: Option<&[f64]>) -> Result<Vec<f64>> {
    let scores = match scores {
        None => (1..=groups.len()).map(|k| k as f64).collect(),
        Some(s) if s.len() != groups.len() => {
            return Err(StatsError::Length { what: "scores", expected: groups.len(), got: s.len() });
        }
        Some(s) => s.to_vec(),
    };
    if let Some((row, &value)) = scores.iter().enumerate().find(|(_, s)| !s.is_finite()) {
        return Err(StatsError::NotFinite { what: "score", row: row + 1, value });
    }
    if scores.windows(2).all(|w| w[0] == w[1]) {
        return Err(StatsError::NoVariance { what: "score", why: "all groups have the same score" });
    }
    Ok(scores)
}

/// Cochran-Armitage chi-square for trend (1 degree of freedom), scores 1..K unless given; variance N p (1-p) without
/// the factor N/(N-1). One-sided p-values take the sign of the trend.
pub fn cochran_armitage(
    groups: &[Count],
    scores: Option<&[f64]>,
    alternative: Alternative,
) -> Result<TestResult> {
    const NAME: &str = "Cochran-Armitage test for trend";
    let all = pooled(groups, NAME)?;
    let scores = checked_scores(groups, scores)?;
    let mean: f64 = groups.iter().zip(&scores).map(|(g, s)| g.n as f64 * s).sum::<f64>() / all.n;
    let gap: f64 =
        groups.iter().zip(&scores).map(|(g, s)| (g.x as f64 - g.n as f64 * all.p) * (s - mean)).sum();
    let spread: f64 = groups.iter().zip(&scores).map(|(g, s)| g.n as f64 * (s - mean) * (s - mean)).sum();
    let z = gap / (all.p * (1.0 - all.p) * spread).sqrt();
    Ok(TestResult::with(NAME, z * z, Some(1.0), alternative.normal_p(z))
        .convention("chi-square form, variance without N/(N-1)")
        .convention(alternative.name()))
}

/// Exact trend test: distribution of the sum of scores of the successes given both margins. Refused when the sums take
/// more than two million values.
pub fn cochran_armitage_exact(
    groups: &[Count],
    scores: Option<&[f64]>,
    alternative: Alternative,
    rule: TwoSidedRule,
) -> Result<TestResult> {
    const NAME: &str = "Cochran-Armitage test for trend, exact";
    pooled(groups, NAME)?;
    let scores = checked_scores(groups, scores)?;
    let successes: u64 = groups.iter().map(|g| g.x).sum();
    // sums of decimal scores are made equal before they are compared
    let scale = scores.iter().fold(0.0_f64, |m, s| m.max(s.abs()));
    let key = |s: f64| (s / scale * 1e10).round() as i64;
    let mut law: BTreeMap<(u64, i64), (f64, f64)> = BTreeMap::from([((0, 0), (0.0, 1.0))]);
    let mut after: u64 = groups.iter().map(|g| g.n).sum();
    for (g, &s) in groups.iter().zip(&scores) {
        after -= g.n;
        let ln_choose: Vec<f64> =
            (0..=g.n).map(|k| ln_factorial(g.n) - ln_factorial(k) - ln_factorial(g.n - k)).collect();
        let mut next: BTreeMap<(u64, i64), (f64, f64)> = BTreeMap::new();
        let top = ln_choose.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        for ((taken, _), (sum, weight)) in law {
            let least = (successes - taken).saturating_sub(after);
            for k in least..=g.n.min(successes - taken) {
                let total = sum + k as f64 * s;
                let entry = next.entry((taken + k, key(total))).or_insert((total, 0.0));
                entry.1 += weight * (ln_choose[k as usize] - top).exp();
            }
        }
        if next.len() > 2_000_000 {
            return impossible(NAME, "too many different score sums; use the chi-square form");
        }
        law = next;
    }
    let observed: f64 = groups.iter().zip(&scores).map(|(g, s)| g.x as f64 * s).sum();
    let slack = scale * 1e-9;
    let total: f64 = law.values().map(|v| v.1).sum();
    let sum = |keep: &dyn Fn(f64, f64) -> bool| {
        let mut kept: Vec<f64> = law.values().filter(|v| keep(v.0, v.1)).map(|v| v.1 / total).collect();
        kept.sort_by(f64::total_cmp);
        kept.iter().sum::<f64>().min(1.0)
    };
    let upper = sum(&|s, _| s >= observed - slack);
    let lower = sum(&|s, _| s <= observed + slack);
    let point = law.values().find(|v| (v.0 - observed).abs() <= slack).map_or(0.0, |v| v.1);
    let p = match (alternative, rule) {
        (Alternative::Greater, _) => upper,
        (Alternative::Less, _) => lower,
        (_, TwoSidedRule::SmallProbabilities) => sum(&|_, w| w <= point * SLACK),
        (_, TwoSidedRule::DoubledTail) => (2.0 * upper.min(lower)).min(1.0),
        (_, TwoSidedRule::DoubledMidP) => (2.0 * (upper.min(lower) - 0.5 * point / total)).min(1.0),
    };
    let mut result = TestResult::with(NAME, observed, None, p).convention(alternative.name());
    if alternative == Alternative::TwoSided {
        result = result.convention(rule.name());
    }
    Ok(result)
}
