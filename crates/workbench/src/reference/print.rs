//! The outcome of a qualification as text, JSON and a printable record.
use std::io::Write;

use serde_json::json;

use super::Qualification;
use crate::WorkbenchError;

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    #[default]
    Text,
    Json,
}

const SHOWN: usize = 40;

pub(super) fn write(q: &Qualification, format: Format, out: &mut dyn Write) -> Result<(), WorkbenchError> {
    match format {
        Format::Text => text(q, out),
        Format::Json => {
            let methods: Vec<_> = q
                .methods
                .iter()
                .map(|(name, c)| {
                    json!({"method": name, "records": c.records, "matched": c.matched, "wrong": c.wrong,
                           "not_covered": c.not_covered, "largest_relative_deviation": c.largest})
                })
                .collect();
            let wrong: Vec<_> = q
                .wrong
                .iter()
                .map(|w| json!({"id": w.id, "place": w.place, "reference": w.reference, "computed": w.computed}))
                .collect();
            let missing: Vec<_> =
                q.not_covered.iter().map(|(id, why)| json!({"id": id, "why": why})).collect();
            let total = q.total();
            let value = json!({
                "methods": methods, "wrong": wrong, "not_covered": missing,
                "matched": total.matched, "numbers": total.matched + total.wrong + total.not_covered,
                "engine": env!("CARGO_PKG_VERSION"), "summary": q.summary(),
            });
            writeln!(out, "{value:#}").map_err(WorkbenchError::Write)
        }
    }
}

fn text(q: &Qualification, out: &mut dyn Write) -> Result<(), WorkbenchError> {
    for line in table(q) {
        writeln!(out, "{line}")?;
    }
    if !q.wrong.is_empty() {
        writeln!(out, "\nwrong:")?;
        for w in q.wrong.iter().take(SHOWN) {
            writeln!(out, "  {}  {}  reference {}  computed {}", w.id, w.place, w.reference, w.computed)?;
        }
        if q.wrong.len() > SHOWN {
            writeln!(out, "  ... and {} more", q.wrong.len() - SHOWN)?;
        }
    }
    if !q.not_covered.is_empty() {
        writeln!(out, "\nnot covered:")?;
        for (id, why) in q.not_covered.iter().take(SHOWN) {
            writeln!(out, "  {id}  {why}")?;
        }
        if q.not_covered.len() > SHOWN {
            writeln!(out, "  ... and {} more", q.not_covered.len() - SHOWN)?;
        }
    }
    writeln!(out)?;
    writeln!(out, "{}", q.summary())?;
    Ok(())
}

fn table(q: &Qualification) -> Vec<String> {
    let width = q.methods.keys().map(String::len).max().unwrap_or(0).max("method".len());
    let mut lines = vec![format!(
        "{:width$}  {:>7}  {:>8}  {:>6}  {:>11}  {:>17}",
        "method", "records", "matched", "wrong", "not covered", "largest deviation"
    )];
    for (name, c) in &q.methods {
        lines.push(format!(
            "{name:width$}  {:>7}  {:>8}  {:>6}  {:>11}  {:>17.1e}",
            c.records, c.matched, c.wrong, c.not_covered, c.largest
        ));
    }
    lines
}

/// The printable record of an installation qualification: a page of HTML in both languages.
/// `date` and `folder` are printed as given; nothing here reads a clock.
pub fn qualification_record(q: &Qualification, folder: &str, date: &str) -> String {
    let total = q.total();
    let verdict = match (total.wrong, total.not_covered) {
        (0, 0) => "合格 / Passed",
        (0, _) => "一部対象外 / Passed, with numbers not covered",
        _ => "不合格 / Failed",
    };
    let mut rows = String::new();
    for (name, c) in &q.methods {
        rows.push_str(&format!(
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{:.1e}</td></tr>\n",
            escape(name),
            c.records,
            c.matched,
            c.wrong,
            c.not_covered,
            c.largest
        ));
    }
    let mut wrong = String::new();
    for w in &q.wrong {
        wrong.push_str(&format!(
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
            escape(&w.id),
            escape(&w.place),
            escape(&w.reference),
            escape(&w.computed)
        ));
    }
    let wrong_table = if wrong.is_empty() {
        String::new()
    } else {
        format!(
            "<h2>不一致 / Wrong</h2>\n<table><tr><th>記録 / Record</th><th>箇所 / Place</th><th>参照値 / Reference</th>\
             <th>計算値 / Computed</th></tr>\n{wrong}</table>\n"
        )
    };
    format!(
        "<!doctype html>\n<html lang=\"ja\"><head><meta charset=\"utf-8\"><title>据付時適格性評価記録</title>\n\
         <style>body{{font-family:sans-serif;margin:2rem;max-width:60rem}}table{{border-collapse:collapse}}\
         td,th{{border:1px solid #999;padding:.25rem .5rem;text-align:right}}\
         td:first-child,th:first-child{{text-align:left}}</style></head><body>\n\
         <h1>統計計算の据付時適格性評価記録 / Installation qualification of the statistics engine</h1>\n\
         <p>エンジン / Engine: shirube {version}<br>実施日 / Date: {date}<br>参照記録 / Reference records: {folder}</p>\n\
         <p>判定 / Verdict: {verdict}</p>\n<p>{summary}</p>\n\
         <table><tr><th>方法 / Method</th><th>記録数 / Records</th><th>一致 / Matched</th><th>不一致 / Wrong</th>\
         <th>対象外 / Not covered</th><th>最大相対差 / Largest relative deviation</th></tr>\n{rows}</table>\n\
         {wrong_table}\
         <p>実施者署名 / Performed by: ____________________ &#160; 日付 / Date: __________</p>\n</body></html>\n",
        version = env!("CARGO_PKG_VERSION"),
        date = escape(date),
        folder = escape(folder),
        summary = escape(&q.summary()),
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
