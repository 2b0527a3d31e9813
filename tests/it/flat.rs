//! What is decided over flat facts, against the rules written down a second time over values: random
//! policies, random requests, every condition by its program.

use countersign::compile::compile;
use countersign::expr::Truth;
use countersign::fact::{Value, extract, is_missing};
use countersign::policy::{Trigger, TriggerKind};
use countersign::routing::{Need, Routable, route};
use countersign::suppression::{LOW_CONFIDENCE, may_cancel};
use countersign::verdict::FiredTrigger;
use countersign::{
    Disposition, Policy, Request, RiskLevel, TimestampMs, Verdict, evaluate, evaluate_batch,
};

use crate::chance::Chance;
use crate::diagnostics::SMALL;
use crate::support::{default_policy, json, now};

/// Facts of every type and from every place, with what a condition may compare them with.
const FACTS: &[(&str, &str)] = &[
    ("tenant_id", "string"),
    ("confidence", "double"),
    ("request.domain", "string"),
    ("request.intent", "string"),
    ("request.language", "string"),
    ("request.risk_level", "string"),
    ("request.asks_for_person", "bool"),
    ("request.judge_score", "double"),
    ("request.feedback_rating", "int"),
    ("request.has_draft", "bool"),
    ("request.question_length", "int"),
    ("evidence.count", "int"),
    ("actions.count", "int"),
    ("actions.tools", "string_list"),
    ("actions.unknown_tools", "string_list"),
    ("actions.verdict", "string"),
    ("actions.tier", "string"),
    ("actions.effects", "string_list"),
    ("actions.amount", "money"),
    ("actions.authority_level", "int"),
    ("actions.provisional", "bool"),
    ("actions.reason", "string"),
    ("tools.failed", "string_list"),
    ("tools.unavailable", "string_list"),
    ("signals.unavailable", "string_list"),
    ("signals.retrieval_score", "double"),
    ("signals.extra", "double"),
    ("release.model", "string"),
    ("facts.flag", "bool"),
    ("facts.orders", "int"),
    ("facts.share", "double"),
    ("facts.tier", "string"),
    ("facts.name", "string"),
    ("facts.end", "time"),
    ("facts.limit", "money"),
    ("facts.tags", "string_list"),
    ("facts.sizes", "int_list"),
    ("facts.shares", "double_list"),
];

const WORDS: &[&str] =
    &["legal", "gold", "en", "pt-BR", "medium", "advisory", "mail.send", "x", "é"];

/// One fact of the type.
fn fact(chance: &mut Chance, wanted: &str) -> &'static str {
    let fitting: Vec<&str> =
        FACTS.iter().filter(|(_, is)| *is == wanted).map(|(path, _)| *path).collect();
    chance.one(&fitting)
}

fn number(chance: &mut Chance, is_int: bool) -> String {
    match (is_int, chance.below(4)) {
        (true, 0) => fact(chance, "int").to_owned(),
        (true, 1) => {
            let sign = chance.one(&["+", "-", "*", "/", "%"]);
            format!("({} {sign} {})", fact(chance, "int"), chance.below(3))
        }
        (true, _) => (chance.below(6)).to_string(),
        (false, 0) => fact(chance, "double").to_owned(),
        (false, _) => format!("0.{}", chance.below(100)),
    }
}

