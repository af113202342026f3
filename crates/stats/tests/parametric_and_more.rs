//! Parametric models against R's survreg (survival 3.5-3), and methods checked by cases that collapse to others.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]
use std::borrow::Cow;

use stats::random::Philox;
use stats::survival::*;

const TIME: [f64; 12] = [5.0, 8.0, 12.0, 3.0, 22.0, 17.0, 9.0, 30.0, 14.0, 26.0, 7.0, 19.0];
const EVENT: [bool; 12] = [true, true, false, true, true, false, true, false, true, true, true, false];
const X: [f64; 12] = [1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0];
const Z: [f64; 12] = [2.5, 3.0, 1.0, 4.0, 2.0, 1.5, 3.5, 0.5, 2.2, 1.8, 2.9, 1.1];

fn close(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance * b.abs().max(1e-3), "{a} is not {b}");
}

/// Coefficients, scale, log-likelihood, standard errors (the last of log scale).
fn check(fit: &Parametric, known: &[f64]) {
    let own: Vec<f64> = fit
        .coefficients
        .iter()
        .map(|c| c.estimate.unwrap())
        .chain([fit.scale, fit.loglik])
        .chain(fit.coefficients.iter().map(|c| c.se.unwrap()))
        .chain(fit.log_scale_se)
        .collect();
    assert_eq!(own.len(), known.len());
    own.iter().zip(known).for_each(|(a, b)| close(*a, *b, 1e-8));
}

#[test]
fn right_censored_parametric_models_equal_survreg() {
    let known: [(Distribution, &[f64]); 4] = [
        (
            Distribution::Weibull,
            &[
                4.13093591534755,
                -0.541677796847666,
                -0.47996740863767,
                0.246853837800522,
                -20.2661036239524,
                0.359367676618836,
                0.300605766013304,
                0.174018056579355,
                0.2838948171052,
            ],
        ),
        (
            Distribution::Exponential,
            &[
                5.37879956211383,
                -0.754582713829437,
                -0.864869928090256,
                1.0,
                -27.5622487887574,
                1.21201940464885,
                1.30284373327066,
                0.637739496180206,
            ],
        ),
        (
            Distribution::LogNormal,
            &[
                4.23609572632994,
                -0.669830713045127,
                -0.542978247564642,
                0.314368648551748,
                -20.2756168144922,
                0.409939504146978,
                0.34751601769565,
                0.199923141162917,
                0.241014971369959,
            ],
        ),
        (
            Distribution::LogLogistic,
            &[
                4.41142904165663,
                -0.518673972242187,
                -0.645607088529552,
                0.172204806726737,
                -20.2629129976499,
                0.420552937597792,
                0.321166972340174,
                0.208626120073629,
                0.298891522733761,
            ],
        ),
    ];
    for (distribution, values) in known {
        let fit = parametric(&observed(&TIME, &EVENT), &[&X, &Z], distribution, 0.95).unwrap();
        check(&fit, values);
    }
}

fn intervals() -> Vec<Observed> {
    let l = [0.0, 4.0, 6.0, 2.0, 10.0, 8.0, 5.0, 15.0, 3.0, 12.0, 7.0, 9.0];
    let inf = f64::INFINITY;
    let u = [5.0, 8.0, inf, 7.0, 22.0, 17.0, 9.0, inf, 14.0, 26.0, 7.0, inf];
    l.iter().zip(u).map(|(&lower, upper)| Observed { lower, upper }).collect()
}

#[test]
fn interval_censored_parametric_models_equal_survreg() {
    let known: [(Distribution, &[f64]); 3] = [
        (
            Distribution::Weibull,
            &[
                2.81802778752462,
                -0.966748514425775,
                0.131521816234429,
                -4.44246669216789,
                0.143146738206458,
                0.173695354395598,
                0.478797390475705,
            ],
        ),
        (
            Distribution::LogNormal,
            &[
                2.77469897392048,
                -1.03319706167401,
                0.16751555590963,
                -4.71553516023099,
                0.139503382071539,
                0.173679886191184,
                0.400901209598426,
            ],
        ),
        (
            Distribution::LogLogistic,
            &[
                2.7743032265154,
                -1.02358412535551,
                0.0992189587775069,
                -4.89589316845931,
                0.132697331194101,
                0.17867596833891,
                0.426629071055151,
            ],
        ),
    ];
    for (distribution, values) in known {
        let fit = parametric(&intervals(), &[&X], distribution, 0.95).unwrap();
        check(&fit, values);
    }
}

