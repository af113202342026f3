//! The JSON Schema of a map, for editors.

use serde_json::Value;

/// As `docs/schema/map.schema.json` holds it.
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(crate::Map).to_value();
    tidy(&mut schema);
    schema
}

/// Descriptions of one line: the source's line breaks mean nothing to an editor.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::String(text)) = object.get_mut("description") {
                *text = text.replace('\n', " ");
            }
            object.values_mut().for_each(tidy);
        }
        Value::Array(values) => values.iter_mut().for_each(tidy),
        _ => {}
    }
}
