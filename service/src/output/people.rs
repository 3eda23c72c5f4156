//! Tables for people: in line, fitting the terminal, with names instead of DIDs where they are
//! known, dates instead of microseconds, and thousands separators.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, IsTerminal},
    time::{Duration, SystemTime},
};

use comfy_table::{CellAlignment, ContentArrangement, Table as Grid, presets};
use kith_store::{Table, Value};

use super::{harmless, thousands};

/// Narrower terminals are treated as this wide: what does not fit there fits nowhere.
const WIDTH_MIN: u16 = 40;

/// Handles by DID.
#[derive(Debug, Default)]
pub(crate) struct Names(BTreeMap<String, String>);

impl Names {
    /// Those given, and those that the table has in columns of its own. A handle that two accounts
    /// of the table go by is nobody's: one of them may have it no longer, or never had it.
    pub(crate) fn new(table: &Table, known: BTreeMap<String, String>) -> Names {
        let mut names = known;
        for (did, handle) in named_columns(&table.columns) {
            for row in &table.rows {
                if let (Value::Text(did), Value::Text(handle)) = (&row[did], &row[handle]) {
                    names.insert(did.clone(), handle.clone());
                }
            }
        }
        Names(without_shared(names))
    }
}

/// The handles that only one of the accounts goes by.
pub(crate) fn without_shared(mut names: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut taken: BTreeMap<&str, u32> = BTreeMap::new();
    for handle in names.values() {
        *taken.entry(handle).or_default() += 1;
    }
    let twice: BTreeSet<String> = taken
        .into_iter()
        .filter(|(_, times)| *times > 1)
        .map(|(handle, _)| handle.to_owned())
        .collect();
    names.retain(|_, handle| !twice.contains(handle));
    names
}

/// The DIDs of a table that have no handle beside them, at most `max`.
pub(crate) fn dids_of(table: &Table, max: usize) -> BTreeSet<String> {
    let named = named_columns(&table.columns);
    let unnamed = |i: usize| !named.iter().any(|(did, _)| *did == i);
    let mut dids = BTreeSet::new();
    for row in &table.rows {
        for (i, value) in row.iter().enumerate() {
            if let Value::Text(text) = value
                && text.starts_with("did:")
                && dids.len() < max
                && unnamed(i)
            {
                dids.insert(text.clone());
            }
        }
    }
    dids
}

/// Where a DID and where its handle stands: `did` and `handle`, `sender` and `sender_handle`.
fn named_columns(columns: &[String]) -> Vec<(usize, usize)> {
    let at = |name: &str| columns.iter().position(|column| column == name);
    columns
        .iter()
        .enumerate()
        .filter_map(|(handle, name)| {
            let did = match name.as_str() {
                "handle" => "did",
                name => name.strip_suffix("_handle")?,
            };
            Some((at(did)?, handle))
        })
        .collect()
}

/// The table as text, as wide as the terminal at most; not a terminal is as wide as it takes.
pub(crate) fn for_people(table: &Table, names: &Names) -> String {
    let width = io::stdout()
        .is_terminal()
        .then(|| terminal_size::terminal_size_of(io::stdout()))
        .flatten()
        .map(|(width, _)| width.0);
    aligned(table, names, width)
}

