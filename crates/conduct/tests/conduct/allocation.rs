//! Allocation within a study: frozen factors, replay, concurrency of decisions.

use crate::harness::*;
use conduct::*;
use jiff::civil::date;

fn allocations(garden: &Garden) -> Vec<Allocated> {
    let found = garden.trial.handle().with(|store| {
        let mut found = Vec::new();
        entries(store, "GARDEN", 0..=u64::MAX, &mut |_, event| {
            if let Some(Event::Allocated(a)) = event {
                found.push(a.clone());
            }
        })
        .unwrap();
        found
    });
    found.unwrap()
}

const BASELINE: &str = "assessed_on=2024-04-01, stage=II, progressed=false";

#[test]
fn a_missing_factor_refuses_and_names_it() {
    let garden = Garden::open_as(
        Nature::Real,
        &[(
            "J1, ja: 増悪なし, en: No progression, rule: '!progressed'",
            "J1, ja: 何もなし, en: Nothing, rule: 'true'",
        )],
    );
    let id = garden.enrolled("s1");
    let answer = garden.register(id, "s1", "randomise", date(2024, 4, 1), "assessed_on=2024-04-01, stage=?");
    let Answer::NotRegistered { outcome: Outcome::Eligible, reasons } = answer else { panic!("{answer:?}") };
    assert_eq!(
        (reasons[0].code.as_str(), &reasons[0].about[..]),
        ("factor_missing", &["baseline.stage".to_owned()][..])
    );
    assert!(garden.trial.state().tables.is_empty());
    garden.verified();
}

#[test]
fn factor_values_are_frozen_and_a_later_correction_moves_neither_arm_nor_counts() {
    let garden = Garden::open();
    let (id, arm) = garden.randomised("s1");
    let before = garden.trial.state().tables["treatment"].clone();
    let on = date(2024, 5, 1);
    let command = Command::SaveForm {
        participant: id,
        form: FormKey::once("baseline"),
        values: values("stage=III"),
        complete: true,
    };
    garden.run(command, &doctor("s1", on).because("転記誤り")).unwrap();
    let state = garden.trial.state();
    assert_eq!(state.tables["treatment"], before);
    let given = &state.participant(id).unwrap().allocations["treatment"];
    assert_eq!(given.arm, arm);
    let frozen = [("site", "s1"), ("baseline.stage", "II"), ("enrolment.age", "old")];
    assert!(given.factors.iter().map(|(f, l)| (f.as_str(), l.as_str())).eq(frozen));
    garden.verified();
}

#[test]
fn each_allocation_counts_all_those_before_it_and_can_be_followed_by_hand() {
    let garden = Garden::open();
    for n in 0..12 {
        garden.randomised(if n % 3 == 0 { "s2" } else { "s1" });
    }
    let all = allocations(&garden);
    let mut table: std::collections::BTreeMap<(String, String), [u32; 2]> = Default::default();
    for (n, a) in all.iter().enumerate() {
        assert_eq!((a.counter, a.arms.as_slice()), (n as u64, &["A".to_owned(), "B".to_owned()][..]));
        for (factor, counts) in a.factors.iter().zip(&a.counts) {
            assert_eq!(counts[..], table.get(factor).copied().unwrap_or_default()[..]);
        }
        // G of an arm: over the factors, the spread after giving it.
        for arm in 0..2 {
            let g: u32 = a
                .counts
                .iter()
                .map(|c| (c[0] + u32::from(arm == 0)).abs_diff(c[1] + u32::from(arm == 1)))
                .sum();
            assert_eq!(a.imbalance[arm], u64::from(g));
        }
        let tie = a.imbalance[0] == a.imbalance[1];
        let expected = if tie {
            vec![1, 1]
        } else if a.imbalance[0] < a.imbalance[1] {
            vec![4, 1]
        } else {
            vec![1, 4]
        };
        assert_eq!(a.probabilities, expected);
        let arm = usize::from(a.drawn >= a.probabilities[0]);
        assert_eq!(a.arm.as_str(), ["A", "B"][arm]);
        a.factors.iter().for_each(|f| table.entry(f.clone()).or_default()[arm] += 1);
    }
    let report = garden.verified();
    assert_eq!(report.draws_checked, 12);
    // Without the seed the choice is checked, the draw is not.
    let without = garden.trial.handle().with(|store| verify(store, "GARDEN", None)).unwrap();
    assert_eq!((without.holds(), without.draws_checked, without.draws_sealed), (true, 0, 12));
    let wrong = Seeds([("treatment".into(), [43; 32])].into());
    let report = garden.trial.handle().with(move |store| verify(store, "GARDEN", Some(&wrong))).unwrap();
    assert_eq!(report.findings.len(), 1);
}

#[test]
fn two_decisions_in_one_batch_see_each_other() {
    let garden = Garden::open();
    let (one, two) = (garden.enrolled("s1"), garden.enrolled("s1"));
    let on = date(2024, 4, 1);
    let before = garden.trial.head().seq;
    let third = register(ParticipantId(99), "randomise", on, BASELINE);
    let commands = vec![
        (register(one, "randomise", on, BASELINE), doctor("s1", on)),
        (third, doctor("s1", on)),
        (register(two, "randomise", on, BASELINE), doctor("s1", on)),
    ];
    let answers = garden.trial.execute_all(commands).unwrap();
    let number = |n: usize| match &answers[n] {
        Ok(Receipt { answer: Answer::Registered { number, .. }, .. }) => *number,
        other => panic!("{other:?}"),
    };
    assert_eq!((number(0), number(2)), (1, 2));
    assert_eq!(answers[1].as_ref().unwrap_err().reasons[0].code, "no_participant");
    let all = allocations(&garden);
    assert_eq!(all[1].counts.iter().map(|c| c[0] + c[1]).collect::<Vec<_>>(), [1, 1, 1]);
    assert_eq!(answers[2].as_ref().unwrap().seqs.end, garden.trial.head().seq + 1);
    assert_eq!(answers[0].as_ref().unwrap().seqs.start, before + 1);
    garden.verified();
}

