//! The classifications against the published tables, at every limit.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use biomarkers::*;
use proptest::prelude::*;
use rules::Missing;
use words::Decimal;

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn dual(ratio: &str, copies: &str) -> Ish {
    Ish { method: Some(Method::Dual), ratio: Some(dec(ratio)), copies: Some(dec(copies)), ..Ish::default() }
}

const FLAG_A: Option<Flag> = Some(Flag::IhcIshDiscordant);
const FLAG_B: Option<Flag> = Some(Flag::NegativeWithComment);

/// The table of 20 cells as published (ASCO/CAP 2018, kept in 2023), with a recount that agrees.
fn published(group: u8, ihc: Ihc) -> (bool, Option<Flag>) {
    match (group, ihc) {
        (1, Ihc::Zero | Ihc::One) => (true, FLAG_A),
        (1, _) => (true, None),
        (2, Ihc::Three) | (3, Ihc::Three) | (4, Ihc::Three) => (true, None),
        (3, Ihc::Two) => (true, None),
        (2..=4, _) => (false, FLAG_B),
        (5, Ihc::Three) => (true, FLAG_A),
        _ => (false, None),
    }
}

/// Numbers at, just below and just above every limit, with the group that they fall into.
const NUMBERS: [(&str, &str, u8); 23] = [
    ("2.0", "4.0", 1),
    ("2.00", "4.00", 1),
    ("2.01", "9.8", 1),
    ("2.0", "6.0", 1),
    ("2.0", "5.99", 1),
    ("2.0", "3.99", 2),
    ("2.0", "3.999999", 2),
    ("7.5", "1.0", 2),
    ("1.99", "6.0", 3),
    ("1.999999", "6.00", 3),
    ("1.95", "6.01", 3),
    ("0.8", "20", 3),
    ("1.99", "5.99", 4),
    ("1.99", "5.999999", 4),
    ("1.95", "4.0", 4),
    ("1.0", "4.01", 4),
    ("1.99", "3.99", 5),
    ("1.99", "3.999999", 5),
    ("1.95", "2.0", 5),
    ("0", "0", 5),
    ("1.9999999999999999", "4.0", 4),
    ("2.0", "3.9999999999999999", 2),
    ("1.99", "5.9999999999999999", 4),
];

#[test]
fn the_twenty_cells_hold_at_every_limit_without_rounding() {
    for (ratio, copies, group) in NUMBERS {
        for ihc in Ihc::ALL {
            let ish = Ish { recount_group: Some(group), ..dual(ratio, copies) };
            let got = Her2::classify(Some(ihc), None, &ish);
            let (positive, flag) = published(group, ihc);
            assert_eq!(
                (got.group, got.positive, got.flag),
                (Some(group), Ok(positive), flag),
                "{ratio} {copies} {ihc:?}"
            );
        }
    }
}

#[test]
fn the_category_follows_score_and_staining() {
    for (staining, category) in
        [(Some(true), Category::Ultralow), (Some(false), Category::Null), (None, Category::Ihc0Unspecified)]
    {
        assert_eq!(Her2::classify(Some(Ihc::Zero), staining, &Ish::default()).category, category);
        assert_eq!(Her2::classify(Some(Ihc::Zero), staining, &dual("1.0", "2.0")).category, category);
        assert_eq!(Her2::classify(Some(Ihc::Zero), staining, &dual("2.5", "2.0")).category, category);
        assert_eq!(Her2::classify(Some(Ihc::One), staining, &dual("1.0", "7.0")).category, Category::Low);
        assert_eq!(
            Her2::classify(Some(Ihc::Zero), staining, &dual("2.5", "8.0")).category,
            Category::Positive
        );
    }
    let unspecified = Her2::classify(Some(Ihc::Zero), None, &Ish::default());
    assert_eq!(unspecified.missing, Needs::of(&[Her2Need::Staining]));
}

