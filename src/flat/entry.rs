//! What a queue accepts, by the numbers of words.

use crate::expr::Truth;
use crate::flat::cell::{FlatFacts, tag};
use crate::flat::condition::Condition;
use crate::flat::words::Words;
use crate::policy::{Accepts, Queue};
use crate::request::RiskLevel;
use crate::routing::{Kinds, speaks};

/// Cells after the facts: tenant, domain and language, by which queues accept.
pub(crate) const ROUTED: usize = 3;

/// What one queue accepts, as [`crate::routing::route`] says it of objects.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    tenants: Vec<u32>,
    domains: Vec<u32>,
    when: Option<Condition>,
}

impl Entry {
    /// The words must have all texts of the queue.
    pub(crate) fn of(queue: &Queue, words: &Words, when: Option<Condition>) -> Self {
        // What were no word would be equal to nothing; left out, the list could become empty.
        let number = |text: &String| words.number(text).unwrap_or(u32::MAX);
        let numbers = |list: &[String]| list.iter().map(number).collect();
        let accepts = &queue.accepts;
        Self { tenants: numbers(&accepts.tenants), domains: numbers(&accepts.domains), when }
    }

    pub(crate) fn when(&self) -> Option<&Condition> {
        self.when.as_ref()
    }

    pub(crate) fn takes(
        &self,
        accepts: &Accepts,
        kinds: Kinds,
        risk_level: RiskLevel,
        facts: &FlatFacts<'_>,
        routed: usize,
    ) -> bool {
        let listed = |numbers: &[u32], at: usize| {
            let cell = facts.cell(routed + at);
            numbers.is_empty() || (cell.tag == tag::WORD && numbers.contains(&cell.extra))
        };
        let holds = |condition: &Condition| {
            accepts.when.as_ref().is_some_and(|when| condition.evaluate(when, facts) == Truth::True)
        };
        accepts.takes(kinds, risk_level)
            && listed(&self.tenants, 0)
            && listed(&self.domains, 1)
            && (accepts.languages.is_empty()
                || speaks(&accepts.languages, facts.text(facts.cell(routed + 2))))
            && self.when().is_none_or(holds)
    }
}
