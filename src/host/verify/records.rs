//! Principals, grants, credentials, policies: the stored rows against what their entries say.

use std::collections::{BTreeMap, BTreeSet};

use super::entries::Fold;
use super::{Key, Report};
use crate::host::people::sha256_text;
use crate::host::store::StartError;
use crate::host::store::sql::{Connection, OptionalExtension as _};
use crate::json::Json;
use crate::policy::Policy;
use crate::units::TimestampMs;

/// Compares one thing that is not a case with its row.
pub(super) fn compare(
    connection: &Connection,
    fold: &Fold,
    report: &mut Report,
) -> Result<(), StartError> {
    let (said, found) = match fold.key.kind.as_str() {
        "principal" => {
            let select = "SELECT body FROM principals WHERE tenant_id = ?1 AND principal_id = ?2";
            (
                fold.said.get("principal").map(Json::canonical),
                body_of(connection, select, &fold.key)?,
            )
        }
        "grant" => {
            let select = "SELECT body FROM grants WHERE tenant_id = ?1 AND grant_id = ?2";
            (fold.said.get("grant").map(Json::canonical), body_of(connection, select, &fold.key)?)
        }
        "observation" => {
            let select =
                "SELECT body FROM observations WHERE tenant_id = ?1 AND observation_id = ?2";
            (
                fold.said.get("observation").map(Json::canonical),
                body_of(connection, select, &fold.key)?,
            )
        }
        "policy_release" => {
            let select =
                "SELECT body FROM policy_releases WHERE tenant_id = ?1 AND release_id = ?2";
            (fold.said.get("release").map(Json::canonical), body_of(connection, select, &fold.key)?)
        }
        "random_audit" => {
            let select = "SELECT body FROM random_audits WHERE tenant_id = ?1 AND audit_id = ?2";
            (fold.said.get("audit").map(Json::canonical), body_of(connection, select, &fold.key)?)
        }
        "webhook" => (webhook_said(fold), webhook_found(connection, &fold.key)?),
        "credential" => (Some(credential_said(fold)), credential_found(connection, &fold.key)?),
        _ => return Ok(()),
    };
    if said != found {
        report.fault(&fold.key, None, "the stored record is not what its entries say");
    }
    Ok(())
}

/// Everything stored has entries, policies have the hash that names them, and the one in force is
/// the one that was released last.
pub(super) fn verify(connection: &Connection, report: &mut Report) -> Result<(), StartError> {
    let tables = [
        ("case", "cases", "case_id"),
        ("proposal", "proposals", "proposal_id"),
        ("execution", "executions", "execution_id"),
        ("principal", "principals", "principal_id"),
        ("grant", "grants", "grant_id"),
        ("credential", "credentials", "credential_id"),
        ("decision_stream", "decision_streams", "stream_id"),
        ("observation", "observations", "observation_id"),
        ("webhook", "webhooks", "webhook_id"),
        ("policy_release", "policy_releases", "release_id"),
        ("random_audit", "random_audits", "audit_id"),
    ];
    for (kind, table, id) in tables {
        let select = format!(
            "SELECT tenant_id, {id} FROM {table} r WHERE NOT EXISTS (SELECT 1 FROM audit_pending a \
             WHERE a.tenant_id = r.tenant_id AND a.entity_kind = '{kind}' AND a.entity_id = r.{id})"
        );
        let mut statement = connection.prepare(&select)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let key = Key { tenant_id: row.get(0)?, kind: kind.to_owned(), id: row.get(1)? };
            report.fault(&key, None, "there is no entry for it");
        }
    }
    verify_bundles(connection, report)?;
    verify_policy_in_force(connection, report)
}

fn body_of(connection: &Connection, select: &str, key: &Key) -> Result<Option<String>, StartError> {
    let mut statement = connection.prepare_cached(select)?;
    Ok(statement.query_row([&key.tenant_id, &key.id], |row| row.get(0)).optional()?)
}

/// What the entries say of a webhook, on one line: whose it is, and where deliveries go. Nothing
/// is left of one that was removed.
fn webhook_said(fold: &Fold) -> Option<String> {
    let said = |name: &str| fold.said.get(name).map(Json::canonical).unwrap_or_default();
    let is_removed = fold.happened.contains_key("webhook_removed");
    (!is_removed).then(|| ["principal_id", "url", "events", "secret_hash"].map(said).join(" "))
}

