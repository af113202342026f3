//! What small-sample inference needs of the covariance parameters: score, information, and how the covariance of the
//! coefficients moves with them.
//!
//! With V the covariance of all rows, D_i and D_ij its derivatives and Phi = (X'V^-1 X)^-1: P_i = -X'V^-1 D_i V^-1 X,
//! Q_ij = X'V^-1 D_i V^-1 D_j V^-1 X, R_ij = X'V^-1 D_ij V^-1 X (Kenward and Roger 1997).
use super::likelihood::{Problem, Value};
use crate::linalg::Matrix;
use crate::model::dense::{inverse_of, lower_factor};

pub(super) struct Pieces {
    first: Vec<Matrix>,
    second: Vec<Vec<Matrix>>,
    curved: Vec<Vec<Option<Matrix>>>,
    /// Derivative of -2 log-likelihood.
    pub score: Vec<f64>,
    /// Minus the second derivatives of the log-likelihood.
    pub observed: Matrix,
    /// Their expectation.
    pub expected: Matrix,
}

/// Adds x' A x.
fn add_between(sum: &mut Matrix, x: &[Vec<f64>], a: &Matrix) {
    for (k, right) in x.iter().enumerate() {
        let product = a.times(right);
        for (j, left) in x.iter().enumerate() {
            sum.add(j, k, dot(left, &product));
        }
    }
}

