//! Images and replay give the ledger that never stopped.

use std::collections::BTreeMap;

use kith_reputation::{
    AccountId, AccountImage, Entry, Ledger, Operation, Piece, Recorded, ReplayMismatch,
    RestoreError, Row, RuleKind, Rules, Totals, Transfer, Verdict,
};
use proptest::prelude::*;

use crate::history::{concrete, drafts, kind, rules, settled};

/// A journal row, owned.
#[derive(Clone)]
struct Journaled {
    operation: Operation,
    verdict: Verdict,
    pieces: Vec<Piece>,
    sink_points: u64,
    sink_pieces: Vec<Piece>,
}

impl Journaled {
    fn apply(ledger: &mut Ledger, operation: Operation) -> Self {
        let outcome = ledger.apply(&operation);
        Self {
            operation,
            verdict: outcome.verdict,
            pieces: outcome.pieces.to_vec(),
            sink_points: outcome.sink_points,
            sink_pieces: outcome.sink_pieces.to_vec(),
        }
    }

    fn recorded(&self) -> Recorded<'_> {
        Recorded {
            verdict: self.verdict,
            pieces: &self.pieces,
            sink_points: self.sink_points,
            sink_pieces: &self.sink_pieces,
        }
    }
}

/// What a store would have: the journal, the images, and the ledger's globals by position.
#[derive(Default)]
struct Store {
    journal: Vec<Journaled>,
    images: BTreeMap<u32, (usize, AccountImage)>,
    globals: Vec<(Rules, Vec<AccountId>, u32)>,
}

impl Store {
    /// Position of an account's image; what has none is behind everything.
    fn position(&self, id: AccountId) -> usize {
        self.images.get(&id.0).map_or(0, |image| image.0)
    }

