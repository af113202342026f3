//! Multiple imputation: Rubin's rules, and normal-model imputation of numeric columns.

use super::dense::lower_factor;
use super::design::Design;
use super::least_squares;
use crate::inference::{Alternative, Estimate, Level, TestResult, impossible};
use crate::linalg::Matrix;
use crate::random::Philox;
use crate::special::{gamma_quantile_tails, norm_isf, t_isf};
use crate::{Result, StatsError, Warning};

/// A quantity pooled over imputed data sets.
#[derive(Debug, Clone, PartialEq)]
pub struct Pooled {
    /// Mean of the estimates with limits.
    pub estimate: Estimate,
    /// Square root of the total variance.
    pub standard_error: f64,
    /// Degrees of freedom; infinite when the imputations agree.
    pub df: f64,
    /// Test against zero.
    pub test: TestResult,
    /// Mean of the variances.
    pub within: f64,
    /// Variance of the estimates.
    pub between: f64,
    /// Relative increase of the variance by the missing values.
    pub increase: f64,
    /// Fraction of missing information.
    pub missing_information: f64,
}

/// Rubin's rules (1987) for `estimates` with squared standard errors `variances`. With `complete_df`, the degrees of freedom of
/// the complete data, those of Barnard and Rubin (1999), else Rubin's. Refused: fewer than two imputations, a variance that is
/// not positive.
///
/// ```
/// use stats::inference::Level;
/// use stats::model::{ImputationOptions, impute, pool};
///
/// let seen = vec![Some(1.0), Some(2.0), None, Some(4.5), Some(5.0), Some(6.5)];
/// let other = vec![Some(0.9), Some(2.2), Some(3.1), Some(4.0), Some(5.2), Some(6.0)];
/// let sets = impute(&[other, seen], ImputationOptions { imputations: 5, ..ImputationOptions::default() })?;
/// let means: Vec<f64> = sets.iter().map(|s| s[1].iter().sum::<f64>() / 6.0).collect();
/// let variances = vec![0.7; 5];
/// let pooled = pool(&means, &variances, Some(5.0), Level::default())?;
/// assert!(pooled.estimate.lower < pooled.estimate.estimate);
/// # Ok::<(), stats::StatsError>(())
/// ```
pub fn pool(estimates: &[f64], variances: &[f64], complete_df: Option<f64>, level: Level) -> Result<Pooled> {
    const NAME: &str = "Rubin's rules";
    let tail = level.tail()?;
    if estimates.len() != variances.len() {
        return Err(StatsError::Length {
            what: "variances",
            expected: estimates.len(),
            got: variances.len(),
        });
    }
    if estimates.len() < 2 {
        return impossible(NAME, "fewer than two imputations");
    }
    crate::rank::check_values("estimate", estimates)?;
    if let Some(row) = variances.iter().position(|v| !(*v > 0.0 && v.is_finite())) {
        return Err(StatsError::OutOfRange {
            what: "variance",
            row: row + 1,
            value: variances[row],
            range: "above 0",
        });
    }
    let m = estimates.len() as f64;
    let mean = estimates.iter().sum::<f64>() / m;
    let within = variances.iter().sum::<f64>() / m;
    let between = estimates.iter().map(|e| (e - mean).powi(2)).sum::<f64>() / (m - 1.0);
    let extra = (1.0 + 1.0 / m) * between;
    let total = within + extra;
    if !total.is_finite() || within <= 1e-12 * total {
        return impossible(
            NAME,
            "all of the variance comes from the missing values: there is nothing to pool",
        );
    }
    let increase = extra / within;
    let lambda = extra / total;
    let rubin = if extra > 0.0 { (m - 1.0) / (lambda * lambda) } else { f64::INFINITY };
    let (df, name) = match complete_df {
        None => (rubin, "degrees of freedom of Rubin 1987"),
        Some(v) => {
            let observed = (v + 1.0) / (v + 3.0) * v * (1.0 - lambda);
            let df = if rubin.is_infinite() { observed } else { rubin * observed / (rubin + observed) };
            (df, "degrees of freedom of Barnard and Rubin 1999")
        }
    };
    let se = total.sqrt();
    let quantile = if df.is_finite() { t_isf(tail, df) } else { norm_isf(tail) };
    let limits = level.keep((mean - quantile * se, mean + quantile * se), (f64::NEG_INFINITY, f64::INFINITY));
    let statistic = mean / se;
    let p = if df.is_finite() {
        super::t_test::t_p(statistic, df, Alternative::TwoSided)
    } else {
        Alternative::TwoSided.normal_p(statistic)
    };
    let missing_information = if df.is_finite() { lambda + 2.0 / (df + 3.0) * within / total } else { 0.0 };
    let mut estimate = Estimate::new(NAME, level, mean, limits).convention(name);
    if lambda > 0.5 {
        estimate = estimate
            .warn(Warning::Note("more than half of the variance comes from the missing values".into()));
    }
    Ok(Pooled {
        estimate,
        standard_error: se,
        df,
        test: TestResult::with(NAME, statistic, df.is_finite().then_some(df), p),
        within,
        between,
        increase,
        missing_information,
    })
}

