//! The dictionary of concepts by which rules of one study ask for items of another.

use crate::check::Finding;
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::tree::path;
use crate::{Item, Protocol};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use words::Text;

/// Concepts as lines of `id | ja | en`.
static CONCEPTS: LazyLock<BTreeMap<&'static str, Text>> = LazyLock::new(|| {
    let lines = include_str!("concepts.txt").lines().filter(|l| !l.starts_with('#'));
    lines
        .filter_map(|line| {
            let mut parts = line.split(" | ").map(str::trim);
            Some((parts.next()?, Text::new(parts.next()?, parts.next()?)))
        })
        .collect()
});

/// What a concept means, if the dictionary has it.
pub fn concept(id: &str) -> Option<&'static Text> {
    CONCEPTS.get(id)
}

/// All concepts by id.
pub fn concepts() -> impl Iterator<Item = (&'static str, &'static Text)> {
    CONCEPTS.iter().map(|(id, text)| (*id, text))
}

/// Warns of concepts that the dictionary does not have.
pub(crate) fn check(protocol: &Protocol) -> Vec<Finding> {
    let mut found = vec![];
    for (form, f) in &protocol.forms {
        for (s, section) in f.sections.iter().enumerate() {
            for (i, item) in section.items.iter().enumerate() {
                let at = path!["forms", form, "sections", s, "items", i];
                let inner = item.items.iter().enumerate().map(|(g, item)| (Some(g), item));
                for (group, item) in std::iter::once((None, item)).chain(inner) {
                    let Item { concept: Some(id), .. } = item else { continue };
                    if concept(id).is_some() {
                        continue;
                    }
                    let mut path = at.clone();
                    path.extend(group.map(|g| path!["items", g]).unwrap_or_default());
                    path.extend(path!["concept"]);
                    let message = Text::new(
                        format!("概念「{id}」は概念辞書にありません。"),
                        format!("Concept \"{id}\" is not in the dictionary of concepts."),
                    );
                    let diagnostic = Diagnostic::warning("P0901", message)
                        .hint(Text::new(
                            "他の試験の規則からこの項目を探せません。辞書にある名前を使うか、辞書に加えてください。",
                            "Rules of other studies will not find this item. Use a concept of the dictionary, or add it there.",
                        ))
                        .maybe_hint(did_you_mean(id, concepts().map(|(id, _)| id)));
                    found.push(Finding { path, inside: None, on_key: false, diagnostic });
                }
            }
        }
    }
    found
}
