//! Treatment switching: rank-preserving structural failure time, and censoring at the switch with weights.
use std::borrow::Cow;
use std::collections::BTreeMap;

use super::cox::{CoxData, CoxOptions, cox};
use super::data::{NearTies, Survival, check_finite, check_len, check_level};
use super::{LogrankOptions, logrank};
use crate::special::norm_quantile;
use crate::{Conventions, Result, StatsError, Warning};

/// What the structural model needs per participant.
#[derive(Debug, Clone, Copy)]
pub struct Switching<'a> {
    pub time: &'a [f64],
    pub event: &'a [bool],
    /// Randomised to the experimental treatment.
    pub experimental: &'a [bool],
    /// Time on the experimental treatment, between 0 and `time`.
    pub time_on: &'a [f64],
    /// The time at which follow-up would have ended administratively; without it there is no recensoring.
    pub planned_end: Option<&'a [f64]>,
}

#[derive(Debug, Clone)]
pub struct Rpsft {
    /// Life is stretched by exp(-psi) on treatment: psi < 0 = the treatment prolongs it.
    pub psi: f64,
    pub lower: Option<f64>,
    pub upper: Option<f64>,
    /// Z of the log-rank test of the randomised groups as randomised; its p-value stays the trial's.
    pub z_intention_to_treat: f64,
    /// Times without the experimental treatment, recensored, and whether they end in the event.
    pub untreated_time: Vec<f64>,
    pub untreated_event: Vec<bool>,
    pub conventions: Conventions,
    pub warnings: Vec<Warning>,
}

/// Robins and Tsiatis (1991): U(psi) = time off + exp(psi) time on has the same distribution in both randomised
/// groups at the true psi; found where the log-rank Z crosses 0 on a grid of [-3, 3], then by bisection. The limits
/// are where |Z| crosses the normal quantile. Recensoring at min(C, C exp(psi)).
pub fn rpsft(data: &Switching, conf_level: f64) -> Result<Rpsft> {
    let n = data.time.len();
    check_level(conf_level)?;
    Survival::new(data.time, data.event).check()?;
    check_len("arm", n, data.experimental.len())?;
    check_len("time on treatment", n, data.time_on.len())?;
    check_finite("time on treatment", data.time_on)?;
    for i in 0..n {
        if data.time_on[i] < 0.0 || data.time_on[i] > data.time[i] * (1.0 + 1e-12) {
            return Err(StatsError::OutOfRange {
                what: "time on treatment",
                row: i + 1,
                value: data.time_on[i],
                range: "0 to the end of follow-up",
            });
        }
    }
    if let Some(end) = data.planned_end {
        check_len("planned end", n, end.len())?;
        check_finite("planned end", end)?;
        if let Some(i) = (0..n).find(|&i| end[i] < data.time[i]) {
            return Err(StatsError::OutOfRange {
                what: "planned end",
                row: i + 1,
                value: end[i],
                range: "at or after the end of follow-up",
            });
        }
    }
    let group: Vec<usize> = data.experimental.iter().map(|&e| usize::from(e)).collect();
    let z_at = |psi: f64| -> Result<f64> {
        let (time, event) = untreated(data, psi);
        let t = logrank(&Survival::new(&time, &event), &group, 2, None, &LogrankOptions::default())?;
        t.z(1).ok_or(StatsError::NoVariance {
            what: "the log-rank statistic of the untreated times",
            why: "recensoring leaves no events",
        })
    };
    let t = logrank(&Survival::new(data.time, data.event), &group, 2, None, &LogrankOptions::default())?;
    let z_intention_to_treat = t.z(1).ok_or(StatsError::NoEvents { method: "rank-preserving model" })?;
    let grid: Vec<f64> = (-300..=300).map(|k| k as f64 / 100.0).collect();
    let scores: Vec<Option<f64>> = grid.iter().map(|&psi| z_at(psi).ok()).collect();
    let crossings = |level: f64| -> Vec<(f64, f64)> {
        (1..grid.len())
            .filter(|&k| match (scores[k - 1], scores[k]) {
                (Some(a), Some(b)) => (a - level) * (b - level) <= 0.0 && a != b,
                _ => false,
            })
            .map(|k| (grid[k - 1], grid[k]))
            .collect()
    };
    let refine = |(mut a, mut b): (f64, f64), level: f64| -> Result<f64> {
        let rising = z_at(b)? >= z_at(a)?;
        for _ in 0..50 {
            let middle = (a + b) / 2.0;
            if (z_at(middle)? < level) == rising { a = middle } else { b = middle }
        }
        Ok((a + b) / 2.0)
    };
    let roots = crossings(0.0);
    let Some(&first) = roots.first() else {
        return Err(StatsError::Impossible {
            method: "rank-preserving model",
            why: "the log-rank statistic does not cross 0 for psi between -3 and 3".into(),
        });
    };
    let mut warnings = Vec::new();
    if roots.len() > 1 {
        warnings.push(Warning::Note(format!("the estimating equation crosses 0 {} times", roots.len())));
    }
    let psi = refine(*roots.get(roots.len() / 2).unwrap_or(&first), 0.0)?;
    let q = norm_quantile(0.5 + conf_level / 2.0);
    let ends: Vec<f64> = crossings(-q)
        .into_iter()
        .map(|c| refine(c, -q))
        .chain(crossings(q).into_iter().map(|c| refine(c, q)))
        .collect::<Result<_>>()?;
    let lower = ends
        .iter()
        .copied()
        .filter(|&e| e <= psi)
        .fold(None, |m: Option<f64>, e| Some(m.map_or(e, |m| m.min(e))));
    let upper = ends
        .iter()
        .copied()
        .filter(|&e| e >= psi)
        .fold(None, |m: Option<f64>, e| Some(m.map_or(e, |m| m.max(e))));
    let (untreated_time, untreated_event) = untreated(data, psi);
    Ok(Rpsft {
        psi,
        lower,
        upper,
        z_intention_to_treat,
        untreated_time,
        untreated_event,
        conventions: vec![
            "rank-preserving structural failure time, log-rank estimating equation",
            if data.planned_end.is_some() { "recensored at min(C, C exp(psi))" } else { "not recensored" },
            "the p-value is that of the intention-to-treat comparison",
        ],
        warnings,
    })
}

