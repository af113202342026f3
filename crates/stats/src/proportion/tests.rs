use super::*;
use crate::inference::{Alternative, Level, Sides};
use proptest::prelude::*;

fn close(got: f64, expected: f64, tolerance: f64) {
    let difference = if got == expected { 0.0 } else { (got - expected).abs() };
    assert!(difference <= tolerance * expected.abs().max(1e-6), "{got} for {expected}");
}

fn interval(x: u64, n: u64, method: BinomialMethod, level: f64) -> [f64; 2] {
    binomial_interval(Count::new(x, n), method, Level::two_sided(level)).unwrap().limits()
}

/// R 4.2.2: binom.test, prop.test, qbeta; mid-P by root search.
#[test]
fn limits_of_one_proportion_equal_those_of_r() {
    let cases = [
        (BinomialMethod::ClopperPearson, 7, 21, [0.1458769423430967, 0.5696754829041242]),
        (BinomialMethod::Wilson, 7, 21, [0.17194752605083477, 0.5462654802574475]),
        (BinomialMethod::WilsonCorrectedR, 7, 21, [0.15481353060529487, 0.5689494096006917]),
        (BinomialMethod::MidP, 7, 21, [0.1589633906954211, 0.5509942672530382]),
        (BinomialMethod::Jeffreys, 7, 21, [0.1632227345097802, 0.5459686264257404]),
        (BinomialMethod::ClopperPearson, 0, 10, [0.0, 0.30849710781876083]),
        (BinomialMethod::Wilson, 0, 10, [0.0, 0.27753279986288915]),
        (BinomialMethod::Jeffreys, 0, 10, [4.789043315758201e-05, 0.2171962675092105]),
        (BinomialMethod::JeffreysEdges, 0, 10, [0.0, 0.2171962675092105]),
        (BinomialMethod::ClopperPearson, 81, 263, [0.2527367455852712, 0.3676219226013514]),
    ];
    for (method, x, n, [lower, upper]) in cases {
        let got = interval(x, n, method, 0.95);
        close(got[0], lower, 1e-10);
        close(got[1], upper, 1e-10);
    }
}

#[test]
fn the_two_corrections_of_wilson_differ_only_where_the_count_is_near_half() {
    // R takes min(1/2, |x - n/2|): nothing at x = n/2
    assert_eq!(
        interval(5, 10, BinomialMethod::WilsonCorrectedR, 0.95),
        interval(5, 10, BinomialMethod::Wilson, 0.95)
    );
    let sas = interval(5, 10, BinomialMethod::WilsonCorrected, 0.95);
    // closed form of Newcombe 1998 (Stat Med 17: 857), method 4
    let (n, p, z) = (10.0_f64, 0.5, 1.959963984540054_f64);
    let root = (z * z - 2.0 - 1.0 / n + 4.0 * p * (n * (1.0 - p) + 1.0)).sqrt();
    close(sas[0], (2.0 * n * p + z * z - 1.0 - z * root) / (2.0 * (n + z * z)), 1e-12);
    assert_eq!(
        interval(7, 21, BinomialMethod::WilsonCorrectedR, 0.9),
        interval(7, 21, BinomialMethod::WilsonCorrected, 0.9)
    );
}

/// Newcombe 1998 (Stat Med 17: 873), table II, 56/70 against 48/80: methods 1, 2 (Mee), 4 (Miettinen-Nurminen), 10, 11.
#[test]
fn risk_difference_limits_equal_the_published_table_of_newcombe() {
    let cases = [
        (DifferenceMethod::Wald, [0.0575, 0.3425]),
        (DifferenceMethod::WaldCorrected, [0.0441, 0.3559]),
        (DifferenceMethod::Mee, [0.0533, 0.3377]),
        (DifferenceMethod::MiettinenNurminen, [0.0528, 0.3382]),
        (DifferenceMethod::Newcombe, [0.0524, 0.3339]),
        (DifferenceMethod::NewcombeCorrected, [0.0428, 0.3422]),
    ];
    for (method, expected) in cases {
        let got = risk_difference(Count::new(56, 70), Count::new(48, 80), method, Level::default())
            .unwrap()
            .limits();
        for (g, e) in got.iter().zip(expected) {
            assert!((g - e).abs() < 5.1e-5, "{method:?} {got:?}");
        }
    }
}

