//! The circle.

use crate::blocks::Blocks;
use crate::hops::{Hops, MAX_DEPTH, OUT, inside};
use crate::records::Records;
use crate::{AccountId, Accounts, Changes, Did, Rkey, Status};

/// A depth that no circle has.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
#[error("a circle's depth is 1, 2 or 3, not {0}")]
pub struct DepthError(pub u8);

/// The circle of the tracked accounts: every account at most `depth` follows away from one.
///
/// *hop(x)* is 0 if x is tracked, else 1 + the least hop of an account that follows x by at least
/// one record and has a hop below the depth (the *interior*). Members are those with a hop.
/// Records of accounts outside the interior may be held too; they begin to count when their owner
/// comes in. A skipped account is never a member, even if tracked.
///
/// Every call that can change a hop appends what it changed to a [`Changes`]; the hops are right
/// again when it returns.
///
/// # Panics
///
/// Calls that change something take accounts that this circle interned, and panic at others.
/// Calls that only ask answer "nothing known" for those.
#[derive(Clone, Debug)]
pub struct Circle {
    accounts: Accounts,
    hops: Hops,
    follows: Records,
    blocks: Blocks,
}

/// How much a circle holds.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub struct Sizes {
    /// Accounts ever interned, members or not.
    pub accounts: usize,
    /// Members by hop. Hops past the depth stay 0.
    pub members: [usize; MAX_DEPTH as usize + 1],
    /// Follow records.
    pub follows: usize,
    /// Accounts with follow records.
    pub followers: usize,
    /// Block records.
    pub blocks: usize,
    /// Accounts with block records.
    pub blockers: usize,
    /// Records of either kind whose rkey is no TID, and so takes more memory.
    pub odd_rkeys: usize,
}

impl Circle {
    /// An empty circle of depth 1, 2 or 3.
    pub fn new(depth: u8) -> Result<Self, DepthError> {
        if !(1..=MAX_DEPTH).contains(&depth) {
            return Err(DepthError(depth));
        }
        Ok(Self {
            accounts: Accounts::new(),
            hops: Hops::new(depth),
            follows: Records::new(),
            blocks: Blocks::new(),
        })
    }

    /// The largest hop of a member.
    pub fn depth(&self) -> u8 {
        self.hops.depth()
    }

    /// How much is held.
    pub fn sizes(&self) -> Sizes {
        let blocks = self.blocks.records();
        Sizes {
            accounts: self.accounts.len(),
            members: self.hops.counts(),
            follows: self.follows.len(),
            followers: self.follows.owners(),
            blocks: blocks.len(),
            blockers: blocks.owners(),
            odd_rkeys: self.follows.odd_rkeys() + blocks.odd_rkeys(),
        }
    }
}

/// Accounts.
impl Circle {
    /// All accounts ever interned.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// The number of `did`, a new one if it is seen for the first time.
    pub fn intern(&mut self, did: &str) -> AccountId {
        let id = self.accounts.intern(did);
        if id.index() == self.hops.len() {
            self.hops.add_account();
            self.follows.add_owner();
            self.blocks.add_owner();
        }
        id
    }

    /// The number of `did`, if it was ever interned.
    pub fn lookup(&self, did: &str) -> Option<AccountId> {
        self.accounts.get(did)
    }

