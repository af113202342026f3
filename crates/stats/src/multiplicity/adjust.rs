//! Adjusted p-values.

use crate::{Result, StatsError};

/// How p-values are adjusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Adjustment {
    /// p times the number of hypotheses.
    Bonferroni,
    /// Holm (1979); the default.
    #[default]
    Holm,
    /// Hochberg (1988): independent or positively dependent tests.
    Hochberg,
    /// Hommel (1988): the same condition, never less powerful than Hochberg.
    Hommel,
    /// Benjamini and Hochberg (1995): false discovery rate.
    BenjaminiHochberg,
    /// Benjamini and Yekutieli (2001): false discovery rate under any dependence.
    BenjaminiYekutieli,
}

impl Adjustment {
    /// Every adjustment.
    pub const ALL: [Adjustment; 6] = [
        Adjustment::Bonferroni,
        Adjustment::Holm,
        Adjustment::Hochberg,
        Adjustment::Hommel,
        Adjustment::BenjaminiHochberg,
        Adjustment::BenjaminiYekutieli,
    ];

    /// The name that is printed and that options use.
    pub fn name(self) -> &'static str {
        match self {
            Adjustment::Bonferroni => "bonferroni",
            Adjustment::Holm => "holm",
            Adjustment::Hochberg => "hochberg",
            Adjustment::Hommel => "hommel",
            Adjustment::BenjaminiHochberg => "bh",
            Adjustment::BenjaminiYekutieli => "by",
        }
    }
}

pub(super) fn check_p(p: &[f64]) -> Result<()> {
    if p.is_empty() {
        return Err(StatsError::NoRows);
    }
    match p.iter().position(|v| !(0.0..=1.0).contains(v)) {
        Some(row) => {
            Err(StatsError::OutOfRange { what: "p-value", row: row + 1, value: p[row], range: "0 to 1" })
        }
        None => Ok(()),
    }
}

/// Adjusted p-values in the order of `p`: a hypothesis is rejected at level a when its adjusted p-value is at most a.
pub fn adjust(p: &[f64], method: Adjustment) -> Result<Vec<f64>> {
    check_p(p)?;
    let m = p.len();
    let mf = m as f64;
    let mut order: Vec<usize> = (0..m).collect();
    order.sort_by(|&i, &j| p[i].total_cmp(&p[j]));
    let sorted: Vec<f64> = order.iter().map(|&i| p[i]).collect();
    // step up: running minimum from the largest; step down: running maximum from the smallest
    let step_up = |factor: &dyn Fn(usize) -> f64| {
        let mut least = 1.0_f64;
        let mut out = vec![0.0; m];
        for i in (0..m).rev() {
            least = least.min(factor(i) * sorted[i]);
            out[i] = least;
        }
        out
    };
    let adjusted = match method {
        Adjustment::Bonferroni => sorted.iter().map(|v| (mf * v).min(1.0)).collect(),
        Adjustment::Holm => {
            let mut most = 0.0_f64;
            (0..m)
                .map(|i| {
                    most = most.max(((m - i) as f64 * sorted[i]).min(1.0));
                    most
                })
                .collect()
        }
        Adjustment::Hochberg => step_up(&|i| (m - i) as f64),
        Adjustment::BenjaminiHochberg => step_up(&|i| mf / (i as f64 + 1.0)),
        Adjustment::BenjaminiYekutieli => {
            let harmonic: f64 = (1..=m).map(|k| 1.0 / k as f64).sum();
            step_up(&|i| harmonic * mf / (i as f64 + 1.0))
        }
        Adjustment::Hommel => hommel(&sorted),
    };
    let mut out = vec![0.0; m];
    for (place, value) in order.into_iter().zip(adjusted) {
        out[place] = value;
    }
    Ok(out)
}

/// Closed test of all Simes tests (Wright 1992, appendix).
fn hommel(sorted: &[f64]) -> Vec<f64> {
    let m = sorted.len();
    let simes = |p: &[f64]| {
        let k = p.len() as f64;
        p.iter().enumerate().map(|(i, v)| k * v / (i as f64 + 1.0)).fold(1.0, f64::min)
    };
    // the worst intersection of size k holding hypothesis i takes the k - 1 largest others
    (0..m)
        .map(|i| {
            (1..=m)
                .map(|k| {
                    let tail = m - (k - 1);
                    let mut set: Vec<f64> = if i >= tail {
                        sorted[m - k..].to_vec()
                    } else {
                        std::iter::once(sorted[i]).chain(sorted[tail..].iter().copied()).collect()
                    };
                    set.sort_by(f64::total_cmp);
                    simes(&set)
                })
                .fold(0.0, f64::max)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(a: &[f64], b: &[f64]) {
        assert!(a.iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-12), "{a:?} {b:?}");
    }

    /// Wright 1992; R p.adjust of c(.01, .02, .03, .04, .05).
    #[test]
    fn adjusted_p_values_equal_r() {
        let p = [0.05, 0.01, 0.04, 0.02, 0.03];
        close(&adjust(&p, Adjustment::Holm).unwrap(), &[0.09, 0.05, 0.09, 0.08, 0.09]);
        close(&adjust(&p, Adjustment::Hochberg).unwrap(), &[0.05; 5]);
        close(&adjust(&p, Adjustment::Hommel).unwrap(), &[0.05; 5]);
        close(&adjust(&p, Adjustment::BenjaminiHochberg).unwrap(), &[0.05; 5]);
        // R: p.adjust(c(.01, .013, .02, .5), "hommel") is .03 .03 .04 .5 by the closed test
        close(&adjust(&[0.01, 0.013, 0.02, 0.5], Adjustment::Hommel).unwrap(), &[0.03, 0.03, 0.04, 0.5]);
    }

    proptest! {
        #[test]
        fn hommel_is_the_closed_test_of_simes(p in prop::collection::vec(0.0001..1.0_f64, 1..7)) {
            let adjusted = adjust(&p, Adjustment::Hommel).unwrap();
            for i in 0..p.len() {
                let mut worst = 0.0_f64;
                for set in 0u32..1 << p.len() {
                    if set & (1 << i) != 0 {
                        let mut q: Vec<f64> =
                            p.iter().enumerate().filter(|(k, _)| set & (1 << k) != 0).map(|(_, v)| *v).collect();
                        q.sort_by(f64::total_cmp);
                        let k = q.len() as f64;
                        let s = q.iter().enumerate().map(|(r, v)| k * v / (r as f64 + 1.0)).fold(1.0, f64::min);
                        worst = worst.max(s);
                    }
                }
                prop_assert!((adjusted[i] - worst).abs() < 1e-12);
            }
            let other = adjust(&p, Adjustment::Hochberg).unwrap();
            let holm = adjust(&p, Adjustment::Holm).unwrap();
            prop_assert!(adjusted.iter().zip(&other).zip(&holm).all(|((a, b), c)| *a <= b + 1e-12 && *b <= c + 1e-12));
        }
    }

    #[test]
    fn a_p_value_outside_its_range_is_refused() {
        assert!(adjust(&[0.5, f64::NAN], Adjustment::Holm).is_err());
        assert!(adjust(&[], Adjustment::Holm).is_err());
    }
}
