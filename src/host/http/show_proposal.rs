//! What a principal gets to see of a proposal, its executions, its history, and what they may do.

use schemars::JsonSchema;
use serde::Serialize;

use super::show::HistoryEntry;
use crate::error::Fault;
use crate::execution::{Execution, ExecutionState};
use crate::host::store::audit::{Entity, entries_of};
use crate::host::store::{Failure, Snapshot, executions, identity};
use crate::identity::{Actor, GrantRole, ProposalOperation, authorize_proposal};
use crate::json::Json;
use crate::policy::Authority;
use crate::proposal::{Command, Event, Proposal, ProposalState, apply};
use crate::request::RiskLevel;
use crate::units::{Id, TimestampMs};

/// Characters of a gate's reason in a list.
const REASON_LENGTH_MAX: usize = 280;

/// The answer of every command.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ProposalCommandReply")]
pub(super) struct ProposalAndExecutions {
    pub(super) proposal: Proposal,
    /// In the order of the actions; empty before the approval is used.
    pub(super) executions: Vec<Execution>,
}

/// One proposal with its executions and its history.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ProposalReply")]
pub(super) struct ProposalView {
    proposal: Proposal,
    /// In the order of the actions; empty before the approval is used.
    executions: Vec<Execution>,
    /// What happened to the proposal and to its executions, oldest first.
    history: Vec<HistoryEntry>,
    may: MayDecide,
    now: TimestampMs,
}

/// What the actor may do now.
#[derive(Serialize, JsonSchema)]
pub(super) struct MayDecide {
    approve: bool,
    reject: bool,
    edit: bool,
    undo: bool,
    revoke: bool,
    withdraw: bool,
    reconcile: bool,
    /// Why they may not approve.
    why_not: Option<String>,
}

/// A row of a list.
#[derive(Serialize, JsonSchema)]
pub(super) struct ProposalSummary {
    proposal_id: Id,
    tenant_id: Id,
    revision: i64,
    state: ProposalState,
    risk_level: RiskLevel,
    tools: Vec<String>,
    /// The tools' names for people.
    titles: Vec<String>,
    /// How much money, in the policy's base currency; `null` where none, or where it is not known.
    #[schemars(with = "Option<crate::money::Money>")]
    magnitude: Json,
    target: Option<String>,
    /// Why it is not simply done; the first 280 characters.
    reason: String,
    requested_by: Id,
    requested_by_name: Option<String>,
    case_id: Option<Id>,
    /// How many have approved it.
    votes: usize,
    /// How many have to.
    quorum: i64,
    authorities: Vec<Authority>,
    created_at: TimestampMs,
    expires_at: TimestampMs,
    effective_at: Option<TimestampMs>,
    execution_states: Vec<ExecutionState>,
}

/// The proposal as the actor may see it.
pub(super) fn view(
    snapshot: &Snapshot<'_>,
    actor: &Actor,
    proposal: Proposal,
) -> Result<ProposalView, Failure> {
    let tenant_id = &proposal.tenant_id;
    let roles = [GrantRole::Reviewer, GrantRole::Auditor];
    let staff =
        roles.iter().any(|role| actor.grants_of(*role, tenant_id, snapshot.now).next().is_some());
    let executions = executions::of_proposal(snapshot, tenant_id, &proposal.proposal_id)?;
    let entity = Entity { tenant_id, kind: "proposal", id: &proposal.proposal_id };
    let mut entries = entries_of(snapshot, entity)?;
    for execution in &executions {
        let entity = Entity { tenant_id, kind: "execution", id: &execution.execution_id };
        entries.extend(entries_of(snapshot, entity)?);
    }
    // What happened in one moment stays in the order of its thing.
    entries.sort_by_key(|entry| entry.at);
    let history = entries.into_iter().map(|entry| HistoryEntry::of(entry, staff)).collect();
    let may = MayDecide::of(actor, &proposal, &executions, snapshot.now);
    Ok(ProposalView { proposal, executions, history, may, now: snapshot.now })
}

/// A row of a list.
pub(super) fn summary(
    snapshot: &Snapshot<'_>,
    proposal: &Proposal,
) -> Result<ProposalSummary, Failure> {
    let field = |value: &Json, name: &str| match value {
        Json::Object(fields) => fields.get(name).cloned().unwrap_or(Json::Null),
        _ => Json::Null,
    };
    let text = |value: Json| match value {
        Json::String(text) => Some(text),
        _ => None,
    };
    let gate = &proposal.gate;
    let titles = match field(gate, "actions") {
        Json::Array(actions) => {
            actions.iter().filter_map(|action| text(field(action, "title"))).collect()
        }
        _ => Vec::new(),
    };
    let impact = field(gate, "impact");
    let reason = text(field(gate, "reason")).unwrap_or_default();
    let (tenant_id, proposal_id) = (&proposal.tenant_id, &proposal.proposal_id);
    let executions = executions::of_proposal(snapshot, tenant_id, proposal_id)?;
    Ok(ProposalSummary {
        proposal_id: proposal_id.clone(),
        tenant_id: tenant_id.clone(),
        revision: proposal.revision,
        state: proposal.state,
        risk_level: proposal.required.tier,
        tools: proposal.actions.iter().map(|action| action.tool.clone()).collect(),
        titles,
        magnitude: field(&impact, "magnitude"),
        target: text(field(&impact, "target")),
        reason: reason.chars().take(REASON_LENGTH_MAX).collect(),
        requested_by: proposal.requested_by.clone(),
        requested_by_name: identity::principal(snapshot, &proposal.requested_by)?
            .map(|principal| principal.name),
        case_id: proposal.case_id.clone(),
        votes: proposal.votes.len(),
        quorum: proposal.required.quorum,
        authorities: proposal.required.authorities.clone(),
        created_at: proposal.created_at,
        expires_at: proposal.expires_at,
        effective_at: proposal.effective_at,
        execution_states: executions.iter().map(|execution| execution.state).collect(),
    })
}

impl MayDecide {
    /// Asked of the same functions that decide when it is tried.
    fn of(actor: &Actor, proposal: &Proposal, executions: &[Execution], now: TimestampMs) -> Self {
        let try_out = |command: Command| -> Result<Vec<Event>, Fault> {
            let proof = authorize_proposal(actor, command.operation(), proposal, now)?;
            apply(proposal, command, &proof, now)
        };
        let reason = String::new;
        let approve = try_out(Command::Approve {
            binding_digest: proposal.binding_digest.clone(),
            note: None,
            authorization_id: proposal.proposal_id.clone(),
            line_is_clear: true,
        });
        let decides = authorize_proposal(actor, ProposalOperation::Decide, proposal, now).is_ok();
        let unknown = |execution: &Execution| execution.state == ExecutionState::Unknown;
        Self {
            reject: try_out(Command::Reject { reason: reason() }).is_ok(),
            edit: try_out(Command::Supersede { successor_id: proposal.proposal_id.clone() })
                .is_ok(),
            undo: try_out(Command::Undo).is_ok(),
            revoke: try_out(Command::Revoke { reason: reason() }).is_ok(),
            withdraw: try_out(Command::Withdraw { reason: None }).is_ok(),
            reconcile: decides && executions.iter().any(unknown),
            approve: approve.is_ok(),
            why_not: approve.err().map(|fault| fault.detail),
        }
    }
}
