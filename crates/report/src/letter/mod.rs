//! The letter to the participants, and the press release and the summary for physicians that go with it.
//!
//! A text holds words; its numbers are result rows by name, its conclusions are chosen by result rows, its readings come
//! from reviewed tables. [`Letters::check`] looks a study's texts over before there is a result, [`Letters::draft`] puts
//! the results in. Whether a draft may be handed out is for the ledger to say: nothing here issues anything.

mod figure;
mod kind;
mod layout;
mod lint;
pub mod numbers;
pub mod readings;
mod tell;
pub mod text;

pub use kind::Kind;
pub use lint::{address, length};

use crate::document::Document;
use analysis::Results;
use numbers::Numbers;
use protocol::{Compiled, Diagnostic, Places};
use readings::Readings;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tell::{Answers, Found, READER, READERS, Samples};
use text::LetterText;
use words::{Lang, Text};

const NUMBERS: &str = "numbers.yaml";
const READINGS: &str = "readings.tsv";

/// The texts of a study with what they refer to.
#[derive(Debug)]
pub struct Letters {
    numbers: Numbers,
    numbers_places: Places,
    texts: BTreeMap<(Kind, Lang), (LetterText, Places)>,
    readings: Readings,
    warnings: Vec<Diagnostic>,
}

/// For whom a letter is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reader {
    #[default]
    Participant,
    /// The family of a participant who has died.
    Bereaved,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    pub kind: Kind,
    pub lang: Lang,
    pub reader: Reader,
    pub large: bool,
    pub standing: Standing,
}

impl Ask {
    pub fn new(kind: Kind, lang: Lang) -> Ask {
        Ask { kind, lang, reader: Reader::Participant, large: false, standing: Standing::Draft }
    }
}

/// How far these very words have come in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Draft,
    /// A press release or summary is still under embargo, and says so on every page.
    SignedOff,
    /// Issued as final, which the ledger refuses before the embargo's day.
    Issued,
}

/// A text with its results.
#[derive(Debug)]
pub struct Draft {
    pub document: Document,
    /// The words and readings that a reviewer reads and a ledger adopts, without what stands around them.
    pub reviewed: Vec<u8>,
    /// SHA-256 of `reviewed`.
    pub hash: [u8; 32],
    /// Everything that stands against signing it off.
    pub findings: Vec<Diagnostic>,
    /// Readings used that nobody has reviewed.
    pub unreviewed: Vec<String>,
    /// The answer to each question.
    pub answers: BTreeMap<String, String>,
    /// Every number as the text tells it.
    pub numbers: BTreeSet<String>,
}

impl Letters {
    /// Reads the texts of a study folder; `None` where it has none.
    pub fn load(folder: &Path) -> Result<Option<Letters>, Vec<Diagnostic>> {
        let mut files = BTreeMap::new();
        let mut names: Vec<String> = vec![NUMBERS.to_owned(), READINGS.to_owned()];
        names.extend(Kind::ALL.iter().flat_map(|k| Lang::ALL.map(|l| file_name(*k, l))));
        for name in names {
            match std::fs::read(folder.join(&name)) {
                Ok(bytes) => {
                    files.insert(name, bytes);
                }
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                Err(e) => {
                    let why = Text::new(
                        format!("「{name}」を読めません。"),
                        format!("\"{name}\" cannot be read: {e}"),
                    );
                    return Err(vec![Diagnostic::error("L0001", why)]);
                }
            }
        }
        if !files.keys().any(|name| *name != READINGS) {
            return Ok(None);
        }
        Letters::read(&files).map(Some)
    }

