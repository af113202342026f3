//! Readings over characters (furigana) from reviewed tables: longest match, never a guess.
//!
//! A table is text with tabs: surface, reading, split, plain meaning, source, reviewer, date. The split gives the units
//! of the surface as `base:reading`, separated by `|`; a unit of kana stands alone (`受:う|け`); a line may break between
//! units. A surface that begins with `#` follows a digit (`#人` in 「25人」). A single character stands for itself only:
//! inside a longer run of kanji it never matches, because there it may be read otherwise (悪心, 生検).

use protocol::{Diagnostic, Place};
use std::collections::{BTreeMap, BTreeSet};
use words::Text;

/// The table that all studies share. What a study adds or reads otherwise stands in its own `readings.tsv`.
pub const GENERAL: &str = include_str!("../../../../assets/readings/readings.ja.tsv");
/// How the shared table is called in findings.
pub const GENERAL_NAME: &str = "assets/readings/readings.ja.tsv";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub surface: String,
    /// The whole surface in kana.
    pub reading: String,
    /// Base and reading of each unit; an empty reading where the base is kana.
    pub units: Vec<(String, String)>,
    /// What the word means, in plain words; empty for everyday words.
    pub plain: String,
    pub source: String,
    /// Who has read it over, and when; empty while nobody has.
    pub reviewer: String,
    pub date: String,
}

/// A stretch of a text as the tables read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stretch<'t> {
    /// Kana, Latin letters, digits, punctuation.
    Plain(&'t str),
    Read {
        base: &'t str,
        units: &'t [(String, String)],
        surface: &'t str,
    },
    /// A run of kanji that no entry covers.
    Open(&'t str),
}

impl Stretch<'_> {
    pub fn base(&self) -> &str {
        match self {
            Stretch::Plain(base) | Stretch::Read { base, .. } | Stretch::Open(base) => base,
        }
    }
}

/// Tables, a later one before an earlier.
#[derive(Clone, Debug, Default)]
pub struct Readings {
    entries: BTreeMap<String, Entry>,
    /// By the first character of a surface: the lengths in characters of those that begin so, the longest first.
    starts: BTreeMap<char, Vec<usize>>,
}

impl Readings {
    /// Adds a table. What is wrong with it is told line by line, and such a line is left out.
    pub fn add(&mut self, name: &str, table: &str) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        for (n, line) in table.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with("//") || (n == 0 && line.starts_with("surface\t")) {
                continue;
            }
            let entry = entry(line).and_then(|e| match seen.insert(e.surface.clone()) {
                true => Ok(e),
                false => Err(Text::new(
                    format!("「{}」が同じ表に2回あります。", e.surface),
                    format!("\"{}\" stands twice in one table.", e.surface),
                )),
            });
            match entry {
                Ok(entry) => {
                    let word = entry.surface.strip_prefix('#').unwrap_or(&entry.surface);
                    let lengths = word.chars().next().map(|c| self.starts.entry(c).or_default());
                    let length = word.chars().count();
                    if let Some(lengths) = lengths.filter(|l| !l.contains(&length)) {
                        lengths.push(length);
                        lengths.sort_unstable_by(|a, b| b.cmp(a));
                    }
                    self.entries.insert(entry.surface.clone(), entry);
                }
                Err(why) => found.push(Diagnostic::error("L0301", why).at(place(name, n + 1, line))),
            }
        }
        found
    }

    pub fn entry(&self, surface: &str) -> Option<&Entry> {
        self.entries.get(surface)
    }

    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// The text in stretches, in order; joined, their bases are the text. At each place the longest surface wins.
    pub fn read<'t>(&'t self, text: &'t str) -> Vec<Stretch<'t>> {
        let places: Vec<(usize, char)> = text.char_indices().collect();
        let mut out: Vec<Stretch<'t>> = Vec::new();
        let (mut at, mut plain_from) = (0, 0);
        let byte = |i: usize| places.get(i).map_or(text.len(), |p| p.0);
        while at < places.len() {
            let Some((length, entry)) = self.longest_at(&places, at, text) else {
                if !is_kanji(places[at].1) {
                    at += 1;
                    continue;
                }
                // Nothing begins here: the run up to the next place where something does, or to its end, is open.
                flush(&mut out, text, byte(plain_from), byte(at));
                let from = at;
                at += 1;
                while at < places.len()
                    && is_kanji(places[at].1)
                    && self.longest_at(&places, at, text).is_none()
                {
                    at += 1;
                }
                out.push(Stretch::Open(&text[byte(from)..byte(at)]));
                plain_from = at;
                continue;
            };
            flush(&mut out, text, byte(plain_from), byte(at));
            let base = &text[byte(at)..byte(at + length)];
            out.push(Stretch::Read { base, units: &entry.units, surface: &entry.surface });
            at += length;
            plain_from = at;
        }
        flush(&mut out, text, byte(plain_from), text.len());
        out
    }

    /// The longest entry at a place, with the characters that it covers.
    fn longest_at(&self, places: &[(usize, char)], at: usize, text: &str) -> Option<(usize, &Entry)> {
        let kanji = |i: Option<usize>| i.and_then(|i| places.get(i)).is_some_and(|p| is_kanji(p.1));
        let digit = |i: Option<usize>| i.and_then(|i| places.get(i)).is_some_and(|p| p.1.is_ascii_digit());
        let start = places.get(at)?;
        let after_digit = digit(at.checked_sub(1));
        if start.1.is_ascii_digit() && after_digit {
            return None;
        }
        let from = start.0;
        for &length in self.starts.get(&start.1)?.iter().filter(|l| **l <= places.len() - at) {
            let end = places.get(at + length).map_or(text.len(), |p| p.0);
            let surface = &text[from..end];
            if after_digit && let Some(entry) = self.entries.get(&format!("#{surface}")) {
                return Some((length, entry));
            }
            let Some(entry) = self.entries.get(surface) else { continue };
            let alone = length > 1
                || !(kanji(at.checked_sub(1)) || kanji(Some(at + 1)) || (after_digit && is_kanji(start.1)));
            if alone {
                return Some((length, entry));
            }
        }
        None
    }
}

