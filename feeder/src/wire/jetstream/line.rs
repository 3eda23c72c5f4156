//! One line of Jetstream, of either version.

use super::super::error::{FrameError, FrameErrorKind as Kind};
use super::super::message::{Action, Collection, Micros};
use super::super::scan::is_seq;
use crate::syntax::{is_did, parse_datetime};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// One line, of either version.
pub(super) struct Event<'a> {
    pub(super) cursor: Option<u64>,
    pub(super) time: Option<Micros>,
    /// Not known to be a DID; empty where none is needed.
    pub(super) did: Cow<'a, str>,
    pub(super) what: What<'a>,
}

pub(super) enum What<'a> {
    Op(RawOp<'a>),
    Identity(Detail<'a>),
    Account(Detail<'a>),
    Sync(Detail<'a>),
    Info(Note<'a>),
    Error(Note<'a>),
    /// A kind of the future.
    Unknown(Cow<'a, str>),
}

/// One op, its record not looked at.
pub(super) struct RawOp<'a> {
    pub(super) rev: Cow<'a, str>,
    /// `None` for an action of the future.
    pub(super) action: Option<Action>,
    pub(super) collection: Collection,
    pub(super) rkey: Cow<'a, str>,
    pub(super) cid: Option<Cow<'a, str>>,
    pub(super) record: Option<&'a RawValue>,
}

/// The name and the text of a note or an error.
pub(super) struct Note<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) message: Option<Cow<'a, str>>,
}

impl Event<'_> {
    /// An error that says what could still be read.
    pub(super) fn error(&self, kind: Kind) -> FrameError {
        FrameError {
            kind,
            seq: self.cursor,
            time: self.time,
            did: is_did(&self.did).then(|| self.did.clone().into_owned()),
        }
    }
}

/// Reads one line.
pub(super) fn event(line: &str) -> Result<Event<'_>, FrameError> {
    let line: Line<'_> = serde_json::from_str(line).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => Kind::BadField,
        serde_json::error::Category::Eof => Kind::Truncated,
        _ => Kind::NotJson,
    })?;
    match line.t.as_ref().map(|Text(t)| &**t) {
        None => of_v1(line),
        Some("message") => of_v2(line.payload.ok_or(Kind::MissingField)?),
        Some("error") => Ok(Event {
            cursor: None,
            time: None,
            did: Cow::Borrowed(""),
            what: What::Error(Note {
                name: line.error.ok_or(Kind::MissingField)?.0,
                message: line.message.map(|text| text.0),
            }),
        }),
        Some(other) => Ok(Event {
            cursor: None,
            time: None,
            did: Cow::Borrowed(""),
            what: What::Unknown(Cow::Owned(other.to_owned())),
        }),
    }
}

