//! What a policy's facts and conditions come to, worked out once when it is loaded.

use crate::expr::Program;
use crate::fact::{FactPlace, FactType, SIGNAL_PREFIX, of_nothing};
use crate::flat::cell::{Buffer, Cell};
use crate::flat::condition::{Condition, texts_of};
use crate::flat::curve::Curve;
use crate::flat::entry::{Entry, ROUTED};
use crate::flat::words::{OTHER_TEXT, Words};
use crate::impact::{Effect, Reversibility};
use crate::policy::{Bundle, Trigger};
use crate::request::{Intent, RiskLevel};
use crate::suppression::{LOW_CONFIDENCE, may_cancel};
use crate::tool::GateVerdict;

/// A policy in flat form.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    /// Every text that a fact is compared with, in order.
    words: Words,
    /// Where each declared fact stands in a request.
    places: Vec<FactPlace>,
    /// The facts that conditions name, without those about actions, and those about actions.
    reads: Vec<FactRead>,
    reads_of_actions: Vec<FactRead>,
    /// Of which facts the text itself is read, by slot.
    texts_read: Vec<bool>,
    /// Which facts a condition names, by slot.
    #[cfg(feature = "wasm")]
    used: Vec<bool>,
    /// Which facts a rule over actions names, by slot.
    used_by_rules: Vec<bool>,
    /// The domains of authorities over actions.
    domains: Vec<String>,
    /// Whether a queue asks for a language.
    language_is_read: bool,
    /// Whether a queue asks for a tenant.
    tenant_is_read: bool,
    curves: Vec<Curve>,
    /// The model's signals, then those that are only declared as facts.
    signals: Vec<String>,
    /// Which signal has the word for its name, by the word's number.
    signal_of_word: Vec<Option<u16>>,
    derived: Vec<(u16, Derived)>,
    confidence: Vec<u16>,
    triggers: Vec<Condition>,
    suppressions: Vec<Condition>,
    cancels: Vec<Cancels>,
    entries: Vec<Entry>,
    rules: Vec<Condition>,
    /// The cells of a request that says nothing and proposes nothing.
    at_rest: Vec<Cell>,
    fallback: usize,
}

/// A fact that a condition names, and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FactRead {
    pub(crate) slot: u16,
    pub(crate) place: FactPlace,
    pub(crate) fact_type: FactType,
    pub(crate) text_is_read: bool,
    /// The index of its signal, if it is one.
    pub(crate) signal: u16,
}

/// What one suppression cancels.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cancels {
    /// The triggers, by index.
    triggers: Vec<u16>,
    /// Whether it cancels the confidence that is needed.
    pub(crate) low_confidence: bool,
}

/// A fact that JavaScript does not write: it follows from what it writes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Derived {
    /// The reading of a signal.
    Signal(u16),
    /// The names of the signals that failed: index and word, in the order of the names.
    Unavailable(Vec<(u16, u32)>),
    /// An instant or an amount that came as a text.
    Parsed(FactType),
}

impl Cancels {
    pub(crate) fn takes(&self, trigger: u16) -> bool {
        self.triggers.contains(&trigger)
    }
}

