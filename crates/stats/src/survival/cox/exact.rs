//! Exact partial likelihood for tied events: the discrete model, by recursion over the risk set.
//!
//! The denominator of a time with d events is the sum over all d-subsets of the risk set of the product of their
//! risks (Gail, Lubin and Rubinstein 1981). It is carried as a mean over the subsets, so it cannot overflow.
use super::arrange::Arranged;
use super::engine::Evaluation;
use crate::linalg::Matrix;

/// Mean over the subsets, with first and second derivatives, for each subset size.
struct Subsets {
    p: usize,
    value: Vec<f64>,
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Subsets {
    fn new(size: usize, p: usize) -> Self {
        let mut value = vec![0.0; size + 1];
        value[0] = 1.0;
        Subsets { p, value, first: vec![0.0; (size + 1) * p], second: vec![0.0; (size + 1) * p * p] }
    }

    /// Adds the member number `n` (from 1) with risk `r` and covariates `x`.
    fn add(&mut self, n: usize, r: f64, x: &[f64]) {
        let p = self.p;
        for d in (1..self.value.len().min(n + 1)).rev() {
            let (old, new) = ((n - d) as f64 / n as f64, d as f64 / n as f64 * r);
            for a in 0..p {
                for b in 0..p {
                    let from = (d - 1) * p * p + a * p + b;
                    let add = self.second[from]
                        + x[a] * self.first[(d - 1) * p + b]
                        + x[b] * self.first[(d - 1) * p + a]
                        + x[a] * x[b] * self.value[d - 1];
                    let v = &mut self.second[d * p * p + a * p + b];
                    *v = old * *v + new * add;
                }
            }
            for a in 0..p {
                let add = self.first[(d - 1) * p + a] + x[a] * self.value[d - 1];
                let v = &mut self.first[d * p + a];
                *v = old * *v + new * add;
            }
            self.value[d] = old * self.value[d] + new * self.value[d - 1];
        }
    }
}

pub(crate) fn evaluate(rows: &Arranged, beta: &[f64]) -> Evaluation {
    let p = rows.p;
    let mut row = Vec::with_capacity(p);
    let mut out = Evaluation { loglik: 0.0, score: vec![0.0; p], information: Matrix::zeros(p) };
    for s in &rows.strata {
        let eta: Vec<f64> = (s.start..s.end)
            .map(|i| {
                let offset = rows.offset.as_ref().map_or(0.0, |o| o[i]);
                offset + rows.cells(i).zip(beta).map(|(x, b)| x * b).sum::<f64>()
            })
            .collect();
        for e in s.events.clone() {
            let event = rows.events[e];
            let t = rows.time[event.first as usize];
            let at_risk: Vec<usize> = (event.first as usize..s.end)
                .filter(|&i| rows.entry.as_ref().is_none_or(|entry| entry[i] < t))
                .collect();
            let shift = at_risk.iter().map(|&i| eta[i - s.start]).fold(f64::NEG_INFINITY, f64::max);
            let d = event.deaths as usize;
            let mut subsets = Subsets::new(d, p);
            for (k, &i) in at_risk.iter().enumerate() {
                row.clear();
                row.extend(rows.cells(i));
                subsets.add(k + 1, (eta[i - s.start] - shift).exp(), &row);
            }
            // The number of subsets, which the mean left out.
            let count: f64 = (0..d).map(|j| ((at_risk.len() - j) as f64).ln() - ((j + 1) as f64).ln()).sum();
            out.loglik -= subsets.value[d].ln() + count;
            for i in (event.first as usize..event.end as usize).filter(|&i| rows.event[i]) {
                out.loglik += eta[i - s.start] - shift;
                out.score.iter_mut().zip(rows.cells(i)).for_each(|(u, x)| *u += x);
            }
            let mean: Vec<f64> =
                subsets.first[d * p..(d + 1) * p].iter().map(|f| f / subsets.value[d]).collect();
            for a in 0..p {
                out.score[a] -= mean[a];
                for b in 0..p {
                    let second = subsets.second[d * p * p + a * p + b] / subsets.value[d];
                    out.information.add(a, b, second - mean[a] * mean[b]);
                }
            }
        }
    }
    out
}
