//! What must hold whatever happens.

use std::collections::BTreeSet;

use kith_reputation::{AccountId, Ledger, Operation, RuleKind, Rules, Totals, Transfer, Verdict};
use proptest::prelude::*;

use crate::history::{Draft, concrete, drafts, kind, rules, settled};
use crate::model::Model;

/// All totals added up.
fn all_totals(ledger: &Ledger) -> Totals {
    let mut sum = Totals::default();
    ledger.all_totals().for_each(|(_, totals)| sum.add(&totals));
    sum
}

/// minted = own + rows + others + sink + unclaimed + all losses.
fn assert_conserved(ledger: &Ledger) {
    let (totals, balance) = (all_totals(ledger), ledger.balance());
    let lost = totals.returned + totals.decayed + totals.expired + totals.burned + totals.forgotten;
    assert_eq!(
        totals.minted,
        i64::try_from(balance.sum() + lost).unwrap(),
        "{totals:?} {balance:?}"
    );
    assert_eq!(totals.lost(), lost);
}

fn assert_sound(ledger: &Ledger) {
    for view in (0..ledger.accounts()).map(|id| ledger.account(AccountId(id)).unwrap()) {
        let rows: Vec<_> = view.rows().collect();
        assert_eq!(rows.len(), view.row_count());
        assert!(rows.is_sorted_by(|a, b| a.origin < b.origin));
        assert!(
            rows.iter()
                .all(|row| row.points > 0 && row.origin != view.id())
        );
        let sum: u64 = rows.iter().map(|row| u64::from(row.points)).sum();
        assert_eq!(view.tally(), sum + view.others());
        assert_eq!(view.worth(), view.tally() + u64::from(view.own()));
        assert!(
            rows.iter()
                .all(|row| view.points_of(row.origin) == row.points)
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// The ledger and the model agree on every answer and, after every operation, on every
    /// account, on what was lost by which reason, and the books balance.
    #[test]
    fn the_ledger_is_the_model(
        seed: u64,
        (rules, drafts) in kind().prop_flat_map(|kind| (rules(kind), drafts(1_500))),
    ) {
        let mut ledger = Ledger::new(seed, rules).unwrap();
        let mut model = Model::new(seed, rules);
        for draft in &drafts {
            let operation = concrete(draft, &ledger);
            let outcome = ledger.apply(&operation);
            let answer = model.apply(&operation);
            prop_assert_eq!(outcome.verdict, answer.verdict(), "{:?}", operation);
            prop_assert_eq!(outcome.pieces, &answer.pieces[..], "{:?}", operation);
            prop_assert_eq!(outcome.sink_points, answer.sink_points);
            prop_assert_eq!(outcome.sink_pieces, &answer.sink_pieces[..]);
            assert_sound(&ledger);
            assert_conserved(&ledger);
            let settled = settled(&ledger);
            prop_assert_eq!(settled.accounts(), model.accounts());
            for id in 0..settled.accounts() {
                let image = settled.account(AccountId(id)).unwrap().image();
                prop_assert_eq!(image, model.image(id), "account {} after {:?}", id, operation);
            }
            assert_conserved(&settled);
            let totals = all_totals(&settled);
            prop_assert_eq!(i128::from(totals.minted), model.minted);
            let lost = |reason| model.lost.get(reason).copied().unwrap_or(0);
            prop_assert_eq!(i128::from(totals.returned), lost("returned"));
            prop_assert_eq!(i128::from(totals.decayed), lost("decayed"));
            prop_assert_eq!(i128::from(totals.expired), lost("expired"));
            prop_assert_eq!(i128::from(totals.burned), lost("burned"));
            prop_assert_eq!(i128::from(totals.forgotten), lost("forgotten"));
            prop_assert_eq!(model.minted, model.outstanding() + model.lost.values().sum::<i128>());
        }
    }

    /// Settling anybody at any time changes nothing: lazy equals eager, totals per ordinal and how
    /// accounts stood when epochs ended too.
    #[test]
    fn lazy_equals_eager(
        seed: u64,
        (rules, drafts) in kind().prop_flat_map(|kind| (rules(kind), drafts(600))),
        whom in any::<u32>(),
    ) {
        let mut lazy = Ledger::new(seed, rules).unwrap();
        lazy.note_epochs();
        let mut eager = lazy.clone();
        let mut mixed = lazy.clone();
        for (at, draft) in drafts.iter().enumerate() {
            let operation = concrete(draft, &lazy);
            let verdict = lazy.apply(&operation).verdict;
            prop_assert_eq!(eager.apply(&operation).verdict, verdict);
            prop_assert_eq!(mixed.apply(&operation).verdict, verdict);
            eager = settled(&eager);
            let id = whom.wrapping_mul(u32::try_from(at).unwrap()) % mixed.accounts();
            mixed.settle(AccountId(id));
        }
        let (mut lazy, mut mixed) = (settled(&lazy), settled(&mixed));
        let closed = |ledger: &mut Ledger| {
            let mut closed = ledger.take_closed();
            closed.retain(|entry| !entry.is_blank);
            closed.sort_by_key(|entry| (entry.account, entry.ordinal));
            closed
        };
        let expected = closed(&mut eager);
        prop_assert_eq!(&closed(&mut lazy), &expected);
        prop_assert_eq!(&closed(&mut mixed), &expected);
        prop_assert!(expected.iter().all(|entry| entry.tracked <= entry.tally));
        prop_assert_eq!(lazy.state_bytes(), eager.state_bytes());
        prop_assert_eq!(mixed.state_bytes(), eager.state_bytes());
        let totals = |ledger: &Ledger| ledger.all_totals().collect::<Vec<_>>();
        prop_assert_eq!(totals(&lazy), totals(&eager));
        prop_assert_eq!(totals(&mixed), totals(&eager));
    }

    /// A rejected operation changes nothing but the ids it gave.
    #[test]
    fn a_rejection_changes_nothing(
        seed: u64,
        (rules, drafts) in kind().prop_flat_map(|kind| (rules(kind), drafts(400))),
    ) {
        let mut ledger = Ledger::new(seed, rules).unwrap();
        for draft in &drafts {
            let operation = concrete(draft, &ledger);
            let before = settled(&ledger);
            let Verdict::Rejected(_) = ledger.apply(&operation).verdict else { continue };
            let after = settled(&ledger);
            for id in 0..before.accounts() {
                let image = |ledger: &Ledger| ledger.account(AccountId(id)).unwrap().image();
                prop_assert_eq!(image(&before), image(&after));
            }
            for id in before.accounts()..after.accounts() {
                let made = after.account(AccountId(id)).unwrap();
                prop_assert_eq!(made.worth(), u64::from(after.rules().own_points));
            }
            prop_assert!(before.pinned().eq(after.pinned()));
            prop_assert_eq!((before.rules(), before.ticks()), (after.rules(), after.ticks()));
            if before.accounts() == after.accounts() {
                prop_assert_eq!(before.state_bytes(), after.state_bytes());
            }
        }
    }

    /// Transfers that share no account give the same in either order.
    #[test]
    fn disjoint_transfers_commute(
        seed: u64,
        (rules, drafts) in kind().prop_flat_map(|kind| (rules(kind), drafts(300))),
        nonces: (u64, u64),
        points in (1..150_u64, 1..150_u64),
        held: (bool, bool),
    ) {
        let mut ledger = Ledger::new(seed, rules).unwrap();
        for draft in &drafts {
            ledger.apply(&concrete(draft, &ledger));
        }
        for id in ledger.accounts()..6 {
            ledger.apply(&Operation::Pin { account: AccountId(id) });
        }
        let transfer = |sender, receiver, points, nonce, held| Operation::Transfer(Transfer {
            sender: AccountId(sender), receiver: AccountId(receiver), points, nonce, held,
        });
        let first = transfer(1, 2, points.0, nonces.0, held.0);
        let second = transfer(3, 4, points.1, nonces.1, held.1);
        let run = |one: &Operation, other: &Operation| {
            let mut ledger = ledger.clone();
            ledger.apply(one);
            ledger.apply(other);
            settled(&ledger).state_bytes()
        };
        prop_assert_eq!(run(&first, &second), run(&second, &first));
    }

    /// After forgetting, nothing tells that the account ever gave anything.
    #[test]
    fn forgetting_leaves_no_trace(
        seed: u64,
        (rules, drafts) in kind().prop_flat_map(|kind| (rules(kind), drafts(400))),
        whom: u32,
    ) {
        let mut ledger = Ledger::new(seed, rules).unwrap();
        for draft in &drafts {
            ledger.apply(&concrete(draft, &ledger));
        }
        let id = AccountId(1 + whom % ledger.accounts());
        let known = id.0 < ledger.accounts();
        let before = settled(&ledger);
        prop_assert_eq!(ledger.apply(&Operation::Forget { account: id }).is_accepted(), known);
        if !known {
            return Ok(());
        }
        for view in (0..ledger.accounts()).map(|id| ledger.account(AccountId(id)).unwrap()) {
            prop_assert!(view.rows().all(|row| row.origin != id));
            for entry in view.unclaimed() {
                prop_assert!(entry.sender != id);
                prop_assert!(entry.pieces.iter().all(|piece| piece.origin != id));
            }
            if view.id() != id {
                let tally = before.account(view.id()).unwrap().tally();
                prop_assert_eq!(view.tally(), tally);
            }
        }
        let gone = ledger.account(id).unwrap();
        prop_assert_eq!((gone.tally(), gone.unclaimed().len()), (0, 0));
        prop_assert_eq!(gone.own(), ledger.rules().own_points);
        assert_conserved(&ledger);
    }

    /// A tick that does not decay keeps every tally and every row of a pinned origin; what it
    /// keeps of the rest is the top.
    #[test]
    fn collapse_keeps_the_tally_and_the_pinned(
        seed: u64,
        (rules, drafts) in (rules(RuleKind::Systematic), drafts(400)),
        pins in prop::collection::btree_set(1..20_u32, 0..6),
    ) {
        let mut ledger = Ledger::new(seed, rules).unwrap();
        for draft in drafts.iter().filter(|draft| !matches!(draft, Draft::Rules(_) | Draft::Tick)) {
            ledger.apply(&concrete(draft, &ledger));
        }
        ledger.apply(&Operation::Rules(Rules { decay_percent: 0, unclaimed_ticks: 99, ..rules }));
        for &pin in pins.iter().filter(|pin| **pin < ledger.accounts()).collect::<BTreeSet<_>>() {
            ledger.apply(&Operation::Pin { account: AccountId(pin) });
        }
        let before = settled(&ledger);
        ledger.apply(&Operation::Tick);
        let after = settled(&ledger);
        for id in (1..before.accounts()).map(AccountId) {
            let (before, after) = (before.account(id).unwrap(), after.account(id).unwrap());
            prop_assert_eq!(before.tally(), after.tally());
            let kept: Vec<_> = after.rows().filter(|row| !ledger.is_pinned(row.origin)).collect();
            let all: Vec<_> = before.rows().filter(|row| !ledger.is_pinned(row.origin)).collect();
            prop_assert_eq!(kept.len(), all.len().min(rules.keep_top as usize));
            let lost = all.iter().filter(|row| !kept.contains(row));
            let most = lost.map(|row| (row.points, !row.origin.0)).max();
            prop_assert!(kept.iter().all(|row| Some((row.points, !row.origin.0)) > most));
            let pinned = |view: &kith_reputation::AccountView<'_>| {
                view.rows().filter(|row| ledger.is_pinned(row.origin)).collect::<Vec<_>>()
            };
            prop_assert_eq!(pinned(&before), pinned(&after));
        }
    }

    /// Losses told by an outcome are what the totals say, and every balance moves accordingly.
    #[test]
    fn every_operation_conserves(
        seed: u64,
        (rules, drafts) in kind().prop_flat_map(|kind| (rules(kind), drafts(400))),
    ) {
        let mut ledger = Ledger::new(seed, rules).unwrap();
        for draft in &drafts {
            let operation = concrete(draft, &ledger);
            let mut before = settled(&ledger);
            let totals = all_totals(&before);
            let outcome = before.apply(&operation);
            let (losses, paid) = (outcome.losses, outcome.sink_points);
            let moved: u64 = outcome.pieces.iter().map(|piece| u64::from(piece.points)).sum();
            let is_claim = matches!(operation, Operation::Claim { .. });
            let now = all_totals(&before);
            prop_assert_eq!(now.returned - totals.returned, losses.returned);
            prop_assert_eq!(now.burned - totals.burned, losses.burned);
            prop_assert_eq!(now.decayed - totals.decayed, losses.decayed);
            prop_assert_eq!(now.forgotten - totals.forgotten, losses.forgotten);
            prop_assert_eq!(now.sink - totals.sink, paid);
            prop_assert_eq!(now.moved - totals.moved, if is_claim { 0 } else { moved });
            if let (Operation::Transfer(transfer), RuleKind::Systematic) = (operation, before.rules().rule)
                && before.account(transfer.sender).is_some() && moved + paid > 0
            {
                prop_assert_eq!(moved + paid, transfer.points);
            }
            ledger.apply(&operation);
        }
    }
}

/// As the first property, in a crowd: accounts with hundreds of rows, several chunks each.
#[test]
fn the_ledger_is_the_model_in_a_crowd() {
    for (kind, seed) in [(RuleKind::Systematic, 1), (RuleKind::Reference, 2)] {
        let rules = Rules {
            rule: kind,
            own_points: 2_000,
            keep_top: 300,
            ..Rules::default()
        };
        let (mut ledger, mut model) = (Ledger::new(seed, rules).unwrap(), Model::new(seed, rules));
        let mut next = numbers(seed);
        let mut widest = 0;
        for at in 0..4_000_u64 {
            // First everybody comes; a few authors get most, and give of it.
            let there = u64::from(ledger.accounts());
            let liker = if there < 600 { there } else { next(there) };
            let author = next(8) * next(2) + next(6);
            let (sender, receiver) = if at % 9 == 0 {
                (author, liker)
            } else {
                (liker, author)
            };
            let operation = if at % 1_200 == 1_199 {
                Operation::Tick
            } else {
                Operation::Transfer(Transfer {
                    sender: AccountId(u32::try_from(sender).unwrap()),
                    receiver: AccountId(u32::try_from(receiver).unwrap()),
                    points: 1 + next(120),
                    nonce: next(1 << 30),
                    held: false,
                })
            };
            // What is fetched beforehand changes nothing, whatever is asked for.
            let other = Operation::Transfer(Transfer {
                sender: AccountId(u32::try_from(next(700)).unwrap()),
                receiver: AccountId(u32::try_from(next(700) * next(2)).unwrap().wrapping_sub(1)),
                points: next(3_000) << (next(2) * next(40)),
                nonce: next(1 << 30),
                held: false,
            });
            ledger.prefetch(|_| Some(&other));
            let (verdict, answer) = (ledger.apply(&operation).verdict, model.apply(&operation));
            assert_eq!(verdict, answer.verdict(), "{kind:?} {at}: {operation:?}");
            if at % 200 == 199 {
                let settled = settled(&ledger);
                for id in 0..settled.accounts() {
                    let image = settled.account(AccountId(id)).unwrap().image();
                    widest = widest.max(image.rows.len());
                    assert_eq!(image, model.image(id), "{kind:?} account {id} after {at}");
                }
                assert_conserved(&settled);
            }
        }
        assert!(widest > 256, "{kind:?}: {widest} rows are not a crowd");
    }
}

/// Numbers below a bound, always the same.
fn numbers(mut state: u64) -> impl FnMut(u64) -> u64 {
    move |below| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    }
}

