//! Student's t: one sample or pairs, two samples.

use crate::inference::{Alternative, Estimate, Level, TestResult};
use crate::special::{t_isf, t_tails};
use crate::{Result, StatsError};

/// Whether two samples share one variance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Variances {
    /// Welch (1947) with Satterthwaite's degrees of freedom (R's default); the default.
    #[default]
    Unequal,
    /// Pooled.
    Equal,
}

/// Options of a t-test.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TTestOptions {
    /// Mean, or difference of means, under the null hypothesis.
    pub null: f64,
    /// Alternative hypothesis.
    pub alternative: Alternative,
    /// Level of the limits.
    pub level: Level,
    /// Variances of two samples.
    pub variances: Variances,
}

/// A t-test with the estimate it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct TTest {
    /// Mean, or difference first - second, with its limits.
    pub estimate: Estimate,
    /// Standard error of the estimate.
    pub standard_error: f64,
    /// The test; `statistic` is t.
    pub test: TestResult,
}

/// Mean and sum of squared deviations, of finite values.
pub(crate) fn moments(what: &'static str, x: &[f64]) -> Result<(f64, f64)> {
    if x.is_empty() {
        return Err(StatsError::NoRows);
    }
    crate::rank::check_values(what, x)?;
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    // a second pass takes out what rounding left in the mean
    let mean = mean + x.iter().map(|v| v - mean).sum::<f64>() / n;
    Ok((mean, x.iter().map(|v| (v - mean) * (v - mean)).sum()))
}

/// A t statistic's p-value, the smaller tail computed directly.
pub(crate) fn t_p(t: f64, df: f64, alternative: Alternative) -> f64 {
    let tails = t_tails(t, df);
    match alternative {
        Alternative::TwoSided => (2.0 * tails.upper.min(tails.lower)).min(1.0),
        Alternative::Greater => tails.upper,
        Alternative::Less => tails.lower,
    }
}

fn finish(method: &'static str, mean: f64, se: f64, df: f64, options: TTestOptions) -> Result<TTest> {
    let tail = options.level.tail()?;
    let half = t_isf(tail, df) * se;
    let t = (mean - options.null) / se;
    let limits = options.level.keep((mean - half, mean + half), (f64::NEG_INFINITY, f64::INFINITY));
    let test = TestResult::with(method, t, Some(df), t_p(t, df, options.alternative));
    Ok(TTest {
        estimate: Estimate::new(method, options.level, mean, limits),
        standard_error: se,
        test: test.convention(options.alternative.name()),
    })
}

/// A spread that rounding alone could have made.
fn negligible(squares: f64, n: usize, mean: f64) -> bool {
    squares <= n as f64 * (8.0 * f64::EPSILON * mean).powi(2)
}

/// One sample, or differences of pairs. Refused: fewer than two values, no variance.
pub fn t_test_one_sample(x: &[f64], options: TTestOptions) -> Result<TTest> {
    const NAME: &str = "one-sample t-test";
    let (mean, squares) = moments("value", x)?;
    if x.len() < 2 || negligible(squares, x.len(), mean) {
        return Err(StatsError::NoVariance {
            what: "the sample",
            why: "a t-test needs two different values",
        });
    }
    let n = x.len() as f64;
    finish(NAME, mean, (squares / (n - 1.0) / n).sqrt(), n - 1.0, options)
}

/// Two samples, difference first - second.
pub fn t_test_two_sample(x: &[f64], y: &[f64], options: TTestOptions) -> Result<TTest> {
    let (mx, sx) = moments("first sample", x)?;
    let (my, sy) = moments("second sample", y)?;
    let (m, n) = (x.len() as f64, y.len() as f64);
    if negligible(sx, x.len(), mx) && negligible(sy, y.len(), my) {
        return Err(StatsError::NoVariance {
            what: "both samples",
            why: "a t-test needs a sample that varies",
        });
    }
    match options.variances {
        Variances::Equal => {
            let df = m + n - 2.0;
            let se = ((sx + sy) / df * (1.0 / m + 1.0 / n)).sqrt();
            finish("two-sample t-test, equal variances", mx - my, se, df, options)
        }
        Variances::Unequal => {
            if x.len() < 2 || y.len() < 2 {
                return Err(StatsError::NoVariance {
                    what: "a sample of one",
                    why: "Welch's test needs two values in each sample; state equal variances",
                });
            }
            let (vx, vy) = (sx / (m - 1.0) / m, sy / (n - 1.0) / n);
            // By the share of the variance, so that tiny variances do not vanish when squared.
            let share = vx / (vx + vy);
            let df = 1.0 / (share * share / (m - 1.0) + (1.0 - share) * (1.0 - share) / (n - 1.0));
            finish("Welch's t-test", mx - my, (vx + vy).sqrt(), df, options)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, expected: f64) {
        assert!((got - expected).abs() <= 1e-10 * expected.abs(), "{got} for {expected}");
    }

    /// Student's sleep data; R t.test.
    #[test]
    fn students_sleep_data_give_the_numbers_of_r() {
        let a = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
        let b = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
        let d: Vec<f64> = a.iter().zip(&b).map(|(x, y)| x - y).collect();
        let t = t_test_one_sample(&d, TTestOptions::default()).unwrap();
        close(t.test.p, 0.00283289019738427);
        close(t.estimate.lower, -2.4598857632769824);
        // R: t.test(extra ~ group): t = -1.8608, df = 17.776, p-value = 0.07939
        let w = t_test_two_sample(&a, &b, TTestOptions::default()).unwrap();
        close(w.test.statistic.unwrap(), -1.8608134674868526);
        close(w.test.df.unwrap(), 17.776473516178494);
        close(w.test.p, 0.07939414018735824);
        let e = t_test_two_sample(
            &a,
            &b,
            TTestOptions { variances: Variances::Equal, ..TTestOptions::default() },
        );
        close(e.unwrap().test.p, 0.07918671421593818);
    }

    #[test]
    fn samples_without_variance_are_refused() {
        assert!(t_test_one_sample(&[2.0, 2.0], TTestOptions::default()).is_err());
        assert!(t_test_one_sample(&[0.1 + 0.2, 0.3], TTestOptions::default()).is_err());
        assert!(t_test_one_sample(&[2.0], TTestOptions::default()).is_err());
        assert!(t_test_two_sample(&[], &[1.0], TTestOptions::default()).is_err());
        assert!(t_test_two_sample(&[1.0, 2.0], &[1.0], TTestOptions::default()).is_err());
        assert!(t_test_one_sample(&[1.0, f64::INFINITY], TTestOptions::default()).is_err());
    }
}
