//! A panel report as a laboratory or a data manager writes it down: our own shape, as JSON or CSV. See the book's page
//! on import for every key.

use crate::coverage::Scope;
use crate::finding::{Class, Finding, Kind, Origin, Specimen};
use crate::genome::Build;
use crate::note::{Note, both};
use crate::table::{self, Copies};
use crate::{Reading, cna, columns, fusion, name};
use rust_decimal::Decimal;
use serde::Deserialize;
use std::collections::BTreeMap;
use words::Text;

#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    pub build: Option<Build>,
    pub specimen: Option<Specimen>,
    pub assay: Option<&'a str>,
    pub amplified_from: Decimal,
}

/// The JSON shape. Unknown keys are refused.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    assay_id: Option<String>,
    laboratory: Option<String>,
    specimen: Option<String>,
    collected: Option<String>,
    reported: Option<String>,
    build: Option<String>,
    tumour_fraction: Option<Decimal>,
    tmb: Option<Decimal>,
    msi: Option<String>,
    #[serde(default)]
    covered: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    findings: Vec<Item>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    gene: String,
    kind: Option<String>,
    class: Option<String>,
    origin: Option<String>,
    hgvs_p: Option<String>,
    hgvs_c: Option<String>,
    hgvs_g: Option<String>,
    vaf: Option<Decimal>,
    depth: Option<u64>,
    copies: Option<Decimal>,
    partner: Option<String>,
    /// For a fusion: is the gene the 5' one?
    five_prime: Option<bool>,
    #[serde(skip)]
    line: usize,
}

/// Reads a report; JSON when it begins with `{`.
pub fn read(bytes: &[u8], file: &str, options: &Options<'_>) -> Reading {
    Reading::of(bytes, file, |text, reading| {
        let report = if text.trim_start().starts_with('{') {
            json(text, file)?
        } else {
            csv_rows(text, file, reading)?
        };
        take(report, file, options, reading)
    })
}

fn json(text: &str, file: &str) -> Result<Report, Box<Note>> {
    let mut report: Report = serde_json::from_str(text).map_err(|e| {
        let why = e.to_string();
        let what = both!("報告の JSON が読めません（{why}）。", "The report's JSON cannot be read ({why}).");
        let todo = Text::new(
            "解説書の「取り込み」にある形に合わせてください。",
            "Follow the shape in the book's page on import.",
        );
        Box::new(Note::refused("report_shape", file, what, todo).at(e.line()).column(e.column()))
    })?;
    // A finding's line is the line on which its n-th "gene" key stands.
    // Several findings on one line: which line is whose cannot be told.
    let spread = text.lines().count() > report.findings.len();
    let lines =
        text.lines().enumerate().filter(|(_, l)| spread && l.contains("\"gene\"")).map(|(i, _)| i + 1);
    for (item, line) in report.findings.iter_mut().zip(lines) {
        item.line = line;
    }
    Ok(report)
}

/// The CSV shape: one finding a row, with the same names as the JSON keys.
const CSV_COLUMNS: [&str; 12] = [
    "gene",
    "kind",
    "class",
    "origin",
    "hgvs_p",
    "hgvs_c",
    "hgvs_g",
    "vaf",
    "depth",
    "copies",
    "partner",
    "five_prime",
];

fn csv_rows(text: &str, file: &str, reading: &mut Reading) -> Result<Report, Box<Note>> {
    let t = columns::read(text, file)?;
    if let Some(strange) = t.names.iter().find(|n| !CSV_COLUMNS.contains(&n.as_str())) {
        let known = CSV_COLUMNS.join(", ");
        let what = both!(
            "列「{strange}」は知られていません（あるべき列は {known}）。",
            "The column “{strange}” is not known (known are: {known})."
        );
        let todo =
            Text::new("列名を直すか、その列を除いてください。", "Correct the name or leave the column out.");
        return Err(Box::new(Note::refused("column_unknown", file, what, todo).at(1)));
    }
    let gene = t.need(&["gene"], file)?;
    let mut report = Report::default();
    for row in &t.rows {
        let text = |n: &str| row.get(t.column(&[n])).map(str::to_owned);
        let mut bad = None;
        let mut number = |n: &'static str| {
            let cell = text(n)?;
            let value = cell.parse::<Decimal>().ok();
            if value.is_none() {
                bad = Some((n, cell));
            }
            value
        };
        let (vaf, depth, copies) = (number("vaf"), number("depth"), number("copies"));
        if let Some((column, cell)) = bad {
            let what = both!(
                "列 {column} の「{cell}」は数ではありません。",
                "“{cell}” in the column {column} is no number."
            );
            let todo = Text::new(
                "単位や記号を除いて数だけを書いてください。",
                "Write the number alone, without unit or sign.",
            );
            reading.notes.push(
                Note::left("number", file, what, todo).at(row.line).hides(name::symbol(row.raw(Some(gene)))),
            );
            continue;
        }
        report.findings.push(Item {
            gene: row.raw(Some(gene)).to_owned(),
            kind: text("kind"),
            class: text("class"),
            origin: text("origin"),
            hgvs_p: text("hgvs_p"),
            hgvs_c: text("hgvs_c"),
            hgvs_g: text("hgvs_g"),
            vaf,
            depth: depth.and_then(|d| u64::try_from(d).ok()),
            copies,
            partner: text("partner"),
            five_prime: text("five_prime").map(|t| t == "true"),
            line: row.line,
        });
    }
    Ok(report)
}