#[test]
fn turnbull_on_right_censored_times_is_kaplan_meier() {
    let t = turnbull(&observed(&TIME, &EVENT)).unwrap();
    let c = kaplan_meier(&Survival::new(&TIME, &EVENT), &KmOptions::default()).unwrap();
    for at in c.at(&[3.0, 6.0, 9.5, 14.0, 23.0]) {
        close(t.at(at.time).1, at.surv, 1e-9);
    }
    assert!(t.gap < 1e-9);
}

#[test]
fn turnbull_reaches_the_maximum_on_intervals() {
    let t = turnbull(&intervals()).unwrap();
    assert!(t.gap.abs() < 1e-9, "{}", t.gap);
    close(t.mass.iter().sum(), 1.0, 1e-12);
}

#[test]
fn a_piecewise_exponential_rate_is_events_per_time_at_risk() {
    let p = piecewise_exponential(&Survival::new(&TIME, &EVENT), &[10.0], 0.95).unwrap();
    // Five events within 10; those still followed contribute 10 each.
    let exposure = 5.0 + 8.0 + 3.0 + 9.0 + 7.0 + 7.0 * 10.0;
    close(p.pieces[0].rate.unwrap(), 5.0 / exposure, 1e-14);
    close(p.survival(10.0), (-10.0 * 5.0 / exposure).exp(), 1e-14);
    let exponential = parametric(&observed(&TIME, &EVENT), &[], Distribution::Exponential, 0.95).unwrap();
    let one = piecewise_exponential(&Survival::new(&TIME, &EVENT), &[], 0.95).unwrap();
    close(one.pieces[0].rate.unwrap(), (-exponential.coefficients[0].estimate.unwrap()).exp(), 1e-10);
    close(one.loglik, exponential.loglik, 1e-12);
}

#[test]
fn conditional_survival_is_that_of_those_still_event_free() {
    let c = kaplan_meier(&Survival::new(&TIME, &EVENT), &KmOptions::default()).unwrap();
    let rows: Vec<usize> = (0..12).filter(|&i| TIME[i] > 8.5).collect();
    let time: Vec<f64> = rows.iter().map(|&i| TIME[i]).collect();
    let event: Vec<bool> = rows.iter().map(|&i| EVENT[i]).collect();
    let later = kaplan_meier(&Survival::new(&time, &event), &KmOptions::default()).unwrap();
    let own = c.conditional(8.5, 20.0, ConfType::LogLog, 0.95).unwrap().unwrap();
    let known = later.at(&[20.0])[0];
    close(own.surv, known.surv, 1e-12);
    close(own.std_err.unwrap(), known.std_err.unwrap(), 1e-12);
    close(own.lower.unwrap(), known.lower.unwrap(), 1e-12);
}

#[test]
fn maxcombo_of_one_weight_is_the_log_rank_test_and_of_more_lies_between_the_bounds() {
    let group: Vec<usize> = X.iter().map(|&x| x as usize).collect();
    let data = Survival::new(&TIME, &EVENT);
    let plain = logrank(&data, &group, 2, None, &LogrankOptions::default()).unwrap();
    let one = maxcombo(&data, &group, 0, None, &[LogrankWeight::One], NearTies::Merge, 1).unwrap();
    close(one.p_one_sided, plain.p_fewer(0).unwrap(), 1e-12);
    close(one.p_two_sided, plain.p, 1e-12);
    let all = maxcombo(&data, &group, 0, None, &FOUR_WEIGHTS, NearTies::Merge, 1).unwrap();
    let best = stats::special::norm_cdf(all.smallest);
    assert!(all.p_one_sided >= best - 1e-6 && all.p_one_sided <= 4.0 * best);
    assert!(all.error.0 < 1e-4);
}

#[test]
fn maxcombo_keeps_the_digits_of_a_p_value_far_below_the_last_digit_of_one() {
    // Everybody of the first group dies before anybody of the second.
    let n = 300;
    let time: Vec<f64> = (0..2 * n).map(|i| f64::from(i) + 1.0).collect();
    let event = vec![true; 2 * n as usize];
    let group: Vec<usize> = (0..2 * n).map(|i| usize::from(i >= n)).collect();
    let data = Survival::new(&time, &event);
    let all = maxcombo(&data, &group, 1, None, &FOUR_WEIGHTS, NearTies::Merge, 1).unwrap();
    let best = stats::special::norm_cdf(all.smallest);
    assert!(best > 0.0 && best < 1e-40, "{best}");
    for (p, tail, error) in [(all.p_one_sided, best, all.error.0), (all.p_two_sided, 2.0 * best, all.error.1)]
    {
        assert!(p >= tail * (1.0 - 1e-9) && p <= 4.0 * tail, "{p} beside {tail}");
        assert!(error < 1e-3 * p, "{error} of {p}");
    }
}

