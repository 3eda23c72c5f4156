//! A batch as bulks: which rows go to which table, in what order.

use std::collections::BTreeMap;

use kith_reputation::{AccountId, Entry, Operation, Row};

use crate::{
    batch::{
        ActivityRow, Batch, ClosedRow, HistoryRows, ImageRow, JournalRow, Micros, RecordRow,
        RulesRecord, StoredRows, outcome_code,
    },
    bulk::{Action, Bulk},
    kept,
    pieces::Pieces,
};

/// Codes of table `journal`, column `kind`. Stored, so never renumbered.
pub(crate) mod kind {
    pub(crate) const TRANSFER: i64 = 1;
    pub(crate) const TICK: i64 = 2;
    pub(crate) const CLAIM: i64 = 3;
    pub(crate) const PIN: i64 = 4;
    pub(crate) const UNPIN: i64 = 5;
    pub(crate) const RULES: i64 = 6;
    pub(crate) const FORGET: i64 = 7;
}

/// A batch and the rows that it writes: made while another is being committed.
#[derive(Debug)]
pub struct Planned<'a> {
    pub(crate) batch: &'a Batch,
    pub(crate) bulks: Vec<Bulk<'a>>,
}

impl<'a> Planned<'a> {
    /// Makes the rows of a batch.
    pub fn of(batch: &'a Batch) -> Planned<'a> {
        let bulks = bulks(batch);
        Planned { batch, bulks }
    }

    /// What is planned.
    pub fn batch(&self) -> &'a Batch {
        self.batch
    }
}

/// Everything a batch writes but the row of table `state`, in order.
fn bulks(batch: &Batch) -> Vec<Bulk<'_>> {
    let mut bulks = vec![journal(&batch.journal), accounts(batch), numbers(batch)];
    bulks.extend(commits(batch));
    bulks.extend(records(
        "follow",
        "follower",
        &batch.follows_dropped,
        &batch.follows,
    ));
    bulks.extend(records(
        "block",
        "blocker",
        &batch.blocks_dropped,
        &batch.blocks,
    ));
    bulks.push(changes(batch));
    bulks.push(sources(batch));
    bulks.push(
        Bulk::new("counter", Action::Upsert { key_columns: 1 })
            .text("name", batch.counters.iter().map(|(name, _)| Some(name)))
            .int(
                "value",
                batch.counters.iter().map(|(_, value)| value.cast_signed()),
            ),
    );
    bulks.extend(backfill(batch));
    bulks.push(gaps(batch));
    bulks.push(identities(batch));
    bulks.push(handle_lookups(batch));
    bulks.push(status_events(batch));
    bulks.extend(day_one(batch));
    bulks.extend(images(batch));
    bulks.push(totals(batch));
    bulks.push(flows(batch));
    bulks.extend(history(batch));
    bulks.extend(kept(batch));
    bulks.extend(configured(batch));
    bulks.extend(answers(batch));
    bulks
}

/// What the configuration names, anew.
fn configured(batch: &Batch) -> impl Iterator<Item = Bulk<'_>> {
    let tracked = batch.tracked.iter().map(|rows| {
        Bulk::all_of("tracked")
            .int("account", rows.iter().map(|r| i64::from(r.account)))
            .text("label", rows.iter().map(|r| r.label.as_deref()))
    });
    let skipped = batch.skipped.iter().map(|accounts| {
        Bulk::all_of("skipped").int("account", accounts.iter().map(|&id| i64::from(id)))
    });
    let named = batch.named.iter().map(|rows| {
        Bulk::all_of("named")
            .text("handle", rows.iter().map(|(handle, _)| Some(handle)))
            .text("did", rows.iter().map(|(_, did)| Some(did)))
    });
    tracked.chain(skipped).chain(named)
}

