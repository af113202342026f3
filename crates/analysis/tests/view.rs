//! From commands through the ledger and the view to rows: what is analysed is what this person may see, up to the cut-off.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use analysis::{Contribution, Origin, Results, Row, Rows, Source, Tracer, analyse, analyse_one};
use conduct::*;
use jiff::civil::{Date, date};
use ledger::Memory;
use rules::{Missing, Value};
use std::collections::BTreeMap;
use std::path::Path;

fn context(on: Date) -> Context {
    let noon = on.at(12, 0, 0, 0).in_tz("Asia/Tokyo").unwrap().timestamp();
    Context::new(noon, "dm", Role::DataManager, [1; 32])
}

fn doctor(on: Date) -> Context {
    Context { role: Role::Investigator, person: "dr".into(), ..context(on) }.at_site("s1")
}

/// A study with one site, its physician, and nobody in it.
fn trial(nature: Nature) -> Trial {
    let study = Path::new(env!("CARGO_MANIFEST_DIR")).join("../report/tests/study");
    let loaded =
        protocol::load(&study).unwrap_or_else(|e| panic!("{}", protocol::render(&e, words::Lang::En, false)));
    let start = context(date(2011, 5, 1));
    let seeds = Seeds(BTreeMap::from([("surgery".into(), [7; 32])]));
    let trial = Trial::create(Box::new(Memory::new()), &loaded, nature, seeds, &start).unwrap();
    let name = words::Text::new("第一病院", "First Hospital");
    for command in [
        Command::JoinSite { site: "s1".into(), name: name.clone(), country: "JP".into() },
        Command::GrantRole { person: "dr".into(), name, role: Role::Investigator, site: Some("s1".into()) },
    ] {
        trial.execute(&command, &start).unwrap();
    }
    trial
}

fn values(pairs: &[(&str, Value)]) -> Values {
    pairs.iter().map(|(id, v)| ((*id).into(), v.clone())).collect()
}

fn consent(trial: &Trial, on: Date) -> ParticipantId {
    let command = Command::GiveConsent {
        site: "s1".into(),
        participant: None,
        document: "consent".into(),
        version: "1.0".into(),
        on,
        explained_by: "dr".into(),
    };
    match trial.execute(&command, &doctor(on)).unwrap().answer {
        Answer::Participant(id) => id,
        other => panic!("{other:?}"),
    }
}

fn register(trial: &Trial, participant: ParticipantId, step: &str, on: Date, entered: Values) {
    let command = Command::Register { participant, step: step.into(), on, values: entered, confirmed: true };
    trial.execute(&command, &doctor(on)).unwrap();
}

fn first(trial: &Trial, on: Date, brain: Value) -> ParticipantId {
    let id = consent(trial, on);
    let entered = values(&[
        ("assessed_on", Value::Date(on.into())),
        ("age", Value::Integer(55)),
        ("subtype", Value::code("luminal")),
        ("menopause", Value::code("post")),
        ("tumour_size", Value::Missing(Missing::NotDone)),
        ("brain_metastasis", brain),
    ]);
    register(trial, id, "first", on, entered);
    id
}

fn second(trial: &Trial, id: ParticipantId, on: Date, not_grown: bool) {
    let entered =
        values(&[("assessed_on", Value::Date(on.into())), ("not_grown", Value::Boolean(not_grown))]);
    register(trial, id, "second", on, entered);
}

fn follow_up(trial: &Trial, id: ParticipantId, number: u32, on: Date, entered: &[(&str, Value)]) {
    let form = FormKey { form: "follow_up".into(), visit: None, number };
    let mut all = values(entered);
    all.insert("seen_on".into(), Value::Date(on.into()));
    let command = Command::SaveForm { participant: id, form, values: all, complete: true };
    trial.execute(&command, &doctor(on)).unwrap();
}

fn rows(trial: &Trial, cutoff: Option<Date>, viewer: &Viewer) -> Results {
    let (adopted, state) = (trial.adopted(), trial.state());
    analyse(&View::new(&adopted, &state, cutoff, viewer).unwrap())
}

