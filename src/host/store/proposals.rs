//! Proposals as they are stored: the record in canonical form, and copies of what indexes need.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::audit::{stored_json, text_list};
use super::events::stored_id;
use super::hold::Hold;
use super::sql::{OptionalExtension as _, Value, params, params_from_iter};
use super::{Failure, Snapshot, Tx};
use crate::compile::to_json;
use crate::identity::{Actor, GrantRole};
use crate::proposal::Proposal;
use crate::read::Node;
use crate::units::{Id, TimestampMs};
use crate::word::words;

words! {
    /// Which part of the work.
    pub enum View {
        /// What waits for a decision.
        Open = "open",
        /// What was proposed, edited or approved by whoever asks.
        Mine = "mine",
        /// What is approved, and not finished.
        Approved = "approved",
        /// What has ended.
        Closed = "closed",
        /// Everything.
        All = "all",
    }
}

words! {
    /// In which order.
    pub enum Order {
        /// What expires first.
        Expires = "expires",
        /// The newest first.
        Age = "age",
    }
}

/// Which proposals are asked for.
#[derive(Clone, Debug)]
pub struct ListQuery {
    /// Which part of the work.
    pub view: View,
    /// In which order.
    pub order: Order,
    /// Equal to these columns, by name.
    pub equal: Vec<(&'static str, String)>,
    /// With this text in tool, target, reason or id.
    pub text: Option<String>,
    /// After this row of the page before: its key, proposal and tenant.
    pub after: Option<(i64, Id, Id)>,
    /// At most so many.
    pub limit: usize,
}

/// Stores a new proposal.
///
/// # Errors
/// `duplicate` if the tenant has a proposal of that id.
pub fn insert(tx: &Tx<'_>, proposal: &Proposal) -> Result<(), Failure> {
    let insert = "INSERT INTO proposals (tenant_id, proposal_id, revision, state, root_proposal_id, \
        case_id, risk_level, requested_by, requested_by_person, created_at, expires_at, effective_at, \
        body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) ON CONFLICT DO NOTHING";
    let changed = tx.connection.prepare_cached(insert)?.execute(params![
        proposal.tenant_id.as_str(),
        proposal.proposal_id.as_str(),
        proposal.revision,
        proposal.state.as_str(),
        proposal.root_proposal_id.as_str(),
        proposal.case_id.as_ref().map(Id::as_str),
        proposal.required.tier.as_str(),
        proposal.requested_by.as_str(),
        proposal.requested_by_person.as_ref().map(Id::as_str),
        proposal.created_at.as_ms(),
        proposal.expires_at.as_ms(),
        proposal.effective_at.map(TimestampMs::as_ms),
        canonical(proposal)?,
    ])?;
    match changed {
        1 => Ok(()),
        _ => Err(Failure::Refused(Proposal::duplicate(&proposal.proposal_id))),
    }
}

/// Stores the new form of a proposal that was read at `revision_before`.
///
/// # Errors
/// `stale_version` if exactly one row did not change.
pub fn update(tx: &Tx<'_>, proposal: &Proposal, revision_before: i64) -> Result<(), Failure> {
    let update = "UPDATE proposals SET revision = ?4, state = ?5, effective_at = ?6, body = ?7 \
        WHERE tenant_id = ?1 AND proposal_id = ?2 AND revision = ?3";
    let changed = tx.connection.prepare_cached(update)?.execute(params![
        proposal.tenant_id.as_str(),
        proposal.proposal_id.as_str(),
        revision_before,
        proposal.revision,
        proposal.state.as_str(),
        proposal.effective_at.map(TimestampMs::as_ms),
        canonical(proposal)?,
    ])?;
    if changed != 1 {
        return Err(Failure::Refused(crate::proposal::Edit::stale()));
    }
    put_votes(tx, proposal)
}

/// The votes as rows of their own, so that the database too refuses a second one of a person.
fn put_votes(tx: &Tx<'_>, proposal: &Proposal) -> Result<(), Failure> {
    let key = (proposal.tenant_id.as_str(), proposal.proposal_id.as_str());
    let delete = "DELETE FROM proposal_votes WHERE tenant_id = ?1 AND proposal_id = ?2";
    tx.connection.prepare_cached(delete)?.execute(key)?;
    let insert = "INSERT INTO proposal_votes (tenant_id, proposal_id, person_id, principal_id, \
        voted_at) VALUES (?1, ?2, ?3, ?4, ?5)";
    for vote in &proposal.votes {
        tx.connection.prepare_cached(insert)?.execute(params![
            key.0,
            key.1,
            vote.person().as_str(),
            vote.by.principal_id.as_str(),
            vote.voted_at.as_ms(),
        ])?;
    }
    Ok(())
}

/// One proposal.
///
/// # Errors
/// Where the store fails.
pub fn get(
    snapshot: &Snapshot<'_>,
    tenant_id: &Id,
    proposal_id: &Id,
) -> Result<Option<Proposal>, Failure> {
    let select = "SELECT body FROM proposals WHERE tenant_id = ?1 AND proposal_id = ?2";
    let select = snapshot.holding(select, Hold::Change);
    let mut statement = snapshot.connection.prepare_cached(&*select)?;
    let key = [tenant_id.as_str(), proposal_id.as_str()];
    let body: Option<String> = statement.query_row(key, |row| row.get(0)).optional()?;
    body.map(|body| read(&body)).transpose()
}

/// The proposals of that id, one per tenant at most.
///
/// # Errors
/// Where the store fails.
pub fn find(snapshot: &Snapshot<'_>, proposal_id: &Id) -> Result<Vec<Proposal>, Failure> {
    let select = "SELECT body FROM proposals WHERE proposal_id = ?1 ORDER BY tenant_id";
    let select = snapshot.holding(select, Hold::Change);
    let mut statement = snapshot.connection.prepare_cached(&*select)?;
    let bodies = statement.query_map([proposal_id.as_str()], |row| row.get::<_, String>(0))?;
    bodies.map(|body| read(&body?)).collect()
}

/// The proposals of a case that nothing else stands in the place of, in the order of their making.
///
/// # Errors
/// Where the store fails.
pub fn of_case(
    snapshot: &Snapshot<'_>,
    tenant_id: &Id,
    case_id: &Id,
) -> Result<Vec<Proposal>, Failure> {
    let select = "SELECT body FROM proposals WHERE tenant_id = ?1 AND case_id = ?2 \
        ORDER BY created_at, proposal_id";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let key = [tenant_id.as_str(), case_id.as_str()];
    let bodies = statement.query_map(key, |row| row.get::<_, String>(0))?;
    let mut last: BTreeMap<Id, Proposal> = BTreeMap::new();
    for body in bodies {
        let proposal = read(&body?)?;
        last.insert(proposal.root_proposal_id.clone(), proposal);
    }
    Ok(last.into_values().collect())
}

/// What the host has to do next about a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Ask for a preview, or let people decide without one.
    Preview,
    /// Execute it.
    Start,
    /// End it: nobody decided in time.
    Expire,
}

