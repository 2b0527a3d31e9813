//! The outbox: one event for each audit entry of a case, in the same transaction.
//!
//! A tenant's sequence is counted inside the transaction that writes the event. There is one writer
//! at a time, across processes too, so that whoever sees event `n` sees every event before it, and
//! none can appear there later.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rusqlite::{OptionalExtension as _, Row, params};

use super::identity::stored_word;
use super::{Failure, Snapshot, Tx, cases, webhooks};
use crate::case::{Answer, Case, CaseEvent, CaseEventData, CaseState, Event, Outcome};
use crate::identity::{Actor, CaseOperation, authorize};
use crate::units::{Id, TimestampMs};

/// An event as it is stored.
#[derive(Clone, Debug)]
pub struct StoredEvent {
    /// Its position among the tenant's events.
    pub sequence: i64,
    /// The event's name.
    pub name: String,
    tenant_id: Id,
    entry_id: Id,
    at: TimestampMs,
    data: CaseEventData,
}

/// Writes what happened to a case as the tenant's next event, for everybody who is to hear of it.
///
/// # Errors
/// Where the store fails.
pub fn append(tx: &Tx<'_>, entry_id: &Id, case: &Case, event: &Event) -> Result<(), Failure> {
    let next = "INSERT INTO event_sequences (tenant_id, last_sequence) VALUES (?1, 1) \
        ON CONFLICT (tenant_id) DO UPDATE SET last_sequence = last_sequence + 1 \
        RETURNING last_sequence";
    let mut statement = tx.connection.prepare_cached(next)?;
    let sequence: i64 = statement.query_row([case.tenant_id.as_str()], |row| row.get(0))?;
    let data = CaseEventData::of(case, event);
    let insert = "INSERT INTO events (tenant_id, sequence, entry_id, case_id, event, at, request_id, \
        state, queue, revision, outcome) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    tx.connection.prepare_cached(insert)?.execute(params![
        case.tenant_id.as_str(),
        sequence,
        entry_id.as_str(),
        data.case_id.as_str(),
        event.name(),
        tx.now.as_ms(),
        data.request_id.as_ref().map(Id::as_str),
        data.state.as_str(),
        data.queue,
        data.revision,
        data.outcome.map(Outcome::as_str),
    ])?;
    webhooks::enqueue(tx, sequence, case, event.name())
}

/// Every tenant that has events, with the sequence of its last one.
///
/// # Errors
/// Where the store fails.
pub fn last_sequences(snapshot: &Snapshot<'_>) -> Result<Vec<(Id, i64)>, Failure> {
    let select = "SELECT tenant_id, last_sequence FROM event_sequences ORDER BY tenant_id";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
    rows.map(|row| {
        let (tenant_id, last) = row?;
        Ok((stored_id(&tenant_id)?, last))
    })
    .collect()
}

/// A tenant's events after a position, in order.
///
/// # Errors
/// Where the store fails.
pub fn after(
    snapshot: &Snapshot<'_>,
    tenant_id: &Id,
    sequence: i64,
    limit: usize,
) -> Result<Vec<StoredEvent>, Failure> {
    let select = "SELECT tenant_id, sequence, entry_id, case_id, event, at, request_id, state, queue, \
        revision, outcome FROM events WHERE tenant_id = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows =
        statement.query_map(params![tenant_id.as_str(), sequence, limit], |row| Ok(read(row)))?;
    rows.map(|row| row?).collect()
}

/// One event.
///
/// # Errors
/// Where the store fails.
pub fn get(
    snapshot: &Snapshot<'_>,
    tenant_id: &Id,
    sequence: i64,
) -> Result<Option<StoredEvent>, Failure> {
    Ok(after(snapshot, tenant_id, sequence - 1, 1)?
        .pop()
        .filter(|event| event.sequence == sequence))
}

/// Events through the eyes of one actor, on one view. Cases that come again are read once.
pub struct Sight<'a> {
    snapshot: &'a Snapshot<'a>,
    actor: &'a Actor,
    cases: BTreeMap<(Id, Id), Option<Seen>>,
}

/// What of a case the actor may see.
struct Seen {
    /// The answer, for who asked for it.
    answer: Option<Answer>,
}

impl<'a> Sight<'a> {
    /// What this actor sees.
    #[must_use]
    pub const fn new(snapshot: &'a Snapshot<'a>, actor: &'a Actor) -> Self {
        Self { snapshot, actor, cases: BTreeMap::new() }
    }

    /// The event as the actor may see it: `None` where the case is not theirs to read. The answer
    /// goes to who asked for it, and only once it is released.
    ///
    /// # Errors
    /// Where the store fails.
    pub fn of(&mut self, event: &StoredEvent) -> Result<Option<CaseEvent>, Failure> {
        let StoredEvent { sequence, name, tenant_id, entry_id, at, data } = event;
        let key = (tenant_id.clone(), data.case_id.clone());
        let seen = match self.cases.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let case = cases::get(self.snapshot, tenant_id, &data.case_id)?;
                place.insert(case.and_then(|case| look(self.actor, case, self.snapshot.now)))
            }
        };
        let Some(seen) = seen else { return Ok(None) };
        let mut data = data.clone();
        if data.outcome.is_some() {
            data.answer.clone_from(&seen.answer);
        }
        Ok(Some(CaseEvent::new(entry_id.clone(), tenant_id, *sequence, name, *at, data)))
    }
}

fn look(actor: &Actor, case: Case, now: TimestampMs) -> Option<Seen> {
    authorize(actor, CaseOperation::Read, &case, now).ok()?;
    // Who may withdraw a case is who sent it.
    let asked = authorize(actor, CaseOperation::Withdraw, &case, now).is_ok();
    Some(Seen { answer: case.answer.filter(|_| asked) })
}

/// The sequence of the event with this id, which is that of its audit entry.
///
/// # Errors
/// Where the store fails.
pub fn sequence_of(
    snapshot: &Snapshot<'_>,
    tenant_id: &Id,
    event_id: &Id,
) -> Result<Option<i64>, Failure> {
    let select = "SELECT sequence FROM events WHERE entry_id = ?1 AND tenant_id = ?2";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let found = statement.query_row([event_id.as_str(), tenant_id.as_str()], |row| row.get(0));
    Ok(found.optional()?)
}

fn read(row: &Row<'_>) -> Result<StoredEvent, Failure> {
    let id = |index: usize| stored_id(&row.get::<_, String>(index)?);
    let at = TimestampMs::new(row.get(5)?);
    let (request_id, outcome): (Option<String>, Option<String>) = (row.get(6)?, row.get(10)?);
    let outcome = outcome.map(|outcome| stored_word(Outcome::WORDS, &outcome));
    Ok(StoredEvent {
        sequence: row.get(1)?,
        name: row.get(4)?,
        tenant_id: id(0)?,
        entry_id: id(2)?,
        at: at.ok_or_else(|| Failure::internal("a stored time is not one"))?,
        data: CaseEventData {
            case_id: id(3)?,
            request_id: request_id.as_deref().map(stored_id).transpose()?,
            state: stored_word(CaseState::WORDS, &row.get::<_, String>(7)?)?,
            queue: row.get(8)?,
            revision: row.get(9)?,
            outcome: outcome.transpose()?,
            answer: None,
        },
    })
}

pub(super) fn stored_id(text: &str) -> Result<Id, Failure> {
    Id::new(text).ok_or_else(|| Failure::internal("a stored id is not one"))
}
