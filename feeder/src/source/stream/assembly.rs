//! Commits of a Jetstream, put together from its events.
//!
//! A Jetstream serves every op of a commit as an event, and the reader takes a commit of one rev
//! once, or for as long as it remembers what it took of it: half of one is not to be passed on. So
//! the events of a commit are gathered until something tells that it is whole: the same account does something else, or nothing more has
//! come for a while (50 ms, or it has been open for twenty times that). v2 serves the ops of a commit in a row, so there any other event tells it too;
//! v1 serves several repos at once and may mix them.

use crate::syntax::DID_BYTES_MAX;
use crate::wire::jetstream::subject;
use crate::wire::{FRAME_BYTES_MAX, FrameErrorKind};
use bytes::Bytes;
use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;
use tokio::time::Instant;

/// Longest time that a commit is gathered, in times of the quiet that ends it.
const AGE_MAX: u32 = 20;
/// Most commits of a v1 that are gathered at once: less than two seconds of the live network, so
/// that the rewind of a reconnect covers what is dropped.
const OPEN_MAX_V1: usize = 512;
/// Most bytes of all commits that are gathered; the oldest is passed on before there are more.
const OPEN_BYTES_MAX: usize = 16 << 20;
/// A rev is a TID.
const REV_BYTES_MAX: usize = 13;
/// Most ops of one commit that are gathered.
const LINES_MAX: u32 = 2_000;
/// How many commits passed on are remembered, to notice ops that come too late.
const PASSED_MAX: usize = 512;

/// The commits that are being gathered.
pub(super) struct Assembly {
    open_max: usize,
    /// So long after its last event a commit is taken to be whole.
    quiet: Duration,
    /// By account.
    open: HashMap<String, Open>,
    /// Of all that are open.
    bytes: usize,
    /// The accounts of open commits, oldest first; also of some that are open no more.
    order: VecDeque<(String, u64)>,
    /// Counts commits, to tell one of an account from the next.
    opened: u64,
    /// Commits that were passed on: the hash of account and rev, and the highest cursor.
    passed: VecDeque<(u64, u64)>,
}

struct Open {
    number: u64,
    rev: String,
    lines: Vec<u8>,
    count: u32,
    cursor: u64,
    begun: Instant,
    touched: Instant,
}

impl Open {
    fn due(&self, quiet: Duration) -> Instant {
        (self.touched + quiet).min(self.begun + quiet * AGE_MAX)
    }
}

/// What became of a line.
#[derive(Default)]
pub(super) struct Taken {
    /// Frames that are whole now, in order.
    pub(super) frames: Vec<Bytes>,
    /// An account of whose commit a part had been passed on before.
    pub(super) split: Option<String>,
}

impl Assembly {
    /// `in_a_row`: the server serves the ops of a commit one behind the other (v2).
    pub(super) fn new(in_a_row: bool, quiet: Duration) -> Self {
        Self {
            quiet,
            open_max: if in_a_row { 1 } else { OPEN_MAX_V1 },
            open: HashMap::new(),
            bytes: 0,
            order: VecDeque::new(),
            opened: 0,
            passed: VecDeque::new(),
        }
    }

