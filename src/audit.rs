//! The audit log: what every change writes, and how an entry is bound to its leaf.
//!
//! Payload and salt lie outside the tree: the leaf holds only a salted commitment, so that a
//! person's data can be erased while every proof still holds, and nobody can guess a short value
//! from its digest. Entries are ordered per entity, not globally, so that tenants do not wait for
//! each other.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::identity::ActorReference;
use crate::json::{Json, sha256_name};
use crate::limits;
use crate::map::BTreeMap;
use crate::read::{self, Node, Read};
use crate::units::{Id, TimestampMs};

/// Version of the audit entry that this code writes.
pub const AUDIT_VERSION: i64 = 1;

/// Separates commitments to audit entries from all other digests.
const COMMITMENT_DOMAIN: &str = "countersign/audit-entry/v1\n";

/// One thing that happened, who did it, and by which door.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuditEntry {
    /// Version of this record; 1.
    pub version: i64,
    /// Its id.
    pub entry_id: Id,
    /// The tenant.
    pub tenant_id: Id,
    /// The kind of thing that changed, such as `case`.
    pub entity_kind: String,
    /// The thing.
    pub entity_id: Id,
    /// Its position among the entries of that thing, from 1.
    pub entity_version: i64,
    /// What happened, by name.
    pub event: String,
    /// What belongs to it.
    pub data: Json,
    /// When.
    pub at: TimestampMs,
    /// Who.
    pub actor: ActorReference,
    /// On which host.
    pub host: String,
}

impl AuditEntry {
    /// Reads a stored entry.
    ///
    /// # Errors
    /// `invalid_field` if the record is not one, `unknown_field` if it has more than it should.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let name = |node: Node<'_>| node.filled_text(limits::NAME_LENGTH_MAX);
        let mut fields = node.object()?;
        let entry = Self {
            version: fields.required("version", |node| node.integer(1, AUDIT_VERSION))?,
            entry_id: fields.required("entry_id", read::id)?,
            tenant_id: fields.required("tenant_id", read::id)?,
            entity_kind: fields.required("entity_kind", name)?,
            entity_id: fields.required("entity_id", read::id)?,
            entity_version: fields
                .required("entity_version", |node| node.integer(1, crate::json::INTEGER_MAX))?,
            event: fields.required("event", name)?,
            data: fields.required("data", |node| Ok(node.json().clone()))?,
            at: fields.required("at", read::timestamp)?,
            actor: fields.required("actor", ActorReference::read)?,
            host: fields.required("host", name)?,
        };
        fields.finish()?;
        Ok(entry)
    }
}

/// The salted commitment to an entry in its canonical form.
#[must_use]
pub fn commitment(salt: &[u8; 32], canonical_entry: &str) -> String {
    sha256_name(&[COMMITMENT_DOMAIN.as_bytes(), salt, canonical_entry.as_bytes()])
}

/// The leaf of the Merkle log for an entry: nothing that can be read without its salt.
#[must_use]
pub fn leaf(entry_id: &Id, at: TimestampMs, commitment: &str) -> String {
    let text = |text: &str| Json::String(text.to_owned());
    #[expect(clippy::cast_precision_loss, reason = "the version is a small number")]
    let version = Json::Number(AUDIT_VERSION as f64);
    let fields = BTreeMap::from([
        ("version".to_owned(), version),
        ("entry_id".to_owned(), text(entry_id.as_str())),
        ("at".to_owned(), text(&at.to_string())),
        ("commitment".to_owned(), text(commitment)),
    ]);
    Json::Object(fields).canonical()
}

/// The hash of a leaf as RFC 6962 takes it: SHA-256 over a zero byte and the leaf.
#[must_use]
pub fn leaf_hash(leaf: &str) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update([0]);
    hasher.update(leaf.as_bytes());
    hasher.finalize().into()
}
