//! Releases of policies: what is put into force, who asked for it and who confirmed it, and the
//! signed manifest by which an edge knows which policy is the newest.
//!
//! A hash authenticates nothing: whoever can give an edge a bundle can give it an old one. The
//! manifest names tenant, sequence and hash, and says until when it counts; its signature is the
//! host's. What signs and stores lies in the host.

use serde::Serialize;

use crate::error::{ErrorCode, Fault};
use crate::identity::{Actor, GrantRole, PrincipalKind};
use crate::json::Json;
use crate::limits;
use crate::map::BTreeMap;
use crate::policy::PolicyReference;
use crate::read::{self, Node, Read};
use crate::request::RiskLevel;
use crate::units::{Id, TimestampMs};
use crate::word::words;

/// Version of the records that this code writes.
pub const RELEASE_VERSION: i64 = 1;
/// What is put before a manifest's canonical form, with a line feed, where it is signed.
pub const MANIFEST_DOMAIN: &str = "countersign/policy-manifest/v1";
/// Separates digests of changes from all other digests.
const CHANGES_DOMAIN: &str = "countersign/policy-changes/v1";
/// Sections of a bundle that a release may name.
const SECTIONS_MAX: usize = 100;
/// Tenants with a policy of their own that one release may carry along.
const OVERLAYS_MAX: usize = 10_000;
/// How long a release waits for a second person, in milliseconds (14 days).
pub const RELEASE_WAIT_MS: i64 = 14 * 24 * 60 * 60 * 1_000;
/// In a grant, a manifest and a release: every tenant that has no policy of its own.
pub const EVERY_TENANT: &str = "*";

/// What the host says of the policy in force.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Manifest {
    /// Version of this record; 1.
    pub version: i64,
    /// The tenant that it is for; `*` for every one.
    pub tenant_id: String,
    /// Rises by one with each release.
    pub sequence: i64,
    /// The policy.
    pub policy: PolicyReference,
    /// Digest of the image of its bundle, in the form that this host writes; an edge that loaded an
    /// image has no other proof of what is in it.
    pub image_hash: String,
    /// Since when it is in force.
    pub released_at: TimestampMs,
    /// From this instant on, nobody may rely on it: a newer manifest must be read.
    pub valid_until: TimestampMs,
    /// Risk levels whose certificate an alarm ended for the tenant that asked: at these a draft that the
    /// policy would answer goes to a person.
    pub certificates_void: Vec<RiskLevel>,
}

/// A manifest with the host's signature.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SignedManifest {
    /// What is signed, in canonical form, after `countersign/policy-manifest/v1` and a line feed.
    pub manifest: Manifest,
    /// Always `Ed25519`.
    pub algorithm: String,
    /// The first characters of the public key's SHA-256, in hex.
    pub key_id: String,
    /// The signature, in base 64.
    pub signature: String,
}

words! {
    /// Where a release stands.
    pub enum ReleaseState {
        /// A second person has not confirmed it.
        Pending = "pending",
        /// It was put into force.
        Released = "released",
        /// Somebody took it back before it was confirmed.
        Withdrawn = "withdrawn",
        /// Nobody confirmed it in time.
        Expired = "expired",
    }
}

/// What becomes of a tenant's own policy when its base is released anew.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OverlayRelease {
    /// The tenant.
    pub tenant_id: String,
    /// The same overlay over the new base.
    pub policy: PolicyReference,
    /// What is in force for the tenant before.
    pub replaces: PolicyReference,
}

/// A policy that somebody wants in force.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PolicyRelease {
    /// Version of this record; 1.
    pub version: i64,
    /// Its id.
    pub release_id: Id,
    /// Where it stands.
    pub state: ReleaseState,
    /// The tenant whose overlay it is; `*` for a base, which holds for all others.
    pub tenant_id: String,
    /// The policy.
    pub policy: PolicyReference,
    /// Of an overlay, the base that it was compiled over.
    pub base: Option<PolicyReference>,
    /// Of a base, what becomes of the tenants that have an overlay.
    pub overlays: Vec<OverlayRelease>,
    /// The policy in force when it was proposed; it is confirmed only under this one.
    pub replaces: PolicyReference,
    /// Sections of the bundle that differ, by name.
    pub changes: Vec<String>,
    /// Digest over both hashes and the changes; whoever confirms names it.
    pub changes_hash: String,
    /// Why, in the words of whoever proposed it.
    pub reason: Option<String>,
    /// Who proposed it.
    pub proposed_by: Id,
    /// The human being behind that.
    pub proposed_by_person: Option<Id>,
    /// When.
    pub proposed_at: TimestampMs,
    /// From this instant on, nobody can confirm it.
    pub expires_at: TimestampMs,
    /// Who took it back; null where nobody did.
    pub withdrawn_by: Option<Id>,
    /// When it was withdrawn, or expired.
    pub closed_at: Option<TimestampMs>,
    /// Who confirmed it.
    pub approved_by: Option<Id>,
    /// When it was put into force.
    pub released_at: Option<TimestampMs>,
    /// Its place among all releases.
    pub sequence: Option<i64>,
}

