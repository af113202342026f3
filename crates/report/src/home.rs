//! The way home of a number: each result row in words, and the part of a page to which every number leads.
//!
//! A number on a page carries the addresses of the rows it was made from. Alone, a page ends with a line for every row
//! or group of rows that differ only in their statistic: what it is of, set, method, options, who entered, warnings,
//! and how the way goes on to participants and ledger entries. Served, the same numbers lead to the server's pages.

use crate::section::Sheet;
use crate::{figure, phrase, say};
use analysis::{Results, Row};
use protocol::{Protocol, What};
use std::fmt::Write;
use words::{Arg, Lang, calendar, thousands};

/// All rows of one planned analysis.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The planned analysis' id.
    pub analysis: String,
    pub title: String,
    /// On a command line, and on a server, from an address to participants and their values.
    pub command: String,
    pub path: String,
    pub lines: Vec<Line>,
}

/// Rows that differ only in their statistic.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub address: String,
    pub anchor: String,
    pub about: String,
    /// Statistic and value.
    pub values: Vec<(String, String)>,
    pub set: String,
    pub method: String,
    pub options: String,
    pub n: String,
    pub missing: String,
    pub warning: String,
}

/// The rows' address without their statistic, for which a `*` stands.
pub fn address(row: &Row) -> String {
    without_stat(&row.key())
}

/// The address of a row's key, as [`address`].
pub(crate) fn without_stat(key: &str) -> String {
    let part = |(i, part)| if i == STAT { "*" } else { part };
    key.split('|').enumerate().map(part).collect::<Vec<_>>().join("|")
}

/// Where the statistic stands in a row's key.
const STAT: usize = 6;

/// Whether a row has this address: its whole key, or with `*` for the statistic.
pub fn has_address(row: &Row, address: &str) -> bool {
    let key = row.key();
    key == address || without_stat(&key) == address
}

/// The anchor of an address in a page: the same in every run. Letters, digits and `-_.` stand for themselves.
pub(crate) fn anchor(address: &str) -> String {
    let mut out = String::from("row-");
    for c in address.chars() {
        if c.is_ascii_alphanumeric() || "-_.".contains(c) {
            out.push(c);
        } else {
            let _ = write!(out, "~{:x}", u32::from(c));
        }
    }
    out
}

/// What the end of a page says of these results; `keep` chooses the rows by their address.
pub(crate) fn parts(sheet: Sheet<'_>, keep: impl Fn(&str) -> bool) -> Vec<Part> {
    let (results, lang) = (sheet.results, sheet.lang);
    let planned = sheet.protocol.analyses.iter().map(|(id, planned)| {
        let mut lines: Vec<Line> = Vec::new();
        for row in results.of(id).iter().filter(|r| is_told(r)) {
            let at = address(row);
            if !keep(&at) {
                continue;
            }
            match lines.iter_mut().rev().find(|l| l.address == at) {
                Some(line) => line.values.push((stat(&row.stat, lang), value(row))),
                None => lines.push(line(sheet, row, at)),
            }
        }
        let title = if lang == Lang::Ja { &planned.ja } else { &planned.en };
        Part {
            analysis: id.clone(),
            title: title.clone(),
            command: command(results),
            path: path(results, id, lang),
            lines,
        }
    });
    planned.filter(|part| !part.lines.is_empty()).collect()
}

/// Steps of a curve stand in its table and planned times; a refusal stands in its section.
fn is_told(row: &Row) -> bool {
    row.level.as_deref() != Some("curve") && row.method != "refused" && row.method != "scope"
}

fn line(sheet: Sheet<'_>, row: &Row, address: String) -> Line {
    let lang = sheet.lang;
    let count = |n: Option<u32>| n.map_or_else(String::new, |n| thousands(i64::from(n)));
    Line {
        anchor: anchor(&address),
        address,
        about: about(sheet.protocol, row, lang),
        values: vec![(stat(&row.stat, lang), value(row))],
        set: set(sheet.protocol, row, lang),
        method: method(&row.method, lang),
        options: options(row),
        n: count(row.n),
        missing: count(row.missing.filter(|m| *m > 0)),
        warning: row.warning.as_ref().map_or_else(String::new, |w| w.get(lang).to_owned()),
    }
}

