//! Starting again: whatever of the checkpoint is lost, the journal has it.

use kith_tests::{Database, Kith, Signal, expected::Expected, frames, recordings};

/// Everything that is made again from the journal.
const CHECKPOINT: [&str; 3] = ["assignment", "unclaimed", "ledger_account"];

#[test]
fn lost_assignments_come_back_from_the_journal() {
    let case = &Expected::read(&recordings().expected).cases[3]; // systematic, with ticks
    let frames = recordings().expected.with_file_name(&case.frames);
    let frames = frames.to_str().expect("test paths are text");
    for database in [Some(Database::sqlite()), Database::postgres()]
        .into_iter()
        .flatten()
    {
        let kith = Kith::new(&case.config(database.url(), frames.as_ref()));
        let replay = || kith.run(&["replay", "--frames", frames]).expect_ok();
        let reports = || {
            ["accounts", "assignments", "top", "trust", "circle"]
                .map(|name| kith.json(&["report", name, "--viewer", &case.track[0]]))
        };
        let _ = replay();
        let before = reports();
        let totals = "SELECT CAST(SUM(minted - returned - decayed - burned) AS BIGINT) FROM epoch";
        let minted = database.number(totals);

        // One table alone, and all of them: an image that is not whole is not believed.
        for lost in [
            &CHECKPOINT[..1],
            &CHECKPOINT[1..2],
            &CHECKPOINT[2..],
            &CHECKPOINT[..],
        ] {
            for table in lost {
                database.execute(&format!("DELETE FROM {table}"));
            }
            let _ = replay();
            assert_eq!(reports(), before, "{lost:?} deleted on {}", database.url());
            assert_eq!(
                database.number(totals),
                minted,
                "totals after {lost:?} was deleted"
            );
        }
    }
}

/// A start reads the journal after the last checkpoint and no more, though there are accounts that
/// are newer than any image.
#[test]
fn a_start_reads_the_tail_of_the_journal() {
    let case = &Expected::read(&recordings().expected).cases[3];
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (first, rest) = (folder.path().join("first"), folder.path().join("rest"));
    let all = frames::read(&recordings().expected.with_file_name(&case.frames));
    frames::write(&first, &all[..600]).expect("a recording can be written");
    // Long enough to be killed in the middle of what changes nothing.
    frames::write(&rest, std::iter::repeat_n(&all, 60).flatten()).expect("as before");
    for database in [Some(Database::sqlite()), Database::postgres()]
        .into_iter()
        .flatten()
    {
        let path = |path: &std::path::Path| path.to_str().expect("test paths are text").to_owned();
        let kith = Kith::new(&(case.config(database.url(), &first)));
        let _ = kith.run(&["replay", "--frames", &path(&first)]).expect_ok();
        let at = "SELECT checkpoint_position FROM state";
        let checkpoint = database.number(at);
        assert!(checkpoint > 0);

        let long = "[store]\ncheckpoint = \"1d\"\nbatch_operations = 1\n";
        kith.configure(&(case.config(database.url(), &first) + long));
        let mut running = kith.start(&["replay", "--frames", &path(&rest)]);
        running.until("all of the journal", || {
            (database.number("SELECT position FROM state") > 200).then_some(())
        });
        let _ = running.stop(Signal::Kill);
        let newer = "SELECT COUNT(*) FROM ledger_number WHERE ledger_id > \
                     (SELECT MAX(id) FROM ledger_account)";
        assert!(database.number(newer) > 0, "no account is without an image");
        assert_eq!(database.number(at), checkpoint);
        let tail = database.number("SELECT position FROM state") - checkpoint;

        let started = kith.run(&["replay", "--frames", &path(&first)]).expect_ok();
        let told = format!("oldest={checkpoint} tail={tail}");
        assert!(started.stderr.contains(&told), "{told}: {}", started.stderr);
        let _ = kith.run(&["verify"]).expect_ok();
        let again = kith.run(&["replay", "--frames", &path(&first)]).expect_ok();
        assert!(again.stderr.contains("tail=0"), "{}", again.stderr);
    }
}

/// minted = own + assigned + unclaimed + all losses, in SQL, after ticks under both rules.
#[test]
fn the_books_balance_in_sql() {
    for case in Expected::read(&recordings().expected).cases {
        let frames = recordings().expected.with_file_name(&case.frames);
        let database = Database::sqlite();
        let kith = Kith::new(&case.config(database.url(), &frames));
        let _ = kith
            .run(&[
                "replay",
                "--frames",
                frames.to_str().expect("test paths are text"),
            ])
            .expect_ok();
        let held = database.number(
            "SELECT SUM(CASE WHEN id = 0 THEN 0 ELSE own END) + SUM(tally) \
             + COALESCE((SELECT SUM(points) FROM unclaimed), 0) FROM ledger_account",
        );
        let booked = database.number(
            "SELECT SUM(minted - returned - decayed - expired - burned - forgotten) FROM epoch",
        );
        assert_eq!(held, booked, "{}", case.name);
        let pieces = database.number("SELECT COUNT(*) FROM journal WHERE kind = 1");
        let counted = database.number(
            "SELECT SUM(value) FROM counter WHERE name IN ('likes.accepted', 'likes.rejected')",
        );
        assert_eq!(
            pieces, counted,
            "{}: every counted like is journaled",
            case.name
        );
    }
}
