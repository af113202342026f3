//! Maximum likelihood of two proportions held at a given difference or ratio, and the score statistics built on it.

use super::Count;

/// (p1, p2) of greatest likelihood with p1 - p2 = delta (Farrington and Manning 1990, appendix; Miettinen and
/// Nurminen 1985). The trigonometric root is polished by Newton steps on the cubic.
pub(crate) fn at_difference(a: Count, b: Count, delta: f64) -> (f64, f64) {
    let (n1, n2) = (a.n as f64, b.n as f64);
    let (p1, p2) = (a.p(), b.p());
    let t = n2 / n1;
    let c3 = 1.0 + t;
    let c2 = -(1.0 + t + p1 + t * p2 + delta * (t + 2.0));
    let c1 = delta * delta + delta * (2.0 * p1 + t + 1.0) + p1 + t * p2;
    let c0 = -p1 * delta * (1.0 + delta);
    let third = c2 / (3.0 * c3);
    let v = third.powi(3) - c1 * c2 / (6.0 * c3 * c3) + c0 / (2.0 * c3);
    let square = (third * third - c1 / (3.0 * c3)).max(0.0);
    let u = square.sqrt().copysign(v);
    let mut p = if u == 0.0 {
        -third
    } else {
        let w = (std::f64::consts::PI + (v / u.powi(3)).clamp(-1.0, 1.0).acos()) / 3.0;
        2.0 * u * w.cos() - third
    };
    for _ in 0..3 {
        let f = ((c3 * p + c2) * p + c1) * p + c0;
        let slope = (3.0 * c3 * p + 2.0 * c2) * p + c1;
        let next = p - f / slope;
        if !next.is_finite() || (next - p).abs() > 1e-4 {
            break;
        }
        p = next;
    }
    let p = p.clamp(delta.max(0.0), (1.0 + delta).min(1.0));
    (p, (p - delta).clamp(0.0, 1.0))
}

/// (p1, p2) of greatest likelihood with p1 = ratio * p2 (Miettinen and Nurminen 1985).
pub(crate) fn at_ratio(a: Count, b: Count, ratio: f64) -> (f64, f64) {
    let (x1, n1, x2, n2) = (a.x as f64, a.n as f64, b.x as f64, b.n as f64);
    let qa = (n1 + n2) * ratio;
    let qb = -(n1 * ratio + x1 + n2 + x2 * ratio);
    let qc = x1 + x2;
    // the smaller root, in the form without cancellation
    let p2 = 2.0 * qc / (-qb + (qb * qb - 4.0 * qa * qc).max(0.0).sqrt());
    let p2 = p2.clamp(0.0, (1.0 / ratio).min(1.0));
    ((ratio * p2).min(1.0), p2)
}

/// Score statistic of H0: p1 - p2 = delta; `factor` multiplies the variance (N/(N-1) for Miettinen-Nurminen, 1 for
/// Mee and for Farrington-Manning). Infinite when the restricted variance is zero and the difference is not delta.
pub(crate) fn difference_score(a: Count, b: Count, delta: f64, factor: f64) -> f64 {
    let (p1, p2) = at_difference(a, b, delta);
    let variance = factor * (p1 * (1.0 - p1) / a.n as f64 + p2 * (1.0 - p2) / b.n as f64);
    standardised(a.p() - b.p() - delta, variance)
}

/// Score statistic of H0: p1/p2 = ratio.
pub(crate) fn ratio_score(a: Count, b: Count, ratio: f64, factor: f64) -> f64 {
    let (p1, p2) = at_ratio(a, b, ratio);
    let variance = factor * (p1 * (1.0 - p1) / a.n as f64 + ratio * ratio * p2 * (1.0 - p2) / b.n as f64);
    standardised(a.p() - ratio * b.p(), variance)
}

/// Score statistic of H0: odds ratio = psi (Miettinen and Nurminen 1985): n1 (p1 - p1~) over the standard deviation of a
/// hypergeometric-like variance at the restricted estimates.
pub(crate) fn odds_score(a: Count, b: Count, psi: f64, factor: f64) -> f64 {
    if psi < 1.0 {
        return -odds_score(b, a, 1.0 / psi, factor);
    }
    let (n1, n2) = (a.n as f64, b.n as f64);
    let successes = (a.x + b.x) as f64;
    let qa = n2 * (psi - 1.0);
    let qb = n1 * psi + n2 - successes * (psi - 1.0);
    let root = (qb * qb + 4.0 * qa * successes).max(0.0).sqrt();
    // the root in (0, 1), in the form without cancellation
    let p2 = if qb > 0.0 { 2.0 * successes / (qb + root) } else { (root - qb) / (2.0 * qa) };
    let below = 1.0 + p2 * (psi - 1.0);
    let (p1, q1) = (p2 * psi / below, (1.0 - p2) / below);
    let variance = factor / (1.0 / (n1 * p1 * q1) + 1.0 / (n2 * p2 * (1.0 - p2)));
    standardised(a.x as f64 - n1 * p1, variance)
}

fn standardised(difference: f64, variance: f64) -> f64 {
    if difference.abs() < 1e-15 {
        0.0
    } else if variance <= 0.0 {
        f64::INFINITY.copysign(difference)
    } else {
        difference / variance.sqrt()
    }
}
