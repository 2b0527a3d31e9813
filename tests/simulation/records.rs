//! What the database says happened: every new audit entry is folded into a record of its own, and
//! the stored row, its columns and the outbox must say the same.

use std::collections::{BTreeMap, BTreeSet};

use countersign::audit::AuditEntry;
use countersign::case::{self, Case};
use countersign::compile::to_json;
use countersign::execution::{self, Execution};
use countersign::proposal::{self, Proposal};
use countersign::read::Node;
use rusqlite::Connection;

use crate::site::json;

/// What changed since it was last looked.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    pub(crate) cases: BTreeSet<String>,
    pub(crate) proposals: BTreeSet<String>,
    pub(crate) executions: BTreeSet<String>,
    pub(crate) events: Vec<String>,
    /// Who did it.
    pub(crate) actors: BTreeSet<String>,
    /// Entries of any kind.
    pub(crate) entries: usize,
}

/// Every record, folded from its entries.
#[derive(Default)]
pub(crate) struct Records {
    rowid: i64,
    sequences: BTreeMap<String, i64>,
    pub(crate) cases: BTreeMap<String, Case>,
    pub(crate) proposals: BTreeMap<String, Proposal>,
    pub(crate) executions: BTreeMap<String, Execution>,
    released: BTreeSet<String>,
}

const COLUMNS: &[(&str, &str, &[&str])] = &[
    ("cases", "case_id", &["revision", "state", "leased_by", "epoch", "queue", "priority"]),
    ("proposals", "proposal_id", &["revision", "state", "root_proposal_id"]),
    ("executions", "execution_id", &["revision", "state", "idempotency_key", "position"]),
];

impl Records {
    /// Takes what was there before as given.
    pub(crate) fn begin(database: &Connection) -> Self {
        let select = "SELECT coalesce(max(rowid), 0) FROM audit_pending";
        let rowid = database.query_row(select, [], |row| row.get(0)).unwrap();
        Self { rowid, ..Self::default() }
    }

    pub(crate) fn look(&mut self, database: &Connection, now_ms: i64) -> Result<Touched, String> {
        let mut touched = Touched::default();
        let mut told = Vec::new();
        let select = "SELECT rowid, entity_version, entry_id, entry FROM audit_pending \
            WHERE rowid > ?1 ORDER BY rowid";
        let mut statement = database.prepare_cached(select).unwrap();
        let mut rows = statement.query([self.rowid]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            self.rowid = row.get(0).unwrap();
            let (version, entry_id): (i64, String) = (row.get(1).unwrap(), row.get(2).unwrap());
            let text: String = row.get(3).unwrap();
            let value = json(&serde_json::from_str(&text).unwrap());
            let entry = AuditEntry::read(Node::root(&value)).map_err(|fault| fault.to_string())?;
            if entry.at.as_ms() != now_ms {
                return Err(format!("an entry of {} at {now_ms}", entry.at.as_ms()));
            }
            touched.entries += 1;
            touched.actors.insert(entry.actor.principal_id.as_str().to_owned());
            if matches!(entry.entity_kind.as_str(), "case" | "proposal" | "execution") {
                touched.events.push(entry.event.clone());
                self.fold(&entry, version, &mut touched)?;
                told.push((entry.tenant_id.as_str().to_owned(), entry_id, entry.event.clone()));
            }
        }
        self.outbox(database, &told)?;
        for (table, key, columns) in COLUMNS {
            let ids = match *table {
                "cases" => &touched.cases,
                "proposals" => &touched.proposals,
                _ => &touched.executions,
            };
            for id in ids {
                self.compare(database, table, key, columns, id)?;
            }
        }
        Ok(touched)
    }

