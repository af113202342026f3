//! The steps that make the analysed rows of a reference record out of a file.
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::WorkbenchError;
use crate::expression::Expression;
use crate::table::{Column, Table};

/// Each row becomes `count` rows with y = 1 and `size - count` rows with y = 0.
#[derive(Debug, Clone, Deserialize)]
pub struct Expand {
    pub count: String,
    pub size: String,
    pub y: String,
}

/// The rows once per entry; `y` takes the value of `column`, and the columns in `set` are added.
#[derive(Debug, Clone, Deserialize)]
pub struct Stack {
    pub column: String,
    #[serde(default)]
    pub set: Map<String, Value>,
}

/// New columns in order, then the rows on which every condition is true.
pub fn derive(table: &mut Table, derive: &Map<String, Value>) -> Result<(), WorkbenchError> {
    for (name, expression) in derive {
        let Value::String(text) = expression else {
            return Err(WorkbenchError::Data(format!("derive {name}: an expression in quotes is needed")));
        };
        let column = Expression::parse(text)?.column(table)?;
        table.set(name, column)?;
    }
    Ok(())
}

pub fn filter(table: &mut Table, conditions: &[String]) -> Result<(), WorkbenchError> {
    let mut keep = vec![true; table.rows()];
    for condition in conditions {
        let mut hit = vec![false; table.rows()];
        for r in Expression::parse(condition)?.true_rows(table)? {
            hit[r] = true;
        }
        keep.iter_mut().zip(hit).for_each(|(k, h)| *k &= h);
    }
    let rows: Vec<usize> = (0..table.rows()).filter(|&r| keep[r]).collect();
    if rows.len() < table.rows() {
        *table = table.take(&rows);
    }
    Ok(())
}

pub fn expand(table: &Table, step: &Expand) -> Result<Table, WorkbenchError> {
    let (counts, sizes) = (table.numbers(&step.count)?, table.numbers(&step.size)?);
    let (mut rows, mut y) = (Vec::new(), Vec::new());
    for (r, (&count, &size)) in counts.iter().zip(&sizes).enumerate() {
        if count.fract() != 0.0 || size.fract() != 0.0 || count < 0.0 || count > size {
            return Err(WorkbenchError::Data(format!("expand, row {}: {count} of {size}", r + 1)));
        }
        for k in 0..size as usize {
            rows.push(r);
            y.push(Some(f64::from(u8::from(k < count as usize))));
        }
    }
    let mut out = table.take(&rows);
    out.set(&step.y, Column::Number(y))?;
    Ok(out)
}

pub fn stack(table: &Table, entries: &[Stack]) -> Result<Table, WorkbenchError> {
    let n = table.rows();
    let rows: Vec<usize> = (0..entries.len()).flat_map(|_| 0..n).collect();
    let mut out = table.take(&rows);
    let mut y = Vec::with_capacity(rows.len());
    let mut added: Vec<(String, Vec<Option<f64>>)> = Vec::new();
    for entry in entries {
        match table.need(&entry.column)? {
            Column::Number(v) => y.extend_from_slice(v),
            Column::Text(_) => return Err(table.not_numeric(&entry.column)),
        }
        for (name, value) in &entry.set {
            let value = value
                .as_f64()
                .ok_or_else(|| WorkbenchError::Data(format!("stack: {name} must be set to a number")))?;
            let place = match added.iter().position(|a| &a.0 == name) {
                Some(place) => place,
                None => {
                    added.push((name.clone(), vec![None; y.len() - n]));
                    added.len() - 1
                }
            };
            added[place].1.extend(std::iter::repeat_n(Some(value), n));
        }
        added.iter_mut().for_each(|a| a.1.resize(y.len(), None));
    }
    out.set("y", Column::Number(y))?;
    for (name, values) in added {
        out.set(&name, Column::Number(values))?;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_expands_into_events_and_the_rest() {
        let t = Table::from_csv("id,x,n\na,1,3\nb,0,1\n".as_bytes()).unwrap();
        let step = Expand { count: "x".into(), size: "n".into(), y: "y".into() };
        let out = expand(&t, &step).unwrap();
        assert_eq!(out.numbers("y").unwrap(), [1.0, 0.0, 0.0, 0.0]);
        assert_eq!(out.labels("id").unwrap(), ["a", "a", "a", "b"]);
    }

    #[test]
    fn rows_stack_in_the_order_of_the_entries() {
        let t = Table::from_csv("y1,y2\n1,0\n0,NA\n".as_bytes()).unwrap();
        let entries: Vec<Stack> = serde_json::from_str(
            r#"[{"column": "y1", "set": {"test": 1}}, {"column": "y2", "set": {"test": 0}}]"#,
        )
        .unwrap();
        let out = stack(&t, &entries).unwrap();
        assert_eq!(out.numbers("test").unwrap(), [1.0, 1.0, 0.0, 0.0]);
        assert_eq!(out.column("y"), Some(&Column::Number(vec![Some(1.0), Some(0.0), Some(0.0), None])));
    }
}
