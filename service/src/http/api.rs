//! Status and reports, with the same field names as `--json` on the command line.

use std::{ops::ControlFlow, sync::Arc};

use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use kith_config::{Config, Env, Mode};
use kith_store::{Parameter, REPORTS, Report, Table, Value};
use serde::Serialize;
use serde_json::json;
use url::form_urlencoded::{Serializer, parse};

use super::{Site, page, problem::Problem, token};
use crate::{ask, commands::explain, sources};

/// Rows of an answer unless told, and at most.
pub(super) const ROWS: i64 = 100;
pub(super) const ROWS_MAX: i64 = 5_000;
/// Paths of an explanation unless told, and at most.
const PATHS: i64 = 10;
const PATHS_MAX: i64 = 100;
/// Rows that can be left out before the first.
pub(super) const OFFSET_MAX: i64 = 1_000_000_000;
/// What tells of blocks and opt-outs is for the token: all of a report, or a column of one.
const RESERVED_REPORT: &str = "unclaimed";
const RESERVED_COLUMNS: [(&str, &str); 4] = [
    ("accounts", "unclaimed"),
    ("activity", "held"),
    ("given", "held"),
    ("gaps", "blocks_changed"),
];

/// Without the token a report that can leaves out the likes that were held: its other columns would
/// tell of them.
const UNHELD: (&str, Parameter) = ("unheld", Parameter::Int(1));

type Answer = Result<Response, Problem>;

/// Where the service stands.
pub(super) async fn status(State(site): State<Arc<Site>>, uri: Uri, headers: HeaderMap) -> Answer {
    if let Some((name, _)) = pairs(&uri).first() {
        return Err(Problem::bad(name, "is no parameter of this"));
    }
    let running = site
        .store
        .has_writer()
        .await
        .map_err(|e| Problem::ours(&e))?;
    let tag = tag(&site, if running { "running" } else { "resting" }).await?;
    if is_known(&headers, &tag) {
        return Ok(unchanged(&tag));
    }
    let status = site.store.status(&sources::names(&site.config)).await;
    let status = status.map_err(|e| Problem::ours(&e))?;
    json(&status, Some(&tag))
}

/// What can be asked.
pub(super) async fn reports(uri: Uri) -> Answer {
    if let Some((name, _)) = pairs(&uri).first() {
        return Err(Problem::bad(name, "is no parameter of this"));
    }
    let list: Vec<_> = REPORTS
        .iter()
        .map(|report| {
            json!({
                "name": report.name,
                "question": report.question(),
                "needs_token": is_reserved(report),
                "parameters": parameters(report)
                    .map(|(name, about, required)| json!({
                        "name": name, "about": about, "required": required
                    }))
                    .collect::<Vec<_>>(),
                "columns": report.columns()
                    .into_iter()
                    .map(|(name, about)| json!({ "name": name, "about": about }))
                    .collect::<Vec<_>>(),
            })
        })
        .collect();
    json(&list, None)
}

