//! Other YAML files of a study, read with the same placed diagnostics: `simulation.yaml`, maps, charters.

use crate::diagnostic::{Diagnostic, Place};
use crate::shape::{self, Broken};
use crate::tree::{self, Files, Kind, Node, Part, Span};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use words::Text;

/// Where the values of a file stand, for findings about what they say.
#[derive(Clone, Debug)]
pub struct Places {
    root: Node,
    files: Files,
}

impl Places {
    /// Where the value at `path` is written; for a path that is not there, the deepest part of it that is.
    pub fn at(&self, path: &[Part]) -> Place {
        self.files.place(self.root.span_of(path))
    }

    /// As [`at`](Places::at), by names, with the entries of a list as numbers from 0.
    pub fn named(&self, path: &[&str]) -> Place {
        self.at(&self.parts(path))
    }

    /// Where the last key of `path` is written.
    pub fn key(&self, path: &[&str]) -> Place {
        self.files.place(self.root.key_span(&self.parts(path)))
    }

    fn parts(&self, path: &[&str]) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::new();
        for step in path {
            let list = self.root.get(&parts).is_some_and(|n| matches!(n.kind, Kind::List(_)));
            let index = step.parse::<usize>().ok().filter(|_| list);
            parts.push(index.map_or_else(|| Part::from(*step), Part::from));
        }
        parts
    }

    /// Where bytes `start..end` of the text at `path` are written.
    pub fn within(&self, path: &[Part], start: usize, end: usize) -> Place {
        match self.root.get(path) {
            Some(node) => self.files.place(node.inner(&self.files, start, end)),
            None => self.at(path),
        }
    }
}

/// Reads `text` as a `T`. The shape is checked by the JSON Schema of `T`, so all mistakes are told at once and in
/// their places; `name` is how the file is called in them. Duration and decimal fields need the schemas
/// [`duration`](crate::duration) and [`decimal`](crate::decimal).
pub fn read_yaml<T: DeserializeOwned + JsonSchema>(name: &str, text: &[u8]) -> Result<T, Vec<Diagnostic>> {
    read_yaml_placed(name, text).map(|(read, _)| read)
}

/// As [`read_yaml`], with the places of what was read.
pub fn read_yaml_placed<T: DeserializeOwned + JsonSchema>(
    name: &str,
    text: &[u8],
) -> Result<(T, Places), Vec<Diagnostic>> {
    let (mut files, mut found) = (Files::default(), vec![]);
    let Some(root) = tree::read(&mut files, name, text, &mut found) else { return Err(found) };
    let schema = schemars::schema_for!(T).to_value();
    let value = shape::json(&schema, &root, &files, &mut found, &mut Broken::default());
    if found.iter().any(Diagnostic::is_error) {
        return Err(found);
    }
    match serde_json::from_value(value) {
        Ok(read) => Ok((read, Places { root, files })),
        Err(error) => {
            let message = Text::new(format!("読めません: {error}"), format!("This cannot be read: {error}"));
            let start = Span { end: root.span.start, ..root.span };
            Err(vec![Diagnostic::error("P0299", message).at(files.place(start))])
        }
    }
}
