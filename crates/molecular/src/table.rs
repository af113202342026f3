//! The curated tables behind the readers: genes with their extents in both builds, alterations whose effect is known,
//! limits of truncation, fusions. Every row has its source; a row of certainty M names an alteration but lends no class.

use crate::coverage::Scope;
use crate::finding::Class;
use crate::genome::Build;
use crate::hgvs::{self, Hgvs, protein::Protein};
use std::sync::OnceLock;

const GENES: &str = include_str!("../data/genes.csv");
const ALTERATIONS: &str = include_str!("../data/alterations.csv");
const LOSSES: &str = include_str!("../data/losses.csv");
const FUSIONS: &str = include_str!("../data/fusions.csv");

/// A gene that the knowledge names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gene {
    pub symbol: String,
    pub chromosome: String,
    /// On the reverse strand.
    pub reverse: bool,
    extents: Option<[(u64, u64); 2]>,
    /// What to add to a GRCh37 position to get the GRCh38 position.
    pub to_38: Option<i64>,
    /// Length of the protein in residues.
    pub protein_length: Option<u64>,
    /// Which change of the copy number counts, if any.
    pub copies: Option<Copies>,
    /// What an assay must have looked at before "none found" may be said.
    pub absence_needs: Vec<Scope>,
    pub source: String,
}

/// The change of the copy number that counts for a gene.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copies {
    Amplification,
    Loss,
}

impl Gene {
    /// First and last base over which copies are counted: the extent of GRCh37, carried into the build, so that both
    /// builds of one tumour are counted over the same bases.
    pub fn counted(&self, build: Build) -> Option<(u64, u64)> {
        let (a, b) = self.extent(Build::Grch37)?;
        Some((self.of_37(build, a)?, self.of_37(build, b)?))
    }

    /// First and last base in a build, if a source gives them.
    pub fn extent(&self, build: Build) -> Option<(u64, u64)> {
        self.extents.map(|e| match build {
            Build::Grch37 => e[0],
            Build::Grch38 => e[1],
        })
    }

    /// A position of a build in GRCh38.
    pub fn in_38(&self, build: Build, position: u64) -> Option<u64> {
        match build {
            Build::Grch38 => Some(position),
            Build::Grch37 => position.checked_add_signed(self.to_38?),
        }
    }

    /// A GRCh37 position in a build.
    fn of_37(&self, build: Build, position: u64) -> Option<u64> {
        match build {
            Build::Grch37 => Some(position),
            Build::Grch38 => position.checked_add_signed(self.to_38?),
        }
    }
}

/// An alteration that the table knows by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alteration {
    pub gene: String,
    /// Normalised protein HGVS.
    pub protein: String,
    pub coding: Option<String>,
    place: Option<Place>,
    /// `None` where the table names the alteration and no more (certainty M).
    pub class: Option<Class>,
    pub source: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    chromosome: String,
    /// First base of `reference` in either build; GRCh38 only where the gene's constant is known.
    starts: [Option<u64>; 2],
    reference: String,
    alternate: String,
}

impl Place {
    fn start(&self, build: Build) -> Option<u64> {
        match build {
            Build::Grch37 => self.starts[0],
            Build::Grch38 => self.starts[1],
        }
    }
}

/// Up to which codon a premature stop is a loss of function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    pub gene: String,
    pub codon: u64,
    pub class: Class,
    pub source: String,
}

/// A fusion known by both of its genes, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fusion {
    pub five_prime: String,
    pub three_prime: String,
    pub class: Option<Class>,
    pub source: String,
}

struct Tables {
    genes: Vec<Gene>,
    alterations: Vec<Alteration>,
    losses: Vec<Loss>,
    fusions: Vec<Fusion>,
}

fn rows(text: &str) -> impl Iterator<Item = csv::StringRecord> + '_ {
    let reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(text.as_bytes());
    reader.into_records().filter_map(Result::ok)
}

fn class_of(code: &str, certainty: &str) -> Option<Class> {
    (certainty == "H").then(|| Class::from_code(code)).flatten()
}

fn gene_of(r: &csv::StringRecord) -> Option<Gene> {
    let number = |i: usize| r.get(i).and_then(|t| t.parse::<u64>().ok());
    let extents = match (number(3), number(4), number(5), number(6)) {
        (Some(a), Some(b), Some(c), Some(d)) => Some([(a, b), (c, d)]),
        _ => None,
    };
    Some(Gene {
        symbol: r.get(0)?.to_owned(),
        chromosome: r.get(1)?.to_owned(),
        reverse: r.get(2)? == "-",
        extents,
        to_38: r.get(7)?.parse().ok(),
        protein_length: number(8),
        copies: match r.get(10)? {
            "amplification" => Some(Copies::Amplification),
            "loss" => Some(Copies::Loss),
            _ => None,
        },
        absence_needs: r.get(11)?.split(';').filter_map(Scope::from_code).collect(),
        source: r.get(12)?.to_owned(),
    })
}

