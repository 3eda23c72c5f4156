//! Random pasts of a ledger, in the batches in which the service would have written them.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use kith_reputation::{
    AccountId, AccountImage, Ledger, Operation, Row, RuleKind, Rules, Transfer, Verdict,
    views::Flows,
};
use kith_store::{
    Batch, Pieces,
    batch::{
        AccountRow, CircleChangeRow, Clock, ClockStart, ClosedRow, FlowRow, GapRow, HistoryRows,
        ImageRow, JournalRow, NumberRow, Parameters, RankRow, Rows, State, StoredRows, TotalsRow,
        TrackedRow,
    },
};

/// Accounts of the ledger, the sink among them.
const CROWD: u32 = 40;
/// Those with a row in the store, whether they ever take part or not; a prime, see [`account_of`].
const NAMED: u32 = 53;
/// Tracked and pinned from the start.
pub(crate) const TRACKED: [AccountId; 4] = [AccountId(1), AccountId(2), AccountId(3), AccountId(4)];
/// Operations of a history.
const OPERATIONS: usize = 3_000;
/// Operations of a batch, at most.
const BATCH_MAX: usize = 500;
/// The epoch of ordinal 0.
const BASE_EPOCH: i64 = 2_900;
const EPOCH_MICROS: i64 = 604_800_000_000;

/// A ledger, everybody settled, and how it came to be so.
#[derive(Debug)]
pub(crate) struct History {
    /// What a failure says, to have the same again.
    pub(crate) name: String,
    pub(crate) ledger: Ledger,
    pub(crate) flows: Flows,
    /// Before the first batch.
    pub(crate) first: State,
    pub(crate) batches: Vec<Batch>,
    /// What happened, and how often: an accepted operation by its kind, a rejection by its name.
    pub(crate) happened: BTreeMap<String, u32>,
}

impl History {
    /// The history of this seed.
    pub(crate) fn random(seed: u64, rule: RuleKind) -> History {
        let mut past = Past::new(seed, rule);
        while past.done < OPERATIONS {
            for _ in 0..past.rng.usize(1..=BATCH_MAX) {
                past.happens();
            }
            // A checkpoint's slice is some of those that changed, and now and then there is none.
            let share = if past.rng.bool() { past.rng.f64() } else { 0.0 };
            past.end_batch(share);
        }
        // Two with nothing, to tie: by number in another order than by DID.
        for account in [AccountId(9), AccountId(10)] {
            past.operate(Operation::Forget { account });
        }
        past.end_batch(1.0);
        History {
            name: format!("history {seed} of rule {rule:?}"),
            ledger: past.ledger,
            flows: past.flows,
            first: past.first,
            batches: past.batches,
            happened: past.happened,
        }
    }
}

/// A history that is being made.
struct Past {
    rng: Rng,
    ledger: Ledger,
    flows: Flows,
    first: State,
    state: State,
    batches: Vec<Batch>,
    happened: BTreeMap<String, u32>,
    done: usize,
    /// Since the last batch.
    journal: Vec<JournalRow>,
    /// Since the last batch that carried flows.
    moved: BTreeMap<(AccountId, AccountId, AccountId, i64), u64>,
    /// Without an image, or changed since.
    changed: BTreeSet<AccountId>,
    /// The last images.
    imaged: BTreeMap<AccountId, AccountImage>,
    /// Accounts of the ledger whose number the store knows.
    known: u32,
}

impl Past {
    fn new(seed: u64, rule: RuleKind) -> Past {
        let mut rng = Rng::with_seed(seed);
        let rules = random_rules(&mut rng, rule);
        let start = ClockStart {
            base_epoch: BASE_EPOCH,
            base_micros: 0,
            epoch: BASE_EPOCH,
            now_micros: 0,
        };
        let first = State {
            batch: 0,
            position: 0,
            ticks: 0,
            seed,
            clock: Clock {
                epoch_micros: EPOCH_MICROS,
                started: Some(start),
            },
            depth: 2,
            ..State::default()
        };
        let mut past = Past {
            rng,
            ledger: Ledger::new(seed, rules).expect("sensible rules"),
            flows: Flows::default(),
            state: first.clone(),
            first,
            batches: Vec::new(),
            happened: BTreeMap::new(),
            done: 0,
            journal: Vec::new(),
            moved: BTreeMap::new(),
            changed: BTreeSet::new(),
            imaged: BTreeMap::new(),
            known: 0,
        };
        past.operate(Operation::Rules(rules));
        for account in TRACKED {
            past.operate(Operation::Pin { account });
        }
        past
    }

    /// One operation, drawn.
    fn happens(&mut self) {
        let account = self.somebody();
        let operation = match self.rng.u32(0..400) {
            0 => Operation::Rules(random_rules(&mut self.rng, self.ledger.rules().rule)),
            1 => Operation::Forget { account },
            2 => Operation::Unpin { account },
            3..5 => Operation::Pin { account },
            5..10 => Operation::Tick,
            10..50 => Operation::Claim {
                receiver: account,
                index: self.rng.u32(0..2),
            },
            _ => Operation::Transfer(Transfer {
                sender: account,
                receiver: self.somebody(),
                points: self.rng.u64(1..600),
                nonce: self.rng.u64(..),
                held: self.rng.u32(0..8) == 0,
            }),
        };
        self.operate(operation);
    }

