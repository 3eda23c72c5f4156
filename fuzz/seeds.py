#!/usr/bin/env python3
"""Makes the first inputs of the fuzz targets out of tests/recordings, into fuzz/corpus.

Commits are also cut into pieces, as fuzz_targets/parts.rs puts them together again. Jetstream's
lines are those that lie in the folder beside the project, where it is there, and some made here.
"""

import json
import pathlib
import struct
import sys

HOUSE = pathlib.Path(__file__).resolve().parent.parent
CORPUS = HOUSE / "fuzz" / "corpus"
STEP = 12  # every so many frames one is taken
INPUT_BYTES_MAX = 20_000  # longer inputs slow the fuzzer down more than they teach it
MARK = b"\x01\x71\x12\x20block#"  # see parts.rs

counts = {}


def add(target, data):
    if len(data) <= INPUT_BYTES_MAX:
        number = counts[target] = counts.get(target, 0) + 1
        folder = CORPUS / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"seed-{number:04}").write_bytes(data)


def frames(path):
    data = path.read_bytes()
    while data:
        (length,) = struct.unpack(">I", data[:4])
        yield data[4 : 4 + length]
        data = data[4 + length :]


def text(data, name):
    """The text behind a name, with a length below 24 or in one byte."""
    at = data.index(name) + len(name)
    if data[at] == 0x78:
        return data[at + 2 : at + 2 + data[at + 1]]
    return data[at + 1 : at + 1 + (data[at] & 0x1F)]


def car_of(frame):
    at = frame.index(b"\x66blocks") + 7
    size = {0x58: 1, 0x59: 2, 0x5A: 4}.get(frame[at])
    if size is None:
        return None
    length = int.from_bytes(frame[at + 1 : at + 1 + size], "big")
    return frame[at + 1 + size : at + 1 + size + length]


def sections(car):
    """(CID, block) of each section behind the header."""
    at, found = 0, []
    while at < len(car):
        length = shift = 0
        while True:
            byte = car[at]
            at += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        found.append((car[at : at + 36], car[at + 36 : at + length]))
        at += length
    return found[1:]


def pieces(frame, blocks):
    """Account, rev, ops, prevData and the blocks, each behind those that it names."""
    order, left = [], list(blocks)
    while left:
        ready = [one for one in left if not any(other[0] in one[1] for other in left)]
        if not ready:
            return None
        order += ready
        left = [one for one in left if one not in ready]

    def marked(data):
        for number, (cid, _) in enumerate(order):
            data = data.replace(cid, MARK + struct.pack(">H", number) + bytes(24))
        return data

    ops = frame[frame.index(b"\x63ops") + 4 :]
    ops = ops[: ops.index(b"\x63rev")]
    before = frame[frame.rindex(b"\x68prevData") + 9 :][:41] if b"\x68prevData" in frame else b"\xf6"
    parts = [text(frame, b"\x64repo"), text(frame, b"\x63rev"), marked(ops), before]
    parts += [marked(block) for _, block in order]
    return b"".join(struct.pack(">H", len(part)) + part for part in parts)


for name in ["recording.frames", "recording-pds2.frames"]:
    for number, frame in enumerate(frames(HOUSE / "tests" / "recordings" / name)):
        if number % STEP:
            continue
        add("frame", frame)
        if b"#commit" not in frame[:20]:
            continue
        car = car_of(frame)
        if car is None:
            continue
        blocks = sections(car)
        add("car", car)
        for _, block in blocks:
            if b"subject" in block:
                add("record", block)
        whole = pieces(frame, blocks)
        if whole is not None:
            add("commit", whole)

