//! Whether commits are what their accounts signed, and whether a status is told by the account's
//! own host: looked at before the writer sees the frame.
//!
//! Behind each stream is a task that looks at its frames in order. It knows who matters from
//! [`Watched`], which the engine keeps; an account that came in by a frame still under way is
//! missed by it, and then the engine asks for the check itself. So nothing of those accounts is
//! applied unchecked, and the work is mostly done beside the writer.

mod patience;

use std::{sync::Arc, time::Duration};

use kith_config::Verify;
use kith_feeder::{
    identity::{DidDocument, Directory, IdentityError},
    source::What,
    verify::{self, Level, SigningKey, VerifyError},
    wire::{self, Decoded, DidText, Message},
    xrpc::same_host,
};
use tokio::time::Instant;

pub(crate) use patience::Patience;
use patience::Recent;

use crate::watched::{Concern, Watched};

/// A directory that does not answer is asked once more, after this.
const ASK_PAUSE: Duration = Duration::from_secs(1);
/// A signature that does not fit makes the document be fetched anew, at most this often.
const REFETCH_PAUSE: Duration = Duration::from_mins(1);
/// How long a stream waits for what there is to know of an account before its commit is not believed;
/// it is read again then.
const COMMIT_PATIENCE: Duration = Duration::from_secs(10);
/// The same for who an account's host is, without which what is said of it is lost.
const STATUS_PATIENCE: Duration = Duration::from_secs(90);
/// The same of the writer's task, for which all streams wait.
const WRITER_PATIENCE: Duration = Duration::from_secs(2);
/// To verify a commit takes less.
const NOTICED: Duration = Duration::from_millis(20);
/// Of whom nothing could be known in time is not asked again for so long.
const SILENT_PAUSE: Duration = Duration::from_mins(1);

/// How often the directory is asked again for an account's host, when it does not answer, before
/// an event is left.
const HOST_PAUSES: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(4),
    Duration::from_secs(15),
    Duration::from_mins(1),
];

/// Why a status is not believed: the account's host is not known.
pub(crate) const HOST_UNKNOWN: &str = "unknown_host";

/// What is known of a frame before it is applied.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// Nobody looked.
    Unchecked,
    /// A commit is what its account signed; an account's status is told by its own host.
    Good,
    /// It is not, by the name of the reason.
    Bad(&'static str),
}

/// What a source's word is worth.
#[derive(Debug, Clone, Eq, PartialEq)]
pub(crate) enum Trust {
    /// A file, or a Jetstream: it is believed, or has nothing to verify.
    Believed,
    /// A relay: commits are verified.
    Relay,
    /// A PDS, by its URL: commits are verified, and the status of accounts that live elsewhere is
    /// not believed: after a move the old host says that the account is deactivated.
    Pds(String),
}

/// Verifies frames.
#[derive(Debug, Clone)]
pub(crate) struct Checker {
    directory: Directory,
    watched: Arc<Watched>,
    level: Option<Level>,
    /// Accounts whose commits are not believed are read again.
    has_repair: bool,
    /// Whose documents were fetched because of a signature.
    refetched: Arc<Recent>,
    /// Of whom nothing could be known in time.
    silent: Arc<Recent>,
}

/// What a frame says that can be checked, and of whom.
enum Claim {
    Commit(DidText),
    Status(DidText, Option<String>),
}

impl Checker {
    /// A checker at the config's level; it may be less patient where there `has_repair` of what it
    /// does not believe.
    pub(crate) fn new(
        directory: Directory,
        watched: Arc<Watched>,
        verify: Verify,
        has_repair: bool,
    ) -> Checker {
        let level = match verify {
            Verify::None => None,
            Verify::Signature => Some(Level::Signature),
            Verify::Full => Some(Level::Full),
        };
        Checker {
            directory,
            watched,
            level,
            has_repair,
            refetched: Arc::default(),
            silent: Arc::default(),
        }
    }

