//! Probabilities near the smallest number, covariates of enormous size, treatment switching without an answer.
use std::borrow::Cow;

use stats::special::{chi2_log_sf, norm_log_sf};
use stats::survival::*;

/// Every death of the first group before every death of the second.
#[test]
fn a_logrank_p_value_near_1e_300_is_that_of_r_and_not_zero() {
    let n = 550;
    let time: Vec<f64> = (1..=2 * n).map(f64::from).collect();
    let (event, group) = (vec![true; time.len()], (0..2 * n).map(|i| (i / n) as usize).collect::<Vec<_>>());
    let t = logrank(&Survival::new(&time, &event), &group, 2, None, &LogrankOptions::default()).unwrap();
    // R 4.2.2, survival 3.5-3: survdiff, pchisq(lower.tail = FALSE), the same with log.p.
    assert!((t.chi_square / 1364.7264496544337 - 1.0).abs() < 1e-11, "{}", t.chi_square);
    assert!((t.p / 9.71664673728462e-299 - 1.0).abs() < 1e-7, "{}", t.p);
    assert!((chi2_log_sf(t.chi_square, 1.0) / -686.199102232145 - 1.0).abs() < 1e-11);
    // Far below the smallest number the logarithm still answers: -z^2/2 - log(z sqrt(2 pi)) for large z.
    let z = 1e4f64;
    let asymptotic = -0.5 * z * z - (z * (2.0 * std::f64::consts::PI).sqrt()).ln();
    assert!((norm_log_sf(z) / asymptotic - 1.0).abs() < 1e-12);
}

#[test]
fn a_covariate_of_enormous_or_tiny_unit_only_changes_the_unit_of_its_coefficient() {
    let time: Vec<f64> = (1..=40).map(f64::from).collect();
    let event: Vec<bool> = (0..40).map(|i| i % 5 != 0).collect();
    let x: Vec<f64> = (0..40).map(|i| f64::from(i * 7 % 11) - 0.1 * f64::from(i)).collect();
    let fit = |unit: f64| {
        let column = x.iter().map(|v| v * unit).collect::<Vec<f64>>();
        cox(CoxData::new(Survival::new(&time, &event), vec![Cow::Owned(column)]), &CoxOptions::default())
            .unwrap()
    };
    let plain = fit(1.0);
    for unit in [1e-140, 1e-9, 1e9, 1e140] {
        let f = fit(unit);
        assert!((f.beta[0] * unit / plain.beta[0] - 1.0).abs() < 1e-10, "{unit}: {}", f.beta[0]);
        assert!((f.coefficients[0].z.unwrap() / plain.coefficients[0].z.unwrap() - 1.0).abs() < 1e-10);
        assert!((f.coefficients[0].p.unwrap() / plain.coefficients[0].p.unwrap() - 1.0).abs() < 1e-8);
        assert!((f.loglik[1] / plain.loglik[1] - 1.0).abs() < 1e-12);
    }
}

#[test]
fn treatment_switching_without_an_answer_says_why() {
    let time = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let arm = [true, false, true, false, true, false];
    let on = [1.0, 0.0, 3.0, 0.0, 5.0, 0.0];
    let run = |event: &[bool], arm: &[bool], on: &[f64]| {
        rpsft(&Switching { time: &time, event, experimental: arm, time_on: on, planned_end: None }, 0.95)
    };
    let some = [true; 6];
    assert!(run(&[false; 6], &arm, &on).is_err(), "no events");
    assert!(run(&some, &[true; 6], &time).is_err(), "one arm");
    assert!(run(&some, &arm, &time).is_err() || run(&some, &arm, &time).unwrap().psi.is_finite());
    assert!(run(&some, &arm, &[9.0; 6]).is_err(), "treated longer than followed");
    assert!(run(&some, &arm, &[f64::NAN; 6]).is_err(), "an unknown time on treatment");
    for planned in [[6.0; 6], [1e300; 6]] {
        let data = Switching {
            time: &time,
            event: &some,
            experimental: &arm,
            time_on: &on,
            planned_end: Some(&planned),
        };
        match rpsft(&data, 0.95) {
            Ok(fit) => assert!(fit.psi.is_finite() && fit.untreated_time.iter().all(|t| t.is_finite())),
            Err(why) => assert!(!why.to_string().is_empty()),
        }
    }

    let entry = [0.0; 6];
    let rows = Survival { entry: Some(&entry), time: &time, event: &some };
    let id = [0, 1, 2, 3, 4, 5];
    let weigh = |rows: &Survival, switched: &[bool], x: Vec<f64>| {
        switch_weights(rows, &id, switched, vec![Cow::Owned(x)], true, NearTies::Merge)
    };
    assert!(weigh(&rows, &[false; 6], vec![0.0; 6]).is_err(), "nobody switches");
    let without = Survival::new(&time, &some);
    assert!(weigh(&without, &some, vec![0.0; 6]).is_err(), "rows without entry");
    for x in [vec![1.0; 6], (0..6).map(f64::from).collect(), vec![1e200, 0.0, 0.0, 0.0, 0.0, -1e200]] {
        match weigh(&rows, &[false, true, false, true, false, false], x) {
            Ok(w) => assert!(w.weight.iter().all(|w| w.is_finite() && *w > 0.0), "{:?}", w.weight),
            Err(why) => assert!(!why.to_string().is_empty()),
        }
    }
}
