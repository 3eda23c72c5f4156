//! Claims and being forgotten, in the description of the API.

use kith_store::batch::Answer;
use serde_json::{Map, Value, json};

use super::{
    responses,
    values::{did_schema, schema_of},
};

/// The paths of requests.
pub(super) fn paths() -> Map<String, Value> {
    let mut paths = Map::new();
    let part = |needed: &str| {
        json!({
            "type": "object",
            "properties": {
                "account": described(schema_of("account"), "Who claims."),
                "from": described(schema_of("account"), "Bundles of this sender only."),
                "entry": {
                    "type": "integer", "minimum": 0, "maximum": u32::MAX,
                    "description": "This bundle only, as report unclaimed counts them.",
                },
            },
            "required": ["account", needed],
            "additionalProperties": false,
        })
    };
    let all = json!({
        "type": "object",
        "properties": {
            "account": described(schema_of("account"), "Who claims."),
            "all": { "const": true, "description": "All that waits." },
        },
        "required": ["account", "all"],
        "additionalProperties": false,
    });
    let claim = json!({ "anyOf": [all, part("from"), part("entry")] });
    let forget = json!({
        "type": "object",
        "properties": {
            "did": did_schema("Who; a handle will not do."),
            "undo": { "type": "boolean", "description": "Let it be met again." },
        },
        "required": ["did"],
        "additionalProperties": false,
    });
    let posts = [
        ("claim", "An account takes points that wait for it.", claim),
        (
            "forget",
            "Forget an account for good: nothing more is kept of it.",
            forget,
        ),
    ];
    for (name, summary, body) in posts {
        let mut operation = json!({
            "operationId": name,
            "summary": summary,
            "description": "It is a request to the service that runs; where none does, it waits.",
            "security": [{ "token": [] }],
            "requestBody": {
                "required": true,
                "content": { "application/json": { "schema": body } },
            },
            "responses": responses(&state(), &["400", "401", "403", "404", "409", "413", "415"]),
        });
        operation["responses"]["202"] = json!({
            "description": "It waits for the service; Location says where to look.",
            "headers": { "Location": { "schema": { "type": "string" } } },
            "content": { "application/json": { "schema": state() } },
        });
        paths.insert(format!("/api/v1/{name}"), json!({ "post": operation }));
    }
    let get = json!({
        "operationId": "request",
        "summary": "What became of a request?",
        "security": [{ "token": [] }],
        "parameters": [{
            "name": "id", "in": "path", "required": true,
            "schema": { "type": "integer", "minimum": 0, "maximum": i64::MAX },
        }],
        "responses": responses(&state(), &["400", "401", "403", "404"]),
    });
    paths.insert("/api/v1/requests/{id}".into(), json!({ "get": get }));
    paths
}

fn described(mut schema: Value, about: &str) -> Value {
    schema["description"] = about.into();
    schema
}

/// A request and its answer.
fn state() -> Value {
    let (text, int) = (
        json!({ "type": ["string", "null"] }),
        json!({ "type": ["integer", "null"] }),
    );
    let answers: Vec<Value> = [Value::Null]
        .into_iter()
        .chain(Answer::ALL.iter().map(|answer| answer.name().into()))
        .collect();
    json!({
        "type": "object",
        "properties": {
            "id": { "type": "integer" },
            "kind": { "type": "string", "enum": ["claim", "forget", "remember"] },
            "did": { "type": "string" },
            "sender": text,
            "entry": int,
            "answer": { "enum": answers },
            "operations": int,
            "position": int,
            "points": int,
        },
        "required": ["id", "kind", "did", "answer"],
        "additionalProperties": false,
    })
}
