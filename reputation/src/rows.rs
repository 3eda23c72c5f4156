//! The rows of one account: points received, ascending by origin.

use crate::draw::Draw;
use crate::{AccountId, Piece, Points, Row};

/// Rows of one account, strictly ascending by origin, none of zero points.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Rows {
    rows: Vec<Row>,
    sum: u64,
}

/// What became of pieces that were credited.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Credited {
    /// Points with the holder's own tag, which are lost.
    pub(crate) returned: u64,
    /// Points a row could not hold, which go to others.
    pub(crate) overflow: u64,
}

impl Rows {
    /// Sum of the points of all rows.
    pub(crate) fn sum(&self) -> u64 {
        self.sum
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = Row> + '_ {
        self.rows.iter().copied()
    }

    pub(crate) fn get(&self, origin: AccountId) -> Points {
        let found = self.rows.binary_search_by_key(&origin, |row| row.origin);
        found.map_or(0, |at| self.rows[at].points)
    }

    pub(crate) fn restore(rows: &[Row]) -> Self {
        let sum = rows.iter().map(|row| u64::from(row.points)).sum();
        Self {
            rows: rows.to_vec(),
            sum,
        }
    }

    /// Takes a sample out of the rows, which lie end to end along the line from `at` on, and says
    /// for each row hit: its origin, how many drawn points lie before it, and how many it gives.
    pub(crate) fn take(
        &mut self,
        draw: &Draw,
        at: u64,
        mut hit: impl FnMut(AccountId, u64, Points),
    ) {
        let (mut x, mut before) = (at, draw.below(at));
        for row in &mut self.rows {
            x += u64::from(row.points);
            let upto = draw.below(x);
            let taken = u32::try_from(upto - before)
                .unwrap_or(row.points)
                .min(row.points);
            if taken > 0 {
                row.points -= taken;
                self.sum -= u64::from(taken);
                hit(row.origin, before, taken);
            }
            before = upto;
        }
        self.rows.retain(|row| row.points > 0);
    }

    /// Adds pieces, which ascend by origin; those tagged with the holder are lost.
    pub(crate) fn credit(
        &mut self,
        pieces: &[Piece],
        holder: AccountId,
        touched: Option<u32>,
    ) -> Credited {
        let mut done = Credited::default();
        for piece in pieces {
            if piece.origin == holder {
                done.returned += u64::from(piece.points);
                continue;
            }
            match self
                .rows
                .binary_search_by_key(&piece.origin, |row| row.origin)
            {
                Ok(at) => {
                    let row = &mut self.rows[at];
                    let added = piece.points.min(Points::MAX - row.points);
                    row.points += added;
                    row.touched = touched;
                    self.sum += u64::from(added);
                    done.overflow += u64::from(piece.points - added);
                }
                Err(at) => {
                    self.rows.insert(
                        at,
                        Row {
                            origin: piece.origin,
                            points: piece.points,
                            touched,
                        },
                    );
                    self.sum += u64::from(piece.points);
                }
            }
        }
        done
    }

    /// Keeps the `keep` rows of most points among those that are not pinned, ties to the lower
    /// origin. Answers with the points of the others.
    pub(crate) fn collapse(&mut self, keep: u32, pinned: impl Fn(AccountId) -> bool) -> u64 {
        let mut keys: Vec<u64> = Vec::new();
        for row in self.rows.iter().filter(|row| !pinned(row.origin)) {
            keys.push(collapse_key(*row));
        }
        let keep = keep as usize;
        if keys.len() <= keep {
            return 0;
        }
        // The first key past the kept ones; keys are distinct.
        let (_, first_lost, _) = keys.select_nth_unstable_by(keep, |a, b| b.cmp(a));
        let first_lost = *first_lost;
        let before = self.sum;
        let mut kept = 0;
        self.rows.retain(|row| {
            let keeps = collapse_key(*row) > first_lost || pinned(row.origin);
            kept += if keeps { u64::from(row.points) } else { 0 };
            keeps
        });
        self.sum = kept;
        before - kept
    }

    /// Rule `reference`: every row becomes floor(points * (100 - percent) / 100). Answers with
    /// what was lost.
    pub(crate) fn decay_each(&mut self, percent: u8, touched: u32) -> u64 {
        let before = self.sum;
        self.sum = 0;
        for row in &mut self.rows {
            row.points = decayed(row.points, percent);
            row.touched = Some(touched);
            self.sum += u64::from(row.points);
        }
        self.rows.retain(|row| row.points > 0);
        before - self.sum
    }

    /// Rule `reference`: withdraws ceil(row*part/whole) from every row and passes on
    /// floor(row*part/whole). Answers with what was withdrawn.
    pub(crate) fn withdraw(
        &mut self,
        part: u64,
        whole: u64,
        touched: u32,
        out: &mut Vec<Piece>,
    ) -> u64 {
        let before = self.sum;
        for row in &mut self.rows {
            let wide = u128::from(row.points) * u128::from(part);
            let floor = u32::try_from(wide / u128::from(whole)).unwrap_or(row.points);
            let ceil = u32::try_from(wide.div_ceil(u128::from(whole))).unwrap_or(row.points);
            let withdrawn = ceil.min(row.points);
            row.points -= withdrawn;
            row.touched = Some(touched);
            self.sum -= u64::from(withdrawn);
            if floor > 0 {
                out.push(Piece {
                    origin: row.origin,
                    points: floor.min(withdrawn),
                });
            }
        }
        self.rows.retain(|row| row.points > 0);
        before - self.sum
    }

    /// Removes one row and answers with its points.
    pub(crate) fn remove(&mut self, origin: AccountId) -> Points {
        match self.rows.binary_search_by_key(&origin, |row| row.origin) {
            Ok(at) => {
                let points = self.rows.remove(at).points;
                self.sum -= u64::from(points);
                points
            }
            Err(_) => 0,
        }
    }

    /// Gives or takes the ordinals of last touch, when the rule changes.
    pub(crate) fn retouch(&mut self, touched: Option<u32>) {
        for row in &mut self.rows {
            row.touched = touched;
        }
    }

    /// Removes all rows and answers with their points.
    pub(crate) fn clear(&mut self) -> u64 {
        self.rows.clear();
        core::mem::take(&mut self.sum)
    }
}

/// Greater for more points, and among equals for the lower origin.
fn collapse_key(row: Row) -> u64 {
    u64::from(row.points) << 32 | u64::from(!row.origin.0)
}

/// floor(points * (100 - percent) / 100).
pub(crate) fn decayed(points: Points, percent: u8) -> Points {
    let kept = u64::from(points) * u64::from(100 - percent.min(100)) / 100;
    u32::try_from(kept).unwrap_or(points)
}
