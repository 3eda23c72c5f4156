//! Single rules by example.

use kith_reputation::{AccountId, Ledger, MAX_POINTS, Operation, Piece, RuleKind, Rules, Transfer};

fn transfer(sender: u32, receiver: u32, points: u64, held: bool) -> Operation {
    let (sender, receiver) = (AccountId(sender), AccountId(receiver));
    Operation::Transfer(Transfer {
        sender,
        receiver,
        points,
        nonce: points,
        held,
    })
}

fn points_of(ledger: &Ledger, holder: u32, origin: u32) -> u32 {
    ledger
        .account(AccountId(holder))
        .unwrap()
        .points_of(AccountId(origin))
}

/// A row holds 2^32 - 1 points; what is more goes to others, and nothing is lost.
#[test]
fn a_full_row_overflows_into_others() {
    for rule in [RuleKind::Systematic, RuleKind::Reference] {
        let rules = Rules {
            rule,
            own_points: MAX_POINTS,
            decay_percent: 0,
            sink_percent: 0,
            ..Rules::default()
        };
        let mut ledger = Ledger::new(3, rules).unwrap();
        for _ in 0..20 {
            assert!(
                ledger
                    .apply(&transfer(1, 2, MAX_POINTS.into(), false))
                    .is_accepted()
            );
            ledger.apply(&Operation::Tick);
        }
        assert_eq!(points_of(&ledger, 2, 1), u32::MAX);
        let account = ledger.account(AccountId(2)).unwrap();
        assert_eq!(account.tally(), 20 * u64::from(MAX_POINTS));
        assert_eq!(
            account.others(),
            20 * u64::from(MAX_POINTS) - u64::from(u32::MAX)
        );
        // And it can all be given on.
        let all = transfer(2, 3, MAX_POINTS.into(), false);
        for _ in 0..20 {
            assert!(ledger.apply(&all).is_accepted());
        }
        assert!(ledger.account(AccountId(2)).unwrap().worth() <= u64::from(MAX_POINTS) + 40);
    }
}

/// What is noted of the end of an epoch counts the points of pinned origins; none, where none is
/// pinned yet, and all under rule reference, which has no pins.
#[test]
fn tracked_points_are_those_of_pinned_origins() {
    for (rule, expected) in [
        (RuleKind::Systematic, [0, 100]),
        (RuleKind::Reference, [100, 200]),
    ] {
        let rules = Rules {
            rule,
            decay_percent: 0,
            sink_percent: 0,
            ..Rules::default()
        };
        let mut ledger = Ledger::new(3, rules).unwrap();
        ledger.note_epochs();
        let mut tracked = Vec::new();
        for (sender, pins) in [(1, false), (3, true)] {
            assert!(ledger.apply(&transfer(sender, 2, 100, false)).is_accepted());
            if pins {
                let account = AccountId(3);
                ledger.apply(&Operation::Pin { account });
            }
            ledger.apply(&Operation::Tick);
            ledger.settle(AccountId(2));
            let closed = ledger.take_closed();
            let entry = closed.iter().find(|entry| entry.account == AccountId(2));
            tracked.push(entry.unwrap().tracked);
        }
        assert_eq!(tracked, expected, "{rule:?}");
    }
}

/// What is noted is how the account stood before the tick; it is blank if it neither gave nor held.
#[test]
fn accounts_are_told_as_they_stood_when_the_epoch_ended() {
    let rules = Rules {
        own_points: 1_000,
        sink_percent: 0,
        ..Rules::default()
    };
    let mut ledger = Ledger::new(3, rules).unwrap();
    ledger.apply(&Operation::Tick);
    ledger.note_epochs();
    assert!(ledger.apply(&transfer(1, 2, 100, false)).is_accepted());
    assert!(!ledger.apply(&transfer(3, 3, 1, false)).is_accepted());
    ledger.apply(&Operation::Tick);
    (1..=3).for_each(|id| ledger.settle(AccountId(id)));
    let closed = ledger.take_closed();
    let told = closed.iter().map(|entry| {
        let balance = (entry.own, entry.tally, entry.is_blank);
        (entry.account.0, entry.ordinal, balance)
    });
    let want = [
        (1, 1, (900, 0, false)),
        (2, 1, (1_000, 100, false)),
        (3, 1, (1_000, 0, true)),
    ];
    assert_eq!(told.collect::<Vec<_>>(), want);
    assert!(ledger.take_closed().is_empty(), "told once");
}

