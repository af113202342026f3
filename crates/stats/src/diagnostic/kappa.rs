//! Chance-corrected agreement of two raters on categories.

use crate::inference::{Alternative, Estimate, Level, TestResult, impossible};
use crate::special::t_isf;
use crate::{Result, StatsError, Warning};

/// How disagreement is weighed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KappaWeights {
    /// All disagreement counts the same; the default.
    #[default]
    None,
    /// 1 - |i - j|/(q - 1) (Cicchetti and Allison; SAS's default for a weighted kappa).
    Linear,
    /// 1 - (i - j)^2/(q - 1)^2 (Fleiss and Cohen).
    Quadratic,
}

impl KappaWeights {
    /// The name that is printed and that options use.
    pub fn name(self) -> &'static str {
        match self {
            KappaWeights::None => "unweighted",
            KappaWeights::Linear => "linear weights",
            KappaWeights::Quadratic => "quadratic weights",
        }
    }

    fn weight(self, i: usize, j: usize, q: usize) -> f64 {
        let gap = i.abs_diff(j) as f64 / (q as f64 - 1.0);
        match self {
            KappaWeights::None => f64::from(u8::from(i == j)),
            KappaWeights::Linear => 1.0 - gap,
            KappaWeights::Quadratic => 1.0 - gap * gap,
        }
    }
}

/// A coefficient of agreement.
#[derive(Debug, Clone, PartialEq)]
pub struct Agreement {
    /// The coefficient with its limits.
    pub estimate: Estimate,
    /// Standard error of the limits.
    pub standard_error: f64,
    /// Observed (weighted) agreement.
    pub observed: f64,
    /// Agreement expected by chance.
    pub expected: f64,
    /// Test of no agreement beyond chance; `None` for AC1.
    pub test: Option<TestResult>,
}

/// Proportions of a square table.
fn proportions(first: &[usize], second: &[usize], categories: usize) -> Result<(Vec<Vec<f64>>, f64)> {
    if first.is_empty() {
        return Err(StatsError::NoRows);
    }
    if first.len() != second.len() {
        return Err(StatsError::Length { what: "second rater", expected: first.len(), got: second.len() });
    }
    if categories < 2 {
        return impossible("agreement", "there is a single category");
    }
    let mut p = vec![vec![0.0; categories]; categories];
    let n = first.len() as f64;
    for (row, (a, b)) in first.iter().zip(second).enumerate() {
        let code = *a.max(b);
        if code >= categories {
            return Err(StatsError::GroupCode { row: row + 1, code, groups: categories });
        }
        p[*a][*b] += 1.0 / n;
    }
    Ok((p, n))
}

/// Cohen's kappa of categories coded 0..`categories`, with the standard errors of Fleiss, Cohen and Everitt (1969). Refused:
/// chance agreement of one (both raters used a single category).
pub fn cohen_kappa(
    first: &[usize],
    second: &[usize],
    categories: usize,
    weights: KappaWeights,
    level: Level,
) -> Result<Agreement> {
    const NAME: &str = "Cohen's kappa";
    let z = level.z()?;
    let (p, n) = proportions(first, second, categories)?;
    let q = categories;
    let row: Vec<f64> = p.iter().map(|r| r.iter().sum()).collect();
    let column: Vec<f64> = (0..q).map(|j| p.iter().map(|r| r[j]).sum()).collect();
    let w = |i: usize, j: usize| weights.weight(i, j, q);
    let cells = || (0..q).flat_map(move |i| (0..q).map(move |j| (i, j)));
    let observed: f64 = cells().map(|(i, j)| p[i][j] * w(i, j)).sum();
    let expected: f64 = cells().map(|(i, j)| row[i] * column[j] * w(i, j)).sum();
    if 1.0 - expected < 1e-12 {
        return impossible(NAME, "both raters used a single category: agreement by chance is certain");
    }
    let kappa = (observed - expected) / (1.0 - expected);
    let row_weight: Vec<f64> = (0..q).map(|i| (0..q).map(|j| column[j] * w(i, j)).sum()).collect();
    let column_weight: Vec<f64> = (0..q).map(|j| (0..q).map(|i| row[i] * w(i, j)).sum()).collect();
    let scale = n * (1.0 - expected) * (1.0 - expected);
    let spread: f64 = cells()
        .map(|(i, j)| p[i][j] * (w(i, j) - (row_weight[i] + column_weight[j]) * (1.0 - kappa)).powi(2))
        .sum();
    let variance = (spread - (kappa - expected * (1.0 - kappa)).powi(2)).max(0.0) / scale;
    let null: f64 = cells()
        .map(|(i, j)| row[i] * column[j] * (w(i, j) - (row_weight[i] + column_weight[j])).powi(2))
        .sum();
    let null_variance = (null - expected * expected).max(0.0) / scale;
    let se = variance.sqrt();
    let limits = ((kappa - z * se).max(-1.0), (kappa + z * se).min(1.0));
    let mut estimate =
        Estimate::new(NAME, level, kappa, level.keep(limits, (-1.0, 1.0))).convention(weights.name());
    if se == 0.0 {
        estimate = estimate
            .warn(Warning::NoLimits { reason: "agreement is perfect: the estimated variance is zero" });
    }
    let test = (null_variance > 0.0).then(|| {
        let statistic = kappa / null_variance.sqrt();
        TestResult::with(NAME, statistic, None, Alternative::TwoSided.normal_p(statistic))
    });
    Ok(Agreement { estimate, standard_error: se, observed, expected, test })
}

/// Gwet's AC1 (2008) of categories coded 0..`categories`; variance from the participants' linearised contributions over
/// n (n - 1), limits with t(n - 1) (as the R package irrCAC).
pub fn gwet_ac1(first: &[usize], second: &[usize], categories: usize, level: Level) -> Result<Agreement> {
    const NAME: &str = "Gwet's AC1";
    let (p, n) = proportions(first, second, categories)?;
    if first.len() < 2 {
        return impossible(NAME, "fewer than two participants");
    }
    let q = categories as f64;
    let share: Vec<f64> = (0..categories)
        .map(|k| 0.5 * (p[k].iter().sum::<f64>() + p.iter().map(|r| r[k]).sum::<f64>()))
        .collect();
    let observed: f64 = (0..categories).map(|k| p[k][k]).sum();
    let expected: f64 = share.iter().map(|s| s * (1.0 - s)).sum::<f64>() / (q - 1.0);
    let value = (observed - expected) / (1.0 - expected);
    let squares: f64 = first
        .iter()
        .zip(second)
        .map(|(a, b)| {
            let agree = f64::from(u8::from(a == b));
            // chance agreement of a participant: mean of (1 - share) over the two ratings, divided by q - 1
            let chance = 0.5 * ((1.0 - share[*a]) + (1.0 - share[*b])) / (q - 1.0);
            let own = (agree - expected) / (1.0 - expected);
            (own - 2.0 * (1.0 - value) * (chance - expected) / (1.0 - expected) - value).powi(2)
        })
        .sum();
    let se = (squares / (n * (n - 1.0))).sqrt();
    let t = t_isf(level.tail()?, n - 1.0);
    let limits = ((value - t * se).max(-1.0), (value + t * se).min(1.0));
    let mut estimate = Estimate::new(NAME, level, value, level.keep(limits, (-1.0, 1.0)))
        .convention("limits with t(n - 1), variance over n (n - 1)");
    if se == 0.0 {
        estimate = estimate.warn(Warning::NoLimits { reason: "the estimated variance is zero" });
    }
    Ok(Agreement { estimate, standard_error: se, observed, expected, test: None })
}
