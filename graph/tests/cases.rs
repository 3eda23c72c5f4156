//! The odd cases, one by one, as short scripts.
//!
//! A script's words: `+a` tracks, `-a` untracks, `!a` skips, `?a` lets in again, `x:a>b` sets the
//! record x of a to b, `x:a` removes it, `/a` drops a's follows. What is expected are the
//! changes of the last word (`a:1>2`, `.` for outside), or every hop at the end.

use kith_graph::{AccountId, Changes, Circle, DepthError, Status};

fn account(circle: &mut Circle, name: &str) -> AccountId {
    circle.intern(&format!("did:web:{name}.example"))
}

fn name(circle: &Circle, id: AccountId) -> String {
    circle.did(id)["did:web:".len()..]
        .trim_end_matches(".example")
        .to_owned()
}

fn play(depth: u8, script: &str) -> (Circle, Changes) {
    let mut circle = Circle::new(depth).expect("a depth of 1, 2 or 3");
    let mut changes = Changes::new();
    for word in script.split_whitespace() {
        changes.clear();
        let (first, rest) = word.split_at(1);
        if let Some((rkey, follow)) = word.split_once(':') {
            let (follower, subject) = follow.split_once('>').unwrap_or((follow, ""));
            let follower = account(&mut circle, follower);
            if subject.is_empty() {
                circle.remove_follow(follower, rkey, &mut changes);
            } else {
                let subject = account(&mut circle, subject);
                circle.set_follow(follower, rkey, subject, &mut changes);
            }
            continue;
        }
        let id = account(&mut circle, rest);
        match first {
            "+" => circle.track(id, &mut changes),
            "-" => circle.untrack(id, &mut changes),
            "!" => circle.set_skip(id, true, &mut changes),
            "?" => circle.set_skip(id, false, &mut changes),
            "/" => circle.drop_follows(id, &mut changes),
            _ => panic!("{word}?"),
        }
        let hops = (0_u32..)
            .map(|n| circle.hop(AccountId(n)))
            .take(circle.accounts().len());
        assert!(hops.eq(circle.recompute_hops()));
    }
    (circle, changes)
}

#[track_caller]
fn changes(depth: u8, script: &str, expect: &str) {
    let (circle, changes) = play(depth, script);
    let hop = |hop: Option<u8>| hop.map_or(".".to_owned(), |hop| hop.to_string());
    let told = changes.iter().map(|change| {
        format!(
            "{}:{}>{}",
            name(&circle, change.id),
            hop(change.from),
            hop(change.to)
        )
    });
    assert_eq!(told.collect::<Vec<_>>().join(" "), expect, "{script}");
}

#[track_caller]
fn hops(depth: u8, script: &str, expect: &str) {
    let (circle, _) = play(depth, script);
    let told = circle
        .members()
        .map(|(id, hop)| format!("{}:{hop}", name(&circle, id)));
    assert_eq!(told.collect::<Vec<_>>().join(" "), expect, "{script}");
}

#[test]
fn following_brings_in_and_unfollowing_lets_go() {
    changes(2, "+a x:a>b", "b:.>1");
    changes(2, "+a x:a>b y:b>c", "c:.>2");
    changes(2, "+a x:a>b y:b>c z:c>d", "");
    changes(3, "+a x:a>b y:b>c z:c>d", "d:.>3");
    changes(2, "+a x:a>b y:b>c x:a", "b:1>. c:2>.");
    changes(1, "+a x:a>b y:b>c", "");
}

#[test]
fn records_held_before_their_owner_comes_in_count_from_then_on() {
    changes(2, "x:a>b y:b>c z:c>d +a", "a:.>0 b:.>1 c:.>2");
    changes(2, "+a y:b>c x:a>b", "b:.>1 c:.>2");
}

#[test]
fn of_two_records_for_one_follow_either_is_enough() {
    changes(2, "+a x:a>b y:a>b x:a", "");
    changes(2, "+a x:a>b y:a>b x:a y:a", "b:1>.");
}

#[test]
fn a_record_said_twice_and_one_never_said_change_nothing() {
    changes(2, "+a x:a>b x:a>b", "");
    hops(2, "+a x:a>b x:a>b x:a", "a:0");
    changes(2, "+a x:a>b y:a", "");
    changes(2, "+a x:b", "");
}

#[test]
fn an_update_moves_the_edge() {
    changes(2, "+a x:a>b x:a>c", "b:1>. c:.>1");
    changes(2, "+a x:a>b y:b>c x:a>c", "b:1>. c:2>1");
    changes(2, "+a x:a>b y:b>c y:b>b", "c:2>.");
}

