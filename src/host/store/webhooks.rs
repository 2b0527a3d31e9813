//! Endpoints that are told of events, and what each of them is still to be told.
//!
//! A delivery is queued in the transaction of its event, claimed for one attempt at a time, and
//! taken out once it arrived. Whatever the process was doing when it ended, the rows say what is
//! left.

use super::audit::{stored_json, text_list};
use super::events::{self, Happened, SentEvent, Sight, stored_id};
use super::hold::Hold;
use super::identity::{grants, principal, stored_word};
use super::sql::{OptionalExtension as _, Row, params};
use super::{Failure, Snapshot, Tx, instance};
use crate::identity::{Actor, Door};
use crate::json::Json;
use crate::units::{Id, TimestampMs};
use crate::word::words;

words! {
    /// Where a delivery stands.
    pub enum DeliveryState {
        /// To be tried, now or later.
        Waiting = "waiting",
        /// Given up; it can be replayed.
        Dead = "dead",
    }
}

/// An endpoint.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// The tenant whose events it gets.
    pub tenant_id: Id,
    /// Its id.
    pub webhook_id: Id,
    /// Whose it is: it gets what this principal may read.
    pub principal_id: Id,
    /// The address.
    pub url: String,
    /// Names of the events that it gets; empty for every one.
    pub events: Vec<String>,
    /// What its secret is made from, with the host's key.
    pub salt: [u8; 32],
    /// The hash of its secret.
    pub secret_hash: [u8; 32],
    /// When it was made.
    pub created_at: TimestampMs,
}

/// An endpoint with how it fares.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The endpoint.
    pub webhook: Webhook,
    /// Deliveries that arrived.
    pub delivered: i64,
    /// Deliveries that wait, and those that were given up.
    pub waiting: i64,
    /// Deliveries that were given up.
    pub dead: i64,
    /// When one last arrived.
    pub last_delivered_at: Option<TimestampMs>,
    /// What last went wrong.
    pub last_fault: Option<LastFault>,
}

/// What went wrong with an attempt; nothing that the other side said but its status.
#[derive(Clone, Debug)]
pub struct LastFault {
    /// When.
    pub at: TimestampMs,
    /// What, as a word.
    pub failure: String,
    /// The HTTP status, where there was one.
    pub status: Option<u16>,
}

/// One delivery that did not arrive yet.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The event's id.
    pub event_id: Id,
    /// The event's name.
    pub event: String,
    /// Its position among the tenant's events.
    pub sequence: i64,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next.
    pub next_attempt_at: TimestampMs,
    /// What last went wrong.
    pub last_fault: Option<LastFault>,
}

/// A delivery that was claimed for one attempt.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The endpoint.
    pub webhook: Webhook,
    /// What it is told; `None` where its principal may not read it any more.
    pub event: Option<SentEvent>,
    /// Which attempt this is.
    pub attempt: i64,
    /// When the first one was made.
    pub first_attempt_at: TimestampMs,
    sequence: i64,
}

const COLUMNS: &str = "w.tenant_id, w.webhook_id, w.principal_id, w.url, w.events, w.salt, \
    w.secret_hash, w.created_at";

/// Stores an endpoint.
///
/// # Errors
/// Where the store fails.
pub fn insert(tx: &Tx<'_>, webhook: &Webhook) -> Result<(), Failure> {
    let insert = "INSERT INTO webhooks (tenant_id, webhook_id, principal_id, url, events, salt, \
        secret_hash, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    tx.connection.prepare_cached(insert)?.execute(params![
        webhook.tenant_id.as_str(),
        webhook.webhook_id.as_str(),
        webhook.principal_id.as_str(),
        webhook.url,
        text_list(&webhook.events),
        webhook.salt,
        webhook.secret_hash,
        webhook.created_at.as_ms(),
    ])?;
    Ok(())
}

/// Removes an endpoint with everything that it was still to be told.
///
/// # Errors
/// Where the store fails.
pub fn delete(tx: &Tx<'_>, webhook: &Webhook) -> Result<(), Failure> {
    let delete = "DELETE FROM webhooks WHERE tenant_id = ?1 AND webhook_id = ?2";
    tx.connection.prepare_cached(delete)?.execute(key(webhook))?;
    Ok(())
}

/// The endpoint of that id.
///
/// # Errors
/// Where the store fails.
pub fn get(snapshot: &Snapshot<'_>, webhook_id: &Id) -> Result<Option<Webhook>, Failure> {
    let select = format!("SELECT {COLUMNS} FROM webhooks w WHERE webhook_id = ?1");
    let mut statement = snapshot.connection.prepare_cached(&select)?;
    let found = statement.query_row([webhook_id.as_str()], |row| Ok(read(row)));
    found.optional()?.transpose()
}

