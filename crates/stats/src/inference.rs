//! What estimates and tests return, and the words they share: level, side, alternative.

use crate::special::norm_isf;
use crate::{Conventions, Result, StatsError, Warning};

/// Which side of a confidence interval is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sides {
    /// Two limits, (1 - level)/2 outside each; the default.
    #[default]
    Two,
    /// A lower limit at the whole level; the upper one is the end of the parameter's range.
    Lower,
    /// An upper limit at the whole level; the lower one is the end of the parameter's range.
    Upper,
}

/// Confidence level and side of an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Confidence level in (0, 1).
    pub level: f64,
    /// One limit or two.
    pub sides: Sides,
}

impl Default for Level {
    fn default() -> Self {
        Level { level: 0.95, sides: Sides::Two }
    }
}

impl Level {
    /// Two-sided limits at `level`.
    pub fn two_sided(level: f64) -> Level {
        Level { level, sides: Sides::Two }
    }

    /// Error probability outside each wanted limit; refuses a level outside (0, 1).
    pub(crate) fn tail(self) -> Result<f64> {
        if !(self.level > 0.0 && self.level < 1.0) {
            return Err(StatsError::Option {
                name: "confidence level",
                value: self.level,
                range: "above 0, below 1",
            });
        }
        Ok(if self.sides == Sides::Two { 0.5 * (1.0 - self.level) } else { 1.0 - self.level })
    }

    /// Normal quantile that belongs to [`Level::tail`].
    pub(crate) fn z(self) -> Result<f64> {
        Ok(norm_isf(self.tail()?))
    }

    /// The limits that were asked for; the other one becomes the end of the range.
    pub(crate) fn keep(self, limits: (f64, f64), range: (f64, f64)) -> (f64, f64) {
        match self.sides {
            Sides::Two => limits,
            Sides::Lower => (limits.0, range.1),
            Sides::Upper => (range.0, limits.1),
        }
    }
}

/// Alternative hypothesis of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Alternative {
    /// Different in either direction; the default.
    #[default]
    TwoSided,
    /// The first group, or the parameter, is larger.
    Greater,
    /// The first group, or the parameter, is smaller.
    Less,
}

impl Alternative {
    /// The name that is printed.
    pub fn name(self) -> &'static str {
        match self {
            Alternative::TwoSided => "two-sided",
            Alternative::Greater => "greater",
            Alternative::Less => "less",
        }
    }

    /// p-value of a standard normal statistic.
    pub(crate) fn normal_p(self, z: f64) -> f64 {
        use crate::special::norm_sf;
        match self {
            Alternative::TwoSided => (2.0 * norm_sf(z.abs())).min(1.0),
            Alternative::Greater => norm_sf(z),
            Alternative::Less => norm_sf(-z),
        }
    }
}

/// A number with its confidence limits.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// The point estimate.
    pub estimate: f64,
    /// Lower limit (may be -infinity).
    pub lower: f64,
    /// Upper limit (may be infinity).
    pub upper: f64,
    /// Level and side of the limits.
    pub level: Level,
    /// Name of the method.
    pub method: &'static str,
    /// Conventions that another package may choose differently.
    pub conventions: Conventions,
    /// What a reader must know beside the numbers.
    pub warnings: Vec<Warning>,
}

impl Estimate {
    pub(crate) fn new(method: &'static str, level: Level, estimate: f64, limits: (f64, f64)) -> Estimate {
        Estimate {
            estimate,
            lower: limits.0,
            upper: limits.1,
            level,
            method,
            conventions: Vec::new(),
            warnings: Vec::new(),
        }
    }

    pub(crate) fn convention(mut self, name: &'static str) -> Estimate {
        self.conventions.push(name);
        self
    }

    pub(crate) fn warn(mut self, warning: Warning) -> Estimate {
        self.warnings.push(warning);
        self
    }

    /// Both limits.
    pub fn limits(&self) -> [f64; 2] {
        [self.lower, self.upper]
    }
}

/// A test: its statistic, where one exists, and its p-value.
#[derive(Debug, Clone, PartialEq)]
pub struct TestResult {
    /// Test statistic; `None` for exact tests that order tables by probability.
    pub statistic: Option<f64>,
    /// Degrees of freedom of the reference distribution, where it has any.
    pub df: Option<f64>,
    /// p-value.
    pub p: f64,
    /// Name of the method.
    pub method: &'static str,
    /// Conventions that another package may choose differently.
    pub conventions: Conventions,
    /// What a reader must know beside the numbers.
    pub warnings: Vec<Warning>,
}

impl TestResult {
    pub(crate) fn exact(method: &'static str, p: f64) -> TestResult {
        TestResult { statistic: None, df: None, p, method, conventions: Vec::new(), warnings: Vec::new() }
    }

    pub(crate) fn with(method: &'static str, statistic: f64, df: Option<f64>, p: f64) -> TestResult {
        TestResult {
            statistic: Some(statistic),
            df,
            p,
            method,
            conventions: Vec::new(),
            warnings: Vec::new(),
        }
    }

    pub(crate) fn chi2(method: &'static str, statistic: f64, df: f64) -> TestResult {
        TestResult::with(method, statistic, Some(df), crate::special::chi2_sf(statistic, df))
    }

    pub(crate) fn convention(mut self, name: &'static str) -> TestResult {
        self.conventions.push(name);
        self
    }

    pub(crate) fn warn(mut self, warning: Warning) -> TestResult {
        self.warnings.push(warning);
        self
    }
}

/// Refuses a method that has no answer on these data.
pub(crate) fn impossible<T>(method: &'static str, why: impl Into<String>) -> Result<T> {
    Err(StatsError::Impossible { method, why: why.into() })
}
