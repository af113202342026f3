//! A rule: compiled once, evaluated many times.

use crate::check::check;
use crate::eval::{Evaluator, Truth, V};
use crate::missing::MissingItem;
use crate::program::Program;
use crate::{Diagnostic, Dictionary, Environment, Explanation, Functions, Missing, Scope, Slot, Type, Value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use words::Text;

/// A checked expression. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Rule(Arc<Program>);

/// What a rule says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    True,
    False,
    /// It cannot be told, because of these items. In a rule that names each item once and whose comparisons can
    /// come out either way, each of them can decide the verdict (see `docs/rules.md`, "What is missing").
    Unknown(BTreeSet<MissingItem>),
    /// A bug in the rule or in what feeds it; never shown as "not eligible".
    Error(RuleError),
}

/// A [`Verdict`] without its reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    True,
    False,
    Unknown,
    Error,
}

impl Verdict {
    pub fn is_true(&self) -> bool {
        matches!(self, Verdict::True)
    }

    pub fn is_false(&self) -> bool {
        matches!(self, Verdict::False)
    }

    pub fn outcome(&self) -> Outcome {
        match self {
            Verdict::True => Outcome::True,
            Verdict::False => Outcome::False,
            Verdict::Unknown(_) => Outcome::Unknown,
            Verdict::Error(_) => Outcome::Error,
        }
    }
}

/// What kind of bug was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleErrorKind {
    DivisionByZero,
    /// A number or a date outside of what can be held exactly.
    Overflow,
    /// Two durations whose order depends on the calendar, such as 1 month and 30 days.
    DurationOrder,
    /// The environment gave a value that is not of the item's type.
    WrongKind,
    /// A registered function failed.
    Function,
}

/// A bug in a rule, met while it was evaluated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleError {
    pub kind: RuleErrorKind,
    /// Bytes of the rule's source.
    pub span: Range<usize>,
    pub message: Text,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message.en)
    }
}

impl std::error::Error for RuleError {}

impl Rule {
    /// Compiles a rule that must be true or false. All mistakes are reported, not only the first.
    pub fn compile(source: &str, scope: &Scope<'_>, functions: &Functions) -> Result<Rule, Vec<Diagnostic>> {
        Rule::compile_value(source, scope, functions, Some(&Type::Boolean))
    }

    /// Compiles an expression for a derived item or a date. `expected` is the type it must have; a whole number
    /// may stand where a decimal is expected.
    pub fn compile_value(
        source: &str,
        scope: &Scope<'_>,
        functions: &Functions,
        expected: Option<&Type>,
    ) -> Result<Rule, Vec<Diagnostic>> {
        check(source, scope, functions, expected).map(|program| Rule(Arc::new(program)))
    }

    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// The items that the rule reads, each once, in order.
    pub fn slots(&self) -> &[Slot] {
        &self.0.slots
    }

    pub fn result_type(&self) -> &Type {
        &self.0.result
    }

    /// What the rule says of these values. Allocates only when the answer is unknown or an error. A rule that is
    /// not boolean gives an error.
    pub fn verdict(&self, environment: &dyn Environment) -> Verdict {
        let evaluator = Evaluator { program: &self.0, environment };
        match evaluator.truth(self.0.root, None) {
            Truth::True => Verdict::True,
            Truth::False => Verdict::False,
            Truth::Unknown => Verdict::Unknown(evaluator.missing(self.0.root)),
            Truth::Error(error) => Verdict::Error(*error),
        }
    }

    /// The value of the expression; [`Value::Missing`] when it cannot be told, of the kind of what is missing
    /// ([`Missing::join`] over all of it).
    pub fn value(&self, environment: &dyn Environment) -> Result<Value, RuleError> {
        let evaluator = Evaluator { program: &self.0, environment };
        let found = match evaluator.value(self.0.root, None) {
            V::Error(error) => return Err(*error),
            found => found.into_value(&self.0.result),
        };
        Ok(found.unwrap_or_else(|| {
            let kinds = evaluator.missing(self.0.root).into_iter().map(|m| m.why);
            Value::Missing(kinds.reduce(Missing::join).unwrap_or(Missing::Unknown))
        }))
    }

    /// The items because of which the value cannot be told; empty when it can, or when the rule has a bug.
    pub fn missing_for(&self, environment: &dyn Environment) -> BTreeSet<MissingItem> {
        let evaluator = Evaluator { program: &self.0, environment };
        match evaluator.value(self.0.root, None) {
            V::Error(_) => BTreeSet::new(),
            found if found.clone().into_value(&self.0.result).is_some() => BTreeSet::new(),
            _ => evaluator.missing(self.0.root),
        }
    }

    /// Why the rule says what it says, as a tree with a child for each condition.
    pub fn explain(&self, environment: &dyn Environment, dictionary: &Dictionary) -> Explanation {
        crate::explain::explain(&self.0, environment, dictionary)
    }
}