/// The endpoints of a principal, or of everybody, oldest first.
///
/// # Errors
/// Where the store fails.
pub fn list(snapshot: &Snapshot<'_>, principal_id: Option<&Id>) -> Result<Vec<Listed>, Failure> {
    let count = |state: &str| {
        format!(
            "(SELECT count(*) FROM webhook_deliveries d WHERE d.tenant_id = w.tenant_id \
             AND d.webhook_id = w.webhook_id AND d.state = '{state}')"
        )
    };
    let select = format!(
        "SELECT {COLUMNS}, w.delivered, w.last_delivered_at, w.last_failed_at, w.last_failure, \
         w.last_status, {}, {} FROM webhooks w WHERE ?1 IS NULL OR w.principal_id = ?1 \
         ORDER BY w.tenant_id, w.webhook_id",
        count("waiting"),
        count("dead")
    );
    let mut statement = snapshot.connection.prepare_cached(&select)?;
    let rows = statement.query_map([principal_id.map(Id::as_str)], |row| {
        let listed = |webhook| -> Result<Listed, Failure> {
            Ok(Listed {
                webhook,
                delivered: row.get(8)?,
                last_delivered_at: row.get::<_, Option<i64>>(9)?.and_then(TimestampMs::new),
                last_fault: read_fault(row, 10)?,
                waiting: row.get(13)?,
                dead: row.get(14)?,
            })
        };
        Ok(read(row).and_then(listed))
    })?;
    rows.map(|row| row?).collect()
}

/// How many endpoints a tenant has.
///
/// # Errors
/// Where the store fails.
pub fn count(snapshot: &Snapshot<'_>, tenant_id: &Id) -> Result<i64, Failure> {
    snapshot.alone(&["webhooks", tenant_id.as_str()])?;
    let select = "SELECT count(*) FROM webhooks WHERE tenant_id = ?1";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    Ok(statement.query_row([tenant_id.as_str()], |row| row.get(0))?)
}

/// Queues an event for every endpoint whose principal may read what it is about.
///
/// # Errors
/// Where the store fails.
pub(super) fn enqueue(
    tx: &Tx<'_>,
    sequence: i64,
    happened: &Happened<'_>,
    name: &str,
) -> Result<(), Failure> {
    let select = format!("SELECT {COLUMNS} FROM webhooks w WHERE tenant_id = ?1");
    let mut statement = tx.connection.prepare_cached(&select)?;
    let webhooks = statement.query_map([happened.tenant_id().as_str()], |row| Ok(read(row)))?;
    let webhooks: Vec<Webhook> = webhooks.map(|webhook| webhook?).collect::<Result<_, _>>()?;
    for webhook in webhooks {
        let wanted = webhook.events.is_empty() || webhook.events.iter().any(|event| event == name);
        let Some(actor) = owner(tx, &webhook)?.filter(|_| wanted) else { continue };
        if !happened.is_readable_by(&actor, tx.now) {
            continue;
        }
        let insert = "INSERT INTO webhook_deliveries (tenant_id, webhook_id, sequence, state, \
            next_attempt_at) VALUES (?1, ?2, ?3, 'waiting', ?4)";
        let (tenant_id, webhook_id) = key(&webhook);
        let row = params![tenant_id, webhook_id, sequence, tx.now.as_ms()];
        tx.connection.prepare_cached(insert)?.execute(row)?;
    }
    Ok(())
}

/// Endpoints that have something to be tried now.
///
/// # Errors
/// Where the store fails.
pub fn due(snapshot: &Snapshot<'_>) -> Result<Vec<Id>, Failure> {
    if instance::held_since(snapshot.connection)?.is_some() {
        return Ok(Vec::new());
    }
    let select = "SELECT webhook_id FROM webhooks w WHERE EXISTS (SELECT 1 FROM webhook_deliveries d \
        WHERE d.webhook_id = w.webhook_id AND d.state = 'waiting' AND d.next_attempt_at <= ?1)";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let ids = statement.query_map([snapshot.now.as_ms()], |row| row.get::<_, String>(0))?;
    ids.map(|id| stored_id(&id?)).collect()
}

