//! Fine and Gray's (1999) regression of the subdistribution hazard, in one sorted scan per evaluation.
//!
//! Somebody with a competing event at T stays in the risk set afterwards with weight G(t-) / G(T-), G the
//! Kaplan–Meier curve of the censoring times. So the risk set is those still followed, plus G(t-) times a running
//! sum of risk / G(T-) over the competing events so far: O(n p) per evaluation.
use std::borrow::Cow;

use super::competing::Competing;
use super::cox::{Arranged, CoxData, CoxOptions, Evaluation, OuterSum, Stop, Ties, maximise};
use super::data::{NearTies, Survival, ascending, check_len, check_level};
use super::{Coefficient, Test};
use crate::linalg::{Cholesky, Matrix, PIVOT_TOLERANCE};
use crate::special::{norm_quantile, norm_sf};
use crate::{Conventions, Result, StatsError, Warning};

/// The factor of the censoring curve where censorings and events share a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CensoringTies {
    /// 1 - c / n, n counting everybody at or after the time (cmprsk).
    #[default]
    All,
    /// 1 - c / (n - d): events leave before censorings (survival::finegray).
    EventsFirst,
}

impl CensoringTies {
    pub fn name(self) -> &'static str {
        match self {
            CensoringTies::All => "censoring curve: factor 1 - c/n (cmprsk)",
            CensoringTies::EventsFirst => "censoring curve: factor 1 - c/(n - d) (survival::finegray)",
        }
    }
}

/// Which events the censoring term of the sandwich sums over when the censoring curve is grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CensoringTerm {
    /// The events of the same censoring group (cmprsk 2.2-11).
    #[default]
    OwnGroup,
    /// All events: the derivative of the score with respect to the group's censoring curve.
    AllEvents,
}

