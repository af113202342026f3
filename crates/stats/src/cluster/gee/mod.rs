//! Generalised estimating equations (Liang and Zeger 1986) with small-sample variances.

mod fit;
#[cfg(test)]
mod tests;
mod variance;

pub use fit::gee;
pub use variance::{Jackknife, gee_jackknife};

use crate::linalg::Matrix;
use crate::model::{Family, Link};
use crate::special::chi2_sf;
use crate::{Conventions, Warning};

/// Working correlation within a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Correlation {
    /// Uncorrelated.
    Independence,
    /// One correlation for all pairs; the default.
    #[default]
    Exchangeable,
    /// alpha^|j - k| for the j-th and k-th row of a cluster.
    Ar1,
}

impl Correlation {
    /// The name that is printed and that options use.
    pub fn name(self) -> &'static str {
        match self {
            Correlation::Independence => "independence",
            Correlation::Exchangeable => "exchangeable",
            Correlation::Ar1 => "ar1",
        }
    }

    /// The correlation of that name.
    pub fn from_name(name: &str) -> Option<Correlation> {
        [Correlation::Independence, Correlation::Exchangeable, Correlation::Ar1]
            .into_iter()
            .find(|c| c.name() == name)
    }
}

/// Denominators of the scale and the correlation, in which packages differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Denominators {
    /// Scale over N - p, exchangeable alpha over pairs - p (the R package gee, statsmodels), ar1 from neighbours over
    /// their number - p; the default.
    #[default]
    Corrected,
    /// Scale over N, alpha over pairs, ar1 by least squares over all pairs (the R package geepack).
    Uncorrected,
    /// As `Corrected`, but ar1 as in the R package gee: the sum over clusters of the mean product of neighbours,
    /// over the sum of the mean squares. Every cluster needs two rows.
    ByCluster,
}

impl Denominators {
    /// The name that is printed.
    pub fn name(self) -> &'static str {
        match self {
            Denominators::Corrected => "denominators: scale N - p, alpha pairs - p (gee, statsmodels)",
            Denominators::Uncorrected => "denominators: scale N, alpha pairs (geepack)",
            Denominators::ByCluster => {
                "denominators: scale N - p, alpha pairs - p, ar1 by cluster means (gee)"
            }
        }
    }
}

/// Rows of an estimating equation; rows of a cluster keep their order.
#[derive(Debug, Clone, Copy)]
pub struct GeeData<'a> {
    /// Outcome.
    pub y: &'a [f64],
    /// Covariates, without the intercept.
    pub columns: &'a [&'a [f64]],
    /// Cluster of each row.
    pub cluster: &'a [usize],
    /// Known part of the linear predictor.
    pub offset: Option<&'a [f64]>,
}

/// Options of an estimating equation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GeeOptions {
    /// Variance function.
    pub family: Family,
    /// Link.
    pub link: Link,
    /// Working correlation.
    pub correlation: Correlation,
    /// Denominators of scale and correlation.
    pub denominators: Denominators,
    /// Whether the first coefficient is an intercept; default true.
    pub intercept: bool,
    /// Largest relative step at which the iteration stops; default 1e-12.
    pub tolerance: f64,
    /// Default 200.
    pub max_iterations: usize,
    /// Bound of the Fay-Graubard correction; default 0.75.
    pub fay_graubard_bound: f64,
}

impl Default for GeeOptions {
    fn default() -> Self {
        GeeOptions {
            family: Family::Binomial,
            link: Link::Logit,
            correlation: Correlation::Exchangeable,
            denominators: Denominators::Corrected,
            intercept: true,
            tolerance: 1e-12,
            max_iterations: 200,
            fay_graubard_bound: 0.75,
        }
    }
}

/// Which variance of the coefficients is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GeeVariance {
    /// Sandwich of Liang and Zeger; the default.
    #[default]
    Robust,
    /// From the working model.
    Naive,
    /// Mancl and DeRouen (2001): residuals divided by 1 - leverage.
    ManclDeRouen,
    /// Kauermann and Carroll (2001): residuals divided by the square root of 1 - leverage.
    KauermannCarroll,
    /// Fay and Graubard (2001): scores divided by the square root of 1 - bounded leverage.
    FayGraubard,
}

impl GeeVariance {
    /// Every variance.
    pub const ALL: [GeeVariance; 5] = [
        GeeVariance::Robust,
        GeeVariance::Naive,
        GeeVariance::ManclDeRouen,
        GeeVariance::KauermannCarroll,
        GeeVariance::FayGraubard,
    ];

    /// The name that is printed and that options use.
    pub fn name(self) -> &'static str {
        match self {
            GeeVariance::Robust => "robust",
            GeeVariance::Naive => "naive",
            GeeVariance::ManclDeRouen => "mancl-derouen",
            GeeVariance::KauermannCarroll => "kauermann-carroll",
            GeeVariance::FayGraubard => "fay-graubard",
        }
    }
}

/// A fitted estimating equation.
#[derive(Debug, Clone, PartialEq)]
pub struct GeeFit {
    /// Coefficients, intercept first; `None` for a column that depends on earlier ones.
    pub coefficients: Vec<Option<f64>>,
    /// Places of the estimated coefficients, in the order of the covariances.
    pub estimated: Vec<usize>,
    /// Covariance of the estimated coefficients, by kind.
    covariances: Vec<Matrix>,
    /// Standard errors; their roots were taken in the units of the design, where nothing leaves the range of numbers.
    errors: Vec<Vec<f64>>,
    /// Estimated working correlation; 0 for independence.
    pub alpha: f64,
    /// Estimated scale (phi).
    pub scale: f64,
    /// Number of clusters.
    pub clusters: usize,
    /// Number of rows.
    pub n: usize,
    /// Iterations used.
    pub iterations: usize,
    /// What it was computed with.
    pub conventions: Conventions,
    /// What a reader must know beside the numbers.
    pub warnings: Vec<Warning>,
}

impl GeeVariance {
    fn place(self) -> usize {
        GeeVariance::ALL.iter().position(|k| *k == self).unwrap_or(0)
    }
}

impl GeeFit {
    /// Covariance of the estimated coefficients.
    pub fn covariance(&self, kind: GeeVariance) -> &Matrix {
        &self.covariances[kind.place()]
    }

    /// Standard errors of the estimated coefficients.
    pub fn standard_errors(&self, kind: GeeVariance) -> Vec<f64> {
        self.errors[kind.place()].clone()
    }

    /// Wald chi-square (1 degree of freedom) and its p-value for each estimated coefficient.
    pub fn wald(&self, kind: GeeVariance) -> Vec<(f64, f64)> {
        let values = self.estimated.iter().filter_map(|&i| self.coefficients[i]);
        values
            .zip(&self.errors[kind.place()])
            .map(|(b, se)| {
                let x = (b / se).powi(2);
                (x, chi2_sf(x, 1.0))
            })
            .collect()
    }
}
