//! The sections about drafts: `[[trigger]]` and `[[suppress]]`.

use crate::compile::{condition, duration};
use crate::fact::FactDeclaration;
use crate::limits;
use crate::policy::{Trigger, TriggerKind};
use crate::read::{self, Node, Read};
use crate::request::RiskLevel;
use crate::suppression::Suppression;
use crate::verdict::Disposition;

/// `[[trigger]]`
pub(super) fn read_trigger(node: Node<'_>, facts: &[FactDeclaration]) -> Read<Trigger> {
    let mut fields = node.object()?;
    let trigger = Trigger {
        id: fields.required("id", name)?,
        kind: fields.required("kind", TriggerKind::read)?,
        when: fields.required("when", |node| condition::compile(node, facts))?,
        required: fields
            .list("required", limits::POLICY_FACTS_MAX, |node| condition::slot(node, facts))?,
        then: fields.required("then", Disposition::read)?,
        is_final: fields.optional("final", read::bool)?.unwrap_or(false),
        shadow: fields.optional("shadow", read::bool)?.unwrap_or(false),
        template: fields.optional("template", name)?,
        risk_level: fields.optional("risk_level", RiskLevel::read)?,
        sla_ms_max: fields.optional("sla", duration::read)?,
        authority_level_min: fields
            .optional("authority_level_min", |node| node.integer(0, 9))?
            .unwrap_or(0),
        why: fields.required("why", |node| read_why(node, facts))?,
    };
    fields.finish()?;
    if trigger.is_final && trigger.then != Disposition::Refuse {
        return Err(node.invalid("only a refusal can be final", "take `final` out, or refuse"));
    }
    if trigger.template.is_some() && trigger.then != Disposition::LimitedAnswer {
        let help = "take `template` out, or write `then = \"limited_answer\"`";
        return Err(node.invalid("only a limited answer has a template", help));
    }
    Ok(trigger)
}

/// `[[suppress]]`
pub(super) fn read_suppression(node: Node<'_>, facts: &[FactDeclaration]) -> Read<Suppression> {
    let mut fields = node.object()?;
    let suppression = Suppression {
        id: fields.required("id", name)?,
        when: fields.required("when", |node| condition::compile(node, facts))?,
        cancels: fields.list("cancels", limits::LIST_LENGTH_MAX, name)?,
        then: fields.required("then", Disposition::read)?,
        template: fields.optional("template", name)?,
        why: fields.required("why", |node| read_why(node, facts))?,
    };
    fields.finish()?;
    if suppression.cancels.is_empty() {
        let help = "add `cancels = [\"…\"]` with the ids of triggers";
        return Err(node.invalid("the suppression cancels nothing", help));
    }
    match suppression.then {
        Disposition::LimitedAnswer => Ok(suppression),
        Disposition::Answer if suppression.template.is_none() => Ok(suppression),
        Disposition::Answer => Err(node.invalid(
            "only a limited answer has a template",
            "take `template` out, or write `then = \"limited_answer\"`",
        )),
        _ => Err(node.invalid(
            "a suppression gives an answer or a limited answer",
            "write `then = \"limited_answer\"`, or make it a [[trigger]]",
        )),
    }
}

/// A message whose `{path}`s name declared facts.
pub(super) fn read_why(node: Node<'_>, facts: &[FactDeclaration]) -> Read<String> {
    let why = node.filled_text(limits::NOTE_LENGTH_MAX)?;
    for part in why.split('{').skip(1) {
        let path = part.split_once('}').map_or(part, |(path, _)| path);
        if !facts.iter().any(|fact| fact.path == path) {
            let known: Vec<&str> = facts.iter().map(|fact| fact.path.as_str()).collect();
            let help = read::suggestion(path, &known)
                .unwrap_or_else(|| "name a declared fact in braces".to_owned());
            return Err(
                node.invalid(format!("the message names `{path}`, which is not declared"), help)
            );
        }
    }
    Ok(why)
}

fn name(node: Node<'_>) -> Read<String> {
    node.filled_text(limits::NAME_LENGTH_MAX)
}
