//! The maximum of the partial likelihood, its tests and limits.
use super::super::data::check_level;
use super::arrange::Arranged;
use super::engine::{Engine, Evaluation, Hazard};
use super::residuals::{cluster_sums, score_residuals};
use super::{CoxData, CoxOptions, Stop, Ties, exact, firth};
use crate::linalg::{Cholesky, Matrix, PIVOT_TOLERANCE};
use crate::special::{chi2_sf, norm_quantile, norm_sf};
use crate::{Conventions, Result, StatsError, Warning};

/// A chi-square test of the whole model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Test {
    pub chi_square: f64,
    pub df: usize,
    pub p: f64,
}

impl Test {
    pub fn new(chi_square: f64, df: usize) -> Test {
        Test { chi_square, df, p: if df == 0 { 1.0 } else { chi2_sf(chi_square, df as f64) } }
    }
}

/// One column of the model; everything is `None` for a dropped (collinear) or infinite coefficient.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Coefficient {
    /// Log hazard ratio.
    pub estimate: Option<f64>,
    /// From the inverse information.
    pub se: Option<f64>,
    pub robust_se: Option<f64>,
    /// With the robust standard error when there is one.
    pub z: Option<f64>,
    pub p: Option<f64>,
    pub hr: Option<f64>,
    pub hr_lower: Option<f64>,
    pub hr_upper: Option<f64>,
}

/// A fitted model, with what its residuals and curves need.
#[derive(Clone)]
pub struct CoxFit {
    pub n: usize,
    pub n_event: usize,
    pub coefficients: Vec<Coefficient>,
    /// Null and fitted log-likelihood.
    pub loglik: [f64; 2],
    pub likelihood_ratio: Test,
    /// At zero coefficients.
    pub score: Test,
    /// With the robust variance when there is one.
    pub wald: Test,
    pub robust_score: Option<Test>,
    /// Robust when asked for; rows and columns of columns that were not estimated are 0.
    pub vcov: Matrix,
    /// Inverse information.
    pub naive_vcov: Matrix,
    pub iterations: usize,
    pub conventions: Conventions,
    pub warnings: Vec<Warning>,
    /// Coefficients where the search stopped; 0 for dropped columns.
    pub beta: Vec<f64>,
    /// Covariate means, the reference of centred predictors.
    pub means: Vec<f64>,
    pub(crate) model: std::sync::Arc<Model>,
}

impl std::fmt::Debug for CoxFit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CoxFit")
            .field("n", &self.n)
            .field("coefficients", &self.coefficients)
            .field("loglik", &self.loglik)
            .finish_non_exhaustive()
    }
}

/// Sorted rows and hazards at the fitted coefficients, in scaled units.
pub(crate) struct Model {
    pub rows: Arranged,
    pub ties: Ties,
    hazard: std::sync::OnceLock<Hazard>,
    pub beta: Vec<f64>,
    /// Inverse information in scaled units.
    pub naive: Matrix,
    pub options: CoxOptions,
    /// Columns that were not dropped.
    pub kept: Vec<usize>,
    pub cluster: Option<Vec<usize>>,
}

impl Model {
    /// The hazard at the fitted coefficients, found when it is first asked for; Breslow's for exact ties.
    pub fn hazard(&self) -> &Hazard {
        self.hazard.get_or_init(|| {
            let ties = if self.ties == Ties::Exact { Ties::Breslow } else { self.ties };
            let mut engine = Engine::new(&self.rows, ties);
            engine.hazards(&self.beta);
            engine.hazard
        })
    }
}