#[test]
fn a_recount_is_asked_for_only_of_2_plus_in_groups_2_to_4_and_a_moved_one_needs_a_decision() {
    for (ratio, copies, group) in NUMBERS {
        let base = dual(ratio, copies);
        let without = Her2::classify(Some(Ihc::Two), None, &base);
        if (2..=4).contains(&group) {
            assert_eq!(without.positive, Err(Needs::of(&[Her2Need::Recount])));
            assert_eq!(without.category, Category::Undetermined);
            for moved in (1..=5).filter(|g| *g != group) {
                let ish = Ish { recount_group: Some(moved), ..base };
                let open = Her2::classify(Some(Ihc::Two), None, &ish);
                assert_eq!(open.positive, Err(Needs::of(&[Her2Need::Adjudication])));
                for (decision, positive) in [(Adjudication::Positive, true), (Adjudication::Negative, false)]
                {
                    let ish = Ish { adjudication: Some(decision), ..ish };
                    assert_eq!(Her2::classify(Some(Ihc::Two), None, &ish).positive, Ok(positive));
                }
            }
        } else {
            assert!(without.positive.is_ok());
        }
        for ihc in [Ihc::Zero, Ihc::One, Ihc::Three] {
            assert!(Her2::classify(Some(ihc), None, &base).positive.is_ok());
        }
    }
}

#[test]
fn without_ish_only_2_plus_waits_and_without_ihc_groups_2_to_4_wait() {
    let none = Ish::default();
    let of = |ihc| Her2::classify(ihc, None, &none);
    assert_eq!(of(Some(Ihc::Zero)).positive, Ok(false));
    assert_eq!(of(Some(Ihc::One)).category, Category::Low);
    assert_eq!(of(Some(Ihc::Two)).positive, Err(Needs::of(&[Her2Need::Ratio, Her2Need::Copies])));
    assert_eq!(of(Some(Ihc::Three)).category, Category::Positive);
    assert_eq!(of(None).positive, Err(Needs::of(&[Her2Need::Ihc])));
    for (ratio, copies, group) in NUMBERS {
        let got = Her2::classify(None, None, &dual(ratio, copies));
        let expected = match group {
            1 => Ok(true),
            5 => Ok(false),
            _ => Err(Needs::of(&[Her2Need::Ihc])),
        };
        assert_eq!(got.positive, expected);
        if group == 5 {
            assert_eq!((got.category, got.missing), (Category::Undetermined, Needs::of(&[Her2Need::Ihc])));
        }
    }
}

#[test]
fn half_an_ish_result_settles_what_it_can_and_names_the_other_half() {
    let half = |ratio: Option<&str>, copies: Option<&str>, ihc| {
        let ish = Ish { ratio: ratio.map(dec), copies: copies.map(dec), ..Ish::default() };
        Her2::classify(Some(ihc), None, &ish).positive
    };
    let copies = Err(Needs::of(&[Her2Need::Copies]));
    let ratio = Err(Needs::of(&[Her2Need::Ratio]));
    assert_eq!(half(Some("2.0"), None, Ihc::Two), copies);
    assert_eq!(half(Some("1.9"), None, Ihc::Two), copies);
    assert_eq!(half(None, Some("4.5"), Ihc::Two), ratio);
    assert_eq!(half(Some("2.0"), None, Ihc::One), copies, "group 1 would be positive");
    assert_eq!(half(Some("1.9"), None, Ihc::One), Ok(false));
    assert_eq!(half(None, Some("3.9"), Ihc::One), Ok(false));
    assert_eq!(half(None, Some("4.0"), Ihc::Zero), ratio);
    assert_eq!(half(None, Some("4.0"), Ihc::Three), Ok(true));
}