/// One report.
pub(super) async fn report(
    State(site): State<Arc<Site>>,
    name: Result<Path<String>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Answer {
    let name = name.map(|Path(name)| name).unwrap_or_default();
    let report = find(&name)?;
    let has_token = token::is_given(site.token.get().as_deref(), &headers);
    if is_reserved(report) {
        token::require(site.token.get().as_deref(), &headers)?;
    }
    let asked = Asked::of(report, &uri)?;
    let tag = tag(&site, if has_token { "t" } else { "r" }).await?;
    let mut values = Vec::new();
    if !has_token {
        values.push(UNHELD);
    }
    for (name, text) in &asked.given {
        let value = ask::parameter(&site.store, name, text).await;
        values.push((*name, value.map_err(|error| Problem::of_ask(name, error))?));
    }
    for needed in report.parameters() {
        let is_given = values.iter().any(|(name, _)| *name == needed);
        if !is_given && !Report::is_optional(&needed) {
            return Err(Problem::bad(
                &needed,
                format!("is what report {name} needs"),
            ));
        }
    }
    if is_known(&headers, &tag) {
        return Ok(unchanged(&tag));
    }
    let mut table = rows(&site, report, values, &asked).await?;
    let limit = usize::try_from(asked.limit).unwrap_or_default();
    let more = table.rows.len() > limit;
    table.rows.truncate(limit);
    if !has_token {
        hide(report, &mut table);
    }
    let mut response = json(&table, Some(&tag))?;
    if more && let Ok(link) = HeaderValue::from_str(&asked.next(report)) {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// Why somebody is in the circle, or not.
pub(super) async fn explain(
    State(site): State<Arc<Site>>,
    account: Result<Path<String>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Answer {
    let account = account.map(|Path(account)| account).unwrap_or_default();
    let mut paths = PATHS;
    for (place, (name, text)) in pairs(&uri).into_iter().enumerate() {
        match name.as_str() {
            "limit" if place > 0 => return Err(Problem::bad(&name, "is given twice")),
            "limit" => paths = number("limit", &text, 1, PATHS_MAX)?,
            _ => return Err(Problem::bad(&name, "is no parameter of this").help("it has limit")),
        }
    }
    let did = ask::did_of(&site.store, "account", &account).await;
    let did = did.map_err(|error| Problem::of_ask("account", error))?;
    // Skipped and tracked accounts are those of the file as it is now.
    let config = Config::load(&site.path, &Env::of_process(), Mode::Offline);
    let config = config.as_ref().unwrap_or(&site.config);
    let has_token = token::is_given(site.token.get().as_deref(), &headers);
    let sum = page::checksum(format!("{has_token}{:?}", config.circle).as_bytes());
    let tag = tag(&site, &format!("{sum:x}")).await?;
    if is_known(&headers, &tag) {
        return Ok(unchanged(&tag));
    }
    let paths = usize::try_from(paths).unwrap_or_default();
    let answer = explain::answer(&site.store, config, did, paths).await;
    let mut answer = answer.map_err(|error| Problem::ours(&error))?;
    if !has_token {
        answer.keep_wishes();
    }
    json(&answer, Some(&tag))
}

/// What a report takes: name, what it says, whether it is needed.
pub(super) fn parameters(
    report: &Report,
) -> impl Iterator<Item = (&'static str, &'static str, bool)> {
    let wanted = report.parameters();
    ask::PARAMETERS
        .into_iter()
        .filter(move |(name, _)| wanted.iter().any(|wanted| wanted == name))
        .map(|(name, about)| (name, about, !Report::is_optional(name)))
}

/// Whether it is shown with the token only.
pub(super) fn is_reserved(report: &Report) -> bool {
    report.name == RESERVED_REPORT
}

fn find(name: &str) -> Result<&'static Report, Problem> {
    Report::find(name).map_err(|_| {
        let problem = Problem::new(
            StatusCode::NOT_FOUND,
            format!("there is no report {name:?}"),
        );
        problem.help(
            match ask::nearest(REPORTS.iter().map(|report| report.name), name) {
                Some(meant) => format!("did you mean {meant}?"),
                None => "/api/v1/reports lists them".to_owned(),
            },
        )
    })
}

/// A question as the URL has it.
struct Asked {
    given: Vec<(&'static str, String)>,
    limit: i64,
    offset: i64,
}

impl Asked {
    fn of(report: &Report, uri: &Uri) -> Result<Asked, Problem> {
        let mut asked = Asked {
            given: Vec::new(),
            limit: ROWS,
            offset: 0,
        };
        let mut seen = Vec::new();
        for (name, text) in pairs(uri) {
            if seen.contains(&name) {
                return Err(Problem::bad(&name, "is given twice"));
            }
            match name.as_str() {
                "limit" => asked.limit = number("limit", &text, 1, ROWS_MAX)?,
                "offset" => asked.offset = number("offset", &text, 0, OFFSET_MAX)?,
                _ => match parameters(report).find(|(known, ..)| *known == name) {
                    Some((known, ..)) => asked.given.push((known, text)),
                    None => return Err(unknown(report, &name)),
                },
            }
            seen.push(name);
        }
        Ok(asked)
    }

    /// The link to the rows after these.
    fn next(&self, report: &Report) -> String {
        let mut query = Serializer::new(String::new());
        for (name, text) in &self.given {
            query.append_pair(name, text);
        }
        query.append_pair("limit", &self.limit.to_string());
        query.append_pair("offset", &(self.offset + self.limit).to_string());
        let query = query.finish();
        format!("</api/v1/reports/{}?{query}>; rel=\"next\"", report.name)
    }
}

fn unknown(report: &Report, name: &str) -> Problem {
    let known: Vec<&str> = parameters(report)
        .map(|(name, ..)| name)
        .chain(["limit", "offset"])
        .collect();
    let problem = Problem::bad(name, format!("is no parameter of report {}", report.name));
    problem.help(match ask::nearest(known.iter().copied(), name) {
        Some(meant) => format!("did you mean {meant}?"),
        None => format!("it has {}", known.join(", ")),
    })
}

fn number(name: &str, text: &str, least: i64, most: i64) -> Result<i64, Problem> {
    let number = text
        .parse()
        .ok()
        .filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| Problem::bad(name, format!("is a whole number from {least} to {most}")))
}

fn pairs(uri: &Uri) -> Vec<(String, String)> {
    let query = uri.query().unwrap_or_default();
    parse(query.as_bytes()).into_owned().collect()
}

/// The rows asked for, and one more if there are more.
async fn rows(
    site: &Site,
    report: &Report,
    mut values: Vec<(&'static str, Parameter)>,
    asked: &Asked,
) -> Result<Table, Problem> {
    let end = asked.offset + asked.limit + 1;
    values.push(("limit", Parameter::Int(end)));
    let (mut rows, mut at) = (Vec::new(), 0);
    let columns = site
        .store
        .each_row(report, &values, |_, row| {
            if at >= asked.offset {
                rows.push(row);
            }
            at += 1;
            match at < end {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        })
        .await
        .map_err(|error| Problem::ours(&error))?;
    Ok(Table { columns, rows })
}

/// Takes out what is for the token.
fn hide(report: &Report, table: &mut Table) {
    for (place, name) in (0..).zip(&table.columns) {
        if RESERVED_COLUMNS.contains(&(report.name, name)) {
            for row in &mut table.rows {
                row[place] = Value::Null;
            }
        }
    }
}

/// Names what an answer is made from: this program, and the database as it stands.
async fn tag(site: &Site, variant: &str) -> Result<String, Problem> {
    let moment = site
        .store
        .moment()
        .await
        .map_err(|error| Problem::ours(&error))?;
    let version = env!("CARGO_PKG_VERSION");
    Ok(format!(
        "\"{version}-{}-{}-{variant}\"",
        moment.position, moment.batch
    ))
}

/// Whether the client has it already.
pub(super) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get_all(header::IF_NONE_MATCH).iter();
    known.filter_map(|value| value.to_str().ok()).any(|list| {
        list.split(',')
            .map(|one| one.trim().trim_start_matches("W/"))
            .any(|one| one == tag || one == "*")
    })
}

fn unchanged(tag: &str) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    if let Ok(tag) = HeaderValue::from_str(tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// An answer in JSON.
pub(super) fn json(value: &impl Serialize, tag: Option<&str>) -> Answer {
    let body = serde_json::to_vec(value).map_err(|error| Problem::ours(&error))?;
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    if let Some(Ok(tag)) = tag.map(HeaderValue::from_str) {
        headers.insert(header::ETAG, tag);
    }
    Ok(response)
}
