//! What an amendment changes, part by part.

use super::around;
use crate::document::{Block, Document, words};
use crate::say::Tell;
use protocol::{Change, Compiled};
use words::Lang;

/// The differences from one version to the next, under the parts of the protocol that they touch.
pub fn document(before: &Compiled, after: &Compiled, engine: &str, lang: Lang) -> Document {
    let t = Tell(lang);
    let changes = protocol::difference(&before.protocol, &after.protocol);
    let versions = [("from", before.protocol.version.as_str()), ("to", after.protocol.version.as_str())];
    let mut blocks = Vec::new();
    if changes.is_empty() {
        blocks.push(Block::notice(t.say("read-no-changes")));
    }
    let mut part = "";
    let mut items: Vec<&Change> = Vec::new();
    for change in &changes {
        let first = change.path.first().map_or("", String::as_str);
        if first != part && !items.is_empty() {
            blocks.extend(section(part, &std::mem::take(&mut items), t));
        }
        part = first;
        items.push(change);
    }
    if !items.is_empty() {
        blocks.extend(section(part, &items, t));
    }
    let mut document = around(after, engine, t, t.with("read-changes-title", &versions), blocks);
    document.contents = false;
    let hash: String = before.hash.iter().take(8).map(|b| format!("{b:02x}")).collect();
    let was = t.with("fact-protocol-value", &[("version", &before.protocol.version), ("hash", &hash)]);
    document.facts.insert(1, (t.say("read-before"), was));
    document
}

fn section(part: &str, changes: &[&Change], t: Tell) -> [Block; 2] {
    let items = changes.iter().map(|c| words(c.text.get(t.0))).collect();
    let name = protocol::part_name(part).map_or_else(|| part.to_owned(), |n| n.get(t.0).to_owned());
    let id = part.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect::<String>();
    [Block::heading(1, format!("part-{id}"), name), Block::List { ordered: false, items }]
}