    /// Looks at what a stream brought: a verdict for each of its frames. Nothing, where there is
    /// nothing to check. Frames of accounts that do not matter stay unchecked.
    pub(crate) async fn look(
        &self,
        what: &What,
        trust: &Trust,
        patience: &mut Patience,
    ) -> Vec<Verdict> {
        let What::Frames(frames) = what else {
            return Vec::new();
        };
        if *trust == Trust::Believed || (self.level.is_none() && *trust == Trust::Relay) {
            return Vec::new();
        }
        let mut verdicts = Vec::with_capacity(frames.count());
        for frame in frames.iter() {
            let claim = self.claim(frame.bytes, trust, |did| self.watched.get(did));
            verdicts.push(match claim {
                Some(claim) => {
                    let most = match claim {
                        Claim::Commit(_) => COMMIT_PATIENCE,
                        Claim::Status(..) => STATUS_PATIENCE,
                    };
                    self.decide(frame.bytes, claim, trust, (most, patience))
                        .await
                }
                None => Verdict::Unchecked,
            });
        }
        verdicts
    }

    /// Checks a frame because the engine asks for it, and waits for that. Never
    /// [`Verdict::Unchecked`].
    pub(crate) async fn check(
        &self,
        frame: &[u8],
        trust: &Trust,
        patience: &mut Patience,
    ) -> Verdict {
        match self.claim(frame, trust, |_| Some(Concern::Commits)) {
            Some(claim) => {
                self.decide(frame, claim, trust, (WRITER_PATIENCE, patience))
                    .await
            }
            None => Verdict::Good,
        }
    }

    /// What there is to check in a frame, of accounts that matter.
    fn claim(
        &self,
        frame: &[u8],
        trust: &Trust,
        concern: impl Fn(&str) -> Option<Concern>,
    ) -> Option<Claim> {
        if *trust == Trust::Believed {
            return None;
        }
        let repo = std::cell::RefCell::new(None);
        let is_verified =
            |did: &str| self.level.is_some() && concern(did) == Some(Concern::Commits);
        let note = |did: &str, _| {
            if is_verified(did) {
                repo.replace(Some(did.into()));
            }
            false
        };
        match wire::decode(frame, &note) {
            Ok(Decoded::Message(Message::Sync { did, .. })) if is_verified(&did) => {
                Some(Claim::Commit(did))
            }
            Ok(Decoded::Message(Message::Account { did, status, .. }))
                if *trust != Trust::Relay && concern(&did).is_some() =>
            {
                Some(Claim::Status(did, status))
            }
            _ => repo.into_inner().map(Claim::Commit),
        }
    }

    /// Whether it holds, as far as that can be known in so much time, and what is left of it.
    async fn decide(
        &self,
        frame: &[u8],
        claim: Claim,
        trust: &Trust,
        (most, patience): (Duration, &mut Patience),
    ) -> Verdict {
        let (did, reason) = match &claim {
            Claim::Commit(did) => (did.clone(), "no_document"),
            Claim::Status(did, _) => (did.clone(), HOST_UNKNOWN),
        };
        if self.directory.cached_document(&did).is_none()
            && self.silent.has(&did, SILENT_PAUSE).await
        {
            return Verdict::Bad(reason);
        }
        let given = match self.has_repair {
            true => patience.at_most(most),
            false => most,
        };
        let begun = Instant::now();
        let asked = tokio::time::timeout(given, self.ask(frame, &claim, trust)).await;
        let time = begun.elapsed();
        // The directory's answer may take half of it: our own rate holds back those of many accounts.
        let is_answered = asked
            .as_ref()
            .is_ok_and(|verdict| *verdict != Verdict::Bad(reason));
        let free = match is_answered {
            true if did.starts_with("did:plc:") => most / 2,
            true => NOTICED,
            false => Duration::ZERO,
        };
        patience.spend(time.saturating_sub(free));
        if let Ok(verdict) = asked {
            return verdict;
        }
        // Who was not given its time is not known to be silent.
        if given == most {
            self.silent.add(&did, SILENT_PAUSE).await;
            tracing::warn!(
                did = did.as_str(),
                reason,
                ?given,
                "event not believed: nobody answers"
            );
        }
        Verdict::Bad(reason)
    }

