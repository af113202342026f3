//! One binomial proportion: confidence limits and the exact test.

use super::Count;
use crate::inference::{Alternative, Estimate, Level, TestResult};
use crate::special::{
    beta_isf, beta_quantile, binomial_cdf, binomial_pmf, binomial_sf, binomial_upper, root,
};
use crate::{Result, StatsError};

/// How the limits of a proportion are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BinomialMethod {
    /// Clopper and Pearson (1934): inverts the two one-sided exact tests; the default.
    #[default]
    ClopperPearson,
    /// Wilson (1927): inverts the score test.
    Wilson,
    /// Wilson with Yates' correction of 1/2 (Fleiss; SAS).
    WilsonCorrected,
    /// Wilson with the correction of R's prop.test: min(1/2, |x - n/2|).
    WilsonCorrectedR,
    /// Inverts the exact tests with half the probability of the observed count.
    MidP,
    /// Equal-tailed quantiles of beta(x + 1/2, n - x + 1/2), edges as they are.
    Jeffreys,
    /// Jeffreys with the lower limit moved to 0 at x = 0 and the upper one to 1 at x = n (Brown, Cai, DasGupta 2001).
    JeffreysEdges,
    /// Agresti and Coull (1998): Wald around (x + z^2/2)/(n + z^2), cut to [0, 1].
    AgrestiCoull,
    /// Wald, cut to [0, 1].
    Wald,
}

impl BinomialMethod {
    /// Every method, in the order of the book.
    pub const ALL: [BinomialMethod; 9] = [
        BinomialMethod::ClopperPearson,
        BinomialMethod::Wilson,
        BinomialMethod::WilsonCorrected,
        BinomialMethod::WilsonCorrectedR,
        BinomialMethod::MidP,
        BinomialMethod::Jeffreys,
        BinomialMethod::JeffreysEdges,
        BinomialMethod::AgrestiCoull,
        BinomialMethod::Wald,
    ];

    /// The name that is printed and that options use.
    pub fn name(self) -> &'static str {
        match self {
            BinomialMethod::ClopperPearson => "clopper-pearson",
            BinomialMethod::Wilson => "wilson",
            BinomialMethod::WilsonCorrected => "wilson-corrected",
            BinomialMethod::WilsonCorrectedR => "wilson-corrected-r",
            BinomialMethod::MidP => "mid-p",
            BinomialMethod::Jeffreys => "jeffreys",
            BinomialMethod::JeffreysEdges => "jeffreys-edges",
            BinomialMethod::AgrestiCoull => "agresti-coull",
            BinomialMethod::Wald => "wald",
        }
    }
}

/// Wilson limits of a proportion `p` of `n` (not necessarily whole) with correction `yates` in units of one count.
pub(crate) fn wilson(p: f64, n: f64, z: f64, yates: f64) -> (f64, f64) {
    let half = z * z / (2.0 * n);
    let limit = |p: f64, sign: f64| {
        (p + half + sign * z * (p * (1.0 - p) / n + half / (2.0 * n)).sqrt()) / (1.0 + 2.0 * half)
    };
    let (low, high) = (p - yates / n, p + yates / n);
    let lower = if low <= 0.0 { 0.0 } else { limit(low, -1.0).max(0.0) };
    let upper = if high >= 1.0 { 1.0 } else { limit(high, 1.0).min(1.0) };
    (lower, upper)
}

fn clopper_pearson(x: f64, n: f64, tail: f64) -> (f64, f64) {
    let lower = if x == 0.0 { 0.0 } else { beta_quantile(tail, x, n - x + 1.0) };
    let upper = if x == n { 1.0 } else { beta_isf(tail, x + 1.0, n - x) };
    (lower, upper)
}

fn mid_p(c: Count, tail: f64) -> Result<(f64, f64)> {
    let solve = |f: &dyn Fn(f64) -> f64| {
        root(f, 0.0, 1.0, 0.0)
            .map_err(|e| StatsError::Impossible { method: "mid-P limits", why: e.to_string() })
    };
    let lower = |p: f64| binomial_sf(c.x, c.n, p) + 0.5 * binomial_pmf(c.x, c.n, p) - tail;
    let upper = |p: f64| {
        let below = if c.x == 0 { 0.0 } else { binomial_cdf(c.x - 1, c.n, p) };
        below + 0.5 * binomial_pmf(c.x, c.n, p) - tail
    };
    Ok((if c.x == 0 { 0.0 } else { solve(&lower)? }, if c.x == c.n { 1.0 } else { solve(&upper)? }))
}

