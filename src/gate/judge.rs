//! From the tool's entry upwards: everything that raises a gate, action by action, then together.

use crate::expr::Truth;
use crate::fact::{self, FactSource, Value};
use crate::gate::facts::{ActionFacts, ChainFacts, Context, extract};
use crate::gate::{ACTION_DOMAIN, ActionGate, CHAIN_DOMAIN, GATE_VERSION, Gate, GateReason};
use crate::impact::{Effect, Impact, Reversibility};
use crate::inference::Sighting;
use crate::json::Json;
use crate::money::{Currency, Money};
use crate::policy::{Authority, Policy};
use crate::read::{self, Node, excerpt};
use crate::request::{Action, POLICY_BASIS, REQUIRES_APPROVAL, RiskLevel};
use crate::tool::{AmountAt, Enforcement, GateVerdict, ImpactRule, Tool, at_pointer};
use crate::units::{Score, TimestampMs};
use crate::verdict::{fill, not_judged};

/// One action while it is judged.
pub(super) struct Judged<'a> {
    pub(super) index: usize,
    pub(super) action: &'a Action,
    pub(super) tool: &'a Tool,
    pub(super) entry: Option<&'a str>,
    pub(super) verdict: GateVerdict,
    pub(super) tier: RiskLevel,
    pub(super) effects: Vec<Effect>,
    pub(super) reversibility: Reversibility,
    /// As the arguments say it.
    pub(super) amount: Option<Money>,
    /// In the base currency; `None` where there is none, or where it is not known.
    pub(super) magnitude: Option<Money>,
    pub(super) magnitude_is_known: bool,
    pub(super) currency: Option<&'a str>,
    pub(super) target: Option<&'a Json>,
    pub(super) target_text: Option<String>,
    pub(super) count: Option<i64>,
    pub(super) authorities: Vec<Authority>,
    pub(super) quorum: i64,
    pub(super) preview_required: bool,
    pub(super) expires_ms: i64,
    pub(super) is_exception: bool,
    pub(super) provisional: bool,
    pub(super) reasons: Vec<GateReason>,
    pub(super) unjudged: Vec<String>,
    pub(super) high_score: Option<Score>,
    pub(super) seen: Vec<Sighting>,
    pub(super) unseen: Vec<String>,
}

/// Judges a chain that is not empty.
pub(super) fn judge(
    policy: &Policy,
    actions: &[Action],
    context: &Context,
    now: TimestampMs,
) -> Gate {
    let mut judged: Vec<Judged<'_>> = actions
        .iter()
        .enumerate()
        .map(|(index, action)| Judged::new(policy, index, action))
        .collect();
    for action in &mut judged {
        action.read_arguments(policy, now);
        action.hold_against_schema(context);
        action.look(policy, now);
    }
    let chain = ChainFacts {
        tools: actions.iter().map(|action| action.tool.as_str()).collect(),
        amount: total(policy, &judged),
    };
    for action in &mut judged {
        action.apply_rules(policy, context, &chain);
        action.hear_the_caller();
        action.climb(policy, chain.amount);
    }
    conclude(policy, context, judged, chain.amount, now)
}

impl<'a> Judged<'a> {
    fn new(policy: &'a Policy, index: usize, action: &'a Action) -> Self {
        let known = policy.actions().tool(&action.tool);
        let tool = known.unwrap_or(&policy.actions().unknown_tool);
        let mut judged = Self {
            index,
            action,
            tool,
            entry: known.and_then(|tool| tool.names.first()).map(String::as_str),
            verdict: tool.verdict,
            tier: tool.tier,
            effects: tool.effects.clone(),
            reversibility: tool.reversibility,
            amount: None,
            magnitude: None,
            magnitude_is_known: true,
            currency: None,
            target: None,
            target_text: None,
            count: Some(1),
            authorities: vec![tool.authority.clone()],
            quorum: tool.quorum,
            preview_required: tool.preview_required,
            expires_ms: tool.expires_ms,
            is_exception: false,
            provisional: false,
            reasons: Vec::new(),
            unjudged: Vec::new(),
            high_score: None,
            seen: Vec::new(),
            unseen: Vec::new(),
        };
        let (rule, subject) = match judged.entry {
            Some(entry) => (entry, tool.title.clone()),
            None => ("unknown_tool", format!("the tool `{}` is not known", excerpt(&action.tool))),
        };
        match (tool.verdict, known.is_some()) {
            (GateVerdict::Allow, true) => {}
            (GateVerdict::Deny, true) => {
                judged.tell(rule, format!("{subject} is not allowed"), None);
            }
            (GateVerdict::RequireApproval, true) => {
                judged.tell(rule, format!("{subject} needs approval"), None);
            }
            (_, false) => judged.tell(rule, subject, None),
        }
        judged
    }

