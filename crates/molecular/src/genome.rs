//! The two genome builds: chromosome names and lengths, RefSeq accessions, and what a file betrays of its own build.

use crate::note::{Note, both};
use crate::table::{self, Alteration};
use serde::Serialize;
use std::fmt;
use words::Text;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Build {
    #[serde(rename = "GRCh37")]
    Grch37,
    #[serde(rename = "GRCh38")]
    Grch38,
}

impl Build {
    pub const ALL: [Build; 2] = [Build::Grch37, Build::Grch38];

    pub fn name(self) -> &'static str {
        match self {
            Build::Grch37 => "GRCh37",
            Build::Grch38 => "GRCh38",
        }
    }

    pub fn other(self) -> Build {
        match self {
            Build::Grch37 => Build::Grch38,
            Build::Grch38 => Build::Grch37,
        }
    }

    /// Reads the names in use: `GRCh37`, `hg19`, `b37`, `hs37d5`; `GRCh38`, `hg38`, `hs38DH`.
    pub fn named(text: &str) -> Option<Build> {
        let lower = text.to_ascii_lowercase();
        let has = |names: &[&str]| names.iter().any(|n| lower.contains(n));
        let old = has(&["grch37", "hg19", "b37", "hs37", "37d5"]);
        let new = has(&["grch38", "hg38", "b38", "hs38"]);
        match (old, new) {
            (true, false) => Some(Build::Grch37),
            (false, true) => Some(Build::Grch38),
            _ => None,
        }
    }
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Chromosome, length in GRCh37, length in GRCh38, RefSeq number, RefSeq version in GRCh37 (GRCh38: one more).
/// Source: NCBI assemblies GCF_000001405.25 and GCF_000001405.40.
const CHROMOSOMES: [(&str, u64, u64, u32, u32); 24] = [
    ("1", 249_250_621, 248_956_422, 1, 10),
    ("2", 243_199_373, 242_193_529, 2, 11),
    ("3", 198_022_430, 198_295_559, 3, 11),
    ("4", 191_154_276, 190_214_555, 4, 11),
    ("5", 180_915_260, 181_538_259, 5, 9),
    ("6", 171_115_067, 170_805_979, 6, 11),
    ("7", 159_138_663, 159_345_973, 7, 13),
    ("8", 146_364_022, 145_138_636, 8, 10),
    ("9", 141_213_431, 138_394_717, 9, 11),
    ("10", 135_534_747, 133_797_422, 10, 10),
    ("11", 135_006_516, 135_086_622, 11, 9),
    ("12", 133_851_895, 133_275_309, 12, 11),
    ("13", 115_169_878, 114_364_328, 13, 10),
    ("14", 107_349_540, 107_043_718, 14, 8),
    ("15", 102_531_392, 101_991_189, 15, 9),
    ("16", 90_354_753, 90_338_345, 16, 9),
    ("17", 81_195_210, 83_257_441, 17, 10),
    ("18", 78_077_248, 80_373_285, 18, 9),
    ("19", 59_128_983, 58_617_616, 19, 9),
    ("20", 63_025_520, 64_444_167, 20, 10),
    ("21", 48_129_895, 46_709_983, 21, 8),
    ("22", 51_304_566, 50_818_468, 22, 10),
    ("X", 155_270_560, 156_040_895, 23, 10),
    ("Y", 59_373_566, 57_227_415, 24, 9),
];

/// The chromosome's name without `chr`; `None` for mitochondrial, decoy and unplaced sequences.
pub fn chromosome(name: &str) -> Option<&'static str> {
    let bare = name.strip_prefix("chr").or_else(|| name.strip_prefix("Chr")).unwrap_or(name);
    let bare = match bare {
        "23" | "x" => "X",
        "24" | "y" => "Y",
        other => other,
    };
    CHROMOSOMES.iter().map(|c| c.0).find(|c| *c == bare)
}

