//! F28: copies of the data, and what is made of them. SQLite's alone: a server has tools of its own.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::acting::{approved, command, propose, read, refund, reviewer, wait_executed, wait_for};
use crate::sink::{Manner, Sink};
use crate::support::{
    Call, Folder, Host, Who, assert_sound, billing_request, fresh, only_sqlite, quick_policy, run,
    run_ok,
};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What a command that must fail said.
fn refusal(folder: &Folder, arguments: &[&str]) -> String {
    let output = run(folder.path(), arguments);
    assert!(!output.status.success(), "{arguments:?} went well");
    String::from_utf8(output.stderr).unwrap()
}

fn status(host: &Host, who: &Who) -> u16 {
    host.call(&Call::get("/v1/me").of(who)).status
}

fn lose_database(folder: &Folder) {
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(folder.join(&format!("countersign.db{suffix}")));
    }
}

fn rows(database: &Path, select: &str) -> Vec<String> {
    let place = countersign::host::store::place::Database::File(database.to_owned());
    let connection = place.open_read_only().unwrap();
    let mut statement = connection.prepare(select).unwrap();
    let found = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    found.map(Result::unwrap).collect()
}

#[test]
fn f28_a_copy_is_whole_while_a_host_goes_on_writing() {
    if !only_sqlite("f28_a_copy_is_whole_while_a_host_goes_on_writing") {
        return;
    }
    let folder = Folder::new();
    let host = Host::start(&folder);
    let edge = host.edge("northwind");
    let create = |count: usize| -> Vec<String> {
        let ids = (0..count).map(|_| host.create(&edge, billing_request())["case_id"].clone());
        ids.map(|id| id.as_str().unwrap().to_owned()).collect()
    };
    let before = create(20);
    let copy = folder.join("copy.db");
    let stop = AtomicBool::new(false);
    let (told, during) = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut during = 0;
            while !stop.load(Ordering::Relaxed) {
                create(1);
                during += 1;
            }
            during
        });
        let told = run_ok(folder.path(), &["backup", text(&copy)]);
        stop.store(true, Ordering::Relaxed);
        (told, writer.join().unwrap())
    });
    assert!(told.contains("entries of the audit log checked"), "{told}");
    assert!(during > 0, "nobody could write while the copy was made");
    let found = rows(&copy, "SELECT case_id FROM cases");
    assert!(before.iter().all(|id| found.contains(id)), "what was acknowledged before is in it");
    assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(refusal(&folder, &["backup", text(&copy)]).contains("is there already"));
    let left = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name());
    assert!(left.filter(|name| name.to_str().unwrap().contains("partial")).count() == 0);
    assert_sound(folder.path());
}

#[test]
fn f28_what_is_not_whole_is_neither_copied_nor_restored() {
    if !only_sqlite("f28_what_is_not_whole_is_neither_copied_nor_restored") {
        return;
    }
    let folder = Folder::new();
    let host = Host::start(&folder);
    host.create(&host.edge("northwind"), billing_request());
    host.stop();
    let good = folder.join("good.db");
    run_ok(folder.path(), &["backup", text(&good)]);
    folder.database().execute("UPDATE cases SET queue = 'elsewhere'", []).unwrap();
    let bad = folder.join("bad.db");
    let told = refusal(&folder, &["backup", text(&bad)]);
    assert!(told.contains("is not sound") && told.contains("`queue`"), "{told}");
    assert!(!bad.exists());

    let other = Folder::new();
    let fenced = folder.join("countersign.fence");
    // Nothing says what was revoked since.
    assert!(refusal(&other, &["restore", text(&good)]).contains("--without-fence"));
    let missing = refusal(&other, &["restore", text(&good), "--fence", "nowhere"]);
    assert!(missing.contains("nowhere"), "{missing}");
    // A page of it, in the middle.
    let mut bytes = std::fs::read(&good).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4_096].fill(0x5a);
    std::fs::write(&bad, bytes).unwrap();
    let told = refusal(&other, &["restore", text(&bad), "--fence", text(&fenced)]);
    assert!(told.contains("bad.db"), "{told}");
    // A line that cannot be read might have taken something back.
    let lame = folder.join("lame.fence");
    std::fs::write(&lame, "{\"credential_revoked\":\"cred_1\n{}\n").unwrap();
    let told = refusal(&other, &["restore", text(&good), "--fence", text(&lame)]);
    assert!(told.contains("line 1 cannot be read"), "{told}");
    assert!(!other.join("countersign.db").exists() && !other.join("restoring").exists());

    run_ok(other.path(), &["restore", text(&good), "--fence", text(&fenced)]);
    assert!(refusal(&other, &["restore", text(&good)]).contains("is there already"));
    assert_sound(other.path());
    // What a restore that was killed left behind is no hindrance, and no database.
    let third = Folder::new();
    std::fs::create_dir(third.join("restoring")).unwrap();
    std::fs::write(third.join("restoring/countersign.db"), "half").unwrap();
    run_ok(third.path(), &["restore", text(&good), "--without-fence"]);
    assert_sound(third.path());
}

