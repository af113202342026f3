//! Matched pairs in clusters: two tests read on several lesions of a participant.

use crate::inference::{Estimate, Level, TestResult, impossible};
use crate::special::t_isf;
use crate::{Result, StatsError, Warning};

/// Pairs of one cluster: yes-yes, yes-no, no-yes, no-no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClusterPairs {
    /// Both yes.
    pub a: u64,
    /// First yes, second no.
    pub b: u64,
    /// First no, second yes.
    pub c: u64,
    /// Both no.
    pub d: u64,
}

impl ClusterPairs {
    fn n(self) -> f64 {
        (self.a + self.b + self.c + self.d) as f64
    }

    fn u(self) -> f64 {
        self.b as f64 - self.c as f64
    }
}

/// Tests of equal marginal proportions, each with one degree of freedom.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusteredPairs {
    /// Clusters.
    pub clusters: usize,
    /// Pairs.
    pub n: u64,
    /// McNemar's chi-square as if pairs were independent, for comparison.
    pub mcnemar: TestResult,
    /// Obuchowski (1998) with (K-1)/K: the default.
    pub obuchowski: TestResult,
    /// Durkalski and others (2003).
    pub durkalski: TestResult,
    /// Yang, Sun and Hardin (2010).
    pub yang: TestResult,
    /// First - second proportion with limits from the ratio estimator's variance (normal quantile).
    pub difference: Estimate,
    /// The same with Student's t on K - 1 degrees of freedom.
    pub difference_t: Estimate,
    /// K/(K-1) sum (u - n d)^2/N^2.
    pub difference_variance: f64,
}

/// Groups paired answers by cluster.
fn collect(first: &[bool], second: &[bool], cluster: &[usize]) -> Result<Vec<ClusterPairs>> {
    if first.is_empty() {
        return Err(StatsError::NoRows);
    }
    for (what, got) in [("second test", second.len()), ("cluster", cluster.len())] {
        if got != first.len() {
            return Err(StatsError::Length { what, expected: first.len(), got });
        }
    }
    let mut by: std::collections::BTreeMap<usize, ClusterPairs> = std::collections::BTreeMap::new();
    for ((x, y), c) in first.iter().zip(second).zip(cluster) {
        let e = by.entry(*c).or_default();
        match (x, y) {
            (true, true) => e.a += 1,
            (true, false) => e.b += 1,
            (false, true) => e.c += 1,
            (false, false) => e.d += 1,
        }
    }
    Ok(by.into_values().collect())
}

/// Tests two answers per row for equal proportions when rows belong to clusters. Refused: a single cluster, no
/// discordant pair.
pub fn clustered_pairs(
    first: &[bool],
    second: &[bool],
    cluster: &[usize],
    level: Level,
) -> Result<ClusteredPairs> {
    const NAME: &str = "clustered matched pairs";
    let z = level.z()?;
    let pairs = collect(first, second, cluster)?;
    let k = pairs.len() as f64;
    if pairs.len() < 2 {
        return impossible(NAME, "all pairs belong to one cluster");
    }
    let total: f64 = pairs.iter().map(|p| p.n()).sum();
    let sum: f64 = pairs.iter().map(|p| p.u()).sum();
    let discordant: f64 = pairs.iter().map(|p| (p.b + p.c) as f64).sum();
    if discordant == 0.0 {
        return impossible(NAME, "there is no discordant pair: the two agree everywhere");
    }
    let d = sum / total;
    let squares: f64 = pairs.iter().map(|p| p.u() * p.u()).sum();
    let centred: f64 = pairs.iter().map(|p| (p.u() - p.n() * d).powi(2)).sum();
    let (mean_sum, mean_squares) = pairs.iter().fold((0.0, 0.0), |(s, q), p| {
        let r = p.u() / p.n();
        (s + r, q + r * r)
    });
    // every cluster balanced: the sum is zero and so is the statistic
    let ratio = |up: f64, down: f64| if up == 0.0 { 0.0 } else { up / down };
    let correction = (k - 1.0) / k;
    let variance = k / (k - 1.0) * centred / (total * total);
    let se = variance.sqrt();
    let interval = |q: f64, name: &'static str| {
        Estimate::new(
            name,
            level,
            d,
            level.keep(((d - q * se).max(-1.0), (d + q * se).min(1.0)), (-1.0, 1.0)),
        )
        .convention("ratio estimator with K/(K-1)")
    };
    let test = |name, value| TestResult::chi2(name, value, 1.0);
    let few = pairs.len() < 20;
    let warn = |t: TestResult| {
        if few { t.warn(Warning::Note(format!("only {} clusters", pairs.len()))) } else { t }
    };
    Ok(ClusteredPairs {
        clusters: pairs.len(),
        n: total as u64,
        mcnemar: test("McNemar's test without regard to clusters", sum * sum / discordant),
        obuchowski: warn(
            test("Obuchowski's test", correction * ratio(sum * sum, squares))
                .convention("variance with K/(K-1)"),
        ),
        durkalski: warn(test("Durkalski's test", ratio(mean_sum * mean_sum, mean_squares))),
        yang: warn(
            test("Yang's test", correction * ratio(sum * sum, 0.5 * (centred + squares)))
                .convention("variance with K/(K-1)"),
        ),
        difference: interval(z, "difference of clustered pairs, normal"),
        difference_t: interval(t_isf(level.tail()?, k - 1.0), "difference of clustered pairs, t(K-1)"),
        difference_variance: variance,
    })
}

