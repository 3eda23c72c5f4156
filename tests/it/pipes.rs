//! Standard error that takes nothing, pipes where files were meant, a signal in the middle.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use kith_tests::{
    Database, Kith, Signal, assert_same, expected::Expected, frames, recordings, wait_until,
};

fn kith(database: &Database) -> Kith {
    let case = &Expected::read(&recordings().expected).cases[3];
    Kith::new(&case.config(database.url(), &recordings().first))
}

fn recording() -> String {
    let path = recordings().first;
    path.to_str().expect("test paths are text").to_owned()
}

/// A pipe in the folder, by its path.
fn made_pipe(kith: &Kith) -> PathBuf {
    let pipe = kith.folder().join("pipe.frames");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo starts").success());
    pipe
}

/// A log that cannot be written, as on a full disk, neither stops the work nor changes how it ends.
#[test]
fn a_log_that_cannot_be_written_stops_nothing() {
    let database = Database::sqlite();
    let kith = kith(&database);
    let frames = recording();
    for (arguments, code) in [
        (&["status", "--config", "nowhere.toml"][..], 1),
        (&["replay", "--frames", &frames], 0),
        (&["replay", "--frames", "nowhere.frames"], 1),
        (&["opt-out", "add", "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"], 0),
    ] {
        let full = File::create("/dev/full").expect("a file that is always full");
        let mut command = kith.command(arguments);
        command.env("KITH_LOG", "trace");
        let status = command.stderr(full).stdout(Stdio::null()).status();
        let code_seen = status.expect("kith starts").code();
        assert_eq!(code_seen, Some(code), "{arguments:?}");
    }
    let _ = kith.run(&["verify"]).expect_ok();
    let likes = database.number("SELECT COUNT(*) FROM journal WHERE kind = 1");
    assert!(likes > 50, "only {likes} likes");
}

/// A pipe is read as a file is, and one that nobody writes to can be left.
#[test]
fn frames_come_through_a_pipe() {
    let (database, other) = (Database::sqlite(), Database::sqlite());
    let (piped, plain) = (kith(&database), kith(&other));
    let pipe = made_pipe(&piped);
    let bytes = std::fs::read(recording()).expect("a recording");
    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::write(pipe, bytes)
    });
    let _ = piped
        .run(&["replay", "--frames", "pipe.frames"])
        .expect_ok();
    writer.join().expect("no panic").expect("it was read");
    let _ = plain.run(&["replay", "--frames", &recording()]).expect_ok();
    assert_same(&database.contents(), &other.contents());

    let database = Database::sqlite();
    let silent = kith(&database);
    let _ = made_pipe(&silent);
    let running = silent.start(&["replay", "--frames", "pipe.frames"]);
    wait_until("a start", || {
        running.stderr().contains("restored").then_some(())
    });
    let ended = running.stop(Signal::Int);
    assert_eq!(ended.code(), Some(130), "{}", ended.stderr);
}

/// Other rules are tried as a whole or not at all: what a signal stopped leaves no database.
#[test]
fn a_stopped_recompute_leaves_nothing() {
    let database = Database::sqlite();
    let kith = kith(&database);
    let once = frames::read(&recordings().first);
    let path = kith.folder().join("long.frames");
    frames::write(&path, std::iter::repeat_n(&once, 20).flatten()).expect("can be written");
    let _ = kith.run(&["replay", "--frames", "long.frames"]).expect_ok();
    let arguments = ["recompute", "--into", "sqlite:other.db"];
    let made = kith.folder().join("other.db");
    let mut stopped = 0;
    for pause in [0, 5, 10, 20, 40, 80] {
        let running = kith.start(&arguments);
        wait_until("a new database", || made.exists().then_some(()));
        std::thread::sleep(Duration::from_millis(pause));
        // A terminal that is closed says it so.
        let signal = if pause % 20 == 0 {
            Signal::Hup
        } else {
            Signal::Int
        };
        let ended = running.stop(signal);
        if ended.code() == Some(0) {
            std::fs::remove_file(&made).expect("a whole one");
            continue;
        }
        stopped += 1;
        assert_eq!(ended.code(), Some(130), "{}", ended.stderr);
        assert!(!made.exists(), "{}", ended.stderr);
    }
    assert!(stopped > 0, "it was always faster");
    let _ = kith.run(&arguments).expect_ok();
}

/// A replay that was stopped says so, and goes on when it is asked again.
#[test]
fn a_stopped_replay_is_not_a_finished_one() {
    let (database, other) = (Database::sqlite(), Database::sqlite());
    let (stopped, whole) = (kith(&database), kith(&other));
    let once = frames::read(&recordings().first);
    for kith in [&stopped, &whole] {
        let path = kith.folder().join("long.frames");
        frames::write(&path, std::iter::repeat_n(&once, 200).flatten()).expect("can be written");
    }
    let arguments = ["replay", "--frames", "long.frames"];
    let mut running = stopped.start(&arguments);
    running.until("something to be written", || {
        let ran = stopped.run(&["status", "--json"]);
        let status = (ran.code() == Some(0)).then(|| ran.json())?;
        (status["journal"]["position"].as_u64()? > 0).then_some(())
    });
    let ended = running.stop(Signal::Int);
    assert_eq!(ended.code(), Some(130), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("goes on from there"),
        "{}",
        ended.stderr
    );
    let _ = stopped.run(&arguments).expect_ok();
    let _ = whole.run(&arguments).expect_ok();
    assert_same(&database.contents(), &other.contents());
}

/// Who has seen enough is no failure.
#[test]
fn a_reader_that_closes_early_has_what_it_wants() {
    let database = Database::sqlite();
    let kith = kith(&database);
    let _ = kith.run(&["replay", "--frames", &recording()]).expect_ok();
    for arguments in [
        &["report", "accounts", "--json"][..],
        &["export", "journal", "--to", "-", "--format", "csv"],
        &["--help"],
    ] {
        let mut command = kith.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("kith starts");
        drop(child.stdout.take());
        let ended = child.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(
            (ended.status.code(), &*said),
            (Some(0), ""),
            "{arguments:?}"
        );
    }
    // What is wrong is wrong, whether or not anybody reads what it is.
    database.execute("UPDATE ledger_account SET own = own + 1 WHERE id > 0");
    let mut command = kith.command(&["verify", "--json"]);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("kith starts");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
}

/// What was started to outlive its terminal, as by `nohup`, does.
#[test]
fn a_closed_terminal_does_not_stop_what_ignores_it() {
    let database = Database::sqlite();
    let kith = kith(&database);
    let pipe = made_pipe(&kith);
    let log = kith.folder().join("log");
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' HUP; exec \"$@\"", "sh"])
        .arg(kith_tests::kith_binary())
        .args(["replay", "--frames", "pipe.frames"])
        .current_dir(kith.folder())
        .stdin(Stdio::null())
        .stderr(File::create(&log).expect("can be made"));
    let mut child = command.spawn().expect("sh starts");
    wait_until("a start", || {
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        said.contains("restored").then_some(())
    });
    let hung_up = Command::new("kill")
        .args(["-s", "HUP", &child.id().to_string()])
        .status();
    assert!(hung_up.expect("kill starts").success());
    // One that listened would be gone by then.
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(child.try_wait().expect("can be asked after"), None);
    let frames = std::fs::read(recording()).expect("a recording");
    std::fs::write(pipe, frames).expect("it is read");
    assert!(child.wait().expect("it ends").success());
    assert!(database.number("SELECT COUNT(*) FROM journal WHERE kind = 1") > 50);
}
