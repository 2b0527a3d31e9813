//! What may be sent, in words of JSON Schema, as the readers take it: each function here has the
//! vocabulary of `read`, and the contract tests hold the two together.

#![expect(clippy::needless_pass_by_value, reason = "schemas are put together from schemas")]

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::endpoint::Describe;
use crate::gate::Context;
use crate::host::store::events::names;
use crate::host::webhook::address::URL_LENGTH_MAX;
use crate::json::INTEGER_MAX;
use crate::limits::{
    ATTACHMENTS_MAX, DECISION_RECORDS_MAX, DROPPED_GROUPS_MAX, EVIDENCE_MAX, FACTS_MAX,
    LIST_LENGTH_MAX, MESSAGES_MAX, NAME_LENGTH_MAX, NOTE_LENGTH_MAX, POLICY_BYTES_MAX,
    POLICY_FACTS_MAX, PROPOSED_ACTIONS_MAX, TEXT_LENGTH_MAX, TOOL_RESULTS_MAX, TRIGGERS_MAX,
};
use crate::metrics::{DroppedGroup, Observation, ObservationKind, Thumb};
use crate::proposal::Proposal;
use crate::request::{Intent, Request, RiskLevel, Role, Signal, ToolStatus};
use crate::units::{Id, Score, TimestampMs};
use crate::verdict::{DecisionRecord, Disposition};

/// At least one character that is not white space, as Rust and Unicode have it.
const FILLED: &str = r"[^\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]";

/// An object, field by field.
pub(super) struct Object<'a> {
    generator: &'a mut SchemaGenerator,
    properties: Map<String, Value>,
    required: Vec<&'static str>,
}

impl<'a> Object<'a> {
    pub(super) fn new(generator: &'a mut SchemaGenerator) -> Self {
        Self { generator, properties: Map::new(), required: Vec::new() }
    }

    pub(super) fn required(mut self, name: &'static str, schema: Value) -> Self {
        self.required.push(name);
        self.properties.insert(name.to_owned(), schema);
        self
    }

    /// A field that may be absent or `null`.
    pub(super) fn optional(mut self, name: &'static str, schema: Value) -> Self {
        self.properties.insert(name.to_owned(), nullable(schema));
        self
    }

    pub(super) fn required_ref<T: JsonSchema>(self, name: &'static str) -> Self {
        let schema = self.generator.subschema_for::<T>().to_value();
        self.required(name, schema)
    }

    pub(super) fn optional_ref<T: JsonSchema>(self, name: &'static str) -> Self {
        let schema = self.generator.subschema_for::<T>().to_value();
        self.optional(name, schema)
    }

    pub(super) fn list_of(self, name: &'static str, length_max: usize, element: Describe) -> Self {
        let element = element(self.generator).to_value();
        self.optional(name, list(length_max, element))
    }

    pub(super) fn optional_object(self, name: &'static str, object: Describe) -> Self {
        let schema = object(self.generator).to_value();
        self.optional(name, schema)
    }

    /// Takes over what the record's own fields say of themselves.
    pub(super) fn described_by<T: JsonSchema>(mut self) -> Self {
        let record = T::json_schema(self.generator);
        for (name, schema) in &mut self.properties {
            let told =
                record.get("properties").and_then(|fields| fields.get(name)?.get("description"));
            if let (Some(told), Value::Object(schema)) = (told, schema) {
                schema.insert("description".to_owned(), told.clone());
            }
        }
        self
    }

    /// Unknown fields are refused.
    pub(super) fn closed(self) -> Schema {
        self.end(json!(false))
    }

    /// Unknown fields are kept out of the decision, and not refused: the sender may be newer.
    fn open(self) -> Schema {
        let any = any(self.generator);
        self.end(any)
    }

    fn end(self, additional: Value) -> Schema {
        let Self { properties, required, .. } = self;
        let mut schema = json_schema!({
            "type": "object",
            "properties": properties,
            "additionalProperties": additional,
        });
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        schema
    }
}

fn nullable(schema: Value) -> Value {
    match schema {
        Value::Object(mut fields)
            if fields.get("type").is_some_and(Value::is_string) && !fields.contains_key("enum") =>
        {
            if let Some(one) = fields.remove("type") {
                fields.insert("type".to_owned(), json!([one, "null"]));
            }
            Value::Object(fields)
        }
        other => json!({ "anyOf": [other, { "type": "null" }] }),
    }
}

pub(super) fn text(length_max: usize) -> Value {
    json!({ "type": "string", "maxLength": length_max })
}

pub(super) fn filled_text(length_max: usize) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": length_max, "pattern": FILLED })
}

pub(super) fn integer(min: i64, max: i64) -> Value {
    json!({ "type": "integer", "minimum": min, "maximum": max })
}