    /// The DID of an account.
    ///
    /// # Panics
    ///
    /// If this circle did not intern `id`.
    pub fn did(&self, id: AccountId) -> Did<'_> {
        self.accounts.did(id)
    }

    /// Whether the account with this DID is in the circle. Made to be asked of every frame.
    pub fn is_member(&self, did: &str) -> bool {
        self.member(did).is_some()
    }

    /// The number of `did`, if it is in the circle. As fast as [`Self::is_member`].
    pub fn member(&self, did: &str) -> Option<AccountId> {
        self.accounts.member(did, |id| self.hops.hop(id) != OUT)
    }

    /// The account's hop: 0 to the depth, or `None` outside the circle.
    pub fn hop(&self, id: AccountId) -> Option<u8> {
        inside(self.hops.hop(id))
    }

    /// Whether the account's follows count: its hop is below the depth.
    pub fn is_interior(&self, id: AccountId) -> bool {
        self.hops.is_interior(id)
    }

    /// All members with their hops, by ascending account. Looks at every account.
    pub fn members(&self) -> impl Iterator<Item = (AccountId, u8)> + Clone + '_ {
        self.hops.all().filter(|(_, hop)| *hop != OUT)
    }

    /// How many follow records of hop-0, hop-1 and hop-2 accounts name this account. A hop that
    /// is not interior is not counted.
    pub fn support(&self, id: AccountId) -> [u32; MAX_DEPTH as usize] {
        self.hops.support(id)
    }

    /// What was last set; active at first.
    pub fn status(&self, id: AccountId) -> Status {
        self.hops.marks(id).status
    }

    /// Notes what the account's host says of it. Changes no hop; see [`Status`].
    pub fn set_status(&mut self, id: AccountId, status: Status) {
        self.hops.marks_mut(id).status = status;
    }
}

/// Tracking and skipping.
impl Circle {
    /// Makes the account one of those the circle is drawn around. Nothing if it is already.
    pub fn track(&mut self, id: AccountId, changes: &mut Changes) {
        self.hops.marks_mut(id).tracked = true;
        self.replace_and_settle(id, changes);
    }

    /// Takes the account off the tracked ones: it and others stay as far as others support them.
    pub fn untrack(&mut self, id: AccountId, changes: &mut Changes) {
        self.hops.marks_mut(id).tracked = false;
        self.replace_and_settle(id, changes);
    }

    /// Whether the account is tracked.
    pub fn is_tracked(&self, id: AccountId) -> bool {
        self.hops.marks(id).tracked
    }

    /// Keeps the account out of the circle (its follows do not count then), or lets it in again.
    /// Stronger than tracking: an account that is both stays out.
    pub fn set_skip(&mut self, id: AccountId, skip: bool, changes: &mut Changes) {
        self.hops.marks_mut(id).skipped = skip;
        self.replace_and_settle(id, changes);
    }

    /// Whether the account is kept out.
    pub fn is_skipped(&self, id: AccountId) -> bool {
        self.hops.marks(id).skipped
    }

    fn replace_and_settle(&mut self, id: AccountId, changes: &mut Changes) {
        self.hops.replace(id, &self.follows);
        self.settle(changes);
    }

    fn settle(&mut self, changes: &mut Changes) {
        let before = changes.len();
        self.hops.settle(&self.follows, changes);
        for change in &changes.as_slice()[before..] {
            if change.from.is_none() || change.to.is_none() {
                self.accounts
                    .moved(change.id, |id| self.hops.hop(id) != OUT);
            }
        }
    }
}

/// Follow records.
impl Circle {
    /// Creates or updates a follow record. Returns whom it named before.
    pub fn set_follow(
        &mut self,
        follower: AccountId,
        rkey: &str,
        subject: AccountId,
        changes: &mut Changes,
    ) -> Option<AccountId> {
        self.expect_known(subject);
        let before = self.follows.set(follower, rkey, subject);
        if before != Some(subject) {
            let level = self.hops.hop(follower);
            count(&mut self.hops, level, before, Some(subject));
            self.settle(changes);
        }
        before
    }

    /// Removes a follow record. Returns whom it named; an unknown rkey changes nothing.
    pub fn remove_follow(
        &mut self,
        follower: AccountId,
        rkey: &str,
        changes: &mut Changes,
    ) -> Option<AccountId> {
        let before = self.follows.remove(follower, rkey)?;
        let level = self.hops.hop(follower);
        count(&mut self.hops, level, Some(before), None);
        self.settle(changes);
        Some(before)
    }

