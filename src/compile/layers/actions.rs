//! Whether an overlay could lower a gate: entries of tools, rules over actions, and the ladder.

use std::collections::BTreeMap;

use super::strict::{Findings, Item, Shifts};
use crate::impact::{Effect, Reversibility};
use crate::money::Money;
use crate::policy::{Authority, Policy};
use crate::request::RiskLevel;
use crate::tool::{ActionPolicy, ArgumentRule, ArgumentType, ImpactRule, LadderStep, Tool};

/// Tells what may lower a gate, and what the rest does to the facts about actions.
pub(super) fn loosened(findings: &mut Findings, base: &Policy, merged: &Policy) -> Shifts {
    let (old, new) = (base.actions(), merged.actions());
    let mut shifts = Shifts::default();
    let rates = Item { section: "rates", name: None, pointer: "/rates" };
    findings.same(rates, "", (&old.rates, &new.rates), "leave the rates to the base");
    for (index, is) in new.tools.iter().enumerate() {
        let pointer = format!("/tool/{index}");
        let name = is.names.first().map(String::as_str);
        let item = Item { section: "tool", name, pointer: &pointer };
        let Some(was) = old.tools.iter().find(|was| was.names.first() == is.names.first()) else {
            let detail = "an entry of its own takes a tool from the one that judges it in the base";
            let help =
                "write a rule under [[impact]] that reads `action.tool`, which can only raise";
            findings.loosens(item, "names", detail, help);
            shifts = Shifts { gates: true, entries: true, amounts: true };
            continue;
        };
        of_tool(findings, item, was, is, &mut shifts);
    }
    let item = Item { section: "unknown_tool", name: None, pointer: "/unknown_tool" };
    of_tool(findings, item, &old.unknown_tool, &new.unknown_tool, &mut shifts);
    for (index, is) in new.rules.iter().enumerate() {
        let pointer = format!("/impact/{index}");
        let item = Item { section: "impact", name: Some(&is.id), pointer: &pointer };
        match old.rules.iter().find(|was| was.id == is.id) {
            Some(was) => of_rule(findings, item, was, is),
            None => shifts.gates = true,
        }
        shifts.gates |= !old.rules.contains(is);
    }
    of_ladders(findings, old, new);
    shifts.gates |= old.ladder != new.ladder;
    shifts
}

fn of_tool(findings: &mut Findings, item: Item<'_>, was: &Tool, is: &Tool, shifts: &mut Shifts) {
    if was == is {
        return;
    }
    shifts.gates = true;
    shifts.entries |=
        (was.tier, was.reversibility, &was.effects) != (is.tier, is.reversibility, &is.effects);
    let asks = "write a rule under [[impact]] instead, which can only raise";
    findings.same(
        item,
        "names",
        (&was.names, &is.names),
        "keep the names, or give the first alone",
    );
    findings.all_of(item, "effects", (&was.effects, &is.effects));
    let moves_money = |tool: &Tool| tool.effects.contains(&Effect::Money);
    shifts.amounts |= moves_money(is) && !moves_money(was);
    findings.at_least(item, "reversibility", (was.reversibility, is.reversibility));
    if was.reversibility == Reversibility::ReadOnly && is.reversibility > was.reversibility {
        let detail =
            "a tool that only reads is looked at for what speaks against it, another is not";
        findings.loosens(item, "reversibility", detail, "raise `verdict` or `tier` instead");
    }
    findings.at_least(item, "tier", (was.tier, is.tier));
    findings.at_least(item, "verdict", (was.verdict, is.verdict));
    findings.same(item, "amount", (&was.amount, &is.amount), asks);
    findings.same(item, "target", (&was.target, &is.target), asks);
    findings.same(item, "count", (&was.count, &is.count), asks);
    of_arguments(findings, item, was.arguments.as_ref(), is.arguments.as_ref());
    if was.schema.is_some() {
        findings.same(item, "schema", (&was.schema, &is.schema), "keep the schema of the base");
    }
    findings.at_least(item, "enforcement", (was.enforcement, is.enforcement));
    of_authority(findings, item, &was.authority, &is.authority);
    findings.at_least(item, "quorum", (was.quorum, is.quorum));
    if was.preview_required && !is.preview_required {
        findings.loosens(item, "preview", "no preview is needed any more", "keep `preview = true`");
    }
    findings.at_most_ms(item, "expires", (Some(was.expires_ms), Some(is.expires_ms)));
}

fn of_authority(findings: &mut Findings, item: Item<'_>, was: &Authority, is: &Authority) {
    if was.domain != is.domain {
        let detail =
            format!("people of `{}` decide, in the base those of `{}`", is.domain, was.domain);
        findings.loosens(item, "authority", detail, format!("keep `{}`", was.domain));
    } else if is.level < was.level {
        let detail = format!("level {} is enough, the base asks for {}", is.level, was.level);
        findings.loosens(item, "authority", detail, format!("write at least level {}", was.level));
    }
}

