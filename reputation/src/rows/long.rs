//! The rows of an account with more than one chunk.

use super::arena::Arena;
use super::chunk::{Chunk, Width};
use crate::draw::{Divider, Draw, Walk};
use crate::{AccountId, Piece, Points};

/// Chunks in order; no chunk is empty. Three columns, because a draw reads sums only and a search
/// first origins only.
#[derive(Clone, Debug, Default)]
pub(super) struct Long {
    /// The lowest origin that may be in the chunk; the first one's is not read.
    heads: Vec<u32>,
    sums: Vec<u64>,
    chunks: Vec<Chunk>,
    len: usize,
}

impl Long {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }

    pub(super) fn sum(&self) -> u64 {
        self.sums.iter().sum()
    }

    /// The chunk in which an origin is, if it is anywhere.
    pub(super) fn chunk_of(&self, origin: AccountId) -> (usize, Chunk) {
        let at = self
            .heads
            .partition_point(|head| *head <= origin.0)
            .saturating_sub(1);
        (at, self.chunks.get(at).copied().unwrap_or(Chunk::EMPTY))
    }

    /// The first origin of the chunk after this one.
    pub(super) fn next_head(&self, at: usize) -> Option<u32> {
        self.heads.get(at + 1).copied()
    }

    pub(super) fn push(&mut self, head: u32, chunk: Chunk, sum: u64) {
        self.insert(self.chunks.len(), head, chunk, sum);
    }

    pub(super) fn insert(&mut self, at: usize, head: u32, chunk: Chunk, sum: u64) {
        self.len += chunk.len();
        self.heads.insert(at, head);
        self.chunks.insert(at, chunk);
        self.sums.insert(at, sum);
    }

    /// Changes one chunk.
    pub(super) fn set(&mut self, at: usize, chunk: Chunk, sum: u64) {
        self.len = self.len + chunk.len() - self.chunks[at].len();
        self.chunks[at] = chunk;
        self.sums[at] = sum;
    }

    pub(super) fn sum_of(&self, at: usize) -> u64 {
        self.sums[at]
    }

    /// See [`RowStore::take`](super::RowStore::take). Answers whether a row was left with no
    /// points; such rows are gone.
    pub(super) fn take(
        &mut self,
        arena: &mut Arena,
        width: Width,
        walk: &mut Walk,
        start: u64,
        hit: &mut impl FnMut(AccountId, u64, Points),
    ) -> bool {
        let (mut end, mut any) = (start, false);
        for at in 0..self.chunks.len() {
            let from = end;
            end += self.sums[at];
            if walk.next >= end {
                continue;
            }
            let (taken, emptied) = self.chunks[at].take(arena, width, walk, from, hit);
            self.sums[at] -= taken;
            if emptied {
                self.compact(arena, width, at);
                any = true;
            }
        }
        any
    }

    /// As `take`, for samples with many points per row.
    pub(super) fn take_many(
        &mut self,
        arena: &mut Arena,
        width: Width,
        draw: &Draw,
        (mut start, mut first): (u64, u64),
        hit: &mut impl FnMut(AccountId, u64, Points),
    ) -> bool {
        let mut any = false;
        for at in 0..self.chunks.len() {
            let next = start + self.sums[at];
            let (taken, emptied) =
                self.chunks[at].take_many(arena, width, draw, (start, first), hit);
            self.sums[at] -= taken;
            if emptied {
                self.compact(arena, width, at);
                any = true;
            }
            (start, first) = (next, first + taken);
        }
        any
    }

    /// See [`RowStore::withdraw`](super::RowStore::withdraw).
    pub(super) fn withdraw(
        &mut self,
        arena: &mut Arena,
        part: u64,
        whole: Divider,
        epoch: u32,
        out: &mut Vec<Piece>,
    ) {
        for at in 0..self.chunks.len() {
            let mut chunk = self.chunks[at];
            self.sums[at] -= chunk.withdraw(arena, part, whole, epoch, out);
            self.set(at, chunk, self.sums[at]);
        }
    }

    fn compact(&mut self, arena: &mut Arena, width: Width, at: usize) {
        let mut chunk = self.chunks[at];
        chunk.compact(arena, width);
        self.set(at, chunk, self.sums[at]);
    }

    /// Whether some chunk is empty, or the whole has become so sparse that it should be laid out
    /// anew.
    pub(super) fn is_sparse(&self) -> bool {
        self.chunks.iter().any(|chunk| chunk.len == 0)
            || self.len < self.chunks.len() * super::merge::FILL / 3
            || self.len <= super::chunk::MOST / 2
    }
}
