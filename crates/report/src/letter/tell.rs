//! A text with its numbers put in and its variants chosen, each line with its place in the file.

use super::numbers::{Format, Numbers, Told, Value};
use super::text::{Choose, Element, FigureText, LetterText, Part as Block, Piece, pieces};
use analysis::Results;
use protocol::{Compiled, Diagnostic, Part};
use std::collections::BTreeMap;
use words::{Lang, Text};

/// The answer to each question, by name.
pub type Answers = BTreeMap<String, String>;

/// The question that no number answers: who reads.
pub const READER: &str = "reader";
pub const READERS: [&str; 2] = ["participant", "bereaved"];

/// Where the numbers come from.
pub trait Source {
    /// The number told in this way. `Err` says why it cannot be.
    fn show(&self, name: &str, format: Option<Format>) -> Result<Shown, Text>;
}

/// A number as the text tells it, with what the rules about numbers ask of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    pub text: String,
    pub format: Format,
    pub told: Option<Told>,
}

/// Before there are results: samples of the usual length.
pub struct Samples<'a> {
    pub numbers: &'a Numbers,
    pub lang: Lang,
}

/// The numbers of a run.
pub struct Found {
    pub told: BTreeMap<String, (Told, Format)>,
    pub lang: Lang,
}

/// One line of the text.
#[derive(Clone, Debug)]
pub struct Line {
    pub path: Vec<Part>,
    pub bits: Vec<Bit>,
}

/// A piece of a line with what it became.
#[derive(Clone, Debug)]
pub struct Bit {
    pub kind: Kind,
    pub text: String,
    /// Byte of the written text at which it begins.
    pub at: usize,
}

#[derive(Clone, Debug)]
pub enum Kind {
    Words,
    Number {
        name: String,
        format: Format,
        told: Option<Told>,
    },
    Arm {
        id: String,
    },
    /// The term itself; what explains it is the bit after.
    Term {
        id: String,
    },
    Explained,
}

impl Line {
    pub fn plain(&self) -> String {
        self.bits.iter().map(|b| b.text.as_str()).collect()
    }

    pub fn numbers(&self) -> impl Iterator<Item = (&Bit, &str, Format, Option<&Told>)> {
        self.bits.iter().filter_map(|b| match &b.kind {
            Kind::Number { name, format, told } => Some((b, name.as_str(), *format, told.as_ref())),
            _ => None,
        })
    }
}

#[derive(Clone, Debug)]
pub struct ToldSection {
    pub id: String,
    pub elements: Vec<Element>,
    pub heading: Line,
    pub blocks: Vec<ToldBlock>,
}

#[derive(Clone, Debug)]
pub enum ToldBlock {
    P(Line),
    Points(Vec<Line>),
    Notice(Line),
    Figure { draw: FigureText, caption: Line, words: Vec<Line>, shares: Vec<(Line, Option<f64>)> },
    Table { caption: Line, head: Vec<Line>, rows: Vec<Vec<Line>> },
    Glossary { intro: Line, terms: Vec<(Line, Line)> },
    Links(Vec<(String, Line)>),
    Blanks(Vec<Line>),
    Facts(Vec<(Line, Line)>),
}

/// A whole text, told.
#[derive(Clone, Debug)]
pub struct Whole {
    pub title: Line,
    pub sections: Vec<ToldSection>,
    /// What kept lines from being told.
    pub found: Vec<(Vec<Part>, usize, Diagnostic)>,
}

impl Whole {
    /// Every line, in the order in which it is read.
    pub fn lines(&self) -> Vec<(&ToldSection, &Line, Role)> {
        self.sections
            .iter()
            .flat_map(|s| {
                std::iter::once((s, &s.heading, Role::Heading)).chain(
                    s.blocks.iter().flat_map(move |b| b.lines().into_iter().map(move |(l, r)| (s, l, r))),
                )
            })
            .collect()
    }
}

/// What a line is in its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Heading,
    /// Whole sentences.
    Sentences,
    /// A cell, a label, a word in a figure.
    Label,
    /// A term or a meaning in the glossary.
    Glossary,
}

