//! A short report for the command line: aligned, also with characters of full width.

use crate::page::{Section, Table};
use crate::section::{self, Sheet};
use crate::whole::{facts, nature};
use analysis::Results;
use protocol::{Compiled, What};
use words::{Lang, number};

/// The main numbers of a run in a few aligned lines.
pub fn text(results: &Results, compiled: &Compiled, lang: Lang) -> String {
    let sheet = Sheet { results, protocol: &compiled.protocol, lang };
    let mut out = vec![nature(results, lang)];
    let facts = facts(results, compiled, lang);
    let widest = facts.iter().map(|(name, _)| number::width(name)).max().unwrap_or(0);
    out.extend(facts.iter().map(|(name, value)| format!("{}  {value}", number::pad_right(name, widest))));
    for (id, planned) in &compiled.protocol.analyses {
        let Some(section) = section::one(sheet, id) else { continue };
        out.push(String::new());
        out.push(section.title.clone());
        // Flow and accrual are figures; on a terminal their sentences say it.
        match planned.what {
            What::Flow => out.extend(flow(sheet, id)),
            What::Accrual => out.extend(section.lead.iter().map(|l| format!("  {l}"))),
            _ => body(&section, &mut out),
        }
        if let Some(notice) = &section.notice {
            out.push(format!("  {notice}"));
        }
    }
    if let Some(section) = section::agreement::short(sheet) {
        out.push(String::new());
        out.push(section.title.clone());
        out.extend(section.lead.iter().chain(&section.notice).map(|l| format!("  {l}")));
        body(&section, &mut out);
    }
    out.push(String::new());
    out.join("\n")
}

fn body(section: &Section, out: &mut Vec<String>) {
    for table in &section.tables {
        out.extend(lines(table));
    }
    out.extend(section.notes.iter().map(|n| format!("  * {n}")));
}

/// Registered per step and per arm, from the rows.
fn flow(sheet: Sheet<'_>, id: &str) -> Vec<String> {
    let rows = sheet.results.of(id);
    let mut pairs: Vec<(String, String)> = Vec::new();
    let n = |v: Option<u64>| v.map_or(number::NONE.to_owned(), |v| words::thousands(v as i64));
    for step in sheet.protocol.steps.keys() {
        let title = crate::phrase::step(sheet.protocol, step).get(sheet.lang).to_owned();
        pairs.push((title, n(rows.variable("registered").level(Some(step)).count("n"))));
    }
    for arm in rows.variable("allocated").groups() {
        pairs.push((format!("  {}", sheet.arm(arm)), n(rows.variable("allocated").group(arm).count("n"))));
    }
    let widest = pairs.iter().map(|p| number::width(&p.0)).max().unwrap_or(0);
    let right = pairs.iter().map(|p| p.1.len()).max().unwrap_or(0);
    pairs
        .iter()
        .map(|(a, b)| format!("  {}  {}", number::pad_right(a, widest), number::pad_left(b, right)))
        .collect()
}

/// A table with columns aligned.
fn lines(table: &Table) -> Vec<String> {
    let head: Vec<Vec<String>> = vec![
        table.head.iter().map(|c| c.text.clone()).collect(),
        table.head.iter().map(|c| c.under.clone()).collect(),
    ];
    let mut all: Vec<Vec<String>> = head.into_iter().filter(|l| l.iter().any(|c| !c.is_empty())).collect();
    let indent = |class: &str, i: usize| if i == 0 && class == "sub" { "  " } else { "" };
    for row in &table.rows {
        all.push(
            row.cells
                .iter()
                .enumerate()
                .map(|(i, c)| format!("{}{}", indent(row.class, i), c.text))
                .collect(),
        );
    }
    // The heading of a group of lines has the line to itself and widens no column.
    let alone = |line: &[String]| line.iter().skip(1).all(String::is_empty);
    let columns = table.head.len();
    let width = |i: usize| {
        all.iter().filter(|l| !alone(l)).filter_map(|l| l.get(i)).map(|c| number::width(c)).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = Vec::new();
    if !table.caption.is_empty() {
        out.push(format!("  {}", table.caption));
    }
    for line in &all {
        let cells = line.iter().zip(&widths).enumerate().map(|(i, (c, w))| {
            let number = i > 0 && table.head.get(i).is_some_and(|h| h.number);
            if number { number::pad_left(c, *w) } else { number::pad_right(c, *w) }
        });
        let joined = cells.collect::<Vec<_>>().join("  ");
        out.push(format!("  {}", joined.trim_end()));
    }
    out
}
