//! Who passes a gate, and what is said to who does not.

use crate::harness::*;
use conduct::*;
use jiff::civil::date;

fn codes(answer: &Answer) -> (Outcome, Vec<&str>) {
    match answer {
        Answer::NotRegistered { outcome, reasons } => {
            (*outcome, reasons.iter().map(|r| r.code.as_str()).collect())
        }
        other => panic!("{other:?}"),
    }
}

/// The codes with which enrolment on 1 February fails, everything else being in order.
fn enrol(garden: &Garden, site: &str, text: &str) -> (Outcome, Vec<String>) {
    let on = date(2024, 2, 1);
    let id = garden.consent(site, on);
    let answer = garden.register(id, site, "enrol", on, text);
    let (outcome, found) = codes(&answer);
    (outcome, found.into_iter().map(str::to_owned).collect())
}

#[test]
fn a_criterion_that_fails_or_cannot_be_told_registers_nobody_and_the_attempt_is_kept() {
    let garden = Garden::open();
    let old = ELIGIBLE.replace("age=55", "age=81");
    assert_eq!(enrol(&garden, "s1", &old), (Outcome::Ineligible, vec![]));
    let unknown = ELIGIBLE.replace("ps=1", "ps=?");
    assert_eq!(enrol(&garden, "s1", &unknown), (Outcome::CannotTell, vec![]));
    let pregnant = ELIGIBLE.replace("pregnant=false", "pregnant=true");
    assert_eq!(enrol(&garden, "s1", &pregnant), (Outcome::Ineligible, vec![]));
    // An exclusion that was never answered excludes nobody, but nor does it let anybody in.
    let silent = ELIGIBLE.replace(", pregnant=false", "");
    assert_eq!(enrol(&garden, "s1", &silent), (Outcome::CannotTell, vec![]));
    garden.view(None, &data_manager(), |view| {
        let attempts = view.attempts();
        assert_eq!(attempts.len(), 4);
        assert_eq!(attempts[0].criteria[0].outcome, Outcome::Ineligible);
        assert_eq!(attempts[1].criteria[1].missing, ["enrolment.ps"]);
        assert_eq!(attempts[3].criteria[2].missing, ["enrolment.pregnant"]);
        assert!(view.participants().iter().all(|p| p.registration("enrol").is_none()));
    });
    assert!(garden.trial.state().numbers.is_empty());
    garden.verified();
}

#[test]
fn the_dry_look_says_what_registration_would_say_and_writes_nothing() {
    let garden = Garden::open();
    let on = date(2024, 2, 1);
    let id = garden.consent("s1", on);
    let (adopted, state) = (garden.trial.adopted(), garden.trial.state());
    let look =
        |text: &str| assess(&adopted, &state, id, "enrol", on, &values(text), &doctor("s1", on)).unwrap();
    let good = look(ELIGIBLE);
    assert!(good.passes() && good.criteria.len() == 3);
    let bad = look(&ELIGIBLE.replace("ps=1", "ps=3"));
    assert_eq!(bad.outcome, Outcome::Ineligible);
    assert_eq!(bad.criteria[1].0.outcome, Outcome::Ineligible);
    assert!(bad.criteria[1].1.text.en.contains('3'), "{}", bad.criteria[1].1.text.en);
    assert_eq!(garden.trial.state(), state);
    let wrong = assess(&adopted, &state, id, "enrol", on, &values("age=female"), &doctor("s1", on));
    assert_eq!(wrong.unwrap_err().reasons[0].code, "value_type");
    let other = assess(&adopted, &state, id, "enrol", on, &values(ELIGIBLE), &doctor("s2", on));
    assert_eq!(other.unwrap_err().reasons[0].code, "no_participant");
}

#[test]
fn nothing_is_registered_before_the_verdict_was_confirmed() {
    let garden = Garden::open();
    let on = date(2024, 2, 1);
    let id = garden.consent("s1", on);
    let command = Command::Register {
        participant: id,
        step: "enrol".into(),
        on,
        values: values(ELIGIBLE),
        confirmed: false,
    };
    assert_eq!(garden.refused(command, &doctor("s1", on)), ["not_confirmed"]);
}

