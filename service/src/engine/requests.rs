//! What people ask of the ledger: to claim what waits for them, to be forgotten, to be met again.
//!
//! A request is taken once. What it changes and its answer are of one batch; until that is
//! committed the store tells of the request again, and it is passed over.

use kith_graph::AccountId;
use kith_reputation::{AccountId as LedgerId, Operation};
use kith_store::batch::{Answer, AnswerRow, IdentityRow, Micros, Request, RequestKind, RequestRow};

use super::Engine;

/// Bundles that one request claims at most: each is a row of the journal.
const CLAIMS_MAX: usize = 10_000;

/// What came of a request.
#[derive(Debug, Clone, Copy)]
struct Done {
    answer: Answer,
    /// Points claimed, or given up.
    points: u64,
}

impl Done {
    fn no(answer: Answer) -> Done {
        Done { answer, points: 0 }
    }
}

impl Engine {
    /// Takes the requests that wait, as the store told of them a moment ago.
    pub(crate) fn take_requests(&mut self, waiting: &[RequestRow], now: Micros) {
        for RequestRow { id, request } in waiting {
            if !self.requests_taken.insert(*id) {
                continue;
            }
            let before = self.state.position;
            let done = self.take_request(request, now);
            let made = self.state.position - before;
            self.pending.answers.push(AnswerRow {
                id: *id,
                answer: done.answer,
                operations: u32::try_from(made).unwrap_or(u32::MAX),
                position: (made > 0).then_some(self.state.position),
                points: done.points,
                micros: now,
            });
            let (kind, answer) = (request.kind.name(), done.answer.name());
            tracing::info!(id, kind, did = request.did, answer, "request taken");
        }
        // What the store does not tell of any more is committed. It tells of the oldest.
        let last = waiting.last().map_or(u64::MAX, |row| row.id);
        let is_told = |id: &u64| waiting.binary_search_by_key(id, |row| row.id).is_ok();
        self.requests_taken.retain(|id| *id > last || is_told(id));
    }

    fn take_request(&mut self, request: &Request, now: Micros) -> Done {
        let Some(id) = self.circle.lookup(&request.did) else {
            return Done::no(Answer::UnknownAccount);
        };
        match request.kind {
            RequestKind::Claim => self.claim(id, request),
            RequestKind::Forget => self.forget(id, now),
            RequestKind::Remember => self.remember(id),
        }
    }

    /// Claims bundles, the newest first: so none is moved within the list before its turn.
    fn claim(&mut self, id: AccountId, request: &Request) -> Done {
        let Some(receiver) = self.notes[id.index()].ledger_id else {
            return Done::no(Answer::UnknownAccount);
        };
        let sender = match &request.sender {
            None => None,
            Some(did) => match self.circle.lookup(did) {
                Some(sender) => self.notes[sender.index()].ledger_id,
                None => return Done::no(Answer::NothingWaits),
            },
        };
        if request.sender.is_some() && sender.is_none() {
            return Done::no(Answer::NothingWaits);
        }
        let is_wanted = |from: LedgerId| sender.is_none_or(|sender| sender == from);
        let account = self.ledger.account(receiver);
        let is_behind = account.is_some_and(|view| {
            let mut entries = view.unclaimed().iter();
            view.ordinal() < self.ledger.ticks() && entries.any(|entry| is_wanted(entry.sender))
        });
        if is_behind {
            // Bundles that have expired meanwhile are gone, and the others move up.
            self.ledger.settle(receiver);
        }
        let entries = self.ledger.account(receiver);
        let entries = entries.map_or(&[][..], |view| view.unclaimed());
        let mut wanted: Vec<u32> = (0..)
            .zip(entries)
            .filter(|(_, entry)| is_wanted(entry.sender))
            .map(|(index, _)| index)
            .collect();
        let no = match request.entry {
            // The ledger rejects a number that there is not, and the journal has that.
            Some(entry) if sender.is_none() || wanted.contains(&entry) => {
                wanted = vec![entry];
                None
            }
            Some(_) => Some(Answer::NoSuchEntry),
            None => wanted.is_empty().then_some(Answer::NothingWaits),
        };
        if let Some(answer) = no {
            if is_behind {
                // It was settled, which has to follow from the journal.
                let index = u32::MAX;
                self.operate(Operation::Claim { receiver, index }, None);
            }
            return Done::no(answer);
        }
        let is_all = wanted.len() <= CLAIMS_MAX;
        let mut points = 0;
        for index in wanted.into_iter().rev().take(CLAIMS_MAX) {
            if !self.operate(Operation::Claim { receiver, index }, None) {
                return Done::no(Answer::NoSuchEntry);
            }
            points += self.points_of_last(receiver);
        }
        let answer = if is_all { Answer::Done } else { Answer::Partly };
        Done { answer, points }
    }

    /// The points that the last operation brought its receiver.
    fn points_of_last(&self, receiver: LedgerId) -> u64 {
        let pieces = self.pending.journal.last().map(|row| &row.pieces);
        let pieces = pieces.and_then(kith_store::Pieces::decode);
        let credited = pieces.into_iter().flatten();
        let credited = credited.filter(|piece| piece.origin != receiver);
        credited.map(|piece| u64::from(piece.points)).sum()
    }

