//! Views at (P, D): cut-off, partial dates, facts, expectations.

use crate::harness::*;
use conduct::*;
use jiff::civil::{Date, date};

fn statuses(
    garden: &Garden,
    id: ParticipantId,
    cutoff: Option<Date>,
    today: Date,
) -> Vec<(u32, Expectation)> {
    garden.view(cutoff, &data_manager(), |view| {
        let mine = view
            .expected(today)
            .into_iter()
            .filter(|e| e.participant == id && e.visit.as_str() == "follow_up");
        mine.map(|e| (e.form.number, e.status)).collect()
    })
}

#[test]
fn a_visit_that_nobody_opened_is_overdue() {
    let garden = Garden::open();
    // Randomised on 1 April: due 1 July, 1 October, ...; windows of 14 days.
    let (id, _) = garden.randomised("s1");
    let at = |today| statuses(&garden, id, None, today);
    assert_eq!(at(date(2024, 6, 16)), [(1, Expectation::NotYetDue)]);
    assert_eq!(at(date(2024, 6, 17)), [(1, Expectation::Due), (2, Expectation::NotYetDue)]);
    assert_eq!(at(date(2024, 7, 15)), [(1, Expectation::Due), (2, Expectation::NotYetDue)]);
    assert_eq!(at(date(2024, 7, 16)), [(1, Expectation::Overdue { days: 1 }), (2, Expectation::NotYetDue)]);
    assert_eq!(
        at(date(2024, 10, 16))[..2],
        [(1, Expectation::Overdue { days: 93 }), (2, Expectation::Overdue { days: 1 })]
    );
    // The second is done before the first; the first is declared not applicable.
    let on = date(2024, 10, 20);
    garden
        .save(id, "s1", visit("follow_up", "follow_up", 2), "seen_on=2024-10-02, relapse=false", on)
        .unwrap();
    let declare = Command::DeclareNotApplicable { participant: id, form: visit("follow_up", "follow_up", 1) };
    garden.run(declare, &doctor("s1", on).because("受診せず")).unwrap();
    let done = Expectation::Done { on: Some(date(2024, 10, 2)), in_window: Some(true) };
    assert_eq!(at(on)[..2], [(1, Expectation::NotApplicable), (2, done.clone())]);
    // Entered late: on the day itself it was overdue, dated up to that day it is done.
    assert_eq!(statuses(&garden, id, Some(date(2024, 10, 5)), on)[1], (2, done));
    // Visits end 24 months after the anchor.
    assert_eq!(at(date(2027, 1, 1)).len(), 8);
}

#[test]
fn what_was_known_at_a_position_stays_what_it_was() {
    let garden = Garden::open();
    let (id, _) = garden.randomised("s1");
    let then = garden.trial.head().seq;
    garden
        .save(
            id,
            "s1",
            visit("follow_up", "follow_up", 1),
            "seen_on=2024-07-01, relapse=false",
            date(2024, 8, 1),
        )
        .unwrap();
    let (adopted, state) = (garden.trial.adopted(), garden.trial.as_of(then).unwrap());
    let view = View::new(&adopted, &state, Some(date(2024, 7, 20)), &data_manager()).unwrap();
    let status = |view: &View<'_>| view.expected(date(2030, 1, 1))[0].status.clone();
    assert_eq!(status(&view), Expectation::Overdue { days: 5 });
    assert_eq!(view.head().seq, then);
    garden.view(Some(date(2024, 7, 20)), &data_manager(), |view| {
        assert!(matches!(status(view), Expectation::Done { .. }));
    });
}

