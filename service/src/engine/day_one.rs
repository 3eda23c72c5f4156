//! Day one: the likes of before the first start, read from the repos, taken in the order of their
//! times with the ticks in their places, before the first live event.
//!
//! Three steps, each of which goes on where it stopped: the sources' positions are noted, so that
//! they tell everything from then on; the members' likes are read and wait in the store; they are
//! taken. What both the repos and the sources tell of is known by its key, as after a gap.

use std::{cmp::Reverse, collections::BinaryHeap, collections::VecDeque};

use anyhow::Result;
use hashbrown::HashMap;
use kith_config::Backfill;
use kith_feeder::{
    backfill::{AccountRead, LikesWanted, ReadError, Wanted},
    wire::{self, Collection, Decoded},
};
use kith_graph::{AccountId, Status};
use kith_store::{
    Store,
    batch::{
        BootstrapAccountRow, BootstrapRow, BootstrapState, Micros, RecordKind, StagedKey,
        StagedLike,
    },
};

use super::{
    AHEAD_MAX, EARLIEST, Engine, SourceIndex,
    events::position,
    gaps::KEY_AGE_MAX,
    likes::{End, Found, Party, nonce},
    repair::{BackfillOrder, ReadingAt},
    statuses::inactive_status,
    tid,
};

/// An account that cannot be read now is tried again after 2 s, 4 s, 8 s, and then given up.
const ATTEMPTS_MAX: u32 = 4;
const PAUSE_FIRST: Micros = 2_000_000;
const DAY: Micros = 24 * 3_600 * 1_000_000;

/// How the sources were joined: what happens from then on, they tell.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub(crate) struct Joined {
    /// Event time of the first event of that source that begins earliest.
    pub(crate) first: Micros,
    /// Of that which begins latest.
    pub(crate) last: Micros,
    /// Whether every source goes on where the last run noted it.
    pub(crate) continued: bool,
}

/// The state of day one.
#[derive(Debug, Default)]
pub(super) struct DayOne {
    row: Option<BootstrapRow>,
    likes_max: u32,
    /// When each account was read.
    read: HashMap<AccountId, Micros>,
    failed: u64,
    /// Accounts read before this (local time) may have made likes since that no source tells of.
    stale_before: Micros,
    queue: VecDeque<AccountId>,
    later: BinaryHeap<Reverse<(Micros, AccountId)>>,
    attempts: HashMap<AccountId, u32>,
    /// Being read, and since when.
    pub(super) running: HashMap<AccountId, Micros>,
}

impl DayOne {
    /// Event time from which the sources tell everything.
    pub(super) fn first_micros(&self) -> Option<Micros> {
        self.row.as_ref().map(|row| row.first_micros)
    }
}

impl Engine {
    /// Whether likes of before the first start are to be read or taken: the ledger has not begun,
    /// or a run was stopped meanwhile.
    pub(crate) fn day_one_is_due(&self, days: u32) -> bool {
        match &self.day_one.row {
            Some(row) => row.state != BootstrapState::Done,
            None if days == 0 => false,
            None if self.settings.backfill != Backfill::Pds => {
                tracing::warn!(
                    "bootstrap.days is set, and circle.backfill is not \"pds\": nobody is asked \
                     for likes"
                );
                false
            }
            None => self.clock.epoch().is_none() && self.state.position == 0,
        }
    }

    pub(super) async fn restore_day_one(&mut self, store: &Store) -> Result<()> {
        let Some(row) = store.load_bootstrap().await? else {
            return Ok(());
        };
        if row.state != BootstrapState::Done {
            for account in store.load_bootstrap_accounts().await? {
                self.day_one.failed += u64::from(account.error.is_some());
                let id = AccountId(account.account);
                self.day_one.read.insert(id, account.read_micros);
            }
        }
        self.gaps
            .begin_after(tid::at(row.first_micros - KEY_AGE_MAX));
        self.day_one.row = Some(row);
        Ok(())
    }

