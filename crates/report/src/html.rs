//! A whole report as one HTML page that needs nothing beside it.

use crate::page::Page;
use crate::section::{self, Sheet};
use crate::{say, style};
use analysis::Results;
use askama::Template;
use protocol::Compiled;
use words::{Arg, Lang, calendar, thousands};

/// The whole page in one language. The same results give the same bytes.
pub fn html(results: &Results, compiled: &Compiled, lang: Lang) -> String {
    let sheet = Sheet { results, protocol: &compiled.protocol, lang };
    let sections = section::all(sheet);
    let title = compiled.protocol.title.get(lang);
    let nature = nature(results, lang);
    let cutoff = calendar::day(results.cutoff, lang);
    let margin = format!("{} {} {}", results.study, cutoff, nature).replace(['"', '\\', '<', '\n'], "'");
    let page = Page {
        lang,
        css: style::css(),
        digits: &style::digits_css(),
        margin: &margin,
        study: &results.study,
        title,
        nature: &nature,
        facts: &facts(results, compiled, lang),
        contents: &say::get(lang, "contents"),
        notes: &say::get(lang, "notes"),
        sections: &sections,
    };
    // Writing into a string fails only if a value's own formatting fails, and these are strings.
    page.render()
        .unwrap_or_else(|e| format!("<!doctype html><title>{}</title>", crate::scene::escape(&e.to_string())))
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

/// What the results are a function of.
pub(crate) fn facts(results: &Results, compiled: &Compiled, lang: Lang) -> Vec<(String, String)> {
    let registry: Vec<String> =
        compiled.protocol.registry.iter().map(|(name, id)| format!("{name} {id}")).collect();
    let seq = thousands(i64::try_from(results.seq).unwrap_or(i64::MAX));
    let head: String = results.head.chars().take(16).collect();
    let protocol: String = results.protocol.chars().take(16).collect();
    let mut facts = vec![
        ("fact-study", results.study.clone()),
        ("fact-registry", registry.join(", ")),
        (
            "fact-protocol",
            say::fill(
                lang,
                "fact-protocol-value",
                &[("version", Arg::Text(&results.protocol_version)), ("hash", Arg::Text(&protocol))],
            ),
        ),
        ("fact-cutoff", calendar::day(results.cutoff, lang)),
        (
            "fact-ledger",
            say::fill(lang, "fact-ledger-value", &[("seq", Arg::Text(&seq)), ("hash", Arg::Text(&head))]),
        ),
        ("fact-engine", results.engine.clone()),
    ];
    facts.retain(|(_, value)| !value.is_empty());
    facts.into_iter().map(|(key, value)| (say::get(lang, key), value)).collect()
}
