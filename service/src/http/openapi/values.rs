//! What answers and the values of parameters look like, in the description of the API. A value that fits is
//! understood, though the account may be unknown. Nothing is counted beyond some hundreds: programs that read
//! patterns refuse that.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Value, json};

/// A part of a handle.
const LABEL: &str = "([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";

/// What is answered as this type.
pub(super) fn schema_of_type<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12()
        .for_serialize()
        .with(|settings| {
            settings.meta_schema = None;
            settings.inline_subschemas = true;
        });
    settings.into_generator().into_root_schema_for::<T>().into()
}

/// A parameter of reports.
pub(super) fn schema_of(parameter: &str) -> Value {
    match parameter {
        "epoch" => json!({ "type": "integer", "minimum": i64::MIN, "maximum": i64::MAX }),
        "all_origins" => json!({ "type": "string", "enum": ["0", "1"] }),
        "since" => json!({ "type": "string", "pattern": format!("^({}|{})$", span(), moment()) }),
        "viewers" => {
            let one = format!("@?({}|{})(=-?(0*[0-9]{{1,6}}|0*1000000))?", did(), handle());
            json!({ "type": "string", "pattern": format!("^{one}(,{one})*$") })
        }
        _ => json!({
            "type": "string",
            "anyOf": [
                { "pattern": format!("^@?{}$", did()) },
                { "pattern": format!("^@?{}$", handle()), "maxLength": 253 },
            ],
        }),
    }
}

/// A DID that stands alone.
pub(super) fn did_schema(about: &str) -> Value {
    json!({
        "type": "string", "pattern": format!("^{}$", did()), "description": about,
    })
}

fn did() -> &'static str {
    "did:[a-z]+:[a-zA-Z0-9._:%-]*[a-zA-Z0-9._-]"
}

fn handle() -> String {
    format!(r"([a-zA-Z0-9]{LABEL}\.)+[a-zA-Z]{LABEL}")
}

/// A duration, as 7d, 1h 30m or 1.5h. Fractions have to come out even, in nanoseconds or, from hours
/// on, in seconds: these do.
fn span() -> String {
    let nanos = "nanos|nsec|ns";
    let months = "months|month|M";
    let fine = "usec|us|µs|millis|msec|ms|seconds|second|secs|sec|s|minutes|minute|mins|min|m";
    let coarse = "hours|hour|hrs|hr|h|days|day|d|weeks|week|wks|wk|w|years|year|yrs|yr|y";
    let units = format!(
        r" ?({nanos})|(\.(25|5|75))? ?({months})|(\.[0-9]{{1,3}})? ?({fine})|(\.[0-9]{{1,2}})? ?({coarse})"
    );
    format!("([0-9]{{1,6}}({units}) ?){{1,6}}")
}

/// A date that there is, from 1970 on, or a time of it.
fn moment() -> String {
    let year = "(19[7-9][0-9]|[2-9][0-9]{3})";
    let leap = "(19(7[26]|8[048]|9[26])|[2-9][0-9](0[48]|[2468][048]|[13579][26])|([2468][048]|[3579][26])00)";
    let days = "((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|\
                02-(0[1-9]|1[0-9]|2[0-8]))";
    let time = r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]{1,9})?(Z|\+00:00)?";
    format!("({year}-{days}|{leap}-02-29)([T ]{time})?")
}
