//! What was asked of the ledger, and what came of it.

use super::Micros;

/// Something that somebody asks of the writer.
#[derive(Debug, Clone, Eq, PartialEq)]
pub struct Request {
    /// What.
    pub kind: RequestKind,
    /// DID of who claims, or is to be forgotten or remembered.
    pub did: String,
    /// Of a claim: DID of whose bundles; None: everybody's.
    pub sender: Option<String>,
    /// Of a claim: which bundle, 0 is the oldest; None: all.
    pub entry: Option<u32>,
}

/// What can be asked.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub enum RequestKind {
    /// The account takes bundles that wait for it.
    Claim,
    /// Nothing is to be kept of the account.
    Forget,
    /// The account may be met again.
    Remember,
}

/// A request that waits.
#[derive(Debug, Clone, Eq, PartialEq)]
pub struct RequestRow {
    /// Its number.
    pub id: u64,
    /// What is asked.
    pub request: Request,
}

/// What came of a request. Never renamed: the words are a contract.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub enum Answer {
    /// It was done.
    Done,
    /// As many bundles as one request may claim were claimed; more wait.
    Partly,
    /// No like ever named this account, or nothing is known of it at all.
    UnknownAccount,
    /// No bundle waits for it, or none of that sender.
    NothingWaits,
    /// There is no bundle of that number, or it is not of that sender.
    NoSuchEntry,
    /// A tracked account is not forgotten.
    Tracked,
    /// It is forgotten already.
    AlreadyForgotten,
    /// It was not forgotten.
    NotForgotten,
    /// The ledger said no for another reason: the journal says which.
    Refused,
}

/// The answer to a request.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub struct AnswerRow {
    /// The request's number.
    pub id: u64,
    /// What came of it.
    pub answer: Answer,
    /// Rows of the journal that it made.
    pub operations: u32,
    /// The last of these.
    pub position: Option<u64>,
    /// Points claimed, or given up.
    pub points: u64,
    /// Local time.
    pub micros: Micros,
}
