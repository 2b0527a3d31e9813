//! `countersign doctor`: looks at everything that a host stands on, changes nothing, and says how to
//! mend what is not as it must be.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::host::backup_command::held;
use crate::host::clock::wall_clock;
use crate::host::store::place::{Database, Place};
use crate::host::store::sql::{Connection, Engine};
use crate::host::store::{Failure, StartError, file_clock, log_size, meta};
use crate::units::TimestampMs;

/// How far the clock of the database may be from this machine's, in milliseconds.
const CLOCK_DIFFERENCE_MS_MAX: i64 = 5_000;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub what: String,
    /// How to mend it, where it is not as it must be.
    pub mend: Option<String>,
}

/// Looks at everything.
#[must_use]
pub fn examine(place: &Place) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut note = |what: &str, found: Result<String, String>| {
        findings.push(match found {
            Ok(told) => Finding { what: format!("{what}: {told}"), mend: None },
            Err(mend) => Finding { what: what.to_owned(), mend: Some(mend) },
        });
    };
    note("countersign", Ok(env!("CARGO_PKG_VERSION").to_owned()));
    note("data directory", closed(&place.file("."), 0o700));
    for (what, path) in
        [("key of webhooks", place.webhook_key()), ("key of releases", place.release_key())]
    {
        match path.exists() {
            true => note(what, closed(&path, 0o600)),
            false => note(what, Ok("not made yet".to_owned())),
        }
    }
    let database = place.database();
    match &database {
        Database::File(path) => {
            note("SQLite", Ok(rusqlite::version().to_owned()));
            if !path.exists() {
                note("database", Ok("not made yet".to_owned()));
                return findings;
            }
            note("database file", closed(path, 0o600).or_else(|_| closed(path, 0o644)));
        }
        #[cfg(feature = "postgres")]
        Database::Server(server) => match server.examine() {
            Ok(found) => {
                for (what, found) in found {
                    note(what, found);
                }
            }
            Err(error) => {
                note("PostgreSQL", Err(error.to_string()));
                return findings;
            }
        },
    }
    match database.open_read_only() {
        Err(error) => note("schema", Err(error.to_string())),
        Ok(connection) => {
            note("schema", Ok("up to date".to_owned()));
            let held = held(&connection).map_err(|error| error.to_string());
            let mend = "find out what happened after the copy, then `countersign resume`";
            note(
                "instance",
                held.and_then(|held| match held {
                    None => Ok("acts".to_owned()),
                    Some(held) => Err(format!("{held}: {mend}")),
                }),
            );
            note("clock", clock(&connection).map_err(|error| error.to_string()).and_then(|at| at));
            match &database {
                Database::File(path) => {
                    note("log of changes", log(path));
                    note(
                        "file",
                        sound(&connection).map_err(|error| error.to_string()).and_then(|at| at),
                    );
                }
                #[cfg(feature = "postgres")]
                Database::Server(_) => {}
            }
        }
    }
    findings
}

/// Whether only its owner can use a file or directory.
fn closed(path: &Path, mode_max: u32) -> Result<String, String> {
    let told = path.display();
    let metadata = std::fs::metadata(path).map_err(|error| format!("`{told}`: {error}"))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & !mode_max == 0 {
        return Ok(format!("mode {mode:o}"));
    }
    Err(format!("others can use it (mode {mode:o}): `chmod {mode_max:o} {told}`"))
}

/// Whether time has to be held because it went back.
fn clock(connection: &Connection) -> Result<Result<String, String>, Failure> {
    let reached = meta(connection, "clock_ms")?.and_then(|text| text.parse().ok());
    let reached = reached.and_then(TimestampMs::new).unwrap_or(TimestampMs::MIN);
    let shared = match connection.engine() {
        Engine::Sqlite => file_clock::ahead_ms(connection)?,
        #[cfg(feature = "postgres")]
        Engine::Postgres => None,
    };
    match shared {
        Some(ahead_ms) if ahead_ms < -CLOCK_DIFFERENCE_MS_MAX => {
            return Ok(Err(format!(
                "the hosts' time is {} ms behind this machine's clock, which was set while they were \
                 running: stop all of them, then start them",
                -ahead_ms
            )));
        }
        Some(ahead_ms) if ahead_ms > CLOCK_DIFFERENCE_MS_MAX => {
            return Ok(Err(format!(
                "the hosts' time is {ahead_ms} ms ahead of this machine's clock, which was set back; \
                 time goes on from where it was until the machine is started again: set its clock"
            )));
        }
        _ => {}
    }
    let ahead_ms = reached.as_ms() - wall_clock().as_ms();
    if ahead_ms <= CLOCK_DIFFERENCE_MS_MAX {
        return Ok(Ok("together, and not behind what was written".to_owned()));
    }
    Ok(Err(format!(
        "it is {ahead_ms} ms behind what was written, and no time passes until it is there again: \
         set this machine's clock, or wait"
    )))
}

/// Whether somebody keeps the log beside the file from beginning anew.
fn log(database: &Path) -> Result<String, String> {
    let bytes = log_size::bytes(&log_size::path_of(database));
    let megabytes = bytes >> 20;
    if bytes < log_size::ALARM_BYTES {
        return Ok(format!("{megabytes} MB"));
    }
    Err(format!(
        "it has {megabytes} MB because some program reads the database for a long time: end it, and the \
         next write makes the log small again"
    ))
}

fn sound(connection: &Connection) -> Result<Result<String, String>, StartError> {
    let check = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))?;
    Ok(match check.as_str() {
        "ok" => Ok("sound".to_owned()),
        damaged => Err(format!("{damaged}: restore the last copy that `audit verify` passes")),
    })
}
