//! Delayed entry, weights, strata, offsets and clusters on few rows with many ties.
use std::borrow::Cow;
use std::fmt::Debug;

use proptest::prelude::*;
use stats::survival::*;

#[derive(Debug, Clone)]
struct Rows {
    entry: Vec<f64>,
    time: Vec<f64>,
    event: Vec<bool>,
    cause: Vec<u32>,
    x: Vec<f64>,
    y: Vec<f64>,
    weight: Vec<f64>,
    offset: Vec<f64>,
    code: Vec<usize>,
}

/// Times on a coarse grid, some moved by less than the near-tie gap; weights of 0 among them; far offsets.
fn rows() -> impl Strategy<Value = Rows> {
    let weight = prop_oneof![Just(1.0), Just(0.5), Just(3.0), Just(0.0), Just(1e-3), Just(40.0)];
    let offset = prop_oneof![3 => Just(0.0), 3 => -2.0..2.0f64, 1 => Just(60.0), 1 => Just(-60.0)];
    let row = (0..4u32, 1..5u32, 0..3u32, 0..3u32, -3.0..3.0f64, 0..2u32, weight, offset, 0..3usize);
    prop::collection::vec(row, 1..16).prop_map(|v| Rows {
        entry: v.iter().map(|r| f64::from(r.0)).collect(),
        time: v.iter().map(|r| f64::from(r.0 + r.1) * if r.2 == 0 { 1.0 + 1e-9 } else { 1.0 }).collect(),
        event: v.iter().map(|r| r.3 > 0).collect(),
        cause: v.iter().map(|r| r.3).collect(),
        x: v.iter().map(|r| r.4).collect(),
        y: v.iter().map(|r| f64::from(r.5)).collect(),
        weight: v.iter().map(|r| r.6).collect(),
        offset: v.iter().map(|r| r.7).collect(),
        code: v.iter().map(|r| r.8).collect(),
    })
}

/// An answer holds no NaN anywhere; a refusal says something.
fn sound<T: Debug, E: std::fmt::Display>(what: &str, answer: Result<T, E>) {
    match answer {
        Ok(result) => {
            let text = format!("{result:?}");
            assert!(!text.contains("NaN"), "{what}: {text}");
        }
        Err(why) => assert!(!why.to_string().is_empty()),
    }
}

fn check_fit(fit: &CoxFit) {
    sound(
        "coefficients",
        Ok::<_, String>((&fit.coefficients, fit.loglik, &fit.vcov, fit.score, fit.wald, fit.robust_score)),
    );
    sound("residuals", fit.residuals());
    sound("concordance", fit.concordance());
    for transform in TimeTransform::ALL {
        sound("zph", fit.zph(transform, &[vec![0], vec![1]]));
    }
    for conf_type in ConfType::ALL {
        sound("curve", fit.survival(&[0.5, 1.0], 0.0, conf_type, 0.95));
    }
    sound("baseline", fit.baseline_hazard(false));
    sound("profile", fit.profile_limits(0, 0.9));
}

