//! The sections of a policy, in the order in which its author writes them, and which way each of
//! their fields leans.

use super::lean::{Lean, Scale};

/// Where the things of a section stand in a bundle, and what their fields mean.
pub(super) struct Section {
    /// What one thing of it is called.
    pub(super) name: &'static str,
    /// JSON Pointer into the bundle.
    pub(super) pointer: &'static str,
    /// What tells its things apart.
    pub(super) key: Key,
    /// Each field with its scale; of others it cannot be told.
    pub(super) fields: &'static [(&'static str, Scale)],
    /// The fields that describe a thing in short.
    pub(super) told: &'static [&'static str],
    /// Which way a new thing leans, and one that is gone.
    pub(super) came: Lean,
    pub(super) gone: Lean,
    /// Which way another order leans.
    pub(super) order: Lean,
}

/// What tells the things of a section apart.
pub(super) enum Key {
    /// The section is one thing.
    One,
    /// The section is a map by name.
    Map,
    /// A list, by these fields.
    Fields(&'static [&'static str]),
}

use Scale::{
    BoundOfAnswers, KindOfTrigger, ListIsLooser, ListIsTighter, MoreIsLooser, MoreIsTighter, Other,
    Presence, Sla, Words,
};

const TOOL: &[(&str, Scale)] = &[
    ("title", Words),
    ("effects", ListIsTighter),
    ("reversibility", MoreIsTighter),
    ("tier", MoreIsTighter),
    ("verdict", MoreIsTighter),
    ("amount", Presence { tightens: true }),
    ("arguments", Presence { tightens: true }),
    ("count", Presence { tightens: true }),
    ("target", Presence { tightens: true }),
    ("enforcement", MoreIsTighter),
    ("authority.level", MoreIsTighter),
    ("quorum", MoreIsTighter),
    ("preview_required", MoreIsTighter),
    ("expires_ms", MoreIsLooser),
];

const TEXTS: &[(&str, Scale)] = &[("*", Words)];

