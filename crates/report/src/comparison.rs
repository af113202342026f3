//! What was published beside what this run gave, number by number.

use crate::document::{Block, Cell, Document, Home, Line, Table};
use crate::home;
use crate::page::Told;
use crate::say::Tell;
use crate::section::{Sheet, published};
use crate::whole;
use analysis::Results;
use protocol::{Compiled, Published};
use std::collections::BTreeSet;
use words::{Lang, number};

/// What is known beside the numbers themselves.
#[derive(Default)]
pub struct Beside {
    /// Published numbers by id to which a simulation was tuned; `None` where nothing was simulated.
    pub calibrated: Option<BTreeSet<String>>,
    /// What a simulation says of its tuning, in words.
    pub tuning: Option<words::Text>,
    /// Results of further runs from other seeds, alike but for chance.
    pub replicates: Vec<Results>,
}

/// The row that answers a published number, if it has one.
pub fn answer<'a>(results: &'a Results, published: &Published) -> Option<&'a analysis::Row> {
    published.row.as_ref().and_then(|row| published::find(&results.of(&row.analysis), row))
}

/// The published number as rows hold it: a share of 1, days.
pub fn target(published: &Published) -> Option<f64> {
    published::in_row(published)
}

/// A number as the published one is written: its unit, its decimal places.
pub fn like(published: &Published, value: f64) -> String {
    published::like(published, value)
}

/// Share of `values` that lie below `target`, ties counted by half; none of no values.
pub fn percentile(values: &[f64], target: f64) -> Option<f64> {
    let score = |v: &f64| if *v < target { 1.0 } else { f64::from(u8::from(*v == target)) / 2.0 };
    (!values.is_empty()).then(|| values.iter().map(score).sum::<f64>() / values.len() as f64)
}

/// One published number beside ours.
struct Pair<'a> {
    published: &'a Published,
    here: Option<f64>,
    /// Share of the replicates that lie below the published number, ties counted by half.
    below: Option<f64>,
}

pub fn document(results: &Results, compiled: &Compiled, beside: &Beside, lang: Lang) -> Document {
    let t = Tell(lang);
    let sheet = Sheet { results, protocol: &compiled.protocol, lang };
    let all = &compiled.protocol.published;
    let mut blocks = Vec::new();
    if all.is_empty() {
        blocks.push(Block::notice(t.say("compare-nothing")));
    }
    let (answered, other): (Vec<&Published>, Vec<&Published>) = all.iter().partition(|p| p.row.is_some());
    let pairs: Vec<Pair<'_>> = answered.into_iter().map(|p| pair(p, sheet, beside)).collect();
    if !pairs.is_empty() {
        blocks.push(Block::heading(1, "numbers", t.say("compare-numbers")));
        blocks.push(Block::paragraph(published::lead(sheet)));
        if let Some(tuning) = &beside.tuning {
            blocks.push(Block::notice(tuning.get(lang)));
        }
        blocks.push(Block::Table { table: table(&pairs, sheet, beside, t) });
        let mut notes = vec![t.say("compare-difference")];
        if beside.calibrated.is_some() {
            notes.push(t.say("compare-calibrated-note"));
        }
        if !beside.replicates.is_empty() {
            notes.push(t.with("compare-percentile-note", &[("n", &beside.replicates.len().to_string())]));
        }
        notes.extend(pairs.iter().filter_map(|p| note(p.published, t)));
        blocks.push(Block::Notes { items: notes.into_iter().map(crate::document::words).collect() });
    }
    if !other.is_empty() {
        blocks.push(Block::heading(1, "without", t.say("compare-without")));
        let head =
            [Cell::words(t.say("result")), Cell::number(t.say("published")), Cell::words(t.say("source"))];
        let rows = other.iter().map(|p| {
            let mut line = Line::new("", published::name(p, lang), [p.value.clone()]);
            line.cells.push(Cell::words(p.source.clone()));
            line
        });
        let table = Table { caption: String::new(), head: head.into(), rows: rows.collect() };
        blocks.push(Block::Table { table });
        let notes: Vec<String> = other.iter().filter_map(|p| note(p, t)).collect();
        if !notes.is_empty() {
            blocks.push(Block::Notes { items: notes.into_iter().map(crate::document::words).collect() });
        }
    }
    let conflicts: Vec<String> = all.iter().filter_map(|p| conflict(p, all, t)).collect();
    if !conflicts.is_empty() {
        blocks.push(Block::heading(1, "conflicts", t.say("compare-conflicts")));
        blocks.push(Block::list(conflicts));
    }
    let mut document = whole::around(results, compiled, lang, blocks);
    let cells = document.blocks.iter().filter_map(|b| match b {
        Block::Table { table } => Some(table.rows.iter().flat_map(|r| &r.cells)),
        _ => None,
    });
    let shown: BTreeSet<String> =
        cells.flatten().flat_map(|c| &c.rows).map(|key| home::without_stat(key)).collect();
    document.home =
        Home { lead: home::lead(results, lang), parts: home::parts(sheet, |at| shown.contains(at)) };
    document.title = t.with("compare-title", &[("title", compiled.protocol.title.get(lang))]);
    document
}

