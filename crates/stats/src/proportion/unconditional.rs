//! Exact unconditional tests and limits for two binomial samples: Barnard, Boschloo, Chan-Zhang.
//!
//! The p-value is the largest probability of the rejection region over the common proportion. Maximum: a grid on the
//! arcsine scale, every local maximum refined by golden section.

use super::fisher::Tilted;
use super::restricted::{difference_score, ratio_score};
use super::{Count, binomial::SLACK};
use crate::inference::{Alternative, Estimate, Level, TestResult, impossible};
use crate::special::binomial_pmf;
use crate::{Result, Warning};

/// Tables that count as at least as extreme: one flag per (x1, x2).
struct Region {
    a: Count,
    b: Count,
    inside: Vec<bool>,
}

impl Region {
    fn new(a: Count, b: Count, extreme: impl Fn(u64, u64) -> bool) -> Region {
        let inside =
            (0..=a.n).flat_map(|x| (0..=b.n).map(move |y| (x, y))).map(|(x, y)| extreme(x, y)).collect();
        Region { a, b, inside }
    }

    /// Largest probability over p2 in `range`, with p1 = p2 + `delta`; (maximum, p2).
    fn supremum(&self, range: (f64, f64), delta: f64, grid: usize) -> (f64, f64) {
        self.largest(range, |p2| p2 + delta, grid)
    }

    fn probability(&self, p1: f64, p2: f64) -> f64 {
        let first: Vec<f64> = (0..=self.a.n).map(|x| binomial_pmf(x, self.a.n, p1)).collect();
        let second: Vec<f64> = (0..=self.b.n).map(|y| binomial_pmf(y, self.b.n, p2)).collect();
        self.inside
            .chunks(second.len())
            .zip(&first)
            .map(|(row, f)| f * row.iter().zip(&second).filter(|(k, _)| **k).map(|(_, s)| s).sum::<f64>())
            .sum()
    }

    /// The same for any p1 = `first`(p2).
    fn largest(&self, range: (f64, f64), first: impl Fn(f64) -> f64, grid: usize) -> (f64, f64) {
        let at = |t: f64| range.0 + (range.1 - range.0) * (0.5 * std::f64::consts::PI * t).sin().powi(2);
        let value = |t: f64| {
            let p2 = at(t).clamp(0.0, 1.0);
            self.probability(first(p2).clamp(0.0, 1.0), p2)
        };
        let step = 1.0 / grid as f64;
        let values: Vec<f64> = (0..=grid).map(|i| value(i as f64 * step)).collect();
        let top = values.iter().copied().fold(0.0, f64::max);
        let mut best = (0.0, 0.5);
        for (i, &v) in values.iter().enumerate() {
            let before = if i == 0 { v } else { values[i - 1] };
            let after = values.get(i + 1).copied().unwrap_or(v);
            // a peak between grid points cannot rise far above its neighbours
            if v < before || v < after || v < 0.9 * top {
                continue;
            }
            let (mut low, mut high) = ((i as f64 - 1.0).max(0.0) * step, ((i + 1) as f64 * step).min(1.0));
            const GOLD: f64 = 0.618_033_988_749_894_9;
            let (mut x1, mut x2) = (high - GOLD * (high - low), low + GOLD * (high - low));
            let (mut f1, mut f2) = (value(x1), value(x2));
            while high - low > 1e-9 {
                if f1 > f2 {
                    (high, x2, f2) = (x2, x1, f1);
                    x1 = high - GOLD * (high - low);
                    f1 = value(x1);
                } else {
                    (low, x1, f1) = (x1, x2, f2);
                    x2 = low + GOLD * (high - low);
                    f2 = value(x2);
                }
            }
            for (t, f) in [(i as f64 * step, v), (x1, f1), (x2, f2)] {
                if f > best.0 {
                    best = (f, at(t));
                }
            }
        }
        best
    }
}

const LARGEST: u64 = 600;

fn checked(a: Count, b: Count, method: &'static str) -> Result<usize> {
    a.check()?;
    b.check()?;
    if a.n + b.n > LARGEST {
        return impossible(method, "more than 600 participants: use a score method");
    }
    Ok((4 * (a.n + b.n) as usize).clamp(200, 2_000))
}

