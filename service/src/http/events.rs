//! Likes and changes of the circle as they are committed: server-sent events.
//!
//! One task looks at the database once a second while anybody listens, and gives what is new to
//! all. What waits for a client is bounded: one that is too slow is let go.
//!
//! Events: `state` (where the database stands: first, and after each change), `like` (accepted and
//! not held), `change` (somebody entered, left, or is at another distance), `left_out` (there were more
//! of these than are told of).

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    extract::State,
    http::{HeaderName, StatusCode, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream;
use kith_store::{Moment, StoreError};
use serde::Serialize;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, broadcast};

use super::{Site, problem::Problem};

/// Clients that listen at once.
const CLIENTS_MAX: usize = 32;
/// Events that wait for a client; one that falls further behind is let go.
const WAITING_MAX: usize = 2_048;
/// How often the database is looked at.
const LOOK_TIME: Duration = Duration::from_secs(1);
/// Likes, and changes, told of one look; of more the last ones are left out, and it is said so.
const NEWS_MAX: u16 = 500;

/// Nobody on the way keeps events: no cache, and no nginx, which without its own word for that waits
/// for a full buffer before it passes anything on.
const HEADERS: [(HeaderName, &str); 2] = [
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("x-accel-buffering"), "no"),
];

/// Who listens, and what they hear.
pub(super) struct News {
    sender: broadcast::Sender<Arc<Told>>,
    clients: Arc<Semaphore>,
    somebody: Notify,
    /// Where the first to listen was told that the database stands.
    first: Mutex<Option<Moment>>,
}

/// An event as it is sent.
struct Told {
    kind: &'static str,
    data: String,
}

impl Told {
    fn new(kind: &'static str, data: &impl Serialize) -> Arc<Told> {
        let data = serde_json::to_string(data).unwrap_or_default();
        Arc::new(Told { kind, data })
    }
}

impl Default for News {
    fn default() -> News {
        News {
            sender: broadcast::Sender::new(WAITING_MAX),
            clients: Arc::new(Semaphore::new(CLIENTS_MAX)),
            somebody: Notify::new(),
            first: Mutex::default(),
        }
    }
}

/// Of what there was more than is told of.
#[derive(Serialize)]
struct LeftOut {
    changes: bool,
    likes: bool,
}

impl News {
    fn first(&self) -> MutexGuard<'_, Option<Moment>> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks for news while anybody listens.
pub(super) async fn watch(site: Arc<Site>) {
    let mut last: Option<Moment> = None;
    loop {
        if site.news.sender.receiver_count() == 0 || last.is_none() {
            site.news.somebody.notified().await;
            last = site.news.first().take();
            if last.is_none() {
                // Somebody of before was told already.
                continue;
            }
        } else {
            // Who has come since hears all that follows.
            *site.news.first() = None;
        }
        match look(&site, last).await {
            Ok(moment) => last = Some(moment),
            Err(error) => tracing::warn!(%error, "cannot look for news"),
        }
        tokio::time::sleep(LOOK_TIME).await;
    }
}

async fn look(site: &Site, last: Option<Moment>) -> Result<Moment, StoreError> {
    let now = site.store.moment().await?;
    let Some(last) = last.filter(|last| *last != now) else {
        return Ok(now);
    };
    let tell = |told| {
        // Without listeners there is nobody to tell.
        let _ = site.news.sender.send(told);
    };
    let (store, most) = (&site.store, i64::from(NEWS_MAX) + 1);
    let changes = store.changes_between(last.change, now.change, most).await?;
    let likes = store
        .likes_between(last.position, now.position, most)
        .await?;
    for change in changes.iter().take(NEWS_MAX.into()) {
        tell(Told::new("change", change));
    }
    for like in likes.iter().take(NEWS_MAX.into()) {
        tell(Told::new("like", like));
    }
    let left_out = LeftOut {
        changes: changes.len() > NEWS_MAX.into(),
        likes: likes.len() > NEWS_MAX.into(),
    };
    if left_out.changes || left_out.likes {
        tell(Told::new("left_out", &left_out));
    }
    tell(Told::new("state", &now));
    Ok(now)
}

/// One client.
struct Client {
    site: Arc<Site>,
    first: Option<Arc<Told>>,
    heard: broadcast::Receiver<Arc<Told>>,
    _place: OwnedSemaphorePermit,
}

impl Client {
    /// The next event; None ends it.
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Client)> {
        let told = if let Some(told) = self.first.take() {
            told
        } else {
            tokio::select! {
                () = self.site.stop.cancelled() => return None,
                told = self.heard.recv() => told.ok()?,
            }
        };
        let event = Event::default().event(told.kind).data(&told.data);
        Some((Ok(event), self))
    }
}

/// Events from now on.
pub(super) async fn stream(State(site): State<Arc<Site>>) -> Result<Response, Problem> {
    let Ok(place) = Arc::clone(&site.news.clients).try_acquire_owned() else {
        let detail = format!("{CLIENTS_MAX} clients listen already");
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
            .help("close a page that is open elsewhere"));
    };
    let heard = site.news.sender.subscribe();
    let moment = site
        .store
        .moment()
        .await
        .map_err(|error| Problem::ours(&error))?;
    // What comes after it is told, whenever the database is looked at next.
    site.news.first().get_or_insert(moment);
    site.news.somebody.notify_one();
    let client = Client {
        first: Some(Told::new("state", &moment)),
        heard,
        site,
        _place: place,
    };
    let events = Sse::new(stream::unfold(client, Client::next)).keep_alive(KeepAlive::default());
    Ok((HEADERS, events).into_response())
}
