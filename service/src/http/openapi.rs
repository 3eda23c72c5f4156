//! The description of the API, made from the reports, so that it says what is there.

mod requests;
mod values;

use axum::response::Response;
use kith_config::edit::LABEL_CHARACTERS_MAX;
use kith_store::{REPORTS, Report, Status};
use serde_json::{Map, Value, json};

use self::values::schema_of;
use super::{
    api::{OFFSET_MAX, ROWS, ROWS_MAX, is_reserved, json as answer, parameters},
    problem::Problem,
};
use crate::commands::explain::Answer as Explained;

/// `/api/v1/openapi.json`.
pub(super) async fn document() -> Result<Response, Problem> {
    answer(&openapi(), None)
}

fn openapi() -> Value {
    let mut paths = Map::new();
    let mut get = |path: String, operation: Value| {
        paths.insert(path, json!({ "get": operation }));
    };
    get(
        "/api/v1/status".into(),
        json!({
            "operationId": "status",
            "summary": "Where does the service stand?",
            "parameters": [if_none_match()],
            "responses": responses(&values::schema_of_type::<Status>(), &["304", "400"]),
        }),
    );
    get(
        "/api/v1/reports".into(),
        json!({
            "operationId": "reports",
            "summary": "What can be asked?",
            "responses": responses(&list_of_reports(), &["400"]),
        }),
    );
    for report in REPORTS {
        get(
            format!("/api/v1/reports/{}", report.name),
            operation(report),
        );
    }
    get(
        "/api/v1/explain/{account}".into(),
        json!({
            "operationId": "explain",
            "summary": "Why is an account in the circle, or why not?",
            "parameters": [
                {
                    "name": "account", "in": "path", "required": true,
                    "description": "A DID, or the handle of a known account.",
                    "schema": schema_of("account"),
                },
                number("limit", "Paths at most, the shortest first.", 1, 100, 10),
                if_none_match(),
            ],
            "responses": responses(
                &values::schema_of_type::<Explained>(),
                &["304", "400", "404", "409"],
            ),
        }),
    );
    get(
        "/api/v1/events".into(),
        json!({
            "operationId": "events",
            "summary": "What happens from now on?",
            "description": "Server-sent events: state (where the database stands; first, and after \
                each change), like (accepted, not held), change (somebody entered the circle, left \
                it, or is at another distance), left_out (more came within a second than are told of: \
                likes, changes or both). A client that is too slow is let go.",
            "responses": {
                "200": {
                    "description": "Events without end.",
                    "content": { "text/event-stream": { "schema": { "type": "string" } } },
                },
                "default": problem(),
            },
        }),
    );
    let edits = [
        ("track", "tracked"),
        ("untrack", "untracked"),
        ("opt-out", "opted_out"),
        ("opt-in", "opted_in"),
    ];
    for (name, done) in edits {
        paths.insert(
            format!("/api/v1/{name}"),
            json!({ "post": edit(name, done) }),
        );
    }
    paths.extend(requests::paths());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Kith",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Who is trusted by the people you care about, how much, and through whom. \
                Field names are those of `kith report NAME --json`.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": { "Problem": problem_schema() },
        },
    })
}

fn operation(report: &Report) -> Value {
    let mut list: Vec<Value> = parameters(report)
        .map(|(name, about, required)| {
            json!({
                "name": name, "in": "query", "required": required, "description": about,
                "schema": schema_of(name),
            })
        })
        .collect();
    list.push(number("limit", "Rows of the answer.", 1, ROWS_MAX, ROWS));
    list.push(number(
        "offset",
        "Rows left out before the first.",
        0,
        OFFSET_MAX,
        0,
    ));
    list.push(if_none_match());
    let mut operation = json!({
        "operationId": report.name,
        "summary": report.question(),
        "parameters": list,
        "responses": responses(&rows(report), &["304", "400", "401", "403", "404", "409"]),
    });
    operation["responses"]["200"]["headers"] = json!({
        "ETag": { "schema": { "type": "string" }, "description": "Changes with the database." },
        "Link": {
            "schema": { "type": "string" },
            "description": "rel=\"next\": the rows after these, if there are any.",
        },
    });
    let security: &[Value] = match is_reserved(report) {
        true => &[json!({ "token": [] })],
        false => &[json!({}), json!({ "token": [] })],
    };
    operation["security"] = security.into();
    operation
}

