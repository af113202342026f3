//! Fisher's exact test of an r x c table, by stages over its columns, and by seeded Monte Carlo.

use std::collections::BTreeMap;

use super::binomial::SLACK;
use crate::inference::{TestResult, impossible};
use crate::random::Philox;
use crate::special::ln_factorial;
use crate::{Result, StatsError};

const NAME: &str = "Fisher's exact test, r x c";

/// Rows and columns with anything in them.
fn reduced(table: &[Vec<u64>]) -> Result<Vec<Vec<u64>>> {
    let columns = table.first().map_or(0, Vec::len);
    for row in table {
        if row.len() != columns {
            return Err(StatsError::Length { what: "table row", expected: columns, got: row.len() });
        }
    }
    let keep: Vec<usize> = (0..columns).filter(|&j| table.iter().any(|r| r[j] > 0)).collect();
    let rows: Vec<Vec<u64>> = table
        .iter()
        .map(|r| keep.iter().map(|&j| r[j]).collect::<Vec<u64>>())
        .filter(|r| r.iter().any(|&v| v > 0))
        .collect();
    if rows.len() < 2 || keep.len() < 2 {
        return impossible(NAME, "fewer than two rows or columns hold anything");
    }
    Ok(rows)
}

/// What is left of the rows, sorted: rows with equal remainders are interchangeable from here on.
type Remainder = Vec<u64>;

/// Largest and smallest ln product of 1/x! over all ways to finish, and the ln of their sum.
#[derive(Clone, Copy)]
struct Future {
    most: f64,
    least: f64,
    ln_total: f64,
}

/// A column partly handed out: remainders of the first rows, what is still to hand out, what the other rows hold.
struct Handed {
    now: Vec<u64>,
    count: u64,
    rest: u64,
    ln: f64,
}

struct Stages {
    columns: Vec<u64>,
    futures: Vec<BTreeMap<Remainder, Future>>,
    ln_factorial: Vec<f64>,
    visited: usize,
    limit: usize,
}

impl Stages {
    /// Calls `act` with every way to hand one column's `count` to the rows: sorted remainder, ln of 1/product of
    /// factorials.
    fn allocations(&self, left: &[u64], count: u64, act: &mut dyn FnMut(Remainder, f64)) {
        let start = Handed { now: Vec::with_capacity(left.len()), count, rest: left.iter().sum(), ln: 0.0 };
        self.hand_out(left, start, act);
    }

    fn hand_out(&self, left: &[u64], done: Handed, act: &mut dyn FnMut(Remainder, f64)) {
        let i = done.now.len();
        let rest = done.rest - left[i];
        // what the later rows cannot take must go here
        for k in done.count.saturating_sub(rest)..=done.count.min(left[i]) {
            let mut now = done.now.clone();
            now.push(left[i] - k);
            let ln = done.ln - self.ln_factorial[k as usize];
            if now.len() == left.len() {
                now.sort_unstable();
                act(now, ln);
            } else {
                self.hand_out(left, Handed { now, count: done.count - k, rest, ln }, act);
            }
        }
    }

    fn future(&mut self, stage: usize, left: &Remainder) -> Option<Future> {
        if let Some(f) = self.futures[stage].get(left) {
            return Some(*f);
        }
        let result = if stage + 1 == self.columns.len() {
            // the last column takes what is left
            let ln = -left.iter().map(|&k| self.ln_factorial[k as usize]).sum::<f64>();
            Future { most: ln, least: ln, ln_total: ln }
        } else {
            let mut next = Vec::new();
            self.allocations(left, self.columns[stage], &mut |r, ln| next.push((r, ln)));
            self.visited += next.len();
            if self.visited > self.limit {
                return None;
            }
            let mut f = Future { most: f64::NEG_INFINITY, least: f64::INFINITY, ln_total: 0.0 };
            let mut parts = Vec::with_capacity(next.len());
            for (r, ln) in next {
                let after = self.future(stage + 1, &r)?;
                f.most = f.most.max(ln + after.most);
                f.least = f.least.min(ln + after.least);
                parts.push(ln + after.ln_total);
            }
            let top = parts.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            f.ln_total = top + parts.iter().map(|p| (p - top).exp()).sum::<f64>().ln();
            f
        };
        self.futures[stage].insert(left.clone(), result);
        Some(result)
    }
}

