//! Log-likelihood, score and information in one backward pass over the rows, and vectors of predictors and risks.
//!
//! The rows are read a tile at a time. A row's expected events are its risk times the hazard of the event times up to its
//! own: those of its own tile are summed there; those of an earlier tile come when that tile is read, all at once, from
//! the sums of r, r x and r x x' over the rows behind it. So each covariate is read once per evaluation.
//! The pass is compiled for several instruction sets and the widest one that the machine has is taken. Sums run in
//! fixed lanes without fused multiplication, so every machine gives the same bits.
use super::Ties;
use super::arrange::{Arranged, Stratum};
use super::engine::{BLOCK, Evaluation, Running, add_log, death_weight, shares};
use crate::linalg::Matrix;

/// Rows that are read together: the tile of ten covariates and that of their means stay in the first cache.
const TILE: usize = 128;
const LANES: usize = 8;
/// Columns of a tile do not begin at like places of the cache, as columns of a million rows do.
const STRIDE: usize = TILE + LANES;
type Lanes = [f64; LANES];

fn lanes(v: &[f64]) -> &[Lanes] {
    v.as_chunks::<LANES>().0
}

/// Numbers of a tile, at the beginning of a line of the cache.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Column([f64; STRIDE]);

impl Column {
    #[inline(always)]
    fn zero() -> Column {
        Column([0.0; STRIDE])
    }
}

/// Sums of outer products of P-vectors that come a tile of columns at a time; lane by lane, because a compiler that sees
/// lanes added up next to the loop that fills them exchanges rows and lanes there.
#[derive(Clone, Copy)]
struct Outer<const P: usize> {
    sum: [[Lanes; P]; P],
}

impl<const P: usize> Outer<P> {
    const ZERO: Self = Outer { sum: [[[0.0; LANES]; P]; P] };

    #[inline(always)]
    fn add(&mut self, weights: &[f64], columns: &[&[f64]; P]) {
        let m = weights.len();
        let mut scaled = [Column::zero(); 2];
        // Two columns against two columns: each number that is read serves two products.
        for a in (0..P).step_by(2) {
            let last = (a + 1).min(P - 1);
            for (scaled, column) in scaled.iter_mut().zip([columns[a], columns[last]]) {
                scaled.0[..m].iter_mut().zip(weights).zip(column).for_each(|((s, w), x)| *s = w * x);
            }
            let [first, second] = scaled.each_ref().map(|s| lanes(&s.0[..m]));
            for b in (a..P).step_by(2) {
                let next = (b + 1).min(P - 1);
                let sums = [self.sum[a][b], self.sum[a][next], self.sum[last][b], self.sum[last][next]];
                // Where two places are one, the later value is the same.
                [self.sum[a][b], self.sum[a][next], self.sum[last][b], self.sum[last][next]] =
                    dots(sums, [first, second], [lanes(columns[b]), lanes(columns[next])]);
            }
        }
    }

    fn add_times(&mut self, factor: f64, other: &Outer<P>) {
        for (row, o) in self.sum.as_flattened_mut().iter_mut().zip(other.sum.as_flattened()) {
            row.iter_mut().zip(o).for_each(|(s, v)| *s += factor * v);
        }
    }
}

/// Adds the products of each of two with each of two columns.
#[inline(always)]
fn dots(mut sums: [Lanes; 4], [a, b]: [&[Lanes]; 2], [c, d]: [&[Lanes]; 2]) -> [Lanes; 4] {
    let m = a.len();
    let (b, c, d) = (&b[..m], &c[..m], &d[..m]);
    for k in 0..m {
        for l in 0..LANES {
            sums[0][l] += a[k][l] * c[k][l];
            sums[1][l] += a[k][l] * d[k][l];
            sums[2][l] += b[k][l] * c[k][l];
            sums[3][l] += b[k][l] * d[k][l];
        }
    }
    sums
}

#[inline(always)]
fn total(l: &Lanes) -> f64 {
    ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]))
}

#[inline(always)]
fn dot(a: &[Lanes], b: &[Lanes]) -> f64 {
    let mut sums = [0.0; LANES];
    for (x, y) in a.iter().zip(b) {
        for l in 0..LANES {
            sums[l] += x[l] * y[l];
        }
    }
    total(&sums)
}

/// The evaluation at `beta` when everybody is followed from the origin; `None` for more covariates than are unrolled, and
/// for predictors whose exponentials could leave the range of numbers. `risk` is working space.
pub(super) fn followed_from_origin(
    rows: &Arranged,
    ties: Ties,
    beta: &[f64],
    risk: &mut Vec<f64>,
) -> Option<Evaluation> {
    let offset = rows.offset.as_ref().map_or(0.0, |o| o.iter().fold(0.0, |m: f64, v| m.max(v.abs())));
    let furthest = beta.iter().zip(&rows.range).fold(offset, |sum, (b, r)| sum + b.abs() * r);
    if rows.by_entry.is_some() || furthest.is_nan() || furthest > 300.0 {
        return None;
    }
    risk.resize(rows.n, 0.0);
    macro_rules! dispatch {
        ($($p:literal)*) => {
            match rows.p {
                $(..=$p => Some(pulp::Arch::new().dispatch(Scan::<$p> { rows, ties, beta, risk })),)*
                _ => None,
            }
        };
    }
    dispatch!(1 2 4 6 10 16)
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
                own(dot(lanes(&events), lanes(&block)));
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

/// One pass with P columns, of which those beyond the model's are 0.
struct Scan<'a, const P: usize> {
    rows: &'a Arranged,
    ties: Ties,
    beta: &'a [f64],
    risk: &'a mut [f64],
}