/// Every section of a bundle.
pub(super) const SECTIONS: &[Section] = &[
    Section {
        name: "policy",
        pointer: "",
        key: Key::One,
        fields: &[
            ("id", Words),
            ("version", Words),
            ("risk_level_when_missing", MoreIsTighter),
            ("fallback_queue", Other),
            ("lease_duration_ms", Words),
            ("undo_window_ms", Words),
        ],
        told: &[],
        came: Lean::Unclear,
        gone: Lean::Unclear,
        order: Lean::Neutral,
    },
    Section {
        name: "fact",
        pointer: "/facts",
        key: Key::Fields(&["path"]),
        fields: &[("record", Words)],
        told: &["type", "source", "record"],
        came: Lean::Neutral,
        gone: Lean::Neutral,
        order: Lean::Neutral,
    },
    Section {
        name: "sampling",
        pointer: "/sampling",
        key: Key::One,
        fields: &[
            ("answer", MoreIsTighter),
            ("limited_answer", MoreIsTighter),
            ("refuse", MoreIsTighter),
            ("tolerated_error", MoreIsLooser),
            ("false_alarm", MoreIsTighter),
        ],
        told: &[],
        came: Lean::Tightens,
        gone: Lean::Loosens,
        order: Lean::Neutral,
    },
    Section {
        name: "confidence",
        pointer: "/confidence",
        key: Key::One,
        fields: &[("model_version", Words), ("fit", Words), ("base", MoreIsLooser)],
        told: &[],
        came: Lean::Unclear,
        gone: Lean::Unclear,
        order: Lean::Neutral,
    },
    Section {
        name: "signal",
        pointer: "/confidence/signals",
        key: Key::Fields(&["name"]),
        fields: &[
            ("label", Words),
            ("words", Words),
            ("missing", MoreIsLooser),
            ("unavailable", MoreIsLooser),
            ("required", MoreIsTighter),
        ],
        told: &["knots", "weights"],
        came: Lean::Unclear,
        gone: Lean::Unclear,
        order: Lean::Neutral,
    },
    Section {
        name: "tier",
        pointer: "/tiers",
        key: Key::Map,
        fields: &[
            ("answer", BoundOfAnswers),
            ("limited_answer", BoundOfAnswers),
            ("without_signals", MoreIsTighter),
            ("certified", Presence { tightens: true }),
            ("certified.tolerated_error", MoreIsLooser),
            ("certified.failure_probability", MoreIsLooser),
            ("certificate", Presence { tightens: false }),
            ("certificate.threshold", BoundOfAnswers),
            ("certificate.expires_at", Other),
        ],
        told: &[],
        came: Lean::Unclear,
        gone: Lean::Unclear,
        order: Lean::Neutral,
    },
    Section {
        name: "trigger",
        pointer: "/triggers",
        key: Key::Fields(&["id"]),
        fields: &[
            ("kind", KindOfTrigger),
            ("required", ListIsTighter),
            ("then", MoreIsTighter),
            ("final", MoreIsTighter),
            ("shadow", MoreIsLooser),
            ("template", Words),
            ("risk_level", MoreIsTighter),
            ("sla_ms_max", MoreIsLooser),
            ("authority_level_min", MoreIsTighter),
            ("why", Words),
        ],
        told: &["when", "then"],
        came: Lean::Tightens,
        gone: Lean::Loosens,
        order: Lean::Neutral,
    },
    Section {
        name: "suppress",
        pointer: "/suppressions",
        key: Key::Fields(&["id"]),
        fields: &[
            ("cancels", ListIsLooser),
            ("then", MoreIsTighter),
            ("template", Words),
            ("why", Words),
        ],
        told: &["when", "cancels", "then"],
        came: Lean::Loosens,
        gone: Lean::Tightens,
        order: Lean::Unclear,
    },
    Section {
        name: "rates",
        pointer: "/actions/rates",
        key: Key::One,
        fields: &[],
        told: &[],
        came: Lean::Unclear,
        gone: Lean::Unclear,
        order: Lean::Neutral,
    },
    Section {
        name: "authority",
        pointer: "/actions/ladder",
        key: Key::Fields(&["domain", "title"]),
        fields: &[("level", MoreIsTighter), ("limit", MoreIsLooser), ("quorum", MoreIsTighter)],
        told: &["level", "limit", "quorum"],
        came: Lean::Unclear,
        gone: Lean::Unclear,
        order: Lean::Unclear,
    },
    Section {
        name: "tool",
        pointer: "/actions/tools",
        key: Key::Fields(&["names"]),
        fields: TOOL,
        told: &["verdict", "tier", "authority", "quorum"],
        came: Lean::Unclear,
        gone: Lean::Unclear,
        order: Lean::Neutral,
    },
    Section {
        name: "unknown_tool",
        pointer: "/actions/unknown_tool",
        key: Key::One,
        fields: TOOL,
        told: &[],
        came: Lean::Unclear,
        gone: Lean::Unclear,
        order: Lean::Neutral,
    },
    Section {
        name: "impact",
        pointer: "/actions/rules",
        key: Key::Fields(&["id"]),
        fields: &[
            ("then", MoreIsTighter),
            ("tier", MoreIsTighter),
            ("authority", Presence { tightens: true }),
            ("authority.level", MoreIsTighter),
            ("quorum", MoreIsTighter),
            ("preview_required", MoreIsTighter),
            ("expires_ms", MoreIsLooser),
            ("why", Words),
        ],
        told: &["when", "then"],
        came: Lean::Tightens,
        gone: Lean::Loosens,
        order: Lean::Neutral,
    },
    Section {
        name: "impact_model",
        pointer: "/actions/impact_model",
        // It orders tools; no verdict reads it.
        key: Key::One,
        fields: TEXTS,
        told: &[],
        came: Lean::Neutral,
        gone: Lean::Neutral,
        order: Lean::Neutral,
    },
    Section {
        name: "calendar",
        pointer: "/calendars",
        key: Key::Fields(&["calendar"]),
        fields: &[],
        told: &["time_zone", "from", "until"],
        came: Lean::Neutral,
        gone: Lean::Neutral,
        order: Lean::Neutral,
    },
    Section {
        name: "queue",
        pointer: "/queues",
        key: Key::Fields(&["queue"]),
        fields: &[
            ("title", Words),
            ("sla", Sla),
            ("authority.level", MoreIsTighter),
            ("skills", ListIsTighter),
        ],
        told: &["sla", "authority"],
        came: Lean::Unclear,
        gone: Lean::Unclear,
        order: Lean::Unclear,
    },
    Section {
        name: "limited_answer",
        pointer: "/limited_answer",
        key: Key::One,
        fields: TEXTS,
        told: &[],
        came: Lean::Neutral,
        gone: Lean::Neutral,
        order: Lean::Neutral,
    },
    Section {
        name: "template",
        pointer: "/templates",
        key: Key::Map,
        fields: TEXTS,
        told: &["default"],
        came: Lean::Neutral,
        gone: Lean::Neutral,
        order: Lean::Neutral,
    },
    Section {
        name: "refusal",
        pointer: "/refusal",
        key: Key::One,
        fields: TEXTS,
        told: &[],
        came: Lean::Neutral,
        gone: Lean::Neutral,
        order: Lean::Neutral,
    },
];
