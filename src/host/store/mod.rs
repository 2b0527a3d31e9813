//! The store: one SQLite file, one writer per process, many readers.
//!
//! A write is a closure over [`Tx`]; it runs in its own savepoint of a transaction that it may
//! share with others, and its caller hears of it only after the commit. State, audit entries and
//! the idempotency row belong into one closure, so that there is never one without the others.

pub mod absences;
pub mod approvals;
pub mod audit;
pub mod cases;
mod connection;
pub(in crate::host) mod copy;
pub mod corrections;
pub mod decisions;
pub mod events;
pub mod executions;
mod failure;
pub(in crate::host) mod fence;
pub mod file_clock;
pub mod gauges;
mod hold;
pub mod idempotency;
pub mod identity;
pub mod inbox;
pub mod instance;
mod job;
pub mod log_size;
pub mod measures;
mod migrate;
pub mod monitors;
pub mod moves;
pub mod needs;
pub mod next;
pub mod observations;
pub mod outcomes;
pub mod overdue_audits;
pub mod place;
pub mod policies;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod proposals;
pub mod random_audits;
mod readers;
pub mod rejudging;
pub mod releases;
pub mod replay;
pub mod sql;
pub mod webhooks;
mod writer;

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use tokio::sync::watch;

pub use connection::open_read_only;
pub use failure::{Failure, StartError};
pub use migrate::require_current;

use crate::host::clock::wall_clock;
use crate::host::ids;
use crate::identity::Actor;
use crate::units::{Id, TimestampMs};
use file_clock::FileClock;
use log_size::LogSize;
use place::{Database, Place};
use policies::PolicyCache;
use readers::Readers;
use sql::{Connection, OptionalExtension as _};
use writer::Writer;

/// The store of one process.
pub struct Store {
    backend: Backend,
    shared: Arc<Shared>,
}

/// Whether this process may go on with its store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// It may.
    #[default]
    None,
    /// A write could not be made durable.
    Lost,
    /// A later release changed the schema.
    Outdated,
}

/// How the database is worked with.
enum Backend {
    File {
        writer: Writer,
        readers: Readers,
    },
    #[cfg(feature = "postgres")]
    Server(postgres::Pool),
}

/// What writer and readers have in common.
struct Shared {
    clock: HeldClock,
    policies: PolicyCache,
    host: String,
    fence: PathBuf,
    commits: watch::Sender<u64>,
    ending: watch::Sender<Ending>,
}

/// A consistent view, for reading.
pub struct Snapshot<'a> {
    /// The database.
    pub connection: &'a Connection,
    /// The instant of the view.
    pub now: TimestampMs,
    policies: &'a PolicyCache,
    is_writing: bool,
}

/// A write that may still be rolled back; reads what a [`Snapshot`] reads.
pub struct Tx<'a> {
    snapshot: Snapshot<'a>,
    /// The host's name, for the audit log.
    pub host: &'a str,
    fence: &'a Path,
}

impl<'a> Deref for Tx<'a> {
    type Target = Snapshot<'a>;

    fn deref(&self) -> &Snapshot<'a> {
        &self.snapshot
    }
}

impl Store {
    /// Opens the store, making or bringing up to date its schema.
    ///
    /// # Errors
    /// As [`StartError`] says.
    pub fn open(place: &Place, host: &str) -> Result<Self, StartError> {
        match place.database() {
            Database::File(path) => Self::open_file(place, path, host),
            #[cfg(feature = "postgres")]
            Database::Server(server) => Self::open_server(place, &server, host),
        }
    }

    fn open_file(place: &Place, database: PathBuf, host: &str) -> Result<Self, StartError> {
        let lock = place.open_lock()?;
        let shared = Shared::new(place, host);
        let connection = {
            // Two processes that start at once must not both make the schema.
            let _held = place::lock(&lock, writer::LOCK_WAIT_MAX).ok_or(Failure::Busy)?;
            let connection = connection::open_writer(&database)?;
            first_start(&connection)?;
            if let Some(clock) = FileClock::join(&connection, place.open_use()?)? {
                let _ = shared.clock.file.set(clock);
            }
            connection
        };
        let log = LogSize::new(&database);
        let readers = Readers::new(database, Arc::clone(&shared));
        let writer = Writer::start(connection, lock, log, Arc::clone(&shared))?;
        Ok(Self { backend: Backend::File { writer, readers }, shared })
    }

    #[cfg(feature = "postgres")]
    fn open_server(
        place: &Place,
        server: &postgres::Server,
        host: &str,
    ) -> Result<Self, StartError> {
        apart(|| server.migrate())?;
        let shared = Shared::new(place, host);
        let pool = postgres::Pool::start(server, &shared)?;
        Ok(Self { backend: Backend::Server(pool), shared })
    }

    /// Runs a write. It is durable when this returns `Ok`; it changed nothing when it is refused. Where
    /// another write was in the way, the job is run again on what that one left.
    ///
    /// # Errors
    /// The closure's own failure, or the store's.
    pub async fn write<T: Send + 'static>(
        &self,
        job: impl Fn(&Tx<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        match &self.backend {
            Backend::File { writer, .. } => writer.write(job).await,
            #[cfg(feature = "postgres")]
            Backend::Server(pool) => pool.write(job).await,
        }
    }

