//! Frames with flipped, cut, moved and added bytes: no panic, and no two opinions.

use crate::frames::{ALICE, BOB, CommitFrame, follow, identity_frame, like, map};
use crate::{data, reference};
use kith_feeder::wire::{self, Decoded, Message, Touches};
use proptest::prelude::*;
use proptest::sample::Index;
use std::cell::RefCell;
use std::sync::LazyLock;

/// Built frames, and real ones where they are there.
static FRAMES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let many = vec![
        (
            "create",
            "app.bsky.feed.like/1".to_owned(),
            Some(like("at://x")),
        ),
        (
            "create",
            "app.bsky.feed.repost/2".to_owned(),
            Some(like("at://y")),
        ),
        (
            "update",
            "app.bsky.graph.follow/3".to_owned(),
            Some(follow(BOB)),
        ),
        ("delete", "app.bsky.graph.block/4".to_owned(), None),
    ];
    let mut frames = vec![
        CommitFrame::like("at://did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/app.bsky.feed.post/3k").build(),
        CommitFrame::new(many).build(),
        CommitFrame::new(Vec::new()).build(),
        identity_frame(3),
    ];
    frames.extend(
        data::production_frames()
            .unwrap_or_default()
            .into_iter()
            .step_by(10),
    );
    frames.extend(
        data::recording("recording.frames")
            .unwrap_or_default()
            .into_iter()
            .step_by(50),
    );
    frames
});

/// Decodes without and with interest; they must agree with each other, and with the reference
/// where it can read the frame at all.
fn check(frame: &[u8]) -> Result<bool, TestCaseError> {
    let asked = RefCell::new(None);
    let passed = wire::decode(frame, &|did: &str, touches: Touches| {
        *asked.borrow_mut() = Some((did.to_owned(), touches));
        false
    });
    let kept = wire::decode(frame, &|_: &str, _: Touches| true);
    let _ = wire::peek(frame);
    let (seq, likes, reposts) = match (passed, kept) {
        (
            Ok(Decoded::Passed {
                seq,
                time,
                likes,
                reposts,
            }),
            kept,
        ) => {
            if let Ok(Decoded::Message(Message::Commit(commit))) = kept {
                prop_assert_eq!((commit.seq, Some(commit.time)), (seq, time));
                let asked = asked.borrow();
                let (repo, touches) = asked.as_ref().unwrap();
                prop_assert_eq!(&commit.repo, repo);
                for op in &commit.ops {
                    prop_assert!(touches.intersects(Touches::of(op.collection, op.action)));
                }
            } else {
                prop_assert!(kept.is_err());
            }
            (seq, likes, reposts)
        }
        (passed, kept) => {
            prop_assert_eq!(
                passed,
                kept,
                "what is no commit does not depend on interest"
            );
            return Ok(false);
        }
    };
    prop_assert_eq!(wire::peek(frame).map(|peek| peek.seq), Ok(Some(seq)));
    let (repo, touches) = asked.take().unwrap();
    if let Some(expected) = reference::commit(frame) {
        prop_assert_eq!(
            reference::Seen {
                seq,
                repo,
                touches,
                likes,
                reposts
            },
            expected
        );
        return Ok(true);
    }
    Ok(false)
}

#[test]
fn whole_frames_are_compared_with_the_reference() {
    let compared = FRAMES.iter().filter(|frame| check(frame).unwrap()).count();
    assert!(compared >= 3, "only {compared} frames could be compared");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn flipped_bytes_never_panic(
        frame in any::<Index>(),
        flips in prop::collection::vec((any::<Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = frame.get(&FRAMES).clone();
        for (at, value) in flips {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        check(&bytes)?;
    }

    #[test]
    fn flips_before_the_blocks_never_panic(
        frame in any::<Index>(),
        flips in prop::collection::vec((0usize..300, any::<u8>()), 1..4),
    ) {
        let mut bytes = frame.get(&FRAMES).clone();
        for (at, value) in flips {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
        }
        check(&bytes)?;
    }

    #[test]
    fn moved_pieces_never_panic(
        frame in any::<Index>(),
        other in any::<Index>(),
        (from, to, at) in any::<(Index, Index, Index)>(),
    ) {
        let mut bytes = frame.get(&FRAMES).clone();
        let other = other.get(&FRAMES);
        let (from, to) = (from.index(other.len()), to.index(other.len()));
        let at = at.index(bytes.len());
        bytes.splice(at..at, other[from.min(to)..from.max(to)].iter().copied());
        check(&bytes)?;
    }

    #[test]
    fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        check(&bytes)?;
        let header = b"\xa2\x61t\x67#commit\x62op\x01".to_vec();
        check(&[header, bytes].concat())?;
    }

    #[test]
    fn fields_may_come_in_any_order(
        fields in Just(CommitFrame::like("at://x").fields()).prop_shuffle(),
    ) {
        let frame = crate::frames::frame("#commit", &map(fields));
        prop_assert!(check(&frame)?);
        let kept = wire::decode(&frame, &|did: &str, touches: Touches| {
            did == ALICE && touches == Touches::LIKE_CREATED
        });
        let Ok(Decoded::Message(Message::Commit(commit))) = kept else {
            panic!("{kept:?}");
        };
        prop_assert!(commit.ops[0].record.as_ref().unwrap().is_ok());
    }
}