#[test]
fn a_single_probe_decides_by_copies_and_sends_2_plus_in_between_to_a_dual_probe() {
    let single = |copies: Option<&str>, ihc| {
        let ish = Ish { method: Some(Method::Single), copies: copies.map(dec), ..Ish::default() };
        let got = Her2::classify(ihc, None, &ish);
        (got.positive, got.flag)
    };
    for ihc in Ihc::ALL {
        let discordant = matches!(ihc, Ihc::Zero | Ihc::One).then_some(Flag::IhcIshDiscordant);
        for copies in ["6.0", "6.01", "12"] {
            assert_eq!(single(Some(copies), Some(ihc)), (Ok(true), discordant));
        }
        for copies in ["3.99", "3.9999999", "1"] {
            let three = ihc == Ihc::Three;
            assert_eq!(single(Some(copies), Some(ihc)), (Ok(three), three.then_some(Flag::IhcIshDiscordant)));
        }
        for copies in ["4.0", "5.99", "5.9999999"] {
            let expected = match ihc {
                Ihc::Two => Err(Needs::of(&[Her2Need::Ratio])),
                other => Ok(other == Ihc::Three),
            };
            assert_eq!(single(Some(copies), Some(ihc)), (expected, None));
        }
    }
    assert_eq!(single(Some("6.0"), None).0, Ok(true));
    assert_eq!(single(Some("3.99"), None).0, Ok(false));
    assert_eq!(single(Some("4.0"), None).0, Err(Needs::of(&[Her2Need::Ihc])));
    assert_eq!(single(None, Some(Ihc::Two)).0, Err(Needs::of(&[Her2Need::Copies])));
}

fn question(
    ihc: Option<Ihc>,
    by: Option<Ihc>,
    assay: Option<&'static str>,
    staining: Option<bool>,
    ish: Ish,
) -> Her2Question<'static> {
    Her2Question { ihc, by_assay: by, assay, staining, ish, why: [Missing::NotYetKnown; 6] }
}

fn open(told: Told) -> Vec<String> {
    told.unwrap_err().into_iter().map(|n| n.name.into_owned()).collect()
}

#[test]
fn another_antibody_opens_low_and_ultralow_and_settles_neither() {
    for ihc in [Ihc::Zero, Ihc::One] {
        let q = question(Some(ihc), None, Some("4B5_PATHWAY"), Some(true), Ish::default());
        assert_eq!(open(q.low()), ["her2.ihc@4B5_PATHWAY"]);
        assert_eq!(open(q.ultralow()), ["her2.ihc@4B5_PATHWAY"]);
    }
    let positive = question(Some(Ihc::Three), None, Some("4B5_PATHWAY"), None, Ish::default());
    assert_eq!(
        (positive.low(), positive.ultralow()),
        (Ok(false), Ok(false)),
        "3+ closes it, whatever the antibody"
    );
}

#[test]
fn by_the_companion_assay_each_score_has_its_answer() {
    let by = |ihc, staining| question(Some(ihc), Some(ihc), Some("4B5_PATHWAY"), staining, Ish::default());
    assert_eq!(by(Ihc::One, None).low(), Ok(true));
    assert_eq!(by(Ihc::One, None).ultralow(), Ok(false));
    assert_eq!(by(Ihc::Zero, None).low(), Ok(false));
    assert_eq!(open(by(Ihc::Zero, None).ultralow()), ["her2.ihc0_staining"]);
    assert_eq!(by(Ihc::Zero, Some(true)).ultralow(), Ok(true));
    assert_eq!(by(Ihc::Zero, Some(false)).ultralow(), Ok(false));
    assert_eq!(open(by(Ihc::Two, None).low()), ["her2.ish.ratio", "her2.ish.copies"]);
    assert_eq!(by(Ihc::Two, None).ultralow(), Ok(false), "2+ is never ultralow");
    assert_eq!(by(Ihc::Three, None).low(), Ok(false));
}

