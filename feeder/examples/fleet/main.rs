//! How fast a circle is read from its hosts, and what holds it back.
//!
//! ```text
//! cargo run --release -p kith-feeder --example fleet -- [--accounts 30000] [--follows 100]
//!     [--hosts 100] [--factor 10] [--plc 100]
//! ```
//!
//! A process of its own plays the hosts and the directory (`servers`): 20 to 80 ms for an answer,
//! 3,000 requests in 5 minutes for each host, `--plc` requests a second for the directory, all
//! limits `--factor` times as fast, so that it does not take an hour. Here the real directory,
//! reader and scheduler read every account's follows and blocks. Each row says how long that took,
//! how long the limits alone would have made it take, and which of them binds.

#![expect(
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "it prints what it measured, in rounded numbers"
)]

mod servers;

use std::error::Error;
use std::process::Stdio;
use std::time::{Duration, Instant};

use kith_feeder::backfill::{Reader, ReaderOptions, Scheduler, SchedulerOptions, Wanted};
use kith_feeder::identity::{Directory, DirectoryOptions, Dns};
use kith_feeder::xrpc::{Client, ClientOptions, Rate};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// What is played, and how fast.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fleet {
    pub(crate) accounts: u32,
    pub(crate) follows: u32,
    pub(crate) hosts: usize,
    /// All limits are so many times the real ones.
    pub(crate) factor: u32,
    /// Requests a second of the directory, before that.
    pub(crate) plc: u32,
}

impl Fleet {
    pub(crate) fn plc_per_second(self) -> u32 {
        self.plc * self.factor
    }

    /// Requests that one account costs at its host: the follows, with an empty last page where
    /// they fill theirs, and the blocks.
    fn requests_of_account(self) -> u32 {
        self.follows / 100 + 1 + 1
    }
}

/// A way to read.
struct Way {
    name: &'static str,
    /// Accounts read at once, all hosts together.
    at_once: usize,
    per_host: usize,
    /// Part of the documents that are known beforehand.
    cached: f64,
    /// Directories that answer, each at the rate of one.
    directories: u32,
    /// Limits are slower than the fleet's by this: where they allow more than this machine can do.
    slower: u32,
    /// One account of so many is read.
    fewer: u32,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let mut fleet = Fleet {
        accounts: 30_000,
        follows: 100,
        hosts: 100,
        factor: 10,
        plc: 100,
    };
    let (mut serves, mut is_short) = (false, false);
    while let Some(word) = words.next() {
        let mut number = || {
            words
                .next()
                .and_then(|word| word.parse().ok())
                .ok_or("a number is missing")
        };
        match word.as_str() {
            "serve" => serves = true,
            "--short" => is_short = true,
            "--accounts" => fleet.accounts = number()?,
            "--follows" => fleet.follows = number()?,
            "--hosts" => fleet.hosts = number()? as usize,
            "--factor" => fleet.factor = number()?,
            "--plc" => fleet.plc = number()?,
            other => return Err(format!("unknown option {other}").into()),
        }
    }
    if serves {
        return Ok(servers::serve(fleet).await?);
    }
    println!(
        "{} follows each, on {} hosts, {} requests for an account; 3,000 requests in 5 min for a \
         host, {} a second for the directory, and all of that so many times as fast as `speed` says",
        fleet.follows,
        fleet.hosts,
        fleet.requests_of_account(),
        fleet.plc,
    );
    println!(
        "{:<28} {:>5} {:>8} {:>6} {:>8} {:>8} {:>8} {:>6} {:>8}",
        "way", "speed", "accounts", "failed", "took s", "hosts s", "plc s", "ratio", "peak MiB"
    );
    let usual = Way {
        name: "nothing known",
        at_once: 400,
        per_host: 8,
        cached: 0.0,
        directories: 1,
        slower: 1,
        fewer: 1,
    };
    let known = Way {
        name: "documents known",
        cached: 1.0,
        slower: 5,
        ..usual
    };
    let second = Way {
        name: "a second directory",
        directories: 2,
        slower: 2,
        ..usual
    };
    let one_by_one = Way {
        name: "documents known, 32 at once",
        at_once: 32,
        fewer: 3,
        ..known
    };
    let all = [usual, known, second, one_by_one];
    for way in all.iter().take(if is_short { 1 } else { all.len() }) {
        run(fleet, way).await?;
    }
    println!(
        "hosts s, plc s: what the limits alone allow; ratio: took, by the larger of the two. An \
         account with a did:web asks a host of its own instead of the directory: as if it were known."
    );
    Ok(())
}

