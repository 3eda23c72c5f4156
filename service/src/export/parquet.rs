//! Tables as Parquet: row groups of fixed size, compressed with zstd, each column described.

use std::{collections::HashMap, io::Write, sync::Arc};

use anyhow::{Context, Result, bail};
use arrow_array::{
    ArrayRef, RecordBatch,
    builder::{BooleanBuilder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder},
};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use kith_store::{ColumnKind, ExportColumn, Value};
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    file::{metadata::KeyValue, properties::WriterProperties},
};

use super::table::Sheet;

/// Rows that are collected before they are encoded.
const BATCH_ROWS: usize = 8_192;
/// Rows of a row group: what a reader takes at once, and what is held, encoded, until it is full.
const GROUP_ROWS: usize = 16 * BATCH_ROWS;
/// Bytes of a row group at most, encoded: strangers may make their texts long.
const GROUP_BYTES: usize = 64 << 20;
/// Bytes of text that are collected before they are encoded.
const BATCH_BYTES: usize = 16 << 20;

/// A Parquet file in the making.
pub(super) struct Parquet<W: Write + Send> {
    writer: ArrowWriter<W>,
    schema: Arc<Schema>,
    columns: Vec<Column>,
    rows: usize,
    bytes: usize,
}

impl<W: Write + Send> Parquet<W> {
    /// A file of these columns that says these things of itself.
    pub(super) fn new(
        out: W,
        columns: &[ExportColumn],
        about: Vec<(&'static str, String)>,
    ) -> Result<Parquet<W>> {
        let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
        let facts = about
            .into_iter()
            .map(|(name, value)| KeyValue::new(name.to_owned(), value));
        let properties = WriterProperties::builder()
            .set_created_by(concat!("kith ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .set_max_row_group_bytes(Some(GROUP_BYTES))
            .set_key_value_metadata(Some(facts.collect()))
            .build();
        let writer = ArrowWriter::try_new(out, Arc::clone(&schema), Some(properties))
            .context("cannot begin a Parquet file")?;
        Ok(Parquet {
            writer,
            schema,
            columns: columns
                .iter()
                .map(|column| Column::new(column.kind))
                .collect(),
            rows: 0,
            bytes: 0,
        })
    }

    /// Encodes what was collected.
    fn encode(&mut self) -> Result<()> {
        let arrays = self.columns.iter_mut().map(Column::finish).collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), arrays)
            .context("a row is not of its table")?;
        self.writer.write(&batch).context("cannot write Parquet")?;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }
}

impl<W: Write + Send> Sheet for Parquet<W> {
    fn row(&mut self, row: &[Value]) -> Result<()> {
        for (column, value) in self.columns.iter_mut().zip(row) {
            self.bytes += column.push(value)?;
        }
        self.rows += 1;
        if self.rows == BATCH_ROWS || self.bytes >= BATCH_BYTES {
            self.encode()?;
        }
        Ok(())
    }

    fn end(mut self: Box<Self>) -> Result<()> {
        if self.rows > 0 {
            self.encode()?;
        }
        let mut out = self.writer.into_inner().context("cannot write Parquet")?;
        Ok(out.flush()?)
    }
}

/// A column's name and type, and as metadata what it says and in which unit.
fn field(column: &ExportColumn) -> Field {
    let kind = match column.kind {
        ColumnKind::Int => DataType::Int64,
        ColumnKind::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        ColumnKind::Flag => DataType::Boolean,
        ColumnKind::Text => DataType::Utf8,
    };
    let mut says = HashMap::from([("description".to_owned(), column.about.to_owned())]);
    says.extend(column.unit.map(|unit| ("unit".to_owned(), unit.to_owned())));
    Field::new(column.name, kind, column.is_nullable).with_metadata(says)
}

/// The values of a column that were collected.
enum Column {
    Int(Int64Builder),
    Time(TimestampMicrosecondBuilder),
    Flag(BooleanBuilder),
    Text(StringBuilder),
}

impl Column {
    fn new(kind: ColumnKind) -> Column {
        match kind {
            ColumnKind::Int => Column::Int(Int64Builder::new()),
            ColumnKind::Time => {
                Column::Time(TimestampMicrosecondBuilder::new().with_timezone("UTC"))
            }
            ColumnKind::Flag => Column::Flag(BooleanBuilder::new()),
            ColumnKind::Text => Column::Text(StringBuilder::new()),
        }
    }

    /// Takes a value, and says how long its text is.
    fn push(&mut self, value: &Value) -> Result<usize> {
        match (self, value) {
            (Column::Int(list), Value::Int(n)) => list.append_value(*n),
            (Column::Time(list), Value::Int(n)) => list.append_value(*n),
            (Column::Flag(list), Value::Bool(yes)) => list.append_value(*yes),
            (Column::Text(list), Value::Text(text)) => {
                list.append_value(text);
                return Ok(text.len());
            }
            (Column::Int(list), Value::Null) => list.append_null(),
            (Column::Time(list), Value::Null) => list.append_null(),
            (Column::Flag(list), Value::Null) => list.append_null(),
            (Column::Text(list), Value::Null) => list.append_null(),
            (_, value) => bail!("{value:?} is not of its column's type"),
        }
        Ok(0)
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Column::Int(list) => Arc::new(list.finish()),
            Column::Time(list) => Arc::new(list.finish()),
            Column::Flag(list) => Arc::new(list.finish()),
            Column::Text(list) => Arc::new(list.finish()),
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Int64Type, TimestampMicrosecondType};
    use arrow_array::{Array, array::BooleanArray};
    use kith_store::Export;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use parquet::file::metadata::RowGroupMetaData;

