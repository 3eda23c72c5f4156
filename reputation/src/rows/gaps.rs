//! The chunks of long accounts, which have gaps between their rows.
//!
//! A gap is a row of no points. Its origin only keeps the order: it is neither below that of the row
//! before nor above that of the one after, and may be equal to the one before. A row that is drawn
//! empty becomes a gap where it is. A new row takes the place of the nearest gap and moves the few
//! rows between, where without gaps it would move half of a chunk, and read that first.
//!
//! Rule `reference` reads all rows for every draw, which gaps would make more: under it there are
//! none but the room behind the last row.

use super::arena::Arena;
use super::chunk::{Added, Chunk, Columns, MOST, Pair, Width};
use super::search::Spread;
use super::{RowStore, Rows};
use crate::{Piece, Row};

/// The most rows in one chunk, gaps not included, when they are spread: more are spread over several.
const DENSE: usize = MOST / 8 * 7;

/// So many rows off, a gap is looked for.
const NEAR: usize = 32;

/// What became of pieces offered to a chunk.
#[derive(Copy, Clone, Debug, Default)]
struct Placed {
    /// How many pieces belong to the chunk and found room.
    pieces: usize,
    /// What became of those.
    added: Added,
    /// The next piece found no gap near.
    is_full: bool,
}

impl Chunk {
    /// Adds pieces to rows that are there, or in the place of gaps, up to the first that belongs
    /// to another chunk or finds no gap near. `heads` are the lowest origins that may be in this
    /// chunk and in the next.
    fn place<const HAS_GAPS: bool>(
        &mut self,
        arena: &mut Arena,
        pieces: &[Piece],
        (head, next): (u32, Option<u32>),
        touched: Option<u32>,
    ) -> Placed {
        let mut len = self.len();
        let width = if HAS_GAPS { Width::NARROW } else { Width::WIDE };
        let mut columns = self.columns(arena, width);
        let end = match (next, &columns.pairs[..len]) {
            (Some(next), _) => u64::from(next),
            (None, [.., [last, _]]) => u64::from(*last) + 1,
            (None, []) => u64::MAX,
        };
        let spread = Spread::new(len, head, end);
        let (mut done, mut at) = (Placed::default(), 0);
        for piece in pieces {
            if next.is_some_and(|next| next <= piece.origin.0) {
                break;
            }
            let pairs = &mut columns.pairs[..len];
            at = spread.seek(pairs, at, piece.origin.0);
            if let Some([origin, points]) = pairs.get_mut(at)
                && *origin == piece.origin.0
            {
                done.added.add(points, piece.points);
            } else if let Some(free) = make_way::<HAS_GAPS>(&mut columns, &mut len, at) {
                at = free;
                columns.pairs[at] = [piece.origin.0, 0];
                done.added.add(&mut columns.pairs[at][1], piece.points);
            } else {
                done.is_full = true;
                break;
            }
            if let (Some(touched), Some(ordinal)) = (touched, columns.touched.get_mut(at)) {
                *ordinal = touched;
            }
            done.pieces += 1;
        }
        self.set_len(len);
        done
    }
}

/// Moves rows aside so that one can be inserted before this one: answers with where to put it, if
/// there is room.
#[inline]
fn make_way<const HAS_GAPS: bool>(
    columns: &mut Columns<'_>,
    len: &mut usize,
    at: usize,
) -> Option<usize> {
    if !HAS_GAPS {
        return (*len < columns.pairs.len()).then(|| {
            columns.shift(at..*len, at + 1);
            *len += 1;
            at
        });
    }
    let is_gap = |pair: &Pair| pair[1] == 0;
    let after = &columns.pairs[at..(*len).min(at + NEAR)];
    if let Some(gap) = after.iter().position(is_gap) {
        columns.shift(at..at + gap, at + 1);
        return Some(at);
    }
    let from = at.saturating_sub(NEAR);
    let gap = from + columns.pairs[from..at].iter().rposition(is_gap)?;
    columns.shift(gap + 1..at, gap);
    Some(at - 1)
}