    /// As [`load`](Letters::load), from files by name.
    pub fn read(files: &BTreeMap<String, Vec<u8>>) -> Result<Letters, Vec<Diagnostic>> {
        let mut wrong = Vec::new();
        let Some(bytes) = files.get(NUMBERS) else {
            let why = Text::new(format!("{NUMBERS} がありません。"), format!("There is no {NUMBERS}."));
            return Err(vec![Diagnostic::error("L0001", why).hint(Text::new(
                "本文の数はすべてこのファイルで定義します。",
                "All numbers of the texts are defined in it.",
            ))]);
        };
        let numbers = protocol::read_yaml_placed::<Numbers>(NUMBERS, bytes);
        let mut texts = BTreeMap::new();
        for kind in Kind::ALL {
            for lang in Lang::ALL {
                let name = file_name(kind, lang);
                let Some(bytes) = files.get(&name) else { continue };
                match protocol::read_yaml_placed::<LetterText>(&name, bytes) {
                    Ok(read) => {
                        texts.insert((kind, lang), read);
                    }
                    Err(found) => wrong.extend(found),
                }
            }
        }
        let mut readings = Readings::default();
        let mut warnings = readings.add(readings::GENERAL_NAME, readings::GENERAL);
        if let Some(bytes) = files.get(READINGS) {
            warnings.extend(readings.add(READINGS, &String::from_utf8_lossy(bytes)));
        }
        match numbers {
            Ok((numbers, numbers_places)) if wrong.is_empty() => {
                Ok(Letters { numbers, numbers_places, texts, readings, warnings })
            }
            Ok(_) => Err(wrong),
            Err(found) => Err(found.into_iter().chain(wrong).collect()),
        }
    }

    /// The kinds and languages that are there.
    pub fn texts(&self) -> impl Iterator<Item = (Kind, Lang)> {
        self.texts.keys().copied()
    }

    pub fn readings(&self) -> &Readings {
        &self.readings
    }

    /// The day before which a text of this kind is not published; letters have none.
    pub fn embargo(&self, kind: Kind) -> Option<jiff::civil::Date> {
        self.numbers.embargo.filter(|_| kind.rules().embargo)
    }

    /// Looks all texts over without results: every variant, with numbers of the usual length.
    pub fn check(&self) -> Vec<Diagnostic> {
        let mut out = self.warnings.clone();
        out.extend(self.unknown_links());
        for ((kind, lang), (text, places)) in &self.texts {
            let samples = Samples { numbers: &self.numbers, lang: *lang };
            let mut found = Vec::new();
            for answers in self.all_answers() {
                let whole = tell::tell(text, &self.numbers, &answers, &samples, *lang);
                found.extend(self.lint(*kind, *lang, text, &whole));
            }
            out.extend(lint::placed(found, places));
        }
        for kind in Kind::ALL {
            let there: Vec<Lang> =
                Lang::ALL.into_iter().filter(|l| self.texts.contains_key(&(kind, *l))).collect();
            if let [one] = there[..] {
                let other = if one == Lang::Ja { Lang::En } else { Lang::Ja };
                let name = file_name(kind, other);
                out.push(Diagnostic::error(
                    "L0002",
                    Text::new(format!("{name} がありません。"), format!("There is no {name}.")),
                ));
            }
            if let [ja, en] = there[..] {
                out.extend(self.same_skeleton(kind, ja, en));
            }
        }
        out.dedup();
        out
    }

    fn lint(&self, kind: Kind, lang: Lang, text: &LetterText, whole: &tell::Whole) -> Vec<lint::Finding> {
        lint::lint(&lint::Look { kind, lang, text, whole, readings: &self.readings })
    }

    /// Both languages tell the same numbers in the same sections.
    fn same_skeleton(&self, kind: Kind, ja: Lang, en: Lang) -> Vec<Diagnostic> {
        let (Some((a, _)), Some((b, places))) = (self.texts.get(&(kind, ja)), self.texts.get(&(kind, en)))
        else {
            return Vec::new();
        };
        let ids = |t: &LetterText| t.sections.iter().map(|s| s.id.clone()).collect::<Vec<_>>();
        if ids(a) == ids(b) {
            return Vec::new();
        }
        let why = Text::new(
            format!("{} と {} の節が同じではありません。", file_name(kind, ja), file_name(kind, en)),
            format!("{} and {} have not the same sections.", file_name(kind, ja), file_name(kind, en)),
        );
        vec![Diagnostic::error("L0003", why).at(places.at(&["sections".into()]))]
    }

