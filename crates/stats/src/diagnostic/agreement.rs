//! Bland and Altman's limits of agreement of two measurements.

use crate::inference::{Estimate, Level};
use crate::model::moments;
use crate::special::{norm_isf, t_isf};
use crate::{Result, StatsError};

/// Bias and limits of agreement.
#[derive(Debug, Clone, PartialEq)]
pub struct BlandAltman {
    /// Mean of the differences first - second with t limits.
    pub bias: Estimate,
    /// Standard deviation of the differences.
    pub sd: f64,
    /// Lower limit of agreement with its own confidence limits.
    pub lower: Estimate,
    /// Upper limit of agreement with its own confidence limits.
    pub upper: Estimate,
    /// Least-squares slope of the differences on the means: proportional bias; `None` when the means do not vary.
    pub slope: Option<f64>,
}

/// Limits of agreement (Bland and Altman 1986; variance of a limit s^2 (1/n + z^2/(2(n-1))), 1999). `coverage` is the share of
/// differences between the limits, 0.95 as a rule. Refused: fewer than three pairs, differences that do not vary.
pub fn bland_altman(first: &[f64], second: &[f64], coverage: f64, level: Level) -> Result<BlandAltman> {
    if first.len() != second.len() {
        return Err(StatsError::Length {
            what: "second measurement",
            expected: first.len(),
            got: second.len(),
        });
    }
    if !(coverage > 0.0 && coverage < 1.0) {
        return Err(StatsError::Option { name: "coverage", value: coverage, range: "above 0, below 1" });
    }
    let tail = level.tail()?;
    let d: Vec<f64> = first.iter().zip(second).map(|(a, b)| a - b).collect();
    let (bias, squares) = moments("difference", &d)?;
    let n = d.len() as f64;
    if d.len() < 3 || squares == 0.0 {
        return Err(StatsError::NoVariance {
            what: "the difference",
            why: "at least three different pairs are needed",
        });
    }
    let sd = (squares / (n - 1.0)).sqrt();
    let z = norm_isf(0.5 * (1.0 - coverage));
    let t = t_isf(tail, n - 1.0);
    let around = |name, centre: f64, se: f64| {
        let limits = (centre - t * se, centre + t * se);
        Estimate::new(name, level, centre, level.keep(limits, (f64::NEG_INFINITY, f64::INFINITY)))
            .convention("limits with t(n - 1)")
    };
    let se_limit = sd * (1.0 / n + z * z / (2.0 * (n - 1.0))).sqrt();
    let means: Vec<f64> = first.iter().zip(second).map(|(a, b)| 0.5 * (a + b)).collect();
    let (centre, spread) = moments("mean", &means)?;
    let slope = (spread > 0.0)
        .then(|| means.iter().zip(&d).map(|(m, v)| (m - centre) * (v - bias)).sum::<f64>() / spread);
    Ok(BlandAltman {
        bias: around("bias", bias, sd / n.sqrt()),
        sd,
        lower: around("lower limit of agreement", bias - z * sd, se_limit),
        upper: around("upper limit of agreement", bias + z * sd, se_limit),
        slope,
    })
}
