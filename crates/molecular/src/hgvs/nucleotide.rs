//! Changes of a nucleotide sequence.

use super::Malformed;
use super::scan::{Scan, malformed};
use std::fmt;

/// A position: `76`, `-14` (before the start), `*37` (after the stop), each with an offset into an intron (`88+2`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    pub region: Region,
    /// Signed so that order is the order on the transcript: `-14` is -14.
    pub base: i64,
    pub offset: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Region {
    /// Before the start, or in the sequence itself.
    Plain,
    /// After the stop.
    AfterStop,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Nucleotide {
    pub start: Position,
    pub end: Option<Position>,
    pub edit: Edit,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Edit {
    Same,
    Substitution(char, char),
    Deletion,
    Duplication,
    Inversion,
    Insertion(String),
    Delins(String),
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.region {
            Region::Plain => write!(f, "{}", self.base)?,
            Region::AfterStop => write!(f, "*{}", self.base)?,
        }
        if self.offset == 0 { Ok(()) } else { write!(f, "{:+}", self.offset) }
    }
}

impl fmt::Display for Nucleotide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.start)?;
        if let Some(end) = &self.end {
            write!(f, "_{end}")?;
        }
        match &self.edit {
            Edit::Same => f.write_str("="),
            Edit::Substitution(a, b) => write!(f, "{a}>{b}"),
            Edit::Deletion => f.write_str("del"),
            Edit::Duplication => f.write_str("dup"),
            Edit::Inversion => f.write_str("inv"),
            Edit::Insertion(new) => write!(f, "ins{new}"),
            Edit::Delins(new) => write!(f, "delins{new}"),
        }
    }
}

impl Nucleotide {
    /// True if the change touches the two bases of an intron next to an exon (the canonical splice sites).
    pub fn at_splice_site(&self) -> bool {
        [Some(self.start), self.end].into_iter().flatten().any(|p| (1..=2).contains(&p.offset.abs()))
    }
}

fn is_base(c: char) -> bool {
    matches!(c, 'A' | 'C' | 'G' | 'T' | 'N')
}

/// Reads what follows `c.` (positions on a transcript) or `g.`.
pub(super) fn read(s: &mut Scan<'_>, transcript: bool) -> Result<Nucleotide, Malformed> {
    let start = position(s, transcript)?;
    let range_at = s.column();
    let end = if s.eat('_') { Some(position(s, transcript)?) } else { None };
    if end.is_some_and(|e| e <= start) {
        return Err(malformed(
            range_at,
            "範囲の終わりが始まりより後ではありません",
            "the range does not end after its beginning",
        ));
    }
    let edit = edit(s, start, end)?;
    Ok(Nucleotide { start, end, edit })
}

fn position(s: &mut Scan<'_>, transcript: bool) -> Result<Position, Malformed> {
    let here = s.column();
    let (region, sign) = match s.peek() {
        Some('*') => (Region::AfterStop, 1),
        Some('-') => (Region::Plain, -1),
        Some('(' | '?' | '[') => {
            return Err(s.error(
                "不確かな位置や複数アレルの書き方には対応していません",
                "uncertain positions and alleles are not read",
            ));
        }
        _ => (Region::Plain, 1),
    };
    if region == Region::AfterStop || sign < 0 {
        if !transcript {
            return Err(malformed(
                here,
                "ゲノム上の位置は1以上の番号だけです",
                "a genomic position is a plain number",
            ));
        }
        s.next();
    }
    let base = i64::try_from(s.number()?).unwrap_or(i64::MAX) * sign;
    let offset = match s.peek() {
        Some(c @ ('+' | '-')) if transcript => {
            s.next();
            let n = i64::try_from(s.number()?).unwrap_or(i64::MAX);
            if c == '-' { -n } else { n }
        }
        _ => 0,
    };
    Ok(Position { region, base, offset })
}

fn bases(s: &mut Scan<'_>) -> String {
    s.take_while(is_base)
}

fn some_bases(s: &mut Scan<'_>) -> Result<String, Malformed> {
    let found = bases(s);
    if found.is_empty() {
        return Err(s.error("ここに塩基（A、C、G、T）が必要です", "bases (A, C, G, T) must stand here"));
    }
    Ok(found)
}

/// How many bases a range spans, where that can be told without the transcript.
fn span(start: Position, end: Option<Position>) -> Option<i64> {
    let Some(end) = end else { return Some(1) };
    let plain = start.region == end.region && start.offset == 0 && end.offset == 0;
    let across_start = start.base < 0 && end.base > 0;
    (plain && !across_start).then(|| end.base - start.base + 1)
}

fn edit(s: &mut Scan<'_>, start: Position, end: Option<Position>) -> Result<Edit, Malformed> {
    let here = s.column();
    let as_stated = |column: usize, stated: &str| -> Result<(), Malformed> {
        match span(start, end) {
            Some(n) if !stated.is_empty() && i64::try_from(stated.len()) != Ok(n) => Err(malformed(
                column,
                "書かれた塩基の数が範囲と合いません",
                "the bases written here are not as many as the range says",
            )),
            _ => Ok(()),
        }
    };
    if s.eat('=') {
        return Ok(Edit::Same);
    }
    if s.eat_word("delins") {
        return Ok(Edit::Delins(some_bases(s)?));
    }
    if s.eat_word("del") {
        let at = s.column();
        let old = bases(s);
        as_stated(at, &old)?;
        if s.eat_word("ins") {
            let new = some_bases(s)?;
            return Ok(match (old.chars().next(), new.chars().next()) {
                (Some(a), Some(b)) if old.len() == 1 && new.len() == 1 && a != b => Edit::Substitution(a, b),
                _ => Edit::Delins(new),
            });
        }
        return Ok(Edit::Deletion);
    }
    if s.eat_word("dup") {
        let at = s.column();
        let old = bases(s);
        as_stated(at, &old)?;
        return Ok(Edit::Duplication);
    }
    if s.eat_word("inv") {
        if end.is_none() {
            return Err(malformed(here, "逆位には範囲が必要です", "an inversion needs a range"));
        }
        return Ok(Edit::Inversion);
    }
    if s.eat_word("ins") {
        let neighbours = end.is_some_and(|e| {
            e.region != start.region
                || e.offset != 0
                || start.offset != 0
                || e.base == start.base + 1
                || (start.base == -1 && e.base == 1)
        });
        if !neighbours {
            return Err(malformed(
                here,
                "挿入は隣り合う2塩基の間に書きます（例 c.76_77insT）",
                "an insertion stands between two neighbouring bases (c.76_77insT)",
            ));
        }
        return Ok(Edit::Insertion(some_bases(s)?));
    }
    if s.peek().is_some_and(is_base) {
        let from = s.next().unwrap_or('N');
        if end.is_some() {
            return Err(malformed(
                here,
                "範囲の置換は delins と書きます",
                "a change of a range is written with delins",
            ));
        }
        if !s.eat('>') {
            return Err(s.error("塩基の後に「>」が必要です", "> must follow the base"));
        }
        let at = s.column();
        let to = s.next().filter(|c| is_base(*c)).ok_or_else(|| {
            malformed(at, "ここに塩基（A、C、G、T）が必要です", "a base (A, C, G, T) must stand here")
        })?;
        if from == to {
            return Err(malformed(at, "置換の前後が同じです", "before and after are the same"));
        }
        return Ok(Edit::Substitution(from, to));
    }
    Err(malformed(
        here,
        "ここに変化（A>C、del、dup、ins、delins、inv、=）が必要です",
        "a change must stand here (A>C, del, dup, ins, delins, inv, =)",
    ))
}
