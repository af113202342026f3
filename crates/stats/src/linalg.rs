//! Small dense symmetric systems: Cholesky with a tolerance for collinear columns.

/// A square matrix, row by row.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Matrix {
    pub size: usize,
    pub values: Vec<f64>,
}

impl Matrix {
    pub fn zeros(size: usize) -> Self {
        Matrix { size, values: vec![0.0; size * size] }
    }

    pub fn get(&self, i: usize, j: usize) -> f64 {
        self.values[i * self.size + j]
    }

    pub fn set(&mut self, i: usize, j: usize, v: f64) {
        self.values[i * self.size + j] = v;
    }

    pub fn add(&mut self, i: usize, j: usize, v: f64) {
        self.values[i * self.size + j] += v;
    }

    pub fn rows(&self) -> Vec<Vec<f64>> {
        if self.size == 0 {
            return Vec::new();
        }
        self.values.chunks(self.size).map(<[f64]>::to_vec).collect()
    }

    pub fn diagonal(&self) -> Vec<f64> {
        (0..self.size).map(|i| self.get(i, i)).collect()
    }

    /// Rows and columns `keep`, in that order.
    pub fn submatrix(&self, keep: &[usize]) -> Matrix {
        let mut m = Matrix::zeros(keep.len());
        for (a, &i) in keep.iter().enumerate() {
            for (b, &j) in keep.iter().enumerate() {
                m.set(a, b, self.get(i, j));
            }
        }
        m
    }

    pub fn times(&self, x: &[f64]) -> Vec<f64> {
        (0..self.size).map(|i| (0..self.size).map(|j| self.get(i, j) * x[j]).sum()).collect()
    }

    /// x' M x.
    pub fn quadratic(&self, x: &[f64]) -> f64 {
        self.times(x).iter().zip(x).map(|(a, b)| a * b).sum()
    }

    /// A M A for symmetric A of the same size.
    pub fn sandwich(&self, outer: &Matrix) -> Matrix {
        outer.product(self).product(outer)
    }

    pub fn product(&self, other: &Matrix) -> Matrix {
        let n = self.size;
        let mut m = Matrix::zeros(n);
        for i in 0..n {
            for k in 0..n {
                let a = self.get(i, k);
                for j in 0..n {
                    m.add(i, j, a * other.get(k, j));
                }
            }
        }
        m
    }
}

/// L D L' of a symmetric matrix; columns whose pivot falls below `tolerance` times the largest diagonal
/// entry are dropped (the rule of R survival, whose tolerance is epsilon^0.75).
pub struct Cholesky {
    size: usize,
    /// Unit lower triangle below the diagonal, D on it; 0 in dropped columns.
    factor: Matrix,
    pub dropped: Vec<usize>,
}

/// epsilon^0.75, the pivot tolerance of R survival.
pub const PIVOT_TOLERANCE: f64 = 1.818_989_403_545_856_5e-12;

impl Cholesky {
    pub fn new(matrix: &Matrix, tolerance: f64) -> Cholesky {
        let n = matrix.size;
        let mut f = matrix.clone();
        let largest = f.diagonal().into_iter().fold(0.0, f64::max);
        let floor = tolerance * largest;
        let mut dropped = Vec::new();
        for i in 0..n {
            let pivot = f.get(i, i);
            if pivot.is_nan() || pivot <= floor {
                dropped.push(i);
                for j in 0..n {
                    if j >= i {
                        f.set(j, i, 0.0);
                    }
                }
                continue;
            }
            for j in i + 1..n {
                let ratio = f.get(j, i) / pivot;
                f.set(j, i, ratio);
                f.add(j, j, -ratio * ratio * pivot);
                for k in j + 1..n {
                    let v = f.get(k, i);
                    f.add(k, j, -ratio * v);
                }
            }
        }
        Cholesky { size: n, factor: f, dropped }
    }

    pub fn rank(&self) -> usize {
        self.size - self.dropped.len()
    }

    /// Solution of M x = b; dropped entries are 0.
    pub fn solve(&self, b: &[f64]) -> Vec<f64> {
        let n = self.size;
        let mut x = b.to_vec();
        for i in 0..n {
            let mut v = x[i];
            for j in 0..i {
                v -= x[j] * self.factor.get(i, j);
            }
            x[i] = if self.factor.get(i, i) == 0.0 { 0.0 } else { v };
        }
        for i in (0..n).rev() {
            let d = self.factor.get(i, i);
            if d == 0.0 {
                x[i] = 0.0;
                continue;
            }
            let mut v = x[i] / d;
            for j in i + 1..n {
                v -= x[j] * self.factor.get(j, i);
            }
            x[i] = v;
        }
        x
    }

    /// Inverse; rows and columns of dropped entries are 0.
    pub fn inverse(&self) -> Matrix {
        let n = self.size;
        let mut m = Matrix::zeros(n);
        for j in (0..n).filter(|j| !self.dropped.contains(j)) {
            let mut e = vec![0.0; n];
            e[j] = 1.0;
            for (i, v) in self.solve(&e).into_iter().enumerate() {
                m.set(i, j, v);
            }
        }
        // Symmetric to the last bit.
        for i in 0..n {
            for j in 0..i {
                let v = 0.5 * (m.get(i, j) + m.get(j, i));
                m.set(i, j, v);
                m.set(j, i, v);
            }
        }
        m
    }

    pub fn log_determinant(&self) -> f64 {
        (0..self.size).map(|i| self.factor.get(i, i)).filter(|&d| d > 0.0).map(f64::ln).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: &[&[f64]]) -> Matrix {
        Matrix { size: rows.len(), values: rows.concat() }
    }

    #[test]
    fn an_inverse_times_its_matrix_is_one() {
        let m = matrix(&[&[4.0, 2.0, 0.5], &[2.0, 3.0, 1.0], &[0.5, 1.0, 2.0]]);
        let one = Cholesky::new(&m, PIVOT_TOLERANCE).inverse().product(&m);
        for i in 0..3 {
            for j in 0..3 {
                assert!((one.get(i, j) - f64::from(u8::from(i == j))).abs() < 1e-15);
            }
        }
    }

    #[test]
    fn a_column_that_repeats_an_earlier_one_is_dropped() {
        let m = matrix(&[&[4.0, 2.0, 4.0], &[2.0, 3.0, 2.0], &[4.0, 2.0, 4.0]]);
        let c = Cholesky::new(&m, PIVOT_TOLERANCE);
        assert_eq!((c.dropped.clone(), c.rank()), (vec![2], 2));
        assert_eq!(c.solve(&[4.0, 2.0, 4.0]), vec![1.0, 0.0, 0.0]);
    }
}
