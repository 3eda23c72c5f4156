//! Frames per second, on one core, from memory: the 150 frames of the production relay, or
//! built ones of about their size where those are not there.
//!
//! `cargo bench -p kith-feeder --bench scan`

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test says what it means, and fails loudly"
)]

#[path = "../tests/shared/data.rs"]
#[expect(dead_code, reason = "shared, and each user needs a part of it")]
mod data;
#[path = "../tests/shared/frames.rs"]
#[expect(dead_code, reason = "shared, and each user needs a part of it")]
mod frames;

use ciborium::tag::Required;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kith_feeder::source::{
    Position, SourceId, SourceKind, SourceSpec, StreamOptions, What, channel, run,
};
use kith_feeder::wire::{self, Decoded, Message, Touches};
use rustc_hash::FxHashSet;
use serde::Deserialize;
use serde_bytes::ByteBuf;
use std::hint::black_box;
use tokio_util::sync::CancellationToken;

/// Members of the circle that no frame is of, so that every look-up is a miss in a real table.
const MEMBERS: u32 = 300_000;

fn input() -> Vec<Vec<u8>> {
    let built = || {
        let uri = "at://did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/app.bsky.feed.post/3mpsjbtci2c2o";
        let like = frames::CommitFrame::like(uri);
        (1..=150)
            .map(|seq| {
                frames::CommitFrame {
                    seq,
                    ..like.clone()
                }
                .build()
            })
            .collect()
    };
    data::production_frames().unwrap_or_else(built)
}

fn members() -> FxHashSet<String> {
    (0..MEMBERS)
        .map(|number| format!("did:plc:{number:024}"))
        .collect()
}

fn scanning(c: &mut Criterion) {
    let frames = input();
    let members = members();
    let outside = |did: &str, _: Touches| members.contains(did);
    let mut group = c.benchmark_group("all frames");
    group.throughput(Throughput::Elements(frames.len() as u64));
    group.bench_function("scan and reject", |b| {
        b.iter(|| {
            frames
                .iter()
                .filter(|frame| wire::decode(frame, &outside).is_ok())
                .count()
        });
    });
    group.bench_function("peek", |b| {
        b.iter(|| {
            frames
                .iter()
                .filter(|frame| wire::peek(black_box(frame)).is_ok())
                .count()
        });
    });
    group.bench_function("decode and keep", |b| {
        b.iter(|| {
            frames
                .iter()
                .filter(|frame| wire::decode(frame, &everybody).is_ok())
                .count()
        });
    });
    group.bench_function("ciborium, typed", |b| {
        b.iter(|| frames.iter().filter(|frame| typed(frame).is_some()).count());
    });
    group.finish();
}

fn keeping(c: &mut Criterion) {
    let mut frames = input();
    frames.retain(|frame| {
        let decoded = wire::decode(frame, &|_: &str, touches: Touches| {
            touches == Touches::LIKE_CREATED
        });
        matches!(decoded, Ok(Decoded::Message(Message::Commit(_))))
    });
    let mut group = c.benchmark_group("likes");
    group.throughput(Throughput::Elements(frames.len() as u64));
    group.bench_function("decode and keep", |b| {
        b.iter(|| {
            frames
                .iter()
                .filter(|frame| wire::decode(frame, &everybody).is_ok())
                .count()
        });
    });
    group.bench_function("ciborium, typed", |b| {
        b.iter(|| frames.iter().filter(|frame| typed(frame).is_some()).count());
    });
    group.finish();
}

fn everybody(_: &str, _: Touches) -> bool {
    true
}

/// The frame file source, from the page cache to the reader, undecoded.
fn file(c: &mut Criterion) {
    let frames = input();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bench.frames");
    let mut bytes = Vec::new();
    let mut count = 0;
    while bytes.len() < 64 << 20 {
        let frame = &frames[count % frames.len()];
        bytes.extend(
            u32::try_from(frame.len())
                .expect("a frame is short")
                .to_be_bytes(),
        );
        bytes.extend(frame);
        count += 1;
    }
    std::fs::write(&path, bytes).expect("the file is written");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    let mut group = c.benchmark_group("file");
    group.sample_size(10);
    group.throughput(Throughput::Elements(count as u64));
    group.bench_function("read", |b| {
        b.iter(|| {
            let kind = SourceKind::File { path: path.clone() };
            let spec = SourceSpec::new(SourceId(0), kind, StreamOptions::default());
            let (sender, mut receiver) = channel(64 << 20);
            let ended = CancellationToken::new();
            runtime.spawn(run(spec, Position::Oldest, sender, ended));
            let mut frames = 0;
            while let Some(delivery) = runtime.block_on(receiver.recv()) {
                if let What::Frames(batch) = &delivery.what {
                    frames += batch
                        .iter()
                        .filter(|frame| !black_box(frame.bytes).is_empty())
                        .count();
                }
            }
            assert_eq!(frames, count);
        });
    });
    group.finish();
}

/// What a reader without a scanner does: every frame through serde, blocks copied.
#[derive(Deserialize)]
#[expect(dead_code, reason = "only the time to read the fields is wanted")]
struct Payload {
    seq: u64,
    repo: String,
    rev: String,
    since: Option<String>,
    time: String,
    commit: Required<ByteBuf, 42>,
    blocks: ByteBuf,
    ops: Vec<PayloadOp>,
    #[serde(rename = "prevData")]
    prev_data: Option<Required<ByteBuf, 42>>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only the time to read the fields is wanted")]
struct PayloadOp {
    action: String,
    path: String,
    cid: Option<Required<ByteBuf, 42>>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only the time to read the fields is wanted")]
struct Header {
    op: i64,
    t: Option<String>,
}

fn typed(frame: &[u8]) -> Option<(Header, Payload)> {
    let mut rest = frame;
    let header = ciborium::from_reader(&mut rest).ok()?;
    Some((header, ciborium::from_reader(&mut rest).ok()?))
}

criterion_group!(benches, scanning, keeping, file);
criterion_main!(benches);
