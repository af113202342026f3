use super::*;
use crate::inference::Level;
use proptest::prelude::*;

fn close(got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() <= tolerance * expected.abs().max(1e-6), "{got} for {expected}");
}

/// Obuchowski 1998: 51 parathyroid glands in 21 patients; (PET and SPECT, PET only, SPECT only, neither).
const GLANDS: [(u64, u64, u64, u64); 21] = include!("thyroids.in");

fn glands() -> (Vec<bool>, Vec<bool>, Vec<usize>) {
    let (mut pet, mut spect, mut patient) = (Vec::new(), Vec::new(), Vec::new());
    for (i, (a, b, c, d)) in GLANDS.into_iter().enumerate() {
        for (count, p, s) in [(a, true, true), (b, true, false), (c, false, true), (d, false, false)] {
            for _ in 0..count {
                pet.push(p);
                spect.push(s);
                patient.push(i);
            }
        }
    }
    (pet, spect, patient)
}

/// R survey 4.1-1: svymean, svyciprop.
#[test]
fn the_sensitivity_of_pet_in_clustered_glands_equals_survey() {
    let (pet, _, patient) = glands();
    let r = clustered_proportion(&pet, &patient).unwrap();
    assert_eq!((r.clusters, r.n, r.x), (21, 51, 40));
    close(r.variance, 0.0048446010695025925, 1e-13);
    close(r.design_effect.unwrap(), 1.4605481283422463, 1e-13);
    let expected = [
        (ClusteredMethod::RaoScottWilson, [0.6236218973287594, 0.8886493348989765], 1e-12),
        (ClusteredMethod::Wald, [0.6478940219602993, 0.9207334290200928], 1e-12),
        (ClusteredMethod::WaldT, [0.6391240601214265, 0.9295033908589656], 1e-12),
        (ClusteredMethod::Logit, [0.6065218638321265, 0.8955989602940068], 1e-11),
        (ClusteredMethod::LogitSurvey, [0.6065218638321265, 0.8955989602940068], 1e-12),
        (ClusteredMethod::Beta, [0.604922923733866, 0.9087245677459297], 1e-11),
        (ClusteredMethod::Arcsine, [0.624589489077375, 0.9089755031720396], 1e-12),
        (ClusteredMethod::Likelihood, [0.6181289944405919, 0.9042600814028494], 1e-4),
    ];
    for (method, limits, tolerance) in expected {
        let got = clustered_proportion_interval(&r, method, Level::default()).unwrap();
        close(got.lower, limits[0], tolerance);
        close(got.upper, limits[1], tolerance);
    }
    let numbers: Vec<f64> = pet.iter().map(|v| f64::from(u8::from(*v))).collect();
    close(icc_anova(&numbers, &patient).unwrap(), 0.2333540759178594, 1e-12);
}

/// Published: McNemar 4.5, Obuchowski 2.86, Durkalski 2.32, Yang 3.13, Eliasziw-Donner 3.66.
#[test]
fn clustered_matched_pair_tests_equal_the_published_values() {
    let (pet, spect, patient) = glands();
    let t = clustered_pairs(&pet, &spect, &patient, Level::default()).unwrap();
    close(t.mcnemar.statistic.unwrap(), 4.5, 1e-14);
    close(t.obuchowski.statistic.unwrap(), 2.857142857142857, 1e-13);
    close(t.durkalski.statistic.unwrap(), 2.315068493150685, 1e-13);
    close(t.yang.statistic.unwrap(), 3.1316597435434352, 1e-13);
    close(t.difference_variance, 0.003995003252674976, 1e-13);
    let e = eliasziw_donner(&pet, &spect, &patient).unwrap();
    assert!((e.statistic.unwrap() - 3.66).abs() < 0.005, "{e:?}");
}

#[test]
fn one_row_per_cluster_gives_the_tests_of_independent_rows() {
    let rows = [0, 0, 1, 1, 0, 1, 0, 1, 1, 0, 0, 1];
    let columns = [0, 1, 1, 0, 0, 1, 0, 1, 1, 1, 0, 1];
    let cluster: Vec<usize> = (0..12).collect();
    let t = rao_scott(&rows, &columns, &cluster).unwrap();
    // the design effect of independent rows is K/(K-1) up to the table's own deviation
    let first = [true, true, false, true, false, true];
    let second = [false, true, true, false, false, false];
    let p = clustered_pairs(&first, &second, &cluster[..6], Level::default()).unwrap();
    close(p.obuchowski.statistic.unwrap(), p.mcnemar.statistic.unwrap() * 5.0 / 6.0, 1e-13);
    assert!(t.mean_design_effect > 0.5 && t.mean_design_effect < 1.5);
}

