//! The iteration: coefficients, scale and correlation in turn until none moves.

use super::variance::covariances;
use super::{Correlation, Denominators, GeeData, GeeFit, GeeOptions};
use crate::inference::impossible;
use crate::linalg::{Cholesky, Matrix, PIVOT_TOLERANCE};
use crate::model::design::{Design, check_outcome};
use crate::model::{Family, Link};
use crate::{Result, StatsError, Warning};

pub(super) const NAME: &str = "generalised estimating equations";

/// A checked problem: rows sorted by cluster, order within a cluster kept.
pub(super) struct Problem {
    pub y: Vec<f64>,
    pub offset: Vec<f64>,
    pub design: Design,
    /// Row ranges of the clusters.
    pub clusters: Vec<std::ops::Range<usize>>,
    pub options: GeeOptions,
}

/// Where an iteration stands.
#[derive(Clone)]
pub(super) struct State {
    pub beta: Vec<f64>,
    pub alpha: f64,
    pub scale: f64,
    pub iterations: usize,
}

/// What one cluster contributes, on the Pearson scale: residuals and derivatives divided by the standard deviation.
pub(super) struct Part {
    pub residual: Vec<f64>,
    /// One vector of length p per row.
    pub derivative: Vec<Vec<f64>>,
}

/// Inverse of a working correlation matrix applied to a vector, in closed form.
pub(super) fn apply_inverse(correlation: Correlation, alpha: f64, v: &[f64]) -> Vec<f64> {
    let n = v.len();
    match correlation {
        _ if n == 1 => v.to_vec(),
        Correlation::Independence => v.to_vec(),
        Correlation::Exchangeable => {
            let sum: f64 = v.iter().sum();
            let c = alpha / (1.0 + (n as f64 - 1.0) * alpha);
            v.iter().map(|x| (x - c * sum) / (1.0 - alpha)).collect()
        }
        Correlation::Ar1 => {
            let d = 1.0 - alpha * alpha;
            (0..n)
                .map(|i| {
                    let own = if i == 0 || i + 1 == n { v[i] } else { (1.0 + alpha * alpha) * v[i] };
                    let before = if i > 0 { v[i - 1] } else { 0.0 };
                    let after = if i + 1 < n { v[i + 1] } else { 0.0 };
                    (own - alpha * (before + after)) / d
                })
                .collect()
        }
    }
}

impl Problem {
    pub fn new(data: &GeeData, options: GeeOptions) -> Result<Problem> {
        let n = data.y.len();
        check_outcome(data.y)?;
        options.family.check(data.y)?;
        if data.cluster.len() != n {
            return Err(StatsError::Length { what: "cluster", expected: n, got: data.cluster.len() });
        }
        if let Some(o) = data.offset {
            if o.len() != n {
                return Err(StatsError::Length { what: "offset", expected: n, got: o.len() });
            }
            check_outcome(o)?;
        }
        if data.y.iter().all(|v| *v == data.y[0]) {
            return Err(StatsError::NoVariance { what: "the outcome", why: "it is the same in every row" });
        }
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by_key(|&i| data.cluster[i]);
        let pick = |v: &[f64]| -> Vec<f64> { order.iter().map(|&i| v[i]).collect() };
        let sorted: Vec<Vec<f64>> = data
            .columns
            .iter()
            .map(|c| {
                if c.len() == n {
                    Ok(pick(c))
                } else {
                    Err(StatsError::Length { what: "covariate", expected: n, got: c.len() })
                }
            })
            .collect::<Result<_>>()?;
        let slices: Vec<&[f64]> = sorted.iter().map(Vec::as_slice).collect();
        let design = Design::new(n, &slices, options.intercept)?;
        let mut clusters = Vec::new();
        let mut start = 0;
        for i in 1..=n {
            if i == n || data.cluster[order[i]] != data.cluster[order[start]] {
                clusters.push(start..i);
                start = i;
            }
        }
        if clusters.len() < 2 {
            return impossible(NAME, "all rows belong to one cluster");
        }
        let offset = data.offset.map_or_else(|| vec![0.0; n], pick);
        Ok(Problem { y: pick(data.y), offset, design, clusters, options })
    }

    fn p(&self) -> usize {
        self.design.p()
    }

    /// Pearson residuals and scaled derivatives of all clusters.
    pub fn parts(&self, beta: &[f64]) -> Result<Vec<Part>> {
        let eta = self.design.times(beta);
        let (family, link) = (self.options.family, self.options.link);
        let one = |i: usize| -> Result<(f64, Vec<f64>)> {
            let (mu, slope) = link.mean(eta[i] + self.offset[i]);
            let sd = family.variance(mu).sqrt();
            if !family.possible(mu) || sd == 0.0 || !slope.is_finite() {
                return impossible(NAME, "a fitted mean reaches the edge of its range (separation)");
            }
            Ok(((self.y[i] - mu) / sd, self.design.columns.iter().map(|c| slope / sd * c[i]).collect()))
        };
        self.clusters
            .iter()
            .map(|range| {
                let rows = range.clone().map(one).collect::<Result<Vec<_>>>()?;
                let (residual, derivative) = rows.into_iter().unzip();
                Ok(Part { residual, derivative })
            })
            .collect()
    }

