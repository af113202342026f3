//! A proportion of clustered rows: ratio estimator, design effect, and its confidence limits.

use super::{ClusterCount, counts};
use crate::inference::{Estimate, Level, impossible};
use crate::proportion::wilson;
use crate::special::{beta_isf, beta_quantile, root, t_isf};
use crate::{Result, StatsError, Warning};

/// The ratio estimator of a proportion (Cochran 1977, section 3.12; Rao and Scott 1992).
#[derive(Debug, Clone, PartialEq)]
pub struct ClusteredProportion {
    /// Clusters.
    pub clusters: usize,
    /// Rows.
    pub n: u64,
    /// Yes answers.
    pub x: u64,
    /// x/n.
    pub p: f64,
    /// K/(K-1) sum e^2/n^2, e = x_k - p m_k.
    pub variance: f64,
    /// sum e^2/n^2.
    pub variance_uncorrected: f64,
    /// `variance` over p(1-p)/n; `None` when p is 0 or 1.
    pub design_effect: Option<f64>,
    counts: Vec<ClusterCount>,
}

/// How the limits of a clustered proportion are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClusteredMethod {
    /// Wilson at the effective sample size n/design effect; the default.
    #[default]
    RaoScottWilson,
    /// p +- z se.
    Wald,
    /// p +- t(K-1) se.
    WaldT,
    /// On the logit with t(K-1) (survey, "logit").
    Logit,
    /// [`ClusteredMethod::Logit`] with the digits that survey prints: its fit stops at a relative change of the deviance of
    /// 1e-8, which leaves errors of up to 1e-7 in the limits.
    LogitSurvey,
    /// Clopper-Pearson at the effective sample size of Korn and Graubard (1998) (survey, "beta").
    Beta,
    /// On the arcsine of the square root with t(K-1) (survey, "asin").
    Arcsine,
    /// Likelihood ratio scaled by the design effect with t(K-1) (survey, "likelihood").
    Likelihood,
}

impl ClusteredMethod {
    /// Every method.
    pub const ALL: [ClusteredMethod; 8] = [
        ClusteredMethod::RaoScottWilson,
        ClusteredMethod::Wald,
        ClusteredMethod::WaldT,
        ClusteredMethod::Logit,
        ClusteredMethod::LogitSurvey,
        ClusteredMethod::Beta,
        ClusteredMethod::Arcsine,
        ClusteredMethod::Likelihood,
    ];

    /// The name that is printed and that options use.
    pub fn name(self) -> &'static str {
        match self {
            ClusteredMethod::RaoScottWilson => "rao-scott-wilson",
            ClusteredMethod::Wald => "wald",
            ClusteredMethod::WaldT => "wald-t",
            ClusteredMethod::Logit => "logit",
            ClusteredMethod::LogitSurvey => "logit-survey",
            ClusteredMethod::Beta => "beta",
            ClusteredMethod::Arcsine => "arcsine",
            ClusteredMethod::Likelihood => "likelihood",
        }
    }
}

pub(super) fn ratio(counts: &[ClusterCount]) -> Result<ClusteredProportion> {
    let k = counts.len() as f64;
    if counts.len() < 2 {
        return impossible("clustered proportion", "all rows belong to one cluster");
    }
    let (x, n) = counts.iter().fold((0, 0), |(x, n), c| (x + c.x, n + c.m));
    let (nf, p) = (n as f64, x as f64 / n as f64);
    let squares: f64 = counts.iter().map(|c| (c.x as f64 - p * c.m as f64).powi(2)).sum();
    let uncorrected = squares / nf / nf;
    let variance = k / (k - 1.0) * uncorrected;
    let design_effect = if x == 0 || x == n { None } else { Some(variance / (p * (1.0 - p) / nf)) };
    Ok(ClusteredProportion {
        clusters: counts.len(),
        n,
        x,
        p,
        variance,
        variance_uncorrected: uncorrected,
        design_effect,
        counts: counts.to_vec(),
    })
}

/// Ratio estimate of the proportion of yes answers. Refused: no rows, a single cluster.
pub fn clustered_proportion(y: &[bool], cluster: &[usize]) -> Result<ClusteredProportion> {
    ratio(&counts(y, cluster)?)
}

