//! Crediting pieces, and laying rows out.

use core::ops::Range;

use super::chunk::{Chunk, MOST, Width};
use super::long::Long;
use super::{Credited, LONG, RowStore, Rows};
use crate::{AccountId, Piece, Row};

/// Rows per chunk where many are laid out: room for a third more before a chunk is split.
pub(super) const FILL: usize = 384;

/// No chunk follows, so every origin belongs here.
const NO_LIMIT: u64 = u64::MAX;

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
        let added = chunk.add(
            &mut self.arena,
            width,
            pieces,
            NO_LIMIT,
            touched,
            &mut self.missing,
        );
        rows.sum += added.points;
        if self.missing.is_empty() {
        } else if chunk.len() + self.missing.len() <= MOST {
            rows.sum += chunk.insert(&mut self.arena, width, pieces, &self.missing, touched);
            rows.set_chunk(chunk);
        } else {
            self.merge_missing(chunk, width, pieces, touched);
            self.release(rows);
            self.lay_out(rows, width);
        }
        added.overflow
    }

    fn add_long(&mut self, rows: &mut Rows, mut pieces: &[Piece], touched: Option<u32>) -> u64 {
        let width = rows.width;
        let (mut overflow, mut at) = (0, 0);
        if self.arena.is_large() && pieces.len() > 1 {
            self.longs[rows.place as usize].prefetch_targets(&self.arena, pieces);
        }
        while let Some(first) = pieces.first() {
            let long = &mut self.longs[rows.place as usize];
            at = long.chunk_of(first.origin, at);
            let mut chunk = long.chunk(at);
            let limit = long.next_head(at).map_or(NO_LIMIT, u64::from);
            self.missing.clear();
            let added = chunk.add(
                &mut self.arena,
                width,
                pieces,
                limit,
                touched,
                &mut self.missing,
            );
            overflow += added.overflow;
            let mut points = added.points;
            let (now, later) = pieces.split_at(added.pieces);
            pieces = later;
            if chunk.len() + self.missing.len() <= MOST {
                if !self.missing.is_empty() {
                    points += chunk.insert(&mut self.arena, width, now, &self.missing, touched);
                }
                long.set(at, chunk, long.sum_of(at) + points);
            } else {
                points += self.split(rows, at, now, touched);
            }
            rows.sum += points;
        }
        overflow
    }

    /// Merges the missing pieces into a chunk that has no room for them, making several of it.
    /// Answers with the points of those pieces.
    fn split(&mut self, rows: &Rows, at: usize, pieces: &[Piece], touched: Option<u32>) -> u64 {
        let width = rows.width;
        let long = &self.longs[rows.place as usize];
        let chunk = long.chunk(at);
        self.merge_missing(chunk, width, pieces, touched);
        self.arena.release(chunk.block);
        let added = self
            .missing
            .iter()
            .map(|missing| u64::from(pieces[missing.piece].points))
            .sum();

        // Equal parts, of about three quarters of a chunk.
        let parts = self.scratch.len().div_ceil(FILL).max(2);
        let size = self.scratch.len().div_ceil(parts);
        let scratch = core::mem::take(&mut self.scratch);
        for (part, rows_of) in scratch.chunks(size).enumerate() {
            let (chunk, sum) = self.write_chunk(rows_of, width);
            let long = &mut self.longs[rows.place as usize];
            if part == 0 {
                long.set(at, chunk, sum);
            } else {
                long.insert(at + part, rows_of[0].origin.0, chunk, sum);
            }
        }
        self.scratch = scratch;
        added
    }

    /// Loads the rows of a chunk and the missing pieces into the scratch.
    fn merge_missing(
        &mut self,
        chunk: Chunk,
        width: Width,
        pieces: &[Piece],
        touched: Option<u32>,
    ) {
        let pairs = chunk.pairs(&self.arena);
        let ordinals = chunk.touched(&self.arena, width);
        let rows = |span: Range<usize>| {
            span.map(|at| Row {
                origin: AccountId(pairs[at][0]),
                points: pairs[at][1],
                touched: ordinals.get(at).copied(),
            })
        };
        self.scratch.clear();
        let mut from = 0;
        for missing in &self.missing {
            let Piece { origin, points } = pieces[missing.piece];
            self.scratch.extend(rows(from..missing.at));
            self.scratch.push(Row {
                origin,
                points,
                touched,
            });
            from = missing.at;
        }
        self.scratch.extend(rows(from..chunk.len()));
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
            for part in scratch.chunks(FILL) {
                let (chunk, sum) = self.write_chunk(part, width);
                long.push(part[0].origin.0, chunk, sum);
            }
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