    fn resume(&self, seed: u64, live: &Ledger) -> Result<Ledger, ReplayMismatch> {
        let accounts = live.accounts();
        let oldest = (0..accounts)
            .map(|id| self.position(AccountId(id)))
            .min()
            .unwrap_or(0);
        let (rules, pins, ticks) = self.globals[oldest].clone();
        let mut ledger = Ledger::resume(seed, rules, pins, ticks, accounts).unwrap();
        for (&id, (_, image)) in &self.images {
            ledger
                .restore_account(AccountId(id), image.clone())
                .unwrap();
        }
        live.all_totals()
            .for_each(|(ordinal, totals)| ledger.restore_totals(ordinal, totals));
        for (at, row) in self.journal.iter().enumerate().skip(oldest) {
            // A row at index `at` has position at + 1.
            let needs = |id| at + 1 > self.position(id);
            ledger.replay(&row.operation, &row.recorded(), needs)?;
        }
        Ok(ledger)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Random accounts are imaged at random positions; resuming gives the same bytes and totals,
    /// and goes on identically.
    #[test]
    fn a_resumed_ledger_is_the_one_that_never_stopped(
        seed: u64,
        (rules, drafts) in kind().prop_flat_map(|kind| (rules(kind), drafts(500))),
        images in prop::collection::vec((any::<u16>(), any::<u16>()), 0..120),
        everybody in any::<bool>(),
        further in drafts(60),
    ) {
        let mut ledger = Ledger::new(seed, rules).unwrap();
        let mut store = Store::default();
        let mut due: BTreeMap<usize, Vec<u16>> = BTreeMap::new();
        for (at, whom) in images {
            due.entry(usize::from(at) % (drafts.len() + 1)).or_default().push(whom);
        }
        for at in 0..=drafts.len() {
            store.globals.push((*ledger.rules(), ledger.pinned().collect(), ledger.ticks()));
            let all = (everybody && at == drafts.len() / 2).then(|| 0..ledger.accounts());
            let some = due.remove(&at).unwrap_or_default().into_iter();
            let some = some.map(|whom| u32::from(whom) % ledger.accounts()).collect::<Vec<_>>();
            for id in some.into_iter().chain(all.into_iter().flatten()) {
                ledger.settle(AccountId(id));
                let image = ledger.account(AccountId(id)).unwrap().image();
                store.images.insert(id, (at, image));
            }
            if let Some(draft) = drafts.get(at) {
                let operation = concrete(draft, &ledger);
                store.journal.push(Journaled::apply(&mut ledger, operation));
            }
        }
        let mut resumed = store.resume(seed, &ledger).unwrap();
        prop_assert_eq!(resumed.missing(), None);
        prop_assert_eq!(settled(&resumed).state_bytes(), settled(&ledger).state_bytes());
        if store.images.is_empty() || everybody {
            prop_assert!(resumed.pinned().eq(ledger.pinned()));
        }
        for draft in &further {
            let operation = concrete(draft, &ledger);
            let one = Journaled::apply(&mut ledger, operation);
            let other = Journaled::apply(&mut resumed, operation);
            prop_assert_eq!(one.verdict, other.verdict);
            prop_assert_eq!(one.pieces, other.pieces);
        }
        let (ledger, resumed) = (settled(&ledger), settled(&resumed));
        prop_assert_eq!(resumed.state_bytes(), ledger.state_bytes());
        prop_assert!(resumed.all_totals().eq(ledger.all_totals()));
    }

    /// A piece changed in the journal is noticed at the latest where its receiver sends it on, or
    /// shows in the state; one the sender draws again is noticed at once.
    #[test]
    fn a_changed_journal_is_noticed(
        seed: u64,
        (rules, drafts) in kind().prop_flat_map(|kind| (rules(kind), drafts(120))),
        which: usize,
    ) {
        let mut ledger = Ledger::new(seed, rules).unwrap();
        let mut store = Store { globals: vec![(rules, vec![], 0)], ..Store::default() };
        for draft in &drafts {
            let operation = concrete(draft, &ledger);
            store.journal.push(Journaled::apply(&mut ledger, operation));
        }
        prop_assert!(store.resume(seed, &ledger).is_ok());
        let mut rows: Vec<_> = store.journal.iter_mut().filter(|row| !row.pieces.is_empty()).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let at = which % rows.len();
        rows[at].pieces[0].points += 1;
        prop_assert!(matches!(store.resume(seed, &ledger), Err(ReplayMismatch::Pieces(_))));
    }
}

fn like(sender: u32, receiver: u32, points: u64) -> Operation {
    let (sender, receiver) = (AccountId(sender), AccountId(receiver));
    Operation::Transfer(Transfer {
        sender,
        receiver,
        points,
        nonce: 9,
        held: false,
    })
}

#[test]
fn mismatches_are_told() {
    let mut live = Ledger::new(1, Rules::default()).unwrap();
    let row = Journaled::apply(&mut live, like(1, 2, 100));
    let fresh = || Ledger::resume(1, Rules::default(), [], 0, 3).unwrap();
    assert_eq!(fresh().missing(), Some(AccountId(1)));
    assert!(
        fresh()
            .replay(&row.operation, &row.recorded(), |_| true)
            .is_ok()
    );

    let wrong = Recorded {
        verdict: Verdict::Rejected(kith_reputation::Rejection::SelfTransfer),
        ..row.recorded()
    };
    let told = fresh()
        .replay(&row.operation, &wrong, |_| true)
        .unwrap_err();
    assert!(matches!(told, ReplayMismatch::Verdict { .. }), "{told}");

    // Receiver 4 cannot be the first to be made while 1 to 3 are absent.
    let told = fresh()
        .replay(&like(1, 4, 100), &row.recorded(), |_| true)
        .unwrap_err();
    assert_eq!(told, ReplayMismatch::Missing(AccountId(2)));

    // The sender is ahead, so the journal's pieces are believed, if they can be.
    let pieces = [
        Piece {
            origin: AccountId(2),
            points: 1,
        },
        Piece {
            origin: AccountId(1),
            points: 1,
        },
    ];
    let wrong = Recorded {
        pieces: &pieces,
        ..row.recorded()
    };
    let told = fresh()
        .replay(&row.operation, &wrong, |id| id != AccountId(1))
        .unwrap_err();
    assert_eq!(told, ReplayMismatch::Malformed(AccountId(1)));
    let wrong = Recorded {
        sink_points: 2,
        ..row.recorded()
    };
    let told = fresh()
        .replay(&row.operation, &wrong, |_| true)
        .unwrap_err();
    assert_eq!(told, ReplayMismatch::Pieces(AccountId(1)));
}

/// What a claim credited, and under rule `reference` what the sink got, is compared as well.
#[test]
fn mismatches_of_claims_and_of_the_sink_are_told() {
    let rules = Rules {
        rule: RuleKind::Reference,
        ..Rules::default()
    };
    let fresh = || Ledger::resume(1, rules, [], 0, 3).unwrap();
    let mut live = Ledger::new(1, rules).unwrap();
    let row = Journaled::apply(&mut live, like(1, 2, 100));
    for (points, origin) in [(2, 1), (0, 1), (1, 2)] {
        let origin = AccountId(origin);
        let wrong = Recorded {
            sink_pieces: &[Piece { origin, points }],
            ..row.recorded()
        };
        let replay = |needs: fn(AccountId) -> bool| fresh().replay(&row.operation, &wrong, needs);
        let told = replay(|_| true);
        assert_eq!(told, Err(ReplayMismatch::Pieces(AccountId(1))));
        let told = replay(|id| id != AccountId(1));
        let malformed = Err(ReplayMismatch::Malformed(origin));
        assert_eq!(told, if points == 0 { malformed } else { Ok(()) });
    }

    let Operation::Transfer(transfer) = like(1, 2, 100) else {
        unreachable!()
    };
    let held = Operation::Transfer(Transfer {
        held: true,
        ..transfer
    });
    let mut live = Ledger::new(1, rules).unwrap();
    let mut again = fresh();
    let row = Journaled::apply(&mut live, held);
    assert_eq!(again.replay(&held, &row.recorded(), |_| true), Ok(()));
    let (receiver, index) = (AccountId(2), 0);
    let row = Journaled::apply(&mut live, Operation::Claim { receiver, index });
    let wrong = Recorded {
        pieces: &[],
        ..row.recorded()
    };
    let told = again.replay(&row.operation, &wrong, |_| true);
    assert_eq!(told, Err(ReplayMismatch::Pieces(receiver)));
}

/// Totals that come from the store need not go there again.
#[test]
fn restored_totals_have_not_changed() {
    let mut ledger = nine();
    let totals = Totals {
        moved: 5,
        ..Totals::default()
    };
    ledger.restore_totals(2, totals);
    assert!(ledger.totals_changed().is_empty());
    assert_eq!(ledger.totals(2), totals);
    ledger.count_replay(3);
    let mut live = Ledger::resume(1, Rules::default(), [], 3, 1).unwrap();
    let row = Journaled::apply(&mut live, like(1, 2, 100));
    let told = ledger.replay(&row.operation, &row.recorded(), |_| true);
    assert_eq!((told, ledger.totals_changed()), (Ok(()), vec![3]));
    assert_eq!(ledger.totals(3), live.totals(3));
}

/// Somebody the images below are of, in a ledger of 9 accounts at tick 3.
const SOMEBODY: AccountId = AccountId(5);

fn nine() -> Ledger {
    Ledger::resume(1, Rules::default(), [], 3, 9).unwrap()
}

fn refused(image: AccountImage) -> RestoreError {
    nine().restore_account(SOMEBODY, image).unwrap_err()
}

fn entry(sender: u32, ordinal: u32, pieces: &[(u32, u32)]) -> Entry {
    let pieces = pieces.iter().map(|&(origin, points)| Piece {
        origin: AccountId(origin),
        points,
    });
    Entry {
        sender: AccountId(sender),
        ordinal,
        pieces: pieces.collect(),
    }
}

fn entries(unclaimed: &[Entry]) -> AccountImage {
    AccountImage {
        unclaimed: unclaimed.to_vec(),
        ordinal: 4,
        ..AccountImage::default()
    }
}

#[test]
fn impossible_rows_and_balances_are_refused() {
    let id = SOMEBODY;
    let row = |origin, points| Row {
        origin: AccountId(origin),
        points,
        touched: None,
    };
    let rows = |rows: &[Row]| AccountImage {
        rows: rows.to_vec(),
        ..AccountImage::default()
    };
    assert_eq!(refused(rows(&[row(5, 1)])), RestoreError::OwnTag(id));
    assert_eq!(
        refused(rows(&[row(2, 1), row(2, 1)])),
        RestoreError::Order(id, AccountId(2))
    );
    assert_eq!(
        refused(rows(&[row(3, 1), row(2, 1)])),
        RestoreError::Order(id, AccountId(2))
    );
    assert_eq!(
        refused(rows(&[row(3, 0)])),
        RestoreError::ZeroPoints(id, AccountId(3))
    );
    assert_eq!(
        refused(rows(&[row(0, 1)])),
        RestoreError::Origin(id, AccountId(0))
    );
    let both = [
        row(2, 1),
        Row {
            touched: Some(1),
            ..row(3, 1)
        },
    ];
    assert_eq!(refused(rows(&both)), RestoreError::Touched(id));
    let image = AccountImage {
        others: u64::MAX,
        ..AccountImage::default()
    };
    assert_eq!(refused(image), RestoreError::TooMany(id));
    let image = AccountImage {
        own: u32::MAX,
        ..AccountImage::default()
    };
    assert_eq!(refused(image), RestoreError::TooMany(id));
    let full = AccountImage {
        own: kith_reputation::MAX_POINTS,
        others: u64::MAX >> 2,
        ..AccountImage::default()
    };
    assert_eq!(nine().restore_account(id, full), Ok(()));
    let image = AccountImage {
        ordinal: u32::MAX,
        ..AccountImage::default()
    };
    assert_eq!(refused(image), RestoreError::Ordinal(id, u32::MAX));
}

#[test]
fn impossible_entries_are_refused() {
    let id = SOMEBODY;
    let good = entry(1, 3, &[(1, 5)]);
    assert_eq!(
        refused(entries(&[entry(5, 3, &[])])),
        RestoreError::Origin(id, id)
    );
    assert_eq!(
        refused(entries(&[entry(0, 3, &[])])),
        RestoreError::Origin(id, AccountId(0))
    );
    assert_eq!(
        refused(entries(&[entry(1, 5, &[])])),
        RestoreError::EntryOrder(id, 5)
    );
    assert_eq!(
        refused(entries(&[good, entry(1, 2, &[])])),
        RestoreError::EntryOrder(id, 2)
    );
    let twice = entry(1, 3, &[(1, 5), (1, 5)]);
    assert_eq!(
        refused(entries(&[twice])),
        RestoreError::Order(id, AccountId(1))
    );
    // Rule `reference` may move one point more than was asked.
    let most = kith_reputation::MAX_POINTS + 1;
    let huge = entry(1, 3, &[(1, most), (2, 1)]);
    assert_eq!(refused(entries(&[huge])), RestoreError::TooMany(id));
    let full = entries(&[entry(1, 3, &[(1, most)])]);
    assert_eq!(nine().restore_account(id, full), Ok(()));
}

#[test]
fn an_account_is_restored_once() {
    let mut ledger = nine();
    let image = entries(&[entry(1, 3, &[(1, 5)]), entry(1, 3, &[(1, 5), (5, 1)])]);
    let beyond = AccountId(9);
    assert_eq!(
        ledger.restore_account(beyond, image.clone()),
        Err(RestoreError::UnknownAccount(beyond))
    );
    assert_eq!(ledger.restore_account(SOMEBODY, image.clone()), Ok(()));
    assert_eq!(ledger.account(SOMEBODY).unwrap().image(), image);
    assert_eq!(
        ledger.restore_account(SOMEBODY, image),
        Err(RestoreError::Twice(SOMEBODY))
    );
}
