//! Watching after a release: each decision and each judged audit is one more item of a bet that may be
//! looked at after every one. What was bet stands in the store, so that every host goes on with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::audit::{self, Entity, stored_json, text_list};
use super::events::{self, Happened};
use super::hold::Hold;
use super::random_audits::RandomAudit;
use super::sql::{OptionalExtension as _, params};
use super::{Failure, Snapshot, Tx, policies};
use crate::certificate::{Certificate, CertificateDemand};
use crate::compile::to_json;
use crate::host::confidence::monitor::{Change, ErrorWatch, RateWatch};
use crate::host::confidence::split::is_audited;
use crate::host::ids;
use crate::identity::ActorReference;
use crate::json::Json;
use crate::monitor::{MONITOR_VERSION, Monitor, MonitorChange, MonitorKind, Tally};
use crate::policy::{Policy, Tier};
use crate::read::{self, Node};
use crate::request::RiskLevel;
use crate::suppression::LOW_CONFIDENCE;
use crate::units::{Id, TimestampMs};
use crate::verdict::Disposition;

/// The event of an alarm.
pub const ALARM: &str = "monitor_alarm";
/// Items that say what a rate was: those under the policy before, or else the first under this one.
const BASELINE_ITEMS_MIN: i64 = 500;

/// A capital is told up to here: what it is beyond says nothing more.
const CAPITAL_TOLD_MAX: f64 = 1e12;

/// A monitor with the logarithm of the capital of each of its bets.
struct Bet {
    monitor: Monitor,
    ln_capitals: Vec<f64>,
}

/// What a monitor is for.
#[derive(Clone, Copy)]
struct Subject<'a> {
    tenant_id: &'a Id,
    policy_hash: &'a str,
    risk_level: RiskLevel,
    kind: MonitorKind,
}

/// Takes in decisions in the order in which they came.
///
/// # Errors
/// Where the store fails.
pub fn decided(tx: &Tx<'_>, decisions: &[RandomAudit], by: &ActorReference) -> Result<(), Failure> {
    let mut groups: BTreeMap<(&str, RiskLevel), Vec<&RandomAudit>> = BTreeMap::new();
    for decision in decisions {
        let key = (decision.policy_hash.as_str(), decision.risk_level);
        groups.entry(key).or_default().push(decision);
    }
    for ((policy_hash, risk_level), decisions) in groups {
        // Of a policy that was never released here nobody can say what it should do.
        let Some(policy) = policies::find(tx, policy_hash)? else { continue };
        let Some(first) = decisions.first() else { continue };
        let (tenant_id, kind) = (&first.tenant_id, MonitorKind::EscalationRate);
        let subject = Subject { tenant_id, policy_hash, risk_level, kind };
        let items = decisions.iter().map(|one| one.disposition == Disposition::Escalate);
        observe(tx, subject, &policy, (items, 0), by)?;
    }
    Ok(())
}

/// Takes in what a person found of an answer that was audited at random.
///
/// # Errors
/// Where the store fails.
pub fn judged(tx: &Tx<'_>, audit: &RandomAudit, by: &ActorReference) -> Result<(), Failure> {
    let Some(is_right) = audit.label.and_then(crate::label::Label::is_right) else {
        return Ok(());
    };
    // What came too late was counted when it was due.
    if audit.overdue_since.is_some() { Ok(()) } else { answered(tx, audit, (!is_right, 0), by) }
}

/// Takes in that nobody judged an answer that was audited at random, or not in time: as a wrong one, so
/// that a watch that is fed no longer does not look like one that sees nothing wrong.
///
/// # Errors
/// Where the store fails.
pub fn unjudged(tx: &Tx<'_>, audit: &RandomAudit, by: &ActorReference) -> Result<(), Failure> {
    answered(tx, audit, (true, 1), by)
}

fn answered(
    tx: &Tx<'_>,
    audit: &RandomAudit,
    (is_wrong, unjudged): (bool, i64),
    by: &ActorReference,
) -> Result<(), Failure> {
    let Some(policy) = policies::find(tx, &audit.policy_hash)? else { return Ok(()) };
    let kinds = [
        (MonitorKind::WrongAnswers, audit.disposition == Disposition::Answer),
        (MonitorKind::WrongSent, is_of_what_was_sent(&policy, audit)),
    ];
    for (kind, _) in kinds.into_iter().filter(|(_, counts)| *counts) {
        let RandomAudit { tenant_id, policy_hash, risk_level, .. } = audit;
        let subject = Subject { tenant_id, policy_hash, risk_level: *risk_level, kind };
        observe(tx, subject, &policy, (std::iter::once(is_wrong), unjudged), by)?;
    }
    Ok(())
}