/// Options of the imputation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImputationOptions {
    /// Imputed data sets; default 20.
    pub imputations: usize,
    /// Rounds through the incomplete columns; default 10 (one is enough when missingness is monotone).
    pub rounds: usize,
    /// Seed.
    pub seed: u64,
}

impl Default for ImputationOptions {
    fn default() -> Self {
        ImputationOptions { imputations: 20, rounds: 10, seed: 1 }
    }
}

/// Imputes missing numbers by chained Bayesian linear regressions: each incomplete column on all others, coefficients and
/// residual variance drawn from their posterior (Rubin 1987, section 5.3; van Buuren 2018, algorithm 3.1). Values are missing at
/// random given the columns. Returns one completed set of columns per imputation; same seed, same sets. Refused: a column
/// without observed values, fewer observed values than coefficients.
pub fn impute(columns: &[Vec<Option<f64>>], options: ImputationOptions) -> Result<Vec<Vec<Vec<f64>>>> {
    const NAME: &str = "imputation";
    let n = columns.first().map_or(0, Vec::len);
    if n == 0 {
        return Err(StatsError::NoRows);
    }
    if options.imputations == 0 || options.rounds == 0 {
        return Err(StatsError::Option { name: "imputations and rounds", value: 0.0, range: "at least 1" });
    }
    for (k, c) in columns.iter().enumerate() {
        if c.len() != n {
            return Err(StatsError::Length { what: "column", expected: n, got: c.len() });
        }
        let seen: Vec<f64> = c.iter().flatten().copied().collect();
        crate::rank::check_values("value", &seen)?;
        let missing = n - seen.len();
        if missing > 0 && seen.len() < columns.len() + 2 {
            return impossible(NAME, format!("column {} has too few observed values", k + 1));
        }
    }
    // fewest missing first, as a monotone pattern wants it
    let missing = |c: &Vec<Option<f64>>| c.iter().filter(|v| v.is_none()).count();
    let mut order: Vec<usize> = (0..columns.len()).filter(|&k| missing(&columns[k]) > 0).collect();
    order.sort_by_key(|&k| missing(&columns[k]));
    (0..options.imputations)
        .map(|m| {
            let mut random = Philox::new(options.seed, m as u64);
            let mut data: Vec<Vec<f64>> = columns
                .iter()
                .map(|c| {
                    let seen: Vec<f64> = c.iter().flatten().copied().collect();
                    c.iter()
                        .map(|v| v.unwrap_or_else(|| seen[random.below(seen.len() as u64) as usize]))
                        .collect()
                })
                .collect();
            for _ in 0..options.rounds {
                for &k in &order {
                    let drawn = draw(&columns[k], &data, k, &mut random)?;
                    for (i, v) in drawn {
                        data[k][i] = v;
                    }
                }
            }
            Ok(data)
        })
        .collect()
}

