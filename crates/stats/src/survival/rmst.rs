//! Restricted mean survival time: area under the curve to a horizon, compared and adjusted.
use super::data::{Survival, ascending, check_finite, check_len, check_level};
use super::{KmCurve, KmOptions, NearTies, kaplan_meier_by};
use crate::linalg::{Cholesky, Matrix, PIVOT_TOLERANCE};
use crate::special::{norm_quantile, norm_sf};
use crate::{Conventions, Result, StatsError, Warning};

/// An estimate with limits and a two-sided p-value against no effect.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contrast {
    pub estimate: f64,
    /// Standard error; of the logarithm for ratios.
    pub se: f64,
    pub lower: f64,
    pub upper: f64,
    pub p: f64,
}

impl Contrast {
    pub(crate) fn difference(estimate: f64, se: f64, z: f64) -> Contrast {
        let p = if se > 0.0 { 2.0 * norm_sf((estimate / se).abs()) } else { 1.0 };
        Contrast { estimate, se, lower: estimate - z * se, upper: estimate + z * se, p }
    }

    /// From a logarithm and its standard error.
    pub(crate) fn ratio(log: f64, se: f64, z: f64) -> Contrast {
        let d = Contrast::difference(log, se, z);
        Contrast { estimate: log.exp(), se, lower: d.lower.exp(), upper: d.upper.exp(), p: d.p }
    }
}

/// Restricted mean of one group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RestrictedMean {
    pub mean: f64,
    /// Greenwood type: sum of (area after t)^2 d / (n (n - d)) (Karrison 1987).
    pub se: f64,
    pub lower: f64,
    pub upper: f64,
    /// Last observed time of the group.
    pub last: f64,
}

#[derive(Debug, Clone)]
pub struct Rmst {
    pub tau: f64,
    pub groups: Vec<RestrictedMean>,
    /// The second group against the first, when there are two.
    pub difference: Option<Contrast>,
    /// `None` as well when a mean is 0.
    pub ratio: Option<Contrast>,
    /// Ratio of the restricted mean time lost.
    pub lost_ratio: Option<Contrast>,
    pub conventions: Conventions,
    pub warnings: Vec<Warning>,
}

#[derive(Debug, Clone, Copy)]
pub struct RmstOptions {
    pub tau: f64,
    pub conf_level: f64,
    pub near_ties: NearTies,
    /// Carry a curve on beyond its last observation when `tau` lies there, instead of refusing.
    pub carry_on: bool,
}

