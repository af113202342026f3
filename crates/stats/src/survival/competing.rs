//! Competing risks: Aalen–Johansen cumulative incidence, its variances, time lost, and Gray's test.
use super::data::{NearTies, Survival, ascending, check_finite, check_groups, check_len, check_level};
use super::logrank::split;
use super::{ConfType, Test};
use crate::linalg::{Cholesky, Matrix, PIVOT_TOLERANCE};
use crate::special::norm_quantile;
use crate::{Conventions, Result, StatsError, Warning};

/// Follow-up with causes: 0 = censored, k = event of cause k.
#[derive(Debug, Clone, Copy)]
pub struct Competing<'a> {
    pub time: &'a [f64],
    pub cause: &'a [u32],
}

impl Competing<'_> {
    pub(crate) fn merged_times(&self, near_ties: NearTies) -> Result<Vec<f64>> {
        if self.time.is_empty() {
            return Err(StatsError::NoRows);
        }
        check_len("cause", self.time.len(), self.cause.len())?;
        check_finite("time", self.time)?;
        let event = vec![true; self.time.len()];
        Ok(Survival::new(self.time, &event).merged(near_ties)?.time.into_owned())
    }

    /// The largest cause that occurs.
    pub fn causes(&self) -> usize {
        self.cause.iter().copied().max().unwrap_or(0) as usize
    }
}

#[derive(Debug, Clone, Copy)]
pub struct CumulativeIncidenceOptions {
    pub conf_level: f64,
    pub conf_type: ConfType,
    pub near_ties: NearTies,
}

impl Default for CumulativeIncidenceOptions {
    fn default() -> Self {
        CumulativeIncidenceOptions {
            conf_level: 0.95,
            conf_type: ConfType::default(),
            near_ties: NearTies::default(),
        }
    }
}

/// State probabilities of one group at each distinct time: state 0 event free, state k had cause k.
#[derive(Debug, Clone, Default)]
pub struct CumulativeIncidence {
    pub n: usize,
    pub time: Vec<f64>,
    pub n_risk: Vec<f64>,
    /// Per time and state.
    pub probability: Vec<Vec<f64>>,
    /// Infinitesimal jackknife, per time and state.
    pub std_err: Vec<Vec<f64>>,
    /// Variance of cmprsk (Aalen type), per time and cause (index 0 = cause 1); constant between the events of
    /// the cause, as cmprsk reports it.
    pub aalen_variance: Vec<Vec<f64>>,
    pub conventions: Conventions,
    pub warnings: Vec<Warning>,
    conf: (f64, ConfType),
    states: usize,
}

/// State probabilities at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidenceAt {
    pub time: f64,
    pub n_risk: f64,
    /// Per state.
    pub probability: Vec<f64>,
    pub std_err: Vec<f64>,
    pub lower: Vec<Option<f64>>,
    pub upper: Vec<Option<f64>>,
    /// Per cause.
    pub aalen_variance: Vec<f64>,
    pub carried_on: bool,
}

/// Aalen and Johansen (1978) per group `0..groups`; `causes` at least the largest cause that occurs.
pub fn cumulative_incidence(
    data: &Competing,
    group: &[usize],
    groups: usize,
    causes: usize,
    options: &CumulativeIncidenceOptions,
) -> Result<Vec<CumulativeIncidence>> {
    check_level(options.conf_level)?;
    let time = data.merged_times(options.near_ties)?;
    check_len("group", time.len(), group.len())?;
    check_groups(group, groups)?;
    if data.causes() > causes {
        let row = data.cause.iter().position(|&c| c as usize > causes).unwrap_or(0);
        return Err(StatsError::OutOfRange {
            what: "cause",
            row: row + 1,
            value: f64::from(data.cause[row]),
            range: "the causes that were announced",
        });
    }
    let z = norm_quantile(0.5 + options.conf_level / 2.0);
    let mut rows = vec![Vec::new(); groups];
    for i in ascending(&time) {
        rows[group[i as usize]].push(i as usize);
    }
    Ok(rows
        .into_iter()
        .enumerate()
        .map(|(g, rows)| {
            let mut c = estimate(&rows, &time, data.cause, causes);
            c.conf = (z, options.conf_type);
            c.conventions = vec![
                "cumulative incidence: Aalen-Johansen",
                "standard error: infinitesimal jackknife",
                options.conf_type.convention(),
                options.near_ties.name(),
            ];
            if rows.is_empty() {
                c.warnings.push(Warning::EmptyGroup { group: g });
            } else if rows.iter().all(|&i| data.cause[i] == 0) {
                c.warnings.push(Warning::NoEvents);
            }
            c
        })
        .collect())
}

