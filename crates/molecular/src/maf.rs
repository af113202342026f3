//! MAF, the mutation annotation format of the GDC: one alteration a row, annotated.

use crate::finding::{Coordinates, Finding, Kind, Origin, Specimen};
use crate::genome::{self, Build, Witness};
use crate::note::{Note, both};
use crate::{Reading, columns, name, table, vcf};
use rust_decimal::Decimal;
use words::Text;

#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    pub build: Build,
    pub sample: Option<&'a str>,
    pub specimen: Option<Specimen>,
    pub assay: Option<&'a str>,
    pub origin: Origin,
}

/// Classes of the format that leave the protein as it is.
const SILENT: [&str; 10] =
    ["Silent", "Intron", "3'UTR", "5'UTR", "3'Flank", "5'Flank", "IGR", "RNA", "lincRNA", "Targeted_Region"];

struct At {
    gene: usize,
    chromosome: usize,
    start: usize,
    end: usize,
    reference: usize,
    alternate: usize,
    class: Option<usize>,
    build: Option<usize>,
    sample: Option<usize>,
    filter: Option<usize>,
    protein: Option<usize>,
    coding: Option<usize>,
    depth: Option<usize>,
    reads: Option<usize>,
}

/// Reads a file. A row is checked against the stated build, its gene's extent and the table.
pub fn read(bytes: &[u8], file: &str, options: &Options<'_>) -> Reading {
    Reading::of(bytes, file, |text, reading| rows(text, file, options, reading))
}

fn rows(text: &str, file: &str, options: &Options<'_>, reading: &mut Reading) -> Result<(), Box<Note>> {
    let t = columns::read(text, file)?;
    let at = At {
        gene: t.need(&["Hugo_Symbol"], file)?,
        chromosome: t.need(&["Chromosome"], file)?,
        start: t.need(&["Start_Position", "Start_position"], file)?,
        end: t.need(&["End_Position", "End_position"], file)?,
        reference: t.need(&["Reference_Allele"], file)?,
        alternate: t.need(&["Tumor_Seq_Allele2"], file)?,
        class: t.column(&["Variant_Classification"]),
        build: t.column(&["NCBI_Build"]),
        sample: t.column(&["Tumor_Sample_Barcode"]),
        filter: t.column(&["FILTER"]),
        protein: t.column(&["HGVSp", "HGVSp_Short"]),
        coding: t.column(&["HGVSc"]),
        depth: t.column(&["t_depth"]),
        reads: t.column(&["t_alt_count"]),
    };
    let sample = one_sample(&t, &at, file, options)?;
    let mut witness = Witness::new(options.build, file);
    let mut silent = 0usize;
    let mut seen = Vec::new();
    for row in &t.rows {
        if sample.is_some() && row.get(at.sample) != sample.as_deref() {
            continue;
        }
        reading.records += 1;
        if let Some(build) = row.get(at.build) {
            let build = if matches!(build, "37" | "38") { format!("GRCh{build}") } else { build.to_owned() };
            if Build::named(&build).is_none() {
                let what =
                    both!("ビルド「{build}」は知られていません。", "The build “{build}” is not known.");
                let todo = Text::new(
                    "GRCh37 または GRCh38 のファイルを用意してください。",
                    "Give a file in GRCh37 or GRCh38.",
                );
                return Err(Box::new(Note::refused("unknown_build", file, what, todo).at(row.line)));
            }
            witness.name(&build, row.line)?;
        }
        let Some(change) = change(row, &at, &mut witness)? else {
            let what = Text::new("位置または塩基が読めません。", "Position or bases cannot be read.");
            let todo = Text::new("元のファイルを確認してください。", "Check the original.");
            reading.notes.push(Note::left("row", file, what, todo).at(row.line).hides_anything());
            continue;
        };
        let written = row.raw(Some(at.gene));
        let Some(gene) = table::gene(name::symbol(written)) else {
            if let Some(inside) =
                table::touching(options.build, change.chromosome, change.start, change.end).next()
            {
                let symbol = &inside.symbol;
                let what = both!(
                    "遺伝子は「{written}」とありますが、位置は {symbol} の中です。",
                    "The gene is “{written}”, the place lies in {symbol}."
                );
                let todo =
                    Text::new("遺伝子名を検査会社に確認してください。", "Ask the laboratory about the gene.");
                reading.notes.push(Note::left("other_gene", file, what, todo).at(row.line).hides(symbol));
            } else {
                reading.elsewhere += 1;
            }
            continue;
        };
        let known = witness.change(
            change.chromosome,
            change.start,
            &change.reference,
            &change.alternate,
            row.line,
        )?;
        if let Some((a, b)) = gene.extent(options.build)
            && (change.chromosome != gene.chromosome || change.end < a || change.start > b)
        {
            let (symbol, c, s) = (&gene.symbol, change.chromosome, change.start);
            let what = both!(
                "{c}:{s} は遺伝子 {symbol} の中にありません。",
                "{c}:{s} does not lie in the gene {symbol}."
            );
            let todo = Text::new(
                "遺伝子名とビルドを検査会社に確認してください。",
                "Ask the laboratory about gene and build.",
            );
            reading.notes.push(Note::left("not_in_gene", file, what, todo).at(row.line).hides(symbol));
            continue;
        }
        if let Some(filter) = row.get(at.filter).filter(|f| *f != "PASS") {
            let symbol = &gene.symbol;
            let what = both!(
                "{symbol} の記録は FILTER「{filter}」のため使いません。",
                "This record of {symbol} has FILTER “{filter}” and is not used."
            );
            let todo = Text::new("必要なら検査会社に確認してください。", "Ask the laboratory if it matters.");
            reading.notes.push(Note::left("filtered", file, what, todo).at(row.line));
            continue;
        }
        let key = (change.chromosome, change.start, change.reference.clone(), change.alternate.clone());
        if let Some((_, before)) = seen.iter().find(|(k, _)| *k == key) {
            let what = both!("{before} 行目と同じ変化です。", "The same change as line {before}.");
            reading.notes.push(Note::left("duplicate", file, what, Text::default()).at(row.line));
            continue;
        }
        seen.push((key, row.line));
        if row.get(at.class).is_some_and(|c| SILENT.contains(&c)) {
            silent += 1;
            continue;
        }
        match finding(row, &at, gene, &change, known, file, options) {
            Ok(Some(f)) => reading.findings.push(f),
            Ok(None) => silent += 1,
            Err(note) => reading.notes.push(*note),
        }
    }
    if silent > 0 {
        let what = both!(
            "蛋白質を変えない変化が {silent} 件あり、所見にしませんでした。",
            "{silent} changes leave the protein as it is and are no findings."
        );
        reading.notes.push(Note::told("silent", file, what, Text::default()));
    }
    reading.notes.extend(witness.unconfirmed());
    Ok(())
}