/// Five people: one ineligible, one who cannot be judged, one who grew, two randomised of whom one died.
fn story(nature: Nature) -> Trial {
    let trial = trial(nature);
    let (june, september) = (date(2011, 6, 1), date(2011, 9, 1));
    first(&trial, june, Value::Boolean(true));
    first(&trial, june, Value::Missing(Missing::NotDone));
    let grew = first(&trial, june, Value::Boolean(false));
    second(&trial, grew, september, false);
    let died = first(&trial, june, Value::Boolean(false));
    second(&trial, died, september, true);
    let alive = first(&trial, june, Value::Boolean(false));
    second(&trial, alive, september, true);
    let seen = date(2012, 9, 1);
    follow_up(&trial, alive, 1, seen, &[("status", Value::code("alive"))]);
    let death = [("status", Value::code("dead")), ("died_on", Value::Date(date(2012, 8, 31).into()))];
    follow_up(&trial, died, 1, seen, &death);
    trial
}

#[test]
fn a_short_trial_is_counted_timed_and_closed_at_the_cut_off() {
    let trial = story(Nature::Simulated);
    let statistician = Viewer::new("stat", Role::Statistician);
    let found = rows(&trial, Some(date(2013, 1, 1)), &statistician);
    assert_eq!((found.nature.as_str(), found.cutoff), ("simulated", date(2013, 1, 1)));
    assert_eq!((found.seq, found.head.len()), (trial.head().seq, 64));
    let flow = found.of("flow");
    let n = |variable: &str, level: &str| flow.variable(variable).level(Some(level)).value("n");
    assert_eq!(n("assessed", "first"), Some(5.0));
    assert_eq!(n("not_registered", "first/criterion:E1"), Some(1.0));
    assert_eq!(n("not_registered", "first/cannot_tell"), Some(1.0));
    assert_eq!(n("not_continued", "second/criterion:II1"), Some(1.0));
    assert_eq!(n("registered", "second"), Some(2.0));
    let os = found.of("os").method("kaplan-meier").level(None);
    let total = |stat: &str| os.stat(stat).iter().filter_map(|r| r.value).sum::<f64>();
    assert_eq!((total("n"), total("events"), total("censored")), (2.0, 1.0, 1.0));
    // 1 September 2011 to 31 August 2012: 365 days, with a 29 February between.
    let times = found.of("os").level(Some("curve")).stat("events").filter(|r| r.value == Some(1.0));
    assert_eq!(times.first().unwrap().time, Some(365.0));
    let size = found.of("baseline").variable("first.tumour_size").group(None);
    assert_eq!(size.level(Some("missing:not_done")).value("n"), Some(2.0));

    // The day before, nobody is known to have died.
    let before = rows(&trial, Some(date(2012, 8, 30)), &statistician);
    let os = before.of("os").method("kaplan-meier").level(None);
    assert_eq!(os.stat("events").iter().filter_map(|r| r.value).sum::<f64>(), 0.0);
    // Without a cut-off, the last day of the ledger.
    assert_eq!(rows(&trial, None, &statistician).cutoff, date(2012, 9, 1));
    let again = rows(&trial, Some(date(2013, 1, 1)), &statistician);
    assert_eq!(serde_json::to_string(&found).unwrap(), serde_json::to_string(&again).unwrap());
}

#[test]
fn in_a_real_trial_no_row_tells_an_arm_before_a_planned_look() {
    let trial = story(Nature::Real);
    let found = rows(&trial, Some(date(2013, 1, 1)), &Viewer::new("stat", Role::Statistician));
    assert!(found.rows.iter().all(|r| r.group.is_none()));
    assert!(found.of("os").iter().all(|r| r.stat == "refused"));
    assert!(found.of("os").first().unwrap().warning.is_some());
}

