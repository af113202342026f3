//! Fusions: two genes, two breakpoints.

use crate::finding::{Finding, Kind, Specimen};
use crate::genome::{self, Build, Witness};
use crate::note::{Note, Weight, both};
use crate::table::{self, Gene};
use crate::{Reading, columns};
use words::Text;

#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    pub build: Build,
    pub specimen: Option<Specimen>,
    pub assay: Option<&'a str>,
}

/// Reads a list of fusions: `FusionGene` (`5'--3'` or `5'::3'`) or two gene columns, and the two breakpoints if there
/// are any (`2:42522694`). A fusion of a gene of the table is a finding; its class comes from a row that names both
/// genes in this order. A partner that is not named stays unnamed.
pub fn read(bytes: &[u8], file: &str, options: &Options<'_>) -> Reading {
    Reading::of(bytes, file, |text, reading| rows(text, file, options, reading))
}

fn rows(text: &str, file: &str, options: &Options<'_>, reading: &mut Reading) -> Result<(), Box<Note>> {
    let table = columns::read(text, file)?;
    let pair = table.column(&["FusionGene", "fusion", "#FusionName", "FusionName"]);
    let (left, right) = match pair {
        Some(_) => (None, None),
        None => (
            Some(table.need(&["gene5", "five_prime", "gene1", "left_gene"], file)?),
            Some(table.need(&["gene3", "three_prime", "gene2", "right_gene"], file)?),
        ),
    };
    let breaks = [
        table.column(&["LeftBreakpoint", "breakpoint1", "left_breakpoint"]),
        table.column(&["RightBreakpoint", "breakpoint2", "right_breakpoint"]),
    ];
    let mut witness = Witness::new(options.build, file);
    let mut seen: Vec<(String, usize)> = Vec::new();
    'rows: for row in &table.rows {
        reading.records += 1;
        let written = row.raw(pair);
        let names = match pair {
            Some(_) => match written.split_once("--").or_else(|| written.split_once("::")) {
                Some((a, b)) => [a.trim().to_owned(), b.trim().to_owned()],
                None => {
                    let what = both!(
                        "「{written}」は「5'側--3'側」の形ではありません。",
                        "“{written}” is not of the form 5'--3'."
                    );
                    let todo =
                        Text::new("例 ETV6--NTRK3 のように書いてください。", "Write it like ETV6--NTRK3.");
                    reading
                        .notes
                        .push(Note::left("fusion_name", file, what, todo).at(row.line).hides_anything());
                    continue;
                }
            },
            None => [row.raw(left).to_owned(), row.raw(right).to_owned()],
        };
        let mut places = [None, None];
        for (i, column) in breaks.iter().enumerate() {
            let Some(cell) = row.get(*column) else { continue };
            let parsed = cell
                .split_once(':')
                .and_then(|(c, p)| Some((genome::chromosome(c)?, p.parse::<u64>().ok()?)));
            match parsed {
                Some((c, p)) => {
                    if let Err(mut note) = witness.position(c, p, row.line) {
                        if note.code == "wrong_build" {
                            return Err(note);
                        }
                        // A breakpoint that lies nowhere spoils its own row only.
                        note.weight = Weight::Left;
                        let genes = names.iter().filter(|n| table::gene(n).is_some());
                        reading.notes.extend(genes.map(|g| (*note).clone().hides(g)));
                        if !names.iter().any(|n| table::gene(n).is_some()) {
                            reading.notes.push(*note);
                        }
                        continue 'rows;
                    }
                    if let Some(slot) = places.get_mut(i) {
                        *slot = Some((c, p));
                    }
                }
                None => {
                    let what =
                        both!("切断点「{cell}」が読めません。", "The breakpoint “{cell}” cannot be read.");
                    let todo = Text::new(
                        "「染色体:位置」の形で書いてください。",
                        "Write it as chromosome:position.",
                    );
                    reading.notes.push(Note::left("breakpoint", file, what, todo).at(row.line));
                }
            }
        }
        let known: Vec<(usize, &Gene)> =
            names.iter().enumerate().filter_map(|(i, n)| Some((i, table::gene(n)?))).collect();
        if known.is_empty() {
            reading.elsewhere += 1;
            continue;
        }
        let name = format!("{}::{}", names[0], names[1]);
        if let Some((_, before)) = seen.iter().find(|(n, _)| *n == name) {
            let what = both!("{name} は {before} 行目にもあります。", "{name} is also on line {before}.");
            reading.notes.push(Note::left("duplicate", file, what, Text::default()).at(row.line));
            continue;
        }
        seen.push((name.clone(), row.line));
        for (side, gene) in known {
            if !inside(gene, places.get(side).copied().flatten(), file, row.line, options.build, reading)? {
                continue;
            }
            let partner = names.get(1 - side).filter(|p| !p.is_empty());
            let mut f = Finding::new(&gene.symbol, Kind::Fusion, file, row.line);
            f.partner = partner.cloned();
            f.specimen = options.specimen;
            f.assay = options.assay.map(str::to_owned);
            classify(&mut f, &names, side);
            reading.findings.push(f);
        }
    }
    Ok(())
}

/// Is the breakpoint in its gene? In the other build's gene only: the build is wrong.
fn inside(
    gene: &Gene,
    place: Option<(&'static str, u64)>,
    file: &str,
    line: usize,
    build: Build,
    reading: &mut Reading,
) -> Result<bool, Box<Note>> {
    let (Some((c, p)), Some((a, b))) = (place, gene.extent(build)) else { return Ok(true) };
    if c == gene.chromosome && (a..=b).contains(&p) {
        return Ok(true);
    }
    let other = build.other();
    let symbol = &gene.symbol;
    if c == gene.chromosome && gene.extent(other).is_some_and(|(a, b)| (a..=b).contains(&p)) {
        let what = both!(
            "ゲノムビルドが違います。{build} と指定されましたが、{c}:{p} が {symbol} の中にあるのは {other} です。",
            "Wrong genome build: {build} was stated, but {c}:{p} lies in {symbol} only in {other}."
        );
        let todo = both!("--build {other} を指定してください。", "Give --build {other}.");
        return Err(Box::new(Note::refused("wrong_build", file, what, todo).at(line)));
    }
    let what = both!(
        "切断点 {c}:{p} は {symbol} の中にありません。",
        "The breakpoint {c}:{p} does not lie in {symbol}."
    );
    let todo = Text::new(
        "遺伝子名と位置を検査会社に確認してください。",
        "Ask the laboratory about gene and position.",
    );
    reading.notes.push(Note::left("not_in_gene", file, what, todo).at(line).hides(symbol));
    Ok(false)
}

/// Class of a fusion, `side` 0 when the gene is the 5' one.
pub(crate) fn classify(f: &mut Finding, names: &[String; 2], side: usize) {
    let [five, three] = names;
    match table::fusion(five, three) {
        Some(row) if side == 1 => {
            f.class = row.class;
            f.class_source = match row.class {
                Some(_) => row.source.clone(),
                None => format!("named, class unverified: {}", row.source),
            };
        }
        _ if five.is_empty() || three.is_empty() => {
            f.class_source = "uninterpreted: the partner is not named".to_owned()
        }
        _ if table::fusion(three, five).is_some() => {
            f.class_source = format!("uninterpreted: known as {three}::{five}, here the other way round");
        }
        _ => f.class_source = format!("uninterpreted fusion {five}::{three}"),
    }
}
