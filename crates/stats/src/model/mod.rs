//! Models: t-tests, linear and logistic regression, analysis of covariance, repeated measures, imputation.

pub(crate) mod dense;
pub(crate) mod design;
mod family;
mod t_test;

pub use family::{Family, Link};
pub(crate) use t_test::moments;
pub use t_test::{TTest, TTestOptions, Variances, t_test_one_sample, t_test_two_sample};
