//! Difference, ratio and odds ratio of two independent proportions, and Pearson's chi-square.

use super::Count;
use super::binomial::wilson;
use super::restricted::{difference_score, odds_score, ratio_score};
use crate::inference::{Alternative, Estimate, Level, TestResult, impossible};
use crate::special::root;
use crate::{Result, StatsError, Warning};

/// How the limits of a risk difference are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DifferenceMethod {
    /// Score limits with the variance factor N/(N-1) (Miettinen and Nurminen 1985); the default.
    #[default]
    MiettinenNurminen,
    /// Score limits without the factor (Mee 1984; what SAS calls Farrington-Manning limits' variance).
    Mee,
    /// Hybrid of two Wilson intervals (Newcombe 1998, method 10).
    Newcombe,
    /// Hybrid of two Wilson intervals with continuity correction (Newcombe 1998, method 11).
    NewcombeCorrected,
    /// Wald after one success and one failure more per group (Agresti and Caffo 2000).
    AgrestiCaffo,
    /// Wald.
    Wald,
    /// Wald with the correction (1/n1 + 1/n2)/2.
    WaldCorrected,
}

impl DifferenceMethod {
    /// Every method, in the order of the book.
    pub const ALL: [DifferenceMethod; 7] = [
        DifferenceMethod::MiettinenNurminen,
        DifferenceMethod::Mee,
        DifferenceMethod::Newcombe,
        DifferenceMethod::NewcombeCorrected,
        DifferenceMethod::AgrestiCaffo,
        DifferenceMethod::Wald,
        DifferenceMethod::WaldCorrected,
    ];

    /// The name that is printed and that options use.
    pub fn name(self) -> &'static str {
        match self {
            DifferenceMethod::MiettinenNurminen => "miettinen-nurminen",
            DifferenceMethod::Mee => "mee",
            DifferenceMethod::Newcombe => "newcombe",
            DifferenceMethod::NewcombeCorrected => "newcombe-corrected",
            DifferenceMethod::AgrestiCaffo => "agresti-caffo",
            DifferenceMethod::Wald => "wald",
            DifferenceMethod::WaldCorrected => "wald-corrected",
        }
    }
}

fn wald(p1: f64, n1: f64, p2: f64, n2: f64, z: f64) -> (f64, f64) {
    let half = z * (p1 * (1.0 - p1) / n1 + p2 * (1.0 - p2) / n2).sqrt();
    (p1 - p2 - half, p1 - p2 + half)
}

fn newcombe(a: Count, b: Count, z: f64, yates: f64) -> (f64, f64) {
    let (p1, p2) = (a.p(), b.p());
    let (l1, u1) = wilson(p1, a.n as f64, z, yates);
    let (l2, u2) = wilson(p2, b.n as f64, z, yates);
    (p1 - p2 - (p1 - l1).hypot(u2 - p2), p1 - p2 + (u1 - p1).hypot(p2 - l2))
}

/// Inverts a decreasing score statistic between `range` around `centre`.
fn invert(score: impl Fn(f64) -> f64, centre: f64, range: (f64, f64), z: f64) -> Result<(f64, f64)> {
    // A finite stand-in keeps the root search on numbers where the statistic is infinite.
    let shifted = |x: f64, target: f64| (score(x) - target).clamp(-1e6, 1e6);
    let solve = |from: f64, to: f64, target: f64| {
        if (shifted(from, target) > 0.0) == (shifted(to, target) > 0.0) {
            return Ok(if target > 0.0 { from } else { to });
        }
        root(|x| shifted(x, target), from, to, 0.0)
            .map_err(|e| StatsError::Impossible { method: "score limits", why: e.to_string() })
    };
    let lower = if centre <= range.0 { range.0 } else { solve(range.0, centre, z)? };
    let upper = if centre >= range.1 { range.1 } else { solve(centre, range.1, -z)? };
    Ok((lower, upper))
}