/// Proposals whose time has come, each with what is to be done.
///
/// # Errors
/// Where the store fails.
pub fn due(snapshot: &Snapshot<'_>, limit: i64) -> Result<Vec<(Due, Id, Id)>, Failure> {
    let kinds = [
        (Due::Expire, "state IN ('previewing', 'pending', 'approved') AND expires_at <= ?1"),
        (Due::Preview, "state = 'previewing' AND expires_at > ?1"),
        // Where an action has no executor, whoever proposed it acts.
        (
            Due::Start,
            "state = 'approved' AND effective_at <= ?1 AND expires_at > ?1 \
             AND NOT EXISTS (SELECT 1 FROM json_each(body, '$.executors') WHERE value IS NULL)",
        ),
    ];
    let mut found = Vec::new();
    for (due, condition) in kinds {
        let select = format!(
            "SELECT tenant_id, proposal_id FROM proposals WHERE {condition} \
             ORDER BY expires_at LIMIT ?2"
        );
        let mut statement = snapshot.connection.prepare_cached(&select)?;
        let rows = statement.query_map([snapshot.now.as_ms(), limit], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })?;
        for row in rows {
            let (tenant_id, proposal_id) = row?;
            found.push((due, stored_id(&tenant_id)?, stored_id(&proposal_id)?));
        }
    }
    Ok(found)
}

/// Whether no execution of the proposal's line is under way.
///
/// # Errors
/// Where the store fails.
pub fn line_is_clear(snapshot: &Snapshot<'_>, proposal: &Proposal) -> Result<bool, Failure> {
    let line = ["line", proposal.tenant_id.as_str(), proposal.root_proposal_id.as_str()];
    snapshot.alone(&line)?;
    let select = "SELECT 1 FROM executions e JOIN proposals p \
        ON p.tenant_id = e.tenant_id AND p.proposal_id = e.proposal_id \
        WHERE p.tenant_id = ?1 AND p.root_proposal_id = ?2 \
        AND e.state IN ('prepared', 'started', 'unknown') LIMIT 1";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let busy = statement.exists([proposal.tenant_id.as_str(), proposal.root_proposal_id.as_str()]);
    Ok(!busy?)
}