    pub(super) fn tell(&mut self, rule: &str, reason: String, path: Option<String>) {
        self.reasons.push(GateReason { rule: rule.to_owned(), reason, path });
    }

    /// Something about the arguments is not as it must be: people look at it.
    pub(super) fn object(&mut self, rule: &str, reason: String, pointer: &str) {
        let path = format!("/{}/arguments{pointer}", self.index);
        self.verdict = self.verdict.max(GateVerdict::RequireApproval);
        self.unjudged.push(path.clone());
        self.tell(rule, reason, Some(path));
    }

    pub(super) fn is_known(&self) -> bool {
        self.entry.is_some()
    }

    fn read_arguments(&mut self, policy: &Policy, now: TimestampMs) {
        self.check_arguments();
        let arguments = &self.action.arguments;
        if let Some(pointer) = &self.tool.target {
            self.target = at_pointer(arguments, pointer).filter(|value| **value != Json::Null);
            self.target_text = self.target.map(words);
            if self.target.is_none() && self.is_known() {
                self.object(
                    "target",
                    format!("`{pointer}` does not say what it is done to"),
                    pointer,
                );
            }
        }
        if let Some(pointer) = &self.tool.count {
            self.count = at_pointer(arguments, pointer).and_then(count_of);
            if self.count.is_none() && self.is_known() {
                self.object("count", format!("`{pointer}` does not say how many"), pointer);
            }
        }
        match &self.tool.amount {
            Some(at) => self.read_amount(policy, at, now),
            // Money moves, and nothing says how much.
            None if self.tool.effects.contains(&Effect::Money) => self.magnitude_is_known = false,
            None => {}
        }
    }

    fn check_arguments(&mut self) {
        let Some(rules) = &self.tool.arguments else {
            return;
        };
        for (name, rule) in rules {
            let pointer = pointer_to(name);
            match self.action.arguments.get(name) {
                None | Some(Json::Null) if rule.required => {
                    self.object("arguments", format!("`{name}` is missing"), &pointer);
                }
                None | Some(Json::Null) => {}
                Some(value) if rule.takes(value) => {}
                Some(value) => {
                    let wanted = rule.argument_type;
                    let reason = format!("`{name}` is {}, not a `{wanted}`", value.kind());
                    self.object("arguments", reason, &pointer);
                }
            }
        }
        for name in self.action.arguments.keys() {
            let known =
                rules.contains_key(name) || name == REQUIRES_APPROVAL || name == POLICY_BASIS;
            if !known {
                let reason = format!("the argument `{}` is not known", excerpt(name));
                self.object("arguments", reason, &pointer_to(name));
            }
        }
    }

    /// Only the host has what checks a schema: where it did not, its own gate may be stricter.
    fn hold_against_schema(&mut self, context: &Context) {
        match &context.schema_faults {
            None => self.provisional |= self.tool.schema.is_some(),
            Some(faults) => {
                let index = self.index;
                for fault in faults.iter().filter(|fault| fault.action == index) {
                    self.object("schema", fault.detail().to_owned(), fault.pointer());
                }
            }
        }
    }

