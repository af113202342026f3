//! With which conventions each number was computed.

use super::Sheet;
use crate::page::{Cell, Line, Section, Table};
use crate::phrase;
use std::collections::BTreeSet;

/// Options that say which comparison a row is, not how it was computed.
const NOT_CONVENTIONS: [&str; 7] = ["name_ja", "name_en", "contrast", "df", "step", "reference", "of"];

pub(super) fn section(sheet: Sheet<'_>) -> Option<Section> {
    let mut table = Table {
        caption: String::new(),
        head: vec![
            Cell::words(sheet.say("planned-analysis")),
            Cell::words(sheet.say("method")),
            Cell::words(sheet.say("conventions")),
        ],
        rows: Vec::new(),
    };
    for (id, planned) in &sheet.protocol.analyses {
        let rows = sheet.results.of(id);
        let mut methods: Vec<(&str, Vec<&(String, String)>)> = Vec::new();
        for row in rows.iter().filter(|r| r.method != "refused" && r.method != "scope") {
            let at = methods.iter().position(|(m, _)| *m == row.method).unwrap_or_else(|| {
                methods.push((&row.method, Vec::new()));
                methods.len() - 1
            });
            if let Some((_, options)) = methods.get_mut(at) {
                for option in &row.options {
                    // The switches of a sensitivity analysis stand in its own table.
                    let switch = option.0.starts_with("intercurrent:") || option.0 == "missing";
                    if !switch && !NOT_CONVENTIONS.contains(&option.0.as_str()) && !options.contains(&option)
                    {
                        options.push(option);
                    }
                }
            }
        }
        let mut first = true;
        for (method, options) in methods {
            let name = phrase::method(method).get(sheet.lang).to_owned();
            let keys: BTreeSet<&str> = options.iter().map(|o| o.0.as_str()).collect();
            let said: Vec<String> = keys
                .into_iter()
                .map(|k| {
                    let values: Vec<&str> =
                        options.iter().filter(|o| o.0 == k).map(|o| o.1.as_str()).collect();
                    format!("{k} = {}", values.join(" / "))
                })
                .collect();
            if said.is_empty() && method == "count" {
                continue;
            }
            let title = if first {
                if sheet.lang == words::Lang::Ja { &planned.ja } else { &planned.en }
            } else {
                ""
            };
            first = false;
            let cells = vec![Cell::words(title), Cell::words(name), Cell::words(said.join("; "))];
            table.rows.push(Line { class: "", cells });
        }
    }
    (!table.rows.is_empty()).then(|| Section {
        id: "conventions".to_owned(),
        title: sheet.say("conventions-title"),
        lead: vec![sheet.say("conventions-lead")],
        tables: vec![table],
        ..Section::default()
    })
}
