//! Two policies over what was decided: which decisions change before a policy is released.
//!
//! Deterministic: the same policies and decisions give the same report, however many threads work.

pub mod command;
mod report;
mod tell;
mod trial;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

pub use report::{
    Bounds, Escalation, Handling, Missing, PolicyReplay, QueueLoad, QueueStaffing, Share, Staffing,
    Transition, TriggerUse,
};

use crate::error::{ErrorCode, Fault};
use crate::json::{Json, StoredJson};
use crate::policy::Policy;
use crate::read::{self, Node};
use crate::request::{Request, RiskLevel};
use crate::units::{Id, TimestampMs};
use crate::verdict::Disposition;
use report::{Pair, Tally};
use trial::{Outcome, Trial, read_recorded};

/// Stands for the missing fact of a stored record that cannot be read.
const UNREADABLE: &str = "a readable record";

/// What is replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Requests as they were, decided at one instant.
    Requests(TimestampMs),
    /// Decision records, decided at their own.
    Records,
}

/// One request or record, as it is stored.
#[derive(Clone, Debug)]
pub struct Line {
    /// The tenant, where it stands beside the record.
    pub tenant_id: Option<Id>,
    /// The JSON text.
    pub text: String,
}

/// A replay that is under way.
pub struct Replay<'a> {
    old: &'a Policy,
    new: &'a Policy,
    kind: Kind,
    examples_max: usize,
    /// Both policies, ready for what was made under each policy that is known, by its hash; for
    /// requests, under none.
    trials: BTreeMap<String, (Trial, Trial)>,
    decides: Vec<AtomicBool>,
    tally: Tally,
}

impl<'a> Replay<'a> {
    /// Prepares a replay; `others` are policies under which records may have been made.
    ///
    /// # Errors
    /// `policy_rejected` where a policy cannot be made ready.
    pub fn new(
        old: &'a Policy,
        new: &'a Policy,
        others: &[Policy],
        kind: Kind,
        examples_max: usize,
    ) -> Result<Self, Fault> {
        let mut trials = BTreeMap::new();
        match kind {
            Kind::Requests(_) => {
                let pair = (Trial::of_requests(old)?, Trial::of_requests(new)?);
                trials.insert(String::new(), pair);
            }
            Kind::Records => {
                for recorder in [old, new].into_iter().chain(others) {
                    let pair =
                        (Trial::of_records(old, recorder)?, Trial::of_records(new, recorder)?);
                    trials.insert(recorder.reference().hash.clone(), pair);
                }
            }
        }
        let decides = new.bundle().triggers.iter().map(|_| AtomicBool::new(false)).collect();
        Ok(Self { old, new, kind, examples_max, trials, decides, tally: Tally::default() })
    }

