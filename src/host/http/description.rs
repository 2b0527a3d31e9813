//! The OpenAPI document, made from the table of routes, and the list of problems.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::response::Response;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::auth::{CSRF_HEADER, SESSION_COOKIE};
use super::body::ok;
use super::endpoint::{Access, Answer, Endpoint, Followers, Key};
use super::inputs::position;
use super::problem::{PROBLEM_TYPE, ProblemDetails};
use super::query::Parameters;
use super::routes::endpoints;
use crate::case::CaseEvent;
use crate::error::ErrorCode;
use crate::proposal::ProposalEvent;
use crate::units::Id;

const ABOUT: &str = "\
Human-in-the-loop for LLM systems: cases that people decide, actions that people approve, records of what needed nobody, policies and the audit log.

Every refusal is a problem (RFC 9457) with a stable `code`, the `path` to the fault and what to do; every operation lists its codes.
A write that carries an `Idempotency-Key` is done once: the same key and body give the same answer, marked `Idempotency-Replayed`, for seven days. Keys count per principal and operation; the same key with another body is refused.
Ids are opaque. Times are RFC 3339. What belongs to another tenant is not found.";

/// What a name in braces in a path stands for.
const PATH_NAMES: &[(&str, &str)] = &[
    ("case_id", "The case."),
    ("queue", "The queue's name in the policy."),
    ("hash", "The bundle's digest, `sha256:` and 64 hexadecimal digits."),
    ("metric", "Which measure."),
    ("request_id", "The request that was answered."),
    ("webhook_id", "The webhook."),
    ("proposal_id", "The proposal."),
    ("execution_id", "The execution."),
    ("release_id", "The release."),
    ("audit_id", "The random audit."),
];

/// `GET /v1/openapi.json`
pub(super) async fn serve(parameters: Parameters) -> Result<Response, super::Problem> {
    static TEXT: LazyLock<Value> = LazyLock::new(document);
    parameters.none()?;
    ok(&*TEXT)
}

/// The OpenAPI document of this host.
#[must_use]
pub fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let (mut paths, mut refusals) = (Map::new(), Map::new());
    for endpoint in endpoints() {
        let operation = operation(&mut generator, &mut refusals, &endpoint);
        let path = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        if let Value::Object(path) = path {
            path.insert(endpoint.method.to_owned(), operation);
        }
    }
    // What every problem has; the operations say which codes.
    let _ = generator.subschema_for::<ProblemDetails<'_>>();
    // What streams and deliveries carry, whose media type has no schema of its own.
    let _ = generator.subschema_for::<CaseEvent>();
    let _ = generator.subschema_for::<ProposalEvent>();
    json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "countersign",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "responses": refusals,
            "schemas": generator.take_definitions(true),
            "securitySchemes": security_schemes(),
        },
    })
}

/// The registry of problems as a page of Markdown.
#[must_use]
pub fn problems_page() -> String {
    let mut page = format!(
        "# Problems\n\n\
         Every refusal of the host is `application/problem+json` (RFC 9457).\n\
         Its `type` is `{PROBLEM_TYPE}` and the code; code, status and title never change.\n\
         `detail` says what is wrong, `path` where (a JSON Pointer; `/headers/…` and `/query/…` for what is not in the body), `help` what to do.\n\
         The same codes stand in the errors of the npm package and in the diagnostics of the policy compiler.\n\n\
         | Code | Status | Title | What to do |\n|---|---|---|---|\n"
    );
    for code in ErrorCode::ALL {
        let (name, status, title, help) = (code.as_str(), code.status(), code.title(), code.help());
        let _ = writeln!(page, "| `{name}` | {status} | {title} | {help} |");
    }
    page
}

fn security_schemes() -> Value {
    json!({
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "A token of an application, an edge or a person, as `countersign token create` gives it.",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": SESSION_COOKIE,
            "description": "The session of a browser, from `POST /v1/session`.",
        },
        "csrf": {
            "type": "apiKey",
            "in": "header",
            "name": CSRF_HEADER,
            "description": "The `csrf_token` of `GET /v1/me`; goes with every write of a session.",
        },
    })
}

/// One operation; the refusals that it refers to are left in `refusals`.
fn operation(
    generator: &mut SchemaGenerator,
    refusals: &mut Map<String, Value>,
    endpoint: &Endpoint,
) -> Value {
    let mut responses = Map::new();
    for answer in &endpoint.answers {
        let response = response(generator, endpoint, answer);
        responses.insert(answer.status.to_string(), response);
    }
    let problems = endpoint.all_problems();
    for code in &problems {
        let status = code.status();
        if !responses.contains_key(&status.to_string()) {
            let of_status: Vec<&str> = problems
                .iter()
                .filter(|code| code.status() == status)
                .map(|code| code.as_str())
                .collect();
            let name = of_status.join(".");
            let reference = json!({ "$ref": format!("#/components/responses/{name}") });
            responses.insert(status.to_string(), reference);
            refusals.entry(name).or_insert_with(|| refusal(status, &of_status));
        }
    }
    let mut operation = json!({
        "operationId": endpoint.operation_id,
        "summary": endpoint.summary,
        "security": security(endpoint),
        "responses": responses,
    });
    let parameters = parameters(generator, endpoint);
    let body = endpoint.body.map(|body| {
        let schema = body(generator);
        // Of several forms, each needs something.
        let required = schema.get("required").is_some() || schema.get("anyOf").is_some();
        json!({ "required": required, "content": { "application/json": { "schema": schema } } })
    });
    if let Value::Object(fields) = &mut operation {
        if !parameters.is_empty() {
            fields.insert("parameters".to_owned(), Value::Array(parameters));
        }
        if let Some(body) = body {
            fields.insert("requestBody".to_owned(), body);
        }
    }
    operation
}

