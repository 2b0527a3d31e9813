//! The execution as it stands: the record that is stored, sent and shown.

use serde::Serialize;

use crate::identity::ActorReference;
use crate::json::{INTEGER_MAX, Json};
use crate::limits;
use crate::read::{self, Node, Read};
use crate::request::Action;
use crate::units::{Id, TimestampMs};
use crate::word::words;

/// Version of the execution record that this code writes.
pub const EXECUTION_VERSION: i64 = 1;

words! {
    /// Where an execution stands.
    pub enum ExecutionState {
        /// Its authorization is used; nothing was sent yet.
        Prepared = "prepared",
        /// A request to the executor is on its way, or may be.
        Started = "started",
        /// Whether it happened is not known.
        Unknown = "unknown",
        /// It happened.
        Succeeded = "succeeded",
        /// It had no effect.
        Failed = "failed",
        /// It was never sent.
        Cancelled = "cancelled",
    }
}

impl ExecutionState {
    /// Whether nothing can change it any more.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

words! {
    /// What an executor promises of a request that comes twice.
    pub enum Guarantee {
        /// Nothing: a request whose outcome is unknown is never sent again; a person reconciles.
        None = "none",
        /// It can be asked by key what happened: sent again only once it says that nothing did.
        Queryable = "queryable",
        /// It heeds our key for a stated time: sent again with the same key within that time.
        Idempotent = "idempotent",
    }
}

words! {
    /// How an attempt ended.
    pub enum AttemptOutcome {
        /// It happened.
        Succeeded = "succeeded",
        /// The executor declares that it had no effect.
        Refused = "refused",
        /// The state that the preview saw had moved on; it had no effect.
        Drifted = "drifted",
        /// Whether it happened is not known.
        Unknown = "unknown",
    }
}

/// Who stands behind an execution.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Approver {
    /// The principal.
    pub principal_id: Id,
    /// The human being.
    pub person_id: Option<Id>,
    /// Their name at that time.
    pub name: String,
    /// When they approved.
    pub approved_at: TimestampMs,
}

/// One request to the executor.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Attempt {
    /// Its id.
    pub attempt_id: Id,
    /// When it was made durable, before anything was sent.
    pub started_at: TimestampMs,
    /// The executor must not act on the request after this.
    pub not_after: TimestampMs,
    /// When its end was known.
    pub ended_at: Option<TimestampMs>,
    /// How it ended.
    pub outcome: Option<AttemptOutcome>,
    /// What was said, in words of this host.
    pub detail: Option<String>,
}

/// One action of an approved proposal.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Execution {
    /// Version of this record; 1.
    pub version: i64,
    /// Its id.
    pub execution_id: Id,
    /// The tenant.
    pub tenant_id: Id,
    /// How often it changed.
    pub revision: i64,
    /// Where it stands.
    pub state: ExecutionState,
    /// The proposal that was approved.
    pub proposal_id: Id,
    /// The authorization that it uses.
    pub authorization_id: Id,
    /// Its place among the actions of the proposal, from 0.
    pub position: i64,
    /// What is done, exactly.
    pub action: Action,
    /// What was approved.
    pub binding_digest: String,
    /// Who approved it; empty where the policy alone allowed it.
    pub approved_by: Vec<Approver>,
    /// Who does it.
    pub executor: String,
    /// What they promise of a request that comes twice.
    pub guarantee: Guarantee,
    /// Derived from the authorization once, and the same for every attempt.
    pub idempotency_key: String,
    /// The state that the preview saw.
    pub precondition: Option<String>,
    /// Every request so far, at most 100.
    pub attempts: Vec<Attempt>,
    /// Until when the executor heeds the key; after this nothing is sent again.
    pub resend_until: Option<TimestampMs>,
    /// When it is sent or asked about next; `null` where nothing happens by itself.
    pub next_attempt_at: Option<TimestampMs>,
    /// What the executor gave back.
    pub result: Option<Json>,
    /// Why it failed, or was cancelled.
    pub reason: Option<String>,
    /// Who found out what happened, where the executor did not say.
    pub reconciled_by: Option<ActorReference>,
    /// When somebody asked to stop it.
    pub stop_requested_at: Option<TimestampMs>,
    /// When it was prepared.
    pub created_at: TimestampMs,
    /// When it ended.
    pub closed_at: Option<TimestampMs>,
}

impl Execution {
    /// The request that is on its way, or was last.
    #[must_use]
    pub fn last_attempt(&self) -> Option<&Attempt> {
        self.attempts.last()
    }

    /// Reads a stored execution.
    ///
    /// # Errors
    /// `invalid_field` or `unknown_field`.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let text = |node: Node<'_>| node.filled_text(limits::NAME_LENGTH_MAX);
        let counter = |node: Node<'_>| node.integer(0, INTEGER_MAX);
        let mut fields = node.object()?;
        let execution = Self {
            version: fields.required("version", |node| node.integer(1, EXECUTION_VERSION))?,
            execution_id: fields.required("execution_id", read::id)?,
            tenant_id: fields.required("tenant_id", read::id)?,
            revision: fields.required("revision", counter)?,
            state: fields.required("state", ExecutionState::read)?,
            proposal_id: fields.required("proposal_id", read::id)?,
            authorization_id: fields.required("authorization_id", read::id)?,
            position: fields.required("position", counter)?,
            action: fields.required("action", Action::read)?,
            binding_digest: fields.required("binding_digest", text)?,
            approved_by: fields.list("approved_by", limits::LIST_LENGTH_MAX, Approver::read)?,
            executor: fields.required("executor", text)?,
            guarantee: fields.required("guarantee", Guarantee::read)?,
            idempotency_key: fields.required("idempotency_key", text)?,
            precondition: fields.optional("precondition", text)?,
            attempts: fields.list("attempts", limits::ATTEMPTS_MAX, Attempt::read)?,
            resend_until: fields.optional("resend_until", read::timestamp)?,
            next_attempt_at: fields.optional("next_attempt_at", read::timestamp)?,
            result: fields.optional("result", |node| Ok(node.json().clone()))?,
            reason: fields.optional("reason", |node| node.text(limits::NOTE_LENGTH_MAX))?,
            reconciled_by: fields.optional("reconciled_by", ActorReference::read)?,
            stop_requested_at: fields.optional("stop_requested_at", read::timestamp)?,
            created_at: fields.required("created_at", read::timestamp)?,
            closed_at: fields.optional("closed_at", read::timestamp)?,
        };
        fields.finish()?;
        Ok(execution)
    }
}

impl Approver {
    /// Reads a stored approver.
    ///
    /// # Errors
    /// `invalid_field` or `unknown_field`.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let approver = Self {
            principal_id: fields.required("principal_id", read::id)?,
            person_id: fields.optional("person_id", read::id)?,
            name: fields.required("name", |node| node.filled_text(limits::NAME_LENGTH_MAX))?,
            approved_at: fields.required("approved_at", read::timestamp)?,
        };
        fields.finish()?;
        Ok(approver)
    }
}

impl Attempt {
    /// Reads a stored attempt.
    ///
    /// # Errors
    /// `invalid_field` or `unknown_field`.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let attempt = Self {
            attempt_id: fields.required("attempt_id", read::id)?,
            started_at: fields.required("started_at", read::timestamp)?,
            not_after: fields.required("not_after", read::timestamp)?,
            ended_at: fields.optional("ended_at", read::timestamp)?,
            outcome: fields.optional("outcome", AttemptOutcome::read)?,
            detail: fields.optional("detail", |node| node.text(limits::NOTE_LENGTH_MAX))?,
        };
        fields.finish()?;
        Ok(attempt)
    }
}