/// Whether an audit is one of an even sample of what confidence let a machine send in a tier whose
/// limited answers take a certificate: of the kind that is picked more often, a part by its id.
fn is_of_what_was_sent(policy: &Policy, audit: &RandomAudit) -> bool {
    let tier = policy.bundle().tiers.of(audit.risk_level);
    let is_sent = matches!(audit.disposition, Disposition::Answer | Disposition::LimitedAnswer);
    let alone = audit.trigger_ids.iter().all(|id| id == LOW_CONFIDENCE);
    let Some(sampling) = policy.bundle().sampling.filter(|_| tier.limited_certified.is_some())
    else {
        return false;
    };
    let least = sampling.answer.min(sampling.limited_answer);
    is_sent && alone && is_audited(audit.audit_id.as_str(), least / audit.propensity)
}

/// The policy as the host itself may apply it to a tenant: certificates that an alarm ended let nobody
/// answer.
///
/// # Errors
/// Where the store fails.
pub fn cautious(
    snapshot: &Snapshot<'_>,
    policy: Arc<Policy>,
    tenant_id: &Id,
) -> Result<Arc<Policy>, Failure> {
    let ended = ended_certificates(snapshot, &policy, tenant_id)?;
    Ok(if ended.is_empty() { policy } else { Arc::new(policy.without_certificates(ended)) })
}

/// The risk levels whose certificate an alarm ended for this tenant, whichever policy carries it.
///
/// # Errors
/// Where the store fails.
pub fn ended_certificates(
    snapshot: &Snapshot<'_>,
    policy: &Policy,
    tenant_id: &Id,
) -> Result<Vec<RiskLevel>, Failure> {
    let select = "SELECT body FROM monitors WHERE tenant_id = ?1 AND raised_at IS NOT NULL \
        AND kind IN ('wrong_answers', 'wrong_sent') AND risk_level = ?2";
    let mut ended = Vec::new();
    for (_, risk_level) in RiskLevel::WORDS {
        let tier = policy.bundle().tiers.of(*risk_level);
        if tier.certificate.is_none() && tier.limited_certificate.is_none() {
            continue;
        }
        let mut statement = snapshot.connection.prepare_cached(select)?;
        let mut rows = statement.query(params![tenant_id.as_str(), risk_level.as_str()])?;
        while let Some(row) = rows.next()? {
            let Bet { monitor, .. } = read_bet(&row.get::<_, String>(0)?)?;
            let of_it = demand(tier, monitor.kind).1.map(|shown| shown.issued_at);
            if of_it.is_some() && monitor.ended_certificate == of_it && !ended.contains(risk_level)
            {
                ended.push(*risk_level);
            }
        }
    }
    Ok(ended)
}

/// The monitors of these tenants, `None` for all of them, that concern this policy or raised an alarm.
///
/// # Errors
/// Where the store fails.
pub fn list(
    snapshot: &Snapshot<'_>,
    tenants: Option<&[String]>,
    policy_hash: &str,
) -> Result<Vec<Monitor>, Failure> {
    let select = "SELECT body FROM monitors \
        WHERE (?1 IS NULL OR tenant_id IN (SELECT value FROM json_each(?1))) AND policy_hash = ?2 \
        ORDER BY tenant_id, risk_level, kind";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let bodies = statement
        .query_map(params![tenants.map(text_list), policy_hash], |row| row.get::<_, String>(0))?;
    bodies.map(|body| Ok(read_bet(&body?)?.monitor)).collect()
}

/// Tenants of these, `None` for all of them, for which an alarm over wrong answers was ever raised.
///
/// # Errors
/// Where the store fails.
pub fn alarmed(snapshot: &Snapshot<'_>, tenants: Option<&[String]>) -> Result<Vec<Id>, Failure> {
    let select = "SELECT DISTINCT tenant_id FROM monitors WHERE raised_at IS NOT NULL \
        AND kind IN ('wrong_answers', 'wrong_sent') AND (?1 IS NULL OR tenant_id IN (SELECT value FROM json_each(?1))) \
        ORDER BY tenant_id";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let names =
        statement.query_map(params![tenants.map(text_list)], |row| row.get::<_, String>(0))?;
    names.map(|name| events::stored_id(&name?)).collect()
}