#[test]
fn what_a_site_sees_of_a_trial_says_that_it_is_only_a_part() {
    let trial = story(Nature::Simulated);
    let viewer = Viewer::new("dr", Role::Investigator).at_site("s1");
    let found = rows(&trial, None, &viewer);
    for id in ["flow", "accrual", "os"] {
        let scope = found.of(id).method("scope");
        let row = scope.first().unwrap();
        assert_eq!(row.level.as_deref(), Some("s1"));
        assert_eq!(row.warning.as_ref().unwrap().en, "Only the participants of your own site are counted.");
    }
    assert!(
        rows(&trial, None, &Viewer::new("stat", Role::Statistician)).of("flow").method("scope").is_empty()
    );
}

#[test]
fn one_analysis_alone_gives_the_same_rows_as_among_all() {
    let trial = story(Nature::Simulated);
    let viewer = Viewer::new("stat", Role::Statistician);
    let all = rows(&trial, None, &viewer);
    let (adopted, state) = (trial.adopted(), trial.state());
    let view = View::new(&adopted, &state, None, &viewer).unwrap();
    for id in ["flow", "accrual", "os"] {
        let alone = analyse_one(&view, id);
        assert!(Rows::new(&alone).iter().eq(all.of(id).iter()));
    }
    assert!(analyse_one(&view, "nothing").is_empty());
}

#[test]
fn a_number_is_followed_home_to_the_entries_of_the_ledger_and_a_value_forth_to_its_numbers() {
    let trial = story(Nature::Simulated);
    let viewer = Viewer::new("stat", Role::Statistician);
    let (adopted, state) = (trial.adopted(), trial.state());
    let view = View::new(&adopted, &state, Some(date(2013, 1, 1)), &viewer).unwrap();
    let found = analyse(&view);
    let tracer = Tracer::new(&view);
    let deaths = |r: &&Row| r.value == Some(1.0) && r.stat == "events" && r.level.is_none();
    let deaths = found.of("os").filter(|r| deaths(&r)).first().unwrap().clone();
    let parts = tracer.row(&deaths).parts;
    assert_eq!(parts.len(), 1);
    assert_eq!(parts[0].contribution, Contribution::Event { days: 365.0 });
    assert_eq!(Tracer::of(&view, "os").row(&deaths).parts, parts);

    // The day of death was given in one entry, and decides.
    let sources = tracer.sources(&deaths, parts[0].id);
    let died = sources.iter().find(|s| matches!(&s.origin, Origin::Value { item, .. } if item == "died_on"));
    let died = died.unwrap();
    assert!(died.decides);
    assert_eq!(died.value, Some(Value::Date(date(2012, 8, 31).into())));
    let steps: Vec<&Origin> = sources.iter().map(|s| &s.origin).collect();
    assert!(steps.iter().any(|o| matches!(o, Origin::Registered { step, .. } if step == "second")));
    assert!(steps.iter().any(|o| matches!(o, Origin::Allocated { .. })));
    assert!(!steps.iter().any(|o| matches!(o, Origin::Value { item, .. } if item == "tumour_size")));

    // And forth again: by the value and by its entry.
    let Origin::Value { form, item } = &died.origin else { panic!() };
    let by_value = tracer.rows(&found, parts[0].id, form, item);
    assert!(by_value.iter().any(|r| r.key() == deaths.key()));
    assert!(by_value.iter().any(|r| r.analysis == "os" && r.stat == "hazard_ratio"));
    assert!(by_value.iter().all(|r| r.analysis != "accrual" && r.analysis != "baseline"));
    assert!(tracer.entry(&found, died.seq).iter().any(|r| r.key() == deaths.key()));
    assert_eq!(found.row(&deaths.key()), Some(&deaths));
    assert!(tracer.rows(&found, parts[0].id, form, "nothing").is_empty());
    assert!(tracer.entry(&found, 999_999).is_empty());

    // A characteristic leads to its own item only.
    let size = found.of("baseline").variable("first.tumour_size").group(None).stat("share").first().unwrap();
    let id = tracer.row(size).parts[0].id;
    let items = tracer.sources(size, id);
    let named = |s: &Source| matches!(&s.origin, Origin::Value { item, .. } if item != "tumour_size");
    assert!(!items.iter().any(named), "{items:?}");
    assert_eq!((size.cutoff, size.seq), (date(2013, 1, 1), trial.head().seq));
}
