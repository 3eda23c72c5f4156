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
    clippy::print_stderr,
    reason = "a command line program: reads a file and prints"
)]

mod trace;

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(file), None) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: replay_trace FILE, or - for standard input");
        return ExitCode::from(2);
    };
    let name = file.to_string_lossy();
    let report = match read(&file).and_then(|text| trace::replay(&text)) {
        Ok(report) => report,
        Err(problem) => {
            eprintln!("{name}: {problem}");
            return ExitCode::from(2);
        }
    };
    if let Err(error) = writeln!(std::io::stdout(), "{}", report.to_json(&name)) {
        eprintln!("standard output: {error}");
        return ExitCode::from(2);
    }
    ExitCode::from(u8::from(!report.different.is_empty()))
}

fn read(file: &OsStr) -> Result<String, String> {
    let bytes = if file == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(file)
    };
    let bytes = bytes.map_err(|e| e.to_string())?;
    String::from_utf8(bytes).map_err(|e| format!("not a trace: {e}"))
}
