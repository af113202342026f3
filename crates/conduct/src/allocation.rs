//! Allocation as pure algorithms: no participants, no ledger, no clock. Also used to study a scheme before it opens.
//!
//! Minimisation after Pocock & Simon (1975) with the probabilities of Han, Enas & McEntegart (2009); permuted
//! blocks within strata; draws from ChaCha20 that anyone can repeat once the seed is revealed. All in whole
//! numbers: no float decides who gets what.

mod blocks;
mod draw;
mod minimise;

pub use blocks::{Blocks, Place, next_block, place};
pub use draw::{Purpose, Rng, draw};
pub use minimise::{Choice, Scheme, SchemeError, minimise};

/// The (virtual) arm at which `drawn` lies: the first whose cumulated probability exceeds it. `None` when `drawn` is
/// not below the total.
pub fn arm_at(probabilities: &[u64], drawn: u64) -> Option<usize> {
    let mut below = 0u64;
    probabilities.iter().position(|p| {
        below = below.saturating_add(*p);
        drawn < below
    })
}

pub(crate) fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