fn condition(chance: &mut Chance, depth: usize) -> String {
    let sign = chance.one(&["==", "!=", "<", "<=", ">", ">="]);
    let same = chance.one(&["==", "!="]);
    let word = chance.one(WORDS);
    match chance.below(if depth >= 3 { 13 } else { 18 }) {
        0 => fact(chance, "bool").to_owned(),
        1 => format!("{} {sign} {}", fact(chance, "int"), number(chance, true)),
        2 => format!("{} {sign} {}", fact(chance, "double"), number(chance, false)),
        3 => format!("{} {sign} {}", number(chance, false), fact(chance, "double")),
        4 => format!("{} {same} \"{word}\"", fact(chance, "string")),
        5 => format!("{} in [\"{word}\", \"{}\"]", fact(chance, "string"), chance.one(WORDS)),
        6 => format!("\"{word}\" in {}", fact(chance, "string_list")),
        7 => format!("{}.exists(t, t in [\"{word}\", \"gold\"])", fact(chance, "string_list")),
        8 => {
            let list = fact(chance, "string_list");
            match chance.below(4) {
                0 => format!("{list}.all(t, t != \"{word}\")"),
                1 => format!("{list}.exists(t, t.contains(\"o\"))"),
                2 => format!("size({list}) {sign} {}", chance.below(3)),
                _ => format!("{list}.exists(t, t == \"{word}\")"),
            }
        }
        9 => format!("actions.amount {sign} money(\"{} USD\")", chance.below(200)),
        10 => match chance.below(4) {
            0 => format!("facts.name.startsWith(\"{}\")", chance.one(&["l", "go", "é"])),
            1 => format!("size({}) {sign} {}", fact(chance, "string"), chance.below(6)),
            2 => format!("facts.tier {same} facts.name"),
            _ => format!("facts.name {sign} \"{word}\""),
        },
        11 => match chance.below(4) {
            0 => format!(
                "facts.end {sign} timestamp(\"2026-05-0{}T00:00:00Z\")",
                1 + chance.below(9)
            ),
            1 => format!("facts.sizes.exists(n, n {sign} {})", chance.below(4)),
            2 => format!("0.5 in facts.shares || facts.sizes[{}] {sign} 2", chance.below(3)),
            _ => format!("facts.limit {sign} money(\"{} USD\")", chance.below(90)),
        },
        12 => {
            let (path, _) = FACTS[2 + chance.below(10)];
            if path == "request.has_draft" { path.to_owned() } else { format!("has({path})") }
        }
        13 => format!("!({})", condition(chance, depth + 1)),
        14 | 15 => {
            let count = 2 + chance.below(3);
            let parts: Vec<String> =
                (0..count).map(|_| format!("({})", condition(chance, depth + 1))).collect();
            parts.join(chance.one(&[" && ", " || "]))
        }
        16 => format!(
            "confidence {sign} ({} ? 0.{} : 0.5)",
            condition(chance, depth + 1),
            10 + chance.below(90)
        ),
        _ => format!(
            "(({}) ? ({}) : ({}))",
            condition(chance, 3),
            condition(chance, depth + 1),
            condition(chance, depth + 1)
        ),
    }
}

