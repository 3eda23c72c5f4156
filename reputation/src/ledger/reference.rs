//! Rule `reference`: Morat's arithmetic in exact integers.

use super::{Account, Ledger};
use crate::rows::{RowStore, decayed};
use crate::{AccountId, Entry, MAX_POINTS, Piece, Points, Rejection, Transfer};

/// One of the two legs of an assignment.
struct Leg {
    sender: AccountId,
    points: u64,
    /// The tally that shares are reckoned by: for both legs the one from before the first.
    tally: u64,
    epoch: u32,
}

impl Ledger {
    /// Why an assignment between two settled accounts is rejected, if it is.
    ///
    /// Only the first leg can be: what the sender is worth by the tally of before covers the
    /// second, because the first takes at most its own share of own points.
    pub(super) fn reference_refuses(&self, transfer: &Transfer) -> Result<(), Rejection> {
        let Transfer {
            sender,
            receiver,
            points,
            ..
        } = *transfer;
        if sender == AccountId::SINK {
            return Err(Rejection::SinkIsParty);
        }
        if self.accounts[sender].worth() < points {
            return Err(Rejection::NotEnoughPoints);
        }
        if sender == receiver {
            return Err(Rejection::SelfTransfer);
        }
        if points > u64::from(MAX_POINTS) {
            return Err(Rejection::AboveLimit);
        }
        if points == self.reference_cut(points) {
            return Err(Rejection::ZeroPoints);
        }
        Ok(())
    }

    /// Both legs' withdrawals, into the buffers.
    pub(super) fn reference_debit(&mut self, transfer: &Transfer, epoch: u32) {
        let Transfer { sender, points, .. } = *transfer;
        let cut = self.reference_cut(points);
        let account = &mut self.accounts[sender];
        let tally = account.tally();
        let buffers = &mut self.buffers;
        let leg = Leg {
            sender,
            points: points - cut,
            tally,
            epoch,
        };
        let mut burned = leg.withdraw(account, &mut self.store, &mut buffers.pieces);
        if cut > 0 {
            let leg = Leg { points: cut, ..leg };
            burned += leg.withdraw(account, &mut self.store, &mut buffers.sink_pieces);
        }
        buffers.sink_points = buffers
            .sink_pieces
            .iter()
            .map(|piece| u64::from(piece.points))
            .sum();
        buffers.losses.burned = burned;
        self.totals
            .count(epoch, burned, |totals| &mut totals.burned);
    }

    pub(super) fn reference_cut(&self, points: u64) -> u64 {
        points * u64::from(self.rules.sink_percent) / 100
    }

    /// One tick of one account: top up, collapse, decay, expire.
    pub(super) fn reference_tick(&mut self, id: AccountId, epoch: u32) {
        self.top_up(id, epoch);
        self.reference_collapse(id);
        let account = &mut self.accounts[id];
        let percent = self.rules.decay_percent;
        let kept = u128::from(account.others) * u128::from(100 - percent) / 100;
        let kept = u64::try_from(kept).unwrap_or(account.others);
        let lost = account.others - kept + self.store.decay_each(&mut account.rows, percent, epoch);
        account.others = kept;
        self.totals.count(epoch, lost, |totals| &mut totals.decayed);
        self.reference_expire(id, epoch);
    }

    /// Drops entries that are too old at an epoch.
    pub(super) fn reference_expire(&mut self, id: AccountId, epoch: u32) {
        let oldest = u64::from(epoch).saturating_sub(self.rules.unclaimed_ticks.into());
        self.expire(id, epoch, oldest);
    }
}

impl Ledger {
    /// Keeps the top rows of one account; others does not count as one.
    pub(super) fn reference_collapse(&mut self, id: AccountId) {
        let account = &mut self.accounts[id];
        account.others += self
            .store
            .collapse(&mut account.rows, self.rules.keep_top, |_| false);
    }
}

impl Leg {
    /// Takes the leg's points from the sender, own and others first; answers with what was
    /// withdrawn from rows and not passed on.
    fn withdraw(&self, account: &mut Account, store: &mut RowStore, out: &mut Vec<Piece>) -> u64 {
        let worth = self.tally + u64::from(account.own());
        let own = share_up(self.points, account.own().into(), worth);
        let others = share_up(self.points, account.others, worth);
        let assigned = self.tally - account.others;
        let from_rows = self.points.saturating_sub(own + others);
        let mut burned = 0;
        if from_rows > 0 && assigned > 0 {
            let withdrawn = store.withdraw(&mut account.rows, from_rows, assigned, self.epoch, out);
            burned = withdrawn - out.iter().map(|piece| u64::from(piece.points)).sum::<u64>();
        }
        let left = u64::from(account.own()).saturating_sub(own);
        account.set_own(Points::try_from(left).unwrap_or(0));
        account.others -= others;
        if own + others > 0 {
            let points = Points::try_from(own + others).unwrap_or(Points::MAX);
            let at = out.partition_point(|piece| piece.origin < self.sender);
            out.insert(
                at,
                Piece {
                    origin: self.sender,
                    points,
                },
            );
        }
        burned
    }
}

/// ceil(points * part / whole), 0 of nothing.
fn share_up(points: u64, part: u64, whole: u64) -> u64 {
    let wide = u128::from(points) * u128::from(part);
    u64::try_from(wide.div_ceil(u128::from(whole.max(1)))).unwrap_or(part)
}

/// What a claim leaves of an entry of this age: floor(points * (life - age) / life).
pub(super) fn reference_claim(entry: &mut Entry, age: u32, life: u32) {
    let left = u128::from(life.saturating_sub(age));
    for piece in &mut entry.pieces {
        let points = u128::from(piece.points) * left / u128::from(life.max(1));
        piece.points = u32::try_from(points).unwrap_or(piece.points);
    }
}

/// What a claim leaves of an entry of this age under rule `systematic`: a floor at every tick.
pub(super) fn systematic_claim(entry: &mut Entry, age: u32, percent: u8) {
    if percent == 0 {
        return;
    }
    for piece in &mut entry.pieces {
        for _ in 0..age {
            piece.points = decayed(piece.points, percent);
            if piece.points == 0 {
                break;
            }
        }
    }
}