/// The same journal gives the same bytes: these were written down once.
#[test]
fn the_same_journal_gives_the_same_bytes() {
    for (kind, want) in [
        (RuleKind::Systematic, SYSTEMATIC_DIGEST),
        (RuleKind::Reference, REFERENCE_DIGEST),
    ] {
        let mut ledger = Ledger::new(
            42,
            Rules {
                rule: kind,
                keep_top: 20,
                ..Rules::default()
            },
        )
        .unwrap();
        let mut next = numbers(1);
        for at in 0..20_000_u64 {
            let there = u64::from(ledger.accounts());
            let bound = if there < 200 { there + 1 } else { there };
            let (sender, receiver) = (next(bound), next(bound));
            let operation = Operation::Transfer(Transfer {
                sender: AccountId(u32::try_from(sender).unwrap()),
                receiver: AccountId(u32::try_from(receiver).unwrap()),
                points: 1 + next(3_000),
                nonce: at,
                held: next(20) == 0,
            });
            ledger.apply(&operation);
            if at % 2_500 == 2_499 {
                ledger.apply(&Operation::Tick);
            }
        }
        let bytes = settled(&ledger).state_bytes();
        let digest = bytes
            .iter()
            .fold(0xCBF2_9CE4_8422_2325_u64, |digest, byte| {
                (digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)
            });
        assert_eq!(digest, want, "{kind:?}");
    }
}

const SYSTEMATIC_DIGEST: u64 = 7_833_608_838_801_347_436;
const REFERENCE_DIGEST: u64 = 15_045_261_206_173_595_783;
