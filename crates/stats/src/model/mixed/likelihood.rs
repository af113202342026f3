//! The (restricted) likelihood of a mixed model and its maximum.
use super::information::pieces;
use super::structure::Structure;
use super::{MixedOptions, NAME};
use crate::inference::impossible;
use crate::linalg::Matrix;
use crate::model::dense::{forward, inverse_of, lower_factor};
use crate::model::design::Design;
use crate::model::least_squares;
use crate::{Result, StatsError};

const BORDER: &str = "the covariance of the random effects is estimated singular (a variance of 0, or a correlation of -1 or \
                      1); choose a simpler one, or compound-symmetry, whose covariance may be negative";

pub(super) struct Problem {
    pub design: Design,
    /// Per participant: visits and rows.
    pub blocks: Vec<(Vec<usize>, Vec<usize>)>,
    pub y: Vec<f64>,
    pub structure: Structure,
    pub options: MixedOptions,
}

pub(super) struct Value {
    /// -2 log-likelihood
    pub deviance: f64,
    /// Coefficients of the scaled columns.
    pub beta: Vec<f64>,
    /// (X' V^-1 X)^-1
    pub inverse: Matrix,
}

impl Problem {
    /// The fit for parameters `phi`; `None` when their covariance is not positive definite.
    pub fn at(&self, phi: &[f64]) -> Option<Value> {
        let sigma = self.structure.matrix(phi);
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
        self.at(&self.structure.natural(theta)).map_or(f64::INFINITY, |v| v.deviance)
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
        let solved = least_squares::solve(&self.design, &self.y);
        let rss: f64 = solved.residuals.iter().map(|r| r * r).sum();
        let size: f64 = self.y.iter().map(|v| v * v).sum();
        if rss <= size * 1e-24 {
            return Err(StatsError::NoVariance {
                what: "the residuals",
                why: "the model fits every row exactly",
            });
        }
        Ok(self.structure.start((rss / self.y.len() as f64).ln()))
    }

    /// The parameters with the least deviance.
    pub fn minimise(&self) -> Result<Vec<f64>> {
        let theta = self.search()?;
        if self.structure.on_border(&theta) {
            return impossible(NAME, BORDER);
        }
        Ok(self.polish(self.structure.natural(&theta)))
    }

    /// Exact Newton steps from where the search ended, as long as they lower the deviance.
    fn polish(&self, mut phi: Vec<f64>) -> Vec<f64> {
        for _ in 0..20 {
            let Some(value) = self.at(&phi) else { break };
            let Some(pieces) = pieces(self, &phi, &value) else { break };
            let Some(w) = lower_factor(&pieces.observed).map(|l| inverse_of(&l)) else { break };
            let step: Vec<f64> = w.times(&pieces.score).iter().map(|s| -0.5 * s).collect();
            let next: Vec<f64> = phi.iter().zip(&step).map(|(p, s)| p + s).collect();
            let better = self.at(&next).is_some_and(|v| v.deviance <= value.deviance + 1e-9);
            if !better {
                break;
            }
            phi = next;
            if step.iter().enumerate().all(|(k, s)| s.abs() <= 1e-10 * w.get(k, k).sqrt()) {
                break;
            }
        }
        phi
    }

    /// Damped Newton with numerical derivatives, over parameters without bounds.
    fn search(&self) -> Result<Vec<f64>> {
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
                return Ok(theta);
            }
            if !accepted || theta.iter().any(|t| t.abs() > 80.0) {
                break;
            }
        }
        if self.structure.on_border(&theta) {
            return impossible(NAME, BORDER);
        }
        Err(StatsError::NoConvergence {
            method: NAME,
            iterations: 200,
            advice: "choose a simpler covariance of the visits",
        })
    }
}
