//! The entries themselves: their order, form, commitments and leaves, and what they add up to.

use std::collections::BTreeMap;

use super::{Key, Report, actions, cases, records};
use crate::audit::{AuditEntry, commitment, leaf, leaf_hash};
use crate::case::{Case, Event};
use crate::compile::to_json;
use crate::execution::{self, Execution};
use crate::host::store::StartError;
use crate::host::store::sql::{self, Connection, Row};
use crate::json::{Json, StoredJson};
use crate::proposal::{self, Proposal};
use crate::read::{Node, Read};

/// What the entries of one thing add up to so far.
#[derive(Default)]
pub(super) struct Fold {
    pub(super) key: Key,
    pub(super) version: i64,
    at: i64,
    /// What its events give, where they are a thing's whole history.
    pub(super) folded: Option<Folded>,
    /// What the entries of anything else said last, by name.
    pub(super) said: BTreeMap<String, Json>,
    /// When each event happened last, by name.
    pub(super) happened: BTreeMap<String, i64>,
}

/// A thing whose state is nothing but its events.
pub(super) enum Folded {
    Case(Box<Case>),
    Proposal(Box<Proposal>),
    Execution(Box<Execution>),
}

impl Folded {
    const fn revision(&self) -> i64 {
        match self {
            Self::Case(case) => case.revision,
            Self::Proposal(proposal) => proposal.revision,
            Self::Execution(execution) => execution.revision,
        }
    }

    /// The thing after the event; only its creation makes one.
    fn follow(before: Option<Self>, kind: &str, entry: &AuditEntry) -> Read<Option<Self>> {
        let node = Node::root(&entry.data);
        Ok(match (kind, before) {
            ("proposal", before) => match (before, proposal::Event::read(&entry.event, node)?) {
                (None, proposal::Event::ApprovalRequested { proposal }) => {
                    Some(Self::Proposal(proposal))
                }
                (Some(Self::Proposal(proposal)), event) => {
                    Some(Self::Proposal(Box::new(proposal.with(&event))))
                }
                _ => None,
            },
            ("execution", before) => match (before, execution::Event::read(&entry.event, node)?) {
                (None, execution::Event::ExecutionPrepared { execution }) => {
                    Some(Self::Execution(execution))
                }
                (Some(Self::Execution(execution)), event) => {
                    Some(Self::Execution(Box::new(execution.with(&event))))
                }
                _ => None,
            },
            (_, Some(Self::Case(case))) => {
                let event = Event::read(&entry.event, node, Some(&case))?;
                Some(Self::Case(Box::new(case.with(&event))))
            }
            (_, None) => match Event::read(&entry.event, node, None)? {
                Event::CaseCreated { case } => Some(Self::Case(case)),
                _ => None,
            },
            _ => None,
        })
    }
}

/// A row of `audit_pending` as it stands.
struct Stored {
    key: Key,
    version: i64,
    entry_id: String,
    at: i64,
    entry: String,
    salt: Vec<u8>,
    commitment: String,
    leaf_hash: Vec<u8>,
}

impl Stored {
    fn read(row: &Row<'_>) -> sql::Result<Self> {
        let key = Key { tenant_id: row.get(0)?, kind: row.get(1)?, id: row.get(2)? };
        Ok(Self {
            key,
            version: row.get(3)?,
            entry_id: row.get(4)?,
            at: row.get(5)?,
            entry: row.get(6)?,
            salt: row.get(7)?,
            commitment: row.get(8)?,
            leaf_hash: row.get(9)?,
        })
    }
}

/// Reads every entry, thing by thing.
pub(super) fn verify(connection: &Connection, report: &mut Report) -> Result<(), StartError> {
    let mut statement = connection.prepare(
        "SELECT tenant_id, entity_kind, entity_id, entity_version, entry_id, at, entry, salt, \
         commitment, leaf_hash FROM audit_pending \
         ORDER BY tenant_id, entity_kind, entity_id, entity_version",
    )?;
    let mut rows = statement.walk([])?;
    let mut fold: Option<Fold> = None;
    while let Some(row) = rows.next()? {
        let stored = Stored::read(&row)?;
        report.entries += 1;
        if let Some(ended) = fold.take_if(|fold| fold.key != stored.key) {
            compare(connection, &ended, report)?;
        }
        let fold = fold.get_or_insert_with(|| {
            report.entities += 1;
            Fold { key: stored.key.clone(), ..Fold::default() }
        });
        step(fold, stored, report);
    }
    match fold {
        Some(ended) => compare(connection, &ended, report),
        None => Ok(()),
    }
}

fn compare(connection: &Connection, fold: &Fold, report: &mut Report) -> Result<(), StartError> {
    match fold.key.kind.as_str() {
        "case" => cases::compare(connection, fold, report),
        "proposal" | "execution" => actions::compare(connection, fold, report),
        _ => records::compare(connection, fold, report),
    }
}

/// Takes one entry.
fn step(fold: &mut Fold, stored: Stored, report: &mut Report) {
    let Stored {
        key,
        version,
        entry_id,
        at,
        entry: text,
        salt,
        commitment: committed,
        leaf_hash: hash,
    } = stored;
    let mut fault = |what: &str| report.fault(&key, Some(version), what);
    if version != fold.version + 1 {
        fault(&format!("entries {} to {} are missing", fold.version + 1, version - 1));
    }
    if at < fold.at {
        fault("it is earlier than the entry before it");
    }
    (fold.version, fold.at) = (version, at);
    match <&[u8; 32]>::try_from(salt.as_slice()) {
        Ok(salt) if commitment(salt, &text) == committed => {}
        Ok(_) => fault("the entry is not the one that was committed to"),
        Err(_) => fault("the salt has not 32 bytes"),
    }
    let entry = match read_entry(&text) {
        Ok(entry) => entry,
        Err(what) => return fault(&what),
    };
    let same = entry.tenant_id.as_str() == key.tenant_id
        && entry.entity_kind == key.kind
        && entry.entity_id.as_str() == key.id
        && entry.entity_version == version
        && entry.entry_id.as_str() == entry_id
        && entry.at.as_ms() == at;
    if !same {
        fault("the columns beside the entry are not its own");
    }
    if leaf_hash(&leaf(&entry.entry_id, entry.at, &committed)).as_slice() != hash {
        fault("the leaf's hash is not that of the commitment");
    }
    if matches!(key.kind.as_str(), "case" | "proposal" | "execution") {
        match Folded::follow(fold.folded.take(), &key.kind, &entry) {
            Ok(folded) => fold.folded = folded,
            Err(told) => fault(&format!("the event cannot be read: {told}")),
        }
        if fold.folded.as_ref().is_some_and(|folded| folded.revision() != version) {
            fault("the revision is not the entry's version");
        }
    } else if let Json::Object(data) = entry.data {
        fold.happened.insert(entry.event, at);
        fold.said.extend(data);
    }
}

fn read_entry(text: &str) -> Result<AuditEntry, String> {
    let StoredJson(value) =
        serde_json::from_str(text).map_err(|error| format!("the entry is not JSON: {error}"))?;
    let entry = AuditEntry::read(Node::root(&value))
        .map_err(|told| format!("the entry cannot be read: {told}"))?;
    let canonical = to_json(&entry).map_err(|told| told.to_string())?.canonical();
    if canonical == text { Ok(entry) } else { Err("the entry is not in canonical form".to_owned()) }
}
