//! The Merkle tree over a study's entry hashes: RFC 6962, section 2.1, with an entry's 32-byte hash as a leaf's data.

use crate::hash::Hash;
use sha2::{Digest, Sha256};

/// The hash of a leaf: SHA-256(0x00 ‖ data).
fn leaf(entry: &Hash) -> Hash {
    Hash(Sha256::new_with_prefix([0]).chain_update(entry.0).finalize().into())
}

/// The hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
fn node(left: &Hash, right: &Hash) -> Hash {
    Hash(Sha256::new_with_prefix([1]).chain_update(left.0).chain_update(right.0).finalize().into())
}

/// A tree that grows to the right and keeps only the roots of its complete subtrees: 32 bytes per binary digit of its
/// size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    /// Roots of complete subtrees, the largest first: one for each 1 in the binary digits of `size`.
    complete: Vec<Hash>,
}

impl Tree {
    pub fn push(&mut self, entry: &Hash) {
        let mut grown = leaf(entry);
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.complete.pop() {
                grown = node(&left, &grown);
            }
        }
        self.complete.push(grown);
        self.size += 1;
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root; SHA-256 of nothing for the empty tree.
    pub fn root(&self) -> Hash {
        let mut subtrees = self.complete.iter().rev();
        let Some(last) = subtrees.next() else { return Hash::of(&[]) };
        subtrees.fold(*last, |right, left| node(left, &right))
    }
}

/// The root over entry hashes.
pub fn root(entries: &[Hash]) -> Hash {
    let mut tree = Tree::default();
    entries.iter().for_each(|e| tree.push(e));
    tree.root()
}

/// Where a tree of `size` > 1 leaves parts: the largest power of two below `size`.
fn split(size: usize) -> usize {
    size.next_power_of_two() / 2
}

/// The audit path for the entry at `index` (from 0) among `entries`, from the leaf upwards (RFC 6962, 2.1.1); `None`
/// when there is no such entry.
pub fn inclusion(entries: &[Hash], index: usize) -> Option<Vec<Hash>> {
    if index >= entries.len() {
        return None;
    }
    if entries.len() == 1 {
        return Some(Vec::new());
    }
    let (left, right) = entries.split_at(split(entries.len()));
    let (mut path, other) = match index.checked_sub(left.len()) {
        None => (inclusion(left, index)?, root(right)),
        Some(index) => (inclusion(right, index)?, root(left)),
    };
    path.push(other);
    Some(path)
}

/// The root that an entry, its index (from 0) in a tree of `size` entries, and its audit path lead to; `None` when the
/// path does not fit index and size. The entry is in the tree when this is the tree's root.
pub fn root_of_inclusion(entry: &Hash, index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut at, mut last, mut path) = (index, size - 1, path.iter());
    let mut hash = leaf(entry);
    while last > 0 {
        if at % 2 == 1 {
            hash = node(path.next()?, &hash);
        } else if at < last {
            hash = node(&hash, path.next()?);
        }
        (at, last) = (at / 2, last / 2);
    }
    path.next().is_none().then_some(hash)
}

/// The proof that the tree over the first `size` entries is a prefix of the tree over all (RFC 6962, 2.1.2); `None` for
/// a size of 0 or beyond the end.
pub fn consistency(entries: &[Hash], size: usize) -> Option<Vec<Hash>> {
    fn part(entries: &[Hash], size: usize, whole: bool) -> Vec<Hash> {
        if size == entries.len() {
            return if whole { Vec::new() } else { vec![root(entries)] };
        }
        let (left, right) = entries.split_at(split(entries.len()));
        let (mut proof, other) = match size.checked_sub(left.len()) {
            None | Some(0) => (part(left, size, whole), root(right)),
            Some(size) => (part(right, size, false), root(left)),
        };
        proof.push(other);
        proof
    }
    (1..=entries.len()).contains(&size).then(|| part(entries, size, true))
}

