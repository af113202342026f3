//! `panel import` and `knowledge civic`: a laboratory's files into a profile, CIViC's items into levels.

use crate::failure::{Answer, Failure};
use crate::knowledge_files;
use crate::options::Format;
use crate::output::{print, write_whole};
use clap::Args;
use molecular::import::{self, Imported, Input, Role, Stated};
use molecular::{Build, Specimen, Weight, civic};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use words::{Decimal, Lang};

/// One test's files, and what they do not say themselves.
#[derive(Args)]
pub struct ImportArgs {
    /// Calls, VCF 4.x: plain, gzip or bgzip
    #[arg(long, value_name = "FILE")]
    vcf: Vec<PathBuf>,
    /// Annotated calls, MAF
    #[arg(long, value_name = "FILE")]
    maf: Vec<PathBuf>,
    /// Copy-number segments
    #[arg(long, value_name = "FILE")]
    cna: Vec<PathBuf>,
    #[arg(long, value_name = "FILE")]
    fusions: Vec<PathBuf>,
    /// A panel report in this program's own shape, JSON or CSV
    #[arg(long, value_name = "FILE")]
    report: Vec<PathBuf>,
    /// A FHIR bundle (genomics reporting, mCODE), JSON
    #[arg(long, value_name = "FILE")]
    fhir: Vec<PathBuf>,
    /// What the assay covers: CSV with gene,covers, or BED; without it nothing counts as absent
    #[arg(long, value_name = "FILE")]
    covers: Vec<PathBuf>,
    /// GRCh37 or GRCh38
    #[arg(long, value_parser = build)]
    build: Option<Build>,
    /// Which sample of a file with several
    #[arg(long)]
    sample: Option<String>,
    /// tissue or blood
    #[arg(long, value_parser = specimen)]
    specimen: Option<Specimen>,
    /// Assay id of the knowledge, such as F1CDX
    #[arg(long, value_name = "ID")]
    assay: Option<String>,
    /// Day on which the specimen was taken
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<jiff::civil::Date>,
    /// The blood sample held enough tumour DNA for an absence to count
    #[arg(long)]
    adequate: bool,
    /// The files are of a germline test
    #[arg(long)]
    germline: bool,
    /// Total copies from which a gene counts as amplified (6 if not said)
    #[arg(long, value_name = "COPIES")]
    amplified_from: Option<Decimal>,
    /// A profile to extend
    #[arg(long, value_name = "PROFILE.json")]
    profile: Option<PathBuf>,
    #[arg(long, value_name = "PROFILE.json")]
    out: PathBuf,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[arg(long, value_parser = crate::options::lang, default_value = "en")]
    lang: Lang,
}

fn build(text: &str) -> Result<Build, String> {
    Build::named(text).ok_or_else(|| format!("{text}: GRCh37 or GRCh38"))
}

fn specimen(text: &str) -> Result<Specimen, String> {
    Specimen::from_code(text).ok_or_else(|| format!("{text}: tissue or blood"))
}

fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|e| Failure::unusable(path.display(), e))
}

pub fn import(args: &ImportArgs) -> Result<Answer, Failure> {
    let roles = [
        (Role::Vcf, &args.vcf),
        (Role::Maf, &args.maf),
        (Role::Cna, &args.cna),
        (Role::Fusions, &args.fusions),
        (Role::Report, &args.report),
        (Role::Fhir, &args.fhir),
        (Role::Covers, &args.covers),
    ];
    let mut files = Vec::new();
    for (role, paths) in roles {
        for path in paths {
            files.push((role, path.display().to_string(), bytes(path)?));
        }
    }
    if files.iter().all(|(role, ..)| *role == Role::Covers) {
        return Err(Failure::Usage(match args.lang {
            Lang::Ja => "取り込むファイルがありません。--vcf、--maf、--cna、--fusions、--report、--fhir のいずれかを指定してください。".into(),
            Lang::En => "nothing to import: give --vcf, --maf, --cna, --fusions, --report or --fhir".into(),
        }));
    }
    let profile = match &args.profile {
        Some(path) => before(path)?,
        None => Map::new(),
    };
    let inputs: Vec<Input<'_>> =
        files.iter().map(|(role, file, bytes)| Input { role: *role, file, bytes }).collect();
    let stated = Stated {
        build: args.build,
        sample: args.sample.clone(),
        specimen: args.specimen,
        assay: args.assay.clone(),
        date: args.date.map(|d| d.to_string()),
        today: Some(jiff::Zoned::now().date()),
        adequate: args.adequate,
        germline: args.germline,
        amplified_from: args.amplified_from,
    };
    let imported = import::run(&inputs, &stated, profile);
    if !imported.refused() {
        known(&imported.profile, stated.today, args.lang)?;
        let mut text =
            serde_json::to_string_pretty(&imported.profile).map_err(|e| Failure::unusable("profile", e))?;
        text.push('\n');
        write_whole(&args.out, text.as_bytes())?;
    }
    let told = match args.format {
        Format::Json => {
            let json = json!({
                "refused": imported.refused(),
                "written": imported.written,
                "findings": imported.findings,
                "notes": imported.notes,
                "files": imported.counts.iter().map(|(file, records, findings, elsewhere)| {
                    json!({ "file": file, "records": records, "findings": findings, "elsewhere": elsewhere })
                }).collect::<Vec<_>>(),
            });
            format!("{json:#}\n")
        }
        Format::Text => told(&imported, &args.out, args.lang),
    };
    print(&told)?;
    Ok(if imported.refused() { Answer::No } else { Answer::Done })
}

