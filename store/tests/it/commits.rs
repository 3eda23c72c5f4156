//! The last commit of each repo.

use std::collections::BTreeMap;

use kith_store::{
    Access, Batch, Store,
    batch::{CommitRow, State},
};

use crate::twin::{databases, runtime};

fn commit(account: u32, rev: &str, data: Option<u8>) -> CommitRow {
    CommitRow {
        account,
        rev: rev.to_owned(),
        data: data.map(|byte| [byte; 32]),
        likes_upto: data.map(|byte| format!("3l{byte:011}")),
    }
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
            for commits in batches {
                let expected = (state.batch, state.position);
                state.batch += 1;
                let batch = Batch {
                    expected,
                    state: state.clone(),
                    commits,
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
