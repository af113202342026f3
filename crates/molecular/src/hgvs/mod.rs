//! HGVS names of variants: read, normalised, written. Protein (`p.`), coding (`c.`), genomic (`g.`), non-coding (`n.`).
//!
//! Source of the grammar: HGVS Nomenclature, recommendations for DNA and protein (varnomen, den Dunnen 2016). Without
//! the reference sequence the 3' rule cannot be applied, and a deletion's sequence cannot be checked: a name is
//! brought to one spelling, not to one placement. Not read: alleles `[a;b]`, repeats `[n]`, uncertain positions,
//! conversions; such a name is refused with its column.

pub mod nucleotide;
pub mod protein;
mod scan;

use nucleotide::Nucleotide;
use protein::Protein;
use std::fmt;
use words::Text;

/// A variant's name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hgvs {
    /// What stands before the colon.
    pub reference: Option<Reference>,
    pub change: Change,
}

/// Accession or gene that a name refers to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    /// `NM_006218.4`; empty if only a gene is given.
    pub accession: String,
    pub gene: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    Protein(Protein),
    Coding(Nucleotide),
    Genomic(Nucleotide),
    NonCoding(Nucleotide),
}

/// Where and why a text is no HGVS name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {}", what.en)]
pub struct Malformed {
    /// From 1, in characters.
    pub column: usize,
    pub what: Text,
}

impl Hgvs {
    /// The same name without the parentheses of a prediction and without its reference.
    pub fn certain(&self) -> Hgvs {
        let change = match &self.change {
            Change::Protein(p) => Change::Protein(Protein { predicted: false, ..p.clone() }),
            other => other.clone(),
        };
        Hgvs { reference: None, change }
    }

    /// The protein change, if this is one.
    pub fn protein(&self) -> Option<&Protein> {
        match &self.change {
            Change::Protein(p) => Some(p),
            _ => None,
        }
    }
}

impl fmt::Display for Hgvs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(r) = &self.reference {
            write!(f, "{r}:")?;
        }
        match &self.change {
            Change::Protein(p) => write!(f, "p.{p}"),
            Change::Coding(n) => write!(f, "c.{n}"),
            Change::Genomic(n) => write!(f, "g.{n}"),
            Change::NonCoding(n) => write!(f, "n.{n}"),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.gene, self.accession.is_empty()) {
            (Some(g), true) => f.write_str(g),
            (Some(g), false) => write!(f, "{}({g})", self.accession),
            (None, _) => f.write_str(&self.accession),
        }
    }
}

/// Reads a name, with or without `reference:`. One-letter and three-letter residues are both read; the result prints
/// with three letters.
pub fn parse(text: &str) -> Result<Hgvs, Malformed> {
    let mut s = scan::Scan::new(text);
    let reference = match text.find(':') {
        Some(_) => Some(reference(&mut s)?),
        None => None,
    };
    let kind = s.peek();
    let at = s.column();
    let change = match kind {
        Some('p') => {
            prefix(&mut s)?;
            Change::Protein(protein::read(&mut s)?)
        }
        Some('c') => {
            prefix(&mut s)?;
            Change::Coding(nucleotide::read(&mut s, true)?)
        }
        Some('g') => {
            prefix(&mut s)?;
            Change::Genomic(nucleotide::read(&mut s, false)?)
        }
        Some('n') => {
            prefix(&mut s)?;
            Change::NonCoding(nucleotide::read(&mut s, true)?)
        }
        _ => {
            return Err(scan::malformed(
                at,
                "「p.」「c.」「g.」「n.」のいずれかで始まっていません",
                "the name begins with none of p. c. g. n.",
            ));
        }
    };
    if s.peek().is_some() {
        return Err(s.error("ここから先が読めません", "nothing more is expected here"));
    }
    Ok(Hgvs { reference, change })
}

fn prefix(s: &mut scan::Scan<'_>) -> Result<(), Malformed> {
    s.next();
    if s.eat('.') {
        Ok(())
    } else {
        Err(s.error("種別の文字の後に「.」が必要です", "a full stop must follow the letter"))
    }
}

fn reference(s: &mut scan::Scan<'_>) -> Result<Reference, Malformed> {
    let start = s.column();
    let name = s.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
    if name.is_empty() {
        return Err(s.error("「:」の前に参照配列が必要です", "a reference must stand before the colon"));
    }
    let accession = ["NM_", "NP_", "NC_", "NG_", "NR_", "NT_", "XM_", "XP_", "LRG_", "ENST", "ENSP", "ENSG"]
        .iter()
        .any(|p| name.starts_with(p));
    let gene = if s.eat('(') {
        let gene = s.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        if gene.is_empty() || !s.eat(')') {
            return Err(s.error("遺伝子名の「)」が閉じていません", "the gene's parenthesis is not closed"));
        }
        Some(gene)
    } else {
        None
    };
    if !s.eat(':') {
        return Err(s.error("参照配列の後に「:」が必要です", "a colon must follow the reference"));
    }
    match (accession, gene) {
        (true, gene) => Ok(Reference { accession: name, gene }),
        (false, None) => Ok(Reference { accession: String::new(), gene: Some(name) }),
        (false, Some(_)) => Err(scan::malformed(
            start,
            "参照配列の番号として読めません",
            "this is not an accession of a reference sequence",
        )),
    }
}