#[test]
fn the_normal_integral_equals_its_closed_form_for_two_correlated_variables() {
    // P(X < 0, Y < 0) = 1/4 + asin(r) / 2 pi.
    for r in [-0.7f64, 0.0, 0.5, 0.95] {
        let m = stats::linalg::Matrix { size: 2, values: vec![1.0, r, r, 1.0] };
        let (p, _) = box_probability(&m, &[f64::NEG_INFINITY; 2], &[0.0; 2], 3);
        close(p, 0.25 + r.asin() / std::f64::consts::TAU, 1e-4);
    }
    // Four equicorrelated at 1/2: P(all below 0) = 1/5.
    let values = (0..16).map(|k| if k % 5 == 0 { 1.0 } else { 0.5 }).collect();
    let (p, error) =
        box_probability(&stats::linalg::Matrix { size: 4, values }, &[f64::NEG_INFINITY; 4], &[0.0; 4], 3);
    assert!((p - 0.2).abs() < 1e-5_f64.max(5.0 * error), "{p} {error}");
}

#[test]
fn fine_gray_equals_weighted_cox_on_expanded_rows_in_both_conventions() {
    let mut r = Philox::new(5, 0);
    let n = 300;
    let x: Vec<f64> = (0..n).map(|_| r.normal()).collect();
    let y: Vec<f64> = (0..n).map(|_| r.uniform()).collect();
    let time: Vec<f64> = x.iter().map(|x| (-r.uniform().ln() * (-0.5 * x).exp() * 12.0).ceil()).collect();
    let cause: Vec<u32> = (0..n).map(|_| r.below(3) as u32).collect();
    let data = Competing { time: &time, cause: &cause };
    for censoring_ties in [CensoringTies::All, CensoringTies::EventsFirst] {
        for ties in [Ties::Breslow, Ties::Efron] {
            let columns = || vec![Cow::Borrowed(&x[..]), Cow::Borrowed(&y[..])];
            let options = FineGrayOptions { censoring_ties, ties, ..FineGrayOptions::default() };
            let own = fine_gray(&data, columns(), 1, None, &options).unwrap();
            let long = fine_gray_expand(&data, 1, censoring_ties, NearTies::Merge).unwrap();
            let pick = |v: &[f64]| Cow::Owned(long.row.iter().map(|&i| v[i]).collect::<Vec<f64>>());
            let rows = Survival::with_entry(&long.start, &long.stop, &long.event);
            let mut rows = CoxData::new(rows, vec![pick(&x), pick(&y)]);
            rows.weights = Some(&long.weight);
            let known = cox(rows, &CoxOptions { ties, ..CoxOptions::default() }).unwrap();
            for j in 0..2 {
                let (a, b) = (own.coefficients[j], known.coefficients[j]);
                close(a.estimate.unwrap(), b.estimate.unwrap(), 1e-9);
                close(a.se.unwrap(), b.se.unwrap(), 1e-9);
            }
            close(own.loglik[1], known.loglik[1], 1e-11);
        }
    }
}

#[test]
fn without_competing_events_fine_gray_is_cox_with_its_robust_variance() {
    let cause: Vec<u32> = EVENT.iter().map(|&e| u32::from(e)).collect();
    let columns = || vec![Cow::Borrowed(&Z[..])];
    let own =
        fine_gray(&Competing { time: &TIME, cause: &cause }, columns(), 1, None, &FineGrayOptions::default())
            .unwrap();
    let options = CoxOptions { ties: Ties::Breslow, robust: true, ..CoxOptions::default() };
    let known = cox(CoxData::new(Survival::new(&TIME, &EVENT), columns()), &options).unwrap();
    let (a, b) = (own.coefficients[0], known.coefficients[0]);
    close(a.estimate.unwrap(), b.estimate.unwrap(), 1e-10);
    close(a.robust_se.unwrap(), b.robust_se.unwrap(), 1e-10);
}