fn pair<'a>(p: &'a Published, sheet: Sheet<'_>, beside: &Beside) -> Pair<'a> {
    let here = p.row.as_ref().and_then(|row| published::find(&sheet.results.of(&row.analysis), row)?.value);
    let target = published::in_row(p);
    let values: Vec<f64> = beside
        .replicates
        .iter()
        .filter_map(|r| p.row.as_ref().and_then(|row| published::find(&r.of(&row.analysis), row)?.value))
        .collect();
    let below = target.and_then(|target| percentile(&values, target));
    Pair { published: p, here, below }
}

fn table(pairs: &[Pair<'_>], sheet: Sheet<'_>, beside: &Beside, t: Tell) -> Table {
    let mut head = vec![
        Cell::words(t.say("result")),
        Cell::number(t.say("published")),
        Cell::number(t.say("this-run")),
        Cell::number(t.say("compare-column-difference")),
    ];
    if beside.calibrated.is_some() {
        head.push(Cell::words(t.say("compare-column-kind")));
    }
    if !beside.replicates.is_empty() {
        head.push(Cell::number(t.say("compare-column-percentile")));
    }
    head.push(Cell::words(t.say("source")));
    let rows = pairs.iter().map(|pair| {
        let p = pair.published;
        let here = match p.row.as_ref().and_then(|row| published::find(&sheet.results.of(&row.analysis), row))
        {
            row @ Some(_) => sheet.value(row, |v| published::like(p, v)),
            None => t.say("not-estimable").into(),
        };
        // The difference of the numbers as they are shown, so that a reader's subtraction gives the same.
        let shown = |text: &str| text.replace(',', "").replace('−', "-").parse::<f64>().ok();
        let difference = match (shown(&p.value), shown(&here.text)) {
            (Some(a), Some(b)) if pair.here.is_some() => {
                let d = b - a;
                let said = number::fixed(d, published::decimals(p));
                if d > 0.0 { format!("+{said}") } else { said }
            }
            _ => number::NONE.to_owned(),
        };
        let mut line =
            Line::new("", published::name(p, sheet.lang), [Told::from(&p.value), here, difference.into()]);
        if let Some(calibrated) = &beside.calibrated {
            let key = if calibrated.contains(&p.id) { "compare-calibrated" } else { "compare-independent" };
            line.cells.push(Cell::words(t.say(key)));
        }
        if !beside.replicates.is_empty() {
            let said = pair.below.map_or(number::NONE.to_owned(), |b| number::percent_bare(b, 0));
            line.cells.push(Cell::number(said));
        }
        line.cells.push(Cell::words(p.source.clone()));
        line
    });
    Table { caption: String::new(), head, rows: rows.collect() }
}

fn note(p: &Published, t: Tell) -> Option<String> {
    let note = p.note.as_ref()?;
    Some(format!("{}: {}", published::name(p, t.0), note.get(t.0)))
}

fn conflict(p: &Published, all: &[Published], t: Tell) -> Option<String> {
    let other = all.iter().find(|o| Some(&o.id) == p.conflicts_with.as_ref())?;
    let name = published::name(other, t.0);
    Some(t.with(
        "compare-conflict",
        &[
            ("name", &name),
            ("a", &other.value),
            ("source_a", &other.source),
            ("b", &p.value),
            ("source_b", &p.source),
        ],
    ))
}
