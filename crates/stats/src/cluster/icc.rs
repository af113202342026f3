//! Intraclass correlation: clustered outcomes, and agreement of raters.

use crate::inference::{Estimate, Level, impossible};
use crate::rank::check_values;
use crate::special::{f_isf, f_quantile};
use crate::{Result, StatsError, Warning};

/// One-way analysis-of-variance estimate of the intraclass correlation (Donner 1986), of numbers or of 0/1 answers.
/// Negative values are possible and are not cut. Refused: one cluster, no cluster with two rows, no variation.
pub fn icc_anova(y: &[f64], cluster: &[usize]) -> Result<f64> {
    const NAME: &str = "intraclass correlation";
    check_values("outcome", y)?;
    if y.len() != cluster.len() {
        return Err(StatsError::Length { what: "cluster", expected: y.len(), got: cluster.len() });
    }
    let mut groups: std::collections::BTreeMap<usize, Vec<f64>> = std::collections::BTreeMap::new();
    for (v, c) in y.iter().zip(cluster) {
        groups.entry(*c).or_default().push(*v);
    }
    let (n, k) = (y.len() as f64, groups.len() as f64);
    if groups.len() < 2 {
        return impossible(NAME, "all rows belong to one cluster");
    }
    if groups.len() == y.len() {
        return impossible(NAME, "no cluster has two rows");
    }
    let grand = y.iter().sum::<f64>() / n;
    let (mut between, mut within, mut squares) = (0.0, 0.0, 0.0);
    for g in groups.values() {
        let m = g.len() as f64;
        let mean = g.iter().sum::<f64>() / m;
        between += m * (mean - grand) * (mean - grand);
        within += g.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>();
        squares += m * m;
    }
    let (msb, msw) = (between / (k - 1.0), within / (n - k));
    let m0 = (n - squares / n) / (k - 1.0);
    let total = msb + (m0 - 1.0) * msw;
    if total <= 0.0 {
        return Err(StatsError::NoVariance { what: "the outcome", why: "it is the same in every row" });
    }
    Ok((msb - msw) / total)
}

/// Form of an agreement coefficient (Shrout and Fleiss 1979; McGraw and Wong 1996).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IccForm {
    /// ICC(1,1): one-way random, single rating.
    OneWay,
    /// ICC(2,1): two-way, absolute agreement, single rating; the default.
    #[default]
    Agreement,
    /// ICC(3,1): two-way, consistency, single rating.
    Consistency,
}

impl IccForm {
    /// The name that is printed and that options use.
    pub fn name(self) -> &'static str {
        match self {
            IccForm::OneWay => "ICC(1,1) one-way",
            IccForm::Agreement => "ICC(2,1) absolute agreement",
            IccForm::Consistency => "ICC(3,1) consistency",
        }
    }
}

/// Agreement of raters, single rating and mean of the raters.
#[derive(Debug, Clone, PartialEq)]
pub struct Icc {
    /// Coefficient of a single rating with its limits.
    pub single: Estimate,
    /// Coefficient of the mean of the k ratings (Spearman-Brown), with its limits.
    pub average: Estimate,
}

