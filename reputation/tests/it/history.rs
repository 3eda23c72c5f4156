//! Random histories.

use kith_reputation::{AccountId, Ledger, Operation, RuleKind, Rules, Transfer};
use proptest::prelude::*;

/// An operation whose ids are not known yet.
#[derive(Clone, Debug)]
pub(crate) enum Draft {
    /// Sender, receiver and points as fractions of what is there; also new ids and bad ones.
    Transfer {
        sender: u16,
        receiver: u16,
        points: Amount,
        nonce: u64,
        held: bool,
    },
    Tick,
    Claim {
        receiver: u16,
        index: u8,
    },
    Pin(u16),
    Unpin(u16),
    Rules(Rules),
    Forget(u16),
}

#[derive(Clone, Debug)]
pub(crate) enum Amount {
    Points(u64),
    /// A share of what the sender is worth, in 1/65536; the whole of it at the end.
    Share(u16),
}

pub(crate) fn rules(kind: RuleKind) -> impl Strategy<Value = Rules> {
    let percent = || prop_oneof![4 => Just(10_u8), 1 => Just(1), 1 => 0..=100_u8];
    let own = prop_oneof![3 => 1..200_u32, 1 => 1..2_000_u32];
    (own, 0..8_u32, percent(), percent(), 1..12_u32).prop_map(
        move |(own_points, keep_top, decay_percent, sink_percent, unclaimed_ticks)| Rules {
            rule: kind,
            own_points,
            keep_top,
            decay_percent,
            sink_percent,
            unclaimed_ticks,
        },
    )
}

pub(crate) fn kind() -> impl Strategy<Value = RuleKind> {
    prop_oneof![2 => Just(RuleKind::Systematic), 1 => Just(RuleKind::Reference)]
}

fn draft() -> impl Strategy<Value = Draft> {
    let points = || {
        prop_oneof![
            4 => (0..120_u64).prop_map(Amount::Points),
            4 => any::<u16>().prop_map(Amount::Share),
            1 => any::<u64>().prop_map(Amount::Points),
        ]
    };
    let transfer = (
        any::<u16>(),
        any::<u16>(),
        points(),
        any::<u64>(),
        prop::bool::weighted(0.15),
    );
    prop_oneof![
        80 => transfer.prop_map(|(sender, receiver, points, nonce, held)| Draft::Transfer {
            sender, receiver, points, nonce, held,
        }),
        8 => Just(Draft::Tick),
        4 => (any::<u16>(), 0..4_u8).prop_map(|(receiver, index)| Draft::Claim { receiver, index }),
        1 => any::<u16>().prop_map(Draft::Pin),
        1 => any::<u16>().prop_map(Draft::Unpin),
        1 => kind().prop_flat_map(rules).prop_map(Draft::Rules),
        1 => any::<u16>().prop_map(Draft::Forget),
    ]
}

pub(crate) fn drafts(most: usize) -> impl Strategy<Value = Vec<Draft>> {
    prop::collection::vec(draft(), 0..most)
}

/// How many accounts a history has at most.
const CROWD: u32 = 24;

/// Gives a draft its ids, by what is there now.
pub(crate) fn concrete(draft: &Draft, ledger: &Ledger) -> Operation {
    // Mostly somebody who is there, sometimes the next id, rarely one with a gap.
    let id = |x: u16| {
        let there = ledger.accounts();
        let bound = if there < CROWD { there + 2 } else { there };
        AccountId(if x == u16::MAX {
            there + 1_000
        } else {
            u32::from(x) % bound
        })
    };
    match *draft {
        Draft::Transfer {
            sender,
            receiver,
            ref points,
            nonce,
            held,
        } => {
            let (sender, receiver) = (id(sender), id(receiver));
            let points = match *points {
                Amount::Points(points) => points,
                Amount::Share(share) => {
                    let mut now = ledger.clone();
                    now.settle(sender);
                    let worth = now.account(sender).map_or(100, |account| account.worth());
                    worth * (u64::from(share) + 1) / 65_536
                }
            };
            Operation::Transfer(Transfer {
                sender,
                receiver,
                points,
                nonce,
                held,
            })
        }
        Draft::Tick => Operation::Tick,
        Draft::Claim { receiver, index } => Operation::Claim {
            receiver: id(receiver),
            index: index.into(),
        },
        Draft::Pin(account) => Operation::Pin {
            account: id(account),
        },
        Draft::Unpin(account) => Operation::Unpin {
            account: id(account),
        },
        Draft::Rules(rules) => Operation::Rules(rules),
        Draft::Forget(account) => Operation::Forget {
            account: id(account),
        },
    }
}

/// A copy with everybody settled.
pub(crate) fn settled(ledger: &Ledger) -> Ledger {
    let mut ledger = ledger.clone();
    for id in 0..ledger.accounts() {
        ledger.settle(AccountId(id));
    }
    ledger
}
