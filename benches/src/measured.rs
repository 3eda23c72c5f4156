//! A run of the program, and what it took.

use std::{
    fmt, fs,
    path::Path,
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

/// Clock ticks of `/proc` in a second; 100 on every Linux.
const TICKS: f64 = 100.0;

/// Time, processor time and memory of a process.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Measured {
    wall: Duration,
    /// Seconds of processor time, user and system.
    busy: f64,
    /// The most memory that was resident, in KiB.
    peak: u64,
}

impl Measured {
    /// Runs `kith ARGS` in a folder, to its end.
    pub(crate) fn run(kith: &Path, folder: &Path, args: &[&str]) -> Result<Measured> {
        let log = folder.join("kith.log");
        let mut child = Command::new(kith)
            .args(args)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log)?)
            .spawn()?;
        let (start, mut measured) = (Instant::now(), Measured::default());
        loop {
            if let Some(now) = Measured::of(child.id()) {
                measured = now;
            }
            if let Some(status) = child.try_wait()? {
                if !status.success() {
                    bail!("kith {args:?}: {status}\n{}", fs::read_to_string(&log)?);
                }
                break;
            }
            sleep(Duration::from_millis(20));
        }
        Ok(Measured {
            wall: start.elapsed(),
            ..measured
        })
    }

    /// What a process has taken so far; `None` when it is gone.
    pub(crate) fn of(process: u32) -> Option<Measured> {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks: u64 =
            fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
        let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some(Measured {
            wall: Duration::ZERO,
            busy: ticks as f64 / TICKS,
            peak: peak.trim().trim_end_matches(" kB").parse().ok()?,
        })
    }

    /// From start to end.
    pub(crate) fn seconds(&self) -> f64 {
        self.wall.as_secs_f64()
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.1} s passed, {:.1} s busy, at most {} MiB resident",
            self.seconds(),
            self.busy,
            self.peak >> 10
        )
    }
}
