//! JSON values as bytes: what `src/wasm/pack.js` packs, read.

use crate::error::{ErrorCode, Fault};
use crate::json::Json;
use crate::limits::JSON_DEPTH_MAX;
use crate::map::of_distinct;

/// Elements of one array, or keys of one object.
pub(crate) const ELEMENTS_MAX: u32 = 100_000;

/// The value that was packed.
///
/// # Errors
/// The fault that was found while packing.
pub(crate) fn json(bytes: &[u8]) -> Result<Json, Fault> {
    let mut packed = Packed { rest: bytes };
    match packed.rest.split_first() {
        Some((8, rest)) => {
            packed.rest = rest;
            Err(packed.fault().unwrap_or_else(garbled))
        }
        _ => packed.value().ok_or_else(garbled),
    }
}

fn garbled() -> Fault {
    Fault::new(ErrorCode::Internal, "", "the value could not be handed over", "send it again")
}

/// What is left of the bytes while they are read.
struct Packed<'a> {
    rest: &'a [u8],
}

impl Packed<'_> {
    fn take<const COUNT: usize>(&mut self) -> Option<[u8; COUNT]> {
        let (taken, rest) = self.rest.split_first_chunk::<COUNT>()?;
        self.rest = rest;
        Some(*taken)
    }

    fn count(&mut self) -> Option<usize> {
        self.take().map(u32::from_le_bytes).and_then(|count| usize::try_from(count).ok())
    }

    fn text(&mut self) -> Option<String> {
        let length = self.count()?;
        let (text, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        String::from_utf8(text.to_vec()).ok()
    }

    /// The values that `pack.js` names at its top; deeper than it goes there are none.
    fn value(&mut self) -> Option<Json> {
        Some(match u8::from_le_bytes(self.take()?) {
            0 => Json::Null,
            1 => Json::Bool(false),
            2 => Json::Bool(true),
            3 => Json::Number(f64::from_le_bytes(self.take()?)),
            4 => Json::String(self.text()?),
            5 => {
                let mut values = Vec::new();
                for _ in 0..self.count()? {
                    values.push(self.value()?);
                }
                Json::Array(values)
            }
            6 => {
                let mut fields = Vec::new();
                for _ in 0..self.count()? {
                    fields.push((self.text()?, self.value()?));
                }
                Json::Object(of_distinct(fields))
            }
            7 => Json::Number(f64::from(i32::from_le_bytes(self.take()?))),
            _ => return None,
        })
    }

    fn fault(&mut self) -> Option<Fault> {
        let (detail, help) = match u8::from_le_bytes(self.take()?) {
            0 => ("a number must be finite", "leave out what was not measured"),
            1 => ("a whole number beyond 2^53-1", "send it as a string"),
            2 => (
                "the text has a lone surrogate",
                "send well-formed text: see String.prototype.toWellFormed",
            ),
            3 => {
                let detail = format!("nested deeper than {JSON_DEPTH_MAX} levels");
                return Some(self.exceeded(&detail, "send a flatter value"));
            }
            4 => ("a BigInt is not JSON", "send a number of at most 2^53-1, or a string"),
            5 => ("a function or symbol is not JSON", "take it out"),
            6 => ("a Date is not JSON", "send toISOString()"),
            7 => ("reading this property throws", "send plain data"),
            8 => {
                let detail = format!("more than {ELEMENTS_MAX} entries");
                return Some(self.exceeded(&detail, "send fewer entries"));
            }
            _ => return None,
        };
        Some(Fault::new(ErrorCode::InvalidField, self.text()?, detail, help))
    }

    fn exceeded(&mut self, detail: &str, help: &str) -> Fault {
        Fault::new(ErrorCode::LimitExceeded, self.text().unwrap_or_default(), detail, help)
    }
}
