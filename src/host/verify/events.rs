//! Whether the outbox is what the audit log says: every event is that of an entry, every entry of a
//! case, proposal or execution since the first event has its event, and each tenant's sequence has no gap.

use super::{Key, Report};
use crate::host::store::StartError;
use crate::host::store::sql::{Connection, Sql};

/// Checks the events against the entries.
pub(super) fn verify(connection: &Connection, report: &mut Report) -> Result<(), StartError> {
    let strays = "SELECT v.tenant_id, v.subject_id, v.revision, v.kind, \
        'the event ' || v.sequence || ' is not that of its entry' FROM events v \
        LEFT JOIN audit_pending p ON p.entry_id = v.entry_id \
        WHERE p.entry_id IS NULL OR p.tenant_id <> v.tenant_id OR p.entity_kind <> v.kind \
        OR p.entity_id <> v.subject_id OR p.entity_version <> v.revision OR p.at <> v.at \
        OR p.entry ->> '$.event' <> v.event";
    // Cases that are older than the outbox have entries without events, all before the first one.
    let missing = Sql {
        sqlite: "SELECT tenant_id, entity_id, entity_version, entity_kind, 'it has no event' \
            FROM audit_pending p WHERE entity_kind IN ('case', 'proposal', 'execution', 'monitor') \
            AND NOT EXISTS (SELECT 1 FROM events v WHERE v.entry_id = p.entry_id) AND p.rowid > \
            (SELECT min(f.rowid) FROM audit_pending f JOIN events v ON v.entry_id = f.entry_id)",
        // No database of a server is older than the outbox.
        postgres: "SELECT tenant_id, entity_id, entity_version, entity_kind, 'it has no event' \
            FROM audit_pending p WHERE entity_kind IN ('case', 'proposal', 'execution', 'monitor') \
            AND NOT EXISTS (SELECT 1 FROM events v WHERE v.entry_id = p.entry_id)",
    };
    for select in [Sql { sqlite: strays, postgres: strays }, missing] {
        let mut statement = connection.prepare(select)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let key = Key { tenant_id: row.get(0)?, kind: row.get(3)?, id: row.get(1)? };
            report.fault(&key, row.get(2)?, row.get::<_, String>(4)?);
        }
    }
    let gaps = "SELECT s.tenant_id FROM event_sequences s WHERE s.last_sequence <> \
        (SELECT count(*) FROM events v WHERE v.tenant_id = s.tenant_id) OR s.last_sequence <> \
        (SELECT max(sequence) FROM events v WHERE v.tenant_id = s.tenant_id) \
        UNION SELECT tenant_id FROM events WHERE tenant_id NOT IN \
        (SELECT tenant_id FROM event_sequences)";
    let mut statement = connection.prepare(gaps)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let key = Key { tenant_id: row.get(0)?, kind: "events".to_owned(), id: "*".to_owned() };
        report.fault(&key, None, "the sequence of the events has a gap");
    }
    Ok(())
}