/// Answers to requests, and who is forgotten.
fn answers(batch: &Batch) -> [Bulk<'_>; 3] {
    let rows = &batch.answers;
    // Of one that is named twice the last word counts.
    let forgotten: BTreeMap<u32, Option<Micros>> = batch.forgotten.iter().copied().collect();
    let since = || {
        forgotten
            .iter()
            .filter_map(|(id, since)| Some((*id, (*since)?)))
    };
    [
        Bulk::new("request", Action::Update { key_columns: 1 })
            .int("id", rows.iter().map(|r| r.id.cast_signed()))
            .text("answer", rows.iter().map(|r| Some(r.answer.name())))
            .int("operations", rows.iter().map(|r| i64::from(r.operations)))
            .int_opt(
                "position",
                rows.iter().map(|r| r.position.map(u64::cast_signed)),
            )
            .int("points", rows.iter().map(|r| r.points.cast_signed()))
            .int("answered_micros", rows.iter().map(|r| r.micros)),
        Bulk::new("forgotten", Action::Delete)
            .int("account", forgotten.keys().map(|&id| i64::from(id))),
        Bulk::new("forgotten", Action::Insert)
            .int("account", since().map(|(id, _)| i64::from(id)))
            .int("micros", since().map(|(_, micros)| micros)),
    ]
}

fn journal(rows: &[JournalRow]) -> Bulk<'_> {
    let record = || rows.iter().map(|r| r.record.as_ref());
    Bulk::new("journal", Action::Insert)
        .ints(
            [
                "position", "epoch", "kind", "outcome", "sender", "receiver", "points", "nonce",
                "held", "entry",
            ],
            rows.iter().map(|r| {
                let c = JournalColumns::of(r);
                [
                    Some(r.position.cast_signed()),
                    Some(r.epoch),
                    Some(c.kind),
                    Some(outcome_code(r.verdict)),
                    c.sender,
                    c.receiver,
                    c.points,
                    c.nonce,
                    c.held,
                    c.entry,
                ]
            }),
        )
        .bytes("pieces", rows.iter().map(|r| some_bytes(&r.pieces)))
        .int(
            "sink_points",
            rows.iter().map(|r| r.sink_points.cast_signed()),
        )
        .bytes(
            "sink_pieces",
            rows.iter().map(|r| some_bytes(&r.sink_pieces)),
        )
        .text("parameters", rows.iter().map(parameters))
        .int_opt(
            "record",
            record().map(|record| record.map(|record| i64::from(record.kind.code()))),
        )
        .text("rkey", record().map(|record| record.map(|r| &r.rkey)))
        .text("rev", record().map(|record| record.map(|r| &r.rev)))
        .text(
            "subject_rkey",
            record().map(|record| record.map(|r| &r.subject_rkey)),
        )
        .int("micros", rows.iter().map(|r| r.micros))
}

#[derive(Default)]
struct JournalColumns {
    kind: i64,
    sender: Option<i64>,
    receiver: Option<i64>,
    points: Option<i64>,
    nonce: Option<i64>,
    held: Option<i64>,
    entry: Option<i64>,
}

impl JournalColumns {
    /// The account of pin, unpin and forget stands in `sender`, that of claim in `receiver`.
    fn of(row: &JournalRow) -> JournalColumns {
        let id = |account: &AccountId| Some(i64::from(account.0));
        match &row.operation {
            Operation::Transfer(transfer) => JournalColumns {
                kind: kind::TRANSFER,
                sender: id(&transfer.sender),
                receiver: id(&transfer.receiver),
                points: Some(transfer.points.cast_signed()),
                nonce: Some(transfer.nonce.cast_signed()),
                held: Some(i64::from(transfer.held)),
                entry: None,
            },
            Operation::Tick => JournalColumns {
                kind: kind::TICK,
                ..Default::default()
            },
            Operation::Claim { receiver, index } => JournalColumns {
                kind: kind::CLAIM,
                sender: row.claimed_from.as_ref().and_then(id),
                receiver: id(receiver),
                entry: Some(i64::from(*index)),
                ..Default::default()
            },
            Operation::Pin { account } => JournalColumns {
                kind: kind::PIN,
                sender: id(account),
                ..Default::default()
            },
            Operation::Unpin { account } => JournalColumns {
                kind: kind::UNPIN,
                sender: id(account),
                ..Default::default()
            },
            Operation::Rules(_) => JournalColumns {
                kind: kind::RULES,
                ..Default::default()
            },
            Operation::Forget { account } => JournalColumns {
                kind: kind::FORGET,
                sender: id(account),
                ..Default::default()
            },
        }
    }
}

