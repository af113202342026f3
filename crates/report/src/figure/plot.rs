//! A plane with two axes, their ticks and names, and the key of the series.

use super::SIZE;
use super::axis::Scale;
use crate::scene::{Anchor, Role, Scene, measure_text};
use words::{Text, number};

pub(super) struct Plot {
    pub x: Scale,
    pub y: Scale,
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
}

/// Steps of 1, 2 or 5 times a power of ten that cover `low..=high`, at most about `most` of them.
pub(super) fn steps(low: f64, high: f64, most: usize) -> Vec<f64> {
    let (low, high) =
        if low.is_finite() && high.is_finite() && high > low { (low, high) } else { (0.0, 1.0) };
    let raw = (high - low) / most.max(1) as f64;
    let power = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].iter().map(|m| m * power).find(|s| *s >= raw * 0.999_999);
    let step = step.unwrap_or(raw);
    let first = (low / step + 1e-9).floor() as i64;
    let last = (high / step - 1e-9).ceil() as i64;
    (first..=last).map(|i| i as f64 * step).collect()
}

impl Plot {
    /// A plane whose ticks are the ends of its scales.
    pub fn new(area: (f64, f64, f64, f64), xs: &[f64], ys: &[f64]) -> Plot {
        let (left, right, top, bottom) = area;
        let ends = |v: &[f64]| (v.first().copied().unwrap_or(0.0), v.last().copied().unwrap_or(1.0));
        Plot {
            x: Scale { from: ends(xs), to: (left, right) },
            y: Scale { from: ends(ys), to: (bottom, top) },
            left,
            right,
            top,
            bottom,
        }
    }

    pub fn y_axis(&self, scene: &mut Scene, ys: &[f64], show: impl Fn(f64) -> String, name: Text) {
        scene.text(Role::Soft, 0.0, self.top - 24.0, Anchor::Start, name);
        for &v in ys {
            let at = self.y.at(v);
            scene.line(Role::Grid, None, (self.left, at), (self.right, at));
            scene.text(Role::Label, self.left - 8.0, at + 4.5, Anchor::End, Text::same(show(v)));
        }
    }

    pub fn x_axis(&self, scene: &mut Scene, xs: &[f64], show: impl Fn(f64) -> String, name: Text) {
        scene.line(Role::Axis, None, (self.left, self.bottom), (self.right, self.bottom));
        for &v in xs {
            let at = self.x.at(v);
            scene.line(Role::Axis, None, (at, self.bottom), (at, self.bottom + 5.0));
            scene.text(Role::Label, at, self.bottom + 20.0, Anchor::Middle, Text::same(show(v)));
        }
        scene.text(Role::Soft, (self.left + self.right) / 2.0, self.bottom + 38.0, Anchor::Middle, name);
    }
}

/// What the symbols or areas of the series mean, in one line from `x`.
pub(super) fn key(scene: &mut Scene, series: &[(u8, Text)], x: f64, y: f64, areas: bool) {
    let mut at = x;
    for (series, name) in series {
        if areas {
            scene.area(*series, at, y - 11.0, 18.0, 12.0);
        } else {
            scene.symbol(*series, at + 9.0, y - 5.0, 10.0);
        }
        scene.text(Role::Label, at + 24.0, y, Anchor::Start, name.clone());
        at += 24.0 + measure_text(name, SIZE) + 24.0;
    }
}

/// A number in as many places as its step needs.
pub(super) fn plain(v: f64) -> String {
    let places = if v.fract().abs() < 1e-9 {
        0
    } else if (v * 10.0).fract().abs() < 1e-6 {
        1
    } else {
        2
    };
    number::fixed(v, places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_cover_what_lies_between_also_below_zero() {
        assert_eq!(
            steps(-0.62, 0.45, 6),
            [-0.8, -0.6000000000000001, -0.4, -0.2, 0.0, 0.2, 0.4, 0.6000000000000001]
        );
        assert_eq!(steps(0.0, 0.0, 5).first(), Some(&0.0));
        assert!(steps(f64::NAN, 1.0, 5).len() > 2);
    }
}
