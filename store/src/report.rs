//! The reporting queries: `reports/*.sql`, run as they stand on either database.

use std::{collections::BTreeMap, ops::ControlFlow};

use futures_util::TryStreamExt;
use serde::{Serialize, Serializer, ser::SerializeMap};
use sqlx::{AssertSqlSafe, Column, Row, TypeInfo, ValueRef};

use crate::{Store, StoreError, on_readers};

/// A reporting query.
#[derive(Debug, Clone, Copy)]
pub struct Report {
    /// What `kith report` calls it; also the file's name.
    pub name: &'static str,
    sql: &'static str,
    /// Columns that are 0 or 1 in SQL and false or true in JSON.
    flags: &'static [&'static str],
}

macro_rules! report {
    ($name:literal $(, $flag:literal)*) => {
        Report {
            name: $name,
            sql: include_str!(concat!("../../reports/", $name, ".sql")),
            flags: &[$($flag),*],
        }
    };
}

/// All reports, in the order in which people are told of them.
pub const REPORTS: &[Report] = &[
    report!("circle", "active"),
    report!("changes"),
    report!("newcomers"),
    report!("top"),
    report!("bridges"),
    report!("trust"),
    report!("blend"),
    report!("why"),
    report!("composition"),
    report!("given"),
    report!("mutual"),
    report!("ties"),
    report!("standings"),
    report!("delta"),
    report!("history"),
    report!("accounts"),
    report!("assignments"),
    report!("epochs"),
    report!("concentration"),
    report!("activity"),
    report!("pulse"),
    report!("rejections"),
    report!("collapse"),
    report!("unclaimed"),
    report!("suspects"),
    report!("gaps"),
    report!("health"),
];

/// Parameters that a query does without: NULL there.
const OPTIONAL: [&str; 5] = ["limit", "since", "epoch", "all_origins", "unheld"];

/// A value given for a `:name` of a query.
#[derive(Debug, Clone, Eq, PartialEq)]
pub enum Parameter {
    /// A number.
    Int(i64),
    /// A text.
    Text(String),
}

/// One value of a report.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// Nothing known.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A ratio.
    Real(f64),
    /// A text.
    Text(String),
}

/// A report's answer. Serializes as a list of objects, one a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// The rows, each as long as `columns`.
    pub rows: Vec<Vec<Value>>,
}

impl Serialize for Table {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.rows.iter().map(|row| TableRow(&self.columns, row)))
    }
}

struct TableRow<'a>(&'a [String], &'a [Value]);

impl Serialize for TableRow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0.iter().zip(self.1) {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl Report {
    /// The report of this name.
    pub fn find(name: &str) -> Result<&'static Report, StoreError> {
        REPORTS
            .iter()
            .find(|report| report.name == name)
            .ok_or_else(|| {
                let known: Vec<&str> = REPORTS.iter().map(|report| report.name).collect();
                StoreError::UnknownReport {
                    name: name.to_owned(),
                    known: known.join(", "),
                }
            })
    }

    /// The question it answers, in one line: its file begins with it.
    pub fn question(&self) -> &'static str {
        let line = self.sql.lines().next().unwrap_or_default();
        line.trim_start_matches('-').trim()
    }

    /// The names of its parameters, in the order in which the query first uses them.
    pub fn parameters(&self) -> Vec<String> {
        numbered(self.sql).1
    }

    /// The names of its columns with what each one says, as its file tells.
    pub fn columns(&self) -> Vec<(String, String)> {
        let mut columns: Vec<(String, String)> = Vec::new();
        let lines = self.sql.lines().skip_while(|line| *line != "-- Columns");
        for line in lines.skip(1).map_while(|line| line.strip_prefix("--   ")) {
            match (line.starts_with(' '), line.split_once("  ")) {
                (false, Some((name, says))) => {
                    columns.push((name.trim().to_owned(), says.trim().to_owned()));
                }
                _ => {
                    if let Some((_, says)) = columns.last_mut() {
                        says.push(' ');
                        says.push_str(line.trim());
                    }
                }
            }
        }
        columns
    }

    /// Whether a column is false or true.
    pub fn is_flag(&self, column: &str) -> bool {
        self.flags.contains(&column)
    }

    /// Whether a parameter may be left out.
    pub fn is_optional(parameter: &str) -> bool {
        OPTIONAL.contains(&parameter)
    }

    /// Whether it reads what may have been dropped of the journal; pins stay.
    pub fn reads_journal(&self) -> bool {
        let pins_alone = self.sql.contains("j.kind IN (4, 5)");
        !pins_alone
            && ["FROM journal", "JOIN journal"]
                .iter()
                .any(|from| self.sql.contains(from))
    }

    /// The query as it stands in its file, comments and all.
    pub fn sql(&self) -> &'static str {
        self.sql
    }
}

