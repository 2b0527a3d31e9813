//! The worker: what is due about proposals and executions is done, each thing in a task of its own,
//! so that an executor that hangs holds up no other. All state is in the store; a process that
//! starts goes on from there.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::{Id as TaskId, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;

use super::messages::{self, ANSWER_BYTES_MAX, Mode, Previewed, Told};
use super::{Executor, Executors, carry};
use crate::execution::{Execution, ExecutionState, Guarantee};
use crate::host::ids;
use crate::host::outbound::{Answer, Connected, OutboundError, Outgoing, connect, connector};
use crate::host::store::proposals::Due;
use crate::host::store::{Failure, Store, executions, instance, proposals};
use crate::host::webhook::secret::{WebhookKey, seconds};
use crate::json::Json;
use crate::units::{Id, TimestampMs};

/// How often is looked where nothing was heard of: times come, other processes write.
const PERIOD: Duration = Duration::from_millis(500);
/// How many changes may gather before it is looked again.
const GATHER: Duration = Duration::from_millis(20);
/// Things of one kind that are begun at one look.
const DUE_MAX: i64 = 100;
/// How long after a connection that failed the next one is tried.
const CONNECT_PAUSE: Duration = Duration::from_secs(2);
/// How long requests that are under way may take to end, once the host is asked to stop.
const STOP_DURATION_MAX: Duration = Duration::from_secs(5);

struct Worker {
    store: Arc<Store>,
    executors: Arc<Executors>,
    key_file: PathBuf,
    connector: TlsConnector,
}

/// Works until `stop` turns true. Every process on the data may run one: whoever makes a request
/// durable sends it.
pub async fn run(
    store: Arc<Store>,
    executors: Arc<Executors>,
    key_file: PathBuf,
    mut stop: watch::Receiver<bool>,
) {
    let connector = match connector() {
        Ok(connector) => connector,
        Err(failure) => return tracing::error!(%failure, "nothing is executed"),
    };
    let mut commits = store.commits();
    let worker = Arc::new(Worker { store, executors, key_file, connector });
    let mut tasks = JoinSet::new();
    let mut busy: BTreeMap<Id, TaskId> = BTreeMap::new();
    let mut paused: BTreeMap<Id, Instant> = BTreeMap::new();
    loop {
        while let Some(ended) = tasks.try_join_next_with_id() {
            let (task, unreachable) = match ended {
                Ok((task, unreachable)) => (task, unreachable),
                Err(error) => (error.id(), false),
            };
            let done: Vec<Id> =
                busy.iter().filter(|(_, of)| **of == task).map(|(id, _)| id.clone()).collect();
            for id in done {
                busy.remove(&id);
                if unreachable {
                    paused.insert(id, Instant::now() + CONNECT_PAUSE);
                }
            }
        }
        paused.retain(|_, until| *until > Instant::now());
        match worker.due().await {
            Ok(due) => {
                for (id, job) in due {
                    if !paused.contains_key(&id) && !busy.contains_key(&id) {
                        let work = Arc::clone(&worker).work(id.clone(), job);
                        busy.insert(id, tasks.spawn(work).id());
                    }
                }
            }
            Err(failure) => tracing::warn!(%failure, "what is due could not be read"),
        }
        tokio::select! {
            _ = commits.changed() => {}
            () = sleep(PERIOD) => {}
            _ = stop.wait_for(|stop| *stop) => break,
        }
        sleep(GATHER).await;
    }
    // What does not end in time is unknown, until it is asked about or sent again.
    let all = async { while tasks.join_next().await.is_some() {} };
    if timeout(STOP_DURATION_MAX, all).await.is_err() {
        tasks.shutdown().await;
    }
}

/// One thing to do.
enum Job {
    Proposal(Due, Id),
    Execution,
}

impl Worker {
    async fn due(&self) -> Result<Vec<(Id, Job)>, Failure> {
        let read = self.store.read(|snapshot| {
            let mut due: Vec<(Id, Job)> = Vec::new();
            if instance::held_since(snapshot.connection)?.is_some() {
                return Ok(due);
            }
            for (kind, tenant_id, proposal_id) in proposals::due(snapshot, DUE_MAX)? {
                due.push((proposal_id, Job::Proposal(kind, tenant_id)));
            }
            for id in executions::due(snapshot, DUE_MAX)? {
                due.push((id, Job::Execution));
            }
            Ok(due)
        });
        read.await
    }

    /// Does one thing; gives whether its executor could not be reached.
    async fn work(self: Arc<Self>, id: Id, job: Job) -> bool {
        let result = match job {
            Job::Proposal(due, tenant_id) => self.proposal(due, tenant_id, id.clone()).await,
            Job::Execution => self.execution(id.clone()).await,
        };
        match result {
            Ok(unreachable) => unreachable,
            // Somebody else was first.
            Err(Failure::Refused(fault)) => {
                tracing::debug!(%id, %fault, "not done");
                false
            }
            Err(failure) => {
                tracing::warn!(%id, %failure, "what was due could not be done");
                true
            }
        }
    }

