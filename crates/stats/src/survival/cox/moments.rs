//! Score and information in one backward scan, unrolled for small numbers of covariates.
//!
//! The scan is compiled for several instruction sets and the widest one that the machine has is taken. Sums run in
//! fixed lanes without fused multiplication, so every machine gives the same bits.
use super::Ties;
use super::arrange::{Arranged, Stratum};
use super::engine::{BLOCK, Hazard, death_weight, shares};
use crate::linalg::Matrix;

/// Sums of outer products of P-vectors that come a block of columns at a time.
struct Outer<const P: usize> {
    sum: [[f64; P]; P],
}

impl<const P: usize> Outer<P> {
    #[inline(always)]
    fn add(&mut self, weights: &[f64; BLOCK], columns: &[&[f64; BLOCK]; P]) {
        let mut scaled = [[0.0; BLOCK]; 2];
        // Two columns against two columns: each number that is read serves two products.
        for a in (0..P).step_by(2) {
            let last = (a + 1).min(P - 1);
            for k in 0..BLOCK {
                scaled[0][k] = weights[k] * columns[a][k];
                scaled[1][k] = weights[k] * columns[last][k];
            }
            for b in (a..P).step_by(2) {
                let next = (b + 1).min(P - 1);
                let [v, w, x, y] = dots(&scaled, columns[b], columns[next]);
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
    }
}

/// Rows that are read together: a page of each column.
const TILE: usize = 512;

/// Four sums of products over a block, in fixed lanes.
#[inline(always)]
fn dots(a: &[[f64; BLOCK]; 2], b: &[f64; BLOCK], c: &[f64; BLOCK]) -> [f64; 4] {
    let mut lanes = [[0.0; 8]; 4];
    let ((a0, _), (a1, _)) = (a[0].as_chunks::<8>(), a[1].as_chunks::<8>());
    let ((b, _), (c, _)) = (b.as_chunks::<8>(), c.as_chunks::<8>());
    for k in 0..BLOCK / 8 {
        for l in 0..8 {
            lanes[0][l] += a0[k][l] * b[k][l];
            lanes[1][l] += a0[k][l] * c[k][l];
            lanes[2][l] += a1[k][l] * b[k][l];
            lanes[3][l] += a1[k][l] * c[k][l];
        }
    }
    lanes.map(|l| total(&l))
}

#[inline(always)]
fn total(l: &[f64; 8]) -> f64 {
    ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]))
}

#[inline(always)]
fn dot(a: &[f64; BLOCK], b: &[f64; BLOCK]) -> f64 {
    let mut lanes = [0.0; 8];
    for (x, y) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
        for l in 0..8 {
            lanes[l] += x[l] * y[l];
        }
    }
    total(&lanes)
}

/// Score and information when everybody is followed from the origin; `None` for more covariates than are unrolled.
pub(super) fn followed_from_origin(
    rows: &Arranged,
    hazard: &Hazard,
    ties: Ties,
) -> Option<(Vec<f64>, Matrix)> {
    macro_rules! dispatch {
        ($($p:literal)*) => {
            match rows.p {
                $($p => Some(pulp::Arch::new().dispatch(Scan::<$p> { rows, hazard, ties })),)*
                _ => None,
            }
        };
    }
    dispatch!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)
}

/// Adds the linear predictor to the rows of a stratum; returns the largest.
pub(super) fn add_predictor(rows: &Arranged, s: &Stratum, beta: &[f64], eta: &mut [f64]) -> f64 {
    pulp::Arch::new().dispatch(Predictor { rows, s, beta, eta })
}

struct Predictor<'a> {
    rows: &'a Arranged,
    s: &'a Stratum,
    beta: &'a [f64],
    eta: &'a mut [f64],
}