/// Length of a chromosome in bases.
pub fn length(build: Build, chromosome: &str) -> Option<u64> {
    CHROMOSOMES.iter().find(|c| c.0 == chromosome).map(|c| match build {
        Build::Grch37 => c.1,
        Build::Grch38 => c.2,
    })
}

/// `NC_000003.12` for chromosome 3 in GRCh38.
pub fn accession(build: Build, chromosome: &str) -> Option<String> {
    CHROMOSOMES.iter().find(|c| c.0 == chromosome).map(|c| {
        let version = c.4 + u32::from(build == Build::Grch38);
        format!("NC_{:06}.{version}", c.3)
    })
}

/// The build and chromosome that a RefSeq accession names.
pub fn of_accession(text: &str) -> Option<(Build, &'static str)> {
    Build::ALL
        .into_iter()
        .flat_map(|b| CHROMOSOMES.iter().map(move |c| (b, c.0)))
        .find(|(b, c)| accession(*b, c).as_deref() == Some(text))
}

/// Collects what a file betrays of its own build while it is read.
#[derive(Debug)]
pub struct Witness {
    stated: Build,
    file: String,
    agrees: usize,
}

impl Witness {
    pub fn new(stated: Build, file: &str) -> Witness {
        Witness { stated, file: file.to_owned(), agrees: 0 }
    }

    pub fn stated(&self) -> Build {
        self.stated
    }

    fn wrong(&self, line: usize, why: Text) -> Box<Note> {
        let (stated, other) = (self.stated, self.stated.other());
        let Text { ja, en } = why;
        let what = both!(
            "ゲノムビルドが違います。{stated} と指定されましたが、このファイルは {other} です（{ja}）。",
            "Wrong genome build: {stated} was stated, this file is {other} ({en})."
        );
        let todo = both!(
            "--build {other} を指定するか、{stated} のファイルを用意してください。",
            "Give --build {other}, or a file in {stated}."
        );
        Box::new(Note::refused("wrong_build", &self.file, what, todo).at(line))
    }

    /// A name of a reference in a header.
    pub fn name(&mut self, text: &str, line: usize) -> Result<(), Box<Note>> {
        match Build::named(text) {
            Some(b) if b == self.stated => self.agrees += 1,
            Some(_) => {
                let why = both!("ヘッダーに「{text}」とあります", "its header names “{text}”");
                return Err(self.wrong(line, why));
            }
            None => {}
        }
        Ok(())
    }

    /// A contig with its length in a header.
    pub fn contig(&mut self, name: &str, bases: u64, line: usize) -> Result<(), Box<Note>> {
        let Some(c) = chromosome(name) else { return Ok(()) };
        if length(self.stated, c) == Some(bases) {
            self.agrees += 1;
        } else if length(self.stated.other(), c) == Some(bases) {
            let why = both!(
                "染色体 {c} の長さが {bases} 塩基です",
                "chromosome {c} has {bases} bases in its header"
            );
            return Err(self.wrong(line, why));
        } else {
            let what = both!(
                "染色体 {c} の長さ {bases} は GRCh37 にも GRCh38 にも一致しません。",
                "Chromosome {c} with {bases} bases belongs to neither GRCh37 nor GRCh38."
            );
            let todo = Text::new(
                "検査会社に参照配列を確認してください。",
                "Ask the laboratory which reference sequence it used.",
            );
            return Err(Box::new(Note::refused("unknown_build", &self.file, what, todo).at(line)));
        }
        Ok(())
    }

