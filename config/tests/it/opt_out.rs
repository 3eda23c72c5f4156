//! Adding and removing accounts that want no points.

use kith_config::edit::{EditError, add_opt_out, opted_out, remove_opt_out};
use kith_config::{Identifier, TEMPLATE};

fn id(text: &str) -> Identifier {
    text.parse().expect("an identifier")
}

fn add(text: &str, name: &str) -> Result<String, EditError> {
    add_opt_out(text, "kith.toml", &id(name))
}

fn remove(text: &str, name: &str) -> Result<String, EditError> {
    remove_opt_out(text, "kith.toml", &id(name))
}

fn names(text: &str) -> Vec<String> {
    let list = opted_out(text, "kith.toml").expect("valid");
    list.iter().map(ToString::to_string).collect()
}

const ENTRY: &str = "[[circle.tracked]]\nid = \"did:plc:a\"\n";

/// However the file is written, the account gets its place, and everything else stays.
#[test]
fn an_account_is_added_wherever_the_list_belongs() {
    let cases = [
        // No list yet: after the keys of [circle].
        (
            format!("[circle] # who\ndepth = 1 # near\n# opt_out = []\n\n{ENTRY}"),
            format!(
                "[circle] # who\ndepth = 1 # near\nopt_out = [\"b.example.com\"]\n# opt_out = []\n\n{ENTRY}"
            ),
        ),
        (
            format!("[circle]\n{ENTRY}"),
            format!("[circle]\nopt_out = [\"b.example.com\"]\n{ENTRY}"),
        ),
        // No [circle]: before the first entry and its comments.
        (
            format!("database = \"sqlite:x.db\"\n\n# Alice.\n{ENTRY}# below"),
            format!(
                "database = \"sqlite:x.db\"\n\n[circle]\nopt_out = [\"b.example.com\"]\n\n# Alice.\n{ENTRY}# below"
            ),
        ),
        (
            "database = \"sqlite:x.db\"".to_owned(),
            "database = \"sqlite:x.db\"\n\n[circle]\nopt_out = [\"b.example.com\"]\n".to_owned(),
        ),
        (
            String::new(),
            "\n[circle]\nopt_out = [\"b.example.com\"]\n".to_owned(),
        ),
        // A list, on one line or on several.
        (
            format!("[circle]\nopt_out = [ \"did:plc:x\" ] # no\n{ENTRY}"),
            format!("[circle]\nopt_out = [ \"did:plc:x\", \"b.example.com\" ] # no\n{ENTRY}"),
        ),
        (
            format!("[circle]\nopt_out = [\n  \"did:plc:x\", # X\n  # more\n]\n{ENTRY}"),
            format!(
                "[circle]\nopt_out = [\n  \"did:plc:x\", # X\n  # more\n  \"b.example.com\",\n]\n{ENTRY}"
            ),
        ),
        (
            "circle = { tracked = [{ id = \"did:plc:a\" }] }\n".to_owned(),
            "circle = { tracked = [{ id = \"did:plc:a\" }] , opt_out = [\"b.example.com\"] }\n"
                .to_owned(),
        ),
        (
            "circle.depth = 1\n".to_owned(),
            "circle.depth = 1\ncircle.opt_out = [\"b.example.com\"]\n".to_owned(),
        ),
        (
            format!("[circle]\r\n{ENTRY}"),
            format!("[circle]\r\nopt_out = [\"b.example.com\"]\r\n{ENTRY}"),
        ),
    ];
    for (before, after) in cases {
        let added = add(&before, "b.example.com").unwrap_or_else(|e| panic!("{before}\n{e}"));
        assert_eq!(added, after, "{before}");
        assert_eq!(
            names(&added).last().map(String::as_str),
            Some("b.example.com")
        );
        let removed = remove(&added, "B.Example.com").expect("removed");
        assert_eq!(names(&removed), names(&before));
    }
}

#[test]
fn the_template_takes_many_and_gives_them_back() {
    let mut text = TEMPLATE.to_owned();
    for name in ["b.example.com", "did:plc:c", "d.example.com"] {
        text = add(&text, name).expect("added");
    }
    assert_eq!(
        names(&text),
        ["b.example.com", "did:plc:c", "d.example.com"]
    );
    for name in ["did:plc:c", "b.example.com", "d.example.com"] {
        text = remove(&text, name).expect("removed");
    }
    assert_eq!(names(&text), [""; 0]);
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let left = lines(&text);
    assert!(lines(TEMPLATE).iter().all(|line| left.contains(line)));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let text = format!("[circle]\nopt_out = [\"B.example.com\"]\n{ENTRY}");
    let twice = add(&text, "b.example.com")
        .expect_err("refused")
        .to_string();
    assert_eq!(twice, "b.example.com has opted out already");
    let absent = remove(&text, "c.example.com")
        .expect_err("refused")
        .to_string();
    assert!(absent.contains("kith opt-out list"), "{absent}");
    let broken = add("[circle\n", "b.example.com").expect_err("refused");
    assert!(matches!(broken, EditError::Invalid(_)), "{broken}");
    // An account may be tracked and want no points.
    assert_eq!(names(&add(&text, "did:plc:a").expect("added")).len(), 2);
}
