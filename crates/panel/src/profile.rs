//! The molecular profile of one case: observations with their state, assay, specimen and dates, and earlier treatment.
//!
//! Reading checks form only; whether concepts, codes, assays and drugs exist is checked by [`crate::Knowledge::check`],
//! against one release.

use crate::Problem;
use crate::strict::{NoTwins, long_numbers};
use serde::Serialize;
use serde::de::DeserializeSeed;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use words::{Decimal, PartialDate};

/// A value as it was stated.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Datum {
    Boolean(bool),
    Number(Decimal),
    Code(String),
}

/// What is known of one observation. Leaving a concept out is the same as [`State::NotAsked`].
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Known(Datum),
    /// Asked or tested, and not there; becomes `false`, `none_found` or `none`.
    Absent,
    /// Nobody asked.
    NotAsked,
    NotTested,
    /// Ordered, no result yet.
    Pending,
    /// Done, no usable answer.
    Indeterminate,
}

/// One observation of one concept.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Observation {
    pub state: State,
    pub assay_id: Option<String>,
    pub specimen: Option<String>,
    /// When the specimen was taken, or the judgement made.
    pub date: Option<PartialDate>,
    pub reported: Option<PartialDate>,
    /// For germline results: the gene.
    pub gene: Option<String>,
    pub kind: Option<String>,
    pub hgvs: Option<String>,
    /// Whatever else was stated: unit, site, laboratory, tumour content, fixation, age of the block, document, person.
    pub other: Map<String, Json>,
}

impl Observation {
    pub fn new(state: State) -> Observation {
        Observation {
            state,
            assay_id: None,
            specimen: None,
            date: None,
            reported: None,
            gene: None,
            kind: None,
            hgvs: None,
            other: Map::new(),
        }
    }

    pub fn code(code: &str) -> Observation {
        Observation::new(State::Known(Datum::Code(code.to_owned())))
    }

    pub fn assay(mut self, assay: &str) -> Observation {
        self.assay_id = Some(assay.to_owned());
        self
    }

    pub fn specimen(mut self, specimen: &str) -> Observation {
        self.specimen = Some(specimen.to_owned());
        self
    }
}

/// One earlier treatment.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Treatment {
    pub drugs: Vec<String>,
    pub setting: Option<String>,
    pub outcome: Option<String>,
    pub months_to_recurrence: Option<Decimal>,
    pub start: Option<PartialDate>,
    pub end: Option<PartialDate>,
    pub other: Map<String, Json>,
}

/// Earlier treatment; what is absent from a complete list was not given.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Prior {
    pub complete: bool,
    pub items: Vec<Treatment>,
}

/// One sample of a series of circulating tumour DNA.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sample {
    pub date: Option<PartialDate>,
    pub assay_id: Option<String>,
    pub tumour_fraction: Option<Decimal>,
    /// False when a negative result of this sample means nothing.
    pub adequate: bool,
    /// By gene: `pathogenic`, `likely_pathogenic`, `vus`, `none_found`, `unclassified`.
    pub findings: BTreeMap<String, String>,
}

/// The profile of one case.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Profile {
    /// Observations by concept, in the order in which they were stated.
    pub observations: BTreeMap<String, Vec<Observation>>,
    pub prior: Option<Prior>,
    pub samples: Vec<Sample>,
    /// Which profiling tests were done; kept as stated, no rule reads it.
    pub cgp_history: Option<Json>,
}

impl Profile {
    pub fn add(&mut self, concept: &str, observation: Observation) {
        self.observations.entry(concept.to_owned()).or_default().push(observation);
    }

    /// Reads a profile. All problems of form are told.
    pub fn from_json(text: &str) -> Result<Profile, Vec<Problem>> {
        let mut strict = serde_json::Deserializer::from_str(text);
        let json = NoTwins.deserialize(&mut strict).and_then(|()| serde_json::from_str::<Json>(text));
        let json: Json = json.map_err(|e| {
            let place = format!("{}:{}", e.line(), e.column());
            vec![Problem::new(
                place,
                "json",
                format!("JSON として読めません: {e}"),
                format!("this is not JSON: {e}"),
            )]
        })?;
        let long = long_numbers(text);
        if !long.is_empty() {
            return Err(long);
        }
        Profile::from_value(&json)
    }

