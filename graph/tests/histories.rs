//! Random histories: after every step the circle equals a breadth-first recomputation, and the
//! changes it returned are the difference.

use std::collections::{BTreeMap, BTreeSet};

use kith_graph::{AccountId, Change, Changes, Circle};
use proptest::prelude::*;
use proptest::sample::Index;

/// Few accounts and few rkeys, so that records collide, cycle and double.
const ACCOUNTS: u32 = 14;
const RKEYS: [&str; 7] = [
    "3jui7kd54zh2y",
    "3jui7kd54zh2z",
    "3kaaaaaaaaaaa",
    "bzzzzzzzzzzzz",
    "jzzzzzzzzzzzz",
    "self",
    "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa",
];

#[derive(Clone, Debug)]
enum Step {
    Track(u32),
    Untrack(u32),
    Skip(u32, bool),
    Follow(u32, usize, u32),
    Unfollow(u32, usize),
    /// Unfollows by a record that there is.
    UnfollowHeld(Index),
    /// Everybody follows one, or one follows everybody.
    HubIn(u32, usize),
    HubOut(u32),
    Replace(u32, Vec<(usize, u32)>, BTreeSet<usize>),
    DropFollows(u32),
    Forget(u32),
    Block(u32, usize, u32),
    Unblock(u32, usize),
    ReplaceBlocks(u32, Vec<(usize, u32)>, BTreeSet<usize>),
}

fn step() -> impl Strategy<Value = Step> {
    let account = 0..ACCOUNTS;
    let rkey = 0..RKEYS.len();
    let listed = || proptest::collection::vec((0..RKEYS.len(), 0..ACCOUNTS), 0..8);
    let kept = || proptest::collection::btree_set(0..RKEYS.len(), 0..3);
    prop_oneof![
        2 => account.clone().prop_map(Step::Track),
        2 => account.clone().prop_map(Step::Untrack),
        2 => (account.clone(), any::<bool>()).prop_map(|(a, skip)| Step::Skip(a, skip)),
        16 => (account.clone(), rkey.clone(), account.clone())
            .prop_map(|(a, r, b)| Step::Follow(a, r, b)),
        4 => (account.clone(), rkey.clone()).prop_map(|(a, r)| Step::Unfollow(a, r)),
        8 => any::<Index>().prop_map(Step::UnfollowHeld),
        1 => (account.clone(), rkey.clone()).prop_map(|(a, r)| Step::HubIn(a, r)),
        1 => account.clone().prop_map(Step::HubOut),
        2 => (account.clone(), listed(), kept()).prop_map(|(a, l, k)| Step::Replace(a, l, k)),
        1 => account.clone().prop_map(Step::DropFollows),
        1 => account.clone().prop_map(Step::Forget),
        3 => (account.clone(), rkey.clone(), account.clone())
            .prop_map(|(a, r, b)| Step::Block(a, r, b)),
        2 => (account.clone(), rkey.clone()).prop_map(|(a, r)| Step::Unblock(a, r)),
        1 => (account, listed(), kept()).prop_map(|(a, l, k)| Step::ReplaceBlocks(a, l, k)),
    ]
}

type Records = BTreeMap<(u32, usize), u32>;

/// What the circle should be, as simply as it can be said.
#[derive(Default)]
struct Model {
    tracked: BTreeSet<u32>,
    skipped: BTreeSet<u32>,
    follows: Records,
    blocks: Records,
}

impl Model {
    fn hops(&self, depth: u8) -> Vec<Option<u8>> {
        let mut hops = vec![None; ACCOUNTS as usize];
        let mut ring: BTreeSet<u32> = &self.tracked - &self.skipped;
        for hop in 0..=depth {
            for id in &ring {
                hops[*id as usize] = Some(hop);
            }
            let reached = self
                .follows
                .iter()
                .filter(|((follower, _), _)| ring.contains(follower));
            ring = reached
                .map(|(_, subject)| *subject)
                .filter(|id| hops[*id as usize].is_none() && !self.skipped.contains(id))
                .collect();
        }
        hops
    }
}

fn drop_records(records: &mut Records, owner: u32) {
    records.retain(|(held, _), _| *held != owner);
}

