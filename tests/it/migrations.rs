//! Databases of every released schema: brought up to date, gone on with, and verified.

use std::path::Path;

use kith_tests::{Database, Kith, Signal, expected::Expected, expected::Said, project, recordings};

/// The schemas there have been, by their last migration: see `tests/schemas/README.md`.
const SCHEMAS: [&str; 15] = [
    "0001", "0002", "0003", "0004", "0006", "0007", "0009", "0010", "0011", "0015", "0016", "0017",
    "0018", "0019", "0020",
];

/// A database that an earlier Kith left in the middle of the recording.
fn left(schema: &str, database: &Database) {
    let kind = match database.url().starts_with("sqlite:") {
        true => "sqlite",
        false => "postgres",
    };
    let file = project().join(format!("tests/schemas/{schema}.{kind}.sql"));
    let sql = std::fs::read_to_string(&file);
    let sql = sql.unwrap_or_else(|e| panic!("cannot read {}: {e}", file.display()));
    database.execute(&sql);
}

/// Who adds a migration adds a database of it.
#[test]
fn there_is_a_database_of_the_newest_schema() {
    let newest = format!("{:04}", newest() % 10_000);
    assert_eq!(
        SCHEMAS.last(),
        Some(&newest.as_str()),
        "tests/schemas/README.md says how"
    );
}

#[test]
fn databases_of_every_schema_are_gone_on_with() {
    let case = &Expected::read(&recordings().expected).cases[3];
    let frames = recordings().first;
    for schema in SCHEMAS {
        for database in [Some(Database::sqlite()), Database::postgres()]
            .into_iter()
            .flatten()
        {
            left(schema, &database);
            let before = database.number("SELECT COUNT(*) FROM journal");
            let kith = Kith::new(&case.config(database.url(), &frames));
            if database.number("SELECT MAX(version) FROM _sqlx_migrations") < newest() {
                let said = kith.run(&["status"]).expect_code(1).stderr;
                assert!(said.contains("older kith"), "{said}");
            }
            let replay = ["replay", "--frames", path(&frames)];
            let _ = kith.run(&replay).expect_ok();
            let after = database.number("SELECT COUNT(*) FROM journal");
            assert!(0 < before && before < after, "{before}, then {after}");
            let differences = Said::by(&kith).differences(&case.expect);
            let place = format!("schema {schema} on {}", database.url());
            // The frames before the cut are read twice: their likes outside the circle count again.
            let real: Vec<_> = differences
                .iter()
                .filter(|d| !d.contains("likes") && !d.contains("status"))
                .collect();
            assert!(real.is_empty(), "{place}: {real:#?}");
            let verified = kith.run(&["verify"]);
            assert_eq!(verified.code(), Some(0), "{place}: {}", verified.stdout);
            let history = database.number("SELECT COUNT(*) FROM history WHERE own IS NOT NULL");
            assert!(history > 0, "{place}: history is kept from now on");
        }
    }
}

/// Who asks by SQL has views of their own, and let others read ours.
#[test]
fn views_of_ones_own_outlive_an_upgrade() {
    let case = &Expected::read(&recordings().expected).cases[3];
    let frames = recordings().first;
    for database in [Some(Database::sqlite()), Database::postgres()]
        .into_iter()
        .flatten()
    {
        left("0019", &database);
        database.execute(
            "CREATE VIEW mine AS SELECT did, hop FROM account WHERE hop = 2; \
             CREATE VIEW trusted AS SELECT viewer, did, points FROM v_trust; \
             CREATE VIEW tracked_by AS SELECT t.did, c.by_did FROM v_tracked t JOIN v_circle c ON c.did = t.did",
        );
        let counts = || {
            ["mine", "trusted", "tracked_by"]
                .map(|view| database.number(&format!("SELECT COUNT(*) FROM {view}")))
        };
        let before = counts();
        let is_postgres = database.url().starts_with("postgres");
        if is_postgres {
            database.execute("GRANT SELECT ON v_trust TO PUBLIC");
        }
        let kith = Kith::new(&case.config(database.url(), &frames));
        kith.start(&["run"]).until("an upgrade", || {
            let version = "SELECT MAX(version) FROM _sqlx_migrations";
            (database.number(version) == newest()).then_some(())
        });
        assert!(before.iter().all(|count| *count > 0));
        assert_eq!(counts(), before, "{}", database.url());
        if is_postgres {
            let granted = "SELECT COUNT(*) FROM information_schema.role_table_grants \
                 WHERE table_name = 'v_trust' AND grantee = 'PUBLIC'";
            assert_eq!(database.number(granted), 1);
        }
    }
}

