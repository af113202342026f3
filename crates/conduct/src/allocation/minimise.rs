//! Minimisation: imbalance, preferred arms, probabilities.

use super::gcd;
use words::Decimal;

/// A minimisation scheme made ready: virtual arms, weights, probability as a fraction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheme {
    /// (Virtual) arms in order: `A`, or `A#1`, `A#2` where an arm was split.
    pub arms: Vec<String>,
    /// For each (virtual) arm: the index of its arm in the protocol's order.
    pub of: Vec<usize>,
    /// Ratio of the (virtual) arms, in lowest terms.
    ratio: Vec<u64>,
    weights: Vec<u64>,
    variance: bool,
    /// Probability of following the smallest arm when it is preferred, as a fraction.
    follow: (u64, u64),
    lcm: u64,
}

/// Why a scheme cannot allocate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemeError {
    #[error("there must be at least two arms, each with a ratio of at least 1")]
    Ratio,
    #[error("the probability of following must be above {least}, the smallest arm's share, and at most 1")]
    Follow { least: String },
    #[error("a probability of 1 leaves no random element (ICH E9 2.3.2); say so with `deterministic: true`")]
    Deterministic,
    #[error("the weights of the factors are all 0")]
    Weights,
    #[error("the counts do not fit the scheme: one row for each factor, one number for each (virtual) arm")]
    Counts,
    #[error("the numbers of this scheme are too large to be held exactly")]
    Overflow,
    #[error("the block sizes must be multiples of {unit}, the sum of the ratio")]
    Blocks { unit: u32 },
}

/// What minimisation says of the newcomer, before the draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// G of each (virtual) arm, times [`Scheme::scale`].
    pub imbalance: Vec<u64>,
    /// Indices of the arms with the least G.
    pub preferred: Vec<usize>,
    /// Probability of each (virtual) arm: numerators over `total`, in lowest terms.
    pub probabilities: Vec<u64>,
    pub total: u64,
}

impl Scheme {
    /// `ratio`: arm and whole share, in the protocol's order. `weights`: one for each factor, 0 permitted. `split`
    /// makes virtual arms of ratio 1 out of unequal arms. `follow` must lie above the smallest (virtual) arm's share;
    /// 1 needs `deterministic`.
    pub fn new<'a>(
        ratio: impl IntoIterator<Item = (&'a str, u32)>,
        weights: impl IntoIterator<Item = u32>,
        variance: bool,
        split: bool,
        follow: Decimal,
        deterministic: bool,
    ) -> Result<Scheme, SchemeError> {
        let given: Vec<(&str, u64)> = ratio.into_iter().map(|(a, r)| (a, u64::from(r))).collect();
        if given.len() < 2 || given.iter().any(|(_, r)| *r == 0) {
            return Err(SchemeError::Ratio);
        }
        let common = given.iter().fold(0, |g, (_, r)| gcd(*r, g));
        let (mut arms, mut of, mut shares) = (Vec::new(), Vec::new(), Vec::new());
        for (index, (arm, r)) in given.iter().enumerate() {
            let r = r / common;
            if split && r > 1 {
                if r > 1000 {
                    return Err(SchemeError::Overflow);
                }
                for n in 1..=r {
                    arms.push(format!("{arm}#{n}"));
                    of.push(index);
                    shares.push(1);
                }
            } else {
                arms.push((*arm).to_owned());
                of.push(index);
                shares.push(r);
            }
        }
        let lcm = shares.iter().try_fold(1u64, |l, r| (l / gcd(l, *r)).checked_mul(*r));
        let lcm = lcm.filter(|l| *l <= 1_000_000).ok_or(SchemeError::Overflow)?;
        let sum: u64 = shares.iter().sum();
        let least = shares.iter().min().copied().unwrap_or(1);
        let follow = fraction(follow).ok_or(SchemeError::Overflow)?;
        let (p, q) = follow;
        if p > q || u128::from(p) * u128::from(sum) <= u128::from(least) * u128::from(q) {
            return Err(SchemeError::Follow { least: format!("{least}/{sum}") });
        }
        if p == q && !deterministic {
            return Err(SchemeError::Deterministic);
        }
        let weights: Vec<u64> = weights.into_iter().map(u64::from).collect();
        if !weights.is_empty() && weights.iter().all(|w| *w == 0) {
            return Err(SchemeError::Weights);
        }
        Ok(Scheme { arms, of, ratio: shares, weights, variance, follow, lcm })
    }

