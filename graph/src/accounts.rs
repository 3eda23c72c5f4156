//! DIDs as dense numbers.

use std::fmt;
use std::hash::BuildHasher;
use std::ops::Deref;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::AccountId;
use crate::base32::PLAIN;
use crate::members::Sieve;
use crate::paged::Paged;

/// What every DID of the PLC directory begins with.
const PLC: &[u8; 8] = b"did:plc:";

/// Independent hash tables, so that one that grows moves its thousand accounts and not all two
/// million: 0.1 ms instead of 200.
const SHARDS: usize = 1 << 11;

/// The interner: a DID gets the next free number when it is first seen, and keeps it.
///
/// A `did:plc` with its 24 base32 characters is kept in 15 bytes; any other string as it is. What
/// is given is not validated: whoever interns decides what is a DID. Accounts are never dropped,
/// so one that was only seen once costs its bytes until the process ends.
///
/// Lookups hash with a key drawn at random (subjects of follows are chosen by strangers, who
/// could otherwise make them collide); nothing ever iterates in hash order.
#[derive(Clone, Debug)]
pub struct Accounts {
    keys: Paged<Key>,
    others: Vec<Box<str>>,
    shards: Box<[HashTable<AccountId>]>,
    /// By shard, who of it may be a member.
    sieves: Box<[Sieve]>,
    hasher: DefaultHashBuilder,
}

impl Default for Accounts {
    fn default() -> Self {
        Self::new()
    }
}

impl Accounts {
    /// No accounts.
    pub fn new() -> Self {
        Self {
            keys: Paged::new(),
            others: Vec::new(),
            shards: vec![HashTable::new(); SHARDS].into_boxed_slice(),
            sieves: (0..SHARDS)
                .map(|shard| Sieve::of(&[], share(shard)))
                .collect(),
            hasher: DefaultHashBuilder::default(),
        }
    }

    /// The number of `did`, a new one if it is seen for the first time.
    ///
    /// # Panics
    ///
    /// Past 2^32 accounts, which would need some 200 GB.
    pub fn intern(&mut self, did: &str) -> AccountId {
        let name = Name::of(did);
        let hash = self.hash(&name);
        if let Some(id) = self.find(hash, &name, |_| true) {
            return id;
        }
        let id = AccountId::at(self.keys.len());
        self.keys.push(match name {
            Name::Plc(bits) => Key(bits),
            Name::Other(did) => {
                self.others.push(did.into());
                Key(Key::OTHER | (self.others.len() - 1) as u128)
            }
        });
        let Self {
            keys,
            others,
            shards,
            hasher,
            ..
        } = self;
        shards[shard(hash)]
            .insert_unique(hash, id, |id| hash_of(hasher, &name_of(keys, others, *id)));
        id
    }

    /// The number of `did`, if it was ever seen.
    pub fn get(&self, did: &str) -> Option<AccountId> {
        let name = Name::of(did);
        self.find(self.hash(&name), &name, |_| true)
    }

    /// The number of `did` if it is a member's. A stranger's no costs one look at memory.
    ///
    /// Members are those that [`Self::moved`] was called for and `is_member` says yes to.
    pub(crate) fn member(
        &self,
        did: &str,
        is_member: impl Fn(AccountId) -> bool,
    ) -> Option<AccountId> {
        let name = Name::of(did);
        let hash = self.hash(&name);
        if !self.sieves[shard(hash)].may_hold(hash) {
            return None;
        }
        self.find(hash, &name, is_member)
    }

    /// Notes that the account became a member, or is none any more.
    pub(crate) fn moved(&mut self, id: AccountId, is_member: impl Fn(AccountId) -> bool) {
        let hash = self.hash(&name_of(&self.keys, &self.others, id));
        let shard = shard(hash);
        let sieve = &mut self.sieves[shard];
        let is_worn = if is_member(id) {
            sieve.enter(hash)
        } else {
            sieve.leave()
        };
        if is_worn {
            let living = self.shards[shard].iter().filter(|id| is_member(**id));
            let hashes = living.map(|id| self.hash(&name_of(&self.keys, &self.others, *id)));
            self.sieves[shard] = Sieve::of(&hashes.collect::<Vec<_>>(), share(shard));
        }
    }

