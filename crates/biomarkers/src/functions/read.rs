//! From the arguments of a call to the shapes that the classifications take.

use super::field;
use crate::{
    Adjudication, Call, GeneResult, Her2Question, History, Ihc, Ish, Latest, Method, Need, Observation,
    Outcome, Receptors, Sample, Setting, Specimen, Treatment, latest,
};
use rules::{Arguments, Missing, Value};
use std::sync::Arc;
use words::Decimal;

type Record = Arc<[Value]>;

fn records(value: &Value) -> &[Record] {
    match value {
        Value::List(list) => &list.records,
        _ => &[],
    }
}

fn text(record: &Record, at: usize) -> Option<&str> {
    match record.get(at) {
        Some(Value::Code(s) | Value::Text(s)) => Some(s),
        _ => None,
    }
}

fn decimal(value: &Value) -> Result<Decimal, Missing> {
    match value {
        Value::Decimal(n) => Ok(*n),
        Value::Integer(n) => Ok(Decimal::from(*n)),
        Value::Missing(why) => Err(*why),
        _ => Err(Missing::Unknown),
    }
}

pub fn word<'a>(a: &Arguments<'a>, at: usize) -> &'a str {
    a.text(at).unwrap_or("")
}

pub fn integer(a: &Arguments<'_>, at: usize) -> i64 {
    match a.value(at) {
        Value::Integer(n) => *n,
        _ => 0,
    }
}

pub fn count(a: &Arguments<'_>, at: usize) -> usize {
    usize::try_from(integer(a, at)).unwrap_or(0)
}

/// The assay that is asked for; none if it is `any`.
pub fn assay<'a>(a: &Arguments<'a>, at: usize) -> Option<&'a str> {
    a.text(at).filter(|assay| *assay != "any")
}

pub fn setting(a: &Arguments<'_>, at: usize) -> Setting {
    a.text(at).and_then(Setting::from_code).unwrap_or(Setting::Metastatic)
}

pub fn receptors(a: &Arguments<'_>, at: usize) -> Receptors {
    Receptors { er: decimal(a.value(at)), pgr: decimal(a.value(at + 1)) }
}

fn observation<'a, T>(
    record: &'a Record,
    read: impl Fn(&'a Value) -> Result<T, Missing>,
) -> Observation<'a, T> {
    Observation {
        value: record.get(field::VALUE).map_or(Err(Missing::NotYetKnown), read),
        assay: text(record, field::ASSAY),
        specimen: match text(record, field::SPECIMEN) {
            Some("tissue") => Some(Specimen::Tissue),
            Some("blood") => Some(Specimen::Blood),
            _ => None,
        },
        date: match record.get(field::DATE) {
            Some(Value::Date(date)) => Some(*date),
            _ => None,
        },
    }
}

fn coded<'a, T>(value: &'a Value, read: impl Fn(&'a str) -> Option<T>) -> Result<T, Missing> {
    match value {
        Value::Code(s) | Value::Text(s) => read(s).ok_or(Missing::Unknown),
        Value::Missing(why) => Err(*why),
        _ => Err(Missing::Unknown),
    }
}

/// The latest result that is a code.
pub fn codes<'a>(a: &Arguments<'a>, at: usize) -> Latest<&'a str> {
    latest(records(a.value(at)).iter().map(|r| observation(r, |v| coded(v, Some))))
}

pub fn scores(value: &Value, assay: Option<&str>) -> Latest<Ihc> {
    latest(
        records(value)
            .iter()
            .map(|r| observation(r, |v| coded(v, Ihc::from_code)))
            .filter(|o| assay.is_none_or(|a| o.assay == Some(a))),
    )
}

pub fn calls<'a>(a: &Arguments<'a>, at: usize) -> impl Iterator<Item = Observation<'a, Call>> + Clone {
    records(a.value(at)).iter().map(|r| observation(r, |v| coded(v, Call::from_code)))
}

/// The results for one gene.
pub fn genes<'a>(a: &Arguments<'a>, at: usize, gene: &str) -> Vec<GeneResult<'a>> {
    records(a.value(at))
        .iter()
        .filter(|r| text(r, field::GENE) == Some(gene))
        .map(|r| GeneResult {
            gene: text(r, field::GENE).unwrap_or(""),
            observation: observation(r, |v| coded(v, Call::from_code)),
            kind: text(r, field::KIND),
            hgvs: text(r, field::HGVS),
        })
        .collect()
}

