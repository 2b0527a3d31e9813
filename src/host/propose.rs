//! From what a caller wants done to a stored proposal: what the host knows is added, the policy in
//! force classifies it, and the executors are looked up.

use crate::compile::{schema_faults, to_json};
use crate::error::{ErrorCode, Fault};
use crate::fact::FactSource;
use crate::gate::{Context, Gate, SchemaFault, classify};
use crate::host::executor::Executors;
use crate::host::ids;
use crate::host::store::{self, Failure, Snapshot, Tx, approvals, policies, proposals};
use crate::identity::{Actor, ProposalOperation};
use crate::json::Json;
use crate::money::Money;
use crate::policy::Policy;
use crate::proposal::{
    self, Author, Edit, Opening, Proposal, Request, Requirement, binding, editor_counts, open,
};
use crate::request::{Action, POLICY_BASIS, REQUIRES_APPROVAL};
use crate::units::{Id, TimestampMs};

/// Separates digests over tools' entries from all other digests.
const TOOLS_DOMAIN: &str = "countersign/tools/v1";
/// The host's facts about an action: how many like it were let through for the same target in 30
/// days, whether there ever was one, and how much whoever asks has moved within a day.
const SAME_TARGET: &str = "same_target_30d";
const RECIPIENT_IS_NEW: &str = "recipient_is_new";
const REQUESTER_AMOUNT: &str = "requester_amount_24h";
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Who asks, as limits count them.
struct Requester<'a> {
    tenant_id: &'a Id,
    principal_id: &'a Id,
    /// Not counted against itself.
    root_proposal_id: Option<&'a Id>,
}

/// What the policy in force says of actions, with what the host knows.
struct Judged {
    gate: Gate,
    record: Json,
    tools_digest: String,
    executors: Vec<Option<String>>,
}

/// Makes a proposal of what a caller asks for.
///
/// # Errors
/// `duplicate`, `not_permitted`, or what [`classify`] refuses.
pub fn propose(
    tx: &Tx<'_>,
    actor: &Actor,
    request: Request,
    executors: &Executors,
) -> Result<Proposal, Failure> {
    let policy = policies::of_tenant(tx, &request.context.tenant_id)?;
    let (requested_by, requested_by_person) = Opening::requester(actor);
    let requester = Requester {
        tenant_id: &request.context.tenant_id,
        principal_id: &requested_by,
        root_proposal_id: None,
    };
    let judged = judge(tx, &policy, &request, &requester, executors)?;
    let proposal_id = match &request.proposal_id {
        Some(id) => id.clone(),
        None => ids::new_id("prop", tx.now)?,
    };
    let asked = (proposal_id, requested_by, requested_by_person);
    let proposal = make(tx, &policy, request, judged, asked)?;
    approvals::create(tx, actor, ProposalOperation::Propose, proposal)
}

/// Puts a reviewer's form of a proposal into its place, and gives the new one.
///
/// # Errors
/// `stale_version` where it changed meanwhile; `invalid_field` where nothing is different; what
/// [`proposal::apply`] and [`classify`] refuse.
pub fn edit(
    tx: &Tx<'_>,
    actor: &Actor,
    earlier: Proposal,
    edit: Edit,
    executors: &Executors,
) -> Result<Proposal, Failure> {
    if edit.revision != earlier.revision {
        return Err(Failure::Refused(Edit::stale()));
    }
    if edit.actions == earlier.actions {
        return Err(Failure::Refused(Fault::new(
            ErrorCode::InvalidField,
            "/actions",
            "nothing is different",
            "change an action, or approve it as it is",
        )));
    }
    let request = Request { actions: edit.actions, ..Request::of(&earlier) };
    let judged = judge_again(tx, &earlier, &request, executors)?;
    let author = Author {
        principal_id: actor.principal.principal_id.clone(),
        person_id: actor.principal.person_id.clone(),
        may_approve: editor_counts(&earlier, &earlier.gate, &judged.gate, &judged.record),
    };
    let successor = succeed(tx, &earlier, request, judged, Some(author))?;
    let successor_id = successor.proposal_id.clone();
    approvals::perform(tx, actor, earlier, proposal::Command::Supersede { successor_id })?;
    approvals::create(tx, actor, ProposalOperation::Decide, successor)
}

/// A new proposal in the place of one that does not hold any more, to be looked at by people.
///
/// # Errors
/// What [`classify`] refuses, or the store.
pub fn renew(
    tx: &Tx<'_>,
    carrier: &Actor,
    earlier: &Proposal,
    executors: &Executors,
) -> Result<Proposal, Failure> {
    let request = Request::of(earlier);
    let judged = judge_again(tx, earlier, &request, executors)?;
    let successor = succeed(tx, earlier, request, judged, None)?;
    approvals::create(tx, carrier, ProposalOperation::Carry, successor)
}

