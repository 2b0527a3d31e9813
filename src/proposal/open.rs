//! How a proposal begins: what a caller sends, what a reviewer changes, and what the gate makes of it.

use crate::error::{ErrorCode, Fault};
use crate::gate::{Context, Gate};
use crate::identity::Actor;
use crate::json::Json;
use crate::limits;
use crate::proposal::{
    Author, Closing, PROPOSAL_VERSION, Proposal, ProposalState, Requirement, binding,
};
use crate::read::{self, Node, Read};
use crate::request::{Action, RiskLevel};
use crate::tool::GateVerdict;
use crate::units::{Id, TimestampMs};

/// How long an action that needs no approval may wait for its executor, in milliseconds (an hour).
const ALLOWED_EXPIRES_MS: i64 = 60 * 60 * 1_000;

/// What a caller wants done.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The caller's id for it.
    pub proposal_id: Option<Id>,
    /// The case that it belongs to.
    pub case_id: Option<Id>,
    /// The request that it comes from.
    pub request_id: Option<Id>,
    /// The conversation that it belongs to.
    pub conversation_id: Option<Id>,
    /// The agent's own words.
    pub summary: Option<String>,
    /// The actions, in order.
    pub actions: Vec<Action>,
    /// For whom, and what is known around it.
    pub context: Context,
}

/// What a reviewer changes before approving.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// The revision that they saw.
    pub revision: i64,
    /// The actions from here on.
    pub actions: Vec<Action>,
}

/// Everything that a new proposal is made of.
pub struct Opening<'a> {
    /// Its id.
    pub proposal_id: Id,
    /// What is asked for.
    pub request: Request,
    /// Who asks; of an edited or renewed one, who asked at first.
    pub requested_by: Id,
    /// The person who answers for them.
    pub requested_by_person: Option<Id>,
    /// What the policy says of it.
    pub gate: &'a Gate,
    /// The same as it is stored and shown.
    pub gate_record: Json,
    /// Digest over what the policy says of each tool.
    pub tools_digest: String,
    /// The executor of each action.
    pub executors: Vec<Option<String>>,
    /// How long an approval can be taken back, in milliseconds.
    pub undo_window_ms: i64,
    /// The host's instance.
    pub instance_id: &'a Id,
    /// Makes equal proposals differ.
    pub nonce: String,
    /// The id of the authorization where the policy alone allows it.
    pub authorization_id: Id,
}

impl Request {
    /// Reads a request in the form `{actions, context, …}`, or one action in its flat form
    /// `{proposed_action, amount, …}`. The tenant is the credential's.
    ///
    /// # Errors
    /// `invalid_field`, `unknown_field` or `limit_exceeded`, with the path to the fault.
    pub fn read(node: Node<'_>, tenant_id: &Id) -> Read<Self> {
        let bare = |actions| Self {
            proposal_id: None,
            case_id: None,
            request_id: None,
            conversation_id: None,
            summary: None,
            actions,
            context: Context::of_tenant(tenant_id.clone()),
        };
        let mut fields = node.object()?;
        if fields.has("proposed_action") {
            return Ok(bare(vec![Action::read(node)?]));
        }
        fields.optional("version", |node| node.integer(1, PROPOSAL_VERSION))?;
        let context = fields.optional("context", |node| Context::read_for(node, tenant_id))?;
        let read = Self {
            proposal_id: fields.optional("proposal_id", read::id)?,
            case_id: fields.optional("case_id", read::id)?,
            request_id: fields.optional("request_id", read::id)?,
            conversation_id: fields.optional("conversation_id", read::id)?,
            summary: fields.optional("summary", |node| node.text(limits::NOTE_LENGTH_MAX))?,
            actions: fields.required("actions", crate::gate::read_actions)?,
            context: context.unwrap_or_else(|| Context::of_tenant(tenant_id.clone())),
        };
        fields.finish()?;
        Ok(read)
    }

    /// What a proposal asked for, to be judged again.
    #[must_use]
    pub fn of(proposal: &Proposal) -> Self {
        Self {
            proposal_id: None,
            case_id: proposal.case_id.clone(),
            request_id: proposal.request_id.clone(),
            conversation_id: proposal.conversation_id.clone(),
            summary: proposal.summary.clone(),
            actions: proposal.actions.clone(),
            context: proposal.context.clone(),
        }
    }
}

impl Edit {
    /// Reads an edit.
    ///
    /// # Errors
    /// `invalid_field`, `unknown_field` or `limit_exceeded`.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let edit = Self {
            revision: fields
                .required("revision", |node| node.integer(0, crate::json::INTEGER_MAX))?,
            actions: fields.required("actions", crate::gate::read_actions)?,
        };
        fields.finish()?;
        Ok(edit)
    }
}