/// An edit of the configuration.
fn edit(name: &str, done: &str) -> Value {
    let text = json!({ "type": "string" });
    let mut properties = json!({ "id": { "type": "string", "description": "A DID or a handle." } });
    if name == "track" {
        properties["label"] = json!({
            "type": "string", "minLength": 1, "maxLength": LABEL_CHARACTERS_MAX,
            "description": "What you call it, on one line.",
        });
    }
    let body = json!({
        "type": "object", "properties": properties, "required": ["id"], "additionalProperties": false,
    });
    let mut says = Map::new();
    says.insert(done.into(), text);
    let answer = json!({ "type": "object", "properties": says, "required": [done] });
    let others = ["400", "401", "403", "409", "413", "415"];
    json!({
        "operationId": name,
        "summary": format!(
            "Edit the configuration as the command does: an account is {} from now on.",
            done.replace('_', " ")
        ),
        "security": [{ "token": [] }],
        "requestBody": { "required": true, "content": { "application/json": { "schema": body } } },
        "responses": responses(&answer, &others),
    })
}

/// The schema of a report's rows.
fn rows(report: &Report) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for (name, about) in report.columns() {
        let kinds = match report.is_flag(&name) {
            true => json!(["boolean", "null"]),
            false => json!(["string", "number", "null"]),
        };
        required.push(name.clone());
        properties.insert(name, json!({ "type": kinds, "description": about }));
    }
    json!({
        "type": "array",
        "items": {
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        },
    })
}

fn list_of_reports() -> Value {
    let text = json!({ "type": "string" });
    json!({
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "name": text,
                "question": text,
                "needs_token": { "type": "boolean" },
                "parameters": { "type": "array", "items": {
                    "type": "object",
                    "properties": { "name": text, "about": text, "required": { "type": "boolean" } },
                    "required": ["name", "about", "required"],
                    "additionalProperties": false,
                } },
                "columns": { "type": "array", "items": {
                    "type": "object",
                    "properties": { "name": text, "about": text },
                    "required": ["name", "about"],
                    "additionalProperties": false,
                } },
            },
            "required": ["name", "question", "needs_token", "parameters", "columns"],
            "additionalProperties": false,
        },
    })
}

fn number(name: &str, about: &str, least: i64, most: i64, default: i64) -> Value {
    json!({
        "name": name, "in": "query", "required": false, "description": about,
        "schema": { "type": "integer", "minimum": least, "maximum": most, "default": default },
    })
}

fn if_none_match() -> Value {
    json!({
        "name": "If-None-Match", "in": "header", "required": false,
        "description": "The ETag of an earlier answer: 304 if that still stands.",
        "schema": { "type": "string" },
    })
}

fn responses(schema: &Value, others: &[&str]) -> Value {
    let mut responses = Map::new();
    responses.insert(
        "200".into(),
        json!({
            "description": "The answer.",
            "content": { "application/json": { "schema": schema } },
        }),
    );
    for status in others {
        let response = match *status {
            "304" => json!({ "description": "Nothing has changed." }),
            _ => problem(),
        };
        responses.insert((*status).into(), response);
    }
    responses.insert("default".into(), problem());
    Value::Object(responses)
}

fn problem() -> Value {
    json!({
        "description": "What is wrong, and what to do.",
        "content": {
            "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } },
        },
    })
}

fn problem_schema() -> Value {
    let text = json!({ "type": "string" });
    json!({
        "type": "object",
        "properties": {
            "status": { "type": "integer" },
            "title": text,
            "detail": text,
            "parameter": text,
            "reason": text,
            "help": text,
        },
        "required": ["status", "title", "detail"],
        "additionalProperties": false,
    })
}