    async fn ask(&self, frame: &[u8], claim: &Claim, trust: &Trust) -> Verdict {
        match (claim, trust) {
            (Claim::Commit(did), _) => self.verify(frame, did).await,
            (Claim::Status(did, status), Trust::Pds(host)) => {
                match self.is_current_host(host, did, status.as_deref()).await {
                    Some(true) => Verdict::Good,
                    Some(false) => Verdict::Bad("another_host"),
                    None => Verdict::Bad(HOST_UNKNOWN),
                }
            }
            (Claim::Status(..), _) => Verdict::Good,
        }
    }

    /// Verifies a commit by its account's key, which is asked for once more if it does not fit:
    /// keys are rotated.
    async fn verify(&self, frame: &[u8], did: &str) -> Verdict {
        let Some(level) = self.level else {
            return Verdict::Good;
        };
        let key = match self.key(did, false).await {
            Ok(key) => key,
            Err(reason) => return Verdict::Bad(reason),
        };
        match verify_frame(frame, &key, level) {
            Err(VerifyError::BadSignature) if self.refetched.add(did, REFETCH_PAUSE).await => {
                match self.key(did, true).await {
                    Ok(key) => verdict(verify_frame(frame, &key, level)),
                    Err(reason) => Verdict::Bad(reason),
                }
            }
            result => verdict(result),
        }
    }

    async fn key(&self, did: &str, fresh: bool) -> Result<SigningKey, &'static str> {
        let document = match self.document(did, fresh).await {
            Err(error) if error.is_retryable() => {
                tokio::time::sleep(ASK_PAUSE).await;
                self.document(did, fresh).await
            }
            answered => answered,
        };
        let document = document.map_err(|error| {
            tracing::debug!(did, %error, "no key to verify commits with");
            "no_document"
        })?;
        let text = document.signing_key.as_deref().ok_or("no_key")?;
        SigningKey::from_did_key(text).map_err(|_| "bad_key")
    }

    async fn document(&self, did: &str, fresh: bool) -> Result<Arc<DidDocument>, IdentityError> {
        match fresh {
            true => self.directory.fresh_document(did).await,
            false => self.directory.document(did).await,
        }
    }

    /// Whether the account is at this host; None if nobody says where it is.
    async fn is_current_host(&self, host: &str, did: &str, status: Option<&str>) -> Option<bool> {
        for pause in HOST_PAUSES.into_iter().map(Some).chain([None]) {
            match self.directory.current_host(did).await {
                Ok(current) => {
                    return Some(current.is_some_and(|current| same_host(&current, host)));
                }
                // Nobody hosts it any more, and the last host says so.
                Err(IdentityError::Gone { .. }) => return Some(status == Some("deleted")),
                Err(error) if error.is_retryable() => {
                    if let Some(pause) = pause {
                        tokio::time::sleep(pause).await;
                    } else {
                        tracing::warn!(did, %error, "account event left: its host is not known");
                    }
                }
                Err(_) => return Some(false),
            }
        }
        None
    }
}

fn verify_frame(frame: &[u8], key: &SigningKey, level: Level) -> Result<(), VerifyError> {
    match verify::commit(frame, Some(key), level) {
        Err(VerifyError::OtherMessage) => verify::sync(frame, Some(key)).map(drop),
        result => result.map(drop),
    }
}

fn verdict(result: Result<(), VerifyError>) -> Verdict {
    match result {
        Ok(()) => Verdict::Good,
        Err(error) => Verdict::Bad(error.reason()),
    }
}

#[cfg(test)]
mod tests;
