//! Wrong policies, one mistake each, and everything that is told of them, held in one golden file.

use countersign::compile::compile;

use crate::support::{assert_fresh, compile_text};

/// The policy in which the mistakes are made.
pub(crate) const SMALL: &str = include_str!("../fixtures/small-policy.toml");

/// The condition of the first trigger.
const LEGAL: &str = r#"request.domain == "legal" && confidence < 0.9"#;
/// The condition of the rule over actions.
const LARGE: &str = r#""money" in action.effects && actions.amount > money("50 USD")"#;

/// What stands there, and what stands there by mistake.
const MISTAKES: &[(&str, &str)] = &[
    // Names.
    (LEGAL, r#"request.domian == "legal""#),
    (LEGAL, r#"request.domain == "legal" && confidnce < 0.9"#),
    (LEGAL, r#"request.domain.name == "legal""#),
    (LEGAL, r#"request.intent == "advisory""#),
    (LEGAL, r#"has(request.domian)"#),
    (LEGAL, r#"has(confidence)"#),
    (LEGAL, r#"facts["order"] > 1"#),
    (LEGAL, r#"actions.tools.exists(t, tool == "a")"#),
    (LEGAL, r#"actions.tools.exists(t, t.name == "a")"#),
    (LEGAL, r#"actions.tools.exists(confidence, confidence == "a")"#),
    (LEGAL, r#"sizeof(actions.tools) > 1"#),
    (LEGAL, r#"request.domain.startswith("le")"#),
    (LEGAL, r#"size(request.domain, 1) > 1"#),
    // Types.
    (LEGAL, r#"request.domain == 7"#),
    (LEGAL, r#"request.domain"#),
    (LEGAL, r#"request.domain && confidence < 0.9"#),
    (LEGAL, r#"!confidence"#),
    (LEGAL, r#"-request.domain == "x""#),
    (LEGAL, r#"confidence < "0.9""#),
    (LEGAL, r#"request.domain in "legal""#),
    (LEGAL, r#"actions.tools == "mail.send""#),
    (LEGAL, r#"actions.tools.contains("mail.send")"#),
    (LEGAL, r#"actions.tools["0"] == "mail.send""#),
    (LEGAL, r#"7 in actions.tools"#),
    (LEGAL, r#"actions.amount > 50"#),
    (LEGAL, r#"actions.amount + actions.amount > money("50 USD")"#),
    (LEGAL, r#"facts.contract_end < "2027-01-01T00:00:00Z""#),
    (LEGAL, r#"facts.refunds * 1.5 > 3.0"#),
    (LEGAL, r#"request.domain + "x" == "legalx""#),
    (LEGAL, r#"size(confidence) > 1"#),
    (LEGAL, r#"confidence.exists(c, c > 0.5)"#),
    (LEGAL, r#"(request.asks_for_person ? 1 : "2") == 1"#),
    (LEGAL, r#"facts.orders % 2.0 == 0.0"#),
    // Constants.
    (LEGAL, r#"request.domain in []"#),
    (LEGAL, r#"request.domain in ["legal", 7]"#),
    (LEGAL, r#"request.domain in ["legal", request.risk_level]"#),
    (LEGAL, r#"actions.amount > money("50")"#),
    (LEGAL, r#"actions.amount > money("50 EUR")"#),
    (LEGAL, r#"actions.amount > money("50 dollars")"#),
    (LEGAL, r#"actions.amount > money(request.domain)"#),
    (LEGAL, r#"facts.contract_end < timestamp("2027")"#),
    (LEGAL, r#"facts.orders > 9007199254740993"#),
    (LEGAL, r#"facts.orders > 1e400"#),
    (LEGAL, r#"facts.orders > 5u"#),
    (LEGAL, r#"request.domain == "le\gal""#),
    (LEGAL, r#"request.domain == "legal"#),
    (LEGAL, r#"request.domain == b"legal""#),
    // Beyond the subset.
    (LEGAL, r#"request.domain.matches("le.*")"#),
    (LEGAL, r#"actions.tools.map(t, t) == ["a"]"#),
    (LEGAL, r#"{"a": 1}.a == 1"#),
    (LEGAL, r#"request.domain == null"#),
    (LEGAL, r#"Request{domain: "legal"} == 1"#),
    (LEGAL, r#"int(confidence) == 1"#),
    (LEGAL, r#"facts.contract_end < duration("24h")"#),
    // Grammar.
    (LEGAL, ""),
    (LEGAL, r#"request.domain = "legal""#),
    (LEGAL, r#"request.domain == "legal" and confidence < 0.9"#),
    (LEGAL, r#"request.domain == "legal" & confidence < 0.9"#),
    (LEGAL, r#"(request.domain == "legal""#),
    (LEGAL, r#"request.domain == "legal")"#),
    (LEGAL, r#"request.asks_for_person ? true"#),
    (LEGAL, r#"request. == "legal""#),
    (LEGAL, r#"if == "legal""#),
    (LEGAL, r#"size(actions.tools,) > 1"#),
    // What can never hold.
    (LEGAL, r#"request.risk_level == "hi""#),
    (LEGAL, r#"request.risk_level in ["high", "critcal"]"#),
    (LEGAL, r#"request.risk_level > "low""#),
    (LEGAL, r#"confidence > 60.0"#),
    (LEGAL, r#"request.domain == "legal" && request.domain == "medical""#),
    (LEGAL, r#"request.domain == "legal" && request.domain in ["medical", "tax"]"#),
    (LEGAL, r#"facts.orders > 5 && facts.orders < 3"#),
    (LEGAL, r#"actions.amount > money("500 USD") && actions.amount < money("50 USD")"#),
    (LEGAL, "1 > 2"),
    // Where they stand.
    ("facts.refunds * 100 / facts.orders", "facts.refunds * 100 / facts.order"),
    ("\"size(actions.tools) > 3\"", "\"\\u0073ize(actions.tolls) > 3\""),
    (LEGAL, r#"action.tool == "mail.send""#),
    (LARGE, "request.judge_score < 0.5"),
    ("when = 'confidence < 0.95'", "when = 'confidence << 0.95'"),
    ("when = \"request.asks_for_person\"", "when = true"),
    ("when = \"request.asks_for_person\"", "when = { fact = \"request.asks_for_person\" }"),
    ("when = \"request.asks_for_person\"\n", ""),
    // Rules.
    ("required = [\"request.judge_score\"]", "required = [\"request.domain\"]"),
    ("required = [\"request.judge_score\"]", "required = [\"request.judge_scor\"]"),
    ("then = \"escalate\"\nrisk_level = \"high\"", "then = \"answer\""),
    ("id = \"legal\"", "id = \"low_confidence\""),
    ("risk_level = \"high\"\nwhy", "risk_level = \"high\"\ntemplate = \"tool_down\"\nwhy"),
    ("risk_level = \"high\"\nwhy", "risk_level = \"high\"\nauthority_level_min = 5\nwhy"),
    ("risk_level = \"high\"\nwhy", "risk_level = \"high\"\nfinal = true\nwhy"),
    ("risk_level = \"high\"\nwhy", "risk_level = \"high\"\nshadow = 1\nwhy"),
    ("shadow = true", "shadwo = true"),
    ("({request.domain})", "({request.domian})"),
    // Suppressions.
    ("\"low_confidence\", \"judge\"", "\"low_confidence\", \"asks\""),
    ("\"low_confidence\", \"judge\"", "\"legal\""),
    ("\"low_confidence\", \"judge\"", "\"new_rule\""),
    ("\"low_confidence\", \"judge\"", "\"juge\""),
    ("\"low_confidence\", \"judge\"", ""),
    ("then = \"limited_answer\"", "then = \"refuse\""),
    ("then = \"limited_answer\"", "then = \"answer\""),
    ("template = \"tool_down\"", "template = \"tool_dwon\""),
    ("[template.tool_down]\ndefault", "[template.tool_down]\nen"),
    // Queues and authorities.
    ("fallback_queue = \"triage\"", "fallback_queue = \"triag\""),
    (
        "accepts = { domains = [\"legal\"], ",
        "accepts = { risk_level_min = \"high\", risk_level_max = \"low\", ",
    ),
    ("sla_min = \"1 h\"", "sla_min = \"5 h\""),
    (
        "[limited_answer]",
        "[[queue]]\nqueue = \"late\"\ntitle = \"Late\"\nsla = \"4 h\"\nauthority = { domain = \"any\", level = 2 }\naccepts = { domains = [\"tax\"] }\n\n[limited_answer]",
    ),
    ("domain = \"legal\", level = 3", "domain = \"legal\", level = 4"),
    ("domain = \"billing\", level = 2", "domain = \"billing\", level = 9"),
    ("level = 3\ntitle = \"lead\"", "level = 3\ntitle = \"lead\"\nlimit = \"400 USD\""),
    ("limit = \"500 USD\"", "limit = \"500 EUR\""),
    ("\"billing.refund\", \"billing.*\"", "\"billin*\", \"*illing\""),
    ("fixed_currency = \"USD\"", "fixed_currency = \"US\""),
    ("base = \"USD\"\n", "base = \"CHF\"\n"),
    ("[rates]\nbase = \"USD\"\nper_unit = { EUR = \"1.10\" }", ""),
    ("EUR = \"1.10\"", "EUR = \"-1\""),
    // Schemas of arguments.
    ("verdict = \"allow\"", "verdict = \"allow\"\nschema = \"object\""),
    ("verdict = \"allow\"", "verdict = \"allow\"\nschema = { type = \"objekt\" }"),
    (
        "verdict = \"allow\"",
        "verdict = \"allow\"\nschema = { type = \"object\", required = \"amount\" }",
    ),
    (
        "verdict = \"allow\"",
        "verdict = \"allow\"\nschema = { \"$ref\" = \"https://example.com/refund.json\" }",
    ),
    // TOML.
    ("id = \"small\"", "id = small"),
    ("id = \"small\"", "id = \"small\"\nid = \"small\""),
];

#[test]
fn each_mistake_is_told_with_its_place_and_its_mend() {
    compile_text(SMALL);
    let mut out = String::from(
        "Wrong policies, one mistake each: what was right, what was written, and what is told.\n",
    );
    for (right, wrong) in MISTAKES {
        assert!(SMALL.contains(right), "{right}");
        let text = SMALL.replacen(right, wrong, 1);
        let diagnostics =
            compile(&text, "policy.toml").err().unwrap_or_else(|| panic!("accepted: {wrong}"));
        out.push_str(&format!("\n- {right}\n+ {wrong}\n"));
        for diagnostic in &diagnostics {
            assert!(!diagnostic.help.is_empty(), "{diagnostic}");
            out.push_str(&format!("{diagnostic}\n"));
        }
    }
    assert!(MISTAKES.len() >= 60);
    assert_fresh("tests/fixtures/diagnostics.txt", &out);
}

/// Compiles the small policy with another first condition, and gives what is told of it.
fn told(condition: &str) -> String {
    let quoted = format!("'{LEGAL}'");
    let text = SMALL.replacen(&quoted, &format!("'''{condition}'''"), 1);
    let diagnostics = compile(&text, "policy.toml").expect_err(condition);
    format!("{}; {}", diagnostics[0].message, diagnostics[0].help)
}

#[test]
fn text_that_would_exhaust_a_parser_is_refused_at_once() {
    let deep = "the condition nests deeper than 64";
    let long = "the condition has";
    for (condition, expected) in [
        (format!("{}1{}", "(".repeat(10_000), ")".repeat(10_000)), long),
        (vec!["1"; 10_000].join("+"), long),
        (format!("{}1{}", "(".repeat(2_000), ")".repeat(2_000)), deep),
        ("(".repeat(4_000), deep),
        ("[".repeat(4_000), deep),
        (format!("{}true", "!".repeat(4_000)), deep),
        (format!("{}1 == 1", "-".repeat(4_000)), deep),
        (format!("{} == 1", vec!["1"; 2_000].join("+")), deep),
        (format!("a{}", ".a".repeat(2_000)), deep),
        (format!("a{}", "[0]".repeat(1_300)), deep),
        ("true?".repeat(800), "expected"),
        ("true?true:".repeat(400), deep),
        (vec!["true"; 600].join("&&"), "the condition has more than 512 steps"),
        (
            "actions.tools.all(a, actions.tools.all(b, actions.tools.all(c, a == b)))".to_owned(),
            "loops nest deeper than 2",
        ),
        (
            "actions.tools.all(a, actions.tools.all(b, a == b && a != b && a == b))".to_owned(),
            "the condition may take more than 100000 steps",
        ),
    ] {
        let found = told(&condition);
        assert!(found.starts_with(expected), "{found}\nexpected {expected}");
    }
}

/// A policy that is too long, or that nests without end, is refused at once and said to be so.
#[test]
fn a_text_that_would_exhaust_the_reader_is_refused_at_once() {
    let long = "at most 1000000 are taken";
    let deep = "deep";
    let rows = [
        ("x".repeat(10_000_000), long),
        (format!("{SMALL}\n# {}", "é".repeat(5_000_000)), long),
        (format!("{SMALL}\nx = {}{}", "[".repeat(10_000), "]".repeat(10_000)), deep),
        (format!("{SMALL}\nx = {}1{}", "{ a = ".repeat(10_000), " }".repeat(10_000)), deep),
        (format!("{SMALL}\n[x{}]\n", ".a".repeat(10_000)), deep),
    ];
    for (text, expected) in rows {
        let started = std::time::Instant::now();
        let told = compile(&text, "policy.toml").unwrap_err();
        let said = format!("{}; {}", told[0].message, told[0].help);
        println!("{said}");
        assert!(said.contains(expected) && !told[0].help.is_empty(), "{said}");
        assert!(told[0].source_line.chars().count() < 1_000, "the line is shown in full");
        assert!(started.elapsed() < std::time::Duration::from_secs(10), "{said}");
    }
}
