//! Linear regression and analysis of covariance.

use super::design::{Design, check_outcome};
use super::least_squares;
use super::t_test::t_p;
use crate::inference::{Alternative, Estimate, Level, TestResult, impossible};
use crate::linalg::Matrix;
use crate::special::{f_sf, t_isf};
use crate::{Conventions, Result, StatsError, Warning};

/// A coefficient with its test and limits.
#[derive(Debug, Clone, PartialEq)]
pub struct Coefficient {
    /// Estimate with limits.
    pub estimate: Estimate,
    /// Standard error.
    pub standard_error: f64,
    /// t or z, two-sided.
    pub test: TestResult,
}

/// A linear regression.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearFit {
    /// Intercept first; `None` for a column that depends on earlier ones.
    pub coefficients: Vec<Option<Coefficient>>,
    /// Places of the estimated coefficients, in the order of `covariance`.
    pub estimated: Vec<usize>,
    /// Covariance of the estimated coefficients, row by row.
    pub covariance: Vec<Vec<f64>>,
    /// Residual standard deviation.
    pub sigma: f64,
    /// Residual degrees of freedom.
    pub df: f64,
    /// Share of the variance that is explained.
    pub r_squared: f64,
    /// The same corrected for the number of coefficients.
    pub adjusted_r_squared: f64,
    /// F test of all coefficients but the intercept; `None` without covariates.
    pub f: Option<TestResult>,
    /// Residuals, row by row.
    pub residuals: Vec<f64>,
    /// What it was computed with.
    pub conventions: Conventions,
    /// What a reader must know beside the numbers.
    pub warnings: Vec<Warning>,
}

const NAME: &str = "linear regression";

/// Least squares of `y` on an intercept and `columns`. Refused: no rows, not more rows than coefficients, values that are
/// not finite, an outcome that the model fits exactly.
pub fn linear(y: &[f64], columns: &[&[f64]], level: Level) -> Result<LinearFit> {
    Ok(solve(y, columns, level)?.0)
}

/// A fit in the units of its design: coefficients and their covariance.
struct Scaled {
    design: Design,
    beta: Vec<f64>,
    covariance: Matrix,
}

fn solve(y: &[f64], columns: &[&[f64]], level: Level) -> Result<(LinearFit, Scaled)> {
    check_outcome(y)?;
    let tail = level.tail()?;
    let design = Design::new(y.len(), columns, true)?;
    let (n, p) = (y.len() as f64, design.p());
    if y.len() <= p {
        return impossible(NAME, "there are no more rows than coefficients");
    }
    let solved = least_squares::solve(&design, y);
    let rss: f64 = solved.residuals.iter().map(|r| r * r).sum();
    let mean = y.iter().sum::<f64>() / n;
    let tss: f64 = y.iter().map(|v| (v - mean).powi(2)).sum();
    let size: f64 = y.iter().map(|v| v * v).sum();
    if rss <= size * 1e-28 {
        return Err(StatsError::NoVariance {
            what: "the residuals",
            why: "the model fits every row exactly",
        });
    }
    let df = n - p as f64;
    let sigma2 = rss / df;
    if !sigma2.is_finite() || !tss.is_finite() {
        return impossible(NAME, "squares of the outcome exceed the range of numbers; choose another unit");
    }
    let mut scaled = solved.inverse.clone();
    scaled.values.iter_mut().for_each(|v| *v *= sigma2);
    let covariance = design.unscaled_covariance(&scaled);
    let t = t_isf(tail, df);
    let mut coefficients: Vec<Option<Coefficient>> = vec![None; design.total];
    for (k, value) in design.unscaled(&solved.beta).into_iter().enumerate() {
        let (Some(b), Some(place)) = (value, design.kept.iter().position(|&x| x == k)) else { continue };
        let error = design.unscaled_error(&scaled, place);
        coefficients[k] = Some(coefficient("coefficient", b, error, df, t, level));
    }
    let model_df = p as f64 - 1.0;
    let f = (p > 1 && tss > 0.0).then(|| {
        let f = (tss - rss) / model_df / sigma2;
        TestResult::with("F test of the model", f, Some(model_df), f_sf(f.max(0.0), model_df, df))
    });
    let r_squared = if tss > 0.0 { 1.0 - rss / tss } else { 0.0 };
    let fit = LinearFit {
        coefficients,
        estimated: design.kept.clone(),
        covariance,
        sigma: sigma2.sqrt(),
        df,
        r_squared,
        adjusted_r_squared: 1.0 - (1.0 - r_squared) * (n - 1.0) / df,
        f,
        residuals: solved.residuals,
        conventions: vec!["least squares", "limits with Student's t"],
        warnings: design.warnings(),
    };
    Ok((fit, Scaled { design, beta: solved.beta, covariance: scaled }))
}

