//! Chi-square of a two-way table of clustered rows, corrected after Rao and Scott (1981, 1984).

use crate::inference::{TestResult, impossible};
use crate::linalg::{Cholesky, Matrix, PIVOT_TOLERANCE};
use crate::special::{chi2_sf, f_sf};
use crate::{Result, StatsError};

/// The corrected tests of independence.
#[derive(Debug, Clone, PartialEq)]
pub struct RaoScott {
    /// Pearson's chi-square as if rows were independent.
    pub pearson: f64,
    /// Mean generalised design effect.
    pub mean_design_effect: f64,
    /// Second-order correction (Thomas and Rao 1987): F; the default.
    pub second_order: TestResult,
    /// Denominator degrees of freedom of the F.
    pub second_order_df2: f64,
    /// First-order correction: `pearson` over the mean design effect as chi-square.
    pub first_order: TestResult,
    /// Wald test of the differences from independence, F on (r-1)(c-1) and K - 1.
    pub wald: TestResult,
    /// Denominator degrees of freedom of the Wald test.
    pub wald_df2: f64,
}

const NAME: &str = "Rao-Scott test";

/// Tests independence of two coded factors (0..r and 0..c) when rows belong to clusters. Refused: an empty category, one
/// cluster, a table whose variance between clusters is singular.
pub fn rao_scott(rows: &[usize], columns: &[usize], cluster: &[usize]) -> Result<RaoScott> {
    let n = rows.len();
    if n == 0 {
        return Err(StatsError::NoRows);
    }
    for (what, got) in [("column factor", columns.len()), ("cluster", cluster.len())] {
        if got != n {
            return Err(StatsError::Length { what, expected: n, got });
        }
    }
    let r = rows.iter().max().map_or(0, |m| m + 1);
    let c = columns.iter().max().map_or(0, |m| m + 1);
    if r < 2 || c < 2 {
        return impossible(NAME, "a factor has a single category");
    }
    let mut by: std::collections::BTreeMap<usize, Vec<f64>> = std::collections::BTreeMap::new();
    for i in 0..n {
        by.entry(cluster[i]).or_insert_with(|| vec![0.0; r * c])[rows[i] * c + columns[i]] += 1.0;
    }
    let clusters: Vec<Vec<f64>> = by.into_values().collect();
    let k = clusters.len() as f64;
    if clusters.len() < 2 {
        return impossible(NAME, "all rows belong to one cluster");
    }
    let nf = n as f64;
    let total: Vec<f64> = (0..r * c).map(|j| clusters.iter().map(|s| s[j]).sum()).collect();
    let row: Vec<f64> = (0..r).map(|i| (0..c).map(|j| total[i * c + j]).sum()).collect();
    let column: Vec<f64> = (0..c).map(|j| (0..r).map(|i| total[i * c + j]).sum()).collect();
    if row.iter().chain(&column).any(|m| *m == 0.0) {
        return impossible(NAME, "a category is empty");
    }
    let expected = |i: usize, j: usize| row[i] * column[j] / nf;
    let mut pearson = 0.0;
    for i in 0..r {
        for j in 0..c {
            pearson += (total[i * c + j] - expected(i, j)).powi(2) / expected(i, j);
        }
    }
    let q = (r - 1) * (c - 1);
    let delta = design_effects(&clusters, &total, r, c, nf, k)?;
    let (trace, trace_of_square) = delta;
    let df1 = trace * trace / trace_of_square;
    let nu = k - 1.0;
    let f = pearson / trace;
    let second = TestResult::with("Rao-Scott test, second order", f, Some(df1), f_sf(f, df1, df1 * nu));
    let mean_effect = trace / q as f64;
    let corrected = pearson / mean_effect;
    let first = TestResult::with(
        "Rao-Scott test, first order",
        corrected,
        Some(q as f64),
        chi2_sf(corrected, q as f64),
    );
    let wald = wald(&clusters, &total, &row, &column, nf)?;
    let wald_test =
        TestResult::with("design-based Wald test", wald, Some(q as f64), f_sf(wald, q as f64, nu));
    Ok(RaoScott {
        pearson,
        mean_design_effect: mean_effect,
        second_order: second.convention("Satterthwaite, F with d0 and d0 (K-1) degrees of freedom"),
        second_order_df2: df1 * nu,
        first_order: first.convention("chi-square over the mean design effect"),
        wald: wald_test.convention("F with (r-1)(c-1) and K-1 degrees of freedom"),
        wald_df2: nu,
    })
}