impl CensoringTerm {
    pub fn name(self) -> &'static str {
        match self {
            CensoringTerm::OwnGroup => "censoring term: events of the same censoring group (cmprsk)",
            CensoringTerm::AllEvents => "censoring term: all events",
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub struct FineGrayOptions {
    pub censoring_ties: CensoringTies,
    pub censoring_term: CensoringTerm,
    /// Breslow (cmprsk) or Efron.
    pub ties: Ties,
    pub conf_level: f64,
    pub near_ties: NearTies,
    pub max_iterations: usize,
}

impl Default for FineGrayOptions {
    fn default() -> Self {
        FineGrayOptions {
            censoring_ties: CensoringTies::All,
            censoring_term: CensoringTerm::default(),
            ties: Ties::Breslow,
            conf_level: 0.95,
            near_ties: NearTies::default(),
            max_iterations: 50,
        }
    }
}

#[derive(Debug, Clone)]
pub struct FineGray {
    pub n: usize,
    pub n_event: usize,
    /// With the sandwich as `robust_se` (limits, z and p use it) and the inverse information as `se`.
    pub coefficients: Vec<Coefficient>,
    pub loglik: [f64; 2],
    /// Sandwich with the term for the estimated censoring curve.
    pub vcov: Matrix,
    pub naive_vcov: Matrix,
    pub wald: Test,
    pub iterations: usize,
    /// Distinct times of the cause and the increments of the baseline subdistribution hazard (all covariates 0).
    pub time: Vec<f64>,
    pub baseline: Vec<f64>,
    pub means: Vec<f64>,
    pub conventions: Conventions,
    pub warnings: Vec<Warning>,
    centred: Centred,
}

/// The baseline at the covariate means, which does not overflow.
#[derive(Debug, Clone)]
struct Centred {
    beta: Vec<f64>,
    step: Vec<f64>,
    shift: f64,
}

impl FineGray {
    /// Cumulative incidence for covariates `x` at each of `time`.
    pub fn incidence(&self, x: &[f64]) -> Result<Vec<f64>> {
        check_len("covariates", self.means.len(), x.len())?;
        let eta: f64 = x.iter().zip(&self.means).zip(&self.centred.beta).map(|((x, m), b)| (x - m) * b).sum();
        let risk = (eta - self.centred.shift).exp();
        let mut sum = 0.0;
        Ok(self
            .centred
            .step
            .iter()
            .map(|s| {
                sum += s * risk;
                -(-sum).exp_m1()
            })
            .collect())
    }
}

/// Regression for `cause`; `censoring_group`: any code per row, the censoring curve is estimated within it.
pub fn fine_gray(
    data: &Competing,
    columns: Vec<Cow<[f64]>>,
    cause: u32,
    censoring_group: Option<&[usize]>,
    options: &FineGrayOptions,
) -> Result<FineGray> {
    check_level(options.conf_level)?;
    if options.ties == Ties::Exact {
        return Err(StatsError::Unsupported { method: "Fine-Gray model", combination: "exact ties" });
    }
    let n = data.time.len();
    check_len("cause", n, data.cause.len())?;
    if let Some(g) = censoring_group {
        check_len("censoring group", n, g.len())?;
    }
    if cause == 0 || !data.cause.contains(&cause) {
        return Err(StatsError::NoEvents { method: "Fine-Gray model" });
    }
    let event: Vec<bool> = data.cause.iter().map(|&c| c == cause).collect();
    let rows = Arranged::new(CoxData::new(Survival::new(data.time, &event), columns), options.near_ties)?;
    let mut model = Subdistribution::new(&rows, data.cause, cause, censoring_group, options);
    let p = rows.p;
    let cox = CoxOptions {
        ties: options.ties,
        max_iterations: options.max_iterations,
        stop: Stop::default(),
        ..CoxOptions::default()
    };
    let found = maximise("Fine-Gray model", vec![0.0; p], rows.n_event, &rows.range, &cox, |beta| {
        model.evaluate(beta)
    })?;
    let mut naive = Cholesky::new(&found.at.information, PIVOT_TOLERANCE).inverse();
    for &j in &found.dropped {
        for k in 0..p {
            naive.set(j, k, 0.0);
            naive.set(k, j, 0.0);
        }
    }
    let meat = super::cox::crossproduct(&model.influence(options.censoring_term), p);
    let sandwich = meat.sandwich(&naive);
    let inverse = |j: usize| if rows.scale[j] > 0.0 { 1.0 / rows.scale[j] } else { 0.0 };
    let unscale = |m: &Matrix| {
        let mut out = Matrix::zeros(p);
        for i in 0..p {
            for j in 0..p {
                out.set(i, j, m.get(i, j) * inverse(i) * inverse(j));
            }
        }
        out
    };
    let finite = sandwich.values.iter().chain(&naive.values).chain(&found.beta).all(|v| v.is_finite());
    let estimated = (0..p).filter(|j| !found.dropped.contains(j) && !found.infinite.contains(j));
    if !finite || estimated.into_iter().any(|j| naive.get(j, j) <= 0.0) {
        return Err(StatsError::Impossible {
            method: "Fine-Gray model",
            why: "the information is lost in rounding; look for covariates of enormous size".into(),
        });
    }
    let (vcov, naive_vcov) = (unscale(&sandwich), unscale(&naive));
    let beta: Vec<f64> = (0..p).map(|j| found.beta[j] * inverse(j)).collect();
    let z = norm_quantile(0.5 + options.conf_level / 2.0);
    let mut warnings = Vec::new();
    if !found.dropped.is_empty() {
        warnings.push(Warning::CollinearColumns { columns: found.dropped.clone() });
    }
    warnings.extend(found.infinite.iter().map(|&column| Warning::InfiniteCoefficient { column }));
    let coefficients = (0..p)
        .map(|j| {
            if found.dropped.contains(&j) || found.infinite.contains(&j) {
                return Coefficient::default();
            }
            let known = |v: f64| v.is_finite().then_some(v);
            // The root before the unit: the square of a tiny unit is beyond the range of numbers.
            let error = sandwich.get(j, j).sqrt();
            let (b, se) = (beta[j], error * inverse(j));
            let wald = if error > 0.0 { known(found.beta[j] / error) } else { None };
            Coefficient {
                estimate: known(b),
                se: known(naive.get(j, j).sqrt() * inverse(j)),
                robust_se: known(se),
                z: wald,
                p: wald.map(|z| 2.0 * norm_sf(z.abs())),
                hr: known(b.exp()),
                hr_lower: known((b - z * se).exp()),
                hr_upper: known((b + z * se).exp()),
            }
        })
        .collect::<Vec<Coefficient>>();
    if coefficients.iter().any(|c| c.z.is_some() && (c.hr.is_none() || c.hr_upper.is_none())) {
        warnings.push(Warning::Overflow { what: "a hazard ratio or its limit" });
    }
    if !vcov.values.iter().chain(&naive_vcov.values).all(|v| v.is_finite()) {
        warnings.push(Warning::Overflow { what: "a variance" });
    }
    let wald: f64 = Cholesky::new(&sandwich, PIVOT_TOLERANCE)
        .solve(&found.beta)
        .iter()
        .zip(&found.beta)
        .map(|(a, b)| a * b)
        .sum();
    let at_zero: f64 = beta.iter().zip(&rows.centre).map(|(b, m)| b * m).sum();
    let back = (-model.shift - at_zero).exp();
    Ok(FineGray {
        n,
        n_event: rows.n_event,
        coefficients,
        loglik: [found.null.loglik, found.at.loglik],
        wald: Test::new(wald, p - found.dropped.len()),
        vcov,
        naive_vcov,
        iterations: found.iterations,
        time: rows.events.iter().map(|e| rows.time[e.first as usize]).collect(),
        baseline: model.step.iter().map(|s| s * back).collect(),
        means: rows.centre.clone(),
        conventions: vec![
            options.censoring_ties.name(),
            options.censoring_term.name(),
            options.ties.name(),
            "variance: sandwich with the censoring term",
            "limits: Wald on the log subdistribution hazard ratio",
            options.near_ties.name(),
        ],
        warnings,
        centred: Centred { beta, step: model.step.clone(), shift: model.shift },
    })
}

struct Subdistribution<'a> {
    rows: &'a Arranged,
    ties: Ties,
    /// Had a competing event.
    competing: Vec<bool>,
    group: Vec<usize>,
    groups: usize,
    /// G(t-) per event time and group, and G(T-) per row.
    g_event: Vec<f64>,
    g_row: Vec<f64>,
    /// Row at risk per group, and censorings, per distinct time; for the censoring martingale.
    censoring: Vec<CensoringTime>,
    risk: Vec<f64>,
    shift: f64,
    total: Vec<f64>,
    own: Vec<f64>,
    step: Vec<f64>,
    own_step: Vec<f64>,
    mean: Vec<f64>,
}

/// One distinct time with censorings, per group.
struct CensoringTime {
    /// Rows `first..end` have this time.
    first: usize,
    at_risk: Vec<f64>,
    censored: Vec<f64>,
}

impl<'a> Subdistribution<'a> {
    fn new(
        rows: &'a Arranged,
        cause: &[u32],
        wanted: u32,
        group: Option<&[usize]>,
        options: &FineGrayOptions,
    ) -> Self {
        let sorted: Vec<u32> = rows.order.iter().map(|&i| cause[i as usize]).collect();
        let (mut codes, group): (Vec<usize>, Vec<usize>) = match group {
            None => (vec![0], vec![0; rows.n]),
            Some(g) => {
                let own: Vec<usize> = rows.order.iter().map(|&i| g[i as usize]).collect();
                (own.clone(), own)
            }
        };
        codes.sort_unstable();
        codes.dedup();
        let group: Vec<usize> = group.iter().map(|g| codes.partition_point(|c| c < g)).collect();
        let groups = codes.len();
        let mut at_risk = vec![0.0; groups];
        group.iter().for_each(|&g| at_risk[g] += 1.0);
        let mut g_now = vec![1.0; groups];
        let (mut g_row, mut g_event) = (vec![1.0; rows.n], vec![1.0; rows.events.len() * groups]);
        let mut censoring = Vec::new();
        let (mut k, mut next) = (0, 0);
        while k < rows.n {
            let t = rows.time[k];
            let end = k + rows.time[k..].iter().take_while(|&&x| x == t).count();
            if next < rows.events.len() && rows.events[next].first as usize == k {
                g_event[next * groups..(next + 1) * groups].copy_from_slice(&g_now);
                next += 1;
            }
            let (mut censored, mut events) = (vec![0.0; groups], vec![0.0; groups]);
            for i in k..end {
                g_row[i] = g_now[group[i]];
                let side = if sorted[i] == 0 { &mut censored } else { &mut events };
                side[group[i]] += 1.0;
            }
            if censored.iter().any(|&c| c > 0.0) {
                for g in 0..groups {
                    let n = match options.censoring_ties {
                        CensoringTies::All => at_risk[g],
                        CensoringTies::EventsFirst => at_risk[g] - events[g],
                    };
                    if censored[g] > 0.0 {
                        g_now[g] *= 1.0 - censored[g] / n;
                    }
                }
                let (at_risk, censored) = (at_risk.clone(), censored.clone());
                censoring.push(CensoringTime { first: k, at_risk, censored });
            }
            for g in 0..groups {
                at_risk[g] -= censored[g] + events[g];
                // Beyond the last time of a group cmprsk takes its censoring curve as 0.
                if at_risk[g] == 0.0 && options.censoring_ties == CensoringTies::All {
                    g_now[g] = 0.0;
                }
            }
            k = end;
        }
        Subdistribution {
            rows,
            ties: options.ties,
            competing: sorted.iter().map(|&c| c != 0 && c != wanted).collect(),
            group,
            groups,
            g_event,
            g_row,
            censoring,
            risk: vec![0.0; rows.n],
            shift: 0.0,
            total: vec![0.0; rows.events.len()],
            own: vec![0.0; rows.events.len()],
            step: vec![0.0; rows.events.len()],
            own_step: vec![0.0; rows.events.len()],
            mean: vec![0.0; rows.events.len() * rows.p],
        }
    }

