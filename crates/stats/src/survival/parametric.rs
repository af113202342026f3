//! Parametric regression of times that may be exact, right, left or interval censored, and piecewise constant
//! hazards.
use super::data::{Survival, ascending, check_finite, check_len, check_level};
use super::{Coefficient, Test};
use crate::linalg::{Cholesky, Matrix, PIVOT_TOLERANCE};
use crate::special::{norm_cdf, norm_log_sf, norm_quantile, norm_sf};
use crate::{Conventions, Result, StatsError, Warning};

/// The distribution of W in log T = x'b + scale W.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Distribution {
    /// Smallest extreme value: T is Weibull.
    #[default]
    Weibull,
    /// Weibull with scale 1.
    Exponential,
    LogNormal,
    LogLogistic,
}

impl Distribution {
    pub const ALL: [Distribution; 4] = [
        Distribution::Weibull,
        Distribution::Exponential,
        Distribution::LogNormal,
        Distribution::LogLogistic,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Distribution::Weibull => "weibull",
            Distribution::Exponential => "exponential",
            Distribution::LogNormal => "lognormal",
            Distribution::LogLogistic => "loglogistic",
        }
    }

    pub fn from_name(name: &str) -> Option<Distribution> {
        Distribution::ALL.into_iter().find(|d| d.name() == name)
    }

    /// log f with first and second derivative.
    fn log_density(self, w: f64) -> [f64; 3] {
        match self {
            Distribution::Weibull | Distribution::Exponential => [w - w.exp(), 1.0 - w.exp(), -w.exp()],
            Distribution::LogNormal => [-0.5 * w * w - 0.918_938_533_204_672_8, -w, -1.0],
            Distribution::LogLogistic => {
                let s = 1.0 / (1.0 + (-w).exp());
                [-w.abs() - 2.0 * (-w.abs()).exp().ln_1p(), 1.0 - 2.0 * s, -2.0 * s * (1.0 - s)]
            }
        }
    }

    /// log S with first and second derivative.
    fn log_survival(self, w: f64) -> [f64; 3] {
        match self {
            Distribution::Weibull | Distribution::Exponential => [-w.exp(); 3],
            Distribution::LogNormal => {
                let log = norm_log_sf(w);
                let hazard = (self.log_density(w)[0] - log).exp();
                [log, -hazard, hazard * (w - hazard)]
            }
            Distribution::LogLogistic => {
                let s = 1.0 / (1.0 + (-w).exp());
                let log = if w > 0.0 { -w - (-w).exp().ln_1p() } else { -w.exp().ln_1p() };
                [log, -s, -s * (1.0 - s)]
            }
        }
    }

    /// S(a) - S(b) for a < b, without cancellation.
    fn between(self, a: f64, b: f64) -> f64 {
        match self {
            Distribution::Weibull | Distribution::Exponential => {
                (-a.exp()).exp() * -(-(b.exp() - a.exp())).exp_m1()
            }
            Distribution::LogNormal if a > 0.0 => norm_sf(a) - norm_sf(b),
            Distribution::LogNormal => norm_cdf(b) - norm_cdf(a),
            Distribution::LogLogistic => {
                let log = self.log_survival(a)[0] - (-b).exp().ln_1p();
                log.exp() * -(a - b).exp_m1()
            }
        }
    }
}

/// When something happened: after `lower` and at or before `upper`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observed {
    /// 0 or less: from the origin (left censored).
    pub lower: f64,
    /// Infinity: not yet (right censored); equal to `lower`: exactly then.
    pub upper: f64,
}

impl Observed {
    pub fn exact(time: f64) -> Self {
        Observed { lower: time, upper: time }
    }

    pub fn right(time: f64) -> Self {
        Observed { lower: time, upper: f64::INFINITY }
    }
}

/// Right-censored rows as intervals.
pub fn observed(time: &[f64], event: &[bool]) -> Vec<Observed> {
    time.iter().zip(event).map(|(&t, &e)| if e { Observed::exact(t) } else { Observed::right(t) }).collect()
}

