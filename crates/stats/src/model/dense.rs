//! Eigenvalues of small symmetric matrices and what is built on them.

use crate::linalg::Matrix;

/// Eigenvalues and eigenvectors (columns) of a symmetric matrix, by Jacobi rotations.
pub(crate) fn eigen(m: &Matrix) -> (Vec<f64>, Matrix) {
    let n = m.size;
    let mut a = m.clone();
    let mut v = Matrix::zeros(n);
    for i in 0..n {
        v.set(i, i, 1.0);
    }
    for _ in 0..100 {
        let off: f64 =
            (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| a.get(i, j).powi(2)).sum();
        let size: f64 = a.values.iter().map(|x| x * x).sum();
        if off <= size * 1e-34 {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                let apq = a.get(p, q);
                if apq == 0.0 {
                    continue;
                }
                let theta = (a.get(q, q) - a.get(p, p)) / (2.0 * apq);
                let t = 1.0_f64.copysign(theta) / (theta.abs() + theta.hypot(1.0));
                let c = 1.0 / t.hypot(1.0);
                let s = t * c;
                for k in 0..n {
                    let (x, y) = (a.get(k, p), a.get(k, q));
                    a.set(k, p, c * x - s * y);
                    a.set(k, q, s * x + c * y);
                }
                for k in 0..n {
                    let (x, y) = (a.get(p, k), a.get(q, k));
                    a.set(p, k, c * x - s * y);
                    a.set(q, k, s * x + c * y);
                    let (x, y) = (v.get(k, p), v.get(k, q));
                    v.set(k, p, c * x - s * y);
                    v.set(k, q, s * x + c * y);
                }
            }
        }
    }
    (a.diagonal(), v)
}

/// f(M) of a symmetric matrix.
pub(crate) fn function(m: &Matrix, f: impl Fn(f64) -> f64) -> Matrix {
    let (values, vectors) = eigen(m);
    let n = m.size;
    let mut out = Matrix::zeros(n);
    for (k, l) in values.into_iter().enumerate() {
        let l = f(l);
        for i in 0..n {
            for j in 0..n {
                out.add(i, j, l * vectors.get(i, k) * vectors.get(j, k));
            }
        }
    }
    out
}

/// M = L L', lower triangle; `None` when M is not positive definite.
pub(crate) fn lower_factor(m: &Matrix) -> Option<Matrix> {
    let n = m.size;
    let mut l = Matrix::zeros(n);
    for i in 0..n {
        for j in 0..=i {
            let s: f64 = m.get(i, j) - (0..j).map(|k| l.get(i, k) * l.get(j, k)).sum::<f64>();
            if i == j {
                // NaN is refused with the rest
                if !(s > 0.0 && s.is_finite()) {
                    return None;
                }
                l.set(i, i, s.sqrt());
            } else {
                l.set(i, j, s / l.get(j, j));
            }
        }
    }
    Some(l)
}

/// L^-1 b.
pub(crate) fn forward(l: &Matrix, b: &[f64]) -> Vec<f64> {
    let mut x = b.to_vec();
    for i in 0..l.size {
        let s: f64 = (0..i).map(|k| l.get(i, k) * x[k]).sum();
        x[i] = (x[i] - s) / l.get(i, i);
    }
    x
}

/// (R'R)^-1 of an upper triangle.
pub(crate) fn inverse_of_upper(r: &Matrix) -> Matrix {
    let n = r.size;
    // R^-1, column by column
    let mut u = Matrix::zeros(n);
    for j in 0..n {
        u.set(j, j, 1.0 / r.get(j, j));
        for i in (0..j).rev() {
            let s: f64 = (i + 1..=j).map(|k| r.get(i, k) * u.get(k, j)).sum();
            u.set(i, j, -s / r.get(i, i));
        }
    }
    let mut out = Matrix::zeros(n);
    for i in 0..n {
        for j in 0..n {
            out.set(i, j, (i.max(j)..n).map(|k| u.get(i, k) * u.get(j, k)).sum());
        }
    }
    out
}

/// L'^-1 b.
pub(crate) fn backward(l: &Matrix, b: &[f64]) -> Vec<f64> {
    let mut x = b.to_vec();
    for i in (0..l.size).rev() {
        let s: f64 = (i + 1..l.size).map(|k| l.get(k, i) * x[k]).sum();
        x[i] = (x[i] - s) / l.get(i, i);
    }
    x
}

/// Inverse of M = L L'.
pub(crate) fn inverse_of(l: &Matrix) -> Matrix {
    let n = l.size;
    let mut out = Matrix::zeros(n);
    for j in 0..n {
        let mut e = vec![0.0; n];
        e[j] = 1.0;
        for (i, v) in backward(l, &forward(l, &e)).into_iter().enumerate() {
            out.set(i, j, v);
        }
    }
    for i in 0..n {
        for j in 0..i {
            let v = 0.5 * (out.get(i, j) + out.get(j, i));
            out.set(i, j, v);
            out.set(j, i, v);
        }
    }
    out
}
