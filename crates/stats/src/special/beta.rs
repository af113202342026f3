//! The incomplete beta function, both tails, their logarithms, and its inverse.

use super::gamma::{deviance_part, ln_gamma, ln_gamma_1p, stirling_error};
use super::normal::{LN_SQRT_2PI, norm_isf};
use super::tails::Tails;

/// ln B(a, b), a and b > 0.
pub fn ln_beta(a: f64, b: f64) -> f64 {
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    if small >= 0.5 {
        // Stirling's formula for all three, with the powers combined
        let n = small + large;
        return LN_SQRT_2PI - 0.5 * large.ln() + (small - 0.5) * (small / n).ln()
            - large * (small / large).ln_1p()
            + stirling_error(small)
            + stirling_error(large)
            - stirling_error(n);
    }
    if large > 15.5 {
        let n = small + large;
        // ln Gamma(large) - ln Gamma(n), powers combined
        let drop = -(large - 0.5) * (small / large).ln_1p() - small * n.ln() + small + stirling_error(large)
            - stirling_error(n);
        return ln_gamma(small) + drop;
    }
    ln_gamma(small) + ln_gamma(large) - ln_gamma(small + large)
}

/// ln of x^a y^b / B(a, b), y = 1 - x.
fn ln_power_term(x: f64, y: f64, a: f64, b: f64) -> f64 {
    if a.min(b) < 0.5 {
        let ln_x = if x > 0.5 { (-y).ln_1p() } else { x.ln() };
        let ln_y = if y > 0.5 { (-x).ln_1p() } else { y.ln() };
        return a * ln_x + b * ln_y - ln_beta(a, b);
    }
    let n = a + b;
    // What rounding took from 1 - x is given back to the larger of x and y.
    let lost = if x < y { (1.0 - y) - x } else { (1.0 - x) - y };
    let (lost_x, lost_y) = if x < y { (0.0, lost) } else { (lost, 0.0) };
    -scaled_deviance(a, n, x, lost_x) - scaled_deviance(b, n, y, lost_y) + 0.5 * (a * (b / n)).ln()
        - LN_SQRT_2PI
        + stirling_error(n)
        - stirling_error(a)
        - stirling_error(b)
}

/// Deviance part of `a` from n (p + lost), corrected to first order for the rounding of n p.
fn scaled_deviance(a: f64, n: f64, p: f64, lost: f64) -> f64 {
    let m = n * p;
    let rounding = n.mul_add(p, -m) + n * lost;
    deviance_part(a, m) + (m - a) / m * rounding
}

/// Regularised incomplete beta function I_x(a, b) and its complement, for shapes a, b > 0 and 0 <= x <= 1.
/// Outside this domain NaN.
pub fn beta_tails(x: f64, a: f64, b: f64) -> Tails {
    beta_tails_xy(x, 1.0 - x, a, b)
}

/// [`beta_tails`] with y = 1 - x handed in, for x so near one that the difference would lose it.
pub fn beta_tails_xy(x: f64, y: f64, a: f64, b: f64) -> Tails {
    let valid = |s: f64| s > 0.0 && s.is_finite();
    if !(valid(a) && valid(b) && (0.0..=1.0).contains(&x) && (0.0..=1.0).contains(&y)) {
        return Tails::NAN;
    }
    if x == 0.0 {
        return Tails::all_upper();
    }
    if y == 0.0 {
        return Tails::all_lower();
    }
    if a < 0.5 && x <= 0.5 && b * x <= 0.7 {
        return small_shape(x, a, b);
    }
    if b < 0.5 && y <= 0.5 && a * y <= 0.7 {
        return small_shape(y, b, a).swap();
    }
    let n = a + b;
    if a <= 20.0 && x <= 0.3 && n * x <= a + 1.0 {
        return Tails::from_lower(ln_power_term(x, y, a, b), positive_series(x, a, n));
    }
    if b <= 20.0 && y <= 0.3 && n * y <= b + 1.0 {
        return Tails::from_lower(ln_power_term(y, x, b, a), positive_series(y, b, n)).swap();
    }
    // x <= mean decides which side is the small one
    if a * y >= b * x { lower_side(x, y, a, b) } else { lower_side(y, x, b, a).swap() }
}

/// I_x(a, b) divided by x^a y^b / B(a, b) = F(a+b, 1; a+1; x)/a (DLMF 8.17.8): no cancellation, quick while
/// (a+b) x is moderate.
fn positive_series(x: f64, a: f64, n: f64) -> f64 {
    let (mut term, mut sum, mut k) = (1.0, 1.0, 0.0);
    while term > 1e-17 * sum {
        term *= (n + k) / (a + 1.0 + k) * x;
        sum += term;
        k += 1.0;
    }
    sum / a
}

/// x at or below the mean a/(a+b).
fn lower_side(x: f64, y: f64, a: f64, b: f64) -> Tails {
    Tails::from_lower(ln_power_term(x, y, a, b), lower_fraction(x, y, a, b))
}