#[test]
fn er_and_pgr_cut_at_one_percent_and_the_low_band_ends_with_ten() {
    for (percent, band) in [
        ("0", Band::Negative),
        ("0.99", Band::Negative),
        ("0.9999999", Band::Negative),
        ("1", Band::Low),
        ("1.0", Band::Low),
        ("10", Band::Low),
        ("10.0", Band::Low),
        ("10.01", Band::Positive),
        ("100", Band::Positive),
    ] {
        assert_eq!(Band::of(dec(percent)), band, "{percent}");
    }
    let of = |er: Option<&str>, pgr: Option<&str>, her2: Told| {
        let value = |t: Option<&str>| t.map(dec).ok_or(Missing::NotYetKnown);
        let s = subtype(&Receptors { er: value(er), pgr: value(pgr) }, &her2);
        (s.code, s.missing.into_iter().map(|n| n.name.into_owned()).collect::<Vec<_>>())
    };
    let none: Vec<String> = Vec::new();
    assert_eq!(of(Some("90"), None, Ok(false)), ("HR+/HER2-", none.clone()));
    assert_eq!(of(Some("1"), None, Ok(false)), ("HR+(ER-low)/HER2-", none.clone()));
    assert_eq!(of(Some("10"), Some("50"), Ok(true)), ("HR+(ER-low)/HER2+", none.clone()));
    assert_eq!(of(Some("10.1"), None, Ok(true)), ("HR+/HER2+", none.clone()));
    assert_eq!(of(Some("0.9"), Some("0.9"), Ok(true)), ("HR-/HER2+", none.clone()));
    assert_eq!(of(Some("0"), Some("0.99"), Ok(false)), ("TNBC", none.clone()));
    assert_eq!(of(Some("0"), Some("1"), Ok(false)), ("HR+/HER2-", none));
    assert_eq!(of(Some("0"), None, Ok(false)), ("undetermined", vec!["pgr.percent".to_owned()]));
    assert_eq!(of(None, Some("0"), Ok(false)), ("undetermined", vec!["er.percent".to_owned()]));
    assert_eq!(
        of(None, None, Ok(false)),
        ("undetermined", vec!["er.percent".to_owned(), "pgr.percent".to_owned()])
    );
    assert_eq!(of(None, Some("40"), Ok(false)).0, "undetermined", "PgR cannot say whether ER is low");
}

fn sample(date: &str, found: bool, adequate: bool) -> Sample<'static> {
    let observation = Observation {
        value: Ok(found),
        assay: None,
        specimen: Some(Specimen::Blood),
        date: date.parse().ok(),
    };
    Sample { observation, adequate }
}

#[test]
fn a_mutation_emerged_only_when_an_adequate_earlier_sample_was_without_it() {
    let (negative, positive) = (sample("2026-01-10", false, true), sample("2026-03-10", true, true));
    assert_eq!(emerged(&[negative, positive]), Ok(true));
    assert_eq!(emerged(&[positive, negative]), Ok(true), "the order of entry does not matter");
    assert_eq!(emerged(&[negative]), Ok(false));
    assert!(emerged(&[positive]).is_err());
    assert!(emerged(&[]).is_err());
    assert!(emerged(&[sample("2026-01-10", false, false), positive]).is_err());
    assert!(emerged(&[sample("2026-01-10", false, false)]).is_err());
    assert!(
        emerged(&[sample("2026-03-10", false, true), positive]).is_err(),
        "the same day is no earlier day"
    );
    assert!(
        emerged(&[sample("2026-05-10", false, true), positive]).is_err(),
        "a later negative is no earlier one"
    );
}