/// The same from the row.
fn webhook_found(connection: &Connection, key: &Key) -> Result<Option<String>, StartError> {
    let mut statement = connection.prepare_cached(
        "SELECT principal_id, url, events, secret_hash FROM webhooks \
         WHERE tenant_id = ?1 AND webhook_id = ?2",
    )?;
    let found = statement.query_row([&key.tenant_id, &key.id], |row| {
        let text = |text: String| Json::String(text).canonical();
        let (events, hash): (String, [u8; 32]) = (row.get(2)?, row.get(3)?);
        let hash = text(sha256_text(&hash));
        Ok(format!("{} {} {events} {hash}", text(row.get(0)?), text(row.get(1)?)))
    });
    Ok(found.optional()?)
}

/// What the entries say of a credential, on one line.
fn credential_said(fold: &Fold) -> String {
    let said = |name: &str| match fold.said.get(name) {
        Some(Json::String(text)) => text.clone(),
        _ => "-".to_owned(),
    };
    let happened =
        |event: &str| fold.happened.get(event).map_or("-".to_owned(), ToString::to_string);
    let expires_at = TimestampMs::parse(&said("expires_at"));
    [
        said("principal_id"),
        said("kind"),
        said("scope"),
        said("secret_hash"),
        expires_at.map_or("-".to_owned(), |at| at.as_ms().to_string()),
        happened("credential_revoked"),
        happened("credential_used"),
    ]
    .join(" ")
}

/// The same from the row.
fn credential_found(connection: &Connection, key: &Key) -> Result<Option<String>, StartError> {
    let mut statement = connection.prepare_cached(
        "SELECT principal_id, kind, scope, hash, expires_at, revoked_at, used_at FROM credentials \
         WHERE tenant_id = ?1 AND credential_id = ?2",
    )?;
    let instant = |at: Option<i64>| at.map_or("-".to_owned(), |at| at.to_string());
    let found = statement.query_row([&key.tenant_id, &key.id], |row| {
        let words: [String; 3] = [row.get(0)?, row.get(1)?, row.get(2)?];
        let hash: [u8; 32] = row.get(3)?;
        let instants = [instant(row.get(4)?), instant(row.get(5)?), instant(row.get(6)?)];
        Ok(format!("{} {} {}", words.join(" "), sha256_text(&hash), instants.join(" ")))
    });
    Ok(found.optional()?)
}

fn verify_bundles(connection: &Connection, report: &mut Report) -> Result<(), StartError> {
    let mut statement = connection.prepare("SELECT tenant_id, hash, bundle FROM policies")?;
    let mut rows = statement.walk([])?;
    while let Some(row) = rows.next()? {
        let key = Key { tenant_id: row.get(0)?, kind: "policy".to_owned(), id: row.get(1)? };
        let bundle: String = row.get(2)?;
        let bundle = serde_json::from_str::<Json>(&bundle).ok();
        let policy = bundle.and_then(|bundle| Policy::load(&bundle).ok());
        if policy.is_none_or(|policy| policy.reference().hash != key.id) {
            report.fault(&key, None, "the bundle is not the one of that hash");
        }
    }
    Ok(())
}

fn verify_policy_in_force(connection: &Connection, report: &mut Report) -> Result<(), StartError> {
    let select = "SELECT tenant_id, hash, sequence FROM policy_in_force";
    let mut statement = connection.prepare(select)?;
    let found: BTreeMap<String, (String, i64)> = statement
        .query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?
        .collect::<Result<_, _>>()?;
    // Entries of the time before sequences have none: what was in force then is the first. The last
    // entry of a tenant says what is in force for it.
    let select = "SELECT coalesce(entry ->> '$.data.tenant_id', '*'), \
        entry ->> '$.data.policy.hash', coalesce(CAST(entry ->> '$.data.sequence' AS BIGINT), 1) \
        FROM audit_pending WHERE entity_kind = 'policy' ORDER BY at, entry_id";
    let mut statement = connection.prepare(select)?;
    let released: BTreeMap<String, (String, i64)> = statement
        .query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?
        .collect::<Result<_, _>>()?;
    let tenants: BTreeSet<&String> = found.keys().chain(released.keys()).collect();
    for tenant_id in tenants {
        let in_force = found.get(tenant_id);
        if in_force != released.get(tenant_id) {
            let id = in_force.map_or_else(|| "none".to_owned(), |(hash, _)| hash.clone());
            let (tenant_id, kind) = (tenant_id.clone(), "policy_in_force".to_owned());
            let key = Key { tenant_id, kind, id };
            report.fault(&key, None, "it is not the policy that was released last");
        }
    }
    Ok(())
}
