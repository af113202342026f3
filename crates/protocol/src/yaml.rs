//! Other YAML files of a study, read with the same placed diagnostics: `simulation.yaml`, maps, charters.

use crate::diagnostic::Diagnostic;
use crate::shape::{self, Broken};
use crate::tree::{self, Files, Span};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use words::Text;

/// Reads `text` as a `T`. The shape is checked by the JSON Schema of `T`, so all mistakes are told at once and in
/// their places; `name` is how the file is called in them. Duration and decimal fields need the schemas
/// [`duration`](crate::duration) and [`decimal`](crate::decimal).
pub fn read_yaml<T: DeserializeOwned + JsonSchema>(name: &str, text: &[u8]) -> Result<T, Vec<Diagnostic>> {
    let (mut files, mut found) = (Files::default(), vec![]);
    let Some(root) = tree::read(&mut files, name, text, &mut found) else { return Err(found) };
    let schema = schemars::schema_for!(T).to_value();
    let value = shape::json(&schema, &root, &files, &mut found, &mut Broken::default());
    if found.iter().any(Diagnostic::is_error) {
        return Err(found);
    }
    serde_json::from_value(value).map_err(|error| {
        let message = Text::new(format!("読めません: {error}"), format!("This cannot be read: {error}"));
        let start = Span { end: root.span.start, ..root.span };
        vec![Diagnostic::error("P0299", message).at(files.place(start))]
    })
}
