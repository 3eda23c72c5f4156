//! How long the reports take on a large database: makes one, unless it is there, and asks it
//! everything.
//!
//! ```sh
//! cargo run --release -p kith-store --example large -- sqlite:large.db
//! cargo run --release -p kith-store --example large -- postgres://…
//! ```
//!
//! A million accounts, fifty of them tracked, thirty thousand followed by those; 12.5 million
//! assignments, a few for most and hundreds for some, a twelfth of them with tracked origins; five
//! million likes in ten epochs. A number after the url makes everything so many times smaller. Two
//! numbers for each report: the first time, and the median of three more.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that people run by hand"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::time::Instant;

use fastrand::Rng;
use kith_reputation::{
    AccountId, AccountImage as Image, Operation, Row, Totals, Transfer, Verdict,
};
use kith_store::{
    Access, Batch, Parameter, Pieces, REPORTS, Store,
    batch::{
        AccountRow, ActivityRow, CircleChangeRow, Clock, ClockStart, ClosedRow, FlowRow,
        HistoryRows, ImageRow, JournalRow, NumberRow, RankRow, RecordIdentity, RecordKind, State,
        StoredRows, TotalsRow, TrackedRow,
    },
};
use sqlx::Connection;

const ACCOUNTS: u32 = 1_000_000;
const LIKES: u64 = 5_000_000;
const TRACKED: u32 = 50;
/// Followed by tracked accounts.
const FIRST: u32 = 30_000;
const EPOCHS: u64 = 10;
const EPOCH_MICROS: i64 = 604_800_000_000;
const BASE_EPOCH: i64 = 2_950;
/// Accounts, and likes, of a batch.
const BATCH: u32 = 20_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments
        .next()
        .ok_or("which database? sqlite:FILE or postgres://…")?;
    let smaller: u32 = arguments.next().map_or(Ok(1), |n| n.parse())?;
    let store = Store::open(&url, Access::Write).await?;
    if store.last_batch().await.is_err() {
        Large::new(smaller.max(1)).write(&store).await?;
        if url.starts_with("postgres") {
            // What autovacuum does in a service that runs for long.
            let mut connection = sqlx::PgConnection::connect(&url).await?;
            sqlx::raw_sql("VACUUM ANALYZE")
                .execute(&mut connection)
                .await?;
        }
    }
    ask(&store).await
}

/// Asks every report, as a person would.
async fn ask(store: &Store) -> Result<(), Box<dyn Error>> {
    let parameters = [
        ("limit", Parameter::Int(20)),
        ("viewer", Parameter::Text(did_of(1))),
        ("holder", Parameter::Text(did_of(TRACKED + 1))),
        ("account", Parameter::Text(did_of(TRACKED + 1))),
        (
            "viewers",
            Parameter::Text(format!("{}=2,{}=-1", did_of(1), did_of(2))),
        ),
    ];
    println!("| report | first, ms | then, ms | rows |\n| --- | ---: | ---: | ---: |");
    let mut asked: Vec<(&str, Vec<(&str, Parameter)>)> = REPORTS
        .iter()
        .map(|report| (report.name, parameters.to_vec()))
        .collect();
    let mut all = parameters.to_vec();
    all.push(("all_origins", Parameter::Int(1)));
    asked.push(("top", all));
    for (name, parameters) in asked {
        let report = kith_store::Report::find(name)?;
        let mut times = Vec::new();
        let mut rows = 0;
        for _ in 0..4 {
            let begun = Instant::now();
            rows = store.report(report, &parameters).await?.rows.len();
            times.push(begun.elapsed().as_secs_f64() * 1000.0);
        }
        let first = times.remove(0);
        times.sort_by(f64::total_cmp);
        let is_all = parameters.iter().any(|(name, _)| *name == "all_origins");
        let option = if is_all { " --all-origins" } else { "" };
        println!("| {name}{option} | {first:.0} | {:.0} | {rows} |", times[1]);
    }
    Ok(())
}

fn did_of(id: u32) -> String {
    format!(
        "did:plc:{:a>24}",
        format!("{id:b}").replace('0', "x").replace('1', "y")
    )
}

/// A database in the making.
struct Large {
    rng: Rng,
    accounts: u32,
    likes: u64,
    state: State,
    /// Who got points of each tracked account last: passes them on.
    last: Vec<u32>,
}

impl Large {
    fn new(smaller: u32) -> Large {
        let start = ClockStart {
            base_epoch: BASE_EPOCH,
            base_micros: BASE_EPOCH * EPOCH_MICROS,
            epoch: BASE_EPOCH,
            now_micros: BASE_EPOCH * EPOCH_MICROS,
        };
        Large {
            rng: Rng::with_seed(1),
            accounts: ACCOUNTS / smaller,
            likes: LIKES / u64::from(smaller),
            state: State {
                seed: 1,
                clock: Clock {
                    epoch_micros: EPOCH_MICROS,
                    started: Some(start),
                },
                depth: 2,
                ..State::default()
            },
            last: (0..=TRACKED).collect(),
        }
    }

