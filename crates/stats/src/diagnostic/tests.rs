use super::*;
use crate::inference::Level;
use crate::proportion::BinomialMethod;
use proptest::prelude::*;

fn close(got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() <= tolerance * expected.abs().max(1e-6), "{got} for {expected}");
}

/// The hypothetical paired study of the R package DTComPair (712 participants).
const STUDY: PairedTable = PairedTable { diseased: [[319, 78], [22, 32]], healthy: [[31, 53], [22, 155]] };

/// DTComPair 1.2.6.
#[test]
fn paired_comparisons_equal_dtcompair() {
    let level = Level::default();
    let s = compare_sensitivity(&STUDY, true, level).unwrap();
    close(s.first, 0.8802660753880266, 1e-14);
    close(s.test.chi2.statistic.unwrap(), 31.36, 1e-13);
    close(s.test.exact.p, 1.5905328473786136e-08, 1e-9);
    let r = relative_sensitivity(&STUDY, false, level).unwrap();
    close(r.ratio.estimate, 1.1751412429378532, 1e-13);
    close(r.se_log, 0.04513488404213243, 1e-12);
    let v = compare_predictive_values(&STUDY, true).unwrap();
    close(v.score.statistic.unwrap(), 5.711240704719794, 1e-11);
    close(v.weighted_score.statistic.unwrap(), 5.465887446421036, 1e-11);
    let v = compare_predictive_values(&STUDY, false).unwrap();
    close(v.score.statistic.unwrap(), 17.785670207405698, 1e-11);
    close(v.weighted_score.statistic.unwrap(), 16.535404143197837, 1e-11);
    let (ppv, npv, sigma) = relative_predictive_values(&STUDY, level).unwrap();
    close(ppv.ratio.upper, 1.0903407751945853, 1e-12);
    close(npv.test.p, 2.885568108499852e-05, 1e-9);
    close(sigma[1], 0.0004024577809758685, 1e-11);
    let l = compare_likelihood_ratios(&STUDY, false, level).unwrap();
    close(l.first, 0.17655680408884217, 1e-12);
    close(l.se_log, 0.1373760335448406, 1e-12);
}

#[test]
fn accuracy_counts_each_answer_once() {
    let truth = [true, true, true, false, false, false, false];
    let test = [true, true, false, false, false, true, false];
    let a = accuracy(&truth, &test, BinomialMethod::ClopperPearson, Level::default()).unwrap();
    assert_eq!(a.counts, [2, 1, 1, 3]);
    close(a.sensitivity.unwrap().estimate, 2.0 / 3.0, 1e-15);
    close(a.negative_predictive_value.unwrap().estimate, 0.75, 1e-15);
    let l = likelihood_ratios(&truth, &test, Level::default()).unwrap();
    close(l.positive.estimate, (2.0 / 3.0) / 0.25, 1e-14);
}

/// The two dermatologists of SAS PROC FREQ's documentation (kappa .3449, linear weights .5082); digits from statsmodels.
#[test]
fn kappa_of_the_dermatologists_equals_sas() {
    let table: [[usize; 4]; 4] = [[10, 4, 1, 0], [5, 10, 12, 2], [2, 4, 12, 5], [0, 2, 6, 13]];
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for (i, row) in table.iter().enumerate() {
        for (j, n) in row.iter().enumerate() {
            a.extend(vec![i; *n]);
            b.extend(vec![j; *n]);
        }
    }
    for (weights, kappa, se) in [
        (KappaWeights::None, 0.3448753462603878, 0.07239668737198354),
        (KappaWeights::Linear, 0.5081600715403533, 0.06550838103476844),
        (KappaWeights::Quadratic, 0.6607228915662651, 0.061642832416999964),
    ] {
        let k = cohen_kappa(&a, &b, 4, weights, Level::default()).unwrap();
        close(k.estimate.estimate, kappa, 1e-12);
        close(k.standard_error, se, 1e-12);
    }
    let k = cohen_kappa(&a, &b, 4, KappaWeights::None, Level::default()).unwrap();
    close(k.test.unwrap().statistic.unwrap(), 5.636625470786355, 1e-12);
}

