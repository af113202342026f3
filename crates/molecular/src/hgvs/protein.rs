//! Changes of a protein.

use super::Malformed;
use super::scan::{Scan, malformed};
use std::fmt;

/// An amino acid, or the stop (`Ter`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Residue(&'static (&'static str, char));

/// Three-letter and one-letter codes (IUPAC), stop included. `X` is left out on purpose: it has meant both "unknown"
/// and "stop".
static RESIDUES: [(&str, char); 22] = [
    ("Ala", 'A'),
    ("Arg", 'R'),
    ("Asn", 'N'),
    ("Asp", 'D'),
    ("Cys", 'C'),
    ("Gln", 'Q'),
    ("Glu", 'E'),
    ("Gly", 'G'),
    ("His", 'H'),
    ("Ile", 'I'),
    ("Leu", 'L'),
    ("Lys", 'K'),
    ("Met", 'M'),
    ("Phe", 'F'),
    ("Pro", 'P'),
    ("Sec", 'U'),
    ("Ser", 'S'),
    ("Ter", '*'),
    ("Thr", 'T'),
    ("Trp", 'W'),
    ("Tyr", 'Y'),
    ("Val", 'V'),
];

impl Residue {
    pub fn three(self) -> &'static str {
        self.0.0
    }

    pub fn one(self) -> char {
        self.0.1
    }

    pub fn is_stop(self) -> bool {
        self.0.1 == '*'
    }

    fn of(code: char) -> Option<Residue> {
        RESIDUES.iter().find(|r| r.1 == code).map(Residue)
    }

    /// The stop.
    fn stop() -> Option<Residue> {
        Residue::of('*')
    }
}

impl fmt::Display for Residue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.three())
    }
}

/// A residue of the reference with its number.
pub type At = (Residue, u64);

/// A protein change; `predicted` when it stands in parentheses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Protein {
    pub predicted: bool,
    pub effect: Effect,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// `p.=`
    Same,
    /// `p.?`
    Unknown,
    /// `p.0`, `p.0?`
    NoProtein {
        probably: bool,
    },
    /// `p.Trp26=`
    Silent(At),
    /// `p.Met1?`
    UnknownAt(At),
    /// `p.Trp26Cys`, `p.Trp26Ter`
    Substitution(At, Residue),
    /// `p.Arg97ProfsTer23`; the short form `p.Arg97fs` has neither
    Frameshift {
        at: At,
        first: Option<Residue>,
        stop: Stop,
    },
    /// `p.Met1ext-5`, `p.Ter110GlnextTer17`
    Extension {
        at: At,
        first: Option<Residue>,
        to: ExtensionTo,
    },
    Deletion(At, Option<At>),
    Duplication(At, Option<At>),
    Insertion(At, At, Vec<Residue>),
    Delins(At, Option<At>, Vec<Residue>),
}

/// Where a new reading frame ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stop {
    NotSaid,
    /// `fsTer?`
    Unknown,
    After(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExtensionTo {
    /// `ext-5`: so many residues before the first.
    Before(u64),
    /// `extTer17`
    Stop(u64),
    /// `extTer?`
    UnknownStop,
}

impl Protein {
    /// Reference residues that the name states.
    pub fn residues(&self) -> Vec<At> {
        match &self.effect {
            Effect::Same | Effect::Unknown | Effect::NoProtein { .. } => Vec::new(),
            Effect::Silent(a) | Effect::UnknownAt(a) | Effect::Substitution(a, _) => vec![*a],
            Effect::Frameshift { at, .. } | Effect::Extension { at, .. } => vec![*at],
            Effect::Deletion(a, b) | Effect::Duplication(a, b) | Effect::Delins(a, b, _) => {
                std::iter::once(*a).chain(*b).collect()
            }
            Effect::Insertion(a, b, _) => vec![*a, *b],
        }
    }

    /// The codon at which the protein ends early: of the new stop where it is stated, else of the first changed one.
    pub fn truncates_at(&self) -> Option<u64> {
        match &self.effect {
            Effect::Substitution((from, at), to) if to.is_stop() && !from.is_stop() => Some(*at),
            Effect::Frameshift { at, stop: Stop::After(n), .. } => {
                Some(at.1.saturating_add(n.saturating_sub(1)))
            }
            // Without its stop a frameshift near the limit could pass it: only the stated stop is used.
            Effect::Frameshift { .. } => None,
            Effect::Delins((from, at), _, new) if !from.is_stop() => {
                new.iter().position(|r| r.is_stop()).map(|i| at.saturating_add(i as u64))
            }
            _ => None,
        }
    }

    /// True if the protein stays as it is.
    pub fn is_silent(&self) -> bool {
        matches!(self.effect, Effect::Same | Effect::Silent(_))
    }
}

impl fmt::Display for Protein {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.predicted { write!(f, "({})", self.effect) } else { write!(f, "{}", self.effect) }
    }
}

