//! Rows in the order the likelihood reads them: by stratum, then by time.
use super::super::data::{ascending, check_finite, check_len, check_weights};
use super::super::logrank::split;
use super::CoxData;
use crate::Result;
use crate::survival::NearTies;

/// One distinct event time of a stratum; row numbers count in sorted order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EventTime {
    /// Rows `first..end` have this time (events and censorings); without entry times everybody in
    /// `first..` of the stratum is at risk.
    pub first: u32,
    pub end: u32,
    pub deaths: u32,
    /// Entries of the stratum before this time: `entered` of its `by_entry` rows.
    pub entered: u32,
}

const TILE: usize = 512;

pub(crate) struct Stratum {
    pub start: usize,
    pub end: usize,
    /// Into `Arranged::events`, ascending in time.
    pub events: std::ops::Range<usize>,
}

pub(crate) struct Arranged {
    pub n: usize,
    pub p: usize,
    /// Original row of each sorted row.
    pub order: Vec<u32>,
    pub time: Vec<f64>,
    pub event: Vec<bool>,
    pub weight: Option<Vec<f64>>,
    pub offset: Option<Vec<f64>>,
    /// Row-major, centred and scaled covariates.
    pub x: Vec<f64>,
    pub centre: Vec<f64>,
    pub scale: Vec<f64>,
    /// Largest less smallest value of each column of `x`.
    pub range: Vec<f64>,
    pub strata: Vec<Stratum>,
    pub events: Vec<EventTime>,
    /// With entry times: sorted rows of each stratum by entry (same ranges as the strata), and how many event
    /// times of the stratum lie at or before the entry of each sorted row.
    pub by_entry: Option<Vec<u32>>,
    pub before_entry: Option<Vec<u32>>,
    pub entry: Option<Vec<f64>>,
    pub n_event: usize,
}

impl Arranged {
    pub fn row(&self, i: usize) -> &[f64] {
        &self.x[i * self.p..(i + 1) * self.p]
    }

    pub fn weight(&self, i: usize) -> f64 {
        self.weight.as_ref().map_or(1.0, |w| w[i])
    }

    pub fn new(data: CoxData, near_ties: NearTies) -> Result<Arranged> {
        let n = data.survival.len();
        let merged = data.survival.merged(near_ties)?;
        for column in &data.columns {
            check_len("covariate", n, column.len())?;
            check_finite("covariate", column)?;
        }
        if let Some(w) = data.weights {
            check_weights(w, n)?;
        }
        if let Some(o) = data.offset {
            check_len("offset", n, o.len())?;
            check_finite("offset", o)?;
        }
        let parts = split(merged.order, data.strata, n)?;
        let order: Vec<u32> =
            if parts.len() == 1 { parts.into_iter().next().unwrap_or_default() } else { parts.concat() };
        let gather = |v: &[f64]| -> Vec<f64> { order.iter().map(|&i| v[i as usize]).collect() };
        let time = gather(&merged.time);
        let event: Vec<bool> = order.iter().map(|&i| data.survival.event[i as usize]).collect();
        let stratum: Option<Vec<usize>> = data.strata.map(|s| order.iter().map(|&i| s[i as usize]).collect());
        let entry = merged.entry.as_deref().map(gather);

        let mut strata = Vec::new();
        let mut start = 0;
        while start < n {
            let end = match &stratum {
                None => n,
                Some(s) => start + s[start..].partition_point(|&c| c <= s[start]),
            };
            strata.push(Stratum { start, end, events: 0..0 });
            start = end;
        }
        let by_entry = entry.as_ref().map(|entry| {
            let mut all = Vec::with_capacity(n);
            for s in &strata {
                all.extend(ascending(&entry[s.start..s.end]).into_iter().map(|i| i + s.start as u32));
            }
            all
        });
        let mut events = Vec::new();
        for s in &mut strata {
            let from = events.len();
            let mut i = s.start;
            let mut entered = s.start;
            while i < s.end {
                let first = i;
                let mut deaths = 0;
                while i < s.end && time[i] == time[first] {
                    deaths += u32::from(event[i]);
                    i += 1;
                }
                if let (Some(by_entry), Some(entry)) = (&by_entry, &entry) {
                    while entered < s.end && entry[by_entry[entered] as usize] < time[first] {
                        entered += 1;
                    }
                }
                if deaths > 0 {
                    events.push(EventTime {
                        first: first as u32,
                        end: i as u32,
                        deaths,
                        entered: entered as u32,
                    });
                }
            }
            s.events = from..events.len();
        }
        let before_entry = entry.as_ref().map(|entry| {
            let mut v = vec![0u32; n];
            for s in &strata {
                let list = &events[s.events.clone()];
                for i in s.start..s.end {
                    v[i] = list.partition_point(|e| time[e.first as usize] <= entry[i]) as u32;
                }
            }
            v
        });
        let weight = data.weights.map(gather);
        let offset = data.offset.map(gather);
        let p = data.columns.len();
        let (mut centre, mut scale, mut range) = (vec![0.0; p], vec![1.0; p], vec![0.0; p]);
        let mut x = vec![0.0; n * p];
        let total: f64 = weight.as_ref().map_or(n as f64, |w| w.iter().sum());
        for (j, c) in data.columns.iter().enumerate() {
            let largest = c.iter().fold(0.0f64, |m, v| m.max(v.abs()));
            // Divided first, so that huge covariates do not overflow the mean.
            let unit = if largest > 0.0 { largest } else { 1.0 };
            let sum: f64 = match data.weights {
                None => c.iter().map(|v| v / unit).sum(),
                Some(w) => c.iter().zip(w).map(|(v, w)| v / unit * w).sum(),
            };
            let mean = if total > 0.0 { sum / total * unit } else { 0.0 };
            let spread = c.iter().map(|v| (v / unit - mean / unit).abs()).sum::<f64>() / n as f64 * unit;
            centre[j] = mean;
            // Rounding of the mean of a constant column is not a spread.
            scale[j] = if spread > largest * 1e-14 { spread } else { 0.0 };
            if scale[j] > 0.0 {
                let ends =
                    c.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |e, v| (e.0.min(*v), e.1.max(*v)));
                range[j] = ends.1 / scale[j] - ends.0 / scale[j];
            }
        }
        // A tile of rows at a time, so that its part of `x` stays in the cache.
        for (tile, rows) in order.chunks(TILE).enumerate() {
            let part = &mut x[tile * TILE * p..(tile * TILE + rows.len()) * p];
            for (j, c) in data.columns.iter().enumerate().filter(|(j, _)| scale[*j] > 0.0) {
                let (mean, inverse) = (centre[j], 1.0 / scale[j]);
                for (cell, &i) in part.iter_mut().skip(j).step_by(p).zip(rows) {
                    *cell = (c[i as usize] - mean) * inverse;
                }
            }
        }
        drop(data.columns);
        let n_event = event.iter().filter(|&&e| e).count();
        Ok(Arranged {
            n,
            p,
            order,
            time,
            event,
            weight,
            offset,
            x,
            centre,
            scale,
            range,
            strata,
            events,
            by_entry,
            before_entry,
            entry,
            n_event,
        })
    }

    /// Values of sorted rows put back into the order of the caller.
    pub fn restore(&self, sorted: &[f64]) -> Vec<f64> {
        let mut v = vec![0.0; self.n];
        for (k, &i) in self.order.iter().enumerate() {
            v[i as usize] = sorted[k];
        }
        v
    }
}
