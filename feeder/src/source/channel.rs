//! The way of frames to the reader: a channel bounded by bytes.

use super::meters::Meters;
use crate::wire::Micros;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// What a delivery is charged beyond its frames, in bytes: its own place in memory, so that
/// empty deliveries are bounded too.
const DELIVERY_BYTES: usize = 256;
/// Largest budget, in bytes; the semaphore counts in 32 bits.
const BUDGET_BYTES_MAX: usize = u32::MAX as usize;

/// A source's place in the configuration's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u16);

/// Something a source has to say. Holds its share of the budget until it is dropped, so keep
/// it until its frames are done with.
#[derive(Debug)]
pub struct Delivery {
    /// Whose it is.
    pub source: SourceId,
    /// What it is.
    pub what: What,
    _share: Share,
}

/// What a source delivers.
#[derive(Clone, Debug)]
pub enum What {
    /// One or more frames, in order.
    Frames(Frames),
    /// A stream is connected.
    Connected,
    /// A stream was lost, or could not be reached. It is tried again.
    Disconnected {
        /// A stable, short name, such as `closed`, `silence`, `http_429`, `future_cursor`.
        reason: String,
        /// More, for logs; shortened text of strangers.
        detail: String,
    },
    /// Bytes that are no frame were skipped; to be counted.
    Bad {
        /// A stable, short name, such as `too_long` or `truncated`.
        reason: &'static str,
        /// More, for logs.
        detail: String,
        /// For files the byte offset from which to go on; 0 for streams.
        position: u64,
    },
    /// Something may have been missed, and whatever the stream brings next cannot tell: to be
    /// repaired from the repos themselves.
    Gap(Gap),
    /// The file ends here.
    Finished {
        /// The byte offset behind the last whole frame.
        position: u64,
    },
    /// The source cannot be read at all, and will not be tried again.
    Failed {
        /// What, where, and what to do.
        message: String,
    },
}

/// What is known of a gap: between the last event that was read before it and the first after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// A stable, short name:
    /// - `future_cursor`: the server does not have our cursor, and was joined live;
    /// - `seq_restarted`: the server counts from a new beginning;
    /// - `outdated_cursor`: our cursor was older than what the server keeps;
    /// - `cursor_too_old`: the same, said by a Jetstream before it let us in;
    /// - `clamped`: nobody said so, but the first event of a believable time after a reconnect is
    ///   much later than the last before it;
    /// - `joined_live`: a source that had no cursor was joined, and it or another of its group was
    ///   heard, or at least connected, before;
    /// - `left_out`: a message beyond the WebSocket limit was stepped over;
    /// - `commit_split`: a Jetstream sent more ops of a commit after it had seemed whole.
    pub reason: &'static str,
    /// More, for logs; shortened text of strangers.
    pub detail: String,
    /// Event time of the last event read before, if there was one.
    pub from_time: Option<Micros>,
    /// Event time of the first event after it, if that is known; else the gap ends when the next
    /// event comes.
    pub to_time: Option<Micros>,
    /// Seq (or Jetstream cursor) of the last event read before from this same source.
    pub from_seq: Option<u64>,
    /// Seq (or Jetstream cursor) of the first event after it.
    pub to_seq: Option<u64>,
    /// The only account concerned; `None`: anybody.
    pub did: Option<String>,
    /// Saved cursors of this source mean nothing any more: what comes next may be lower.
    pub cursor_is_void: bool,
}

impl Gap {
    pub(super) fn new(reason: &'static str, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
            from_time: None,
            to_time: None,
            from_seq: None,
            to_seq: None,
            did: None,
            cursor_is_void: false,
        }
    }
}

/// A batch of frames, one behind the other in memory of its own: a slice of what was received would
/// hold all of that, of which the rest may have been thrown away. Never empty.
#[derive(Clone, Debug)]
pub struct Frames {
    bytes: Vec<u8>,
    /// Where each begins and ends.
    cuts: Vec<(u32, u32)>,
    /// For frames of a file, where in it the bytes begin.
    offset: Option<u64>,
}

/// One frame of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Header and payload, undecoded.
    pub bytes: &'a [u8],
    /// For files the byte offset behind this frame (in the uncompressed file); 0 for streams,
    /// whose position is the seq inside.
    pub position: u64,
}

impl Frames {
    /// The first frame of a stream's batch.
    pub fn of_stream(frame: &[u8]) -> Self {
        let mut frames = Self {
            bytes: Vec::new(),
            cuts: Vec::new(),
            offset: None,
        };
        frames.push(frame);
        frames
    }

