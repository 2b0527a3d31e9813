//! What the reader's module does: a bundle in, its image out.

use wasm_bindgen::prelude::JsValue;
#[cfg(feature = "reader")]
use wasm_bindgen::prelude::wasm_bindgen;

use super::{decode, encode};
use crate::policy::Policy;

/// Reads and checks a bundle, and makes the image that an engine loads.
///
/// # Errors
/// Throws with code `policy_rejected` and the path to the first fault.
#[cfg_attr(feature = "reader", wasm_bindgen)]
pub fn image(bundle: &JsValue) -> Result<Vec<u8>, JsValue> {
    let load = || Policy::load(&decode::json(bundle)?);
    load().map(|policy| policy.image()).map_err(|fault| encode::error(&fault))
}
