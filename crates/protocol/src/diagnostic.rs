//! What is wrong with a protocol, where, and what to do: one shape for a terminal, a page and a log line.

use serde::Serialize;
use std::fmt::Write;
use words::{Lang, Text};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Error,
    Warning,
}

/// Where in which file; lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// Path inside the study folder: `forms/death.yaml`.
    pub file: String,
    pub line: usize,
    pub column: usize,
    /// The source line, or of a long one the part around the place; unseen characters are replaced. Empty when the
    /// file as a whole is meant.
    pub excerpt: String,
    /// The column at which the excerpt begins.
    pub from: usize,
    /// Characters of the line that are meant, from `column`; at least 1.
    pub width: usize,
}

/// One finding. `message` is one sentence; `expected` and `hint` say what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Stable: `P0203`, or a code of the rule language.
    pub code: String,
    pub severity: Severity,
    pub message: Text,
    pub place: Option<Place>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<Text>,
}

impl Diagnostic {
    pub fn error(code: &str, message: Text) -> Diagnostic {
        let (code, place) = (code.to_owned(), None);
        Diagnostic { code, severity: Severity::Error, message, place, expected: None, hint: None }
    }

    pub fn warning(code: &str, message: Text) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, message) }
    }

    pub fn at(self, place: Place) -> Diagnostic {
        Diagnostic { place: Some(place), ..self }
    }

    pub fn expected(self, expected: Text) -> Diagnostic {
        Diagnostic { expected: Some(expected), ..self }
    }

    pub fn hint(self, hint: Text) -> Diagnostic {
        Diagnostic { hint: Some(hint), ..self }
    }

    pub fn maybe_hint(self, hint: Option<Text>) -> Diagnostic {
        Diagnostic { hint: hint.or(self.hint), ..self }
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// No more errors than this are placed in one study's files; who has so many mends the first and looks again.
pub(crate) const MOST: usize = 200;

pub(crate) fn enough(found: &[Diagnostic]) -> bool {
    found.iter().filter(|d| d.is_error()).count() >= MOST
}

/// The findings as a person reads them, one after the other, with a count at the end. `color` uses ANSI escapes.
pub fn render(diagnostics: &[Diagnostic], lang: Lang, color: bool) -> String {
    let paint = |style: &str, text: &str| {
        if color { format!("\x1b[{style}m{text}\x1b[0m") } else { text.to_owned() }
    };
    let mut out = String::new();
    for d in diagnostics {
        let style = if d.is_error() { "1;31" } else { "1;33" };
        let _ = writeln!(out, "{}  {}", paint(style, &d.code), paint("1", &flat(d.message.get(lang))));
        if let Some(place) = d.place.as_ref().filter(|p| p.excerpt.is_empty()) {
            let _ = writeln!(out, "   {}", paint("34", &place.file));
        } else if let Some(place) = &d.place {
            let head = format!("   {}:{}:{} | ", place.file, place.line, place.column);
            let (excerpt, before, width) = window(place);
            let _ = writeln!(out, "{}{excerpt}", paint("34", &head));
            let margin = " ".repeat(columns(&head) - 2);
            let caret = format!("{}{}", " ".repeat(before), "^".repeat(width));
            let _ = writeln!(out, "{}{}", paint("34", &format!("{margin}| ")), paint(style, &caret));
        }
        for text in [&d.expected, &d.hint].into_iter().flatten() {
            let _ = writeln!(out, "   {}", flat(text.get(lang)));
        }
    }
    let errors = diagnostics.iter().filter(|d| d.is_error()).count();
    let warnings = diagnostics.len() - errors;
    let plural = |n: usize| if n == 1 { "" } else { "s" };
    let _ = match lang {
        Lang::Ja => writeln!(out, "誤り {errors} 件、注意 {warnings} 件。"),
        Lang::En => {
            writeln!(out, "{errors} error{}, {warnings} warning{}.", plural(errors), plural(warnings))
        }
    };
    out
}

/// Columns of a line that are shown; a longer one is cut around the place.
const SHOWN: usize = 110;

/// The excerpt to show, the columns before the caret, and the caret's columns.
fn window(place: &Place) -> (String, usize, usize) {
    let chars: Vec<char> = place.excerpt.chars().collect();
    let start = place.column.saturating_sub(place.from).min(chars.len());
    let end = (start + place.width).min(chars.len());
    let mut first = 0;
    while first < start && width_of(&chars[first..start]) > SHOWN / 2 && chars.len() > SHOWN {
        first += 1;
    }
    let mut last = first;
    while last < chars.len() && width_of(&chars[first..=last]) <= SHOWN {
        last += 1;
    }
    let (left, right) =
        (if first > 0 || place.from > 1 { "…" } else { "" }, if last < chars.len() { "…" } else { "" });
    let text: String = chars[first..last].iter().collect();
    let before = width_of(&chars[first..start]) + left.chars().count();
    let width = width_of(&chars[start..end.clamp(start, last.max(start))]).max(1);
    (format!("{left}{text}{right}"), before, width)
}

fn columns(text: &str) -> usize {
    text.chars().map(char_columns).sum()
}

fn width_of(chars: &[char]) -> usize {
    chars.iter().copied().map(char_columns).sum()
}

/// Terminal columns of a character: 2 for the wide blocks of East Asian text (Unicode Annex 11, W and F).
fn char_columns(c: char) -> usize {
    const WIDE: [(u32, u32); 9] = [
        (0x1100, 0x115f),
        (0x2e80, 0xa4cf),
        (0xac00, 0xd7a3),
        (0xf900, 0xfaff),
        (0xfe30, 0xfe6f),
        (0xff01, 0xff60),
        (0xffe0, 0xffe6),
        (0x1f300, 0x1faff),
        (0x20000, 0x3fffd),
    ];
    1 + usize::from(WIDE.iter().any(|&(a, b)| (a..=b).contains(&u32::from(c))))
}

/// Text of a message on one line, without control characters: values come from files that nobody has checked.
fn flat(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The nearest of `known` to `found`, if one is near enough to be what was meant.
pub(crate) fn nearest<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = match found.chars().count() {
        0..=2 => 1,
        3..=5 => 2,
        n => n / 3,
    };
    known
        .into_iter()
        .map(|k| (distance(&found.to_lowercase(), &k.to_lowercase()), k))
        .filter(|(d, k)| *d <= limit && *d < k.chars().count())
        .min_by_key(|(d, _)| *d)
        .map(|(_, k)| k)
}

/// "Did you mean": a hint naming the nearest of the known names.
pub(crate) fn did_you_mean<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<Text> {
    nearest(found, known)
        .map(|k| Text::new(format!("「{k}」のことですか。"), format!("Did you mean \"{k}\"?")))
}

/// Known names in a row, at most `SHOWN_NAMES`.
pub(crate) fn listed<'a>(known: impl IntoIterator<Item = &'a str>) -> Text {
    const SHOWN_NAMES: usize = 30;
    let all: Vec<&str> = known.into_iter().collect();
    if all.is_empty() {
        return Text::new("なし", "none");
    }
    let more = if all.len() > SHOWN_NAMES { ", …" } else { "" };
    let names = all.iter().take(SHOWN_NAMES).copied().collect::<Vec<_>>().join(", ");
    Text::same(format!("{names}{more}"))
}