    fn read_amount(&mut self, policy: &Policy, at: &'a AmountAt, now: TimestampMs) {
        let arguments = &self.action.arguments;
        let value = at_pointer(arguments, &at.pointer).unwrap_or(&Json::Null);
        let code =
            at.currency_pointer.as_deref().and_then(|pointer| at_pointer(arguments, pointer));
        // Of an unknown tool, an amount may or may not be there.
        if !self.is_known() && *value == Json::Null {
            self.magnitude_is_known = !self.tool.effects.contains(&Effect::Money);
            return;
        }
        self.magnitude_is_known = false;
        let currency = match (at.currency, &at.currency_pointer) {
            (Some(currency), _) => Ok(currency),
            (None, pointer) => {
                let pointer = pointer.as_deref().unwrap_or_default();
                Currency::read(Node::root(code.unwrap_or(&Json::Null)))
                    .map_err(|fault| (format!("currency: {}", fault.detail), pointer))
            }
        };
        let read = currency.and_then(|currency| {
            Money::read_amount(Node::root(value), at.unit, currency)
                .map_err(|fault| (format!("amount: {}", fault.detail), at.pointer.as_str()))
        });
        let money = match read {
            Ok(money) => money,
            Err((reason, pointer)) => {
                self.tier = self.tier.max(RiskLevel::High);
                return self.object("amount", reason, pointer);
            }
        };
        self.amount = Some(money);
        self.currency = match (code, at.currency.as_ref()) {
            (_, Some(fixed)) => Some(fixed.code()).filter(|code| !code.is_empty()),
            (Some(Json::String(code)), None) => Some(code),
            _ => None,
        };
        let rates = policy.actions().rates.as_ref();
        match rates.and_then(|rates| rates.to_base(money, now)) {
            Some(magnitude) => {
                self.magnitude = Some(magnitude);
                self.magnitude_is_known = true;
            }
            None => {
                let reason = format!("there is no rate for {money} that is still good");
                self.unjudged.push(format!("rates.{}", money.currency()));
                self.object("amount", reason, &at.pointer);
            }
        }
    }

    fn apply_rules(&mut self, policy: &Policy, context: &Context, chain: &ChainFacts<'_>) {
        let nothing = policy.actions().rates.as_ref().map(|rates| Money::zero(rates.base));
        let (target, effects) = (self.target_text.clone(), self.effects.clone());
        let facts = ActionFacts {
            tool: &self.action.tool,
            amount: if self.magnitude_is_known { self.magnitude.or(nothing) } else { None },
            currency: self.currency,
            effects: &effects,
            reversibility: self.reversibility,
            tier: self.tier,
            target: target.as_deref(),
            count: self.count,
        };
        let values = extract(&policy.bundle().facts, context, &facts, chain);
        for rule in &policy.actions().rules {
            let truth = rule.when.evaluate(&values);
            if truth != Truth::False {
                self.fire(policy, rule, truth, &values);
            }
        }
    }

