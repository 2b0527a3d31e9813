//! Replays: two policies over requests and decision records, from files, a store, and over HTTP.

use countersign::compile::{DEFAULT_POLICY, compile, to_json};
use countersign::verdict::record;
use countersign::{Json, Policy, Request, TimestampMs, evaluate};
use serde_json::{Value, json};

use crate::support::{Call, Folder, Host, at, program};

const DEFAULT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/compile/default.toml");

fn policy(text: &str) -> Policy {
    compile(text, "policy.toml").unwrap().policy
}

/// The default policy with these replacements.
fn changed(replacements: &[(&str, &str)]) -> String {
    replacements.iter().fold(DEFAULT_POLICY.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    })
}

/// The requests of the golden corpus, and their instants.
fn corpus() -> Vec<(Json, TimestampMs)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/decisions.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    let row = |line: &str| {
        let row: Value = serde_json::from_str(line).unwrap();
        let request = serde_json::from_str(&row["request"].to_string()).unwrap();
        (request, TimestampMs::parse(row["now"].as_str().unwrap()).unwrap())
    };
    text.lines().map(row).collect()
}

/// What an edge with this policy would report of the corpus, one record a line.
fn records(policy: &Policy) -> Vec<String> {
    let rows = corpus().into_iter().enumerate().map(|(index, (request, now))| {
        let request = Request::read(&request).unwrap();
        // Decisions over ten days.
        let now = now.saturating_add(i64::try_from(index).unwrap() * 3_600_000);
        let verdict = evaluate(policy, &request, now);
        to_json(&record(policy, &request, &verdict)).unwrap().canonical()
    });
    rows.collect()
}

