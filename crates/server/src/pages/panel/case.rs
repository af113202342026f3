//! One case on one day in one place, made ready for the page.

use super::{PlaceShown, place_name, places, told};
use crate::shell::Shell;
use crate::told::Mark;
use crate::tongue::Tongue;
use askama::Template;
use jiff::civil::Date;
use panel::{
    Datum, FindingClass, Knowledge, Observation, Options, Patient, Place, Profile, Query, RegimenOption,
    State, Verdict, View, adequacy,
};
use rules::{Explanation, Outcome};
use std::collections::BTreeSet;

/// Months before and after the day in question in which changes are listed.
const AROUND: i32 = 12;

#[derive(Template)]
#[template(path = "panel_case.html")]
pub(super) struct CasePage {
    pub s: Shell,
    pub banner: String,
    pub signature: String,
    pub title: String,
    pub action: String,
    /// The profile as it was put in, to be asked again; an example stands in the address.
    pub own: Option<String>,
    /// How the day is called in the address.
    pub day_name: &'static str,
    /// For a case of a study: the list of its cases, the participant's book, and the profile as JSON.
    pub back: Option<String>,
    pub book: Option<String>,
    pub json: Option<String>,
    pub as_of: String,
    pub known_at: String,
    pub places: Vec<PlaceShown>,
    pub problems: Vec<String>,
    pub told: Option<Told>,
    pub seen: Vec<Seen>,
    pub prior: Vec<Line>,
    pub prior_complete: Mark,
}

/// What follows from the profile.
pub(super) struct Told {
    pub subtype: String,
    pub subtype_missing: String,
    pub her2: String,
    pub her2_missing: String,
    pub flags: Vec<String>,
    pub groups: Vec<Group>,
    pub findings: Vec<FindingRow>,
    pub considered: Vec<ConsideredRow>,
    pub specimens: Vec<SpecimenRow>,
    pub routes: Vec<RouteRow>,
    pub elsewhere: Vec<Elsewhere>,
    pub changes: Vec<Change>,
    pub release: String,
}

pub(super) struct Group {
    pub mark: Mark,
    pub n: usize,
    /// Closed until the reader opens it.
    pub folded: bool,
    pub rows: Vec<OptionRow>,
}

pub(super) struct OptionRow {
    pub id: String,
    pub name: String,
    pub indication: String,
    pub status: String,
    pub since: String,
    pub why: String,
    pub missing: Vec<String>,
    pub unverified: bool,
    pub other_view: Option<String>,
    pub rule: String,
    pub rule_text: String,
    pub explained: Vec<Step>,
    pub facts: Vec<Fact>,
}

/// One line of an explanation, set in by its depth.
pub(super) struct Step {
    pub depth: usize,
    pub mark: Mark,
}

pub(super) struct Fact {
    pub id: String,
    pub day: String,
    pub event: String,
    pub certainty: &'static str,
    pub source: String,
    pub note: String,
}

pub(super) struct FindingRow {
    pub finding: String,
    pub class: String,
    pub why: String,
    pub missing: String,
    pub regimens: String,
    /// What facts that nobody has verified would make of it.
    pub other_view: String,
}

/// What to weigh beside the labels.
pub(super) struct ConsideredRow {
    pub kind: String,
    pub mark: Mark,
    pub text: String,
    pub missing: String,
    pub unverified: bool,
    pub source: String,
}

/// A specimen that was judged.
pub(super) struct SpecimenRow {
    pub concept: String,
    pub by: String,
    pub mark: Mark,
    pub effect: String,
    pub checks: Vec<Mark>,
    pub action: String,
}

/// A way outside of the labels.
pub(super) struct RouteRow {
    pub kind: String,
    pub text: String,
    pub findings: String,
    pub mark: Mark,
    pub missing: String,
    pub seen: String,
    pub unverified: bool,
    pub source: String,
}

pub(super) struct Elsewhere {
    pub name: String,
    pub indication: String,
    pub marks: Vec<Mark>,
}

pub(super) struct Change {
    pub day: String,
    pub later: bool,
    pub name: String,
    pub indication: String,
    pub from: Mark,
    pub to: Mark,
}

/// An observation as the profile has it.
pub(super) struct Seen {
    pub concept: String,
    pub value: Mark,
    pub by: String,
}

pub(super) struct Line {
    /// Number of the line of therapy as derived, and by which rule.
    pub number: String,
    pub why: String,
    pub drugs: String,
    pub setting: String,
    pub outcome: String,
}

