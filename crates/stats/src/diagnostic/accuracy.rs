//! Accuracy of one test against the truth.

use crate::inference::{Estimate, Level, impossible};
use crate::proportion::{BinomialMethod, Count, binomial_interval};
use crate::{Result, StatsError};

/// Sensitivity, specificity and predictive values with limits; `None` where the denominator is empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Accuracy {
    /// Positive among the diseased.
    pub sensitivity: Option<Estimate>,
    /// Negative among those without disease.
    pub specificity: Option<Estimate>,
    /// Diseased among the positive.
    pub positive_predictive_value: Option<Estimate>,
    /// Without disease among the negative.
    pub negative_predictive_value: Option<Estimate>,
    /// Correct answers among all.
    pub accuracy: Estimate,
    /// (true positive, false negative, false positive, true negative)
    pub counts: [u64; 4],
}

pub(super) fn check_lengths(truth: &[bool], tests: &[&[bool]]) -> Result<()> {
    if truth.is_empty() {
        return Err(StatsError::NoRows);
    }
    for t in tests {
        if t.len() != truth.len() {
            return Err(StatsError::Length { what: "test", expected: truth.len(), got: t.len() });
        }
    }
    Ok(())
}

/// Accuracy of `test` against `truth`; one row per participant. For several rows per participant use
/// [`crate::cluster::clustered_proportion`] among the diseased and among the others.
pub fn accuracy(truth: &[bool], test: &[bool], method: BinomialMethod, level: Level) -> Result<Accuracy> {
    check_lengths(truth, &[test])?;
    let mut counts = [0u64; 4];
    for (d, y) in truth.iter().zip(test) {
        counts[usize::from(!d) * 2 + usize::from(d != y) * usize::from(*d) + usize::from(!d && !y)] += 1;
    }
    let [tp, fn_, fp, tn] = counts;
    let share = |x: u64, n: u64| -> Result<Option<Estimate>> {
        if n == 0 { Ok(None) } else { binomial_interval(Count::new(x, n), method, level).map(Some) }
    };
    Ok(Accuracy {
        sensitivity: share(tp, tp + fn_)?,
        specificity: share(tn, tn + fp)?,
        positive_predictive_value: share(tp, tp + fp)?,
        negative_predictive_value: share(tn, tn + fn_)?,
        accuracy: binomial_interval(Count::new(tp + tn, truth.len() as u64), method, level)?,
        counts,
    })
}

/// Positive and negative likelihood ratio.
#[derive(Debug, Clone, PartialEq)]
pub struct LikelihoodRatios {
    /// Sensitivity/(1 - specificity).
    pub positive: Estimate,
    /// (1 - sensitivity)/specificity.
    pub negative: Estimate,
}

/// Likelihood ratios with limits on the logarithm (Simel, Samsa and Matchar 1991). Refused: a cell of zero.
pub fn likelihood_ratios(truth: &[bool], test: &[bool], level: Level) -> Result<LikelihoodRatios> {
    const NAME: &str = "diagnostic likelihood ratios";
    let a = accuracy(truth, test, BinomialMethod::ClopperPearson, level)?;
    let z = level.z()?;
    if a.counts.contains(&0) {
        return impossible(NAME, "a cell of the table is empty");
    }
    let [tp, fn_, fp, tn] = a.counts.map(|c| c as f64);
    let (diseased, healthy) = (tp + fn_, fp + tn);
    let ratio = |name, x: f64, y: f64| {
        let value = x / diseased / (y / healthy);
        let half = z * (1.0 / x - 1.0 / diseased + 1.0 / y - 1.0 / healthy).sqrt();
        let limits = (value * (-half).exp(), value * half.exp());
        Estimate::new(name, level, value, level.keep(limits, (0.0, f64::INFINITY)))
    };
    Ok(LikelihoodRatios {
        positive: ratio("positive likelihood ratio", tp, fp),
        negative: ratio("negative likelihood ratio", fn_, tn),
    })
}
