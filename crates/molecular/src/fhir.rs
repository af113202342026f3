//! FHIR: observations of a genomics or mCODE bundle, as far as they carry what a rule needs; the loss is stated.
//!
//! Codes: LOINC for genomics reporting and mCODE tumour markers, HL7 answer lists. Receptor codes that carry only
//! positive or negative lose the percentage and the HER2 score, so that no low or ultralow category follows.

use crate::finding::{Class, Finding, Kind, Origin, Specimen};
use crate::genome::Build;
use crate::note::{Note, both};
use crate::{Reading, name, open, table};
use rust_decimal::Decimal;
use serde_json::Value;
use std::collections::BTreeMap;
use words::Text;

#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    pub build: Option<Build>,
    pub specimen: Option<Specimen>,
    pub assay: Option<&'a str>,
}

const VARIANT: &str = "69548-6";
const HER2: [&str; 4] = ["48676-1", "85319-2", "85318-4", "32996-1"];
const ER: [&str; 2] = ["85337-4", "16112-5"];
const PGR: [&str; 2] = ["85339-0", "16113-3"];
const TMB: &str = "94076-7";
const MSI: &str = "81695-9";

/// Reads a Bundle (or one resource).
pub fn read(bytes: &[u8], file: &str, options: &Options<'_>) -> Reading {
    let mut reading = Reading::default();
    let root = open::text(bytes, file).and_then(|text| {
        serde_json::from_str::<Value>(&text).map_err(|e| {
            let why = e.to_string();
            let what = both!("JSON として読めません（{why}）。", "This is no JSON ({why}).");
            let todo = Text::new("FHIR の JSON 形式で書き出してください。", "Export it as FHIR JSON.");
            Box::new(Note::refused("json", file, what, todo).at(e.line()).column(e.column()))
        })
    });
    let root = match root {
        Ok(root) => root,
        Err(note) => return reading.refuse(*note),
    };
    let Some(kind) = root.get("resourceType").and_then(Value::as_str) else {
        let what = Text::new(
            "FHIR の資源ではありません（resourceType がありません）。",
            "This is no FHIR resource: resourceType is missing.",
        );
        let todo = Text::new("Bundle を書き出してください。", "Export a Bundle.");
        return reading.refuse(Note::refused("not_fhir", file, what, todo));
    };
    let empty = Vec::new();
    let resources: Vec<&Value> = if kind == "Bundle" {
        let entries = root.get("entry").and_then(Value::as_array).unwrap_or(&empty);
        entries.iter().filter_map(|e| e.get("resource")).collect()
    } else {
        vec![&root]
    };
    let mut unread: BTreeMap<String, usize> = BTreeMap::new();
    let mut patients = std::collections::BTreeSet::new();
    for resource in resources {
        reading.records += 1;
        let kind = resource.get("resourceType").and_then(Value::as_str).unwrap_or("?");
        if let Some(p) = resource.pointer("/subject/reference").and_then(Value::as_str) {
            patients.insert(p.to_owned());
        }
        if kind == "Observation" {
            if !observation(resource, file, options, &mut reading) {
                *unread.entry("Observation".to_owned()).or_default() += 1;
            }
        } else {
            *unread.entry(kind.to_owned()).or_default() += 1;
        }
    }
    if patients.len() > 1 {
        let list = patients.into_iter().collect::<Vec<_>>().join(", ");
        let what = both!(
            "複数の患者の資源が入っています（{list}）。",
            "The bundle speaks of several patients ({list})."
        );
        let todo = Text::new("1人分の Bundle にしてください。", "Give a bundle of one patient.");
        return reading.refuse(Note::refused("several_patients", file, what, todo));
    }
    if !unread.is_empty() {
        reading.elsewhere = unread.values().sum();
        let list = unread.iter().map(|(k, n)| format!("{k} {n}")).collect::<Vec<_>>().join(", ");
        let what = both!("読まなかった資源：{list}。", "Resources that were not read: {list}.");
        let todo = Text::new(
            "治療歴や病期は登録フォームに入力してください。",
            "Enter treatments and stage in the form.",
        );
        reading.notes.push(Note::told("fhir_unread", file, what, todo));
    }
    reading
}

fn codes(concept: Option<&Value>) -> Vec<&str> {
    let coding = concept.and_then(|c| c.get("coding")).and_then(Value::as_array);
    coding.into_iter().flatten().filter_map(|c| c.get("code").and_then(Value::as_str)).collect()
}

/// Text or display of a codeable concept.
fn words_of(concept: Option<&Value>) -> Option<&str> {
    let concept = concept?;
    concept
        .get("text")
        .or_else(|| concept.pointer("/coding/0/display"))
        .and_then(Value::as_str)
        .map(str::trim)
}

fn decimal(quantity: Option<&Value>) -> Option<Decimal> {
    quantity?.get("value")?.to_string().parse().ok()
}

