//! Correlation: Pearson, Spearman, Kendall.

use super::ranks::{check_values, mid_ranks};
use crate::inference::{Alternative, Estimate, Level, TestResult, impossible};
use crate::special::t_tails;
use crate::{Result, StatsError, Warning};

/// A correlation with its limits and its test against zero.
#[derive(Debug, Clone, PartialEq)]
pub struct Correlation {
    /// Estimate with limits on Fisher's z scale.
    pub estimate: Estimate,
    /// Test of no association.
    pub test: TestResult,
}

/// How the p-value of a rank correlation is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CorrelationP {
    /// t approximation (Spearman) or normal approximation (Kendall); the default.
    #[default]
    Approximate,
    /// Permutation distribution: Spearman up to 12 pairs, Kendall up to 150 pairs without ties.
    Exact,
}

fn check(x: &[f64], y: &[f64], method: &'static str) -> Result<()> {
    if x.len() != y.len() {
        return Err(StatsError::Length { what: "second variable", expected: x.len(), got: y.len() });
    }
    check_values("first variable", x)?;
    check_values("second variable", y)?;
    if x.len() < 3 {
        return impossible(method, "fewer than three pairs");
    }
    Ok(())
}

fn product_moment(x: &[f64], y: &[f64]) -> Result<f64> {
    let n = x.len() as f64;
    let (mx, my) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let (mut sxx, mut syy, mut sxy) = (0.0, 0.0, 0.0);
    for (a, b) in x.iter().zip(y) {
        sxx += (a - mx) * (a - mx);
        syy += (b - my) * (b - my);
        sxy += (a - mx) * (b - my);
    }
    if sxx == 0.0 || syy == 0.0 {
        return Err(StatsError::NoVariance { what: "a variable", why: "a correlation needs both to vary" });
    }
    Ok((sxy / sxx.sqrt() / syy.sqrt()).clamp(-1.0, 1.0))
}

/// Fisher's z limits with standard error sqrt(`factor`/(n - 3)).
fn fisher_z(method: &'static str, r: f64, n: usize, factor: f64, level: Level) -> Result<Estimate> {
    let z = level.z()?;
    if n < 4 || r.abs() >= 1.0 {
        let reason = if n < 4 { "fewer than four pairs" } else { "the correlation is -1 or 1" };
        return Ok(Estimate::new(method, level, r, (-1.0, 1.0)).warn(Warning::NoLimits { reason }));
    }
    let half = z * (factor / (n as f64 - 3.0)).sqrt();
    let centre = r.atanh();
    Ok(Estimate::new(
        method,
        level,
        r,
        level.keep(((centre - half).tanh(), (centre + half).tanh()), (-1.0, 1.0)),
    )
    .convention("limits on Fisher's z scale"))
}

fn t_test(method: &'static str, r: f64, n: usize, alternative: Alternative) -> TestResult {
    let df = n as f64 - 2.0;
    let t =
        if r.abs() >= 1.0 { f64::INFINITY.copysign(r) } else { r * (df / ((1.0 - r) * (1.0 + r))).sqrt() };
    let tails = if t.is_infinite() { None } else { Some(t_tails(t, df)) };
    let p = match (tails, alternative) {
        (None, Alternative::TwoSided) => 0.0,
        (None, Alternative::Greater) => f64::from(u8::from(t < 0.0)),
        (None, Alternative::Less) => f64::from(u8::from(t > 0.0)),
        (Some(b), Alternative::TwoSided) => (2.0 * b.upper.min(b.lower)).min(1.0),
        (Some(b), Alternative::Greater) => b.upper,
        (Some(b), Alternative::Less) => b.lower,
    };
    TestResult::with(method, t, Some(df), p).convention("t approximation").convention(alternative.name())
}

/// Pearson's correlation with its t test and Fisher's z limits.
pub fn pearson(x: &[f64], y: &[f64], alternative: Alternative, level: Level) -> Result<Correlation> {
    const NAME: &str = "Pearson correlation";
    check(x, y, NAME)?;
    let r = product_moment(x, y)?;
    Ok(Correlation {
        estimate: fisher_z(NAME, r, x.len(), 1.0, level)?,
        test: t_test(NAME, r, x.len(), alternative),
    })
}

/// Spearman's rank correlation; limits with the variance (1 + r^2/2)/(n - 3) of Bonett and Wright (2000).
pub fn spearman(
    x: &[f64],
    y: &[f64],
    p: CorrelationP,
    alternative: Alternative,
    level: Level,
) -> Result<Correlation> {
    const NAME: &str = "Spearman correlation";
    check(x, y, NAME)?;
    let (a, b) = (mid_ranks(x)?.rank, mid_ranks(y)?.rank);
    let r = product_moment(&a, &b)?;
    let test = match p {
        CorrelationP::Approximate => t_test(NAME, r, x.len(), alternative),
        CorrelationP::Exact => {
            if x.len() > 12 {
                return impossible(NAME, "the exact distribution is offered up to 12 pairs");
            }
            let (lower, upper) = spearman_tails(&a, &b);
            let value = match alternative {
                Alternative::TwoSided => (2.0 * lower.min(upper)).min(1.0),
                Alternative::Greater => upper,
                Alternative::Less => lower,
            };
            TestResult::with(NAME, r, None, value)
                .convention("exact permutation")
                .convention(alternative.name())
        }
    };
    Ok(Correlation { estimate: fisher_z(NAME, r, x.len(), 1.0 + 0.5 * r * r, level)?, test })
}