fn one_sample(
    t: &columns::Table,
    at: &At,
    file: &str,
    options: &Options<'_>,
) -> Result<Option<String>, Box<Note>> {
    let mut names: Vec<&str> = t.rows.iter().filter_map(|r| r.get(at.sample)).collect();
    names.sort_unstable();
    names.dedup();
    let list = names.join(", ");
    match (options.sample, names.as_slice()) {
        (Some(wanted), _) if names.contains(&wanted) => Ok(Some(wanted.to_owned())),
        (Some(wanted), _) => {
            let what = both!(
                "検体「{wanted}」はこのファイルにありません（{list}）。",
                "Sample “{wanted}” is not in this file ({list})."
            );
            let todo =
                Text::new("--sample に上のいずれかを指定してください。", "Give one of these with --sample.");
            Err(Box::new(Note::refused("no_such_sample", file, what, todo)))
        }
        (None, [] | [_]) => Ok(None),
        (None, _) => {
            let what = both!("検体が複数あります（{list}）。", "There are several samples ({list}).");
            let todo = Text::new(
                "どれが腫瘍かを --sample で指定してください。",
                "Say with --sample which one is the tumour.",
            );
            Err(Box::new(Note::refused("several_samples", file, what, todo)))
        }
    }
}

struct Change {
    chromosome: &'static str,
    start: u64,
    end: u64,
    reference: String,
    alternate: String,
}

/// `None`: the row's place or bases cannot be read.
fn change(row: &columns::Row, at: &At, witness: &mut Witness) -> Result<Option<Change>, Box<Note>> {
    let number = |i: usize| row.get(Some(i)).and_then(|t| t.parse::<u64>().ok()).filter(|n| *n > 0);
    let Some(chromosome) = genome::chromosome(row.raw(Some(at.chromosome))) else { return Ok(None) };
    let (Some(start), Some(end)) = (number(at.start), number(at.end)) else { return Ok(None) };
    let bases = |i: usize| {
        let text = row.raw(Some(i)).to_ascii_uppercase();
        if text == "-" {
            Some(String::new())
        } else {
            text.bytes().all(|b| b"ACGTN".contains(&b)).then_some(text)
        }
    };
    let (Some(reference), Some(alternate)) = (bases(at.reference), bases(at.alternate)) else {
        return Ok(None);
    };
    let fits = reference.is_empty() || end.checked_sub(start).map(|n| n + 1) == Some(reference.len() as u64);
    if !fits || reference == alternate {
        return Ok(None);
    }
    witness.position(chromosome, end, row.line)?;
    // An insertion stands before the base behind it, as in a trimmed VCF record.
    let start = if reference.is_empty() { start + 1 } else { start };
    Ok(Some(Change { chromosome, start, end: end.max(start), reference, alternate }))
}

fn finding(
    row: &columns::Row,
    at: &At,
    gene: &table::Gene,
    change: &Change,
    known: Option<&table::Alteration>,
    file: &str,
    options: &Options<'_>,
) -> Result<Option<Finding>, Box<Note>> {
    let mut f = Finding::new(&gene.symbol, Kind::SmallVariant, file, row.line);
    f.origin = options.origin;
    f.specimen = options.specimen;
    f.assay = options.assay.map(str::to_owned);
    f.filter = row.get(at.filter).map(str::to_owned);
    let number = |i: Option<usize>| row.get(i).and_then(|t| t.parse::<u64>().ok());
    f.depth = number(at.depth);
    f.vaf = match (number(at.reads), f.depth) {
        (Some(reads), Some(depth)) if depth > 0 && reads <= depth => {
            Some((Decimal::from(reads) / Decimal::from(depth)).round_dp(6))
        }
        _ => None,
    };
    let text = vcf::genomic(change.start, &change.reference, &change.alternate);
    f.canonical = gene.in_38(options.build, change.start).and_then(|p| {
        let accession = genome::accession(Build::Grch38, &gene.chromosome)?;
        Some(format!("{accession}:{}", vcf::genomic(p, &change.reference, &change.alternate)))
    });
    f.genomic = Some(text);
    f.coordinates = Some(Coordinates {
        build: options.build,
        chromosome: gene.chromosome.clone(),
        start: change.start,
        end: change.end,
        reference: Some(change.reference.clone()),
        alternate: Some(change.alternate.clone()),
    });
    if known.is_some() {
        vcf::interpret(&mut f, known);
    }
    for column in [at.protein, at.coding] {
        if let Some(text) = row.get(column) {
            let text = text.rsplit_once(':').map_or(text, |(_, t)| t);
            name::add(&mut f, text, Some(options.build))?;
        }
    }
    Ok(name::conclude(&mut f).then_some(f))
}