fn policy_text(chance: &mut Chance) -> String {
    let (before, after) = SMALL.split_once("[[fact]]").unwrap();
    let (_, confidence) = after.split_once("[confidence]").unwrap();
    let (confidence, rest) = confidence.split_once("[[trigger]]").unwrap();
    let (_, rest) = rest.split_once("[rates]").unwrap();
    let (rates, rest) = rest.split_once("[[queue]]").unwrap();
    let (_, texts) = rest.split_once("[limited_answer]").unwrap();
    let mut text = before.to_owned();
    for (path, fact_type) in FACTS {
        text += &format!("[[fact]]\npath = \"{path}\"\ntype = \"{fact_type}\"\n");
    }
    for (path, fact_type) in
        [("action.tool", "string"), ("action.effects", "string_list"), ("action.count", "int")]
    {
        text += &format!("[[fact]]\npath = \"{path}\"\ntype = \"{fact_type}\"\n");
    }
    text += &format!("[confidence]{confidence}");
    let kinds =
        ["high_stakes", "policy_boundary", "tool_risk", "user_escalation", "quality_failure"];
    for index in 0..1 + chance.below(7) {
        let when = condition(chance, 0);
        text += &format!(
            "[[trigger]]\nid = \"rule_{index}\"\nkind = \"{}\"\nwhen = '''{when}'''\nwhy = \"because {{request.domain}}\"\n",
            chance.one(&kinds)
        );
        let then = chance.one(&["answer", "limited_answer", "escalate", "refuse"]);
        text += &format!("then = \"{then}\"\n");
        if then == "refuse" && chance.below(2) == 0 {
            text += "final = true\n";
        }
        for line in [
            "shadow = true\n",
            "risk_level = \"high\"\n",
            "sla = \"20 min\"\n",
            "template = \"other\"\n",
            "authority_level_min = 3\n",
        ] {
            if chance.below(4) == 0 {
                text += line;
            }
        }
        if text.ends_with("shadow = true\n") || chance.below(3) > 0 {
            continue;
        }
        let read: Vec<&str> =
            FACTS.iter().map(|(path, _)| *path).filter(|path| when.contains(path)).collect();
        if let Some(path) = read.first() {
            text += &format!("required = [\"{path}\"]\n");
        }
    }
    for index in 0..chance.below(3) {
        text += &format!(
            "[[suppress]]\nid = \"less_{index}\"\nwhen = '''{}'''\ncancels = [\"low_confidence\", \"rule_0\"]\nthen = \"{}\"\nwhy = \"less\"\n",
            condition(chance, 1),
            chance.one(&["answer", "limited_answer"])
        );
    }
    text += &format!("[rates]{rates}");
    for index in 0..chance.below(3) {
        let accepts = chance.one(&[
            "domains = [\"legal\", \"other\"]",
            "languages = [\"pt\", \"en\"]",
            "tenants = [\"t\"]",
            "triggers = [\"low_confidence\", \"high_stakes\"]",
            "risk_level_max = \"medium\"",
        ]);
        text += &format!(
            "[[queue]]\nqueue = \"q{index}\"\ntitle = \"Q\"\nsla = \"2 h\"\nsla_min = \"30 min\"\nauthority = {{ domain = \"any\", level = {} }}\naccepts = {{ {accepts}, when = '''{}''' }}\n",
            1 + chance.below(3),
            condition(chance, 2),
        );
    }
    text += "[[queue]]\nqueue = \"triage\"\ntitle = \"Triage\"\nsla = \"4 h\"\nauthority = { domain = \"any\", level = 3 }\naccepts = {}\n";
    text += "[template.other]\ndefault = \"Another text.\"\n";
    text + &format!("[limited_answer]{}", texts.split("[template.tool_down]").next().unwrap())
        + "[refusal]\ndefault = \"No.\"\n"
}

/// A policy that compiles: conditions from chance may contradict themselves.
fn policy(chance: &mut Chance) -> Policy {
    loop {
        if let Ok(compiled) = compile(&policy_text(chance), "policy.toml") {
            return compiled.policy;
        }
    }
}

