//! Lists, queues and files.

use serde_json::{Value, json};

use crate::support::{Call, Folder, Host, billing_request};

fn ids(page: &Value) -> Vec<String> {
    page["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| case["case_id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_list_is_paged_without_gaps_or_repetitions_and_filtered() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let (edge, jonas) = (host.edge("northwind"), host.sign_in("Jonas"));
    for number in 0..25 {
        let mut body = billing_request();
        body["case_id"] = json!(format!("case_{number:02}"));
        body["user_question"] = json!(format!("Question {number:02} {}", "é".repeat(300)));
        body["risk_level"] = json!(if number % 5 == 0 { "critical" } else { "high" });
        host.create(&edge, body);
    }
    let mut foreign = billing_request();
    foreign["case_id"] = json!("case_foreign");
    host.create(&host.edge("meridian-health"), foreign);

    for order in ["due", "age", "priority"] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/v1/cases?order={order}&limit=7{cursor}");
            let page = host.expect(&Call::get(&path).of(&jonas), 200);
            seen.extend(ids(&page));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={}", next.replace(' ', "%20").replace(',', "%2C"));
        }
        let mut unique = seen.clone();
        unique.sort();
        unique.dedup();
        assert_eq!((seen.len(), unique.len()), (26, 26), "{order}");
        if order == "priority" {
            let first: Vec<&str> = seen.iter().take(5).map(String::as_str).collect();
            assert_eq!(first, ["case_00", "case_05", "case_10", "case_15", "case_20"]);
        }
    }
    let page = |query: &str| host.expect(&Call::get(&format!("/v1/cases?{query}")).of(&jonas), 200);
    assert_eq!(ids(&page("q=question%2007")), ["case_07"]);
    assert_eq!(ids(&page("tenant_id=meridian-health")), ["case_foreign"]);
    assert_eq!(ids(&page("risk_level=critical")).len(), 5);
    assert_eq!(ids(&page("queue=triage")).len(), 0);
    assert_eq!(ids(&page("state=leased")).len(), 0);
    assert_eq!(ids(&page("view=mine")).len(), 0);
    host.expect(&Call::post("/v1/cases/case_03/claim", json!({})).of(&jonas), 200);
    let mine = page("view=mine");
    assert_eq!(ids(&mine), ["case_03"]);
    assert_eq!(mine["cases"][0]["leased_by_name"], "Jonas Weber");
    assert_eq!(mine["cases"][0]["user_question"].as_str().unwrap().chars().count(), 280);
    assert_eq!(mine["cases"][0]["trigger_kinds"], json!(["tool_risk", "low_confidence"]));
    let of_edge = host.expect(&Call::get("/v1/cases?view=all").of(&edge), 200);
    assert_eq!(ids(&of_edge).len(), 25, "an edge sees its own only");

    let queues = host.expect(&Call::get("/v1/queues").of(&jonas), 200);
    let billing = queues["queues"]
        .as_array()
        .unwrap()
        .iter()
        .find(|queue| queue["queue"] == "billing_dispute");
    let billing = billing.unwrap();
    assert_eq!(billing["counts"], json!({ "ready": 25, "leased": 1, "held": 0, "overdue": 0 }));
    assert_eq!(billing["mine"], true);
    let next =
        host.expect(&Call::post("/v1/queues/billing_dispute/claim", json!({})).of(&jonas), 200);
    assert_eq!(next["case"]["case_id"], "case_00", "the most urgent first");
}

#[test]
fn files_are_served_under_a_policy_that_lets_nothing_else_run() {
    let folder = Folder::new();
    let ui = folder.join("ui");
    std::fs::create_dir_all(ui.join("assets")).unwrap();
    std::fs::write(ui.join("index.html"), "<!doctype html><title>inbox</title>").unwrap();
    std::fs::write(ui.join("assets/app-1.js"), "export {};").unwrap();
    let host = Host::start_with(&folder, &["--ui", ui.to_str().unwrap()]);
    let page = host.call(&Call::get("/"));
    assert_eq!((page.status, page.header("content-type")), (200, "text/html"));
    let policy = page.header("content-security-policy");
    for part in [
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "require-trusted-types-for 'script'",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    let script = host.call(&Call::get("/assets/app-1.js"));
    assert_eq!((script.status, script.header("content-type")), (200, "text/javascript"));
    assert!(script.header("cache-control").contains("immutable"));
    assert_eq!(host.call(&Call::get("/..%2Fcountersign.db")).status, 404);
    assert_eq!(host.call(&Call::get("/../countersign.db")).status, 404);
    assert_eq!(host.call(&Call::post("/index.html", json!({}))).body["code"], "method_not_allowed");
    assert_eq!(host.call(&Call::get("/v1/nothing")).body["code"], "not_found");
}

#[test]
fn a_policy_is_checked_without_being_stored() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let jonas = host.sign_in("Jonas");
    let check = |source: &str| {
        host.expect(&Call::post("/v1/policies/check", json!({ "source": source })).of(&jonas), 200)
    };
    let before = folder.dump();
    let good = check(countersign::compile::DEFAULT_POLICY);
    let current = host.expect(&Call::get("/v1/me").of(&jonas), 200)["policy"]["hash"].clone();
    assert_eq!((good["bundle_hash"].clone(), good["diagnostics"].clone()), (current, json!([])));
    let bad = check(
        &countersign::compile::DEFAULT_POLICY
            .replace("kind = \"high_stakes\"", "kind = \"high_steaks\""),
    );
    assert_eq!(bad["bundle_hash"], Value::Null);
    let first = &bad["diagnostics"][0];
    assert_eq!(first["severity"], "error");
    assert!(
        first["line"].as_i64().unwrap() > 1 && first["column"].as_i64().unwrap() >= 1,
        "{first}"
    );
    assert!(first["source_line"].as_str().unwrap().contains("high_steaks"), "{first}");
    assert!(folder.dump() == before);
}
