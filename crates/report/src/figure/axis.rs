//! Scales and their ticks.

/// A linear scale from data to pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    pub from: (f64, f64),
    pub to: (f64, f64),
}

impl Scale {
    pub(crate) fn at(&self, x: f64) -> f64 {
        let span = self.from.1 - self.from.0;
        if span == 0.0 {
            return self.to.0;
        }
        self.to.0 + (x - self.from.0) / span * (self.to.1 - self.to.0)
    }
}

/// Steps of 1, 2 or 5 times a power of ten: at most `most` of them from 0 up to the first that reaches `max`.
pub(crate) fn ticks(max: f64, most: usize) -> Vec<f64> {
    let max = if max.is_finite() && max > 0.0 { max } else { 1.0 };
    let raw = max / most.max(1) as f64;
    let power = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].iter().map(|m| m * power).find(|s| *s >= raw * 0.999_999).unwrap_or(max);
    let n = (max / step - 1e-9).ceil() as usize;
    (0..=n).map(|i| i as f64 * step).collect()
}

/// Moves labels apart vertically, keeping their order, at least `gap` from each other and inside `low..=high`
/// where that is possible. Gives the new positions in the order of `wanted`.
pub(crate) fn spread(wanted: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]));
    let mut placed = wanted.to_vec();
    let mut floor = low;
    for &i in &order {
        placed[i] = placed[i].max(floor);
        floor = placed[i] + gap;
    }
    let mut ceiling = high;
    for &i in order.iter().rev() {
        placed[i] = placed[i].min(ceiling);
        ceiling = placed[i] - gap;
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_reach_the_largest_value_in_round_steps() {
        assert_eq!(ticks(410.0, 5), [0.0, 100.0, 200.0, 300.0, 400.0, 500.0]);
        assert_eq!(ticks(1.0, 5), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
        assert_eq!(ticks(0.0, 5).last(), Some(&1.0));
        assert_eq!(ticks(f64::NAN, 5).len(), 6);
    }

    #[test]
    fn labels_that_would_touch_are_moved_apart_in_their_order() {
        assert_eq!(spread(&[100.0, 104.0], 16.0, 0.0, 300.0), [100.0, 116.0]);
        assert_eq!(spread(&[299.0, 295.0], 16.0, 0.0, 300.0), [300.0, 284.0]);
    }
}
