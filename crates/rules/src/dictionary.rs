//! The dictionary of items against which rules are typed.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use words::Text;

/// What kind of value an item has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    Boolean,
    Integer,
    /// An exact decimal number; items with different units are never compared.
    Decimal {
        unit: Option<String>,
    },
    /// One of the codes, in the order in which they are listed.
    Code {
        codes: Arc<[String]>,
    },
    Text,
    /// A day of which parts may be unknown.
    Date,
    Duration,
    List(Arc<RecordType>),
}

impl Type {
    pub fn codes<S: Into<String>>(codes: impl IntoIterator<Item = S>) -> Type {
        Type::Code { codes: codes.into_iter().map(Into::into).collect() }
    }

    pub fn decimal(unit: &str) -> Type {
        Type::Decimal { unit: Some(unit.to_owned()) }
    }

    /// What it is called in a message.
    pub fn name(&self) -> Text {
        match self {
            Type::Boolean => Text::new("真偽値（はい・いいえ）", "true or false"),
            Type::Integer => Text::new("整数", "a whole number"),
            Type::Decimal { unit: None } => Text::new("数値", "a number"),
            Type::Decimal { unit: Some(u) } => Text::new(format!("数値（{u}）"), format!("a number in {u}")),
            Type::Code { codes } => Text::new(
                format!("コード（{}）", quoted(codes, "、")),
                format!("one of the codes {}", quoted(codes, ", ")),
            ),
            Type::Text => Text::new("文字列", "text"),
            Type::Date => Text::new("日付", "a date"),
            Type::Duration => Text::new("期間", "a duration"),
            Type::List(_) => Text::new("繰り返し記録のリスト", "a list of records"),
        }
    }
}

/// At most a dozen codes in quotes.
pub(crate) fn quoted(codes: &[String], separator: &str) -> String {
    let mut shown: Vec<String> = codes.iter().take(12).map(|c| format!("'{c}'")).collect();
    if codes.len() > 12 {
        shown.push("…".into());
    }
    shown.join(separator)
}

/// The fields of each record of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordType {
    pub fields: Vec<Field>,
}

impl RecordType {
    pub fn new(fields: impl IntoIterator<Item = Field>) -> RecordType {
        RecordType { fields: fields.into_iter().collect() }
    }

    pub fn field(&self, name: &str) -> Option<(usize, &Field)> {
        self.fields.iter().enumerate().find(|(_, f)| f.name == name)
    }
}

/// One field of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: String,
    pub kind: Type,
    pub label: Text,
    /// What each code means; may be empty.
    pub code_labels: BTreeMap<String, Text>,
}

impl Field {
    pub fn new(name: &str, kind: Type, label: Text) -> Field {
        Field { name: name.to_owned(), kind, label, code_labels: BTreeMap::new() }
    }
}

/// The place of an item in its dictionary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Slot(pub u32);

/// One item that rules may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// `form.item` or `item`.
    pub path: String,
    pub kind: Type,
    pub label: Text,
    /// What each code means; may be empty.
    pub code_labels: BTreeMap<String, Text>,
}

impl Item {
    pub fn new(path: &str, kind: Type, label: Text) -> Item {
        Item { path: path.to_owned(), kind, label, code_labels: BTreeMap::new() }
    }
}

/// Why an item may not enter the dictionary.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DictionaryError {
    #[error("there are two items `{0}`")]
    Twice(String),
    #[error(
        "`{0}` is not a path: write letters, digits and `_`, not starting with a digit, with dots between parts"
    )]
    Path(String),
    #[error("`{0}` is a word of the rule language and cannot name an item or a field")]
    Reserved(String),
    #[error("item `{0}` has a code list without codes, or with a code twice")]
    Codes(String),
    #[error("item `{0}` has two fields `{1}`")]
    FieldTwice(String, String),
    #[error("the dictionary is full")]
    Full,
}

/// Words that the language keeps for itself.
pub(crate) const RESERVED: [&str; 3] = ["true", "false", "in"];

/// Whether `s` can be written as a name in a rule.
pub(crate) fn is_name(s: &str) -> bool {
    let mut bytes = s.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// All items that rules of one protocol version may name.
#[derive(Clone, Debug, Default)]
pub struct Dictionary {
    items: Vec<Item>,
    by_path: BTreeMap<String, Slot>,
}

impl Dictionary {
    pub fn new() -> Dictionary {
        Dictionary::default()
    }

    /// Adds an item. Refused if its path is taken, cannot be written in a rule, or its codes or fields repeat.
    pub fn add(&mut self, item: Item) -> Result<Slot, DictionaryError> {
        for part in item.path.split('.') {
            check_name(part, &item.path)?;
        }
        check_kind(&item.kind, &item.path)?;
        if self.by_path.contains_key(&item.path) {
            return Err(DictionaryError::Twice(item.path));
        }
        let slot = Slot(u32::try_from(self.items.len()).map_err(|_| DictionaryError::Full)?);
        self.by_path.insert(item.path.clone(), slot);
        self.items.push(item);
        Ok(slot)
    }

    pub fn slot(&self, path: &str) -> Option<Slot> {
        self.by_path.get(path).copied()
    }

    pub fn item(&self, slot: Slot) -> Option<&Item> {
        self.items.get(slot.0 as usize)
    }

    pub fn get(&self, path: &str) -> Option<&Item> {
        self.slot(path).and_then(|slot| self.item(slot))
    }

    /// Items in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (Slot, &Item)> {
        self.items.iter().enumerate().map(|(i, item)| (Slot(i as u32), item))
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

fn check_name(name: &str, path: &str) -> Result<(), DictionaryError> {
    if RESERVED.contains(&name) {
        Err(DictionaryError::Reserved(name.to_owned()))
    } else if is_name(name) {
        Ok(())
    } else {
        Err(DictionaryError::Path(path.to_owned()))
    }
}

fn check_kind(kind: &Type, path: &str) -> Result<(), DictionaryError> {
    match kind {
        Type::Code { codes } => {
            let distinct: std::collections::BTreeSet<_> = codes.iter().collect();
            if codes.is_empty() || distinct.len() != codes.len() {
                return Err(DictionaryError::Codes(path.to_owned()));
            }
        }
        Type::List(record) => {
            for (i, field) in record.fields.iter().enumerate() {
                check_name(&field.name, &format!("{path}.{}", field.name))?;
                check_kind(&field.kind, &format!("{path}.{}", field.name))?;
                if record.fields[..i].iter().any(|f| f.name == field.name) {
                    return Err(DictionaryError::FieldTwice(path.to_owned(), field.name.clone()));
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// Where a rule stands: which items it sees.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    pub dictionary: &'a Dictionary,
    /// The form at which the rule is written: `ps` means `home.ps` if there is one, otherwise `ps`.
    pub home: Option<&'a str>,
}

impl<'a> Scope<'a> {
    pub fn new(dictionary: &'a Dictionary) -> Scope<'a> {
        Scope { dictionary, home: None }
    }

    pub fn at(dictionary: &'a Dictionary, home: &'a str) -> Scope<'a> {
        Scope { dictionary, home: Some(home) }
    }

    /// The item that `path` means here.
    pub fn resolve(&self, path: &str) -> Option<Slot> {
        self.home
            .and_then(|home| self.dictionary.slot(&format!("{home}.{path}")))
            .or_else(|| self.dictionary.slot(path))
    }
}
