//! Who may do and see what.

use crate::harness::*;
use conduct::*;
use jiff::civil::date;

#[test]
fn the_authorisation_table_is_reviewed_as_text() {
    insta::assert_snapshot!(matrix());
}

#[test]
fn the_book_shows_the_tables_that_the_engine_enforces() {
    let book = include_str!("../../../../docs/conduct.md");
    assert!(book.contains(&matrix()), "docs/conduct.md: the authorisation table");
    for (name, diagram) in machine::diagrams() {
        assert!(book.contains(&diagram), "docs/conduct.md: the states of a {name}:\n{diagram}");
    }
}

#[test]
fn the_table_has_a_row_for_each_action_that_an_event_takes_and_no_row_twice() {
    let mut seen = std::collections::BTreeSet::new();
    for (action, _) in RIGHTS {
        assert!(seen.insert(*action), "{action:?} twice");
    }
    assert!(Role::ALL.iter().all(|r| Role::from_name(r.name()) == Some(*r)));
}

#[test]
fn a_site_acts_for_its_own_participants_only_and_cannot_tell_others_from_none() {
    let garden = Garden::open();
    let id = garden.enrolled("s1");
    let on = date(2024, 3, 1);
    let off = |participant| Command::GoOffTreatment { participant, on, why: "x".into() };
    assert_eq!(garden.refused(off(id), &doctor("s2", on)), ["no_participant"]);
    assert_eq!(garden.refused(off(ParticipantId(99)), &doctor("s2", on)), ["no_participant"]);
    // Somebody who says that they act for another site.
    let mut liar = doctor("s2", on);
    liar.site = Some("s1".into());
    assert_eq!(garden.refused(off(id), &liar), ["role_not_held"]);
    let mut nowhere = doctor("s1", on);
    nowhere.site = None;
    assert_eq!(garden.refused(off(id), &nowhere), ["not_permitted"]);
    let consent = Command::GiveConsent {
        site: "s2".into(),
        participant: None,
        document: "consent".into(),
        version: "1.0".into(),
        on,
        explained_by: "dr-s1".into(),
    };
    assert_eq!(garden.refused(consent, &doctor("s1", on)), ["not_permitted"]);
}

#[test]
fn a_role_that_was_taken_away_is_refused_at_the_next_command() {
    let garden = Garden::open();
    let on = date(2024, 2, 1);
    garden.consent("s1", on);
    let revoke =
        Command::RevokeRole { person: "dr-s1".into(), role: Role::Investigator, site: Some("s1".into()) };
    garden.run(revoke.clone(), &centre(on)).unwrap();
    assert_eq!(garden.refused(revoke, &centre(on)), ["role_not_held"]);
    let off = Command::GoOffTreatment { participant: ParticipantId(1), on, why: "x".into() };
    assert_eq!(garden.refused(off, &doctor("s1", on)), ["role_not_held"]);
    let last = Command::RevokeRole { person: "dm".into(), role: Role::DataManager, site: None };
    assert_eq!(garden.refused(last, &centre(on)), ["last_data_manager"]);
    let stranger = Context::new(noon(on), "stranger", Role::DataManager, [0; 32]);
    assert_eq!(garden.refused(Command::HoldAccrual { step: "enrol".into() }, &stranger), ["role_not_held"]);
    let system = Context::new(noon(on), "dm", Role::System, [0; 32]);
    assert_eq!(garden.refused(Command::HoldAccrual { step: "enrol".into() }, &system), ["not_permitted"]);
    garden.verified();
}

#[test]
fn roles_of_a_site_need_a_site_and_others_take_none() {
    let garden = Garden::open();
    let on = date(2024, 2, 1);
    let grant = |role, site: Option<&str>| Command::GrantRole {
        person: "x".into(),
        name: words::Text::same("x"),
        role,
        site: site.map(Into::into),
    };
    assert_eq!(garden.refused(grant(Role::Coordinator, None), &centre(on)), ["role_site"]);
    assert_eq!(garden.refused(grant(Role::Monitor, Some("s1")), &centre(on)), ["role_site"]);
    assert_eq!(garden.refused(grant(Role::Coordinator, Some("s9")), &centre(on)), ["no_site"]);
    assert_eq!(garden.refused(grant(Role::System, None), &centre(on)), ["role_system"]);
    garden.run(grant(Role::Coordinator, Some("s1")), &centre(on)).unwrap();
    assert_eq!(garden.refused(grant(Role::Coordinator, Some("s1")), &centre(on)), ["role_held"]);
}

/// Every role of the table, at home at s1 where it has a home.
fn viewers() -> Vec<Viewer> {
    let roles = Role::ALL.into_iter().filter(|r| *r != Role::System);
    roles
        .map(|role| {
            let viewer = Viewer::new("somebody", role);
            if role.of_a_site() { viewer.at_site("s1") } else { viewer }
        })
        .collect()
}

