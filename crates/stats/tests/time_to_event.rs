//! Time-to-event methods on data small enough to check by hand, and on data without an answer.
#![allow(clippy::unwrap_used, reason = "a helper of tests")]
use std::borrow::Cow;

use stats::survival::*;
use stats::{StatsError, Warning};

fn close(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-12 * b.abs().max(1.0), "{a} is not {b}");
}

#[test]
fn kaplan_meier_of_five_patients_is_the_product_of_the_conditional_survivals() {
    let (time, event) = ([1.0, 2.0, 2.0, 3.0, 4.0], [true, true, false, true, false]);
    let c = kaplan_meier(&Survival::new(&time, &event), &KmOptions::default()).unwrap();
    assert_eq!(c.time, [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(c.n_risk, [5.0, 4.0, 2.0, 1.0]);
    for (s, known) in c.surv.iter().zip([0.8, 0.6, 0.3, 0.3]) {
        close(*s, known);
    }
    // Greenwood: S^2 (1/(5*4) + 1/(4*3) + 1/(2*1)).
    close(c.std_err[2].unwrap(), 0.3 * (1.0 / 20.0 + 1.0 / 12.0 + 0.5f64).sqrt());
    close(c.cumhaz[2], 0.2 + 0.25 + 0.5);
}

#[test]
fn a_median_on_a_flat_stretch_is_its_midpoint_and_an_unreached_quantile_is_missing() {
    let (time, event) = ([1.0, 2.0, 4.0, 7.0], [true, true, true, false]);
    let c = kaplan_meier(&Survival::new(&time, &event), &KmOptions::default()).unwrap();
    let q = c.quantile(&[0.5, 0.9]).unwrap();
    assert_eq!(q[0].estimate, Some(3.0));
    assert_eq!(q[1].estimate, None);
}

#[test]
fn delayed_entry_counts_only_those_who_have_entered() {
    let entry = [0.0, 1.5, 0.0];
    let (time, event) = ([1.0, 3.0, 4.0], [true, true, false]);
    let c = kaplan_meier(&Survival::with_entry(&entry, &time, &event), &KmOptions::default()).unwrap();
    assert_eq!(c.n_risk, [2.0, 2.0, 1.0]);
    assert_eq!(c.at(&[1.2])[0].n_risk, 1.0);
}

#[test]
fn the_log_rank_statistic_squared_is_its_chi_square_and_changes_sign_with_the_group() {
    let time = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let event = [true, true, true, false, true, true];
    let group = [0, 1, 0, 1, 1, 0];
    let t = logrank(&Survival::new(&time, &event), &group, 2, None, &LogrankOptions::default()).unwrap();
    close(t.z(0).unwrap().powi(2), t.chi_square);
    close(t.z(0).unwrap(), -t.z(1).unwrap());
    close(t.p_fewer(1).unwrap(), t.p_more(0).unwrap());
    close(t.observed.iter().sum::<f64>(), t.expected.iter().sum());
}

/// Six patients (Therneau and Grambsch 2000, appendix E.1): the score equations have closed forms in r = exp(beta).
fn six() -> (Vec<f64>, Vec<bool>, Vec<f64>) {
    let time = vec![4.0, 1.0, 1.0, 2.0, 2.0, 3.0];
    let event = vec![true, true, false, true, true, false];
    (time, event, vec![0.0, 1.0, 1.0, 1.0, 0.0, 0.0])
}

fn fit(ties: Ties) -> CoxFit {
    let (time, event, x) = six();
    let data = CoxData::new(Survival::new(&time, &event), vec![Cow::Borrowed(&x)]);
    cox(data, &CoxOptions { ties, ..CoxOptions::default() }).unwrap()
}

#[test]
fn breslow_solves_its_closed_form() {
    let f = fit(Ties::Breslow);
    let r = (3.0 + 33f64.sqrt()) / 2.0;
    close(f.coefficients[0].hr.unwrap(), r);
    close(f.loglik[1], 2.0 * r.ln() - (3.0 * r + 3.0).ln() - 2.0 * (r + 3.0).ln());
    // At beta 0: score 2 - 1/2 - 2/4, information 1/4 + 2 * 3/16.
    close(f.score.chi_square, 1.0 / (0.25 + 6.0 / 16.0));
}

#[test]
fn efron_solves_its_score_equation() {
    let f = fit(Ties::Efron);
    let r = f.coefficients[0].hr.unwrap();
    close(2.0, r / (r + 1.0) + r / (r + 3.0) + r / (r + 5.0));
    close(f.loglik[1], 2.0 * r.ln() - (3.0 * r + 3.0).ln() - (r + 3.0).ln() - ((r + 5.0) / 2.0).ln());
}

#[test]
fn exact_ties_count_the_pairs_that_could_have_died() {
    // At time 2, two of four at risk, one of them with x = 1: 3 pairs weigh r = exp(beta), 3 weigh 1. So both
    // factors are r / (3r + 3), and the likelihood rises for ever.
    let f = fit(Ties::Exact);
    close(f.loglik[0], -2.0 * 6f64.ln());
    assert!((f.loglik[1] + 2.0 * 3f64.ln()).abs() < 1e-9);
    assert_eq!(f.warnings, [Warning::InfiniteCoefficient { column: 0 }]);
}

#[test]
fn a_column_that_repeats_another_is_dropped_with_a_warning() {
    let (time, event, x) = six();
    let double: Vec<f64> = x.iter().map(|v| 1e6 * v - 5.0).collect();
    let data = CoxData::new(Survival::new(&time, &event), vec![Cow::Borrowed(&x), Cow::Borrowed(&double)]);
    let f = cox(data, &CoxOptions::default()).unwrap();
    assert_eq!(f.warnings, [Warning::CollinearColumns { columns: vec![1] }]);
    assert_eq!(f.coefficients[1].estimate, None);
    assert_eq!(f.likelihood_ratio.df, 1);
}

#[test]
fn a_coefficient_that_runs_to_infinity_is_a_warning_and_firth_makes_it_finite() {
    let time = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let event = [true, true, true, false, false, false];
    let x = [1.0, 1.0, 1.0, 0.0, 0.0, 0.0];
    let data = || CoxData::new(Survival::new(&time, &event), vec![Cow::Borrowed(&x[..])]);
    let f = cox(data(), &CoxOptions::default()).unwrap();
    assert_eq!(f.warnings, [Warning::InfiniteCoefficient { column: 0 }]);
    assert_eq!(f.coefficients[0].estimate, None);
    let f = cox(data(), &CoxOptions { firth: true, ..CoxOptions::default() }).unwrap();
    assert!(f.coefficients[0].estimate.unwrap() > 0.0 && f.warnings.is_empty());
}

#[test]
fn a_rare_covariate_that_runs_to_infinity_is_found_as_well() {
    // Two of 4000 carry it, and neither has an event.
    let n = 4000;
    let time: Vec<f64> = (0..n).map(|i| 1.0 + i as f64).collect();
    let event: Vec<bool> = (0..n).map(|i| i % 2 == 0).collect();
    let rare: Vec<f64> = (0..n).map(|i| f64::from(u8::from(i == 1999 || i == 2999))).collect();
    let other: Vec<f64> = (0..n).map(|i| f64::from(u8::from(i % 3 == 0))).collect();
    let data = CoxData::new(Survival::new(&time, &event), vec![rare.into(), other.into()]);
    let f = cox(data, &CoxOptions::default()).unwrap();
    assert_eq!(f.warnings, [Warning::InfiniteCoefficient { column: 0 }]);
    assert!(f.coefficients[1].estimate.is_some());
}

#[test]
fn data_without_an_answer_are_refused_by_name() {
    let (time, event, x) = six();
    let none = vec![false; 6];
    let data = CoxData::new(Survival::new(&time, &none), vec![Cow::Borrowed(&x)]);
    assert_eq!(cox(data, &CoxOptions::default()).err(), Some(StatsError::NoEvents { method: "Cox model" }));
    let one = logrank(&Survival::new(&time, &event), &[0; 6], 2, None, &LogrankOptions::default());
    assert_eq!(one.err(), Some(StatsError::OneGroup { method: "log-rank", groups: 1 }));
    assert_eq!(kaplan_meier(&Survival::new(&[], &[]), &KmOptions::default()).err(), Some(StatsError::NoRows));
    let nan = kaplan_meier(&Survival::new(&[f64::NAN], &[true]), &KmOptions::default());
    assert!(matches!(nan.err(), Some(StatsError::NotFinite { row: 1, .. })));
}

fn cells(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().skip(1).map(|l| l.split(',').collect())
}

/// Leukaemia of Freireich 1963. Sums of O - E and V in R; SAS LIFETEST prints 16.7929 and 13.4579 (Wilcoxon).
#[test]
fn the_named_weights_of_the_log_rank_test_give_the_leukaemia_statistics() {
    let rows: Vec<_> = cells(include_str!("../../../docs/stats/data/leukaemia.csv")).collect();
    let time: Vec<f64> = rows.iter().map(|r| r[0].parse().unwrap()).collect();
    let event: Vec<bool> = rows.iter().map(|r| r[1] == "1").collect();
    let group: Vec<usize> = rows.iter().map(|r| usize::from(r[2] == "6-MP")).collect();
    for (weight, chi_square) in [
        (LogrankWeight::One, 16.792_940_989_2),
        (LogrankWeight::Gehan, 13.457_852_049_6),
        (LogrankWeight::TaroneWare, 15.123_575_301_9),
        (LogrankWeight::Peto, 14.084_139_866_9),
        (LogrankWeight::ModifiedPeto, 13.911_285_454_9),
    ] {
        let options = LogrankOptions { weight, ..LogrankOptions::default() };
        let t = logrank(&Survival::new(&time, &event), &group, 2, None, &options).unwrap();
        assert!((t.chi_square - chi_square).abs() < 1e-10 * chi_square, "{weight:?}: {}", t.chi_square);
    }
}

/// R survival 3.5-3, `concordance(Surv(time, status) ~ age, lung, reverse = TRUE, timewt = ...)`.
#[test]
fn concordance_weighted_by_time_equals_r() {
    let rows: Vec<_> = cells(include_str!("../../workbench/tests/reference/data/lung.csv")).collect();
    let table = include_str!("../../workbench/tests/reference/data/lung.csv");
    let place = |name: &str| {
        table.lines().next().unwrap().split(',').position(|c| c.trim_matches('"') == name).unwrap()
    };
    let column = |name: &str| -> Vec<f64> {
        rows.iter().map(|r| r[place(name)].trim_matches('"').parse().unwrap()).collect()
    };
    let (time, age) = (column("time"), column("age"));
    let event: Vec<bool> = column("status").iter().map(|s| *s == 2.0).collect();
    for (weight, c, se) in [
        (PairWeight::Pairs, 0.550_239_832_117_52, 0.025_142_111_594_33),
        (PairWeight::Survival, 0.549_673_927_184_63, 0.023_942_600_104_32),
        (PairWeight::SurvivalOverCensoring, 0.549_230_725_746_68, 0.023_030_579_100_07),
        (PairWeight::Uno, 0.549_230_725_746_68, 0.023_030_579_100_07),
        (PairWeight::Events, 0.543_389_195_476_92, 0.023_210_575_246_85),
    ] {
        let data = Survival::new(&time, &event);
        let got = concordance_weighted(&data, &age, None, None, None, weight, NearTies::default()).unwrap();
        close(got.concordance, c);
        close(got.variance.sqrt(), se);
        let entry = vec![0.0; time.len()];
        let late = Survival::with_entry(&entry, &time, &event);
        let again = concordance_weighted(&late, &age, None, None, None, weight, NearTies::default());
        match weight {
            PairWeight::Uno | PairWeight::SurvivalOverCensoring => assert!(again.is_err()),
            _ => close(again.unwrap().concordance, c),
        }
    }
}
