//! Two tests on the same participants: sensitivity, specificity, predictive values, likelihood ratios.

use super::accuracy::check_lengths;
use crate::Result;
use crate::inference::{Alternative, Estimate, Level, TestResult, impossible};
use crate::proportion::{McNemar, mcnemar};

/// Results of two tests by disease: `[[both, first only], [second only, neither]]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairedTable {
    /// With the disease.
    pub diseased: [[u64; 2]; 2],
    /// Without it.
    pub healthy: [[u64; 2]; 2],
}

impl PairedTable {
    /// Counts one row per participant.
    pub fn new(truth: &[bool], first: &[bool], second: &[bool]) -> Result<PairedTable> {
        check_lengths(truth, &[first, second])?;
        let mut t = PairedTable { diseased: [[0; 2]; 2], healthy: [[0; 2]; 2] };
        for ((d, x), y) in truth.iter().zip(first).zip(second) {
            let side = if *d { &mut t.diseased } else { &mut t.healthy };
            side[usize::from(!x)][usize::from(!y)] += 1;
        }
        Ok(t)
    }

    /// Participants with these answers: (diseased, healthy).
    fn cell(&self, first: bool, second: bool) -> [f64; 2] {
        let (i, j) = (usize::from(!first), usize::from(!second));
        [self.diseased[i][j] as f64, self.healthy[i][j] as f64]
    }
}

/// A proportion of both tests with McNemar's tests.
#[derive(Debug, Clone, PartialEq)]
pub struct PairedAccuracy {
    /// First test.
    pub first: f64,
    /// Second test.
    pub second: f64,
    /// Second - first.
    pub difference: f64,
    /// McNemar's tests of the participants it is about.
    pub test: McNemar,
}

/// The 2 x 2 table in which "yes" is a correct answer.
fn correct(table: &PairedTable, diseased: bool) -> [[u64; 2]; 2] {
    if diseased {
        table.diseased
    } else {
        let [[a, b], [c, d]] = table.healthy;
        [[d, c], [b, a]]
    }
}

fn margins(t: [[u64; 2]; 2]) -> (f64, f64, f64) {
    let [[a, b], [c, d]] = t.map(|r| r.map(|v| v as f64));
    (a + b, a + c, a + b + c + d)
}

fn side_name(diseased: bool) -> &'static str {
    if diseased { "comparison of sensitivities" } else { "comparison of specificities" }
}

/// Sensitivity (`diseased`) or specificity of both tests, compared by McNemar's tests. Refused: nobody with (without) the
/// disease, no discordant participant.
pub fn compare_sensitivity(table: &PairedTable, diseased: bool, level: Level) -> Result<PairedAccuracy> {
    let t = correct(table, diseased);
    let (first, second, n) = margins(t);
    if n == 0.0 {
        return impossible(side_name(diseased), "there is no participant of this kind");
    }
    Ok(PairedAccuracy {
        first: first / n,
        second: second / n,
        difference: (second - first) / n,
        test: mcnemar(t, level)?,
    })
}

/// A ratio of both tests on the logarithm.
#[derive(Debug, Clone, PartialEq)]
pub struct RatioComparison {
    /// First test.
    pub first: f64,
    /// Second test.
    pub second: f64,
    /// Ratio with limits on the logarithm.
    pub ratio: Estimate,
    /// Standard error of the logarithm of the ratio.
    pub se_log: f64,
    /// Normal test that the ratio is 1.
    pub test: TestResult,
}

fn on_the_logarithm(
    method: &'static str,
    values: (f64, f64),
    ratio: f64,
    variance: f64,
    level: Level,
) -> Result<RatioComparison> {
    let z = level.z()?;
    let se = variance.sqrt();
    if !(ratio > 0.0 && ratio.is_finite() && se > 0.0) {
        return impossible(method, "a proportion is 0 or 1, or the two tests always agree");
    }
    let statistic = ratio.ln() / se;
    let limits = (ratio * (-z * se).exp(), ratio * (z * se).exp());
    Ok(RatioComparison {
        first: values.0,
        second: values.1,
        ratio: Estimate::new(method, level, ratio, level.keep(limits, (0.0, f64::INFINITY))),
        se_log: se,
        test: TestResult::with(method, statistic, None, Alternative::TwoSided.normal_p(statistic)),
    })
}

