//! Two samples: the Wilcoxon rank-sum (Mann-Whitney) test and the Hodges-Lehmann shift.

use super::permutation::Law;
use super::ranks::{check_values, mid_ranks};
use super::{RankOptions, RankP, corrected_z, distinct, exact_limits, median_of_sorted};
use crate::inference::{Alternative, Estimate, TestResult, impossible};
use crate::special::bisect_root;
use crate::{Result, StatsError, Warning};

/// The rank-sum test with the shift estimate.
#[derive(Debug, Clone, PartialEq)]
pub struct RankSum {
    /// W: pairs with x > y, ties one half.
    pub w: f64,
    /// Standardised statistic without correction.
    pub z: f64,
    /// W/(mn): probability that x lies above y, ties one half.
    pub superiority: f64,
    /// The test by the route that was asked for.
    pub test: TestResult,
    /// Median of the differences x - y; limits by inverting the test.
    pub hodges_lehmann: Estimate,
}

/// (W - mean, standard deviation under the null hypothesis, are there ties)
fn standard(x: &[f64], y: &[f64]) -> Result<(f64, f64, f64, bool, Vec<f64>)> {
    let (m, n) = (x.len() as f64, y.len() as f64);
    let ranks = mid_ranks(&[x, y].concat())?;
    let w = ranks.rank[..x.len()].iter().sum::<f64>() - m * (m + 1.0) / 2.0;
    let total = m + n;
    let variance = m * n / 12.0 * (total + 1.0 - ranks.tie_sum() / (total * (total - 1.0)));
    Ok((w, w - m * n / 2.0, variance.max(0.0).sqrt(), !ranks.ties.is_empty(), ranks.rank))
}

/// Wilcoxon rank-sum test of x against y. Refused: an empty sample, all values equal.
pub fn rank_sum(x: &[f64], y: &[f64], options: RankOptions) -> Result<RankSum> {
    const NAME: &str = "Wilcoxon rank-sum test";
    if x.is_empty() || y.is_empty() {
        return Err(StatsError::OneGroup {
            method: NAME,
            groups: usize::from(!(x.is_empty() && y.is_empty())),
        });
    }
    check_values("first sample", x)?;
    check_values("second sample", y)?;
    let (w, deviation, sd, ties, rank) = standard(x, y)?;
    if sd == 0.0 {
        return impossible(NAME, "all values are equal");
    }
    let (m, n) = (x.len(), y.len());
    let route = match options.p {
        RankP::RDefault if m < 50 && n < 50 && !ties => RankP::Exact,
        RankP::RDefault => RankP::NormalCorrected,
        other => other,
    };
    let (p, convention) = match route {
        RankP::Exact => {
            // k tables of k * total sums are kept: refuse what would take minutes
            let small = m.min(n) as f64;
            if small * small * (m + n) as f64 * (m + n) as f64 > 2e10 {
                return impossible(
                    NAME,
                    "the samples are too large for the exact distribution; use the normal one",
                );
            }
            let sum = w + (m * (m + 1)) as f64 / 2.0;
            (Law::of_groups(&rank, m).p_value(sum, options.alternative), "exact, ties by mid-ranks")
        }
        _ => {
            let correction = if route == RankP::NormalCorrected { 0.5 } else { 0.0 };
            let z = corrected_z(deviation, sd, options.alternative, correction);
            let name = if correction > 0.0 {
                "normal with continuity correction"
            } else {
                "normal without correction"
            };
            (options.alternative.normal_p(z), name)
        }
    };
    let test =
        TestResult::with(NAME, w, None, p).convention(convention).convention(options.alternative.name());
    let hodges_lehmann = shift(x, y, route, ties, options)?;
    Ok(RankSum { w, z: deviation / sd, superiority: w / (m * n) as f64, test, hodges_lehmann })
}

fn shift(x: &[f64], y: &[f64], route: RankP, ties: bool, options: RankOptions) -> Result<Estimate> {
    let level = options.level;
    let tail = level.tail()?;
    let mut differences: Vec<f64> = x.iter().flat_map(|a| y.iter().map(move |b| a - b)).collect();
    differences.sort_by(f64::total_cmp);
    let estimate = median_of_sorted(&differences);
    let range = (f64::NEG_INFINITY, f64::INFINITY);
    let name = "Hodges-Lehmann shift";
    let total = x.len() + y.len();
    if route == RankP::Exact && !ties {
        let law = Law::of_groups(&(1..=total).map(|r| r as f64).collect::<Vec<_>>(), x.len());
        let q = law.quantile_units(tail).max(1);
        let limits = (differences[q - 1], differences[differences.len() - q]);
        let achieved = law.lower((x.len() * (x.len() + 1)) as f64 / 2.0 + (q - 1) as f64);
        let result = Estimate::new(name, level, estimate, level.keep(limits, range))
            .convention("limits are ordered differences, exact");
        return Ok(if achieved > tail * (1.0 + 1e-9) {
            result.warn(Warning::Note("the samples are too small for limits of this level".into()))
        } else {
            result
        });
    }
    // A law is counted for each of some thirty shifts.
    let small = x.len().min(y.len()) as f64;
    if route == RankP::Exact && (small * total as f64).powi(2) <= 2.5e7 {
        let points = distinct(&differences);
        let p = |d: f64, side: Alternative| {
            let moved: Vec<f64> = x.iter().map(|v| v - d).collect();
            match standard(&moved, y) {
                Ok((w, _, _, _, rank)) => {
                    let sum = w + (x.len() * (x.len() + 1)) as f64 / 2.0;
                    Law::of_groups(&rank, x.len()).p_value(sum, side)
                }
                Err(_) => 1.0,
            }
        };
        let (limits, reached) =
            exact_limits(&points, tail, |d| p(d, Alternative::Greater), |d| p(d, Alternative::Less));
        let result = Estimate::new(name, level, estimate, level.keep(limits, range))
            .convention("limits by inverting the exact test, ties by mid-ranks");
        return Ok(if reached {
            result
        } else {
            result.warn(Warning::Note("the samples are too small for limits of this level".into()))
        });
    }
    let correction = if route == RankP::Normal { 0.0 } else { 0.5 };
    let z = level.z()?;
    let (low, high) = (differences[0], differences[differences.len() - 1]);
    if low == high {
        return Ok(Estimate::new(name, level, estimate, (low, high))
            .warn(Warning::Note("all differences are equal: the limits have no width".into())));
    }
    let at = |d: f64, side: f64| -> f64 {
        let moved: Vec<f64> = x.iter().map(|v| v - d).collect();
        match standard(&moved, y) {
            Ok((_, deviation, sd, _, _)) if sd > 0.0 => (deviation - side * correction) / sd - side * z,
            _ => -side * z,
        }
    };
    let cross = |side: f64| {
        if at(low, side) <= 0.0 {
            low
        } else if at(high, side) >= 0.0 {
            high
        } else {
            bisect_root(|d| at(d, side), low, high).unwrap_or(f64::NAN)
        }
    };
    Ok(Estimate::new(name, level, estimate, level.keep((cross(1.0), cross(-1.0)), range))
        .convention("limits by inverting the normal approximation"))
}
