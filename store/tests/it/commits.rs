//! The last commit of each repo, and keys of records.

use std::collections::{BTreeMap, BTreeSet};

use kith_reputation::{AccountId, Operation, Transfer, Verdict};
use kith_store::{
    Access, Batch, Pieces, Store,
    batch::{Clock, CommitRow, JournalRow, RecordIdentity, RecordKind, Rows, State},
};

use crate::twin::{databases, runtime};
use kith_tests::Database;

fn commit(account: u32, rev: &str, data: Option<u8>) -> CommitRow {
    CommitRow {
        account,
        rev: rev.to_owned(),
        data: data.map(|byte| [byte; 32]),
        likes_upto: data.map(|byte| format!("3l{byte:011}")),
    }
}

/// While somebody reads for long the write-ahead log grows, and would stay as large.
#[test]
fn the_write_ahead_log_shrinks_when_it_was_folded_in() {
    let database = Database::sqlite();
    let file = database.url().trim_start_matches("sqlite:");
    let size = || std::fs::metadata(format!("{file}-wal")).map_or(0, |file| file.len());
    runtime().block_on(async {
        let store = Store::open(database.url(), Access::Write)
            .await
            .expect("opens");
        let mut state = State {
            clock: Clock {
                epoch_micros: 1,
                started: None,
            },
            ..State::default()
        };
        store.create(&state).await.expect("is new");
        let mut write = async |accounts: u32| {
            let expected = (state.batch, state.position);
            state.batch += 1;
            let rows = (0..accounts).map(|id| commit(id, "3kaaaaaaaaaaa", Some(1)));
            let rows: Vec<_> = rows.collect();
            let batch = Batch {
                expected,
                state: state.clone(),
                commits: Rows::of(rows, |_| accounts > 1),
                ..Batch::default()
            };
            store.commit(&batch).await.expect("commits");
        };
        write(20_000).await;
        let large = size();
        // Not on this thread, which has a runtime.
        std::thread::scope(|scope| {
            scope.spawn(|| database.execute("PRAGMA wal_checkpoint(PASSIVE)"));
        });
        write(1).await;
        assert!(
            large > 1_000_000 && size() < large / 4,
            "{large}, {}",
            size()
        );
    });
}

#[test]
fn the_last_commit_of_each_repo_is_read_back() {
    for database in databases() {
        let read = runtime().block_on(async {
            let store = Store::open(database.url(), Access::Write)
                .await
                .expect("opens");
            let first = State::default();
            let epoch_micros = 1;
            let mut state = State {
                clock: kith_store::batch::Clock {
                    epoch_micros,
                    started: None,
                },
                ..first
            };
            store.create(&state).await.expect("is new");
            let batches = [
                vec![
                    commit(1, "3kaaaaaaaaaaa", Some(1)),
                    commit(2, "3kaaaaaaaaaab", None),
                    commit(3, "3kaaaaaaaaaac", Some(3)),
                ],
                // One goes on, one has a tree now, and one has none any more.
                vec![
                    commit(1, "3kbbbbbbbbbbb", Some(4)),
                    commit(2, "3kbbbbbbbbbbc", Some(5)),
                    commit(3, "3kaaaaaaaaaac", None),
                    commit(4, "3kbbbbbbbbbbd", Some(6)),
                ],
            ];
            let mut seen = BTreeSet::new();
            for commits in batches {
                let expected = (state.batch, state.position);
                state.batch += 1;
                let batch = Batch {
                    expected,
                    state: state.clone(),
                    commits: Rows::of(commits, |row| seen.insert(row.account)),
                    ..Batch::default()
                };
                store.commit(&batch).await.expect("commits");
            }
            let mut read = BTreeMap::new();
            let each = store.each_commit(|row| {
                read.insert(row.account, row);
            });
            each.await.expect("reads");
            read
        });
        let expected = [
            commit(1, "3kbbbbbbbbbbb", Some(4)),
            commit(2, "3kbbbbbbbbbbc", Some(5)),
            commit(3, "3kaaaaaaaaaac", None),
            commit(4, "3kbbbbbbbbbbd", Some(6)),
        ];
        assert!(read.into_values().eq(expected), "{}", database.url());
    }
}

