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

#[derive(Debug, Default)]
struct Posts {
    /// (liker, author, rkey of the post), the rkey being a TID.
    usual: HashSet<(u32, u32, u64)>,
    /// The same with any other rkey.
    odd: HashSet<(u32, u32, Box<str>)>,
}

impl Repeats {
    /// Whether this account's like of this post was accepted before.
    pub(super) fn contains(&self, kind: RecordKind, like: (AccountId, AccountId, &str)) -> bool {
        let (liker, author, rkey) = (like.0.0, like.1.0, like.2);
        let posts = match kind {
            RecordKind::Like => &self.likes,
            RecordKind::Repost => &self.reposts,
        };
        match tid::pack(rkey) {
            Some(number) => posts.usual.contains(&(liker, author, number)),
            None => !posts.odd.is_empty() && posts.odd.contains(&(liker, author, rkey.into())),
        }
    }

    /// Remembers an accepted like.
    pub(super) fn insert(&mut self, kind: RecordKind, like: (AccountId, AccountId, &str)) {
        let (liker, author, rkey) = (like.0.0, like.1.0, like.2);
        let posts = match kind {
            RecordKind::Like => &mut self.likes,
            RecordKind::Repost => &mut self.reposts,
        };
        match tid::pack(rkey) {
            Some(number) => posts.usual.insert((liker, author, number)),
            None => posts.odd.insert((liker, author, rkey.into())),
        };
    }

    /// Counts a journaled like, accepted or not.
    pub(super) fn count(&mut self, liker: AccountId) {
        *self.journaled.entry(liker).or_default() += 1;
    }

    /// Likes of this account journaled in this epoch.
    pub(super) fn journaled(&self, liker: AccountId) -> u32 {
        self.journaled.get(&liker).copied().unwrap_or_default()
    }

    /// A new epoch: everything counts again.
    pub(super) fn clear(&mut self) {
        *self = Repeats::default();
    }
}
