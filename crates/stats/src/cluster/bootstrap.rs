//! Bootstrap of whole clusters.

use crate::inference::{Estimate, Level, impossible};
use crate::random::Philox;
use crate::special::{norm_cdf, norm_quantile};
use crate::{Result, StatsError, Warning};

/// A bootstrap of clusters: standard error and two kinds of limits.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterBootstrap {
    /// Standard deviation of the replicates.
    pub standard_error: f64,
    /// Percentile limits.
    pub percentile: Estimate,
    /// Bias-corrected and accelerated limits (Efron 1987), acceleration from leaving out one cluster.
    pub bca: Estimate,
    /// Replicates in which the statistic existed.
    pub used: usize,
}

/// Draws `replicates` samples of `clusters` cluster numbers with replacement; `statistic` gets the drawn numbers and
/// returns `None` where it does not exist. Same seed, same answer. Refused: fewer than two clusters, no statistic on the
/// data, fewer than ten usable replicates, replicates that are all equal.
pub fn cluster_bootstrap(
    clusters: usize,
    statistic: impl Fn(&[usize]) -> Option<f64>,
    replicates: usize,
    seed: u64,
    level: Level,
) -> Result<ClusterBootstrap> {
    const NAME: &str = "cluster bootstrap";
    let tail = level.tail()?;
    if clusters < 2 {
        return impossible(NAME, "fewer than two clusters");
    }
    let all: Vec<usize> = (0..clusters).collect();
    let Some(estimate) = statistic(&all).filter(|v| v.is_finite()) else {
        return impossible(NAME, "the statistic does not exist on the data");
    };
    let mut values: Vec<f64> = (0..replicates)
        .filter_map(|b| {
            let mut random = Philox::new(seed, b as u64);
            let drawn: Vec<usize> = (0..clusters).map(|_| random.below(clusters as u64) as usize).collect();
            statistic(&drawn).filter(|v| v.is_finite())
        })
        .collect();
    if values.len() < 10 {
        return Err(StatsError::Option {
            name: "usable bootstrap replicates",
            value: values.len() as f64,
            range: "at least 10",
        });
    }
    values.sort_by(f64::total_cmp);
    let m = values.len() as f64;
    if values[0] == values[values.len() - 1] {
        return Err(StatsError::NoVariance {
            what: "the statistic",
            why: "it is the same in every replicate",
        });
    }
    let mean = values.iter().sum::<f64>() / m;
    let standard_error = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (m - 1.0)).sqrt();
    // type 6 quantiles: the i-th of m values stands at i/(m+1)
    let quantile = |p: f64| {
        let h = (p * (m + 1.0)).clamp(1.0, m);
        let i = h.floor() as usize;
        let next = values[i.min(values.len() - 1)];
        values[i - 1] + (h - h.floor()) * (next - values[i - 1])
    };
    let range = (f64::NEG_INFINITY, f64::INFINITY);
    let percentile = Estimate::new(
        "percentile",
        level,
        estimate,
        level.keep((quantile(tail), quantile(1.0 - tail)), range),
    );
    let below = values.iter().filter(|v| **v < estimate).count() as f64;
    let equal = values.iter().filter(|v| **v == estimate).count() as f64;
    if !standard_error.is_finite() {
        return impossible(NAME, "the statistic is too large for its variance; choose another unit");
    }
    let share = ((below + 0.5 * equal) / m).clamp(0.5 / m, 1.0 - 0.5 / m);
    let bias = norm_quantile(share);
    let left_out: Vec<f64> = (0..clusters)
        .filter_map(|i| statistic(&all.iter().copied().filter(|j| *j != i).collect::<Vec<_>>()))
        .collect();
    let centre = left_out.iter().sum::<f64>() / left_out.len().max(1) as f64;
    // The acceleration has no unit: differences are taken in units of the widest one.
    let widest = left_out.iter().fold(0.0f64, |w, v| w.max((centre - v).abs()));
    let unit = if widest > 0.0 { widest } else { 1.0 };
    let (squares, cubes) =
        left_out.iter().map(|v| (centre - v) / unit).fold((0.0, 0.0), |(s, c), d| (s + d * d, c + d * d * d));
    let acceleration = if squares > 0.0 { cubes / (6.0 * squares.powf(1.5)) } else { 0.0 };
    let place = |p: f64| {
        let z = bias + norm_quantile(p);
        norm_cdf(bias + z / (1.0 - acceleration * z))
    };
    let limits = (quantile(place(tail)), quantile(place(1.0 - tail)));
    let mut bca = Estimate::new("bca", level, estimate, level.keep(limits, range));
    if values.len() < replicates {
        let missing = replicates - values.len();
        bca = bca.warn(Warning::Note(format!("the statistic did not exist in {missing} replicates")));
    }
    Ok(ClusterBootstrap { standard_error, percentile, bca, used: values.len() })
}
