//! What an assay looked at. Only this lets an absence be called an absence.

use crate::columns;
use crate::genome::{self, Build};
use crate::note::{Note, both};
use crate::{open, table};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use words::Text;

/// What was looked at in a gene.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Substitutions, small insertions and deletions.
    Small,
    Copies,
    Fusion,
}

impl Scope {
    pub fn code(self) -> &'static str {
        match self {
            Scope::Small => "small",
            Scope::Copies => "copies",
            Scope::Fusion => "fusion",
        }
    }

    pub fn from_code(code: &str) -> Option<Scope> {
        [Scope::Small, Scope::Copies, Scope::Fusion].into_iter().find(|s| s.code() == code)
    }
}

/// Genes with what was looked at, and the stretches of the genome where a BED file names them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    pub genes: BTreeMap<String, BTreeSet<Scope>>,
    /// Build, chromosome, first and last base (from 1).
    #[serde(skip)]
    stretches: Vec<(Build, &'static str, u64, u64)>,
}

impl Coverage {
    pub fn is_empty(&self) -> bool {
        self.genes.is_empty()
    }

    pub fn add(&mut self, gene: &str, scope: Scope) {
        self.genes.entry(gene.to_owned()).or_default().insert(scope);
    }

    pub fn has(&self, gene: &str, scope: Scope) -> bool {
        self.genes.get(gene).is_some_and(|s| s.contains(&scope))
    }

    pub fn extend(&mut self, other: &Coverage) {
        for (gene, scopes) in &other.genes {
            self.genes.entry(gene.clone()).or_default().extend(scopes);
        }
        self.stretches.extend(&other.stretches);
    }

    /// True if stretches are stated for this gene and the position lies in none of them.
    pub fn excludes(&self, build: Build, gene: &str, chromosome: &str, position: u64) -> bool {
        let Some((a, b)) = table::gene(gene).and_then(|g| g.extent(build)) else { return false };
        let mut stated = false;
        for (at, c, from, to) in &self.stretches {
            if *at == build && *c == chromosome && *from <= b && *to >= a {
                stated = true;
                if (*from..=*to).contains(&position) {
                    return false;
                }
            }
        }
        stated
    }
}

/// Reads a list of covered genes: CSV with the columns `gene` and `covers` (`small;copies;fusion`), or a BED file in
/// the stated build. A BED file covers small variants of a gene only if every alteration that the table places in
/// that gene lies in its stretches.
pub fn read(bytes: &[u8], file: &str, build: Option<Build>) -> (Coverage, Vec<Note>) {
    let mut notes = Vec::new();
    let coverage = open::text(bytes, file).and_then(|text| {
        let bed = text
            .lines()
            .find(|l| !l.starts_with('#') && !l.starts_with("track") && !l.starts_with("browser"));
        if bed.is_some_and(|l| l.split(['\t', ' ']).nth(1).is_some_and(|n| n.parse::<u64>().is_ok())) {
            read_bed(&text, file, build, &mut notes)
        } else {
            read_list(&text, file, &mut notes)
        }
    });
    match coverage {
        Ok(c) => (c, notes),
        Err(note) => (Coverage::default(), vec![*note]),
    }
}

fn read_list(text: &str, file: &str, notes: &mut Vec<Note>) -> Result<Coverage, Box<Note>> {
    let table = columns::read(text, file)?;
    let gene = table.need(&["gene"], file)?;
    let covers = table.need(&["covers"], file)?;
    let mut out = Coverage::default();
    for row in &table.rows {
        let symbol = row.raw(Some(gene));
        for code in row.raw(Some(covers)).split(';').map(str::trim).filter(|c| !c.is_empty()) {
            match Scope::from_code(code) {
                Some(scope) => out.add(symbol, scope),
                None => {
                    let what = both!(
                        "「{code}」は検査の範囲として知られていません。",
                        "“{code}” is nothing that an assay covers."
                    );
                    let todo = Text::new(
                        "small、copies、fusion のいずれかを書いてください。",
                        "Write small, copies or fusion.",
                    );
                    notes.push(Note::left("scope", file, what, todo).at(row.line));
                }
            }
        }
    }
    Ok(out)
}

fn read_bed(
    text: &str,
    file: &str,
    build: Option<Build>,
    notes: &mut Vec<Note>,
) -> Result<Coverage, Box<Note>> {
    let Some(build) = build else {
        let what = Text::new(
            "BED ファイルのビルドが指定されていません。",
            "The build of a BED file must be stated.",
        );
        let todo = Text::new("--build を指定してください。", "Give --build.");
        return Err(Box::new(Note::refused("no_build", file, what, todo)));
    };
    let mut out = Coverage::default();
    for (i, line) in text.lines().enumerate() {
        if line.trim().is_empty() || ["#", "track", "browser"].iter().any(|p| line.starts_with(p)) {
            continue;
        }
        let cells: Vec<&str> = line.split(['\t', ' ']).filter(|c| !c.is_empty()).collect();
        let number = |i: usize| cells.get(i).and_then(|c| c.parse::<u64>().ok());
        let (Some(from), Some(to)) = (number(1), number(2)) else {
            let what = Text::new("BED の行に開始と終了がありません。", "This BED line has no start and end.");
            let todo = Text::new("列と区切りを確認してください。", "Check columns and separators.");
            return Err(Box::new(Note::refused("bed", file, what, todo).at(i + 1)));
        };
        let Some(chromosome) = cells.first().and_then(|c| genome::chromosome(c)) else { continue };
        genome::Witness::new(build, file).position(chromosome, to, i + 1)?;
        // BED counts from 0 and leaves the end out.
        out.stretches.push((build, chromosome, from + 1, to));
    }
    for gene in table::genes() {
        let Some((a, b)) = gene.extent(build) else { continue };
        let touched = out.stretches.iter().any(|s| s.1 == gene.chromosome && s.2 <= b && s.3 >= a);
        if !touched {
            continue;
        }
        let symbol = &gene.symbol;
        if table::positions(symbol, build).all(|p| !out.excludes(build, symbol, &gene.chromosome, p)) {
            out.add(symbol, Scope::Small);
        } else {
            let what = both!(
                "{symbol} の対象領域は既知の変化の位置をすべては含みません。",
                "The stretches in {symbol} do not hold every known place of change."
            );
            let todo = both!(
                "{symbol} が検出されなくても「なし」とはしません。",
                "{symbol} not found will not count as absent."
            );
            notes.push(Note::told("partly_covered", file, what, todo));
        }
    }
    Ok(out)
}
