//! Random audits: picked when decision records arrive, delivered by the edge that still has the
//! texts, judged like any other case.
//!
//! A record holds no text, so the host names what it wants to see, and the edge posts it. What cannot
//! be had stays as lost, with the probability of its pick: a sample with holes must say so.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::audit::{self, Entity, stored_json, text_list};
use super::hold::Hold;
use super::sql::{OptionalExtension as _, params};
use super::{Failure, Snapshot, Tx, cases, monitors, policies};
use crate::case::{Case, CaseState};
use crate::compile::to_json;
use crate::error::{ErrorCode, Fault};
use crate::host::ids;
use crate::host::sampling_key::SamplingKey;
use crate::identity::ActorReference;
use crate::json::{INTEGER_MAX, Json};
use crate::label::Label;
use crate::limits::{DECISION_RECORDS_MAX, NAME_LENGTH_MAX, POLICY_FACTS_MAX, TRIGGERS_MAX};
use crate::read::{self, Node, Read};
use crate::request::{RiskLevel, Signal, read_signal};
use crate::suppression::LOW_CONFIDENCE;
use crate::units::{Id, TimestampMs};
use crate::verdict::Disposition;
use crate::word::words;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// How long a pick waits for its texts, in milliseconds (one day): an edge that has not sent them by
/// then has lost them.
pub const WANTED_MS_MAX: i64 = DAY_MS;

words! {
    /// Where a random audit stands.
    pub enum AuditState {
        /// Picked; the host waits for the texts.
        Wanted = "wanted",
        /// A case is open.
        Open = "open",
        /// A person judged it.
        Judged = "judged",
        /// Nobody will.
        Lost = "lost",
    }
}

words! {
    /// Why nobody will judge what was picked.
    pub enum LostReason {
        /// The edge did not keep the request, or started anew.
        NotKept = "not_kept",
        /// Nothing came within a day.
        NotDelivered = "not_delivered",
        /// What came is not what the record tells of.
        OtherRequest = "other_request",
        /// The policy says something else of it than the record.
        OtherVerdict = "other_verdict",
        /// It was decided by a policy that was never released here, which cannot be asked again.
        UnknownPolicy = "unknown_policy",
        /// Its case was withdrawn.
        Withdrawn = "withdrawn",
        /// Its case expired.
        Expired = "expired",
    }
}

/// How many audits stand where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AuditTally {
    /// The tenant.
    pub tenant_id: Id,
    /// What the user got.
    pub disposition: Disposition,
    /// Where they stand.
    pub state: AuditState,
    /// How many.
    pub count: i64,
}

/// What was picked, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RandomAudit {
    /// Its id.
    pub audit_id: Id,
    /// The tenant.
    pub tenant_id: Id,
    /// Where it stands.
    pub state: AuditState,
    /// The stream of the record.
    pub stream_id: Id,
    /// The record's place in it.
    pub sequence: i64,
    /// The request, where it has an id.
    pub request_id: Option<Id>,
    /// The decision's digest.
    pub digest: String,
    /// What the user got.
    pub disposition: Disposition,
    /// What was at stake.
    pub risk_level: RiskLevel,
    /// The policy that decided.
    pub policy_hash: String,
    /// When it was decided.
    pub evaluated_at: TimestampMs,
    /// The rules that fired.
    pub trigger_ids: Vec<String>,
    /// The signals as they were recorded.
    pub signals: BTreeMap<String, Signal>,
    /// The probability with which it was picked.
    pub propensity: f64,
    /// When it was picked.
    pub wanted_at: TimestampMs,
    /// Its case.
    pub case_id: Option<Id>,
    /// Until when it is to be judged; absent in records from before there was such a time.
    pub judge_by: Option<TimestampMs>,
    /// Since when it counts as a wrong answer because nobody judged it in time.
    pub overdue_since: Option<TimestampMs>,
    /// When it was judged or lost.
    pub closed_at: Option<TimestampMs>,
    /// Why it is lost.
    pub lost: Option<LostReason>,
    /// Why the draft was right or not.
    pub label: Option<Label>,
}

