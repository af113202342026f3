//! Result rows and how they are written.
use std::collections::BTreeSet;
use std::io::Write;

use serde::Serialize;
use serde_json::Value;
use stats::Warning;

use crate::WorkbenchError;
use crate::reference::{Format, number};

/// One number (or convention, or warning) of a result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    pub method: String,
    pub group: Option<String>,
    pub variable: Option<String>,
    pub level: Option<String>,
    pub time: Option<f64>,
    pub stat: String,
    /// A number, null (does not exist or is not reached), or a text for `convention` and `warning`.
    pub value: Value,
}

/// What the next rows belong to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Place {
    group: Option<String>,
    variable: Option<String>,
    level: Option<String>,
    time: Option<f64>,
}

/// Rows being collected.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    method: String,
    place: Place,
    pub rows: Vec<Row>,
    /// Statistics that came out as no number; a warning names them.
    undefined: BTreeSet<String>,
}

impl Rows {
    pub fn new(method: &str) -> Rows {
        Rows { method: method.into(), ..Rows::default() }
    }

    /// The next rows belong to the whole analysis.
    pub fn whole(&mut self) -> &mut Rows {
        self.place = Place::default();
        self
    }

    pub fn group(&mut self, group: &str) -> &mut Rows {
        self.place = Place { group: Some(group.into()), ..Place::default() };
        self
    }

    pub fn variable(&mut self, variable: &str) -> &mut Rows {
        self.place = Place { variable: Some(variable.into()), ..Place::default() };
        self
    }

    pub fn level(&mut self, level: &str) -> &mut Rows {
        self.place.level = Some(level.into());
        self
    }

    pub fn time(&mut self, time: f64) -> &mut Rows {
        self.place.time = Some(time);
        self
    }

    pub fn push(&mut self, stat: &str, value: f64) -> &mut Rows {
        if value.is_nan() {
            self.undefined.insert(stat.into());
        }
        self.set(stat, number(value))
    }

    pub fn optional(&mut self, stat: &str, value: Option<f64>) -> &mut Rows {
        if value.is_some_and(f64::is_nan) {
            self.undefined.insert(stat.into());
        }
        self.set(stat, value.map_or(Value::Null, number))
    }

    pub fn set(&mut self, stat: &str, value: Value) -> &mut Rows {
        let p = self.place.clone();
        self.rows.push(Row {
            method: self.method.clone(),
            group: p.group,
            variable: p.variable,
            level: p.level,
            time: p.time,
            stat: stat.into(),
            value,
        });
        self
    }

    /// Where the next rows belong, to come back to after remarks.
    pub fn place(&self) -> Place {
        self.place.clone()
    }

    pub fn return_to(&mut self, place: Place) -> &mut Rows {
        self.place = place;
        self
    }

    /// Conventions and warnings, each once.
    pub fn remarks(&mut self, conventions: &[&str], warnings: &[Warning]) -> &mut Rows {
        self.whole();
        let texts = conventions.iter().map(|c| ("convention", c.to_string()));
        for (stat, text) in texts.chain(warnings.iter().map(|w| ("warning", w.to_string()))) {
            let value = Value::String(text);
            if !self.rows.iter().any(|r| r.stat == stat && r.value == value) {
                self.set(stat, value);
            }
        }
        self
    }

    pub fn write(&self, format: Format, out: &mut dyn Write) -> Result<(), WorkbenchError> {
        if !self.undefined.is_empty() {
            let names: Vec<&str> = self.undefined.iter().map(String::as_str).collect();
            let mut told = Rows { undefined: BTreeSet::new(), ..self.clone() };
            told.remarks(
                &[],
                &[Warning::Note(format!("no number exists on these data for {}", names.join(", ")))],
            );
            return told.write(format, out);
        }
        match format {
            Format::Json => {
                writeln!(out, "[")?;
                for (k, row) in self.rows.iter().enumerate() {
                    let text = serde_json::to_string(row).map_err(std::io::Error::from)?;
                    writeln!(out, "{text}{}", if k + 1 < self.rows.len() { "," } else { "" })?;
                }
                writeln!(out, "]")?;
            }
            Format::Text => self.text(out)?,
        }
        Ok(())
    }

    /// Rows of one place share a line; lines with the same statistics share a table.
    fn text(&self, out: &mut dyn Write) -> Result<(), WorkbenchError> {
        let remark = |r: &&Row| r.stat == "convention" || r.stat == "warning";
        let mut lines: Vec<(Vec<String>, Vec<&str>, Vec<String>)> = Vec::new();
        for row in self.rows.iter().filter(|r| !remark(r)) {
            let place = vec![
                row.group.clone().unwrap_or_default(),
                row.variable.clone().unwrap_or_default(),
                row.level.clone().unwrap_or_default(),
                row.time.map(|t| format!("{t}")).unwrap_or_default(),
            ];
            match lines.last_mut() {
                Some(line) if line.0 == place && !line.1.contains(&row.stat.as_str()) => {
                    line.1.push(&row.stat);
                    line.2.push(shown(&row.value));
                }
                _ => lines.push((place, vec![&row.stat], vec![shown(&row.value)])),
            }
        }
        let mut start = 0;
        while start < lines.len() {
            let end = start + lines[start..].iter().take_while(|l| l.1 == lines[start].1).count();
            let block = &lines[start..end];
            let used: Vec<usize> = (0..4).filter(|&k| block.iter().any(|l| !l.0[k].is_empty())).collect();
            let mut cells: Vec<Vec<String>> = Vec::new();
            let names = ["group", "variable", "level", "time"];
            cells.push(
                used.iter()
                    .map(|&k| names[k])
                    .chain(block[0].1.iter().copied())
                    .map(str::to_string)
                    .collect(),
            );
            for line in block {
                cells.push(used.iter().map(|&k| line.0[k].clone()).chain(line.2.iter().cloned()).collect());
            }
            let widths: Vec<usize> = (0..cells[0].len())
                .map(|c| cells.iter().map(|l| l[c].chars().count()).max().unwrap_or(0))
                .collect();
            for line in cells {
                let mut text = String::new();
                for (c, cell) in line.iter().enumerate() {
                    let pad = " ".repeat(widths[c] - cell.chars().count());
                    // Labels to the left, numbers to the right.
                    if c < used.len() && used[c] < 3 {
                        text.push_str(&format!("{cell}{pad}  "));
                    } else {
                        text.push_str(&format!("{pad}{cell}  "));
                    }
                }
                writeln!(out, "{}", text.trim_end())?;
            }
            writeln!(out)?;
            start = end;
        }
        for row in self.rows.iter().filter(remark) {
            writeln!(out, "{}: {}", row.stat, row.value.as_str().unwrap_or_default())?;
        }
        Ok(())
    }
}

/// Six significant digits.
fn shown(value: &Value) -> String {
    let Some(x) = value.as_f64() else {
        return value.as_str().map_or_else(|| "-".into(), str::to_string);
    };
    if x == 0.0 || x.fract() == 0.0 && x.abs() < 1e9 {
        return format!("{x}");
    }
    let magnitude = x.abs().log10().floor() as i32;
    if !(-4..=8).contains(&magnitude) {
        return format!("{x:.5e}");
    }
    format!("{x:.*}", (5 - magnitude).clamp(0, 9) as usize)
}