fn observe(
    tx: &Tx<'_>,
    subject: Subject<'_>,
    policy: &Policy,
    (items, unjudged): (impl Iterator<Item = bool>, i64),
    by: &ActorReference,
) -> Result<(), Failure> {
    let Some(sampling) = policy.bundle().sampling else { return Ok(()) };
    let tier = policy.bundle().tiers.of(subject.risk_level);
    let mut bet = match load(tx, subject)? {
        Some(bet) => bet,
        None => {
            let demanded = demand(tier, subject.kind).0.map(|demand| demand.tolerated_error);
            let tolerated_error = demanded.unwrap_or(sampling.tolerated_error);
            open(tx, subject, tolerated_error, sampling.false_alarm)?
        }
    };
    let was_raised = bet.monitor.raised_at.is_some();
    bet.take(items, sampling.false_alarm, tx.now);
    bet.monitor.unjudged += unjudged;
    let is_raised = bet.monitor.raised_at.is_some();
    if is_raised && !was_raised {
        let (_, certificate) = demand(tier, subject.kind);
        bet.monitor.ended_certificate = certificate.map(|shown| shown.issued_at);
    }
    store(tx, &bet)?;
    if is_raised && !was_raised { alarm(tx, &bet.monitor, by.clone()) } else { Ok(()) }
}

/// What a certificate must show of what is watched, and the one that shows it. An escalation rate takes
/// none.
fn demand(tier: &Tier, kind: MonitorKind) -> (Option<CertificateDemand>, Option<&Certificate>) {
    match kind {
        MonitorKind::WrongAnswers => (tier.certified, tier.certificate.as_ref()),
        MonitorKind::WrongSent => (tier.limited_certified, tier.limited_certificate.as_ref()),
        MonitorKind::EscalationRate => (None, None),
    }
}

impl Bet {
    /// Takes items in, one after the other.
    fn take(&mut self, items: impl Iterator<Item = bool>, false_alarm: f64, now: TimestampMs) {
        self.monitor.updated_at = now;
        match self.monitor.kind {
            MonitorKind::WrongAnswers | MonitorKind::WrongSent => {
                self.take_answers(items, false_alarm, now);
            }
            MonitorKind::EscalationRate => self.take_decisions(items, false_alarm, now),
        }
    }

    fn take_answers(
        &mut self,
        items: impl Iterator<Item = bool>,
        false_alarm: f64,
        now: TimestampMs,
    ) {
        let monitor = &mut self.monitor;
        let tolerated_error = monitor.tolerated_error.unwrap_or(0.5);
        let ln_capital = self.ln_capitals.first().copied().unwrap_or(0.0);
        let Tally { items: seen, events: wrong } = monitor.seen;
        let mut watch = ErrorWatch::new(tolerated_error, false_alarm);
        watch.resume(ln_capital, seen, wrong);
        for item in items {
            monitor.seen.add(item);
            if watch.observe(item) && monitor.raised_at.is_none() {
                monitor.raised_at = Some(now);
                monitor.change = Some(MonitorChange::Rose);
            }
        }
        monitor.capital = watch.capital().min(CAPITAL_TOLD_MAX);
        self.ln_capitals = vec![watch.ln_capital()];
    }

    fn take_decisions(
        &mut self,
        mut items: impl Iterator<Item = bool>,
        false_alarm: f64,
        now: TimestampMs,
    ) {
        let monitor = &mut self.monitor;
        while monitor.baseline.is_none() {
            let Some(item) = items.next() else { return };
            monitor.seen.add(item);
            if monitor.seen.items >= BASELINE_ITEMS_MIN {
                monitor.baseline = Some(monitor.seen);
                monitor.seen = Tally { items: 0, events: 0 };
            }
        }
        let Some(Tally { items: before, events }) = monitor.baseline else { return };
        let (before, events) = (before.unsigned_abs(), events.unsigned_abs());
        let mut watch = RateWatch::new(events, before, false_alarm);
        watch.resume(&self.ln_capitals);
        for item in items {
            monitor.seen.add(item);
            let change = watch.observe(item);
            if let (Some(change), None) = (change, monitor.raised_at) {
                monitor.raised_at = Some(now);
                monitor.change = Some(match change {
                    Change::Rose => MonitorChange::Rose,
                    Change::Fell => MonitorChange::Fell,
                });
            }
        }
        monitor.capital = watch.capital().min(CAPITAL_TOLD_MAX);
        self.ln_capitals = watch.ln_capitals();
    }
}

