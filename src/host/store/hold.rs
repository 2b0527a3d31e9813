//! What a write holds on to until it ends, where others write at the same time.
//!
//! SQLite has one writer, and nothing here does anything. On PostgreSQL a write first locks what it
//! reads in order to change it, or in order to rely on it, and so sees what the write before it left.
//! The order is: policy, principals and grants, proposal, case, execution; then the outbox. Where two
//! writes meet in another order all the same, the server ends one of them, and it is run again.

use std::borrow::Cow;

use super::sql::Engine;
use super::{Failure, Snapshot};
#[cfg(feature = "postgres")]
use crate::host::people::HOST_TENANT;
use crate::identity::Actor;
#[cfg(feature = "postgres")]
use crate::identity::GrantRole;

/// What a row is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// To be changed: nobody else may change it, or rely on it, before this write ends.
    Change,
    /// To be relied on: nobody may change it before this write ends.
    Rely,
    /// To be taken: whoever else looks for one takes the next.
    Take,
}

impl Snapshot<'_> {
    fn locks(&self) -> bool {
        self.is_writing && self.connection.engine() != Engine::Sqlite
    }

    /// The statement, which holds its rows where this is a write.
    pub(super) fn holding<'t>(&self, select: &'t str, hold: Hold) -> Cow<'t, str> {
        if !self.locks() {
            return Cow::Borrowed(select);
        }
        let how = match hold {
            Hold::Change => "FOR UPDATE",
            Hold::Rely => "FOR SHARE",
            Hold::Take => "FOR UPDATE SKIP LOCKED",
        };
        Cow::Owned(format!("{select} {how}"))
    }

    /// Whether a row that was found must still be taken before it is used.
    pub(super) fn must_take(&self) -> bool {
        self.locks()
    }

    /// Waits until no other write does the same thing: for what stands in no row yet.
    pub(super) fn alone(&self, thing: &[&str]) -> Result<(), Failure> {
        if !self.locks() {
            return Ok(());
        }
        let lock = "SELECT 1 FROM (SELECT pg_advisory_xact_lock(hashtextextended(?1, 0))) AS held";
        let mut statement = self.connection.prepare_cached(lock)?;
        statement.exists([thing.join("\n")])?;
        Ok(())
    }

    /// Closes everything to this transaction but what the actor may touch: their own tenant and those
    /// that their grants name. What a statement forgets to ask, the server asks.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn narrow(&self, actor: &Actor) -> Result<(), Failure> {
        #[cfg(feature = "postgres")]
        if let Some(session) = self.connection.session() {
            let mut tenants = vec![actor.principal.tenant_id.as_str()];
            let grants = actor.grants.iter().filter(|grant| grant.in_force(self.now));
            for grant in grants {
                tenants.extend(grant.tenants.iter().map(String::as_str));
                // What is proposed for a tenant's policy, and its log, is kept with the host's own.
                tenants.extend((grant.role == GrantRole::PolicyOwner).then_some(HOST_TENANT));
            }
            tenants.sort_unstable();
            tenants.dedup();
            let is_everywhere = tenants.contains(&"*");
            let scope = if is_everywhere { "*".to_owned() } else { tenants.join(" ") };
            session.narrow(&scope)?;
        }
        #[cfg(not(feature = "postgres"))]
        let _ = actor;
        Ok(())
    }
}
