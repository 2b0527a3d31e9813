//! Decides requests, and classifies actions, from a file, one JSON object a line: what an edge would
//! say, said on the host.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use crate::compile::to_json;
use crate::error::{ErrorCode, Fault};
use crate::gate::{self, Context, classify};
use crate::json::Json;
use crate::policy::Policy;
use crate::read::Node;
use crate::request::Request;
use crate::units::TimestampMs;
use crate::verdict::evaluate;

/// Why a line was not decided.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    /// The file cannot be read, or the output cannot be written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A line is not a request.
    #[error("line {line}: {fault}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        fault: Fault,
    },
}

/// Writes the canonical verdict on each line of the file.
///
/// # Errors
/// At the first line that is not a request; the lines before it are decided.
pub fn evaluate_file(
    policy: &Policy,
    requests: &Path,
    now: TimestampMs,
    out: &mut impl Write,
) -> Result<(), EvaluateError> {
    each_line(requests, out, |value| to_json(&evaluate(policy, &Request::read(value)?, now)))
}

/// Writes the canonical gate on each line of the file, whose lines are `{actions, context}`.
///
/// # Errors
/// At the first line that is not one; the lines before it are classified.
pub fn classify_file(
    policy: &Policy,
    gates: &Path,
    now: TimestampMs,
    out: &mut impl Write,
) -> Result<(), EvaluateError> {
    each_line(gates, out, |value| {
        let mut fields = Node::root(value).object()?;
        let actions = fields.required("actions", gate::read_actions)?;
        let context = fields.required("context", Context::read)?;
        fields.finish()?;
        to_json(&classify(policy, &actions, &context, now)?)
    })
}

/// What an author wants to know of a policy that compiled: what becomes of a request that says
/// nothing, and the most steps that a condition takes.
#[must_use]
pub fn outlook(policy: &Policy, now: TimestampMs) -> String {
    let bundle = policy.bundle();
    let triggers = bundle.triggers.iter().map(|trigger| (&trigger.id, &trigger.when));
    let suppressions = bundle.suppressions.iter().map(|one| (&one.id, &one.when));
    let rules = policy.actions().rules.iter().map(|rule| (&rule.id, &rule.when));
    let queues = bundle.queues.iter();
    let queues = queues.filter_map(|queue| Some((&queue.queue, queue.accepts.when.as_ref()?)));
    let conditions = triggers.chain(suppressions).chain(rules).chain(queues);
    let costs: Vec<_> = conditions.map(|(id, when)| (when.steps_max(), id)).collect();
    let sum: usize = costs.iter().map(|(steps, _)| steps).sum();
    let mut lines = vec![match costs.iter().max() {
        Some((steps, id)) => format!(
            "conditions: {}, at most {sum} steps together; the longest is `{id}` with {steps}",
            costs.len()
        ),
        None => "conditions: none".to_owned(),
    }];
    let empty = [("tenant_id", "tenant"), ("user_question", "?")];
    let empty = empty.map(|(name, text)| (name.to_owned(), Json::String(text.to_owned())));
    match Request::read(&Json::Object(empty.into())) {
        Err(fault) => lines.push(format!("a request that says nothing: {fault}")),
        Ok(request) => {
            let verdict = evaluate(policy, &request, now);
            let queue = verdict.routing.map(|routing| format!(", queue `{}`", routing.queue));
            lines.push(format!(
                "a request that says nothing: {}{}, {} risk",
                verdict.disposition,
                queue.unwrap_or_default(),
                verdict.risk_level
            ));
            let fired = verdict.triggers.iter().map(|one| (&one.id, &one.reason));
            lines.extend(fired.map(|(id, reason)| format!("  {id}: {reason}")));
            let shadow = verdict.shadow.iter().map(|one| (&one.id, &one.reason));
            lines.extend(shadow.map(|(id, reason)| format!("  {id} (on trial): {reason}")));
            if !verdict.unjudged.is_empty() {
                lines.push(format!("  not judged: {}", verdict.unjudged.join(", ")));
            }
        }
    }
    lines.join("\n")
}

fn each_line(
    file: &Path,
    out: &mut impl Write,
    decide: impl Fn(&Json) -> Result<Json, Fault>,
) -> Result<(), EvaluateError> {
    for (index, line) in BufReader::new(std::fs::File::open(file)?).lines().enumerate() {
        let decided = parse(&line?)
            .and_then(|value| decide(&value))
            .map_err(|fault| EvaluateError::Line { line: index + 1, fault })?;
        writeln!(out, "{}", decided.canonical())?;
    }
    Ok(())
}

fn parse(line: &str) -> Result<Json, Fault> {
    serde_json::from_str::<Json>(line).map_err(|error| {
        Fault::new(ErrorCode::InvalidJson, "", error.to_string(), "write one JSON object a line")
    })
}
