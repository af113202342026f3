//! Log partial likelihood, score and information at one coefficient vector (Breslow and Efron ties).
//!
//! With M the martingale residuals the score is X'M, and the information is
//! sum_i E_i x_i x_i' - sum over event times of the outer products of the risk-set means, where E_i is the
//! expected number of events of row i (Therneau and Grambsch 2000, section 3.1, rearranged). So nothing of order
//! p^2 is kept per risk set.
use super::Ties;
use super::arrange::{Arranged, EventTime, Stratum};
use crate::linalg::Matrix;

/// The likelihood at a coefficient vector (in the scaled units of `Arranged`).
#[derive(Clone)]
pub(crate) struct Evaluation {
    pub loglik: f64,
    pub score: Vec<f64>,
    pub information: Matrix,
}

/// What every row and event time contributes; kept for residuals and curves.
#[derive(Default, Clone)]
pub(crate) struct Hazard {
    /// exp(linear predictor - shift of the stratum), without the case weight.
    pub risk: Vec<f64>,
    /// Per event time: increment of the cumulative hazard for those at risk, and for its own events.
    pub step: Vec<f64>,
    pub own_step: Vec<f64>,
    /// Expected events per row, without the case weight.
    pub expected: Vec<f64>,
    /// Shift of the linear predictor per stratum.
    pub shift: Vec<f64>,
    /// Per event time: weighted risk at risk, and of its events.
    pub total: Vec<f64>,
    pub own: Vec<f64>,
}

pub(super) const BLOCK: usize = 64;

/// Adds sum_k w_k v_k v_k' over blocks of vectors.
pub(crate) struct OuterSum {
    p: usize,
    used: usize,
    /// Column-major block.
    columns: Vec<f64>,
    weights: [f64; BLOCK],
    scaled: [f64; BLOCK],
    sum: Matrix,
}

impl OuterSum {
    pub fn new(p: usize) -> Self {
        OuterSum {
            p,
            used: 0,
            columns: vec![0.0; p * BLOCK],
            weights: [0.0; BLOCK],
            scaled: [0.0; BLOCK],
            sum: Matrix::zeros(p),
        }
    }

    #[inline]
    pub fn push(&mut self, weight: f64, v: impl Iterator<Item = f64>) {
        for (j, value) in v.enumerate() {
            self.columns[j * BLOCK + self.used] = value;
        }
        self.weights[self.used] = weight;
        self.used += 1;
        if self.used == BLOCK {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.weights[self.used..].fill(0.0);
        let (columns, _) = self.columns.as_chunks::<BLOCK>();
        for (a, column) in columns.iter().enumerate() {
            for k in 0..BLOCK {
                self.scaled[k] = self.weights[k] * column[k];
            }
            for (b, other) in columns.iter().enumerate().skip(a) {
                let v = dot(&self.scaled, other);
                self.sum.values[a * self.p + b] += v;
            }
        }
        self.used = 0;
    }

    pub fn finish(mut self) -> Matrix {
        if self.used > 0 {
            self.flush();
        }
        for a in 0..self.p {
            for b in 0..a {
                self.sum.set(a, b, self.sum.get(b, a));
            }
        }
        self.sum
    }
}

/// Eight fixed lanes: the order of summation never changes.
#[inline]
fn dot(a: &[f64; BLOCK], b: &[f64; BLOCK]) -> f64 {
    let mut lanes = [0.0; 8];
    let (ca, _) = a.as_chunks::<8>();
    let (cb, _) = b.as_chunks::<8>();
    for (x, y) in ca.iter().zip(cb) {
        for l in 0..8 {
            lanes[l] += x[l] * y[l];
        }
    }
    ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]))
}

/// A running sum with its rounding error, for sums that are also subtracted from.
#[derive(Clone, Copy, Default)]
pub(crate) struct Running {
    sum: f64,
    error: f64,
}

impl Running {
    pub fn add(&mut self, v: f64) {
        let t = self.sum + v;
        self.error += if self.sum.abs() >= v.abs() { (self.sum - t) + v } else { (v - t) + self.sum };
        self.sum = t;
    }

    pub fn value(self) -> f64 {
        self.sum + self.error
    }
}

pub(crate) struct Engine<'a> {
    pub rows: &'a Arranged,
    pub ties: Ties,
    pub hazard: Hazard,
}

impl<'a> Engine<'a> {
    pub fn new(rows: &'a Arranged, ties: Ties) -> Self {
        Engine { rows, ties, hazard: Hazard::default() }
    }