/// Fits the model. Columns that depend on earlier ones are dropped with a warning; a coefficient that runs to
/// infinity has no estimate and a warning.
pub fn cox(data: CoxData, options: &CoxOptions) -> Result<CoxFit> {
    check_level(options.conf_level)?;
    let cluster = data.cluster.map(<[usize]>::to_vec);
    if let Some(c) = &cluster {
        super::super::data::check_len("cluster", data.survival.len(), c.len())?;
    }
    if options.ties == Ties::Exact {
        let what = match () {
            () if data.weights.is_some() => Some("case weights with exact ties"),
            () if cluster.is_some() || options.robust => Some("a robust variance with exact ties"),
            () if options.firth => Some("Firth's correction with exact ties"),
            () => None,
        };
        if let Some(combination) = what {
            return Err(StatsError::Unsupported { method: "Cox model", combination });
        }
    }
    if let Some(row) = data.weights.and_then(|w| w.iter().position(|&w| w == 0.0)) {
        return Err(StatsError::OutOfRange { what: "weights", row: row + 1, value: 0.0, range: "above 0" });
    }
    let rows = Arranged::new(data, options.near_ties)?;
    if rows.n_event == 0 {
        return Err(StatsError::NoEvents { method: "Cox model" });
    }
    let mut search = Search::new(&rows, options);
    let found = search.run()?;
    drop(search);
    found.finish(rows, cluster, options)
}

/// The likelihood of a model as Newton's search sees it.
pub(crate) struct Search<'a> {
    pub engine: Engine<'a>,
    options: &'a CoxOptions,
    /// Columns that stay at their starting value.
    pub fixed: Vec<usize>,
    pub start: Vec<f64>,
}

/// The maximum, and where it may not be one.
pub(crate) struct Found {
    pub beta: Vec<f64>,
    pub null: Evaluation,
    pub at: Evaluation,
    pub dropped: Vec<usize>,
    pub infinite: Vec<usize>,
    pub iterations: usize,
}

impl<'a> Search<'a> {
    pub fn new(rows: &'a Arranged, options: &'a CoxOptions) -> Self {
        Search {
            engine: Engine::new(rows, options.ties),
            options,
            fixed: Vec::new(),
            start: vec![0.0; rows.p],
        }
    }

    pub fn evaluate(&mut self, beta: &[f64]) -> Evaluation {
        let mut at = match self.options.ties {
            Ties::Exact => exact::evaluate(self.engine.rows, beta),
            _ => self.engine.evaluate(beta),
        };
        if self.options.firth {
            self.engine.hazards(beta);
            firth::penalise(&self.engine, &mut at);
        }
        for &j in &self.fixed {
            at.score[j] = 0.0;
            for k in 0..at.score.len() {
                at.information.set(j, k, 0.0);
                at.information.set(k, j, 0.0);
            }
        }
        at
    }

    pub fn run(&mut self) -> Result<Found> {
        let (start, events, options) = (self.start.clone(), self.engine.rows.n_event, *self.options);
        let fixed = self.fixed.clone();
        let range = self.engine.rows.range.clone();
        let mut found = maximise("Cox model", start, events, &range, &options, |beta| self.evaluate(beta))?;
        found.infinite.retain(|j| !fixed.contains(j));
        Ok(found)
    }
}

