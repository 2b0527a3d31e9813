//! `countersign audit verify`: builds everything again from the raw entries, and says where the
//! database differs. It trusts no column that it can compute.

mod actions;
mod cases;
mod entries;
mod events;
mod records;

use serde::Serialize;

use crate::host::store::StartError;
use crate::host::store::place::Database;

/// Faults that are told by name; the rest is counted.
const FAULTS_NAMED_MAX: usize = 50;

/// What was found.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Entries that were read.
    pub entries: u64,
    /// Things that they tell of.
    pub entities: u64,
    /// Cases that were compared with what their events give.
    pub cases: u64,
    /// Proposals and executions that were compared in the same way.
    pub actions: u64,
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

/// What a fault is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Key {
    tenant_id: String,
    kind: String,
    id: String,
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
pub fn verify(database: &Database) -> Result<Report, StartError> {
    let connection = database.open_read_only()?;
    let mut report = Report::default();
    let sound = match database {
        Database::File(_) => {
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))?
        }
        // A server looks after its own files.
        #[cfg(feature = "postgres")]
        Database::Server(_) => "ok".to_owned(),
    };
    if sound != "ok" {
        let key =
            Key { tenant_id: "*".to_owned(), kind: "database".to_owned(), id: "file".to_owned() };
        report.fault(&key, None, format!("the file itself is damaged: {sound}"));
    }
    entries::verify(&connection, &mut report)?;
    records::verify(&connection, &mut report)?;
    events::verify(&connection, &mut report)?;
    Ok(report)
}