impl pulp::NullaryFnOnce for Predictor<'_> {
    type Output = f64;

    #[inline(always)]
    fn call(self) -> f64 {
        let Predictor { rows, s, beta, eta } = self;
        let mut largest = [f64::NEG_INFINITY; 4];
        for start in (s.start..s.end).step_by(TILE) {
            let end = (start + TILE).min(s.end);
            let block = &mut eta[start..end];
            for (columns, b) in rows.columns.chunks(4).zip(beta.chunks(4)) {
                match (columns, b) {
                    ([w, x, y, z], [a, b, c, d]) => {
                        let (w, x, y, z) = (&w[start..end], &x[start..end], &y[start..end], &z[start..end]);
                        for k in 0..block.len() {
                            block[k] += (w[k] * a + x[k] * b) + (y[k] * c + z[k] * d);
                        }
                    }
                    _ => {
                        for (column, b) in columns.iter().zip(b) {
                            for (v, x) in block.iter_mut().zip(&column[start..end]) {
                                *v += x * b;
                            }
                        }
                    }
                }
            }
            for four in block.chunks(4) {
                for (m, &v) in largest.iter_mut().zip(four) {
                    *m = if v > *m { v } else { *m };
                }
            }
        }
        let largest = largest.into_iter().fold(f64::NEG_INFINITY, f64::max);
        let sound = eta[s.start..s.end].iter().all(|v| !v.is_nan());
        if sound { largest } else { f64::NAN }
    }
}

/// Turns predictors into exp(predictor - shift); `own` gets the weighted sums of predictor - shift over the events,
/// in small blocks: centred predictors sum to nothing.
pub(super) fn exponentials(rows: &Arranged, s: &Stratum, shift: f64, eta: &mut [f64], own: impl FnMut(f64)) {
    pulp::Arch::new().dispatch(Exponentials { rows, s, shift, eta, own });
}

struct Exponentials<'a, F> {
    rows: &'a Arranged,
    s: &'a Stratum,
    shift: f64,
    eta: &'a mut [f64],
    own: F,
}

impl<F: FnMut(f64)> pulp::NullaryFnOnce for Exponentials<'_, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Exponentials { rows, s, shift, eta, mut own } = self;
        let mut block = [0.0; BLOCK];
        for from in (s.start..s.end).step_by(BLOCK) {
            let upto = (from + BLOCK).min(s.end);
            let used = upto - from;
            block[used..].fill(0.0);
            block.iter_mut().zip(&eta[from..upto]).for_each(|(b, v)| *b = v - shift);
            let mut events = [0.0; BLOCK];
            events.iter_mut().zip(&rows.event[from..upto]).for_each(|(e, &d)| *e = f64::from(u8::from(d)));
            if let Some(w) = &rows.weight {
                events.iter_mut().zip(&w[from..upto]).for_each(|(e, w)| *e *= w);
            }
            if block.iter().all(|&v| v >= LOWEST) {
                own(dot(&events, &block));
                for v in &mut block {
                    *v = exp(*v);
                }
            } else {
                // 0 times an infinite predictor is no number: events only.
                own(block.iter().zip(&events).filter(|(_, e)| **e != 0.0).map(|(v, e)| v * e).sum());
                block.iter_mut().for_each(|v| *v = v.exp());
            }
            eta[from..upto].copy_from_slice(&block[..used]);
        }
    }
}

const LOWEST: f64 = -700.0;

/// e^x for -700 <= x <= 0 to about one unit in the last place: reduction by ln 2 in two parts (Cody and Waite 1980),
/// then the series. Unlike a mathematics library it gives the same bits on every machine.
#[inline(always)]
fn exp(x: f64) -> f64 {
    // Adding 1.5 * 2^52 rounds to a whole number and leaves it in the lowest bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    const LN2: [f64; 2] = [6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10];
    // 1/13!, ..., 1/2!
    const SERIES: [f64; 12] = [
        1.0 / 6_227_020_800.0,
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        1.0 / 2.0,
    ];
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = (x - k * LN2[0]) - k * LN2[1];
    let mut q = 0.0;
    for c in SERIES {
        q = q * r + c;
    }
    let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1023 << 52));
    (1.0 + (r + r * r * q)) * power
}