fn parameters(row: &JournalRow) -> Option<String> {
    let Operation::Rules(rules) = &row.operation else {
        return None;
    };
    let record = RulesRecord::new(rules, row.parameters?);
    serde_json::to_string(&record).ok()
}

fn some_bytes(pieces: &Pieces) -> Option<&[u8]> {
    let bytes = pieces.as_bytes();
    (!bytes.is_empty()).then_some(bytes)
}

fn accounts(batch: &Batch) -> Bulk<'_> {
    let rows = &batch.accounts;
    Bulk::new("account", Action::Upsert { key_columns: 1 })
        .int("id", rows.iter().map(|r| i64::from(r.id)))
        .text("did", rows.iter().map(|r| Some(&r.did)))
        .text("handle", rows.iter().map(|r| r.handle.as_deref()))
        .int_opt("hop", rows.iter().map(|r| r.hop.map(i64::from)))
        .int_opt("since_micros", rows.iter().map(|r| r.since_micros))
        .text("status", rows.iter().map(|r| Some(&r.status)))
        .int("capped", rows.iter().map(|r| i64::from(r.capped)))
}

fn numbers(batch: &Batch) -> Bulk<'_> {
    let rows = batch.numbers.iter();
    Bulk::new("ledger_number", Action::Insert).ints(
        ["ledger_id", "account"],
        rows.map(|r| [Some(i64::from(r.ledger_id.0)), Some(i64::from(r.account))]),
    )
}

fn commits(batch: &Batch) -> [Bulk<'_>; 2] {
    let rows = &batch.commits;
    [
        (Action::Insert, &rows.new),
        (Action::Update { key_columns: 1 }, &rows.known),
    ]
    .map(|(action, rows)| {
        Bulk::new("repo", action)
            .int("account", rows.iter().map(|r| i64::from(r.account)))
            .text("rev", rows.iter().map(|r| Some(&r.rev)))
            .bytes(
                "data",
                rows.iter().map(|r| r.data.as_ref().map(|data| &data[..])),
            )
            .text("likes_upto", rows.iter().map(|r| r.likes_upto.as_ref()))
    })
}

fn records<'a>(
    table: &'static str,
    author: &'static str,
    dropped: &[u32],
    rows: &'a [RecordRow],
) -> [Bulk<'a>; 3] {
    let gone = || rows.iter().filter(|r| r.subject.is_none());
    let here = || {
        rows.iter()
            .filter_map(|r| r.subject.map(|subject| (r, subject)))
    };
    [
        Bulk::new(table, Action::Delete).int(author, dropped.iter().map(|&id| i64::from(id))),
        Bulk::new(table, Action::Delete)
            .int(author, gone().map(|r| i64::from(r.author)))
            .text("rkey", gone().map(|r| Some(&r.rkey))),
        Bulk::new(table, Action::Upsert { key_columns: 2 })
            .int(author, here().map(|(r, _)| i64::from(r.author)))
            .text("rkey", here().map(|(r, _)| Some(&r.rkey)))
            .int("subject", here().map(|(_, subject)| i64::from(subject))),
    ]
}

