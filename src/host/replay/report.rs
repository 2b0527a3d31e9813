//! What a replay found: which decisions change, who gets more to do, and which rules do nothing.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::trial::Outcome;
use crate::metrics::{Interval, share_interval};
use crate::policy::{Policy, PolicyReference};
use crate::units::TimestampMs;
use crate::verdict::Disposition;

/// The two-sided 95 % quantile of the normal distribution.
const Z_95: f64 = 1.959_963_984_540_054;
const DAY_MS: f64 = 86_400_000.0;
/// A shorter period says nothing of a day.
const PERIOD_MS_MIN: i64 = 3_600_000;

/// What becomes of recorded decisions under another policy.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PolicyReplay {
    /// The policy before.
    pub old: PolicyReference,
    /// The policy after.
    pub new: PolicyReference,
    /// Decisions that were looked at.
    pub decisions: i64,
    /// Those that both policies could judge; every other count is of these.
    pub judged: i64,
    /// Those that could not be judged, and nothing is said of.
    pub unjudged: i64,
    /// What was not recorded, and for how many of them.
    pub unjudged_for: Vec<Missing>,
    /// Judged records that the old policy made itself: that it decides them alike now shows that what
    /// was recorded suffices.
    pub of_old: i64,
    /// How many of these come out exactly as recorded.
    pub reproduced: i64,
    /// Decisions whose outcome, risk level or queue is another.
    pub changed: i64,
    /// Changes of the outcome, the most frequent first.
    pub transitions: Vec<Transition>,
    /// The outcome stays, the risk level is another.
    pub other_risk_level: i64,
    /// A person decides as before, in another queue.
    pub other_queue: i64,
    /// How much goes to people.
    pub escalation: Escalation,
    /// How many cases each queue gets.
    pub queues: Vec<QueueLoad>,
    /// The rules, in the order of the new policy, then those that are gone.
    pub triggers: Vec<TriggerUse>,
    /// Rules of the new policy that never fired.
    pub never_fired: Vec<String>,
    /// Rules of the new policy that fired and without which every decision would be the same.
    pub changes_nothing: Vec<String>,
    /// The first and the last instant of the decisions; null where nothing was judged.
    pub from: Option<TimestampMs>,
    /// The last.
    pub until: Option<TimestampMs>,
    /// What people would need; null where the period is not known or too short.
    pub staffing: Option<Staffing>,
}

/// Something that was not recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Missing {
    /// The path of the fact, or the hash of a policy that is not known here.
    pub path: String,
    /// Decisions that could not be judged for want of it.
    pub count: i64,
}

/// Decisions that change from one outcome to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Transition {
    /// The outcome before.
    pub from: Disposition,
    /// The outcome after.
    pub to: Disposition,
    /// How many.
    pub count: i64,
    /// Ids of the first few requests, of those that have one.
    pub examples: Vec<String>,
}

/// The escalation rate before and after.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Escalation {
    /// Before.
    pub before: Share,
    /// After.
    pub after: Share,
    /// After less before; null where nothing was judged.
    pub difference: Option<f64>,
    /// Where the difference lies with 95 % confidence, since both judge the same decisions.
    pub difference_interval: Option<Bounds>,
}

/// A share of the judged decisions.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Share {
    /// How many.
    pub count: i64,
    /// The share; null where nothing was judged.
    pub value: Option<f64>,
    /// Where it lies with 95 % confidence, after Wilson.
    pub interval: Option<Interval>,
}

/// Bounds of a difference, which may be negative.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Bounds {
    /// The lower bound.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
}

/// How many cases a queue gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct QueueLoad {
    /// The queue.
    pub queue: String,
    /// Cases before.
    pub before: i64,
    /// Cases after.
    pub after: i64,
}

/// How often a rule fired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TriggerUse {
    /// The rule.
    pub trigger: String,
    /// Decisions in which it fired before; null where the old policy does not have it.
    pub before: Option<i64>,
    /// Decisions in which it fired after; null where the new policy does not have it.
    pub after: Option<i64>,
}

/// What people would need.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Staffing {
    /// Days over which the decisions were made.
    pub days: f64,
    /// Cases a day before.
    pub cases_per_day_before: f64,
    /// Cases a day after.
    pub cases_per_day_after: f64,
    /// Hours of work a day before.
    pub hours_per_day_before: f64,
    /// Hours of work a day after.
    pub hours_per_day_after: f64,
    /// By queue.
    pub queues: Vec<QueueStaffing>,
}

