//! A policy as its owner writes it, read section by section into a bundle.

use std::collections::BTreeMap;

use crate::calendar::Calendar;
use crate::compile::layers::MayLoosen;
use crate::compile::{
    actions, calendar, checks, condition, confidence, duration, impact_model, rules, to_json, work,
};
use crate::error::Fault;
use crate::fact::{FactDeclaration, FactRecord, FactSource, FactType};
use crate::json::Json;
use crate::limits;
use crate::policy::{Accepts, Authority, BUNDLE_VERSION, Bundle, Queue, TriggerKind};
use crate::read::{self, Fields, Node, Read};
use crate::request::RiskLevel;
use crate::sampling::Sampling;
use crate::tool::ActionPolicy;
use crate::units::Id;
use crate::work::{QueueWork, WorkPolicy};

/// Reads the sections; every section tells its own faults, so that an author sees them together.
pub(super) fn read(document: &Json) -> Result<Bundle, Vec<Fault>> {
    let mut faults = Faults(Vec::new());
    let bundle = read_sections(document, &mut faults);
    match bundle {
        Ok(Some(bundle)) if faults.0.is_empty() => Ok(bundle),
        Ok(_) => Err(faults.0),
        Err(fault) => {
            faults.0.push(fault);
            Err(faults.0)
        }
    }
}

/// What went wrong so far.
struct Faults(Vec<Fault>);

impl Faults {
    fn keep<T>(&mut self, reading: Read<T>) -> Option<T> {
        reading.map_err(|fault| self.0.push(fault)).ok()
    }
}

fn read_sections(document: &Json, faults: &mut Faults) -> Read<Option<Bundle>> {
    let mut fields = Node::root(document).object()?;
    let head = fields.required("policy", Head::read);
    let head = faults.keep(head);
    let facts = each(&mut fields, "fact", limits::POLICY_FACTS_MAX, faults, read_fact)?;
    unique(&facts, "fact", |fact| &fact.path, faults);
    let confidence = fields.required("confidence", confidence::read);
    let confidence = faults.keep(confidence);
    let sampling = fields.optional("sampling", Sampling::read);
    let sampling = faults.keep(sampling).flatten();
    let triggers = each(&mut fields, "trigger", limits::TRIGGERS_MAX, faults, |node| {
        rules::read_trigger(node, &facts)
    })?;
    unique(&triggers, "trigger", |trigger| &trigger.id, faults);
    let suppressions = each(&mut fields, "suppress", limits::SUPPRESSIONS_MAX, faults, |node| {
        rules::read_suppression(node, &facts)
    })?;
    unique(&suppressions, "suppress", |suppression| &suppression.id, faults);
    let templates = fields.optional("template", |node| node.map(limits::TEMPLATES_MAX, read_texts));
    let templates = faults.keep(templates).flatten().unwrap_or_default();
    let calendars = each(&mut fields, "calendar", limits::CALENDARS_MAX, faults, calendar::read)?;
    unique(&calendars, "calendar", |calendar| &calendar.calendar, faults);
    let queues = each(&mut fields, "queue", limits::QUEUES_MAX, faults, |node| {
        read_queue(node, &facts, &calendars)
    })?;
    let (queues, of_queues): (Vec<Queue>, Vec<QueueWork>) = queues.into_iter().unzip();
    let work = read_work(&mut fields, of_queues, faults)?;
    unique(&queues, "queue", |queue| &queue.queue, faults);
    let actions = read_actions(&mut fields, &facts, faults)?;
    let limited_answer = fields.required("limited_answer", read_texts);
    let limited_answer = faults.keep(limited_answer);
    let refusal = fields.required("refusal", read_texts);
    let refusal = faults.keep(refusal);
    // What overlays may loosen is for the compiler, not for those who decide.
    let overlays = fields.optional("overlays", |node| MayLoosen::read(node, document));
    faults.keep(overlays);
    faults.keep(fields.finish());
    let (Some(head), Some((confidence, tiers)), Some(limited_answer), Some(refusal)) =
        (head, confidence, limited_answer, refusal)
    else {
        return Ok(None);
    };
    if faults.0.is_empty() && !queues.iter().any(|queue| queue.queue == head.fallback_queue) {
        faults.0.push(no_fallback(&head.fallback_queue, &queues));
    }
    let bundle = Bundle {
        bundle_version: BUNDLE_VERSION,
        id: head.id,
        version: head.version,
        facts,
        confidence,
        tiers,
        risk_level_when_missing: head.risk_level_when_missing,
        sampling,
        triggers,
        suppressions,
        actions,
        calendars,
        queues,
        fallback_queue: head.fallback_queue,
        limited_answer,
        templates,
        refusal,
        lease_duration_ms: head.lease_duration_ms,
        undo_window_ms: head.undo_window_ms,
        work: said(&work)?,
    };
    // How the sections fit together is looked at once each of them is right.
    if faults.0.is_empty() {
        faults.0.extend(actions::problems(&bundle.actions));
        faults.0.extend(foreign_amounts(&bundle));
        faults.0.extend(checks::problems(&bundle));
        faults.0.extend(work::problems(&bundle, &work));
    }
    Ok(Some(bundle))
}

