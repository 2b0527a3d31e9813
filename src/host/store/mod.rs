//! The store: one SQLite file, one writer per process, many readers.
//!
//! A write is a closure over [`Tx`]; it runs in its own savepoint of a transaction that it may
//! share with others, and its caller hears of it only after the commit. State, audit entries and
//! the idempotency row belong into one closure, so that there is never one without the others.

pub mod approvals;
pub mod audit;
pub mod cases;
mod connection;
pub mod corrections;
pub mod decisions;
pub mod events;
pub mod executions;
mod failure;
pub mod gauges;
pub mod idempotency;
pub mod identity;
pub mod inbox;
pub mod measures;
mod migrate;
pub mod moves;
pub mod needs;
pub mod next;
pub mod observations;
pub mod outcomes;
pub mod place;
pub mod policies;
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
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tokio::sync::watch;

pub use connection::open_read_only;
pub use failure::{Failure, StartError};
pub use migrate::require_current;

use crate::host::clock::wall_clock;
use crate::host::ids;
use crate::units::{Id, TimestampMs};
use place::Place;
use policies::PolicyCache;
use readers::Readers;
use sql::{Connection, OptionalExtension as _};
use writer::Writer;

/// The store of one process.
pub struct Store {
    writer: Writer,
    readers: Readers,
    shared: Arc<Shared>,
}

/// What writer and readers have in common.
struct Shared {
    clock: HeldClock,
    policies: PolicyCache,
    host: String,
    commits: watch::Sender<u64>,
}

/// A consistent view, for reading.
pub struct Snapshot<'a> {
    /// The database.
    pub connection: &'a Connection,
    /// The instant of the view.
    pub now: TimestampMs,
    policies: &'a PolicyCache,
}

/// A write that may still be rolled back; reads what a [`Snapshot`] reads.
pub struct Tx<'a> {
    snapshot: Snapshot<'a>,
    /// The host's name, for the audit log.
    pub host: &'a str,
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
        let lock = place.open_lock()?;
        let connection = {
            // Two processes that start at once must not both make the schema.
            let _held = place::lock(&lock, writer::LOCK_WAIT_MAX).ok_or(Failure::Busy)?;
            let connection = connection::open_writer(&place.database())?;
            first_start(&connection)?;
            connection
        };
        let shared = Arc::new(Shared {
            clock: HeldClock(AtomicI64::new(0)),
            policies: PolicyCache::default(),
            host: host.to_owned(),
            commits: watch::Sender::new(0),
        });
        let readers = Readers::new(place.database(), Arc::clone(&shared));
        let writer = Writer::start(connection, lock, Arc::clone(&shared))?;
        Ok(Self { writer, readers, shared })
    }

    /// Runs a write. It is durable when this returns `Ok`; it changed nothing when it is refused.
    ///
    /// # Errors
    /// The closure's own failure, or the store's.
    pub async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Tx<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        self.writer.write(job).await
    }

    /// Runs a read on one consistent view.
    ///
    /// # Errors
    /// The closure's own failure, or the store's.
    pub async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Snapshot<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        self.readers.read(query).await
    }

    /// Turns true when a write could not be made durable: the process must then end.
    #[must_use]
    pub fn lost(&self) -> watch::Receiver<bool> {
        self.writer.lost()
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
        self.writer.close();
    }
}

/// The wall clock, held so that it never goes back within this process.
struct HeldClock(AtomicI64);

impl HeldClock {
    fn now(&self) -> TimestampMs {
        self.at_least(TimestampMs::MIN)
    }

    /// The time, at least `floor`: what another process already wrote.
    fn at_least(&self, floor: TimestampMs) -> TimestampMs {
        let seen = wall_clock().max(floor).as_ms();
        let before = self.0.fetch_max(seen, Ordering::SeqCst);
        TimestampMs::MIN.saturating_add(before.max(seen))
    }
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
