//! How the sections of a policy fit together: what can never be reached, held, or meant.

use crate::calendar::Sla;
use crate::error::{ErrorCode, Fault};
use crate::policy::{Authority, Bundle, Queue, Tier, Trigger};
use crate::read;
use crate::request::RiskLevel;
use crate::suppression::{LOW_CONFIDENCE, Suppression, may_cancel};
use crate::verdict::Disposition;

/// Everything about a bundle that no section sees by itself.
pub(super) fn problems(bundle: &Bundle) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, trigger) in bundle.triggers.iter().enumerate() {
        faults.extend(of_trigger(bundle, index, trigger));
    }
    for (index, suppression) in bundle.suppressions.iter().enumerate() {
        faults.extend(of_suppression(bundle, index, suppression));
    }
    for (index, queue) in bundle.queues.iter().enumerate() {
        faults.extend(of_queue(bundle, index, queue));
    }
    for (word, level) in RiskLevel::WORDS {
        faults.extend(of_tier(bundle, word, bundle.tiers.of(*level)));
    }
    for (index, tool) in bundle.actions.tools.iter().enumerate() {
        let path = format!("/tool/{index}/authority");
        faults.extend(nobody(bundle, path, &tool.authority));
    }
    for (index, rule) in bundle.actions.rules.iter().enumerate() {
        let path = format!("/impact/{index}/authority");
        faults.extend(rule.authority.iter().filter_map(|one| nobody(bundle, path.clone(), one)));
    }
    faults
}

fn fault(path: String, detail: impl Into<String>, help: impl Into<String>) -> Fault {
    Fault::new(ErrorCode::InvalidField, path, detail, help)
}

/// Where a tier demands a certificate, everything that confidence lets a machine send in it is certified,
/// and watched. What is sent without any signal is the author's word, as it is for a rule.
fn of_tier(bundle: &Bundle, word: &str, tier: &Tier) -> Vec<Fault> {
    let at = |field: &str| format!("/confidence/tiers/{word}/{field}");
    let mut faults = Vec::new();
    if tier.certified.is_some() && tier.limited_answer.is_some() {
        faults.push(fault(
            at("limited_answer"),
            "an answer needs a certificate here, and a limited answer none",
            "write `limited_certified = { tolerated_error = …, failure_probability = … }` in its place",
        ));
    }
    let sampling = bundle.sampling;
    let watched = [
        ("certificate", &tier.certificate, sampling.map_or(0.0, |sampling| sampling.answer)),
        (
            "limited_certificate",
            &tier.limited_certificate,
            sampling.map_or(0.0, |sampling| sampling.limited_answer.min(sampling.answer)),
        ),
    ];
    for (field, shown, share) in watched {
        if shown.is_some() && share <= 0.0 {
            faults.push(fault(
                at(field),
                "nothing is audited at random, so nobody would see that it no longer holds",
                "give the share under [sampling], such as `answer = 0.03`",
            ));
        }
    }
    faults
}

fn of_trigger(bundle: &Bundle, index: usize, trigger: &Trigger) -> Vec<Fault> {
    let at = |field: &str| format!("/trigger/{index}/{field}");
    let mut faults = Vec::new();
    let changes = trigger.then != Disposition::Answer || trigger.risk_level.is_some();
    if !changes {
        let help = "write `escalate`, `limited_answer` or `refuse`, or add a `risk_level`";
        faults.push(fault(at("then"), "the rule changes nothing", help));
    }
    if trigger.id == LOW_CONFIDENCE {
        let help = "give it another id; the tiers under [confidence.tiers] are that rule";
        faults.push(fault(at("id"), "every policy has a rule of that name", help));
    }
    for (position, slot) in trigger.required.iter().enumerate() {
        if !trigger.when.slots().any(|read| read == *slot) {
            let fact = bundle.facts.get(usize::from(*slot));
            let path = fact.map_or("", |fact| fact.path.as_str());
            faults.push(fault(
                at(&format!("required/{position}")),
                format!("the condition does not read `{path}`"),
                "take it out of `required`, or read it under `when`",
            ));
        }
    }
    faults.extend(no_template(bundle, at("template"), trigger.template.as_ref()));
    let highest = bundle.actions.ladder.iter().map(|step| step.level).max();
    let level = trigger.authority_level_min;
    if let Some(highest) = highest.filter(|highest| level > *highest) {
        faults.push(above(at("authority_level_min"), level, "any", highest));
    }
    faults
}

