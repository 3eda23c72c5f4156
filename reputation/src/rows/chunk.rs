//! Up to [`MOST`] rows in one block: all pairs of origin and points, then (rule `reference`) all
//! ordinals of last touch. Origin and points side by side, because a large ledger waits for memory:
//! a row that is drawn from or credited is one place to go to, and a new one moves one run aside.
//!
//! The one chunk of a short account has no gaps between its rows; those of a long one have some
//! (`gaps`).

use core::ops::{AddAssign, Range};

use prefetch_index::prefetch_index;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::arena::{Arena, Block, class_of};
use super::search::{Pace, Spread};
use crate::draw::{Divider, Draw, Walk};
use crate::{AccountId, Piece, Points, Row};

/// The most rows in one chunk, gaps included.
pub(super) const MOST: usize = 512;

/// A row's origin and points.
pub(super) type Pair = [u32; 2];

/// Pairs in a cache line.
const LINE: usize = 8;

/// A run of rows, ascending by origin.
#[derive(Copy, Clone, Debug)]
pub(super) struct Chunk {
    pub(super) block: Block,
    /// Rows, gaps included.
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

/// The columns of a chunk.
pub(super) struct Columns<'a> {
    pub(super) pairs: &'a mut [Pair],
    /// Empty if narrow.
    pub(super) touched: &'a mut [u32],
}

impl Columns<'_> {
    /// Moves a span of rows.
    #[inline]
    pub(super) fn shift(&mut self, span: Range<usize>, to: usize) {
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
    /// Rows that are new.
    pub(super) rows: usize,
    /// Points added to rows.
    pub(super) points: u64,
    /// Points a full row could not take.
    pub(super) overflow: u64,
}

impl AddAssign for Added {
    fn add_assign(&mut self, more: Self) {
        self.rows += more.rows;
        self.points += more.points;
        self.overflow += more.overflow;
    }
}

impl Added {
    /// Adds points to a row, and counts them.
    #[inline]
    pub(super) fn add(&mut self, to: &mut Points, points: Points) {
        let more = points.min(Points::MAX - *to);
        self.rows += usize::from(*to == 0);
        *to += more;
        self.points += u64::from(more);
        self.overflow += u64::from(points - more);
    }

    /// A new row.
    pub(super) fn row(&mut self, piece: Piece, touched: Option<u32>) -> Row {
        let Piece { origin, points } = piece;
        self.rows += 1;
        self.points += u64::from(points);
        Row {
            origin,
            points,
            touched,
        }
    }
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

    pub(super) fn capacity(self, width: Width) -> usize {
        if width == Width::WIDE {
            self.block.words() / 3
        } else {
            self.block.words() / 2
        }
    }

    /// The columns, each as long as the chunk's capacity.
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

    /// The columns, each as long as there are rows.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "measured: a tenth of a transfer")]
    pub(super) fn rows_mut(self, arena: &mut Arena, width: Width) -> Columns<'_> {
        let Columns { pairs, touched } = self.columns(arena, width);
        let ordinals = touched.len().min(self.len());
        Columns {
            pairs: &mut pairs[..self.len()],
            touched: &mut touched[..ordinals],
        }
    }

    /// The rows, without gaps.
    pub(super) fn rows(self, arena: &Arena, width: Width) -> impl Iterator<Item = Row> {
        let touched = self.touched(arena, width);
        let pairs = self.pairs(arena).iter().enumerate();
        let rows = pairs.filter(|(_, [_, points])| *points > 0);
        rows.map(move |(at, [origin, points])| Row {
            origin: AccountId(*origin),
            points: *points,
            touched: touched.get(at).copied(),
        })
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
        let about = near.map_or(0..pairs.len(), |near| {
            near.saturating_sub(LINE).min(pairs.len())..pairs.len().min(near + 3 * LINE)
        });
        prefetch(&pairs[about]);
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
    /// with how many, and how many rows were left with none.
    #[inline]
    pub(super) fn take(
        self,
        arena: &mut Arena,
        walk: &mut Walk,
        (start, sum): (u64, u64),
        hit: &mut impl FnMut(AccountId, u64, Points),
    ) -> (u64, usize) {
        let pairs = self.pairs_mut(arena);
        let (first, end, mut emptied) = (walk.index, start + sum, 0);
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
            emptied += usize::from(*points == 0);
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
    ) -> (u64, usize) {
        let (mut end, mut before, mut emptied) = (start, first, 0);
        for [origin, points] in self.pairs_mut(arena) {
            end += u64::from(*points);
            let upto = draw.below(end);
            let taken = points_of(upto - before);
            *points -= taken;
            if taken > 0 {
                emptied += usize::from(*points == 0);
                hit(AccountId(*origin), before, taken);
            }
            before = upto;
        }
        (before - first, emptied)
    }

    /// Adds pieces to rows that are there; puts the rest of them into `missing`.
    pub(super) fn add(
        self,
        arena: &mut Arena,
        width: Width,
        pieces: &[Piece],
        touched: Option<u32>,
        missing: &mut Vec<Missing>,
    ) -> Added {
        let Columns {
            pairs,
            touched: ordinals,
        } = self.rows_mut(arena, width);
        let (mut done, mut from) = (Added::default(), 0);
        let spread = Spread::of(pairs);
        for (index, piece) in pieces.iter().enumerate() {
            from = spread.seek(pairs, from, piece.origin.0);
            let at = from;
            if let Some([origin, points]) = pairs.get_mut(at)
                && *origin == piece.origin.0
            {
                done.add(points, piece.points);
                if let (Some(touched), Some(ordinal)) = (touched, ordinals.get_mut(at)) {
                    *ordinal = touched;
                }
            } else {
                missing.push(Missing { piece: index, at });
            }
        }
        done
    }

    /// Inserts those pieces that are `missing`; there must be room in the chunk. Answers with the
    /// points added.
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
    /// Answers with what was withdrawn. Rows left with none are removed.
    pub(super) fn withdraw(
        &mut self,
        arena: &mut Arena,
        part: u64,
        whole: Divider,
        epoch: u32,
        out: &mut Vec<Piece>,
    ) -> u64 {
        let Columns { pairs, touched } = self.rows_mut(arena, Width::WIDE);
        let (mut all, mut emptied) = (0, false);
        for [origin, points] in pairs {
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
        touched.fill(epoch);
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
