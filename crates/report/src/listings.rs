//! Listings: participants, deviations, events and records one by one, as the viewer of a view may see them.

use crate::document::{Block, Cell, Document, Form, Line, Table};
use crate::phrase;
use crate::say::Tell;
use crate::whole;
use conduct::{Expectation, FactFound, FormStatus, ParticipantView, QueryStatus, View};
use jiff::civil::Date;
use protocol::{Protocol, What};
use std::collections::BTreeSet;
use words::{Lang, PartialDate, calendar, number};

/// All listings of a study at a day.
pub fn document(view: &View<'_>, day: Date, engine: &str, lang: Lang) -> Document {
    let t = Tell(lang);
    let protocol = &view.protocol().protocol;
    let basis = whole::basis(view, day, engine);
    let everyone = view.participants();
    // Arms beside deaths are results by arm: shown where those may be.
    let arms = view.results_by_arm().is_ok();
    let mut blocks = Vec::new();
    blocks.extend(section("list-participants", participants(protocol, everyone, arms, t), t));
    blocks.extend(section("list-deviations", deviations(protocol, everyone, day, t), t));
    blocks.extend(section("list-facts", facts(protocol, everyone, t), t));
    for form in record_forms(protocol) {
        let name = protocol.forms.get(form).map_or_else(|| form.to_owned(), |f| t.of(&f.ja, &f.en));
        let table = records(protocol, everyone, form, t);
        blocks.push(Block::heading(1, format!("form-{}", form.replace('_', "-")), name));
        blocks.push(shown(table, t));
    }
    blocks.extend(section("list-queries", queries(view, protocol, t), t));
    Document {
        form: Form::Report,
        lang,
        study: view.study().to_owned(),
        title: t.with("list-title", &[("title", protocol.title.get(lang))]),
        nature: whole::nature(&basis, lang),
        facts: whole::facts(&basis, view.protocol(), lang),
        stamp: whole::stamp(&basis, lang),
        day: Some(day),
        contents: true,
        blocks,
        home: crate::document::Home::default(),
    }
}

fn section(key: &str, table: Table, t: Tell) -> [Block; 2] {
    [Block::heading(1, key, t.say(key)), shown(table, t)]
}

fn shown(table: Table, t: Tell) -> Block {
    if table.rows.is_empty() { Block::paragraph(t.say("list-nobody")) } else { Block::Table { table } }
}

fn table(heads: impl IntoIterator<Item = String>) -> Table {
    Table { caption: String::new(), head: heads.into_iter().map(Cell::words).collect(), rows: Vec::new() }
}

fn line(cells: impl IntoIterator<Item = String>) -> Line {
    Line { class: "", cells: cells.into_iter().map(Cell::words).collect() }
}

fn date(d: Date) -> String {
    d.to_string()
}

