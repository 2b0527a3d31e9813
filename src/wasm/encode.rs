//! Records and faults as JavaScript values.

use js_sys::{Error, Object, Reflect};
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::JsValue;

use crate::error::Fault;

/// The record as a plain object: maps are objects, what is absent is `null`.
pub(super) fn value(record: &impl Serialize) -> Result<JsValue, JsValue> {
    Ok(record.serialize(&Serializer::json_compatible())?)
}

/// An object of two records.
pub(super) fn pair(
    first_name: &str,
    first: &impl Serialize,
    second_name: &str,
    second: &impl Serialize,
) -> Result<JsValue, JsValue> {
    let object = Object::new();
    Reflect::set(&object, &JsValue::from_str(first_name), &value(first)?)?;
    Reflect::set(&object, &JsValue::from_str(second_name), &value(second)?)?;
    Ok(object.into())
}

/// An `Error` with `code`, `path`, `detail` and `help`.
pub(super) fn error(fault: &Fault) -> JsValue {
    let error = Error::new(&fault.detail);
    let fields = [
        ("code", fault.code.as_str()),
        ("path", &fault.path),
        ("detail", &fault.detail),
        ("help", &fault.help),
    ];
    for (name, text) in fields {
        // Setting a property of a fresh error cannot fail.
        let _ = Reflect::set(&error, &JsValue::from_str(name), &JsValue::from_str(text));
    }
    error.into()
}
