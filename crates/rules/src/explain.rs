//! Why a rule says what it says, for clinicians.

use crate::eval::Evaluator;
use crate::program::Program;
use crate::{Dictionary, Environment, Outcome};
use words::Text;

/// A statement with the statements it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    pub verdict: Outcome,
    /// One sentence: "PS is 3, must be 0 to 1" / 「PSは3（0〜1であること）」.
    pub text: Text,
    /// The items that were looked at.
    pub values: Vec<Shown>,
    pub children: Vec<Explanation>,
}

/// An item and its value, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub path: String,
    pub label: Text,
    pub value: Text,
}

pub(crate) fn explain(
    program: &Program,
    environment: &dyn Environment,
    _dictionary: &Dictionary,
) -> Explanation {
    let evaluator = Evaluator { program, environment };
    let verdict = match evaluator.truth(program.root, None) {
        crate::eval::Truth::True => Outcome::True,
        crate::eval::Truth::False => Outcome::False,
        crate::eval::Truth::Unknown => Outcome::Unknown,
        crate::eval::Truth::Error(_) => Outcome::Error,
    };
    Explanation {
        verdict,
        text: Text::same(program.source.clone()),
        values: Vec::new(),
        children: Vec::new(),
    }
}
