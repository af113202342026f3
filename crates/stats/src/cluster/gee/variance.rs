//! Variances of the coefficients: naive, sandwich, and three small-sample corrections; jackknife.

use super::fit::{NAME, Part, Problem, State, apply_inverse};
use super::{Correlation, GeeData, GeeOptions};
use crate::inference::impossible;
use crate::linalg::{Cholesky, Matrix, PIVOT_TOLERANCE};
use crate::model::dense::{eigen, forward, function, lower_factor};
use crate::{Result, StatsError};

fn outer(into: &mut Matrix, u: &[f64]) {
    for i in 0..u.len() {
        for j in 0..u.len() {
            into.add(i, j, u[i] * u[j]);
        }
    }
}

fn correlation_matrix(kind: Correlation, alpha: f64, n: usize) -> Matrix {
    let mut r = Matrix::zeros(n);
    for i in 0..n {
        for j in 0..n {
            let v = match kind {
                _ if i == j => 1.0,
                Correlation::Independence => 0.0,
                Correlation::Exchangeable => alpha,
                Correlation::Ar1 => alpha.powi(i.abs_diff(j) as i32),
            };
            r.set(i, j, v);
        }
    }
    r
}

/// D' R^-1 v of a cluster.
fn score(problem: &Problem, part: &Part, alpha: f64, v: &[f64]) -> Vec<f64> {
    let w = apply_inverse(problem.options.correlation, alpha, v);
    (0..problem.design.p()).map(|j| part.derivative.iter().zip(&w).map(|(d, w)| d[j] * w).sum()).collect()
}

/// (I - H)^power r with H = D A^-1 D' R^-1 the leverage of the cluster, through the symmetric matrix L^-1 H L, R = L L'.
/// The flag says that a leverage of one was bounded.
fn leveraged(
    problem: &Problem,
    part: &Part,
    alpha: f64,
    a_inverse: &Matrix,
    power: f64,
) -> Option<(Vec<f64>, bool)> {
    let n = part.residual.len();
    let l = lower_factor(&correlation_matrix(problem.options.correlation, alpha, n))?;
    // rows of L^-1 D, column by column
    let columns: Vec<Vec<f64>> = (0..problem.design.p())
        .map(|j| forward(&l, &part.derivative.iter().map(|d| d[j]).collect::<Vec<_>>()))
        .collect();
    let mut s = Matrix::zeros(n);
    for i in 0..n {
        for k in 0..n {
            let mut v = 0.0;
            for a in 0..columns.len() {
                for b in 0..columns.len() {
                    v += columns[a][i] * a_inverse.get(a, b) * columns[b][k];
                }
            }
            s.set(i, k, v);
        }
    }
    let mut capped = false;
    let (values, _) = eigen(&s);
    if values.iter().any(|v| 1.0 - v < 1e-10) {
        capped = true;
    }
    let root = function(&s, |v| (1.0 - v).max(1e-10).powf(power));
    let standard = forward(&l, &part.residual);
    let moved = root.times(&standard);
    // back to the scale of the residuals
    let back: Vec<f64> = (0..n).map(|i| (0..=i).map(|k| l.get(i, k) * moved[k]).sum()).collect();
    Some((back, capped))
}