fn aligned(table: &Table, names: &Names, width: Option<u16>) -> String {
    let pairs = named_columns(&table.columns);
    let shown: Vec<usize> = (0..table.columns.len())
        .filter(|i| !pairs.iter().any(|(_, handle)| handle == i))
        .collect();
    let mut grid = Grid::new();
    grid.load_style(presets::NOTHING);
    grid.set_content_arrangement(match width {
        Some(_) => ContentArrangement::Dynamic,
        None => ContentArrangement::Disabled,
    });
    if let Some(width) = width {
        grid.set_width(width.max(WIDTH_MIN));
    }
    grid.set_header(shown.iter().map(|i| title(&table.columns[*i], &pairs, *i)));
    for row in &table.rows {
        grid.add_row(
            shown
                .iter()
                .map(|i| cell(&table.columns[*i], &row[*i], names)),
        );
    }
    for (place, i) in shown.iter().enumerate() {
        let is_number = |row: &Vec<Value>| matches!(row[*i], Value::Int(_) | Value::Real(_));
        let is_time = is_time(&table.columns[*i]);
        if let Some(column) = grid.column_mut(place) {
            column.set_padding((0, 2));
            if !is_time && table.rows.iter().any(is_number) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
    let mut out = String::new();
    for line in grid.lines() {
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// What a column is called for people.
fn title(column: &str, pairs: &[(usize, usize)], i: usize) -> String {
    match column {
        "did" if pairs.iter().any(|(did, _)| *did == i) => "account".to_owned(),
        "micros" => "time".to_owned(),
        _ => column.strip_suffix("_micros").unwrap_or(column).to_owned(),
    }
}

fn cell(column: &str, value: &Value, names: &Names) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        // Before the first event.
        Value::Int(0) if is_time(column) => "-".to_owned(),
        Value::Int(micros) if is_time(column) => time(*micros),
        // An epoch's number is a name, not an amount.
        Value::Int(n) if column == "epoch" || column.ends_with("_epoch") => n.to_string(),
        Value::Int(n) => thousands(*n),
        Value::Real(x) => format!("{x:.3}"),
        Value::Text(text) => harmless(names.0.get(text).unwrap_or(text)),
    }
}

/// Whether a column has unix microseconds.
fn is_time(column: &str) -> bool {
    column == "micros" || column.ends_with("_micros")
}

/// Unix microseconds as a date and time of UTC, to the second.
pub(crate) fn time(micros: i64) -> String {
    let since = Duration::from_micros(micros.unsigned_abs());
    let at = match micros < 0 {
        false => SystemTime::UNIX_EPOCH.checked_add(since),
        true => None,
    };
    let last = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_799); // end of 9999
    match at {
        Some(at) if at <= last => humantime::format_rfc3339_seconds(at).to_string(),
        _ => thousands(micros),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn columns(names: &str) -> Vec<String> {
        names.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn people_get_columns() {
        let table = Table {
            columns: columns("did points"),
            rows: vec![
                vec![text("did:web:a"), Value::Int(1_234_567)],
                vec![text("b\u{1b}[2J"), Value::Null],
            ],
        };
        assert_eq!(
            aligned(&table, &Names::default(), None),
            "did           points\ndid:web:a  1,234,567\nb\u{fffd}[2J              -\n"
        );
    }

    #[test]
    fn people_get_names_and_dates() {
        let table = Table {
            columns: columns("did handle since_micros epoch by share"),
            rows: vec![vec![
                text("did:web:a"),
                text("alice.example"),
                Value::Int(1_795_227_455_000_000),
                Value::Int(359_045),
                text("did:web:b"),
                Value::Real(0.25),
            ]],
        };
        let dids = dids_of(&table, 9);
        assert_eq!(dids.into_iter().collect::<Vec<_>>(), ["did:web:b"]);
        let bob = [("did:web:b".to_owned(), "bob.\u{202e}example".to_owned())];
        let names = Names::new(&table, bob.into());
        assert_eq!(
            aligned(&table, &names, None),
            "account        since                  epoch  by            share\n\
             alice.example  2026-11-21T02:17:35Z  359045  bob.\u{fffd}example  0.250\n"
        );
    }

    #[test]
    fn a_name_of_two_is_nobodys() {
        let table = Table {
            columns: columns("did handle"),
            rows: vec![
                vec![text("did:web:a"), text("alice.example")],
                vec![text("did:web:mallory"), text("alice.example")],
                vec![text("did:web:b"), text("bob.example")],
            ],
        };
        let names = Names::new(&table, BTreeMap::new());
        assert_eq!(
            aligned(&table, &names, None),
            "account\ndid:web:a\ndid:web:mallory\nbob.example\n"
        );
    }

    /// Wide characters count twice, nothing is lost, and no line is wider than the terminal.
    #[test]
    fn tables_fit_the_terminal() {
        let long = "did:web:a-very-long-name.of-somebody.who-has.a-domain.example";
        let table = Table {
            columns: columns("rank did handle points"),
            rows: vec![
                vec![Value::Int(1), text(long), Value::Null, Value::Int(1_000)],
                vec![
                    Value::Int(2),
                    text("did:web:b"),
                    text("例え例え例え例え例え例え.example"),
                    Value::Int(7),
                ],
            ],
        };
        let names = Names::new(&table, BTreeMap::new());
        let shown = aligned(&table, &names, Some(44));
        let wide =
            |line: &str| -> usize { line.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum() };
        assert!(shown.lines().all(|line| wide(line) <= 44), "\n{shown}");
        assert!(shown.lines().count() > 3, "\n{shown}");
        let kept: String = shown.split_whitespace().collect();
        for piece in ["1,000", "rank", "points"] {
            assert!(kept.contains(piece), "{piece} in\n{shown}");
        }
        let first: String = shown.chars().filter(|c| !c.is_whitespace()).collect();
        assert_eq!(
            first.matches('例').count() + first.matches('え').count(),
            12,
            "\n{shown}"
        );
    }
}