#[test]
fn the_shortest_way_counts() {
    changes(2, "+a x:a>b y:b>c z:a>c", "c:2>1");
    changes(2, "+a x:a>b y:b>c z:a>c z:a", "c:1>2");
    changes(3, "+a x:a>b y:b>c z:c>d w:a>d", "d:3>1");
    changes(3, "+a x:a>b y:b>c z:c>d w:a>d w:a", "d:1>3");
}

#[test]
fn nobody_holds_themselves_up() {
    hops(2, "+a x:a>a", "a:0");
    changes(2, "+a x:a>a -a", "a:0>.");
    changes(2, "+a x:a>b y:b>b x:a", "b:1>.");
    changes(3, "+a x:a>b y:b>c z:c>b x:a", "b:1>. c:2>.");
    changes(3, "+a +b x:a>b y:b>a -a", "a:0>1");
    changes(3, "+a +b x:a>b y:b>a -a -b", "a:1>. b:0>.");
}

#[test]
fn an_account_that_goes_out_and_comes_back_takes_its_follows_along() {
    changes(3, "+a +e x:a>b y:b>c w:e>f v:f>b x:a", "b:1>2 c:2>3");
    changes(3, "+a x:a>b y:b>c z:c>d -a +b", "b:.>0 c:.>1 d:.>2");
}

/// b loses the support of a, then that of c while it waits for it, and has that of f left.
#[test]
fn support_that_goes_while_it_is_waited_for_does_not_count() {
    let both = "+a x:a>b y:a>c z:c>b +d x:d>e x:e>f x:f>b";
    changes(3, &format!("{both} /a"), "b:1>3 c:1>.");
    changes(3, &format!("{both} -a"), "a:0>. b:1>3 c:1>.");
}

#[test]
fn untracking_lets_go_of_what_nobody_else_supports() {
    changes(2, "+a +b x:a>c y:b>c z:a>d -a", "a:0>. d:1>.");
    changes(2, "+a +b x:b>a -a", "a:0>1");
    changes(2, "-a", "");
    changes(2, "+a +a", "");
}

#[test]
fn skipped_accounts_are_out_even_if_tracked_and_support_nobody() {
    changes(2, "+a x:a>b y:b>c !b", "b:1>. c:2>.");
    changes(2, "+a x:a>b y:b>c !b ?b", "b:.>1 c:.>2");
    changes(2, "!b +a x:a>b", "");
    changes(2, "!a +a", "");
    changes(2, "x:a>b !a +a ?a", "a:.>0 b:.>1");
    hops(2, "+a x:a>b !b y:b>c", "a:0");
}

#[test]
fn dropping_follows_leaves_what_others_say() {
    changes(2, "+a x:a>b y:b>c /b", "c:2>.");
    hops(2, "+a x:a>b y:b>c /b", "a:0 b:1");
    changes(2, "+a x:a>b y:b>c /a", "b:1>. c:2>.");
    changes(2, "+a x:a>b y:b>c /b z:a>c", "c:.>1");
    changes(2, "+a x:a>b /b", "");
}

#[test]
fn a_reread_leaves_what_was_touched_meanwhile() {
    let (mut circle, mut changes) = play(2, "+a x:a>b y:a>c z:a>d");
    let ids = ["a", "b", "c", "d", "e"].map(|name| account(&mut circle, name));
    changes.clear();
    // Live, during the re-read: z was set to d, w was removed. The re-read saw neither, lists y
    // twice, and has a record that is new.
    let listed = [
        ("w", ids[1]),
        ("y", ids[2]),
        ("z", ids[1]),
        ("y", ids[3]),
        ("v", ids[4]),
    ];
    circle.replace_follows(
        ids[0],
        &listed,
        |rkey| ["z", "w"].contains(&rkey),
        &mut changes,
    );
    let held: Vec<_> = circle
        .follows(ids[0])
        .map(|(rkey, to)| (rkey.to_string(), to))
        .collect();
    let want = [("v", ids[4]), ("y", ids[3]), ("z", ids[3])];
    assert_eq!(held, want.map(|(rkey, to)| (rkey.to_owned(), to)));
    let told: Vec<_> = changes
        .iter()
        .map(|change| (change.id, change.to))
        .collect();
    assert_eq!(told, [(ids[1], None), (ids[2], None), (ids[4], Some(1))]);
}

#[test]
fn follows_come_by_time_and_then_as_text() {
    let (mut circle, mut changes) = play(2, "+a");
    let (a, b) = (account(&mut circle, "a"), account(&mut circle, "b"));
    for rkey in [
        "self",
        "3kaaaaaaaaaaa",
        "2",
        "3jui7kd54zh2y",
        "jzzzzzzzzzzzz",
    ] {
        circle.set_follow(a, rkey, b, &mut changes);
    }
    let held: Vec<_> = circle
        .follows(a)
        .map(|(rkey, _)| rkey.to_string())
        .collect();
    assert_eq!(
        held,
        [
            "3jui7kd54zh2y",
            "3kaaaaaaaaaaa",
            "2",
            "jzzzzzzzzzzzz",
            "self"
        ]
    );
    assert_eq!(circle.follow(a, "self"), Some(b));
    assert_eq!(circle.follow(a, "other"), None);
    assert_eq!(circle.sizes().odd_rkeys, 3);
    circle.drop_follows(a, &mut changes);
    assert_eq!((circle.sizes().odd_rkeys, circle.sizes().followers), (0, 0));
}

