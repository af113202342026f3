//! The texts of a letter, a press release or a summary, one file per kind and language, and the marks inside them.
//!
//! `{registered}` is a number of `numbers.yaml`, `{registered:of100}` the same told otherwise, `{arm:A}` the fixed name
//! of an arm, `{term:resection}` a glossary term with its explanation, `{{` a brace.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use words::Lang;

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LetterText {
    pub title: String,
    /// What an arm is called throughout, by its id, in the order in which arms are always told.
    #[serde(default)]
    pub arms: IndexMap<String, String>,
    /// Words that hold a digit and are no number: names of proteins, of drugs.
    #[serde(default)]
    pub names: Vec<String>,
    #[serde(default)]
    pub glossary: Vec<Term>,
    pub sections: Vec<Section>,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Term {
    pub id: String,
    /// As the text writes it.
    pub term: String,
    /// What stands in parentheses at its first use.
    pub short: String,
    /// What the glossary says.
    pub means: String,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Section {
    pub id: String,
    /// Which of the ten elements of Annex V this section answers.
    #[serde(default)]
    pub elements: Vec<Element>,
    pub heading: String,
    pub blocks: Vec<Part>,
}

/// Regulation (EU) No 536/2014, Annex V: what a summary for laypersons holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Element {
    Identification,
    Sponsor,
    General,
    Participants,
    Treatments,
    SideEffects,
    Results,
    Comments,
    FollowUp,
    MoreInformation,
}

impl Element {
    pub const ALL: [(Element, &'static str, &'static str); 10] = [
        (Element::Identification, "試験の名称と番号", "identification of the trial"),
        (Element::Sponsor, "実施組織と連絡先", "sponsor and contact"),
        (Element::General, "実施の場所・時期・目的", "where, when and why"),
        (Element::Participants, "参加した人", "who took part"),
        (Element::Treatments, "治療の内容", "the treatments"),
        (Element::SideEffects, "副作用とその頻度", "side effects and their frequency"),
        (Element::Results, "結果", "the results"),
        (Element::Comments, "結果についての説明", "comments on the outcome"),
        (Element::FollowUp, "今後の試験の予定", "whether follow-up trials are planned"),
        (Element::MoreInformation, "詳しい情報の入手先", "where to find more"),
    ];
}

/// One part of a section.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// A paragraph.
    P(String),
    Points(Vec<String>),
    /// A framed sentence that nobody must miss.
    Notice(String),
    /// `schema`, or `of_100` with the numbers to show.
    Figure(FigureText),
    Table(TableText),
    /// The blocks of the answer that holds. `reader` is asked of the person: `participant` or `bereaved`.
    Choose(Choose),
    /// All terms with their meanings.
    Glossary(String),
    /// Links of `numbers.yaml` by name.
    Links(Vec<String>),
    /// Lines to be filled in by hand, each with its label.
    Blanks(Vec<String>),
    /// Names and numbers that make no sentence.
    Facts(Vec<Fact>),
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    pub name: String,
    pub value: String,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FigureText {
    pub draw: Drawing,
    pub caption: String,
    /// Words of the figure, in its order.
    pub words: Vec<String>,
    /// For `of_100`: a number for each arm.
    #[serde(default)]
    pub numbers: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Drawing {
    /// Steps from above to below, then the arms side by side.
    Schema,
    /// A hundred people per arm, those of whom the share tells in dark.
    Of100,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableText {
    pub caption: String,
    /// One per column; the second line of a head stands after ` / `.
    pub head: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Choose {
    pub on: String,
    pub answers: IndexMap<String, Vec<Part>>,
}

/// A piece of a written text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece<'t> {
    /// Words as they stand, with their place in the text.
    Words {
        text: &'t str,
        at: usize,
    },
    Number {
        name: &'t str,
        format: Option<&'t str>,
        at: usize,
    },
    Arm {
        id: &'t str,
        at: usize,
    },
    Term {
        id: &'t str,
        at: usize,
    },
    /// A brace that is opened and never closed.
    Broken {
        at: usize,
    },
}

impl Piece<'_> {
    pub fn at(&self) -> usize {
        match self {
            Piece::Words { at, .. }
            | Piece::Number { at, .. }
            | Piece::Arm { at, .. }
            | Piece::Term { at, .. }
            | Piece::Broken { at } => *at,
        }
    }
}

/// The pieces of a text in order.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let (mut out, mut from, mut at) = (Vec::new(), 0, 0);
    let bytes = text.as_bytes();
    while let Some(open) = text.get(at..).and_then(|t| t.find('{')).map(|n| n + at) {
        if bytes.get(open + 1) == Some(&b'{') {
            // The first brace stands for both.
            out.push(Piece::Words { text: &text[from..=open], at: from });
            (from, at) = (open + 2, open + 2);
            continue;
        }
        if from < open {
            out.push(Piece::Words { text: &text[from..open], at: from });
        }
        let Some(close) = text[open..].find('}').map(|n| n + open) else {
            out.push(Piece::Broken { at: open });
            return out;
        };
        let inside = &text[open + 1..close];
        out.push(match inside.split_once(':') {
            Some(("arm", id)) => Piece::Arm { id, at: open },
            Some(("term", id)) => Piece::Term { id, at: open },
            Some((name, format)) => Piece::Number { name, format: Some(format), at: open },
            None => Piece::Number { name: inside, format: None, at: open },
        });
        (from, at) = (close + 1, close + 1);
    }
    if from < text.len() {
        out.push(Piece::Words { text: &text[from..], at: from });
    }
    out
}

/// Where sentences end, in bytes: after 。！？ in Japanese; in English after a full stop, question or exclamation mark
/// that a space or the end follows.
pub fn sentences(text: &str, lang: Lang) -> Vec<(usize, &str)> {
    let (mut out, mut from) = (Vec::new(), 0);
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    for (i, (at, c)) in chars.iter().enumerate() {
        let next = chars.get(i + 1).map(|n| n.1);
        let ends = match lang {
            Lang::Ja => matches!(c, '。' | '！' | '？') && !matches!(next, Some('」' | '）')),
            Lang::En => matches!(c, '.' | '!' | '?') && next.is_none_or(char::is_whitespace),
        };
        if ends {
            let end = at + c.len_utf8();
            out.push((from, &text[from..end]));
            from = end;
        }
    }
    if !text[from..].trim().is_empty() {
        out.push((from, &text[from..]));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_words_numbers_arms_and_terms() {
        let found = pieces("a {n:people}と{arm:A} {{x}} {term:t}.");
        assert_eq!(found[1], Piece::Number { name: "n", format: Some("people"), at: 2 });
        assert_eq!(found[3], Piece::Arm { id: "A", at: 15 });
        let plain: String = found
            .iter()
            .map(|p| match p {
                Piece::Words { text, .. } => *text,
                _ => "_",
            })
            .collect();
        assert_eq!(plain, "a _と_ {x}} _.");
        assert_eq!(pieces("a{b"), [Piece::Words { text: "a", at: 0 }, Piece::Broken { at: 1 }]);
    }

    #[test]
    fn a_decimal_point_ends_no_sentence() {
        assert_eq!(sentences("It was 1.17 times. Yes.", Lang::En).len(), 2);
        assert_eq!(sentences("「そうです。」と言いました。次です。", Lang::Ja).len(), 2);
    }
}