/// Proportion with its confidence limits. Refused: n = 0, x > n, a level outside (0, 1).
pub fn binomial_interval(count: Count, method: BinomialMethod, level: Level) -> Result<Estimate> {
    count.check()?;
    let (tail, z) = (level.tail()?, level.z()?);
    let (x, n, p) = (count.x as f64, count.n as f64, count.p());
    let clip = |(l, u): (f64, f64)| (l.max(0.0), u.min(1.0));
    let jeffreys = || (beta_quantile(tail, x + 0.5, n - x + 0.5), beta_isf(tail, x + 0.5, n - x + 0.5));
    let limits = match method {
        BinomialMethod::ClopperPearson => clopper_pearson(x, n, tail),
        BinomialMethod::Wilson => wilson(p, n, z, 0.0),
        BinomialMethod::WilsonCorrected => wilson(p, n, z, 0.5),
        BinomialMethod::WilsonCorrectedR => wilson(p, n, z, (x - 0.5 * n).abs().min(0.5)),
        BinomialMethod::MidP => mid_p(count, tail)?,
        BinomialMethod::Jeffreys => jeffreys(),
        BinomialMethod::JeffreysEdges => {
            let (l, u) = jeffreys();
            (if count.x == 0 { 0.0 } else { l }, if count.x == count.n { 1.0 } else { u })
        }
        BinomialMethod::AgrestiCoull => {
            let m = n + z * z;
            let c = (x + 0.5 * z * z) / m;
            let half = z * (c * (1.0 - c) / m).sqrt();
            clip((c - half, c + half))
        }
        BinomialMethod::Wald => {
            let half = z * (p * (1.0 - p) / n).sqrt();
            clip((p - half, p + half))
        }
    };
    let result = Estimate::new(method.name(), level, p, level.keep(limits, (0.0, 1.0)));
    if method == BinomialMethod::Wald && (count.x == 0 || count.x == count.n) {
        return Ok(result.warn(crate::Warning::Note(
            "Wald limits have no width at 0 or n successes; use an exact or score method".into(),
        )));
    }
    Ok(result)
}

/// What a two-sided exact p-value adds up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TwoSidedRule {
    /// All outcomes no more probable than the observed one, with a relative slack of 1e-7 (R); the default.
    #[default]
    SmallProbabilities,
    /// Twice the smaller tail, at most 1 (SAS, StatXact "central").
    DoubledTail,
    /// Twice the smaller tail with half the observed probability.
    DoubledMidP,
}

impl TwoSidedRule {
    /// The name that is printed.
    pub fn name(self) -> &'static str {
        match self {
            TwoSidedRule::SmallProbabilities => "two-sided by small probabilities, slack 1e-7",
            TwoSidedRule::DoubledTail => "two-sided by doubling the smaller tail",
            TwoSidedRule::DoubledMidP => "two-sided by doubling the smaller mid-P tail",
        }
    }
}

/// Relative slack when probabilities are compared with that of the observed outcome.
pub(crate) const SLACK: f64 = 1.0 + 1e-7;

/// Exact test of a proportion against `p0` in [0, 1].
pub fn binomial_test(
    count: Count,
    p0: f64,
    alternative: Alternative,
    rule: TwoSidedRule,
) -> Result<TestResult> {
    count.check()?;
    if !(0.0..=1.0).contains(&p0) {
        return Err(StatsError::Option {
            name: "proportion under the null hypothesis",
            value: p0,
            range: "0 to 1",
        });
    }
    let Count { x, n } = count;
    let p = match (alternative, rule) {
        (Alternative::Greater, _) => binomial_upper(x, n, p0),
        (Alternative::Less, _) => binomial_cdf(x, n, p0),
        (Alternative::TwoSided, TwoSidedRule::SmallProbabilities) => small_probabilities(x, n, p0),
        (Alternative::TwoSided, TwoSidedRule::DoubledTail) => {
            2.0 * binomial_upper(x, n, p0).min(binomial_cdf(x, n, p0))
        }
        (Alternative::TwoSided, TwoSidedRule::DoubledMidP) => {
            let half = 0.5 * binomial_pmf(x, n, p0);
            let below = if x == 0 { 0.0 } else { binomial_cdf(x - 1, n, p0) };
            2.0 * (binomial_sf(x, n, p0) + half).min(below + half)
        }
    };
    let mut result = TestResult::exact("exact binomial test", p.min(1.0));
    result.conventions.push(alternative.name());
    Ok(if alternative == Alternative::TwoSided { result.convention(rule.name()) } else { result })
}

/// Probability of all outcomes no more probable than x. The distribution is unimodal, so the outcomes on the other
/// side of the mean form one tail, found by halving.
fn small_probabilities(x: u64, n: u64, p0: f64) -> f64 {
    let observed = binomial_pmf(x, n, p0) * SLACK;
    let mean = n as f64 * p0;
    if x as f64 == mean || p0 == 0.0 || p0 == 1.0 {
        return if x as f64 == mean { 1.0 } else { 0.0 };
    }
    if (x as f64) < mean {
        // smallest i >= ceil(mean) with pmf(i) <= observed
        let (mut low, mut high) = (mean.ceil() as u64, n + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            if binomial_pmf(middle, n, p0) <= observed { high = middle } else { low = middle + 1 }
        }
        binomial_cdf(x, n, p0) + binomial_upper(low, n, p0)
    } else {
        // number of i from 0 to floor(mean) with pmf(i) <= observed
        let (mut low, mut high) = (0, mean.floor() as u64 + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            if binomial_pmf(middle, n, p0) <= observed { low = middle + 1 } else { high = middle }
        }
        let below = if low == 0 { 0.0 } else { binomial_cdf(low - 1, n, p0) };
        below + binomial_upper(x, n, p0)
    }
}
