//! The sessions of one process: each has a thread of its own, so that nothing that is dropped half
//! way can leave one inside a transaction.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::migrate::VERSION;
use super::{Begun, Purpose, Server, begin};
use crate::host::store::failure::{Failure, StartError};
use crate::host::store::job::{Fate, Job, Outcome, Pending};
use crate::host::store::sql::postgres::Session;
use crate::host::store::sql::{Connection, Error};
use crate::host::store::{Shared, Snapshot, Tx};
use crate::units::TimestampMs;

/// Writes, and reads, that may wait; more are told to come again.
const QUEUE_LENGTH_MAX: usize = 1_024;
/// How long a write is tried before its caller is told to come again.
const TRY_DURATION_MAX: Duration = Duration::from_secs(10);
/// How old the time that a write judges by may be.
const AGE_MAX: Duration = Duration::from_millis(250);
/// How long nobody tries to connect after it failed.
const CONNECT_PAUSE: Duration = Duration::from_millis(100);
/// How far the time that the database keeps may be behind, in milliseconds.
const MARK_PERIOD_MS: i64 = 1_000;

/// The way to the threads.
pub(in crate::host::store) struct Pool {
    writes: mpsc::Sender<Box<dyn Job>>,
    reads: mpsc::Sender<Box<dyn Query>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// A read whose type of result only its caller knows.
trait Query: Send {
    fn run(self: Box<Self>, view: Result<&Snapshot<'_>, Failure>);
}

struct Asked<T, Q> {
    query: Q,
    reply: oneshot::Sender<Result<T, Failure>>,
}

impl<T, Q> Query for Asked<T, Q>
where
    T: Send,
    Q: FnOnce(&Snapshot<'_>) -> Result<T, Failure> + Send,
{
    fn run(self: Box<Self>, view: Result<&Snapshot<'_>, Failure>) {
        let Self { query, reply } = *self;
        let answer = view.and_then(|view| {
            catch_unwind(AssertUnwindSafe(|| query(view)))
                .unwrap_or_else(|_| Err(Failure::internal("a read panicked")))
        });
        let _ = reply.send(answer);
    }
}

impl Pool {
    /// Opens the first session, so that what is wrong shows at the start, and makes the threads.
    pub(in crate::host::store) fn start(
        server: &Server,
        shared: &Arc<Shared>,
    ) -> Result<Self, StartError> {
        let (writes, write_queue) = mpsc::channel(QUEUE_LENGTH_MAX);
        let (reads, read_queue) = mpsc::channel(QUEUE_LENGTH_MAX);
        let (write_queue, read_queue) =
            (Arc::new(Mutex::new(write_queue)), Arc::new(Mutex::new(read_queue)));
        let mut threads = Vec::new();
        // More of them write than read, and there is one of each at least.
        let readers = (server.sessions * 2 / 5).max(1);
        for number in 0..server.sessions.saturating_sub(readers).max(1) {
            let queue = Arc::clone(&write_queue);
            let mut hand = Hand::new(server, shared, number);
            threads.push(thread(format!("store-writer-{number}"), move || {
                while let Some(job) = next(&queue) {
                    hand.write(job);
                }
            })?);
        }
        for number in 0..readers {
            let queue = Arc::clone(&read_queue);
            let mut hand = Hand::new(server, shared, number);
            threads.push(thread(format!("store-reader-{number}"), move || {
                while let Some(query) = next(&queue) {
                    hand.read(query);
                }
            })?);
        }
        Ok(Self { writes, reads, threads: Mutex::new(threads) })
    }

    pub(in crate::host::store) async fn write<T: Send + 'static>(
        &self,
        job: impl Fn(&Tx<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let (reply, answer) = oneshot::channel();
        self.writes
            .try_send(Box::new(Pending { job, result: None, reply }))
            .map_err(|_| Failure::Busy)?;
        // A thread that ended in the middle did not say what became of it.
        answer.await.unwrap_or(Err(Failure::Unknown))
    }

    pub(in crate::host::store) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Snapshot<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let (reply, answer) = oneshot::channel();
        self.reads.try_send(Box::new(Asked { query, reply })).map_err(|_| Failure::Busy)?;
        answer.await.unwrap_or_else(|_| Err(Failure::internal("a reader ended")))
    }

    pub(in crate::host::store) fn close(self) {
        let Self { writes, reads, threads, .. } = self;
        drop((writes, reads));
        for thread in threads.into_inner().unwrap_or_default() {
            if thread.join().is_err() {
                tracing::error!("a session ended with a panic");
            }
        }
    }
}

fn thread(name: String, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Failure> {
    std::thread::Builder::new()
        .name(name)
        .spawn(work)
        .map_err(|error| Failure::internal(format!("no thread for a session: {error}")))
}

fn next<T>(queue: &Mutex<mpsc::Receiver<T>>) -> Option<T> {
    queue.lock().ok()?.blocking_recv()
}

/// One session at work.
struct Hand {
    server: Server,
    shared: Arc<Shared>,
    session: Option<(Connection, Arc<AtomicBool>)>,
    number: usize,
    marked_at: TimestampMs,
}

impl Hand {
    fn new(server: &Server, shared: &Arc<Shared>, number: usize) -> Self {
        let (server, shared) = (server.clone(), Arc::clone(shared));
        Self { server, shared, session: None, number, marked_at: TimestampMs::MIN }
    }

    /// Begins a transaction, with a new session where the old one ended.
    fn begin(&mut self, purpose: Purpose, until: Instant) -> Result<TimestampMs, Failure> {
        loop {
            let begun = match &self.session {
                Some((connection, _)) => {
                    let session = connection.session().ok_or(Failure::Lost)?;
                    begin(session, purpose).map_err(Failure::from)
                }
                None => match self.server.client() {
                    Ok((client, warned)) => {
                        let connection = Connection::of_session(Session::new(client));
                        self.session = Some((connection, warned));
                        continue;
                    }
                    Err(error) => Err(Failure::Unreachable(error.to_string())),
                },
            };
            match begun {
                Ok(Begun { now, version }) => {
                    self.shared.require_known(version, VERSION)?;
                    return Ok(self.shared.clock.heard(now));
                }
                Err(failure) => {
                    self.session = None;
                    if Instant::now() + CONNECT_PAUSE >= until {
                        tracing::warn!(%failure, "no transaction could be begun");
                        return Err(match failure {
                            Failure::Unreachable(_) => failure,
                            other => Failure::Unreachable(other.to_string()),
                        });
                    }
                    std::thread::sleep(CONNECT_PAUSE);
                }
            }
        }
    }

    fn write(&mut self, mut job: Box<dyn Job>) {
        let until = Instant::now() + TRY_DURATION_MAX;
        let mut pause = Duration::from_millis(1 + self.number as u64);
        let mut is_first = true;
        let fate = loop {
            let tried = self.try_write(job.as_mut(), until, is_first);
            is_first = false;
            match tried {
                Some(fate) => break fate,
                None if Instant::now() + pause >= until => break Fate::Busy,
                None => {
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_millis(100));
                }
            }
        };
        job.answer(fate);
        self.mark();
    }

    /// `None` where it can be run again.
    fn try_write(&mut self, job: &mut dyn Job, until: Instant, is_first: bool) -> Option<Fate> {
        let now = match self.begin(Purpose::Write, until) {
            Ok(now) => now,
            Err(Failure::Outdated) => {
                self.roll_back();
                return Some(Fate::Outdated);
            }
            Err(_) => return Some(Fate::Unreachable),
        };
        let (connection, _) = self.session.as_ref()?;
        let tx = self.shared.tx(connection, now);
        let begun = Instant::now();
        match job.run(&tx) {
            // It waited for others, and judged leases by a time that is over: it is run once more.
            Outcome::Keep if is_first && begun.elapsed() > AGE_MAX => {
                self.roll_back();
                None
            }
            Outcome::Keep => self.commit(),
            Outcome::Again => {
                self.roll_back();
                None
            }
            Outcome::Gone => {
                self.session = None;
                None
            }
            Outcome::Full => {
                self.roll_back();
                Some(Fate::Full)
            }
            Outcome::RollBack | Outcome::Lost => {
                self.roll_back();
                Some(Fate::Committed)
            }
        }
    }

    fn commit(&mut self) -> Option<Fate> {
        let (connection, warned) = self.session.as_ref()?;
        let session = connection.session()?;
        warned.store(false, Ordering::SeqCst);
        // In a transaction that failed already, COMMIT alone would roll back and say nothing.
        match session.with(|client| client.batch_execute("SELECT 1; COMMIT")) {
            // A warning here says that it stands on this server, and perhaps on no other.
            Ok(()) if warned.load(Ordering::SeqCst) => Some(Fate::Unknown),
            Ok(()) => {
                self.shared.commits.send_modify(|count| *count += 1);
                Some(Fate::Committed)
            }
            Err(error) => match Failure::from(Error::from(error)) {
                Failure::Conflict => {
                    self.roll_back();
                    None
                }
                Failure::Full => {
                    self.roll_back();
                    Some(Fate::Full)
                }
                Failure::Internal(told) if told.contains("25P02") => {
                    tracing::error!("a write went on after a statement had failed");
                    self.roll_back();
                    Some(Fate::Busy)
                }
                failure => {
                    tracing::warn!(%failure, "a commit was not answered");
                    self.session = None;
                    Some(Fate::Unknown)
                }
            },
        }
    }

    fn roll_back(&mut self) {
        let ended = self.session.as_ref().and_then(|(connection, _)| connection.session());
        let ended = ended
            .is_some_and(|session| session.with(|client| client.batch_execute("ROLLBACK")).is_ok());
        if !ended {
            self.session = None;
        }
    }

    fn read(&mut self, query: Box<dyn Query>) {
        match self.begin(Purpose::Read, Instant::now() + TRY_DURATION_MAX) {
            Err(failure) => {
                query.run(Err(failure));
                if self.session.is_some() {
                    self.roll_back();
                }
            }
            Ok(now) => {
                if let Some((connection, _)) = &self.session {
                    query.run(Ok(&self.shared.snapshot(connection, now)));
                }
                self.roll_back();
            }
        }
    }

    /// Keeps the time that was reached with the database, now and then, so that a server whose clock
    /// was set back is noticed by whoever comes after.
    fn mark(&mut self) {
        let now = self.shared.clock.now();
        if now < self.marked_at.saturating_add(MARK_PERIOD_MS) {
            return;
        }
        self.marked_at = now;
        let until = Instant::now();
        if self.begin(Purpose::Write, until).is_err() {
            return;
        }
        let marked = self.session.as_ref().map(|(connection, _)| {
            let update = "UPDATE meta SET value = ?1 WHERE name = 'clock_ms' \
                AND value::bigint < ?2 AND pg_try_advisory_xact_lock(hashtext('countersign clock'))";
            let behind = now.saturating_add(-MARK_PERIOD_MS / 2).as_ms();
            let values = (now.as_ms().to_string(), behind);
            connection.execute(&update.to_owned(), values)
        });
        match marked {
            Some(Ok(_)) => {
                let _ = self.commit();
            }
            _ => self.roll_back(),
        }
    }
}
