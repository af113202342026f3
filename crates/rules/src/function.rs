//! The registry of typed functions, to which other crates add their own.

use crate::built_in::BuiltIn;
use crate::{Missing, RecordType, Type, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use words::Text;

/// Most arguments of a function, its inputs included.
pub(crate) const MAX_ARGUMENTS: usize = 10;

/// What a parameter takes.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Boolean,
    Integer,
    /// A whole number or a decimal in any unit.
    Number,
    /// A text or any code.
    Text,
    /// A code of this list; a literal is checked against it.
    Code(Arc<[String]>),
    Date,
    Duration,
    List,
}

/// What a function takes and gives. Partial dates and lists that are not complete are passed as they are: a function
/// that cannot tell because of them answers [`Value::Missing`].
#[derive(Clone, Debug, PartialEq)]
pub struct Signature {
    pub(crate) parameters: Vec<(String, Kind)>,
    pub(crate) inputs: Vec<String>,
    pub(crate) returns: Type,
    pub(crate) sees_missing: bool,
}

impl Signature {
    /// A function without parameters so far. It may not return a list.
    pub fn returning(returns: Type) -> Signature {
        Signature { parameters: Vec::new(), inputs: Vec::new(), returns, sees_missing: false }
    }

    /// One more parameter.
    pub fn takes(mut self, name: &str, kind: Kind) -> Signature {
        self.parameters.push((name.to_owned(), kind));
        self
    }

    /// One more item that the function reads beside its arguments. It is resolved where the rule stands and
    /// passed after the arguments; when it is missing, it is reported.
    pub fn reads(mut self, path: &str) -> Signature {
        self.inputs.push(path.to_owned());
        self
    }

    /// The function is also called when an argument is missing, and sees [`Value::Missing`]. Without this, a
    /// missing argument makes the result unknown. Such a function must itself keep the law that filling in a
    /// missing value never turns one definite answer into another.
    pub fn seeing_missing(mut self) -> Signature {
        self.sees_missing = true;
        self
    }
}

/// The arguments of one call, in the order of parameters, then inputs.
pub struct Arguments<'a> {
    pub(crate) values: &'a [Cow<'a, Value>],
    pub(crate) records: &'a [Option<Arc<RecordType>>],
}

impl<'a> Arguments<'a> {
    /// The value of an argument; "not yet known" outside of the signature.
    pub fn value(&self, at: usize) -> &'a Value {
        self.values.get(at).map_or(&Value::NOT_YET_KNOWN, |v| v)
    }

    /// A text or a code; a code that is written in the rule arrives as a text.
    pub fn text(&self, at: usize) -> Option<&'a str> {
        match self.value(at) {
            Value::Code(s) | Value::Text(s) => Some(s),
            _ => None,
        }
    }

    /// The fields of an argument that is a list.
    pub fn record_type(&self, at: usize) -> Option<&'a RecordType> {
        self.records.get(at).and_then(Option::as_deref)
    }

    pub fn len(&self) -> usize {
        self.values.len()
    }

    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

/// What a registered function answers: a value of the declared type, [`Value::Missing`] when it cannot be told, or
/// the words of an error.
pub type Answer = Result<Value, Text>;

type Body = Box<dyn Fn(&Arguments<'_>) -> Answer + Send + Sync>;

/// Names of missing inputs for the arguments of a call, and why each is missing.
pub type Names = dyn Fn(&Arguments<'_>) -> Vec<(String, Missing)> + Send + Sync;

/// What a call asks, in words.
pub type Asks = dyn Fn(&Arguments<'_>) -> Text + Send + Sync;

/// What a function says of one call beside its answer.
pub struct Voice {
    /// The missing inputs that matter for these arguments, when the answer is unknown. Names may be finer than items:
    /// `pdl1.cps@22C3_PHARMDX` is the item `pdl1.cps` by one assay. A reported name must be able to change the answer.
    pub missing: Box<Names>,
    /// What is asked, as a statement: "HER2-low by PATHWAY 4B5".
    pub asks: Box<Asks>,
}

/// One registered function.
pub(crate) struct Function {
    pub name: String,
    pub signature: Signature,
    pub body: Body,
    pub voice: Option<Voice>,
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function").field("name", &self.name).field("signature", &self.signature).finish()
    }
}

/// Why a function may not be registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FunctionError {
    #[error("there is a function `{0}` already")]
    Twice(String),
    #[error("`{0}` cannot be the name of a function")]
    Name(String),
    #[error("function `{0}` has more than {MAX_ARGUMENTS} parameters and inputs")]
    TooManyParameters(String),
    #[error("function `{0}` may not return a list")]
    ReturnsList(String),
}

/// The functions that rules may call.
#[derive(Clone, Debug)]
pub struct Functions {
    custom: BTreeMap<String, Arc<Function>>,
}

impl Default for Functions {
    fn default() -> Self {
        Functions::standard()
    }
}

impl Functions {
    /// The functions that the language brings along: see `docs/rules.md`.
    pub fn standard() -> Functions {
        Functions { custom: BTreeMap::new() }
    }

    /// Adds a function `name` (`space.name` is possible). `body` must be a pure function of its arguments.
    pub fn register(
        &mut self,
        name: &str,
        signature: Signature,
        body: impl Fn(&Arguments<'_>) -> Answer + Send + Sync + 'static,
    ) -> Result<(), FunctionError> {
        self.insert(name, signature, Box::new(body), None)
    }

    /// Adds a function that names what it misses and tells what it asks in its own words; see [`Voice`].
    pub fn register_with_voice(
        &mut self,
        name: &str,
        signature: Signature,
        body: impl Fn(&Arguments<'_>) -> Answer + Send + Sync + 'static,
        voice: Voice,
    ) -> Result<(), FunctionError> {
        self.insert(name, signature, Box::new(body), Some(voice))
    }

    fn insert(
        &mut self,
        name: &str,
        signature: Signature,
        body: Body,
        voice: Option<Voice>,
    ) -> Result<(), FunctionError> {
        let owned = || name.to_owned();
        if !name
            .split('.')
            .all(|part| crate::dictionary::is_name(part) && !crate::dictionary::RESERVED.contains(&part))
        {
            return Err(FunctionError::Name(owned()));
        }
        if BuiltIn::named(name).is_some() || self.custom.contains_key(name) {
            return Err(FunctionError::Twice(owned()));
        }
        if signature.parameters.len() + signature.inputs.len() > MAX_ARGUMENTS {
            return Err(FunctionError::TooManyParameters(owned()));
        }
        if matches!(signature.returns, Type::List(_)) {
            return Err(FunctionError::ReturnsList(owned()));
        }
        let function = Function { name: owned(), signature, body, voice };
        self.custom.insert(owned(), Arc::new(function));
        Ok(())
    }

    /// Names of all functions, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let mut names: Vec<&str> =
            BuiltIn::ALL.iter().map(|b| b.0).chain(self.custom.keys().map(String::as_str)).collect();
        names.sort_unstable();
        names.into_iter()
    }

    pub(crate) fn custom(&self, name: &str) -> Option<&Arc<Function>> {
        self.custom.get(name)
    }
}
