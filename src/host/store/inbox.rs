//! Lists of cases: who may see which, in which order, a page at a time, and the counts per queue.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::audit::stored_json;
use super::sql::{Row, Value, params_from_iter};
use super::{Failure, Snapshot};
use crate::identity::{Actor, GrantRole};
use crate::json::Json;
use crate::units::TimestampMs;
use crate::word::words;

words! {
    /// Which part of the work.
    pub enum View {
        /// What I hold.
        Mine = "mine",
        /// What somebody still has to work on.
        Open = "open",
        /// What has ended.
        Resolved = "resolved",
        /// Everything.
        All = "all",
    }
}

words! {
    /// In which order.
    pub enum Order {
        /// The nearest deadline first.
        Due = "due",
        /// The oldest first.
        Age = "age",
        /// The highest priority first, then the nearest deadline.
        Priority = "priority",
    }
}

/// Which cases are asked for.
#[derive(Clone, Debug)]
pub struct ListQuery {
    /// Which part of the work.
    pub view: View,
    /// In which order.
    pub order: Order,
    /// Equal to these columns, by name.
    pub equal: Vec<(&'static str, String)>,
    /// With this text in question, reason or id.
    pub text: Option<String>,
    /// After this row of the page before.
    pub after: Option<Cursor>,
    /// At most so many.
    pub limit: usize,
}

/// Where a page ended: the keys of its last row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The order's keys.
    pub keys: Vec<i64>,
    /// The last row's case.
    pub case_id: String,
    /// The last row's tenant.
    pub tenant_id: String,
}

/// One row of a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The stored case.
    pub case: Json,
    /// The holder's name.
    pub leased_by_name: Option<String>,
    /// Where it stands in the order.
    pub cursor: Cursor,
}

/// What there is in one queue.
#[derive(Clone, Copy, Debug, Default)]
pub struct QueueCounts {
    /// Waiting for somebody.
    pub ready: i64,
    /// Held by somebody.
    pub leased: i64,
    /// Decided, still to be taken back.
    pub held: i64,
    /// Open after the deadline.
    pub overdue: i64,
    /// The nearest deadline of an open case.
    pub next_due_at: Option<TimestampMs>,
}

impl Order {
    const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Due => &["c.due_at"],
            Self::Age => &["c.created_at"],
            Self::Priority => &["-c.priority", "c.due_at"],
        }
    }

    /// How many keys a cursor of this order has.
    #[must_use]
    pub const fn key_count(self) -> usize {
        self.keys().len()
    }
}

/// The cases that an actor may see, a page of them.
///
/// # Errors
/// Where the store fails.
pub fn list(
    snapshot: &Snapshot<'_>,
    actor: &Actor,
    query: &ListQuery,
) -> Result<Vec<Listed>, Failure> {
    let mut sql = Sql::default();
    let keys = query.order.keys();
    let _ = write!(
        sql.text,
        "SELECT c.body, p.name, c.case_id, c.tenant_id, {} \
         FROM cases c LEFT JOIN principals p ON p.principal_id = c.leased_by WHERE ",
        keys.join(", ")
    );
    sql.visible(actor, snapshot.now);
    match query.view {
        View::Mine => {
            sql.text.push_str(" AND c.state = 'leased' AND c.leased_by = ");
            sql.bind(Value::Text(actor.principal.principal_id.as_str().to_owned()));
        }
        View::Open => {
            sql.text.push_str(" AND c.state IN ('ready', 'leased', 'waiting', 'deferred')");
        }
        View::Resolved => {
            sql.text.push_str(" AND c.state IN ('held', 'resolved', 'expired', 'withdrawn')");
        }
        View::All => {}
    }
    for (column, value) in &query.equal {
        let _ = write!(sql.text, " AND c.{column} = ");
        sql.bind(Value::Text(value.clone()));
    }
    if let Some(text) = &query.text {
        sql.text.push_str(
            " AND instr(lower(c.case_id || ' ' || (c.body ->> '$.user_question') || ' ' || \
             (c.body ->> '$.reason_for_escalation')), lower(",
        );
        sql.bind(Value::Text(text.clone()));
        sql.text.push_str(")) > 0");
    }
    let columns = format!("{}, c.case_id, c.tenant_id", keys.join(", "));
    if let Some(after) = &query.after {
        let _ = write!(sql.text, " AND ({columns}) > (");
        for key in &after.keys {
            sql.bind(Value::Integer(*key));
            sql.text.push_str(", ");
        }
        sql.bind(Value::Text(after.case_id.clone()));
        sql.text.push_str(", ");
        sql.bind(Value::Text(after.tenant_id.clone()));
        sql.text.push(')');
    }
    let _ = write!(sql.text, " ORDER BY {columns} LIMIT {}", query.limit);
    let mut statement = snapshot.connection.prepare_cached(&sql.text)?;
    let mut rows = statement.query(params_from_iter(sql.values))?;
    let mut listed = Vec::new();
    while let Some(row) = rows.next()? {
        listed.push(read_row(&row, keys.len())?);
    }
    Ok(listed)
}

