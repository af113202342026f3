//! Tables of counts: characteristics, grades of side effects, proportions.

use super::Sheet;
use crate::page::{Cell, Line, Section, Table, Told};
use crate::{figure, phrase};
use analysis::Rows;
use protocol::WorstGrade;
use words::{Arg, number};

pub(super) fn baseline(sheet: Sheet<'_>, rows: &Rows<'_>, section: &mut Section) {
    let groups = rows.variable("participants").groups();
    if rows.variable("participants").group(None).count("n").unwrap_or(0) == 0 {
        section.notice = Some(sheet.say("nobody-in-set"));
        return;
    }
    let mut table =
        Table { caption: String::new(), head: vec![Cell::words(sheet.say("characteristic"))], rows: vec![] };
    for group in &groups {
        table.head.push(sheet.column(*group, rows.variable("participants").group(*group).count("n")));
    }
    for path in rows.variables().into_iter().filter(|v| *v != "participants" && *v != "analysis_set") {
        // What no form collects stands in the notes.
        let item = rows.variable(path).filter(|r| r.level.as_deref() != Some("not_collected"));
        if item.is_empty() {
            continue;
        }
        let unit = phrase::find_item(sheet.protocol, path).and_then(|i| i.unit.as_deref());
        let unit = if path == "duration" { Some("d") } else { unit };
        let name = phrase::item(sheet.protocol, path).get(sheet.lang).to_owned();
        let in_percent = path == "dose_intensity";
        let summary = item.method("quantiles");
        let levels = item.levels();
        let of_what = if summary.is_empty() {
            sheet.say("count-and-percent")
        } else {
            phrase::unit(sheet.lang, unit).map_or_else(
                || sheet.say(if in_percent { "quantiles-percent" } else { "quantiles" }),
                |u| sheet.fill("quantiles-unit", &[("unit", Arg::Text(&u))]),
            )
        };
        let heading =
            sheet.fill("item-heading", &[("item", Arg::Text(&name)), ("what", Arg::Text(&of_what))]);
        table.rows.push(Line::new("head", heading, groups.iter().map(|_| String::new())));
        if !summary.is_empty() {
            let decimals = decimals(&summary);
            let show = |v: f64| {
                if in_percent { number::percent_bare(v, 1) } else { number::fixed(v, decimals) }
            };
            let cell = |g: &Option<&str>, stat: &str| sheet.value(summary.group(*g).stat(stat).first(), show);
            table.rows.push(Line::new("sub", sheet.say("median"), groups.iter().map(|g| cell(g, "median"))));
            for (key, low, high) in [("interquartile", "q1", "q3"), ("range", "min", "max")] {
                let numbers = groups.iter().map(|g| sheet.limits(&summary.group(*g), low, high, show));
                table.rows.push(Line::new("sub", sheet.say(key), numbers));
            }
        }
        for level in levels {
            let name = match level.strip_prefix("missing:") {
                Some(kind) => sheet.say(&format!("missing-{}", kind.replace('_', "-"))),
                None if level == "ongoing" && path == "duration" => sheet.say("still-ongoing"),
                None => phrase::code(sheet.protocol, path, level).get(sheet.lang).to_owned(),
            };
            // A kind of missing that an arm does not have is a zero there.
            let numbers = groups.iter().map(|g| {
                let here = item.group(*g).level(Some(level));
                if here.is_empty() { phrase::parens("0", "0.0").into() } else { sheet.share(&here) }
            });
            table.rows.push(Line::new("sub", name, numbers));
        }
    }
    section.tables.push(table);
    section.notes.push(sheet.say("note-denominator"));
}

/// One place more than the data have, at most two.
fn decimals(summary: &Rows<'_>) -> u32 {
    let whole = summary.filter(|r| r.stat != "n").iter().filter_map(|r| r.value).all(|v| v.fract() == 0.0);
    if whole { 0 } else { 1 }
}