fn flush<'t>(out: &mut Vec<Stretch<'t>>, text: &'t str, from: usize, to: usize) {
    if from < to {
        out.push(Stretch::Plain(&text[from..to]));
    }
}

/// Ideographs, with the marks that stand among them.
pub fn is_kanji(c: char) -> bool {
    matches!(c, '々' | '〆' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{3FFFD}')
}

fn is_kana(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{3096}' | '\u{30A1}'..='\u{30FA}' | 'ー')
}

fn entry(line: &str) -> Result<Entry, Text> {
    let fields: Vec<&str> = line.split('\t').map(str::trim).collect();
    let [surface, reading, split, plain, source, reviewer, date] = fields[..] else {
        return Err(Text::new(
            format!(
                "列が {} あります。7 列(語、読み、分け方、意味、出典、確認者、確認日)にしてください。",
                fields.len()
            ),
            format!(
                "{} columns; write 7: surface, reading, split, plain, source, reviewer, date.",
                fields.len()
            ),
        ));
    };
    let word = surface.strip_prefix('#').unwrap_or(surface);
    if !word.chars().any(is_kanji) {
        return Err(Text::new("漢字のない語です。", "A surface without kanji needs no reading."));
    }
    if reading.is_empty() || !reading.chars().all(is_kana) {
        return Err(Text::new("読みはかなだけで書きます。", "A reading is written in kana alone."));
    }
    if source.is_empty() {
        return Err(Text::new("読みの出典がありません。", "The reading has no source."));
    }
    if reviewer.is_empty() != date.is_empty() {
        return Err(Text::new(
            "確認者と確認日は両方書くか、両方空けておきます。",
            "Write both reviewer and date, or neither.",
        ));
    }
    if !date.is_empty() && date.parse::<jiff::civil::Date>().is_err() {
        return Err(Text::new("確認日は 2026-01-31 のように書きます。", "Write the date as 2026-01-31."));
    }
    let units: Vec<(String, String)> = if split.is_empty() {
        vec![(word.to_owned(), reading.to_owned())]
    } else {
        split
            .split('|')
            .map(|u| u.split_once(':').unwrap_or((u, "")))
            .map(|(base, reading)| (base.to_owned(), reading.to_owned()))
            .collect()
    };
    let bases: String = units.iter().map(|u| u.0.as_str()).collect();
    let spoken: String =
        units.iter().map(|(b, r)| if r.is_empty() { b.as_str() } else { r.as_str() }).collect();
    let digits = word.chars().take_while(char::is_ascii_digit).count();
    if bases != word {
        return Err(Text::new(
            format!("分け方をつなぐと「{bases}」となり、語と合いません。"),
            format!("The split joins to \"{bases}\", which is not the surface."),
        ));
    }
    if let Some((base, _)) =
        units.iter().find(|(b, r)| b.is_empty() || (r.is_empty() && b.chars().any(is_kanji)))
    {
        return Err(Text::new(
            format!("「{base}」に読みがありません。"),
            format!("The unit \"{base}\" has no reading."),
        ));
    }
    if digits == 0 && spoken != reading {
        return Err(Text::new(
            format!("分けた読みをつなぐと「{spoken}」となり、読みと合いません。"),
            format!("The split readings join to \"{spoken}\", which is not the reading."),
        ));
    }
    let [reading, plain, source, reviewer, date] =
        [reading, plain, source, reviewer, date].map(str::to_owned);
    Ok(Entry { surface: surface.to_owned(), reading, units, plain, source, reviewer, date })
}

fn place(name: &str, line: usize, excerpt: &str) -> Place {
    let excerpt: String = excerpt.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
    let width = excerpt.chars().count().max(1);
    Place { file: name.to_owned(), line, column: 1, excerpt, from: 1, width }
}

#[cfg(test)]
mod tests;
