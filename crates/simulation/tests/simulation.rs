//! A whole study by virtual participants: same seed, same ledger; the flow met when it is conditioned on.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "simulation/time.rs"]
mod time;

use ledger::{Memory, Mode};
use protocol::Loaded;
use simulation::{Plan, Request, SimulationError, Summary, simulate};
use std::path::PathBuf;

fn study() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../studies/jcog1017")
}

fn jcog1017() -> (Loaded, Plan) {
    let loaded = protocol::load(&study())
        .unwrap_or_else(|d| panic!("{}", protocol::render(&d, words::Lang::En, false)));
    (loaded, Plan::load(&study()).unwrap())
}

/// Runs into a file and gives the summary with the ledger's head hash.
fn run(loaded: &Loaded, plan: &Plan, request: Request) -> (Summary, ledger::Head, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = ledger::open(path.to_str().unwrap(), Mode::Create).unwrap();
    let summary = simulate(store, loaded, plan, request, &mut |_, _| {}).unwrap();
    let store = ledger::open(path.to_str().unwrap(), Mode::ReadOnly).unwrap();
    let head = store.head("JCOG1017").unwrap();
    (summary, head, folder)
}

#[test]
fn the_same_seed_gives_the_same_ledger_and_another_seed_another() {
    let (loaded, plan) = jcog1017();
    let few = |seed| run(&loaded, &plan, Request { seed, participants: Some(30) });
    let (a, head_a, _kept) = few(1);
    let (b, head_b, _) = few(1);
    let (_, head_c, _) = few(2);
    assert_eq!((a, head_a), (b, head_b));
    assert_ne!(head_a.hash, head_c.hash);
}

#[test]
fn the_planned_flow_is_met_when_it_is_conditioned_on_and_the_ledger_verifies() {
    let (loaded, plan) = jcog1017();
    let (summary, head, folder) = run(&loaded, &plan, Request { seed: 1, participants: None });
    assert_eq!(summary.registered["first_registration"], 570);
    assert_eq!(summary.registered["second_registration"], 407);
    assert!(summary.refused > 0 && summary.queries > 0, "{summary:?}");
    assert_eq!(summary.events, head.seq);
    let path = folder.path().join("a.db");
    let store = ledger::open(path.to_str().unwrap(), Mode::ReadOnly).unwrap();
    let seeds = simulation::seeds(&loaded.compiled.protocol, 1);
    let report = conduct::verify(store.as_ref(), "JCOG1017", Some(&seeds));
    assert!(report.holds(), "{:?}", &report.findings[..report.findings.len().min(5)]);
    assert_eq!(report.draws_checked, 407);
    eprintln!("{summary:?} {head:?}");
}

#[test]
fn whoever_comes_in_the_first_days_is_asked_for_consent_only_once_there_is_a_protocol() {
    let (loaded, mut plan) = jcog1017();
    plan.accrual.from = loaded.compiled.protocol.effective;
    plan.accrual.to = plan.accrual.from.saturating_add(jiff::Span::new().days(40));
    plan.accrual.ramp_days = 0.0;
    let (summary, _, _kept) = run(&loaded, &plan, Request { seed: 1, participants: Some(30) });
    assert_eq!(summary.registered["first_registration"], 30);
}

#[test]
fn a_plan_that_names_what_the_protocol_does_not_have_is_refused_before_anything_is_written() {
    let (loaded, mut plan) = jcog1017();
    let form = plan.forms.get("death").cloned().unwrap();
    plan.forms.insert("deaths".into(), form);
    let request = Request { seed: 1, participants: Some(3) };
    match simulate(Box::new(Memory::new()), &loaded, &plan, request, &mut |_, _| {}) {
        Err(SimulationError::Unknown { what: "form", name }) => assert_eq!(name, "deaths"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_misspelt_plan_is_refused_with_its_line() {
    let text = std::fs::read_to_string(study().join("simulation.yaml")).unwrap();
    let broken = text.replacen("ramp_days:", "ramp_day:", 1);
    let why = Plan::read(&broken).unwrap_err();
    let line = text.lines().position(|l| l.contains("ramp_days:")).unwrap() + 1;
    assert!(why.contains("ramp_day") && why.contains(&line.to_string()), "{why}");
}
