//! Principals, grants and credentials as they are stored.

use super::audit::stored_json;
use super::hold::Hold;
use super::sql::{OptionalExtension as _, Row, params};
use super::{Failure, Snapshot, Tx};
use crate::compile::to_json;
use crate::identity::{
    Actor, Door, Grant, Need, Principal, PrincipalStatus, authorities_of, meets,
};
use crate::proposal::{Proposal, Requirement, Vote};
use crate::read::{Node, Read};
use crate::units::{Id, TimestampMs};
use crate::word::words;

words! {
    /// What a credential is.
    pub enum CredentialKind {
        /// A bearer token.
        Token = "token",
        /// A browser's session.
        Session = "session",
        /// A link that signs in once.
        Link = "link",
    }
}

words! {
    /// What a credential is good for.
    pub enum Scope {
        /// Reading.
        Read = "read",
        /// Reading and writing.
        Write = "write",
    }
}

/// A credential; its secret is not stored.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The principal's tenant.
    pub tenant_id: Id,
    /// Its id.
    pub credential_id: Id,
    /// Whose it is.
    pub principal_id: Id,
    /// What it is.
    pub kind: CredentialKind,
    /// What it is good for.
    pub scope: Scope,
    /// When it ends.
    pub expires_at: Option<TimestampMs>,
    /// When it was revoked.
    pub revoked_at: Option<TimestampMs>,
    /// When a link was used.
    pub used_at: Option<TimestampMs>,
}

impl Credential {
    /// Whether it may be used at this instant.
    #[must_use]
    pub fn is_valid(&self, now: TimestampMs) -> bool {
        self.revoked_at.is_none()
            && self.used_at.is_none()
            && self.expires_at.is_none_or(|expires_at| now < expires_at)
    }
}

/// The credential whose secret has this hash.
///
/// # Errors
/// Where the store fails.
pub fn credential_by_hash(
    snapshot: &Snapshot<'_>,
    hash: &[u8; 32],
) -> Result<Option<Credential>, Failure> {
    let mut statement = snapshot.connection.prepare_cached(
        "SELECT tenant_id, credential_id, principal_id, kind, scope, expires_at, revoked_at, used_at \
         FROM credentials WHERE hash = ?1",
    )?;
    statement.query_row([hash], |row| Ok(read_credential(row))).optional()?.transpose()
}

/// The credential of that id.
///
/// # Errors
/// Where the store fails.
pub fn credential(
    snapshot: &Snapshot<'_>,
    credential_id: &Id,
) -> Result<Option<Credential>, Failure> {
    let select = "SELECT tenant_id, credential_id, principal_id, kind, scope, expires_at, revoked_at, \
        used_at FROM credentials WHERE credential_id = ?1";
    let select = snapshot.holding(select, Hold::Rely);
    let mut statement = snapshot.connection.prepare_cached(&*select)?;
    let found = statement.query_row([credential_id.as_str()], |row| Ok(read_credential(row)));
    found.optional()?.transpose()
}

/// Sessions and links that were not revoked.
///
/// # Errors
/// Where the store fails.
pub fn sign_ins(snapshot: &Snapshot<'_>) -> Result<Vec<Credential>, Failure> {
    let mut statement = snapshot.connection.prepare_cached(
        "SELECT tenant_id, credential_id, principal_id, kind, scope, expires_at, revoked_at, used_at \
         FROM credentials WHERE kind IN ('session', 'link') AND revoked_at IS NULL \
         ORDER BY credential_id",
    )?;
    let found = statement.query_map([], |row| Ok(read_credential(row)))?;
    found.map(|credential| credential?).collect()
}

