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

#[test]
fn a_unit_whose_square_is_no_number_changes_no_test_of_any_model() {
    use stats::cluster::{GeeData, GeeOptions, GeeVariance, fit_gee};
    use stats::inference::Level;
    use stats::model::{Family, Link, LogisticOptions, linear, logistic};
    let n = 40;
    let time: Vec<f64> = (1..=n).map(|i| f64::from(i) + 0.25).collect();
    let event: Vec<bool> = (0..n).map(|i| i % 5 != 0).collect();
    let cause: Vec<u32> = (0..n as u32).map(|i| i % 3).collect();
    let cluster: Vec<usize> = (0..n as usize).map(|i| i / 4).collect();
    let x: Vec<f64> = (0..n).map(|i| f64::from(i * 7 % 11) - 0.1 * f64::from(i)).collect();
    let y: Vec<f64> = (0..n).map(|i| f64::from(i * 5 % 7)).collect();
    let yes: Vec<f64> = (0..n).map(|i| f64::from(u8::from(i * 5 % 7 > 2))).collect();
    let tests = |unit: f64| -> Vec<f64> {
        let x: Vec<f64> = x.iter().map(|v| v * unit).collect();
        let column = || vec![Cow::Borrowed(&x[..])];
        let z = |c: &Coefficient| c.z.unwrap();
        let cox = cox(CoxData::new(Survival::new(&time, &event), column()), &CoxOptions::default()).unwrap();
        let risks = Competing { time: &time, cause: &cause };
        let sub = fine_gray(&risks, column(), 1, None, &FineGrayOptions::default()).unwrap();
        let aft = parametric(&observed(&time, &event), &[&x], Distribution::Weibull, 0.95).unwrap();
        let line = linear(&y, &[&x], Level::default()).unwrap();
        let odds = logistic(&yes, &[&x], LogisticOptions::default()).unwrap();
        let data = GeeData { y: &yes, columns: &[&x], cluster: &cluster, offset: None };
        let gee = fit_gee(
            &data,
            GeeOptions { family: Family::Binomial, link: Link::Logit, ..GeeOptions::default() },
        )
        .unwrap();
        let of = |c: &Option<stats::model::Coefficient>| c.as_ref().unwrap().test.statistic.unwrap();
        vec![
            z(&cox.coefficients[0]),
            z(&sub.coefficients[0]),
            z(&aft.coefficients[1]),
            of(&line.coefficients[1]),
            of(&odds.coefficients[1]),
            gee.wald(GeeVariance::Robust)[1].0,
        ]
    };
    let plain = tests(1.0);
    for unit in [1e-250, 1e-200, 1e200, 1e250] {
        for (k, (own, one)) in tests(unit).iter().zip(&plain).enumerate() {
            assert!((own / one - 1.0).abs() < 1e-9, "model {k}, unit {unit}: {own}, {one}");
        }
    }
}

#[test]
fn rows_of_little_risk_keep_their_deviance_and_lost_ones_say_so() {
    let (time, event) = ([1.0, 2.0, 3.0], [true, true, false]);
    let fit = |offset: &[f64]| {
        let mut data = CoxData::new(Survival::new(&time, &event), Vec::new());
        data.offset = Some(offset);
        cox(data, &CoxOptions::default()).unwrap().residuals()
    };
    // Expected events of the first row: e / (e + 1 + 1) with e = exp(-60).
    let r = fit(&[-60.0, 0.0, 0.0]).unwrap();
    let expected: f64 = (-60.0f64).exp() / 2.0;
    assert!((r.deviance[0] / (-2.0 * (1.0 + expected.ln())).sqrt() - 1.0).abs() < 1e-12, "{:?}", r.deviance);
    assert!(fit(&[-800.0, 0.0, 0.0]).is_err(), "a risk of exp(-800) is below the range of numbers");
}

