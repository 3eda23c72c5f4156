//! A run of the program, and what it took.

use std::{
    fmt, fs,
    path::Path,
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

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
    /// Of that time, what was not starting: from the first frame to the last commit.
    taking: f64,
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
            taking: taking(&fs::read_to_string(&log)?).context("kith says how long it took")?,
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
            taking: 0.0,
        })
    }

    /// Seconds of processor time since an earlier look.
    pub(crate) fn busy_since(&self, before: &Measured) -> f64 {
        self.busy - before.busy
    }

    /// The most memory that was resident, in KiB.
    pub(crate) fn peak(&self) -> u64 {
        self.peak
    }

    /// So many things a second.
    pub(crate) fn rate(&self, things: i64) -> f64 {
        things as f64 / self.taking
    }
}

/// The line "replayed frames=900 seconds=0.07".
fn taking(log: &str) -> Option<f64> {
    let line = log.lines().rfind(|line| line.contains("replayed"))?;
    let seconds = line.split("seconds=").nth(1)?;
    seconds.split_whitespace().next()?.parse().ok()
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.1} s, with starting {:.1}, {:.1} s of processor time, at most {} MiB resident",
            self.taking,
            self.wall.as_secs_f64(),
            self.busy,
            self.peak >> 10
        )
    }
}