/// Sums over the rows behind the tile, of one stratum: weighted risk r, r x, r x x'.
struct Behind<const P: usize> {
    total: f64,
    sums: [f64; P],
    products: Outer<P>,
}

/// Weighted vectors, collected until they fill a block.
struct Collected<const P: usize> {
    columns: [[f64; BLOCK]; P],
    weights: [f64; BLOCK],
    used: usize,
}

impl<const P: usize> Collected<P> {
    #[inline(always)]
    fn push(&mut self, weight: f64, vector: [f64; P], outer: &mut Outer<P>) {
        for j in 0..P {
            self.columns[j][self.used] = vector[j];
        }
        self.weights[self.used] = weight;
        self.used += 1;
        if self.used == BLOCK {
            self.flush(outer);
        }
    }

    #[inline(always)]
    fn flush(&mut self, outer: &mut Outer<P>) {
        self.weights[self.used..].fill(0.0);
        outer.add(&self.weights, &self.columns.each_ref().map(|c| c.as_slice()));
        self.used = 0;
    }
}

impl<const P: usize> pulp::NullaryFnOnce for Scan<'_, P> {
    type Output = Evaluation;

    #[inline(always)]
    fn call(self) -> Evaluation {
        let Scan { rows, ties, beta, risk: risks } = self;
        let p = rows.p;
        let still = beta.iter().all(|&b| b == 0.0) && rows.offset.is_none();
        let beta: [f64; P] = std::array::from_fn(|j| beta.get(j).copied().unwrap_or(0.0));
        let cells = |i: usize| -> [f64; P] {
            std::array::from_fn(|j| rows.columns.get(j).map_or(0.0, |column| column[i]))
        };
        let mut score = [0.0; P];
        let mut outer = Outer::<P>::ZERO;
        let mut loglik = Running::default();
        // Totals of weight 1 are multiplied up before the logarithm is taken.
        let (mut logs, mut product) = (Running::default(), 1.0);
        let mut collected = Collected::<P> { columns: [[0.0; BLOCK]; P], weights: [0.0; BLOCK], used: 0 };
        let mut tile = [Column::zero(); P];
        let mut means = [Column::zero(); P];
        for s in &rows.strata {
            let mut behind = Behind::<P> { total: 0.0, sums: [0.0; P], products: Outer::ZERO };
            let mut next_event = s.events.end;
            let mut end = s.end;
            while end > s.start {
                let start = s.start + (end - s.start - 1) / TILE * TILE;
                let len = end - start;
                let used = len.next_multiple_of(LANES);
                for (cells, column) in tile.iter_mut().zip(&rows.columns) {
                    cells.0[..len].copy_from_slice(&column[start..end]);
                    cells.0[len..used].fill(0.0);
                }
                let x: [&[f64]; P] = std::array::from_fn(|j| &tile[j].0[..used]);
                let Column(event) = &mut Column::zero();
                event.iter_mut().zip(&rows.event[start..end]).for_each(|(e, &d)| *e = f64::from(u8::from(d)));
                let Column(risk) = &mut Column::zero();
                if still {
                    risk[..len].fill(1.0);
                } else {
                    let Column(eta) = &mut Column::zero();
                    if let Some(offset) = &rows.offset {
                        eta[..len].copy_from_slice(&offset[start..end]);
                    }
                    for (beta, x) in beta.chunks(2).zip(x.chunks(2)) {
                        let last = x.len() - 1;
                        let (a, b) = (beta[0], if last > 0 { beta[1] } else { 0.0 });
                        let cells = x[0].iter().zip(x[last]);
                        eta[..used].iter_mut().zip(cells).for_each(|(v, (x, y))| *v += a * x + b * y);
                    }
                    for (r, v) in risk[..used].iter_mut().zip(&eta[..used]) {
                        *r = exp(*v);
                    }
                    risk[len..].fill(0.0);
                    // Centred predictors sum to about nothing, so small sums are added to small sums.
                    if let Some(weight) = &rows.weight {
                        eta.iter_mut().zip(&weight[start..end]).for_each(|(v, w)| *v *= w);
                    }
                    loglik.add(dot(lanes(&event[..used]), lanes(&eta[..used])));
                }
                risks[start..end].copy_from_slice(&risk[..len]);
                if let Some(weight) = &rows.weight {
                    let weight = &weight[start..end];
                    risk.iter_mut().zip(weight).for_each(|(r, w)| *r *= w);
                    event.iter_mut().zip(weight).for_each(|(e, w)| *e *= w);
                }

                // At risk when each row's time comes.
                let Column(total) = &mut Column::zero();
                let mut own_total = 0.0;
                for k in (0..len).rev() {
                    own_total += risk[k];
                    total[k] = behind.total + own_total;
                }
                behind.total += own_total;
                for (mean, x) in means.iter_mut().zip(&x) {
                    let cells = risk[..used].iter().zip(*x);
                    mean.0[..used].iter_mut().zip(cells).for_each(|(m, (r, x))| *m = r * x);
                }
                // The rows beyond `len` have no risk.
                let mut sums = [0.0; P];
                for k in (0..used).rev() {
                    for (sum, mean) in sums.iter_mut().zip(&mut means) {
                        *sum += mean.0[k % TILE];
                        mean.0[k % TILE] = *sum;
                    }
                }

                // What is expected from the event times of this tile, for its own rows and for those behind it.
                let Column(expected) = &mut Column::zero();
                let Column(step) = &mut Column::zero();
                // Events of one share: every row is treated as one, without weight if it is none, for that spares the
                // processor unpredictable branches.
                let (Column(weight), Column(inverse)) = (&mut Column::zero(), &mut Column([1.0; STRIDE]));
                let mut single = false;
                while next_event > s.events.start && rows.events[next_event - 1].first as usize >= start {
                    next_event -= 1;
                    let e = &rows.events[next_event];
                    let k = e.first as usize - start;
                    let count = shares(ties, e.deaths);
                    let w = death_weight(rows, e);
                    if w == 0.0 {
                        continue;
                    }
                    if count == 1 {
                        single = true;
                        weight[k] = -w;
                        inverse[k] = total[k];
                        add_log(&mut logs, &mut product, w, total[k]);
                        continue;
                    }
                    // Efron's shares leave out a growing part of the events of the time.
                    let each = w / count as f64;
                    let deaths = || (e.first as usize..e.end as usize).filter(|&i| rows.event[i]);
                    let (mut own, mut own_sums) = (0.0, [0.0; P]);
                    for i in deaths() {
                        let (r, x) = (risks[i] * rows.weight(i), cells(i));
                        own += r;
                        (0..P).for_each(|j| own_sums[j] += r * x[j]);
                    }
                    let sums: [f64; P] = std::array::from_fn(|j| behind.sums[j] + means[j].0[k]);
                    let (mut all, mut own_step) = (0.0, 0.0);
                    for share in 0..count {
                        let part = share as f64 / count as f64;
                        let left = total[k] - part * own;
                        add_log(&mut logs, &mut product, each, left);
                        let inverse = 1.0 / left;
                        all += each * inverse;
                        own_step += each * (1.0 - part) * inverse;
                        let mean = std::array::from_fn(|j| (sums[j] - part * own_sums[j]) * inverse);
                        collected.push(-each, mean, &mut outer);
                    }
                    step[k] = all;
                    for i in deaths() {
                        let v = risks[i] * rows.weight(i) * (own_step - all);
                        if i < end {
                            expected[i - start] += v;
                        } else {
                            let x = cells(i);
                            (0..P).for_each(|j| score[j] -= v * x[j]);
                            collected.push(v, x, &mut outer);
                        }
                    }
                }
                if single {
                    inverse[..used].iter_mut().for_each(|v| *v = 1.0 / *v);
                    for (mean, behind) in means.iter_mut().zip(&behind.sums) {
                        mean.0[..used].iter_mut().zip(&*inverse).for_each(|(m, i)| *m = (behind + *m) * i);
                    }
                    step.iter_mut().zip(&*weight).zip(&*inverse).for_each(|((s, w), i)| *s -= w * i);
                    outer.add(&weight[..used], &std::array::from_fn(|j| &means[j].0[..used]));
                }
                let mut hazard = 0.0;
                for k in 0..len {
                    hazard += step[k];
                    expected[k] += risk[k] * hazard;
                }
                if hazard != 0.0 {
                    outer.add(&expected[..used], &x);
                    outer.add_times(hazard, &behind.products);
                }
                for k in 0..used {
                    event[k] -= expected[k];
                }
                for j in 0..P {
                    score[j] += dot(lanes(&event[..used]), lanes(x[j])) - hazard * behind.sums[j];
                    behind.sums[j] += sums[j];
                }
                if start > s.start {
                    behind.products.add(&risk[..used], &x);
                }
                end = start;
            }
        }
        collected.flush(&mut outer);
        logs.add(product.ln());
        loglik.add(-logs.value());
        let mut information = Matrix::zeros(p);
        for a in 0..p {
            for b in a..p {
                let v = total(&outer.sum[a][b]);
                information.set(a, b, v);
                information.set(b, a, v);
            }
        }
        Evaluation { loglik: loglik.value(), score: score[..p].to_vec(), information }
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
