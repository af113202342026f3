//! The thin whole path: open, join, approve, consent, register twice, enter, look, verify.

use crate::harness::*;
use conduct::*;
use jiff::civil::date;
use std::collections::BTreeSet;

#[test]
fn a_participant_goes_from_consent_to_an_arm_and_a_follow_up_and_the_ledger_verifies() {
    let garden = Garden::open();
    let (id, arm) = garden.randomised("s1");
    let seen = date(2024, 7, 2);
    let answer =
        garden.save(id, "s1", visit("follow_up", "follow_up", 1), "seen_on=2024-07-01, relapse=false", seen);
    assert_eq!(answer.unwrap(), Answer::Done);
    garden.view(None, &data_manager(), |view| {
        let p = view.participant(id).unwrap();
        assert_eq!(p.registration("enrol").unwrap().number, 1);
        assert_eq!(p.registration("randomise").unwrap().number, 1);
        assert_eq!(p.arm("treatment"), Some(&arm));
        assert_eq!(p.fact("alive"), FactFound::On(date(2024, 7, 1)));
        assert_eq!(p.fact("death"), FactFound::Absent);
        assert_eq!(p.records("follow_up").len(), 1);
        assert!(p.misfits().is_empty());
    });
    let report = garden.verified();
    assert_eq!(report.entries, garden.trial.head().seq);
    assert_eq!(report.re_decided, report.entries);
    assert_eq!((report.draws_checked, report.draws_sealed, report.cannot_recheck), (1, 0, 0));
}

#[test]
fn a_study_opened_again_from_its_ledger_has_the_same_state_and_goes_on() {
    let writer = ledger::actor::Writer::start(Box::new(ledger::Memory::new())).unwrap();
    let start = centre(date(2024, 1, 10));
    let trial = Trial::create_with(writer.handle(), &loaded(&[]), Nature::Real, seeds(), &start).unwrap();
    let garden = Garden { trial };
    garden.site("s1");
    garden.randomised("s1");
    let again = Trial::open_with(writer.handle(), "GARDEN", seeds()).unwrap();
    assert_eq!(again.state(), garden.trial.state());
    let garden = Garden { trial: again };
    garden.randomised("s1");
    garden.verified();
    let exists = Trial::create_with(writer.handle(), &loaded(&[]), Nature::Real, seeds(), &start);
    assert!(matches!(exists.map(|_| ()), Err(TrialError::Exists(_))));
    let none = Trial::open_with(writer.handle(), "NOBODY", seeds());
    assert!(matches!(none.map(|_| ()), Err(TrialError::NoStudy(_))));
}

#[test]
fn every_kind_of_event_is_written_and_read_back_as_it_was() {
    let garden = Garden::open();
    let (id, _) = garden.randomised("s1");
    garden.save(id, "s1", FormKey::once("death"), "died_on=2024-09-UK", date(2024, 10, 1)).unwrap();
    let kinds: BTreeSet<String> = garden
        .trial
        .handle()
        .with(|store| {
            let mut kinds = BTreeSet::new();
            entries(store, "GARDEN", 0..=u64::MAX, &mut |entry, event| {
                let (kind, version, payload) = write(event.unwrap()).unwrap();
                assert_eq!(
                    (kind, version, Some(payload)),
                    (entry.kind.as_str(), entry.kind_version, entry.payload.clone())
                );
                kinds.insert(entry.kind.clone());
            })
            .unwrap();
            kinds
        })
        .unwrap();
    assert!(kinds.contains("allocated") && kinds.contains("form_saved") && kinds.len() >= 9, "{kinds:?}");
}
