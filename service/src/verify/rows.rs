//! Rows of tables as sums of their hashes: equal when the rows are, whatever their order.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use anyhow::Result;
use hashbrown::HashMap;
use kith_reputation::{AccountId, AccountImage, Piece};
use kith_store::{
    ImagePart, Pieces, Store,
    batch::{KeptRow, State},
};

use super::{Differences, Row};

/// A sum of 128-bit hashes.
pub(super) type Sum = u128;

fn hash(row: &impl Hash) -> Sum {
    let half = |salt: u64| {
        let mut hasher = DefaultHasher::new();
        salt.hash(&mut hasher);
        row.hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(1) << 64 | half(2)
}

/// The rows of a table that has a row for each key and epoch.
pub(super) struct EpochRows<K, V> {
    sums: BTreeMap<i64, Sum>,
    watched: Option<i64>,
    rows: HashMap<K, V>,
}

impl<K: Hash + Eq + Ord + Copy + Key, V: Hash + Eq + Copy + Columns> EpochRows<K, V> {
    /// No rows; those of one epoch will be kept.
    pub(super) fn new(watched: Option<i64>) -> Self {
        EpochRows {
            sums: BTreeMap::new(),
            watched,
            rows: HashMap::new(),
        }
    }

    pub(super) fn add(&mut self, epoch: i64, key: K, value: V) {
        let sum = self.sums.entry(epoch).or_default();
        *sum = sum.wrapping_add(hash(&(key, value)));
        if self.watched == Some(epoch) {
            self.rows.insert(key, value);
        }
    }

    /// The first epoch, from one on, of which the others have other rows.
    pub(super) fn first_difference(&self, others: &Self, from: Option<i64>) -> Option<i64> {
        let epochs = self.sums.keys().chain(others.sums.keys());
        let differs = |epoch: &&i64| self.sums.get(*epoch) != others.sums.get(*epoch);
        let is_after = |epoch: &&i64| from.is_none_or(|from| **epoch >= from);
        epochs.filter(is_after).filter(differs).min().copied()
    }

    /// Names the differences of the rows that were kept.
    pub(super) fn tell(&self, table: &'static str, replayed: &Self, differences: &mut Differences) {
        let Some(epoch) = self.watched else { return };
        let mut keys: Vec<K> = self
            .rows
            .keys()
            .chain(replayed.rows.keys())
            .copied()
            .collect();
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            let (stored, should) = (self.rows.get(&key), replayed.rows.get(&key));
            if stored == should {
                continue;
            }
            let row = key.row().and("epoch", epoch);
            match (stored, should) {
                (Some(stored), Some(should)) => {
                    for ((column, a), (_, b)) in stored.columns().into_iter().zip(should.columns())
                    {
                        differences.unless_equal((table, &row, column), &a, &b);
                    }
                }
                (stored, _) => {
                    let shown = |there| if there { "a row" } else { "no row" };
                    let (is_there, other) = (stored.is_some(), stored.is_none());
                    differences.note((table, &row, "*"), shown(is_there), shown(other));
                }
            }
        }
    }
}

/// The key of a row, but for its epoch.
pub(super) trait Key {
    /// As it is told.
    fn row(&self) -> Row;
}

impl Key for AccountId {
    fn row(&self) -> Row {
        Row::holder(*self)
    }
}

/// Origin, receiver and sender of a flow.
impl Key for (AccountId, AccountId, AccountId) {
    fn row(&self) -> Row {
        let row = Row::default().account("origin", self.0);
        row.account("receiver", self.1).account("sender", self.2)
    }
}