struct Range<'a>(&'a At, &'a Option<At>);

impl fmt::Display for Range<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.0.0, self.0.1)?;
        if let Some((r, n)) = self.1 {
            write!(f, "_{r}{n}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chain =
            |f: &mut fmt::Formatter<'_>, new: &[Residue]| new.iter().try_for_each(|r| write!(f, "{r}"));
        match self {
            Effect::Same => f.write_str("="),
            Effect::Unknown => f.write_str("?"),
            Effect::NoProtein { probably } => f.write_str(if *probably { "0?" } else { "0" }),
            Effect::Silent((r, n)) => write!(f, "{r}{n}="),
            Effect::UnknownAt((r, n)) => write!(f, "{r}{n}?"),
            Effect::Substitution((r, n), to) => write!(f, "{r}{n}{to}"),
            Effect::Frameshift { at: (r, n), first, stop } => {
                write!(f, "{r}{n}")?;
                if let Some(first) = first {
                    write!(f, "{first}")?;
                }
                f.write_str("fs")?;
                match stop {
                    Stop::NotSaid => Ok(()),
                    Stop::Unknown => f.write_str("Ter?"),
                    Stop::After(n) => write!(f, "Ter{n}"),
                }
            }
            Effect::Extension { at: (r, n), first, to } => {
                write!(f, "{r}{n}")?;
                if let Some(first) = first {
                    write!(f, "{first}")?;
                }
                match to {
                    ExtensionTo::Before(n) => write!(f, "ext-{n}"),
                    ExtensionTo::Stop(n) => write!(f, "extTer{n}"),
                    ExtensionTo::UnknownStop => f.write_str("extTer?"),
                }
            }
            Effect::Deletion(a, b) => write!(f, "{}del", Range(a, b)),
            Effect::Duplication(a, b) => write!(f, "{}dup", Range(a, b)),
            Effect::Insertion(a, b, new) => {
                write!(f, "{}ins", Range(a, &Some(*b)))?;
                chain(f, new)
            }
            Effect::Delins(a, b, new) => {
                write!(f, "{}delins", Range(a, b))?;
                chain(f, new)
            }
        }
    }
}

/// A residue in three letters or one; `None` if none stands here.
fn residue(s: &mut Scan<'_>) -> Option<Residue> {
    if let Some(r) = RESIDUES.iter().find(|r| s.eat_word(r.0)) {
        return Some(Residue(r));
    }
    let found = Residue::of(s.peek()?)?;
    s.next();
    Some(found)
}

fn expect_residue(s: &mut Scan<'_>) -> Result<Residue, Malformed> {
    if s.peek() == Some('X') {
        return Err(s.error(
            "「X」は不明な残基と終止の両方に使われてきました。終止なら「Ter」または「*」と書いてください",
            "X has meant both “unknown” and “stop”: write Ter or * for a stop",
        ));
    }
    residue(s).ok_or_else(|| {
        s.error(
            "ここにアミノ酸（3文字または1文字）が必要です",
            "an amino acid must stand here (three letters or one)",
        )
    })
}

/// Reads what follows `p.`.
pub(super) fn read(s: &mut Scan<'_>) -> Result<Protein, Malformed> {
    let predicted = s.eat('(');
    let effect = effect(s)?;
    if predicted && !s.eat(')') {
        return Err(
            s.error("予測を示す「(」が閉じていません", "the parenthesis of the prediction is not closed")
        );
    }
    Ok(Protein { predicted, effect })
}

fn effect(s: &mut Scan<'_>) -> Result<Effect, Malformed> {
    match s.peek() {
        Some('=') => {
            s.next();
            return Ok(Effect::Same);
        }
        Some('?') => {
            s.next();
            return Ok(Effect::Unknown);
        }
        Some('0') => {
            s.next();
            return Ok(Effect::NoProtein { probably: s.eat('?') });
        }
        _ => {}
    }
    let a = at(s)?;
    let range_at = s.column();
    let b = if s.eat('_') { Some(at(s)?) } else { None };
    if let Some(b) = b
        && b.1 <= a.1
    {
        return Err(malformed(
            range_at,
            "範囲の終わりが始まりより後ではありません",
            "the range does not end after its beginning",
        ));
    }
    let here = s.column();
    if s.eat_word("delins") {
        return delins(s, a, b, here);
    }
    if s.eat_word("del") {
        stated_length(s, a, b)?;
        return Ok(Effect::Deletion(a, b));
    }
    if s.eat_word("dup") {
        stated_length(s, a, b)?;
        return Ok(Effect::Duplication(a, b));
    }
    if s.eat_word("ins") {
        let Some(b) = b.filter(|b| b.1 == a.1 + 1) else {
            return Err(malformed(
                here,
                "挿入は隣り合う2残基の間に書きます（例 p.Lys2_Met3insGln）",
                "an insertion stands between two neighbouring residues (p.Lys2_Met3insGln)",
            ));
        };
        return Ok(Effect::Insertion(a, b, chain(s)?));
    }
    if b.is_some() {
        return Err(malformed(
            here,
            "範囲の後には del、dup、ins、delins のいずれかが必要です",
            "del, dup, ins or delins must follow a range",
        ));
    }
    single(s, a)
}