    use super::*;

    fn written(
        columns: &[ExportColumn],
        rows: impl Iterator<Item = Vec<Value>>,
    ) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let facts = [("kith.export", "test".to_owned())];
        let out = file.reopen().expect("it opens again");
        let mut sheet = Parquet::new(out, columns, facts.into()).expect("it begins");
        for row in rows {
            sheet.row(&row).expect("it takes a row");
        }
        Box::new(sheet).end().expect("it ends");
        file
    }

    fn read(file: &tempfile::NamedTempFile) -> (Arc<Schema>, Vec<RecordBatch>, Vec<i64>) {
        let file = file.reopen().expect("it opens again");
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).expect("it is Parquet");
        let groups = builder
            .metadata()
            .row_groups()
            .iter()
            .map(RowGroupMetaData::num_rows)
            .collect();
        let schema = Arc::clone(builder.schema());
        let reader = builder.build().expect("it can be read");
        let batches = reader.map(|batch| batch.expect("rows")).collect();
        (schema, batches, groups)
    }

    #[test]
    fn rows_come_back_with_types_nulls_and_units() {
        let text = |text: &str| Value::Text(text.to_owned());
        let rows = vec![
            vec![
                text("did:web:a"),
                text("a.example"),
                Value::Int(0),
                Value::Bool(true),
                text("active"),
                Value::Int(1_763_728_651_000_001),
                Value::Null,
            ],
            vec![
                text("did:web:b"),
                Value::Null,
                Value::Int(1),
                Value::Bool(false),
                text("=1+1 例え"),
                Value::Null,
                text("did:web:a"),
            ],
        ];
        let file = written(Export::CIRCLE.columns, rows.into_iter());
        let (schema, batches, groups) = read(&file);
        assert_eq!(groups, [2]);
        let batch = &batches[0];
        let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
        let wanted = [
            "did",
            "handle",
            "hop",
            "active",
            "status",
            "since_micros",
            "by",
        ];
        assert_eq!(names, wanted);
        assert_eq!(batch.column(0).as_string::<i32>().value(1), "did:web:b");
        assert!(batch.column(1).is_null(1));
        assert_eq!(
            batch.column(2).as_primitive::<Int64Type>().values(),
            &[0, 1]
        );
        let active: &BooleanArray = batch.column(3).as_boolean();
        assert!(active.value(0) && !active.value(1));
        assert_eq!(batch.column(4).as_string::<i32>().value(1), "=1+1 例え");
        let since = batch.column(5).as_primitive::<TimestampMicrosecondType>();
        assert_eq!(since.timezone(), Some("UTC"));
        assert_eq!(since.value(0), 1_763_728_651_000_001);
        assert!(since.is_null(1));
        let hop = schema.field(2);
        assert!(!hop.is_nullable() && schema.field(1).is_nullable());
        assert_eq!(hop.metadata()["unit"], "follows");
        assert!(hop.metadata()["description"].starts_with("0 tracked"));
    }

    #[test]
    fn row_groups_are_of_fixed_size_and_no_table_is_too_short() {
        let columns = Export::LOCAL_TRUST.columns;
        let row = |n: usize| {
            let did = Value::Text(format!("did:web:a{n}"));
            vec![did.clone(), did, Value::Int(n.try_into().expect("small"))]
        };
        for (length, groups) in [
            (0, vec![]),
            (1, vec![1]),
            (BATCH_ROWS, vec![BATCH_ROWS]),
            (GROUP_ROWS + 1, vec![GROUP_ROWS, 1]),
        ] {
            let (schema, batches, found) = read(&written(columns, (0..length).map(row)));
            let found: Vec<usize> = found
                .iter()
                .map(|n| usize::try_from(*n).expect("small"))
                .collect();
            assert_eq!(found, groups, "{length} rows");
            assert_eq!(schema.fields().len(), 3);
            let mut next = 0;
            for batch in batches {
                for value in batch.column(2).as_primitive::<Int64Type>().values() {
                    assert_eq!(*value, next);
                    next += 1;
                }
            }
            assert_eq!(usize::try_from(next).expect("small"), length);
        }
    }

    /// Texts that do not compress make a row group full before its rows do.
    #[test]
    fn long_texts_make_short_row_groups() {
        let mut state: u64 = 1;
        let mut long = || -> Value {
            let letter = |_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                char::from(b' ' + u8::try_from((state >> 33) % 95).unwrap_or(0))
            };
            Value::Text((0..1 << 20).map(letter).collect())
        };
        let did = Value::Text("did:web:a".to_owned());
        let rows = (0..100).map(|n| vec![did.clone(), long(), Value::Int(n)]);
        let (_, batches, groups) = read(&written(Export::LOCAL_TRUST.columns, rows));
        assert!(groups.len() > 1, "{groups:?}");
        assert_eq!(groups.iter().sum::<i64>(), 100);
        assert_eq!(
            batches.iter().map(RecordBatch::num_rows).sum::<usize>(),
            100
        );
    }

    #[test]
    fn a_value_of_another_type_is_refused() {
        let mut sheet =
            Parquet::new(Vec::new(), Export::LOCAL_TRUST.columns, Vec::new()).expect("it begins");
        let row = [Value::Int(1), Value::Null, Value::Int(1)];
        assert!(sheet.row(&row).is_err());
    }
}
