//! Replaying a recording gives exactly what an independent model says, on both databases, however
//! often it is interrupted, repeated or disturbed.

use std::path::Path;
use std::time::{Duration, Instant};

use kith_tests::expected::{Case, Expected, Said};
use kith_tests::{Database, Kith, Ran, Signal, frames, recordings};

/// Both databases, as far as this machine has them.
fn databases() -> impl Iterator<Item = Database> {
    [Some(Database::sqlite()), Database::postgres()]
        .into_iter()
        .flatten()
}

fn cases() -> Vec<Case> {
    Expected::read(&recordings().expected).cases
}

fn recording_of(case: &Case) -> std::path::PathBuf {
    recordings().expected.with_file_name(&case.frames)
}

fn replay(kith: &Kith, frames: &Path) -> Ran {
    kith.run(&["replay", "--frames", path(frames)])
}

fn path(path: &Path) -> &str {
    path.to_str().expect("test paths are text")
}

#[track_caller]
fn assert_as_expected(kith: &Kith, case: &Case, database: &Database) {
    let differences = Said::by(kith).differences(&case.expect);
    assert!(
        differences.is_empty(),
        "{} on {}: {} differences\n{}",
        case.name,
        database.url(),
        differences.len(),
        differences.join("\n")
    );
}

#[test]
fn each_case_is_exact_and_a_second_replay_changes_nothing() {
    for case in cases() {
        for database in databases() {
            let frames = recording_of(&case);
            let kith = Kith::new(&case.config(database.url(), &frames));
            let _ = replay(&kith, &frames).expect_ok();
            assert_as_expected(&kith, &case, &database);
            let before = Said::by(&kith);
            let _ = replay(&kith, &frames).expect_ok();
            assert_eq!(Said::by(&kith), before, "{}: replayed once more", case.name);

            // As by another relay, which has a cursor of its own: deletions are met again, too.
            let journal = "SELECT MAX(position) FROM journal";
            let position = database.number(journal);
            let again = kith.folder().join("again.frames");
            std::fs::copy(&frames, &again).expect("a recording can be copied");
            let _ = replay(&kith, &again).expect_ok();
            assert_eq!(database.number(journal), position, "{}", case.name);
        }
    }
}

/// Killed without a word at many moments, and started again each time.
#[test]
fn a_killed_replay_goes_on_where_it_was() {
    let case = &cases()[3]; // Rule systematic, with ticks, rejections and pinned rows.
    for database in databases() {
        // Longer than the recording, so that there is a middle: commits seen before change nothing.
        let scratch = tempfile::tempdir().expect("a temporary folder can be made");
        let frames = scratch.path().join("long.frames");
        let once = frames::read(&recording_of(case));
        let long = std::iter::repeat_n(&once, 40).flatten();
        frames::write(&frames, long).expect("a recording can be written");

        let often = "[store]\nbatch_milliseconds = 100\n";
        let kith = Kith::new(&(case.config(database.url(), &frames) + often));
        let interrupted = kill_again_and_again(&kith, &frames);
        let _ = replay(&kith, &frames).expect_ok();
        assert_as_expected(&kith, case, &database);
        let end = cursor(&kith);
        assert!(
            interrupted.iter().any(|at| (1..end).contains(at)),
            "no kill fell between the beginning and the end, {end}: {interrupted:?}"
        );
    }
}

/// Starts a replay and kills it a little later each time, until one ends by itself; returns where
/// each killed one had come to.
fn kill_again_and_again(kith: &Kith, frames: &Path) -> Vec<u64> {
    let mut interrupted = Vec::new();
    let mut delay = Duration::from_millis(20);
    loop {
        let begun = Instant::now();
        let mut running = kith.start(&["replay", "--frames", path(frames)]);
        while running.is_running() && begun.elapsed() < delay {
            std::thread::sleep(Duration::from_millis(1));
        }
        if !running.is_running() {
            let _ = running.wait().expect_ok();
            return interrupted;
        }
        let _ = running.stop(Signal::Kill);
        interrupted.push(cursor(kith));
        delay = delay * 5 / 4;
    }
}

/// The position of the only source; 0 before anything is saved.
fn cursor(kith: &Kith) -> u64 {
    let ran = kith.run(&["status", "--json"]);
    if ran.code() == Some(1) {
        return 0; // Killed before there was a database.
    }
    let status = ran.expect_ok().json();
    status
        .pointer("/sources/0/cursor")
        .and_then(serde_json::Value::as_u64)
        .unwrap_or(0)
}