/// Sums over those who have left, of the parts of their influence: it is v + u F afterwards.
/// Kept to twice the digits: where everybody has had the event, the parts are large and cancel.
#[derive(Clone, Copy, Default)]
struct Left {
    uu: Double,
    uv: Double,
    vv: Double,
}

impl Left {
    /// Sum of the squares of v + u f.
    fn squares(&self, f: f64) -> f64 {
        self.vv.plus(self.uv.times(2.0 * f)).plus(self.uu.times(f).times(f)).high.max(0.0)
    }
}

/// A number of twice the digits: the sum of two (Dekker 1971).
#[derive(Clone, Copy, Default)]
struct Double {
    high: f64,
    low: f64,
}

impl Double {
    /// a b without rounding.
    fn product(a: f64, b: f64) -> Double {
        let split = |v: f64| {
            let c = 134_217_729.0 * v;
            let high = c - (c - v);
            (high, v - high)
        };
        let ((ah, al), (bh, bl)) = (split(a), split(b));
        let high = a * b;
        Double { high, low: ((ah * bh - high) + ah * bl + al * bh) + al * bl }
    }

    fn plus(self, other: Double) -> Double {
        let sum = self.high + other.high;
        let part = sum - self.high;
        let error = (self.high - (sum - part)) + (other.high - part) + self.low + other.low;
        let high = sum + error;
        Double { high, low: error - (high - sum) }
    }

    fn times(self, b: f64) -> Double {
        let p = Double::product(self.high, b);
        let error = p.low + self.low * b;
        let high = p.high + error;
        Double { high, low: error - (high - p.high) }
    }
}

fn estimate(rows: &[usize], time: &[f64], cause: &[u32], causes: usize) -> CumulativeIncidence {
    let mut out = CumulativeIncidence { n: rows.len(), states: causes + 1, ..Default::default() };
    let (mut s, mut f) = (1.0, vec![0.0; causes]);
    // Influence on S and F of somebody still at risk (all share it), and of those who have left.
    let (mut own_s, mut own_f) = (0.0, vec![0.0; causes]);
    let mut left = vec![Left::default(); causes];
    let mut left_s = 0.0;
    let mut aalen: Vec<Aalen> = vec![Aalen::default(); causes];
    let mut k = 0;
    while k < rows.len() {
        let t = time[rows[k]];
        let end = k + rows[k..].iter().take_while(|&&i| time[i] == t).count();
        let n = (rows.len() - k) as f64;
        let mut d = vec![0.0; causes];
        rows[k..end].iter().filter(|&&i| cause[i] > 0).for_each(|&i| d[cause[i] as usize - 1] += 1.0);
        let all: f64 = d.iter().sum();
        let before = s;
        let next = if n > all { s * (n - all) / n } else { 0.0 };
        for c in 0..causes {
            aalen[c].step(n, d[c], all - d[c], before, next, f[c] + before * d[c] / n);
        }
        // d p / d w: dh_c = (dN_c - h_c) / n for everybody at risk.
        let shared_s = if n > all { own_s * (n - all) / n + before * all / (n * n) } else { 0.0 };
        let shared_f: Vec<f64> =
            (0..causes).map(|c| own_f[c] + own_s * d[c] / n - before * d[c] / (n * n)).collect();
        for c in 0..causes {
            f[c] += before * d[c] / n;
        }
        s = next;
        for &i in &rows[k..end] {
            let event = cause[i] as usize;
            let ds = if event > 0 && n > all { shared_s - before / n } else { shared_s };
            let u = if s > 0.0 { ds / s } else { 0.0 };
            left_s += u * u;
            for c in 0..causes {
                let df = shared_f[c] + if event == c + 1 { before / n } else { 0.0 };
                let v = df - u * f[c];
                left[c].uu = left[c].uu.plus(Double::product(u, u));
                left[c].uv = left[c].uv.plus(Double::product(u, v));
                left[c].vv = left[c].vv.plus(Double::product(v, v));
            }
        }
        (own_s, own_f) = (shared_s, shared_f);
        let staying = (rows.len() - end) as f64;
        let mut se = vec![(left_s * s * s + staying * own_s * own_s).sqrt()];
        for c in 0..causes {
            se.push((left[c].squares(f[c]) + staying * own_f[c] * own_f[c]).sqrt());
        }
        out.time.push(t);
        out.n_risk.push(n);
        out.probability.push(std::iter::once(s).chain(f.iter().copied()).collect());
        out.std_err.push(se);
        out.aalen_variance.push(aalen.iter().map(|a| a.reported).collect());
        k = end;
    }
    out
}

