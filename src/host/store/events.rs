//! The outbox: one event for each audit entry of a case, a proposal or an execution, in the same
//! transaction.
//!
//! A tenant's sequence is counted inside the transaction that writes the event. There is one writer
//! at a time, across processes too, so that whoever sees event `n` sees every event before it, and
//! none can appear there later.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::Serialize;

use super::audit::stored_json;
use super::sql::{OptionalExtension as _, Row, params};
use super::{Failure, Snapshot, Tx, cases, monitors, proposals, webhooks};
use crate::case::{Answer, Case, CaseEvent, CaseEventData, Event};
use crate::compile::to_json;
use crate::execution::{self, Execution};
use crate::identity::{
    Actor, CaseOperation, GrantRole, ProposalOperation, authorize, authorize_proposal,
};
use crate::json::Json;
use crate::monitor::{Monitor, MonitorEvent};
use crate::proposal::{self, Proposal, ProposalEvent, ProposalEventData};
use crate::read::Node;
use crate::units::{Id, TimestampMs};

/// Every name that an event can have.
#[must_use]
pub fn names() -> Vec<&'static str> {
    let mut names =
        [Event::NAMES, proposal::Event::NAMES, execution::Event::NAMES, &[monitors::ALARM]]
            .concat();
    names.sort_unstable();
    names.dedup();
    names
}

/// What something happened to, as it stands after it.
pub enum Happened<'a> {
    /// A case, and what happened.
    Case(&'a Case, &'a Event),
    /// A proposal.
    Proposal(&'a Proposal),
    /// An execution of a proposal.
    Execution(&'a Proposal, &'a Execution),
    /// A monitor that raised the alarm.
    Monitor(&'a Monitor),
}

impl Happened<'_> {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Case(..) => "case",
            Self::Proposal(_) => "proposal",
            Self::Execution(..) => "execution",
            Self::Monitor(_) => "monitor",
        }
    }

    /// The tenant that hears of it.
    #[must_use]
    pub const fn tenant_id(&self) -> &Id {
        match self {
            Self::Case(case, _) => &case.tenant_id,
            Self::Proposal(proposal) | Self::Execution(proposal, _) => &proposal.tenant_id,
            Self::Monitor(monitor) => &monitor.tenant_id,
        }
    }

    const fn subject(&self) -> (&Id, i64) {
        match self {
            Self::Case(case, _) => (&case.case_id, case.revision),
            Self::Proposal(proposal) => (&proposal.proposal_id, proposal.revision),
            Self::Execution(_, execution) => (&execution.execution_id, execution.revision),
            // An alarm is raised once.
            Self::Monitor(monitor) => (&monitor.monitor_id, 1),
        }
    }

    fn facts(&self) -> Result<Json, Failure> {
        Ok(match self {
            Self::Case(case, event) => to_json(&CaseEventData::of(case, event))?,
            Self::Proposal(proposal) => to_json(&ProposalEventData::of(proposal))?,
            Self::Execution(proposal, execution) => {
                to_json(&ProposalEventData::of_execution(proposal, execution))?
            }
            Self::Monitor(monitor) => to_json(monitor)?,
        })
    }

    /// Whether the actor may hear of it.
    #[must_use]
    pub fn is_readable_by(&self, actor: &Actor, now: TimestampMs) -> bool {
        match self {
            Self::Case(case, _) => authorize(actor, CaseOperation::Read, case, now).is_ok(),
            Self::Proposal(proposal) | Self::Execution(proposal, _) => {
                authorize_proposal(actor, ProposalOperation::Read, proposal, now).is_ok()
            }
            Self::Monitor(monitor) => sees_figures(actor, &monitor.tenant_id, now),
        }
    }
}

/// Roles that see figures; who only sends cases does not.
pub const FIGURE_ROLES: &[GrantRole] =
    &[GrantRole::Reviewer, GrantRole::Auditor, GrantRole::PolicyOwner, GrantRole::Admin];

