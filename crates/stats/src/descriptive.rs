//! Quantiles of a sample.

use crate::{Result, StatsError};

/// The `p` quantile (0 to 1) of values in ascending order: the inverse of the empirical distribution function, averaged
/// where it is a step (R. J. Hyndman and Y. Fan, 1996, type 2; SAS PCTLDEF=5). `p = 0` and `p = 1` give the extremes.
/// Refused: no values, values that are not finite or not in order, `p` outside 0 to 1.
pub fn quantile(sorted: &[f64], p: f64) -> Result<f64> {
    if !(0.0..=1.0).contains(&p) {
        return Err(StatsError::Option { name: "probability", value: p, range: "[0, 1]" });
    }
    if let Some((row, value)) = sorted.iter().enumerate().find(|(_, v)| !v.is_finite()) {
        return Err(StatsError::NotFinite { what: "value", row: row + 1, value: *value });
    }
    if let Some(row) = sorted.windows(2).position(|w| w[0] > w[1]) {
        return Err(StatsError::OutOfRange {
            what: "value",
            row: row + 2,
            value: sorted[row + 1],
            range: "ascending order",
        });
    }
    let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else { return Err(StatsError::NoRows) };
    let place = sorted.len() as f64 * p;
    // n p may miss a whole number by rounding, as R's quantile allows for too.
    let whole = place.round();
    let place = if (place - whole).abs() < 4.0 * f64::EPSILON * place.max(1.0) { whole } else { place };
    let below = place.floor() as usize;
    Ok(match (below, place.fract() == 0.0) {
        (0, true) => *first,
        (k, true) if k >= sorted.len() => *last,
        (k, true) => 0.5 * (sorted[k - 1] + sorted[k]),
        (k, false) => sorted[k.min(sorted.len() - 1)],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand from the definition: np is whole at .1 and .5, so two neighbours are averaged there.
    #[test]
    fn quantiles_average_at_the_steps_of_the_distribution_function() {
        let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0];
        for (p, q) in [(0.0, 1.0), (0.1, 1.5), (0.25, 3.0), (0.5, 5.5), (0.75, 8.0), (0.9, 9.5), (1.0, 10.0)]
        {
            assert_eq!(quantile(&x, p), Ok(q), "{p}");
        }
        assert_eq!(quantile(&[7.0], 0.25), Ok(7.0));
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.5), Ok(2.0));
    }

    #[test]
    fn no_values_and_values_out_of_order_are_refused() {
        assert_eq!(quantile(&[], 0.5), Err(StatsError::NoRows));
        assert!(quantile(&[2.0, 1.0], 0.5).is_err());
        assert!(quantile(&[1.0, f64::NAN], 0.5).is_err());
        assert!(quantile(&[1.0], 1.5).is_err());
    }
}
