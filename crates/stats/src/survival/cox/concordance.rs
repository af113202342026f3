//! Harrell's concordance with its infinitesimal-jackknife variance.
use std::collections::BTreeMap;

use super::super::NearTies;
use super::super::data::{Merged, Survival, ascending, check_finite, check_len, check_weights};
use super::super::logrank::split;
use super::engine::Running;
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

/// Sums of weights by rank of the score, with their rounding errors: with delayed entry weights are taken off again.
struct Tree {
    sums: Vec<Running>,
}

impl Tree {
    fn new(size: usize) -> Self {
        Tree { sums: vec![Running::default(); size + 1] }
    }

    fn add(&mut self, rank: usize, weight: f64) {
        let mut i = rank + 1;
        while i < self.sums.len() {
            self.sums[i].add(weight);
            i += i & i.wrapping_neg();
        }
    }

    /// Weight with a rank below `rank`.
    fn below(&self, rank: usize) -> f64 {
        let (mut i, mut sum) = (rank, 0.0);
        while i > 0 {
            sum += self.sums[i].value();
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

/// Weight of the pairs whose earlier event is at t; S and G are the curves of the events and of the censorings just before t,
/// n the weight at risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PairWeight {
    /// Every comparable pair alike: Harrell's C.
    #[default]
    Pairs,
    /// S / n, as a Peto-Wilcoxon test.
    Survival,
    /// S / (G n) (Schemper, Wakounig and Heinze 2009).
    SurvivalOverCensoring,
    /// 1 / G^2: Uno's C (Uno, Cai, Pencina, D'Agostino and Wei 2011).
    Uno,
    /// 1 / n: every event alike.
    Events,
}

impl PairWeight {
    /// All, with the names of R's `timewt`.
    pub const ALL: [(&'static str, PairWeight); 5] = [
        ("n", PairWeight::Pairs),
        ("S", PairWeight::Survival),
        ("S/G", PairWeight::SurvivalOverCensoring),
        ("n/G2", PairWeight::Uno),
        ("I", PairWeight::Events),
    ];

    /// What is printed.
    pub fn convention(self) -> &'static str {
        match self {
            PairWeight::Pairs => "Harrell: every comparable pair alike",
            PairWeight::Survival => "pairs weighted by S(t-)/n",
            PairWeight::SurvivalOverCensoring => "pairs weighted by S(t-)/(G(t-) n)",
            PairWeight::Uno => "Uno: pairs weighted by 1/G(t-)^2",
            PairWeight::Events => "pairs weighted by 1/n: every event alike",
        }
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
    concordance_weighted(data, risk, strata, weights, cluster, PairWeight::Pairs, near_ties)
}

/// As [`concordance`], with the pairs weighted by the time of the earlier event. The curves count in the variance as known, as in R.
/// Refused: a weight by the censoring curve with delayed entry.
pub fn concordance_weighted(
    data: &Survival,
    risk: &[f64],
    strata: Option<&[usize]>,
    weights: Option<&[f64]>,
    cluster: Option<&[usize]>,
    pair_weight: PairWeight,
    near_ties: NearTies,
) -> Result<Concordance> {
    if data.entry.is_some() && matches!(pair_weight, PairWeight::SurvivalOverCensoring | PairWeight::Uno) {
        return Err(StatsError::Unsupported {
            method: "concordance",
            combination: "weights by the censoring curve with delayed entry",
        });
    }
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
    let by_time = split(merged.order.clone(), strata, n)?;
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
        let factors = factors(&rows, &entries, &merged, data.event, &weight, pair_weight);
        let factor = |t: f64| match &factors {
            None => 1.0,
            Some(f) => f.binary_search_by(|x| x.0.total_cmp(&t)).map_or(1.0, |k| f[k].1),
        };
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
            let scale = if events.is_empty() { 1.0 } else { factor(t) };
            for &i in &events {
                // Somebody with a lower score who lives longer agrees.
                let [low, same, high] = tree.around(rank[i]);
                for (k, v) in [low, high, same].into_iter().enumerate() {
                    partners[i][k] += scale * v;
                    total[k] += scale * weight(i) * v;
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
            tied_both += scale * same;
            tied_time += scale * ((all.0 * all.0 - all.1) / 2.0 - same);
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
            let scale = if rows[k..stop].iter().any(|&i| data.event[i]) { factor(t) } else { 1.0 };
            rows[k..stop]
                .iter()
                .filter(|&&i| data.event[i])
                .for_each(|&i| events.add(rank[i], scale * weight(i)));
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

/// The weight of the pairs of each event time, in order; `None` when all are 1 (or there are fewer than two events, as in R).
fn factors(
    rows: &[usize],
    entries: &[usize],
    merged: &Merged,
    event: &[bool],
    weight: &impl Fn(usize) -> f64,
    kind: PairWeight,
) -> Option<Vec<(f64, f64)>> {
    if kind == PairWeight::Pairs || rows.iter().filter(|&&i| event[i]).count() < 2 {
        return None;
    }
    let total: f64 = rows.iter().map(|&i| weight(i)).sum();
    let mut at_risk = if merged.entry.is_some() { 0.0 } else { total };
    let (mut s, mut g, mut next, mut k) = (1.0, 1.0, 0, 0);
    let mut out = Vec::new();
    while k < rows.len() {
        let t = merged.time[rows[k]];
        if let Some(entry) = &merged.entry {
            while next < entries.len() && entry[entries[next]] < t {
                at_risk += weight(entries[next]);
                next += 1;
            }
        }
        let stop = k + rows[k..].iter().take_while(|&&i| merged.time[i] == t).count();
        let sum = |events: bool| -> f64 {
            rows[k..stop].iter().filter(|&&i| event[i] == events).map(|&i| weight(i)).sum()
        };
        let (d, c) = (sum(true), sum(false));
        if d > 0.0 {
            let value = match kind {
                PairWeight::Pairs => 1.0,
                PairWeight::Survival => total * s / at_risk,
                PairWeight::SurvivalOverCensoring => total * s / (g * at_risk),
                PairWeight::Uno => 1.0 / (g * g),
                PairWeight::Events => 1.0 / at_risk,
            };
            out.push((t, value));
            s *= ((at_risk - d) / at_risk).max(0.0);
        }
        if c > 0.0 {
            g *= ((at_risk - d - c) / (at_risk - d)).max(0.0);
        }
        at_risk -= d + c;
        k = stop;
    }
    Some(out)
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
