//! Text to tokens. Full-width characters are reported and then read as what was meant.

use crate::Diagnostic;
use crate::ast::Span;
use words::{Decimal, Text};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    Name(String),
    Integer(i64),
    Decimal(Decimal),
    Text(String),
    Symbol(&'static str),
    /// Already reported.
    Bad,
}

/// Longest first, so that `<=` is not read as `<`.
const SYMBOLS: [&str; 24] = [
    "&&", "||", "==", "!=", "<=", ">=", "=>", "=<", "<>", "!", "<", ">", "+", "-", "*", "/", "(", ")", "[",
    "]", ",", ".", "?", ":",
];

/// Characters of a Japanese keyboard or a word processor, and what they stand for outside of texts. The block
/// U+FF01 to U+FF5E is shifted ASCII and needs no row.
const LOOK_ALIKES: [(char, &str); 20] = [
    ('\u{3000}', " "),
    ('≥', ">="),
    ('≧', ">="),
    ('⩾', ">="),
    ('≤', "<="),
    ('≦', "<="),
    ('⩽', "<="),
    ('≠', "!="),
    ('×', "*"),
    ('÷', "/"),
    ('−', "-"),
    ('–', "-"),
    ('‘', "'"),
    ('’', "'"),
    ('“', "\""),
    ('”', "\""),
    ('、', ","),
    ('∧', "&&"),
    ('∨', "||"),
    ('¬', "!"),
];

/// The ASCII that a look-alike stands for.
fn meant(c: char) -> Option<String> {
    if let Some((_, ascii)) = LOOK_ALIKES.iter().find(|(l, _)| *l == c) {
        return Some((*ascii).to_owned());
    }
    match c as u32 {
        code @ 0xFF01..=0xFF5E => char::from_u32(code - 0xFEE0).map(String::from),
        _ => None,
    }
}

/// One character as it is read, with its place in the source.
#[derive(Clone, Copy)]
struct Glyph {
    read: char,
    start: usize,
    end: usize,
    /// Not ASCII in the source.
    alike: bool,
}

pub(crate) fn lex(source: &str, diagnostics: &mut Vec<Diagnostic>) -> Vec<(Token, Span)> {
    Lexer { glyphs: glyphs(source), at: 0, source, diagnostics, tokens: Vec::new() }.run()
}

fn glyphs(source: &str) -> Vec<Glyph> {
    let mut out = Vec::with_capacity(source.len());
    for (start, c) in source.char_indices() {
        let end = start + c.len_utf8();
        match meant(c) {
            Some(ascii) => out.extend(ascii.chars().map(|read| Glyph { read, start, end, alike: true })),
            None => out.push(Glyph { read: c, start, end, alike: false }),
        }
    }
    out
}

struct Lexer<'s, 'd> {
    glyphs: Vec<Glyph>,
    at: usize,
    source: &'s str,
    diagnostics: &'d mut Vec<Diagnostic>,
    tokens: Vec<(Token, Span)>,
}

