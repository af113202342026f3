//! The final report: every planned analysis in the order of the protocol.

use crate::document::{Block, Document, Form, Home, Inline, Manner};
use crate::section::{self, Sheet};
use crate::{home, say};
use analysis::Results;
use protocol::Compiled;
use words::{Arg, Lang, calendar, thousands};

/// The final report as a document.
pub fn document(results: &Results, compiled: &Compiled, lang: Lang) -> Document {
    let sheet = Sheet { results, protocol: &compiled.protocol, lang };
    let blocks = section::all(sheet).into_iter().flat_map(crate::page::Section::blocks).collect();
    let mut document = around(results, compiled, lang, blocks);
    document.home = Home { lead: home::lead(results, lang), parts: home::parts(sheet, |_| true) };
    document
}

/// A document of results around its blocks: title, what it is a function of, and the foot of every page.
pub(crate) fn around(
    results: &Results,
    compiled: &Compiled,
    lang: Lang,
    blocks: Vec<crate::document::Block>,
) -> Document {
    Document {
        form: Form::Report,
        lang,
        study: results.study.clone(),
        title: compiled.protocol.title.get(lang).to_owned(),
        nature: nature(results, lang),
        facts: facts(results, compiled, lang),
        stamp: stamp(results, lang),
        day: Some(results.cutoff),
        contents: true,
        blocks,
        home: Home::default(),
    }
}

/// What a document of a view rests on: results without rows.
pub fn basis(view: &conduct::View<'_>, day: jiff::civil::Date, engine: &str) -> Results {
    let compiled = view.protocol();
    Results {
        study: view.study().to_owned(),
        nature: match view.nature() {
            Some(conduct::Nature::Simulated) => "simulated",
            Some(conduct::Nature::Completed) => "completed",
            Some(conduct::Nature::Real) | None => "real",
        }
        .to_owned(),
        protocol_version: compiled.protocol.version.clone(),
        protocol: compiled.hash.iter().map(|b| format!("{b:02x}")).collect(),
        cutoff: day,
        seq: view.head().seq,
        head: view.head().hash.to_string(),
        engine: engine.to_owned(),
        imported: analysis::imported(view),
        rows: Vec::new(),
        reference: None,
    }
}

/// The final report as one HTML page.
pub fn html(results: &Results, compiled: &Compiled, lang: Lang) -> String {
    crate::html::page(&document(results, compiled, lang))
}

/// As [`html`], with ways to where the rows are shown to participants and values.
pub fn html_with(results: &Results, compiled: &Compiled, lang: Lang, ways: &crate::html::Ways<'_>) -> String {
    crate::html::page_with(&document(results, compiled, lang), ways)
}

/// What kind of data this is, in one sentence.
pub fn nature(results: &Results, lang: Lang) -> String {
    let key = match results.nature.as_str() {
        "simulated" => "nature-simulated",
        "completed" => "nature-completed",
        _ => "nature-real",
    };
    say::get(lang, key)
}

/// Position and hash of the ledger's head. The whole hash makes a witness of whoever keeps the page; `digits` of it are
/// enough to recognise the page by.
fn ledger(results: &Results, digits: usize, lang: Lang) -> String {
    let seq = thousands(i64::try_from(results.seq).unwrap_or(i64::MAX));
    let head: String = results.head.chars().take(digits).collect();
    say::fill(lang, "fact-ledger-value", &[("seq", Arg::Text(&seq)), ("hash", Arg::Text(&head))])
}

fn protocol(results: &Results, lang: Lang) -> String {
    let hash: String = results.protocol.chars().take(16).collect();
    let version = Arg::Text(&results.protocol_version);
    say::fill(lang, "fact-protocol-value", &[("version", version), ("hash", Arg::Text(&hash))])
}

/// An identifier of a registry, which names its registry itself (`jRCTs031180151`) or is told with it.
fn registered(name: &str, id: &str) -> String {
    let own = id.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name));
    if own { id.to_owned() } else { format!("{name} {id}") }
}

/// What the results are a function of.
pub fn facts(results: &Results, compiled: &Compiled, lang: Lang) -> Vec<(String, String)> {
    let registry: Vec<String> =
        compiled.protocol.registry.iter().map(|(name, id)| registered(name, id)).collect();
    let mut facts = vec![
        ("fact-study", results.study.clone()),
        ("fact-registry", registry.join(", ")),
        ("fact-protocol", protocol(results, lang)),
        ("fact-cutoff", calendar::day(results.cutoff, lang)),
        ("fact-ledger", ledger(results, usize::MAX, lang)),
        ("fact-engine", results.engine.clone()),
    ];
    for file in &results.imported {
        let hash: String = file.file.chars().take(16).collect();
        let name = Arg::Text(&file.name);
        facts.push((
            "fact-file",
            say::fill(lang, "fact-file-value", &[("name", name), ("hash", Arg::Text(&hash))]),
        ));
        facts.push(("fact-source", file.source.get(lang).to_owned()));
        facts.extend(file.constructed.iter().map(|c| ("fact-constructed", c.get(lang).to_owned())));
    }
    facts.retain(|(_, value)| !value.is_empty());
    facts.into_iter().map(|(key, value)| (say::get(lang, key), value)).collect()
}

/// A signed checkpoint of the ledger as the last part of a document, line by line as it was signed.
pub fn checkpoint(note: &str, lang: Lang) -> Vec<Block> {
    let title = say::get(lang, "fact-checkpoint");
    let lines = note.lines().flat_map(|l| [Inline::Code { text: l.to_owned() }, Inline::Break]).collect();
    vec![
        Block::Heading { level: 1, id: "checkpoint".to_owned(), text: vec![Inline::text(title)] },
        Block::Paragraph { text: lines, manner: Manner::Small },
    ]
}

/// The same in short, for the foot of every page.
pub fn stamp(results: &Results, lang: Lang) -> Vec<String> {
    let pair = |key: &str, value: String| format!("{} {value}", say::get(lang, key));
    vec![
        results.study.clone(),
        pair("fact-cutoff", calendar::day(results.cutoff, lang)),
        pair("fact-ledger", ledger(results, usize::MAX, lang)),
        pair("fact-protocol", protocol(results, lang)),
        results.engine.clone(),
    ]
}