/// The rows a sender has less of are those of the pieces, and those of which the sink got all.
#[test]
fn rows_of_which_the_sink_got_all_are_told() {
    let rules = Rules {
        own_points: 10,
        sink_percent: 0,
        ..Rules::default()
    };
    let mut ledger = Ledger::new(3, rules).unwrap();
    for sender in (1..40).filter(|sender| *sender != 2) {
        assert!(ledger.apply(&transfer(sender, 2, 3, false)).is_accepted());
    }
    for sink_percent in [0, 50, 100] {
        ledger.apply(&Operation::Rules(Rules {
            sink_percent,
            ..rules
        }));
        let rows = |ledger: &Ledger| -> Vec<_> {
            let account = ledger.account(AccountId(2)).unwrap();
            account.rows().map(|row| (row.origin, row.points)).collect()
        };
        let before = rows(&ledger);
        let outcome = ledger.apply(&transfer(2, 1, 20, false));
        assert!(outcome.is_accepted());
        assert!(outcome.sunk.is_sorted());
        assert_eq!(outcome.sunk.is_empty(), sink_percent == 0);
        let moved = outcome.pieces.iter().map(|piece| piece.origin);
        let mut told: Vec<_> = moved.chain(outcome.sunk.iter().copied()).collect();
        told.retain(|origin| *origin != AccountId(2));
        told.sort_unstable();
        let after = rows(&ledger);
        let less = before.into_iter().filter(|row| !after.contains(row));
        assert_eq!(told, less.map(|row| row.0).collect::<Vec<_>>());
    }
}

/// An entry is there for so many ticks, decays at every one when claimed, and expires.
#[test]
fn unclaimed_entries_wait_decay_and_expire() {
    let rules = Rules {
        own_points: 1_000,
        sink_percent: 0,
        ..Rules::default()
    };
    for (age, want) in [
        (0, Some(100)),
        (1, Some(90)),
        (2, Some(81)),
        (3, Some(72)),
        (9, Some(36)),
        (10, None),
    ] {
        let mut ledger = Ledger::new(3, rules).unwrap();
        ledger.apply(&Operation::Pin {
            account: AccountId(1),
        });
        let outcome = ledger.apply(&transfer(1, 2, 100, true));
        assert!(outcome.held && outcome.flows().next().is_none());
        assert_eq!(ledger.account(AccountId(2)).unwrap().tally(), 0);
        (0..age).for_each(|_| assert!(ledger.apply(&Operation::Tick).is_accepted()));
        let outcome = ledger.apply(&Operation::Claim {
            receiver: AccountId(2),
            index: 0,
        });
        assert_eq!(outcome.is_accepted(), want.is_some(), "age {age}");
        assert_eq!(outcome.flows().map(|flow| flow.points).next(), want);
        assert!(
            outcome
                .flows()
                .all(|flow| flow.sender == AccountId(1) && flow.receiver == AccountId(2))
        );
        assert_eq!(
            outcome.losses.decayed,
            want.map_or(0, |want| u64::from(100 - want))
        );
        assert_eq!(points_of(&ledger, 2, 1), want.unwrap_or(0));
    }
}

/// Under rule `reference` an entry decays once, by a tenth per epoch of its age, and one of age 10
/// can still be claimed, for nothing.
#[test]
fn unclaimed_entries_under_the_reference() {
    let rules = Rules {
        rule: RuleKind::Reference,
        own_points: 1_000,
        sink_percent: 0,
        ..Rules::default()
    };
    for (age, want) in [
        (0, Some(100)),
        (3, Some(70)),
        (9, Some(10)),
        (10, Some(0)),
        (11, None),
    ] {
        let mut ledger = Ledger::new(3, rules).unwrap();
        ledger.apply(&transfer(1, 2, 100, true));
        (0..age).for_each(|_| assert!(ledger.apply(&Operation::Tick).is_accepted()));
        let outcome = ledger.apply(&Operation::Claim {
            receiver: AccountId(2),
            index: 0,
        });
        assert_eq!(outcome.is_accepted(), want.is_some(), "age {age}");
        let is_empty = outcome.is_accepted() && outcome.pieces.is_empty();
        assert_eq!(is_empty, want == Some(0));
        assert_eq!(points_of(&ledger, 2, 1), want.unwrap_or(0));
    }
}

/// Points never return to their origin, and pinned origins report what reached whom.
#[test]
fn what_returns_is_lost_and_does_not_flow() {
    let rules = Rules {
        own_points: 1_000,
        sink_percent: 0,
        ..Rules::default()
    };
    let mut ledger = Ledger::new(3, rules).unwrap();
    ledger.apply(&Operation::Pin {
        account: AccountId(1),
    });
    let outcome = ledger.apply(&transfer(1, 2, 1_000, false));
    let direct: Vec<_> = outcome.flows().collect();
    assert_eq!(
        (direct.len(), direct[0].points, direct[0].sender),
        (1, 1_000, AccountId(1))
    );
    // 2 has 1,000 of its own and 1,000 of 1's: half of what it sends back is lost.
    let outcome = ledger.apply(&transfer(2, 1, 100, false));
    let pieces = [
        Piece {
            origin: AccountId(1),
            points: 50,
        },
        Piece {
            origin: AccountId(2),
            points: 50,
        },
    ];
    assert_eq!(outcome.pieces, pieces);
    assert_eq!(outcome.losses.returned, 50);
    assert!(outcome.flows().next().is_none());
    let outcome = ledger.apply(&transfer(2, 3, 100, false));
    let second_hand: Vec<_> = outcome.flows().collect();
    assert_eq!((second_hand.len(), second_hand[0].points), (1, 50));
    assert_eq!(
        (second_hand[0].origin, second_hand[0].sender),
        (AccountId(1), AccountId(2))
    );
}