/// Agreement of k raters on n subjects: `ratings` holds one slice of n ratings per rater.
pub fn icc_agreement(ratings: &[&[f64]], form: IccForm, level: Level) -> Result<Icc> {
    const NAME: &str = "agreement of raters";
    let tail = level.tail()?;
    let k = ratings.len();
    if k < 2 {
        return impossible(NAME, "fewer than two raters");
    }
    let n = ratings[0].len();
    for r in ratings {
        check_values("rating", r)?;
        if r.len() != n {
            return Err(StatsError::Length { what: "ratings of a rater", expected: n, got: r.len() });
        }
    }
    if n < 2 {
        return impossible(NAME, "fewer than two subjects");
    }
    let (nf, kf) = (n as f64, k as f64);
    let grand = ratings.iter().flat_map(|r| r.iter()).sum::<f64>() / (nf * kf);
    let row = |i: usize| ratings.iter().map(|r| r[i]).sum::<f64>() / kf;
    let rows: Vec<f64> = (0..n).map(row).collect();
    let columns: Vec<f64> = ratings.iter().map(|r| r.iter().sum::<f64>() / nf).collect();
    let total: f64 = ratings.iter().flat_map(|r| r.iter()).map(|v| (v - grand).powi(2)).sum();
    let ss_rows = kf * rows.iter().map(|v| (v - grand).powi(2)).sum::<f64>();
    let ss_columns = nf * columns.iter().map(|v| (v - grand).powi(2)).sum::<f64>();
    let ss_within = (total - ss_rows).max(0.0);
    let ss_error = (total - ss_rows - ss_columns).max(0.0);
    let msr = ss_rows / (nf - 1.0);
    let msc = ss_columns / (kf - 1.0);
    let msw = ss_within / (nf * (kf - 1.0));
    let mse = ss_error / ((nf - 1.0) * (kf - 1.0));
    if msr <= 0.0 {
        return Err(StatsError::NoVariance {
            what: "the subjects",
            why: "all subjects have the same mean rating",
        });
    }
    let by_f = |ms: f64, df: f64| -> (f64, (f64, f64)) {
        let r = (msr - ms) / (msr + (kf - 1.0) * ms);
        if ms <= 0.0 {
            return (r, (1.0, 1.0));
        }
        let f = msr / ms;
        let (low, high) = (f / f_isf(tail, nf - 1.0, df), f / f_quantile(tail, nf - 1.0, df));
        (r, ((low - 1.0) / (low + kf - 1.0), (high - 1.0) / (high + kf - 1.0)))
    };
    let (value, limits) = match form {
        IccForm::OneWay => by_f(msw, nf * (kf - 1.0)),
        IccForm::Consistency => by_f(mse, (nf - 1.0) * (kf - 1.0)),
        IccForm::Agreement => {
            let r = (msr - mse) / (msr + (kf - 1.0) * mse + kf * (msc - mse) / nf);
            if mse <= 0.0 {
                (r, (f64::NEG_INFINITY, 1.0))
            } else {
                // McGraw and Wong 1996, table 7
                let a = kf * r / (nf * (1.0 - r));
                let b = 1.0 + kf * r * (nf - 1.0) / (nf * (1.0 - r));
                let v = (a * msc + b * mse).powi(2)
                    / ((a * msc).powi(2) / (kf - 1.0) + (b * mse).powi(2) / ((nf - 1.0) * (kf - 1.0)));
                let upper_f = f_isf(tail, nf - 1.0, v);
                let lower_f = f_isf(tail, v, nf - 1.0);
                let spread = kf * msc + (kf * nf - kf - nf) * mse;
                let low = nf * (msr - upper_f * mse) / (upper_f * spread + nf * msr);
                let high = nf * (lower_f * msr - mse) / (spread + nf * lower_f * msr);
                (r, (low, high))
            }
        }
    };
    let step_up =
        |r: f64| if r <= -1.0 / (kf - 1.0) { f64::NEG_INFINITY } else { kf * r / (1.0 + (kf - 1.0) * r) };
    if !value.is_finite() {
        return impossible(NAME, "the variances leave the range of numbers; choose another unit");
    }
    let known = !(limits.0.is_nan() || limits.1.is_nan());
    let limits = if known { limits } else { (-1.0 / (kf - 1.0), 1.0) };
    let single = Estimate::new(form.name(), level, value, level.keep(limits, (-1.0 / (kf - 1.0), 1.0)));
    let average = Estimate::new(
        "mean of the raters",
        level,
        step_up(value),
        level.keep((step_up(limits.0), step_up(limits.1)), (f64::NEG_INFINITY, 1.0)),
    );
    let exact = ss_error <= 1e-14 * total;
    let warn = |e: Estimate| {
        if !known {
            e.warn(Warning::Note("too little data for limits: the whole range is given".into()))
        } else if exact {
            e.warn(Warning::Note("the raters differ by constants only: limits have no width".into()))
        } else {
            e
        }
    };
    Ok(Icc { single: warn(single), average: warn(average) })
}