/// Ratio second/first of the sensitivities (`diseased`) or specificities, log variance (b + c)/(n1 n2) with n1, n2 the
/// correct answers of each test (Cheng and Macaluso 1997).
pub fn relative_sensitivity(table: &PairedTable, diseased: bool, level: Level) -> Result<RatioComparison> {
    let t = correct(table, diseased);
    let (first, second, n) = margins(t);
    if first == 0.0 || second == 0.0 {
        return impossible(side_name(diseased), "a test has no correct answer");
    }
    let discordant = (t[0][1] + t[1][0]) as f64;
    on_the_logarithm(
        "ratio of proportions of correct answers",
        (first / n, second / n),
        second / first,
        discordant / (first * second),
        level,
    )
}

/// A predictive value of both tests with the two score tests.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictiveValueTest {
    /// First test.
    pub first: f64,
    /// Second test.
    pub second: f64,
    /// Second - first.
    pub difference: f64,
    /// Generalised score statistic (Leisenring, Alonzo and Pepe 2000).
    pub score: TestResult,
    /// Weighted generalised score statistic (Kosinski 2013).
    pub weighted_score: TestResult,
}

/// Cells that have the result in question, for both tests, the first only, the second only: (event, no event) each.
/// The result is positive and the event is disease, or the result is negative and the event is health.
fn results(table: &PairedTable, positive: bool) -> [[f64; 2]; 3] {
    let cell = |x: bool, y: bool| {
        let [d, h] = table.cell(x == positive, y == positive);
        if positive { [d, h] } else { [h, d] }
    };
    [cell(true, true), cell(true, false), cell(false, true)]
}

struct Values {
    cells: [[f64; 2]; 3],
    n1: f64,
    n2: f64,
    first: f64,
    second: f64,
}

fn values(table: &PairedTable, positive: bool, method: &'static str) -> Result<Values> {
    let cells = results(table, positive);
    let [both, one, two] = cells;
    let n1 = both[0] + both[1] + one[0] + one[1];
    let n2 = both[0] + both[1] + two[0] + two[1];
    if n1 == 0.0 || n2 == 0.0 {
        return impossible(method, "a test never gives this result");
    }
    Ok(Values { cells, n1, n2, first: (both[0] + one[0]) / n1, second: (both[0] + two[0]) / n2 })
}

/// Positive (`positive`) or negative predictive value of both tests, compared by score tests. Refused: a test without this
/// result, no variation.
pub fn compare_predictive_values(table: &PairedTable, positive: bool) -> Result<PredictiveValueTest> {
    const NAME: &str = "comparison of predictive values";
    let v = values(table, positive, NAME)?;
    let [both, one, two] = v.cells;
    let rows = v.n1 + v.n2;
    let events = (2.0 * both[0] + one[0] + two[0]) / rows;
    let share = v.n2 / rows;
    // sum of (event - mean)(test - mean) over each participant's results with that result
    let (mut sum, mut squares) = (0.0, 0.0);
    for (cell, factor) in [(both, 1.0 - 2.0 * share), (one, -share), (two, 1.0 - share)] {
        for (count, event) in [(cell[0], 1.0 - events), (cell[1], -events)] {
            let u = event * factor;
            sum += count * u;
            squares += count * u * u;
        }
    }
    let common = (both[0] * (1.0 - events).powi(2) + both[1] * events * events) / rows;
    let weighted = (events * (1.0 - events) - 2.0 * common) * (1.0 / v.n1 + 1.0 / v.n2);
    if squares <= 0.0 || weighted <= 0.0 {
        return impossible(
            NAME,
            "all participants with this result have the same truth, or the tests always agree",
        );
    }
    let difference = v.second - v.first;
    Ok(PredictiveValueTest {
        first: v.first,
        second: v.second,
        difference,
        score: TestResult::chi2("generalised score test", sum * sum / squares, 1.0),
        weighted_score: TestResult::chi2(
            "weighted generalised score test",
            difference * difference / weighted,
            1.0,
        ),
    })
}

