//! What differs between two policies, in words: section by section, each change marked where it
//! loosens. Pure: the same two bundles give the same list.

mod lean;
mod sections;
mod words;

use std::collections::BTreeMap;
use std::io::Write;

use schemars::JsonSchema;
use serde::Serialize;

use crate::compile::to_json;
use crate::error::Fault;
use crate::host::command_line::{CommandError, print};
use crate::json::Json;
use crate::policy::{Policy, PolicyReference};
use crate::tool::at_pointer;

pub use lean::Lean;
use lean::{Scale, lean};
use sections::{Key, SECTIONS, Section};
use words::words;

/// What differs between two policies.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PolicyDiff {
    /// The policy before.
    pub old: PolicyReference,
    /// The policy after.
    pub new: PolicyReference,
    /// How many of the changes lower caution.
    pub loosening: i64,
    /// How many may lower it; a replay tells.
    pub unclear: i64,
    /// Every change, by section.
    pub changes: Vec<Change>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Change {
    /// The section of the policy.
    pub section: &'static str,
    /// What in it, by name; `null` where the section is one thing.
    pub item: Option<String>,
    /// Which field of it; `null` where all of it came or went.
    pub field: Option<String>,
    /// What stood there, in words; `null` where nothing did.
    pub from: Option<String>,
    /// What stands there, in words; `null` where nothing does.
    pub to: Option<String>,
    /// Which way it leans.
    pub lean: Lean,
    /// The same in a sentence.
    pub text: String,
}

/// Compares two policies.
///
/// # Errors
/// `internal` if a bundle has no JSON form.
pub fn diff(old: &Policy, new: &Policy) -> Result<PolicyDiff, Fault> {
    let (before, after) = (named_bundle(old)?, named_bundle(new)?);
    let comparison = Comparison { old, new };
    let mut changes = Vec::new();
    for section in SECTIONS {
        let nothing = Json::Null;
        let from = at(&before, section.pointer).unwrap_or(&nothing);
        let to = at(&after, section.pointer).unwrap_or(&nothing);
        comparison.section(section, from, to, &mut changes);
    }
    let count = |lean| changes.iter().filter(|change: &&Change| change.lean == lean).count();
    let count = |lean| i64::try_from(count(lean)).unwrap_or(i64::MAX);
    Ok(PolicyDiff {
        old: old.reference().clone(),
        new: new.reference().clone(),
        loosening: count(Lean::Loosens),
        unclear: count(Lean::Unclear),
        changes,
    })
}

/// Prints what differs, one change a line; `!` marks what loosens, `?` what may.
pub(super) fn tell(diff: &PolicyDiff, out: &mut impl Write) -> Result<(), CommandError> {
    for change in &diff.changes {
        let mark = match change.lean {
            Lean::Loosens => '!',
            Lean::Unclear => '?',
            Lean::Tightens | Lean::Neutral => ' ',
        };
        print(out, &format!("{mark} {}", change.text))?;
    }
    let PolicyDiff { changes, loosening, unclear, .. } = diff;
    if changes.is_empty() {
        return print(out, "the two policies say the same");
    }
    let count = match changes.len() {
        1 => "1 change".to_owned(),
        count => format!("{count} changes"),
    };
    print(
        out,
        &format!(
            "{count}: {loosening} loosen (!), {unclear} may (?); `policy replay` tells what becomes of decisions"
        ),
    )
}

/// The bundle with the paths of facts in the place of their slots, so that another list of facts
/// is no change of every condition.
pub(super) fn named_bundle(policy: &Policy) -> Result<Json, Fault> {
    let mut bundle = to_json(policy.bundle())?;
    let paths: Vec<&str> = policy.bundle().facts.iter().map(|fact| fact.path.as_str()).collect();
    name_slots(&mut bundle, &paths, false);
    Ok(bundle)
}

fn name_slots(value: &mut Json, paths: &[&str], is_slot: bool) {
    match value {
        Json::Number(slot) if is_slot => {
            let named =
                paths.iter().enumerate().find(|(index, _)| Json::Number(*slot) == number(*index));
            if let Some((_, path)) = named {
                *value = Json::String((*path).to_owned());
            }
        }
        Json::Array(values) => {
            values.iter_mut().for_each(|value| name_slots(value, paths, is_slot));
        }
        Json::Object(fields) => {
            for (name, value) in fields {
                // `required` of a signal is a truth, and stays one.
                let is_slot = matches!(name.as_str(), "fact" | "has" | "required");
                name_slots(value, paths, is_slot);
            }
        }
        _ => {}
    }
}