impl Lexer<'_, '_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.glyphs.get(self.at + ahead).map(|g| g.read)
    }

    /// The place of the glyphs from number `from` up to the present one.
    fn span(&self, from: usize) -> Span {
        let start = self.glyphs.get(from).map_or(self.source.len(), |g| g.start);
        let end = if self.at > from { self.glyphs[self.at - 1].end } else { start };
        start..end
    }

    fn take_while(&mut self, keep: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(c) = self.peek(0).filter(|c| keep(*c)) {
            taken.push(c);
            self.at += 1;
        }
        taken
    }

    fn run(mut self) -> Vec<(Token, Span)> {
        while let Some(c) = self.peek(0) {
            let from = self.at;
            if c.is_whitespace() {
                self.at += 1;
                self.report_alike(from);
                continue;
            }
            if c == '/' && self.peek(1) == Some('/') {
                self.take_while(|c| c != '\n');
                continue;
            }
            let token = if c == '\'' || c == '"' {
                self.text(c)
            } else if c.is_ascii_digit() {
                self.number()
            } else if c.is_ascii_alphabetic() || c == '_' {
                Token::Name(self.take_while(|c| c.is_ascii_alphanumeric() || c == '_'))
            } else {
                self.symbol(c)
            };
            if !matches!(token, Token::Text(_) | Token::Bad) {
                self.report_alike(from);
            }
            let span = self.span(from);
            self.tokens.push((token, span));
        }
        self.tokens
    }

    /// One diagnostic for a token that contains look-alikes.
    fn report_alike(&mut self, from: usize) {
        if !self.glyphs[from..self.at].iter().any(|g| g.alike) {
            return;
        }
        let span = self.span(from);
        let read: String = self.glyphs[from..self.at].iter().map(|g| g.read).collect();
        let written = self.source.get(span.clone()).unwrap_or("").to_owned();
        let diagnostic = if read.trim().is_empty() {
            // One report for a whole run of wide spaces.
            if self.diagnostics.last().is_some_and(|d| d.code == "full-width" && d.span.end == span.start) {
                return;
            }
            Diagnostic::new(span, "full-width", "全角の空白が使われています", "this is a full-width space")
                .hint("半角の空白に直してください", "write an ordinary space")
        } else {
            Diagnostic::new(
                span,
                "full-width",
                format!("`{written}` は規則の文法では使えない文字です"),
                format!("`{written}` is not a character of the rule language"),
            )
            .hint(format!("半角の `{read}` と書いてください"), format!("write `{read}`"))
        };
        self.diagnostics.push(diagnostic);
    }

    fn text(&mut self, quote: char) -> Token {
        let from = self.at;
        self.at += 1;
        let mut alike_quote = self.glyphs[from].alike;
        let mut text = String::new();
        while let Some(c) = self.peek(0) {
            let glyph = self.glyphs[self.at];
            self.at += 1;
            // A wide quotation mark ends a text only if a wide one began it; otherwise it is part of the text.
            if c == quote && (!glyph.alike || self.glyphs[from].alike) {
                alike_quote |= glyph.alike;
                if alike_quote {
                    let span = self.span(from);
                    self.diagnostics.push(
                        Diagnostic::new(
                            span,
                            "full-width",
                            "引用符が全角または飾り引用符です",
                            "these are not plain quotation marks",
                        )
                        .hint(
                            format!("`{quote}{text}{quote}` と書いてください"),
                            format!("write `{quote}{text}{quote}`"),
                        ),
                    );
                }
                return Token::Text(text);
            }
            if glyph.alike {
                // Inside a text every character stands for itself; a look-alike may have become two glyphs.
                text.push_str(self.source.get(glyph.start..glyph.end).unwrap_or(""));
                while self.glyphs.get(self.at).is_some_and(|g| g.start == glyph.start) {
                    self.at += 1;
                }
                continue;
            }
            match c {
                '\\' => match self.peek(0) {
                    Some(escaped @ ('\\' | '\'' | '"')) => {
                        text.push(escaped);
                        self.at += 1;
                    }
                    Some('n') => {
                        text.push('\n');
                        self.at += 1;
                    }
                    _ => {
                        let span = self.span(self.at - 1);
                        self.diagnostics.push(
                            Diagnostic::new(
                                span,
                                "syntax",
                                "この `\\` の意味がわかりません",
                                "unknown escape after `\\`",
                            )
                            .hint("`\\` 自身は `\\\\` と書きます", "write `\\\\` for a backslash"),
                        );
                    }
                },
                '\n' => break,
                c => text.push(c),
            }
        }
        let span = self.span(from);
        self.diagnostics.push(
            Diagnostic::new(span, "syntax", "文字列が閉じられていません", "this text is not closed")
                .expected(Text::same(format!("`{quote}`"))),
        );
        Token::Bad
    }

    fn number(&mut self) -> Token {
        let from = self.at;
        let mut digits = self.take_while(|c| c.is_ascii_digit());
        let mut whole = true;
        if self.peek(0) == Some('.') && self.peek(1).is_some_and(|c| c.is_ascii_digit()) {
            whole = false;
            self.at += 1;
            digits.push('.');
            digits.push_str(&self.take_while(|c| c.is_ascii_digit()));
        }
        let number_end = self.at;
        let rest = self.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
        if !rest.is_empty() {
            let span = self.span(from);
            let durations = ["day", "week", "month", "year"];
            let diagnostic = Diagnostic::new(
                span,
                "syntax",
                format!("数値に `{rest}` が続いています"),
                format!("a number is followed by `{rest}`"),
            );
            let diagnostic = if durations.iter().any(|d| rest.starts_with(d)) {
                diagnostic.hint(
                    format!("期間は引用符で囲み `'{digits} {rest}'` と書きます"),
                    format!("write a duration in quotes: `'{digits} {rest}'`"),
                )
            } else {
                diagnostic.hint(
                    "単位は書かず、数値だけにします（単位は項目の定義にあります）",
                    "write the number alone; the unit stands in the definition of the item",
                )
            };
            self.diagnostics.push(diagnostic);
            return Token::Bad;
        }
        self.at = number_end;
        let zero_first = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
        if zero_first {
            let span = self.span(from);
            self.diagnostics.push(
                Diagnostic::new(
                    span,
                    "syntax",
                    "数値の先頭に余分な 0 があります",
                    "this number begins with a 0",
                )
                .hint("コードなら引用符で囲みます", "if it is a code, put it in quotes"),
            );
            return Token::Bad;
        }
        let value = if whole {
            digits.parse().ok().map(Token::Integer)
        } else {
            Decimal::from_str_exact(&digits).ok().map(Token::Decimal)
        };
        value.unwrap_or_else(|| {
            let span = self.span(from);
            self.diagnostics.push(Diagnostic::new(
                span,
                "limit",
                "この数値は桁数が多すぎて正確に扱えません",
                "this number has more digits than can be held exactly",
            ));
            Token::Bad
        })
    }

    fn symbol(&mut self, c: char) -> Token {
        let from = self.at;
        for symbol in SYMBOLS {
            if symbol.chars().enumerate().all(|(i, s)| self.peek(i) == Some(s)) {
                self.at += symbol.len();
                return Token::Symbol(symbol);
            }
        }
        self.at += 1;
        let (meant, en) = match c {
            '=' => ("==", "`=` does not compare"),
            '&' => ("&&", "`&` is not an operator"),
            '|' => ("||", "`|` is not an operator"),
            _ => return self.foreign(from),
        };
        let span = self.span(from);
        if self.glyphs[from].alike {
            // One report says both: wide and single.
            let written = self.source.get(span.clone()).unwrap_or("");
            self.diagnostics.push(
                Diagnostic::new(
                    span,
                    "full-width",
                    format!("`{written}` は規則の文法では使えない文字です"),
                    format!("`{written}` is not a character of the rule language"),
                )
                .hint(format!("半角の `{meant}` と書いてください"), format!("write `{meant}`")),
            );
            // Keep `report_alike` from saying it again.
            self.glyphs[from].alike = false;
        } else {
            let (ja, code) = match c {
                '=' => ("`=` は比較になりません".to_owned(), "single-equals"),
                _ => (format!("`{c}` という演算子はありません"), "operator"),
            };
            self.diagnostics.push(
                Diagnostic::new(span, code, ja, en)
                    .hint(format!("`{meant}` と書いてください"), format!("write `{meant}`")),
            );
        }
        match meant {
            "==" => Token::Symbol("=="),
            "&&" => Token::Symbol("&&"),
            _ => Token::Symbol("||"),
        }
    }

    /// A run of characters that belong to no token, such as Japanese words.
    fn foreign(&mut self, from: usize) -> Token {
        self.take_while(|c| c.is_alphanumeric() && !c.is_ascii());
        let span = self.span(from);
        let written = self.source.get(span.clone()).unwrap_or("").to_owned();
        self.diagnostics.push(
            Diagnostic::new(
                span,
                "character",
                format!("`{written}` は規則の中では使えません"),
                format!("`{written}` cannot stand in a rule"),
            )
            .hint(
                "項目は英数字の項目名で、文字列は引用符で囲んで書きます",
                "write items by their path, and put text in quotation marks",
            ),
        );
        Token::Bad
    }
}