/// The latest number by the assay of argument 0; named `concept@assay` when there is none.
pub fn numbers(a: &Arguments<'_>, concept: &'static str) -> Result<Decimal, Vec<Need>> {
    let by = assay(a, 0);
    let all = records(a.value(1)).iter().map(|r| observation(r, decimal));
    match latest(all.filter(|o| by.is_none_or(|assay| o.assay == Some(assay)))) {
        Latest::Known(number) => Ok(number),
        missing => match by {
            Some(assay) => crate::open(format!("{concept}@{assay}"), missing.why()),
            None => crate::open(concept, missing.why()),
        },
    }
}

pub fn her2<'a>(a: &Arguments<'a>, at: usize, assay: Option<&'a str>) -> Her2Question<'a> {
    her2_question(std::array::from_fn(|i| a.value(at + i)), assay)
}

/// The HER2 question from the values of score, staining of IHC 0, ISH method, ratio, copies, recount group and
/// adjudication; the first two are lists of observations.
pub fn her2_question<'a>(values: [&'a Value; 7], assay: Option<&'a str>) -> Her2Question<'a> {
    let [ihc, staining, method, ratio, copies, recount, adjudication] = values;
    let by_assay = if assay.is_some() { scores(ihc, assay) } else { scores(ihc, None) };
    let ihc = scores(ihc, None);
    let staining = latest(
        records(staining)
            .iter()
            .map(|r| observation(r, |v| coded(v, |s| Some(s == "present"))))
            // The detail belongs to the reading that it details: another antibody's does not count.
            .filter(|o| assay.is_none_or(|a| o.assay.is_none_or(|own| own == a))),
    );
    let (ratio, copies, recount) = (decimal(ratio), decimal(copies), decimal(recount));
    let adjudication = coded(adjudication, |s| match s {
        "positive" => Some(Adjudication::Positive),
        "negative" => Some(Adjudication::Negative),
        _ => None,
    });
    let open = |why: Option<Missing>| why.unwrap_or(Missing::NotYetKnown);
    Her2Question {
        ihc: ihc.known(),
        by_assay: by_assay.known(),
        assay,
        staining: staining.known(),
        why: [
            ihc.why(),
            staining.why(),
            open(ratio.err()),
            open(copies.err()),
            open(recount.err()),
            open(adjudication.err()),
        ],
        ish: Ish {
            method: coded(method, |s| match s {
                "dual" => Some(Method::Dual),
                "single" => Some(Method::Single),
                _ => None,
            })
            .ok(),
            ratio: ratio.ok(),
            copies: copies.ok(),
            recount_group: recount.ok().and_then(|n| u8::try_from(n).ok()),
            adjudication: adjudication.ok(),
        },
    }
}

/// Whether disease progressed on a drug, by a list of treatments; see [`History::used_up`].
pub fn used_up(prior: &Value, drug: &str) -> crate::Told {
    treatments(prior).used_up(drug)
}

pub fn history<'a>(a: &Arguments<'a>, at: usize) -> History<'a, impl Iterator<Item = Treatment<'a>> + Clone> {
    treatments(a.value(at))
}

fn treatments<'a>(value: &'a Value) -> History<'a, impl Iterator<Item = Treatment<'a>> + Clone> {
    let complete = matches!(value, Value::List(list) if list.complete);
    let treatments = records(value).iter().map(|r| Treatment {
        drugs: text(r, field::DRUGS).unwrap_or(""),
        setting: text(r, field::SETTING).and_then(Setting::from_code),
        outcome: text(r, field::OUTCOME).and_then(Outcome::from_code),
        months_to_recurrence: r.get(field::MONTHS_TO_RECURRENCE).and_then(|v| decimal(v).ok()),
    });
    History { complete, treatments }
}

/// The findings for one gene over a series.
pub fn samples<'a>(a: &Arguments<'a>, at: usize, gene: &str) -> Vec<Sample<'a>> {
    records(a.value(at))
        .iter()
        .filter(|r| text(r, field::SAMPLE_GENE) == Some(gene))
        .map(|r| Sample {
            observation: Observation {
                value: match r.get(field::FOUND) {
                    Some(Value::Boolean(found)) => Ok(*found),
                    Some(Value::Missing(why)) => Err(*why),
                    _ => Err(Missing::Unknown),
                },
                assay: None,
                specimen: Some(Specimen::Blood),
                date: match r.get(field::SAMPLE_DATE) {
                    Some(Value::Date(date)) => Some(*date),
                    _ => None,
                },
            },
            adequate: r.get(field::ADEQUATE) != Some(&Value::Boolean(false)),
        })
        .collect()
}
