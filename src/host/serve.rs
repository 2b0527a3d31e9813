//! One host process, from its start to its end.

use std::future::Future;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::compile::DEFAULT_POLICY;
use crate::host::backup_command::held;
use crate::host::config::{Config, host_name};
use crate::host::executor::{self, Executors};
use crate::host::http::{App, Streams, router};
use crate::host::layers::{Refusal, candidate};
use crate::host::people::{HostActor, host_actor};
use crate::host::sampling_key::SamplingKey;
use crate::host::store::place::Place;
use crate::host::store::{Ending, Failure, StartError, Store, fence, identity, policies, releases};
use crate::host::{listen, samples, scheduler, webhook};
use crate::release::EVERY_TENANT;

/// How long requests that are under way may take to end, once the host is asked to stop.
const SHUTDOWN_WAIT_MAX: Duration = Duration::from_secs(10);

/// Why a host ended other than by being asked to.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// It could not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The policy does not compile; each fault with its place.
    #[error("the policy does not compile:\n{0}")]
    Policy(String),
    /// The file of executors is not one; each fault with its place.
    #[error("the executors cannot be read:\n{0}")]
    Executors(String),
    /// The address is not to be had, or standard output is closed.
    #[error("{0}")]
    System(String),
    /// A write could not be made durable.
    #[error("a write could not be made durable; the host stopped so that nothing is built on it")]
    StoreLost,
    /// A later release brought the schema up to date.
    #[error(
        "a later release changed the database's schema; this host stopped: start the newer one"
    )]
    Outdated,
}

impl From<Failure> for ServeError {
    fn from(failure: Failure) -> Self {
        Self::Start(StartError::Store(failure))
    }
}

/// Serves until SIGINT or SIGTERM.
///
/// # Errors
/// As [`ServeError`] says.
pub async fn serve(config: &Config, out: &mut impl Write) -> Result<(), ServeError> {
    let signalled = signals()?;
    let executors = match &config.executors {
        Some(path) => Executors::read_file(path).map_err(ServeError::Executors)?,
        None => Executors::default(),
    };
    let place = config.server.at(Place::prepare(&config.data)?)?;
    let store = Arc::new(Store::open(&place, &host_name())?);
    let fenced = fence::enforce(&store).await?;
    if fenced > 0 {
        tracing::warn!(
            "the database is older than its fence: {fenced} things were taken back again"
        );
    }
    put_policy_in_force(&store, config).await?;
    let listener = TcpListener::bind(config.listen).await;
    let listener = listener.map_err(|error| system(format!("{}: {error}", config.listen)))?;
    let address = listener.local_addr().map_err(|error| system(error.to_string()))?;
    announce(&store, config, &place, address, out).await?;

    let (stop, stopping) = watch::channel(false);
    let executors = Arc::new(executors);
    let scheduler =
        tokio::spawn(scheduler::run(Arc::clone(&store), Arc::clone(&executors), stopping.clone()));
    let webhooks =
        webhook::Settings { key_file: place.webhook_key(), allowed: config.webhook_allow.clone() };
    let deliverer =
        tokio::spawn(webhook::run(Arc::clone(&store), webhooks.clone(), stopping.clone()));
    let carrier = tokio::spawn(executor::run(
        Arc::clone(&store),
        Arc::clone(&executors),
        place.webhook_key(),
        stopping.clone(),
    ));
    let app = App {
        executors,
        release_key: place.release_key(),
        sampling_key: SamplingKey::open(&place.sampling_key())?,
        store: Arc::clone(&store),
        ui: config.ui.clone(),
        secure_cookies: !config.is_local(),
        webhooks,
        streams: Streams::default(),
        stopping: stopping.clone(),
    };
    let mut asked_to_stop = stopping.clone();
    let mut server = tokio::spawn(listen::serve(listener, router(app), async move {
        // An error says that nobody is left who could ask.
        let _ = asked_to_stop.wait_for(|stop| *stop).await;
    }));
    let mut ending = store.ending();
    tokio::select! {
        ended = &mut server => {
            let ended = ended.map_err(|error| error.to_string());
            return Err(system(format!("the server ended: {ended:?}")));
        }
        () = signalled => {}
        _ = ending.wait_for(|ending| *ending != Ending::None) => {}
    }
    tracing::info!("stopping");
    stop.send_replace(true);
    if tokio::time::timeout(SHUTDOWN_WAIT_MAX, &mut server).await.is_err() {
        tracing::warn!("some requests did not end in time");
        server.abort();
    }
    let _ = (scheduler.await, deliverer.await, carrier.await);
    let ending = *ending.borrow();
    if let Some(store) = Arc::into_inner(store) {
        store.close();
    }
    match ending {
        Ending::None => Ok(()),
        Ending::Lost => Err(ServeError::StoreLost),
        Ending::Outdated => Err(ServeError::Outdated),
    }
}