    /// Log-likelihood, score and information at `beta` (scaled units); the hazard is not kept.
    pub fn evaluate(&mut self, beta: &[f64]) -> Evaluation {
        let found = super::moments::followed_from_origin(self.rows, self.ties, beta, &mut self.hazard.risk);
        if let Some(evaluation) = found {
            return evaluation;
        }
        let loglik = self.hazards(beta);
        let p = self.rows.p;
        let mut score = vec![0.0; p];
        let mut outer = OuterSum::new(p);
        for i in 0..self.rows.n {
            let w = self.rows.weight(i);
            let expected = w * self.hazard.expected[i];
            let m = if self.rows.event[i] { w - expected } else { -expected };
            for (s, v) in score.iter_mut().zip(self.rows.cells(i)) {
                *s += m * v;
            }
            if expected > 0.0 {
                outer.push(expected, self.rows.cells(i));
            }
        }
        self.for_each_mean(|_, _, weight, mean| outer.push(-weight, mean.iter().copied()));
        Evaluation { loglik, score, information: outer.finish() }
    }

    /// The hazard quantities and the log-likelihood at `beta`.
    pub fn hazards(&mut self, beta: &[f64]) -> f64 {
        let rows = self.rows;
        let h = &mut self.hazard;
        h.risk.resize(rows.n, 0.0);
        h.expected.resize(rows.n, 0.0);
        h.shift.clear();
        for v in [&mut h.step, &mut h.own_step, &mut h.total, &mut h.own] {
            v.resize(rows.events.len(), 0.0);
        }
        let still = beta.iter().all(|&b| b == 0.0) && rows.offset.is_none();
        let mut loglik = Running::default();
        for s in &rows.strata {
            if still {
                h.shift.push(0.0);
                h.risk[s.start..s.end].fill(1.0);
            } else {
                let shift = predictor(rows, s, beta, &mut h.risk);
                h.shift.push(shift);
                let less = if shift.is_finite() { shift } else { 0.0 };
                super::moments::exponentials(rows, s, less, &mut h.risk, |own| loglik.add(own));
            }
            risk_totals(rows, s, h);
            loglik.add(-steps(rows, s, self.ties, h));
            expected_events(rows, s, h);
        }
        loglik.value()
    }

    /// Calls `visit(event time, share k, weight, mean)` for every event time and each of its Efron shares, by
    /// stratum, descending in time; the mean is that of the covariates in the risk set.
    pub fn for_each_mean(&self, mut visit: impl FnMut(usize, usize, f64, &[f64])) {
        let rows = self.rows;
        let p = rows.p;
        let mut mean = vec![0.0; p];
        for s in &rows.strata {
            let mut at_risk = RiskSum::new(rows, s, &self.hazard);
            let mut own = vec![0.0; p];
            for e in s.events.clone().rev() {
                let event = rows.events[e];
                at_risk.move_to(&event);
                let sums = at_risk.sums();
                let shares = shares(self.ties, event.deaths);
                if shares > 1 {
                    own.fill(0.0);
                    for i in event.first as usize..event.end as usize {
                        if rows.event[i] {
                            let r = self.hazard.risk[i] * rows.weight(i);
                            own.iter_mut().zip(rows.cells(i)).for_each(|(o, x)| *o += r * x);
                        }
                    }
                }
                let weight = death_weight(rows, &event) / shares as f64;
                for k in 0..shares {
                    let part = k as f64 / shares as f64;
                    let inverse = 1.0 / (self.hazard.total[e] - part * self.hazard.own[e]);
                    for j in 0..p {
                        mean[j] = (sums[j] - part * own[j]) * inverse;
                    }
                    visit(e, k, weight, &mean);
                }
            }
        }
    }
}

/// Efron splits an event time into as many shares as it has events.
pub(crate) fn shares(ties: Ties, deaths: u32) -> usize {
    if ties == Ties::Efron { deaths as usize } else { 1 }
}

/// Summed case weight of the events at one time.
pub(crate) fn death_weight(rows: &Arranged, event: &EventTime) -> f64 {
    match &rows.weight {
        None => f64::from(event.deaths),
        Some(w) => (event.first as usize..event.end as usize).filter(|&i| rows.event[i]).map(|i| w[i]).sum(),
    }
}

/// Writes the linear predictor; returns its maximum.
fn predictor(rows: &Arranged, s: &Stratum, beta: &[f64], out: &mut [f64]) -> f64 {
    match &rows.offset {
        Some(o) => out[s.start..s.end].copy_from_slice(&o[s.start..s.end]),
        None => out[s.start..s.end].fill(0.0),
    }
    super::moments::add_predictor(rows, s, beta, out)
}