fn refused(code: &'static str, file: &str, what: Text, todo: Text) -> Box<Note> {
    Box::new(Note::refused(code, file, what, todo))
}

fn take(report: Report, file: &str, options: &Options<'_>, reading: &mut Reading) -> Result<(), Box<Note>> {
    let build = match &report.build {
        Some(text) => match Build::named(text) {
            Some(b) if options.build.is_some_and(|o| o != b) => {
                let stated = options.build.map_or("", Build::name);
                let what = both!(
                    "ゲノムビルドが違います。{stated} と指定されましたが、報告は {b} です。",
                    "Wrong genome build: {stated} was stated, the report is in {b}."
                );
                let todo = both!("--build {b} を指定してください。", "Give --build {b}.");
                return Err(refused("wrong_build", file, what, todo));
            }
            Some(b) => Some(b),
            None => {
                let what = both!("ビルド「{text}」は知られていません。", "The build “{text}” is not known.");
                let todo = Text::new("GRCh37 または GRCh38 と書いてください。", "Write GRCh37 or GRCh38.");
                return Err(refused("unknown_build", file, what, todo));
            }
        },
        None => options.build,
    };
    let specimen = match report.specimen.as_deref() {
        Some(text) => match Specimen::from_code(text) {
            Some(s) => Some(s),
            None => {
                let what = both!("検体「{text}」は知られていません。", "The specimen “{text}” is not known.");
                let todo = Text::new("tissue または blood と書いてください。", "Write tissue or blood.");
                return Err(refused("specimen", file, what, todo));
            }
        },
        None => options.specimen,
    };
    let assay = report.assay_id.clone().or_else(|| options.assay.map(str::to_owned));
    if let (Some(stated), Some(own)) = (options.assay, &report.assay_id)
        && stated != own
    {
        let what = both!(
            "検査は {stated} と指定されましたが、報告は {own} です。",
            "The assay was stated as {stated}, the report says {own}."
        );
        let todo = Text::new("どちらが正しいか確認してください。", "Find out which one is right.");
        return Err(refused("assay_contradicts", file, what, todo));
    }
    if let (Some(stated), Some(own)) = (options.specimen, specimen)
        && stated != own
    {
        let (stated, own) = (stated.code(), own.code());
        let what = both!(
            "検体は {stated} と指定されましたが、報告は {own} です。",
            "The specimen was stated as {stated}, the report says {own}."
        );
        let todo = Text::new("どちらが正しいか確認してください。", "Find out which one is right.");
        return Err(refused("specimen_contradicts", file, what, todo));
    }
    let own = [("specimen", specimen.map(|s| s.code().to_owned())), ("assay_id", assay.clone())];
    for (key, value) in own {
        reading.values.extend(value.map(|v| (key.to_owned(), serde_json::Value::String(v))));
    }
    dates(&report, file, reading)?;
    values(&report, file, reading);
    for (gene, scopes) in &report.covered {
        for code in scopes {
            match Scope::from_code(code) {
                Some(scope) => reading.covered.add(name::symbol(gene), scope),
                None => {
                    let what = both!(
                        "{gene} の「{code}」は検査の範囲として知られていません。",
                        "“{code}” of {gene} is nothing that an assay covers."
                    );
                    let todo = Text::new(
                        "small、copies、fusion のいずれかを書いてください。",
                        "Write small, copies or fusion.",
                    );
                    reading.notes.push(Note::left("scope", file, what, todo));
                }
            }
        }
    }
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for item in &report.findings {
        reading.records += 1;
        match finding(item, file, build, options) {
            Ok(Some(mut f)) => {
                reading.notes.extend(name::differs(&f));
                f.specimen = specimen;
                f.assay.clone_from(&assay);
                let key = format!(
                    "{}|{:?}|{:?}|{:?}|{:?}|{:?}",
                    f.gene, f.kind, f.protein, f.coding, f.genomic, f.partner
                );
                if let Some(before) = seen.insert(key, item.line) {
                    let what = both!("{before} 行目と同じ所見です。", "The same finding as line {before}.");
                    reading.notes.push(Note::left("duplicate", file, what, Text::default()).at(item.line));
                    continue;
                }
                reading.findings.push(f);
            }
            Ok(None) => reading.elsewhere += 1,
            Err(note) => reading.notes.push(*note),
        }
    }
    none_and_some(file, reading);
    Ok(())
}