/// New values of the missing rows of column `k`.
fn draw(
    target: &[Option<f64>],
    data: &[Vec<f64>],
    k: usize,
    random: &mut Philox,
) -> Result<Vec<(usize, f64)>> {
    let seen: Vec<usize> = (0..target.len()).filter(|&i| target[i].is_some()).collect();
    let others: Vec<usize> = (0..data.len()).filter(|&j| j != k).collect();
    let y: Vec<f64> = seen.iter().filter_map(|&i| target[i]).collect();
    let picked: Vec<Vec<f64>> = others.iter().map(|&j| seen.iter().map(|&i| data[j][i]).collect()).collect();
    let slices: Vec<&[f64]> = picked.iter().map(Vec::as_slice).collect();
    let design = Design::new(y.len(), &slices, true)?;
    let solved = least_squares::solve(&design, &y);
    let df = (y.len() - design.p()) as f64;
    let rss: f64 = solved.residuals.iter().map(|r| r * r).sum();
    let u = random.uniform();
    let sigma = (rss / (2.0 * gamma_quantile_tails(u, 1.0 - u, 0.5 * df))).sqrt();
    let p = design.p();
    let Some(l) = lower_factor(&Matrix { size: p, values: solved.inverse.values.clone() }) else {
        return impossible("imputation", "the columns are collinear");
    };
    let z: Vec<f64> = (0..p).map(|_| random.normal()).collect();
    let beta: Vec<f64> =
        (0..p).map(|i| solved.beta[i] + sigma * (0..=i).map(|j| l.get(i, j) * z[j]).sum::<f64>()).collect();
    let row = |i: usize| -> f64 {
        design
            .kept
            .iter()
            .zip(&design.scale)
            .zip(&beta)
            .map(|((&place, s), b)| if place == 0 { *b } else { b / s * data[others[place - 1]][i] })
            .sum()
    };
    Ok((0..target.len())
        .filter(|&i| target[i].is_none())
        .map(|i| (i, row(i) + sigma * random.normal()))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rubins_rules_follow_their_formulas() {
        let r = pool(&[1.0, 1.4, 1.2], &[0.04, 0.05, 0.06], None, Level::default()).unwrap();
        let total: f64 = 0.05 + 4.0 / 3.0 * 0.04;
        assert!((r.standard_error - total.sqrt()).abs() < 1e-14);
        let df = 2.0 * (1.0 + 0.05 / (4.0 / 3.0 * 0.04)) * (1.0 + 0.05_f64 / (4.0 / 3.0 * 0.04));
        assert!((r.df - df).abs() < 1e-10);
        let small = pool(&[1.0, 1.4, 1.2], &[0.04, 0.05, 0.06], Some(10.0), Level::default()).unwrap();
        assert!(small.df < r.df && small.df < 10.0);
        // agreement leaves the complete-data answer
        let same = pool(&[1.0, 1.0], &[0.04, 0.04], None, Level::default()).unwrap();
        assert!(same.df.is_infinite() && (same.standard_error - 0.2).abs() < 1e-15);
        assert!(pool(&[1.0], &[0.1], None, Level::default()).is_err());
        assert!(pool(&[1.0, 2.0], &[0.1, 0.0], None, Level::default()).is_err());
    }

    #[test]
    fn imputation_repeats_itself_and_recovers_a_mean_that_depends_on_a_seen_column() {
        let mut random = Philox::new(3, 0);
        let n = 600;
        let x: Vec<f64> = (0..n).map(|_| random.normal()).collect();
        let y: Vec<f64> = x.iter().map(|v| 2.0 + 1.5 * v + 0.5 * random.normal()).collect();
        // y is missing where x is high: the observed mean is far too low
        let seen: Vec<Option<f64>> = x.iter().zip(&y).map(|(a, b)| (*a < 0.3).then_some(*b)).collect();
        let columns = vec![x.iter().map(|v| Some(*v)).collect(), seen];
        let sets = impute(&columns, ImputationOptions::default()).unwrap();
        assert_eq!(sets, impute(&columns, ImputationOptions::default()).unwrap());
        let means: Vec<f64> = sets.iter().map(|s| s[1].iter().sum::<f64>() / n as f64).collect();
        let variances: Vec<f64> = sets
            .iter()
            .zip(&means)
            .map(|(s, m)| s[1].iter().map(|v| (v - m).powi(2)).sum::<f64>() / (n as f64 - 1.0) / n as f64)
            .collect();
        let pooled = pool(&means, &variances, None, Level::default()).unwrap();
        let truth = y.iter().sum::<f64>() / n as f64;
        assert!((pooled.estimate.estimate - truth).abs() < 0.1, "{pooled:?} {truth}");
        assert!(impute(&[vec![None, None]], ImputationOptions::default()).is_err());
    }
}
