//! Follow-up times as every time-to-event method reads them, and near-tied times made one.
use std::borrow::Cow;

use crate::{Result, StatsError};

/// One row per participant (or interval): at risk in `(entry, time]`, `event` at `time` or censored.
#[derive(Debug, Clone, Copy)]
pub struct Survival<'a> {
    /// Delayed entry; `None` when everybody is followed from the origin.
    pub entry: Option<&'a [f64]>,
    pub time: &'a [f64],
    pub event: &'a [bool],
}

impl<'a> Survival<'a> {
    pub fn new(time: &'a [f64], event: &'a [bool]) -> Self {
        Survival { entry: None, time, event }
    }

    pub fn with_entry(entry: &'a [f64], time: &'a [f64], event: &'a [bool]) -> Self {
        Survival { entry: Some(entry), time, event }
    }

    pub fn len(&self) -> usize {
        self.time.len()
    }

    pub fn is_empty(&self) -> bool {
        self.time.is_empty()
    }

    /// Lengths agree, numbers are finite, entry is before time, at least one row.
    pub(crate) fn check(&self) -> Result<()> {
        if self.time.is_empty() {
            return Err(StatsError::NoRows);
        }
        check_len("event", self.len(), self.event.len())?;
        check_finite("time", self.time)?;
        if let Some(entry) = self.entry {
            check_len("entry", self.len(), entry.len())?;
            check_finite("entry", entry)?;
            for (row, (&e, &t)) in entry.iter().zip(self.time).enumerate() {
                if e >= t {
                    return Err(StatsError::EntryNotBeforeTime { row: row + 1, entry: e, time: t });
                }
            }
        }
        Ok(())
    }

    /// The same rows with near-tied times made one.
    pub(crate) fn merged(&self, rule: NearTies) -> Result<Merged<'a>> {
        self.check()?;
        merge(self.entry, self.time, rule)
    }
}

pub(crate) fn check_len(what: &'static str, expected: usize, got: usize) -> Result<()> {
    if expected == got { Ok(()) } else { Err(StatsError::Length { what, expected, got }) }
}

pub(crate) fn check_finite(what: &'static str, values: &[f64]) -> Result<()> {
    match values.iter().position(|v| !v.is_finite()) {
        Some(row) => Err(StatsError::NotFinite { what, row: row + 1, value: values[row] }),
        None => Ok(()),
    }
}

pub(crate) fn check_level(level: f64) -> Result<()> {
    if level > 0.0 && level < 1.0 {
        Ok(())
    } else {
        Err(StatsError::Option { name: "confidence level", value: level, range: "(0, 1)" })
    }
}

pub(crate) fn check_groups(group: &[usize], groups: usize) -> Result<()> {
    match group.iter().position(|&g| g >= groups) {
        Some(row) => Err(StatsError::GroupCode { row: row + 1, code: group[row], groups }),
        None => Ok(()),
    }
}

/// Case weights: finite and not negative.
pub(crate) fn check_weights(weights: &[f64], n: usize) -> Result<()> {
    check_len("weights", n, weights.len())?;
    check_finite("weights", weights)?;
    match weights.iter().position(|&w| w < 0.0) {
        Some(row) => Err(StatsError::OutOfRange {
            what: "weights",
            row: row + 1,
            value: weights[row],
            range: "0 or more",
        }),
        None => Ok(()),
    }
}

/// How times that differ by rounding only are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NearTies {
    /// Neighbouring distinct times are one time when their gap is at most 1.49e-8 (square root of the
    /// binary64 epsilon), absolute or relative to the mean of the distinct times. Runs chain; the first
    /// value stands for the run; entry and exit times are pooled. The convention of R survival.
    #[default]
    Merge,
    /// Bitwise comparison.
    Exact,
}

impl NearTies {
    pub fn name(self) -> &'static str {
        match self {
            NearTies::Merge => "near-tied times merged (gap 1.49e-8)",
            NearTies::Exact => "times compared exactly",
        }
    }
}

