//! JavaScript values as admitted JSON, with the path to what is not.
//!
//! `pack.js` walks the value and writes it into bytes, which become [`Json`]. So the border is
//! crossed once for a value, and not once for each of its properties.

use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

use crate::error::Fault;
use crate::json::Json;
use crate::limits::JSON_DEPTH_MAX;
use crate::packed::{self, ELEMENTS_MAX};

#[wasm_bindgen(module = "/src/wasm/pack.js")]
extern "C" {
    /// Throws only where the stack or the memory is at its end, which then is a trap.
    fn pack(value: &JsValue, depth_max: usize, elements_max: u32) -> Vec<u8>;

    /// The shortest digits that read back, as JavaScript writes them: Rust's own would add 20 kB.
    #[wasm_bindgen(js_name = shortest)]
    pub(crate) fn shortest_digits(value: f64) -> String;
}

/// The value as JSON.
///
/// # Errors
/// A fault where the value is not plain data.
pub(super) fn json(value: &JsValue) -> Result<Json, Fault> {
    packed::json(&pack(value, JSON_DEPTH_MAX, ELEMENTS_MAX))
}
