//! The texts of a study folder, and from bytes of them to a line and a column.

use crate::diagnostic::Place;
use std::sync::Arc;

/// The files of one study folder; a [`Span`] names one by its number.
#[derive(Clone, Debug, Default)]
pub struct Files(Vec<File>);

#[derive(Clone, Debug)]
struct File {
    name: String,
    text: Arc<str>,
    /// Where each line begins.
    lines: Vec<usize>,
}

/// Bytes `start..end` of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    pub file: usize,
    pub start: usize,
    pub end: usize,
}

/// Characters of a line that a finding carries, before its place and after.
const AROUND: usize = 200;

impl Files {
    pub fn add(&mut self, name: &str, text: &str) -> usize {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(n, _)| n + 1)).collect();
        self.0.push(File { name: name.to_owned(), text: text.into(), lines });
        self.0.len() - 1
    }

    pub fn text(&self, file: usize) -> &str {
        self.0.get(file).map_or("", |f| &f.text)
    }

    /// The span as file, line, column and source line. A span over several lines is cut at the end of the first.
    pub fn place(&self, span: Span) -> Place {
        let (name, text, lines) = match self.0.get(span.file) {
            Some(file) => (file.name.as_str(), &*file.text, &file.lines[..]),
            None => ("", "", &[0][..]),
        };
        let start = floor(text, span.start);
        let line = lines.partition_point(|begin| *begin <= start).max(1);
        let line_start = lines.get(line - 1).copied().unwrap_or(0);
        let line_end = text[start..].find('\n').map_or(text.len(), |n| start + n);
        let end = floor(text, span.end).clamp(start, line_end);
        let excerpt = text[line_start..line_end].trim_end_matches('\r');
        let column = text[line_start..start].chars().count() + 1;
        let from = column.saturating_sub(AROUND).max(1);
        Place {
            file: name.to_owned(),
            line,
            column,
            excerpt: excerpt.chars().skip(from - 1).take(2 * AROUND).map(shown).collect(),
            from,
            width: text[start..end].trim_end().chars().count().max(1),
        }
    }
}

fn shown(c: char) -> char {
    match c {
        '\t' => ' ',
        c if hidden(c) => '\u{fffd}',
        c => c,
    }
}

/// A character that is not seen and may hide or reorder what stands around it.
pub fn hidden(c: char) -> bool {
    let unseen =
        ['\u{200b}'..='\u{200f}', '\u{202a}'..='\u{202e}', '\u{2060}'..='\u{206f}', '\u{feff}'..='\u{feff}'];
    c.is_control() && !matches!(c, '\n' | '\t') || unseen.iter().any(|range| range.contains(&c))
}

/// The nearest character boundary at or before `at`.
pub fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
