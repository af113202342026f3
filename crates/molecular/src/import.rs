//! Several files of one test into one profile: all or nothing.

use crate::coverage::{self, Coverage, Scope};
use crate::finding::{Finding, Kind, Origin, Specimen};
use crate::genome::Build;
use crate::note::{Note, Weight, both};
use crate::profile::{self, Test};
use crate::{Reading, cna, fhir, fusion, maf, report, vcf};
use rust_decimal::Decimal;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use words::Text;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    Vcf,
    Maf,
    Cna,
    Fusions,
    Report,
    Fhir,
    Covers,
}

pub struct Input<'a> {
    pub role: Role,
    pub file: &'a str,
    pub bytes: &'a [u8],
}

/// What the caller states about the test.
#[derive(Clone, Debug, Default)]
pub struct Stated {
    pub build: Option<Build>,
    pub sample: Option<String>,
    pub specimen: Option<Specimen>,
    pub assay: Option<String>,
    /// ISO date on which the specimen was taken.
    pub date: Option<String>,
    /// Today, for dates in the future; the caller's clock.
    pub today: Option<jiff::civil::Date>,
    pub adequate: bool,
    pub germline: bool,
    pub amplified_from: Option<Decimal>,
}

/// The result of an import.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// The extended profile; empty if anything was refused.
    pub profile: Map<String, Value>,
    /// What this import adds, by concept.
    pub written: BTreeMap<String, Value>,
    pub findings: Vec<Finding>,
    pub notes: Vec<Note>,
    /// File, records read, findings, records elsewhere.
    pub counts: Vec<(String, usize, usize, usize)>,
}

impl Imported {
    pub fn refused(&self) -> bool {
        self.notes.iter().any(|n| n.weight == Weight::Refused)
    }
}

