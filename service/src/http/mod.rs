//! The HTTP server: reports as JSON, events as they happen, and the page.
//!
//! It reads the database and nothing else, so `kith serve` shows the same without a service. What
//! it is sent is a stranger's: every request is bounded in size, time and number, and while it
//! listens on loopback it answers only to names of loopback, so that no web page elsewhere can
//! have its own name point here and read.
//!
//! - `connections`: how many there are, and how long one may dawdle.
//! - `guard`: what every request passes, and the headers of every answer.
//! - `api`: status, reports, explanations.
//! - `edits`, `requests`: what the token allows, in the file and of the ledger.
//! - `events`: likes and changes of the circle as server-sent events.
//! - `openapi`: the description, made from the reports themselves.
//! - `page`: the files of `service/page/dist`, compiled in.
//! - `problem`: every error, as RFC 9457 has it.

mod api;
pub(crate) mod connections;
mod edits;
mod events;
pub(crate) mod guard;
mod openapi;
mod page;
mod problem;
mod requests;
mod token;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result};
use axum::{
    Router, middleware,
    routing::{get, post},
};
use kith_config::Config;
use kith_store::{Access, Store};
use tokio::{net::TcpListener, sync::Semaphore, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use tower_http::compression::CompressionLayer;

use crate::exit::InputError;
use events::News;
pub(crate) use token::CurrentToken;
use token::Token;

/// Where `kith serve` listens unless told.
pub(crate) const LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9463);
/// Requests that are worked on at once; more are told to come again.
const REQUESTS_MAX: usize = 32;
/// How long the last requests may take after a stop.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the handlers share.
struct Site {
    /// The configuration file, which edits change.
    path: PathBuf,
    /// As it was read at start.
    config: Config,
    store: Store,
    token: Arc<CurrentToken>,
    listens_on_loopback: bool,
    requests: Semaphore,
    news: News,
    stop: CancellationToken,
}

/// Whether there is a token.
///
/// # Errors
/// It cannot be read, or is none.
pub(crate) fn has_token(config: &Config) -> Result<bool> {
    Ok(Token::of_config(config)?.is_some())
}

/// The server, running.
pub(crate) struct Server {
    task: JoinHandle<()>,
    token: Arc<CurrentToken>,
}

impl Server {
    /// Serves the config's database until `stop`.
    ///
    /// # Errors
    /// The address cannot be listened at; the token cannot be read; the database does not open.
    pub(crate) async fn start(
        path: &Path,
        config: &Config,
        address: SocketAddr,
        stop: CancellationToken,
    ) -> Result<Server> {
        let token = Arc::new(CurrentToken::of_config(config)?);
        let store = Store::open(&config.database, Access::Read).await?;
        let listener = TcpListener::bind(address).await.map_err(|error| {
            InputError(format!(
                "cannot serve at {address}: {error}\n  help: write another address in http.listen, \
                 or give --listen"
            ))
        })?;
        let address = listener.local_addr().context("the server's address")?;
        if !address.ip().is_loopback() {
            tracing::warn!(
                %address,
                "everybody who reaches this address may read; 127.0.0.1 is for this machine only"
            );
        }
        let site = Arc::new(Site {
            path: path.to_owned(),
            config: config.clone(),
            store,
            token: Arc::clone(&token),
            listens_on_loopback: address.ip().is_loopback(),
            requests: Semaphore::new(REQUESTS_MAX),
            news: News::default(),
            stop: stop.clone(),
        });
        let watcher = tokio::spawn(events::watch(Arc::clone(&site)));
        let task = tokio::spawn(async move {
            let times = connections::Times::default();
            connections::serve(listener, router(site), times, stop).await;
            watcher.abort();
        });
        tracing::info!(url = format!("http://{address}/"), "serving");
        Ok(Server { task, token })
    }

    /// The token, for who knows when it is to be read again.
    pub(crate) fn token(&self) -> Arc<CurrentToken> {
        Arc::clone(&self.token)
    }

    /// Waits for the last answers, but not long.
    pub(crate) async fn finish(mut self) {
        if tokio::time::timeout(PATIENCE, &mut self.task)
            .await
            .is_err()
        {
            self.task.abort();
        }
    }
}

fn router(site: Arc<Site>) -> Router {
    Router::new()
        .route("/api/v1/status", get(api::status))
        .route("/api/v1/reports", get(api::reports))
        .route("/api/v1/reports/{name}", get(api::report))
        .route("/api/v1/explain/{account}", get(api::explain))
        .route("/api/v1/track", post(edits::track))
        .route("/api/v1/untrack", post(edits::untrack))
        .route("/api/v1/opt-out", post(edits::opt_out))
        .route("/api/v1/opt-in", post(edits::opt_in))
        .route("/api/v1/claim", post(requests::claim))
        .route("/api/v1/forget", post(requests::forget))
        .route("/api/v1/requests/{id}", get(requests::request))
        .route("/api/v1/events", get(events::stream))
        .route("/api/v1/openapi.json", get(openapi::document))
        .fallback(page::file)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(middleware::from_fn_with_state(
            Arc::clone(&site),
            guard::pass,
        ))
        .layer(CompressionLayer::new())
        .layer(middleware::map_response(guard::name_variant))
        .with_state(site)
}
