//! Sensitivity: the planned analysis and, line by line, what it gives when one thing is decided otherwise.

use super::Sheet;
use crate::page::{Cell, Line, Section, Table, Told};
use crate::{figure, phrase, say};
use analysis::Rows;
use protocol::{MissingCase, Protocol, Sensitivity, Strategy, Switch, What};
use words::{Arg, Lang, Text, number};

pub(super) fn sensitivity(
    sheet: Sheet<'_>,
    id: &str,
    plan: &Sensitivity,
    rows: &Rows<'_>,
    section: &mut Section,
) {
    let of = sheet.protocol.analyses.get(&plan.of);
    let name =
        of.map(|a| if sheet.lang == Lang::Ja { a.ja.as_str() } else { a.en.as_str() }).unwrap_or(&plan.of);
    section.lead.push(sheet.fill("sensitivity-lead", &[("of", Arg::Text(name))]));
    let timed = of.is_some_and(|a| matches!(a.what, What::Survival(_)));
    if timed && !sheet.protocol.intercurrent.is_empty() {
        section.lead.push(sheet.say("sensitivity-policy"));
    }
    if let Some(scene) = figure::switches(rows, sheet.protocol, id) {
        section.figures.push(sheet.figure(scene, "caption-switches"));
    }
    let table = if timed { times(sheet, plan, rows) } else { shares(sheet, plan, rows) };
    section.tables.push(table);
    if timed {
        section.notes.push(sheet.say("note-sensitivity-p"));
        section.notes.push(sheet.say("note-sensitivity"));
    }
}

/// The planned analysis and the switches: id, name, and what is otherwise.
fn lines<'p>(sheet: Sheet<'p>, plan: &'p Sensitivity) -> Vec<(&'p str, String, String)> {
    let planned = ("planned", sheet.say("as-planned"), String::new());
    let switches = plan.switches.iter().map(|(id, switch)| {
        let name = if sheet.lang == Lang::Ja { &switch.ja } else { &switch.en };
        (id.as_str(), name.clone(), otherwise(sheet.protocol, switch, sheet.lang))
    });
    std::iter::once(planned).chain(switches).collect()
}

/// What a switch decides otherwise, in words.
pub(crate) fn otherwise(protocol: &Protocol, switch: &Switch, lang: Lang) -> String {
    let mut parts: Vec<Text> = Vec::new();
    if let Some(set) = &switch.set {
        parts.push(phrase::set(protocol, set));
    }
    for (id, strategy) in &switch.intercurrent {
        let event = protocol.intercurrent.get(id);
        let event = event.map_or_else(|| Text::same(id), |e| Text::new(&e.ja, &e.en));
        let strategy = say::text(match strategy {
            Strategy::TreatmentPolicy => "strategy-treatment-policy",
            Strategy::Composite => "strategy-composite",
            Strategy::WhileOnTreatment => "strategy-while-on-treatment",
            Strategy::Censor => "strategy-censor",
            Strategy::Ipcw => "strategy-ipcw",
            Strategy::Rpsft => "strategy-rpsft",
        });
        parts.push(say::text_with("strategy-of", &[("event", &event), ("strategy", &strategy)]));
    }
    match switch.missing {
        Some(MissingCase::Worst) => parts.push(say::text("missing-worst")),
        Some(MissingCase::Best) => parts.push(say::text("missing-best")),
        None => {}
    }
    let joint = if lang == Lang::Ja { "、" } else { "; " };
    parts.iter().map(|p| p.get(lang)).collect::<Vec<_>>().join(joint)
}

