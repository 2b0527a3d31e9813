//! TOML as admitted values, with the place of each in the text.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::compile::diagnostic::Diagnostic;
use crate::error::{ErrorCode, Fault};
use crate::json::{INTEGER_MAX, Json, is_admitted};
use crate::limits::JSON_DEPTH_MAX;

/// A text that is TOML.
pub(super) struct Document<'a> {
    file: &'a str,
    text: &'a str,
    json: Json,
    /// Where each value starts, by JSON Pointer.
    places: BTreeMap<String, usize>,
    /// Where the quotation mark of each text is.
    texts: BTreeMap<String, usize>,
}

/// Reads the text.
pub(super) fn parse<'a>(text: &'a str, file: &'a str) -> Result<Document<'a>, Vec<Diagnostic>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let diagnostic = |error: &toml::de::Error| {
            let byte = error.span().map_or(0, |span| span.start);
            let (detail, help) = match error.message() {
                deep if deep.contains("recursion") => {
                    ("nested too deep", "write it flatter: nothing in a policy is so deep")
                }
                other => (other, "write it as TOML; see https://toml.io"),
            };
            let fault = Fault::new(ErrorCode::PolicyRejected, "", detail, help);
            Diagnostic::at(file, text, byte, fault)
        };
        return Err(errors.iter().map(diagnostic).collect());
    }
    let mut walk = Walk { places: BTreeMap::from([(String::new(), 0)]), texts: BTreeMap::new() };
    let json = walk.table(table.get_ref(), "", 0);
    let located = |(byte, fault)| vec![Diagnostic::at(file, text, byte, fault)];
    let json = json.map_err(located)?;
    Ok(Document { file, text, json, places: walk.places, texts: walk.texts })
}

impl Document<'_> {
    pub(super) const fn json(&self) -> &Json {
        &self.json
    }

    /// The diagnostic of a fault: at the value, or at the nearest thing around it that is there.
    pub(super) fn locate(&self, mut fault: Fault) -> Diagnostic {
        if let Some((path, at)) = fault.path.rsplit_once(WITHIN)
            && let Ok(at) = at.parse()
        {
            let byte = self.texts.get(path).map(|start| self.byte_within(*start, at));
            fault.path = path.to_owned();
            if let Some(byte) = byte {
                return Diagnostic::at(self.file, self.text, byte, fault);
            }
        }
        let mut pointer = fault.path.as_str();
        let byte = loop {
            if let Some(byte) = self.places.get(pointer) {
                break *byte;
            }
            pointer = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
        };
        Diagnostic::at(self.file, self.text, byte, fault)
    }

    /// The line of each value, from 1, by JSON Pointer.
    pub(super) fn lines(&self) -> BTreeMap<String, usize> {
        let line = |byte: usize| self.text.get(..byte).unwrap_or("").matches('\n').count() + 1;
        self.places.iter().map(|(pointer, byte)| (pointer.clone(), line(*byte))).collect()
    }

    /// The byte of the document that holds a byte of the text whose quotation mark is at `start`.
    fn byte_within(&self, start: usize, at: usize) -> usize {
        let raw = self.text.get(start..).unwrap_or("");
        let quotes = ["\"\"\"", "'''", "\"", "'"];
        let quote = quotes.into_iter().find(|quote| raw.starts_with(quote)).unwrap_or("");
        let escapes = quote.starts_with('"');
        let mut rest = raw.get(quote.len()..).unwrap_or("");
        if quote.len() == 3 {
            // The line break right after the quotation marks is not part of the text.
            rest = rest.strip_prefix('\r').unwrap_or(rest);
            rest = rest.strip_prefix('\n').unwrap_or(rest);
        }
        let mut passed = 0;
        while passed < at {
            let (taken, length) = if escapes { piece(rest) } else { plain(rest) };
            if taken == 0 {
                break;
            }
            passed += length;
            rest = rest.get(taken..).unwrap_or("");
        }
        start + raw.len() - rest.len()
    }
}

/// The bytes of the next character, as written and as meant; a line break is one byte.
fn plain(rest: &str) -> (usize, usize) {
    if rest.starts_with("\r\n") {
        return (2, 1);
    }
    let length = rest.chars().next().map_or(0, char::len_utf8);
    (length, length)
}

