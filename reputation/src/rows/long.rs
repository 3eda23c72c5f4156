//! The rows of an account with more than one chunk.

use super::arena::{Arena, Block};
use super::chunk::Chunk;
use crate::draw::{Divider, Draw, Walk};
use crate::{AccountId, Piece, Points};

/// Chunks in order; no chunk is empty.
#[derive(Clone, Debug, Default)]
pub(super) struct Long {
    links: Vec<Link>,
    /// Rows, without the gaps between them.
    len: usize,
}

/// One chunk and what is known of it without looking, 24 bytes.
#[derive(Copy, Clone, Debug)]
struct Link {
    sum: u64,
    /// The lowest origin that may be in the chunk: 0 of the first one.
    head: u32,
    place: u32,
    /// Rows, gaps included.
    len: u16,
    class: u8,
}

impl Link {
    fn new(head: u32, chunk: Chunk, sum: u64) -> Self {
        let (place, class) = chunk.block.parts();
        Self {
            sum,
            head,
            place,
            len: chunk.len,
            class,
        }
    }

    fn chunk(self) -> Chunk {
        Chunk {
            block: Block::from_parts((self.place, self.class)),
            len: self.len,
        }
    }
}

impl Long {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn chunks(&self) -> impl Iterator<Item = Chunk> + '_ {
        self.links.iter().map(|link| link.chunk())
    }

    pub(super) fn chunk(&self, at: usize) -> Chunk {
        self.links[at].chunk()
    }

    /// The chunk in which an origin is, if it is anywhere; not before the chunk `from`.
    pub(super) fn chunk_of(&self, origin: AccountId, from: usize) -> usize {
        // Pieces come in order, so the next chunk or one soon after is the likely one.
        let near = &self.links[from + 1..self.links.len().min(from + 5)];
        let steps = near.iter().take_while(|link| link.head <= origin.0).count();
        if steps < 4 {
            return from + steps;
        }
        let far = &self.links[from + 5..];
        from + 4 + far.partition_point(|link| link.head <= origin.0)
    }

    /// The lowest origin that may be in a chunk, and in the one after it if there is one.
    pub(super) fn heads(&self, at: usize) -> (u32, Option<u32>) {
        (
            self.links[at].head,
            self.links.get(at + 1).map(|link| link.head),
        )
    }

    pub(super) fn sum_of(&self, at: usize) -> u64 {
        self.links[at].sum
    }

    /// Changes one chunk.
    pub(super) fn set(&mut self, at: usize, chunk: Chunk, sum: u64) {
        self.links[at] = Link::new(self.links[at].head, chunk, sum);
    }

    /// Inserts a chunk of rows from this origin on.
    pub(super) fn insert(&mut self, at: usize, first: u32, chunk: Chunk, sum: u64) {
        let head = if at == 0 { 0 } else { first };
        self.links.insert(at, Link::new(head, chunk, sum));
    }

    /// Notes that chunks have so many rows more together.
    pub(super) fn grow(&mut self, rows: usize) {
        self.len += rows;
    }

    /// See [`RowStore::take`](super::RowStore::take). Answers with the points taken.
    /// Rows left with none are gaps.
    pub(super) fn take(
        &mut self,
        arena: &mut Arena,
        walk: &mut Walk,
        start: u64,
        hit: &mut impl FnMut(AccountId, u64, Points),
    ) -> u64 {
        if arena.is_large() {
            self.prefetch_hits(arena, *walk, start);
        }
        let (first, mut end, mut hollow) = (walk.index, start, false);
        for link in &mut self.links {
            let from = end;
            end += link.sum;
            if walk.next >= end {
                continue;
            }
            let (taken, emptied) = link.chunk().take(arena, walk, (from, link.sum), hit);
            link.sum -= taken;
            self.len -= emptied;
            hollow |= link.sum == 0;
        }
        self.fill(arena, hollow);
        walk.index - first
    }

    /// About which row of a chunk an origin is, as if its origins were evenly spread; `None` if it
    /// is not known how far they go.
    pub(super) fn near(&self, at: usize, origin: AccountId) -> Option<usize> {
        let (head, next) = self.heads(at);
        let rows = u64::from(origin.0 - head) * u64::from(self.links[at].len);
        usize::try_from(rows / u64::from(next? - head)).ok()
    }

    /// Fetches what `take` will read: all chunks at once, where `take` would wait for each.
    pub(super) fn prefetch_hits(&self, arena: &Arena, mut walk: Walk, start: u64) {
        let mut end = start;
        for link in &self.links {
            let from = end;
            end += link.sum;
            if walk.next < end {
                let mut last = 0;
                while walk.next < end {
                    last = walk.next - from;
                    walk.advance();
                }
                // As if all rows had the same points: most of the time it is not far off.
                if let Ok(last) = usize::try_from(last * u64::from(link.len) / link.sum) {
                    link.chunk().prefetch_hits(arena, last);
                }
            }
        }
    }

    /// Fetches what crediting these pieces is about to read.
    pub(super) fn prefetch_targets(&self, arena: &Arena, pieces: &[Piece]) {
        let mut at = 0;
        for piece in pieces {
            at = self.prefetch_target(arena, piece.origin, at);
        }
    }

    /// Fetches what crediting to this origin, not before the chunk `from`, will read. Answers with
    /// the chunk.
    pub(super) fn prefetch_target(&self, arena: &Arena, origin: AccountId, from: usize) -> usize {
        let at = self.chunk_of(origin, from);
        let near = self.near(at, origin);
        self.chunk(at).prefetch_near(arena, near);
        at
    }

    /// As `take`, for samples with many points per row.
    pub(super) fn take_many(
        &mut self,
        arena: &mut Arena,
        draw: &Draw,
        (mut start, mut first): (u64, u64),
        hit: &mut impl FnMut(AccountId, u64, Points),
    ) -> u64 {
        let (before, mut hollow) = (first, false);
        for link in &mut self.links {
            let (taken, emptied) = link.chunk().take_many(arena, draw, (start, first), hit);
            (start, first) = (start + link.sum, first + taken);
            link.sum -= taken;
            self.len -= emptied;
            hollow |= link.sum == 0;
        }
        self.fill(arena, hollow);
        first - before
    }

    /// See [`RowStore::withdraw`](super::RowStore::withdraw).
    pub(super) fn withdraw(
        &mut self,
        arena: &mut Arena,
        part: u64,
        whole: Divider,
        epoch: u32,
        out: &mut Vec<Piece>,
    ) -> u64 {
        let (mut all, mut hollow) = (0, false);
        for link in &mut self.links {
            let mut chunk = link.chunk();
            let withdrawn = chunk.withdraw(arena, part, whole, epoch, out);
            self.len -= usize::from(link.len - chunk.len);
            *link = Link::new(link.head, chunk, link.sum - withdrawn);
            all += withdrawn;
            hollow |= link.sum == 0;
        }
        self.fill(arena, hollow);
        all
    }

    /// Drops empty chunks, if there are any.
    fn fill(&mut self, arena: &mut Arena, hollow: bool) {
        if hollow {
            let empty = self.links.iter().filter(|link| link.sum == 0);
            empty.for_each(|link| arena.release(link.chunk().block));
            self.links.retain(|link| link.sum > 0);
            if let Some(first) = self.links.first_mut() {
                first.head = 0;
            }
        }
    }

    /// Whether it has become so sparse that it should be laid out anew.
    pub(super) fn is_sparse(&self) -> bool {
        self.len < self.links.len() * super::merge::FILL / 3 || self.len <= super::chunk::MOST / 2
    }
}
