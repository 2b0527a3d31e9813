//! The gate of one usual action over flat facts: its tool is known, its arguments are what its entry
//! says, its amount can be read. Everything else is judged by [`crate::gate::classify`], and so are
//! the reasons; `tests/npm/gate.test.mjs` holds both together.

use crate::expr::Truth;
use crate::fact::{ACTION_PREFIX, FactDeclaration, FactSource};
use crate::flat::cell::{Buffer, Cell, FlatFacts, tag};
use crate::flat::condition::Condition;
use crate::impact::Effect;
use crate::money::{AmountUnit, Currency, Money};
use crate::policy::{Authority, Policy};
use crate::request::RiskLevel;
use crate::tool::{GateVerdict, ImpactRule, LadderStep, Tool};
use crate::units::TimestampMs;

/// Cells after the facts: the amount, its currency, how many, and the tool's name.
pub(crate) const ARGUMENTS: usize = 4;

/// The facts of one action, and which rules fired.
#[derive(Clone, Debug)]
pub(crate) struct ActionDesk {
    pub(crate) buffer: Buffer,
    pub(crate) fired: Vec<u16>,
    /// Domain, by the plan's order, and level.
    authorities: Vec<(u16, i64)>,
}

/// A gate without its words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct GateAnswer {
    pub(crate) verdict: GateVerdict,
    pub(crate) tier: RiskLevel,
    pub(crate) amount_is_known: bool,
    pub(crate) provisional: bool,
    pub(crate) preview_required: bool,
    pub(crate) quorum: i64,
    /// The first authority: domain and level.
    pub(crate) authority: Option<(u16, i64)>,
    pub(crate) has_further: bool,
    /// Whether the ladder took a step.
    pub(crate) climbs: bool,
}

impl ActionDesk {
    pub(crate) fn new(policy: &Policy, list_cells: usize, text_bytes: usize) -> Self {
        // Two cells of a list that the module writes itself: effects, and the one tool of the chain.
        let room = list_cells + Effect::WORDS.len() + 1;
        let single = vec![Cell::MISSING; policy.bundle().facts.len() + ARGUMENTS];
        Self {
            buffer: Buffer::new(single, room, text_bytes),
            fired: Vec::new(),
            authorities: Vec::new(),
        }
    }

    /// The gate of what lies on the desk; `None` where it is not a usual action after all.
    pub(crate) fn judge(
        &mut self,
        policy: &Policy,
        tool: &Tool,
        now: TimestampMs,
    ) -> Option<GateAnswer> {
        let (bundle, plan) = (policy.bundle(), policy.plan());
        let rates = policy.actions().rates.as_ref();
        let first = bundle.facts.len();
        let has_money = tool.effects.contains(&Effect::Money);
        let mut money = None;
        let mut magnitude = None;
        if let Some(at) = &tool.amount {
            let facts = self.buffer.facts(plan.words());
            let currency = match at.currency {
                Some(fixed) => fixed,
                None => Currency::unpacked(facts.cell(first + 1).extra)?,
            };
            let read = amount(&facts, facts.cell(first), at.unit, currency)?;
            money = Some(read);
            magnitude = Some(rates?.to_base(read, now)?);
        }
        let is_known = magnitude.is_some() || !has_money;
        let nothing = rates.map(|rates| Money::zero(rates.base));
        let sum = if is_known { magnitude.or(nothing) } else { None };
        self.write(policy, tool, money, sum, first)?;

        let mut answer = GateAnswer {
            verdict: tool.verdict,
            tier: tool.tier,
            amount_is_known: is_known,
            provisional: tool.schema.is_some(),
            preview_required: tool.preview_required,
            quorum: tool.quorum,
            authority: None,
            has_further: false,
            climbs: false,
        };
        let facts = &self.buffer.facts(plan.words());
        self.fired.clear();
        self.authorities.clear();
        self.authorities.push(named(policy, &tool.authority));
        let rules = policy.actions().rules.iter().zip(plan.rules());
        for (index, (rule, condition)) in (0_u16..).zip(rules) {
            let truth = condition.evaluate(&rule.when, facts);
            if truth != Truth::False {
                self.fired.push(index);
                answer.raise(rule, condition, truth, &bundle.facts, facts);
                let asked = rule.authority.as_ref();
                self.authorities.extend(asked.map(|one| named(policy, one)));
            }
        }
        let moves_money = money.is_some() || has_money;
        if answer.verdict != GateVerdict::Allow
            && (moves_money || !is_known)
            && let Some(step) = step_of(policy, &tool.authority.domain, sum)
        {
            answer.climbs = true;
            answer.quorum = answer.quorum.max(step.quorum);
            let (domain, _) = named(policy, &tool.authority);
            self.authorities.push((domain, step.level));
        }
        // A sum that is not known is only told where money moves.
        answer.amount_is_known &= sum.is_some() || magnitude.is_none();
        if answer.verdict == GateVerdict::Allow {
            (answer.quorum, answer.preview_required) = (0, false);
        } else {
            (answer.authority, answer.has_further) = merged(policy, &self.authorities);
        }
        Some(answer)
    }

