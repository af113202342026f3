//! The gamma function and the incomplete gamma function, both tails and their logarithms.

use super::normal::LN_SQRT_2PI;
use super::tails::Tails;

/// (zeta(k) - 1)/k with alternating sign for k = 2..: the series of ln Gamma(2 + y) beyond its linear term
/// (Abramowitz and Stegun 6.1.33). Table made by `tables/make_tables.py`.
const LN_GAMMA_2: [f64; 30] = include!("tables/ln_gamma_2.in");
/// 1 - Euler's constant.
const ONE_MINUS_EULER: f64 = 0.422_784_335_098_467_14;

/// delta(k/2) for k = 1..=31, delta as in [`stirling_error`]. Table made by `tables/make_tables.py`.
const STIRLING_HALVES: [f64; 31] = include!("tables/stirling_halves.in");

/// delta(z) = ln Gamma(z) - (z - 1/2) ln z + z - ln sqrt(2 pi), z > 0: what Stirling's formula leaves out.
pub(crate) fn stirling_error(z: f64) -> f64 {
    if z <= 15.5 {
        let k = 2.0 * z;
        if k == k.trunc() && k >= 1.0 {
            return STIRLING_HALVES[k as usize - 1];
        }
        if z < 0.5 {
            return ln_gamma(z) - (z - 0.5) * z.ln() + z - LN_SQRT_2PI;
        }
        // delta(z) = delta(z + 1) + sum over k of v^2k/(2k + 1), v = 1/(2z + 1)
        let (mut z, mut sum) = (z, 0.0);
        while z < 12.0 {
            let v2 = (2.0 * z + 1.0).powi(-2);
            let (mut term, mut k, mut part) = (v2, 3.0, 0.0);
            while term > 1e-19 {
                part += term / k;
                term *= v2;
                k += 2.0;
            }
            sum += part;
            z += 1.0;
        }
        return sum + stirling_error_large(z);
    }
    stirling_error_large(z)
}

/// Asymptotic series for z >= 12 (Abramowitz and Stegun 6.1.41).
fn stirling_error_large(z: f64) -> f64 {
    const S: [f64; 8] = [
        -3617.0 / 122_400.0,
        1.0 / 156.0,
        -691.0 / 360_360.0,
        1.0 / 1_188.0,
        -1.0 / 1_680.0,
        1.0 / 1_260.0,
        -1.0 / 360.0,
        1.0 / 12.0,
    ];
    let w = 1.0 / (z * z);
    S.iter().fold(0.0, |s, &c| s * w + c) / z
}

/// ln Gamma(2 + y) for |y| <= 1/2.
fn ln_gamma_near_2(y: f64) -> f64 {
    y * (ONE_MINUS_EULER + y * LN_GAMMA_2.iter().rev().fold(0.0, |s, &c| s * y + c))
}

/// ln Gamma(1 + x) for x >= 0, with relative precision near 0 and 1.
pub(crate) fn ln_gamma_1p(x: f64) -> f64 {
    if x < 0.5 { ln_gamma_near_2(x) - x.ln_1p() } else { ln_gamma(1.0 + x) }
}

/// ln Gamma(x) for x > 0; NaN otherwise.
pub fn ln_gamma(x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 {
        return f64::NAN;
    }
    if x < 0.5 {
        return ln_gamma_1p(x) - x.ln();
    }
    if x < 1.5 {
        let y = x - 1.0;
        return ln_gamma_near_2(y) - y.ln_1p();
    }
    if x < 12.0 {
        let (mut z, mut product) = (x, 1.0);
        while z > 2.5 {
            z -= 1.0;
            product *= z;
        }
        return ln_gamma_near_2(z - 2.0) + f64::ln(product);
    }
    (x - 0.5) * x.ln() - x + LN_SQRT_2PI + stirling_error_large(x)
}

/// ln of the factorial of n.
pub fn ln_factorial(n: u64) -> f64 {
    ln_gamma(n as f64 + 1.0)
}

/// x ln(x/m) + m - x >= 0, without cancellation for x near m (Loader 2000, the deviance part bd0).
pub(crate) fn deviance_part(x: f64, m: f64) -> f64 {
    let v = (x - m) / (x + m);
    if v.abs() < 0.3 {
        let (v2, mut term, mut k, mut sum) = (v * v, v * v * v, 3.0, 0.0);
        loop {
            let next = sum + term / k;
            if next == sum {
                break;
            }
            sum = next;
            term *= v2;
            k += 2.0;
        }
        return (x - m) * v + 2.0 * x * sum;
    }
    x * (x / m).ln() + m - x
}

/// ln of x^a e^-x / Gamma(a + 1).
fn ln_prefactor(a: f64, x: f64) -> f64 {
    if a < 0.5 {
        a * x.ln() - x - ln_gamma_1p(a)
    } else {
        -deviance_part(a, x) - stirling_error(a) - 0.5 * a.ln() - LN_SQRT_2PI
    }
}

/// Regularised incomplete gamma function with shape `a` > 0 at `x` >= 0: lower tail P(a, x), upper tail Q(a, x).
/// Outside this domain NaN.
pub fn gamma_tails(a: f64, x: f64) -> Tails {
    if a.is_nan() || x.is_nan() || a <= 0.0 || a.is_infinite() || x < 0.0 {
        return Tails::NAN;
    }
    if x == 0.0 {
        return Tails::all_upper();
    }
    if x.is_infinite() {
        return Tails::all_lower();
    }
    if a <= 1.0 && x < 1.5 {
        return small_shape(a, x);
    }
    let ln_d = ln_prefactor(a, x);
    if x < a + 1.0 {
        // P = D (1 + x/(a+1) + x^2/((a+1)(a+2)) + ...)
        let (mut term, mut sum, mut k) = (1.0, 1.0, a);
        while term > sum * 1e-17 {
            k += 1.0;
            term *= x / k;
            sum += term;
        }
        return Tails::from_lower(ln_d, sum);
    }
    Tails::from_upper(ln_d, a * upper_fraction(a, x))
}

/// The continued fraction 1/(x+1-a- 1(1-a)/(x+3-a- ...)) (DLMF 8.9.2), modified Lentz.
fn upper_fraction(a: f64, x: f64) -> f64 {
    let mut b = x + 1.0 - a;
    let (mut c, mut d) = (f64::INFINITY, 1.0 / b);
    let mut h = d;
    let mut i = 1.0;
    // terms needed grow like the square root of the shape near x = a
    while i < 1e8 {
        let an = -i * (i - a);
        b += 2.0;
        d = 1.0 / (an * d + b);
        c = b + an / c;
        let step = c * d;
        h *= step;
        if (step - 1.0).abs() <= f64::EPSILON {
            break;
        }
        i += 1.0;
    }
    h
}

/// Shape at most one and small x: both tails by series, the upper one through expm1.
fn small_shape(a: f64, x: f64) -> Tails {
    // P = u (1 + a sum (-x)^n/((a+n) n!)), u = x^a/Gamma(a+1)
    let (mut term, mut sum, mut n) = (1.0, 0.0, 1.0);
    loop {
        term *= -x / n;
        let next = sum + term / (a + n);
        if next == sum {
            break;
        }
        sum = next;
        n += 1.0;
    }
    let ln_u = a * x.ln() - ln_gamma_1p(a);
    let lower_factor = 1.0 + a * sum;
    let upper = -ln_u.exp_m1() - ln_u.exp() * a * sum;
    if upper < 0.5 { Tails::from_upper(0.0, upper) } else { Tails::from_lower(ln_u, lower_factor) }
}
