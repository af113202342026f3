//! Reads molecular findings from a laboratory's files into neutral findings, and says what could not be used.
//!
//! Pure: bytes in, findings and notes out. No network, no clock, no transcript database. What is known of a variant
//! rests on small tables with a source in every row (`data/`); anything else inside a known gene is an *uninterpreted
//! variant*, never silently dropped and never called pathogenic.
#![forbid(unsafe_code)]

pub mod civic;
pub mod cna;
mod columns;
pub mod coverage;
pub mod fhir;
mod finding;
pub mod fusion;
pub mod genome;
pub mod hgvs;
pub mod import;
pub mod maf;
mod name;
mod note;
pub mod open;
pub mod profile;
pub mod report;
pub mod table;
pub mod vcf;

pub use finding::{Class, Coordinates, Finding, Kind, Origin, Source, Specimen};
pub use genome::Build;
pub use note::{Hides, Note, Weight};

/// What a reader makes of one file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// What was found, in the order of the file.
    pub findings: Vec<Finding>,
    /// What could not be used, and what the reader should know; refusals included.
    pub notes: Vec<Note>,
    /// What this file covers, when the file itself says it.
    pub covered: coverage::Coverage,
    /// Values that are not findings of a gene (`tmb.per_mb`, `msi.status`, ...), by concept.
    pub values: std::collections::BTreeMap<String, serde_json::Value>,
    /// Records that lie outside every gene of the table: counted, not listed.
    pub elsewhere: usize,
    /// Records read.
    pub records: usize,
}

impl Reading {
    /// True if the whole file was refused: nothing of it may be used.
    pub fn refused(&self) -> bool {
        self.notes.iter().any(|n| n.weight == Weight::Refused)
    }

    /// What `take` finds in the text of a file, or its refusal.
    pub(crate) fn of(
        bytes: &[u8],
        file: &str,
        take: impl FnOnce(&str, &mut Reading) -> Result<(), Box<Note>>,
    ) -> Reading {
        let mut reading = Reading::default();
        match open::text(bytes, file).and_then(|text| take(&text, &mut reading)) {
            Ok(()) => reading,
            Err(note) => reading.refuse(*note),
        }
    }

    /// Takes nothing from the file but its refusal.
    pub(crate) fn refuse(mut self, note: Note) -> Reading {
        self.findings.clear();
        self.values.clear();
        self.covered = coverage::Coverage::default();
        self.notes.push(note);
        self
    }
}