fn trace(a: &Matrix, b: &Matrix) -> f64 {
    (0..a.size).map(|i| (0..a.size).map(|j| a.get(i, j) * b.get(j, i)).sum::<f64>()).sum()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// `None` when the covariance at `phi` is not positive definite.
pub(super) fn pieces(problem: &Problem, phi: &[f64], at: &Value) -> Option<Pieces> {
    let (p, r) = (at.inverse.size, problem.structure.count);
    let sigma = problem.structure.matrix(phi);
    let d: Vec<Matrix> = (0..r).map(|k| problem.structure.first(phi, k)).collect();
    let dd: Vec<Vec<Option<Matrix>>> =
        (0..r).map(|k| (0..r).map(|l| problem.structure.second(phi, k, l)).collect()).collect();
    let fitted = problem.design.times(&at.beta);
    let residual: Vec<f64> = problem.y.iter().zip(&fitted).map(|(y, f)| y - f).collect();
    let zero = || Matrix::zeros(p);
    let mut first: Vec<Matrix> = (0..r).map(|_| zero()).collect();
    let mut second: Vec<Vec<Matrix>> = (0..r).map(|_| (0..r).map(|_| zero()).collect()).collect();
    let mut curved: Vec<Vec<Option<Matrix>>> = vec![vec![None; r]; r];
    // sums over participants: tr(V^-1 D_i), tr(V^-1 D_i V^-1 D_j), tr(V^-1 D_ij), X'V^-1 D_i z, and the forms of z = V^-1 r
    let (mut single, mut form) = (vec![0.0; r], vec![0.0; r]);
    let (mut double, mut bent, mut form2, mut form_bent) =
        (Matrix::zeros(r), Matrix::zeros(r), Matrix::zeros(r), Matrix::zeros(r));
    let mut cross = vec![vec![0.0; p]; r];
    let mut by_pattern: std::collections::BTreeMap<&[usize], Vec<&[usize]>> =
        std::collections::BTreeMap::new();
    for (visits, rows) in &problem.blocks {
        by_pattern.entry(visits).or_default().push(rows);
    }
    for (visits, members) in by_pattern {
        let inverse = inverse_of(&lower_factor(&sigma.submatrix(visits))?);
        let count = members.len() as f64;
        let own: Vec<Matrix> = d.iter().map(|d| d.submatrix(visits)).collect();
        let t: Vec<Matrix> = own.iter().map(|d| inverse.product(d)).collect();
        let x: Vec<Vec<Vec<f64>>> = members
            .iter()
            .map(|rows| problem.design.columns.iter().map(|c| rows.iter().map(|&i| c[i]).collect()).collect())
            .collect();
        let z: Vec<Vec<f64>> = members
            .iter()
            .map(|rows| inverse.times(&rows.iter().map(|&i| residual[i]).collect::<Vec<_>>()))
            .collect();
        for i in 0..r {
            // A pair of visits that is not among these has nothing to say.
            if t[i].values.iter().all(|&v| v == 0.0) {
                continue;
            }
            let mut once = t[i].product(&inverse);
            once.values.iter_mut().for_each(|v| *v = -*v);
            single[i] += count * t[i].diagonal().iter().sum::<f64>();
            for (x, z) in x.iter().zip(&z) {
                add_between(&mut first[i], x, &once);
                let dz = own[i].times(z);
                form[i] += dot(z, &dz);
                let vdz = inverse.times(&dz);
                for (c, x) in cross[i].iter_mut().zip(x) {
                    *c += dot(x, &vdz);
                }
                for (j, other) in own.iter().enumerate() {
                    form2.add(i, j, dot(&vdz, &other.times(z)));
                }
            }
            for j in 0..r {
                let twice = t[i].product(&t[j]).product(&inverse);
                x.iter().for_each(|x| add_between(&mut second[i][j], x, &twice));
                double.add(i, j, count * trace(&t[i], &t[j]));
            }
            for j in 0..r {
                let Some(dd) = &dd[i][j] else { continue };
                let dd = dd.submatrix(visits);
                bent.add(i, j, count * trace(&inverse, &dd));
                let inner = inverse.product(&dd).product(&inverse);
                let sum = curved[i][j].get_or_insert_with(zero);
                for (x, z) in x.iter().zip(&z) {
                    add_between(sum, x, &inner);
                    form_bent.add(i, j, dot(z, &dd.times(z)));
                }
            }
        }
    }
    let phi_first: Vec<Matrix> = first.iter().map(|m| at.inverse.product(m)).collect();
    let restricted = problem.options.restricted;
    let (mut observed, mut expected) = (Matrix::zeros(r), Matrix::zeros(r));
    for i in 0..r {
        let phi_cross = at.inverse.times(&cross[i]);
        for j in 0..r {
            let (mut two, mut one) = (double.get(i, j), bent.get(i, j));
            if restricted {
                two += trace(&phi_first[i], &phi_first[j]) - 2.0 * trace(&at.inverse, &second[i][j]);
                one -= curved[i][j].as_ref().map_or(0.0, |m| trace(&at.inverse, m));
            }
            expected.set(i, j, 0.5 * two);
            let forms = form2.get(i, j) - dot(&phi_cross, &cross[j]) - 0.5 * form_bent.get(i, j);
            observed.set(i, j, 0.5 * (one - two) + forms);
        }
    }
    let score = (0..r)
        .map(|i| {
            let of_means: f64 = if restricted { phi_first[i].diagonal().iter().sum() } else { 0.0 };
            single[i] + of_means - form[i]
        })
        .collect();
    Some(Pieces { first, second, curved, score, observed, expected })
}

impl Pieces {
    /// 2 v^2 / Var(v) of each coefficient's variance v (Satterthwaite), with `w` the covariance of the parameters.
    pub fn freedom(&self, inverse: &Matrix, w: &Matrix) -> Vec<f64> {
        let p = inverse.size;
        (0..p)
            .map(|k| {
                let a: Vec<f64> = (0..p).map(|i| inverse.get(i, k)).collect();
                let slope: Vec<f64> = self.first.iter().map(|m| -m.quadratic(&a)).collect();
                let spread = w.quadratic(&slope);
                if spread > 0.0 { 2.0 * inverse.get(k, k).powi(2) / spread } else { f64::INFINITY }
            })
            .collect()
    }

    /// Phi + 2 Phi {sum W_ij (Q_ij - P_i Phi P_j - R_ij / 4)} Phi, the last term when `second_order`.
    pub fn adjusted(&self, inverse: &Matrix, w: &Matrix, second_order: bool) -> Matrix {
        let (p, r) = (inverse.size, self.first.len());
        let phi_first: Vec<Matrix> = self.first.iter().map(|m| inverse.product(m)).collect();
        let mut middle = Matrix::zeros(p);
        for i in 0..r {
            for j in 0..r {
                let less = self.first[i].product(&phi_first[j]);
                let mut add = |m: &Matrix, factor: f64| {
                    middle.values.iter_mut().zip(&m.values).for_each(|(s, v)| *s += factor * v);
                };
                add(&self.second[i][j], w.get(i, j));
                add(&less, -w.get(i, j));
                if let (true, Some(curved)) = (second_order, &self.curved[i][j]) {
                    add(curved, -0.25 * w.get(i, j));
                }
            }
        }
        let correction = middle.sandwich(inverse);
        let mut covariance = inverse.clone();
        for i in 0..p {
            for j in 0..p {
                covariance.add(i, j, correction.get(i, j) + correction.get(j, i));
            }
        }
        covariance
    }
}
