//! The executors, as unreliable as real ones: they act, lose answers, fail after the effect, answer
//! nonsense or for somebody else, refuse, act late; and they keep every effect with its key.

use std::collections::BTreeMap;

use countersign::execution::{Execution, Guarantee};
use serde_json::{Value, json};

use crate::chance::Chance;
use crate::site::MINUTE_MS;

/// How long an executor heeds a key: as long as its entry says, and not a moment longer.
fn key_kept_ms(executor: &str) -> i64 {
    if executor == "payments" { 20 * MINUTE_MS } else { 24 * 60 * MINUTE_MS }
}

/// A request that is on its way, as the host that sent it knows it.
pub(crate) struct Flight {
    pub(crate) host: usize,
    pub(crate) life: u64,
    pub(crate) execution: Execution,
    pub(crate) is_delivered: bool,
    /// What comes back, if anything does.
    pub(crate) answer: Option<(u16, String)>,
}

/// What was asked of an executor about an execution, and when.
pub(crate) struct Asked {
    pub(crate) host: usize,
    pub(crate) life: u64,
    pub(crate) execution: Execution,
    pub(crate) answer: Option<(u16, String)>,
}

#[derive(Default)]
pub(crate) struct Sink {
    effects: BTreeMap<String, usize>,
    /// By key: what was answered, when it was first seen.
    known: BTreeMap<String, (Value, i64)>,
    /// What previews see, and executions name.
    pub(crate) version: u64,
    pub(crate) asked: Vec<Asked>,
}

fn named(execution: &Execution, status: &str) -> Value {
    json!({
        "status": status,
        "idempotency_key": execution.idempotency_key,
        "binding_digest": execution.binding_digest,
    })
}

impl Sink {
    pub(crate) fn effects(&self, key: &str) -> usize {
        self.effects.get(key).copied().unwrap_or(0)
    }

    pub(crate) fn precondition(&self) -> String {
        format!("v{}", self.version)
    }

    /// A request arrives. After its time it is not acted on.
    pub(crate) fn deliver(
        &mut self,
        execution: &Execution,
        now_ms: i64,
        chance: &mut Chance,
    ) -> Option<(u16, String)> {
        let key = &execution.idempotency_key;
        let heeds = execution.guarantee == Guarantee::Idempotent;
        if now_ms > execution.last_attempt()?.not_after.as_ms() {
            return None;
        }
        let manner = chance.below(100);
        let kept_ms = key_kept_ms(&execution.executor);
        let known = self.known.get(key).filter(|(_, at)| heeds && now_ms < at + kept_ms);
        let answer = match known {
            Some((answer, _)) => answer.clone(),
            None => {
                let expected = self.precondition();
                let moved_on =
                    execution.precondition.as_ref().is_some_and(|seen| *seen != expected);
                let answer = match manner {
                    // Nothing is done, and nothing said.
                    0..8 => return None,
                    8..12 => return Some((200, "220 bank.example ESMTP".to_owned())),
                    12..20 => named(execution, "refused"),
                    20..26 => named(execution, "drifted"),
                    _ if moved_on => named(execution, "drifted"),
                    _ => {
                        *self.effects.entry(key.clone()).or_default() += 1;
                        named(execution, "succeeded")
                    }
                };
                self.known.insert(key.clone(), (answer.clone(), now_ms));
                answer
            }
        };
        match chance.below(100) {
            0..15 => None,
            15..25 => Some((500, answer.to_string())),
            25..30 => {
                let mut other = answer;
                other["idempotency_key"] = json!("key_of_another");
                other["status"] = json!("refused");
                Some((200, other.to_string()))
            }
            _ => Some((200, answer.to_string())),
        }
    }

    /// What happened under a key: an answer that is remembered, or that nothing is known of it.
    pub(crate) fn status(
        &self,
        execution: &Execution,
        chance: &mut Chance,
    ) -> Option<(u16, String)> {
        let done = self.effects(&execution.idempotency_key) > 0;
        let answer = named(execution, if done { "succeeded" } else { "absent" });
        chance.percent(85).then(|| (200, answer.to_string()))
    }
}