/// Claims what an endpoint is to be told next, for so long as one attempt may take: if the process
/// ends meanwhile, it is tried again after that.
///
/// # Errors
/// Where the store fails.
pub fn claim(
    tx: &Tx<'_>,
    webhook_id: &Id,
    claim_duration_ms: i64,
) -> Result<Option<Claimed>, Failure> {
    let Some(webhook) = get(tx, webhook_id)? else { return Ok(None) };
    let select = "SELECT sequence, attempts, first_attempt_at FROM webhook_deliveries \
        WHERE webhook_id = ?1 AND state = 'waiting' AND next_attempt_at <= ?2 \
        ORDER BY next_attempt_at, sequence LIMIT 1";
    let select = tx.holding(select, Hold::Take);
    let mut statement = tx.connection.prepare_cached(&*select)?;
    let next = statement
        .query_row(params![webhook_id.as_str(), tx.now.as_ms()], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, Option<i64>>(2)?))
        })
        .optional()?;
    let Some((sequence, attempts, first)) = next else { return Ok(None) };
    let first_attempt_at = first.and_then(TimestampMs::new).unwrap_or(tx.now);
    let until = tx.now.saturating_add(claim_duration_ms);
    let update = "UPDATE webhook_deliveries SET attempts = attempts + 1, first_attempt_at = ?4, \
        last_attempt_at = ?5, next_attempt_at = ?6 \
        WHERE tenant_id = ?1 AND webhook_id = ?2 AND sequence = ?3";
    tx.connection.prepare_cached(update)?.execute(params![
        webhook.tenant_id.as_str(),
        webhook_id.as_str(),
        sequence,
        first_attempt_at.as_ms(),
        tx.now.as_ms(),
        until.as_ms(),
    ])?;
    // Rights may have ended since the event was queued.
    let stored = events::get(tx, &webhook.tenant_id, sequence)?;
    let event = match (owner(tx, &webhook)?, stored) {
        (Some(actor), Some(event)) => Sight::new(tx, &actor).of(&event)?,
        _ => None,
    };
    Ok(Some(Claimed { webhook, event, attempt: attempts + 1, first_attempt_at, sequence }))
}

/// The delivery arrived.
///
/// # Errors
/// Where the store fails.
pub fn arrived(tx: &Tx<'_>, claimed: &Claimed) -> Result<(), Failure> {
    let (tenant_id, webhook_id) = key(&claimed.webhook);
    let delete = "DELETE FROM webhook_deliveries \
        WHERE tenant_id = ?1 AND webhook_id = ?2 AND sequence = ?3";
    let row = params![tenant_id, webhook_id, claimed.sequence];
    let removed = tx.connection.prepare_cached(delete)?.execute(row)?;
    let update = "UPDATE webhooks SET delivered = delivered + ?3, last_delivered_at = ?4 \
        WHERE tenant_id = ?1 AND webhook_id = ?2";
    let removed = i64::try_from(removed).unwrap_or(0);
    let row = params![tenant_id, webhook_id, removed, tx.now.as_ms()];
    tx.connection.prepare_cached(update)?.execute(row)?;
    Ok(())
}

/// The attempt failed: it is tried again at this instant, or given up where there is none.
///
/// # Errors
/// Where the store fails.
pub fn failed(
    tx: &Tx<'_>,
    claimed: &Claimed,
    failure: &str,
    status: Option<u16>,
    next_attempt_at: Option<TimestampMs>,
) -> Result<(), Failure> {
    let (tenant_id, webhook_id) = key(&claimed.webhook);
    let state = match next_attempt_at {
        Some(_) => DeliveryState::Waiting,
        None => DeliveryState::Dead,
    };
    // Whoever claimed it after this attempt had run over its time knows better.
    let update = "UPDATE webhook_deliveries SET state = ?5, next_attempt_at = ?6, last_failure = ?7, \
        last_status = ?8 WHERE tenant_id = ?1 AND webhook_id = ?2 AND sequence = ?3 AND attempts = ?4";
    tx.connection.prepare_cached(update)?.execute(params![
        tenant_id,
        webhook_id,
        claimed.sequence,
        claimed.attempt,
        state.as_str(),
        next_attempt_at.unwrap_or(tx.now).as_ms(),
        failure,
        status,
    ])?;
    let update = "UPDATE webhooks SET last_failed_at = ?3, last_failure = ?4, last_status = ?5 \
        WHERE tenant_id = ?1 AND webhook_id = ?2";
    let row = params![tenant_id, webhook_id, tx.now.as_ms(), failure, status];
    tx.connection.prepare_cached(update)?.execute(row)?;
    Ok(())
}

