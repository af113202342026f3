//! Chi-square, Student t, F, binomial and Poisson distributions on the incomplete gamma and beta functions.

use super::beta::{beta_quantile_tails, beta_tails_xy};
use super::gamma::{deviance_part, gamma_tails, stirling_error};
use super::normal::{norm_isf, norm_log_sf, norm_sf};
use super::tails::Tails;

/// Both tails of the chi-square distribution with `df` > 0 degrees of freedom at `x`.
pub fn chi2_tails(x: f64, df: f64) -> Tails {
    gamma_tails(0.5 * df, 0.5 * x.max(0.0))
}

/// Upper tail of the chi-square distribution.
pub fn chi2_sf(x: f64, df: f64) -> f64 {
    if df == 1.0 && x >= 0.0 { 2.0 * norm_sf(x.sqrt()) } else { chi2_tails(x, df).upper }
}

/// ln of the upper tail of the chi-square distribution.
pub fn chi2_log_sf(x: f64, df: f64) -> f64 {
    if df == 1.0 && x >= 0.0 {
        std::f64::consts::LN_2 + norm_log_sf(x.sqrt())
    } else {
        chi2_tails(x, df).ln_upper
    }
}

/// Lower tail of the chi-square distribution.
pub fn chi2_cdf(x: f64, df: f64) -> f64 {
    chi2_tails(x, df).lower
}

/// Quantile of the gamma distribution with shape `a` and scale 1 at lower tail `lower` = 1 - `upper`.
pub fn gamma_quantile_tails(lower: f64, upper: f64, a: f64) -> f64 {
    if !(a > 0.0 && a.is_finite() && (0.0..=1.0).contains(&lower) && (0.0..=1.0).contains(&upper)) {
        return f64::NAN;
    }
    if lower == 0.0 || upper == 0.0 {
        return if lower == 0.0 { 0.0 } else { f64::INFINITY };
    }
    let use_lower = lower <= upper;
    let target = if use_lower { lower.ln() } else { upper.ln() };
    // Wilson and Hilferty to start with, on u = ln x
    let z = if use_lower { -norm_isf(lower) } else { norm_isf(upper) };
    let cube = 1.0 - 1.0 / (9.0 * a) + z / (3.0 * a.sqrt());
    let mut u =
        if cube > 0.1 { (a * cube.powi(3)).ln() } else { (target + super::gamma::ln_gamma(a + 1.0)) / a };
    let (mut low, mut high) = (-745.0_f64.max(745.0 / a.min(1.0)), 709.0_f64);
    u = u.clamp(low, high);
    for _ in 0..300 {
        let x = u.exp();
        let tails = gamma_tails(a, x);
        let (ln_tail, sign) = if use_lower { (tails.ln_lower, 1.0) } else { (tails.ln_upper, -1.0) };
        let f = sign * (ln_tail - target);
        if f < 0.0 {
            low = u
        } else {
            high = u
        }
        // d P/du = x^a e^-x / Gamma(a)
        let ln_density = a.ln() + ln_poisson_kernel(a, x);
        let newton = u - f / (ln_density - ln_tail).exp();
        let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
        if (next - u).abs() <= 2e-16 * u.abs().max(0.1) || high - low < 1e-16 * u.abs() {
            return next.exp();
        }
        u = next;
    }
    u.exp()
}

/// ln of x^a e^-x/Gamma(a+1).
fn ln_poisson_kernel(a: f64, x: f64) -> f64 {
    -deviance_part(a, x) - stirling_error(a) - 0.5 * a.ln() - super::normal::LN_SQRT_2PI
}

/// Quantile of the chi-square distribution at lower tail `p`.
pub fn chi2_quantile(p: f64, df: f64) -> f64 {
    2.0 * gamma_quantile_tails(p, 1.0 - p, 0.5 * df)
}

/// The x whose upper chi-square tail is `p`.
pub fn chi2_isf(p: f64, df: f64) -> f64 {
    2.0 * gamma_quantile_tails(1.0 - p, p, 0.5 * df)
}

/// Both tails of Student's t with `df` > 0 degrees of freedom (infinite: the normal distribution).
pub fn t_tails(t: f64, df: f64) -> Tails {
    if t.is_nan() || df.is_nan() || df <= 0.0 {
        return Tails::NAN;
    }
    let upper = if df > 1e15 {
        Tails {
            upper: norm_sf(t.abs()),
            lower: norm_sf(-t.abs()),
            ln_upper: norm_log_sf(t.abs()),
            ln_lower: norm_log_sf(-t.abs()),
        }
    } else {
        let s = t * t / df;
        // x = df/(df+t^2), y = t^2/(df+t^2), each from the ratio so that neither cancels
        let (x, y) = if s <= 1.0 {
            (1.0 / (1.0 + s), s / (1.0 + s))
        } else {
            (1.0 / s / (1.0 + 1.0 / s), 1.0 / (1.0 + 1.0 / s))
        };
        if x == 0.0 && t.is_finite() {
            // t^2 overflows what a quotient can hold: leading term of the tail
            let ln = -df * t.abs().ln() + 0.5 * df * df.ln() - df.ln() - super::beta::ln_beta(0.5 * df, 0.5);
            Tails::from_upper(ln, 1.0)
        } else {
            let both = beta_tails_xy(x, y, 0.5 * df, 0.5);
            let upper = 0.5 * both.lower;
            Tails {
                upper,
                lower: 0.5 + 0.5 * both.upper,
                ln_upper: both.ln_lower - std::f64::consts::LN_2,
                ln_lower: (-upper).ln_1p(),
            }
        }
    };
    if t >= 0.0 { upper } else { upper.swap() }
}