/// Restricted means to `tau` of groups `0..groups`; two groups are compared.
pub fn rmst(data: &Survival, group: &[usize], groups: usize, options: &RmstOptions) -> Result<Rmst> {
    check_level(options.conf_level)?;
    let tau = options.tau;
    if !(tau.is_finite() && tau > 0.0) {
        return Err(StatsError::Option { name: "tau", value: tau, range: "finite and above 0" });
    }
    let km = KmOptions { near_ties: options.near_ties, ..KmOptions::default() };
    let curves = kaplan_meier_by(data, group, groups, None, None, &km)?;
    let filled = curves.iter().filter(|c| c.n > 0).count();
    if filled < groups {
        return Err(StatsError::OneGroup { method: "restricted mean", groups: filled });
    }
    if let Some(row) = data.time.iter().position(|&t| t < 0.0) {
        return Err(StatsError::OutOfRange {
            what: "time",
            row: row + 1,
            value: data.time[row],
            range: "0 or more",
        });
    }
    let mut warnings = Vec::new();
    let last: Vec<f64> = curves.iter().map(|c| c.time.last().copied().unwrap_or(0.0)).collect();
    let limit = last.iter().copied().fold(f64::INFINITY, f64::min);
    for (g, c) in curves.iter().enumerate() {
        // A curve that has reached 0 has no area left.
        if tau > last[g] && c.surv.last().is_some_and(|&s| s > 0.0) {
            if !options.carry_on {
                return Err(StatsError::HorizonBeyondData { tau, limit });
            }
            warnings.push(Warning::BeyondLastObservation { group: g, time: tau, last: last[g] });
        }
    }
    let z = norm_quantile(0.5 + options.conf_level / 2.0);
    let means: Vec<RestrictedMean> = curves
        .iter()
        .zip(last)
        .map(|(c, last)| {
            let (mean, variance) = area(c, tau);
            let se = variance.sqrt();
            RestrictedMean { mean, se, lower: mean - z * se, upper: mean + z * se, last }
        })
        .collect();
    let (mut difference, mut ratio, mut lost_ratio) = (None, None, None);
    if let [a, b] = means[..] {
        difference = Some(Contrast::difference(b.mean - a.mean, a.se.hypot(b.se), z));
        let log_ratio = |x: f64, y: f64| {
            (x > 0.0 && y > 0.0).then(|| Contrast::ratio((y / x).ln(), (a.se / x).hypot(b.se / y), z))
        };
        ratio = log_ratio(a.mean, b.mean);
        lost_ratio = log_ratio(tau - a.mean, tau - b.mean);
    }
    if difference.is_some_and(|d: Contrast| d.se == 0.0) {
        warnings.push(Warning::Note("neither group has an event before its end: there is no test".into()));
    }
    Ok(Rmst {
        tau,
        groups: means,
        difference,
        ratio,
        lost_ratio,
        conventions: vec![
            "variance: Greenwood type",
            "contrast: second group against the first, ratios on the log scale",
            options.near_ties.name(),
        ],
        warnings,
    })
}

/// Area under the curve to `tau` and its variance.
fn area(c: &KmCurve, tau: f64) -> (f64, f64) {
    // Backwards: the area from each event time to tau is what the variance needs.
    let (mut right, mut sum, mut variance) = (tau, 0.0, 0.0);
    for k in (0..c.time.len()).rev().filter(|&k| c.time[k] < tau) {
        sum += c.surv[k] * (right - c.time[k]);
        right = c.time[k];
        let (n, d) = (c.n_risk[k], c.n_event[k]);
        if d > 0.0 && n > d {
            variance += sum * sum * d / (n * (n - d));
        }
    }
    (sum + right, variance)
}

/// One coefficient of an adjusted comparison.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RmstCoefficient {
    pub estimate: f64,
    pub se: f64,
    pub z: f64,
    pub p: f64,
    pub lower: f64,
    pub upper: f64,
}

/// What is modelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RmstModel {
    /// Identity link: differences of the restricted mean.
    Difference,
    /// Log link: ratios of the restricted mean.
    Ratio,
    /// Log link on the time lost.
    LostRatio,
}

impl RmstModel {
    pub fn name(self) -> &'static str {
        match self {
            RmstModel::Difference => "restricted mean, identity link",
            RmstModel::Ratio => "restricted mean, log link",
            RmstModel::LostRatio => "restricted mean time lost, log link",
        }
    }
}

/// Intercept, arm, covariates.
#[derive(Debug, Clone)]
pub struct AdjustedRmst {
    pub coefficients: Vec<RmstCoefficient>,
    pub conventions: Conventions,
}

