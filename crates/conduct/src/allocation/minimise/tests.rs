//! The cases of the field notes: hand-worked tables, the ratio table of Han, Enas & McEntegart, and simulated
//! reference values of 200,000 trials.

use super::*;
use crate::allocation::{Purpose, Rng, arm_at};
use proptest::prelude::*;

fn p(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn scheme(ratio: &[(&'static str, u32)], weights: &[u32], follow: &str) -> Scheme {
    Scheme::new(ratio.iter().copied(), weights.iter().copied(), false, false, p(follow), follow == "1")
        .unwrap()
}

fn variance(ratio: &[(&'static str, u32)], weights: &[u32]) -> Scheme {
    Scheme::new(ratio.iter().copied(), weights.iter().copied(), true, false, p("0.8"), false).unwrap()
}

fn says(scheme: &Scheme, counts: &[&[u32]]) -> (Vec<u64>, String) {
    let counts: Vec<Vec<u32>> = counts.iter().map(|r| r.to_vec()).collect();
    let choice = minimise(scheme, &counts).unwrap();
    (choice.imbalance, choice.preferred.iter().map(|i| scheme.arms[*i].as_str()).collect())
}

const AB: [(&str, u32); 2] = [("A", 1), ("B", 1)];
const ABC: [(&str, u32); 3] = [("A", 1), ("B", 1), ("C", 1)];

#[test]
fn m1_site_is_a_factor_like_any_other_and_its_weight_may_be_0() {
    let ratio = [("A", 3), ("B", 1)];
    let counts: [&[u32]; 2] = [&[5, 3], &[5, 1]];
    // G = 2 and 8/3; in thirds.
    assert_eq!(says(&scheme(&ratio, &[1, 1], "0.8"), &counts), (vec![6, 8], "A".into()));
    assert_eq!(scheme(&ratio, &[1, 1], "0.8").scale(), 3);
    // Without the site: G = 1 and 1/3.
    assert_eq!(says(&scheme(&ratio, &[0, 1], "0.8"), &counts), (vec![3, 1], "B".into()));
}

#[test]
fn m2_weights_turn_the_choice() {
    let counts: [&[u32]; 3] = [&[6, 4], &[3, 5], &[7, 6]];
    assert_eq!(says(&scheme(&AB, &[1, 1, 1], "0.8"), &counts), (vec![6, 4], "B".into()));
    assert_eq!(says(&scheme(&AB, &[1, 3, 1], "0.8"), &counts), (vec![8, 10], "A".into()));
}

#[test]
fn m3_a_tie_among_some_arms_is_drawn_among_these_only() {
    let scheme = scheme(&ABC, &[1, 1], "0.8");
    let counts: [&[u32]; 2] = [&[3, 2, 2], &[1, 1, 1]];
    assert_eq!(says(&scheme, &counts), (vec![3, 2, 2], "BC".into()));
    let choice = minimise(&scheme, &counts.map(<[u32]>::to_vec)).unwrap();
    // P(A) = 0.1, B = C = 0.45.
    assert_eq!((choice.probabilities, choice.total), (vec![2, 9, 9], 20));
}

#[test]
fn m4_range_and_variance_can_prefer_different_arms() {
    let counts: [&[u32]; 2] = [&[0, 1, 1], &[2, 0, 3]];
    assert_eq!(says(&scheme(&ABC, &[1, 1], "0.8"), &counts), (vec![3, 4, 6], "A".into()));
    // 3, 2, 5 times K(K-1) = 6.
    assert_eq!(says(&variance(&ABC, &[1, 1]), &counts), (vec![18, 12, 30], "B".into()));
    assert_eq!(variance(&ABC, &[1, 1]).scale(), 6);
}

#[test]
fn m5_two_equal_factors_pulling_apart_tie_under_range_but_not_under_variance() {
    let counts: [&[u32]; 2] = [&[1, 5], &[40, 39]];
    assert_eq!(says(&scheme(&AB, &[1, 1], "0.8"), &counts), (vec![5, 5], "AB".into()));
    // 6.5 and 12.5 times 2.
    assert_eq!(says(&variance(&AB, &[1, 1]), &counts), (vec![13, 25], "A".into()));
}

#[test]
fn m6_empty_tables_tie_with_equal_arms_and_prefer_the_larger_with_unequal() {
    assert_eq!(says(&scheme(&AB, &[1], "0.8"), &[&[0, 0]]), (vec![1, 1], "AB".into()));
    let two = scheme(&[("A", 2), ("B", 1)], &[1], "0.8");
    assert_eq!(says(&two, &[&[0, 0]]), (vec![1, 2], "A".into()));
    let choice = minimise(&two, &[vec![0, 0]]).unwrap();
    assert_eq!((choice.probabilities, choice.total), (vec![9, 1], 10));
}

/// Numerators and denominator of each arm's probability when arm `i` alone is preferred.
fn table(ratio: &[(&'static str, u32)]) -> Vec<(Vec<u64>, u64)> {
    let scheme = scheme(ratio, &[1], "0.8");
    (0..ratio.len()).map(|i| scheme.probabilities(&[i]).unwrap()).collect()
}

#[test]
fn m7_the_probability_table_returns_the_ratio() {
    assert_eq!(table(&[("A", 2), ("B", 1)]), [(vec![9, 1], 10), (vec![1, 4], 5)]);
    assert_eq!(table(&[("A", 3), ("B", 1)])[0], (vec![14, 1], 15));
    assert_eq!(table(&[("A", 3), ("B", 1)])[1], (vec![1, 4], 5));
    let third = table(&[("A", 2), ("B", 1), ("C", 1)]);
    assert_eq!(third[0], (vec![13, 1, 1], 15));
    assert_eq!(third[1], (vec![2, 12, 1], 15));
    let six = table(&[("A", 3), ("B", 2), ("C", 1)]);
    assert_eq!(six[0], (vec![22, 2, 1], 25));
    assert_eq!(six[1], (vec![3, 21, 1], 25));
    assert_eq!(six[2], (vec![3, 2, 20], 25));
    for ratio in [vec![("A", 2), ("B", 1)], vec![("A", 3), ("B", 1)], vec![("A", 3), ("B", 2), ("C", 1)]] {
        let sum: u64 = ratio.iter().map(|(_, r)| u64::from(*r)).sum();
        for arm in 0..ratio.len() {
            // Σ_i r_i/R P(arm | i preferred) = r_arm/R, exactly: compare over the product of all denominators.
            let rows = table(&ratio);
            let common: u64 = rows.iter().map(|(_, t)| t).product();
            let weighted: u64 =
                rows.iter().zip(&ratio).map(|((n, t), (_, r))| u64::from(*r) * n[arm] * (common / t)).sum();
            assert_eq!(weighted, u64::from(ratio[arm].1) * common, "arm {arm} of {sum}");
        }
    }
}

#[test]
fn m9_a_probability_that_prefers_the_worse_arm_is_refused() {
    let make = |follow: &str, deterministic| {
        Scheme::new(AB, [1], false, false, p(follow), deterministic).map(|_| ())
    };
    for follow in ["0", "0.3", "0.5"] {
        assert_eq!(make(follow, false), Err(SchemeError::Follow { least: "1/2".into() }), "{follow}");
    }
    assert_eq!(make("1", false), Err(SchemeError::Deterministic));
    assert_eq!(make("1", true), Ok(()));
    assert_eq!(make("0.500000001", false), Ok(()));
    assert!(make("1.1", true).is_err() && make("-0.8", true).is_err());
    // The smallest arm's share is 1/3 of a 2:1 scheme.
    let two = |follow| Scheme::new([("A", 2), ("B", 1)], [1], false, false, p(follow), false).map(|_| ());
    assert_eq!(two("0.3"), Err(SchemeError::Follow { least: "1/3".into() }));
    assert_eq!(two("0.4"), Ok(()));
}

#[test]
fn a_scheme_without_arms_or_weights_is_refused_and_counts_must_fit() {
    let make = |ratio: &[(&'static str, u32)], weights: &[u32]| {
        Scheme::new(ratio.iter().copied(), weights.iter().copied(), false, true, p("0.8"), false)
    };
    assert_eq!(make(&[("A", 1)], &[1]).unwrap_err(), SchemeError::Ratio);
    assert_eq!(make(&[("A", 1), ("B", 0)], &[1]).unwrap_err(), SchemeError::Ratio);
    assert_eq!(make(&AB, &[0, 0]).unwrap_err(), SchemeError::Weights);
    let scheme = make(&AB, &[1]).unwrap();
    for counts in [vec![], vec![vec![0]], vec![vec![0, 0], vec![0, 0]]] {
        assert_eq!(minimise(&scheme, &counts).unwrap_err(), SchemeError::Counts);
    }
}

#[test]
fn m12_a_factor_at_a_site_that_opened_yesterday_ties_and_the_others_decide() {
    let scheme = scheme(&AB, &[1, 1], "0.8");
    assert_eq!(says(&scheme, &[&[0, 0], &[4, 2]]).1, "B");
    assert_eq!(says(&scheme, &[&[0, 0], &[2, 4]]).1, "A");
}

#[test]
fn ratios_are_taken_in_lowest_terms_and_unequal_arms_are_split() {
    let split =
        |ratio: [(&'static str, u32); 2]| Scheme::new(ratio, [1], false, true, p("0.8"), false).unwrap().arms;
    assert_eq!(split([("A", 4), ("B", 2)]), ["A#1", "A#2", "B"]);
    assert_eq!(split([("A", 2), ("B", 2)]), ["A", "B"]);
}

/// Columns of the field notes: sex, site, stage; G of A and B; the arm that was given.
#[test]
fn the_replay_sequence_of_the_notes_is_met_step_by_step() {
    let sequence = [
        ("M s1 II", [3, 3], "A"),
        ("F s1 III", [4, 2], "B"),
        ("M s2 III", [3, 3], "A"),
        ("M s1 III", [5, 3], "B"),
        ("F s2 II", [4, 2], "B"),
        ("M s1 II", [3, 3], "B"),
        ("F s1 III", [2, 8], "A"),
        ("M s2 II", [2, 4], "A"),
        ("F s1 II", [1, 5], "A"),
        ("M s1 III", [4, 2], "B"),
    ];
    let scheme = scheme(&AB, &[1, 1, 1], "0.8");
    let mut counts: std::collections::BTreeMap<&str, [u32; 2]> = Default::default();
    for (number, (levels, expected, arm)) in sequence.into_iter().enumerate() {
        let rows: Vec<Vec<u32>> =
            levels.split(' ').map(|l| counts.get(l).copied().unwrap_or_default().to_vec()).collect();
        let choice = minimise(&scheme, &rows).unwrap();
        assert_eq!(choice.imbalance, expected, "newcomer {}", number + 1);
        let arm = if arm == "A" { 0 } else { 1 };
        assert!(choice.preferred.contains(&arm), "newcomer {}", number + 1);
        levels.split(' ').for_each(|l| counts.entry(l).or_default()[arm] += 1);
    }
}

/// A trial of `n` newcomers with factors of these numbers of levels, each level equally likely.
fn trial(
    scheme: &Scheme,
    levels: &[u64],
    n: u64,
    rng: &Rng,
    from: u64,
    mut each: impl FnMut(u64, usize, &Choice),
) -> Vec<Vec<Vec<u32>>> {
    let k = scheme.arms.len();
    let mut table: Vec<Vec<Vec<u32>>> = levels.iter().map(|l| vec![vec![0; k]; *l as usize]).collect();
    let words = levels.len() as u64 + 1;
    for newcomer in 0..n {
        let at = from + newcomer * words;
        let own: Vec<usize> =
            levels.iter().enumerate().map(|(f, l)| rng.draw(at + f as u64, *l) as usize).collect();
        let counts: Vec<Vec<u32>> = own.iter().enumerate().map(|(f, l)| table[f][*l].clone()).collect();
        let choice = minimise(scheme, &counts).unwrap();
        let arm = arm_at(&choice.probabilities, rng.draw(at + words - 1, choice.total)).unwrap();
        own.iter().enumerate().for_each(|(f, l)| table[f][*l][arm] += 1);
        each(newcomer, arm, &choice);
    }
    table
}

fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

const LEVELS: [u64; 4] = [10, 2, 2, 2];

/// Table M8: share of A, P(A) of the first three newcomers, worst marginal |A/2 - B|; 2:1, 150 newcomers.
#[test]
fn m8_virtual_arms_keep_the_ratio_at_every_participant_and_han_does_not() {
    let rng = Rng::new(&[8; 32], "m8", "a", Purpose::Arm);
    for (split, share, first, worst) in
        [(true, 0.6667, [0.666, 0.665, 0.669], 3.06), (false, 0.6663, [0.900, 0.717, 0.551], 2.97)]
    {
        let scheme = Scheme::new([("A", 2), ("B", 1)], [1; 4], false, split, p("0.8"), false).unwrap();
        let is_a = |arm: usize| scheme.of[arm] == 0;
        let (mut shares, mut worsts, mut firsts) = (Vec::new(), Vec::new(), [const { Vec::new() }; 3]);
        for t in 0..30u64 {
            let mut a = 0.0;
            let table = trial(&scheme, &LEVELS, 150, &rng, t * 1000, |newcomer, arm, choice| {
                a += f64::from(u8::from(is_a(arm)));
                if let Some(first) = firsts.get_mut(newcomer as usize) {
                    let pa: u64 = choice
                        .probabilities
                        .iter()
                        .enumerate()
                        .filter(|(k, _)| is_a(*k))
                        .map(|(_, p)| p)
                        .sum();
                    first.push(pa as f64 / choice.total as f64);
                }
            });
            shares.push(a / 150.0);
            let spread = |row: &Vec<u32>| {
                let (a, b) = row.iter().enumerate().fold((0.0, 0.0), |(a, b), (k, n)| {
                    if is_a(k) { (a + f64::from(*n), b) } else { (a, b + f64::from(*n)) }
                });
                (a / 2.0 - b).abs()
            };
            worsts.push(table.iter().flatten().map(spread).fold(0.0, f64::max));
        }
        // Four standard errors, ours and the table's, and half a unit of the table's last digit.
        let near = |values: &[f64], expected: f64, digit: f64, theirs: f64, what: &str| {
            let (mean, ours) = mean_and_error(values);
            let bound = 4.0 * ours.hypot(theirs) + digit / 2.0;
            assert!((mean - expected).abs() <= bound, "{what}: {mean} ± {ours}, table {expected}");
        };
        near(&shares, share, 0.0001, 0.0, "share of A");
        near(&worsts, worst, 0.01, 0.0, "worst marginal");
        for (n, expected) in first.into_iter().enumerate() {
            // The table counts arms over 200,000 trials.
            let theirs = (expected * (1.0 - expected) / 200_000.0_f64).sqrt();
            near(&firsts[n], expected, 0.001, theirs, "P(A) of an early newcomer");
        }
    }
}

/// The simulation reference: 1:1, range, 200 newcomers; mean |A - B| and mean worst marginal difference.
#[test]
fn the_simulated_reference_of_equal_arms_is_met() {
    let rng = Rng::new(&[9; 32], "ref", "a", Purpose::Arm);
    for (follow, overall, worst) in
        [("0.7", 1.97, 6.32), ("0.8", 1.19, 4.90), ("0.9", 0.75, 3.87), ("1", 0.44, 3.05)]
    {
        let scheme = scheme(&AB, &[1; 4], follow);
        let (mut overalls, mut worsts) = (Vec::new(), Vec::new());
        for t in 0..30u64 {
            let mut a = 0.0;
            let table = trial(&scheme, &LEVELS, 200, &rng, t * 1000, |_, arm, _| {
                a += if arm == 0 { 1.0 } else { -1.0 }
            });
            overalls.push(f64::abs(a));
            worsts.push(table.iter().flatten().map(|r| f64::from(r[0].abs_diff(r[1]))).fold(0.0, f64::max));
        }
        for (values, expected) in [(&overalls, overall), (&worsts, worst)] {
            let (mean, error) = mean_and_error(values);
            // The table is printed to 0.01 with standard errors up to 0.02, mostly far less.
            assert!(
                (mean - expected).abs() <= 4.0 * error + 0.005,
                "p {follow}: {mean} ± {error}, table {expected}"
            );
        }
    }
}

const NAMES: [&str; 4] = ["A", "B", "C", "D"];

/// Ratio, weights, counts, measure, splitting.
type Any = (Vec<u32>, Vec<u32>, Vec<Vec<u32>>, bool, bool);

fn any_scheme() -> impl Strategy<Value = Any> {
    (2usize..=4, 1usize..=3).prop_flat_map(|(arms, factors)| {
        let ratio = prop::collection::vec(1u32..=4, arms);
        let weights = prop::collection::vec(0u32..=3, factors);
        // As many columns as any splitting can make.
        let counts = prop::collection::vec(prop::collection::vec(0u32..60, 16), factors);
        (ratio, weights, counts, any::<bool>(), any::<bool>())
    })
}

fn made((ratio, weights, counts, variance, split): &Any) -> Option<(Scheme, Vec<Vec<u32>>)> {
    let ratio = NAMES.iter().copied().zip(ratio.iter().copied());
    let scheme = Scheme::new(ratio, weights.iter().copied(), *variance, *split, p("0.9"), false).ok()?;
    let counts = counts.iter().map(|row| row[..scheme.arms.len()].to_vec()).collect();
    Some((scheme, counts))
}

proptest! {
    #[test]
    fn whole_numbers_say_what_the_definition_says(any in any_scheme()) {
        let Some((scheme, counts)) = made(&any) else { return Ok(()) };
        let choice = minimise(&scheme, &counts).unwrap();
        for arm in 0..scheme.arms.len() {
            let g: f64 = counts.iter().zip(&scheme.weights).map(|(row, weight)| {
                let x: Vec<f64> = row.iter().zip(&scheme.ratio).enumerate()
                    .map(|(k, (n, r))| (f64::from(*n) + f64::from(u8::from(k == arm))) / *r as f64).collect();
                let mean = x.iter().sum::<f64>() / x.len() as f64;
                let spread = if any.3 {
                    x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (x.len() as f64 - 1.0)
                } else {
                    x.iter().copied().fold(f64::MIN, f64::max) - x.iter().copied().fold(f64::MAX, f64::min)
                };
                *weight as f64 * spread
            }).sum();
            let ours = choice.imbalance[arm] as f64 / scheme.scale() as f64;
            prop_assert!((ours - g).abs() < 1e-9 * (1.0 + g), "{ours} {g}");
        }
    }

    #[test]
    fn probabilities_add_up_and_everybody_can_be_given_every_arm(any in any_scheme()) {
        let Some((scheme, counts)) = made(&any) else { return Ok(()) };
        let choice = minimise(&scheme, &counts).unwrap();
        prop_assert_eq!(choice.probabilities.iter().sum::<u64>(), choice.total);
        prop_assert!(choice.probabilities.iter().all(|p| *p > 0));
        let least = choice.imbalance.iter().min().unwrap();
        for (arm, g) in choice.imbalance.iter().enumerate() {
            prop_assert_eq!(choice.preferred.contains(&arm), g == least);
        }
        // Seen by its share, a preferred arm is likelier than one that is not.
        let by_share = |arm: usize| choice.probabilities[arm] as f64 / scheme.ratio[arm] as f64;
        for arm in (0..scheme.arms.len()).filter(|a| !choice.preferred.contains(a)) {
            prop_assert!(choice.preferred.iter().all(|best| by_share(*best) > by_share(arm)));
        }
    }

    #[test]
    fn what_all_arms_have_in_proportion_changes_nothing(any in any_scheme(), more in 0u32..50) {
        let Some((scheme, counts)) = made(&any) else { return Ok(()) };
        let grown: Vec<Vec<u32>> =
            counts.iter().map(|row| row.iter().zip(&scheme.ratio).map(|(n, r)| n + more * *r as u32).collect()).collect();
        prop_assert_eq!(minimise(&scheme, &counts).unwrap(), minimise(&scheme, &grown).unwrap());
    }
}