fn sees_figures(actor: &Actor, tenant_id: &Id, now: TimestampMs) -> bool {
    FIGURE_ROLES.iter().any(|role| actor.grants_of(*role, tenant_id, now).next().is_some())
}

/// An event as it is stored.
#[derive(Clone, Debug)]
pub struct StoredEvent {
    /// Its position among the tenant's events.
    pub sequence: i64,
    /// The event's name.
    pub name: String,
    tenant_id: Id,
    entry_id: Id,
    subject_id: Id,
    at: TimestampMs,
    data: Facts,
}

#[derive(Clone, Debug)]
enum Facts {
    Case(CaseEventData),
    Proposal(ProposalEventData),
    Monitor(Box<Monitor>),
}

/// An event as it is sent.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum SentEvent {
    /// Of a case.
    Case(CaseEvent),
    /// Of a proposal, or of an execution of one.
    Proposal(ProposalEvent),
    /// An alarm.
    Monitor(Box<MonitorEvent>),
}

impl SentEvent {
    /// The event's id.
    #[must_use]
    pub const fn id(&self) -> &Id {
        match self {
            Self::Case(event) => &event.id,
            Self::Proposal(event) => &event.id,
            Self::Monitor(event) => &event.id,
        }
    }
}

/// Writes what happened as the tenant's next event, for everybody who is to hear of it.
///
/// # Errors
/// Where the store fails.
pub fn append(
    tx: &Tx<'_>,
    entry_id: &Id,
    happened: &Happened<'_>,
    name: &str,
) -> Result<(), Failure> {
    let next = "INSERT INTO event_sequences (tenant_id, last_sequence) VALUES (?1, 1) \
        ON CONFLICT (tenant_id) DO UPDATE SET last_sequence = event_sequences.last_sequence + 1 \
        RETURNING last_sequence";
    let mut statement = tx.connection.prepare_cached(next)?;
    let tenant_id = happened.tenant_id().as_str();
    let sequence: i64 = statement.query_row([tenant_id], |row| row.get(0))?;
    let (subject_id, revision) = happened.subject();
    let insert = "INSERT INTO events (tenant_id, sequence, entry_id, kind, subject_id, event, at, \
        revision, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    tx.connection.prepare_cached(insert)?.execute(params![
        tenant_id,
        sequence,
        entry_id.as_str(),
        happened.kind(),
        subject_id.as_str(),
        name,
        tx.now.as_ms(),
        revision,
        happened.facts()?.canonical(),
    ])?;
    webhooks::enqueue(tx, sequence, happened, name)
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
    let select = "SELECT tenant_id, sequence, entry_id, kind, subject_id, event, at, data FROM events \
        WHERE tenant_id = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3";
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

/// Events through the eyes of one actor, on one view. What comes again is read once.
pub struct Sight<'a> {
    snapshot: &'a Snapshot<'a>,
    actor: &'a Actor,
    cases: BTreeMap<(Id, Id), Option<Seen>>,
    proposals: BTreeMap<(Id, Id), bool>,
}

/// What of a case the actor may see.
struct Seen {
    /// The answer, for who asked for it.
    answer: Option<Answer>,
    /// The question that the customer is asked now, for the same.
    question: Option<String>,
}

impl<'a> Sight<'a> {
    /// What this actor sees.
    #[must_use]
    pub const fn new(snapshot: &'a Snapshot<'a>, actor: &'a Actor) -> Self {
        Self { snapshot, actor, cases: BTreeMap::new(), proposals: BTreeMap::new() }
    }