    async fn write(mut self, store: &Store) -> Result<(), Box<dyn Error>> {
        let begun = Instant::now();
        store.create(&self.state).await?;
        let mut rows = 0;
        for first in (1..=self.accounts).step_by(BATCH as usize) {
            let last = (first + BATCH - 1).min(self.accounts);
            let mut batch = self.empty();
            batch.accounts = (first..=last).map(account).collect();
            let number = |id| NumberRow {
                account: id,
                ledger_id: AccountId(id),
            };
            batch.numbers = (first..=last).map(number).collect();
            batch.changes = (first..=last).map(change).collect();
            if first == 1 {
                let tracked = 1..=TRACKED;
                batch.tracked = Some(
                    tracked
                        .map(|account| TrackedRow {
                            account,
                            label: None,
                        })
                        .collect(),
                );
            }
            for id in first..=last {
                let image = self.image(id);
                rows += image.rows.len();
                batch.flows.extend(self.flows(id, &image));
                remember(&mut batch.history, id, &image);
                let position = self.state.position;
                batch.images.push(ImageRow {
                    id: AccountId(id),
                    position,
                    image,
                    stored: StoredRows::Absent,
                    entries_stored: Some(0),
                });
            }
            self.commit(store, batch).await?;
        }
        let each = self.likes / EPOCHS;
        for epoch in 0..EPOCHS {
            let mut left = each;
            while left > 0 {
                let count = left.min(BATCH.into());
                left -= count;
                let mut batch = self.empty();
                batch.journal = (0..count).map(|_| self.like(epoch)).collect();
                batch.totals = vec![totals(epoch)?];
                self.stand(&mut batch, epoch);
                self.commit(store, batch).await?;
            }
            let mut batch = self.empty();
            if epoch + 1 < EPOCHS {
                batch.journal = vec![self.journaled(epoch, Operation::Tick, None)];
            }
            self.stand(&mut batch, epoch);
            self.commit(store, batch).await?;
        }
        eprintln!(
            "{} accounts, {rows} assignments, {} likes written in {:.0} s",
            self.accounts,
            self.likes,
            begun.elapsed().as_secs_f64()
        );
        Ok(())
    }

    /// A batch that comes next and says nothing yet.
    fn empty(&self) -> Batch {
        let mut state = self.state.clone();
        state.batch += 1;
        Batch {
            expected: (self.state.batch, self.state.position),
            state,
            ..Batch::default()
        }
    }

    /// The state after the batch's journal.
    fn stand(&self, batch: &mut Batch, epoch: u64) {
        let state = &mut batch.state;
        state.position = self.state.position;
        state.ticks = u32::try_from(epoch).unwrap_or_default();
        if let (Some(start), Some(last)) = (&mut state.clock.started, batch.journal.last()) {
            start.epoch = last.epoch;
            start.now_micros = last.micros;
        }
    }

    async fn commit(&mut self, store: &Store, batch: Batch) -> Result<(), Box<dyn Error>> {
        self.state = batch.state.clone();
        Ok(store.commit(&batch).await?)
    }

