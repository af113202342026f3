//! One sample or pairs: sign test, Wilcoxon signed-rank test, Hodges-Lehmann estimate.

use super::permutation::Law;
use super::ranks::{check_values, mid_ranks};
use super::{RankOptions, RankP, corrected_z, distinct, exact_limits, median_of_sorted};
use crate::inference::{Alternative, Estimate, Sides, TestResult, impossible};
use crate::proportion::{Count, TwoSidedRule, binomial_test};
use crate::special::bisect_root;
use crate::{Result, Warning};

/// What a zero difference does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Zeros {
    /// Dropped before ranking (Wilcoxon); the default.
    #[default]
    Dropped,
    /// Ranked with the others, then dropped (Pratt 1959).
    Pratt,
}

/// The sign test.
#[derive(Debug, Clone, PartialEq)]
pub struct SignTest {
    /// Positive differences.
    pub positive: u64,
    /// Differences that are not zero.
    pub n: u64,
    /// Exact binomial test.
    pub test: TestResult,
}

/// Sign test of differences around zero; zeros are left out.
pub fn sign_test(differences: &[f64], alternative: Alternative) -> Result<SignTest> {
    check_values("difference", differences)?;
    let positive = differences.iter().filter(|d| **d > 0.0).count() as u64;
    let n = differences.iter().filter(|d| **d != 0.0).count() as u64;
    if n == 0 {
        return impossible("sign test", "every difference is zero");
    }
    let test = binomial_test(Count::new(positive, n), 0.5, alternative, TwoSidedRule::SmallProbabilities)?;
    Ok(SignTest { positive, n, test: TestResult { method: "sign test", ..test } })
}

/// The signed-rank test with the Hodges-Lehmann estimate.
#[derive(Debug, Clone, PartialEq)]
pub struct SignedRank {
    /// V, the sum of the ranks of the positive differences.
    pub v: f64,
    /// Differences that are not zero.
    pub n: usize,
    /// Standardised statistic without correction.
    pub z: f64,
    /// The test by the route that was asked for.
    pub test: TestResult,
    /// Median of the Walsh averages of the non-zero differences; limits by inverting the test.
    pub hodges_lehmann: Estimate,
}

/// Ranks of the absolute differences with their signs, after the zero rule.
struct Scored {
    rank: Vec<f64>,
    positive: Vec<bool>,
    ties: usize,
}

fn score(differences: &[f64], zeros: Zeros) -> Result<Scored> {
    let used: Vec<f64> = match zeros {
        Zeros::Dropped => differences.iter().copied().filter(|d| *d != 0.0).collect(),
        Zeros::Pratt => differences.to_vec(),
    };
    let ranks = mid_ranks(&used.iter().map(|d| d.abs()).collect::<Vec<_>>())?;
    let keep = |i: &usize| used[*i] != 0.0;
    let rank: Vec<f64> = (0..used.len()).filter(keep).map(|i| ranks.rank[i]).collect();
    let positive = (0..used.len()).filter(keep).map(|i| used[i] > 0.0).collect();
    Ok(Scored { rank, positive, ties: ranks.ties.len() })
}

impl Scored {
    fn v(&self) -> f64 {
        self.rank.iter().zip(&self.positive).filter(|(_, p)| **p).map(|(r, _)| r).sum()
    }

    /// (V - mean, standard deviation): the variance sum r^2/4 carries the ties.
    fn standard(&self) -> (f64, f64) {
        let mean = 0.5 * self.rank.iter().sum::<f64>();
        (self.v() - mean, 0.5 * self.rank.iter().map(|r| r * r).sum::<f64>().sqrt())
    }
}