    /// Takes one message. An error is garbage, and changes nothing.
    pub(super) fn take(&mut self, text: &str, now: Instant) -> Result<Taken, FrameErrorKind> {
        // Outside of strings, where it cannot be, a newline is but a space.
        let text = text.trim().replace(['\n', '\r'], " ");
        let mut taken = Taken::default();
        if text.len() > FRAME_BYTES_MAX {
            return Err(FrameErrorKind::TooLong);
        }
        let subject = subject(&text)?;
        let (did, cursor) = (subject.did, subject.cursor.unwrap_or(0));
        // What is longer is no DID and no TID: the decoder says so.
        let is_short = |rev: &str| did.len() <= DID_BYTES_MAX && rev.len() <= REV_BYTES_MAX;
        let Some(rev) = subject.rev.filter(|rev| is_short(rev)) else {
            self.pass(&did, &mut taken.frames);
            if self.open_max == 1 {
                self.pass_all(&mut taken.frames);
            }
            taken.frames.push(text.into_bytes().into());
            return Ok(taken);
        };
        while self.bytes + text.len() >= OPEN_BYTES_MAX && self.pass_oldest(&mut taken.frames) {}
        let goes_on = self.open.get(&*did).is_some_and(|open| {
            open.rev == *rev
                && open.count < LINES_MAX
                && open.lines.len() + 1 + text.len() <= FRAME_BYTES_MAX
        });
        if !goes_on {
            self.pass(&did, &mut taken.frames);
            let is_full = |this: &Self| {
                this.open.len() >= this.open_max || this.order.len() > 2 * this.open_max
            };
            while is_full(self) && self.pass_oldest(&mut taken.frames) {}
            // What comes again with an old cursor is but a repetition.
            let commit = hash_of(&did, &rev);
            let was_passed = |(hash, last): &(u64, u64)| *hash == commit && cursor > *last;
            if self.passed.iter().any(was_passed) {
                taken.split = Some(did.clone().into_owned());
            }
            self.opened += 1;
            self.order
                .push_back((did.clone().into_owned(), self.opened));
        }
        let number = self.opened;
        let open = self.open.entry(did.into_owned()).or_insert_with(|| Open {
            number,
            rev: rev.into_owned(),
            lines: Vec::new(),
            count: 0,
            cursor,
            begun: now,
            touched: now,
        });
        let before = open.lines.len();
        if open.count > 0 {
            open.lines.push(b'\n');
        }
        open.lines.extend_from_slice(text.as_bytes());
        self.bytes += open.lines.len() - before;
        open.count += 1;
        open.touched = now;
        open.cursor = open.cursor.max(cursor);
        Ok(taken)
    }

    /// When something may be whole by quiet alone.
    pub(super) fn due(&self) -> Option<Instant> {
        let (did, number) = self.order.front()?;
        let open = self.open.get(did).filter(|open| open.number == *number);
        // What is open no more is cleared away at once.
        Some(open.map_or_else(Instant::now, |open| open.due(self.quiet)))
    }

    /// Passes on what has been quiet for long enough.
    pub(super) fn pass_quiet(&mut self, now: Instant) -> Vec<Bytes> {
        let mut frames = Vec::new();
        while let Some((did, number)) = self.order.front() {
            match self.open.get(did).filter(|open| open.number == *number) {
                Some(open) if open.due(self.quiet) > now => break,
                Some(_) => drop(self.pass_oldest(&mut frames)),
                None => drop(self.order.pop_front()),
            }
        }
        frames
    }

    /// Passes on everything, oldest first.
    pub(super) fn pass_all(&mut self, frames: &mut Vec<Bytes>) {
        while self.pass_oldest(frames) {}
    }

    fn pass_oldest(&mut self, frames: &mut Vec<Bytes>) -> bool {
        while let Some((did, number)) = self.order.pop_front() {
            if self
                .open
                .get(&did)
                .is_some_and(|open| open.number == number)
            {
                self.pass(&did, frames);
                return true;
            }
        }
        false
    }

    fn pass(&mut self, did: &str, frames: &mut Vec<Bytes>) {
        let Some(open) = self.open.remove(did) else {
            return;
        };
        self.bytes -= open.lines.len();
        self.passed
            .push_back((hash_of(did, &open.rev), open.cursor));
        if self.passed.len() > PASSED_MAX {
            self.passed.pop_front();
        }
        frames.push(open.lines.into());
    }
}