    /// The DID of an account.
    ///
    /// # Panics
    ///
    /// If `id` was not given by these accounts.
    pub fn did(&self, id: AccountId) -> Did<'_> {
        match name_of(&self.keys, &self.others, id) {
            Name::Other(did) => Did(Text::Other(did)),
            Name::Plc(bits) => {
                let mut text = [0; 32];
                text[..8].copy_from_slice(PLC);
                for (part, chars) in text[8..].chunks_exact_mut(8).enumerate() {
                    let bits = ((bits >> (80 - 40 * part)) & ((1 << 40) - 1)) as u64;
                    chars.copy_from_slice(&PLAIN.unpack(bits));
                }
                Did(Text::Plc(text))
            }
        }
    }

    /// How many accounts were ever seen.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no account was ever seen.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn find(
        &self,
        hash: u64,
        name: &Name<'_>,
        wanted: impl Fn(AccountId) -> bool,
    ) -> Option<AccountId> {
        self.shards[shard(hash)]
            .find(hash, |id| {
                wanted(*id) && name_of(&self.keys, &self.others, *id) == *name
            })
            .copied()
    }

    fn hash(&self, name: &Name<'_>) -> u64 {
        hash_of(&self.hasher, name)
    }
}

/// A DID. Reads as a string (`&*did`, or [`Did::as_str`]); costs no allocation.
#[derive(Copy, Clone)]
pub struct Did<'a>(Text<'a>);

#[derive(Copy, Clone)]
enum Text<'a> {
    Plc([u8; 32]),
    Other(&'a str),
}

impl Did<'_> {
    /// The DID as a string.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            // Always ASCII.
            Text::Plc(text) => str::from_utf8(text).unwrap_or_default(),
            Text::Other(text) => text,
        }
    }
}

impl Deref for Did<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Did<'_> {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Did<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl fmt::Debug for Did<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// A DID as it is kept: the 120 bits of a `did:plc`, or where among the others it is.
#[derive(Copy, Clone, Debug)]
struct Key(u128);

impl Key {
    const OTHER: u128 = 1 << 127;
}

/// A DID as it is looked for.
#[derive(Copy, Clone, PartialEq)]
enum Name<'a> {
    Plc(u128),
    Other(&'a str),
}

impl<'a> Name<'a> {
    fn of(did: &'a str) -> Self {
        plc_bits(did.as_bytes()).map_or(Name::Other(did), Name::Plc)
    }
}

fn plc_bits(did: &[u8]) -> Option<u128> {
    let did: &[u8; 32] = did.try_into().ok()?;
    let [method, first, second, third] = did.as_chunks::<8>().0 else {
        return None;
    };
    if method != PLC {
        return None;
    }
    let (first, second, third) = (
        PLAIN.pack(*first)?,
        PLAIN.pack(*second)?,
        PLAIN.pack(*third)?,
    );
    Some(u128::from(first) << 80 | u128::from(second) << 40 | u128::from(third))
}

fn name_of<'a>(keys: &Paged<Key>, others: &'a [Box<str>], id: AccountId) -> Name<'a> {
    let Key(bits) = keys[id.index()];
    if bits & Key::OTHER == 0 {
        Name::Plc(bits)
    } else {
        Name::Other(&others[(bits & u128::from(u32::MAX)) as usize])
    }
}

fn hash_of(hasher: &DefaultHashBuilder, name: &Name<'_>) -> u64 {
    match name {
        Name::Plc(bits) => hasher.hash_one(bits),
        Name::Other(did) => hasher.hash_one(did),
    }
}

/// How soon a shard's sieve is worn: each at another time.
fn share(shard: usize) -> u8 {
    u8::try_from(shard % 256).unwrap_or_default()
}

/// Bits of the hash that the tables themselves look at last.
fn shard(hash: u64) -> usize {
    (hash >> 40) as usize % SHARDS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_dense_and_stay() {
        let mut accounts = Accounts::new();
        let dids = [
            "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa",
            "did:web:example.com",
            "did:plc:777777777777777777777777",
            "did:plc:77777777777777777777777",
            "did:plc:7777777777777777777777777",
            "did:plc:AAAAAAAAAAAAAAAAAAAAAAAA",
            "did:plc:aaaaaaaaaaaaaaaaaaaaaaa1",
            "did:web:aaaaaaaaaaaaaaaaaaaaaaaa",
            "",
            "did:plc:ääääääääääää",
        ];
        for round in 0..2 {
            for (number, did) in dids.iter().enumerate() {
                assert_eq!(
                    accounts.intern(did).index(),
                    number,
                    "{did} in round {round}"
                );
            }
        }
        for (number, did) in dids.iter().enumerate() {
            let id = AccountId::at(number);
            assert_eq!(accounts.get(did), Some(id));
            assert_eq!(accounts.did(id).as_str(), *did);
        }
        assert_eq!(accounts.len(), dids.len());
        assert_eq!(accounts.get("did:web:elsewhere.example"), None);
    }

    #[test]
    fn a_did_pads_and_prints_like_a_string() {
        let mut accounts = Accounts::new();
        let id = accounts.intern("did:web:a.example");
        assert_eq!(format!("{:>20}", accounts.did(id)), "   did:web:a.example");
        assert_eq!(format!("{:?}", accounts.did(id)), "\"did:web:a.example\"");
    }
}