    /// D' R^-1 D and D' R^-1 r of one cluster (scale 1).
    pub fn information(&self, part: &Part, alpha: f64) -> (Matrix, Vec<f64>) {
        let p = self.p();
        let correlation = self.options.correlation;
        let weighted: Vec<Vec<f64>> = (0..p)
            .map(|j| {
                let column: Vec<f64> = part.derivative.iter().map(|d| d[j]).collect();
                apply_inverse(correlation, alpha, &column)
            })
            .collect();
        let mut h = Matrix::zeros(p);
        let mut g = vec![0.0; p];
        for (i, d) in part.derivative.iter().enumerate() {
            for j in 0..p {
                g[j] += weighted[j][i] * part.residual[i];
                for k in 0..=j {
                    h.add(j, k, weighted[j][i] * d[k]);
                }
            }
        }
        for j in 0..p {
            for k in 0..j {
                h.set(k, j, h.get(j, k));
            }
        }
        (h, g)
    }

    fn scale(&self, parts: &[Part], skip: Option<usize>) -> f64 {
        let used = || parts.iter().enumerate().filter(|(i, _)| Some(*i) != skip).map(|(_, p)| p);
        let sum: f64 = used().flat_map(|p| &p.residual).map(|r| r * r).sum();
        let n: usize = used().map(|p| p.residual.len()).sum();
        match self.options.denominators {
            Denominators::Uncorrected => sum / n as f64,
            Denominators::Corrected | Denominators::ByCluster => sum / (n - self.p()) as f64,
        }
    }

    fn alpha(&self, parts: &[Part], scale: f64, now: f64, skip: Option<usize>) -> f64 {
        let used = || parts.iter().enumerate().filter(|(i, _)| Some(*i) != skip).map(|(_, p)| &p.residual);
        let less = if self.options.denominators == Denominators::Uncorrected { 0.0 } else { self.p() as f64 };
        match (self.options.correlation, self.options.denominators) {
            (Correlation::Independence, _) => 0.0,
            (Correlation::Exchangeable, _) => {
                let (mut sum, mut pairs) = (0.0, 0.0);
                for r in used() {
                    let total: f64 = r.iter().sum();
                    sum += 0.5 * (total * total - r.iter().map(|x| x * x).sum::<f64>());
                    pairs += (r.len() * (r.len() - 1) / 2) as f64;
                }
                if pairs > less { sum / scale / (pairs - less) } else { 0.0 }
            }
            (Correlation::Ar1, Denominators::Corrected) => {
                let (mut sum, mut pairs) = (0.0, 0.0);
                for r in used() {
                    sum += r.windows(2).map(|w| w[0] * w[1]).sum::<f64>();
                    pairs += (r.len() - 1) as f64;
                }
                if pairs > less { sum / scale / (pairs - less) } else { 0.0 }
            }
            (Correlation::Ar1, Denominators::ByCluster) => {
                let (mut products, mut squares) = (0.0, 0.0);
                for r in used().filter(|r| r.len() > 1) {
                    products += r.windows(2).map(|w| w[0] * w[1]).sum::<f64>() / (r.len() - 1) as f64;
                    squares += r.iter().map(|x| x * x).sum::<f64>() / r.len() as f64;
                }
                if squares > 0.0 { products / squares } else { 0.0 }
            }
            (Correlation::Ar1, Denominators::Uncorrected) => {
                // one Gauss-Newton step of the least squares of r_j r_k/scale on alpha^|j-k|
                let (mut up, mut down) = (0.0, 0.0);
                for r in used() {
                    for j in 0..r.len() {
                        for k in j + 1..r.len() {
                            let gap = (k - j) as i32;
                            let slope = f64::from(gap) * now.powi(gap - 1);
                            up += slope * (r[j] * r[k] / scale - now.powi(gap));
                            down += slope * slope;
                        }
                    }
                }
                if down > 0.0 { now + up / down } else { 0.0 }
            }
        }
    }

    /// Largest alpha below which the working correlation of every cluster is positive definite.
    fn admissible(&self, alpha: f64) -> bool {
        let largest = self.clusters.iter().map(|c| c.len()).max().unwrap_or(1) as f64;
        match self.options.correlation {
            Correlation::Independence => true,
            Correlation::Exchangeable => alpha < 1.0 && 1.0 + (largest - 1.0) * alpha > 0.0,
            Correlation::Ar1 => alpha.abs() < 1.0,
        }
    }

    /// Coefficients of the ordinary regression on working responses, to start from.
    fn start(&self) -> Result<Vec<f64>> {
        let (family, link) = (self.options.family, self.options.link);
        let p = self.p();
        let mut h = Matrix::zeros(p);
        let mut g = vec![0.0; p];
        for i in 0..self.y.len() {
            let eta = link.eta(family.start(self.y[i]));
            let (mu, slope) = link.mean(eta);
            let weight = slope * slope / family.variance(mu);
            let target = eta - self.offset[i] + (self.y[i] - mu) / slope;
            let x = self.design.row(i);
            for j in 0..p {
                g[j] += weight * x[j] * target;
                for k in 0..p {
                    h.add(j, k, weight * x[j] * x[k]);
                }
            }
        }
        Ok(Cholesky::new(&h, PIVOT_TOLERANCE).solve(&g))
    }

