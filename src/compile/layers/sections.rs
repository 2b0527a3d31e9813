//! The sections of a policy that an overlay may speak of, and how their items are named.

use crate::json::Json;
use crate::read;

/// How a section is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Fields, each taken by itself; the list has all that an overlay may name.
    Fields(&'static [&'static str]),
    /// Texts or records by name.
    Map,
    /// Items, each with its name under this key.
    Items(&'static str),
    /// Tools: an item's name is the first of its `names`.
    Tools,
    /// Steps, all of one `domain` together.
    Ladder,
}

/// A section as an author names it, where it lies, and its layout.
pub(super) struct Section {
    pub(super) name: &'static str,
    pub(super) pointer: &'static str,
    pub(super) shape: Shape,
}

const fn section(name: &'static str, pointer: &'static str, shape: Shape) -> Section {
    Section { name, pointer, shape }
}

/// Every section, in the order in which a policy is written.
pub(super) const SECTIONS: &[Section] = &[
    section("policy", "/policy", Shape::Fields(HEAD)),
    section("fact", "/fact", Shape::Items("path")),
    section("confidence", "/confidence", Shape::Fields(&["model_version", "base", "fit"])),
    section("signal", "/confidence/signal", Shape::Items("name")),
    section("tier", "/confidence/tiers", Shape::Map),
    section("trigger", "/trigger", Shape::Items("id")),
    section("suppress", "/suppress", Shape::Items("id")),
    section("rates", "/rates", Shape::Fields(&["base", "until", "per_unit"])),
    section("authority", "/authority", Shape::Ladder),
    section("tool", "/tool", Shape::Tools),
    section("unknown_tool", "/unknown_tool", Shape::Fields(TOOL)),
    section("impact", "/impact", Shape::Items("id")),
    section("sampling", "/sampling", Shape::Fields(SAMPLING)),
    section("calendar", "/calendar", Shape::Items("calendar")),
    section("queue", "/queue", Shape::Items("queue")),
    section("work", "/work", Shape::Fields(&["waiting", "open_leases_max"])),
    section("notify", "/notify", Shape::Items("id")),
    section("notice", "/notice", Shape::Map),
    section("limited_answer", "/limited_answer", Shape::Map),
    section("template", "/template", Shape::Map),
    section("refusal", "/refusal", Shape::Map),
];

const HEAD: &[&str] = &["risk_level_when_missing", "fallback_queue", "lease", "undo_window"];

const SAMPLING: &[&str] = &[
    "answer",
    "limited_answer",
    "refuse",
    "second_review",
    "judged_within_days",
    "tolerated_error",
    "false_alarm",
];

const TOOL: &[&str] = &[
    "title",
    "effects",
    "reversibility",
    "tier",
    "verdict",
    "amount",
    "amount_unit",
    "currency",
    "fixed_currency",
    "target",
    "count",
    "arguments",
    "schema",
    "enforcement",
    "authority",
    "quorum",
    "preview",
    "expires",
];

pub(super) fn find(name: &str) -> Option<&'static Section> {
    SECTIONS.iter().find(|section| section.name == name)
}

/// What is not a section, in words.
pub(super) fn unknown(name: &str) -> (String, String) {
    let known: Vec<&str> = SECTIONS.iter().map(|section| section.name).collect();
    let help = read::suggestion(name, &known)
        .unwrap_or_else(|| format!("name one of {}", read::quoted(&known)));
    (format!("there is no section `{}`", read::excerpt(name)), help)
}

/// The value at a pointer of plain names.
pub(super) fn at<'a>(document: &'a Json, pointer: &str) -> Option<&'a Json> {
    let names = pointer.split('/').skip(1);
    names.into_iter().try_fold(document, |value, name| match value {
        Json::Object(fields) => fields.get(name),
        _ => None,
    })
}

/// The name of an item.
pub(super) fn name_of(shape: Shape, item: &Json) -> Option<&str> {
    let Json::Object(fields) = item else { return None };
    let value = match shape {
        Shape::Items(key) => fields.get(key),
        Shape::Ladder => fields.get("domain"),
        Shape::Tools => match fields.get("names") {
            Some(Json::Array(names)) => names.first(),
            _ => None,
        },
        Shape::Fields(_) | Shape::Map => None,
    };
    match value {
        Some(Json::String(text)) => Some(text),
        _ => None,
    }
}

/// The names of all items, or fields, that a section of a document has.
pub(super) fn names<'a>(section: &Section, document: &'a Json) -> Vec<&'a str> {
    match (at(document, section.pointer), section.shape) {
        (_, Shape::Fields(fields)) => fields.to_vec(),
        (Some(Json::Object(fields)), Shape::Map) => fields.keys().map(String::as_str).collect(),
        (Some(Json::Array(items)), shape) => {
            items.iter().filter_map(|item| name_of(shape, item)).collect()
        }
        _ => Vec::new(),
    }
}
