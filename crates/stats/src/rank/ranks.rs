//! Mid-ranks and what ties take from a variance.

use crate::{Result, StatsError};

/// Mid-ranks with the sizes of the groups of tied values.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranks {
    /// Rank of each value, ties sharing the mean of their places.
    pub rank: Vec<f64>,
    /// Sizes of the groups of equal values larger than one.
    pub ties: Vec<usize>,
}

impl Ranks {
    /// Sum over ties of t^3 - t.
    pub fn tie_sum(&self) -> f64 {
        self.ties.iter().map(|&t| (t as f64).powi(3) - t as f64).sum()
    }
}

/// Squares and products of larger numbers leave the range of binary64.
const LARGEST: f64 = 1e100;

/// Finite, and of a size whose squares are finite.
pub(crate) fn check_values(what: &'static str, values: &[f64]) -> Result<()> {
    if let Some(row) = values.iter().position(|v| !v.is_finite()) {
        return Err(StatsError::NotFinite { what, row: row + 1, value: values[row] });
    }
    match values.iter().position(|v| v.abs() > LARGEST) {
        Some(row) => Err(StatsError::OutOfRange {
            what,
            row: row + 1,
            value: values[row],
            range: "-1e100 to 1e100; choose another unit",
        }),
        None => Ok(()),
    }
}

/// Mid-ranks of finite values.
pub fn mid_ranks(values: &[f64]) -> Result<Ranks> {
    check_values("value", values)?;
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&i, &j| values[i].total_cmp(&values[j]));
    let mut rank = vec![0.0; values.len()];
    let mut ties = Vec::new();
    let mut start = 0;
    while start < order.len() {
        let mut end = start + 1;
        while end < order.len() && values[order[end]] == values[order[start]] {
            end += 1;
        }
        let middle = (start + 1 + end) as f64 / 2.0;
        for &i in &order[start..end] {
            rank[i] = middle;
        }
        if end - start > 1 {
            ties.push(end - start);
        }
        start = end;
    }
    Ok(Ranks { rank, ties })
}