fn at(s: &mut Scan<'_>) -> Result<At, Malformed> {
    let r = expect_residue(s)?;
    Ok((r, s.number()?))
}

fn chain(s: &mut Scan<'_>) -> Result<Vec<Residue>, Malformed> {
    let mut new = vec![expect_residue(s)?];
    while let Some(r) = residue(s) {
        new.push(r);
    }
    if let Some(i) = new.iter().position(|r| r.is_stop()).filter(|i| i + 1 < new.len()) {
        let _ = i;
        return Err(s.error("終止の後に残基が続いています", "residues follow a stop"));
    }
    Ok(new)
}

/// Old spellings repeat the deleted residues (`delProMet`); they must be as many as the range says.
fn stated_length(s: &mut Scan<'_>, a: At, b: Option<At>) -> Result<(), Malformed> {
    let here = s.column();
    let mut stated = 0u64;
    while residue(s).is_some() {
        stated += 1;
    }
    let span = b.map_or(1, |b| b.1 - a.1 + 1);
    if stated != 0 && stated != span {
        return Err(malformed(
            here,
            "書かれた残基の数が範囲と合いません",
            "the residues written here are not as many as the range says",
        ));
    }
    Ok(())
}

fn delins(s: &mut Scan<'_>, a: At, b: Option<At>, here: usize) -> Result<Effect, Malformed> {
    let new = chain(s)?;
    if let (None, [one]) = (b, new.as_slice()) {
        // One residue for one is a substitution.
        if *one == a.0 {
            return Err(malformed(here, "置換の前後が同じです", "before and after are the same"));
        }
        return Ok(Effect::Substitution(a, *one));
    }
    Ok(Effect::Delins(a, b, new))
}

fn single(s: &mut Scan<'_>, a: At) -> Result<Effect, Malformed> {
    if s.eat('=') {
        return Ok(Effect::Silent(a));
    }
    if s.eat('?') {
        return Ok(Effect::UnknownAt(a));
    }
    let here = s.column();
    if s.eat_word("fs") {
        return Ok(Effect::Frameshift { at: a, first: None, stop: stop(s)? });
    }
    if s.eat_word("ext") {
        return extension(s, a, None);
    }
    let to = expect_residue(s)?;
    if s.eat_word("fs") {
        let stop = stop(s)?;
        // A frame that ends at once is a nonsense change.
        if stop == Stop::After(1) || to.is_stop() {
            return match Residue::stop() {
                Some(ter) if to.is_stop() && matches!(stop, Stop::NotSaid | Stop::After(1)) => {
                    Ok(Effect::Substitution(a, ter))
                }
                _ => Err(malformed(
                    here,
                    "直ちに終止する読み枠のずれは置換（例 p.Tyr4Ter）として書きます",
                    "a frame that ends at once is written as a substitution (p.Tyr4Ter)",
                )),
            };
        }
        return Ok(Effect::Frameshift { at: a, first: Some(to), stop });
    }
    if s.eat_word("ext") {
        return extension(s, a, Some(to));
    }
    if to == a.0 {
        return Err(malformed(
            here,
            "置換の前後が同じです。変化がなければ「=」と書きます",
            "before and after are the same: write = for no change",
        ));
    }
    Ok(Effect::Substitution(a, to))
}

/// `Ter23`, `*23`, `Ter?`, or nothing.
fn stop(s: &mut Scan<'_>) -> Result<Stop, Malformed> {
    if !(s.eat_word("Ter") || s.eat('*')) {
        return Ok(Stop::NotSaid);
    }
    if s.eat('?') {
        return Ok(Stop::Unknown);
    }
    Ok(Stop::After(s.number()?))
}

fn extension(s: &mut Scan<'_>, at: At, first: Option<Residue>) -> Result<Effect, Malformed> {
    let here = s.column();
    let to = if s.eat('-') {
        ExtensionTo::Before(s.number()?)
    } else if s.eat_word("Ter") || s.eat('*') {
        if s.eat('?') { ExtensionTo::UnknownStop } else { ExtensionTo::Stop(s.number()?) }
    } else {
        return Err(malformed(
            here,
            "「ext」の後には「-5」または「Ter17」の形が必要です",
            "ext must be followed by -5 or Ter17",
        ));
    };
    let fits = match to {
        ExtensionTo::Before(_) => at.1 == 1 && first.is_none(),
        _ => at.0.is_stop(),
    };
    if !fits {
        return Err(malformed(
            here,
            "伸長は先頭の Met か終止でのみ起こります",
            "only the first residue or the stop can be extended",
        ));
    }
    Ok(Effect::Extension { at, first, to })
}