#[test]
fn changes_gather_until_cleared() {
    let (mut circle, mut changes) = play(2, "+a");
    let (a, b) = (account(&mut circle, "a"), account(&mut circle, "b"));
    circle.set_follow(a, "x", b, &mut changes);
    circle.remove_follow(a, "x", &mut changes);
    let hops: Vec<_> = changes
        .drain()
        .map(|change| (change.from, change.to))
        .collect();
    assert_eq!(hops, [(None, Some(0)), (None, Some(1)), (Some(1), None)]);
    assert!(changes.is_empty());
}

#[test]
fn a_status_changes_no_hop() {
    let (mut circle, _) = play(2, "+a x:a>b");
    let b = account(&mut circle, "b");
    assert_eq!(circle.status(b), Status::Active);
    circle.set_status(b, Status::Takendown);
    assert_eq!(
        (circle.status(b), circle.hop(b)),
        (Status::Takendown, Some(1))
    );
    assert!(!circle.status(b).is_active());
}

#[test]
fn support_counts_records_by_the_hop_of_their_owner() {
    let (mut circle, _) = play(3, "+a x:a>b y:a>b z:b>c w:c>b v:z>b");
    let b = account(&mut circle, "b");
    assert_eq!(circle.support(b), [2, 0, 1]);
}

#[test]
fn sizes_tell_follows_from_blocks() {
    let (mut circle, _) = play(2, "+a x:a>b y:a>c z:b>a w:c>a w:c");
    let [a, b, c] = ["a", "b", "c"].map(|name| account(&mut circle, name));
    circle.set_block(a, "self", b);
    circle.set_block(a, "3jui7kd54zh2y", c);
    let sizes = circle.sizes();
    assert_eq!((sizes.follows, sizes.followers), (3, 2));
    assert_eq!((sizes.blocks, sizes.blockers), (2, 1));
    assert_eq!(sizes.odd_rkeys, 4);
    assert_eq!((circle.follow_count(a), circle.follow_count(c)), (2, 0));
}

#[test]
#[should_panic(expected = "account 99 is not of this circle")]
fn nobody_follows_a_number_that_nobody_has() {
    let (mut circle, mut changes) = play(2, "x:a>b");
    let a = account(&mut circle, "a");
    circle.set_follow(a, "y", AccountId(99), &mut changes);
}

#[test]
fn questions_about_strangers_have_answers() {
    let (circle, _) = play(2, "+a x:a>b");
    let stranger = AccountId(1_000);
    assert_eq!(circle.hop(stranger), None);
    assert_eq!(circle.follows(stranger).count(), 0);
    assert_eq!(circle.lookup("did:web:stranger.example"), None);
    assert!(!circle.is_member("did:web:stranger.example"));
    assert!(!circle.blocks(stranger, stranger));
    assert!(circle.explain(stranger, 10).is_empty());
}

#[test]
fn a_depth_of_none_or_four_is_refused() {
    assert_eq!(Circle::new(0).err(), Some(DepthError(0)));
    let refused = Circle::new(4).expect_err("too deep").to_string();
    assert_eq!(refused, "a circle's depth is 1, 2 or 3, not 4");
}

/// A crowd enters, leaves and enters again: the sieve before the lookup never says a wrong no.
#[test]
fn members_are_found_by_did_however_many_came_and_went() {
    let mut circle = Circle::new(1).expect("a depth of 1, 2 or 3");
    let mut changes = Changes::new();
    let root = circle.intern("did:web:root.example");
    circle.track(root, &mut changes);
    let dids: Vec<String> = (0..20_000)
        .map(|n| format!("did:web:{n}.example"))
        .collect();
    let ids: Vec<AccountId> = dids.iter().map(|did| circle.intern(did)).collect();
    for round in 0..3 {
        for (nth, (id, did)) in ids.iter().zip(&dids).enumerate() {
            circle.set_follow(root, did, *id, &mut changes);
            assert_eq!(circle.member(did), Some(*id));
            if nth % 3 != round {
                circle.remove_follow(root, did, &mut changes);
                assert_eq!(circle.member(did), None);
            }
        }
        for (id, did) in ids.iter().zip(&dids) {
            assert_eq!(circle.is_member(did), circle.hop(*id).is_some());
        }
    }
}
