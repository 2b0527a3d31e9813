//! Values of a bundle in words, as the author of a policy would write them.

use crate::json::Json;
use crate::money::Money;
use crate::read::Node;

const UNITS: &[(&str, f64)] =
    &[("d", 86_400_000.0), ("h", 3_600_000.0), ("min", 60_000.0), ("s", 1_000.0), ("ms", 1.0)];

/// A value in words; `field` says what it is a value of.
pub(super) fn words(field: &str, value: &Json) -> String {
    match value {
        Json::Null => "nothing".to_owned(),
        Json::Bool(true) => "yes".to_owned(),
        Json::Bool(false) => "no".to_owned(),
        Json::Number(number) if is_duration(field) => duration(*number),
        Json::Number(_) => value.canonical(),
        Json::String(text) => format!("`{text}`"),
        Json::Array(values) if values.is_empty() => "nothing".to_owned(),
        // Intervals of a calendar come by thousands.
        Json::Array(values) if values.len() > 24 => format!("{} values", values.len()),
        // What is done at points of the time.
        Json::Array(values) if field == "steps" => {
            values.iter().map(step).collect::<Vec<_>>().join("; ")
        }
        Json::Array(values) => {
            let values: Vec<String> = values.iter().map(|value| words(field, value)).collect();
            values.join(", ")
        }
        Json::Object(fields) => {
            if let Ok(money) = Money::read(Node::root(value)) {
                return money.to_string();
            }
            let text = |name: &str| match fields.get(name) {
                Some(Json::String(text)) => Some(text.as_str()),
                _ => None,
            };
            let number = |name: &str| match fields.get(name) {
                Some(Json::Number(number)) => Some(*number),
                _ => None,
            };
            if let Some(cel) = text("cel") {
                return format!("`{}`", cel.split_whitespace().collect::<Vec<_>>().join(" "));
            }
            if let (Some(domain), Some(level), 2) = (text("domain"), number("level"), fields.len())
            {
                return format!("level {level} of `{domain}`");
            }
            match (number("duration_ms"), number("business_ms"), number("business_days")) {
                (Some(length), ..) => return duration(length),
                (_, Some(length), _) => return format!("{} of open time", duration(length)),
                (.., Some(days)) => return format!("{days} business days"),
                _ => {}
            }
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| format!("{name} {}", words(name, value)))
                .collect();
            if fields.is_empty() { "nothing".to_owned() } else { fields.join(", ") }
        }
    }
}

/// What is done at one point of a case's time.
fn step(step: &Json) -> String {
    let Json::Object(fields) = step else { return words("", step) };
    let said = |name: &str| fields.get(name).filter(|value| **value != Json::Null);
    let plain = |name: &str| match said(name) {
        Some(Json::String(text)) => text.replace('_', " "),
        Some(other) => other.canonical(),
        None => String::new(),
    };
    let of = match plain("clock") {
        clock if clock == "resolution" => String::new(),
        clock => format!(" of {clock}"),
    };
    let mut told = format!("at {} %{of} {}", plain("percent"), plain("then"));
    for (name, link) in [("queue", "to"), ("template", "with"), ("page", "paging")] {
        if let Some(value) = said(name) {
            told.push_str(&format!(" {link} {}", words(name, value)));
        }
    }
    told
}

fn is_duration(field: &str) -> bool {
    field.ends_with("_ms") || field.contains("_ms_")
}

/// Milliseconds in the greatest unit that leaves a whole number.
fn duration(length_ms: f64) -> String {
    let fits = |scale: f64| length_ms >= scale && (length_ms / scale).fract() == 0.0;
    let unit = UNITS.iter().find(|(_, scale)| fits(*scale));
    unit.map_or_else(
        || format!("{length_ms} ms"),
        |(name, scale)| format!("{} {name}", length_ms / scale),
    )
}