fn changes(batch: &Batch) -> Bulk<'_> {
    let rows = &batch.changes;
    Bulk::new("circle_change", Action::Insert)
        .int("id", rows.iter().map(|r| r.id.cast_signed()))
        .int("micros", rows.iter().map(|r| r.micros))
        .int("account", rows.iter().map(|r| i64::from(r.account)))
        .int_opt("from_hop", rows.iter().map(|r| r.from_hop.map(i64::from)))
        .int_opt("to_hop", rows.iter().map(|r| r.to_hop.map(i64::from)))
        .text("cause", rows.iter().map(|r| Some(r.cause)))
        .int_opt("by", rows.iter().map(|r| r.by.map(i64::from)))
        .text("rkey", rows.iter().map(|r| r.rkey.as_deref()))
}

fn sources(batch: &Batch) -> Bulk<'_> {
    let rows = &batch.sources;
    Bulk::new("source", Action::Upsert { key_columns: 1 })
        .text("name", rows.iter().map(|r| Some(r.name())))
        .text("kind", rows.iter().map(|r| Some(&r.kind)))
        .text("url", rows.iter().map(|r| Some(&r.url)))
        .int_opt(
            "cursor",
            rows.iter().map(|r| r.cursor.map(u64::cast_signed)),
        )
        .int_opt("event_micros", rows.iter().map(|r| r.event_micros))
        .int_opt("lag_micros", rows.iter().map(|r| r.lag_micros))
        .int("connected", rows.iter().map(|r| i64::from(r.connected)))
}

fn backfill(batch: &Batch) -> [Bulk<'_>; 2] {
    let rows = &batch.backfill;
    let unread = batch.unread.iter().map(|&id| i64::from(id));
    let gone = Bulk::new("backfill", Action::Delete).int("account", unread);
    let kept = Bulk::new("backfill", Action::Upsert { key_columns: 1 })
        .int("account", rows.iter().map(|r| i64::from(r.account)))
        .text("state", rows.iter().map(|r| Some(r.state.name())))
        .text("reason", rows.iter().map(|r| Some(&r.reason)))
        .int("attempts", rows.iter().map(|r| i64::from(r.attempts)))
        .int(
            "not_before_micros",
            rows.iter().map(|r| r.not_before_micros),
        )
        .text("error", rows.iter().map(|r| r.error.as_deref()))
        .text("likes", rows.iter().map(|r| r.likes.as_deref()))
        .int_opt("gap", rows.iter().map(|r| r.gap.map(u64::cast_signed)));
    [gone, kept]
}

fn gaps(batch: &Batch) -> Bulk<'_> {
    let rows = &batch.gaps;
    Bulk::new("gap", Action::Upsert { key_columns: 1 })
        .int("id", rows.iter().map(|r| r.id.cast_signed()))
        .text("kind", rows.iter().map(|r| Some(&r.kind)))
        .int_opt("account", rows.iter().map(|r| r.account.map(i64::from)))
        .text("source", rows.iter().map(|r| r.source.as_deref()))
        .text("from_rev", rows.iter().map(|r| r.from_rev.as_deref()))
        .text("to_rev", rows.iter().map(|r| r.to_rev.as_deref()))
        .int_opt("from_micros", rows.iter().map(|r| r.from_micros))
        .int_opt("to_micros", rows.iter().map(|r| r.to_micros))
        .int("accounts", rows.iter().map(|r| r.accounts.cast_signed()))
        .int(
            "accounts_left",
            rows.iter().map(|r| r.accounts_left.cast_signed()),
        )
        .int("opened_micros", rows.iter().map(|r| r.opened_micros))
        .int_opt("closed_micros", rows.iter().map(|r| r.closed_micros))
        .int(
            "likes_found",
            rows.iter().map(|r| r.likes_found.cast_signed()),
        )
        .int(
            "follows_changed",
            rows.iter().map(|r| r.follows_changed.cast_signed()),
        )
        .int(
            "blocks_changed",
            rows.iter().map(|r| r.blocks_changed.cast_signed()),
        )
}

