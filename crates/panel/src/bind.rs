//! From a profile to the values that rules read, with everything that is wrong told by its place.

use crate::knowledge::{Domain, Knowledge, OBSERVATION_FIELDS, VARIANT};
use crate::profile::{Datum, Observation, Prior, Profile, State, UNCLASSIFIED};
use crate::{Concept, Problem, adequacy, lines};
use biomarkers::{Call, Latest, Outcome, Setting, field, latest};
use jiff::civil::Date;
use rules::{List, Missing, Value, Values};
use std::borrow::Cow;
use std::sync::Arc;
use words::PartialDate;

/// Results of one concept that differ, none of them surely the latest: a person must decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    pub concept: String,
}

/// A profile that was checked against a release and a day.
#[derive(Clone, Debug, PartialEq)]
pub struct Patient {
    pub values: Values,
    pub contradictions: Vec<Contradiction>,
    /// Genes with any result, in alphabetical order.
    pub genes: Vec<String>,
    /// The gene of the germline finding, if stated.
    pub germline_gene: Option<String>,
    /// Whether each specimen can carry its result.
    pub specimens: Vec<adequacy::Judged>,
    /// What does not fit together in the statements themselves: `unreadable_name:CONCEPT`,
    /// `specimen_contradicts_assay:CONCEPT`.
    pub oddities: Vec<String>,
}

fn missing(state: &State) -> Missing {
    match state {
        State::NotTested => Missing::NotDone,
        State::Indeterminate => Missing::Unknown,
        _ => Missing::NotYetKnown,
    }
}

impl Knowledge {
    /// Checks a profile against this release and the day of the question, and makes it ready for rules.
    pub fn patient(&self, profile: &Profile, as_of: Date) -> Result<Patient, Vec<Problem>> {
        let mut binder = Binder { knowledge: self, as_of, problems: Vec::new() };
        let patient = binder.patient(profile);
        if binder.problems.is_empty() { Ok(patient) } else { Err(binder.problems) }
    }
}

struct Binder<'k> {
    knowledge: &'k Knowledge,
    as_of: Date,
    problems: Vec<Problem>,
}