/// Participants' influence on the logarithm of second/first predictive value, by cell.
fn influence(v: &Values) -> [[f64; 2]; 3] {
    let events1 = v.first * v.n1;
    let events2 = v.second * v.n2;
    let one = |has1: f64, has2: f64, event: f64| {
        has2 * (event / events2 - 1.0 / v.n2) - has1 * (event / events1 - 1.0 / v.n1)
    };
    [
        [one(1.0, 1.0, 1.0), one(1.0, 1.0, 0.0)],
        [one(1.0, 0.0, 1.0), one(1.0, 0.0, 0.0)],
        [one(0.0, 1.0, 1.0), one(0.0, 1.0, 0.0)],
    ]
}

/// Ratios second/first of the positive and of the negative predictive value (Moskowitz and Pepe 2006), and the covariance
/// of their logarithms (positive, negative), row by row.
pub fn relative_predictive_values(
    table: &PairedTable,
    level: Level,
) -> Result<(RatioComparison, RatioComparison, [f64; 4])> {
    const NAME: &str = "relative predictive value";
    let (p, n) = (values(table, true, NAME)?, values(table, false, NAME)?);
    if [p.first, p.second, n.first, n.second].contains(&0.0) {
        return impossible(NAME, "a predictive value is zero");
    }
    let (fp, fn_) = (influence(&p), influence(&n));
    let square = |v: &Values, f: &[[f64; 2]; 3]| -> f64 {
        v.cells.iter().zip(f).flat_map(|(c, f)| c.iter().zip(f)).map(|(c, f)| c * f * f).sum()
    };
    // only participants with discordant results carry both a positive and a negative one: positive on the first is
    // negative on the second, and disease is the event of one and not of the other
    let cross = p.cells[1][0] * fp[1][0] * fn_[2][1]
        + p.cells[1][1] * fp[1][1] * fn_[2][0]
        + p.cells[2][0] * fp[2][0] * fn_[1][1]
        + p.cells[2][1] * fp[2][1] * fn_[1][0];
    let (vp, vn) = (square(&p, &fp), square(&n, &fn_));
    let ppv = on_the_logarithm(NAME, (p.first, p.second), p.second / p.first, vp, level)?;
    let npv = on_the_logarithm(NAME, (n.first, n.second), n.second / n.first, vn, level)?;
    Ok((ppv, npv, [vp, cross, cross, vn]))
}

/// Ratio first/second of the positive (`positive`) or negative likelihood ratios, by regression (Gu and Pepe 2009): the odds
/// ratio of the predictive values and its robust standard error.
pub fn compare_likelihood_ratios(
    table: &PairedTable,
    positive: bool,
    level: Level,
) -> Result<RatioComparison> {
    const NAME: &str = "comparison of likelihood ratios";
    let v = values(table, positive, NAME)?;
    if [v.first, v.second].iter().any(|p| *p == 0.0 || *p == 1.0) {
        return impossible(NAME, "a predictive value is 0 or 1");
    }
    let diseased: f64 = table.diseased.iter().flatten().map(|c| *c as f64).sum();
    let healthy: f64 = table.healthy.iter().flatten().map(|c| *c as f64).sum();
    let odds = |p: f64| p / (1.0 - p);
    // odds of disease with the result over odds without it
    let scale = if positive { healthy / diseased } else { diseased / healthy };
    let (first, second) = (odds(v.first) * scale, odds(v.second) * scale);
    let per = |p: f64, n: f64, event: f64| (event - p) / (n * p * (1.0 - p));
    let mut variance = 0.0;
    for (cell, has1, has2) in [(v.cells[0], 1.0, 1.0), (v.cells[1], 1.0, 0.0), (v.cells[2], 0.0, 1.0)] {
        for (count, event) in [(cell[0], 1.0), (cell[1], 0.0)] {
            let u = has1 * per(v.first, v.n1, event) - has2 * per(v.second, v.n2, event);
            variance += count * u * u;
        }
    }
    let (first, second) = if positive { (first, second) } else { (1.0 / first, 1.0 / second) };
    on_the_logarithm(NAME, (first, second), first / second, variance, level)
}
