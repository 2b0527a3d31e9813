//! Releases: one proposes, another confirms, and the host signs what is in force.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::Json;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Call, Folder, Host, Who, assert_sound, fresh, run, run_ok, verify};

pub(crate) fn owner(folder: &Folder, name: &str, tenant: &str, more: &[&str]) -> Who {
    let create = ["principal", "create", "--tenant", "northwind", "--name", name];
    let id = run_ok(folder.path(), &[&create, more].concat());
    run_ok(folder.path(), &["grant", "add", &id, "--role", "policy_owner", "--tenant", tenant]);
    let printed = run_ok(folder.path(), &["token", "create", &id]);
    Who::Token(printed.split_whitespace().nth(1).unwrap().to_owned())
}

/// The default policy with another undo window.
pub(crate) fn policy(seconds: u32) -> String {
    let lines = countersign::compile::DEFAULT_POLICY.lines().map(|line| match line {
        line if line.starts_with("undo_window = ") => format!("undo_window = \"{seconds} s\""),
        line => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn propose(who: &Who, seconds: u32) -> Call {
    let body = json!({ "source": policy(seconds), "reason": "a longer look back" });
    Call::post("/v1/policies/releases", body).of(who).key(&fresh("key"))
}

pub(crate) fn approve(who: &Who, release: &Value, changes_hash: &Value) -> Call {
    let path = format!("/v1/policies/releases/{}/approve", release["release_id"].as_str().unwrap());
    Call::post(&path, json!({ "changes_hash": changes_hash })).of(who).key(&fresh("key"))
}

/// The manifest, after its signature was found to be right.
pub(crate) fn manifest(host: &Host, folder: &Folder, who: &Who) -> Value {
    let signed = host.expect(&Call::get("/v1/policies/current/manifest").of(who), 200);
    let key = STANDARD.decode(run_ok(folder.path(), &["policy", "key"])).unwrap();
    let told: Json = serde_json::from_value(signed["manifest"].clone()).unwrap();
    let text = format!("countersign/policy-manifest/v1\n{}", told.canonical());
    let signature = STANDARD.decode(signed["signature"].as_str().unwrap()).unwrap();
    UnparsedPublicKey::new(&ED25519, key).verify(text.as_bytes(), &signature).unwrap();
    signed["manifest"].clone()
}

#[test]
fn a_policy_comes_into_force_when_a_second_person_confirms_it() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let edge = host.edge("northwind");
    let ana = owner(&folder, "Ana", "*", &["--person", "person_ana"]);
    let ana_too = owner(&folder, "Ana's other account", "*", &["--person", "person_ana"]);
    let ben = owner(&folder, "Ben", "*", &[]);
    let local = owner(&folder, "Local", "northwind", &[]);
    let machine = owner(&folder, "Machine", "*", &["--kind", "service"]);

    let before = manifest(&host, &folder, &edge);
    assert_eq!((&before["sequence"], &before["tenant_id"]), (&json!(1), &json!("*")));
    let mode = std::fs::metadata(folder.join("policy.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    assert_eq!(host.call(&propose(&local, 77)).body["code"], "not_permitted");
    assert_eq!(host.call(&propose(&edge, 77)).body["code"], "not_permitted");
    let release = host.expect(&propose(&ana, 77), 201)["release"].clone();
    assert_eq!(release["state"], "pending");
    assert_eq!(release["changes"], json!(["undo_window_ms"]));
    assert_eq!(manifest(&host, &folder, &edge)["policy"], before["policy"]);

    let digest = &release["changes_hash"];
    let rows = [
        (&ana, digest, "self_approval"),
        (&ana_too, digest, "self_approval"),
        (&machine, digest, "not_permitted"),
        (&local, digest, "not_permitted"),
        (&edge, digest, "not_permitted"),
        (&ben, &json!("sha256:other"), "stale_version"),
    ];
    for (who, changes_hash, code) in rows {
        assert_eq!(host.call(&approve(who, &release, changes_hash)).body["code"], code);
    }
    let rival = host.expect(&propose(&ben, 78), 201)["release"].clone();
    let released = host.expect(&approve(&ben, &release, digest), 200)["release"].clone();
    assert_eq!((&released["state"], &released["sequence"]), (&json!("released"), &json!(2)));
    let after = manifest(&host, &folder, &edge);
    assert_eq!((&after["sequence"], &after["policy"]), (&json!(2), &release["policy"]));
    assert_eq!(host.call(&approve(&ben, &release, digest)).body["code"], "invalid_state");
    // What was looked at against another policy has to be looked at again.
    let late = approve(&ana, &rival, &rival["changes_hash"]);
    assert_eq!(host.call(&late).body["code"], "stale_version");
    assert_eq!(host.call(&propose(&ana, 77)).body["code"], "invalid_state");
    let broken = json!({ "source": "[policy]\nid = 7" });
    let broken = Call::post("/v1/policies/releases", broken).of(&ana).key(&fresh("key"));
    assert_eq!(host.call(&broken).body["code"], "policy_rejected");
    let listed = host.expect(&Call::get("/v1/policies/releases").of(&ben), 200);
    assert_eq!(listed["releases"].as_array().unwrap().len(), 2);
    assert_eq!(host.call(&Call::get("/v1/policies/releases").of(&edge)).status, 403);
    assert_sound(folder.path());

    let confirmed: Vec<String> = {
        let database = folder.database();
        let select = "SELECT entry ->> '$.data.confirmed' FROM audit_pending \
            WHERE entity_kind = 'policy' ORDER BY at";
        let mut statement = database.prepare(select).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(confirmed, ["by_operator", "by_second_person"]);

    // A start without `--policy` leaves what two people put there; the operator's door is still open.
    assert_eq!(host.stop(), Some(0));
    let host = Host::start(&folder);
    assert_eq!(manifest(&host, &folder, &edge)["policy"], release["policy"]);
    assert_eq!(host.stop(), Some(0));
    let file = folder.join("third.toml");
    std::fs::write(&file, policy(79)).unwrap();
    let host = Host::start_with(&folder, &["--policy", file.to_str().unwrap()]);
    assert_eq!(manifest(&host, &folder, &edge)["sequence"], 3);
    assert_sound(folder.path());
    drop(host);

    // A sequence or a confirmation that somebody wrote past the host is found.
    for change in [
        "UPDATE policy_in_force SET sequence = 9",
        "UPDATE policy_in_force SET sequence = 3; UPDATE policy_releases SET body = replace(body, '\"approved_by\":\"', '\"approved_by\":\"not_')",
    ] {
        folder.database().execute_batch(change).unwrap();
        assert!(!verify(folder.path()).0, "{change}");
    }
}

#[test]
fn the_command_line_proposes_and_a_person_confirms() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let ben = owner(&folder, "Ben", "*", &[]);
    let file = folder.join("next.toml");
    std::fs::write(&file, policy(80)).unwrap();
    let command = ["policy", "release", file.to_str().unwrap(), "--reason", "a longer look back"];
    let printed = run_ok(folder.path(), &command);
    assert!(
        printed.starts_with("rel_") && printed.contains("changes: undo_window_ms"),
        "{printed}"
    );
    let listed = host.expect(&Call::get("/v1/policies/releases").of(&ben), 200);
    let release = &listed["releases"][0];
    host.expect(&approve(&ben, release, &release["changes_hash"]), 200);
    assert_eq!(manifest(&host, &folder, &ben)["sequence"], 2);
    let again = run(folder.path(), &command);
    assert!(String::from_utf8_lossy(&again.stderr).contains("in force already"));
    assert_sound(folder.path());
}
