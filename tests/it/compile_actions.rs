//! Wrong sections about actions, one mistake each: the place, the words, and the help.

use countersign::compile::{DEFAULT_POLICY, compile};

use crate::gate::{gate_of, short};
use crate::support::compile_text;

/// Adds a section before the calendars and expects the first diagnostic to begin so, on the line
/// with the marked text.
fn check(section: &str, expected: &str, on_line: &str) {
    let text = format!("{DEFAULT_POLICY}\n{section}\n");
    tell(&text, expected, on_line);
}

fn replaced(from: &str, to: &str, expected: &str, on_line: &str) {
    assert!(DEFAULT_POLICY.contains(from), "{from}");
    tell(&DEFAULT_POLICY.replacen(from, to, 1), expected, on_line);
}

fn tell(text: &str, expected: &str, on_line: &str) {
    let diagnostics = compile(text, "policy.toml").err().unwrap_or_else(|| panic!("{expected}"));
    let first = &diagnostics[0];
    let told = format!("{}; {}", first.message, first.help);
    assert!(told.starts_with(expected), "{told}\nexpected {expected}");
    assert!(first.source_line.contains(on_line), "`{}` for {expected}", first.source_line);
    assert!(!first.help.is_empty());
}

fn tool(names: &str, more: &str) -> String {
    format!(
        "[[tool]]\nnames = [{names}]\ntitle = \"T\"\neffects = [\"money\"]\nreversibility = \"reversible\"\n{more}"
    )
}

fn rule(when: &str, more: &str) -> String {
    format!("[[impact]]\nid = \"r\"\nwhen = '{when}'\nwhy = \"w\"\n{more}")
}

#[test]
fn a_wrong_tool_is_told_with_its_mend() {
    check(&tool("\"issue_refund\"", ""), "the tool `issue_refund` stands twice", "[[tool]]");
    check(
        &tool("\"billin*\", \"*illing\"", ""),
        "the patterns `*illing` and `billin*` take the same tools, and neither is longer",
        "[[tool]]",
    );
    check(&tool("\"*\"", ""), "`*` takes every tool; name a family of tools", "names");
    check(&tool("\"a**b\"", ""), "`a**b` takes every tool", "names");
    check(&tool("", ""), "the tool has no name", "[[tool]]");
    check(
        &tool("\"x\"", "amount = \"amount\""),
        "`amount` is not a JSON Pointer; write `/amount`",
        "amount",
    );
    check(
        &tool("\"x\"", "amount = \"/amount\""),
        "an amount needs its currency from one place",
        "[[tool]]",
    );
    check(
        &tool("\"x\"", "amount = \"/a\"\ncurrency = \"/c\"\nfixed_currency = \"USD\""),
        "an amount needs its currency from one place",
        "[[tool]]",
    );
    check(
        &tool("\"x\"", "currency = \"/c\""),
        "there is a currency or a unit, and no amount",
        "[[tool]]",
    );
    check(
        &tool("\"x\"", "amount = \"/a\"\nfixed_currency = \"usd\""),
        "`usd` is not a currency of ISO 4217; write `USD`",
        "fixed_currency",
    );
    check(
        &tool("\"x\"", "amount = \"/a\"\nfixed_currency = \"USD\"\namount_unit = \"cents\""),
        "`cents` is not one of `major`, `minor`",
        "amount_unit",
    );
    check(
        &tool("\"x\"", "").replace("reversible", "read_only"),
        "`x` is read_only and changes something",
        "[[tool]]",
    );
    check(
        &tool("\"x\"", "").replace("[\"money\"]", "[]"),
        "the tool changes something and has no effects",
        "[[tool]]",
    );
    check(
        &tool("\"x\"", "amount = \"/a\"\nfixed_currency = \"USD\"").replace("money", "data"),
        "`x` has an amount and no effect on money",
        "[[tool]]",
    );
    check(
        &tool("\"x\"", "").replace("\"money\"", "\"monney\""),
        "`monney` is not one of",
        "effects",
    );
    check(&tool("\"x\"", "arguments = { a = \"text\" }"), "`text` is not one of", "arguments");
    check(&tool("\"x\"", "quorum = 0"), "`0` is not a whole number from 1 to 9", "quorum");
    check(&tool("\"x\"", "expires = \"0 s\""), "an approval must be waited for", "expires");
    check(
        &tool("\"x\"", "enforcement = \"none\""),
        "`none` is not one of `advisory`, `host`, `executor`",
        "enforcement",
    );
    check(
        &tool("\"x\"", "enforcment = \"host\""),
        "the field `enforcment` is not known; did you mean `enforcement`?",
        "enforcment",
    );
    replaced(
        "tier = \"high\"\nverdict = \"require_approval\"",
        "tier = \"high\"\nverdict = \"allow\"",
        "a tool that nobody knows would be allowed",
        "[unknown_tool]",
    );
}

