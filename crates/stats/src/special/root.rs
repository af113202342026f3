//! Roots of a continuous function inside a bracket, to the last digit.

/// Why no root is given.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum RootError {
    /// Both ends have the same sign.
    #[error("no sign change between {low} ({at_low}) and {high} ({at_high})")]
    NoSignChange {
        /// lower end
        low: f64,
        /// upper end
        high: f64,
        /// value at the lower end
        at_low: f64,
        /// value at the upper end
        at_high: f64,
    },
    /// The function is not a number somewhere in the bracket.
    #[error("the function is not a number at {0}")]
    NotANumber(f64),
}

/// Root of `f` between `low` and `high`: Brent's method (1973), stopped when the bracket cannot shrink or is within
/// `tolerance` (absolute; zero asks for the last digit).
pub fn root(mut f: impl FnMut(f64) -> f64, low: f64, high: f64, tolerance: f64) -> Result<f64, RootError> {
    let (mut a, mut b) = (low, high);
    let (mut fa, mut fb) = (f(a), f(b));
    for (x, v) in [(a, fa), (b, fb)] {
        if v.is_nan() {
            return Err(RootError::NotANumber(x));
        }
        if v == 0.0 {
            return Ok(x);
        }
    }
    if (fa > 0.0) == (fb > 0.0) {
        return Err(RootError::NoSignChange { low, high, at_low: fa, at_high: fb });
    }
    let (mut c, mut fc) = (a, fa);
    let mut step = b - a;
    let mut before = step;
    for _ in 0..500 {
        if fc.abs() < fb.abs() {
            (a, b, c) = (b, c, b);
            (fa, fb, fc) = (fb, fc, fb);
        }
        let tol = f64::EPSILON * b.abs() + 0.5 * tolerance;
        let half = 0.5 * (c - b);
        if half.abs() <= tol || fb == 0.0 {
            return Ok(b);
        }
        if before.abs() >= tol && fa.abs() > fb.abs() {
            let s = fb / fa;
            let (mut p, mut q) = if a == c {
                (2.0 * half * s, 1.0 - s)
            } else {
                let (q, r) = (fa / fc, fb / fc);
                (s * (2.0 * half * q * (q - r) - (b - a) * (r - 1.0)), (q - 1.0) * (r - 1.0) * (s - 1.0))
            };
            if p > 0.0 {
                q = -q
            } else {
                p = -p
            }
            if 2.0 * p < (3.0 * half * q - (tol * q).abs()).min((before * q).abs()) {
                before = step;
                step = p / q;
            } else {
                step = half;
                before = half;
            }
        } else {
            step = half;
            before = half;
        }
        (a, fa) = (b, fb);
        b += if step.abs() > tol { step } else { tol.copysign(half) };
        fb = f(b);
        if fb.is_nan() {
            return Err(RootError::NotANumber(b));
        }
        if (fb > 0.0) == (fc > 0.0) {
            (c, fc) = (a, fa);
            step = b - a;
            before = step;
        }
    }
    Ok(b)
}

/// Root of a function with jumps (such as an exact tail probability): bisection to neighbouring numbers, the side
/// where `f` has the sign of `f(high)` is returned.
pub fn bisect_root(mut f: impl FnMut(f64) -> f64, low: f64, high: f64) -> Result<f64, RootError> {
    let (mut a, mut b) = (low, high);
    let (fa, fb) = (f(a), f(b));
    if fa.is_nan() || fb.is_nan() {
        return Err(RootError::NotANumber(if fa.is_nan() { a } else { b }));
    }
    if (fa > 0.0) == (fb > 0.0) {
        return Err(RootError::NoSignChange { low, high, at_low: fa, at_high: fb });
    }
    for _ in 0..2000 {
        let m = a + 0.5 * (b - a);
        if m <= a || m >= b {
            break;
        }
        let v = f(m);
        if v.is_nan() {
            return Err(RootError::NotANumber(m));
        }
        if (v > 0.0) == (fb > 0.0) { b = m } else { a = m }
    }
    Ok(b)
}
