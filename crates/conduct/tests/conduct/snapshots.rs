//! A snapshot is the state as bytes: it gives the same state back, or it is passed over.

use crate::harness::*;
use conduct::*;
use jiff::civil::date;
use ledger::{Draft, Erase};

/// A study with every kind of thing in its state.
fn lived() -> Garden {
    let garden = Garden::open();
    let on = date(2024, 7, 2);
    let (id, _) = garden.randomised("s1");
    garden.randomised("s2");
    garden.save(id, "s1", visit("follow_up", "follow_up", 1), "seen_on=2024-05-UK, weight=61.5", on).ok();
    garden.save(id, "s1", FormKey::once("adverse_event"), "onset=2024-05-01, grade=2", on).unwrap();
    let late = garden.consent("s1", on);
    let refused = "seen_on=2024-07-02, age=12, ps=?, sex=male, pregnant=-, creatinine=0.8";
    assert!(matches!(garden.register(late, "s1", "enrol", on, refused), Answer::NotRegistered { .. }));
    let raise = Command::RaiseQuery {
        participant: id,
        form: FormKey::once("adverse_event"),
        item: "grade".into(),
        text: words::Text::same("本当ですか"),
    };
    garden.run(raise, &centre(on)).unwrap();
    let answer = Command::AnswerQuery { query: QueryId(1), text: "はい".into() };
    garden.run(answer, &doctor("s1", on)).unwrap();
    garden.run(Command::HoldAccrual { step: "enrol".into() }, &centre(on)).unwrap();
    garden
        .run(Command::GoOffTreatment { participant: id, on, why: "毒性".into() }, &doctor("s1", on))
        .unwrap();
    let look = Command::HoldLook { cutoff: on, opened: "primary".into(), for_whom: "dsmc".into() };
    garden.run(look, &centre(on)).unwrap();
    garden
}

#[test]
fn a_snapshot_gives_the_very_state_that_the_ledger_gives() {
    let garden = lived();
    let state = garden.trial.state();
    let bytes = snapshot::pack(&state);
    let back = snapshot::unpack(&bytes, "GARDEN").unwrap();
    assert_eq!(back, *state);
    assert_eq!(snapshot::pack(&back), bytes, "same state, same bytes");
    assert_eq!(snapshot::unpack(&bytes, "MEADOW"), None, "of another study");
    // Opened from an earlier snapshot, the study is what it is when all of it is folded, and goes on.
    let early = snapshot::pack(&garden.trial.as_of(state.head.seq / 2).unwrap());
    let kept = snapshot::unpack(&early, "GARDEN");
    assert!(kept.is_some());
    let again =
        Garden { trial: Trial::resume(garden.trial.handle().clone(), "GARDEN", seeds(), kept).unwrap() };
    assert_eq!(again.trial.state(), state);
    again.run(Command::ReleaseAccrual { step: "enrol".into() }, &centre(date(2024, 7, 3))).unwrap();
    again.verified();
}

#[test]
fn a_snapshot_that_was_cut_or_altered_anywhere_is_passed_over() {
    let garden = lived();
    let bytes = snapshot::pack(&garden.trial.state());
    for at in 0..bytes.len() {
        let mut spoilt = bytes.clone();
        spoilt[at] ^= 1 << (at % 8);
        assert_eq!(snapshot::unpack(&spoilt, "GARDEN"), None, "byte {at}");
    }
    for length in (0..bytes.len()).step_by(7) {
        assert_eq!(snapshot::unpack(&bytes[..length], "GARDEN"), None);
    }
    assert_eq!(snapshot::unpack(&[bytes, vec![0]].concat(), "GARDEN"), None);
}

#[test]
fn a_snapshot_of_another_past_is_not_built_upon() {
    let (one, other) = (lived(), lived());
    let on = date(2024, 7, 3);
    one.consent("s1", on);
    other.consent("s2", on);
    let kept = snapshot::unpack(&snapshot::pack(&other.trial.state()), "GARDEN").unwrap();
    assert_ne!(kept, *one.trial.state());
    assert_eq!(kept.head.seq, one.trial.head().seq);
    let opened = Trial::resume(one.trial.handle().clone(), "GARDEN", seeds(), Some(kept)).unwrap();
    assert_eq!(opened.state(), one.trial.state());
    // Nor one that is ahead of the ledger.
    one.consent("s1", on);
    let ahead = (*one.trial.state()).clone();
    let opened = Trial::resume(other.trial.handle().clone(), "GARDEN", seeds(), Some(ahead)).unwrap();
    assert_eq!(opened.state(), other.trial.state());
}

