//! Data of a finished trial, taken over from a file: the law of it, and what verification says of arms that were not
//! drawn here.

use crate::harness::*;
use conduct::*;
use jiff::civil::date;
use ledger::{Blob, Hash};

const DRAWN: &str = "    method: minimisation
    ratio: { A: 1, B: 1 }
    follow: 0.8
    factors:
      - item: site
      - item: baseline.stage
      - item: enrolment.age
        levels:
          - { id: young, ja: 50歳未満, en: Under 50, rule: 'enrolment.age < 50' }
          - { id: old, ja: 50歳以上, en: 50 or older, rule: 'enrolment.age >= 50' }
";
const OUTSIDE: [(&str, &str); 2] =
    [(DRAWN, "    method: outside\n    ratio: { A: 1, B: 1 }\n"), ("    consent: consent\n", "")];

fn told(garden: &Garden) -> Result<Receipt, TrialError> {
    let map = Blob::new(b"study: GARDEN\n".to_vec());
    let command = Command::ImportData {
        name: "garden.csv".into(),
        file: Hash::of(b"id,arm\n1,A\n"),
        bytes: 11,
        rows: 1,
        map: map.hash(),
        source: words::Text::new("庭の記録", "The garden's records"),
        constructed: vec![],
    };
    garden.trial.execute_with(&command, &centre(date(2025, 1, 10)), vec![map])
}

fn person(garden: &Garden, key: &str) -> Result<Answer, TrialError> {
    let command = Command::ImportParticipant { site: "s1".into(), key: key.into() };
    garden.run(command, &centre(date(2025, 1, 10)))
}

fn registration(id: u32, step: &str, text: &str, arm: Option<&str>) -> Command {
    let on = if step == "enrol" { date(2024, 2, 1) } else { date(2024, 4, 1) };
    Command::ImportRegistration {
        participant: ParticipantId(id),
        step: step.into(),
        on,
        values: values(text),
        arm: arm.map(Into::into),
    }
}

const BASELINE: &str = "assessed_on=2024-04-01, stage=II, progressed=false";

fn imported() -> Garden {
    let garden = Garden::open_as(Nature::Completed, &OUTSIDE);
    told(&garden).unwrap();
    assert_eq!(person(&garden, "17").unwrap(), Answer::Participant(ParticipantId(1)));
    let answer = garden.run(registration(1, "enrol", ELIGIBLE, None), &centre(date(2025, 1, 10))).unwrap();
    assert_eq!(answer, Answer::Registered { number: 1, arm: None });
    garden
}

#[test]
fn an_arm_told_by_a_file_is_a_fact_with_its_source_and_verification_never_claims_to_have_drawn_it() {
    let garden = imported();
    let answer = garden.run(registration(1, "randomise", BASELINE, Some("B")), &centre(date(2025, 1, 10)));
    assert_eq!(answer.unwrap(), Answer::Registered { number: 1, arm: Some("B".into()) });
    let report = garden.verified();
    assert_eq!((report.arms_imported, report.draws_checked, report.draws_sealed), (1, 0, 0));
    let state = garden.trial.state();
    assert_eq!(state.imports[0].file, Hash::of(b"id,arm\n1,A\n"));
    let p = state.participant(ParticipantId(1)).unwrap();
    assert_eq!(p.imported.as_ref().map(|(_, key)| &**key), Some("17"));
    let given = p.allocations.get("treatment").unwrap();
    // The arm holds from the day of registration, not from the day on which the file was read.
    assert!(given.imported && given.on == date(2024, 4, 1));
    assert!(state.tables.is_empty(), "an arm told by a file is no draw and counts in no table");
}

#[test]
fn only_a_study_opened_as_completed_takes_data_over_and_only_through_the_data_centre() {
    for nature in [Nature::Real, Nature::Simulated] {
        let garden = Garden::open_as(nature, &OUTSIDE);
        let Err(TrialError::Refused(refusal)) = told(&garden) else { panic!("{nature:?}") };
        assert_eq!(refusal.reasons[0].code, "not_completed");
    }
    let garden = Garden::open_as(Nature::Completed, &OUTSIDE);
    let command = Command::ImportParticipant { site: "s1".into(), key: "1".into() };
    assert_eq!(garden.refused(command.clone(), &doctor("s1", date(2025, 1, 10))), ["not_permitted"]);
    // No participant without the file they come from.
    assert_eq!(garden.refused(command, &centre(date(2025, 1, 10))), ["no_import"]);
}

#[test]
fn an_allocation_decided_outside_draws_nobody_and_needs_an_arm_of_the_protocol() {
    let garden = imported();
    let centre = centre(date(2025, 1, 10));
    assert_eq!(garden.refused(registration(1, "randomise", BASELINE, None), &centre), ["allocation_outside"]);
    let unknown = registration(1, "randomise", BASELINE, Some("C"));
    assert_eq!(garden.refused(unknown, &centre), ["allocation_not_outside"]);
    let by_hand = register(ParticipantId(1), "randomise", date(2024, 4, 1), BASELINE);
    assert_eq!(garden.refused(by_hand, &centre), ["allocation_outside"]);
    let nowhere = registration(1, "enrol", ELIGIBLE, Some("A"));
    // Registered at that step already: an answer, and no arm comes of it.
    assert!(matches!(garden.run(nowhere, &centre).unwrap(), Answer::NotRegistered { .. }));
}

#[test]
fn a_file_does_not_tell_arms_of_an_allocation_that_is_drawn_here() {
    let garden = Garden::open_as(Nature::Completed, &[("    consent: consent\n", "")]);
    let centre = centre(date(2025, 1, 10));
    told(&garden).unwrap();
    person(&garden, "1").unwrap();
    garden.run(registration(1, "enrol", ELIGIBLE, None), &centre).unwrap();
    let arm = registration(1, "randomise", BASELINE, Some("A"));
    assert_eq!(garden.refused(arm, &centre), ["allocation_not_outside"]);
}

#[test]
fn nobody_is_taken_over_twice() {
    let garden = imported();
    let again = Command::ImportParticipant { site: "s1".into(), key: "17".into() };
    assert_eq!(garden.refused(again, &centre(date(2025, 1, 10))), ["imported_before"]);
    assert_eq!(person(&garden, "18").unwrap(), Answer::Participant(ParticipantId(2)));
}

#[test]
fn whoever_may_not_see_arms_does_not_see_the_entry_that_tells_one() {
    let garden = imported();
    let command = Command::GrantRole {
        person: "chair".into(),
        name: words::Text::same("chair"),
        role: Role::StudyChair,
        site: None,
    };
    garden.run(command, &centre(date(2025, 1, 10))).unwrap();
    garden.run(registration(1, "randomise", BASELINE, Some("B")), &centre(date(2025, 1, 10))).unwrap();
    let mut arms = Vec::new();
    let head = garden.trial.head().seq;
    let all = garden.trial.handle().with(move |store| {
        let mut all = Vec::new();
        entries(store, "GARDEN", 1..=head, &mut |entry, event| all.push((entry.clone(), event.cloned())))
            .unwrap();
        all
    });
    arms.extend(all.unwrap().into_iter().filter_map(|(entry, event)| Some((entry, event?))));
    let (entry, event) =
        arms.into_iter().find(|(_, e)| matches!(e, Event::AllocationImported { .. })).unwrap();
    let sees = |viewer: Viewer| garden.view(None, &viewer, |v| v.may_see_entry(&entry, &event));
    assert!(sees(data_manager()));
    assert!(!sees(Viewer::new("chair", Role::StudyChair)));
}