/// p1 - p2 with its confidence limits. Refused: an empty group, a level outside (0, 1).
pub fn risk_difference(a: Count, b: Count, method: DifferenceMethod, level: Level) -> Result<Estimate> {
    a.check()?;
    b.check()?;
    let z = level.z()?;
    let (p1, p2, n1, n2) = (a.p(), b.p(), a.n as f64, b.n as f64);
    let total = n1 + n2;
    let score = |factor: f64| invert(|d| difference_score(a, b, d, factor), p1 - p2, (-1.0, 1.0), z);
    let limits = match method {
        DifferenceMethod::MiettinenNurminen => score(total / (total - 1.0))?,
        DifferenceMethod::Mee => score(1.0)?,
        DifferenceMethod::Newcombe => newcombe(a, b, z, 0.0),
        DifferenceMethod::NewcombeCorrected => newcombe(a, b, z, 0.5),
        DifferenceMethod::AgrestiCaffo => {
            let (q1, q2) = ((a.x as f64 + 1.0) / (n1 + 2.0), (b.x as f64 + 1.0) / (n2 + 2.0));
            wald(q1, n1 + 2.0, q2, n2 + 2.0, z)
        }
        DifferenceMethod::Wald => wald(p1, n1, p2, n2, z),
        DifferenceMethod::WaldCorrected => {
            let (l, u) = wald(p1, n1, p2, n2, z);
            let more = 0.5 * (1.0 / n1 + 1.0 / n2);
            (l - more, u + more)
        }
    };
    let limits = (limits.0.max(-1.0), limits.1.min(1.0));
    let result = Estimate::new(method.name(), level, p1 - p2, level.keep(limits, (-1.0, 1.0)));
    let degenerate = |c: Count| c.x == 0 || c.x == c.n;
    let wald_like = matches!(method, DifferenceMethod::Wald | DifferenceMethod::WaldCorrected);
    Ok(if wald_like && degenerate(a) && degenerate(b) {
        result.warn(Warning::Note(
            "both proportions are 0 or 1: the Wald variance is zero; use a score method".into(),
        ))
    } else {
        result
    })
}

/// Score test of H0: p1 - p2 = `delta` with the variance at the restricted estimates (Farrington and Manning 1990).
/// For non-inferiority with margin m > 0 test `delta` = -m against [`Alternative::Greater`].
pub fn farrington_manning(a: Count, b: Count, delta: f64, alternative: Alternative) -> Result<TestResult> {
    a.check()?;
    b.check()?;
    if !(delta > -1.0 && delta < 1.0) {
        return Err(StatsError::Option {
            name: "difference under the null hypothesis",
            value: delta,
            range: "above -1, below 1",
        });
    }
    let z = difference_score(a, b, delta, 1.0);
    if z.is_infinite() {
        return impossible("Farrington-Manning test", "the restricted variance is zero; use an exact test");
    }
    Ok(TestResult::with("Farrington-Manning score test", z, None, alternative.normal_p(z))
        .convention(alternative.name())
        .convention("variance without the factor N/(N-1)"))
}

/// How the limits of a risk ratio or odds ratio are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RatioMethod {
    /// Score limits with the variance factor N/(N-1) (Miettinen and Nurminen 1985); the default.
    #[default]
    MiettinenNurminen,
    /// Score limits without the factor (Koopman 1984).
    Koopman,
    /// Wald on the logarithm (Katz 1978 for the risk ratio, Woolf 1955 for the odds ratio).
    Log,
}

impl RatioMethod {
    /// Every method.
    pub const ALL: [RatioMethod; 3] =
        [RatioMethod::MiettinenNurminen, RatioMethod::Koopman, RatioMethod::Log];

    /// The name that is printed and that options use.
    pub fn name(self) -> &'static str {
        match self {
            RatioMethod::MiettinenNurminen => "miettinen-nurminen",
            RatioMethod::Koopman => "koopman",
            RatioMethod::Log => "log",
        }
    }
}

/// p1/p2 with its confidence limits. Refused: an empty group; no success in either group; log limits at zero.
pub fn risk_ratio(a: Count, b: Count, method: RatioMethod, level: Level) -> Result<Estimate> {
    a.check()?;
    b.check()?;
    let z = level.z()?;
    if a.x == 0 && b.x == 0 {
        return impossible("risk ratio", "there is no success in either group");
    }
    let (x1, n1, x2, n2) = (a.x as f64, a.n as f64, b.x as f64, b.n as f64);
    let ratio = if b.x == 0 { f64::INFINITY } else { (x1 / n1) / (x2 / n2) };
    let total = n1 + n2;
    let limits = match method {
        RatioMethod::Log => {
            if a.x == 0 || b.x == 0 {
                return impossible(
                    "log limits of the risk ratio",
                    "a group has no success; use score limits",
                );
            }
            let half = z * (1.0 / x1 - 1.0 / n1 + 1.0 / x2 - 1.0 / n2).sqrt();
            (ratio * (-half).exp(), ratio * half.exp())
        }
        _ => {
            let factor = if method == RatioMethod::Koopman { 1.0 } else { total / (total - 1.0) };
            let centre = if a.x == 0 {
                -300.0
            } else if b.x == 0 {
                300.0
            } else {
                ratio.ln()
            };
            let (l, u) = invert(|t| ratio_score(a, b, t.exp(), factor), centre, (-300.0, 300.0), z)?;
            (if a.x == 0 { 0.0 } else { l.exp() }, if b.x == 0 { f64::INFINITY } else { u.exp() })
        }
    };
    Ok(Estimate::new(method.name(), level, ratio, level.keep(limits, (0.0, f64::INFINITY))))
}

