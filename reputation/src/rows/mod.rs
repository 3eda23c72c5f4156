//! The rows of all accounts: points received, ascending by origin, none of zero points.
//!
//! An account of up to [`MOST`](chunk::MOST) rows has them in one chunk, whose block it names
//! itself; one with more has a list of chunks with their first origins and their sums, so that a
//! draw skips what it does not hit, and gaps between their rows, so that a new row moves few of
//! them. Why so, and what it costs:
//! `docs/decisions/0003-ledger-layout.md`.

mod arena;
mod chunk;
mod gaps;
mod long;
mod merge;
mod search;
mod tick;

pub(crate) use tick::decayed;

use prefetch_index::prefetch_index;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use arena::{Arena, Block};
use chunk::{Chunk, Missing, Width};
use long::Long;

use crate::draw::{Divider, Draw};
use crate::{AccountId, Piece, Points, Row};

/// The rows of one account: a handle into [`RowStore`], 16 bytes.
#[derive(Copy, Clone, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(crate) struct Rows {
    /// Sum of all points.
    sum: u64,
    /// Place of the block, or which of the long ones.
    place: u32,
    len: u16,
    /// Class of the block, or [`LONG`].
    class: u8,
    width: Width,
}

/// Instead of a block's class: the rows are a list of chunks.
const LONG: u8 = u8::MAX;

impl Rows {
    pub(crate) const EMPTY: Self = {
        let (place, class) = Block::EMPTY.parts();
        Self {
            sum: 0,
            place,
            len: 0,
            class,
            width: Width::NARROW,
        }
    };

    /// Sum of the points of all rows.
    pub(crate) fn sum(&self) -> u64 {
        self.sum
    }

    fn is_long(&self) -> bool {
        self.class == LONG
    }

    /// The one chunk of a short account.
    fn chunk(&self) -> Chunk {
        Chunk {
            block: Block::from_parts((self.place, self.class)),
            len: self.len,
        }
    }

    fn set_chunk(&mut self, chunk: Chunk) {
        (self.place, self.class) = chunk.block.parts();
        self.len = chunk.len;
    }
}

/// What became of pieces that were credited.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Credited {
    /// Points with the holder's own tag, which are lost.
    pub(crate) returned: u64,
    /// Points a row could not hold, which go to others.
    pub(crate) overflow: u64,
}

/// The memory of all rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct RowStore {
    arena: Arena,
    longs: Vec<Long>,
    free_longs: Vec<u32>,
    /// Pieces of a credit that have no row yet.
    missing: Vec<Missing>,
    /// All rows of one account, when they are laid out anew.
    scratch: Vec<Row>,
    /// Points and origins, when an account is collapsed.
    keys: Vec<u64>,
}

impl RowStore {
    pub(crate) fn len(&self, rows: &Rows) -> usize {
        if rows.is_long() {
            self.longs[rows.place as usize].len()
        } else {
            usize::from(rows.len)
        }
    }