/// Reads everybody one way, from a fleet of its own.
async fn run(fleet: Fleet, way: &Way) -> Result<(), Box<dyn Error>> {
    let fleet = Fleet {
        accounts: fleet.accounts / way.fewer,
        factor: (fleet.factor / way.slower).max(1),
        ..fleet
    };
    let played = Fleet {
        plc: fleet.plc * way.directories,
        ..fleet
    };
    let mut servers = Command::new(std::env::current_exe()?)
        .arg("serve")
        .args(["--hosts", &played.hosts.to_string()])
        .args(["--follows", &played.follows.to_string()])
        .args(["--factor", &played.factor.to_string()])
        .args(["--plc", &played.plc.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let out = servers.stdout.take().ok_or("no standard output")?;
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line).await?;
    let ports: Vec<u16> = line
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    let directory = directory(played, ports[0])?;
    for number in 0..(f64::from(fleet.accounts) * way.cached) as u32 {
        let body = format!(
            r##"{{"id":"{did}","service":[{{"id":"#atproto_pds","type":"AtprotoPersonalDataServer","serviceEndpoint":"http://127.0.0.1:{}"}}]}}"##,
            ports[1 + number as usize % fleet.hosts],
            did = did(number),
        );
        let document = kith_feeder::identity::DidDocument::parse(&did(number), body.as_bytes())?;
        directory.keep(document, Duration::ZERO);
    }
    let begun = Instant::now();
    let (read, failed, follows) = read_all(fleet, way, directory).await?;
    let took = begun.elapsed().as_secs_f64();
    let factor = f64::from(fleet.factor);
    let per_host = f64::from(fleet.accounts * fleet.requests_of_account()) / fleet.hosts as f64;
    let hosts =
        per_host * servers::WINDOW.as_secs_f64() / f64::from(servers::HOST_REQUESTS) / factor;
    let plc = f64::from(fleet.accounts) * (1.0 - way.cached) / f64::from(played.plc_per_second());
    println!(
        "{:<28} {:>5} {read:>8} {failed:>6} {took:>8.1} {hosts:>8.1} {plc:>8.1} {:>6.2} {:>8.0}",
        way.name,
        fleet.factor,
        took / hosts.max(plc),
        peak_mebibytes(),
    );
    if failed == 0 && follows != u64::from(fleet.accounts) * u64::from(fleet.follows) {
        return Err(format!("{follows} follows were read").into());
    }
    servers.kill().await?;
    Ok(())
}

/// The directory as the service makes it, at the rates of the fleet.
fn directory(fleet: Fleet, plc_port: u16) -> Result<Directory, Box<dyn Error>> {
    let plc = fleet.plc_per_second();
    let client = Client::new(ClientOptions {
        plc: format!("http://127.0.0.1:{plc_port}"),
        allow_private_addresses: true,
        host_rate: Rate {
            requests: servers::HOST_REQUESTS,
            period: servers::WINDOW / fleet.factor,
            burst: servers::HOST_REQUESTS / 30,
        },
        plc_rate: Rate {
            requests: plc * 10,
            period: servers::PLC_WINDOW,
            burst: (plc / 4).max(2),
        },
        ..ClientOptions::default()
    })?;
    Ok(Directory::new(
        client,
        DirectoryOptions {
            dns: Dns::Off,
            ..DirectoryOptions::default()
        },
    ))
}

/// Accounts read, accounts failed, follows.
async fn read_all(
    fleet: Fleet,
    way: &Way,
    directory: Directory,
) -> Result<(u64, u64, u64), Box<dyn Error>> {
    let options = SchedulerOptions {
        accounts_at_once_max: way.at_once,
        accounts_per_host_max: way.per_host,
        ..SchedulerOptions::default()
    };
    let (sender, mut done) = mpsc::channel(1);
    let reader = Reader::new(directory, ReaderOptions::default());
    let (scheduler, _task) = Scheduler::start(reader, &options, sender, CancellationToken::new());
    tokio::spawn(async move {
        for number in 0..fleet.accounts {
            if scheduler
                .request(did(number), 1, Wanted::records())
                .await
                .is_err()
            {
                return;
            }
        }
    });
    let (mut read, mut failed, mut follows) = (0, 0, 0);
    while let Some(done) = done.recv().await {
        match done.result {
            Ok(account) => {
                read += 1;
                follows += account.follows.records.len() as u64;
            }
            Err(error) => {
                failed += 1;
                if failed < 4 {
                    println!("{error}");
                }
            }
        }
    }
    Ok((read, failed, follows))
}

/// The DID of an account of the fleet.
pub(crate) fn did(number: u32) -> String {
    format!("did:plc:{}", servers::base32(number, 24))
}

/// Whose DID that is.
pub(crate) fn number_of(did: &str) -> Option<u32> {
    servers::from_base32(did.strip_prefix("did:plc:")?)
}

/// The most memory this process ever had, as far as the system says.
fn peak_mebibytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    let kibibytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kibibytes.unwrap_or_default() / 1024.0
}