impl CasePage {
    pub fn new(
        t: Tongue,
        path: &str,
        title: &str,
        knowledge: &Knowledge,
        profile: &Profile,
        query: Query,
    ) -> CasePage {
        let mut problems = Vec::new();
        let told = match (knowledge.patient(profile, query.as_of), knowledge.stale(query)) {
            (_, Some(stale)) => {
                problems.push(t.of(&stale).to_owned());
                None
            }
            (Err(wrong), _) => {
                problems = told(t, &wrong);
                None
            }
            (Ok(patient), None) => Some(follow(t, knowledge, &patient, query)),
        };
        let complete = profile.prior.as_ref().is_some_and(|p| p.complete);
        CasePage {
            s: Shell::bare(t, path),
            banner: t.of(&panel::banner()).to_owned(),
            signature: t.of(&panel::signature()).to_owned(),
            title: title.to_owned(),
            action: String::new(),
            own: None,
            day_name: "as_of",
            back: None,
            book: None,
            json: None,
            as_of: query.as_of.to_string(),
            known_at: query.known_at.map(|d| d.to_string()).unwrap_or_default(),
            places: places(t, query.place),
            problems,
            told,
            seen: seen(t, profile),
            prior: prior(t, knowledge, profile),
            prior_complete: match complete {
                true => Mark::new("done", t.say("panel-prior-complete")),
                false => Mark::new("unsure", t.say("panel-prior-incomplete")),
            },
        }
    }
}

fn verdict_mark(t: Tongue, verdict: Verdict) -> Mark {
    match verdict {
        Verdict::Eligible => Mark::new("yes", t.say("panel-fits")),
        Verdict::Open => Mark::new("unsure", t.say("panel-open")),
        Verdict::NotEligible => Mark::new("none", t.say("panel-not")),
    }
}

/// A code of the knowledge in words; as it stands when there is no word for it.
pub(super) fn code(t: Tongue, family: &str, code: &str) -> String {
    let key = format!("panel-{family}-{}", code.replace('_', "-").to_lowercase());
    t.known(&key).map_or_else(|| code.to_owned(), |word| word.into_owned())
}

fn follow(t: Tongue, knowledge: &Knowledge, patient: &Patient, query: Query) -> Told {
    let view = knowledge.view(query);
    let options = view.options(patient);
    let rows = |verdict: Verdict| -> Vec<OptionRow> {
        options
            .regimens
            .iter()
            .filter(|o| o.verdict == verdict)
            .map(|o| option_row(t, &view, patient, o))
            .collect()
    };
    let groups = [(Verdict::Eligible, false), (Verdict::Open, false), (Verdict::NotEligible, true)]
        .into_iter()
        .map(|(verdict, folded)| {
            let rows = rows(verdict);
            Group { mark: verdict_mark(t, verdict), n: rows.len(), folded, rows }
        })
        .collect();
    let release = &knowledge.version;
    Told {
        subtype: subtype(t, options.subtype),
        subtype_missing: inputs(t, &options.missing.subtype).join("; "),
        her2: code(t, "her2", options.her2_category),
        her2_missing: inputs(t, &options.missing.her2_category).join("; "),
        flags: options.flags.iter().map(|f| flag(t, f)).collect(),
        groups,
        findings: options.findings.iter().map(|f| finding_row(t, knowledge, f)).collect(),
        considered: considered(t, &view, patient, &options),
        specimens: specimens(t, patient),
        routes: routes(t, &view, patient, &options),
        elsewhere: elsewhere(t, knowledge, patient, query, &options),
        changes: changes(t, knowledge, patient, query),
        release: t.with2("panel-release", release, &knowledge.complete_to.to_string()).into_owned(),
    }
}

/// A concept in words; genes by their symbol.
fn concept(t: Tongue, name: &str) -> String {
    match name.strip_prefix("variant.") {
        Some(gene) => t.with("panel-concept-variant", gene).into_owned(),
        None => code(t, "concept", &name.replace('.', "-")),
    }
}

/// Names of inputs, such as `pdl1.cps@22C3_PHARMDX`, in words.
pub(super) fn inputs(t: Tongue, names: &[String]) -> Vec<String> {
    let told = |name: &String| match name.split_once('@') {
        Some((name, by)) => t.with2("panel-input-by", &concept(t, name), &code(t, "by", by)).into_owned(),
        None => concept(t, name),
    };
    names.iter().map(told).collect()
}

