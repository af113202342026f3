//! Proportional hazards regression (Cox 1972).
mod arrange;
mod concordance;
mod curve;
mod engine;
mod exact;
mod firth;
mod fit;
mod moments;
mod profile;
mod residuals;
mod zph;

use std::borrow::Cow;

pub(crate) use arrange::Arranged;
pub(crate) use engine::{Evaluation, OuterSum};
pub(crate) use fit::{crossproduct, maximise};

pub use concordance::{Concordance, PairWeight, concordance, concordance_weighted};
pub use curve::CoxCurve;
pub use fit::{Coefficient, CoxFit, Test, cox};
pub use residuals::CoxResiduals;
pub use zph::{TimeTransform, Zph};

use super::{NearTies, Survival};

/// How several events at one time share the risk set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ties {
    /// Efron (1977), the default.
    #[default]
    Efron,
    /// Breslow (1974).
    Breslow,
    /// Exact partial likelihood of the discrete (conditional logistic) model, Cox (1972).
    Exact,
}

impl Ties {
    pub fn name(self) -> &'static str {
        match self {
            Ties::Efron => "ties: Efron",
            Ties::Breslow => "ties: Breslow",
            Ties::Exact => "ties: exact (discrete)",
        }
    }
}

/// The rows of a Cox model. The fit keeps its own sorted copy of the columns; owned ones are freed once copied.
#[derive(Debug, Clone)]
pub struct CoxData<'a> {
    pub survival: Survival<'a>,
    /// One slice of `n` numbers per covariate.
    pub columns: Vec<Cow<'a, [f64]>>,
    /// Any code per row; each stratum has its own baseline hazard.
    pub strata: Option<&'a [usize]>,
    pub weights: Option<&'a [f64]>,
    /// A known part of the linear predictor.
    pub offset: Option<&'a [f64]>,
    /// Rows that belong together; asks for the robust variance.
    pub cluster: Option<&'a [usize]>,
}

impl<'a> CoxData<'a> {
    pub fn new(survival: Survival<'a>, columns: Vec<Cow<'a, [f64]>>) -> Self {
        CoxData { survival, columns, strata: None, weights: None, offset: None, cluster: None }
    }
}

/// When the search for the coefficients ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stop {
    /// The next Newton step is at most this many standard errors times the root of the number of events (the
    /// curvature then changes by about this much, relatively); the step is still taken. Default, 1e-11.
    Step(f64),
    /// Relative change of the log-likelihood, the rule of R's coxph (its default is 1e-9).
    LogLikelihood(f64),
}

impl Default for Stop {
    fn default() -> Self {
        Stop::Step(1e-11)
    }
}

#[derive(Debug, Clone, Copy)]
pub struct CoxOptions {
    pub ties: Ties,
    pub near_ties: NearTies,
    pub conf_level: f64,
    /// Robust (sandwich) variance even without clusters.
    pub robust: bool,
    pub stop: Stop,
    pub max_iterations: usize,
    /// Firth's (1993) penalty log|I| / 2: finite estimates when a coefficient runs to infinity.
    pub firth: bool,
}

impl Default for CoxOptions {
    fn default() -> Self {
        CoxOptions {
            ties: Ties::default(),
            near_ties: NearTies::default(),
            conf_level: 0.95,
            robust: false,
            stop: Stop::default(),
            max_iterations: 50,
            firth: false,
        }
    }
}
