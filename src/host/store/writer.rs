//! The one thread that writes: it takes what waits, runs each job in its own savepoint of one
//! transaction, commits once for all of them, and only then answers.

use std::fs::File;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::connection::BUSY_WAIT_MAX;
use super::failure::{Failure, StartError};
use super::job::{Fate, Job, Outcome, Pending};
use super::log_size::LogSize;
use super::migrate::require_known;
use super::sql::Connection;
use super::{Ending, Shared, Tx, meta, place};
use crate::units::TimestampMs;

/// Writes that may wait; more are told to come again.
const QUEUE_LENGTH_MAX: usize = 1_024;
/// Writes that share one commit.
const GROUP_LENGTH_MAX: usize = 256;
/// How long another process may hold the lock before writes are refused.
pub(super) const LOCK_WAIT_MAX: Duration = Duration::from_secs(5);

/// The way to the thread.
pub(super) struct Writer {
    sender: mpsc::Sender<Box<dyn Job>>,
    ending: watch::Receiver<Ending>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(
        connection: Connection,
        lock: File,
        log: LogSize,
        shared: Arc<Shared>,
    ) -> Result<Self, StartError> {
        let (sender, receiver) = mpsc::channel(QUEUE_LENGTH_MAX);
        let ending = shared.ending.subscribe();
        let work = move || run(&connection, (&lock, log), &shared, receiver);
        let thread = std::thread::Builder::new().name("store-writer".to_owned()).spawn(work);
        let thread = thread
            .map_err(|error| Failure::internal(format!("no thread for the writer: {error}")))?;
        Ok(Self { sender, ending, thread: Mutex::new(Some(thread)) })
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        job: impl Fn(&Tx<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let (reply, answer) = oneshot::channel();
        let pending = Pending { job, result: None, reply };
        self.sender.try_send(Box::new(pending)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Failure::Busy,
            mpsc::error::TrySendError::Closed(_) => self.ended(),
        })?;
        // The thread ends without an answer only where the store is lost.
        answer.await.unwrap_or(Err(Failure::Lost))
    }

    /// Why nothing is written any more.
    fn ended(&self) -> Failure {
        match *self.ending.borrow() {
            Ending::Outdated => Failure::Outdated,
            _ => Failure::Lost,
        }
    }

    pub(super) fn close(self) {
        let Self { sender, thread, .. } = self;
        drop(sender);
        let thread = thread.into_inner().ok().flatten();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the writer ended with a panic");
        }
    }
}

fn run(
    connection: &Connection,
    (lock, mut log): (&File, LogSize),
    shared: &Shared,
    mut receiver: mpsc::Receiver<Box<dyn Job>>,
) {
    while let Some(first) = receiver.blocking_recv() {
        let mut jobs = vec![first];
        while jobs.len() < GROUP_LENGTH_MAX
            && let Ok(job) = receiver.try_recv()
        {
            jobs.push(job);
        }
        let fate = commit_together(connection, (lock, &mut log), shared, &mut jobs);
        let ending = match fate {
            // What a failed fsync left on the disk is not known: nothing more may be built on it.
            Fate::Lost => Ending::Lost,
            Fate::Outdated => Ending::Outdated,
            _ => Ending::None,
        };
        for job in jobs {
            job.answer(fate);
        }
        if ending != Ending::None {
            if ending == Ending::Lost {
                tracing::error!("a write could not be made durable; this process stops");
            }
            receiver.close();
            while let Ok(job) = receiver.try_recv() {
                job.answer(fate);
            }
            shared.ending.send_replace(ending);
            return;
        }
    }
}

fn commit_together(
    connection: &Connection,
    (lock, log): (&File, &mut LogSize),
    shared: &Shared,
    jobs: &mut [Box<dyn Job>],
) -> Fate {
    let Some(_held) = place::lock(lock, LOCK_WAIT_MAX) else {
        tracing::warn!("another process holds the store's lock; {} writes refused", jobs.len());
        return Fate::Busy;
    };
    let fate = match try_commit(connection, shared, jobs) {
        Ok(fate) => fate,
        Err(error) => {
            if !matches!(error, Failure::Outdated) {
                tracing::error!(%error, "the transaction failed");
            }
            match error {
                Failure::Busy => Fate::Busy,
                Failure::Full => Fate::Full,
                Failure::Outdated => Fate::Outdated,
                _ => Fate::Lost,
            }
        }
    };
    if !is_autocommit(connection) && connection.execute_batch("ROLLBACK").is_err() {
        return Fate::Lost;
    }
    if fate == Fate::Committed {
        log.bound(connection, BUSY_WAIT_MAX);
    }
    fate
}

fn try_commit(
    connection: &Connection,
    shared: &Shared,
    jobs: &mut [Box<dyn Job>],
) -> Result<Fate, Failure> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    require_known(connection, shared)?;
    let now = tick(connection, shared)?;
    let tx = shared.tx(connection, now);
    let mut kept = false;
    for job in jobs.iter_mut() {
        connection.execute_batch("SAVEPOINT job")?;
        let outcome = job.run(&tx);
        if outcome == Outcome::Lost {
            return Ok(Fate::Lost);
        }
        // On some errors SQLite rolls the whole transaction back by itself.
        if is_autocommit(connection) {
            return Ok(if outcome == Outcome::Full { Fate::Full } else { Fate::Lost });
        }
        if outcome == Outcome::Keep {
            connection.execute_batch("RELEASE job")?;
            kept = true;
        } else {
            connection.execute_batch("ROLLBACK TO job; RELEASE job")?;
        }
    }
    if kept {
        let update = "UPDATE meta SET value = ?1 WHERE name = 'clock_ms'";
        connection.prepare_cached(update)?.execute([now.as_ms().to_string()])?;
    }
    connection.execute_batch("COMMIT")?;
    if kept {
        shared.commits.send_modify(|count| *count += 1);
    }
    Ok(Fate::Committed)
}

fn is_autocommit(connection: &Connection) -> bool {
    connection.sqlite().is_some_and(rusqlite::Connection::is_autocommit)
}

/// The transaction's instant: never before one that any process of this store has used.
fn tick(connection: &Connection, shared: &Shared) -> Result<TimestampMs, Failure> {
    let stored = meta(connection, "clock_ms")?.and_then(|text| text.parse().ok());
    Ok(shared.clock.at_least(stored.and_then(TimestampMs::new).unwrap_or(TimestampMs::MIN)))
}