impl Binder<'_> {
    fn problem(&mut self, place: impl Into<String>, code: &'static str, ja: String, en: String) {
        self.problems.push(Problem::new(place, code, ja, en));
    }

    /// A date that is surely after the day of the question.
    fn not_after(&mut self, place: String, date: Option<PartialDate>) {
        if let Some(date) = date.filter(|d| d.earliest() > self.as_of) {
            let as_of = self.as_of;
            self.problem(
                place,
                "future",
                format!("{date} は基準日 {as_of} より後です"),
                format!("{date} is after the day of the question, {as_of}"),
            );
        }
    }

    fn patient(&mut self, profile: &Profile) -> Patient {
        let mut out = Patient {
            values: Values::new(&self.knowledge.dictionary),
            contradictions: Vec::new(),
            genes: Vec::new(),
            germline_gene: None,
            specimens: Vec::new(),
            oddities: Vec::new(),
        };
        let mut variants = Vec::new();
        for (name, observations) in &profile.observations {
            let gene = name.strip_prefix("variant.");
            let concept = match (self.knowledge.concepts.get(name), gene) {
                (Some(concept), _) => concept.clone(),
                (None, Some(gene)) if is_symbol(gene) => match self.knowledge.concepts.get("variant.TP53") {
                    Some(concept) => Concept { name: name.clone(), ..concept.clone() },
                    None => continue,
                },
                _ => {
                    self.unknown_concept(name);
                    continue;
                }
            };
            if concept.domain == Domain::List {
                let (ja, en) =
                    ("この概念は一覧です".to_owned(), "this concept is a list of its own form".to_owned());
                self.problem(name, "form", ja, en);
                continue;
            }
            let several = observations.len() > 1;
            let mut values = Vec::new();
            // A negative from a specimen that cannot carry it is no answer.
            let mut read = Cow::Borrowed(observations.as_slice());
            for (i, observation) in observations.iter().enumerate() {
                let Some(judged) = self.knowledge.judge(name, observation) else { continue };
                if judged.effect == adequacy::Effect::NegativeOpen {
                    read.to_mut()[i].state = State::Indeterminate;
                }
                out.specimens.push(judged);
            }
            let observations: &[Observation] = &read;
            for (i, observation) in observations.iter().enumerate() {
                let place = if several { format!("{name}[{i}]") } else { name.clone() };
                self.observation_is_in_order(&place, observation);
                self.problems.extend(adequacy::problems(&place, observation));
                out.oddities.extend(self.oddities(name, observation));
                values.push(self.value(&place, &concept, observation));
            }
            if name == "disease.site" && values.contains(&Value::code("other")) {
                self.problem(
                    name,
                    "site",
                    "この知識は乳癌のものです。他の部位では採点表が異なるため判定しません".into(),
                    "this knowledge is about breast cancer; other sites are scored by other tables and are refused".into(),
                );
            }
            if let Some(gene) = gene {
                out.genes.push(gene.to_owned());
                variants
                    .extend(observations.iter().zip(values).map(|(o, value)| self.record(o, value, gene)));
            } else if concept.by_assay {
                if name == "gbrca.status" {
                    out.germline_gene = observations.iter().find_map(|o| o.gene.clone());
                }
                let records =
                    observations.iter().zip(values).map(|(o, value)| self.record(o, value, "")).collect();
                out.values.put(concept.slot, Value::List(List { complete: true, records }));
                self.note_contradiction(&concept, observations, &mut out);
            } else {
                let all = observations.iter().zip(&values).map(|(o, value)| biomarkers::Observation {
                    value: match value {
                        Value::Missing(why) => Err(*why),
                        value => Ok(value),
                    },
                    assay: None,
                    specimen: None,
                    date: o.date.or(o.reported),
                });
                let chosen = match latest(all) {
                    Latest::Known(value) => value.clone(),
                    Latest::Missing(why) => Value::Missing(why),
                    Latest::Contradiction => {
                        out.contradictions.push(Contradiction { concept: name.clone() });
                        Value::Missing(Missing::Unknown)
                    }
                };
                out.values.put(concept.slot, chosen);
            }
        }
        if let Some(slot) = self.knowledge.dictionary.slot(VARIANT) {
            out.values.put(slot, Value::List(List { complete: true, records: variants }));
        }
        if let (Some(prior), Some(slot)) = (&profile.prior, self.knowledge.dictionary.slot("prior")) {
            let list = self.prior(prior);
            out.values.put(slot, Value::List(list));
        }
        if let Some(slot) = self.knowledge.dictionary.slot("ctdna.samples") {
            let list = self.samples(profile);
            out.values.put(slot, Value::List(list));
        }
        out
    }

    fn note_contradiction(&self, concept: &Concept, observations: &[Observation], out: &mut Patient) {
        // Results by different assays may differ; within one assay the latest must be clear.
        let contradicts = observations.iter().any(|one| {
            let same =
                observations.iter().filter(|o| o.assay_id == one.assay_id).map(|o| biomarkers::Observation {
                    value: match &o.state {
                        State::Known(datum) => Ok(datum),
                        other => Err(missing(other)),
                    },
                    assay: None,
                    specimen: None,
                    date: o.date.or(o.reported),
                });
            matches!(latest(same), Latest::Contradiction)
        });
        if contradicts {
            out.contradictions.push(Contradiction { concept: concept.name.clone() });
        }
    }

    fn unknown_concept(&mut self, name: &str) {
        let (ja, en) = (format!("`{name}` という概念はありません"), format!("there is no concept `{name}`"));
        self.problem(name, "unknown_concept", ja, en);
    }

    fn observation_is_in_order(&mut self, place: &str, observation: &Observation) {
        if let Some(assay) = &observation.assay_id
            && !self.knowledge.assays.contains_key(assay)
        {
            let known = self.knowledge.assays.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            let mut problem = Problem::new(
                format!("{place}.assay_id"),
                "unknown_assay",
                format!("`{assay}` という検査法は登録されていません"),
                format!("there is no assay `{assay}`"),
            );
            problem = problem.hint(format!("登録済み: {known}"), format!("known: {known}"));
            self.problems.push(problem);
        }
        if let Some(specimen) = observation.specimen.as_deref().filter(|s| !["tissue", "blood"].contains(s)) {
            self.problem(
                format!("{place}.specimen"),
                "unknown_code",
                format!("検体 `{specimen}` は tissue か blood ではありません"),
                format!("specimen `{specimen}` is neither tissue nor blood"),
            );
        }
        self.not_after(format!("{place}.date"), observation.date);
        self.not_after(format!("{place}.reported"), observation.reported);
    }

    /// Statements that are taken as they stand and cannot both be right, or cannot be read.
    fn oddities(&self, name: &str, o: &Observation) -> Vec<String> {
        let implied = self.knowledge.implied_specimen(o.assay_id.as_deref());
        let other_specimen = implied.zip(o.specimen.as_deref()).is_some_and(|(a, b)| a != b);
        let readable = |hgvs: &str| {
            let level = hgvs.rsplit(':').next().unwrap_or(hgvs);
            biomarkers::names_protein_change(hgvs)
                || ["c.", "g.", "n.", "m.", "r."].iter().any(|l| level.starts_with(l))
                || level.starts_with("p.") && (level.contains('?') || level.contains('='))
        };
        let unreadable = o.hgvs.as_deref().is_some_and(|h| !readable(h));
        [(other_specimen, "specimen_contradicts_assay"), (unreadable, "unreadable_name")]
            .into_iter()
            .filter(|(odd, _)| *odd)
            .map(|(_, flag)| format!("{flag}:{name}"))
            .collect()
    }

    fn value(&mut self, place: &str, concept: &Concept, observation: &Observation) -> Value {
        let datum = match &observation.state {
            State::Known(datum) => datum.clone(),
            State::Absent => match (&concept.domain, concept.name.as_str()) {
                (Domain::Boolean, _) => Datum::Boolean(false),
                (Domain::Code(codes), _) if codes.iter().any(|c| c == "none_found") => {
                    Datum::Code("none_found".into())
                }
                (Domain::Code(codes), _) if codes.iter().any(|c| c == "none") => Datum::Code("none".into()),
                _ => {
                    self.problem(
                        place,
                        "state",
                        "この概念に「なし」という状態はありません".into(),
                        "this concept cannot be absent".into(),
                    );
                    return Value::NOT_YET_KNOWN;
                }
            },
            other => return Value::Missing(missing(other)),
        };
        let fault = match (&concept.domain, &datum) {
            (Domain::Boolean, Datum::Boolean(b)) => return Value::Boolean(*b),
            (Domain::Code(codes), Datum::Code(code)) if codes.contains(code) => return Value::code(code),
            (Domain::Integer { low, high }, Datum::Number(n)) => match i64::try_from(*n) {
                Ok(i) if n.fract().is_zero() && (*low..=*high).contains(&i) => return Value::Integer(i),
                _ => format!("{low}..{high}"),
            },
            (Domain::Decimal { low, high }, Datum::Number(n)) => {
                if *n >= (*low).into() && high.is_none_or(|h| *n <= h.into()) {
                    return Value::Decimal(*n);
                }
                high.map_or_else(|| format!(">= {low}"), |h| format!("{low}..{h}"))
            }
            (Domain::Boolean, _) => "true, false".into(),
            (Domain::Code(codes), _) => codes.join(", "),
            (Domain::Integer { .. } | Domain::Decimal { .. }, _) => "a number".into(),
            (Domain::List, _) => "a list".into(),
        };
        let found = match &datum {
            Datum::Boolean(b) => b.to_string(),
            Datum::Number(n) => n.to_string(),
            Datum::Code(code) => format!("'{code}'"),
        };
        self.problem(
            place,
            "value",
            format!("{found} はここに記入できる値（{fault}）ではありません"),
            format!("{found} is not a value that may stand here ({fault})"),
        );
        Value::NOT_YET_KNOWN
    }

    /// An observation as the functions of `biomarkers` read it. A panel that runs on one kind of specimen says which.
    fn record(&self, o: &Observation, value: Value, gene: &str) -> Arc<[Value]> {
        let text = |t: &Option<String>| t.as_deref().map_or(Value::NOT_YET_KNOWN, Value::text);
        let implied = self.knowledge.implied_specimen(o.assay_id.as_deref());
        let mut fields = vec![Value::NOT_YET_KNOWN; OBSERVATION_FIELDS];
        fields[field::VALUE] = value;
        fields[field::ASSAY] = text(&o.assay_id);
        fields[field::SPECIMEN] = o.specimen.as_deref().or(implied).map_or(Value::NOT_YET_KNOWN, Value::code);
        fields[field::DATE] = o.date.or(o.reported).map_or(Value::NOT_YET_KNOWN, Value::Date);
        fields[field::KIND] = text(&o.kind);
        fields[field::HGVS] = text(&o.hgvs);
        fields[field::GENE] = Value::text(gene);
        fields.into()
    }

    fn prior(&mut self, prior: &Prior) -> List {
        let mut records: Vec<Arc<[Value]>> = Vec::new();
        for (i, item) in prior.items.iter().enumerate() {
            let place = format!("prior.items[{i}]");
            let mut drugs = Vec::new();
            for drug in &item.drugs {
                match self.knowledge.drugs.get(drug) {
                    Some(known) => drugs.push(format!("|{drug}|{}|", known.classes.join("|"))),
                    None => self.problem(
                        format!("{place}.drugs"),
                        "unknown_drug",
                        format!("`{drug}` という薬剤 ID はありません"),
                        format!("there is no drug `{drug}`"),
                    ),
                }
            }
            let code = |known: bool, text: &Option<String>| match text {
                Some(text) if known => Value::code(text),
                _ => Value::NOT_YET_KNOWN,
            };
            let setting = item.setting.as_deref().map(|s| Setting::from_code(s).is_some());
            let outcome = item.outcome.as_deref().map(|s| Outcome::from_code(s).is_some());
            for (known, name, codes) in [
                (setting, "setting", Setting::CODES.join(", ")),
                (outcome, "outcome", Outcome::CODES.join(", ")),
            ] {
                if known == Some(false) {
                    self.problem(
                        format!("{place}.{name}"),
                        "unknown_code",
                        format!("次のいずれかではありません: {codes}"),
                        format!("this is none of {codes}"),
                    );
                }
            }
            if lines::half_decided(item) {
                self.problem(
                    format!("{place}.line_decided"),
                    "form",
                    "治療ラインの訂正には line_decided（new か same）、line_decided_by、line_decided_reason がすべて必要です".into(),
                    "a decision on the line needs line_decided (new or same), line_decided_by and line_decided_reason".into(),
                );
            }
            self.not_after(format!("{place}.start"), item.start);
            self.not_after(format!("{place}.end"), item.end);
            let months = item.months_to_recurrence.map_or(Value::NOT_YET_KNOWN, Value::Decimal);
            records.push(Arc::from([
                Value::text(&drugs.join(";")),
                code(setting == Some(true), &item.setting),
                code(outcome == Some(true), &item.outcome),
                months,
            ]));
        }
        List { complete: prior.complete, records }
    }

    fn samples(&mut self, profile: &Profile) -> List {
        let mut records: Vec<Arc<[Value]>> = Vec::new();
        for (i, sample) in profile.samples.iter().enumerate() {
            let place = format!("ctdna.samples[{i}]");
            self.not_after(format!("{place}.date"), sample.date);
            if let Some(assay) = sample.assay_id.as_ref().filter(|a| !self.knowledge.assays.contains_key(*a))
            {
                let (ja, en) = (
                    format!("`{assay}` という検査法は登録されていません"),
                    format!("there is no assay `{assay}`"),
                );
                self.problem(format!("{place}.assay_id"), "unknown_assay", ja, en);
            }
            for (gene, call) in &sample.findings {
                let found = match (Call::from_code(call), call.as_str()) {
                    (Some(call), _) => Value::Boolean(call.qualifies()),
                    (None, UNCLASSIFIED) => Value::Missing(Missing::Unknown),
                    _ => {
                        let codes = Call::CODES.join(", ");
                        self.problem(
                            format!("{place}.findings.{gene}"),
                            "unknown_code",
                            format!("次のいずれかではありません: {codes}"),
                            format!("this is none of {codes}"),
                        );
                        continue;
                    }
                };
                records.push(Arc::from([
                    found,
                    sample.date.map_or(Value::NOT_YET_KNOWN, Value::Date),
                    Value::text(gene),
                    Value::Boolean(sample.adequate),
                ]));
            }
        }
        List { complete: false, records }
    }
}

/// Whether this can be a gene's symbol: capitals, digits and hyphens.
fn is_symbol(gene: &str) -> bool {
    !gene.is_empty()
        && gene.len() <= 20
        && gene.starts_with(|c: char| c.is_ascii_uppercase())
        && gene.chars().all(|c| {
            c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-' || c == 'o' || c == 'r' || c == 'f'
        })
}