    /// The facts about the action itself; what JavaScript wrote stays. `None` where a condition reads
    /// a text that has no room here.
    fn write(
        &mut self,
        policy: &Policy,
        tool: &Tool,
        money: Option<Money>,
        sum: Option<Money>,
        first: usize,
    ) -> Option<()> {
        let plan = policy.plan();
        let cell = |buffer: &Buffer, at: usize| buffer.cells.get(at).copied();
        let (count, name) = (cell(&self.buffer, first + 2), cell(&self.buffer, first + 3));
        let (count, name) = (count.unwrap_or(Cell::MISSING), name.unwrap_or(Cell::MISSING));
        let lists = self.buffer.cells.len() - Effect::WORDS.len() - 1;
        let of_sum = sum.map_or(Cell::MISSING, Cell::money);
        for (slot, fact) in policy.bundle().facts.iter().enumerate() {
            if !plan.is_used_by_rules(slot) {
                continue;
            }
            let text = |buffer: &mut Buffer, text: &str| buffer.string(plan.words(), text, false);
            let made = match fact.path.strip_prefix(ACTION_PREFIX) {
                Some("amount") => of_sum,
                Some("currency") => {
                    let code = money.map(Money::currency);
                    let made = code.map(|code| text(&mut self.buffer, code.code()));
                    let made = made.unwrap_or(Cell::MISSING);
                    if made.tag == tag::OTHER && plan.text_is_read(slot) {
                        return None;
                    }
                    made
                }
                Some("reversibility") => text(&mut self.buffer, tool.reversibility.as_str()),
                Some("tier") => text(&mut self.buffer, tool.tier.as_str()),
                Some("tool") => name,
                Some("count") => count,
                Some("effects") => {
                    for (index, effect) in tool.effects.iter().enumerate() {
                        let word = text(&mut self.buffer, effect.as_str());
                        self.buffer.set(lists + index, word);
                    }
                    list(lists, tool.effects.len())
                }
                // Written by JavaScript, as the text that it is.
                Some(_) => continue,
                None => match fact.path.as_str() {
                    "actions.count" => Cell::int(1),
                    "actions.amount" => of_sum,
                    "actions.tools" => {
                        let at = lists + Effect::WORDS.len();
                        self.buffer.set(at, name);
                        list(at, 1)
                    }
                    _ => continue,
                },
            };
            self.buffer.set(slot, made);
        }
        Some(())
    }
}

impl GateAnswer {
    fn raise(
        &mut self,
        rule: &ImpactRule,
        condition: &Condition,
        truth: Truth,
        declared: &[FactDeclaration],
        facts: &FlatFacts<'_>,
    ) {
        let unknown = truth == Truth::Unknown;
        let (mut misses, mut of_host, mut of_others) = (false, false, false);
        for slot in condition.slots() {
            let slot = usize::from(*slot);
            if facts.cell(slot).tag == tag::MISSING {
                misses = true;
                match declared.get(slot).map(|fact| fact.source) {
                    Some(FactSource::Host) => of_host = true,
                    _ => of_others = true,
                }
            }
        }
        self.provisional |= unknown && of_host;
        // What only the host can know is not refused for want of knowing it: the host judges again.
        let waits = unknown && misses && !of_others;
        let then = if waits { rule.then.min(GateVerdict::RequireApproval) } else { rule.then };
        self.verdict = self.verdict.max(then);
        self.tier = self.tier.max(rule.tier.unwrap_or(RiskLevel::Low));
        self.quorum = self.quorum.max(rule.quorum);
        self.preview_required |= rule.preview_required;
    }
}

#[expect(clippy::cast_precision_loss, reason = "a tool has few effects")]
fn list(start: usize, length: usize) -> Cell {
    let extra = u32::try_from(start).unwrap_or(u32::MAX);
    Cell { tag: tag::LIST, extra, number: length as f64 }
}

/// The amount as the arguments say it, never rounded.
fn amount(
    facts: &FlatFacts<'_>,
    cell: Cell,
    unit: AmountUnit,
    currency: Currency,
) -> Option<Money> {
    match cell.tag {
        tag::DOUBLE | tag::INT => Money::exact(cell.number, unit, currency),
        _ => Money::parse(facts.text(cell)?, unit, currency),
    }
}

fn named(policy: &Policy, authority: &Authority) -> (u16, i64) {
    let domains = policy.plan().domains();
    let found = domains.binary_search(&authority.domain).ok();
    let index = found.and_then(|index| u16::try_from(index).ok());
    (index.unwrap_or(u16::MAX), authority.level)
}

/// The step of the ladder that takes the amount, else the last.
fn step_of<'a>(policy: &'a Policy, domain: &str, sum: Option<Money>) -> Option<&'a LadderStep> {
    let ladder = &policy.actions().ladder;
    let own = ladder.iter().any(|step| step.domain == domain);
    let wanted = if own { domain } else { "any" };
    let takes = |step: &&LadderStep| match (step.limit, sum) {
        (None, _) => true,
        (Some(limit), Some(sum)) => sum.minor() <= limit.minor(),
        (Some(_), None) => false,
    };
    ladder.iter().filter(|step| step.domain == wanted).find(takes)
}

/// The first of the authorities, one a domain and the highest level first, and whether others follow;
/// `any` only where it asks for the most.
fn merged(policy: &Policy, asked: &[(u16, i64)]) -> (Option<(u16, i64)>, bool) {
    let any = policy.plan().domains().iter().position(|domain| domain == "any");
    let any = any.and_then(|index| u16::try_from(index).ok());
    let highest_named =
        asked.iter().filter(|(domain, _)| Some(*domain) != any).map(|(_, level)| *level).max();
    let stands = |one: &&(u16, i64)| {
        Some(one.0) != any || highest_named.is_none_or(|highest| highest < one.1)
    };
    let mut first: Option<(u16, i64)> = None;
    for (domain, level) in asked.iter().filter(stands).copied() {
        let leads = first
            .is_none_or(|(other, highest)| level > highest || (level == highest && domain < other));
        if leads {
            first = Some((domain, level));
        }
    }
    let has_further = first
        .is_some_and(|(domain, _)| asked.iter().filter(stands).any(|(other, _)| *other != domain));
    (first, has_further)
}
