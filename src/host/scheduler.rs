//! What time alone changes: decisions take effect, leases and waits end, marks of deadlines come.
//! Through the same door as everybody.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use crate::host::absence;
use crate::host::executor::Executors;
use crate::host::people::{HostActor, host_actor};
use crate::host::store::{
    Failure, Store, cases, idempotency, instance, overdue_audits, random_audits, rejudging,
    releases,
};
use crate::host::work;
use crate::units::Id;

/// How often the scheduler looks.
const PERIOD: Duration = Duration::from_millis(500);
/// How many periods lie between two sweeps of old idempotency keys (about an hour).
const SWEEP_EVERY: u64 = 7_200;
/// How many periods lie between two looks at audits whose texts never came, or that nobody judged
/// (about a minute).
const GIVE_UP_EVERY: u64 = 120;
/// How many periods lie between two looks at who went away (2 s).
const ABSENCES_EVERY: u64 = 4;
/// How many periods lie between two looks at the clock (5 s).
const CLOCK_EVERY: u64 = 10;
/// How far a clock may be behind what was written before it is told, in milliseconds: hosts differ.
const CLOCK_BEHIND_MS_MAX: i64 = 5_000;
/// Cases that are moved at once.
const MOVES_MAX: i64 = 200;
/// How often it is looked again at once where that many were due; then other work has its turn.
const LOOKS_MAX: usize = 20;
/// Transactions of one look that judge open cases again.
const REJUDGE_STEPS_MAX: usize = 20;
/// When a case is looked at again that waits for something else, in milliseconds.
const AGAIN_MS: i64 = 2_000;

/// Runs until `stop` turns true. Every host may run one: a move that another made first is refused.
pub async fn run(store: Arc<Store>, executors: Arc<Executors>, mut stop: watch::Receiver<bool>) {
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut count: u64 = 0;
    let mut went_back = false;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        if let Err(failure) = catch_up(&store).await {
            tracing::warn!(%failure, "the scheduler could not look");
        }
        if count.is_multiple_of(SWEEP_EVERY)
            && let Err(failure) = store.write(idempotency::sweep).await
        {
            tracing::warn!(%failure, "old idempotency keys could not be removed");
        }
        if count.is_multiple_of(CLOCK_EVERY) {
            match watch_clock(&store, went_back).await {
                Ok(behind) => went_back = behind,
                Err(failure) => tracing::warn!(%failure, "the clock could not be looked at"),
            }
        }
        if count.is_multiple_of(ABSENCES_EVERY)
            && let Err(failure) = absence::pass_on(&store).await
        {
            tracing::warn!(%failure, "what absent people have could not be passed on");
        }
        if let Err(failure) = judge_again(&store, &executors).await {
            tracing::warn!(%failure, "what is open could not be judged again");
        }
        if let Err(failure) = expire_releases(&store).await {
            tracing::warn!(%failure, "releases that nobody confirmed could not be ended");
        }
        if count.is_multiple_of(GIVE_UP_EVERY)
            && let Err(failure) = give_up_audits(&store).await
        {
            tracing::warn!(%failure, "audits that never came or are overdue could not be counted");
        }
        count += 1;
    }
}

/// Keeps in the audit log, once, that the clock went back; time is held until it is there again.
async fn watch_clock(store: &Store, was_behind: bool) -> Result<bool, Failure> {
    let behind_ms = store.read(instance::clock_behind_ms).await?;
    let is_behind = behind_ms > CLOCK_BEHIND_MS_MAX;
    if is_behind && !was_behind {
        tracing::warn!("the clock is {behind_ms} ms behind what was written; time is held");
        store.write(move |tx| instance::tell_clock(tx, behind_ms)).await?;
    }
    Ok(is_behind)
}

/// Moves cases until none is due, or other work must have its turn: what an outage left is made up for
/// as fast as it can be, and not a little in each period.
async fn catch_up(store: &Arc<Store>) -> Result<(), Failure> {
    for _ in 0..LOOKS_MAX {
        if i64::try_from(pass_time(store).await?).unwrap_or(MOVES_MAX) < MOVES_MAX {
            return Ok(());
        }
    }
    Ok(())
}

