//! Data without an answer: every method answers with numbers, a named condition or a warning, never with NaN.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
#[path = "degenerate/extremes.rs"]
mod extremes;
#[path = "degenerate/far.rs"]
mod far;
#[path = "degenerate/models.rs"]
mod models;
#[path = "degenerate/weighted.rs"]
mod weighted;

use std::borrow::Cow;

use proptest::prelude::*;
use stats::survival::*;

/// Cases of a property, times the environment's STATS_FUZZ_TIMES for a long round.
pub(crate) fn times(cases: u32) -> ProptestConfig {
    let factor = std::env::var("STATS_FUZZ_TIMES").ok().and_then(|v| v.parse().ok()).unwrap_or(1);
    ProptestConfig { cases: cases * factor, ..ProptestConfig::default() }
}

/// An answer holds no NaN anywhere; a refusal says something.
pub(crate) fn without_nan<T: std::fmt::Debug, E: std::fmt::Display>(what: &str, answer: Result<T, E>) {
    match answer {
        Ok(result) => {
            let text = format!("{result:?}");
            assert!(!text.contains("NaN"), "{what}: {text}");
        }
        Err(why) => assert!(!why.to_string().is_empty()),
    }
}

/// Neither NaN nor an infinity.
pub(crate) fn finite<T: std::fmt::Debug>(what: &str, answer: &T) {
    let text = format!("{answer:?}");
    assert!(!text.contains("NaN") && !text.contains("inf"), "{what}: {text}");
}

fn known(x: f64) {
    assert!(!x.is_nan(), "NaN reached a result");
}

fn coefficient(c: &Coefficient) {
    [c.estimate, c.se, c.robust_se, c.z, c.p, c.hr, c.hr_lower, c.hr_upper]
        .into_iter()
        .flatten()
        .for_each(known);
}

#[derive(Debug, Clone)]
struct Rows {
    time: Vec<f64>,
    event: Vec<bool>,
    cause: Vec<u32>,
    group: Vec<usize>,
    x: Vec<f64>,
}

/// Few rows, many ties, extreme sizes, constant and huge covariates, all or no events.
fn rows() -> impl Strategy<Value = Rows> {
    let time = prop_oneof![Just(1.0), Just(2.0), Just(1e-300), Just(1e300), Just(0.0), 0.5..9.0f64];
    let x = prop_oneof![Just(0.0), Just(1.0), Just(1e150), Just(-1e-150), Just(1e300), -3.0..3.0f64];
    let kind = prop_oneof![Just(0u32), Just(1), Just(2), 0..3u32];
    (1..14usize, kind).prop_flat_map(move |(n, kind)| {
        let cause = if kind == 2 { (0..3u32).boxed() } else { Just(kind).boxed() };
        prop::collection::vec((time.clone(), cause, 0..3usize, x.clone()), n).prop_map(|v| Rows {
            time: v.iter().map(|r| r.0).collect(),
            event: v.iter().map(|r| r.1 == 1).collect(),
            cause: v.iter().map(|r| r.1).collect(),
            group: v.iter().map(|r| r.2).collect(),
            x: v.iter().map(|r| r.3).collect(),
        })
    })
}

