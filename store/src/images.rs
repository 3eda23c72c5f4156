//! Reading the images of the checkpoint, one after the other.

use std::collections::BTreeMap;

use kith_reputation::{AccountId, AccountImage, Entry, Row};

use crate::{
    Pieces, Store, StoreError,
    batch::{ImageRow, StoredRows},
    load::{corrupt, number},
};

/// The accounts of the checkpoint, without their rows.
#[derive(Debug)]
pub struct ImageHeads(Vec<Head>);

impl ImageHeads {
    /// Where each image is true, ascending by id.
    pub fn positions(&self) -> impl ExactSizeIterator<Item = (AccountId, u64)> {
        self.0.iter().map(|head| (head.id, head.position))
    }
}

/// A row of `ledger_account`.
#[derive(Debug)]
struct Head {
    id: AccountId,
    own: u32,
    ordinal: u32,
    others: u64,
    position: u64,
    tally: u64,
    rows: u32,
    unclaimed: u32,
}

impl Store {
    /// The images of the checkpoint, ascending by id. An image that is not whole (its rows are not
    /// as many, or do not sum up, as its account says) is left out: the journal has everything.
    pub async fn each_image<E: From<StoreError>>(
        &self,
        heads: &ImageHeads,
        mut give: impl FnMut(ImageRow) -> Result<(), E>,
    ) -> Result<(), E> {
        const SQL: &str = "SELECT holder, origin, points, touched FROM assignment \
            ORDER BY holder, origin";
        let mut entries = self.entries().await?;
        let mut left = heads.0.iter().peekable();
        let mut rows: Vec<Row> = Vec::new();
        // Gives the accounts up to this one, whose rows these are.
        let mut give_upto = |last: AccountId, rows: Vec<Row>| {
            let mut rows = Some(rows);
            while let Some(head) = left.next_if(|head| head.id <= last) {
                let rows = rows.take_if(|_| head.id == last).unwrap_or_default();
                let entries = entries.remove(&head.id).unwrap_or_default();
                if let Some(image) = head.image(rows, entries) {
                    give(image)?;
                }
            }
            Ok::<(), E>(())
        };
        let mut last = AccountId(0);
        self.scan(SQL, &[], |row| {
            let holder = row.int(0)?;
            let small = |column, value| number("assignment", column, &holder, value);
            let id = AccountId(small("holder", holder)?);
            if id != last {
                give_upto(last, std::mem::take(&mut rows))?;
                last = id;
            }
            let touched = row.int_opt(3)?;
            rows.push(Row {
                origin: AccountId(small("origin", row.int(1)?)?),
                points: small("points", row.int(2)?)?,
                touched: touched.map(|t| small("touched", t)).transpose()?,
            });
            Ok::<(), E>(())
        })
        .await?;
        give_upto(last, rows)?;
        give_upto(AccountId(u32::MAX), Vec::new())
    }

    /// The accounts of the checkpoint.
    pub async fn image_heads(&self) -> Result<ImageHeads, StoreError> {
        const SQL: &str = "SELECT id, own, ordinal, others, position, tally, rows, unclaimed \
            FROM ledger_account ORDER BY id";
        let mut heads = Vec::new();
        self.scan(SQL, &[], |row| {
            let id = row.int(0)?;
            let small = |column, value| number("ledger_account", column, &id, value);
            let large = |column| row.int(column).map(i64::cast_unsigned);
            heads.push(Head {
                id: AccountId(small("id", id)?),
                own: small("own", row.int(1)?)?,
                ordinal: small("ordinal", row.int(2)?)?,
                others: large(3)?,
                position: large(4)?,
                tally: large(5)?,
                rows: small("rows", row.int(6)?)?,
                unclaimed: small("unclaimed", row.int(7)?)?,
            });
            Ok::<(), StoreError>(())
        })
        .await?;
        Ok(ImageHeads(heads))
    }

    /// The unclaimed entries; nearly nobody has some.
    async fn entries(&self) -> Result<BTreeMap<AccountId, Vec<Entry>>, StoreError> {
        const SQL: &str = "SELECT receiver, sender, ordinal, pieces FROM unclaimed \
            ORDER BY receiver, entry";
        let mut entries: BTreeMap<AccountId, Vec<Entry>> = BTreeMap::new();
        self.scan(SQL, &[], |row| {
            let receiver = row.int(0)?;
            let small = |column, value| number("unclaimed", column, &receiver, value);
            let pieces = Pieces::from_bytes(row.bytes(3)?.unwrap_or_default());
            let entry = Entry {
                sender: AccountId(small("sender", row.int(1)?)?),
                ordinal: small("ordinal", row.int(2)?)?,
                pieces: pieces
                    .decode()
                    .ok_or_else(|| corrupt("unclaimed", "pieces", &receiver, "not pieces"))?,
            };
            let id = AccountId(small("receiver", receiver)?);
            entries.entry(id).or_default().push(entry);
            Ok::<(), StoreError>(())
        })
        .await?;
        Ok(entries)
    }
}

impl Head {
    /// The image, if it is whole.
    fn image(&self, rows: Vec<Row>, unclaimed: Vec<Entry>) -> Option<ImageRow> {
        let sum: u64 = rows.iter().map(|row| u64::from(row.points)).sum();
        let is_whole = self.tally == self.others + sum
            && self.rows as usize == rows.len()
            && self.unclaimed as usize == unclaimed.len();
        is_whole.then_some(ImageRow {
            id: self.id,
            position: self.position,
            image: AccountImage {
                own: self.own,
                others: self.others,
                ordinal: self.ordinal,
                rows,
                unclaimed,
            },
            stored: StoredRows::Unknown,
            entries_stored: None,
        })
    }
}
