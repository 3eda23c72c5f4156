//! Handles of members: what was looked up, and what is to be.

use kith_config::Backfill;
use kith_graph::AccountId;
use kith_store::batch::{HandleLookupRow, Micros};

use super::Engine;

/// A handle that could not be looked up is tried again after this, and twice as long each time.
const PAUSE_FIRST: Micros = 10 * 60_000_000;
/// The longest pause. An account without a handle that points back is asked again so often, too.
const PAUSE_MAX: Micros = 7 * 24 * 3_600_000_000;

/// What came of looking up a member's handle.
#[derive(Debug, Clone, Eq, PartialEq)]
pub(crate) struct HandleFound {
    /// Whose.
    pub(crate) did: String,
    /// How often in a row it had failed before.
    pub(crate) attempts: u32,
    /// What came of it.
    pub(crate) outcome: LookedUp,
}

/// A handle, or none.
#[derive(Debug, Clone, Eq, PartialEq)]
pub(crate) enum LookedUp {
    /// The account claims this handle, and it points back.
    Named(String),
    /// It claims none, or one that points elsewhere.
    Nameless,
    /// Somebody did not answer.
    Failed,
}

impl Engine {
    /// Whether handles are looked up at all.
    pub(super) fn looks_up_handles(&self) -> bool {
        self.settings.backfill == Backfill::Pds && self.settings.handles_per_minute > 0
    }

    /// Takes what looking up a handle brought.
    pub(crate) fn handle_found(&mut self, found: HandleFound, now: Micros) {
        let Some(id) = self.circle.lookup(&found.did) else {
            return;
        };
        if self.forgotten.contains(&id) {
            return;
        }
        let (attempts, not_before) = match found.outcome {
            LookedUp::Named(handle) => {
                self.set_handle(id, Some(handle));
                (0, None)
            }
            LookedUp::Nameless => {
                self.set_handle(id, None);
                (0, Some(now.saturating_add(PAUSE_MAX)))
            }
            LookedUp::Failed => {
                let pause = PAUSE_FIRST.saturating_mul(1 << found.attempts.min(20));
                let pause = pause.min(PAUSE_MAX);
                (found.attempts + 1, Some(now.saturating_add(pause)))
            }
        };
        self.note_lookup(id, attempts, not_before);
    }

    /// The account's identity has changed: its handle is to be looked up again.
    pub(super) fn look_up_again(&mut self, id: AccountId) {
        if self.looks_up_handles() {
            self.note_lookup(id, 0, Some(0));
        }
    }

    fn note_lookup(&mut self, id: AccountId, attempts: u32, not_before: Option<Micros>) {
        let row = HandleLookupRow {
            account: id.0,
            attempts,
            not_before_micros: not_before,
        };
        self.pending.handle_lookups.insert(id, row);
    }
}

#[cfg(test)]
mod tests {
    use kith_config::{Config, Env, Mode};
    use kith_store::{Access, Store};

    use super::*;
    use crate::{engine::Settings, network::settings_offline};

    const HOUR: Micros = 3_600_000_000;

    fn settings() -> Settings {
        let text = "[[circle.tracked]]\nid = \"did:web:a\"\n[[circle.tracked]]\nid = \"did:web:b\"";
        let config = Config::parse(text, "test", &Env::default(), Mode::Offline);
        settings_offline(&config.expect("a right config")).expect("DIDs alone")
    }

    async fn wanted(engine: &mut Engine, store: &Store, now: Micros) -> String {
        store.commit(&engine.batch()).await.expect("committed");
        let wanted = store.handles_wanted(now, 10).await.expect("rows");
        let wanted = wanted.iter().map(|w| format!("{} {}", w.did, w.attempts));
        wanted.collect::<Vec<_>>().join(", ")
    }

