//! Laws of the ledger and the fold, on random lives of the small study.

use crate::harness::*;
use crate::integrity::{drafts, forged};
use conduct::*;
use jiff::ToSpan;
use jiff::civil::{Date, date};
use proptest::prelude::*;

/// One thing that somebody tries on a day; most of what is tried at random is refused.
#[derive(Clone, Debug)]
struct Attempted {
    days: u8,
    what: u8,
    who: u8,
    site: bool,
    value: u8,
}

fn attempts() -> impl Strategy<Value = Vec<Attempted>> {
    let one = (0u8..8, 0u8..16, 0u8..6, any::<bool>(), any::<u8>());
    let one = one.prop_map(|(days, what, who, site, value)| Attempted { days, what, who, site, value });
    prop::collection::vec(one, 40..100)
}

/// Runs the attempts; those of `later` kinds (corrections, cancellations, withdrawals) only if `all`.
fn live(attempts: &[Attempted], all: bool) -> (Garden, Vec<(Date, u64)>) {
    let garden = Garden::open_as(Nature::Simulated, &[]);
    let mut today = date(2024, 2, 1);
    let mut ends = Vec::new();
    for a in attempts {
        today = today.saturating_add(i32::from(a.days).days());
        let id = ParticipantId(u32::from(a.who) + 1);
        let v = a.value;
        // Mostly the participant's own site.
        let home = garden.trial.state().participant(id).map(|p| p.site.as_str() == "s1");
        let site = if home.filter(|_| v % 13 > 0 && a.what > 1).unwrap_or(a.site) { "s1" } else { "s2" };
        let enrolment = format!(
            "seen_on={today}, age={}, ps={}, sex={}, pregnant={}, creatinine={}.{}",
            18 + v % 70,
            v % 3 / 2,
            if v.is_multiple_of(2) { "female" } else { "male" },
            v.is_multiple_of(11),
            v % 5,
            v % 10
        );
        let on = today;
        let form = |key, text: &str| Command::SaveForm {
            participant: id,
            form: key,
            values: values(text),
            complete: v % 3 > 0,
        };
        let command = match a.what {
            0 | 1 => Command::GiveConsent {
                site: site.into(),
                participant: None,
                document: "consent".into(),
                version: if on < date(2024, 7, 1) { "1.0" } else { "2.0" }.into(),
                on,
                explained_by: format!("dr-{site}").as_str().into(),
            },
            2..=4 => register(id, "enrol", on, &enrolment),
            5..=7 => {
                let stage = if v % 3 == 0 { "II" } else { "III" };
                register(
                    id,
                    "randomise",
                    on,
                    &format!("assessed_on={on}, stage={stage}, progressed={}", v % 7 == 0),
                )
            }
            8 | 9 => form(
                visit("follow_up", "follow_up", u32::from(v % 5)),
                &format!("seen_on={on}, relapse=false"),
            ),
            10 => form(
                FormKey { number: u32::from(v % 3), ..FormKey::once("adverse_event") },
                &format!("onset={on}, grade={}", v % 8),
            ),
            11 => form(FormKey::once("operation"), &format!("operated_on={on}")),
            12 if v % 4 == 0 => form(FormKey::once("death"), &format!("died_on={on}")),
            13 => Command::AnswerQuery { query: QueryId(u32::from(v % 4)), text: "x".into() },
            _ if !all => continue,
            12 => Command::WithdrawConsent { participant: id, scope: WithdrawalScope::FollowUp, on },
            14 => form(FormKey::once("enrolment"), &enrolment),
            _ => match v % 5 {
                0 => Command::CancelRegistration { participant: id, step: "enrol".into() },
                1 => {
                    Command::FindIneligible { participant: id, step: "enrol".into(), criterion: "I1".into() }
                }
                2 => Command::CloseQuery { query: QueryId(u32::from(v % 4)) },
                3 => Command::DeclareNotApplicable { participant: id, form: FormKey::once("operation") },
                _ => Command::GoOffTreatment { participant: id, on, why: "x".into() },
            },
        };
        let context = if a.what > 13 && v.is_multiple_of(2) { centre(on) } else { doctor(site, on) };
        let context = if all { context.because("x") } else { context };
        match garden.trial.execute(&command, &context) {
            Ok(_) | Err(TrialError::Refused(_)) => {}
            Err(other) => panic!("{other}"),
        }
        ends.push((on, garden.trial.head().seq));
    }
    (garden, ends)
}

#[test]
fn the_random_lives_reach_what_the_laws_are_about() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut arms, mut queries, mut refused, mut cancelled) = (0, 0, 0, 0);
    for _ in 0..16 {
        let (garden, _) = live(&attempts().new_tree(&mut runner).unwrap().current(), true);
        let state = garden.trial.state();
        arms += state.tables.get("treatment").map_or(0, |t| t.made);
        (queries, refused) = (queries + state.queries.len(), refused + state.refused.len());
        cancelled +=
            state.participants.iter().flat_map(|p| p.registrations.values()).filter(|r| r.cancelled).count();
    }
    assert!(
        arms > 16 && queries > 16 && refused > 16 && cancelled > 0,
        "{arms} {queries} {refused} {cancelled}"
    );
}