pub(crate) fn check_observed(times: &[Observed], zero_permitted: bool) -> Result<()> {
    if times.is_empty() {
        return Err(StatsError::NoRows);
    }
    for (row, o) in times.iter().enumerate() {
        let bad = |value| StatsError::OutOfRange {
            what: "interval",
            row: row + 1,
            value,
            range: "lower <= upper, exact times above 0",
        };
        if o.lower.is_nan() || o.upper.is_nan() || o.lower == f64::INFINITY || o.upper < o.lower {
            return Err(bad(if o.upper.is_nan() { o.upper } else { o.lower }));
        }
        if !zero_permitted && (o.upper <= 0.0 || o.lower == f64::NEG_INFINITY) {
            return Err(bad(o.upper));
        }
    }
    Ok(())
}

/// A fitted accelerated failure time model.
#[derive(Debug, Clone)]
pub struct Parametric {
    /// Intercept, then the covariates, on the scale of log T (`hr` is the time ratio).
    pub coefficients: Vec<Coefficient>,
    pub scale: f64,
    /// Standard error of log(scale); `None` when it is fixed.
    pub log_scale_se: Option<f64>,
    /// Of the coefficients and log(scale).
    pub vcov: Matrix,
    pub loglik: f64,
    /// Weibull and exponential: log hazard ratio -b / scale of each covariate, with its standard error.
    pub log_hazard_ratio: Vec<(f64, f64)>,
    pub iterations: usize,
    pub conventions: Conventions,
    distribution: Distribution,
}

impl Parametric {
    /// Survival at `time` for covariates `x`.
    pub fn survival(&self, time: f64, x: &[f64]) -> Result<f64> {
        check_len("covariates", self.coefficients.len() - 1, x.len())?;
        if time <= 0.0 {
            return Ok(1.0);
        }
        let b = |j: usize| self.coefficients[j].estimate.unwrap_or(0.0);
        let mean = b(0) + x.iter().enumerate().map(|(j, x)| x * b(j + 1)).sum::<f64>();
        Ok(self.distribution.log_survival((time.ln() - mean) / self.scale)[0].exp())
    }
}

