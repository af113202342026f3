//! Harrell's concordance with its infinitesimal-jackknife variance.
use std::collections::BTreeMap;

use super::super::NearTies;
use super::super::data::{Survival, ascending, check_finite, check_len, check_weights};
use super::super::logrank::split;
use super::fit::CoxFit;
use crate::{Result, StatsError};

/// Agreement of a risk score with the order of events.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Concordance {
    /// (concordant + ties in the score / 2) / comparable pairs.
    pub concordance: f64,
    /// Infinitesimal jackknife.
    pub variance: f64,
    pub concordant: f64,
    pub discordant: f64,
    /// Comparable pairs with the same score.
    pub tied_score: f64,
    /// Pairs of events at one time, with different and with equal scores.
    pub tied_time: f64,
    pub tied_both: f64,
}

/// Sums of weights by rank of the score.
struct Tree {
    sums: Vec<f64>,
}

impl Tree {
    fn new(size: usize) -> Self {
        Tree { sums: vec![0.0; size + 1] }
    }

    fn add(&mut self, rank: usize, weight: f64) {
        let mut i = rank + 1;
        while i < self.sums.len() {
            self.sums[i] += weight;
            i += i & i.wrapping_neg();
        }
    }

    /// Weight with a rank below `rank`.
    fn below(&self, rank: usize) -> f64 {
        let (mut i, mut sum) = (rank, 0.0);
        while i > 0 {
            sum += self.sums[i];
            i -= i & i.wrapping_neg();
        }
        sum
    }

    /// Weight below, at and above `rank`.
    fn around(&self, rank: usize) -> [f64; 3] {
        let (low, upto) = (self.below(rank), self.below(rank + 1));
        let all = self.below(self.sums.len() - 1);
        [low, upto - low, all - upto]
    }
}

