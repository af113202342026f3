//! What could not be used: file, line, what, what to do.

use serde::Serialize;
use std::fmt::Write as _;
use words::{Lang, Text};

/// How much a note weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// The file is not used at all.
    Refused,
    /// This record is not used.
    Left,
    /// Used, and the reader should know this.
    Told,
}

/// What a note may hide: where something could not be used, "none found" cannot be said either.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Hides {
    #[default]
    Nothing,
    Gene(String),
    /// The gene itself could not be read.
    Anything,
}

/// One statement about a file. `code` is stable and is what tests and translations hold on to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    pub weight: Weight,
    pub code: &'static str,
    pub file: String,
    /// Line of the file, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Column within the text concerned, from 1, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    pub what: Text,
    pub todo: Text,
    #[serde(skip)]
    pub hides: Hides,
}

impl Note {
    pub fn new(weight: Weight, code: &'static str, file: &str, what: Text, todo: Text) -> Note {
        Note {
            weight,
            code,
            file: file.to_owned(),
            line: None,
            column: None,
            what,
            todo,
            hides: Hides::Nothing,
        }
    }

    pub fn refused(code: &'static str, file: &str, what: Text, todo: Text) -> Note {
        Note::new(Weight::Refused, code, file, what, todo)
    }

    pub fn left(code: &'static str, file: &str, what: Text, todo: Text) -> Note {
        Note::new(Weight::Left, code, file, what, todo)
    }

    pub fn told(code: &'static str, file: &str, what: Text, todo: Text) -> Note {
        Note::new(Weight::Told, code, file, what, todo)
    }

    /// `line` 0: not known.
    pub fn at(mut self, line: usize) -> Note {
        self.line = (line > 0).then_some(line);
        self
    }

    pub fn column(mut self, column: usize) -> Note {
        self.column = Some(column);
        self
    }

    /// What was left out may be a finding of this gene.
    pub fn hides(mut self, gene: &str) -> Note {
        self.hides = Hides::Gene(gene.to_owned());
        self
    }

    /// What was left out may be a finding of any gene.
    pub fn hides_anything(mut self) -> Note {
        self.hides = Hides::Anything;
        self
    }

    /// `file:line:column: what. What to do.`
    pub fn tell(&self, lang: Lang) -> String {
        let mut out = self.file.clone();
        for n in [self.line, self.column].into_iter().flatten() {
            let _ = write!(out, ":{n}");
        }
        let _ = write!(out, ": {}", self.what.get(lang));
        let todo = self.todo.get(lang);
        if !todo.is_empty() {
            let _ = write!(out, " {todo}");
        }
        out
    }
}

/// Text in both languages from two format strings with the same arguments in scope.
macro_rules! both {
    ($ja:literal, $en:literal) => {
        words::Text::new(format!($ja), format!($en))
    };
}
pub(crate) use both;
