//! The protocol file as a document to be read: prose with rules, forms, schedule, test patients and their verdicts.

mod changes;
mod forms;
mod plan;
mod registration;

use crate::document::{Block, Document, Form, Inline, Words, words};
use crate::phrase;
use crate::say::Tell;
use protocol::{Compiled, Protocol};
use words::{Lang, calendar};

pub use changes::document as changes;

/// The protocol of a study folder that is in order, so that its test patients have the verdicts that it expects.
pub fn document(compiled: &Compiled, engine: &str, lang: Lang) -> Document {
    let t = Tell(lang);
    let p = &compiled.protocol;
    let mut blocks = Vec::new();
    blocks.extend(plan::summary(p, t));
    blocks.extend(registration::registration(p, t));
    blocks.extend(registration::allocation(p, t));
    blocks.extend(forms::schedule(p, t));
    blocks.extend(forms::forms(p, t));
    blocks.extend(plan::facts(p, t));
    blocks.extend(plan::analyses(p, t));
    blocks.extend(plan::patients(p, t));
    around(compiled, engine, t, p.title.get(lang).to_owned(), blocks)
}

fn around(compiled: &Compiled, engine: &str, t: Tell, title: String, blocks: Vec<Block>) -> Document {
    let p = &compiled.protocol;
    let hash: String = compiled.hash.iter().take(8).map(|b| format!("{b:02x}")).collect();
    let version = t.with("fact-protocol-value", &[("version", &p.version), ("hash", &hash)]);
    let effective = calendar::day(p.effective, t.0);
    let registry: Vec<String> = p.registry.iter().map(|(name, id)| format!("{name} {id}")).collect();
    let mut facts = vec![
        (t.say("fact-study"), p.study.clone()),
        (t.say("fact-registry"), registry.join(", ")),
        (t.say("fact-protocol"), version.clone()),
        (t.say("read-effective"), effective.clone()),
        (t.say("fact-engine"), engine.to_owned()),
    ];
    facts.retain(|(_, value)| !value.is_empty());
    Document {
        form: Form::Report,
        lang: t.0,
        study: p.study.clone(),
        title,
        nature: String::new(),
        facts,
        stamp: vec![
            p.study.clone(),
            format!("{} {version}", t.say("fact-protocol")),
            format!("{} {effective}", t.say("read-effective")),
            engine.to_owned(),
        ],
        day: Some(p.effective),
        contents: true,
        blocks,
        home: crate::document::Home::default(),
    }
}

/// A step's name.
fn step(p: &Protocol, id: &str, t: Tell) -> String {
    phrase::step(p, id).get(t.0).to_owned()
}

/// A fact or step by its name.
fn occasion(p: &Protocol, id: &str, t: Tell) -> String {
    match p.facts.get(id) {
        Some(fact) => t.of(&fact.ja, &fact.en),
        None => step(p, id, t),
    }
}

fn joined(t: Tell, parts: impl IntoIterator<Item = String>) -> String {
    let parts: Vec<String> = parts.into_iter().collect();
    parts.join(t.say("comma").as_str())
}

/// A rule as it is written, in one line.
fn rule(text: &str) -> Inline {
    Inline::Code { text: text.split_whitespace().collect::<Vec<_>>().join(" ") }
}

/// Words, then a rule.
fn with_rule(said: String, text: &str) -> Words {
    vec![Inline::text(said), rule(text)]
}

/// A list, unless there is nothing to list.
fn listed(items: Vec<Words>) -> Option<Block> {
    (!items.is_empty()).then_some(Block::List { ordered: false, items })
}

fn sentence(text: String) -> Words {
    words(text)
}