/// A gene cannot both be without a finding and have one.
fn none_and_some(file: &str, reading: &mut Reading) {
    let contradicted: Vec<(String, usize)> = reading
        .findings
        .iter()
        .filter(|f| f.kind == Kind::NoneFound)
        .filter(|n| {
            reading
                .findings
                .iter()
                .any(|f| f.gene == n.gene && f.kind != Kind::NoneFound && f.origin == n.origin)
        })
        .map(|f| (f.gene.clone(), f.source.line))
        .collect();
    for (gene, line) in contradicted {
        reading.findings.retain(|f| !(f.gene == gene && f.kind == Kind::NoneFound));
        let what = both!(
            "{gene} は「検出なし」ともあり、所見もあります。「検出なし」は使いません。",
            "{gene} is both “none found” and found; “none found” is not used."
        );
        let todo = Text::new("検査会社に確認してください。", "Ask the laboratory.");
        reading.notes.push(Note::left("none_and_some", file, what, todo).at(line));
    }
}

fn dates(report: &Report, file: &str, reading: &mut Reading) -> Result<(), Box<Note>> {
    let mut read = |key: &str, text: &Option<String>| -> Result<Option<jiff::civil::Date>, Box<Note>> {
        let Some(text) = text else { return Ok(None) };
        let Ok(date) = text.parse::<jiff::civil::Date>() else {
            let what = both!("{key} の「{text}」は日付ではありません。", "“{text}” ({key}) is no date.");
            let todo = Text::new("2026-01-05 の形で書いてください。", "Write it as 2026-01-05.");
            return Err(refused("date", file, what, todo));
        };
        reading.values.insert(key.to_owned(), serde_json::Value::String(date.to_string()));
        Ok(Some(date))
    };
    let (collected, reported) = (read("collected", &report.collected)?, read("reported", &report.reported)?);
    if let (Some(c), Some(r)) = (collected, reported)
        && r < c
    {
        let what =
            both!("報告日 {r} が採取日 {c} より前です。", "Reported on {r}, before the collection on {c}.");
        let todo = Text::new("日付を確認してください。", "Check the dates.");
        return Err(refused("date_order", file, what, todo));
    }
    Ok(())
}

fn number(d: Decimal) -> serde_json::Value {
    // As reported: the text of the decimal is the text of the JSON number.
    serde_json::from_str(&d.to_string()).unwrap_or(serde_json::Value::Null)
}

fn values(report: &Report, file: &str, reading: &mut Reading) {
    let fraction = |d: &Decimal| (Decimal::ZERO..=Decimal::ONE).contains(d);
    if let Some(name) = report.laboratory.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
        reading.values.insert("laboratory".into(), serde_json::Value::String(name.to_owned()));
    }
    if let Some(tmb) = report.tmb.filter(|d| !d.is_sign_negative()) {
        reading.values.insert("tmb.per_mb".into(), number(tmb));
    }
    if let Some(t) = report.tumour_fraction.filter(fraction) {
        reading.values.insert("tumour_fraction".into(), number(t));
    }
    match report.msi.as_deref() {
        Some(code @ ("high" | "stable")) => {
            reading.values.insert("msi.status".into(), serde_json::Value::String(code.to_owned()));
        }
        Some(other) => {
            let what = both!("MSI「{other}」は使いません。", "MSI “{other}” is not used.");
            let todo = Text::new(
                "high または stable と書いてください。判定不能なら書かないでください。",
                "Write high or stable; leave it out when there is no result.",
            );
            reading.notes.push(Note::left("msi", file, what, todo));
        }
        None => {}
    }
}

