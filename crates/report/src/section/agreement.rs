//! The same numbers by other software, beside ours.

use super::Sheet;
use crate::page::{Cell, Line, Section, Table};
use analysis::{Agreed, Agreement};
use words::{Arg, number, thousands};

/// Statistics that a short report shows; the others are counted and stand in the rows and the whole report.
const IN_SHORT: [&str; 6] = ["median", "survival", "chi_square", "p", "hazard_ratio", "interaction_p"];

/// All numbers, one table for each planned analysis.
pub(super) fn section(sheet: Sheet<'_>) -> Option<Section> {
    let agreement = sheet.results.reference.as_ref()?;
    Some(Section { tables: tables(sheet, agreement, |_| true), ..head(sheet, agreement) })
}

/// The main numbers, for a terminal.
pub(crate) fn short(sheet: Sheet<'_>) -> Option<Section> {
    let agreement = sheet.results.reference.as_ref()?;
    let main = |n: &Agreed| IN_SHORT.contains(&n.stat.as_str());
    let more = agreement.numbers.iter().filter(|n| !main(n)).count();
    let mut section = Section { tables: tables(sheet, agreement, main), ..head(sheet, agreement) };
    section.notes.push(sheet.fill("agreement-more", &[("n", (more as u64).into())]));
    Some(section)
}

fn head(sheet: Sheet<'_>, agreement: &Agreement) -> Section {
    let n = thousands(agreement.numbers.len() as i64);
    let worst = agreement.worst.map_or_else(|| number::NONE.to_owned(), tiny);
    let engine = Arg::Text(&agreement.engine);
    let lead = sheet
        .fill("agreement-lead", &[("engine", engine), ("n", Arg::Text(&n)), ("worst", Arg::Text(&worst))]);
    let absent = agreement.numbers.iter().filter(|n| n.ours.is_none()).count();
    let notice = (absent > 0).then(|| sheet.fill("agreement-absent", &[("n", (absent as u64).into())]));
    Section {
        id: "agreement".to_owned(),
        title: sheet.fill("agreement-title", &[("engine", Arg::Text(&agreement.engine))]),
        lead: vec![lead],
        notice,
        notes: vec![sheet.fill(
            "agreement-calls",
            &[("script", Arg::Text(&agreement.made_by)), ("prepared", Arg::Text(&agreement.prepared))],
        )],
        ..Section::default()
    }
}

fn tables(sheet: Sheet<'_>, agreement: &Agreement, keep: impl Fn(&Agreed) -> bool) -> Vec<Table> {
    let mut tables: Vec<(&str, Table)> = Vec::new();
    for one in agreement.numbers.iter().filter(|n| keep(n)) {
        let at = tables.iter().position(|(id, _)| *id == one.analysis).unwrap_or_else(|| {
            tables.push((&one.analysis, empty(sheet, &one.analysis, &agreement.engine)));
            tables.len() - 1
        });
        let Some((_, table)) = tables.get_mut(at) else { continue };
        let what = [
            Some(&one.method),
            one.group.as_ref(),
            one.level.as_ref(),
            one.contrast.as_ref(),
            Some(&one.stat),
        ];
        let what = what.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" · ");
        let ours = one.ours.map_or_else(|| number::NONE.to_owned(), digits);
        let apart = one.deviation.map_or_else(|| number::NONE.to_owned(), tiny);
        table.rows.push(Line::new("", what, [ours, digits(one.theirs), apart]));
    }
    tables.into_iter().map(|(_, table)| table).collect()
}

fn empty(sheet: Sheet<'_>, id: &str, engine: &str) -> Table {
    let planned = sheet.protocol.analyses.get(id);
    let title = planned.map_or(id, |p| if sheet.lang == words::Lang::Ja { &p.ja } else { &p.en });
    Table {
        caption: title.to_owned(),
        head: vec![
            Cell::words(sheet.say("result")),
            Cell::number(sheet.say("agreement-ours")),
            Cell::number(engine),
            Cell::number(sheet.say("agreement-deviation")),
        ],
        rows: Vec::new(),
    }
}

/// Twelve significant digits: enough to see where two numbers part.
fn digits(x: f64) -> String {
    if x == 0.0 || (1e-4..1e9).contains(&x.abs()) {
        let before = if x == 0.0 { 1 } else { x.abs().log10().floor() as i32 + 1 };
        let places = usize::try_from(12 - before.max(1)).unwrap_or(0).min(12);
        let text = format!("{x:.places$}");
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        text.replace('-', "−")
    } else {
        format!("{x:.11e}").replace('-', "−")
    }
}

fn tiny(x: f64) -> String {
    if x == 0.0 { "0".to_owned() } else { format!("{x:.1e}").replace('-', "−") }
}
