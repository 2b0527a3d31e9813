//! What an approval is bound to: one digest over everything that a person relied on.

use crate::json::Json;
use crate::map::BTreeMap;
use crate::proposal::{Preview, Proposal};
use crate::units::Id;

/// Separates the digests of what is approved from all other digests.
const BINDING_DOMAIN: &str = "countersign/binding/v1";

/// The digest of a proposal on this instance of the host: tenant, proposal, actions, what the policy
/// says of the tools, executors, policy, impact, preview with its precondition, requester, expiry
/// and nonce. Whoever approves names it, and it is computed again before anything is executed.
#[must_use]
pub fn digest(proposal: &Proposal, instance_id: &Id) -> String {
    let text = |text: &str| Json::String(text.to_owned());
    let executors = proposal.executors.iter().map(|name| name.as_deref().map_or(Json::Null, text));
    let covered = [
        ("instance", text(instance_id.as_str())),
        ("tenant", text(proposal.tenant_id.as_str())),
        ("proposal", text(proposal.proposal_id.as_str())),
        ("actions", text(&proposal.required.action_digest)),
        ("tools", text(&proposal.tools_digest)),
        ("executors", Json::Array(executors.collect())),
        ("policy", text(&proposal.required.policy.hash)),
        ("tier", text(proposal.required.tier.as_str())),
        ("preview", proposal.preview.as_ref().map_or(Json::Null, seen)),
        ("requester", text(proposal.requested_by.as_str())),
        ("expires_at", text(&proposal.expires_at.to_string())),
        ("nonce", text(&proposal.nonce)),
    ];
    let covered: BTreeMap<String, Json> =
        covered.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Json::Object(covered).digest(BINDING_DOMAIN)
}

fn seen(preview: &Preview) -> Json {
    let text = |text: &Option<String>| text.clone().map_or(Json::Null, Json::String);
    let changes = preview.changes.iter().map(|change| {
        let subject = Json::String(change.subject.clone());
        Json::Array(vec![subject, change.before.clone(), change.after.clone()])
    });
    let preconditions = preview.preconditions.iter().map(text);
    Json::Array(vec![
        Json::Array(changes.collect()),
        text(&preview.note),
        Json::Array(preconditions.collect()),
    ])
}
