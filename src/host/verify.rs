//! `countersign audit verify`: builds everything again from the raw entries, and says where the
//! database differs. It trusts no column that it can compute.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Row};
use serde::Serialize;

use crate::audit::{AuditEntry, commitment, leaf, leaf_hash};
use crate::case::{Case, Event};
use crate::compile::to_json;
use crate::host::store::{Failure, StartError, open_read_only, require_current};
use crate::json::Json;
use crate::policy::Policy;
use crate::read::Node;
use crate::units::{Id, TimestampMs};

/// Faults that are told by name; the rest is counted.
const FAULTS_NAMED_MAX: usize = 50;

/// What was found.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Entries that were read.
    pub entries: u64,
    /// Things that they tell of.
    pub entities: u64,
    /// Stored cases that were compared with what their events give.
    pub cases: u64,
    /// How many faults there are.
    pub fault_count: u64,
    /// The first of them.
    pub faults: Vec<FoundFault>,
}

/// One place where the database contradicts itself.
#[derive(Debug, Serialize)]
pub struct FoundFault {
    /// The tenant.
    pub tenant_id: String,
    /// The kind of thing.
    pub entity_kind: String,
    /// The thing.
    pub entity_id: String,
    /// The entry's version; null for the thing as a whole.
    pub entity_version: Option<i64>,
    /// What differs.
    pub what: String,
}

impl Report {
    /// Whether everything agrees.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.fault_count == 0
    }

    fn fault(&mut self, key: &Key, entity_version: Option<i64>, what: impl Into<String>) {
        self.fault_count += 1;
        if self.faults.len() < FAULTS_NAMED_MAX {
            self.faults.push(FoundFault {
                tenant_id: key.tenant_id.clone(),
                entity_kind: key.kind.clone(),
                entity_id: key.id.clone(),
                entity_version,
                what: what.into(),
            });
        }
    }
}

