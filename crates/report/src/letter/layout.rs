//! A told text as a document: blocks with readings, figures, what stands around them.

use super::readings::{Readings, Stretch};
use super::tell::{Line, ToldBlock, Whole};
use super::text::Drawing;
use super::{Ask, Standing, figure};
use crate::document::{Block, Cell, Document, Figure, Form, Inline, Manner, Table, Words};
use crate::{say, whole};
use analysis::Results;
use protocol::Compiled;
use words::{Arg, Lang, calendar};

pub(super) struct Setting<'a> {
    pub ask: Ask,
    pub whole: &'a Whole,
    /// None where readings are not shown.
    pub readings: Option<&'a Readings>,
    pub results: &'a Results,
    pub compiled: &'a Compiled,
    pub embargo: Option<jiff::civil::Date>,
}

impl Setting<'_> {
    fn words(&self, line: &Line) -> Words {
        read(&line.plain(), self.readings)
    }

    /// What a reviewer reads: sections, sentences, tables, figures.
    pub fn body(&self) -> Vec<Block> {
        let mut out = Vec::new();
        for section in &self.whole.sections {
            out.push(Block::Heading { level: 1, id: section.id.clone(), text: self.words(&section.heading) });
            for block in &section.blocks {
                self.block(section.id.as_str(), block, &mut out);
            }
        }
        out
    }

    fn paragraph(&self, line: &Line, manner: Manner) -> Block {
        Block::Paragraph { text: self.words(line), manner }
    }

    fn block(&self, section: &str, block: &ToldBlock, out: &mut Vec<Block>) {
        match block {
            ToldBlock::P(line) => out.push(self.paragraph(line, Manner::Plain)),
            ToldBlock::Notice(line) => out.push(Block::Notice { text: vec![self.words(line)] }),
            ToldBlock::Points(lines) => {
                out.push(Block::List {
                    ordered: false,
                    items: lines.iter().map(|l| self.words(l)).collect(),
                });
            }
            ToldBlock::Figure { draw, caption, words, shares } => {
                let id = format!("{section}-figure");
                let words: Vec<String> = words.iter().map(Line::plain).collect();
                let arms: Vec<String> = self.arms();
                let scene = match draw.draw {
                    Drawing::Schema => figure::schema(&id, &caption.plain(), &words, &arms, self.readings),
                    Drawing::Of100 => {
                        let shares: Vec<(String, Option<f64>)> =
                            shares.iter().map(|(l, x)| (l.plain(), *x)).collect();
                        figure::of_100(&id, &caption.plain(), &words, &arms, &shares, self.readings)
                    }
                };
                out.push(Block::Figure { figure: Figure::new(scene, self.ask.lang, "") });
                out.push(self.paragraph(caption, Manner::Small));
            }
            ToldBlock::Table { caption, head, rows } => {
                out.push(Block::Paragraph {
                    text: vec![Inline::Strong { text: self.words(caption) }],
                    manner: Manner::Plain,
                });
                let head = head.iter().map(|line| {
                    let plain = line.plain();
                    let (name, under) = plain.split_once(" / ").unwrap_or((&plain, ""));
                    let mut cell = self.cell(name);
                    if cell.read.is_empty() {
                        cell.under = under.to_owned();
                    } else if !under.is_empty() {
                        cell.read.push(Inline::Break);
                        cell.read.extend(read(under, self.readings));
                        cell.text = format!("{name} {under}");
                    }
                    cell
                });
                let rows = rows.iter().map(|row| crate::document::Line {
                    class: "",
                    cells: row.iter().map(|l| self.cell(&l.plain())).collect(),
                });
                let table = Table { caption: String::new(), head: head.collect(), rows: rows.collect() };
                out.push(Block::Table { table });
            }
            ToldBlock::Glossary { intro, terms } => {
                out.push(self.paragraph(intro, Manner::Plain));
                let terms = terms.iter().map(|(t, m)| (self.term(t), self.words(m))).collect();
                out.push(Block::Terms { terms });
            }
            ToldBlock::Facts(facts) => {
                let terms = facts.iter().map(|(n, v)| (self.words(n), self.words(v))).collect();
                out.push(Block::Terms { terms });
            }
            ToldBlock::Links(links) => {
                let item = |(url, line): &(String, Line)| -> Words {
                    let address = vec![Inline::text(url)];
                    let mut words = self.words(line);
                    words.extend([Inline::Break, Inline::Link { href: url.clone(), text: address }]);
                    words
                };
                out.push(Block::List { ordered: false, items: links.iter().map(item).collect() });
            }
            ToldBlock::Blanks(labels) => {
                let line = |l: &Line| -> Words {
                    let mut words = self.words(l);
                    words.push(Inline::text(match self.ask.lang {
                        Lang::Ja => "：＿＿＿＿＿＿＿＿＿＿＿＿＿＿＿＿",
                        Lang::En => ": ________________________________",
                    }));
                    words
                };
                out.push(Block::List { ordered: false, items: labels.iter().map(line).collect() });
            }
        }
    }

    /// A term of the glossary: there its reading is spoken too, because readings over characters are not.
    fn term(&self, line: &Line) -> Words {
        let plain = line.plain();
        let mut words = self.words(line);
        if let Some(readings) = self.readings.filter(|_| plain.chars().any(super::readings::is_kanji)) {
            let kana = |s: &Stretch<'_>| match s {
                Stretch::Plain(t) | Stretch::Open(t) => (*t).to_owned(),
                Stretch::Read { units, .. } => {
                    units.iter().map(|(b, r)| if r.is_empty() { b.as_str() } else { r.as_str() }).collect()
                }
            };
            let reading: String = readings.read(&plain).iter().map(kana).collect();
            words.push(Inline::text(format!("（{reading}）")));
        }
        words
    }

    fn cell(&self, text: &str) -> Cell {
        let mut cell = Cell::words(text);
        if self.readings.is_some() {
            cell.read = read(text, self.readings);
        }
        cell
    }

    /// The fixed names of the arms, in their order.
    fn arms(&self) -> Vec<String> {
        let mut names: Vec<(usize, String)> = Vec::new();
        let order: Vec<&String> = self.compiled.protocol.arms.keys().collect();
        for bit in self.whole.lines().into_iter().flat_map(|(_, l, _)| &l.bits) {
            if let super::tell::Kind::Arm { id } = &bit.kind {
                let rank = order.iter().position(|o| *o == id).unwrap_or(usize::MAX);
                if !names.iter().any(|(r, _)| *r == rank) {
                    names.push((rank, bit.text.clone()));
                }
            }
        }
        names.sort();
        names.into_iter().map(|n| n.1).collect()
    }

    /// The body with title, data's nature, standing, facts and the foot of every page.
    pub fn document(&self, body: Vec<Block>, findings: usize, unreviewed: usize) -> Document {
        let lang = self.ask.lang;
        // What stands against giving it away, in one frame.
        let mut told: Vec<String> = Vec::new();
        if self.ask.standing == Standing::Draft {
            let (findings, unreviewed) = (findings.to_string(), unreviewed.to_string());
            let public = self.ask.kind.rules().embargo;
            let key = if public { "letter-draft-public" } else { "letter-draft" };
            told.push(say::get(lang, key));
            if findings != "0" {
                told.push(say::fill(lang, "letter-draft-findings", &[("n", Arg::Text(&findings))]));
            }
            if unreviewed != "0" {
                told.push(say::fill(lang, "letter-draft-readings", &[("n", Arg::Text(&unreviewed))]));
            }
        }
        let withheld = self.ask.kind.rules().embargo && self.ask.standing != Standing::Issued;
        if withheld {
            told.push(match self.embargo {
                Some(day) => {
                    say::fill(lang, "letter-embargo", &[("day", Arg::Text(&calendar::day(day, lang)))])
                }
                None => say::get(lang, "letter-no-embargo"),
            });
        }
        let mut blocks = Vec::new();
        if !told.is_empty() {
            blocks.push(Block::Notice { text: told.iter().map(|t| read(t, self.readings)).collect() });
        }
        blocks.extend(body);
        let form = match (self.ask.kind, self.ask.large) {
            (_, true) => Form::LargePrint,
            (super::Kind::Letter, false) => Form::Letter,
            _ => Form::Report,
        };
        let mut stamp = whole::stamp(self.results, lang);
        if self.ask.standing == Standing::Draft {
            stamp.insert(0, say::get(lang, "letter-draft-word"));
        }
        if withheld {
            let word = match self.embargo {
                Some(day) => {
                    say::fill(lang, "letter-embargo-word", &[("day", Arg::Text(&calendar::day(day, lang)))])
                }
                None => say::get(lang, "letter-embargo-open-word"),
            };
            stamp.insert(0, word);
        }
        Document {
            form,
            lang,
            study: self.results.study.clone(),
            title: self.whole.title.plain(),
            nature: whole::nature(self.results, lang),
            facts: Vec::new(),
            stamp,
            day: Some(self.results.cutoff),
            contents: false,
            blocks,
            home: crate::document::Home::default(),
        }
    }
}

/// A plain text with its readings.
pub(super) fn read(text: &str, readings: Option<&Readings>) -> Words {
    let Some(readings) = readings else { return vec![Inline::text(text)] };
    readings
        .read(text)
        .into_iter()
        .map(|stretch| match stretch {
            Stretch::Plain(text) | Stretch::Open(text) => Inline::text(text),
            Stretch::Read { units, .. } => Inline::Ruby { units: units.to_vec() },
        })
        .collect()
}
