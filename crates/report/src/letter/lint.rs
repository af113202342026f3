//! What a text for participants must hold and must not: each rule looks at a text that is told, and each finding has
//! its place in the file.

mod structure;
mod wording;

pub use structure::address;
pub use wording::length;

use super::kind::Kind;
use super::numbers::Format;
use super::readings::{Readings, Stretch};
use super::tell::{self, Line, ToldBlock, ToldSection, Whole};
use super::text::{LetterText, sentences};
use protocol::{Diagnostic, Part, Places};
use std::collections::BTreeSet;
use words::{Lang, Text};

/// A finding before it has its place: path in the file, byte of the text there.
pub type Finding = (Vec<Part>, usize, Diagnostic);

/// What the rules look at.
pub struct Look<'a> {
    pub kind: Kind,
    pub lang: Lang,
    pub text: &'a LetterText,
    pub whole: &'a Whole,
    pub readings: &'a Readings,
}

/// All findings on one text as it is told.
pub fn lint(look: &Look<'_>) -> Vec<Finding> {
    let mut found = Found { all: look.whole.found.clone() };
    let rules = look.kind.rules();
    wording::digits(look, &mut found);
    wording::sentence_lengths(look, rules, &mut found);
    structure::arms(look, &mut found);
    wording::phrases(look, rules, &mut found);
    wording::people(look, &mut found);
    shares(look, &mut found);
    wording::registration(look, &mut found);
    structure::links(look, &mut found);
    if rules.lay {
        structure::terms(look, &mut found);
        frequencies(look, &mut found);
    }
    if rules.elements {
        structure::elements(look, &mut found);
    }
    structure::result_first(look, &mut found);
    if rules.readings && look.lang == Lang::Ja {
        readings(look, &mut found);
    }
    found.all
}

struct Found {
    all: Vec<Finding>,
}

impl Found {
    fn error(&mut self, path: &[Part], at: usize, code: &str, ja: String, en: String) -> &mut Diagnostic {
        self.push(path, at, Diagnostic::error(code, Text::new(ja, en)))
    }

    fn push(&mut self, path: &[Part], at: usize, diagnostic: Diagnostic) -> &mut Diagnostic {
        let n = self.all.len();
        self.all.push((path.to_vec(), at, diagnostic));
        // Just pushed; the slot is there.
        &mut self.all[n].2
    }
}

fn hint(found: &mut Diagnostic, ja: &str, en: &str) {
    found.hint = Some(Text::new(ja, en));
}

/// The findings with their places, each once.
pub fn placed(found: Vec<Finding>, places: &Places) -> Vec<Diagnostic> {
    let mut out: Vec<Diagnostic> = Vec::new();
    for (path, at, diagnostic) in found {
        let place = if at == 0 { places.at(&path) } else { places.within(&path, at, at + 1) };
        let diagnostic = diagnostic.at(place);
        if !out.contains(&diagnostic) {
            out.push(diagnostic);
        }
    }
    out.sort_by(|a, b| a.place.cmp(&b.place).then(a.code.cmp(&b.code)));
    out
}

/// The words of a line as the writer wrote them: numbers, arms and terms left out.
fn written(line: &Line) -> impl Iterator<Item = (&str, usize)> {
    line.bits.iter().filter(|b| matches!(b.kind, tell::Kind::Words | tell::Kind::Explained)).map(|b| {
        let at = if matches!(b.kind, tell::Kind::Words) { b.at } else { 0 };
        (b.text.as_str(), at)
    })
}

fn blocks(whole: &Whole) -> impl Iterator<Item = (usize, &ToldSection, &ToldBlock)> {
    whole.sections.iter().flat_map(|s| s.blocks.iter().enumerate().map(move |(i, b)| (i, s, b)))
}

/// A percentage is never alone: the same number as so many of 100 stands in the same line.
fn frequencies(look: &Look<'_>, found: &mut Found) {
    for (_, line, _) in look.whole.lines() {
        let natural: BTreeSet<&str> = line
            .numbers()
            .filter(|(_, _, f, _)| matches!(f, Format::Frequency | Format::Of100))
            .map(|(_, name, _, _)| name)
            .collect();
        for (bit, name, format, _) in line.numbers() {
            if format == Format::Percent && !natural.contains(name) {
                found.error(
                    &line.path,
                    bit.at,
                    "L0108",
                    format!("割合「{name}」に「100人中何人」が添えられていません。"),
                    format!("The percentage \"{name}\" stands without \"so many in every 100\"."),
                );
            }
        }
        for (words, at) in written(line) {
            if let Some(n) = words.find(['%', '％']).or_else(|| words.find("パーセント")) {
                found.error(
                    &line.path,
                    at + n,
                    "L0108",
                    "百分率が直接書かれています。".to_owned(),
                    "A percentage is typed into the text.".to_owned(),
                );
            }
        }
    }
}

/// Whom a share is a share of is said in the same section, in people.
fn shares(look: &Look<'_>, found: &mut Found) {
    for section in &look.whole.sections {
        let lines: Vec<&Line> =
            section.blocks.iter().flat_map(|b| b.lines().into_iter().map(|l| l.0)).collect();
        let mut said: BTreeSet<u64> = BTreeSet::new();
        let mut names: BTreeSet<&str> = BTreeSet::new();
        for (_, name, format, told) in lines.iter().flat_map(|l| l.numbers()) {
            match (format, told) {
                (Format::Of, Some(told)) => {
                    said.extend(told.of.map(u64::from));
                    names.insert(name);
                }
                (Format::People, Some(told)) => said.extend(told.count.map(|n| n as u64)),
                (Format::Of | Format::People, None) => {
                    names.insert(name);
                }
                _ => {}
            }
        }
        for line in lines {
            for (bit, name, format, told) in line.numbers() {
                let there = match told.and_then(|t| t.of) {
                    Some(of) => said.contains(&u64::from(of)),
                    None => !names.is_empty(),
                };
                if format.is_share() && !there {
                    let d = found.error(
                        &line.path,
                        bit.at,
                        "L0109",
                        format!("割合「{name}」の分母（何人のうちか）が、この節に書かれていません。"),
                        format!("Whom \"{name}\" is a share of is not said in this section."),
                    );
                    hint(d, "{名前:of} で人数を書いてください。", "Say the number of people with {name:of}.");
                }
            }
        }
    }
}

/// Every run of kanji has its reading.
fn readings(look: &Look<'_>, found: &mut Found) {
    let mut told: BTreeSet<String> = BTreeSet::new();
    for (_, line, _) in look.whole.lines() {
        let plain = line.plain();
        let stretches = look.readings.read(&plain);
        let mut at = 0;
        for stretch in &stretches {
            if let Stretch::Open(run) = stretch
                && told.insert((*run).to_owned())
            {
                let sentence = sentences(&plain, Lang::Ja)
                    .into_iter()
                    .find(|(from, s)| (*from..from + s.len()).contains(&at))
                    .map_or(plain.as_str(), |s| s.1);
                let d = found.error(
                    &line.path,
                    0,
                    "L0302",
                    format!("「{run}」の読みが表にありません：{}", sentence.trim()),
                    format!("No reading covers \"{run}\": {}", sentence.trim()),
                );
                hint(d, "readings.tsv に加えてください。", "Add it to readings.tsv.");
            }
            at += stretch.base().len();
        }
    }
}