    /// The same from a parsed document. A scenario's or a file's `profile` member may be given as it is.
    pub fn from_value(json: &Json) -> Result<Profile, Vec<Problem>> {
        let mut reader = Reader { problems: Vec::new() };
        let mut profile = Profile::default();
        let Json::Object(map) = json else {
            reader.wrong("(profile)", "a JSON object", "JSON オブジェクト");
            return Err(reader.problems);
        };
        // A scenario or an import keeps the profile beside other things.
        let map = map.get("profile").and_then(Json::as_object).unwrap_or(map);
        for (concept, value) in map {
            match (concept.as_str(), value) {
                (_, Json::Null) => {}
                ("prior", value) => profile.prior = reader.prior(value),
                ("ctdna.samples", value) => profile.samples = reader.samples(value),
                ("cgp.history", value) => profile.cgp_history = Some(value.clone()),
                (_, Json::Array(all)) => {
                    for (i, one) in all.iter().enumerate() {
                        let read = reader.observation(&format!("{concept}[{i}]"), one);
                        read.into_iter().for_each(|o| profile.add(concept, o));
                    }
                }
                (_, one) => {
                    let read = reader.observation(concept, one);
                    read.into_iter().for_each(|o| profile.add(concept, o));
                }
            }
        }
        if reader.problems.is_empty() { Ok(profile) } else { Err(reader.problems) }
    }
}

/// The class of one finding of a sample. What states no class (a frequency, a name) is found and not classified.
fn class_of(call: &Json) -> String {
    let stated = ["value", "class", "call"].iter().find_map(|key| call.get(key));
    stated.unwrap_or(call).as_str().unwrap_or(UNCLASSIFIED).to_owned()
}

/// A finding of a sample that nobody classified: it is unknown whether it counts.
pub(crate) const UNCLASSIFIED: &str = "unclassified";

struct Reader {
    problems: Vec<Problem>,
}

impl Reader {
    fn wrong(&mut self, place: &str, en: &str, ja: &str) {
        let told = Problem::new(place, "form", format!("{ja}ではありません"), format!("this is not {en}"));
        self.problems.push(told);
    }

    fn text(&mut self, place: &str, value: &Json) -> Option<String> {
        match value {
            Json::Null => None,
            Json::String(text) => Some(text.clone()),
            _ => {
                self.wrong(place, "a text in quotes", "引用符で囲んだ文字列");
                None
            }
        }
    }

    fn date(&mut self, place: &str, value: &Json) -> Option<PartialDate> {
        let text = self.text(place, value)?;
        match text.parse() {
            Ok(date) => Some(date),
            Err(e) => {
                let ja = format!("`{text}` は暦にある日付（YYYY-MM-DD、YYYY-MM）ではありません");
                self.problems.push(Problem::new(place, "date", ja, format!("{e}")));
                None
            }
        }
    }

    fn number(&mut self, place: &str, value: &Json) -> Option<Decimal> {
        match value {
            Json::Null => None,
            Json::Number(n) => {
                let text = n.to_string();
                let number = text.parse().or_else(|_| Decimal::from_scientific(&text)).ok();
                if number.is_none() {
                    self.wrong(place, "a number that can be held exactly", "正確に扱える数値");
                }
                number
            }
            _ => {
                self.wrong(place, "a number", "数値");
                None
            }
        }
    }

    fn observation(&mut self, place: &str, value: &Json) -> Option<Observation> {
        let datum = |reader: &mut Reader, value: &Json, place: &str| match value {
            Json::Bool(b) => Some(Datum::Boolean(*b)),
            Json::Number(_) => reader.number(place, value).map(Datum::Number),
            Json::String(s) => Some(Datum::Code(s.clone())),
            _ => {
                reader.wrong(
                    place,
                    "a value, or an object with `value` or `state`",
                    "値、または value か state を持つオブジェクト",
                );
                None
            }
        };
        let Json::Object(map) = value else {
            return match value {
                Json::Null => None,
                value => datum(self, value, place).map(|d| Observation::new(State::Known(d))),
            };
        };
        let stated = map.get("value").filter(|v| !v.is_null());
        let state = match (stated, map.get("state").filter(|v| !v.is_null())) {
            (Some(value), None) => State::Known(datum(self, value, &format!("{place}.value"))?),
            (None, Some(Json::String(state))) => match state.as_str() {
                "not_tested" => State::NotTested,
                "not_asked" | "unrecorded" => State::NotAsked,
                "pending" => State::Pending,
                "indeterminate" => State::Indeterminate,
                "absent" | "known_absent" => State::Absent,
                _ => {
                    self.wrong(
                        &format!("{place}.state"),
                        "one of not_tested, not_asked, pending, indeterminate, absent",
                        "not_tested、not_asked、pending、indeterminate、absent のいずれか",
                    );
                    return None;
                }
            },
            (Some(value), Some(Json::String(state))) if state == "known" => {
                State::Known(datum(self, value, &format!("{place}.value"))?)
            }
            (Some(_), Some(_)) => {
                self.wrong(place, "a value or a state but both", "値と状態の一方だけ");
                return None;
            }
            (None, None) => State::NotAsked,
            (None, Some(_)) => {
                self.wrong(&format!("{place}.state"), "a text in quotes", "引用符で囲んだ文字列");
                return None;
            }
        };
        let mut out = Observation::new(state);
        for (key, value) in map {
            let at = format!("{place}.{key}");
            match key.as_str() {
                "value" | "state" => {}
                "assay_id" | "assay" => out.assay_id = self.text(&at, value).or(out.assay_id),
                "specimen" => out.specimen = self.text(&at, value),
                "date" | "collected" => out.date = self.date(&at, value).or(out.date),
                "reported" => out.reported = self.date(&at, value),
                "gene" => out.gene = self.text(&at, value),
                "kind" => out.kind = self.text(&at, value),
                "hgvs" => out.hgvs = self.text(&at, value),
                _ => {
                    out.other.insert(key.clone(), value.clone());
                }
            }
        }
        Some(out)
    }