proptest! {
    #![proptest_config(times(300))]

    #[test]
    fn curves_hold_no_nan(r in rows()) {
        for conf_type in ConfType::ALL {
            let options = KmOptions { conf_type, ..KmOptions::default() };
            let data = Survival::new(&r.time, &r.event);
            for c in kaplan_meier_by(&data, &r.group, 3, None, None, &options).unwrap() {
                c.surv.iter().chain(&c.cumhaz).chain(&c.std_chaz).chain(&c.n_risk).for_each(|&v| known(v));
                for v in c.std_err.iter().chain(&c.lower).chain(&c.upper) {
                    v.iter().for_each(|&v| known(v));
                }
                for q in c.quantile(&[0.0, 0.25, 0.5, 1.0]).unwrap() {
                    [q.estimate, q.lower, q.upper].into_iter().flatten().for_each(known);
                }
            }
        }
    }

    #[test]
    fn comparisons_hold_no_nan(r in rows()) {
        let data = Survival::new(&r.time, &r.event);
        let weights = [
            LogrankWeight::One,
            LogrankWeight::FlemingHarrington { rho: 0.0, gamma: 1.0 },
            LogrankWeight::Modest { t_star: 2.0 },
            LogrankWeight::Gehan,
        ];
        for weight in weights {
            let options = LogrankOptions { weight, ..LogrankOptions::default() };
            if let Ok(t) = logrank(&data, &r.group, 3, Some(&r.group.iter().map(|g| g % 2).collect::<Vec<_>>()), &options) {
                known(t.chi_square);
                known(t.p);
            }
            if let Ok(t) = logrank(&data, &r.group, 3, None, &options) {
                t.observed.iter().chain(&t.expected).chain(&t.variance.values).for_each(|&v| known(v));
                known(t.chi_square);
                known(t.p);
                for g in 0..3 {
                    [t.z(g), t.hr_peto(g), t.p_fewer(g)].into_iter().flatten().for_each(known);
                }
            }
        }
        let two: Vec<bool> = r.group.iter().map(|&g| g == 1).collect();
        if let Ok(l) = landmark(&data, &two, 1.5, 0.95, NearTies::Merge) {
            [l.difference, l.lower, l.upper, l.std_err].into_iter().for_each(known);
            [l.naive, l.log, l.cloglog, l.arcsin].into_iter().flatten().for_each(known);
        }
        let options = RmstOptions { tau: 2.0, conf_level: 0.95, near_ties: NearTies::Merge, carry_on: true };
        if let Ok(m) = rmst(&data, &r.group, 3, &options) {
            m.groups.iter().for_each(|g| { known(g.mean); known(g.se); });
        }
    }

    #[test]
    fn regressions_hold_no_nan(r in rows()) {
        let columns = || vec![Cow::Borrowed(&r.x[..]), Cow::Owned(r.group.iter().map(|&g| g as f64).collect())];
        for ties in [Ties::Efron, Ties::Breslow, Ties::Exact] {
            for firth in [false, true] {
                let options = CoxOptions { ties, firth, ..CoxOptions::default() };
                let fit = cox(CoxData::new(Survival::new(&r.time, &r.event), columns()), &options);
                if let Ok(fit) = fit {
                    fit.coefficients.iter().for_each(coefficient);
                    [fit.loglik[0], fit.loglik[1], fit.score.chi_square, fit.wald.chi_square].into_iter().for_each(known);
                    [fit.score.p, fit.wald.p, fit.likelihood_ratio.p].into_iter().for_each(known);
                    if let Ok(res) = fit.residuals() {
                        res.martingale.iter().chain(&res.deviance).for_each(|&v| known(v));
                    }
                }
            }
        }
        let data = Competing { time: &r.time, cause: &r.cause };
        if let Ok(fit) = fine_gray(&data, columns(), 1, None, &FineGrayOptions::default()) {
            fit.coefficients.iter().for_each(coefficient);
        }
        let options = CumulativeIncidenceOptions::default();
        for c in cumulative_incidence(&data, &r.group, 3, 2, &options).unwrap() {
            c.probability.iter().chain(&c.std_err).chain(&c.aalen_variance).flatten().for_each(|&v| known(v));
        }
        if let Ok(t) = gray(&data, &r.group, 3, None, 1, 0.0, NearTies::Merge) {
            known(t.test.chi_square);
            known(t.test.p);
        }
        if let Ok(fit) = parametric(&observed(&r.time, &r.event), &[], Distribution::Weibull, 0.95) {
            fit.coefficients.iter().for_each(coefficient);
        }
        if let Ok(c) = concordance(&Survival::new(&r.time, &r.event), &r.x, None, None, None, NearTies::Merge) {
            known(c.concordance);
            known(c.variance);
        }
    }
}

#[test]
fn a_log_rank_p_value_near_the_end_of_the_number_range_keeps_its_digits() {
    let n = 400;
    let time: Vec<f64> = (0..n).map(|i| if i % 2 == 0 { 1.0 + i as f64 } else { 1e6 + i as f64 }).collect();
    let event = vec![true; n];
    let group: Vec<usize> = (0..n).map(|i| i % 2).collect();
    let t = logrank(&Survival::new(&time, &event), &group, 2, None, &LogrankOptions::default()).unwrap();
    assert!(t.p > 0.0 && t.p < 1e-90, "{}", t.p);
}
