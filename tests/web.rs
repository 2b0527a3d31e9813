//! The golden corpus inside wasm, through the bindings: in Node and in Chromium.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that finds something else ends")]

use countersign::wasm::{Engine, canonicalize};
use js_sys::{JSON, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

const IMAGE: &[u8] = include_bytes!("../pkg/default-policy.bin");
const CORPUS: &str = include_str!("fixtures/decisions.jsonl");
const GATES: &str = include_str!("fixtures/gates.jsonl");

fn parse(text: &str) -> JsValue {
    JSON::parse(text).unwrap()
}

fn field(value: &JsValue, name: &str) -> JsValue {
    Reflect::get(value, &JsValue::from_str(name)).unwrap()
}

fn engine() -> Engine {
    Engine::new(IMAGE).unwrap()
}

#[wasm_bindgen_test]
fn every_request_of_the_corpus_gets_its_golden_verdict() {
    let engine = engine();
    let mut count = 0;
    for line in CORPUS.lines() {
        let row = parse(line);
        let now_ms = js_sys::Date::parse(&field(&row, "now").as_string().unwrap());
        let verdict = engine.evaluate(&field(&row, "request"), now_ms).unwrap();
        let expected = field(&row, "verdict").as_string().unwrap();
        assert_eq!(canonicalize(&verdict).unwrap(), expected, "{:?}", field(&row, "name"));
        count += 1;
    }
    assert!(count >= 300, "the corpus is short: {count}");
}

#[wasm_bindgen_test]
fn every_action_of_the_corpus_gets_its_golden_gate() {
    let engine = engine();
    let mut count = 0;
    for line in GATES.lines() {
        let row = parse(line);
        let now_ms = js_sys::Date::parse(&field(&row, "now").as_string().unwrap());
        let (actions, context) = (field(&row, "actions"), field(&row, "context"));
        let gate = engine.classify(&actions, &context, now_ms).unwrap();
        let expected = field(&row, "gate").as_string().unwrap();
        assert_eq!(canonicalize(&gate).unwrap(), expected, "{:?}", field(&row, "name"));
        count += 1;
    }
    assert!(count >= 60, "the corpus is short: {count}");
}

#[wasm_bindgen_test]
fn what_is_no_action_is_an_error_with_its_path() {
    let engine = engine();
    let rows = [
        ("[]", "({tenant_id: 't'})", "invalid_field", "/actions"),
        (
            "[{tool: 'a', arguments: {n: NaN}}]",
            "({tenant_id: 't'})",
            "invalid_field",
            "/actions/0/arguments/n",
        ),
        ("({tool: 7})", "({tenant_id: 't'})", "invalid_field", "/actions/tool"),
        ("undefined", "({tenant_id: 't'})", "invalid_field", "/actions"),
        ("({tool: 'a'})", "undefined", "invalid_field", "/context"),
        ("({tool: 'a'})", "({})", "invalid_field", "/context/tenant_id"),
    ];
    for (actions, context, code, path) in rows {
        let (action, around) = (js_sys::eval(actions).unwrap(), js_sys::eval(context).unwrap());
        let error = engine.classify(&action, &around, 1_778_335_200_000.0).unwrap_err();
        let told = (
            field(&error, "code").as_string().unwrap(),
            field(&error, "path").as_string().unwrap(),
        );
        assert_eq!((told.0.as_str(), told.1.as_str()), (code, path), "{actions} {context}");
    }
}

#[wasm_bindgen_test]
fn what_is_not_plain_data_is_an_error_with_its_path() {
    let rows = [
        (
            "({tenant_id: 't', user_question: 'q', judge_score: NaN})",
            "invalid_field",
            "/judge_score",
        ),
        (
            "({tenant_id: 't', user_question: 'q', judge_score: Infinity})",
            "invalid_field",
            "/judge_score",
        ),
        (
            "({tenant_id: 't', user_question: 'q', judge_score: 1n})",
            "invalid_field",
            "/judge_score",
        ),
        ("({tenant_id: 't', user_question: '\\ud800'})", "invalid_field", "/user_question"),
        ("({tenant_id: 't', user_question: 'q', sent: new Date()})", "invalid_field", "/sent"),
        ("({tenant_id: 't', user_question: 'q', f() {}})", "invalid_field", "/f"),
        ("({tenant_id: 't', get user_question() { throw 1 }})", "invalid_field", "/user_question"),
        (
            "(() => { const a = {}; a.a = a; return a })()",
            "limit_exceeded",
            "/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a",
        ),
        ("undefined", "invalid_field", ""),
        ("({tenant_id: 't'})", "invalid_field", "/user_question"),
    ];
    let engine = engine();
    for (code, expected_code, expected_path) in rows {
        let value = js_sys::eval(code).unwrap();
        let error = engine.evaluate(&value, 1_778_335_200_000.0).unwrap_err();
        let told = (
            field(&error, "code").as_string().unwrap(),
            field(&error, "path").as_string().unwrap(),
        );
        assert_eq!((told.0.as_str(), told.1.as_str()), (expected_code, expected_path), "{code}");
    }
    let now =
        engine.evaluate(&parse(r#"{"tenant_id":"t","user_question":"q"}"#), f64::NAN).unwrap_err();
    assert_eq!(field(&now, "path").as_string().unwrap(), "/now");
}

#[wasm_bindgen_test]
fn an_image_that_was_altered_is_refused() {
    let mut altered = IMAGE.to_vec();
    *altered.last_mut().unwrap() ^= 1;
    let error = Engine::new(&altered).err().unwrap();
    assert_eq!(field(&error, "code").as_string().unwrap(), "policy_rejected");
    assert!(field(&error, "detail").as_string().unwrap().contains("damaged"));
}
