//! The API, asked whatever its description allows, and much that it does not, by a program that
//! others wrote: schemathesis.

use std::process::Command;

use kith_tests::{Signal, project, python};

use crate::http::{TOKEN, serve};
use crate::reports::replayed;

/// Cases for each operation and each way of asking; by hand more are asked.
const EXAMPLES: &str = "3";

#[test]
fn the_api_is_what_its_description_says() {
    let Some(python) = python() else { return };
    let kith = replayed("sqlite:kith.db");
    let (running, web) = serve(&kith, true);
    let programs = python.parent().expect("a folder of programs");
    let path = std::env::var("PATH").unwrap_or_default();
    let asked = Command::new(project().join("tests/http/schemathesis.sh"))
        .args([&format!("http://{}", web.address), TOKEN])
        .current_dir(kith.folder())
        .env("PATH", format!("{}:{path}", programs.display()))
        .env("EXAMPLES", EXAMPLES)
        .output()
        .expect("schemathesis.sh runs");
    let said = String::from_utf8_lossy(&asked.stdout);
    // What failed is at the end, with a command that asks the same again.
    let last: Vec<&str> = said.lines().rev().take(80).collect();
    let last: Vec<&str> = last.into_iter().rev().collect();
    assert!(asked.status.success(), "{}", last.join("\n"));
    assert!(said.contains("Test cases"), "{}", last.join("\n"));
    let stopped = running.stop(Signal::Term).expect_ok();
    assert!(!stopped.stderr.contains("ERROR"), "{}", stopped.stderr);
}
