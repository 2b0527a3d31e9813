//! One write on its way: what it does is known only to whoever asked for it, and it may be run more
//! than once before it counts.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::oneshot;

use super::Tx;
use super::failure::Failure;

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The result stands: what was kept is durable, what was refused changed nothing.
    Committed,
    /// Nothing was changed; it may be sent again.
    Busy,
    /// There was no space, and nothing was changed.
    Full,
    /// Whether it lasts is not known, and this process cannot go on.
    Lost,
    /// Nothing was changed: the schema is a later one, and this process cannot go on.
    Outdated,
    /// Whether it lasts is not known to this process; the database knows.
    #[cfg(feature = "postgres")]
    Unknown,
    /// The database was not to be reached, and nothing was changed.
    #[cfg(feature = "postgres")]
    Unreachable,
}

/// What became of one job within its savepoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Keep,
    RollBack,
    /// Another write was in the way: it can be run again.
    Again,
    /// The session ended: it can be run again in another one.
    Gone,
    Full,
    Lost,
}

/// A job whose type of result only its caller knows.
pub(super) trait Job: Send {
    fn run(&mut self, tx: &Tx<'_>) -> Outcome;
    fn answer(self: Box<Self>, fate: Fate);
}

pub(super) struct Pending<T, J> {
    pub(super) job: J,
    pub(super) result: Option<Result<T, Failure>>,
    pub(super) reply: oneshot::Sender<Result<T, Failure>>,
}

impl<T, J> Job for Pending<T, J>
where
    T: Send,
    J: Fn(&Tx<'_>) -> Result<T, Failure> + Send,
{
    fn run(&mut self, tx: &Tx<'_>) -> Outcome {
        // A fault in one job must not take the others with it.
        let result = catch_unwind(AssertUnwindSafe(|| (self.job)(tx)))
            .unwrap_or_else(|_| Err(Failure::internal("a write panicked")));
        let outcome = match &result {
            Ok(_) => Outcome::Keep,
            Err(Failure::Full) => Outcome::Full,
            Err(Failure::Lost) => Outcome::Lost,
            Err(Failure::Conflict) => Outcome::Again,
            Err(Failure::Unreachable(_)) => Outcome::Gone,
            Err(_) => Outcome::RollBack,
        };
        self.result = Some(result);
        outcome
    }

    fn answer(self: Box<Self>, fate: Fate) {
        let answer = match (fate, self.result) {
            (Fate::Committed, Some(result)) => result,
            // Even a refusal may rest on another job's change that did not last.
            (Fate::Busy | Fate::Committed, _) => Err(Failure::Busy),
            (Fate::Full, _) => Err(Failure::Full),
            (Fate::Lost, _) => Err(Failure::Lost),
            (Fate::Outdated, _) => Err(Failure::Outdated),
            #[cfg(feature = "postgres")]
            (Fate::Unknown, _) => Err(Failure::Unknown),
            #[cfg(feature = "postgres")]
            (Fate::Unreachable, _) => Err(Failure::Unreachable("the database".to_owned())),
        };
        // Whoever asked may have gone; the write stands all the same.
        let _ = self.reply.send(answer);
    }
}