/// Eliasziw and Donner (1991): McNemar's chi-square divided by 1 + (n_c - 1) rho, with rho from the pooled
/// analysis-of-variance correlation of the four cells. Refused as [`clustered_pairs`]; also when no cluster has two pairs
/// or fewer than two clusters hold a discordant pair.
pub fn eliasziw_donner(first: &[bool], second: &[bool], cluster: &[usize]) -> Result<TestResult> {
    const NAME: &str = "Eliasziw-Donner test";
    let pairs = collect(first, second, cluster)?;
    let k = pairs.len() as f64;
    let total: f64 = pairs.iter().map(|p| p.n()).sum();
    let discordant: Vec<f64> = pairs.iter().map(|p| (p.b + p.c) as f64).collect();
    let with = discordant.iter().filter(|s| **s > 0.0).count() as f64;
    if with < 2.0 || total <= k {
        return impossible(NAME, "it needs two clusters with discordant pairs and a cluster with two pairs");
    }
    let cells = |p: &ClusterPairs| [p.a, p.b, p.c, p.d].map(|v| v as f64);
    let mut share = [0.0; 4];
    for p in &pairs {
        share.iter_mut().zip(cells(p)).for_each(|(s, c)| *s += c / total);
    }
    let mean_size = total / k;
    let (mut between, mut within, mut spread) = (0.0, 0.0, 0.0);
    for p in &pairs {
        let n = p.n();
        for (c, s) in cells(p).iter().zip(share) {
            between += (c - n * s).powi(2) / n / k;
            within += c * (n - c) / n / (k * (mean_size - 1.0));
        }
        spread += (n - mean_size).powi(2);
    }
    let n0 = mean_size - spread / (k * (k - 1.0) * mean_size);
    let pooled = (between - within) / (between + (n0 - 1.0) * within);
    if !pooled.is_finite() {
        return impossible(NAME, "all pairs are alike: their correlation does not exist");
    }
    let rho = if pooled <= 0.0 { 0.0 } else { 1.0 / (1.0 + (share[1] + share[2]) * (1.0 - pooled) / pooled) };
    let all: f64 = discordant.iter().sum();
    let mean = all / with;
    let scatter: f64 = discordant.iter().filter(|s| **s > 0.0).map(|s| (s - mean).powi(2)).sum();
    let s0 = mean - scatter / (with * (with - 1.0) * mean);
    let nc = s0 + with * (mean - s0);
    let sum: f64 = pairs.iter().map(|p| p.u()).sum();
    let statistic = sum * sum / all / (1.0 + (nc - 1.0) * rho);
    let result = TestResult::chi2(NAME, statistic, 1.0).convention("pooled correlation of the four cells");
    Ok(if pooled <= 0.0 {
        result.warn(Warning::Note("the estimated correlation is not positive: taken as 0".into()))
    } else {
        result
    })
}
