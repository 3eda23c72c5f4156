//! What can go wrong with a database.

use sqlx::migrate::MigrateError;
use thiserror::Error;

use crate::Report;

/// An error of the store.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The url is of no database that Kith knows.
    #[error(
        "the database url {url:?} is neither sqlite:FILE nor postgres://…\n  help: write for example database = \"sqlite:kith.db\""
    )]
    UnknownUrl {
        /// The url, with its password hidden.
        url: String,
    },
    /// There is nothing to read.
    #[error(
        "there is no database at {url}\n  help: `kith run` or `kith replay` makes it; is --config the right file?"
    )]
    Missing {
        /// The url, with its password hidden.
        url: String,
    },
    /// Something is there that must not be overwritten.
    #[error("there is something in {url} already\n  help: name a database that is new or empty")]
    NotEmpty {
        /// The url, with its password hidden.
        url: String,
    },
    /// A file of SQLite that another program made.
    #[error(
        "{url} is the database of another program\n  help: name a file of its own, as in database = \"sqlite:kith.db\""
    )]
    Foreign {
        /// The url, with its password hidden.
        url: String,
    },
    /// The database does not open.
    #[error("cannot open the database {url}: {source}{}", help_of(source))]
    Open {
        /// The url, with its password hidden.
        url: String,
        /// What the driver says.
        source: sqlx::Error,
    },
    /// Another process writes.
    #[error(
        "another kith writes to {url}\n  help: one service a database; stop the other one first (PostgreSQL lets go of one whose host is gone within a minute)"
    )]
    Locked {
        /// The url, with its password hidden.
        url: String,
    },
    /// A newer Kith made the schema.
    #[error(
        "the database {url} was made by a newer kith (schema {version})\n  help: use that kith, or another database"
    )]
    Newer {
        /// The url, with its password hidden.
        url: String,
        /// The migration this Kith does not know.
        version: i64,
    },
    /// The schema is not this version's, and readers do not change it.
    #[error(
        "the database {url} was made by an older kith (schema {version})\n  help: `kith run` or `kith replay` brings it up to date; `kith backup` copies it as it is"
    )]
    Older {
        /// The url, with its password hidden.
        url: String,
        /// The last migration it has seen.
        version: i64,
    },
    /// A migration failed.
    #[error(
        "cannot bring the schema of {url} up to date: {source}{}",
        help_of_migration(source)
    )]
    Migrate {
        /// The url, with its password hidden.
        url: String,
        /// What sqlx says.
        source: MigrateError,
    },
    /// The database moved on without this process.
    #[error(
        "the database is at batch {found_batch}, position {found_position}, but this process stands at batch {batch}, position {position}: another kith wrote to it; nothing was written"
    )]
    Fenced {
        /// Where this process stands.
        batch: u64,
        /// Where this process stands.
        position: u64,
        /// Where the database stands.
        found_batch: u64,
        /// Where the database stands.
        found_position: u64,
    },
    /// A row cannot be what the schema says it is.
    #[error(
        "table {table}, column {column}, row {row}: {what}\n  help: restore a backup, as docs/OPERATING.md says"
    )]
    Corrupt {
        /// Which table.
        table: &'static str,
        /// Which column.
        column: &'static str,
        /// Which row, by its key.
        row: String,
        /// What is wrong.
        what: String,
    },
    /// Nobody takes what was asked.
    #[error(
        "{max} requests wait to be answered, and no more may\n  help: let `kith run` answer them"
    )]
    TooManyRequests {
        /// As many.
        max: i64,
    },
    /// A report that does not exist.
    #[error("there is no report {name:?}\n  help: the reports are {known}")]
    UnknownReport {
        /// As asked for.
        name: String,
        /// Those there are.
        known: String,
    },
    /// No account is known by this handle.
    #[error("no account is known by the handle {handle:?}\n  help: give its DID")]
    UnknownHandle {
        /// As asked for.
        handle: String,
    },
    /// No account of this DID was ever heard of.
    #[error(
        "no account {did} is known\n  help: check its spelling; `kith explain` says what is known of it"
    )]
    UnknownDid {
        /// As asked for.
        did: String,
    },
    /// Nothing is known of the end of an epoch.
    #[error("nothing is known of the end of epoch {epoch}\n  help: {}", ends(*.known))]
    UnknownEpoch {
        /// As asked for.
        epoch: i64,
        /// The first and the last whose end is known.
        known: Option<(i64, i64)>,
    },
    /// More than one account says that this handle is its own.
    #[error("{} say that the handle {handle:?} is theirs\n  help: give a DID", dids.join(" and "))]
    AmbiguousHandle {
        /// As asked for.
        handle: String,
        /// Some of them.
        dids: Vec<String>,
    },
    /// A parameter of a report is missing.
    #[error(
        "the report {report} needs --{parameter}\n  help: for example {}",
        example(report)
    )]
    MissingParameter {
        /// The report.
        report: &'static str,
        /// What it needs.
        parameter: String,
    },
    /// The database said no.
    #[error("database: {error}{help}", error = .0, help = help_of(.0))]
    Database(#[from] sqlx::Error),
    /// SQLite said no to rows.
    #[error("database: {0}")]
    Rows(#[from] rusqlite::Error),
}

/// Class of PostgreSQL's errors over values that it cannot have, as a text with a NUL.
/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
const DATA_EXCEPTION: &str = "22";

/// PostgreSQL's code of whatever a user has no right to.
const DENIED: &str = "42501";

/// Who may not make tables wants to write, who may not look into one to read. A server that speaks
/// another language than English gets the last answer.
fn help_of_denied(message: &str) -> &'static str {
    if message.contains("for schema") {
        "the user needs the right to make tables: GRANT CREATE ON SCHEMA …"
    } else if message.contains("for database") {
        "the user needs the right to connect: GRANT CONNECT ON DATABASE …"
    } else if message.contains("must be owner") {
        "be the user that made the tables: only their owner brings them up to date"
    } else {
        "to read, the user needs GRANT SELECT, as docs/OPERATING.md says; only the owner of the tables writes"
    }
}