impl PolicyRelease {
    /// Reads a stored release.
    ///
    /// # Errors
    /// `invalid_field` or `unknown_field`.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let name = |node: Node<'_>| node.filled_text(limits::NAME_LENGTH_MAX);
        let mut fields = node.object()?;
        let proposed_at = fields.required("proposed_at", read::timestamp)?;
        let release = Self {
            version: fields.required("version", |node| node.integer(1, RELEASE_VERSION))?,
            release_id: fields.required("release_id", read::id)?,
            state: fields.required("state", ReleaseState::read)?,
            tenant_id: fields
                .optional("tenant_id", name)?
                .unwrap_or_else(|| EVERY_TENANT.to_owned()),
            policy: fields.required("policy", PolicyReference::read)?,
            base: fields.optional("base", PolicyReference::read)?,
            overlays: fields.list("overlays", OVERLAYS_MAX, OverlayRelease::read)?,
            replaces: fields.required("replaces", PolicyReference::read)?,
            changes: fields.list("changes", SECTIONS_MAX, name)?,
            changes_hash: fields.required("changes_hash", name)?,
            reason: fields.optional("reason", |node| node.filled_text(limits::NOTE_LENGTH_MAX))?,
            proposed_by: fields.required("proposed_by", read::id)?,
            proposed_by_person: fields.optional("proposed_by_person", read::id)?,
            expires_at: fields
                .optional("expires_at", read::timestamp)?
                .unwrap_or_else(|| proposed_at.saturating_add(RELEASE_WAIT_MS)),
            withdrawn_by: fields.optional("withdrawn_by", read::id)?,
            closed_at: fields.optional("closed_at", read::timestamp)?,
            proposed_at,
            approved_by: fields.optional("approved_by", read::id)?,
            released_at: fields.optional("released_at", read::timestamp)?,
            sequence: fields
                .optional("sequence", |node| node.integer(1, crate::json::INTEGER_MAX))?,
        };
        fields.finish()?;
        Ok(release)
    }

    /// What a second person's confirmation makes of it.
    ///
    /// # Errors
    /// `invalid_state` where it was released already; `stale_version` where another policy came into
    /// force since, or the changes named are not its own; `self_approval`; `not_permitted`.
    pub fn approve(
        &self,
        actor: &Actor,
        changes_hash: &str,
        in_force: &PolicyReference,
        sequence: i64,
        now: TimestampMs,
    ) -> Result<Self, Fault> {
        owns_policies(actor, &self.tenant_id, now)?;
        if actor.principal.kind != PrincipalKind::Person {
            return Err(Fault::new(
                ErrorCode::NotPermitted,
                "",
                "a release is confirmed by a person",
                "leave it to a person with the role `policy_owner`",
            ));
        }
        if self.is_by(actor) {
            return Err(Fault::new(
                ErrorCode::SelfApproval,
                "",
                "a release is confirmed by somebody else than who proposed it",
                "leave it to another person with the role `policy_owner`",
            ));
        }
        self.require_pending(now)?;
        if self.replaces.hash != in_force.hash {
            return Err(Fault::new(
                ErrorCode::StaleVersion,
                "",
                "another policy has come into force since this one was proposed",
                "propose it again, and look at what it changes now",
            ));
        }
        if self.changes_hash != changes_hash {
            return Err(Fault::new(
                ErrorCode::StaleVersion,
                "/changes_hash",
                "these are not the changes of this release",
                "read the release, and send the `changes_hash` of what was looked at",
            ));
        }
        Ok(Self {
            state: ReleaseState::Released,
            approved_by: Some(actor.principal.principal_id.clone()),
            released_at: Some(now),
            sequence: Some(sequence),
            ..self.clone()
        })
    }
}