#[test]
fn the_bootstrap_repeats_itself_and_surrounds_the_estimate() {
    let share = |drawn: &[usize]| {
        let (x, m) = drawn.iter().fold((0, 0), |(x, m), &i| {
            let (a, b, c, d) = GLANDS[i];
            (x + a + b, m + a + b + c + d)
        });
        (m > 0).then(|| x as f64 / m as f64)
    };
    let one = cluster_bootstrap(21, share, 2000, 5, Level::default()).unwrap();
    let two = cluster_bootstrap(21, share, 2000, 5, Level::default()).unwrap();
    assert_eq!(one, two);
    assert!((one.standard_error / 0.0696 - 1.0).abs() < 0.1, "{one:?}");
    assert!(one.bca.lower < one.bca.estimate && one.bca.estimate < one.bca.upper);
}

/// Shrout and Fleiss 1979, table 2 and 4: ICC(1,1) .17, ICC(2,1) .29, ICC(3,1) .71; R psych: limits of ICC2 .019 to .76.
#[test]
fn agreement_of_raters_equals_shrout_and_fleiss() {
    let raters: [[f64; 6]; 4] = [
        [9.0, 6.0, 8.0, 7.0, 10.0, 6.0],
        [2.0, 1.0, 4.0, 1.0, 5.0, 2.0],
        [5.0, 3.0, 6.0, 2.0, 6.0, 4.0],
        [8.0, 2.0, 8.0, 6.0, 9.0, 7.0],
    ];
    let slices: Vec<&[f64]> = raters.iter().map(|r| r.as_slice()).collect();
    for (form, value, low, high) in [
        (IccForm::OneWay, 0.17, -0.13, 0.72),
        (IccForm::Agreement, 0.29, 0.02, 0.76),
        (IccForm::Consistency, 0.71, 0.34, 0.95),
    ] {
        let i = icc_agreement(&slices, form, Level::default()).unwrap().single;
        for (got, expected) in [(i.estimate, value), (i.lower, low), (i.upper, high)] {
            assert!((got - expected).abs() < 0.0051, "{form:?} {i:?}");
        }
    }
}

#[test]
fn degenerate_clusters_are_refused_by_name() {
    assert!(clustered_proportion(&[], &[]).is_err());
    assert!(clustered_proportion(&[true, false], &[1, 1]).is_err());
    let all = clustered_proportion(&[true, true], &[1, 2]).unwrap();
    assert!(clustered_proportion_interval(&all, ClusteredMethod::default(), Level::default()).is_err());
    let same = clustered_proportion(&[true, false, true, false], &[1, 1, 2, 2]).unwrap();
    assert!(clustered_proportion_interval(&same, ClusteredMethod::default(), Level::default()).is_err());
    assert!(clustered_pairs(&[true, true], &[true, true], &[0, 1], Level::default()).is_err());
    assert!(rao_scott(&[0, 0], &[0, 1], &[0, 1]).is_err());
    assert!(icc_anova(&[1.0, 1.0], &[0, 1]).is_err());
    assert!(icc_agreement(&[&[1.0, 1.0], &[1.0, 1.0]], IccForm::Agreement, Level::default()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn clustered_methods_answer_with_numbers_or_a_reason(
        rows in prop::collection::vec((any::<bool>(), any::<bool>(), 0usize..6), 0..40),
    ) {
        let first: Vec<bool> = rows.iter().map(|r| r.0).collect();
        let second: Vec<bool> = rows.iter().map(|r| r.1).collect();
        let cluster: Vec<usize> = rows.iter().map(|r| r.2).collect();
        if let Ok(r) = clustered_proportion(&first, &cluster) {
            for method in ClusteredMethod::ALL {
                if let Ok(e) = clustered_proportion_interval(&r, method, Level::default()) {
                    prop_assert!(0.0 <= e.lower && e.lower <= e.upper && e.upper <= 1.0, "{:?}", e);
                }
            }
        }
        if let Ok(t) = clustered_pairs(&first, &second, &cluster, Level::default()) {
            for test in [&t.obuchowski, &t.durkalski, &t.yang] {
                prop_assert!(test.p > 0.0 && test.p <= 1.0, "{:?}", test);
            }
        }
        if let Ok(t) = eliasziw_donner(&first, &second, &cluster) {
            prop_assert!(t.p > 0.0 && t.p <= 1.0, "{:?}", t);
        }
        let codes = |v: &[bool]| v.iter().map(|b| usize::from(*b)).collect::<Vec<_>>();
        if let Ok(t) = rao_scott(&codes(&first), &codes(&second), &cluster) {
            prop_assert!(t.second_order.p.is_finite() && t.wald.p.is_finite());
        }
    }
}
