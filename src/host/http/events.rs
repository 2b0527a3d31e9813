//! `GET /v1/events`: what happens, as it happens, as server-sent events that can be resumed.
//!
//! A stream looks at its reader again before each batch, and at least once a second: with the
//! credential, the principal or the grant its events end. It never waits for its reader for long:
//! who does not keep up is cut, and goes on from the last id that they got.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use hyper::body::Bytes;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use super::App;
use super::auth::{Caller, CallerKey};
use super::position::{Given, Position, TENANTS_MAX};
use super::problem::Problem;
use super::query::Parameters;
use super::streams::{Place, StreamBody};
use crate::error::{ErrorCode, Fault};
use crate::host::store::{Failure, Snapshot, events};
use crate::identity::{Actor, GrantRole};
use crate::json::Json;
use crate::read::{self, Node};
use crate::units::Id;

/// How often the reader is looked at again, and events of other processes are looked for.
const PERIOD: Duration = Duration::from_millis(500);
/// How many events may gather before they are read together.
const GATHER: Duration = Duration::from_millis(20);
/// After how much silence a sign of life is sent.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a batch may wait for its reader.
const SLOW_READER_MAX: Duration = Duration::from_secs(5);
/// After how long a reader that was cut comes back by itself, in milliseconds.
const RETRY_MS: u32 = 1_000;
/// Events that are read at once.
const BATCH: usize = 100;
/// Batches that wait for the reader.
const BUFFERED_MAX: usize = 8;
const LAST_EVENT_ID: &str = "last-event-id";

/// What a stream reads.
struct Reader {
    app: Arc<App>,
    key: CallerKey,
    tenant_id: Option<Id>,
    /// Where to read on; the present where nothing was given.
    after: Option<Given>,
}

/// What one look gave.
struct Batch {
    text: String,
    position: Position,
    cursor: String,
    is_full: bool,
}