/// P(sum of rank products <= observed) and >= observed over all permutations: a count over subsets of the second
/// ranks, with quadrupled products as whole numbers.
fn spearman_tails(a: &[f64], b: &[f64]) -> (f64, f64) {
    use std::collections::BTreeMap;
    let n = a.len();
    let whole = |r: f64| (2.0 * r).round() as u64;
    let mut layer: BTreeMap<u32, BTreeMap<u64, f64>> = BTreeMap::from([(0, BTreeMap::from([(0, 1.0)]))]);
    for ra in a {
        let mut next: BTreeMap<u32, BTreeMap<u64, f64>> = BTreeMap::new();
        for (used, sums) in layer {
            for (j, rb) in b.iter().enumerate() {
                if used & (1 << j) == 0 {
                    let more = whole(*ra) * whole(*rb);
                    let entry = next.entry(used | 1 << j).or_default();
                    for (s, w) in &sums {
                        *entry.entry(s + more).or_insert(0.0) += w;
                    }
                }
            }
        }
        layer = next;
    }
    let observed: u64 = a.iter().zip(b).map(|(x, y)| whole(*x) * whole(*y)).sum();
    let total: f64 = (1..=n).map(|k| k as f64).product();
    let (mut lower, mut upper) = (0.0, 0.0);
    for (s, w) in layer.into_values().flatten() {
        lower += if s <= observed { w } else { 0.0 };
        upper += if s >= observed { w } else { 0.0 };
    }
    (lower / total, upper / total)
}

/// Kendall's tau-b; limits with the variance .437/(n - 4) on Fisher's z scale (Fieller, Hartley and Pearson 1957).
pub fn kendall(
    x: &[f64],
    y: &[f64],
    p: CorrelationP,
    alternative: Alternative,
    level: Level,
) -> Result<Correlation> {
    const NAME: &str = "Kendall correlation";
    check(x, y, NAME)?;
    let n = x.len();
    let mut s = 0i64;
    for i in 0..n {
        for j in 0..i {
            let sign = |d: f64| i64::from(d > 0.0) - i64::from(d < 0.0);
            s += sign(x[i] - x[j]) * sign(y[i] - y[j]);
        }
    }
    let (tx, ty) = (mid_ranks(x)?.ties, mid_ranks(y)?.ties);
    let sum = |ties: &[usize], f: &dyn Fn(f64) -> f64| ties.iter().map(|&t| f(t as f64)).sum::<f64>();
    let pairs = |t: f64| t * (t - 1.0) / 2.0;
    let nf = n as f64;
    let (free_x, free_y) = (pairs(nf) - sum(&tx, &pairs), pairs(nf) - sum(&ty, &pairs));
    if free_x == 0.0 || free_y == 0.0 {
        return Err(StatsError::NoVariance { what: "a variable", why: "a correlation needs both to vary" });
    }
    let tau = (s as f64 / free_x.sqrt() / free_y.sqrt()).clamp(-1.0, 1.0);
    let ties = !(tx.is_empty() && ty.is_empty());
    let test = match p {
        CorrelationP::Exact if ties || n > 150 => {
            return impossible(NAME, "the exact distribution is offered up to 150 pairs without ties");
        }
        CorrelationP::Exact => {
            let concordant = ((s + pairs(nf) as i64) / 2) as usize;
            let (lower, upper) = kendall_tails(n, concordant);
            let value = match alternative {
                Alternative::TwoSided => (2.0 * lower.min(upper)).min(1.0),
                Alternative::Greater => upper,
                Alternative::Less => lower,
            };
            TestResult::with(NAME, concordant as f64, None, value)
                .convention("exact permutation; the statistic counts concordant pairs")
                .convention(alternative.name())
        }
        CorrelationP::Approximate => {
            let third = |t: f64| t * (t - 1.0) * (2.0 * t + 5.0);
            let triple = |t: f64| t * (t - 1.0) * (t - 2.0);
            let pair = |t: f64| t * (t - 1.0);
            let variance = (third(nf) - sum(&tx, &third) - sum(&ty, &third)) / 18.0
                + sum(&tx, &pair) * sum(&ty, &pair) / (2.0 * nf * (nf - 1.0))
                + sum(&tx, &triple) * sum(&ty, &triple) / (9.0 * nf * (nf - 1.0) * (nf - 2.0));
            let z = s as f64 / variance.sqrt();
            TestResult::with(NAME, z, None, alternative.normal_p(z))
                .convention("normal without correction, variance for ties")
                .convention(alternative.name())
        }
    };
    let estimate = if n > 4 {
        fisher_z(NAME, tau, n, 0.437 * (nf - 3.0) / (nf - 4.0), level)?
    } else {
        Estimate::new(NAME, level, tau, (-1.0, 1.0))
            .warn(Warning::NoLimits { reason: "fewer than five pairs" })
    };
    Ok(Correlation { estimate, test })
}

/// Tails of the number of concordant pairs (inversions of a random permutation).
fn kendall_tails(n: usize, concordant: usize) -> (f64, f64) {
    let mut p = vec![1.0];
    for k in 2..=n {
        let mut next = vec![0.0; p.len() + k - 1];
        for (i, v) in p.iter().enumerate() {
            for slot in &mut next[i..i + k] {
                *slot += v / k as f64;
            }
        }
        p = next;
    }
    (p[..=concordant].iter().sum::<f64>().min(1.0), p[concordant..].iter().rev().sum::<f64>().min(1.0))
}
