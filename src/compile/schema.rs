//! JSON Schemas of tools' arguments: checked when a policy is compiled, and held against arguments
//! by the host. An edge checks the types that a schema lists.

use std::collections::BTreeMap;

use jsonschema::Validator;

use crate::json::Json;
use crate::limits;
use crate::read::{Node, Read};
use crate::tool::{ArgumentRule, ArgumentType};

/// Bytes of one schema in canonical form.
const SCHEMA_BYTES_MAX: usize = 64_000;
/// Faults that are told of one action.
const FAULTS_MAX: usize = 8;

/// A schema that can be used: of a known dialect, whole in itself, about an object.
pub(super) fn read(node: Node<'_>) -> Read<Json> {
    let help = "write a JSON Schema of an object, whole in itself";
    let Json::Object(_) = node.json() else {
        return Err(node.invalid("a schema is a table", help));
    };
    if node.json().canonical().len() > SCHEMA_BYTES_MAX {
        let detail = format!("the schema has more than {SCHEMA_BYTES_MAX} bytes");
        return Err(node.fault(crate::error::ErrorCode::LimitExceeded, detail, "make it smaller"));
    }
    validator(node.json()).map_err(|detail| {
        node.invalid(format!("this is no schema: {}", crate::read::excerpt(&detail)), help)
    })?;
    Ok(node.json().clone())
}

/// The arguments that a schema lists, where it takes no others; what is of several types is of any.
pub(super) fn arguments(schema: &Json) -> Option<BTreeMap<String, ArgumentRule>> {
    let Json::Object(schema) = schema else { return None };
    if schema.get("additionalProperties") != Some(&Json::Bool(false)) {
        return None;
    }
    let Some(Json::Object(properties)) = schema.get("properties") else { return None };
    if properties.len() > limits::FACTS_MAX {
        return None;
    }
    let required = |name: &str| match schema.get("required") {
        Some(Json::Array(names)) => names.contains(&Json::String(name.to_owned())),
        _ => false,
    };
    let rule = |(name, property): (&String, &Json)| {
        let argument_type = match property {
            Json::Object(property) => type_of(property.get("type")),
            _ => ArgumentType::Any,
        };
        (name.clone(), ArgumentRule { argument_type, required: required(name) })
    };
    Some(properties.iter().map(rule).collect())
}

fn type_of(named: Option<&Json>) -> ArgumentType {
    let Some(Json::String(named)) = named else { return ArgumentType::Any };
    match named.as_str() {
        "string" => ArgumentType::String,
        "number" => ArgumentType::Number,
        "integer" => ArgumentType::Integer,
        "boolean" => ArgumentType::Bool,
        "array" => ArgumentType::List,
        "object" => ArgumentType::Object,
        _ => ArgumentType::Any,
    }
}

/// Where arguments are not what a schema asks for: pointers and what is wrong there. A schema that
/// cannot be used refuses everything.
#[must_use]
pub fn schema_faults(schema: &Json, arguments: &BTreeMap<String, Json>) -> Vec<(String, String)> {
    let validator = match validator(schema) {
        Ok(validator) => validator,
        Err(detail) => {
            return vec![(String::new(), format!("its schema cannot be used: {detail}"))];
        }
    };
    let Some(instance) = plain(&Json::Object(arguments.clone())) else {
        return vec![(String::new(), "the arguments cannot be held against a schema".to_owned())];
    };
    let faults = validator.iter_errors(&instance).take(FAULTS_MAX);
    faults
        .map(|fault| {
            let detail: String = fault.to_string().chars().take(limits::NAME_LENGTH_MAX).collect();
            (fault.instance_path().to_string(), detail)
        })
        .collect()
}

fn validator(schema: &Json) -> Result<Validator, String> {
    let schema = plain(schema).ok_or_else(|| "it is not JSON".to_owned())?;
    jsonschema::validator_for(&schema).map_err(|error| error.to_string())
}

fn plain(value: &Json) -> Option<serde_json::Value> {
    serde_json::from_str(&value.canonical()).ok()
}