/// Intercept and its clustered standard error as iteratively reweighted least squares leaves them when it starts from
/// means 3/4 and 1/4 and stops at a relative change of the deviance of 1e-8.
fn stopped_logit(counts: &[ClusterCount], p: f64) -> (f64, f64) {
    let n: f64 = counts.iter().map(|c| c.m as f64).sum();
    let deviance = |q: f64| -2.0 * n * (p * q.ln() + (1.0 - p) * (-q).ln_1p());
    let expit = |u: f64| 1.0 / (1.0 + (-u).exp());
    // working responses of the first step: +-(ln 3 + (1/4)/(3/16))
    let mut b = (2.0 * p - 1.0) * (3.0_f64.ln() + 4.0 / 3.0);
    let mut before = -2.0 * n * 0.75_f64.ln();
    for _ in 0..25 {
        let q = expit(b);
        let now = deviance(q);
        if (now - before).abs() / (now.abs() + 0.1) < 1e-8 {
            break;
        }
        before = now;
        b += (p - q) / (q * (1.0 - q));
    }
    let q = expit(b);
    let u: Vec<f64> = counts.iter().map(|c| (c.x as f64 - q * c.m as f64) / (q * (1.0 - q) * n)).collect();
    let k = u.len() as f64;
    let mean = u.iter().sum::<f64>() / k;
    (b, (k / (k - 1.0) * u.iter().map(|v| (v - mean).powi(2)).sum::<f64>()).sqrt())
}

/// Confidence limits of a clustered proportion. Refused: a proportion of 0 or 1 (no design effect can be estimated:
/// bound it with Clopper-Pearson on the clusters), a design effect of zero.
pub fn clustered_proportion_interval(
    estimate: &ClusteredProportion,
    method: ClusteredMethod,
    level: Level,
) -> Result<Estimate> {
    const NAME: &str = "limits of a clustered proportion";
    let (tail, z) = (level.tail()?, level.z()?);
    let p = estimate.p;
    let Some(effect) = estimate.design_effect else {
        return impossible(
            NAME,
            "the proportion is 0 or 1, so there is no design effect; use clusters as units",
        );
    };
    if effect <= 0.0 {
        return impossible(
            NAME,
            "every cluster has the same proportion: the variance between clusters is zero",
        );
    }
    let n = estimate.n as f64;
    let df = estimate.clusters as f64 - 1.0;
    let t = t_isf(tail, df);
    let se = estimate.variance.sqrt();
    let expit = |u: f64| 1.0 / (1.0 + (-u).exp());
    let limits = match method {
        ClusteredMethod::RaoScottWilson => wilson(p, n / effect, z, 0.0),
        ClusteredMethod::Wald => (p - z * se, p + z * se),
        ClusteredMethod::WaldT => (p - t * se, p + t * se),
        ClusteredMethod::Logit => {
            let (centre, half) = ((p / (1.0 - p)).ln(), t * se / (p * (1.0 - p)));
            (expit(centre - half), expit(centre + half))
        }
        ClusteredMethod::LogitSurvey => {
            let (centre, se) = stopped_logit(&estimate.counts, p);
            (expit(centre - t * se), expit(centre + t * se))
        }
        ClusteredMethod::Arcsine => {
            let (centre, half) = (p.sqrt().asin(), t * se / (2.0 * (p * (1.0 - p)).sqrt()));
            let at = |a: f64| a.clamp(0.0, std::f64::consts::FRAC_PI_2).sin().powi(2);
            (at(centre - half), at(centre + half))
        }
        ClusteredMethod::Beta => {
            let m = n / effect * (t_isf(tail, n - 1.0) / t).powi(2);
            (beta_quantile(tail, m * p, m * (1.0 - p) + 1.0), beta_isf(tail, m * p + 1.0, m * (1.0 - p)))
        }
        ClusteredMethod::Likelihood => {
            let deviance = |q: f64| 2.0 * n * (p * (p / q).ln() + (1.0 - p) * ((1.0 - p) / (1.0 - q)).ln());
            // survey estimates the dispersion over n - 1
            let bound = t * t * effect * n / (n - 1.0);
            let find = |from: f64, to: f64| {
                root(|q| deviance(q) - bound, from, to, 0.0)
                    .map_err(|e| StatsError::Impossible { method: NAME, why: e.to_string() })
            };
            (find(1e-300, p)?, find(p, 1.0 - 1e-16)?)
        }
    };
    let limits = (limits.0.max(0.0), limits.1.min(1.0));
    let mut result = Estimate::new(method.name(), level, p, level.keep(limits, (0.0, 1.0)))
        .convention("variance of the ratio estimator with K/(K-1)");
    if estimate.clusters < 20 {
        result = result.warn(Warning::Note(format!("only {} clusters", estimate.clusters)));
    }
    Ok(result)
}
