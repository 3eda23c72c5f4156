//! Reading the images of the checkpoint, one after the other.

use std::collections::BTreeMap;

use kith_reputation::{AccountId, AccountImage, Entry, Row};

use crate::{
    Pieces, Store, StoreError,
    batch::ImageRow,
    load::{corrupt, number},
};

/// A row of `ledger_account`.
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
    /// Where the images of the checkpoint are true, ascending by id.
    pub async fn image_positions(&self) -> Result<Vec<(AccountId, u64)>, StoreError> {
        const SQL: &str = "SELECT id, position FROM ledger_account ORDER BY id";
        let mut positions = Vec::new();
        self.scan(SQL, &[], |row| {
            let id = row.int(0)?;
            let account = AccountId(number("ledger_account", "id", &id, id)?);
            positions.push((account, row.int(1)?.cast_unsigned()));
            Ok(())
        })
        .await?;
        Ok(positions)
    }

    /// The images of the checkpoint, ascending by id. An image that is not whole (its rows are not
    /// as many, or do not sum up, as its account says) is left out: the journal has everything.
    pub async fn each_image<E: From<StoreError>>(
        &self,
        mut give: impl FnMut(ImageRow) -> Result<(), E>,
    ) -> Result<(), E> {
        const SQL: &str = "SELECT holder, origin, points, touched FROM assignment \
            ORDER BY holder, origin";
        let heads = self.heads().await?;
        let mut entries = self.entries().await?;
        let mut left = heads.iter();
        let mut rows: Vec<Row> = Vec::new();
        let mut failure = None;
        // Gives all accounts before this one, of which the last may have the rows.
        let mut give_before = |next: Option<AccountId>, rows: &mut Vec<Row>, holder: AccountId| {
            while let Some(head) = left.as_slice().first()
                && next.is_none_or(|next| head.id < next)
            {
                left.next();
                let rows = match head.id == holder {
                    true => std::mem::take(rows),
                    false => Vec::new(),
                };
                let image = head.image(rows, entries.remove(&head.id).unwrap_or_default());
                if let (Some(image), None) = (image, &failure) {
                    failure = give(image).err();
                }
            }
            rows.clear();
        };
        let mut last = AccountId(0);
        self.scan(SQL, &[], |row| {
            let holder = row.int(0)?;
            let small = |column, value| number("assignment", column, &holder, value);
            let id = AccountId(small("holder", holder)?);
            if id != last {
                give_before(Some(id), &mut rows, last);
                last = id;
            }
            let touched = row.int_opt(3)?;
            rows.push(Row {
                origin: AccountId(small("origin", row.int(1)?)?),
                points: small("points", row.int(2)?)?,
                touched: touched.map(|t| small("touched", t)).transpose()?,
            });
            Ok(())
        })
        .await?;
        give_before(None, &mut rows, last);
        failure.map_or(Ok(()), Err)
    }

    async fn heads(&self) -> Result<Vec<Head>, StoreError> {
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
            Ok(())
        })
        .await?;
        Ok(heads)
    }

    /// The unclaimed entries; nearly nobody has some.
    async fn entries(&self) -> Result<BTreeMap<AccountId, Vec<Entry>>, StoreError> {
        const SQL: &str = "SELECT receiver, sender, ordinal, pieces FROM unclaimed \
            ORDER BY receiver, entry";
        let mut entries: BTreeMap<AccountId, Vec<Entry>> = BTreeMap::new();
        self.scan(SQL, &[], |row| {
            let receiver = row.int(0)?;
            let small = |column, value| number("unclaimed", column, &receiver, value);
            let pieces = Pieces::from_bytes(row.bytes(3)?.unwrap_or_default().to_owned());
            let entry = Entry {
                sender: AccountId(small("sender", row.int(1)?)?),
                ordinal: small("ordinal", row.int(2)?)?,
                pieces: pieces
                    .decode()
                    .ok_or_else(|| corrupt("unclaimed", "pieces", &receiver, "not pieces"))?,
            };
            let id = AccountId(small("receiver", receiver)?);
            entries.entry(id).or_default().push(entry);
            Ok(())
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
            changed: None,
        })
    }
}
