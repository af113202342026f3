//! The functions that the language brings along: their names, and what they are to an evaluator.

/// The functions that the language brings along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BuiltIn {
    Between(Standard),
    Date,
    Duration,
    Test(Test),
    Least(Standard),
    Round,
    Absolute,
    Count,
    Size,
}

impl BuiltIn {
    pub const ALL: [(&'static str, BuiltIn); 17] = [
        ("age", BuiltIn::Between(Standard::Years)),
        ("years_between", BuiltIn::Between(Standard::Years)),
        ("months_between", BuiltIn::Between(Standard::Months)),
        ("days_between", BuiltIn::Between(Standard::Days)),
        ("date", BuiltIn::Date),
        ("duration", BuiltIn::Duration),
        ("known", BuiltIn::Test(Test::Known)),
        ("missing", BuiltIn::Test(Test::Missing)),
        ("unknown", BuiltIn::Test(Test::Unknown)),
        ("not_done", BuiltIn::Test(Test::NotDone)),
        ("not_applicable", BuiltIn::Test(Test::NotApplicable)),
        ("min", BuiltIn::Least(Standard::Minimum)),
        ("max", BuiltIn::Least(Standard::Maximum)),
        ("round", BuiltIn::Round),
        ("abs", BuiltIn::Absolute),
        ("count", BuiltIn::Count),
        ("size", BuiltIn::Size),
    ];

    pub fn named(name: &str) -> Option<BuiltIn> {
        BuiltIn::ALL.iter().find(|(n, _)| *n == name).map(|(_, b)| *b)
    }
}

/// What a program calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standard {
    Years,
    Months,
    Days,
    Round,
    Absolute,
    Minimum,
    Maximum,
    /// How many of its boolean arguments are true.
    CountTrue,
}

impl Standard {
    /// Whether the result has the type of the arguments.
    pub fn keeps_type(self) -> bool {
        matches!(self, Standard::Minimum | Standard::Maximum | Standard::Absolute)
    }
}

/// The functions that look at missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    Known,
    Missing,
    Unknown,
    NotDone,
    NotApplicable,
}
