//! MaxCombo: the largest of several weighted log-rank statistics, with its joint normal distribution.
use super::NearTies;
use super::data::Survival;
use super::logrank::{LogrankWeight, logrank_family};
use crate::linalg::Matrix;
use crate::random::Philox;
use crate::special::{norm_cdf, norm_quantile};
use crate::{Conventions, Result, StatsError};

#[derive(Debug, Clone)]
pub struct MaxCombo {
    /// Signed statistics of the group, negative = fewer events than expected.
    pub z: Vec<f64>,
    pub correlation: Matrix,
    /// The most negative one.
    pub smallest: f64,
    /// P(smallest of correlated normals <= smallest): small when the group does better.
    pub p_one_sided: f64,
    /// P(largest absolute value >= that observed).
    pub p_two_sided: f64,
    /// Integration errors (one standard error of the randomised lattice).
    pub error: (f64, f64),
    pub conventions: Conventions,
}

/// The four Fleming–Harrington weights (0,0), (0,1), (1,0), (1,1).
pub const FOUR_WEIGHTS: [LogrankWeight; 4] = [
    LogrankWeight::One,
    LogrankWeight::FlemingHarrington { rho: 0.0, gamma: 1.0 },
    LogrankWeight::FlemingHarrington { rho: 1.0, gamma: 0.0 },
    LogrankWeight::FlemingHarrington { rho: 1.0, gamma: 1.0 },
];

/// Compares `of_group` with the rest under several `weights` (Lee 2007; Karrison 2016). The normal integral is
/// Genz's (1992) on a lattice with shifts drawn from `seed`.
pub fn maxcombo(
    data: &Survival,
    group: &[usize],
    of_group: usize,
    strata: Option<&[usize]>,
    weights: &[LogrankWeight],
    near_ties: NearTies,
    seed: u64,
) -> Result<MaxCombo> {
    if weights.is_empty() || weights.len() > 20 {
        return Err(StatsError::Option {
            name: "number of weights",
            value: weights.len() as f64,
            range: "1 to 20",
        });
    }
    let (z, correlation) = logrank_family(data, group, of_group, strata, weights, near_ties)?;
    let smallest = z.iter().copied().fold(f64::INFINITY, f64::min);
    let size = z.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    let (p_one_sided, error1) = union_of_tails(&correlation, smallest, f64::INFINITY, seed);
    let (half, error2) = union_of_tails(&correlation, -size, size, seed);
    Ok(MaxCombo {
        z,
        correlation,
        smallest,
        p_one_sided,
        // The lower tails, and by symmetry the upper ones.
        p_two_sided: (2.0 * half).min(1.0),
        error: (error1, 2.0 * error2),
        conventions: vec![
            "MaxCombo: the most extreme of the weighted log-rank statistics",
            "joint normal distribution with the estimated correlation, integrated on a seeded lattice",
            near_ties.name(),
        ],
    })
}

/// P(some X_i < lower and, of those before it, each within lower to upper), and its error: the probability of a union as
/// that of its disjoint parts, so that small ones keep their digits, which one minus a box would lose.
fn union_of_tails(correlation: &Matrix, lower: f64, upper: f64, seed: u64) -> (f64, f64) {
    let (mut p, mut error) = (0.0, 0.0);
    for i in 0..correlation.size {
        // The one in its tail comes first: the others are integrated given it.
        let order: Vec<usize> = std::iter::once(i).chain(0..i).collect();
        let mut part = Matrix::zeros(order.len());
        for (row, a) in order.iter().enumerate() {
            for (column, b) in order.iter().enumerate() {
                part.set(row, column, correlation.get(*a, *b));
            }
        }
        let (mut from, mut to) = (vec![lower; order.len()], vec![upper; order.len()]);
        (from[0], to[0]) = (f64::NEG_INFINITY, lower);
        let (share, e) = box_probability(&part, &from, &to, seed);
        p += share;
        error += e;
    }
    (p.min(1.0), error)
}

const SHIFTS: usize = 12;
const POINTS: usize = 20_011;

/// P(lower < X < upper) for standard normals with `correlation`, and the standard error over the shifts.
pub fn box_probability(correlation: &Matrix, lower: &[f64], upper: &[f64], seed: u64) -> (f64, f64) {
    let k = lower.len();
    if k == 1 {
        return (norm_cdf(upper[0]) - norm_cdf(lower[0]), 0.0);
    }
    let l = root(correlation);
    // Richtmyer's generators: fractional parts of the roots of the primes.
    let primes = [
        2.0f64, 3.0, 5.0, 7.0, 11.0, 13.0, 17.0, 19.0, 23.0, 29.0, 31.0, 37.0, 41.0, 43.0, 47.0, 53.0, 59.0,
        61.0, 67.0, 71.0,
    ];
    let mut random = Philox::new(seed, 0);
    let mut estimates = Vec::with_capacity(SHIFTS);
    for _ in 0..SHIFTS {
        let shift: Vec<f64> = (0..k).map(|_| random.uniform()).collect();
        let mut sum = 0.0;
        let mut y = vec![0.0; k];
        for point in 0..POINTS {
            let mut weight = 1.0;
            for j in 0..k {
                let centre: f64 = (0..j).map(|i| l.get(j, i) * y[i]).sum();
                let d = l.get(j, j);
                let (a, b) = if d > 1e-9 {
                    (norm_cdf((lower[j] - centre) / d), norm_cdf((upper[j] - centre) / d))
                } else {
                    // This one is a combination of the earlier ones.
                    let inside = centre > lower[j] && centre < upper[j];
                    (0.0, if inside { 1.0 } else { 0.0 })
                };
                weight *= b - a;
                if weight <= 0.0 {
                    weight = 0.0;
                    break;
                }
                if j + 1 < k {
                    let raw = (point as f64 * primes[j % 20].sqrt() + shift[j]).fract();
                    // The tent makes the lattice rule periodic.
                    let u = (2.0 * raw - 1.0).abs();
                    y[j] = norm_quantile((a + u * (b - a)).clamp(1e-300, 1.0 - 1e-16));
                }
            }
            sum += weight;
        }
        estimates.push(sum / POINTS as f64);
    }
    let mean = estimates.iter().sum::<f64>() / SHIFTS as f64;
    let var = estimates.iter().map(|e| (e - mean).powi(2)).sum::<f64>() / (SHIFTS * (SHIFTS - 1)) as f64;
    (mean, var.sqrt())
}

/// Lower triangular root; a pivot lost to rounding becomes 0.
fn root(m: &Matrix) -> Matrix {
    let k = m.size;
    let mut l = Matrix::zeros(k);
    for i in 0..k {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|a| l.get(i, a) * l.get(j, a)).sum();
            let v = m.get(i, j) - sum;
            if i == j {
                l.set(i, i, v.max(0.0).sqrt());
            } else {
                let d = l.get(j, j);
                l.set(i, j, if d > 1e-9 { v / d } else { 0.0 });
            }
        }
    }
    l
}
