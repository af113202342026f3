//! The JSON Schema of maps, which editors use.

/// Write it anew with `SHIRUBE_UPDATE=1 cargo test -p exchange`.
#[test]
fn the_schema_in_the_documentation_is_that_of_the_map() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema/map.schema.json");
    let text = serde_json::to_string_pretty(&exchange::schema()).unwrap() + "\n";
    if std::env::var_os("SHIRUBE_UPDATE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert!(std::fs::read_to_string(&path).is_ok_and(|t| t == text), "map.schema.json is not current");
    let map = crate::text("map.yaml");
    assert!(map.starts_with("# yaml-language-server: $schema=../../docs/schema/map.schema.json\n"));
}