/// Compiles the policy that the operator named. Without one, what is in force stays, unless it is
/// an older form of the default that no two people put there.
async fn put_policy_in_force(store: &Store, config: &Config) -> Result<(), ServeError> {
    let named = match &config.policy {
        None => None,
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| system(format!("`{}`: {error}", path.display())))?;
            Some((text, path.display().to_string()))
        }
    };
    let is_named = named.is_some();
    let (text, file) =
        named.unwrap_or_else(|| (DEFAULT_POLICY.to_owned(), "default.toml".to_owned()));
    let ground = store.read(policies::ground).await?;
    let candidate = match candidate(ground.as_ref(), EVERY_TENANT, Some(&text), &file) {
        Ok(candidate) => candidate,
        // A new form of the default policy takes no overlay from a tenant: the one before stays.
        Err(refusal @ Refusal::Overlay(..)) if !is_named => {
            tracing::warn!("the policy in force stays: {}", refusal.words());
            return Ok(());
        }
        Err(refusal) => return Err(ServeError::Policy(refusal.words())),
    };
    let write = store.write(move |tx| {
        let current = policies::reference_in_force(tx)?;
        let wanted = candidate.own.compiled.policy.reference();
        // A later form of the default policy takes the place of an earlier one, but not of what a
        // second person confirmed.
        if let (false, Some(current)) = (is_named, &current)
            && (current.id != wanted.id || releases::was_confirmed(tx, &current.hash)?)
        {
            return Ok(());
        }
        let by = host_actor(tx, HostActor::CommandLine)?;
        host_actor(tx, HostActor::Scheduler)?;
        candidate.require_ground(policies::ground(tx)?.as_ref())?;
        policies::release(tx, &candidate, &by.reference(), None)
    });
    Ok(write.await?)
}

async fn announce(
    store: &Store,
    config: &Config,
    place: &Place,
    address: SocketAddr,
    out: &mut impl Write,
) -> Result<(), ServeError> {
    let url = format!("http://{address}");
    let mut lines = vec![format!("countersign listens on {url}")];
    if let Some(held) = store.read(|snapshot| held(snapshot.connection)).await? {
        let data = config.data.display();
        lines.push(format!("  {held}"));
        lines.push(format!("  nothing leaves this host until `countersign resume --data {data}`"));
    }
    if config.samples {
        let token_file = place.file("sample-edge.token");
        for link in samples::prepare(store, &token_file).await? {
            lines.push(format!(
                "  sign in as {} ({}): {url}/#/sign-in/{}",
                link.name, link.queue, link.secret
            ));
        }
        lines.push(format!("  tokens of the sample edges: {}", token_file.display()));
    } else if !store.read(identity::has_people).await? {
        let data = config.data.display();
        lines.push("  the first reviewer:".to_owned());
        lines.push(format!(
            "    countersign principal create --data {data} --tenant TENANT --name NAME"
        ));
        lines.push(format!(
            "    countersign grant add PRINCIPAL --data {data} --role reviewer --level 2"
        ));
        lines.push(format!("    countersign sign-in-link PRINCIPAL --data {data} --url {url}"));
    }
    let mut write = || -> std::io::Result<()> {
        for line in &lines {
            writeln!(out, "{line}")?;
        }
        out.flush()
    };
    write().map_err(|error| system(format!("standard output: {error}")))
}

/// Ends when the process is asked to.
fn signals() -> Result<impl Future<Output = ()>, ServeError> {
    let listen = |kind| signal(kind).map_err(|error| system(format!("signals: {error}")));
    let (mut interrupt, mut terminate) =
        (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

fn system(detail: String) -> ServeError {
    ServeError::System(detail)
}
