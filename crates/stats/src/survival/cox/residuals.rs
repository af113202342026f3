//! Martingale, deviance, score, Schoenfeld and dfbeta residuals.
use std::collections::BTreeMap;

use super::Ties;
use super::arrange::Arranged;
use super::engine::{Engine, Hazard, LITTLE};
use super::fit::CoxFit;
use crate::{Result, StatsError};

/// Residuals in the order of the rows of the data (Schoenfeld: by stratum and event time).
#[derive(Debug, Clone)]
pub struct CoxResiduals {
    pub martingale: Vec<f64>,
    pub deviance: Vec<f64>,
    /// One row of covariates per row of the data, without case weights.
    pub score: Vec<Vec<f64>>,
    /// Change of the coefficients when the row is left out, with case weights.
    pub dfbeta: Vec<Vec<f64>>,
    /// Row of the data and residual, one per event.
    pub schoenfeld: Vec<(usize, Vec<f64>)>,
}

/// Per event time, row-major in p: the mean, its cumulative hazard-weighted sum, and the events' own part.
pub(crate) struct Means {
    pub mean: Vec<f64>,
    pub step: Vec<f64>,
    pub own_step: Vec<f64>,
}

pub(crate) fn means(engine: &Engine) -> Means {
    let (p, m) = (engine.rows.p, engine.rows.events.len());
    let mut out = Means { mean: vec![0.0; m * p], step: vec![0.0; m * p], own_step: vec![0.0; m * p] };
    engine.for_each_mean(|e, k, weight, mean| {
        let shares = super::engine::shares(engine.ties, engine.rows.events[e].deaths) as f64;
        let part = k as f64 / shares;
        let h = weight / (engine.hazard.total[e] - part * engine.hazard.own[e]);
        for (j, v) in mean.iter().enumerate() {
            out.mean[e * p + j] += v / shares;
            out.step[e * p + j] += h * v;
            out.own_step[e * p + j] += (1.0 - part) * h * v;
        }
    });
    out
}

/// Row-major score residuals of the sorted rows in scaled units, without case weights.
pub(crate) fn score_residuals(rows: &Arranged, ties: Ties, hazard: &Hazard) -> Vec<f64> {
    let p = rows.p;
    let engine = Engine { rows, ties, hazard: hazard.clone() };
    let means = means(&engine);
    let mut out = vec![0.0; rows.n * p];
    for s in &rows.strata {
        // Cumulative sums over the event times of the stratum, one more than there are.
        let count = s.events.len();
        let mut scalar = vec![0.0; count + 1];
        let mut vector = vec![0.0; (count + 1) * p];
        for (k, e) in s.events.clone().enumerate() {
            scalar[k + 1] = scalar[k] + hazard.step[e];
            for j in 0..p {
                vector[(k + 1) * p + j] = vector[k * p + j] + means.step[e * p + j];
            }
        }
        let mut k = 0;
        for i in s.start..s.end {
            while k < count && rows.events[s.events.start + k].end as usize <= i {
                k += 1;
            }
            // k event times lie before this row's time; the k-th is at its time if it covers the row.
            let here = s.events.clone().nth(k).filter(|&e| rows.events[e].first as usize <= i);
            let from = rows.before_entry.as_ref().map_or(0, |b| b[i] as usize);
            let r = hazard.risk[i];
            let mut sum = scalar[k] - scalar[from];
            // Little is left of the hazard before entry: sum from the entry on.
            let afresh = from > 0 && sum < LITTLE * scalar[from];
            let span = s.events.start + from..s.events.start + k.max(from);
            if afresh {
                sum = hazard.step[span.clone()].iter().sum();
            }
            let own = here.filter(|_| rows.event[i]);
            if let Some(e) = here {
                sum += if rows.event[i] { hazard.own_step[e] } else { hazard.step[e] };
            }
            for (j, x) in rows.cells(i).enumerate() {
                let mut v = match afresh {
                    true => span.clone().map(|e| means.step[e * p + j]).sum(),
                    false => vector[k * p + j] - vector[from * p + j],
                };
                if let Some(e) = here {
                    v += if rows.event[i] { means.own_step[e * p + j] } else { means.step[e * p + j] };
                }
                let mut residual = -r * (x * sum - v);
                if let Some(e) = own {
                    residual += x - means.mean[e * p + j];
                }
                out[i * p + j] = residual;
            }
        }
    }
    out
}

