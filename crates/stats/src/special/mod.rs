//! Special functions and distributions: upper tails and logarithms computed directly, never as 1 - cdf.
//!
//! Arguments outside a function's domain give NaN; every statistical function of this crate checks its input
//! before it comes here.

mod beta;
mod distributions;
#[expect(clippy::excessive_precision, reason = "constants as their sources print them")]
mod gamma;
#[expect(clippy::excessive_precision, reason = "constants as their sources print them")]
mod normal;
mod root;
mod tails;
#[cfg(test)]
mod tests;

pub use beta::{
    BetaQuantile, beta_isf, beta_quantile, beta_quantile_tails, beta_tails, beta_tails_xy, ln_beta,
};
pub use distributions::{
    binomial_cdf, binomial_log_pmf, binomial_pmf, binomial_sf, binomial_upper, chi2_cdf, chi2_isf,
    chi2_log_sf, chi2_quantile, chi2_sf, chi2_tails, f_isf, f_quantile, f_sf, f_tails, gamma_quantile_tails,
    poisson_cdf, poisson_upper, t_isf, t_quantile, t_sf, t_tails, t_two_sided,
};
pub use gamma::{gamma_tails, ln_factorial, ln_gamma};
pub use normal::{
    erfc, norm_cdf, norm_isf, norm_isf_ln, norm_log_cdf, norm_log_sf, norm_pdf, norm_quantile, norm_sf,
};
pub use root::{RootError, bisect_root, root};
pub use tails::Tails;
