//! The columns of a regression: intercept, scaling, and columns that depend on earlier ones.

use crate::{Result, StatsError, Warning};

/// Columns relative to which a residual norm counts as dependence (the tolerance of R's lm).
const DEPENDENCE: f64 = 1e-7;

/// Checked columns, each divided by its root mean square so that sizes of covariates do not matter.
#[derive(Debug, Clone)]
pub(crate) struct Design {
    pub n: usize,
    /// Independent columns, scaled; the intercept is the first one when there is one.
    pub columns: Vec<Vec<f64>>,
    /// What each kept column was divided by.
    pub scale: Vec<f64>,
    /// Place of each kept column among all columns (the intercept counts as one).
    pub kept: Vec<usize>,
    /// Number of columns asked for, the intercept included.
    pub total: usize,
    /// Places that depend on earlier ones.
    pub dropped: Vec<usize>,
}

impl Design {
    /// Refused: no rows, a column of another length, a value that is not finite, no independent column.
    pub fn new(n: usize, columns: &[&[f64]], intercept: bool) -> Result<Design> {
        if n == 0 {
            return Err(StatsError::NoRows);
        }
        let mut all: Vec<Vec<f64>> = Vec::with_capacity(columns.len() + 1);
        if intercept {
            all.push(vec![1.0; n]);
        }
        for c in columns {
            if c.len() != n {
                return Err(StatsError::Length { what: "covariate", expected: n, got: c.len() });
            }
            if let Some(row) = c.iter().position(|v| !v.is_finite()) {
                return Err(StatsError::NotFinite { what: "covariate", row: row + 1, value: c[row] });
            }
            all.push(c.to_vec());
        }
        let total = all.len();
        let mut design = Design {
            n,
            columns: Vec::new(),
            scale: Vec::new(),
            kept: Vec::new(),
            total,
            dropped: Vec::new(),
        };
        let mut basis: Vec<Vec<f64>> = Vec::new();
        for (place, mut column) in all.into_iter().enumerate() {
            let largest = column.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
            if largest == 0.0 {
                design.dropped.push(place);
                continue;
            }
            // dividing by the largest first keeps squares of huge covariates finite
            let rms = largest * (column.iter().map(|v| (v / largest).powi(2)).sum::<f64>() / n as f64).sqrt();
            column.iter_mut().for_each(|v| *v /= rms);
            let mut rest = column.clone();
            // twice is enough (Kahan, Parlett)
            for _ in 0..2 {
                for b in &basis {
                    let dot: f64 = rest.iter().zip(b).map(|(x, y)| x * y).sum::<f64>() / n as f64;
                    rest.iter_mut().zip(b).for_each(|(x, y)| *x -= dot * y);
                }
            }
            let norm = (rest.iter().map(|v| v * v).sum::<f64>() / n as f64).sqrt();
            if norm < DEPENDENCE || basis.len() == n {
                design.dropped.push(place);
                continue;
            }
            rest.iter_mut().for_each(|v| *v /= norm);
            basis.push(rest);
            design.columns.push(column);
            design.scale.push(rms);
            design.kept.push(place);
        }
        if design.columns.is_empty() {
            return Err(StatsError::NoVariance {
                what: "every covariate",
                why: "there is no column to estimate",
            });
        }
        Ok(design)
    }

    pub fn p(&self) -> usize {
        self.columns.len()
    }

    pub fn row(&self, i: usize) -> Vec<f64> {
        self.columns.iter().map(|c| c[i]).collect()
    }

    /// X b for scaled coefficients.
    pub fn times(&self, b: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.n];
        for (c, b) in self.columns.iter().zip(b) {
            out.iter_mut().zip(c).for_each(|(o, x)| *o += b * x);
        }
        out
    }

    /// Coefficients on the scale of the covariates; dropped ones are `None`.
    pub fn unscaled(&self, b: &[f64]) -> Vec<Option<f64>> {
        let mut out = vec![None; self.total];
        for ((place, b), s) in self.kept.iter().zip(b).zip(&self.scale) {
            out[*place] = Some(b / s);
        }
        out
    }

    /// Covariance of the kept coefficients on the scale of the covariates, row by row.
    pub fn unscaled_covariance(&self, v: &crate::linalg::Matrix) -> Vec<Vec<f64>> {
        (0..self.p())
            .map(|i| (0..self.p()).map(|j| v.get(i, j) / self.scale[i] / self.scale[j]).collect())
            .collect()
    }

    /// Standard error of the k-th kept coefficient: its root is taken before the unit, so that a covariate of enormous or tiny
    /// unit has one where its variance is beyond the range of numbers.
    pub fn unscaled_error(&self, v: &crate::linalg::Matrix, k: usize) -> f64 {
        v.get(k, k).sqrt() / self.scale[k]
    }

    /// The warning that belongs to dropped columns.
    pub fn warnings(&self) -> Vec<Warning> {
        if self.dropped.is_empty() {
            Vec::new()
        } else {
            vec![Warning::CollinearColumns { columns: self.dropped.clone() }]
        }
    }
}

/// Refuses an outcome of another length or one that is not finite.
pub(crate) fn check_outcome(y: &[f64]) -> Result<()> {
    if y.is_empty() {
        return Err(StatsError::NoRows);
    }
    crate::rank::check_values("outcome", y)
}