fn treatment(drugs: &'static str, setting: Setting, outcome: Outcome) -> Treatment<'static> {
    Treatment { drugs, setting: Some(setting), outcome: Some(outcome), months_to_recurrence: None }
}

#[test]
fn absence_from_a_list_counts_only_when_the_list_is_complete() {
    let of = |complete, items: Vec<Treatment<'static>>| History { complete, treatments: items.into_iter() };
    let chemo = treatment("|capecitabine|chemo|antimetabolite|", Setting::Metastatic, Outcome::Progression);
    assert_eq!(of(true, vec![]).had("chemo"), Ok(false));
    assert_eq!(open(of(false, vec![]).had("chemo")), ["prior.complete"]);
    assert_eq!(of(false, vec![chemo]).had("chemo"), Ok(true));
    assert_eq!(of(true, vec![chemo]).had("taxane"), Ok(false));
    let adc = treatment(
        "|trastuzumab_deruxtecan|antiHER2|ADC|HER2_ADC|",
        Setting::Metastatic,
        Outcome::Progression,
    );
    assert_eq!(of(true, vec![adc]).had("chemo"), Ok(false), "a conjugate is no chemotherapy");
    assert_eq!(of(true, vec![adc]).had("trastuzumab"), Ok(false), "nor is it trastuzumab");
    assert_eq!(of(true, vec![adc]).regimens(2, "antiHER2", None), Ok(false));
    assert_eq!(of(true, vec![adc, adc]).regimens(2, "antiHER2", None), Ok(true));
    assert_eq!(open(of(false, vec![adc]).regimens(2, "antiHER2", None)), ["prior.complete"]);
}

#[test]
fn recurrence_after_adjuvant_treatment_counts_up_to_the_month_itself() {
    let of = |months: Option<&str>| {
        let t = Treatment {
            months_to_recurrence: months.map(dec),
            ..treatment("|letrozole|ET|AI|NSAI|", Setting::Adjuvant, Outcome::Completed)
        };
        History { complete: true, treatments: vec![t].into_iter() }
    };
    assert_eq!(of(Some("12")).progressed_on("ET"), Ok(true));
    assert_eq!(of(Some("12.1")).progressed_on("ET"), Ok(false));
    assert_eq!(open(of(None).progressed_on("ET")), ["prior.months_to_recurrence"]);
    assert_eq!(of(Some("60")).relapsed_after("ET"), Ok(true));
    assert_eq!(of(Some("6")).recurred_within("ET", 6), Ok(true));
    assert_eq!(of(Some("6.01")).recurred_within("ET", 6), Ok(false));
    assert_eq!(of(Some("6")).progressed_in("ET", Setting::Metastatic), Ok(false));
}

#[test]
fn a_regimen_is_used_up_by_progression_and_by_nothing_else() {
    let with = |outcome: Option<Outcome>, complete| History {
        complete,
        treatments: vec![Treatment {
            outcome,
            ..treatment("|olaparib|PARPi|", Setting::Metastatic, Outcome::Ongoing)
        }]
        .into_iter(),
    };
    assert_eq!(with(Some(Outcome::Progression), true).used_up("olaparib"), Ok(true));
    for outcome in [Outcome::Completed, Outcome::Toxicity, Outcome::Ongoing] {
        assert_eq!(with(Some(outcome), false).used_up("olaparib"), Ok(false));
    }
    assert_eq!(open(with(None, false).used_up("olaparib")), ["prior.outcome"]);
    assert_eq!(with(Some(Outcome::Progression), true).used_up("talazoparib"), Ok(false));
}

fn ihc() -> impl Strategy<Value = Option<Ihc>> {
    proptest::option::of(proptest::sample::select(Ihc::ALL.to_vec()))
}

fn ish() -> impl Strategy<Value = Ish> {
    let number = |all: &'static [&'static str]| {
        proptest::option::of(proptest::sample::select(all.to_vec()).prop_map(dec))
    };
    (
        proptest::option::of(proptest::sample::select(vec![Method::Dual, Method::Single])),
        number(&["0", "1.95", "1.99", "2.0", "2.5"]),
        number(&["0", "3.99", "4.0", "5.99", "6.0", "9"]),
        proptest::option::of(1u8..=5),
        proptest::option::of(proptest::sample::select(vec![Adjudication::Positive, Adjudication::Negative])),
    )
        .prop_map(|(method, ratio, copies, recount_group, adjudication)| {
            // A recount follows a first count, a decision follows a recount.
            let recount_group = recount_group.filter(|_| ratio.is_some() && copies.is_some());
            let adjudication = adjudication.filter(|_| recount_group.is_some());
            Ish { method, ratio, copies, recount_group, adjudication }
        })
}

