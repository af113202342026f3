//! Permuted blocks within a stratum, drawn place by place.

use super::SchemeError;

/// A scheme of permuted blocks: arms in order with their shares, and the permitted sizes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocks {
    pub arms: Vec<String>,
    ratio: Vec<u32>,
    pub sizes: Vec<u32>,
}

/// What a place in a block offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// How many of each arm are left in the block: the numerators of the probabilities.
    pub left: Vec<u64>,
    pub total: u64,
}

impl Blocks {
    /// Every size must be a multiple of the ratio's sum, so that each full block holds the ratio.
    pub fn new<'a>(
        ratio: impl IntoIterator<Item = (&'a str, u32)>,
        sizes: &[u32],
    ) -> Result<Blocks, SchemeError> {
        let (arms, ratio): (Vec<String>, Vec<u32>) =
            ratio.into_iter().map(|(a, r)| (a.to_owned(), r)).unzip();
        if arms.len() < 2 || ratio.contains(&0) {
            return Err(SchemeError::Ratio);
        }
        let common = ratio.iter().fold(0, |g, r| super::gcd(u64::from(*r), g)) as u32;
        let ratio: Vec<u32> = ratio.iter().map(|r| r / common).collect();
        let unit = ratio.iter().try_fold(0u32, |s, r| s.checked_add(*r)).ok_or(SchemeError::Overflow)?;
        if sizes.is_empty() || sizes.iter().any(|s| *s == 0 || !s.is_multiple_of(unit)) {
            return Err(SchemeError::Blocks { unit });
        }
        Ok(Blocks { arms, ratio, sizes: sizes.to_vec() })
    }
}

/// The size of the next block; `drawn` lies below the number of permitted sizes.
pub fn next_block(scheme: &Blocks, drawn: u64) -> Option<u32> {
    scheme.sizes.get(usize::try_from(drawn).ok()?).copied()
}

/// What is left in a block of `size` of which `given` were given, one count for each arm. An arm drawn in proportion
/// to what is left makes every order of the block equally likely. `None` when the block is full or overdrawn.
pub fn place(scheme: &Blocks, size: u32, given: &[u32]) -> Option<Place> {
    let unit: u32 = scheme.ratio.iter().sum();
    let left: Option<Vec<u64>> = scheme
        .ratio
        .iter()
        .zip(given)
        .map(|(r, g)| (r * (size / unit)).checked_sub(*g).map(u64::from))
        .collect();
    let left = left.filter(|l| l.len() == scheme.arms.len())?;
    let total = left.iter().sum();
    (total > 0).then_some(Place { left, total })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allocation::{Purpose, Rng, arm_at};
    use std::collections::BTreeMap;

    fn two_to_one() -> Blocks {
        Blocks::new([("A", 2), ("B", 1)], &[3, 6]).unwrap()
    }

    #[test]
    fn a_size_that_cannot_hold_the_ratio_is_refused() {
        let refuse = |sizes: &[u32]| Blocks::new([("A", 2), ("B", 1)], sizes).unwrap_err();
        assert_eq!(refuse(&[4]), SchemeError::Blocks { unit: 3 });
        assert_eq!(refuse(&[]), SchemeError::Blocks { unit: 3 });
        assert_eq!(refuse(&[3, 0]), SchemeError::Blocks { unit: 3 });
        assert_eq!(Blocks::new([("A", 1)], &[2]).unwrap_err(), SchemeError::Ratio);
    }

    #[test]
    fn a_full_block_holds_exactly_the_ratio() {
        let scheme = two_to_one();
        let rng = Rng::new(&[3; 32], "s", "a", Purpose::Arm);
        for block in 0..200u64 {
            let mut given = [0, 0];
            for n in 0..6 {
                let place = place(&scheme, 6, &given).unwrap();
                given[arm_at(&place.left, rng.draw(block * 6 + n, place.total)).unwrap()] += 1;
            }
            assert_eq!(given, [4, 2]);
            assert_eq!(place(&scheme, 6, &given), None);
        }
    }

    #[test]
    fn every_order_of_a_block_is_equally_likely() {
        let scheme = two_to_one();
        let rng = Rng::new(&[4; 32], "s", "a", Purpose::Arm);
        let mut orders: BTreeMap<String, u32> = BTreeMap::new();
        for block in 0..9000u64 {
            let (mut given, mut order) = ([0, 0], String::new());
            for n in 0..3 {
                let place = place(&scheme, 3, &given).unwrap();
                let arm = arm_at(&place.left, rng.draw(block * 3 + n, place.total)).unwrap();
                given[arm] += 1;
                order.push_str(&scheme.arms[arm]);
            }
            *orders.entry(order).or_default() += 1;
        }
        // Three orders of two A and one B; chi-squared with 2 degrees of freedom, 13.8 is passed once in 1000 seeds.
        assert_eq!(orders.len(), 3);
        let chi: f64 = orders.values().map(|n| (f64::from(*n) - 3000.0).powi(2) / 3000.0).sum();
        assert!(chi < 13.8, "{chi} {orders:?}");
    }
}