    #[tokio::test]
    async fn a_handle_is_looked_up_until_it_is_known_and_again_after_a_change() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}/kith.db", folder.path().display());
        let store = Store::open(&url, Access::Write).await.expect("opened");
        let mut engine = Engine::open(&store, settings()).await.expect("opened");
        let found = |did: &str, attempts, outcome| HandleFound {
            did: did.to_owned(),
            attempts,
            outcome,
        };
        let start = wanted(&mut engine, &store, 0).await;
        assert_eq!(start, "did:web:a 0, did:web:b 0");

        engine.handle_found(
            found("did:web:a", 0, LookedUp::Named("a.example".to_owned())),
            0,
        );
        engine.handle_found(found("did:web:b", 0, LookedUp::Failed), 0);
        assert_eq!(wanted(&mut engine, &store, 1).await, "");
        // Nothing more is asked for one that is known; what failed waits longer each time.
        assert_eq!(wanted(&mut engine, &store, HOUR).await, "did:web:b 1");
        engine.handle_found(found("did:web:b", 5, LookedUp::Failed), HOUR);
        assert_eq!(wanted(&mut engine, &store, 3 * HOUR).await, "");
        assert_eq!(wanted(&mut engine, &store, 7 * HOUR).await, "did:web:b 6");
        assert_eq!(
            store.did_of_handle("a.example").await.expect("known"),
            "did:web:a"
        );

        // Anybody can say that it is theirs, and is not believed before that was looked up.
        engine.identity("did:web:b", Some("b.example".to_owned()));
        let _ = wanted(&mut engine, &store, HOUR).await;
        assert!(store.did_of_handle("b.example").await.is_err());
        // Where nothing is, it stays the tracked account's, and is nobody's of two.
        let per_minute = std::mem::take(&mut engine.settings.handles_per_minute);
        engine.intern("did:web:c");
        engine.identity("did:web:c", Some("a.example".to_owned()));
        let _ = wanted(&mut engine, &store, HOUR).await;
        let whose = store.did_of_handle("@A.example").await;
        assert_eq!(whose.expect("known"), "did:web:a");
        engine.identity("did:web:b", Some("a.example".to_owned()));
        let _ = wanted(&mut engine, &store, HOUR).await;
        let told = store
            .did_of_handle("a.example")
            .await
            .expect_err("of three");
        assert!(
            told.to_string()
                .starts_with("did:web:a and did:web:b and did:web:c")
        );
        for other in ["did:web:b", "did:web:c"] {
            engine.identity(other, None);
        }
        engine.settings.handles_per_minute = per_minute;
        engine.handle_found(found("did:web:b", 5, LookedUp::Failed), HOUR);

        let a = engine.circle.lookup("did:web:a").expect("known");
        engine.look_up_again(a);
        let again = wanted(&mut engine, &store, 7 * HOUR).await;
        assert_eq!(again, "did:web:a 0, did:web:b 6");
        engine.handle_found(found("did:web:a", 0, LookedUp::Nameless), 7 * HOUR);
        let _ = wanted(&mut engine, &store, 0).await;
        assert!(
            store.did_of_handle("a.example").await.is_err(),
            "it points back no more"
        );
    }

    /// Most points of tracked accounts first, then the nearest.
    #[tokio::test]
    async fn the_most_trusted_are_looked_up_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}/kith.db", folder.path().display());
        let store = Store::open(&url, Access::Write).await.expect("opened");
        let mut engine = Engine::open(&store, settings()).await.expect("opened");
        let a = engine.circle.lookup("did:web:a").expect("known");
        for (rkey, name) in [
            ("r1", "did:web:x"),
            ("r2", "did:web:y"),
            ("r3", "did:web:z"),
        ] {
            let subject = engine.intern(name);
            engine.set_follow(a, rkey, Some(subject));
        }
        // z holds most of what a gave, y less.
        let ids = ["a", "z", "y"].map(|name| {
            let id = engine.circle.lookup(&format!("did:web:{name}"));
            engine.ledger_id(id.expect("known"))
        });
        engine.move_clock(1);
        for (receiver, points) in [(ids[1], 500), (ids[2], 100)] {
            let transfer = kith_reputation::Transfer {
                sender: ids[0],
                receiver,
                points,
                nonce: 1,
                held: false,
            };
            assert!(engine.operate(kith_reputation::Operation::Transfer(transfer), None));
        }
        engine.begin_checkpoint();
        let order = wanted(&mut engine, &store, 0).await;
        let expected = ["z", "y", "a", "b", "x"].map(|name| format!("did:web:{name} 0"));
        assert_eq!(order, expected.join(", "));
    }
}
