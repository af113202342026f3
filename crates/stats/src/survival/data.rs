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

    /// The same rows with near-tied times made one, and their order in time.
    pub(crate) fn merged(&self, rule: NearTies) -> Result<Merged<'a>> {
        self.check()?;
        merge(self.entry, self.time, rule)
    }

    /// Rows in order of time, and those times with near-tied ones made one; for rows without entry times.
    pub(crate) fn in_order(&self, rule: NearTies) -> Result<(Vec<u32>, Vec<f64>)> {
        self.check()?;
        let order = ascending(self.time);
        let mut sorted: Vec<f64> = order.iter().map(|&i| self.time[i as usize]).collect();
        if rule == NearTies::Merge {
            merge_sorted(&mut sorted);
        }
        Ok((order, sorted))
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

/// The heaviest row against the lightest, at most: numbers at risk are sums and differences of weights, which beyond
/// this keep fewer than seven digits of the light rows.
const MAX_SPAN: f64 = 1e9;

/// Case weights: finite, not negative, those above 0 within [`MAX_SPAN`].
pub(crate) fn check_weights(weights: &[f64], n: usize) -> Result<()> {
    check_len("weights", n, weights.len())?;
    check_finite("weights", weights)?;
    let wrong = |row: usize, range| {
        Err(StatsError::OutOfRange { what: "weights", row: row + 1, value: weights[row], range })
    };
    if let Some(row) = weights.iter().position(|&w| w < 0.0) {
        return wrong(row, "0 or more");
    }
    let heaviest = weights.iter().copied().fold(0.0, f64::max);
    match weights.iter().position(|&w| w > 0.0 && heaviest > MAX_SPAN * w) {
        Some(row) => wrong(row, "0, or a billionth of the heaviest row's or more"),
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
    /// Row numbers in ascending order of `time`.
    pub order: Vec<u32>,
}

/// Integers (days, months) cannot be near-tied unless they are huge.
fn all_whole(values: &[f64]) -> bool {
    values.iter().all(|v| v.fract() == 0.0 && v.abs() < 4e7)
}

fn merge<'a>(entry: Option<&'a [f64]>, time: &'a [f64], rule: NearTies) -> Result<Merged<'a>> {
    let order = ascending(time);
    // Distinct whole numbers are at least 1 apart and their mean stays below 4e7, so 1 / mean > 1.49e-8.
    if rule == NearTies::Exact || (all_whole(time) && entry.is_none_or(all_whole)) {
        return Ok(Merged { entry: entry.map(Cow::Borrowed), time: Cow::Borrowed(time), order });
    }
    let Some(entry) = entry else {
        let mut sorted: Vec<f64> = order.iter().map(|&i| time[i as usize]).collect();
        if !merge_sorted(&mut sorted) {
            return Ok(Merged { entry: None, time: Cow::Borrowed(time), order });
        }
        let mut merged = vec![0.0; time.len()];
        order.iter().zip(&sorted).for_each(|(&row, &t)| merged[row as usize] = t);
        return Ok(Merged { entry: None, time: Cow::Owned(merged), order });
    };
    let mut keys: Vec<u64> = time.iter().chain(entry).map(|&v| ordered(v)).collect();
    keys.sort_unstable();
    keys.dedup();
    let values: Vec<f64> = keys.iter().map(|&k| restored(k)).collect();
    let mut runs = values.clone();
    if !merge_sorted(&mut runs) {
        return Ok(Merged { entry: Some(Cow::Borrowed(entry)), time: Cow::Borrowed(time), order });
    }
    let snap = |v: &f64| runs[values.partition_point(|x| x <= v).saturating_sub(1)];
    let (new_entry, new_time): (Vec<f64>, Vec<f64>) =
        (entry.iter().map(snap).collect(), time.iter().map(snap).collect());
    if let Some(row) = new_entry.iter().zip(&new_time).position(|(e, t)| e >= t) {
        return Err(StatsError::EmptyInterval { row: row + 1 });
    }
    Ok(Merged { entry: Some(Cow::Owned(new_entry)), time: Cow::Owned(new_time), order })
}

/// Makes runs of near-tied neighbours the first of the run; whether there were any. `times` ascend.
fn merge_sorted(times: &mut [f64]) -> bool {
    let (mut sum, mut distinct, mut last, mut smallest) = (0.0, 0usize, f64::NEG_INFINITY, f64::INFINITY);
    for &v in &*times {
        if v > last {
            smallest = smallest.min(v - last);
            sum += v.abs();
            distinct += 1;
            last = v;
        }
    }
    let mean = sum / distinct as f64;
    let near = |gap: f64| gap <= NEAR || gap / mean <= NEAR;
    if !near(smallest) {
        return false;
    }
    let (mut last, mut run) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
    for v in times {
        if *v > last {
            if !near(*v - last) {
                run = *v;
            }
            last = *v;
        }
        *v = run;
    }
    true
}

const DIGIT: u32 = 11;
/// From this size on a radix sort is faster than a comparison sort.
const RADIX_FROM: usize = 4096;

/// Row numbers in ascending order of `key`; equal keys keep the order of the rows.
pub(crate) fn ascending(key: &[f64]) -> Vec<u32> {
    let n = key.len();
    if n < RADIX_FROM {
        let mut pairs: Vec<(u64, u32)> =
            key.iter().enumerate().map(|(i, &v)| (ordered(v), i as u32)).collect();
        pairs.sort_unstable();
        return pairs.into_iter().map(|p| p.1).collect();
    }
    // One word holds the leading bits in which keys differ, and the row. They are sorted by digits; rows that
    // agree in those bits follow in order of row and are sorted by the whole key afterwards.
    let first = ordered(key[0]);
    let differing = key.iter().fold(0, |bits, &v| bits | (ordered(v) ^ first));
    let row_bits = usize::BITS - (n - 1).leading_zeros();
    let digits = (64 - row_bits) / DIGIT;
    let varying = 64 - differing.leading_zeros();
    let lowest = varying.saturating_sub(digits.min(3) * DIGIT);
    let common = if varying == 64 { 0 } else { u64::MAX << varying };
    let leading = |v: f64| (ordered(v) & !common) >> lowest;
    let mut words: Vec<u64> =
        key.iter().enumerate().map(|(i, &v)| leading(v) << row_bits | i as u64).collect();
    let mut other = vec![0; n];
    for d in 0..digits.min(3) {
        let shift = row_bits + d * DIGIT;
        let digit = |w: u64| (w >> shift) as usize & ((1 << DIGIT) - 1);
        let mut place = [0usize; 1 << DIGIT];
        words.iter().for_each(|&w| place[digit(w)] += 1);
        if place.contains(&n) {
            continue;
        }
        let mut next = 0;
        for count in &mut place {
            next += std::mem::replace(count, next);
        }
        for &w in &words {
            let slot = &mut place[digit(w)];
            other[*slot] = w;
            *slot += 1;
        }
        std::mem::swap(&mut words, &mut other);
    }
    drop(other);
    let row = |w: u64| (w & ((1 << row_bits) - 1)) as u32;
    let mut order: Vec<u32> = words.iter().map(|&w| row(w)).collect();
    let mut start = 0;
    while lowest > 0 && start < n {
        let mut end = start + 1;
        while end < n && words[end] >> row_bits == words[start] >> row_bits {
            end += 1;
        }
        if end - start > 1 {
            order[start..end].sort_unstable_by_key(|&i| (ordered(key[i as usize]), i));
        }
        start = end;
    }
    order
}

/// A binary64 as an integer that sorts alike (no NaN; -0 equals 0).
fn ordered(v: f64) -> u64 {
    let bits = (v + 0.0).to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

fn restored(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key & !(1 << 63) } else { !key })
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
    fn many_rows_sort_like_few() {
        let key: Vec<f64> = (0..20_000u64).map(|i| (i * 7919 % 10_007) as f64 - 5000.25).collect();
        let mut slow: Vec<u32> = (0..key.len() as u32).collect();
        slow.sort_by(|&a, &b| key[a as usize].total_cmp(&key[b as usize]).then(a.cmp(&b)));
        assert_eq!(ascending(&key), slow);
        assert!(key.iter().all(|&v| restored(ordered(v)) == v));
    }

    #[test]
    fn rows_sort_by_time_with_negative_numbers_and_both_zeros() {
        assert_eq!(ascending(&[0.0, -1.0, 3.0, -0.0, -2.0]), vec![4, 1, 0, 3, 2]);
    }
}