fn replace(records: &mut Records, owner: u32, listed: &[(usize, u32)], kept: &BTreeSet<usize>) {
    records.retain(|(held, rkey), _| *held != owner || kept.contains(rkey));
    for (rkey, subject) in listed.iter().filter(|(rkey, _)| !kept.contains(rkey)) {
        records.insert((owner, *rkey), *subject);
    }
}

fn named(listed: &[(usize, u32)]) -> Vec<(&'static str, AccountId)> {
    listed
        .iter()
        .map(|(rkey, subject)| (RKEYS[*rkey], AccountId(*subject)))
        .collect()
}

fn keeps(kept: &BTreeSet<usize>) -> impl Fn(&str) -> bool + '_ {
    |rkey| kept.iter().any(|kept| RKEYS[*kept] == rkey)
}

/// Takes the step in the model and in the circle.
fn take(step: &Step, model: &mut Model, circle: &mut Circle, changes: &mut Changes) {
    match step {
        Step::Track(a) => {
            model.tracked.insert(*a);
            circle.track(AccountId(*a), changes);
        }
        Step::Untrack(a) => {
            model.tracked.remove(a);
            circle.untrack(AccountId(*a), changes);
        }
        Step::Skip(a, skip) => {
            if *skip {
                model.skipped.insert(*a)
            } else {
                model.skipped.remove(a)
            };
            circle.set_skip(AccountId(*a), *skip, changes);
        }
        Step::Follow(a, rkey, b) => follow(*a, *rkey, *b, model, circle, changes),
        Step::Unfollow(a, rkey) => unfollow(*a, *rkey, model, circle, changes),
        Step::UnfollowHeld(index) => {
            let held: Vec<_> = model.follows.keys().copied().collect();
            if !held.is_empty() {
                let (a, rkey) = *index.get(&held);
                unfollow(a, rkey, model, circle, changes);
            }
        }
        Step::HubIn(b, rkey) => {
            // Several calls: each is checked by the one that comes after.
            for a in 0..ACCOUNTS - 1 {
                let mut step = Changes::new();
                follow(a, *rkey, *b, model, circle, &mut step);
            }
            *changes = Changes::new();
        }
        Step::HubOut(a) => {
            let listed: Vec<_> = (0..RKEYS.len())
                .zip((*a + 1..).map(|b| b % ACCOUNTS))
                .collect();
            replace(&mut model.follows, *a, &listed, &BTreeSet::new());
            circle.replace_follows(AccountId(*a), &named(&listed), |_| false, changes);
        }
        Step::Replace(a, listed, kept) => {
            replace(&mut model.follows, *a, listed, kept);
            circle.replace_follows(AccountId(*a), &named(listed), keeps(kept), changes);
        }
        Step::DropFollows(a) => {
            drop_records(&mut model.follows, *a);
            circle.drop_follows(AccountId(*a), changes);
        }
        Step::Forget(a) => {
            drop_records(&mut model.follows, *a);
            drop_records(&mut model.blocks, *a);
            circle.drop_blocks(AccountId(*a));
            circle.drop_follows(AccountId(*a), changes);
        }
        Step::Block(a, rkey, b) => {
            let before = model.blocks.insert((*a, *rkey), *b).map(AccountId);
            assert_eq!(
                circle.set_block(AccountId(*a), RKEYS[*rkey], AccountId(*b)),
                before
            );
        }
        Step::Unblock(a, rkey) => {
            let before = model.blocks.remove(&(*a, *rkey)).map(AccountId);
            assert_eq!(circle.remove_block(AccountId(*a), RKEYS[*rkey]), before);
        }
        Step::ReplaceBlocks(a, listed, kept) => {
            replace(&mut model.blocks, *a, listed, kept);
            circle.replace_blocks(AccountId(*a), &named(listed), keeps(kept));
        }
    }
}

fn follow(a: u32, rkey: usize, b: u32, model: &mut Model, circle: &mut Circle, ch: &mut Changes) {
    let before = model.follows.insert((a, rkey), b).map(AccountId);
    assert_eq!(
        circle.set_follow(AccountId(a), RKEYS[rkey], AccountId(b), ch),
        before
    );
}