fn hash_of(did: &str, rev: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (did, rev).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: Duration = Duration::from_mins(1);

    fn op(did: char, rev: u32, rkey: u32) -> String {
        let time = 1_779_719_009_132_431 + u64::from(rkey);
        format!(
            r#"{{"did":"did:plc:{did}","time_us":{time},"kind":"commit","commit":{{"rev":"r{rev}","operation":"delete","collection":"app.bsky.feed.like","rkey":"{rkey}"}}}}"#
        )
    }

    /// Feeds lines; gives how many lines each frame has, and how many splits were noticed.
    fn feed(assembly: &mut Assembly, lines: &[String]) -> (Vec<usize>, usize) {
        let (mut frames, mut splits) = (Vec::new(), 0);
        for line in lines {
            let taken = assembly.take(line, Instant::now()).unwrap();
            frames.extend(taken.frames);
            splits += usize::from(taken.split.is_some());
        }
        let lines = |frame: &Bytes| frame.split(|byte| *byte == b'\n').count();
        (frames.iter().map(lines).collect(), splits)
    }

    #[test]
    fn what_is_gathered_has_a_bound() {
        let mut assembly = Assembly::new(false, QUIET);
        let (padding, mut passed) = ("x".repeat(4 << 20), 0);
        for did in 'a'..='z' {
            let line = op(did, 1, 1).replace("\"r1\"", &format!("\"r1\",\"more\":\"{padding}\""));
            passed += feed(&mut assembly, &[line]).0.len();
            let open = assembly.open.values().map(|open| open.lines.len());
            assert_eq!(assembly.bytes, open.sum::<usize>());
            assert!(assembly.bytes <= OPEN_BYTES_MAX);
        }
        let mut frames = Vec::new();
        assembly.pass_all(&mut frames);
        assert_eq!((passed + frames.len(), assembly.bytes), (26, 0));
    }

    /// Nor is anything else of it kept than what has a bound.
    #[test]
    fn long_names_are_not_gathered() {
        let mut assembly = Assembly::new(false, QUIET);
        let long = "x".repeat(DID_BYTES_MAX);
        for n in 0..20 {
            let line = op('a', 1, 1);
            let long_did = line.replace("did:plc:a", &format!("did:plc:{long}{n}"));
            let long_rev = line.replace("\"r1\"", &format!("\"r1{long}{n}\""));
            assert_eq!(feed(&mut assembly, &[long_did, long_rev]).0, [1, 1]);
        }
        assert!(assembly.open.is_empty() && assembly.order.is_empty());
    }

    #[test]
    fn a_commit_is_whole_when_another_begins() {
        let mut assembly = Assembly::new(true, QUIET);
        let lines = [op('a', 1, 1), op('a', 1, 2), op('a', 2, 3), op('b', 1, 4)];
        assert_eq!(feed(&mut assembly, &lines), (vec![2, 1], 0));
        let identity = r#"{"did":"did:plc:c","time_us":1,"kind":"identity","identity":{}}"#;
        assert_eq!(feed(&mut assembly, &[identity.to_owned()]), (vec![1, 1], 0));
        assert_eq!(assembly.due(), None);
    }

    #[test]
    fn commits_that_are_mixed_are_told_apart() {
        let mut assembly = Assembly::new(false, QUIET);
        let mixed = [
            op('a', 1, 1),
            op('b', 1, 2),
            op('a', 1, 3),
            op('b', 1, 4),
            op('a', 2, 5),
        ];
        assert_eq!(feed(&mut assembly, &mixed), (vec![2], 0));
        assert!(assembly.pass_quiet(Instant::now()).is_empty());
        assert_eq!(assembly.pass_quiet(Instant::now() + QUIET).len(), 2);
        assert_eq!(assembly.due(), None);
        assert_eq!(feed(&mut assembly, &[op('b', 1, 4)]), (vec![], 0), "again");
        assert_eq!(
            feed(&mut assembly, &[op('a', 1, 6)]),
            (vec![], 1),
            "too late"
        );
    }

    #[test]
    fn nothing_grows_without_bound() {
        let mut assembly = Assembly::new(false, QUIET);
        for i in 0..10_000 {
            let line = op('a', 1, i).replace("did:plc:a", &format!("did:plc:{i}"));
            assembly.take(&line, Instant::now()).unwrap();
        }
        assert!(assembly.open.len() <= OPEN_MAX_V1 && assembly.order.len() <= 2 * OPEN_MAX_V1);
        let mut assembly = Assembly::new(false, QUIET);
        for rev in 0..10_000 {
            feed(&mut assembly, &[op('a', rev, rev)]);
        }
        assert!(assembly.order.len() <= 2 * OPEN_MAX_V1 + 1);
        let mut assembly = Assembly::new(true, QUIET);
        let lines: Vec<_> = (0..=LINES_MAX).map(|i| op('a', 1, i)).collect();
        assert_eq!(feed(&mut assembly, &lines), (vec![2_000], 1));
    }
}
