//! Result rows as a plain table for other programs.

use analysis::Results;
use std::fmt::Write;

/// All rows as CSV (RFC 4180), one line each, with what they are a function of in every line.
pub fn csv(results: &Results) -> String {
    let mut out = String::from(
        "study,cutoff,ledger_seq,ledger_head,protocol_version,engine,nature,analysis,set,group,variable,level,\
         time_days,stat,value,method,options,n,missing,warning_ja,warning_en\r\n",
    );
    let basis = [
        field(&results.study),
        results.cutoff.to_string(),
        results.seq.to_string(),
        field(&results.head),
        field(&results.protocol_version),
        field(&results.engine),
        field(&results.nature),
    ]
    .join(",");
    for row in &results.rows {
        let options: Vec<String> = row.options.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let number = |v: Option<f64>| v.map_or_else(String::new, |v| v.to_string());
        let count = |v: Option<u32>| v.map_or_else(String::new, |v| v.to_string());
        let cells = [
            field(&row.analysis),
            field(&row.set),
            field(row.group.as_deref().unwrap_or_default()),
            field(&row.variable),
            field(row.level.as_deref().unwrap_or_default()),
            number(row.time),
            field(&row.stat),
            number(row.value),
            field(&row.method),
            field(&options.join("; ")),
            count(row.n),
            count(row.missing),
            field(row.warning.as_ref().map_or("", |w| w.ja.as_str())),
            field(row.warning.as_ref().map_or("", |w| w.en.as_str())),
        ];
        let _ = write!(out, "{basis},{}\r\n", cells.join(","));
    }
    out
}

/// Quoted where it must be. A field that a spreadsheet would take for a formula begins with an apostrophe.
fn field(text: &str) -> String {
    let text =
        if text.starts_with(['=', '+', '-', '@', '\t']) { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_keeps_its_commas_and_starts_no_formula() {
        assert_eq!(field("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(field("=1+1"), "'=1+1");
        assert_eq!(field("B/A"), "B/A");
    }
}