impl Plan {
    pub(crate) fn of(bundle: &Bundle) -> Self {
        let words = Words::of(words(bundle));
        let places: Vec<FactPlace> =
            bundle.facts.iter().map(|fact| FactPlace::of(&fact.path)).collect();
        let condition = |program| Condition::of(program, &bundle.facts, &words);
        let mut plan = Self {
            triggers: bundle.triggers.iter().map(|one| condition(&one.when)).collect(),
            suppressions: bundle.suppressions.iter().map(|one| condition(&one.when)).collect(),
            entries: bundle
                .queues
                .iter()
                .map(|queue| Entry::of(queue, &words, queue.accepts.when.as_ref().map(condition)))
                .collect(),
            rules: bundle.actions.rules.iter().map(|one| condition(&one.when)).collect(),
            cancels: bundle
                .suppressions
                .iter()
                .map(|one| Cancels {
                    triggers: cancelled(&one.cancels, &bundle.triggers),
                    low_confidence: one.cancels.iter().any(|id| id == LOW_CONFIDENCE),
                })
                .collect(),
            texts_read: Vec::new(),
            reads: Vec::new(),
            reads_of_actions: Vec::new(),
            #[cfg(feature = "wasm")]
            used: used(bundle),
            used_by_rules: used_by_rules(bundle),
            domains: domains(bundle),
            curves: bundle.confidence.signals.iter().map(Curve::of).collect(),
            tenant_is_read: bundle.queues.iter().any(|queue| !queue.accepts.tenants.is_empty()),
            language_is_read: bundle.queues.iter().any(|queue| !queue.accepts.languages.is_empty()),
            signals: signals(bundle, &places),
            signal_of_word: Vec::new(),
            derived: Vec::new(),
            confidence: Vec::new(),
            at_rest: Vec::new(),
            fallback: bundle
                .queues
                .iter()
                .position(|queue| queue.queue == bundle.fallback_queue)
                .unwrap_or_default(),
            words,
            places,
        };
        plan.texts_read = plan.texts_read_of(bundle);
        plan.at_rest = plan.at_rest_of(bundle);
        plan.number_signals();
        plan.find_reads(bundle);
        for (slot, (place, fact)) in (0_u16..).zip(plan.places.iter().zip(&bundle.facts)) {
            let derived = match place {
                FactPlace::Confidence => {
                    plan.confidence.push(slot);
                    None
                }
                FactPlace::Signal(name) => plan.signal(name).map(Derived::Signal),
                FactPlace::SignalsUnavailable => {
                    Some(Derived::Unavailable(in_order(&plan.signals, &plan.words)))
                }
                FactPlace::Caller(_)
                    if matches!(fact.fact_type, FactType::Time | FactType::Money) =>
                {
                    Some(Derived::Parsed(fact.fact_type))
                }
                _ => None,
            };
            plan.derived.extend(derived.map(|derived| (slot, derived)));
        }
        plan
    }

    fn number_signals(&mut self) {
        self.signal_of_word = vec![None; self.words.texts().len()];
        // The first of a name, should there be two.
        for (index, name) in (0_u16..).zip(&self.signals) {
            let word = self.words.number(name).unwrap_or(u32::MAX);
            if let Some(place) = self.signal_of_word.get_mut(word as usize) {
                *place = place.or(Some(index));
            }
        }
    }

    fn find_reads(&mut self, bundle: &Bundle) {
        let used = used(bundle);
        for (slot, (place, fact)) in (0_u16..).zip(self.places.iter().zip(&bundle.facts)) {
            if used.get(usize::from(slot)) != Some(&true) {
                continue;
            }
            let signal = match place {
                FactPlace::Signal(name) => self.signal(name),
                _ => None,
            };
            let read = FactRead {
                slot,
                place: place.clone(),
                fact_type: fact.fact_type,
                text_is_read: self.text_is_read(usize::from(slot)),
                signal: signal.unwrap_or(u16::MAX),
            };
            match place {
                FactPlace::Actions(_) => self.reads_of_actions.push(read),
                _ => self.reads.push(read),
            }
        }
    }

    /// Facts whose text matters beyond being one of the words.
    fn texts_read_of(&self, bundle: &Bundle) -> Vec<bool> {
        let ambiguous = self.words.number(OTHER_TEXT).is_some();
        let mut read = vec![ambiguous; bundle.facts.len()];
        // Instants and amounts come as texts.
        for (fact, read) in bundle.facts.iter().zip(&mut read) {
            *read |= matches!(fact.fact_type, FactType::Time | FactType::Money);
        }
        let mut tell = |slot: u16| {
            if let Some(read) = read.get_mut(usize::from(slot)) {
                *read = true;
            }
        };
        for (condition, trigger) in self.triggers.iter().zip(&bundle.triggers) {
            condition.texts_read(&trigger.when, &mut tell);
        }
        for (condition, one) in self.suppressions.iter().zip(&bundle.suppressions) {
            condition.texts_read(&one.when, &mut tell);
        }
        for (entry, queue) in self.entries.iter().zip(&bundle.queues) {
            if let (Some(condition), Some(when)) = (entry.when(), &queue.accepts.when) {
                condition.texts_read(when, &mut tell);
            }
        }
        for (condition, rule) in self.rules.iter().zip(&bundle.actions.rules) {
            condition.texts_read(&rule.when, &mut tell);
        }
        read
    }