/// Stores a credential under the hash of its secret.
///
/// # Errors
/// Where the store fails.
pub fn insert_credential(
    tx: &Tx<'_>,
    credential: &Credential,
    hash: &[u8; 32],
) -> Result<(), Failure> {
    let insert = "INSERT INTO credentials (tenant_id, credential_id, principal_id, kind, scope, hash, \
        created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    tx.connection.prepare_cached(insert)?.execute(params![
        credential.tenant_id.as_str(),
        credential.credential_id.as_str(),
        credential.principal_id.as_str(),
        credential.kind.as_str(),
        credential.scope.as_str(),
        hash,
        tx.now.as_ms(),
        credential.expires_at.map(TimestampMs::as_ms),
    ])?;
    Ok(())
}

/// Marks a link as used; `false` if somebody else was first.
///
/// # Errors
/// Where the store fails.
pub fn use_link(tx: &Tx<'_>, credential_id: &Id) -> Result<bool, Failure> {
    let update = "UPDATE credentials SET used_at = ?2 WHERE credential_id = ?1 AND used_at IS NULL";
    let changed = tx
        .connection
        .prepare_cached(update)?
        .execute(params![credential_id.as_str(), tx.now.as_ms()])?;
    Ok(changed == 1)
}

/// Revokes a credential; `false` if it was revoked already.
///
/// # Errors
/// Where the store fails.
pub fn revoke(tx: &Tx<'_>, credential_id: &Id) -> Result<bool, Failure> {
    let update =
        "UPDATE credentials SET revoked_at = ?2 WHERE credential_id = ?1 AND revoked_at IS NULL";
    let changed = tx
        .connection
        .prepare_cached(update)?
        .execute(params![credential_id.as_str(), tx.now.as_ms()])?;
    Ok(changed == 1)
}

/// The principal of that id.
///
/// # Errors
/// Where the store fails.
pub fn principal(snapshot: &Snapshot<'_>, principal_id: &Id) -> Result<Option<Principal>, Failure> {
    let select = "SELECT body FROM principals WHERE principal_id = ?1";
    let select = snapshot.holding(select, Hold::Rely);
    let mut statement = snapshot.connection.prepare_cached(&*select)?;
    let body: Option<String> =
        statement.query_row([principal_id.as_str()], |row| row.get(0)).optional()?;
    body.map(|body| stored(&body, Principal::read)).transpose()
}

/// Whether any person is known yet.
///
/// # Errors
/// Where the store fails.
pub fn has_people(snapshot: &Snapshot<'_>) -> Result<bool, Failure> {
    let select = "SELECT 1 FROM principals WHERE body ->> '$.kind' = 'person' LIMIT 1";
    Ok(snapshot.connection.prepare_cached(select)?.exists([])?)
}