fn write(folder: &Folder, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn replay_files(arguments: &[&str]) -> Value {
    let mut all = vec!["policy", "replay", "--json"];
    all.extend(arguments);
    let mut command = program(&all);
    // Those of a host are where its folder says.
    if let Some(data) = arguments.iter().position(|argument| *argument == "--data") {
        at(&mut command, std::path::Path::new(arguments[data + 1]));
    }
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {told}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn records_of_a_policy_come_out_as_recorded_under_the_same_policy() {
    let folder = Folder::new();
    let records = records(&policy(DEFAULT_POLICY));
    let file = write(&folder, "records.jsonl", &records.join("\n"));
    let report = replay_files(&["--old", DEFAULT, "--new", DEFAULT, "--records", &file]);
    assert_eq!(report["decisions"], records.len(), "{report:#}");
    assert_eq!(report["judged"], records.len(), "{report:#}");
    assert_eq!(report["reproduced"], records.len(), "{report:#}");
    assert_eq!(report["changed"], 0, "{report:#}");
    assert_eq!(report["transitions"], serde_json::json!([]));
}

#[test]
fn what_a_replay_of_records_finds_is_what_evaluating_the_requests_gives() {
    let folder = Folder::new();
    let old = policy(DEFAULT_POLICY);
    let file = write(&folder, "records.jsonl", &records(&old).join("\n"));
    let rows: &[&[(&str, &str)]] = &[
        &[("'request.judge_score < 0.6'", "'request.judge_score < 0.9'")],
        &[("answer = 0.60", "answer = 0.85"), ("answer = 0.75", "answer = 0.9")],
        &[("id = \"asks_for_person\"", "id = \"asks_for_person\"\nshadow = true")],
        &[(
            "accepts = { domains = [\"billing\", \"financial\"] }",
            "accepts = { domains = [\"billing\"] }",
        )],
        &[("risk_level_when_missing = \"medium\"", "risk_level_when_missing = \"high\"")],
    ];
    for changes in rows {
        let text = changed(changes);
        let (new, after) = (policy(&text), write(&folder, "new.toml", &text));
        let report = replay_files(&["--old", DEFAULT, "--new", &after, "--records", &file]);
        let mut expected = [0, 0, 0, 0];
        for (index, (request, now)) in corpus().into_iter().enumerate() {
            let request = Request::read(&request).unwrap();
            let now = now.saturating_add(i64::try_from(index).unwrap() * 3_600_000);
            let (before, after) = (evaluate(&old, &request, now), evaluate(&new, &request, now));
            let key = |verdict: &countersign::Verdict| {
                let queue = verdict.routing.as_ref().map(|routing| routing.queue.clone());
                (verdict.disposition, verdict.risk_level, queue)
            };
            let is_escalated =
                |verdict: &countersign::Verdict| i64::from(verdict.routing.is_some());
            expected[0] += i64::from(key(&before) != key(&after));
            expected[1] += i64::from(before.disposition != after.disposition);
            expected[2] += is_escalated(&before);
            expected[3] += is_escalated(&after);
        }
        let transitions = report["transitions"].as_array().unwrap();
        let found = [
            report["changed"].as_i64().unwrap(),
            transitions.iter().map(|transition| transition["count"].as_i64().unwrap()).sum(),
            report["escalation"]["before"]["count"].as_i64().unwrap(),
            report["escalation"]["after"]["count"].as_i64().unwrap(),
        ];
        assert_eq!(report["unjudged"], 0, "{changes:?}: {report:#}");
        assert_eq!(found, expected, "{changes:?}: {report:#}");
        assert!(expected[0] > 0, "{changes:?} changes nothing");
    }
}

#[test]
fn what_was_not_recorded_is_counted_and_not_guessed() {
    let folder = Folder::new();
    let records = records(&policy(DEFAULT_POLICY));
    let file = write(&folder, "records.jsonl", &records.join("\n"));
    let fact = "[[fact]]\npath = \"facts.region\"\ntype = \"string\"\n\n[[fact]]\npath = \"request.domain\"";
    let rule = "[[trigger]]\nid = \"region\"\nkind = \"quality_failure\"\nwhen = 'WHEN'\nthen = \"escalate\"\nwhy = \"region\"\n\n[[trigger]]\nid = \"high_stakes_advice\"";
    let rows = [
        ("facts.region == \"north\"", false),
        ("has(facts.region)", false),
        // Whatever the region is, this holds for no request of the corpus.
        ("facts.region == \"north\" && request.domain == \"astronomy\"", true),
    ];
    for (when, is_judged) in rows {
        let text = changed(&[
            ("[[fact]]\npath = \"request.domain\"", fact),
            ("[[trigger]]\nid = \"high_stakes_advice\"", &rule.replace("WHEN", when)),
        ]);
        let after = write(&folder, "new.toml", &text);
        let report = replay_files(&["--old", DEFAULT, "--new", &after, "--records", &file]);
        if is_judged {
            // A request without a domain is still open.
            assert!(report["judged"].as_i64().unwrap() > 0, "{when}: {report:#}");
        } else {
            assert_eq!(report["judged"], 0, "{when}: {report:#}");
            assert_eq!(report["unjudged_for"][0]["path"], "facts.region", "{when}");
        }
    }
    // A record of a policy that nobody has here.
    let foreign = records[0].replace("\"policy_hash\":\"sha256:", "\"policy_hash\":\"sha256:0");
    let file = write(&folder, "foreign.jsonl", &foreign);
    let report = replay_files(&["--old", DEFAULT, "--new", DEFAULT, "--records", &file]);
    assert_eq!((&report["judged"], &report["unjudged"]), (&0.into(), &1.into()));
    assert!(report["unjudged_for"][0]["path"].as_str().unwrap().starts_with("sha256:0"));
}

#[test]
fn other_tools_leave_records_with_actions_unjudged_and_requests_judged() {
    let folder = Folder::new();
    let text =
        changed(&[("actions.amount > money(\"50 USD\")'", "actions.amount > money(\"5 USD\")'")]);
    let after = write(&folder, "new.toml", &text);
    let file = write(&folder, "records.jsonl", &records(&policy(DEFAULT_POLICY)).join("\n"));
    let report = replay_files(&["--old", DEFAULT, "--new", &after, "--records", &file]);
    let corpus = corpus();
    let proposes = |request: &Json| !Request::read(request).unwrap().proposed_actions.is_empty();
    let with_actions = corpus.iter().filter(|(request, _)| proposes(request)).count();
    assert!(with_actions > 0);
    assert_eq!(report["unjudged"], with_actions, "{report:#}");
    let requests: Vec<String> = corpus.iter().map(|(request, _)| request.canonical()).collect();
    let file = write(&folder, "requests.jsonl", &requests.join("\n"));
    let now = "2026-05-09T14:00:00Z";
    let report = replay_files(&[
        "--old",
        DEFAULT,
        "--new",
        &after,
        "--requests",
        &file,
        "--now",
        now,
        "--days",
        "2",
    ]);
    assert_eq!((&report["judged"], &report["unjudged"]), (&requests.len().into(), &0.into()));
    assert_eq!(report["staffing"]["days"], 2.0);
}

#[test]
fn rules_that_do_nothing_are_named_and_load_is_counted() {
    let folder = Folder::new();
    let never = "[[trigger]]\nid = \"never\"\nkind = \"quality_failure\"\nwhen = 'request.domain == \"astronomy\"'\nthen = \"escalate\"\nwhy = \"stars\"\n\n";
    let idle = "[[trigger]]\nid = \"idle\"\nkind = \"quality_failure\"\nwhen = 'request.asks_for_person && request.domain == \"legal\" || request.asks_for_person'\nthen = \"escalate\"\nwhy = \"asked\"\n\n";
    let first = "[[trigger]]\nid = \"high_stakes_advice\"";
    let text = changed(&[(first, &format!("{never}{idle}{first}"))]);
    let after = write(&folder, "new.toml", &text);
    let file = write(&folder, "records.jsonl", &records(&policy(DEFAULT_POLICY)).join("\n"));
    let report = replay_files(&["--new", &after, "--records", &file, "--minutes", "6"]);
    let names = |key: &str| -> Vec<String> {
        let names = report[key].as_array().unwrap().iter();
        names.map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    assert!(names("never_fired").contains(&"never".to_owned()), "{report:#}");
    assert!(names("changes_nothing").contains(&"idle".to_owned()), "{report:#}");
    assert!(!names("changes_nothing").contains(&"restricted_behaviour".to_owned()), "{report:#}");
    let queues = report["queues"].as_array().unwrap();
    let sum: i64 = queues.iter().map(|queue| queue["after"].as_i64().unwrap()).sum();
    assert_eq!(report["escalation"]["after"]["count"], sum);
    let staffing = &report["staffing"];
    let per_day = staffing["cases_per_day_after"].as_f64().unwrap();
    assert!((staffing["hours_per_day_after"].as_f64().unwrap() - per_day / 10.0).abs() < 1e-9);
    assert_eq!(staffing["queues"][0]["measured_cases"], 0);
}

#[test]
fn a_line_that_cannot_be_read_is_told_by_its_number() {
    let folder = Folder::new();
    let file = write(
        &folder,
        "records.jsonl",
        &format!("{}\n{{}}\n", records(&policy(DEFAULT_POLICY))[0]),
    );
    let arguments = ["policy", "replay", "--new", DEFAULT, "--records", &file];
    let output = program(&arguments).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && told.contains("line 2:"), "{told}");
}

/// Whoever waits sees how far it is; a file or a pipe gets the report alone.
#[test]
fn a_bar_stands_on_a_terminal_and_nowhere_else() {
    let folder = Folder::new();
    let file = write(&folder, "records.jsonl", &records(&policy(DEFAULT_POLICY)).join("\n"));
    let command = ["policy", "replay", "--new", DEFAULT, "--records", &file, "--json"];
    let full = format!("[{}] 100 %", "#".repeat(40));
    let piped = program(&command).output().unwrap();
    assert!(!String::from_utf8_lossy(&piped.stderr).contains("100 %"));
    let report: Value = serde_json::from_slice(&piped.stdout).unwrap();
    assert_eq!(report["decisions"], corpus().len());

    // Of util-linux; it gives a command a terminal of its own.
    let words: Vec<String> = [env!("CARGO_BIN_EXE_countersign")]
        .iter()
        .chain(&command)
        .map(|word| format!("'{word}'"))
        .collect();
    let mut terminal = std::process::Command::new("script");
    terminal.args(["--quiet", "--return", "--command", &words.join(" "), "/dev/null"]);
    let Ok(shown) = terminal.stdin(std::process::Stdio::null()).output() else {
        println!("skipped: there is no `script` here");
        return;
    };
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains(&full) && shown.contains("\"decisions\":"), "{shown}");
}

#[test]
fn the_host_holds_a_text_against_the_policy_in_force_and_the_tenants_records() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let (edge, jonas) = (host.edge("northwind"), host.sign_in("Jonas"));
    let records: Vec<Value> = records(&policy(DEFAULT_POLICY))
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    // A fact that is none of its words: the record is kept, and left out of the replay.
    let mut odd = records[0].clone();
    odd["facts"]["request.risk_level"] = json!("odd");
    let all = [records.clone(), vec![odd]].concat();
    let batch = json!({ "version": 1, "edge": "e", "boot": "b", "sequence": 0, "records": all });
    host.expect(&Call::post("/v1/decisions", batch).of(&edge).key("records"), 202);

    let text = changed(&[("'request.judge_score < 0.6'", "'request.judge_score < 0.9'")]);
    let ask = |path: &str, text: &str| Call::post(path, json!({ "source": text })).of(&jonas);
    let told = host.expect(&ask("/v1/policies/diff", &text), 200);
    assert_eq!(told["changes"].as_array().unwrap().len(), 1, "{told:#}");
    assert_eq!((&told["loosening"], &told["unclear"]), (&json!(0), &json!(1)));

    let told = host.expect(&ask("/v1/policies/replay", &text), 200);
    let replay = &told["replay"];
    assert_eq!(
        (&told["records"], &replay["judged"]),
        (&json!(records.len() + 1), &json!(records.len()))
    );
    assert_eq!(replay["reproduced"], records.len());
    assert!(replay["changed"].as_i64().unwrap() > 0, "{replay:#}");

    // The command says the same of the host's data.
    let after = write(&folder, "new.toml", &text);
    let data = folder.path().to_str().unwrap();
    let mut by_command = replay_files(&["--new", &after, "--data", data, "--tenant", "northwind"]);
    assert_eq!(
        by_command["transitions"].as_array_mut().map(|list| list.len()),
        Some(replay["transitions"].as_array().unwrap().len())
    );
    for key in ["changed", "escalation", "queues", "triggers", "staffing"] {
        assert_eq!(by_command[key], replay[key], "{key}");
    }

    let mistake = host.expect(&ask("/v1/policies/replay", "[policy]\nid = 7\n"), 422);
    assert_eq!(
        (&mistake["code"], &mistake["path"]),
        (&json!("policy_rejected"), &json!("/source"))
    );
    // Whoever only sends cases sees no figures; another tenant has no records.
    host.expect(&ask("/v1/policies/replay", &text).of(&edge), 403);
}
