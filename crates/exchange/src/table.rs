//! CSV by RFC 4180, with the place of every field. A reader of our own, because a mistake must be told with its row and
//! column, and because what other readers repair in silence (a stray quote, a row that is too short) is a mistake here.

use crate::decode::place;
use crate::map::Delimiter;
use protocol::{Diagnostic, Place};
use words::Text;

/// A file as rows of fields.
#[derive(Debug)]
pub(crate) struct Table<'t> {
    name: &'t str,
    /// Physical lines, for excerpts.
    lines: Vec<&'t str>,
    pub header: Vec<Field>,
    /// Rows of data, each as long as the header.
    pub rows: Vec<Vec<Field>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub text: String,
    /// Where it begins, from 1; columns in characters.
    pub line: usize,
    pub column: usize,
    pub width: usize,
}

impl Delimiter {
    fn character(self) -> char {
        match self {
            Delimiter::Comma => ',',
            Delimiter::Semicolon => ';',
            Delimiter::Tab => '\t',
        }
    }
}

impl Table<'_> {
    pub(crate) fn place(&self, field: &Field) -> Place {
        let line = self.lines.get(field.line - 1).copied().unwrap_or("");
        place(self.name, field.line, field.column, field.width, line)
    }

    /// The column with this name.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|f| f.text == name)
    }

    /// The line on which a row begins.
    pub(crate) fn line(&self, row: usize) -> usize {
        self.rows.get(row).and_then(|r| r.first()).map_or(0, |f| f.line)
    }
}

/// Reads the text. Errors are added to `found`; `None` when there is no usable header. A row that cannot be laid under
/// the header is told and left out.
pub(crate) fn table<'t>(
    name: &'t str,
    text: &'t str,
    delimiter: Delimiter,
    found: &mut Vec<Diagnostic>,
) -> Option<Table<'t>> {
    let lines: Vec<&str> = text.split('\n').map(|l| l.trim_end_matches('\r')).collect();
    let mut records =
        Records { chars: text.chars().peekable(), delimiter: delimiter.character(), line: 1, column: 1 };
    let mut table = Table { name, lines, header: Vec::new(), rows: Vec::new() };
    let mut blank: Vec<usize> = Vec::new();
    while let Some((fields, faults)) = records.next_record() {
        for (fault, field) in &faults {
            found.push(fault.told().at(table.place(field)));
        }
        if fields.len() == 1 && fields.first().is_some_and(|f| f.text.is_empty() && f.width == 0) {
            blank.extend(fields.first().map(|f| f.line));
            continue;
        }
        // Blank lines at the end are nothing; among the rows they may be rows that were lost.
        for line in blank.drain(..) {
            let message = Text::new("空の行があります。", "There is an empty line.");
            let at = place(name, line, 1, 1, " ");
            found.push(Diagnostic::error("X205", message).at(at));
        }
        if table.header.is_empty() {
            table.header = fields;
            continue;
        }
        if fields.len() != table.header.len() {
            let (n, of) = (fields.len(), table.header.len());
            let message = Text::new(
                format!("この行には {n} 列ありますが、見出しは {of} 列です。"),
                format!("This row has {n} fields, the header {of}."),
            );
            let hint = Text::new(
                "区切り文字を含む値は引用符で囲みます。区切り文字が違うなら対応表の delimiter で示します。",
                "A value that holds the delimiter stands in quotes; another delimiter is declared in the map.",
            );
            if let (Some(first), true) = (fields.first(), faults.is_empty()) {
                found.push(Diagnostic::error("X204", message).at(table.place(first)).hint(hint));
            }
            continue;
        }
        if faults.is_empty() {
            table.rows.push(fields);
        }
    }
    header(&table, found).then_some(table)
}

/// Whether each column has a name of its own.
fn header(table: &Table<'_>, found: &mut Vec<Diagnostic>) -> bool {
    let before = found.len();
    if table.header.is_empty() {
        let message = Text::new("ファイルが空です。", "The file is empty.");
        found.push(Diagnostic::error("X201", message).at(crate::decode::whole(table.name)));
    }
    for (i, field) in table.header.iter().enumerate() {
        if field.text.trim().is_empty() {
            let message = Text::new(
                format!("{} 列目の見出しがありません。", i + 1),
                format!("Column {} has no name.", i + 1),
            );
            found.push(Diagnostic::error("X202", message).at(table.place(field)));
        } else if table.header.iter().take(i).any(|f| f.text == field.text) {
            let message = Text::new(
                format!("見出し「{}」が二度あります。", field.text),
                format!("The column \"{}\" is there twice.", field.text),
            );
            found.push(Diagnostic::error("X203", message).at(table.place(field)));
        }
    }
    if !table.header.is_empty() && table.rows.is_empty() && found.len() == before {
        let message =
            Text::new("見出しの下にデータの行がありません。", "There is no row of data below the header.");
        found.push(Diagnostic::error("X206", message).at(crate::decode::whole(table.name)));
    }
    found.len() == before
}

#[derive(Clone, Copy, Debug)]
enum Fault {
    StrayQuote,
    AfterQuote,
    Unclosed,
    LoneReturn,
}

impl Fault {
    fn told(self) -> Diagnostic {
        let (ja, en) = match self {
            Fault::StrayQuote => (
                "引用符で始まらない値の中に引用符があります。",
                "There is a quote inside of a value that does not begin with one.",
            ),
            Fault::AfterQuote => {
                ("閉じた引用符の後に文字があります。", "There are characters after the closing quote.")
            }
            Fault::Unclosed => ("引用符が閉じていません。", "The quote is never closed."),
            Fault::LoneReturn => (
                "改行が CR だけです。CRLF か LF の改行で保存してください。",
                "A line ends with CR alone; save the file with CRLF or LF.",
            ),
        };
        Diagnostic::error("X207", Text::new(ja, en))
    }
}