/// Regression of min(T, tau) on arm and covariates, weighted by the inverse probability of being uncensored;
/// the censoring curve is estimated within each arm (Tian, Zhao and Wei 2014). Weights are cut at 1000.
pub fn rmst_adjusted(
    data: &Survival,
    arm: &[bool],
    covariates: &[&[f64]],
    model: RmstModel,
    options: &RmstOptions,
) -> Result<AdjustedRmst> {
    data.check()?;
    check_level(options.conf_level)?;
    check_len("arm", data.len(), arm.len())?;
    if data.entry.is_some() {
        return Err(StatsError::Unsupported {
            method: "adjusted restricted mean",
            combination: "delayed entry",
        });
    }
    let tau = options.tau;
    if !(tau.is_finite() && tau > 0.0) {
        return Err(StatsError::Option { name: "tau", value: tau, range: "finite and above 0" });
    }
    for c in covariates {
        check_len("covariate", data.len(), c.len())?;
        check_finite("covariate", c)?;
    }
    let time = data.merged(options.near_ties)?.time;
    let p = covariates.len() + 2;
    let n = data.len();
    let x = |i: usize, j: usize| match j {
        0 => 1.0,
        1 => f64::from(u8::from(arm[i])),
        _ => covariates[j - 2][i],
    };
    let y: Vec<f64> = time.iter().map(|t| t.min(tau)).collect();
    let known: Vec<bool> = (0..n).map(|i| data.event[i] || y[i] == tau).collect();
    let arms: Vec<Vec<usize>> = [false, true]
        .iter()
        .map(|&a| ascending(&y).into_iter().map(|i| i as usize).filter(|&i| arm[i] == a).collect())
        .collect();
    for rows in &arms {
        let last = rows.iter().map(|&i| time[i]).fold(f64::NEG_INFINITY, f64::max);
        if rows.is_empty() {
            return Err(StatsError::OneGroup { method: "adjusted restricted mean", groups: 1 });
        }
        if tau > last && !options.carry_on {
            return Err(StatsError::HorizonBeyondData { tau, limit: last });
        }
    }
    let mut weight = vec![0.0; n];
    for rows in &arms {
        let mut g = 1.0;
        for_each_tie(rows, &y, |at_risk, tied| {
            let censored = tied.iter().filter(|&&i| !known[i]).count() as f64;
            g *= 1.0 - censored / at_risk.len() as f64;
            for &i in tied {
                if known[i] {
                    weight[i] = 1.0 / f64::max(g, 0.001);
                }
            }
        });
    }
    let response: Vec<f64> =
        y.iter().map(|v| if model == RmstModel::LostRatio { tau - v } else { *v }).collect();
    let beta = solve(n, p, &x, &response, &weight, model)?;
    let eta = |i: usize| (0..p).map(|j| x(i, j) * beta[j]).sum::<f64>();
    let mean = |i: usize| if model == RmstModel::Difference { eta(i) } else { eta(i).exp() };
    let mut bread = Matrix::zeros(p);
    for i in 0..n {
        let slope = if model == RmstModel::Difference { 1.0 } else { mean(i) };
        for a in 0..p {
            for b in 0..p {
                bread.add(a, b, slope * x(i, a) * x(i, b));
            }
        }
    }
    let mut meat = Matrix::zeros(p);
    for rows in &arms {
        // Score of each row, and its correction for the estimated censoring curve: a martingale integral of the
        // mean score of those still at risk.
        let score = |i: usize, j: usize| x(i, j) * weight[i] * (response[i] - mean(i));
        let mut later = vec![0.0; p];
        let mut after: Vec<Vec<f64>> = vec![Vec::new(); rows.len()];
        for (k, &i) in rows.iter().enumerate().rev() {
            (0..p).for_each(|j| later[j] += score(i, j));
            after[k] = later.clone();
        }
        let mut drift = vec![0.0; p];
        let mut position = 0;
        for_each_tie(rows, &y, |at_risk, tied| {
            let (total, count) = (&after[position], at_risk.len() as f64);
            let censored = tied.iter().filter(|&&i| !known[i]).count() as f64;
            (0..p).for_each(|j| drift[j] += total[j] * censored / (count * count));
            for &i in tied {
                let own = if known[i] { 0.0 } else { 1.0 / count };
                let v: Vec<f64> = (0..p).map(|j| score(i, j) + total[j] * own - drift[j]).collect();
                for a in 0..p {
                    for b in 0..p {
                        meat.add(a, b, v[a] * v[b]);
                    }
                }
            }
            position += tied.len();
        });
    }
    let inverse = Cholesky::new(&bread, PIVOT_TOLERANCE).inverse();
    let variance = meat.sandwich(&inverse);
    if variance.diagonal().iter().any(|&v| v.is_nan() || v <= 0.0) {
        return Err(StatsError::NoVariance {
            what: "the adjusted restricted means",
            why: "a coefficient has no variance: the arms or covariates do not vary, or nobody has an event before tau",
        });
    }
    let z = norm_quantile(0.5 + options.conf_level / 2.0);
    let coefficients = (0..p)
        .map(|j| {
            let (estimate, se) = (beta[j], variance.get(j, j).sqrt());
            let c = Contrast::difference(estimate, se, z);
            RmstCoefficient { estimate, se, z: estimate / se, p: c.p, lower: c.lower, upper: c.upper }
        })
        .collect();
    Ok(AdjustedRmst {
        coefficients,
        conventions: vec![
            model.name(),
            "inverse probability of censoring weights within arm, curve cut at 0.001",
            "variance: sandwich with the censoring term",
        ],
    })
}