impl ToldBlock {
    pub fn lines(&self) -> Vec<(&Line, Role)> {
        match self {
            ToldBlock::P(l) | ToldBlock::Notice(l) => vec![(l, Role::Sentences)],
            ToldBlock::Points(all) => all.iter().map(|l| (l, Role::Sentences)).collect(),
            ToldBlock::Figure { caption, words, shares, .. } => {
                let words = words.iter().chain(shares.iter().map(|s| &s.0));
                words.map(|l| (l, Role::Label)).chain([(caption, Role::Sentences)]).collect()
            }
            ToldBlock::Table { caption, head, rows } => std::iter::once(caption)
                .chain(head)
                .chain(rows.iter().flatten())
                .map(|l| (l, Role::Label))
                .collect(),
            ToldBlock::Glossary { intro, terms } => {
                let terms = terms.iter().flat_map(|(t, m)| [(t, Role::Glossary), (m, Role::Glossary)]);
                std::iter::once((intro, Role::Sentences)).chain(terms).collect()
            }
            ToldBlock::Links(all) => all.iter().map(|(_, l)| (l, Role::Label)).collect(),
            ToldBlock::Blanks(all) => all.iter().map(|l| (l, Role::Label)).collect(),
            ToldBlock::Facts(all) => {
                all.iter().flat_map(|(n, v)| [(n, Role::Label), (v, Role::Label)]).collect()
            }
        }
    }
}

impl Source for Samples<'_> {
    fn show(&self, name: &str, format: Option<Format>) -> Result<Shown, Text> {
        let number = self.numbers.numbers.get(name).ok_or_else(|| unknown(name))?;
        let format = format.unwrap_or(number.format);
        Ok(Shown { text: format.sample(self.lang).to_owned(), format, told: None })
    }
}

impl Found {
    /// All numbers of a run. Numbers that a file has wrong are told by name.
    pub fn new(
        numbers: &Numbers,
        results: &Results,
        compiled: &Compiled,
        lang: Lang,
    ) -> (Found, Vec<(String, Text)>) {
        let (mut told, mut wrong) = (BTreeMap::new(), Vec::new());
        for (name, number) in &numbers.numbers {
            match number.find(results, compiled, numbers.embargo) {
                Ok(found) => {
                    told.insert(name.clone(), (found, number.format));
                }
                Err(why) => wrong.push((name.clone(), why)),
            }
        }
        (Found { told, lang }, wrong)
    }

    fn value(&self, name: &str) -> Result<Option<f64>, Text> {
        match name {
            "0" => return Ok(Some(0.0)),
            "1" => return Ok(Some(1.0)),
            _ => {}
        }
        match self.told.get(name).map(|(t, _)| &t.value) {
            None => Err(unknown(name)),
            Some(Some(Value::Number(x))) => Ok(Some(*x)),
            Some(Some(_)) => Err(Text::new(
                format!("「{name}」は数ではありません。"),
                format!("\"{name}\" is not a number."),
            )),
            Some(None) => Ok(None),
        }
    }

    /// The answer to each question. A question that rests on a number without a value has its answer `unknown`.
    pub fn answers(&self, numbers: &Numbers) -> (Answers, Vec<(String, Text)>) {
        let (mut out, mut wrong) = (Answers::new(), Vec::new());
        for (name, question) in &numbers.questions {
            let mut answer = None;
            let mut unclear = false;
            for (candidate, comparisons) in &question.answers {
                let mut holds = true;
                for comparison in comparisons {
                    match self.compare(comparison) {
                        Ok(Some(yes)) => holds &= yes,
                        Ok(None) => unclear = true,
                        Err(why) => {
                            wrong.push((name.clone(), why));
                            unclear = true;
                        }
                    }
                }
                if unclear {
                    break;
                }
                if holds {
                    answer = Some(candidate.clone());
                    break;
                }
            }
            if answer.is_none() && !unclear {
                wrong.push((
                    name.clone(),
                    Text::new("どの答えにも当てはまりません。", "None of its answers holds."),
                ));
            }
            out.insert(name.clone(), answer.unwrap_or_else(|| question.unknown.clone()));
        }
        (out, wrong)
    }

