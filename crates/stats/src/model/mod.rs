//! Models: t-tests, linear and logistic regression, analysis of covariance, repeated measures, imputation.

mod t_test;

pub use t_test::{TTest, TTestOptions, Variances, t_test_one_sample, t_test_two_sample};
