//! Rule `reference` against recorded traces of the Morat reference.

use std::path::PathBuf;

use crate::trace;

/// The recorded traces, or `None` (with a message) where they are not at hand.
fn traces() -> Option<Vec<PathBuf>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/morat-traces");
    let Ok(files) = std::fs::read_dir(folder) else {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "no traces in {folder}"
        );
        return None;
    };
    let files = files.map(|file| file.expect("a readable folder").path());
    let mut files: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    files.sort();
    Some(files)
}

#[test]
fn every_trace_is_reproduced() {
    let Some(files) = traces() else { return };
    assert!(!files.is_empty());
    let (mut compared, mut resynced) = (0, 0);
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let report = trace::replay(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let line = report.to_json(&file.display().to_string());
        assert!(report.different.is_empty(), "{line}");
        assert_eq!(report.ops, report.compared + report.resynced, "{line}");
        compared += report.compared;
        resynced += report.resynced;
    }
    // What is compared must be nearly all of it, or the test is empty.
    assert!(
        compared > 100 * resynced,
        "{compared} compared, {resynced} resynced"
    );
}

/// A trace with one number changed is found out, at that operation and not after it.
#[test]
fn a_wrong_trace_is_found_out() {
    let trace = |bobs: u32| {
        format!(
            r#"{{"meta": {{"maxPoints": 1000}}, "ops": [
            {{"op":"create","id":"alice","epoch":0,"optsIn":true,"result":"Created","flags":[],"after":{{"alice":{a}}}}},
            {{"op":"create","id":"bob","epoch":0,"optsIn":true,"result":"Created","flags":[],"after":{{"bob":{b}}}}},
            {{"op":"assign","from":"alice","to":"bob","points":20,"epoch":1,"result":"Ok","flags":[],
              "after":{{"alice":{a2},"bob":{b2}}}}}],
            "final": {{"alice":{a2}}}}}"#,
            a = user(1000, "{}"),
            b = user(1000, "{}"),
            a2 = user(980, "{}"),
            b2 = user(1000, &format!(r#"{{"alice":[{bobs},1]}}"#)),
        )
    };
    assert!(trace::replay(&trace(20)).unwrap().different.is_empty());
    let report = trace::replay(&trace(19)).unwrap();
    assert_eq!(report.different.len(), 1);
    assert_eq!(report.different[0]["op"], 2);
    assert_eq!(
        report.different[0]["got"]["after"]["bob"]["points"]["alice"][0],
        20
    );
    assert!(trace::replay("{}").is_err());
}

fn user(own: u32, points: &str) -> String {
    format!(
        r#"{{"own":{own},"others":0,"epochSignUp":0,"epochUpdate":0,"optsIn":true,"blocks":[],"points":{points},"queued":[]}}"#
    )
}

/// A trace of operations, each with the state after it, among people made before them.
fn story(people: &[&str], ops: &[&str]) -> trace::Report {
    let create = |name: &&str| {
        format!(
            r#"{{"op":"create","id":"{name}","epoch":0,"optsIn":true,"result":"Created","after":{{}}}}"#
        )
    };
    let created = people.iter().map(create);
    let ops: Vec<String> = created.chain(ops.iter().map(ToString::to_string)).collect();
    let ops = ops.join(",");
    let text = format!(r#"{{"meta":{{"maxPoints":100}},"ops":[{ops}],"final":{{}}}}"#);
    trace::replay(&text).unwrap()
}

/// The cut of somebody whom the first leg left with nothing is an entry of no points, if it is held.
#[test]
fn a_held_cut_of_nothing_waits_too() {
    let report = story(
        &["a", "h", "b"],
        &[
            r#"{"op":"block","blocker":"morat","blockee":"h","result":null,"after":{}}"#,
            r#"{"op":"assign","from":"a","to":"h","points":99,"epoch":0,"result":"Ok","after":{}}"#,
            r#"{"op":"assign","from":"h","to":"b","points":199,"epoch":0,"result":"Ok","after":{"morat":
               {"own":100,"others":0,"epochSignUp":0,"epochUpdate":0,"optsIn":true,"blocks":["h"],"points":{},
               "queued":[{"from":"h","epoch":0,"points":[["h",0,0]]}]}}}"#,
        ],
    );
    assert_eq!(report.compared, 6);
    assert_eq!(report.different, Vec::<serde_json::Value>::new());
}

/// What waits too long is dropped by every tick, also at those who are settled already.
#[test]
fn a_tick_drops_what_waits_too_long_everywhere() {
    let report = story(
        &["a"],
        &[
            r#"{"op":"create","id":"r","epoch":12,"optsIn":false,"result":"Created","after":{}}"#,
            r#"{"op":"assign","from":"a","to":"r","points":5,"epoch":0,"result":"Ok","after":{}}"#,
            r#"{"op":"tick","epoch":11,"batch":9,"keepTopN":4294967296,"result":null,"after":{"r":
               {"own":100,"others":0,"epochSignUp":12,"epochUpdate":12,"optsIn":false,"blocks":[],"points":{},
               "queued":[]}}}"#,
        ],
    );
    assert_eq!(report.compared, 4);
    assert_eq!(report.different, Vec::<serde_json::Value>::new());
}

/// A state that no ledger can hold is told where it is met, and the trace goes on.
#[test]
fn a_state_that_cannot_be_taken_over_is_told() {
    for (own, points, told) in [
        ("268435457", "{}", "more points than an account can have"),
        ("4294967296", "{}", "own 4294967296"),
        ("0", r#"{"x":[1,0]}"#, "nobody is called \"x\""),
        ("0", r#"{"a":[1,0]}"#, "its own tag"),
    ] {
        let tick = format!(
            r#"{{"op":"tick","epoch":1,"batch":9,"keepTopN":9,"result":null,"flags":["float"],"after":{{"a":
            {{"own":{own},"others":0,"epochSignUp":0,"epochUpdate":0,"optsIn":true,"blocks":[],
            "points":{points},"queued":[]}}}}}}"#
        );
        let send =
            r#"{"op":"assign","from":"a","to":"b","points":5,"epoch":1,"result":"Ok","after":{}}"#;
        let report = story(&["a", "b"], &[&tick, send]);
        assert_eq!((report.compared, report.resynced), (3, 1));
        assert_eq!(report.different.len(), 1, "{:?}", report.different);
        assert_eq!(report.different[0]["op"], 2);
        let got = report.different[0]["got"].as_str().unwrap();
        assert!(got.contains(told), "{got}");
    }
}