/// Maximum likelihood by Newton's method with step halving (Kalbfleisch and Prentice 2002, chapter 3).
pub fn parametric(
    times: &[Observed],
    columns: &[&[f64]],
    distribution: Distribution,
    conf_level: f64,
) -> Result<Parametric> {
    check_level(conf_level)?;
    check_observed(times, false)?;
    for c in columns {
        check_len("covariate", times.len(), c.len())?;
        check_finite("covariate", c)?;
    }
    if times.iter().all(|o| o.upper.is_infinite()) {
        return Err(StatsError::NoEvents { method: "parametric model" });
    }
    let p = columns.len() + 1;
    let fixed = distribution == Distribution::Exponential;
    let q = if fixed { p } else { p + 1 };
    let ends: Vec<(f64, f64)> = times.iter().map(|o| (o.lower.max(0.0).ln(), o.upper.ln())).collect();
    // Centred and scaled covariates keep the search stable.
    let units: Vec<(f64, f64)> = columns
        .iter()
        .map(|c| {
            let mean = c.iter().sum::<f64>() / c.len() as f64;
            let spread = c.iter().map(|v| (v - mean).abs()).sum::<f64>() / c.len() as f64;
            (mean, if spread > 0.0 { spread } else { 1.0 })
        })
        .collect();
    let x =
        |i: usize, j: usize| if j == 0 { 1.0 } else { (columns[j - 1][i] - units[j - 1].0) / units[j - 1].1 };
    let middle: Vec<f64> = ends
        .iter()
        .map(|&(a, b)| match (a.is_finite(), b.is_finite()) {
            (true, true) => (a + b) / 2.0,
            (true, false) => a,
            _ => b,
        })
        .collect();
    let start = middle.iter().sum::<f64>() / middle.len() as f64;
    let spread = (middle.iter().map(|m| (m - start).powi(2)).sum::<f64>() / middle.len() as f64).sqrt();
    let mut theta = vec![0.0; q];
    theta[0] = start + 0.5;
    if !fixed {
        theta[p] = spread.max(0.05).ln();
    }
    let evaluate = |theta: &[f64]| likelihood(&ends, &x, p, theta, distribution);
    let mut at = evaluate(&theta);
    let mut iterations = 0;
    loop {
        let factor = Cholesky::new(&at.information, PIVOT_TOLERANCE);
        let mut step = factor.solve(&at.score);
        let mut gain: f64 = step.iter().zip(&at.score).map(|(a, b)| a * b).sum();
        if !factor.dropped.is_empty() || gain.is_nan() || gain < 0.0 {
            // Far from the maximum the information need not be positive: a short step uphill instead.
            let length = at.score.iter().map(|s| s * s).sum::<f64>().sqrt().max(1e-300);
            step = at.score.iter().map(|s| 0.5 * s / length).collect();
            gain = f64::INFINITY;
        }
        if gain <= 1e-20 * times.len() as f64 {
            theta.iter_mut().zip(&step).for_each(|(t, s)| *t += s);
            break;
        }
        iterations += 1;
        if iterations > 200 {
            return Err(StatsError::NoConvergence {
                method: "parametric model",
                iterations,
                advice: "a covariate may separate the events; leave it out",
            });
        }
        let mut size = 1.0;
        let old = at.loglik;
        loop {
            let trial: Vec<f64> = theta.iter().zip(&step).map(|(t, s)| t + size * s).collect();
            let new = evaluate(&trial);
            if new.loglik.is_finite() && new.loglik >= old - 1e-12 * old.abs() || size < 1e-12 {
                theta = trial;
                at = new;
                break;
            }
            size /= 2.0;
        }
        if size < 1e-12 || (at.loglik - old).abs() <= 1e-15 * old.abs() && iterations > 30 {
            break;
        }
    }
    let factor = Cholesky::new(&at.information, PIVOT_TOLERANCE);
    if let Some(&j) = factor.dropped.first() {
        return Err(StatsError::Impossible {
            method: "parametric model",
            why: format!("column {j} depends on the others, or its coefficient runs to infinity"),
        });
    }
    finish(theta, &factor.inverse(), &units, at.loglik, iterations, distribution, conf_level)
}

struct At {
    loglik: f64,
    score: Vec<f64>,
    information: Matrix,
}