struct Scan<'a, const P: usize> {
    rows: &'a Arranged,
    hazard: &'a Hazard,
    ties: Ties,
}

impl<const P: usize> Scan<'_, P> {
    /// Expected events and martingale residuals of a block, weighted.
    #[inline(always)]
    fn residuals(&self, from: usize, upto: usize) -> ([f64; BLOCK], [f64; BLOCK]) {
        let (mut expected, mut residual) = ([0.0; BLOCK], [0.0; BLOCK]);
        expected[..upto - from].copy_from_slice(&self.hazard.expected[from..upto]);
        for (m, &d) in residual.iter_mut().zip(&self.rows.event[from..upto]) {
            *m = f64::from(u8::from(d));
        }
        if let Some(weight) = &self.rows.weight {
            for (k, w) in weight[from..upto].iter().enumerate() {
                expected[k] *= w;
                residual[k] *= w;
            }
        }
        for k in 0..BLOCK {
            residual[k] -= expected[k];
        }
        (expected, residual)
    }

    /// Whether at least half of the rows of a tile begin an event time, and each of these has one share: then every row
    /// is treated as an event time, which spares the processor unpredictable branches.
    #[inline(always)]
    fn dense(&self, s: &Stratum, start: usize, len: usize, next: usize) -> bool {
        let first = s.events.start.max(next.saturating_sub(len));
        let events = &self.rows.events[first..next];
        let events = &events[events.partition_point(|e| (e.first as usize) < start)..];
        2 * events.len() >= len && events.iter().all(|e| shares(self.ties, e.deaths) == 1)
    }

    /// Per row of a block: weighted risk, minus the weight of the events of the time that begins with it (0 without
    /// any) and the inverse of the total at risk.
    #[inline(always)]
    fn single_events(
        &self,
        s: &Stratum,
        from: usize,
        upto: usize,
        next: &mut usize,
    ) -> ([f64; BLOCK], [f64; BLOCK], [f64; BLOCK]) {
        let (mut risk, mut weight, mut total) = ([0.0; BLOCK], [0.0; BLOCK], [1.0; BLOCK]);
        risk[..upto - from].copy_from_slice(&self.hazard.risk[from..upto]);
        while *next > s.events.start && self.rows.events[*next - 1].first as usize >= from {
            *next -= 1;
            let event = &self.rows.events[*next];
            let k = event.first as usize - from;
            weight[k] = -death_weight(self.rows, event);
            total[k] = self.hazard.total[*next];
        }
        if let Some(w) = &self.rows.weight {
            risk.iter_mut().zip(&w[from..upto]).for_each(|(r, w)| *r *= w);
        }
        (risk, weight, total.map(|t| 1.0 / t))
    }
}