proptest! {
    #![proptest_config(crate::times(60))]

    #[test]
    fn cox_models_with_every_part_hold_no_nan(r in rows()) {
        for parts in 0..32u32 {
            let has = |bit: u32| parts >> bit & 1 == 1;
            let survival = if has(0) {
                Survival::with_entry(&r.entry, &r.time, &r.event)
            } else {
                Survival::new(&r.time, &r.event)
            };
            let mut data = CoxData::new(survival, vec![Cow::Borrowed(&r.x[..]), Cow::Borrowed(&r.y[..])]);
            data.weights = has(1).then_some(&r.weight[..]);
            data.offset = has(2).then_some(&r.offset[..]);
            data.strata = has(3).then_some(&r.code[..]);
            data.cluster = has(4).then_some(&r.code[..]);
            for ties in [Ties::Efron, Ties::Breslow, Ties::Exact] {
                if let Ok(fit) = cox(data.clone(), &CoxOptions { ties, ..CoxOptions::default() }) {
                    check_fit(&fit);
                }
            }
        }
    }

    #[test]
    fn curves_and_tests_with_entry_and_weights_hold_no_nan(r in rows()) {
        let (late, plain) = (Survival::with_entry(&r.entry, &r.time, &r.event), Survival::new(&r.time, &r.event));
        // Weights up to 21 decades apart: within nine an answer, beyond them a refusal.
        let far = |(w, c): (&f64, &usize)| w * [1.0, 1e-12, 1e9][*c];
        let far: Vec<f64> = r.weight.iter().zip(&r.code).map(far).collect();
        for data in [late, plain] {
            for variance in [KmVariance::Greenwood, KmVariance::Robust] {
                let options = KmOptions { variance, ..KmOptions::default() };
                let one = vec![0; r.code.len()];
                sound("far weights", kaplan_meier_by(&data, &one, 1, Some(&far), None, &options));
                sound("far weights by group", kaplan_meier_by(&data, &r.code, 3, Some(&far), None, &options));
            }
            for variance in [KmVariance::Auto, KmVariance::Greenwood, KmVariance::Aalen, KmVariance::Robust] {
                for conf_type in ConfType::ALL {
                    let options = KmOptions { variance, conf_type, ..KmOptions::default() };
                    for cluster in [None, Some(&r.code[..])] {
                        let curves = kaplan_meier_by(&data, &r.code, 3, Some(&r.weight), cluster, &options);
                        for c in curves.iter().flatten() {
                            sound("quantile", c.quantile(&[0.0, 0.3, 0.5, 1.0]));
                            sound("at", Ok::<_, String>(c.at(&[-1.0, 0.0, 2.0, 1e9])));
                            sound("conditional", c.conditional(1.0, 3.0, conf_type, 0.95));
                        }
                        sound("curve", curves);
                    }
                }
            }
            sound("concordance", concordance(&data, &r.x, Some(&r.code), Some(&r.weight), None, NearTies::Merge));
            let options = LogrankOptions::default();
            sound("log-rank", logrank(&data, &r.code, 3, None, &options));
            for of_group in 0..3 {
                sound("maxcombo", maxcombo(&data, &r.code, of_group, None, &FOUR_WEIGHTS, NearTies::Merge, 1));
            }
        }
        sound("one sample", logrank_one_sample(&r.event, &r.weight, OneSampleVariance::default()));
        sound("follow-up", median_follow_up(&plain, &KmOptions::default()));
        let arm: Vec<bool> = r.y.iter().map(|&y| y == 1.0).collect();
        let options = RmstOptions { tau: 3.0, conf_level: 0.95, near_ties: NearTies::Merge, carry_on: true };
        for model in [RmstModel::Difference, RmstModel::Ratio, RmstModel::LostRatio] {
            sound("adjusted mean", rmst_adjusted(&plain, &arm, &[&r.x], model, &options));
        }
    }

    #[test]
    fn models_of_times_hold_no_nan(r in rows()) {
        let plain = Survival::new(&r.time, &r.event);
        let intervals: Vec<Observed> = r.entry.iter().zip(&r.time).zip(&r.event)
            .map(|((&lower, &upper), &e)| Observed { lower, upper: if e { upper } else { f64::INFINITY } })
            .collect();
        for distribution in Distribution::ALL {
            for columns in [&[][..], &[&r.x[..]], &[&r.x[..], &r.y[..]]] {
                sound("parametric", parametric(&intervals, columns, distribution, 0.95));
            }
        }
        sound("turnbull", turnbull(&intervals));
        sound("piecewise", piecewise_exponential(&plain, &[1.0, 2.5], 0.95));
        sound("piecewise test", piecewise_equal(&plain, &r.code, 3, &[2.0]));
        let risks = Competing { time: &r.time, cause: &r.cause };
        for censoring_ties in [CensoringTies::All, CensoringTies::EventsFirst] {
            let options = FineGrayOptions { censoring_ties, ..FineGrayOptions::default() };
            let columns = vec![Cow::Borrowed(&r.x[..]), Cow::Borrowed(&r.y[..])];
            if let Ok(f) = fine_gray(&risks, columns, 1, Some(&r.code), &options) {
                sound("Fine-Gray", Ok::<_, String>(&f.coefficients));
                sound("incidence", f.incidence(&[0.0, 1.0]));
            }
        }
        sound("Gray", gray(&risks, &r.code, 3, Some(&r.code), 1, 1.0, NearTies::Merge).map(|g| g.test));
    }
}

#[test]
fn numbers_that_are_none_are_refused_with_their_row() {
    let (time, event, x) = ([1.0, 2.0, 3.0, 4.0], [true, false, true, true], [0.5, -1.0, 2.0, 0.0]);
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let with = |v: &[f64; 4]| {
            let mut v = *v;
            v[2] = bad;
            v
        };
        let (bad_time, bad_x, bad_weight) = (with(&time), with(&x), with(&[1.0; 4]));
        let plain = Survival::new(&time, &event);
        let wrong = Survival::new(&bad_time, &event);
        let model = |survival, x: &[f64], weights: Option<&[f64]>, offset: Option<&[f64]>| {
            let mut data = CoxData::new(survival, vec![Cow::Owned(x.to_vec())]);
            (data.weights, data.offset) = (weights, offset);
            cox(data, &CoxOptions::default()).err().map(|e| e.to_string())
        };
        let group = [0, 1, 0, 1];
        let refusals = [
            model(wrong, &x, None, None),
            model(plain, &bad_x, None, None),
            model(plain, &x, Some(&bad_weight), None),
            model(plain, &x, None, Some(&bad_x)),
            kaplan_meier(&wrong, &KmOptions::default()).err().map(|e| e.to_string()),
            logrank(&wrong, &group, 2, None, &LogrankOptions::default()).err().map(|e| e.to_string()),
            concordance(&plain, &bad_x, None, None, None, NearTies::Merge).err().map(|e| e.to_string()),
            gray(
                &Competing { time: &bad_time, cause: &[1, 0, 2, 1] },
                &group,
                2,
                None,
                1,
                0.0,
                NearTies::Merge,
            )
            .err()
            .map(|e| e.to_string()),
        ];
        for (k, refusal) in refusals.into_iter().enumerate() {
            assert!(refusal.as_ref().is_some_and(|r| r.contains("row 3")), "{k}: {refusal:?}");
        }
    }
}