fn of_v1(line: Line<'_>) -> Result<Event<'_>, FrameError> {
    let cursor = line.time_us.ok_or(Kind::MissingField)?;
    let kind = line.kind.ok_or(Kind::MissingField)?.0;
    let mut event = Event {
        cursor: is_seq(cursor).then_some(cursor),
        time: Micros::try_from(cursor).ok(),
        did: line.did.unwrap_or_default().0,
        what: What::Unknown(Cow::Borrowed("")),
    };
    if event.cursor.is_none() {
        return Err(Kind::BadSeq.into());
    }
    let what = match &*kind {
        "commit" => line.commit.and_then(OpFields::into_op),
        "identity" => line.identity.map(What::Identity),
        "account" => line.account.map(What::Account),
        _ => Some(What::Unknown(kind)),
    };
    event.what = what.ok_or_else(|| event.error(Kind::MissingField))?;
    Ok(event)
}

fn of_v2(payload: Payload<'_>) -> Result<Event<'_>, FrameError> {
    let t = payload.t.ok_or(Kind::MissingField)?.0;
    let kind = t.rsplit('#').next().unwrap_or_default();
    let mut event = Event {
        cursor: payload.seq,
        time: payload.time.and_then(|Text(time)| parse_datetime(&time)),
        did: payload.did.unwrap_or_default().0,
        what: What::Unknown(Cow::Borrowed("")),
    };
    if event.cursor.is_some_and(|seq| !is_seq(seq)) {
        return Err(Kind::BadSeq.into());
    }
    let what = match kind {
        "commit" => OpFields {
            rev: payload.rev,
            operation: payload.operation,
            collection: payload.collection,
            rkey: payload.rkey,
            cid: payload.cid,
            record: payload.record,
        }
        .into_op(),
        "identity" => payload.identity.map(What::Identity),
        "account" => payload.account.map(What::Account),
        "sync" => payload.sync.map(What::Sync),
        "info" => payload.name.map(|Text(name)| {
            What::Info(Note {
                name,
                message: payload.message.map(|text| text.0),
            })
        }),
        _ => Some(What::Unknown(Cow::Owned(kind.to_owned()))),
    };
    event.what = what.ok_or_else(|| event.error(Kind::MissingField))?;
    let needs_seq = !matches!(event.what, What::Info(_) | What::Unknown(_));
    if needs_seq && event.cursor.is_none() {
        return Err(event.error(Kind::MissingField));
    }
    Ok(event)
}

/// A line as it stands in the JSON; unknown fields are stepped over.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    did: Option<Text<'a>>,
    time_us: Option<u64>,
    #[serde(borrow)]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    commit: Option<OpFields<'a>>,
    #[serde(borrow)]
    identity: Option<Detail<'a>>,
    #[serde(borrow)]
    account: Option<Detail<'a>>,
    #[serde(rename = "$type", borrow)]
    t: Option<Text<'a>>,
    #[serde(borrow)]
    payload: Option<Payload<'a>>,
    #[serde(borrow)]
    error: Option<Text<'a>>,
    #[serde(borrow)]
    message: Option<Text<'a>>,
}

/// What v2 wraps. The fields of an op lie among the others, and are listed here again because
/// raw text cannot be flattened.
#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(rename = "$type", borrow)]
    t: Option<Text<'a>>,
    seq: Option<u64>,
    #[serde(borrow)]
    did: Option<Text<'a>>,
    #[serde(borrow)]
    time: Option<Text<'a>>,
    #[serde(borrow)]
    rev: Option<Text<'a>>,
    #[serde(borrow)]
    operation: Option<Text<'a>>,
    #[serde(borrow)]
    collection: Option<Text<'a>>,
    #[serde(borrow)]
    rkey: Option<Text<'a>>,
    #[serde(borrow)]
    cid: Option<Text<'a>>,
    #[serde(borrow)]
    record: Option<&'a RawValue>,
    #[serde(borrow)]
    identity: Option<Detail<'a>>,
    #[serde(borrow)]
    account: Option<Detail<'a>>,
    #[serde(borrow)]
    sync: Option<Detail<'a>>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    message: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct OpFields<'a> {
    #[serde(borrow)]
    rev: Option<Text<'a>>,
    #[serde(borrow)]
    operation: Option<Text<'a>>,
    #[serde(borrow)]
    collection: Option<Text<'a>>,
    #[serde(borrow)]
    rkey: Option<Text<'a>>,
    #[serde(borrow)]
    cid: Option<Text<'a>>,
    #[serde(borrow)]
    record: Option<&'a RawValue>,
}

impl<'a> OpFields<'a> {
    fn into_op(self) -> Option<What<'a>> {
        Some(What::Op(RawOp {
            rev: self.rev?.0,
            action: match &*self.operation?.0 {
                "create" => Some(Action::Create),
                "update" => Some(Action::Update),
                "delete" => Some(Action::Delete),
                _ => None,
            },
            collection: Collection::from_nsid(&self.collection?.0),
            rkey: self.rkey?.0,
            cid: self.cid.map(|cid| cid.0),
            record: self.record,
        }))
    }
}

/// The fields of an identity, an account or a sync event, as the relay sent it. Its seq and time
/// are the relay's and are not read.
#[derive(Deserialize)]
pub(super) struct Detail<'a> {
    pub(super) active: Option<bool>,
    #[serde(borrow)]
    pub(super) status: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) handle: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) rev: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) blocks: Option<Blob<'a>>,
}

/// Bytes as JSON has them in the AT Protocol's data model.
#[derive(Deserialize)]
pub(super) struct Blob<'a> {
    #[serde(rename = "$bytes", borrow)]
    base64: Text<'a>,
}

impl Blob<'_> {
    /// The bytes; `None` if the text is not base64.
    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        let text = self.base64.0.trim_end_matches('=');
        multibase::Base::Base64.decode(text).ok()
    }
}

/// Text that is borrowed from the line unless it has escapes.
#[derive(Default)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AsText;
        impl<'de> Visitor<'de> for AsText {
            type Value = Text<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a string")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(AsText)
    }
}