/// Whoever reads a log later has to find there what happened when Kith was replaced.
#[test]
fn a_service_says_which_kith_it_is_and_what_it_migrated() {
    let case = &Expected::read(&recordings().expected).cases[3];
    let frames = recordings().first;
    for database in [Some(Database::sqlite()), Database::postgres()]
        .into_iter()
        .flatten()
    {
        left(SCHEMAS[0], &database);
        let from = database.number("SELECT MAX(version) FROM _sqlx_migrations");
        let kith = Kith::new(&case.config(database.url(), &frames));
        let migrated = format!("from={from} to={}", newest());
        for starts in 1..=2 {
            let mut running = kith.start(&["run"]);
            let file = running.stderr_file().to_owned();
            running.until("it to follow", || {
                let said = std::fs::read_to_string(&file).unwrap_or_default();
                said.contains("following").then_some(())
            });
            let said = running.stop(Signal::Term).expect_ok().stderr;
            let version = format!("kith {} starts", env!("CARGO_PKG_VERSION"));
            assert_eq!(said.matches(&version).count(), 1, "{said}");
            let told = said.matches("migrated").count();
            assert_eq!(
                told,
                2 - starts,
                "only the first brings it up to date: {said}"
            );
            assert_eq!(said.matches(&migrated).count(), told, "{said}");
        }
    }
}

/// Before a migration is when a backup is needed most, and who makes it has the new Kith already.
#[test]
fn a_backup_is_made_of_any_schema() {
    let database = Database::sqlite();
    left(SCHEMAS[0], &database);
    let case = &Expected::read(&recordings().expected).cases[3];
    let frames = recordings().first;
    let kith = Kith::new(&case.config(database.url(), &frames));
    let counted = ["journal", "account", "_sqlx_migrations"];
    let counts = |database: &Database| {
        counted.map(|table| database.number(&format!("SELECT COUNT(*) FROM {table}")))
    };
    let copied = |name: &str| {
        let _ = kith.run(&["backup", name]).expect_ok();
        let copy = format!("sqlite:{}", kith.folder().join(name).display());
        let copy = Database::at(&copy);
        assert_eq!(counts(&copy), counts(&database), "{name}");
        copy
    };
    let before = counts(&database);
    let older = copied("older.db");
    assert_eq!(
        counts(&database),
        before,
        "the database itself is left as it is"
    );
    let gone_on = Kith::new(&case.config(older.url(), &frames));
    let replay = ["replay", "--frames", path(&frames)];
    let _ = gone_on.run(&replay).expect_ok();
    let _ = gone_on.run(&["verify"]).expect_ok();

    database.execute(OF_TOMORROW);
    let _ = copied("newer.db");
}

/// A migration of a Kith that is not made yet.
const OF_TOMORROW: &str = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
     VALUES (99991231000001, 'of tomorrow', 1, X'00', 0)";

#[test]
fn a_newer_schema_is_refused() {
    let database = Database::sqlite();
    left(SCHEMAS[2], &database);
    let case = &Expected::read(&recordings().expected).cases[3];
    let frames = recordings().first;
    let kith = Kith::new(&case.config(database.url(), &frames));
    let replay = ["replay", "--frames", path(&frames)];
    let _ = kith.run(&replay).expect_ok();
    database.execute(OF_TOMORROW);
    for command in [&replay[..], &["status"], &["verify"]] {
        let said = kith.run(command).expect_code(1).stderr;
        assert!(said.contains("newer kith"), "{said}");
    }
}

/// The version of the last migration there is.
fn newest() -> i64 {
    let files = std::fs::read_dir(project().join("migrations/sqlite")).expect("migrations");
    let version = |name: String| name.split('_').next()?.parse().ok();
    files
        .flatten()
        .filter_map(|file| version(file.file_name().into_string().ok()?))
        .max()
        .expect("a migration")
}

fn path(path: &Path) -> &str {
    path.to_str().expect("test paths are text")
}