fn identities(batch: &Batch) -> Bulk<'_> {
    let rows = &batch.identities;
    Bulk::new("identity", Action::Upsert { key_columns: 1 })
        .int("account", rows.iter().map(|r| i64::from(r.account)))
        .text("pds", rows.iter().map(|r| r.pds.as_deref()))
        .text("handle", rows.iter().map(|r| r.handle.as_deref()))
        .text("signing_key", rows.iter().map(|r| r.signing_key.as_deref()))
        .int("fetched_micros", rows.iter().map(|r| r.fetched_micros))
}

fn handle_lookups(batch: &Batch) -> Bulk<'_> {
    let rows = &batch.handle_lookups;
    Bulk::new("handle_lookup", Action::Upsert { key_columns: 1 })
        .int("account", rows.iter().map(|r| i64::from(r.account)))
        .int("attempts", rows.iter().map(|r| i64::from(r.attempts)))
        .int_opt(
            "not_before_micros",
            rows.iter().map(|r| r.not_before_micros),
        )
}

fn status_events(batch: &Batch) -> Bulk<'_> {
    let rows = &batch.status_events;
    Bulk::new("status_event", Action::Upsert { key_columns: 1 })
        .int("account", rows.iter().map(|r| i64::from(r.account)))
        .int("micros", rows.iter().map(|r| r.micros))
        .text("source", rows.iter().map(|r| Some(&r.source)))
}

fn day_one(batch: &Batch) -> [Bulk<'_>; 3] {
    let row = || batch.bootstrap.iter();
    let accounts = &batch.bootstrap_accounts;
    let staged = &batch.staged;
    [
        Bulk::new("bootstrap", Action::Upsert { key_columns: 1 })
            .int("singleton", row().map(|_| 1))
            .text("state", row().map(|r| Some(r.state.name())))
            .int("after_micros", row().map(|r| r.after_micros))
            .int("first_micros", row().map(|r| r.first_micros))
            .int("upto_micros", row().map(|r| r.upto_micros))
            .int("begun_micros", row().map(|r| r.begun_micros))
            .int_opt("ended_micros", row().map(|r| r.ended_micros))
            .int("likes_read", row().map(|r| r.likes_read.cast_signed()))
            .int("likes_taken", row().map(|r| r.likes_taken.cast_signed()))
            .int("taken_tid", row().map(|r| r.taken.tid.cast_signed()))
            .int("taken_account", row().map(|r| i64::from(r.taken.account)))
            .int("taken_record", row().map(|r| i64::from(r.taken.record))),
        Bulk::new("bootstrap_account", Action::Upsert { key_columns: 1 })
            .int("account", accounts.iter().map(|r| i64::from(r.account)))
            .int("read_micros", accounts.iter().map(|r| r.read_micros))
            .int("likes", accounts.iter().map(|r| r.likes.cast_signed()))
            .int("capped", accounts.iter().map(|r| i64::from(r.capped)))
            .text("error", accounts.iter().map(|r| r.error.as_deref())),
        Bulk::new("bootstrap_like", Action::Upsert { key_columns: 3 })
            .int("tid", staged.iter().map(|r| r.key.tid.cast_signed()))
            .int("account", staged.iter().map(|r| i64::from(r.key.account)))
            .int("record", staged.iter().map(|r| i64::from(r.key.record)))
            .int("author", staged.iter().map(|r| i64::from(r.author)))
            .text("post", staged.iter().map(|r| Some(&r.post)))
            .int("nonce", staged.iter().map(|r| r.nonce.cast_signed())),
    ]
}

