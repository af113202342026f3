//! A small table of numbers and texts, read from CSV; `NA` and empty cells are missing.
use std::collections::BTreeMap;
use std::path::Path;

use crate::WorkbenchError;

/// One column; missing cells are `None`.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    Number(Vec<Option<f64>>),
    Text(Vec<Option<String>>),
}

impl Column {
    pub fn len(&self) -> usize {
        match self {
            Column::Number(v) => v.len(),
            Column::Text(v) => v.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn is_missing(&self, row: usize) -> bool {
        match self {
            Column::Number(v) => v[row].is_none(),
            Column::Text(v) => v[row].is_none(),
        }
    }

    /// The cell as people write it; whole numbers without a decimal point.
    pub fn label(&self, row: usize) -> Option<String> {
        match self {
            Column::Number(v) => v[row].map(|x| format!("{x}")),
            Column::Text(v) => v[row].clone(),
        }
    }

    fn take(&self, rows: &[usize]) -> Column {
        match self {
            Column::Number(v) => Column::Number(rows.iter().map(|&r| v[r]).collect()),
            Column::Text(v) => Column::Text(rows.iter().map(|&r| v[r].clone()).collect()),
        }
    }
}

/// Columns of equal length by name, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    rows: usize,
    names: Vec<String>,
    columns: BTreeMap<String, Column>,
}

impl Table {
    /// A table of `rows` rows without columns.
    pub fn empty(rows: usize) -> Table {
        Table { rows, ..Table::default() }
    }

    pub fn read(path: &Path) -> Result<Table, WorkbenchError> {
        let file = std::fs::File::open(path)
            .map_err(|source| WorkbenchError::File { path: path.to_path_buf(), source })?;
        Table::from_csv(file).map_err(|why| WorkbenchError::Csv { path: path.to_path_buf(), why })
    }

    /// Header row first; a column is numeric when every cell that is not missing is a number.
    pub fn from_csv(source: impl std::io::Read) -> Result<Table, String> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(source);
        let names: Vec<String> = reader
            .headers()
            .map_err(|e| e.to_string())?
            .iter()
            .map(|h| h.trim_start_matches('\u{feff}').to_string())
            .collect();
        let mut cells: Vec<Vec<Option<String>>> = vec![Vec::new(); names.len()];
        for record in reader.records() {
            let record = record.map_err(|e| e.to_string())?;
            for (column, cell) in cells.iter_mut().zip(record.iter()) {
                column.push(if cell == "NA" || cell.is_empty() { None } else { Some(cell.to_string()) });
            }
        }
        let mut table = Table { rows: cells.first().map_or(0, Vec::len), ..Table::default() };
        for (name, texts) in names.into_iter().zip(cells) {
            if table.columns.contains_key(&name) {
                return Err(format!("column {name} appears twice"));
            }
            let numbers: Option<Vec<Option<f64>>> = texts
                .iter()
                .map(|t| match t {
                    None => Some(None),
                    Some(t) => t.trim().parse::<f64>().ok().filter(|v| v.is_finite()).map(Some),
                })
                .collect();
            let column = numbers.map_or(Column::Text(texts), Column::Number);
            table.names.push(name.clone());
            table.columns.insert(name, column);
        }
        Ok(table)
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn names(&self) -> &[String] {
        &self.names
    }

    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.get(name)
    }

    /// Adds or replaces a column; its length must be that of the table.
    pub fn set(&mut self, name: &str, column: Column) -> Result<(), WorkbenchError> {
        if column.len() != self.rows {
            return Err(WorkbenchError::Data(format!("column {name} has the wrong length")));
        }
        if self.columns.insert(name.to_string(), column).is_none() {
            self.names.push(name.to_string());
        }
        Ok(())
    }

    /// The rows numbered `rows`, repeats allowed.
    pub fn take(&self, rows: &[usize]) -> Table {
        Table {
            rows: rows.len(),
            names: self.names.clone(),
            columns: self.columns.iter().map(|(n, c)| (n.clone(), c.take(rows))).collect(),
        }
    }

    /// Rows without a missing value in any of `columns`.
    pub fn complete(&self, columns: &[&str]) -> Result<Table, WorkbenchError> {
        let used: Vec<&Column> =
            columns.iter().map(|name| self.need(name)).collect::<Result<_, WorkbenchError>>()?;
        let rows: Vec<usize> = (0..self.rows).filter(|&r| used.iter().all(|c| !c.is_missing(r))).collect();
        Ok(if rows.len() == self.rows { self.clone() } else { self.take(&rows) })
    }

