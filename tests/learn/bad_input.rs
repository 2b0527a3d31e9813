//! What no fit may be silent about: each kind of bad rows gives an error with its place, or a fallback
//! that is said.

use countersign::host::confidence::row::{Beyond, Rows};

use crate::commands::{folder, run};
use crate::support::simulated;

/// What is done with rows of one kind.
enum Then {
    /// The command fails and says this.
    Refused(&'static str),
    /// It goes on, and says this beside the model.
    Said(&'static str),
}

#[test]
fn every_kind_of_bad_rows_is_refused_or_falls_back_aloud() {
    let row = |signals: &str, label: &str| {
        format!("{{\"id\":\"odd\",\"signals\":{{{signals}}},\"label\":{label}}}\n")
    };
    let some = || simulated(60, 41).0;
    let unlabelled = || {
        let lines = (0..30).map(|n| format!("{{\"id\":\"u{n}\",\"signals\":{{\"good\":0.5}}}}\n"));
        lines.collect::<String>()
    };
    let constant = || {
        let lines = (0..60).map(|n| {
            format!("{{\"id\":\"c{n}\",\"signals\":{{\"good\":0.5}},\"label\":{}}}\n", n % 2)
        });
        lines.collect::<String>()
    };
    let cases = [
        (
            "no label at all",
            unlabelled(),
            Then::Said("no row has a label: these are the expert's numbers"),
        ),
        (
            "some without a label",
            some() + &unlabelled(),
            Then::Said("30 rows have no label, and were left out"),
        ),
        (
            "a label above 1",
            some() + &row("\"good\":0.5", "1.5"),
            Then::Refused("line 61: invalid_field at `/label`"),
        ),
        (
            "a label below 0",
            some() + &row("\"good\":0.5", "-1"),
            Then::Refused("line 61: invalid_field at `/label`"),
        ),
        ("a label in words", some() + &row("\"good\":0.5", "\"good\""), Then::Refused("/label")),
        ("a label between", some() + &row("\"good\":0.5", "0.25"), Then::Said("labels fitted")),
        (
            "not a number",
            some() + &row("\"good\":NaN", "1"),
            Then::Refused("line 61: invalid_json"),
        ),
        ("infinite", some() + &row("\"good\":1e999", "1"), Then::Refused("line 61: invalid_json")),
        (
            "a reading above 1",
            some() + &row("\"good\":7", "1"),
            Then::Refused("line 61: invalid_field at `/signals/good`"),
        ),
        (
            "a constant signal",
            constant(),
            Then::Said("`good` always has the same reading, and keeps the expert's curve"),
        ),
        (
            "right alone",
            some().replace("\"label\":0", "\"label\":1"),
            Then::Said("every label says right: only the prior"),
        ),
        (
            "wrong alone",
            some().replace("\"label\":1", "\"label\":0"),
            Then::Said("every label says wrong: only the prior"),
        ),
        (
            "three rows",
            simulated(3, 42).0,
            Then::Said("3 labels are few: most of this is the expert's prior"),
        ),
        ("a row twice", some() + &some(), Then::Refused("line 61: invalid_field at `/id`")),
        ("no row", "\n\n".to_owned(), Then::Refused("there is no row")),
        ("no rows but text", "<html>\n".to_owned(), Then::Refused("line 1: invalid_json")),
    ];
    let folder = folder("bad-input");
    let file = folder.join("rows.jsonl").to_str().unwrap().to_owned();
    for (name, text, then) in cases {
        std::fs::write(&file, text).unwrap();
        let (success, out, told) = run(&["confidence", "fit", "--held-back", "0", "--rows", &file]);
        match then {
            Then::Refused(expected) => {
                assert!(!success && told.contains(expected), "{name}: {told}");
                assert!(out.is_empty(), "{name}: {out}");
            }
            Then::Said(expected) => {
                assert!(success && told.contains(expected), "{name}: {told}");
                let model: serde_json::Value = serde_json::from_str(&out).unwrap();
                assert!(model["base"].as_f64().is_some_and(f64::is_finite), "{name}: {out}");
            }
        }
    }
}

#[test]
fn a_signal_that_the_policy_does_not_know_takes_no_part_and_is_named() {
    let folder = folder("bad-signals");
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (rows, policy) = (at("rows.jsonl"), at("policy.toml"));
    std::fs::write(&policy, countersign::compile::DEFAULT_POLICY).unwrap();
    std::fs::write(&rows, simulated(60, 43).0.replace("\"good\"", "\"retrieval_score\"")).unwrap();
    let (success, out, told) = run(&["confidence", "fit", "--rows", &rows, "--policy", &policy]);
    assert!(success, "{told}");
    for said in ["`noise` is not in the policy, and takes no part", "`rerank_margin` is in no row"]
    {
        assert!(told.contains(said), "{said}: {told}");
    }
    assert!(!out.contains("noise"), "{out}");
}

#[test]
fn a_conversation_never_stands_on_both_sides() {
    // Thirty conversations of four rows: the fit and the calibration divide conversations, not rows.
    let mut text = String::new();
    for (index, line) in simulated(120, 44).0.lines().enumerate() {
        let conversation = format!("\"conversation_id\":\"c{}\",\"label\"", index % 30);
        text.push_str(&line.replacen("\"label\"", &conversation, 1));
        text.push('\n');
    }
    let folder = folder("bad-split");
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let rows = at("rows.jsonl");
    std::fs::write(&rows, &text).unwrap();
    let certify = ["confidence", "certify", "--tier", "high", "--json", "--rows", &rows];
    let (success, out, told) = run(&certify);
    assert!(success, "{told}");
    let found: serde_json::Value = serde_json::from_str(&out).unwrap();
    let count = |part: &str| found[0][part].as_u64().unwrap();
    assert_eq!(count("fit_rows") + count("calibration_rows"), 30, "one row of each: {found}");
    // An evaluation whose two files share conversations leaves them out of the training.
    let (success, _, told) =
        run(&["eval", "confidence", "--train", &rows, "--test", &rows, "--splits", "1"]);
    assert!(!success && told.contains("every training row belongs to a conversation"), "{told}");
}

#[test]
fn of_more_rows_than_are_kept_whole_conversations_stand_for_all() {
    let lines: String = (0..4_000)
        .map(|n| {
            format!(
                "{{\"id\":\"r{n}\",\"conversation_id\":\"c{}\",\"signals\":{{}},\"label\":1}}\n",
                n / 4
            )
        })
        .collect();
    let (all, kept) = Rows::read_at_most(lines.as_bytes(), 4_000, Beyond::Thinned).unwrap();
    assert_eq!((all.rows.len(), kept.seen, kept.share), (4_000, 4_000, 1.0));
    let (some, kept) = Rows::read_at_most(lines.as_bytes(), 1_200, Beyond::Thinned).unwrap();
    assert_eq!((kept.seen, kept.share), (4_000, 0.25));
    // A quarter of a thousand conversations, five standard deviations on each side, and each whole.
    assert!((720..=1_280).contains(&some.rows.len()), "{}", some.rows.len());
    assert_eq!(some.rows.len() % 4, 0);
    let reversed: String = lines.lines().rev().map(|line| format!("{line}\n")).collect();
    let (again, _) = Rows::read_at_most(reversed.as_bytes(), 1_200, Beyond::Thinned).unwrap();
    let ids = |rows: &Rows| {
        let mut ids: Vec<String> = rows.rows.iter().map(|row| row.id.clone()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&some), ids(&again), "whatever the order");

    let refused = Rows::read_at_most(lines.as_bytes(), 1_200, Beyond::Refused).unwrap_err();
    assert!(refused.to_string().contains("line 1201: limit_exceeded"), "{refused}");
    let one = lines.replace("\"conversation_id\":\"c", "\"conversation_id\":\"c0\",\"x\":\"");
    let endless = Rows::read_at_most(one.as_bytes(), 1_200, Beyond::Thinned).unwrap_err();
    assert!(endless.to_string().contains("more conversations with fewer rows"), "{endless}");
    // What is left out is still read, so that a bad row is never passed over.
    let bad = format!("{lines}{{\"id\":\"bad\",\"signals\":{{}},\"label\":2}}\n");
    let error = Rows::read_at_most(bad.as_bytes(), 1_200, Beyond::Thinned).unwrap_err();
    assert!(error.to_string().starts_with("line 4001: "), "{error}");
}