    async fn proposal(&self, due: Due, tenant_id: Id, id: Id) -> Result<bool, Failure> {
        match due {
            Due::Expire => {
                self.store.write(move |tx| carry::expire(tx, &tenant_id, &id)).await?;
            }
            Due::Preview => {
                let (tenant, of) = (tenant_id.clone(), id.clone());
                let proposal =
                    self.store.read(move |view| proposals::get(view, &tenant, &of)).await?;
                let Some(proposal) = proposal else { return Ok(false) };
                let mut said = Vec::new();
                for (position, action) in proposal.actions.iter().enumerate() {
                    let name = proposal.executors.get(position).cloned().flatten();
                    let executor = name.as_deref().and_then(|name| self.executors.get(name));
                    said.push(match executor.filter(|executor| executor.previews) {
                        None => Ok(None),
                        Some(executor) => {
                            let request = messages::preview(&proposal, position, action)?;
                            match self.preview(executor, &request).await? {
                                Some(said) => said.map(Some),
                                // What people must see is waited for, until the proposal expires.
                                None if proposal.required.preview_required => return Ok(true),
                                None => Err(format!("`{}` gave no answer", executor.id)),
                            }
                        }
                    });
                }
                self.store
                    .write(move |tx| carry::previewed(tx, &tenant_id, &id, said.clone()))
                    .await?;
            }
            Due::Start => {
                let executors = Arc::clone(&self.executors);
                let key = WebhookKey::open(&self.key_file)?;
                self.store
                    .write(move |tx| carry::start(tx, &tenant_id, &id, &executors, &key))
                    .await?;
            }
        }
        Ok(false)
    }

    /// What a dry run says of one action; `None` where the executor gives no answer.
    async fn preview(
        &self,
        executor: &Executor,
        request: &Json,
    ) -> Result<Option<Result<Previewed, String>>, Failure> {
        let Ok(connected) = self.connect(executor).await else { return Ok(None) };
        let id = ids::new_id("req", self.store.now())?;
        let answer = self.call(executor, connected, &id, None, request).await?;
        Ok(answer.map(|answer| messages::previewed(&answer)))
    }

    async fn execution(&self, id: Id) -> Result<bool, Failure> {
        let of = id.clone();
        let Some(execution) = self.store.read(move |view| executions::get(view, &of)).await? else {
            return Ok(false);
        };
        if execution.state == ExecutionState::Started {
            self.store.write(move |tx| carry::give_up(tx, &id)).await?;
            return Ok(false);
        }
        let Some(executor) = self.executors.get(&execution.executor).cloned() else {
            tracing::warn!(executor = execution.executor, "there is no such executor any more");
            return Ok(true);
        };
        let asks = execution.state == ExecutionState::Unknown
            && execution.guarantee == Guarantee::Queryable;
        // Nothing is started before the executor can be reached: what was not started is not unknown.
        let Ok(mut connected) = self.connect(&executor).await else { return Ok(true) };
        if asks {
            let told = self.ask(&executor, connected, &execution).await?;
            let again = told == Told::Absent && execution.can_resend(true, self.store.now());
            if !again {
                self.keep(execution, told).await?;
                return Ok(false);
            }
            connected = match self.connect(&executor).await {
                Ok(connected) => connected,
                Err(_) => return Ok(true),
            };
        }
        let at = executor.clone();
        let begun = self.store.write(move |tx| carry::begin(tx, &execution, &at, asks)).await?;
        let Some(execution) = begun else { return Ok(false) };
        let Some(attempt) = execution.last_attempt() else { return Ok(false) };
        let request = messages::execute(&execution, Mode::Execute, attempt.not_after)?;
        let (key, call) = (&execution.idempotency_key, &attempt.attempt_id);
        let answer = self.call(&executor, connected, call, Some(key), &request).await?;
        let told = heard(&execution, answer.as_ref());
        self.keep(execution, told).await?;
        Ok(false)
    }

    /// Asks what happened under an execution's key.
    async fn ask(
        &self,
        executor: &Executor,
        connected: Connected<'_>,
        execution: &Execution,
    ) -> Result<Told, Failure> {
        let now = self.store.now();
        let not_after = execution.last_attempt().map_or(now, |attempt| attempt.not_after);
        let request = messages::execute(execution, Mode::Status, not_after)?;
        let (id, key) = (&execution.execution_id, &execution.idempotency_key);
        let answer = self.call(executor, connected, id, Some(key), &request).await?;
        Ok(heard(execution, answer.as_ref()))
    }

    async fn keep(&self, seen: Execution, told: Told) -> Result<(), Failure> {
        let executors = Arc::clone(&self.executors);
        self.store.write(move |tx| carry::finish(tx, &seen, told.clone(), &executors)).await
    }

    async fn connect<'a>(&self, executor: &'a Executor) -> Result<Connected<'a>, OutboundError> {
        let connecting = connect(&executor.target, &self.connector);
        let connected = timeout(duration(executor.timeout_ms), connecting).await;
        connected.unwrap_or(Err(OutboundError::Connection)).inspect_err(|error| {
            tracing::warn!(executor = executor.id, ?error, "an executor cannot be reached");
        })
    }

    /// Sends one signed request; `None` where no answer came, or none that is one.
    async fn call(
        &self,
        executor: &Executor,
        connected: Connected<'_>,
        id: &Id,
        idempotency_key: Option<&str>,
        request: &Json,
    ) -> Result<Option<Answer>, Failure> {
        let body = request.canonical();
        let now: TimestampMs = self.store.now();
        let secret = WebhookKey::open(&self.key_file)?.executor_secret(&executor.id)?;
        let mut headers = vec![
            ("webhook-id", id.as_str().to_owned()),
            ("webhook-timestamp", seconds(now).to_string()),
            ("webhook-signature", secret.sign(id.as_str(), now, &body)?),
        ];
        headers.extend(idempotency_key.map(|key| ("idempotency-key", key.to_owned())));
        let outgoing = Outgoing { content_type: "application/json", headers, body };
        let answer = connected.post(outgoing, ANSWER_BYTES_MAX);
        Ok(timeout(duration(executor.timeout_ms), answer).await.ok().and_then(Result::ok))
    }
}

fn heard(execution: &Execution, answer: Option<&Answer>) -> Told {
    match answer {
        Some(answer) => messages::told(execution, answer),
        None => Told::Unknown("no answer came in time".to_owned()),
    }
}

fn duration(milliseconds: i64) -> Duration {
    Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0))
}