/// Why what was approved may not be executed under the policy in force, with the approvers' rights
/// as they are now; `None` where it may.
///
/// # Errors
/// Where the store fails.
pub fn objection(
    snapshot: &Snapshot<'_>,
    proposal: &Proposal,
    instance_id: &Id,
    executors: &Executors,
) -> Result<Option<String>, Failure> {
    use crate::tool::GateVerdict;
    if binding::digest(proposal, instance_id) != proposal.binding_digest {
        return Ok(Some("it is not what was approved".to_owned()));
    }
    let judged = judge_again(snapshot, proposal, &Request::of(proposal), executors)?;
    let required = Requirement::of(&judged.gate);
    if required.verdict == GateVerdict::Deny {
        return Ok(Some(format!("the policy in force does not allow it: {}", judged.gate.reason)));
    }
    if judged.tools_digest != proposal.tools_digest || judged.executors != proposal.executors {
        return Ok(Some("what is known of its tools has changed".to_owned()));
    }
    let was_asked = proposal.required.verdict == GateVerdict::RequireApproval;
    let needed = [Some(&required), was_asked.then_some(&proposal.required)];
    for required in needed.into_iter().flatten() {
        if required.verdict == GateVerdict::Allow {
            continue;
        }
        let votes = store::identity::rights_now(snapshot, proposal, required)?;
        if !required.is_met_by(&votes) {
            let detail = if votes.len() < proposal.votes.len() {
                "an approver has no right to approve it any more"
            } else {
                "the policy in force asks for more approval"
            };
            return Ok(Some(detail.to_owned()));
        }
        if required.preview_required && proposal.preview.is_none() {
            return Ok(Some("the policy in force asks for a preview".to_owned()));
        }
    }
    Ok(None)
}

/// Why a proposal has to be looked at anew under the policy in force; `None` where that asks for no
/// more than the one that it was made under.
///
/// # Errors
/// Where the store fails.
pub fn asks_for_more(
    snapshot: &Snapshot<'_>,
    proposal: &Proposal,
    executors: &Executors,
) -> Result<Option<String>, Failure> {
    let judged = judge_again(snapshot, proposal, &Request::of(proposal), executors)?;
    let (was, is) = (&proposal.required, Requirement::of(&judged.gate));
    if is.verdict == crate::tool::GateVerdict::Deny {
        return Ok(Some(format!("the policy in force does not allow it: {}", judged.gate.reason)));
    }
    if judged.tools_digest != proposal.tools_digest {
        return Ok(Some("what is known of its tools has changed".to_owned()));
    }
    let covered = is.authorities.iter().all(|needed| {
        was.authorities.iter().any(|known| {
            known.level >= needed.level && (known.domain == needed.domain || needed.domain == "any")
        })
    });
    let more = is.verdict > was.verdict
        || is.tier > was.tier
        || is.quorum > was.quorum
        || (is.preview_required && !was.preview_required)
        || !covered;
    Ok(more.then(|| "the policy in force asks for more approval".to_owned()))
}

fn judge_again(
    snapshot: &Snapshot<'_>,
    earlier: &Proposal,
    request: &Request,
    executors: &Executors,
) -> Result<Judged, Failure> {
    let policy = policies::of_tenant(snapshot, &earlier.tenant_id)?;
    let requester = Requester {
        tenant_id: &earlier.tenant_id,
        principal_id: &earlier.requested_by,
        root_proposal_id: Some(&earlier.root_proposal_id),
    };
    judge(snapshot, &policy, request, &requester, executors)
}

fn judge(
    snapshot: &Snapshot<'_>,
    policy: &Policy,
    request: &Request,
    requester: &Requester<'_>,
    executors: &Executors,
) -> Result<Judged, Failure> {
    let mut context = request.context.clone();
    context.schema_faults = Some(hold_against_schemas(policy, &request.actions));
    let first = classify(policy, &request.actions, &context, snapshot.now)?;
    let gate = if asks_host(policy) {
        know(snapshot, policy, &mut context, &first, requester)?;
        classify(policy, &request.actions, &context, snapshot.now)?
    } else {
        first
    };
    let names = |action: &Action| executors.of_tool(&action.tool).map(|found| found.id.clone());
    Ok(Judged {
        record: to_json(&gate)?,
        gate,
        tools_digest: tools_digest(policy, &request.actions)?,
        executors: request.actions.iter().map(names).collect(),
    })
}