    fn at_rest_of(&self, bundle: &Bundle) -> Vec<Cell> {
        let mut cells = vec![Cell::MISSING; self.places.len() + ROUTED];
        let mut buffer = Buffer::new(Vec::new(), 0, 0);
        for (place, cell) in self.places.iter().zip(&mut cells) {
            if let FactPlace::Actions(name) = place {
                let value = of_nothing(name, bundle.actions.rates.as_ref());
                *cell = buffer.value(&self.words, &value, false);
            }
        }
        cells
    }

    pub(crate) const fn words(&self) -> &Words {
        &self.words
    }

    pub(crate) fn places(&self) -> &[FactPlace] {
        &self.places
    }

    pub(crate) fn signals(&self) -> &[String] {
        &self.signals
    }

    /// The facts that follow from others, by slot.
    #[cfg(feature = "wasm")]
    pub(crate) fn derived(&self) -> &[(u16, Derived)] {
        &self.derived
    }

    /// The slots of the confidence.
    pub(crate) fn confidence(&self) -> &[u16] {
        &self.confidence
    }

    pub(crate) fn triggers(&self) -> &[Condition] {
        &self.triggers
    }

    pub(crate) fn suppressions(&self) -> &[Condition] {
        &self.suppressions
    }

    pub(crate) fn cancels(&self) -> &[Cancels] {
        &self.cancels
    }

    /// What queues accept, in their order.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(crate) fn at_rest(&self) -> &[Cell] {
        &self.at_rest
    }

    /// The index of the queue for what no other accepts.
    pub(crate) const fn fallback(&self) -> usize {
        self.fallback
    }

    pub(crate) fn text_is_read(&self, slot: usize) -> bool {
        self.texts_read.get(slot) == Some(&true)
    }

    /// The facts that conditions name, without those about actions.
    pub(crate) fn reads(&self) -> &[FactRead] {
        &self.reads
    }

    /// Those about actions.
    pub(crate) fn reads_of_actions(&self) -> &[FactRead] {
        &self.reads_of_actions
    }

    /// The index of a signal.
    pub(crate) fn signal(&self, name: &str) -> Option<u16> {
        let word = self.words.number(name)?;
        self.signal_of_word.get(word as usize).copied().flatten()
    }

    #[cfg(feature = "wasm")]
    pub(crate) fn is_used(&self, slot: usize) -> bool {
        self.used.get(slot) == Some(&true)
    }

    #[cfg(feature = "wasm")]
    pub(crate) fn rules(&self) -> &[Condition] {
        &self.rules
    }

    /// Whether a rule over actions names the fact.
    #[cfg(feature = "wasm")]
    pub(crate) fn is_used_by_rules(&self, slot: usize) -> bool {
        self.used_by_rules.get(slot) == Some(&true)
    }

    /// The domains of authorities, in order.
    #[cfg(feature = "wasm")]
    pub(crate) fn domains(&self) -> &[String] {
        &self.domains
    }

    pub(crate) fn curves(&self) -> &[Curve] {
        &self.curves
    }

    #[cfg(feature = "wasm")]
    pub(crate) const fn tenant_is_read(&self) -> bool {
        self.tenant_is_read
    }

    pub(crate) const fn language_is_read(&self) -> bool {
        self.language_is_read
    }
}

