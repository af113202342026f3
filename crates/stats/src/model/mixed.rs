//! Linear mixed models for repeated measures: a mean structure and a covariance of the visits of a participant.

use super::dense::{forward, inverse_of, lower_factor};
use super::design::{Design, check_outcome};
use super::kenward_roger;
use super::linear::{Coefficient, coefficient};
use crate::inference::{Level, impossible};
use crate::linalg::Matrix;
use crate::special::{norm_isf, t_isf};
use crate::{Conventions, Result, StatsError, Warning};

/// Covariance of the visits of a participant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Covariance {
    /// Any: the default for a trial with planned visits.
    #[default]
    Unstructured,
    /// One variance, one correlation (a random intercept when the correlation is positive).
    CompoundSymmetry,
    /// One variance, correlation rho^|j - k| between visits j and k.
    Ar1,
}

impl Covariance {
    /// The name that is printed and that options use.
    pub fn name(self) -> &'static str {
        match self {
            Covariance::Unstructured => "unstructured",
            Covariance::CompoundSymmetry => "compound-symmetry",
            Covariance::Ar1 => "ar1",
        }
    }

    /// Covariance matrix of all visits; `None` when it is not positive definite.
    fn matrix(self, theta: &[f64], visits: usize) -> Matrix {
        let mut s = Matrix::zeros(visits);
        match self {
            Covariance::Unstructured => {
                // lower factor with logarithms on its diagonal
                let mut l = Matrix::zeros(visits);
                let mut k = 0;
                for i in 0..visits {
                    for j in 0..=i {
                        l.set(i, j, if i == j { theta[k].exp() } else { theta[k] });
                        k += 1;
                    }
                }
                for i in 0..visits {
                    for j in 0..visits {
                        s.set(i, j, (0..=i.min(j)).map(|k| l.get(i, k) * l.get(j, k)).sum());
                    }
                }
            }
            Covariance::CompoundSymmetry => {
                // eigenvalues of the within and the mean contrast, both positive
                let (within, mean) = (theta[0].exp(), theta[1].exp());
                let shared = (mean - within) / visits as f64;
                for i in 0..visits {
                    for j in 0..visits {
                        s.set(i, j, shared + if i == j { within } else { 0.0 });
                    }
                }
            }
            Covariance::Ar1 => {
                let (variance, rho) = (theta[0].exp(), theta[1].tanh());
                for i in 0..visits {
                    for j in 0..visits {
                        s.set(i, j, variance * rho.powi(i.abs_diff(j) as i32));
                    }
                }
            }
        }
        s
    }
}

/// Degrees of freedom of the t tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MixedDf {
    /// Satterthwaite: 2 v^2 over the variance of v by the observed information; the default.
    #[default]
    Satterthwaite,
    /// Kenward and Roger (1997): the standard errors too are those of small samples. For restricted likelihood and a
    /// covariance that is linear in its parameters (unstructured, compound symmetry).
    KenwardRoger,
    /// Rows - coefficients.
    Residual,
    /// Normal quantiles.
    Infinite,
}

impl MixedDf {
    /// The name that is printed.
    pub fn name(self) -> &'static str {
        match self {
            MixedDf::Satterthwaite => "degrees of freedom: Satterthwaite",
            MixedDf::KenwardRoger => "standard errors and degrees of freedom: Kenward\u{2013}Roger",
            MixedDf::Residual => "degrees of freedom: rows - coefficients",
            MixedDf::Infinite => "normal quantiles",
        }
    }
}

/// Options of a mixed model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MixedOptions {
    /// Covariance of the visits.
    pub covariance: Covariance,
    /// Restricted maximum likelihood (true, the default) or maximum likelihood.
    pub restricted: bool,
    /// Degrees of freedom.
    pub df: MixedDf,
    /// Level of the limits.
    pub level: Level,
}

impl Default for MixedOptions {
    fn default() -> Self {
        MixedOptions {
            covariance: Covariance::Unstructured,
            restricted: true,
            df: MixedDf::Satterthwaite,
            level: Level::default(),
        }
    }
}

/// A fitted mixed model.
#[derive(Debug, Clone, PartialEq)]
pub struct MixedFit {
    /// Intercept first; `None` for a column that depends on earlier ones.
    pub coefficients: Vec<Option<Coefficient>>,
    /// Places of the estimated coefficients, in the order of `covariance`.
    pub estimated: Vec<usize>,
    /// Covariance of the estimated coefficients, row by row.
    pub covariance: Vec<Vec<f64>>,
    /// Estimated covariance of the visits, row by row.
    pub visits: Vec<Vec<f64>>,
    /// (Restricted) log-likelihood.
    pub log_likelihood: f64,
    /// Participants.
    pub participants: usize,
    /// What it was computed with.
    pub conventions: Conventions,
    /// What a reader must know beside the numbers.
    pub warnings: Vec<Warning>,
}