    fn evaluate(&mut self, beta: &[f64]) -> Evaluation {
        let (rows, p, groups) = (self.rows, self.rows.p, self.groups);
        let m = rows.events.len();
        let mut loglik = 0.0;
        let mut largest = f64::NEG_INFINITY;
        for i in 0..rows.n {
            self.risk[i] = rows.cells(i).zip(beta).map(|(x, b)| x * b).sum();
            largest = largest.max(self.risk[i]);
        }
        self.shift = largest;
        for i in 0..rows.n {
            let eta = self.risk[i] - largest;
            if rows.event[i] {
                loglik += eta;
            }
            self.risk[i] = eta.exp();
        }
        // Forwards: those kept after a competing event; backwards: those still followed.
        let (mut kept, mut kept_x) = (vec![0.0; groups], vec![0.0; groups * p]);
        let mut next = 0;
        for (e, event) in rows.events.iter().enumerate() {
            while next < event.first as usize {
                if self.competing[next] {
                    let (g, r) = (self.group[next], self.risk[next] / self.g_row[next]);
                    kept[g] += r;
                    for (s, x) in kept_x[g * p..].iter_mut().zip(rows.cells(next)) {
                        *s += r * x;
                    }
                }
                next += 1;
            }
            let weights = &self.g_event[e * groups..(e + 1) * groups];
            self.total[e] = kept.iter().zip(weights).map(|(k, w)| k * w).sum();
            for j in 0..p {
                self.mean[e * p + j] = (0..groups).map(|g| weights[g] * kept_x[g * p + j]).sum();
            }
        }
        let mut score = vec![0.0; p];
        let mut outer = OuterSum::new(p);
        let (mut followed, mut followed_x, mut own_x) = (0.0, vec![0.0; p], vec![0.0; p]);
        let mut next = rows.n;
        for e in (0..m).rev() {
            let event = rows.events[e];
            while next > event.first as usize {
                next -= 1;
                followed += self.risk[next];
                for (s, x) in followed_x.iter_mut().zip(rows.cells(next)) {
                    *s += self.risk[next] * x;
                }
            }
            self.total[e] += followed;
            let (mut own, d) = (0.0, event.deaths as usize);
            own_x.fill(0.0);
            for i in (event.first as usize..event.end as usize).filter(|&i| rows.event[i]) {
                own += self.risk[i];
                for (s, x) in own_x.iter_mut().zip(rows.cells(i)) {
                    *s += self.risk[i] * x;
                }
            }
            self.own[e] = own;
            let shares = if self.ties == Ties::Efron { d } else { 1 };
            let each = d as f64 / shares as f64;
            let (mut step, mut own_step) = (0.0, 0.0);
            let mut mean_sum = vec![0.0; p];
            for k in 0..shares {
                let part = k as f64 / shares as f64;
                let left = self.total[e] - part * own;
                loglik -= each * left.ln();
                step += each / left;
                own_step += each * (1.0 - part) / left;
                let mean = |j: usize| (self.mean[e * p + j] + followed_x[j] - part * own_x[j]) / left;
                outer.push(-each, (0..p).map(mean));
                for j in 0..p {
                    mean_sum[j] += mean(j) / shares as f64;
                }
            }
            self.mean[e * p..(e + 1) * p].copy_from_slice(&mean_sum);
            self.step[e] = step;
            self.own_step[e] = own_step;
        }
        // Expected events of each row: while followed, and afterwards when the event was a competing one.
        let mut later = vec![0.0; (m + 1) * groups];
        for e in (0..m).rev() {
            for g in 0..groups {
                later[e * groups + g] =
                    later[(e + 1) * groups + g] + self.step[e] * self.g_event[e * groups + g];
            }
        }
        let (mut cumulative, mut e) = (0.0, 0);
        for i in 0..rows.n {
            while e < m && rows.events[e].end as usize <= i {
                cumulative += self.step[e];
                e += 1;
            }
            let here = e < m && rows.events[e].first as usize <= i;
            let mut hazard = cumulative;
            if here {
                hazard += if rows.event[i] { self.own_step[e] } else { self.step[e] };
            }
            if self.competing[i] {
                let from = if here { e + 1 } else { e };
                hazard += later[from * groups + self.group[i]] / self.g_row[i];
            }
            let expected = self.risk[i] * hazard;
            let residual = f64::from(u8::from(rows.event[i])) - expected;
            for (s, x) in score.iter_mut().zip(rows.cells(i)) {
                *s += residual * x;
            }
            if expected > 0.0 {
                outer.push(expected, rows.cells(i));
            }
        }
        Evaluation { loglik, score, information: outer.finish() }
    }

