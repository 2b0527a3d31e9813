//! Who may do what to a case.

use super::{
    Actor, Authorized, GrantRole, PrincipalKind, PrincipalStatus, Right, denied, suspended,
};
use crate::case::Case;
use crate::error::{ErrorCode, Fault};
use crate::policy::Authority;
use crate::routing::speaks;
use crate::units::TimestampMs;
use crate::word::words;

words! {
    /// What somebody wants to do to a case.
    pub enum CaseOperation {
        /// Send one.
        Create = "create",
        /// Read one.
        Read = "read",
        /// Claim, hold, save, release, skip.
        Work = "work",
        /// Decide, or take a decision back.
        Decide = "decide",
        /// Withdraw what they sent.
        Withdraw = "withdraw",
        /// Let time pass: end leases, release answers.
        PassTime = "pass_time",
    }
}

/// Decides whether an actor may do this to the case, at this instant.
///
/// # Errors
/// `not_found` where the actor may not even know of the case, `self_approval` where they asked for
/// it, `not_permitted` for every other reason, with the right that is missing.
pub fn authorize(
    actor: &Actor,
    operation: CaseOperation,
    case: &Case,
    now: TimestampMs,
) -> Result<Authorized, Fault> {
    let proof = || Authorized::new(actor, Right::Case(operation), case.case_id.clone());
    if actor.principal.status != PrincipalStatus::Active {
        return Err(suspended());
    }
    match operation {
        CaseOperation::PassTime => {
            actor.role(GrantRole::Scheduler, &case.tenant_id, now).map(|()| proof())
        }
        CaseOperation::Create => {
            actor.role(GrantRole::Caller, &case.tenant_id, now).map(|()| proof())
        }
        CaseOperation::Withdraw => {
            require_own(actor, case)?;
            actor.role(GrantRole::Caller, &case.tenant_id, now).map(|()| proof())
        }
        CaseOperation::Read => {
            let reads = actor.grants.iter().any(|grant| grant.reads(case, now));
            (reads || is_own(actor, case)).then(proof).ok_or_else(not_found)
        }
        CaseOperation::Work | CaseOperation::Decide => {
            authorize(actor, CaseOperation::Read, case, now)?;
            if is_own(actor, case) {
                return Err(Fault::new(
                    ErrorCode::SelfApproval,
                    "",
                    "who sent a case does not decide it",
                    "leave it to another reviewer",
                ));
            }
            reviews(actor, case, now).map(|()| proof())
        }
    }
}

/// Whether some reviewer's grant covers queue, domain and level, and the person has language and skills.
fn reviews(actor: &Actor, case: &Case, now: TimestampMs) -> Result<(), Fault> {
    if actor.principal.kind != PrincipalKind::Person {
        return Err(denied("only a person decides a case", "sign in as a reviewer"));
    }
    let mut of_queue = actor
        .grants_of(GrantRole::Reviewer, &case.tenant_id, now)
        .filter(|grant| grant.covers_queue(&case.queue))
        .peekable();
    if of_queue.peek().is_none() {
        let detail = format!("no reviewer's grant covers the queue `{}`", case.queue);
        return Err(denied(detail, "ask an administrator for the grant"));
    }
    if !of_queue.any(|grant| grant.covers_authority(&case.authority)) {
        let Authority { domain, level } = &case.authority;
        let detail = format!("this case needs authority level {level} in `{domain}`");
        return Err(denied(detail, "leave it to somebody with that authority"));
    }
    if !speaks(&actor.principal.languages, case.language.as_deref()) {
        let language = case.language.as_deref().unwrap_or("an unknown language");
        return Err(denied(
            format!("this case is in `{language}`"),
            "leave it to somebody who reads it",
        ));
    }
    match case.skills.iter().find(|skill| !actor.principal.skills.contains(skill)) {
        Some(skill) => Err(denied(
            format!("this case needs the skill `{skill}`"),
            "leave it to somebody who has it",
        )),
        None => Ok(()),
    }
}

fn is_own(actor: &Actor, case: &Case) -> bool {
    actor.asked(&case.requested_by, case.requested_by_person.as_ref())
}

fn require_own(actor: &Actor, case: &Case) -> Result<(), Fault> {
    is_own(actor, case).then_some(()).ok_or_else(not_found)
}

/// A foreign tenant's case answers like an absent one.
fn not_found() -> Fault {
    Fault::new(ErrorCode::NotFound, "", "there is no such case", "check the id")
}
