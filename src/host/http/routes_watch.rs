//! The part of the table of routes that is about watching: random audits, monitors, reviewers.

use super::endpoint::{Endpoint, Key};
use super::{audits, inputs, monitors};
use crate::error::ErrorCode;

/// The operations, in the order of the document.
pub(super) fn watching() -> Vec<Endpoint> {
    vec![
        Endpoint::post("/v1/audits/{audit_id}", audits::deliver)
            .named("deliverAudit", "Delivers a request that the host picked for a random audit.")
            .keyed(Key::Required)
            .takes(inputs::escalation)
            .answers::<audits::Receipt>(
                200,
                "The case in which a person judges it, or why nobody will.",
            )
            .refuses(&[ErrorCode::UnknownTenant, ErrorCode::InvalidState]),
        Endpoint::post("/v1/audits/{audit_id}/lose", audits::lose)
            .named("loseAudit", "Says that a request that the host picked is not kept any more.")
            .keyed(Key::Required)
            .takes(inputs::nothing)
            .answers::<audits::Receipt>(200, "The audit, which counts as lost.")
            .refuses(&[ErrorCode::InvalidState]),
        Endpoint::get("/v1/monitors", monitors::list)
            .named(
                "listMonitors",
                "Says what watches over the policy in force, and what certificates still need.",
            )
            .answers::<monitors::Watched>(200, "Monitors, certificates and random audits."),
        Endpoint::get("/v1/reviewers", monitors::reviewers)
            .named("listReviewers", "Says how far reviewers agree, for auditors and owners.")
            .answers::<monitors::Reviewers>(200, "Their agreement, and how far to believe each."),
    ]
}