/// Pooled z statistic of two counts, 0 when both groups agree.
fn pooled_z(x1: u64, n1: u64, x2: u64, n2: u64) -> f64 {
    let (a, b) = (n1 as f64, n2 as f64);
    let (p1, p2) = (x1 as f64 / a, x2 as f64 / b);
    if p1 == p2 {
        return 0.0;
    }
    let p = (x1 + x2) as f64 / (a + b);
    (p1 - p2) / (p * (1.0 - p) * (1.0 / a + 1.0 / b)).sqrt()
}

/// Barnard's test with the pooled z statistic (Barnard 1947; the CSM ordering is not used). The groups are the two
/// binomial samples: transpose a table whose columns are the groups.
pub fn barnard(a: Count, b: Count, alternative: Alternative) -> Result<TestResult> {
    const NAME: &str = "Barnard's test";
    let grid = checked(a, b, NAME)?;
    let statistic = pooled_z(a.x, a.n, b.x, b.n);
    let size = |z: f64| match alternative {
        Alternative::TwoSided => z.abs(),
        Alternative::Greater => z,
        Alternative::Less => -z,
    };
    let bound = size(statistic) - 1e-9 * statistic.abs();
    let region = Region::new(a, b, |x, y| size(pooled_z(x, a.n, y, b.n)) >= bound);
    let (p, at) = region.supremum((0.0, 1.0), 0.0, grid);
    let mut result = TestResult::with(NAME, statistic, None, p.min(1.0))
        .convention("pooled z statistic")
        .convention(alternative.name());
    result.warnings.push(Warning::Note(format!("maximum at common proportion {at:.4}")));
    Ok(result)
}

/// What a two-sided Boschloo p-value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BoschlooSides {
    /// Twice the smaller one-sided p-value (scipy); the default.
    #[default]
    Doubled,
    /// The region of tables whose two-sided Fisher p-value is no larger (R package Exact).
    TwoSidedFisher,
}

/// Boschloo's test: the unconditional probability of the tables whose Fisher p-value is no larger (Boschloo 1970).
pub fn boschloo(a: Count, b: Count, alternative: Alternative, sides: BoschlooSides) -> Result<TestResult> {
    const NAME: &str = "Boschloo's test";
    let grid = checked(a, b, NAME)?;
    let laws: Vec<Tilted> = (0..=a.n + b.n).map(|m| Tilted::hypergeometric(a.n, b.n, m)).collect();
    let fisher = |side: Alternative, x: u64, y: u64| {
        let law = &laws[(x + y) as usize];
        match side {
            Alternative::Greater => law.tails(x, 0.0).0,
            Alternative::Less => law.tails(x, 0.0).1,
            Alternative::TwoSided => law.two_sided(x, super::TwoSidedRule::SmallProbabilities),
        }
    };
    let one = |side: Alternative| {
        let bound = fisher(side, a.x, b.x);
        let region = Region::new(a, b, |x, y| fisher(side, x, y) <= bound * SLACK);
        (bound, region.supremum((0.0, 1.0), 0.0, grid).0)
    };
    let (statistic, p, name) = match (alternative, sides) {
        (Alternative::TwoSided, BoschlooSides::Doubled) => {
            let (less, greater) = (one(Alternative::Less), one(Alternative::Greater));
            let smaller = if less.1 <= greater.1 { less } else { greater };
            (smaller.0, 2.0 * smaller.1, "two-sided by doubling the smaller one-sided p-value")
        }
        (Alternative::TwoSided, BoschlooSides::TwoSidedFisher) => {
            let (s, p) = one(Alternative::TwoSided);
            (s, p, "two-sided by the two-sided Fisher p-value")
        }
        (side, _) => {
            let (s, p) = one(side);
            (s, p, side.name())
        }
    };
    Ok(TestResult::with(NAME, statistic, None, p.min(1.0)).convention(name))
}

