//! Everything far: weights over nine decades, offsets of 60 and beyond, covariates and times of any size; every output.
use std::borrow::Cow;

use proptest::prelude::*;
use stats::Warning;
use stats::cluster::*;
use stats::inference::Level;
use stats::linalg::Matrix;
use stats::model::*;
use stats::multiplicity::*;
use stats::survival::*;

use crate::{finite, times, without_nan};

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
    cluster: Vec<usize>,
}

fn sizes() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => Just(1.0), 1 => Just(1e-300), 1 => Just(1e300), 1 => Just(1e-9), 1 => Just(1e9), 1 => Just(1e100), 1 => Just(1e-100)
    ]
}

/// One size for all times, one for each covariate; some rows far from the others.
fn rows() -> impl Strategy<Value = Rows> {
    let decade = prop_oneof![4 => Just(0), 2 => -4..5i32, 1 => Just(-9), 1 => Just(9)];
    let offset = prop_oneof![4 => -2.0..2.0f64, 2 => -60.0..60.0f64, 1 => Just(700.0), 1 => Just(-750.0), 1 => Just(1e300)];
    let x =
        prop_oneof![6 => -3.0..3.0f64, 1 => Just(0.0), 1 => Just(1e8), 1 => Just(-1e16), 1 => Just(1e300)];
    let row = (0..4u32, 1..6u32, 0..4u32, 0..3u32, x, 0..2u32, decade, offset, (0..3usize, 0..5usize));
    (prop::collection::vec(row, 1..20), sizes(), sizes(), 0..4u8, 0..5u8).prop_map(
        |(v, t, s, kind, offsets)| Rows {
            entry: v.iter().map(|r| f64::from(r.0) * t).collect(),
            time: v
                .iter()
                .map(|r| f64::from(r.0 + r.1) * t * if r.2 == 0 { 1.0 + 1e-9 } else { 1.0 })
                .collect(),
            event: v.iter().map(|r| r.3 > 0).collect(),
            cause: v.iter().map(|r| r.3).collect(),
            x: v.iter().map(|r| if kind == 0 { r.4.clamp(-3.0, 3.0) * s } else { r.4 }).collect(),
            y: v.iter().map(|r| f64::from(r.5) * if kind == 1 { 1e-200 } else { 1.0 }).collect(),
            weight: v.iter().map(|r| 10f64.powi(r.6)).collect(),
            offset: v.iter().map(|r| if offsets == 0 { r.7 } else { r.7.clamp(-60.0, 60.0) }).collect(),
            code: v.iter().map(|r| r.8.0).collect(),
            cluster: v.iter().map(|r| r.8.1).collect(),
        },
    )
}

/// A variance beyond the range of numbers says so.
fn variance(what: &str, of: &[&Matrix], warnings: &[Warning]) {
    let text = format!("{of:?}");
    let told = warnings.iter().any(|w| matches!(w, Warning::Overflow { .. }));
    assert!(!text.contains("NaN") && (told || !text.contains("inf")), "{what}: {text}");
}

fn check_fit(fit: &CoxFit) {
    finite("Cox tests", &(fit.loglik, fit.score, fit.wald, fit.robust_score, fit.likelihood_ratio));
    finite("Cox coefficients", &(&fit.coefficients, &fit.beta, &fit.means));
    variance("Cox", &[&fit.vcov, &fit.naive_vcov], &fit.warnings);
    match fit.residuals() {
        Ok(r) => finite("residuals", &(r.martingale, r.deviance, r.score, r.dfbeta, r.schoenfeld)),
        Err(why) => assert!(!why.to_string().is_empty()),
    }
    without_nan("concordance", fit.concordance());
    for transform in TimeTransform::ALL {
        match fit.zph(transform, &[vec![0], vec![1], vec![0, 1], vec![]]) {
            Ok(z) => finite("zph", &z),
            Err(why) => assert!(!why.to_string().is_empty()),
        }
    }
    for conf_type in ConfType::ALL {
        without_nan("curve", fit.survival(&[0.5, 1.0], 0.0, conf_type, 0.95));
        without_nan("curve of an enormous predictor", fit.survival(&[1e300, -1e300], 300.0, conf_type, 0.95));
        without_nan("curve at the means", fit.survival(&fit.means, 0.0, conf_type, 0.5));
    }
    for centred in [false, true] {
        without_nan("baseline", fit.baseline_hazard(centred));
    }
    for column in 0..2 {
        without_nan("profile", fit.profile_limits(column, 0.95));
    }
}