/// What no server should send is counted and passed over; what is right around it counts.
#[test]
fn garbage_between_frames_changes_nothing() {
    let case = &cases()[1];
    let scratch = tempfile::tempdir().expect("a temporary folder can be made");
    let frames = scratch.path().join("dirty.frames");
    let mut dirty = Vec::new();
    let garbage = garbage();
    for (i, frame) in frames::read(&recording_of(case)).into_iter().enumerate() {
        dirty.push(frame);
        dirty.extend(garbage.get(i / 50).filter(|_| i % 50 == 7).cloned());
    }
    frames::write(&frames, &dirty).expect("a recording can be written");
    let mut bytes = std::fs::read(&frames).expect("what was written can be read");
    bytes.extend([0, 0, 4, 0, 0xa1, 0x62]); // The last frame stops short.
    std::fs::write(&frames, bytes).expect("a recording can be written");

    for database in databases() {
        let kith = Kith::new(&case.config(database.url(), &frames));
        let ran = replay(&kith, &frames).expect_ok();
        assert!(!ran.stderr.is_empty(), "garbage is reported");
        assert_as_expected(&kith, case, &database);
    }
}

/// One event from the year 9999 does not move the clock; who has a wrong clock is told, once.
#[test]
fn events_of_a_later_time_are_told_of() {
    let case = &cases()[0];
    let text = |text: &str| {
        let length = u8::try_from(text.len()).expect("a short text");
        [&[0x78, length], text.as_bytes()].concat()
    };
    let identity = |seq: u8| {
        let mut frame = vec![0xa2, 0x61, b't', 0x69];
        frame.extend(b"#identity");
        frame.extend([0x62, b'o', b'p', 0x01, 0xa3]);
        frame.extend([text("did"), text("did:web:a.example")].concat());
        frame.extend([text("seq"), vec![seq]].concat());
        frame.extend([text("time"), text("9999-01-01T00:00:00.000Z")].concat());
        frame
    };
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("future.frames");
    let mut all = frames::read(&recording_of(case));
    all.extend([identity(1), identity(2)]);
    frames::write(&path, &all).expect("can be written");
    let database = Database::sqlite();
    let kith = Kith::new(&case.config(database.url(), &path));
    let said = replay(&kith, &path).expect_ok().stderr;
    assert_eq!(said.matches("is its clock right?").count(), 1, "{said}");
    let undisturbed = Database::sqlite();
    let other = Kith::new(&case.config(undisturbed.url(), &path));
    let said = replay(&other, &recording_of(case)).expect_ok().stderr;
    assert!(!said.contains("is its clock right?"), "{said}");
    let epoch = |kith: &Kith| kith.json(&["status"])["epoch"].clone();
    assert_eq!(epoch(&kith), epoch(&other));
}

/// Frames that mean nothing, each for another reason.
fn garbage() -> Vec<Vec<u8>> {
    let header = |kind: &str| {
        let mut bytes = vec![
            0xa2,
            0x61,
            b't',
            0x60 + u8::try_from(kind.len()).expect("a short kind"),
        ];
        bytes.extend(kind.as_bytes());
        bytes.extend([0x62, b'o', b'p', 0x01]);
        bytes
    };
    let too_long = {
        let mut bytes = header("#commit");
        bytes.resize(5_000_001, 0);
        bytes
    };
    vec![
        vec![],                                          // nothing at all
        vec![0xff; 300],                                 // no CBOR
        header("#commit"),                               // a header alone
        [header("#commit"), vec![0xa0]].concat(),        // a body without fields
        [header("#future"), vec![0xa0]].concat(),        // a kind nobody knows
        [header("#commit"), vec![0x81; 4_000]].concat(), // nested too deeply
        [header("#commit"), vec![0xbb; 9]].concat(),     // a map of 2^64 - 1 entries
        vec![0xa1, 0x62, b'o', b'p', 0x20, 0xa0],        // an error frame
        b"HTTP/1.1 502 Bad Gateway\r\n\r\n".to_vec(),
        too_long,
    ]
}

#[test]
fn what_cannot_be_done_is_said_in_one_line() {
    let case = &cases()[0];
    let frames = recording_of(case);
    let database = Database::sqlite();
    let kith = Kith::new(&case.config(database.url(), &frames));
    assert_refused(
        &replay(&kith, Path::new("nowhere.frames")),
        "nowhere.frames",
    );

    kith.configure(&case.config("sqlite:/nowhere/at/all/kith.db", &frames));
    assert_refused(&replay(&kith, &frames), "/nowhere/at/all/kith.db");

    kith.configure(&case.config("postgres://kith:not-for-any-log@127.0.0.1:1/kith", &frames));
    let ran = replay(&kith, &frames);
    assert_refused(&ran, "127.0.0.1");
    assert!(
        !ran.stderr.contains("not-for-any-log"),
        "a password is in {:?}",
        ran.stderr
    );
}

#[track_caller]
fn assert_refused(ran: &Ran, naming: &str) {
    assert_eq!(
        ran.code(),
        Some(1),
        "`{}`: {}\n{}",
        ran.command,
        ran.status,
        ran.stderr
    );
    assert!(
        ran.stderr.contains(naming),
        "{:?} does not name {naming}",
        ran.stderr
    );
    assert!(
        ran.stderr.lines().count() <= 2,
        "more than a line and a hint: {:?}",
        ran.stderr
    );
    assert_eq!(ran.stdout, "", "data after a no");
}
