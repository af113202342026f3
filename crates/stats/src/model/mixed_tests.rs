//! Checks of mixed models against other programs.
use super::*;
use crate::model::{TTestOptions, t_test_one_sample};

fn close(got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() <= tolerance * expected.abs().max(1e-3), "{got} for {expected}");
}

/// Two complete visits: the visit effect is the paired t-test, whatever the covariance, with n - 1 degrees of freedom.
#[test]
fn two_complete_visits_are_the_paired_t_test() {
    let a = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
    let b = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
    let d: Vec<f64> = b.iter().zip(&a).map(|(x, y)| x - y).collect();
    let t = t_test_one_sample(&d, TTestOptions::default()).unwrap();
    let y = [a.as_slice(), b.as_slice()].concat();
    let visit: Vec<usize> = (0..20).map(|i| i / 10).collect();
    let participant: Vec<usize> = (0..20).map(|i| i % 10).collect();
    let x: Vec<f64> = visit.iter().map(|v| *v as f64).collect();
    for covariance in [Covariance::Unstructured, Covariance::CompoundSymmetry] {
        let options = MixedOptions { covariance, ..MixedOptions::default() };
        let f = repeated_measures(&y, &[&x], &participant, &visit, options).unwrap();
        let c = f.coefficients[1].clone().unwrap();
        close(c.estimate.estimate, t.estimate.estimate, 1e-10);
        close(c.standard_error, t.standard_error, 1e-6);
        close(c.test.df.unwrap(), 9.0, 1e-4);
        close(c.test.p, t.test.p, 1e-4);
    }
}

/// statsmodels 0.15 MixedLM with a random intercept (REML and ML) on an incomplete table.
#[test]
fn a_random_intercept_on_incomplete_visits_equals_statsmodels() {
    let y = [3.1, 4.0, 5.2, 2.0, 2.9, 4.4, 4.1, 5.5, 6.8, 3.3, 3.2, 5.0, 6.1, 1.9, 3.5, 4.9];
    let participant = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 4, 5, 5, 5];
    let visit = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 0, 2, 0, 1, 2];
    let x: Vec<f64> = visit.iter().map(|v| *v as f64).collect();
    let arm: Vec<f64> = participant.iter().map(|p| f64::from(u8::from(p % 2 == 0))).collect();
    // intercept, visit, arm: estimate and standard error; log-likelihood
    let expected: [([(f64, f64); 3], f64); 2] = include!("mixed_reference.in");
    for (restricted, (values, ll)) in [true, false].into_iter().zip(expected) {
        let options = MixedOptions {
            covariance: Covariance::CompoundSymmetry,
            restricted,
            df: MixedDf::Infinite,
            ..MixedOptions::default()
        };
        let f = repeated_measures(&y, &[&x, &arm], &participant, &visit, options).unwrap();
        close(f.log_likelihood, ll, 1e-7);
        for (c, (b, se)) in f.coefficients.iter().flatten().zip(values) {
            close(c.estimate.estimate, b, 1e-5);
            close(c.standard_error, se, 1e-5);
        }
    }
}

/// pbkrtest 0.5.2 (vcovAdj, Lb_ddf) for a random intercept; the formula with whole matrices in R on the estimates of
/// nlme::gls for an unstructured covariance. Standard error, its adjusted form, and degrees of freedom.
#[test]
fn kenward_roger_on_incomplete_visits_equals_pbkrtest() {
    let table = include_str!("../../../../docs/stats/data/visits.csv");
    let cells: Vec<Vec<&str>> = table.lines().skip(1).map(|l| l.split(',').collect()).collect();
    let cells: Vec<_> = cells.into_iter().filter(|c| c[5].parse::<f64>().is_ok()).collect();
    let number = |k: usize| cells.iter().map(|c| c[k].parse::<f64>().unwrap()).collect::<Vec<_>>();
    let is =
        |k: usize, v: &str| -> Vec<f64> { cells.iter().map(|c| f64::from(u8::from(c[k] == v))).collect() };
    let participant: Vec<usize> = cells.iter().map(|c| c[0].parse().unwrap()).collect();
    let visit: Vec<usize> = cells.iter().map(|c| c[3].parse::<usize>().unwrap() - 1).collect();
    let (y, baseline, arm) = (number(5), number(4), is(1, "B"));
    let (second, third) = (is(3, "2"), is(3, "3"));
    let columns: [&[f64]; 4] = [&baseline, &arm, &second, &third];
    let expected = [
        (
            Covariance::CompoundSymmetry,
            [
                (3.857_710_801_23, 3.858_064_124_58, 57.548_140_826_8),
                (0.072_141_613_518_1, 0.072_149_000_661_2, 56.530_153_420_9),
                (1.179_763_287_26, 1.179_936_735_09, 56.705_788_322_2),
                (0.714_581_386_072, 0.714_915_010_174, 106.284_591_707),
                (0.714_534_293_87, 0.714_874_919_298, 106.320_315_459),
            ],
        ),
        (
            Covariance::Unstructured,
            [
                (3.776_543_249, 3.909_382_579, 58.162_139_69),
                (0.070_246_172_89, 0.072_820_431_46, 55.907_879_53),
                (1.151_426_965, 1.194_036_175, 56.430_099_69),
                (0.701_207_554_2, 0.702_898_385_4, 56.594_601_34),
                (0.775_322_850_9, 0.777_111_292_3, 56.836_220_52),
            ],
        ),
    ];
    for (covariance, values) in expected {
        for df in [MixedDf::KenwardRoger, MixedDf::Infinite] {
            let options = MixedOptions { covariance, df, ..MixedOptions::default() };
            let f = repeated_measures(&y, &columns, &participant, &visit, options).unwrap();
            for (c, (plain, adjusted, freedom)) in f.coefficients.iter().flatten().zip(values) {
                if df == MixedDf::Infinite {
                    close(c.standard_error, plain, 1e-6);
                } else {
                    close(c.standard_error, adjusted, 1e-6);
                    close(c.test.df.unwrap(), freedom, 1e-6);
                }
            }
        }
    }
    for (covariance, restricted) in [(Covariance::Ar1, true), (Covariance::Unstructured, false)] {
        let options =
            MixedOptions { covariance, restricted, df: MixedDf::KenwardRoger, ..MixedOptions::default() };
        assert!(repeated_measures(&y, &columns, &participant, &visit, options).is_err());
    }
}

#[test]
fn data_that_cannot_determine_the_covariance_are_refused() {
    let y = [1.0, 2.0, 3.0, 4.0, 5.5, 6.0];
    let options = MixedOptions::default();
    assert!(repeated_measures(&y, &[], &[0, 0, 1, 1, 2, 2], &[0, 0, 0, 1, 0, 1], options).is_err());
    assert!(repeated_measures(&y, &[], &[0, 1, 2, 3, 4, 5], &[0, 1, 0, 1, 0, 1], options).is_err());
    assert!(repeated_measures(&[], &[], &[], &[], options).is_err());
    assert!(repeated_measures(&[2.0; 6], &[], &[0, 0, 1, 1, 2, 2], &[0, 1, 0, 1, 0, 1], options).is_err());
    let one = repeated_measures(&y, &[], &[0, 0, 0, 0, 1, 1], &[0, 1, 2, 3, 0, 1], options);
    assert!(one.unwrap_err().to_string().contains("simpler covariance"));
}