pub(super) fn list(length_max: usize, element: Value) -> Value {
    json!({ "type": "array", "maxItems": length_max, "items": element })
}

fn map(length_max: usize, value: Value) -> Value {
    json!({ "type": "object", "maxProperties": length_max, "additionalProperties": value })
}

fn any(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<crate::json::Json>().to_value()
}

fn language() -> Value {
    json!({
        "type": "string",
        "minLength": 1,
        "maxLength": 35,
        "pattern": "^[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8})*$",
    })
}

pub(super) fn name() -> Value {
    filled_text(NAME_LENGTH_MAX)
}

pub(super) fn note() -> Value {
    filled_text(NOTE_LENGTH_MAX)
}

pub(super) fn counter() -> Value {
    integer(0, INTEGER_MAX)
}

/// A short text, as a parameter of a query.
pub(super) fn name_parameter(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "minLength": 1, "maxLength": NAME_LENGTH_MAX, "pattern": FILLED })
}

/// A page's length.
pub(super) fn page_length(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer", "minimum": 1, "maximum": 500, "default": 100 })
}

/// How many corrections are asked for.
pub(super) fn corrections_length(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer", "minimum": 1, "maximum": 1000, "default": 200 })
}

/// Where a page ended: keys of the order, case and tenant.
pub(super) fn cursor(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "minLength": 1 })
}

/// Where a reader of events stands.
pub(super) fn position(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "minLength": 1, "pattern": "^[A-Za-z0-9_-]+$" })
}

/// `{}`, or no body.
pub(super) fn nothing(generator: &mut SchemaGenerator) -> Schema {
    Object::new(generator).closed()
}

/// The secret of a sign-in link.
pub(super) fn sign_in(generator: &mut SchemaGenerator) -> Schema {
    Object::new(generator).required("token", name()).closed()
}

/// When somebody is away, and who stands in for them.
pub(super) fn absence(generator: &mut SchemaGenerator) -> Schema {
    Object::new(generator)
        .optional_ref::<TimestampMs>("from")
        .required_ref::<TimestampMs>("until")
        .optional_ref::<Id>("delegate")
        .closed()
}

/// A policy's text.
pub(super) fn policy_text(generator: &mut SchemaGenerator) -> Schema {
    Object::new(generator).required("source", text(POLICY_BYTES_MAX)).closed()
}

/// A policy that is to be put into force: for every tenant, or a tenant's overlay; a tenant without a
/// text goes back to the base.
pub(super) fn policy_release(generator: &mut SchemaGenerator) -> Schema {
    Object::new(generator)
        .optional("tenant_id", name())
        .optional("source", text(POLICY_BYTES_MAX))
        .optional("reason", filled_text(NOTE_LENGTH_MAX))
        .closed()
}

/// The changes that whoever confirms a release has looked at.
pub(super) fn release_approval(generator: &mut SchemaGenerator) -> Schema {
    Object::new(generator).required("changes_hash", name()).closed()
}

/// A request that needs a person.
pub(super) fn escalation(generator: &mut SchemaGenerator) -> Schema {
    let facts = map(FACTS_MAX, any(generator));
    let signal = nullable(generator.subschema_for::<Signal>().to_value());
    Object::new(generator)
        .optional("version", integer(1, i64::from(u32::MAX)))
        .optional_ref::<Id>("case_id")
        .optional_ref::<Id>("request_id")
        .optional_ref::<Id>("tenant_id")
        .optional_ref::<Id>("conversation_id")
        .required("user_question", filled_text(TEXT_LENGTH_MAX))
        .optional("model_draft", text(TEXT_LENGTH_MAX))
        .list_of("messages", MESSAGES_MAX, message)
        .list_of("evidence", EVIDENCE_MAX, evidence)
        .list_of("tool_results", TOOL_RESULTS_MAX, tool_result)
        .optional("domain", name())
        .optional_ref::<Intent>("intent")
        .optional("language", language())
        .optional_ref::<RiskLevel>("risk_level")
        .optional("asks_for_person", json!({ "type": "boolean" }))
        .optional("signals", map(FACTS_MAX, signal))
        .optional_ref::<Score>("judge_score")
        .optional("feedback_rating", integer(1, 5))
        .list_of("proposed_actions", PROPOSED_ACTIONS_MAX, action)
        .optional("facts", facts)
        .optional_object("release", release)
        .optional("trace_url", text(NOTE_LENGTH_MAX))
        .optional("reason_for_escalation", note())
        .optional_ref::<TimestampMs>("sla_deadline")
        .list_of("attachments", ATTACHMENTS_MAX, attachment)
        .optional("dedupe_key", name())
        .optional_object("claimed", claimed)
        .described_by::<Request>()
        .open()
}