    /// Makes the account's follow records those of a re-read.
    ///
    /// `keep` says which rkeys were touched by live events since the re-read began: they stay as
    /// they are, whether that is held or removed, and whatever the re-read lists. If an rkey is
    /// listed twice, the last counts.
    pub fn replace_follows<R: AsRef<str>>(
        &mut self,
        follower: AccountId,
        records: &[(R, AccountId)],
        keep: impl Fn(&str) -> bool,
        changes: &mut Changes,
    ) {
        for (_, subject) in records {
            self.expect_known(*subject);
        }
        let Self { hops, follows, .. } = self;
        let level = hops.hop(follower);
        follows.replace(follower, records, keep, &mut |before, after| {
            count(hops, level, before, after);
        });
        self.settle(changes);
    }

    /// Removes the account's follow records, when nobody keeps them current any more.
    pub fn drop_follows(&mut self, id: AccountId, changes: &mut Changes) {
        let Self { hops, follows, .. } = self;
        let level = hops.hop(id);
        follows.clear(id, &mut |before, after| count(hops, level, before, after));
        self.settle(changes);
    }

    /// Whom a follow record names.
    pub fn follow(&self, follower: AccountId, rkey: &str) -> Option<AccountId> {
        self.follows.get(follower, rkey)
    }

    /// The account's follow records: TIDs by time, then other rkeys as text.
    pub fn follows(&self, follower: AccountId) -> impl Iterator<Item = (Rkey<'_>, AccountId)> + '_ {
        self.follows.iter(follower)
    }

    /// How many follow records the account has.
    pub fn follow_count(&self, follower: AccountId) -> usize {
        self.follows.count(follower)
    }

    /// A record that names a number nobody has would do its harm much later.
    fn expect_known(&self, id: AccountId) {
        assert!(
            id.index() < self.accounts.len(),
            "account {} is not of this circle",
            id.0
        );
    }

    /// For the rest of the crate.
    pub(crate) fn follow_records(&self) -> &Records {
        &self.follows
    }
}

/// Block records. They change no hop.
impl Circle {
    /// Creates or updates a block record. Returns whom it named before.
    pub fn set_block(
        &mut self,
        blocker: AccountId,
        rkey: &str,
        subject: AccountId,
    ) -> Option<AccountId> {
        self.expect_known(subject);
        self.blocks.set(blocker, rkey, subject)
    }

    /// Removes a block record. Returns whom it named; an unknown rkey changes nothing.
    pub fn remove_block(&mut self, blocker: AccountId, rkey: &str) -> Option<AccountId> {
        self.blocks.remove(blocker, rkey)
    }

    /// Makes the account's block records those of a re-read, as [`Self::replace_follows`] does.
    pub fn replace_blocks<R: AsRef<str>>(
        &mut self,
        blocker: AccountId,
        records: &[(R, AccountId)],
        keep: impl Fn(&str) -> bool,
    ) {
        for (_, subject) in records {
            self.expect_known(*subject);
        }
        self.blocks.replace(blocker, records, keep);
    }

    /// Removes the account's block records, when nobody keeps them current any more.
    pub fn drop_blocks(&mut self, blocker: AccountId) {
        self.blocks.clear(blocker);
    }

    /// Whether `blocker` blocks `subject`.
    pub fn blocks(&self, blocker: AccountId, subject: AccountId) -> bool {
        self.blocks.contains(blocker, subject)
    }

    /// Whom a block record names.
    pub fn block(&self, blocker: AccountId, rkey: &str) -> Option<AccountId> {
        self.blocks.records().get(blocker, rkey)
    }

    /// How many block records the account has.
    pub fn block_count(&self, blocker: AccountId) -> usize {
        self.blocks.records().count(blocker)
    }

    /// The account's block records: TIDs by time, then other rkeys as text.
    pub fn block_records(
        &self,
        blocker: AccountId,
    ) -> impl Iterator<Item = (Rkey<'_>, AccountId)> + '_ {
        self.blocks.iter(blocker)
    }
}

/// Accounts for a record of an account of hop `level` that named one account and names another.
fn count(hops: &mut Hops, level: u8, before: Option<AccountId>, after: Option<AccountId>) {
    if level >= hops.depth() {
        return;
    }
    if let Some(before) = before {
        hops.lose(before, level);
    }
    if let Some(after) = after {
        hops.gain(after, level);
    }
}