/// The profile must be one that the knowledge can answer: concepts, codes, assays, dates.
fn known(profile: &Map<String, Value>, today: Option<jiff::civil::Date>, lang: Lang) -> Result<(), Failure> {
    let refused =
        |problems: Vec<panel::Problem>| Failure::Refused(knowledge_files::told(&problems, None, lang));
    let read = panel::Profile::from_value(&Value::Object(profile.clone())).map_err(refused)?;
    let knowledge = knowledge_files::load(None, lang)?;
    for (concept, observations) in &read.observations {
        for o in observations {
            let assay = o.assay_id.as_ref().and_then(|id| knowledge.assays.get(id));
            let other = match (assay.map(|a| a.measures.as_str()), o.specimen.as_deref()) {
                (Some("variants(tissue)"), Some("blood")) => "tissue",
                (Some("variants(blood)"), Some("tissue")) => "blood",
                _ => continue,
            };
            let label = assay.map_or("", |a| a.label.as_str());
            return Err(Failure::Refused(match lang {
                Lang::Ja => format!(
                    "{concept}: {label} は {other} の検査です。--specimen か --assay を確認してください。"
                ),
                Lang::En => format!("{concept}: {label} is a test of {other}; check --specimen and --assay"),
            }));
        }
    }
    knowledge.patient(&read, today.unwrap_or_default()).map_err(refused)?;
    Ok(())
}

/// A profile file: the object itself, or the `profile` of a scenario.
fn before(path: &Path) -> Result<Map<String, Value>, Failure> {
    let value: Value =
        serde_json::from_slice(&bytes(path)?).map_err(|e| Failure::unusable(path.display(), e))?;
    match value {
        Value::Object(mut map) => match map.remove("profile") {
            Some(Value::Object(inner)) => Ok(inner),
            _ => Ok(map),
        },
        _ => Err(Failure::unusable(path.display(), "not a profile: a JSON object is needed")),
    }
}

/// Notes of one weight that the text shows.
const LISTED: usize = 40;

fn told(imported: &Imported, out: &Path, lang: Lang) -> String {
    let mut text = String::new();
    let say = |ja: String, en: String| if lang == Lang::Ja { ja } else { en };
    for (file, records, findings, elsewhere) in &imported.counts {
        let line = say(
            format!("{file}: 記録 {records} 件、所見 {findings} 件、対象外 {elsewhere} 件"),
            format!("{file}: {records} records, {findings} findings, {elsewhere} elsewhere"),
        );
        let _ = writeln!(text, "{line}");
    }
    let heads = [
        (Weight::Refused, say("使えないファイル".into(), "Refused".into())),
        (Weight::Left, say("使わなかった記録".into(), "Not used".into())),
        (Weight::Told, say("お知らせ".into(), "To know".into())),
    ];
    for (weight, head) in heads {
        let of: Vec<_> = imported.notes.iter().filter(|n| n.weight == weight).collect();
        if !of.is_empty() {
            let _ = writeln!(text, "\n{head} ({})", of.len());
            for note in of.iter().take(LISTED) {
                let _ = writeln!(text, "  {}", note.tell(lang).trim_start_matches(": "));
            }
            if let Some(more) = of.len().checked_sub(LISTED).filter(|n| *n > 0) {
                let line = say(
                    format!("ほか {more} 件（--format json ですべて表示）"),
                    format!("and {more} more (--format json lists all)"),
                );
                let _ = writeln!(text, "  {line}");
            }
        }
    }
    if imported.refused() {
        let none = say("何も書き込みませんでした。".into(), "Nothing was written.".into());
        let _ = writeln!(text, "\n{none}");
        return text;
    }
    let _ = writeln!(text, "\n{}", out.display());
    for (concept, value) in &imported.written {
        let list = value.as_array().map_or_else(|| vec![value], |list| list.iter().collect());
        for o in list {
            let of = |k: &str| o.get(k).and_then(Value::as_str).unwrap_or_default();
            let value = o.get("value").map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned));
            let value = value.unwrap_or_else(|| of("state").to_owned());
            let line = format!("  {concept:<16} {value:<18} {:<20} {}", of("kind"), of("hgvs"));
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
    text
}