fn read_actions(
    fields: &mut Fields<'_>,
    facts: &[FactDeclaration],
    faults: &mut Faults,
) -> Read<ActionPolicy> {
    let rates = fields.optional("rates", actions::read_rates);
    let rates = faults.keep(rates).flatten();
    let tools = each(fields, "tool", limits::TOOLS_MAX, faults, actions::read_tool)?;
    let unknown_tool = fields.optional("unknown_tool", actions::read_unknown_tool);
    let unknown_tool = faults.keep(unknown_tool).flatten();
    let rules = each(fields, "impact", limits::IMPACT_RULES_MAX, faults, |node| {
        actions::read_rule(node, facts)
    })?;
    unique(&rules, "impact", |rule| &rule.id, faults);
    let ladder = each(fields, "authority", limits::LADDER_STEPS_MAX, faults, actions::read_step)?;
    let impact_model = fields.optional("impact_model", impact_model::read);
    let impact_model = faults.keep(impact_model).flatten();
    Ok(ActionPolicy {
        rates,
        tools,
        unknown_tool: unknown_tool.unwrap_or_else(|| ActionPolicy::cautious().unknown_tool),
        rules,
        ladder,
        impact_model,
    })
}

fn read_work(
    fields: &mut Fields<'_>,
    queues: Vec<QueueWork>,
    faults: &mut Faults,
) -> Read<WorkPolicy> {
    let terms = faults.keep(fields.optional("work", work::read_terms)).flatten();
    let (waiting_ms, open_leases_max) = terms.unwrap_or_else(work::usual_terms);
    let notify = each(fields, "notify", limits::LIST_LENGTH_MAX, faults, work::read_notify)?;
    unique(&notify, "notify", |notify| &notify.id, faults);
    let notices = faults.keep(fields.optional("notice", work::read_notices)).flatten();
    let notices = notices.unwrap_or_default();
    Ok(WorkPolicy { waiting_ms, open_leases_max, queues, notify, notices })
}

/// What hosts read: without the queues that have nothing to say.
fn said(work: &WorkPolicy) -> Read<Option<Json>> {
    let mut work = work.clone();
    work.queues.retain(|queue| !work::is_plain(queue));
    to_json(&work).map(Some)
}

/// Amounts in conditions over requests that are not in the base currency.
fn foreign_amounts(bundle: &Bundle) -> Vec<Fault> {
    let triggers = bundle.triggers.iter().map(|trigger| &trigger.when).enumerate();
    let triggers = triggers.map(|(index, when)| (format!("/trigger/{index}/when"), when));
    let suppressions = bundle.suppressions.iter().map(|one| &one.when).enumerate();
    let suppressions = suppressions.map(|(index, when)| (format!("/suppress/{index}/when"), when));
    let accepts = bundle.queues.iter().enumerate();
    let accepts = accepts.filter_map(|(index, queue)| {
        Some((format!("/queue/{index}/accepts/when"), queue.accepts.when.as_ref()?))
    });
    let told = triggers.chain(suppressions).chain(accepts).filter_map(|(path, when)| {
        let (detail, help) = actions::foreign(bundle.actions.rates.as_ref(), when.amounts())?;
        Some(Fault::new(crate::error::ErrorCode::InvalidField, path, detail, help))
    });
    told.collect()
}

/// Reads each element of a section by itself, so that one mistake does not hide the next.
fn each<T>(
    fields: &mut Fields<'_>,
    key: &'static str,
    length_max: usize,
    faults: &mut Faults,
    read: impl Fn(Node<'_>) -> Read<T>,
) -> Read<Vec<T>> {
    let readings = fields.list(key, length_max, |node| Ok(read(node)))?;
    Ok(readings.into_iter().filter_map(|reading| faults.keep(reading)).collect())
}

fn unique<T>(items: &[T], section: &str, name: impl Fn(&T) -> &String, faults: &mut Faults) {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, item) in items.iter().enumerate() {
        let name = name(item);
        if let Some(first) = seen.insert(name, index) {
            let detail =
                format!("`{name}` stands twice, as number {} and {}", first + 1, index + 1);
            let code = crate::error::ErrorCode::InvalidField;
            faults.0.push(Fault::new(
                code,
                format!("/{section}/{index}"),
                detail,
                "rename one of them",
            ));
        }
    }
}

fn no_fallback(name: &str, queues: &[Queue]) -> Fault {
    let known: Vec<&str> = queues.iter().map(|queue| queue.queue.as_str()).collect();
    let help = read::suggestion(name, &known).unwrap_or_else(|| {
        format!("add a [[queue]] of that name; there are {}", read::quoted(&known))
    });
    let detail = format!("the fallback queue `{name}` does not exist");
    Fault::new(crate::error::ErrorCode::InvalidField, "/policy/fallback_queue", detail, help)
}

