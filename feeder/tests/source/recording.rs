//! What is recorded is what is read.

use crate::events::{quick, start};
use crate::frames::identity_frame;
use crate::server::{Plan, Say, Server};
use kith_feeder::source::{
    Position, RecordError, RecordLimits, SourceId, SourceKind, SourceSpec, record,
};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

fn spec(kind: SourceKind) -> Vec<(SourceSpec, Position)> {
    let spec = SourceSpec::new(SourceId(0), kind, quick());
    vec![(spec, Position::Oldest)]
}

async fn server() -> SourceKind {
    let frames = |seqs: std::ops::RangeInclusive<u64>| {
        seqs.map(|seq| Say::Frame(identity_frame(seq)))
            .chain([Say::Cut])
            .collect()
    };
    let server = Server::start(vec![Plan::Talk(frames(1..=4)), Plan::Talk(frames(4..=9))]).await;
    SourceKind::Relay { url: server.url }
}

#[tokio::test]
async fn recordings_of_streams_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let limits = RecordLimits {
        frames_max: Some(6),
        ..RecordLimits::default()
    };
    for name in ["plain.frames", "packed.zst"] {
        let path = folder.path().join(name);
        let shutdown = CancellationToken::new();
        let source = spec(server().await);
        let recorded = record(source, &path, limits, shutdown).await.unwrap();
        assert_eq!((recorded.frames, recorded.last_seq), (6, Some(6)));
        assert_eq!(recorded.disconnects, 1);
        let kind = SourceKind::File { path };
        let events = start(kind, quick(), Position::Oldest, 1 << 20).all().await;
        let mut expect: Vec<_> = (1..=6).map(|seq| format!("frame {seq}")).collect();
        expect.push(format!("finished at {}", recorded.bytes));
        assert_eq!(events, expect);
    }
}

#[tokio::test]
async fn a_recording_ends_by_size_time_and_shutdown() {
    let folder = tempfile::tempdir().unwrap();
    let go = async |name: &str, limits: RecordLimits, shutdown: CancellationToken| {
        let source = spec(server().await);
        record(source, &folder.path().join(name), limits, shutdown)
            .await
            .unwrap()
    };
    let one = identity_frame(1).len() as u64 + 4;
    let by_size = RecordLimits {
        bytes_max: Some(3 * one),
        ..RecordLimits::default()
    };
    let recorded = go("size", by_size, CancellationToken::new()).await;
    assert_eq!((recorded.frames, recorded.bytes), (3, 3 * one));
    let by_time = RecordLimits {
        duration_max: Some(Duration::from_millis(300)),
        ..RecordLimits::default()
    };
    assert!(go("time", by_time, CancellationToken::new()).await.frames <= 9);
    let shutdown = CancellationToken::new();
    shutdown.cancel();
    assert!(
        go("shutdown", RecordLimits::default(), shutdown)
            .await
            .frames
            <= 9
    );
}

#[tokio::test]
async fn nothing_is_overwritten_and_nothing_empty_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("there");
    std::fs::write(&path, b"precious").unwrap();
    let go = async |kind: SourceKind, path| {
        let shutdown = CancellationToken::new();
        record(spec(kind), path, RecordLimits::default(), shutdown).await
    };
    let refused = go(server().await, &path).await;
    assert!(
        matches!(refused, Err(RecordError::Create { .. })),
        "{refused:?}"
    );
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");

    let path = folder.path().join("new");
    let missing = SourceKind::File {
        path: folder.path().join("missing"),
    };
    let failed = go(missing, &path).await;
    assert!(
        matches!(failed, Err(RecordError::Source { .. })),
        "{failed:?}"
    );
    assert!(!path.exists());
}
