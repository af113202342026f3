//! Copy-number segments: total copies over each gene of the table.

use crate::coverage::Scope;
use crate::finding::{Class, Coordinates, Finding, Kind, Specimen};
use crate::genome::{self, Build, Witness};
use crate::note::{Note, both};
use crate::table::{self, Copies, Gene};
use crate::{Reading, columns};
use rust_decimal::Decimal;
use words::Text;

/// Copies from which a gene counts as amplified when the laboratory states no limit of its own: six, as PCGR's default
/// and as a gain of four over two.
pub const AMPLIFIED_FROM: u32 = 6;

#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    pub build: Build,
    pub specimen: Option<Specimen>,
    pub assay: Option<&'a str>,
    /// Total copies from which a gene is amplified.
    pub amplified_from: Decimal,
}

struct Segment {
    chromosome: &'static str,
    start: u64,
    end: u64,
    copies: Decimal,
    line: usize,
}

/// Reads segments: chromosome, start, end, and either total copies or copies of the major and minor allele. Log ratios
/// are refused: they are no copies without purity and ploidy.
pub fn read(bytes: &[u8], file: &str, options: &Options<'_>) -> Reading {
    Reading::of(bytes, file, |text, reading| {
        let segments = segments(text, file, options, reading)?;
        for gene in table::genes() {
            over(gene, &segments, file, options, reading);
        }
        Ok(())
    })
}

fn segments(
    text: &str,
    file: &str,
    options: &Options<'_>,
    reading: &mut Reading,
) -> Result<Vec<Segment>, Box<Note>> {
    let table = columns::read(text, file)?;
    let chromosome = table.need(&["Chromosome", "chrom", "chr", "#chrom"], file)?;
    let start = table.need(&["Start", "loc.start", "chromStart", "start_position"], file)?;
    let end = table.need(&["End", "loc.end", "chromEnd", "end_position"], file)?;
    let total = table.column(&["total", "tcn", "cn", "copies", "copy_number", "total_cn", "nTotal"]);
    let major = table.column(&["nMajor", "major_cn", "major", "nMaj1_A"]);
    let minor = table.column(&["nMinor", "minor_cn", "minor", "nMin1_A"]);
    if total.is_none() && (major.is_none() || minor.is_none()) {
        if table.column(&["Segment_Mean", "seg.mean", "log2", "log2ratio"]).is_some() {
            let what =
                Text::new("対数比だけではコピー数が決まりません。", "Log ratios alone are no copy numbers.");
            let todo = Text::new(
                "腫瘍割合と倍数性で補正したコピー数を求めてください。",
                "Ask for copies, corrected for purity and ploidy.",
            );
            return Err(Box::new(Note::refused("log_ratio", file, what, todo).at(1)));
        }
        table.need(&["nMajor"], file)?;
        table.need(&["nMinor"], file)?;
    }
    let mut witness = Witness::new(options.build, file);
    let mut out = Vec::new();
    for row in &table.rows {
        reading.records += 1;
        let Some(c) = genome::chromosome(row.raw(Some(chromosome))) else {
            reading.elsewhere += 1;
            continue;
        };
        let number = |i| row.get(Some(i)).and_then(|t| t.parse::<u64>().ok());
        let copies = |i: Option<usize>| {
            row.get(i).and_then(|t| t.parse::<Decimal>().ok()).filter(|d| !d.is_sign_negative())
        };
        let sum = copies(total).or_else(|| Some(copies(major)? + copies(minor)?));
        let (Some(from), Some(to), Some(copies)) = (number(start), number(end), sum) else {
            let what = Text::new(
                "位置またはコピー数が数ではありません。",
                "A position or a copy number is no number.",
            );
            let todo = Text::new(
                "元のファイルを確認してください。この区間は不明として扱います。",
                "Check the original; this segment counts as unknown.",
            );
            reading.notes.push(Note::left("segment", file, what, todo).at(row.line).hides_anything());
            continue;
        };
        if to < from {
            let what = both!(
                "区間の終わり {to} が始まり {from} より前です。",
                "The segment ends at {to}, before its start {from}."
            );
            let todo = Text::new("元のファイルを確認してください。", "Check the original.");
            return Err(Box::new(Note::refused("segment_order", file, what, todo).at(row.line)));
        }
        witness.position(c, to, row.line)?;
        out.push(Segment { chromosome: c, start: from, end: to, copies, line: row.line });
    }
    contradictions(&out, file)?;
    reading.notes.extend(witness.unconfirmed());
    Ok(out)
}