fn finding(
    item: &Item,
    file: &str,
    build: Option<Build>,
    options: &Options<'_>,
) -> Result<Option<Finding>, Box<Note>> {
    let symbol = name::symbol(&item.gene);
    let gene = &item.gene;
    let left = |code, what, todo| Box::new(Note::left(code, file, what, todo).at(item.line).hides(symbol));
    let kind = match item.kind.as_deref() {
        None => Kind::SmallVariant,
        Some(code) => Kind::from_code(code).ok_or_else(|| {
            let what = both!("{gene} の種類「{code}」は知られていません。", "The kind “{code}” of {gene} is not known.");
            let todo = Text::new(
                "small_variant、amplification、homozygous_deletion、fusion、none_found のいずれかを書いてください。",
                "Write small_variant, amplification, homozygous_deletion, fusion or none_found.",
            );
            left("kind", what, todo)
        })?,
    };
    let Some(row) = table::gene(symbol) else { return Ok(None) };
    let mut f = Finding::new(symbol, kind, file, item.line);
    f.origin = match item.origin.as_deref() {
        None | Some("tumour" | "somatic") => Origin::Tumour,
        Some("germline") => Origin::Germline,
        Some(other) => {
            let what = both!(
                "{gene} の由来「{other}」は知られていません。",
                "The origin “{other}” of {gene} is not known."
            );
            return Err(left(
                "origin",
                what,
                Text::new("tumour または germline と書いてください。", "Write tumour or germline."),
            ));
        }
    };
    if let Some(code) = item.class.as_deref() {
        let class = Class::from_code(code).ok_or_else(|| {
            let what = both!(
                "{gene} の分類「{code}」は知られていません。",
                "The class “{code}” of {gene} is not known."
            );
            let todo = Text::new(
                "pathogenic、likely_pathogenic、vus、likely_benign、benign のいずれかを書いてください。",
                "Write pathogenic, likely_pathogenic, vus, likely_benign or benign.",
            );
            left("class", what, todo)
        })?;
        f.class = Some(class);
        f.class_source = "the laboratory".to_owned();
    }
    f.vaf = item.vaf;
    if item.vaf.is_some_and(|v| !(Decimal::ZERO..=Decimal::ONE).contains(&v)) {
        let what = both!(
            "{gene} のアレル頻度は 0 から 1 の間で書きます。",
            "The allele fraction of {gene} is written from 0 to 1."
        );
        return Err(left(
            "vaf",
            what,
            Text::new("百分率なら 100 で割ってください。", "Divide a percentage by 100."),
        ));
    }
    f.depth = item.depth;
    f.copies = item.copies;
    match kind {
        Kind::SmallVariant => {
            let names = [&item.hgvs_p, &item.hgvs_c, &item.hgvs_g];
            if names.iter().all(|n| n.is_none()) && f.class.is_none() {
                let what = both!(
                    "{gene} の変化に名前も分類もありません。",
                    "This change of {gene} has neither name nor class."
                );
                return Err(left(
                    "nameless",
                    what,
                    Text::new("hgvs_p などを書いてください。", "Give hgvs_p or another name."),
                ));
            }
            for text in names.into_iter().flatten() {
                name::add(&mut f, text, build)?;
            }
            if !name::conclude(&mut f) {
                return Ok(None);
            }
        }
        Kind::Amplification | Kind::HomozygousDeletion | Kind::CopyChange => copies(&mut f, row, options),
        Kind::Fusion => {
            f.partner.clone_from(&item.partner);
            if f.class.is_none() {
                let partner = item.partner.clone().unwrap_or_default();
                let (names, side) = match item.five_prime {
                    Some(true) => ([f.gene.clone(), partner], 0),
                    _ => ([partner, f.gene.clone()], 1),
                };
                fusion::classify(&mut f, &names, side);
            }
        }
        Kind::NoneFound => {}
    }
    Ok(Some(f))
}

/// A copy change that the laboratory reports without a class: its word stands where the gene's rule knows the change.
fn copies(f: &mut Finding, gene: &table::Gene, options: &Options<'_>) {
    if f.class.is_some() {
        return;
    }
    let limit = options.amplified_from;
    match (f.kind, gene.copies) {
        (Kind::Amplification, Some(Copies::Amplification)) if f.copies.is_some_and(|c| c < limit) => {
            f.kind = Kind::CopyChange;
            f.class_source = format!("the laboratory says amplified, below the limit of {limit} copies");
        }
        (Kind::Amplification, Some(Copies::Amplification))
        | (Kind::HomozygousDeletion, Some(Copies::Loss)) => {
            f.class = Some(Class::Pathogenic);
            f.class_source = "the laboratory".to_owned();
        }
        _ => f.class_source = format!("uninterpreted copy change of {}", f.gene),
    }
}

/// The limit in use when the caller states none.
pub fn default_limit() -> Decimal {
    Decimal::from(cna::AMPLIFIED_FROM)
}