DID = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"
KEYS = [  # of the community's vectors
    (DID + "#atproto", "Multikey", "zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme"),
    ("#atproto", "EcdsaSecp256k1VerificationKey2019", "z25z9DTpsiYYJKGsWmSPJK2NFN8PcJtZig12K59UgW7q5t"),
    ("#atproto", "EcdsaSecp256r1VerificationKey2019", "zxdM8dSstjrpZaRUwBmDvjGXweKuEMVN95A9oJBFjkWMh"),
]
for key_id, kind, key in KEYS:
    document = {
        "id": DID,
        "alsoKnownAs": ["at://alice.example.com"],
        "verificationMethod": [{"id": key_id, "type": kind, "controller": DID, "publicKeyMultibase": key}],
        "service": [
            {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": "https://pds.example"}
        ],
    }
    add("document", json.dumps(document, separators=(",", ":")).encode())
add("document", b"did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme")
add("document", b"did:key:zDnaembgSGUhZULN2Caob4HLJPaxBh92N7rtH21TErzqf8HQo")

REV = "3mmoojp7vgo2g"
POST = f"at://{DID}/app.bsky.feed.post/3mmoodizfwc2j"
CID = "bafyreidqpc7si3dbimffi64lz3xsx2qt45ip7rpna2qpslcddp23itjjzm"
TIME = "2026-05-25T14:23:29.950Z"
V1_OPS = [
    ("create", "app.bsky.feed.like", {"subject": {"uri": POST, "cid": CID}, "createdAt": TIME}),
    ("create", "app.bsky.feed.repost", {"subject": {"uri": POST, "cid": CID}, "createdAt": TIME}),
    ("update", "app.bsky.graph.follow", {"subject": DID, "createdAt": TIME}),
    ("delete", "app.bsky.graph.block", None),
    ("create", "app.bsky.feed.post", {"text": "a \"word\" \u00e9 \U0001f600", "langs": ["en"], "size": 1.5e3}),
]


def line(value):
    return json.dumps(value, separators=(",", ":")).encode()


def v1_op(number, action, collection, record):
    commit = {"rev": REV, "operation": action, "collection": collection, "rkey": f"3mmoojp7etg2{number}"}
    if record is not None:
        commit |= {"record": {"$type": collection} | record, "cid": CID}
    return {"did": DID, "time_us": 1779719009132431 + number, "kind": "commit", "commit": commit}


def v2(kind, seq, fields):
    payload = {"$type": f"network.bsky.jetstream.subscribeEvents#{kind}", "seq": seq, "did": DID, "time": TIME}
    return {"$type": "message", "payload": payload | fields}


def v2_of(event, seq):
    """The same event in the newer shape."""
    kind = event["kind"]
    fields = event["commit"] if kind == "commit" else {kind: event[kind]}
    return v2(kind, seq, {"did": event["did"]} | fields)


def frames_of_lines(events):
    """One frame for each commit, its ops joined by newlines, and one for everything else."""
    joined, last = [], None
    for event in events:
        this = event["kind"] == "commit" and (event["did"], event["commit"]["rev"])
        if this and this == last:
            joined[-1].append(event)
        else:
            joined.append([event])
        last = this
    for seq, events in enumerate(joined, 1):
        add("jetstream", b"\n".join(line(event) for event in events))
        add("jetstream", b"\n".join(line(v2_of(event, seq)) for event in events))


ops = [v1_op(number, *op) for number, op in enumerate(V1_OPS)]
for op in ops:
    frames_of_lines([op])
frames_of_lines(ops)
about = {"did": DID, "seq": 30340180351, "time": TIME}
head = {"did": DID, "time_us": 1779719010272410}
frames_of_lines([head | {"kind": "identity", "identity": about | {"handle": "alice.example.com"}}])
for extra in [{"active": True}, {"active": False, "status": "takendown"}]:
    frames_of_lines([head | {"kind": "account", "account": about | extra}])
CAR = "OqJlcm9vdHOB2CpYJQABcRIgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABndmVyc2lvbgE"
add("jetstream", line(v2("sync", 7, {"sync": about | {"rev": REV, "blocks": {"$bytes": CAR}}})))
add("jetstream", line(v2("info", 8, {"name": "OutdatedCursor", "message": "some events were missed"})))
add("jetstream", line(v2("future", 9, {"more": [{}, [], None, -1, 1e300, "\\"]})))
add("jetstream", line({"$type": "error", "error": "ConsumerTooSlow", "message": "too slow"}))
add("jetstream", line(head | {"kind": "future"}))
for path in ["jetstream/golden_v1.jsonl", "production/expected_v1.jsonl"]:
    path = HOUSE.parent / "shared" / "interop" / path
    if path.exists():
        frames_of_lines([json.loads(text) for text in path.read_text().splitlines()])
    else:
        print(f"skipped: {path} is not there; the lines made here have to do", file=sys.stderr)

print(", ".join(f"{target}: {count} inputs" for target, count in sorted(counts.items())))