    fn unknown_links(&self) -> Vec<Diagnostic> {
        let mut out = Vec::new();
        for (name, link) in &self.numbers.links {
            let samples = Samples { numbers: &self.numbers, lang: Lang::En };
            let url: String = text::pieces(&link.url)
                .iter()
                .map(|p| match p {
                    text::Piece::Words { text, .. } => (*text).to_owned(),
                    text::Piece::Number { name, .. } => {
                        use tell::Source;
                        samples.show(name, None).map(|s| s.text).unwrap_or_default()
                    }
                    _ => String::new(),
                })
                .collect();
            if let Err((ja, en)) = address(&url) {
                let place = self.numbers_places.at(&["links".into(), name.into(), "url".into()]);
                let why = Text::new(format!("リンク「{name}」：{ja}"), format!("The link \"{name}\": {en}"));
                out.push(Diagnostic::error("L0111", why).at(place));
            }
        }
        out
    }

    /// Every way in which the questions can be answered: all of them while they are few, else each question in turn.
    fn all_answers(&self) -> Vec<Answers> {
        let mut questions: Vec<(&str, Vec<&str>)> = vec![(READER, READERS.to_vec())];
        questions.extend(self.numbers.questions.iter().map(|(name, q)| (name.as_str(), q.names())));
        let first: Answers = questions
            .iter()
            .filter_map(|(q, all)| Some(((*q).to_owned(), (*all.first()?).to_owned())))
            .collect();
        let deepest = questions.iter().map(|(_, all)| all.len()).max().unwrap_or(1);
        // Variants of different questions stand in different blocks: what one answer says of another's words is
        // seen where terms are used first, and there the first answers decide.
        let mut out = vec![first.clone()];
        for i in 1..deepest {
            let mut answers = first.clone();
            for (q, all) in &questions {
                if let Some(answer) = all.get(i).or(all.last()) {
                    answers.insert((*q).to_owned(), (*answer).to_owned());
                }
            }
            out.push(answers);
        }
        for (q, all) in &questions {
            for answer in all {
                let mut answers = first.clone();
                answers.insert((*q).to_owned(), (*answer).to_owned());
                out.push(answers);
            }
        }
        out.sort();
        out.dedup();
        out
    }

