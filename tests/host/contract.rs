//! The OpenAPI document and the list of problems: fresh, complete, and kept by the host.

use std::collections::BTreeSet;

use countersign::ErrorCode;
use countersign::host::http::{document, problems_page};
use serde_json::{Value, json};

use crate::support::{Call, Folder, Host, Who, billing_request, fresh};

const METHODS: &[&str] = &["GET", "POST", "DELETE"];

fn assert_fresh(path: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored == text,
        "{} is stale: run `UPDATE=1 cargo test --features host --test host contract`, look at the difference, and commit it",
        path.display()
    );
}

/// One operation of the document.
struct Told {
    method: &'static str,
    path: String,
    operation: Value,
}

impl Told {
    fn all() -> Vec<Self> {
        let document = document();
        let mut all = Vec::new();
        for (path, operations) in document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                let method = METHODS.iter().find(|known| known.eq_ignore_ascii_case(method));
                let (path, operation) = (path.clone(), operation.clone());
                all.push(Self { method: method.unwrap(), path, operation });
            }
        }
        assert!(all.len() > 20, "the table of routes was not found");
        all
    }

    fn is_open(&self) -> bool {
        self.operation["security"] == json!([])
    }

    fn parameters(&self) -> impl Iterator<Item = &Value> {
        self.operation["parameters"].as_array().into_iter().flatten()
    }

    /// Whether a key must go with it; `None` where it takes none.
    fn needs_key(&self) -> Option<bool> {
        let key = self.parameters().find(|parameter| parameter["name"] == "Idempotency-Key");
        key.map(|key| key["required"] == true)
    }

    /// A call of it, without a credential, about this thing.
    fn call(&self, id: &str) -> Call {
        let parts = self.path.split('/').map(|part| if part.starts_with('{') { id } else { part });
        let path = parts.collect::<Vec<_>>().join("/");
        match self.method {
            "POST" => Call::post(&path, json!({})),
            method => Call { method, ..Call::get(&path) },
        }
    }
}

#[test]
fn the_document_and_the_list_of_problems_are_fresh() {
    let text = serde_json::to_string_pretty(&document()).unwrap();
    assert_fresh("pkg/openapi.json", &format!("{text}\n"));
    assert_fresh("pkg/PROBLEMS.md", &problems_page());
    let folder = Folder::new();
    let host = Host::start(&folder);
    assert_eq!(host.expect(&Call::get("/v1/openapi.json"), 200), document());
}

#[test]
fn every_operation_is_described_in_full() {
    let mut names = BTreeSet::new();
    for told in Told::all() {
        let at = format!("{} {}", told.method, told.path);
        let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
        let name = text(&told.operation["operationId"]);
        assert!(!name.is_empty() && names.insert(name), "{at}: a name of its own");
        assert!(text(&told.operation["summary"]).ends_with('.'), "{at}: a summary");
        for parameter in told.parameters() {
            assert!(text(&parameter["description"]).ends_with('.'), "{at}: {}", parameter["name"]);
        }
        let responses = told.operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{at}: an answer");
        assert_eq!(
            responses.contains_key("401"),
            !told.is_open() || told.path == "/v1/session",
            "{at}"
        );
        assert_eq!(told.operation.get("requestBody").is_some(), told.method == "POST", "{at}");
    }
}

#[test]
fn links_lead_to_operations_and_references_to_what_is_there() {
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str));
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 100);
    for reference in found {
        let there = document.pointer(reference.trim_start_matches('#'));
        assert!(there.is_some(), "{reference}");
    }
    let all = Told::all();
    let names: Vec<&str> =
        all.iter().filter_map(|told| told.operation["operationId"].as_str()).collect();
    for told in &all {
        for response in told.operation["responses"].as_object().unwrap().values() {
            for link in response["links"].as_object().into_iter().flatten() {
                assert!(names.contains(&link.1["operationId"].as_str().unwrap()), "{link:?}");
            }
        }
    }
}

#[test]
fn every_problem_has_its_own_code_and_says_what_to_do() {
    let codes: BTreeSet<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(codes.len(), ErrorCode::ALL.len());
    for code in ErrorCode::ALL {
        assert!((400..600).contains(&code.status()), "{}", code.as_str());
        assert!(code.help().ends_with('.') && !code.title().is_empty(), "{}", code.as_str());
    }
}

#[test]
fn the_host_keeps_what_the_document_promises_of_credentials_and_keys() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let (edge, foreign) = (host.edge("northwind"), host.edge("meridian-health"));
    let case = host.create(&edge, billing_request());
    let case_id = case["case_id"].as_str().unwrap();
    let stranger = Who::Token("cs_nobody".to_owned());
    let (mut guarded, mut keyed, mut owned) = (0, 0, 0);
    for told in Told::all() {
        let at = format!("{} {}", told.method, told.path);
        let key = fresh("key");
        let refused = |call: &Call, code: &str, path: &str, rule: &str| {
            let answer = host.call(call);
            let found = (answer.body["code"].as_str(), answer.body["path"].as_str().unwrap_or(""));
            assert_eq!(found, (Some(code), path), "{at}: {rule}: {}", answer.text);
        };
        if !told.is_open() {
            guarded += 1;
            let call = told.call(case_id).key(&key);
            refused(&call, "unauthenticated", "", "without a credential");
            refused(&call.of(&stranger), "unauthenticated", "", "with an unknown token");
        }
        if let Some(is_needed) = told.needs_key() {
            keyed += 1;
            let call = told.call(case_id).of(&edge);
            let path = "/headers/idempotency-key";
            refused(&call.clone().key("a b"), "invalid_field", path, "with a key that is none");
            if is_needed {
                refused(&call, "invalid_field", path, "without a key");
            } else {
                let answer = host.call(&call);
                assert_ne!(answer.body["path"], path, "{at}: without a key: {}", answer.text);
            }
        }
        if told.path.contains("{case_id}") {
            owned += 1;
            let call = told.call(case_id).of(&foreign).key(&key);
            refused(&call, "not_found", "", "another tenant's case");
        }
    }
    assert!(guarded >= 18 && keyed >= 11 && owned >= 9, "{guarded} {keyed} {owned}");
}

#[test]
fn each_credential_of_the_document_opens_the_door() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let jonas = host.sign_in("Jonas");
    let Who::Session { cookie, csrf_token } = jonas else { panic!("not a session") };
    let schemes = document()["components"]["securitySchemes"].clone();
    assert!(cookie.starts_with(&format!("{}=", schemes["session"]["name"].as_str().unwrap())));
    let csrf = schemes["csrf"]["name"].as_str().unwrap();
    let claim = Call::post("/v1/queues/triage/claim", json!({})).header("cookie", &cookie);
    assert_eq!(host.call(&claim).body["path"], format!("/headers/{csrf}"));
    assert_eq!(host.call(&claim.header(csrf, &csrf_token)).body["code"], "not_found");
}
