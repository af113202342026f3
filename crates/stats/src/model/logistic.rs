//! Logistic regression: maximum likelihood or Firth's penalised likelihood, Wald and profile limits.

use super::design::{Design, check_outcome};
use super::linear::{Coefficient, coefficient};
use super::{Family, Link};
use crate::inference::{Alternative, Estimate, Level, Sides, TestResult, impossible};
use crate::linalg::{Cholesky, Matrix, PIVOT_TOLERANCE};
use crate::special::{chi2_isf, norm_isf, root};
use crate::{Conventions, Result, StatsError, Warning};

/// Options of a logistic regression.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogisticOptions {
    /// Level of all limits.
    pub level: Level,
    /// Firth's (1993) penalty, half the logarithm of the determinant of the information; default false.
    pub firth: bool,
    /// Whether profile-likelihood limits are computed; default true.
    pub profile: bool,
    /// Default 100.
    pub max_iterations: usize,
}

impl Default for LogisticOptions {
    fn default() -> Self {
        LogisticOptions { level: Level::default(), firth: false, profile: true, max_iterations: 100 }
    }
}

/// A logistic regression; coefficients are logarithms of odds ratios.
#[derive(Debug, Clone, PartialEq)]
pub struct LogisticFit {
    /// Wald estimates, intercept first; `None` for a column that depends on earlier ones.
    pub coefficients: Vec<Option<Coefficient>>,
    /// Profile-likelihood limits (penalised with Firth), where asked for.
    pub profile: Vec<Option<Estimate>>,
    /// Likelihood-ratio test of each coefficient (penalised with Firth), where profiles were asked for.
    pub likelihood_ratio: Vec<Option<TestResult>>,
    /// Places of the estimated coefficients, in the order of `covariance`.
    pub estimated: Vec<usize>,
    /// Covariance of the estimated coefficients, row by row.
    pub covariance: Vec<Vec<f64>>,
    /// (Penalised) log-likelihood at the estimate and with the intercept only.
    pub log_likelihood: [f64; 2],
    /// Likelihood-ratio test of the whole model; `None` without covariates.
    pub model: Option<TestResult>,
    /// Fitted probabilities, row by row.
    pub fitted: Vec<f64>,
    /// Iterations used.
    pub iterations: usize,
    /// What it was computed with.
    pub conventions: Conventions,
    /// What a reader must know beside the numbers.
    pub warnings: Vec<Warning>,
}

const NAME: &str = "logistic regression";

struct Problem<'a> {
    y: &'a [f64],
    design: Design,
    firth: bool,
    max_iterations: usize,
}

struct Point {
    beta: Vec<f64>,
    objective: f64,
    information: Matrix,
    fitted: Vec<f64>,
    iterations: usize,
}