fn alteration_of(r: &csv::StringRecord, genes: &[Gene]) -> Option<Alteration> {
    let gene = genes.iter().find(|g| Some(g.symbol.as_str()) == r.get(0))?;
    let place = r.get(3)?.parse::<u64>().ok().map(|position| Place {
        chromosome: gene.chromosome.clone(),
        starts: [gene.of_37(Build::Grch37, position), gene.of_37(Build::Grch38, position)],
        reference: r.get(4).unwrap_or_default().to_owned(),
        alternate: r.get(5).unwrap_or_default().to_owned(),
    });
    Some(Alteration {
        gene: gene.symbol.clone(),
        protein: r.get(1)?.to_owned(),
        coding: r.get(2).filter(|c| !c.is_empty()).map(str::to_owned),
        place,
        class: class_of(r.get(6)?, r.get(7)?),
        source: r.get(8)?.to_owned(),
    })
}

fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| {
        let genes: Vec<Gene> = rows(GENES).filter_map(|r| gene_of(&r)).collect();
        let alterations = rows(ALTERATIONS).filter_map(|r| alteration_of(&r, &genes)).collect();
        let losses = rows(LOSSES)
            .filter_map(|r| {
                Some(Loss {
                    gene: r.get(0)?.to_owned(),
                    codon: r.get(1)?.parse().ok()?,
                    class: Class::from_code(r.get(2)?)?,
                    source: r.get(3)?.to_owned(),
                })
            })
            .collect();
        let fusions = rows(FUSIONS)
            .filter_map(|r| {
                Some(Fusion {
                    five_prime: r.get(0)?.to_owned(),
                    three_prime: r.get(1)?.to_owned(),
                    class: class_of(r.get(2)?, r.get(3)?),
                    source: r.get(4)?.to_owned(),
                })
            })
            .collect();
        Tables { genes, alterations, losses, fusions }
    })
}

/// All genes, by symbol.
pub fn genes() -> &'static [Gene] {
    &tables().genes
}

pub fn alterations() -> &'static [Alteration] {
    &tables().alterations
}

pub fn gene(symbol: &str) -> Option<&'static Gene> {
    genes().iter().find(|g| g.symbol == symbol)
}

/// Genes whose extent a stretch of a chromosome touches.
pub fn touching(build: Build, chromosome: &str, start: u64, end: u64) -> impl Iterator<Item = &'static Gene> {
    let chromosome = chromosome.to_owned();
    genes().iter().filter(move |g| {
        g.chromosome == chromosome && g.extent(build).is_some_and(|(a, b)| start <= b && end >= a)
    })
}

/// The alteration at this place with these (trimmed) bases. A deletion may stand further left, as aligners place it:
/// the same deletion shifted by `d` bases has its bases rotated by `d`.
pub fn at(
    build: Build,
    chromosome: &str,
    position: u64,
    reference: &str,
    alternate: &str,
) -> Option<&'static Alteration> {
    alterations().iter().find(|a| {
        a.place.as_ref().is_some_and(|p| {
            if p.chromosome != chromosome || p.alternate != alternate || p.reference.len() != reference.len()
            {
                return false;
            }
            let Some(start) = p.start(build) else { return false };
            if start == position {
                return p.reference == reference;
            }
            let shift = start.checked_sub(position).and_then(|d| usize::try_from(d).ok());
            let turned = shift
                .filter(|d| *d < reference.len())
                .and_then(|d| Some((reference.get(d..)?, reference.get(..d)?)));
            alternate.is_empty() && turned.is_some_and(|(a, b)| format!("{a}{b}") == p.reference)
        })
    })
}

/// Alterations whose reference bases overlap a stretch.
pub fn covering(
    build: Build,
    chromosome: &str,
    position: u64,
    bases: u64,
) -> impl Iterator<Item = &'static Alteration> {
    let chromosome = chromosome.to_owned();
    alterations().iter().filter(move |a| {
        a.place.as_ref().is_some_and(|p| {
            p.chromosome == chromosome
                && p.start(build)
                    .is_some_and(|s| s < position + bases && position < s + p.reference.len() as u64)
        })
    })
}

/// First bases of the alterations that the table places in a gene.
pub fn positions(gene: &str, build: Build) -> impl Iterator<Item = u64> {
    let gene = gene.to_owned();
    alterations().iter().filter(move |a| a.gene == gene).filter_map(move |a| a.place.as_ref()?.start(build))
}

/// Position, expected and found base where a stretch of reference bases contradicts a row of the table.
pub fn contradiction(
    known: &Alteration,
    build: Build,
    position: u64,
    reference: &str,
) -> Option<(u64, char, char)> {
    let place = known.place.as_ref()?;
    let start = place.start(build)?;
    place.reference.chars().enumerate().find_map(|(i, expected)| {
        let at = start + i as u64;
        let found = reference.chars().nth(usize::try_from(at.checked_sub(position)?).ok()?)?;
        (found != expected && found != 'N').then_some((at, expected, found))
    })
}