/// Moves the cases whose time has come, each in a write of its own: one that fails holds up no other,
/// and those that wait together share a commit. What should have happened first is asked for first, so
/// that an outage is made up for in the order of the deadlines. Gives how many are done with.
///
/// # Errors
/// Where the store cannot be read.
pub async fn pass_time(store: &Arc<Store>) -> Result<usize, Failure> {
    let due = store.read(|snapshot| cases::due_to_move(snapshot, MOVES_MAX)).await?;
    let done = AtomicUsize::new(0);
    let count = &done;
    let moves = due.into_iter().map(|(tenant_id, case_id)| {
        let told = case_id.clone();
        async move {
            match move_one(store, tenant_id, case_id).await {
                Ok(()) => _ = count.fetch_add(1, Ordering::Relaxed),
                // Somebody else was first.
                Err(Failure::Refused(fault)) => {
                    count.fetch_add(1, Ordering::Relaxed);
                    tracing::debug!(case_id = %told, %fault, "not moved");
                }
                Err(failure) => {
                    tracing::warn!(case_id = %told, %failure, "a case could not be moved");
                }
            }
        }
    });
    if store.has_one_writer() {
        in_order(moves).await;
    } else {
        // Of several sessions that write, a later one could be first.
        for one in moves {
            one.await;
        }
    }
    Ok(done.into_inner())
}

/// Judges what is open by the policy that came into force, a few in each transaction, until nothing is
/// left or the host is needed for something else.
///
/// # Errors
/// Where the store fails.
pub async fn judge_again(store: &Store, executors: &Arc<Executors>) -> Result<(), Failure> {
    for _ in 0..REJUDGE_STEPS_MAX {
        if !store.read(rejudging::is_due).await? {
            return Ok(());
        }
        let executors = Arc::clone(executors);
        store.write(move |tx| rejudging::step(tx, &executors)).await?;
    }
    Ok(())
}

/// Ends releases that nobody confirmed in time.
///
/// # Errors
/// Where the store fails.
pub async fn expire_releases(store: &Store) -> Result<(), Failure> {
    if !store.read(releases::has_overdue).await? {
        return Ok(());
    }
    let write = store.write(|tx| {
        let actor = host_actor(tx, HostActor::Scheduler)?;
        releases::expire(tx, MOVES_MAX, &actor.reference())
    });
    write.await
}

/// Counts as lost what no edge delivered in time, and as overdue what nobody judged in time.
///
/// # Errors
/// Where the store fails.
pub async fn give_up_audits(store: &Store) -> Result<(), Failure> {
    if store.read(random_audits::has_overdue).await? {
        let write = store.write(|tx| {
            let actor = host_actor(tx, HostActor::Scheduler)?;
            random_audits::give_up(tx, &actor.reference())
        });
        write.await?;
    }
    if store.read(overdue_audits::has_any).await? {
        let write = store.write(|tx| {
            let actor = host_actor(tx, HostActor::Scheduler)?;
            overdue_audits::count(tx, &actor.reference())
        });
        write.await?;
    }
    Ok(())
}

async fn move_one(store: &Store, tenant_id: Id, case_id: Id) -> Result<(), Failure> {
    let (tenant, case) = (tenant_id.clone(), case_id.clone());
    let write = store.write(move |tx| {
        let Some(case) = cases::get(tx, &tenant_id, &case_id)? else { return Ok(()) };
        match work::due_command(tx, &case)? {
            Some(command) => work::pass_time(tx, case, command).map(|_| ()),
            None => {
                let again = tx.now.saturating_add(AGAIN_MS);
                cases::postpone(tx, &tenant_id, &case_id, again)
            }
        }
    });
    let moved = write.await;
    if matches!(moved, Err(Failure::Refused(_) | Failure::Internal(_))) {
        // A case that cannot be moved must not keep others from being looked at.
        let later = store
            .write(move |tx| cases::postpone(tx, &tenant, &case, tx.now.saturating_add(AGAIN_MS)));
        later.await?;
    }
    moved
}

/// Runs all of them at once, and begins them in their order: the writer takes what comes first first.
async fn in_order<F: Future<Output = ()> + Send>(futures: impl Iterator<Item = F>) {
    let mut waiting: Vec<Pin<Box<F>>> = futures.map(Box::pin).collect();
    std::future::poll_fn(|context| {
        waiting.retain_mut(|future| future.as_mut().poll(context).is_pending());
        if waiting.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