#[test]
fn a_wrong_rule_is_told_with_its_mend() {
    let known = "action.count > 1";
    check(&rule(known, "then = \"allow\""), "the rule changes nothing", "[[impact]]");
    check(
        &rule(known, "then = \"allow\"\nquorum = 2"),
        "the rule says how to approve and asks for no approval",
        "[[impact]]",
    );
    check(&rule(known, "then = \"block\""), "`block` is not one of `allow`", "then");
    check(
        &rule(r#"actions.verdict == "deny""#, "then = \"deny\""),
        "`actions.verdict` is not known when an action is classified",
        "when",
    );
    check(
        &rule("!has(request.judge_score)", "then = \"deny\""),
        "`request.judge_score` is not known when an action is classified",
        "when",
    );
    check(
        &rule(r#"actions.amount > money("50 EUR")"#, "then = \"deny\""),
        "the condition compares with `50.00 EUR`, which is not in the base currency; write the amount in USD",
        "when",
    );
    check(
        &rule("actions.amount > 5000", "then = \"deny\""),
        "a `money` cannot be compared with a `int` in this way; write the amount as `money",
        "when",
    );
    check(
        &rule(r#"actions.amount > money("5000")"#, "then = \"deny\""),
        "`5000` is not an amount with a currency; write an amount",
        "when",
    );
    check(
        &rule(r#"actions.amount > money("5 dollars")"#, "then = \"deny\""),
        "`dollars` is not a currency of ISO 4217",
        "when",
    );
    check(
        &rule(known, "then = \"deny\"").replace("id = \"r\"", "id = \"large_export\""),
        "`large_export` stands twice",
        "[[impact]]",
    );
    check(
        &rule(known, "then = \"deny\"").replace("\"w\"", "\"{action.cuont}\""),
        "the message names `action.cuont`, which is not declared; did you mean `action.count`?",
        "why",
    );
    replaced(
        "when = 'actions.verdict in [\"require_approval\", \"deny\"]'",
        "when = 'action.tool == \"x\"'",
        "`action.tool` is a fact of one action, which a request has several of",
        "when",
    );
}

#[test]
fn a_wrong_ladder_and_wrong_rates_are_told_with_their_mend() {
    let step = |more: &str| {
        format!("[[authority]]\ndomain = \"billing\"\nlevel = 2\ntitle = \"S\"\n{more}")
    };
    check(
        &step("limit = \"5 USD\""),
        "the step `S` of `billing` ends at its limit",
        "[[authority]]",
    );
    check(
        &step("limit = \"5 EUR\""),
        "the step `S` of `billing` is not in the base currency",
        "[[authority]]",
    );
    check(&step("limit = 5"), "expected a string, got a number", "limit");
    replaced(
        "limit = \"5000 USD\"",
        "limit = \"400 USD\"",
        "the step `specialist` of `any` is not under the next one",
        "[[authority]]",
    );
    replaced(
        "limit = \"5000 USD\"",
        "",
        "the step `senior` of `any` is not under the next one",
        "[[authority]]",
    );
    replaced("base = \"USD\"", "base = \"usd\"", "`usd` is not a currency", "base");
    replaced("EUR = \"1.10\"", "EUR = 1.10", "expected a string, got a number", "per_unit");
    replaced("EUR = \"1.10\"", "EUR = \"0\"", "`0` is not a rate", "per_unit");
    replaced("EUR = \"1.10\"", "EURO = \"1.10\"", "`EURO` is not a currency", "[rates]");
    replaced("EUR = \"1.10\"", "USD = \"1.10\"", "the base currency has a rate", "[rates]");
    replaced("[rates]", "[rate]", "the field `rate` is not known", "[rate]");
}

#[test]
fn the_longer_pattern_takes_the_tool_and_the_exact_name_before_it() {
    let entry = |name: &str, tier: &str| {
        format!("{}\ntier = \"{tier}\"", tool(&format!("\"{name}\""), "verdict = \"deny\""))
    };
    let sections =
        [entry("crm.*", "low"), entry("crm.lead.*", "medium"), entry("crm.lead.drop", "critical")];
    let policy = compile_text(&format!("{DEFAULT_POLICY}\n{}", sections.join("\n"))).policy;
    for (name, entry) in
        [("crm.x", "crm.*"), ("crm.lead.x", "crm.lead.*"), ("crm.lead.drop", "crm.lead.drop")]
    {
        let gate = gate_of(&policy, &format!(r#"{{"tool":"{name}"}}"#), r#"{"tenant_id":"t"}"#);
        assert_eq!(gate.actions[0].entry.as_deref(), Some(entry));
        assert!(short(&gate).starts_with("deny"), "{}", short(&gate));
        assert!(gate.expires_at.is_none());
    }
}

#[test]
fn an_amount_is_read_where_and_as_its_entry_says() {
    let minor = tool(
        "\"pay.out\"",
        "verdict = \"allow\"\namount = \"/sum/value\"\nfixed_currency = \"USD\"\namount_unit = \"minor\"\nenforcement = \"host\"",
    );
    let policy = compile_text(&format!("{DEFAULT_POLICY}\n{minor}")).policy;
    let told = |arguments: &str| {
        let action = format!(r#"{{"tool":"pay.out","arguments":{arguments}}}"#);
        gate_of(&policy, &action, r#"{"tenant_id":"t"}"#)
    };
    let gate = told(r#"{"sum":{"value":4200}}"#);
    assert_eq!((short(&gate).as_str(), gate.enforcement.as_str()), ("allow medium", "host"));
    assert_eq!(gate.impact.magnitude.unwrap().to_string(), "42.00 USD");
    let gate = told(r#"{"sum":{"value":"42.00"}}"#);
    assert_eq!(short(&gate), "require_approval high any:4×2!");
    assert_eq!(gate.reasons[0].path.as_deref(), Some("/0/arguments/sum/value"));
}