const NAME: &str = "mixed model for repeated measures";

struct Problem {
    design: Design,
    /// Per participant: visits and rows.
    blocks: Vec<(Vec<usize>, Vec<usize>)>,
    y: Vec<f64>,
    visits: usize,
    options: MixedOptions,
}

struct Value {
    /// -2 log-likelihood
    deviance: f64,
    beta: Vec<f64>,
    /// (X' V^-1 X)^-1
    inverse: Matrix,
}

impl Problem {
    fn at(&self, theta: &[f64]) -> Option<Value> {
        let sigma = self.options.covariance.matrix(theta, self.visits);
        let p = self.design.p();
        let mut h = Matrix::zeros(p);
        let mut g = vec![0.0; p];
        let (mut quadratic, mut ln_det) = (0.0, 0.0);
        let mut factors: std::collections::BTreeMap<&[usize], Matrix> = std::collections::BTreeMap::new();
        for (visits, rows) in &self.blocks {
            if !factors.contains_key(visits.as_slice()) {
                factors.insert(visits, lower_factor(&sigma.submatrix(visits))?);
            }
            let l = factors.get(visits.as_slice())?;
            ln_det += 2.0 * l.diagonal().iter().map(|d| d.ln()).sum::<f64>();
            let y = forward(l, &rows.iter().map(|&r| self.y[r]).collect::<Vec<_>>());
            let x: Vec<Vec<f64>> = self
                .design
                .columns
                .iter()
                .map(|c| forward(l, &rows.iter().map(|&r| c[r]).collect::<Vec<_>>()))
                .collect();
            quadratic += y.iter().map(|v| v * v).sum::<f64>();
            for j in 0..p {
                g[j] += x[j].iter().zip(&y).map(|(a, b)| a * b).sum::<f64>();
                for k in 0..=j {
                    h.add(j, k, x[j].iter().zip(&x[k]).map(|(a, b)| a * b).sum());
                }
            }
        }
        for j in 0..p {
            for k in 0..j {
                h.set(k, j, h.get(j, k));
            }
        }
        let l = lower_factor(&h)?;
        let solved = forward(&l, &g);
        quadratic -= solved.iter().map(|v| v * v).sum::<f64>();
        let inverse = inverse_of(&l);
        let beta = inverse.times(&g);
        let n = self.y.len() as f64;
        let mut deviance = ln_det + quadratic;
        if self.options.restricted {
            // on the scale of the covariates: |X'V^-1X| is that of scaled columns times their squared scales
            let scale: f64 = self.design.scale.iter().map(|s| s.ln()).sum();
            deviance += 2.0 * l.diagonal().iter().map(|d| d.ln()).sum::<f64>() + 2.0 * scale;
            deviance += (n - p as f64) * (2.0 * std::f64::consts::PI).ln();
        } else {
            deviance += n * (2.0 * std::f64::consts::PI).ln();
        }
        deviance.is_finite().then_some(Value { deviance, beta, inverse })
    }

    fn deviance(&self, theta: &[f64]) -> f64 {
        self.at(theta).map_or(f64::INFINITY, |v| v.deviance)
    }

    /// Gradient and Hessian of `f` by central differences.
    fn derivatives(&self, theta: &[f64]) -> (Vec<f64>, Matrix) {
        let k = theta.len();
        const STEP: f64 = 1e-4;
        let f = |moves: &[(usize, f64)]| {
            let mut t = theta.to_vec();
            moves.iter().for_each(|(i, d)| t[*i] += d);
            self.deviance(&t)
        };
        let centre = f(&[]);
        let mut h = Matrix::zeros(k);
        let gradient = (0..k)
            .map(|i| {
                let (up, down) = (f(&[(i, STEP)]), f(&[(i, -STEP)]));
                h.set(i, i, (up - 2.0 * centre + down) / (STEP * STEP));
                // fourth order
                let (up2, down2) = (f(&[(i, 2.0 * STEP)]), f(&[(i, -2.0 * STEP)]));
                (8.0 * (up - down) - (up2 - down2)) / (12.0 * STEP)
            })
            .collect();
        for i in 0..k {
            for j in 0..i {
                let v =
                    (f(&[(i, STEP), (j, STEP)]) - f(&[(i, STEP), (j, -STEP)]) - f(&[(i, -STEP), (j, STEP)])
                        + f(&[(i, -STEP), (j, -STEP)]))
                        / (4.0 * STEP * STEP);
                h.set(i, j, v);
                h.set(j, i, v);
            }
        }
        (gradient, h)
    }

