//! Record keys: eight bytes each, the rare odd ones elsewhere.

use std::fmt;
use std::ops::Deref;

use crate::base32::SORTABLE;

/// A record key. Reads as a string; costs no allocation.
#[derive(Copy, Clone)]
pub struct Rkey<'a>(Text<'a>);

#[derive(Copy, Clone)]
enum Text<'a> {
    Tid([u8; 13]),
    Odd(&'a str),
}

impl Rkey<'_> {
    /// The record key as a string.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            // Always ASCII.
            Text::Tid(text) => str::from_utf8(text).unwrap_or_default(),
            Text::Odd(text) => text,
        }
    }
}

impl Deref for Rkey<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Rkey<'_> {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Rkey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl fmt::Debug for Rkey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// A record key as it is looked for and ordered: TIDs by time, then everything else as text.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
pub(crate) enum Name<'a> {
    Tid(u64),
    Odd(&'a str),
}

impl<'a> Name<'a> {
    pub(crate) fn of(rkey: &'a str) -> Self {
        tid_bits(rkey.as_bytes()).map_or(Name::Odd(rkey), Name::Tid)
    }

    pub(crate) fn text(self) -> Rkey<'a> {
        match self {
            Name::Odd(text) => Rkey(Text::Odd(text)),
            Name::Tid(bits) => {
                let (high, low) = (SORTABLE.unpack(bits >> 40), SORTABLE.unpack(bits & LOW));
                let mut text = [0; 13];
                text[..5].copy_from_slice(&high[3..]);
                text[5..].copy_from_slice(&low);
                Rkey(Text::Tid(text))
            }
        }
    }
}

/// The low 40 of a TID's 63 bits: its last eight characters.
const LOW: u64 = (1 << 40) - 1;

/// A TID's value: 13 sortable characters, the top bit of 64 clear (AT Protocol specification,
/// "Record Key" and "TID").
fn tid_bits(rkey: &[u8]) -> Option<u64> {
    let rkey: &[u8; 13] = rkey.try_into().ok()?;
    let (first, low) = rkey.split_at(5);
    let mut high = *b"22222222";
    high[3..].copy_from_slice(first);
    let high = SORTABLE.pack(high)?;
    let low = SORTABLE.pack(low.try_into().ok()?)?;
    (high < 1 << 23).then_some(high << 40 | low)
}

/// A record key as it is kept: a TID, or where among the odd ones it is.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(crate) struct Key(pub(crate) u64);

const ODD: u64 = 1 << 63;

/// The record keys that are not TIDs. Each record owns its own; places are reused.
#[derive(Clone, Debug, Default)]
pub(crate) struct OddRkeys {
    texts: Vec<Box<str>>,
    free: Vec<Key>,
}

impl OddRkeys {
    pub(crate) fn name(&self, key: Key) -> Name<'_> {
        if key.0 & ODD == 0 {
            Name::Tid(key.0)
        } else {
            Name::Odd(&self.texts[place(key)])
        }
    }

    /// The key for a new record. To be given back with [`Self::release`].
    pub(crate) fn keep(&mut self, name: Name<'_>) -> Key {
        match name {
            Name::Tid(bits) => Key(bits),
            Name::Odd(text) => {
                if let Some(key) = self.free.pop() {
                    self.texts[place(key)] = text.into();
                    return key;
                }
                self.texts.push(text.into());
                Key(ODD | (self.texts.len() - 1) as u64)
            }
        }
    }

    pub(crate) fn release(&mut self, key: Key) {
        if key.0 & ODD != 0 {
            self.texts[place(key)] = Box::default();
            self.free.push(key);
        }
    }

    /// How many are held.
    pub(crate) fn len(&self) -> usize {
        self.texts.len() - self.free.len()
    }
}

fn place(key: Key) -> usize {
    (key.0 & !ODD) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tids_are_packed_and_everything_else_is_kept_as_it_is() {
        let packed = ["3jui7kd54zh2y", "2222222222222", "bzzzzzzzzzzzz"];
        let odd = [
            "jzzzzzzzzzzzz",
            "self",
            "",
            "3jui7kd54zh21",
            "3JUI7KD54ZH2Y",
            "3jui7kd54zh2yy",
        ];
        let mut texts = OddRkeys::default();
        for (rkeys, is_tid) in [(&packed[..], true), (&odd[..], false)] {
            for rkey in rkeys {
                let name = Name::of(rkey);
                assert_eq!(matches!(name, Name::Tid(_)), is_tid, "{rkey}");
                let key = texts.keep(name);
                assert_eq!(texts.name(key), name);
                assert_eq!(texts.name(key).text().as_str(), *rkey);
            }
        }
        assert_eq!(texts.len(), odd.len());
    }

    #[test]
    fn tids_order_as_their_text_does() {
        let mut rkeys = [
            "3jui7kd54zh2y",
            "3jui7kd54zh2z",
            "3kaaaaaaaaaaa",
            "2zzzzzzzzzzzz",
        ];
        rkeys.sort_unstable();
        assert!(rkeys.is_sorted_by_key(|rkey| Name::of(rkey)));
        assert!(Name::of("bzzzzzzzzzzzz") < Name::of("3"));
    }

    #[test]
    fn places_of_odd_keys_are_reused() {
        let mut texts = OddRkeys::default();
        for round in 0..100 {
            let key = texts.keep(Name::of(&format!("odd-{round}")));
            texts.release(key);
        }
        assert_eq!((texts.texts.len(), texts.len()), (1, 0));
    }
}
