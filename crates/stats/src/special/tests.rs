use super::*;
use proptest::prelude::*;

/// Largest relative deviation allowed: in the body (probabilities from 1e-5) and in the tails. The larger the shape,
/// the more the value depends on the last digit of the argument; nothing here needs more than this.
const BODY: f64 = 1e-14;
const TAIL: f64 = 1e-12;

fn evaluate(function: &str, a: &[f64]) -> f64 {
    match function {
        "norm_sf" => norm_sf(a[0]),
        "norm_log_sf" => norm_log_sf(a[0]),
        "norm_isf" => norm_isf(a[0]),
        "ln_gamma" => ln_gamma(a[0]),
        "gamma_p" => gamma_tails(a[0], a[1]).lower,
        "gamma_q" => gamma_tails(a[0], a[1]).upper,
        "beta_lower" => beta_tails(a[0], a[1], a[2]).lower,
        "beta_upper" => beta_tails(a[0], a[1], a[2]).upper,
        "t_sf" => t_sf(a[0], a[1]),
        "f_sf" => f_sf(a[0], a[1], a[2]),
        "binomial_pmf" => binomial_pmf(a[0] as u64, a[1] as u64, a[2]),
        "binomial_upper" => binomial_upper(a[0] as u64, a[1] as u64, a[2]),
        "binomial_cdf" => binomial_cdf(a[0] as u64, a[1] as u64, a[2]),
        _ => panic!("no function {function}"),
    }
}

#[test]
fn every_function_meets_its_table_of_high_precision_values() {
    let mut worst: std::collections::BTreeMap<(&str, bool), (f64, String)> = Default::default();
    for line in include_str!("tables/reference.csv").lines().skip(1) {
        let mut parts = line.split(',');
        let function = parts.next().unwrap();
        let text = parts.next().unwrap();
        let arguments: Vec<f64> = text.split(' ').map(|x| x.parse().unwrap()).collect();
        let expected: f64 = parts.next().unwrap().parse().unwrap();
        let got = evaluate(function, &arguments);
        let deviation = if got == expected { 0.0 } else { (got / expected - 1.0).abs() };
        let tail = expected.abs() < 1e-5;
        let entry = worst.entry((function, tail)).or_insert((0.0, String::new()));
        if deviation > entry.0 || deviation.is_nan() {
            *entry = (deviation, format!("{text}: {got:e} for {expected:e}"));
        }
    }
    for ((function, tail), (deviation, place)) in &worst {
        println!("{function:16} tail {tail:5} {deviation:.2e}  at {place}");
    }
    for ((function, tail), (deviation, place)) in worst {
        let allowed = if tail { TAIL } else { BODY };
        assert!(deviation <= allowed, "{function}, tail {tail}: {deviation:e} at {place}");
    }
}

#[test]
fn logarithms_stay_finite_where_the_tail_underflows() {
    assert!((norm_log_sf(60.0) + 1_805.013_56).abs() < 1e-4);
    let far = beta_tails(1e-200, 3.0, 2.0);
    assert_eq!(far.lower, 0.0);
    assert!((far.ln_lower - (3.0 * 1e-200_f64.ln() + 4.0_f64.ln())).abs() < 1e-10);
    let far = gamma_tails(2.0, 1e4);
    assert!((far.ln_upper - (-1e4 + 10_001.0_f64.ln())).abs() < 1e-9);
}

#[test]
fn outside_the_domain_is_not_a_number() {
    assert!(norm_quantile(1.5).is_nan());
    assert!(beta_tails(0.5, -1.0, 1.0).lower.is_nan());
    assert!(gamma_tails(0.0, 1.0).upper.is_nan());
    assert!(t_sf(1.0, 0.0).is_nan());
    assert!(binomial_pmf(1, 2, f64::NAN).is_nan());
}

proptest! {
    #[test]
    fn the_normal_quantile_inverts_the_upper_tail(ln_p in -700.0..-0.01_f64) {
        let p = ln_p.exp();
        let x = norm_isf(p);
        // one digit of x costs |x|^2 digits of p
        prop_assert!((norm_sf(x) / p - 1.0).abs() < 4e-16 * (1.0 + x * x));
    }

    #[test]
    fn the_beta_quantile_inverts_both_tails(ln_a in -3.0..9.0_f64, ln_b in -3.0..9.0_f64, ln_p in -600.0..-0.01_f64) {
        let (a, b, p) = (ln_a.exp(), ln_b.exp(), ln_p.exp());
        let q = beta_quantile_tails(p, 1.0 - p, a, b);
        if q.x > 1e-290 && q.y > 1e-290 {
            let back = beta_tails_xy(q.x, q.y, a, b).ln_lower;
            prop_assert!((back - ln_p).abs() < 1e-12 * (1.0 + a.max(b).sqrt() + ln_p.abs()), "{} {}", back, ln_p);
        }
    }

    #[test]
    fn the_gamma_quantile_inverts_the_smaller_tail(ln_a in -2.0..9.0_f64, ln_p in -600.0..-0.7_f64) {
        let (a, p) = (ln_a.exp(), ln_p.exp());
        let x = gamma_quantile_tails(1.0 - p, p, a);
        prop_assert!((gamma_tails(a, x).ln_upper - ln_p).abs() < 1e-12 * (1.0 + ln_p.abs() + a.sqrt()));
        let x = gamma_quantile_tails(p, 1.0 - p, a);
        if x > 1e-290 {
            prop_assert!((gamma_tails(a, x).ln_lower - ln_p).abs() < 1e-12 * (1.0 + ln_p.abs() + a.sqrt()));
        }
    }

    #[test]
    fn t_and_f_quantiles_invert(df in 0.5..500.0_f64, df1 in 0.5..200.0_f64, ln_p in -200.0..-0.7_f64) {
        let p = ln_p.exp();
        let t = t_isf(p, df);
        if t < 1e150 {
            prop_assert!((t_sf(t, df) / p - 1.0).abs() < 1e-11);
        }
        let f = f_isf(p, df1, df);
        if f < 1e150 {
            prop_assert!((f_sf(f, df1, df) / p - 1.0).abs() < 1e-11);
        }
    }

    #[test]
    fn tails_never_leave_the_unit_interval_nor_become_nan(x in 0.0..1.0_f64, ln_a in -7.0..16.0_f64, ln_b in -7.0..16.0_f64) {
        let t = beta_tails(x, ln_a.exp(), ln_b.exp());
        prop_assert!((0.0..=1.0).contains(&t.lower) && (0.0..=1.0).contains(&t.upper));
        prop_assert!(t.ln_lower <= 0.0 && t.ln_upper <= 0.0);
        prop_assert!((t.lower + t.upper - 1.0).abs() < 1e-15);
        let t = gamma_tails(ln_a.exp(), ln_b.exp() * x);
        prop_assert!((0.0..=1.0).contains(&t.lower) && (0.0..=1.0).contains(&t.upper));
    }
}

#[test]
fn a_root_is_found_to_the_last_digit_or_refused() {
    let found = root(|x| x * x - 2.0, 0.0, 2.0, 0.0).unwrap();
    assert!((found - 2.0_f64.sqrt()).abs() <= 4.5e-16);
    assert!(matches!(root(|x| x * x + 1.0, 0.0, 2.0, 0.0), Err(RootError::NoSignChange { .. })));
    assert_eq!(bisect_root(|x| if x < 0.3 { -1.0 } else { 1.0 }, 0.0, 1.0), Ok(0.3));
}
