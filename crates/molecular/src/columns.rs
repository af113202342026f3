//! Tables with a header line, separated by tabs or commas.

use crate::note::{Note, both};
use words::Text;

/// A table: every row knows its line.
pub struct Table {
    pub names: Vec<String>,
    pub rows: Vec<Row>,
}

pub struct Row {
    pub line: usize,
    cells: Vec<String>,
}

impl Row {
    /// The cell without surrounding blanks; `None` if empty, `NA`, `.` or `-` alone means nothing here.
    pub fn get(&self, column: Option<usize>) -> Option<&str> {
        let cell = self.cells.get(column?)?.trim();
        (!matches!(cell, "" | "NA" | "." | "NaN")).then_some(cell)
    }

    /// The cell as written.
    pub fn raw(&self, column: Option<usize>) -> &str {
        column.and_then(|c| self.cells.get(c)).map_or("", |c| c.trim())
    }
}

/// Reads a table. Lines that begin with `#` before the header are skipped. Refused: no header, a row with another
/// number of cells than the header, a column name twice.
pub fn read(text: &str, file: &str) -> Result<Table, Box<Note>> {
    let head = text.lines().find(|l| !l.starts_with('#') && !l.trim().is_empty()).unwrap_or_default();
    let tabs = head.contains('\t');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(if tabs { b'\t' } else { b',' })
        .quoting(!tabs)
        .comment(Some(b'#'))
        .flexible(true)
        .from_reader(text.as_bytes());
    let unreadable = |line: usize, why: String| {
        let what = both!("表として読めません（{why}）。", "This is no table ({why}).");
        let todo = Text::new("区切り文字と引用符を確認してください。", "Check separators and quotes.");
        Box::new(Note::refused("table", file, what, todo).at(line))
    };
    let names: Vec<String> = match reader.headers() {
        Ok(h) => h.iter().map(|n| n.trim().to_owned()).collect(),
        Err(e) => return Err(unreadable(1, e.to_string())),
    };
    for (i, name) in names.iter().enumerate() {
        if !name.is_empty() && names.iter().take(i).any(|n| n == name) {
            let what = both!("列名「{name}」が2つあります。", "The column “{name}” stands there twice.");
            let todo = Text::new("列名を一意にしてください。", "Make column names unique.");
            return Err(Box::new(Note::refused("column_twice", file, what, todo).at(1)));
        }
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| {
            let line = e.position().map_or(1, |p| usize::try_from(p.line()).unwrap_or(1));
            unreadable(line, e.to_string())
        })?;
        let line = record.position().map_or(0, |p| usize::try_from(p.line()).unwrap_or(0));
        if record.len() != names.len() {
            let (found, wanted) = (record.len(), names.len());
            let what = both!(
                "列の数が {found} で、見出しの {wanted} と合いません。",
                "This row has {found} cells, the header has {wanted}."
            );
            let todo = Text::new(
                "ファイルが途中で切れていないか確認してください。",
                "Check whether the file is cut off.",
            );
            return Err(Box::new(Note::refused("ragged", file, what, todo).at(line)));
        }
        rows.push(Row { line, cells: record.iter().map(str::to_owned).collect() });
    }
    Ok(Table { names, rows })
}

impl Table {
    /// The first column that bears one of these names, in any case.
    pub fn column(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|n| self.names.iter().position(|h| h.eq_ignore_ascii_case(n)))
    }

    /// The same, refused when missing.
    pub fn need(&self, names: &[&str], file: &str) -> Result<usize, Box<Note>> {
        self.column(names).ok_or_else(|| {
            let (wanted, there) = (names.join(" / "), self.names.join(", "));
            let what = both!(
                "列「{wanted}」がありません（あるのは {there}）。",
                "The column “{wanted}” is missing (there are: {there})."
            );
            let todo = Text::new("列名を確認してください。", "Check the column names.");
            Box::new(Note::refused("column_missing", file, what, todo).at(1))
        })
    }
}
