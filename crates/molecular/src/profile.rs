//! From findings to the concepts of a profile: one observation for each gene of a test, absences only where the assay
//! looked, unknowns left unknown.

use crate::coverage::{Coverage, Scope};
use crate::finding::{Class, Finding, Kind, Origin, Specimen};
use crate::note::{Hides, Note, both};
use crate::table;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use words::Text;

/// What all findings of one test share.
#[derive(Clone, Debug, Default)]
pub struct Test {
    pub assay: Option<String>,
    pub specimen: Option<Specimen>,
    /// Day on which the specimen was taken, as ISO.
    pub date: Option<String>,
    /// Day of the report, as ISO.
    pub reported: Option<String>,
    /// Who tested, as the report says it.
    pub laboratory: Option<String>,
    /// Blood: the sample held enough tumour DNA for an absence to mean something. Ignored for tissue.
    pub adequate: bool,
    /// Blood: the report states a tumour fraction too low for an absence.
    pub inadequate: bool,
    /// Tumour fraction as reported.
    pub fraction: Option<Value>,
    /// What the assay covers, as stated.
    pub stated: Coverage,
    /// What was in fact handed over and could be read.
    pub supplied: BTreeSet<Scope>,
    /// Genes whose copies a segment file covers whole.
    pub counted: Coverage,
}

/// Observations by concept (`variant.PIK3CA`, `gbrca.status`), ready for a profile.
pub fn observations(
    findings: &[Finding],
    notes: &[Note],
    test: &Test,
) -> (BTreeMap<String, Value>, Vec<Note>) {
    let mut out = BTreeMap::new();
    let mut told = Vec::new();
    for gene in table::genes() {
        let of_tumour: Vec<&Finding> =
            findings.iter().filter(|f| f.gene == gene.symbol && f.origin == Origin::Tumour).collect();
        if let Some(o) = gene_observation(gene, &of_tumour, notes, test, &mut told) {
            out.insert(format!("variant.{}", gene.symbol), o);
        }
    }
    if let Some(o) = germline(findings, test, &mut told) {
        out.insert("gbrca.status".to_owned(), o);
    }
    (out, told)
}

fn text(v: &str) -> Value {
    Value::String(v.to_owned())
}

fn shared(test: &Test, f: Option<&Finding>) -> Map<String, Value> {
    let mut m = Map::new();
    if let Some(a) = f.and_then(|f| f.assay.clone()).or_else(|| test.assay.clone()) {
        m.insert("assay_id".into(), Value::String(a));
    }
    if let Some(s) = f.and_then(|f| f.specimen).or(test.specimen) {
        m.insert("specimen".into(), text(s.code()));
    }
    if let Some(d) = &test.date {
        m.insert("date".into(), text(d));
    }
    if let Some(d) = &test.reported {
        m.insert("reported".into(), text(d));
    }
    if let Some(name) = &test.laboratory {
        m.insert("laboratory".into(), text(name));
    }
    m
}

/// The name under which a finding stands in a profile: equal for both builds of one tumour.
fn named(f: &Finding) -> Option<String> {
    let place = || f.canonical.clone().or_else(|| f.genomic.clone());
    f.protein.clone().or_else(|| f.coding.clone()).or_else(place)
}

fn describe(m: &mut Map<String, Value>, f: &Finding) {
    if let Some(name) = named(f) {
        m.insert("hgvs".into(), Value::String(name));
    }
    m.insert("kind".into(), text(f.kind.code()));
    let decimal =
        |d: rust_decimal::Decimal| serde_json::from_str(&d.normalize().to_string()).unwrap_or(Value::Null);
    if let Some(v) = f.vaf {
        m.insert("vaf".into(), decimal(v));
    }
    if let Some(c) = f.copies {
        m.insert("copies".into(), decimal(c));
    }
    if f.kind == Kind::Fusion {
        m.insert("partner".into(), f.partner.as_deref().map_or(Value::Null, text));
    }
}

/// How much a finding decides, strongest last: not qualifying, of unknown effect, likely pathogenic, pathogenic.
fn weight(f: &Finding) -> u8 {
    match f.class {
        _ if f.kind == Kind::NoneFound => 0,
        Some(Class::Benign | Class::LikelyBenign) => 1,
        Some(Class::Vus) => 2,
        // Nobody has said that it does not matter: stronger than a stated VUS, weaker than a stated effect.
        None => 3,
        Some(Class::LikelyPathogenic) => 4,
        Some(Class::Pathogenic) => 5,
    }
}

/// Changes that a rule asks for separately: a gain neither makes nor hides a mutation.
fn family(kind: Kind) -> u8 {
    match kind {
        Kind::SmallVariant | Kind::HomozygousDeletion | Kind::NoneFound => 0,
        Kind::Amplification | Kind::CopyChange => 1,
        Kind::Fusion => 2,
    }
}