    /// A position; beyond the end of the chromosome it cannot be of the stated build.
    pub fn position(&mut self, chromosome: &str, position: u64, line: usize) -> Result<(), Box<Note>> {
        let Some(end) = length(self.stated, chromosome) else { return Ok(()) };
        if position <= end {
            return Ok(());
        }
        if length(self.stated.other(), chromosome).is_some_and(|o| position <= o) {
            let why = both!(
                "染色体 {chromosome} の位置 {position} は末端 {end} を超えています",
                "position {position} lies beyond the end of chromosome {chromosome}, {end}"
            );
            return Err(self.wrong(line, why));
        }
        let what = both!(
            "染色体 {chromosome} の位置 {position} はどのビルドでも末端を超えています。",
            "Position {position} lies beyond the end of chromosome {chromosome} in either build."
        );
        let todo =
            Text::new("ファイルが壊れていないか確認してください。", "Check whether the file is damaged.");
        Err(Box::new(Note::refused("beyond_chromosome", &self.file, what, todo).at(line)))
    }

    /// A trimmed change: compares the reference bases with the table's, and looks whether the change is a known
    /// alteration of the *other* build.
    pub fn change(
        &mut self,
        chromosome: &str,
        position: u64,
        reference: &str,
        alternate: &str,
        line: usize,
    ) -> Result<Option<&'static Alteration>, Box<Note>> {
        if let Some(found) = table::at(self.stated, chromosome, position, reference, alternate) {
            self.agrees += 1;
            return Ok(Some(found));
        }
        if let Some(other) = table::at(self.stated.other(), chromosome, position, reference, alternate) {
            let (gene, protein, place) = (&other.gene, &other.protein, self.stated.other());
            let why = both!(
                "{chromosome}:{position} {reference}>{alternate} は {place} での {gene} {protein} です",
                "{chromosome}:{position} {reference}>{alternate} is {gene} {protein} in {place}"
            );
            return Err(self.wrong(line, why));
        }
        for known in table::covering(self.stated, chromosome, position, reference.len() as u64) {
            if let Some((at, expected, found)) = table::contradiction(known, self.stated, position, reference)
            {
                let (gene, stated) = (&known.gene, self.stated);
                let what = both!(
                    "参照塩基が合いません。{stated} の {chromosome}:{at}（{gene}）は {expected} ですが、ファイルには {found} とあります。",
                    "The reference base contradicts {stated}: at {chromosome}:{at} ({gene}) it is {expected}, the file says {found}."
                );
                let todo = Text::new(
                    "ゲノムビルドと鎖の向きを確認してください。このファイルは使いません。",
                    "Check genome build and strand. The file is not used.",
                );
                return Err(Box::new(
                    Note::refused("reference_contradicts", &self.file, what, todo).at(line),
                ));
            }
            self.agrees += 1;
        }
        Ok(None)
    }

    /// Says so when nothing in the file confirmed the stated build.
    pub fn unconfirmed(&self) -> Option<Note> {
        if self.agrees > 0 {
            return None;
        }
        let stated = self.stated;
        let what = both!(
            "このファイルの中にビルドを裏づけるものがありません。指定された {stated} をそのまま用いました。",
            "Nothing in this file confirms its build; {stated} is taken as stated."
        );
        let todo = Text::new(
            "検査会社の報告書でビルドを確認してください。",
            "Confirm the build from the laboratory's report.",
        );
        Some(Note::told("build_unconfirmed", &self.file, what, todo))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_accession_names_build_and_chromosome() {
        assert_eq!(of_accession("NC_000003.11"), Some((Build::Grch37, "3")));
        assert_eq!(of_accession("NC_000003.12"), Some((Build::Grch38, "3")));
        assert_eq!(of_accession("NC_000023.11"), Some((Build::Grch38, "X")));
        assert_eq!(of_accession("NC_000003.13"), None);
    }

    #[test]
    fn names_of_builds_in_use_are_known_and_a_name_of_both_is_none() {
        assert_eq!(Build::named("file:///ref/hs37d5.fa"), Some(Build::Grch37));
        assert_eq!(Build::named("Homo_sapiens_assembly_hg38"), Some(Build::Grch38));
        assert_eq!(Build::named("hg19ToHg38"), None);
        assert_eq!(Build::named("mm10"), None);
    }
}