    /// By how much `imbalance` is larger than G: the least common multiple L of the ratio for the range; L² K (K-1)
    /// for the variance over K (virtual) arms.
    pub fn scale(&self) -> u64 {
        let k = self.ratio.len() as u64;
        if self.variance { self.lcm * self.lcm * k * (k - 1) } else { self.lcm }
    }

    /// Σ over the factors of weight times the spread of (n + [k = arm]) / r over the arms k.
    fn imbalance(&self, counts: &[Vec<u32>], arm: usize) -> Option<u64> {
        let mut sum = 0u128;
        for (row, weight) in counts.iter().zip(&self.weights) {
            let scaled = row
                .iter()
                .zip(&self.ratio)
                .enumerate()
                .map(|(k, (n, r))| u128::from((u64::from(*n) + u64::from(k == arm)) * (self.lcm / r)));
            let spread = if self.variance {
                // K(K-1) times the variance: K Σx² - (Σx)².
                let (k, x, xx) =
                    scaled.fold((0u128, 0u128, 0u128), |(k, x, xx), v| (k + 1, x + v, xx + v * v));
                (k * xx).checked_sub(x * x)?
            } else {
                let (least, most) = scaled.fold((u128::MAX, 0), |(a, b), v| (a.min(v), b.max(v)));
                most.checked_sub(least)?
            };
            sum = sum.checked_add(u128::from(*weight).checked_mul(spread)?)?;
        }
        u64::try_from(sum).ok()
    }

    /// Which arms may be given with which probability when these are preferred.
    fn probabilities(&self, preferred: &[usize]) -> Option<(Vec<u64>, u64)> {
        let shares: Vec<u128> = self.ratio.iter().map(|r| u128::from(*r)).collect();
        let sum: u128 = shares.iter().sum();
        let least = shares.iter().min().copied()?;
        let (p, q) = (u128::from(self.follow.0), u128::from(self.follow.1));
        let mut out = shares.clone();
        if preferred.len() < shares.len() {
            // Han 2009: of the preferred arms one, i, is drawn by ratio; it is given with p_i, where
            // 1 - p_i = (1 - p)(R - r_i)/(R - r_min), another arm j with (1 - p_i) r_j/(R - r_i).
            // Over the denominator q (R - r_min):
            out.fill(0);
            for i in preferred {
                let chosen = *shares.get(*i)?;
                for (j, share) in shares.iter().enumerate() {
                    let given =
                        if j == *i { q * (sum - least) - (q - p) * (sum - chosen) } else { (q - p) * share };
                    *out.get_mut(j)? += chosen * given;
                }
            }
        }
        let common = out.iter().fold(0u128, |g, n| gcd128(*n, g)).max(1);
        let out: Option<Vec<u64>> = out.iter().map(|n| u64::try_from(n / common).ok()).collect();
        let out = out?;
        let total = out.iter().try_fold(0u64, |t, n| t.checked_add(*n))?;
        Some((out, total))
    }
}

fn gcd128(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd128(b, a % b) }
}

/// A decimal from 0 to 1 as a fraction in lowest terms; `None` when it is outside or has more than 9 places.
fn fraction(p: Decimal) -> Option<(u64, u64)> {
    let p = p.normalize();
    if p.is_sign_negative() || p > Decimal::ONE || p.scale() > 9 {
        return None;
    }
    let (n, d) = (u64::try_from(p.mantissa()).ok()?, 10u64.pow(p.scale()));
    let common = gcd(n, d).max(1);
    Some((n / common, d / common))
}

/// Judges the arms for a newcomer. `counts`: for each factor, how many were allocated to each (virtual) arm at the
/// newcomer's level.
pub fn minimise(scheme: &Scheme, counts: &[Vec<u32>]) -> Result<Choice, SchemeError> {
    let k = scheme.arms.len();
    if counts.len() != scheme.weights.len() || counts.iter().any(|row| row.len() != k) {
        return Err(SchemeError::Counts);
    }
    let imbalance: Option<Vec<u64>> = (0..k).map(|arm| scheme.imbalance(counts, arm)).collect();
    let imbalance = imbalance.ok_or(SchemeError::Overflow)?;
    let least = imbalance.iter().min().copied().unwrap_or(0);
    let preferred: Vec<usize> = (0..k).filter(|arm| imbalance.get(*arm) == Some(&least)).collect();
    let (probabilities, total) = scheme.probabilities(&preferred).ok_or(SchemeError::Overflow)?;
    Ok(Choice { imbalance, preferred, probabilities, total })
}

#[cfg(test)]
mod tests;