#[test]
fn the_found_ineligible_go_on_counting_unless_the_protocol_says_otherwise() {
    for counts in [true, false] {
        let change = format!("follow: 0.8\n    count_ineligible: {counts}");
        let garden = Garden::open_as(Nature::Real, &[("follow: 0.8", &change)]);
        let (id, _) = garden.randomised("s1");
        let find = |criterion: &str| Command::FindIneligible {
            participant: id,
            step: "enrol".into(),
            criterion: criterion.into(),
        };
        // Found twice, left out once.
        for criterion in ["I1", "I2"] {
            garden.run(find(criterion), &centre(date(2024, 5, 1))).unwrap();
        }
        garden.randomised("s1");
        let total: u32 = allocations(&garden)[1].counts[0].iter().sum();
        assert_eq!(total, u32::from(counts));
        garden.verified();
    }
}

#[test]
fn blocks_are_filled_within_strata_and_verify() {
    let changes = [("method: minimisation", "method: blocks"), ("follow: 0.8", "blocks: [2, 4]")];
    let garden = Garden::open_as(Nature::Real, &changes);
    for n in 0..14 {
        garden.randomised(if n % 2 == 0 { "s1" } else { "s2" });
    }
    let all = allocations(&garden);
    let mut blocks: std::collections::BTreeMap<(String, u32), Vec<&Allocated>> = Default::default();
    for a in &all {
        let place = a.block.as_ref().unwrap();
        assert_eq!(a.algorithm, "blocks/1");
        blocks.entry((place.stratum.clone(), place.block)).or_default().push(a);
    }
    assert!(blocks.keys().any(|(stratum, _)| stratum == "s2 / II / old"));
    for members in blocks.values() {
        let size = members[0].block.as_ref().unwrap().size;
        assert!(members.iter().enumerate().all(|(n, a)| a.block.as_ref().unwrap().position == n as u32 + 1));
        if members.len() as u32 == size {
            assert_eq!(members.iter().filter(|a| a.arm.as_str() == "A").count() as u32 * 2, size);
        }
    }
    assert_eq!(garden.verified().draws_checked, 14);
}

#[test]
fn unequal_arms_are_split_into_virtual_arms() {
    let garden = Garden::open_as(Nature::Real, &[("ratio: { A: 1, B: 1 }", "ratio: { A: 2, B: 1 }")]);
    for _ in 0..6 {
        garden.randomised("s1");
    }
    let all = allocations(&garden);
    assert_eq!(all[0].arms, ["A#1", "A#2", "B"]);
    assert_eq!((all[0].probabilities.as_slice(), all[0].probability_total), (&[1, 1, 1][..], 3));
    assert!(all.iter().all(|a| a.chosen.split('#').next() == Some(a.arm.as_str())));
    garden.verified();
}

#[test]
fn the_seed_is_told_at_the_end_and_only_if_it_is_the_sealed_one() {
    let garden = Garden::open();
    garden.randomised("s1");
    let on = date(2024, 9, 1);
    let reveal = || Command::RevealSeed { allocation: "treatment".into() };
    assert_eq!(garden.refused(reveal(), &centre(on)), ["accrual_open"]);
    garden.run(Command::HoldAccrual { step: "randomise".into() }, &centre(on)).unwrap();
    garden.run(reveal(), &centre(on)).unwrap();
    assert_eq!(garden.refused(reveal(), &centre(on)), ["seed_revealed"]);
    let anyone = garden.trial.handle().with(|store| verify(store, "GARDEN", None)).unwrap();
    assert_eq!((anyone.holds(), anyone.draws_checked, anyone.draws_sealed), (true, 1, 0));
}

#[test]
fn without_the_sealed_seed_nobody_is_allocated_and_nothing_is_written() {
    let writer = ledger::actor::Writer::start(Box::new(ledger::Memory::new())).unwrap();
    let start = centre(date(2024, 1, 10));
    let garden = Garden {
        trial: Trial::create_with(writer.handle(), &loaded(&[]), Nature::Real, seeds(), &start).unwrap(),
    };
    garden.site("s1");
    let id = garden.enrolled("s1");
    let on = date(2024, 4, 1);
    let with = |seeds| Garden { trial: Trial::open_with(writer.handle(), "GARDEN", seeds).unwrap() };
    let go = || register(id, "randomise", on, BASELINE);
    assert_eq!(with(Seeds::default()).refused(go(), &doctor("s1", on)), ["seed_missing"]);
    let other = Seeds([("treatment".into(), [0; 32])].into());
    assert_eq!(with(other).refused(go(), &doctor("s1", on)), ["seed_wrong"]);
    let none =
        Trial::create(Box::new(ledger::Memory::new()), &loaded(&[]), Nature::Real, Seeds::default(), &start);
    assert!(matches!(none.map(|_| ()), Err(TrialError::Refused(r)) if r.reasons[0].code == "seed_missing"));
}
