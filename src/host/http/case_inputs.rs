//! What may be sent to a case, in words of JSON Schema, as its commands are read.

use schemars::{Schema, SchemaGenerator};
use serde_json::{Value, json};

use super::inputs::{Object, counter, filled_text, integer, list, name, note, text};
use crate::case::{Decision, IncorrectReason, Outcome, ReviewVerdict, Work};
use crate::limits::{LEASE_DURATION_MS_MAX, MARKS_MAX, NOTE_LENGTH_MAX, TEXT_LENGTH_MAX};
use crate::units::{Id, TimestampMs};

/// The epoch of a holder's claim.
pub(super) fn epoch(generator: &mut SchemaGenerator) -> Schema {
    held(generator).closed()
}

fn held(generator: &mut SchemaGenerator) -> Object<'_> {
    let mut epoch = counter();
    if let Value::Object(fields) = &mut epoch {
        fields.insert("description".to_owned(), json!("The epoch of the holder's claim."));
    }
    Object::new(generator).required("epoch", epoch)
}

/// Work that is not decided yet.
pub(super) fn save(generator: &mut SchemaGenerator) -> Schema {
    let work = remarks(Object::new(generator).optional("text", text(TEXT_LENGTH_MAX)))
        .described_by::<Work>()
        .closed();
    held(generator).required("work", work.to_value()).closed()
}

/// Why a case is passed over.
pub(super) fn skip(generator: &mut SchemaGenerator) -> Schema {
    held(generator).required("reason", note()).closed()
}

fn id_of(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<Id>().to_value()
}

/// To whom a case is offered.
pub(super) fn assign(generator: &mut SchemaGenerator) -> Schema {
    let object = Object::new(generator).required_ref::<Id>("to");
    object.optional("note", note()).closed()
}

/// To which queue a case goes; the epoch where its holder moves it.
pub(super) fn transfer(generator: &mut SchemaGenerator) -> Schema {
    let object = Object::new(generator).required("queue", name());
    object.optional("epoch", counter()).optional("note", note()).closed()
}

/// To which colleague a holder gives a case.
pub(super) fn delegate(generator: &mut SchemaGenerator) -> Schema {
    held(generator).required_ref::<Id>("to").optional("note", note()).closed()
}

/// Why a higher authority is asked for.
pub(super) fn escalate(generator: &mut SchemaGenerator) -> Schema {
    let object = Object::new(generator).optional("queue", name());
    object.optional("epoch", counter()).required("note", note()).closed()
}

/// What the next one has to know.
pub(super) fn handover(generator: &mut SchemaGenerator) -> Schema {
    let to = id_of(generator);
    held(generator).optional("to", to).required("note", note()).closed()
}

/// What the customer is asked.
pub(super) fn question(generator: &mut SchemaGenerator) -> Schema {
    held(generator).required("question", note()).closed()
}

/// What the user wrote since.
pub(super) fn turn(generator: &mut SchemaGenerator) -> Schema {
    let object = Object::new(generator).required("content", filled_text(TEXT_LENGTH_MAX));
    object.optional_ref::<TimestampMs>("at").closed()
}

/// Until when a case is put off.
pub(super) fn defer(generator: &mut SchemaGenerator) -> Schema {
    held(generator).required_ref::<TimestampMs>("until").optional("reason", note()).closed()
}

/// How urgent a case is.
pub(super) fn priority(generator: &mut SchemaGenerator) -> Schema {
    let object = Object::new(generator).required("priority", integer(0, 3));
    object.optional("reason", note()).closed()
}

/// Another deadline.
pub(super) fn due(generator: &mut SchemaGenerator) -> Schema {
    let object = Object::new(generator).required_ref::<TimestampMs>("due_at");
    object.optional("reason", note()).closed()
}

/// The case that another is the same as.
pub(super) fn merge(generator: &mut SchemaGenerator) -> Schema {
    Object::new(generator).required_ref::<Id>("into").closed()
}

/// Why a case is taken back.
pub(super) fn withdraw(generator: &mut SchemaGenerator) -> Schema {
    Object::new(generator).optional("reason", note()).closed()
}

/// A decision; what verdict, outcome and answer may be together is said by the alternatives.
pub(super) fn decide(generator: &mut SchemaGenerator) -> Schema {
    let object = held(generator)
        .optional("revision", counter())
        .required_ref::<ReviewVerdict>("verdict")
        .required_ref::<Outcome>("outcome")
        .optional("answer", filled_text(TEXT_LENGTH_MAX))
        .optional("reason_code", name())
        .optional("policy_reason", text(NOTE_LENGTH_MAX))
        .optional("active_ms", integer(0, LEASE_DURATION_MS_MAX));
    let mut schema = remarks(object).described_by::<Decision>().closed();
    let form = |verdict: &str, outcomes: &[&str], answer: Value, required: &[&str]| {
        json!({
            "properties": {
                "verdict": { "enum": [verdict] },
                "outcome": { "enum": outcomes },
                "answer": answer,
            },
            "required": required,
        })
    };
    let (any, given) = (json!({}), json!({ "type": "string" }));
    let forms = [
        form("accepted", &["send"], any.clone(), &[]),
        form("edited", &["send", "limited"], given.clone(), &["answer"]),
        form("replaced", &["send", "limited", "refuse", "ask"], given, &["answer"]),
        form("rejected", &["limited", "refuse", "ask"], any, &[]),
        form("rejected", &["regenerate", "nothing"], json!({ "type": "null" }), &[]),
    ];
    schema.insert("oneOf".to_owned(), json!(forms));
    schema
}

fn remarks(object: Object<'_>) -> Object<'_> {
    object
        .optional("notes", text(NOTE_LENGTH_MAX))
        .optional("missing_evidence", list(MARKS_MAX, note()))
        .list_of("incorrect_evidence", MARKS_MAX, |generator| {
            let mark = Object::new(generator).required("document_id", name());
            mark.required_ref::<IncorrectReason>("reason").closed()
        })
        .optional("better_retrieval_query", text(NOTE_LENGTH_MAX))
}
