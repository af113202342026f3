//! Events as bytes. The bytes are stored and hashed as they are; only reading goes through upcasters.

use crate::event::Event;
use ledger::{Entry, RESERVED};
use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, VariantAccess, Visitor};
use words::Text;

/// Every kind this release writes, with its version. A change of a payload is a new version and an upcaster.
pub const KINDS: &[(&str, u16)] = &[
    ("study_opened", 1),
    ("protocol_adopted", 1),
    ("accrual_held", 1),
    ("accrual_released", 1),
    ("look_held", 1),
    ("seed_revealed", 1),
    ("clock_went_back", 1),
    ("site_joined", 1),
    ("approval_recorded", 1),
    ("role_granted", 1),
    ("role_revoked", 1),
    ("data_imported", 1),
    ("participant_imported", 1),
    ("allocation_imported", 1),
    ("consent_given", 1),
    ("consent_withdrawn", 1),
    ("registered", 1),
    ("registration_refused", 1),
    ("registration_cancelled", 1),
    ("allocated", 1),
    ("found_ineligible", 1),
    ("off_treatment", 1),
    ("form_saved", 1),
    ("form_completed", 1),
    ("form_reopened", 1),
    ("form_not_applicable", 1),
    ("query_raised", 1),
    ("query_answered", 1),
    ("query_returned", 1),
    ("query_closed", 1),
    ("letter_adopted", 1),
    ("letter_commented", 1),
    ("letter_signed", 1),
    ("letter_asked", 1),
    ("letter_handed_over", 1),
    ("letter_issued", 1),
];

type Upcaster = fn(serde_json::Value) -> serde_json::Value;

/// From (kind, version) to the payload of the next version. Empty until a payload changes.
const UPCASTERS: &[(&str, u16, Upcaster)] = &[];

/// Why an entry is not an event that this release understands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    #[error("entry {seq}: this release knows no event `{kind}`; open the ledger with a newer Shirube")]
    UnknownKind { seq: u64, kind: String },
    #[error(
        "entry {seq}: `{kind}` is version {found}, this release reads up to {known}; open the ledger with a newer Shirube"
    )]
    Newer { seq: u64, kind: String, found: u16, known: u16 },
    #[error("entry {seq}: the payload of `{kind}` cannot be read: {detail}")]
    Payload { seq: u64, kind: String, detail: String },
    #[error("an event cannot be written: {0}")]
    Write(String),
}

impl EventError {
    pub fn told(&self) -> Text {
        let ja = match self {
            EventError::UnknownKind { seq, kind } => {
                format!("{seq} 番の事象「{kind}」はこの版では読めません。新しい Shirube で開いてください。")
            }
            EventError::Newer { seq, kind, found, known } => format!(
                "{seq} 番の事象「{kind}」は第 {found} 版です。読めるのは第 {known} 版までです。新しい Shirube で開いてください。"
            ),
            EventError::Payload { seq, kind, detail } => {
                format!("{seq} 番の事象「{kind}」の内容を読めません({detail})。")
            }
            EventError::Write(detail) => format!("事象を書き出せません({detail})。"),
        };
        Text::new(ja, self.to_string())
    }
}

/// Kind, kind version and payload bytes of an event.
pub fn write(event: &Event) -> Result<(&'static str, u16, Vec<u8>), EventError> {
    // Written as {"kind":{...}}; the kind goes into the entry, the fields into the payload.
    let mut bytes = serde_json::to_vec(event).map_err(|e| EventError::Write(e.to_string()))?;
    let tagged = || EventError::Write("the event is not an object".to_owned());
    let end = bytes.iter().skip(2).position(|b| *b == b'"').ok_or_else(tagged)? + 2;
    let name = bytes.get(2..end).ok_or_else(tagged)?;
    let &(kind, version) = KINDS.iter().find(|(k, _)| k.as_bytes() == name).ok_or_else(tagged)?;
    bytes.pop();
    bytes.drain(..end + 2);
    Ok((kind, version, bytes))
}

/// The event of an entry; `None` for the ledger's own kinds and for content that was erased.
pub fn read(entry: &Entry) -> Result<Option<Event>, EventError> {
    if entry.kind.starts_with(RESERVED) {
        return Ok(None);
    }
    let (seq, kind, found) = (entry.seq, &entry.kind, entry.kind_version);
    let known = KINDS.iter().find(|(k, _)| k == kind).map(|(_, v)| *v);
    let known = known.ok_or_else(|| EventError::UnknownKind { seq, kind: kind.clone() })?;
    let bad = |detail: String| EventError::Payload { seq, kind: kind.clone(), detail };
    if found > known {
        return Err(EventError::Newer { seq, kind: kind.clone(), found, known });
    }
    if found == 0 {
        return Err(bad("version 0".to_owned()));
    }
    let Some(payload) = &entry.payload else { return Ok(None) };
    if found == known {
        let mut content = serde_json::Deserializer::from_slice(payload);
        let event =
            Event::deserialize(Tagged { kind, content: &mut content }).map_err(|e| bad(e.to_string()))?;
        content.end().map_err(|e| bad(e.to_string()))?;
        return Ok(Some(event));
    }
    let mut value = serde_json::from_slice(payload).map_err(|e| bad(e.to_string()))?;
    for version in found..known {
        let (_, _, up) = UPCASTERS
            .iter()
            .find(|(k, v, _)| k == kind && *v == version)
            .ok_or_else(|| bad(format!("no way from version {version}")))?;
        value = up(value);
    }
    Event::deserialize(Tagged { kind, content: value }).map(Some).map_err(|e| bad(e.to_string()))
}

/// An enum whose variant stands outside of its content.
struct Tagged<'a, D> {
    kind: &'a str,
    content: D,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Tagged<'_, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_enum(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de, D: Deserializer<'de>> EnumAccess<'de> for Tagged<'_, D> {
    type Error = D::Error;
    type Variant = Content<D>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Content<D>), D::Error> {
        let kind: de::value::StrDeserializer<'_, D::Error> = self.kind.into_deserializer();
        Ok((seed.deserialize(kind)?, Content(self.content)))
    }
}

struct Content<D>(D);

impl<'de, D: Deserializer<'de>> VariantAccess<'de> for Content<D> {
    type Error = D::Error;

    fn unit_variant(self) -> Result<(), D::Error> {
        Err(de::Error::custom("no event is without content"))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, D::Error> {
        seed.deserialize(self.0)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_struct("event", fields, visitor)
    }
}