    /// Rows as heavy-tailed as popularity is: of rank i as many as 1 / cube root of i.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a shape, not an account"
    )]
    fn image(&mut self, id: u32) -> Image {
        let rank = f64::from(id % (self.accounts - TRACKED) + 1);
        let wanted = (868.0 / rank.cbrt() * f64::from(self.accounts).cbrt() / 100.0) as usize;
        let mut origins = BTreeSet::new();
        while origins.len() < wanted.max(8) {
            let origin = match self.rng.u32(0..100) {
                0..8 => self.rng.u32(1..=TRACKED),
                _ => (f64::from(self.accounts - 1) * self.rng.f64().powi(2)) as u32 + 1,
            };
            if origin != id {
                origins.insert(origin);
            }
        }
        let rows = origins.into_iter().map(|origin| Row {
            origin: AccountId(origin),
            points: self.rng.u32(1..200),
            touched: None,
        });
        Image {
            own: 50_000,
            others: if id.is_multiple_of(16) { 100 } else { 0 },
            rows: rows.collect(),
            unclaimed: Vec::new(),
            ordinal: 0,
        }
    }

    fn flows(&mut self, receiver: u32, image: &Image) -> Vec<FlowRow> {
        let mut flows = BTreeMap::new();
        for row in image.rows.iter().filter(|row| row.origin.0 <= TRACKED) {
            let origin = row.origin.0;
            let last = &mut self.last[origin as usize];
            let direct = self.rng.u8(0..5) > 0;
            let sender = if direct { origin } else { *last };
            if sender != receiver {
                let epoch = BASE_EPOCH + i64::from(self.rng.u8(0..10));
                flows.insert((origin, sender, epoch), u64::from(row.points));
                *last = receiver;
            }
        }
        flows
            .into_iter()
            .map(|((origin, sender, epoch), points)| FlowRow {
                origin: AccountId(origin),
                receiver: AccountId(receiver),
                sender: AccountId(sender),
                epoch,
                points,
            })
            .collect()
    }

    fn like(&mut self, epoch: u64) -> JournalRow {
        let sender = self.rng.u32(1..=self.accounts);
        let receiver = self
            .rng
            .u32(1..=self.accounts)
            .min(self.rng.u32(1..=self.accounts));
        let transfer = Transfer {
            sender: AccountId(sender),
            receiver: AccountId(receiver),
            points: 100,
            nonce: self.rng.u64(..),
            held: false,
        };
        let record = RecordIdentity {
            kind: RecordKind::Like,
            rkey: format!("3l{:011}", self.state.position % 100_000_000_000).into(),
            rev: "3lzzzzzzzzz2z".into(),
            subject_rkey: "3lyyyyyyyyy2z".into(),
        };
        self.journaled(epoch, Operation::Transfer(transfer), Some(record))
    }

    fn journaled(
        &mut self,
        epoch: u64,
        operation: Operation,
        record: Option<RecordIdentity>,
    ) -> JournalRow {
        self.state.position += 1;
        let each = self.likes / EPOCHS + 1;
        let done = i64::try_from(self.state.position).unwrap_or_default();
        let micros =
            BASE_EPOCH * EPOCH_MICROS + EPOCH_MICROS / i64::try_from(each).unwrap_or(1) * done;
        JournalRow {
            position: self.state.position,
            epoch: BASE_EPOCH + i64::try_from(epoch).unwrap_or_default(),
            operation,
            verdict: match self.rng.u32(0..1_000) {
                0 if record.is_some() => {
                    Verdict::Rejected(kith_reputation::Rejection::NotEnoughPoints)
                }
                _ => Verdict::Accepted,
            },
            claimed_from: None,
            pieces: Pieces::default(),
            sink_points: 1,
            sink_pieces: Pieces::default(),
            parameters: None,
            record,
            micros,
        }
    }
}

/// How the account stood at the end of the last two epochs, and the current one so far.
fn remember(history: &mut HistoryRows, id: u32, image: &Image) {
    let holder = AccountId(id);
    let points = |all: bool| -> u64 {
        let rows = image.rows.iter();
        rows.filter(|row| all || row.origin.0 <= TRACKED)
            .map(|row| u64::from(row.points))
            .sum()
    };
    let current = BASE_EPOCH + i64::try_from(EPOCHS).unwrap_or_default() - 1;
    for epoch in current - 2..=current {
        history.activity.known.push(ActivityRow {
            holder,
            epoch,
            received: 100,
            given: 200,
        });
        if epoch < current {
            history.closed.known.push(ClosedRow {
                holder,
                epoch,
                hop: Some(hop_of(id)),
                own: 50_000,
                tally: points(true),
                tracked: points(false),
            });
            if points(false) > 0 {
                let rank = u64::from(id);
                history.ranks.push(RankRow {
                    holder,
                    epoch,
                    rank,
                });
            }
        }
    }
}

fn hop_of(id: u32) -> u8 {
    match id {
        0..=TRACKED => 0,
        id if id <= TRACKED + FIRST => 1,
        _ => 2,
    }
}

fn change(id: u32) -> CircleChangeRow {
    let hop = hop_of(id);
    CircleChangeRow {
        id: id.into(),
        micros: BASE_EPOCH * EPOCH_MICROS + i64::from(id),
        account: id,
        from_hop: None,
        to_hop: Some(hop),
        cause: if hop == 0 { "config" } else { "follow" },
        by: (hop > 0).then_some(id % TRACKED + 1),
        rkey: (hop > 0).then(|| "3lzzzzzzzzz2z".to_owned()),
    }
}

fn totals(epoch: u64) -> Result<TotalsRow, Box<dyn Error>> {
    Ok(TotalsRow {
        ordinal: u32::try_from(epoch)?,
        epoch: BASE_EPOCH + i64::try_from(epoch)?,
        totals: Totals::default(),
    })
}

fn account(id: u32) -> AccountRow {
    AccountRow {
        id,
        did: did_of(id),
        handle: (!id.is_multiple_of(8)).then(|| format!("user{id}.example.com")),
        hop: Some(hop_of(id)),
        since_micros: Some(BASE_EPOCH * EPOCH_MICROS + i64::from(id)),
        status: "active".to_owned(),
        ledger_id: None,
        capped: false,
    }
}
