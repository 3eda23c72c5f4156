//! The page in a real browser, on the recording's database.

use std::path::{Path, PathBuf};
use std::process::Command;

use kith_tests::{Database, missing, project};

use crate::http::serve;
use crate::reports::replayed;

/// An account of the recording, hop 2; its handle becomes a stranger's markup.
const STRANGER: &str = "did:plc:sxmei4ym4fsfdyeu4nxhimby";
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

#[test]
fn every_view_is_right_in_chromium() {
    let Some(folder) = installed("tests/page") else {
        return;
    };
    if !has_browser() {
        return;
    }
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
