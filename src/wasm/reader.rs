//! The module that reads bundles: a bundle goes in, packed as `src/wasm/pack.js` does; its image comes
//! out, or why there is none.
//!
//! It is a module of its own, without imports, because reading bundles and explaining what is wrong
//! with them takes more code than deciding: an edge that loads images never fetches it.
#![expect(unsafe_code, reason = "an exported name is unsafe by its nature")]

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::Fault;
use crate::image::Checked;
use crate::json::{Json, write_string};
use crate::packed;

/// What lies in front of the caller: the bundle, and after `read` the answer.
static DESK: Mutex<Vec<u8>> = Mutex::new(Vec::new());

fn desk() -> MutexGuard<'static, Vec<u8>> {
    DESK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes room for a packed bundle, and says where it goes.
#[unsafe(no_mangle)]
pub extern "C" fn room(length: usize) -> *const u8 {
    let mut desk = desk();
    *desk = vec![0; length];
    desk.as_ptr()
}

/// Reads the bundle; gives the answer's length. Its first byte is 1 before an image, 0 before a fault in JSON.
#[unsafe(no_mangle)]
pub extern "C" fn read() -> usize {
    let mut desk = desk();
    *desk = match image(&desk) {
        Ok(mut image) => {
            image.insert(0, 1);
            image
        }
        Err(fault) => told(&fault),
    };
    desk.len()
}

/// Where the answer lies.
#[unsafe(no_mangle)]
pub extern "C" fn answer() -> *const u8 {
    desk().as_ptr()
}

fn image(packed: &[u8]) -> Result<Vec<u8>, Fault> {
    let bundle: Json = packed::json(packed)?;
    Checked::read(&bundle).map(|checked| checked.image())
}

fn told(fault: &Fault) -> Vec<u8> {
    let fields = [
        ("{\"code\":", fault.code.as_str()),
        (",\"path\":", &fault.path),
        (",\"detail\":", &fault.detail),
        (",\"help\":", &fault.help),
    ];
    let mut out = String::from("\0");
    for (name, text) in fields {
        out.push_str(name);
        write_string(text, &mut out);
    }
    out.push('}');
    out.into_bytes()
}
