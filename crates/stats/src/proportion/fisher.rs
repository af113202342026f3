//! Fisher's exact test of a 2 x 2 table with the conditional odds ratio.

use super::binomial::{SLACK, TwoSidedRule};
use crate::inference::{Estimate, Level, impossible};
use crate::special::root;
use crate::{Conventions, Result, StatsError};

/// Everything the conditional distribution of a 2 x 2 table says.
#[derive(Debug, Clone, PartialEq)]
pub struct Fisher {
    /// Two-sided p-value by the rule that was asked for.
    pub p_two_sided: f64,
    /// P(first cell at least as large): the odds ratio is above 1.
    pub p_greater: f64,
    /// P(first cell at most as large): the odds ratio is below 1.
    pub p_less: f64,
    /// `p_greater` less half the probability of the table.
    pub p_greater_mid: f64,
    /// `p_less` less half the probability of the table.
    pub p_less_mid: f64,
    /// Conditional maximum likelihood estimate of the odds ratio with central exact limits; infinite or zero at the
    /// ends of the support.
    pub odds_ratio: Estimate,
    /// The same with mid-P limits.
    pub odds_ratio_mid: Estimate,
    /// Conventions of the p-values.
    pub conventions: Conventions,
}

/// A distribution on lo, lo+1, ..., tilted by odds^x: the conditional distribution of a cell, or of a sum of cells.
#[derive(Debug, Clone)]
pub(crate) struct Tilted {
    pub lo: u64,
    /// ln probability (up to a constant) of lo + i at odds 1
    pub ln_weight: Vec<f64>,
}

impl Tilted {
    /// Central hypergeometric distribution of the first cell given both margins.
    pub fn hypergeometric(row1: u64, row2: u64, column1: u64) -> Tilted {
        let lo = column1.saturating_sub(row2);
        let hi = row1.min(column1);
        // ratio of neighbours, summed outwards from the mode so that probable tables carry no error
        let ln_step = |x: u64| {
            let up = (row1 - x) as f64 * (column1 - x) as f64;
            (up / ((x + 1) as f64 * (row2 + x + 1 - column1) as f64)).ln()
        };
        let mode = ((row1 + 1) as f64 * (column1 + 1) as f64 / (row1 + row2 + 2) as f64) as u64;
        let mode = mode.clamp(lo, hi);
        let mut ln_weight = vec![0.0; (hi - lo + 1) as usize];
        let mut sum = 0.0;
        for x in mode..hi {
            sum += ln_step(x);
            ln_weight[(x + 1 - lo) as usize] = sum;
        }
        sum = 0.0;
        for x in (lo..mode).rev() {
            sum -= ln_step(x);
            ln_weight[(x - lo) as usize] = sum;
        }
        Tilted { lo, ln_weight }.normalised()
    }

    pub fn normalised(mut self) -> Tilted {
        let top = self.ln_weight.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = self.ln_weight.iter().map(|w| (w - top).exp()).sum();
        let shift = top + total.ln();
        self.ln_weight.iter_mut().for_each(|w| *w -= shift);
        self
    }

    pub fn hi(&self) -> u64 {
        self.lo + self.ln_weight.len() as u64 - 1
    }

    /// Probabilities at log odds `t`, each with full relative precision.
    pub fn probabilities(&self, t: f64) -> Vec<f64> {
        let tilted: Vec<f64> = self.ln_weight.iter().enumerate().map(|(i, w)| w + t * i as f64).collect();
        let top = tilted.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = tilted.iter().map(|w| (w - top).exp()).sum();
        tilted.iter().map(|w| (w - top).exp() / total).collect()
    }

    fn mean(&self, t: f64) -> f64 {
        self.probabilities(t).iter().enumerate().map(|(i, p)| i as f64 * p).sum()
    }

