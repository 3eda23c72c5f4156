//! Whatever happens to Kith or its database while it writes: nothing is lost, nothing is doubled,
//! it says what it waits for, and goes on by itself. In the end every table is what an
//! undisturbed run leaves, byte by byte.

mod disk;
mod restore;
mod silence;

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use kith_tests::{
    Database, Kith, Postgres, Running, Signal, assert_same,
    expected::Expected,
    frames, recordings, wait_until,
    world::{Size, World},
};

/// How often Kith is killed on each database, unless `KITH_CRASHES` says.
const CRASHES: u32 = 20;

/// Ends all other sessions of a database of PostgreSQL.
const KICK: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                    WHERE datname = current_database() AND pid <> pg_backend_pid()";

fn databases() -> impl Iterator<Item = Database> {
    [Some(Database::sqlite()), Database::postgres()]
        .into_iter()
        .flatten()
}

/// Small batches and many slices of the checkpoint, so that there are many moments to fail at.
const OFTEN: &str = "[store]\nbatch_operations = 1\nbatch_milliseconds = 1\n\
                     checkpoint = \"100ms\"\nkeep_checkpoints = 1\n";

fn config(database: &Database) -> String {
    config_of(database, &recordings().first)
}

/// The same, with these frames to be read.
pub(crate) fn config_of(database: &Database, frames: &Path) -> String {
    let case = &Expected::read(&recordings().expected).cases[3];
    case.config(database.url(), frames) + OFTEN
}

/// The recording again and again. Commits that were seen change nothing but the cursor, which is
/// enough to keep the writer busy.
pub(crate) struct Long {
    pub(crate) path: PathBuf,
    folder: tempfile::TempDir,
}

impl Long {
    pub(crate) fn of(times: usize) -> Long {
        let once = frames::read(&recordings().first);
        Long::made_of(std::iter::repeat_n(&once, times).flatten())
    }

    fn made_of<'f>(these: impl Iterator<Item = &'f Vec<u8>>) -> Long {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let path = folder.path().join("long.frames");
        frames::write(&path, these).expect("a recording can be written");
        Long { path, folder }
    }

    fn path(&self) -> &str {
        self.path.to_str().expect("test paths are text")
    }

    fn start(&self, kith: &Kith) -> Running {
        kith.start(&["replay", "--frames", self.path()])
    }

    /// What an undisturbed run leaves.
    fn undisturbed(&self) -> Vec<String> {
        let database = Database::sqlite_in(self.folder.path());
        let kith = Kith::new(&config(&database));
        let _ = self.start(&kith).wait().expect_ok();
        database.contents()
    }
}

#[track_caller]
fn assert_verified(kith: &Kith) {
    let ran = kith.run(&["verify"]);
    // Killed before there was a database, or between two of its first migrations.
    let begun = ["there is no database", "made by an older kith"];
    let is_begun = begun.iter().any(|said| ran.stderr.contains(said));
    assert!(
        ran.code() == Some(0) || is_begun,
        "{}\n{}",
        ran.stdout,
        ran.stderr
    );
}

fn position(kith: &Kith) -> Option<u64> {
    let ran = kith.run(&["status", "--json"]);
    (ran.code() == Some(0)).then(|| ran.json())?["sources"][0]["cursor"].as_u64()
}

/// Waits until something was read and written.
pub(crate) fn begun(kith: &Kith, running: &mut Running) {
    running.until("something to be written", || {
        (position(kith)? > 0).then_some(())
    });
}

/// A network in which something changes with every frame: follows, then likes over four epochs.
struct Lively {
    long: Long,
    tracked: Vec<String>,
}

impl Lively {
    const SIZE: Size = Size {
        members: 200,
        tracked: 4,
        follows: 2_000,
        likes: 1_200,
        strangers: 1,
        ticks: 3,
    };

    fn new() -> Lively {
        let mut world = World::new(Self::SIZE);
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let [circle, likes] = ["circle", "likes"].map(|name| folder.path().join(name));
        world.write_circle(&circle).expect("can be written");
        world.write_likes(&likes).expect("can be written");
        let frames = [frames::read(&circle), frames::read(&likes)].concat();
        Lively {
            long: Long::made_of(frames.iter()),
            tracked: world.tracked().collect(),
        }
    }

    fn config(&self, database: &Database) -> String {
        let tracked = self.tracked.iter().fold(String::new(), |list, did| {
            list + &format!("[[circle.tracked]]\nid = \"{did}\"\n")
        });
        format!(
            "database = \"{}\"\n[circle]\nbackfill = \"stream\"\n{tracked}\
             [[source]]\nkind = \"file\"\npath = \"{}\"\n\
             [ledger]\nepoch = \"{}\"\nseed = 42\npin_tracked = true\n{OFTEN}",
            database.url(),
            self.long.path(),
            World::EPOCH,
        )
    }