/// CIViC's file counted by kind of variant and by level.
#[derive(Args)]
pub struct CivicArgs {
    /// The tab-separated evidence file
    file: PathBuf,
    /// List what was not mapped, with the reason
    #[arg(long)]
    unmapped: bool,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[arg(long, value_parser = crate::options::lang, default_value = "en")]
    lang: Lang,
}

pub fn civic(args: &CivicArgs) -> Result<Answer, Failure> {
    let items = civic::read(&bytes(&args.file)?, &args.file.display().to_string())
        .map_err(|note| Failure::Unusable(note.tell(args.lang)))?;
    let counts = [("breast", civic::count(&items, true)), ("all", civic::count(&items, false))];
    let mut text = String::new();
    let reasons = |m: &std::collections::BTreeMap<words::Text, usize>| -> Map<String, Value> {
        m.iter().map(|(why, n)| (why.en.clone(), Value::from(*n))).collect()
    };
    if args.format == Format::Json {
        let one = |c: &civic::Counts| {
            json!({ "items": c.items, "variants": c.variants, "kinds": c.kinds, "levels": c.levels,
                    "without_level": reasons(&c.without), "flagged": reasons(&c.flagged) })
        };
        let json: Map<String, Value> = counts.iter().map(|(n, c)| ((*n).to_owned(), one(c))).collect();
        let _ = writeln!(text, "{:#}", Value::Object(json));
        return print(&text);
    }
    let ja = args.lang == Lang::Ja;
    let word = |code: &'static str| match (ja, code) {
        (true, "breast") => "乳癌",
        (true, "all") => "すべて",
        (true, "named") => "変化名",
        (true, "fusion") => "融合",
        (true, "codon") => "コドン",
        (true, "category") => "変化の群",
        (true, "unmapped") => "対応なし",
        (_, other) => other,
    };
    for (name, c) in &counts {
        let _ = match ja {
            true => writeln!(text, "{}: {} 件、変化 {} 種", word(name), c.items, c.variants),
            false => writeln!(text, "{name}: {} items on {} variants", c.items, c.variants),
        };
        for (kind, n) in &c.kinds {
            let _ = writeln!(text, "  {n:>5}  {}", word(kind));
        }
        let _ = writeln!(text, "  {}", if ja { "日本の三学会の水準" } else { "Japanese levels" });
        for (level, n) in &c.levels {
            let _ = writeln!(text, "  {n:>5}  {level}");
        }
        for (why, n) in &c.without {
            let _ = writeln!(text, "  {n:>5}  {} ({})", if ja { "なし" } else { "none" }, why.get(args.lang));
        }
        for (why, n) in &c.flagged {
            let _ = writeln!(
                text,
                "  {n:>5}  {} ({})",
                if ja { "要確認" } else { "to look at" },
                why.get(args.lang)
            );
        }
        text.push('\n');
    }
    if args.unmapped {
        for i in &items {
            if let civic::Variant::Unmapped(why) = &i.variant {
                let _ = writeln!(
                    text,
                    "{}:{}: evidence {}, {} {}: {}",
                    args.file.display(),
                    i.line,
                    i.evidence,
                    i.gene,
                    i.written,
                    why.get(args.lang)
                );
            }
        }
    }
    print(&text)
}
