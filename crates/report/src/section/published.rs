//! Published numbers beside those of this run.

use super::Sheet;
use crate::page::{Cell, Line, Section, Table};
use analysis::{Row, Rows};
use protocol::{Published, RowName};
use words::{Lang, number};

pub(super) fn section(sheet: Sheet<'_>) -> Option<Section> {
    let published = &sheet.protocol.published;
    if published.is_empty() {
        return None;
    }
    let mut table = Table {
        caption: String::new(),
        head: vec![
            Cell::words(sheet.say("result")),
            Cell::number(sheet.say("published")),
            Cell::number(sheet.say("this-run")),
            Cell::words(sheet.say("source")),
        ],
        rows: Vec::new(),
    };
    for one in published {
        let name = match sheet.lang {
            Lang::Ja => &one.ja,
            Lang::En => &one.en,
        };
        let name = match crate::phrase::unit(sheet.lang, one.unit.as_deref()) {
            Some(unit) => format!("{name} [{unit}]"),
            None => name.clone(),
        };
        let here = one.row.as_ref().and_then(|row| find(&sheet.results.of(&row.analysis), row));
        let here = match (&one.row, here) {
            (None, _) => number::NONE.to_owned(),
            (Some(_), row) => sheet.value(row, |v| like(one, v)),
        };
        let mut line = Line::new("", name, [one.value.clone(), here]);
        line.cells.push(Cell::words(one.source.clone()));
        table.rows.push(line);
    }
    let key = match sheet.results.nature.as_str() {
        "simulated" => "published-simulated",
        "completed" => "published-completed",
        _ => "published-real",
    };
    let notes = published.iter().filter_map(|p| p.note.as_ref().map(|n| (p, n)));
    let name = |p: &Published| if sheet.lang == Lang::Ja { p.ja.clone() } else { p.en.clone() };
    let notes = notes.map(|(p, n)| format!("{}: {}", name(p), n.get(sheet.lang))).collect();
    Some(Section {
        notes,
        id: "published".to_owned(),
        title: sheet.say("published-title"),
        lead: vec![sheet.say(key)],
        tables: vec![table],
        ..Section::default()
    })
}

/// The row that a published number names: a column that is not named must be empty, except variable and method. A time
/// is a planned time of a curve, which rows write as their level.
fn find<'a>(rows: &Rows<'a>, name: &RowName) -> Option<&'a Row> {
    let time = |t: &String| t.parse::<rules::Duration>().map_or_else(|_| t.clone(), |d| d.to_string());
    let level = name.level.clone().or(name.time.as_ref().map(time));
    let rows = rows.group(name.group.as_deref()).level(level.as_deref()).stat(&name.stat);
    let any = |named: &Option<String>, found: &str| named.as_deref().is_none_or(|n| n == found);
    rows.filter(|r| any(&name.variable, &r.variable) && any(&name.method, &r.method)).first()
}

/// The number in the unit and with the decimal places of the published one.
fn like(published: &Published, value: f64) -> String {
    let decimals = published
        .value
        .split_once('.')
        .map_or(0, |(_, d)| d.chars().take_while(char::is_ascii_digit).count());
    let decimals = u32::try_from(decimals).unwrap_or(0).min(6);
    match published.unit.as_deref() {
        Some("%") => number::percent_bare(value, decimals),
        Some("month" | "months" | "か月" | "mo") => {
            number::fixed(value / analysis::DAYS_PER_MONTH, decimals)
        }
        Some("year" | "years" | "年" | "a") => {
            number::fixed(value / (12.0 * analysis::DAYS_PER_MONTH), decimals)
        }
        _ => number::fixed(value, decimals),
    }
}