/// An alteration by its protein HGVS (predicted or not) or its coding HGVS.
pub fn named(gene: &str, hgvs: &Hgvs) -> Option<&'static Alteration> {
    let text = hgvs.certain().to_string();
    alterations()
        .iter()
        .find(|a| a.gene == gene && (a.protein == text || a.coding.as_deref() == Some(text.as_str())))
}

/// The rule that makes a truncating protein change a loss of function.
pub fn loss(gene: &str, protein: &Protein) -> Option<&'static Loss> {
    let codon = protein.truncates_at()?;
    tables().losses.iter().find(|l| l.gene == gene && codon <= l.codon)
}

pub fn fusion(five_prime: &str, three_prime: &str) -> Option<&'static Fusion> {
    tables().fusions.iter().find(|f| f.five_prime == five_prime && f.three_prime == three_prime)
}

/// Residue that the table expects at a position of a protein, if any row states one.
pub fn residue(gene: &str, position: u64) -> Option<hgvs::protein::Residue> {
    alterations().iter().filter(|a| a.gene == gene).find_map(|a| {
        let Ok(Hgvs { change: hgvs::Change::Protein(p), .. }) = hgvs::parse(&a.protein) else { return None };
        p.residues().into_iter().find(|(_, at)| *at == position).map(|(r, _)| r)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data_rows(text: &str) -> usize {
        text.lines().filter(|l| !l.starts_with('#') && !l.trim().is_empty()).count() - 1
    }

    #[test]
    fn every_row_of_every_table_is_read() {
        assert_eq!(genes().len(), data_rows(GENES));
        assert_eq!(alterations().len(), data_rows(ALTERATIONS));
        assert!(genes().iter().all(|g| !g.absence_needs.is_empty()));
        assert_eq!(tables().losses.len(), data_rows(LOSSES));
        assert_eq!(tables().fusions.len(), data_rows(FUSIONS));
    }

    #[test]
    fn a_genes_constant_carries_its_extent_of_grch37_into_that_of_grch38() {
        for g in genes() {
            let (Some(old), Some(new)) = (g.extent(Build::Grch37), g.extent(Build::Grch38)) else { continue };
            // Ensembl has lengthened some genes since; none has been shortened at both ends.
            let moved = [old.0, old.1].map(|p| g.in_38(Build::Grch37, p).unwrap());
            assert!(
                moved[0] == new.0 || moved[1].abs_diff(new.1) < 600 || moved[0].abs_diff(new.0) < 3000,
                "{g:?}"
            );
            assert!(moved[0] >= new.0 && moved[1] <= new.1 + 4, "{g:?} {moved:?}");
        }
    }

    #[test]
    fn every_name_of_the_table_is_in_normal_form_and_lies_in_its_protein() {
        for a in alterations() {
            for text in [Some(&a.protein), a.coding.as_ref()].into_iter().flatten() {
                assert_eq!(&hgvs::parse(text).unwrap().to_string(), text);
            }
            let Hgvs { change: hgvs::Change::Protein(p), .. } = hgvs::parse(&a.protein).unwrap() else {
                panic!()
            };
            let length = gene(&a.gene).unwrap().protein_length.unwrap();
            assert!(p.residues().iter().all(|(_, at)| *at <= length), "{a:?}");
        }
    }

    /// The bases on the forward strand, complemented for a gene on the reverse strand, are those of the coding name,
    /// and the coding position lies in the codon that the protein name changes.
    #[test]
    fn coding_name_bases_and_codon_of_every_substitution_agree() {
        let mut checked = 0;
        for a in alterations() {
            let (Some(c), Some(p)) = (&a.coding, &a.place) else { continue };
            let Some((position, bases)) = c.strip_prefix("c.").and_then(|c| {
                let at = c.find(|x: char| x.is_ascii_uppercase())?;
                Some((c[..at].parse::<u64>().ok()?, c[at..].split_once('>')?))
            }) else {
                continue;
            };
            let turn = |b: &str| -> String {
                if !gene(&a.gene).unwrap().reverse {
                    return b.to_owned();
                }
                b.chars()
                    .rev()
                    .map(|x| match x {
                        'A' => 'T',
                        'T' => 'A',
                        'C' => 'G',
                        _ => 'C',
                    })
                    .collect()
            };
            assert_eq!(
                (bases.0, bases.1),
                (turn(&p.reference).as_str(), turn(&p.alternate).as_str()),
                "{a:?}"
            );
            let Hgvs { change: hgvs::Change::Protein(protein), .. } = hgvs::parse(&a.protein).unwrap() else {
                panic!()
            };
            assert_eq!(protein.residues()[0].1, position.div_ceil(3), "{a:?}");
            checked += 1;
        }
        assert!(checked > 20);
    }
}