/// What is wrong, each with the field it is about.
type Faults = Vec<(Fault, Field)>;

struct Records<'t> {
    chars: std::iter::Peekable<std::str::Chars<'t>>,
    delimiter: char,
    line: usize,
    column: usize,
}

impl Records<'_> {
    fn take(&mut self) -> Option<char> {
        let c = self.chars.next()?;
        if c == '\n' {
            (self.line, self.column) = (self.line + 1, 1);
        } else {
            self.column += 1;
        }
        Some(c)
    }

    /// The next record and what is wrong with it; `None` at the end of the text.
    fn next_record(&mut self) -> Option<(Vec<Field>, Faults)> {
        self.chars.peek()?;
        let (mut fields, mut faults) = (Vec::new(), Vec::new());
        loop {
            let (field, end) = self.field(&mut faults);
            fields.push(field);
            if end {
                return Some((fields, faults));
            }
        }
    }

    /// One field, and whether the record ends with it.
    fn field(&mut self, faults: &mut Faults) -> (Field, bool) {
        let mut field = Field { text: String::new(), line: self.line, column: self.column, width: 0 };
        let quoted = self.chars.peek() == Some(&'"');
        if quoted {
            self.take();
            field.width = 1;
            loop {
                match self.take() {
                    Some('"') if self.chars.peek() == Some(&'"') => {
                        self.take();
                        field.text.push('"');
                        field.width += 2;
                    }
                    Some('"') => {
                        field.width += 1;
                        break;
                    }
                    Some(c) => {
                        field.text.push(c);
                        field.width += 1;
                    }
                    None => {
                        let start = Field { width: 1, ..field.clone() };
                        faults.push((Fault::Unclosed, start));
                        return (field, true);
                    }
                }
            }
        }
        let mut told = false;
        loop {
            match self.take() {
                None | Some('\n') => return (field, true),
                Some('\r') if matches!(self.chars.peek(), Some('\n') | None) => {}
                Some('\r') => faults.push((Fault::LoneReturn, Field { width: 1, ..field.clone() })),
                Some(c) if c == self.delimiter => return (field, false),
                Some(c) => {
                    if (quoted || c == '"') && !told {
                        told = true;
                        let fault = if quoted { Fault::AfterQuote } else { Fault::StrayQuote };
                        faults.push((fault, Field { width: field.width.max(1), ..field.clone() }));
                    }
                    field.text.push(c);
                    field.width += 1;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> (Vec<Vec<String>>, Vec<Diagnostic>) {
        let mut found = Vec::new();
        let table = table("f.csv", text, Delimiter::Comma, &mut found);
        let rows = table.map_or(Vec::new(), |t| {
            let all = std::iter::once(t.header).chain(t.rows);
            all.map(|r| r.into_iter().map(|f| f.text).collect()).collect()
        });
        (rows, found)
    }

    #[test]
    fn quotes_doubled_quotes_delimiters_and_line_breaks_are_read_as_they_were_meant() {
        let (rows, found) = read("a,b\r\n\"x, \"\"y\"\"\nz\",2\r\n");
        assert_eq!(rows, [["a", "b"], ["x, \"y\"\nz", "2"]]);
        assert!(found.is_empty());
    }

    #[test]
    fn every_row_that_does_not_fit_is_told_with_its_line() {
        let (_, found) = read("a,b\n1\n1,2,3\nx\"y,2\n\"x\"y,2\n3,4\n\n5,6\n\"open,7\n");
        let told: Vec<_> =
            found.iter().map(|d| (d.code.as_str(), d.place.as_ref().map_or(0, |p| p.line))).collect();
        assert_eq!(told, [("X204", 2), ("X204", 3), ("X207", 4), ("X207", 5), ("X205", 7), ("X207", 9)]);
    }

    #[test]
    fn a_header_without_names_or_with_one_twice_is_refused() {
        let (rows, found) = read("a,,a\n1,2,3\n");
        assert!(rows.is_empty());
        assert_eq!(found.iter().map(|d| d.code.as_str()).collect::<Vec<_>>(), ["X202", "X203"]);
        assert_eq!(read("").1.first().map(|d| d.code.clone()), Some("X201".to_owned()));
        assert_eq!(read("a,b\n").1.first().map(|d| d.code.clone()), Some("X206".to_owned()));
    }

    proptest! {
        #[test]
        fn what_is_written_with_quotes_is_read_back(rows in prop::collection::vec(prop::collection::vec("[^\r\u{0}]{0,12}", 3), 1..8)) {
            let quoted = |f: &String| format!("\"{}\"", f.replace('"', "\"\""));
            let line = |r: &Vec<String>| r.iter().map(quoted).collect::<Vec<_>>().join(",") + "\n";
            let text = format!("a,b,c\n{}", rows.iter().map(line).collect::<String>());
            let (read, found) = read(&text);
            prop_assert!(found.is_empty(), "{found:?}");
            prop_assert_eq!(&read[1..], &rows[..]);
        }

        #[test]
        fn no_text_makes_the_reader_fall(text in "\\PC{0,200}|[a,\"\r\n]{0,60}") {
            let _ = read(&text);
        }
    }
}
