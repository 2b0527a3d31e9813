//! Which instance of the host this is, and whether it may act: a database that was restored begins as
//! another one, which holds what was unfinished until an operator lets it go.

use std::collections::BTreeMap;

use super::audit::{self, Entity};
use super::events::stored_id;
use super::sql::{Connection, Sql, params};
use super::{Failure, Snapshot, Tx, approvals, executions, identity, instance_id, meta};
use crate::error::{ErrorCode, Fault};
use crate::execution::Command;
use crate::host::ids;
use crate::host::people::{self, HOST_TENANT, HostActor, fixed_id, host_actor};
use crate::json::Json;
use crate::units::{Id, TimestampMs};

/// The value of the table `meta` that says since when everything is held.
const HELD_SINCE: &str = "held_since";
/// The one that counts how often the instance began anew.
const EPOCH: &str = "instance_epoch";

/// What waits until an operator lets it go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unfinished {
    /// Actions that were approved and not begun: people are asked again.
    pub authorizations: i64,
    /// Actions of which nobody knows whether they happened: people find out.
    pub executions: i64,
    /// Answers that were decided and not released.
    pub answers: i64,
    /// Cases that somebody held.
    pub leases: i64,
    /// Events that webhooks were still to be told.
    pub deliveries: i64,
}

impl Unfinished {
    /// The counts, each with its words.
    #[must_use]
    pub const fn told(&self) -> [(&'static str, i64); 5] {
        [
            ("approved actions, which people are asked about again", self.authorizations),
            ("executions, which somebody has to reconcile", self.executions),
            ("answers within their time for undoing", self.answers),
            ("cases that somebody held", self.leases),
            ("deliveries to webhooks", self.deliveries),
        ]
    }
}

/// Since when everything is held, if it is.
///
/// # Errors
/// Where the store fails.
pub fn held_since(connection: &Connection) -> Result<Option<TimestampMs>, Failure> {
    let found = meta(connection, HELD_SINCE)?;
    Ok(found.and_then(|text| text.parse().ok()).and_then(TimestampMs::new))
}

/// What is unfinished.
///
/// # Errors
/// Where the store fails.
pub fn unfinished(connection: &Connection) -> Result<Unfinished, Failure> {
    let count = |select: &str| -> Result<i64, Failure> {
        Ok(connection.query_row(select, [], |row| row.get(0))?)
    };
    Ok(Unfinished {
        authorizations: count("SELECT count(*) FROM proposals WHERE state = 'approved'")?,
        executions: count(
            "SELECT count(*) FROM executions WHERE state IN ('prepared', 'started', 'unknown')",
        )?,
        answers: count("SELECT count(*) FROM cases WHERE state = 'held'")?,
        leases: count("SELECT count(*) FROM cases WHERE state = 'leased'")?,
        deliveries: count("SELECT count(*) FROM webhook_deliveries WHERE state = 'waiting'")?,
    })
}

/// Makes another instance of this one: what was approved for the other does not bind it, nobody is
/// signed in, what may have happened since is for people to find out, and nothing leaves.
///
/// # Errors
/// Where the store fails.
pub(in crate::host) fn begin_anew(tx: &Tx<'_>) -> Result<Unfinished, Failure> {
    let by = host_actor(tx, HostActor::CommandLine)?.reference();
    let scheduler = host_actor(tx, HostActor::Scheduler)?;
    let before = instance_id(tx)?;
    let instance_id = ids::new_id("inst", tx.now)?;
    put(tx, "instance_id", instance_id.as_str())?;
    put(tx, HELD_SINCE, &tx.now.as_ms().to_string())?;
    let epoch = epoch(tx)? + 1;
    put(tx, EPOCH, &epoch.to_string())?;
    // A link that was used since would sign somebody in again.
    for credential in identity::sign_ins(tx)?.iter().filter(|one| one.is_valid(tx.now)) {
        people::revoke_credential(tx, credential, by.clone())?;
    }
    for execution_id in open_executions(tx)? {
        let Some(execution) = executions::get(tx, &execution_id)? else { continue };
        let detail = "restored from a copy: what happened after it is not known here".to_owned();
        let command = Command::Lose { detail, next_attempt_at: None };
        approvals::carry(tx, &scheduler, execution, command)?;
    }
    let unfinished = unfinished(tx.connection)?;
    let text = |text: &str| Json::String(text.to_owned());
    #[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^53")]
    let number = |count: i64| Json::Number(count as f64);
    let data = [
        ("previous_instance_id", text(before.as_str())),
        ("epoch", number(epoch)),
        ("authorizations", number(unfinished.authorizations)),
        ("executions", number(unfinished.executions)),
        ("answers", number(unfinished.answers)),
        ("leases", number(unfinished.leases)),
        ("deliveries", number(unfinished.deliveries)),
    ];
    tell(tx, &instance_id, "instance_restored", &data, by)?;
    Ok(unfinished)
}

/// Lets the instance act again.
///
/// # Errors
/// `invalid_state` where nothing is held.
pub(in crate::host) fn resume(tx: &Tx<'_>) -> Result<Unfinished, Failure> {
    let Some(since) = held_since(tx.connection)? else {
        let help = "nothing has to be done";
        let fault = Fault::new(ErrorCode::InvalidState, "", "nothing is held here", help);
        return Err(Failure::Refused(fault));
    };
    let delete = "DELETE FROM meta WHERE name = ?1";
    tx.connection.prepare_cached(delete)?.execute([HELD_SINCE])?;
    let by = host_actor(tx, HostActor::CommandLine)?.reference();
    let data = [("held_since", Json::String(since.to_string()))];
    tell(tx, &instance_id(tx)?, "instance_resumed", &data, by)?;
    unfinished(tx.connection)
}

/// How far the database's clock is behind what was written by it, in milliseconds: time is held so long.
///
/// # Errors
/// Where the store fails.
pub fn clock_behind_ms(snapshot: &Snapshot<'_>) -> Result<i64, Failure> {
    let reached = meta(snapshot.connection, "clock_ms")?.and_then(|text| text.parse().ok());
    let clock = Sql {
        sqlite: "SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER)",
        postgres: "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint",
    };
    let mut statement = snapshot.connection.prepare_cached(clock)?;
    let now: i64 = statement.query_row([], |row| row.get(0))?;
    Ok(reached.map_or(0, |reached: i64| reached.saturating_sub(now)).max(0))
}

/// Keeps in the audit log that the clock went back.
///
/// # Errors
/// Where the store fails.
pub(in crate::host) fn tell_clock(tx: &Tx<'_>, behind_ms: i64) -> Result<(), Failure> {
    let by = host_actor(tx, HostActor::Scheduler)?.reference();
    #[expect(clippy::cast_precision_loss, reason = "a time is far below 2^53")]
    let behind = Json::Number(behind_ms as f64);
    tell(tx, &instance_id(tx)?, "clock_went_back", &[("behind_ms", behind)], by)
}

fn epoch(snapshot: &Snapshot<'_>) -> Result<i64, Failure> {
    Ok(meta(snapshot.connection, EPOCH)?.and_then(|text| text.parse().ok()).unwrap_or(1))
}

fn put(tx: &Tx<'_>, name: &str, value: &str) -> Result<(), Failure> {
    let upsert = "INSERT INTO meta (name, value) VALUES (?1, ?2) \
        ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    tx.connection.prepare_cached(upsert)?.execute(params![name, value])?;
    Ok(())
}

fn open_executions(tx: &Tx<'_>) -> Result<Vec<Id>, Failure> {
    let select = "SELECT execution_id FROM executions WHERE state IN ('prepared', 'started') \
        OR (state = 'unknown' AND next_attempt_at IS NOT NULL) ORDER BY execution_id";
    let mut statement = tx.connection.prepare_cached(select)?;
    let ids = statement.query_map([], |row| row.get::<_, String>(0))?;
    ids.map(|id| stored_id(&id?)).collect()
}

fn tell(
    tx: &Tx<'_>,
    instance_id: &Id,
    event: &str,
    data: &[(&str, Json)],
    by: crate::identity::ActorReference,
) -> Result<(), Failure> {
    let tenant_id = fixed_id(HOST_TENANT)?;
    let entity = Entity { tenant_id: &tenant_id, kind: "instance", id: instance_id };
    let data: BTreeMap<String, Json> =
        data.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    audit::append(tx, entity, event, Json::Object(data), by)
}
