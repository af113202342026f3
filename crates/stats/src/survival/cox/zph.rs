//! Test of proportional hazards: the exact score test for coefficients that change with a function of time
//! (Grambsch and Therneau 1994; the form of R survival since 3.0).
use super::super::data::ascending;
use super::Ties;
use super::engine::{Engine, OuterSum, expected_events};
use super::fit::{CoxFit, Test};
use super::residuals::means;
use crate::linalg::{Cholesky, Matrix, PIVOT_TOLERANCE};
use crate::{Result, StatsError};

/// The function g of time; a coefficient is beta + theta g(t).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeTransform {
    /// 1 - S(t-) of the pooled Kaplan–Meier curve.
    #[default]
    Km,
    Identity,
    /// Mid-ranks of all follow-up times.
    Rank,
    Log,
}

impl TimeTransform {
    pub const ALL: [TimeTransform; 4] =
        [TimeTransform::Km, TimeTransform::Identity, TimeTransform::Rank, TimeTransform::Log];

    pub fn name(self) -> &'static str {
        match self {
            TimeTransform::Km => "km",
            TimeTransform::Identity => "identity",
            TimeTransform::Rank => "rank",
            TimeTransform::Log => "log",
        }
    }

    pub fn from_name(name: &str) -> Option<TimeTransform> {
        TimeTransform::ALL.into_iter().find(|t| t.name() == name)
    }
}

/// One test per term and one of all together.
#[derive(Debug, Clone)]
pub struct Zph {
    pub terms: Vec<Test>,
    pub global: Test,
}

impl CoxFit {
    /// `terms`: the columns of each term (a factor's columns are tested together). Dropped columns are left out.
    pub fn zph(&self, transform: TimeTransform, terms: &[Vec<usize>]) -> Result<Zph> {
        let model = &self.model;
        if model.ties == Ties::Exact {
            return Err(StatsError::Unsupported {
                method: "test of proportional hazards",
                combination: "exact ties",
            });
        }
        let (rows, p) = (&model.rows, model.rows.p);
        if let Some(&bad) = terms.iter().flatten().find(|&&j| j >= p) {
            return Err(StatsError::GroupCode { row: 0, code: bad, groups: p });
        }
        let g = self.time_function(transform)?;
        let engine = Engine { rows, ties: model.ties, hazard: model.hazard().clone() };
        let means = means(&engine);
        let mut score = vec![0.0; p];
        for (e, event) in rows.events.iter().enumerate() {
            for i in (event.first as usize..event.end as usize).filter(|&i| rows.event[i]) {
                for (j, x) in rows.cells(i).enumerate() {
                    score[j] += rows.weight(i) * g[e] * (x - means.mean[e * p + j]);
                }
            }
        }
        // Sums of 1, g and g^2 times the covariance of the risk sets.
        let parts: Vec<Matrix> = (0..3)
            .map(|power| {
                let f = |e: usize| g[e].powi(power);
                let mut hazard = model.hazard().clone();
                for e in 0..rows.events.len() {
                    hazard.step[e] *= f(e);
                    hazard.own_step[e] *= f(e);
                }
                rows.strata.iter().for_each(|s| expected_events(rows, s, &mut hazard));
                let mut sum = OuterSum::new(p);
                for i in 0..rows.n {
                    sum.push(rows.weight(i) * hazard.expected[i], rows.cells(i));
                }
                engine.for_each_mean(|e, _, w, mean| sum.push(-w * f(e), mean.iter().copied()));
                sum.finish()
            })
            .collect();
        let kept = &model.kept;
        let test = |columns: &[usize]| {
            let columns: Vec<usize> = columns.iter().copied().filter(|j| kept.contains(j)).collect();
            let size = kept.len() + columns.len();
            let index = |a: usize| if a < kept.len() { (kept[a], 0) } else { (columns[a - kept.len()], 1) };
            let mut m = Matrix::zeros(size);
            for a in 0..size {
                for b in 0..size {
                    let ((i, u), (j, v)) = (index(a), index(b));
                    m.set(a, b, parts[u + v].get(i, j));
                }
            }
            let mut u = vec![0.0; kept.len()];
            u.extend(columns.iter().map(|&j| score[j]));
            let chi: f64 =
                Cholesky::new(&m, PIVOT_TOLERANCE).solve(&u).iter().zip(&u).map(|(a, b)| a * b).sum();
            Test::new(chi.max(0.0), columns.len())
        };
        let all: Vec<usize> = (0..p).collect();
        Ok(Zph { terms: terms.iter().map(|t| test(t)).collect(), global: test(&all) })
    }

    /// g at every event time, less its mean over the events.
    fn time_function(&self, transform: TimeTransform) -> Result<Vec<f64>> {
        let rows = &self.model.rows;
        let order = ascending(&rows.time);
        let mut value = vec![0.0; rows.n];
        match transform {
            TimeTransform::Identity => value.copy_from_slice(&rows.time),
            TimeTransform::Log => {
                if let Some(i) = rows.time.iter().position(|&t| t <= 0.0) {
                    return Err(StatsError::OutOfRange {
                        what: "time",
                        row: rows.order[i] as usize + 1,
                        value: rows.time[i],
                        range: "above 0 for the logarithm",
                    });
                }
                value.iter_mut().zip(&rows.time).for_each(|(v, t)| *v = t.ln());
            }
            TimeTransform::Rank | TimeTransform::Km => {
                let entries = rows.entry.as_ref().map(|e| (e, ascending(e)));
                let mut entered = 0;
                let mut s = 1.0;
                let mut k = 0;
                while k < rows.n {
                    let t = rows.time[order[k] as usize];
                    let tied = order[k..].iter().take_while(|&&i| rows.time[i as usize] == t).count();
                    let at_risk = match &entries {
                        None => rows.n - k,
                        Some((entry, list)) => {
                            while entered < rows.n && entry[list[entered] as usize] < t {
                                entered += 1;
                            }
                            entered - k
                        }
                    };
                    let mid_rank = (2 * k + tied + 1) as f64 / 2.0;
                    let here = &order[k..k + tied];
                    let g = if transform == TimeTransform::Rank { mid_rank } else { 1.0 - s };
                    here.iter().for_each(|&i| value[i as usize] = g);
                    let d = here.iter().filter(|&&i| rows.event[i as usize]).count();
                    s *= (at_risk - d) as f64 / at_risk as f64;
                    k += tied;
                }
            }
        }
        let sum: f64 = (0..rows.n).filter(|&i| rows.event[i]).map(|i| value[i]).sum();
        let mean = sum / rows.n_event as f64;
        Ok(rows.events.iter().map(|e| value[e.first as usize] - mean).collect())
    }
}