/// Opens a proposal as the gate says: rejected, approved by the policy alone, or waiting.
#[must_use]
pub fn open(opening: Opening<'_>, now: TimestampMs) -> Proposal {
    let Opening { gate, request, .. } = opening;
    let required = Requirement::of(gate);
    let verdict = required.verdict;
    let mut proposal = Proposal {
        version: PROPOSAL_VERSION,
        root_proposal_id: opening.proposal_id.clone(),
        proposal_id: opening.proposal_id,
        tenant_id: request.context.tenant_id.clone(),
        revision: 1,
        state: ProposalState::Previewing,
        supersedes: None,
        superseded_by: None,
        case_id: request.case_id,
        request_id: request.request_id,
        conversation_id: request.conversation_id,
        requested_by: opening.requested_by,
        requested_by_person: opening.requested_by_person,
        authors: Vec::new(),
        summary: request.summary,
        actions: request.actions,
        context: request.context,
        required,
        gate: opening.gate_record,
        tools_digest: opening.tools_digest,
        executors: opening.executors,
        preview: None,
        nonce: opening.nonce,
        binding_digest: String::new(),
        votes: Vec::new(),
        created_at: now,
        expires_at: gate.expires_at.unwrap_or(now.saturating_add(ALLOWED_EXPIRES_MS)),
        undo_window_ms: opening.undo_window_ms,
        authorization_id: None,
        effective_at: None,
        stop_requested_at: None,
        closing: None,
    };
    match verdict {
        GateVerdict::RequireApproval => {}
        GateVerdict::Allow => {
            proposal.state = ProposalState::Approved;
            proposal.authorization_id = Some(opening.authorization_id);
            proposal.effective_at = Some(now);
        }
        GateVerdict::Deny => {
            proposal.state = ProposalState::Rejected;
            proposal.closing = Some(Closing {
                reason: shortened(&gate.reason),
                message: None,
                by: None,
                closed_at: now,
            });
        }
    }
    proposal.binding_digest = binding::digest(&proposal, opening.instance_id);
    proposal
}

impl Proposal {
    /// The same line, one further: it stands in the place of `earlier`, whose authors stay its own.
    /// What people had to approve before is not let through by the policy alone now.
    #[must_use]
    pub fn in_place_of(mut self, earlier: &Self, author: Option<Author>, instance_id: &Id) -> Self {
        self.root_proposal_id = earlier.root_proposal_id.clone();
        self.supersedes = Some(earlier.proposal_id.clone());
        self.authors.clone_from(&earlier.authors);
        if let Some(author) = author {
            self.authors.retain(|known| known.principal_id != author.principal_id);
            let barred = earlier
                .authors
                .iter()
                .any(|known| known.principal_id == author.principal_id && !known.may_approve);
            self.authors.push(Author { may_approve: author.may_approve && !barred, ..author });
        }
        let waited = earlier.required.verdict == GateVerdict::RequireApproval;
        if waited && self.required.verdict == GateVerdict::Allow {
            self.required.verdict = GateVerdict::RequireApproval;
            self.required.authorities.clone_from(&earlier.required.authorities);
            self.required.quorum = 1;
            self.expires_at = self.expires_at.min(earlier.expires_at).max(self.created_at);
            self.state = ProposalState::Previewing;
            self.authorization_id = None;
            self.effective_at = None;
        }
        self.binding_digest = binding::digest(&self, instance_id);
        self
    }
}

/// Whether who wrote the later form may approve it: not where much is at stake, nor where another
/// amount moves, or the action is done to something else.
#[must_use]
pub fn editor_counts(
    earlier: &Proposal,
    gate_before: &Json,
    gate: &Gate,
    gate_after: &Json,
) -> bool {
    let moves = |gate: &Json| {
        let Json::Object(gate) = gate else { return Vec::new() };
        let Some(Json::Array(actions)) = gate.get("actions") else { return Vec::new() };
        let of_action = |action: &Json| match action {
            Json::Object(action) => {
                let target = match action.get("impact") {
                    Some(Json::Object(impact)) => impact.get("target").cloned(),
                    _ => None,
                };
                (action.get("tool").cloned(), action.get("amount").cloned(), target)
            }
            _ => (None, None, None),
        };
        actions.iter().map(of_action).collect()
    };
    let tier = earlier.required.tier.max(gate.impact.tier);
    tier < RiskLevel::High && moves(gate_before) == moves(gate_after)
}

/// Who asks, as a proposal keeps it.
impl Opening<'_> {
    /// The principal and the person behind an actor.
    #[must_use]
    pub fn requester(actor: &Actor) -> (Id, Option<Id>) {
        let principal = &actor.principal;
        let person = principal.owner_person.clone().or_else(|| principal.person_id.clone());
        (principal.principal_id.clone(), person)
    }
}

impl Edit {
    /// The fault of an edit of something that changed meanwhile.
    #[must_use]
    pub fn stale() -> Fault {
        Fault::new(
            ErrorCode::StaleVersion,
            "/revision",
            "the proposal has changed since it was read",
            "read the proposal again",
        )
    }
}

/// As long as a reason may be.
fn shortened(text: &str) -> String {
    text.chars().take(limits::NOTE_LENGTH_MAX / 4).collect()
}