/// What an endpoint was not told yet, in order.
///
/// # Errors
/// Where the store fails.
pub fn deliveries(
    snapshot: &Snapshot<'_>,
    webhook: &Webhook,
    state: Option<DeliveryState>,
    after: i64,
    limit: usize,
) -> Result<Vec<Delivery>, Failure> {
    let select = "SELECT e.entry_id, e.event, d.sequence, d.state, d.attempts, d.next_attempt_at, \
        d.last_attempt_at, d.last_failure, d.last_status FROM webhook_deliveries d \
        JOIN events e ON e.tenant_id = d.tenant_id AND e.sequence = d.sequence \
        WHERE d.tenant_id = ?1 AND d.webhook_id = ?2 AND (?3 IS NULL OR d.state = ?3) \
        AND d.sequence > ?4 ORDER BY d.sequence LIMIT ?5";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let (tenant_id, webhook_id) = key(webhook);
    let state = state.map(DeliveryState::as_str);
    let limit = i64::try_from(limit).unwrap_or(1);
    let row = params![tenant_id, webhook_id, state, after, limit];
    let rows = statement.query_map(row, |row| Ok(read_delivery(row)))?;
    rows.map(|row| row?).collect()
}

/// Makes deliveries due now, as if they had never been tried: all that were given up and all that
/// wait for their time, or the one of this sequence. Gives how many.
///
/// # Errors
/// Where the store fails.
pub fn replay(tx: &Tx<'_>, webhook: &Webhook, sequence: Option<i64>) -> Result<usize, Failure> {
    let (tenant_id, webhook_id) = key(webhook);
    // What is under way at this moment is left alone.
    let update = "UPDATE webhook_deliveries SET state = 'waiting', attempts = 0, \
        first_attempt_at = NULL, next_attempt_at = ?4 WHERE tenant_id = ?1 AND webhook_id = ?2 \
        AND (?3 IS NULL OR sequence = ?3) AND (state = 'dead' OR last_failure IS NOT NULL)";
    let row = params![tenant_id, webhook_id, sequence, tx.now.as_ms()];
    Ok(tx.connection.prepare_cached(update)?.execute(row)?)
}

/// Whom an endpoint acts for.
fn owner(snapshot: &Snapshot<'_>, webhook: &Webhook) -> Result<Option<Actor>, Failure> {
    let Some(principal) = principal(snapshot, &webhook.principal_id)? else { return Ok(None) };
    let grants = grants(snapshot, &webhook.principal_id)?;
    Ok(Some(Actor { principal, grants, credential_id: None, door: Door::Api }))
}

fn key(webhook: &Webhook) -> (&str, &str) {
    (webhook.tenant_id.as_str(), webhook.webhook_id.as_str())
}

fn read(row: &Row<'_>) -> Result<Webhook, Failure> {
    let id = |index: usize| stored_id(&row.get::<_, String>(index)?);
    let names = match stored_json(&row.get::<_, String>(4)?)? {
        Json::Array(names) => names,
        _ => return Err(Failure::internal("a stored list is not one")),
    };
    let name = |name: Json| match name {
        Json::String(name) => Some(name),
        _ => None,
    };
    let created_at = TimestampMs::new(row.get(7)?);
    Ok(Webhook {
        tenant_id: id(0)?,
        webhook_id: id(1)?,
        principal_id: id(2)?,
        url: row.get(3)?,
        events: names.into_iter().filter_map(name).collect(),
        salt: row.get(5)?,
        secret_hash: row.get(6)?,
        created_at: created_at.ok_or_else(|| Failure::internal("a stored time is not one"))?,
    })
}

fn read_delivery(row: &Row<'_>) -> Result<Delivery, Failure> {
    let next = TimestampMs::new(row.get(5)?);
    Ok(Delivery {
        event_id: stored_id(&row.get::<_, String>(0)?)?,
        event: row.get(1)?,
        sequence: row.get(2)?,
        state: stored_word(DeliveryState::WORDS, &row.get::<_, String>(3)?)?,
        attempts: row.get(4)?,
        next_attempt_at: next.ok_or_else(|| Failure::internal("a stored time is not one"))?,
        last_fault: read_fault(row, 6)?,
    })
}

/// Instant, failure and status, in three columns from this one on.
fn read_fault(row: &Row<'_>, first: usize) -> Result<Option<LastFault>, Failure> {
    let at = row.get::<_, Option<i64>>(first)?.and_then(TimestampMs::new);
    let (failure, status) = (row.get::<_, Option<String>>(first + 1)?, row.get(first + 2)?);
    Ok(at.zip(failure).map(|(at, failure)| LastFault { at, failure, status }))
}
