//! The JSON Schema of a map, for editors.

use serde_json::Value;

/// As `docs/schema/map.schema.json` holds it.
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(crate::Map).to_value();
    protocol::tidy(&mut schema);
    schema
}
