//! Absence as the host keeps it: said with its audit entry, and carried out when it begins, so that
//! nothing waits for somebody who is not there.

use std::sync::Arc;

use crate::case::RerouteKind;
use crate::error::{ErrorCode, Fault};
use crate::host::people::{self, HostActor, host_actor, require_principal};
use crate::host::store::{Failure, Store, Tx, absences, cases};
use crate::host::work;
use crate::identity::{ActorReference, Away, Principal, PrincipalKind};
use crate::units::{Id, TimestampMs};

/// The longest absence, in milliseconds (a year).
const DURATION_MS_MAX: i64 = 366 * 24 * 60 * 60 * 1_000;
/// Cases that one write passes on.
const PASSED_ON_MAX: i64 = 100;

/// Says that somebody is away; an absence that was said before ends by it.
///
/// # Errors
/// `invalid_time` or `not_eligible` where it makes no sense; `not_found` where there is nobody of that id.
pub fn leave(
    tx: &Tx<'_>,
    principal_id: &Id,
    from: Option<TimestampMs>,
    until: TimestampMs,
    delegate: Option<Id>,
    by: ActorReference,
) -> Result<Away, Failure> {
    let refused = |code: ErrorCode, path: &str, detail: &str, help: &str| {
        Err(Failure::Refused(Fault::new(code, path, detail, help)))
    };
    let (time, person) = (ErrorCode::InvalidTime, ErrorCode::NotEligible);
    let principal = require_principal(tx, principal_id)?;
    if principal.kind != PrincipalKind::Person {
        return refused(person, "", "only a person can be away", "suspend what is not to act");
    }
    let from = from.unwrap_or(tx.now);
    if until <= from || until <= tx.now {
        return refused(
            time,
            "/until",
            "the absence would be over before it begins",
            "name a later time",
        );
    }
    if until.as_ms() - from.as_ms() > DURATION_MS_MAX {
        return refused(
            time,
            "/until",
            "the absence is longer than a year",
            "suspend the principal",
        );
    }
    if let Some(delegate) = &delegate {
        let known = people::actor(tx, delegate, None, crate::identity::Door::Scheduler)?;
        let fits = |other: &Principal| {
            other.kind == PrincipalKind::Person
                && other.tenant_id == principal.tenant_id
                && other.principal_id != principal.principal_id
        };
        if !known.is_some_and(|known| fits(&known.principal)) {
            let detail = format!("`{delegate}` is no colleague who could stand in");
            return refused(person, "/delegate", &detail, "name another person of the same tenant");
        }
    }
    let away = Away { from, until, delegate, begun_at: None };
    let principal = Principal { away: Some(away.clone()), ..principal };
    people::put_principal(tx, &principal, "absence_said", by)?;
    Ok(away)
}

/// Says that somebody is back, or does not go.
///
/// # Errors
/// `not_found` where there is nobody of that id; `invalid_state` where they were not away.
pub fn come_back(tx: &Tx<'_>, principal_id: &Id, by: ActorReference) -> Result<(), Failure> {
    let principal = require_principal(tx, principal_id)?;
    if principal.away.is_none() {
        let fault =
            Fault::new(ErrorCode::InvalidState, "", "no absence was said", "nothing is to be done");
        return Err(Failure::Refused(fault));
    }
    people::put_principal(tx, &Principal { away: None, ..principal }, "absence_ended", by)
}

/// Passes on what those have who are away since now: to who stands in for them, where they may decide
/// it, and otherwise to everybody of its queue.
///
/// # Errors
/// Where the store fails.
pub async fn pass_on(store: &Arc<Store>) -> Result<(), Failure> {
    for principal_id in store.read(absences::due).await? {
        loop {
            let id = principal_id.clone();
            if store.write(move |tx| pass_some_on(tx, &id)).await? {
                break;
            }
        }
    }
    Ok(())
}

/// Whether nothing is left to be passed on.
fn pass_some_on(tx: &Tx<'_>, principal_id: &Id) -> Result<bool, Failure> {
    let principal = require_principal(tx, principal_id)?;
    let Some(away) = principal.away.clone() else { return Ok(true) };
    if away.begun_at.is_some() || !away.covers(tx.now) {
        return Ok(true);
    }
    let had = absences::cases_of(tx, principal_id, PASSED_ON_MAX)?;
    let is_last = i64::try_from(had.len()).unwrap_or(PASSED_ON_MAX) < PASSED_ON_MAX;
    for (tenant_id, case_id) in had {
        let Some(case) = cases::get(tx, &tenant_id, &case_id)? else { continue };
        let place = work::in_place_of(tx, &case, &principal, away.delegate.as_ref())?;
        work::reroute(tx, case, RerouteKind::Reassigned, place, "whoever had it is away")?;
    }
    if is_last {
        let by = host_actor(tx, HostActor::Scheduler)?.reference();
        let away = Away { begun_at: Some(tx.now), ..away };
        let principal = Principal { away: Some(away), ..principal };
        people::put_principal(tx, &principal, "absence_begun", by)?;
    }
    Ok(is_last)
}
