//! CIViC's evidence file: every item brought to a normalised variant, every item to a level, or a reason why not.
//!
//! Source: civicdb.org, CC0. The map to the Japanese levels is data (`data/civic_levels.csv`), a curator's to change.

use crate::hgvs;
use crate::note::{Note, both};
use crate::{columns, open};
use std::collections::BTreeMap;
use std::fmt;
use words::{Lang, Text};

const LEVELS: &str = include_str!("../data/civic_levels.csv");

/// What an item is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variant {
    /// One named change, normalised HGVS (`p.` or `c.`).
    Named(String),
    /// `5'::3'`
    Fusion(String),
    /// Any change of one codon: gene and residue with number (`Arg249`).
    Codon(String),
    /// A class of changes: any mutation, an exon, a frame shift somewhere in it.
    Category(String),
    /// Not read, and why.
    Unmapped(Text),
}

/// A level, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Level {
    Of(String),
    None(Text),
}

/// One evidence item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub line: usize,
    pub evidence: String,
    pub gene: String,
    pub written: String,
    pub variant: Variant,
    pub disease: String,
    pub breast: bool,
    pub drugs: String,
    /// Level of the Japanese three-society guidance.
    pub level: Level,
    /// What a curator should look at.
    pub flag: Option<Text>,
}

/// Reads CIViC's tab-separated evidence file.
pub fn read(bytes: &[u8], file: &str) -> Result<Vec<Item>, Box<Note>> {
    let text = open::text(bytes, file)?;
    let t = columns::read(&text, file)?;
    let need = |n: &'static str| t.need(&[n], file);
    let (gene, variant, disease) = (need("gene")?, need("variant")?, need("disease")?);
    let (level, direction) = (need("evidence_level")?, need("evidence_direction")?);
    let (significance, drugs) = (need("clinical_significance")?, need("drugs")?);
    let (id, flagged) = (need("evidence_id")?, need("is_flagged")?);
    let map = levels();
    Ok(t.rows
        .iter()
        .map(|r| {
            let of = |c: usize| r.raw(Some(c)).to_owned();
            let breast = of(disease).to_ascii_lowercase().contains("breast");
            let (level, mut flag) = level_of(&map, &of(level), breast, &of(direction), &of(significance));
            if of(flagged).eq_ignore_ascii_case("true") {
                let own = Text::new("CIViC 自身が注意を付けている", "CIViC itself flags this item");
                flag = Some(match flag {
                    Some(f) => Text::new(format!("{}、{}", f.ja, own.ja), format!("{}; {}", f.en, own.en)),
                    None => own,
                });
            }
            Item {
                line: r.line,
                evidence: of(id),
                gene: of(gene),
                variant: variant_of(&of(gene), &of(variant)),
                written: of(variant),
                disease: of(disease),
                breast,
                drugs: of(drugs),
                level,
                flag,
            }
        })
        .collect())
}

struct Row {
    level: String,
    place: String,
    direction: String,
    significance: String,
    japan: String,
    note: Text,
}

fn levels() -> Vec<Row> {
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(LEVELS.as_bytes());
    reader
        .records()
        .filter_map(Result::ok)
        .filter_map(|r| {
            let of = |i: usize| r.get(i).map(str::to_owned);
            Some(Row {
                level: of(0)?,
                place: of(1)?,
                direction: of(2)?,
                significance: of(3)?,
                japan: of(4)?,
                note: Text::new(of(5)?, of(6)?),
            })
        })
        .collect()
}

/// The first row that fits; `*` fits anything.
fn level_of(
    map: &[Row],
    level: &str,
    breast: bool,
    direction: &str,
    significance: &str,
) -> (Level, Option<Text>) {
    let fits = |pattern: &str, value: &str| pattern == "*" || pattern == value;
    let place = if breast { "breast" } else { "elsewhere" };
    let row = map.iter().find(|r| {
        fits(&r.level, level)
            && fits(&r.place, place)
            && fits(&r.direction, direction)
            && fits(&r.significance, significance)
    });
    match row {
        Some(r) if r.japan.is_empty() => (Level::None(r.note.clone()), None),
        Some(r) => (Level::Of(r.japan.clone()), (!r.note.is_empty()).then(|| r.note.clone())),
        None => {
            let why = both!(
                "対応表に該当する行がない（{level}、{direction}、{significance}）",
                "no row of the map fits {level}, {direction}, {significance}"
            );
            (Level::None(why), None)
        }
    }
}

/// Brings CIViC's capital-letter names to normalised HGVS.
pub fn variant_of(gene: &str, written: &str) -> Variant {
    let name = written.trim();
    if let Some((five, three)) = name.split_once("::") {
        let three_of = |s: &str| s.split_whitespace().next().unwrap_or(s).to_owned();
        return Variant::Fusion(format!("{}::{}", five.trim(), three_of(three)));
    }
    if name.starts_with("RS") && name[2..].bytes().all(|b| b.is_ascii_digit()) {
        return Variant::Unmapped(Text::new(
            "dbSNP 番号だけで変化が書かれていない",
            "dbSNP number: no change is stated",
        ));
    }
    if name == "MUTATION" {
        return Variant::Category(format!("any mutation of {gene}"));
    }
    if name.contains("EXON") || name.contains("OVEREXPRESSION") || name.contains("AMPLIFICATION") {
        return Variant::Category(name.to_ascii_lowercase());
    }
    let text = spelled(name);
    match hgvs::parse(&text) {
        Ok(h) => Variant::Named(h.certain().to_string()),
        Err(e) => match codon(name) {
            Some(c) => Variant::Codon(c),
            None => {
                let (column, Text { ja, en }) = (e.column, e.what);
                Variant::Unmapped(both!(
                    "{text} として読んだが {column} 文字目：{ja}",
                    "read as {text}, at its character {column}: {en}"
                ))
            }
        },
    }
}

