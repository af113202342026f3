//! Participant flow and accrual.

use super::Sheet;
use crate::figure;
use crate::page::{Cell, Line, Section, Table, Told};
use analysis::{Row, Rows};
use words::{Arg, Lang, number};

pub(super) fn flow(sheet: Sheet<'_>, id: &str, rows: &Rows<'_>, section: &mut Section) {
    match figure::flow(rows, sheet.protocol, id) {
        Some(scene) => section.figures.push(sheet.figure(scene, "caption-flow")),
        None => section.notice = Some(sheet.say("nobody-assessed")),
    }
}

pub(super) fn accrual(sheet: Sheet<'_>, id: &str, rows: &Rows<'_>, section: &mut Section) {
    let all = rows.variable("registrations").level(None);
    let (n, planned) = (all.count("total").unwrap_or(0), all.count("planned_total").unwrap_or(0));
    section.lead.push(sheet.fill("accrual-lead", &[("n", n.into()), ("planned", planned.into())]));
    if let Some(scene) = figure::accrual(rows, sheet.protocol, id) {
        section.figures.push(sheet.figure(scene, "caption-accrual"));
    }
    let sites = rows.variable("site");
    if sites.is_empty() {
        return;
    }
    let mut table = Table {
        caption: sheet.say("accrual-by-site"),
        head: vec![
            Cell::words(sheet.say("site")),
            Cell::number(sheet.say("registered")).under(sheet.say("unit-people")),
        ],
        rows: Vec::new(),
    };
    let told = |r: &Row| sheet.value(Some(r), |v| number::fixed(v, 0));
    let mut lines: Vec<(&str, f64, String, Told)> = sites
        .iter()
        .map(|r| {
            let name = r
                .options
                .iter()
                .find(|(k, _)| k == if sheet.lang == Lang::Ja { "name_ja" } else { "name_en" });
            let id = r.level.as_deref().unwrap_or("");
            (id, r.value.unwrap_or(0.0), name.map_or_else(|| id.to_owned(), |(_, v)| v.clone()), told(r))
        })
        .collect();
    lines.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
    // A long tail of sites is told in one line, so that the table stays on a page.
    const MOST: usize = 30;
    let rest = lines.split_off(lines.len().min(MOST));
    for (_, _, name, n) in lines {
        table.rows.push(Line::new("", name, [n]));
    }
    if !rest.is_empty() {
        let n: f64 = rest.iter().map(|r| r.1).sum();
        let label = sheet.fill("other-sites", &[("n", Arg::from(rest.len()))]);
        let all = Told::from_all(number::fixed(n, 0), rest.iter().map(|r| &r.3));
        table.rows.push(Line::new("", label, [all]));
    }
    section.tables.push(table);
}
