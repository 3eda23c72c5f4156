//! Rule `systematic`: a transfer.

use super::Ledger;
use crate::draw::Draw;
use crate::{AccountId, MAX_POINTS, Piece, Points, Rejection, Transfer};

impl Ledger {
    /// Why a transfer between two settled accounts is rejected, if it is.
    pub(super) fn systematic_refuses(&self, transfer: &Transfer) -> Result<(), Rejection> {
        let Transfer {
            sender,
            receiver,
            points,
            ..
        } = *transfer;
        if sender == AccountId::SINK || receiver == AccountId::SINK {
            return Err(Rejection::SinkIsParty);
        }
        if sender == receiver {
            return Err(Rejection::SelfTransfer);
        }
        if points == 0 {
            return Err(Rejection::ZeroPoints);
        }
        if points > u64::from(MAX_POINTS) {
            return Err(Rejection::AboveLimit);
        }
        if self.accounts[sender].worth() < points {
            return Err(Rejection::NotEnoughPoints);
        }
        Ok(())
    }

    /// Draws the points from the sender and cuts the sink's part off, into the buffers.
    pub(super) fn systematic_debit(&mut self, transfer: &Transfer) {
        let Transfer {
            sender,
            points,
            nonce,
            ..
        } = *transfer;
        let account = &mut self.accounts[sender];
        let cut = points * u64::from(self.rules.sink_percent) / 100;
        let draw = Draw::new(self.seed, nonce, 0, account.worth(), points);
        // Which of the drawn are the sink's is a sample again: of all drawn, in order.
        let mut sink = Draw::new(self.seed, nonce, 1, points, cut).walk(0);
        let mut kept = |first: u64, count: u64| narrow(count - sink.take_below(first + count));

        let own = u64::from(account.own());
        let front = own + account.others;
        let (from_own, from_front) = (draw.below(own), draw.below(front));
        account.set_own(narrow(own - from_own));
        account.others -= from_front - from_own;

        // The sender's own tag goes where it belongs by order.
        let (pieces, only_sink) = (&mut self.buffers.pieces, &mut self.buffers.sunk);
        let mut tagged = Some(Piece {
            origin: sender,
            points: kept(0, from_front),
        });
        self.store
            .take(&mut account.rows, &draw, front, |origin, first, taken| {
                if let Some(piece) = tagged.take_if(|piece| piece.origin < origin) {
                    push(pieces, piece);
                }
                let points = kept(first, taken.into());
                if points == 0 {
                    only_sink.push(origin);
                } else {
                    pieces.push(Piece { origin, points });
                }
            });
        if let Some(piece) = tagged {
            push(pieces, piece);
        }
        self.buffers.sink_points = cut;
    }
}

fn push(pieces: &mut Vec<Piece>, piece: Piece) {
    if piece.points > 0 {
        pieces.push(piece);
    }
}

/// A part of a transfer's points, which are at most [`MAX_POINTS`].
#[expect(
    clippy::cast_possible_truncation,
    reason = "known to fit, and in the innermost loop"
)]
fn narrow(points: u64) -> Points {
    debug_assert!(points <= u64::from(MAX_POINTS));
    points as Points
}
