//! Exact permutation distributions of rank sums, counted on doubled (hence whole) mid-ranks.

use crate::inference::Alternative;

/// Probabilities of the sums `low`, `low + step`, ... in doubled ranks.
pub(super) struct Law {
    low: u64,
    step: u64,
    p: Vec<f64>,
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Doubled mid-ranks as whole numbers.
fn doubled(ranks: &[f64]) -> Vec<u64> {
    ranks.iter().map(|r| (2.0 * r).round() as u64).collect()
}

impl Law {
    /// Sum of the ranks whose sign is positive, every sign equally likely.
    pub fn of_signs(ranks: &[f64]) -> Law {
        let scores = doubled(ranks);
        let step = scores.iter().fold(0, |g, &s| gcd(g, s)).max(1);
        let total: u64 = scores.iter().sum::<u64>() / step;
        let mut p = vec![0.0; total as usize + 1];
        p[0] = 1.0;
        let mut reached = 0;
        for s in scores {
            let s = (s / step) as usize;
            for t in (0..=reached).rev() {
                let half = 0.5 * p[t];
                p[t] = half;
                p[t + s] += half;
            }
            reached += s;
        }
        Law { low: 0, step, p }
    }

    /// Sum of the ranks of a group of `m` drawn without replacement.
    pub fn of_groups(ranks: &[f64], m: usize) -> Law {
        let mut scores = doubled(ranks);
        scores.sort_unstable();
        let least = scores.first().copied().unwrap_or(0);
        // scores above the smallest, in units of their common divisor
        let step = scores.iter().fold(0, |g, &s| gcd(g, s - least)).max(1);
        let shifted: Vec<usize> = scores.iter().map(|s| ((s - least) / step) as usize).collect();
        let n = shifted.len();
        // counting the smaller group is enough: the sum of all is fixed
        let k = m.min(n - m);
        let most: usize = shifted.iter().rev().take(k).sum();
        let mut ways = vec![vec![0.0_f64; most + 1]; k + 1];
        ways[0][0] = 1.0;
        let mut total = 0usize;
        for (i, &s) in shifted.iter().enumerate() {
            total += s;
            for j in (1..=k.min(i + 1)).rev() {
                let (before, now) = ways.split_at_mut(j);
                let (from, to) = (&before[j - 1], &mut now[0]);
                // sums of j - 1 earlier scores cannot exceed either bound
                let top = most.min(total);
                if s <= top {
                    for (t, f) in to[s..=top].iter_mut().zip(&from[..=top - s]) {
                        *t += f;
                    }
                }
            }
        }
        let counts = ways.swap_remove(k);
        let all: f64 = counts.iter().sum();
        let p: Vec<f64> = counts.into_iter().map(|c| c / all).collect();
        let whole: u64 = scores.iter().sum();
        if k == m {
            // The law starts at the smallest sum that occurs.
            let first = p.iter().position(|v| *v > 0.0).unwrap_or(0);
            Law { low: least * m as u64 + step * first as u64, step, p: p[first..].to_vec() }
        } else {
            // sum of the larger group = whole - sum of the smaller
            let high_of_small = least * k as u64 + step * most as u64;
            Law { low: whole - high_of_small, step, p: p.into_iter().rev().collect() }
        }
    }

    fn place(&self, sum: f64) -> f64 {
        (2.0 * sum - self.low as f64) / self.step as f64
    }

    /// P(sum <= `sum`).
    pub fn lower(&self, sum: f64) -> f64 {
        let k = (self.place(sum) + 1e-6).floor();
        if k < 0.0 { 0.0 } else { self.p.iter().take(k as usize + 1).sum::<f64>().min(1.0) }
    }

    /// P(sum >= `sum`).
    pub fn upper(&self, sum: f64) -> f64 {
        let k = (self.place(sum) - 1e-6).ceil().max(0.0);
        self.p.iter().skip(k as usize).rev().sum::<f64>().min(1.0)
    }

    /// Two-sided: sums at least as far from the mean as `sum`.
    pub fn two_sided(&self, sum: f64) -> f64 {
        let mean: f64 = self.p.iter().enumerate().map(|(i, p)| i as f64 * p).sum();
        let gap = (self.place(sum) - mean).abs() - 1e-6;
        let far = |i: usize| (i as f64 - mean).abs() >= gap;
        let mut parts: Vec<f64> =
            self.p.iter().enumerate().filter(|(i, _)| far(*i)).map(|(_, p)| *p).collect();
        parts.sort_by(f64::total_cmp);
        parts.iter().sum::<f64>().min(1.0)
    }

    pub fn p_value(&self, sum: f64, alternative: Alternative) -> f64 {
        match alternative {
            Alternative::TwoSided => self.two_sided(sum),
            Alternative::Greater => self.upper(sum),
            Alternative::Less => self.lower(sum),
        }
    }

    /// Smallest number of units above the smallest sum with lower tail at least `tail` (relative slack as in R).
    pub fn quantile_units(&self, tail: f64) -> usize {
        let mut sum = 0.0;
        for (k, p) in self.p.iter().enumerate() {
            sum += p;
            if sum >= tail * (1.0 - 64.0 * f64::EPSILON) {
                return k;
            }
        }
        self.p.len() - 1
    }
}
