//! Records and faults as JavaScript values.
//!
//! A record is written as JSON text, which JavaScript's own parser turns into objects faster than
//! they could be built property by property from here.

use js_sys::{Error, JSON, Reflect};
use serde::Serialize;
use wasm_bindgen::JsValue;

use super::text::Text;
use crate::error::Fault;
use crate::json::write_string;

/// The record as a plain object: maps are objects, what is absent is `null`.
pub(super) fn value(record: &impl Serialize) -> Result<JsValue, JsValue> {
    let mut out = String::with_capacity(4_096);
    write(record, &mut out)?;
    JSON::parse(&out)
}

/// An object of two records.
pub(super) fn pair(
    first_name: &str,
    first: &impl Serialize,
    second_name: &str,
    second: &impl Serialize,
) -> Result<JsValue, JsValue> {
    let mut out = String::with_capacity(8_192);
    out.push('{');
    write_string(first_name, &mut out);
    out.push(':');
    write(first, &mut out)?;
    out.push(',');
    write_string(second_name, &mut out);
    out.push(':');
    write(second, &mut out)?;
    out.push('}');
    JSON::parse(&out)
}

fn write(record: &impl Serialize, out: &mut String) -> Result<(), JsValue> {
    record.serialize(Text(out)).map_err(|_| JsValue::from_str("a record that is not JSON"))
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
