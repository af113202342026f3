//! Published numbers beside those of this run.

use super::Sheet;
use crate::page::{Cell, Line, Section, Table, Told};
use analysis::{Row, Rows};
use protocol::{Certainty, Published, RowName};
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
        let name = name(one, sheet.lang);
        let here = one.row.as_ref().and_then(|row| find(&sheet.results.of(&row.analysis), row));
        let here = match (&one.row, here) {
            (None, _) => number::NONE.into(),
            (Some(_), row) => sheet.value(row, |v| like(one, v)),
        };
        let mut line = Line::new("", name, [Told::from(&one.value), here]);
        let source = match one.certainty {
            Certainty::Printed => one.source.clone(),
            Certainty::WorkedOut => crate::phrase::parens(&one.source, &sheet.say("worked-out")),
            Certainty::Unclear => crate::phrase::parens(&one.source, &sheet.say("unclear")),
        };
        line.cells.push(Cell::words(source));
        table.rows.push(line);
    }
    let notes = published.iter().filter_map(|p| p.note.as_ref().map(|n| (p, n)));
    let plain = |p: &Published| if sheet.lang == Lang::Ja { p.ja.clone() } else { p.en.clone() };
    let notes = notes.map(|(p, n)| format!("{}: {}", plain(p), n.get(sheet.lang))).collect();
    Some(Section {
        notes,
        id: "published".to_owned(),
        title: sheet.say("published-title"),
        lead: vec![lead(sheet)],
        tables: vec![table],
        ..Section::default()
    })
}

/// What the comparison means for this kind of data.
pub(crate) fn lead(sheet: Sheet<'_>) -> String {
    sheet.say(match sheet.results.nature.as_str() {
        "simulated" => "published-simulated",
        "completed" => "published-completed",
        _ => "published-real",
    })
}

/// What the number is, with its unit.
pub(crate) fn name(one: &Published, lang: Lang) -> String {
    let name = match lang {
        Lang::Ja => &one.ja,
        Lang::En => &one.en,
    };
    match crate::phrase::unit(lang, one.unit.as_deref()) {
        Some(unit) => format!("{name} [{unit}]"),
        None => name.clone(),
    }
}

/// The row that a published number names: a column that is not named must be empty, except variable and method. A time
/// is a planned time of a curve, which rows write as their level.
pub fn find<'a>(rows: &Rows<'a>, name: &RowName) -> Option<&'a Row> {
    let time = |t: &String| t.parse::<rules::Duration>().map_or_else(|_| t.clone(), |d| d.to_string());
    let level = name.level.clone().or(name.time.as_ref().map(time));
    let rows = rows.group(name.group.as_deref()).level(level.as_deref()).stat(&name.stat);
    let any = |named: &Option<String>, found: &str| named.as_deref().is_none_or(|n| n == found);
    rows.filter(|r| any(&name.variable, &r.variable) && any(&name.method, &r.method)).first()
}

/// How many days a published number's unit has, where rows hold days.
fn days(published: &Published) -> Option<f64> {
    match published.unit.as_deref()? {
        "month" | "months" | "か月" | "mo" => Some(analysis::DAYS_PER_MONTH),
        "year" | "years" | "年" | "a" => Some(12.0 * analysis::DAYS_PER_MONTH),
        _ => None,
    }
}

/// Decimal places of the published number.
pub(crate) fn decimals(published: &Published) -> u32 {
    let places = published
        .value
        .split_once('.')
        .map_or(0, |(_, d)| d.chars().take_while(char::is_ascii_digit).count());
    u32::try_from(places).unwrap_or(0).min(6)
}

/// The number in the unit and with the decimal places of the published one.
pub(crate) fn like(published: &Published, value: f64) -> String {
    match (published.unit.as_deref(), days(published)) {
        (Some("%"), _) => number::percent_bare(value, decimals(published)),
        (_, days) => number::fixed(value / days.unwrap_or(1.0), decimals(published)),
    }
}

/// The published number in the unit of the row that answers it; `None` where it is no number.
pub fn in_row(published: &Published) -> Option<f64> {
    let value: f64 = published.value.replace(',', "").replace('−', "-").trim().parse().ok()?;
    Some(match (published.unit.as_deref(), days(published)) {
        (Some("%"), _) => value / 100.0,
        (_, days) => value * days.unwrap_or(1.0),
    })
}