/// Two segments over the same bases that differ in copies.
fn contradictions(segments: &[Segment], file: &str) -> Result<(), Box<Note>> {
    let mut order: Vec<&Segment> = segments.iter().collect();
    order.sort_by_key(|s| (s.chromosome, s.start, s.end));
    for (a, b) in order.iter().zip(order.iter().skip(1)) {
        if a.chromosome == b.chromosome && b.start <= a.end && a.copies != b.copies {
            let line = a.line;
            let what = both!(
                "{line} 行目の区間と重なり、コピー数が食い違います。",
                "This segment overlaps that of line {line} with other copies."
            );
            let todo = Text::new("検査会社に確認してください。", "Ask the laboratory.");
            return Err(Box::new(Note::refused("segments_contradict", file, what, todo).at(b.line)));
        }
    }
    Ok(())
}

fn over(gene: &Gene, segments: &[Segment], file: &str, options: &Options<'_>, reading: &mut Reading) {
    let Some((a, b)) = gene.counted(options.build) else { return };
    let touching: Vec<&Segment> =
        segments.iter().filter(|s| s.chromosome == gene.chromosome && s.start <= b && s.end >= a).collect();
    let symbol = &gene.symbol;
    let (Some(low), Some(high)) =
        (touching.iter().map(|s| s.copies).min(), touching.iter().map(|s| s.copies).max())
    else {
        if gene.copies.is_some() {
            let what = both!(
                "{symbol} のコピー数はこのファイルにありません。",
                "This file has no copies of {symbol}."
            );
            let todo =
                both!("{symbol} のコピー数は不明として扱います。", "Copies of {symbol} count as unknown.");
            reading.notes.push(Note::told("no_segment", file, what, todo));
        }
        return;
    };
    let whole = touching.iter().map(|s| s.start).min().is_some_and(|s| s <= a)
        && touching.iter().map(|s| s.end).max().is_some_and(|e| e >= b);
    if whole {
        reading.covered.add(symbol, Scope::Copies);
    }
    let limit = options.amplified_from;
    let lost = Decimal::ZERO;
    let (kind, class, why, copies) = match gene.copies {
        Some(Copies::Amplification) if low >= limit && whole => (
            Kind::Amplification,
            Some(Class::Pathogenic),
            format!("{low} copies, amplified from {limit}"),
            low,
        ),
        Some(Copies::Loss) if high == lost && whole => (
            Kind::HomozygousDeletion,
            Some(Class::Pathogenic),
            "no copy of the whole gene is left".to_owned(),
            high,
        ),
        Some(Copies::Amplification) if high >= limit => {
            (Kind::CopyChange, None, format!("amplified from {limit}, but not over the whole gene"), high)
        }
        Some(Copies::Loss) if low == lost => (
            Kind::CopyChange,
            None,
            "no copy left of a part of the gene; whether an exon is lost is not known".to_owned(),
            low,
        ),
        _ => return,
    };
    let Some(segment) = touching.iter().find(|s| s.copies == copies) else { return };
    let mut f = Finding::new(symbol, kind, file, segment.line);
    f.class = class;
    f.class_source = why;
    f.copies = Some(copies);
    f.specimen = options.specimen;
    f.assay = options.assay.map(str::to_owned);
    f.coordinates = Some(Coordinates {
        build: options.build,
        chromosome: gene.chromosome.clone(),
        start: segment.start,
        end: segment.end,
        reference: None,
        alternate: None,
    });
    reading.findings.push(f);
}