/// Early rows of tiny risk raise the cumulative hazard by e^60; what late rows expect is not lost beside it.
#[test]
fn rows_that_enter_after_an_enormous_hazard_expect_their_own_events() {
    let entry = [0.0, 0.0, 0.0, 5.0, 5.0, 5.0];
    let time = [1.0, 2.0, 3.0, 6.0, 7.0, 8.0];
    let (event, offset) = ([true, true, false, true, true, false], [-60.0, -60.0, -60.0, 0.0, 0.0, 0.0]);
    let x = [0.3, -1.0, 2.0, 0.5, 1.5, -0.7];
    let fit = |survival, offset| {
        let mut data = CoxData::new(survival, vec![Cow::Borrowed(&x[..])]);
        data.offset = offset;
        cox(data, &CoxOptions::default()).unwrap()
    };
    let far = fit(Survival::with_entry(&entry, &time, &event), Some(&offset[..]));
    // A constant on disjoint risk sets drops out of the partial likelihood.
    let plain = fit(Survival::with_entry(&entry, &time, &event), None);
    assert!((far.beta[0] / plain.beta[0] - 1.0).abs() < 1e-10, "{} {}", far.beta[0], plain.beta[0]);
    let (a, b) = (far.residuals().unwrap(), plain.residuals().unwrap());
    for i in 0..6 {
        assert!(
            (a.martingale[i] - b.martingale[i]).abs() < 1e-10,
            "{i}: {:?} {:?}",
            a.martingale,
            b.martingale
        );
        assert!((a.score[i][0] - b.score[i][0]).abs() < 1e-10, "{i}: {:?} {:?}", a.score, b.score);
    }
}

#[test]
fn a_weight_that_is_the_inverse_of_zero_is_refused() {
    let entry = [0.0, 0.0, 3.0, 3.0, 3.0];
    let time = [1.0, 2.0, 4.0, 5.0, 6.0];
    let data = Survival::with_entry(&entry, &time, &[true; 5]);
    let options =
        LogrankOptions { weight: LogrankWeight::Modest { t_star: 9.0 }, ..LogrankOptions::default() };
    let refusal = logrank(&data, &[0, 1, 0, 1, 0], 2, None, &options).err().map(|e| e.to_string());
    assert!(refusal.as_ref().is_some_and(|r| r.contains("earlier t*")), "{refusal:?}");
    let negative = LogrankWeight::FlemingHarrington { rho: 0.0, gamma: -1.0 };
    let options = LogrankOptions { weight: negative, ..LogrankOptions::default() };
    assert!(logrank(&data, &[0, 1, 0, 1, 0], 2, None, &options).is_err());
}

#[test]
fn a_likelihood_without_a_maximum_is_a_named_condition() {
    // Everything is known to have happened before some time: the scale runs to 0.
    let before = [Observed { lower: 0.0, upper: 3.0 }, Observed { lower: 0.0, upper: 2.0 }];
    for distribution in Distribution::ALL {
        assert!(parametric(&before, &[], distribution, 0.95).is_err(), "{distribution:?}");
    }
    // A covariate that separates what has happened from what has not.
    let apart = [Observed { lower: 0.0, upper: 3.0 }, Observed::right(1.0)];
    assert!(parametric(&apart, &[&[0.0, 1.0]], Distribution::Weibull, 0.95).is_err());
}

#[test]
fn an_incidence_that_everybody_has_reached_has_no_standard_error() {
    let time: Vec<f64> = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, 5.0, 3.0, 7.0].into();
    let cause = [1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 1];
    let curve = &cumulative_incidence(
        &Competing { time: &time, cause: &cause },
        &[0; 11],
        1,
        1,
        &CumulativeIncidenceOptions::default(),
    )
    .unwrap()[0];
    let last = curve.std_err.last().unwrap()[1];
    assert!(last < 1e-15, "{last}");
}

/// The risk sets of rows that come and go are those that a list of them gives.
#[test]
fn coefficients_of_rows_that_come_and_go_solve_the_score_equation_of_listed_risk_sets() {
    let mut state = 7u64;
    let mut draw = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    for _ in 0..300 {
        let n = 6 + draw(20) as usize;
        let entry: Vec<f64> = (0..n).map(|_| draw(12) as f64).collect();
        let time: Vec<f64> = entry.iter().map(|e| e + 1.0 + draw(4) as f64).collect();
        let event: Vec<bool> = (0..n).map(|_| draw(3) > 0).collect();
        let x: Vec<f64> = (0..n).map(|_| draw(100) as f64 / 10.0).collect();
        let data = CoxData::new(Survival::with_entry(&entry, &time, &event), vec![Cow::Borrowed(&x[..])]);
        let options = CoxOptions { ties: Ties::Breslow, ..CoxOptions::default() };
        let Ok(fit) = cox(data, &options) else { continue };
        if fit.coefficients[0].estimate.is_none() {
            continue;
        }
        let score: f64 = (0..n)
            .filter(|&i| event[i])
            .map(|i| {
                let (mut sum, mut total) = (0.0, 0.0);
                for j in (0..n).filter(|&j| entry[j] < time[i] && time[j] >= time[i]) {
                    let r = ((x[j] - 5.0) * fit.beta[0]).exp();
                    sum += r * x[j];
                    total += r;
                }
                x[i] - sum / total
            })
            .sum();
        assert!(score.abs() < 1e-8, "{score}");
    }
}
