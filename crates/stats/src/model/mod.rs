//! Models: t-tests, linear and logistic regression, analysis of covariance, repeated measures, imputation.

pub(crate) mod dense;
pub(crate) mod design;
mod family;
mod imputation;
mod least_squares;
mod linear;
mod logistic;
mod mixed;
mod t_test;
#[cfg(test)]
mod tests;

pub use family::{Family, Link};
pub use imputation::{ImputationOptions, Pooled, impute, pool};
pub use linear::{Ancova, Coefficient, LinearFit, ancova, linear};
pub use logistic::{LogisticFit, LogisticOptions, logistic};
pub use mixed::{
    Covariance, Information, MixedDf, MixedFit, MixedOptions, repeated_measures, repeated_measures_at,
};
pub(crate) use t_test::moments;
pub use t_test::{TTest, TTestOptions, Variances, t_test_one_sample, t_test_two_sample};
