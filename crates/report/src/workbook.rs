//! The tables of a document as a workbook: one sheet each, and one for all result rows.

use crate::document::{Block, Cell, Document, Table, plain};
use crate::say;
use analysis::Results;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, Worksheet, XlsxError};
use std::collections::BTreeSet;

/// A document's tables and, where they are given, the rows behind them. The same input gives the same bytes.
pub fn workbook(d: &Document, results: Option<&Results>) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    // The day of the document stands where others write the time of day.
    if let Some(day) = d.day {
        let date = ExcelDateTime::from_ymd(
            day.year().unsigned_abs(),
            day.month().unsigned_abs(),
            day.day().unsigned_abs(),
        )?;
        book.set_properties(&DocProperties::new().set_title(&d.title).set_creation_datetime(&date));
    }
    let strong = Format::new().set_bold();
    let sheet = book.add_worksheet().set_name(say::get(d.lang, "sheet-basis"))?;
    sheet.write_string_with_format(0, 0, &d.title, &strong)?;
    sheet.write_string(1, 0, &d.nature)?;
    for (i, (name, value)) in d.facts.iter().enumerate() {
        let row = u32::try_from(i).unwrap_or(0) + 3;
        sheet.write_string(row, 0, name)?;
        sheet.write_string(row, 1, value)?;
    }
    sheet.set_column_width(0, 24)?.set_column_width(1, 48)?;
    let mut used = BTreeSet::new();
    let mut heading = String::new();
    for block in &d.blocks {
        match block {
            Block::Heading { text, .. } => heading = plain(text),
            Block::Table { table } => {
                let wanted = if table.caption.is_empty() { &heading } else { &table.caption };
                let name = free(wanted, &mut used);
                fill(book.add_worksheet().set_name(&name)?, table, &heading)?;
            }
            _ => {}
        }
    }
    if let Some(results) = results {
        let name = free(&say::get(d.lang, "sheet-rows"), &mut used);
        rows(book.add_worksheet().set_name(&name)?, results)?;
    }
    book.save_to_buffer()
}

/// A sheet's name: at most 31 characters, none of those that Excel refuses, none twice.
fn free(wanted: &str, used: &mut BTreeSet<String>) -> String {
    let clean: String = wanted.chars().filter(|c| !"[]:*?/\\'".contains(*c) && !c.is_control()).collect();
    let clean = if clean.trim().is_empty() { "-".to_owned() } else { clean.trim().to_owned() };
    let cut = |n: usize| clean.chars().take(n).collect::<String>();
    let mut name = cut(31);
    let mut number = 2;
    while !used.insert(name.to_lowercase()) {
        name = format!("{} ({number})", cut(25));
        number += 1;
    }
    name
}

fn fill(sheet: &mut Worksheet, table: &Table, heading: &str) -> Result<(), XlsxError> {
    let strong = Format::new().set_bold().set_text_wrap().set_align(FormatAlign::Bottom);
    let group = Format::new().set_bold();
    sheet.write_string_with_format(0, 0, heading, &group)?;
    let column = |i: usize| u16::try_from(i).unwrap_or(u16::MAX);
    for (i, cell) in table.head.iter().enumerate() {
        let said =
            if cell.under.is_empty() { cell.text.clone() } else { format!("{}\n{}", cell.text, cell.under) };
        sheet.write_string_with_format(2, column(i), said, &strong)?;
    }
    for (i, line) in table.rows.iter().enumerate() {
        let row = u32::try_from(i).unwrap_or(u32::MAX - 3) + 3;
        for (j, cell) in line.cells.iter().enumerate() {
            match number(cell) {
                Some(value) => sheet.write_number(row, column(j), value)?,
                None if line.class == "head" => {
                    sheet.write_string_with_format(row, column(j), &cell.text, &group)?
                }
                // Written as text: nothing that a study wrote becomes a formula.
                None => sheet.write_string(row, column(j), &cell.text)?,
            };
        }
    }
    sheet.set_freeze_panes(3, 1)?;
    for (i, cell) in table.head.iter().enumerate() {
        let longest = table.rows.iter().filter_map(|l| l.cells.get(i)).map(|c| words::number::width(&c.text));
        let widest = longest.chain([words::number::width(&cell.text)]).max().unwrap_or(8).clamp(8, 60);
        sheet.set_column_width(column(i), widest as f64 + 2.0)?;
    }
    Ok(())
}

/// A number that stands alone in its cell.
fn number(cell: &Cell) -> Option<f64> {
    if !cell.number {
        return None;
    }
    cell.text.replace(',', "").replace('−', "-").parse().ok().filter(|v: &f64| v.is_finite())
}

fn rows(sheet: &mut Worksheet, results: &Results) -> Result<(), XlsxError> {
    let strong = Format::new().set_bold();
    let heads = [
        "analysis",
        "set",
        "group",
        "variable",
        "level",
        "time_days",
        "stat",
        "value",
        "method",
        "options",
        "n",
        "missing",
        "warning_ja",
        "warning_en",
    ];
    for (i, head) in heads.iter().enumerate() {
        sheet.write_string_with_format(0, u16::try_from(i).unwrap_or(0), *head, &strong)?;
    }
    for (i, row) in results.rows.iter().enumerate() {
        let at = u32::try_from(i).unwrap_or(u32::MAX - 1) + 1;
        let options: Vec<String> = row.options.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let warning = row.warning.clone().unwrap_or_default();
        let texts = [
            (0, row.analysis.as_str()),
            (1, &row.set),
            (2, row.group.as_deref().unwrap_or_default()),
            (3, &row.variable),
            (4, row.level.as_deref().unwrap_or_default()),
            (6, &row.stat),
            (8, &row.method),
            (9, &options.join("; ")),
            (12, &warning.ja),
            (13, &warning.en),
        ];
        for (column, text) in texts {
            sheet.write_string(at, column, text)?;
        }
        let numbers =
            [(5, row.time), (7, row.value), (10, row.n.map(f64::from)), (11, row.missing.map(f64::from))];
        for (column, value) in numbers {
            if let Some(value) = value.filter(|v| v.is_finite()) {
                sheet.write_number(at, column, value)?;
            }
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sheets_have_names_that_excel_takes_and_none_twice() {
        let mut used = BTreeSet::new();
        assert_eq!(free("A/B: [x]*?", &mut used), "AB x");
        assert_eq!(free("ab X", &mut used), "ab X (2)");
        assert_eq!(free(&"長".repeat(40), &mut used).chars().count(), 31);
        assert_eq!(free("", &mut used), "-");
    }

    #[test]
    fn only_a_number_that_stands_alone_is_a_number() {
        assert_eq!(number(&Cell::number("1,234.5")), Some(1234.5));
        assert_eq!(number(&Cell::number("−0.5")), Some(-0.5));
        assert_eq!(number(&Cell::number("12 (29.3)")), None);
        assert_eq!(number(&Cell::number("推定不能")), None);
        assert_eq!(number(&Cell::words("12")), None);
    }
}