/// Newton's method with step halving from `start`. A coefficient runs to infinity when, at the end, the next step
/// would still move some linear predictor: `range` is that of each column.
pub(crate) fn maximise(
    method: &'static str,
    start: Vec<f64>,
    events: usize,
    range: &[f64],
    options: &CoxOptions,
    mut evaluate: impl FnMut(&[f64]) -> Evaluation,
) -> Result<Found> {
    let mut beta = start;
    let null = evaluate(&beta);
    if !null.loglik.is_finite() {
        return Err(StatsError::Impossible {
            method,
            why: "the likelihood at the start is not finite; check the offset".into(),
        });
    }
    let dropped = Cholesky::new(&null.information, PIVOT_TOLERANCE).dropped;
    let root_events = (events as f64).sqrt();
    let mut at = null.clone();
    let mut iterations = 0;
    let mut step = Vec::new();
    let mut converged = false;
    let mut flat = 0;
    while iterations < options.max_iterations {
        step = Cholesky::new(&at.information, PIVOT_TOLERANCE).solve(&at.score);
        dropped.iter().for_each(|&j| step[j] = 0.0);
        let decrement: f64 = step.iter().zip(&at.score).map(|(a, b)| a * b).sum();
        if let Stop::Step(limit) = options.stop {
            let limit = limit * root_events;
            if decrement <= limit * limit || flat > 3 {
                converged = true;
                break;
            }
        }
        iterations += 1;
        let old = at.loglik;
        let mut factor = 1.0;
        let mut halved = 0;
        loop {
            let trial: Vec<f64> = beta.iter().zip(&step).map(|(b, s)| b + factor * s).collect();
            let new = evaluate(&trial);
            let slack = 1e-10 * old.abs().max(1.0);
            let usable = new.loglik.is_finite() && new.information.values.iter().all(|v| v.is_finite());
            if usable && new.loglik >= old - slack || halved >= 40 {
                if !usable {
                    return Err(StatsError::NoConvergence {
                        method,
                        iterations,
                        advice: "look for covariates of enormous size",
                    });
                }
                beta = trial;
                at = new;
                break;
            }
            halved += 1;
            factor /= 2.0;
        }
        let change = (1.0 - old / at.loglik).abs();
        // Rounding of the likelihood can hold the step above its limit for ever.
        flat = if change <= 1e-15 { flat + 1 } else { 0 };
        if let Stop::LogLikelihood(limit) = options.stop
            && change <= limit
            && halved == 0
        {
            converged = true;
            break;
        }
    }
    let last = Cholesky::new(&at.information, PIVOT_TOLERANCE);
    let mut next = last.solve(&at.score);
    dropped.iter().for_each(|&j| next[j] = 0.0);
    let mut infinite: Vec<usize> = (0..beta.len())
        .filter(|j| !dropped.contains(j))
        .filter(|&j| next[j].abs() * range[j] > 1e-3 || last.dropped.contains(&j))
        .collect();
    if !converged && infinite.is_empty() {
        return Err(StatsError::NoConvergence {
            method,
            iterations,
            advice: "raise the limit of iterations or look for covariates of very different size",
        });
    }
    if options.firth && converged {
        infinite.clear();
    }
    if converged && infinite.is_empty() && matches!(options.stop, Stop::Step(_)) && !step.is_empty() {
        // The step that was found too small to need another evaluation.
        beta.iter_mut().zip(&step).for_each(|(b, s)| *b += s);
    }
    Ok(Found { beta, null, at, dropped, infinite, iterations })
}

