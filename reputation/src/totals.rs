//! What was minted, moved and lost, per tick ordinal.

/// Totals of one tick ordinal.
///
/// Summed over all ordinals, with the [`Balance`] of the same moment:
///
/// minted = own + rows + others + sink + unclaimed
///        + returned + decayed + expired + burned + forgotten
///
/// What a tick does to an account is counted in that tick's ordinal, whenever the account is
/// settled; everything else in the ordinal current when it happens.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug, Default)]
pub struct Totals {
    /// Own points set at creation and top-up, less those that lay unspent (so it may be negative
    /// after `own_points` was lowered). The sink has no own points.
    pub minted: i64,
    /// Points senders paid towards receivers, the sink's cut not included: credited, held, or
    /// returned. A claim does not count again.
    pub moved: u64,
    /// Points senders paid towards the sink.
    pub sink: u64,
    /// Lost because they came back to their origin.
    pub returned: u64,
    /// Lost by decay, of rows and others at a tick and of entries at their claim.
    pub decayed: u64,
    /// Lost with unclaimed entries that were too old.
    pub expired: u64,
    /// Lost between withdrawal and passing on (rule `reference`).
    pub burned: u64,
    /// Lost with forgotten accounts.
    pub forgotten: u64,
}

impl Totals {
    /// All losses.
    pub fn lost(&self) -> u64 {
        self.returned + self.decayed + self.expired + self.burned + self.forgotten
    }

    /// Adds another ordinal's totals to these.
    pub fn add(&mut self, other: &Self) {
        self.minted += other.minted;
        self.moved += other.moved;
        self.sink += other.sink;
        self.returned += other.returned;
        self.decayed += other.decayed;
        self.expired += other.expired;
        self.burned += other.burned;
        self.forgotten += other.forgotten;
    }
}

/// Where all points are at one moment, every account as far as it is settled.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug, Default)]
pub struct Balance {
    /// Own points not given away.
    pub own: u64,
    /// Points in rows, without the sink's.
    pub rows: u64,
    /// Points of collapsed origins, without the sink's.
    pub others: u64,
    /// What the sink has, rows and counter.
    pub sink: u64,
    /// Points in unclaimed entries.
    pub unclaimed: u64,
}

impl Balance {
    /// All points there are.
    pub fn sum(&self) -> u64 {
        self.own + self.rows + self.others + self.sink + self.unclaimed
    }
}

/// The totals of every ordinal that has any, ascending, and which changed since last asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct TotalsBook {
    pages: Vec<Page>,
    /// While replaying, nothing of ordinals below this is counted: those totals come from the store.
    pub(crate) paused_below: u32,
}

#[derive(Clone, Debug)]
struct Page {
    ordinal: u32,
    totals: Totals,
    changed: bool,
}

impl TotalsBook {
    pub(crate) fn get(&self, ordinal: u32) -> Totals {
        let found = self
            .pages
            .binary_search_by_key(&ordinal, |page| page.ordinal);
        found.map_or_else(|_| Totals::default(), |at| self.pages[at].totals)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, Totals)> + '_ {
        self.pages.iter().map(|page| (page.ordinal, page.totals))
    }

    /// Adds to one of the sums of an ordinal.
    pub(crate) fn count(
        &mut self,
        ordinal: u32,
        points: u64,
        which: impl FnOnce(&mut Totals) -> &mut u64,
    ) {
        if points > 0 && ordinal >= self.paused_below {
            let page = self.page(ordinal);
            *which(&mut page.totals) += points;
            page.changed = true;
        }
    }

    /// Adds to what was minted in an ordinal.
    pub(crate) fn mint(&mut self, ordinal: u32, points: i64) {
        if points != 0 && ordinal >= self.paused_below {
            let page = self.page(ordinal);
            page.totals.minted += points;
            page.changed = true;
        }
    }

    pub(crate) fn restore(&mut self, ordinal: u32, totals: Totals) {
        self.page(ordinal).totals = totals;
    }

    pub(crate) fn take_changed(&mut self) -> Vec<u32> {
        let taken = |page: &mut Page| core::mem::take(&mut page.changed).then_some(page.ordinal);
        self.pages.iter_mut().filter_map(taken).collect()
    }

    /// The page of an ordinal: nearly always the last.
    fn page(&mut self, ordinal: u32) -> &mut Page {
        let at = match self.pages.last() {
            Some(last) if last.ordinal == ordinal => self.pages.len() - 1,
            _ => match self
                .pages
                .binary_search_by_key(&ordinal, |page| page.ordinal)
            {
                Ok(at) => at,
                Err(at) => {
                    let page = Page {
                        ordinal,
                        totals: Totals::default(),
                        changed: false,
                    };
                    self.pages.insert(at, page);
                    at
                }
            },
        };
        &mut self.pages[at]
    }
}
