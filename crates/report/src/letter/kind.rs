//! What is written for whom, and by which rules.

use words::Lang;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// To the participants.
    Letter,
    /// To the press.
    Press,
    /// One page for physicians.
    Summary,
}

/// The rules of a kind of text.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Written for everybody: no statistics' words, natural frequencies, terms explained.
    pub lay: bool,
    /// The ten elements of Annex V.
    pub elements: bool,
    /// Readings over the characters, in Japanese.
    pub readings: bool,
    /// Nothing is told before the embargo's day.
    pub embargo: bool,
    /// Longest sentence and longest mean: characters in Japanese, words in English.
    ja: (usize, usize),
    en: (usize, usize),
}

impl Rules {
    pub fn sentence(&self, lang: Lang) -> (usize, usize) {
        match lang {
            Lang::Ja => self.ja,
            Lang::En => self.en,
        }
    }
}

/// 60 and 40 characters are the group's rule for letters; 25 and 18 words keep English about as short.
const RULES: [(Kind, &str, Rules); 3] = [
    (
        Kind::Letter,
        "letter",
        Rules { lay: true, elements: true, readings: true, embargo: false, ja: (60, 40), en: (25, 18) },
    ),
    (
        Kind::Press,
        "press",
        Rules { lay: true, elements: false, readings: false, embargo: true, ja: (80, 50), en: (30, 22) },
    ),
    (
        Kind::Summary,
        "summary",
        Rules { lay: false, elements: false, readings: false, embargo: true, ja: (110, 70), en: (40, 28) },
    ),
];

impl Kind {
    pub const ALL: [Kind; 3] = [Kind::Letter, Kind::Press, Kind::Summary];

    pub fn name(self) -> &'static str {
        RULES.iter().find(|r| r.0 == self).map_or("", |r| r.1)
    }

    pub fn named(name: &str) -> Option<Kind> {
        RULES.iter().find(|r| r.1 == name).map(|r| r.0)
    }

    pub fn rules(self) -> &'static Rules {
        let [letter, ..] = &RULES;
        &RULES.iter().find(|r| r.0 == self).unwrap_or(letter).2
    }
}