fn images(batch: &Batch) -> [Bulk<'_>; 8] {
    let rows = &batch.images;
    let id = |row: &ImageRow| i64::from(row.id.0);
    let unknown = rows.iter().filter(|r| r.stored == StoredRows::Unknown);
    let unsure = rows.iter().filter(|r| r.entries_stored.is_none());
    let gone = rows
        .iter()
        .flat_map(|r| r.gone().map(move |origin| (id(r), origin)));
    let added = rows
        .iter()
        .flat_map(|r| r.added().map(move |row| (id(r), row)));
    let changed = rows
        .iter()
        .flat_map(|r| r.changed_rows().map(move |row| (id(r), row)));
    let unclaimed = || {
        rows.iter()
            .flat_map(|r| r.added_entries().map(move |entry| (id(r), entry)))
    };
    [
        Bulk::new("assignment", Action::Delete).int("holder", unknown.map(id)),
        Bulk::new("assignment", Action::Delete).ints(
            ["holder", "origin"],
            gone.map(|(holder, origin)| [Some(holder), Some(i64::from(origin.0))]),
        ),
        Bulk::new("unclaimed", Action::Delete).int("receiver", unsure.map(id)),
        Bulk::new("assignment", Action::Insert).ints(ASSIGNMENT, added.map(assignment)),
        Bulk::new("assignment", Action::Upsert { key_columns: 2 })
            .scattered()
            .ints(ASSIGNMENT, changed.map(assignment)),
        Bulk::new("unclaimed", Action::Insert)
            .ints(
                ["receiver", "entry", "sender", "ordinal", "points"],
                unclaimed().map(|(receiver, (index, entry))| {
                    [
                        Some(receiver),
                        Some(index),
                        Some(i64::from(entry.sender.0)),
                        Some(i64::from(entry.ordinal)),
                        Some(points(entry)),
                    ]
                }),
            )
            .bytes(
                "pieces",
                unclaimed().map(|(_, (_, entry))| Some(Pieces::encode(&entry.pieces).into_bytes())),
            ),
        ledger_accounts(Action::Insert, rows.iter().filter(|r| r.is_first())),
        ledger_accounts(
            Action::Upsert { key_columns: 1 },
            rows.iter().filter(|r| !r.is_first()),
        ),
    ]
}

fn ledger_accounts<'a>(action: Action, rows: impl Iterator<Item = &'a ImageRow>) -> Bulk<'a> {
    Bulk::new("ledger_account", action).ints(
        [
            "id",
            "own",
            "others",
            "tally",
            "rows",
            "unclaimed",
            "ordinal",
            "position",
        ],
        rows.map(|r| {
            let image = &r.image;
            let assigned: i64 = image.rows.iter().map(|row| i64::from(row.points)).sum();
            [
                Some(i64::from(r.id.0)),
                Some(i64::from(image.own)),
                Some(image.others.cast_signed()),
                Some(image.others.cast_signed() + assigned),
                Some(length(&image.rows)),
                Some(length(&image.unclaimed)),
                Some(i64::from(image.ordinal)),
                Some(r.position.cast_signed()),
            ]
        }),
    )
}

const ASSIGNMENT: [&str; 4] = ["holder", "origin", "points", "touched"];

fn assignment((holder, row): (i64, &Row)) -> [Option<i64>; 4] {
    [
        Some(holder),
        Some(i64::from(row.origin.0)),
        Some(i64::from(row.points)),
        row.touched.map(i64::from),
    ]
}

fn points(entry: &Entry) -> i64 {
    entry
        .pieces
        .iter()
        .map(|piece| i64::from(piece.points))
        .sum()
}

fn length<T>(list: &[T]) -> i64 {
    i64::try_from(list.len()).unwrap_or(i64::MAX)
}

fn flows(batch: &Batch) -> Bulk<'_> {
    let rows = &batch.flows;
    Bulk::new("flow", Action::Add { key_columns: 4 })
        .int("origin", rows.iter().map(|r| i64::from(r.origin.0)))
        .int("receiver", rows.iter().map(|r| i64::from(r.receiver.0)))
        .int("sender", rows.iter().map(|r| i64::from(r.sender.0)))
        .int("epoch", rows.iter().map(|r| r.epoch))
        .int("points", rows.iter().map(|r| r.points.cast_signed()))
}

