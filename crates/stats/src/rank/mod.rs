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
