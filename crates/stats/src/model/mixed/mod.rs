//! Linear mixed models for repeated measures: a mean structure and a covariance of the visits of a participant.
mod freedom;
mod information;
mod likelihood;
mod structure;

pub use structure::Covariance;

use self::information::pieces;
use self::likelihood::Problem;
use self::structure::Structure;
use super::dense::{inverse_of, lower_factor};
use super::design::{Design, check_outcome};
use super::linear::{Coefficient, coefficient};
use crate::inference::{Level, impossible};
use crate::special::{norm_isf, t_isf};
use crate::{Conventions, Result, StatsError, Warning};

/// Degrees of freedom of the t tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MixedDf {
    /// Satterthwaite: 2 v^2 over the variance of v; the default.
    #[default]
    Satterthwaite,
    /// Kenward and Roger (1997): the standard errors too are those of small samples. For restricted likelihood. Of a
    /// covariance that is not linear in its parameters (variances and correlations, as SAS takes them) the second
    /// derivatives take part.
    KenwardRoger,
    /// The same without second derivatives (`DDFM=KR(FIRSTORDER)` of SAS): does not depend on the choice of parameters.
    KenwardRogerFirstOrder,
    /// Between and within participants, as SAS PROC MIXED: all between when the covariance is unstructured.
    BetweenWithin,
    /// Between and within participants, as nlme and mmrm of R: the intercept within, whatever the covariance.
    BetweenWithinR,
    /// Containment, as SAS PROC MIXED with effects that are constant within participants nested in the subject effect.
    Containment,
    /// Rows - coefficients.
    Residual,
    /// Normal quantiles.
    Infinite,
}

impl MixedDf {
    /// The name that options use.
    pub fn name(self) -> &'static str {
        match self {
            MixedDf::Satterthwaite => "satterthwaite",
            MixedDf::KenwardRoger => "kenward-roger",
            MixedDf::KenwardRogerFirstOrder => "kenward-roger-first-order",
            MixedDf::BetweenWithin => "between-within",
            MixedDf::BetweenWithinR => "between-within-r",
            MixedDf::Containment => "containment",
            MixedDf::Residual => "residual",
            MixedDf::Infinite => "infinite",
        }
    }

    /// All of them.
    pub const ALL: [MixedDf; 8] = [
        MixedDf::Satterthwaite,
        MixedDf::KenwardRoger,
        MixedDf::KenwardRogerFirstOrder,
        MixedDf::BetweenWithin,
        MixedDf::BetweenWithinR,
        MixedDf::Containment,
        MixedDf::Residual,
        MixedDf::Infinite,
    ];

    /// What is printed with the result.
    pub fn convention(self) -> &'static str {
        match self {
            MixedDf::Satterthwaite => "degrees of freedom: Satterthwaite",
            MixedDf::KenwardRoger => "standard errors and degrees of freedom: Kenward\u{2013}Roger",
            MixedDf::KenwardRogerFirstOrder => {
                "standard errors and degrees of freedom: Kenward\u{2013}Roger without second derivatives"
            }
            MixedDf::BetweenWithin => "degrees of freedom: between and within participants, as SAS",
            MixedDf::BetweenWithinR => {
                "degrees of freedom: between and within participants, the intercept within, as R"
            }
            MixedDf::Containment => {
                "degrees of freedom: containment, effects that are constant within participants nested in them"
            }
            MixedDf::Residual => "degrees of freedom: rows - coefficients",
            MixedDf::Infinite => "normal quantiles",
        }
    }

    fn is_kenward_roger(self) -> bool {
        matches!(self, MixedDf::KenwardRoger | MixedDf::KenwardRogerFirstOrder)
    }

    fn needs_information(self) -> bool {
        self == MixedDf::Satterthwaite || self.is_kenward_roger()
    }
}

/// Information of the covariance parameters behind Satterthwaite and Kenward-Roger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Information {
    /// Second derivatives at the estimate: lmerTest, SAS PROC MIXED and mmrm for both methods.
    Observed,
    /// Their expectation: Kenward and Roger's article, pbkrtest.
    Expected,
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
    /// Information; `None`: observed for Satterthwaite, expected for Kenward-Roger.
    pub information: Option<Information>,
    /// Level of the limits.
    pub level: Level,
}

