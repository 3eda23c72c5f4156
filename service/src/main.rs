//! `kith`: a reputation ledger for the circle of accounts you care about on the AT Protocol.
//!
//! The only crate that knows all others. Data flows one way: `sources` bring frames, the
//! [`engine`] turns them into rows, the [`writer`] commits them, and the commands read tables.

mod ask;
mod checker;
mod cli;
mod commands;
mod engine;
mod exit;
mod export;
mod handles;
mod http;
mod metrics;
mod network;
mod output;
mod progress;
mod reload;
mod requests;
mod service;
mod signals;
mod sources;
mod verify;
mod watched;
mod writer;

use std::{process::ExitCode, time::Duration};

use clap::Parser;

fn main() -> ExitCode {
    share_one_heap();
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return exit::of_usage(&error),
    };
    start_log(&cli);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return exit::of_error(&anyhow::Error::new(error)),
    };
    let done = runtime.block_on(commands::run(cli));
    // A file that never answers, as a pipe that nobody writes to, keeps its thread for ever.
    runtime.shutdown_timeout(Duration::from_secs(1));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => exit::of_error(&error),
    }
}

/// glibc gives threads heaps of their own, and what was freed in one is of no use in another: rows on
/// their way from thread to thread then take memory in all of them.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn share_one_heap() {
    // SAFETY: no other thread runs yet. Without effect if it is refused.
    #[expect(unsafe_code, reason = "a setting of the C library has no safe form")]
    let _ = unsafe { libc::mallopt(libc::M_ARENA_MAX, 1) };
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn share_one_heap() {}

/// Logs go to standard error; `KITH_LOG` or `--verbose` say how much.
fn start_log(cli: &cli::Cli) {
    let level = if cli.verbose {
        "info,kith=debug,kith_feeder=debug"
    } else {
        cli.default_log()
    };
    let asked = std::env::var("KITH_LOG").unwrap_or_default();
    let filter = tracing_subscriber::EnvFilter::try_new(match asked.trim() {
        "" => level,
        asked => asked,
    });
    let filter = filter.unwrap_or_else(|error| {
        output::note(&format!("note: KITH_LOG={asked} is left out: {error}"));
        tracing_subscriber::EnvFilter::new(level)
    });
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(progress::lines)
        // A log that cannot be written, as on a full disk, is no reason to stop.
        .log_internal_errors(false)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()) && output::colours())
        .init();
}
