//! Whose frames matter, as the sources' tasks see it, and frames that they decode ahead of the engine.
//!
//! Behind each source is a task that decodes its frames beside the writer. Whether a commit is read
//! in full depends on who is in the circle, and that changes: so what was decoded ahead says how
//! often it had changed before, and the engine decodes again what the changes since may concern.

use std::sync::{
    PoisonError, RwLock,
    atomic::{AtomicU64, Ordering},
};

use hashbrown::HashMap;
use kith_feeder::wire::{self, Decoded, FrameError, Message, Touches};

/// The accounts and records that matter: the engine writes it, the sources' tasks read it.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    wanted: RwLock<Wanted>,
    /// How often that has changed.
    changes: AtomicU64,
}

#[derive(Debug, Default)]
struct Wanted {
    /// Members of the circle.
    members: HashMap<Box<str>, Concern>,
    /// Commits with these are wanted of others, too.
    of_strangers: Touches,
}

/// Why a member matters to the checks.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub(crate) enum Concern {
    /// Its status does.
    Status,
    /// Its commits are verified, too.
    Commits,
}

/// A frame as it was decoded by what was wanted at that time.
#[derive(Debug)]
pub(crate) struct Ahead {
    decoded: Result<Decoded, FrameError>,
    /// [`Watched::changes`] before.
    changes: u64,
}

impl Watched {
    /// Sets why an account matters; None: it is no member.
    pub(crate) fn set(&self, did: &str, concern: Option<Concern>) {
        self.change(|wanted| match concern {
            Some(concern) => drop(wanted.members.insert(did.into(), concern)),
            None => drop(wanted.members.remove(did)),
        });
    }

    /// Sets which commits are wanted of everybody.
    pub(crate) fn set_of_strangers(&self, touches: Touches) {
        self.change(|wanted| wanted.of_strangers = touches);
    }

    fn change(&self, change: impl FnOnce(&mut Wanted)) {
        let mut wanted = self.wanted.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut wanted);
        // Whoever sees the number has seen the change.
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// Why an account matters.
    pub(crate) fn get(&self, did: &str) -> Option<Concern> {
        let wanted = self.wanted.read().unwrap_or_else(PoisonError::into_inner);
        wanted.members.get(did).copied()
    }

    /// Decodes a frame before its time has come.
    pub(crate) fn decode(&self, frame: &[u8]) -> Ahead {
        let changes = self.changes.load(Ordering::Acquire);
        let interest = |did: &str, touches: Touches| {
            let wanted = self.wanted.read().unwrap_or_else(PoisonError::into_inner);
            touches.intersects(wanted.of_strangers) || wanted.members.contains_key(did)
        };
        Ahead {
            decoded: wire::decode(frame, &interest),
            changes,
        }
    }

    /// What a frame says, if the same would come out now; `is_member` says who is.
    pub(crate) fn still_holds<'a>(
        &self,
        ahead: &'a Ahead,
        is_member: impl Fn(&str) -> bool,
    ) -> Option<&'a Result<Decoded, FrameError>> {
        let holds = ahead.changes == self.changes.load(Ordering::Acquire)
            || match &ahead.decoded {
                Ok(Decoded::Message(Message::Commit(commit))) => is_member(&commit.repo),
                // Whether it is read in full was never a question.
                Ok(Decoded::Message(_)) => true,
                Ok(Decoded::Passed { .. }) | Err(_) => false,
            };
        holds.then_some(&ahead.decoded)
    }
}

impl Ahead {
    /// What it says, as far as it was read.
    pub(crate) fn message(&self) -> Option<&Message> {
        match &self.decoded {
            Ok(Decoded::Message(message)) => Some(message),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use kith_feeder::wire::DidText;

    use super::*;

    /// A recorded commit that follows somebody, and whose it is.
    fn recorded() -> (Vec<u8>, DidText) {
        let frames = kith_tests::frames::read(&kith_tests::recordings().first);
        let commit = |frame: Vec<u8>| {
            let wanted = |_: &str, touches: Touches| touches.intersects(Touches::FOLLOW);
            match wire::decode(&frame, &wanted) {
                Ok(Decoded::Message(Message::Commit(commit))) => Some((frame, commit.repo)),
                _ => None,
            }
        };
        frames.into_iter().find_map(commit).expect("there is one")
    }

    fn is_read(ahead: &Ahead) -> bool {
        matches!(ahead.message(), Some(Message::Commit(_)))
    }

    fn holds(watched: &Watched, ahead: &Ahead) -> bool {
        let is_member = |did: &str| watched.get(did).is_some();
        watched.still_holds(ahead, is_member).is_some()
    }

    #[test]
    fn what_was_passed_over_is_looked_at_again_once_somebody_came_in() {
        let (watched, (frame, author)) = (Watched::default(), recorded());
        let (first, second) = (watched.decode(&frame), watched.decode(&frame));
        assert!(!is_read(&first) && holds(&watched, &first));
        watched.set(&author, Some(Concern::Status));
        assert!(!holds(&watched, &second), "its account is a member now");
        assert!(is_read(&watched.decode(&frame)));
    }

    #[test]
    fn what_was_read_of_a_member_holds_for_as_long_as_it_is_one() {
        let (watched, (frame, author)) = (Watched::default(), recorded());
        watched.set(&author, Some(Concern::Commits));
        let [first, second] = [(); 2].map(|()| watched.decode(&frame));
        watched.set("did:web:bob.test", Some(Concern::Status));
        assert!(is_read(&first) && holds(&watched, &first));
        watched.set(&author, None);
        assert!(!holds(&watched, &second), "it left");
    }

    #[test]
    fn what_is_wanted_of_everybody_may_change() {
        let (watched, (frame, _)) = (Watched::default(), recorded());
        let passed = watched.decode(&frame);
        watched.set_of_strangers(Touches::FOLLOW);
        assert!(!holds(&watched, &passed));
        let read = watched.decode(&frame);
        assert!(is_read(&read));
        watched.set_of_strangers(Touches::default());
        assert!(!holds(&watched, &read));
    }
}