impl Problem<'_> {
    /// Objective, information and fitted probabilities at `beta`; `used` selects the columns of the penalty.
    fn at(&self, beta: &[f64]) -> (f64, Matrix, Vec<f64>) {
        let p = self.design.p();
        let eta = self.design.times(beta);
        let mut information = Matrix::zeros(p);
        let mut objective = 0.0;
        let mut fitted = Vec::with_capacity(eta.len());
        for (i, e) in eta.iter().enumerate() {
            let (mu, weight) = Link::Logit.mean(*e);
            // y eta - ln(1 + exp(eta)), whichever sign keeps the exponent negative
            objective += self.y[i] * e - e.max(0.0) - (-e.abs()).exp().ln_1p();
            fitted.push(mu);
            for j in 0..p {
                let x = weight * self.design.columns[j][i];
                for k in 0..=j {
                    information.add(j, k, x * self.design.columns[k][i]);
                }
            }
        }
        for j in 0..p {
            for k in 0..j {
                information.set(k, j, information.get(j, k));
            }
        }
        if self.firth {
            objective += 0.5 * Cholesky::new(&information, 1e-14).log_determinant();
        }
        (objective, information, fitted)
    }

    /// Score, with Firth's modification h (1/2 - pi).
    fn score(&self, fitted: &[f64], solver: &Cholesky) -> Vec<f64> {
        let p = self.design.p();
        let mut residual: Vec<f64> = self.y.iter().zip(fitted).map(|(y, mu)| y - mu).collect();
        if self.firth {
            for i in 0..residual.len() {
                let x = self.design.row(i);
                let v: f64 = solver.solve(&x).iter().zip(&x).map(|(a, b)| a * b).sum();
                let mu = fitted[i];
                residual[i] += v * mu * (1.0 - mu) * (0.5 - mu);
            }
        }
        (0..p).map(|j| self.design.columns[j].iter().zip(&residual).map(|(x, r)| x * r).sum()).collect()
    }

    /// Maximum from `start`, with the coefficient `fixed` held.
    fn maximise(&self, start: Vec<f64>, fixed: Option<usize>) -> Result<Point> {
        let p = self.design.p();
        let free: Vec<usize> = (0..p).filter(|j| Some(*j) != fixed).collect();
        let mut beta = start;
        let (mut objective, mut information, mut fitted) = self.at(&beta);
        for iteration in 1..=self.max_iterations {
            let whole = Cholesky::new(&information, 1e-14);
            let score = self.score(&fitted, &whole);
            let part = Cholesky::new(&information.submatrix(&free), PIVOT_TOLERANCE);
            if !free.is_empty() && !part.dropped.is_empty() {
                return impossible(
                    NAME,
                    "a coefficient runs to infinity (separation); use Firth's correction",
                );
            }
            let step = part.solve(&free.iter().map(|&j| score[j]).collect::<Vec<_>>());
            let decrement: f64 = free.iter().zip(&step).map(|(&j, s)| score[j] * s).sum();
            // a step that moves a linear predictor by more than 5 is shortened
            let mut whole_step = vec![0.0; p];
            free.iter().zip(&step).for_each(|(&j, s)| whole_step[j] = *s);
            let longest = self.design.times(&whole_step).iter().fold(0.0_f64, |m, s| m.max(s.abs()));
            let mut length = if longest > 5.0 { 5.0 / longest } else { 1.0 };
            let accepted = loop {
                let mut next = beta.clone();
                for (&j, s) in free.iter().zip(&step) {
                    next[j] += length * s;
                }
                let point = self.at(&next);
                if point.0 >= objective - 1e-12 * objective.abs() || length < 1e-8 {
                    break (next, point);
                }
                length *= 0.5;
            };
            beta = accepted.0;
            (objective, information, fitted) = accepted.1;
            let far = self.design.times(&beta).iter().fold(0.0_f64, |m, e| m.max(e.abs()));
            if !self.firth && fixed.is_none() && far > 32.0 {
                return impossible(
                    NAME,
                    "a coefficient runs to infinity (separation); use Firth's correction",
                );
            }
            if decrement.abs() <= 1e-20 * (1.0 + objective.abs()) || free.is_empty() || far > 700.0 {
                return Ok(Point { beta, objective, information, fitted, iterations: iteration });
            }
            if iteration == self.max_iterations && decrement.abs() <= 1e-12 * (1.0 + objective.abs()) {
                return Ok(Point { beta, objective, information, fitted, iterations: iteration });
            }
        }
        Err(StatsError::NoConvergence {
            method: NAME,
            iterations: self.max_iterations,
            advice: "use Firth's correction or fewer covariates",
        })
    }

    /// Limit of coefficient `j` on the side `sign` where twice the drop of the profile objective reaches `drop`.
    fn profile_limit(&self, best: &Point, inverse: &Matrix, j: usize, sign: f64, drop: f64) -> Result<f64> {
        let gap = |b: f64| -> f64 {
            let start = along(best, inverse, j, b);
            match self.maximise(start, Some(j)) {
                Ok(point) => 2.0 * (best.objective - point.objective) - drop,
                Err(_) => f64::NAN,
            }
        };
        let centre = best.beta[j];
        let mut reach = inverse.get(j, j).sqrt() * drop.sqrt();
        for _ in 0..40 {
            let end = centre + sign * reach;
            let value = gap(end);
            if value.is_nan() || (end * self.design_scale_of(j)).abs() > 500.0 {
                break;
            }
            if value > 0.0 {
                return root(gap, centre, end, 1e-11 * (1.0 + centre.abs()))
                    .map_err(|e| StatsError::Impossible { method: "profile limits", why: e.to_string() });
            }
            reach *= 1.6;
        }
        Ok(sign * f64::INFINITY)
    }

    fn design_scale_of(&self, j: usize) -> f64 {
        self.design.columns[j].iter().fold(0.0_f64, |m, v| m.max(v.abs()))
    }
}

/// Where the other coefficients go to first order when coefficient `j` is held at `b`.
fn along(best: &Point, inverse: &Matrix, j: usize, b: f64) -> Vec<f64> {
    let move_by = (b - best.beta[j]) / inverse.get(j, j);
    let mut start: Vec<f64> =
        best.beta.iter().enumerate().map(|(k, v)| v + inverse.get(k, j) * move_by).collect();
    start[j] = b;
    start
}

