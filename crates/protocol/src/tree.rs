//! YAML, narrowed, as a tree in which every key and value knows its place in its file.
//!
//! Refused with a place: anchors, aliases, merge keys, tags, directives, a second document, doubled keys, keys that
//! are not plain names, `0o7`, `0x1f`, `1_000`, full-width digits, tabs for indentation, text that is not UTF-8.

use crate::diagnostic::{Diagnostic, enough};
pub use crate::files::{Files, Span};
use crate::files::{floor, hidden};
use granit_parser::{ErrorKind, Event, Parser, ScalarStyle};
use std::collections::BTreeMap;
use words::Text;

/// One value of the file.
#[derive(Clone, Debug)]
pub struct Node {
    pub span: Span,
    pub kind: Kind,
}

#[derive(Clone, Debug)]
pub enum Kind {
    /// `plain` scalars may be numbers and booleans; quoted and block scalars are always text.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

#[derive(Clone, Debug)]
pub struct Key {
    pub text: String,
    pub span: Span,
}

/// A step on the way from the root of a tree to a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Key(String),
    Index(usize),
}

impl From<&str> for Part {
    fn from(key: &str) -> Part {
        Part::Key(key.to_owned())
    }
}
impl From<&String> for Part {
    fn from(key: &String) -> Part {
        Part::Key(key.clone())
    }
}
impl From<usize> for Part {
    fn from(index: usize) -> Part {
        Part::Index(index)
    }
}

/// The way from the root to a value: `path!["steps", id, "criteria", 0, "rule"]`.
pub type Path = Vec<Part>;

macro_rules! way {
    ($($part:expr),* $(,)?) => { vec![$($crate::tree::Part::from($part)),*] };
}
pub(crate) use way as path;

impl Node {
    /// In place of a value that was refused and told.
    fn refused(span: Span) -> Node {
        Node { span, kind: Kind::Scalar { text: REFUSED.to_owned(), plain: true } }
    }

    pub fn is_refused(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { text, .. } if text == REFUSED)
    }

    /// Nothing was written, or `null`, or `~`.
    pub fn is_empty(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null"))
    }

    fn child(&self, part: &Part) -> Option<(&Node, Option<&Key>)> {
        match (&self.kind, part) {
            (Kind::Map(entries), Part::Key(key)) => {
                entries.iter().find(|(k, _)| k.text == *key).map(|(k, v)| (v, Some(k)))
            }
            (Kind::List(values), Part::Index(i)) => values.get(*i).map(|v| (v, None)),
            _ => None,
        }
    }

    /// The value at `path`, if it is there.
    pub fn get(&self, path: &[Part]) -> Option<&Node> {
        path.iter().try_fold(self, |node, part| node.child(part).map(|(n, _)| n))
    }

    /// Where `path` is written: its value if that is short, otherwise its key; for a path that is not there,
    /// the deepest part of it that is.
    pub fn span_of(&self, path: &[Part]) -> Span {
        let (mut node, mut span) = (self, self.head());
        for part in path {
            let Some((next, key)) = node.child(part) else { break };
            span = match (&next.kind, key) {
                (Kind::Scalar { .. }, _) if !next.is_empty() => next.span,
                (_, Some(key)) => key.span,
                (_, None) => next.head(),
            };
            node = next;
        }
        span
    }

    /// Where the last key of `path` is written.
    pub fn key_span(&self, path: &[Part]) -> Span {
        let Some((last, parents)) = path.split_last() else { return self.head() };
        match self.get(parents).and_then(|parent| parent.child(last)) {
            Some((_, Some(key))) => key.span,
            _ => self.span_of(path),
        }
    }

    /// A short span to point at: of a map its first key, of a list its first value.
    fn head(&self) -> Span {
        match &self.kind {
            Kind::Scalar { .. } => self.span,
            Kind::List(values) => values.first().map_or(self.span, Node::head),
            Kind::Map(entries) => entries.first().map_or(self.span, |(k, _)| k.span),
        }
    }

    /// The span in the file of bytes `start..end` of this scalar's text, through quotes, escapes and folding.
    pub fn inner(&self, files: &Files, start: usize, end: usize) -> Span {
        let Kind::Scalar { text, .. } = &self.kind else { return self.span };
        let source = files.text(self.span.file);
        let raw = source.get(self.span.start..self.span.end).unwrap_or("");
        let (mut at, mut from, mut to) = (0, None, None);
        for step in steps(raw, text) {
            if step.offset >= start {
                from.get_or_insert(step.from);
            }
            if step.offset >= end {
                to.get_or_insert(step.from);
            }
            at = step.to;
        }
        let from = from.unwrap_or(at);
        let to = to.unwrap_or(at).max(from);
        Span { file: self.span.file, start: self.span.start + from, end: self.span.start + to }
    }
}

