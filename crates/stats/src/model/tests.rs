use super::*;
use crate::inference::Level;
use proptest::prelude::*;

fn close(got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() <= tolerance * expected.abs().max(1e-6), "{got} for {expected}");
}

const YEAR: [f64; 16] = [
    1947., 1948., 1949., 1950., 1951., 1952., 1953., 1954., 1955., 1956., 1957., 1958., 1959., 1960., 1961.,
    1962.,
];

/// NIST Statistical Reference Datasets, Longley: nearly collinear columns; certified values.
#[test]
fn longleys_regression_meets_the_certified_values() {
    let y = [
        60323., 61122., 60171., 61187., 63221., 63639., 64989., 63761., 66019., 67857., 68169., 66513.,
        68655., 69564., 69331., 70551.,
    ];
    let x1 = [
        83., 88.5, 88.2, 89.5, 96.2, 98.1, 99., 100., 101.2, 104.6, 108.4, 110.8, 112.6, 114.2, 115.7, 116.9,
    ];
    let x2 = [
        234289., 259426., 258054., 284599., 328975., 346999., 365385., 363112., 397469., 419180., 442769.,
        444546., 482704., 502601., 518173., 554894.,
    ];
    let x3 = [
        2356., 2325., 3682., 3351., 2099., 1932., 1870., 3578., 2904., 2822., 2936., 4681., 3813., 3931.,
        4806., 4007.,
    ];
    let x4 = [
        1590., 1456., 1616., 1650., 3099., 3594., 3547., 3350., 3048., 2857., 2798., 2637., 2552., 2514.,
        2572., 2827.,
    ];
    let x5 = [
        107608., 108632., 109773., 110929., 112075., 113270., 115094., 116219., 117388., 118734., 120445.,
        121950., 123366., 125368., 127852., 130081.,
    ];
    let f = linear(&y, &[&x1, &x2, &x3, &x4, &x5, &YEAR], Level::default()).unwrap();
    let expected = [
        (-3482258.63459582, 890420.383607373),
        (15.0618722713733, 84.9149257747669),
        (-0.358191792925910E-01, 0.334910077722432E-01),
        (-2.02022980381683, 0.488399681651699),
        (-1.03322686717359, 0.214274163161675),
        (-0.511041056535807E-01, 0.226073200069370),
        (1829.15146461355, 455.478499142212),
    ];
    for (c, (b, se)) in f.coefficients.iter().flatten().zip(expected) {
        close(c.estimate.estimate, b, 1e-10);
        close(c.standard_error, se, 1e-10);
    }
    close(f.sigma, 304.854073561965, 1e-11);
    close(f.r_squared, 0.995479004577296, 1e-12);
    close(f.f.unwrap().statistic.unwrap(), 330.285339234588, 1e-10);
}

#[test]
fn a_regression_on_one_group_indicator_is_the_pooled_t_test() {
    let (a, b) = ([1.0, 3.0, 2.5, 4.0], [2.0, 5.0, 6.0]);
    let y = [a.as_slice(), b.as_slice()].concat();
    let group = [0, 0, 0, 0, 1, 1, 1];
    let r = ancova(&y, &group, 2, &[], Level::default()).unwrap();
    let t =
        t_test_two_sample(&b, &a, TTestOptions { variances: Variances::Equal, ..TTestOptions::default() })
            .unwrap();
    close(r.differences[0].estimate.estimate, t.estimate.estimate, 1e-13);
    close(r.differences[0].estimate.upper, t.estimate.upper, 1e-12);
    close(r.groups.p, t.test.p, 1e-12);
    close(r.adjusted_means[1].estimate.estimate, 13.0 / 3.0, 1e-13);
}

#[test]
fn adjusted_means_differ_by_the_adjusted_difference() {
    let y = [4.0, 5.5, 6.1, 3.2, 7.0, 8.8, 6.9, 9.1];
    let baseline = [1.0, 2.0, 2.2, 0.5, 2.0, 3.1, 1.9, 3.0];
    let group = [0, 0, 0, 0, 1, 1, 2, 2];
    let r = ancova(&y, &group, 3, &[&baseline], Level::default()).unwrap();
    let m: Vec<f64> = r.adjusted_means.iter().map(|c| c.estimate.estimate).collect();
    close(m[1] - m[0], r.differences[0].estimate.estimate, 1e-12);
    close(m[2] - m[0], r.differences[1].estimate.estimate, 1e-12);
}

/// A 2 x 2 table as rows.
fn table(a: usize, b: usize, c: usize, d: usize) -> (Vec<f64>, Vec<f64>) {
    let y = [vec![1.0; a], vec![0.0; b], vec![1.0; c], vec![0.0; d]].concat();
    let x = [vec![1.0; a + b], vec![0.0; c + d]].concat();
    (y, x)
}