impl Default for MixedOptions {
    fn default() -> Self {
        MixedOptions {
            covariance: Covariance::Unstructured,
            restricted: true,
            df: MixedDf::Satterthwaite,
            information: None,
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
    /// Parameters of the covariance that its matrix does not show by itself, named.
    pub parameters: Vec<(String, f64)>,
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
    let visits = visit.iter().max().map_or(0, |v| v + 1);
    let times: Vec<f64> = (0..visits).map(|v| v as f64).collect();
    repeated_measures_at(y, columns, participant, visit, &times, options)
}

/// As [`repeated_measures`], with the time of each visit code, which random slopes need. Rows of one participant at one time have codes
/// of their own.
pub fn repeated_measures_at(
    y: &[f64],
    columns: &[&[f64]],
    participant: &[usize],
    visit: &[usize],
    times: &[f64],
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
    if times.len() != visits {
        return Err(StatsError::Length { what: "time of a visit", expected: visits, got: times.len() });
    }
    if let Some(row) = times.iter().position(|t| !t.is_finite()) {
        return Err(StatsError::NotFinite { what: "time of a visit", row: row + 1, value: times[row] });
    }
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
    check_seen(&blocks, visits, times, options.covariance)?;
    if options.df.is_kenward_roger() && !options.restricted {
        return Err(StatsError::Unsupported {
            method: NAME,
            combination: "Kenward-Roger with maximum likelihood; choose restricted maximum likelihood",
        });
    }
    if options.df == MixedDf::Containment && !options.covariance.is_random() {
        return Err(StatsError::Unsupported {
            method: NAME,
            combination: "containment without random effects; choose random-intercept or random-slope, or between-within",
        });
    }
    let structure = Structure::new(options.covariance, times);
    let problem = Problem { design, blocks, y: y.to_vec(), structure, options };
    let phi = problem.minimise()?;
    let Some(best) = problem.at(&phi) else {
        return impossible(NAME, "the covariance of the visits is singular");
    };
    let mut warnings = problem.design.warnings();
    let Inference { inverse, df, information } = infer(&problem, &phi, &best.inverse, times, &mut warnings)?;
    let covariance = problem.design.unscaled_covariance(&inverse);
    let mut coefficients = vec![None; problem.design.total];
    for (k, &place) in problem.design.kept.iter().enumerate() {
        let df = df[k];
        if df <= 0.0 {
            return impossible(NAME, "no degrees of freedom are left by this count; choose another");
        }
        let quantile = if df.is_finite() { t_isf(tail, df) } else { norm_isf(tail) };
        let value = best.beta[k] / problem.design.scale[k];
        let error = problem.design.unscaled_error(&inverse, k);
        coefficients[place] = Some(coefficient("coefficient", value, error, df, quantile, options.level));
    }
    let mut conventions = vec![
        options.covariance.name(),
        if options.restricted { "restricted maximum likelihood" } else { "maximum likelihood" },
        options.df.convention(),
    ];
    conventions.extend(information);
    if options.df == MixedDf::KenwardRoger && !options.covariance.is_linear() {
        conventions.push("second derivatives by variances and correlations, as SAS");
    }
    Ok(MixedFit {
        coefficients,
        estimated: problem.design.kept.clone(),
        covariance,
        visits: problem.structure.matrix(&phi).rows(),
        parameters: problem.structure.named(&phi),
        log_likelihood: -0.5 * best.deviance,
        participants: problem.blocks.len(),
        conventions,
        warnings,
    })
}

/// What the data must hold so that each parameter of the covariance is determined.
fn check_seen(
    blocks: &[(Vec<usize>, Vec<usize>)],
    visits: usize,
    times: &[f64],
    covariance: Covariance,
) -> Result<()> {
    let together =
        |a: usize, b: usize| blocks.iter().filter(|x| x.0.contains(&a) && x.0.contains(&b)).count();
    let pairs = || (0..visits).flat_map(|a| (0..=a).map(move |b| (a, b)));
    let (each_pair, each_visit, each_lag) = match covariance {
        Covariance::Unstructured => (true, true, false),
        Covariance::HeterogeneousCompoundSymmetry | Covariance::HeterogeneousAr1 => (false, true, false),
        Covariance::Toeplitz => (false, false, true),
        Covariance::HeterogeneousToeplitz => (false, true, true),
        _ => (false, false, false),
    };
    if let Some((a, b)) = pairs().find(|&(a, b)| (each_pair || each_visit && a == b) && together(a, b) < 2) {
        let visits = if a == b {
            format!("visit {} is not seen in two participants", a + 1)
        } else {
            format!("visits {} and {} are not seen together in two participants", b + 1, a + 1)
        };
        return impossible(NAME, format!("{visits}; choose a simpler covariance"));
    }
    let of_lag =
        |lag: usize| pairs().filter(|(a, b)| a - b == lag).map(|(a, b)| together(a, b)).sum::<usize>();
    if let Some(lag) = (1..visits).find(|&lag| each_lag && of_lag(lag) < 2) {
        let why = format!("visits {lag} apart are not seen together twice; choose a simpler covariance");
        return impossible(NAME, why);
    }
    if covariance == Covariance::RandomSlope && times.iter().all(|t| *t == times[0]) {
        return impossible(NAME, "all visits are at one time: random slopes are not determined");
    }
    Ok(())
}

/// Covariance of the coefficients, their degrees of freedom, and the information behind them.
struct Inference {
    inverse: crate::linalg::Matrix,
    df: Vec<f64>,
    information: Option<&'static str>,
}

fn infer(
    problem: &Problem,
    phi: &[f64],
    inverse: &crate::linalg::Matrix,
    times: &[f64],
    warnings: &mut Vec<Warning>,
) -> Result<Inference> {
    let options = &problem.options;
    let p = problem.design.p();
    let counted = |df: Vec<f64>| Inference { inverse: inverse.clone(), df, information: None };
    if !options.df.needs_information() {
        return Ok(counted(match options.df {
            MixedDf::BetweenWithin | MixedDf::BetweenWithinR => freedom::between_within(
                problem,
                options.df == MixedDf::BetweenWithin,
                options.covariance == Covariance::Unstructured,
            ),
            MixedDf::Containment => {
                freedom::containment(problem, times, options.covariance == Covariance::RandomSlope)
            }
            MixedDf::Residual => vec![(problem.y.len() - p) as f64; p],
            _ => vec![f64::INFINITY; p],
        }));
    }
    let kenward_roger = options.df.is_kenward_roger();
    let usual = if kenward_roger { Information::Expected } else { Information::Observed };
    let kind = options.information.unwrap_or(usual);
    let found = problem.at(phi).and_then(|v| pieces(problem, phi, &v));
    let w = found.as_ref().and_then(|pieces| {
        let information = if kind == Information::Observed { &pieces.observed } else { &pieces.expected };
        lower_factor(information).map(|l| inverse_of(&l))
    });
    let (Some(pieces), Some(w)) = (found, w) else {
        if kenward_roger {
            return impossible(NAME, UNDETERMINED);
        }
        warnings.push(Warning::Note(
            "the covariance parameters are not determined: normal quantiles were taken".into(),
        ));
        return Ok(counted(vec![f64::INFINITY; p]));
    };
    let df = pieces.freedom(inverse, &w);
    let information = Some(match kind {
        Information::Observed => "information of the covariance parameters: observed",
        Information::Expected => "information of the covariance parameters: expected",
    });
    if !kenward_roger {
        return Ok(Inference { inverse: inverse.clone(), df, information });
    }
    let adjusted = pieces.adjusted(inverse, &w, options.df == MixedDf::KenwardRoger);
    // On few rows the adjustment can leave no covariance: a variance below 0 (or NaN).
    if !(0..p).all(|k| adjusted.get(k, k) > 0.0) {
        return impossible(NAME, UNDETERMINED);
    }
    Ok(Inference { inverse: adjusted, df, information })
}

const UNDETERMINED: &str = "the covariance parameters are not determined; choose a simpler covariance";

#[cfg(test)]
mod tests;
