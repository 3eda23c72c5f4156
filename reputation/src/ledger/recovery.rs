//! Starting again from images and the journal's tail.
//!
//! Each image is true at its own position of the journal. [`Ledger::resume`] starts as of the
//! oldest, [`Ledger::restore_account`] puts the images in, and [`Ledger::replay`] takes every
//! journal row after the oldest position, changing only the accounts that need it: a sender is
//! brought forward by drawing again, and what it gave is compared with what the journal says; a
//! receiver by the pieces of the journal. Totals are not counted again: they come from the store.

use super::{ABSENT, Account, Ledger};
use crate::{
    AccountId, AccountImage, Entry, Operation, Piece, Rejection, RestoreError, Rules, RulesError,
    Totals, Transfer, Verdict,
};

/// What the journal says an operation did: see the fields of the same name of
/// [`Outcome`](crate::Outcome).
#[derive(Copy, Clone, Debug)]
pub struct Recorded<'a> {
    /// Whether it took effect.
    pub verdict: Verdict,
    /// The points for the receiver, by ascending origin.
    pub pieces: &'a [Piece],
    /// The sink's cut.
    pub sink_points: u64,
    /// The tags of the sink's cut (rule `reference`).
    pub sink_pieces: &'a [Piece],
}

/// A journal row that does not follow from the state: the store is damaged, was written by other
/// rules, or images are missing.
#[derive(Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum ReplayMismatch {
    /// Another verdict.
    #[error("the journal says {recorded:?} where the rules say {computed:?}")]
    Verdict {
        /// By the journal.
        recorded: Verdict,
        /// By the rules.
        computed: Verdict,
    },
    /// Other pieces.
    #[error("the pieces that {0} gave are not those in the journal")]
    Pieces(AccountId),
    /// Pieces that no operation can have moved.
    #[error("the pieces in the journal are out of order or empty at origin {0}")]
    Malformed(AccountId),
    /// The operation names an account that should be there and is not.
    #[error("account {0} has no image and was not made in the part of the journal that was read")]
    Missing(AccountId),
}

/// A ledger that cannot be resumed.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum ResumeError {
    /// The parameters make no sense.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// The tick ordinal cannot be counted on.
    #[error("tick ordinal {0} is beyond what can be counted")]
    Ticks(u32),
    /// More accounts than there are ids.
    #[error("{0} accounts are more than there are ids")]
    Accounts(u32),
    /// The sink cannot be pinned.
    #[error("account {0} cannot be pinned")]
    Pin(AccountId),
}

impl Ledger {
    /// A ledger as of the oldest image: parameters, pins and ticks are those of its position.
    /// `accounts` counts the ids given so far, at that position or any later one. They are absent
    /// until restored or made by a replayed operation; the sink is there, empty.
    ///
    /// # Errors
    /// Something is out of its range.
    pub fn resume(
        seed: u64,
        rules: Rules,
        pinned: impl IntoIterator<Item = AccountId>,
        ticks: u32,
        accounts: u32,
    ) -> Result<Self, ResumeError> {
        let mut ledger = Self::new(seed, rules)?;
        if ticks == ABSENT {
            return Err(ResumeError::Ticks(ticks));
        }
        if accounts == u32::MAX {
            return Err(ResumeError::Accounts(accounts));
        }
        ledger.ticks = ticks;
        ledger.accounts[AccountId::SINK].ordinal = ticks;
        ledger
            .accounts
            .resize(accounts.max(1) as usize, Account::new(0, ABSENT));
        for id in pinned {
            if id == AccountId::SINK {
                return Err(ResumeError::Pin(id));
            }
            ledger.pins.insert(id);
        }
        Ok(ledger)
    }

    /// Puts an account's image in, before the first [`Ledger::replay`]. Its ordinal may be ahead
    /// of the ledger's.
    ///
    /// # Errors
    /// The image cannot be a state of this account; nothing changed.
    pub fn restore_account(
        &mut self,
        id: AccountId,
        image: AccountImage,
    ) -> Result<(), RestoreError> {
        let Some(account) = self.accounts.get(id) else {
            return Err(RestoreError::UnknownAccount(id));
        };
        if id != AccountId::SINK && !account.is_absent() {
            return Err(RestoreError::Twice(id));
        }
        check_image(id, &image)?;
        self.put_image(id, image);
        Ok(())
    }

    /// From now on [`Ledger::replay`] counts totals of this ordinal and later ones, for the accounts it
    /// brings forward; without this it counts none.
    pub fn count_replay(&mut self, from: u32) {
        self.replay_counts_from = from;
    }