/// A value that is shown column by column.
pub(super) trait Columns {
    /// Names and values.
    fn columns(&self) -> Vec<(&'static str, String)>;
}

impl Columns for u64 {
    fn columns(&self) -> Vec<(&'static str, String)> {
        vec![("points", self.to_string())]
    }
}

impl Columns for (u64, u64) {
    fn columns(&self) -> Vec<(&'static str, String)> {
        vec![
            ("received", self.0.to_string()),
            ("given", self.1.to_string()),
        ]
    }
}

/// The stored images, each as one sum, by where they are true.
#[derive(Debug, Default)]
pub(super) struct ImageSums {
    sums: HashMap<(Place, AccountId), Sum>,
    /// Of the checkpoint: the tick that each is settled to.
    ordinals: HashMap<AccountId, i64>,
    /// Ascending: position, where, whose.
    pub(super) due: Vec<(u64, Place, AccountId)>,
}

/// Which tables an image stands in: None the checkpoint's, else the kept one of an ordinal.
pub(super) type Place = Option<u32>;

/// Where an image can be true.
const AT_MOST: &str = "a position of the journal";

impl ImageSums {
    /// Those of the checkpoint, which a start takes to be true where it was begun, too, if they are older.
    pub(super) async fn read(
        store: &Store,
        state: &State,
        differences: &mut Differences,
    ) -> Result<ImageSums> {
        let whole_at = state.checkpoint_position;
        let mut all = ImageSums::default();
        store
            .each_image_part(None, |id, position, part| {
                let sum = all.sums.entry((None, id)).or_default();
                *sum = sum.wrapping_add(hash(&part));
                if let ImagePart::Account { ordinal, .. } = part {
                    all.ordinals.insert(id, ordinal);
                }
                if let Some(position) = position {
                    all.due.push((position, None, id));
                }
            })
            .await?;
        all.due.sort_unstable();
        for (position, _, id) in all.due.iter().rev() {
            if *position <= state.position {
                break;
            }
            let key = ("ledger_account", &Row::holder(*id), "position");
            differences.note(key, position.cast_signed(), AT_MOST);
        }
        if all.due.len() < all.sums.len() {
            let mut due: Vec<AccountId> = all.due.iter().map(|(_, _, id)| *id).collect();
            due.sort_unstable();
            for (_, id) in all.sums.keys() {
                if due.binary_search(id).is_err() {
                    let key = ("assignment", &Row::holder(*id), "*");
                    differences.note(key, "rows", "no image of the account");
                }
            }
        }
        let older = all.due.iter().filter(|(position, ..)| *position < whole_at);
        let again: Vec<_> = older
            .map(|(_, place, id)| (whole_at, *place, *id))
            .collect();
        all.due.extend(again);
        all.due.sort_unstable();
        Ok(all)
    }

    /// Adds those of a kept checkpoint.
    pub(super) async fn read_kept(
        &mut self,
        store: &Store,
        state: &State,
        row: &KeptRow,
        differences: &mut Differences,
    ) -> Result<()> {
        let place = Some(row.ordinal);
        store
            .each_kept_image(row.ordinal, |image| {
                let sum = sum_of(&parts(&image.image));
                self.sums.insert((place, image.id), sum);
                self.due.push((image.position, place, image.id));
                if image.position > state.position {
                    let key = Row::default().and("ordinal", row.ordinal);
                    let key = key.account("holder", image.id);
                    let stored = image.position.cast_signed();
                    differences.note(("kept_image", &key, "position"), stored, AT_MOST);
                }
                anyhow::Ok(())
            })
            .await?;
        self.due.sort_unstable();
        Ok(())
    }

    /// Images of the checkpoint.
    pub(super) fn images(&self) -> usize {
        self.ordinals.len()
    }

    /// Which of so many accounts have no image there.
    pub(super) fn missing(&self, place: Place, accounts: u32) -> impl Iterator<Item = AccountId> {
        let all = (0..accounts).map(AccountId);
        all.filter(move |id| !self.sums.contains_key(&(place, *id)))
    }

    /// The tick that all of so many accounts are settled to in the checkpoint.
    pub(super) fn settled_to(&self, accounts: u32) -> i64 {
        let ordinals = (0..accounts).map(|id| self.ordinals.get(&AccountId(id)).copied());
        ordinals
            .map(Option::unwrap_or_default)
            .min()
            .unwrap_or(i64::MAX)
    }

