//! JSON values that are admitted, their canonical form (RFC 8785) and its digest.
//!
//! Admission is stricter than JSON: no duplicate keys, no integer that a double cannot hold,
//! no number outside a double's range, bounded depth. What is admitted has exactly one
//! canonical form, so that a digest means the same in Rust, JavaScript and Python.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::limits::{JSON_DEPTH_MAX, STORED_DEPTH_MAX};

/// Largest integer whose neighbours a double can tell apart: 2^53 − 1.
pub const INTEGER_MAX: i64 = 9_007_199_254_740_991;

/// A JSON value that was admitted.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(type = "unknown"))]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A finite double; never −0.
    Number(f64),
    /// A string of Unicode scalar values.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object; its keys are unique.
    Object(BTreeMap<String, Json>),
}

impl Json {
    /// What this value is, in the words of JSON, for messages.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }

    /// The canonical form of RFC 8785.
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut out = String::new();
        write_canonical(self, &mut out);
        out
    }

    /// SHA-256 over `domain`, a line feed and the canonical form, as `sha256:` + hex.
    ///
    /// The domain keeps digests of different kinds of things apart.
    #[must_use]
    pub fn digest(&self, domain: &str) -> String {
        sha256_name(&[domain.as_bytes(), b"\n", self.canonical().as_bytes()])
    }
}

/// Whether a number's canonical form can be read again: a whole number that is written with all its
/// digits has at most 2^53 − 1, whichever way it was sent. From 10^21 on an exponent is written.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "2^53 - 1 is exact")]
pub fn is_admitted(number: f64) -> bool {
    let magnitude = number.abs();
    number.is_finite() && (magnitude <= INTEGER_MAX as f64 || magnitude >= 1e21)
}

/// SHA-256 over the parts, one after the other, as `sha256:` + hex.
#[must_use]
pub fn sha256_name(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    let mut name = String::from("sha256:");
    for byte in hasher.finalize() {
        let _ = write!(name, "{byte:02x}");
    }
    name
}

/// A finite number as ECMAScript and RFC 8785 write it: the shortest digits that read back.
#[must_use]
pub fn format_number(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    // Rust gives the shortest digits too, but in another layout: `d.ddde±x`.
    let scientific = format!("{:e}", value.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let mut digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    // The decimal point stands after `point` digits.
    let point = exponent.parse::<i32>().unwrap_or(0) + 1;
    if let Some(even) = even_of_two(value, &digits, point - count) {
        digits = even.to_string();
    }
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    let split = |at: i32| digits.split_at(usize::try_from(at).unwrap_or(0).min(digits.len()));
    let sign = if value < 0.0 { "-" } else { "" };
    if (count..=21).contains(&point) {
        format!("{sign}{digits}{}", zeros(point - count))
    } else if (1..=21).contains(&point) {
        let (whole, fraction) = split(point);
        format!("{sign}{whole}.{fraction}")
    } else if (-5..=0).contains(&point) {
        format!("{sign}0.{}{digits}", zeros(-point))
    } else {
        let (first, rest) = split(1);
        let dot = if rest.is_empty() { "" } else { "." };
        let exponent_sign = if point > 0 { "+" } else { "-" };
        format!("{sign}{first}{dot}{rest}e{exponent_sign}{}", (point - 1).abs())
    }
}

/// The other digits where two are equally near and these are odd: ECMAScript takes the even ones,
/// Rust does not say which. `value` lies then exactly between the two, at `(2 × digits ± 1) × 10^power / 2`.
fn even_of_two(value: f64, digits: &str, power: i32) -> Option<u64> {
    let digits = digits.parse::<u64>().ok().filter(|digits| digits % 2 == 1)?;
    let bits = value.abs().to_bits();
    let (fraction, biased) = (bits & ((1 << 52) - 1), bits >> 52);
    let (mantissa, biased) = if biased == 0 { (fraction, 1) } else { (fraction | 1 << 52, biased) };
    let odd = mantissa.checked_shr(mantissa.trailing_zeros())?;
    let twos =
        i32::try_from(biased).ok()? - 1_075 + i32::try_from(mantissa.trailing_zeros()).ok()?;
    // Odd numbers times a power of two are equal only where both parts are.
    if twos + 1 != power {
        return None;
    }
    let fives = 5_u128.checked_pow(power.unsigned_abs())?;
    let is_between = |doubled: u64| {
        let (doubled, odd) = (u128::from(doubled), u128::from(odd));
        if power < 0 {
            odd.checked_mul(fives) == Some(doubled)
        } else {
            doubled.checked_mul(fives) == Some(odd)
        }
    };
    if is_between(2 * digits - 1) {
        // Below a power of two the doubles stand twice as close: the digits must still read back.
        (fraction != 0 || 2 * digits > 1 << 54).then_some(digits - 1)
    } else {
        is_between(2 * digits + 1).then_some(digits + 1)
    }
}

fn write_canonical(value: &Json, out: &mut String) {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Json::Number(value) => out.push_str(&format_number(*value)),
        Json::String(value) => write_string(value, out),
        Json::Array(values) => {
            out.push('[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_canonical(value, out);
            }
            out.push(']');
        }
        Json::Object(fields) => {
            // RFC 8785 orders keys by UTF-16 code units, the map by code points.
            let mut keys: Vec<&String> = fields.keys().collect();
            keys.sort_by(|left, right| left.encode_utf16().cmp(right.encode_utf16()));
            out.push('{');
            for (index, key) in keys.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_string(key, out);
                out.push(':');
                write_canonical(fields.get(key).unwrap_or(&Json::Null), out);
            }
            out.push('}');
        }
    }
}