fn likelihood(
    ends: &[(f64, f64)],
    x: &dyn Fn(usize, usize) -> f64,
    p: usize,
    theta: &[f64],
    distribution: Distribution,
) -> At {
    let q = theta.len();
    let scale = if q > p { theta[p].exp() } else { 1.0 };
    let mut at = At { loglik: 0.0, score: vec![0.0; q], information: Matrix::zeros(q) };
    for (i, &(a, b)) in ends.iter().enumerate() {
        let row: Vec<f64> = (0..p).map(|j| x(i, j)).collect();
        let mean: f64 = row.iter().zip(theta).map(|(x, t)| x * t).sum();
        let (wa, wb) = ((a - mean) / scale, (b - mean) / scale);
        // Derivatives of the contribution by the two standardised ends.
        let (value, first, second, cross) = if a == b {
            let [l, d, dd] = distribution.log_density(wa);
            // The density of T itself, so that models can be compared by their likelihood.
            (l - scale.ln() - a, [d, 0.0], [dd, 0.0], 0.0)
        } else if b == f64::INFINITY {
            let [l, d, dd] = distribution.log_survival(wa);
            (l, [d, 0.0], [dd, 0.0], 0.0)
        } else {
            let low = a > f64::NEG_INFINITY;
            let size = distribution.between(if low { wa } else { f64::NEG_INFINITY }, wb);
            let density = |w: f64| {
                let [l, d, _] = distribution.log_density(w);
                (l.exp() / size, l.exp() * d / size)
            };
            let (fa, dfa) = if low { density(wa) } else { (0.0, 0.0) };
            let (fb, dfb) = density(wb);
            (size.ln(), [-fa, fb], [-dfa - fa * fa, dfb - fb * fb], fa * fb)
        };
        at.loglik += value;
        let wa = if wa.is_finite() { wa } else { 0.0 };
        let wb = if wb.is_finite() { wb } else { 0.0 };
        let slope = first[0] + first[1];
        let curve = second[0] + second[1] + 2.0 * cross;
        let by_w = |v: [f64; 2]| v[0] * wa + v[1] * wb;
        let mixed = by_w(second) + cross * (wa + wb);
        for j in 0..p {
            at.score[j] -= slope * row[j] / scale;
            for k in 0..p {
                at.information.add(j, k, -curve * row[j] * row[k] / (scale * scale));
            }
            if q > p {
                let v = -row[j] / scale * (mixed + slope);
                at.information.add(j, p, v);
                at.information.add(p, j, v);
            }
        }
        if q > p {
            at.score[p] -= by_w(first) + if a == b { 1.0 } else { 0.0 };
            let v = second[0] * wa * wa + second[1] * wb * wb + 2.0 * cross * wa * wb + by_w(first);
            at.information.add(p, p, -v);
        }
    }
    at
}

fn finish(
    theta: Vec<f64>,
    inverse: &Matrix,
    units: &[(f64, f64)],
    loglik: f64,
    iterations: usize,
    distribution: Distribution,
    conf_level: f64,
) -> Result<Parametric> {
    let (q, p) = (theta.len(), units.len() + 1);
    // Back to the caller's units: b_j = t_j / unit_j, intercept less the means.
    let mut back = Matrix::zeros(q);
    for j in 0..q {
        let unit = if j == 0 || j >= p { 1.0 } else { 1.0 / units[j - 1].1 };
        back.set(j, j, unit);
        if j > 0 && j < p {
            back.set(0, j, -units[j - 1].0 / units[j - 1].1);
        }
    }
    let value = back.times(&theta);
    let mut turned = Matrix::zeros(q);
    for i in 0..q {
        for j in 0..q {
            turned.set(j, i, back.get(i, j));
        }
    }
    let vcov = back.product(inverse).product(&turned);
    // The root before the unit: the square of a tiny unit is beyond the range of numbers.
    let error = |j: usize| match j {
        0 => inverse.quadratic(&(0..q).map(|k| back.get(0, k)).collect::<Vec<f64>>()).sqrt(),
        _ => inverse.get(j, j).sqrt() * back.get(j, j),
    };
    // A flat likelihood: no data determine a logarithm of time less than this.
    let flat = |v: f64| !(v > 0.0 && v.sqrt() < 1e5);
    if (0..q).any(|j| flat(inverse.get(j, j)) || !value[j].is_finite()) {
        return Err(StatsError::Impossible {
            method: "parametric model",
            why: "the likelihood has no maximum with a curvature: the scale runs to 0, or a coefficient to infinity".into(),
        });
    }
    let z = norm_quantile(0.5 + conf_level / 2.0);
    let coefficients = (0..p)
        .map(|j| {
            let (b, se) = (value[j], error(j));
            let known = |v: f64| v.is_finite().then_some(v);
            let wald = if j == 0 { b / se } else { theta[j] / inverse.get(j, j).sqrt() };
            Coefficient {
                estimate: Some(b),
                se: known(se),
                robust_se: None,
                z: known(wald),
                p: known(2.0 * norm_sf(wald.abs())),
                hr: known(b.exp()),
                hr_lower: known((b - z * se).exp()),
                hr_upper: known((b + z * se).exp()),
            }
        })
        .collect();
    let fixed = q == p;
    let scale = if fixed { 1.0 } else { theta[p].exp() };
    let proportional = matches!(distribution, Distribution::Weibull | Distribution::Exponential);
    let log_hazard_ratio = (1..p)
        .filter(|_| proportional)
        .map(|j| {
            // In the units of the search.
            let b = theta[j];
            let mut v = inverse.get(j, j);
            if !fixed {
                // -b exp(-tau): derivative by b and by tau.
                v += b * b * inverse.get(p, p) - 2.0 * b * inverse.get(j, p);
            }
            (-value[j] / scale, v.max(0.0).sqrt() * back.get(j, j) / scale)
        })
        .collect();
    Ok(Parametric {
        coefficients,
        scale,
        log_scale_se: (!fixed).then(|| inverse.get(p, p).sqrt()),
        vcov,
        loglik,
        log_hazard_ratio,
        iterations,
        conventions: vec![
            distribution.name(),
            "log T = x'b + scale W; coefficients are log time ratios",
            "variance: observed information",
        ],
        distribution,
    })
}