    /// Runs a read on one consistent view.
    ///
    /// # Errors
    /// The closure's own failure, or the store's.
    pub async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Snapshot<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        match &self.backend {
            Backend::File { readers, .. } => readers.read(query).await,
            #[cfg(feature = "postgres")]
            Backend::Server(pool) => pool.read(query).await,
        }
    }

    /// The same for somebody: on a server, the rows of tenants that they have nothing to do with are
    /// not there.
    ///
    /// # Errors
    /// The closure's own failure, or the store's.
    pub async fn read_as<T: Send + 'static>(
        &self,
        actor: Actor,
        query: impl FnOnce(&Snapshot<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let narrowed = move |snapshot: &Snapshot<'_>| {
            snapshot.narrow(&actor)?;
            query(snapshot)
        };
        self.read(narrowed).await
    }

    /// Whether writes are made in the order in which they were asked for.
    #[must_use]
    pub const fn has_one_writer(&self) -> bool {
        matches!(self.backend, Backend::File { .. })
    }

    /// Says when the process must end, and why.
    #[must_use]
    pub fn ending(&self) -> watch::Receiver<Ending> {
        self.shared.ending.subscribe()
    }

    /// Changes with every commit of this process. Another process may commit too: who waits for
    /// something looks by itself now and then.
    #[must_use]
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.shared.commits.subscribe()
    }

    /// The host's time.
    #[must_use]
    pub fn now(&self) -> TimestampMs {
        self.shared.clock.now()
    }

    /// Finishes the writes that wait, and ends the writer.
    pub fn close(self) {
        match self.backend {
            Backend::File { writer, .. } => writer.close(),
            #[cfg(feature = "postgres")]
            Backend::Server(pool) => pool.close(),
        }
    }
}

impl Shared {
    fn new(place: &Place, host: &str) -> Arc<Self> {
        Arc::new(Self {
            clock: HeldClock::default(),
            policies: PolicyCache::default(),
            host: host.to_owned(),
            fence: place.fence(),
            commits: watch::Sender::new(0),
            ending: watch::Sender::default(),
        })
    }

    /// Refuses a schema that is later than this program's; the process then ends, because it would
    /// write by rules that are over.
    fn require_known(&self, found: usize, known: usize) -> Result<(), Failure> {
        if found <= known {
            return Ok(());
        }
        if self.ending.send_replace(Ending::Outdated) != Ending::Outdated {
            tracing::error!(found, known, "a later release changed the schema; this process stops");
        }
        Err(Failure::Outdated)
    }

    const fn snapshot<'a>(&'a self, connection: &'a Connection, now: TimestampMs) -> Snapshot<'a> {
        Snapshot { connection, now, policies: &self.policies, is_writing: false }
    }

    fn tx<'a>(&'a self, connection: &'a Connection, now: TimestampMs) -> Tx<'a> {
        let snapshot = Snapshot { is_writing: true, ..self.snapshot(connection, now) };
        Tx { snapshot, host: &self.host, fence: &self.fence }
    }
}

/// The host's time, held so that it never goes back within this process: what the hosts of a file agreed
/// on where the database is one, the server's where it is a server.
#[derive(Default)]
struct HeldClock {
    reached_ms: AtomicI64,
    server: Mutex<Option<(TimestampMs, Instant)>>,
    file: OnceLock<FileClock>,
}

impl HeldClock {
    fn now(&self) -> TimestampMs {
        self.at_least(TimestampMs::MIN)
    }

    /// The time, at least `floor`: what another process already wrote.
    fn at_least(&self, floor: TimestampMs) -> TimestampMs {
        let server = self.server.lock().ok().and_then(|server| *server);
        let seen = match server {
            None => self.of_file(floor),
            Some((heard, at)) => {
                heard.saturating_add(i64::try_from(at.elapsed().as_millis()).unwrap_or(0))
            }
        };
        self.hold(seen.max(floor))
    }

    fn of_file(&self, floor: TimestampMs) -> TimestampMs {
        match self.file.get().map(FileClock::now) {
            Some(now) if now >= floor => now,
            // Somebody's time was ahead: the machine's may have got there since.
            found => found.unwrap_or(TimestampMs::MIN).max(wall_clock()),
        }
    }

    /// Takes the server's time for the time.
    #[cfg(feature = "postgres")]
    fn heard(&self, server: TimestampMs) -> TimestampMs {
        if let Ok(mut known) = self.server.lock() {
            *known = Some((server, Instant::now()));
        }
        self.hold(server)
    }

    fn hold(&self, seen: TimestampMs) -> TimestampMs {
        let before = self.reached_ms.fetch_max(seen.as_ms(), Ordering::SeqCst);
        TimestampMs::MIN.saturating_add(before.max(seen.as_ms()))
    }
}

/// Runs something that waits for a server of its own accord, from wherever: not on a thread that
/// serves others.
///
/// # Errors
/// What it fails with, or where it panicked.
pub fn apart<T: Send, E: Send + From<Failure>>(
    work: impl FnOnce() -> Result<T, E> + Send,
) -> Result<T, E> {
    std::thread::scope(|scope| {
        scope.spawn(work).join().unwrap_or_else(|_| Err(Failure::internal("it panicked").into()))
    })
}

/// A value of the table `meta`.
///
/// # Errors
/// Where the database fails.
pub fn meta(connection: &Connection, name: &str) -> Result<Option<String>, Failure> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}

/// The id of this instance of the host.
///
/// # Errors
/// Where the database fails.
pub fn instance_id(snapshot: &Snapshot<'_>) -> Result<Id, Failure> {
    let found = meta(snapshot.connection, "instance_id")?;
    found
        .and_then(|id| Id::new(&id))
        .ok_or_else(|| Failure::internal("the database has no instance id"))
}

/// Names the instance when its database is made.
fn first_start(connection: &Connection) -> Result<(), Failure> {
    if meta(connection, "instance_id")?.is_some() {
        return Ok(());
    }
    let instance_id = ids::new_id("inst", wall_clock())?;
    let insert = "INSERT INTO meta (name, value) VALUES ('instance_id', ?1), ('clock_ms', '0')";
    connection.execute(insert, [instance_id.as_str()])?;
    Ok(())
}