    /// A text with the results in it. `Err` where the study has no such text, or where a number, a row or a message is
    /// missing: then nothing half told comes out.
    pub fn draft(&self, ask: Ask, results: &Results, compiled: &Compiled) -> Result<Draft, Vec<Diagnostic>> {
        let Some((text, places)) = self.texts.get(&(ask.kind, ask.lang)) else {
            let name = file_name(ask.kind, ask.lang);
            let why = Text::new(
                format!("この試験には {name} がありません。"),
                format!("This study has no {name}."),
            );
            return Err(vec![Diagnostic::error("L0002", why)]);
        };
        let (found, wrong) = Found::new(&self.numbers, results, compiled, ask.lang);
        let (mut answers, unanswered) = found.answers(&self.numbers);
        let reader = match ask.reader {
            Reader::Participant => READERS[0],
            Reader::Bereaved => READERS[1],
        };
        answers.insert(READER.to_owned(), reader.to_owned());
        let whole = tell::tell(text, &self.numbers, &answers, &found, ask.lang);
        let used = self.used(&whole, &answers);
        let mut broken: Vec<Diagnostic> = Vec::new();
        for (name, why) in wrong.iter().filter(|(name, _)| used.contains(name.as_str())) {
            let place = self.numbers_places.at(&["numbers".into(), name.into()]);
            let message = Text::new(
                format!("数「{name}」を決められません：{}", why.ja),
                format!("The number \"{name}\" cannot be told: {}", why.en),
            );
            broken.push(Diagnostic::error("L0201", message).at(place));
        }
        for (name, why) in &unanswered {
            let place = self.numbers_places.at(&["questions".into(), name.into()]);
            let message = Text::new(
                format!("問い「{name}」に答えられません：{}", why.ja),
                format!("The question \"{name}\" cannot be answered: {}", why.en),
            );
            broken.push(Diagnostic::error("L0205", message).at(place));
        }
        // A number that could not be found was told already, with its reason.
        let told = |d: &Diagnostic| wrong.iter().any(|(n, _)| d.message.en.contains(&format!("\"{n}\"")));
        let found = whole.found.iter().filter(|(_, _, d)| d.code != "L0201" || !told(d)).cloned().collect();
        broken.extend(lint::placed(found, places));
        if !broken.is_empty() {
            return Err(broken);
        }
        let findings = lint::placed(self.lint(ask.kind, ask.lang, text, &whole), places);
        let readings = (ask.kind.rules().readings && ask.lang == Lang::Ja).then_some(&self.readings);
        let unreviewed = readings.map_or_else(Vec::new, |r| unreviewed(&whole, r));
        let set = layout::Setting {
            ask,
            whole: &whole,
            readings,
            results,
            compiled,
            embargo: self.numbers.embargo,
        };
        let body = set.body();
        let title = whole.title.plain();
        let head = (ask.kind.name(), ask.lang, reader, title);
        // Another day of release makes another version of a text that has one.
        let reviewed = match self.embargo(ask.kind) {
            Some(day) => serde_json::to_vec(&(head.0, head.1, head.2, head.3, &body, day)),
            None => serde_json::to_vec(&(head.0, head.1, head.2, head.3, &body)),
        };
        let reviewed = reviewed.map_err(|e| vec![Diagnostic::error("L0206", Text::same(e.to_string()))])?;
        let hash = Sha256::digest(&reviewed).into();
        let document = set.document(body, findings.len(), unreviewed.len());
        let numbers = whole
            .lines()
            .into_iter()
            .map(|l| l.1)
            .chain([&whole.title])
            .flat_map(|l| l.numbers().map(|n| n.0.text.clone()))
            .collect();
        Ok(Draft { document, reviewed, hash, findings, unreviewed, answers, numbers })
    }

    /// Names of the numbers that this telling rests on.
    fn used<'a>(&'a self, whole: &'a tell::Whole, answers: &Answers) -> BTreeSet<&'a str> {
        let mut used: BTreeSet<&str> =
            whole.lines().into_iter().flat_map(|(_, l, _)| l.numbers().map(|n| n.1)).collect();
        // A number that could not be found left no trace in its line; its name is in what was found wrong.
        used.extend(self.numbers.numbers.keys().map(String::as_str).filter(|name| {
            whole.found.iter().any(|(_, _, d)| d.message.en.contains(&format!("\"{name}\"")))
        }));
        for (name, question) in &self.numbers.questions {
            if answers.contains_key(name) {
                used.extend(question.answers.values().flatten().flat_map(|c| c.split_whitespace()));
            }
        }
        used
    }
}

/// `letter.ja.yaml`.
pub fn file_name(kind: Kind, lang: Lang) -> String {
    format!("{}.{lang}.yaml", kind.name())
}

/// The surfaces used whose reading nobody has reviewed.
fn unreviewed(whole: &tell::Whole, readings: &Readings) -> Vec<String> {
    let mut out = BTreeSet::new();
    for (_, line, _) in whole.lines() {
        for stretch in readings.read(&line.plain()) {
            if let readings::Stretch::Read { surface, .. } = stretch
                && readings.entry(surface).is_some_and(|e| e.reviewer.is_empty())
            {
                out.insert(surface.to_owned());
            }
        }
    }
    out.into_iter().collect()
}
