//! How far long work is: bars with rate and remaining time where a person watches, a log line now
//! and then where nobody does.

use std::{
    io::{self, IsTerminal, Write},
    sync::LazyLock,
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// How often work is looked at.
pub(crate) const LOOK: Duration = Duration::from_millis(500);

/// Time between two log lines about the same work.
const LINE: Duration = Duration::from_secs(10);

/// All bars there are, so that log lines go above them. Without a terminal nothing is drawn.
static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// Some long work that is being shown.
#[derive(Debug)]
pub(crate) struct Task {
    name: &'static str,
    bar: Option<ProgressBar>,
    begun: Instant,
    /// How much was done when it was first looked at.
    first: Option<u64>,
    said: Instant,
    /// What the last line said.
    told: Option<Figures>,
}

/// How much is done, of how much, and what else there is to say.
type Figures = (u64, u64, String);

impl Task {
    /// Work that is counted in pieces.
    pub(crate) fn new(name: &'static str) -> Task {
        Task::with(name, "{human_pos}/{human_len}, {per_sec}, {eta} left")
    }

    /// Work that is counted in bytes.
    pub(crate) fn of_bytes(name: &'static str) -> Task {
        Task::with(
            name,
            "{binary_bytes}/{binary_total_bytes}, {binary_bytes_per_sec}, {eta} left",
        )
    }

    fn with(name: &'static str, counts: &str) -> Task {
        let bar = io::stderr().is_terminal().then(|| {
            let template = format!("{{prefix}} {{wide_bar}} {counts}  {{msg}}");
            let style = ProgressStyle::with_template(&template);
            let bar = BARS.add(ProgressBar::new(0));
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_prefix(name);
            bar
        });
        Task {
            name,
            bar,
            begun: Instant::now(),
            first: None,
            said: Instant::now(),
            told: None,
        }
    }

    /// So much of all is done (`u64::MAX`: of nobody knows how much), and what else there is to
    /// say.
    pub(crate) fn show(&mut self, done: u64, all: u64, note: impl FnOnce() -> String) {
        let first = *self.first.get_or_insert(done);
        if let Some(bar) = &self.bar {
            if bar.length() == Some(0) {
                // What was done before is not this run's speed.
                bar.set_position(done);
                bar.reset_eta();
            }
            match all {
                u64::MAX => bar.unset_length(),
                all => bar.set_length(all),
            }
            bar.set_position(done);
            bar.set_message(note());
            return;
        }
        let note = note();
        if !self.may_tell((done, all, note.clone())) {
            return;
        }
        let rate = Rate {
            done: done.saturating_sub(first),
            time: self.begun.elapsed(),
        };
        tracing::info!(
            done,
            all = (all < u64::MAX).then_some(all),
            per_second = rate.per_second(),
            left = rate.left(all.saturating_sub(done)),
            "{}: {note}",
            self.name,
        );
    }

    /// Whether it is time for a line, and it says something new: who waits for a host may wait for hours.
    fn may_tell(&mut self, figures: Figures) -> bool {
        let is_due = self.said.elapsed() >= LINE && self.told.as_ref() != Some(&figures);
        if is_due {
            (self.said, self.told) = (Instant::now(), Some(figures));
        }
        is_due
    }

    /// The work is done.
    pub(crate) fn end(self, done: u64, note: impl FnOnce() -> String) {
        if self.told.is_some() || self.bar.is_some() {
            let seconds = self.begun.elapsed().as_secs();
            tracing::info!(done, seconds, "{}: ended, {}", self.name, note());
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
            BARS.remove(bar);
        }
    }
}

/// How much was done in what time.
struct Rate {
    done: u64,
    time: Duration,
}

impl Rate {
    fn per_second(&self) -> u64 {
        let millis = u64::try_from(self.time.as_millis()).unwrap_or(u64::MAX);
        self.done.saturating_mul(1_000) / millis.max(1)
    }

    /// The time that so much more takes at this rate, in words; None if nobody can tell.
    fn left(&self, more: u64) -> Option<String> {
        if self.done == 0 || more > u64::MAX / 2 {
            return None;
        }
        let seconds = u128::from(more) * self.time.as_millis() / (u128::from(self.done) * 1_000);
        let seconds = u64::try_from(seconds).ok()?;
        Some(match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
            (0, 0, s) => format!("{s}s"),
            (0, m, s) => format!("{m}m {s}s"),
            (h, m, _) => format!("{h}h {m}m"),
        })
    }
}

/// Where log lines go: to standard error, above the bars. What is written at once is one of them.
pub(crate) fn lines() -> Lines {
    Lines
}

/// See [`lines`].
#[derive(Debug)]
pub(crate) struct Lines;

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = one_line(&String::from_utf8_lossy(bytes));
        BARS.suspend(|| io::stderr().write_all(line.as_bytes()))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// A record as a line: values, as errors that end with what to do, may have several.
fn one_line(record: &str) -> String {
    let lines = record.lines().map(str::trim);
    let lines: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
    lines.join(" · ") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_comes_now_and_then_and_says_something_new() {
        let mut task = Task::new("reading accounts");
        for (is_time, left, is_told) in [
            (false, 3, false),
            (true, 3, true),
            (true, 3, false),
            (false, 2, false),
            (true, 2, true),
        ] {
            let ago = if is_time { LINE } else { Duration::ZERO };
            task.said = Instant::now().checked_sub(ago).expect("it runs for longer");
            let told = task.may_tell((0, 3, format!("{left} left")));
            assert_eq!(told, is_told, "{is_time} {left}");
        }
    }

    #[test]
    fn a_record_is_a_line() {
        for (record, line) in [
            ("INFO stopped\n", "INFO stopped\n"),
            (
                "ERROR waiting error=it is full\n  help: make room pause=1s\n",
                "ERROR waiting error=it is full · help: make room pause=1s\n",
            ),
        ] {
            assert_eq!(one_line(record), line);
        }
    }

    #[test]
    fn the_remaining_time_is_that_of_the_rate_so_far() {
        let rate = |done, seconds| Rate {
            done,
            time: Duration::from_secs(seconds),
        };
        assert_eq!(rate(500, 10).per_second(), 50);
        assert_eq!(rate(500, 10).left(100).as_deref(), Some("2s"));
        assert_eq!(rate(500, 10).left(10_000).as_deref(), Some("3m 20s"));
        assert_eq!(rate(1, 60).left(200).as_deref(), Some("3h 20m"));
        assert_eq!(rate(0, 10).left(100), None);
        assert_eq!(rate(9, 10).left(u64::MAX - 9), None);
        assert_eq!(rate(9, 0).left(9).as_deref(), Some("0s"));
    }
}
