//! The reporting queries: `reports/*.sql`, run as they stand on either database.

use serde::{Serialize, Serializer, ser::SerializeMap};
use sqlx::{AssertSqlSafe, Column, Row, TypeInfo, ValueRef};

use crate::{Store, StoreError, on_readers};

/// A reporting query.
#[derive(Debug, Clone, Copy)]
pub struct Report {
    /// What `kith report` calls it; also the file's name.
    pub name: &'static str,
    /// The question it answers, for the help text.
    pub about: &'static str,
    sql: &'static str,
    /// Columns that are 0 or 1 in SQL and false or true in JSON.
    flags: &'static [&'static str],
}

macro_rules! report {
    ($name:literal, $about:literal, [$($flag:literal),*]) => {
        Report {
            name: $name,
            about: $about,
            sql: include_str!(concat!("../../reports/", $name, ".sql")),
            flags: &[$($flag),*],
        }
    };
}

/// All reports.
pub const REPORTS: &[Report] = &[
    report!("circle", "who is in the circle", ["active"]),
    report!(
        "changes",
        "who entered and left the circle, by which record",
        []
    ),
    report!("assignments", "whose points does everybody hold", []),
    report!("accounts", "what does every account of the ledger hold", []),
    report!("top", "who holds most points of the tracked accounts", []),
    report!("gaps", "what was missed, and what was recovered", []),
    report!(
        "trust",
        "who is trusted by one account, and how directly",
        []
    ),
    report!(
        "blend",
        "who is trusted by several accounts, each with a weight",
        []
    ),
];

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
}

impl Store {
    /// The DID of the account that goes by a handle.
    ///
    /// # Errors
    /// [`StoreError::UnknownHandle`] if no account is known to.
    pub async fn did_of_handle(&self, handle: &str) -> Result<String, StoreError> {
        const SQL: &str = "SELECT did FROM account WHERE handle = $1 ORDER BY id DESC LIMIT 1";
        let handle = handle.trim_start_matches('@').to_ascii_lowercase();
        let did: Option<String> = on_readers!(self, pool =>
            sqlx::query_scalar(SQL).bind(handle.as_str()).fetch_optional(pool).await?);
        did.ok_or(StoreError::UnknownHandle { handle })
    }

    /// Runs a report with the given parameters (by the names the query uses).
    pub async fn report(
        &self,
        report: &Report,
        parameters: &[(&str, Parameter)],
    ) -> Result<Table, StoreError> {
        let (sql, names) = numbered(report.sql);
        let mut values = Vec::with_capacity(names.len());
        for name in names {
            match parameters.iter().find(|(known, _)| *known == name) {
                Some((_, value)) => values.push(value.clone()),
                None => {
                    return Err(StoreError::MissingParameter {
                        report: report.name,
                        parameter: name,
                    });
                }
            }
        }
        let mut table = on_readers!(self, pool => {
            let mut query = sqlx::query(AssertSqlSafe(sql.as_str()));
            for value in &values {
                query = match value {
                    Parameter::Int(n) => query.bind(*n),
                    Parameter::Text(text) => query.bind(text.as_str()),
                };
            }
            let rows = query.fetch_all(pool).await?;
            let mut table = Table { columns: Vec::new(), rows: Vec::with_capacity(rows.len()) };
            for row in &rows {
                if table.columns.is_empty() {
                    table.columns = row.columns().iter().map(|c| c.name().to_owned()).collect();
                }
                let mut values = Vec::with_capacity(table.columns.len());
                for i in 0..row.columns().len() {
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
                    values.push(value);
                }
                table.rows.push(values);
            }
            table
        });
        if table.columns.is_empty() {
            table.columns = declared_columns(report.sql);
        }
        for (i, column) in table.columns.iter().enumerate() {
            if report.flags.contains(&column.as_str()) {
                for row in &mut table.rows {
                    if let Value::Int(n) = row[i] {
                        row[i] = Value::Bool(n != 0);
                    }
                }
            }
        }
        Ok(table)
    }
}

/// The query with `$1`, `$2` … for its `:name`s, and the names in that order. Comments and quoted
/// text stay as they are.
fn numbered(sql: &str) -> (String, Vec<String>) {
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

/// The columns named in the query's header comment, for an answer without rows. Lines indented
/// further go on with what is above them.
fn declared_columns(sql: &str) -> Vec<String> {
    sql.lines()
        .filter_map(|line| line.strip_prefix("--   "))
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split_once("  "))
        .map(|(name, _)| name.trim().to_owned())
        .collect()
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
    fn every_report_names_its_columns() {
        for report in REPORTS {
            assert!(!declared_columns(report.sql).is_empty(), "{}", report.name);
            assert!(
                report.sql.contains("sqlite3"),
                "{} shows how to run it",
                report.name
            );
            assert!(
                report.sql.contains("psql"),
                "{} shows how to run it",
                report.name
            );
        }
    }
}