/// `K159FS` as `p.K159fs`, `V600_K601>E` as `p.V600_K601delinsE`, `W1815X` as `p.W1815*`, `C.902-1G>T` as `c.902-1G>T`.
fn spelled(name: &str) -> String {
    if let Some(coding) = name.strip_prefix("C.") {
        let text = words_down(coding);
        // `7515+1_2del`: the end is counted from the same exon.
        if let Some((start, rest)) = text.split_once('_')
            && let (Some((base, _)), true) =
                (start.split_once('+'), rest.starts_with(|c: char| c.is_ascii_digit()))
        {
            return format!("c.{start}_{base}+{rest}");
        }
        return format!("c.{text}");
    }
    let mut text = words_down(name);
    if let Some((range, new)) = text.split_once('>') {
        text = format!("{range}delins{new}");
    }
    // `I1145I`: nothing changes.
    let letters: Vec<char> = text.chars().filter(|c| !c.is_ascii_digit()).collect();
    if let ([a, b], true) = (letters.as_slice(), text.ends_with(|c: char| c.is_ascii_uppercase()))
        && a == b
        && text.starts_with(*a)
    {
        text.pop();
        text.push('=');
    }
    // CIViC's older items write a stop as X.
    if let Some(stem) = text.strip_suffix('X').filter(|s| s.ends_with(|c: char| c.is_ascii_digit())) {
        text = format!("{stem}*");
    }
    format!("p.{text}")
}

fn words_down(name: &str) -> String {
    ["DELINS", "DEL", "DUP", "INS"]
        .iter()
        .find_map(|w| {
            let at = name.find(w)?;
            // The word follows a number, so that residues (`INSN...`) are not taken for it.
            let after_number = name.get(..at)?.ends_with(|c: char| c.is_ascii_digit());
            after_number
                .then(|| format!("{}{}{}", &name[..at], w.to_ascii_lowercase(), &name[at + w.len()..]))
        })
        .unwrap_or_else(|| name.replace("FS", "fs"))
}

/// `R249` as `Arg249`.
fn codon(name: &str) -> Option<String> {
    // Borrow the reader of names: a codon and "=" is a silent change of it.
    let h = hgvs::parse(&format!("p.{name}=")).ok()?;
    let (residue, at) = *h.protein()?.residues().first()?;
    Some(format!("{residue}{at}"))
}

/// Counts of a reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub items: usize,
    pub variants: usize,
    /// Items by kind of variant.
    pub kinds: BTreeMap<&'static str, usize>,
    /// Items by level; `none` without one.
    pub levels: BTreeMap<String, usize>,
    /// Items without a level, by reason.
    pub without: BTreeMap<Text, usize>,
    pub flagged: BTreeMap<Text, usize>,
}

/// Counts items; `breast` restricts them to breast cancer.
pub fn count(items: &[Item], breast: bool) -> Counts {
    let mut c = Counts::default();
    let mut names = std::collections::BTreeSet::new();
    for i in items.iter().filter(|i| !breast || i.breast) {
        c.items += 1;
        names.insert((&i.gene, &i.variant));
        let kind = match i.variant {
            Variant::Named(_) => "named",
            Variant::Fusion(_) => "fusion",
            Variant::Codon(_) => "codon",
            Variant::Category(_) => "category",
            Variant::Unmapped(_) => "unmapped",
        };
        *c.kinds.entry(kind).or_default() += 1;
        match &i.level {
            Level::Of(l) => *c.levels.entry(l.clone()).or_default() += 1,
            Level::None(why) => *c.without.entry(why.clone()).or_default() += 1,
        }
        if let Some(f) = &i.flag {
            *c.flagged.entry(f.clone()).or_default() += 1;
        }
    }
    c.variants = names.len();
    c
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Variant::Named(t) | Variant::Fusion(t) | Variant::Codon(t) | Variant::Category(t) => {
                f.write_str(t)
            }
            Variant::Unmapped(why) => f.write_str(why.get(Lang::En)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spellings_of_civic_become_normalised_names() {
        for (written, expected) in [
            ("H1047R", "p.His1047Arg"),
            ("K159FS", "p.Lys159fs"),
            ("M695FS*26", "p.Met695fsTer26"),
            ("Q1467*", "p.Gln1467Ter"),
            ("W1815X", "p.Trp1815Ter"),
            ("L755_T759DEL", "p.Leu755_Thr759del"),
            ("P551_E554DELPMYE", "p.Pro551_Glu554del"),
            ("V600_K601>E", "p.Val600_Lys601delinsGlu"),
            ("D770_N771INSNPG", "p.Asp770_Asn771insAsnProGly"),
            ("M774DELINSWLV", "p.Met774delinsTrpLeuVal"),
            ("A767_V769DUPASV", "p.Ala767_Val769dup"),
            ("I1145I", "p.Ile1145="),
            ("C.902-1G>T", "c.902-1G>T"),
            ("C.7515+1_2DEL", "c.7515+1_7515+2del"),
            ("C.1285DUPC", "c.1285dup"),
        ] {
            assert_eq!(variant_of("G", written), Variant::Named(expected.into()), "{written}");
        }
        assert_eq!(variant_of("TP53", "R249"), Variant::Codon("Arg249".into()));
        assert_eq!(variant_of("NTRK3", "ETV6::NTRK3"), Variant::Fusion("ETV6::NTRK3".into()));
        assert!(matches!(variant_of("ETS2", "RS461155"), Variant::Unmapped(_)));
    }
}