#[test]
fn nothing_is_expected_after_death_or_withdrawal_from_follow_up_but_what_was_missed_before_stays_missed() {
    let garden = Garden::open();
    let (id, _) = garden.randomised("s1");
    let on = date(2025, 2, 1);
    garden.save(id, "s1", FormKey::once("death"), "died_on=2024-10-05", on).unwrap();
    let expected = [(1, Expectation::Overdue { days: 201 }), (2, Expectation::Ended)];
    assert_eq!(statuses(&garden, id, None, on), expected);
    // Before the death is dated, it has not happened.
    assert_eq!(statuses(&garden, id, Some(date(2024, 10, 4)), on)[1], (2, Expectation::Due));
    let (id, _) = garden.randomised("s1");
    let withdraw =
        Command::WithdrawConsent { participant: id, scope: WithdrawalScope::FollowUp, on: date(2024, 6, 1) };
    garden.run(withdraw, &doctor("s1", on)).unwrap();
    assert_eq!(statuses(&garden, id, None, on), []);
    let later =
        garden.save(id, "s1", visit("follow_up", "follow_up", 1), "seen_on=2024-07-01, relapse=false", on);
    assert!(matches!(later, Err(TrialError::Refused(r)) if r.reasons[0].code == "after_withdrawal"));
    garden
        .save(id, "s1", visit("follow_up", "follow_up", 1), "seen_on=2024-05-31, relapse=false", on)
        .unwrap();
    let (id, _) = garden.randomised("s1");
    let treatment =
        Command::WithdrawConsent { participant: id, scope: WithdrawalScope::Treatment, on: date(2024, 6, 1) };
    garden.run(treatment, &doctor("s1", on)).unwrap();
    assert_eq!(statuses(&garden, id, None, on).len(), 4);
    garden.verified();
}

#[test]
fn data_that_may_not_be_used_are_seen_by_nobody() {
    let garden = Garden::open();
    let (id, arm) = garden.randomised("s1");
    let on = date(2024, 6, 1);
    let withdraw = Command::WithdrawConsent { participant: id, scope: WithdrawalScope::DataAndSpecimens, on };
    garden.run(withdraw, &doctor("s1", on)).unwrap();
    garden.view(None, &data_manager(), |view| {
        let p = view.participant(id).unwrap();
        assert!(p.data_withdrawn() && p.forms().is_empty() && p.records("baseline").is_empty());
        assert_eq!((p.arm("treatment"), p.fact("alive")), (Some(&arm), FactFound::Absent));
        let slot = view.protocol().dictionary.slot("enrolment.age").unwrap();
        assert!(p.environment().get(slot).missing().is_some());
    });
    // Before the withdrawal they were.
    garden.view(Some(date(2024, 5, 31)), &data_manager(), |view| {
        assert_eq!(view.participant(id).unwrap().forms().len(), 2);
    });
}

#[test]
fn a_partial_date_that_straddles_the_cut_off_is_listed_and_its_fact_unknown() {
    let garden = Garden::open();
    let (id, _) = garden.randomised("s1");
    let on = date(2025, 2, 1);
    garden.save(id, "s1", FormKey::once("death"), "died_on=2024-10-UK", on).unwrap();
    let at = |cutoff: Date| {
        garden.view(Some(cutoff), &data_manager(), |view| {
            let p = view.participant(id).unwrap();
            (p.fact("death"), p.straddling().iter().map(|k| (*k).clone()).collect::<Vec<_>>())
        })
    };
    assert_eq!(at(date(2024, 9, 30)), (FactFound::Absent, vec![]));
    let unknown = FactFound::Unknown(vec!["death.died_on".into()]);
    assert_eq!(at(date(2024, 10, 1)), (unknown.clone(), vec![FormKey::once("death")]));
    assert_eq!(at(date(2024, 10, 30)), (unknown, vec![FormKey::once("death")]));
    assert_eq!(at(date(2024, 10, 31)), (FactFound::Within("2024-10-UK".parse().unwrap()), vec![]));
}

#[test]
fn facts_are_found_in_the_records_that_tell_of_them() {
    let garden = Garden::open();
    let (id, _) = garden.randomised("s1");
    let fact = |cutoff: Option<Date>, name: &str| {
        garden.view(cutoff, &data_manager(), |v| v.participant(id).unwrap().fact(name))
    };
    let on = date(2025, 3, 1);
    let follow = |number, text: &str| {
        drop(garden.save(id, "s1", visit("follow_up", "follow_up", number), text, on).unwrap())
    };
    assert_eq!(fact(None, "alive"), FactFound::On(date(2024, 4, 1)));
    follow(1, "seen_on=2024-07-01, relapse=false");
    assert_eq!(fact(None, "relapse"), FactFound::Absent);
    follow(2, "seen_on=2024-10-01, relapse=?");
    assert_eq!(fact(None, "relapse"), FactFound::Unknown(vec!["follow_up.relapse".into()]));
    follow(3, "seen_on=2025-01-01, relapse=true, relapsed_on=2024-12-20");
    assert_eq!(fact(None, "relapse"), FactFound::On(date(2024, 12, 20)));
    assert_eq!(fact(None, "alive"), FactFound::On(date(2025, 1, 1)));
    // The form that tells of it is dated after the cut-off, whatever day it tells.
    assert!(matches!(fact(Some(date(2024, 12, 31)), "relapse"), FactFound::Unknown(_)));
    assert_eq!(fact(Some(date(2024, 12, 31)), "alive"), FactFound::On(date(2024, 10, 1)));
    assert_eq!(fact(Some(date(2024, 7, 31)), "relapse"), FactFound::Absent);
    follow(4, "seen_on=2025-02-UK, relapse=true, relapsed_on=2024-12-UK");
    assert_eq!(fact(None, "relapse"), FactFound::Within("2024-12-UK".parse().unwrap()));
    assert_eq!(fact(None, "alive"), FactFound::Within("2025-02-UK".parse().unwrap()));
}

