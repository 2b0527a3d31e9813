//! Random audits that nobody judged in time.
//!
//! A watch over wrong answers is fed by judgements alone: where they stop, it would see nothing, and
//! say nothing. So an audit that is due, like one that is lost, counts as a wrong answer there. Its case
//! stays where it is; what is found of it later still teaches the model.

use super::hold::Hold;
use super::random_audits::{self, RandomAudit};
use super::{Failure, Snapshot, Tx, monitors};
use crate::identity::ActorReference;

/// Whether an audit should have been judged by now.
///
/// # Errors
/// Where the store fails.
pub fn has_any(snapshot: &Snapshot<'_>) -> Result<bool, Failure> {
    let select = "SELECT 1 FROM random_audits WHERE judge_by <= ?1 LIMIT 1";
    Ok(snapshot.connection.prepare_cached(select)?.exists([snapshot.now.as_ms()])?)
}

/// Counts what should have been judged by now, some at a time.
///
/// # Errors
/// Where the store fails.
pub fn count(tx: &Tx<'_>, by: &ActorReference) -> Result<(), Failure> {
    let select =
        "SELECT body FROM random_audits WHERE judge_by <= ?1 ORDER BY judge_by, audit_id LIMIT 200";
    let select = tx.holding(select, Hold::Take);
    let mut statement = tx.connection.prepare_cached(&*select)?;
    let bodies: Vec<String> =
        statement.query_map([tx.now.as_ms()], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for body in bodies {
        let audit = RandomAudit { overdue_since: Some(tx.now), ..random_audits::read(&body)? };
        random_audits::store(tx, &audit, "random_audit_overdue", by.clone())?;
        monitors::unjudged(tx, &audit, by)?;
    }
    Ok(())
}
