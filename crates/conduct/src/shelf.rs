//! A growing row of shared things whose copy costs next to nothing.

use std::fmt;
use std::sync::Arc;

/// Things of a chunk, and chunks of a case.
const FAN: usize = 64;

type Chunk<T> = Arc<Vec<Arc<T>>>;
type Case<T> = Arc<Vec<Chunk<T>>>;

/// A vector that only grows; copies share their contents until one of them changes an element. A copy is one count; a
/// change after it copies one chunk, one case and the row of cases, each a few dozen counts: with a hundred thousand
/// elements as with ten.
#[derive(Clone)]
pub struct Shelf<T> {
    cases: Arc<Vec<Case<T>>>,
    len: usize,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Shelf { cases: Arc::default(), len: 0 }
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
        self.arc(index).map(Arc::as_ref)
    }

    /// The element for changing; it is copied first if another shelf shares it.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        if index >= self.len {
            return None;
        }
        self.arc_mut(index).map(Arc::make_mut)
    }

    pub fn push(&mut self, thing: T) {
        let cases = Arc::make_mut(&mut self.cases);
        if self.len.is_multiple_of(FAN * FAN) {
            cases.push(Arc::default());
        }
        let Some(case) = cases.last_mut().map(Arc::make_mut) else { return };
        if self.len.is_multiple_of(FAN) {
            case.push(Arc::default());
        }
        if let Some(chunk) = case.last_mut() {
            Arc::make_mut(chunk).push(Arc::new(thing));
            self.len += 1;
        }
    }

    /// Takes over from another shelf what is the same there at the same place, so that both hold it once. An element
    /// that differs is replaced by what `parts` makes of it and the other's: again the same, with parts of the other.
    pub fn share_with(&mut self, other: &Shelf<T>, parts: impl Fn(&T, &T) -> Option<T>)
    where
        T: PartialEq,
    {
        for at in 0..self.len.min(other.len) {
            let (Some(mine), Some(theirs)) = (self.arc(at), other.arc(at)) else { return };
            if Arc::ptr_eq(mine, theirs) {
                continue;
            }
            let shared = match mine == theirs {
                true => Some(theirs.clone()),
                false => parts(mine, theirs).map(Arc::new),
            };
            if let (Some(shared), Some(place)) = (shared, self.arc_mut(at)) {
                *place = shared;
            }
        }
    }

    fn arc(&self, index: usize) -> Option<&Arc<T>> {
        self.cases.get(index / (FAN * FAN))?.get(index / FAN % FAN)?.get(index % FAN)
    }

    fn arc_mut(&mut self, index: usize) -> Option<&mut Arc<T>> {
        let case = Arc::make_mut(Arc::make_mut(&mut self.cases).get_mut(index / (FAN * FAN))?);
        Arc::make_mut(case.get_mut(index / FAN % FAN)?).get_mut(index % FAN)
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.cases.iter().flat_map(|case| case.iter()).flat_map(|chunk| chunk.iter().map(Arc::as_ref))
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
        (0..5000).for_each(|n| live.push(n));
        let kept = live.clone();
        *live.get_mut(4130).unwrap() = -1;
        live.push(5000);
        assert_eq!((kept.len(), kept.get(4130), kept.get(5000)), (5000, Some(&4130), None));
        assert_eq!((live.len(), live.get(4130), live.get(5000)), (5001, Some(&-1), Some(&5000)));
        assert!(kept.iter().copied().eq(0..5000));
        assert_eq!(live.get_mut(5001), None);
    }

    #[test]
    fn two_shelves_hold_what_is_the_same_once_and_what_differs_each_for_itself() {
        let (mut mine, mut theirs) = (Shelf::default(), Shelf::default());
        (0..5000).for_each(|n| mine.push((n, 0)));
        (0..6000).for_each(|n| theirs.push((n, n % 2)));
        let before = mine.iter().copied().collect::<Vec<_>>();
        mine.share_with(&theirs, |mine, theirs| (mine.0 == 77).then_some((mine.0, theirs.0 - 77)));
        assert!(mine.iter().copied().eq(before), "sharing changes nothing");
        let shared = |at| Arc::ptr_eq(mine.arc(at).unwrap(), theirs.arc(at).unwrap());
        assert!((0..5000).all(|at| shared(at) == at.is_multiple_of(2)));
        *mine.get_mut(4998).unwrap() = (-1, -1);
        assert_eq!(theirs.get(4998), Some(&(4998, 0)));
    }

    #[test]
    fn of_a_copy_only_what_leads_to_a_changed_element_is_copied() {
        let mut live = Shelf::default();
        (0..20_000).for_each(|n| live.push(n));
        let kept = live.clone();
        *live.get_mut(9000).unwrap() = -1;
        let shared = live.cases.iter().zip(kept.cases.iter()).filter(|(a, b)| Arc::ptr_eq(a, b)).count();
        assert_eq!((shared, kept.cases.len()), (4, 5));
        let (mine, theirs) = (&live.cases[2], &kept.cases[2]);
        let shared = mine.iter().zip(theirs.iter()).filter(|(a, b)| Arc::ptr_eq(a, b)).count();
        assert_eq!((shared, theirs.len()), (63, 64));
    }
}