fn message(generator: &mut SchemaGenerator) -> Schema {
    let object = Object::new(generator).required_ref::<Role>("role");
    object.required("content", text(TEXT_LENGTH_MAX)).optional_ref::<TimestampMs>("at").open()
}

fn evidence(generator: &mut SchemaGenerator) -> Schema {
    Object::new(generator)
        .required("document_id", name())
        .optional("title", name())
        .optional("url", text(NOTE_LENGTH_MAX))
        .required("quote", text(TEXT_LENGTH_MAX))
        .optional_ref::<Score>("score")
        .open()
}

fn tool_result(generator: &mut SchemaGenerator) -> Schema {
    Object::new(generator)
        .required("tool", name())
        .required_ref::<ToolStatus>("status")
        .optional("summary", text(TEXT_LENGTH_MAX))
        .open()
}

/// What a caller wants done, or one action in its flat form.
pub(super) fn proposed(generator: &mut SchemaGenerator) -> Schema {
    let one = action(generator).to_value();
    let flat = one.pointer("/anyOf/1").cloned().unwrap_or_default();
    let whole = Object::new(generator)
        .optional("version", integer(1, 1))
        .optional_ref::<Id>("proposal_id")
        .optional_ref::<Id>("case_id")
        .optional_ref::<Id>("request_id")
        .optional_ref::<Id>("conversation_id")
        .optional("summary", text(NOTE_LENGTH_MAX))
        .optional_object("context", context)
        .required("actions", actions(one))
        .described_by::<Proposal>()
        .closed();
    json_schema!({ "anyOf": [whole, flat] })
}

fn actions(one: Value) -> Value {
    json!({ "type": "array", "minItems": 1, "maxItems": PROPOSED_ACTIONS_MAX, "items": one })
}

fn context(generator: &mut SchemaGenerator) -> Schema {
    let any = any(generator);
    Object::new(generator)
        .optional_ref::<Id>("tenant_id")
        .optional("domain", name())
        .optional_ref::<Intent>("intent")
        .optional("language", language())
        .optional_ref::<RiskLevel>("risk_level")
        .optional("asks_for_person", json!({ "type": "boolean" }))
        .optional("facts", map(FACTS_MAX, any))
        .described_by::<Context>()
        .open()
}

/// What exactly is approved.
pub(super) fn approval(generator: &mut SchemaGenerator) -> Schema {
    let object = Object::new(generator).required("binding_digest", name());
    object.optional("note", note()).closed()
}

/// Why something is not done, or no longer.
pub(super) fn reason(generator: &mut SchemaGenerator) -> Schema {
    Object::new(generator).required("reason", note()).closed()
}

/// What the agent is told.
pub(super) fn response(generator: &mut SchemaGenerator) -> Schema {
    Object::new(generator).required("message", note()).closed()
}

/// The actions from here on.
pub(super) fn edit(generator: &mut SchemaGenerator) -> Schema {
    let one = action(generator).to_value();
    let object = Object::new(generator).required("revision", counter());
    object.required("actions", actions(one)).closed()
}

/// What somebody found out of an execution.
pub(super) fn reconciliation(generator: &mut SchemaGenerator) -> Schema {
    let object = Object::new(generator).required("happened", json!({ "type": "boolean" }));
    object.required("note", note()).closed()
}

/// `{tool, arguments}`, or flat: `{proposed_action, …}`, whose other fields are the arguments.
fn action(generator: &mut SchemaGenerator) -> Schema {
    let any = any(generator);
    let tool_info = nullable(tool_info(generator).to_value());
    json_schema!({
        "anyOf": [
            {
                "type": "object",
                "properties": {
                    "tool": name(),
                    "arguments": nullable(map(FACTS_MAX, any.clone())),
                    "tool_info": tool_info,
                },
                "required": ["tool"],
                "not": { "required": ["proposed_action"] },
                "additionalProperties": any,
            },
            {
                "type": "object",
                "properties": { "proposed_action": name() },
                "required": ["proposed_action"],
                "maxProperties": FACTS_MAX,
                "additionalProperties": any,
            },
        ],
    })
}

/// What the caller says about a tool: described here, or as its own server lists it.
fn tool_info(generator: &mut SchemaGenerator) -> Schema {
    let (any, hints) = (any(generator), tool_hints(generator).to_value());
    Object::new(generator)
        .optional("description", text(TEXT_LENGTH_MAX))
        .list_of("arguments", LIST_LENGTH_MAX, argument_info)
        .optional("inputSchema", any)
        .optional("hints", hints.clone())
        .optional("annotations", hints)
        .open()
}

fn argument_info(generator: &mut SchemaGenerator) -> Schema {
    let object = Object::new(generator).required("name", text(NAME_LENGTH_MAX));
    object.optional("type", text(NAME_LENGTH_MAX)).open()
}

