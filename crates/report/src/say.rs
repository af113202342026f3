//! The words of reports and figures, by key, from `words/ja.ftl` and `words/en.ftl`.

use std::sync::LazyLock;
use words::{Arg, Lang, MessageError, Messages, Text};

static MESSAGES: LazyLock<Result<Messages, MessageError>> = LazyLock::new(|| {
    Messages::new(
        concat!(include_str!("../words/ja.ftl"), include_str!("../words/documents.ja.ftl")),
        concat!(include_str!("../words/en.ftl"), include_str!("../words/documents.en.ftl")),
    )
});

pub(crate) fn fill(lang: Lang, key: &str, args: &[(&str, Arg<'_>)]) -> String {
    match LazyLock::force(&MESSAGES) {
        Ok(messages) => messages.fill(lang, key, args).into_owned(),
        Err(_) => format!("⟦{key}⟧"),
    }
}

pub(crate) fn get(lang: Lang, key: &str) -> String {
    fill(lang, key, &[])
}

pub(crate) fn has(key: &str) -> bool {
    LazyLock::force(&MESSAGES).as_ref().is_ok_and(|m| m.has(key))
}

/// Speaks one language.
#[derive(Clone, Copy)]
pub(crate) struct Tell(pub Lang);

impl Tell {
    pub(crate) fn say(self, key: &str) -> String {
        get(self.0, key)
    }

    pub(crate) fn with(self, key: &str, args: &[(&str, &str)]) -> String {
        let args: Vec<(&str, Arg<'_>)> = args.iter().map(|(k, v)| (*k, Arg::Text(v))).collect();
        fill(self.0, key, &args)
    }

    pub(crate) fn of(self, ja: &str, en: &str) -> String {
        match self.0 {
            Lang::Ja => ja.to_owned(),
            Lang::En => en.to_owned(),
        }
    }
}

/// In both languages.
pub(crate) fn text(key: &str) -> Text {
    Text::new(get(Lang::Ja, key), get(Lang::En, key))
}

/// In both languages, with places filled by words of each language.
pub(crate) fn text_with(key: &str, args: &[(&str, &Text)]) -> Text {
    let one = |lang: Lang| {
        let args: Vec<(&str, Arg<'_>)> = args.iter().map(|(k, t)| (*k, Arg::Text(t.get(lang)))).collect();
        fill(lang, key, &args)
    };
    Text::new(one(Lang::Ja), one(Lang::En))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn both_message_files_have_the_same_keys_and_variables() {
        let read = LazyLock::force(&MESSAGES).as_ref();
        assert!(read.is_ok(), "{:?}", read.err());
    }

    /// Every message that the code or a template asks for exists, and none is left unused.
    #[test]
    fn every_message_is_used_and_every_used_message_exists() {
        let Ok(messages) = LazyLock::force(&MESSAGES) else { panic!("messages cannot be read") };
        let mut sources = String::new();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut folders = vec![root.join("src"), root.join("templates")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    sources += &std::fs::read_to_string(path).unwrap();
                }
            }
        }
        let quoted: BTreeSet<&str> = sources.split('"').collect();
        // Families whose last part is computed: `stat-…` and the like.
        let families = [
            "outcome-",
            "stat-",
            "option-",
            "method-",
            "box-",
            "reason-",
            "missing-",
            "nature-",
            "strategy-",
            "what-",
            "key-",
            "type-",
            "form-status-",
            "variable-",
        ];
        for key in messages.keys() {
            assert!(
                quoted.contains(key) || families.iter().any(|f| key.starts_with(f)),
                "`{key}` is not used"
            );
        }
        for call in [
            "say::get(lang, \"",
            "say::fill(lang, \"",
            "say::text(\"",
            "say::text_with(\"",
            "self.say(\"",
            "p.say(\"",
            "t.say(\"",
            "t.with(\"",
        ] {
            for part in sources.split(call).skip(1) {
                let key = part.split('"').next().unwrap_or_default();
                assert!(messages.has(key), "`{key}` does not exist");
            }
        }
    }
}
