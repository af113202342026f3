//! Score and information in one backward scan, unrolled for small numbers of covariates.
use super::Ties;
use super::arrange::Arranged;
use super::engine::{BLOCK, Hazard, death_weight, shares};
use crate::linalg::Matrix;

/// Sums of outer products of P-vectors, block by block.
struct Block<const P: usize> {
    columns: [[f64; BLOCK]; P],
    weights: [f64; BLOCK],
    used: usize,
    sum: [[f64; P]; P],
}

impl<const P: usize> Block<P> {
    fn new() -> Self {
        Block { columns: [[0.0; BLOCK]; P], weights: [0.0; BLOCK], used: 0, sum: [[0.0; P]; P] }
    }

    #[inline]
    fn push(&mut self, weight: f64, v: &[f64; P]) {
        let k = self.used % BLOCK;
        for j in 0..P {
            self.columns[j][k] = v[j];
        }
        self.weights[k] = weight;
        self.used += 1;
        if self.used == BLOCK {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.weights[self.used..].fill(0.0);
        let mut scaled = [[0.0; BLOCK]; 2];
        // Two columns against two columns: each number that is read serves two products.
        for a in (0..P).step_by(2) {
            let last = (a + 1).min(P - 1);
            for k in 0..BLOCK {
                scaled[0][k] = self.weights[k] * self.columns[a][k];
                scaled[1][k] = self.weights[k] * self.columns[last][k];
            }
            for b in (a..P).step_by(2) {
                let next = (b + 1).min(P - 1);
                let [v, w, x, y] = dots(&scaled, &self.columns[b], &self.columns[next]);
                self.sum[a][b] += v;
                if next > b {
                    self.sum[a][next] += w;
                }
                if last > a {
                    self.sum[last][b] += x;
                    if next > b {
                        self.sum[last][next] += y;
                    }
                }
            }
        }
        self.used = 0;
    }
}

/// Four sums of products over a block, in fixed lanes.
#[inline]
fn dots(a: &[[f64; BLOCK]; 2], b: &[f64; BLOCK], c: &[f64; BLOCK]) -> [f64; 4] {
    let mut lanes = [[0.0; 4]; 4];
    let ((a0, _), (a1, _)) = (a[0].as_chunks::<4>(), a[1].as_chunks::<4>());
    let ((b, _), (c, _)) = (b.as_chunks::<4>(), c.as_chunks::<4>());
    for k in 0..BLOCK / 4 {
        for l in 0..4 {
            lanes[0][l] += a0[k][l] * b[k][l];
            lanes[1][l] += a0[k][l] * c[k][l];
            lanes[2][l] += a1[k][l] * b[k][l];
            lanes[3][l] += a1[k][l] * c[k][l];
        }
    }
    lanes.map(|l| (l[0] + l[2]) + (l[1] + l[3]))
}

/// Score and information when everybody is followed from the origin; `None` for more covariates than are unrolled.
pub(super) fn unrolled(rows: &Arranged, hazard: &Hazard, ties: Ties) -> Option<(Vec<f64>, Matrix)> {
    macro_rules! dispatch {
        ($($p:literal)*) => {
            match rows.p {
                $($p => Some(scan::<$p>(rows, hazard, ties)),)*
                _ => None,
            }
        };
    }
    dispatch!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)
}

fn scan<const P: usize>(rows: &Arranged, hazard: &Hazard, ties: Ties) -> (Vec<f64>, Matrix) {
    let (x, _) = rows.x.as_chunks::<P>();
    let mut score = [0.0; P];
    let mut outer = Block::<P>::new();
    for s in &rows.strata {
        let mut sums = [0.0; P];
        let mut end = s.end;
        // Rows after the last event time only add to the risk sets, so they come with its rows.
        for e in s.events.clone().rev() {
            let event = rows.events[e];
            let first = event.first as usize;
            for i in (first..end).rev() {
                add_row(rows, hazard, i, &x[i], &mut score, &mut outer);
                let r = hazard.risk[i] * rows.weight(i);
                for j in 0..P {
                    sums[j] += r * x[i][j];
                }
            }
            end = first;
            let count = shares(ties, event.deaths);
            let mut own = [0.0; P];
            if count > 1 {
                for i in (first..event.end as usize).filter(|&i| rows.event[i]) {
                    let r = hazard.risk[i] * rows.weight(i);
                    for j in 0..P {
                        own[j] += r * x[i][j];
                    }
                }
            }
            let weight = -death_weight(rows, &event) / count as f64;
            for k in 0..count {
                let part = k as f64 / count as f64;
                let inverse = 1.0 / (hazard.total[e] - part * hazard.own[e]);
                let mut mean = [0.0; P];
                for j in 0..P {
                    mean[j] = (sums[j] - part * own[j]) * inverse;
                }
                outer.push(weight, &mean);
            }
        }
        // Before the first event time nobody has an expected event, and nobody had one.
    }
    outer.flush();
    let mut information = Matrix::zeros(P);
    for a in 0..P {
        for b in a..P {
            information.set(a, b, outer.sum[a][b]);
            information.set(b, a, outer.sum[a][b]);
        }
    }
    (score.to_vec(), information)
}

#[inline]
fn add_row<const P: usize>(
    rows: &Arranged,
    hazard: &Hazard,
    i: usize,
    x: &[f64; P],
    score: &mut [f64; P],
    outer: &mut Block<P>,
) {
    let w = rows.weight(i);
    let expected = w * hazard.expected[i];
    let m = if rows.event[i] { w - expected } else { -expected };
    for j in 0..P {
        score[j] += m * x[j];
    }
    outer.push(expected, x);
}
