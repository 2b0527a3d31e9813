//! What was acknowledged, kept outside of the hosts: each line is on the disk before the next call.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::sync::Mutex;

use serde_json::Value;

use crate::support::{Folder, assert_sound};

pub(crate) struct Ledger {
    file: Mutex<File>,
    known: Mutex<BTreeMap<String, i64>>,
}

impl Ledger {
    pub(crate) fn new(folder: &Folder) -> Self {
        let file = File::create(folder.join("ledger.jsonl")).unwrap();
        Self { file: Mutex::new(file), known: Mutex::default() }
    }

    /// An answer that shows a case.
    pub(crate) fn keep(&self, case: &Value) {
        let (id, revision) =
            (case["case_id"].as_str().unwrap(), case["revision"].as_i64().unwrap());
        let mut file = self.file.lock().unwrap();
        writeln!(file, "{id} {revision}").unwrap();
        file.sync_data().unwrap();
        drop(file);
        let mut known = self.known.lock().unwrap();
        let last = known.entry(id.to_owned()).or_insert(0);
        *last = revision.max(*last);
    }

    pub(crate) fn len(&self) -> usize {
        self.known.lock().unwrap().len()
    }

    /// How many acknowledged changes are not in the database; and the log must be sound.
    pub(crate) fn lost(&self, folder: &Folder) -> u64 {
        assert_sound(folder.path());
        self.missing(folder)
    }

    /// The same, whatever state the database is in otherwise.
    pub(crate) fn missing(&self, folder: &Folder) -> u64 {
        let database = folder.database();
        let select = "SELECT revision FROM cases WHERE case_id = ?1";
        let known = self.known.lock().unwrap();
        let is_there = |id: &str, revision: i64| {
            let found: Result<i64, _> = database.query_row(select, [id], |row| row.get(0));
            found.is_ok_and(|found| found >= revision)
        };
        known.iter().filter(|(id, revision)| !is_there(id, **revision)).count() as u64
    }
}

/// A count out of the database.
pub(crate) fn counted(folder: &Folder, select: &str, values: &[&str]) -> u64 {
    let values: Vec<&dyn countersign::host::store::sql::ToSql> =
        values.iter().map(|value| value as _).collect();
    let count: i64 =
        folder.database().query_row(select, values.as_slice(), |row| row.get(0)).unwrap();
    u64::try_from(count).unwrap()
}
