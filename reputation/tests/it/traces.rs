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