    /// Iterates from `from`, leaving out the cluster `skip`.
    pub fn iterate(&self, from: Option<State>, skip: Option<usize>) -> Result<State> {
        let mut state = match from {
            Some(s) => State { iterations: 0, ..s },
            None => State { beta: self.start()?, alpha: 0.0, scale: 1.0, iterations: 0 },
        };
        let (tolerance, p) = (self.options.tolerance, self.p());
        let mut parts = self.parts(&state.beta)?;
        for iteration in 1..=self.options.max_iterations {
            let mut h = Matrix::zeros(p);
            let mut g = vec![0.0; p];
            for (_, part) in parts.iter().enumerate().filter(|(i, _)| Some(*i) != skip) {
                let (hi, gi) = self.information(part, state.alpha);
                h.values.iter_mut().zip(&hi.values).for_each(|(a, b)| *a += b);
                g.iter_mut().zip(&gi).for_each(|(a, b)| *a += b);
            }
            let solver = Cholesky::new(&h, PIVOT_TOLERANCE);
            if !solver.dropped.is_empty() {
                return impossible(
                    NAME,
                    "the information matrix is singular (separation or too few clusters)",
                );
            }
            let step = solver.solve(&g);
            let mut size = 0.0_f64;
            // a step out of the permitted means is halved
            let mut length = 1.0;
            let next = loop {
                let beta: Vec<f64> = state.beta.iter().zip(&step).map(|(b, s)| b + length * s).collect();
                match self.parts(&beta) {
                    Ok(parts) => break Some((beta, parts)),
                    Err(_) if length > 1e-3 => length *= 0.5,
                    Err(e) => return Err(e),
                }
            };
            let Some((beta, next_parts)) = next else {
                return impossible(NAME, "no step keeps the means inside their range");
            };
            for (new, old) in beta.iter().zip(&state.beta) {
                size = size.max((new - old).abs() / (1.0 + old.abs()));
            }
            parts = next_parts;
            let scale = self.scale(&parts, skip);
            let alpha = self.alpha(&parts, scale, state.alpha, skip);
            if self.options.family == Family::Binomial && self.options.link == Link::Logit {
                let far = beta.iter().fold(0.0_f64, |m, b| m.max(b.abs()));
                if far > 40.0 {
                    return impossible(NAME, "a coefficient runs to infinity (separation)");
                }
            }
            if !(scale > 0.0 && scale.is_finite()) {
                return impossible(NAME, "the scale is zero: the model fits every row exactly");
            }
            if !self.admissible(alpha) {
                return impossible(
                    NAME,
                    format!(
                        "the estimated correlation {alpha:.4} is not possible for these clusters; use independence"
                    ),
                );
            }
            size = size.max((alpha - state.alpha).abs());
            state = State { beta, alpha, scale, iterations: iteration };
            if size <= tolerance {
                return Ok(state);
            }
        }
        Err(StatsError::NoConvergence {
            method: NAME,
            iterations: self.options.max_iterations,
            advice: "use the independence correlation or fewer covariates",
        })
    }
}

/// Fits the estimating equation. Refused: outcomes outside the family's range, one cluster, an outcome that never
/// varies, separation, a correlation that is not possible.
pub fn gee(data: &GeeData, options: GeeOptions) -> Result<GeeFit> {
    let problem = Problem::new(data, options)?;
    if problem.y.len() <= problem.design.p() {
        return impossible(NAME, "there are no more rows than coefficients");
    }
    let state = problem.iterate(None, None)?;
    let mut warnings = problem.design.warnings();
    if problem.clusters.len() < 40 {
        warnings.push(Warning::Note(format!(
            "only {} clusters: the robust variance is too small; report a small-sample variance",
            problem.clusters.len()
        )));
    }
    let (scaled, capped) = covariances(&problem, &state)?;
    let p = problem.design.p();
    let unscale = |m: &Matrix| Matrix { size: p, values: problem.design.unscaled_covariance(m).concat() };
    let errors = |m: &Matrix| (0..p).map(|k| problem.design.unscaled_error(m, k)).collect();
    if capped {
        warnings
            .push(Warning::Note("a cluster determines a coefficient alone: its leverage was bounded".into()));
    }
    Ok(GeeFit {
        coefficients: problem.design.unscaled(&state.beta),
        estimated: problem.design.kept.clone(),
        covariances: scaled.iter().map(unscale).collect(),
        errors: scaled.iter().map(errors).collect(),
        alpha: state.alpha,
        scale: state.scale,
        clusters: problem.clusters.len(),
        n: problem.y.len(),
        iterations: state.iterations,
        conventions: vec![
            options.family.name(),
            options.link.name(),
            options.correlation.name(),
            options.denominators.name(),
        ],
        warnings,
    })
}