    fn prior(&mut self, value: &Json) -> Option<Prior> {
        let Json::Object(map) = value else {
            self.wrong(
                "prior",
                "an object with `complete` and `items`",
                "complete と items を持つオブジェクト",
            );
            return None;
        };
        let complete = match map.get("complete") {
            Some(Json::Bool(b)) => *b,
            None | Some(Json::Null) => false,
            Some(_) => {
                self.wrong("prior.complete", "true or false", "true か false");
                false
            }
        };
        let mut items = Vec::new();
        match map.get("items") {
            Some(Json::Array(all)) => {
                for (i, one) in all.iter().enumerate() {
                    items.extend(self.treatment(&format!("prior.items[{i}]"), one));
                }
            }
            None | Some(Json::Null) => {}
            Some(_) => self.wrong("prior.items", "a list", "リスト"),
        }
        Some(Prior { complete, items })
    }

    fn treatment(&mut self, place: &str, value: &Json) -> Option<Treatment> {
        let Json::Object(map) = value else {
            self.wrong(place, "an object with `drugs`", "drugs を持つオブジェクト");
            return None;
        };
        let mut out = Treatment::default();
        for (key, value) in map {
            let at = format!("{place}.{key}");
            match key.as_str() {
                "drugs" => match value {
                    Json::Array(all) => {
                        for (i, drug) in all.iter().enumerate() {
                            out.drugs.extend(self.text(&format!("{at}[{i}]"), drug));
                        }
                    }
                    _ => self.wrong(&at, "a list of drug ids", "薬剤 ID のリスト"),
                },
                "setting" => out.setting = self.text(&at, value),
                "outcome" => out.outcome = self.text(&at, value),
                "months_to_recurrence" => out.months_to_recurrence = self.number(&at, value),
                "start" => out.start = self.date(&at, value),
                "end" => out.end = self.date(&at, value),
                _ => {
                    out.other.insert(key.clone(), value.clone());
                }
            }
        }
        if out.drugs.is_empty() {
            self.wrong(
                &format!("{place}.drugs"),
                "a list with at least one drug id",
                "1つ以上の薬剤 ID のリスト",
            );
        }
        Some(out)
    }

    /// `findings` is an object from gene to result, or a list of `{gene, value}`.
    fn samples(&mut self, value: &Json) -> Vec<Sample> {
        let Json::Array(all) = value else {
            self.wrong("ctdna.samples", "a list of samples", "検体のリスト");
            return Vec::new();
        };
        let mut out = Vec::new();
        for (i, one) in all.iter().enumerate() {
            let place = format!("ctdna.samples[{i}]");
            let Json::Object(map) = one else {
                self.wrong(&place, "an object", "オブジェクト");
                continue;
            };
            let get = |key: &str| map.get(key).unwrap_or(&Json::Null);
            let mut findings = BTreeMap::new();
            match get("findings") {
                Json::Object(genes) => {
                    findings.extend(genes.iter().map(|(gene, call)| (gene.clone(), class_of(call))));
                }
                Json::Array(genes) => {
                    for (j, one) in genes.iter().enumerate() {
                        match one.get("gene").and_then(Json::as_str) {
                            Some(gene) => {
                                findings.insert(gene.to_owned(), class_of(one));
                            }
                            None => self.wrong(
                                &format!("{place}.findings[{j}]"),
                                "an object with `gene` and `value`",
                                "gene と value を持つオブジェクト",
                            ),
                        }
                    }
                }
                Json::Null => {}
                _ => {
                    self.wrong(&format!("{place}.findings"), "an object by gene", "遺伝子ごとのオブジェクト")
                }
            }
            let tumour_fraction = self.number(&format!("{place}.tumour_fraction"), get("tumour_fraction"));
            let stated = get("adequate").as_bool();
            let indeterminate = get("state").as_str() == Some("indeterminate");
            out.push(Sample {
                date: self.date(&format!("{place}.date"), get("date")),
                assay_id: self.text(&format!("{place}.assay_id"), get("assay_id")),
                // Without tumour DNA in the sample, "not found" says nothing.
                adequate: stated.unwrap_or(!indeterminate && tumour_fraction != Some(Decimal::ZERO)),
                tumour_fraction,
                findings,
            });
        }
        out
    }
}