    /// `None` where a side has no value.
    fn compare(&self, comparison: &str) -> Result<Option<bool>, Text> {
        let parts: Vec<&str> = comparison.split_whitespace().collect();
        let [left, sign, right] = parts[..] else { return Err(bad_comparison(comparison)) };
        let (left, right) = (self.value(left)?, self.value(right)?);
        let (Some(left), Some(right)) = (left, right) else { return Ok(None) };
        Ok(Some(match sign {
            "<" => left < right,
            "<=" => left <= right,
            ">" => left > right,
            ">=" => left >= right,
            "==" => left == right,
            _ => return Err(bad_comparison(comparison)),
        }))
    }
}

fn bad_comparison(comparison: &str) -> Text {
    Text::new(
        format!("「{comparison}」は比べ方になっていません。「p < alpha」のように書きます。"),
        format!("\"{comparison}\" compares nothing; write it like \"p < alpha\"."),
    )
}

impl Source for Found {
    fn show(&self, name: &str, format: Option<Format>) -> Result<Shown, Text> {
        let (told, usual) = self.told.get(name).ok_or_else(|| unknown(name))?;
        let format = format.unwrap_or(*usual);
        let text = format.tell(told, self.lang).ok_or_else(|| {
            Text::new(
                format!("「{name}」はこの書き方では示せません。"),
                format!("\"{name}\" cannot be told in this way."),
            )
        })?;
        Ok(Shown { text, format, told: Some(told.clone()) })
    }
}

fn unknown(name: &str) -> Text {
    Text::new(
        format!("「{name}」という数は numbers.yaml にありません。"),
        format!("numbers.yaml has no number \"{name}\"."),
    )
}

/// Tells a text with these answers.
pub fn tell(
    text: &LetterText,
    numbers: &Numbers,
    answers: &Answers,
    source: &dyn Source,
    lang: Lang,
) -> Whole {
    let mut teller = Teller { text, numbers, answers, source, lang, found: Vec::new() };
    let title = teller.line(vec!["title".into()], &text.title);
    let sections = text
        .sections
        .iter()
        .enumerate()
        .map(|(i, section)| {
            let path: Vec<Part> = vec!["sections".into(), i.into()];
            let heading = teller.line(along(&path, ["heading".into()]), &section.heading);
            let mut blocks = Vec::new();
            teller.blocks(&along(&path, ["blocks".into()]), &section.blocks, &mut blocks);
            ToldSection { id: section.id.clone(), elements: section.elements.clone(), heading, blocks }
        })
        .collect();
    Whole { title, sections, found: teller.found }
}

fn along<const N: usize>(path: &[Part], more: [Part; N]) -> Vec<Part> {
    path.iter().cloned().chain(more).collect()
}

struct Teller<'a> {
    text: &'a LetterText,
    numbers: &'a Numbers,
    answers: &'a Answers,
    source: &'a dyn Source,
    lang: Lang,
    found: Vec<(Vec<Part>, usize, Diagnostic)>,
}