impl PolicyRelease {
    /// What is left where somebody takes it back: who proposed it, or another owner.
    ///
    /// # Errors
    /// `not_permitted`; `invalid_state` where it does not wait any more; `expired`.
    pub fn withdraw(&self, actor: &Actor, now: TimestampMs) -> Result<Self, Fault> {
        if !self.is_by(actor) {
            owns_policies(actor, &self.tenant_id, now)?;
        }
        self.require_pending(now)?;
        Ok(Self {
            state: ReleaseState::Withdrawn,
            withdrawn_by: Some(actor.principal.principal_id.clone()),
            closed_at: Some(now),
            ..self.clone()
        })
    }

    /// What time makes of it.
    ///
    /// # Errors
    /// `invalid_state` where it does not wait, or its time has not come.
    pub fn expire(&self, now: TimestampMs) -> Result<Self, Fault> {
        if self.state != ReleaseState::Pending || now < self.expires_at {
            return Err(self.not_pending());
        }
        Ok(Self { state: ReleaseState::Expired, closed_at: Some(now), ..self.clone() })
    }

    fn is_by(&self, actor: &Actor) -> bool {
        let person = actor.principal.person_id.as_ref();
        actor.principal.principal_id == self.proposed_by
            || (person.is_some() && person == self.proposed_by_person.as_ref())
    }

    fn require_pending(&self, now: TimestampMs) -> Result<(), Fault> {
        if self.state != ReleaseState::Pending {
            return Err(self.not_pending());
        }
        if now >= self.expires_at {
            let detail = format!("nobody confirmed it until {}", self.expires_at);
            return Err(Fault::new(ErrorCode::Expired, "", detail, "propose it again"));
        }
        Ok(())
    }

    fn not_pending(&self) -> Fault {
        let detail = match self.state {
            ReleaseState::Pending => "this release still waits to be confirmed",
            ReleaseState::Released => "this policy was released already",
            ReleaseState::Withdrawn => "this release was withdrawn",
            ReleaseState::Expired => "this release has expired",
        };
        Fault::new(ErrorCode::InvalidState, "", detail, "read the release again")
    }
}

impl OverlayRelease {
    fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let overlay = Self {
            tenant_id: fields
                .required("tenant_id", |node| node.filled_text(limits::NAME_LENGTH_MAX))?,
            policy: fields.required("policy", PolicyReference::read)?,
            replaces: fields.required("replaces", PolicyReference::read)?,
        };
        fields.finish()?;
        Ok(overlay)
    }
}

/// Refuses whoever may not propose or confirm a policy of this tenant; `*` for all of them.
///
/// # Errors
/// `not_permitted`.
pub fn owns_policies(actor: &Actor, tenant_id: &str, now: TimestampMs) -> Result<(), Fault> {
    let covers = |granted: &&str| *granted == EVERY_TENANT || *granted == tenant_id;
    if actor.tenants_of(GrantRole::PolicyOwner, now).iter().any(covers) {
        return Ok(());
    }
    let whose = match tenant_id {
        EVERY_TENANT => "every tenant".to_owned(),
        tenant_id => format!("the tenant `{}`", read::excerpt(tenant_id)),
    };
    Err(Fault::new(
        ErrorCode::NotPermitted,
        "",
        format!("no grant of the role `policy_owner` for {whose}"),
        "ask an administrator for the grant",
    ))
}

/// The sections in which two bundles differ, and the digest that stands for them and for what
/// becomes of overlays.
#[must_use]
pub fn changes(
    before: (&PolicyReference, &Json),
    after: (&PolicyReference, &Json),
    overlays: &[OverlayRelease],
) -> (Vec<String>, String) {
    let empty = BTreeMap::new();
    let fields = |bundle: &'_ Json| match bundle {
        Json::Object(fields) => fields.clone(),
        _ => empty.clone(),
    };
    let (old, new) = (fields(before.1), fields(after.1));
    let mut sections: Vec<String> = old.keys().chain(new.keys()).cloned().collect();
    sections.sort_unstable();
    sections.dedup();
    sections.retain(|section| old.get(section) != new.get(section));
    let text = |text: &str| Json::String(text.to_owned());
    let mut covered = BTreeMap::from([
        ("before".to_owned(), text(&before.0.hash)),
        ("after".to_owned(), text(&after.0.hash)),
        ("changes".to_owned(), Json::Array(sections.iter().map(|one| text(one)).collect())),
    ]);
    if !overlays.is_empty() {
        let hash = |one: &OverlayRelease| (one.tenant_id.clone(), text(&one.policy.hash));
        covered.insert("overlays".to_owned(), Json::object(overlays.iter().map(hash)));
    }
    let digest = Json::Object(covered).digest(CHANGES_DOMAIN);
    (sections, digest)
}
