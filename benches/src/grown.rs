//! A database as a large circle has left it, written through the store: who follows whom, a
//! ledger of yesterday with everybody's image, and today's likes, which no image covers.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use kith_reputation::{AccountId, Ledger, Operation, Rules, Transfer};
use kith_store::{
    Access, Batch, Pieces, Store,
    batch::{
        AccountRow, BackfillRow, BackfillState, Clock, ClockStart, ImageRow, JournalRow, NumberRow,
        Parameters, RecordIdentity, RecordKind, RecordRow, State, StoredRows, TotalsRow,
        TrackedRow,
    },
};

use kith_tests::world::{Random, Size, World, did, tid};

/// Rows in a batch.
const BATCH: usize = 100_000;
const DAY: i64 = 24 * 3_600 * 1_000_000;
const SEED: u64 = 42;

/// Writes a circle of this size whose ledger has seen `size.likes`, and `tail` likes since the
/// last checkpoint. Returns the number of assignments.
pub(crate) async fn write(url: &str, size: Size, tail: u64) -> Result<usize> {
    let store = Store::open(url, Access::Write).await?;
    let mut past = Past::new(size)?;
    store.create(&past.state).await?;
    past.circle(&store).await?;
    past.operate(Operation::Rules(Rules::default()), None);
    past.likes(&store, size.likes).await?;
    past.operate(Operation::Tick, None);
    let rows = past.checkpoint(&store).await?;
    past.likes(&store, tail).await?;
    store.close().await;
    Ok(rows)
}

struct Past {
    size: Size,
    ledger: Ledger,
    state: State,
    written: (u64, u64),
    random: Random,
    /// The ledger's numbers of the accounts.
    numbers: Vec<Option<AccountId>>,
    /// The last of them.
    next: u32,
    batch: Batch,
    accepted: u64,
    rejected: u64,
}

