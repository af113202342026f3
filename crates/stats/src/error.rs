//! What a computation refuses, and what it says beside an answer.
use thiserror::Error;

/// A computation that has no answer, with the reason and what to do.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum StatsError {
    #[error("{what}: {got} values where {expected} are needed; give one value per row")]
    Length { what: &'static str, expected: usize, got: usize },
    #[error("{what}, row {row}: {value} is not a finite number; remove or correct the row")]
    NotFinite { what: &'static str, row: usize, value: f64 },
    #[error("row {row}: entry {entry} is not before the end of follow-up {time}; correct the row")]
    EntryNotBeforeTime { row: usize, entry: f64, time: f64 },
    #[error(
        "row {row}: entry and end of follow-up are one time once near-tied times are merged; compare exactly"
    )]
    EmptyInterval { row: usize },
    #[error("{what}, row {row}: {value} is outside the permitted range {range}")]
    OutOfRange { what: &'static str, row: usize, value: f64, range: &'static str },
    #[error("{name} = {value} is outside the permitted range {range}")]
    Option { name: &'static str, value: f64, range: &'static str },
    #[error("group code {code} in row {row}, but only {groups} groups were announced")]
    GroupCode { row: usize, code: usize, groups: usize },
    #[error("no rows to analyse")]
    NoRows,
    #[error("no events: {method} cannot be estimated")]
    NoEvents { method: &'static str },
    #[error("{method} compares groups, and only {groups} of them hold data")]
    OneGroup { method: &'static str, groups: usize },
    #[error("{what} has no variance; {why}")]
    NoVariance { what: &'static str, why: &'static str },
    #[error(
        "horizon {tau} lies beyond the smaller of the last observed times of the groups ({limit}); \
             choose a smaller one or state that the curve is to be carried on"
    )]
    HorizonBeyondData { tau: f64, limit: f64 },
    #[error("{method} did not converge in {iterations} iterations; {advice}")]
    NoConvergence { method: &'static str, iterations: usize, advice: &'static str },
    #[error("{method} cannot be computed: {why}")]
    Impossible { method: &'static str, why: String },
    #[error("{method} does not offer {combination}")]
    Unsupported { method: &'static str, combination: &'static str },
}

pub type Result<T> = std::result::Result<T, StatsError>;

/// A named remark that belongs to a result; it is printed with it.
#[derive(Debug, Clone, PartialEq)]
pub enum Warning {
    /// A time was asked for after the last observation; the last value is carried on.
    BeyondLastObservation { group: usize, time: f64, last: f64 },
    /// A group without rows took no part.
    EmptyGroup { group: usize },
    /// No events in the whole data set.
    NoEvents,
    /// A stratum with one group or without events added nothing.
    StrataWithoutInformation { count: usize },
    /// Collinear columns were dropped; their coefficients are not estimated.
    CollinearColumns { columns: Vec<usize> },
    /// A coefficient runs to infinity; the printed value is where the search stopped.
    InfiniteCoefficient { column: usize },
    /// Weights are not whole numbers: the robust variance was taken.
    RobustForFractionalWeights,
    /// The curve reaches 0 or 1, where an interval has no limits.
    NoLimits { reason: &'static str },
    /// A number larger than the representable range was cut.
    Overflow { what: &'static str },
    /// Anything a method says in words.
    Note(String),
}

impl Warning {
    /// A stable name, for rows and programs.
    pub fn code(&self) -> &'static str {
        match self {
            Warning::BeyondLastObservation { .. } => "beyond-last-observation",
            Warning::EmptyGroup { .. } => "empty-group",
            Warning::NoEvents => "no-events",
            Warning::StrataWithoutInformation { .. } => "strata-without-information",
            Warning::CollinearColumns { .. } => "collinear-columns",
            Warning::InfiniteCoefficient { .. } => "infinite-coefficient",
            Warning::RobustForFractionalWeights => "robust-for-fractional-weights",
            Warning::NoLimits { .. } => "no-limits",
            Warning::Overflow { .. } => "overflow",
            Warning::Note(_) => "note",
        }
    }
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Warning::BeyondLastObservation { group, time, last } => write!(
                f,
                "time {time} is after the last observation {last} of group {}: the last value is carried on",
                group + 1
            ),
            Warning::EmptyGroup { group } => write!(f, "group {} has no rows", group + 1),
            Warning::NoEvents => write!(f, "there are no events"),
            Warning::StrataWithoutInformation { count } => {
                write!(f, "{count} strata hold one group only or no events and add nothing")
            }
            Warning::CollinearColumns { columns } => {
                let names: Vec<String> = columns.iter().map(|c| (c + 1).to_string()).collect();
                write!(f, "columns {} depend on earlier ones and were dropped", names.join(", "))
            }
            Warning::InfiniteCoefficient { column } => {
                write!(f, "the coefficient of column {} runs to infinity; use Firth's correction", column + 1)
            }
            Warning::RobustForFractionalWeights => {
                write!(f, "weights are not whole numbers: the robust variance was taken")
            }
            Warning::NoLimits { reason } => write!(f, "no confidence limits: {reason}"),
            Warning::Overflow { what } => write!(f, "{what} exceeds the representable range"),
            Warning::Note(text) => f.write_str(text),
        }
    }
}

/// The names of the conventions a result was computed with, for printing.
pub type Conventions = Vec<&'static str>;
