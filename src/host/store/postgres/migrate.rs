//! Numbered migrations, each in one transaction, and the rights that the host's role has.

use postgres::Client;
use postgres::error::SqlState;

use super::super::failure::{Failure, StartError};
use super::super::sql;

/// The role whose rights the host's transactions have; it owns nothing.
pub const APPLICATION_ROLE: &str = "countersign_app";

/// Every migration in order; the schema's version is how many were applied.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/0001.sql"),
    include_str!("schema/0002_loop.sql"),
    include_str!("schema/0003_queues.sql"),
    include_str!("schema/0004_dropped_decisions.sql"),
    include_str!("schema/0005_layers.sql"),
    include_str!("schema/0006_watching.sql"),
];
const PROTECT: &str = include_str!("schema/protect.sql");

/// The version of the schema that this program knows.
pub(super) const VERSION: usize = MIGRATIONS.len();

/// What a database holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    Version(usize),
}

/// Brings the schema to this program's version where it is not, and refuses what it does not know.
///
/// # Errors
/// As [`StartError`] says; a database that is not the host's is left as it is.
pub(super) fn migrate(client: &mut Client) -> Result<(), StartError> {
    let select = "SELECT to_regnamespace('countersign') IS NOT NULL";
    if client.query_one(select, &[]).map_err(sql::Error::from)?.get(0) {
        // Whoever is no member of the role cannot even look.
        let known = "SELECT 1 FROM pg_roles WHERE rolname = $1";
        if client.query_opt(known, &[&APPLICATION_ROLE]).map_err(sql::Error::from)?.is_some() {
            require_role(client)?;
        }
    }
    if found(client)? == Found::Version(MIGRATIONS.len()) {
        return require_role(client);
    }
    make_role(client)?;
    loop {
        let mut transaction = client.transaction().map_err(sql::Error::from)?;
        // Two processes that start at once must not both make the schema.
        transaction
            .batch_execute(
                "SET LOCAL lock_timeout = '30s'; \
                 SELECT pg_advisory_xact_lock(hashtext('countersign migrations'))",
            )
            .map_err(sql::Error::from)?;
        let version = match found(&mut transaction)? {
            Found::Nothing => 0,
            Found::Version(version) => version,
        };
        let Some(migration) = MIGRATIONS.get(version) else { return Ok(()) };
        let number =
            i64::try_from(version + 1).map_err(|_| Failure::internal("too many migrations"))?;
        let make = "CREATE SCHEMA IF NOT EXISTS countersign; \
            SET LOCAL search_path = countersign; \
            CREATE TABLE IF NOT EXISTS migrations (version BIGINT PRIMARY KEY, \
            applied_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp())";
        let insert = "INSERT INTO migrations (version) VALUES ($1)";
        transaction
            .batch_execute(make)
            .and_then(|()| transaction.batch_execute(migration))
            .and_then(|()| transaction.batch_execute(PROTECT))
            .and_then(|()| transaction.execute(insert, &[&number]))
            .and_then(|_| transaction.commit())
            .map_err(may_not_migrate)?;
    }
}

/// Refuses a schema that this program does not know, without changing anything.
///
/// # Errors
/// As [`StartError`] says.
pub(super) fn require_current(client: &mut Client) -> Result<(), StartError> {
    match found(client)? {
        Found::Version(version) if version == MIGRATIONS.len() => Ok(()),
        _ => Err(StartError::OlderSchema),
    }
}

fn found(client: &mut impl postgres::GenericClient) -> Result<Found, StartError> {
    let select = "SELECT to_regnamespace('countersign') IS NOT NULL, \
        to_regclass('countersign.migrations') IS NOT NULL";
    let row = client.query_one(select, &[]).map_err(sql::Error::from)?;
    let (has_schema, has_migrations): (bool, bool) = (row.get(0), row.get(1));
    match (has_schema, has_migrations) {
        (false, _) => return Ok(Found::Nothing),
        (true, false) => return Err(StartError::ForeignSchema),
        (true, true) => {}
    }
    let select = "SELECT coalesce(max(version), 0) FROM countersign.migrations";
    let row = client.query_one(select, &[]).map_err(|error| {
        if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) {
            return StartError::Role { detail: "it may not read the host's tables".to_owned() };
        }
        sql::Error::from(error).into()
    })?;
    let version: i64 = row.get(0);
    let version = usize::try_from(version).unwrap_or(0);
    if version > MIGRATIONS.len() {
        return Err(StartError::NewerSchema { found: version, known: MIGRATIONS.len() });
    }
    Ok(Found::Version(version))
}

fn make_role(client: &mut Client) -> Result<(), StartError> {
    let select = "SELECT 1 FROM pg_roles WHERE rolname = $1";
    let known = client.query_opt(select, &[&APPLICATION_ROLE]).map_err(sql::Error::from)?;
    if known.is_none() {
        let create = format!(
            "CREATE ROLE {APPLICATION_ROLE} NOLOGIN NOBYPASSRLS; \
             GRANT {APPLICATION_ROLE} TO CURRENT_USER"
        );
        match client.batch_execute(&create) {
            // Another host, or another database of this server, was first.
            Err(error)
                if [SqlState::DUPLICATE_OBJECT, SqlState::UNIQUE_VIOLATION]
                    .iter()
                    .any(|code| error.code() == Some(code)) => {}
            Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                return Err(StartError::Role {
                    detail: format!(
                        "the role `{APPLICATION_ROLE}` is missing, and it may not make it"
                    ),
                });
            }
            made => made.map_err(sql::Error::from)?,
        }
    }
    require_role(client)
}

/// The session's user must be able to act as the application's role, which must be a weak one.
fn require_role(client: &mut Client) -> Result<(), StartError> {
    let select = "SELECT r.rolsuper OR r.rolbypassrls, pg_has_role(session_user, r.oid, 'MEMBER') \
        FROM pg_roles r WHERE r.rolname = $1";
    let found = client.query_opt(select, &[&APPLICATION_ROLE]).map_err(sql::Error::from)?;
    let refused = |detail: &str| Err(StartError::Role { detail: detail.to_owned() });
    match found.map(|row| (row.get::<_, bool>(0), row.get::<_, bool>(1))) {
        None => refused("the role `countersign_app` is missing"),
        Some((true, _)) => refused("the role `countersign_app` can pass by row-level security"),
        Some((false, false)) => refused("it is not a member of `countersign_app`"),
        Some((false, true)) => Ok(()),
    }
}

fn may_not_migrate(error: postgres::Error) -> StartError {
    if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) {
        let detail = "the schema is not up to date, and it may not change it".to_owned();
        return StartError::Role { detail };
    }
    sql::Error::from(error).into()
}