/// How many actions of one tool's entry were let through for a target since an instant; those that
/// are known to have had no effect do not count, nor does the line itself.
///
/// # Errors
/// Where the store fails.
pub fn count_alike(
    snapshot: &Snapshot<'_>,
    tenant_id: &Id,
    entry: &str,
    target: &str,
    since: TimestampMs,
    root: Option<&Id>,
) -> Result<i64, Failure> {
    snapshot.alone(&["limits", tenant_id.as_str()])?;
    let select = format!(
        "SELECT count(*) FROM proposals p, json_each(p.body, '$.gate.actions') a \
         WHERE {LET_THROUGH} AND coalesce(a.value ->> '$.entry', a.value ->> '$.tool') = ?4 \
         AND a.value ->> '$.impact.target' = ?5"
    );
    let mut statement = snapshot.connection.prepare_cached(&select)?;
    let root = root.map_or("", Id::as_str);
    let values = params![tenant_id.as_str(), since.as_ms(), root, entry, target];
    Ok(statement.query_row(values, |row| row.get(0))?)
}

/// How much whoever asks has moved since an instant, in minor units of the base currency.
///
/// # Errors
/// Where the store fails.
pub fn moved_by(
    snapshot: &Snapshot<'_>,
    tenant_id: &Id,
    principal_id: &Id,
    since: TimestampMs,
    root: Option<&Id>,
) -> Result<i64, Failure> {
    snapshot.alone(&["limits", tenant_id.as_str()])?;
    let select = format!(
        "SELECT CAST(coalesce(sum(CAST(p.body ->> '$.gate.impact.magnitude.amount_minor' AS BIGINT)), 0) \
         AS BIGINT) \
         FROM proposals p WHERE {LET_THROUGH} AND p.requested_by = ?4"
    );
    let mut statement = snapshot.connection.prepare_cached(&select)?;
    let root = root.map_or("", Id::as_str);
    let values = params![tenant_id.as_str(), since.as_ms(), root, principal_id.as_str()];
    Ok(statement.query_row(values, |row| row.get(0))?)
}

/// Of tenant 1, since 2, not of line 3: what is approved, and not known to have had no effect.
const LET_THROUGH: &str = "p.tenant_id = ?1 AND p.created_at >= ?2 AND p.root_proposal_id <> ?3 \
    AND p.state IN ('approved', 'consumed') AND (p.state = 'approved' OR EXISTS \
    (SELECT 1 FROM executions e WHERE e.tenant_id = p.tenant_id AND e.proposal_id = p.proposal_id \
    AND e.state NOT IN ('failed', 'cancelled')))";

/// The proposals that an actor may see, a page of them; each with its key in the order.
///
/// # Errors
/// Where the store fails.
pub fn list(
    snapshot: &Snapshot<'_>,
    actor: &Actor,
    query: &ListQuery,
) -> Result<Vec<(i64, Proposal)>, Failure> {
    let key = match query.order {
        Order::Expires => "p.expires_at",
        Order::Age => "-p.created_at",
    };
    let mut sql =
        Sql { text: format!("SELECT p.body, {key} FROM proposals p WHERE "), values: Vec::new() };
    sql.visible(actor, snapshot.now);
    let unfinished = "EXISTS (SELECT 1 FROM executions e WHERE e.tenant_id = p.tenant_id \
        AND e.proposal_id = p.proposal_id AND e.state IN ('prepared', 'started', 'unknown'))";
    match query.view {
        View::Open => sql.text.push_str(" AND p.state IN ('previewing', 'pending')"),
        View::Approved => {
            let _ = write!(
                sql.text,
                " AND (p.state = 'approved' OR (p.state = 'consumed' AND {unfinished}))"
            );
        }
        View::Closed => {
            let _ = write!(
                sql.text,
                " AND p.state NOT IN ('previewing', 'pending', 'approved') AND NOT {unfinished}"
            );
        }
        View::Mine => sql.mine(actor),
        View::All => {}
    }
    for (column, value) in &query.equal {
        let _ = write!(sql.text, " AND p.{column} = ");
        sql.bind(Value::Text(value.clone()));
    }
    if let Some(text) = &query.text {
        sql.text.push_str(
            " AND instr(lower(p.proposal_id || ' ' || (p.body ->> '$.actions') || ' ' || \
             (p.body ->> '$.gate.reason')), lower(",
        );
        sql.bind(Value::Text(text.clone()));
        sql.text.push_str(")) > 0");
    }
    if let Some((after, proposal_id, tenant_id)) = &query.after {
        let _ = write!(sql.text, " AND ({key}, p.proposal_id, p.tenant_id) > (");
        sql.bind(Value::Integer(*after));
        sql.text.push_str(", ");
        sql.bind(Value::Text(proposal_id.as_str().to_owned()));
        sql.text.push_str(", ");
        sql.bind(Value::Text(tenant_id.as_str().to_owned()));
        sql.text.push(')');
    }
    let _ = write!(sql.text, " ORDER BY {key}, p.proposal_id, p.tenant_id LIMIT {}", query.limit);
    let mut statement = snapshot.connection.prepare_cached(&sql.text)?;
    let mut rows = statement.query(params_from_iter(sql.values))?;
    let mut listed = Vec::new();
    while let Some(row) = rows.next()? {
        let body: String = row.get(0)?;
        let proposal = read(&body)?;
        // The columns narrow down; who may read is decided in one place.
        let operation = crate::identity::ProposalOperation::Read;
        if crate::identity::authorize_proposal(actor, operation, &proposal, snapshot.now).is_ok() {
            listed.push((row.get(1)?, proposal));
        }
    }
    Ok(listed)
}

