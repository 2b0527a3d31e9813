//! A fitted model as the lines of a policy: to be put in the place of its section `[confidence]`.

use std::fmt::Write as _;

use crate::confidence::{ConfidenceModel, Fit, Orientation, SignalCurve};
use crate::json::{Json, format_number};

/// The section, without the tiers.
pub(super) fn to_toml(model: &ConfidenceModel) -> String {
    let mut out = String::from("[confidence]\n");
    line(&mut out, "model_version", &text(&model.model_version));
    line(&mut out, "base", &number(model.base));
    if let Some(Fit { labels, hash, held_back }) = &model.fit {
        let (hash, held_back) = (text(hash), number(*held_back));
        let fit = format!("{{ labels = {labels}, hash = {hash}, held_back = {held_back} }}");
        line(&mut out, "fit", &fit);
    }
    for curve in &model.signals {
        out.push_str("\n[[confidence.signal]]\n");
        signal(&mut out, curve);
    }
    out
}

/// A policy's text with this model in the place of its own: everything between the head of the section
/// and its tiers. Absent where that cannot be told from the lines.
pub(super) fn into_policy(text: &str, model: &ConfidenceModel) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let is_head = |line: &&str| line.trim() == "[confidence]";
    let start = lines.iter().position(is_head)?;
    let is_own = |line: &str| {
        let line = line.trim();
        !line.starts_with('[') || line.starts_with("[[confidence.signal]]")
    };
    let after = lines.get(start + 1..)?;
    let mut length = after.iter().position(|line| !is_own(line)).unwrap_or(after.len());
    // What is said right before the tiers is said of them.
    let says = |line: &&str| line.trim().is_empty() || line.trim_start().starts_with('#');
    while length.checked_sub(1).and_then(|last| after.get(last)).is_some_and(says) {
        length -= 1;
    }
    let rest = after.get(length..)?;
    let first = rest.iter().find(|line| line.trim_start().starts_with('['));
    let tiers = first.is_none_or(|line| line.trim().starts_with("[confidence.tiers"));
    if !tiers
        || rest.iter().any(is_head)
        || rest.iter().any(|line| line.contains("[confidence.signal]"))
    {
        return None;
    }
    let before = lines.get(..start)?.join("\n");
    Some(format!("{before}\n{}\n{}\n", to_toml(model), rest.join("\n")))
}

fn signal(out: &mut String, curve: &SignalCurve) {
    line(out, "name", &text(&curve.name));
    line(out, "label", &text(&curve.label));
    if curve.orientation == Orientation::LowerIsBetter {
        line(out, "orientation", &text(curve.orientation.as_str()));
    }
    line(out, "knots", &numbers(&curve.knots));
    line(out, "gains", &numbers(&curve.weights));
    line(out, "centers", &numbers(&curve.centers));
    line(out, "missing", &number(curve.missing));
    line(out, "unavailable", &number(curve.unavailable));
    if curve.required {
        line(out, "required", "true");
    }
    let words = &curve.words;
    let [good, fair, weak, missing, unavailable] =
        [&words.good, &words.fair, &words.weak, &words.missing, &words.unavailable]
            .map(|word| text(word));
    let words = format!(
        "{{ good = {good}, fair = {fair}, weak = {weak}, missing = {missing}, unavailable = {unavailable} }}"
    );
    line(out, "words", &words);
}

pub(super) fn line(out: &mut String, key: &str, value: &str) {
    let _ = writeln!(out, "{key} = {value}");
}

/// A basic string of TOML has the escapes of JSON, but for the delete character.
pub(super) fn text(value: &str) -> String {
    Json::String(value.to_owned()).canonical().replace('\u{7f}', "\\u007f")
}

/// The shortest digits that read back; TOML wants a point or an exponent in a float.
pub(super) fn number(value: f64) -> String {
    let digits = format_number(value);
    if digits.contains(['.', 'e']) { digits } else { format!("{digits}.0") }
}

fn numbers(values: &[f64]) -> String {
    let values: Vec<String> = values.iter().map(|value| number(*value)).collect();
    format!("[{}]", values.join(", "))
}
