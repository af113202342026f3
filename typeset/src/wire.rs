//! Requests and answers.

use crate::press::Press;
use crate::{faces, painter, shape};
use serde_json::{Value, json};
use std::fmt;

/// Why a request gives nothing: which template, where in the data, and what is wrong.
#[derive(Debug, PartialEq)]
pub struct Failure {
    /// The template or part that failed: `document.typ`, `table.typ`, `request`.
    pub template: String,
    /// Where in the document: `blocks[3].table.rows[2]`; empty where that is not known.
    pub field: String,
    pub message: String,
}

impl Failure {
    pub fn request(field: impl Into<String>, message: impl Into<String>) -> Failure {
        Failure { template: "request".into(), field: field.into(), message: message.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.template)?;
        if !self.field.is_empty() {
            write!(f, ", {}", self.field)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// The line that answers a request, and the bytes that follow it.
pub fn answer(press: &Press, line: &str) -> (Value, Vec<u8>) {
    match dispatch(press, line) {
        Ok((bytes, warnings)) => (json!({ "bytes": bytes.len(), "warnings": warnings }), bytes),
        Err(e) => {
            let said = e.to_string();
            let error =
                json!({ "template": e.template, "field": e.field, "message": e.message, "said": said });
            (json!({ "bytes": 0, "error": error }), Vec::new())
        }
    }
}

type Made = (Vec<u8>, Vec<String>);

fn dispatch(press: &Press, line: &str) -> Result<Made, Failure> {
    let request: Value =
        serde_json::from_str(line).map_err(|e| Failure::request("", format!("not JSON: {e}")))?;
    let Value::Object(mut request) = request else {
        return Err(Failure::request("", "expected an object"));
    };
    if request.contains_key("hello") {
        return Ok((env!("CARGO_PKG_VERSION").into(), Vec::new()));
    }
    if let Some(svg) = request.remove("paint") {
        let svg = svg.as_str().ok_or_else(|| Failure::request("paint", "expected SVG as text"))?;
        let scale = request.get("scale").and_then(Value::as_f64).unwrap_or(2.0);
        return Ok((painter::png(press.faces(), svg, scale)?, Vec::new()));
    }
    let Some(mut document) = request.remove("set") else {
        return Err(Failure::request("", "expected `set`, `paint` or `hello`"));
    };
    let labels = request.remove("labels").unwrap_or(Value::Null);
    if let Some(fields) = document.as_object_mut() {
        fields.insert("labels".into(), labels);
    }
    shape::check(&document)?;
    let missing = faces::printable(press.faces(), &mut document);
    faces::place_readings(press.faces(), &mut document);
    let warnings = missing
        .into_iter()
        .map(|(c, (times, field))| {
            let code = c as u32;
            format!("U+{code:04X} {c:?} has no glyph and is printed as ‹U+{code:04X}› ({times}×, first in {field})")
        })
        .collect();
    Ok((press.set(&document)?, warnings))
}