/// Whether anybody but these, named as principals or as people, meets what a case needs.
///
/// # Errors
/// Where the store fails.
pub fn anybody_meets(
    snapshot: &Snapshot<'_>,
    need: &Need,
    excluded: &[Id],
) -> Result<bool, Failure> {
    // Few people have a grant, and the first who meets it ends the search.
    let select = "SELECT DISTINCT p.body FROM principals p JOIN grants g \
        ON g.principal_id = p.principal_id WHERE p.body ->> '$.kind' = 'person' \
        AND g.body ->> '$.role' = 'reviewer'";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let principal = stored(&row.get::<_, String>(0)?, Principal::read)?;
        let Principal { principal_id, person_id, .. } = &principal;
        if excluded.iter().any(|id| id == principal_id || Some(id) == person_id.as_ref()) {
            continue;
        }
        let grants = grants(snapshot, principal_id)?;
        let actor = Actor { principal, grants, credential_id: None, door: Door::Scheduler };
        if meets(&actor, need, snapshot.now) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The grants of a principal, in force or not.
///
/// # Errors
/// Where the store fails.
pub fn grants(snapshot: &Snapshot<'_>, principal_id: &Id) -> Result<Vec<Grant>, Failure> {
    let select = "SELECT body FROM grants WHERE principal_id = ?1 ORDER BY grant_id";
    let select = snapshot.holding(select, Hold::Rely);
    let mut statement = snapshot.connection.prepare_cached(&*select)?;
    let bodies = statement.query_map([principal_id.as_str()], |row| row.get::<_, String>(0))?;
    bodies.map(|body| stored(&body?, Grant::read)).collect()
}

/// Stores a principal, or its new form.
///
/// # Errors
/// Where the store fails.
pub fn put_principal(tx: &Tx<'_>, principal: &Principal) -> Result<(), Failure> {
    let upsert = "INSERT INTO principals (tenant_id, principal_id, name, body) VALUES (?1, ?2, ?3, ?4) \
        ON CONFLICT (tenant_id, principal_id) DO UPDATE SET name = excluded.name, body = excluded.body";
    tx.connection.prepare_cached(upsert)?.execute(params![
        principal.tenant_id.as_str(),
        principal.principal_id.as_str(),
        principal.name,
        to_json(principal)?.canonical(),
    ])?;
    Ok(())
}

/// Stores a grant in its holder's tenant.
///
/// # Errors
/// Where the store fails.
pub fn insert_grant(tx: &Tx<'_>, tenant_id: &Id, grant: &Grant) -> Result<(), Failure> {
    let insert =
        "INSERT INTO grants (tenant_id, grant_id, principal_id, body) VALUES (?1, ?2, ?3, ?4)";
    tx.connection.prepare_cached(insert)?.execute(params![
        tenant_id.as_str(),
        grant.grant_id.as_str(),
        grant.principal_id.as_str(),
        to_json(grant)?.canonical(),
    ])?;
    Ok(())
}

fn read_credential(row: &Row<'_>) -> Result<Credential, Failure> {
    let id = |index: usize| -> Result<Id, Failure> {
        let text: String = row.get(index)?;
        Id::new(&text).ok_or_else(|| Failure::internal("a stored id is not one"))
    };
    let instant = |index: usize| -> Result<Option<TimestampMs>, Failure> {
        Ok(row.get::<_, Option<i64>>(index)?.and_then(TimestampMs::new))
    };
    let (kind, scope): (String, String) = (row.get(3)?, row.get(4)?);
    Ok(Credential {
        tenant_id: id(0)?,
        credential_id: id(1)?,
        principal_id: id(2)?,
        kind: stored_word(CredentialKind::WORDS, &kind)?,
        scope: stored_word(Scope::WORDS, &scope)?,
        expires_at: instant(5)?,
        revoked_at: instant(6)?,
        used_at: instant(7)?,
    })
}

pub(super) fn stored_word<T: Copy>(words: &[(&str, T)], text: &str) -> Result<T, Failure> {
    let found = words.iter().find(|(word, _)| *word == text);
    found.map(|(_, value)| *value).ok_or_else(|| Failure::internal("a stored word is not known"))
}

fn stored<T>(text: &str, read: impl FnOnce(Node<'_>) -> Read<T>) -> Result<T, Failure> {
    let value = stored_json(text)?;
    read(Node::root(&value))
        .map_err(|fault| Failure::internal(format!("a stored record cannot be read: {fault}")))
}

/// The votes that still count: of people who may act, with the authorities that they have now.
///
/// # Errors
/// Where the store fails.
pub fn rights_now(
    snapshot: &Snapshot<'_>,
    proposal: &Proposal,
    required: &Requirement,
) -> Result<Vec<Vote>, Failure> {
    let mut counting = Vec::new();
    for vote in &proposal.votes {
        let principal_id = &vote.by.principal_id;
        let Some(principal) = principal(snapshot, principal_id)? else { continue };
        if principal.status != PrincipalStatus::Active {
            continue;
        }
        let grants = grants(snapshot, principal_id)?;
        let actor = Actor { principal, grants, credential_id: None, door: vote.by.door };
        let (tenant_id, needed) = (&proposal.tenant_id, &required.authorities);
        let authorities = authorities_of(&actor, tenant_id, needed, snapshot.now);
        if !authorities.is_empty() || needed.is_empty() {
            counting.push(Vote { authorities, ..vote.clone() });
        }
    }
    Ok(counting)
}