    /// What an undisturbed run leaves.
    fn undisturbed(&self) -> Vec<String> {
        let database = Database::sqlite_in(self.long.folder.path());
        let kith = Kith::new(&self.config(&database));
        let _ = self.long.start(&kith).wait().expect_ok();
        let contents = database.contents();
        for (table, at_least) in [("journal", 1_200), ("follow", 1_000), ("history", 300)] {
            let is_row = |row: &&String| row.starts_with(table);
            let rows = contents.iter().filter(is_row).count();
            assert!(rows > at_least, "{rows} rows of {table}");
        }
        contents
    }
}

#[test]
fn killed_at_any_moment_it_goes_on_as_if_nothing_had_been() {
    let crashes = std::env::var("KITH_CRASHES").ok();
    let crashes = crashes.map_or(CRASHES, |n| n.parse().expect("KITH_CRASHES is a number"));
    let lively = Lively::new();
    let undisturbed = lively.undisturbed();
    for on_postgres in [false, true] {
        let fresh = || match on_postgres {
            false => Some(Database::sqlite()),
            true => Database::postgres(),
        };
        let (mut killed, mut finished) = (0, 0);
        let mut moment = 7_u64;
        while killed < crashes {
            let Some(database) = fresh() else { break };
            let kith = Kith::new(&lively.config(&database));
            loop {
                let (mut running, started) = (lively.long.start(&kith), Instant::now());
                moment = moment
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                let delay = Duration::from_millis(30 + (moment >> 33) % 500);
                while running.is_running() && started.elapsed() < delay && killed < crashes {
                    sleep(Duration::from_millis(1));
                }
                if killed >= crashes || !running.is_running() {
                    let _ = running.wait().expect_ok();
                    finished += 1;
                    break;
                }
                let _ = running.stop(Signal::Kill);
                killed += 1;
                assert_verified(&kith);
            }
            assert_verified(&kith);
            assert_same(&database.contents(), &undisturbed);
            let kept = "SELECT MAX(ordinal) FROM kept_checkpoint WHERE complete = 1";
            let ticks = database.number("SELECT ticks FROM state");
            assert_eq!(database.number(kept), ticks, "on {}", database.url());
        }
        assert!(killed == 0 || finished > 0);
    }
}

/// One that stood still while another took its place cannot write any more, and says so.
#[test]
fn a_writer_that_was_replaced_while_it_stood_still_gives_up() {
    let long = Long::of(60);
    for database in databases() {
        let kith = Kith::new(&config(&database));
        let mut first = long.start(&kith);
        begun(&kith, &mut first);
        // Not inside a transaction: in SQLite nobody could take its place before it ends.
        wait_until("it to stand still between two batches", || {
            first.signal(Signal::Stop);
            wait_until("it to stand still", || {
                let stat = std::fs::read_to_string(format!("/proc/{}/stat", first.id())).ok()?;
                stat.contains(") T ").then_some(())
            });
            if database.is_locked() {
                first.signal(Signal::Cont);
                return None;
            }
            Some(())
        });
        let mut names = vec![database.url().to_owned()];
        if let Some(file) = database.url().strip_prefix("sqlite:") {
            let link = kith.folder().join("link.db");
            std::os::unix::fs::symlink(file, &link).expect("a link can be made");
            names.push(format!("sqlite:{}", link.display()));
        }
        for name in names {
            let other = Kith::new(&config(&Database::at(&name)));
            let refused = long.start(&other).wait().expect_code(1).stderr;
            assert!(refused.contains("another kith writes"), "{refused}");
        }

        // Its lock is lost, as when a host is cut off.
        match database.url().strip_prefix("sqlite:") {
            Some(file) => std::fs::remove_file(format!("{file}.lock")).expect("a lock file"),
            None => database.execute(KICK),
        }
        let _ = long.start(&kith).wait().expect_ok();
        let contents = database.contents();
        first.signal(Signal::Cont);
        let ended = first.wait();
        assert_eq!(ended.code(), Some(1), "{}", ended.stderr);
        assert!(
            ended.stderr.contains("another kith wrote to it"),
            "{}",
            ended.stderr
        );
        assert_same(&database.contents(), &contents);
        assert_verified(&kith);
    }
}

/// Kith replays while something goes wrong and is put right again: it says so, and ends as if
/// nothing had been.
fn disturbed(database: &Database, mut disturb: impl FnMut(&mut Running), said: &str) {
    let long = Long::of(60);
    let undisturbed = long.undisturbed();
    let kith = Kith::new(&config(database));
    let mut running = long.start(&kith);
    begun(&kith, &mut running);
    disturb(&mut running);
    let ended = running.wait().expect_ok();
    assert!(ended.stderr.contains(said), "{said}: {}", ended.stderr);
    assert!(ended.stderr.contains("waiting"), "{}", ended.stderr);
    for line in ended.stderr.lines() {
        assert!(line.starts_with("20"), "a record is a line: {line}");
    }
    let last = ended.stderr.rsplit_once("waiting").map(|(_, after)| after);
    let is_over = last.is_some_and(|after| after.contains("committed again batch="));
    assert!(is_over, "{}", ended.stderr);
    assert_same(&database.contents(), &undisturbed);
    assert_verified(&kith);
}