pub(super) fn grades(sheet: Sheet<'_>, id: &str, plan: &WorstGrade, rows: &Rows<'_>, section: &mut Section) {
    let Some(scene) = figure::grades(rows, sheet.protocol, id) else {
        section.notice = Some(sheet.say("nobody-in-set"));
        return;
    };
    section.figures.push(sheet.figure(scene, "caption-grades"));
    let worst = rows.variable("worst_grade");
    let groups = worst.groups();
    let mut table = Table {
        caption: sheet.say("grades-by-term"),
        head: vec![Cell::words(sheet.say("term"))],
        rows: Vec::new(),
    };
    for group in &groups {
        let n = worst.group(*group).first().and_then(|r| r.n).map(u64::from);
        for grade in &plan.at_least {
            let mut cell = sheet.column(*group, n);
            let grade = grade.to_string();
            cell.under =
                format!("{}  {}", cell.under, sheet.fill("grade-at-least", &[("grade", Arg::Text(&grade))]));
            table.head.push(cell);
        }
    }
    let line = |variable: &str, term: &str| -> Vec<Told> {
        let of = rows.variable(variable);
        let cell = |g: &Option<&str>, grade: &u8| {
            sheet.share(&of.group(*g).level(Some(&format!("{term}>={grade}"))))
        };
        groups.iter().flat_map(|g| plan.at_least.iter().map(move |grade| cell(g, grade))).collect()
    };
    table.rows.push(Line::new("head", sheet.say("any-term"), line("worst_grade", "")));
    let lines = |item: &str| -> Vec<Line> {
        let path = format!("{}.{item}", plan.form);
        let mut names: Vec<&str> = Vec::new();
        for level in rows.variable(&path).levels() {
            let name = level.rsplit_once(">=").map_or(level, |(t, _)| t);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let words = |name: &str| phrase::code(sheet.protocol, &path, name).get(sheet.lang).to_owned();
        names.into_iter().map(|name| Line::new("sub", words(name), line(&path, name))).collect()
    };
    if let Some(system) = &plan.system {
        let mut by_system = Table { caption: sheet.say("grades-by-system"), ..table.clone() };
        if let Some(first) = by_system.head.first_mut() {
            *first = Cell::words(sheet.say("system"));
        }
        by_system.rows.extend(lines(system));
        section.tables.push(by_system);
    }
    table.rows.extend(lines(&plan.term));
    section.tables.push(table);
    for (scene, caption) in [
        (figure::dots(rows, sheet.protocol, plan, id), "caption-dots"),
        (figure::butterfly(rows, sheet.protocol, plan, id), "caption-butterfly"),
    ] {
        section.figures.extend(scene.map(|scene| sheet.figure(scene, caption)));
    }
    section.notes.push(sheet.say("note-grades"));
}

pub(super) fn proportion(sheet: Sheet<'_>, id: &str, rows: &Rows<'_>, section: &mut Section) {
    let of = rows.variable(id);
    let exact = of.method("clopper-pearson");
    let level = phrase::level(&exact).unwrap_or_default();
    let interval = sheet.fill("interval", &[("level", Arg::Text(level.get(sheet.lang)))]);
    let mut table = Table {
        caption: String::new(),
        head: vec![
            Cell::words(""),
            Cell::number("n / N"),
            Cell::number("%"),
            Cell::number(interval).under(sheet.say("exact")),
        ],
        rows: Vec::new(),
    };
    let percent = |v: f64| number::percent_bare(v, 1);
    for group in exact.groups() {
        let here = exact.group(group);
        let [n, of] =
            ["n", "denominator"].map(|s| sheet.value(here.stat(s).first(), |v| number::fixed(v, 0)));
        let of_all = Told::from_all(format!("{} / {}", n.text, of.text), [&n, &of]);
        let share = sheet.value(here.stat("share").first(), percent);
        table.rows.push(Line::new(
            "",
            sheet.arm(group),
            [of_all, share, sheet.limits(&here, "lower", "upper", percent)],
        ));
    }
    let difference = of.method("miettinen-nurminen");
    if let Some(contrast) = difference.levels().first() {
        let name = sheet.fill("difference", &[("contrast", Arg::Text(&contrast.replacen('-', " − ", 1)))]);
        let cells = [
            Told::default(),
            sheet.value(difference.stat("difference").first(), percent),
            sheet.limits(&difference, "lower", "upper", percent),
        ];
        table.rows.push(Line::new("", name, cells));
        section.notes.push(sheet.say("note-difference"));
    }
    section.tables.push(table);
}