impl Past {
    fn new(size: Size) -> Result<Past> {
        let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros())?;
        // It ends yesterday, so the first event of today makes a tick.
        let ticks = i64::from(size.ticks);
        let first = now / DAY - 1 - ticks;
        let clock = Clock {
            epoch_micros: DAY,
            started: Some(ClockStart {
                base_epoch: first,
                base_micros: first * DAY,
                epoch: first,
                now_micros: first * DAY,
            }),
        };
        Ok(Past {
            size,
            ledger: Ledger::new(SEED, Rules::default())?,
            state: State {
                seed: SEED,
                clock,
                depth: 2,
                ..State::default()
            },
            written: (0, 0),
            random: Random::new(7),
            numbers: vec![None; size.members as usize],
            next: 0,
            batch: Batch::default(),
            accepted: 0,
            rejected: 0,
        })
    }

    fn epoch(&self) -> i64 {
        self.state.clock.started.map_or(0, |start| start.epoch)
    }

    /// Accounts, and the follows that make them members.
    async fn circle(&mut self, store: &Store) -> Result<()> {
        let hop = |id: u32| match id {
            _ if id < self.size.tracked => 0,
            _ if id < World::interior(&self.size) => 1,
            _ => 2,
        };
        let account = |id: u32| AccountRow {
            id,
            did: did(id),
            handle: None,
            hop: Some(hop(id)),
            since_micros: Some(0),
            status: "active".to_owned(),
            ledger_id: None,
            capped: false,
        };
        let accounts: Vec<AccountRow> = (0..self.size.members).map(account).collect();
        for accounts in accounts.chunks(BATCH) {
            self.batch.accounts = accounts.to_vec();
            self.write(store).await?;
        }
        let tracked = (0..self.size.tracked).map(|account| TrackedRow {
            account,
            label: None,
        });
        self.batch.tracked = Some(tracked.collect());
        // Nobody's follows are left to be read.
        let interior = 0..World::interior(&self.size);
        self.batch
            .backfill
            .extend(interior.map(|account| BackfillRow {
                account,
                state: BackfillState::Done,
                reason: "entered".to_owned(),
                attempts: 1,
                not_before_micros: 0,
                error: None,
                likes: None,
                gap: None,
            }));
        for author in 0..World::interior(&self.size) {
            let followed = World::followed(&self.size, author, &mut self.random);
            let follows = followed
                .into_iter()
                .zip(0..)
                .map(|(subject, at)| RecordRow {
                    author,
                    rkey: tid(u64::from(author) << 32 | at),
                    subject: Some(subject),
                });
            self.batch.follows.extend(follows);
            if self.batch.follows.len() >= BATCH {
                self.write(store).await?;
            }
        }
        self.write(store).await
    }

    /// Likes as [`World`] has them.
    async fn likes(&mut self, store: &Store, count: u64) -> Result<()> {
        for _ in 0..count {
            let (liker, author) = World::pair(self.size.members, &mut self.random);
            let (sender, receiver) = (self.number(liker), self.number(author));
            let nonce = self.random.draw();
            let transfer = Transfer {
                sender,
                receiver,
                points: 100,
                nonce,
                held: false,
            };
            self.operate(Operation::Transfer(transfer), Some(nonce));
            if self.batch.journal.len() == BATCH {
                self.write(store).await?;
            }
        }
        self.write(store).await
    }

    fn number(&mut self, account: u32) -> AccountId {
        let (next, numbers) = (&mut self.next, &mut self.batch.numbers);
        *self.numbers[account as usize].get_or_insert_with(|| {
            // The sink has the first number.
            *next += 1;
            let ledger_id = AccountId(*next);
            numbers.push(NumberRow { account, ledger_id });
            ledger_id
        })
    }

    /// Gives an operation to the ledger and notes it; `like` is the number of the record.
    fn operate(&mut self, operation: Operation, like: Option<u64>) {
        let epoch = self.epoch();
        let outcome = self.ledger.apply(&operation);
        self.state.position += 1;
        match (like, outcome.is_accepted()) {
            (None, _) => {}
            (Some(_), true) => self.accepted += 1,
            (Some(_), false) => self.rejected += 1,
        }
        self.batch.journal.push(JournalRow {
            position: self.state.position,
            epoch,
            operation,
            verdict: outcome.verdict,
            claimed_from: None,
            pieces: Pieces::encode(outcome.pieces),
            sink_points: outcome.sink_points,
            sink_pieces: Pieces::encode(outcome.sink_pieces),
            parameters: matches!(operation, Operation::Rules(_)).then_some(Parameters {
                like: 100,
                repost: 0,
                repeat_once: true,
                epoch_micros: DAY,
            }),
            record: like.map(|number| RecordIdentity {
                kind: RecordKind::Like,
                rkey: tid(number >> 4).into(),
                rev: tid(number >> 5).into(),
                subject_rkey: tid(number >> 6).into(),
            }),
            micros: epoch * DAY,
        });
        if let (Operation::Tick, Some(start)) = (operation, &mut self.state.clock.started) {
            start.epoch += 1;
            start.now_micros += DAY;
        }
    }

    /// Everybody's image.
    async fn checkpoint(&mut self, store: &Store) -> Result<usize> {
        self.write(store).await?;
        let position = self.state.position;
        let mut rows = 0;
        let mut in_batch = 0;
        for id in (0..self.ledger.accounts()).map(AccountId) {
            self.ledger.settle(id);
            let Some(account) = self.ledger.account(id) else {
                continue;
            };
            let image = account.image();
            in_batch += image.rows.len();
            self.batch.images.push(ImageRow {
                id,
                position,
                image,
                stored: StoredRows::Absent,
                entries_stored: Some(0),
            });
            if in_batch >= BATCH {
                rows += std::mem::take(&mut in_batch);
                self.write(store).await?;
            }
        }
        self.state.checkpoint_position = position;
        self.state.flow_position = position;
        self.write(store).await?;
        Ok(rows + in_batch)
    }

    async fn write(&mut self, store: &Store) -> Result<()> {
        let _closed = self.ledger.take_closed();
        let epoch = self.epoch();
        let ticks = self.ledger.ticks();
        self.state.batch += 1;
        self.state.ticks = ticks;
        let totals = self.ledger.totals_changed();
        let batch = Batch {
            expected: self.written,
            state: self.state.clone(),
            totals: totals
                .into_iter()
                .map(|ordinal| TotalsRow {
                    ordinal,
                    epoch: epoch - i64::from(ticks - ordinal),
                    totals: self.ledger.totals(ordinal),
                })
                .collect(),
            counters: vec![
                ("likes.accepted".to_owned(), self.accepted),
                ("likes.rejected".to_owned(), self.rejected),
            ],
            ..std::mem::take(&mut self.batch)
        };
        store.commit(&batch).await?;
        self.written = (self.state.batch, self.state.position);
        Ok(())
    }
}