/// Fewer arguments and narrower types can only raise objections.
fn of_arguments(
    findings: &mut Findings,
    item: Item<'_>,
    was: Option<&BTreeMap<String, ArgumentRule>>,
    is: Option<&BTreeMap<String, ArgumentRule>>,
) {
    let Some(was) = was else { return };
    let Some(is) = is else {
        let detail = "any argument is taken, the base lists them";
        return findings.loosens(item, "arguments", detail, "list at most those of the base");
    };
    for (name, rule) in is {
        let narrower = was.get(name).is_some_and(|known| {
            let same = known.argument_type == rule.argument_type;
            (same || known.argument_type == ArgumentType::Any) && rule.required >= known.required
        });
        if !narrower {
            let detail = format!("the argument `{name}` is taken where the base objects");
            let help = "take it out, or write it as the base does";
            findings.loosens(item, "arguments", detail, help);
        }
    }
}

fn of_rule(findings: &mut Findings, item: Item<'_>, was: &ImpactRule, is: &ImpactRule) {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    if words(was.when.cel()) != words(is.when.cel()) {
        let detail = "its condition is another, and may hold less often";
        let help = "leave `when` out, and add a rule of your own under another id";
        findings.loosens(item, "when", detail, help);
    }
    findings.at_least(item, "then", (was.then, is.then));
    let tier = |rule: &ImpactRule| rule.tier.unwrap_or(RiskLevel::Low);
    findings.at_least(item, "tier", (tier(was), tier(is)));
    match (&was.authority, &is.authority) {
        (None, _) => {}
        (Some(was), Some(is)) => of_authority(findings, item, was, is),
        (Some(_), None) => {
            let detail = "it asks for no authority any more";
            findings.loosens(item, "authority", detail, "keep `authority`");
        }
    }
    findings.at_least(item, "quorum", (was.quorum, is.quorum));
    if was.preview_required && !is.preview_required {
        findings.loosens(item, "preview", "no preview is needed any more", "keep `preview = true`");
    }
    findings.at_most_ms(item, "expires", (was.expires_ms, is.expires_ms));
}

/// Holds who must approve every amount against who must in the base, domain by domain; for an
/// exception too, which is decided one step up.
fn of_ladders(findings: &mut Findings, old: &ActionPolicy, new: &ActionPolicy) {
    let steps = old.ladder.iter().chain(&new.ladder).map(|step| step.domain.as_str());
    let tools = new.tools.iter().map(|tool| tool.authority.domain.as_str());
    let mut domains: Vec<&str> = steps.chain(tools).chain(["any"]).collect();
    domains.sort_unstable();
    domains.dedup();
    for domain in domains {
        let was: Vec<&LadderStep> = old.ladder_of(domain).collect();
        let is: Vec<&LadderStep> = new.ladder_of(domain).collect();
        if was == is {
            continue;
        }
        let index = new.ladder.iter().position(|step| step.domain == domain);
        let pointer = format!("/authority/{}", index.unwrap_or(0));
        let item = Item { section: "authority", name: Some(domain), pointer: &pointer };
        let bounds = was.iter().chain(&is).filter_map(|step| step.limit).map(Some).chain([None]);
        for (amount, up) in bounds.flat_map(|amount| [(amount, 0), (amount, 1)]) {
            let (Some(before), after) = (asked(&was, amount, up), asked(&is, amount, up)) else {
                continue;
            };
            let (level, quorum) = after.map_or((0, 0), |step| (step.level, step.quorum));
            if level >= before.level && quorum >= before.quorum {
                continue;
            }
            let sum =
                amount.map_or("an amount that is not known".to_owned(), |sum| sum.to_string());
            let exception = if up == 1 { ", as an exception," } else { "" };
            let detail = format!(
                "{sum}{exception} needs {quorum} of level {level}, in the base {} of level {}",
                before.quorum, before.level
            );
            let help = "lower the limits, or raise `level` and `quorum`";
            findings.loosens(item, "", detail, help);
            break;
        }
    }
}

/// The step that an amount needs, or the one above it.
fn asked<'a>(steps: &[&'a LadderStep], amount: Option<Money>, up: usize) -> Option<&'a LadderStep> {
    let takes = |limit: Option<Money>| match (limit, amount) {
        (None, _) => true,
        (Some(limit), Some(amount)) => amount.minor() <= limit.minor(),
        (Some(_), None) => false,
    };
    let step = steps.iter().position(|step| takes(step.limit))?;
    steps.get(step + up).or_else(|| steps.last()).copied()
}