/// Variance of one cumulative incidence from the multinomial variances of the increments, with the factor
/// 1 - (d - 1) / (n - 1) for ties (Gray 1988; the estimator of cmprsk).
#[derive(Clone, Copy, Default)]
struct Aalen {
    ff: f64,
    f1: f64,
    one: f64,
    reported: f64,
}

impl Aalen {
    /// `d` events of the cause, `other` of the rest, S before and after, F after.
    fn step(&mut self, n: f64, d: f64, other: f64, before: f64, after: f64, f: f64) {
        let mut add = |count: f64, at_f: f64, at_one: f64| {
            let ties = if count > 1.0 { 1.0 - (count - 1.0) / (n - 1.0) } else { 1.0 };
            let v = before * before * ties * count / (n * n);
            self.ff += at_f * at_f * v;
            self.f1 += at_f * at_one * v;
            self.one += at_one * at_one * v;
        };
        if other > 0.0 && after > 0.0 {
            add(other, f / after, 1.0 / after);
        }
        if d > 0.0 {
            let inverse = if after > 0.0 { 1.0 / after } else { 0.0 };
            add(d, 1.0 + f * inverse, inverse);
            self.reported = (self.ff + f * f * self.one - 2.0 * f * self.f1).max(0.0);
        }
    }
}

impl CumulativeIncidence {
    fn limits(&self, p: f64, se: f64) -> Option<(f64, f64)> {
        let (z, scale) = self.conf;
        match scale {
            ConfType::Plain => Some(((p - z * se).max(0.0), (p + z * se).min(1.0))),
            _ if p > 0.0 => scale.limits(p, se / p, z),
            _ => None,
        }
    }

    /// Probabilities at each of `times`; before the first observation everybody is event free.
    pub fn at(&self, times: &[f64]) -> Vec<IncidenceAt> {
        let last = self.time.last().copied().unwrap_or(f64::NEG_INFINITY);
        times
            .iter()
            .map(|&t| {
                let n_risk = self.n_risk.get(self.time.partition_point(|&x| x < t)).copied().unwrap_or(0.0);
                let k = self.time.partition_point(|&x| x <= t);
                let (probability, std_err, aalen_variance) = if k == 0 {
                    let mut p = vec![0.0; self.states];
                    p[0] = 1.0;
                    (p, vec![0.0; self.states], vec![0.0; self.states - 1])
                } else {
                    (
                        self.probability[k - 1].clone(),
                        self.std_err[k - 1].clone(),
                        self.aalen_variance[k - 1].clone(),
                    )
                };
                let limits: Vec<Option<(f64, f64)>> =
                    probability.iter().zip(&std_err).map(|(&p, &se)| self.limits(p, se)).collect();
                IncidenceAt {
                    time: t,
                    n_risk,
                    probability,
                    std_err,
                    lower: limits.iter().map(|l| l.map(|l| l.0)).collect(),
                    upper: limits.iter().map(|l| l.map(|l| l.1)).collect(),
                    aalen_variance,
                    carried_on: t > last,
                }
            })
            .collect()
    }