/// From a row's address on, on a command line: who stands behind it.
fn command(results: &Results) -> String {
    format!(
        "shirube follow STUDY --ledger LEDGER --cutoff {} --as-of {} --row '…' [--participant N]",
        results.cutoff, results.seq
    )
}

/// From a row's address on, on a server.
fn path(results: &Results, analysis: &str, lang: Lang) -> String {
    let (study, cutoff, seq) = (&results.study, results.cutoff, results.seq);
    format!("/{}/{study}/results/{analysis}/row?cutoff={cutoff}&as_of={seq}&row=…", lang.tag())
}

/// What a row is of, without its statistic: what was measured, arm, level, time.
pub fn about(protocol: &Protocol, row: &Row, lang: Lang) -> String {
    let mut said: Vec<String> = Vec::new();
    said.extend(variable(protocol, row, lang));
    said.extend(row.group.as_deref().map(|g| figure::arm(protocol, Some(g)).get(lang).to_owned()));
    said.extend(row.level.as_deref().and_then(|l| level(protocol, row, l, lang)));
    let contrast = row.options.iter().find(|(k, _)| k == "contrast").map(|(_, v)| v.clone());
    said.extend(contrast.filter(|c| row.level.as_deref() != Some(c)));
    if row.level.as_deref() == Some("table") {
        said.extend(row.time.map(|t| {
            let day = thousands(t.round() as i64);
            say::fill(lang, "home-day", &[("day", Arg::Text(&day))])
        }));
    }
    said.join(" · ")
}

fn variable(protocol: &Protocol, row: &Row, lang: Lang) -> Option<String> {
    let of = |ja: &str, en: &str| Some(if lang == Lang::Ja { ja.to_owned() } else { en.to_owned() });
    let name = row.variable.as_str();
    if let Some(endpoint) = protocol.endpoints.get(name) {
        return of(&endpoint.ja, &endpoint.en);
    }
    let planned = protocol.analyses.get(&row.analysis);
    match planned.map(|a| &a.what) {
        Some(What::Sensitivity(plan)) => match plan.switches.get(name) {
            Some(switch) => return of(&switch.ja, &switch.en),
            None if name == "planned" => return Some(say::get(lang, "as-planned")),
            None => {}
        },
        // Its own name stands above.
        Some(What::Proportion(_)) if name == row.analysis => return None,
        _ => {}
    }
    if phrase::find_item(protocol, name).is_some() {
        return Some(phrase::item(protocol, name).get(lang).to_owned());
    }
    let key = format!("variable-{}", name.replace('_', "-"));
    Some(if say::has(&key) { say::get(lang, &key) } else { name.to_owned() })
}

/// A level in words; `None` where the address says it all.
fn level(protocol: &Protocol, row: &Row, level: &str, lang: Lang) -> Option<String> {
    if level == "table" {
        return None;
    }
    if let Some(time) = phrase::duration(level) {
        return Some(time.get(lang).to_owned());
    }
    if let Some(kind) = level.strip_prefix("missing:") {
        let key = format!("missing-{}", kind.replace('_', "-"));
        return Some(if say::has(&key) { say::get(lang, &key) } else { left_out(protocol, kind, lang) });
    }
    let at_least = |grade: &str| say::fill(lang, "grade-at-least", &[("grade", Arg::Text(grade))]);
    if let Some((term, grade)) = level.rsplit_once(">=") {
        let term = (!term.is_empty()).then(|| phrase::code(protocol, &row.variable, term));
        let term = term.map(|t| format!("{} ", t.get(lang))).unwrap_or_default();
        return Some(term + &at_least(grade));
    }
    // The flow: a step or set, and the reason.
    if let Some((step, reason)) = level.split_once('/')
        && let Some(step_words) = place(protocol, step, lang)
    {
        return Some(format!("{step_words}: {}", phrase::reason(protocol, step, reason).get(lang)));
    }
    // A subgroup: `form.item=code`.
    if let Some((path, code)) = level.split_once('=').filter(|(path, _)| path.contains('.')) {
        let item = phrase::item(protocol, path);
        return Some(format!("{}: {}", item.get(lang), phrase::code(protocol, path, code).get(lang)));
    }
    if let Some(words) = place(protocol, level, lang) {
        return Some(words);
    }
    if level.starts_with("fact:") {
        return Some(phrase::reason(protocol, "", level).get(lang).to_owned());
    }
    if row.method == "worst-grade" && level.parse::<u8>().is_ok() {
        return Some(say::fill(lang, "grade", &[("grade", Arg::Text(level))]));
    }
    if phrase::find_item(protocol, &row.variable).is_some_and(|i| i.codes.contains_key(level)) {
        return Some(phrase::code(protocol, &row.variable, level).get(lang).to_owned());
    }
    let word = level.replace('_', "-");
    if let Some(key) = ["variable", "reason"].map(|of| format!("{of}-{word}")).iter().find(|k| say::has(k)) {
        return Some(say::get(lang, key));
    }
    Some(phrase::code(protocol, &row.variable, level).get(lang).to_owned())
}