fn used(bundle: &Bundle) -> Vec<bool> {
    let mut used = vec![false; bundle.facts.len()];
    let mut tell = |program: &Program| {
        for slot in program.mentioned() {
            if let Some(used) = used.get_mut(usize::from(slot)) {
                *used = true;
            }
        }
    };
    bundle.triggers.iter().for_each(|one| tell(&one.when));
    bundle.suppressions.iter().for_each(|one| tell(&one.when));
    bundle.queues.iter().for_each(|one| one.accepts.when.iter().for_each(&mut tell));
    // What a rule may not do without counts, whether its condition names it or not.
    for slot in bundle.triggers.iter().flat_map(|one| &one.required) {
        if let Some(used) = used.get_mut(usize::from(*slot)) {
            *used = true;
        }
    }
    used
}

fn used_by_rules(bundle: &Bundle) -> Vec<bool> {
    let mut used = vec![false; bundle.facts.len()];
    for slot in bundle.actions.rules.iter().flat_map(|one| one.when.mentioned()) {
        if let Some(used) = used.get_mut(usize::from(slot)) {
            *used = true;
        }
    }
    used
}

fn domains(bundle: &Bundle) -> Vec<String> {
    let actions = &bundle.actions;
    let mut domains = vec!["any".to_owned()];
    domains.extend(actions.tools.iter().map(|tool| tool.authority.domain.clone()));
    domains.extend(
        actions.rules.iter().filter_map(|rule| Some(rule.authority.as_ref()?.domain.clone())),
    );
    crate::read::sort_once(&mut domains);
    domains
}

fn cancelled(names: &[String], triggers: &[Trigger]) -> Vec<u16> {
    let named = |trigger: &Trigger| may_cancel(trigger.kind) && names.contains(&trigger.id);
    let indexes = triggers.iter().enumerate().filter(|(_, trigger)| named(trigger));
    indexes.filter_map(|(index, _)| u16::try_from(index).ok()).collect()
}

fn signals(bundle: &Bundle, places: &[FactPlace]) -> Vec<String> {
    let mut signals: Vec<String> =
        bundle.confidence.signals.iter().map(|curve| curve.name.clone()).collect();
    for place in places {
        if let FactPlace::Signal(name) = place
            && !signals.contains(name)
        {
            signals.push(name.clone());
        }
    }
    signals
}

/// Index and word of each signal, by name: words are in order.
fn in_order(signals: &[String], words: &Words) -> Vec<(u16, u32)> {
    let mut order: Vec<(u16, u32)> = Vec::new();
    for (index, name) in (0_u16..).zip(signals) {
        let Some(word) = words.number(name) else {
            continue;
        };
        let at = order.iter().position(|(_, other)| *other > word).unwrap_or(order.len());
        order.insert(at, (index, word));
    }
    order
}

fn words(bundle: &Bundle) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut tell = |text: &str| words.push(text.to_owned());
    Intent::WORDS.iter().for_each(|(word, _)| tell(word));
    RiskLevel::WORDS.iter().for_each(|(word, _)| tell(word));
    GateVerdict::WORDS.iter().for_each(|(word, _)| tell(word));
    Effect::WORDS.iter().for_each(|(word, _)| tell(word));
    Reversibility::WORDS.iter().for_each(|(word, _)| tell(word));
    bundle.confidence.signals.iter().for_each(|curve| tell(&curve.name));
    let declared = bundle.facts.iter().map(|fact| fact.path.strip_prefix(SIGNAL_PREFIX));
    declared.for_each(|name| name.into_iter().for_each(&mut tell));
    bundle.triggers.iter().for_each(|one| texts_of(&one.when, &mut tell));
    bundle.suppressions.iter().for_each(|one| texts_of(&one.when, &mut tell));
    bundle.actions.rules.iter().for_each(|one| texts_of(&one.when, &mut tell));
    for accepts in bundle.queues.iter().map(|queue| &queue.accepts) {
        accepts.domains.iter().chain(&accepts.tenants).for_each(|text| tell(text));
        if let Some(when) = &accepts.when {
            texts_of(when, &mut tell);
        }
    }
    crate::read::sort_once(&mut words);
    words
}
