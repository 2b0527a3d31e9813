//! Idempotency keys: the answer is stored in the transaction of what it answers, so that the same
//! key gives the same bytes, and never a second effect.

use super::sql::{OptionalExtension as _, params};
use super::{Failure, Tx};
use crate::error::{ErrorCode, Fault};
use crate::units::Id;

/// How long an answer is kept, in milliseconds (seven days).
const RETENTION_MS: i64 = 7 * 24 * 60 * 60 * 1_000;
/// Rows that one sweep removes, so that it holds the writer for a moment only.
const SWEEP_MAX: i64 = 1_000;

/// What makes two requests the same.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    /// The caller's key.
    pub key: Id,
    /// Method and path.
    pub operation: String,
    /// Digest of the body in canonical form.
    pub body_digest: String,
}

/// An answer as it was sent.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
}

/// The answer that this key already got.
///
/// # Errors
/// `idempotency_mismatch` if the key was used for another body.
pub fn find(
    tx: &Tx<'_>,
    tenant_id: &Id,
    principal_id: &Id,
    key: &IdempotencyKey,
) -> Result<Option<Reply>, Failure> {
    let thing = [tenant_id.as_str(), principal_id.as_str(), &key.operation, key.key.as_str()];
    tx.alone(&thing)?;
    let select = "SELECT body_digest, status, response FROM idempotency \
        WHERE tenant_id = ?1 AND principal_id = ?2 AND operation = ?3 AND key = ?4";
    let mut statement = tx.connection.prepare_cached(select)?;
    let row = (tenant_id.as_str(), principal_id.as_str(), &key.operation, key.key.as_str());
    let found = statement
        .query_row(row, |row| {
            let reply = Reply { status: row.get(1)?, body: row.get(2)? };
            Ok((row.get::<_, String>(0)?, reply))
        })
        .optional()?;
    match found {
        Some((digest, _)) if digest != key.body_digest => Err(Failure::Refused(Fault::new(
            ErrorCode::IdempotencyMismatch,
            "/headers/idempotency-key",
            "this key was used for a request with another body",
            "use a new key for a new request",
        ))),
        found => Ok(found.map(|(_, reply)| reply)),
    }
}

/// Keeps an answer.
///
/// # Errors
/// Where the store fails.
pub fn keep(
    tx: &Tx<'_>,
    tenant_id: &Id,
    principal_id: &Id,
    key: &IdempotencyKey,
    reply: &Reply,
) -> Result<(), Failure> {
    let insert = "INSERT INTO idempotency (tenant_id, principal_id, operation, key, body_digest, \
        status, response, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    tx.connection.prepare_cached(insert)?.execute(params![
        tenant_id.as_str(),
        principal_id.as_str(),
        key.operation,
        key.key.as_str(),
        key.body_digest,
        reply.status,
        reply.body,
        tx.now.as_ms(),
    ])?;
    Ok(())
}

/// Removes answers that nobody will ask for again.
///
/// # Errors
/// Where the store fails.
pub fn sweep(tx: &Tx<'_>) -> Result<usize, Failure> {
    let delete = "DELETE FROM idempotency WHERE (tenant_id, principal_id, operation, key) IN \
        (SELECT tenant_id, principal_id, operation, key FROM idempotency WHERE created_at < ?1 ORDER BY created_at LIMIT ?2)";
    let until = tx.now.saturating_add(-RETENTION_MS);
    Ok(tx.connection.prepare_cached(delete)?.execute([until.as_ms(), SWEEP_MAX])?)
}