fn request(chance: &mut Chance) -> Request {
    let mut fields = vec![
        format!("\"tenant_id\":\"{}\"", chance.one(&["t", "x", "legal"])),
        format!("\"user_question\":\"{}\"", chance.one(&["q", "What is it?", "é𝄞"])),
    ];
    let word = format!("\"{}\"", chance.one(WORDS));
    let scores = ["0", "0.2", "0.5", "0.55", "0.9", "1"];
    let score = chance.one(&scores).to_owned();
    let optional = [
        format!("\"domain\":{word}"),
        format!("\"intent\":\"{}\"", chance.one(&["informational", "advisory"])),
        format!("\"language\":\"{}\"", chance.one(&["en", "EN-us", "pt-BR", "pt", "enx", "de"])),
        format!("\"risk_level\":\"{}\"", chance.one(&["low", "medium", "high", "critical"])),
        format!("\"asks_for_person\":{}", chance.one(&["true", "false"])),
        format!("\"judge_score\":{score}"),
        format!("\"feedback_rating\":{}", 1 + chance.below(5)),
        "\"model_draft\":\"Yes.\"".to_owned(),
        "\"evidence\":[{\"document_id\":\"d\",\"quote\":\"q\"}]".to_owned(),
        format!(
            "\"tool_results\":[{{\"tool\":{word},\"status\":\"{}\"}},{{\"tool\":\"b\",\"status\":\"failed\"}}]",
            chance.one(&["succeeded", "failed", "unavailable"])
        ),
        format!("\"release\":{{\"model\":{word}}}"),
        format!("\"unknown_{}\":1", chance.below(3)),
        format!(
            "\"proposed_actions\":[{}]",
            chance.one(&[
                r#"{"tool":"orders.get"}"#,
                r#"{"tool":"billing.refund","arguments":{"amount":70}}"#,
                r#"{"tool":"mail.send"},{"tool":"orders.get"}"#,
                r#"{"tool":"billing.refund","arguments":{"amount":"x"}}"#,
            ])
        ),
    ];
    for one in optional {
        if chance.below(5) < 2 {
            fields.push(one);
        }
    }
    let readings = ["0.1", "0.35", "0.7", "0.95", "\"missing\"", "\"unavailable\"", "null"];
    let mut signals = Vec::new();
    for name in ["retrieval_score", "extra", "undeclared"] {
        if chance.below(3) > 0 {
            signals.push(format!("\"{name}\":{}", chance.one(&readings)));
        }
    }
    fields.push(format!("\"signals\":{{{}}}", signals.join(",")));
    let values: &[(&str, &[&str])] = &[
        ("flag", &["true", "false", "1"]),
        ("orders", &["0", "1", "3", "9007199254740991", "1.5", "\"3\""]),
        ("share", &["0.5", "1", "-2.25"]),
        ("tier", &["\"gold\"", "\"lead\"", "\"é\"", "7"]),
        ("name", &["\"gold\"", "\"legal\"", "\"go\"", "\"éa\"", "null"]),
        ("end", &["\"2026-05-04T00:00:00Z\"", "\"gold\"", "\"2030-01-01T00:00:00Z\""]),
        ("limit", &["\"50 USD\"", "\"20 EUR\"", "\"many\""]),
        ("tags", &["[]", "[\"gold\",\"x\"]", "[\"legal\",\"long text\"]", "[1]"]),
        ("sizes", &["[]", "[1,2,3]", "[2]", "[0.5]"]),
        ("shares", &["[0.5,1]", "[]", "[\"a\"]"]),
        ("undeclared", &["1"]),
    ];
    let mut facts = Vec::new();
    for (name, values) in values {
        if chance.below(3) > 0 {
            facts.push(format!("\"{name}\":{}", chance.one(values)));
        }
    }
    fields.push(format!("\"facts\":{{{}}}", facts.join(",")));
    Request::read(&json(&format!("{{{}}}", fields.join(",")))).unwrap()
}

/// What the rules come to, worked out over values, without a flat fact.
struct Expected {
    disposition: Disposition,
    risk_level: RiskLevel,
    fired: Vec<String>,
    shadow: Vec<String>,
    suppressed: Vec<(String, String)>,
    low: Option<Disposition>,
    place: Option<(String, TimestampMs, i64)>,
}