/// Fisher's exact test of a table given row by row: probability of all tables with these margins that are no more
/// probable than the observed one (relative slack 1e-7). Tables that would need more than about ten million steps are
/// refused: use [`fisher_rxc_monte_carlo`].
pub fn fisher_rxc(table: &[Vec<u64>]) -> Result<TestResult> {
    let rows = reduced(table)?;
    // fewer states when the shorter side is handed out column by column
    let rows = if rows.len() > rows[0].len() { transpose(&rows) } else { rows };
    let n: u64 = rows.iter().flatten().sum();
    let ln_factorials: Vec<f64> = (0..=n).map(ln_factorial).collect();
    let mut columns: Vec<u64> = transpose(&rows).iter().map(|c| c.iter().sum()).collect();
    columns.sort_unstable();
    let mut left: Remainder = rows.iter().map(|r| r.iter().sum()).collect();
    left.sort_unstable();
    let observed = -rows.iter().flatten().map(|&x| ln_factorials[x as usize]).sum::<f64>();
    let threshold = observed + SLACK.ln();
    let stage_count = columns.len();
    let mut stages = Stages {
        columns,
        futures: vec![BTreeMap::new(); stage_count],
        ln_factorial: ln_factorials,
        visited: 0,
        limit: 10_000_000,
    };
    let too_large = || StatsError::Impossible {
        method: NAME,
        why: "the table has too many companions to count; use the Monte Carlo version".into(),
    };
    let whole = stages.future(0, &left).ok_or_else(too_large)?;
    // Paths with the same remainder and the same product so far are one node; the key keeps twelve decimals of ln.
    let key = |ln: f64| (ln * 1e12).round() as i64;
    let mut nodes: BTreeMap<(Remainder, i64), (f64, f64)> = BTreeMap::new();
    nodes.insert((left, 0), (0.0, 1.0));
    let mut parts: Vec<f64> = Vec::new();
    for stage in 0..stage_count {
        let mut next: BTreeMap<(Remainder, i64), (f64, f64)> = BTreeMap::new();
        for ((left, _), (past, ways)) in nodes {
            let future = stages.future(stage, &left).ok_or_else(too_large)?;
            if past + future.most <= threshold {
                parts.push((past + future.ln_total - whole.ln_total).exp() * ways);
                continue;
            }
            if past + future.least > threshold {
                continue;
            }
            if stage + 1 == stage_count {
                continue;
            }
            let count = stages.columns[stage];
            stages.allocations(&left, count, &mut |r, ln| {
                let past = past + ln;
                next.entry((r, key(past))).or_insert((past, 0.0)).1 += ways;
            });
            if next.len() > 5_000_000 {
                return Err(too_large());
            }
        }
        nodes = next;
    }
    parts.sort_by(f64::total_cmp);
    Ok(TestResult::exact(NAME, parts.iter().sum::<f64>().min(1.0))
        .convention("two-sided by small probabilities, slack 1e-7"))
}

fn transpose(rows: &[Vec<u64>]) -> Vec<Vec<u64>> {
    (0..rows[0].len()).map(|j| rows.iter().map(|r| r[j]).collect()).collect()
}

/// Monte Carlo version of Fisher's r x c test.
#[derive(Debug, Clone, PartialEq)]
pub struct FisherMonteCarlo {
    /// (1 + tables no more probable)/(1 + tables drawn)
    pub test: TestResult,
    /// Monte Carlo standard error of p.
    pub standard_error: f64,
}

/// Fisher's exact test by `tables` random tables with the same margins. Same seed, same answer.
pub fn fisher_rxc_monte_carlo(table: &[Vec<u64>], tables: u64, seed: u64) -> Result<FisherMonteCarlo> {
    let rows = reduced(table)?;
    if tables == 0 {
        return Err(StatsError::Option { name: "number of random tables", value: 0.0, range: "at least 1" });
    }
    let n: u64 = rows.iter().flatten().sum();
    let ln_factorials: Vec<f64> = (0..=n).map(ln_factorial).collect();
    let ln = |cells: &[u64]| -cells.iter().map(|&x| ln_factorials[x as usize]).sum::<f64>();
    let observed = ln(&rows.concat()) + SLACK.ln();
    let width = rows[0].len();
    let mut labels: Vec<usize> = transpose(&rows)
        .iter()
        .enumerate()
        .flat_map(|(j, c)| vec![j; c.iter().sum::<u64>() as usize])
        .collect();
    let sizes: Vec<usize> = rows.iter().map(|r| r.iter().sum::<u64>() as usize).collect();
    let mut hits = 0u64;
    for draw in 0..tables {
        let mut random = Philox::new(seed, draw);
        random.shuffle(&mut labels);
        let mut cells = vec![0u64; width * sizes.len()];
        let mut at = 0;
        for (i, &size) in sizes.iter().enumerate() {
            for &j in &labels[at..at + size] {
                cells[i * width + j] += 1;
            }
            at += size;
        }
        if ln(&cells) <= observed {
            hits += 1;
        }
    }
    let p = (hits as f64 + 1.0) / (tables as f64 + 1.0);
    Ok(FisherMonteCarlo {
        test: TestResult::exact("Fisher's test, Monte Carlo", p),
        standard_error: (p * (1.0 - p) / tables as f64).sqrt(),
    })
}