    /// Puts the totals of one ordinal in, as the store has them.
    pub fn restore_totals(&mut self, ordinal: u32, totals: Totals) {
        self.totals.restore(ordinal, totals);
    }

    /// The first account that has neither been restored nor made; `None` when all are there.
    pub fn missing(&mut self) -> Option<AccountId> {
        while self
            .accounts
            .get(AccountId(self.present))
            .is_some_and(|account| !account.is_absent())
        {
            self.present += 1;
        }
        (self.present < self.accounts()).then_some(AccountId(self.present))
    }

    /// Takes a journal row again, for the accounts that `needs` says are behind it (those whose
    /// image, if any, is of an earlier position).
    ///
    /// # Errors
    /// The row does not follow from the state. The ledger is of no further use then.
    pub fn replay(
        &mut self,
        operation: &Operation,
        recorded: &Recorded<'_>,
        needs: impl Fn(AccountId) -> bool,
    ) -> Result<(), ReplayMismatch> {
        self.buffers.clear();
        self.totals.paused_below = self.replay_counts_from;
        let done = self.replay_one(operation, recorded, needs);
        self.totals.paused_below = 0;
        done
    }

    fn replay_one(
        &mut self,
        operation: &Operation,
        recorded: &Recorded<'_>,
        needs: impl Fn(AccountId) -> bool,
    ) -> Result<(), ReplayMismatch> {
        if let Verdict::Rejected(Rejection::UnknownAccount | Rejection::TooManyAccounts) =
            recorded.verdict
        {
            // Nobody was touched; whether an id was unknown then cannot be seen from here.
            return Ok(());
        }
        let computed = match *operation {
            Operation::Transfer(ref transfer) => {
                return self.replay_transfer(transfer, recorded, needs);
            }
            Operation::Claim { receiver, index } => {
                self.expect_present(receiver)?;
                if !needs(receiver) {
                    return Ok(());
                }
                let computed = self.claim(receiver, index);
                if computed.is_ok() && self.buffers.pieces != recorded.pieces {
                    return Err(ReplayMismatch::Pieces(receiver));
                }
                computed
            }
            Operation::Tick => self.tick(),
            Operation::Pin { account } if account == AccountId::SINK => Err(Rejection::SinkIsParty),
            Operation::Pin { account } => {
                self.arrive(account)?;
                self.settle_all(needs);
                self.pins.insert(account);
                Ok(())
            }
            Operation::Unpin { account } => {
                self.expect_present(account)?;
                self.settle_all(needs);
                self.pins.remove(account);
                Ok(())
            }
            Operation::Rules(rules) => self.change_rules(rules, needs),
            Operation::Forget { account } => {
                self.expect_present(account)?;
                self.quiet.remove(&account);
                self.forget(account, needs)
            }
        };
        same_verdict(recorded, computed)
    }

    fn replay_transfer(
        &mut self,
        transfer: &Transfer,
        recorded: &Recorded<'_>,
        needs: impl Fn(AccountId) -> bool,
    ) -> Result<(), ReplayMismatch> {
        let Transfer {
            sender, receiver, ..
        } = *transfer;
        for id in [sender, receiver] {
            self.arrive(id)?;
            if needs(id) {
                self.settle(id);
            }
        }
        if needs(sender) {
            let computed = self.refuses(transfer);
            same_verdict(recorded, computed)?;
        }
        if recorded.verdict != Verdict::Accepted {
            return Ok(());
        }
        self.quiet.remove(&sender);
        if needs(sender) {
            self.debit(transfer, self.ticks);
            if !self.buffers_are(recorded) {
                return Err(ReplayMismatch::Pieces(sender));
            }
        } else {
            self.load(recorded)?;
        }
        if needs(receiver) {
            self.deliver(transfer, self.ticks);
        }
        if needs(AccountId::SINK) {
            self.deliver_to_sink(self.ticks);
        }
        Ok(())
    }

    /// The account is there, or is made now: ids are given in order, so all before it must be
    /// there.
    fn arrive(&mut self, id: AccountId) -> Result<(), ReplayMismatch> {
        if self.known(id).is_ok() {
            return Ok(());
        }
        let missing = self.missing().unwrap_or(AccountId(self.accounts()));
        if id != missing || id.0 == u32::MAX {
            return Err(ReplayMismatch::Missing(missing));
        }
        if id.0 == self.accounts() {
            self.make(id);
        } else {
            self.accounts[id] = Account::new(self.rules.own_points, self.ticks);
            self.count_new();
        }
        Ok(())
    }

    fn expect_present(&self, id: AccountId) -> Result<(), ReplayMismatch> {
        self.known(id).map_err(|_| ReplayMismatch::Missing(id))
    }