fn expected(policy: &Policy, request: &Request, verdict: &Verdict) -> Expected {
    let bundle = policy.bundle();
    let confidence = bundle.confidence.assess(&request.signals);
    assert_eq!(confidence, verdict.confidence);
    let gate = countersign::gate::of_request(policy, request, now());
    let facts: Vec<Value<'_>> = extract(policy, request, &confidence, gate.as_ref());
    let fires = |trigger: &Trigger| match trigger.when.evaluate(&facts) {
        Truth::True => true,
        Truth::False => false,
        Truth::Unknown => {
            !trigger.when.slots().any(|slot| is_missing(&facts, slot))
                || trigger.required.iter().any(|slot| is_missing(&facts, *slot))
        }
    };
    let ids = |shadow: bool| {
        let rules = bundle.triggers.iter().filter(move |trigger| trigger.shadow == shadow);
        rules.filter(|trigger| fires(trigger)).collect::<Vec<&Trigger>>()
    };
    let holding: Vec<_> =
        bundle.suppressions.iter().filter(|one| one.when.evaluate(&facts) == Truth::True).collect();
    let cancelling = |id: &str, kind| {
        let cancels = |one: &&&countersign::suppression::Suppression| {
            may_cancel(kind) && one.cancels.iter().any(|name| name == id)
        };
        holding.iter().find(cancels).copied()
    };
    let mut suppressed = Vec::new();
    let mut instead = Disposition::Answer;
    let mut standing: Vec<&Trigger> = Vec::new();
    for trigger in ids(false) {
        match cancelling(&trigger.id, trigger.kind) {
            Some(by) => {
                suppressed.push((by.id.clone(), trigger.id.clone()));
                instead = instead.max(by.then);
            }
            None => standing.push(trigger),
        }
    }
    let claimed = request.risk_level.unwrap_or(bundle.risk_level_when_missing);
    let raised = standing.iter().filter_map(|trigger| trigger.risk_level);
    let risk_level = raised.fold(claimed, RiskLevel::max);
    let tier = bundle.tiers.of(risk_level);
    let reaches = |bound: Option<countersign::Score>| {
        bound.is_some_and(|bound| confidence.probability >= bound.get())
    };
    let low = match () {
        () if !confidence.has_signals() => tier.without_signals,
        () if tier.certified.is_none() && reaches(tier.answer) => Disposition::Answer,
        () if reaches(tier.limited_answer) => Disposition::LimitedAnswer,
        () => Disposition::Escalate,
    };
    let mut low = (low != Disposition::Answer).then_some(low);
    if low.is_some()
        && let Some(by) = cancelling(LOW_CONFIDENCE, TriggerKind::LowConfidence)
    {
        suppressed.push((by.id.clone(), LOW_CONFIDENCE.to_owned()));
        instead = instead.max(by.then);
        low = None;
    }
    let dispositions = standing.iter().map(|trigger| trigger.then).chain(low);
    let most = dispositions.max().unwrap_or(Disposition::Answer);
    let is_final = standing.iter().any(|one| one.then == Disposition::Refuse && one.is_final);
    let asked = standing.iter().any(|one| one.kind == TriggerKind::UserEscalation);
    let decided = match most {
        _ if asked => Disposition::Escalate,
        Disposition::Refuse if !is_final => Disposition::Escalate,
        other => other,
    };
    let disposition = decided.max(instead);
    let fired = |trigger: &&Trigger| FiredTrigger {
        id: trigger.id.clone(),
        kind: trigger.kind,
        disposition: trigger.then,
        risk_level: trigger.risk_level,
        reason: String::new(),
        unjudged: Vec::new(),
    };
    let mut triggers: Vec<FiredTrigger> = standing.iter().map(fired).collect();
    triggers.extend(low.map(|disposition| FiredTrigger {
        id: LOW_CONFIDENCE.to_owned(),
        kind: TriggerKind::LowConfidence,
        disposition,
        risk_level: None,
        reason: String::new(),
        unjudged: Vec::new(),
    }));
    let need = Need::of(standing.iter().copied());
    let case = Routable { request, facts: &facts, risk_level, triggers: &triggers, need };
    let place = (disposition == Disposition::Escalate).then(|| {
        let routing = route(policy, &case, now(), &mut Vec::new());
        (routing.queue, routing.due_at, routing.authority.level)
    });
    Expected {
        disposition,
        risk_level,
        fired: standing.iter().map(|trigger| trigger.id.clone()).collect(),
        shadow: ids(true).iter().map(|trigger| trigger.id.clone()).collect(),
        suppressed,
        low,
        place,
    }
}

