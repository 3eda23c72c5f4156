//! The state, and how operations change it.

mod account;
mod accounts;
mod claim;
mod closed;
mod forget;
mod pins;
mod prefetch;
mod recovery;
mod reference;
mod settle;
mod steps;
mod systematic;

use std::collections::{BTreeMap, BTreeSet};

pub use account::AccountView;
pub(crate) use account::{ABSENT, Account};
use accounts::Accounts;
pub use closed::Closed;
pub(crate) use pins::Pins;
pub use recovery::{Recorded, ReplayMismatch, ResumeError};
pub use steps::Steps;

use crate::rows::RowStore;
use crate::totals::TotalsBook;
use crate::{
    AccountId, Balance, Entry, Losses, Operation, Outcome, Piece, Rejection, RuleKind, Rules,
    RulesError, Totals, Transfer, Verdict,
};

/// The reputation ledger. See the crate's documentation.
#[derive(Clone, Debug)]
pub struct Ledger {
    seed: u64,
    rules: Rules,
    ticks: u32,
    pins: Pins,
    accounts: Accounts,
    /// The rows of all accounts.
    store: RowStore,
    /// Unclaimed entries of those who have any, oldest first.
    unclaimed: BTreeMap<AccountId, Vec<Entry>>,
    totals: TotalsBook,
    buffers: Buffers,
    /// Ids below this are all present (only after [`Ledger::resume`] may later ones be absent).
    present: u32,
    /// How accounts stood before the ticks they were settled beyond, if that is wanted.
    closed: Option<Vec<Closed>>,
    /// Replaying counts totals of this ordinal and later ones.
    replay_counts_from: u32,
    /// Who was forgotten and has given nothing since.
    quiet: BTreeSet<AccountId>,
}

/// What the last operation did, lent to its outcome.
#[derive(Clone, Debug, Default)]
struct Buffers {
    pieces: Vec<Piece>,
    sink_pieces: Vec<Piece>,
    sunk: Vec<AccountId>,
    sink_points: u64,
    losses: Losses,
    parties: Option<(AccountId, AccountId)>,
    held: bool,
}

impl Buffers {
    fn clear(&mut self) {
        self.pieces.clear();
        self.sink_pieces.clear();
        self.sunk.clear();
        self.sink_points = 0;
        self.losses = Losses::default();
        self.parties = None;
        self.held = false;
    }
}

impl Ledger {
    /// An empty ledger: the sink only.
    ///
    /// # Errors
    /// The parameters make no sense.
    pub fn new(seed: u64, rules: Rules) -> Result<Self, RulesError> {
        rules.check()?;
        Ok(Self {
            seed,
            rules,
            ticks: 0,
            pins: Pins::default(),
            accounts: Accounts::of_sink(),
            store: RowStore::default(),
            unclaimed: BTreeMap::new(),
            totals: TotalsBook::default(),
            buffers: Buffers::default(),
            present: 1,
            closed: None,
            replay_counts_from: u32::MAX,
            quiet: BTreeSet::new(),
        })
    }