/// Calls `visit(rows at risk, rows tied at the time)` for every distinct time of the ordered `rows`.
fn for_each_tie(rows: &[usize], y: &[f64], mut visit: impl FnMut(&[usize], &[usize])) {
    let mut k = 0;
    while k < rows.len() {
        let end = k + rows[k..].iter().take_while(|&&i| y[i] == y[rows[k]]).count();
        visit(&rows[k..], &rows[k..end]);
        k = end;
    }
}

/// Weighted least squares, or weighted quasi-Poisson by Newton steps.
fn solve(
    n: usize,
    p: usize,
    x: &dyn Fn(usize, usize) -> f64,
    response: &[f64],
    weight: &[f64],
    model: RmstModel,
) -> Result<Vec<f64>> {
    let mut beta = vec![0.0; p];
    let log_link = model != RmstModel::Difference;
    if log_link {
        let (sum, total) = (0..n).fold((0.0, 0.0), |a, i| (a.0 + weight[i] * response[i], a.1 + weight[i]));
        if sum <= 0.0 {
            return Err(StatsError::NoVariance { what: "the time lost", why: "nobody lost any" });
        }
        beta[0] = (sum / total).ln();
    }
    for _ in 0..100 {
        let mut information = Matrix::zeros(p);
        let mut score = vec![0.0; p];
        for i in (0..n).filter(|&i| weight[i] > 0.0) {
            let eta: f64 = (0..p).map(|j| x(i, j) * beta[j]).sum();
            let (mean, slope) = if log_link { (eta.exp(), eta.exp()) } else { (eta, 1.0) };
            for a in 0..p {
                score[a] += weight[i] * x(i, a) * (response[i] - mean);
                for b in 0..p {
                    information.add(a, b, weight[i] * slope * x(i, a) * x(i, b));
                }
            }
        }
        let factor = Cholesky::new(&information, PIVOT_TOLERANCE);
        if let Some(&column) = factor.dropped.first() {
            return Err(StatsError::Impossible {
                method: "adjusted restricted mean",
                why: format!("column {} depends on the others", column + 1),
            });
        }
        let step = factor.solve(&score);
        let size: f64 = step.iter().zip(&score).map(|(a, b)| (a * b).abs()).sum();
        let level: f64 = (0..n).map(|i| weight[i] * response[i].abs()).sum::<f64>();
        beta.iter_mut().zip(&step).for_each(|(b, s)| *b += s);
        if !log_link && size <= 1e-20 * level.max(1.0) || log_link && size <= 1e-24 * level {
            return Ok(beta);
        }
        if beta.iter().any(|b| !b.is_finite()) {
            break;
        }
    }
    // The last steps are below rounding even when the bound was never met.
    if beta.iter().all(|b| b.is_finite()) {
        return Ok(beta);
    }
    Err(StatsError::NoConvergence {
        method: "adjusted restricted mean",
        iterations: 100,
        advice: "leave out covariates",
    })
}