/// A monitor that has seen nothing yet.
fn open(
    tx: &Tx<'_>,
    subject: Subject<'_>,
    tolerated_error: f64,
    false_alarm: f64,
) -> Result<Bet, Failure> {
    let Subject { tenant_id, policy_hash, risk_level, kind } = subject;
    let is_rate = kind == MonitorKind::EscalationRate;
    let baseline = if is_rate { rate_before(tx, subject)? } else { None };
    let monitor = Monitor {
        version: MONITOR_VERSION,
        monitor_id: ids::new_id("mon", tx.now)?,
        tenant_id: tenant_id.clone(),
        policy_hash: policy_hash.to_owned(),
        risk_level,
        kind,
        tolerated_error: (!is_rate).then_some(tolerated_error),
        baseline,
        seen: Tally { items: 0, events: 0 },
        unjudged: 0,
        capital: 1.0,
        // A rate is bet on from both sides, and its former value takes its part too.
        alarm_at: if is_rate { 4.0 / false_alarm } else { 1.0 / false_alarm },
        raised_at: None,
        change: None,
        ended_certificate: None,
        since: tx.now,
        updated_at: tx.now,
    };
    Ok(Bet { monitor, ln_capitals: Vec::new() })
}

/// What the rate was under the policy that was watched last, if that saw enough.
fn rate_before(tx: &Tx<'_>, subject: Subject<'_>) -> Result<Option<Tally>, Failure> {
    let select = "SELECT body FROM monitors WHERE tenant_id = ?1 AND risk_level = ?2 AND kind = ?3 \
        AND policy_hash <> ?4 ORDER BY updated_at DESC, monitor_id DESC LIMIT 1";
    let mut statement = tx.connection.prepare_cached(select)?;
    let Subject { tenant_id, policy_hash, risk_level, kind } = subject;
    let key = params![tenant_id.as_str(), risk_level.as_str(), kind.as_str(), policy_hash];
    let body: Option<String> = statement.query_row(key, |row| row.get(0)).optional()?;
    let Some(body) = body else { return Ok(None) };
    let seen = read_bet(&body)?.monitor.seen;
    Ok((seen.items >= BASELINE_ITEMS_MIN).then_some(seen))
}

fn load(tx: &Tx<'_>, subject: Subject<'_>) -> Result<Option<Bet>, Failure> {
    let select = "SELECT body FROM monitors \
        WHERE tenant_id = ?1 AND policy_hash = ?2 AND risk_level = ?3 AND kind = ?4";
    let select = tx.holding(select, Hold::Change);
    let mut statement = tx.connection.prepare_cached(&*select)?;
    let Subject { tenant_id, policy_hash, risk_level, kind } = subject;
    let key = params![tenant_id.as_str(), policy_hash, risk_level.as_str(), kind.as_str()];
    let body: Option<String> = statement.query_row(key, |row| row.get(0)).optional()?;
    body.map(|body| read_bet(&body)).transpose()
}

fn store(tx: &Tx<'_>, bet: &Bet) -> Result<(), Failure> {
    let upsert = "INSERT INTO monitors (tenant_id, monitor_id, policy_hash, risk_level, kind, items, \
        raised_at, updated_at, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
        ON CONFLICT (tenant_id, monitor_id) DO UPDATE SET items = excluded.items, \
        raised_at = excluded.raised_at, updated_at = excluded.updated_at, body = excluded.body";
    let Bet { monitor, ln_capitals } = bet;
    let ln_capitals = ln_capitals.iter().map(|value| Json::Number(*value)).collect();
    let body = Json::object([
        ("monitor".to_owned(), to_json(monitor)?),
        ("ln_capitals".to_owned(), Json::Array(ln_capitals)),
    ]);
    tx.connection.prepare_cached(upsert)?.execute(params![
        monitor.tenant_id.as_str(),
        monitor.monitor_id.as_str(),
        monitor.policy_hash,
        monitor.risk_level.as_str(),
        monitor.kind.as_str(),
        monitor.seen.items,
        monitor.raised_at.map(TimestampMs::as_ms),
        monitor.updated_at.as_ms(),
        body.canonical(),
    ])?;
    Ok(())
}

fn alarm(tx: &Tx<'_>, monitor: &Monitor, by: ActorReference) -> Result<(), Failure> {
    let entity = Entity { tenant_id: &monitor.tenant_id, kind: "monitor", id: &monitor.monitor_id };
    let data = Json::object([("monitor".to_owned(), to_json(monitor)?)]);
    let entry_id = audit::append_at(tx, entity, 1, ALARM, data, by)?;
    events::append(tx, &entry_id, &Happened::Monitor(monitor), ALARM)
}

fn read_bet(body: &str) -> Result<Bet, Failure> {
    let value = stored_json(body)?;
    let bet = || {
        let mut fields = Node::root(&value).object()?;
        let monitor = fields.required("monitor", Monitor::read)?;
        let ln_capitals = fields.list("ln_capitals", 16, read::number)?;
        fields.finish()?;
        Ok(Bet { monitor, ln_capitals })
    };
    bet().map_err(|fault: crate::error::Fault| {
        Failure::internal(format!("a stored monitor cannot be read: {fault}"))
    })
}