#[expect(clippy::cast_precision_loss, reason = "there are at most 512 facts")]
const fn number(index: usize) -> Json {
    Json::Number(index as f64)
}

pub(super) fn at<'a>(bundle: &'a Json, pointer: &str) -> Option<&'a Json> {
    match bundle {
        _ if pointer.is_empty() => Some(bundle),
        Json::Object(fields) => at_pointer(fields, pointer),
        _ => None,
    }
}

struct Comparison<'a> {
    old: &'a Policy,
    new: &'a Policy,
}

impl Comparison<'_> {
    fn section(&self, section: &Section, from: &Json, to: &Json, changes: &mut Vec<Change>) {
        if let Key::One = section.key {
            return fields(section, None, from, to, changes);
        }
        let (from, to) = (items(section, from), items(section, to));
        for (name, before) in &from {
            match to.iter().find(|(other, _)| other == name) {
                Some((_, after)) => fields(section, Some(name), before, after, changes),
                None => changes.push(self.gone(section, name, before)),
            }
        }
        for (name, after) in &to {
            if !from.iter().any(|(other, _)| other == name) {
                changes.push(self.came(section, name, after));
            }
        }
        let kept = |list: &[(String, &Json)], other: &[(String, &Json)]| -> Vec<String> {
            let names = list.iter().map(|(name, _)| name.clone());
            names.filter(|name| other.iter().any(|(kept, _)| kept == name)).collect()
        };
        if kept(&from, &to) != kept(&to, &from) && section.name != "fact" {
            let text = format!("the order of every `{}` is another", section.name);
            let (item, field, from, to) = (None, Some("order".to_owned()), None, None);
            let (section, lean) = (section.name, section.order);
            changes.push(Change { section, item, field, from, to, lean, text });
        }
    }

    fn gone(&self, section: &Section, name: &str, before: &Json) -> Change {
        let said = in_short(section, before);
        let lean = match section.name {
            "tool" => against_taker(section, before, self.new, false),
            _ if is_on_trial(before) => Lean::Neutral,
            _ => section.gone,
        };
        let text = format!("{} `{name}` is gone: {said}", section.name);
        let item = Some(name.to_owned());
        Change { section: section.name, item, field: None, from: Some(said), to: None, lean, text }
    }

    fn came(&self, section: &Section, name: &str, after: &Json) -> Change {
        let said = in_short(section, after);
        let lean = match section.name {
            "tool" => against_taker(section, after, self.old, true),
            _ if is_on_trial(after) => Lean::Neutral,
            _ => section.came,
        };
        let text = format!("{} `{name}` is new: {said}", section.name);
        let item = Some(name.to_owned());
        Change { section: section.name, item, field: None, from: None, to: Some(said), lean, text }
    }
}

/// A rule on trial changes nothing.
fn is_on_trial(rule: &Json) -> bool {
    at(rule, "/shadow") == Some(&Json::Bool(true))
}

/// Which way it leans that a tool's entry came or went: against the entry that takes its names in
/// the other policy.
fn against_taker(section: &Section, tool: &Json, other: &Policy, came: bool) -> Lean {
    let Some(Json::Array(names)) = at(tool, "/names") else { return Lean::Unclear };
    let actions = other.actions();
    let leans = names.iter().map(|name| {
        let taker = match name {
            Json::String(name) => actions.tool(name),
            _ => None,
        };
        let taker = to_json(taker.unwrap_or(&actions.unknown_tool));
        let Ok(taker) = taker else { return Lean::Unclear };
        let mut found = Vec::new();
        let (from, to) = if came { (&taker, tool) } else { (tool, &taker) };
        fields(section, None, from, to, &mut found);
        // What arguments it has, and what it is called, is not what makes an entry stricter.
        let counted =
            ["verdict", "tier", "authority.level", "quorum", "preview_required", "enforcement"];
        let counts = |change: &&Change| {
            change.field.as_deref().is_some_and(|field| counted.contains(&field))
        };
        found.iter().filter(counts).map(|change| change.lean).max().unwrap_or(Lean::Neutral)
    });
    leans.max().unwrap_or(Lean::Unclear)
}