    /// Start: residual variance of least squares, uncorrelated.
    fn start(&self) -> Result<Vec<f64>> {
        let solved = super::least_squares::solve(&self.design, &self.y);
        let rss: f64 = solved.residuals.iter().map(|r| r * r).sum();
        let size: f64 = self.y.iter().map(|v| v * v).sum();
        if rss <= size * 1e-24 {
            return Err(StatsError::NoVariance {
                what: "the residuals",
                why: "the model fits every row exactly",
            });
        }
        let ln_variance = (rss / self.y.len() as f64).ln();
        Ok(match self.options.covariance {
            Covariance::Unstructured => (0..self.visits)
                .flat_map(|i| (0..=i).map(move |j| if i == j { 0.5 * ln_variance } else { 0.0 }))
                .collect(),
            Covariance::CompoundSymmetry => vec![ln_variance; 2],
            Covariance::Ar1 => vec![ln_variance, 0.1],
        })
    }

    /// Minimum of the deviance: damped Newton with numerical derivatives.
    fn minimise(&self) -> Result<(Vec<f64>, Matrix)> {
        let mut theta = self.start()?;
        let mut now = self.deviance(&theta);
        let mut damping = 1e-3;
        for _ in 0..200 {
            let (gradient, h) = self.derivatives(&theta);
            let k = theta.len();
            let mut step = vec![0.0; k];
            let mut accepted = false;
            for _ in 0..40 {
                let mut damped = h.clone();
                for i in 0..k {
                    damped.add(i, i, damping * (1.0 + h.get(i, i).abs()));
                }
                if let Some(l) = lower_factor(&damped) {
                    let inverse = inverse_of(&l);
                    step = inverse.times(&gradient).iter().map(|v| -v).collect();
                    let longest = step.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
                    let shorten = if longest > 2.0 { 2.0 / longest } else { 1.0 };
                    let next: Vec<f64> = theta.iter().zip(&step).map(|(t, s)| t + shorten * s).collect();
                    let value = self.deviance(&next);
                    if value <= now + 1e-11 * now.abs() {
                        accepted = true;
                        theta = next;
                        now = value;
                        damping = (damping * 0.1).max(1e-12);
                        break;
                    }
                }
                damping = (damping * 10.0).max(1e-6);
            }
            let size = step.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
            let slope = gradient.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
            if (accepted && size < 1e-9)
                || (!accepted && slope < 1e-4)
                || (accepted && size < 1e-7 && slope < 1e-6)
            {
                let (_, h) = self.derivatives(&theta);
                return Ok((theta, h));
            }
            if !accepted || theta.iter().any(|t| t.abs() > 80.0) {
                break;
            }
        }
        Err(StatsError::NoConvergence {
            method: NAME,
            iterations: 200,
            advice: "choose a simpler covariance of the visits",
        })
    }
}