/// True if the observation was read.
fn observation(o: &Value, file: &str, options: &Options<'_>, reading: &mut Reading) -> bool {
    let code = codes(o.get("code"));
    let is = |set: &[&str]| set.iter().any(|s| code.contains(s));
    let id = o.get("id").and_then(Value::as_str).unwrap_or("?");
    let variant = is(&[VARIANT]);
    if !(variant || is(&HER2) || is(&ER) || is(&PGR) || is(&[TMB]) || is(&[MSI])) {
        return false;
    }
    let status = o.get("status").and_then(Value::as_str).unwrap_or("?");
    if !matches!(status, "final" | "amended" | "corrected") {
        let what = both!(
            "Observation/{id} は状態が「{status}」のため使いません。",
            "Observation/{id} has status “{status}” and is not used."
        );
        let todo = Text::new(
            "確定した結果を待つか、検査会社に確認してください。",
            "Wait for the final result, or ask the laboratory.",
        );
        let note = Note::left("fhir_status", file, what, todo);
        reading.notes.push(if variant { note.hides_anything() } else { note });
        return true;
    }
    if variant {
        return match finding(o, id, file, options) {
            Ok(Some(f)) => {
                reading.notes.extend(name::differs(&f));
                reading.findings.push(f);
                true
            }
            Ok(None) => {
                reading.elsewhere += 1;
                true
            }
            Err(note) => {
                reading.notes.push(*note);
                true
            }
        };
    }
    marker(o, id, &code, file, options, reading);
    true
}

