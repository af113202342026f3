//! The schedule and the case report forms.

use super::{joined, listed, occasion, with_rule};
use crate::document::{Block, Cell, Line, Table};
use crate::phrase;
use crate::say::Tell;
use protocol::{Item, Protocol};

pub(super) fn schedule(p: &Protocol, t: Tell) -> Vec<Block> {
    if p.schedule.is_empty() {
        return Vec::new();
    }
    let span = |d: rules::Duration| d.text().get(t.0).to_owned();
    let head = ["read-visit", "read-form", "read-due", "read-window", "read-until"];
    let mut table = Table {
        caption: String::new(),
        head: head.into_iter().map(|key| Cell::words(t.say(key))).collect(),
        rows: Vec::new(),
    };
    for visit in p.schedule.values() {
        let anchor = occasion(p, &visit.anchor, t);
        let mut due = t.with("read-due-at", &[("step", &anchor), ("at", &span(visit.at))]);
        if let Some(every) = visit.every {
            due += &t.with("read-due-every", &[("every", &span(every))]);
        }
        if let Some(last) = visit.last {
            due += &t.with("read-due-last", &[("last", &span(last))]);
        }
        let side = |sign: &str, d: Option<rules::Duration>| d.map(|d| format!("{sign}{}", span(d)));
        let window: Vec<String> =
            [side("−", visit.window.before), side("+", visit.window.after)].into_iter().flatten().collect();
        let form = p.forms.get(&visit.form).map_or(visit.form.clone(), |f| t.of(&f.ja, &f.en));
        let until = joined(t, visit.until.iter().map(|u| occasion(p, u, t)));
        let name = match &visit.when {
            Some(when) => {
                t.with("read-visit-when", &[("visit", &t.of(&visit.ja, &visit.en)), ("when", when)])
            }
            None => t.of(&visit.ja, &visit.en),
        };
        let cells = [name, form, due, window.join(" / "), until].map(Cell::words);
        table.rows.push(Line { class: "", cells: cells.into() });
    }
    vec![Block::heading(1, "schedule", t.say("read-schedule")), Block::Table { table }]
}

pub(super) fn forms(p: &Protocol, t: Tell) -> Vec<Block> {
    let mut out = vec![Block::heading(1, "forms", t.say("read-forms"))];
    for (id, form) in &p.forms {
        out.push(Block::heading(2, format!("form-{id}"), t.of(&form.ja, &form.en)));
        let dated = form.item(&form.dated_by).map_or(form.dated_by.clone(), |i| t.of(&i.ja, &i.en));
        let mut said = t.with("read-dated", &[("item", &dated)]);
        if form.repeats {
            said += &t.say("read-repeats");
        }
        out.push(Block::paragraph(said));
        let head = ["read-item", "read-answer", "read-asked"];
        let mut table = Table {
            caption: String::new(),
            head: head.into_iter().map(|key| Cell::words(t.say(key))).collect(),
            rows: Vec::new(),
        };
        for section in &form.sections {
            let name = t.of(&section.ja, &section.en);
            table.rows.push(Line { class: "head", cells: [&name, "", ""].map(Cell::words).into() });
            for item in &section.items {
                row(item, "", t, &mut table);
            }
        }
        out.push(Block::Table { table });
        let checks = form.checks.iter().map(|c| {
            let said = t.with("read-check", &[("id", &c.id), ("text", &t.of(&c.ja, &c.en))]);
            with_rule(said, &c.rule)
        });
        let checks: Vec<_> = checks.collect();
        if !checks.is_empty() {
            out.push(Block::heading(3, "", t.say("read-checks")));
            out.extend(listed(checks));
        }
    }
    out
}

fn row(item: &Item, inside: &str, t: Tell, table: &mut Table) {
    let name = format!("{inside}{}", t.of(&item.ja, &item.en));
    let mut answer = t.say(&format!("type-{}", item.kind.name()));
    if let Some(unit) = phrase::unit(t.0, item.unit.as_deref().filter(|u| *u != "1")) {
        answer += &t.with("read-unit", &[("unit", &unit)]);
    }
    if !item.codes.is_empty() {
        answer = joined(t, item.codes.values().map(|c| c.get(t.0).to_owned()));
    }
    if let Some(range) = &item.range {
        let (min, max) = (range.min.map(|d| d.to_string()), range.max.map(|d| d.to_string()));
        answer += &match (&min, &max) {
            (Some(min), Some(max)) => t.with("read-range", &[("min", min), ("max", max)]),
            (Some(min), None) => t.with("read-range-from", &[("min", min)]),
            (None, Some(max)) => t.with("read-range-to", &[("max", max)]),
            (None, None) => String::new(),
        };
    }
    if item.partial {
        answer += &t.say("read-partial");
    }
    let asked = match (&item.derive, &item.when, item.required) {
        (Some(rule), ..) => t.with("read-derived", &[("rule", rule)]),
        (None, Some(when), true) => t.with("read-required-when", &[("when", when)]),
        (None, Some(when), false) => t.with("read-when", &[("when", when)]),
        (None, None, true) => t.say("read-required"),
        (None, None, false) => String::new(),
    };
    let asked = asked.split_whitespace().collect::<Vec<_>>().join(" ");
    let cells = [Cell::words(name).under(&*item.id), Cell::words(answer), Cell::words(asked)];
    table.rows.push(Line { class: "sub", cells: cells.into() });
    for part in &item.items {
        row(part, &format!("{inside}– "), t, table);
    }
}
