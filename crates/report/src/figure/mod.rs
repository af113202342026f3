//! Figures from result rows.
//!
//! Arms come in one order and one style in all figures: pattern and direct label beside colour, so that each reads in
//! grey. Every function gives `None` where the rows hold nothing to draw; the page then says so.

mod accrual;
mod axis;
mod cohort;
mod course;
mod flow;
mod forest;
mod grades;
mod plot;
mod relation;
mod survival;
mod terms;

pub use accrual::accrual;
pub use cohort::{Bar, Lane, Sign, Trace, spider, swimmer, waterfall};
pub use course::{Kind, Moment, course};
pub use flow::flow;
pub use forest::{forest, switches};
pub use grades::grades;
pub use relation::{Bin, Fit, Pair, Quartiles, boxes, calibration, durations, pairs, scatter};
pub use survival::survival;
pub use terms::{butterfly, dots};

use protocol::Protocol;
use words::Text;

/// Width of every figure, in pixels: a column of text.
pub(crate) const WIDTH: f64 = 720.0;
/// Font sizes that the style sheet gives.
pub(crate) const SIZE: f64 = 13.0;

/// An arm's short name; the id where the protocol has no such arm.
pub(crate) fn arm(protocol: &Protocol, id: Option<&str>) -> Text {
    match id {
        None => crate::say::text("all-participants"),
        Some(id) => protocol
            .arms
            .get(id)
            .map_or_else(|| Text::same(id), |a| a.short.clone().unwrap_or_else(|| Text::new(&a.ja, &a.en))),
    }
}

/// The place of an arm in the protocol: its style.
pub(crate) fn series(protocol: &Protocol, id: Option<&str>) -> u8 {
    id.and_then(|id| protocol.arms.get_index_of(id)).map_or(0, |i| (i % 4) as u8)
}