fn totals(batch: &Batch) -> Bulk<'_> {
    let rows = &batch.totals;
    let reason = |pick: fn(&kith_reputation::Totals) -> i64| {
        rows.iter()
            .map(move |r| pick(&r.totals))
            .collect::<Vec<_>>()
            .into_iter()
    };
    Bulk::new("epoch", Action::Upsert { key_columns: 1 })
        .int("ordinal", rows.iter().map(|r| i64::from(r.ordinal)))
        .int("epoch", rows.iter().map(|r| r.epoch))
        .int("minted", reason(|t| t.minted))
        .int("moved", reason(|t| t.moved.cast_signed()))
        .int("sink", reason(|t| t.sink.cast_signed()))
        .int("returned", reason(|t| t.returned.cast_signed()))
        .int("decayed", reason(|t| t.decayed.cast_signed()))
        .int("expired", reason(|t| t.expired.cast_signed()))
        .int("burned", reason(|t| t.burned.cast_signed()))
        .int("forgotten", reason(|t| t.forgotten.cast_signed()))
}

fn history(batch: &Batch) -> [Bulk<'_>; 5] {
    let HistoryRows {
        activity,
        closed,
        ranks,
    } = &batch.history;
    let active = |action, rows: &[ActivityRow]| {
        Bulk::new("history", action).ints(
            ["holder", "epoch", "received", "given"],
            rows.iter().map(|r| {
                [
                    Some(i64::from(r.holder.0)),
                    Some(r.epoch),
                    Some(r.received.cast_signed()),
                    Some(r.given.cast_signed()),
                ]
            }),
        )
    };
    let ended = |action, rows: &[ClosedRow]| {
        Bulk::new("history", action).ints(
            ["holder", "epoch", "hop", "own", "tally", "tracked"],
            rows.iter().map(|r| {
                [
                    Some(i64::from(r.holder.0)),
                    Some(r.epoch),
                    r.hop.map(i64::from),
                    Some(i64::from(r.own)),
                    Some(r.tally.cast_signed()),
                    Some(r.tracked.cast_signed()),
                ]
            }),
        )
    };
    [
        active(Action::Insert, &activity.new),
        active(Action::Add { key_columns: 2 }, &activity.known),
        ended(Action::Insert, &closed.new),
        ended(Action::Upsert { key_columns: 2 }, &closed.known),
        Bulk::new("history", Action::Upsert { key_columns: 2 }).ints(
            ["holder", "epoch", "rank"],
            ranks.iter().map(|r| {
                [
                    Some(i64::from(r.holder.0)),
                    Some(r.epoch),
                    Some(r.rank.cast_signed()),
                ]
            }),
        ),
    ]
}

fn kept(batch: &Batch) -> [Bulk<'_>; 2] {
    let headers = || batch.kept.checkpoint.iter();
    let ordinal = headers().next().map_or(0, |row| row.ordinal);
    let images = || batch.images.iter().take(batch.kept.images);
    [
        Bulk::new("kept_checkpoint", Action::Upsert { key_columns: 1 })
            .int("ordinal", headers().map(|r| i64::from(r.ordinal)))
            .int("epoch", headers().map(|r| r.epoch))
            .int("position", headers().map(|r| r.position.cast_signed()))
            .int("accounts", headers().map(|r| i64::from(r.accounts)))
            .int("complete", headers().map(|r| i64::from(r.complete))),
        Bulk::new("kept_image", Action::Upsert { key_columns: 2 })
            .int("ordinal", images().map(|_| i64::from(ordinal)))
            .int("holder", images().map(|r| i64::from(r.id.0)))
            .int("position", images().map(|r| r.position.cast_signed()))
            .bytes("image", images().map(|r| Some(kept::encode(&r.image)))),
    ]
}
