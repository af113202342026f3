//! Graphical procedures: weights of hypotheses, and where the weight of a rejected one goes (Bretz, Maurer, Brannath and
//! Posch 2009).

use super::adjust::check_p;
use crate::{Result, StatsError};

/// A graph of hypotheses.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    /// Share of alpha of each hypothesis; the sum is at most 1.
    pub weights: Vec<f64>,
    /// `transitions[i][j]`: share of the weight of hypothesis i that goes to j once i is rejected; rows sum to at most 1, the
    /// diagonal is 0.
    pub transitions: Vec<Vec<f64>>,
}

/// What the procedure says.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphResult {
    /// Adjusted p-value of each hypothesis: the smallest alpha at which it is rejected.
    pub adjusted: Vec<f64>,
    /// Rejected at the alpha that was asked for.
    pub rejected: Vec<bool>,
    /// Order in which hypotheses are rejected as alpha grows.
    pub order: Vec<usize>,
}

impl Graph {
    fn check(&self) -> Result<()> {
        let m = self.weights.len();
        let refuse = |name, value, range| Err(StatsError::Option { name, value, range });
        if self.transitions.len() != m {
            return Err(StatsError::Length { what: "transitions", expected: m, got: self.transitions.len() });
        }
        if let Some(w) = self.weights.iter().find(|w| !(**w >= 0.0 && **w <= 1.0)) {
            return refuse("weight of a hypothesis", *w, "0 to 1");
        }
        let sum: f64 = self.weights.iter().sum();
        if sum > 1.0 + 1e-9 {
            return refuse("sum of the weights", sum, "at most 1");
        }
        for (i, row) in self.transitions.iter().enumerate() {
            if row.len() != m {
                return Err(StatsError::Length {
                    what: "transitions of a hypothesis",
                    expected: m,
                    got: row.len(),
                });
            }
            if let Some(g) = row.iter().find(|g| !(**g >= 0.0 && **g <= 1.0)) {
                return refuse("transition", *g, "0 to 1");
            }
            if row[i] != 0.0 {
                return refuse("transition of a hypothesis to itself", row[i], "0");
            }
            let sum: f64 = row.iter().sum();
            if sum > 1.0 + 1e-9 {
                return refuse("sum of the transitions of a hypothesis", sum, "at most 1");
            }
        }
        Ok(())
    }
}

/// Tests `p` (in the order of the graph) at one-sided or two-sided `alpha`, whichever the p-values are.
///
/// ```
/// use stats::multiplicity::{fixed_sequence, graphical};
///
/// let result = graphical(&[0.01, 0.20, 0.001], &fixed_sequence(3), 0.05)?;
/// assert_eq!(result.rejected, [true, false, false]);
/// # Ok::<(), stats::StatsError>(())
/// ```
pub fn graphical(p: &[f64], graph: &Graph, alpha: f64) -> Result<GraphResult> {
    check_p(p)?;
    graph.check()?;
    let m = p.len();
    if graph.weights.len() != m {
        return Err(StatsError::Length { what: "weights", expected: m, got: graph.weights.len() });
    }
    if !(alpha > 0.0 && alpha < 1.0) {
        return Err(StatsError::Option { name: "alpha", value: alpha, range: "above 0, below 1" });
    }
    let (mut w, mut g) = (graph.weights.clone(), graph.transitions.clone());
    let mut open: Vec<usize> = (0..m).collect();
    let mut adjusted = vec![1.0; m];
    let mut order = Vec::new();
    let mut largest = 0.0_f64;
    while !open.is_empty() {
        // the hypothesis that is rejected first as alpha grows
        let ratio = |j: usize| if w[j] > 0.0 { p[j] / w[j] } else { f64::INFINITY };
        let Some(place) = (0..open.len()).min_by(|&a, &b| ratio(open[a]).total_cmp(&ratio(open[b]))) else {
            break;
        };
        let j = open[place];
        if !ratio(j).is_finite() {
            break;
        }
        largest = largest.max(ratio(j)).min(1.0);
        adjusted[j] = largest;
        order.push(j);
        open.remove(place);
        let (old_w, old) = (w.clone(), g.clone());
        for &l in &open {
            w[l] = old_w[l] + old_w[j] * old[j][l];
            for &k in &open {
                let round = old[l][j] * old[j][l];
                g[l][k] = if l != k && round < 1.0 {
                    (old[l][k] + old[l][j] * old[j][k]) / (1.0 - round)
                } else {
                    0.0
                };
            }
        }
    }
    let rejected = adjusted.iter().map(|a| *a <= alpha).collect();
    Ok(GraphResult { adjusted, rejected, order })
}