    /// Judges some lines, on several threads.
    ///
    /// # Errors
    /// The first line that cannot be read, by its place among these from 0, and why.
    pub fn add(&mut self, lines: &[Line]) -> Result<(), (usize, Fault)> {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let chunk = lines.len().div_ceil(threads).max(1);
        let this = &*self;
        let judged: Vec<Vec<Result<Pair, Fault>>> = std::thread::scope(|scope| {
            let work = |lines: &'_ [Line]| lines.iter().map(|line| this.judge(line)).collect();
            let threads: Vec<_> =
                lines.chunks(chunk).map(|lines| scope.spawn(move || work(lines))).collect();
            let broken = || {
                Fault::new(ErrorCode::Internal, "", "a thread of the replay ended", "report this")
            };
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|_| vec![Err(broken())]))
                .collect()
        });
        for (index, pair) in judged.into_iter().flatten().enumerate() {
            self.tally.add(pair.map_err(|fault| (index, fault))?, self.examples_max);
        }
        Ok(())
    }

    /// What was found.
    #[must_use]
    pub fn report(self, handling: &Handling, days: Option<f64>) -> PolicyReplay {
        let decides: Vec<bool> =
            self.decides.iter().map(|decides| decides.load(Ordering::Relaxed)).collect();
        self.tally.report(self.old, self.new, &decides, handling, days)
    }

    fn judge(&self, line: &Line) -> Result<Pair, Fault> {
        let value = match serde_json::from_str::<StoredJson>(&line.text) {
            Ok(StoredJson(value)) => value,
            Err(error) => {
                let help = "write one JSON object a line";
                return Err(Fault::new(ErrorCode::InvalidJson, "", error.to_string(), help));
            }
        };
        match self.kind {
            Kind::Requests(now) => {
                let request = Request::read(&value)?;
                let Some((old, new)) = self.trials.get("") else { return Err(unprepared()) };
                let after = new.judge(&request, now);
                self.look_at_triggers(new, &after, &request, now);
                let judged = Ok((old.judge(&request, now), after));
                let request_id = request.request_id.as_ref().map(ToString::to_string);
                Ok(Pair { request_id, at: now, judged, reproduced: None })
            }
            Kind::Records => match self.judge_record(&value, line.tenant_id.as_ref()) {
                // One odd record of an edge must not keep a tenant from every replay.
                Err(_) if line.tenant_id.is_some() => Ok(Pair {
                    request_id: None,
                    at: TimestampMs::MIN,
                    judged: Err(vec![UNREADABLE.to_owned()]),
                    reproduced: None,
                }),
                judged => judged,
            },
        }
    }

    fn judge_record(&self, value: &Json, tenant_id: Option<&Id>) -> Result<Pair, Fault> {
        let was = read_decision(value)?;
        let recorded = read_recorded(value, tenant_id)?;
        let request_id = recorded.request.request_id.as_ref().map(ToString::to_string);
        let at = recorded.evaluated_at;
        let pair = |judged, reproduced| Ok(Pair { request_id, at, judged, reproduced });
        let Some((old, new)) = self.trials.get(&was.policy_hash) else {
            return pair(Err(vec![was.policy_hash]), None);
        };
        let (before, after) = match (old.judge_record(&recorded), new.judge_record(&recorded)) {
            (Ok(before), Ok(after)) => (before, after),
            (before, after) => {
                let mut missing: Vec<String> =
                    [before.err(), after.err()].into_iter().flatten().flatten().collect();
                missing.sort();
                missing.dedup();
                return pair(Err(missing), None);
            }
        };
        self.look_at_triggers(new, &after, &recorded.request, at);
        let is_own = was.policy_hash == self.old.reference().hash;
        let reproduced = is_own.then(|| before == was.outcome);
        pair(Ok((before, after)), reproduced)
    }

    /// A rule does something once there is a decision that would be another without it.
    fn look_at_triggers(&self, new: &Trial, after: &Outcome, request: &Request, now: TimestampMs) {
        let rules = self.new.bundle().triggers.iter().zip(&self.decides).enumerate();
        for (index, (rule, decides)) in rules {
            let open = !decides.load(Ordering::Relaxed) && after.triggers.contains(&rule.id);
            if open && new.decides(index, after, request, now) {
                decides.store(true, Ordering::Relaxed);
            }
        }
    }
}

/// What a record says was decided.
struct Was {
    policy_hash: String,
    outcome: Outcome,
}

fn read_decision(record: &Json) -> Result<Was, Fault> {
    let name = |node: Node<'_>| node.filled_text(crate::limits::NAME_LENGTH_MAX);
    let mut fields = Node::root(record).object()?;
    fields.required("evaluated_at", read::timestamp)?;
    Ok(Was {
        policy_hash: fields.required("policy_hash", name)?,
        outcome: Outcome {
            disposition: fields.required("disposition", Disposition::read)?,
            risk_level: fields.required("risk_level", RiskLevel::read)?,
            queue: fields.optional("queue", name)?,
            triggers: fields.list("trigger_ids", crate::limits::TRIGGERS_MAX, name)?,
        },
    })
}

fn unprepared() -> Fault {
    Fault::new(ErrorCode::Internal, "", "the replay was not prepared", "report this")
}