fn times(sheet: Sheet<'_>, plan: &Sensitivity, rows: &Rows<'_>) -> Table {
    let groups: Vec<Option<&str>> = rows.filter(|r| r.group.is_some()).groups();
    let level = phrase::level(&rows.variable("planned")).unwrap_or_default();
    let mut head = vec![Cell::words(sheet.say("switch")), Cell::words(sheet.say("otherwise"))];
    head.extend(groups.iter().map(|g| Cell::number(sheet.arm(*g)).under(sheet.say("events-of-n"))));
    head.push(
        Cell::number(sheet.say("hazard-ratio"))
            .under(sheet.fill("interval", &[("level", Arg::Text(level.get(sheet.lang)))])),
    );
    head.push(Cell::number("p"));
    let mut table = Table { caption: String::new(), head, rows: Vec::new() };
    let three = |v: f64| number::fixed(v, 3);
    for (id, name, otherwise) in lines(sheet, plan) {
        let mine = rows.variable(id);
        let whole = |g: &Option<&str>, stat: &str| {
            sheet.value(mine.group(*g).level(None).stat(stat).first(), |v| number::fixed(v, 0))
        };
        let mut cells = vec![Cell::words(name), Cell::words(otherwise)];
        cells.extend(groups.iter().map(|g| {
            let (events, n) = (whole(g, "events"), whole(g, "n"));
            Cell::number(Told::from_all(format!("{}/{}", events.text, n.text), [&events, &n]))
        }));
        let model =
            mine.filter(|r| ["cox", "cox-ipcw", "rpsft"].contains(&r.method.as_str()) && r.group.is_none());
        let ratio = model.stat("hazard_ratio").first();
        cells.push(Cell::number(match ratio {
            None => number::NONE.into(),
            Some(row) if row.value.is_none() => sheet.value(Some(row), three),
            row => sheet.value(row, three).parens(&sheet.limits(&model, "lower", "upper", three)),
        }));
        // The test of the planned analysis where there is one, else that of the method.
        let tests = ["log-rank", "stratified log-rank", "gray", "rpsft", "cox-ipcw"];
        let test = tests.iter().find_map(|m| {
            let of = mine.method(m);
            of.stat("p").first().or_else(|| of.stat("wald_p").first())
        });
        cells.push(Cell::number(sheet.value(test, number::p_value)));
        table.rows.push(Line { class: "", cells });
    }
    table
}

fn shares(sheet: Sheet<'_>, plan: &Sensitivity, rows: &Rows<'_>) -> Table {
    let exact = rows.method("clopper-pearson");
    let groups: Vec<Option<&str>> = exact.filter(|r| r.stat == "n" && r.variable == "planned").groups();
    let level = phrase::level(&exact).unwrap_or_default();
    let interval = sheet.fill("interval", &[("level", Arg::Text(level.get(sheet.lang)))]);
    let mut head = vec![Cell::words(sheet.say("switch")), Cell::words(sheet.say("otherwise"))];
    head.extend(groups.iter().map(|g| Cell::number(sheet.arm(*g)).under("n / N (%)")));
    let difference = rows.method("miettinen-nurminen");
    let contrast = difference.levels().first().map(|c| c.replacen('-', " − ", 1));
    if let Some(contrast) = &contrast {
        head.push(
            Cell::number(sheet.fill("difference", &[("contrast", Arg::Text(contrast))])).under(interval),
        );
    }
    let mut table = Table { caption: String::new(), head, rows: Vec::new() };
    let percent = |v: f64| number::percent_bare(v, 1);
    for (id, name, otherwise) in lines(sheet, plan) {
        let mine = exact.variable(id);
        let mut cells = vec![Cell::words(name), Cell::words(otherwise)];
        for group in &groups {
            let here = mine.group(*group);
            let n = |stat: &str| sheet.value(here.stat(stat).first(), |v| number::fixed(v, 0));
            let (n, of) = (n("n"), n("denominator"));
            let of = Told::from_all(format!("{} / {}", n.text, of.text), [&n, &of]);
            cells.push(Cell::number(of.parens(&sheet.value(here.stat("share").first(), percent))));
        }
        if contrast.is_some() {
            let here = difference.variable(id);
            let value = sheet.value(here.stat("difference").first(), percent);
            cells.push(Cell::number(value.parens(&sheet.limits(&here, "lower", "upper", percent))));
        }
        table.rows.push(Line { class: "", cells });
    }
    table
}