impl<const P: usize> pulp::NullaryFnOnce for Scan<'_, P> {
    type Output = (Vec<f64>, Matrix);

    #[inline(always)]
    fn call(self) -> Self::Output {
        let Scan { rows, hazard, ties } = &self;
        let (rows, hazard, ties) = (*rows, *hazard, *ties);
        let mut score = [0.0; P];
        let mut outer = Outer::<P> { sum: [[0.0; P]; P] };
        // The means of the risk sets, collected until they fill a block.
        let mut means = [[0.0; BLOCK]; P];
        let mut mean_weights = [0.0; BLOCK];
        let mut used = 0;
        let mut padded = [[0.0; TILE]; P];
        let mut risk = [0.0; TILE];
        for s in &rows.strata {
            let mut sums = [0.0; P];
            let mut next_event = s.events.end;
            let mut end = s.end;
            while end > s.start {
                let start = s.start + (end - s.start - 1) / TILE * TILE;
                let len = end - start;
                let dense = self.dense(s, start, len, next_event);
                if len < TILE {
                    for (pad, column) in padded.iter_mut().zip(&rows.columns) {
                        pad[..len].copy_from_slice(&column[start..end]);
                        pad[len..].fill(0.0);
                    }
                }
                let x: [&[f64; TILE]; P] = std::array::from_fn(|j| {
                    rows.columns[j][start..end].first_chunk::<TILE>().unwrap_or(&padded[j])
                });
                for (block, from) in (start..end).step_by(BLOCK).enumerate().rev() {
                    let upto = (from + BLOCK).min(end);
                    let x: [&[f64; BLOCK]; P] = std::array::from_fn(|j| &x[j].as_chunks::<BLOCK>().0[block]);
                    let (expected, residual) = self.residuals(from, upto);
                    for j in 0..P {
                        score[j] += dot(&residual, x[j]);
                    }
                    outer.add(&expected, &x);
                    if dense {
                        let (risk, weight, inverse) = self.single_events(s, from, upto, &mut next_event);
                        let mut mean: [[f64; BLOCK]; P] =
                            std::array::from_fn(|j| std::array::from_fn(|k| risk[k] * x[j][k]));
                        for k in (0..BLOCK).rev() {
                            for j in 0..P {
                                sums[j] += mean[j][k];
                                mean[j][k] = sums[j];
                            }
                        }
                        for column in &mut mean {
                            column.iter_mut().zip(&inverse).for_each(|(m, i)| *m *= i);
                        }
                        outer.add(&weight, &mean.each_ref());
                    }
                }
                if dense {
                    end = start;
                    continue;
                }

                risk[..len].copy_from_slice(&hazard.risk[start..end]);
                if let Some(weight) = &rows.weight {
                    risk.iter_mut().zip(&weight[start..end]).for_each(|(r, w)| *r *= w);
                }
                let mut next = len;
                while next_event > s.events.start && rows.events[next_event - 1].first as usize >= start {
                    next_event -= 1;
                    let event = &rows.events[next_event];
                    let first = event.first as usize - start;
                    while next > first {
                        next -= 1;
                        for j in 0..P {
                            sums[j] += risk[next] * x[j][next];
                        }
                    }
                    let total = hazard.total[next_event];
                    let count = shares(ties, event.deaths);
                    let mut own = [0.0; P];
                    if count > 1 {
                        for i in (event.first as usize..event.end as usize).filter(|&i| rows.event[i]) {
                            let r = hazard.risk[i] * rows.weight(i);
                            for j in 0..P {
                                own[j] += r * rows.columns[j][i];
                            }
                        }
                    }
                    let weight = -death_weight(rows, event) / count as f64;
                    for k in 0..count {
                        let part = k as f64 / count as f64;
                        let inverse = 1.0 / (total - part * hazard.own[next_event]);
                        for j in 0..P {
                            means[j][used] = (sums[j] - part * own[j]) * inverse;
                        }
                        mean_weights[used] = weight;
                        used += 1;
                        if used == BLOCK {
                            outer.add(&mean_weights, &means.each_ref());
                            used = 0;
                        }
                    }
                }
                while next > 0 {
                    next -= 1;
                    for j in 0..P {
                        sums[j] += risk[next] * x[j][next];
                    }
                }
                end = start;
            }
        }
        mean_weights[used..].fill(0.0);
        outer.add(&mean_weights, &means.each_ref());
        let mut information = Matrix::zeros(P);
        for a in 0..P {
            for b in a..P {
                information.set(a, b, outer.sum[a][b]);
                information.set(b, a, outer.sum[a][b]);
            }
        }
        (score.to_vec(), information)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_that_of_the_library_to_two_units_in_the_last_place() {
        assert_eq!(exp(0.0), 1.0);
        for k in 0..200_000 {
            let x = -f64::from(k) * 0.003_499_7;
            let library = x.exp();
            assert!((exp(x) - library).abs() <= 2.0 * f64::EPSILON * library, "{x}");
        }
    }
}