impl Found {
    fn finish(self, rows: Arranged, cluster: Option<Vec<usize>>, options: &CoxOptions) -> Result<CoxFit> {
        let p = rows.p;
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
        let mut naive = Cholesky::new(&self.at.information, PIVOT_TOLERANCE).inverse();
        for &j in &self.dropped {
            for k in 0..p {
                naive.set(j, k, 0.0);
                naive.set(k, j, 0.0);
            }
        }
        let null_inverse = Cholesky::new(&self.null.information, PIVOT_TOLERANCE);
        let df = p - self.dropped.len();
        let score_chi: f64 =
            null_inverse.solve(&self.null.score).iter().zip(&self.null.score).map(|(a, b)| a * b).sum();
        let robust = options.robust || cluster.is_some();
        let (mut vcov, mut robust_score) = (naive.clone(), None);
        if robust {
            let sorted_cluster: Option<Vec<usize>> =
                cluster.as_ref().map(|c| rows.order.iter().map(|&i| c[i as usize]).collect());
            let mut engine = Engine::new(&rows, options.ties);
            let mut sums_at = |beta: &[f64]| {
                engine.hazards(beta);
                let residuals = score_residuals(&rows, options.ties, &engine.hazard);
                cluster_sums(&rows, &residuals, sorted_cluster.as_deref())
            };
            vcov = crossproduct(&sums_at(&self.beta), p).sandwich(&naive);
            let sums = sums_at(&vec![0.0; p]);
            let total: Vec<f64> = (0..p).map(|j| sums.iter().skip(j).step_by(p.max(1)).sum()).collect();
            let c = Cholesky::new(&crossproduct(&sums, p), PIVOT_TOLERANCE);
            let chi = c.solve(&total).iter().zip(&total).map(|(a, b)| a * b).sum();
            robust_score = Some(Test::new(chi, df));
        }
        let wald_matrix = Cholesky::new(&vcov, PIVOT_TOLERANCE);
        let wald_chi: f64 = wald_matrix.solve(&self.beta).iter().zip(&self.beta).map(|(a, b)| a * b).sum();
        let beta: Vec<f64> = (0..p).map(|j| (self.beta[j] * inverse(j)).clamp(f64::MIN, f64::MAX)).collect();
        let (vcov_out, naive_out) = (unscale(&vcov), unscale(&naive));
        let lr = 2.0 * (self.at.loglik - self.null.loglik);
        let robust_chi = robust_score.map_or(0.0, |t: Test| t.chi_square);
        let tests = [lr, score_chi, wald_chi, robust_chi];
        let finite =
            vcov.values.iter().chain(&naive.values).chain(&tests).chain(&self.beta).all(|v| v.is_finite());
        let estimated = (0..p).filter(|j| !self.dropped.contains(j) && !self.infinite.contains(j));
        if !finite || estimated.into_iter().any(|j| naive.get(j, j) <= 0.0) {
            return Err(StatsError::Impossible {
                method: "Cox regression",
                why: "weights and offsets are so far apart that the information is lost in rounding".into(),
            });
        }
        let z = norm_quantile(0.5 + options.conf_level / 2.0);
        let mut warnings = Vec::new();
        if !self.dropped.is_empty() {
            warnings.push(Warning::CollinearColumns { columns: self.dropped.clone() });
        }
        warnings.extend(self.infinite.iter().map(|&column| Warning::InfiniteCoefficient { column }));
        let coefficients = (0..p)
            .map(|j| {
                if self.dropped.contains(&j) || self.infinite.contains(&j) {
                    return Coefficient::default();
                }
                // The root before the unit: the square of a tiny unit is beyond the range of numbers.
                let (own, error) = (self.beta[j], vcov.get(j, j).sqrt());
                let (b, naive_se, se) = (beta[j], naive.get(j, j).sqrt() * inverse(j), error * inverse(j));
                let known = |v: f64| v.is_finite().then_some(v);
                let wald = if error > 0.0 { known(own / error) } else { None };
                Coefficient {
                    estimate: known(own * inverse(j)),
                    se: known(naive_se),
                    robust_se: if robust { known(se) } else { None },
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
        if !vcov_out.values.iter().chain(&naive_out.values).all(|v| v.is_finite()) {
            warnings.push(Warning::Overflow { what: "a variance" });
        }
        let mut conventions = vec![
            options.ties.name(),
            "limits: Wald on the log hazard ratio",
            if robust { "variance: robust, no small-sample factor" } else { "variance: inverse information" },
            options.near_ties.name(),
        ];
        if options.firth {
            conventions.push("penalty: Firth");
        }
        let means = rows.centre.clone();
        Ok(CoxFit {
            n: rows.n,
            n_event: rows.n_event,
            coefficients,
            loglik: [self.null.loglik, self.at.loglik],
            likelihood_ratio: Test::new(lr.max(0.0), df),
            score: Test::new(score_chi, df),
            wald: Test::new(wald_chi, df),
            robust_score,
            vcov: vcov_out,
            naive_vcov: naive_out,
            iterations: self.iterations,
            conventions,
            warnings,
            beta,
            means,
            model: std::sync::Arc::new(Model {
                rows,
                ties: options.ties,
                hazard: std::sync::OnceLock::new(),
                beta: self.beta,
                naive,
                options: *options,
                kept: (0..p).filter(|j| !self.dropped.contains(j)).collect(),
                cluster,
            }),
        })
    }
}

/// S'S of row-major rows of length p.
pub(crate) fn crossproduct(rows: &[f64], p: usize) -> Matrix {
    let mut m = Matrix::zeros(p);
    if p == 0 {
        return m;
    }
    for row in rows.chunks(p) {
        for a in 0..p {
            for b in 0..p {
                m.add(a, b, row[a] * row[b]);
            }
        }
    }
    m
}