impl Teller<'_> {
    fn wrong(&mut self, path: &[Part], at: usize, code: &str, why: Text) {
        self.found.push((path.to_vec(), at, Diagnostic::error(code, why)));
    }

    fn blocks(&mut self, path: &[Part], blocks: &[Block], out: &mut Vec<ToldBlock>) {
        for (i, block) in blocks.iter().enumerate() {
            let here = along(path, [i.into()]);
            match block {
                Block::P(text) => out.push(ToldBlock::P(self.line(along(&here, ["p".into()]), text))),
                Block::Notice(text) => {
                    out.push(ToldBlock::Notice(self.line(along(&here, ["notice".into()]), text)));
                }
                Block::Points(all) => {
                    out.push(ToldBlock::Points(self.lines(&along(&here, ["points".into()]), all)));
                }
                Block::Blanks(all) => {
                    out.push(ToldBlock::Blanks(self.lines(&along(&here, ["blanks".into()]), all)));
                }
                Block::Facts(all) => {
                    let facts = all.iter().enumerate().map(|(f, fact)| {
                        let at = along(&here, ["facts".into(), f.into()]);
                        let name = self.line(along(&at, ["name".into()]), &fact.name);
                        (name, self.line(along(&at, ["value".into()]), &fact.value))
                    });
                    let facts = facts.collect();
                    out.push(ToldBlock::Facts(facts));
                }
                Block::Figure(figure) => out.push(self.figure(&along(&here, ["figure".into()]), figure)),
                Block::Table(table) => {
                    let here = along(&here, ["table".into()]);
                    let caption = self.line(along(&here, ["caption".into()]), &table.caption);
                    let head = self.lines(&along(&here, ["head".into()]), &table.head);
                    let rows = table
                        .rows
                        .iter()
                        .enumerate()
                        .map(|(r, row)| self.lines(&along(&here, ["rows".into(), r.into()]), row));
                    let rows = rows.collect();
                    out.push(ToldBlock::Table { caption, head, rows });
                }
                Block::Glossary(intro) => {
                    let intro = self.line(along(&here, ["glossary".into()]), intro);
                    let terms = self.text.glossary.iter().enumerate().map(|(t, term)| {
                        let at: Vec<Part> = vec!["glossary".into(), t.into()];
                        let word = self.line(along(&at, ["term".into()]), &term.term);
                        (word, self.line(along(&at, ["means".into()]), &term.means))
                    });
                    let terms = terms.collect();
                    out.push(ToldBlock::Glossary { intro, terms });
                }
                Block::Links(names) => {
                    let here = along(&here, ["links".into()]);
                    let links = names.iter().enumerate();
                    let links =
                        links.filter_map(|(l, name)| self.link(along(&here, [l.into()]), name)).collect();
                    out.push(ToldBlock::Links(links));
                }
                Block::Choose(choose) => self.choose(&along(&here, ["choose".into()]), choose, out),
            }
        }
    }

    fn choose(&mut self, path: &[Part], choose: &Choose, out: &mut Vec<ToldBlock>) {
        let known: Vec<&str> = match (choose.on.as_str(), self.numbers.questions.get(&choose.on)) {
            (READER, _) => READERS.to_vec(),
            (_, Some(question)) => question.names(),
            (on, None) => {
                let why = Text::new(
                    format!("「{on}」という問いは numbers.yaml にありません。"),
                    format!("numbers.yaml has no question \"{on}\"."),
                );
                return self.wrong(&along(path, ["on".into()]), 0, "L0203", why);
            }
        };
        let here = along(path, ["answers".into()]);
        for answer in &known {
            if !choose.answers.contains_key(*answer) {
                let why = Text::new(
                    format!("「{}」が「{answer}」のときの文がありません。", choose.on),
                    format!("There is no text for the answer \"{answer}\" of \"{}\".", choose.on),
                );
                self.wrong(&here, 0, "L0204", why);
            }
        }
        if let Some(extra) = choose.answers.keys().find(|a| !known.contains(&a.as_str())) {
            let why = Text::new(
                format!("「{}」に「{extra}」という答えはありません。", choose.on),
                format!("\"{}\" has no answer \"{extra}\".", choose.on),
            );
            self.wrong(&along(&here, [extra.into()]), 0, "L0204", why);
        }
        let chosen = self.answers.get(&choose.on).and_then(|a| Some((a, choose.answers.get(a)?)));
        if let Some((answer, blocks)) = chosen {
            self.blocks(&along(&here, [answer.into()]), blocks, out);
        }
    }

    fn figure(&mut self, path: &[Part], figure: &FigureText) -> ToldBlock {
        let caption = self.line(along(path, ["caption".into()]), &figure.caption);
        let words = self.lines(&along(path, ["words".into()]), &figure.words);
        let shares = figure.numbers.iter().enumerate().map(|(i, name)| {
            let at = along(path, ["numbers".into(), i.into()]);
            let line = self.line(at, &format!("{{{name}:frequency}}"));
            let share = line.numbers().find_map(|(_, _, _, told)| match told?.value {
                Some(Value::Number(x)) => Some(x),
                _ => None,
            });
            (line, share)
        });
        let shares = shares.collect();
        ToldBlock::Figure { draw: figure.clone(), caption, words, shares }
    }

    fn link(&mut self, path: Vec<Part>, name: &str) -> Option<(String, Line)> {
        let Some(link) = self.numbers.links.get(name) else {
            let why = Text::new(
                format!("「{name}」というリンクは numbers.yaml にありません。"),
                format!("numbers.yaml has no link \"{name}\"."),
            );
            self.wrong(&path, 0, "L0203", why);
            return None;
        };
        let label = if self.lang == Lang::Ja { &link.ja } else { &link.en };
        let url = self.line(path.clone(), &link.url).plain();
        let bits = self.line(path.clone(), label).bits;
        Some((url, Line { path, bits }))
    }

    fn lines(&mut self, path: &[Part], all: &[String]) -> Vec<Line> {
        all.iter().enumerate().map(|(i, text)| self.line(along(path, [i.into()]), text)).collect()
    }

    fn line(&mut self, path: Vec<Part>, text: &str) -> Line {
        let mut bits = Vec::new();
        for piece in pieces(text) {
            let at = piece.at();
            match piece {
                Piece::Words { text, .. } => bits.push(Bit { kind: Kind::Words, text: text.to_owned(), at }),
                Piece::Number { name, format, .. } => {
                    let known = format.map(|f| (f, Format::named(f)));
                    if let Some((named, None)) = known {
                        let names: Vec<&str> = Format::ALL.iter().map(|(n, _)| *n).collect();
                        let why = Text::new(
                            format!(
                                "「{named}」という示し方はありません(使えるもの: {})。",
                                names.join(", ")
                            ),
                            format!(
                                "There is no way \"{named}\" to tell a number (known: {}).",
                                names.join(", ")
                            ),
                        );
                        self.wrong(&path, at, "L0202", why);
                        continue;
                    }
                    match self.source.show(name, known.and_then(|k| k.1)) {
                        Ok(Shown { text, format, told }) => {
                            let kind = Kind::Number { name: name.to_owned(), format, told };
                            bits.push(Bit { kind, text, at });
                        }
                        Err(why) => self.wrong(&path, at, "L0201", why),
                    }
                }
                Piece::Arm { id, .. } => match self.text.arms.get(id) {
                    Some(name) => {
                        bits.push(Bit { kind: Kind::Arm { id: id.to_owned() }, text: name.clone(), at })
                    }
                    None => {
                        let why = Text::new(
                            format!("群「{id}」の呼び名が arms にありません。"),
                            format!("`arms` gives no name for arm \"{id}\"."),
                        );
                        self.wrong(&path, at, "L0203", why);
                    }
                },
                Piece::Term { id, .. } => match self.text.glossary.iter().find(|t| t.id == id) {
                    Some(term) => {
                        let kind = Kind::Term { id: id.to_owned() };
                        bits.push(Bit { kind, text: term.term.clone(), at });
                        let text = match self.lang {
                            Lang::Ja => format!("（{}）", term.short),
                            Lang::En => format!(" ({})", term.short),
                        };
                        bits.push(Bit { kind: Kind::Explained, text, at });
                    }
                    None => {
                        let why = Text::new(
                            format!("「{id}」という用語は glossary にありません。"),
                            format!("The glossary has no term \"{id}\"."),
                        );
                        self.wrong(&path, at, "L0203", why);
                    }
                },
                Piece::Broken { .. } => {
                    let why = Text::new("「{」が閉じていません。", "A brace is opened and never closed.");
                    self.wrong(&path, at, "L0202", why);
                }
            }
        }
        Line { path, bits }
    }
}
