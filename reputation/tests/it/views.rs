//! Views over the state.

use kith_reputation::views::{Flows, Way, blend, tally, trust};
use kith_reputation::{AccountId, Ledger, MAX_POINTS, Operation, RuleKind, Rules, Transfer};

const ALICE: AccountId = AccountId(1);
const BOB: AccountId = AccountId(2);
const CAROL: AccountId = AccountId(3);
const DAVE: AccountId = AccountId(4);

/// Alice gives Bob everything, Bob gives Carol a part of it; Carol gives Dave of her own.
fn scene() -> (Ledger, Flows) {
    let rules = Rules {
        own_points: 1_000,
        sink_percent: 0,
        ..Rules::default()
    };
    let (mut ledger, mut flows) = (Ledger::new(5, rules).unwrap(), Flows::default());
    ledger.apply(&Operation::Pin { account: ALICE });
    for (sender, receiver, points) in [
        (ALICE, BOB, 1_000),
        (BOB, CAROL, 400),
        (CAROL, DAVE, 140),
        (BOB, ALICE, 160),
    ] {
        let transfer = Transfer {
            sender,
            receiver,
            points,
            nonce: points,
            held: false,
        };
        let outcome = ledger.apply(&Operation::Transfer(transfer));
        assert!(outcome.is_accepted());
        flows.add(&outcome);
    }
    (ledger, flows)
}

#[test]
fn trust_is_who_holds_my_points() {
    let (ledger, _) = scene();
    // Of Bob's 400 half are Alice's; a seventh of Carol's 1,400 are, so 20 of her 140.
    assert_eq!(
        trust(&ledger, ALICE),
        [(BOB, 720), (CAROL, 180), (DAVE, 20)]
    );
    assert_eq!(tally(&ledger, CAROL), 180 + 180);
    assert_eq!(tally(&ledger, AccountId(99)), 0);
    assert!(trust(&ledger, DAVE).is_empty());
    assert!(trust(&ledger, AccountId(99)).is_empty());
}

#[test]
fn a_blend_weighs_and_may_subtract() {
    let (ledger, _) = scene();
    let bobs = trust(&ledger, BOB);
    assert_eq!(bobs, [(CAROL, 180), (ALICE, 80), (DAVE, 20)]);
    let blended = blend(&ledger, &[(ALICE, 2), (BOB, -3)]);
    assert_eq!(
        blended,
        [(BOB, 1_440), (DAVE, -20), (CAROL, -180), (ALICE, -240)]
    );
    let twice = blend(&ledger, &[(ALICE, 1), (BOB, -3), (ALICE, 1)]);
    assert_eq!(twice, blended);
    // A sum of nothing stays: both viewers' points are there.
    let even = blend(&ledger, &[(ALICE, 1), (BOB, -1)]);
    assert_eq!(even, [(BOB, 720), (CAROL, 0), (DAVE, 0), (ALICE, -80)]);
}

#[test]
fn second_hand_is_what_came_through_others() {
    let (_, flows) = scene();
    assert_eq!(
        flows.way(ALICE, BOB),
        Way {
            direct: 1_000,
            second_hand: 0
        }
    );
    assert_eq!(
        flows.way(ALICE, CAROL),
        Way {
            direct: 0,
            second_hand: 200
        }
    );
    assert_eq!(
        flows.way(ALICE, ALICE),
        Way::default(),
        "what returned did not flow"
    );
    assert_eq!(
        flows.way(BOB, CAROL),
        Way::default(),
        "only pinned origins are kept"
    );
    let senders: Vec<_> = flows.senders(ALICE, CAROL).collect();
    assert_eq!(senders, [(BOB, 200)]);
    assert_eq!(
        Way {
            direct: 2,
            second_hand: 1
        }
        .second_hand_share(),
        3_333
    );
    assert_eq!(Way::default().second_hand_share(), 0);
    for (ways, points, split) in [
        ((200, 100), 100, Some((66, 34))),
        ((200, 100), 300, Some((200, 100))),
        ((2, 1), 0, Some((0, 0))),
        ((0, 9), 7, Some((0, 7))),
        (
            (u64::MAX, u64::MAX),
            u64::MAX,
            Some((u64::MAX / 2, u64::MAX / 2 + 1)),
        ),
        ((0, 0), 7, None),
        // Not all of it came by ways that are known.
        ((4, 2), 7, None),
    ] {
        let way = |(direct, second_hand)| Way {
            direct,
            second_hand,
        };
        assert_eq!(way(ways).split(points), split.map(way));
    }
}

/// Under rule `reference` the sink has rows, which are nobody's trust.
#[test]
fn the_sink_is_in_no_view() {
    let rules = Rules {
        rule: RuleKind::Reference,
        sink_percent: 10,
        ..Rules::default()
    };
    let mut ledger = Ledger::new(5, rules).unwrap();
    let transfer = Transfer {
        sender: ALICE,
        receiver: BOB,
        points: 100,
        nonce: 1,
        held: false,
    };
    assert!(ledger.apply(&Operation::Transfer(transfer)).is_accepted());
    assert_eq!(tally(&ledger, AccountId::SINK), 10);
    assert_eq!(trust(&ledger, ALICE), [(BOB, 90)]);
}

/// Three times the largest weight of a full row is more than can be counted.
#[test]
fn sums_of_a_blend_stay_at_the_ends() {
    let rules = Rules {
        own_points: MAX_POINTS,
        sink_percent: 0,
        decay_percent: 0,
        ..Rules::default()
    };
    let mut ledger = Ledger::new(5, rules).unwrap();
    for _ in 0..16 {
        let transfer = Transfer {
            sender: ALICE,
            receiver: BOB,
            points: MAX_POINTS.into(),
            nonce: 1,
            held: false,
        };
        assert!(ledger.apply(&Operation::Transfer(transfer)).is_accepted());
        ledger.apply(&Operation::Tick);
    }
    for (weight, end) in [(i32::MAX, i64::MAX), (i32::MIN, i64::MIN)] {
        assert_eq!(blend(&ledger, &[(ALICE, weight); 3]), [(BOB, end)]);
    }
}
