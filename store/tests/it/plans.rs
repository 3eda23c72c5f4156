//! No report reads all assignments where an index serves: what both databases plan to do, with
//! enough rows for an index to matter.

use kith_store::{Access, REPORTS, Report, Store};
use kith_tests::Database;

use crate::twin::{databases, runtime};

/// They ask about all rows there are.
const ABOUT_ALL: [&str; 2] = ["assignments", "mutual"];

/// Twenty thousand accounts, five of them tracked, and some 200,000 assignments.
const ROWS: &str = "
    INSERT INTO state (singleton, batch, position, ticks, seed, epoch, epoch_micros, clock_micros, flow_position, depth)
        VALUES (1, 1, 50000, 5, 1, 5, 1000000, 5000000, 50000, 2);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
        INSERT INTO account (id, did, hop, since_micros)
        SELECT i, 'did:web:a' || CAST(i AS TEXT), CASE WHEN i < 6 THEN 0 WHEN i < 900 THEN 1 ELSE 2 END, i FROM n;
    INSERT INTO ledger_number (ledger_id, account) SELECT id, id FROM account;
    INSERT INTO tracked (account) SELECT id FROM account WHERE id < 6;
    INSERT INTO circle_change (id, micros, account, to_hop, cause) SELECT id, id, id, hop, 'follow' FROM account;
    INSERT INTO ledger_account (id, own, others, tally, rows, unclaimed, ordinal, position)
        SELECT id, 1000, 5, 505, 10, 0, 5, 50000 FROM account;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10)
        INSERT INTO assignment (holder, origin, points)
        SELECT a.id, (a.id * 7 + n.i * n.i * 1009) % 19997 + 1, 1 + n.i FROM account a CROSS JOIN n;
    INSERT INTO flow (origin, receiver, sender, epoch, points)
        SELECT a.id % 5 + 1, a.id, CASE WHEN a.id % 3 = 0 THEN a.id % 5 + 1 ELSE a.id / 2 + 1 END, 5, 10 FROM account a;
    INSERT INTO history (holder, epoch, received, given, hop, own, tally, tracked, rank)
        SELECT a.id, e.epoch, 1, 1, 2, 1, 1, 1, a.id FROM account a CROSS JOIN (SELECT 2 AS epoch UNION ALL SELECT 3 UNION ALL SELECT 4) e;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
        INSERT INTO journal (position, epoch, kind, outcome, sender, receiver, points, held, sink_points, record, micros)
        SELECT i, i / 10001 + 1, CASE WHEN i % 10000 = 0 THEN 2 ELSE 1 END, CASE WHEN i % 1000 = 7 THEN 7 ELSE 0 END,
            i % 7919 + 1, i % 1999 + 1, 100, 0, 1, 1, i * 100 FROM n;
";

/// So few rows PostgreSQL would rather read one after the other than look for each, as it does
/// with millions; without that choice it shows whether an index can serve.
const AS_IF_LARGE: &str = "
    ANALYZE;
    DO $$
    DECLARE
        choice TEXT;
    BEGIN
        FOREACH choice IN ARRAY ARRAY['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin'] LOOP
            EXECUTE format('ALTER DATABASE %I SET %I = off', current_database(), choice);
        END LOOP;
    END $$;
";

#[test]
fn no_report_reads_all_assignments() {
    for database in databases() {
        // Makes the tables.
        let store = runtime().block_on(Store::open(database.url(), Access::Write));
        drop(store.expect("opens"));
        database.execute(ROWS);
        let is_sqlite = database.url().starts_with("sqlite:");
        if !is_sqlite {
            database.execute(AS_IF_LARGE);
        }
        for report in REPORTS {
            for all_origins in ["NULL", "1"] {
                let plan = plan(&database, report, all_origins);
                let scans = match is_sqlite {
                    true => scans_of_sqlite(&plan, &names_of_assignment(report.sql())),
                    false => scans_of_postgres(&plan),
                };
                let (name, plan) = (report.name, plan.join("\n"));
                match ABOUT_ALL.contains(&name) {
                    true => assert!(scans > 0, "{name} was thought to read all\n{plan}"),
                    false => assert_eq!(scans, 0, "{name} reads all assignments\n{plan}"),
                }
            }
        }
    }
}

fn plan(database: &Database, report: &Report, all_origins: &str) -> Vec<String> {
    let lines = report.sql().lines();
    let lines: Vec<&str> = lines
        .filter(|line| !line.trim_start().starts_with("--"))
        .collect();
    let mut sql = lines.join("\n");
    let mut names = report.parameters();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    for name in names {
        let value = match name.as_str() {
            "limit" => "20",
            "all_origins" => all_origins,
            "viewer" => "'did:web:a1'",
            "viewers" => "'did:web:a1=2,did:web:a2=-1'",
            "holder" | "account" => "'did:web:a7000'",
            _ => "NULL",
        };
        sql = sql.replace(&format!(":{name}"), value);
    }
    database.plan(&sql)
}

/// What the query calls table `assignment`, views of it included.
fn names_of_assignment(sql: &str) -> Vec<&str> {
    let words: Vec<&str> = sql.split_whitespace().collect();
    let tables = words.windows(2).filter(|pair| pair[0] == "assignment");
    let mut names: Vec<&str> = tables.map(|pair| pair[1]).collect();
    if sql.contains("v_assignments") || sql.contains("v_trust") {
        names.push("s");
    }
    names
}

fn scans_of_sqlite(plan: &[String], names: &[&str]) -> usize {
    let scanned = |line: &&String| {
        let mut words = line.split_whitespace();
        words.next() == Some("SCAN") && words.next().is_some_and(|name| names.contains(&name))
    };
    plan.iter().filter(scanned).count()
}

/// Nodes on the table without a condition that an index answers.
fn scans_of_postgres(plan: &[String]) -> usize {
    let on_table = |line: &str| line.contains("Scan") && line.contains(" on assignment");
    let nodes = plan.iter().enumerate().filter(|(_, line)| on_table(line));
    nodes
        .filter(|(i, line)| {
            let next = plan.get(i + 1).map(String::as_str).unwrap_or_default();
            // A bitmap is made by the node below it.
            !line.contains("Bitmap") && !next.contains("Index Cond")
        })
        .count()
}