/// A high `risk` means an early event. Pairs are compared within strata; a pair counts when the earlier time is
/// an event and the other is at risk then. Ties of the score count one half.
pub fn concordance(
    data: &Survival,
    risk: &[f64],
    strata: Option<&[usize]>,
    weights: Option<&[f64]>,
    cluster: Option<&[usize]>,
    near_ties: NearTies,
) -> Result<Concordance> {
    let n = data.len();
    check_len("risk score", n, risk.len())?;
    check_finite("risk score", risk)?;
    if let Some(w) = weights {
        check_weights(w, n)?;
    }
    if let Some(c) = cluster {
        check_len("cluster", n, c.len())?;
    }
    let merged = data.merged(near_ties)?;
    let time = &*merged.time;
    let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
    let mut levels = risk.to_vec();
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    let rank: Vec<usize> = risk.iter().map(|r| levels.partition_point(|l| l < r)).collect();
    let by_time = split(merged.order, strata, n)?;
    let by_entry = match &merged.entry {
        Some(entry) => split(ascending(entry), strata, n)?,
        None => Vec::new(),
    };
    // Per row: weight of its comparable partners, concordant, discordant, tied.
    let mut partners = vec![[0.0; 3]; n];
    let (mut total, mut tied_time, mut tied_both) = ([0.0; 3], 0.0, 0.0);
    for (s, rows) in by_time.iter().enumerate() {
        let rows: Vec<usize> = rows.iter().map(|&i| i as usize).collect();
        let entries: Vec<usize> =
            by_entry.get(s).map_or(Vec::new(), |list| list.iter().map(|&i| i as usize).collect());
        // Backwards: each event against those still at risk after it.
        let mut tree = Tree::new(levels.len());
        let (mut end, mut left) = (rows.len(), entries.len());
        while end > 0 {
            let t = time[rows[end - 1]];
            let mut start = end;
            while start > 0 && time[rows[start - 1]] == t {
                start -= 1;
            }
            let here = &rows[start..end];
            here.iter().filter(|&&i| !data.event[i]).for_each(|&i| tree.add(rank[i], weight(i)));
            if let Some(entry) = &merged.entry {
                while left > 0 && entry[entries[left - 1]] >= t {
                    left -= 1;
                    tree.add(rank[entries[left]], -weight(entries[left]));
                }
            }
            let events: Vec<usize> = here.iter().copied().filter(|&i| data.event[i]).collect();
            for &i in &events {
                // Somebody with a lower score who lives longer agrees.
                let [low, same, high] = tree.around(rank[i]);
                for (k, v) in [low, high, same].into_iter().enumerate() {
                    partners[i][k] += v;
                    total[k] += weight(i) * v;
                }
            }
            let mut by_rank: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
            for &i in &events {
                let e = by_rank.entry(rank[i]).or_insert((0.0, 0.0));
                e.0 += weight(i);
                e.1 += weight(i) * weight(i);
            }
            let all = by_rank.values().fold((0.0, 0.0), |a, v| (a.0 + v.0, a.1 + v.1));
            let same: f64 = by_rank.values().map(|v| (v.0 * v.0 - v.1) / 2.0).sum();
            tied_both += same;
            tied_time += (all.0 * all.0 - all.1) / 2.0 - same;
            events.iter().for_each(|&i| tree.add(rank[i], weight(i)));
            end = start;
        }
        // Forwards: each row against the events during its time at risk.
        let mut events = Tree::new(levels.len());
        let (mut k, mut next) = (0, 0);
        while k < rows.len() {
            let t = time[rows[k]];
            if let Some(entry) = &merged.entry {
                // Events at or before the entry do not count.
                while next < entries.len() && entry[entries[next]] < t {
                    let i = entries[next];
                    let [low, same, high] = events.around(rank[i]);
                    [high, low, same].into_iter().zip(&mut partners[i]).for_each(|(v, p)| *p -= v);
                    next += 1;
                }
            }
            let stop = k + rows[k..].iter().take_while(|&&i| time[i] == t).count();
            let mut add = |i: usize, events: &Tree| {
                let [low, same, high] = events.around(rank[i]);
                [high, low, same].into_iter().zip(&mut partners[i]).for_each(|(v, p)| *p += v);
            };
            rows[k..stop].iter().filter(|&&i| data.event[i]).for_each(|&i| add(i, &events));
            rows[k..stop].iter().filter(|&&i| data.event[i]).for_each(|&i| events.add(rank[i], weight(i)));
            rows[k..stop].iter().filter(|&&i| !data.event[i]).for_each(|&i| add(i, &events));
            k = stop;
        }
    }
    let pairs: f64 = total.iter().sum();
    if pairs <= 0.0 {
        return Err(StatsError::NoEvents { method: "concordance" });
    }
    let somers = (total[0] - total[1]) / pairs;
    let mut influence: BTreeMap<usize, f64> = BTreeMap::new();
    for i in 0..n {
        let [agree, against, tied] = partners[i];
        let change = weight(i) * ((agree - against) - somers * (agree + against + tied)) / pairs;
        *influence.entry(cluster.map_or(i, |c| c[i])).or_insert(0.0) += change;
    }
    let variance = influence.values().map(|v| v * v).sum::<f64>() / 4.0;
    Ok(Concordance {
        concordance: (somers + 1.0) / 2.0,
        variance,
        concordant: total[0],
        discordant: total[1],
        tied_score: total[2],
        tied_time,
        tied_both,
    })
}

impl CoxFit {
    /// Concordance of the fitted linear predictor with the data of the fit, within strata; the variance is by
    /// cluster when the fit had clusters.
    pub fn concordance(&self) -> Result<Concordance> {
        let rows = &self.model.rows;
        let mut stratum = vec![0; rows.n];
        for (s, part) in rows.strata.iter().enumerate() {
            stratum[part.start..part.end].fill(s);
        }
        let risk: Vec<f64> = (0..rows.n)
            .map(|i| {
                let own: f64 = rows.cells(i).zip(&self.model.beta).map(|(x, b)| x * b).sum();
                own + rows.offset.as_ref().map_or(0.0, |o| o[i])
            })
            .collect();
        let cluster: Option<Vec<usize>> =
            self.model.cluster.as_ref().map(|c| rows.order.iter().map(|&i| c[i as usize]).collect());
        let data = Survival { entry: rows.entry.as_deref(), time: &rows.time, event: &rows.event };
        concordance(&data, &risk, Some(&stratum), rows.weight.as_deref(), cluster.as_deref(), NearTies::Exact)
    }
}