#[test]
fn a_cut_off_hides_what_is_dated_after_it() {
    let garden = Garden::open();
    let (id, arm) = garden.randomised("s1");
    let late = garden.consent("s2", date(2024, 6, 1));
    let at = |cutoff| {
        garden.view(Some(cutoff), &data_manager(), |view| {
            let p = view.participant(id);
            let steps = p.map(|p| {
                (
                    p.registration("enrol").is_some(),
                    p.registration("randomise").is_some(),
                    p.arm("treatment").cloned(),
                    p.forms().len(),
                )
            });
            (steps, view.participant(late).is_some(), view.sites().len())
        })
    };
    assert_eq!(at(date(2024, 1, 9)), (None, false, 0));
    assert_eq!(at(date(2024, 1, 31)), (None, false, 2));
    assert_eq!(at(date(2024, 2, 1)), (Some((true, false, None, 1)), false, 2));
    assert_eq!(at(date(2024, 3, 31)), (Some((true, false, None, 1)), false, 2));
    assert_eq!(at(date(2024, 4, 1)), (Some((true, true, Some(arm.clone()), 2)), false, 2));
    assert_eq!(at(date(2024, 6, 1)), (Some((true, true, Some(arm), 2)), true, 2));
}

#[test]
fn derived_items_are_computed_in_the_view_and_stored_nowhere() {
    let garden = Garden::open();
    let id = garden.enrolled("s1");
    garden.view(None, &data_manager(), |view| {
        let p = view.participant(id).unwrap();
        let slot = |path: &str| view.protocol().dictionary.slot(path).unwrap();
        assert_eq!(p.environment().get(slot("enrolment.double_age")), &rules::Value::Integer(110));
        assert!(!p.filled(&FormKey::once("enrolment")).unwrap().values.contains_key("double_age"));
        assert_eq!(
            p.environment().get(slot("registered.enrol")),
            &rules::Value::Date(date(2024, 2, 1).into())
        );
    });
}

#[test]
fn records_of_a_group_follow_their_column_names_into_another_version() {
    let garden = Garden::open();
    let on = date(2024, 2, 1);
    let id = garden.consent("s1", on);
    let record: Vec<rules::Value> =
        vec![rules::Value::text("x"), rules::Value::Date("2023-UK-UK".parse().unwrap())];
    let list = rules::Value::List(rules::List { complete: true, records: vec![record.into()] });
    let command = Command::SaveForm {
        participant: id,
        form: FormKey::once("enrolment"),
        values: [("prior".into(), list)].into(),
        complete: false,
    };
    garden.run(command, &doctor("s1", on)).unwrap();
    // The columns change places, and one is new.
    let drug = "          - { id: drug, ja: 薬剤, en: Drug, type: text }\n";
    let from = "          - { id: from, ja: 開始日, en: Start, type: date, partial: true }\n";
    let new = "          - { id: dose, ja: 用量, en: Dose, type: integer }\n";
    let turned = format!("{from}{new}{drug}");
    let amended = loaded(&[
        ("version: '1.0'\n", "version: '2.0'\n"),
        (&format!("{drug}{from}"), &turned),
        ("en: Note, type: text", "en: Note, type: integer"),
    ]);
    garden.trial.adopt(&amended, Seeds::default(), &centre(date(2024, 2, 2))).unwrap();
    garden.view(None, &data_manager(), |view| {
        let p = view.participant(id).unwrap();
        let slot = view.protocol().dictionary.slot("enrolment.prior").unwrap();
        let rules::Value::List(list) = p.environment().get(slot) else { panic!() };
        assert_eq!(list.records[0][2], rules::Value::text("x"));
        assert!(list.records[0][1].missing().is_some());
        assert!(p.misfits().is_empty());
    });
}