/// Counts per queue of the cases that an actor may see.
///
/// # Errors
/// Where the store fails.
pub fn counts(
    snapshot: &Snapshot<'_>,
    actor: &Actor,
) -> Result<BTreeMap<String, QueueCounts>, Failure> {
    let mut sql = Sql::default();
    sql.text.push_str(
        "SELECT c.queue, c.state, count(*), min(c.due_at), count(*) FILTER (WHERE c.due_at <= ",
    );
    sql.bind(Value::Integer(snapshot.now.as_ms()));
    sql.text.push_str(
        ") FROM cases c WHERE c.state IN ('ready', 'leased', 'waiting', 'deferred', 'held') AND ",
    );
    sql.visible(actor, snapshot.now);
    sql.text.push_str(" GROUP BY c.queue, c.state");
    let mut statement = snapshot.connection.prepare_cached(&sql.text)?;
    let mut rows = statement.query(params_from_iter(sql.values))?;
    let mut queues: BTreeMap<String, QueueCounts> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let counts = queues.entry(row.get(0)?).or_default();
        let (state, count): (String, i64) = (row.get(1)?, row.get(2)?);
        match state.as_str() {
            "ready" => counts.ready += count,
            "leased" => counts.leased += count,
            "held" => counts.held += count,
            _ => {}
        }
        if state != "held" {
            counts.overdue += row.get::<_, i64>(4)?;
            let due_at = row.get::<_, Option<i64>>(3)?.and_then(TimestampMs::new);
            counts.next_due_at = counts.next_due_at.into_iter().chain(due_at).min();
        }
    }
    Ok(queues)
}

/// A statement that grows together with its parameters.
#[derive(Default)]
struct Sql {
    text: String,
    values: Vec<Value>,
}

impl Sql {
    fn bind(&mut self, value: Value) {
        self.values.push(value);
        let _ = write!(self.text, "?{}", self.values.len());
    }

    /// The same cases that [`crate::identity::authorize`] lets the actor read.
    fn visible(&mut self, actor: &Actor, now: TimestampMs) {
        self.text.push_str("(c.body ->> '$.purpose' <> 'second' AND (c.requested_by = ");
        self.bind(Value::Text(actor.principal.principal_id.as_str().to_owned()));
        if let Some(person) = &actor.principal.person_id {
            self.text.push_str(" OR c.requested_by_person = ");
            self.bind(Value::Text(person.as_str().to_owned()));
        }
        self.text.push(')');
        let reading = [GrantRole::Reviewer, GrantRole::Lead, GrantRole::Auditor];
        let grants = actor.grants.iter();
        for grant in grants.filter(|grant| grant.in_force(now) && reading.contains(&grant.role)) {
            self.text.push_str(" OR (TRUE");
            self.within("c.tenant_id", &grant.tenants);
            if grant.role != GrantRole::Auditor {
                self.within("c.queue", &grant.queues);
            }
            self.text.push(')');
        }
        self.text.push(')');
    }

    fn within(&mut self, column: &str, names: &[String]) {
        if names.iter().any(|name| name == "*") {
            return;
        }
        let _ = write!(self.text, " AND {column} IN (SELECT value FROM json_each(");
        self.bind(Value::Text(super::audit::text_list(names)));
        self.text.push_str("))");
    }
}

fn read_row(row: &Row<'_>, key_count: usize) -> Result<Listed, Failure> {
    let body: String = row.get(0)?;
    let keys: Result<Vec<i64>, _> = (4..4 + key_count).map(|index| row.get(index)).collect();
    Ok(Listed {
        case: stored_json(&body)?,
        leased_by_name: row.get(1)?,
        cursor: Cursor { keys: keys?, case_id: row.get(2)?, tenant_id: row.get(3)? },
    })
}