/// Many new rows go another way to PostgreSQL than some: by `COPY`.
#[test]
fn many_new_repos_are_read_back() {
    let rev = |account: u32| format!("3k{account:011}");
    let data = |account: u32| {
        account
            .is_multiple_of(3)
            .then(|| u8::try_from(account % 251).unwrap_or_default())
    };
    let expected: Vec<_> = (0..6_000)
        .map(|account| commit(account, &rev(account), data(account)))
        .collect();
    for database in databases() {
        let read = runtime().block_on(async {
            let store = Store::open(database.url(), Access::Write).await;
            let store = store.expect("opens");
            let state = State {
                clock: Clock {
                    epoch_micros: 1,
                    started: None,
                },
                ..State::default()
            };
            store.create(&state).await.expect("is new");
            let batch = Batch {
                expected: (state.batch, state.position),
                state: State {
                    batch: state.batch + 1,
                    ..state
                },
                commits: Rows::of(expected.iter().cloned(), |_| true),
                ..Batch::default()
            };
            store.commit(&batch).await.expect("commits");
            let mut read = BTreeMap::new();
            let each = store.each_commit(|row| {
                read.insert(row.account, row);
            });
            each.await.expect("reads");
            read
        });
        assert!(read.values().eq(&expected), "{}", database.url());
    }
}

/// Keys are in the order of their bytes also where a database was made for a language with another one:
/// to a Czech, "ch" comes after "h".
#[test]
fn keys_are_in_the_order_of_their_bytes() {
    let like = |position, rkey: &str, rev: &str| JournalRow {
        position,
        epoch: 1,
        operation: Operation::Transfer(Transfer {
            sender: AccountId(1),
            receiver: AccountId(2),
            points: 1,
            nonce: 0,
            held: false,
        }),
        verdict: Verdict::Accepted,
        claimed_from: None,
        pieces: Pieces::default(),
        sink_points: 0,
        sink_pieces: Pieces::default(),
        parameters: None,
        record: Some(RecordIdentity {
            kind: RecordKind::Like,
            rkey: rkey.into(),
            rev: rev.into(),
            subject_rkey: "3kaaaaaaaaaaa".into(),
        }),
        micros: 1,
    };
    for database in databases() {
        runtime().block_on(async {
            let store = Store::open(database.url(), Access::Write).await;
            let store = store.expect("opens");
            let mut state = State {
                clock: Clock {
                    epoch_micros: 1,
                    started: None,
                },
                ..State::default()
            };
            store.create(&state).await.expect("is new");
            let mut commit = async |batch: Batch, position| {
                let expected = (state.batch, state.position);
                (state.batch, state.position) = (state.batch + 1, position);
                let batch = Batch {
                    expected,
                    state: state.clone(),
                    ..batch
                };
                store.commit(&batch).await.expect("commits");
            };
            let journal = vec![
                like(1, "3kczaaaaaaaaa", "3kchaaaaaaaaa"),
                like(2, "3kchaaaaaaaaa", "3kczaaaaaaaaa"),
                like(3, "3kczbaaaaaaaa", ""),
            ];
            let batch = Batch {
                journal,
                ..Batch::default()
            };
            commit(batch, 3).await;
            let mut ahead = Vec::new();
            let each = store.each_like_ahead("3kchbaaaaaaaa", |_, _, rkey, has_commit| {
                ahead.push((rkey.to_owned(), has_commit));
            });
            each.await.expect("reads");
            let expected = [
                ("3kczaaaaaaaaa".to_owned(), true),
                ("3kczbaaaaaaaa".to_owned(), false),
            ];
            assert_eq!(ahead, expected, "{}", database.url());

            let batch = Batch {
                dropped: Some((0, 3)),
                likes_forgotten: Some((0, 9, "3kczaaaaaaaaa".to_owned())),
                ..Batch::default()
            };
            commit(batch, 3).await;
            let mut left = Vec::new();
            let each = store.each_dropped_like(9, "3kchbaaaaaaaa", |_, _, rkey, _| {
                left.push(rkey.to_owned());
            });
            each.await.expect("reads");
            assert_eq!(
                left,
                ["3kczaaaaaaaaa", "3kczbaaaaaaaa"],
                "{}",
                database.url()
            );
        });
    }
}