/// Does something, and waits until Kith has said this more often than before.
fn until_it_says<T>(
    running: &mut Running,
    what: &str,
    disturb: impl FnOnce(&mut Running) -> T,
) -> T {
    let said = |running: &Running| running.stderr().matches(what).count();
    let before = said(running);
    let done = disturb(running);
    wait_until(what, || {
        assert!(running.is_running(), "{}", running.stderr());
        (said(running) > before).then_some(())
    });
    done
}

/// A first signal lets it finish, and so waits for a database that takes nothing; a second one does
/// not, and nothing is lost.
#[test]
fn a_second_signal_ends_the_waiting() {
    let long = Long::of(60);
    let database = Database::sqlite();
    let kith = Kith::new(&config(&database));
    let mut running = long.start(&kith);
    begun(&kith, &mut running);
    let stall = until_it_says(&mut running, "waiting", |_| database.stall());
    until_it_says(&mut running, "signal received", |running| {
        running.signal(Signal::Term);
    });
    sleep(Duration::from_millis(300));
    assert!(running.is_running(), "{}", running.stderr());
    let ended = running.stop(Signal::Term);
    assert_eq!(ended.code(), Some(130), "{}", ended.stderr);
    drop(stall);
    let _ = long.start(&kith).wait().expect_ok();
    assert_same(&database.contents(), &long.undisturbed());
}

#[test]
fn a_server_that_is_killed_and_comes_back_is_waited_for() {
    let Some(mut server) = Postgres::of_ones_own() else {
        return;
    };
    let database = Database::at(&server.fresh_database());
    disturbed(
        &database,
        |running| {
            for _ in 0..2 {
                until_it_says(running, "waiting", |_| server.kill());
                server.restart();
                sleep(Duration::from_millis(500));
            }
        },
        "batch not committed",
    );
}

#[test]
fn lost_connections_locks_and_timeouts_are_waited_out() {
    let Some(database) = Database::postgres() else {
        return;
    };
    disturbed(
        &database,
        |running| {
            // A statement that takes too long, in a session that began with a limit.
            let name = database.url().rsplit('/').next().expect("a name");
            let limit = |limit: &str| {
                database.execute(&format!(
                    "ALTER DATABASE {name} SET statement_timeout = {limit}"
                ));
            };
            limit("200");
            until_it_says(running, "waiting", |_| database.execute(KICK));
            let held = until_it_says(running, "statement timeout", |_| {
                database.hold("LOCK TABLE journal, source IN ACCESS EXCLUSIVE MODE")
            });
            drop(held);
            limit("0");
            database.execute(KICK);
            sleep(Duration::from_millis(300));
            // Two that wait for each other: Kith, which notices first, is sent away.
            until_it_says(running, "deadlock", |_| {
                let mut held = database.hold(
                    "SET deadlock_timeout = '60s'; LOCK TABLE source IN ACCESS EXCLUSIVE MODE",
                );
                sleep(Duration::from_millis(200));
                held.execute("UPDATE state SET depth = depth");
            });
        },
        "batch not committed",
    );
}

/// Changes a row that Kith changes too, while it waits for it.
fn change_what_it_waits_for(database: &Database) {
    let mut other = database
        .hold("SET TRANSACTION ISOLATION LEVEL READ COMMITTED; UPDATE state SET depth = depth");
    wait_until("Kith to wait for the row", || {
        let waiting = "SELECT COUNT(*) FROM pg_stat_activity WHERE \
                       datname = current_database() AND wait_event_type = 'Lock'";
        (database.number(waiting) > 0).then_some(())
    });
    other.execute("COMMIT");
}

/// Where sessions are serializable by default, a change of the same row by somebody else is a
/// failure that has to be tried again; a server that was turned into a standby only reads.
#[test]
fn serialization_failures_and_a_server_that_only_reads_are_waited_out() {
    let Some(database) = Database::postgres() else {
        return;
    };
    let name = database.url().rsplit('/').next().expect("a name");
    let set = |setting: &str| {
        let change = format!("ALTER DATABASE {name} {setting}");
        database.execute(&format!("BEGIN READ WRITE; {change}; COMMIT"));
    };
    disturbed(
        &database,
        |running| {
            set("SET default_transaction_isolation = 'serializable'");
            until_it_says(running, "waiting", |_| database.execute(KICK));
            for _ in 0..3 {
                until_it_says(running, "could not serialize access", |_| {
                    change_what_it_waits_for(&database);
                });
            }
            set("SET default_transaction_read_only = on");
            until_it_says(running, "in a read-only transaction", |_| {
                database.execute(KICK);
            });
            set("RESET ALL");
        },
        "batch not committed",
    );
}