    /// Mean time in each state to `tau`: event-free time, then time lost to each cause (Andersen 2013).
    pub fn restricted_mean(&self, tau: f64) -> Result<Vec<f64>> {
        if !(tau.is_finite() && tau > 0.0) {
            return Err(StatsError::Option { name: "tau", value: tau, range: "finite and above 0" });
        }
        let mut area = vec![0.0; self.states];
        let mut right = tau;
        for k in (0..self.time.len()).rev().filter(|&k| self.time[k] < tau) {
            for (a, p) in area.iter_mut().zip(&self.probability[k]) {
                *a += p * (right - self.time[k]);
            }
            right = self.time[k];
        }
        area[0] += right;
        Ok(area)
    }
}

/// Gray's test of one cause.
#[derive(Debug, Clone)]
pub struct Gray {
    pub test: Test,
    /// Score of the groups but the last; positive = more events of the cause than under equality.
    pub score: Vec<f64>,
    pub conventions: Conventions,
}

/// Gray's (1988) K-sample test of the cumulative incidence of `cause`, weight (1 - F)^rho, strata added up.
pub fn gray(
    data: &Competing,
    group: &[usize],
    groups: usize,
    strata: Option<&[usize]>,
    cause: u32,
    rho: f64,
    near_ties: NearTies,
) -> Result<Gray> {
    let time = data.merged_times(near_ties)?;
    check_len("group", time.len(), group.len())?;
    check_groups(group, groups)?;
    if !rho.is_finite() {
        return Err(StatsError::Option { name: "rho", value: rho, range: "finite" });
    }
    let present: Vec<usize> = (0..groups).filter(|g| group.contains(g)).collect();
    if present.len() < 2 {
        return Err(StatsError::OneGroup { method: "Gray's test", groups: present.len() });
    }
    if cause == 0 || !data.cause.contains(&cause) {
        return Err(StatsError::NoEvents { method: "Gray's test" });
    }
    let code: Vec<usize> = group.iter().map(|g| present.partition_point(|p| p < g)).collect();
    let ng = present.len();
    let mut score = vec![0.0; ng - 1];
    let mut variance = Matrix::zeros(ng - 1);
    for rows in split(ascending(&time), strata, time.len())? {
        let mut scan = GrayScan::new(ng, rho);
        rows.iter().for_each(|&i| scan.at_risk[code[i as usize]] += 1.0);
        let mut k = 0;
        while k < rows.len() {
            let t = time[rows[k] as usize];
            let mut own = vec![0.0; ng];
            let mut other = vec![0.0; ng];
            let mut leaving = vec![0.0; ng];
            while k < rows.len() && time[rows[k] as usize] == t {
                let i = rows[k] as usize;
                leaving[code[i]] += 1.0;
                match data.cause[i] {
                    0 => {}
                    c if c == cause => own[code[i]] += 1.0,
                    _ => other[code[i]] += 1.0,
                }
                k += 1;
            }
            scan.step(&own, &other);
            scan.at_risk.iter_mut().zip(&leaving).for_each(|(n, l)| *n -= l);
        }
        scan.finish(&mut score, &mut variance);
    }
    let factor = Cholesky::new(&variance, PIVOT_TOLERANCE);
    if factor.rank() == 0 {
        return Err(StatsError::NoVariance { what: "Gray's statistic", why: "the groups never overlap" });
    }
    let chi: f64 = factor.solve(&score).iter().zip(&score).map(|(a, b)| a * b).sum();
    Ok(Gray {
        test: Test::new(chi.max(0.0), factor.rank()),
        score,
        conventions: vec![
            "Gray's test, weight (1 - F)^rho",
            if strata.is_some() { "stratified" } else { "not stratified" },
            near_ties.name(),
        ],
    })
}

/// One stratum of Gray's test: per group the left limits of S and F, and what the variance integrates.
struct GrayScan {
    ng: usize,
    rho: f64,
    at_risk: Vec<f64>,
    s: Vec<f64>,
    f: Vec<f64>,
    pooled: f64,
    score: Vec<f64>,
    /// Cumulative weights c[i][k], and the moments of the group increments they multiply.
    c: Matrix,
    v: Matrix,
    v2: Matrix,
    v3: Vec<f64>,
}

