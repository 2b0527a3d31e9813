//! The file of tests: `[[test]]` tables, with what is the same for all of them under `[defaults]`.

use std::collections::BTreeMap;

use super::expect::{self, Expected};
use crate::compile::{Diagnostic, read_toml_with_lines};
use crate::error::ErrorCode;
use crate::gate::{Context, read_actions};
use crate::json::Json;
use crate::limits::{FACTS_MAX, NAME_LENGTH_MAX};
use crate::read::{self, Node, Read};
use crate::request::{Action, Request};
use crate::units::TimestampMs;

/// Tests of one file.
const TESTS_MAX: usize = 10_000;

/// The tests of a policy.
pub(super) struct Suite {
    pub(super) now: Option<TimestampMs>,
    pub(super) tests: Vec<Test>,
}

/// One test.
pub(super) struct Test {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) subject: Subject,
    pub(super) now: Option<TimestampMs>,
    pub(super) expected: Vec<Expected>,
}

/// What the policy is asked about.
pub(super) enum Subject {
    Request(Box<Request>),
    Actions(Vec<Action>, Box<Context>),
}

type Values = BTreeMap<String, Json>;

/// Reads a file of tests.
pub(super) fn read(text: &str, file: &str) -> Result<Suite, Vec<Diagnostic>> {
    let (mut suite, lines) = read_toml_with_lines(text, file, read_suite)?;
    let line = |pointer: &str| lines.get(pointer).copied().unwrap_or(1);
    for (index, test) in suite.tests.iter_mut().enumerate() {
        test.line = line(&format!("/test/{index}"));
        for expected in &mut test.expected {
            expected.line = line(&format!("/test/{index}/expect/{}", expected.name()));
        }
    }
    Ok(suite)
}

fn read_suite(node: Node<'_>) -> Read<Suite> {
    let mut fields = node.object()?;
    let now = fields.optional("now", read::timestamp)?;
    let (request, context) = fields.optional("defaults", read_defaults)?.unwrap_or_default();
    let tests = fields.list("test", TESTS_MAX, |node| read_test(node, &request, &context))?;
    fields.finish()?;
    if tests.is_empty() {
        return Err(node.invalid("there is no test", "add a [[test]]"));
    }
    Ok(Suite { now, tests })
}

fn read_defaults(node: Node<'_>) -> Read<(Values, Values)> {
    let mut fields = node.object()?;
    let request = fields.optional("request", values)?.unwrap_or_default();
    let context = fields.optional("context", values)?.unwrap_or_default();
    fields.finish()?;
    Ok((request, context))
}

fn values(node: Node<'_>) -> Read<Values> {
    node.map(FACTS_MAX, |value| Ok(value.json().clone()))
}

fn read_test(node: Node<'_>, request: &Values, context: &Values) -> Read<Test> {
    let mut fields = node.object()?;
    let name = fields.required("name", |node| node.filled_text(NAME_LENGTH_MAX))?;
    let now = fields.optional("now", read::timestamp)?;
    let asked = fields.optional("request", |node| read_request(node, request))?;
    let actions = fields.optional("actions", read_actions)?;
    let subject = match (asked, actions) {
        (Some(request), None) => Subject::Request(Box::new(request)),
        (None, Some(actions)) => {
            let given = fields.optional("context", |node| read_context(node, context))?;
            let given = match given {
                Some(given) => given,
                // A test that says nothing of the context has the default one.
                None => read_context(Node::root(&Json::Object(Values::new())), context)?,
            };
            Subject::Actions(actions, Box::new(given))
        }
        _ => {
            let help = "give it a `request`, or `actions` with their `context`";
            return Err(node.invalid("a test asks about one request, or about actions", help));
        }
    };
    let known = match subject {
        Subject::Request(_) => expect::OF_REQUEST,
        Subject::Actions(..) => expect::OF_ACTIONS,
    };
    let expected = fields.required("expect", |node| expect::read(node, known))?;
    fields.finish()?;
    Ok(Test { name, line: 0, subject, now, expected })
}

fn read_request(node: Node<'_>, defaults: &Values) -> Read<Request> {
    let needed = [("tenant_id", "tenant"), ("user_question", "?")];
    let request = Request::read(&completed(node, defaults, &needed)?);
    let request = request.map_err(|fault| within(node, fault))?;
    known(node, &request.unknown_fields)?;
    Ok(request)
}

fn read_context(node: Node<'_>, defaults: &Values) -> Read<Context> {
    let context = completed(node, defaults, &[("tenant_id", "tenant")])?;
    let context = Context::read(Node::root(&context)).map_err(|fault| within(node, fault))?;
    known(node, &context.unknown_fields)?;
    Ok(context)
}

/// The fields of a test, those of the defaults that it does not have, and what must be there.
fn completed(node: Node<'_>, defaults: &Values, needed: &[(&str, &str)]) -> Read<Json> {
    let mut fields = values(node)?;
    for (name, value) in defaults {
        fields.entry(name.clone()).or_insert_with(|| value.clone());
    }
    for (name, text) in needed {
        fields.entry((*name).to_owned()).or_insert_with(|| Json::String((*text).to_owned()));
    }
    Ok(Json::Object(fields))
}

fn within(node: Node<'_>, fault: crate::error::Fault) -> crate::error::Fault {
    crate::error::Fault { path: format!("{}{}", node.pointer(), fault.path), ..fault }
}

/// An edge may be newer than the policy; a test that names what nobody reads tests nothing.
fn known(node: Node<'_>, unknown: &[String]) -> Read<()> {
    let Some(path) = unknown.first() else { return Ok(()) };
    let field = path.rsplit('/').next().unwrap_or(path);
    let detail = format!("the field `{field}` is not known");
    let fault = node.fault(ErrorCode::UnknownField, detail, "take it out, or mend its name");
    Err(within(node, crate::error::Fault { path: format!("/{field}"), ..fault }))
}
