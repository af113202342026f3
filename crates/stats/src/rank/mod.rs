//! Rank methods: one sample and pairs, two samples, several samples, correlation.

mod correlation;
mod permutation;
mod rank_sum;
mod ranks;
mod several;
mod signed_rank;
#[cfg(test)]
mod tests;

pub use correlation::{Correlation, CorrelationP, kendall, pearson, spearman};
pub use rank_sum::{RankSum, rank_sum};
pub(crate) use ranks::check_values;
pub use ranks::{Ranks, mid_ranks};
pub use several::{jonckheere, kruskal_wallis};
pub use signed_rank::{SignTest, SignedRank, Zeros, sign_test, signed_rank};

use crate::inference::{Alternative, Level};

/// How the p-value and the limits of a rank test are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RankP {
    /// Exact conditional distribution, with ties by mid-ranks; the default.
    #[default]
    Exact,
    /// Normal approximation with tie-corrected variance.
    Normal,
    /// Normal approximation with a continuity correction of 1/2.
    NormalCorrected,
    /// What R's wilcox.test does: exact below 50 observations (per sample) without ties or zeros, otherwise normal with
    /// correction.
    RDefault,
}

/// Options of the Wilcoxon tests.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RankOptions {
    /// Route to the p-value.
    pub p: RankP,
    /// Alternative: the first sample (or the differences) lies higher, lower, or either.
    pub alternative: Alternative,
    /// What a zero difference does (signed rank only).
    pub zeros: Zeros,
    /// Level of the Hodges-Lehmann limits.
    pub level: Level,
}

/// z after moving the deviation towards zero by `correction`.
fn corrected_z(deviation: f64, sd: f64, alternative: Alternative, correction: f64) -> f64 {
    let moved = match alternative {
        Alternative::TwoSided if deviation == 0.0 => 0.0,
        Alternative::TwoSided => deviation - correction.copysign(deviation),
        Alternative::Greater => deviation - correction,
        Alternative::Less => deviation + correction,
    };
    moved / sd
}

/// Median of sorted values.
fn median_of_sorted(v: &[f64]) -> f64 {
    let n = v.len();
    if n % 2 == 1 { v[n / 2] } else { 0.5 * (v[n / 2 - 1] + v[n / 2]) }
}

/// Limits of a shift between the sorted `points` at which an exact test can change: the shifts that neither one-sided test
/// rejects. `above` and `below` are their p-values at a shift. `false`: the samples are too small for the level.
fn exact_limits(
    points: &[f64],
    tail: f64,
    above: impl Fn(f64) -> f64,
    below: impl Fn(f64) -> f64,
) -> ((f64, f64), bool) {
    let last = points.len() - 1;
    let inside = |p: f64| p >= tail * (1.0 - 1e-12);
    // Gap k lies before point k, the last one after all points.
    let middle = |gap: usize| match gap {
        0 => points[0] - 1.0,
        g if g > last => points[last] + 1.0,
        g => 0.5 * (points[g - 1] + points[g]),
    };
    let gaps: Vec<usize> = (0..=points.len()).collect();
    let first = gaps.partition_point(|&g| !inside(above(middle(g))));
    let beyond = gaps.partition_point(|&g| inside(below(middle(g))));
    let reached = first > 0 && beyond <= last + 1;
    ((points[first.saturating_sub(1).min(last)], points[beyond.saturating_sub(1).min(last)]), reached)
}

/// Sorted values, those that differ by rounding once.
fn distinct(sorted: &[f64]) -> Vec<f64> {
    let size = sorted.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let mut out = sorted.to_vec();
    out.dedup_by(|a, b| *a - *b <= size * 1e-13);
    out
}