/// As [`plain`], where a backslash escapes.
fn piece(rest: &str) -> (usize, usize) {
    let Some(escaped) = rest.strip_prefix('\\') else {
        return plain(rest);
    };
    let digits = match escaped.chars().next() {
        Some('x') => 2,
        Some('u') => 4,
        Some('U') => 8,
        Some(space) if space.is_whitespace() => {
            let kept = escaped.trim_start();
            return (rest.len() - kept.len(), 0);
        }
        _ => return (1 + plain(escaped).0, 1),
    };
    let code = escaped.get(1..=digits).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    (2 + digits, code.and_then(char::from_u32).map_or(1, char::len_utf8))
}

/// Stands between the path to a text and a byte of its value, until the fault is located.
const WITHIN: &str = "#byte=";

/// The pointer of a fault's path, and the byte of the text that stands there.
pub(super) fn split_place(path: &str) -> (&str, &str) {
    path.split_at(path.find(WITHIN).unwrap_or(path.len()))
}

/// A fault at a byte of a text, instead of at the whole text.
pub(super) fn within_text(fault: Fault, at: usize) -> Fault {
    Fault { path: format!("{}{WITHIN}{at}", fault.path), ..fault }
}

struct Walk {
    places: BTreeMap<String, usize>,
    texts: BTreeMap<String, usize>,
}

type Walked = Result<Json, (usize, Fault)>;

impl Walk {
    fn table(&mut self, table: &DeTable<'_>, pointer: &str, depth: usize) -> Walked {
        let mut fields = BTreeMap::new();
        for (key, value) in table {
            let name = key.get_ref().to_string();
            let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
            // A fault in a field points at its name.
            let start = key.span().start;
            fields.insert(name, self.value(value, pointer, start, depth)?);
        }
        Ok(Json::Object(fields))
    }

    fn value(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        pointer: String,
        start: usize,
        depth: usize,
    ) -> Walked {
        let fault = |code, detail: String, help: &str| {
            Err((start, Fault::new(code, &*pointer, detail, help)))
        };
        if depth > JSON_DEPTH_MAX {
            let detail = format!("nested deeper than {JSON_DEPTH_MAX} levels");
            return fault(ErrorCode::LimitExceeded, detail, "make it flatter");
        }
        let json = match value.get_ref() {
            DeValue::String(text) => {
                self.texts.insert(pointer.clone(), value.span().start);
                Json::String(text.to_string())
            }
            DeValue::Boolean(truth) => Json::Bool(*truth),
            DeValue::Datetime(time) => Json::String(time.to_string()),
            DeValue::Integer(integer) => {
                let digits = integer.as_str();
                let parsed = i64::from_str_radix(digits, integer.radix()).ok();
                let exact =
                    parsed.filter(|number| number.unsigned_abs() <= INTEGER_MAX.unsigned_abs());
                let Some(number) = exact else {
                    let detail = format!("the integer `{digits}` is beyond 2^53-1");
                    return fault(ErrorCode::InvalidField, detail, "use a smaller number");
                };
                #[expect(clippy::cast_precision_loss, reason = "the range is checked")]
                Json::Number(number as f64)
            }
            DeValue::Float(float) => match float.as_str().parse::<f64>() {
                Ok(number) if is_admitted(number) => Json::Number(number + 0.0),
                Ok(number) if number.is_finite() => {
                    let detail = format!("`{}` is a whole number beyond 2^53-1", float.as_str());
                    return fault(ErrorCode::InvalidField, detail, "use a smaller number");
                }
                _ => {
                    let detail = format!("`{}` is not a finite number", float.as_str());
                    return fault(ErrorCode::InvalidField, detail, "use a finite number");
                }
            },
            DeValue::Array(values) => {
                let mut elements = Vec::new();
                for (index, element) in values.iter().enumerate() {
                    let start = element.span().start;
                    elements.push(self.value(
                        element,
                        format!("{pointer}/{index}"),
                        start,
                        depth + 1,
                    )?);
                }
                Json::Array(elements)
            }
            DeValue::Table(table) => self.table(table, &pointer, depth + 1)?,
        };
        self.places.insert(pointer, start);
        Ok(json)
    }
}
