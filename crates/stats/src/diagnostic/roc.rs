//! Area under the receiver operating characteristic, DeLong's variance, paired comparison.

use crate::inference::{Alternative, Estimate, Level, TestResult, impossible};
use crate::rank::{check_values, mid_ranks};
use crate::{Result, StatsError, Warning};

/// Area of one marker with the parts that its variance is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct RocCurve {
    /// Probability that a case's marker lies above a control's, ties one half, with DeLong limits.
    pub area: Estimate,
    /// Standard error (DeLong, DeLong and Clarke-Pearson 1988).
    pub standard_error: f64,
    /// Per case: share of controls below it.
    cases: Vec<f64>,
    /// Per control: share of cases above it.
    controls: Vec<f64>,
}

const NAME: &str = "area under the ROC curve";

/// Placements by mid-ranks (Sun and Xu 2014).
fn placements(outcome: &[bool], marker: &[f64]) -> Result<(f64, Vec<f64>, Vec<f64>)> {
    if outcome.len() != marker.len() {
        return Err(StatsError::Length { what: "marker", expected: outcome.len(), got: marker.len() });
    }
    if outcome.is_empty() {
        return Err(StatsError::NoRows);
    }
    check_values("marker", marker)?;
    let pick = |want: bool| -> Vec<f64> {
        marker.iter().zip(outcome).filter(|(_, o)| **o == want).map(|(m, _)| *m).collect()
    };
    let (x, y) = (pick(true), pick(false));
    if x.is_empty() || y.is_empty() {
        return impossible(NAME, "there are no cases or no controls");
    }
    let (m, n) = (x.len() as f64, y.len() as f64);
    let all = mid_ranks(&[x.as_slice(), y.as_slice()].concat())?.rank;
    let (own_x, own_y) = (mid_ranks(&x)?.rank, mid_ranks(&y)?.rank);
    let cases: Vec<f64> = all[..x.len()].iter().zip(&own_x).map(|(a, o)| (a - o) / n).collect();
    let controls: Vec<f64> = all[x.len()..].iter().zip(&own_y).map(|(a, o)| 1.0 - (a - o) / m).collect();
    Ok((cases.iter().sum::<f64>() / m, cases, controls))
}

fn covariance(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    if a.len() < 2 {
        return 0.0;
    }
    let (ma, mb) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    a.iter().zip(b).map(|(x, y)| (x - ma) * (y - mb)).sum::<f64>() / (n - 1.0)
}

/// Area under the curve of `marker` for `outcome` (higher means disease). Refused: no case or no control.
pub fn auc(outcome: &[bool], marker: &[f64], level: Level) -> Result<RocCurve> {
    let z = level.z()?;
    let (area, cases, controls) = placements(outcome, marker)?;
    let variance = covariance(&cases, &cases) / cases.len() as f64
        + covariance(&controls, &controls) / controls.len() as f64;
    let se = variance.sqrt();
    let limits = ((area - z * se).max(0.0), (area + z * se).min(1.0));
    let mut estimate = Estimate::new("DeLong", level, area, level.keep(limits, (0.0, 1.0)))
        .convention("normal limits cut to [0, 1]; ties one half");
    if se == 0.0 {
        estimate =
            estimate.warn(Warning::NoLimits { reason: "the marker separates perfectly or not at all" });
    }
    if cases.len() < 2 || controls.len() < 2 {
        estimate = estimate
            .warn(Warning::Note("a single case or control: its part of the variance is taken as 0".into()));
    }
    Ok(RocCurve { area: estimate, standard_error: se, cases, controls })
}

/// Difference first - second of two areas on the same participants, with DeLong's test. Refused: curves of different
/// participants, a difference without variance.
pub fn compare_auc(first: &RocCurve, second: &RocCurve, level: Level) -> Result<(Estimate, TestResult)> {
    let z = level.z()?;
    if first.cases.len() != second.cases.len() || first.controls.len() != second.controls.len() {
        return impossible("DeLong's test", "the two curves are not of the same participants");
    }
    let both = |a: &RocCurve, b: &RocCurve| {
        covariance(&a.cases, &b.cases) / a.cases.len() as f64
            + covariance(&a.controls, &b.controls) / a.controls.len() as f64
    };
    let variance = both(first, first) + both(second, second) - 2.0 * both(first, second);
    let difference = first.area.estimate - second.area.estimate;
    if variance <= 1e-30 {
        return impossible("DeLong's test", "the difference of the areas has no variance");
    }
    let se = variance.sqrt();
    let statistic = difference / se;
    let limits = ((difference - z * se).max(-1.0), (difference + z * se).min(1.0));
    Ok((
        Estimate::new("DeLong difference", level, difference, level.keep(limits, (-1.0, 1.0))),
        TestResult::with("DeLong's test", statistic, None, Alternative::TwoSided.normal_p(statistic)),
    ))
}
