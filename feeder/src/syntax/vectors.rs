//! The community's lists of valid and invalid identifiers.

use super::*;
use std::path::Path;

/// The folder of data that others made, beside the project; `None` when it is not there.
fn lists() -> Option<std::path::PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/interop/syntax");
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "{} is missing, and CI must not skip it",
        folder.display()
    );
    None
}

#[test]
fn identifiers_agree_with_the_interop_lists() {
    type Check = (&'static str, fn(&str) -> bool);
    let checks: [Check; 9] = [
        ("did", is_did),
        ("handle", is_handle),
        ("atidentifier", is_at_identifier),
        ("nsid", is_nsid),
        ("recordkey", is_record_key),
        ("tid", is_tid),
        ("cid", is_cid),
        ("aturi", is_at_uri),
        ("datetime", |text| parse_datetime(text).is_some()),
    ];
    let Some(folder) = lists() else { return };
    let mut wrong = Vec::new();
    for (name, check) in checks {
        for (file, expect) in [("valid", true), ("invalid", false)] {
            let path = folder.join(format!("{name}_syntax_{file}.txt"));
            let text = std::fs::read_to_string(&path).expect("the list is readable");
            let lines = text
                .lines()
                .filter(|line| !line.is_empty() && !line.starts_with('#'));
            let mut count = 0;
            for line in lines {
                count += 1;
                if check(line) != expect {
                    wrong.push(format!("{name} {file}: {line:?}"));
                }
            }
            assert!(count > 0, "{} is empty", path.display());
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// Every list is one that a test here reads, or of something that Kith does not read.
#[test]
fn no_list_is_left_out() {
    let Some(folder) = lists() else { return };
    let read = [
        "did",
        "handle",
        "atidentifier",
        "nsid",
        "recordkey",
        "tid",
        "cid",
        "aturi",
        "datetime",
    ];
    let of_no_concern = ["language", "uri"];
    for entry in std::fs::read_dir(folder).expect("the folder is readable") {
        let name = entry.expect("readable").file_name();
        let name = name.to_string_lossy();
        let kind = name.split('_').next().unwrap_or_default();
        assert!(
            read.contains(&kind) || of_no_concern.contains(&kind),
            "{name}"
        );
    }
}

#[test]
fn impossible_datetimes_are_refused() {
    let Some(folder) = lists() else { return };
    let text = std::fs::read_to_string(folder.join("datetime_parse_invalid.txt"))
        .expect("the list is readable");
    for line in text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        assert_eq!(parse_datetime(line), None, "{line}");
    }
}
