//! What the pages say, by key, in the reader's language.

use crate::error::StartError;
use conduct::Role;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::borrow::Cow;
use std::sync::OnceLock;
use words::{Arg, Lang, Messages, Text};

const JA: &str = include_str!("../words/ja.ftl");
const EN: &str = include_str!("../words/en.ftl");
static MESSAGES: OnceLock<Messages> = OnceLock::new();

/// Reads the message files once. Every later [`Tongue`] speaks from them.
pub(crate) fn prepare() -> Result<(), StartError> {
    if MESSAGES.get().is_none() {
        let messages = Messages::new(JA, EN)?;
        let _ = MESSAGES.set(messages);
    }
    Ok(())
}

/// The reader's language; templates speak through it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tongue(pub Lang);

impl Tongue {
    pub fn tag(&self) -> &'static str {
        self.0.tag()
    }

    pub fn say(&self, key: &str) -> Cow<'static, str> {
        self.fill(key, &[])
    }

    /// A message with the number `n`.
    pub fn count<N: TryInto<i64> + Copy>(&self, key: &str, n: &N) -> Cow<'static, str> {
        self.fill(key, &[("n", Arg::Count((*n).try_into().unwrap_or(i64::MAX)))])
    }

    /// A message with one text `x`.
    pub fn with(&self, key: &str, x: &str) -> Cow<'static, str> {
        self.fill(key, &[("x", Arg::Text(x))])
    }

    /// A message with two texts `x` and `y`.
    pub fn with2(&self, key: &str, x: &str, y: &str) -> Cow<'static, str> {
        self.fill(key, &[("x", Arg::Text(x)), ("y", Arg::Text(y))])
    }

    /// A message if there is one: for codes of knowledge, which may know more than these pages.
    pub fn known(&self, key: &str) -> Option<Cow<'static, str>> {
        MESSAGES.get().filter(|m| m.has(key)).map(|_| self.say(key))
    }

    pub fn fill(&self, key: &str, args: &[(&str, Arg<'_>)]) -> Cow<'static, str> {
        match MESSAGES.get() {
            Some(messages) => messages.fill(self.0, key, args),
            None => Cow::Owned(format!("⟦{key}⟧")),
        }
    }

    /// The words of a protocol or a refusal.
    pub fn of<'a>(&self, text: &'a Text) -> &'a str {
        text.get(self.0)
    }

    pub fn n<N: TryInto<i64> + Copy>(&self, n: &N) -> String {
        words::thousands((*n).try_into().unwrap_or(i64::MAX))
    }

    /// A day. ISO order in both languages: it aligns, sorts and cannot be misread.
    pub fn day(&self, day: &Date) -> String {
        day.to_string()
    }

    /// A moment in the study's time zone, to the second.
    pub fn moment(&self, at: &Timestamp, zone: &TimeZone) -> String {
        at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }
}

/// The message that names a role.
pub fn role_key(role: Role) -> String {
    format!("role-{}", role.name())
}