    /// (P(X >= x), P(X <= x), P(X = x)) at log odds `t`.
    pub fn tails(&self, x: u64, t: f64) -> (f64, f64, f64) {
        let p = self.probabilities(t);
        let i = (x - self.lo) as usize;
        // smallest terms first
        let upper: f64 = p.iter().skip(i).rev().sum();
        let lower: f64 = p.iter().take(i + 1).sum();
        (upper.min(1.0), lower.min(1.0), p.get(i).copied().unwrap_or(0.0))
    }

    /// Two-sided p-value of x at odds 1.
    pub fn two_sided(&self, x: u64, rule: TwoSidedRule) -> f64 {
        let (upper, lower, point) = self.tails(x, 0.0);
        match rule {
            TwoSidedRule::DoubledTail => (2.0 * upper.min(lower)).min(1.0),
            TwoSidedRule::DoubledMidP => (2.0 * (upper.min(lower) - 0.5 * point)).min(1.0),
            TwoSidedRule::SmallProbabilities => {
                let mut small: Vec<f64> =
                    self.probabilities(0.0).into_iter().filter(|&p| p <= point * SLACK).collect();
                small.sort_by(f64::total_cmp);
                small.iter().sum::<f64>().min(1.0)
            }
        }
    }

    fn solve(&self, f: impl Fn(f64) -> f64) -> Result<f64> {
        let mut width = 4.0;
        while (f(-width) > 0.0) == (f(width) > 0.0) && width < 700.0 {
            width *= 2.0;
        }
        root(f, -width, width, 0.0)
            .map(f64::exp)
            .map_err(|e| StatsError::Impossible { method: "conditional odds ratio", why: e.to_string() })
    }

    /// Conditional maximum likelihood estimate of the odds and its central limits (`half`: mid-P).
    pub fn odds(&self, x: u64, level: Level, half: bool) -> Result<Estimate> {
        let tail = level.tail()?;
        let i = (x - self.lo) as f64;
        let (at_low, at_high) = (x == self.lo, x == self.hi());
        let weight = if half { 0.5 } else { 0.0 };
        let estimate = match (at_low, at_high) {
            (true, true) => return impossible("conditional odds ratio", "the margins leave only one table"),
            (true, _) => 0.0,
            (_, true) => f64::INFINITY,
            _ => self.solve(|t| self.mean(t) - i)?,
        };
        let lower = if at_low {
            0.0
        } else {
            self.solve(|t| {
                let (upper, _, point) = self.tails(x, t);
                (upper - weight * point).ln() - tail.ln()
            })?
        };
        let upper = if at_high {
            f64::INFINITY
        } else {
            self.solve(|t| {
                let (_, lower, point) = self.tails(x, t);
                (lower - weight * point).ln() - tail.ln()
            })?
        };
        let method = if half {
            "conditional odds ratio, mid-P limits"
        } else {
            "conditional odds ratio, exact limits"
        };
        Ok(Estimate::new(method, level, estimate, level.keep((lower, upper), (0.0, f64::INFINITY)))
            .convention("conditional maximum likelihood; limits from the two one-sided tests"))
    }
}

/// Fisher's exact test of the table `[[a, b], [c, d]]`; the odds ratio is ad/bc. Refused: an empty row or column.
pub fn fisher_2x2(table: [[u64; 2]; 2], rule: TwoSidedRule, level: Level) -> Result<Fisher> {
    let [[a, b], [c, d]] = table;
    if a + b == 0 || c + d == 0 || a + c == 0 || b + d == 0 {
        return impossible("Fisher's exact test", "a row or column of the table is empty");
    }
    let law = Tilted::hypergeometric(a + b, c + d, a + c);
    let (p_greater, p_less, point) = law.tails(a, 0.0);
    Ok(Fisher {
        p_two_sided: law.two_sided(a, rule),
        p_greater,
        p_less,
        p_greater_mid: p_greater - 0.5 * point,
        p_less_mid: p_less - 0.5 * point,
        odds_ratio: law.odds(a, level, false)?,
        odds_ratio_mid: law.odds(a, level, true)?,
        conventions: vec![rule.name()],
    })
}
