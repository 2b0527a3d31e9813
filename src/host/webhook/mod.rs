//! Webhooks: what was queued is told, endpoint by endpoint, until it arrived or was given up.
//!
//! Each endpoint has a task of its own while something is due for it, so that one which hangs or
//! fails delays no other. All state is in the store; a process that starts goes on from there.

pub mod address;
pub mod endpoints;
pub mod secret;
pub mod send;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{Id as TaskId, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;

use crate::host::ids;
use crate::host::outbound::connector;
use crate::host::store::webhooks::{self, Claimed};
use crate::host::store::{Failure, Store};
use crate::units::{Id, TimestampMs};
use address::Target;
use secret::{WebhookKey, seconds};
use send::{AttemptFailure, Message, Outcome, send};

/// How often is looked where nothing was heard of: retries fall due, other processes write.
const PERIOD: Duration = Duration::from_secs(1);
/// How many events may gather before it is looked again.
const GATHER: Duration = Duration::from_millis(20);
/// How long a claim on a delivery lasts; longer than an attempt may take.
const CLAIM_DURATION_MS: i64 = 2 * 10_000;
/// The first pause after a failure, in milliseconds.
const BACKOFF_MS_MIN: i64 = 5_000;
/// The longest pause (12 hours).
const BACKOFF_MS_MAX: i64 = 12 * 60 * 60 * 1_000;
/// After how long a delivery is given up, counted from its first attempt (3 days).
const RETRY_DURATION_MS: i64 = 3 * 24 * 60 * 60 * 1_000;
/// How long attempts that are under way may take to end, once the host is asked to stop.
const STOP_DURATION_MAX: Duration = Duration::from_secs(2);

/// What the operator and the data directory say of webhooks.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The file with the host's key.
    pub key_file: PathBuf,
    /// Addresses on this machine that are allowed, over plain HTTP too.
    pub allowed: Vec<SocketAddr>,
}

/// What every attempt needs.
struct Sender {
    store: Arc<Store>,
    settings: Settings,
    connector: TlsConnector,
}

/// Delivers until `stop` turns true. Every process on the data may run one: a delivery is claimed.
pub async fn run(store: Arc<Store>, settings: Settings, mut stop: watch::Receiver<bool>) {
    let connector = match connector() {
        Ok(connector) => connector,
        Err(failure) => return tracing::error!(%failure, "no webhook is delivered"),
    };
    let mut commits = store.commits();
    let sender = Arc::new(Sender { store, settings, connector });
    let mut tasks = JoinSet::new();
    let mut busy: BTreeMap<Id, TaskId> = BTreeMap::new();
    loop {
        while let Some(ended) = tasks.try_join_next_with_id() {
            let task = ended.map_or_else(|error| error.id(), |(task, ())| task);
            busy.retain(|_, running| *running != task);
        }
        match sender.store.read(webhooks::due).await {
            Ok(due) => {
                for webhook_id in due {
                    let work = Arc::clone(&sender).empty(webhook_id.clone());
                    busy.entry(webhook_id).or_insert_with(|| tasks.spawn(work).id());
                }
            }
            Err(failure) => tracing::warn!(%failure, "the queue of webhooks could not be read"),
        }
        tokio::select! {
            _ = commits.changed() => {}
            () = sleep(PERIOD) => {}
            _ = stop.wait_for(|stop| *stop) => break,
        }
        sleep(GATHER).await;
    }
    // What does not end in time is tried again by whoever starts next.
    let all = async { while tasks.join_next().await.is_some() {} };
    if timeout(STOP_DURATION_MAX, all).await.is_err() {
        tasks.shutdown().await;
    }
}

