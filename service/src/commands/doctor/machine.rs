//! The limits of the machine.

use std::path::Path;

use kith_config::Config;

use super::Finding;
use crate::output::thousands;

/// A database should have as much room as it takes, and at least this: for its write-ahead log, and
/// for a day or two until somebody looks.
const ROOM_MIN: u64 = 1 << 30;
/// Files that a service may have open: connections to hosts, pages, the database.
const FILES_MIN: u64 = 1_024;

/// Room on disk and files that may be open.
pub(super) fn of(config: &Config, service: Option<u32>) -> Vec<Finding> {
    let mut findings = vec![files(service)];
    if let Some(file) = kith_store::sqlite_file(&config.database) {
        findings.push(room(&file));
    }
    findings
}

fn room(file: &Path) -> Finding {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let help = "make room, or move the database: a full disk stops the service until there is some";
    let free = match rustix::fs::statvfs(folder) {
        Ok(about) => about.f_bavail.saturating_mul(about.f_frsize),
        Err(error) => {
            let detail = format!("{}: {error}", folder.display());
            return Finding::fail("disk", detail, "the folder of the database must be there");
        }
    };
    let taken = std::fs::metadata(file).map_or(0, |file| file.len());
    let mebibytes = |bytes: u64| thousands((bytes >> 20).cast_signed());
    let detail = format!(
        "{} MiB free in {}, the database has {}",
        mebibytes(free),
        folder.display(),
        mebibytes(taken)
    );
    match free {
        free if free < ROOM_MIN / 10 => Finding::fail("disk", detail, help),
        free if free < ROOM_MIN.max(taken) => Finding::warn("disk", detail, help),
        _ => Finding::ok("disk", detail),
    }
}

/// The limit of the process that is the service, or, if that is not known, of this one.
pub(super) fn files(service: Option<u32>) -> Finding {
    let help = "raise it: ulimit -n 4096, or LimitNOFILE=4096 of a systemd unit";
    let of_service = service.and_then(|pid| Some((limit_of(pid)?, format!(" of process {pid}"))));
    let (limit, whose) = of_service.unwrap_or_else(|| {
        let own = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        let whose = " here; a service may have another limit".to_owned();
        (own.current.unwrap_or(u64::MAX), whose)
    });
    let detail = match limit {
        u64::MAX => format!("without limit{whose}"),
        n => format!("{n} at most{whose}"),
    };
    match limit {
        ..256 => Finding::fail("open files", detail, help),
        256..FILES_MIN => Finding::warn("open files", detail, help),
        _ => Finding::ok("open files", detail),
    }
}

/// How many files a process may have open (`u64::MAX`: any number).
fn limit_of(pid: u32) -> Option<u64> {
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
    let files = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    match files.split_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        soft => soft.parse().ok(),
    }
}
