//! The operations on releases of policies, as part of the table of routes.

use super::endpoint::{Endpoint, Key};
use super::{inputs, policy_changes, releases};
use crate::error::ErrorCode;
use crate::release::SignedManifest;

/// Every operation, in the order of the document.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/v1/policies/current/manifest", releases::manifest)
            .named("readPolicyManifest", "Gives the signed manifest of the policy in force.")
            .answers::<SignedManifest>(200, "The manifest, good for seven days."),
        Endpoint::get("/v1/policies/in-force", releases::in_force)
            .named(
                "policiesInForce",
                "What is in force, for owners of policies, and who put it there.",
            )
            .answers::<releases::InForceReply>(200, "The base first, then tenants' own policies."),
        Endpoint::get("/v1/policies/releases", releases::list)
            .named("listReleases", "Lists the newest releases, for owners of policies.")
            .answers::<releases::Releases>(200, "The releases, newest first."),
        Endpoint::post("/v1/policies/releases", releases::propose)
            .named("proposeRelease", "Proposes a policy; another person puts it into force.")
            .keyed(Key::Required)
            .takes(inputs::policy_release)
            .answers::<releases::ReleaseOnly>(201, "The release, which waits for a second person.")
            .refuses(&[
                ErrorCode::PolicyRejected,
                ErrorCode::InvalidState,
                ErrorCode::StaleVersion,
                ErrorCode::UnknownTenant,
            ]),
        Endpoint::get("/v1/policies/releases/{release_id}", releases::get)
            .named("getRelease", "One release, with what it changes in words.")
            .answers::<releases::Details>(200, "The release and its changes."),
        Endpoint::post("/v1/policies/releases/{release_id}/replay", policy_changes::replay_release)
            .named(
                "replayRelease",
                "Judges recorded decisions by a release and by what it replaces.",
            )
            .takes(inputs::nothing)
            .answers::<policy_changes::Replayed>(200, "What would change."),
        Endpoint::post("/v1/policies/releases/{release_id}/withdraw", releases::withdraw)
            .named("withdrawRelease", "Takes a release back that waits.")
            .keyed(Key::Required)
            .takes(inputs::nothing)
            .answers::<releases::ReleaseOnly>(200, "The release, withdrawn.")
            .refuses(&[ErrorCode::InvalidState, ErrorCode::Expired]),
        Endpoint::post("/v1/policies/releases/{release_id}/approve", releases::approve)
            .named("approveRelease", "Puts a policy into force that somebody else proposed.")
            .keyed(Key::Required)
            .takes(inputs::release_approval)
            .answers::<releases::ReleaseOnly>(200, "The release, in force.")
            .refuses(&[
                ErrorCode::SelfApproval,
                ErrorCode::InvalidState,
                ErrorCode::StaleVersion,
                ErrorCode::Expired,
            ]),
    ]
}