/// Hazard of one interval of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Piece {
    pub from: f64,
    /// Infinity for the last one.
    pub to: f64,
    pub events: f64,
    /// Time at risk.
    pub exposure: f64,
    /// `None` without exposure.
    pub rate: Option<f64>,
    /// On the log scale; `None` without events.
    pub lower: Option<f64>,
    pub upper: Option<f64>,
}

#[derive(Debug, Clone)]
pub struct Piecewise {
    pub pieces: Vec<Piece>,
    pub loglik: f64,
    pub conventions: Conventions,
    pub warnings: Vec<Warning>,
}

impl Piecewise {
    /// exp(-cumulative hazard) at `time`; intervals without exposure count as hazard 0.
    pub fn survival(&self, time: f64) -> f64 {
        let sum: f64 =
            self.pieces.iter().map(|p| p.rate.unwrap_or(0.0) * (time.min(p.to) - p.from).max(0.0)).sum();
        (-sum).exp()
    }
}

/// Constant hazards between the `cuts`: events per time at risk in (cut, next cut] (Friedman 1982).
pub fn piecewise_exponential(data: &Survival, cuts: &[f64], conf_level: f64) -> Result<Piecewise> {
    data.check()?;
    check_level(conf_level)?;
    check_finite("cuts", cuts)?;
    if let Some(k) = (0..cuts.len()).find(|&k| cuts[k] <= if k == 0 { 0.0 } else { cuts[k - 1] }) {
        return Err(StatsError::Option { name: "cuts", value: cuts[k], range: "ascending, above 0" });
    }
    if let Some(row) = data.time.iter().position(|&t| t < 0.0) {
        let value = data.time[row];
        return Err(StatsError::OutOfRange { what: "time", row: row + 1, value, range: "0 or more" });
    }
    let z = norm_quantile(0.5 + conf_level / 2.0);
    let mut loglik = 0.0;
    let mut warnings = Vec::new();
    let edges: Vec<f64> = std::iter::once(0.0).chain(cuts.iter().copied()).chain([f64::INFINITY]).collect();
    let pieces = edges
        .windows(2)
        .map(|w| {
            let (from, to) = (w[0], w[1]);
            let (mut events, mut exposure) = (0.0, 0.0);
            for (i, &t) in data.time.iter().enumerate() {
                let entry = data.entry.map_or(0.0, |e| e[i]).max(from);
                exposure += (t.min(to) - entry).max(0.0);
                events += f64::from(u8::from(data.event[i] && t > from && t <= to));
            }
            let rate = (exposure > 0.0).then(|| events / exposure);
            if let Some(r) = rate.filter(|&r| r > 0.0) {
                loglik += events * r.ln() - events;
            }
            let spread = rate.filter(|&r| r > 0.0).map(|r| (r, z / events.sqrt()));
            if rate.is_none() {
                warnings.push(Warning::Note(format!("nobody is at risk after {from}")));
            }
            Piece {
                from,
                to,
                events,
                exposure,
                rate,
                lower: spread.map(|(r, s)| r * (-s).exp()),
                upper: spread.map(|(r, s)| r * s.exp()),
            }
        })
        .collect();
    Ok(Piecewise {
        pieces,
        loglik,
        conventions: vec![
            "piecewise exponential, intervals (from, to]",
            "limits: log rate, variance 1 / events",
        ],
        warnings,
    })
}