    /// Notes where a source begins: before this frame. None if the frame does not say, or says
    /// something that cannot be.
    pub(crate) fn join(
        &mut self,
        source: SourceIndex,
        frame: &[u8],
        now: Micros,
    ) -> Option<Micros> {
        let (seq, time) = match wire::decode(frame, &|_: &str, _| false) {
            Ok(Decoded::Passed { seq, time, .. }) => (Some(seq), time),
            Ok(Decoded::Message(message)) => position(&message),
            Err(error) => (error.seq, error.time),
        };
        let is_believable = |time: &Micros| (EARLIEST..=now + AHEAD_MAX).contains(time);
        let (seq, time) = (seq?, time.filter(is_believable)?);
        let source = &mut self.sources[source.0];
        source.row.cursor = Some(seq.saturating_sub(1));
        source.row.event_micros = Some(time);
        source.changed = true;
        Some(time)
    }

    /// Event time of the last event of a source that was read before.
    pub(crate) fn joined(&self, source: SourceIndex) -> Option<Micros> {
        let row = &self.sources[source.0].row;
        row.cursor.and(row.event_micros)
    }

    /// Begins, or goes on after a stop: the sources have been joined.
    pub(crate) fn begin_day_one(&mut self, joined: Joined, days: u32, likes_max: u32, now: Micros) {
        let first = joined.first.min(now).max(EARLIEST);
        let upto = joined.last.min(now) + KEY_AGE_MAX;
        let is_again = self.day_one.row.is_some() && !joined.continued;
        let row = self.day_one.row.get_or_insert_with(|| BootstrapRow {
            state: BootstrapState::Reading,
            after_micros: first - i64::from(days) * DAY,
            first_micros: first,
            upto_micros: upto,
            begun_micros: now,
            ended_micros: None,
            likes_read: 0,
            likes_taken: 0,
            taken: StagedKey::default(),
        });
        let first = row.first_micros;
        if !joined.continued {
            row.state = BootstrapState::Reading;
            row.upto_micros = row.upto_micros.max(upto);
            // Whoever is read again may tell of likes between those that were taken already.
            let again = StagedKey {
                tid: tid::at(first - KEY_AGE_MAX),
                ..StagedKey::default()
            };
            row.taken = row.taken.min(again);
            self.day_one.stale_before = now;
        }
        self.day_one.likes_max = likes_max;
        self.pending.bootstrap.clone_from(&self.day_one.row);
        self.gaps.begin_after(tid::at(first - KEY_AGE_MAX));
        self.begin_membership(first);
        if is_again {
            // What was heard since it was read, and waited, is gone.
            let interior = self.circle.members().map(|(id, _)| id);
            let interior: Vec<_> = interior.filter(|id| self.circle.is_interior(*id)).collect();
            for id in interior {
                self.order_backfill(id, "day one");
            }
        }
    }

    /// What day one is at; None: it is not.
    pub(crate) fn day_one_state(&self) -> Option<BootstrapState> {
        self.day_one.row.as_ref().map(|row| row.state)
    }

    /// The last of the likes that wait which was taken.
    pub(crate) fn day_one_taken(&self) -> StagedKey {
        let row = self.day_one.row.as_ref();
        row.map_or_else(StagedKey::default, |row| row.taken)
    }

    /// Up to `running_max` accounts at once are handed out to be read.
    pub(crate) fn day_one_orders(&mut self, running_max: usize, now: Micros) -> Vec<BackfillOrder> {
        if self.day_one.is_idle() {
            self.enqueue_unread();
        }
        while let Some(Reverse((time, id))) = self.day_one.later.peek().copied() {
            if time > now {
                break;
            }
            self.day_one.later.pop();
            self.day_one.queue.push_front(id);
        }
        let mut orders = Vec::new();
        while self.day_one.running.len() < running_max {
            let Some(id) = self.day_one.queue.pop_front() else {
                break;
            };
            let Some(hop) = self.circle.hop(id) else {
                continue;
            };
            if !self.circle.status(id).is_active() {
                let word = super::statuses::status_word(self.circle.status(id));
                self.give_up_reading(id, word, now);
                continue;
            }
            self.day_one.running.insert(id, now);
            orders.push(BackfillOrder {
                did: self.circle.did(id).as_str().to_owned(),
                priority: hop,
                wanted: Wanted {
                    follows: false,
                    blocks: false,
                    likes: self.likes_of_day_one(id),
                },
            });
        }
        orders
    }

    /// Whether everybody was read. New members may still come.
    pub(crate) fn day_one_is_read(&mut self) -> bool {
        if self.day_one.is_idle() {
            self.enqueue_unread();
        }
        self.day_one.is_idle()
    }