/// Fits `y` on an intercept and `columns` with correlated visits. `participant` and `visit` code each row; a visit that was missed is
/// simply absent. Refused: two rows of one participant at one visit, an outcome that the model fits exactly, no participant with two
/// visits.
pub fn repeated_measures(
    y: &[f64],
    columns: &[&[f64]],
    participant: &[usize],
    visit: &[usize],
    options: MixedOptions,
) -> Result<MixedFit> {
    check_outcome(y)?;
    let n = y.len();
    for (what, got) in [("participant", participant.len()), ("visit", visit.len())] {
        if got != n {
            return Err(StatsError::Length { what, expected: n, got });
        }
    }
    let tail = options.level.tail()?;
    let design = Design::new(n, columns, true)?;
    let p = design.p();
    if n <= p + 1 {
        return impossible(NAME, "there are no more rows than coefficients");
    }
    let visits = visit.iter().max().map_or(0, |v| v + 1);
    let mut by: std::collections::BTreeMap<usize, Vec<(usize, usize)>> = std::collections::BTreeMap::new();
    for i in 0..n {
        by.entry(participant[i]).or_default().push((visit[i], i));
    }
    let mut blocks = Vec::with_capacity(by.len());
    for rows in by.values_mut() {
        rows.sort_unstable();
        if rows.windows(2).any(|w| w[0].0 == w[1].0) {
            return impossible(NAME, "a participant has two rows at one visit");
        }
        blocks.push(rows.iter().copied().unzip());
    }
    if visits < 2 || blocks.len() == n {
        return impossible(NAME, "no participant has two visits: use linear regression");
    }
    if options.covariance == Covariance::Unstructured {
        for a in 0..visits {
            for b in 0..=a {
                let seen = |block: &&(Vec<usize>, Vec<usize>)| block.0.contains(&a) && block.0.contains(&b);
                if blocks.iter().filter(seen).count() < 2 {
                    return impossible(
                        NAME,
                        format!(
                            "visits {} and {} are not seen together in two participants; choose a simpler covariance",
                            b + 1,
                            a + 1
                        ),
                    );
                }
            }
        }
    }
    if options.df == MixedDf::KenwardRoger && (!options.restricted || options.covariance == Covariance::Ar1) {
        return Err(StatsError::Unsupported {
            method: NAME,
            combination: "Kenward-Roger with maximum likelihood or AR(1); choose REML and an unstructured covariance or \
                          compound symmetry",
        });
    }
    let problem = Problem { design, blocks, y: y.to_vec(), visits, options };
    let (theta, hessian) = problem.minimise()?;
    let Some(best) = problem.at(&theta) else {
        return impossible(NAME, "the covariance of the visits is singular");
    };
    let mut warnings = problem.design.warnings();
    let parameter_covariance = lower_factor(&hessian).map(|l| {
        let mut w = inverse_of(&l);
        w.values.iter_mut().for_each(|v| *v *= 2.0);
        w
    });
    if parameter_covariance.is_none() && options.df == MixedDf::Satterthwaite {
        warnings.push(Warning::Note(
            "the covariance parameters are not determined: normal quantiles were taken".into(),
        ));
    }
    let mut best = best;
    let mut kenward_roger = Vec::new();
    if options.df == MixedDf::KenwardRoger {
        let sigma = options.covariance.matrix(&theta, visits);
        let adjusted = kenward_roger::adjust(
            &problem.design.columns,
            &problem.blocks,
            options.covariance,
            &sigma,
            &best.inverse,
        );
        // On few rows the adjustment can leave no covariance: a variance below 0.
        let adjusted = adjusted.filter(|a| (0..a.df.len()).all(|k| a.covariance.get(k, k) > 0.0));
        let Some(adjusted) = adjusted else {
            return impossible(
                NAME,
                "the covariance parameters are not determined; choose a simpler covariance",
            );
        };
        (best.inverse, kenward_roger) = (adjusted.covariance, adjusted.df);
    }
    let df_of = |k: usize| match options.df {
        MixedDf::KenwardRoger => kenward_roger[k],
        MixedDf::Residual => (n - p) as f64,
        MixedDf::Infinite => f64::INFINITY,
        MixedDf::Satterthwaite => {
            let Some(w) = &parameter_covariance else { return f64::INFINITY };
            let v = best.inverse.get(k, k);
            const STEP: f64 = 1e-4;
            let slope: Vec<f64> = (0..theta.len())
                .map(|i| {
                    let at = |d: f64| {
                        let mut t = theta.clone();
                        t[i] += d;
                        problem.at(&t).map_or(f64::NAN, |x| x.inverse.get(k, k))
                    };
                    (8.0 * (at(STEP) - at(-STEP)) - (at(2.0 * STEP) - at(-2.0 * STEP))) / (12.0 * STEP)
                })
                .collect();
            let spread = w.quadratic(&slope);
            if spread > 0.0 { 2.0 * v * v / spread } else { f64::INFINITY }
        }
    };
    let covariance = problem.design.unscaled_covariance(&best.inverse);
    let mut coefficients = vec![None; problem.design.total];
    for (k, &place) in problem.design.kept.iter().enumerate() {
        let df = df_of(k);
        let quantile = if df.is_finite() { t_isf(tail, df) } else { norm_isf(tail) };
        let value = best.beta[k] / problem.design.scale[k];
        coefficients[place] =
            Some(coefficient("coefficient", value, covariance[k][k].sqrt(), df, quantile, options.level));
    }
    Ok(MixedFit {
        coefficients,
        estimated: problem.design.kept.clone(),
        covariance,
        visits: options.covariance.matrix(&theta, visits).rows(),
        log_likelihood: -0.5 * best.deviance,
        participants: problem.blocks.len(),
        conventions: vec![
            options.covariance.name(),
            if options.restricted { "restricted maximum likelihood" } else { "maximum likelihood" },
            options.df.name(),
        ],
        warnings,
    })
}

#[cfg(test)]
#[path = "mixed_tests.rs"]
mod tests;