/// I_x(a, b) divided by x^a y^b / B(a, b): the fraction of Didonato and Morris (ACM TOMS 18 (1992), eq. 9), with
/// every quantity positive for x at or below the mean.
fn lower_fraction(x: f64, y: f64, a: f64, b: f64) -> f64 {
    // a y - b x from whichever of x and y carries the digits, free of the rounding of its product
    let n = a + b;
    let lambda = if x < y {
        let m = n * x;
        (a - m) - n.mul_add(x, -m)
    } else {
        let m = n * y;
        (m - b) + n.mul_add(y, -m)
    };
    let c = 1.0 + lambda;
    let (c0, c1, yp1) = (b / a, 1.0 + 1.0 / a, y + 1.0);
    let (mut n, mut p, mut s) = (0.0, 1.0, a + 1.0);
    let (mut an, mut bn, mut anp1, mut bnp1) = (0.0, 1.0, 1.0, c / c1);
    let mut r = c1 / c;
    while n < 1e8 {
        n += 1.0;
        let t = n / a;
        let w = n * (b - n) * x;
        let e = a / s;
        let alpha = (p * (p + c0) * e * e) * (w * x);
        let e = (1.0 + t) / (c1 + t + t);
        let beta = n + w / s + e * (c + n * yp1);
        p = 1.0 + t;
        s += 2.0;
        let next_a = alpha * an + beta * anp1;
        let next_b = alpha * bn + beta * bnp1;
        an = anp1;
        anp1 = next_a;
        bn = bnp1;
        bnp1 = next_b;
        let r0 = r;
        r = anp1 / bnp1;
        if (r - r0).abs() <= 1e-16 * r {
            break;
        }
        an /= bnp1;
        bn /= bnp1;
        anp1 = r;
        bnp1 = 1.0;
    }
    r
}

/// Shape a below one half, x small: I_x = u (1 + a sum (1-b)_n x^n/(n!(a+n))), u = x^a/(a B(a,b)); the complement through
/// expm1, so that it keeps its digits when u is near one.
fn small_shape(x: f64, a: f64, b: f64) -> Tails {
    let (mut term, mut sum, mut n) = (1.0, 0.0, 1.0);
    while n < 1e5 {
        term *= (n - b) * x / n;
        let next = sum + term / (a + n);
        if next == sum {
            break;
        }
        sum = next;
        n += 1.0;
    }
    // ln(a B(a, b)) = ln Gamma(1 + a) + ln Gamma(b) - ln Gamma(a + b)
    let ln_ab =
        if b > 15.5 { a.ln() + ln_beta(a, b) } else { ln_gamma_1p(a) + ln_gamma(b) - ln_gamma(a + b) };
    let ln_u = a * x.ln() - ln_ab;
    let upper = -ln_u.exp_m1() - ln_u.exp() * a * sum;
    if upper < 0.5 { Tails::from_upper(0.0, upper) } else { Tails::from_lower(ln_u, 1.0 + a * sum) }
}

/// A quantile of the beta distribution and its complement, both with relative precision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BetaQuantile {
    /// the quantile
    pub x: f64,
    /// 1 - x
    pub y: f64,
    /// ln(x/y)
    pub logit: f64,
}

/// The x with lower tail `lower` = 1 - `upper`; the smaller of the two is met. NaN outside the domain.
pub fn beta_quantile_tails(lower: f64, upper: f64, a: f64, b: f64) -> BetaQuantile {
    let valid = |s: f64| s > 0.0 && s.is_finite();
    if !(valid(a) && valid(b) && (0.0..=1.0).contains(&lower) && (0.0..=1.0).contains(&upper)) {
        return BetaQuantile { x: f64::NAN, y: f64::NAN, logit: f64::NAN };
    }
    if lower == 0.0 {
        return BetaQuantile { x: 0.0, y: 1.0, logit: f64::NEG_INFINITY };
    }
    if upper == 0.0 {
        return BetaQuantile { x: 1.0, y: 0.0, logit: f64::INFINITY };
    }
    let logit = if lower <= upper { -logit_upper(lower, b, a) } else { logit_upper(upper, a, b) };
    let small = (-logit.abs()).exp();
    let (minor, major) = (small / (1.0 + small), 1.0 / (1.0 + small));
    let (x, y) = if logit < 0.0 { (minor, major) } else { (major, minor) };
    BetaQuantile { x, y, logit }
}

/// Quantile of the beta distribution at lower tail `p`.
pub fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    beta_quantile_tails(p, 1.0 - p, a, b).x
}

/// Quantile of the beta distribution at upper tail `p`.
pub fn beta_isf(p: f64, a: f64, b: f64) -> f64 {
    beta_quantile_tails(1.0 - p, p, a, b).x
}

/// u = ln(x/(1-x)) at which the upper tail is `p` <= 1/2: Newton on the log tail inside a shrinking bracket.
fn logit_upper(p: f64, a: f64, b: f64) -> f64 {
    let ln_p = p.ln();
    let at = |u: f64| {
        let small = (-u.abs()).exp();
        let (minor, major) = (small / (1.0 + small), 1.0 / (1.0 + small));
        let (x, y) = if u < 0.0 { (minor, major) } else { (major, minor) };
        let ln_tail = beta_tails_xy(x, y, a, b).ln_upper;
        // d ln(upper)/du = -x^a y^b/B / upper
        (ln_tail - ln_p, -(ln_power_term(x, y, a, b) - ln_tail).exp())
    };
    // normal approximation on the logit scale to start with
    let spread = (1.0 / a + 1.0 / b).sqrt();
    let mut u = ((a / b).ln() + norm_isf(p) * spread).clamp(-700.0, 700.0);
    let (mut low, mut high) = (-745.0, 745.0);
    for _ in 0..200 {
        let (f, slope) = at(u);
        if f > 0.0 {
            low = u
        } else {
            high = u
        }
        let newton = u - f / slope;
        let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
        if (next - u).abs() <= 2e-16 * u.abs().max(1e-3) || high - low < 1e-15 * u.abs() {
            return next;
        }
        u = next;
    }
    u
}