/// What the host wants to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The audit.
    pub audit_id: Id,
    /// The record's place in its stream.
    pub sequence: i64,
    /// The request, where it has an id.
    pub request_id: Option<Id>,
}

/// Decisions as records tell of them, each as the audit that it would be.
///
/// # Errors
/// Never for records that were checked when they came in.
pub fn decided(
    tx: &Tx<'_>,
    (tenant_id, stream_id): (&Id, &Id),
    records: &[(i64, &Json)],
) -> Result<Vec<RandomAudit>, Failure> {
    let read = |(sequence, record): &(i64, &Json)| {
        read_record(tx, tenant_id, stream_id, *sequence, record)
    };
    records.iter().map(read).collect()
}

/// Picks among decisions whose records were just stored, in the transaction that stored them.
///
/// # Errors
/// Where the store fails.
pub fn pick(
    tx: &Tx<'_>,
    key: &SamplingKey,
    decided: Vec<RandomAudit>,
    by: &ActorReference,
) -> Result<(), Failure> {
    for mut audit in decided {
        // A policy that was never released here could say what it likes: then the one in force says.
        let policy = match policies::find(tx, &audit.policy_hash)? {
            Some(policy) => policy,
            None => policies::of_tenant(tx, &audit.tenant_id)?,
        };
        let sampling = policy.bundle().sampling;
        audit.propensity = sampling.map_or(0.0, |sampling| sampling.share(audit.disposition));
        if audit.propensity > 0.0
            && key.picks(&audit.tenant_id, &picked_by(&audit), audit.propensity)?
        {
            audit.audit_id = ids::new_id("aud", tx.now)?;
            audit.judge_by = sampling.map(|sampling| {
                tx.now.saturating_add(sampling.judged_within_days.saturating_mul(DAY_MS))
            });
            want(tx, &audit, by)?;
        }
    }
    Ok(())
}

/// What the host still wants of a stream, the oldest first.
///
/// # Errors
/// Where the store fails.
pub fn wanted(
    snapshot: &Snapshot<'_>,
    tenant_id: &Id,
    stream_id: &Id,
) -> Result<Vec<Wanted>, Failure> {
    let select = "SELECT body FROM random_audits WHERE tenant_id = ?1 AND stream_id = ?2 \
        AND state = 'wanted' ORDER BY sequence LIMIT ?3";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let limit = i64::try_from(DECISION_RECORDS_MAX).unwrap_or(i64::MAX);
    let bodies = statement
        .query_map(params![tenant_id.as_str(), stream_id.as_str(), limit], |row| {
            row.get::<_, String>(0)
        })?;
    bodies
        .map(|body| {
            let RandomAudit { audit_id, sequence, request_id, .. } = read(&body?)?;
            Ok(Wanted { audit_id, sequence, request_id })
        })
        .collect()
}

/// One audit.
///
/// # Errors
/// `not_found`, also for another tenant's.
pub fn get(snapshot: &Snapshot<'_>, tenant_id: &Id, audit_id: &Id) -> Result<RandomAudit, Failure> {
    let select = "SELECT body FROM random_audits WHERE tenant_id = ?1 AND audit_id = ?2";
    let select = snapshot.holding(select, Hold::Change);
    let mut statement = snapshot.connection.prepare_cached(&*select)?;
    let key = [tenant_id.as_str(), audit_id.as_str()];
    let body: Option<String> = statement.query_row(key, |row| row.get(0)).optional()?;
    let missing = Fault::new(ErrorCode::NotFound, "", "there is no such audit", "check the id");
    read(&body.ok_or(Failure::Refused(missing))?)
}

/// Notes the case that was opened for an audit.
///
/// # Errors
/// Where the store fails.
pub fn opened(
    tx: &Tx<'_>,
    audit: RandomAudit,
    case_id: &Id,
    by: ActorReference,
) -> Result<RandomAudit, Failure> {
    let case_id = Some(case_id.clone());
    let audit = RandomAudit { state: AuditState::Open, case_id, ..audit };
    store(tx, &audit, "random_audit_opened", by)?;
    Ok(audit)
}

