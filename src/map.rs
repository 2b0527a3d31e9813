//! Ordered maps: the standard library's, and in the module a sorted list that can do as much as is
//! asked of it here. A tree is code for each type of value, twenty kilobytes of the module.

#[cfg(not(target_arch = "wasm32"))]
pub use std::collections::BTreeMap;

#[cfg(target_arch = "wasm32")]
pub use sorted::BTreeMap;

/// A map of entries with distinct keys, in any order.
#[cfg(any(feature = "wasm", feature = "reader"))]
pub(crate) fn of_distinct<V>(entries: Vec<(String, V)>) -> BTreeMap<String, V> {
    #[cfg(target_arch = "wasm32")]
    return BTreeMap::of_distinct(entries);
    #[cfg(not(target_arch = "wasm32"))]
    return entries.into_iter().collect();
}

/// Puts a list into order, in place and without a copy: a heap sort, because the standard library's
/// sorts are each larger than everything else in this file.
pub(crate) fn sort<T>(list: &mut [T], is_before: &dyn Fn(&T, &T) -> bool) {
    let length = list.len();
    for root in (0..length / 2).rev() {
        sift(list, root, length, is_before);
    }
    for end in (1..length).rev() {
        list.swap(0, end);
        sift(list, 0, end, is_before);
    }
}

/// Lets an element sink until nothing below it is greater.
fn sift<T>(list: &mut [T], mut root: usize, end: usize, is_before: &dyn Fn(&T, &T) -> bool) {
    let less = |list: &[T], left: usize, right: usize| {
        list.get(left).zip(list.get(right)).is_some_and(|(left, right)| is_before(left, right))
    };
    loop {
        let mut child = root * 2 + 1;
        if child + 1 < end && less(list, child, child + 1) {
            child += 1;
        }
        if child >= end || !less(list, root, child) {
            return;
        }
        list.swap(root, child);
        root = child;
    }
}

#[cfg(any(test, target_arch = "wasm32"))]
#[allow(missing_docs, reason = "the methods of the standard library's map")]
mod sorted {
    use std::borrow::Borrow;
    use std::slice;
    use std::vec;

    use serde::{Serialize, Serializer};

    /// A map as a sorted list; it has the name and the methods of the tree that it stands for.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct BTreeMap<K, V> {
        entries: Vec<(K, V)>,
    }

    impl<K: Ord, V> BTreeMap<K, V> {
        pub const fn new() -> Self {
            Self { entries: Vec::new() }
        }

        /// A map of entries with distinct keys in any order: inserting very many out of order would
        /// take for ever.
        pub(crate) fn of_distinct(mut entries: Vec<(K, V)>) -> Self {
            if !entries.is_sorted_by(|(left, _), (right, _)| left < right) {
                super::sort(&mut entries, &|(left, _), (right, _)| left < right);
            }
            Self { entries }
        }

        fn place<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
        where
            K: Borrow<Q>,
        {
            // What comes in order, as it mostly does, goes to the end at once.
            if self.entries.last().is_none_or(|(last, _)| last.borrow() < key) {
                return Err(self.entries.len());
            }
            self.entries.binary_search_by(|(known, _)| known.borrow().cmp(key))
        }

        pub fn insert(&mut self, key: K, value: V) -> Option<V> {
            match self.place(&key) {
                Ok(place) => {
                    let (_, known) = self.entries.get_mut(place)?;
                    Some(std::mem::replace(known, value))
                }
                Err(place) => {
                    self.entries.insert(place, (key, value));
                    None
                }
            }
        }

        pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
        where
            K: Borrow<Q>,
        {
            let place = self.place(key).ok()?;
            self.entries.get(place).map(|(_, value)| value)
        }

        pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
        where
            K: Borrow<Q>,
        {
            self.place(key).is_ok()
        }

        pub const fn len(&self) -> usize {
            self.entries.len()
        }

        pub const fn is_empty(&self) -> bool {
            self.entries.is_empty()
        }

        pub fn keys(&self) -> impl ExactSizeIterator<Item = &K> + Clone {
            self.entries.iter().map(|(key, _)| key)
        }

        pub fn values(&self) -> impl ExactSizeIterator<Item = &V> + Clone {
            self.entries.iter().map(|(_, value)| value)
        }

        pub fn iter(&self) -> Iter<'_, K, V> {
            self.into_iter()
        }
    }

    type Iter<'a, K, V> = std::iter::Map<slice::Iter<'a, (K, V)>, fn(&(K, V)) -> (&K, &V)>;

    impl<'a, K, V> IntoIterator for &'a BTreeMap<K, V> {
        type Item = (&'a K, &'a V);
        type IntoIter = Iter<'a, K, V>;

        fn into_iter(self) -> Self::IntoIter {
            self.entries.iter().map(|(key, value)| (key, value))
        }
    }

    impl<K, V> IntoIterator for BTreeMap<K, V> {
        type Item = (K, V);
        type IntoIter = vec::IntoIter<(K, V)>;

        fn into_iter(self) -> Self::IntoIter {
            self.entries.into_iter()
        }
    }

    impl<K: Ord, V> Default for BTreeMap<K, V> {
        fn default() -> Self {
            Self::new()
        }
    }

    impl<K: Ord, V> FromIterator<(K, V)> for BTreeMap<K, V> {
        fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
            let mut map = Self::new();
            for (key, value) in entries {
                map.insert(key, value);
            }
            map
        }
    }

    impl<K: Ord, V, const COUNT: usize> From<[(K, V); COUNT]> for BTreeMap<K, V> {
        fn from(entries: [(K, V); COUNT]) -> Self {
            entries.into_iter().collect()
        }
    }

    impl<K: Serialize, V: Serialize> Serialize for BTreeMap<K, V> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::sort;
    use super::sorted::BTreeMap;

    #[test]
    fn the_list_does_what_the_tree_does() {
        let mut state = 1_u32;
        let mut chance = move |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % below
        };
        for _ in 0..2_000 {
            let entries: Vec<(u32, u32)> = (0..chance(40)).map(|at| (chance(30), at)).collect();
            let mut tree = std::collections::BTreeMap::new();
            let mut list = BTreeMap::new();
            for (key, value) in &entries {
                assert_eq!(tree.insert(*key, *value), list.insert(*key, *value));
            }
            assert!(tree.iter().eq(&list) && tree.keys().eq(list.keys()));
            assert!(tree.values().eq(list.values()) && tree.len() == list.len());
            for key in 0..30 {
                assert_eq!(tree.get(&key), list.get(&key));
                assert_eq!(tree.contains_key(&key), list.contains_key(&key));
            }
            let turned: BTreeMap<u32, u32> = tree.clone().into_iter().rev().collect();
            assert_eq!(turned, list);
            assert_eq!(BTreeMap::of_distinct(tree.clone().into_iter().rev().collect()), list);
            assert!(tree.into_iter().eq(list));
            let (mut sorted, mut own) = (entries.clone(), entries);
            sorted.sort_unstable();
            sort(&mut own, &|left, right| left < right);
            assert_eq!(sorted, own);
        }
    }
}
