//! The page in a real browser, on the recording's database.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use kith_tests::{Database, Signal, frames, missing, project, recordings};

use crate::http::{address, serve};
use crate::reports::{configured, replayed};

/// An account of the recording, hop 2; its handle becomes a stranger's markup.
const STRANGER: &str = "did:plc:sxmei4ym4fsfdyeu4nxhimby";
/// Two of hop 2 that come to claim one name.
const TWINS: &str = "'did:plc:q5cuwjt654b3wnpuvsqjdkvt', 'did:plc:splxvgvxdh4twuguyqbxsauw'";
const MARKUP: &str = "<img src=x onerror=\"window.acted=1\"><script>window.acted=1</script>";

/// A folder whose packages are installed.
fn installed(folder: &str) -> Option<PathBuf> {
    let folder = project().join(folder);
    if folder.join("node_modules").is_dir() {
        return Some(folder);
    }
    missing(
        &format!("{} has no node_modules", folder.display()),
        "run tests/page/setup.sh",
    );
    None
}

fn has_browser() -> bool {
    // The places that tests/page/lib.mjs looks at.
    let programs = ["chromium", "chromium-browser", "google-chrome"];
    let mut programs = programs.iter().map(|name| Path::new("/usr/bin").join(name));
    let found = programs.any(|path| path.exists()) || std::env::var_os("CHROMIUM").is_some();
    if !found {
        missing(
            "there is no Chromium",
            "install it, or set CHROMIUM to its program",
        );
    }
    found
}

/// The folder of the tests in a browser, where there is one.
fn browser() -> Option<PathBuf> {
    installed("tests/page").filter(|_| has_browser())
}

#[test]
fn every_view_is_right_in_chromium() {
    let Some(folder) = browser() else {
        return;
    };
    let database = Database::sqlite();
    let kith = replayed(database.url());
    database.execute(&format!(
        "UPDATE account SET handle = '{MARKUP}' WHERE did = '{STRANGER}'"
    ));
    let (_running, web) = serve(&kith, false);
    let tested = Command::new("node")
        .args(["test.mjs", &format!("http://{}", web.address), STRANGER])
        .current_dir(folder)
        .output()
        .expect("node starts");
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&tested.stdout),
        String::from_utf8_lossy(&tested.stderr)
    );
    assert!(tested.status.success(), "{said}");
}

/// Late, refused and missing answers; names that several claim; a database that moves, and a service
/// that is killed and comes back.
#[test]
fn what_moves_and_fails_is_told_in_chromium() {
    let Some(folder) = browser() else {
        return;
    };
    let database = Database::sqlite();
    let kith = configured(database.url());
    let all = frames::read(&recordings().first);
    let (begin, rest) = all.split_at(all.len() * 8 / 9);
    for (name, part) in [("begin", begin), ("rest", rest)] {
        frames::write(&kith.folder().join(name), part).expect("written");
    }
    let _ = kith.run(&["replay", "--frames", "begin"]).expect_ok();
    database.execute(&format!(
        "UPDATE account SET handle = 'twin.example' WHERE did IN ({TWINS})"
    ));
    let (mut running, web) = serve(&kith, false);
    let mut tested = Command::new("node")
        .args(["moving.mjs", &format!("http://{}", web.address)])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("node starts");
    let mut answer = tested.stdin.take().expect("piped");
    let mut said = String::new();
    for line in BufReader::new(tested.stdout.take().expect("piped")).lines() {
        let line = line.expect("text");
        match line.strip_prefix("> ") {
            Some("replay") => {
                let _ = kith.run(&["replay", "--frames", "rest"]).expect_ok();
            }
            Some("kill") => running.signal(Signal::Kill),
            Some("serve") => {
                running = kith.start(&["serve", "--listen", &web.address]);
                let _ = address(&mut running);
            }
            _ => {
                said += &line;
                said += "\n";
            }
        }
        if line.starts_with("> ") {
            answer.write_all(b"done\n").expect("it waits");
        }
    }
    let mut errors = tested.stderr.take().expect("piped");
    let _ = errors.read_to_string(&mut said).expect("text");
    let status = tested.wait().expect("it ends");
    assert!(status.success(), "{said}");
}

/// What is compiled in is what its sources make.
#[test]
fn the_built_page_is_up_to_date() {
    let Some(folder) = installed("service/page") else {
        return;
    };
    let fresh = tempfile::tempdir().expect("a folder");
    let built = Command::new("node")
        .arg("build.mjs")
        .arg(fresh.path())
        .current_dir(&folder)
        .output()
        .expect("node starts");
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{said}");
    let mut names: Vec<_> = std::fs::read_dir(fresh.path())
        .expect("a folder")
        .map(|file| file.expect("a file").file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["icon.svg", "index.html", "page.css", "page.js"]);
    for name in names {
        let same = std::fs::read(fresh.path().join(&name)).expect("built")
            == std::fs::read(folder.join("dist").join(&name)).expect("committed");
        assert!(
            same,
            "{} is old: npm run build in service/page",
            name.display()
        );
    }
}