/// Wilcoxon signed-rank test of differences around zero. Refused: no difference that is not zero.
pub fn signed_rank(differences: &[f64], options: RankOptions) -> Result<SignedRank> {
    const NAME: &str = "Wilcoxon signed-rank test";
    check_values("difference", differences)?;
    let scored = score(differences, options.zeros)?;
    let n = scored.rank.len();
    if n == 0 {
        return impossible(NAME, "every difference is zero");
    }
    let zeros = differences.len() - n;
    let (deviation, sd) = scored.standard();
    let v = scored.v();
    let route = match options.p {
        RankP::RDefault if n < 50 && scored.ties == 0 && zeros == 0 => RankP::Exact,
        RankP::RDefault => RankP::NormalCorrected,
        other => other,
    };
    let (p, convention) = match route {
        RankP::Exact => {
            (Law::of_signs(&scored.rank).p_value(v, options.alternative), "exact, ties by mid-ranks")
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
    let zero_rule = match options.zeros {
        Zeros::Dropped => "zero differences dropped",
        Zeros::Pratt => "zero differences ranked, then dropped (Pratt)",
    };
    let mut test = TestResult::with(NAME, v, None, p)
        .convention(convention)
        .convention(zero_rule)
        .convention(options.alternative.name());
    if zeros > 0 {
        test = test.warn(Warning::Note(format!("{zeros} differences are zero")));
    }
    let hodges_lehmann = hodges_lehmann(differences, route, scored.ties > 0, options)?;
    Ok(SignedRank { v, n, z: deviation / sd, test, hodges_lehmann })
}

fn hodges_lehmann(differences: &[f64], route: RankP, ties: bool, options: RankOptions) -> Result<Estimate> {
    let level = options.level;
    let tail = level.tail()?;
    let d: Vec<f64> = differences.iter().copied().filter(|d| *d != 0.0).collect();
    let mut walsh: Vec<f64> = (0..d.len())
        .flat_map(|i| (i..d.len()).map(move |j| (i, j)))
        .map(|(i, j)| 0.5 * (d[i] + d[j]))
        .collect();
    walsh.sort_by(f64::total_cmp);
    let estimate = median_of_sorted(&walsh);
    let range = (f64::NEG_INFINITY, f64::INFINITY);
    let name = "Hodges-Lehmann";
    if route == RankP::Exact && !ties {
        let law = Law::of_signs(&(1..=d.len()).map(|r| r as f64).collect::<Vec<_>>());
        let q = law.quantile_units(tail).max(1);
        let limits = (walsh[q - 1], walsh[walsh.len() - q]);
        let achieved = 1.0 - law.lower((q - 1) as f64) * if level.sides == Sides::Two { 2.0 } else { 1.0 };
        let result = Estimate::new(name, level, estimate, level.keep(limits, range))
            .convention("limits are ordered Walsh averages, exact");
        let short = achieved < level.level - 1e-12;
        return Ok(if short {
            result.warn(Warning::Note(format!("the widest exact limits reach only level {achieved:.4}")))
        } else {
            result
        });
    }
    if route == RankP::Exact && d.len() <= 250 {
        let points = distinct(&walsh);
        let p = |shift: f64, side: Alternative| {
            let moved: Vec<f64> = d.iter().map(|x| x - shift).collect();
            match score(&moved, Zeros::Dropped) {
                Ok(s) if !s.rank.is_empty() => Law::of_signs(&s.rank).p_value(s.v(), side),
                _ => 1.0,
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
    let (low, high) = (
        d.iter().copied().fold(f64::INFINITY, f64::min),
        d.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    );
    let standard = |shift: f64, side: f64| -> f64 {
        let moved: Vec<f64> = d.iter().map(|x| x - shift).collect();
        match score(&moved, Zeros::Dropped) {
            Ok(s) if !s.rank.is_empty() => {
                let (deviation, sd) = s.standard();
                (deviation - side * correction) / sd - side * z
            }
            _ => -side * z,
        }
    };
    let cross = |side: f64| {
        let (at_low, at_high) = (standard(low, side), standard(high, side));
        if at_low <= 0.0 {
            low
        } else if at_high >= 0.0 {
            high
        } else {
            bisect_root(|s| standard(s, side), low, high).unwrap_or(f64::NAN)
        }
    };
    if low == high {
        return Ok(Estimate::new(name, level, estimate, (low, high))
            .warn(Warning::Note("all differences are equal: the limits have no width".into())));
    }
    let limits = (cross(1.0), cross(-1.0));
    Ok(Estimate::new(name, level, estimate, level.keep(limits, range))
        .convention("limits by inverting the normal approximation"))
}