/// Every way of filling the named inputs of an ISH, an IHC and a staining.
fn fills(needs: Needs, ihc: Option<Ihc>, ish: Ish) -> Vec<(Option<Ihc>, Ish)> {
    let mut out = vec![(ihc, ish)];
    for need in needs.iter() {
        out = out
            .into_iter()
            .flat_map(|(ihc, ish)| -> Vec<(Option<Ihc>, Ish)> {
                match need {
                    Her2Need::Ihc => Ihc::ALL.map(|i| (Some(i), ish)).to_vec(),
                    Her2Need::Ratio => {
                        ["1.5", "2.5"].map(|r| (ihc, Ish { ratio: Some(dec(r)), ..ish })).to_vec()
                    }
                    Her2Need::Copies => {
                        ["2", "4.5", "8"].map(|c| (ihc, Ish { copies: Some(dec(c)), ..ish })).to_vec()
                    }
                    Her2Need::Recount => {
                        (1..=5).map(|g| (ihc, Ish { recount_group: Some(g), ..ish })).collect()
                    }
                    Her2Need::Adjudication => [Adjudication::Positive, Adjudication::Negative]
                        .map(|a| (ihc, Ish { adjudication: Some(a), ..ish }))
                        .to_vec(),
                    Her2Need::Staining => vec![(ihc, ish)],
                }
            })
            .collect();
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    /// "Known" never changes when ISH numbers that are missing come in, except where the guideline lets a score stand
    /// without any ISH.
    #[test]
    fn filling_half_an_ish_never_turns_a_result(ihc in ihc(), ish in ish()) {
        let before = Her2::classify(ihc, None, &ish).positive;
        let dual = ish.method != Some(Method::Single);
        if let (Ok(before), true) = (before, dual && (ish.ratio.is_some() || ish.copies.is_some())) {
            let mut needs = Vec::new();
            if ish.ratio.is_none() { needs.push(Her2Need::Ratio) }
            if ish.copies.is_none() { needs.push(Her2Need::Copies) }
            for (ihc, ish) in fills(Needs::of(&needs), ihc, ish) {
                prop_assert_eq!(Her2::classify(ihc, None, &ish).positive.unwrap_or(before), before);
            }
        }
    }

    /// What is named can be filled in two ways that give different results, or leads on to a next question.
    #[test]
    fn every_named_input_matters(ihc in ihc(), ish in ish()) {
        if let Err(needs) = Her2::classify(ihc, None, &ish).positive {
            prop_assert!(!needs.is_empty());
            for need in needs.iter() {
                let others: Vec<Her2Need> = needs.iter().filter(|n| *n != need).collect();
                let matters = fills(Needs::of(&others), ihc, ish).into_iter().any(|(ihc, ish)| {
                    let results: Vec<_> = fills(Needs::of(&[need]), ihc, ish)
                        .into_iter()
                        .map(|(ihc, ish)| Her2::classify(ihc, None, &ish).positive)
                        .collect();
                    results.iter().any(|r| *r != results[0])
                });
                // Or it settles the question by itself.
                let settles = fills(Needs::of(&[need]), ihc, ish)
                    .into_iter()
                    .any(|(ihc, ish)| Her2::classify(ihc, None, &ish).positive.is_ok());
                prop_assert!(matters || settles, "{:?} changes nothing", need);
            }
        }
    }

    #[test]
    fn an_undetermined_category_always_says_what_it_waits_for(ihc in ihc(), ish in ish()) {
        let got = Her2::classify(ihc, None, &ish);
        prop_assert_eq!(got.category == Category::Undetermined, !got.missing.is_empty() && got.category != Category::Ihc0Unspecified);
        prop_assert_eq!(got.category == Category::Positive, got.positive == Ok(true));
    }
}
