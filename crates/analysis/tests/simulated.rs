//! JCOG1017 with virtual participants: what must hold of every ledger, whatever happened in it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so")]

use analysis::{Contribution, Origin, Results, Row, Rows, Tracer, analyse};
use conduct::{Adopted, ParticipantId, Role, State, View, Viewer};
use jiff::civil::date;
use ledger::Mode;
use simulation::{Plan, Request, simulate};
use std::collections::BTreeSet;
use std::path::PathBuf;

fn ledger(seed: u64, participants: u32) -> (State, Adopted) {
    let study = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../studies/jcog1017");
    let loaded =
        protocol::load(&study).unwrap_or_else(|d| panic!("{}", protocol::render(&d, words::Lang::En, false)));
    let plan = Plan::load(&study).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let path = path.to_str().unwrap();
    let request = Request { seed, participants: Some(participants) };
    simulate(ledger::open(path, Mode::Create).unwrap(), &loaded, &plan, request, &mut |_, _| {}).unwrap();
    let store = ledger::open(path, Mode::ReadOnly).unwrap();
    conduct::load(store.as_ref(), "JCOG1017", u64::MAX).unwrap()
}

#[test]
fn a_value_that_is_worked_out_alone_is_the_one_that_reading_everything_gives() {
    let (state, adopted) = ledger(7, 60);
    for role in [Role::DataManager, Role::Monitor] {
        for cutoff in [None, Some(date(2011, 9, 1)), Some(date(2012, 6, 1)), Some(date(2016, 1, 1))] {
            let view = View::new(&adopted, &state, cutoff, &Viewer::new("dm", role)).unwrap();
            let compiled = view.protocol();
            let mut slots = (0..compiled.dictionary.len() as u32).map(rules::Slot);
            for p in view.participants() {
                let everything = p.environment();
                for (slot, alone) in slots.by_ref().map(|slot| (slot, p.afresh().value(slot))) {
                    let path = &compiled.dictionary.item(slot).unwrap().path;
                    assert_eq!(everything.get(slot), &alone, "{path} of {}", p.id());
                }
                for (fact, _) in &compiled.protocol.facts {
                    assert_eq!(p.fact(fact), p.afresh().fact(fact), "{fact} of {}", p.id());
                }
                let rules = compiled.sets.iter().chain(&compiled.visits);
                for (name, rule) in
                    rules.chain(compiled.analyses.iter().filter(|(_, r)| {
                        r.slots().iter().all(|s| (s.0 as usize) < compiled.dictionary.len())
                    }))
                {
                    assert_eq!(p.verdict(rule), p.afresh().verdict(rule), "{name} of {}", p.id());
                }
                slots = (0..compiled.dictionary.len() as u32).map(rules::Slot);
            }
        }
    }
}

#[test]
fn the_rows_of_the_curves_are_those_of_the_whole_analysis_without_its_subgroups() {
    let (state, adopted) = ledger(7, 60);
    for cutoff in [None, Some(date(2012, 6, 1))] {
        let view = View::new(&adopted, &state, cutoff, &Viewer::new("dm", Role::DataManager)).unwrap();
        for id in view.protocol().protocol.analyses.keys() {
            let mut whole = analysis::analyse_one(&view, id);
            let all = whole.len();
            let survival = matches!(view.protocol().protocol.analyses[id].what, protocol::What::Survival(_));
            whole.retain(|r| !(survival && r.method == "cox-subgroup"));
            assert_eq!(analysis::analyse_curves(&view, id), whole, "{id}");
            assert!(id != "os" || whole.len() < all);
        }
    }
}

