//! Proportions: one sample, two groups, strata, trend and matched pairs.

mod binomial;
mod difference;
mod fisher;
mod fisher_rxc;
mod mcnemar;
mod restricted;
mod stratified;
#[cfg(test)]
mod tests;
mod trend;
mod unconditional;

pub(crate) use binomial::wilson;
pub use binomial::{BinomialMethod, TwoSidedRule, binomial_interval, binomial_test};
pub use difference::{
    DifferenceMethod, RatioMethod, Yates, farrington_manning, odds_ratio, odds_ratio_score, pearson_chi2,
    risk_difference, risk_ratio,
};
pub use fisher::{Fisher, fisher_2x2};
pub use fisher_rxc::{FisherMonteCarlo, fisher_rxc, fisher_rxc_monte_carlo};
pub use mcnemar::{McNemar, PairedDifferenceMethod, mcnemar, paired_difference};
pub use stratified::{MantelHaenszel, MantelHaenszelExact, mantel_haenszel, mantel_haenszel_exact};
pub use trend::{cochran_armitage, cochran_armitage_exact, homogeneity};
pub use unconditional::{BoschlooSides, barnard, boschloo, exact_difference, exact_ratio};

use crate::{Result, StatsError};

/// Successes among the participants of one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Successes.
    pub x: u64,
    /// Participants.
    pub n: u64,
}

impl Count {
    /// `x` successes among `n`.
    pub fn new(x: u64, n: u64) -> Count {
        Count { x, n }
    }

    /// Refuses an empty group and more successes than participants.
    pub(crate) fn check(self) -> Result<()> {
        if self.n == 0 {
            return Err(StatsError::NoRows);
        }
        if self.x > self.n {
            return Err(StatsError::Option {
                name: "number of successes",
                value: self.x as f64,
                range: "0 to the number of participants",
            });
        }
        Ok(())
    }

    pub(crate) fn p(self) -> f64 {
        self.x as f64 / self.n as f64
    }
}
