//! Least squares by orthogonal columns.

use super::dense::inverse_of_upper;
use super::design::Design;
use crate::linalg::Matrix;

/// Coefficients of scaled columns, (X'X)^-1 and the residuals.
pub(crate) struct Solved {
    pub beta: Vec<f64>,
    pub inverse: Matrix,
    pub residuals: Vec<f64>,
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Gram-Schmidt with every column orthogonalised twice, and one step of refinement of the coefficients.
pub(crate) fn solve(design: &Design, y: &[f64]) -> Solved {
    let p = design.p();
    let mut r = Matrix::zeros(p);
    let mut q: Vec<Vec<f64>> = Vec::with_capacity(p);
    for (j, column) in design.columns.iter().enumerate() {
        let mut v = column.clone();
        for _ in 0..2 {
            for (i, basis) in q.iter().enumerate() {
                let d = dot(&v, basis);
                r.add(i, j, d);
                v.iter_mut().zip(basis).for_each(|(x, b)| *x -= d * b);
            }
        }
        let norm = dot(&v, &v).sqrt();
        r.set(j, j, norm);
        v.iter_mut().for_each(|x| *x /= norm);
        q.push(v);
    }
    let back = |target: &[f64]| {
        let mut x: Vec<f64> = q.iter().map(|b| dot(b, target)).collect();
        for i in (0..p).rev() {
            let s: f64 = (i + 1..p).map(|k| r.get(i, k) * x[k]).sum();
            x[i] = (x[i] - s) / r.get(i, i);
        }
        x
    };
    let residual = |beta: &[f64]| -> Vec<f64> {
        let fitted = design.times(beta);
        y.iter().zip(fitted).map(|(a, b)| a - b).collect()
    };
    let mut beta = back(y);
    for (b, d) in beta.iter_mut().zip(back(&residual(&back(y)))) {
        *b += d;
    }
    Solved { residuals: residual(&beta), beta, inverse: inverse_of_upper(&r) }
}
