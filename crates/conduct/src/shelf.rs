//! A growing row of shared things whose copy costs next to nothing.

use std::fmt;
use std::sync::Arc;

const CHUNK: usize = 128;

/// A vector that only grows; copies share their contents until one of them changes an element.
#[derive(Clone)]
pub struct Shelf<T> {
    chunks: Vec<Arc<Vec<Arc<T>>>>,
    len: usize,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Shelf { chunks: Vec::new(), len: 0 }
    }
}

impl<T: Clone> Shelf<T> {
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn get(&self, index: usize) -> Option<&T> {
        self.chunks.get(index / CHUNK)?.get(index % CHUNK).map(Arc::as_ref)
    }

    /// The element for changing; it is copied first if another shelf shares it.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        let chunk = Arc::make_mut(self.chunks.get_mut(index / CHUNK)?);
        chunk.get_mut(index % CHUNK).map(Arc::make_mut)
    }

    pub fn push(&mut self, thing: T) {
        if self.len.is_multiple_of(CHUNK) {
            self.chunks.push(Arc::new(Vec::new()));
        }
        if let Some(chunk) = self.chunks.last_mut() {
            Arc::make_mut(chunk).push(Arc::new(thing));
            self.len += 1;
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flat_map(|c| c.iter().map(Arc::as_ref))
    }
}

impl<T: Clone + PartialEq> PartialEq for Shelf<T> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

impl<T: Clone + fmt::Debug> fmt::Debug for Shelf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_does_not_see_what_is_changed_or_added_afterwards() {
        let mut live = Shelf::default();
        (0..300).for_each(|n| live.push(n));
        let kept = live.clone();
        *live.get_mut(130).unwrap() = -1;
        live.push(300);
        assert_eq!((kept.len(), kept.get(130), kept.get(300)), (300, Some(&130), None));
        assert_eq!((live.len(), live.get(130), live.get(300)), (301, Some(&-1), Some(&300)));
        assert!(kept.iter().copied().eq(0..300));
    }
}