pub(crate) const NEAR: f64 = 1.490_116_119_384_765_6e-8;

pub(crate) struct Merged<'a> {
    pub entry: Option<Cow<'a, [f64]>>,
    pub time: Cow<'a, [f64]>,
}

/// Integers (days, months) cannot be near-tied unless they are huge: the common case needs no sort.
fn all_whole(values: &[f64]) -> bool {
    values.iter().all(|v| v.fract() == 0.0 && v.abs() < 4e7)
}

fn merge<'a>(entry: Option<&'a [f64]>, time: &'a [f64], rule: NearTies) -> Result<Merged<'a>> {
    let untouched = || Merged { entry: entry.map(Cow::Borrowed), time: Cow::Borrowed(time) };
    // Distinct whole numbers are at least 1 apart and their mean stays below 4e7, so 1 / mean > 1.49e-8.
    if rule == NearTies::Exact || (all_whole(time) && entry.is_none_or(all_whole)) {
        return Ok(untouched());
    }
    let mut y: Vec<f64> = time.iter().copied().chain(entry.into_iter().flatten().copied()).collect();
    y.sort_unstable_by(f64::total_cmp);
    y.dedup();
    let mean = y.iter().map(|v| v.abs()).sum::<f64>() / y.len() as f64;
    let mut cuts = Vec::with_capacity(y.len());
    let mut last = f64::NEG_INFINITY;
    for &v in &y {
        let gap = v - last;
        if !(gap <= NEAR || gap / mean <= NEAR) {
            cuts.push(v);
        }
        last = v;
    }
    if cuts.len() == y.len() {
        return Ok(untouched());
    }
    drop(y);
    let snap = |v: f64| cuts[cuts.partition_point(|&c| c <= v).saturating_sub(1)];
    let new_time: Vec<f64> = time.iter().map(|&v| snap(v)).collect();
    let new_entry: Option<Vec<f64>> = entry.map(|e| e.iter().map(|&v| snap(v)).collect());
    if let Some(e) = &new_entry
        && let Some(row) = e.iter().zip(&new_time).position(|(e, t)| e >= t)
    {
        return Err(StatsError::EmptyInterval { row: row + 1 });
    }
    Ok(Merged { entry: new_entry.map(Cow::Owned), time: Cow::Owned(new_time) })
}

/// Row numbers in ascending order of `key`; equal keys keep the order of the rows.
pub(crate) fn ascending(key: &[f64]) -> Vec<u32> {
    let mut pairs: Vec<(u64, u32)> = key.iter().enumerate().map(|(i, &v)| (ordered(v), i as u32)).collect();
    pairs.sort_unstable();
    pairs.into_iter().map(|(_, i)| i).collect()
}

/// A binary64 as an integer that sorts alike (no NaN; -0 equals 0).
fn ordered(v: f64) -> u64 {
    let bits = (v + 0.0).to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_tied_times_chain_and_take_the_first_of_the_run() {
        let time = [7.0 - 1.4e-9, 7.0, 7.0 + 1.4e-9, 7.000007];
        let m = merge(None, &time, NearTies::Merge).unwrap();
        assert_eq!(m.time[0], time[0]);
        assert_eq!(m.time[2], time[0]);
        assert_eq!(m.time[3], time[3]);
        let exact = merge(None, &time, NearTies::Exact).unwrap();
        assert_eq!(exact.time[1], time[1]);
    }

    #[test]
    fn an_interval_that_merging_empties_is_refused() {
        let error = merge(Some(&[1.0, 0.0]), &[1.0 + 1e-10, 2.5], NearTies::Merge).err();
        assert_eq!(error, Some(StatsError::EmptyInterval { row: 1 }));
    }

    #[test]
    fn rows_sort_by_time_with_negative_numbers_and_both_zeros() {
        assert_eq!(ascending(&[0.0, -1.0, 3.0, -0.0, -2.0]), vec![4, 1, 0, 3, 2]);
    }
}