/// The curve of interval-censored times.
#[derive(Debug, Clone)]
pub struct Turnbull {
    /// Innermost intervals (from, to] that carry mass; `from == to` for exact times.
    pub from: Vec<f64>,
    pub to: Vec<f64>,
    pub mass: Vec<f64>,
    /// Survival after each interval.
    pub surv: Vec<f64>,
    pub loglik: f64,
    pub iterations: usize,
    /// Largest directional derivative of the log-likelihood per row, less 1: 0 at the maximum.
    pub gap: f64,
    pub conventions: Conventions,
    pub warnings: Vec<Warning>,
}

impl Turnbull {
    /// Bounds of the survival at `t`; they differ inside an innermost interval, where the curve is not defined.
    pub fn at(&self, t: f64) -> (f64, f64) {
        let after = self.to.partition_point(|&x| x <= t);
        let begun =
            self.from.iter().zip(&self.to).filter(|(f, to)| **f < t || *f == *to && **to <= t).count();
        let s = |k: usize| if k == 0 { 1.0 } else { self.surv[k - 1] };
        (s(begun), s(after))
    }
}

/// Turnbull's (1976) self-consistent estimate: all mass lies on the innermost intervals, found by the EM algorithm
/// with extrapolated steps; the maximum is checked by its directional derivatives.
pub fn turnbull(times: &[Observed]) -> Result<Turnbull> {
    check_observed(times, true)?;
    // (place, kind): a closed start (exact time), an end, an open start; in this order at one place.
    let mut points: Vec<(f64, u8)> = Vec::new();
    for o in times {
        points.push((o.lower, if o.lower == o.upper { 0 } else { 2 }));
        points.push((o.upper, 1));
    }
    points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    points.dedup();
    let mut inner: Vec<(f64, u8, f64)> = Vec::new();
    for w in points.windows(2) {
        if w[0].1 != 1 && w[1].1 == 1 {
            inner.push((w[0].0, w[0].1, w[1].0));
        }
    }
    let m = inner.len();
    let n = times.len() as f64;
    // Intervals that lie inside a row's interval are consecutive.
    let ranges: Vec<(usize, usize)> = times
        .iter()
        .map(|o| {
            let start = (o.lower, if o.lower == o.upper { 0 } else { 2 });
            let first = inner.partition_point(|k| (k.0, k.1).0 < start.0 || k.0 == start.0 && k.1 < start.1);
            let last = inner.partition_point(|k| k.2 <= o.upper);
            (first, last)
        })
        .collect();
    let mut p = vec![1.0 / m as f64; m];
    let derivative = |p: &[f64]| -> (Vec<f64>, f64) {
        let mut sums = vec![0.0; m + 1];
        for (k, v) in p.iter().enumerate() {
            sums[k + 1] = sums[k] + v;
        }
        let (mut steps, mut loglik) = (vec![0.0; m + 1], 0.0);
        for &(a, b) in &ranges {
            let own = sums[b] - sums[a];
            loglik += own.ln();
            steps[a] += 1.0 / own;
            steps[b] -= 1.0 / own;
        }
        let mut running = 0.0;
        let d = (0..m)
            .map(|k| {
                running += steps[k];
                running / n
            })
            .collect();
        (d, loglik)
    };
    let em = |p: &[f64]| -> (Vec<f64>, f64) {
        let (d, loglik) = derivative(p);
        (p.iter().zip(&d).map(|(p, d)| p * d).collect(), loglik)
    };
    let mut iterations = 0;
    let gap_of = |p: &[f64]| derivative(p).0.into_iter().fold(f64::NEG_INFINITY, f64::max) - 1.0;
    while iterations < 20_000 {
        iterations += 1;
        // Two EM steps and a squared extrapolation along them (Varadhan and Roland 2008), kept when it is better.
        let (first, _) = em(&p);
        let (second, l1) = em(&first);
        let (mut r2, mut v2) = (0.0, 0.0);
        for k in 0..m {
            let (r, v) = (first[k] - p[k], second[k] - 2.0 * first[k] + p[k]);
            r2 += r * r;
            v2 += v * v;
        }
        let alpha = if v2 > 0.0 { -(r2 / v2).sqrt() } else { -1.0 };
        let mut trial: Vec<f64> = (0..m)
            .map(|k| {
                let (r, v) = (first[k] - p[k], second[k] - 2.0 * first[k] + p[k]);
                (p[k] - 2.0 * alpha * r + alpha * alpha * v).max(0.0)
            })
            .collect();
        let total: f64 = trial.iter().sum();
        trial.iter_mut().for_each(|t| *t /= total);
        let better =
            derivative(&trial).1 >= l1 && trial.iter().zip(&second).all(|(t, s)| *t > 0.0 || *s < 1e-14);
        let next = if better { em(&trial).0 } else { em(&second).0 };
        let change = next.iter().zip(&p).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        p = next;
        if change < 1e-14 || iterations % 20 == 0 && gap_of(&p) < 1e-10 {
            break;
        }
    }
    let gap = gap_of(&p);
    let loglik = derivative(&p).1;
    let mut s = 1.0;
    let surv = p
        .iter()
        .map(|v| {
            s -= v;
            if s < 1e-14 { 0.0 } else { s }
        })
        .collect();
    let mut warnings = Vec::new();
    if gap > 1e-6 {
        warnings.push(Warning::Note(format!("the search ended {gap:.1e} from the maximum")));
    }
    Ok(Turnbull {
        from: inner.iter().map(|k| k.0).collect(),
        to: inner.iter().map(|k| k.2).collect(),
        mass: p,
        surv,
        loglik,
        iterations,
        gap,
        conventions: vec!["Turnbull's self-consistent estimate, rows (lower, upper]"],
        warnings,
    })
}