#[test]
fn score_limits_solve_their_equation() {
    let (a, b) = (Count::new(20, 100), Count::new(30, 100));
    let limits = risk_difference(a, b, DifferenceMethod::MiettinenNurminen, Level::default()).unwrap();
    for (limit, sign) in [(limits.lower, 1.0), (limits.upper, -1.0)] {
        let z = restricted::difference_score(a, b, limit, 200.0 / 199.0);
        close(z * sign, 1.959963984540054, 1e-9);
    }
    let limits = risk_ratio(a, b, RatioMethod::Koopman, Level::default()).unwrap();
    close(restricted::ratio_score(a, b, limits.lower, 1.0), 1.959963984540054, 1e-9);
}

/// R fisher.test for p; odds ratio and limits by bisection to full precision.
#[test]
fn fisher_equals_r_and_the_precise_odds_ratio() {
    let f = fisher_2x2([[10, 3], [2, 15]], TwoSidedRule::SmallProbabilities, Level::default()).unwrap();
    close(f.p_two_sided, 0.0005367241191434373, 1e-12);
    close(f.p_greater_mid, 0.00024033096233838007, 1e-12);
    close(f.odds_ratio.estimate, 21.305317556750346, 1e-11);
    close(f.odds_ratio.lower, 2.7533827882493207, 1e-11);
    close(f.odds_ratio.upper, 301.46233797151723, 1e-11);
    let f = fisher_2x2([[7, 0], [12, 5]], TwoSidedRule::SmallProbabilities, Level::default()).unwrap();
    assert_eq!(f.odds_ratio.estimate, f64::INFINITY);
    close(f.odds_ratio.lower, 0.392399375004282, 1e-11);
}

/// R: fisher.test(Job) of Agresti 2002, p. 57.
#[test]
fn fisher_of_a_larger_table_equals_r_and_the_two_by_two_test() {
    let job = [[1, 3, 10, 6], [2, 3, 10, 7], [1, 6, 14, 12], [0, 1, 9, 11]].map(|r| r.to_vec());
    close(fisher_rxc(&job).unwrap().p, 0.7826849389656388, 1e-10);
    let small = [vec![10, 3], vec![2, 15]];
    close(fisher_rxc(&small).unwrap().p, 0.0005367241191434373, 1e-10);
    let drawn = fisher_rxc_monte_carlo(&job, 20_000, 1).unwrap();
    assert!((drawn.test.p - 0.7826849389656388).abs() < 4.0 * drawn.standard_error);
}

/// scipy 1.17.1 barnard_exact, boschloo_exact of [[7, 0], [12, 5]] and [[10, 3], [2, 15]]: the columns are the groups.
#[test]
fn unconditional_tests_equal_scipy() {
    let (a, b) = (Count::new(7, 19), Count::new(0, 5));
    let t = barnard(a, b, Alternative::TwoSided).unwrap();
    close(t.statistic.unwrap(), 1.612643542462636, 1e-12);
    close(t.p, 0.1298499619468522, 1e-8);
    close(
        boschloo(a, b, Alternative::TwoSided, BoschlooSides::Doubled).unwrap().p,
        0.13272399100546803,
        1e-8,
    );
    let (a, b) = (Count::new(10, 12), Count::new(3, 18));
    close(barnard(a, b, Alternative::TwoSided).unwrap().p, 0.0002801995724439612, 1e-8);
    close(
        boschloo(a, b, Alternative::TwoSided, BoschlooSides::Doubled).unwrap().p,
        0.0003057760045434259,
        1e-8,
    );
}

