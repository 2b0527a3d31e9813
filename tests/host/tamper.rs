//! Rows that were edited behind the host's back are found.

use countersign::host::store::sql::Sql;
use serde_json::json;

use crate::support::{Folder, Host, assert_sound, billing_request, quick_policy, run_ok, verify};

/// One edit of the database, and what the report must name.
struct Edit {
    rule: &'static str,
    sql: &'static str,
    names: (&'static str, &'static str),
}

const EDITS: &[Edit] = &[
    Edit {
        rule: "the body of a case",
        sql: "UPDATE cases SET body = replace(body, 'a real charge', 'a mere hold') WHERE case_id = 'case_a'",
        names: ("case_a", "`answer`, `decision`"),
    },
    Edit {
        rule: "a column beside the body",
        sql: "UPDATE cases SET queue = 'triage' WHERE case_id = 'case_b'",
        names: ("case_b", "`queue`"),
    },
    Edit {
        rule: "an entry in the middle is gone",
        sql: "DELETE FROM audit_pending WHERE entity_id = 'case_a' AND entity_version = 2",
        names: ("case_a", "entries 2 to 2 are missing"),
    },
    Edit {
        rule: "the last entry is gone",
        sql: "DELETE FROM audit_pending WHERE entity_id = 'case_a' AND entity_version = \
              (SELECT max(entity_version) FROM audit_pending WHERE entity_id = 'case_a')",
        names: ("case_a", "not what its events give"),
    },
    Edit {
        rule: "all entries of a case are gone",
        sql: "DELETE FROM audit_pending WHERE entity_id = 'case_b'",
        names: ("case_b", "there is no entry"),
    },
    Edit {
        rule: "a case is gone",
        sql: "DELETE FROM cases WHERE case_id = 'case_b'",
        names: ("case_b", "no case"),
    },
    Edit {
        rule: "the text of an entry",
        sql: "UPDATE audit_pending SET entry = replace(entry, 'prin_jonas_weber', 'prin_mina_okafor') \
              WHERE entity_id = 'case_a' AND entity_version = 2",
        names: ("case_a", "not the one that was committed to"),
    },
    Edit {
        rule: "a salt",
        sql: "UPDATE audit_pending SET salt = zeroblob(32) WHERE entity_id = 'case_a' AND entity_version = 1",
        names: ("case_a", "not the one that was committed to"),
    },
    Edit {
        rule: "a commitment",
        sql: "UPDATE audit_pending SET commitment = 'sha256:0' WHERE entity_id = 'case_b'",
        names: ("case_b", "leaf"),
    },
    Edit {
        rule: "entries in another order",
        sql: "UPDATE audit_pending SET entity_version = 99 WHERE entity_id = 'case_a' AND entity_version = 1",
        names: ("case_a", "entries 1 to 1 are missing"),
    },
    Edit {
        rule: "a grant is raised",
        sql: "UPDATE grants SET body = replace(body, '\"level\":2', '\"level\":9')",
        names: ("grant_", "not what its entries say"),
    },
    Edit {
        rule: "a principal becomes another person",
        sql: "UPDATE principals SET body = replace(body, 'person_jonas', 'person_other')",
        names: ("prin_jonas_weber", "not what its entries say"),
    },
    Edit {
        rule: "a policy",
        sql: "UPDATE policies SET bundle = replace(bundle, '0.85', '0.95')",
        names: ("sha256:", "not the one of that hash"),
    },
    Edit {
        rule: "another policy is put into force",
        sql: "UPDATE policy_in_force SET hash = (SELECT hash FROM policies WHERE version = 'old')",
        names: ("sha256:", "not the policy that was released last"),
    },
    Edit {
        rule: "a revoked credential is given back",
        sql: "UPDATE credentials SET revoked_at = NULL WHERE revoked_at IS NOT NULL",
        names: ("cred_", "not what its entries say"),
    },
    Edit {
        rule: "a used link is made fresh",
        sql: "UPDATE credentials SET used_at = NULL WHERE used_at IS NOT NULL",
        names: ("cred_", "not what its entries say"),
    },
    Edit {
        rule: "a credential gets another secret",
        sql: "UPDATE credentials SET hash = randomblob(32) WHERE kind = 'token'",
        names: ("cred_", "not what its entries say"),
    },
    Edit {
        rule: "a credential out of nowhere",
        sql: "INSERT INTO credentials (tenant_id, credential_id, principal_id, kind, scope, hash, created_at) \
              VALUES ('northwind', 'cred_x', 'prin_jonas_weber', 'token', 'write', randomblob(32), 0)",
        names: ("cred_x", "there is no entry"),
    },
];

#[test]
fn every_edit_of_the_database_is_found_and_named() {
    let original = Folder::new();
    let old = original.join("old.toml");
    let text =
        countersign::compile::DEFAULT_POLICY.replacen("version = \"", "version = \"old\" #", 1);
    std::fs::write(&old, text).unwrap();
    Host::start_with(&original, &["--policy", old.to_str().unwrap()]).stop();
    let printed = run_ok(original.path(), &["token", "create", "prin_mina_okafor"]);
    run_ok(original.path(), &["token", "revoke", printed.split_once(' ').unwrap().0]);
    let policy = quick_policy(&original, "10 min", "0 s");
    let host = Host::start_with(&original, &["--policy", policy.to_str().unwrap()]);
    let (edge, jonas) = (host.edge("northwind"), host.sign_in("Jonas"));
    for case_id in ["case_a", "case_b"] {
        let mut body = billing_request();
        body["case_id"] = json!(case_id);
        host.create(&edge, body);
    }
    let case = json!({ "case_id": "case_a" });
    let claimed = host.command(&jonas, &case, "claim", json!({}));
    let decision = json!({
        "epoch": claimed["epoch"], "verdict": "edited", "outcome": "send", "answer": "This is a real charge.",
    });
    assert_eq!(host.command(&jonas, &case, "decide", decision)["state"], "resolved");
    assert_eq!(host.stop(), Some(0));
    assert_sound(original.path());

    for Edit { rule, sql, names } in EDITS {
        let copy = original.copy();
        // Bytes are written another way there.
        let on_server = sql
            .replace("zeroblob(32)", "decode(repeat('00', 32), 'hex')")
            .replace("randomblob(32)", "sha256(random()::text::bytea)");
        let edit = Sql { sqlite: sql, postgres: &on_server };
        assert!(copy.database().execute(edit, []).unwrap() > 0, "{rule}: nothing was edited");
        let (sound, report) = verify(copy.path());
        assert!(!sound, "{rule}: not found");
        let faults = report["faults"].as_array().unwrap();
        let named = faults.iter().any(|fault| {
            fault["entity_id"].as_str().unwrap().contains(names.0)
                && fault["what"].as_str().unwrap().contains(names.1)
        });
        assert!(named, "{rule}: {report:#}");
    }
}