/// Sample odds ratio with Woolf's limits. Refused: an empty group, a zero cell (use [`super::fisher_2x2`]).
pub fn odds_ratio(a: Count, b: Count, level: Level) -> Result<Estimate> {
    a.check()?;
    b.check()?;
    let z = level.z()?;
    let cells = [a.x, a.n - a.x, b.x, b.n - b.x];
    if cells.contains(&0) {
        return impossible("Woolf limits of the odds ratio", "a cell is empty; use the conditional estimate");
    }
    let [x1, y1, x2, y2] = cells.map(|c| c as f64);
    let ratio = x1 / y1 / (x2 / y2);
    let half = z * (1.0 / x1 + 1.0 / y1 + 1.0 / x2 + 1.0 / y2).sqrt();
    Ok(Estimate::new(
        "woolf",
        level,
        ratio,
        level.keep((ratio * (-half).exp(), ratio * half.exp()), (0.0, f64::INFINITY)),
    ))
}

/// Sample odds ratio with score limits (Miettinen and Nurminen 1985), with the variance factor N/(N-1) or, as
/// [`RatioMethod::Koopman`], without it; [`RatioMethod::Log`] gives [`odds_ratio`]. Refused: a column of the table empty.
pub fn odds_ratio_score(a: Count, b: Count, method: RatioMethod, level: Level) -> Result<Estimate> {
    a.check()?;
    b.check()?;
    let z = level.z()?;
    let factor = match method {
        RatioMethod::Log => return odds_ratio(a, b, level),
        RatioMethod::Koopman => 1.0,
        RatioMethod::MiettinenNurminen => (a.n + b.n) as f64 / ((a.n + b.n) as f64 - 1.0),
    };
    let successes = a.x + b.x;
    if successes == 0 || successes == a.n + b.n {
        return impossible("odds ratio", "a column of the table is empty");
    }
    let [x1, y1, x2, y2] = [a.x, a.n - a.x, b.x, b.n - b.x].map(|c| c as f64);
    // zero at an empty first diagonal, infinite at an empty second one
    let (up, down) = (x1 * y2, y1 * x2);
    let ratio = up / down;
    let centre = if up == 0.0 {
        -300.0
    } else if down == 0.0 {
        300.0
    } else {
        ratio.ln()
    };
    let (l, u) = invert(|t| odds_score(a, b, t.exp(), factor), centre, (-300.0, 300.0), z)?;
    let limits = (if up == 0.0 { 0.0 } else { l.exp() }, if down == 0.0 { f64::INFINITY } else { u.exp() });
    let estimate = if down == 0.0 { f64::INFINITY } else { ratio };
    let name = if factor == 1.0 { "score" } else { "miettinen-nurminen" };
    Ok(Estimate::new(name, level, estimate, level.keep(limits, (0.0, f64::INFINITY))))
}

/// Whether a chi-square statistic is corrected for continuity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Yates {
    /// No correction; the default.
    #[default]
    None,
    /// Observed minus expected moved by at most 1/2 towards zero.
    Corrected,
}

/// Pearson's chi-square of a 2 x 2 table (rows are the groups).
pub fn pearson_chi2(a: Count, b: Count, yates: Yates) -> Result<TestResult> {
    a.check()?;
    b.check()?;
    let (n1, n2) = (a.n as f64, b.n as f64);
    let total = n1 + n2;
    let successes = (a.x + b.x) as f64;
    if successes == 0.0 || successes == total {
        return impossible("Pearson chi-square", "a column of the table is empty");
    }
    let deviation = (a.x as f64 - n1 * successes / total).abs();
    let moved = if yates == Yates::Corrected { deviation - deviation.min(0.5) } else { deviation };
    let statistic = moved * moved * total.powi(3) / (n1 * n2 * successes * (total - successes));
    let (method, name) = if yates == Yates::Corrected {
        ("Pearson chi-square, Yates", "continuity correction: Yates")
    } else {
        ("Pearson chi-square", "no continuity correction")
    };
    Ok(TestResult::chi2(method, statistic, 1.0).convention(name))
}
