//! Firth's (1993) penalty for the partial likelihood, Heinze and Schemper (2001): log-likelihood + log|I| / 2.
use super::engine::{Engine, Evaluation, shares};
use crate::linalg::{Cholesky, PIVOT_TOLERANCE};

/// Adds the penalty to log-likelihood and score; the information stays that of the likelihood.
/// The score gains tr(I^-1 dI/db_r) / 2, and dI/db_r is the sum of the third central moments of the risk sets.
pub(crate) fn penalise(engine: &Engine, at: &mut Evaluation) {
    let rows = engine.rows;
    let p = rows.p;
    let factor = Cholesky::new(&at.information, PIVOT_TOLERANCE);
    let inverse = factor.inverse();
    at.loglik += 0.5 * factor.log_determinant();
    let mut gain = vec![0.0; p];
    engine.for_each_mean(|e, k, weight, mean| {
        let event = rows.events[e];
        let t = rows.time[event.first as usize];
        let part = k as f64 / shares(engine.ties, event.deaths) as f64;
        let Some(s) = rows.strata.iter().find(|s| s.events.contains(&e)) else { return };
        let total = engine.hazard.total[e] - part * engine.hazard.own[e];
        for i in event.first as usize..s.end {
            if rows.entry.as_ref().is_some_and(|entry| entry[i] >= t) {
                continue;
            }
            let own = i < event.end as usize && rows.event[i];
            let share = rows.weight(i) * engine.hazard.risk[i] * if own { 1.0 - part } else { 1.0 } / total;
            let d: Vec<f64> = rows.cells(i).zip(mean).map(|(x, m)| x - m).collect();
            let q = inverse.quadratic(&d) * share * weight;
            gain.iter_mut().zip(&d).for_each(|(g, v)| *g += q * v);
        }
    });
    at.score.iter_mut().zip(gain).for_each(|(u, g)| *u += 0.5 * g);
}
