//! Matched pairs with a yes/no answer: McNemar's tests and the paired difference.

use super::Count;
use super::binomial::{BinomialMethod, TwoSidedRule, binomial_interval, binomial_test, wilson};
use crate::inference::{Alternative, Estimate, Level, TestResult, impossible};
use crate::special::root;
use crate::{Result, StatsError, Warning};

/// All of McNemar's tests of one table.
#[derive(Debug, Clone, PartialEq)]
pub struct McNemar {
    /// Pairs with yes in the first and no in the second.
    pub b: u64,
    /// Pairs with no in the first and yes in the second.
    pub c: u64,
    /// Exact binomial test on the discordant pairs: the default.
    pub exact: TestResult,
    /// The exact test with half the observed probability in each tail.
    pub mid_p: TestResult,
    /// (b - c)^2/(b + c).
    pub chi2: TestResult,
    /// (|b - c| - 1)^2/(b + c), not below zero.
    pub chi2_corrected: TestResult,
    /// b/c, the conditional odds ratio, with limits from Clopper-Pearson on b/(b + c).
    pub odds_ratio: Estimate,
}

/// McNemar's tests of `[[both, first only], [second only, neither]]`. Refused: no discordant pair.
pub fn mcnemar(table: [[u64; 2]; 2], level: Level) -> Result<McNemar> {
    let [[_, b], [c, _]] = table;
    let pairs = b + c;
    if pairs == 0 {
        return impossible("McNemar's test", "there is no discordant pair: the two agree everywhere");
    }
    let count = Count::new(b, pairs);
    let exact = binomial_test(count, 0.5, Alternative::TwoSided, TwoSidedRule::SmallProbabilities)?;
    let mid = binomial_test(count, 0.5, Alternative::TwoSided, TwoSidedRule::DoubledMidP)?;
    let gap = b.abs_diff(c) as f64;
    let n = pairs as f64;
    let corrected = (gap - 1.0).max(0.0);
    let share = binomial_interval(count, BinomialMethod::ClopperPearson, level)?;
    let odds = |p: f64| if p >= 1.0 { f64::INFINITY } else { p / (1.0 - p) };
    let limits = (odds(share.lower), odds(share.upper));
    Ok(McNemar {
        b,
        c,
        exact: TestResult { method: "McNemar's test, exact", ..exact },
        mid_p: TestResult { method: "McNemar's test, mid-P", ..mid },
        chi2: TestResult::chi2("McNemar's test, chi-square", gap * gap / n, 1.0)
            .convention("no continuity correction"),
        chi2_corrected: TestResult::chi2(
            "McNemar's test, chi-square corrected",
            corrected * corrected / n,
            1.0,
        )
        .convention("continuity correction of 1"),
        odds_ratio: Estimate::new(
            "conditional odds ratio",
            level,
            if c == 0 { f64::INFINITY } else { b as f64 / c as f64 },
            limits,
        )
        .convention("limits from Clopper-Pearson on the share of discordant pairs"),
    })
}

/// How the limits of a paired difference are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PairedDifferenceMethod {
    /// Score limits (Tango 1998); the default.
    #[default]
    Tango,
    /// Hybrid of two Wilson intervals with the correlation of the table (Newcombe 1998, method 10).
    Newcombe,
    /// Wald.
    Wald,
}

impl PairedDifferenceMethod {
    /// Every method.
    pub const ALL: [PairedDifferenceMethod; 3] =
        [PairedDifferenceMethod::Tango, PairedDifferenceMethod::Newcombe, PairedDifferenceMethod::Wald];

    /// The name that is printed and that options use.
    pub fn name(self) -> &'static str {
        match self {
            PairedDifferenceMethod::Tango => "tango",
            PairedDifferenceMethod::Newcombe => "newcombe",
            PairedDifferenceMethod::Wald => "wald",
        }
    }
}

/// (first - second) proportion of matched pairs, with limits.
pub fn paired_difference(
    table: [[u64; 2]; 2],
    method: PairedDifferenceMethod,
    level: Level,
) -> Result<Estimate> {
    let [[a, b], [c, d]] = table;
    let total = a + b + c + d;
    if total == 0 {
        return Err(StatsError::NoRows);
    }
    let z = level.z()?;
    let n = total as f64;
    let (bf, cf) = (b as f64, c as f64);
    let estimate = (bf - cf) / n;
    let limits = match method {
        PairedDifferenceMethod::Wald => {
            let half = z * (bf + cf - (bf - cf).powi(2) / n).max(0.0).sqrt() / n;
            (estimate - half, estimate + half)
        }
        PairedDifferenceMethod::Newcombe => newcombe_paired(table, z),
        PairedDifferenceMethod::Tango => tango(bf, cf, n, z)?,
    };
    let limits = (limits.0.max(-1.0), limits.1.min(1.0));
    let result = Estimate::new(method.name(), level, estimate, level.keep(limits, (-1.0, 1.0)));
    Ok(if method == PairedDifferenceMethod::Wald && b + c == 0 {
        result.warn(Warning::Note("no discordant pair: the Wald variance is zero; use score limits".into()))
    } else {
        result
    })
}

fn newcombe_paired(table: [[u64; 2]; 2], z: f64) -> (f64, f64) {
    let [[a, b], [c, d]] = table.map(|r| r.map(|v| v as f64));
    let n = a + b + c + d;
    let (p1, p2) = ((a + b) / n, (a + c) / n);
    let ((l1, u1), (l2, u2)) = (wilson(p1, n, z, 0.0), wilson(p2, n, z, 0.0));
    let margins = (a + b) * (c + d) * (a + c) * (b + d);
    let phi = if margins == 0.0 {
        0.0
    } else {
        let cross = a * d - b * c;
        let moved = if cross > 0.0 { (cross - n / 2.0).max(0.0) } else { cross };
        moved / margins.sqrt()
    };
    let part = |x: f64, y: f64| (x * x - 2.0 * phi * x * y + y * y).max(0.0).sqrt();
    (p1 - p2 - part(p1 - l1, u2 - p2), p1 - p2 + part(u1 - p1, p2 - l2))
}

/// Tango 1998: (b - c - n delta)/sqrt(n (2 q + delta (1 - delta))), q the restricted share of the second kind of
/// discordant pairs.
fn tango(b: f64, c: f64, n: f64, z: f64) -> Result<(f64, f64)> {
    let score = |delta: f64| {
        let qb = -b - c + (2.0 * n - b + c) * delta;
        let qc = -c * delta * (1.0 - delta);
        let q = ((qb * qb - 8.0 * n * qc).max(0.0).sqrt() - qb) / (4.0 * n);
        let gap = b - c - n * delta;
        let variance = n * (2.0 * q + delta * (1.0 - delta));
        if gap == 0.0 {
            0.0
        } else if variance <= 0.0 {
            1e6_f64.copysign(gap)
        } else {
            (gap / variance.sqrt()).clamp(-1e6, 1e6)
        }
    };
    let centre = (b - c) / n;
    let solve = |from: f64, to: f64, target: f64| {
        root(|d| score(d) - target, from, to, 0.0)
            .map_err(|e| StatsError::Impossible { method: "Tango limits", why: e.to_string() })
    };
    let lower = if centre <= -1.0 { -1.0 } else { solve(-1.0, centre, z)? };
    let upper = if centre >= 1.0 { 1.0 } else { solve(centre, 1.0, -z)? };
    Ok((lower, upper))
}
