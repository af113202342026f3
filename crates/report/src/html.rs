//! A document as one HTML page that needs nothing beside it.

use crate::document::{Block, Document, Form, Home, Inline, Manner, Words, plain};
use crate::scene::escape;
use crate::{home, say, style};
use askama::Template;
use std::fmt::Write;

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    d: &'a Document,
    css: &'a str,
    digits: &'a str,
    /// The class of the page's body.
    form: &'a str,
    /// Text of the margin of each printed page.
    margin: &'a str,
    contents: &'a str,
    notes: &'a str,
    home_title: String,
    parts: Vec<Part<'a>>,
    to: To<'a>,
}

/// Where numbers lead on a server: from a row's key, and from a planned analysis' id.
pub struct Ways<'a> {
    pub row: &'a dyn Fn(&str) -> String,
    pub analysis: &'a dyn Fn(&str) -> String,
}

/// Where the numbers of a page lead.
enum To<'a> {
    /// To the end of the page itself, where the document has it.
    Inside(&'a Home),
    Pages(&'a Ways<'a>),
}

impl To<'_> {
    fn row(&self, key: &str) -> Option<String> {
        match self {
            To::Inside(home) if home.parts.is_empty() => None,
            To::Inside(_) => Some(format!("#{}", home::anchor(&home::without_stat(key)))),
            To::Pages(ways) => Some((ways.row)(key)),
        }
    }

    /// From the section of a planned analysis to its rows.
    fn analysis(&self, section: &str) -> Option<String> {
        let id = section.strip_prefix("a-")?;
        match self {
            To::Inside(home) => home.parts.iter().any(|p| p.analysis == id).then(|| format!("#home-{id}")),
            To::Pages(ways) => Some((ways.analysis)(id)),
        }
    }

    fn inside(&self) -> Option<&Home> {
        match self {
            To::Inside(home) if !home.parts.is_empty() => Some(home),
            _ => None,
        }
    }

    /// Out of the frame in which a server shows the page.
    fn target(&self) -> &'static str {
        match self {
            To::Inside(_) => "",
            To::Pages(_) => " target=\"_top\"",
        }
    }
}

/// What stands under one heading of level 1.
struct Part<'a> {
    id: &'a str,
    /// Written, with its number where the document has contents; `None` for what comes before the first.
    title: Option<String>,
    /// For the contents.
    name: String,
    blocks: Vec<&'a Block>,
}

/// The same document gives the same bytes.
pub fn page(d: &Document) -> String {
    set(d, To::Inside(&d.home))
}

/// As [`page`], with the numbers leading to a server's pages.
pub fn page_with(d: &Document, ways: &Ways<'_>) -> String {
    set(d, To::Pages(ways))
}

fn set(d: &Document, to: To<'_>) -> String {
    let mut margin: Vec<&str> = d.stamp.iter().map(String::as_str).collect();
    margin.push(&d.nature);
    margin.retain(|part| !part.is_empty());
    let margin = margin.join(" · ").replace(['"', '\\', '<', '\n'], "'");
    let form = match d.form {
        Form::Report => "",
        Form::Letter => "letter",
        Form::LargePrint => "letter large",
    };
    let page = Page {
        d,
        css: style::css(),
        digits: &style::digits_css(),
        form,
        margin: &margin,
        contents: &say::get(d.lang, "contents"),
        notes: &say::get(d.lang, "notes"),
        home_title: say::get(d.lang, "home-title"),
        parts: parts(d),
        to,
    };
    // Writing into a string fails only if a value's own formatting fails, and these are strings.
    page.render().unwrap_or_else(|e| format!("<!doctype html><title>{}</title>", escape(&e.to_string())))
}

fn parts(d: &Document) -> Vec<Part<'_>> {
    let mut parts: Vec<Part<'_>> = Vec::new();
    let mut number = 0;
    for block in &d.blocks {
        if let Block::Heading { level: 1, id, text } = block {
            number += 1;
            let written = inline(text);
            let title = if d.contents { format!("{number}. {written}") } else { written };
            parts.push(Part { id, title: Some(title), name: plain(text), blocks: Vec::new() });
            continue;
        }
        if parts.is_empty() {
            parts.push(Part { id: "", title: None, name: String::new(), blocks: Vec::new() });
        }
        if let Some(part) = parts.last_mut() {
            part.blocks.push(block);
        }
    }
    parts
}

/// Words as HTML: everything that was written is escaped.
pub(crate) fn inline(words: &Words) -> String {
    let mut out = String::new();
    for run in words {
        match run {
            Inline::Text { text } => out.push_str(&escape(text)),
            Inline::Code { text } => {
                let _ = write!(out, "<code>{}</code>", escape(text));
            }
            Inline::Strong { text } => {
                let _ = write!(out, "<strong>{}</strong>", inline(text));
            }
            Inline::Link { text, .. } => match run.address() {
                Some(href) => {
                    let _ = write!(out, "<a href=\"{}\">{}</a>", escape(href), inline(text));
                }
                None => out.push_str(&inline(text)),
            },
            Inline::Ruby { units } => {
                for (base, reading) in units {
                    let base = escape(base);
                    if reading.is_empty() {
                        out.push_str(&base);
                    } else {
                        let reading = escape(reading);
                        let _ = write!(out, "<ruby>{base}<rp>(</rp><rt>{reading}</rt><rp>)</rp></ruby>");
                    }
                }
            }
            Inline::Break => out.push_str("<br>"),
        }
    }
    out
}

/// The words of a cell, with readings where it has them; a number leads to the row it was made from.
fn cell(cell: &crate::document::Cell, to: &To<'_>) -> String {
    if !cell.read.is_empty() {
        return inline(&cell.read);
    }
    let words = cell.text.split('\n').map(escape).collect::<Vec<_>>().join("<br>");
    match cell.rows.first().and_then(|key| to.row(key)) {
        Some(href) => format!("<a class=\"home\" href=\"{}\"{}>{words}</a>", escape(&href), to.target()),
        None => words,
    }
}

/// A heading under one of level 1.
fn heading(level: &u8, id: &str, text: &Words) -> String {
    let tag = if *level <= 2 { "h3" } else { "h4" };
    let id = if id.is_empty() { String::new() } else { format!(" id=\"{}\"", escape(id)) };
    format!("<{tag}{id}>{}</{tag}>", inline(text))
}

/// The class of a paragraph.
fn manner(manner: &Manner) -> &'static str {
    match manner {
        Manner::Plain => "",
        Manner::Small => " class=\"small\"",
        Manner::Lead => " class=\"lead\"",
        Manner::End => " class=\"end\"",
    }
}

fn word(d: &Document, key: &str) -> String {
    say::get(d.lang, key)
}

/// What leads from a section to its rows.
fn way(d: &Document) -> String {
    say::get(d.lang, "home-way")
}