/// Imports. A refused file refuses the whole import: half a test would read like a whole one.
pub fn run(inputs: &[Input<'_>], stated: &Stated, profile: Map<String, Value>) -> Imported {
    let mut out = Imported::default();
    let mut stated_coverage = Coverage::default();
    let mut test = Test {
        assay: stated.assay.clone(),
        specimen: stated.specimen,
        date: stated.date.clone(),
        adequate: stated.adequate,
        ..Test::default()
    };
    for i in inputs.iter().filter(|i| i.role == Role::Covers) {
        let (c, notes) = coverage::read(i.bytes, i.file, stated.build);
        stated_coverage.extend(&c);
        out.notes.extend(notes);
    }
    let mut values: BTreeMap<String, Value> = BTreeMap::new();
    for input in inputs.iter().filter(|i| i.role != Role::Covers) {
        let reading = one(input, stated, &stated_coverage);
        out.counts.push((input.file.to_owned(), reading.records, reading.findings.len(), reading.elsewhere));
        if !reading.refused() {
            match input.role {
                Role::Vcf | Role::Maf => {
                    test.supplied.insert(Scope::Small);
                }
                Role::Cna => {
                    test.supplied.insert(Scope::Copies);
                    test.counted.extend(&reading.covered);
                }
                Role::Fusions => {
                    test.supplied.insert(Scope::Fusion);
                }
                // A report states findings and what it covers in one.
                Role::Report => {
                    test.supplied.extend([Scope::Small, Scope::Copies, Scope::Fusion]);
                    test.counted.extend(&reading.covered);
                    stated_coverage.extend(&reading.covered);
                }
                Role::Fhir | Role::Covers => {}
            }
        }
        for (key, value) in reading.values {
            // Two reports of one import are of one test.
            if ["specimen", "assay_id"].contains(&key.as_str())
                && values.get(&key).is_some_and(|v| *v != value)
            {
                let file = input.file;
                let what = both!(
                    "{file} は別の検査または別の検体の報告です。",
                    "{file} is of another test or specimen."
                );
                let todo = Text::new("検査ごとに分けて取り込んでください。", "Import each test by itself.");
                out.notes.push(Note::refused("several_tests", file, what, todo));
            }
            values.insert(key, value);
        }
        out.findings.extend(reading.findings);
        out.notes.extend(reading.notes);
    }
    if let Some(Value::String(code)) = values.remove("specimen") {
        test.specimen = test.specimen.or(Specimen::from_code(&code));
    }
    if let Some(Value::String(id)) = values.remove("assay_id") {
        test.assay = test.assay.or(Some(id));
    }
    if let Some(Value::String(name)) = values.remove("laboratory") {
        test.laboratory = Some(name);
    }
    if let Some(Value::String(date)) = values.remove("collected") {
        test.date = test.date.or(Some(date));
    }
    if let Some(Value::String(date)) = values.remove("reported") {
        test.reported = Some(date);
    }
    if let Some(fraction) = values.remove("tumour_fraction") {
        let enough = fraction.as_f64().is_some_and(|f| f >= ADEQUATE_FRACTION);
        test.adequate |= enough;
        test.inadequate = !enough;
        test.fraction = Some(fraction);
    }
    // A report speaks of copies without handing over segments.
    if inputs.iter().any(|i| i.role == Role::Report) {
        test.counted.extend(&stated_coverage);
    }
    future(stated, &test, &mut out);
    test.stated = stated_coverage;
    if out.refused() {
        out.findings.clear();
        return out;
    }
    agree(&mut out);
    if out.refused() {
        out.findings.clear();
        return out;
    }
    unstated(&test, &mut out);
    let (mut new, told) = profile::observations(&out.findings, &out.notes, &test);
    out.notes.extend(told);
    for (concept, value) in values {
        new.insert(concept, with_test(value, &test));
    }
    out.written.clone_from(&new);
    out.profile = profile;
    let sample = profile::sample(&new, &test);
    out.notes.extend(profile::extend(&mut out.profile, new));
    if let Some(sample) = sample {
        out.written.insert("ctdna.samples".to_owned(), sample.clone());
        profile::add_sample(&mut out.profile, sample);
    }
    out
}

/// Tumour fraction from which a blood sample's absence counts: 1 %. Below it a blood panel misses about two of three
/// alterations that tissue shows (CAPItello-291 alterations, 34 % agreement below 1 %, 97 % from 1 to 10 %).
pub const ADEQUATE_FRACTION: f64 = 0.01;

fn with_test(value: Value, test: &Test) -> Value {
    if value.is_object() {
        return value;
    }
    let mut m = Map::new();
    m.insert("value".into(), value);
    if let Some(a) = &test.assay {
        m.insert("assay_id".into(), Value::String(a.clone()));
    }
    for (key, stated) in
        [("date", &test.date), ("reported", &test.reported), ("laboratory", &test.laboratory)]
    {
        if let Some(d) = stated {
            m.insert(key.into(), Value::String(d.clone()));
        }
    }
    Value::Object(m)
}

/// A result without specimen or assay answers few questions: said once.
fn unstated(test: &Test, out: &mut Imported) {
    if test.specimen.is_none() {
        let what = Text::new(
            "検体（組織か血液か）が指定されていません。",
            "The specimen (tissue or blood) is not stated.",
        );
        let todo = Text::new("--specimen を指定してください。", "Give --specimen.");
        out.notes.push(Note::told("no_specimen", "", what, todo));
    }
    if test.assay.is_none() {
        let what = Text::new(
            "検査が指定されていません。コンパニオン診断としては扱われません。",
            "The assay is not stated: the result answers no companion diagnostic question.",
        );
        let todo = Text::new("--assay を指定してください。", "Give --assay.");
        out.notes.push(Note::told("no_assay", "", what, todo));
    }
}

fn future(stated: &Stated, test: &Test, out: &mut Imported) {
    for text in [&test.date, &test.reported].into_iter().flatten() {
        let Ok(date) = text.parse::<jiff::civil::Date>() else {
            let what = both!("「{text}」は日付ではありません。", "“{text}” is no date.");
            let todo = Text::new("2026-01-05 の形で書いてください。", "Write it as 2026-01-05.");
            out.notes.push(Note::refused("date", "", what, todo));
            continue;
        };
        if stated.today.is_some_and(|today| date > today) {
            let what =
                both!("結果の日付 {date} は未来です。", "The result's date {date} lies in the future.");
            let todo = Text::new("日付を確認してください。", "Check the date.");
            out.notes.push(Note::refused("future", "", what, todo));
        }
    }
}

fn one(input: &Input<'_>, stated: &Stated, coverage: &Coverage) -> Reading {
    let assay = stated.assay.as_deref();
    let sample = stated.sample.as_deref();
    let specimen = stated.specimen;
    let origin = if stated.germline { Origin::Germline } else { Origin::Tumour };
    let amplified_from = stated.amplified_from.unwrap_or_else(report::default_limit);
    let (bytes, file) = (input.bytes, input.file);
    let build = match (stated.build, input.role) {
        (Some(build), _) => build,
        // These state their build themselves, or need none.
        (None, Role::Report | Role::Fhir | Role::Covers) => Build::Grch38,
        (None, _) => {
            let what = Text::new("ゲノムビルドが指定されていません。", "The genome build is not stated.");
            let todo = Text::new(
                "--build GRCh37 または --build GRCh38 を指定してください。",
                "Give --build GRCh37 or --build GRCh38.",
            );
            return Reading::default().refuse(Note::refused("no_build", file, what, todo));
        }
    };
    match input.role {
        Role::Vcf => {
            let covered = (!coverage.is_empty()).then_some(coverage);
            vcf::read(bytes, file, &vcf::Options { build, sample, specimen, assay, origin, covered })
        }
        Role::Maf => maf::read(bytes, file, &maf::Options { build, sample, specimen, assay, origin }),
        Role::Cna => cna::read(bytes, file, &cna::Options { build, specimen, assay, amplified_from }),
        Role::Fusions => fusion::read(bytes, file, &fusion::Options { build, specimen, assay }),
        Role::Report => report::read(
            bytes,
            file,
            &report::Options { build: stated.build, specimen, assay, amplified_from },
        ),
        Role::Fhir => fhir::read(bytes, file, &fhir::Options { build: stated.build, specimen, assay }),
        Role::Covers => Reading::default(),
    }
}

/// The same change in two files is one finding; a file that says "none found" cannot stand beside one that found.
fn agree(out: &mut Imported) {
    let mut kept: Vec<Finding> = Vec::new();
    let mut notes = Vec::new();
    for f in std::mem::take(&mut out.findings) {
        let name =
            |f: &Finding| f.canonical.clone().or_else(|| f.protein.clone()).or_else(|| f.genomic.clone());
        // Within one file the readers have found duplicates already.
        let same = kept.iter().filter(|k| k.source.file != f.source.file).position(|k| {
            let names = match (&k.protein, &f.protein) {
                (Some(a), Some(b)) => a == b,
                _ => name(k).is_some() && name(k) == name(&f),
            };
            let copies = matches!(f.kind, Kind::Amplification | Kind::HomozygousDeletion);
            k.gene == f.gene && k.kind == f.kind && k.origin == f.origin && (names || copies)
        });
        let own = f.source.file.clone();
        match same.and_then(|i| kept.iter_mut().filter(|k| k.source.file != own).nth(i)) {
            Some(k) => {
                let (gene, before) = (&f.gene, &k.source.file);
                if k.class.is_some() && f.class.is_some() && k.class != f.class {
                    let what = both!(
                        "{gene} の同じ変化の分類が {before} と食い違います。",
                        "The class of the same change of {gene} differs from that in {before}."
                    );
                    let todo = Text::new(
                        "どちらが正しいか検査会社に確認してください。",
                        "Ask the laboratory which one is right.",
                    );
                    notes.push(
                        Note::refused("class_contradicts", &f.source.file, what, todo).at(f.source.line),
                    );
                } else {
                    let what = both!(
                        "{gene} の同じ変化が {before} にもあります。1つの所見として扱います。",
                        "The same change of {gene} is in {before} too: it counts as one finding."
                    );
                    notes.push(
                        Note::told("same_change", &f.source.file, what, Text::default()).at(f.source.line),
                    );
                    if k.class.is_none() {
                        k.class = f.class;
                        k.class_source = f.class_source;
                    }
                }
            }
            None => kept.push(f),
        }
    }
    for none in kept.iter().filter(|f| f.kind == Kind::NoneFound) {
        if let Some(found) =
            kept.iter().find(|f| f.gene == none.gene && f.origin == none.origin && f.kind != Kind::NoneFound)
        {
            let (gene, file) = (&none.gene, &found.source.file);
            let what = both!(
                "{gene} は検出なしとありますが、{file} では検出されています。",
                "{gene} is said to have no finding, but {file} has one."
            );
            let todo = Text::new("検査会社に確認してください。", "Ask the laboratory.");
            notes.push(Note::refused("none_and_some", &none.source.file, what, todo).at(none.source.line));
        }
    }
    out.findings = kept;
    out.notes.extend(notes);
}