impl GrayScan {
    fn new(ng: usize, rho: f64) -> Self {
        GrayScan {
            ng,
            rho,
            at_risk: vec![0.0; ng],
            s: vec![1.0; ng],
            f: vec![0.0; ng],
            pooled: 0.0,
            score: vec![0.0; ng],
            c: Matrix::zeros(ng),
            v: Matrix::zeros(ng),
            v2: Matrix::zeros(ng),
            v3: vec![0.0; ng],
        }
    }

    /// Events of the cause and of the other causes at one time, per group.
    fn step(&mut self, own: &[f64], other: &[f64]) {
        let ng = self.ng;
        let d: f64 = own.iter().sum();
        let rest: f64 = other.iter().sum();
        if d + rest == 0.0 {
            return;
        }
        let live: Vec<usize> = (0..ng).filter(|&g| self.at_risk[g] > 0.0).collect();
        // n / S is the size of the subdistribution risk set with the censoring weight divided out.
        let share: Vec<f64> = (0..ng).map(|g| self.at_risk[g] / self.s[g]).collect();
        let total: f64 = live.iter().map(|&g| share[g]).sum();
        let subject: f64 = live.iter().map(|&g| share[g] * (1.0 - self.f[g])).sum();
        let pooled = self.pooled + d / total;
        let weight = (1.0 - self.pooled).powf(self.rho);
        let (mut s, mut f) = (self.s.clone(), self.f.clone());
        for &g in &live {
            s[g] = self.s[g] * (self.at_risk[g] - own[g] - other[g]) / self.at_risk[g];
            f[g] = self.f[g] + self.s[g] * own[g] / self.at_risk[g];
        }
        let mut a = Matrix::zeros(ng);
        for &i in &live {
            for &j in &live {
                let delta = if i == j { 1.0 } else { 0.0 };
                a.set(i, j, weight * share[i] * (delta - share[j] / total));
                self.c.add(i, j, a.get(i, j) * d / (total * (1.0 - self.pooled)));
            }
            self.score[i] += weight * (own[i] - d * share[i] * (1.0 - self.f[i]) / subject);
        }
        if d > 0.0 {
            for &k in &live {
                let drift = if s[k] > 0.0 { 1.0 - (1.0 - pooled) / s[k] } else { 1.0 };
                let ties = if d > 1.0 { 1.0 - (d - 1.0) / (total * self.s[k] - 1.0) } else { 1.0 };
                let moment = ties * self.s[k] * d / (total * self.at_risk[k]);
                self.moments(k, moment, drift, |i, c| a.get(i, k) - drift * c);
            }
        }
        for &k in &live {
            if other[k] > 0.0 && s[k] > 0.0 {
                let drift = -(1.0 - pooled) / s[k];
                let ties =
                    if other[k] > 1.0 { 1.0 - (other[k] - 1.0) / (self.at_risk[k] - 1.0) } else { 1.0 };
                let moment = ties * self.s[k] * self.s[k] * other[k] / (self.at_risk[k] * self.at_risk[k]);
                self.moments(k, moment, drift, |_, c| -drift * c);
            }
        }
        (self.s, self.f, self.pooled) = (s, f, pooled);
    }

    fn moments(&mut self, k: usize, moment: f64, drift: f64, direction: impl Fn(usize, f64) -> f64) {
        let t: Vec<f64> = (0..self.ng).map(|i| direction(i, self.c.get(i, k))).collect();
        for i in 0..self.ng {
            self.v2.add(i, k, t[i] * drift * moment);
            for j in 0..self.ng {
                self.v.add(i, j, t[i] * t[j] * moment);
            }
        }
        self.v3[k] += drift * drift * moment;
    }

    fn finish(&self, score: &mut [f64], variance: &mut Matrix) {
        for i in 0..self.ng - 1 {
            score[i] += self.score[i];
            for j in 0..self.ng - 1 {
                let mut v = self.v.get(i, j);
                for k in 0..self.ng {
                    let (ci, cj) = (self.c.get(i, k), self.c.get(j, k));
                    v += ci * cj * self.v3[k] + ci * self.v2.get(j, k) + cj * self.v2.get(i, k);
                }
                variance.add(i, j, v);
            }
        }
    }
}