fn participants(protocol: &Protocol, everyone: &[ParticipantView<'_>], arms: bool, t: Tell) -> Table {
    let mut heads = vec![t.say("case-participant"), t.say("site")];
    heads.extend(protocol.steps.values().map(|s| t.of(&s.ja, &s.en)));
    heads.extend(protocol.allocation.values().filter(|_| arms).map(|a| t.of(&a.ja, &a.en)));
    heads.push(t.say("case-state"));
    let mut out = table(heads);
    for p in everyone {
        let mut cells = vec![p.id().to_string(), p.site().to_string()];
        for id in protocol.steps.keys() {
            cells.push(match (p.registration(id), p.cancelled(id)) {
                (Some(r), _) => format!("{} ({})", date(r.on), r.number),
                (None, Some(_)) => t.say("case-cancelled"),
                (None, None) => number::NONE.to_owned(),
            });
        }
        for id in protocol.allocation.keys().filter(|_| arms) {
            cells.push(p.arm(id).map_or_else(|| number::NONE.to_owned(), |arm| arm.to_string()));
        }
        let mut state = Vec::new();
        if let Some((on, why)) = p.off_treatment() {
            state.push(t.with("case-off-treatment", &[("on", &date(on)), ("why", why)]));
        }
        state.extend(p.withdrawals().map(|w| format!("{}: {}", t.say("list-withdrew"), date(w.on))));
        cells.push(state.join("\n"));
        out.rows.push(line(cells));
    }
    out
}

/// What did not go as the protocol says, as far as the record tells it.
fn deviations(protocol: &Protocol, everyone: &[ParticipantView<'_>], day: Date, t: Tell) -> Table {
    let keys = ["case-participant", "site", "list-deviation", "list-detail", "case-day"];
    let mut out = table(keys.map(|key| t.say(key)));
    for p in everyone {
        let mut add = |kind: &str, detail: String, on: String| {
            out.rows.push(line([p.id().to_string(), p.site().to_string(), t.say(kind), detail, on]));
        };
        for (step, criterion, on) in p.ineligible() {
            let words = phrase::reason(protocol, step.as_str(), &format!("criterion:{criterion}"));
            add("list-ineligible", words.get(t.0).to_owned(), date(*on));
        }
        for e in p.expected(day) {
            let visit = protocol.schedule.get(e.visit.as_str());
            let mut name = visit.map_or(e.visit.to_string(), |v| t.of(&v.ja, &v.en));
            if visit.is_some_and(|v| v.every.is_some()) {
                name = format!("{name} #{}", e.form.number);
            }
            let window = format!("{name} ({} – {})", date(e.from), date(e.to));
            match e.status {
                Expectation::Done { on, in_window: Some(false) } => {
                    add("list-outside", window, on.map_or(number::NONE.to_owned(), date));
                }
                Expectation::Overdue { days } => {
                    let late = t.with("case-overdue", &[("days", &days.to_string())]);
                    add("list-overdue", format!("{window}: {late}"), date(e.due));
                }
                _ => {}
            }
        }
    }
    out
}

fn facts(protocol: &Protocol, everyone: &[ParticipantView<'_>], t: Tell) -> Table {
    let keys = ["case-participant", "list-fact", "case-day"];
    let mut out = table(keys.map(|key| t.say(key)));
    for p in everyone {
        for (id, fact) in &protocol.facts {
            let on = match p.fact(id) {
                FactFound::On(day) => date(day),
                FactFound::Within(day) => calendar::partial(day, t.0),
                FactFound::Unknown(_) => t.say("list-cannot-tell"),
                FactFound::Absent => continue,
            };
            out.rows.push(line([p.id().to_string(), t.of(&fact.ja, &fact.en), on]));
        }
    }
    out
}

/// The forms whose records are side effects: those of the planned tables of worst grades.
fn record_forms(protocol: &Protocol) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    let forms = protocol.analyses.values().filter_map(|a| match &a.what {
        What::WorstGrade(plan) => Some(plan.form.as_str()),
        _ => None,
    });
    forms.filter(|f| seen.insert(*f)).collect()
}

/// Every record of a form, an item a column.
fn records(protocol: &Protocol, everyone: &[ParticipantView<'_>], id: &str, t: Tell) -> Table {
    let Some(form) = protocol.forms.get(id) else { return Table::default() };
    let items: Vec<_> = form.items().filter(|i| i.derive.is_none()).collect();
    let mut heads = vec![t.say("case-participant"), t.say("list-number")];
    heads.extend(items.iter().map(|i| t.of(&i.ja, &i.en)));
    let mut out = table(heads);
    for p in everyone {
        let mine =
            p.forms().iter().filter(|(k, f)| k.form.as_str() == id && f.status != FormStatus::NotApplicable);
        for (key, filled) in mine {
            let mut cells = vec![p.id().to_string(), key.number.to_string()];
            cells.extend(items.iter().map(|item| {
                let given = filled.values.get(item.id.as_str()).and_then(|g| g.last());
                given.map_or(number::NONE.to_owned(), |g| {
                    // A column of days is read downwards: as in the other lists, year, month and day in digits.
                    match g.value {
                        rules::Value::Date(PartialDate::Day(day)) => date(day),
                        _ => phrase::value(item, &g.value, g.columns.as_deref(), t.0),
                    }
                })
            }));
            out.rows.push(line(cells));
        }
    }
    out
}

fn queries(view: &View<'_>, protocol: &Protocol, t: Tell) -> Table {
    let keys = ["case-participant", "list-number", "read-form", "read-item", "case-state", "list-text"];
    let mut out = table(keys.map(|key| t.say(key)));
    for q in view.queries() {
        let form = protocol.forms.get(q.form.form.as_str());
        let name = form.map_or(q.form.form.to_string(), |f| t.of(&f.ja, &f.en));
        let item = form.and_then(|f| f.item(q.item.as_str()));
        let item = item.map_or(q.item.to_string(), |i| t.of(&i.ja, &i.en));
        let status = t.say(match q.status {
            QueryStatus::Open => "case-query-open",
            QueryStatus::Answered => "case-query-answered",
            QueryStatus::Closed => "case-query-closed",
        });
        let text = q.text.get(t.0).to_owned();
        out.rows.push(line([q.participant.to_string(), q.id.0.to_string(), name, item, status, text]));
    }
    out
}