#[test]
fn splitting_follow_up_into_intervals_changes_nothing_in_a_cox_model() {
    let odd: Vec<f64> = (0..12).map(|i| f64::from(i % 2)).collect();
    let columns = || vec![Cow::Borrowed(&odd[..]), Cow::Borrowed(&Z[..])];
    let whole = cox(CoxData::new(Survival::new(&TIME, &EVENT), columns()), &CoxOptions::default()).unwrap();
    let (mut entry, mut time, mut event, mut x, mut z) = (vec![], vec![], vec![], vec![], vec![]);
    for i in 0..12 {
        let mut from = 0.0;
        for cut in [4.0, 8.0, 11.0, TIME[i]] {
            let to = TIME[i].min(cut);
            if to > from {
                entry.push(from);
                time.push(to);
                event.push(EVENT[i] && to == TIME[i]);
                x.push(odd[i]);
                z.push(Z[i]);
                from = to;
            }
        }
    }
    let data = CoxData::new(Survival::with_entry(&entry, &time, &event), vec![x.into(), z.into()]);
    let split = cox(data, &CoxOptions::default()).unwrap();
    for j in 0..2 {
        let (a, b) = (split.coefficients[j], whole.coefficients[j]);
        close(a.estimate.unwrap(), b.estimate.unwrap(), 1e-9);
        close(a.se.unwrap(), b.se.unwrap(), 1e-9);
    }
}

#[test]
fn firth_agrees_with_a_numerical_maximum_of_the_penalised_likelihood() {
    let x = [1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0];
    let time = [1.0, 2.0, 2.0, 4.0, 5.0, 6.0, 7.0, 8.0];
    let event = [true, true, true, false, true, false, false, true];
    let data = || CoxData::new(Survival::new(&time, &event), vec![Cow::Borrowed(&x[..])]);
    let fit = cox(data(), &CoxOptions { firth: true, ..CoxOptions::default() }).unwrap();
    let beta = fit.coefficients[0].estimate.unwrap();
    // The penalised likelihood at b: the plain model with offset b x, plus half the log information there.
    let penalised = |b: f64| {
        let offset: Vec<f64> = x.iter().map(|x| b * x).collect();
        let mut rows = data();
        rows.offset = Some(&offset);
        let f = cox(rows, &CoxOptions { max_iterations: 50, ..CoxOptions::default() }).unwrap();
        // At the start of that search the score test is U^2 / I, so I follows from a second offset.
        f.loglik[0]
    };
    let information = |b: f64| {
        let h = 1e-4;
        -(penalised(b + h) - 2.0 * penalised(b) + penalised(b - h)) / (h * h)
    };
    let total = |b: f64| penalised(b) + 0.5 * information(b).ln();
    let h = 1e-3;
    let slope = (total(beta + h) - total(beta - h)) / (2.0 * h);
    assert!(slope.abs() < 1e-4, "{slope}");
}

#[test]
fn rpsft_finds_the_factor_by_which_treatment_stretches_life() {
    let n = 2000;
    let mut r = Philox::new(11, 0);
    let psi: f64 = -0.5;
    let (mut time, mut event, mut arm, mut on, mut end) = (vec![], vec![], vec![], vec![], vec![]);
    for i in 0..n {
        let experimental = i % 2 == 0;
        let u = -r.uniform().ln() * 10.0;
        // Controls switch at a third of their untreated life when it is longer than 6.
        let before = if experimental {
            0.0
        } else if u > 6.0 {
            u / 3.0
        } else {
            u
        };
        let life = before + (u - before) * (-psi).exp();
        let planned = 15.0 + 10.0 * r.uniform();
        let t = life.min(planned);
        time.push(t);
        event.push(life <= planned);
        arm.push(experimental);
        on.push((t - before).max(0.0));
        end.push(planned);
    }
    let data =
        Switching { time: &time, event: &event, experimental: &arm, time_on: &on, planned_end: Some(&end) };
    let fit = rpsft(&data, 0.95).unwrap();
    assert!((fit.psi - psi).abs() < 0.15, "{}", fit.psi);
    assert!(fit.lower.unwrap() < psi && psi < fit.upper.unwrap());
}

#[test]
fn switching_weights_are_one_when_nothing_predicts_the_switch() {
    let entry = [0.0, 2.0, 0.0, 0.0, 3.0];
    let time = [2.0, 5.0, 4.0, 3.0, 6.0];
    let switched = [false, true, false, false, true];
    let id = [0, 0, 1, 2, 2];
    let constant = [1.0; 5];
    let rows = Survival::with_entry(&entry, &time, &switched);
    let w = switch_weights(&rows, &id, &switched, vec![Cow::Borrowed(&constant[..])], true, NearTies::Merge)
        .unwrap();
    w.weight.iter().for_each(|w| close(*w, 1.0, 1e-12));
}