impl Sender {
    /// Delivers what is due for one endpoint, in order, until nothing is or one fails.
    async fn empty(self: Arc<Self>, webhook_id: Id) {
        loop {
            match self.deliver_next(&webhook_id).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(failure) => {
                    tracing::warn!(%webhook_id, %failure, "a delivery could not be recorded");
                    return;
                }
            }
        }
    }

    /// One attempt; whether there may be another right after it.
    async fn deliver_next(&self, webhook_id: &Id) -> Result<bool, Failure> {
        let webhook_id = webhook_id.clone();
        let claim = self.store.write(move |tx| webhooks::claim(tx, &webhook_id, CLAIM_DURATION_MS));
        let Some(claimed) = claim.await? else { return Ok(false) };
        let outcome = self.attempt(&claimed).await?;
        let is_over = matches!(outcome, Err((AttemptFailure::NotPermitted, _)));
        let random = u16::from_be_bytes(ids::random()?);
        let arrived = outcome.is_ok();
        let record = self.store.write(move |tx| match outcome {
            Ok(_) => webhooks::arrived(tx, &claimed),
            Err((failure, status)) => {
                let pause_ms = backoff_ms(claimed.attempt, random);
                let next = tx.now.saturating_add(pause_ms);
                let end = claimed.first_attempt_at.saturating_add(RETRY_DURATION_MS);
                let next = (next <= end && !is_over).then_some(next);
                webhooks::failed(tx, &claimed, failure.as_str(), status, next)
            }
        });
        record.await?;
        Ok(arrived || is_over)
    }

    async fn attempt(&self, claimed: &Claimed) -> Result<Outcome, Failure> {
        let failed = |failure| Ok(Err((failure, None)));
        let Some(event) = &claimed.event else { return failed(AttemptFailure::NotPermitted) };
        // The operator may have taken an address back.
        let Ok(target) = Target::parse(&claimed.webhook.url, &self.settings.allowed) else {
            return failed(AttemptFailure::AddressRefused);
        };
        let secret = WebhookKey::open(&self.settings.key_file)?.secret(&claimed.webhook.salt)?;
        if secret.hash() != claimed.webhook.secret_hash {
            return failed(AttemptFailure::SecretLost);
        }
        let body = serde_json::to_string(event)
            .map_err(|error| Failure::internal(format!("an event has no JSON form: {error}")))?;
        let now: TimestampMs = self.store.now();
        let signature = secret.sign(event.id().as_str(), now, &body)?;
        let id = event.id().as_str().to_owned();
        let message = Message { id, timestamp: seconds(now), signature, body };
        Ok(send(&target, &self.connector, message).await)
    }
}

/// The pause after an attempt: four times the one before, within bounds, and spread by up to a
/// quarter either way, so that those which failed together do not come back together.
fn backoff_ms(attempt: i64, random: u16) -> i64 {
    let doublings = u32::try_from((attempt - 1).clamp(0, 30) * 2).unwrap_or(0);
    let pause_ms = (BACKOFF_MS_MIN << doublings.min(30)).min(BACKOFF_MS_MAX);
    let spread = pause_ms / 2 * i64::from(random) / i64::from(u16::MAX);
    (pause_ms - pause_ms / 4 + spread).min(BACKOFF_MS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f44_pauses_grow_stay_in_their_bounds_and_end_within_three_days() {
        assert_eq!(backoff_ms(1, u16::MAX / 2), 4_999);
        assert_eq!((backoff_ms(1, 0), backoff_ms(1, u16::MAX)), (3_750, 6_250));
        assert_eq!((backoff_ms(2, 0), backoff_ms(2, u16::MAX)), (15_000, 25_000));
        let (mut waited, mut attempts) = (0, 1);
        while waited + backoff_ms(attempts, u16::MAX / 2) <= RETRY_DURATION_MS {
            waited += backoff_ms(attempts, u16::MAX / 2);
            attempts += 1;
        }
        assert!((12..16).contains(&attempts), "{attempts}");
        for attempt in 1..1_000 {
            for random in [0, 1, u16::MAX / 2, u16::MAX] {
                let pause_ms = backoff_ms(attempt, random);
                assert!((3_750..=BACKOFF_MS_MAX).contains(&pause_ms), "{attempt}: {pause_ms}");
            }
        }
    }
}