/// A statement that grows together with its parameters.
struct Sql {
    text: String,
    values: Vec<Value>,
}

impl Sql {
    fn bind(&mut self, value: Value) {
        self.values.push(value);
        let _ = write!(self.text, "?{}", self.values.len());
    }

    /// The same proposals that [`crate::identity::authorize_proposal`] lets the actor read.
    fn visible(&mut self, actor: &Actor, now: TimestampMs) {
        self.text.push('(');
        self.own(actor);
        let reading = [GrantRole::Reviewer, GrantRole::Auditor, GrantRole::Scheduler];
        let grants = actor.grants.iter();
        for grant in grants.filter(|grant| grant.in_force(now) && reading.contains(&grant.role)) {
            self.text.push_str(" OR (TRUE");
            if grant.tenants.iter().all(|name| name != "*") {
                self.text.push_str(" AND p.tenant_id IN (SELECT value FROM json_each(");
                self.bind(Value::Text(text_list(&grant.tenants)));
                self.text.push_str("))");
            }
            if grant.role == GrantRole::Reviewer && grant.domain != "any" {
                let needed = "json_each(p.body, '$.required.authorities')";
                let _ = write!(
                    self.text,
                    " AND (NOT EXISTS (SELECT 1 FROM {needed}) OR EXISTS (SELECT 1 FROM {needed} a \
                     WHERE a.value ->> '$.domain' IN ('any', "
                );
                self.bind(Value::Text(grant.domain.clone()));
                self.text.push_str(")))");
            }
            self.text.push(')');
        }
        self.text.push(')');
    }

    fn own(&mut self, actor: &Actor) {
        self.text.push_str("p.requested_by = ");
        self.bind(Value::Text(actor.principal.principal_id.as_str().to_owned()));
        if let Some(person) = &actor.principal.person_id {
            self.text.push_str(" OR p.requested_by_person = ");
            self.bind(Value::Text(person.as_str().to_owned()));
        }
    }

    fn mine(&mut self, actor: &Actor) {
        self.text.push_str(" AND (");
        self.own(actor);
        self.text.push_str(
            " OR EXISTS (SELECT 1 FROM json_each(p.body, '$.authors') a \
             WHERE a.value ->> '$.principal_id' = ",
        );
        self.bind(Value::Text(actor.principal.principal_id.as_str().to_owned()));
        self.text.push_str(
            ") OR EXISTS (SELECT 1 FROM proposal_votes v WHERE v.tenant_id = p.tenant_id \
             AND v.proposal_id = p.proposal_id AND v.principal_id = ",
        );
        self.bind(Value::Text(actor.principal.principal_id.as_str().to_owned()));
        self.text.push_str("))");
    }
}

fn canonical(proposal: &Proposal) -> Result<String, Failure> {
    let value = to_json(proposal)?;
    // What could not be read again must not be stored.
    Proposal::read(Node::root(&value)).map_err(Failure::Refused)?;
    Ok(value.canonical())
}

/// A proposal from its stored form.
pub(super) fn read(body: &str) -> Result<Proposal, Failure> {
    Proposal::read(Node::root(&stored_json(body)?))
        .map_err(|fault| Failure::internal(format!("a stored proposal cannot be read: {fault}")))
}