fn tool_hints(generator: &mut SchemaGenerator) -> Schema {
    let words = [
        "read_only",
        "readOnlyHint",
        "destructive",
        "destructiveHint",
        "idempotent",
        "idempotentHint",
        "open_world",
        "openWorldHint",
    ];
    let truth = json!({ "type": "boolean" });
    let object = Object::new(generator);
    words.iter().fold(object, |object, word| object.optional(word, truth.clone())).open()
}

fn release(generator: &mut SchemaGenerator) -> Schema {
    let object = Object::new(generator).optional("model", name());
    object.optional("prompt", name()).optional("index", name()).open()
}

fn attachment(generator: &mut SchemaGenerator) -> Schema {
    let object = Object::new(generator).required("name", name());
    object.optional("url", text(NOTE_LENGTH_MAX)).optional("media_type", name()).open()
}

fn claimed(generator: &mut SchemaGenerator) -> Schema {
    Object::new(generator)
        .required_ref::<Disposition>("disposition")
        .required("policy_hash", name())
        .required("digest", name())
        .required_ref::<TimestampMs>("evaluated_at")
        .closed()
}

/// Decision records of one run of one edge, in order.
pub(super) fn decision_batch(generator: &mut SchemaGenerator) -> Schema {
    let record = decision_record(generator).to_value();
    Object::new(generator)
        .required("version", integer(1, 1))
        .required_ref::<Id>("edge")
        .required_ref::<Id>("boot")
        .required("sequence", counter())
        .list_of("dropped", DROPPED_GROUPS_MAX, dropped_group)
        .required("records", list(DECISION_RECORDS_MAX, record))
        .closed()
}

/// Decisions right before the batch's first record of which only a count is left.
fn dropped_group(generator: &mut SchemaGenerator) -> Schema {
    Object::new(generator)
        .required_ref::<TimestampMs>("hour")
        .required_ref::<Disposition>("disposition")
        .optional("domain", name())
        .optional_object("release", release)
        .required("count", integer(1, INTEGER_MAX))
        .described_by::<DroppedGroup>()
        .closed()
}

fn decision_record(generator: &mut SchemaGenerator) -> Schema {
    let numbers = [
        json!({ "type": "number", "minimum": -INTEGER_MAX, "maximum": INTEGER_MAX }),
        json!({ "type": "number", "minimum": 1e21 }),
        json!({ "type": "number", "maximum": -1e21 }),
    ];
    let [exact, large, small] = &numbers;
    let element = json!({ "anyOf": [text(NAME_LENGTH_MAX), exact, large, small] });
    let fact = json!({
        "anyOf": [
            { "type": ["null", "boolean", "string"] },
            exact,
            large,
            small,
            list(LIST_LENGTH_MAX, element),
        ],
    });
    let signal = nullable(generator.subschema_for::<Signal>().to_value());
    Object::new(generator)
        .optional_ref::<Id>("request_id")
        .required_ref::<TimestampMs>("evaluated_at")
        .required_ref::<Disposition>("disposition")
        .required_ref::<RiskLevel>("risk_level")
        .required_ref::<Score>("probability")
        .optional("trigger_ids", list(TRIGGERS_MAX, name()))
        .optional("shadow_trigger_ids", list(TRIGGERS_MAX, name()))
        .optional("queue", name())
        .required("policy_hash", name())
        .required("digest", name())
        .optional("facts", map(POLICY_FACTS_MAX, fact))
        .optional("signals", map(POLICY_FACTS_MAX, signal))
        .described_by::<DecisionRecord>()
        .open()
}

/// Something observed of an answer after it was given.
pub(super) fn observation(generator: &mut SchemaGenerator) -> Schema {
    Object::new(generator)
        .required("version", integer(1, 1))
        .required_ref::<ObservationKind>("kind")
        .optional("rating", integer(1, 5))
        .optional_ref::<Thumb>("thumb")
        .optional_ref::<Score>("judge_score")
        .optional("rated_by", name())
        .optional("is_staff", json!({ "type": "boolean" }))
        .optional_ref::<TimestampMs>("observed_at")
        .optional_ref::<TimestampMs>("delivered_at")
        .described_by::<Observation>()
        .closed()
}

/// An address that is called, and what for.
pub(super) fn webhook(generator: &mut SchemaGenerator) -> Schema {
    let url = json!({
        "type": "string",
        "format": "uri",
        "pattern": "^https://",
        "maxLength": URL_LENGTH_MAX,
        "description": "An `https://` address with a public host name.",
    });
    let event = json!({ "type": "string", "enum": names() });
    Object::new(generator)
        .required("url", url)
        .optional("events", list(names().len(), event))
        .closed()
}

/// What is tried again: one event, or everything.
pub(super) fn replay(generator: &mut SchemaGenerator) -> Schema {
    Object::new(generator).optional_ref::<Id>("event_id").closed()
}