/// A character of a scalar's text, the offset of it there, and the bytes of the source that it was written with.
struct Step {
    offset: usize,
    c: char,
    from: usize,
    to: usize,
}

fn steps(raw: &str, text: &str) -> impl Iterator<Item = Step> {
    let mut at = match raw.as_bytes().first() {
        Some(b'"' | b'\'') => 1,
        Some(b'|' | b'>') => raw.find('\n').map_or(raw.len(), |n| n + 1),
        _ => 0,
    };
    text.char_indices().map(move |(offset, c)| {
        let white = raw[at..].len() - raw[at..].trim_start().len();
        if !c.is_whitespace() {
            at += white;
        }
        let from = at;
        // One character of the text is one of the source, an escape, or a run of folded white space.
        at += match raw[at..].chars().next() {
            Some(s) if s == c && !(s == '\'' && raw.starts_with('\'')) => s.len_utf8(),
            Some('\'') => 2,
            Some('\\') => escape_length(&raw[at..]),
            _ => white,
        };
        at = floor(raw, at);
        Step { offset, c, from, to: at }
    })
}

/// The text of a scalar without the spaces that YAML makes of line breaks between two Japanese characters: Japanese is
/// written without spaces, so there a line is broken anywhere. A space that was typed stays.
fn unfolded(raw: &str, text: &str) -> String {
    let japanese = |c: char| matches!(c, '\u{3000}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff01}'..='\u{ff9f}');
    let mut out = String::with_capacity(text.len());
    for step in steps(raw, text) {
        let broken = step.c == ' ' && raw.get(step.from..step.to).is_some_and(|s| s.contains('\n'));
        let next = || text[step.offset + step.c.len_utf8()..].chars().next();
        if !(broken && out.chars().next_back().is_some_and(japanese) && next().is_some_and(japanese)) {
            out.push(step.c);
        }
    }
    out
}

/// Bytes of a double-quoted escape, from its backslash.
fn escape_length(raw: &str) -> usize {
    match raw.as_bytes().get(1) {
        Some(b'x') => 4,
        Some(b'u') => 6,
        Some(b'U') => 10,
        _ => 2,
    }
}

/// Reads one file. What was refused is in `found`; the tree is there unless the syntax itself is broken.
pub fn read(files: &mut Files, name: &str, bytes: &[u8], found: &mut Vec<Diagnostic>) -> Option<Node> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned();
            let at = valid.len();
            let file = files.add(name, &format!("{valid}\u{fffd}"));
            found.push(
                Diagnostic::error(
                    "P0103",
                    Text::new("ファイルが UTF-8 ではありません。", "The file is not in UTF-8."),
                )
                .at(files.place(Span { file, start: at, end: at + 1 }))
                .hint(Text::new(
                    "エディタで文字コード UTF-8 を指定して保存し直してください（Shift_JIS、EUC-JP は読めません）。",
                    "Save it again as UTF-8 in your editor (Shift_JIS and EUC-JP are not read).",
                )),
            );
            return None;
        }
    };
    let file = files.add(name, text);
    let before = found.len();
    let mut builder = Builder { files, file, found };
    builder.tabs(text);
    let node = builder.document(text, before);
    if node.is_none() && found.len() == before {
        found.push(
            Diagnostic::error("P0104", Text::new("ファイルが空です。", "The file is empty."))
                .at(files.place(Span { file, start: 0, end: 0 })),
        );
    }
    node
}

