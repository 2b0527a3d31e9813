//! The proposal as it stands: the record that is stored, sent, and shown on one screen.

use serde::Serialize;

use crate::gate::{Context, Gate};
use crate::identity::ActorReference;
use crate::json::{INTEGER_MAX, Json};
use crate::limits;
use crate::policy::{Authority, PolicyReference};
use crate::read::{self, Node, Read};
use crate::request::{Action, RiskLevel};
use crate::tool::{Enforcement, GateVerdict};
use crate::units::{Id, TimestampMs};
use crate::word::words;

/// Version of the proposal record that this code writes.
pub const PROPOSAL_VERSION: i64 = 1;

words! {
    /// Where a proposal stands.
    pub enum ProposalState {
        /// A dry run is asked for.
        Previewing = "previewing",
        /// Waiting for approval.
        Pending = "pending",
        /// Approved, not yet executed.
        Approved = "approved",
        /// Its authorization is used: see its executions.
        Consumed = "consumed",
        /// Somebody, or the policy, said no.
        Rejected = "rejected",
        /// Nobody agreed in time.
        Expired = "expired",
        /// Taken back by who proposed it.
        Withdrawn = "withdrawn",
        /// Edited: another proposal stands in its place.
        Superseded = "superseded",
        /// What was approved, or the right to approve it, does not hold any more.
        Void = "void",
        /// The approval was taken back before it was used.
        Revoked = "revoked",
    }
}

impl ProposalState {
    /// Whether something can still come of it without anybody proposing anew.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Previewing | Self::Pending | Self::Approved)
    }
}

/// What must be so before the actions may be done: what the gate said, without its reasons.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Requirement {
    /// What the policy says.
    pub verdict: GateVerdict,
    /// What is at stake.
    pub tier: RiskLevel,
    /// Who must approve: of each of these authorities, as many people as the quorum.
    pub authorities: Vec<Authority>,
    /// How many people; one person may stand for several authorities.
    pub quorum: i64,
    /// Whether they must see a preview first.
    pub preview_required: bool,
    /// Who keeps the gate shut.
    pub enforcement: Enforcement,
    /// Digest over tenant, tool, arguments and target of every action.
    pub action_digest: String,
    /// The policy that said so.
    pub policy: PolicyReference,
}

/// One difference that an action would make.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PreviewChange {
    /// What would change, in the executor's words.
    pub subject: String,
    /// What it is now.
    pub before: Json,
    /// What it would be.
    pub after: Json,
}

/// What a dry run said.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Preview {
    /// What would change, at most 200.
    pub changes: Vec<PreviewChange>,
    /// In the executor's words.
    pub note: Option<String>,
    /// The state that the preview saw, by action; the execution names it, and is refused where it
    /// moved on.
    pub preconditions: Vec<Option<String>>,
    /// When it arrived.
    pub previewed_at: TimestampMs,
}

/// One person's approval.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Vote {
    /// Who, and by which door.
    pub by: ActorReference,
    /// Which of the needed authorities they have.
    pub authorities: Vec<Authority>,
    /// In their words.
    pub note: Option<String>,
    /// What exactly they approved.
    pub binding_digest: String,
    /// When.
    pub voted_at: TimestampMs,
}

/// Who changed what a proposal says.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Author {
    /// Who.
    pub principal_id: Id,
    /// The human being.
    pub person_id: Option<Id>,
    /// Whether they may approve what they wrote.
    pub may_approve: bool,
}

/// How a proposal ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Closing {
    /// Why, in words.
    pub reason: String,
    /// What the agent is told to do instead, where somebody wrote it.
    pub message: Option<String>,
    /// Who ended it; `null` where time or the policy did.
    pub by: Option<ActorReference>,
    /// When.
    pub closed_at: TimestampMs,
}