fn gene_observation(
    gene: &table::Gene,
    findings: &[&Finding],
    notes: &[Note],
    test: &Test,
    told: &mut Vec<Note>,
) -> Option<Value> {
    let mut order = findings.to_vec();
    order.sort_by_key(|f| (family(f.kind), std::cmp::Reverse(weight(f)), f.kind, named(f)));
    let mut list = Vec::new();
    for of_kind in order.chunk_by(|a, b| family(a.kind) == family(b.kind)) {
        let Some(first) = of_kind.first().filter(|f| weight(f) >= 2) else { continue };
        let mut m = Map::new();
        match first.class {
            Some(class) => m.insert("value".into(), text(class.code())),
            None => m.insert("state".into(), text("indeterminate")),
        };
        m.extend(shared(test, Some(first)));
        describe(&mut m, first);
        m.insert("why".into(), text(&first.class_source));
        others(&mut m, of_kind.iter().skip(1).copied());
        list.push(Value::Object(m));
    }
    if list.is_empty() {
        let first = order.first().copied();
        if first.is_none_or(|f| f.kind != Kind::NoneFound)
            && let Some(why) = cannot_be_absent(gene, notes, test)
        {
            if first.is_some() || test.stated.genes.contains_key(&gene.symbol) {
                told.push(why);
            }
            return None;
        }
        let mut m = Map::new();
        let blood = first.and_then(|f| f.specimen).or(test.specimen) == Some(Specimen::Blood);
        if blood && test.inadequate && !test.adequate {
            m.insert("state".into(), text("indeterminate"));
            m.insert("why".into(), text("none found, at a tumour fraction too low to exclude"));
        } else {
            m.insert("value".into(), text("none_found"));
        }
        m.extend(shared(test, first));
        others(&mut m, order.iter().copied());
        list.push(Value::Object(m));
    }
    Some(if list.len() == 1 { list.remove(0) } else { Value::Array(list) })
}

/// Further findings of the same test that a profile lists; an unannotated genome has thousands.
const LISTED: usize = 50;

fn others<'a>(m: &mut Map<String, Value>, findings: impl Iterator<Item = &'a Finding>) {
    let all: Vec<&Finding> = findings.filter(|f| f.kind != Kind::NoneFound).collect();
    if all.is_empty() {
        return;
    }
    m.insert("also".into(), Value::Array(all.iter().take(LISTED).map(|f| beside(f)).collect()));
    if all.len() > LISTED {
        m.insert("also_in_all".into(), Value::from(all.len()));
    }
}

/// A further finding of the same test.
fn beside(f: &Finding) -> Value {
    let mut a = Map::new();
    a.insert("class".into(), f.class.map_or(Value::Null, |c| text(c.code())));
    describe(&mut a, f);
    Value::Object(a)
}

/// Why silence about a gene is no absence; `None`: it is one.
fn cannot_be_absent(gene: &table::Gene, notes: &[Note], test: &Test) -> Option<Note> {
    let symbol = &gene.symbol;
    let say = |what: Text, todo: Text| Some(Note::told("absence_unknown", "", what, todo));
    for scope in &gene.absence_needs {
        let code = scope.code();
        let stated = test.stated.has(symbol, *scope);
        let supplied =
            test.supplied.contains(scope) && (*scope != Scope::Copies || test.counted.has(symbol, *scope));
        if !stated || !supplied {
            let what = both!(
                "{symbol} は所見がありませんが、「{code}」を調べたことが示されていないため、陰性とはしません。",
                "{symbol} has no finding, but that “{code}” was looked at is not stated or not handed over: it does not count as absent."
            );
            let todo = Text::new(
                "検査の対象遺伝子（--covers）と必要なファイルを渡してください。",
                "State what the assay covers (--covers) and give the file concerned.",
            );
            return say(what, todo);
        }
    }
    if test.specimen == Some(Specimen::Blood) && !test.adequate {
        let what = both!(
            "{symbol} は血液で検出されませんでしたが、腫瘍由来 DNA が十分であったことが示されていないため、陰性とはしません。",
            "{symbol} was not found in blood, but that the sample held enough tumour DNA is not stated: it does not count as absent."
        );
        let todo = Text::new(
            "報告書で十分と確認できたら --adequate を付けてください。",
            "Give --adequate if the report says that the sample was adequate.",
        );
        return say(what, todo);
    }
    let hidden = notes.iter().any(|n| match &n.hides {
        Hides::Nothing => false,
        Hides::Gene(g) => g == symbol,
        Hides::Anything => true,
    });
    if hidden {
        let what = both!(
            "{symbol} に関わりうる記録が読めないか、ビルドを確かめられないため、陰性とはしません。",
            "A record that may concern {symbol} could not be used, or the build could not be confirmed: it does not count as absent."
        );
        return say(what, Text::new("上の指摘を解消してください。", "Settle the notes above."));
    }
    None
}