/// Values of receptors and of whole-tumour markers.
fn marker(o: &Value, id: &str, code: &[&str], file: &str, options: &Options<'_>, reading: &mut Reading) {
    let is = |set: &[&str]| set.iter().any(|s| code.contains(s));
    let mut put = |concept: &str, value: Value, assay: bool| {
        let mut v = serde_json::Map::new();
        v.insert("value".into(), value);
        if let (true, Some(a)) = (assay, options.assay) {
            v.insert("assay_id".into(), Value::from(a));
        }
        if let Some(date) = o.get("effectiveDateTime").and_then(Value::as_str).and_then(|d| d.get(..10)) {
            v.insert("date".into(), Value::from(date));
        }
        reading.values.insert(concept.to_owned(), Value::Object(v));
    };
    let value = o.get("valueCodeableConcept");
    let said = words_of(value).or_else(|| o.get("valueString").and_then(Value::as_str)).unwrap_or("");
    let quantity = o.get("valueQuantity");
    let percent = quantity
        .filter(|q| ["unit", "code"].iter().any(|k| q.get(k).and_then(Value::as_str) == Some("%")))
        .and_then(|q| decimal(Some(q)))
        .filter(|d| (Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(d));
    let number = |d: Decimal| serde_json::from_str(&d.to_string()).unwrap_or(Value::Null);
    if is(&HER2) {
        match said.trim_start_matches("IHC").trim_start_matches("Score").trim() {
            score @ ("0" | "1+" | "2+" | "3+") => put("her2.ihc", Value::from(score), false),
            _ => {
                let what = both!(
                    "Observation/{id} の HER2 は「{said}」とだけあり、IHC スコアも検査薬もありません。HER2 低発現・超低発現かどうかは不明のままです。",
                    "HER2 in Observation/{id} is only “{said}”, without IHC score or assay: whether it is low or ultralow stays unknown."
                );
                let todo = Text::new(
                    "病理報告から IHC スコア（0、1+、2+、3+）、検査薬、ISH の値を入力してください。",
                    "Enter IHC score (0, 1+, 2+, 3+), assay and ISH values from the pathology report.",
                );
                reading.notes.push(Note::left("her2_no_score", file, what, todo));
            }
        }
    } else if is(&ER) || is(&PGR) {
        let (concept, label) = if is(&ER) { ("er.percent", "ER") } else { ("pgr.percent", "PgR") };
        match percent {
            Some(p) => put(concept, number(p), false),
            None => {
                let what = both!(
                    "Observation/{id} の {label} は「{said}」とだけあり、陽性細胞の割合がありません。",
                    "{label} in Observation/{id} is only “{said}”, without the percentage of stained cells."
                );
                let todo = both!(
                    "病理報告から {label} の陽性割合（％）を入力してください。",
                    "Enter the percentage of {label} from the pathology report."
                );
                reading.notes.push(Note::left("receptor_no_percent", file, what, todo));
            }
        }
    } else if is(&[TMB]) {
        if let Some(d) = decimal(quantity).filter(|d| !d.is_sign_negative()) {
            put("tmb.per_mb", number(d), true);
        }
    } else if is(&[MSI]) {
        match codes(value).iter().find_map(|c| match *c {
            "LA14122-8" => Some("stable"),
            "LA26203-2" => Some("high"),
            _ => None,
        }) {
            Some(status) => put("msi.status", Value::from(status), true),
            None => {
                let what = both!(
                    "Observation/{id} の MSI「{said}」は使いません。",
                    "MSI “{said}” in Observation/{id} is not used."
                );
                let todo = Text::new("高（MSI-H）か安定かを入力してください。", "Enter high or stable.");
                reading.notes.push(Note::left("msi", file, what, todo));
            }
        }
    }
}

fn class_of(code: &str) -> Option<Class> {
    Some(match code {
        "LA6668-3" => Class::Pathogenic,
        "LA26332-9" => Class::LikelyPathogenic,
        "LA26333-7" => Class::Vus,
        "LA26334-5" => Class::LikelyBenign,
        "LA6675-8" => Class::Benign,
        _ => return None,
    })
}

/// A variant of the genomics reporting guide.
fn finding(o: &Value, id: &str, file: &str, options: &Options<'_>) -> Result<Option<Finding>, Box<Note>> {
    let components: Vec<&Value> =
        o.get("component").and_then(Value::as_array).into_iter().flatten().collect();
    let component = |code: &str| components.iter().copied().find(|c| codes(c.get("code")).contains(&code));
    let text = |code: &str| {
        let c = component(code)?;
        let concept = c.get("valueCodeableConcept");
        let first = codes(concept).first().copied().filter(|v| v.contains('.') || v.contains(':'));
        first.or_else(|| words_of(concept)).or_else(|| c.get("valueString").and_then(Value::as_str))
    };
    let answer =
        |code: &str| component(code).map(|c| codes(c.get("valueCodeableConcept"))).unwrap_or_default();
    let symbol = component("48018-6").and_then(|c| {
        let concept = c.get("valueCodeableConcept");
        concept
            .and_then(|v| v.pointer("/coding/0/display"))
            .and_then(Value::as_str)
            .or_else(|| words_of(concept))
    });
    let Some(symbol) = symbol.map(name::symbol) else {
        let what = both!(
            "Observation/{id} の変異に遺伝子名がありません。",
            "The variant in Observation/{id} names no gene."
        );
        let todo = Text::new("検査会社に確認してください。", "Ask the laboratory.");
        return Err(Box::new(Note::left("no_gene", file, what, todo).hides_anything()));
    };
    if table::gene(symbol).is_none() {
        return Ok(None);
    }
    let build = match answer("62374-4").iter().find_map(|c| match *c {
        "LA14029-5" => Some(Build::Grch37),
        "LA26806-2" => Some(Build::Grch38),
        _ => None,
    }) {
        Some(b) if options.build.is_some_and(|o| o != b) => {
            let what = both!(
                "ゲノムビルドが違います。Observation/{id} は {b} です。",
                "Wrong genome build: Observation/{id} is in {b}."
            );
            let todo = both!("--build {b} を指定してください。", "Give --build {b}.");
            return Err(Box::new(Note::refused("wrong_build", file, what, todo)));
        }
        Some(b) => Some(b),
        None => options.build,
    };
    let present = codes(o.get("valueCodeableConcept"));
    let kind = if present.contains(&"LA9634-2") {
        Kind::NoneFound
    } else if present.contains(&"LA9633-4") {
        Kind::SmallVariant
    } else {
        let what = both!(
            "Observation/{id}（{symbol}）は「あり」とも「なし」とも書かれていません。",
            "Observation/{id} ({symbol}) says neither present nor absent."
        );
        let todo = Text::new("検査会社に確認してください。", "Ask the laboratory.");
        return Err(Box::new(Note::left("no_presence", file, what, todo).hides(symbol)));
    };
    let mut f = Finding::new(symbol, kind, file, 0);
    f.specimen = options.specimen;
    f.assay = options.assay.map(str::to_owned);
    if answer("48002-0").contains(&"LA6683-2") {
        f.origin = Origin::Germline;
    }
    f.vaf = component("81258-6")
        .and_then(|c| decimal(c.get("valueQuantity")))
        .filter(|d| (Decimal::ZERO..=Decimal::ONE).contains(d));
    f.copies = component("82155-3").and_then(|c| decimal(c.get("valueQuantity")));
    if let Some(class) = answer("53037-8").iter().find_map(|c| class_of(c)) {
        f.class = Some(class);
        f.class_source = "the laboratory".to_owned();
    }
    let names = [text("48005-3"), text("48004-6"), text("81290-9")];
    let named = names.iter().flatten().count() > 0;
    if kind == Kind::NoneFound {
        // Absence of one named change is not absence of any change in the gene.
        if named {
            let what = both!(
                "Observation/{id} は {symbol} の1つの変化がないことだけを示します。",
                "Observation/{id} says only that one change of {symbol} is absent."
            );
            let todo = Text::new(
                "遺伝子全体の結果は報告書から入力してください。",
                "Enter the gene's whole result from the report.",
            );
            return Err(Box::new(Note::left("one_absent", file, what, todo)));
        }
        return Ok(Some(f));
    }
    if f.copies.is_some() && !named {
        f.kind = Kind::CopyChange;
        f.class_source = "a copy number without the laboratory's word “amplified”".to_owned();
        return Ok(Some(f));
    }
    for text in names.into_iter().flatten() {
        let text = text.rsplit_once(':').map_or(text, |(_, t)| t);
        name::add(&mut f, text, build)?;
    }
    if !named && f.class.is_none() {
        f.class_source = "uninterpreted: the variant has no name".to_owned();
    }
    Ok(name::conclude(&mut f).then_some(f))
}
