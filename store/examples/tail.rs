//! Makes a database whose journal has a long tail that no checkpoint covers, so that the time of a
//! start can be measured:
//!
//! ```sh
//! cargo run --release -p kith-store --example tail -- sqlite:tail.db 1000000
//! kith --config tail.toml replay --frames empty.frames      # "ledger restored … tail=…"
//! ```
//!
//! A hundred thousand accounts, everybody imaged at the middle; half as many likes as the tail
//! before that, the tail after it. The config needs `database`, a tracked account and `seed = 42`.

#![expect(clippy::print_stderr, reason = "a program that people run by hand")]

use std::error::Error;

use kith_reputation::{AccountId, Ledger, Operation, Rules, Transfer};
use kith_store::{
    Access, Batch, Pieces, Store,
    batch::{
        AccountRow, Clock, ClockStart, ImageRow, JournalRow, Parameters, RecordIdentity,
        RecordKind, State, TotalsRow,
    },
};

const ACCOUNTS: u64 = 100_000;
const SEED: u64 = 42;
const EPOCH: i64 = 2_950;
const EPOCH_MICROS: i64 = 604_800_000_000;
const BATCH: u64 = 20_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("which database?")?;
    let tail: u64 = arguments.next().ok_or("how long a tail?")?.parse()?;
    let store = Store::open(&url, Access::Write).await?;
    let mut past = Past::new()?;
    store.create(&past.state).await?;
    past.operate(Operation::Rules(Rules::default()), 0);
    while past.state.position < tail / 2 {
        past.like_many();
        past.write(&store, Vec::new()).await?;
    }
    past.checkpoint(&store).await?;
    let begun = past.state.position;
    while past.state.position < begun + tail {
        past.like_many();
        past.write(&store, Vec::new()).await?;
    }
    store.close().await;
    eprintln!(
        "{} operations after the checkpoint",
        past.state.position - begun
    );
    Ok(())
}

struct Past {
    ledger: Ledger,
    state: State,
    written: (u64, u64),
    known: u32,
    random: fastrand::Rng,
    journal: Vec<JournalRow>,
    accepted: u64,
    rejected: u64,
}

impl Past {
    fn new() -> Result<Past, Box<dyn Error>> {
        let clock = Clock {
            epoch_micros: EPOCH_MICROS,
            started: Some(ClockStart {
                base_epoch: EPOCH,
                base_micros: EPOCH * EPOCH_MICROS,
                epoch: EPOCH,
                now_micros: EPOCH * EPOCH_MICROS,
            }),
        };
        let state = State {
            seed: SEED,
            clock,
            depth: 2,
            ..State::default()
        };
        Ok(Past {
            ledger: Ledger::new(SEED, Rules::default())?,
            state,
            written: (0, 0),
            known: 1,
            random: fastrand::Rng::with_seed(7),
            journal: Vec::new(),
            accepted: 0,
            rejected: 0,
        })
    }

    /// Every tenth like is somebody's first; parties are the more often the older.
    fn like_many(&mut self) {
        for _ in 0..BATCH {
            let there = u64::from(self.ledger.accounts());
            let bound = if there < ACCOUNTS { there + 1 } else { there };
            let mut draw = |bound: u64| {
                let x = self.random.u64(1..bound.max(2));
                x.min(self.random.u64(1..bound.max(2)))
            };
            let is_first = there < ACCOUNTS && draw(11) == 1;
            let sender = if is_first { there } else { draw(bound) };
            let receiver = draw(if sender == there { bound + 1 } else { bound });
            let (Ok(sender), Ok(receiver)) = (u32::try_from(sender), u32::try_from(receiver))
            else {
                continue;
            };
            let nonce = self.random.u64(..);
            let transfer = Transfer {
                sender: AccountId(sender),
                receiver: AccountId(receiver),
                points: 100,
                nonce,
                held: false,
            };
            self.operate(Operation::Transfer(transfer), nonce);
        }
    }

    fn operate(&mut self, operation: Operation, number: u64) {
        let outcome = self.ledger.apply(&operation);
        self.state.position += 1;
        let is_transfer = matches!(operation, Operation::Transfer(_));
        match outcome.is_accepted() {
            true => self.accepted += u64::from(is_transfer),
            false => self.rejected += u64::from(is_transfer),
        }
        self.journal.push(JournalRow {
            position: self.state.position,
            epoch: EPOCH,
            operation,
            verdict: outcome.verdict,
            claimed_from: None,
            pieces: Pieces::encode(outcome.pieces),
            sink_points: outcome.sink_points,
            sink_pieces: Pieces::encode(outcome.sink_pieces),
            parameters: (!is_transfer).then_some(Parameters {
                like: 100,
                repost: 0,
                repeat_once: true,
                epoch_micros: EPOCH_MICROS,
            }),
            record: is_transfer.then(|| RecordIdentity {
                kind: RecordKind::Like,
                rkey: format!("3l{number:011x}"),
                rev: "3l2222222222a".to_owned(),
                subject_rkey: format!("3k{number:011x}"),
            }),
            micros: EPOCH * EPOCH_MICROS,
        });
    }

    async fn checkpoint(&mut self, store: &Store) -> Result<(), Box<dyn Error>> {
        let position = self.state.position;
        self.state.checkpoint_position = position;
        // Nothing is pinned here, so there are no flows to be read again.
        self.state.flow_position = position;
        let all: Vec<u32> = (0..self.ledger.accounts()).collect();
        for ids in all.chunks(5_000) {
            let image = |id: &u32| {
                let id = AccountId(*id);
                let image = self.ledger.account(id)?.image();
                Some(ImageRow {
                    id,
                    position,
                    image,
                    changed: None,
                })
            };
            let images = ids.iter().filter_map(image).collect();
            self.write(store, images).await?;
        }
        Ok(())
    }

    async fn write(&mut self, store: &Store, images: Vec<ImageRow>) -> Result<(), Box<dyn Error>> {
        let accounts = (self.known..self.ledger.accounts()).map(|id| AccountRow {
            id: id - 1,
            did: format!("did:plc:{id:a>24}"),
            handle: None,
            hop: None,
            since_micros: None,
            status: "active".to_owned(),
            ledger_id: Some(AccountId(id)),
            capped: false,
        });
        self.state.batch += 1;
        let batch = Batch {
            expected: self.written,
            accounts: accounts.collect(),
            state: self.state.clone(),
            journal: std::mem::take(&mut self.journal),
            totals: vec![TotalsRow {
                ordinal: 0,
                epoch: EPOCH,
                totals: self.ledger.totals(0),
            }],
            images,
            counters: vec![
                ("likes.accepted".to_owned(), self.accepted),
                ("likes.rejected".to_owned(), self.rejected),
            ],
            ..Batch::default()
        };
        store.commit(&batch).await?;
        self.known = self.ledger.accounts();
        self.written = (self.state.batch, self.state.position);
        Ok(())
    }
}