fn of_suppression(bundle: &Bundle, index: usize, suppression: &Suppression) -> Vec<Fault> {
    let at = |field: &str| format!("/suppress/{index}/{field}");
    let mut faults = Vec::new();
    for (position, id) in suppression.cancels.iter().enumerate() {
        let path = at(&format!("cancels/{position}"));
        let named = bundle.triggers.iter().find(|trigger| trigger.id == *id);
        match named {
            Some(trigger) if !may_cancel(trigger.kind) => faults.push(fault(
                path,
                format!("`{id}` is of kind `{}`, which is never cancelled", trigger.kind),
                "take it out; change that trigger's own condition if it fires too often",
            )),
            Some(trigger) if trigger.shadow => faults.push(fault(
                path,
                format!("`{id}` is on trial and changes nothing that could be cancelled"),
                "take it out, or take `shadow` out of the trigger",
            )),
            Some(_) => {}
            None if id == LOW_CONFIDENCE => {}
            None => {
                let known = bundle.triggers.iter().map(|trigger| trigger.id.as_str());
                let known: Vec<&str> = known.chain([LOW_CONFIDENCE]).collect();
                let help = read::suggestion(id, &known)
                    .unwrap_or_else(|| "name the id of a [[trigger]]".to_owned());
                faults.push(fault(path, format!("there is no trigger `{id}`"), help));
            }
        }
    }
    faults.extend(no_template(bundle, at("template"), suppression.template.as_ref()));
    faults
}

fn no_template(bundle: &Bundle, path: String, name: Option<&String>) -> Option<Fault> {
    let name = name.filter(|name| !bundle.templates.contains_key(*name))?;
    let known: Vec<&str> = bundle.templates.keys().map(String::as_str).collect();
    let help = read::suggestion(name, &known)
        .unwrap_or_else(|| format!("add [template.{}] with a `default` text", read::excerpt(name)));
    Some(fault(path, format!("there is no template `{}`", read::excerpt(name)), help))
}

fn of_queue(bundle: &Bundle, index: usize, queue: &Queue) -> Vec<Fault> {
    let mut faults = Vec::new();
    let place = format!("/queue/{index}");
    faults.extend(nobody(bundle, format!("{place}/authority"), &queue.authority));
    if queue.accepts.risk_level_min > queue.accepts.risk_level_max {
        let detail = "the queue accepts nothing: its least risk is above its greatest";
        let path = format!("{place}/accepts/risk_level_min");
        faults.push(fault(path, detail, "swap the two risk levels"));
    }
    if let Sla::DurationMs(duration_ms) = queue.sla
        && queue.sla_ms_min > duration_ms
    {
        let detail = "the queue cannot serve its own SLA: `sla_min` is longer";
        faults.push(fault(
            format!("{place}/sla_min"),
            detail,
            "lengthen `sla`, or lower `sla_min`",
        ));
    }
    let is_fallback = queue.queue == bundle.fallback_queue;
    let before = bundle.queues.iter().take(index).find(|before| covers(before, queue));
    if let Some(before) = before.filter(|_| !is_fallback) {
        let detail =
            format!("no case reaches the queue: `{}` before it takes them all", before.queue);
        faults.push(fault(place, detail, "put it before that queue, or narrow that queue"));
    }
    faults
}

/// Whether the earlier queue takes whatever the later one would.
fn covers(earlier: &Queue, later: &Queue) -> bool {
    fn all_of<T: PartialEq>(earlier: &[T], later: &[T]) -> bool {
        earlier.is_empty() || (!later.is_empty() && later.iter().all(|item| earlier.contains(item)))
    }
    let (left, right) = (&earlier.accepts, &later.accepts);
    left.when.is_none()
        && all_of(&left.domains, &right.domains)
        && all_of(&left.languages, &right.languages)
        && all_of(&left.tenants, &right.tenants)
        && all_of(&left.triggers, &right.triggers)
        && left.risk_level_min <= right.risk_level_min
        && left.risk_level_max >= right.risk_level_max
        && earlier.sla_ms_min <= later.sla_ms_min
        && earlier.authority.level >= later.authority.level
}

/// An authority above every step of its ladder: nobody could have it.
fn nobody(bundle: &Bundle, path: String, authority: &Authority) -> Option<Fault> {
    let steps = bundle.actions.ladder_of(&authority.domain);
    let highest = steps.map(|step| step.level).max()?;
    let domain = &authority.domain;
    (authority.level > highest).then(|| above(path, authority.level, domain, highest))
}

fn above(path: String, level: i64, domain: &str, highest: i64) -> Fault {
    fault(
        path,
        format!("nobody has level {level} of `{domain}`: the ladder ends at {highest}"),
        "ask for a level of the ladder, or add an [[authority]] of that level",
    )
}
