//! The records of a bundle in an image.

use super::form::{Bytes, Imaged, imaged, put_number};
use crate::calendar::{Calendar, Sla};
use crate::certificate::{Certificate, CertificateDemand};
use crate::confidence::{ConfidenceModel, Fit, SignalCurve, SignalWords};
use crate::expr::Program;
use crate::fact::FactDeclaration;
use crate::inference::{BUCKETS, ImpactModel, Weights};
use crate::json::Json;
use crate::limits::CALENDAR_NUMBERS_MAX;
use crate::money::{Currency, Money, Rates};
use crate::policy::{Accepts, Authority, Bundle, Queue, Tier, Tiers, Trigger};
use crate::sampling::Sampling;
use crate::suppression::Suppression;
use crate::tool::{ActionPolicy, AmountAt, ArgumentRule, ImpactRule, LadderStep, Tool};
use crate::units::{Id, Score, TimestampMs};

imaged! {
    Bundle {
        bundle_version, id, version, facts, confidence, tiers, risk_level_when_missing, triggers,
        suppressions, actions, calendars, queues, fallback_queue, limited_answer, templates, refusal,
        lease_duration_ms, undo_window_ms, sampling, work,
    }
    FactDeclaration { path, fact_type, source, record }
    ConfidenceModel { model_version, fit, base, signals }
    Fit { labels, hash, held_back }
    SignalCurve {
        name, label, orientation, knots, weights, centers, missing, unavailable, required, words,
    }
    SignalWords { good, fair, weak, missing, unavailable }
    Tiers { low, medium, high, critical }
    Tier {
        answer, limited_answer, without_signals, certified, certificate, limited_certified,
        limited_certificate,
    }
    CertificateDemand { tolerated_error, failure_probability }
    Certificate {
        risk_level, threshold, tolerated_error, failure_probability, answers, errors, rows_hash,
        decision_hash, issued_at, expires_at,
    }
    Trigger {
        id, kind, when, required, then, is_final, shadow, template, risk_level, sla_ms_max,
        authority_level_min, why,
    }
    Suppression { id, when, cancels, then, template, why }
    Queue { queue, title, accepts, sla, calendar, sla_ms_min, authority, skills }
    Accepts {
        domains, languages, tenants, triggers, risk_level_min, risk_level_max, when,
    }
    Authority { domain, level }
    ActionPolicy { rates, tools, unknown_tool, rules, ladder, impact_model }
    Tool {
        names, title, effects, reversibility, tier, verdict, amount, target, count, arguments,
        schema, enforcement, authority, quorum, preview_required, expires_ms,
    }
    AmountAt { pointer, unit, currency_pointer, currency }
    ArgumentRule { argument_type, required }
    ImpactRule {
        id, when, then, tier, authority, quorum, preview_required, expires_ms, why,
    }
    LadderStep { domain, level, title, limit, quorum }
    Rates { base, until, billionths }
    Sampling {
        answer, limited_answer, refuse, second_review, judged_within_days, tolerated_error, false_alarm,
    }
    ImpactModel { changes, high_if_changes, destructive, permissions, open_world, high_from }
}

impl Bundle {
    /// Whether every condition is one that can be evaluated.
    pub(super) fn programs_hold(&self) -> bool {
        let holds = |program: &Program| program.holds(&self.facts);
        self.triggers.iter().all(|one| holds(&one.when))
            && self.suppressions.iter().all(|one| holds(&one.when))
            && self.actions.rules.iter().all(|one| holds(&one.when))
            && self.queues.iter().all(|one| one.accepts.when.as_ref().is_none_or(holds))
    }
}

impl Imaged for Id {
    fn put(&self, image: &mut Vec<u8>) {
        self.as_str().to_owned().put(image);
    }

    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        Self::new(&String::take(bytes)?)
    }
}

impl Imaged for TimestampMs {
    fn put(&self, image: &mut Vec<u8>) {
        self.as_ms().put(image);
    }

    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        Self::new(i64::take(bytes)?)
    }
}

impl Imaged for Score {
    fn put(&self, image: &mut Vec<u8>) {
        self.get().put(image);
    }

    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        Self::new(f64::take(bytes)?)
    }
}

impl Imaged for Currency {
    fn put(&self, image: &mut Vec<u8>) {
        self.code().to_owned().put(image);
    }

    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        Self::new(&String::take(bytes)?)
    }
}

impl Imaged for Money {
    fn put(&self, image: &mut Vec<u8>) {
        self.minor().put(image);
        self.currency().put(image);
    }

    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        let minor = i64::take(bytes)?;
        Self::new(minor, Currency::take(bytes)?)
    }
}

impl Imaged for Sla {
    fn put(&self, image: &mut Vec<u8>) {
        let (kind, amount) = match self {
            Self::DurationMs(amount) => (0, amount),
            Self::BusinessMs(amount) => (1, amount),
            Self::BusinessDays(amount) => (2, amount),
        };
        image.push(kind);
        amount.put(image);
    }

    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        let kind = bytes.byte()?;
        let amount = i64::take(bytes)?;
        match kind {
            0 => Some(Self::DurationMs(amount)),
            1 => Some(Self::BusinessMs(amount)),
            2 => Some(Self::BusinessDays(amount)),
            _ => None,
        }
    }
}

impl Imaged for Calendar {
    fn put(&self, image: &mut Vec<u8>) {
        self.calendar.put(image);
        self.time_zone.put(image);
        self.from.put(image);
        self.until.put(image);
        self.open.put(image);
    }

    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        let calendar = Self {
            calendar: Imaged::take(bytes)?,
            time_zone: Imaged::take(bytes)?,
            from: Imaged::take(bytes)?,
            until: Imaged::take(bytes)?,
            open: Imaged::take(bytes)?,
        };
        // Days and minutes, which are multiplied: what is larger than any would overflow.
        let fits = |number: &i64| number.unsigned_abs() <= 4_000_000;
        let valid = calendar.open.len() <= CALENDAR_NUMBERS_MAX && calendar.open.iter().all(fits);
        valid.then_some(calendar)
    }
}

/// The schema of a tool's arguments, and what a policy says of people's work, are the host's to read: an
/// edge only knows that there is such a thing.
impl Imaged for Json {
    fn put(&self, _: &mut Vec<u8>) {}

    fn take(_: &mut Bytes<'_>) -> Option<Self> {
        Some(Self::Bool(true))
    }
}

/// Most weights are 0: a 0 stands with how many follow.
impl Imaged for Weights {
    fn put(&self, image: &mut Vec<u8>) {
        let mut values = std::iter::once(&self.bias).chain(&self.steps).copied().peekable();
        while let Some(value) = values.next() {
            image.push(value.cast_unsigned());
            if value == 0 {
                let mut more = 0;
                while values.next_if_eq(&0).is_some() {
                    more += 1;
                }
                put_number(more, image);
            }
        }
    }

    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        let mut values = Vec::with_capacity(BUCKETS + 1);
        while values.len() <= BUCKETS {
            let value = bytes.byte()?.cast_signed();
            let more = if value == 0 { usize::try_from(bytes.number()?).ok()? } else { 0 };
            // Zeros that stand together are told once: a policy has one image.
            let told_apart = value == 0 && values.last() == Some(&0);
            if more > BUCKETS - values.len() || told_apart {
                return None;
            }
            values.resize(values.len() + 1 + more, value);
        }
        let bias = values.first().copied()?;
        values.remove(0);
        Some(Self { bias, steps: values })
    }
}