/// Totals name their ordinals, and are told once.
#[test]
fn changed_totals_are_told_once() {
    let mut ledger = Ledger::new(3, Rules::default()).unwrap();
    assert!(ledger.totals_changed().is_empty());
    ledger.apply(&transfer(1, 2, 100, false));
    assert_eq!(ledger.totals_changed(), [0]);
    assert!(ledger.totals_changed().is_empty());
    assert_eq!(
        (
            ledger.totals(0).minted,
            ledger.totals(0).moved,
            ledger.totals(0).sink
        ),
        (200_000, 99, 1)
    );
    (0..3).for_each(|_| assert!(ledger.apply(&Operation::Tick).is_accepted()));
    assert!(
        ledger.totals_changed().is_empty(),
        "a tick alone counts nothing"
    );
    ledger.settle(AccountId(2));
    let changed = ledger.totals_changed();
    assert!(changed.contains(&1) && !changed.contains(&0), "{changed:?}");
    ledger.settle(AccountId(1));
    assert_eq!(
        ledger.totals(1).minted,
        100,
        "what lay unspent is not minted again"
    );
}

/// An account made in a later epoch starts with that epoch.
#[test]
fn a_late_account_is_settled_to_its_first_tick() {
    let mut ledger = Ledger::new(3, Rules::default()).unwrap();
    (0..5).for_each(|_| assert!(ledger.apply(&Operation::Tick).is_accepted()));
    ledger.apply(&transfer(1, 2, 100, false));
    assert_eq!(ledger.account(AccountId(2)).unwrap().ordinal(), 5);
    assert_eq!(ledger.totals(5).minted, 200_000);
    assert_eq!(ledger.all_totals().count(), 1);
}

/// Who was forgotten is not looked for again, until it gives something.
#[test]
fn what_is_given_after_an_account_was_forgotten_is_forgotten_too() {
    let rules = Rules {
        own_points: 1_000,
        sink_percent: 0,
        ..Rules::default()
    };
    let (account, forget) = (AccountId(1), |account| Operation::Forget { account });
    for held in [false, true] {
        let mut ledger = Ledger::new(3, rules).unwrap();
        let left = |ledger: &Ledger| {
            let bob = ledger.account(AccountId(2)).unwrap();
            (bob.points_of(account), bob.unclaimed().len())
        };
        for _ in 0..2 {
            assert!(ledger.apply(&transfer(1, 2, 100, held)).is_accepted());
            assert!(!ledger.is_quiet(account));
            assert_ne!(left(&ledger), (0, 0));
            // What it has itself is forgotten each time.
            for received in [0, 50] {
                if received > 0 {
                    assert!(ledger.apply(&transfer(3, 1, received, false)).is_accepted());
                }
                assert!(ledger.apply(&forget(account)).is_accepted());
                assert!(ledger.is_quiet(account));
                assert_eq!(left(&ledger), (0, 0));
                assert_eq!(ledger.account(account).unwrap().tally(), 0);
            }
        }
        assert!(!ledger.apply(&forget(AccountId(99))).is_accepted());
        assert!(!ledger.is_quiet(AccountId(99)));
    }
}

/// What is lost at a claim or with a forgotten account is of the epoch in which that happens.
#[test]
fn losses_are_of_the_epoch_they_happen_in() {
    let rules = Rules {
        own_points: 1_000,
        sink_percent: 0,
        ..Rules::default()
    };
    let mut ledger = Ledger::new(3, rules).unwrap();
    assert!(ledger.apply(&transfer(1, 2, 100, true)).is_accepted());
    ledger.apply(&Operation::Tick);
    let claim = Operation::Claim {
        receiver: AccountId(2),
        index: 0,
    };
    assert!(ledger.apply(&claim).is_accepted());
    assert_eq!(
        (ledger.totals(0).decayed, ledger.totals(1).decayed),
        (0, 10)
    );
    assert!(ledger.apply(&transfer(2, 1, 1_090, false)).is_accepted());
    let account = AccountId(2);
    assert!(ledger.apply(&Operation::Forget { account }).is_accepted());
    let totals = [ledger.totals(0), ledger.totals(1)];
    assert_eq!(totals.map(|totals| totals.returned), [0, 90]);
    let account = AccountId(1);
    assert!(ledger.apply(&Operation::Forget { account }).is_accepted());
    let totals = [ledger.totals(0), ledger.totals(1)];
    assert_eq!(totals.map(|totals| totals.forgotten), [0, 2_000]);
}
