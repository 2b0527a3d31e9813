//! JSON values that are admitted, their canonical form (RFC 8785) and its digest.
//!
//! Admission is stricter than JSON: no duplicate keys, no integer that a double cannot hold,
//! no number outside a double's range, bounded depth. What is admitted has exactly one
//! canonical form, so that a digest means the same in Rust, JavaScript and Python.

use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::limits::{JSON_DEPTH_MAX, STORED_DEPTH_MAX};
use crate::map::BTreeMap;

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

    /// An object of these fields; the last of two with one name stays.
    ///
    /// Collecting a map instead brings a sort into the module for every place that does it.
    #[must_use]
    pub fn object(fields: impl IntoIterator<Item = (String, Self)>) -> Self {
        let mut object = BTreeMap::new();
        for (key, value) in fields {
            object.insert(key, value);
        }
        Self::Object(object)
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
    let mut name = String::from("sha256:");
    for byte in sha256(parts) {
        write_hexadecimal(byte, &mut name);
    }
    name
}

/// SHA-256 over the parts, one after another.
#[inline(never)]
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

fn write_hexadecimal(byte: u8, out: &mut String) {
    for digit in [byte >> 4, byte & 15] {
        out.push(char::from(if digit < 10 { b'0' + digit } else { b'a' - 10 + digit }));
    }
}

/// A finite number as ECMAScript and RFC 8785 write it: the shortest digits that read back.
#[must_use]
pub fn format_number(value: f64) -> String {
    let mut out = String::new();
    write_number(value, &mut out);
    out
}

/// Appends [`format_number`].
pub(crate) fn write_number(value: f64, out: &mut String) {
    if !write_short(value, out) {
        out.push_str(&shortest_digits(value));
    }
}

/// Most numbers have few digits: whole ones, and those of at most six decimals, need no search.
///
/// A whole number below 10^15 divided by a power of ten is rounded as reading that decimal is, so
/// what divides back to the same number reads back to it, and the first that does is the shortest.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "only whole numbers below 10^15 are cast"
)]
fn write_short(value: f64, out: &mut String) -> bool {
    let magnitude = value.abs();
    let mut scale: u32 = 1;
    for decimals in 0..=6 {
        let scaled = magnitude * f64::from(scale) + 0.5;
        if scaled >= 1e15 {
            return false;
        }
        let whole = scaled as u64;
        if whole as f64 / f64::from(scale) == magnitude {
            if value < 0.0 {
                out.push('-');
            }
            write_digits(whole / u64::from(scale), 1, out);
            if decimals > 0 {
                out.push('.');
                write_digits(whole % u64::from(scale), decimals, out);
            }
            return true;
        }
        scale *= 10;
    }
    false
}

/// Appends a whole number, with zeros before it up to that many digits.
pub(crate) fn write_digits(mut number: u64, count_min: usize, out: &mut String) {
    let mut digits = [b'0'; 20];
    let mut count = 0;
    for digit in digits.iter_mut().rev() {
        if number == 0 && count >= count_min {
            break;
        }
        *digit += u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
        count += 1;
    }
    for digit in digits.iter().skip(20 - count) {
        out.push(char::from(*digit));
    }
}

/// In the module JavaScript's own digits are taken, which are these by definition.
#[cfg(all(feature = "wasm", target_arch = "wasm32"))]
use crate::wasm::shortest_digits;

#[cfg(not(all(feature = "wasm", target_arch = "wasm32")))]
fn shortest_digits(value: f64) -> String {
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
#[cfg(not(all(feature = "wasm", target_arch = "wasm32")))]
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
        Json::Number(value) => write_number(*value, out),
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
            // RFC 8785 orders keys by UTF-16 code units, the map by code points: that differs only
            // where one lies beyond the first plane, which takes four bytes.
            let is_far = |key: &String| key.bytes().any(|byte| byte >= 0xf0);
            out.push('{');
            if fields.keys().any(is_far) {
                let mut entries: Vec<(&String, &Json)> = fields.iter().collect();
                crate::map::sort(&mut entries, &|(left, _), (right, _)| {
                    left.encode_utf16().lt(right.encode_utf16())
                });
                write_entries(&mut entries.into_iter(), out);
            } else {
                write_entries(&mut fields.iter(), out);
            }
            out.push('}');
        }
    }
}

fn write_entries<'a>(entries: &mut dyn Iterator<Item = (&'a String, &'a Json)>, out: &mut String) {
    for (index, (key, value)) in entries.enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_string(key, out);
        out.push(':');
        write_canonical(value, out);
    }
}

/// A text in quotes, with no more escapes than JSON asks for.
pub(crate) fn write_string(value: &str, out: &mut String) {
    let is_special = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    out.push('"');
    let mut rest = value;
    while let Some(at) = rest.bytes().position(is_special) {
        let (plain, special) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(plain);
        let mut characters = special.chars();
        match characters.next() {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\u{8}') => out.push_str("\\b"),
            Some('\t') => out.push_str("\\t"),
            Some('\n') => out.push_str("\\n"),
            Some('\u{c}') => out.push_str("\\f"),
            Some('\r') => out.push_str("\\r"),
            Some(control) => {
                out.push_str("\\u00");
                write_hexadecimal(u8::try_from(control).unwrap_or_default(), out);
            }
            None => {}
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
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