/// `GET /v1/events`
pub(super) async fn stream(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let (after, tenant_id) = parameters.read(|fields| {
        Ok((fields.optional("after", Given::read)?, fields.optional("tenant_id", read::id)?))
    })?;
    // A browser that comes back sends the address that it first had, and where it was by now.
    let after = match headers.get(LAST_EVENT_ID) {
        Some(value) => Some(last_event_id(value)?),
        None => after,
    };
    let place = app.streams.enter(&caller.actor.principal.principal_id)?;
    let mut reader = Reader { app, key: caller.key, tenant_id, after };
    let first = reader.look().await?;
    let (sender, receiver) = mpsc::channel(BUFFERED_MAX);
    tokio::spawn(reader.send_on(first, sender, place));
    let mut response = Response::new(Body::new(StreamBody(receiver)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    // Reverse proxies that know it do not hold the stream back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

fn last_event_id(value: &HeaderValue) -> Result<Given, Fault> {
    let text = Json::String(value.to_str().unwrap_or("").to_owned());
    Given::read(Node::root(&text))
        .map_err(|fault| Fault { path: format!("/headers/{LAST_EVENT_ID}"), ..fault })
}

impl Reader {
    /// Reads what comes next, with the rights that the reader has now.
    async fn look(&mut self) -> Result<Batch, Failure> {
        let (key, tenant_id) = (self.key.clone(), self.tenant_id.clone());
        let after = self.after.clone();
        let read = self.app.store.read(move |snapshot| {
            let actor = key.actor(snapshot)?;
            snapshot.narrow(&actor)?;
            let covered = Covered::of(snapshot, &actor, tenant_id.as_ref())?;
            let position = match after {
                Some(after) => after.among(covered.only.as_ref())?,
                None => covered.present(),
            };
            batch(snapshot, &actor, &covered, position)
        });
        let batch = read.await?;
        self.after = Some(Given::Each(batch.position.clone()));
        Ok(batch)
    }

    /// Sends until the reader goes, has no right any more, or the host stops.
    async fn send_on(mut self, first: Batch, sender: mpsc::Sender<Bytes>, _place: Place) {
        let mut stop = self.app.stopping.clone();
        let mut commits = self.app.store.commits();
        let mut batch = first;
        let mut text = format!("retry: {RETRY_MS}\nid: {}\n\n", batch.cursor);
        let mut spoke = Instant::now();
        loop {
            text.push_str(&batch.text);
            if text.is_empty() && spoke.elapsed() >= HEARTBEAT {
                // An id without data moves the reader's position past what is not theirs to see.
                text = format!(": still here\nid: {}\n\n", batch.cursor);
            }
            if !text.is_empty() {
                let bytes = Bytes::from(std::mem::take(&mut text));
                if !matches!(timeout(SLOW_READER_MAX, sender.send(bytes)).await, Ok(Ok(()))) {
                    return;
                }
                spoke = Instant::now();
            }
            if !batch.is_full {
                tokio::select! {
                    changed = commits.changed() => if changed.is_err() { return },
                    () = sleep(PERIOD) => {}
                    () = sender.closed() => return,
                    _ = stop.wait_for(|stop| *stop) => return,
                }
                sleep(GATHER).await;
            }
            commits.mark_unchanged();
            batch = match self.look().await {
                Ok(batch) => batch,
                // The right to read ended, or the store did: the reader learns which by asking anew.
                Err(failure) => return tracing::debug!(%failure, "a stream of events ended"),
            };
        }
    }
}

/// The tenants that a reader may have anything in, with their last sequences.
struct Covered {
    tenants: Vec<(Id, i64)>,
    /// Where it can be no more than one.
    only: Option<Id>,
}

impl Covered {
    fn of(snapshot: &Snapshot<'_>, actor: &Actor, wanted: Option<&Id>) -> Result<Self, Failure> {
        let own = &actor.principal.tenant_id;
        let roles = [GrantRole::Reviewer, GrantRole::Lead, GrantRole::Auditor];
        let granted: Vec<&str> =
            roles.iter().flat_map(|role| actor.tenants_of(*role, snapshot.now)).collect();
        let is_one = granted.iter().all(|tenant| *tenant == own.as_str());
        let covers = |tenant_id: &Id| match wanted {
            Some(wanted) => tenant_id == wanted,
            None => true,
        } && (tenant_id == own
            || granted.iter().any(|tenant| *tenant == "*" || *tenant == tenant_id.as_str()));
        let tenants: Vec<(Id, i64)> = events::last_sequences(snapshot)?
            .into_iter()
            .filter(|(tenant_id, _)| covers(tenant_id))
            .collect();
        if tenants.len() > TENANTS_MAX {
            return Err(Failure::Refused(Fault::new(
                ErrorCode::LimitExceeded,
                "",
                format!("{} tenants, one stream covers at most {TENANTS_MAX}", tenants.len()),
                "open one stream per tenant: add `?tenant_id=…`",
            )));
        }
        let only = wanted.or(is_one.then_some(own)).cloned();
        Ok(Self { tenants, only })
    }

    /// The position after everything that is there.
    fn present(&self) -> Position {
        let mut position = Position::default();
        for (tenant_id, last) in &self.tenants {
            position.set(tenant_id, *last);
        }
        position
    }
}

fn batch(
    snapshot: &Snapshot<'_>,
    actor: &Actor,
    covered: &Covered,
    mut position: Position,
) -> Result<Batch, Failure> {
    let only = covered.only.as_ref();
    let behind = |(tenant_id, last): &&(Id, i64)| position.get(tenant_id) < *last;
    let behind: Vec<Id> = covered.tenants.iter().filter(behind).map(|(id, _)| id.clone()).collect();
    // No tenant's traffic keeps another's waiting.
    let share = (BATCH / behind.len().max(1)).max(1);
    let mut sight = events::Sight::new(snapshot, actor);
    let (mut text, mut is_full) = (String::new(), false);
    for tenant_id in &behind {
        let found = events::after(snapshot, tenant_id, position.get(tenant_id), share)?;
        is_full |= found.len() == share;
        for stored in found {
            position.set(tenant_id, stored.sequence);
            let Some(event) = sight.of(&stored)? else { continue };
            let event = serde_json::to_string(&event).map_err(|error| {
                Failure::internal(format!("an event has no JSON form: {error}"))
            })?;
            text.push_str(&format!("id: {}\ndata: {event}\n\n", position.text(only)));
        }
    }
    let cursor = position.text(only);
    Ok(Batch { text, position, cursor, is_full })
}