/// What the people of one queue would need.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct QueueStaffing {
    /// The queue.
    pub queue: String,
    /// Minutes of work on one case.
    pub minutes_per_case: f64,
    /// Decided cases from which these were measured; 0 where they are assumed.
    pub measured_cases: i64,
    /// Hours a day before.
    pub hours_per_day_before: f64,
    /// Hours a day after.
    pub hours_per_day_after: f64,
}

/// How long a case takes.
#[derive(Clone, Debug)]
pub struct Handling {
    /// Minutes where nothing was measured.
    pub assumed_minutes: f64,
    /// Measured minutes and the number of cases behind them, by queue.
    pub measured: BTreeMap<String, (f64, i64)>,
}

/// One decision under both policies.
pub(super) struct Pair {
    pub(super) request_id: Option<String>,
    pub(super) at: TimestampMs,
    pub(super) judged: Result<(Outcome, Outcome), Vec<String>>,
    /// Whether the old policy decides as was recorded, where it was its own decision.
    pub(super) reproduced: Option<bool>,
}

/// Counts while the decisions come in.
#[derive(Default)]
pub(super) struct Tally {
    decisions: i64,
    judged: i64,
    of_old: i64,
    reproduced: i64,
    missing: BTreeMap<String, i64>,
    transitions: BTreeMap<(Disposition, Disposition), (i64, Vec<String>)>,
    other_risk_level: i64,
    other_queue: i64,
    changed: i64,
    /// Escalated before, after, only before, only after.
    escalated: [i64; 4],
    queues: BTreeMap<String, (i64, i64)>,
    fired_before: BTreeMap<String, i64>,
    fired_after: BTreeMap<String, i64>,
    period: Option<(TimestampMs, TimestampMs)>,
}

impl Tally {
    pub(super) fn add(&mut self, pair: Pair, examples_max: usize) {
        self.decisions += 1;
        let (before, after) = match pair.judged {
            Ok(both) => both,
            Err(missing) => {
                for path in missing {
                    *self.missing.entry(path).or_default() += 1;
                }
                return;
            }
        };
        self.judged += 1;
        self.of_old += i64::from(pair.reproduced.is_some());
        self.reproduced += i64::from(pair.reproduced == Some(true));
        let (first, last) = self.period.unwrap_or((pair.at, pair.at));
        self.period = Some((first.min(pair.at), last.max(pair.at)));
        if before.disposition != after.disposition {
            let key = (before.disposition, after.disposition);
            let (count, examples) = self.transitions.entry(key).or_default();
            *count += 1;
            if examples.len() < examples_max {
                examples.extend(pair.request_id);
            }
        } else {
            self.other_risk_level += i64::from(before.risk_level != after.risk_level);
            self.other_queue += i64::from(before.queue != after.queue);
        }
        let key =
            |outcome: &Outcome| (outcome.disposition, outcome.risk_level, outcome.queue.clone());
        self.changed += i64::from(key(&before) != key(&after));
        let escalated = |outcome: &Outcome| outcome.disposition == Disposition::Escalate;
        let (was, is) = (escalated(&before), escalated(&after));
        for (count, holds) in self.escalated.iter_mut().zip([was, is, was && !is, is && !was]) {
            *count += i64::from(holds);
        }
        if let Some(queue) = before.queue {
            self.queues.entry(queue).or_default().0 += 1;
        }
        if let Some(queue) = after.queue {
            self.queues.entry(queue).or_default().1 += 1;
        }
        for trigger in before.triggers {
            *self.fired_before.entry(trigger).or_default() += 1;
        }
        for trigger in after.triggers {
            *self.fired_after.entry(trigger).or_default() += 1;
        }
    }