    /// Frames of a file: `cuts` are their beginnings and ends in `bytes`, which begins at the
    /// file's byte `offset`.
    pub(super) fn of_file(bytes: Vec<u8>, offset: u64, cuts: Vec<(u32, u32)>) -> Self {
        Self {
            bytes,
            cuts,
            offset: Some(offset),
        }
    }

    /// Adds the next frame of the same stream, and says how many bytes that costs; `None` if these
    /// are frames of a file, or there is no more room.
    pub fn add(&mut self, frame: &[u8]) -> Option<usize> {
        if self.offset.is_some() || u32::try_from(self.bytes.len() + frame.len()).is_err() {
            return None;
        }
        let before = self.size();
        self.push(frame);
        Some(self.size() - before)
    }

    fn push(&mut self, frame: &[u8]) {
        // Far below 4 GiB: one frame, or what was asked for before.
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let begin = self.bytes.len();
        self.bytes.extend_from_slice(frame);
        self.cuts.push((place(begin), place(self.bytes.len())));
    }

    /// How many frames there are.
    pub fn count(&self) -> usize {
        self.cuts.len()
    }

    /// The frames, in order.
    pub fn iter(&self) -> impl Iterator<Item = Frame<'_>> {
        self.cuts.iter().map(|(begin, end)| Frame {
            bytes: &self.bytes[*begin as usize..*end as usize],
            position: self.offset.map_or(0, |offset| offset + u64::from(*end)),
        })
    }

    /// Bytes of the frames alone.
    fn bytes_of_frames(&self) -> usize {
        self.cuts.iter().map(|(a, b)| (b - a) as usize).sum()
    }

    /// Bytes of memory that they take.
    fn size(&self) -> usize {
        self.bytes.capacity() + self.cuts.capacity() * size_of::<(u32, u32)>()
    }
}

/// Makes a channel that holds at most `bytes_max` bytes of deliveries (at least one delivery,
/// however large). [`super::QUEUE_BYTES_MAX`] is the default.
pub fn channel(bytes_max: usize) -> (Sender, Receiver) {
    let limit = bytes_max.clamp(1, BUDGET_BYTES_MAX);
    let budget = Arc::new(Semaphore::new(limit));
    // Unbounded by count, because the budget bounds the bytes, and no delivery is free.
    let (sender, receiver) = mpsc::unbounded_channel();
    let sender = Sender {
        queue: sender,
        budget: Arc::clone(&budget),
        limit,
        meters: None,
    };
    (
        sender,
        Receiver {
            queue: receiver,
            budget,
            limit,
        },
    )
}

/// The sources' end of the channel.
#[derive(Clone, Debug)]
pub struct Sender {
    queue: mpsc::UnboundedSender<Delivery>,
    budget: Arc<Semaphore>,
    limit: usize,
    meters: Option<Arc<Meters>>,
}

/// A delivery's part of the budget, given back when it is dropped.
#[derive(Debug)]
struct Share {
    _permit: OwnedSemaphorePermit,
    meters: Option<Arc<Meters>>,
    bytes: u32,
}

impl Drop for Share {
    fn drop(&mut self) {
        if let Some(meters) = &self.meters {
            meters.done_with(self.bytes);
        }
    }
}

/// The reader is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the reader of the frames is gone")]
pub struct Closed;

impl Sender {
    /// Waits until the budget has room, then sends.
    pub async fn send(&self, source: SourceId, what: What) -> Result<(), Closed> {
        let share = self.reserve(what_bytes(&what)).await?;
        self.send_with(source, what, share)
    }

    /// The same channel, with everything that is sent counted.
    pub(super) fn metered(&self, meters: Arc<Meters>) -> Self {
        Self {
            meters: Some(meters),
            ..self.clone()
        }
    }

    /// Waits until half of the budget is free: the reader keeps up again.
    pub(super) async fn half_empty(&self) -> Result<(), Closed> {
        let half = u32::try_from(self.limit / 2).unwrap_or(u32::MAX);
        let budget = Arc::clone(&self.budget);
        match budget.acquire_many_owned(half).await {
            Ok(_) => Ok(()),
            Err(_) => Err(Closed),
        }
    }

    /// Waits for room; first come, first served among all sources.
    pub(super) async fn reserve(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Closed> {
        let budget = Arc::clone(&self.budget);
        budget
            .acquire_many_owned(self.cost(bytes))
            .await
            .map_err(|_| Closed)
    }

    /// Takes room if there is some now.
    pub(super) fn try_reserve(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.budget)
            .try_acquire_many_owned(self.cost(bytes))
            .ok()
    }

