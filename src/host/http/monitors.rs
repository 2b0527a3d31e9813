//! What watches over decisions: bets and alarms, certificates and what they still need, random audits,
//! and how far reviewers agree.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use super::App;
use super::auth::Caller;
use super::body::ok;
use super::certificates::{self, CertificateView};
use super::metrics::{measurable, visible_tenants};
use super::problem::Problem;
use super::query::Parameters;
use crate::host::confidence::outcome::Panel;
use crate::host::confidence::reviewers::{agreement, consensus};
use crate::host::store::outcomes::outcomes;
use crate::host::store::random_audits::{self, AuditTally};
use crate::host::store::{Failure, Snapshot, identity, monitors, policies};
use crate::identity::GrantRole;
use crate::monitor::Monitor;
use crate::units::{Id, TimestampMs};

#[derive(Serialize, JsonSchema)]
/// What watches over the decisions of the policy in force.
#[schemars(rename = "MonitorsReply")]
pub(super) struct Watched {
    policy_hash: String,
    monitors: Vec<Monitor>,
    certificates: Vec<CertificateView>,
    audits: Vec<AuditTally>,
    now: TimestampMs,
}

#[derive(Serialize, JsonSchema)]
/// How far reviewers agree, and how far each can be believed.
#[schemars(rename = "ReviewersReply")]
pub(super) struct Reviewers {
    /// Krippendorff's alpha: 1 for full agreement, 0 for that of chance; null where nobody could disagree.
    agreement: Option<f64>,
    /// Drafts that several people judged.
    judged_by_several: i64,
    reviewers: Vec<ReviewerView>,
    now: TimestampMs,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct ReviewerView {
    principal_id: Id,
    name: String,
    /// Drafts that they judged.
    judgements: i64,
    /// Share of right drafts that they call right, as far as can be told; null without a second opinion.
    sees_right: Option<f64>,
    /// Share of wrong drafts that they call wrong.
    sees_wrong: Option<f64>,
}

/// `GET /v1/monitors`
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    parameters: Parameters,
) -> Result<Response, Problem> {
    parameters.none()?;
    let watched = app.store.read_as(caller.actor.clone(), move |snapshot| {
        let tenants = visible_tenants(&caller.actor, measurable(), snapshot.now)?;
        let policy = policies::in_force(snapshot)?;
        let hash = &policy.reference().hash;
        Ok(Watched {
            policy_hash: hash.clone(),
            monitors: monitors::list(snapshot, tenants.as_deref(), hash)?,
            certificates: certificates::views(snapshot, &policy, tenants.as_deref())?,
            audits: random_audits::tallies(snapshot, tenants.as_deref())?,
            now: snapshot.now,
        })
    });
    ok(&watched.await?)
}

/// `GET /v1/reviewers`
pub(super) async fn reviewers(
    State(app): State<Arc<App>>,
    caller: Caller,
    parameters: Parameters,
) -> Result<Response, Problem> {
    parameters.none()?;
    // Reviewers do not watch each other.
    const MAY: &[GrantRole] = &[GrantRole::Auditor, GrantRole::PolicyOwner, GrantRole::Admin];
    let found = app.store.read_as(caller.actor.clone(), move |snapshot| {
        let tenants = visible_tenants(&caller.actor, MAY, snapshot.now)?;
        told(snapshot, tenants.as_deref())
    });
    ok(&found.await?)
}

fn told(snapshot: &Snapshot<'_>, tenants: Option<&[String]>) -> Result<Reviewers, Failure> {
    let outcomes = outcomes(snapshot, tenants)?;
    let panel = Panel::of(&outcomes);
    let mut said_of: BTreeMap<usize, i64> = BTreeMap::new();
    for judgement in &panel.judgements {
        *said_of.entry(judgement.item).or_default() += 1;
    }
    let shared = |item: &usize| said_of.get(item).is_some_and(|said| *said > 1);
    let rates = consensus(outcomes.len(), panel.reviewers.len(), &panel.judgements).reviewers;
    let mut reviewers = Vec::new();
    for (index, (principal_id, rates)) in panel.reviewers.into_iter().zip(rates).enumerate() {
        let own = panel.judgements.iter().filter(|judgement| judgement.reviewer == index);
        let items: Vec<usize> = own.map(|judgement| judgement.item).collect();
        let rates = items.iter().any(shared).then_some(rates);
        let principal = identity::principal(snapshot, &principal_id)?;
        reviewers.push(ReviewerView {
            name: principal.map_or_else(|| principal_id.to_string(), |principal| principal.name),
            principal_id,
            judgements: i64::try_from(items.len()).unwrap_or(i64::MAX),
            sees_right: rates.map(|rates| rates.sees_right),
            sees_wrong: rates.map(|rates| rates.sees_wrong),
        });
    }
    reviewers.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(Reviewers {
        agreement: agreement(outcomes.len(), &panel.judgements),
        judged_by_several: i64::try_from(said_of.values().filter(|said| **said > 1).count())
            .unwrap_or(i64::MAX),
        reviewers,
        now: snapshot.now,
    })
}