/// Whether a tree of `old` entries with `old_root` is a prefix of one of `new` entries with `new_root`
/// (the verification of RFC 9162, 2.1.4.2, which fits the proofs of RFC 6962).
pub fn is_prefix(old: u64, old_root: &Hash, new: u64, new_root: &Hash, proof: &[Hash]) -> bool {
    if old == 0 || old > new {
        return false;
    }
    if old == new {
        return old_root == new_root && proof.is_empty();
    }
    let mut path = proof.iter();
    // A complete old tree is a node of the new one: its root is not repeated in the proof.
    let start = if old.is_power_of_two() { Some(old_root) } else { path.next() };
    let Some(&start) = start else { return false };
    let shift = (old - 1).trailing_ones();
    let (mut at, mut last) = ((old - 1) >> shift, (new - 1) >> shift);
    let (mut before, mut after) = (start, start);
    for hash in path {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            before = node(hash, &before);
            after = node(hash, &after);
            while at % 2 == 0 && at != 0 {
                (at, last) = (at / 2, last / 2);
            }
        } else {
            after = node(&after, hash);
        }
        (at, last) = (at / 2, last / 2);
    }
    last == 0 && before == *old_root && after == *new_root
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The tree of RFC 6962 over leaves of any length, as the published vectors need it, by the definition.
    fn by_definition(leaves: &[Vec<u8>]) -> Hash {
        match leaves {
            [] => Hash::of(&[]),
            [one] => Hash::of(&[&[0], &one[..]].concat()),
            _ => {
                let (l, r) = leaves.split_at(split(leaves.len()));
                Hash::of(&[&[1], &by_definition(l).0[..], &by_definition(r).0[..]].concat())
            }
        }
    }

    fn hashes(n: usize) -> Vec<Hash> {
        (0..n).map(|i| Hash::of(&i.to_be_bytes())).collect()
    }

    /// The roots of the Certificate Transparency reference implementation's test
    /// (google/certificate-transparency, merkletree/merkle_tree_test.cc).
    #[test]
    fn the_definition_gives_the_published_roots() {
        let leaves: Vec<Vec<u8>> = vec![
            vec![],
            vec![0x00],
            vec![0x10],
            vec![0x20, 0x21],
            vec![0x30, 0x31],
            vec![0x40, 0x41, 0x42, 0x43],
            (0x50..0x58).collect(),
            (0x60..0x70).collect(),
        ];
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        for (n, root) in (1..).zip(roots) {
            assert_eq!(by_definition(&leaves[..n]).to_string(), root);
        }
    }

    #[test]
    fn the_growing_tree_has_the_root_of_the_definition() {
        let all = hashes(130);
        let mut tree = Tree::default();
        for n in 0..=all.len() {
            let leaves: Vec<Vec<u8>> = all[..n].iter().map(|h| h.0.to_vec()).collect();
            assert_eq!(tree.root(), by_definition(&leaves));
            assert_eq!(tree.size(), n as u64);
            assert_eq!(tree.complete.len() as u32, n.count_ones());
            if let Some(next) = all.get(n) {
                tree.push(next);
            }
        }
    }

    #[test]
    fn every_entry_of_every_small_tree_is_shown_to_be_in_it_and_nowhere_else() {
        let all = hashes(34);
        for size in 1..=all.len() {
            let top = root(&all[..size]);
            for index in 0..size {
                let path = inclusion(&all[..size], index).unwrap();
                let leads = |entry: &Hash, index: usize, size: usize, path: &[Hash]| {
                    root_of_inclusion(entry, index as u64, size as u64, path) == Some(top)
                };
                assert!(leads(&all[index], index, size, &path));
                assert!(!leads(&Hash::ZERO, index, size, &path));
                for other in (0..size).filter(|o| *o != index) {
                    assert!(!leads(&all[index], other, size, &path));
                }
                assert!(!leads(&all[index], index, size, &[&path[..], &[top]].concat()));
                if let Some((_, shorter)) = path.split_last() {
                    assert!(!leads(&all[index], index, size, shorter));
                    for at in 0..path.len() {
                        let mut spoilt = path.clone();
                        spoilt[at].0[5] ^= 1;
                        assert!(!leads(&all[index], index, size, &spoilt));
                    }
                }
            }
            assert_eq!(inclusion(&all[..size], size), None);
        }
    }

    #[test]
    fn every_prefix_of_every_small_tree_is_shown_to_be_one() {
        let all = hashes(34);
        for new in 1..=all.len() {
            let new_root = root(&all[..new]);
            for old in 1..=new {
                let proof = consistency(&all[..new], old).unwrap();
                let old_root = root(&all[..old]);
                let (o, n) = (old as u64, new as u64);
                assert!(is_prefix(o, &old_root, n, &new_root, &proof), "{old} of {new}");
                assert!(!is_prefix(o, &Hash::ZERO, n, &new_root, &proof));
                assert!(!is_prefix(o, &old_root, n, &Hash::ZERO, &proof));
                assert!(!is_prefix(o, &old_root, n, &new_root, &[&proof[..], &[new_root]].concat()));
                for at in 0..proof.len() {
                    let mut spoilt = proof.clone();
                    spoilt[at].0[5] ^= 1;
                    assert!(!is_prefix(o, &old_root, n, &new_root, &spoilt));
                }
            }
            assert_eq!(consistency(&all[..new], 0), None);
            assert_eq!(consistency(&all[..new], new + 1), None);
        }
    }

    proptest! {
        #[test]
        fn hostile_proofs_are_answered_without_a_panic(
            index in any::<u64>(), size in any::<u64>(), path in proptest::collection::vec(any::<[u8; 32]>(), 0..70),
        ) {
            let path: Vec<Hash> = path.into_iter().map(Hash).collect();
            prop_assert_ne!(root_of_inclusion(&Hash::ZERO, index, size, &path), Some(Hash::ZERO));
            prop_assert!(!is_prefix(index, &Hash::ZERO, size, &Hash([1; 32]), &path));
        }
    }
}