    /// Mostly one of the first, sometimes the next that never took part, rarely the sink.
    fn somebody(&mut self) -> AccountId {
        let bound = self.ledger.accounts().min(CROWD - 1) + 1;
        let first = u32::from(self.rng.u32(0..50) > 0);
        AccountId(self.rng.u32(first..bound).min(self.rng.u32(first..bound)))
    }

    /// Gives an operation to the ledger and notes what the service notes.
    fn operate(&mut self, operation: Operation) {
        let before = self.ledger.accounts();
        let outcome = self.ledger.apply(&operation);
        self.flows.add(&outcome);
        self.done += 1;
        self.state.position += 1;
        let epoch = BASE_EPOCH + i64::from(self.state.ticks);
        for flow in outcome.flows() {
            let key = (flow.origin, flow.receiver, flow.sender, epoch);
            *self.moved.entry(key).or_default() += u64::from(flow.points);
        }
        let is_claim = matches!(operation, Operation::Claim { .. });
        self.journal.push(JournalRow {
            position: self.state.position,
            epoch,
            operation,
            verdict: outcome.verdict,
            claimed_from: outcome.sender.filter(|_| is_claim),
            pieces: Pieces::encode(outcome.pieces),
            sink_points: outcome.sink_points,
            sink_pieces: Pieces::encode(outcome.sink_pieces),
            parameters: matches!(operation, Operation::Rules(_)).then_some(Parameters {
                like: 100,
                repost: 0,
                repeat_once: true,
                epoch_micros: EPOCH_MICROS,
            }),
            record: None,
            micros: 0,
        });
        self.changed.extend(outcome.sender);
        self.changed.extend(outcome.receiver);
        if outcome.sink_points > 0 {
            self.changed.insert(AccountId::SINK);
        }
        let what = match outcome.verdict {
            Verdict::Accepted => name(&operation).to_owned(),
            Verdict::Rejected(rejection) => format!("{rejection:?}"),
        };
        *self.happened.entry(what).or_default() += 1;
        self.state.ticks = self.ledger.ticks();
        self.changed
            .extend((before..self.ledger.accounts()).map(AccountId));
        match operation {
            Operation::Transfer(transfer) => {
                self.changed.extend([transfer.sender, transfer.receiver]);
            }
            Operation::Tick | Operation::Forget { .. } | Operation::Rules(_) => {
                self.changed
                    .extend((0..self.ledger.accounts()).map(AccountId));
            }
            _ => {}
        }
        self.changed.retain(|id| id.0 < self.ledger.accounts());
    }

    /// Closes the batch, with images of a share of those that changed.
    fn end_batch(&mut self, share: f64) {
        let state = self.state.clone();
        let expected = (state.batch, state.position - self.journal.len() as u64);
        self.state.batch += 1;
        let images = self.images(share);
        let flows = if images.is_empty() {
            Vec::new()
        } else {
            self.state.flow_position = self.state.position;
            std::mem::take(&mut self.moved)
                .into_iter()
                .map(flow_row)
                .collect()
        };
        let is_first = self.batches.is_empty();
        // First everybody without a number in the ledger, then who has been given one.
        let (accounts, numbers) = if is_first {
            let accounts = (1..=NAMED).map(account_row).collect();
            (accounts, Vec::new())
        } else {
            let given = self.known.max(1)..self.ledger.accounts();
            self.known = self.ledger.accounts();
            (Vec::new(), given.map(number_row).collect())
        };
        let totals = self.totals();
        self.batches.push(Batch {
            expected,
            state: self.state.clone(),
            journal: std::mem::take(&mut self.journal),
            accounts,
            numbers,
            tracked: is_first.then(|| TRACKED.map(tracked_row).to_vec()),
            changes: if is_first {
                vec![a_change()]
            } else {
                Vec::new()
            },
            gaps: if is_first { vec![a_gap()] } else { Vec::new() },
            history: match is_first {
                true => an_epoch_before(),
                false => HistoryRows::default(),
            },
            images,
            totals,
            flows,
            ..Batch::default()
        });
    }

    fn images(&mut self, share: f64) -> Vec<ImageRow> {
        let changed = std::mem::take(&mut self.changed);
        let (now, later): (BTreeSet<_>, BTreeSet<_>) = changed
            .into_iter()
            .partition(|_| share >= 1.0 || self.rng.f64() < share);
        self.changed = later;
        now.into_iter()
            .filter_map(|id| {
                self.ledger.settle(id);
                let image = self.ledger.account(id)?.image();
                let (stored, entries_stored) = match self.imaged.insert(id, image.clone()) {
                    None => (StoredRows::Absent, Some(0)),
                    // Now and then nothing is known, as after a start.
                    Some(_) if (self.state.position + u64::from(id.0)).is_multiple_of(4) => {
                        (StoredRows::Unknown, None)
                    }
                    Some(before) => (
                        StoredRows::Except(difference(&before.rows, &image.rows)),
                        (image.unclaimed.starts_with(&before.unclaimed))
                            .then_some(before.unclaimed.len()),
                    ),
                };
                Some(ImageRow {
                    id,
                    position: self.state.position,
                    stored,
                    entries_stored,
                    image,
                })
            })
            .collect()
    }