#[test]
fn logistic_regression_on_one_indicator_is_the_odds_ratio_of_the_table() {
    let (y, x) = table(12, 5, 7, 16);
    let f = logistic(&y, &[&x], LogisticOptions::default()).unwrap();
    let c = f.coefficients[1].clone().unwrap();
    close(c.estimate.estimate, (12.0 * 16.0 / 35.0_f64).ln(), 1e-12);
    close(c.standard_error, (1.0 / 12.0 + 1.0 / 5.0 + 1.0 / 7.0 + 1.0 / 16.0_f64).sqrt(), 1e-11);
    // intercept only: profile limits are the likelihood interval of a proportion
    let f = logistic(&y, &[], LogisticOptions::default()).unwrap();
    let limit = f.profile[0].clone().unwrap();
    let q = 1.0 / (1.0 + (-limit.lower).exp());
    let (n, p) = (40.0, 19.0 / 40.0);
    let deviance = 2.0 * n * (p * (p / q as f64).ln() + (1.0 - p) * ((1.0 - p) / (1.0 - q)).ln());
    close(deviance, 3.841458820694124, 1e-8);
}

/// Firth's correction of a saturated table adds one half to every cell (Firth 1993, section 3.3).
#[test]
fn firth_of_a_table_adds_one_half_to_every_cell() {
    let (y, x) = table(6, 0, 3, 5);
    assert!(logistic(&y, &[&x], LogisticOptions::default()).unwrap_err().to_string().contains("separation"));
    let f = logistic(&y, &[&x], LogisticOptions { firth: true, ..LogisticOptions::default() }).unwrap();
    let c = f.coefficients[1].clone().unwrap();
    close(c.estimate.estimate, (6.5 * 5.5 / (0.5 * 3.5_f64)).ln(), 1e-9);
    let limits = f.profile[1].clone().unwrap();
    assert!(
        limits.lower.is_finite() && limits.lower < c.estimate.estimate && limits.upper > c.estimate.estimate
    );
}

/// statsmodels 0.15 Logit on the Longley years.
#[test]
fn logistic_regression_equals_statsmodels() {
    let y = [0., 0., 1., 0., 0., 1., 0., 1., 0., 1., 1., 0., 1., 1., 1., 1.];
    let z = [2.1, 0.3, 1.5, 3.3, 2.8, 0.9, 1.1, 2.4, 3.0, 0.2, 1.8, 2.6, 0.7, 1.9, 2.2, 1.4];
    let f = logistic(&y, &[&YEAR, &z], LogisticOptions::default()).unwrap();
    let expected: [(f64, f64); 3] = include!("logit_reference.in");
    for (c, (b, se)) in f.coefficients.iter().flatten().zip(expected) {
        close(c.estimate.estimate, b, 1e-7);
        close(c.standard_error, se, 1e-7);
    }
}

#[test]
fn degenerate_regressions_are_refused_by_name() {
    let level = Level::default();
    assert!(linear(&[], &[], level).is_err());
    assert!(linear(&[1.0, 2.0], &[&[1.0, 2.0]], level).is_err());
    assert!(linear(&[2.0, 2.0, 2.0], &[], level).is_err());
    let collinear =
        linear(&[1.0, 2.0, 4.0, 3.0], &[&[1.0, 2.0, 3.0, 4.0], &[2.0, 4.0, 6.0, 8.0]], level).unwrap();
    assert!(collinear.coefficients[2].is_none());
    assert_eq!(collinear.warnings[0].code(), "collinear-columns");
    let huge = linear(&[1.0, 2.0, 4.0, 3.0], &[&[1e200, 2e200, 3e200, 4e200]], level).unwrap();
    assert!(huge.coefficients[1].clone().unwrap().estimate.estimate.is_finite());
    assert!(logistic(&[1.0, 1.0], &[], LogisticOptions::default()).is_err());
    assert!(logistic(&[0.0, 2.0], &[], LogisticOptions::default()).is_err());
    assert!(ancova(&[1.0, 2.0, 3.0], &[0, 0, 0], 2, &[], level).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn logistic_regression_answers_with_numbers_or_a_reason(
        rows in prop::collection::vec((any::<bool>(), -3i32..4, -2i32..3), 1..25), firth in any::<bool>(),
    ) {
        let y: Vec<f64> = rows.iter().map(|r| f64::from(u8::from(r.0))).collect();
        let a: Vec<f64> = rows.iter().map(|r| f64::from(r.1)).collect();
        let b: Vec<f64> = rows.iter().map(|r| f64::from(r.2)).collect();
        match logistic(&y, &[&a, &b], LogisticOptions { firth, ..LogisticOptions::default() }) {
            Ok(f) => {
                for c in f.coefficients.iter().flatten() {
                    prop_assert!(c.estimate.estimate.is_finite() && c.standard_error > 0.0 && c.test.p.is_finite());
                }
                for e in f.profile.iter().flatten() {
                    prop_assert!(e.lower <= e.estimate && e.estimate <= e.upper, "{:?}", e);
                }
                prop_assert!(f.likelihood_ratio.iter().flatten().all(|t| t.p >= 0.0 && t.p <= 1.0));
            }
            Err(e) => prop_assert!(!e.to_string().is_empty()),
        }
    }
}
