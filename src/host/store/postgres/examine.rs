//! What `countersign doctor` asks a server, changing nothing.

use super::super::failure::StartError;
use super::super::sql;
use super::{APPLICATION_ROLE, Server, VERSION_MIN};
use crate::host::clock::wall_clock;

/// How far the clocks may be apart before somebody should look at them, in milliseconds.
const CLOCK_DIFFERENCE_MS_MAX: i64 = 5_000;

/// What was found, or how to mend it.
type Found = Result<String, String>;

impl Server {
    /// Looks at the server, the role of the host, and the rights on its tables.
    ///
    /// # Errors
    /// Where the server cannot be reached, or does not answer.
    pub fn examine(&self) -> Result<Vec<(&'static str, Found)>, StartError> {
        let (mut client, _) = self.client()?;
        let mut ask = |select: &str| client.query(select, &[]).map_err(sql::Error::from);
        let version: i32 = ask("SELECT current_setting('server_version_num')::int")?
            .first()
            .map_or(0, |row| row.get(0));
        let server_ms: i64 = ask("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")?
            .first()
            .map_or(0, |row| row.get(0));
        let apart_ms = (server_ms - wall_clock().as_ms()).abs();
        let role = ask(&format!(
            "SELECT 1 FROM pg_roles WHERE rolname = '{APPLICATION_ROLE}' AND NOT rolsuper \
             AND NOT rolbypassrls AND pg_has_role(session_user, oid, 'MEMBER')"
        ))?;
        let strong = ask(
            "SELECT 1 FROM pg_roles WHERE rolname = session_user AND (rolsuper OR rolbypassrls)",
        )?;
        let open: Vec<String> = ask(
            "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
             JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'countersign' \
             AND c.relkind IN ('r', 'p') AND a.attname = 'tenant_id' AND NOT a.attisdropped \
             AND NOT (c.relrowsecurity AND c.relforcerowsecurity)",
        )?
        .iter()
        .map(|row| row.get(0))
        .collect();
        let durable = ask("SELECT 1 WHERE current_setting('fsync') = 'on' \
             AND current_setting('synchronous_commit') <> 'off'")?;
        let when = |is_so: bool, told: &str, mend: &str| {
            if is_so { Ok(told.to_owned()) } else { Err(mend.to_owned()) }
        };
        Ok(vec![
            ("PostgreSQL", when(version >= VERSION_MIN, &version.to_string(), "use 15 or later")),
            (
                "durability",
                when(
                    !durable.is_empty(),
                    "commits are on the disk",
                    "set `fsync` and \
                    `synchronous_commit` to `on`: what is acknowledged can be lost",
                ),
            ),
            (
                "clocks",
                when(
                    apart_ms <= CLOCK_DIFFERENCE_MS_MAX,
                    "together; the server's counts",
                    &format!("server and machine are {apart_ms} ms apart: look at both"),
                ),
            ),
            (
                "role",
                when(
                    !role.is_empty(),
                    "a member of `countersign_app`",
                    "start `countersign serve` once as the owner, then `GRANT countersign_app TO` this user",
                ),
            ),
            (
                "user",
                when(
                    strong.is_empty(),
                    "has no rights past row-level security",
                    "it could pass by row-level security: give the host a user of its own that is \
                     only a member of `countersign_app`",
                ),
            ),
            (
                "row-level security",
                when(
                    open.is_empty(),
                    "forced on every table with a tenant",
                    &format!("not forced on {}: start a host as the owner", open.join(", ")),
                ),
            ),
        ])
    }
}
