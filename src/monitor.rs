//! What watches over decisions after a release, as it is told: how many items it has seen, what it
//! bets against, how far the bet has come, and whether the alarm was raised.

use serde::Serialize;

use crate::case::{source_of, type_of};
use crate::json::INTEGER_MAX;
use crate::limits;
use crate::read::{self, Node, Read};
use crate::request::RiskLevel;
use crate::units::{Id, TimestampMs};
use crate::word::words;

/// Version of the record that this code writes.
pub const MONITOR_VERSION: i64 = 1;

words! {
    /// What is watched.
    pub enum MonitorKind {
        /// The share of wrong answers among those audited at random.
        WrongAnswers = "wrong_answers",
        /// The share of wrong drafts among everything that a machine sent, as an answer or in its place a
        /// limited one, evenly audited; where limited answers take a certificate.
        WrongSent = "wrong_sent",
        /// The share of requests that go to a person.
        EscalationRate = "escalation_rate",
    }
}

words! {
    /// What became of a rate.
    pub enum MonitorChange {
        /// It is above what it may be, or what it was.
        Rose = "rose",
        /// It is below what it was.
        Fell = "fell",
    }
}

/// Items, and how many of them were of the kind that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tally {
    /// All of them.
    pub items: i64,
    /// Wrong answers, or requests that went to a person.
    pub events: i64,
}

/// One watch over one risk level of one tenant, since a policy came into force.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Monitor {
    /// Version of this record; 1.
    pub version: i64,
    /// Its id.
    pub monitor_id: Id,
    /// The tenant.
    pub tenant_id: Id,
    /// The policy that decided what is watched.
    pub policy_hash: String,
    /// The risk level.
    pub risk_level: RiskLevel,
    /// What is watched.
    pub kind: MonitorKind,
    /// The greatest share of wrong answers that is tolerated; null for a rate.
    pub tolerated_error: Option<f64>,
    /// What the rate was before; null for wrong answers, and while it is still being learned.
    pub baseline: Option<Tally>,
    /// What was seen since.
    pub seen: Tally,
    /// How many of the wrong answers are audits that nobody judged, or not in time; 0 for a rate.
    pub unjudged: i64,
    /// The capital of a bet against "nothing has got worse", which began with 1.
    pub capital: f64,
    /// The capital at which the alarm is raised.
    pub alarm_at: f64,
    /// When it was raised.
    pub raised_at: Option<TimestampMs>,
    /// How the rate had changed by then.
    pub change: Option<MonitorChange>,
    /// When the certificate was made that the alarm ended, if it ended one.
    pub ended_certificate: Option<TimestampMs>,
    /// When the first item was seen.
    pub since: TimestampMs,
    /// When the last one was.
    pub updated_at: TimestampMs,
}

/// An alarm as it is sent, in the form of CloudEvents 1.0.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MonitorEvent {
    /// The version of the envelope: `1.0`.
    pub specversion: String,
    /// The event's id, which is that of its audit entry; the same however often it is sent.
    pub id: Id,
    /// Whose it is: `/tenants/{tenant}`.
    pub source: String,
    /// What happened: `dev.countersign.` and the event's name.
    pub r#type: String,
    /// The monitor.
    pub subject: Id,
    /// When.
    pub time: TimestampMs,
    /// The media type of the data.
    pub datacontenttype: String,
    /// Its position among the tenant's events, from 1, without gaps.
    pub sequence: i64,
    /// The monitor as it stood when the alarm was raised.
    pub data: Monitor,
}

impl MonitorEvent {
    /// The envelope of an alarm.
    #[must_use]
    pub fn new(id: Id, sequence: i64, name: &str, time: TimestampMs, data: Monitor) -> Self {
        Self {
            specversion: "1.0".to_owned(),
            id,
            source: source_of(&data.tenant_id),
            r#type: type_of(name),
            subject: data.monitor_id.clone(),
            time,
            datacontenttype: "application/json".to_owned(),
            sequence,
            data,
        }
    }
}

impl Monitor {
    /// Reads a stored monitor.
    ///
    /// # Errors
    /// `invalid_field` or `unknown_field`.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let monitor = Self {
            version: fields.required("version", |node| node.integer(1, MONITOR_VERSION))?,
            monitor_id: fields.required("monitor_id", read::id)?,
            tenant_id: fields.required("tenant_id", read::id)?,
            policy_hash: fields
                .required("policy_hash", |node| node.filled_text(limits::NAME_LENGTH_MAX))?,
            risk_level: fields.required("risk_level", RiskLevel::read)?,
            kind: fields.required("kind", MonitorKind::read)?,
            tolerated_error: fields.optional("tolerated_error", read::number)?,
            baseline: fields.optional("baseline", Tally::read)?,
            seen: fields.required("seen", Tally::read)?,
            // Stored before these were counted, it counted none.
            unjudged: fields
                .optional("unjudged", |node| node.integer(0, INTEGER_MAX))?
                .unwrap_or(0),
            capital: fields.required("capital", read::number)?,
            alarm_at: fields.required("alarm_at", read::number)?,
            raised_at: fields.optional("raised_at", read::timestamp)?,
            change: fields.optional("change", MonitorChange::read)?,
            ended_certificate: fields.optional("ended_certificate", read::timestamp)?,
            since: fields.required("since", read::timestamp)?,
            updated_at: fields.required("updated_at", read::timestamp)?,
        };
        fields.finish()?;
        Ok(monitor)
    }
}

impl Tally {
    /// Counts one item.
    pub const fn add(&mut self, is_event: bool) {
        self.items += 1;
        if is_event {
            self.events += 1;
        }
    }

    fn read(node: Node<'_>) -> Read<Self> {
        let count = |node: Node<'_>| node.integer(0, INTEGER_MAX);
        let mut fields = node.object()?;
        let tally = Self {
            items: fields.required("items", count)?,
            events: fields.required("events", count)?,
        };
        fields.finish()?;
        Ok(tally)
    }
}
