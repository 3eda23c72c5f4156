//! What follows from the journal and is written beside it: images, totals, flows, history, and the
//! checkpoints that are kept.

use kith_reputation::{AccountId, AccountImage, Entry, Row};

use super::Rows;

/// An account's image in the ledger, true at `position`.
#[derive(Debug, Clone, Eq, PartialEq)]
pub struct ImageRow {
    /// Whose.
    pub id: AccountId,
    /// The journal position at which it is true.
    pub position: u64,
    /// The account.
    pub image: AccountImage,
    /// The account's rows that the store has before it.
    pub stored: StoredRows,
    /// How many unclaimed entries the store has of it: they are the first of the image's. None: not known.
    pub entries_stored: Option<usize>,
}

/// What is known of an account's rows in the store, before an image of it is written.
#[derive(Debug, Clone, Eq, PartialEq)]
pub enum StoredRows {
    /// Nothing.
    Unknown,
    /// There are none: it has no image yet.
    Absent,
    /// They are those of the image, but for these origins, ascending.
    Except(Vec<AccountId>),
}

impl ImageRow {
    /// Unclaimed entries that are to be written, with their places.
    pub(crate) fn added_entries(&self) -> impl Iterator<Item = (i64, &Entry)> {
        let stored = self.entries_stored.unwrap_or_default();
        (0..).zip(&self.image.unclaimed).skip(stored)
    }

    /// The store has no image of the account so far.
    pub(crate) fn is_first(&self) -> bool {
        self.stored == StoredRows::Absent
    }

    /// All rows, unless those that changed are known.
    pub(crate) fn added(&self) -> impl Iterator<Item = &Row> {
        let is_whole = !matches!(self.stored, StoredRows::Except(_));
        is_whole.then_some(&self.image.rows).into_iter().flatten()
    }

    /// Those that changed, or are new, if they are known.
    pub(crate) fn changed_rows(&self) -> impl Iterator<Item = &Row> {
        self.excepted()
            .iter()
            .filter_map(|origin| self.row(*origin))
    }

    /// Origins whose rows are gone, of those that changed.
    pub(crate) fn gone(&self) -> impl Iterator<Item = AccountId> {
        let excepted = self.excepted().iter().copied();
        excepted.filter(|origin| self.row(*origin).is_none())
    }

    fn excepted(&self) -> &[AccountId] {
        match &self.stored {
            StoredRows::Except(origins) => origins,
            StoredRows::Unknown | StoredRows::Absent => &[],
        }
    }

    fn row(&self, origin: AccountId) -> Option<&Row> {
        let rows = &self.image.rows;
        let at = rows.binary_search_by_key(&origin, |row| row.origin).ok()?;
        rows.get(at)
    }
}

/// What a slice does to the index of assignments by origin.
#[derive(Debug, Clone, Copy, Default, Eq, PartialEq)]
pub enum OriginIndex {
    /// Nothing.
    #[default]
    Keep,
    /// Slices that fill the table, or change most of it, begin with this one: it is removed.
    Drop,
    /// The last of them: after it, it is made again from all rows.
    Make,
}

/// Totals of one epoch, by reason.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub struct TotalsRow {
    /// Tick ordinal.
    pub ordinal: u32,
    /// The epoch it began.
    pub epoch: i64,
    /// The ledger's totals.
    pub totals: kith_reputation::Totals,
}

/// Points of one tracked origin that went from sender to receiver in an epoch, since the
/// last batch that carried flows.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub struct FlowRow {
    /// Whose points.
    pub origin: AccountId,
    /// Who passed them on.
    pub sender: AccountId,
    /// To whom.
    pub receiver: AccountId,
    /// When.
    pub epoch: i64,
    /// How many; above zero.
    pub points: u64,
}

/// What an account gave and received in an epoch, since the last batch that carried flows.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub struct ActivityRow {
    /// Whose.
    pub holder: AccountId,
    /// When.
    pub epoch: i64,
    /// Points credited.
    pub received: u64,
    /// Points paid.
    pub given: u64,
}

/// How an account stood when an epoch ended.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub struct ClosedRow {
    /// Whose.
    pub holder: AccountId,
    /// Which epoch.
    pub epoch: i64,
    /// In the circle at its end; None: not a member.
    pub hop: Option<u8>,
    /// Own points left.
    pub own: u32,
    /// Points received and still held.
    pub tally: u64,
    /// Of them, those of pinned origins; all where nothing is pinned.
    pub tracked: u64,
}

/// A member's rank by `tracked` when an epoch ended.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub struct RankRow {
    /// Whose.
    pub holder: AccountId,
    /// Which epoch.
    pub epoch: i64,
    /// From 1; equals share a rank.
    pub rank: u64,
}

/// What a batch adds to table `history`; no account twice in an epoch.
#[derive(Debug, Clone, Default)]
pub struct HistoryRows {
    /// Added to what is there.
    pub activity: Rows<ActivityRow>,
    /// Accounts settled beyond the end of an epoch: after `activity`, which may have made their rows.
    pub closed: Rows<ClosedRow>,
    /// Ranks of epochs that everybody was settled beyond.
    pub ranks: Vec<RankRow>,
}

/// A checkpoint that is kept.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub struct KeptRow {
    /// The tick it was taken after.
    pub ordinal: u32,
    /// The epoch which that tick began.
    pub epoch: i64,
    /// That tick's position in the journal.
    pub position: u64,
    /// Accounts of the ledger at that moment.
    pub accounts: u32,
    /// All their images are there.
    pub complete: bool,
}

/// What a batch does to kept checkpoints.
#[derive(Debug, Clone, Default)]
pub struct KeptSlice {
    /// The checkpoint that is being taken.
    pub checkpoint: Option<KeptRow>,
    /// So many of the batch's images, from the first, belong to it.
    pub images: usize,
    /// Images to be removed: of which ordinal, from which holder, before which.
    pub discarded: Option<(u32, u32, u32)>,
}
