//! The roots of R's rank tests on the normal route: Brent's (1973) search as R's uniroot runs it, with R's tolerance of
//! 1e-4, so that a reference is met where its search stopped and not only within the width of the search.
use stats::rank::mid_ranks;
use stats::special::norm_isf;

use super::case::Skip;

const TOLERANCE: f64 = 1e-4;

/// Brent's zeroin: the bracket `a`, `b` with the values there; `None` when they have one sign.
fn brent(mut f: impl FnMut(f64) -> Option<f64>, ends: [(f64, f64); 2]) -> Option<f64> {
    let [(mut a, mut fa), (mut b, mut fb)] = ends;
    if fa * fb > 0.0 {
        return None;
    }
    if fa == 0.0 {
        return Some(a);
    }
    let (mut c, mut fc) = (a, fa);
    for _ in 0..1000 {
        let last = b - a;
        if fc.abs() < fb.abs() {
            (a, b, c) = (b, c, b);
            (fa, fb, fc) = (fb, fc, fb);
        }
        let near = 2.0 * f64::EPSILON * b.abs() + TOLERANCE / 2.0;
        let mut step = (c - b) / 2.0;
        if step.abs() <= near || fb == 0.0 {
            return Some(b);
        }
        if last.abs() >= near && fa.abs() > fb.abs() {
            let width = c - b;
            let t = fb / if a == c { fa } else { fc };
            // Through two points a line, through three an inverse parabola.
            let (p, q) = if a == c {
                (width * t, 1.0 - t)
            } else {
                let (q, s) = (fa / fc, fb / fa);
                (s * (width * q * (q - t) - (b - a) * (t - 1.0)), (q - 1.0) * (t - 1.0) * (s - 1.0))
            };
            let (p, q) = if p > 0.0 { (p, -q) } else { (-p, q) };
            if p < 0.75 * width * q - (near * q).abs() / 2.0 && p < (last * q / 2.0).abs() {
                step = p / q;
            }
        }
        if step.abs() < near {
            step = if step > 0.0 { near } else { -near };
        }
        (a, fa) = (b, fb);
        b += step;
        fb = f(b)?;
        if fb > 0.0 && fc > 0.0 || fb < 0.0 && fc < 0.0 {
            (c, fc) = (a, fa);
        }
    }
    None
}

/// Shift and limits where R's search stopped.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stopped {
    pub shift: Option<f64>,
    pub lower: Option<f64>,
    pub upper: Option<f64>,
}

fn towards_zero(deviation: f64, corrected: bool) -> f64 {
    if corrected && deviation != 0.0 { deviation - 0.5f64.copysign(deviation) } else { deviation }
}

/// The standardised rank sum of `x` - d against `y`.
pub(super) fn two_samples(x: &[f64], y: &[f64], level: f64) -> Result<Stopped, Skip> {
    let (m, n) = (x.len() as f64, y.len() as f64);
    let z = |d: f64, corrected: bool| -> Option<f64> {
        let all: Vec<f64> = x.iter().map(|v| v - d).chain(y.iter().copied()).collect();
        let ranks = mid_ranks(&all).ok()?;
        let sum: f64 = ranks.rank[..x.len()].iter().sum();
        let deviation = sum - m * (m + 1.0) / 2.0 - m * n / 2.0;
        let sigma = (m * n / 12.0 * ((m + n + 1.0) - ranks.tie_sum() / ((m + n) * (m + n - 1.0)))).sqrt();
        Some(towards_zero(deviation, corrected) / sigma).filter(|z| z.is_finite())
    };
    let (low, high) = (least(x) - greatest(y), greatest(x) - least(y));
    let (at_low, at_high) = (z(low, true), z(high, true));
    let limit = |target: f64| -> Option<f64> {
        let (a, b) = (at_low? - target, at_high? - target);
        match () {
            () if a <= 0.0 => Some(low),
            () if b >= 0.0 => Some(high),
            () => brent(|d| Some(z(d, true)? - target), [(low, a), (high, b)]),
        }
    };
    let target = norm_isf((1.0 - level) / 2.0);
    let shift = || brent(|d| z(d, false), [(low, z(low, false)?), (high, z(high, false)?)]);
    Ok(Stopped { shift: shift(), lower: limit(target), upper: limit(-target) })
}

/// The standardised signed-rank sum of `x` - d; zeros of `x` are left out before, those of the differences at each step.
pub(super) fn one_sample(x: &[f64], level: f64) -> Result<Stopped, Skip> {
    let x: Vec<f64> = x.iter().copied().filter(|v| *v != 0.0).collect();
    let z = |d: f64, corrected: bool| -> Option<f64> {
        let rest: Vec<f64> = x.iter().map(|v| v - d).filter(|v| *v != 0.0).collect();
        let n = rest.len() as f64;
        let ranks = mid_ranks(&rest.iter().map(|v| v.abs()).collect::<Vec<f64>>()).ok()?;
        let sum: f64 = ranks.rank.iter().zip(&rest).filter(|(_, v)| **v > 0.0).map(|(r, _)| r).sum();
        let sigma = (n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - ranks.tie_sum() / 48.0).sqrt();
        Some(towards_zero(sum - n * (n + 1.0) / 4.0, corrected) / sigma).filter(|z| z.is_finite())
    };
    let (low, high) = (least(&x), greatest(&x));
    let ends = z(low, true).zip(z(high, true));
    let target = norm_isf((1.0 - level) / 2.0);
    // Too few values for this level: R takes another level, and says so.
    let ends = ends.filter(|(a, b)| *a >= target && *b <= -target);
    let limit = |target: f64| -> Option<f64> {
        let (a, b) = ends?;
        brent(|d| Some(z(d, true)? - target), [(low, a - target), (high, b - target)])
    };
    let shift = || brent(|d| z(d, false), [(low, z(low, false)?), (high, z(high, false)?)]);
    Ok(Stopped { shift: shift(), lower: limit(target), upper: limit(-target) })
}

fn least(x: &[f64]) -> f64 {
    x.iter().copied().fold(f64::INFINITY, f64::min)
}

fn greatest(x: &[f64]) -> f64 {
    x.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_stops_where_uniroot_of_r_stops() {
        // R 4.2.2: uniroot(function(x) x^3 - 2, c(0, 3), tol = 1e-4)$root; wilcox.test(c(1,2,3,4,7), c(2,2,5), conf.int = TRUE).
        let cube = |x: f64| Some(x * x * x - 2.0);
        let root = brent(cube, [(0.0, -2.0), (3.0, 25.0)]).unwrap_or(f64::NAN);
        assert!((root / CUBE - 1.0).abs() < 1e-14, "{root}");
        let r = two_samples(&[1.0, 2.0, 3.0, 4.0, 7.0], &[2.0, 2.0, 5.0], 0.95).ok();
        let [shift, lower, upper] = r.map_or([None; 3], |r| [r.shift, r.lower, r.upper]);
        for (own, reference) in [(shift, WILCOX[0]), (lower, WILCOX[1]), (upper, WILCOX[2])] {
            assert!(own.is_some_and(|v| (v - reference).abs() < 1e-12), "{own:?} {reference}");
        }
    }
    const CUBE: f64 = 1.259_904_336_737_509;
    const WILCOX: [f64; 3] = [5.951_700_063_787_028e-5, -4.0, 5.0];
}