/// What a model wants done, and where that stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Proposal {
    /// Version of this record; 1.
    pub version: i64,
    /// Its id.
    pub proposal_id: Id,
    /// The tenant, from the credential of who proposed it.
    pub tenant_id: Id,
    /// How often it changed.
    pub revision: i64,
    /// Where it stands.
    pub state: ProposalState,
    /// The first of its line; edits and renewals keep it.
    pub root_proposal_id: Id,
    /// The proposal in whose place it stands.
    pub supersedes: Option<Id>,
    /// The proposal that stands in its place.
    pub superseded_by: Option<Id>,
    /// The case that it belongs to.
    pub case_id: Option<Id>,
    /// The request that it comes from.
    pub request_id: Option<Id>,
    /// The conversation that it belongs to.
    pub conversation_id: Option<Id>,
    /// The principal that proposed it.
    pub requested_by: Id,
    /// The person who answers for that principal.
    pub requested_by_person: Option<Id>,
    /// Who edited it since.
    pub authors: Vec<Author>,
    /// The agent's own words for it; nobody decides from these.
    pub summary: Option<String>,
    /// What is to be done, in this order; what is executed are these bytes in canonical form.
    pub actions: Vec<Action>,
    /// For whom, and what is known around it.
    pub context: Context,
    /// What must be so before it is done.
    pub required: Requirement,
    /// The gate with all its reasons, as the policy gave it.
    #[cfg_attr(feature = "ts", ts(as = "Gate"))]
    #[cfg_attr(feature = "schema", schemars(with = "Gate"))]
    pub gate: Json,
    /// Digest over what the policy says of each tool.
    pub tools_digest: String,
    /// The executor of each action; `null` where whoever proposed it acts.
    pub executors: Vec<Option<String>>,
    /// What a dry run said.
    pub preview: Option<Preview>,
    /// Makes the digest of equal proposals differ.
    pub nonce: String,
    /// What is approved and signed: see `proposal::binding`.
    pub binding_digest: String,
    /// Who approved it so far.
    pub votes: Vec<Vote>,
    /// When it was proposed.
    pub created_at: TimestampMs,
    /// Until when it can be approved, and executed.
    pub expires_at: TimestampMs,
    /// How long an approval can be taken back, in milliseconds.
    pub undo_window_ms: i64,
    /// The right to execute it once; there is one exactly from the approval on.
    pub authorization_id: Option<Id>,
    /// When the approval takes effect.
    pub effective_at: Option<TimestampMs>,
    /// When somebody asked to stop what was already started.
    pub stop_requested_at: Option<TimestampMs>,
    /// How it ended, where it ended without an execution.
    pub closing: Option<Closing>,
}

impl Proposal {
    /// Reads a stored proposal.
    ///
    /// # Errors
    /// `invalid_field` or `unknown_field`.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let text = |node: Node<'_>| node.filled_text(limits::NAME_LENGTH_MAX);
        let counter = |node: Node<'_>| node.integer(0, INTEGER_MAX);
        let mut fields = node.object()?;
        let proposal = Self {
            version: fields.required("version", |node| node.integer(1, PROPOSAL_VERSION))?,
            proposal_id: fields.required("proposal_id", read::id)?,
            tenant_id: fields.required("tenant_id", read::id)?,
            revision: fields.required("revision", counter)?,
            state: fields.required("state", ProposalState::read)?,
            root_proposal_id: fields.required("root_proposal_id", read::id)?,
            supersedes: fields.optional("supersedes", read::id)?,
            superseded_by: fields.optional("superseded_by", read::id)?,
            case_id: fields.optional("case_id", read::id)?,
            request_id: fields.optional("request_id", read::id)?,
            conversation_id: fields.optional("conversation_id", read::id)?,
            requested_by: fields.required("requested_by", read::id)?,
            requested_by_person: fields.optional("requested_by_person", read::id)?,
            authors: fields.list("authors", limits::LIST_LENGTH_MAX, Author::read)?,
            summary: fields.optional("summary", |node| node.text(limits::NOTE_LENGTH_MAX))?,
            actions: fields.list("actions", limits::PROPOSED_ACTIONS_MAX, Action::read)?,
            context: fields.required("context", Context::read)?,
            required: fields.required("required", Requirement::read)?,
            gate: fields.required("gate", |node| Ok(node.json().clone()))?,
            tools_digest: fields.required("tools_digest", text)?,
            executors: fields.list(
                "executors",
                limits::PROPOSED_ACTIONS_MAX,
                read_optional_name,
            )?,
            preview: fields.optional("preview", Preview::read)?,
            nonce: fields.required("nonce", text)?,
            binding_digest: fields.required("binding_digest", text)?,
            votes: fields.list("votes", limits::LIST_LENGTH_MAX, Vote::read)?,
            created_at: fields.required("created_at", read::timestamp)?,
            expires_at: fields.required("expires_at", read::timestamp)?,
            undo_window_ms: fields
                .required("undo_window_ms", |node| node.integer(0, limits::DURATION_MS_MAX))?,
            authorization_id: fields.optional("authorization_id", read::id)?,
            effective_at: fields.optional("effective_at", read::timestamp)?,
            stop_requested_at: fields.optional("stop_requested_at", read::timestamp)?,
            closing: fields.optional("closing", Closing::read)?,
        };
        fields.finish()?;
        Ok(proposal)
    }

    /// The fault of a proposal id that is in use.
    #[must_use]
    pub fn duplicate(proposal_id: &Id) -> crate::error::Fault {
        crate::error::Fault::new(
            crate::error::ErrorCode::Duplicate,
            "/proposal_id",
            format!("the proposal `{proposal_id}` exists already"),
            "use another id, or the same idempotency key for the same request",
        )
    }
}

