//! A document before any format: what a page, a PDF and a workbook are all laid out from.
//!
//! Words arrive here ready to be read, in one language; a layout adds no word and no number of its own. What a person
//! or a study wrote stands in strings, never in markup, so that no layout can take it for a command.

use crate::scene::Scene;
use jiff::civil::Date;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use words::Lang;

pub use crate::page::{Cell, Line, Table};

/// One report, letter, casebook or protocol in one language.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Document {
    pub form: Form,
    pub lang: Lang,
    /// The study's short name.
    pub study: String,
    pub title: String,
    /// Whether the data are real, in a sentence: on top of the first page and in the head of every one. Empty where
    /// the document shows no data.
    pub nature: String,
    /// What the document is a function of, name and value: study, registry, protocol, cut-off, ledger, engine.
    pub facts: Vec<(String, String)>,
    /// The same in short, in the foot of every page.
    pub stamp: Vec<String>,
    /// The day of the document: its cut-off. Nothing here asks a clock.
    #[serde(serialize_with = "year_month_day")]
    pub day: Option<Date>,
    /// Whether a list of the headings of level 1 stands before the first block, and whether these carry numbers.
    pub contents: bool,
    pub blocks: Vec<Block>,
    /// The rows behind the numbers, where the document is of results: the last part of a page. It does not travel to PDF.
    #[serde(skip)]
    pub home: Home,
}

/// Where the numbers of a document come from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Home {
    pub lead: Vec<String>,
    pub parts: Vec<crate::home::Part>,
}

fn year_month_day<S: Serializer>(day: &Option<Date>, to: S) -> Result<S::Ok, S::Error> {
    day.map(|d| (d.year(), d.month(), d.day())).serialize(to)
}

impl Document {
    /// Every figure, in order.
    pub fn figures(&self) -> impl Iterator<Item = &Figure> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Figure { figure } => Some(figure),
            _ => None,
        })
    }
}

/// How a document is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Dense, for professionals.
    Report,
    /// For the people who took part: larger type, wide lines that leave room for readings.
    Letter,
    /// A letter in large print.
    LargePrint,
}

/// One part of the running text.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "block")]
pub enum Block {
    /// Level 1 to 3. The id is an anchor: letters, digits, `-`.
    Heading {
        level: u8,
        id: String,
        text: Words,
    },
    Paragraph {
        text: Words,
        manner: Manner,
    },
    List {
        ordered: bool,
        items: Vec<Words>,
    },
    /// Terms, each with what is said of it.
    Terms {
        terms: Vec<(Words, Words)>,
    },
    Table {
        table: Table,
    },
    Figure {
        figure: Figure,
    },
    /// Framed: what a reader must not miss.
    Notice {
        text: Vec<Words>,
    },
    /// What a reader must know beside the numbers, small, under the word "Notes".
    Notes {
        items: Vec<Words>,
    },
    PageBreak,
}

/// How a paragraph stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Manner {
    #[default]
    Plain,
    /// Smaller and softer.
    Small,
    /// Larger: the sentence that the page is about.
    Lead,
    /// At the end of the line: a date, a signature.
    End,
}

/// Words of one paragraph, cell or heading.
pub type Words = Vec<Inline>;

/// A run of words.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "run")]
pub enum Inline {
    Text {
        text: String,
    },
    Strong {
        text: Words,
    },
    /// Base and reading, unit by unit; an empty reading where a unit needs none. Joined, the bases are the plain
    /// words: readings never change them.
    Ruby {
        units: Vec<(String, String)>,
    },
    /// An address on the web, by mail, or `#id` in this document; anything else is shown as plain words.
    Link {
        href: String,
        text: Words,
    },
    /// A rule, an id, a hash.
    Code {
        text: String,
    },
    Break,
}

impl Inline {
    pub fn text(text: impl Into<String>) -> Inline {
        Inline::Text { text: text.into() }
    }

    /// The words without readings and marks: what a screen reader says and a search finds.
    pub fn plain(&self) -> String {
        match self {
            Inline::Text { text } | Inline::Code { text } => text.clone(),
            Inline::Strong { text } | Inline::Link { text, .. } => plain(text),
            Inline::Ruby { units } => units.iter().map(|(base, _)| base.as_str()).collect(),
            Inline::Break => "\n".to_owned(),
        }
    }

    /// The address of a link, if it is one that a reader may follow.
    pub fn address(&self) -> Option<&str> {
        let Inline::Link { href, .. } = self else { return None };
        ["https://", "http://", "mailto:", "#"].iter().any(|s| href.starts_with(s)).then_some(href)
    }
}

/// The plain words of a run of inlines.
pub fn plain(words: &[Inline]) -> String {
    words.iter().map(Inline::plain).collect()
}

/// Plain words as they are.
pub fn words(text: impl Into<String>) -> Words {
    vec![Inline::text(text)]
}

impl Block {
    pub fn heading(level: u8, id: impl Into<String>, text: impl Into<String>) -> Block {
        Block::Heading { level, id: id.into(), text: words(text) }
    }

    pub fn paragraph(text: impl Into<String>) -> Block {
        Block::Paragraph { text: words(text), manner: Manner::Plain }
    }

    pub fn notice(text: impl Into<String>) -> Block {
        Block::Notice { text: vec![words(text)] }
    }

    pub fn list(items: impl IntoIterator<Item = String>) -> Block {
        Block::List { ordered: false, items: items.into_iter().map(words).collect() }
    }
}

/// A figure with its words. The alternative text is the scene's own description, made from the same rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    pub scene: Scene,
    pub lang: Lang,
    pub caption: String,
}

impl Figure {
    pub fn new(scene: Scene, lang: Lang, caption: impl Into<String>) -> Figure {
        Figure { scene, lang, caption: caption.into() }
    }

    pub fn alt(&self) -> &str {
        match self.scene.description.get(self.lang) {
            "" => self.scene.title.get(self.lang),
            said => said,
        }
    }

    /// For a page that has the style sheet.
    pub fn svg(&self) -> String {
        self.scene.svg(self.lang)
    }
}

/// A figure travels drawn: as SVG with its colours inside.
impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut out = to.serialize_struct("Figure", 6)?;
        out.serialize_field("id", &self.scene.id)?;
        out.serialize_field("svg", &self.scene.svg_print(self.lang))?;
        out.serialize_field("width", &self.scene.width)?;
        out.serialize_field("height", &self.scene.height)?;
        out.serialize_field("alt", self.alt())?;
        out.serialize_field("caption", &self.caption)?;
        out.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_never_change_the_words() {
        let sentence = vec![
            Inline::text("「"),
            Inline::Ruby {
                units: vec![
                    ("好中球".into(), "こうちゅうきゅう".into()),
                    ("減少".into(), "げんしょう".into()),
                ],
            },
            Inline::text("」とは"),
        ];
        assert_eq!(plain(&sentence), "「好中球減少」とは");
    }

    #[test]
    fn a_link_leads_to_a_page_a_mail_or_a_place_in_the_document_only() {
        let to = |href: &str| Inline::Link { href: href.into(), text: words("x") };
        assert!(to("https://jrct.mhlw.go.jp/").address().is_some());
        assert!(to("javascript:alert(1)").address().is_none());
        assert!(to("file:///etc/passwd").address().is_none());
    }
}