/// Gwet 2008, table 1: 125 participants, 118 both positive, 5 and 2 discordant, none negative: AC1 .9408, kappa negative.
#[test]
fn ac1_stays_high_where_kappa_fails_by_prevalence() {
    let mut a = vec![0; 118];
    let mut b = vec![0; 118];
    a.extend([0; 5]);
    b.extend([1; 5]);
    a.extend([1; 2]);
    b.extend([0; 2]);
    let g = gwet_ac1(&a, &b, 2, Level::default()).unwrap();
    assert!((g.estimate.estimate - 0.9408).abs() < 5e-5, "{g:?}");
    // variance formula of Gwet 2008, eq. 21 (over n instead of n - 1)
    let (n, pa) = (125.0, 118.0 / 125.0);
    let share = [243.0 / 250.0, 7.0 / 250.0];
    let pe = 2.0 * share[0] * share[1];
    let value = (pa - pe) / (1.0 - pe);
    let p = [[118.0 / n, 5.0 / n], [2.0 / n, 0.0]];
    let diagonal: f64 = (0..2).map(|k| p[k][k] * (1.0 - share[k])).sum();
    let square: f64 = (0..2)
        .flat_map(|k| (0..2).map(move |l| (k, l)))
        .map(|(k, l)| p[k][l] * (1.0 - 0.5 * (share[k] + share[l])).powi(2))
        .sum();
    let v = (pa * (1.0 - pa) - 4.0 * (1.0 - value) * (diagonal - pa * pe)
        + 4.0 * (1.0 - value).powi(2) * (square - pe * pe))
        / (n * (1.0 - pe).powi(2));
    close(g.standard_error.powi(2) * (n - 1.0) / n, v, 1e-10);
    assert!(cohen_kappa(&a, &b, 2, KappaWeights::None, Level::default()).unwrap().estimate.estimate < 0.0);
}

/// The area equals the rank-sum statistic over mn, and its variance that of the placements counted pair by pair.
#[test]
fn delong_equals_the_count_of_pairs() {
    let outcome = [true, false, true, true, false, false, true, false, false];
    let marker = [3.0, 1.0, 2.0, 5.0, 2.0, 4.0, 4.0, 0.0, 3.0];
    let other = [1.0, 1.0, 3.0, 4.0, 2.0, 0.0, 5.0, 0.5, 1.0];
    let a = auc(&outcome, &marker, Level::default()).unwrap();
    let pick = |m: &[f64], want: bool| {
        m.iter().zip(outcome).filter(|(_, o)| *o == want).map(|(v, _)| *v).collect::<Vec<f64>>()
    };
    let psi = |x: f64, y: f64| {
        if x > y {
            1.0
        } else if x == y {
            0.5
        } else {
            0.0
        }
    };
    let parts = |m: &[f64]| {
        let (x, y) = (pick(m, true), pick(m, false));
        let v10: Vec<f64> =
            x.iter().map(|a| y.iter().map(|b| psi(*a, *b)).sum::<f64>() / y.len() as f64).collect();
        let v01: Vec<f64> =
            y.iter().map(|b| x.iter().map(|a| psi(*a, *b)).sum::<f64>() / x.len() as f64).collect();
        (v10, v01)
    };
    let cov = |a: &[f64], b: &[f64]| {
        let (ma, mb) = (a.iter().sum::<f64>() / a.len() as f64, b.iter().sum::<f64>() / b.len() as f64);
        a.iter().zip(b).map(|(x, y)| (x - ma) * (y - mb)).sum::<f64>() / (a.len() - 1) as f64 / a.len() as f64
    };
    let ((c1, d1), (c2, d2)) = (parts(&marker), parts(&other));
    close(a.area.estimate, c1.iter().sum::<f64>() / 4.0, 1e-14);
    close(a.standard_error.powi(2), cov(&c1, &c1) + cov(&d1, &d1), 1e-13);
    let b = auc(&outcome, &other, Level::default()).unwrap();
    let (e, t) = compare_auc(&a, &b, Level::default()).unwrap();
    let v =
        cov(&c1, &c1) + cov(&d1, &d1) + cov(&c2, &c2) + cov(&d2, &d2) - 2.0 * (cov(&c1, &c2) + cov(&d1, &d2));
    close(t.statistic.unwrap(), e.estimate / v.sqrt(), 1e-12);
}