    /// How far the reading is: accounts, and likes that may count.
    pub(crate) fn day_one_reading(&self) -> (ReadingAt, u64) {
        let day_one = &self.day_one;
        let left = day_one.queue.len() + day_one.running.len() + day_one.later.len();
        let reading = ReadingAt {
            done: (day_one.read.len() as u64).saturating_sub(day_one.failed),
            left: left as u64,
            failed: day_one.failed,
        };
        (
            reading,
            day_one.row.as_ref().map_or(0, |row| row.likes_read),
        )
    }

    /// Members whose likes are still to be read; None where day one was never asked for.
    pub(crate) fn day_one_accounts_left(&self) -> Option<u64> {
        if self.day_one_state()? != BootstrapState::Reading {
            return Some(0);
        }
        let read = &self.day_one.read;
        let left = (self.circle.members()).filter(|(id, _)| !read.contains_key(id));
        Some(left.count() as u64)
    }

    /// Members that were not read, or too early, the nearest first.
    fn enqueue_unread(&mut self) {
        let day_one = &self.day_one;
        let is_read =
            |id: &AccountId| (day_one.read.get(id)).is_some_and(|at| *at >= day_one.stale_before);
        let mut unread: Vec<_> = self
            .circle
            .members()
            .filter(|(id, _)| !is_read(id))
            .map(|(id, hop)| (hop, id))
            .collect();
        unread.sort_unstable();
        self.day_one.queue.extend(unread.iter().map(|(_, id)| *id));
    }

    fn likes_of_day_one(&self, id: AccountId) -> Option<LikesWanted> {
        let row = self.day_one.row.as_ref()?;
        let before = self.day_one.read.get(&id).map(|at| at - KEY_AGE_MAX);
        Some(LikesWanted {
            after: tid::unpack(tid::at(before.unwrap_or(0).max(row.after_micros))),
            upto: tid::unpack(tid::at(row.upto_micros)),
            reposts: self.settings.parameters.repost > 0,
            max: self.day_one.likes_max,
        })
    }

    /// Takes what was read of an account, or why it could not be: its likes wait.
    pub(crate) fn day_one_read(
        &mut self,
        did: &str,
        result: Result<AccountRead, ReadError>,
        now: Micros,
    ) {
        let Some(id) = self.circle.lookup(did) else {
            return;
        };
        let Some(begun) = self.day_one.running.remove(&id) else {
            return;
        };
        match result {
            Ok(read) if read.status.is_active() => self.stage(id, &read, begun),
            Ok(read) => {
                let word = read.status.as_str();
                self.read_as_inactive(id, inactive_status(Some(word)));
                self.give_up_reading(id, word, begun);
            }
            Err(error) => {
                let attempts = self.day_one.attempts.entry(id).or_default();
                *attempts += 1;
                let is_gone = matches!(error, ReadError::Gone { .. });
                let (attempts, again) = (*attempts, is_gone || error.is_retryable());
                let again = again && attempts < ATTEMPTS_MAX;
                tracing::warn!(did, %error, attempts, again, "likes not read");
                if again {
                    let pause = PAUSE_FIRST << (attempts - 1);
                    self.day_one.later.push(Reverse((now + pause, id)));
                    return;
                }
                if is_gone {
                    self.set_status(id, Status::Inactive);
                }
                self.give_up_reading(id, error.reason(), begun);
            }
        }
    }

    fn give_up_reading(&mut self, id: AccountId, reason: &str, begun: Micros) {
        self.counters.add("day_one.accounts_failed", 1);
        self.day_one.failed += 1;
        self.note_read(id, begun, (0, false), Some(reason.to_owned()));
    }

    fn note_read(
        &mut self,
        id: AccountId,
        begun: Micros,
        (likes, capped): (u64, bool),
        error: Option<String>,
    ) {
        self.day_one.read.insert(id, begun);
        self.pending.bootstrap_accounts.push(BootstrapAccountRow {
            account: id.0,
            read_micros: begun,
            likes,
            capped,
            error,
        });
        self.pending.bootstrap.clone_from(&self.day_one.row);
    }