/// Exact unconditional limits of p1 - p2: inversion of two one-sided tests that order tables by the score statistic
/// without the factor N/(N-1) (Chan and Zhang 1999). Limits are found by halving to 1e-7.
pub fn exact_difference(a: Count, b: Count, level: Level) -> Result<Estimate> {
    const NAME: &str = "exact unconditional limits";
    let tail = level.tail()?;
    let grid = checked(a, b, NAME)?.min(200);
    if a.n * b.n > 40_000 {
        return impossible(NAME, "more than 40000 tables to order: use Miettinen-Nurminen limits");
    }
    let estimate = a.p() - b.p();
    // p-value at delta against a larger (sign 1) or smaller (sign -1) difference
    let p_value = |delta: f64, sign: f64| {
        let score =
            |x: u64, y: u64| sign * difference_score(Count::new(x, a.n), Count::new(y, b.n), delta, 1.0);
        let observed = score(a.x, b.x);
        let bound = if observed.is_finite() { observed - 1e-9 * observed.abs() } else { observed };
        let region = Region::new(a, b, |x, y| score(x, y) >= bound);
        region.supremum(((-delta).max(0.0), (1.0 - delta).min(1.0)), delta, grid).0
    };
    let find = |end: f64, sign: f64| {
        let (mut out, mut inside) = (end, estimate);
        if estimate == end || p_value(end + sign * 1e-9, sign) > tail {
            return end;
        }
        while (out - inside).abs() > 1e-7 {
            let middle = 0.5 * (out + inside);
            if p_value(middle, sign) > tail { inside = middle } else { out = middle }
        }
        out
    };
    let lower = if level.sides == crate::inference::Sides::Upper { -1.0 } else { find(-1.0, 1.0) };
    let upper = if level.sides == crate::inference::Sides::Lower { 1.0 } else { find(1.0, -1.0) };
    Ok(Estimate::new(NAME, level, estimate, (lower, upper))
        .convention("tables ordered by the score statistic"))
}

/// Exact unconditional limits of p1 / p2, as [`exact_difference`] with the score statistic of the ratio (Chan and Zhang
/// 1999). Limits are found by halving on the logarithm to 1e-7. Refused: no success in either group.
pub fn exact_ratio(a: Count, b: Count, level: Level) -> Result<Estimate> {
    const NAME: &str = "exact unconditional limits";
    let tail = level.tail()?;
    let grid = checked(a, b, NAME)?.min(200);
    if a.n * b.n > 40_000 {
        return impossible(NAME, "more than 40000 tables to order: use Miettinen-Nurminen limits");
    }
    if a.x == 0 && b.x == 0 {
        return impossible(NAME, "there is no success in either group");
    }
    let p_value = |ln_ratio: f64, sign: f64| {
        let ratio = ln_ratio.exp();
        // A table without success says nothing about the ratio.
        let score = |x: u64, y: u64| {
            if x == 0 && y == 0 {
                0.0
            } else {
                sign * ratio_score(Count::new(x, a.n), Count::new(y, b.n), ratio, 1.0)
            }
        };
        let observed = score(a.x, b.x);
        let bound = if observed.is_finite() { observed - 1e-9 * observed.abs() } else { observed };
        let region = Region::new(a, b, |x, y| score(x, y) >= bound);
        region.largest((0.0, (1.0 / ratio).min(1.0)), |p2| ratio * p2, grid).0
    };
    /// Beyond this the ratio of two proportions of at most 600 participants is not told from 0 or infinity.
    const FAR: f64 = 40.0;
    let estimate = if b.x == 0 { f64::INFINITY } else { a.p() / b.p() };
    let centre = if a.x == 0 { -FAR } else { estimate.ln().min(FAR) };
    let find = |sign: f64| {
        let (mut out, mut inside) = (-sign * FAR, centre);
        if p_value(out, sign) > tail {
            return if sign > 0.0 { 0.0 } else { f64::INFINITY };
        }
        while (out - inside).abs() > 1e-7 {
            let middle = 0.5 * (out + inside);
            if p_value(middle, sign) > tail { inside = middle } else { out = middle }
        }
        out.exp()
    };
    use crate::inference::Sides;
    let lower = if level.sides == Sides::Upper || a.x == 0 { 0.0 } else { find(1.0) };
    let upper = if level.sides == Sides::Lower || b.x == 0 { f64::INFINITY } else { find(-1.0) };
    Ok(Estimate::new(NAME, level, estimate, (lower, upper))
        .convention("tables ordered by the score statistic"))
}