    fn fold(
        &mut self,
        entry: &AuditEntry,
        version: i64,
        touched: &mut Touched,
    ) -> Result<(), String> {
        let id = entry.entity_id.as_str().to_owned();
        let data = Node::root(&entry.data);
        let unreadable = |fault| format!("an event of `{id}` cannot be read: {fault}");
        let headless = || format!("`{id}` begins with `{}`", entry.event);
        let revision = match entry.entity_kind.as_str() {
            "case" => {
                let before = self.cases.get(&id);
                let event = case::Event::read(&entry.event, data, before).map_err(unreadable)?;
                if event.name() == "answer_released" && !self.released.insert(id.clone()) {
                    return Err(format!("the answer of `{id}` was released twice"));
                }
                let after = match (&event, self.cases.remove(&id)) {
                    (case::Event::CaseCreated { case }, None) => (**case).clone(),
                    (_, Some(before)) => before.with(&event),
                    _ => return Err(headless()),
                };
                touched.cases.insert(id.clone());
                let revision = after.revision;
                self.cases.insert(id.clone(), after);
                revision
            }
            "proposal" => {
                let event = proposal::Event::read(&entry.event, data).map_err(unreadable)?;
                let after = match (&event, self.proposals.remove(&id)) {
                    (proposal::Event::ApprovalRequested { proposal }, None) => (**proposal).clone(),
                    (_, Some(before)) => before.with(&event),
                    _ => return Err(headless()),
                };
                touched.proposals.insert(id.clone());
                let revision = after.revision;
                self.proposals.insert(id.clone(), after);
                revision
            }
            _ => {
                let event = execution::Event::read(&entry.event, data).map_err(unreadable)?;
                let after = match (&event, self.executions.remove(&id)) {
                    (execution::Event::ExecutionPrepared { execution }, None) => {
                        (**execution).clone()
                    }
                    (_, Some(before)) => before.with(&event),
                    _ => return Err(headless()),
                };
                touched.executions.insert(id.clone());
                let revision = after.revision;
                self.executions.insert(id.clone(), after);
                revision
            }
        };
        if revision != version {
            return Err(format!("entry {version} of `{id}` brings it to revision {revision}"));
        }
        Ok(())
    }

    /// Each tenant's events follow each other without a gap, one for each entry, in their order.
    fn outbox(
        &mut self,
        database: &Connection,
        told: &[(String, String, String)],
    ) -> Result<(), String> {
        let tenants = ["t1", "t2"];
        for tenant in tenants {
            let last = self.sequences.entry(tenant.to_owned()).or_insert(0);
            let select = "SELECT sequence, entry_id, event FROM events \
                WHERE tenant_id = ?1 AND sequence > ?2 ORDER BY sequence";
            let mut statement = database.prepare_cached(select).unwrap();
            let rows = statement.query_map(rusqlite::params![tenant, *last], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
            });
            let sent: Vec<_> = rows.unwrap().map(Result::unwrap).collect();
            let expected: Vec<_> = told.iter().filter(|(of, ..)| of == tenant).collect();
            if sent.len() != expected.len() {
                return Err(format!("{} entries and {} events", expected.len(), sent.len()));
            }
            for ((sequence, entry_id, event), (_, entry, name)) in sent.iter().zip(expected) {
                *last += 1;
                if (*sequence, entry_id, event) != (*last, entry, name) {
                    return Err(format!("event {sequence} `{event}` stands for `{name}` {last}"));
                }
            }
        }
        Ok(())
    }

    fn compare(
        &self,
        database: &Connection,
        table: &str,
        key: &str,
        columns: &[&str],
        id: &str,
    ) -> Result<(), String> {
        let (folded, names) = match table {
            "cases" => (to_json(&self.cases[id]), columns),
            "proposals" => (to_json(&self.proposals[id]), columns),
            _ => (to_json(&self.executions[id]), columns),
        };
        let folded = folded.unwrap().canonical();
        let select = format!("SELECT body FROM {table} WHERE {key} = ?1");
        let stored: Result<String, _> = database.query_row(&select, [id], |row| row.get(0));
        if stored.as_deref() != Ok(folded.as_str()) {
            return Err(format!("the row of `{id}` is not what its entries give: {stored:?}"));
        }
        let body: serde_json::Value = serde_json::from_str(&folded).unwrap();
        for name in names {
            let select = format!("SELECT cast({name} AS text) FROM {table} WHERE {key} = ?1");
            let column: Option<String> =
                database.query_row(&select, [id], |row| row.get(0)).unwrap();
            let said = match &body[*name] {
                serde_json::Value::Null => None,
                serde_json::Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            };
            if column != said {
                return Err(format!("the column `{name}` of `{id}` is {column:?}, not {said:?}"));
            }
        }
        Ok(())
    }
}