#[test]
fn exact_difference_limits_hold_their_level_and_contain_the_estimate() {
    let e = exact_difference(Count::new(7, 9), Count::new(2, 11), Level::default()).unwrap();
    assert!(e.lower < e.estimate && e.estimate < e.upper);
    // at least as wide as asymptotic score limits here
    let m = risk_difference(Count::new(7, 9), Count::new(2, 11), DifferenceMethod::Mee, Level::default())
        .unwrap();
    assert!(e.lower < m.lower + 0.02 && e.upper > m.upper - 0.02, "{e:?} {m:?}");
}

/// R: UCBAdmissions, mantelhaen.test with correct = TRUE, FALSE and exact = TRUE.
#[test]
fn mantel_haenszel_of_berkeley_admissions_equals_r() {
    let tables = [
        [[512, 89], [313, 19]],
        [[353, 17], [207, 8]],
        [[120, 202], [205, 391]],
        [[138, 131], [279, 244]],
        [[53, 94], [138, 299]],
        [[22, 24], [351, 317]],
    ];
    let m = mantel_haenszel(&tables, Yates::None, Level::default()).unwrap();
    close(m.test.statistic.unwrap(), 1.5246066604434356, 1e-12);
    close(m.odds_ratio.lower, 0.7719073617593505, 1e-12);
    close(
        mantel_haenszel(&tables, Yates::Corrected, Level::default()).unwrap().test.p,
        0.23226346281704827,
        1e-10,
    );
    let e = mantel_haenszel_exact(&tables, TwoSidedRule::SmallProbabilities, Level::default()).unwrap();
    close(e.p_two_sided, 0.22776252679820608, 1e-10);
}

/// Fleiss 1981, p. 139; R prop.trend.test and prop.test.
#[test]
fn trend_and_homogeneity_equal_r() {
    let g = [(83, 86), (90, 93), (129, 136), (70, 82)].map(|(x, n)| Count::new(x, n));
    close(
        cochran_armitage(&g, None, Alternative::TwoSided).unwrap().statistic.unwrap(),
        8.22492228519771,
        1e-12,
    );
    close(homogeneity(&g).unwrap().statistic.unwrap(), 12.60041129712764, 1e-12);
}

#[test]
fn the_exact_trend_test_of_two_groups_is_fishers() {
    let g = [Count::new(2, 17), Count::new(10, 13)];
    let rule = TwoSidedRule::SmallProbabilities;
    let f = fisher_2x2([[10, 3], [2, 15]], rule, Level::default()).unwrap();
    close(cochran_armitage_exact(&g, None, Alternative::TwoSided, rule).unwrap().p, f.p_two_sided, 1e-12);
    close(cochran_armitage_exact(&g, None, Alternative::Greater, rule).unwrap().p, f.p_greater, 1e-12);
}

/// Agresti 1990 p. 350 (approval ratings); R mcnemar.test, binom.test.
#[test]
fn mcnemar_equals_r() {
    let m = mcnemar([[794, 150], [86, 570]], Level::default()).unwrap();
    close(m.exact.p, 3.71593613957143e-05, 1e-11);
    close(m.mid_p.p, 2.8933895176154746e-05, 1e-11);
    close(m.chi2_corrected.statistic.unwrap(), 16.81779661016949, 1e-12);
    close(m.odds_ratio.upper, 2.3009790804219943, 1e-11);
    let d =
        paired_difference([[794, 150], [86, 570]], PairedDifferenceMethod::Wald, Level::default()).unwrap();
    close(d.lower, 0.021283883249668338, 1e-11);
}

#[test]
fn paired_limits_contain_the_difference_even_at_the_edges() {
    for table in [[[36, 12], [2, 0]], [[0, 4], [4, 3]], [[2, 1], [0, 9]], [[5, 0], [0, 5]], [[0, 10], [0, 0]]]
    {
        for method in PairedDifferenceMethod::ALL {
            let e = paired_difference(table, method, Level::default()).unwrap();
            assert!(e.lower <= e.estimate && e.estimate <= e.upper, "{method:?} {table:?} {e:?}");
        }
    }
}