/// A flag, with its concept in words.
fn flag(t: Tongue, found: &str) -> String {
    let found = match found.split_once(':') {
        Some((kind, name)) => format!("{kind}:{}", concept(t, name)),
        None => found.to_owned(),
    };
    t.of(&panel::flag_text(&found)).to_owned()
}

/// A subtype's code is read as it stands; only the undetermined one needs a word.
pub(super) fn subtype(t: Tongue, found: &str) -> String {
    match found {
        "undetermined" => t.say("panel-her2-undetermined").into_owned(),
        found => found.to_owned(),
    }
}

/// The drugs of a regimen by their Japanese names; its label otherwise.
fn regimen_name(t: Tongue, knowledge: &Knowledge, at: usize) -> String {
    let regimen = &knowledge.regimens[at];
    if t.0 == words::Lang::En {
        return regimen.label.clone();
    }
    let of = |id: &String| match knowledge.drugs.get(id) {
        Some(drug) => t.of(&drug.name).to_owned(),
        None => code(t, "class", id),
    };
    regimen.drugs.iter().map(of).collect::<Vec<_>>().join("+")
}

fn option_row(t: Tongue, view: &View<'_>, patient: &Patient, o: &RegimenOption) -> OptionRow {
    let knowledge = view.knowledge;
    let at = knowledge.regimen(&o.id).unwrap_or_default();
    let label = o.rule.as_ref().and_then(|id| knowledge.labels.iter().find(|l| l.id == *id));
    let mut explained = Vec::new();
    if o.status.is_in_force() {
        for why in view.because(patient, o) {
            steps(t, &why, 0, &mut explained);
        }
    }
    let facts: Vec<&panel::Approval> = o.rows.iter().filter_map(|id| knowledge.approval(id)).collect();
    OptionRow {
        id: o.id.clone(),
        name: regimen_name(t, knowledge, at),
        indication: knowledge.regimens[at].indication_in(t.0).to_owned(),
        status: t.of(&panel::status_text(o.status)).to_owned(),
        since: match facts.first() {
            Some(a) if only_seen(knowledge, o) => t.with("panel-by", &a.date.to_string()).into_owned(),
            Some(a) => a.date.to_string(),
            None => String::new(),
        },
        why: match o.status.is_in_force() {
            true => t.of(&panel::reason_text(o)).to_owned(),
            false => t.say("panel-why-status").into_owned(),
        },
        missing: inputs(t, &o.missing),
        unverified: o.unverified,
        other_view: o.unverified_view.as_ref().map(|u| {
            let word = verdict_mark(t, u.verdict).word;
            t.with2("panel-if-unverified", &word, &u.rows.join(", ")).into_owned()
        }),
        rule: label.map(|l| l.id.clone()).unwrap_or_default(),
        rule_text: label.map(|l| l.rule.source().to_owned()).unwrap_or_default(),
        explained,
        facts: facts
            .into_iter()
            .map(|a| Fact {
                id: a.id.clone(),
                day: a.date.to_string(),
                event: code(t, "event", a.event.code()),
                certainty: a.certainty.code(),
                source: a.source.clone(),
                note: [a.population.as_str(), a.note.as_str()]
                    .into_iter()
                    .filter(|s| !s.is_empty())
                    .collect::<Vec<_>>()
                    .join(" — "),
            })
            .collect(),
    }
}

fn steps(t: Tongue, why: &Explanation, depth: usize, out: &mut Vec<Step>) {
    let shape = match why.verdict {
        Outcome::True => "yes",
        Outcome::False => "no",
        Outcome::Unknown => "unsure",
        Outcome::Error => "late",
    };
    // A conjunction says no more than its parts.
    if why.children.is_empty() {
        out.push(Step { depth, mark: Mark::new(shape, t.of(&why.text)) });
    }
    for child in &why.children {
        steps(t, child, depth + usize::from(depth > 0 || why.children.len() == 1), out);
    }
}