#[test]
fn who_must_not_know_the_arm_is_told_it_nowhere() {
    let garden = Garden::open();
    let (one, _) = garden.randomised("s1");
    // Until somebody at s1 is in arm B.
    let mut in_b = None;
    for _ in 0..20 {
        let (id, arm) = garden.randomised("s1");
        if arm.as_str() == "B" {
            in_b = Some(id);
            break;
        }
    }
    let in_b = in_b.unwrap();
    let (other, _) = garden.randomised("s2");
    let on = date(2024, 5, 1);
    garden.save(in_b, "s1", FormKey::once("operation"), "operated_on=2024-04-20", on).unwrap();
    for viewer in viewers() {
        garden.view(None, &viewer, |view| {
            let sees = reach(viewer.role, Action::SeeArm) != Reach::Nothing;
            let slot = view.protocol().dictionary.slot("participant.arm").unwrap();
            for p in view.participants() {
                assert_eq!(p.arm("treatment").is_some(), sees, "{viewer:?}");
                assert_eq!(p.environment().get(slot).missing().is_none(), sees, "{viewer:?}");
                assert_eq!(p.factors("treatment").is_some(), sees);
            }
            // The operation is expected, and done, in arm B only: being there would tell the arm.
            let p = view.participant(in_b).unwrap();
            assert_eq!(p.filled(&FormKey::once("operation")).is_some(), sees);
            assert_eq!(p.records("operation").len(), usize::from(sees));
            assert_eq!(view.expected(on).iter().any(|e| e.form.form.as_str() == "operation"), sees);
            // A site sees its own participants only.
            assert_eq!(view.participant(other).is_some(), !viewer.role.of_a_site());
            assert!(view.participant(one).is_some());
        });
    }
}

#[test]
fn the_ledger_shows_the_making_of_an_allocation_only_to_those_who_check_it() {
    let garden = Garden::open();
    garden.randomised("s1");
    garden.randomised("s2");
    for viewer in viewers() {
        let (adopted, state) = (garden.trial.adopted(), garden.trial.state());
        let viewer_ = viewer.clone();
        let seen = garden.trial.handle().with(move |store| {
            let view = View::new(&adopted, &state, None, &viewer_).unwrap();
            let mut seen: Vec<(String, Option<String>)> = Vec::new();
            entries(store, "GARDEN", 0..=u64::MAX, &mut |entry, event| {
                if view.may_see_entry(entry, event.unwrap()) {
                    seen.push((entry.kind.clone(), entry.site.clone()));
                }
            })
            .unwrap();
            seen
        });
        let seen = seen.unwrap();
        let allocations = seen.iter().filter(|(kind, _)| kind == "allocated").count();
        let checks = matches!(viewer.role, Role::DataManager | Role::Statistician | Role::Auditor);
        assert_eq!(allocations, if checks { 2 } else { 0 }, "{viewer:?}");
        if viewer.role.of_a_site() {
            assert!(!seen.is_empty() && seen.iter().all(|(_, site)| site.as_deref() != Some("s2")));
        }
        assert_eq!(seen.is_empty(), viewer.role == Role::SafetyCommittee || viewer.role == Role::StudyChair);
    }
}

#[test]
fn results_by_arm_are_shown_only_at_a_planned_look_and_to_those_for_whom_it_was_held() {
    let garden = Garden::open();
    let (cutoff, on) = (date(2024, 6, 30), date(2024, 7, 10));
    let may = |garden: &Garden, cutoff, role| {
        garden.view(cutoff, &Viewer::new("x", role), |v| {
            v.results_by_arm().map_err(|r| r.reasons[0].code.clone())
        })
    };
    assert_eq!(may(&garden, Some(cutoff), Role::Statistician), Err("no_look".into()));
    let look =
        |cutoff| Command::HoldLook {
            cutoff, opened: "中間解析".into(), for_whom: "safety_committee".into()
        };
    assert_eq!(garden.refused(look(date(2024, 7, 11)), &centre(on)), ["date_future"]);
    garden.run(look(cutoff), &centre(on)).unwrap();
    assert_eq!(may(&garden, Some(cutoff), Role::Statistician), Ok(()));
    assert_eq!(may(&garden, Some(cutoff), Role::SafetyCommittee), Ok(()));
    assert_eq!(may(&garden, Some(cutoff), Role::StudyChair), Err("look_not_for_you".into()));
    assert_eq!(may(&garden, Some(date(2024, 6, 29)), Role::Statistician), Err("no_look".into()));
    assert_eq!(may(&garden, None, Role::Statistician), Err("no_look".into()));
    let all = Command::HoldLook {
        cutoff,
        opened: "主たる解析".into(),
        for_whom: "study_chair, investigator".into(),
    };
    garden.run(all, &centre(on)).unwrap();
    assert_eq!(may(&garden, Some(cutoff), Role::StudyChair), Ok(()));
    for nature in [Nature::Simulated, Nature::Completed] {
        let garden = Garden::open_as(nature, &[]);
        assert_eq!(may(&garden, None, Role::StudyChair), Ok(()));
    }
}
