//! Who may do what to a case.

use super::{
    Actor, Authorized, Grant, GrantRole, PrincipalKind, PrincipalStatus, Right, denied, suspended,
};
use crate::case::{Case, Purpose};
use crate::error::{ErrorCode, Fault};
use crate::policy::Authority;
use crate::routing::speaks;
use crate::units::{Id, TimestampMs};
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
        /// Decide, or vote.
        Decide = "decide",
        /// Take one's own decision back.
        Undo = "undo",
        /// Ask for a higher authority.
        Escalate = "escalate",
        /// Assign, move, retime, merge, open again.
        Direct = "direct",
        /// Say what the user wrote, or got.
        Append = "append",
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
        // The host itself tells what it delivered, and moves what is in nobody's hands.
        CaseOperation::Append | CaseOperation::Direct | CaseOperation::Escalate
            if is_host(actor, case, now) =>
        {
            Ok(proof())
        }
        CaseOperation::Append => {
            require_own(actor, case)?;
            actor.role(GrantRole::Caller, &case.tenant_id, now).map(|()| proof())
        }
        CaseOperation::Read => {
            let reads = actor.grants.iter().any(|grant| grant.reads(case, now));
            (reads || is_answered(actor, case)).then(proof).ok_or_else(not_found)
        }
        CaseOperation::Direct => {
            concerns(actor, case, now)?;
            directs(actor, case, now).map(|()| proof())
        }
        // It only makes the case stricter, so that level, skills and language are not asked for.
        CaseOperation::Escalate => {
            concerns(actor, case, now)?;
            of_queue(actor, case, now).map(|_| proof())
        }
        CaseOperation::Undo => {
            concerns(actor, case, now)?;
            reviews(actor, case, now).map(|()| proof())
        }
        CaseOperation::Work | CaseOperation::Decide => {
            concerns(actor, case, now)?;
            stands_apart(actor, case)?;
            reviews(actor, case, now).map(|()| proof())
        }
    }
}

/// What cases that ask the same have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The tenant.
    pub tenant_id: Id,
    /// The queue.
    pub queue: String,
    /// What a reviewer must be able to do.
    pub skills: Vec<String>,
    /// The language, if it is known.
    pub language: Option<String>,
    /// What a reviewer must be allowed to decide.
    pub authority: Authority,
    /// To whom alone they are offered.
    pub assigned_to: Option<Id>,
}

impl Need {
    /// What a case needs.
    #[must_use]
    pub fn of(case: &Case) -> Self {
        Self {
            tenant_id: case.tenant_id.clone(),
            queue: case.queue.clone(),
            skills: case.skills.clone(),
            language: case.language.clone(),
            authority: case.authority.clone(),
            assigned_to: case.assigned_to.clone(),
        }
    }
}

/// Whether an actor may take cases of this need, as far as that does not hang on the single case:
/// the same that [`authorize`] asks, without a reason.
#[must_use]
pub fn meets(actor: &Actor, need: &Need, now: TimestampMs) -> bool {
    let principal = &actor.principal;
    let covers =
        |grant: &Grant| grant.covers_queue(&need.queue) && grant.covers_authority(&need.authority);
    principal.status == PrincipalStatus::Active
        && !principal.is_away(now)
        && principal.kind == PrincipalKind::Person
        && need.assigned_to.as_ref().is_none_or(|to| *to == principal.principal_id)
        && actor.grants_of(GrantRole::Reviewer, &need.tenant_id, now).any(covers)
        && speaks(&principal.languages, need.language.as_deref())
        && need.skills.iter().all(|skill| principal.skills.contains(skill))
}

/// Who may read the case, and did not ask for it.
fn concerns(actor: &Actor, case: &Case, now: TimestampMs) -> Result<(), Fault> {
    authorize(actor, CaseOperation::Read, case, now)?;
    if !is_own(actor, case) {
        return Ok(());
    }
    Err(Fault::new(
        ErrorCode::SelfApproval,
        "",
        "who sent a case does not decide it",
        "leave it to another reviewer",
    ))
}

/// Had no part in it that another is to judge.
fn stands_apart(actor: &Actor, case: &Case) -> Result<(), Fault> {
    let (principal_id, person_id) =
        (&actor.principal.principal_id, actor.principal.person_id.as_ref());
    if case.votes.iter().any(|vote| vote.is_of(principal_id, person_id)) {
        return Err(denied("you have voted on this case", "leave it to another reviewer"));
    }
    let names = |id: &Id| id == principal_id || Some(id) == person_id;
    if case.excluded.iter().any(names) {
        let detail = "you had a part in what is looked at here";
        return Err(denied(detail, "leave it to another reviewer"));
    }
    Ok(())
}

/// Whether a lead's grant covers queue, domain and level.
fn directs(actor: &Actor, case: &Case, now: TimestampMs) -> Result<(), Fault> {
    if actor.principal.kind != PrincipalKind::Person {
        return Err(denied("only a person directs the work", "sign in as a lead"));
    }
    let mut leads = actor.grants_of(GrantRole::Lead, &case.tenant_id, now);
    let covers =
        |grant: &Grant| grant.covers_queue(&case.queue) && grant.covers_authority(&case.authority);
    leads.any(covers).then_some(()).ok_or_else(|| {
        let Authority { domain, level } = &case.authority;
        let detail = format!(
            "no lead's grant covers the queue `{}` with level {level} in `{domain}`",
            case.queue
        );
        denied(detail, "ask a lead")
    })
}

fn is_host(actor: &Actor, case: &Case, now: TimestampMs) -> bool {
    actor.role(GrantRole::Scheduler, &case.tenant_id, now).is_ok()
}

/// The reviewer's grants that cover the queue; there is one at least.
fn of_queue<'a>(
    actor: &'a Actor,
    case: &'a Case,
    now: TimestampMs,
) -> Result<Vec<&'a Grant>, Fault> {
    if actor.principal.kind != PrincipalKind::Person {
        return Err(denied("only a person decides a case", "sign in as a reviewer"));
    }
    let grants = actor.grants_of(GrantRole::Reviewer, &case.tenant_id, now);
    let found: Vec<&Grant> = grants.filter(|grant| grant.covers_queue(&case.queue)).collect();
    if found.is_empty() {
        let detail = format!("no reviewer's grant covers the queue `{}`", case.queue);
        return Err(denied(detail, "ask an administrator for the grant"));
    }
    Ok(found)
}

/// Whether some reviewer's grant covers queue, domain and level, and the person has language and skills.
fn reviews(actor: &Actor, case: &Case, now: TimestampMs) -> Result<(), Fault> {
    let of_queue = of_queue(actor, case, now)?;
    if !of_queue.iter().any(|grant| grant.covers_authority(&case.authority)) {
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

/// Whether an actor hears of the case because they asked for it: a second review answers nobody, and
/// an application that heard of one would answer its user twice.
fn is_answered(actor: &Actor, case: &Case) -> bool {
    is_own(actor, case) && case.purpose != Purpose::Second
}

fn require_own(actor: &Actor, case: &Case) -> Result<(), Fault> {
    is_answered(actor, case).then_some(()).ok_or_else(not_found)
}

/// A foreign tenant's case answers like an absent one.
fn not_found() -> Fault {
    Fault::new(ErrorCode::NotFound, "", "there is no such case", "check the id")
}
