//! A database that is lost: a backup of it, made while Kith wrote, becomes a new one, and Kith goes
//! on from there.

use std::fs;
use std::iter::repeat_n;
use std::process::Command;

use kith_tests::{
    Database, Kith, Signal, assert_same, frames, postgres, postgres_program, recordings,
};

use super::{Long, assert_verified, begun, config};

/// Operations in the journal when the backup is made, or a few more.
const BEFORE: i64 = 30;

/// Kith replays; in the middle of it a backup is made, and then the database is lost. The one that is
/// restored cannot be told from an undisturbed run in the end.
fn goes_on_from_a_backup(
    database: &Database,
    back_up: impl FnOnce(&Kith),
    restore: impl FnOnce(&Kith) -> Database,
) {
    // Two thirds of the recording, a long time of nothing new, and the rest.
    let all = frames::read(&recordings().first);
    let first = &all[..all.len() * 2 / 3];
    let long = Long::made_of(repeat_n(first, 240).flatten().chain(&all));
    let lost = Kith::new(&config(database));
    let mut running = long.start(&lost);
    begun(&lost, &mut running);
    running.until("some operations", || {
        (operations(database) >= BEFORE).then_some(())
    });
    back_up(&lost);
    let _ = running.stop(Signal::Kill);
    let restored = restore(&lost);

    let kith = Kith::new(&config(&restored));
    let before = operations(&restored);
    assert_verified(&kith);
    let _ = long.start(&kith).wait().expect_ok();
    let all = operations(&restored);
    assert!((BEFORE..all).contains(&before), "{before} of {all} before");
    assert_same(&restored.contents(), &long.undisturbed());
    assert_verified(&kith);
}

/// Operations in the journal.
fn operations(database: &Database) -> i64 {
    database.number("SELECT position FROM state")
}

#[test]
fn kith_goes_on_from_a_backup_of_sqlite() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    goes_on_from_a_backup(
        &Database::sqlite_in(folder.path()),
        |kith| {
            let _ = kith.run(&["backup", "copy.db"]).expect_ok();
        },
        |kith| {
            for name in ["kith.db", "kith.db-wal", "kith.db-shm"] {
                fs::remove_file(folder.path().join(name)).expect("what was killed left it");
            }
            let (copy, there) = (kith.folder().join("copy.db"), folder.path().join("kith.db"));
            let _ = fs::copy(copy, there).expect("can be copied");
            Database::sqlite_in(folder.path())
        },
    );
}

#[test]
fn kith_goes_on_from_a_dump_of_postgresql() {
    let programs = (postgres_program("pg_dump"), postgres_program("pg_restore"));
    let (Some(mut pg_dump), Some(mut pg_restore)) = programs else {
        return;
    };
    let server = postgres().expect("it has programs");
    let database = Database::at(&server.fresh_database());
    goes_on_from_a_backup(
        &database,
        |kith| {
            let copy = kith.folder().join("copy.dump");
            pg_dump.arg("--format=custom").arg("--file").arg(copy);
            succeeds(pg_dump.arg(database.url()));
        },
        |kith| {
            let restored = Database::at(&server.fresh_database());
            pg_restore.arg("--dbname").arg(restored.url());
            succeeds(pg_restore.arg(kith.folder().join("copy.dump")));
            restored
        },
    );
}

#[track_caller]
fn succeeds(command: &mut Command) {
    let ran = command.output().expect("it starts");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{command:?}: {said}");
}
