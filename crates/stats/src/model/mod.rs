//! Models: t-tests, linear and logistic regression, analysis of covariance, repeated measures, imputation.

pub(crate) mod dense;
pub(crate) mod design;
mod family;
mod least_squares;
mod linear;
mod logistic;
mod t_test;
#[cfg(test)]
mod tests;

pub use family::{Family, Link};
pub use linear::{Ancova, Coefficient, LinearFit, ancova, linear};
pub use logistic::{LogisticFit, LogisticOptions, logistic};
pub(crate) use t_test::moments;
pub use t_test::{TTest, TTestOptions, Variances, t_test_one_sample, t_test_two_sample};