/// Naive, robust, Mancl-DeRouen, Kauermann-Carroll and Fay-Graubard covariances in the order of `GeeVariance::ALL`, in the units
/// of the design.
pub(super) fn covariances(problem: &Problem, state: &State) -> Result<(Vec<Matrix>, bool)> {
    let p = problem.design.p();
    let parts = problem.parts(&state.beta)?;
    let mut a = Matrix::zeros(p);
    let informations: Vec<(Matrix, Vec<f64>)> =
        parts.iter().map(|part| problem.information(part, state.alpha)).collect();
    for (h, _) in &informations {
        a.values.iter_mut().zip(&h.values).for_each(|(x, y)| *x += y);
    }
    let solver = Cholesky::new(&a, PIVOT_TOLERANCE);
    if !solver.dropped.is_empty() {
        return impossible(NAME, "the information matrix is singular");
    }
    let inverse = solver.inverse();
    let mut meats = vec![Matrix::zeros(p); 4];
    let mut capped = false;
    let refuse = || StatsError::Impossible {
        method: NAME,
        why: "a working correlation is not positive definite".into(),
    };
    for (part, (h, g)) in parts.iter().zip(&informations) {
        outer(&mut meats[0], g);
        for (place, power) in [(1, -1.0), (2, -0.5)] {
            let (r, c) = leveraged(problem, part, state.alpha, &inverse, power).ok_or_else(refuse)?;
            capped |= c;
            outer(&mut meats[place], &score(problem, part, state.alpha, &r));
        }
        let q = h.product(&inverse);
        let bound = problem.options.fay_graubard_bound;
        let u: Vec<f64> = (0..p).map(|j| g[j] / (1.0 - q.get(j, j).min(bound)).sqrt()).collect();
        outer(&mut meats[3], &u);
    }
    let mut naive = inverse.clone();
    naive.values.iter_mut().for_each(|v| *v *= state.scale);
    let mut out: Vec<Matrix> = meats.iter().map(|m| m.sandwich(&inverse)).collect();
    out.insert(1, naive);
    Ok((out, capped))
}

/// Standard errors by leaving out one cluster at a time.
#[derive(Debug, Clone, PartialEq)]
pub struct Jackknife {
    /// Approximate jackknife: one step from the whole fit with the cluster's information removed.
    pub approximate_se: Vec<f64>,
    /// Fully iterated jackknife: refitted without the cluster.
    pub iterated_se: Vec<f64>,
}

/// Jackknife standard errors with the factor (K - p - q - r)/K, q and r the numbers of correlation and scale parameters
/// (Yan and Fine 2004, as geepack computes them).
pub fn gee_jackknife(data: &GeeData, options: GeeOptions) -> Result<Jackknife> {
    let problem = Problem::new(data, options)?;
    let state = problem.iterate(None, None)?;
    let p = problem.design.p();
    let parts = problem.parts(&state.beta)?;
    let k = problem.clusters.len() as f64;
    let q = f64::from(u8::from(options.correlation != Correlation::Independence));
    let factor = (k - p as f64 - q - 1.0) / k;
    if factor <= 0.0 {
        return impossible("jackknife", "there are no more clusters than parameters");
    }
    let informations: Vec<(Matrix, Vec<f64>)> =
        parts.iter().map(|part| problem.information(part, state.alpha)).collect();
    let mut a = Matrix::zeros(p);
    for (h, _) in &informations {
        a.values.iter_mut().zip(&h.values).for_each(|(x, y)| *x += y);
    }
    let (mut approximate, mut iterated) = (vec![0.0; p], vec![0.0; p]);
    for (i, (h, g)) in informations.iter().enumerate() {
        let mut rest = a.clone();
        rest.values.iter_mut().zip(&h.values).for_each(|(x, y)| *x -= y);
        let solver = Cholesky::new(&rest, PIVOT_TOLERANCE);
        if !solver.dropped.is_empty() {
            return impossible(
                "jackknife",
                format!("without cluster {} a coefficient cannot be estimated", i + 1),
            );
        }
        for (sum, d) in approximate.iter_mut().zip(solver.solve(g)) {
            *sum += d * d;
        }
        let without = problem.iterate(Some(state.clone()), Some(i))?;
        for j in 0..p {
            iterated[j] += (without.beta[j] - state.beta[j]).powi(2);
        }
    }
    let finish =
        |v: Vec<f64>| v.iter().zip(&problem.design.scale).map(|(x, s)| (factor * x).sqrt() / s).collect();
    Ok(Jackknife { approximate_se: finish(approximate), iterated_se: finish(iterated) })
}