proptest! {
    #![proptest_config(times(6))]

    #[test]
    fn cox_models_of_far_rows_answer_with_numbers_or_a_condition(r in rows()) {
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
            data.cluster = has(4).then_some(&r.cluster[..]);
            for ties in [Ties::Efron, Ties::Breslow, Ties::Exact] {
                for (firth, robust) in [(false, false), (true, false), (false, true)] {
                    let options = CoxOptions { ties, firth, robust, ..CoxOptions::default() };
                    match cox(data.clone(), &options) {
                        Ok(fit) => check_fit(&fit),
                        Err(why) => assert!(!why.to_string().is_empty()),
                    }
                }
            }
        }
    }

    #[test]
    fn curves_and_tests_of_far_rows_answer_with_numbers_or_a_condition(r in rows()) {
        let (late, plain) = (Survival::with_entry(&r.entry, &r.time, &r.event), Survival::new(&r.time, &r.event));
        let at = [0.0, r.time[0] * 0.5, r.time[0], r.time[0] * 2.0];
        for data in [late, plain] {
            for variance in [KmVariance::Auto, KmVariance::Greenwood, KmVariance::Aalen, KmVariance::Robust] {
                for conf_type in ConfType::ALL {
                    let options = KmOptions { variance, conf_type, ..KmOptions::default() };
                    for weights in [None, Some(&r.weight[..])] {
                        let curves = kaplan_meier_by(&data, &r.code, 3, weights, Some(&r.cluster), &options);
                        for c in curves.iter().flatten() {
                            without_nan("at", Ok::<_, String>(c.at(&at)));
                            without_nan("quantile", c.quantile(&[0.1, 0.5, 0.9]));
                            without_nan("conditional", c.conditional(at[1], at[3], conf_type, 0.95));
                        }
                        without_nan("curve", curves);
                    }
                }
            }
            let weights = [
                LogrankWeight::One,
                LogrankWeight::FlemingHarrington { rho: 0.5, gamma: 3.0 },
                LogrankWeight::FlemingHarrington { rho: 300.0, gamma: 0.0 },
                LogrankWeight::Modest { t_star: at[1] },
                LogrankWeight::Gehan,
            ];
            for weight in weights {
                let options = LogrankOptions { weight, ..LogrankOptions::default() };
                for strata in [None, Some(&r.cluster[..])] {
                    let t = logrank(&data, &r.code, 3, strata, &options);
                    if let Ok(t) = &t {
                        without_nan("trend", t.trend(&[0.0, 1.0, 5.0]));
                        for g in 0..3 {
                            without_nan("sides", Ok::<_, String>((t.z(g), t.p_fewer(g), t.p_more(g), t.hr_peto(g))));
                            without_nan("ratio", Ok::<_, String>(t.hr_observed_expected(g, (g + 1) % 3)));
                        }
                    }
                    without_nan("log-rank", t);
                }
            }
            without_nan("family", logrank_family(&data, &r.code, 1, Some(&r.cluster), &weights, NearTies::Merge));
            for score in [&r.x, &r.offset] {
                for cluster in [None, Some(&r.cluster[..])] {
                    without_nan("concordance", concordance(&data, score, None, Some(&r.weight), cluster, NearTies::Merge));
                }
            }
            let arm: Vec<bool> = r.code.iter().map(|&c| c == 1).collect();
            without_nan("landmark", landmark(&data, &arm, at[2], 0.95, NearTies::Exact));
            for tau in [at[1], at[2], at[3]] {
                let options = RmstOptions { tau, conf_level: 0.95, near_ties: NearTies::Merge, carry_on: true };
                without_nan("restricted mean", rmst(&data, &r.code, 3, &options));
                without_nan("restricted mean of two", rmst(&data, &r.code.iter().map(|c| c % 2).collect::<Vec<_>>(), 2, &options));
                for model in [RmstModel::Difference, RmstModel::Ratio, RmstModel::LostRatio] {
                    without_nan("adjusted mean", rmst_adjusted(&data, &arm, &[&r.x], model, &options));
                }
            }
        }
        without_nan("follow-up", median_follow_up(&plain, &KmOptions::default()));
        for variance in [OneSampleVariance::Expected, OneSampleVariance::Mean] {
            let hazard: Vec<f64> = r.x.iter().map(|x| x.abs()).collect();
            without_nan("one sample", logrank_one_sample(&r.event, &hazard, variance));
        }
    }

    #[test]
    fn competing_risks_of_far_rows_answer_with_numbers_or_a_condition(r in rows()) {
        let risks = Competing { time: &r.time, cause: &r.cause };
        for conf_type in ConfType::ALL {
            let options = CumulativeIncidenceOptions { conf_type, ..CumulativeIncidenceOptions::default() };
            let curves = cumulative_incidence(&risks, &r.code, 3, 2, &options);
            for c in curves.iter().flatten() {
                without_nan("at", Ok::<_, String>(c.at(&[0.0, r.time[0], 2.0 * r.time[0]])));
                without_nan("time lost", c.restricted_mean(r.time[0]));
            }
            without_nan("incidence", curves);
        }
        for rho in [-2.0, 0.0, 1.0, 50.0] {
            for strata in [None, Some(&r.cluster[..])] {
                without_nan("Gray", gray(&risks, &r.code, 3, strata, 1, rho, NearTies::Merge).map(|g| g.test));
            }
        }
        for censoring_ties in [CensoringTies::All, CensoringTies::EventsFirst] {
            for censoring_term in [CensoringTerm::OwnGroup, CensoringTerm::AllEvents] {
                for ties in [Ties::Breslow, Ties::Efron] {
                    let options = FineGrayOptions { censoring_ties, censoring_term, ties, ..FineGrayOptions::default() };
                    for groups in [None, Some(&r.code[..])] {
                        let columns = vec![Cow::Borrowed(&r.x[..]), Cow::Borrowed(&r.y[..])];
                        match fine_gray(&risks, columns, 1, groups, &options) {
                            Ok(f) => {
                                finite("Fine-Gray", &(&f.coefficients, f.loglik, f.wald));
                                variance("Fine-Gray", &[&f.vcov, &f.naive_vcov], &f.warnings);
                                without_nan("incidence", f.incidence(&[0.0, 1.0]));
                                without_nan("incidence far", f.incidence(&[1e300, -1e300]));
                                without_nan("baseline", Ok::<_, String>(&f.baseline));
                            }
                            Err(why) => assert!(!why.to_string().is_empty()),
                        }
                    }
                }
            }
            without_nan("expanded", fine_gray_expand(&risks, 1, censoring_ties, NearTies::Merge));
        }
    }

    #[test]
    fn models_of_far_times_answer_with_numbers_or_a_condition(r in rows()) {
        let plain = Survival::new(&r.time, &r.event);
        let mut intervals: Vec<Observed> = r.entry.iter().zip(&r.time).zip(&r.event)
            .map(|((&lower, &upper), &e)| Observed { lower, upper: if e { upper } else { f64::INFINITY } })
            .collect();
        for kind in 0..3 {
            if kind == 1 {
                intervals = observed(&r.time, &r.event);
            }
            if kind == 2 {
                intervals.iter_mut().zip(&r.code).filter(|p| *p.1 == 0).for_each(|(o, _)| o.lower = 0.0);
            }
            for distribution in Distribution::ALL {
                for columns in [&[][..], &[&r.x[..]], &[&r.x[..], &r.y[..]]] {
                    let fit = parametric(&intervals, columns, distribution, 0.95);
                    if let Ok(f) = &fit {
                        finite("parametric", &(&f.coefficients, f.scale, f.log_scale_se, f.loglik));
                        without_nan("hazard ratios", Ok::<_, String>(&f.log_hazard_ratio));
                        for x in [0.0, 1.0, 1e300] {
                            without_nan("survival", f.survival(r.time[0], &vec![x; columns.len()]));
                        }
                    }
                    without_nan("parametric", fit);
                }
            }
            let t = turnbull(&intervals);
            if let Ok(t) = &t {
                without_nan("at", Ok::<_, String>([0.0, r.time[0], 1e308].map(|x| t.at(x))));
                finite("Turnbull", &(&t.mass, &t.surv, t.loglik));
            }
            without_nan("Turnbull", t);
        }
        for cuts in [vec![], vec![r.time[0]], vec![r.time[0] * 0.5, r.time[0] * 1.5]] {
            let fit = piecewise_exponential(&plain, &cuts, 0.95);
            if let Ok(f) = &fit {
                without_nan("piecewise survival", Ok::<_, String>(f.survival(r.time[0] * 3.0)));
            }
            without_nan("piecewise", fit.map(|f| (f.pieces.into_iter().map(|p| (p.rate, p.lower, p.upper, p.exposure)).collect::<Vec<_>>(), f.loglik)));
            without_nan("piecewise test", piecewise_equal(&plain, &r.code, 3, &cuts));
        }
    }

    #[test]
    fn treatment_switching_answers_with_numbers_or_a_condition(r in rows()) {
        let arm: Vec<bool> = r.y.iter().map(|&y| y > 0.0).collect();
        let on: Vec<f64> = r.time.iter().zip(&r.code).map(|(t, c)| t * [0.0, 0.5, 1.0][*c]).collect();
        let same: Vec<f64> = r.time.iter().zip(&arm).map(|(t, a)| if *a { *t } else { 0.0 }).collect();
        let last = r.time.iter().copied().fold(0.0, f64::max);
        let end: Vec<f64> = r.time.iter().map(|t| (t * 2.0).max(last)).collect();
        for time_on in [&on, &same] {
            for planned_end in [None, Some(&end[..])] {
                let data = Switching { time: &r.time, event: &r.event, experimental: &arm, time_on, planned_end };
                match rpsft(&data, 0.95) {
                    Ok(fit) => finite("rank-preserving model", &(fit.psi, fit.lower, fit.upper, fit.z_intention_to_treat, fit.untreated_time)),
                    Err(why) => assert!(!why.to_string().is_empty()),
                }
            }
        }
        let late = Survival::with_entry(&r.entry, &r.time, &r.event);
        for stabilised in [false, true] {
            for switched in [&r.event, &arm] {
                let columns = vec![Cow::Borrowed(&r.x[..]), Cow::Borrowed(&r.y[..])];
                match switch_weights(&late, &r.cluster, switched, columns, stabilised, NearTies::Merge) {
                    Ok(w) => {
                        finite("weights", &w.weight);
                        assert!(w.weight.iter().all(|&w| w > 0.0), "{:?}", w.weight);
                    }
                    Err(why) => assert!(!why.to_string().is_empty()),
                }
            }
        }
    }

    #[test]
    fn models_of_far_outcomes_answer_with_numbers_or_a_condition(r in rows()) {
        let yes: Vec<f64> = r.event.iter().map(|&e| f64::from(u8::from(e))).collect();
        let counts: Vec<f64> = r.code.iter().map(|&c| c as f64 * if r.weight[0] > 10.0 { 1e9 } else { 1.0 }).collect();
        let mut seen = Vec::new();
        let cluster: Vec<usize> = r.cluster.iter().map(|c| {
            seen.iter().position(|s| s == c).unwrap_or_else(|| { seen.push(*c); seen.len() - 1 })
        }).collect();
        let columns = [&r.x[..], &r.y[..]];
        for (family, links, y) in [
            (Family::Binomial, &[Link::Logit, Link::Probit, Link::CLogLog, Link::Log, Link::Identity][..], &yes),
            (Family::Poisson, &[Link::Log, Link::Identity][..], &counts),
            (Family::Gaussian, &[Link::Identity, Link::Log][..], &r.offset),
        ] {
            for &link in links {
                for correlation in [Correlation::Independence, Correlation::Exchangeable, Correlation::Ar1] {
                    for denominators in [Denominators::Corrected, Denominators::Uncorrected, Denominators::ByCluster] {
                        let options = GeeOptions { family, link, correlation, denominators, max_iterations: 60, ..GeeOptions::default() };
                        for offset in [None, Some(&r.x[..])] {
                            let data = GeeData { y, columns: &columns[..1], cluster: &cluster, offset };
                            match fit_gee(&data, options) {
                                Ok(fit) => for kind in GeeVariance::ALL {
                                    let text = format!("{:?} {:?}", fit.standard_errors(kind), fit.wald(kind));
                                    assert!(!text.contains("NaN") || !fit.warnings.is_empty(), "{text}");
                                    without_nan("GEE", Ok::<_, String>((&fit.coefficients, fit.alpha, fit.scale)));
                                },
                                Err(why) => assert!(!why.to_string().is_empty()),
                            }
                            without_nan("jackknife", gee_jackknife(&data, options));
                        }
                    }
                }
            }
        }
        for covariance in [Covariance::Unstructured, Covariance::CompoundSymmetry, Covariance::Ar1] {
            for df in [MixedDf::Satterthwaite, MixedDf::KenwardRoger, MixedDf::Residual, MixedDf::Infinite] {
                for restricted in [true, false] {
                    let options = MixedOptions { covariance, df, restricted, ..MixedOptions::default() };
                    for y in [&r.x, &r.offset] {
                        without_nan("mixed model", repeated_measures(y, &[&r.y], &r.cluster, &r.code, options));
                    }
                }
            }
        }
        for firth in [false, true] {
            without_nan("logistic", logistic(&yes, &columns, LogisticOptions { firth, ..LogisticOptions::default() }));
        }
        without_nan("linear", linear(&r.offset, &columns, Level::default()));
        without_nan("ancova", ancova(&r.offset, &r.code, 3, &columns, Level::default()));
        let hole = |v: &[f64], k: usize| -> Vec<Option<f64>> {
            v.iter().enumerate().map(|(i, x)| (i % 3 != k).then_some(*x)).collect()
        };
        let table = vec![hole(&r.x, 0), hole(&r.offset, 1), hole(&r.y, 2)];
        match impute(&table, ImputationOptions { imputations: 3, rounds: 3, seed: 1 }) {
            Ok(sets) => finite("imputed", &sets),
            Err(why) => assert!(!why.to_string().is_empty()),
        }
        let variances: Vec<f64> = r.x.iter().map(|v| v.abs()).collect();
        for df in [None, Some(1e-300), Some(3.0), Some(1e300)] {
            without_nan("pooled", pool(&r.offset, &variances, df, Level::default()));
        }
        let p: Vec<f64> = r.weight.iter().map(|w| (w * 1e-300).min(1.0)).collect();
        for method in Adjustment::ALL {
            without_nan("adjusted", adjust(&p, method));
        }
        let share = vec![1.0 / p.len() as f64; p.len()];
        without_nan("graph", graphical(&p, &fallback(&share), 0.05));
        without_nan("graph", graphical(&p, &fixed_sequence(p.len()), 0.05));
    }
}