    fn totals(&mut self) -> Vec<TotalsRow> {
        let changed = self.ledger.totals_changed();
        changed
            .into_iter()
            .map(|ordinal| TotalsRow {
                ordinal,
                epoch: BASE_EPOCH + i64::from(ordinal),
                totals: self.ledger.totals(ordinal),
            })
            .collect()
    }
}

/// Origins whose rows are new, gone or changed, and a few more.
fn difference(before: &[Row], after: &[Row]) -> Vec<AccountId> {
    let (before, after): (BTreeSet<_>, BTreeSet<_>) = (
        before.iter().copied().collect(),
        after.iter().copied().collect(),
    );
    let differs = before.symmetric_difference(&after);
    let more = after.iter().step_by(7);
    let origins: BTreeSet<AccountId> = differs.chain(more).map(|row| row.origin).collect();
    origins.into_iter().collect()
}

fn random_rules(rng: &mut Rng, rule: RuleKind) -> Rules {
    Rules {
        rule,
        own_points: 2_000,
        keep_top: rng.u32(3..10),
        decay_percent: rng.u8(5..20),
        sink_percent: rng.u8(0..5),
        unclaimed_ticks: 3,
    }
}

fn name(operation: &Operation) -> &'static str {
    match operation {
        Operation::Transfer(transfer) if transfer.held => "held",
        Operation::Transfer(_) => "transfer",
        Operation::Tick => "tick",
        Operation::Claim { .. } => "claim",
        Operation::Pin { .. } => "pin",
        Operation::Unpin { .. } => "unpin",
        Operation::Rules(_) => "rules",
        Operation::Forget { .. } => "forget",
    }
}

/// The number in the store: another order than the ledger's, so that mixing them up shows.
fn account_of(id: u32) -> u32 {
    id * 17 % NAMED
}

/// A DID that may be the beginning of another's, and sorts differently by bytes and by language.
pub(crate) fn did_of(id: AccountId) -> String {
    let id = id.0;
    match id % 4 {
        0 => {
            let mut letters = 'b'..='z';
            let last = letters.nth((id / 4) as usize).expect("a small crowd");
            format!("did:plc:{last:a>24}")
        }
        1 => format!("did:web:a{id}"),
        2 => format!("did:web:B-{id}.example"),
        _ => format!("did:web:a_{id}%3A8080"),
    }
}

/// Every third has a handle.
pub(crate) fn handle_of(id: AccountId) -> Option<String> {
    id.0.is_multiple_of(3)
        .then(|| format!("user{}.example", id.0))
}

/// Some are outside the circle.
pub(crate) fn hop_of(id: AccountId) -> Option<u8> {
    match id.0 % 5 {
        _ if TRACKED.contains(&id) => Some(0),
        0 => None,
        1 | 2 => Some(1),
        _ => Some(2),
    }
}

/// An account that takes no part yet.
fn account_row(id: u32) -> AccountRow {
    let ledger_id = AccountId(id);
    AccountRow {
        id: account_of(id),
        did: did_of(ledger_id),
        handle: handle_of(ledger_id),
        hop: hop_of(ledger_id),
        since_micros: None,
        status: "active".to_owned(),
        ledger_id: None,
        capped: false,
    }
}

fn number_row(id: u32) -> NumberRow {
    NumberRow {
        account: account_of(id),
        ledger_id: AccountId(id),
    }
}

fn tracked_row(id: AccountId) -> TrackedRow {
    TrackedRow {
        account: account_of(id.0),
        label: None,
    }
}

fn flow_row(
    ((origin, receiver, sender, epoch), points): ((AccountId, AccountId, AccountId, i64), u64),
) -> FlowRow {
    FlowRow {
        origin,
        sender,
        receiver,
        epoch,
        points,
    }
}

fn a_change() -> CircleChangeRow {
    CircleChangeRow {
        id: 1,
        micros: 0,
        account: account_of(2),
        from_hop: None,
        to_hop: Some(0),
        cause: "config",
        by: None,
        rkey: None,
    }
}

/// One account was there in the epoch before the first: an account's history, and a change.
fn an_epoch_before() -> HistoryRows {
    let (holder, epoch) = (TRACKED[0], BASE_EPOCH - 1);
    let row = ClosedRow {
        holder,
        epoch,
        hop: Some(0),
        own: 2_000,
        tally: 5,
        tracked: 5,
    };
    HistoryRows {
        activity: Rows::default(),
        closed: Rows::of([row], |_| true),
        ranks: vec![RankRow {
            holder,
            epoch,
            rank: 1,
        }],
    }
}

fn a_gap() -> GapRow {
    GapRow {
        id: 1,
        kind: "sync".to_owned(),
        account: Some(account_of(1)),
        ..GapRow::default()
    }
}
