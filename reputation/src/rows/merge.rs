//! Crediting pieces, and laying rows out.

use super::chunk::{Added, Chunk, MOST, Width};
use super::long::Long;
use super::{Credited, LONG, RowStore, Rows};
use crate::{AccountId, Piece, Row};

/// Rows per chunk where many are laid out: room for a third more.
pub(super) const FILL: usize = 384;

impl RowStore {
    /// Adds pieces, which ascend by origin; those tagged with the holder are lost.
    pub(crate) fn credit(
        &mut self,
        rows: &mut Rows,
        pieces: &[Piece],
        holder: AccountId,
        touched: Option<u32>,
    ) -> Credited {
        let width = Width::of(touched);
        if rows.width != width {
            self.retouch(rows, touched);
            // Without rows there was nothing to lay out.
            rows.width = width;
        }
        let mut done = Credited::default();
        // The holder's own tag, if it is there, parts the pieces in two.
        let at = pieces.partition_point(|piece| piece.origin < holder);
        let (low, mut high) = pieces.split_at(at);
        if let Some((own, rest)) = high.split_first()
            && own.origin == holder
        {
            done.returned = own.points.into();
            high = rest;
        }
        for part in [low, high] {
            if !part.is_empty() {
                done.overflow += self.add(rows, part, touched);
            }
        }
        done
    }

    /// Adds pieces, none of the holder; answers with what full rows could not take.
    fn add(&mut self, rows: &mut Rows, pieces: &[Piece], touched: Option<u32>) -> u64 {
        if rows.is_long() {
            return self.add_long(rows, pieces, touched);
        }
        let width = rows.width;
        let mut chunk = rows.chunk();
        self.missing.clear();
        let added = chunk.add(&mut self.arena, width, pieces, touched, &mut self.missing);
        rows.sum += added.points;
        if self.missing.is_empty() {
        } else if chunk.len() + self.missing.len() <= MOST {
            rows.sum += chunk.insert(&mut self.arena, width, pieces, &self.missing, touched);
            rows.set_chunk(chunk);
        } else {
            let missing = core::mem::take(&mut self.missing);
            let new = missing.iter().map(|missing| &pieces[missing.piece]);
            self.merge(chunk, width, new, touched);
            self.missing = missing;
            self.release(rows);
            self.lay_out(rows, width);
        }
        added.overflow
    }

    /// Loads the rows of a chunk and adds pieces to them, in the scratch.
    pub(super) fn merge<'p>(
        &mut self,
        chunk: Chunk,
        width: Width,
        pieces: impl IntoIterator<Item = &'p Piece>,
        touched: Option<u32>,
    ) -> Added {
        let (mut done, mut pieces) = (Added::default(), pieces.into_iter().peekable());
        self.scratch.clear();
        for mut row in chunk.rows(&self.arena, width) {
            while let Some(new) = pieces.next_if(|piece| piece.origin < row.origin) {
                self.scratch.push(done.row(*new, touched));
            }
            if let Some(more) = pieces.next_if(|piece| piece.origin == row.origin) {
                done.add(&mut row.points, more.points);
                row.touched = touched;
            }
            self.scratch.push(row);
        }
        let last = pieces.map(|new| done.row(*new, touched));
        self.scratch.extend(last);
        done
    }

    /// Loads all rows into the scratch.
    pub(super) fn load(&mut self, rows: &Rows) {
        let mut scratch = core::mem::take(&mut self.scratch);
        scratch.clear();
        scratch.extend(self.iter(rows));
        self.scratch = scratch;
    }

    /// Lays the rows out again, those that `keeps` says.
    pub(super) fn relayout(&mut self, rows: &mut Rows, width: Width, keeps: impl Fn(&Row) -> bool) {
        self.load(rows);
        self.scratch.retain(keeps);
        self.release(rows);
        self.lay_out(rows, width);
    }

    /// Lays the scratch rows out for an account that has no memory.
    pub(super) fn lay_out(&mut self, rows: &mut Rows, width: Width) {
        let scratch = core::mem::take(&mut self.scratch);
        *rows = Rows {
            width,
            ..Rows::EMPTY
        };
        rows.sum = scratch.iter().map(|row| u64::from(row.points)).sum();
        if scratch.len() <= MOST {
            let (chunk, _) = self.write_chunk(&scratch, width);
            rows.set_chunk(chunk);
        } else {
            rows.class = LONG;
            let mut long = Long::default();
            for (at, part) in scratch.chunks(FILL).enumerate() {
                let (chunk, sum) = self.write_spread(part, width);
                long.insert(at, part[0].origin.0, chunk, sum);
            }
            long.grow(scratch.len());
            rows.place = self.place_long(long);
        }
        self.scratch = scratch;
    }

    fn place_long(&mut self, long: Long) -> u32 {
        if let Some(place) = self.free_longs.pop() {
            self.longs[place as usize] = long;
            return place;
        }
        self.longs.push(long);
        u32::try_from(self.longs.len() - 1).unwrap_or(u32::MAX)
    }

    fn write_chunk(&mut self, rows: &[Row], width: Width) -> (Chunk, u64) {
        let mut chunk = Chunk::EMPTY;
        chunk.reserve(&mut self.arena, width, rows.len());
        chunk.set_len(rows.len());
        let columns = chunk.columns(&mut self.arena, width);
        let mut sum = 0;
        for (at, row) in rows.iter().enumerate() {
            columns.pairs[at] = [row.origin.0, row.points];
            if width == Width::WIDE {
                columns.touched[at] = row.touched.unwrap_or(0);
            }
            sum += u64::from(row.points);
        }
        (chunk, sum)
    }

    /// Gives the memory of an account's rows back; the handle must be set anew.
    pub(super) fn release(&mut self, rows: &Rows) {
        if !rows.is_long() {
            self.arena.release(rows.chunk().block);
            return;
        }
        let long = &mut self.longs[rows.place as usize];
        for chunk in long.chunks() {
            self.arena.release(chunk.block);
        }
        *long = Long::default();
        self.free_longs.push(rows.place);
    }

    /// Lays a long account out anew if it has become sparse.
    pub(super) fn densify(&mut self, rows: &mut Rows) {
        if self.longs[rows.place as usize].is_sparse() {
            self.relayout(rows, rows.width, |_| true);
        }
    }
}
