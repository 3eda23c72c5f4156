//! Every rejection by name, and which is told where several apply.

use kith_reputation::{
    AccountId, Ledger, MAX_POINTS, Operation, Rejection, RuleKind, Rules, RulesError, Transfer,
    Verdict,
};

fn like(sender: u32, receiver: u32, points: u64) -> Operation {
    let (sender, receiver) = (AccountId(sender), AccountId(receiver));
    Operation::Transfer(Transfer {
        sender,
        receiver,
        points,
        nonce: 1,
        held: false,
    })
}

/// A ledger with accounts 1 and 2, each worth 100.
fn ledger(rule: RuleKind) -> Ledger {
    let mut ledger = Ledger::new(
        7,
        Rules {
            rule,
            own_points: 100,
            ..Rules::default()
        },
    )
    .unwrap();
    for id in [1, 2] {
        assert!(
            ledger
                .apply(&Operation::Pin {
                    account: AccountId(id)
                })
                .is_accepted()
        );
        assert!(
            ledger
                .apply(&Operation::Unpin {
                    account: AccountId(id)
                })
                .is_accepted()
        );
    }
    ledger
}

fn rejected(rule: RuleKind, operation: Operation) -> Rejection {
    let mut ledger = ledger(rule);
    let accounts = ledger.accounts();
    match ledger.apply(&operation).verdict {
        Verdict::Rejected(reason) => {
            if reason == Rejection::UnknownAccount {
                assert_eq!(ledger.accounts(), accounts, "a gap gives no ids");
            }
            reason
        }
        Verdict::Accepted => panic!("{operation:?} was accepted"),
    }
}

#[test]
fn a_systematic_transfer_is_rejected_in_this_order() {
    let rejected =
        |sender, receiver, points| rejected(RuleKind::Systematic, like(sender, receiver, points));
    let over = u64::from(MAX_POINTS) + 1;
    assert_eq!(rejected(0, 0, 0), Rejection::SinkIsParty);
    assert_eq!(rejected(0, 1, 1), Rejection::SinkIsParty);
    assert_eq!(rejected(1, 0, 0), Rejection::SinkIsParty);
    assert_eq!(rejected(1, 1, 0), Rejection::SelfTransfer);
    assert_eq!(rejected(1, 1, over), Rejection::SelfTransfer);
    assert_eq!(rejected(1, 2, 0), Rejection::ZeroPoints);
    assert_eq!(rejected(1, 2, over), Rejection::AboveLimit);
    assert_eq!(rejected(1, 2, u64::MAX), Rejection::AboveLimit);
    assert_eq!(
        rejected(1, 2, u64::from(MAX_POINTS)),
        Rejection::NotEnoughPoints
    );
    assert_eq!(rejected(1, 2, 101), Rejection::NotEnoughPoints);
    assert!(
        ledger(RuleKind::Systematic)
            .apply(&like(1, 2, 100))
            .is_accepted()
    );
}

#[test]
fn a_reference_transfer_is_rejected_in_this_order() {
    let rejected =
        |sender, receiver, points| rejected(RuleKind::Reference, like(sender, receiver, points));
    assert_eq!(rejected(0, 1, u64::MAX), Rejection::SinkIsParty);
    assert_eq!(rejected(1, 1, u64::MAX), Rejection::NotEnoughPoints);
    assert_eq!(rejected(1, 1, 0), Rejection::SelfTransfer);
    assert_eq!(rejected(1, 2, 0), Rejection::ZeroPoints);
    assert_eq!(rejected(1, 2, 101), Rejection::NotEnoughPoints);
    assert!(
        ledger(RuleKind::Reference)
            .apply(&like(1, 2, 100))
            .is_accepted()
    );
    assert!(
        ledger(RuleKind::Reference)
            .apply(&like(1, 0, 100))
            .is_accepted()
    );
}

/// Who received much is worth more than the limit, which comes after `SelfTransfer` and before
/// `ZeroPoints`.
#[test]
fn a_reference_transfer_has_the_limit_too() {
    let rules = Rules {
        rule: RuleKind::Reference,
        own_points: MAX_POINTS,
        sink_percent: 0,
        ..Rules::default()
    };
    let mut ledger = Ledger::new(7, rules).unwrap();
    let most = u64::from(MAX_POINTS);
    assert!(ledger.apply(&like(1, 2, most)).is_accepted());
    let verdict =
        |ledger: &mut Ledger, receiver| ledger.apply(&like(2, receiver, most + 1)).verdict;
    let above = Verdict::Rejected(Rejection::AboveLimit);
    assert_eq!(verdict(&mut ledger, 3), above);
    assert_eq!(
        verdict(&mut ledger, 2),
        Verdict::Rejected(Rejection::SelfTransfer)
    );
    let rules = Operation::Rules(Rules {
        sink_percent: 100,
        ..rules
    });
    assert!(ledger.apply(&rules).is_accepted());
    assert_eq!(verdict(&mut ledger, 3), above);
}