#[test]
fn what_was_erased_after_a_snapshot_does_not_come_back_from_it() {
    let garden = lived();
    let kept = (*garden.trial.state()).clone();
    let seq = kept.participant(ParticipantId(1)).unwrap().forms[&FormKey::once("adverse_event")].seq - 1;
    let state = garden.trial.handle().with(move |store| {
        let by = Draft {
            at: noon(date(2024, 7, 3)),
            actor: "dm".into(),
            role: "data_manager".into(),
            reason: Some("氏名".into()),
            ..Draft::default()
        };
        let head = store.head("GARDEN").unwrap().seq;
        store.redact("GARDEN", head, &Erase { seqs: vec![seq], attachments: vec![] }, by).unwrap();
        load(store, "GARDEN", u64::MAX).unwrap().0
    });
    let opened = Trial::resume(garden.trial.handle().clone(), "GARDEN", seeds(), Some(kept)).unwrap();
    assert_eq!(*opened.state(), state.unwrap());
    assert!(opened.state().erased.contains(&seq));
}

#[test]
fn every_earlier_position_is_the_fold_of_its_prefix_whichever_was_asked_for_before() {
    let garden = lived();
    let head = garden.trial.head().seq;
    let fresh: Vec<State> = (1..=head)
        .map(|seq| garden.trial.handle().with(move |s| load(s, "GARDEN", seq).unwrap().0).unwrap())
        .collect();
    let asked = |trial: &Trial| {
        for seq in (1..=head).rev().chain(1..=head) {
            assert_eq!(trial.as_of(seq).unwrap(), fresh[seq as usize - 1], "{seq}");
        }
    };
    let open = |kept| Trial::resume(garden.trial.handle().clone(), "GARDEN", seeds(), kept).unwrap();
    asked(&garden.trial);
    // From states on the way: so few entries apart that all are kept, and that most must be given up again.
    asked(&open(None).remembering_every(5));
    asked(&open(None).remembering_every(1));
    let recalled = open(Some((*garden.trial.state()).clone())).remembering_every(1);
    assert!(recalled.recall().unwrap());
    asked(&recalled);
}

#[test]
fn a_snapshot_that_was_forged_is_replaced_by_what_the_ledger_gives() {
    let garden = lived();
    let mut forged = (*garden.trial.state()).clone();
    forged.held.clear();
    let kept = snapshot::unpack(&snapshot::pack(&forged), "GARDEN");
    let trial = Trial::resume(garden.trial.handle().clone(), "GARDEN", seeds(), kept).unwrap();
    assert_ne!(trial.state(), garden.trial.state(), "a snapshot is believed at first");
    assert!(!trial.recall().unwrap(), "and found out");
    assert_eq!(trial.state(), garden.trial.state());
    assert!(trial.recall().unwrap());
}

#[test]
fn a_question_about_the_past_holds_up_no_command() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("garden.db").display().to_string();
    let file = |mode| Box::new(ledger::Sqlite::open(&place, mode).unwrap());
    let reader = {
        let garden = Garden::within(file(ledger::Mode::Create));
        garden.enrolled("s1");
        ledger::actor::Writer::start(file(ledger::Mode::ReadOnly)).unwrap()
    };
    let trial = Trial::open(file(ledger::Mode::Existing), "GARDEN", seeds()).unwrap();
    let garden = Garden { trial: trial.reading_by(reader.handle()) };
    // The reader is kept busy, as by a verification of a long ledger.
    let (release, wait) = std::sync::mpsc::channel::<()>();
    let busy = reader.handle();
    let busy = std::thread::spawn(move || busy.with(move |_| wait.recv()));
    let id = garden.enrolled("s1");
    let head = garden.trial.head().seq;
    release.send(()).unwrap();
    busy.join().unwrap().unwrap().unwrap();
    // What was answered is there for the reader, too.
    assert_eq!(garden.trial.as_of(head).unwrap(), *garden.trial.state());
    assert!(garden.trial.as_of(head).unwrap().participant(id).is_some());
    garden.verified();
}