/// Case-weighted residuals summed by cluster (or per row), row-major.
pub(crate) fn cluster_sums(rows: &Arranged, residuals: &[f64], cluster: Option<&[usize]>) -> Vec<f64> {
    let p = rows.p;
    let mut place: BTreeMap<usize, usize> = BTreeMap::new();
    if let Some(cluster) = cluster {
        for &c in cluster {
            let next = place.len();
            place.entry(c).or_insert(next);
        }
    }
    let count = if cluster.is_some() { place.len() } else { rows.n };
    let mut sums = vec![0.0; count * p];
    for i in 0..rows.n {
        let k = cluster.map_or(i, |c| place.get(&c[i]).copied().unwrap_or(0));
        for j in 0..p {
            sums[k * p + j] += rows.weight(i) * residuals[i * p + j];
        }
    }
    sums
}

impl CoxFit {
    /// All residuals; the exact partial likelihood has none here. Errs where a risk set is so light beside others that
    /// its means are lost in rounding.
    pub fn residuals(&self) -> Result<CoxResiduals> {
        let model = &self.model;
        if model.ties == Ties::Exact {
            return Err(StatsError::Unsupported { method: "Cox residuals", combination: "exact ties" });
        }
        let (rows, p) = (&model.rows, model.rows.p);
        let sorted = score_residuals(rows, model.ties, model.hazard());
        let martingale = self.martingale();
        // The logarithm is of the expected events themselves: 1 less the residual would lose them for a row of little risk.
        let deviance: Vec<f64> = rows
            .event
            .iter()
            .zip(&model.hazard().expected)
            .map(|(&event, &expected)| match event {
                true => (1.0 - expected).signum() * (-2.0 * (1.0 - expected + expected.ln())).max(0.0).sqrt(),
                false => 0.0 - (2.0 * expected).max(0.0).sqrt(),
            })
            .collect();
        let deviance = rows.restore(&deviance);
        let mut score = vec![Vec::new(); rows.n];
        let mut dfbeta = vec![Vec::new(); rows.n];
        let back = |j: usize| if rows.scale[j] > 0.0 { 1.0 / rows.scale[j] } else { 0.0 };
        for (k, &i) in rows.order.iter().enumerate() {
            let r = &sorted[k * p..(k + 1) * p];
            score[i as usize] = (0..p).map(|j| r[j] * rows.scale[j]).collect();
            let change = model.naive.times(r);
            dfbeta[i as usize] = (0..p).map(|j| rows.weight(k) * change[j] * back(j)).collect();
        }
        if score.iter().chain(&dfbeta).flatten().chain(&martingale).chain(&deviance).any(|v| !v.is_finite()) {
            return Err(StatsError::Impossible {
                method: "Cox residuals",
                why: "weights and offsets are so far apart that a risk set is lost in rounding".into(),
            });
        }
        Ok(CoxResiduals { martingale, deviance, score, dfbeta, schoenfeld: self.schoenfeld() })
    }

    /// Events less expected events, without case weights, in the order of the data.
    pub fn martingale(&self) -> Vec<f64> {
        let rows = &self.model.rows;
        let sorted: Vec<f64> = rows
            .event
            .iter()
            .zip(&self.model.hazard().expected)
            .map(|(&e, x)| f64::from(u8::from(e)) - x)
            .collect();
        rows.restore(&sorted)
    }

    /// Covariates of each event less the mean of its risk set (averaged over Efron's shares), unweighted.
    pub fn schoenfeld(&self) -> Vec<(usize, Vec<f64>)> {
        let (rows, p) = (&self.model.rows, self.model.rows.p);
        let engine = Engine { rows, ties: self.model.ties, hazard: self.model.hazard().clone() };
        let means = means(&engine);
        let mut out = Vec::with_capacity(rows.n_event);
        for (e, event) in rows.events.iter().enumerate() {
            for i in (event.first as usize..event.end as usize).filter(|&i| rows.event[i]) {
                let cells = rows.cells(i).enumerate();
                let residual = cells.map(|(j, x)| (x - means.mean[e * p + j]) * rows.scale[j]).collect();
                out.push((rows.order[i] as usize, residual));
            }
        }
        out
    }
}