/// Logistic regression of 0/1 outcomes on an intercept and `columns`. Refused: outcomes other than 0 and 1, a single outcome,
/// separation without Firth's correction.
pub fn logistic(y: &[f64], columns: &[&[f64]], options: LogisticOptions) -> Result<LogisticFit> {
    check_outcome(y)?;
    Family::Binomial.check(y)?;
    let level = options.level;
    let z = level.z()?;
    let events: f64 = y.iter().sum();
    let n = y.len() as f64;
    if events == 0.0 || events == n {
        return Err(StatsError::NoVariance { what: "the outcome", why: "it is the same in every row" });
    }
    let problem = Problem {
        y,
        design: Design::new(y.len(), columns, true)?,
        firth: options.firth,
        max_iterations: options.max_iterations,
    };
    let p = problem.design.p();
    let mut start = vec![0.0; p];
    start[0] = (events / (n - events)).ln();
    let best = problem.maximise(start, None)?;
    let solver = Cholesky::new(&best.information, PIVOT_TOLERANCE);
    if !solver.dropped.is_empty() {
        return impossible(
            NAME,
            "the information matrix is singular; use Firth's correction or fewer covariates",
        );
    }
    let inverse = solver.inverse();
    let covariance = problem.design.unscaled_covariance(&inverse);
    let total = problem.design.total;
    let mut coefficients = vec![None; total];
    let mut profile = vec![None; total];
    let mut likelihood_ratio = vec![None; total];
    let mut warnings = problem.design.warnings();
    let drop = match level.sides {
        Sides::Two => chi2_isf(1.0 - level.level, 1.0),
        _ => norm_isf(1.0 - level.level).powi(2),
    };
    for (k, &place) in problem.design.kept.iter().enumerate() {
        let scale = problem.design.scale[k];
        let value = best.beta[k] / scale;
        coefficients[place] = Some(coefficient(
            "log odds ratio",
            value,
            problem.design.unscaled_error(&inverse, k),
            f64::INFINITY,
            z,
            level,
        ));
        if !options.profile {
            continue;
        }
        let lower = problem.profile_limit(&best, &inverse, k, -1.0, drop)? / scale;
        let upper = problem.profile_limit(&best, &inverse, k, 1.0, drop)? / scale;
        let mut estimate = Estimate::new(
            "profile likelihood",
            level,
            value,
            level.keep((lower, upper), (f64::NEG_INFINITY, f64::INFINITY)),
        );
        if lower.is_infinite() || upper.is_infinite() {
            estimate = estimate
                .warn(Warning::NoLimits { reason: "the likelihood never falls far enough on one side" });
        }
        profile[place] = Some(estimate);
        let without = problem.maximise(along(&best, &inverse, k, 0.0), Some(k))?;
        let chi2 = (2.0 * (best.objective - without.objective)).max(0.0);
        likelihood_ratio[place] = Some(TestResult::chi2("likelihood-ratio test", chi2, 1.0));
    }
    let null =
        Problem { y, design: Design::new(y.len(), &[], true)?, firth: options.firth, max_iterations: 100 };
    let mut base = vec![0.0; p];
    base[0] = (events / (n - events)).ln();
    // with Firth the penalty of the null model is that of all columns, the other coefficients held at zero
    let null_objective = if options.firth { held_at_zero(&problem, base)? } else { null.at(&[base[0]]).0 };
    let model = (p > 1).then(|| {
        TestResult::chi2(
            "likelihood-ratio test",
            (2.0 * (best.objective - null_objective)).max(0.0),
            p as f64 - 1.0,
        )
    });
    if best.fitted.iter().any(|f| *f < 1e-8 || *f > 1.0 - 1e-8) {
        warnings.push(Warning::Note("fitted probabilities of 0 or 1 occur".into()));
    }
    Ok(LogisticFit {
        coefficients,
        profile,
        likelihood_ratio,
        estimated: problem.design.kept.clone(),
        covariance,
        log_likelihood: [best.objective, null_objective],
        model,
        fitted: best.fitted,
        iterations: best.iterations,
        conventions: vec![
            if options.firth { "Firth's penalised likelihood" } else { "maximum likelihood" },
            Alternative::TwoSided.name(),
        ],
        warnings,
    })
}

/// Penalised objective with every coefficient but the intercept held at zero: a one-dimensional maximum.
fn held_at_zero(problem: &Problem, start: Vec<f64>) -> Result<f64> {
    let slope = |b: f64| {
        let mut beta = vec![0.0; start.len()];
        beta[0] = b;
        let (_, information, fitted) = problem.at(&beta);
        problem.score(&fitted, &Cholesky::new(&information, 1e-14))[0]
    };
    let centre = start[0];
    let at = root(slope, centre - 10.0, centre + 10.0, 0.0)
        .map_err(|e| StatsError::Impossible { method: NAME, why: e.to_string() })?;
    let mut beta = vec![0.0; start.len()];
    beta[0] = at;
    Ok(problem.at(&beta).0)
}
