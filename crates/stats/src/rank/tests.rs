use super::*;
use proptest::prelude::*;

fn close(got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() <= tolerance * expected.abs().max(1e-6), "{got} for {expected}");
}

const FIRST: [f64; 9] = [1.83, 0.5, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.3];
#[expect(clippy::approx_constant, reason = "a measured value")]
const SECOND: [f64; 9] = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];

fn route(p: RankP) -> RankOptions {
    RankOptions { p, ..RankOptions::default() }
}

/// Hollander and Wolfe 1973, p. 29; R wilcox.test(paired = TRUE), coin, exactRankTests.
#[test]
fn signed_rank_of_the_depression_scores_equals_r() {
    let d: Vec<f64> = FIRST.iter().zip(SECOND).map(|(a, b)| a - b).collect();
    let r = signed_rank(&d, route(RankP::RDefault)).unwrap();
    assert_eq!(r.v, 40.0);
    close(r.test.p, 0.0390625, 1e-12);
    close(r.hodges_lehmann.estimate, 0.46, 1e-12);
    close(r.hodges_lehmann.lower, 0.010000000000000009, 1e-12);
    close(r.hodges_lehmann.upper, 0.786, 1e-12);
    close(signed_rank(&d, route(RankP::NormalCorrected)).unwrap().test.p, 0.044010984012951455, 1e-12);
    close(r.z, 2.073221072156823, 1e-12);
    assert_eq!(sign_test(&d, crate::inference::Alternative::TwoSided).unwrap().positive, 7);
}

/// Student's sleep data: ties and a zero.
#[test]
fn ties_and_zeros_follow_the_rule_that_was_named() {
    let d = [-1.2, -2.4, -1.3, -1.3, 0.0, -1.0, -1.8, -0.8, -4.6, -1.4];
    close(signed_rank(&d, route(RankP::Exact)).unwrap().test.p, 0.00390625, 1e-12);
    let r = signed_rank(&d, route(RankP::RDefault)).unwrap();
    close(r.test.p, 0.009090698015925056, 1e-12);
    close(r.hodges_lehmann.estimate, -1.4, 1e-12);
    close(r.hodges_lehmann.lower, -2.95, 1e-9);
    close(r.hodges_lehmann.upper, -1.05, 1e-9);
    let pratt = RankOptions { zeros: Zeros::Pratt, p: RankP::Normal, ..RankOptions::default() };
    close(signed_rank(&d, pratt).unwrap().z, -2.7574717744160924, 1e-12);
}