/// Upper tail of Student's t.
pub fn t_sf(t: f64, df: f64) -> f64 {
    t_tails(t, df).upper
}

/// Two-sided p-value of Student's t.
pub fn t_two_sided(t: f64, df: f64) -> f64 {
    (2.0 * t_tails(t.abs(), df).upper).min(1.0)
}

/// The t whose upper tail is `p`.
pub fn t_isf(p: f64, df: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) || df.is_nan() || df <= 0.0 {
        return f64::NAN;
    }
    if p > 0.5 {
        return -t_isf_upper(1.0 - p, p - 0.5, df);
    }
    t_isf_upper(p, 0.5 - p, df)
}

fn t_isf_upper(p: f64, distance: f64, df: f64) -> f64 {
    if p == 0.0 {
        return f64::INFINITY;
    }
    if distance == 0.0 {
        return 0.0;
    }
    if df > 1e15 {
        return norm_isf(p);
    }
    let q = beta_quantile_tails(2.0 * p, 2.0 * distance, 0.5 * df, 0.5);
    df.sqrt() * (-0.5 * q.logit).exp()
}

/// Quantile of Student's t at lower tail `p`.
pub fn t_quantile(p: f64, df: f64) -> f64 {
    -t_isf(p, df)
}

/// Both tails of the F distribution with `df1`, `df2` > 0 degrees of freedom.
pub fn f_tails(f: f64, df1: f64, df2: f64) -> Tails {
    if f.is_nan() || f < 0.0 {
        return Tails::NAN;
    }
    if f.is_infinite() {
        return Tails::all_lower();
    }
    if df2.is_infinite() || df2 > 1e15 {
        return chi2_tails(f * df1, df1);
    }
    let r = f * df1 / df2;
    let (x, y) = if r <= 1.0 {
        (r / (1.0 + r), 1.0 / (1.0 + r))
    } else {
        (1.0 / (1.0 + 1.0 / r), 1.0 / r / (1.0 + 1.0 / r))
    };
    beta_tails_xy(x, y, 0.5 * df1, 0.5 * df2)
}

/// Upper tail of the F distribution.
pub fn f_sf(f: f64, df1: f64, df2: f64) -> f64 {
    f_tails(f, df1, df2).upper
}

/// The F whose upper tail is `p`.
pub fn f_isf(p: f64, df1: f64, df2: f64) -> f64 {
    if df2.is_infinite() || df2 > 1e15 {
        return chi2_isf(p, df1) / df1;
    }
    beta_quantile_tails(1.0 - p, p, 0.5 * df1, 0.5 * df2).logit.exp() * df2 / df1
}

/// Quantile of the F distribution at lower tail `p`.
pub fn f_quantile(p: f64, df1: f64, df2: f64) -> f64 {
    if df2.is_infinite() || df2 > 1e15 {
        return chi2_quantile(p, df1) / df1;
    }
    beta_quantile_tails(p, 1.0 - p, 0.5 * df1, 0.5 * df2).logit.exp() * df2 / df1
}

/// ln of the binomial probability of `x` successes in `n` trials with success probability `p` (Loader 2000).
pub fn binomial_log_pmf(x: u64, n: u64, p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if x > n {
        return f64::NEG_INFINITY;
    }
    let q = 1.0 - p;
    let (xf, nf) = (x as f64, n as f64);
    if p == 0.0 || q == 0.0 {
        let certain = if p == 0.0 { x == 0 } else { x == n };
        return if certain { 0.0 } else { f64::NEG_INFINITY };
    }
    if x == 0 {
        return nf * (-p).ln_1p();
    }
    if x == n {
        return nf * p.ln();
    }
    let rest = nf - xf;
    stirling_error(nf)
        - stirling_error(xf)
        - stirling_error(rest)
        - deviance_part(xf, nf * p)
        - deviance_part(rest, nf * q)
        - 0.5 * (xf * (rest / nf)).ln()
        - super::normal::LN_SQRT_2PI
}

/// Binomial probability of `x` successes in `n` trials.
pub fn binomial_pmf(x: u64, n: u64, p: f64) -> f64 {
    binomial_log_pmf(x, n, p).exp()
}

/// P(X <= x) of the binomial distribution.
pub fn binomial_cdf(x: u64, n: u64, p: f64) -> f64 {
    if x >= n {
        return 1.0;
    }
    beta_tails_xy(p, 1.0 - p, x as f64 + 1.0, (n - x) as f64).upper
}

/// P(X >= x) of the binomial distribution: the upper tail that includes x.
pub fn binomial_upper(x: u64, n: u64, p: f64) -> f64 {
    if x == 0 {
        return 1.0;
    }
    if x > n {
        return 0.0;
    }
    beta_tails_xy(p, 1.0 - p, x as f64, (n - x) as f64 + 1.0).lower
}

/// P(X > x) of the binomial distribution.
pub fn binomial_sf(x: u64, n: u64, p: f64) -> f64 {
    binomial_upper(x + 1, n, p)
}

/// P(X <= x) of the Poisson distribution with mean `mean` >= 0.
pub fn poisson_cdf(x: u64, mean: f64) -> f64 {
    gamma_tails(x as f64 + 1.0, mean).upper
}

/// P(X >= x) of the Poisson distribution.
pub fn poisson_upper(x: u64, mean: f64) -> f64 {
    if x == 0 { 1.0 } else { gamma_tails(x as f64, mean).lower }
}
