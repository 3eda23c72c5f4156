//! Who may only read a database, as docs/OPERATING.md makes such a role.

use std::io::Write as _;
use std::process::Stdio;

use kith_tests::{Database, Kith, expected::Expected, postgres_program, project, recordings};

use crate::reports::{VIEWER, replayed};

/// The statements of the documentation, for a role of this name.
fn documented(role: &str) -> String {
    let path = project().join("docs/OPERATING.md");
    let text = std::fs::read_to_string(path).expect("can be read");
    let (_, rest) = text.split_once("## Others who read").expect("the section");
    let (_, rest) = rest.split_once("```sql\n").expect("statements");
    let (sql, _) = rest.split_once("```").expect("an end");
    sql.replace("researcher", role)
}

/// The same database in another user's name.
fn url_of(database: &Database, user: &str) -> String {
    let (_, place) = database.url().split_once('@').expect("a host");
    format!("postgres://{user}@{place}")
}

#[test]
fn a_reader_reads_everything_but_the_seed_and_writes_nothing() {
    let (Some(database), Some(mut psql)) = (Database::postgres(), postgres_program("psql")) else {
        return;
    };
    let owner = replayed(database.url());
    let mut psql = psql
        .args(["-q", "-v", "ON_ERROR_STOP=1", database.url()])
        .stdin(Stdio::piped())
        .spawn()
        .expect("psql starts");
    let mut sql = psql.stdin.take().expect("a pipe");
    (sql.write_all(documented("reader").as_bytes())).expect("it reads");
    drop(sql);
    assert!(psql.wait().expect("it ends").success());

    let url = url_of(&database, "reader:a%20secret");
    let reader = replayed("sqlite:kith.db");
    let config = std::fs::read_to_string(reader.folder().join("kith.toml")).expect("a file");
    reader.configure(&config.replace("sqlite:kith.db", &url));
    let of = |kith: &Kith, args: &[&str]| kith.run(args).expect_ok().stdout;
    let mut asked = 0;
    for file in std::fs::read_dir(project().join("reports")).expect("reports") {
        let text = std::fs::read_to_string(file.expect("listed").path()).expect("a report");
        let example = text.split("-- For example: kith ").nth(1);
        let example = example.and_then(|rest| rest.lines().next()).expect("one");
        let args: Vec<&str> = example.split(' ').collect();
        assert_eq!(of(&reader, &args), of(&owner, &args), "{example}");
        asked += 1;
    }
    assert!(asked > 20, "{asked} reports");
    for args in [
        &["status"][..],
        &["explain", VIEWER],
        &["export", "journal", "--to", "-"],
    ] {
        let _ = of(&reader, args);
    }
    for args in [&["verify"][..], &["claim", VIEWER, "--all"]] {
        let said = reader.run(args).expect_code(2).stderr;
        assert!(said.contains("GRANT SELECT"), "{said}");
        assert!(!said.contains("GRANT CREATE"), "{said}");
    }
}

/// The two ways of having no right want different things.
#[test]
fn who_has_no_right_is_told_which() {
    let Some(database) = Database::postgres() else {
        return;
    };
    let case = &Expected::read(&recordings().expected).cases[3];
    let frames = recordings().first;
    database.execute("CREATE ROLE nobody LOGIN PASSWORD 'pw'");
    let stranger = Kith::new(&case.config(&url_of(&database, "nobody:pw"), &frames));
    let replay = ["replay", "--frames", frames.to_str().expect("text")];
    let said = stranger.run(&replay).expect_code(1).stderr;
    assert!(
        said.contains("help: the user needs the right to make tables"),
        "{said}"
    );
    let owner = Kith::new(&case.config(database.url(), &frames));
    let _ = owner.run(&replay).expect_ok();
    let said = stranger.run(&["status"]).expect_code(1).stderr;
    assert!(
        said.contains("help: to read, the user needs GRANT SELECT"),
        "{said}"
    );
}
