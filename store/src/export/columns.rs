//! The columns of each export: the field names of the reports' JSON, with type and unit.

use super::{
    ColumnKind::{self, Flag, Int, Text, Time},
    ExportColumn,
};

const POINTS: Option<&str> = Some("points");
const MICROS: Option<&str> = Some("microseconds since 1970, UTC");

/// A column that is never NULL.
const fn always(
    name: &'static str,
    kind: ColumnKind,
    unit: Option<&'static str>,
    about: &'static str,
) -> ExportColumn {
    ExportColumn {
        name,
        kind,
        unit,
        is_nullable: false,
        about,
    }
}

/// A column that is NULL where nothing is known, or nothing is to be said.
const fn maybe(
    name: &'static str,
    kind: ColumnKind,
    unit: Option<&'static str>,
    about: &'static str,
) -> ExportColumn {
    ExportColumn {
        name,
        kind,
        unit,
        is_nullable: true,
        about,
    }
}

pub(super) const CIRCLE: &[ExportColumn] = &[
    always("did", Text, None, "the account"),
    maybe("handle", Text, None, "its name; null until known"),
    always(
        "hop",
        Int,
        Some("follows"),
        "0 tracked, 1 followed by a tracked account, 2 followed by one of those",
    ),
    always(
        "active",
        Flag,
        None,
        "whether its likes and likes to it count",
    ),
    always(
        "status",
        Text,
        None,
        "active, deactivated, suspended, takendown, deleted or inactive",
    ),
    maybe(
        "since_micros",
        Time,
        MICROS,
        "event time of entering; null: before the first event",
    ),
    maybe(
        "by",
        Text,
        None,
        "DID of the account whose follow record's change brought it in, perhaps through others; null \
         for tracked accounts",
    ),
];

pub(super) const ASSIGNMENTS: &[ExportColumn] = &[
    always(
        "holder",
        Text,
        None,
        "DID of who has the points; the sink is called sink",
    ),
    always(
        "origin",
        Text,
        None,
        "DID of whose own points they once were",
    ),
    always("points", Int, POINTS, "how many"),
];

pub(super) const JOURNAL: &[ExportColumn] = &[
    always("position", Int, None, "1, 2, 3, … in the ledger's order"),
    always("epoch", Int, None, "in which it was given to the ledger"),
    always("micros", Time, MICROS, "event time"),
    always(
        "kind",
        Text,
        None,
        "transfer, tick, claim, pin, unpin, rules or forget",
    ),
    always("accepted", Flag, None, "whether it took effect"),
    maybe("rejected", Text, None, "why not; null: it did"),
    maybe(
        "sender",
        Text,
        None,
        "DID: of a transfer who gave, of a claim who had given, of pin, unpin and forget whom",
    ),
    maybe(
        "receiver",
        Text,
        None,
        "DID: of a transfer to whom, of a claim who claimed",
    ),
    maybe(
        "points",
        Int,
        POINTS,
        "of a transfer: paid, the sink's cut included; rule reference rounds, and moves a few less",
    ),
    always("sink_points", Int, POINTS, "of them, the sink's cut"),
    maybe(
        "held",
        Flag,
        None,
        "of a transfer: whether it was held back; it may be claimed or expired since",
    ),
    maybe(
        "entry",
        Int,
        None,
        "of a claim: its place among the receiver's bundles",
    ),
    maybe(
        "record",
        Text,
        None,
        "like or repost; null: no record caused it",
    ),
    maybe("rkey", Text, None, "of that record, in the sender's repo"),
    maybe("rev", Text, None, "of the commit it came with"),
    maybe(
        "subject_rkey",
        Text,
        None,
        "of the post, in the receiver's repo",
    ),
    maybe(
        "nonce",
        Int,
        None,
        "64 bits of the record's digest, as a signed number",
    ),
    maybe("parameters", Text, None, "of rules: JSON"),
];

pub(super) const HISTORY: &[ExportColumn] = &[
    always("did", Text, None, "the account"),
    always("epoch", Int, None, "its number"),
    maybe(
        "begins_micros",
        Time,
        MICROS,
        "when it began; null: before the length was changed",
    ),
    maybe(
        "hop",
        Int,
        Some("follows"),
        "distance from the tracked accounts at its end; null: outside the circle, or not over",
    ),
    maybe(
        "own",
        Int,
        POINTS,
        "own points left at its end; null: not over",
    ),
    maybe(
        "tally",
        Int,
        POINTS,
        "points received and still held at its end; null: not over",
    ),
    maybe(
        "tracked",
        Int,
        POINTS,
        "of these, points of tracked accounts while these were pinned; under rule reference, all; null: not over",
    ),
    maybe(
        "rank",
        Int,
        None,
        "by these among the members of the circle, 1 is first; null: none",
    ),
    always(
        "received",
        Int,
        POINTS,
        "that came in the epoch, claimed ones included",
    ),
    always(
        "given",
        Int,
        POINTS,
        "paid in the epoch, the sink's cut included",
    ),
];

pub(super) const LOCAL_TRUST: &[ExportColumn] = &[
    always("from", Text, None, "DID of who gave"),
    always("to", Text, None, "DID of who got"),
    always(
        "value",
        Int,
        POINTS,
        "paid, over all epochs of the journal; rule reference rounds, and moves a few less",
    ),
];

pub(super) const PRE_TRUST: &[ExportColumn] = &[
    always("peer_id", Text, None, "DID of a tracked account"),
    always("value", Int, None, "how much it is trusted beforehand"),
];

pub(super) const NODES: &[ExportColumn] = &[
    always("did", Text, None, "the account"),
    maybe("handle", Text, None, "its name; null until known"),
    always("hop", Int, Some("follows"), "0 tracked, 1, 2, …"),
    always("points", Int, POINTS, "of tracked accounts that it holds"),
];

pub(super) const EDGES: &[ExportColumn] = &[
    always("source", Text, None, "DID"),
    always("target", Text, None, "DID"),
    always("weight", Int, POINTS, "how many"),
];
