//! Who may do what to a proposal, and to the executions that come of it.

use super::{
    Actor, Authorized, GrantRole, PrincipalKind, PrincipalStatus, Right, denied, suspended,
};
use crate::error::{ErrorCode, Fault};
use crate::policy::Authority;
use crate::proposal::Proposal;
use crate::units::{Id, TimestampMs};
use crate::word::words;

words! {
    /// What somebody wants to do to a proposal.
    pub enum ProposalOperation {
        /// Make one.
        Propose = "propose",
        /// Read one, with its executions.
        Read = "read",
        /// Approve, reject, respond, edit, undo, revoke, reconcile.
        Decide = "decide",
        /// Withdraw what they proposed.
        Withdraw = "withdraw",
        /// Let the host act: previews, expiry, execution.
        Carry = "carry",
    }
}

/// Decides whether an actor may do this to the proposal, at this instant. The proof says which of
/// the needed authorities the actor has.
///
/// # Errors
/// `not_found` where the actor may not even know of the proposal, `self_approval` where they asked
/// for it, or wrote what it now says; `not_permitted` for every other reason, with the right that is
/// missing.
pub fn authorize_proposal(
    actor: &Actor,
    operation: ProposalOperation,
    proposal: &Proposal,
    now: TimestampMs,
) -> Result<Authorized, Fault> {
    let mut proof =
        Authorized::new(actor, Right::Proposal(operation), proposal.proposal_id.clone());
    if actor.principal.status != PrincipalStatus::Active {
        return Err(suspended());
    }
    let tenant_id = &proposal.tenant_id;
    match operation {
        ProposalOperation::Carry => actor.role(GrantRole::Scheduler, tenant_id, now)?,
        ProposalOperation::Propose => actor.role(GrantRole::Caller, tenant_id, now)?,
        ProposalOperation::Withdraw => {
            if !is_own(actor, proposal) {
                return Err(not_found());
            }
            actor.role(GrantRole::Caller, tenant_id, now)?;
        }
        ProposalOperation::Read => {
            if !reads(actor, proposal, now) {
                return Err(not_found());
            }
        }
        ProposalOperation::Decide => {
            authorize_proposal(actor, ProposalOperation::Read, proposal, now)?;
            proof.authorities = decides(actor, proposal, now)?;
        }
    }
    Ok(proof)
}

/// Of the authorities that the proposal needs, those that the actor's grants give for this tenant.
#[must_use]
pub fn authorities_of(
    actor: &Actor,
    tenant_id: &Id,
    needed: &[Authority],
    now: TimestampMs,
) -> Vec<Authority> {
    let has = |authority: &&Authority| {
        let mut grants = actor.grants_of(GrantRole::Reviewer, tenant_id, now);
        grants.any(|grant| grant.covers_authority(authority))
    };
    needed.iter().filter(has).cloned().collect()
}

fn decides(actor: &Actor, proposal: &Proposal, now: TimestampMs) -> Result<Vec<Authority>, Fault> {
    if actor.principal.kind != PrincipalKind::Person {
        return Err(denied("only a person decides about an action", "sign in as a reviewer"));
    }
    if is_own(actor, proposal) {
        return Err(Fault::new(
            ErrorCode::SelfApproval,
            "",
            "who proposed an action does not decide it",
            "leave it to another reviewer",
        ));
    }
    let needed = proposal.required.authorities.as_slice();
    // What the policy alone let through names nobody: any reviewer of the tenant can step in.
    if needed.is_empty() {
        let mut grants = actor.grants_of(GrantRole::Reviewer, &proposal.tenant_id, now);
        return grants.next().map(|_| Vec::new()).ok_or_else(|| {
            denied("no reviewer's grant for this tenant", "ask an administrator for the grant")
        });
    }
    let has = authorities_of(actor, &proposal.tenant_id, needed, now);
    if has.is_empty() {
        let words: Vec<String> = needed
            .iter()
            .map(|Authority { domain, level }| format!("level {level} in `{domain}`"))
            .collect();
        let detail = format!("this action needs authority {}", words.join(" and "));
        return Err(denied(detail, "leave it to somebody with that authority"));
    }
    Ok(has)
}

/// Who proposed it, auditors of the tenant, and its reviewers where a needed authority lies in a
/// domain of theirs, whether or not they may decide it.
fn reads(actor: &Actor, proposal: &Proposal, now: TimestampMs) -> bool {
    let tenant_id = &proposal.tenant_id;
    let audits = || actor.grants_of(GrantRole::Auditor, tenant_id, now).next().is_some();
    let carries = || actor.grants_of(GrantRole::Scheduler, tenant_id, now).next().is_some();
    let reviews = || {
        let mut grants = actor.grants_of(GrantRole::Reviewer, tenant_id, now);
        grants.any(|grant| {
            let needed = &proposal.required.authorities;
            let any = |domain: &str| domain == "any";
            any(&grant.domain)
                || needed.is_empty()
                || needed.iter().any(|needed| any(&needed.domain) || needed.domain == grant.domain)
        })
    };
    is_own(actor, proposal) || audits() || carries() || reviews()
}

fn is_own(actor: &Actor, proposal: &Proposal) -> bool {
    actor.asked(&proposal.requested_by, proposal.requested_by_person.as_ref())
}

/// A foreign tenant's proposal answers like an absent one.
fn not_found() -> Fault {
    Fault::new(ErrorCode::NotFound, "", "there is no such proposal", "check the id")
}