/// Notes that nobody will judge what was picked; for the watch over wrong answers it is one, since what
/// was lost may be lost for what it was.
///
/// # Errors
/// Where the store fails.
pub fn lose(
    tx: &Tx<'_>,
    audit: RandomAudit,
    reason: LostReason,
    by: ActorReference,
) -> Result<RandomAudit, Failure> {
    let (closed_at, lost) = (Some(tx.now), Some(reason));
    let audit = RandomAudit { state: AuditState::Lost, closed_at, lost, ..audit };
    if audit.overdue_since.is_none() {
        monitors::unjudged(tx, &audit, &by)?;
    }
    store(tx, &audit, "random_audit_lost", by)?;
    Ok(audit)
}

/// Takes in what became of an audit's case once nothing can change it any more.
///
/// # Errors
/// Where the store fails.
pub fn settle(
    tx: &Tx<'_>,
    case: &Case,
    by: &ActorReference,
) -> Result<Option<RandomAudit>, Failure> {
    let select = "SELECT body FROM random_audits WHERE tenant_id = ?1 AND case_id = ?2";
    let select = tx.holding(select, Hold::Change);
    let mut statement = tx.connection.prepare_cached(&*select)?;
    let key = [case.tenant_id.as_str(), case.case_id.as_str()];
    let body: Option<String> = statement.query_row(key, |row| row.get(0)).optional()?;
    let Some(body) = body else { return Ok(None) };
    let audit = read(&body)?;
    if audit.state != AuditState::Open {
        return Ok(None);
    }
    match (case.state, &case.decision) {
        (CaseState::Resolved, Some(decision)) => {
            let (closed_at, label) = (Some(tx.now), Some(Label::of(decision)));
            let audit = RandomAudit { state: AuditState::Judged, closed_at, label, ..audit };
            store(tx, &audit, "random_audit_judged", by.clone())?;
            Ok(Some(audit))
        }
        (CaseState::Expired, _) => lose(tx, audit, LostReason::Expired, by.clone()).map(Some),
        _ => lose(tx, audit, LostReason::Withdrawn, by.clone()).map(Some),
    }
}

/// Whether anything was waited for too long.
///
/// # Errors
/// Where the store fails.
pub fn has_overdue(snapshot: &Snapshot<'_>) -> Result<bool, Failure> {
    let select = "SELECT 1 FROM random_audits WHERE state = 'wanted' AND wanted_at <= ?1 LIMIT 1";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    Ok(statement.exists([snapshot.now.saturating_add(-WANTED_MS_MAX).as_ms()])?)
}

