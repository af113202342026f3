//! Degrees of freedom that are counted: between and within participants, and by containment.
use super::likelihood::Problem;

fn constant_within(column: &[f64], problem: &Problem) -> bool {
    problem.blocks.iter().all(|(_, rows)| {
        rows.iter().all(|&i| (column[i] - column[rows[0]]).abs() <= 1e-12 * column[rows[0]].abs())
    })
}

/// Schluchter and Elashoff (1990). `sas`: as PROC MIXED, the intercept is between and an unstructured covariance has only
/// the degrees of freedom between participants; otherwise as nlme and mmrm of R, the intercept is within.
pub(super) fn between_within(problem: &Problem, sas: bool, unstructured: bool) -> Vec<f64> {
    let constant: Vec<bool> = problem.design.columns.iter().map(|c| constant_within(c, problem)).collect();
    let participants = problem.blocks.len() as f64;
    let (n, p) = (problem.y.len() as f64, problem.design.p() as f64);
    let between = participants - constant.iter().filter(|c| **c).count() as f64;
    let within = n - p - between;
    (0..constant.len())
        .map(|k| {
            let intercept = problem.design.kept[k] == 0;
            if (sas && unstructured) || (constant[k] && (sas || !intercept)) { between } else { within }
        })
        .collect()
}

/// Columns of the random effects of one participant.
type Effects = [Vec<f64>];

/// Takes the components along `basis` out of `v`, twice for rounding.
fn take_out(v: &mut [f64], basis: &[Vec<f64>]) {
    for _ in 0..2 {
        for b in basis {
            let dot: f64 = v.iter().zip(b).map(|(x, y)| x * y).sum();
            v.iter_mut().zip(b).for_each(|(x, y)| *x -= dot * y);
        }
    }
}

/// Adds what is new of `v` to an orthonormal basis.
fn extend(basis: &mut Vec<Vec<f64>>, v: &[f64]) {
    let size = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
    let mut rest = v.to_vec();
    take_out(&mut rest, basis);
    let norm = size(&rest);
    if norm > 1e-9 * size(v) && norm > 0.0 {
        rest.iter_mut().for_each(|x| *x /= norm);
        basis.push(rest);
    }
}

/// Rank of [X Z], and which columns of X lie in the span of Z.
fn rank(problem: &Problem, effects: impl Fn(&[usize]) -> Vec<Vec<f64>>) -> (f64, Vec<bool>) {
    let mut count = 0;
    let columns = &problem.design.columns;
    let mut left: Vec<Vec<f64>> = vec![Vec::with_capacity(problem.y.len()); columns.len()];
    for (visits, rows) in &problem.blocks {
        let effects: &Effects = &effects(visits);
        let mut basis = Vec::new();
        effects.iter().for_each(|e| extend(&mut basis, e));
        count += basis.len();
        for (left, c) in left.iter_mut().zip(columns) {
            let mut own: Vec<f64> = rows.iter().map(|&i| c[i]).collect();
            take_out(&mut own, &basis);
            left.extend(own);
        }
    }
    // the columns have a root mean square of 1
    let limit = 1e-9 * (problem.y.len() as f64).sqrt();
    let inside: Vec<bool> =
        left.iter().map(|v| v.iter().map(|x| x * x).sum::<f64>().sqrt() <= limit).collect();
    let mut basis = Vec::new();
    for (v, inside) in left.iter().zip(&inside) {
        if !inside {
            extend(&mut basis, v);
        }
    }
    ((count + basis.len()) as f64, inside)
}

/// The rank that the random effect which contains a coefficient adds to [X Z]; n - rank [X Z] when none does. A column
/// that is constant within participants is contained in their intercepts, one that is linear in time in their slopes.
pub(super) fn containment(problem: &Problem, times: &[f64], slopes: bool) -> Vec<f64> {
    let ones = |visits: &[usize]| vec![1.0; visits.len()];
    let time = |visits: &[usize]| visits.iter().map(|&v| times[v]).collect::<Vec<f64>>();
    let (all, inside) = rank(problem, |v| if slopes { vec![ones(v), time(v)] } else { vec![ones(v)] });
    let (without_intercepts, _) = rank(problem, |v| if slopes { vec![time(v)] } else { Vec::new() });
    let (without_slopes, _) = rank(problem, |v| vec![ones(v)]);
    let n = problem.y.len() as f64;
    (problem.design.columns.iter().zip(inside))
        .map(|(c, inside)| match (constant_within(c, problem), inside) {
            (true, _) => all - without_intercepts,
            (false, true) => all - without_slopes,
            (false, false) => n - all,
        })
        .collect()
}