    /// Likes that pass the tests that need no time wait for their turn; the others are counted.
    fn stage(&mut self, id: AccountId, read: &AccountRead, begun: Micros) {
        self.read_as_active(id);
        // A claim of the account's own.
        if read.handle.is_some() && !self.looks_up_handles() {
            self.set_handle(id, read.handle.clone());
        }
        let Some((first, upto)) =
            (self.day_one.row.as_ref()).map(|row| (row.first_micros, row.upto_micros))
        else {
            return;
        };
        if !read.likes.capped {
            self.note_likes_read(id, tid::at(upto), begun);
        }
        // What was counted when the account was read before, or will be when the stream brings it,
        // is not counted here.
        let earlier = self.day_one.read.get(&id).copied().unwrap_or(0);
        let party = Party {
            did: &read.did,
            id: Some(id),
        };
        let mut waiting = 0;
        for record in &read.likes.records {
            let Some(key) = tid::pack(&record.rkey) else {
                continue;
            };
            let kind = match record.collection {
                Collection::Like => RecordKind::Like,
                Collection::Repost => RecordKind::Repost,
                _ => continue,
            };
            match self.judge(party, Some((&record.subject, nonce(&record.cid)))) {
                Ok(judged) => {
                    let author = self.number(judged.author);
                    waiting += 1;
                    self.pending.staged.push(StagedLike {
                        key: StagedKey {
                            tid: key,
                            account: id.0,
                            record: kind.code(),
                        },
                        author: author.0,
                        post: judged.post.to_owned(),
                        nonce: judged.nonce,
                    });
                }
                Err(end) if (earlier + 1..=first).contains(&tid::micros(key)) => self.count(end),
                Err(_) => {}
            }
        }
        if let Some(row) = &mut self.day_one.row {
            row.likes_read += waiting;
        }
        self.counters.add("day_one.accounts_read", 1);
        let likes = read.likes.records.len() as u64;
        self.note_read(id, begun, (likes, read.likes.capped), None);
    }

    /// Everybody was read: from now on the likes that wait are taken. `read` is how many there are, `taken`
    /// how many of them up to [`Self::day_one_taken`]. Returns that place.
    pub(crate) fn begin_taking(&mut self, read: u64, taken: u64) -> Option<StagedKey> {
        let row = self.day_one.row.as_mut()?;
        row.state = BootstrapState::Taking;
        (row.likes_read, row.likes_taken) = (read, taken);
        self.pending.bootstrap = Some(row.clone());
        Some(row.taken)
    }

    /// Gives likes that waited to the ledger, in their order, each at its time.
    pub(crate) fn take_staged(&mut self, waiting: &[StagedLike]) {
        let Some(first) = self.day_one.first_micros() else {
            return;
        };
        for staged in waiting {
            // Never beyond the time at which the stream goes on.
            self.move_clock(tid::micros(staged.key.tid).min(first));
            let kind = match staged.key.record {
                1 => RecordKind::Like,
                _ => RecordKind::Repost,
            };
            let (liker, author) = (AccountId(staged.key.account), AccountId(staged.author));
            let points = self.points_of(kind);
            if points == 0 || !self.gaps.is_missed(liker, (kind, staged.key.tid)) {
                continue;
            }
            let found = Found {
                kind,
                liker,
                author,
                rkey: &tid::unpack(staged.key.tid),
                rev: "",
                post: &staged.post,
                nonce: staged.nonce,
            };
            // The config may have changed since it was read.
            let inside = [liker, author].map(|id| self.circle.hop(id).is_some());
            let end = match self.settings.in_scope(inside[0], inside[1]) {
                true => self.transfer(points, &found),
                false => End::Outside,
            };
            self.count(end);
        }
        if let (Some(row), Some(last)) = (&mut self.day_one.row, waiting.last()) {
            row.likes_taken += waiting.len() as u64;
            row.taken = last.key;
            self.pending.bootstrap = Some(row.clone());
        }
    }

    /// Every like was taken, or nobody wants them any more.
    pub(crate) fn end_day_one(&mut self, now: Micros) {
        if let Some(row) = &mut self.day_one.row {
            row.state = BootstrapState::Done;
            row.ended_micros = Some(now);
            self.pending.bootstrap = Some(row.clone());
            // What a gap hid may be read before anything is heard.
            let first = row.first_micros;
            if self.clock.epoch().is_none() {
                self.move_clock(first);
            }
        }
        self.day_one = DayOne {
            row: self.day_one.row.take(),
            ..DayOne::default()
        };
    }
}

impl DayOne {
    fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.running.is_empty() && self.later.is_empty()
    }
}