/// Asserts that the boxes of the flow add up at every split.
fn adds_up(found: &Results) {
    let rows = found.of("flow");
    let n = |variable: &str, group: Option<&str>, level: &str| {
        rows.variable(variable).group(group).level(Some(level)).value("n").unwrap()
    };
    let parts = |variable: &str, group: Option<&str>, of: &str| -> f64 {
        let prefix = format!("{of}/");
        let mine = rows.variable(variable).group(group);
        let mine = mine.filter(|r| r.level.as_deref().is_some_and(|l| l.starts_with(&prefix)));
        mine.iter().filter_map(|r| r.value).sum()
    };
    let (first, second) = ("first_registration", "second_registration");
    assert_eq!(n("assessed", None, first), n("registered", None, first) + n("not_registered", None, first));
    assert_eq!(n("not_registered", None, first), parts("not_registered", None, first));
    assert_eq!(
        n("registered", None, first),
        n("registered", None, second) + n("not_continued", None, second)
    );
    assert_eq!(n("not_continued", None, second), parts("not_continued", None, second));
    let mut allocated = n("not_allocated", None, "surgery");
    for arm in [Some("A"), Some("B")] {
        let here = n("allocated", arm, "surgery");
        allocated += here;
        let [treated, not, open] =
            ["treated", "not_treated", "treatment_unknown"].map(|v| n(v, arm, "as_allocated"));
        assert_eq!(treated + not + open, here);
        assert_eq!(not, parts("not_treated", arm, "as_allocated"));
        assert_eq!(rows.variable("follow_up").group(arm).iter().filter_map(|r| r.value).sum::<f64>(), here);
        assert_eq!(n("analysed", arm, "randomised") + n("not_analysed", arm, "randomised"), here);
    }
    assert_eq!(allocated, n("registered", None, second));
}

#[test]
fn the_flow_adds_up_and_every_count_leads_home_in_any_simulated_ledger_at_any_cut_off() {
    for (seed, participants) in [(1, 60), (2, 25), (3, 1)] {
        let (state, adopted) = ledger(seed, participants);
        for cutoff in [None, Some(date(2012, 9, 30)), Some(date(2011, 5, 20))] {
            let view = View::new(&adopted, &state, cutoff, &Viewer::new("stat", Role::Statistician)).unwrap();
            let found = analyse(&view);
            adds_up(&found);
            let keys: BTreeSet<String> = found.rows.iter().map(Row::key).collect();
            assert_eq!(keys.len(), found.rows.len(), "two rows with one address");
            let tracer = Tracer::new(&view);
            for row in found.rows.iter().filter(|r| r.level.as_deref() != Some("curve")) {
                let trace = tracer.row(row);
                if trace.counts {
                    assert_eq!(Some(trace.parts.len() as f64), row.value, "{}", row.key());
                }
                assert!(row.value.is_some() || row.warning.is_some(), "{}", row.key());
            }
        }
    }
}

/// Nobody whose form gives a reason is counted as without one.
#[test]
fn who_has_no_reason_recorded_has_no_report_of_one() {
    let (state, adopted) = ledger(4, 60);
    let view = View::new(&adopted, &state, None, &Viewer::new("stat", Role::Statistician)).unwrap();
    let found = analyse(&view);
    let tracer = Tracer::of(&view, "flow");
    let level = |reason: &str| format!("second_registration/{reason}");
    let rows = found.of("flow").variable("not_continued");
    let reported =
        rows.filter(|r| r.level.as_deref().is_some_and(|l| l.contains("item:not_continued.reason=")));
    assert!(!reported.is_empty());
    let has_report = |id: ParticipantId| {
        let shown = view.participant(id).unwrap();
        let forms = shown.forms().iter();
        forms.filter(|(k, f)| k.form.as_str() == "not_continued" && f.value("reason").is_some()).count() > 0
    };
    for row in reported.iter() {
        for part in tracer.row(row).parts {
            assert!(has_report(part.id));
            let sources = tracer.sources(row, part.id);
            let reason = |o: &Origin| matches!(o, Origin::Value { form, item } if form.form.as_str() == "not_continued" && item == "reason");
            assert!(sources.iter().any(|s| reason(&s.origin)));
        }
    }
    for reason in ["window_passed", "window_open", "off_treatment"] {
        for row in rows.level(Some(&level(reason))).iter() {
            assert!(tracer.row(row).parts.iter().all(|p| !has_report(p.id)), "{}", row.key());
        }
    }
}