/// The section `[policy]`.
struct Head {
    id: Id,
    version: String,
    risk_level_when_missing: RiskLevel,
    fallback_queue: String,
    lease_duration_ms: i64,
    undo_window_ms: i64,
}

impl Head {
    fn read(node: Node<'_>) -> Read<Self> {
        let lease = |node: Node<'_>| {
            let duration_ms = duration::read(node)?;
            let range = limits::LEASE_DURATION_MS_MIN..=limits::LEASE_DURATION_MS_MAX;
            let fits = range.contains(&duration_ms);
            fits.then_some(duration_ms)
                .ok_or_else(|| node.invalid("a lease lasts 1 s to 24 h", "write such a duration"))
        };
        let mut fields = node.object()?;
        let head = Self {
            id: fields.required("id", read::id)?,
            version: fields.required("version", name)?,
            risk_level_when_missing: fields.required("risk_level_when_missing", RiskLevel::read)?,
            fallback_queue: fields.required("fallback_queue", name)?,
            lease_duration_ms: fields.required("lease", lease)?,
            undo_window_ms: fields.required("undo_window", duration::read)?,
        };
        fields.finish()?;
        Ok(head)
    }
}

fn read_fact(node: Node<'_>) -> Read<FactDeclaration> {
    let mut fields = node.object()?;
    let path = fields.required("path", name)?;
    let fact_type = fields.required("type", FactType::read)?;
    let source = fields.optional("source", FactSource::read)?.unwrap_or(FactSource::Caller);
    let record = fields.optional("record", FactRecord::read)?.unwrap_or(FactRecord::Nothing);
    fields.finish()?;
    let declaration = FactDeclaration { path, fact_type, source, record };
    declaration.check(node)?;
    Ok(declaration)
}

fn read_queue(
    node: Node<'_>,
    facts: &[FactDeclaration],
    calendars: &[Calendar],
) -> Read<(Queue, QueueWork)> {
    let mut fields = node.object()?;
    let sla = fields.required("sla", duration::read_sla)?;
    let queue = Queue {
        queue: fields.required("queue", name)?,
        title: fields.required("title", name)?,
        accepts: fields.required("accepts", |node| read_accepts(node, facts))?,
        sla,
        calendar: fields.optional("calendar", |node| named(node, calendars))?,
        sla_ms_min: fields.optional("sla_min", duration::read)?.unwrap_or(0),
        authority: fields.required("authority", Authority::read)?,
        skills: fields.list("skills", limits::LIST_LENGTH_MAX, name)?,
    };
    let calendar = calendars.iter().find(|known| queue.calendar.as_ref() == Some(&known.calendar));
    let work = work::read_queue(&mut fields, &queue.queue, calendar)?;
    fields.finish()?;
    if queue.sla.needs_calendar() && queue.calendar.is_none() {
        return Err(node.invalid("business time needs a calendar", "add `calendar`"));
    }
    Ok((queue, work))
}

/// The name of one of the calendars.
fn named(node: Node<'_>, calendars: &[Calendar]) -> Read<String> {
    let text = node.str()?;
    if calendars.iter().any(|calendar| calendar.calendar == text) {
        return Ok(text.to_owned());
    }
    let known: Vec<&str> = calendars.iter().map(|calendar| calendar.calendar.as_str()).collect();
    let help = read::suggestion(text, &known).unwrap_or_else(|| "add a [[calendar]]".to_owned());
    Err(node.invalid(format!("there is no calendar `{}`", read::excerpt(text)), help))
}

fn read_accepts(node: Node<'_>, facts: &[FactDeclaration]) -> Read<Accepts> {
    let mut fields = node.object()?;
    let accepts = Accepts {
        domains: fields.list("domains", limits::LIST_LENGTH_MAX, name)?,
        languages: fields.list("languages", limits::LIST_LENGTH_MAX, name)?,
        tenants: fields.list("tenants", limits::LIST_LENGTH_MAX, name)?,
        triggers: fields.list("triggers", limits::LIST_LENGTH_MAX, TriggerKind::read)?,
        risk_level_min: fields
            .optional("risk_level_min", RiskLevel::read)?
            .unwrap_or(RiskLevel::Low),
        risk_level_max: fields
            .optional("risk_level_max", RiskLevel::read)?
            .unwrap_or(RiskLevel::Critical),
        when: fields.optional("when", |node| condition::compile(node, facts))?,
    };
    fields.finish()?;
    Ok(accepts)
}

pub(super) fn read_texts(node: Node<'_>) -> Read<BTreeMap<String, String>> {
    let texts =
        node.map(limits::LIST_LENGTH_MAX, |node| node.filled_text(limits::NOTE_LENGTH_MAX))?;
    if texts.contains_key("default") {
        return Ok(texts);
    }
    Err(node.invalid("there is no text under `default`", "add a `default` text"))
}

pub(super) fn name(node: Node<'_>) -> Read<String> {
    node.filled_text(limits::NAME_LENGTH_MAX)
}