fn security(endpoint: &Endpoint) -> Value {
    match endpoint.access {
        Access::Open => json!([]),
        Access::Caller if endpoint.is_write() => {
            json!([{ "bearer": [] }, { "session": [], "csrf": [] }])
        }
        Access::Caller => json!([{ "bearer": [] }, { "session": [] }]),
    }
}

fn parameters(generator: &mut SchemaGenerator, endpoint: &Endpoint) -> Vec<Value> {
    let id = generator.subschema_for::<Id>();
    let mut all = Vec::new();
    for name in endpoint.path_names() {
        let meaning = PATH_NAMES.iter().find(|(known, _)| *known == name);
        let meaning = meaning.map_or("", |(_, meaning)| *meaning);
        all.push(json!({ "name": name, "in": "path", "required": true, "description": meaning, "schema": id }));
    }
    for parameter in &endpoint.query {
        let schema = (parameter.schema)(generator);
        all.push(json!({
            "name": parameter.name,
            "in": "query",
            "required": false,
            "description": parameter.meaning,
            "schema": schema,
        }));
    }
    if endpoint.key != Key::None {
        all.push(json!({
            "name": "Idempotency-Key",
            "in": "header",
            "required": endpoint.key == Key::Required,
            "description": "A new key for each new request, the same one for a retry.",
            "schema": id,
        }));
    }
    if endpoint.is_tagged {
        all.push(json!({
            "name": "If-None-Match",
            "in": "header",
            "required": false,
            "description": "The tag of the bundle that the caller has.",
            "schema": { "type": "string" },
        }));
    }
    if endpoint.is_resumed {
        all.push(json!({
            "name": "Last-Event-ID",
            "in": "header",
            "required": false,
            "description": "As `after`, which it goes before; browsers send it when they come back.",
            "schema": position(generator),
        }));
    }
    all
}

fn response(generator: &mut SchemaGenerator, endpoint: &Endpoint, answer: &Answer) -> Value {
    let mut headers = Map::new();
    let mut header = |name: &str, meaning: &str| {
        let schema = json!({ "type": "string" });
        headers.insert(name.to_owned(), json!({ "description": meaning, "schema": schema }));
    };
    if endpoint.key != Key::None {
        header("Idempotency-Replayed", "`true` where the answer is that of an earlier request.");
    }
    if endpoint.is_tagged {
        header("ETag", "The bundle's hash in quotation marks.");
    }
    if endpoint.path == "/v1/session" {
        header("Set-Cookie", "The session, or its end.");
    }
    let mut response = json!({ "description": answer.meaning });
    if let Value::Object(fields) = &mut response {
        let mut content = Map::new();
        if let Some(schema) = answer.schema {
            let schema = schema(generator);
            content.insert("application/json".to_owned(), json!({ "schema": schema }));
        }
        if let Some(media_type) = answer.text {
            content.insert(media_type.to_owned(), json!({ "schema": { "type": "string" } }));
        }
        if !content.is_empty() {
            fields.insert("content".to_owned(), Value::Object(content));
        }
        if !headers.is_empty() {
            fields.insert("headers".to_owned(), Value::Object(headers));
        }
        if let (Some(_), Some(followers)) = (answer.schema, endpoint.followers) {
            fields.insert("links".to_owned(), links(followers));
        }
    }
    response
}

fn links(followers: &Followers) -> Value {
    let link = |operation_id: &&str| {
        let part = format!("$response.body#{}", followers.pointer);
        let parameters = json!({ followers.parameter: part });
        (
            (*operation_id).to_owned(),
            json!({ "operationId": operation_id, "parameters": parameters }),
        )
    };
    Value::Object(followers.operations.iter().map(link).collect())
}

fn refusal(status: u16, codes: &[&str]) -> Value {
    let told = ErrorCode::ALL.iter().filter(|code| codes.contains(&code.as_str()));
    let told: Vec<String> =
        told.map(|code| format!("`{}`: {}.", code.as_str(), code.title())).collect();
    let schema = json!({
        "allOf": [
            { "$ref": "#/components/schemas/Problem" },
            { "properties": { "code": { "enum": codes }, "status": { "const": status } } },
        ],
    });
    let mut response = json!({
        "description": told.join(" "),
        "content": { "application/problem+json": { "schema": schema } },
    });
    let header = match status {
        401 => Some(("WWW-Authenticate", "`Bearer`.")),
        429 | 503 | 507 => Some(("Retry-After", "After how many seconds to ask again.")),
        _ => None,
    };
    if let (Some((name, meaning)), Value::Object(fields)) = (header, &mut response) {
        let header = json!({ "description": meaning, "schema": { "type": "string" } });
        fields.insert("headers".to_owned(), json!({ name: header }));
    }
    response
}
