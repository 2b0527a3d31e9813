//! The sections about actions: `[rates]`, `[[tool]]`, `[unknown_tool]`, `[[impact]]`, `[[authority]]`.

use std::collections::BTreeMap;

use crate::compile::{condition, duration, schema};
use crate::error::Fault;
use crate::fact::FactDeclaration;
use crate::impact::{Effect, Reversibility};
use crate::json::Json;
use crate::limits;
use crate::money::{AmountUnit, Currency, Money, Rates};
use crate::policy::Authority;
use crate::read::{self, Fields, Node, Read};
use crate::request::RiskLevel;
use crate::tool::{
    ActionPolicy, AmountAt, ArgumentRule, ArgumentType, EXPIRES_MS, Enforcement, GateVerdict,
    ImpactRule, LadderStep, Tool, read_pointer, read_tool_name,
};

/// `[rates]`
pub(super) fn read_rates(node: Node<'_>) -> Read<Rates> {
    let rate = |node: Node<'_>| {
        let text = node.str()?;
        Rates::parse_rate(text).ok_or_else(|| {
            node.invalid(
                format!("`{}` is not a rate", read::excerpt(text)),
                "write a decimal string above 0 with at most nine places, such as \"1.08\"",
            )
        })
    };
    let mut fields = node.object()?;
    let rates = Rates {
        base: fields.required("base", Currency::read)?,
        until: fields.optional("until", read::timestamp)?,
        billionths: fields
            .optional("per_unit", |node| node.map(limits::RATES_MAX, rate))?
            .unwrap_or_default(),
    };
    fields.finish()?;
    rates.check(node)?;
    Ok(rates)
}

/// `[[tool]]`
pub(super) fn read_tool(node: Node<'_>) -> Read<Tool> {
    let mut fields = node.object()?;
    let names = fields.list("names", limits::LIST_LENGTH_MAX, read_tool_name)?;
    if names.is_empty() {
        let help = "add `names = [\"…\"]`; other tools stand under [unknown_tool]";
        return Err(node.invalid("the tool has no name", help));
    }
    tool(fields, names)
}

/// `[unknown_tool]`
pub(super) fn read_unknown_tool(node: Node<'_>) -> Read<Tool> {
    let tool = tool(node.object()?, Vec::new())?;
    if tool.verdict == GateVerdict::Allow {
        let help = "write `require_approval` or `deny`; name the tools that are allowed";
        return Err(node.invalid("a tool that nobody knows would be allowed", help));
    }
    Ok(tool)
}

fn tool(mut fields: Fields<'_>, names: Vec<String>) -> Read<Tool> {
    let schema = fields.optional("schema", schema::read)?;
    let reversibility = fields.required("reversibility", Reversibility::read)?;
    let reads = reversibility == Reversibility::ReadOnly;
    // Where an entry leaves something open, the cautious reading holds.
    let (tier, verdict) = match reversibility {
        Reversibility::ReadOnly => (RiskLevel::Low, GateVerdict::Allow),
        Reversibility::Reversible => (RiskLevel::Medium, GateVerdict::RequireApproval),
        _ => (RiskLevel::High, GateVerdict::RequireApproval),
    };
    let mut effects = fields.list("effects", limits::LIST_LENGTH_MAX, Effect::read)?;
    if effects.is_empty() && !reads {
        let help = "say what it changes, or that it is `read_only`";
        return Err(fields.node().invalid("the tool changes something and has no effects", help));
    }
    effects.sort_unstable();
    effects.dedup();
    let tool = Tool {
        title: fields.required("title", name)?,
        effects,
        reversibility,
        tier: fields.optional("tier", RiskLevel::read)?.unwrap_or(tier),
        verdict: fields.optional("verdict", GateVerdict::read)?.unwrap_or(verdict),
        amount: read_amount(&mut fields)?,
        target: fields.optional("target", read_pointer)?,
        count: fields.optional("count", read_pointer)?,
        arguments: arguments_of(&mut fields, schema.as_ref())?,
        schema,
        enforcement: fields
            .optional("enforcement", Enforcement::read)?
            .unwrap_or(Enforcement::Advisory),
        authority: fields
            .optional("authority", Authority::read)?
            .unwrap_or(Authority { domain: "any".to_owned(), level: 1 }),
        quorum: fields.optional("quorum", |node| node.integer(1, limits::QUORUM_MAX))?.unwrap_or(1),
        preview_required: fields.optional("preview", read::bool)?.unwrap_or(false),
        expires_ms: fields.optional("expires", read_expiry)?.unwrap_or(EXPIRES_MS),
        names,
    };
    fields.finish()?;
    Ok(tool)
}

/// The arguments by type, as they are listed, or as the schema lists them.
fn arguments_of(
    fields: &mut Fields<'_>,
    schema: Option<&Json>,
) -> Read<Option<BTreeMap<String, ArgumentRule>>> {
    let arguments = |node: Node<'_>| node.map(limits::FACTS_MAX, read_argument);
    let listed = fields.optional("arguments", arguments)?;
    Ok(listed.or_else(|| schema.and_then(schema::arguments)))
}

