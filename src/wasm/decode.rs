//! JavaScript values as admitted JSON, with the path to what is not.
//!
//! Every property is read exactly once, so that a getter or a proxy cannot show one value to the
//! check and another to the decision; one that throws is a fault, not a crash.

use std::collections::BTreeMap;

use js_sys::{Array, Date, JsString, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use crate::error::{ErrorCode, Fault};
use crate::json::{Json, is_admitted};
use crate::limits::JSON_DEPTH_MAX;

/// The value as JSON.
pub(super) fn json(value: &JsValue) -> Result<Json, Fault> {
    read(value, "", 0)
}

fn read(value: &JsValue, path: &str, depth: usize) -> Result<Json, Fault> {
    let invalid =
        |detail: &str, help: &str| Err(Fault::new(ErrorCode::InvalidField, path, detail, help));
    if value.is_null() || value.is_undefined() {
        return Ok(Json::Null);
    }
    if let Some(truth) = value.as_bool() {
        return Ok(Json::Bool(truth));
    }
    if let Some(number) = value.as_f64() {
        if !number.is_finite() {
            return invalid("a number must be finite", "leave out what was not measured");
        }
        if !is_admitted(number) {
            return invalid("a whole number beyond 2^53-1", "send it as a string");
        }
        // Adding zero turns -0 into 0: both have the same canonical form.
        return Ok(Json::Number(number + 0.0));
    }
    if let Some(text) = value.dyn_ref::<JsString>() {
        if !text.is_valid_utf16() {
            return invalid(
                "the text has a lone surrogate",
                "send well-formed text: see String.prototype.toWellFormed",
            );
        }
        return Ok(Json::String(String::from(text)));
    }
    if depth >= JSON_DEPTH_MAX {
        let detail = format!("nested deeper than {JSON_DEPTH_MAX} levels");
        return Err(Fault::new(ErrorCode::LimitExceeded, path, detail, "send a flatter value"));
    }
    if Array::is_array(value) {
        return array(value, path, depth);
    }
    if value.is_bigint() {
        return invalid("a BigInt is not JSON", "send a number of at most 2^53-1, or a string");
    }
    if value.is_function() || value.is_symbol() {
        return invalid("a function or symbol is not JSON", "take it out");
    }
    if value.is_instance_of::<Date>() {
        return invalid("a Date is not JSON", "send toISOString()");
    }
    object(value, path, depth)
}

fn array(value: &JsValue, path: &str, depth: usize) -> Result<Json, Fault> {
    let length = get(value, &JsValue::from_str("length"), path)?.as_f64().unwrap_or(0.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a length is a whole number"
    )]
    let length = length as u32;
    if length > ELEMENTS_MAX {
        return Err(too_many(path));
    }
    let element = |index: u32| {
        let path = format!("{path}/{index}");
        read(&get(value, &JsValue::from_f64(f64::from(index)), &path)?, &path, depth + 1)
    };
    (0..length).map(element).collect::<Result<Vec<_>, _>>().map(Json::Array)
}

fn object(value: &JsValue, path: &str, depth: usize) -> Result<Json, Fault> {
    let keys = Reflect::own_keys(value).map_err(|_| unreadable(path))?;
    if keys.length() > ELEMENTS_MAX {
        return Err(too_many(path));
    }
    let mut fields = BTreeMap::new();
    for key in keys.iter() {
        // Symbols are no JSON keys; JSON.stringify passes them over too.
        let Some(name) = key.as_string() else {
            continue;
        };
        let path = format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
        let property = get(value, &key, &path)?;
        if !property.is_undefined() {
            fields.insert(name, read(&property, &path, depth + 1)?);
        }
    }
    Ok(Json::Object(fields))
}

/// Elements of one array, or keys of one object.
const ELEMENTS_MAX: u32 = 100_000;

fn get(value: &JsValue, key: &JsValue, path: &str) -> Result<JsValue, Fault> {
    Reflect::get(value, key).map_err(|_| unreadable(path))
}

fn unreadable(path: &str) -> Fault {
    Fault::new(ErrorCode::InvalidField, path, "reading this property throws", "send plain data")
}

fn too_many(path: &str) -> Fault {
    let detail = format!("more than {ELEMENTS_MAX} entries");
    Fault::new(ErrorCode::LimitExceeded, path, detail, "send fewer entries")
}
