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
}

/// Reads the text.
pub(super) fn parse<'a>(text: &'a str, file: &'a str) -> Result<Document<'a>, Vec<Diagnostic>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let diagnostic = |error: &toml::de::Error| {
            let byte = error.span().map_or(0, |span| span.start);
            let help = "write it as TOML; see https://toml.io";
            Diagnostic::at(
                file,
                text,
                byte,
                Fault::new(ErrorCode::PolicyRejected, "", error.message(), help),
            )
        };
        return Err(errors.iter().map(diagnostic).collect());
    }
    let mut walk = Walk { places: BTreeMap::from([(String::new(), 0)]) };
    let json = walk.table(table.get_ref(), "", 0);
    let located = |(byte, fault)| vec![Diagnostic::at(file, text, byte, fault)];
    Ok(Document { file, text, json: json.map_err(located)?, places: walk.places })
}

impl Document<'_> {
    pub(super) const fn json(&self) -> &Json {
        &self.json
    }

    /// The diagnostic of a fault: at the value, or at the nearest thing around it that is there.
    pub(super) fn locate(&self, fault: Fault) -> Diagnostic {
        let mut pointer = fault.path.as_str();
        let byte = loop {
            if let Some(byte) = self.places.get(pointer) {
                break *byte;
            }
            pointer = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
        };
        Diagnostic::at(self.file, self.text, byte, fault)
    }
}

struct Walk {
    places: BTreeMap<String, usize>,
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
            DeValue::String(text) => Json::String(text.to_string()),
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