impl Requirement {
    /// What a gate requires.
    #[must_use]
    pub fn of(gate: &Gate) -> Self {
        Self {
            verdict: gate.verdict,
            tier: gate.impact.tier,
            authorities: gate.authority.iter().chain(&gate.further_authorities).cloned().collect(),
            quorum: gate.quorum,
            preview_required: gate.preview_required,
            enforcement: gate.enforcement,
            action_digest: gate.action_digest.clone(),
            policy: gate.policy.clone(),
        }
    }

    /// Whether these approvals are enough: of each authority, the quorum of distinct people.
    #[must_use]
    pub fn is_met_by(&self, votes: &[Vote]) -> bool {
        let quorum = usize::try_from(self.quorum).unwrap_or(usize::MAX).max(1);
        votes.len() >= quorum
            && self.authorities.iter().all(|needed| {
                let of_it = |vote: &&Vote| vote.authorities.contains(needed);
                votes.iter().filter(of_it).count() >= quorum
            })
    }

    fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let required = Self {
            verdict: fields.required("verdict", GateVerdict::read)?,
            tier: fields.required("tier", RiskLevel::read)?,
            authorities: fields.list("authorities", limits::LIST_LENGTH_MAX, Authority::read)?,
            quorum: fields.required("quorum", |node| node.integer(0, limits::QUORUM_MAX))?,
            preview_required: fields.required("preview_required", read::bool)?,
            enforcement: fields.required("enforcement", Enforcement::read)?,
            action_digest: fields
                .required("action_digest", |node| node.filled_text(limits::NAME_LENGTH_MAX))?,
            policy: fields.required("policy", PolicyReference::read)?,
        };
        fields.finish()?;
        Ok(required)
    }
}

impl Preview {
    /// Reads what an executor said, and what was stored of it.
    ///
    /// # Errors
    /// `invalid_field`, `unknown_field` or `limit_exceeded`.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let preview = Self {
            changes: fields.list("changes", limits::PREVIEW_CHANGES_MAX, PreviewChange::read)?,
            note: fields.optional("note", |node| node.text(limits::NOTE_LENGTH_MAX))?,
            preconditions: fields.list(
                "preconditions",
                limits::PROPOSED_ACTIONS_MAX,
                read_optional_name,
            )?,
            previewed_at: fields.required("previewed_at", read::timestamp)?,
        };
        fields.finish()?;
        Ok(preview)
    }
}

impl PreviewChange {
    /// Reads a difference, from an executor or from the store.
    ///
    /// # Errors
    /// `invalid_field` or `unknown_field`.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let value = |node: Node<'_>| Ok(node.json().clone());
        let mut fields = node.object()?;
        let change = Self {
            subject: fields
                .required("subject", |node| node.filled_text(limits::NAME_LENGTH_MAX))?,
            before: fields.optional("before", value)?.unwrap_or(Json::Null),
            after: fields.optional("after", value)?.unwrap_or(Json::Null),
        };
        fields.finish()?;
        Ok(change)
    }
}

impl Vote {
    /// The human being, or the principal where there is none: who counts once.
    #[must_use]
    pub fn person(&self) -> &Id {
        self.by.person_id.as_ref().unwrap_or(&self.by.principal_id)
    }

    /// Reads a stored vote.
    ///
    /// # Errors
    /// `invalid_field` or `unknown_field`.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let vote = Self {
            by: fields.required("by", ActorReference::read)?,
            authorities: fields.list("authorities", limits::LIST_LENGTH_MAX, Authority::read)?,
            note: fields.optional("note", |node| node.text(limits::NOTE_LENGTH_MAX))?,
            binding_digest: fields
                .required("binding_digest", |node| node.filled_text(limits::NAME_LENGTH_MAX))?,
            voted_at: fields.required("voted_at", read::timestamp)?,
        };
        fields.finish()?;
        Ok(vote)
    }
}

impl Author {
    fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let author = Self {
            principal_id: fields.required("principal_id", read::id)?,
            person_id: fields.optional("person_id", read::id)?,
            may_approve: fields.required("may_approve", read::bool)?,
        };
        fields.finish()?;
        Ok(author)
    }
}

impl Closing {
    /// Reads a stored closing.
    ///
    /// # Errors
    /// `invalid_field` or `unknown_field`.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let note = |node: Node<'_>| node.text(limits::NOTE_LENGTH_MAX);
        let mut fields = node.object()?;
        let closing = Self {
            reason: fields.required("reason", note)?,
            message: fields.optional("message", note)?,
            by: fields.optional("by", ActorReference::read)?,
            closed_at: fields.required("closed_at", read::timestamp)?,
        };
        fields.finish()?;
        Ok(closing)
    }
}

fn read_optional_name(node: Node<'_>) -> Read<Option<String>> {
    match node.json() {
        Json::Null => Ok(None),
        _ => node.filled_text(limits::NAME_LENGTH_MAX).map(Some),
    }
}