/// Where arguments are not what the schemas of their tools ask for. What only tells of approval is
/// no argument of a tool.
fn hold_against_schemas(policy: &Policy, actions: &[Action]) -> Vec<SchemaFault> {
    let of_action = |(index, action): (usize, &Action)| {
        let schema = policy.actions().tool(&action.tool).and_then(|tool| tool.schema.as_ref());
        let mut arguments = action.arguments.clone();
        arguments.retain(|name, _| name != REQUIRES_APPROVAL && name != POLICY_BASIS);
        let faults = schema.map(|schema| schema_faults(schema, &arguments)).unwrap_or_default();
        faults
            .into_iter()
            .map(move |(pointer, detail)| SchemaFault::new(index, pointer, detail))
            .collect::<Vec<_>>()
    };
    actions.iter().enumerate().flat_map(of_action).collect()
}

fn asks_host(policy: &Policy) -> bool {
    policy.bundle().facts.iter().any(|fact| fact.source == FactSource::Host)
}

/// Adds what only the host can know; of several actions, the one that counts most.
fn know(
    snapshot: &Snapshot<'_>,
    policy: &Policy,
    context: &mut Context,
    gate: &Gate,
    requester: &Requester<'_>,
) -> Result<(), Failure> {
    let since = |days: i64| snapshot.now.saturating_add(-days * DAY_MS);
    let (tenant_id, root) = (requester.tenant_id, requester.root_proposal_id);
    let (mut same_target, mut is_new) = (0, false);
    for action in &gate.actions {
        let Some(target) = &action.impact.target else { continue };
        let entry = action.entry.as_deref().unwrap_or(&action.tool);
        let count = |since| proposals::count_alike(snapshot, tenant_id, entry, target, since, root);
        same_target = same_target.max(count(since(30))?);
        is_new |= count(TimestampMs::MIN)? == 0;
    }
    context.host_facts.insert(RECIPIENT_IS_NEW.to_owned(), Json::Bool(is_new));
    #[expect(clippy::cast_precision_loss, reason = "a count of rows is far below 2^53")]
    context.host_facts.insert(SAME_TARGET.to_owned(), Json::Number(same_target as f64));
    if let Some(rates) = &policy.actions().rates {
        let minor =
            proposals::moved_by(snapshot, tenant_id, requester.principal_id, since(1), root)?;
        let earlier = Money::new(minor, rates.base);
        // What this proposal moves counts too: a limit is not passed by one large step.
        let nothing = Money::zero(rates.base);
        let total = earlier.zip(gate.amount_or(Some(nothing))).and_then(|(a, b)| a.plus(b));
        if let Some(total) = total {
            let text = Json::String(total.to_string());
            context.host_facts.insert(REQUESTER_AMOUNT.to_owned(), text);
        }
    }
    Ok(())
}

fn tools_digest(policy: &Policy, actions: &[Action]) -> Result<String, Failure> {
    let entry = |action: &Action| {
        let known = policy.actions().tool(&action.tool);
        to_json(known.unwrap_or(&policy.actions().unknown_tool))
    };
    let entries: Result<Vec<Json>, Fault> = actions.iter().map(entry).collect();
    Ok(Json::Array(entries?).digest(TOOLS_DOMAIN))
}

fn make(
    tx: &Tx<'_>,
    policy: &Policy,
    request: Request,
    judged: Judged,
    (proposal_id, requested_by, requested_by_person): (Id, Id, Option<Id>),
) -> Result<Proposal, Failure> {
    let now: TimestampMs = tx.now;
    let instance_id = store::instance_id(tx)?;
    let opening = Opening {
        proposal_id,
        request,
        requested_by,
        requested_by_person,
        gate: &judged.gate,
        gate_record: judged.record,
        tools_digest: judged.tools_digest,
        executors: judged.executors,
        undo_window_ms: policy.bundle().undo_window_ms,
        instance_id: &instance_id,
        nonce: ids::base32(&ids::random::<16>()?),
        authorization_id: ids::new_id("auth", now)?,
    };
    Ok(open(opening, now))
}

fn succeed(
    tx: &Tx<'_>,
    earlier: &Proposal,
    request: Request,
    judged: Judged,
    author: Option<Author>,
) -> Result<Proposal, Failure> {
    let policy = policies::of_tenant(tx, &earlier.tenant_id)?;
    let id = ids::new_id("prop", tx.now)?;
    let asked = (id, earlier.requested_by.clone(), earlier.requested_by_person.clone());
    let successor = make(tx, &policy, request, judged, asked)?;
    Ok(successor.in_place_of(earlier, author, &store::instance_id(tx)?))
}