/// Everything that a data manager sees, in words.
fn picture(adopted: &Adopted, state: &State, cutoff: Date) -> String {
    let view = View::new(adopted, state, Some(cutoff), &data_manager()).unwrap();
    let mut out = String::new();
    for p in view.participants() {
        let steps = ["enrol", "randomise"].map(|s| p.registration(s).map(|r| (r.number, r.on)));
        let forms: Vec<_> = p.forms().iter().map(|(k, f)| (k, f.values.keys().collect::<Vec<_>>())).collect();
        let facts = ["death", "alive"].map(|f| p.fact(f));
        out += &format!(
            "{} {steps:?} {:?} {forms:?} {:?} {facts:?} {:?}\n",
            p.id(),
            p.arm("treatment"),
            p.straddling(),
            p.environment()
        );
    }
    out += &format!("{:?}\n", view.expected(cutoff));
    out += &format!(
        "{:?} {:?}",
        view.attempts(),
        view.sites().iter().map(|s| (s.id, &s.registered)).collect::<Vec<_>>()
    );
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_tried_the_ledger_verifies_and_the_state_is_the_one_that_it_gives(attempts in attempts()) {
        let (garden, _) = live(&attempts, true);
        let report = garden.verified();
        let kept = garden.trial.state();
        prop_assert_eq!(&report.state, kept.as_ref());
        prop_assert_eq!(report.re_decided, report.entries);
        let tables = garden.trial.state().tables.get("treatment").map_or(0, |t| t.made);
        prop_assert_eq!(report.draws_checked, tables);
    }

    #[test]
    fn the_same_commands_make_the_same_ledger(attempts in attempts()) {
        prop_assert_eq!(live(&attempts, true).0.trial.head(), live(&attempts, true).0.trial.head());
    }

    #[test]
    fn numbers_are_dense_and_nobody_has_two(attempts in attempts()) {
        let (garden, _) = live(&attempts, true);
        let state = garden.trial.state();
        for (step, numbers) in &state.numbers {
            let held = state.participants.iter().filter(|p| p.registration(step.as_str()).is_some()).count();
            prop_assert_eq!(held, state.registered[step] as usize);
            for p in state.participants.iter() {
                if let Some(r) = p.registrations.get(step) {
                    prop_assert_eq!(numbers.get(r.number as usize - 1), Some(&p.id));
                }
            }
        }
    }

    #[test]
    fn where_everything_is_entered_on_its_day_the_view_at_a_day_is_the_view_of_the_ledger_up_to_it(attempts in attempts()) {
        let (garden, ends) = live(&attempts, false);
        let (adopted, state) = (garden.trial.adopted(), garden.trial.state());
        for (day, _) in ends.iter().step_by(7) {
            let last = ends.iter().filter(|(d, _)| d <= day).map(|(_, seq)| *seq).max().unwrap();
            let then = garden.trial.as_of(last).unwrap();
            prop_assert_eq!(picture(&adopted, &state, *day), picture(&adopted, &then, *day));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// A page reads no more than it shows, and nothing twice: neither may be seen in what it says.
    #[test]
    fn what_a_view_leaves_unread_or_keeps_for_the_page_changes_no_answer(attempts in attempts()) {
        let (garden, ends) = live(&attempts, true);
        let (adopted, state) = (garden.trial.adopted(), garden.trial.state());
        let viewers = [
            data_manager(),
            Viewer::new("m", Role::Monitor),
            Viewer::new("s", Role::StudyChair),
            Viewer::new("dr-s1", Role::Investigator).at_site("s1"),
        ];
        let days = ends.iter().step_by(9).map(|(day, _)| *day).chain([date(2025, 3, 1), date(2026, 12, 31)]);
        for (day, viewer) in days.flat_map(|d| viewers.iter().map(move |v| (d, v))) {
            for cutoff in [Some(day), None] {
                let view = || View::new(&adopted, &state, cutoff, viewer).unwrap();
                let (asked, whole) = (view(), view());
                // All forms of everybody read first, and then asked one by one.
                let told: Vec<Expected> = whole
                    .participants()
                    .iter()
                    .flat_map(|p| {
                        p.environment();
                        p.expected(day)
                    })
                    .collect();
                prop_assert_eq!(&asked.expected(day), &told);
                let late: Vec<(ParticipantId, SiteId, i32)> = told
                    .iter()
                    .filter_map(|e| match e.status {
                        Expectation::Overdue { days } => Some((e.participant, e.site.clone(), days)),
                        _ => None,
                    })
                    .collect();
                for _ in 0..2 {
                    let overdue = asked.overdue(day);
                    let found: Vec<_> =
                        overdue.iter().map(|o| (o.participant, o.site.clone(), o.days)).collect();
                    prop_assert_eq!(&found, &late);
                }
                if cutoff.is_none() {
                    let other = asked.overdue(day + 40.days()).into_owned();
                    prop_assert_eq!(other, view().overdue(day + 40.days()).into_owned());
                }
                for p in state.participants.iter() {
                    let listed = whole.participants().iter().find(|x| x.id() == p.id);
                    let alone = view().participant(p.id);
                    prop_assert_eq!(listed.is_some(), alone.is_some());
                    for (listed, alone) in listed.into_iter().zip(&alone) {
                        for fact in ["death", "relapse", "alive"] {
                            prop_assert_eq!(listed.fact(fact), alone.fact(fact));
                        }
                        prop_assert_eq!(listed.forms(), alone.forms());
                        prop_assert_eq!(listed.straddling(), alone.straddling());
                    }
                }
                for step in ["enrol", "randomise"] {
                    let of_sites: u32 = whole.sites().iter().filter_map(|s| s.registered.get(step)).sum();
                    prop_assert_eq!(asked.registrations(step), of_sites);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, ..ProptestConfig::default() })]

    #[test]
    fn every_prefix_of_a_ledger_that_ends_with_a_command_verifies(attempts in attempts()) {
        let (garden, ends) = live(&attempts, true);
        let all = drafts(&garden);
        for (_, end) in ends {
            let prefix = forged(all[..end as usize].to_vec());
            let report = prefix.handle().with(|s| verify(s, "GARDEN", Some(&seeds()))).unwrap();
            prop_assert!(report.holds(), "{:?}", report.findings);
        }
    }
}