/// Why somebody is left out: a reason, and the fact, step or item that it is about.
fn left_out(protocol: &Protocol, kind: &str, lang: Lang) -> String {
    let (why, of) = kind.split_once(':').unwrap_or((kind, ""));
    let why = phrase::reason(protocol, "", why).get(lang).to_owned();
    let fact = protocol.facts.get(of).map(|f| if lang == Lang::Ja { f.ja.clone() } else { f.en.clone() });
    let of = fact.or_else(|| place(protocol, of, lang)).unwrap_or_else(|| of.to_owned());
    if of.is_empty() { why } else { phrase::parens(&why, &of) }
}

/// A step, an allocation or a set by its id.
fn place(protocol: &Protocol, id: &str, lang: Lang) -> Option<String> {
    let step = protocol.steps.get(id).map(|s| (&s.ja, &s.en));
    let allocation = || protocol.allocation.get(id).map(|a| (&a.ja, &a.en));
    let set = || protocol.sets.get(id).map(|s| (&s.ja, &s.en));
    let (ja, en) = step.or_else(allocation).or_else(set)?;
    Some(if lang == Lang::Ja { ja.clone() } else { en.clone() })
}

/// The analysis set in words; empty where a row has none.
pub fn set(protocol: &Protocol, row: &Row, lang: Lang) -> String {
    if row.set.is_empty() { String::new() } else { phrase::set(protocol, &row.set).get(lang).to_owned() }
}

/// The method in words.
pub fn method(name: &str, lang: Lang) -> String {
    phrase::method(name).get(lang).to_owned()
}

/// The options by name.
pub fn options(row: &Row) -> String {
    let said: Vec<String> = row.options.iter().map(|(k, v)| format!("{k} = {v}")).collect();
    said.join("; ")
}

/// A statistic in words; one without words by its name.
pub fn stat(name: &str, lang: Lang) -> String {
    let key = format!("stat-{}", name.replace('_', "-"));
    if say::has(&key) { say::get(lang, &key) } else { name.to_owned() }
}

/// A row's own value: whole numbers as they are, others with six significant digits.
pub fn value(row: &Row) -> String {
    match row.value {
        None => words::number::NONE.to_owned(),
        Some(v) if v.fract() == 0.0 && v.abs() < 1e15 => thousands(v as i64),
        Some(v) if v.abs() < 1e-4 => format!("{v:.3e}").replace('-', "−"),
        Some(v) => {
            let before = v.abs().log10().floor() as i32 + 1;
            let places = usize::try_from(6 - before.max(1)).unwrap_or(0);
            format!("{v:.places$}").replace('-', "−")
        }
    }
}

/// What stands before the lines: how to go on, and at which cut-off and position they hold.
pub(crate) fn lead(results: &Results, lang: Lang) -> Vec<String> {
    let seq = thousands(i64::try_from(results.seq).unwrap_or(i64::MAX));
    let day = calendar::day(results.cutoff, lang);
    let basis = [("cutoff", Arg::Text(&day)), ("seq", Arg::Text(&seq))];
    vec![say::get(lang, "home-lead"), say::fill(lang, "home-basis", &basis), say::get(lang, "home-onward")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_key_without_its_statistic_and_its_anchor_tells_addresses_apart() {
        let key = "os|randomised|A|os|5 years|1826.25|survival|kaplan-meier";
        assert_eq!(without_stat(key), "os|randomised|A|os|5 years|1826.25|*|kaplan-meier");
        assert_eq!(anchor("a|b c"), "row-a~7cb~20c");
        assert_ne!(anchor("a|b~20c"), anchor("a|b c"));
    }
}
