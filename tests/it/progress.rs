//! What a person sees of long work: bars, and log lines that they do not tear.

use std::process::{Command, Stdio};

use kith_tests::{Database, Kith, expected::Expected, kith_binary, missing, recordings};

/// The recording is read so many times over, so that there is something to look at.
const TIMES: usize = 300;

#[test]
fn a_terminal_shows_bars_and_whole_log_lines() {
    // A terminal for a program that has none: util-linux.
    if Command::new("script").arg("--version").output().is_err() {
        return missing("`script` is not installed", "install util-linux");
    }
    let case = &Expected::read(&recordings().expected).cases[4];
    let frames = recordings().expected.with_file_name(&case.frames);
    let once = std::fs::read(&frames).expect("the recording can be read");
    let database = Database::sqlite();
    let kith = Kith::new(&case.config(database.url(), &frames));
    let many = kith.folder().join("many.frames");
    std::fs::write(&many, once.repeat(TIMES)).expect("frames can be written");

    let command = format!("{} replay --frames many.frames", kith_binary().display());
    let ran = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .current_dir(kith.folder())
        .env("KITH_LOG", "debug")
        .env("COLUMNS", "120")
        .stdin(Stdio::null())
        .output()
        .expect("script runs");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{said}");
    assert!(said.contains("reading frames"), "no bar:\n{said}");
    assert!(
        said.contains("frames\u{1b}") || said.contains(" frames"),
        "{said}"
    );
    // A line of the log begins where a line begins, and ends with its end.
    let plain = without_escapes(&said);
    let lines = plain
        .split(['\n', '\r'])
        .filter(|line| line.contains(" INFO "));
    for line in lines.clone() {
        assert!(line.trim_start().starts_with("20"), "torn: {line:?}");
    }
    assert!(lines.count() >= 2, "{plain}");

    // An export has one too, and its line says what was written.
    let command = format!(
        "{} export journal --to journal.csv",
        kith_binary().display()
    );
    let ran = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .current_dir(kith.folder())
        .env("COLUMNS", "120")
        .stdin(Stdio::null())
        .output()
        .expect("script runs");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(said.contains("exporting"), "no bar:\n{said}");
    assert!(
        without_escapes(&said).contains("exported journal"),
        "{said}"
    );

    // Without a terminal there are none.
    let again = kith.run(&["replay", "--frames", "many.frames"]).expect_ok();
    assert!(!again.stderr.contains('\u{1b}'), "{}", again.stderr);
}

/// The text without what moves the cursor and colours it.
fn without_escapes(text: &str) -> String {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            // ESC [ parameters, a letter.
            let _ = chars.by_ref().skip(1).find(char::is_ascii_alphabetic);
        } else {
            plain.push(c);
        }
    }
    plain
}
