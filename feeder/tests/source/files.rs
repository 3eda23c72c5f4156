//! Frame files, whole and broken.

use crate::data;
use crate::events::{quick, start};
use crate::frames::identity_frame;
use kith_feeder::source::{Position, SourceKind};
use std::path::{Path, PathBuf};

fn prefixed(frame: &[u8]) -> Vec<u8> {
    [&u32::try_from(frame.len()).unwrap().to_be_bytes(), frame].concat()
}

async fn read(path: &Path, position: Position) -> Vec<String> {
    let kind = SourceKind::File {
        path: path.to_owned(),
    };
    start(kind, quick(), position, 1 << 20).all().await
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

#[tokio::test]
async fn files_are_read_from_any_saved_position() {
    let folder = Folder::new();
    let frames: Vec<_> = (1..=3).map(|seq| prefixed(&identity_frame(seq))).collect();
    let bytes = frames.concat();
    let (one, all) = (frames[0].len() as u64, bytes.len() as u64);
    let end = format!("finished at {all}");
    let plain = folder.file("a.frames", &bytes);
    let packed = folder.file("a.frames.zst", &zstd::encode_all(&bytes[..], 3).unwrap());
    for path in [plain, packed] {
        let whole = ["frame 1", "frame 2", "frame 3", &end];
        assert_eq!(read(&path, Position::Oldest).await, whole);
        assert_eq!(read(&path, Position::Live).await, whole);
        assert_eq!(read(&path, Position::After(one)).await, whole[1..]);
        assert_eq!(read(&path, Position::From(2 * one)).await, whole[2..]);
        assert_eq!(read(&path, Position::After(all)).await, whole[3..]);
        let beyond = read(&path, Position::After(all + 1)).await;
        assert!(
            beyond[0].contains("beyond the end of the file"),
            "{beyond:?}"
        );
        assert_eq!(beyond.len(), 1);
    }
}

#[tokio::test]
async fn garbage_in_a_file_is_counted_and_skipped() {
    let folder = Folder::new();
    let frame = |seq| prefixed(&identity_frame(seq));
    let one = frame(1).len();
    let long = |length: usize| {
        [
            u32::try_from(length).unwrap().to_be_bytes().to_vec(),
            vec![7; length],
        ]
        .concat()
    };

    let bytes = [frame(1), long(5_000_001), frame(2)].concat();
    let after = one + 4 + 5_000_001;
    let expect = [
        "frame 1".to_owned(),
        format!("bad too_long at {after}"),
        "frame 2".to_owned(),
        format!("finished at {}", bytes.len()),
    ];
    assert_eq!(
        read(&folder.file("long", &bytes), Position::Oldest).await,
        expect
    );

    let longest = [frame(1), long(5_000_000), prefixed(&[]), frame(2)].concat();
    let events = read(&folder.file("longest", &longest), Position::Oldest).await;
    assert_eq!(
        events[..4],
        ["frame 1", "garbage of 5000000", "garbage of 0", "frame 2"]
    );

    let cut_in = |bytes: &[u8], name: &str| folder.file(name, bytes);
    let two = [frame(1), frame(2)].concat();
    for length in one..two.len() {
        let events = read(&cut_in(&two[..length], "cut"), Position::Oldest).await;
        let mut expect = vec!["frame 1".to_owned()];
        if length > one {
            expect.push(format!("bad truncated at {one}"));
        }
        expect.push(format!("finished at {one}"));
        assert_eq!(events, expect, "{length} bytes");
    }

    let endless = [frame(1), vec![0xff; 100]].concat();
    let expect = vec![
        "frame 1".to_owned(),
        format!("bad truncated at {one}"),
        format!("finished at {one}"),
    ];
    assert_eq!(
        read(&cut_in(&endless, "endless"), Position::Oldest).await,
        expect
    );
    assert_eq!(
        read(&cut_in(&[], "empty"), Position::Oldest).await,
        ["finished at 0"]
    );
}

#[tokio::test]
async fn a_compressed_file_that_was_cut_ends_where_it_was() {
    let folder = Folder::new();
    let frames: Vec<u8> = (1..=50_000)
        .flat_map(|seq| prefixed(&identity_frame(seq)))
        .collect();
    let packed = zstd::encode_all(&frames[..], 1).unwrap();
    let path = folder.file("cut.zst", &packed[..packed.len() / 2]);
    let events = read(&path, Position::Oldest).await;
    assert!(events.len() > 100, "{} events", events.len());
    assert!(events.last().unwrap().starts_with("finished at "));
}

#[tokio::test]
async fn a_file_that_cannot_be_read_fails_in_one_line() {
    let folder = Folder::new();
    let missing = folder.0.path().join("missing.frames");
    let table = [
        (missing, "check its path"),
        (folder.0.path().to_owned(), "cannot read"),
        (
            folder.file("no.zst", b"this is not zstd, whatever it says"),
            "cannot read",
        ),
    ];
    for (path, hint) in table {
        let events = read(&path, Position::Oldest).await;
        assert_eq!(events.len(), 1, "{events:?}");
        assert!(
            events[0].contains(hint) && !events[0].contains('\n'),
            "{events:?}"
        );
    }
}

#[tokio::test]
async fn a_large_file_comes_in_order_through_a_small_budget() {
    let folder = Folder::new();
    let count = 100_000;
    let bytes: Vec<u8> = (1..=count)
        .flat_map(|seq| prefixed(&identity_frame(seq)))
        .collect();
    let path = folder.file("large", &bytes);
    let kind = SourceKind::File { path };
    let mut source = start(kind, quick(), Position::Oldest, 1_000);
    let mut next = 1;
    let mut position = 0;
    while let Some(delivery) = source.receiver.recv().await {
        assert!(source.receiver.queued_bytes() <= 1_000);
        if let kith_feeder::source::What::Frames(batch) = &delivery.what {
            for frame in batch.iter() {
                let peek = kith_feeder::wire::peek(frame.bytes).unwrap();
                assert_eq!(peek.seq, Some(next));
                position += 4 + frame.bytes.len() as u64;
                assert_eq!(frame.position, position);
                next += 1;
            }
        }
    }
    assert_eq!((next, position), (count + 1, bytes.len() as u64));
}

#[tokio::test]
async fn recordings_are_read_whole() {
    let Some(path) = data::shared("network/recordings/recording.frames") else {
        return;
    };
    let frames = data::recording("recording.frames").unwrap();
    let length = std::fs::metadata(&path).unwrap().len();
    let events = read(&path, Position::Oldest).await;
    assert_eq!(events.len(), frames.len() + 1);
    assert_eq!(events[frames.len()], format!("finished at {length}"));
}
