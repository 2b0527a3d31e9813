//! Webhooks: an application's own endpoints, and what they were not told yet.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use super::App;
use super::auth::Caller;
use super::body::{JsonBody, ok, reply};
use super::problem::Problem;
use super::query::{Parameters, PathId, whole};
use super::write::Operation;
use crate::host::store::idempotency::Reply;
use crate::host::store::webhooks::{self, Delivery, DeliveryState, LastFault, Listed};
use crate::host::store::{Failure, audit};
use crate::host::webhook::endpoints::{self, NewWebhook};
use crate::host::webhook::secret::WebhookKey;
use crate::identity::Actor;
use crate::json::{INTEGER_MAX, Json};
use crate::read::{self, Node};
use crate::units::{Id, TimestampMs};

/// Deliveries of one page.
const PAGE: usize = 100;
const PAGE_MAX: usize = 500;

#[derive(Serialize, JsonSchema)]
pub(super) struct Webhooks {
    webhooks: Vec<WebhookView>,
    now: TimestampMs,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct WebhookView {
    webhook_id: Id,
    tenant_id: Id,
    principal_id: Id,
    url: String,
    events: Vec<String>,
    created_at: TimestampMs,
    delivered: i64,
    waiting: i64,
    dead: i64,
    last_delivered_at: Option<TimestampMs>,
    last_fault: Option<FaultView>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct FaultView {
    at: TimestampMs,
    failure: String,
    status: Option<u16>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Deliveries {
    deliveries: Vec<DeliveryView>,
    next_cursor: Option<String>,
    now: TimestampMs,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct DeliveryView {
    event_id: Id,
    event: String,
    sequence: i64,
    state: DeliveryState,
    attempts: i64,
    /// When it is tried next; null where it was given up.
    next_attempt_at: Option<TimestampMs>,
    last_fault: Option<FaultView>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Made {
    webhook: WebhookView,
    /// `whsec_…`, for checking signatures; null where the webhook is gone by now.
    secret: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Replayed {
    replayed: usize,
}

/// `POST /v1/webhooks`: the secret is in the answer, and nowhere else.
pub(super) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    operation: Operation,
    parameters: Parameters,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let asking = caller.actor.clone();
    parameters.none()?;
    let write = operation.with_key(&body)?;
    let new = NewWebhook::read(Node::root(&body), &app.webhooks.allowed)?;
    let key = WebhookKey::open(&app.webhooks.key_file)?;
    let making = key.clone();
    let answered = write.answer(&app, caller.key, move |tx, actor| {
        let (webhook, _) = endpoints::create(tx, actor, new.clone(), &making, actor.reference())?;
        let listed = Listed {
            webhook,
            delivered: 0,
            waiting: 0,
            dead: 0,
            last_delivered_at: None,
            last_fault: None,
        };
        reply(StatusCode::CREATED, &Made { webhook: WebhookView::of(listed), secret: None })
    });
    let mut answered = answered.await?;
    // An answer that is kept for retries must not hold the secret: it is made again each time.
    let told = with_secret(&app, asking, &key, &answered.reply).await?;
    answered.reply = told;
    Ok(answered.into_response())
}

/// `GET /v1/webhooks`
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    parameters: Parameters,
) -> Result<Response, Problem> {
    parameters.none()?;
    let listed = app.store.read_as(caller.actor.clone(), move |snapshot| {
        let listed = webhooks::list(snapshot, Some(&caller.actor.principal.principal_id))?;
        let webhooks = listed.into_iter().map(WebhookView::of).collect();
        Ok(Webhooks { webhooks, now: snapshot.now })
    });
    ok(&listed.await?)
}

/// `GET /v1/webhooks/{webhook_id}/deliveries`: what waits and what was given up.
pub(super) async fn deliveries(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(webhook_id): PathId,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let sequence_max = usize::try_from(INTEGER_MAX).unwrap_or(usize::MAX);
    let (state, after, limit) = parameters.read(|fields| {
        Ok((
            fields.optional("state", DeliveryState::read)?,
            fields.optional("cursor", |node| whole(node, 0, sequence_max))?.unwrap_or(0),
            fields.optional("limit", |node| whole(node, 1, PAGE_MAX))?.unwrap_or(PAGE),
        ))
    })?;
    let page = app.store.read_as(caller.actor.clone(), move |snapshot| {
        let own = Some(&caller.actor.principal.principal_id);
        let webhook = endpoints::find(snapshot, &webhook_id, own)?;
        let after = i64::try_from(after).unwrap_or(INTEGER_MAX);
        let found = webhooks::deliveries(snapshot, &webhook, state, after, limit)?;
        let last = found.last().filter(|_| found.len() == limit);
        Ok(Deliveries {
            next_cursor: last.map(|last| last.sequence.to_string()),
            deliveries: found.into_iter().map(DeliveryView::of).collect(),
            now: snapshot.now,
        })
    });
    ok(&page.await?)
}

/// `DELETE /v1/webhooks/{webhook_id}`
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(webhook_id): PathId,
    operation: Operation,
    parameters: Parameters,
) -> Result<Response, Problem> {
    parameters.none()?;
    let write = operation.with(&Json::Null);
    write
        .run(&app, caller.key, move |tx, actor| {
            let own = Some(&actor.principal.principal_id);
            let webhook = endpoints::find(tx, &webhook_id, own)?;
            endpoints::remove(tx, &webhook, actor.reference())?;
            Ok(Reply { status: StatusCode::NO_CONTENT.as_u16(), body: String::new() })
        })
        .await
}

/// `POST /v1/webhooks/{webhook_id}/replay`
pub(super) async fn replay(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(webhook_id): PathId,
    operation: Operation,
    parameters: Parameters,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    parameters.none()?;
    let mut fields = Node::root(&body).object()?;
    let event_id = fields.optional("event_id", read::id)?;
    fields.finish()?;
    let write = operation.with(&body);
    write
        .run(&app, caller.key, move |tx, actor| {
            let own = Some(&actor.principal.principal_id);
            let webhook = endpoints::find(tx, &webhook_id, own)?;
            let by = actor.reference();
            let replayed = endpoints::replay(tx, &webhook, event_id.as_ref(), by)?;
            reply(StatusCode::OK, &Replayed { replayed })
        })
        .await
}

/// The answer with the secret beside the endpoint, which may have been removed since.
async fn with_secret(
    app: &App,
    asking: Actor,
    key: &WebhookKey,
    answer: &Reply,
) -> Result<Reply, Failure> {
    let Json::Object(mut body) = audit::stored_json(&answer.body)? else {
        return Err(Failure::internal("a stored answer is not an object"));
    };
    let webhook_id = match body.get("webhook") {
        Some(Json::Object(webhook)) => webhook.get("webhook_id"),
        _ => None,
    };
    let Some(webhook_id) = webhook_id.and_then(|id| Node::root(id).id().ok()) else {
        return Err(Failure::internal("a stored answer names no webhook"));
    };
    let found = app.store.read_as(asking, move |snapshot| webhooks::get(snapshot, &webhook_id));
    let found = found.await?;
    let secret = found.map(|webhook| key.secret(&webhook.salt)).transpose()?;
    let secret = secret.map_or(Json::Null, |secret| Json::String(secret.text()));
    body.insert("secret".to_owned(), secret);
    Ok(Reply { status: answer.status, body: Json::Object(body).canonical() })
}

impl WebhookView {
    fn of(listed: Listed) -> Self {
        let Listed { webhook, delivered, waiting, dead, last_delivered_at, last_fault } = listed;
        Self {
            webhook_id: webhook.webhook_id,
            tenant_id: webhook.tenant_id,
            principal_id: webhook.principal_id,
            url: webhook.url,
            events: webhook.events,
            created_at: webhook.created_at,
            delivered,
            waiting,
            dead,
            last_delivered_at,
            last_fault: last_fault.map(FaultView::of),
        }
    }
}

impl FaultView {
    fn of(LastFault { at, failure, status }: LastFault) -> Self {
        Self { at, failure, status }
    }
}

impl DeliveryView {
    fn of(delivery: Delivery) -> Self {
        let waits = delivery.state == DeliveryState::Waiting;
        Self {
            event_id: delivery.event_id,
            event: delivery.event,
            sequence: delivery.sequence,
            state: delivery.state,
            attempts: delivery.attempts,
            next_attempt_at: waits.then_some(delivery.next_attempt_at),
            last_fault: delivery.last_fault.map(FaultView::of),
        }
    }
}