    /// Row-major eta + psi of Fine and Gray (1999), equations 7 and 8: score residual, and the contribution
    /// through the estimated censoring curve. (With Efron ties the mean of an event time is that of its shares.)
    fn influence(&self, term: CensoringTerm) -> Vec<f64> {
        let (rows, p, groups) = (self.rows, self.rows.p, self.groups);
        let m = rows.events.len();
        let mut out = vec![0.0; rows.n * p];
        let (later, later_x) = self.later(|_, _| 1.0);
        let (mut cumulative, mut cumulative_x, mut e) = (0.0, vec![0.0; p], 0);
        for i in 0..rows.n {
            while e < m && rows.events[e].end as usize <= i {
                cumulative += self.step[e];
                (0..p).for_each(|j| cumulative_x[j] += self.step[e] * self.mean[e * p + j]);
                e += 1;
            }
            let here = e < m && rows.events[e].first as usize <= i;
            let step = match here {
                true if rows.event[i] => self.own_step[e],
                true => self.step[e],
                false => 0.0,
            };
            let (r, g) = (self.risk[i], self.group[i]);
            let from = (if here { e + 1 } else { e }) * groups + g;
            for (j, x) in rows.cells(i).enumerate() {
                let mean = if here { self.mean[e * p + j] } else { 0.0 };
                let mut v = -r * (x * (cumulative + step) - (cumulative_x[j] + step * mean));
                if self.competing[i] {
                    v -= r / self.g_row[i] * (x * later[from] - later_x[from * p + j]);
                }
                if rows.event[i] {
                    v += x - mean;
                }
                out[i * p + j] = v;
            }
        }
        let share = |e: usize, g: usize| {
            let event = rows.events[e];
            let all = event.first as usize..event.end as usize;
            let own = all.filter(|&i| rows.event[i] && self.group[i] == g).count();
            own as f64 / f64::from(event.deaths)
        };
        let (later, later_x) = match term {
            CensoringTerm::OwnGroup if groups > 1 => self.later(share),
            _ => (later, later_x),
        };
        // q(u) = sum over event times t >= u and competing events before u of (x - mean(t)) r G(t)/G(T) h(t).
        let mut drift = vec![0.0; groups * p];
        let (mut kept, mut kept_x) = (vec![0.0; groups], vec![0.0; groups * p]);
        let (mut i, mut e) = (0, 0);
        for c in &self.censoring {
            while i < c.first {
                self.keep(i, &mut kept, &mut kept_x);
                (0..p).for_each(|j| out[i * p + j] += drift[self.group[i] * p + j]);
                i += 1;
            }
            while e < m && (rows.events[e].first as usize) < c.first {
                e += 1;
            }
            let mut q = vec![0.0; groups * p];
            for g in 0..groups {
                for j in 0..p {
                    q[g * p + j] = kept_x[g * p + j] * later[e * groups + g]
                        - kept[g] * later_x[(e * groups + g) * p + j];
                    if c.censored[g] > 0.0 {
                        drift[g * p + j] -= q[g * p + j] * c.censored[g] / (c.at_risk[g] * c.at_risk[g]);
                    }
                }
            }
            let t = rows.time[c.first];
            while i < rows.n && rows.time[i] == t {
                let g = self.group[i];
                let censored = !rows.event[i] && !self.competing[i];
                for j in 0..p {
                    out[i * p + j] += drift[g * p + j];
                    if censored {
                        out[i * p + j] += q[g * p + j] / c.at_risk[g];
                    }
                }
                self.keep(i, &mut kept, &mut kept_x);
                i += 1;
            }
        }
        while i < rows.n {
            (0..p).for_each(|j| out[i * p + j] += drift[self.group[i] * p + j]);
            i += 1;
        }
        out
    }

