//! Distributions and links of generalised linear models.

use crate::special::{norm_cdf, norm_pdf, norm_quantile};
use crate::{Result, StatsError};

/// Variance as a function of the mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Family {
    /// mu (1 - mu); outcomes 0 or 1; the default.
    #[default]
    Binomial,
    /// mu; outcomes are counts.
    Poisson,
    /// 1.
    Gaussian,
}

/// Scale on which the model is linear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Link {
    /// ln(mu/(1 - mu)); the default.
    #[default]
    Logit,
    /// Normal quantile.
    Probit,
    /// ln(-ln(1 - mu)).
    CLogLog,
    /// ln(mu).
    Log,
    /// mu itself.
    Identity,
}

impl Family {
    /// The name that is printed.
    pub fn name(self) -> &'static str {
        match self {
            Family::Binomial => "binomial",
            Family::Poisson => "poisson",
            Family::Gaussian => "gaussian",
        }
    }

    pub(crate) fn variance(self, mu: f64) -> f64 {
        match self {
            Family::Binomial => mu * (1.0 - mu),
            Family::Poisson => mu,
            Family::Gaussian => 1.0,
        }
    }

    /// Means that the distribution can have.
    pub(crate) fn possible(self, mu: f64) -> bool {
        match self {
            Family::Binomial => mu > 0.0 && mu < 1.0,
            Family::Poisson => mu > 0.0 && mu.is_finite(),
            Family::Gaussian => mu.is_finite(),
        }
    }

    /// A mean to start from, pulled inside the permitted range.
    pub(crate) fn start(self, y: f64) -> f64 {
        match self {
            Family::Binomial => (y + 0.5) / 2.0,
            Family::Poisson => y + 0.1,
            Family::Gaussian => y,
        }
    }

    /// Refuses outcomes outside the range of the distribution.
    pub(crate) fn check(self, y: &[f64]) -> Result<()> {
        let (ok, range): (fn(f64) -> bool, &'static str) = match self {
            Family::Binomial => (|v| v == 0.0 || v == 1.0, "0 or 1"),
            Family::Poisson => (|v| v >= 0.0, "0 and above"),
            Family::Gaussian => (|_| true, "any number"),
        };
        match y.iter().position(|v| !ok(*v)) {
            Some(row) => Err(StatsError::OutOfRange { what: "outcome", row: row + 1, value: y[row], range }),
            None => Ok(()),
        }
    }
}

impl Link {
    /// The name that is printed and that options use.
    pub fn name(self) -> &'static str {
        match self {
            Link::Logit => "logit",
            Link::Probit => "probit",
            Link::CLogLog => "cloglog",
            Link::Log => "log",
            Link::Identity => "identity",
        }
    }

    /// The link of that name.
    pub fn from_name(name: &str) -> Option<Link> {
        [Link::Logit, Link::Probit, Link::CLogLog, Link::Log, Link::Identity]
            .into_iter()
            .find(|l| l.name() == name)
    }

    pub(crate) fn eta(self, mu: f64) -> f64 {
        match self {
            Link::Logit => (mu / (1.0 - mu)).ln(),
            Link::Probit => norm_quantile(mu),
            Link::CLogLog => (-(-mu).ln_1p()).ln(),
            Link::Log => mu.ln(),
            Link::Identity => mu,
        }
    }

    /// Mean and its derivative by the linear predictor.
    pub(crate) fn mean(self, eta: f64) -> (f64, f64) {
        match self {
            Link::Logit => {
                let e = (-eta.abs()).exp();
                let small = e / (1.0 + e);
                let mu = if eta < 0.0 { small } else { 1.0 / (1.0 + e) };
                (mu, small / (1.0 + e))
            }
            Link::Probit => (norm_cdf(eta), norm_pdf(eta)),
            Link::CLogLog => {
                let h = eta.exp();
                (-(-h).exp_m1(), h * (-h).exp())
            }
            Link::Log => (eta.exp(), eta.exp()),
            Link::Identity => (eta, 1.0),
        }
    }
}
