//! What was liked in this epoch: for `repeat = "once"` and `max_likes_per_epoch`.

use hashbrown::{HashMap, HashSet};
use kith_graph::AccountId;
use kith_store::batch::RecordKind;

use super::tid;

/// The accepted likes and reposts of the current epoch, exactly, 16 bytes each.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    likes: Posts,
    reposts: Posts,
    journaled: HashMap<AccountId, u32>,
}

/// Who liked whose post: the record key of the post.
pub(super) type Like<'a> = (AccountId, AccountId, &'a str);

/// What may be journaled in an epoch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// A post counts once for each who likes it.
    pub(super) once: bool,
    /// Likes of an account.
    pub(super) max: u32,
}

/// What the epoch so far says of a like.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub(super) enum Admission {
    /// It is counted; `is_new`: nobody remembers it from before.
    Admitted {
        is_new: bool,
    },
    Repeated,
    Capped,
}

#[derive(Debug, Default)]
struct Posts {
    /// (liker, author, rkey of the post), the rkey being a TID.
    usual: HashSet<(u32, u32, u64)>,
    /// The same with any other rkey.
    odd: HashSet<(u32, u32, Box<str>)>,
}

impl Repeats {
    /// Counts a like that is about to be journaled, unless it may not be. What the ledger then
    /// rejects is to be taken back.
    pub(super) fn admit(&mut self, kind: RecordKind, like: Like<'_>, limits: Limits) -> Admission {
        let is_new = self.insert(kind, like);
        if limits.once && !is_new {
            return Admission::Repeated;
        }
        let journaled = self.journaled.entry(like.0).or_default();
        if *journaled < limits.max {
            *journaled += 1;
            return Admission::Admitted { is_new };
        }
        if is_new {
            self.remove(kind, like);
        }
        Admission::Capped
    }

    /// At start: a like of this epoch's journal.
    pub(super) fn restore(&mut self, kind: RecordKind, like: Like<'_>, accepted: bool) {
        *self.journaled.entry(like.0).or_default() += 1;
        if accepted {
            self.insert(kind, like);
        }
    }

    /// Remembers a like. Whether this account's like of this post is new.
    fn insert(&mut self, kind: RecordKind, like: Like<'_>) -> bool {
        let (liker, author, rkey) = (like.0.0, like.1.0, like.2);
        let posts = self.posts(kind);
        match tid::pack(rkey) {
            Some(number) => posts.usual.insert((liker, author, number)),
            None => posts.odd.insert((liker, author, rkey.into())),
        }
    }

    /// Whether the like is remembered, of a post with a usual key.
    pub(super) fn has_usual(&self, (liker, author, rkey): Like<'_>) -> bool {
        tid::pack(rkey).is_some_and(|rkey| self.likes.usual.contains(&(liker.0, author.0, rkey)))
    }

    /// Forgets a like that was not accepted after all.
    pub(super) fn remove(&mut self, kind: RecordKind, like: Like<'_>) {
        let (liker, author, rkey) = (like.0.0, like.1.0, like.2);
        let posts = self.posts(kind);
        match tid::pack(rkey) {
            Some(number) => posts.usual.remove(&(liker, author, number)),
            None => posts.odd.remove(&(liker, author, rkey.into())),
        };
    }

    fn posts(&mut self, kind: RecordKind) -> &mut Posts {
        match kind {
            RecordKind::Like => &mut self.likes,
            RecordKind::Repost => &mut self.reposts,
        }
    }

    /// A new epoch: everything counts again.
    pub(super) fn clear(&mut self) {
        *self = Repeats::default();
    }
}