/// The same of an error of a migration.
fn help_of_migration(error: &MigrateError) -> String {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => help_of(error),
        _ => String::new(),
    }
}

/// What to do about an error of the driver, as a line of its own; empty where nobody knows.
fn help_of(error: &sqlx::Error) -> String {
    use std::io::ErrorKind::{
        IsADirectory, NotADirectory, NotFound, PermissionDenied, ReadOnlyFilesystem, StorageFull,
    };
    const DAMAGED: &str = "the file is damaged: restore a backup, as docs/OPERATING.md says";
    const FILE: &str = "the folder must be there, and it and the file writable for this user";
    const FULL: &str = "make room on the disk";
    const SERVER: &str = "let the server run, and look at host and port of the URL";
    let help = match error {
        sqlx::Error::Io(error) => match error.kind() {
            NotFound | PermissionDenied | ReadOnlyFilesystem | IsADirectory | NotADirectory => FILE,
            StorageFull => FULL,
            _ => SERVER,
        },
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            if error
                .try_downcast_ref::<sqlx::postgres::PgDatabaseError>()
                .is_some()
            {
                match &*code {
                    "28P01" | "28000" => "look at user and password of the URL",
                    "3D000" => "make it first, as with createdb",
                    DENIED => help_of_denied(error.message()),
                    "53300" => "more connections are open than the server takes: max_connections",
                    _ => "",
                }
            } else {
                // The low byte is the primary code: https://www.sqlite.org/rescode.html
                match code.parse::<u32>().map(|code| code & 0xff) {
                    Ok(5 | 6) => "another program holds the file; end what it does there",
                    Ok(8 | 10 | 14) => FILE,
                    Ok(11) => DAMAGED,
                    Ok(13) => FULL,
                    Ok(26) => "it is no database of SQLite: name another file",
                    _ => "",
                }
            }
        }
        _ => "",
    };
    match help {
        "" => String::new(),
        help => format!("\n  help: {help}"),
    }
}

impl StoreError {
    /// Whether trying again cannot help: the rows themselves are refused, which is a defect.
    pub fn is_defect(&self) -> bool {
        match self {
            StoreError::Database(sqlx::Error::Database(error)) => {
                let postgres = error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>();
                !matches!(error.kind(), sqlx::error::ErrorKind::Other)
                    || postgres.is_some_and(|error| error.code().starts_with(DATA_EXCEPTION))
            }
            StoreError::Rows(error) => {
                error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
            }
            StoreError::Corrupt { .. } => true,
            _ => false,
        }
    }

    /// Whether the user's input, not the machine, is the reason (exit status 1).
    pub fn is_input(&self) -> bool {
        !matches!(
            self,
            StoreError::Database(_) | StoreError::Rows(_) | StoreError::Corrupt { .. }
        )
    }
}

/// How a report is asked with all that it needs.
fn example(report: &str) -> String {
    let mut words = vec![format!("kith report {report}")];
    let needs = Report::find(report).map(Report::parameters);
    for name in needs.unwrap_or_default() {
        let value = match name.as_str() {
            "viewers" => "alice.example.com=2,bob.example.com=-1",
            "holder" => "bob.example.com",
            _ => "alice.example.com",
        };
        if !Report::is_optional(&name) {
            words.push(format!("--{name} {value}"));
        }
    }
    words.join(" ")
}

fn ends(known: Option<(i64, i64)>) -> String {
    match known {
        Some((first, last)) => format!("the ends of epochs {first} to {last} are known"),
        None => "no epoch has ended yet".to_owned(),
    }
}