/// Weighted risk of everybody at risk, and of the events, per event time.
fn risk_totals(rows: &Arranged, s: &Stratum, h: &mut Hazard) {
    let weighted = |h: &Hazard, i: usize| h.risk[i] * rows.weight(i);
    match rows.by_entry.as_ref().zip(rows.entry.as_ref()) {
        None => {
            // Every row gets its total, whether it has an event or not: that spares unpredictable branches.
            let (start, end) = (s.start, s.end);
            let totals = h.expected[start..end].iter_mut().zip(&h.risk[start..end]);
            let mut sum = 0.0;
            match &rows.weight {
                None => totals.rev().for_each(|(at, r)| {
                    sum += r;
                    *at = sum;
                }),
                Some(w) => totals.zip(&w[start..end]).rev().for_each(|((at, r), w)| {
                    sum += r * w;
                    *at = sum;
                }),
            }
            for e in s.events.clone() {
                h.total[e] = h.expected[rows.events[e].first as usize];
            }
        }
        Some((by_entry, entry)) => {
            let (mut sum, mut earliest) = (Running::default(), f64::INFINITY);
            let (mut next, mut left) = (s.end, s.end);
            for e in s.events.clone().rev() {
                let event = rows.events[e];
                // Nobody at risk afterwards is at risk here: a difference would leave the rounding of their sum.
                let apart = earliest >= rows.time[event.first as usize];
                if apart {
                    (sum, earliest) = (Running::default(), f64::INFINITY);
                }
                while next > event.first as usize {
                    next -= 1;
                    if !apart || entry[next] < rows.time[event.first as usize] {
                        earliest = earliest.min(entry[next]);
                        sum.add(weighted(h, next));
                    }
                }
                while left > event.entered as usize {
                    left -= 1;
                    if !apart {
                        sum.add(-weighted(h, by_entry[left] as usize));
                    }
                }
                h.total[e] = sum.value();
            }
        }
    }
    for e in s.events.clone() {
        let event = rows.events[e];
        let mut own = 0.0;
        // A single event has nothing to share.
        if event.deaths == 1 {
            continue;
        }
        for i in event.first as usize..event.end as usize {
            if rows.event[i] {
                own += weighted(h, i);
            }
        }
        h.own[e] = own;
    }
}

/// Hazard increments; returns the sum of the weighted logarithms of the risk totals.
fn steps(rows: &Arranged, s: &Stratum, ties: Ties, h: &mut Hazard) -> f64 {
    let mut logs = Running::default();
    // Totals of weight 1 are multiplied up before the logarithm is taken.
    let mut product = 1.0;
    for e in s.events.clone() {
        let event = rows.events[e];
        let weight = death_weight(rows, &event);
        if weight == 0.0 {
            (h.step[e], h.own_step[e]) = (0.0, 0.0);
            continue;
        }
        let shares = shares(ties, event.deaths);
        let (mut step, mut own_step) = (0.0, 0.0);
        let each = weight / shares as f64;
        if shares == 1 {
            let left = h.total[e];
            add_log(&mut logs, &mut product, each, left);
            h.step[e] = each / left;
            h.own_step[e] = h.step[e];
            continue;
        }
        for k in 0..shares {
            let part = k as f64 / shares as f64;
            let left = h.total[e] - part * h.own[e];
            add_log(&mut logs, &mut product, each, left);
            step += each / left;
            own_step += each * (1.0 - part) / left;
        }
        h.step[e] = step;
        h.own_step[e] = own_step;
    }
    logs.add(product.ln());
    logs.value()
}

#[inline]
pub(super) fn add_log(logs: &mut Running, product: &mut f64, weight: f64, total: f64) {
    if weight == 1.0 && total > 1e-100 {
        *product *= total;
        if !(1e-150..1e150).contains(product) {
            logs.add(product.ln());
            *product = 1.0;
        }
    } else {
        logs.add(weight * total.ln());
    }
}

