//! The golden corpus of gates: the same actions must give the same bytes in Rust, wasm, Node and the
//! host.
//!
//! A row is `{name, now, actions, context, gate}`, the gate in its canonical form; `UPDATE=1` writes
//! the gates anew.

use std::collections::BTreeSet;

use countersign::Json;
use countersign::gate::{Context, classify, read_actions};
use countersign::read::Node;
use serde_json::{Value, json};

use crate::support::{NOW, assert_fresh, canonical, default_policy, now, root};

fn of_samples() -> Vec<(String, Value, Value)> {
    let samples = std::fs::read_to_string(root().join("tests/samples/requests.jsonl")).unwrap();
    let requests = samples.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let proposing = requests.filter(|request| request["proposed_actions"].is_array());
    proposing
        .filter(|request| request["proposed_actions"] != json!([]))
        .map(|request| {
            let context = json!({"tenant_id": request["tenant_id"], "domain": request["domain"],
                "language": request["language"], "risk_level": request["risk_level"]});
            let name = request["request_id"].as_str().unwrap().to_owned();
            (name, request["proposed_actions"].clone(), context)
        })
        .collect()
}

fn by_hand() -> Vec<Value> {
    let refund = |amount: Value, currency: &str| {
        json!({"tool": "billing.refund",
            "arguments": {"customer_id": "cust_1", "amount": amount, "currency": currency}})
    };
    let mut rows = vec![
        // The tutorial's action, as it stands.
        json!({"proposed_action": "issue_refund", "amount": 4200, "currency": "USD",
            "customer_id": "cust_981", "policy_basis": "enterprise exception",
            "requires_approval": true}),
        json!([refund(json!(40), "USD"), refund(json!(40), "USD")]),
        json!([refund(json!(40), "USD"), {"tool": "kb.search"}]),
        json!([{"tool": "data.export", "arguments": {"records": 7}},
            {"tool": "mail.send", "arguments": {"to": ["a@x.example", "b@x.example"]}}]),
        json!({"tool": "mail.send", "arguments": {"to": "\u{202e}moc.elpmaxe@a\u{0}😀\u{e000}\u{fffd}"}}),
        json!({"tool": "no.such.tool", "arguments": {"deep": {"a/b": [{"~": null}]}, "n": 1e-7}}),
        json!({"tool": "no.such.tool", "arguments": {"amount": "12.50", "currency": "EUR"}}),
        json!({"tool": "billing.refund", "arguments": {"customer_id": null, "amount": true}}),
        json!({"tool": "billing.refund", "arguments": {"customer_id": ["a", "b"], "amount": 10, "currency": "USD"}}),
        json!({"tool": "billing.write_off"}),
        json!({"tool": "billing.refund.all", "arguments": {}}),
        json!({"tool": "account.delete", "arguments": {"account_id": 7}}),
        json!({"tool": "kb.search", "requires_approval": true}),
        json!({"tool": "kb.search", "later_field": 1}),
        json!({"tool": "data.export", "arguments": {"records": [1, 2, 3]}}),
        json!({"tool": "data.export", "arguments": {"records": "many"}}),
        json!({"tool": "data.export", "arguments": {"records": 100.5}}),
    ];
    rows.extend(crate::inference::rows());
    let amounts = [
        json!(0),
        json!(50),
        json!(50.01),
        json!("50.00"),
        json!(500),
        json!(500.01),
        json!(5000),
        json!(5000.01),
        json!(25000),
        json!(25000.01),
        json!(0.1),
        json!(1.15),
        json!(0.30000000000000004),
        json!(-1),
        json!("007"),
        json!("1,000"),
        json!(1e21),
        json!("90071992547409.91"),
        json!(1e-7),
    ];
    rows.extend(amounts.into_iter().map(|amount| refund(amount, "USD")));
    for currency in ["EUR", "JPY", "KWD", "CZK", "usd", "XAU", ""] {
        rows.push(refund(json!(45), currency));
    }
    let tools = default_policy().actions().tools.iter();
    rows.extend(tools.map(|tool| {
        let arguments = json!({"account_id": "acct_1", "customer_id": "cust_1", "patient_id": "pat_1",
            "principal_id": "prin_1", "subscription_id": "sub_1", "to": ["a@x.example"],
            "records": 100, "amount": 12, "currency": "USD"});
        json!({"tool": tool.names[0].replace('*', "other"), "arguments": arguments})
    }));
    rows
}

fn rows() -> Vec<(String, Value, Value)> {
    let context =
        json!({"tenant_id": "tenant_a", "domain": "billing", "facts": {"x": 1}, "later": 1});
    let by_hand = by_hand().into_iter().enumerate();
    let by_hand = by_hand.map(|(index, row)| (format!("gate_{index:03}"), row, context.clone()));
    of_samples().into_iter().chain(by_hand).collect()
}

#[test]
fn every_action_of_the_corpus_gets_its_golden_gate() {
    let mut out = String::new();
    let mut seen = BTreeSet::new();
    let rows = rows();
    assert!(rows.len() >= 60, "the corpus is short: {}", rows.len());
    for (name, actions, context) in rows {
        let read = |value: &Value| serde_json::from_value::<Json>(value.clone()).unwrap();
        let of = |json: &Json| read_actions(Node::root(json)).unwrap();
        let (list, around) = (of(&read(&actions)), read(&context));
        let around = Context::read(Node::root(&around)).unwrap();
        let gate = classify(default_policy(), &list, &around, now()).unwrap();
        seen.insert(gate.verdict.to_string());
        seen.insert(gate.impact.tier.to_string());
        seen.insert(gate.impact.reversibility.to_string());
        seen.extend(gate.impact.effects.iter().map(ToString::to_string));
        let gate = canonical(&gate);
        let row =
            json!({"name": name, "now": NOW, "actions": actions, "context": context, "gate": gate});
        out.push_str(&format!("{row}\n"));
    }
    // Two verdicts (the default policy denies nothing), four tiers, four classes, five effects.
    assert_eq!(seen.len(), 2 + 4 + 4 + 5, "{seen:?}");
    assert_fresh("tests/fixtures/gates.jsonl", &out);
}