    fn fire(&mut self, policy: &Policy, rule: &ImpactRule, truth: Truth, values: &[Value<'_>]) {
        let missing: Vec<_> = rule
            .when
            .slots()
            .filter(|slot| fact::is_missing(values, *slot))
            .filter_map(|slot| policy.bundle().facts.get(usize::from(slot)))
            .collect();
        let unknown = truth == Truth::Unknown;
        let of_host = |fact: &&crate::fact::FactDeclaration| fact.source == FactSource::Host;
        self.provisional |= unknown && missing.iter().any(of_host);
        // What only the host can know is not refused for want of knowing it: the host judges again.
        let waits = unknown && !missing.is_empty() && missing.iter().all(of_host);
        let then = if waits { rule.then.min(GateVerdict::RequireApproval) } else { rule.then };
        self.verdict = self.verdict.max(then);
        self.tier = self.tier.max(rule.tier.unwrap_or(RiskLevel::Low));
        self.authorities.extend(rule.authority.clone());
        self.quorum = self.quorum.max(rule.quorum);
        self.preview_required |= rule.preview_required;
        self.expires_ms = self.expires_ms.min(rule.expires_ms.unwrap_or(i64::MAX));
        let reason = if unknown {
            let mut paths: Vec<String> = missing.iter().map(|fact| fact.path.clone()).collect();
            read::sort_once(&mut paths);
            let told = not_judged(&rule.id, &paths, &rule.when);
            self.unjudged.extend(paths);
            told
        } else {
            fill(policy, &rule.why, values)
        };
        self.tell(&rule.id, reason, None);
    }

    /// What the caller or the model says can only raise the gate.
    fn hear_the_caller(&mut self) {
        let said =
            |name: &str| self.action.arguments.get(name).filter(|value| **value != Json::Null);
        let asks = said(REQUIRES_APPROVAL).is_some_and(|value| *value != Json::Bool(false));
        let basis = said(POLICY_BASIS).map(words);
        if asks {
            let path = format!("/{}/arguments/{REQUIRES_APPROVAL}", self.index);
            self.verdict = self.verdict.max(GateVerdict::RequireApproval);
            self.tell(REQUIRES_APPROVAL, "the caller asks for approval".to_owned(), Some(path));
        }
        if basis.is_some_and(|basis| basis.to_ascii_lowercase().contains("exception")) {
            let path = format!("/{}/arguments/{POLICY_BASIS}", self.index);
            self.is_exception = true;
            self.verdict = self.verdict.max(GateVerdict::RequireApproval);
            let reason = "an exception is decided one level up".to_owned();
            self.tell(POLICY_BASIS, reason, Some(path));
        }
    }

    /// Who may approve it: the tool's own authority, and the step of the ladder that takes the
    /// amount of the whole chain, both one level up for an exception.
    fn climb(&mut self, policy: &Policy, total: Option<Money>) {
        let up = i64::from(self.is_exception);
        if let Some(own) = self.authorities.first_mut() {
            own.level = (own.level + up).min(9);
        }
        let moves_money = self.amount.is_some() || self.effects.contains(&Effect::Money);
        if self.verdict == GateVerdict::Allow || (!moves_money && self.magnitude_is_known) {
            return;
        }
        let domain = &self.tool.authority.domain;
        let steps: Vec<_> = policy.actions().ladder_of(domain).collect();
        let takes = |limit: Option<Money>| match (limit, total) {
            (None, _) => true,
            (Some(limit), Some(total)) => total.minor() <= limit.minor(),
            (Some(_), None) => false,
        };
        let Some(step) = steps.iter().position(|step| takes(step.limit)) else {
            return;
        };
        let step = step + usize::from(self.is_exception);
        let Some(step) = steps.get(step).or_else(|| steps.last()) else {
            return;
        };
        self.quorum = self.quorum.max(step.quorum);
        self.authorities.push(Authority { domain: domain.clone(), level: step.level });
        let amount = total.map_or("an amount that is not known".to_owned(), |sum| sum.to_string());
        let people = if step.quorum > 1 { format!("{} × ", step.quorum) } else { String::new() };
        self.tell("authority", format!("{amount} needs {people}{}", step.title), None);
    }

    fn impact(&self) -> Impact {
        Impact {
            effects: Effect::each_once(&self.effects),
            reversibility: self.reversibility,
            magnitude: self.magnitude,
            target: self.target_text.clone(),
            tier: self.tier,
        }
    }
}

fn conclude(
    policy: &Policy,
    context: &Context,
    judged: Vec<Judged<'_>>,
    total: Option<Money>,
    now: TimestampMs,
) -> Gate {
    let mut gate = Gate {
        version: GATE_VERSION,
        verdict: GateVerdict::Allow,
        impact: Impact {
            effects: Vec::new(),
            reversibility: Reversibility::ReadOnly,
            magnitude: None,
            target: None,
            tier: RiskLevel::Low,
        },
        authority: None,
        further_authorities: Vec::new(),
        quorum: 0,
        expires_at: None,
        preview_required: false,
        enforcement: Enforcement::Executor,
        provisional: false,
        reason: String::new(),
        reasons: Vec::new(),
        unjudged: context.unknown_fields.clone(),
        amount_is_known: judged.iter().all(|action| action.magnitude_is_known),
        actions: Vec::new(),
        policy: policy.reference().clone(),
        action_digest: String::new(),
        evaluated_at: now,
    };
    let declared = |path: &String| policy.bundle().facts.iter().any(|fact| fact.path == *path);
    let own = context.facts.keys().map(|name| format!("{}{name}", fact::CALLER_PREFIX));
    gate.unjudged.extend(own.filter(|path| !declared(path)));
    let mut authorities = Vec::new();
    let mut expires_ms = i64::MAX;
    for action in judged {
        let impact = action.impact();
        gate.impact = gate.impact.with(impact.clone());
        gate.verdict = gate.verdict.max(action.verdict);
        gate.enforcement = gate.enforcement.min(action.tool.enforcement);
        gate.provisional |= action.provisional;
        if action.verdict != GateVerdict::Allow {
            authorities.extend(action.authorities);
            gate.quorum = gate.quorum.max(action.quorum);
            gate.preview_required |= action.preview_required;
            expires_ms = expires_ms.min(action.expires_ms);
        }
        let action_digest = digest(context, action.action, action.target);
        gate.actions.push(ActionGate {
            tool: action.action.tool.clone(),
            title: action.tool.title.clone(),
            entry: action.entry.map(str::to_owned),
            verdict: action.verdict,
            impact,
            amount: action.amount,
            enforcement: action.tool.enforcement,
            action_digest,
            high_score: action.high_score,
            seen: action.seen,
            unseen: action.unseen,
        });
        gate.reasons.extend(action.reasons);
        gate.unjudged.extend(action.unjudged);
    }
    let moves_money = gate.impact.magnitude.is_some();
    gate.impact.magnitude = total.filter(|_| moves_money);
    gate.amount_is_known &= total.is_some() || !moves_money;
    let mut authorities = merged(authorities).into_iter();
    gate.authority = authorities.next();
    gate.further_authorities = authorities.collect();
    let waits = gate.verdict == GateVerdict::RequireApproval;
    gate.expires_at = waits.then(|| now.saturating_add(expires_ms));
    read::sort_once(&mut gate.unjudged);
    gate.reason = reason(&gate);
    gate.action_digest = match gate.actions.as_slice() {
        [action] => action.action_digest.clone(),
        actions => {
            let text = |action: &ActionGate| Json::String(action.action_digest.clone());
            Json::Array(actions.iter().map(text).collect()).digest(CHAIN_DOMAIN)
        }
    };
    gate
}

/// The sum of all amounts in the base currency; `None` where one of them is not known.
fn total(policy: &Policy, judged: &[Judged<'_>]) -> Option<Money> {
    let base = policy.actions().rates.as_ref()?.base;
    judged.iter().try_fold(Money::zero(base), |sum, action| match action.magnitude {
        _ if !action.magnitude_is_known => None,
        Some(magnitude) => sum.plus(magnitude),
        None => Some(sum),
    })
}

/// One authority a domain, the highest level first; `any` only where it asks for the most.
fn merged(authorities: Vec<Authority>) -> Vec<Authority> {
    let mut merged: Vec<Authority> = Vec::new();
    for authority in authorities {
        match merged.iter_mut().find(|known| known.domain == authority.domain) {
            Some(known) => known.level = known.level.max(authority.level),
            None => merged.push(authority),
        }
    }
    let named = merged.iter().filter(|authority| authority.domain != "any");
    let highest = named.map(|authority| authority.level).max();
    merged.retain(|one| one.domain != "any" || highest.is_none_or(|highest| highest < one.level));
    // They are few, and inserting each brings no sort into the module.
    let mut ordered: Vec<Authority> = Vec::new();
    for one in merged {
        let follows = |other: &Authority| (one.level, &other.domain) > (other.level, &one.domain);
        let at = ordered.iter().position(follows).unwrap_or(ordered.len());
        ordered.insert(at, one);
    }
    ordered
}

fn digest(context: &Context, action: &Action, target: Option<&Json>) -> String {
    let covered = Json::object([
        ("tenant".to_owned(), Json::String(context.tenant_id.as_str().to_owned())),
        ("tool".to_owned(), Json::String(action.tool.clone())),
        ("arguments".to_owned(), Json::Object(action.arguments.clone())),
        ("target".to_owned(), target.cloned().unwrap_or(Json::Null)),
    ]);
    covered.digest(ACTION_DOMAIN)
}

fn reason(gate: &Gate) -> String {
    if gate.verdict == GateVerdict::Allow {
        let titles: Vec<&str> = gate.actions.iter().map(|action| action.title.as_str()).collect();
        return format!("{}: no rule asks for more", titles.join(", "));
    }
    let reasons: Vec<&str> = gate.reasons.iter().map(|reason| reason.reason.as_str()).collect();
    reasons.join("; ")
}

/// A value in words: a text as it stands, a list of one as its only element, the rest canonical.
fn words(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Array(values) => match values.as_slice() {
            [only] => words(only),
            _ => value.canonical(),
        },
        other => other.canonical(),
    }
}

fn count_of(value: &Json) -> Option<i64> {
    match value {
        Json::Array(values) => i64::try_from(values.len()).ok(),
        Json::Number(_) => Node::root(value).integer(0, crate::json::INTEGER_MAX).ok(),
        Json::String(_) => Some(1),
        _ => None,
    }
}

fn pointer_to(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}