    /// Takes one operation. Total: no input makes it panic; what is not accepted is rejected by
    /// name and leaves everything as it was, but for the ids it gave and accounts being settled.
    ///
    /// # Panics
    /// There is no memory for another row, or there are 64 GiB of them.
    pub fn apply(&mut self, operation: &Operation) -> Outcome<'_> {
        self.buffers.clear();
        let done = match *operation {
            Operation::Transfer(ref transfer) => self.transfer(transfer),
            Operation::Tick => self.tick(),
            Operation::Claim { receiver, index } => self.claim(receiver, index),
            Operation::Pin { account } => self.pin(account),
            Operation::Unpin { account } => self.unpin(account),
            Operation::Rules(rules) => self.change_rules(rules, |_| true),
            Operation::Forget { account } => self.forget(account, |_| true),
        };
        if let (Operation::Forget { account }, Ok(())) = (operation, done) {
            self.quiet.insert(*account);
        }
        self.outcome(done)
    }

    fn outcome(&self, done: Result<(), Rejection>) -> Outcome<'_> {
        let parties = self.buffers.parties;
        Outcome {
            verdict: done.map_or_else(Verdict::Rejected, |()| Verdict::Accepted),
            sender: parties.map(|parties| parties.0),
            receiver: parties.map(|parties| parties.1),
            held: self.buffers.held,
            pieces: &self.buffers.pieces,
            sink_points: self.buffers.sink_points,
            sink_pieces: &self.buffers.sink_pieces,
            sunk: &self.buffers.sunk,
            losses: self.buffers.losses,
            pins: &self.pins,
        }
    }

    /// Settle, reject, draw, cut, credit.
    fn transfer(&mut self, transfer: &Transfer) -> Result<(), Rejection> {
        self.admit(transfer.sender, transfer.receiver)?;
        self.settle(transfer.sender);
        self.settle(transfer.receiver);
        self.refuses(transfer)?;
        self.debit(transfer, self.ticks);
        self.deliver(transfer, self.ticks);
        self.deliver_to_sink(self.ticks);
        self.quiet.remove(&transfer.sender);
        Ok(())
    }

    /// Why a transfer between two settled accounts is rejected, if it is.
    fn refuses(&self, transfer: &Transfer) -> Result<(), Rejection> {
        match self.rules.rule {
            RuleKind::Systematic => self.systematic_refuses(transfer),
            RuleKind::Reference => self.reference_refuses(transfer),
        }
    }

    /// Takes the points from a settled sender into the buffers.
    fn debit(&mut self, transfer: &Transfer, ordinal: u32) {
        match self.rules.rule {
            RuleKind::Systematic => self.systematic_debit(transfer),
            RuleKind::Reference => self.reference_debit(transfer, ordinal),
        }
    }

    /// Hands the pieces in the buffer to the receiver, as rows or as an unclaimed entry.
    fn deliver(&mut self, transfer: &Transfer, ordinal: u32) {
        let Transfer {
            sender, receiver, ..
        } = *transfer;
        let held = transfer.held && receiver != AccountId::SINK;
        self.buffers.parties = Some((sender, receiver));
        self.buffers.held = held;
        if held {
            let pieces = self.buffers.pieces.clone();
            self.hold(
                receiver,
                Entry {
                    sender,
                    ordinal,
                    pieces,
                },
            );
        } else {
            let returned = self.credit(receiver, ordinal);
            self.buffers.losses.returned = returned;
            self.totals
                .count(ordinal, returned, |totals| &mut totals.returned);
        }
        let moved = self
            .buffers
            .pieces
            .iter()
            .map(|piece| u64::from(piece.points))
            .sum::<u64>();
        self.totals
            .count(ordinal, moved, |totals| &mut totals.moved);
    }

    /// Hands the sink its cut: to its counter, or as rows under rule `reference`.
    fn deliver_to_sink(&mut self, ordinal: u32) {
        let cut = self.buffers.sink_points;
        if cut == 0 {
            return;
        }
        match self.rules.rule {
            RuleKind::Systematic => self.accounts[AccountId::SINK].others += cut,
            RuleKind::Reference => {
                self.settle(AccountId::SINK);
                let pieces = &self.buffers.sink_pieces;
                self.accounts[AccountId::SINK].credit(
                    &mut self.store,
                    pieces,
                    AccountId::SINK,
                    Some(ordinal),
                );
            }
        }
        self.totals.count(ordinal, cut, |totals| &mut totals.sink);
    }

    /// Adds the pieces in the buffer to the rows of an account; answers with what returned.
    fn credit(&mut self, receiver: AccountId, ordinal: u32) -> u64 {
        let touched = touch(self.rules.rule, ordinal);
        let pieces = &self.buffers.pieces;
        self.accounts[receiver].credit(&mut self.store, pieces, receiver, touched)
    }

    fn hold(&mut self, receiver: AccountId, entry: Entry) {
        self.accounts[receiver].set_has_unclaimed(true);
        self.unclaimed.entry(receiver).or_default().push(entry);
    }

    fn tick(&mut self) -> Result<(), Rejection> {
        if self.ticks >= ABSENT - 1 {
            return Err(Rejection::TooManyTicks);
        }
        self.ticks += 1;
        Ok(())
    }

    fn pin(&mut self, account: AccountId) -> Result<(), Rejection> {
        self.check_id(account, self.accounts())?;
        if account == AccountId::SINK {
            return Err(Rejection::SinkIsParty);
        }
        self.make(account);
        self.settle_all(|_| true);
        self.pins.insert(account);
        Ok(())
    }

    fn unpin(&mut self, account: AccountId) -> Result<(), Rejection> {
        self.known(account)?;
        self.settle_all(|_| true);
        self.pins.remove(account);
        Ok(())
    }

    fn change_rules(
        &mut self,
        rules: Rules,
        needs: impl Fn(AccountId) -> bool,
    ) -> Result<(), Rejection> {
        rules.check().map_err(|_| Rejection::InvalidRules)?;
        self.settle_all(&needs);
        if rules.rule != self.rules.rule {
            self.change_rule(rules.rule, needs);
        }
        self.rules = rules;
        Ok(())
    }

    /// Rows gain or lose the ordinal of their last touch; the sink's rows become its counter.
    fn change_rule(&mut self, rule: RuleKind, needs: impl Fn(AccountId) -> bool) {
        let touched = touch(rule, self.ticks);
        for (id, account) in (0_u32..).zip(self.accounts.iter_mut()) {
            if needs(AccountId(id)) {
                self.store.retouch(&mut account.rows, touched);
            }
        }
        if rule == RuleKind::Systematic && needs(AccountId::SINK) {
            let sink = &mut self.accounts[AccountId::SINK];
            sink.others += self.store.clear(&mut sink.rows);
        }
    }

    /// Makes the parties of a transfer that are named for the first time.
    fn admit(&mut self, sender: AccountId, receiver: AccountId) -> Result<(), Rejection> {
        let next = self.accounts();
        self.check_id(sender, next)?;
        self.check_id(
            receiver,
            if sender.0 == next {
                next.saturating_add(1)
            } else {
                next
            },
        )?;
        self.make(sender);
        self.make(receiver);
        Ok(())
    }

    /// Whether an id is there, or the next to be given.
    fn check_id(&self, id: AccountId, next: u32) -> Result<(), Rejection> {
        if id.0 > next || self.accounts.get(id).is_some_and(Account::is_absent) {
            return Err(Rejection::UnknownAccount);
        }
        if id.0 == u32::MAX {
            return Err(Rejection::TooManyAccounts);
        }
        Ok(())
    }

    fn known(&self, id: AccountId) -> Result<(), Rejection> {
        match self.accounts.get(id) {
            Some(account) if !account.is_absent() => Ok(()),
            _ => Err(Rejection::UnknownAccount),
        }
    }

    /// Makes the account with the next id, if that is the one named.
    fn make(&mut self, id: AccountId) {
        if id.0 == self.accounts() {
            self.accounts
                .push(Account::new(self.rules.own_points, self.ticks));
            self.present = self.accounts();
            self.count_new();
        }
    }

    fn count_new(&mut self) {
        let own = i64::from(self.rules.own_points);
        self.totals.mint(self.ticks, own);
    }
}

