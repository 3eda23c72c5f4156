//! Worlds that went wrong once.

use kith_store::batch::RequestKind;

use super::{
    Event::{self, *},
    Kind,
    event::Fate,
    live_from_day_one, live_through,
};

const KNOWS_END: Event = Connect { knows_end: true };
const STOP: Event = Restart { killed: false };

fn expect_right(cases: impl IntoIterator<Item = (&'static str, Vec<Event>)>) {
    for (name, events) in cases {
        let wrong = live_through(Kind::default(), &events);
        assert!(wrong.is_empty(), "{name}: {wrong:#?}");
    }
}

#[test]
fn while_follows_are_read() {
    expect_right([
        (
            "what the stream brings of the last degree while follows are read",
            vec![Disconnect, Block(0, 1), Like(5, 0), Forget(1)],
        ),
        (
            "a second gap while the follows of the first are read",
            vec![
                Like(0, 1),
                Disconnect,
                Forget(0),
                Delete(2),
                KNOWS_END,
                Ask(1),
                Disconnect,
                Answer(0),
                Ask(2),
            ],
        ),
        (
            "unfollowed while follows are read",
            vec![
                Disconnect,
                Rename(2, 0, 6),
                Block(6, 0),
                Unfollow(4, 0),
                Unfollow(3, 1),
                Forget(2),
            ],
        ),
        (
            "deleted while follows are read",
            vec![
                Unfollow(4, 0),
                Hear(1),
                Disconnect,
                Rename(2, 0, 6),
                Block(6, 0),
                Delete(3),
                Forget(1),
            ],
        ),
    ]);
}

#[test]
fn other_worlds_that_went_wrong() {
    expect_right([
        (
            "back again while it was read",
            vec![Away(8), Follow(0, 8), Hear(2), Ask(1), Read(0)],
        ),
        (
            "a gap of its own while follows are read, and a restart",
            vec![
                Disconnect,
                Unfollow(4, 0),
                Forget(0),
                Rename(0, 0, 1),
                Like(4, 0),
                Connect { knows_end: false },
                Hear(2),
                Ask(9),
                Answer(4),
                STOP,
            ],
        ),
        (
            "a commit that is heard after its account was read as deleted",
            vec![
                Switch,
                Like(0, 0),
                Hear(1),
                Block(2, 0),
                Delete(2),
                Ask(3),
                Answer(2),
            ],
        ),
        (
            "the first commit of who entered is lost",
            vec![
                Both(0, 6, 0),
                Unfollow(4, 1),
                Hear(1),
                Ask(1),
                Next(Fate::Lost),
                Read(0),
                Follow(6, 7),
            ],
        ),
        (
            "a second gap while somebody is read, and a restart",
            vec![
                Disconnect,
                Follow(0, 1),
                Follow(0, 1),
                Forget(1),
                KNOWS_END,
                Hear(1),
                Disconnect,
                Like(0, 1),
                Follow(0, 1),
                Forget(0),
                Connect { knows_end: false },
                Ask(1),
                Block(0, 1),
                Hear(1),
                STOP,
            ],
        ),
        (
            "what was read after a gap, in another epoch and after a restart",
            [
                vec![Disconnect, Like(5, 0), Follow(0, 1), Forget(1), KNOWS_END],
                vec![Hear(1), Ask(9)],
                (0..20).flat_map(|_| [Answer(0), Ask(9)]).collect(),
                vec![Hours(100), Hours(100), Follow(0, 1), Hear(9)],
                vec![STOP],
            ]
            .concat(),
        ),
        (
            "deleted while follows are read, and a restart",
            vec![
                Disconnect,
                Block(0, 1),
                Delete(4),
                Forget(1),
                KNOWS_END,
                Hear(1),
                STOP,
            ],
        ),
    ]);
}

#[test]
fn what_is_asked_of_kith() {
    expect_right([
        (
            "a deeper circle, of whom nothing was read",
            vec![
                Follow(7, 8),
                Hear(1),
                Depth(1),
                Follow(1, 7),
                Hear(1),
                STOP,
                Depth(2),
                STOP,
            ],
        ),
        (
            "a claim of nothing, after a tick",
            vec![
                Both(2, 0, 1),
                Like(3, 4),
                Hours(57),
                Hear(1),
                Like(1, 1),
                Hear(2),
                Request(RequestKind::Claim, 1),
            ],
        ),
    ]);
}

#[test]
fn first_starts_that_went_wrong() {
    let during = [Like(1, 3), Hours(99), Hours(99)];
    let events = [
        Forget(0),
        STOP,
        Rename(0, 0, 1),
        Connect { knows_end: false },
        Hear(1),
        STOP,
    ];
    let wrong = live_from_day_one(Kind::default(), &[], &during, &events);
    assert!(wrong.is_empty(), "{wrong:#?}");

    // Who is to be read again, without likes, and is of the last degree before that.
    let during = [Reset(3), Follow(2, 3)];
    let events = [Reset(0), Unfollow(1, 2)];
    let wrong = live_from_day_one(Kind::default(), &[], &during, &events);
    assert!(wrong.is_empty(), "{wrong:#?}");

    // Epochs are made shorter while it is read; who enters by then was there before its likes.
    let nothing = Follow(0, 0);
    let before = [
        vec![nothing.clone(); 108],
        vec![Like(4, 3)],
        vec![nothing.clone(); 11],
    ]
    .concat();
    let during = [Like(0, 1), Length(3)];
    let wrong = live_from_day_one(
        Kind {
            plain: true,
            ..Kind::default()
        },
        &before,
        &during,
        &[nothing],
    );
    assert!(wrong.is_empty(), "{wrong:#?}");

    // Likes that a gap hid are taken before anything was heard: the clock had not begun.
    let nothing = Follow(0, 0);
    let during = [vec![nothing; 8], vec![Like(0, 1), Forget(1)]].concat();
    let events = [Ask(2), Disconnect, Answer(0), Answer(0), Ask(2), Answer(0)];
    let answered = [Answer(0), Ask(2), Answer(0), Ask(2), Answer(1)];
    let plain = Kind {
        plain: true,
        ..Kind::default()
    };
    let events = [&events[..], &answered].concat();
    let wrong = live_from_day_one(plain, &[Both(0, 0, 0)], &during, &events);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_tick_in_the_middle_of_a_sweep() {
    // Everybody is settled beyond an epoch, and nobody ranked.
    let begun = [Follow(0, 0), Switch, Checkpoint, Like(4, 2), Hours(8)];
    let rest = [Rename(0, 0, 1), Hear(2), Commit, Checkpoint, Hours(24)];
    let kind = Kind {
        short: true,
        plain: true,
        ..Kind::default()
    };
    let wrong = live_through(kind, &[begun, rest].concat());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn one_host_is_far_behind_the_other() {
    let hosts = Kind {
        hosts: true,
        ..Kind::default()
    };
    // In another epoch there, what was read on day one is heard here.
    let events = [Hours(99), Hours(99), Like(1, 1), Hear(9), STOP];
    let wrong = live_from_day_one(hosts, &[], &[Like(0, 2)], &events);
    assert!(wrong.is_empty(), "{wrong:#?}");
    // It moves to the one that is heard first.
    let wrong = live_through(hosts, &[Like(7, 0), Move(7)]);
    assert!(wrong.is_empty(), "{wrong:#?}");
    // What was missed here is read, and heard there.
    let missed = [
        Switch,
        Disconnect,
        Like(4, 0),
        Like(1, 0),
        Follow(1, 0),
        Forget(1),
        KNOWS_END,
    ];
    let read: Vec<_> = (0..20).flat_map(|_| [Answer(0), Ask(9)]).collect();
    let days = [Hours(100), Follow(1, 0), Hear(9), Checkpoint].into_iter();
    let days: Vec<_> = days.chain(vec![Commit; 9]).collect();
    let events = [
        &missed[..],
        &[Hear(1), Ask(9)],
        &read,
        &days,
        &days,
        &[STOP],
    ]
    .concat();
    // Or its journal was dropped.
    for short in [false, true] {
        let wrong = live_through(Kind { short, ..hosts }, &events);
        assert!(wrong.is_empty(), "{short}: {wrong:#?}");
    }
}

#[test]
fn a_claim_of_what_has_expired() {
    let kind = Kind {
        short: true,
        opted_out: Some(3),
        ..Kind::default()
    };
    let days = [Hours(99), Like(1, 0), Hear(9)];
    let claim = [Request(RequestKind::Claim, 3)];
    let events = [
        &[Like(0, 3), Hear(9), Checkpoint, Commit],
        &days[..],
        &claim,
    ]
    .concat();
    let wrong = live_through(kind, &events);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_was_heard_in_a_gap_of_who_could_not_be_read() {
    let hosts = Kind {
        hosts: true,
        ..Kind::default()
    };
    let during = [
        Unfollow(0, 2),
        Follow(0, 0),
        Like(3, 0),
        Follow(0, 1),
        Forget(2),
    ];
    let during = [
        &[Ask(1), Ask(1)],
        &during[..1],
        &[Commit],
        &during[1..2],
        &[Ask(1)],
        &during[2..],
    ];
    let events = [
        vec![
            Ask(4),
            Away(3),
            Answer(4),
            Answer(0),
            Hear(2),
            Answer(6),
            Answer(0),
            Skip(1),
        ],
        vec![
            Ask(1),
            Answer(0),
            Ask(2),
            Answer(0),
            Answer(0),
            Ask(1),
            STOP,
        ],
    ];
    let wrong = live_from_day_one(hosts, &[], &during.concat(), &events.concat());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_gap_that_is_open_at_a_start_is_read() {
    let events = [
        Depth(1),
        Follow(5, 0),
        Follow(0, 1),
        Like(0, 0),
        Follow(0, 1),
        Rename(0, 0, 1),
        Next(Fate::Bent),
        Like(8, 0),
        Hear(2),
        Switch,
        Both(0, 8, 0),
        Hear(1),
        Switch,
        Hear(4),
        STOP,
    ];
    let wrong = live_through(Kind::default(), &events);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Who is forgotten once more after a restart: whether all were settled then shows in the tables.
#[test]
fn who_is_forgotten_again_after_a_restart() {
    let plain = Kind {
        plain: true,
        ..Kind::default()
    };
    let before = [Like(6, 0), Like(1, 2)];
    let during = [Like(0, 3), Hours(1)];
    // Time passes, and nothing else.
    let pass = |times: usize| vec![Follow(0, 0); times];
    let events = [
        pass(2),
        vec![
            Request(RequestKind::Forget, 6),
            Track(2),
            Delete(2),
            Track(0),
            Skip(2),
        ],
        pass(2),
        vec![Track(2), Hours(93)],
        pass(1),
        vec![Both(1, 2, 4), Ask(1), Next(Fate::Lost)],
        pass(1),
        vec![Request(RequestKind::Remember, 0)],
        pass(3),
        vec![Ask(1), Ask(1)],
        pass(1),
        vec![STOP],
        pass(11),
        vec![Delete(6)],
    ];
    let wrong = live_from_day_one(plain, &before, &during, &events.concat());
    assert!(wrong.is_empty(), "{wrong:#?}");
}