    fn buffers_are(&self, recorded: &Recorded<'_>) -> bool {
        self.buffers.pieces == recorded.pieces
            && self.buffers.sink_points == recorded.sink_points
            && self.buffers.sink_pieces == recorded.sink_pieces
    }

    /// Puts what the journal says into the buffers.
    fn load(&mut self, recorded: &Recorded<'_>) -> Result<(), ReplayMismatch> {
        for pieces in [recorded.pieces, recorded.sink_pieces] {
            if let Some(at) = out_of_order(pieces) {
                return Err(ReplayMismatch::Malformed(pieces[at].origin));
            }
        }
        self.buffers.pieces.extend_from_slice(recorded.pieces);
        self.buffers
            .sink_pieces
            .extend_from_slice(recorded.sink_pieces);
        self.buffers.sink_points = recorded.sink_points;
        Ok(())
    }

    /// Replaces whatever is known of an account by an image that was checked.
    pub(super) fn put_image(&mut self, id: AccountId, image: AccountImage) {
        let AccountImage {
            own,
            others,
            ordinal,
            rows,
            unclaimed,
        } = image;
        let has_unclaimed = !unclaimed.is_empty();
        let rows = self.store.restore(&rows);
        self.store.clear(&mut self.accounts[id].rows);
        let account = &mut self.accounts[id];
        *account = Account::new(own, ordinal);
        (account.rows, account.others) = (rows, others);
        account.set_has_unclaimed(has_unclaimed);
        if has_unclaimed {
            self.unclaimed.insert(id, unclaimed);
        } else {
            self.unclaimed.remove(&id);
        }
    }
}

fn same_verdict(
    recorded: &Recorded<'_>,
    computed: Result<(), Rejection>,
) -> Result<(), ReplayMismatch> {
    let computed = computed.map_or_else(Verdict::Rejected, |()| Verdict::Accepted);
    if computed == recorded.verdict {
        Ok(())
    } else {
        Err(ReplayMismatch::Verdict {
            recorded: recorded.verdict,
            computed,
        })
    }
}

/// The first piece that is empty or does not ascend.
fn out_of_order(pieces: &[Piece]) -> Option<usize> {
    (0..pieces.len()).find(|&at| {
        pieces[at].points == 0 || (at > 0 && pieces[at - 1].origin >= pieces[at].origin)
    })
}

/// Whether an image can be a state of this account.
pub(super) fn check_image(id: AccountId, image: &AccountImage) -> Result<(), RestoreError> {
    if image.ordinal == ABSENT {
        return Err(RestoreError::Ordinal(id, image.ordinal));
    }
    let pieces: Vec<Piece> = image
        .rows
        .iter()
        .map(|row| Piece {
            origin: row.origin,
            points: row.points,
        })
        .collect();
    check_pieces(id, &pieces)?;
    if pieces.iter().any(|piece| piece.origin == id) {
        return Err(RestoreError::OwnTag(id));
    }
    let mixed = image
        .rows
        .windows(2)
        .any(|pair| pair[0].touched.is_some() != pair[1].touched.is_some());
    if mixed {
        return Err(RestoreError::Touched(id));
    }
    let most = u64::MAX >> 2;
    if image.others > most || image.own > crate::MAX_POINTS {
        return Err(RestoreError::TooMany(id));
    }
    check_entries(id, image)
}

fn check_entries(id: AccountId, image: &AccountImage) -> Result<(), RestoreError> {
    let mut last = 0;
    for Entry {
        sender,
        ordinal,
        pieces,
    } in &image.unclaimed
    {
        if *ordinal < last || *ordinal > image.ordinal {
            return Err(RestoreError::EntryOrder(id, *ordinal));
        }
        last = *ordinal;
        if *sender == AccountId::SINK || *sender == id {
            return Err(RestoreError::Origin(id, *sender));
        }
        check_pieces(id, pieces)?;
        let sum: u64 = pieces.iter().map(|piece| u64::from(piece.points)).sum();
        if sum > u64::from(crate::MAX_POINTS) + 1 {
            return Err(RestoreError::TooMany(id));
        }
    }
    Ok(())
}

fn check_pieces(id: AccountId, pieces: &[Piece]) -> Result<(), RestoreError> {
    if let Some(sink) = pieces.iter().find(|piece| piece.origin == AccountId::SINK) {
        return Err(RestoreError::Origin(id, sink.origin));
    }
    match out_of_order(pieces).map(|at| pieces[at]) {
        None => Ok(()),
        Some(piece) if piece.points == 0 => Err(RestoreError::ZeroPoints(id, piece.origin)),
        Some(piece) => Err(RestoreError::Order(id, piece.origin)),
    }
}