pub(super) fn coefficient(
    name: &'static str,
    b: f64,
    se: f64,
    df: f64,
    quantile: f64,
    level: Level,
) -> Coefficient {
    let limits = level.keep((b - quantile * se, b + quantile * se), (f64::NEG_INFINITY, f64::INFINITY));
    let statistic = b / se;
    let p = if df.is_finite() {
        t_p(statistic, df, Alternative::TwoSided)
    } else {
        Alternative::TwoSided.normal_p(statistic)
    };
    let mut test = TestResult::with(name, statistic, df.is_finite().then_some(df), p);
    if statistic.is_nan() {
        test = TestResult::exact(name, 1.0);
        test.warnings.push(Warning::Note(
            "a coefficient and its standard error are below the range of numbers; choose another unit".into(),
        ));
    }
    Coefficient { estimate: Estimate::new(name, level, b, limits), standard_error: se, test }
}

/// Analysis of covariance: group effects at equal covariates.
#[derive(Debug, Clone, PartialEq)]
pub struct Ancova {
    /// Difference of each further group from the first, adjusted.
    pub differences: Vec<Coefficient>,
    /// Adjusted mean of every group, at the mean of the covariates over all rows.
    pub adjusted_means: Vec<Coefficient>,
    /// F test that all groups are equal.
    pub groups: TestResult,
    /// The regression behind it: intercept, groups 1.., covariates.
    pub fit: LinearFit,
}

/// Analysis of covariance of `y` for coded groups 0..`groups` with common slopes on `covariates` (the baseline value, as a
/// rule). Refused as [`linear`]; a group without rows.
pub fn ancova(
    y: &[f64],
    group: &[usize],
    groups: usize,
    covariates: &[&[f64]],
    level: Level,
) -> Result<Ancova> {
    const ANCOVA: &str = "analysis of covariance";
    if group.len() != y.len() {
        return Err(StatsError::Length { what: "group", expected: y.len(), got: group.len() });
    }
    if groups < 2 {
        return Err(StatsError::OneGroup { method: ANCOVA, groups });
    }
    if let Some(row) = group.iter().position(|g| *g >= groups) {
        return Err(StatsError::GroupCode { row: row + 1, code: group[row], groups });
    }
    if let Some(empty) = (0..groups).find(|g| !group.contains(g)) {
        return impossible(ANCOVA, format!("group {} has no rows", empty + 1));
    }
    for c in covariates {
        crate::rank::check_values("covariate", c)?;
    }
    let indicator = |g: usize| -> Vec<f64> { group.iter().map(|x| f64::from(u8::from(*x == g))).collect() };
    let dummies: Vec<Vec<f64>> = (1..groups).map(indicator).collect();
    let mut columns: Vec<&[f64]> = dummies.iter().map(Vec::as_slice).collect();
    columns.extend_from_slice(covariates);
    let (fit, scaled) = solve(y, &columns, level)?;
    let t = t_isf(level.tail()?, fit.df);
    let differences: Vec<Coefficient> = (1..groups).filter_map(|k| fit.coefficients[k].clone()).collect();
    if differences.len() + 1 < groups {
        return impossible(ANCOVA, "a group is not distinguished from the covariates");
    }
    let means: Vec<f64> = covariates.iter().map(|c| c.iter().sum::<f64>() / c.len() as f64).collect();
    let adjusted_means = (0..groups)
        .map(|g| {
            // weight of each coefficient in the adjusted mean
            let weight = |place: usize| match place {
                0 => 1.0,
                k if k < groups => f64::from(u8::from(k == g)),
                k => means[k - groups],
            };
            let kept = scaled.design.kept.iter().zip(&scaled.design.scale);
            let weights: Vec<f64> = kept.map(|(&k, s)| weight(k) / s).collect();
            let mean: f64 = scaled.beta.iter().zip(&weights).map(|(b, w)| b * w).sum();
            let variance = scaled.covariance.quadratic(&weights);
            coefficient("adjusted mean", mean, variance.sqrt(), fit.df, t, level)
        })
        .collect();
    let reduced_rss = if covariates.is_empty() {
        let mean = y.iter().sum::<f64>() / y.len() as f64;
        y.iter().map(|v| (v - mean).powi(2)).sum()
    } else {
        let design = Design::new(y.len(), covariates, true)?;
        least_squares::solve(&design, y).residuals.iter().map(|r| r * r).sum::<f64>()
    };
    let rss: f64 = fit.residuals.iter().map(|r| r * r).sum();
    let df1 = groups as f64 - 1.0;
    let f = ((reduced_rss - rss) / df1 / (rss / fit.df)).max(0.0);
    let groups = TestResult::with(ANCOVA, f, Some(df1), f_sf(f, df1, fit.df))
        .convention("common slopes; each group against the first; F adjusted for the covariates");
    Ok(Ancova { differences, adjusted_means, groups, fit })
}