impl Store {
    /// The DID of the account that goes by a handle. Anybody can say that a handle is theirs, so of
    /// several it is the tracked one.
    ///
    /// # Errors
    /// [`StoreError::UnknownHandle`] if no account is known to, [`StoreError::AmbiguousHandle`] if
    /// several are and not just one of them is tracked.
    pub async fn did_of_handle(&self, handle: &str) -> Result<String, StoreError> {
        const SQL: &str = "SELECT did, EXISTS (SELECT 1 FROM tracked WHERE account = id) \
            FROM account WHERE handle = $1 ORDER BY 2 DESC, id LIMIT 4";
        let handle = handle.trim_start_matches('@').to_ascii_lowercase();
        let found: Vec<(String, bool)> = on_readers!(self, pool =>
            sqlx::query_as(SQL).bind(handle.as_str()).fetch_all(pool).await?);
        match found.as_slice() {
            [] => Err(StoreError::UnknownHandle { handle }),
            [(did, _)] | [(did, true), (_, false), ..] => Ok(did.clone()),
            _ => Err(StoreError::AmbiguousHandle {
                handle,
                dids: found.into_iter().map(|(did, _)| did).collect(),
            }),
        }
    }

    /// Whether the account of a DID is tracked; None: it is not known.
    pub async fn is_tracked(&self, did: &str) -> Result<Option<bool>, StoreError> {
        const SQL: &str = "SELECT EXISTS (SELECT 1 FROM tracked WHERE account = id) \
            FROM account WHERE did = $1";
        Ok(on_readers!(self, pool =>
            sqlx::query_scalar(SQL).bind(did).fetch_optional(pool).await?))
    }

    /// The handles of accounts, by DID, as far as they are known.
    pub async fn handles_of(
        &self,
        dids: impl IntoIterator<Item = &str>,
    ) -> Result<BTreeMap<String, String>, StoreError> {
        const SQL: &str = "SELECT handle FROM account WHERE did = $1 AND handle IS NOT NULL";
        let mut handles = BTreeMap::new();
        for did in dids {
            let handle: Option<String> = on_readers!(self, pool =>
                sqlx::query_scalar(SQL).bind(did).fetch_optional(pool).await?);
            handles.extend(handle.map(|handle| (did.to_owned(), handle)));
        }
        Ok(handles)
    }

    /// Epoch boundaries passed; None before the first event.
    pub async fn epochs_ended(&self) -> Result<Option<i64>, StoreError> {
        const SQL: &str = "SELECT CAST(ticks AS BIGINT) FROM state WHERE epoch IS NOT NULL";
        Ok(on_readers!(self, pool => sqlx::query_scalar(SQL).fetch_optional(pool).await?))
    }

    /// Event time of the latest event, unix microseconds; None before the first.
    pub async fn clock_micros(&self) -> Result<Option<i64>, StoreError> {
        let clock: Option<Option<i64>> = on_readers!(self, pool =>
            sqlx::query_scalar("SELECT clock_micros FROM state").fetch_optional(pool).await?);
        Ok(clock.flatten())
    }

    /// Runs a report with the given parameters (by the names the query uses).
    pub async fn report(
        &self,
        report: &Report,
        parameters: &[(&str, Parameter)],
    ) -> Result<Table, StoreError> {
        let mut rows = Vec::new();
        let columns = self
            .each_row(report, parameters, |_, row| {
                rows.push(row);
                ControlFlow::Continue(())
            })
            .await?;
        Ok(Table { columns, rows })
    }