    /// Sends with room taken before.
    pub(super) fn send_with(
        &self,
        source: SourceId,
        what: What,
        permit: OwnedSemaphorePermit,
    ) -> Result<(), Closed> {
        let bytes = u32::try_from(permit.num_permits()).unwrap_or(u32::MAX);
        if let Some(meters) = &self.meters {
            meters.queued(bytes);
            match &what {
                What::Frames(frames) => meters.framed(frames.count(), frames.bytes_of_frames()),
                What::Bad { .. } => meters.bad(),
                What::Gap(_) => meters.gap(),
                What::Connected => meters.connected(),
                What::Disconnected { reason, .. } => meters.disconnected(reason),
                What::Finished { .. } | What::Failed { .. } => {}
            }
        }
        let share = Share {
            _permit: permit,
            meters: self.meters.clone(),
            bytes,
        };
        self.queue
            .send(Delivery {
                source,
                what,
                _share: share,
            })
            .map_err(|_| Closed)
    }

    /// What a delivery costs. One that is larger than the budget takes all of it, and so
    /// passes alone.
    fn cost(&self, bytes: usize) -> u32 {
        let cost = bytes.saturating_add(DELIVERY_BYTES).min(self.limit);
        u32::try_from(cost).unwrap_or(u32::MAX)
    }
}

/// The size that counts against the budget, without the delivery's own.
pub(super) fn what_bytes(what: &What) -> usize {
    match what {
        What::Frames(frames) => frames.size(),
        _ => 0,
    }
}

/// The reader's end of the channel.
#[derive(Debug)]
pub struct Receiver {
    queue: mpsc::UnboundedReceiver<Delivery>,
    budget: Arc<Semaphore>,
    limit: usize,
}

impl Receiver {
    /// Waits for the next delivery; `None` when every source has ended. Safe to cancel.
    pub async fn recv(&mut self) -> Option<Delivery> {
        self.queue.recv().await
    }

    /// Takes the next delivery if one is there.
    pub fn try_recv(&mut self) -> Option<Delivery> {
        self.queue.try_recv().ok()
    }

    /// Bytes that are queued or held by deliveries in use.
    pub fn queued_bytes(&self) -> usize {
        self.limit - self.budget.available_permits()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // Wakes the sources that wait for room.
        self.budget.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: SourceId = SourceId(1);

    fn frame(bytes: usize) -> What {
        What::Frames(Frames::of_stream(&vec![0; bytes]))
    }

    #[tokio::test]
    async fn a_full_budget_stops_the_sender_until_a_delivery_is_dropped() {
        let (sender, mut receiver) = channel(10_000);
        sender.send(ONE, frame(8_000)).await.unwrap();
        assert!(sender.try_reserve(8_000).is_none());
        let held = receiver.recv().await.unwrap();
        assert!(
            sender.try_reserve(8_000).is_none(),
            "a delivery in use keeps its share"
        );
        assert!(receiver.queued_bytes() >= 8_000);
        drop(held);
        assert_eq!(receiver.queued_bytes(), 0);
        sender.send(ONE, frame(8_000)).await.unwrap();
    }

    #[tokio::test]
    async fn a_frame_beyond_the_budget_passes_alone() {
        let (sender, mut receiver) = channel(1_000);
        sender.send(ONE, frame(50_000)).await.unwrap();
        assert!(sender.try_reserve(0).is_none());
        drop(receiver.recv().await.unwrap());
        assert!(sender.try_reserve(0).is_some());
    }

    #[tokio::test]
    async fn a_waiting_sender_learns_that_the_reader_is_gone() {
        let (sender, receiver) = channel(1_000);
        sender.send(ONE, frame(50_000)).await.unwrap();
        let waiting = tokio::spawn(async move { sender.send(ONE, frame(1)).await });
        tokio::task::yield_now().await;
        drop(receiver);
        assert_eq!(waiting.await.unwrap(), Err(Closed));
    }

    #[test]
    fn frames_know_their_positions() {
        let frames = Frames::of_file(b"....abc....de".to_vec(), 100, vec![(4, 7), (11, 13)]);
        let list: Vec<_> = frames.iter().map(|f| (f.bytes, f.position)).collect();
        assert_eq!(list, [(&b"abc"[..], 107), (&b"de"[..], 113)]);
    }

    #[test]
    fn frames_of_a_stream_take_what_they_cost() {
        let mut frames = Frames::of_stream(b"abc");
        let first = frames.size();
        let costs: usize = (0..100)
            .map(|n| frames.add(&vec![n; 1_000]).expect("a stream's"))
            .sum();
        assert_eq!(frames.size(), first + costs);
        assert!((100_003..300_000).contains(&frames.size()));
        let last = frames.iter().last().expect("some");
        assert_eq!((frames.count(), last.bytes), (101, &[99; 1_000][..]));
        assert_eq!(last.position, 0);
    }
}
