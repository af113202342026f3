//! What a document must look like, as one table; a template then meets no surprise, and a mistake has a place.

use crate::wire::Failure;
use serde_json::Value;

enum Shape {
    Text,
    Flag,
    Number,
    /// One of these words.
    Word(&'static [&'static str]),
    /// May be null.
    Maybe(&'static Shape),
    List(&'static Shape),
    Pair(&'static Shape, &'static Shape),
    Triple,
    /// These fields and no others.
    Record(&'static [(&'static str, Shape)]),
    /// A record whose fields depend on a word in it.
    Kind(&'static str, &'static [(&'static str, &'static [(&'static str, Shape)])]),
    /// A run of words, which may hold runs of words.
    Words,
}

use Shape::*;

const CELL: Shape = Record(&[("text", Text), ("under", Text), ("number", Flag), ("read", Maybe(&Words))]);
const LINE: Shape = Record(&[("class", Text), ("cells", List(&CELL))]);
const TABLE: Shape = Record(&[("caption", Text), ("head", List(&CELL)), ("rows", List(&LINE))]);
const FIGURE: Shape = Record(&[
    ("id", Text),
    ("svg", Text),
    ("width", Number),
    ("height", Number),
    ("alt", Text),
    ("caption", Text),
]);

const RUN: Shape = Kind(
    "run",
    &[
        ("text", &[("text", Text)]),
        ("strong", &[("text", Words)]),
        ("ruby", &[("units", List(&Pair(&Text, &Text)))]),
        ("link", &[("href", Text), ("text", Words)]),
        ("code", &[("text", Text)]),
        ("break", &[]),
    ],
);

const BLOCK: Shape = Kind(
    "block",
    &[
        ("heading", &[("level", Number), ("id", Text), ("text", Words)]),
        ("paragraph", &[("text", Words), ("manner", Word(&["plain", "small", "lead", "end"]))]),
        ("list", &[("ordered", Flag), ("items", List(&Words))]),
        ("terms", &[("terms", List(&Pair(&Words, &Words)))]),
        ("table", &[("table", TABLE)]),
        ("figure", &[("figure", FIGURE)]),
        ("notice", &[("text", List(&Words))]),
        ("notes", &[("items", List(&Words))]),
        ("page_break", &[]),
    ],
);

const DOCUMENT: Shape = Record(&[
    ("form", Word(&["report", "letter", "large_print"])),
    ("lang", Word(&["ja", "en"])),
    ("study", Text),
    ("title", Text),
    ("nature", Text),
    ("facts", List(&Pair(&Text, &Text))),
    ("stamp", List(&Text)),
    ("day", Maybe(&Triple)),
    ("contents", Flag),
    ("blocks", List(&BLOCK)),
    ("labels", Record(&[("contents", Text), ("notes", Text)])),
]);

/// Refuses a document that a template could not set, and says where.
pub fn check(document: &Value) -> Result<(), Failure> {
    look(&DOCUMENT, document, String::new())?;
    for name in ["title"] {
        if document.get(name).and_then(Value::as_str).is_none_or(|s| s.trim().is_empty()) {
            return Err(wrong(name, "a document needs a title"));
        }
    }
    let blocks = document.get("blocks").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for (i, block) in blocks.iter().enumerate() {
        if let Some(table) = block.get("table") {
            columns(table, &format!("blocks[{i}].table"))?;
        }
        if let Some(figure) = block.get("figure") {
            let at = format!("blocks[{i}].figure");
            if figure.get("alt").and_then(Value::as_str).is_none_or(|s| s.trim().is_empty()) {
                return Err(wrong(&format!("{at}.alt"), "a figure needs words for those who do not see it"));
            }
            for side in ["width", "height"] {
                if figure.get(side).and_then(Value::as_f64).is_none_or(|w| !(w > 0.0 && w < 1e5)) {
                    return Err(wrong(&format!("{at}.{side}"), "a figure needs a size"));
                }
            }
        }
    }
    Ok(())
}

fn columns(table: &Value, at: &str) -> Result<(), Failure> {
    let count = |v: Option<&Value>| v.and_then(Value::as_array).map_or(0, Vec::len);
    let head = count(table.get("head"));
    if head == 0 {
        return Err(wrong(&format!("{at}.head"), "a table needs a header"));
    }
    let rows = table.get("rows").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for (i, row) in rows.iter().enumerate() {
        let cells = count(row.get("cells"));
        if cells == 0 || cells > head {
            let said = format!("{cells} cells under a header of {head} columns");
            return Err(wrong(&format!("{at}.rows[{i}]"), said));
        }
    }
    Ok(())
}

fn wrong(field: &str, message: impl Into<String>) -> Failure {
    Failure { template: "document.typ".into(), field: field.to_owned(), message: message.into() }
}

fn look(shape: &Shape, value: &Value, at: String) -> Result<(), Failure> {
    let expected = |what: &str| {
        let found = match value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "text",
            Value::Array(_) => "a list",
            Value::Object(_) => "a record",
        };
        Err(wrong(&at, format!("expected {what}, found {found}")))
    };
    match (shape, value) {
        (Text, Value::String(_)) | (Flag, Value::Bool(_)) | (Number, Value::Number(_)) => Ok(()),
        (Text, _) => expected("text"),
        (Flag, _) => expected("true or false"),
        (Number, _) => expected("a number"),
        (Word(known), Value::String(word)) if known.contains(&word.as_str()) => Ok(()),
        (Word(known), _) => expected(&format!("one of {}", known.join(", "))),
        (Maybe(_), Value::Null) => Ok(()),
        (Maybe(shape), _) => look(shape, value, at),
        (List(shape), Value::Array(items)) => {
            items.iter().enumerate().try_for_each(|(i, item)| look(shape, item, format!("{at}[{i}]")))
        }
        (List(_), _) => expected("a list"),
        (Words, Value::Array(items)) => {
            items.iter().enumerate().try_for_each(|(i, item)| look(&RUN, item, format!("{at}[{i}]")))
        }
        (Words, _) => expected("words"),
        (Pair(a, b), Value::Array(items)) => match items.as_slice() {
            [first, second] => {
                look(a, first, format!("{at}[0]"))?;
                look(b, second, format!("{at}[1]"))
            }
            _ => expected("a pair"),
        },
        (Pair(..), _) => expected("a pair"),
        (Triple, Value::Array(items)) if items.len() == 3 && items.iter().all(Value::is_i64) => Ok(()),
        (Triple, _) => expected("year, month and day"),
        (Record(fields), Value::Object(_)) => record(fields, None, value, &at),
        (Record(_), _) => expected("a record"),
        (Kind(tag, kinds), Value::Object(map)) => {
            let word = map.get(*tag).and_then(Value::as_str).unwrap_or_default();
            match kinds.iter().find(|(name, _)| *name == word) {
                Some((_, fields)) => record(fields, Some(tag), value, &at),
                None => {
                    let known: Vec<&str> = kinds.iter().map(|k| k.0).collect();
                    Err(wrong(&format!("{at}.{tag}"), format!("`{word}` is none of {}", known.join(", "))))
                }
            }
        }
        (Kind(..), _) => expected("a record"),
    }
}

fn record(
    fields: &[(&'static str, Shape)],
    tag: Option<&&'static str>,
    value: &Value,
    at: &str,
) -> Result<(), Failure> {
    let under = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
    for (name, shape) in fields {
        look(shape, value.get(*name).unwrap_or(&Value::Null), under(name))?;
    }
    let map = value.as_object();
    for name in map.into_iter().flat_map(|m| m.keys()) {
        if !fields.iter().any(|f| f.0 == name) && tag.is_none_or(|t| *t != name) {
            return Err(wrong(&under(name), "no such field"));
        }
    }
    Ok(())
}