/// Trace of the generalised design effects and of their square, on the contrasts orthogonal to both margins.
fn design_effects(
    clusters: &[Vec<f64>],
    total: &[f64],
    r: usize,
    c: usize,
    n: f64,
    k: f64,
) -> Result<(f64, f64)> {
    let q = (r - 1) * (c - 1);
    // contrast (first against i) x (first against j), divided by the cell probabilities
    let mut contrasts: Vec<Vec<f64>> = Vec::with_capacity(q);
    for i in 1..r {
        for j in 1..c {
            let mut v = vec![0.0; r * c];
            for (place, sign) in [(0, 1.0), (j, -1.0), (i * c, -1.0), (i * c + j, 1.0)] {
                v[place] = sign;
            }
            contrasts.push(v);
        }
    }
    let weight = |v: f64, cell: usize| if total[cell] == 0.0 { 0.0 } else { v * n / total[cell] };
    let mut simple = Matrix::zeros(q);
    for a in 0..q {
        for b in 0..q {
            let s: f64 = (0..r * c).map(|x| contrasts[a][x] * weight(contrasts[b][x], x)).sum();
            simple.set(a, b, s / n);
        }
    }
    let mut clustered = Matrix::zeros(q);
    for counts in clusters {
        let m: f64 = counts.iter().sum();
        let e: Vec<f64> = (0..q)
            .map(|a| {
                (0..r * c).map(|x| weight(contrasts[a][x], x) * (counts[x] - m * total[x] / n)).sum::<f64>()
                    / n
            })
            .collect();
        for a in 0..q {
            for b in 0..q {
                clustered.add(a, b, e[a] * e[b] * k / (k - 1.0));
            }
        }
    }
    let solver = Cholesky::new(&simple, PIVOT_TOLERANCE);
    let columns: Vec<Vec<f64>> =
        (0..q).map(|b| solver.solve(&(0..q).map(|a| clustered.get(a, b)).collect::<Vec<_>>())).collect();
    let trace: f64 = (0..q).map(|a| columns[a][a]).sum();
    let mut square = 0.0;
    for a in 0..q {
        for b in 0..q {
            square += columns[b][a] * columns[a][b];
        }
    }
    let solved = solver.dropped.is_empty() && trace > 0.0 && square > 0.0;
    if !solved {
        return impossible(NAME, "the variance between clusters is zero");
    }
    Ok((trace, square))
}

/// Wald F of N_ij - N_i. N_.j/N for i, j > 0, with the linearised variance of cluster totals.
fn wald(clusters: &[Vec<f64>], total: &[f64], row: &[f64], column: &[f64], n: f64) -> Result<f64> {
    let (r, c, k) = (row.len(), column.len(), clusters.len() as f64);
    let cells: Vec<(usize, usize)> = (1..r).flat_map(|i| (1..c).map(move |j| (i, j))).collect();
    let gap: Vec<f64> = cells.iter().map(|&(i, j)| total[i * c + j] - row[i] * column[j] / n).collect();
    let mut v = Matrix::zeros(cells.len());
    for counts in clusters {
        let m: f64 = counts.iter().sum();
        let u: Vec<f64> = cells
            .iter()
            .zip(&gap)
            .map(|(&(i, j), g)| {
                let in_row: f64 = (0..c).map(|x| counts[i * c + x]).sum();
                let in_column: f64 = (0..r).map(|x| counts[x * c + j]).sum();
                counts[i * c + j] - column[j] / n * in_row - row[i] / n * in_column
                    + row[i] * column[j] / n / n * m
                    - g / k
            })
            .collect();
        for a in 0..u.len() {
            for b in 0..u.len() {
                v.add(a, b, u[a] * u[b] * k / (k - 1.0));
            }
        }
    }
    let solver = Cholesky::new(&v, PIVOT_TOLERANCE);
    if !solver.dropped.is_empty() {
        return impossible(NAME, "the variance between clusters is singular");
    }
    let solved = solver.solve(&gap);
    Ok(gap.iter().zip(solved).map(|(a, b)| a * b).sum::<f64>() / cells.len() as f64)
}
