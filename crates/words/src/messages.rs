//! Texts by key, from one Fluent file per language.

use crate::Lang;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use unic_langid::LanguageIdentifier;

/// What fills a place `{ $name }` of a message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Arg<'a> {
    Text(&'a str),
    /// A whole number: chooses the plural form, and is written with commas between thousands.
    Count(i64),
}

impl<'a> From<&'a str> for Arg<'a> {
    fn from(text: &'a str) -> Self {
        Arg::Text(text)
    }
}

impl<'a> From<&'a String> for Arg<'a> {
    fn from(text: &'a String) -> Self {
        Arg::Text(text)
    }
}

macro_rules! counts {
    ($($whole:ty),*) => {$(
        impl From<$whole> for Arg<'_> {
            fn from(n: $whole) -> Self {
                Arg::Count(i64::try_from(n).unwrap_or(i64::MAX))
            }
        }
    )*};
}
counts!(u32, u64, usize, i32, i64);

/// Why message files were refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    #[error("the {lang} messages are not Fluent: {what}")]
    Syntax { lang: Lang, what: String },
    #[error("message `{key}` is written twice in the {lang} messages")]
    Twice { lang: Lang, key: String },
    #[error("message `{key}` has no words in the {lang} messages")]
    Empty { lang: Lang, key: String },
    #[error("message `{key}` is missing in the {lang} messages")]
    Missing { lang: Lang, key: String },
    #[error("message `{key}` uses {ja:?} in Japanese and {en:?} in English")]
    Places { key: String, ja: BTreeSet<String>, en: BTreeSet<String> },
}

/// The messages of one crate in all languages: every key exists in each, with the same places to fill.
pub struct Messages {
    ja: FluentBundle<FluentResource>,
    en: FluentBundle<FluentResource>,
    keys: BTreeMap<String, BTreeSet<String>>,
}

impl Messages {
    /// Reads two Fluent files (simple messages, variables and selectors; no attributes or functions). Refused when a
    /// key is missing in one of them, or the two do not have the same variables.
    pub fn new(ja: &str, en: &str) -> Result<Messages, MessageError> {
        let (ja_keys, en_keys) = (keys(Lang::Ja, ja)?, keys(Lang::En, en)?);
        for (lang, one, other) in [(Lang::En, &ja_keys, &en_keys), (Lang::Ja, &en_keys, &ja_keys)] {
            if let Some(key) = one.keys().find(|key| !other.contains_key(*key)) {
                return Err(MessageError::Missing { lang, key: key.clone() });
            }
        }
        for (key, places) in &ja_keys {
            let Some(en) = en_keys.get(key).filter(|en| *en != places) else { continue };
            return Err(MessageError::Places { key: key.clone(), ja: places.clone(), en: en.clone() });
        }
        Ok(Messages { ja: bundle(Lang::Ja, ja)?, en: bundle(Lang::En, en)?, keys: ja_keys })
    }