    pub fn need(&self, name: &str) -> Result<&Column, WorkbenchError> {
        self.column(name)
            .ok_or_else(|| WorkbenchError::NoColumn { name: name.to_string(), known: self.names.join(", ") })
    }

    /// A numeric column without missing values.
    pub fn numbers(&self, name: &str) -> Result<Vec<f64>, WorkbenchError> {
        match self.need(name)? {
            Column::Number(v) => v
                .iter()
                .enumerate()
                .map(|(row, x)| {
                    x.ok_or_else(|| WorkbenchError::Data(format!("column {name}, row {}: missing", row + 1)))
                })
                .collect(),
            Column::Text(_) => Err(self.not_numeric(name)),
        }
    }

    /// The first cell of a text column that is no number.
    pub fn not_numeric(&self, name: &str) -> WorkbenchError {
        let cells = match self.column(name) {
            Some(Column::Text(v)) => v.as_slice(),
            _ => &[],
        };
        let wrong = |c: &&String| !c.trim().parse::<f64>().is_ok_and(f64::is_finite);
        let cell = cells.iter().flatten().find(wrong).cloned().unwrap_or_default();
        WorkbenchError::NotNumeric { name: name.to_string(), cell }
    }

    /// The cells as labels, without missing values.
    pub fn labels(&self, name: &str) -> Result<Vec<String>, WorkbenchError> {
        let column = self.need(name)?;
        (0..self.rows)
            .map(|r| {
                column
                    .label(r)
                    .ok_or_else(|| WorkbenchError::Data(format!("column {name}, row {}: missing", r + 1)))
            })
            .collect()
    }

    /// Distinct labels: numbers in numeric order, texts by code point.
    pub fn levels(&self, name: &str) -> Result<Vec<String>, WorkbenchError> {
        match self.need(name)? {
            Column::Number(v) => {
                let mut x: Vec<f64> = v.iter().flatten().copied().collect();
                x.sort_by(f64::total_cmp);
                x.dedup();
                Ok(x.into_iter().map(|x| format!("{x}")).collect())
            }
            Column::Text(v) => {
                let mut x: Vec<String> = v.iter().flatten().cloned().collect();
                x.sort();
                x.dedup();
                Ok(x)
            }
        }
    }

    /// Codes of a column by its place in `levels`; a label outside them is an error.
    pub fn codes(&self, name: &str, levels: &[String]) -> Result<Vec<usize>, WorkbenchError> {
        let place: BTreeMap<&str, usize> = levels.iter().enumerate().map(|(i, l)| (l.as_str(), i)).collect();
        self.labels(name)?
            .iter()
            .map(|l| {
                place.get(l.as_str()).copied().ok_or_else(|| {
                    WorkbenchError::Data(format!(
                        "column {name}: {l} is none of the levels {}",
                        levels.join(", ")
                    ))
                })
            })
            .collect()
    }

    /// One code per combination of several columns, in order of first appearance.
    pub fn combined_codes(&self, names: &[&str]) -> Result<Vec<usize>, WorkbenchError> {
        let mut place: BTreeMap<Vec<String>, usize> = BTreeMap::new();
        let columns: Vec<Vec<String>> = names.iter().map(|n| self.labels(n)).collect::<Result<_, _>>()?;
        Ok((0..self.rows)
            .map(|r| {
                let key: Vec<String> = columns.iter().map(|c| c[r].clone()).collect();
                let next = place.len();
                *place.entry(key).or_insert(next)
            })
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_of_numbers_with_na_is_numeric_and_quoted_text_is_text() {
        let t = Table::from_csv("age,ph.ecog,sex\n70,1,\"F\"\nNA,2.5,\"M, x\"\n".as_bytes()).unwrap();
        assert_eq!(t.column("age"), Some(&Column::Number(vec![Some(70.0), None])));
        assert_eq!(t.labels("ph.ecog").unwrap(), ["1", "2.5"]);
        assert_eq!(t.labels("sex").unwrap(), ["F", "M, x"]);
        assert_eq!(t.complete(&["age"]).unwrap().rows(), 1);
        assert!(matches!(t.numbers("sex"), Err(WorkbenchError::NotNumeric { .. })));
    }
}
