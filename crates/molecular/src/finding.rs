//! One molecular finding, in no vendor's shape.

use crate::genome::Build;
use rust_decimal::Decimal;
use serde::Serialize;

/// What kind of change it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Substitution, small insertion or deletion.
    SmallVariant,
    Amplification,
    /// Both copies lost, over the whole gene.
    HomozygousDeletion,
    /// A copy number between the limits, or a loss that reaches only into the gene.
    CopyChange,
    Fusion,
    /// Looked for and not there.
    NoneFound,
}

impl Kind {
    pub fn code(self) -> &'static str {
        match self {
            Kind::SmallVariant => "small_variant",
            Kind::Amplification => "amplification",
            Kind::HomozygousDeletion => "homozygous_deletion",
            Kind::CopyChange => "copy_change",
            Kind::Fusion => "fusion",
            Kind::NoneFound => "none_found",
        }
    }

    pub fn from_code(code: &str) -> Option<Kind> {
        [
            Kind::SmallVariant,
            Kind::Amplification,
            Kind::HomozygousDeletion,
            Kind::CopyChange,
            Kind::Fusion,
            Kind::NoneFound,
        ]
        .into_iter()
        .find(|k| k.code() == code)
    }
}

/// What the finding means, when somebody with a source says it. `None` in a [`Finding`] is *uninterpreted*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    Benign,
    LikelyBenign,
    Vus,
    LikelyPathogenic,
    Pathogenic,
}

impl Class {
    pub const ALL: [Class; 5] =
        [Class::Benign, Class::LikelyBenign, Class::Vus, Class::LikelyPathogenic, Class::Pathogenic];

    pub fn code(self) -> &'static str {
        match self {
            Class::Benign => "benign",
            Class::LikelyBenign => "likely_benign",
            Class::Vus => "vus",
            Class::LikelyPathogenic => "likely_pathogenic",
            Class::Pathogenic => "pathogenic",
        }
    }

    pub fn from_code(code: &str) -> Option<Class> {
        Class::ALL.into_iter().find(|c| c.code() == code)
    }
}

/// Where a value was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Specimen {
    Tissue,
    Blood,
}

impl Specimen {
    pub fn code(self) -> &'static str {
        match self {
            Specimen::Tissue => "tissue",
            Specimen::Blood => "blood",
        }
    }

    pub fn from_code(code: &str) -> Option<Specimen> {
        [Specimen::Tissue, Specimen::Blood].into_iter().find(|s| s.code() == code)
    }
}

/// Whether the change belongs to the tumour or to the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    Tumour,
    Germline,
}

/// A place on a genome. `start` and `end` are 1-based, both included.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Coordinates {
    pub build: Build,
    /// Without `chr`.
    pub chromosome: String,
    pub start: u64,
    pub end: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alternate: Option<String>,
}

/// File and line (0 if the format has no lines) behind a finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Source {
    pub file: String,
    pub line: usize,
}

/// One molecular finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// HGNC symbol.
    pub gene: String,
    pub kind: Kind,
    /// `None`: uninterpreted.
    pub class: Option<Class>,
    /// Who says the class: a row of the table, or the laboratory. For an uninterpreted finding, why.
    pub class_source: String,
    pub origin: Origin,
    /// Normalised protein HGVS, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protein: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coding: Option<String>,
    /// Genomic HGVS without accession in the file's own build.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub genomic: Option<String>,
    /// The same place named in GRCh38 (`NC_000003.12:g.179234297A>G`), equal for both builds of one tumour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canonical: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coordinates: Option<Coordinates>,
    /// Allele fraction, 0 to 1, as reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vaf: Option<Decimal>,
    /// Reads over the place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depth: Option<u64>,
    /// Total copies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copies: Option<Decimal>,
    /// The other gene of a fusion; `None` when the file does not name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub specimen: Option<Specimen>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assay: Option<String>,
    /// FILTER of a VCF record, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    pub source: Source,
}

impl Finding {
    /// An uninterpreted finding; the readers fill in what they know.
    pub fn new(gene: &str, kind: Kind, file: &str, line: usize) -> Finding {
        Finding {
            gene: gene.to_owned(),
            kind,
            class: None,
            class_source: String::new(),
            origin: Origin::Tumour,
            protein: None,
            coding: None,
            genomic: None,
            canonical: None,
            coordinates: None,
            vaf: None,
            depth: None,
            copies: None,
            partner: None,
            specimen: None,
            assay: None,
            filter: None,
            source: Source { file: file.to_owned(), line },
        }
    }
}
