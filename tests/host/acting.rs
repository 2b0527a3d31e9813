//! What tests of actions share: a host with an executor, proposals, and waiting for what becomes of them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::sink::Sink;
use crate::support::{Answer, Call, Folder, Host, Who, fresh, quick_policy, run_ok};

pub(crate) const WAIT_MAX: Duration = Duration::from_secs(20);

/// An executor of refunds, as the operator describes it.
pub(crate) fn executors(folder: &Folder, sink: &Sink, more: &str) -> String {
    let text = format!(
        "[[executor]]\nid = \"payments\"\nurl = \"http://{}/actions\"\n\
         tools = [\"billing.*\", \"issue_refund\", \"payouts.*\"]\ntimeout = \"1 s\"\n{more}\n",
        sink.address
    );
    let path = folder.join("executors.toml");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

pub(crate) fn start(folder: &Folder, sink: &Sink, more: &str) -> Host {
    start_with_undo(folder, sink, more, "100 ms")
}

pub(crate) fn start_with_undo(folder: &Folder, sink: &Sink, more: &str, undo_window: &str) -> Host {
    let executors = executors(folder, sink, more);
    let policy = quick_policy(folder, "20 min", undo_window);
    Host::start_with(folder, &["--policy", policy.to_str().unwrap(), "--executors", &executors])
}

/// A reviewer of every tenant with this authority in every domain.
pub(crate) fn reviewer(host: &Host, folder: &Folder, name: &str, level: &str) -> (String, Who) {
    let made = ["principal", "create", "--tenant", "northwind", "--name", name];
    let id = run_ok(folder.path(), &made);
    run_ok(folder.path(), &["grant", "add", &id, "--role", "reviewer", "--level", level]);
    let link = run_ok(folder.path(), &["sign-in-link", &id]);
    let secret = link.rsplit('/').next().unwrap().to_owned();
    (id, host.sign_in_with(&secret))
}

pub(crate) fn refund(amount: &str) -> Value {
    json!({
        "actions": [{
            "tool": "billing.refund",
            "arguments": { "amount": amount, "currency": "USD", "customer_id": fresh("cust") },
        }],
        "summary": "The customer was charged twice.",
    })
}

pub(crate) fn propose(host: &Host, edge: &Who, body: Value) -> Value {
    let call = Call::post("/v1/proposals", body).of(edge).key(&fresh("key"));
    host.expect(&call, 201)["proposal"].clone()
}

pub(crate) fn read(host: &Host, who: &Who, proposal: &Value) -> Value {
    let path = format!("/v1/proposals/{}", proposal["proposal_id"].as_str().unwrap());
    host.expect(&Call::get(&path).of(who), 200)
}

pub(crate) fn command(host: &Host, who: &Who, proposal: &Value, name: &str, body: Value) -> Answer {
    let path = format!("/v1/proposals/{}/{name}", proposal["proposal_id"].as_str().unwrap());
    host.call(&Call::post(&path, body).of(who).key(&fresh("key")))
}

pub(crate) fn wait(
    host: &Host,
    who: &Who,
    proposal: &Value,
    fits: impl Fn(&Value) -> bool,
) -> Value {
    let started = Instant::now();
    loop {
        let view = read(host, who, proposal);
        if fits(&view) {
            return view;
        }
        assert!(started.elapsed() < WAIT_MAX, "waited in vain: {view:#}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

pub(crate) fn wait_for(host: &Host, who: &Who, proposal: &Value, state: &str) -> Value {
    wait(host, who, proposal, |view| view["proposal"]["state"] == state)
}

/// Waits until the first execution stands like this.
pub(crate) fn wait_executed(host: &Host, who: &Who, proposal: &Value, state: &str) -> Value {
    wait(host, who, proposal, |view| view["executions"][0]["state"] == state)
}

/// Approves what stands there now.
pub(crate) fn approve(host: &Host, who: &Who, proposal: &Value) -> Answer {
    let view = wait(host, who, proposal, |view| view["proposal"]["state"] != "previewing");
    let digest = view["proposal"]["binding_digest"].clone();
    command(host, who, proposal, "approve", json!({ "binding_digest": digest }))
}

pub(crate) fn approved(host: &Host, who: &Who, proposal: &Value) -> Value {
    let answer = approve(host, who, proposal);
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.body["proposal"].clone()
}

pub(crate) fn code(answer: &Answer) -> &str {
    answer.body["code"].as_str().unwrap_or_default()
}

pub(crate) const KEYED: &str = "guarantee = \"idempotent\"\npreviews = true";