fn write_string(value: &str, out: &mut String) {
    out.push('"');
    for character in value.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            control if control < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "only whole numbers of at most 2^53 are cast"
            )]
            Self::Number(value) => {
                // A whole number is written without a fraction, as JavaScript writes it.
                let whole = value.abs() <= 9_007_199_254_740_991.0 && value.fract() == 0.0;
                if whole {
                    serializer.serialize_i64(*value as i64)
                } else {
                    serializer.serialize_f64(*value)
                }
            }
            Self::String(value) => serializer.serialize_str(value),
            Self::Array(values) => {
                let mut sequence = serializer.serialize_seq(Some(values.len()))?;
                for value in values {
                    sequence.serialize_element(value)?;
                }
                sequence.end()
            }
            Self::Object(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (key, value) in fields {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Admission { depth_left: JSON_DEPTH_MAX }.deserialize(deserializer)
    }
}

/// A value that this code stored: what was admitted, within records of its own.
#[derive(Debug)]
pub struct StoredJson(pub Json);

impl<'de> Deserialize<'de> for StoredJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let depth_left = JSON_DEPTH_MAX + STORED_DEPTH_MAX;
        Admission { depth_left }.deserialize(deserializer).map(Self)
    }
}

/// Admits one value, so many levels deep.
#[derive(Clone, Copy)]
struct Admission {
    depth_left: usize,
}

impl Admission {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        let depth_left = self
            .depth_left
            .checked_sub(1)
            .ok_or_else(|| E::custom(format_args!("nested deeper than {JSON_DEPTH_MAX} levels")))?;
        Ok(Self { depth_left })
    }
}

impl<'de> DeserializeSeed<'de> for Admission {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Admission {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_none<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    #[expect(clippy::cast_precision_loss, reason = "the range is checked")]
    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Json, E> {
        if value.unsigned_abs() > INTEGER_MAX.unsigned_abs() {
            return Err(E::custom(format_args!(
                "the integer {value} is beyond 2^53-1: send it as a string"
            )));
        }
        Ok(Json::Number(value as f64))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Json, E> {
        match i64::try_from(value) {
            Ok(value) => self.visit_i64(value),
            Err(_) => Err(E::custom(format_args!(
                "the integer {value} is beyond 2^53-1: send it as a string"
            ))),
        }
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Json, E> {
        if !value.is_finite() {
            return Err(E::custom("a number must be finite"));
        }
        if !is_admitted(value) {
            return Err(E::custom(format_args!(
                "the whole number {value} is beyond 2^53-1: send it as a string"
            )));
        }
        // Adding zero turns -0 into 0: both have the same canonical form.
        Ok(Json::Number(value + 0.0))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Json, A::Error> {
        let inner = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Json::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let inner = self.deeper()?;
        let mut fields = BTreeMap::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(inner)?;
            if fields.contains_key(&key) {
                return Err(A::Error::custom(format_args!("the key `{key}` stands twice")));
            }
            fields.insert(key, value);
        }
        Ok(Json::Object(fields))
    }
}