/// What rows touched at an ordinal remember of it.
fn touch(rule: RuleKind, ordinal: u32) -> Option<u32> {
    match rule {
        RuleKind::Systematic => None,
        RuleKind::Reference => Some(ordinal),
    }
}

/// Reading.
impl Ledger {
    /// How many ids were given, the sink's included: ids are `0..accounts()`.
    pub fn accounts(&self) -> u32 {
        u32::try_from(self.accounts.len()).unwrap_or(u32::MAX)
    }

    /// Ticks so far: the current tick ordinal.
    pub fn ticks(&self) -> u32 {
        self.ticks
    }

    /// The parameters in force.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Whether it is known that nobody else has anything of this account: it was forgotten by
    /// [`Ledger::apply`], and has given nothing since.
    pub fn is_quiet(&self, id: AccountId) -> bool {
        self.quiet.contains(&id)
    }

    /// Whether the rows of this origin are never collapsed.
    pub fn is_pinned(&self, id: AccountId) -> bool {
        self.pins.contains(id)
    }

    /// The pinned origins, ascending.
    pub fn pinned(&self) -> impl Iterator<Item = AccountId> + '_ {
        self.pins.iter()
    }

    /// One account as far as it is settled, or `None` if its id was not given.
    pub fn account(&self, id: AccountId) -> Option<AccountView<'_>> {
        self.known(id).ok()?;
        Some(AccountView::new(id, self))
    }

    /// What was minted, moved and lost in one tick ordinal, as far as accounts are settled.
    pub fn totals(&self, ordinal: u32) -> Totals {
        self.totals.get(ordinal)
    }

    /// The totals of every ordinal that has any, ascending.
    pub fn all_totals(&self) -> impl Iterator<Item = (u32, Totals)> + '_ {
        self.totals.iter()
    }

    /// The ordinals whose totals changed since this was last asked, ascending.
    ///
    /// What settling counts is durable only together with the image of the settled account: write
    /// the totals in the transaction that writes the image.
    pub fn totals_changed(&mut self) -> Vec<u32> {
        self.totals.take_changed()
    }

    /// Where all points are now; takes time in proportion to the accounts.
    pub fn balance(&self) -> Balance {
        let mut balance = Balance::default();
        let mut accounts = self.accounts.iter().filter(|account| !account.is_absent());
        if let Some(sink) = accounts.next() {
            balance.sink = sink.tally();
        }
        for account in accounts {
            balance.own += u64::from(account.own());
            balance.others += account.others;
            balance.rows += account.rows.sum();
        }
        let entries = self.unclaimed.values().flatten();
        let pieces = entries.flat_map(|entry| &entry.pieces);
        balance.unclaimed = pieces.map(|piece| u64::from(piece.points)).sum();
        balance
    }

    /// The whole state as bytes: equal exactly when two ledgers behave alike from here on (given
    /// equal seeds). Totals are not part of it.
    pub fn state_bytes(&self) -> Vec<u8> {
        account::state_bytes(self)
    }
}