    /// The report; `decides` says of each trigger of the new policy whether it changed a decision,
    /// `days` how long the decisions took where their instants do not say.
    pub(super) fn report(
        self,
        old: &Policy,
        new: &Policy,
        decides: &[bool],
        handling: &Handling,
        days: Option<f64>,
    ) -> PolicyReplay {
        let queues: Vec<QueueLoad> = self
            .queues
            .iter()
            .map(|(queue, (before, after))| QueueLoad {
                queue: queue.clone(),
                before: *before,
                after: *after,
            })
            .collect();
        let mut unjudged_for: Vec<Missing> = self
            .missing
            .iter()
            .map(|(path, count)| Missing { path: path.clone(), count: *count })
            .collect();
        unjudged_for.sort_by_key(|one| std::cmp::Reverse(one.count));
        let mut transitions: Vec<Transition> = self
            .transitions
            .iter()
            .map(|((from, to), (count, examples))| Transition {
                from: *from,
                to: *to,
                count: *count,
                examples: examples.clone(),
            })
            .collect();
        transitions.sort_by_key(|one| std::cmp::Reverse(one.count));
        let rules = || new.bundle().triggers.iter().zip(decides).filter(|(rule, _)| !rule.shadow);
        let fired = |id: &String| self.fired_after.contains_key(id);
        let never_fired =
            rules().map(|(rule, _)| rule.id.clone()).filter(|id| !fired(id)).collect();
        let changes_nothing = rules()
            .filter(|(rule, decides)| fired(&rule.id) && !**decides)
            .map(|(rule, _)| rule.id.clone())
            .collect();
        let period = self.period;
        let measured_days = period.and_then(|(from, until)| {
            let length_ms = until.as_ms() - from.as_ms();
            #[expect(clippy::cast_precision_loss, reason = "milliseconds are far below 2^53")]
            let days = length_ms as f64 / DAY_MS;
            (length_ms >= PERIOD_MS_MIN).then_some(days)
        });
        let staffing = days.or(measured_days).map(|days| staffing(days, &queues, handling));
        PolicyReplay {
            old: old.reference().clone(),
            new: new.reference().clone(),
            decisions: self.decisions,
            judged: self.judged,
            unjudged: self.decisions - self.judged,
            unjudged_for,
            of_old: self.of_old,
            reproduced: self.reproduced,
            changed: self.changed,
            transitions,
            other_risk_level: self.other_risk_level,
            other_queue: self.other_queue,
            escalation: self.escalation(),
            triggers: self.triggers(old, new),
            queues,
            never_fired,
            changes_nothing,
            from: period.map(|(from, _)| from),
            until: period.map(|(_, until)| until),
            staffing,
        }
    }

    fn escalation(&self) -> Escalation {
        let total = self.judged;
        let [before, after, only_before, only_after] = self.escalated;
        let share = |count: i64| Share {
            count,
            value: (total > 0).then(|| float(count) / float(total)),
            interval: share_interval(float(count), total),
        };
        let difference = (total > 0).then(|| float(only_after - only_before) / float(total));
        let interval = difference.map(|difference| {
            let discordant = float(only_before + only_after) / float(total);
            let error = ((discordant - difference * difference).max(0.0) / float(total)).sqrt();
            let (low, high) = (difference - Z_95 * error, difference + Z_95 * error);
            Bounds { low: low.max(-1.0), high: high.min(1.0) }
        });
        Escalation {
            before: share(before),
            after: share(after),
            difference,
            difference_interval: interval,
        }
    }

    fn triggers(&self, old: &Policy, new: &Policy) -> Vec<TriggerUse> {
        let ids = |policy: &Policy| -> Vec<String> {
            let own = policy.bundle().triggers.iter().filter(|rule| !rule.shadow);
            own.map(|rule| rule.id.clone())
                .chain([crate::suppression::LOW_CONFIDENCE.to_owned()])
                .collect()
        };
        let (before, after) = (ids(old), ids(new));
        let gone = before.iter().filter(|id| !after.contains(id));
        let count = |list: &[String], fired: &BTreeMap<String, i64>, id: &String| {
            list.contains(id).then(|| fired.get(id).copied().unwrap_or(0))
        };
        after
            .iter()
            .chain(gone)
            .map(|id| TriggerUse {
                trigger: id.clone(),
                before: count(&before, &self.fired_before, id),
                after: count(&after, &self.fired_after, id),
            })
            .collect()
    }
}

fn staffing(days: f64, queues: &[QueueLoad], handling: &Handling) -> Staffing {
    let of_queue = |load: &QueueLoad| {
        let measured = handling.measured.get(&load.queue).copied();
        let (minutes, cases) = measured.unwrap_or((handling.assumed_minutes, 0));
        let hours = |cases: i64| float(cases) / days * minutes / 60.0;
        QueueStaffing {
            queue: load.queue.clone(),
            minutes_per_case: minutes,
            measured_cases: cases,
            hours_per_day_before: hours(load.before),
            hours_per_day_after: hours(load.after),
        }
    };
    let by_queue: Vec<QueueStaffing> = queues.iter().map(of_queue).collect();
    let cases = |count: fn(&QueueLoad) -> i64| float(queues.iter().map(count).sum()) / days;
    let hours = |count: fn(&QueueStaffing) -> f64| by_queue.iter().map(count).sum();
    Staffing {
        days,
        cases_per_day_before: cases(|load| load.before),
        cases_per_day_after: cases(|load| load.after),
        hours_per_day_before: hours(|load| load.hours_per_day_before),
        hours_per_day_after: hours(|load| load.hours_per_day_after),
        queues: by_queue,
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
const fn float(count: i64) -> f64 {
    count as f64
}