#[test]
fn a_refusal_names_the_missing_paper() {
    let garden = Garden::open();
    let start = date(2024, 1, 10);
    garden
        .run(
            Command::JoinSite { site: "s3".into(), name: words::Text::same("s3"), country: "JP".into() },
            &centre(start),
        )
        .unwrap();
    let grant = |person: &str| Command::GrantRole {
        person: person.into(),
        name: words::Text::same(person),
        role: Role::Investigator,
        site: Some("s3".into()),
    };
    garden.run(grant("dr-s3"), &centre(start)).unwrap();
    let on = date(2024, 2, 1);
    let id = garden.consent("s3", on);
    let papers = |garden: &Garden| match garden.register(id, "s3", "enrol", on, ELIGIBLE) {
        Answer::NotRegistered { reasons, .. } => {
            reasons.into_iter().flat_map(|r| r.about).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(papers(&garden), ["ethics", "start_notice"]);
    garden.run(paper("s3", "start_notice", "1.0", start), &centre(on)).unwrap();
    assert_eq!(papers(&garden), ["ethics"]);
    // In effect from tomorrow, expired yesterday: neither lets anybody in today.
    let with = |from, until| Command::RecordApproval {
        site: "s3".into(),
        approval: "ethics".into(),
        version: "1.0".into(),
        decided_on: start,
        effective_from: from,
        expires_on: until,
        document: None,
        received_on: start,
    };
    garden.run(with(date(2024, 2, 2), None), &centre(on)).unwrap();
    assert_eq!(papers(&garden), ["ethics"]);
    garden.run(with(start, Some(date(2024, 1, 31))), &centre(on)).unwrap();
    assert_eq!(papers(&garden), ["ethics"]);
    garden.run(with(start, Some(on)), &centre(on)).unwrap();
    // Nothing was collected so far.
    assert!(garden.trial.state().participant(id).unwrap().forms.is_empty());
    assert!(matches!(garden.register(id, "s3", "enrol", on, ELIGIBLE), Answer::Registered { number: 1, .. }));
    garden.verified();
}

#[test]
fn a_site_without_papers_enters_nothing_and_one_whose_paper_expired_goes_on_following() {
    let garden = Garden::open();
    let start = date(2024, 1, 10);
    let join = Command::JoinSite { site: "s3".into(), name: words::Text::same("s3"), country: "JP".into() };
    garden.run(join, &centre(start)).unwrap();
    let grant = Command::GrantRole {
        person: "dr-s3".into(),
        name: words::Text::same("dr-s3"),
        role: Role::Investigator,
        site: Some("s3".into()),
    };
    garden.run(grant, &centre(start)).unwrap();
    let on = date(2024, 2, 1);
    let id = garden.consent("s3", on);
    let save = || Command::SaveForm {
        participant: id,
        form: FormKey::once("enrolment"),
        values: values("age=50"),
        complete: false,
    };
    assert_eq!(garden.refused(save(), &doctor("s3", on)), ["approval_missing"]);
    let short = Command::RecordApproval {
        site: "s3".into(),
        approval: "ethics".into(),
        version: "1.0".into(),
        decided_on: start,
        effective_from: start,
        expires_on: Some(date(2024, 2, 10)),
        document: None,
        received_on: start,
    };
    garden.run(short, &centre(on)).unwrap();
    garden.run(save(), &doctor("s3", date(2024, 3, 1))).unwrap();
    garden.verified();
}

#[test]
fn papers_with_dates_out_of_order_or_of_unknown_kinds_are_refused() {
    let garden = Garden::open();
    let on = date(2024, 2, 1);
    let with = |approval: &str, version: &str, days: [i8; 3]| Command::RecordApproval {
        site: "s1".into(),
        approval: approval.into(),
        version: version.into(),
        decided_on: date(2024, 1, days[0]),
        effective_from: date(2024, 1, days[1]),
        expires_on: Some(date(2024, 1, days[2])),
        document: None,
        received_on: date(2024, 1, 20),
    };
    let refused = |approval, version, days| garden.refused(with(approval, version, days), &centre(on));
    assert_eq!(refused("ethics", "1.0", [21, 22, 30]), ["approval_dates"]);
    assert_eq!(refused("ethics", "1.0", [12, 11, 30]), ["approval_dates"]);
    assert_eq!(refused("ethics", "1.0", [11, 12, 11]), ["approval_dates"]);
    assert_eq!(refused("magic", "1.0", [11, 12, 30]), ["no_approval_kind"]);
    assert_eq!(refused("ethics", "9", [11, 12, 30]), ["no_version"]);
    assert_eq!(garden.refused(paper("s1", "ethics", "1.0", date(2024, 2, 2)), &centre(on)), ["date_future"]);
    assert_eq!(garden.refused(paper("s9", "ethics", "1.0", date(2024, 1, 2)), &centre(on)), ["no_site"]);
}

#[test]
fn an_amendment_holds_at_a_site_from_the_day_of_its_own_approval() {
    let garden = Garden::open();
    let amended = loaded(&[
        ("version: '1.0'\n", "version: '2.0'\n"),
        ("effective: 2024-01-01", "effective: 2024-03-01"),
        ("ps <= 1", "ps <= 0"),
    ]);
    garden.trial.adopt(&amended, Seeds::default(), &centre(date(2024, 2, 1))).unwrap();
    let on = date(2024, 3, 5);
    garden.run(paper("s1", "ethics", "2.0", date(2024, 3, 4)), &centre(on)).unwrap();
    // PS 1 is no longer eligible at s1, still eligible at s2, which works by version 1.0.
    let text = ELIGIBLE;
    let one = garden.consent("s1", on);
    assert_eq!(codes(&garden.register(one, "s1", "enrol", on, text)).0, Outcome::Ineligible);
    let two = garden.consent("s2", on);
    assert!(matches!(garden.register(two, "s2", "enrol", on, text), Answer::Registered { number: 1, .. }));
    let state = garden.trial.state();
    let of = |id: ParticipantId| state.participant(id).unwrap().forms.values().next().unwrap().protocol;
    assert_ne!(of(one), of(two));
    garden.verified();
    let again = garden.trial.adopt(&amended, Seeds::default(), &centre(on));
    assert!(matches!(again, Err(TrialError::Refused(r)) if r.reasons[0].code == "version_adopted"));
}

#[test]
fn without_consent_in_the_version_of_its_day_nobody_is_registered() {
    let garden = Garden::open();
    let give = |version: &str, on, by: &str| Command::GiveConsent {
        site: "s1".into(),
        participant: None,
        document: "consent".into(),
        version: version.into(),
        on,
        explained_by: by.into(),
    };
    let today = date(2024, 8, 1);
    let who = doctor("s1", today);
    assert_eq!(garden.refused(give("1.0", today, "dr-s1"), &who), ["document_version"]);
    assert_eq!(garden.refused(give("2.0", date(2024, 8, 2), "dr-s1"), &who), ["date_future"]);
    assert_eq!(garden.refused(give("2.0", today, "stranger"), &who), ["no_person"]);
    assert_eq!(garden.refused(give("2.0", date(2023, 12, 31), "dr-s1"), &who), ["no_protocol"]);
    let Answer::Participant(id) = garden.run(give("2.0", today, "dr-s1"), &who).unwrap() else { panic!() };
    // Registration of the day before the consent, by the data centre after a failure of the line.
    let before = date(2024, 7, 31);
    let text = ELIGIBLE.replace("2024-02-01", "2024-07-30");
    let late = garden.run(register(id, "enrol", before, &text), &centre(today).because("回線障害")).unwrap();
    assert_eq!(codes(&late), (Outcome::CannotTell, vec!["consent_missing"]));
    assert_eq!(garden.refused(register(id, "enrol", before, ""), &who), ["day_past"]);
    assert_eq!(garden.refused(register(id, "enrol", before, ""), &centre(today)), ["reason_needed"]);
    assert_eq!(garden.refused(register(id, "enrol", date(2024, 8, 2), ""), &who), ["date_future"]);
    garden.verified();
}

#[test]
fn after_a_withdrawal_only_a_new_consent_lets_a_participant_pass_the_next_gate() {
    let garden = Garden::open();
    let id = garden.enrolled("s1");
    let (left, on) = (date(2024, 3, 1), date(2024, 4, 1));
    let withdraw = |on| Command::WithdrawConsent { participant: id, scope: WithdrawalScope::Treatment, on };
    assert_eq!(garden.refused(withdraw(date(2024, 1, 31)), &doctor("s1", left)), ["date_order"]);
    garden.run(withdraw(left), &doctor("s1", left)).unwrap();
    let baseline = "assessed_on=2024-04-01, stage=II, progressed=false";
    let answer = garden.register(id, "s1", "randomise", on, baseline);
    assert_eq!(codes(&answer), (Outcome::CannotTell, vec!["consent_withdrawn", "factor_missing"]));
    let again = Command::GiveConsent {
        site: "s1".into(),
        participant: Some(id),
        document: "consent".into(),
        version: "1.0".into(),
        on,
        explained_by: "dr-s1".into(),
    };
    assert_eq!(garden.run(again, &doctor("s1", on)).unwrap(), Answer::Participant(id));
    assert!(matches!(
        garden.register(id, "s1", "randomise", on, baseline),
        Answer::Registered { number: 1, .. }
    ));
    garden.verified();
}

#[test]
fn the_second_registration_needs_the_first_and_its_window() {
    let garden = Garden::open();
    let on = date(2024, 2, 1);
    let id = garden.consent("s1", on);
    let baseline = |day: &str| format!("assessed_on={day}, stage=II, progressed=false");
    let answer = garden.register(id, "s1", "randomise", on, &baseline("2024-02-01"));
    assert!(codes(&answer).1.contains(&"earlier_step_missing"), "{answer:?}");
    let window = |on: jiff::civil::Date| {
        let garden = Garden::open();
        let id = garden.enrolled("s1");
        garden.register(id, "s1", "randomise", on, &baseline(&on.to_string()))
    };
    // 1 to 6 months after 1 February, both ends included.
    assert_eq!(codes(&window(date(2024, 2, 29))).1, ["window"]);
    assert!(matches!(window(date(2024, 3, 1)), Answer::Registered { .. }));
    assert!(matches!(window(date(2024, 8, 1)), Answer::Registered { .. }));
    assert_eq!(codes(&window(date(2024, 8, 2))).1, ["window"]);
}

#[test]
fn accrual_can_be_held_and_goes_on_and_ends_at_the_cap() {
    let garden = Garden::open_as(Nature::Real, &[("cap: 300", "cap: 1")]);
    let hold = |step: &str| Command::HoldAccrual { step: step.into() };
    let on = date(2024, 2, 1);
    assert_eq!(garden.refused(hold("nowhere"), &centre(on)), ["no_step"]);
    garden.run(hold("enrol"), &centre(on)).unwrap();
    assert_eq!(garden.refused(hold("enrol"), &centre(on)), ["accrual_state"]);
    assert_eq!(enrol(&garden, "s1", ELIGIBLE), (Outcome::Eligible, vec!["accrual_held".into()]));
    garden.run(Command::ReleaseAccrual { step: "enrol".into() }, &centre(on)).unwrap();
    garden.randomised("s1");
    let id = garden.enrolled("s2");
    let answer = garden.register(
        id,
        "s2",
        "randomise",
        date(2024, 4, 1),
        "assessed_on=2024-04-01, stage=III, progressed=false",
    );
    assert_eq!(codes(&answer).1, ["cap_reached"]);
    garden.verified();
}

#[test]
fn nobody_is_registered_twice_and_a_cancelled_number_stays_used() {
    let garden = Garden::open();
    let id = garden.enrolled("s1");
    let on = date(2024, 2, 2);
    let answer = garden.register(id, "s1", "enrol", on, "");
    assert_eq!(codes(&answer).1, ["already_registered"]);
    let cancel = |step: &str| Command::CancelRegistration { participant: id, step: step.into() };
    assert_eq!(garden.refused(cancel("enrol"), &centre(on)), ["reason_needed"]);
    assert_eq!(garden.refused(cancel("randomise"), &centre(on).because("x")), ["not_registered"]);
    garden.run(cancel("enrol"), &centre(on).because("別の患者と取り違え")).unwrap();
    assert_eq!(garden.refused(cancel("enrol"), &centre(on).because("again")), ["not_registered"]);
    assert!(matches!(garden.register(id, "s1", "enrol", on, ""), Answer::Registered { number: 2, .. }));
    let (id, _) = garden.randomised("s1");
    let step = |step: &str| Command::CancelRegistration { participant: id, step: step.into() };
    let who = centre(date(2024, 4, 2)).because("誤登録");
    assert_eq!(garden.refused(step("enrol"), &who), ["later_step"]);
    garden.run(step("randomise"), &who).unwrap();
    // The arm was told: it is neither undone nor drawn again.
    let again = garden.register(id, "s1", "randomise", date(2024, 4, 3), "");
    assert_eq!(codes(&again).1, ["already_allocated"]);
    let state = garden.trial.state();
    assert_eq!(state.numbers["enrol"].len(), 3);
    assert_eq!((state.registered["enrol"], state.registered["randomise"]), (2, 0));
    garden.verified();
}

#[test]
fn nobody_is_registered_after_death() {
    let garden = Garden::open();
    let id = garden.enrolled("s1");
    garden.save(id, "s1", FormKey::once("death"), "died_on=2024-03-UK", date(2024, 4, 1)).unwrap();
    let answer = garden.register(
        id,
        "s1",
        "randomise",
        date(2024, 4, 1),
        "assessed_on=2024-04-01, stage=II, progressed=false",
    );
    assert_eq!(codes(&answer).1, ["ended"]);
    garden.verified();
}

#[test]
fn later_findings_and_the_end_of_treatment_are_recorded_once_and_in_order() {
    let garden = Garden::open();
    let id = garden.enrolled("s1");
    let on = date(2024, 3, 1);
    let find = |step: &str, criterion: &str| Command::FindIneligible {
        participant: id,
        step: step.into(),
        criterion: criterion.into(),
    };
    assert_eq!(garden.refused(find("enrol", "I9"), &centre(on)), ["no_criterion"]);
    assert_eq!(garden.refused(find("randomise", "J1"), &centre(on)), ["not_registered"]);
    garden.run(find("enrol", "I2"), &centre(on)).unwrap();
    assert_eq!(garden.refused(find("enrol", "I2"), &centre(on)), ["known"]);
    let off = |day| Command::GoOffTreatment { participant: id, on: day, why: "増悪".into() };
    assert_eq!(garden.refused(off(date(2024, 1, 31)), &doctor("s1", on)), ["date_order"]);
    assert_eq!(garden.refused(off(date(2024, 3, 2)), &doctor("s1", on)), ["date_future"]);
    garden.run(off(on), &doctor("s1", on)).unwrap();
    assert_eq!(garden.refused(off(date(2024, 2, 28)), &doctor("s1", on)), ["reason_needed"]);
    garden.run(off(date(2024, 2, 28)), &doctor("s1", on).because("日付の訂正")).unwrap();
    garden.view(None, &data_manager(), |view| {
        let p = view.participant(id).unwrap();
        assert_eq!(p.off_treatment(), Some((date(2024, 2, 28), "増悪")));
        assert_eq!(p.ineligible().len(), 1);
    });
    garden.verified();
}