    pub(crate) fn iter<'a>(&'a self, rows: &Rows) -> impl Iterator<Item = Row> + use<'a> {
        let (first, more) = if rows.is_long() {
            (None, Some(&self.longs[rows.place as usize]))
        } else {
            (Some(rows.chunk()), None)
        };
        let more = more.into_iter().flat_map(Long::chunks);
        let width = rows.width;
        let chunks = first.into_iter().chain(more);
        chunks.flat_map(move |chunk| chunk.rows(&self.arena, width))
    }

    /// Points of one origin.
    pub(crate) fn get(&self, rows: &Rows, origin: AccountId) -> Points {
        let chunk = if rows.is_long() {
            let long = &self.longs[rows.place as usize];
            long.chunk(long.chunk_of(origin, 0))
        } else {
            rows.chunk()
        };
        search::find(chunk.pairs(&self.arena), origin).map_or(0, |[_, points]| *points)
    }

    /// Fetches what a draw from these rows will read, or of many chunks what says where they are.
    pub(crate) fn prefetch(&self, rows: &Rows) {
        if rows.is_long() {
            self.prefetch_chunks(rows);
        } else {
            rows.chunk().prefetch(&self.arena);
        }
    }

    /// Fetches what says where the chunks are, if there are many.
    pub(crate) fn prefetch_chunks(&self, rows: &Rows) {
        if rows.is_long() {
            prefetch_index(&self.longs, rows.place as usize);
        }
    }

    /// Fetches what the draw will read, if there are many chunks.
    pub(crate) fn prefetch_draw(&self, rows: &Rows, at: u64, draw: impl FnOnce() -> Draw) {
        if !rows.is_long() {
            return;
        }
        let draw = draw();
        let first = draw.below(at);
        if !self.is_many(rows, &draw, first) {
            let walk = draw.walk(first);
            self.longs[rows.place as usize].prefetch_hits(&self.arena, walk, at);
        }
    }

    /// Fetches what crediting a piece of this origin will read.
    pub(crate) fn prefetch_credit(&self, rows: &Rows, origin: AccountId) {
        if rows.is_long() {
            let long = &self.longs[rows.place as usize];
            long.prefetch_target(&self.arena, origin, 0);
        } else {
            rows.chunk().prefetch(&self.arena);
        }
    }

    /// Takes a sample out of the rows, which lie end to end along the line from `at` on, and says
    /// for each row hit: its origin, how many drawn points lie before it, and how many it gives.
    pub(crate) fn take(
        &mut self,
        rows: &mut Rows,
        draw: &Draw,
        at: u64,
        mut hit: impl FnMut(AccountId, u64, Points),
    ) {
        if rows.width == Width::WIDE {
            self.retouch(rows, None);
        }
        let first = draw.below(at);
        let many = self.is_many(rows, draw, first);
        if rows.is_long() {
            let long = &mut self.longs[rows.place as usize];
            rows.sum -= if many {
                long.take_many(&mut self.arena, draw, (at, first), &mut hit)
            } else {
                long.take(&mut self.arena, &mut draw.walk(first), at, &mut hit)
            };
            self.densify(rows);
        } else {
            let mut chunk = rows.chunk();
            let (taken, emptied) = if many {
                chunk.take_many(&mut self.arena, draw, (at, first), &mut hit)
            } else {
                chunk.take(
                    &mut self.arena,
                    &mut draw.walk(first),
                    (at, rows.sum),
                    &mut hit,
                )
            };
            rows.sum -= taken;
            if emptied > 0 {
                chunk.compact(&mut self.arena, rows.width);
                rows.set_chunk(chunk);
            }
        }
    }

    /// Walking costs by the point, counting by the row.
    fn is_many(&self, rows: &Rows, draw: &Draw, first: u64) -> bool {
        draw.count() - first > 2 * self.len(rows) as u64
    }

    /// Rule `reference`: withdraws ceil(row*part/whole) from every row and passes on
    /// floor(row*part/whole). Answers with what was withdrawn.
    pub(crate) fn withdraw(
        &mut self,
        rows: &mut Rows,
        part: u64,
        whole: u64,
        touched: u32,
        out: &mut Vec<Piece>,
    ) -> u64 {
        let Some(whole) = Divider::new(whole) else {
            return 0;
        };
        if rows.width == Width::NARROW {
            self.retouch(rows, Some(touched));
        }
        let before = rows.sum;
        if rows.is_long() {
            let long = &mut self.longs[rows.place as usize];
            rows.sum -= long.withdraw(&mut self.arena, part, whole, touched, out);
            self.densify(rows);
        } else {
            let mut chunk = rows.chunk();
            rows.sum -= chunk.withdraw(&mut self.arena, part, whole, touched, out);
            rows.set_chunk(chunk);
        }
        before - rows.sum
    }

    /// Removes one row and answers with its points.
    pub(crate) fn remove(&mut self, rows: &mut Rows, origin: AccountId) -> Points {
        let points = self.get(rows, origin);
        if points > 0 {
            self.relayout(rows, rows.width, |row| row.origin != origin);
        }
        points
    }

    /// Rows as they were before.
    pub(crate) fn restore(&mut self, rows: &[Row]) -> Rows {
        let mut restored = Rows::EMPTY;
        self.scratch.clear();
        self.scratch.extend_from_slice(rows);
        let width = Width::of(rows.first().and_then(|row| row.touched));
        self.lay_out(&mut restored, width);
        restored
    }

    /// Gives or takes the ordinals of last touch, when the rule changes.
    pub(crate) fn retouch(&mut self, rows: &mut Rows, touched: Option<u32>) {
        if self.len(rows) > 0 {
            self.load(rows);
            self.scratch
                .iter_mut()
                .for_each(|row| row.touched = touched);
            self.release(rows);
            self.lay_out(rows, Width::of(touched));
        }
    }

    /// Removes all rows and answers with their points.
    pub(crate) fn clear(&mut self, rows: &mut Rows) -> u64 {
        let sum = rows.sum;
        self.release(rows);
        *rows = Rows::EMPTY;
        sum
    }
}

#[cfg(test)]
mod tests;
