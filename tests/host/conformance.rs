//! Holds what the host answers against its document: status, problem code, and every field.

use std::sync::LazyLock;

use serde_json::Value;

static DOCUMENT: LazyLock<Value> = LazyLock::new(countersign::host::http::document);

/// An answer to a call at this address must be one that the document tells.
pub(crate) fn assert_told(method: &str, path: &str, status: u16, content_type: &str, body: &Value) {
    let path = path.split('?').next().unwrap_or(path);
    let Some(operation) = operation(method, path) else {
        assert!(
            !path.starts_with("/v1/") || matches!(status, 404 | 405),
            "{method} {path}: {status}"
        );
        return;
    };
    let at = format!("{method} {path} {status}");
    let response = resolve(&operation["responses"][status.to_string()]);
    assert!(response.is_object(), "{at}: not in the document: {body}");
    let media_type = content_type.split(';').next().unwrap_or(content_type);
    let content = &response["content"][media_type];
    if response["content"].is_object() {
        assert!(content.is_object(), "{at}: the document has no `{content_type}`");
        // Other media types are text, of which the document says no more.
        let told =
            if media_type.ends_with("json") { fits(&content["schema"], body, "") } else { Ok(()) };
        if let Err(fault) = told {
            panic!("{at}: {fault}: {body}");
        }
    }
}

fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let parts: Vec<&str> = path.split('/').collect();
    let mut found: Vec<(&String, &Value)> = DOCUMENT["paths"].as_object()?.iter().collect();
    // A fixed part goes before a name in braces.
    found.sort_by_key(|(template, _)| template.matches('{').count());
    let fits = |template: &str| {
        let wanted: Vec<&str> = template.split('/').collect();
        let pairs = wanted.iter().zip(&parts);
        wanted.len() == parts.len()
            && pairs.into_iter().all(|(wanted, part)| wanted.starts_with('{') || wanted == part)
    };
    let (_, operations) = found.into_iter().find(|(template, _)| fits(template))?;
    operations.get(method.to_lowercase())
}

fn resolve(schema: &'static Value) -> &'static Value {
    match schema["$ref"].as_str() {
        Some(reference) => DOCUMENT.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

/// The part of JSON Schema that the document uses for answers. A field that the schema does not
/// name is a fault here, so that nothing is sent that the document does not tell.
fn fits(schema: &'static Value, value: &Value, at: &str) -> Result<(), String> {
    let schema = resolve(schema);
    let Some(schema) = schema.as_object() else { return Ok(()) };
    for (keyword, told) in schema {
        let holds = match keyword.as_str() {
            "type" => types(told).any(|name| is_of(value, name)),
            "enum" => told.as_array().unwrap().contains(value),
            "const" => told == value,
            "minimum" => value.as_f64().is_none_or(|number| number >= told.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= told.as_f64().unwrap()),
            "minLength"
            | "maxLength"
            | "pattern"
            | "format"
            | "description"
            | "additionalProperties" => true,
            "required" => told.as_array().unwrap().iter().all(|name| {
                value.as_object().is_none_or(|fields| fields.contains_key(name.as_str().unwrap()))
            }),
            "items" => {
                for (index, element) in value.as_array().into_iter().flatten().enumerate() {
                    fits(told, element, &format!("{at}/{index}"))?;
                }
                true
            }
            "properties" => {
                for (name, value) in value.as_object().into_iter().flatten() {
                    match told.get(name) {
                        Some(field) => fits(field, value, &format!("{at}/{name}"))?,
                        // A map beside fields, and the second half of a problem's schema.
                        None if schema.contains_key("additionalProperties") => {}
                        None if !schema.contains_key("type") => {}
                        None => return Err(format!("`{at}/{name}` is not in the document")),
                    }
                }
                true
            }
            "allOf" => {
                for part in told.as_array().unwrap() {
                    fits(part, value, at)?;
                }
                true
            }
            "anyOf" | "oneOf" => {
                told.as_array().unwrap().iter().any(|part| fits(part, value, at).is_ok())
            }
            "prefixItems" | "minItems" | "maxItems" => true,
            other => panic!("the keyword `{other}` is not known to this test"),
        };
        if !holds {
            return Err(format!("`{at}` breaks `{keyword}`: {told}"));
        }
    }
    Ok(())
}

fn types(told: &Value) -> impl Iterator<Item = &str> {
    let many = told.as_array().into_iter().flatten();
    told.as_str().into_iter().chain(many.filter_map(Value::as_str))
}

fn is_of(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the type `{other}` is not known"),
    }
}