/// Germline findings fill `gbrca.status` only; a tumour result never does.
fn germline(findings: &[Finding], test: &Test, told: &mut Vec<Note>) -> Option<Value> {
    let all: Vec<&Finding> = findings.iter().filter(|f| f.origin == Origin::Germline).collect();
    for f in all.iter().filter(|f| !matches!(f.gene.as_str(), "BRCA1" | "BRCA2")) {
        let gene = &f.gene;
        let what = both!(
            "{gene} の生殖細胞系列の所見に対応する項目がありません。",
            "There is no concept for a germline finding of {gene}."
        );
        told.push(Note::told(
            "germline_other",
            &f.source.file,
            what,
            Text::new("遺伝診療部門に相談してください。", "Refer it to the genetic service."),
        ));
    }
    let mut brca: Vec<&Finding> =
        all.into_iter().filter(|f| matches!(f.gene.as_str(), "BRCA1" | "BRCA2")).collect();
    brca.sort_by_key(|f| (std::cmp::Reverse(weight(f)), f.gene.clone(), named(f)));
    let first = *brca.first()?;
    let mut m = Map::new();
    if weight(first) >= 2 {
        match first.class {
            Some(class) => m.insert("value".into(), text(class.code())),
            None => m.insert("state".into(), text("indeterminate")),
        };
        m.extend(shared(test, Some(first)));
        m.insert("gene".into(), text(&first.gene));
        describe(&mut m, first);
    } else {
        let both_looked = ["BRCA1", "BRCA2"].iter().all(|g| brca.iter().any(|f| f.gene == *g));
        if !both_looked {
            let what = Text::new(
                "生殖細胞系列 BRCA は一方の遺伝子の結果しかありません。",
                "Only one of the two germline BRCA genes has a result.",
            );
            let todo = Text::new("もう一方の結果を確認してください。", "Find the other result.");
            told.push(Note::told("gbrca_half", &first.source.file, what, todo));
            return None;
        }
        m.insert("value".into(), text("none_found"));
        m.extend(shared(test, Some(first)));
    }
    m.remove("specimen");
    Some(Value::Object(m))
}

/// A dated blood test as one sample of the series of circulating tumour DNA: what it found and what it can exclude. `None`
/// for tissue, for a test without a day, and for one that says nothing.
pub fn sample(observations: &BTreeMap<String, Value>, test: &Test) -> Option<Value> {
    if test.specimen != Some(Specimen::Blood) {
        return None;
    }
    let mut findings = Map::new();
    for (concept, value) in observations {
        let Some(gene) = concept.strip_prefix("variant.") else { continue };
        // Of several kinds of change the mutation comes first; a gain alone is no mutation.
        let first = value.as_array().and_then(|a| a.first()).unwrap_or(value);
        let mutation =
            !matches!(first.get("kind").and_then(Value::as_str), Some("amplification" | "copy_change"));
        if let Some(call) = first.get("value").filter(|_| mutation) {
            findings.insert(gene.to_owned(), call.clone());
        }
    }
    if findings.is_empty() {
        return None;
    }
    let mut m = Map::new();
    m.insert("date".into(), Value::String(test.date.clone()?));
    if let Some(a) = &test.assay {
        m.insert("assay_id".into(), Value::String(a.clone()));
    }
    if let Some(f) = &test.fraction {
        m.insert("tumour_fraction".into(), f.clone());
    }
    m.insert("adequate".into(), Value::Bool(test.adequate));
    m.insert("findings".into(), Value::Object(findings));
    Some(Value::Object(m))
}

/// Puts a sample into the series by its day; the same sample is not added twice.
pub fn add_sample(profile: &mut Map<String, Value>, sample: Value) {
    let series = profile.entry("ctdna.samples").or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(list) = series
        && !list.contains(&sample)
    {
        list.push(sample);
        list.sort_by_key(|s| s.get("date").and_then(Value::as_str).unwrap_or_default().to_owned());
    }
}

/// Adds observations to a profile. A concept that has a value already becomes a list; the very same observation is not
/// added twice; the same test with another result stays beside the first and is told as a contradiction.
pub fn extend(profile: &mut Map<String, Value>, new: BTreeMap<String, Value>) -> Vec<Note> {
    let mut told = Vec::new();
    let several = |v: Value| match v {
        Value::Array(list) => list,
        one => vec![one],
    };
    for (concept, values) in new {
        let Some(there) = profile.get_mut(&concept) else {
            profile.insert(concept, values);
            continue;
        };
        let before = several(there.take());
        let mut list = before.clone();
        for value in several(values) {
            if list.contains(&value) {
                let what = both!(
                    "{concept} の同じ観察がすでにあります。",
                    "The same observation of {concept} is there already."
                );
                told.push(Note::told("already_there", "", what, Text::default()));
            } else {
                let key = |v: &Value| ["assay_id", "specimen", "date"].map(|k| v.get(k).cloned());
                if before.iter().any(|v| v.is_object() && key(v) == key(&value)) {
                    let what = both!(
                        "{concept} に同じ検査の異なる結果があります。",
                        "{concept} has another result of the same test."
                    );
                    let todo = Text::new(
                        "どちらが正しいか確認し、誤りを除いてください。",
                        "Find out which one is right and take the other out.",
                    );
                    told.push(Note::told("contradiction", "", what, todo));
                }
                list.push(value);
            }
        }
        *there = if list.len() == 1 { list.remove(0) } else { Value::Array(list) };
    }
    told
}
