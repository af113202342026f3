//! What an amendment changes, one line for each part that differs.

use crate::{Protocol, canonical};
use serde::Serialize;
use serde_json::{Map, Value};
use words::Text;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    Added,
    Removed,
    Changed,
    /// The same parts in another order.
    Reordered,
}

/// One difference between two versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    pub kind: ChangeKind,
    /// The way to the part, by keys and ids: `steps`, `first_registration`, `criteria`, `I1`, `rule`.
    pub path: Vec<String>,
    /// The same in words, with what was and what is.
    pub text: Text,
}

/// All that differs from `before` to `after`, in the order of the protocol. Parts of a list are matched by their
/// ids, so that a criterion that moved is not told as removed and added.
pub fn difference(before: &Protocol, after: &Protocol) -> Vec<Change> {
    let json = |p: &Protocol| serde_json::from_slice(&canonical(p)).unwrap_or(Value::Null);
    let mut out = vec![];
    compare(&mut vec![], &json(before), &json(after), &mut out);
    out
}

fn compare(path: &mut Vec<String>, before: &Value, after: &Value, out: &mut Vec<Change>) {
    match (named(before), named(after)) {
        (Some(a), Some(b)) => {
            for (key, old) in &a {
                path.push(key.clone());
                match b.get(key) {
                    Some(new) => compare(path, old, new, out),
                    None => out.push(change(ChangeKind::Removed, path, old, &Value::Null)),
                }
                path.pop();
            }
            for (key, new) in b.iter().filter(|(key, _)| !a.contains_key(*key)) {
                path.push(key.clone());
                out.push(change(ChangeKind::Added, path, &Value::Null, new));
                path.pop();
            }
            let common = |from: &Map<String, Value>, other: &Map<String, Value>| -> Vec<String> {
                from.keys().filter(|k| other.contains_key(*k)).cloned().collect()
            };
            let (was, is) = (common(&a, &b), common(&b, &a));
            if was != is {
                let row = |keys: Vec<String>| Value::Array(keys.into_iter().map(Value::String).collect());
                out.push(change(ChangeKind::Reordered, path, &row(was), &row(is)));
            }
        }
        _ if before == after => {}
        _ => out.push(change(ChangeKind::Changed, path, before, after)),
    }
}

/// A map as it is, and a list of parts with ids as a map by id; `None` for what is told as a whole.
fn named(value: &Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(object) => Some(object.clone()),
        Value::Array(parts) if !parts.is_empty() => {
            let mut out = Map::new();
            for part in parts {
                // Sections have no id; their English heading is their name.
                let name = ["id", "item", "en"].iter().find_map(|key| part[*key].as_str())?;
                if out.insert(name.to_owned(), part.clone()).is_some() {
                    return None;
                }
            }
            Some(out)
        }
        _ => None,
    }
}

fn change(kind: ChangeKind, path: &[String], before: &Value, after: &Value) -> Change {
    let way = Text::new(
        path.iter().map(|key| word(key).map_or(key.as_str(), |w| w.0)).collect::<Vec<_>>().join(" › "),
        path.iter().map(|key| word(key).map_or(key.as_str(), |w| w.1)).collect::<Vec<_>>().join(" › "),
    );
    let (old, new) = (shown(before), shown(after));
    let text = match kind {
        ChangeKind::Added => {
            Text::new(format!("{} を追加: {}", way.ja, new.ja), format!("{} added: {}", way.en, new.en))
        }
        ChangeKind::Removed => {
            Text::new(format!("{} を削除: {}", way.ja, old.ja), format!("{} removed: {}", way.en, old.en))
        }
        ChangeKind::Changed => Text::new(
            format!("{} を変更: {} → {}", way.ja, old.ja, new.ja),
            format!("{} changed: {} → {}", way.en, old.en, new.en),
        ),
        ChangeKind::Reordered => Text::new(
            format!("{} の順序を変更: {} → {}", way.ja, old.ja, new.ja),
            format!("{} reordered: {} → {}", way.en, old.en, new.en),
        ),
    };
    Change { kind, path: path.to_vec(), text }
}

/// A part in few words: its own name if it has one, otherwise what is written.
fn shown(value: &Value) -> Text {
    match value {
        Value::Object(part) => {
            match (part.get("ja").and_then(Value::as_str), part.get("en").and_then(Value::as_str)) {
                (Some(ja), Some(en)) => {
                    let rule = part
                        .get("rule")
                        .and_then(Value::as_str)
                        .map(|r| format!(" [{}]", line(r)))
                        .unwrap_or_default();
                    Text::new(format!("{ja}{rule}"), format!("{en}{rule}"))
                }
                _ => Text::same(value.to_string()),
            }
        }
        Value::String(text) => Text::same(line(text)),
        Value::Array(parts) if parts.iter().all(Value::is_string) => {
            Text::same(parts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "))
        }
        other => Text::same(other.to_string()),
    }
}

fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A top-level part of the protocol by its name, where a reader may not know the key.
pub fn part_name(key: &str) -> Option<Text> {
    word(key).map(|(ja, en)| Text::new(ja, en))
}

/// Keys of the protocol that a reader may not know, in words.
fn word(key: &str) -> Option<(&'static str, &'static str)> {
    const WORDS: &[(&str, &str, &str)] = &[
        ("published", "公表値", "published numbers"),
        ("summary", "概要", "summary"),
        ("registry", "登録番号", "registry numbers"),
        ("accrual", "登録計画", "accrual plan"),
        ("allocate", "割付", "allocation"),
        ("allocation", "割付", "allocation"),
        ("analyses", "解析", "analyses"),
        ("approvals", "承認書類", "approvals"),
        ("arms", "群", "arms"),
        ("checks", "論理チェック", "edit checks"),
        ("codes", "コード", "codes"),
        ("consent", "同意文書", "consent document"),
        ("criteria", "適格規準", "criteria"),
        ("design", "試験デザイン", "design"),
        ("documents", "文書", "documents"),
        ("effective", "発効日", "effective from"),
        ("endpoints", "エンドポイント", "endpoints"),
        ("facts", "事象", "facts"),
        ("factors", "割付調整因子", "balancing factors"),
        ("follow", "優先群への割付確率", "probability of the preferred arm"),
        ("forms", "症例報告書", "forms"),
        ("intercurrent", "中間事象", "intercurrent events"),
        ("items", "項目", "items"),
        ("ratio", "割付比", "ratio"),
        ("rule", "規則", "rule"),
        ("schedule", "来院予定", "schedule"),
        ("sections", "セクション", "sections"),
        ("sets", "解析対象集団", "analysis sets"),
        ("steps", "登録段階", "steps"),
        ("test_patients", "テスト患者", "test patients"),
        ("switches", "感度解析", "sensitivity switches"),
        ("title", "課題名", "title"),
        ("version", "版", "version"),
        ("window", "期間", "window"),
    ];
    WORDS.iter().find(|(k, ..)| *k == key).map(|(_, ja, en)| (*ja, *en))
}