    /// Suffix sums over the event times of h G and h G mean, per group, times a share of each event time.
    fn later(&self, share: impl Fn(usize, usize) -> f64) -> (Vec<f64>, Vec<f64>) {
        let (m, p, groups) = (self.rows.events.len(), self.rows.p, self.groups);
        let (mut later, mut later_x) = (vec![0.0; (m + 1) * groups], vec![0.0; (m + 1) * groups * p]);
        for e in (0..m).rev() {
            for g in 0..groups {
                let v = self.step[e] * self.g_event[e * groups + g] * share(e, g);
                later[e * groups + g] = later[(e + 1) * groups + g] + v;
                for j in 0..p {
                    later_x[(e * groups + g) * p + j] =
                        later_x[((e + 1) * groups + g) * p + j] + v * self.mean[e * p + j];
                }
            }
        }
        (later, later_x)
    }

    fn keep(&self, i: usize, kept: &mut [f64], kept_x: &mut [f64]) {
        if self.competing[i] {
            let (g, r, p) = (self.group[i], self.risk[i] / self.g_row[i], self.rows.p);
            kept[g] += r;
            for (s, x) in kept_x[g * p..].iter_mut().zip(self.rows.cells(i)) {
                *s += r * x;
            }
        }
    }
}

/// Rows for a weighted Cox model that is equivalent to the Fine–Gray model.
#[derive(Debug, Clone, Default)]
pub struct Expanded {
    /// Row of the data.
    pub row: Vec<usize>,
    pub start: Vec<f64>,
    pub stop: Vec<f64>,
    pub event: Vec<bool>,
    pub weight: Vec<f64>,
}

/// The rows that survival::finegray makes: competing cases go on after their event, in intervals between the
/// drops of the censoring curve that hold an event of the cause (Geskus 2011).
pub fn fine_gray_expand(
    data: &Competing,
    cause: u32,
    censoring_ties: CensoringTies,
    near_ties: NearTies,
) -> Result<Expanded> {
    let time = data.merged_times(near_ties)?;
    let n = time.len();
    if cause == 0 || !data.cause.contains(&cause) {
        return Err(StatsError::NoEvents { method: "Fine-Gray model" });
    }
    let order = ascending(&time);
    // Drops of the censoring curve: (time, value up to it), and the last time.
    let (mut cuts, mut g, mut k) = (Vec::new(), 1.0, 0);
    let mut wanted = Vec::new();
    while k < n {
        let t = time[order[k] as usize];
        let end = k + order[k..].iter().take_while(|&&i| time[i as usize] == t).count();
        let tied = order[k..end].iter().map(|&i| data.cause[i as usize]);
        let censored = tied.clone().filter(|&c| c == 0).count();
        if tied.clone().any(|c| c == cause) {
            wanted.push(t);
        }
        if censored > 0 {
            cuts.push((t, g));
            let events = end - k - censored;
            let at_risk = match censoring_ties {
                CensoringTies::All => n - k,
                CensoringTies::EventsFirst => n - k - events,
            };
            g *= 1.0 - censored as f64 / at_risk as f64;
        }
        k = end;
    }
    let last = time.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if cuts.last().is_none_or(|c| c.0 < last) {
        cuts.push((last, g));
    }
    let holds =
        |from: f64, to: f64| wanted.partition_point(|&t| t <= to) > wanted.partition_point(|&t| t <= from);
    let first = time.iter().copied().fold(f64::INFINITY, f64::min);
    let zero = if first > 0.0 { 0.0 } else { 2.0 * first - 1.0 };
    let mut out = Expanded::default();
    let mut push = |row: usize, start: f64, stop: f64, event: bool, weight: f64| {
        out.row.push(row);
        out.start.push(start);
        out.stop.push(stop);
        out.event.push(event);
        out.weight.push(weight);
    };
    for i in 0..n {
        let competing = data.cause[i] != 0 && data.cause[i] != cause;
        let k = cuts.partition_point(|c| c.0 < time[i]);
        if !competing || k >= cuts.len() {
            push(i, zero, time[i], data.cause[i] == cause, 1.0);
            continue;
        }
        push(i, zero, cuts[k].0, false, 1.0);
        for j in k + 1..cuts.len() {
            if holds(cuts[j - 1].0, cuts[j].0) && cuts[j].1 > 0.0 {
                push(i, cuts[j - 1].0, cuts[j].0, false, cuts[j].1 / cuts[k].1);
            }
        }
    }
    Ok(out)
}