fn assert_expected(policy: &Policy, requests: &[Request]) {
    let verdicts: Vec<Verdict> =
        requests.iter().map(|request| evaluate(policy, request, now())).collect();
    let mut wanted = verdicts.iter();
    evaluate_batch(policy, requests, now(), |request, decision| {
        let verdict = wanted.next().unwrap();
        let expected = expected(policy, request, verdict);
        let told = |triggers: &[FiredTrigger]| -> Vec<String> {
            let rules = triggers.iter().filter(|trigger| trigger.id != LOW_CONFIDENCE);
            rules.map(|trigger| trigger.id.clone()).collect()
        };
        assert_eq!(decision.disposition(), expected.disposition, "{request:?}");
        assert_eq!(decision.risk_level(), expected.risk_level, "{request:?}");
        assert_eq!(decision.low_confidence(), expected.low, "{request:?}");
        let ids: Vec<&str> = decision.triggers().map(|trigger| trigger.id.as_str()).collect();
        assert_eq!(ids, expected.fired, "{request:?}");
        let shadow: Vec<&str> = decision.shadow().map(|trigger| trigger.id.as_str()).collect();
        assert_eq!(shadow, expected.shadow, "{request:?}");
        let place = decision.queue().zip(decision.due_at());
        let place = place.map(|(queue, due_at)| (queue.queue.clone(), due_at));
        assert_eq!(place, expected.place.clone().map(|(queue, due_at, _)| (queue, due_at)));

        assert_eq!(verdict.disposition, expected.disposition);
        assert_eq!(verdict.risk_level, expected.risk_level);
        assert_eq!(verdict.confidence.probability.to_bits(), decision.probability().to_bits());
        assert_eq!(told(&verdict.triggers), expected.fired);
        assert_eq!(told(&verdict.shadow), expected.shadow);
        let suppressed: Vec<(String, String)> =
            verdict.suppressed.iter().map(|one| (one.by.clone(), one.trigger.id.clone())).collect();
        assert_eq!(suppressed, expected.suppressed);
        let routed = verdict.routing.as_ref();
        let routed = routed.map(|to| (to.queue.clone(), to.due_at, to.authority.level));
        assert_eq!(routed, expected.place);
    });
    assert!(wanted.next().is_none(), "not every request was decided");
}

#[test]
fn flat_facts_decide_as_values_do() {
    let (mut chance, count) = Chance::asked("COUNTERSIGN_FLAT_CASES", 100_000);
    let each = 250;
    let mut seen = [0_usize; 4];
    for _ in 0..count.div_ceil(each) {
        let policy = policy(&mut chance);
        let requests: Vec<Request> = (0..each).map(|_| request(&mut chance)).collect();
        assert_expected(&policy, &requests);
        evaluate_batch(&policy, &requests, now(), |_, decision| {
            seen[decision.disposition() as usize] += 1;
        });
    }
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}

/// Policies for the tests of the npm package, which cannot compile any.
#[test]
fn the_policies_of_the_flat_fixture_are_fresh() {
    let (mut chance, _) = Chance::asked("COUNTERSIGN_FLAT_CASES", 1);
    let mut lines = String::new();
    for _ in 0..6 {
        lines += &crate::support::canonical(policy(&mut chance).bundle());
        lines.push('\n');
    }
    crate::support::assert_fresh("tests/fixtures/flat-policies.jsonl", &lines);
}

#[test]
fn the_default_policy_decides_flat_what_it_decides() {
    let (mut chance, _) = Chance::asked("COUNTERSIGN_FLAT_CASES", 1);
    let requests: Vec<Request> = (0..500).map(|_| request(&mut chance)).collect();
    let tiers = &default_policy().bundle().tiers;
    assert!(tiers.high.certificate.is_none(), "the rules here know of no certificate");
    assert_expected(default_policy(), &requests);
}