/// While a ledger is resumed, an id that was given is as unknown as one that was not.
#[test]
fn an_absent_account_is_unknown() {
    let mut ledger = Ledger::resume(1, Rules::default(), [], 0, 3).unwrap();
    let unknown = Verdict::Rejected(Rejection::UnknownAccount);
    let account = AccountId(2);
    let claim = Operation::Claim {
        receiver: account,
        index: 0,
    };
    for operation in [
        like(2, 3, 10),
        like(3, 2, 10),
        claim,
        Operation::Pin { account },
        Operation::Unpin { account },
        Operation::Forget { account },
    ] {
        assert_eq!(ledger.apply(&operation).verdict, unknown, "{operation:?}");
    }
    assert!(ledger.account(account).is_none());
    assert_eq!(ledger.accounts(), 3);
}

#[test]
fn ids_without_gaps_only() {
    for rule in [RuleKind::Systematic, RuleKind::Reference] {
        let unknown = Rejection::UnknownAccount;
        assert_eq!(rejected(rule, like(4, 1, 10)), unknown);
        assert_eq!(rejected(rule, like(1, 4, 10)), unknown);
        assert_eq!(rejected(rule, like(3, 5, 10)), unknown);
        assert_eq!(rejected(rule, like(4, 3, 10)), unknown);
        assert_eq!(rejected(rule, like(u32::MAX, u32::MAX, 10)), unknown);
        assert_eq!(
            rejected(
                rule,
                Operation::Pin {
                    account: AccountId(4)
                }
            ),
            unknown
        );
        assert_eq!(
            rejected(
                rule,
                Operation::Unpin {
                    account: AccountId(3)
                }
            ),
            unknown
        );
        assert_eq!(
            rejected(
                rule,
                Operation::Forget {
                    account: AccountId(3)
                }
            ),
            unknown
        );
        let claim = |receiver, index| Operation::Claim {
            receiver: AccountId(receiver),
            index,
        };
        assert_eq!(rejected(rule, claim(3, 0)), unknown);
        assert_eq!(rejected(rule, claim(2, 0)), Rejection::NoSuchEntry);
        assert_eq!(rejected(rule, claim(2, u32::MAX)), Rejection::NoSuchEntry);
        assert_eq!(rejected(rule, claim(0, 0)), Rejection::NoSuchEntry);
        let sink = AccountId::SINK;
        assert_eq!(
            rejected(rule, Operation::Pin { account: sink }),
            Rejection::SinkIsParty
        );
        assert_eq!(
            rejected(rule, Operation::Forget { account: sink }),
            Rejection::SinkIsParty
        );
    }
}

#[test]
fn a_rejected_transfer_gives_ids() {
    let mut ledger = ledger(RuleKind::Systematic);
    assert_eq!(
        ledger.apply(&like(3, 4, 0)).verdict,
        Verdict::Rejected(Rejection::ZeroPoints)
    );
    assert_eq!(ledger.accounts(), 5);
    assert_eq!(
        ledger.apply(&like(5, 5, 1)).verdict,
        Verdict::Rejected(Rejection::SelfTransfer)
    );
    assert_eq!(ledger.accounts(), 6);
    assert_eq!(
        ledger.apply(&like(6, 0, 1)).verdict,
        Verdict::Rejected(Rejection::SinkIsParty)
    );
    assert_eq!(ledger.account(AccountId(6)).unwrap().worth(), 100);
}

#[test]
fn ticks_have_an_end() {
    let mut ledger = Ledger::resume(1, Rules::default(), [], u32::MAX - 2, 1).unwrap();
    assert!(ledger.apply(&Operation::Tick).is_accepted());
    assert_eq!(
        ledger.apply(&Operation::Tick).verdict,
        Verdict::Rejected(Rejection::TooManyTicks)
    );
    assert_eq!(ledger.ticks(), u32::MAX - 1);
    assert!(ledger.apply(&like(1, 2, 10)).is_accepted());
    assert!(Ledger::resume(1, Rules::default(), [], u32::MAX, 1).is_err());
    assert!(Ledger::resume(1, Rules::default(), [AccountId::SINK], 0, 1).is_err());
}

#[test]
fn rules_that_make_no_sense_are_refused() {
    let good = Rules::default();
    let bad = [
        (
            Rules {
                own_points: 0,
                ..good
            },
            RulesError::OwnPoints(0),
        ),
        (
            Rules {
                own_points: MAX_POINTS + 1,
                ..good
            },
            RulesError::OwnPoints(MAX_POINTS + 1),
        ),
        (
            Rules {
                decay_percent: 101,
                ..good
            },
            RulesError::DecayPercent(101),
        ),
        (
            Rules {
                sink_percent: 101,
                ..good
            },
            RulesError::SinkPercent(101),
        ),
        (
            Rules {
                unclaimed_ticks: 0,
                ..good
            },
            RulesError::UnclaimedTicks,
        ),
    ];
    for (rules, error) in bad {
        assert_eq!(Ledger::new(0, rules).unwrap_err(), error);
        assert!(Ledger::resume(0, rules, [], 0, 1).is_err());
        let verdict = ledger(RuleKind::Systematic)
            .apply(&Operation::Rules(rules))
            .verdict;
        assert_eq!(verdict, Verdict::Rejected(Rejection::InvalidRules));
    }
    let edge = Rules {
        own_points: MAX_POINTS,
        decay_percent: 100,
        sink_percent: 100,
        keep_top: 0,
        ..good
    };
    assert!(Ledger::new(0, edge).is_ok());
}
