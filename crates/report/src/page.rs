//! A page as titles, sentences, figures and tables, before HTML.

use askama::Template;
use words::Lang;

/// One part of a report. The sections of the page itself are made by [`crate::section`].
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// Anchor on the page.
    pub id: String,
    pub title: String,
    /// Sentences before the figure.
    pub lead: Vec<String>,
    /// SVG and caption.
    pub figures: Vec<(String, String)>,
    pub tables: Vec<Table>,
    /// Why there is nothing to show.
    pub notice: Option<String>,
    /// What a reader must know beside the numbers.
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, Default)]
pub struct Table {
    pub caption: String,
    pub head: Vec<Cell>,
    pub rows: Vec<Line>,
}

#[derive(Clone, Debug, Default)]
pub struct Line {
    /// `head` for a line that names a group of lines, `sub` for a line of such a group.
    pub class: &'static str,
    /// The first cell is the line's header.
    pub cells: Vec<Cell>,
}

#[derive(Clone, Debug, Default)]
pub struct Cell {
    pub text: String,
    /// Second line of a column header: N, unit.
    pub under: String,
    /// Aligned right with the other digits of its column.
    pub number: bool,
}

impl Cell {
    pub fn words(text: impl Into<String>) -> Cell {
        Cell { text: text.into(), ..Cell::default() }
    }

    pub fn number(text: impl Into<String>) -> Cell {
        Cell { text: text.into(), number: true, ..Cell::default() }
    }

    pub fn under(mut self, under: impl Into<String>) -> Cell {
        self.under = under.into();
        self
    }
}

impl Line {
    pub fn new(
        class: &'static str,
        header: impl Into<String>,
        numbers: impl IntoIterator<Item = String>,
    ) -> Line {
        let mut cells = vec![Cell::words(header)];
        cells.extend(numbers.into_iter().map(Cell::number));
        Line { class, cells }
    }
}

#[derive(Template)]
#[template(path = "report.html")]
pub(crate) struct Page<'a> {
    pub lang: Lang,
    pub css: &'a str,
    pub digits: &'a str,
    /// Text of the margin of each printed page.
    pub margin: &'a str,
    pub study: &'a str,
    pub title: &'a str,
    /// Whether the data are real: on top of the page and in the margin of every printed one.
    pub nature: &'a str,
    pub facts: &'a [(String, String)],
    pub contents: &'a str,
    pub notes: &'a str,
    pub sections: &'a [Section],
}
