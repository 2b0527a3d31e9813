//! Whether a risk level may answer by itself, and what is missing where it may not.

use schemars::JsonSchema;
use serde::Serialize;

use crate::certificate::{Certificate, CertificateDemand, CertificateState};
use crate::host::confidence::split::HELD_BACK;
use crate::host::store::{Failure, Snapshot, monitors, random_audits};
use crate::monitor::MonitorKind;
use crate::policy::Policy;
use crate::request::RiskLevel;
use crate::units::{Id, Score, TimestampMs};
use crate::verdict::Disposition;

/// One certificate that a policy demands, as it stands now.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CaseCertificate")]
pub(super) struct Standing {
    risk_level: RiskLevel,
    /// What takes it: an answer, or a limited one.
    disposition: Disposition,
    demand: CertificateDemand,
    state: CertificateState,
    threshold: Option<Score>,
    /// Reviewed answers that it rests on.
    answers: Option<i64>,
    /// How many of them were wrong.
    errors: Option<i64>,
    expires_at: Option<TimestampMs>,
    /// Reviewed answers without one error that a certificate needs at least.
    answers_min: i64,
}

/// Whether a risk level may answer by itself, and what is missing where it may not.
#[derive(Serialize, JsonSchema)]
pub(super) struct CertificateView {
    #[serde(flatten)]
    standing: Standing,
    /// Tenants for which an alarm ended it.
    ended_for: Vec<Id>,
    /// Drafts of this risk level that people judged under this policy, and that may count.
    reviewed: i64,
    /// Drafts that are still to be reviewed at least, if none of them is wrong: a part of what is
    /// reviewed fits the model, and only the rest certifies it. 0 while it is in force.
    reviews_needed: i64,
    /// Random audits that watch over it, under this policy: those that were judged.
    audited: i64,
    /// Random audits that nobody judged, or not in time.
    unjudged: i64,
}

/// The certificates that a policy demands at a risk level, in the host's own view for a tenant.
pub(super) fn standing(policy: &Policy, risk_level: RiskLevel, now: TimestampMs) -> Vec<Standing> {
    let tier = policy.bundle().tiers.of(risk_level);
    let demanded = [
        (Disposition::Answer, tier.certified, tier.certificate.as_ref()),
        (Disposition::LimitedAnswer, tier.limited_certified, tier.limited_certificate.as_ref()),
    ];
    let of_demand =
        |(disposition, demand, shown): (_, Option<CertificateDemand>, Option<&Certificate>)| {
            let demand = demand?;
            let state = demand.state(shown, policy.decision_hash(), now);
            let is_ended = state == CertificateState::InForce && policy.has_ended(risk_level);
            Some(Standing {
                risk_level,
                disposition,
                demand,
                state: if is_ended { CertificateState::Ended } else { state },
                threshold: shown.map(|shown| shown.threshold),
                answers: shown.map(|shown| shown.answers),
                errors: shown.map(|shown| shown.errors),
                expires_at: shown.map(|shown| shown.expires_at),
                answers_min: demand.answers_min(),
            })
        };
    demanded.into_iter().filter_map(of_demand).collect()
}

/// Every certificate that a policy demands, with what was reviewed and watched.
///
/// # Errors
/// Where the store fails.
pub(super) fn views(
    snapshot: &Snapshot<'_>,
    policy: &Policy,
    tenants: Option<&[String]>,
) -> Result<Vec<CertificateView>, Failure> {
    let hash = &policy.reference().hash;
    let watched = monitors::list(snapshot, tenants, hash)?;
    let mut views = Vec::new();
    for (_, risk_level) in RiskLevel::WORDS {
        let standing = standing(policy, *risk_level, snapshot.now);
        if standing.is_empty() {
            continue;
        }
        let mut ended_for = Vec::new();
        for tenant_id in monitors::alarmed(snapshot, tenants)? {
            if monitors::ended_certificates(snapshot, policy, &tenant_id)?.contains(risk_level) {
                ended_for.push(tenant_id);
            }
        }
        let reviewed = random_audits::reviewed(snapshot, tenants, hash, *risk_level)?;
        for standing in standing {
            let of_it = watched.iter().filter(|monitor| {
                monitor.risk_level == *risk_level && watches(monitor.kind, standing.disposition)
            });
            let (audited, unjudged) = of_it.fold((0, 0), |(audited, unjudged), monitor| {
                (audited + monitor.seen.items - monitor.unjudged, unjudged + monitor.unjudged)
            });
            views.push(CertificateView {
                reviews_needed: reviews_needed(policy, &standing, reviewed),
                ended_for: ended_for.clone(),
                standing,
                reviewed,
                audited,
                unjudged,
            });
        }
    }
    Ok(views)
}

fn watches(kind: MonitorKind, disposition: Disposition) -> bool {
    match kind {
        MonitorKind::WrongAnswers => disposition == Disposition::Answer,
        MonitorKind::WrongSent => disposition == Disposition::LimitedAnswer,
        MonitorKind::EscalationRate => false,
    }
}

fn reviews_needed(policy: &Policy, standing: &Standing, reviewed: i64) -> i64 {
    if standing.state == CertificateState::InForce {
        return 0;
    }
    let fit = policy.bundle().confidence.fit.as_ref();
    let held_back = fit.map_or(HELD_BACK, |fit| fit.held_back);
    // Where nothing was held back, the model has to be fitted anew before anything can be shown.
    let held_back = if held_back > 0.0 { held_back } else { HELD_BACK };
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "small counts"
    )]
    let needed = libm::ceil(standing.answers_min as f64 / held_back) as i64;
    needed.saturating_sub(reviewed).max(0)
}