/// Verifies the whole database on one consistent view; a host may be running on it.
///
/// # Errors
/// Where the database cannot be read at all.
pub fn verify(database: &Path) -> Result<Report, StartError> {
    let connection = open_read_only(database)?;
    require_current(&connection)?;
    connection.execute_batch("BEGIN")?;
    let mut report = Report::default();
    let sound: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if sound != "ok" {
        report.fault(&Key::database(), None, format!("the file itself is damaged: {sound}"));
    }
    verify_entries(&connection, &mut report)?;
    verify_cases_have_entries(&connection, &mut report)?;
    verify_records_have_entries(&connection, &mut report)?;
    verify_policies(&connection, &mut report)?;
    Ok(report)
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Key {
    tenant_id: String,
    kind: String,
    id: String,
}

impl Key {
    fn database() -> Self {
        Self {
            tenant_id: "*".to_owned(),
            kind: "database".to_owned(),
            id: "countersign.db".to_owned(),
        }
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
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
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

/// What the entries of one entity add up to so far.
#[derive(Default)]
struct Fold {
    key: Key,
    version: i64,
    at: i64,
    case: Option<Case>,
    /// The record that the last entry carried, of a principal or a grant.
    record: Option<Json>,
}

fn verify_entries(connection: &Connection, report: &mut Report) -> Result<(), StartError> {
    let mut statement = connection.prepare(
        "SELECT tenant_id, entity_kind, entity_id, entity_version, entry_id, at, entry, salt, \
         commitment, leaf_hash FROM audit_pending \
         ORDER BY tenant_id, entity_kind, entity_id, entity_version",
    )?;
    let mut rows = statement.query([])?;
    let mut fold: Option<Fold> = None;
    while let Some(row) = rows.next()? {
        let stored = Stored::read(row)?;
        report.entries += 1;
        if let Some(ended) = fold.take_if(|fold| fold.key != stored.key) {
            end(connection, &ended, report)?;
        }
        let fold = fold.get_or_insert_with(|| {
            report.entities += 1;
            Fold { key: stored.key.clone(), ..Fold::default() }
        });
        step(fold, &stored, report);
    }
    match fold {
        Some(ended) => end(connection, &ended, report),
        None => Ok(()),
    }
}

/// Takes one entry: order, form, commitment, leaf, and what it says happened.
fn step(fold: &mut Fold, stored: &Stored, report: &mut Report) {
    let mut fault = |what: String| report.fault(&stored.key, Some(stored.version), what);
    if stored.version != fold.version + 1 {
        fault(format!("entries {} to {} are missing", fold.version + 1, stored.version - 1));
    }
    if stored.at < fold.at {
        fault("it is earlier than the entry before it".to_owned());
    }
    (fold.version, fold.at) = (stored.version, stored.at);
    let entry = match read_entry(&stored.entry) {
        Ok(entry) => entry,
        Err(what) => return fault(what),
    };
    let same = entry.tenant_id.as_str() == stored.key.tenant_id
        && entry.entity_kind == stored.key.kind
        && entry.entity_id.as_str() == stored.key.id
        && entry.entity_version == stored.version
        && entry.entry_id.as_str() == stored.entry_id
        && entry.at.as_ms() == stored.at;
    if !same {
        fault("the columns beside the entry are not its own".to_owned());
    }
    match <&[u8; 32]>::try_from(stored.salt.as_slice()) {
        Ok(salt) if commitment(salt, &stored.entry) == stored.commitment => {}
        Ok(_) => fault("the entry is not the one that was committed to".to_owned()),
        Err(_) => fault("the salt has not 32 bytes".to_owned()),
    }
    if leaf_hash(&leaf(&entry.entry_id, entry.at, &stored.commitment)).as_slice()
        != stored.leaf_hash
    {
        fault("the leaf's hash is not that of the commitment".to_owned());
    }
    if stored.key.kind == "case" {
        match Event::read(&entry.event, Node::root(&entry.data), fold.case.as_ref()) {
            Ok(event) => fold.case = follow(fold.case.take(), &event),
            Err(told) => fault(format!("the event cannot be read: {told}")),
        }
        if fold.case.as_ref().is_some_and(|case| case.revision != stored.version) {
            fault("the case's revision is not the entry's version".to_owned());
        }
    } else if let Json::Object(mut data) = entry.data {
        let record = data.remove(&stored.key.kind);
        fold.record = record.or_else(|| fold.record.take());
    }
}

/// The case after the event; only creation makes one.
fn follow(case: Option<Case>, event: &Event) -> Option<Case> {
    match (case, event) {
        (None, Event::CaseCreated { case }) => Some((**case).clone()),
        (Some(case), event) => Some(case.with(event)),
        (None, _) => None,
    }
}

/// Compares what the entries add up to with what is stored.
fn end(connection: &Connection, fold: &Fold, report: &mut Report) -> Result<(), StartError> {
    let stored = match fold.key.kind.as_str() {
        "case" => {
            report.cases += 1;
            return compare_case(connection, fold, report);
        }
        "principal" => body_of(
            connection,
            "SELECT body FROM principals WHERE tenant_id = ?1 AND principal_id = ?2",
            &fold.key,
        )?,
        "grant" => body_of(
            connection,
            "SELECT body FROM grants WHERE tenant_id = ?1 AND grant_id = ?2",
            &fold.key,
        )?,
        _ => return Ok(()),
    };
    if stored != fold.record.as_ref().map(Json::canonical) {
        report.fault(&fold.key, None, "the stored record is not what its entries say");
    }
    Ok(())
}

fn body_of(connection: &Connection, select: &str, key: &Key) -> Result<Option<String>, StartError> {
    let mut statement = connection.prepare_cached(select)?;
    Ok(statement.query_row([&key.tenant_id, &key.id], |row| row.get(0)).optional()?)
}

fn compare_case(
    connection: &Connection,
    fold: &Fold,
    report: &mut Report,
) -> Result<(), StartError> {
    let mut statement = connection.prepare_cached(
        "SELECT body, revision, state, queue, priority, risk_level, language, domain, due_at, \
         created_at, leased_by, lease_until, effective_at, epoch, requested_by, requested_by_person \
         FROM cases WHERE tenant_id = ?1 AND case_id = ?2",
    )?;
    let row = statement.query_row([&fold.key.tenant_id, &fold.key.id], |row| {
        let body: String = row.get(0)?;
        let columns: rusqlite::Result<Vec<rusqlite::types::Value>> =
            (1..16).map(|index| row.get(index)).collect();
        Ok((body, columns?))
    });
    let Some((body, columns)) = row.optional()? else {
        report.fault(&fold.key, None, "there are entries, and no case");
        return Ok(());
    };
    let Some(case) = &fold.case else {
        report.fault(&fold.key, None, "the entries do not begin with the case's creation");
        return Ok(());
    };
    let expected = to_json(case).map_err(Failure::Refused)?;
    if body != expected.canonical() {
        let names = differing_fields(&expected, &body);
        report.fault(
            &fold.key,
            None,
            format!("the stored case is not what its events give: {names}"),
        );
    }
    for ((name, expected), found) in columns_of(case).into_iter().zip(&columns) {
        if expected != *found {
            report.fault(&fold.key, None, format!("the column `{name}` is not the case's"));
        }
    }
    Ok(())
}

/// The columns beside a case, in the order in which they are selected.
fn columns_of(case: &Case) -> Vec<(&'static str, rusqlite::types::Value)> {
    use rusqlite::types::Value;
    let text = |text: &str| Value::Text(text.to_owned());
    let maybe = |text: Option<&str>| text.map_or(Value::Null, |text| Value::Text(text.to_owned()));
    let instant = |at: TimestampMs| Value::Integer(at.as_ms());
    vec![
        ("revision", Value::Integer(case.revision)),
        ("state", text(case.state.as_str())),
        ("queue", text(&case.queue)),
        ("priority", Value::Integer(case.priority)),
        ("risk_level", text(case.risk_level.as_str())),
        ("language", maybe(case.language.as_deref())),
        ("domain", maybe(case.domain.as_deref())),
        ("due_at", instant(case.due_at)),
        ("created_at", instant(case.created_at)),
        ("leased_by", maybe(case.leased_by.as_ref().map(Id::as_str))),
        ("lease_until", case.lease_until.map_or(Value::Null, instant)),
        ("effective_at", case.effective_at.map_or(Value::Null, instant)),
        ("epoch", Value::Integer(case.epoch)),
        ("requested_by", text(case.requested_by.as_str())),
        ("requested_by_person", maybe(case.requested_by_person.as_ref().map(Id::as_str))),
    ]
}

fn differing_fields(expected: &Json, body: &str) -> String {
    let (Json::Object(expected), Ok(Json::Object(found))) = (expected, serde_json::from_str(body))
    else {
        return "it is not an object".to_owned();
    };
    let empty = &Json::Null;
    let names: BTreeMap<&String, ()> =
        expected.keys().chain(found.keys()).map(|name| (name, ())).collect();
    let differs = |name: &&&String| {
        expected.get(**name).unwrap_or(empty) != found.get(**name).unwrap_or(empty)
    };
    let names: Vec<&str> = names.keys().filter(differs).map(|name| name.as_str()).collect();
    if names.is_empty() {
        "its form is not canonical".to_owned()
    } else {
        crate::read::quoted(&names)
    }
}

fn verify_cases_have_entries(
    connection: &Connection,
    report: &mut Report,
) -> Result<(), StartError> {
    missing(
        connection,
        report,
        "case",
        "SELECT tenant_id, case_id FROM cases c WHERE NOT EXISTS (SELECT 1 FROM audit_pending a \
         WHERE a.tenant_id = c.tenant_id AND a.entity_kind = 'case' AND a.entity_id = c.case_id)",
    )
}

fn verify_records_have_entries(
    connection: &Connection,
    report: &mut Report,
) -> Result<(), StartError> {
    let tables = [
        ("principal", "principals", "principal_id"),
        ("grant", "grants", "grant_id"),
        ("credential", "credentials", "credential_id"),
        ("decision_stream", "decision_streams", "stream_id"),
    ];
    for (kind, table, id) in tables {
        let select = format!(
            "SELECT tenant_id, {id} FROM {table} r WHERE NOT EXISTS (SELECT 1 FROM audit_pending a \
             WHERE a.tenant_id = r.tenant_id AND a.entity_kind = '{kind}' AND a.entity_id = r.{id})"
        );
        missing(connection, report, kind, &select)?;
    }
    Ok(())
}

fn missing(
    connection: &Connection,
    report: &mut Report,
    kind: &str,
    select: &str,
) -> Result<(), StartError> {
    let mut statement = connection.prepare(select)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let key = Key { tenant_id: row.get(0)?, kind: kind.to_owned(), id: row.get(1)? };
        report.fault(&key, None, "there is no entry for it");
    }
    Ok(())
}

/// A policy's name is the digest of its bundle.
fn verify_policies(connection: &Connection, report: &mut Report) -> Result<(), StartError> {
    let mut statement = connection.prepare("SELECT tenant_id, hash, bundle FROM policies")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let key = Key { tenant_id: row.get(0)?, kind: "policy".to_owned(), id: row.get(1)? };
        let bundle: String = row.get(2)?;
        let loaded = serde_json::from_str::<Json>(&bundle)
            .ok()
            .and_then(|bundle| Policy::load(&bundle).ok());
        if loaded.is_none_or(|policy| policy.reference().hash != key.id) {
            report.fault(&key, None, "the bundle is not the one of that hash");
        }
    }
    Ok(())
}

fn read_entry(text: &str) -> Result<AuditEntry, String> {
    let value: Json =
        serde_json::from_str(text).map_err(|error| format!("the entry is not JSON: {error}"))?;
    let entry = AuditEntry::read(Node::root(&value))
        .map_err(|told| format!("the entry cannot be read: {told}"))?;
    let canonical = to_json(&entry).map_err(|told| told.to_string())?.canonical();
    if canonical == text { Ok(entry) } else { Err("the entry is not in canonical form".to_owned()) }
}