/// Gives up what was waited for too long, some at a time.
///
/// # Errors
/// Where the store fails.
pub fn give_up(tx: &Tx<'_>, by: &ActorReference) -> Result<(), Failure> {
    let select = "SELECT body FROM random_audits WHERE state = 'wanted' AND wanted_at <= ?1 \
        ORDER BY wanted_at LIMIT 200";
    let select = tx.holding(select, Hold::Take);
    let mut statement = tx.connection.prepare_cached(&*select)?;
    let until = tx.now.saturating_add(-WANTED_MS_MAX).as_ms();
    let bodies: Vec<String> =
        statement.query_map([until], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for body in bodies {
        lose(tx, read(&body)?, LostReason::NotDelivered, by.clone())?;
    }
    Ok(())
}

/// How many audits of these tenants stand where, `None` for all of them.
///
/// # Errors
/// Where the store fails.
pub fn tallies(
    snapshot: &Snapshot<'_>,
    tenants: Option<&[String]>,
) -> Result<Vec<AuditTally>, Failure> {
    let select = "SELECT tenant_id, disposition, state, count(*) FROM random_audits \
        WHERE ?1 IS NULL OR tenant_id IN (SELECT value FROM json_each(?1)) \
        GROUP BY tenant_id, disposition, state ORDER BY tenant_id, disposition, state";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let mut rows = statement.query(params![tenants.map(text_list)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let texts: [String; 3] = [row.get(0)?, row.get(1)?, row.get(2)?];
        let [tenant_id, disposition, state] = texts.map(Json::String);
        found.push(AuditTally {
            tenant_id: Node::root(&tenant_id).id()?,
            disposition: Disposition::read(Node::root(&disposition))?,
            state: AuditState::read(Node::root(&state))?,
            count: row.get(3)?,
        });
    }
    Ok(found)
}

/// How many drafts of a risk level people judged under this policy, of those that confidence alone
/// decides about: audited, or sent to them for want of confidence.
///
/// # Errors
/// Where the store fails.
pub fn reviewed(
    snapshot: &Snapshot<'_>,
    tenants: Option<&[String]>,
    policy_hash: &str,
    risk_level: RiskLevel,
) -> Result<i64, Failure> {
    let audited = "SELECT count(*) FROM random_audits WHERE (?1 IS NULL OR tenant_id IN \
        (SELECT value FROM json_each(?1))) AND policy_hash = ?2 AND risk_level = ?3 \
        AND state = 'judged' AND body ->> '$.label' IN \
        ('correct', 'reviewer_preference', 'model_error', 'retrieval_error', 'stale_knowledge', \
         'tool_error', 'policy_violation', 'over_refusal')";
    let tenants = tenants.map(text_list);
    let key = params![tenants, policy_hash, risk_level.as_str()];
    let mut statement = snapshot.connection.prepare_cached(audited)?;
    let mut count: i64 = statement.query_row(key, |row| row.get(0))?;
    let select = "SELECT body FROM cases WHERE (?1 IS NULL OR tenant_id IN \
        (SELECT value FROM json_each(?1))) AND body ->> '$.policy.hash' = ?2 AND risk_level = ?3 \
        AND state = 'resolved' AND body ->> '$.purpose' = 'primary'";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let mut rows = statement.query(key)?;
    while let Some(row) = rows.next()? {
        let case = cases::read(&row.get::<_, String>(0)?)?;
        let alone = case.triggers.iter().all(|fired| fired.id == LOW_CONFIDENCE);
        let label = case.decision.as_ref().and_then(|decision| Label::of(decision).is_right());
        count += i64::from(alone && !case.triggers.is_empty() && label.is_some());
    }
    Ok(count)
}

/// What a pick hangs on: the request, so that deciding it again is no second chance.
fn picked_by(audit: &RandomAudit) -> String {
    match &audit.request_id {
        Some(request_id) => format!("request {request_id}"),
        None => format!("decision {}", audit.digest),
    }
}

/// A request is picked once, however often it is decided.
fn want(tx: &Tx<'_>, audit: &RandomAudit, by: &ActorReference) -> Result<(), Failure> {
    let insert = "INSERT INTO random_audits (tenant_id, audit_id, state, stream_id, sequence, picked_by, \
        disposition, risk_level, policy_hash, case_id, wanted_at, body) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT DO NOTHING";
    let changed = tx.connection.prepare_cached(insert)?.execute(params![
        audit.tenant_id.as_str(),
        audit.audit_id.as_str(),
        audit.state.as_str(),
        audit.stream_id.as_str(),
        audit.sequence,
        picked_by(audit),
        audit.disposition.as_str(),
        audit.risk_level.as_str(),
        audit.policy_hash,
        audit.case_id.as_ref().map(Id::as_str),
        audit.wanted_at.as_ms(),
        to_json(audit)?.canonical(),
    ])?;
    if changed == 1 { tell(tx, audit, "random_audit_wanted", by.clone()) } else { Ok(()) }
}

/// Stores the new form of an audit.
///
/// # Errors
/// Where the store fails.
pub(super) fn store(
    tx: &Tx<'_>,
    audit: &RandomAudit,
    event: &str,
    by: ActorReference,
) -> Result<(), Failure> {
    let update = "UPDATE random_audits SET state = ?3, case_id = ?4, judge_by = ?5, body = ?6 \
        WHERE tenant_id = ?1 AND audit_id = ?2";
    // Nobody waits for what is not open, or was counted.
    let waits = audit.state == AuditState::Open && audit.overdue_since.is_none();
    let changed = tx.connection.prepare_cached(update)?.execute(params![
        audit.tenant_id.as_str(),
        audit.audit_id.as_str(),
        audit.state.as_str(),
        audit.case_id.as_ref().map(Id::as_str),
        audit.judge_by.filter(|_| waits).map(TimestampMs::as_ms),
        to_json(audit)?.canonical(),
    ])?;
    if changed != 1 {
        return Err(Failure::internal("a random audit was not the one that was read"));
    }
    tell(tx, audit, event, by)
}

fn tell(tx: &Tx<'_>, audit: &RandomAudit, event: &str, by: ActorReference) -> Result<(), Failure> {
    let entity = Entity { tenant_id: &audit.tenant_id, kind: "random_audit", id: &audit.audit_id };
    let data = Json::Object(BTreeMap::from([("audit".to_owned(), to_json(audit)?)]));
    audit::append(tx, entity, event, data, by)
}

/// A record was checked when it came in.
fn read_record(
    tx: &Tx<'_>,
    tenant_id: &Id,
    stream_id: &Id,
    sequence: i64,
    record: &Json,
) -> Result<RandomAudit, Failure> {
    let name = |node: Node<'_>| node.filled_text(NAME_LENGTH_MAX);
    let mut fields = Node::root(record).object()?;
    let mut audit = || -> Read<RandomAudit> {
        Ok(RandomAudit {
            // Only what is picked gets an id of its own.
            audit_id: stream_id.clone(),
            tenant_id: tenant_id.clone(),
            state: AuditState::Wanted,
            stream_id: stream_id.clone(),
            sequence,
            request_id: fields.optional("request_id", read::id)?,
            digest: fields.required("digest", name)?,
            disposition: fields.required("disposition", Disposition::read)?,
            risk_level: fields.required("risk_level", RiskLevel::read)?,
            policy_hash: fields.required("policy_hash", name)?,
            evaluated_at: fields.required("evaluated_at", read::timestamp)?,
            trigger_ids: fields.list("trigger_ids", TRIGGERS_MAX, name)?,
            signals: fields
                .optional("signals", |node| node.map(POLICY_FACTS_MAX, read_signal))?
                .unwrap_or_default(),
            propensity: 0.0,
            wanted_at: tx.now,
            case_id: None,
            judge_by: None,
            overdue_since: None,
            closed_at: None,
            lost: None,
            label: None,
        })
    };
    Ok(audit()?)
}

pub(in crate::host) fn read(body: &str) -> Result<RandomAudit, Failure> {
    let name = |node: Node<'_>| node.filled_text(NAME_LENGTH_MAX);
    let value = stored_json(body)?;
    let audit = || -> Read<RandomAudit> {
        let mut fields = Node::root(&value).object()?;
        let audit = RandomAudit {
            audit_id: fields.required("audit_id", read::id)?,
            tenant_id: fields.required("tenant_id", read::id)?,
            state: fields.required("state", AuditState::read)?,
            stream_id: fields.required("stream_id", read::id)?,
            sequence: fields.required("sequence", |node| node.integer(0, INTEGER_MAX))?,
            request_id: fields.optional("request_id", read::id)?,
            digest: fields.required("digest", name)?,
            disposition: fields.required("disposition", Disposition::read)?,
            risk_level: fields.required("risk_level", RiskLevel::read)?,
            policy_hash: fields.required("policy_hash", name)?,
            evaluated_at: fields.required("evaluated_at", read::timestamp)?,
            trigger_ids: fields.list("trigger_ids", TRIGGERS_MAX, name)?,
            signals: fields.required("signals", |node| node.map(POLICY_FACTS_MAX, read_signal))?,
            propensity: fields.required("propensity", read::number)?,
            wanted_at: fields.required("wanted_at", read::timestamp)?,
            case_id: fields.optional("case_id", read::id)?,
            judge_by: fields.optional("judge_by", read::timestamp)?,
            overdue_since: fields.optional("overdue_since", read::timestamp)?,
            closed_at: fields.optional("closed_at", read::timestamp)?,
            lost: fields.optional("lost", LostReason::read)?,
            label: fields.optional("label", Label::read)?,
        };
        fields.finish()?;
        Ok(audit)
    };
    audit().map_err(|fault| {
        Failure::internal(format!("a stored random audit cannot be read: {fault}"))
    })
}
