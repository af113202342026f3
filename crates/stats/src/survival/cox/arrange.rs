//! Rows in the order the likelihood reads them: by stratum, then by time.
use std::borrow::Cow;

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
    /// Centred and scaled covariates, each in sorted order.
    pub columns: Vec<Vec<f64>>,
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
    /// The covariates of one sorted row.
    pub fn cells(&self, i: usize) -> impl Iterator<Item = f64> + '_ {
        self.columns.iter().map(move |c| c[i])
    }

    pub fn weight(&self, i: usize) -> f64 {
        self.weight.as_ref().map_or(1.0, |w| w[i])
    }

    pub fn new(data: CoxData, near_ties: NearTies) -> Result<Arranged> {
        let n = data.survival.len();
        for column in &data.columns {
            check_len("covariate", n, column.len())?;
        }
        if let Some(w) = data.weights {
            check_weights(w, n)?;
        }
        if let Some(o) = data.offset {
            check_len("offset", n, o.len())?;
            check_finite("offset", o)?;
        }
        let (order, time, entry) = if data.survival.entry.is_none() && data.strata.is_none() {
            let (order, time) = data.survival.in_order(near_ties)?;
            (order, time, None)
        } else {
            let merged = data.survival.merged(near_ties)?;
            let order: Vec<u32> = split(merged.order, data.strata, n)?.concat();
            let sorted = |v: &[f64]| -> Vec<f64> { order.iter().map(|&i| v[i as usize]).collect() };
            let (time, entry) = (sorted(&merged.time), merged.entry.as_deref().map(sorted));
            (order, time, entry)
        };
        let gather = |v: &[f64]| -> Vec<f64> { order.iter().map(|&i| v[i as usize]).collect() };
        let event: Vec<bool> = order.iter().map(|&i| data.survival.event[i as usize]).collect();
        let stratum: Option<Vec<usize>> = data.strata.map(|s| order.iter().map(|&i| s[i as usize]).collect());

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
        let mut events = Vec::with_capacity(event.iter().filter(|&&e| e).count());
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
        let mut columns = Vec::with_capacity(p);
        let mut together = Vec::new();
        let mut left = data.columns.into_iter();
        while columns.len() < p {
            let from = columns.len();
            let some: Vec<Cow<[f64]>> = left.by_ref().take(TOGETHER).collect();
            let mut unit = Vec::with_capacity(TOGETHER);
            for (j, c) in (from..).zip(&some) {
                let spread = Spread::of(c, data.weights)?;
                (centre[j], scale[j]) = (spread.mean, spread.scale);
                let inverse = if spread.scale > 0.0 { 1.0 / spread.scale } else { 0.0 };
                range[j] = spread.largest * inverse - spread.smallest * inverse;
                unit.push((spread.mean, inverse));
            }
            columns.extend(in_order(some, &unit, &order, &mut together));
        }
        drop(together);
        let n_event = event.iter().filter(|&&e| e).count();
        Ok(Arranged {
            n,
            p,
            order,
            time,
            event,
            weight,
            offset,
            columns,
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

/// Columns that are put in order at once: their numbers of a row lie together for it, so that the memory is asked once.
const TOGETHER: usize = 4;

/// Centred and scaled columns in the given order. A column that was handed over lends its memory to the result.
fn in_order(
    columns: Vec<Cow<[f64]>>,
    unit: &[(f64, f64)],
    order: &[u32],
    together: &mut Vec<[f64; TOGETHER]>,
) -> Vec<Vec<f64>> {
    const BLOCK: usize = 256;
    if let [column] = columns.as_slice() {
        let (mean, inverse) = unit[0];
        return vec![order.iter().map(|&i| (column[i as usize] - mean) * inverse).collect()];
    }
    together.resize(order.len(), [0.0; TOGETHER]);
    for (block, rows) in together.chunks_mut(BLOCK).enumerate() {
        for (j, (column, &(mean, inverse))) in columns.iter().zip(unit).enumerate() {
            for (row, v) in rows.iter_mut().zip(&column[block * BLOCK..]) {
                row[j] = (v - mean) * inverse;
            }
        }
    }
    let mut out: Vec<Vec<f64>> = columns
        .into_iter()
        .map(|c| match c {
            Cow::Owned(own) => own,
            Cow::Borrowed(c) => vec![0.0; c.len()],
        })
        .collect();
    for (block, rows) in order.chunks(BLOCK).enumerate() {
        for (j, column) in out.iter_mut().enumerate() {
            for (v, &i) in column[block * BLOCK..].iter_mut().zip(rows) {
                *v = together[i as usize][j];
            }
        }
    }
    out
}

/// Centre and unit of a covariate.
struct Spread {
    mean: f64,
    /// Mean absolute deviation; 0 for a constant.
    scale: f64,
    smallest: f64,
    largest: f64,
}

impl Spread {
    fn of(column: &[f64], weights: Option<&[f64]>) -> Result<Spread> {
        let n = column.len() as f64;
        let total: f64 = weights.map_or(n, |w| w.iter().sum());
        let [smallest, largest, sum] = ends_and_sum(column);
        if !sum.is_finite() {
            check_finite("covariate", column)?;
        }
        if smallest == largest || total <= 0.0 {
            return Ok(Spread { mean: smallest, scale: 0.0, smallest, largest });
        }
        // Huge covariates are divided first, so that they do not overflow the mean.
        let size = smallest.abs().max(largest.abs());
        let unit = if size > 1e290 { size } else { 1.0 };
        let sum = match weights {
            None if unit == 1.0 => sum,
            None => column.iter().map(|v| v / unit).sum(),
            Some(w) => column.iter().zip(w).map(|(v, w)| v / unit * w).sum(),
        };
        let mean = sum / total * unit;
        let scale = if unit == 1.0 {
            mean_distance(column, mean)
        } else {
            column.iter().map(|v| (v / unit - mean / unit).abs()).sum::<f64>() / n * unit
        };
        // Rounding of the mean of a constant column is not a spread.
        Ok(Spread { mean, scale: if scale > size * 1e-14 { scale } else { 0.0 }, smallest, largest })
    }
}

/// Smallest, largest and sum in fixed lanes; the sum is not finite when a value is not.
fn ends_and_sum(column: &[f64]) -> [f64; 3] {
    let mut low = [f64::INFINITY; 4];
    let mut high = [f64::NEG_INFINITY; 4];
    let mut sum = [0.0; 4];
    let (fours, rest) = column.as_chunks::<4>();
    for four in fours {
        for l in 0..4 {
            let v = four[l];
            low[l] = if v < low[l] { v } else { low[l] };
            high[l] = if v > high[l] { v } else { high[l] };
            sum[l] += v;
        }
    }
    for (l, &v) in rest.iter().enumerate() {
        low[l] = low[l].min(v);
        high[l] = high[l].max(v);
        sum[l] += v;
    }
    [
        low.into_iter().fold(f64::INFINITY, f64::min),
        high.into_iter().fold(f64::NEG_INFINITY, f64::max),
        (sum[0] + sum[2]) + (sum[1] + sum[3]),
    ]
}

/// From this size on the unit of a column is found from every sixteenth block of its rows: it need not be exact.
const SAMPLED_FROM: usize = 1 << 16;

/// Mean distance from the mean, in fixed lanes.
fn mean_distance(column: &[f64], mean: f64) -> f64 {
    const BLOCK: usize = 64;
    let sum = |block: &[f64]| {
        let mut sum = [0.0; 4];
        let (fours, rest) = block.as_chunks::<4>();
        for four in fours {
            for l in 0..4 {
                sum[l] += (four[l] - mean).abs();
            }
        }
        rest.iter().enumerate().for_each(|(l, v)| sum[l] += (v - mean).abs());
        (sum[0] + sum[2]) + (sum[1] + sum[3])
    };
    if column.len() >= SAMPLED_FROM {
        let blocks = column.chunks_exact(BLOCK).step_by(16);
        let rows = BLOCK * blocks.len();
        let found = blocks.map(sum).sum::<f64>() / rows as f64;
        // A value that is rare enough to be missed still has its unit.
        if found > 0.0 {
            return found;
        }
    }
    sum(column) / column.len() as f64
}
