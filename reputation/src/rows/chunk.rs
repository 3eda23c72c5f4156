//! Up to [`MOST`] rows in one block: all pairs of origin and points, then (rule `reference`) all
//! ordinals of last touch. Origin and points side by side, because a large ledger waits for memory:
//! a row that is drawn from or credited is one place to go to, and a new one moves one run aside.

use core::ops::Range;

use prefetch_index::prefetch_index;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::arena::{Arena, Block, class_of};
use super::search::{Density, Pace};
use crate::draw::{Divider, Draw, Walk};
use crate::{AccountId, Piece, Points};

/// The most rows in one chunk.
pub(super) const MOST: usize = 512;

/// A row's origin and points.
pub(super) type Pair = [u32; 2];

/// Pairs in a cache line.
const LINE: usize = 8;

/// A run of rows, ascending by origin.
#[derive(Copy, Clone, Debug)]
pub(super) struct Chunk {
    pub(super) block: Block,
    pub(super) len: u16,
}

/// Words per row: origin and points, or with the ordinal of last touch.
#[derive(Copy, Clone, Debug, Eq, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub(crate) struct Width(u8);

impl Width {
    /// Rule `systematic`.
    pub(super) const NARROW: Self = Self(2);
    /// Rule `reference`.
    pub(super) const WIDE: Self = Self(3);

    pub(super) fn words(self) -> usize {
        self.0.into()
    }

    pub(super) fn of(touched: Option<u32>) -> Self {
        if touched.is_some() {
            Self::WIDE
        } else {
            Self::NARROW
        }
    }
}

/// The columns of a chunk, each as long as its capacity.
pub(super) struct Columns<'a> {
    pub(super) pairs: &'a mut [Pair],
    /// Empty if narrow.
    pub(super) touched: &'a mut [u32],
}

impl Columns<'_> {
    /// Moves a span of rows.
    fn shift(&mut self, span: Range<usize>, to: usize) {
        self.pairs.copy_within(span.clone(), to);
        if !self.touched.is_empty() {
            self.touched.copy_within(span, to);
        }
    }

    /// Writes one row over another.
    fn copy(&mut self, from: usize, to: usize) {
        self.pairs[to] = self.pairs[from];
        if !self.touched.is_empty() {
            self.touched[to] = self.touched[from];
        }
    }
}

/// What became of pieces offered to a chunk.
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct Added {
    /// How many pieces were below the limit.
    pub(super) pieces: usize,
    /// Points added to rows.
    pub(super) points: u64,
    /// Points a full row could not take.
    pub(super) overflow: u64,
}

/// A piece that has no row in a chunk yet.
#[derive(Copy, Clone, Debug)]
pub(super) struct Missing {
    /// Its index among the pieces.
    pub(super) piece: usize,
    /// The row it belongs before.
    pub(super) at: usize,
}

impl Chunk {
    pub(super) const EMPTY: Self = Self {
        block: Block::EMPTY,
        len: 0,
    };

    pub(super) fn len(self) -> usize {
        usize::from(self.len)
    }

    pub(super) fn set_len(&mut self, len: usize) {
        debug_assert!(len <= MOST);
        self.len = u16::try_from(len).unwrap_or(0);
    }

