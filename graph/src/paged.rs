//! A growing table that never moves what it holds.

use std::ops::{Index, IndexMut};

/// Entries of a page.
const PAGE: usize = 1 << 12;

/// A vector in pages.
///
/// A plain vector of two million entries copies them all when it grows: a stall of milliseconds
/// in the single writer, and twice the memory. Here growing touches one page.
#[derive(Clone, Debug)]
pub(crate) struct Paged<T> {
    pages: Vec<Vec<T>>,
    len: usize,
}

impl<T> Paged<T> {
    pub(crate) fn new() -> Self {
        Self {
            pages: Vec::new(),
            len: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn push(&mut self, value: T) {
        if self.len.is_multiple_of(PAGE) {
            // A small circle stays small: only its second page is taken whole.
            let capacity = if self.len == 0 { 0 } else { PAGE };
            self.pages.push(Vec::with_capacity(capacity));
        }
        self.pages[self.len / PAGE].push(value);
        self.len += 1;
    }

    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        self.pages.get(index / PAGE)?.get(index % PAGE)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> + Clone + '_ {
        self.pages.iter().flatten()
    }
}

impl<T> Index<usize> for Paged<T> {
    type Output = T;

    fn index(&self, index: usize) -> &T {
        &self.pages[index / PAGE][index % PAGE]
    }
}

impl<T> IndexMut<usize> for Paged<T> {
    fn index_mut(&mut self, index: usize) -> &mut T {
        &mut self.pages[index / PAGE][index % PAGE]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_on_both_sides_of_a_page() {
        let mut paged = Paged::new();
        for value in 0..PAGE * 2 + 3 {
            paged.push(value);
        }
        assert_eq!(paged.len(), PAGE * 2 + 3);
        assert!((0..paged.len()).all(|index| paged[index] == index));
        assert_eq!(paged.get(paged.len()), None);
        assert_eq!(paged.iter().copied().max(), Some(PAGE * 2 + 2));
    }
}
