//! Baseline hazard and predicted survival.
use super::super::ConfType;
use super::super::data::{check_finite, check_len, check_level};
use super::engine::{death_weight, shares};
use super::fit::CoxFit;
use crate::linalg::Matrix;
use crate::special::norm_quantile;
use crate::{Result, StatsError};

/// The predicted curve of one stratum, at every distinct observed time.
#[derive(Debug, Clone, Default)]
pub struct CoxCurve {
    pub time: Vec<f64>,
    pub cumhaz: Vec<f64>,
    pub surv: Vec<f64>,
    /// Of log S; includes the variance of the coefficients.
    pub std_err_log: Vec<f64>,
    pub lower: Vec<Option<f64>>,
    pub upper: Vec<Option<f64>>,
}

impl CoxCurve {
    /// Position of the last time at or before `t`; `None` before the first.
    pub fn position(&self, t: f64) -> Option<usize> {
        self.time.partition_point(|&x| x <= t).checked_sub(1)
    }

    /// Survival, its standard error and limits at `t`; 1 before the first time.
    pub fn at(&self, t: f64) -> (f64, f64, Option<f64>, Option<f64>) {
        match self.position(t) {
            None => (1.0, 0.0, Some(1.0), Some(1.0)),
            Some(k) => (self.surv[k], self.surv[k] * self.std_err_log[k], self.lower[k], self.upper[k]),
        }
    }
}

impl CoxFit {
    /// Predicted survival for covariates `x` (in the caller's units) and an offset, one curve per stratum. The
    /// baseline hazard follows the tie method of the fit (Breslow for the exact partial likelihood, as in R survival);
    /// `exp(-cumulative hazard)`.
    pub fn survival(&self, x: &[f64], offset: f64, conf_type: ConfType, level: f64) -> Result<Vec<CoxCurve>> {
        check_level(level)?;
        check_finite("covariate", x)?;
        let model = &self.model;
        let (rows, p) = (&model.rows, model.rows.p);
        check_len("covariates", p, x.len())?;
        let scaled: Vec<f64> = (0..p)
            .map(|j| if rows.scale[j] > 0.0 { (x[j] - rows.centre[j]) / rows.scale[j] } else { 0.0 })
            .collect();
        let eta = offset + scaled.iter().zip(&model.beta).map(|(a, b)| a * b).sum::<f64>();
        let means = self.mean_sums();
        let z = norm_quantile(0.5 + level / 2.0);
        let variance = self.scaled_variance();
        let mut curves = Vec::new();
        for (s, stratum) in rows.strata.iter().enumerate() {
            let risk = (eta - model.hazard().shift[s]).exp();
            let mut curve = CoxCurve::default();
            let (mut hazard, mut own) = (0.0, 0.0);
            let mut mean = vec![0.0; p];
            let mut next = stratum.events.start;
            let mut i = stratum.start;
            while i < stratum.end {
                let t = rows.time[i];
                while i < stratum.end && rows.time[i] == t {
                    i += 1;
                }
                if next < stratum.events.end && rows.time[rows.events[next].first as usize] == t {
                    hazard += model.hazard().step[next];
                    own += means.1[next];
                    (0..p).for_each(|j| mean[j] += means.0[next * p + j]);
                    next += 1;
                }
                let d: Vec<f64> = (0..p).map(|j| hazard * scaled[j] - mean[j]).collect();
                let se = risk * (own + variance.quadratic(&d)).max(0.0).sqrt();
                if (hazard * risk).is_nan() || se.is_nan() {
                    return Err(StatsError::Impossible {
                        method: "predicted survival",
                        why: "the predictor lies so far from those at risk that its hazard has no number"
                            .into(),
                    });
                }
                let surv = (-hazard * risk).exp();
                let limits = conf_type.limits(surv, se, z);
                curve.time.push(t);
                curve.cumhaz.push(hazard * risk);
                curve.surv.push(surv);
                curve.std_err_log.push(se);
                curve.lower.push(limits.map(|l| l.0));
                curve.upper.push(limits.map(|l| l.1));
            }
            curves.push(curve);
        }
        Ok(curves)
    }

    /// Cumulative baseline hazard, at the covariate means (`centred`) or with every covariate 0.
    pub fn baseline_hazard(&self, centred: bool) -> Result<Vec<CoxCurve>> {
        let x = if centred { self.means.clone() } else { vec![0.0; self.means.len()] };
        self.survival(&x, 0.0, ConfType::default(), 0.95)
    }

    fn scaled_variance(&self) -> Matrix {
        let rows = &self.model.rows;
        let mut m = Matrix::zeros(rows.p);
        for i in 0..rows.p {
            for j in 0..rows.p {
                m.set(i, j, self.vcov.get(i, j) * rows.scale[i] * rows.scale[j]);
            }
        }
        m
    }

    /// Per event time: the hazard-weighted mean of the risk set, and the variance of the hazard increment.
    fn mean_sums(&self) -> (Vec<f64>, Vec<f64>) {
        let model = &self.model;
        let rows = &model.rows;
        let engine = super::engine::Engine { rows, ties: model.ties, hazard: model.hazard().clone() };
        let means = super::residuals::means(&engine).step;
        let variance = rows
            .events
            .iter()
            .enumerate()
            .map(|(e, event)| {
                let count = shares(model.ties, event.deaths);
                let each = death_weight(rows, event) / count as f64;
                (0..count)
                    .map(|k| {
                        let part = k as f64 / count as f64;
                        each / (model.hazard().total[e] - part * model.hazard().own[e]).powi(2)
                    })
                    .sum()
            })
            .collect();
        (means, variance)
    }
}