    fn capacity(self, width: Width) -> usize {
        if width == Width::WIDE {
            self.block.words() / 3
        } else {
            self.block.words() / 2
        }
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "measured: a tenth of a transfer")]
    pub(super) fn columns(self, arena: &mut Arena, width: Width) -> Columns<'_> {
        let capacity = self.capacity(width);
        let words = arena.words_mut(self.block);
        let (pairs, rest) = words.split_at_mut(2 * capacity);
        let touched = if width == Width::WIDE {
            &mut rest[..capacity]
        } else {
            &mut []
        };
        Columns {
            pairs: pairs.as_chunks_mut().0,
            touched,
        }
    }

    /// The rows' origins and points.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "measured: a tenth of a transfer")]
    fn pairs_mut(self, arena: &mut Arena) -> &mut [Pair] {
        let words = arena.words_mut(self.block);
        &mut words.as_chunks_mut().0[..self.len()]
    }

    /// The rows' origins and points.
    #[inline]
    pub(super) fn pairs(self, arena: &Arena) -> &[Pair] {
        &arena.words(self.block).as_chunks().0[..self.len()]
    }

    /// When the rows were touched; none if narrow.
    pub(super) fn touched(self, arena: &Arena, width: Width) -> &[u32] {
        if width == Width::WIDE {
            &arena.words(self.block)[2 * self.capacity(width)..][..self.len()]
        } else {
            &[]
        }
    }

    /// Fetches the rows.
    #[inline]
    pub(super) fn prefetch(self, arena: &Arena) {
        prefetch(self.pairs(arena));
    }

    /// Fetches what taking from rows up to about this one will read.
    #[inline]
    pub(super) fn prefetch_hits(self, arena: &Arena, last: usize) {
        /// How far off the guess may be.
        const ABOUT: usize = 6;
        prefetch(&self.pairs(arena)[..(last + ABOUT).min(self.len())]);
    }

    /// Fetches what crediting to about this row will read.
    #[inline]
    pub(super) fn prefetch_near(self, arena: &Arena, near: Option<usize>) {
        let pairs = self.pairs(arena);
        let Some(near) = near else {
            return prefetch(pairs);
        };
        // The first and the last tell how the origins are spread.
        prefetch_index(pairs, 0);
        prefetch(&pairs[near.saturating_sub(LINE).min(pairs.len())..]);
    }

    /// Makes room for so many rows, at most [`MOST`], keeping those that are there.
    pub(super) fn reserve(&mut self, arena: &mut Arena, width: Width, rows: usize) {
        if rows > self.capacity(width) {
            self.resize(arena, width, rows);
        }
    }

    /// Moves to a smaller block if one two sizes smaller would do.
    pub(super) fn shrink(&mut self, arena: &mut Arena, width: Width) {
        let class = class_of(self.len() * width.words());
        if self.len == 0 {
            arena.release(self.block);
            self.block = Block::EMPTY;
        } else if class + 1 < usize::from(self.block.parts().1) {
            self.resize(arena, width, self.len());
        }
    }

    fn resize(&mut self, arena: &mut Arena, width: Width, rows: usize) {
        let (old, len) = (*self, self.len());
        self.block = arena.allocate(rows * width.words());
        let (from, to) = (old.capacity(width), self.capacity(width));
        if len > 0
            && let Some((old, new)) = arena.two(old.block, self.block)
        {
            new[..2 * len].copy_from_slice(&old[..2 * len]);
            if width == Width::WIDE {
                new[2 * to..][..len].copy_from_slice(&old[2 * from..][..len]);
            }
        }
        arena.release(old.block);
    }

    /// Removes rows of no points.
    pub(super) fn compact(&mut self, arena: &mut Arena, width: Width) {
        let len = self.len();
        let mut columns = self.columns(arena, width);
        let mut kept = 0;
        for at in 0..len {
            if columns.pairs[at][1] > 0 {
                if kept < at {
                    columns.copy(at, kept);
                }
                kept += 1;
            }
        }
        self.set_len(kept);
    }

    /// Takes drawn points along the line from `start` on; the rows have `sum` points. Answers
    /// with how many, and whether a row was left with none.
    #[inline]
    pub(super) fn take(
        self,
        arena: &mut Arena,
        walk: &mut Walk,
        (start, sum): (u64, u64),
        hit: &mut impl FnMut(AccountId, u64, Points),
    ) -> (u64, bool) {
        let pairs = self.pairs_mut(arena);
        let (first, end, mut emptied) = (walk.index, start + sum, false);
        let pace = Pace::new(pairs.len(), sum);
        let mut row = (0, start);
        while walk.next < end {
            row = pace.seek(pairs, row, walk.next);
            let (at, start) = row;
            let Some([origin, points]) = pairs.get_mut(at) else {
                break;
            };
            let (before, end) = (walk.index, start + u64::from(*points));
            // At most all points of the row, since drawn points are distinct.
            let taken = points_of(walk.take_below(end));
            *points -= taken;
            emptied |= *points == 0;
            hit(AccountId(*origin), before, taken);
            row = (at + 1, end);
        }
        (walk.index - first, emptied)
    }

    /// As `take`, for samples with many points per row: counts them by division.
    pub(super) fn take_many(
        self,
        arena: &mut Arena,
        draw: &Draw,
        (start, first): (u64, u64),
        hit: &mut impl FnMut(AccountId, u64, Points),
    ) -> (u64, bool) {
        let (mut end, mut before, mut emptied) = (start, first, false);
        for [origin, points] in self.pairs_mut(arena) {
            end += u64::from(*points);
            let upto = draw.below(end);
            let taken = points_of(upto - before);
            *points -= taken;
            emptied |= *points == 0;
            if taken > 0 {
                hit(AccountId(*origin), before, taken);
            }
            before = upto;
        }
        (before - first, emptied)
    }

    /// Adds pieces of origins below `limit` to rows that are there; puts the rest of them into
    /// `missing`.
    pub(super) fn add(
        self,
        arena: &mut Arena,
        width: Width,
        pieces: &[Piece],
        limit: u64,
        touched: Option<u32>,
        missing: &mut Vec<Missing>,
    ) -> Added {
        let len = self.len();
        let columns = self.columns(arena, width);
        let pairs = &mut columns.pairs[..len];
        let (mut done, mut from) = (Added::default(), 0);
        let density = Density::new(pairs);
        for (index, piece) in pieces.iter().enumerate() {
            if u64::from(piece.origin.0) >= limit {
                break;
            }
            done.pieces += 1;
            from = density.seek(pairs, from, piece.origin.0);
            let at = from;
            if let Some([origin, points]) = pairs.get_mut(at)
                && *origin == piece.origin.0
            {
                let more = piece.points.min(Points::MAX - *points);
                *points += more;
                done.points += u64::from(more);
                done.overflow += u64::from(piece.points - more);
                if let (Some(touched), Width::WIDE) = (touched, width) {
                    columns.touched[at] = touched;
                }
            } else {
                missing.push(Missing { piece: index, at });
            }
        }
        done
    }

    /// Inserts those pieces that are `missing`; there must be room in the chunk's limit. Answers
    /// with the points added.
    pub(super) fn insert(
        &mut self,
        arena: &mut Arena,
        width: Width,
        pieces: &[Piece],
        missing: &[Missing],
        touched: Option<u32>,
    ) -> u64 {
        let len = self.len() + missing.len();
        self.reserve(arena, width, len);
        let mut columns = self.columns(arena, width);
        // From the back: each span between two new rows moves once, straight to its place.
        let (mut from, mut to, mut added) = (self.len(), len, 0);
        for &Missing { piece, at } in missing.iter().rev() {
            let piece = pieces[piece];
            to -= from - at;
            columns.shift(at..from, to);
            (from, to) = (at, to - 1);
            columns.pairs[to] = [piece.origin.0, piece.points];
            if let (Some(touched), Width::WIDE) = (touched, width) {
                columns.touched[to] = touched;
            }
            added += u64::from(piece.points);
        }
        self.set_len(len);
        added
    }

    /// Rule `reference`: withdraws ceil(row*part/whole), passes on floor(row*part/whole).
    /// Answers with what was withdrawn.
    pub(super) fn withdraw(
        &mut self,
        arena: &mut Arena,
        part: u64,
        whole: Divider,
        epoch: u32,
        out: &mut Vec<Piece>,
    ) -> u64 {
        let len = self.len();
        let Columns { pairs, touched } = self.columns(arena, Width::WIDE);
        let (mut all, mut emptied) = (0, false);
        for [origin, points] in &mut pairs[..len] {
            // part is at most MAX_POINTS, so the product is below 2^60.
            let (floor, rest) = whole.div_rem(u64::from(*points) * part);
            let withdrawn = points_of(floor + u64::from(rest > 0));
            *points -= withdrawn;
            all += u64::from(withdrawn);
            emptied |= *points == 0;
            if floor > 0 {
                out.push(Piece {
                    origin: AccountId(*origin),
                    points: points_of(floor),
                });
            }
        }
        touched[..len].fill(epoch);
        if emptied {
            self.compact(arena, Width::WIDE);
        }
        all
    }
}

/// Fetches each cache line, wherever the first begins.
#[inline]
fn prefetch(pairs: &[Pair]) {
    for at in (0..pairs.len()).step_by(LINE) {
        prefetch_index(pairs, at);
    }
    prefetch_index(pairs, pairs.len().saturating_sub(1));
}

/// A part of a row's or a group's points, which is known to fit.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "known to fit, and in the innermost loop"
)]
fn points_of(points: u64) -> Points {
    debug_assert!(points <= u64::from(Points::MAX));
    points as Points
}