impl RowStore {
    /// Adds pieces to a long account; answers with what full rows could not take.
    pub(super) fn add_long(
        &mut self,
        rows: &mut Rows,
        mut pieces: &[Piece],
        touched: Option<u32>,
    ) -> u64 {
        let (mut overflow, mut at) = (0, 0);
        if self.arena.is_large() && pieces.len() > 1 {
            self.longs[rows.place as usize].prefetch_targets(&self.arena, pieces);
        }
        while let Some(first) = pieces.first() {
            let long = &mut self.longs[rows.place as usize];
            at = long.chunk_of(first.origin, at);
            let mut chunk = long.chunk(at);
            let heads = long.heads(at);
            let placed = match rows.width {
                Width::WIDE => chunk.place::<false>(&mut self.arena, pieces, heads, touched),
                _ => chunk.place::<true>(&mut self.arena, pieces, heads, touched),
            };
            let mut added = placed.added;
            long.set(at, chunk, long.sum_of(at) + added.points);
            pieces = &pieces[placed.pieces..];
            if placed.is_full {
                let here = heads.1.map_or(pieces.len(), |next| {
                    pieces.partition_point(|piece| piece.origin.0 < next)
                });
                let (now, later) = pieces.split_at(here);
                added += self.spread(rows, at, now, touched);
                pieces = later;
            }
            self.longs[rows.place as usize].grow(added.rows);
            rows.sum += added.points;
            overflow += added.overflow;
        }
        overflow
    }

    /// Adds pieces to a chunk and spreads its rows and gaps evenly, over several if they are many.
    fn spread(&mut self, rows: &Rows, at: usize, pieces: &[Piece], touched: Option<u32>) -> Added {
        let chunk = self.longs[rows.place as usize].chunk(at);
        let added = self.merge(chunk, rows.width, pieces, touched);
        self.arena.release(chunk.block);
        let scratch = core::mem::take(&mut self.scratch);
        let parts = scratch.len().div_ceil(DENSE);
        for (part, spread) in scratch.chunks(scratch.len().div_ceil(parts)).enumerate() {
            let (chunk, sum) = self.write_spread(spread, rows.width);
            let long = &mut self.longs[rows.place as usize];
            if part == 0 {
                long.set(at, chunk, sum);
            } else {
                long.insert(at + part, spread[0].origin.0, chunk, sum);
            }
        }
        self.scratch = scratch;
        added
    }

    /// A chunk of at least one row and at most [`DENSE`], with room for a third more, and what fits
    /// its block.
    pub(super) fn write_spread(&mut self, rows: &[Row], width: Width) -> (Chunk, u64) {
        let mut chunk = Chunk::EMPTY;
        chunk.reserve(
            &mut self.arena,
            width,
            MOST.min(rows.len() + rows.len() / 3 + 1),
        );
        chunk.set_len(match width {
            Width::WIDE => rows.len(),
            _ => chunk.capacity(width),
        });
        let len = chunk.len();
        let Columns { pairs, touched } = chunk.rows_mut(&mut self.arena, width);
        // So many slots for each row, and one more as often as it takes.
        let (each, more) = (len / rows.len(), len % rows.len());
        let (mut at, mut owed, mut sum) = (0, 0, 0);
        for row in rows {
            owed += more;
            let is_owed = owed >= rows.len();
            owed -= if is_owed { rows.len() } else { 0 };
            let next = at + each + usize::from(is_owed);
            pairs[at] = [row.origin.0, row.points];
            pairs[at + 1..next].fill([row.origin.0, 0]);
            sum += u64::from(row.points);
            if let Some(ordinals) = touched.get_mut(at..next) {
                ordinals.fill(row.touched.unwrap_or(0));
            }
            at = next;
        }
        (chunk, sum)
    }
}