/// Piecewise-exponential regression is Cox regression with Breslow ties on grouped times; this gives the test of a
/// common rate in several groups: 2 (sum of the groups' log-likelihoods - pooled), a chi-square.
pub fn piecewise_equal(data: &Survival, group: &[usize], groups: usize, cuts: &[f64]) -> Result<Test> {
    check_len("group", data.len(), group.len())?;
    super::data::check_groups(group, groups)?;
    let pooled = piecewise_exponential(data, cuts, 0.95)?;
    let (mut own, mut df) = (0.0, 0);
    for g in 0..groups {
        let rows: Vec<usize> =
            ascending(data.time).into_iter().map(|i| i as usize).filter(|&i| group[i] == g).collect();
        if rows.is_empty() {
            continue;
        }
        let pick = |v: &[f64]| rows.iter().map(|&i| v[i]).collect::<Vec<f64>>();
        let (time, entry) = (pick(data.time), data.entry.map(pick));
        let event: Vec<bool> = rows.iter().map(|&i| data.event[i]).collect();
        let part = Survival { entry: entry.as_deref(), time: &time, event: &event };
        let fit = piecewise_exponential(&part, cuts, 0.95)?;
        own += fit.loglik;
        df += fit.pieces.iter().filter(|p| p.rate.is_some()).count();
    }
    let free = pooled.pieces.iter().filter(|p| p.rate.is_some()).count();
    Ok(Test::new((2.0 * (own - pooled.loglik)).max(0.0), df.saturating_sub(free)))
}