/// Bland and Altman 1986, table 1 (peak flow, large and mini meter): bias -2.1, sd 38.8, limits -79.7 to 75.5 with factor 2.
#[test]
fn limits_of_agreement_equal_bland_and_altman() {
    let large = [
        494., 395., 516., 434., 476., 557., 413., 442., 650., 433., 417., 656., 267., 478., 178., 423., 427.,
    ];
    let mini = [
        512., 430., 520., 428., 500., 600., 364., 380., 658., 445., 432., 626., 260., 477., 259., 350., 451.,
    ];
    let b = bland_altman(&large, &mini, 0.95, Level::default()).unwrap();
    assert!((b.bias.estimate + 2.1).abs() < 0.05 && (b.sd - 38.8).abs() < 0.05, "{b:?}");
    close(b.upper.estimate, b.bias.estimate + 1.959963984540054 * b.sd, 1e-14);
}

#[test]
fn degenerate_diagnostic_data_are_refused_by_name() {
    let level = Level::default();
    assert!(auc(&[true, true], &[1.0, 2.0], level).is_err());
    assert!(auc(&[true, false], &[f64::NAN, 2.0], level).is_err());
    let perfect = auc(&[true, true, false, false], &[4.0, 3.0, 2.0, 1.0], level).unwrap();
    assert_eq!(perfect.area.estimate, 1.0);
    assert!(!perfect.area.warnings.is_empty());
    assert!(compare_auc(&perfect, &perfect, level).is_err());
    assert!(cohen_kappa(&[0, 0], &[0, 0], 2, KappaWeights::None, level).is_err());
    assert!(cohen_kappa(&[0, 3], &[0, 0], 2, KappaWeights::None, level).is_err());
    assert!(bland_altman(&[1.0, 2.0, 3.0], &[0.0, 1.0, 2.0], 0.95, level).is_err());
    let none = PairedTable { diseased: [[0; 2]; 2], healthy: [[1, 2], [3, 4]] };
    assert!(compare_sensitivity(&none, true, level).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn paired_methods_answer_with_numbers_or_a_reason(
        rows in prop::collection::vec((any::<bool>(), any::<bool>(), any::<bool>()), 0..30),
    ) {
        let column = |k: usize| -> Vec<bool> {
            rows.iter().map(|r| match k { 0 => r.0, 1 => r.1, _ => r.2 }).collect()
        };
        let level = Level::default();
        if let Ok(t) = PairedTable::new(&column(0), &column(1), &column(2)) {
            for side in [true, false] {
                if let Ok(r) = relative_sensitivity(&t, side, level) {
                    prop_assert!(r.ratio.lower <= r.ratio.upper && r.test.p.is_finite());
                }
                if let Ok(v) = compare_predictive_values(&t, side) {
                    prop_assert!(v.score.p.is_finite() && v.weighted_score.p.is_finite());
                }
                if let Ok(r) = compare_likelihood_ratios(&t, side, level) {
                    prop_assert!(r.ratio.lower.is_finite() && r.se_log > 0.0);
                }
            }
            if let Ok((p, n, s)) = relative_predictive_values(&t, level) {
                prop_assert!(p.test.p.is_finite() && n.test.p.is_finite());
                // a covariance obeys Cauchy and Schwarz
                prop_assert!(s[1] * s[1] <= s[0] * s[3] * (1.0 + 1e-9));
            }
        }
        let codes = |v: Vec<bool>| v.into_iter().map(usize::from).collect::<Vec<_>>();
        if let Ok(k) = cohen_kappa(&codes(column(1)), &codes(column(2)), 2, KappaWeights::None, level) {
            prop_assert!(k.estimate.lower <= k.estimate.estimate && k.estimate.estimate <= k.estimate.upper);
        }
        if let Ok(k) = gwet_ac1(&codes(column(1)), &codes(column(2)), 2, level) {
            prop_assert!(k.estimate.lower <= k.estimate.estimate + 1e-12 && k.estimate.estimate <= k.estimate.upper + 1e-12);
        }
    }
}