fn unfollow(a: u32, rkey: usize, model: &mut Model, circle: &mut Circle, ch: &mut Changes) {
    let before = model.follows.remove(&(a, rkey)).map(AccountId);
    assert_eq!(circle.remove_follow(AccountId(a), RKEYS[rkey], ch), before);
}

fn difference(before: &[Option<u8>], after: &[Option<u8>]) -> Vec<Change> {
    let ids = (0..ACCOUNTS).map(AccountId);
    let all = ids
        .zip(before.iter().zip(after))
        .map(|(id, (from, to))| Change {
            id,
            from: *from,
            to: *to,
        });
    all.filter(|change| change.from != change.to).collect()
}

/// Everything the circle can be asked, held against the model.
fn check(model: &Model, circle: &Circle, depth: u8) {
    let hops = model.hops(depth);
    assert_eq!(circle.recompute_hops(), hops);
    let sizes = circle.sizes();
    assert_eq!(sizes.follows, model.follows.len());
    assert_eq!(sizes.blocks, model.blocks.len());
    for hop in 0..=3 {
        let members = hops.iter().filter(|held| **held == Some(hop)).count();
        assert_eq!(sizes.members[usize::from(hop)], members);
    }
    for (id, hop) in (0..ACCOUNTS).zip(&hops) {
        let account = AccountId(id);
        assert_eq!(circle.hop(account), *hop);
        assert_eq!(
            circle.is_interior(account),
            hop.is_some_and(|hop| hop < depth)
        );
        assert_eq!(circle.is_member(&circle.did(account)), hop.is_some());
        let want = |records: &Records| -> BTreeMap<String, u32> {
            let own = records.iter().filter(|((owner, _), _)| *owner == id);
            own.map(|((_, rkey), subject)| (RKEYS[*rkey].to_owned(), *subject))
                .collect()
        };
        let follows = circle
            .follows(account)
            .map(|(rkey, to)| (rkey.to_string(), to.0));
        assert_eq!(follows.collect::<BTreeMap<_, _>>(), want(&model.follows));
        let blocks = circle
            .block_records(account)
            .map(|(rkey, to)| (rkey.to_string(), to.0));
        assert_eq!(blocks.collect::<BTreeMap<_, _>>(), want(&model.blocks));
        for other in 0..ACCOUNTS {
            let blocked = model
                .blocks
                .iter()
                .any(|((a, _), b)| *a == id && *b == other);
            assert_eq!(circle.blocks(account, AccountId(other)), blocked);
        }
    }
}

/// The step with only the first so many rkeys: the fewer, the sparser the follows, and the longer
/// the ways that hold a circle together.
fn within(step: Step, rkeys: usize) -> Step {
    let few = |listed: Vec<(usize, u32)>| listed.into_iter().map(|(r, b)| (r % rkeys, b)).collect();
    match step {
        Step::Follow(a, rkey, b) => Step::Follow(a, rkey % rkeys, b),
        Step::HubIn(b, rkey) => Step::HubIn(b, rkey % rkeys),
        Step::Replace(a, listed, kept) => Step::Replace(a, few(listed), kept),
        other => other,
    }
}

fn replay(depth: u8, steps: &[Step]) {
    let mut model = Model::default();
    let mut circle = Circle::new(depth).expect("a depth of 1, 2 or 3");
    for account in 0..ACCOUNTS {
        circle.intern(&format!("did:web:{account}.example"));
    }
    let mut changes = Changes::new();
    for step in steps {
        let before = model.hops(depth);
        changes.clear();
        take(step, &mut model, &mut circle, &mut changes);
        if !matches!(step, Step::HubIn(..)) {
            assert_eq!(
                changes.as_slice(),
                difference(&before, &model.hops(depth)),
                "{step:?}"
            );
        }
        check(&model, &circle, depth);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn every_step_leaves_what_a_recomputation_gives(
        depth in 1..=3_u8,
        rkeys in 1..=RKEYS.len(),
        steps in proptest::collection::vec(step(), 1..160),
    ) {
        let steps: Vec<_> = steps.into_iter().map(|step| within(step, rkeys)).collect();
        replay(depth, &steps);
    }
}
