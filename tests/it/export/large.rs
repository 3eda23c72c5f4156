//! Exports that take a while: their memory, their moment, and their end in the middle.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use kith_tests::{Database, Kith, Running, Signal};

use super::count;
use crate::reports::replayed;

/// Accounts of the made-up journal: each gives to each.
const GIVERS: u64 = 1_000;

/// A recording's database with so many likes more, of and to accounts made up, each pair once.
fn with_likes(database: &Database, likes: u64) -> Kith {
    let kith = replayed(database.url());
    database.execute(&format!(
        "INSERT INTO account (id, did, status)
         WITH RECURSIVE n(i) AS (SELECT CAST(0 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < {GIVERS} - 1)
         SELECT 1000000 + i, 'did:web:made-up-' || CAST(i AS TEXT), 'active' FROM n;
         INSERT INTO ledger_number (ledger_id, account) SELECT id, id FROM account WHERE id >= 1000000;
         INSERT INTO journal (position, epoch, kind, outcome, sender, receiver, points, nonce, held,
             sink_points, record, rkey, rev, subject_rkey, micros)
         WITH RECURSIVE n(i) AS (SELECT CAST(0 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < {likes} - 1)
         SELECT 1000000 + i, 359045495, 1, 0, 1000000 + i % {GIVERS}, 1000000 + i / {GIVERS}, 100,
             i * 7919, 0, 1, 1, 'rkey' || CAST(i AS TEXT), '3laaaaaaaaa2a',
             'post' || CAST(i AS TEXT), 1795227478024000
         FROM n;"
    ));
    kith
}

/// The most memory that a process ever had, in KiB, seen until it ended by itself; and what it said.
fn peak_kib(mut running: Running) -> (u64, String) {
    let file = format!("/proc/{}/status", running.id());
    let mut peak = 0;
    while running.is_running() {
        let status = fs::read_to_string(&file).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let now = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
        peak = peak.max(now.unwrap_or(0));
        thread::sleep(Duration::from_millis(10));
    }
    (peak, running.wait().expect_ok().stderr)
}

/// A million rows of some hundred bytes: in memory they would be several hundred MiB.
#[test]
fn memory_does_not_grow_with_the_rows() {
    const LIMIT_KIB: u64 = 160 << 10;
    if !Path::new("/proc/self/status").exists() {
        return;
    }
    let journal = ("journal", "journal.parquet");
    let trust = ("local-trust", "trust.csv"); // PostgreSQL groups it, not Kith.
    let sqlite = (Database::sqlite(), vec![journal, trust]);
    let postgres = Database::postgres().map(|database| (database, vec![journal]));
    for (database, exports) in std::iter::once(sqlite).chain(postgres) {
        let kith = with_likes(&database, 1_000_000);
        for (table, file) in exports {
            let running = kith.start(&["export", table, "--to", file]);
            let (peak, said) = peak_kib(running);
            assert!((1..LIMIT_KIB).contains(&peak), "{table}: {peak} KiB");
            assert!(said.contains("rows=1000"), "{said}");
        }
    }
}

/// The file in the making.
pub(super) fn partial(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    entries
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|e| e == "partial"))
}

/// Waits until an export has written something, and stands still then.
fn midway(kith: &Kith, arguments: &[&str]) -> Running {
    let mut running = kith.start(arguments);
    running.until("something to be written", || {
        let file = partial(kith.folder())?;
        (file.metadata().ok()?.len() > 0).then_some(())
    });
    running.signal(Signal::Stop);
    running
}

#[test]
fn an_export_is_of_one_moment_and_a_signal_leaves_nothing() {
    const LIKES: u64 = 300_000;
    let databases = std::iter::once(Database::sqlite()).chain(Database::postgres());
    for database in databases {
        let kith = with_likes(&database, LIKES);
        let before = database.number("SELECT COUNT(*) FROM journal");
        let mut running = midway(&kith, &["export", "journal", "--to", "journal.csv"]);
        // A row at each end.
        for position in [999_000, 9_000_000] {
            database.execute(&format!(
                "INSERT INTO journal (position, epoch, kind, outcome, sink_points, micros)
                 VALUES ({position}, 359045495, 2, 0, 0, 1795227478024000)"
            ));
        }
        running.signal(Signal::Cont);
        let said = running.wait().expect_ok().stderr;
        let file = kith.folder().join("journal.csv");
        let csv = fs::read_to_string(&file).expect("a file");
        assert_eq!(count(csv.lines().count()), before + 1, "{said}");
        assert!(!csv.contains("\n9000000,"));

        fs::remove_file(&file).expect("a file can be removed");
        let mut running = midway(&kith, &["export", "journal", "--to", "journal.csv"]);
        running.signal(Signal::Int);
        running.signal(Signal::Cont);
        let ran = running.wait().expect_code(130);
        assert!(ran.stderr.contains("nothing was written"), "{}", ran.stderr);
        assert!(!file.exists());
        assert_eq!(partial(kith.folder()), None);
    }
}