struct Builder<'a> {
    files: &'a Files,
    file: usize,
    found: &'a mut Vec<Diagnostic>,
}

/// A list or map that is still being read.
enum Open {
    List(Span, Vec<Node>),
    Map(OpenMap),
}

struct OpenMap {
    start: Span,
    entries: Vec<(Key, Node)>,
    /// The key whose value comes next.
    pending: Option<Key>,
    seen: BTreeMap<String, Span>,
}

impl Builder<'_> {
    fn span(&self, span: &granit_parser::Span) -> Span {
        let range = span.byte_range().unwrap_or(0..0);
        Span { file: self.file, start: range.start, end: range.end.max(range.start) }
    }

    fn refuse(&mut self, code: &str, span: Span, message: Text, hint: Text) {
        if !enough(self.found) {
            self.found.push(Diagnostic::error(code, message).at(self.files.place(span)).hint(hint));
        }
    }

    /// Tabs before the first character of a line: YAML takes some for text and refuses others.
    fn tabs(&mut self, text: &str) {
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let indentation = line.len() - line.trim_start_matches([' ', '\t']).len();
            if let Some(tab) = line[..indentation].find('\t').filter(|_| !line.trim().is_empty()) {
                let (message, hint) = crate::syntax::words(&ErrorKind::TabInIndentation);
                self.refuse("P0118", self.at(start + tab), message, hint);
            }
            start += line.len();
        }
    }

    fn at(&self, byte: usize) -> Span {
        Span { file: self.file, start: byte, end: byte + 1 }
    }

    /// The tree, unless the syntax is broken. A syntax error is told only if nothing was `before` it in the file.
    fn document(&mut self, text: &str, before: usize) -> Option<Node> {
        let options = granit_parser::options! { emit_anchor_events: true, emit_unresolved_aliases: true };
        let (mut stack, mut root, mut documents): (Vec<Open>, Option<Node>, usize) = (vec![], None, 0);
        for next in Parser::new_from_str_with_options(text, options) {
            let (event, at) = match next {
                Ok(next) => next,
                Err(error) => {
                    let tab = self.found[before..].iter().any(|d| d.code == "P0118");
                    if !tab {
                        self.syntax(&error, text);
                    }
                    return None;
                }
            };
            let span = self.span(&at);
            if event.tag().is_some() {
                let tag = at.tag_span().map_or(span, |t| self.span(&t));
                self.refuse(
                    "P0112",
                    tag,
                    Text::new("YAML のタグ（!…）は使えません。", "YAML tags (!…) are not used here."),
                    Text::new(
                        "タグを消してください。「!」で始まる規則は引用符で囲みます: rule: '!prior_treatment'。",
                        "Remove the tag. A rule that begins with `!` goes into quotes: rule: '!prior_treatment'.",
                    ),
                );
            }
            let tagged = event.tag().is_some();
            let done = match event {
                Event::DocumentStart(_, version) => {
                    documents += 1;
                    if documents > 1 || version.is_some() {
                        self.refuse(
                            "P0114",
                            span,
                            Text::new(
                                "1 つのファイルに書けるのは 1 つの文書だけで、指示行（%…）は使えません。",
                                "A file holds one document, without directives (%…).",
                            ),
                            Text::new(
                                "「---」の行と「%」で始まる行を消してください。",
                                "Remove the `---` and `%` lines.",
                            ),
                        );
                    }
                    None
                }
                Event::Anchor(_, name) => {
                    self.refuse(
                        "P0110",
                        span,
                        Text::new(
                            format!("アンカー「&{name}」は使えません。"),
                            format!("Anchors (`&{name}`) are not used here."),
                        ),
                        Text::new(
                            "内容をその場所に書いてください。プロトコルは上から読んで分かるように保ちます。",
                            "Write the content where it is meant: a protocol is read from top to bottom.",
                        ),
                    );
                    None
                }
                Event::Alias(_) | Event::UnresolvedAlias(_) => {
                    self.refuse(
                        "P0111",
                        span,
                        Text::new("エイリアス（*…）は使えません。", "Aliases (`*…`) are not used here."),
                        Text::new("内容をその場所に書いてください。", "Write the content where it is meant."),
                    );
                    Some(Node::refused(span))
                }
                Event::Scalar(text, style, ..) => {
                    let plain = style == ScalarStyle::Plain;
                    let key = matches!(stack.last(), Some(Open::Map(map)) if map.pending.is_none());
                    let sound = self.characters(&text, span);
                    if !sound || !key && (tagged || plain && !self.number(&text, span)) {
                        Some(Node::refused(span))
                    } else {
                        let raw = self.files.text(span.file).get(span.start..span.end).unwrap_or_default();
                        let folded = raw.contains('\n') && text.contains(' ');
                        let text = if folded && !key { unfolded(raw, &text) } else { text.into_owned() };
                        Some(Node { span, kind: Kind::Scalar { text, plain } })
                    }
                }
                Event::SequenceStart(..) => {
                    stack.push(Open::List(span, vec![]));
                    None
                }
                Event::MappingStart(..) => {
                    let (entries, seen) = (vec![], BTreeMap::new());
                    stack.push(Open::Map(OpenMap { start: span, entries, pending: None, seen }));
                    None
                }
                Event::SequenceEnd | Event::MappingEnd => stack.pop().map(|open| close(open, span)),
                _ => None,
            };
            if let Some(node) = done {
                match stack.last_mut() {
                    None => root = root.or(Some(node)),
                    Some(Open::List(_, values)) => values.push(node),
                    Some(Open::Map(map)) => match map.pending.take() {
                        Some(key) => map.entries.push((key, node)),
                        None => map.pending = Some(self.key(node, &mut map.seen)),
                    },
                }
            }
        }
        root.filter(|r| !r.is_empty() && documents < 2)
    }

    /// Refuses characters that nobody sees: they hide what a text or a rule says. True if there are none.
    fn characters(&mut self, text: &str, span: Span) -> bool {
        let Some(found) = text.chars().find(|c| hidden(*c)) else { return true };
        let code = format!("U+{:04X}", u32::from(found));
        self.refuse(
            "P0119",
            span,
            Text::new(
                format!("目に見えない文字（{code}）があります。"),
                format!("There is an invisible character ({code})."),
            ),
            Text::new("消して書き直してください。", "Remove it."),
        );
        false
    }

    /// Checks a key and gives it; a refused one gets a name that nothing knows, and is told only once.
    fn key(&mut self, node: Node, seen: &mut BTreeMap<String, Span>) -> Key {
        let span = node.span;
        let Kind::Scalar { text, plain } = node.kind else {
            self.refuse(
                "P0115",
                span,
                Text::new("キーは名前でなければなりません。", "A key must be a name."),
                Text::new("「名前: 値」の形で書いてください。", "Write `name: value`."),
            );
            return Key { text: REFUSED.to_owned(), span };
        };
        if text == REFUSED {
            return Key { text, span };
        }
        if plain && text == "<<" {
            self.refuse(
                "P0113",
                span,
                Text::new("マージキー（<<）は使えません。", "Merge keys (`<<`) are not used here."),
                Text::new("内容をその場所に書いてください。", "Write the content where it is meant."),
            );
            return Key { text: REFUSED.to_owned(), span };
        }
        if let Some(first) = seen.insert(text.clone(), span) {
            let line = self.files.place(first).line;
            self.refuse(
                "P0202",
                span,
                Text::new(
                    format!("キー「{text}」が二度書かれています。"),
                    format!("Key \"{text}\" is written twice."),
                ),
                Text::new(
                    format!("最初は {line} 行目です。どちらかを消してください。"),
                    format!("The first is on line {line}. Remove one of them."),
                ),
            );
            return Key { text: REFUSED.to_owned(), span };
        }
        Key { text, span }
    }

    /// Refuses numbers that readers of YAML disagree about; true if `text` may stand.
    fn number(&mut self, text: &str, span: Span) -> bool {
        let wide = text.chars().any(|c| ('０'..='９').contains(&c))
            && text
                .chars()
                .all(|c| ('０'..='９').contains(&c) || "．.－-＋+，,".contains(c) || c.is_ascii_digit());
        if wide {
            self.refuse(
                "P0117",
                span,
                Text::new("数字が全角です。", "The digits are full-width characters."),
                Text::new("半角の数字で書いてください。", "Write them as ASCII digits."),
            );
            return false;
        }
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        let lower = digits.to_ascii_lowercase();
        let all = |s: &str, ok: fn(u8) -> bool| !s.is_empty() && s.bytes().all(ok);
        let radix = [("0o", 8), ("0x", 16), ("0b", 2)].iter().any(|(prefix, _)| {
            lower.strip_prefix(prefix).is_some_and(|rest| all(rest, |b| b.is_ascii_hexdigit() || b == b'_'))
        });
        let leading =
            lower.len() > 1 && lower.starts_with('0') && all(&lower, |b| b.is_ascii_digit() || b == b'_');
        let grouped = lower.contains('_')
            && lower.starts_with(|c: char| c.is_ascii_digit())
            && all(&lower, |b| b.is_ascii_digit() || b == b'_' || b == b'.');
        let odd = matches!(lower.as_str(), ".inf" | ".nan");
        let sign = text.starts_with('+') && all(digits, |b| b.is_ascii_digit() || b == b'.');
        let exponent = lower.split_once('e').is_some_and(|(a, b)| {
            all(a, |b| b.is_ascii_digit() || b == b'.')
                && all(b.strip_prefix(['-', '+']).unwrap_or(b), |b| b.is_ascii_digit())
        });
        let refused = radix || leading || grouped || odd || sign || exponent;
        if refused {
            self.refuse(
                "P0116",
                span,
                Text::new(
                    format!("「{text}」のような数の書き方は使えません。"),
                    format!("Numbers are not written like `{text}` here."),
                ),
                Text::new(
                    "10 進数で 1000 や 0.05 のように書いてください。文字として使うなら引用符で囲みます。",
                    "Write decimal digits such as 1000 or 0.05; if it is meant as text, put it in quotes.",
                ),
            );
        }
        !refused
    }

    fn syntax(&mut self, error: &granit_parser::ScanError, text: &str) {
        let at = floor(text, error.marker().byte_offset().unwrap_or(text.len()));
        let end = text[at..].chars().next().map_or(at, |c| at + c.len_utf8());
        let span = Span { file: self.file, start: at, end };
        let (message, hint) = crate::syntax::words(error.kind());
        let code = if crate::syntax::is_tab(error.kind()) { "P0118" } else { "P0101" };
        let wide = self.files.place(span).excerpt.contains(['：', '　', '［', '｛', '”', '“']);
        let hint = if wide && !matches!(error.kind(), ErrorKind::UnclosedQuotedScalar) {
            Text::new(
                "この行に全角の記号か空白があります。半角の「:」「[ ]」「{ }」「\"」と空白で書いてください。",
                "This line has full-width punctuation or spaces; write ASCII `:`, `[ ]`, `{ }`, `\"` and spaces.",
            )
        } else {
            hint
        };
        self.refuse(code, span, message, hint);
    }
}

/// The name of a key, and the text of a value, that was refused.
pub const REFUSED: &str = "\u{0}refused";

fn close(open: Open, end: Span) -> Node {
    let join = |start: Span| Span { end: end.end.max(start.end), ..start };
    match open {
        Open::List(start, values) => Node { span: join(start), kind: Kind::List(values) },
        Open::Map(OpenMap { start, mut entries, .. }) => {
            entries.retain(|(k, _)| k.text != REFUSED);
            Node { span: join(start), kind: Kind::Map(entries) }
        }
    }
}
