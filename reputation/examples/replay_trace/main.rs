//! Runs a recorded trace of the Morat reference through rule `reference` and compares.
//!
//! ```text
//! cargo run -p kith-reputation --example replay_trace -- FILE     # or - for standard input
//! ```
//!
//! Prints one JSON line: `file`, `ops` (how many), `compared`, `resynced` (operations where the
//! reference is known to differ, after which its state was taken over), and `different`, each
//! `{op, want, got}`. Exit status: 0 all equal, 1 something differs, 2 the trace cannot be read.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program: reads a file and prints"
)]

mod trace;

use std::io::Read;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(file), None) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: replay_trace FILE, or - for standard input");
        return ExitCode::from(2);
    };
    match read(&file).and_then(|text| trace::replay(&text)) {
        Ok(report) => {
            println!("{}", report.to_json(&file));
            ExitCode::from(u8::from(!report.different.is_empty()))
        }
        Err(problem) => {
            eprintln!("{file}: {problem}");
            ExitCode::from(2)
        }
    }
}

fn read(file: &str) -> Result<String, String> {
    if file == "-" {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(|e| e.to_string())?;
        return Ok(text);
    }
    std::fs::read_to_string(file).map_err(|e| e.to_string())
}
