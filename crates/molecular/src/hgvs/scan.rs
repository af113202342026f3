//! A cursor over characters that knows its column.

use super::Malformed;
use words::Text;

pub struct Scan<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    column: usize,
}

pub fn malformed(column: usize, ja: &str, en: &str) -> Malformed {
    Malformed { column, what: Text::new(ja, en) }
}

impl<'a> Scan<'a> {
    pub fn new(text: &'a str) -> Scan<'a> {
        Scan { rest: text.chars().peekable(), column: 1 }
    }

    /// Column of the next character, from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    pub fn peek(&mut self) -> Option<char> {
        self.rest.peek().copied()
    }

    pub fn next(&mut self) -> Option<char> {
        let c = self.rest.next();
        if c.is_some() {
            self.column += 1;
        }
        c
    }

    pub fn eat(&mut self, c: char) -> bool {
        let there = self.peek() == Some(c);
        if there {
            self.next();
        }
        there
    }

    /// Takes a whole word or nothing.
    pub fn eat_word(&mut self, word: &str) -> bool {
        let mut ahead = self.rest.clone();
        if word.chars().all(|w| ahead.next() == Some(w)) {
            self.rest = ahead;
            self.column += word.chars().count();
            return true;
        }
        false
    }

    pub fn take_while(&mut self, keep: impl Fn(char) -> bool) -> String {
        let mut out = String::new();
        while let Some(c) = self.peek().filter(|c| keep(*c)) {
            out.push(c);
            self.next();
        }
        out
    }

    pub fn error(&self, ja: &str, en: &str) -> Malformed {
        malformed(self.column, ja, en)
    }

    /// A whole number from 1, without leading zero, of at most 9 digits.
    pub fn number(&mut self) -> Result<u64, Malformed> {
        let at = self.column;
        let digits = self.take_while(|c| c.is_ascii_digit());
        let ok = !digits.is_empty() && digits.len() <= 9 && !digits.starts_with('0');
        match digits.parse() {
            Ok(n) if ok => Ok(n),
            _ => Err(malformed(at, "ここに1以上の番号が必要です", "a number from 1 on must stand here")),
        }
    }
}