fn untreated(data: &Switching, psi: f64) -> (Vec<f64>, Vec<bool>) {
    let factor = psi.exp();
    (0..data.time.len())
        .map(|i| {
            let on = data.time_on[i].min(data.time[i]);
            let u = (data.time[i] - on) + factor * on;
            match data.planned_end {
                None => (u, data.event[i]),
                Some(end) => {
                    let limit = end[i].min(end[i] * factor);
                    if u > limit { (limit, false) } else { (u, data.event[i]) }
                }
            }
        })
        .unzip()
}

/// Weights for an analysis that censors at the switch.
#[derive(Debug, Clone)]
pub struct SwitchWeights {
    /// One per row, constant within it: the (stabilised) inverse probability of not having switched before it.
    pub weight: Vec<f64>,
    pub conventions: Conventions,
    pub warnings: Vec<Warning>,
}

/// Robins and Finkelstein (2000). Rows are intervals `(entry, time]` of participants (`id`), cut at the event times
/// for which weights are wanted; `switched` says that the row ends in the switch. The hazard of switching is a Cox
/// model on `columns`; `stabilised` divides by the model without covariates. Rows in which nobody can switch (the
/// experimental arm) do not belong here: they keep weight 1.
pub fn switch_weights(
    rows: &Survival,
    id: &[usize],
    switched: &[bool],
    columns: Vec<Cow<[f64]>>,
    stabilised: bool,
    near_ties: NearTies,
) -> Result<SwitchWeights> {
    let n = rows.len();
    check_len("id", n, id.len())?;
    check_len("switched", n, switched.len())?;
    let Some(entry) = rows.entry else {
        return Err(StatsError::Unsupported {
            method: "weights for switching",
            combination: "rows without an entry time",
        });
    };
    let switches = Survival { entry: Some(entry), time: rows.time, event: switched };
    let options = CoxOptions { near_ties, ..CoxOptions::default() };
    let hazard = |columns: Vec<Cow<[f64]>>| -> Result<(Vec<f64>, Vec<Warning>)> {
        let fit = cox(CoxData::new(switches, columns), &options)?;
        // Expected switches of a row: its part of the cumulative hazard.
        let expected =
            fit.martingale().iter().zip(switched).map(|(m, &s)| f64::from(u8::from(s)) - m).collect();
        Ok((expected, fit.warnings.clone()))
    };
    let (own, warnings) = hazard(columns)?;
    let common = if stabilised { hazard(Vec::new())?.0 } else { vec![0.0; n] };
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| entry[a].total_cmp(&entry[b]));
    let mut so_far: BTreeMap<usize, f64> = BTreeMap::new();
    let mut weight = vec![1.0; n];
    for i in order {
        let sum = so_far.entry(id[i]).or_insert(0.0);
        weight[i] = sum.exp();
        *sum += own[i] - common[i];
    }
    Ok(SwitchWeights {
        weight,
        conventions: vec![
            "inverse probability of not switching, Cox model",
            if stabilised { "stabilised" } else { "not stabilised" },
        ],
        warnings,
    })
}
