//! Cochran-Mantel-Haenszel: 2 x 2 tables over strata, asymptotic and exact.

use super::binomial::TwoSidedRule;
use super::difference::Yates;
use super::fisher::Tilted;
use crate::inference::{Estimate, Level, TestResult, impossible};
use crate::{Result, Warning};

/// The Mantel-Haenszel test and the common odds ratio.
#[derive(Debug, Clone, PartialEq)]
pub struct MantelHaenszel {
    /// Chi-square on one degree of freedom.
    pub test: TestResult,
    /// Mantel-Haenszel odds ratio with the limits of Robins, Breslow and Greenland (1986).
    pub odds_ratio: Estimate,
}

const NAME: &str = "Cochran-Mantel-Haenszel test";

/// Tables that carry information: both rows and both columns hold something.
fn informative(tables: &[[[u64; 2]; 2]]) -> (Vec<[[u64; 2]; 2]>, usize) {
    let kept: Vec<_> = tables
        .iter()
        .copied()
        .filter(|[[a, b], [c, d]]| a + b > 0 && c + d > 0 && a + c > 0 && b + d > 0)
        .collect();
    let dropped = tables.len() - kept.len();
    (kept, dropped)
}

/// Tests a common odds ratio of 1 over the strata `[[a, b], [c, d]]`. A stratum with an empty row or column adds
/// nothing to the test and to the odds ratio; their number is told by a warning.
pub fn mantel_haenszel(tables: &[[[u64; 2]; 2]], yates: Yates, level: Level) -> Result<MantelHaenszel> {
    let z = level.z()?;
    let (kept, dropped) = informative(tables);
    if kept.is_empty() {
        return impossible(NAME, "no stratum has both groups and both outcomes");
    }
    let (mut gap, mut variance) = (0.0, 0.0);
    let (mut r, mut s, mut pr, mut mixed, mut qs) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for table in &kept {
        let [[a, b], [c, d]] = table.map(|row| row.map(|v| v as f64));
        let n = a + b + c + d;
        gap += (a * d - b * c) / n;
        variance += (a + b) / n * (c + d) / n * (a + c) * (b + d) / (n - 1.0);
        let (rk, sk, p, q) = (a * d / n, b * c / n, (a + d) / n, (b + c) / n);
        r += rk;
        s += sk;
        pr += p * rk;
        mixed += p * sk + q * rk;
        qs += q * sk;
    }
    // a stratum of one observation per margin has no variance
    if variance <= 0.0 {
        return impossible(NAME, "the conditional variance is zero in every stratum");
    }
    let correction = if yates == Yates::Corrected && gap.abs() >= 0.5 { 0.5 } else { 0.0 };
    let moved = gap.abs() - correction;
    let (method, name) = if yates == Yates::Corrected {
        (
            "Cochran-Mantel-Haenszel test, corrected",
            "continuity correction of 1/2 where the difference reaches it",
        )
    } else {
        (NAME, "no continuity correction")
    };
    let mut test = TestResult::chi2(method, moved * moved / variance, 1.0).convention(name);
    if dropped > 0 {
        test = test.warn(Warning::StrataWithoutInformation { count: dropped });
    }
    let estimate = if s == 0.0 { f64::INFINITY } else { r / s };
    let mut odds_ratio = if r == 0.0 || s == 0.0 {
        Estimate::new("Mantel-Haenszel odds ratio", level, estimate, (0.0, f64::INFINITY)).warn(
            Warning::NoLimits {
                reason: "one diagonal is empty in every stratum; use the exact conditional limits",
            },
        )
    } else {
        let sd = (pr / (2.0 * r * r) + mixed / (2.0 * r * s) + qs / (2.0 * s * s)).sqrt();
        let limits = (estimate * (-z * sd).exp(), estimate * (z * sd).exp());
        Estimate::new("Mantel-Haenszel odds ratio", level, estimate, level.keep(limits, (0.0, f64::INFINITY)))
    };
    odds_ratio.conventions.push("variance of Robins, Breslow and Greenland");
    Ok(MantelHaenszel { test, odds_ratio })
}

/// The exact conditional test over strata.
#[derive(Debug, Clone, PartialEq)]
pub struct MantelHaenszelExact {
    /// Sum of the first cells, the statistic.
    pub statistic: u64,
    /// Two-sided p-value.
    pub p_two_sided: f64,
    /// P(sum at least as large).
    pub p_greater: f64,
    /// P(sum at most as large).
    pub p_less: f64,
    /// Conditional maximum likelihood estimate of the common odds ratio with exact limits.
    pub odds_ratio: Estimate,
    /// Strata that added nothing.
    pub warnings: Vec<Warning>,
}

/// Exact conditional test of a common odds ratio of 1: the first cells' sum given all margins, by convolution.
pub fn mantel_haenszel_exact(
    tables: &[[[u64; 2]; 2]],
    rule: TwoSidedRule,
    level: Level,
) -> Result<MantelHaenszelExact> {
    let (kept, dropped) = informative(tables);
    let Some(law) = convolution(&kept) else {
        return impossible(
            "exact conditional test over strata",
            "no stratum has both groups and both outcomes",
        );
    };
    let statistic: u64 = kept.iter().map(|t| t[0][0]).sum();
    let (p_greater, p_less, _) = law.tails(statistic, 0.0);
    Ok(MantelHaenszelExact {
        statistic,
        p_two_sided: law.two_sided(statistic, rule),
        p_greater,
        p_less,
        odds_ratio: law.odds(statistic, level, false)?,
        warnings: if dropped > 0 {
            vec![Warning::StrataWithoutInformation { count: dropped }]
        } else {
            Vec::new()
        },
    })
}

/// Distribution of the sum of the strata's first cells. Products are summed on the scale of each entry's own largest
/// term, so that far tails keep their digits.
fn convolution(tables: &[[[u64; 2]; 2]]) -> Option<Tilted> {
    let mut laws = tables.iter().map(|[[a, b], [c, d]]| Tilted::hypergeometric(a + b, c + d, a + c));
    let first = laws.next()?;
    Some(laws.fold(first, |sum, law| {
        let (m, k) = (sum.ln_weight.len(), law.ln_weight.len());
        let ln_weight = (0..m + k - 1)
            .map(|t| {
                let range = t.saturating_sub(k - 1)..=t.min(m - 1);
                let terms = || range.clone().map(|i| sum.ln_weight[i] + law.ln_weight[t - i]);
                let top = terms().fold(f64::NEG_INFINITY, f64::max);
                top + terms().map(|w| (w - top).exp()).sum::<f64>().ln()
            })
            .collect();
        Tilted { lo: sum.lo + law.lo, ln_weight }.normalised()
    }))
}
