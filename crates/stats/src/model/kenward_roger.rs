//! Standard errors and degrees of freedom of Kenward and Roger (1997) for a covariance that is linear in its parameters.
//!
//! With P_i = -X'V^-1 D_i V^-1 X and Q_ij = X'V^-1 D_i V^-1 D_j V^-1 X, where D_i is the derivative of V, the covariance of
//! the coefficients is Phi + 2 Phi {sum W_ij (Q_ij - P_i Phi P_j)} Phi and W the inverse of the expected information of the
//! restricted likelihood (their equations 3 to 5). For a single coefficient the scale factor is 1 and the degrees of freedom
//! are 2 v^2 / (g'Wg), with g the derivatives of its variance v.
use super::dense::{inverse_of, lower_factor};
use super::mixed::Covariance;
use crate::linalg::Matrix;

pub(super) struct Adjusted {
    /// Covariance of the coefficients.
    pub covariance: Matrix,
    /// Degrees of freedom of each.
    pub df: Vec<f64>,
}

/// Derivatives of the covariance of all visits; `None` when it is not linear in its parameters.
fn derivatives(covariance: Covariance, visits: usize) -> Option<Vec<Matrix>> {
    let one = |cells: &[(usize, usize)]| {
        let mut m = Matrix::zeros(visits);
        cells.iter().for_each(|&(i, j)| m.set(i, j, 1.0));
        m
    };
    match covariance {
        Covariance::Unstructured => Some(
            (0..visits)
                .flat_map(|i| (0..=i).map(move |j| (i, j)))
                .map(|(i, j)| one(&[(i, j), (j, i)]))
                .collect(),
        ),
        Covariance::CompoundSymmetry => {
            let all: Vec<_> = (0..visits).flat_map(|i| (0..visits).map(move |j| (i, j))).collect();
            let own: Vec<_> = (0..visits).map(|i| (i, i)).collect();
            Some(vec![one(&own), one(&all)])
        }
        Covariance::Ar1 => None,
    }
}

/// Adds x' A x.
fn add_between(sum: &mut Matrix, x: &[Vec<f64>], a: &Matrix) {
    for (k, right) in x.iter().enumerate() {
        let product = a.times(right);
        for (j, left) in x.iter().enumerate() {
            sum.add(j, k, left.iter().zip(&product).map(|(l, r)| l * r).sum());
        }
    }
}

fn trace(a: &Matrix, b: &Matrix) -> f64 {
    (0..a.size).map(|i| (0..a.size).map(|j| a.get(i, j) * b.get(j, i)).sum::<f64>()).sum()
}

/// `columns` of the design; `blocks`: visits and rows of each participant; `sigma`: covariance of all visits; `phi`:
/// (X'V^-1 X)^-1. `None` when the covariance is not linear in its parameters or they are not determined.
pub(super) fn adjust(
    columns: &[Vec<f64>],
    blocks: &[(Vec<usize>, Vec<usize>)],
    structure: Covariance,
    sigma: &Matrix,
    phi: &Matrix,
) -> Option<Adjusted> {
    let p = phi.size;
    let d = derivatives(structure, sigma.size)?;
    let r = d.len();
    let mut first = vec![Matrix::zeros(p); r];
    let mut second = vec![vec![Matrix::zeros(p); r]; r];
    let mut information = Matrix::zeros(r);
    let mut by_pattern: std::collections::BTreeMap<&[usize], Vec<&[usize]>> =
        std::collections::BTreeMap::new();
    for (visits, rows) in blocks {
        by_pattern.entry(visits).or_default().push(rows);
    }
    for (visits, members) in by_pattern {
        let inverse = inverse_of(&lower_factor(&sigma.submatrix(visits))?);
        let t: Vec<Matrix> = d.iter().map(|d| inverse.product(&d.submatrix(visits))).collect();
        let x: Vec<Vec<Vec<f64>>> = members
            .iter()
            .map(|rows| columns.iter().map(|c| rows.iter().map(|&i| c[i]).collect()).collect())
            .collect();
        for i in 0..r {
            // A pair of visits that is not among these has nothing to say.
            if t[i].values.iter().all(|&v| v == 0.0) {
                continue;
            }
            let mut once = t[i].product(&inverse);
            once.values.iter_mut().for_each(|v| *v = -*v);
            x.iter().for_each(|x| add_between(&mut first[i], x, &once));
            for j in 0..r {
                let twice = t[i].product(&t[j]).product(&inverse);
                x.iter().for_each(|x| add_between(&mut second[i][j], x, &twice));
                information.add(i, j, 0.5 * members.len() as f64 * trace(&t[i], &t[j]));
            }
        }
    }
    let phi_first: Vec<Matrix> = first.iter().map(|m| phi.product(m)).collect();
    for i in 0..r {
        for j in 0..r {
            information.add(i, j, -trace(phi, &second[i][j]) + 0.5 * trace(&phi_first[i], &phi_first[j]));
        }
    }
    let w = inverse_of(&lower_factor(&information)?);
    let mut middle = Matrix::zeros(p);
    for i in 0..r {
        for j in 0..r {
            let less = first[i].product(&phi_first[j]);
            let cells = second[i][j].values.iter().zip(&less.values);
            middle.values.iter_mut().zip(cells).for_each(|(m, (q, l))| *m += w.get(i, j) * (q - l));
        }
    }
    let correction = middle.sandwich(phi);
    let mut covariance = phi.clone();
    for i in 0..p {
        for j in 0..p {
            covariance.add(i, j, correction.get(i, j) + correction.get(j, i));
        }
    }
    let df = (0..p)
        .map(|k| {
            let a: Vec<f64> = (0..p).map(|i| phi.get(i, k)).collect();
            let slope: Vec<f64> = first.iter().map(|m| -m.quadratic(&a)).collect();
            let spread = w.quadratic(&slope);
            if spread > 0.0 { 2.0 * phi.get(k, k).powi(2) / spread } else { f64::INFINITY }
        })
        .collect();
    Some(Adjusted { covariance, df })
}