/// Expected events of every row: its risk times the hazard over its time at risk.
pub(crate) fn expected_events(rows: &Arranged, s: &Stratum, h: &mut Hazard) {
    h.expected[s.start..s.end].fill(0.0);
    for e in s.events.clone() {
        h.expected[rows.events[e].first as usize] = h.step[e];
    }
    let mut cumulative = 0.0;
    // Rows hold the step of their time, if it begins with them; afterwards what is expected.
    let pass = |h: &mut Hazard, from: usize, upto: usize, cumulative: &mut f64| {
        for (expected, r) in h.expected[from..upto].iter_mut().zip(&h.risk[from..upto]) {
            *cumulative += *expected;
            *expected = r * *cumulative;
        }
    };
    let mut next = s.start;
    for e in s.events.clone() {
        let event = rows.events[e];
        if event.deaths == 1 {
            continue;
        }
        // Several events at one time: their own part is another than that of the others.
        pass(h, next, event.first as usize, &mut cumulative);
        for i in event.first as usize..event.end as usize {
            let own = if rows.event[i] { h.own_step[e] } else { h.step[e] };
            h.expected[i] = h.risk[i] * (cumulative + own);
        }
        cumulative += h.step[e];
        next = event.end as usize;
    }
    pass(h, next, s.end, &mut cumulative);
    let Some(before) = &rows.before_entry else { return };
    // The hazard before entry is taken off; where little of it is left, by summing from the entry on instead.
    let mut at_entry = vec![0.0; s.events.len() + 1];
    for (k, e) in s.events.clone().enumerate() {
        at_entry[k + 1] = at_entry[k] + h.step[e];
    }
    for i in s.start..s.end {
        let (from, risk) = (before[i] as usize, h.risk[i]);
        let taken = risk * at_entry[from];
        let rest = h.expected[i] - taken;
        h.expected[i] = if rest.abs() >= LITTLE * taken.abs() {
            rest
        } else {
            let upto = events_before(rows, s, i);
            let mut sum: f64 = h.step[s.events.start + from..s.events.start + upto.max(from)].iter().sum();
            let here = s.events.start + upto;
            if here < s.events.end && rows.events[here].first as usize <= i {
                sum += if rows.event[i] { h.own_step[here] } else { h.step[here] };
            }
            risk * sum
        };
    }
}

/// A difference of sums below this part of them is summed afresh.
pub(super) const LITTLE: f64 = 1e-3;

/// Event times of the stratum before the time of row `i`.
pub(super) fn events_before(rows: &Arranged, s: &Stratum, i: usize) -> usize {
    rows.events[s.events.clone()].partition_point(|e| e.end as usize <= i)
}

/// The risk-weighted covariate sums of the risk set, moved backwards in time.
pub(crate) struct RiskSum<'a> {
    rows: &'a Arranged,
    hazard: &'a Hazard,
    next: usize,
    left: usize,
    /// Earliest entry of those added so far.
    earliest: f64,
    plain: Vec<f64>,
    running: Vec<Running>,
}

impl<'a> RiskSum<'a> {
    pub fn new(rows: &'a Arranged, s: &Stratum, hazard: &'a Hazard) -> Self {
        let running = if rows.by_entry.is_some() { vec![Running::default(); rows.p] } else { Vec::new() };
        RiskSum {
            rows,
            hazard,
            next: s.end,
            left: s.end,
            earliest: f64::INFINITY,
            plain: vec![0.0; rows.p],
            running,
        }
    }

    pub fn move_to(&mut self, event: &EventTime) {
        let rows = self.rows;
        let Some((by_entry, entry)) = rows.by_entry.as_ref().zip(rows.entry.as_ref()) else {
            while self.next > event.first as usize {
                self.next -= 1;
                let r = self.hazard.risk[self.next] * rows.weight(self.next);
                for (s, x) in self.plain.iter_mut().zip(rows.cells(self.next)) {
                    *s += r * x;
                }
            }
            return;
        };
        // As in the totals of the risk: what nobody shares is not kept as a difference.
        let time = rows.time[event.first as usize];
        let apart = self.earliest >= time;
        if apart {
            self.running.fill(Running::default());
            self.earliest = f64::INFINITY;
        }
        while self.next > event.first as usize {
            self.next -= 1;
            if apart && entry[self.next] >= time {
                continue;
            }
            self.earliest = self.earliest.min(entry[self.next]);
            let r = self.hazard.risk[self.next] * rows.weight(self.next);
            self.running.iter_mut().zip(rows.cells(self.next)).for_each(|(s, x)| s.add(r * x));
        }
        while self.left > event.entered as usize {
            self.left -= 1;
            if apart {
                continue;
            }
            let i = by_entry[self.left] as usize;
            let r = self.hazard.risk[i] * rows.weight(i);
            self.running.iter_mut().zip(rows.cells(i)).for_each(|(s, x)| s.add(-r * x));
        }
        self.plain.iter_mut().zip(&self.running).for_each(|(p, r)| *p = r.value());
    }

    pub fn sums(&self) -> &[f64] {
        &self.plain
    }
}