    /// Whether the image that is stored there has these parts.
    pub(super) fn is(&self, place: Place, id: AccountId, parts: &[ImagePart]) -> bool {
        self.sums.get(&(place, id)) == Some(&sum_of(parts))
    }
}

fn sum_of(parts: &[ImagePart]) -> Sum {
    parts.iter().map(hash).fold(0, Sum::wrapping_add)
}

/// An image as the rows that are stored of it.
pub(super) fn parts(image: &AccountImage) -> Vec<ImagePart> {
    let assigned: i64 = image.rows.iter().map(|row| i64::from(row.points)).sum();
    let length = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    let mut parts = vec![ImagePart::Account {
        own: image.own.into(),
        others: image.others.cast_signed(),
        tally: image.others.cast_signed() + assigned,
        rows: length(image.rows.len()),
        unclaimed: length(image.unclaimed.len()),
        ordinal: image.ordinal.into(),
    }];
    parts.extend(image.rows.iter().map(|row| ImagePart::Assignment {
        origin: row.origin.0.into(),
        points: row.points.into(),
        touched: row.touched.map(i64::from),
    }));
    parts.extend(
        image
            .unclaimed
            .iter()
            .enumerate()
            .map(|(i, entry)| ImagePart::Unclaimed {
                entry: length(i),
                sender: entry.sender.0.into(),
                ordinal: entry.ordinal.into(),
                points: entry.pieces.iter().map(|p| i64::from(p.points)).sum(),
                pieces: Pieces::encode(&entry.pieces),
            }),
    );
    parts
}

/// Table, row, columns and values of a part of an account's image.
pub(super) fn shown(
    id: AccountId,
    part: &ImagePart,
) -> (&'static str, Row, Vec<(&'static str, String)>) {
    let row = Row::holder(id);
    let text = |n: &i64| n.to_string();
    match part {
        ImagePart::Account {
            own,
            others,
            tally,
            rows,
            unclaimed,
            ordinal,
        } => (
            "ledger_account",
            row,
            vec![
                ("own", text(own)),
                ("others", text(others)),
                ("tally", text(tally)),
                ("rows", text(rows)),
                ("unclaimed", text(unclaimed)),
                ("ordinal", text(ordinal)),
            ],
        ),
        ImagePart::Assignment {
            origin,
            points,
            touched,
        } => (
            "assignment",
            match u32::try_from(*origin) {
                Ok(origin) => row.account("origin", AccountId(origin)),
                Err(_) => row.and("origin", origin),
            },
            vec![
                ("points", text(points)),
                ("touched", touched.as_ref().map_or("NULL".to_owned(), text)),
            ],
        ),
        ImagePart::Unclaimed {
            entry,
            sender,
            ordinal,
            points,
            pieces,
        } => (
            "unclaimed",
            row.and("entry", entry),
            vec![
                ("sender", text(sender)),
                ("ordinal", text(ordinal)),
                ("points", text(points)),
                ("pieces", shown_pieces(pieces)),
            ],
        ),
    }
}

/// Pieces as origin:points.
pub(super) fn shown_pieces(pieces: &Pieces) -> String {
    match pieces.decode() {
        None => "not pieces".to_owned(),
        Some(pieces) => {
            let shown = |piece: &Piece| format!("{}:{}", piece.origin, piece.points);
            pieces.iter().map(shown).collect::<Vec<_>>().join(" ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_epoch_that_differs_is_found_in_any_order() {
        let mut a = EpochRows::new(None);
        let mut b = EpochRows::new(None);
        for key in 0..10 {
            a.add(5, AccountId(key), 1_u64);
            b.add(5, AccountId(9 - key), 1_u64);
        }
        assert_eq!(a.first_difference(&b, None), None);
        b.add(7, AccountId(1), 1);
        a.add(8, AccountId(1), 1);
        assert_eq!(a.first_difference(&b, None), Some(7));
        assert_eq!(a.first_difference(&b, Some(8)), Some(8));
        assert_eq!(a.first_difference(&b, Some(9)), None);
    }
}
