//! Decision records from edges: each stream is counted by the edge, so that a gap shows.

use std::collections::BTreeMap;

use super::audit::{self, Entity};
use super::hold::Hold;
use super::monitors;
use super::random_audits::{self, Wanted};
use super::sql::{OptionalExtension as _, params};
use super::{Failure, Tx};
use crate::error::{ErrorCode, Fault};
use crate::host::ids;
use crate::host::sampling_key::SamplingKey;
use crate::identity::ActorReference;
use crate::json::{INTEGER_MAX, Json};
use crate::units::Id;

/// The first sequence number of a stream.
const SEQUENCE_FIRST: i64 = 0;
/// Separates digests of batches from all other digests.
const BATCH_DOMAIN: &str = "countersign/decision-batch/v1";

/// Records of one edge since one of its starts, in order.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The edge, by its own name.
    pub edge: Id,
    /// Which of its starts.
    pub boot: Id,
    /// Sequence number of the first record.
    pub sequence: i64,
    /// The records, checked, as they were sent.
    pub records: Vec<Json>,
}

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Records that were not stored before.
    pub accepted: i64,
    /// What the edge is expected to send next.
    pub next_sequence: i64,
    /// Sequence numbers that never came, first and last.
    pub gap: Option<(i64, i64)>,
    /// Decisions of this stream whose texts the host wants to see.
    pub wanted: Vec<Wanted>,
}

/// Stores a batch, and picks random audits among it; what was stored already is not stored twice.
///
/// # Errors
/// `duplicate` where another record was stored under the same number.
pub fn record(
    tx: &Tx<'_>,
    tenant_id: &Id,
    batch: &Batch,
    key: &SamplingKey,
    by: ActorReference,
) -> Result<Receipt, Failure> {
    let (stream_id, expected) = stream(tx, tenant_id, batch)?;
    let gap = (batch.sequence > expected).then(|| (expected, batch.sequence - 1));
    let mut sequence = batch.sequence;
    let mut stored = Vec::new();
    for (index, record) in batch.records.iter().enumerate() {
        if sequence > INTEGER_MAX {
            let detail = format!("sequence numbers end at {INTEGER_MAX}");
            let fault =
                Fault::new(ErrorCode::LimitExceeded, "/sequence", detail, "start a new boot");
            return Err(Failure::Refused(fault));
        }
        if store(tx, tenant_id, &stream_id, sequence, record, index)? {
            stored.push((sequence, record));
        }
        sequence += 1;
    }
    let next_sequence = expected.max(sequence);
    let update = "UPDATE decision_streams SET next_sequence = ?2 WHERE stream_id = ?1";
    tx.connection.prepare_cached(update)?.execute(params![stream_id.as_str(), next_sequence])?;
    let accepted = i64::try_from(stored.len()).unwrap_or(i64::MAX);
    let decided = random_audits::decided(tx, (tenant_id, &stream_id), &stored)?;
    monitors::decided(tx, &decided, &by)?;
    random_audits::pick(tx, key, decided, &by)?;
    let wanted = random_audits::wanted(tx, tenant_id, &stream_id)?;
    let receipt = Receipt { accepted, next_sequence, gap, wanted };
    if accepted > 0 || gap.is_some() {
        let entity = Entity { tenant_id, kind: "decision_stream", id: &stream_id };
        audit::append(tx, entity, "decisions_recorded", told(batch, &receipt), by)?;
    }
    Ok(receipt)
}

/// The stream's id and the sequence number that comes next.
fn stream(tx: &Tx<'_>, tenant_id: &Id, batch: &Batch) -> Result<(Id, i64), Failure> {
    let select = "SELECT stream_id, next_sequence FROM decision_streams \
        WHERE tenant_id = ?1 AND edge = ?2 AND boot = ?3";
    let key = [tenant_id.as_str(), batch.edge.as_str(), batch.boot.as_str()];
    let select = tx.holding(select, Hold::Change);
    let mut statement = tx.connection.prepare_cached(&*select)?;
    let found =
        statement.query_row(key, |row| Ok((row.get::<_, String>(0)?, row.get(1)?))).optional()?;
    if let Some((stream_id, next_sequence)) = found {
        let stream_id =
            Id::new(&stream_id).ok_or_else(|| Failure::internal("a stored id is not one"))?;
        return Ok((stream_id, next_sequence));
    }
    let stream_id = ids::new_id("strm", tx.now)?;
    let insert = "INSERT INTO decision_streams (tenant_id, edge, boot, stream_id, next_sequence) \
        VALUES (?1, ?2, ?3, ?4, ?5)";
    tx.connection.prepare_cached(insert)?.execute(params![
        tenant_id.as_str(),
        batch.edge.as_str(),
        batch.boot.as_str(),
        stream_id.as_str(),
        SEQUENCE_FIRST,
    ])?;
    Ok((stream_id, SEQUENCE_FIRST))
}

/// Stores one record; `false` if the same one is stored already.
fn store(
    tx: &Tx<'_>,
    tenant_id: &Id,
    stream_id: &Id,
    sequence: i64,
    record: &Json,
    index: usize,
) -> Result<bool, Failure> {
    let canonical = record.canonical();
    let insert = "INSERT INTO decision_records (tenant_id, stream_id, sequence, received_at, record) \
        VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
    let key = (tenant_id.as_str(), stream_id.as_str(), sequence);
    let changed = tx.connection.prepare_cached(insert)?.execute(params![
        key.0,
        key.1,
        key.2,
        tx.now.as_ms(),
        canonical
    ])?;
    if changed == 1 {
        return Ok(true);
    }
    let select = "SELECT record FROM decision_records WHERE tenant_id = ?1 AND stream_id = ?2 AND sequence = ?3";
    let stored: String = tx.connection.prepare_cached(select)?.query_row(key, |row| row.get(0))?;
    if stored == canonical {
        return Ok(false);
    }
    Err(Failure::Refused(Fault::new(
        ErrorCode::Duplicate,
        format!("/records/{index}"),
        format!("another record was stored under the sequence number {sequence}"),
        "count on, or start with a new `boot`",
    )))
}

/// What the audit log says of a batch: its extent and digest, not its records.
#[expect(clippy::cast_precision_loss, reason = "sequence numbers are at most 2^53 - 1")]
fn told(batch: &Batch, receipt: &Receipt) -> Json {
    let number = |value: i64| Json::Number(value as f64);
    let text = |text: &Id| Json::String(text.as_str().to_owned());
    let gap = receipt.gap.map_or(Json::Null, |(from, to)| {
        Json::Object(BTreeMap::from([
            ("from".to_owned(), number(from)),
            ("to".to_owned(), number(to)),
        ]))
    });
    Json::Object(BTreeMap::from([
        ("edge".to_owned(), text(&batch.edge)),
        ("boot".to_owned(), text(&batch.boot)),
        ("sequence".to_owned(), number(batch.sequence)),
        ("accepted".to_owned(), number(receipt.accepted)),
        ("gap".to_owned(), gap),
        (
            "digest".to_owned(),
            Json::String(Json::Array(batch.records.clone()).digest(BATCH_DOMAIN)),
        ),
    ]))
}
