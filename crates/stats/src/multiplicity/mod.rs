//! Several hypotheses: adjusted p-values and graphical procedures.

mod adjust;
mod graph;

pub use adjust::{Adjustment, adjust};
pub use graph::{Graph, GraphResult, fallback, fixed_sequence, graphical};
