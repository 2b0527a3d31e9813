//! What the default policy says of actions, and what can only raise it: a row a rule.

use countersign::gate::{Context, Gate, classify, read_actions};
use countersign::read::Node;
use countersign::{Json, Policy};

use crate::support::{at, compile_text, default_policy, json, now};

pub(crate) fn gate_of(policy: &Policy, actions: &str, context: &str) -> Gate {
    let actions = read_actions(Node::root(&json(actions))).unwrap();
    let context = Context::read(Node::root(&json(context))).unwrap();
    classify(policy, &actions, &context, now()).unwrap()
}

pub(crate) fn gate(actions: &str) -> Gate {
    gate_of(default_policy(), actions, r#"{"tenant_id":"t"}"#)
}

/// `verdict tier domain:level×quorum`, with `!` for a preview and `?` for provisional.
pub(crate) fn short(gate: &Gate) -> String {
    let mut told = format!("{} {}", gate.verdict, gate.impact.tier);
    for authority in gate.authority.iter().chain(&gate.further_authorities) {
        told.push_str(&format!(" {}:{}", authority.domain, authority.level));
    }
    if gate.quorum > 0 {
        told.push_str(&format!("×{}", gate.quorum));
    }
    told.push_str(if gate.preview_required { "!" } else { "" });
    told.push_str(if gate.provisional { "?" } else { "" });
    told
}

fn check(actions: &str, expected: &str, rules: &[&str]) {
    let gate = gate(actions);
    let fired: Vec<&str> = gate.reasons.iter().map(|reason| reason.rule.as_str()).collect();
    assert_eq!((short(&gate).as_str(), fired.as_slice()), (expected, rules), "{actions}");
    assert!(!gate.reason.is_empty() && gate.reasons.iter().all(|reason| !reason.reason.is_empty()));
    assert_eq!(gate.expires_at.is_some(), gate.verdict.as_str() == "require_approval");
    assert_eq!(gate.authority.is_none(), gate.verdict.as_str() == "allow");
}

fn refund(arguments: &str) -> String {
    format!(r#"{{"tool":"billing.refund","arguments":{{"customer_id":"c",{arguments}}}}}"#)
}

#[test]
fn refunds_climb_the_ladder() {
    let rows = [
        ("0", "allow medium", &[][..]),
        ("50", "allow medium", &[]),
        ("\"50.00\"", "allow medium", &[]),
        ("50.01", "require_approval medium billing:2×1", &["money_above_50", "authority"]),
        ("500", "require_approval medium billing:2×1", &["money_above_50", "authority"]),
        ("500.01", "require_approval medium billing:3×1", &["money_above_50", "authority"]),
        ("5000", "require_approval medium billing:3×1", &["money_above_50", "authority"]),
        (
            "5000.01",
            "require_approval high billing:4×1!",
            &["money_above_50", "money_above_5000", "authority"],
        ),
        (
            "25000",
            "require_approval high billing:4×1!",
            &["money_above_50", "money_above_5000", "authority"],
        ),
        (
            "25000.01",
            "require_approval high billing:4×2!",
            &["money_above_50", "money_above_5000", "authority"],
        ),
    ];
    for (amount, expected, rules) in rows {
        check(&refund(&format!(r#""amount":{amount},"currency":"USD""#)), expected, rules);
    }
    // In another currency, by its rate: 46 EUR are 50.60 USD.
    check(&refund(r#""amount":45,"currency":"EUR""#), "allow medium", &[]);
    check(
        &refund(r#""amount":46,"currency":"EUR""#),
        "require_approval medium billing:2×1",
        &["money_above_50", "authority"],
    );
}

#[test]
fn an_amount_that_cannot_be_judged_goes_to_the_top_of_the_ladder() {
    let top = "require_approval high billing:4×2!";
    let rules = &["amount", "money_above_50", "money_above_5000", "authority"];
    for fields in [
        r#""amount":10,"currency":"CZK""#,
        r#""amount":10,"currency":"usd""#,
        r#""amount":10,"currency":"DOGE""#,
        r#""amount":-10,"currency":"USD""#,
        r#""amount":10.001,"currency":"USD""#,
        r#""amount":"ten","currency":"USD""#,
        r#""amount":"1e1","currency":"USD""#,
        r#""amount":1e300,"currency":"USD""#,
        r#""amount":{"value":10},"currency":"USD""#,
    ] {
        check(&refund(fields), top, rules);
    }
    let mixed = &["arguments", "amount", "money_above_50", "money_above_5000", "authority"];
    check(&refund(r#""currency":"USD""#), top, mixed);
    check(&refund(r#""amount":null,"currency":"USD""#), top, mixed);
    check(&refund(r#""amount":10"#), top, mixed);
    check(&refund(r#""amount":10,"currency":7"#), top, mixed);
    let gate = gate(&refund(r#""amount":-10,"currency":"USD""#));
    let told = gate.reasons.iter().find(|reason| reason.rule == "amount").unwrap();
    assert_eq!(told.path.as_deref(), Some("/0/arguments/amount"));
    assert!(told.reason.contains("`-10` is not an amount of USD"), "{}", told.reason);
    assert!(gate.unjudged.iter().any(|path| path == "/0/arguments/amount"));
    assert!(gate.impact.magnitude.is_none() && !gate.amount_is_known);
}

#[test]
fn the_day_one_catalogue_is_classified_as_its_rules_say() {
    let one =
        |tool: &str, arguments: &str| format!(r#"{{"tool":"{tool}","arguments":{{{arguments}}}}}"#);
    check(&one("kb.search", r#""query":"q""#), "allow low", &[]);
    check(&one("orders.get", ""), "allow low", &[]);
    check(&one("data.export", r#""records":100"#), "allow medium", &[]);
    check(
        &one("data.export", r#""records":101"#),
        "require_approval high any:2×1",
        &["large_export"],
    );
    check(&one("data.export", ""), "require_approval high any:2×1", &["count", "large_export"]);
    check(
        &one("data.export", r#""records":-1"#),
        "require_approval high any:2×1",
        &["count", "large_export"],
    );
    check(
        &one("mail.send", r#""to":["a@x.example"]"#),
        "require_approval medium any:2×1?",
        &["new_recipient"],
    );
    check(
        &one("mail.send", r#""to":["a@x.example","b@x.example"]"#),
        "require_approval medium any:2×1?",
        &["several_recipients", "new_recipient"],
    );
    check(&one("tickets.comment", ""), "allow low", &[]);
    check(
        &one("payouts.adjust", r#""account_id":"a","amount":"12.00","currency":"USD""#),
        "require_approval high billing:2×1",
        &["payouts.adjust", "authority"],
    );
    check(
        &one("payouts.update_bank_details", r#""account_id":"a""#),
        "require_approval critical billing:4×2!",
        &["payouts.update_bank_details", "money_above_50", "money_above_5000", "authority"],
    );
    check(
        &one("account.delete", r#""account_id":"a""#),
        "require_approval critical any:3×2!",
        &["account.delete"],
    );
    check(
        &one("account.delete", ""),
        "require_approval critical any:3×2!",
        &["account.delete", "target"],
    );
    check(
        &one("admin.grant", r#""principal_id":"p""#),
        "require_approval critical security:3×2!",
        &["admin.grant"],
    );
    check(
        &one("account.reset_second_factor", r#""account_id":"a""#),
        "require_approval high security:3×1!",
        &["account.reset_second_factor"],
    );
    check(&one("config.deploy", ""), "require_approval high security:3×1!", &["config.update"]);
    check(&one("api_keys.revoke", ""), "require_approval high security:3×1", &["account.lock"]);
    check(
        &one("appointments.cancel", r#""patient_id":"p""#),
        "require_approval medium any:2×1",
        &["appointments.cancel"],
    );
    check(
        &one("billing.write_off", ""),
        "require_approval high billing:4×2!",
        &["billing.*", "money_above_50", "money_above_5000", "authority"],
    );
    check(&one("warp.engage", ""), "require_approval high any:2×1", &["unknown_tool"]);
    check(&one("Kb.search", ""), "require_approval high any:2×1", &["unknown_tool"]);
    check(&one("kb.search ", ""), "require_approval high any:2×1", &["unknown_tool"]);
    check(
        &one("warp.engage", r#""amount":6000,"currency":"USD""#),
        "require_approval high any:4×1!",
        &["unknown_tool", "inferred", "money_above_50", "money_above_5000", "authority"],
    );
    check(
        &one("warp.engage", r#""amount":"lots","currency":"USD""#),
        "require_approval high any:4×2!",
        &["unknown_tool", "amount", "inferred", "money_above_50", "money_above_5000", "authority"],
    );
}

#[test]
fn the_callers_words_can_only_raise() {
    let small = r#""amount":20,"currency":"USD""#;
    let said = |words: &str| refund(&format!("{small},{words}"));
    check(&said(r#""requires_approval":false"#), "allow medium", &[]);
    check(&said(r#""requires_approval":null"#), "allow medium", &[]);
    for value in ["true", "\"yes\"", "1", "0", "\"false\""] {
        check(
            &said(&format!(r#""requires_approval":{value}"#)),
            "require_approval medium billing:2×1",
            &["requires_approval", "authority"],
        );
    }
    check(&said(r#""policy_basis":"refunds_v4""#), "allow medium", &[]);
    check(
        &said(r#""policy_basis":"Enterprise EXCEPTION""#),
        "require_approval medium billing:3×1",
        &["policy_basis", "authority"],
    );
    check(
        &said(r#""policy_basis":["see","exception list"]"#),
        "require_approval medium billing:3×1",
        &["policy_basis", "authority"],
    );
    check(
        &said(r#""approved_by":"Alice""#),
        "require_approval medium billing:2×1",
        &["arguments", "authority"],
    );
    // Beside the arguments as among them.
    check(
        r#"{"tool":"kb.search","requires_approval":true}"#,
        "require_approval low any:1×1",
        &["requires_approval"],
    );
    check(
        r#"{"tool":"account.lock","policy_basis":"exception"}"#,
        "require_approval high security:4×1",
        &["account.lock", "policy_basis"],
    );
    let large = refund(r#""amount":30000,"currency":"USD","policy_basis":"exception""#);
    check(
        &large,
        "require_approval high billing:4×2!",
        &["money_above_50", "money_above_5000", "policy_basis", "authority"],
    );
}

#[test]
fn a_chain_is_judged_as_one() {
    let refunds = |count: usize, amount: i64| {
        let one = refund(&format!(r#""amount":{amount},"currency":"USD""#));
        format!("[{}]", vec![one; count].join(","))
    };
    check(&refunds(1, 40), "allow medium", &[]);
    // Five times 840 is 4200.
    let five = gate(&refunds(5, 840));
    assert_eq!(short(&five), "require_approval medium billing:3×1");
    assert_eq!(five.impact.magnitude.unwrap().to_string(), "4200.00 USD");
    assert_eq!(short(&gate(&refunds(2, 40))), "require_approval medium billing:2×1");
    let mixed = gate(&format!(
        r#"[{},{{"tool":"kb.search"}},{{"tool":"account.lock"}}]"#,
        refund(r#""amount":600,"currency":"USD""#)
    ));
    assert_eq!(short(&mixed), "require_approval high billing:3 security:3×1");
    let effects: Vec<&str> = mixed.impact.effects.iter().map(|effect| effect.as_str()).collect();
    assert_eq!(effects, ["money", "permissions"]);
    assert_eq!(mixed.actions[1].verdict.as_str(), "allow");
    let leak = gate(
        r#"[{"tool":"data.export","arguments":{"records":5}},{"tool":"mail.send","arguments":{"to":"x"}}]"#,
    );
    assert_eq!(short(&leak), "require_approval high security:3×1?");
    let unknown = gate(&format!(
        "[{},{}]",
        refund(r#""amount":10,"currency":"USD""#),
        refund(r#""amount":10,"currency":"CZK""#)
    ));
    assert_eq!(short(&unknown), "require_approval high billing:4×2!");
    assert_eq!(unknown.impact.magnitude, None);
}

#[test]
fn the_seeds_action_needs_a_lead() {
    let gate = gate(
        r#"{"proposed_action":"issue_refund","amount":4200,"currency":"USD","customer_id":"cust_981",
            "policy_basis":"enterprise exception","requires_approval":true}"#,
    );
    assert_eq!(short(&gate), "require_approval medium billing:4×1");
    assert_eq!(gate.impact.magnitude.unwrap().to_string(), "4200.00 USD");
    assert_eq!(gate.impact.target.as_deref(), Some("cust_981"));
    assert_eq!(gate.expires_at, Some(at("2026-05-10T14:00:00Z")));
    assert!(gate.reason.ends_with("4200.00 USD needs lead"), "{}", gate.reason);
}

#[test]
fn a_digest_covers_tenant_tool_arguments_and_target_and_nothing_else() {
    let digest =
        |actions: &str, context: &str| gate_of(default_policy(), actions, context).action_digest;
    let tenant = r#"{"tenant_id":"t"}"#;
    let action = refund(r#""amount":10,"currency":"USD""#);
    let same = digest(&action, tenant);
    assert_eq!(digest(&action, r#"{"tenant_id":"t","domain":"billing","facts":{"x":1}}"#), same);
    assert_eq!(digest(&format!("[{action}]"), tenant), same);
    assert_eq!(digest(&refund(r#""currency":"USD","amount":10.0"#), tenant), same);
    for other in [
        digest(&action, r#"{"tenant_id":"u"}"#),
        digest(&refund(r#""amount":"10","currency":"USD""#), tenant),
        digest(&refund(r#""amount":10,"currency":"USD","requires_approval":false"#), tenant),
        digest(&action.replace("billing.refund", "issue_refund"), tenant),
        digest(&format!("[{action},{action}]"), tenant),
    ] {
        assert_ne!(other, same);
    }
}

#[test]
fn what_is_no_action_and_no_context_is_refused_with_its_place() {
    let context = Context::read(Node::root(&json(r#"{"tenant_id":"t"}"#))).unwrap();
    let fault = classify(default_policy(), &[], &context, now()).unwrap_err();
    assert_eq!((fault.code.as_str(), fault.path.as_str()), ("invalid_field", "/actions"));
    let many = format!("[{}]", vec![r#"{"tool":"kb.get"}"#; 33].join(","));
    let rows = [
        ("{}", "invalid_field", "/tool"),
        ("[{\"tool\":\"\"}]", "invalid_field", "/0/tool"),
        ("[{\"tool\":\"a\",\"arguments\":[]}]", "invalid_field", "/0/arguments"),
        ("7", "invalid_field", ""),
        (many.as_str(), "limit_exceeded", ""),
    ];
    for (text, code, path) in rows {
        let fault = read_actions(Node::root(&json(text))).unwrap_err();
        assert_eq!((fault.code.as_str(), fault.path.as_str()), (code, path), "{text}");
    }
    assert!(Context::read(Node::root(&json("{}"))).is_err());
}

#[test]
fn what_only_the_host_knows_is_provisional_until_it_says() {
    let mail: Json = json(r#"{"tool":"mail.send","arguments":{"to":"a@x.example"}}"#);
    let actions = read_actions(Node::root(&mail)).unwrap();
    let mut context = Context::read(Node::root(&json(
        // A caller cannot say what only the host knows.
        r#"{"tenant_id":"t","facts":{"recipient_is_new":false}}"#,
    )))
    .unwrap();
    let told =
        |context: &Context| short(&classify(default_policy(), &actions, context, now()).unwrap());
    assert_eq!(told(&context), "require_approval medium any:2×1?");
    context.host_facts.insert("recipient_is_new".to_owned(), Json::Bool(false));
    assert_eq!(told(&context), "allow medium");
    context.host_facts.insert("recipient_is_new".to_owned(), Json::Bool(true));
    assert_eq!(told(&context), "require_approval medium any:2×1");
}

#[test]
fn a_policy_that_says_nothing_of_actions_lets_none_through() {
    let text = countersign::compile::DEFAULT_POLICY;
    let from = text
        .find("# ---------------------------------------------------------------- actions")
        .unwrap();
    let to = text
        .find("# ---------------------------------------------------------------- calendars")
        .unwrap();
    let policy = compile_text(&format!("{}{}", &text[..from], &text[to..])).policy;
    let gate = gate_of(&policy, r#"{"tool":"kb.search"}"#, r#"{"tenant_id":"t"}"#);
    assert_eq!(short(&gate), "require_approval high any:2×1");
}

#[test]
fn unknown_fields_of_a_context_take_no_part_and_are_listed() {
    let context = r#"{"tenant_id":"t","approved":true,"facts":{"undeclared":1}}"#;
    let gate = gate_of(default_policy(), r#"{"tool":"account.lock"}"#, context);
    assert_eq!(short(&gate), "require_approval high security:3×1");
    assert_eq!(gate.unjudged, ["/context/approved", "facts.undeclared"]);
}
