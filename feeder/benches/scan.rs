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
#[path = "../tests/shared/production.rs"]
#[expect(dead_code, reason = "shared, and each user needs a part of it")]
mod production;

use atrium_api::com::atproto::sync::subscribe_repos;
use ciborium::tag::Required;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use k256::ecdsa::signature::hazmat::PrehashSigner;
use kith_feeder::identity::DidDocument;
use kith_feeder::source::{
    Position, SourceId, SourceKind, SourceSpec, StreamOptions, What, channel, run,
};
use kith_feeder::verify::{self, Level, SigningKey};
use kith_feeder::wire::{self, Decoded, Message, Touches};
use rustc_hash::FxHashSet;
use serde::Deserialize;
use serde_bytes::ByteBuf;
use std::collections::HashMap;
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
    group.bench_function("serde_ipld_dagcbor, atrium's types", |b| {
        b.iter(|| {
            frames
                .iter()
                .filter(|frame| atrium(frame).is_some())
                .count()
        });
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

/// What production's Jetstream served of the same frames, in both of its shapes.
fn lines(c: &mut Criterion) {
    for (name, lines) in [
        ("Jetstream v1", production::lines_v1()),
        ("Jetstream v2", production::lines_v2()),
    ] {
        let Some(lines) = lines else { return };
        let frames = production::join(&lines);
        let members = members();
        let outside = |did: &str, _: Touches| members.contains(did);
        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Elements(frames.len() as u64));
        group.bench_function("decode strangers", |b| {
            b.iter(|| decoded(&frames, &outside));
        });
        group.bench_function("decode and keep", |b| {
            b.iter(|| decoded(&frames, &everybody));
        });
        group.finish();
    }
}

/// Decodes all frames, none of which is broken.
fn decoded(frames: &[Vec<u8>], interest: &impl wire::Interest) {
    let all = frames
        .iter()
        .all(|frame| wire::decode(black_box(frame), interest).is_ok());
    assert!(all);
}

/// Signatures by themselves, and commits with all that is checked of them.
fn verifying(c: &mut Criterion) {
    let mut group = c.benchmark_group("signatures");
    group.throughput(Throughput::Elements(1));
    for (name, key, sig) in signatures() {
        key.verify(MESSAGE, &sig).expect("it is the key's");
        group.bench_function(name, |b| {
            b.iter(|| black_box(&key).verify(black_box(MESSAGE), &sig).is_ok());
        });
    }
    group.finish();
    let Some(commits) = commits() else { return };
    let mut group = c.benchmark_group("commits");
    group.throughput(Throughput::Elements(commits.len() as u64));
    for (name, level, with_key) in [
        ("hashes", Level::Signature, false),
        ("hashes and ops", Level::Full, false),
        ("signature", Level::Signature, true),
        ("full", Level::Full, true),
    ] {
        group.bench_function(name, |b| {
            b.iter(|| {
                let all = commits.iter().all(|(frame, key)| {
                    verify::commit(frame, with_key.then_some(key), level).is_ok()
                });
                assert!(all);
            });
        });
    }
    group.finish();
}

/// About as long as a commit block.
const MESSAGE: &[u8] = &[7; 200];

fn signatures() -> [(&'static str, SigningKey, Vec<u8>); 2] {
    let digest = *wire::Cid::for_block(wire::Codec::Raw, MESSAGE).digest();
    let key = |codec: [u8; 2], point: &[u8]| {
        let text = multibase::encode(multibase::Base::Base58Btc, [&codec, point].concat());
        SigningKey::from_did_key(&text).unwrap()
    };
    let first = k256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let sig: k256::ecdsa::Signature = first.sign_prehash(&digest).unwrap();
    let point = first.verifying_key().to_sec1_point(true);
    let first = key([0xe7, 0x01], point.as_bytes());
    let second = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let sig_of_second: p256::ecdsa::Signature = second.sign_prehash(&digest).unwrap();
    let point = second.verifying_key().to_sec1_point(true);
    let second = key([0x80, 0x24], point.as_bytes());
    [
        ("secp256k1", first, sig.normalize_s().to_bytes().to_vec()),
        (
            "P-256",
            second,
            sig_of_second.normalize_s().to_bytes().to_vec(),
        ),
    ]
}

/// The commits of the production frames, with their accounts' keys.
fn commits() -> Option<Vec<(Vec<u8>, SigningKey)>> {
    let path = data::shared("interop/production/did_docs.json.zst")?;
    let file = std::fs::File::open(path).unwrap();
    let documents: HashMap<String, Box<serde_json::value::RawValue>> =
        serde_json::from_reader(zstd::Decoder::new(file).unwrap()).unwrap();
    let commits = input().into_iter().filter_map(|frame| {
        let decoded = wire::decode(&frame, &everybody).unwrap();
        let Decoded::Message(Message::Commit(commit)) = decoded else {
            return None;
        };
        let document = documents[&*commit.repo].get().as_bytes();
        let document = DidDocument::parse(&commit.repo, document).unwrap();
        let key = SigningKey::from_did_key(&document.signing_key.unwrap()).unwrap();
        Some((frame, key))
    });
    Some(commits.collect())
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
            runtime.spawn(run(spec, Position::Oldest, None, sender, ended));
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

/// The same into types made from the lexicons.
fn atrium(frame: &[u8]) -> Option<(Header, subscribe_repos::Commit)> {
    let mut reader = std::io::Cursor::new(frame);
    let header = serde_ipld_dagcbor::de::from_reader_once(&mut reader).ok()?;
    let start = usize::try_from(reader.position()).ok()?;
    Some((
        header,
        serde_ipld_dagcbor::from_slice(&frame[start..]).ok()?,
    ))
}

criterion_group!(benches, scanning, keeping, lines, verifying, file);
criterion_main!(benches);
