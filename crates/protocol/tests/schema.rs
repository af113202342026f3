//! The JSON Schemas under `docs/schema`, which editors use.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use serde_json::Value;
use std::path::Path;

/// Write them anew with `SHIRUBE_UPDATE=1 cargo test -p protocol --test schema`.
#[test]
fn the_schemas_in_the_documentation_are_those_of_the_model() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema");
    for (name, schema) in protocol::schema().as_object().unwrap() {
        let path = folder.join(format!("{name}.schema.json"));
        let text = serde_json::to_string_pretty(schema).unwrap() + "\n";
        if std::env::var_os("SHIRUBE_UPDATE").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        assert!(std::fs::read_to_string(&path).is_ok_and(|t| t == text), "{name}.schema.json is not current");
    }
}

#[test]
fn every_study_names_the_schema_of_each_of_its_files() {
    let study = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../studies/jcog1017");
    let mut files = vec![("protocol.yaml".to_owned(), "../../docs/schema/protocol.schema.json")];
    for entry in std::fs::read_dir(study.join("forms")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        files.push((format!("forms/{name}"), "../../../docs/schema/form.schema.json"));
    }
    for (file, schema) in files {
        let text = std::fs::read_to_string(study.join(&file)).unwrap();
        assert!(text.starts_with(&format!("# yaml-language-server: $schema={schema}\n")), "{file}");
    }
}

/// What may stand at a key, in a few words.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()) {
        return format!("[{name}](#{})", name.to_lowercase());
    }
    for ways in ["anyOf", "oneOf"] {
        if let Some(ways) = schema[ways].as_array() {
            let all: Vec<String> = ways.iter().filter(|s| s["type"] != "null").map(kind).collect();
            return all.join(" or ");
        }
    }
    let named = match &schema["type"] {
        Value::Array(several) => several.iter().find(|s| *s != "null").cloned().unwrap_or_default(),
        one => one.clone(),
    };
    let limits: Vec<String> =
        [("minimum", "≥"), ("exclusiveMinimum", ">"), ("maximum", "≤"), ("exclusiveMaximum", "<")]
            .iter()
            .filter_map(|(key, sign)| schema[*key].as_f64().map(|n| format!("{sign} {n}")))
            .collect();
    let limits = if limits.is_empty() { String::new() } else { format!(" ({})", limits.join(", ")) };
    if let Some(choices) = schema["enum"].as_array() {
        return choices
            .iter()
            .filter_map(Value::as_str)
            .map(|c| format!("`{c}`"))
            .collect::<Vec<_>>()
            .join(", ");
    }
    if let Some(one) = schema["const"].as_str() {
        return format!("`{one}`");
    }
    match (named.as_str().unwrap_or(""), schema["format"].as_str().unwrap_or("")) {
        ("array", _) => format!("list of {}", kind(&schema["items"])),
        ("object", _) if schema["additionalProperties"].is_object() => {
            format!("by id: {}", kind(&schema["additionalProperties"]))
        }
        ("object", _) => {
            let fields = schema["properties"].as_object().into_iter().flatten();
            let fields: Vec<String> = fields.map(|(key, s)| format!("`{key}:` {}", kind(s))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
        (_, "date") => "date".into(),
        (_, "calendar-duration") => "duration".into(),
        ("integer", _) => format!("whole number{limits}"),
        ("number", _) => format!("number{limits}"),
        ("boolean", _) => "true or false".into(),
        ("string", _) => "text".into(),
        (other, _) => other.to_owned(),
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

fn table(title: &str, schema: &Value, out: &mut String) {
    let told = schema["description"].as_str().unwrap_or("");
    out.push_str(&format!("\n## {title}\n\n{told}\n"));
    let Some(properties) = schema["properties"].as_object() else {
        let ways = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array());
        for way in ways.into_iter().flatten() {
            let told = way["description"].as_str().map(|d| format!(": {d}")).unwrap_or_default();
            out.push_str(&format!("\n- {}{told}", kind(way)));
        }
        if ways.is_none() {
            out.push_str(&format!("\n{}", kind(schema)));
        }
        out.push('\n');
        return;
    };
    out.push_str("\n| key | what | default | meaning |\n|---|---|---|---|\n");
    for (key, s) in properties {
        let required = schema["required"].as_array().is_some_and(|r| r.iter().any(|k| k == key));
        let default = match &s["default"] {
            _ if required => "required".to_owned(),
            Value::Null => String::new(),
            Value::Array(a) if a.is_empty() => String::new(),
            Value::Object(_) => String::new(),
            other => format!("`{}`", other.to_string().trim_matches('"')),
        };
        let told = s["description"].as_str().unwrap_or("");
        out.push_str(&format!("| `{key}` | {} | {default} | {} |\n", cell(&kind(s)), cell(told)));
    }
}

#[test]
fn the_reference_in_the_documentation_is_made_from_the_schema() {
    let mut out = String::from(
        "# Every key of a study folder\n\nMade from the schema that the check uses; do not edit. \
         [How to write a protocol](protocol.md).\n",
    );
    let schemas = protocol::schema();
    let mut parts = std::collections::BTreeMap::new();
    for (name, schema) in schemas.as_object().unwrap() {
        let file = if name == "form" { "forms/*.yaml".to_owned() } else { format!("{name}.yaml") };
        if schema["properties"].is_object() {
            table(&file, schema, &mut out);
        } else {
            out.push_str(&format!("\n## {file}\n\n{}\n", kind(schema)));
        }
        parts.extend(schema["$defs"].as_object().into_iter().flatten());
    }
    for (name, schema) in parts {
        table(name, schema, &mut out);
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/protocol-reference.md");
    if std::env::var_os("SHIRUBE_UPDATE").is_some() {
        std::fs::write(&path, &out).unwrap();
    }
    assert!(std::fs::read_to_string(&path).is_ok_and(|t| t == out), "protocol-reference.md is not current");
}