/// The things of a section by name, in their order.
fn items<'a>(section: &Section, value: &'a Json) -> Vec<(String, &'a Json)> {
    match (value, &section.key) {
        (Json::Object(fields), Key::Map) => {
            fields.iter().map(|(name, value)| (name.clone(), value)).collect()
        }
        (Json::Array(values), Key::Fields(keys)) => {
            let name = |value| {
                let parts = keys.iter().map(|key| at(value, &format!("/{key}")));
                let parts: Vec<String> =
                    parts.map(|part| plain(part.unwrap_or(&Json::Null))).collect();
                parts.join(" ")
            };
            let mut items: Vec<(String, &Json)> = Vec::new();
            for value in values {
                let name = name(value);
                // Steps of a ladder may share their title.
                let same =
                    items.iter().filter(|(other, _)| other.split(" #").next() == Some(&name));
                let count = same.count();
                let named = if count == 0 { name } else { format!("{name} #{}", count + 1) };
                items.push((named, value));
            }
            items
        }
        _ => Vec::new(),
    }
}

fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.canonical(),
    }
}

fn in_short(section: &Section, value: &Json) -> String {
    let told = section.told.iter().filter_map(|name| {
        let value = at(value, &format!("/{name}")).filter(|value| **value != Json::Null)?;
        Some(format!("{name} {}", words(name, value)))
    });
    told.collect::<Vec<_>>().join(", ")
}

/// The fields in which a thing differs.
fn fields(
    section: &Section,
    item: Option<&str>,
    from: &Json,
    to: &Json,
    changes: &mut Vec<Change>,
) {
    let (before, after) = (flat(section, from), flat(section, to));
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let value = |side: &BTreeMap<String, Json>, whole: &Json| {
            let value = side.get(name).or_else(|| at(whole, &format!("/{name}")));
            value.cloned().unwrap_or(Json::Null)
        };
        let (from, to) = (value(&before, from), value(&after, to));
        // The whole stands for its parts where all of it came or went.
        let parent = name.rsplit_once('.').map(|(parent, _)| parent);
        let whole =
            parent.is_some_and(|parent| before.contains_key(parent) || after.contains_key(parent));
        if from == to || whole {
            continue;
        }
        let lean = if is_reworded(&from, &to) {
            Lean::Neutral
        } else {
            lean(scale(section, name), &from, &to)
        };
        let said = |value: &Json| (*value != Json::Null).then(|| words(name, value));
        let (was, is) = (words(name, &from), words(name, &to));
        let place = match item {
            Some(item) => format!("{} `{item}`", section.name),
            None => section.name.to_owned(),
        };
        let text = match section.name {
            "limited_answer" | "template" | "refusal" | "notice" => {
                format!("{place}: the text for `{name}` is another")
            }
            _ if name == "open" => format!("{place}: the open hours are others"),
            _ => format!("{place}: `{name}` was {was}, is {is}"),
        };
        let (item, field) = (item.map(str::to_owned), Some(name.clone()));
        changes.push(Change {
            section: section.name,
            item,
            field,
            from: said(&from),
            to: said(&to),
            lean,
            text,
        });
    }
}

/// Whether a condition means the same in other words.
fn is_reworded(from: &Json, to: &Json) -> bool {
    let (from, to) = (at(from, "/ops"), at(to, "/ops"));
    from.is_some() && from == to
}

fn scale(section: &Section, name: &str) -> Scale {
    let found = section.fields.iter().find(|(field, _)| *field == name || *field == "*");
    found.map_or(Scale::Other, |(_, scale)| *scale)
}

/// The fields of a thing; records within it field by field, under dotted names.
fn flat(section: &Section, value: &Json) -> BTreeMap<String, Json> {
    let Json::Object(fields) = value else {
        return BTreeMap::new();
    };
    let own_sections = [
        "facts",
        "confidence",
        "sampling",
        "tiers",
        "triggers",
        "suppressions",
        "actions",
        "calendars",
        "queues",
        "work",
        "limited_answer",
        "templates",
        "refusal",
    ];
    let is_section = |name: &str| match section.name {
        "policy" => own_sections.contains(&name),
        "confidence" => name == "signals",
        "work" => ["queues", "notify", "notices"].contains(&name),
        _ => false,
    };
    let mut flat = BTreeMap::new();
    for (name, value) in fields.iter().filter(|(name, _)| !is_section(name)) {
        match value {
            Json::Object(parts) if is_record(parts) => {
                for (part, value) in parts {
                    flat.insert(format!("{name}.{part}"), value.clone());
                }
            }
            other => {
                flat.insert(name.clone(), other.clone());
            }
        }
    }
    flat
}

/// Conditions, amounts and SLAs are one value each, however they are stored.
fn is_record(parts: &BTreeMap<String, Json>) -> bool {
    let value = ["ops", "amount_minor", "duration_ms", "business_ms", "business_days"];
    !value.iter().any(|name| parts.contains_key(*name))
}