/// Hollander and Wolfe 1973, p. 69; R wilcox.test.
#[test]
fn rank_sum_of_the_permeability_data_equals_r() {
    let x = [0.8, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
    let y = [1.15, 0.88, 0.9, 0.74, 1.21];
    let r = rank_sum(&x, &y, route(RankP::RDefault)).unwrap();
    assert_eq!(r.w, 35.0);
    close(r.test.p, 0.2544122544122544, 1e-12);
    close(r.hodges_lehmann.estimate, 0.305, 1e-12);
    close(r.hodges_lehmann.lower, -0.15, 1e-12);
    close(r.hodges_lehmann.upper, 0.76, 1e-12);
    close(rank_sum(&x, &y, route(RankP::NormalCorrected)).unwrap().test.p, 0.24462360512698336, 1e-12);
}

#[test]
fn the_exact_distribution_counts_every_arrangement() {
    // all 10 choices of 2 of 5 with ties, counted by hand: ranks 1.5 1.5 3 4.5 4.5
    let r = rank_sum(&[2.0, 2.0], &[1.0, 1.0, 1.5], route(RankP::Exact)).unwrap();
    close(r.test.p, 0.2, 1e-12);
    let one = RankOptions { alternative: crate::inference::Alternative::Greater, ..route(RankP::Exact) };
    close(rank_sum(&[2.0, 2.0], &[1.0, 1.0, 1.5], one).unwrap().test.p, 0.1, 1e-12);
    // the larger sample is counted through the smaller one
    close(rank_sum(&[1.0, 1.0, 1.5], &[2.0, 2.0], one).unwrap().test.p, 1.0, 1e-12);
}

/// Hollander and Wolfe 1973, p. 187 (cor.test of R); Pearson by scipy.
#[test]
fn rank_correlations_equal_r() {
    let x = [44.4, 45.9, 41.9, 53.3, 44.7, 44.1, 50.7, 45.2, 60.1];
    let y = [2.6, 3.1, 2.5, 5.0, 3.6, 4.0, 5.2, 2.8, 3.8];
    let two = crate::inference::Alternative::TwoSided;
    let k = kendall(&x, &y, CorrelationP::Exact, two, Level::default()).unwrap();
    close(k.estimate.estimate, 0.4444444444444444, 1e-12);
    close(k.test.p, 0.1194389329805996, 1e-10);
    let s = spearman(&x, &y, CorrelationP::Exact, two, Level::default()).unwrap();
    close(s.estimate.estimate, 0.6, 1e-12);
    // 35126 of 9! orderings; R prints 0.0968
    close(s.test.p, 35126.0 / 362880.0, 1e-12);
    let p = pearson(&x, &y, two, Level::default()).unwrap();
    close(p.estimate.estimate, 0.5711815575638288, 1e-12);
    close(p.test.p, 0.10817305434949381, 1e-12);
}

#[test]
fn jonckheere_of_two_groups_without_ties_is_the_rank_sum_test() {
    let (x, y) = ([1.0, 4.0, 2.5], [3.0, 5.0, 6.0, 2.0]);
    let j = jonckheere(&[&x, &y], crate::inference::Alternative::Greater).unwrap();
    let opposite = RankOptions { alternative: crate::inference::Alternative::Less, ..route(RankP::Normal) };
    close(j.p, rank_sum(&x, &y, opposite).unwrap().test.p, 1e-12);
    let tied = [2.0, 4.0, 2.5];
    let j = jonckheere(&[&tied, &y], crate::inference::Alternative::Greater).unwrap();
    close(j.p, rank_sum(&tied, &y, opposite).unwrap().test.p, 1e-12);
}

#[test]
fn kruskal_wallis_of_two_groups_is_the_squared_rank_sum_statistic() {
    let (x, y) = ([1.0, 4.0, 2.0, 2.0], [3.0, 5.0, 6.0, 2.0]);
    let k = kruskal_wallis(&[&x, &y]).unwrap();
    close(k.statistic.unwrap(), rank_sum(&x, &y, route(RankP::Normal)).unwrap().z.powi(2), 1e-12);
}

#[test]
fn data_without_information_are_refused_by_name() {
    assert!(signed_rank(&[0.0, 0.0], RankOptions::default()).is_err());
    assert!(signed_rank(&[], RankOptions::default()).is_err());
    assert!(rank_sum(&[1.0, 1.0], &[1.0], RankOptions::default()).is_err());
    assert!(rank_sum(&[], &[1.0], RankOptions::default()).is_err());
    assert!(rank_sum(&[f64::NAN], &[1.0], RankOptions::default()).is_err());
    assert!(kruskal_wallis(&[&[1.0, 1.0], &[1.0]]).is_err());
    assert!(kruskal_wallis(&[&[1.0, 2.0]]).is_err());
    let two = crate::inference::Alternative::TwoSided;
    assert!(
        spearman(&[1.0; 5], &[1.0, 2.0, 3.0, 4.0, 5.0], CorrelationP::Approximate, two, Level::default())
            .is_err()
    );
    assert!(jonckheere(&[&[1.0], &[1.0]], two).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn rank_tests_give_a_probability_and_ordered_limits_or_a_reason(
        x in prop::collection::vec(-4i32..5, 0..14), y in prop::collection::vec(-4i32..5, 0..14),
        p in prop::sample::select(vec![RankP::Exact, RankP::Normal, RankP::NormalCorrected, RankP::RDefault]),
    ) {
        let x: Vec<f64> = x.into_iter().map(f64::from).collect();
        let y: Vec<f64> = y.into_iter().map(f64::from).collect();
        if let Ok(r) = rank_sum(&x, &y, route(p)) {
            prop_assert!(r.test.p > 0.0 && r.test.p <= 1.0);
            prop_assert!(r.hodges_lehmann.lower <= r.hodges_lehmann.upper);
        }
        if let Ok(r) = signed_rank(&x, route(p)) {
            prop_assert!(r.test.p > 0.0 && r.test.p <= 1.0);
            prop_assert!(r.hodges_lehmann.lower <= r.hodges_lehmann.upper, "{:?}", r);
        }
        if x.len() == y.len() {
            let two = crate::inference::Alternative::TwoSided;
            if let Ok(k) = kendall(&x, &y, CorrelationP::Approximate, two, Level::default()) {
                prop_assert!(k.test.p.is_finite() && k.estimate.lower <= k.estimate.upper);
            }
        }
    }
}

proptest! {
    /// Also where the first sample is the smaller one.
    #[test]
    fn exchanged_samples_change_the_sign_of_the_shift_and_of_its_limits(
        m in 3..12_usize, n in 3..12_usize, seed in 0..1000_u64
    ) {
        let mut random = crate::random::Philox::new(seed, 1);
        let x: Vec<f64> = (0..m).map(|_| random.normal() + 0.5).collect();
        let y: Vec<f64> = (0..n).map(|_| random.normal()).collect();
        let (a, b) = (
            rank_sum(&x, &y, route(RankP::Exact)).unwrap().hodges_lehmann,
            rank_sum(&y, &x, route(RankP::Exact)).unwrap().hodges_lehmann,
        );
        prop_assert_eq!((a.lower, a.estimate, a.upper), (-b.upper, -b.estimate, -b.lower));
        prop_assert!(a.lower <= a.estimate && a.estimate <= a.upper);
    }
}

/// exactRankTests 0.8-35 and coin 1.4-2 on the third visit of the book's data, which have ties; R's own limits for pairs.
#[test]
fn exact_limits_with_ties_are_those_of_exact_rank_tests_and_coin() {
    let table = include_str!("../../../../docs/stats/data/visits.csv");
    let cells: Vec<Vec<&str>> = table.lines().skip(1).map(|l| l.split(',').collect()).collect();
    let of = |arm: &str| -> Vec<f64> {
        cells.iter().filter(|c| c[3] == "3" && c[1] == arm).filter_map(|c| c[5].parse().ok()).collect()
    };
    let r = rank_sum(&of("A"), &of("B"), RankOptions::default()).unwrap();
    assert!((r.hodges_lehmann.lower + 5.2).abs() < 1e-9, "{}", r.hodges_lehmann.lower);
    assert!((r.hodges_lehmann.upper - 4.9).abs() < 1e-9, "{}", r.hodges_lehmann.upper);
    assert!((r.test.p - 0.947_253_636).abs() < 1e-8);
}

/// Without ties the inversion gives the ordered differences and Walsh averages that the tables give.
#[test]
fn inverting_the_exact_test_without_ties_gives_the_ordered_differences() {
    let x = [1.1, 2.7, 3.2, 4.9, 6.3, 7.7];
    let y = [0.4, 2.2, 2.9, 5.8, 8.6];
    let mut differences: Vec<f64> = x.iter().flat_map(|a| y.iter().map(move |b| a - b)).collect();
    differences.sort_by(f64::total_cmp);
    let p = |d: f64, side: Alternative| {
        let moved: Vec<f64> = x.iter().map(|v| v - d).collect();
        rank_sum(&moved, &y, RankOptions { alternative: side, ..RankOptions::default() }).unwrap().test.p
    };
    let (limits, reached) =
        exact_limits(&differences, 0.025, |d| p(d, Alternative::Greater), |d| p(d, Alternative::Less));
    let table = rank_sum(&x, &y, RankOptions::default()).unwrap().hodges_lehmann;
    assert!(reached);
    assert_eq!(limits, (table.lower, table.upper));
}
