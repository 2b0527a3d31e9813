//! Second reviews: a share of what people judged goes to another reviewer, as work like any other.
//!
//! How far reviewers agree, and how far each can be believed, can only be told where several judged the
//! same. Whether a draft is judged again is drawn when the first judgement can no longer be changed, so
//! that whoever judges first cannot know, and whoever judges second sees nothing of the first.

use crate::case::{Case, CaseState, Purpose, RerouteKind};
use crate::host::confidence::chance::share_of;
use crate::host::ids;
use crate::host::people::{HostActor, host_actor};
use crate::host::store::{Failure, Tx, identity, moves, policies};
use crate::host::work::{begins, reroute};
use crate::identity::{CaseOperation, Need, authorize};
use crate::label::Label;

/// Draws whether a case that was just resolved is judged again, and opens the second review if so.
///
/// # Errors
/// Where the store fails.
pub fn draw(tx: &Tx<'_>, first: &Case) -> Result<(), Failure> {
    if !may_follow(first) {
        return Ok(());
    }
    let policy = policies::of_tenant(tx, &first.tenant_id)?;
    let share = policy.bundle().sampling.map_or(0.0, |sampling| sampling.second_review);
    if share <= 0.0 || share_of(u64::from_le_bytes(ids::random()?)) >= share {
        return Ok(());
    }
    let (timing, place) = begins(&policy, first, tx.now)?;
    let case = first.second_review(ids::new_id("case", tx.now)?, timing, tx.now);
    if !identity::anybody_meets(tx, &Need::of(&case), &case.excluded)? {
        // One who works alone has nobody to be compared with, and a case that waits for nobody helps none.
        return Ok(());
    }
    let actor = host_actor(tx, HostActor::Scheduler)?;
    let proof = authorize(&actor, CaseOperation::Direct, &case, tx.now)?;
    moves::open(tx, &case, &proof)?;
    match place.filter(|place| place.queue != case.queue) {
        Some(place) => {
            reroute(tx, case, RerouteKind::Transferred, place, "its queue is gone").map(|_| ())
        }
        None => Ok(()),
    }
}

/// Whether one person judged the draft, and what they said speaks of it.
fn may_follow(first: &Case) -> bool {
    let is_judged = first.state == CaseState::Resolved
        && matches!(first.purpose, Purpose::Primary | Purpose::Audit)
        && first.votes.is_empty();
    let label = first.decision.as_ref().map(Label::of);
    is_judged && label.and_then(Label::is_right).is_some()
}