/// Fixed sequence: all of alpha to the first hypothesis, passed on as long as each is rejected.
pub fn fixed_sequence(hypotheses: usize) -> Graph {
    fallback(&(0..hypotheses).map(|i| if i == 0 { 1.0 } else { 0.0 }).collect::<Vec<_>>())
}

/// Fallback procedure (Wiens 2003): weights in order, passed on to the next hypothesis.
pub fn fallback(weights: &[f64]) -> Graph {
    let m = weights.len();
    let row = |i: usize| (0..m).map(|j| if j == i + 1 { 1.0 } else { 0.0 }).collect();
    Graph { weights: weights.to_vec(), transitions: (0..m).map(row).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::multiplicity::{Adjustment, adjust};
    use proptest::prelude::*;

    /// Bretz and others 2009, section 4: two primary hypotheses of two doses, each with a secondary one; p-values of the
    /// worked example reject both primary and one secondary hypothesis.
    #[test]
    fn weight_travels_along_the_graph() {
        let graph = Graph {
            weights: vec![0.5, 0.5, 0.0, 0.0],
            transitions: vec![
                vec![0.0, 0.5, 0.5, 0.0],
                vec![0.5, 0.0, 0.0, 0.5],
                vec![0.0, 1.0, 0.0, 0.0],
                vec![1.0, 0.0, 0.0, 0.0],
            ],
        };
        let r = graphical(&[0.01, 0.02, 0.004, 0.2], &graph, 0.025).unwrap();
        // H1 at .0125; its weight: H2 .75, H3 .25; H3 (.004 < .00625) next; then H2 at .025
        assert_eq!(r.rejected, [true, true, true, false]);
        assert_eq!(r.order[..3], [0, 2, 1]);
        assert!((r.adjusted[1] - 0.02).abs() < 1e-15 && (r.adjusted[0] - 0.02).abs() < 1e-15);
    }

    #[test]
    fn a_fixed_sequence_stops_at_the_first_failure() {
        let r = graphical(&[0.01, 0.2, 0.001], &fixed_sequence(3), 0.05).unwrap();
        assert_eq!(r.rejected, [true, false, false]);
        assert_eq!(r.adjusted, [0.01, 0.2, 0.2]);
    }

    #[test]
    fn a_graph_that_gives_away_more_than_it_has_is_refused() {
        let bad = Graph { weights: vec![0.6, 0.6], transitions: vec![vec![0.0, 1.0], vec![1.0, 0.0]] };
        assert!(graphical(&[0.1, 0.1], &bad, 0.05).is_err());
        let bad = Graph { weights: vec![0.5, 0.5], transitions: vec![vec![0.5, 0.5], vec![1.0, 0.0]] };
        assert!(graphical(&[0.1, 0.1], &bad, 0.05).is_err());
    }

    proptest! {
        #[test]
        fn equal_weights_and_equal_transitions_are_holms_procedure(p in prop::collection::vec(0.0..1.0_f64, 2..7)) {
            let m = p.len();
            let row = |i: usize| (0..m).map(|j| if i == j { 0.0 } else { 1.0 / (m as f64 - 1.0) }).collect();
            let graph = Graph { weights: vec![1.0 / m as f64; m], transitions: (0..m).map(row).collect() };
            let r = graphical(&p, &graph, 0.05).unwrap();
            let holm = adjust(&p, Adjustment::Holm).unwrap();
            prop_assert!(r.adjusted.iter().zip(&holm).all(|(a, b)| (a - b).abs() < 1e-12), "{:?} {:?}", r, holm);
        }
    }
}