    /// The event as the actor may see it: `None` where its subject is not theirs to read. The answer
    /// of a case goes to who asked for it, and only once it is released.
    ///
    /// # Errors
    /// Where the store fails.
    pub fn of(&mut self, event: &StoredEvent) -> Result<Option<SentEvent>, Failure> {
        let (id, at) = (event.entry_id.clone(), event.at);
        let (tenant_id, name, sequence) = (&event.tenant_id, event.name.as_str(), event.sequence);
        match &event.data {
            Facts::Case(data) => {
                let mut data = data.clone();
                let Some(seen) = self.case(tenant_id, &data.case_id)? else { return Ok(None) };
                if data.outcome.is_some() {
                    data.answer.clone_from(&seen.answer);
                }
                if name == "question_sent" {
                    data.question.clone_from(&seen.question);
                }
                let event = CaseEvent::new(id, tenant_id, sequence, name, at, data);
                Ok(Some(SentEvent::Case(event)))
            }
            Facts::Proposal(data) => {
                if !self.proposal(tenant_id, &data.proposal_id)? {
                    return Ok(None);
                }
                let envelope = (id, event.subject_id.clone(), at);
                let event = ProposalEvent::new(envelope, tenant_id, sequence, name, data.clone());
                Ok(Some(SentEvent::Proposal(event)))
            }
            Facts::Monitor(monitor) => {
                if !sees_figures(self.actor, tenant_id, self.snapshot.now) {
                    return Ok(None);
                }
                let event = MonitorEvent::new(id, sequence, name, at, (**monitor).clone());
                Ok(Some(SentEvent::Monitor(Box::new(event))))
            }
        }
    }

    fn case(&mut self, tenant_id: &Id, case_id: &Id) -> Result<Option<&Seen>, Failure> {
        let seen = match self.cases.entry((tenant_id.clone(), case_id.clone())) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let case = cases::get(self.snapshot, tenant_id, case_id)?;
                place.insert(case.and_then(|case| look(self.actor, case, self.snapshot.now)))
            }
        };
        Ok(seen.as_ref())
    }

    fn proposal(&mut self, tenant_id: &Id, proposal_id: &Id) -> Result<bool, Failure> {
        let key = (tenant_id.clone(), proposal_id.clone());
        if let Some(known) = self.proposals.get(&key) {
            return Ok(*known);
        }
        let found = proposals::get(self.snapshot, tenant_id, proposal_id)?;
        let now = self.snapshot.now;
        let may =
            found.is_some_and(|found| Happened::Proposal(&found).is_readable_by(self.actor, now));
        self.proposals.insert(key, may);
        Ok(may)
    }
}

fn look(actor: &Actor, case: Case, now: TimestampMs) -> Option<Seen> {
    authorize(actor, CaseOperation::Read, &case, now).ok()?;
    // Who may withdraw a case is who sent it.
    let asked = authorize(actor, CaseOperation::Withdraw, &case, now).is_ok();
    Some(Seen {
        answer: case.answer.filter(|_| asked),
        question: case.waiting.map(|waiting| waiting.question).filter(|_| asked),
    })
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
    let at = TimestampMs::new(row.get(6)?);
    let (kind, facts): (String, String) = (row.get(3)?, row.get(7)?);
    let facts = stored_json(&facts)?;
    let node = Node::root(&facts);
    let facts = match kind.as_str() {
        "case" => CaseEventData::read(node).map(Facts::Case),
        "monitor" => Monitor::read(node).map(|monitor| Facts::Monitor(Box::new(monitor))),
        _ => ProposalEventData::read(node).map(Facts::Proposal),
    };
    Ok(StoredEvent {
        sequence: row.get(1)?,
        name: row.get(5)?,
        tenant_id: id(0)?,
        entry_id: id(2)?,
        subject_id: id(4)?,
        at: at.ok_or_else(|| Failure::internal("a stored time is not one"))?,
        data: facts.map_err(|fault| {
            Failure::internal(format!("a stored event cannot be read: {fault}"))
        })?,
    })
}

pub(super) fn stored_id(text: &str) -> Result<Id, Failure> {
    Id::new(text).ok_or_else(|| Failure::internal("a stored id is not one"))
}
