//! The JSON Schemas under `docs/schema`, which editors use.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

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
