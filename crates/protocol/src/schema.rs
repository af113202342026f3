//! JSON Schema of the study files: what editors use, and what `load` checks the shape by.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

/// Parts of the model that are written in files of their own.
const ELSEWHERE: [(&str, &str); 2] = [("test_patients", "test-patients"), ("published", "published")];

/// The whole model, as the canonical JSON has it.
pub(crate) static MODEL: LazyLock<Value> = LazyLock::new(|| {
    let mut schema = schemars::schema_for!(crate::Protocol).to_value();
    tidy(&mut schema);
    schema
});

/// The schemas of the files of a study folder by name: `protocol`, `form`, `test-patients`, `published`.
pub fn schema() -> Value {
    let model = &*MODEL;
    let mut protocol = model.clone();
    if let Some(properties) = protocol["properties"].as_object_mut() {
        properties.shift_remove("forms");
        ELSEWHERE.iter().for_each(|(key, _)| {
            properties.shift_remove(*key);
        });
    }
    if let Some(required) = protocol["required"].as_array_mut() {
        required.retain(|key| key != "forms");
    }
    let mut files = Map::new();
    files.insert("protocol".into(), used_only(protocol));
    files.insert("form".into(), part(model, &model["properties"]["forms"]["additionalProperties"], "Form"));
    for (key, file) in ELSEWHERE {
        files.insert(file.into(), part(model, &model["properties"][key], key));
    }
    Value::Object(files)
}

/// A schema of its own for one part of the model.
fn part(model: &Value, schema: &Value, title: &str) -> Value {
    let mut out = json!({ "$schema": model["$schema"], "title": title });
    if let (Some(out), Some(schema)) = (out.as_object_mut(), schema.as_object()) {
        out.extend(schema.iter().filter(|(key, _)| *key != "default").map(|(k, v)| (k.clone(), v.clone())));
        out.insert("$defs".into(), model["$defs"].clone());
    }
    used_only(out)
}

/// Leaves out definitions that nothing refers to.
fn used_only(mut schema: Value) -> Value {
    loop {
        let text = schema.to_string();
        let Some(defs) = schema["$defs"].as_object_mut() else { return schema };
        let before = defs.len();
        defs.retain(|name, _| text.contains(&format!("\"#/$defs/{name}\"")));
        if defs.len() == before {
            return schema;
        }
    }
}

/// Descriptions of one line: the source's line breaks mean nothing to an editor.
pub fn tidy(schema: &mut Value) {
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

/// `28 days`, `3 months`; format of this project.
pub fn duration(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string", "format": "calendar-duration",
        "pattern": "^-?[0-9]+ (day|week|month|year)s?( -?[0-9]+ (day|week|month|year)s?)*$"
    })
}

/// A list of them.
pub fn durations(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": duration(generator) })
}

/// An exact decimal number; in the canonical JSON a string of its digits.
pub fn decimal(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "number", "format": "decimal" })
}

/// A decimal number above 0.
pub fn above_0(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "number", "format": "decimal", "exclusiveMinimum": 0 })
}

/// A decimal number above 0 and below 1.
pub fn between_0_and_1(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "number", "format": "decimal", "exclusiveMinimum": 0, "exclusiveMaximum": 1 })
}

pub(crate) fn missing(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["not_yet_known", "unknown", "not_done", "not_applicable"] })
}