fn finding_row(t: Tongue, knowledge: &Knowledge, f: &FindingClass) -> FindingRow {
    let names =
        f.regimens.iter().filter_map(|id| knowledge.regimen(id)).map(|at| regimen_name(t, knowledge, at));
    FindingRow {
        finding: f.finding.replace('_', " "),
        class: match f.class {
            Some(class) => t.say(&format!("panel-class-{class}")).into_owned(),
            None => t.say("panel-class-none").into_owned(),
        },
        why: code(t, "finding", f.reason),
        missing: inputs(t, &f.missing).join("; "),
        regimens: names.collect::<Vec<_>>().join("; "),
        other_view: f.unverified_view.as_ref().map_or_else(String::new, |u| {
            t.with2("panel-if-unverified", &code(t, "finding", u.reason), &u.rows.join(", ")).into_owned()
        }),
    }
}

fn considered(t: Tongue, view: &View<'_>, patient: &Patient, options: &Options) -> Vec<ConsideredRow> {
    let rows = view.considerations(patient, options).into_iter().map(|c| ConsideredRow {
        kind: code(t, "kind", &c.kind),
        mark: match c.applies {
            true => Mark::new("yes", t.say("panel-applies")),
            false => Mark::new("unsure", t.say("panel-open")),
        },
        text: t.of(&c.text).to_owned(),
        missing: inputs(t, &c.missing).join("; "),
        unverified: c.unverified,
        source: c.source,
    });
    rows.collect()
}

fn specimens(t: Tongue, patient: &Patient) -> Vec<SpecimenRow> {
    let row = |one: &adequacy::Judged| SpecimenRow {
        concept: concept(t, &one.concept),
        by: [one.assay_id.as_deref(), one.date.as_deref()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" · "),
        mark: Mark::new(
            match one.judgement {
                adequacy::Judgement::Adequate => "yes",
                adequacy::Judgement::Inadequate => "late",
                _ => "unsure",
            },
            t.of(&adequacy::judgement_text(one.judgement)),
        ),
        effect: adequacy::effect_text(one.effect).map_or_else(String::new, |e| t.of(&e).to_owned()),
        checks: one
            .checks
            .iter()
            .filter(|c| c.outcome != adequacy::Outcome::Pass)
            .map(|c| {
                let text = t.of(&c.text);
                match (&c.found, c.outcome) {
                    (Some(found), adequacy::Outcome::Fail) => {
                        Mark::new("no", t.with2("panel-check-failed", text, found))
                    }
                    _ => Mark::new("unsure", t.with("panel-check-unstated", text)),
                }
            })
            .collect(),
        action: one.action.iter().map(|a| t.of(a)).collect::<Vec<_>>().join("; "),
    };
    patient.specimens.iter().map(row).collect()
}

fn routes(t: Tongue, view: &View<'_>, patient: &Patient, options: &Options) -> Vec<RouteRow> {
    let row = |one: panel::OpenRoute| RouteRow {
        kind: code(t, "route", one.kind.code()),
        text: t.of(&one.text).to_owned(),
        findings: one.findings.join(", "),
        mark: match one.applies {
            true => Mark::new("yes", t.say("panel-applies")),
            false => Mark::new("unsure", t.say("panel-open")),
        },
        missing: inputs(t, &one.missing).join("; "),
        seen: t.with("panel-seen-open", &one.seen_open).into_owned(),
        unverified: one.unverified,
        source: one.source,
    };
    view.routes(patient, &options.findings).into_iter().map(row).collect()
}

/// Regimens whose verdict is not the same everywhere, or that fit or are open somewhere.
fn elsewhere(
    t: Tongue,
    knowledge: &Knowledge,
    patient: &Patient,
    query: Query,
    here: &Options,
) -> Vec<Elsewhere> {
    let options = |place| match place == query.place {
        true => here.clone(),
        false => knowledge.view(Query { place, ..query }).options(patient),
    };
    let all: Vec<Options> = Place::ALL.into_iter().map(options).collect();
    (0..knowledge.regimens.len())
        .filter(|at| all.iter().any(|o| o.regimens[*at].verdict != Verdict::NotEligible))
        .map(|at| Elsewhere {
            name: regimen_name(t, knowledge, at),
            indication: knowledge.regimens[at].indication_in(t.0).to_owned(),
            marks: all.iter().map(|o| verdict_mark(t, o.regimens[at].verdict)).collect(),
        })
        .collect()
}