    /// Runs a report and gives its rows one by one, with the names of the columns, until told to
    /// break: in constant memory, however long the answer. Returns the columns.
    ///
    /// # Errors
    /// [`StoreError::MissingParameter`] if the query needs one that is not given.
    pub async fn each_row(
        &self,
        report: &Report,
        parameters: &[(&str, Parameter)],
        mut take: impl FnMut(&[String], Vec<Value>) -> ControlFlow<()>,
    ) -> Result<Vec<String>, StoreError> {
        let (sql, names) = numbered(report.sql);
        let mut values = Vec::with_capacity(names.len());
        for name in names {
            match parameters.iter().find(|(known, _)| *known == name) {
                Some((_, value)) => values.push(Some(value.clone())),
                None if OPTIONAL.contains(&name.as_str()) => values.push(None),
                None => {
                    return Err(StoreError::MissingParameter {
                        report: report.name,
                        parameter: name,
                    });
                }
            }
        }
        let mut columns: Vec<String> = Vec::new();
        let mut flags: Vec<bool> = Vec::new();
        on_readers!(self, pool => {
            let mut query = sqlx::query(AssertSqlSafe(sql.as_str()));
            for value in &values {
                query = match value {
                    Some(Parameter::Int(n)) => query.bind(*n),
                    Some(Parameter::Text(text)) => query.bind(text.as_str()),
                    None => query.bind(None::<i64>),
                };
            }
            let mut rows = query.fetch(pool);
            while let Some(row) = rows.try_next().await? {
                if columns.is_empty() {
                    columns = row.columns().iter().map(|c| c.name().to_owned()).collect();
                    flags = columns.iter().map(|c| report.flags.contains(&c.as_str())).collect();
                }
                let mut values = Vec::with_capacity(columns.len());
                for (i, is_flag) in flags.iter().enumerate() {
                    let raw = row.try_get_raw(i)?;
                    let value = if raw.is_null() {
                        Value::Null
                    } else {
                        match raw.type_info().name() {
                            "INTEGER" | "INT8" => Value::Int(row.try_get(i)?),
                            "INT4" | "INT2" => Value::Int(row.try_get_unchecked::<i32, _>(i)?.into()),
                            "REAL" | "FLOAT8" => Value::Real(row.try_get(i)?),
                            _ => Value::Text(row.try_get(i)?),
                        }
                    };
                    values.push(match value {
                        Value::Int(n) if *is_flag => Value::Bool(n != 0),
                        value => value,
                    });
                }
                if take(&columns, values).is_break() {
                    break;
                }
            }
        });
        if columns.is_empty() {
            columns = report.columns().into_iter().map(|(name, _)| name).collect();
        }
        Ok(columns)
    }
}

/// The query with `$1`, `$2` … for its `:name`s, and the names in that order. Comments and quoted
/// text stay as they are.
pub(crate) fn numbered(sql: &str) -> (String, Vec<String>) {
    let mut out = String::with_capacity(sql.len());
    let mut names: Vec<String> = Vec::new();
    let mut rest = sql;
    while let Some(c) = rest.chars().next() {
        if rest.starts_with("--") {
            let end = rest.find('\n').unwrap_or(rest.len());
            rest = &rest[end..];
        } else if c == '\'' {
            let end = rest[1..].find('\'').map_or(rest.len(), |at| at + 2);
            out.push_str(&rest[..end]);
            rest = &rest[end..];
        } else if c == ':' && rest[1..].starts_with(|c: char| c.is_ascii_alphabetic()) {
            let end = rest[1..]
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .map_or(rest.len(), |at| at + 1);
            let name = &rest[1..end];
            let at = names
                .iter()
                .position(|known| known == name)
                .unwrap_or_else(|| {
                    names.push(name.to_owned());
                    names.len() - 1
                });
            out.push('$');
            out.push_str(&(at + 1).to_string());
            rest = &rest[end..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    (out, names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_numbers() {
        let (sql, names) = numbered("SELECT ':a', :b -- :c\nWHERE x = :b AND y = :limit_rows");
        assert_eq!(sql, "SELECT ':a', $1 \nWHERE x = $1 AND y = $2");
        assert_eq!(names, ["b", "limit_rows"]);
    }

    #[test]
    fn every_report_says_what_it_is() {
        for report in REPORTS {
            let (name, sql) = (report.name, report.sql);
            assert!(report.question().ends_with('?'), "{name} asks something");
            assert!(!report.columns().is_empty(), "{name} has columns");
            for flag in report.flags {
                assert!(
                    report.columns().iter().any(|(column, _)| column == flag),
                    "{name} has {flag}"
                );
            }
            for line in [
                "-- For example: kith report ",
                "--   sqlite3 ",
                "--   psql ",
            ] {
                assert!(sql.contains(line), "{name}: {line}");
            }
        }
    }

    #[test]
    fn parameters_are_those_of_the_query_and_not_of_its_comments() {
        let trust = Report::find("trust").expect("is there");
        assert_eq!(trust.parameters(), ["viewer", "limit"]);
        let columns = trust.columns();
        assert_eq!(columns.len(), 10);
        assert_eq!(columns[0], ("did".to_owned(), "the holder".to_owned()));
        assert!(columns[4].1.ends_with("anybody holds, 0 to 1"));
    }
}
