//! Several samples: Kruskal-Wallis, and Jonckheere-Terpstra for ordered groups.

use super::ranks::{check_values, mid_ranks};
use crate::inference::{Alternative, TestResult, impossible};
use crate::{Result, StatsError};

/// Kruskal-Wallis test, corrected for ties, K - 1 degrees of freedom. `groups` holds one slice per group.
pub fn kruskal_wallis(groups: &[&[f64]]) -> Result<TestResult> {
    const NAME: &str = "Kruskal-Wallis test";
    let groups: Vec<&[f64]> = groups.iter().copied().filter(|g| !g.is_empty()).collect();
    if groups.len() < 2 {
        return Err(StatsError::OneGroup { method: NAME, groups: groups.len() });
    }
    let all = groups.concat();
    let ranks = mid_ranks(&all)?;
    let n = all.len() as f64;
    let correction = 1.0 - ranks.tie_sum() / (n * n * n - n);
    if correction <= 0.0 {
        return impossible(NAME, "all values are equal");
    }
    let mut start = 0;
    let middle = (n + 1.0) / 2.0;
    let between: f64 = groups
        .iter()
        .map(|g| {
            let sum: f64 = ranks.rank[start..start + g.len()].iter().map(|r| r - middle).sum();
            start += g.len();
            sum * sum / g.len() as f64
        })
        .sum();
    let statistic = 12.0 / (n * (n + 1.0)) * between / correction;
    Ok(TestResult::chi2(NAME, statistic, groups.len() as f64 - 1.0).convention("corrected for ties"))
}

/// Jonckheere-Terpstra test for groups in their expected order (Hollander and Wolfe, section 6.2, with the variance for
/// ties); normal approximation without correction. [`Alternative::Greater`]: later groups lie higher.
pub fn jonckheere(groups: &[&[f64]], alternative: Alternative) -> Result<TestResult> {
    const NAME: &str = "Jonckheere-Terpstra test";
    let groups: Vec<&[f64]> = groups.iter().copied().filter(|g| !g.is_empty()).collect();
    if groups.len() < 2 {
        return Err(StatsError::OneGroup { method: NAME, groups: groups.len() });
    }
    for g in &groups {
        check_values("value", g)?;
    }
    let mut statistic = 0.0;
    for (i, lower) in groups.iter().enumerate() {
        for higher in &groups[i + 1..] {
            for a in *lower {
                for b in *higher {
                    statistic += if b > a {
                        1.0
                    } else if b == a {
                        0.5
                    } else {
                        0.0
                    };
                }
            }
        }
    }
    let sizes: Vec<f64> = groups.iter().map(|g| g.len() as f64).collect();
    let ties: Vec<f64> = mid_ranks(&groups.concat())?.ties.iter().map(|&t| t as f64).collect();
    let n: f64 = sizes.iter().sum();
    let mean = (n * n - sizes.iter().map(|s| s * s).sum::<f64>()) / 4.0;
    let sum = |v: &[f64], f: &dyn Fn(f64) -> f64| v.iter().map(|x| f(*x)).sum::<f64>();
    let third = |t: f64| t * (t - 1.0) * (2.0 * t + 5.0);
    let triple = |t: f64| t * (t - 1.0) * (t - 2.0);
    let pair = |t: f64| t * (t - 1.0);
    let mut variance = (third(n) - sum(&sizes, &third) - sum(&ties, &third)) / 72.0;
    if n > 2.0 {
        variance += sum(&sizes, &triple) * sum(&ties, &triple) / (36.0 * triple(n));
    }
    variance += sum(&sizes, &pair) * sum(&ties, &pair) / (8.0 * pair(n));
    if variance <= 0.0 {
        return impossible(NAME, "all values are equal");
    }
    let z = (statistic - mean) / variance.sqrt();
    Ok(TestResult::with(NAME, statistic, None, alternative.normal_p(z))
        .convention("normal without correction, variance for ties")
        .convention(alternative.name()))
}
