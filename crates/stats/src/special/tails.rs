//! Both tails of a distribution at a point, as numbers and as logarithms.

/// Lower and upper tail probability with their logarithms. The smaller tail is computed directly, never as one
/// minus the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tails {
    /// P(X <= x)
    pub lower: f64,
    /// P(X > x)
    pub upper: f64,
    /// ln P(X <= x), finite even where `lower` underflows
    pub ln_lower: f64,
    /// ln P(X > x), finite even where `upper` underflows
    pub ln_upper: f64,
}

impl Tails {
    pub(crate) const NAN: Tails =
        Tails { lower: f64::NAN, upper: f64::NAN, ln_lower: f64::NAN, ln_upper: f64::NAN };

    pub(crate) fn all_upper() -> Tails {
        Tails { lower: 0.0, upper: 1.0, ln_lower: f64::NEG_INFINITY, ln_upper: 0.0 }
    }

    pub(crate) fn all_lower() -> Tails {
        Tails::all_upper().swap()
    }

    /// From the lower tail exp(`ln_scale`) * `factor`.
    pub(crate) fn from_lower(ln_scale: f64, factor: f64) -> Tails {
        let lower = (ln_scale.exp() * factor).clamp(0.0, 1.0);
        let ln_lower = (ln_scale + factor.ln()).min(0.0);
        let upper = 1.0 - lower;
        let ln_upper = (-lower).ln_1p();
        Tails { lower, upper, ln_lower, ln_upper }
    }

    /// From the upper tail exp(`ln_scale`) * `factor`.
    pub(crate) fn from_upper(ln_scale: f64, factor: f64) -> Tails {
        Tails::from_lower(ln_scale, factor).swap()
    }

    /// The tails of the mirrored variable.
    pub fn swap(self) -> Tails {
        Tails { lower: self.upper, upper: self.lower, ln_lower: self.ln_upper, ln_upper: self.ln_lower }
    }
}