fn read_amount(fields: &mut Fields<'_>) -> Read<Option<AmountAt>> {
    let pointer = fields.optional("amount", read_pointer)?;
    let unit = fields.optional("amount_unit", AmountUnit::read)?;
    let currency_pointer = fields.optional("currency", read_pointer)?;
    let currency = fields.optional("fixed_currency", Currency::read)?;
    let node = fields.node();
    let Some(pointer) = pointer else {
        let alone = unit.is_some() || currency_pointer.is_some() || currency.is_some();
        let help = "add `amount`, a JSON Pointer into the arguments";
        let fault = || node.invalid("there is a currency or a unit, and no amount", help);
        return if alone { Err(fault()) } else { Ok(None) };
    };
    if currency_pointer.is_some() == currency.is_some() {
        return Err(node.invalid(
            "an amount needs its currency from one place",
            "add `currency`, a JSON Pointer, or `fixed_currency`, a code; not both",
        ));
    }
    let unit = unit.unwrap_or(AmountUnit::Major);
    Ok(Some(AmountAt { pointer, unit, currency_pointer, currency }))
}

/// `"string"`, or `"string?"` for an argument that may be left out.
fn read_argument(node: Node<'_>) -> Read<ArgumentRule> {
    let text = node.str()?;
    let required = !text.ends_with('?');
    let word = Json::String(text.trim_end_matches('?').to_owned());
    let argument_type = ArgumentType::read(Node::root(&word))
        .map_err(|fault| Fault { path: node.pointer(), ..fault })?;
    Ok(ArgumentRule { argument_type, required })
}

/// `[[impact]]`
pub(super) fn read_rule(node: Node<'_>, facts: &[FactDeclaration]) -> Read<ImpactRule> {
    let mut fields = node.object()?;
    let rule = ImpactRule {
        id: fields.required("id", name)?,
        when: fields.required("when", |node| condition::compile_for_actions(node, facts))?,
        then: fields.required("then", GateVerdict::read)?,
        tier: fields.optional("tier", RiskLevel::read)?,
        authority: fields.optional("authority", Authority::read)?,
        quorum: fields.optional("quorum", |node| node.integer(1, limits::QUORUM_MAX))?.unwrap_or(0),
        preview_required: fields.optional("preview", read::bool)?.unwrap_or(false),
        expires_ms: fields.optional("expires", read_expiry)?,
        why: fields.required("why", |node| super::rules::read_why(node, facts))?,
    };
    fields.finish()?;
    let approval = rule.authority.is_some()
        || rule.quorum > 0
        || rule.preview_required
        || rule.expires_ms.is_some();
    if rule.then == GateVerdict::Allow && approval {
        let help = "write `then = \"require_approval\"`, or take the terms of approval out";
        return Err(node.invalid("the rule says how to approve and asks for no approval", help));
    }
    if rule.then == GateVerdict::Allow && rule.tier.is_none() {
        let help = "a rule can only raise: write `require_approval` or `deny`, or add a `tier`";
        return Err(node.invalid("the rule changes nothing", help));
    }
    Ok(rule)
}

/// `[[authority]]`
pub(super) fn read_step(node: Node<'_>) -> Read<LadderStep> {
    let mut fields = node.object()?;
    let step = LadderStep {
        domain: fields.required("domain", name)?,
        level: fields.required("level", |node| node.integer(1, 9))?,
        title: fields.required("title", name)?,
        limit: fields.optional("limit", Money::read_text)?,
        quorum: fields.optional("quorum", |node| node.integer(1, limits::QUORUM_MAX))?.unwrap_or(1),
    };
    fields.finish()?;
    Ok(step)
}

/// What is ambiguous, contradictory, or in another currency than the base.
pub(super) fn problems(actions: &ActionPolicy) -> Vec<Fault> {
    let sections = BTreeMap::from([("tools", "tool"), ("ladder", "authority")]);
    let fault = |path: String, detail, help| {
        Fault::new(crate::error::ErrorCode::InvalidField, path, detail, help)
    };
    let mut faults: Vec<Fault> = actions
        .problems()
        .into_iter()
        .map(|problem| {
            let section = sections.get(problem.section).copied().unwrap_or(problem.section);
            fault(format!("/{section}/{}", problem.index), problem.detail, problem.help)
        })
        .collect();
    for (index, rule) in actions.rules.iter().enumerate() {
        let told = foreign(actions.rates.as_ref(), rule.when.amounts());
        faults.extend(
            told.map(|(detail, help)| fault(format!("/impact/{index}/when"), detail, help)),
        );
    }
    faults
}

/// The first amount in a condition that is not in the base currency: nothing could be under it.
pub(super) fn foreign(
    rates: Option<&Rates>,
    mut amounts: impl Iterator<Item = Money>,
) -> Option<(String, String)> {
    let base = rates.map(|rates| rates.base);
    let money = amounts.find(|money| Some(money.currency()) != base)?;
    let help = match base {
        Some(base) => format!("write the amount in {base}"),
        None => "add [rates] with a `base`".to_owned(),
    };
    Some((
        format!("the condition compares with `{money}`, which is not in the base currency"),
        help,
    ))
}

fn read_expiry(node: Node<'_>) -> Read<i64> {
    let duration_ms = duration::read(node)?;
    let help = "write a duration such as `4 h`";
    let fault = || node.invalid("an approval must be waited for at least a moment", help);
    if duration_ms > 0 { Ok(duration_ms) } else { Err(fault()) }
}

fn name(node: Node<'_>) -> Read<String> {
    node.filled_text(limits::NAME_LENGTH_MAX)
}