    /// Every key, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(String::as_str)
    }

    pub fn has(&self, key: &str) -> bool {
        self.keys.contains_key(key)
    }

    /// The message without anything to fill in. An unknown key is shown as `⟦key⟧`: visible, and found by tests.
    pub fn get(&self, lang: Lang, key: &str) -> Cow<'_, str> {
        self.fill(lang, key, &[])
    }

    /// The message with its places filled.
    pub fn fill(&self, lang: Lang, key: &str, args: &[(&str, Arg<'_>)]) -> Cow<'_, str> {
        let bundle = match lang {
            Lang::Ja => &self.ja,
            Lang::En => &self.en,
        };
        let Some(pattern) = bundle.get_message(key).and_then(|m| m.value()) else {
            return Cow::Owned(format!("⟦{key}⟧"));
        };
        let mut places = FluentArgs::with_capacity(args.len());
        for (name, arg) in args {
            match arg {
                Arg::Text(text) => places.set(*name, *text),
                Arg::Count(n) => places.set(*name, *n),
            }
        }
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, Some(&places), &mut errors);
        if errors.is_empty() { Cow::Owned(text.into_owned()) } else { Cow::Owned(format!("⟦{key}⟧")) }
    }
}

fn bundle(lang: Lang, source: &str) -> Result<FluentBundle<FluentResource>, MessageError> {
    let syntax = |what: String| MessageError::Syntax { lang, what };
    let resource = FluentResource::try_new(source.to_owned()).map_err(|(_, errors)| {
        syntax(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    })?;
    let tag: LanguageIdentifier = lang.tag().parse().map_err(|e| syntax(format!("{e:?}")))?;
    let mut bundle = FluentBundle::new_concurrent(vec![tag]);
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(|value, _| match value {
        FluentValue::Number(n) if n.value.fract() == 0.0 => Some(thousands(n.value as i64)),
        _ => None,
    }));
    bundle
        .add_resource(resource)
        .map_err(|errors| syntax(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))?;
    Ok(bundle)
}

/// A whole number with commas between thousands, as both languages write it.
pub fn thousands(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if n < 0 {
        out.push('−');
    }
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Keys of a Fluent file with the variables that each message uses.
fn keys(lang: Lang, source: &str) -> Result<BTreeMap<String, BTreeSet<String>>, MessageError> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut current: Option<String> = None;
    for line in source.lines() {
        if line.starts_with('#') {
            continue;
        }
        let rest = match line.split_once('=') {
            Some((key, rest)) if line.starts_with(|c: char| c.is_ascii_alphabetic()) => {
                let key = key.trim().to_owned();
                if found.insert(key.clone(), BTreeSet::new()).is_some() {
                    return Err(MessageError::Twice { lang, key });
                }
                current = Some(key);
                rest
            }
            _ => line,
        };
        let Some(places) = current.as_ref().and_then(|key| found.get_mut(key)) else { continue };
        for (at, _) in rest.match_indices('$') {
            let name: String =
                rest[at + 1..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            places.insert(name);
        }
    }
    let read = bundle(lang, source)?;
    match found.keys().find(|key| read.get_message(key).and_then(|m| m.value()).is_none()) {
        Some(key) => Err(MessageError::Empty { lang, key: key.clone() }),
        None => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JA: &str = "due = 期限切れ { $n }件\ntitle = 概要\n";
    const EN: &str = "due =\n    { $n ->\n        [one] { $n } form overdue\n       *[other] { $n } forms overdue\n    }\ntitle = Overview\n";

    #[test]
    fn a_message_is_filled_in_both_languages() {
        let m = Messages::new(JA, EN).unwrap();
        assert_eq!(m.fill(Lang::Ja, "due", &[("n", 1234.into())]), "期限切れ 1,234件");
        assert_eq!(m.fill(Lang::En, "due", &[("n", 1.into())]), "1 form overdue");
        assert_eq!(m.fill(Lang::En, "due", &[("n", 1234.into())]), "1,234 forms overdue");
        assert_eq!(m.get(Lang::En, "title"), "Overview");
    }

    #[test]
    fn an_unknown_key_or_an_unfilled_place_is_shown_and_not_hidden() {
        let m = Messages::new(JA, EN).unwrap();
        assert_eq!(m.get(Lang::Ja, "titel"), "⟦titel⟧");
        assert_eq!(m.get(Lang::Ja, "due"), "⟦due⟧");
    }

    #[test]
    fn languages_that_differ_in_keys_or_places_are_refused() {
        let refused = |ja, en| Messages::new(ja, en).err().unwrap();
        assert_eq!(
            refused("a = あ\n", "a = a\nb = b\n"),
            MessageError::Missing { lang: Lang::Ja, key: "b".into() }
        );
        assert_eq!(
            refused("a = あ\nb = い\n", "a = a\n"),
            MessageError::Missing { lang: Lang::En, key: "b".into() }
        );
        assert!(matches!(refused("a = { $x }\n", "a = { $y }\n"), MessageError::Places { .. }));
        assert!(matches!(refused("a = あ\na = い\n", "a = a\n"), MessageError::Twice { .. }));
        assert!(matches!(refused("a = {\n", "a = a\n"), MessageError::Syntax { .. }));
    }

    #[test]
    fn thousands_are_parted_by_commas() {
        for (n, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1234567, "1,234,567"), (-1000, "−1,000")]
        {
            assert_eq!(thousands(n), text);
        }
    }
}