#[test]
fn degenerate_tables_are_refused_by_name() {
    use crate::StatsError;
    let none = Count::new(0, 0);
    assert_eq!(binomial_interval(none, BinomialMethod::Wilson, Level::default()), Err(StatsError::NoRows));
    assert!(matches!(
        binomial_interval(Count::new(3, 2), BinomialMethod::Wilson, Level::default()),
        Err(StatsError::Option { .. })
    ));
    assert!(matches!(
        binomial_interval(Count::new(1, 2), BinomialMethod::Wilson, Level::two_sided(1.0)),
        Err(StatsError::Option { .. })
    ));
    assert!(mcnemar([[5, 0], [0, 5]], Level::default()).is_err());
    assert!(fisher_2x2([[0, 0], [2, 3]], TwoSidedRule::default(), Level::default()).is_err());
    assert!(pearson_chi2(Count::new(0, 5), Count::new(0, 4), Yates::None).is_err());
    assert!(risk_ratio(Count::new(0, 5), Count::new(0, 4), RatioMethod::Koopman, Level::default()).is_err());
    assert!(mantel_haenszel(&[[[0, 0], [1, 2]]], Yates::None, Level::default()).is_err());
    assert!(homogeneity(&[Count::new(0, 5), Count::new(0, 4)]).is_err());
    assert!(fisher_rxc(&[vec![1, 2], vec![0, 0]]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn every_interval_is_ordered_within_its_range_and_contains_the_estimate(
        n1 in 1u64..60, n2 in 1u64..60, f1 in 0.0..=1.0_f64, f2 in 0.0..=1.0_f64, level in 0.01..0.999_f64,
    ) {
        let a = Count::new((f1 * n1 as f64) as u64, n1);
        let b = Count::new((f2 * n2 as f64) as u64, n2);
        let level = Level::two_sided(level);
        for method in BinomialMethod::ALL {
            let e = binomial_interval(a, method, level).unwrap();
            prop_assert!(0.0 <= e.lower && e.lower <= e.upper && e.upper <= 1.0, "{:?}", e);
        }
        let cp = binomial_interval(a, BinomialMethod::ClopperPearson, level).unwrap();
        prop_assert!(cp.lower <= cp.estimate && cp.estimate <= cp.upper);
        for method in DifferenceMethod::ALL {
            let e = risk_difference(a, b, method, level).unwrap();
            prop_assert!(-1.0 <= e.lower && e.lower <= e.upper && e.upper <= 1.0, "{:?}", e);
        }
        for method in RatioMethod::ALL {
            if let Ok(e) = risk_ratio(a, b, method, level) {
                prop_assert!(0.0 <= e.lower && e.lower <= e.estimate && e.estimate <= e.upper, "{:?}", e);
            }
        }
        if let Ok(f) = fisher_2x2([[a.x, a.n - a.x], [b.x, b.n - b.x]], TwoSidedRule::default(), level) {
            prop_assert!(f.p_two_sided > 0.0 && f.p_two_sided <= 1.0);
            prop_assert!(f.odds_ratio.lower <= f.odds_ratio.estimate && f.odds_ratio.estimate <= f.odds_ratio.upper);
        }
    }

    #[test]
    fn a_clopper_pearson_limit_is_the_proportion_at_which_the_tail_is_the_error(n in 1u64..2000, f in 0.0..=1.0_f64) {
        let a = Count::new((f * n as f64) as u64, n);
        let e = binomial_interval(a, BinomialMethod::ClopperPearson, Level { level: 0.975, sides: Sides::Lower }).unwrap();
        if a.x > 0 {
            prop_assert!((crate::special::binomial_upper(a.x, n, e.lower) / 0.025 - 1.0).abs() < 1e-10);
        }
        prop_assert_eq!(e.upper, 1.0);
    }
}

#[test]
fn score_limits_of_a_ratio_exist_whenever_a_group_has_a_success() {
    for (x1, n1, x2, n2) in
        [(12, 26, 16, 27), (0, 10, 3, 9), (3, 9, 0, 10), (10, 10, 9, 9), (1, 2000, 1999, 2000)]
    {
        for method in [RatioMethod::Koopman, RatioMethod::MiettinenNurminen] {
            let e = risk_ratio(Count::new(x1, n1), Count::new(x2, n2), method, Level::default()).unwrap();
            assert!(e.lower <= e.estimate && e.estimate <= e.upper, "{e:?}");
        }
    }
}

/// gsDesign's ciBinomial prints .30608 to 1.11231 with errors of 1e-4; here the limits solve the equation, and at the odds
/// ratio of one the statistic is that of Pearson's chi-square.
#[test]
fn score_limits_of_an_odds_ratio_solve_their_equation() {
    let (a, b) = (Count::new(20, 100), Count::new(30, 100));
    let e = odds_ratio_score(a, b, RatioMethod::Koopman, Level::default()).unwrap();
    close(e.lower, 0.30608323303186313, 1e-3);
    close(e.upper, 1.1123061939888121, 1e-3);
    close(restricted::odds_score(a, b, e.lower, 1.0), 1.959963984540054, 1e-9);
    let chi2 = pearson_chi2(a, b, Yates::None).unwrap().statistic.unwrap();
    close(restricted::odds_score(a, b, 1.0, 1.0).powi(2), chi2, 1e-12);
    for (x1, n1, x2, n2) in
        [(0, 10, 3, 9), (3, 9, 0, 10), (10, 10, 3, 9), (0, 5, 5, 5), (1, 2000, 1999, 2000)]
    {
        let e = odds_ratio_score(
            Count::new(x1, n1),
            Count::new(x2, n2),
            RatioMethod::default(),
            Level::default(),
        );
        let e = e.unwrap();
        assert!(e.lower <= e.estimate && e.estimate <= e.upper, "{e:?}");
    }
}

/// The limits stand where the largest probability over the nuisance proportion crosses the error, looked for anew on a fine grid.
#[test]
fn exact_limits_of_a_ratio_are_where_the_unconditional_p_crosses_the_error() {
    let (a, b) = (Count::new(6, 11), Count::new(2, 9));
    let e = exact_ratio(a, b, Level::default()).unwrap();
    let p_value = |ratio: f64, sign: f64| {
        let score = |x: u64, y: u64| {
            if x + y == 0 {
                return 0.0;
            }
            sign * restricted::ratio_score(Count::new(x, a.n), Count::new(y, b.n), ratio, 1.0)
        };
        let bound = score(a.x, b.x) - 1e-9;
        let top = (1.0 / ratio).min(1.0);
        (0..=4000)
            .map(|k| {
                let p2 = top * f64::from(k) / 4000.0;
                let p1 = (ratio * p2).min(1.0);
                (0..=a.n)
                    .flat_map(|x| (0..=b.n).map(move |y| (x, y)))
                    .filter(|&(x, y)| score(x, y) >= bound)
                    .map(|(x, y)| {
                        crate::special::binomial_pmf(x, a.n, p1) * crate::special::binomial_pmf(y, b.n, p2)
                    })
                    .sum::<f64>()
            })
            .fold(0.0, f64::max)
    };
    for (limit, sign) in [(e.lower, 1.0), (e.upper, -1.0)] {
        assert!(p_value(limit * (1.0 - 1e-3 * sign), sign) <= 0.025 + 1e-6, "{limit}");
        assert!(p_value(limit * (1.0 + 1e-3 * sign), sign) > 0.025 - 1e-6, "{limit}");
    }
    assert!(e.lower < e.estimate && e.estimate < e.upper);
    let none = exact_ratio(Count::new(0, 11), Count::new(2, 9), Level::default()).unwrap();
    assert_eq!(none.lower, 0.0);
    assert!(none.upper.is_finite());
    assert!(exact_ratio(Count::new(0, 11), Count::new(0, 9), Level::default()).is_err());
}