/// Days around the one in question on which the verdict on a regimen changes for the same patient in the same place:
/// the patient is the one of the day in question; only the world around moves.
fn changes(t: Tongue, knowledge: &Knowledge, patient: &Patient, query: Query) -> Vec<Change> {
    let months = |n: i32| query.as_of.checked_add(jiff::Span::new().months(n)).unwrap_or(query.as_of);
    let (first, last) = (months(-AROUND), months(AROUND).min(knowledge.complete_to));
    let days: BTreeSet<Date> = knowledge
        .approvals
        .iter()
        .filter(|a| a.place == query.place)
        .map(panel::Approval::effective)
        .filter(|day| (first..=last).contains(day))
        .collect();
    let ask = |as_of: Date| knowledge.view(Query { as_of, ..query }).options(patient).regimens;
    let mut before = ask(first.yesterday().unwrap_or(first));
    let mut out = Vec::new();
    for day in days {
        let now = ask(day);
        for (at, (was, is)) in before.iter().zip(&now).enumerate() {
            if was.verdict != is.verdict && !only_seen(knowledge, is) {
                out.push(Change {
                    day: day.to_string(),
                    later: day > query.as_of,
                    name: regimen_name(t, knowledge, at),
                    indication: knowledge.regimens[at].indication_in(t.0).to_owned(),
                    from: verdict_mark(t, was.verdict),
                    to: verdict_mark(t, is.verdict),
                });
            }
        }
        before = now;
    }
    out
}

/// Whether a regimen's state rests on its having been seen in force: the day is then the record's, not the approval's.
fn only_seen(knowledge: &Knowledge, o: &RegimenOption) -> bool {
    let first = o.rows.first().and_then(|id| knowledge.approval(id));
    first.is_some_and(|a| a.event == panel::Event::InForceSeen)
}

fn seen(t: Tongue, profile: &Profile) -> Vec<Seen> {
    let mut out = Vec::new();
    for (name, all) in &profile.observations {
        for o in all {
            out.push(Seen { concept: concept(t, name), value: value(t, &o.state), by: by(t, o) });
        }
    }
    out
}

fn value(t: Tongue, state: &State) -> Mark {
    match state {
        State::Known(Datum::Boolean(b)) => {
            Mark::new("done", t.say(if *b { "panel-true" } else { "panel-false" }))
        }
        State::Known(Datum::Number(n)) => Mark::new("done", n.to_string()),
        State::Known(Datum::Code(c)) => Mark::new("done", code(t, "value", c)),
        State::Absent => Mark::new("done", t.say("panel-state-absent")),
        State::NotAsked => Mark::new("unsure", t.say("panel-state-not-asked")),
        State::NotTested => Mark::new("unsure", t.say("panel-state-not-tested")),
        State::Pending => Mark::new("due", t.say("panel-state-pending")),
        State::Indeterminate => Mark::new("unsure", t.say("panel-state-indeterminate")),
    }
}

/// Assay, specimen, day: whatever was stated.
fn by(t: Tongue, o: &Observation) -> String {
    let date = o.date.map(|d| d.to_string());
    let specimen = o.specimen.as_deref().map(|s| code(t, "by", s));
    let parts = [&o.gene, &o.hgvs, &o.kind, &o.assay_id, &specimen, &date];
    parts.into_iter().flatten().cloned().collect::<Vec<_>>().join(" · ")
}

fn prior(t: Tongue, knowledge: &Knowledge, profile: &Profile) -> Vec<Line> {
    let items = profile.prior.as_ref().map_or(&[][..], |p| p.items.as_slice());
    let derived = panel::lines::derive(items, &knowledge.drugs, &panel::lines::decided(items));
    derived
        .steps
        .iter()
        .filter_map(|step| Some((step, items.get(step.treatment)?)))
        .map(|(step, item)| Line {
            number: step
                .line
                .map_or_else(|| "–".to_owned(), |n| format!("{n}{}", if step.certain { "" } else { "?" })),
            why: [Some(t.of(&step.why)), step.by.as_deref()]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" · "),
            drugs: item
                .drugs
                .iter()
                .map(|id| knowledge.drugs.get(id).map_or(id.as_str(), |d| t.of(&d.name)))
                .collect::<Vec<_>>()
                .join(" + "),
            setting: item.setting.as_deref().map(|s| code(t, "setting", s)).unwrap_or_default(),
            outcome: item.outcome.as_deref().map(|s| code(t, "outcome", s)).unwrap_or_default(),
        })
        .collect()
}

/// Names of the three jurisdictions, in the order of the columns.
impl CasePage {
    pub fn place_names(&self) -> Vec<String> {
        Place::ALL.into_iter().map(|p| place_name(self.s.t, p)).collect()
    }
}