/// One executor that works, and one that cannot be reached yet.
fn executors(folder: &Folder, sink: &Sink, other: std::net::SocketAddr) -> PathBuf {
    let path = folder.join("executors.toml");
    let file = format!(
        "[[executor]]\nid = \"payments\"\nurl = \"http://{}/\"\ntools = [\"billing.*\"]\n\
         guarantee = \"idempotent\"\ntimeout = \"1 s\"\n\
         [[executor]]\nid = \"refunds\"\nurl = \"http://{other}/\"\ntools = [\"issue_refund\"]\n\
         guarantee = \"idempotent\"\ntimeout = \"1 s\"\n",
        sink.address
    );
    std::fs::write(&path, file).unwrap();
    path
}

#[test]
fn f28_a_restored_host_holds_what_was_unfinished_until_it_is_let_go() {
    if !only_sqlite("f28_a_restored_host_holds_what_was_unfinished_until_it_is_let_go") {
        return;
    }
    let folder = Folder::new();
    let sink = Sink::start(Manner::Does, true);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let named = executors(&folder, &sink, free);
    let policy = quick_policy(&folder, "20 min", "3 s");
    let arguments = ["--policy", text(&policy), "--executors", text(&named)];
    let host = Host::start_with(&folder, &arguments);
    let edge = host.edge("northwind");
    let (ana_id, ana) = reviewer(&host, &folder, "Ana", "4");
    let (ben_id, _) = reviewer(&host, &folder, "Ben", "4");
    let token = |id: &str| {
        let made = run_ok(folder.path(), &["token", "create", id]);
        let (id, secret) = made.split_once(' ').unwrap();
        (id.to_owned(), Who::Token(secret.to_owned()))
    };
    let ((lost_token_id, lost_token), (_, kept_token)) = (token(&ana_id), token(&ana_id));

    // One of each kind that is unfinished: prepared, approved, decided, held by somebody.
    let small = json!({ "proposed_action": "issue_refund", "amount": 18, "currency": "USD", "customer_id": fresh("cust") });
    let prepared = propose(&host, &edge, small);
    wait_executed(&host, &edge, &prepared, "prepared");
    let leased = host.create(&edge, billing_request());
    let jonas = host.sign_in("Jonas");
    host.command(&jonas, &leased, "claim", json!({}));
    let decided = host.create(&edge, billing_request());
    let epoch = host.command(&jonas, &decided, "claim", json!({}))["epoch"].clone();
    let decision = json!({ "epoch": epoch, "verdict": "accepted", "outcome": "send" });
    assert_eq!(host.command(&jonas, &decided, "decide", decision)["state"], "held");
    let large = propose(&host, &edge, refund("420.00"));
    wait_for(&host, &ana, &large, "pending");
    approved(&host, &ana, &large);
    let copy = folder.join("copy.db");
    run_ok(folder.path(), &["backup", text(&copy)]);

    // What happens after the copy, and is lost but for the fence.
    run_ok(folder.path(), &["token", "revoke", &lost_token_id]);
    run_ok(folder.path(), &["principal", "suspend", &ben_id]);
    let sequences = run_ok(folder.path(), &["policy", "sequence", "--at-least", "41"]);
    assert!(sequences.contains("* 41"), "{sequences}");
    host.wait_for(&edge, decided["case_id"].as_str().unwrap(), "resolved");
    wait_executed(&host, &edge, &large, "succeeded");
    assert_eq!(sink.effects().len(), 1);
    host.kill();

    lose_database(&folder);
    let told = run_ok(folder.path(), &["restore", text(&copy)]);
    assert!(told.contains("3 things were taken back again"), "{told}");
    for line in ["1 approved actions", "1 executions", "1 answers", "1 cases that somebody held"] {
        assert!(told.contains(line), "{line} in {told}");
    }
    assert!(refusal(&folder, &["doctor"]).contains("to be mended"));
    let doctor = String::from_utf8(run(folder.path(), &["doctor"]).stdout).unwrap();
    assert!(doctor.contains("BAD   instance: restored from a copy"), "{doctor}");

    // Both executors can be reached now; nothing goes out to them, and nothing to the user.
    let second = Sink::start(Manner::Does, true);
    executors(&folder, &sink, second.address);
    let host = Host::start_with(&folder, &arguments[2..]);
    let edge = host.edge("northwind");
    for (who, expected) in
        [(&lost_token, 401), (&kept_token, 200), (&ana, 401), (&jonas, 401), (&edge, 200)]
    {
        assert_eq!(status(&host, who), expected);
    }
    let places = host.expect(&Call::get("/v1/policies/current/manifest").of(&edge), 200);
    assert!(places["manifest"]["sequence"].as_i64().unwrap() > 41, "{places:#}");
    let ana = host.sign_in_with(
        run_ok(folder.path(), &["sign-in-link", &ana_id]).rsplit('/').next().unwrap(),
    );
    std::thread::sleep(Duration::from_secs(4));
    let path = format!("/v1/cases/{}", decided["case_id"].as_str().unwrap());
    assert_eq!(host.expect(&Call::get(&path).of(&edge), 200)["case"]["state"], "held");
    assert_eq!(read(&host, &edge, &large)["proposal"]["state"], "approved");
    assert_eq!(read(&host, &edge, &prepared)["executions"][0]["state"], "unknown");
    let fresh_one = propose(&host, &edge, refund("18.00"));
    assert_eq!((sink.effects().len(), second.effects().len()), (1, 0));

    let told = run_ok(folder.path(), &["resume"]);
    assert!(told.contains("acts again"), "{told}");
    assert!(refusal(&folder, &["resume"]).contains("nothing is held"));
    // What was decided goes on; what was approved goes back to people, and what may have been sent is
    // for a person to find out.
    host.wait_for(&edge, decided["case_id"].as_str().unwrap(), "resolved");
    wait_executed(&host, &edge, &fresh_one, "succeeded");
    wait_for(&host, &ana, &large, "void");
    let open = host.expect(&Call::get("/v1/proposals?view=open").of(&ana), 200);
    assert_eq!(open["proposals"].as_array().unwrap().len(), 1, "{open:#}");
    let successor = wait_for(&host, &ana, &open["proposals"][0], "pending");
    assert_eq!(successor["proposal"]["votes"], json!([]));
    std::thread::sleep(Duration::from_millis(1_200));
    assert_eq!(second.effects().len(), 0, "what was prepared in the copy was sent");
    assert_eq!(sink.effects().len(), 2);
    let execution = read(&host, &ana, &prepared)["executions"][0].clone();
    let path = format!("/v1/executions/{}/reconcile", execution["execution_id"].as_str().unwrap());
    let found = json!({ "happened": true, "note": "it is in the books" });
    host.expect(&Call::post(&path, found).of(&ana).key(&fresh("key")), 200);
    assert_eq!(command(&host, &ana, &large, "approve", json!({})).status, 400);
    assert_sound(folder.path());
    let log = rows(
        &folder.join("countersign.db"),
        "SELECT entry FROM audit_pending WHERE entity_kind = 'instance' ORDER BY entity_version",
    );
    let log: Vec<Value> = log.iter().map(|entry| serde_json::from_str(entry).unwrap()).collect();
    let events: Vec<&str> = log.iter().map(|entry| entry["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["instance_restored", "instance_resumed"]);
    assert_eq!(log[0]["data"]["epoch"], 2);
}

#[test]
fn f28_the_fence_holds_where_the_file_was_put_back_by_hand() {
    if !only_sqlite("f28_the_fence_holds_where_the_file_was_put_back_by_hand") {
        return;
    }
    let folder = Folder::new();
    let host = Host::start(&folder);
    let (id, _) = reviewer(&host, &folder, "Ana", "2");
    let made = run_ok(folder.path(), &["token", "create", &id]);
    let (credential_id, secret) = made.split_once(' ').unwrap();
    let token = Who::Token(secret.to_owned());
    assert_eq!(status(&host, &token), 200);
    host.stop();
    let yesterday = folder.join("yesterday.db");
    run_ok(folder.path(), &["backup", text(&yesterday)]);
    run_ok(folder.path(), &["token", "revoke", credential_id]);
    lose_database(&folder);
    std::fs::rename(&yesterday, folder.join("countersign.db")).unwrap();
    // A line that a crash cut off is no line.
    let fence = folder.join("countersign.fence");
    let lines = std::fs::read_to_string(&fence).unwrap();
    std::fs::write(&fence, format!("{lines}{{\"credential_rev")).unwrap();
    let host = Host::start(&folder);
    assert_eq!(status(&host, &token), 401);
    host.sign_in("Jonas");
    assert_sound(folder.path());
}
