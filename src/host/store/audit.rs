//! Audit entries: each is written in the transaction of what it tells of.

use super::sql::{OptionalExtension as _, params};
use super::{Failure, Snapshot, Tx};
use crate::audit::{AUDIT_VERSION, AuditEntry, commitment, leaf, leaf_hash};
use crate::compile::to_json;
use crate::host::ids;
use crate::identity::ActorReference;
use crate::json::{Json, StoredJson};
use crate::read::Node;
use crate::units::Id;

/// The thing that an entry tells of.
#[derive(Clone, Copy, Debug)]
pub struct Entity<'a> {
    /// The tenant that it belongs to.
    pub tenant_id: &'a Id,
    /// What kind of thing it is, such as `case`.
    pub kind: &'a str,
    /// Its id.
    pub id: &'a Id,
}

/// Writes the next entry of an entity.
///
/// # Errors
/// Where the store fails, or the system has no random numbers.
pub fn append(
    tx: &Tx<'_>,
    entity: Entity<'_>,
    event: &str,
    data: Json,
    actor: ActorReference,
) -> Result<(), Failure> {
    let version = last_version(tx, entity)? + 1;
    append_at(tx, entity, version, event, data, actor).map(|_| ())
}

/// Writes the entry of an entity that counts its own versions, and gives its id. That a version is
/// taken already is a failure, never an overwrite.
///
/// # Errors
/// As [`append`].
pub fn append_at(
    tx: &Tx<'_>,
    entity: Entity<'_>,
    entity_version: i64,
    event: &str,
    data: Json,
    actor: ActorReference,
) -> Result<Id, Failure> {
    let entry = AuditEntry {
        version: AUDIT_VERSION,
        entry_id: ids::new_id("evt", tx.now)?,
        tenant_id: entity.tenant_id.clone(),
        entity_kind: entity.kind.to_owned(),
        entity_id: entity.id.clone(),
        entity_version,
        event: event.to_owned(),
        data,
        at: tx.now,
        actor,
        host: tx.host.to_owned(),
    };
    let canonical = to_json(&entry)?.canonical();
    let salt: [u8; 32] = ids::random()?;
    let commitment = commitment(&salt, &canonical);
    let leaf_hash = leaf_hash(&leaf(&entry.entry_id, entry.at, &commitment));
    // A write that began before the one that it then waited for would put its entry into the past.
    let insert = "INSERT INTO audit_pending (tenant_id, entity_kind, entity_id, entity_version, \
        entry_id, at, entry, salt, commitment, leaf_hash) \
        SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 WHERE NOT EXISTS (SELECT 1 FROM audit_pending \
        WHERE tenant_id = ?1 AND entity_kind = ?2 AND entity_id = ?3 AND entity_version = ?4 - 1 \
        AND at > ?6)";
    let inserted = tx.connection.prepare_cached(insert)?.execute(params![
        entity.tenant_id.as_str(),
        entity.kind,
        entity.id.as_str(),
        entity_version,
        entry.entry_id.as_str(),
        entry.at.as_ms(),
        canonical,
        salt,
        commitment,
        leaf_hash,
    ])?;
    if inserted != 1 {
        return Err(Failure::Conflict);
    }
    Ok(entry.entry_id)
}

/// The entries of one entity, oldest first.
///
/// # Errors
/// Where the store fails.
pub fn entries_of(snapshot: &Snapshot<'_>, entity: Entity<'_>) -> Result<Vec<AuditEntry>, Failure> {
    let select = "SELECT entry FROM audit_pending \
        WHERE tenant_id = ?1 AND entity_kind = ?2 AND entity_id = ?3 ORDER BY entity_version";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let key = (entity.tenant_id.as_str(), entity.kind, entity.id.as_str());
    let texts = statement.query_map(key, |row| row.get::<_, String>(0))?;
    texts.map(|text| read(&text?)).collect()
}

/// Which entries an auditor asks for.
#[derive(Clone, Debug)]
pub struct EntryQuery {
    /// Tenants that the auditor may see; `None` for every one.
    pub tenants: Option<Vec<String>>,
    /// Only this thing's.
    pub entity_id: Option<Id>,
    /// Only those after this entry, by id.
    pub after: Option<Id>,
    /// At most so many.
    pub limit: i64,
}

/// Entries in the order of their ids, which is that of time within one host.
///
/// # Errors
/// Where the store fails.
pub fn search(snapshot: &Snapshot<'_>, query: &EntryQuery) -> Result<Vec<AuditEntry>, Failure> {
    let tenants = query.tenants.as_ref().map(|tenants| text_list(tenants));
    let select = "SELECT entry FROM audit_pending \
        WHERE entry_id > ?1 AND (?2 IS NULL OR entity_id = ?2) \
        AND (?3 IS NULL OR tenant_id IN (SELECT value FROM json_each(?3))) \
        ORDER BY entry_id LIMIT ?4";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let after = query.after.as_ref().map_or("", Id::as_str);
    let entity_id = query.entity_id.as_ref().map(Id::as_str);
    let texts = statement.query_map(params![after, entity_id, tenants, query.limit], |row| {
        row.get::<_, String>(0)
    })?;
    texts.map(|text| read(&text?)).collect()
}

/// A list of texts as a JSON array, to be a parameter of `json_each`.
pub(super) fn text_list(texts: &[String]) -> String {
    Json::Array(texts.iter().cloned().map(Json::String).collect()).canonical()
}

fn last_version(tx: &Tx<'_>, entity: Entity<'_>) -> Result<i64, Failure> {
    let select = "SELECT entity_version FROM audit_pending \
        WHERE tenant_id = ?1 AND entity_kind = ?2 AND entity_id = ?3 \
        ORDER BY entity_version DESC LIMIT 1";
    let key = (entity.tenant_id.as_str(), entity.kind, entity.id.as_str());
    let last = tx.connection.prepare_cached(select)?.query_row(key, |row| row.get(0)).optional()?;
    Ok(last.unwrap_or(0))
}

fn read(text: &str) -> Result<AuditEntry, Failure> {
    let value = stored_json(text)?;
    AuditEntry::read(Node::root(&value))
        .map_err(|fault| Failure::internal(format!("a stored audit entry cannot be read: {fault}")))
}

/// A JSON value that this host stored.
pub(in crate::host) fn stored_json(text: &str) -> Result<Json, Failure> {
    serde_json::from_str(text)
        .map(|StoredJson(value)| value)
        .map_err(|error| Failure::internal(format!("a stored record is not JSON: {error}")))
}