    /// Empties an account for good: what it had is gone, and nothing of it is kept from now on but
    /// its number and DID, by which it is known again. The journal keeps what was.
    fn forget(&mut self, id: AccountId, now: Micros) -> Done {
        if self.circle.is_tracked(id) {
            return Done::no(Answer::Tracked);
        }
        if self.forgotten.contains(&id) {
            return Done::no(Answer::AlreadyForgotten);
        }
        let held = self.notes[id.index()].ledger_id.map(|account| {
            self.ledger.settle(account);
            self.ledger.account(account).map_or(0, |view| view.tally())
        });
        self.circle.set_skip(id, true, &mut self.changes);
        // To everybody it looks as if the configuration kept it out: changes are told in public.
        self.note_changes("skip", Some(id), None);
        let was_accepted = self.erase(id, "skip");
        self.forgotten.insert(id);
        self.pending.forgotten.insert(id, Some(now));
        self.set_handle(id, None);
        let nothing = IdentityRow {
            account: id.0,
            pds: None,
            handle: None,
            signing_key: None,
            fetched_micros: 0,
        };
        self.pending.identities.insert(id, nothing);
        self.unhear(id);
        match was_accepted {
            true => Done {
                answer: Answer::Done,
                points: held.unwrap_or(0),
            },
            false => Done::no(Answer::Refused),
        }
    }

    /// An account that was forgotten may be met again; what it had does not come back.
    fn remember(&mut self, id: AccountId) -> Done {
        if !self.forgotten.remove(&id) {
            return Done::no(Answer::NotForgotten);
        }
        self.pending.forgotten.insert(id, None);
        let is_skipped = {
            let did = self.circle.did(id);
            self.settings.skip.iter().any(|skip| skip == did.as_str())
        };
        self.circle.set_skip(id, is_skipped, &mut self.changes);
        self.note_changes("unskip", Some(id), None);
        Done::no(Answer::Done)
    }
}

#[cfg(test)]
mod tests {
    use kith_config::{Config, Env, Mode};
    use kith_store::{Access, Store};

    use super::*;
    use crate::network::settings_offline;

    async fn opened(folder: &tempfile::TempDir) -> (Engine, Store) {
        let text = "[[circle.tracked]]\nid = \"did:web:a\"\n";
        let config = Config::parse(text, "test", &Env::default(), Mode::Offline);
        let settings = settings_offline(&config.expect("a right config")).expect("DIDs alone");
        let url = format!("sqlite:{}/kith.db", folder.path().display());
        let store = Store::open(&url, Access::Write).await.expect("opened");
        let engine = Engine::open(&store, settings).await.expect("opened");
        (engine, store)
    }

    fn forget(did: &str) -> Request {
        Request {
            kind: RequestKind::Forget,
            did: did.to_owned(),
            sender: None,
            entry: None,
        }
    }

    /// Until the answer is committed the store tells of the request again and again.
    #[tokio::test]
    async fn a_request_that_is_told_of_twice_is_taken_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut engine, store) = opened(&folder).await;
        let x = engine.intern("did:web:x");
        let asked = store.ask(&forget("did:web:x"), 1).await.expect("asked");
        let waiting = store.waiting_requests(10).await.expect("read");
        assert_eq!(waiting.len(), 1);
        for _ in 0..3 {
            engine.take_requests(&waiting, 2);
        }
        assert!(engine.forgotten.contains(&x));
        let batch = engine.batch();
        assert_eq!(batch.answers.len(), 1);
        assert_eq!(batch.forgotten, [(x.0, Some(2))]);
        // Told of before the commit, heard of after it.
        store.commit(&batch).await.expect("committed");
        engine.take_requests(&waiting, 3);
        assert!(!engine.has_pending());
        let answered = store.request(asked).await.expect("read").expect("there");
        assert_eq!(answered.answer.as_deref(), Some("done"));

        let next = store.ask(&forget("did:web:a"), 4).await.expect("asked");
        let waiting = store.waiting_requests(10).await.expect("read");
        assert_eq!(waiting.len(), 1, "an answered one is not told of");
        engine.take_requests(&waiting, 5);
        assert_eq!(engine.requests_taken.len(), 1, "and need not be remembered");
        store.commit(&engine.batch()).await.expect("committed");
        let answered = store.request(next).await.expect("read").expect("there");
        assert_eq!(answered.answer.as_deref(), Some("tracked"));
    }

    /// What nobody takes does not pile up.
    #[tokio::test]
    async fn so_many_requests_wait_and_no_more() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut engine, store) = opened(&folder).await;
        let mut asked = 0;
        let refused = loop {
            match store.ask(&forget("did:web:x"), 1).await {
                Ok(_) => asked += 1,
                Err(error) => break error.to_string(),
            }
        };
        assert_eq!(asked, 1_000);
        assert!(refused.contains("kith run"), "{refused}");
        let waiting = store.waiting_requests(100).await.expect("read");
        engine.take_requests(&waiting, 1);
        store.commit(&engine.batch()).await.expect("committed");
        store
            .ask(&forget("did:web:x"), 1)
            .await
            .expect("there is room");
    }
}
