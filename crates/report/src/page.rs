//! Titles, sentences, figures and tables of one part of a report.

use crate::document::{Block, Figure, Words, words};
use serde::Serialize;

/// One part of a report. The sections of the page itself are made by [`crate::section`].
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// Anchor on the page.
    pub id: String,
    pub title: String,
    /// Sentences before the figure.
    pub lead: Vec<String>,
    pub figures: Vec<Figure>,
    pub tables: Vec<Table>,
    /// Why there is nothing to show.
    pub notice: Option<String>,
    /// What a reader must know beside the numbers.
    pub notes: Vec<String>,
}

impl Section {
    pub fn blocks(self) -> Vec<Block> {
        let mut out = vec![Block::heading(1, self.id, self.title)];
        out.extend(self.lead.into_iter().map(Block::paragraph));
        out.extend(self.notice.map(Block::notice));
        out.extend(self.figures.into_iter().map(|figure| Block::Figure { figure }));
        out.extend(self.tables.into_iter().map(|table| Block::Table { table }));
        if !self.notes.is_empty() {
            out.push(Block::Notes { items: self.notes.into_iter().map(words).collect() });
        }
        out
    }
}

/// A table whose header repeats on every page that it reaches.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Table {
    pub caption: String,
    pub head: Vec<Cell>,
    pub rows: Vec<Line>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Line {
    /// `head` for a line that names a group of lines, `sub` for a line of such a group.
    pub class: &'static str,
    /// The first cell is the line's header.
    pub cells: Vec<Cell>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Cell {
    pub text: String,
    /// Second line of a column header: N, unit.
    pub under: String,
    /// Aligned right with the other digits of its column.
    pub number: bool,
    /// The same words as `text` with their readings; empty where it has none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub read: Words,
    /// Keys of the rows that the words were made from: on a page they lead there.
    #[serde(skip)]
    pub rows: Vec<String>,
}

/// Words with the keys of the rows that they were made from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    pub text: String,
    pub rows: Vec<String>,
}

impl Told {
    /// `text`, made from all of these.
    pub fn from_all<'t>(text: String, parts: impl IntoIterator<Item = &'t Told>) -> Told {
        Told { text, rows: parts.into_iter().flat_map(|p| p.rows.iter().cloned()).collect() }
    }

    /// `0.86 (0.69–1.07)`.
    pub fn parens(&self, inside: &Told) -> Told {
        Told::from_all(crate::phrase::parens(&self.text, &inside.text), [self, inside])
    }
}

impl From<String> for Told {
    fn from(text: String) -> Told {
        Told { text, rows: Vec::new() }
    }
}

impl From<&str> for Told {
    fn from(text: &str) -> Told {
        text.to_owned().into()
    }
}

impl From<&String> for Told {
    fn from(text: &String) -> Told {
        text.clone().into()
    }
}

impl From<&&str> for Told {
    fn from(text: &&str) -> Told {
        (*text).into()
    }
}

impl Cell {
    pub fn words(text: impl Into<Told>) -> Cell {
        let Told { text, rows } = text.into();
        Cell { text, rows, ..Cell::default() }
    }

    pub fn number(text: impl Into<Told>) -> Cell {
        Cell { number: true, ..Cell::words(text) }
    }

    pub fn under(mut self, under: impl Into<String>) -> Cell {
        self.under = under.into();
        self
    }
}

impl Line {
    pub fn new(
        class: &'static str,
        header: impl Into<Told>,
        numbers: impl IntoIterator<Item = impl Into<Told>>,
    ) -> Line {
        let mut cells = vec![Cell::words(header)];
        cells.extend(numbers.into_iter().map(Cell::number));
        Line { class, cells }
    }
}