/// A value leads to the same rows that lead to it.
#[test]
fn from_a_value_to_its_rows_and_from_these_back_to_the_value() {
    let (state, adopted) = ledger(5, 40);
    let view = View::new(&adopted, &state, None, &Viewer::new("stat", Role::Statistician)).unwrap();
    let found = analyse(&view);
    let tracer = Tracer::new(&view);
    let skin: Rows<'_> = found.of("skin_ulcer").variable("skin_ulcer").stat("n");
    let row = skin.filter(|r| r.value.is_some_and(|v| v > 0.0)).first().unwrap();
    let part = tracer.row(row).parts[0].clone();
    assert_eq!(part.contribution, Contribution::Counted);
    let sources = tracer.sources(row, part.id);
    let ulcers =
        sources.iter().filter(|s| matches!(&s.origin, Origin::Value { item, .. } if item == "skin_ulcer"));
    let ulcer = ulcers.clone().find(|s| s.value == Some(rules::Value::Boolean(true))).unwrap();
    let Origin::Value { form, item } = &ulcer.origin else { panic!() };
    let forth = tracer.rows(&found, part.id, form, item);
    assert!(forth.iter().any(|r| r.key() == row.key()));
    let analyses: BTreeSet<&str> = forth.iter().map(|r| r.analysis.as_str()).collect();
    for id in ["skin_ulcer", "skin_ulcer_incidence", "skin_ulcer_sensitivity", "os_sensitivity"] {
        assert!(analyses.contains(id), "{id}: {analyses:?}");
    }
    for id in ["os", "accrual", "baseline", "ae_first_line"] {
        assert!(!analyses.contains(id), "{id}");
    }
    for back in forth.iter().step_by(17) {
        let again = tracer.sources(back, part.id);
        assert!(again.iter().any(|s| s.seq == ulcer.seq && s.origin == ulcer.origin), "{}", back.key());
    }
}

/// A trial of which the truth is known: what the primary analysis finds, as the logarithm of the hazard ratio with its
/// standard error. Deaths come early, so that a few hundred participants tell something.
fn found_effect(loaded: &protocol::Loaded, plan: &Plan, seed: u64) -> (f64, f64) {
    let mut plan = plan.clone();
    if let Some(death) = plan.latent.get_mut("death") {
        death.hazard.values_mut().flatten().for_each(|p| p.rate *= 5.0);
    }
    let request = Request { seed, participants: Some(90) };
    let (trial, _) = simulation::rehearse(loaded, &plan, request, &mut |_, _| {}).unwrap();
    let (adopted, state) = (trial.adopted(), trial.state());
    let view = View::new(&adopted, &state, None, &Viewer::new("stat", Role::Statistician)).unwrap();
    let rows = analysis::analyse_one(&view, "os");
    let cox = Rows::new(&rows).filter(|r| r.method == "cox" && r.level.as_deref() == Some("B/A"));
    let log = |stat: &str| cox.stat(stat).first().unwrap().value.unwrap().ln();
    // 90 % limits of the plan: 2 * 1.6448536 standard errors apart.
    (log("hazard_ratio"), (log("upper") - log("lower")) / (2.0 * 1.644_853_626_951_472_2))
}

#[test]
fn a_treatment_without_effect_shows_none_and_a_tenfold_effect_is_found() {
    let study = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../studies/jcog1017");
    let loaded =
        protocol::load(&study).unwrap_or_else(|d| panic!("{}", protocol::render(&d, words::Lang::En, false)));
    let tenfold = Plan::load(&study).unwrap().with_hazard_ratio("A", 0.1);
    // Out of the plan with an effect: what is left of it would be seen.
    let none = tenfold.with_hazard_ratio("A", 1.0);
    // Mean over seeds, weighted by precision, and its standard error.
    let pooled = |plan: &Plan| {
        let found: Vec<(f64, f64)> = (1..=4).map(|seed| found_effect(&loaded, plan, seed)).collect();
        let weight: f64 = found.iter().map(|(_, se)| se.powi(-2)).sum();
        (found.iter().map(|(b, se)| b * se.powi(-2)).sum::<f64>() / weight, weight.sqrt().recip())
    };
    let (b, se) = pooled(&none);
    assert!(se < 0.2 && b.abs() < 3.5 * se, "without effect: {} ± {se}", b.exp());
    let (b, se) = pooled(&tenfold);
    assert!((b - 0.1f64.ln()).abs() < 3.5 * se && b < -5.0 * se, "tenfold: {} ± {se}", b.exp());
}
