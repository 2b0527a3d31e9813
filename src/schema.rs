//! JSON Schemas of the values whose form on the wire is not that of a derived record.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::json::{INTEGER_MAX, Json};
use crate::limits::ID_LENGTH_MAX;
use crate::money::{Currency, Money};
use crate::request::Signal;
use crate::units::{Id, Score, TimestampMs};

macro_rules! schemas {
    ($($name:ident, $generator:ident => $schema:expr;)+) => {
        $(
            impl JsonSchema for $name {
                fn schema_name() -> Cow<'static, str> {
                    stringify!($name).into()
                }

                fn json_schema($generator: &mut SchemaGenerator) -> Schema {
                    $schema
                }
            }
        )+
    };
}

schemas! {
    Id, _generator => json_schema!({
        "type": "string",
        "minLength": 1,
        "maxLength": ID_LENGTH_MAX,
        "pattern": "^[!-~]+$",
        "description": "An opaque identifier: printable ASCII characters without spaces.",
    });
    TimestampMs, _generator => json_schema!({
        "type": "string",
        "format": "date-time",
        "description": "An instant in RFC 3339 from 1970 to 9999, read with any offset, written in UTC with milliseconds.",
    });
    Currency, _generator => json_schema!({
        "type": "string",
        "pattern": "^[A-Z]{3}$",
        "description": "A currency of ISO 4217 that has a number of decimals.",
    });
    Money, generator => json_schema!({
        "type": "object",
        "description": "An amount in whole minor units.",
        "properties": {
            "amount": { "type": "string", "description": "In major units, with the currency's decimals." },
            "amount_minor": { "type": "integer", "minimum": 0, "maximum": INTEGER_MAX },
            "currency": generator.subschema_for::<Currency>(),
        },
        "required": ["amount", "amount_minor", "currency"],
        "additionalProperties": false,
    });
    Score, _generator => json_schema!({
        "type": "number",
        "minimum": 0,
        "maximum": 1,
        "description": "A score in [0, 1].",
    });
    Signal, generator => json_schema!({
        "description": "One reading of one signal, or the word for why there is none.",
        "anyOf": [
            generator.subschema_for::<Score>(),
            { "type": "string", "enum": ["missing", "unavailable"] },
        ],
    });
    Json, generator => {
        let any = generator.subschema_for::<Json>();
        json_schema!({
            "description": "Any JSON value, nested at most 32 deep; a whole number has at most 2^53 − 1, or at least 10^21.",
            "anyOf": [
                { "type": ["null", "boolean", "string"] },
                { "type": "number", "minimum": -INTEGER_MAX, "maximum": INTEGER_MAX },
                { "type": "number", "minimum": 1e21 },
                { "type": "number", "maximum": -1e21 },
                { "type": "array", "items": any },
                { "type": "object", "additionalProperties": any },
            ],
        })
    };
}