/// Damerau-Levenshtein distance (restricted: neighbours may swap), in characters.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let cost = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(row[j - 1] + 1).min(rows[i - 1][j - 1] + cost);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_and_a_far_one_is_not() {
        let known = ["weight", "code", "levels"];
        assert_eq!(nearest("wieght", known), Some("weight"));
        assert_eq!(nearest("Weight", known), Some("weight"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest("", known), None);
        assert_eq!(distance("ab", "ba"), 1);
    }

    #[test]
    fn the_caret_stands_under_wide_characters() {
        let place = Place {
            file: "a.yaml".into(),
            line: 1,
            column: 3,
            excerpt: "登録: ｘ".into(),
            from: 1,
            width: 1,
        };
        let d = Diagnostic::error("P0000", Text::same("m")).at(place);
        let shown = render(&[d], Lang::En, false);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[1], "   a.yaml:1:3 | 登録: ｘ");
        assert_eq!(lines[2], "              |     ^");
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let place = Place {
            file: "a".into(),
            line: 1,
            column: 301,
            excerpt: format!("{}HERE{}", "x".repeat(300), "y".repeat(300)),
            from: 1,
            width: 4,
        };
        let shown = render(&[Diagnostic::error("P0000", Text::same("m")).at(place)], Lang::En, false);
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines[1].contains("HERE") && lines[1].chars().count() < 140, "{shown}");
        let at = lines[1].chars().take_while(|c| *c != 'H').count();
        assert_eq!(lines[2].chars().take_while(|c| *c != '^').count(), at, "{shown}");
    }
}
