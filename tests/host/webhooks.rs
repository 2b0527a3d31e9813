//! Webhooks over HTTP, to receivers that behave and to some that do not.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::{
    Call, Folder, Host, Who, assert_sound, billing_request, fresh, only_sqlite, quick_policy,
    run_ok,
};

const WAIT_MAX: Duration = Duration::from_secs(10);

/// How a receiver answers.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Manner {
    Takes,
    Fails,
    Redirects(SocketAddr),
    Hangs,
    Babbles,
    SendsLongHead,
    SendsEndlessBody,
}

/// What a receiver got.
#[derive(Clone, Debug)]
struct Got {
    path: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map_or("", |(_, value)| value)
    }

    fn event(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// A server of a receiver.
struct Receiver {
    address: SocketAddr,
    manner: Arc<Mutex<Manner>>,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Receiver {
    fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (manner, got) = (Arc::new(Mutex::new(manner)), Arc::new(Mutex::new(Vec::new())));
        let receiver = Self { address, manner: Arc::clone(&manner), got: Arc::clone(&got) };
        std::thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let (manner, got) = (*manner.lock().unwrap(), Arc::clone(&got));
                std::thread::spawn(move || answer(connection, manner, &got));
            }
        });
        receiver
    }

    fn url(&self) -> String {
        format!("http://{}/hook?a=b", self.address)
    }

    fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }

    fn wait_for(&self, count: usize) -> Vec<Got> {
        wait(|| Some(self.got()).filter(|got| got.len() >= count))
    }
}

fn answer(mut connection: TcpStream, manner: Manner, got: &Mutex<Vec<Got>>) -> Option<()> {
    let mut reader = BufReader::new(connection.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let mut request = Got { path, headers, body: String::new() };
    let length = request.header("content-length").parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    request.body = String::from_utf8(body).ok()?;
    got.lock().unwrap().push(request);
    let close = "connection: close\r\n\r\n";
    let text = match manner {
        Manner::Takes => format!("HTTP/1.1 204 No Content\r\n{close}"),
        Manner::Fails => format!("HTTP/1.1 500 No\r\n{close}the receiver's own secret"),
        Manner::Redirects(to) => {
            format!("HTTP/1.1 307 There\r\nlocation: http://{to}/redirected\r\n{close}")
        }
        Manner::Hangs => {
            std::thread::sleep(Duration::from_secs(30));
            return None;
        }
        Manner::Babbles => "220 mail.example ESMTP\r\n".to_owned(),
        Manner::SendsLongHead => {
            format!("HTTP/1.1 200 OK\r\nx-long: {}\r\n{close}", "x".repeat(200_000))
        }
        Manner::SendsEndlessBody => "HTTP/1.1 200 OK\r\n\r\n".to_owned(),
    };
    connection.write_all(text.as_bytes()).ok()?;
    if manner == Manner::SendsEndlessBody {
        while connection.write_all(&[b'x'; 65_536]).is_ok() {}
    }
    Some(())
}

fn wait<T>(mut probe: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(started.elapsed() < WAIT_MAX, "it was waited for in vain");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn start(folder: &Folder, receivers: &[&Receiver]) -> Host {
    let policy = quick_policy(folder, "20 min", "1 s");
    let mut arguments = vec!["--policy".to_owned(), policy.to_str().unwrap().to_owned()];
    for receiver in receivers {
        arguments.extend(["--webhook-allow".to_owned(), receiver.address.to_string()]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    Host::start_with(folder, &arguments)
}

/// Makes an endpoint; its id and its secret.
fn add(host: &Host, who: &Who, body: Value) -> (String, String) {
    let made = host.expect(&Call::post("/v1/webhooks", body).of(who).key(&fresh("key")), 201);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&made["webhook"]["webhook_id"]), text(&made["secret"]))
}

fn listed(host: &Host, who: &Who, webhook_id: &str) -> Value {
    let body = host.expect(&Call::get("/v1/webhooks").of(who), 200);
    let found =
        body["webhooks"].as_array().unwrap().iter().find(|one| one["webhook_id"] == webhook_id);
    found.expect("the endpoint is not listed").clone()
}

fn deliveries(host: &Host, who: &Who, webhook_id: &str, query: &str) -> Vec<Value> {
    let path = format!("/v1/webhooks/{webhook_id}/deliveries{query}");
    host.expect(&Call::get(&path).of(who), 200)["deliveries"].as_array().unwrap().clone()
}

/// Lets the time of every retry come.
fn pass_time(folder: &Folder) {
    folder.database().execute("UPDATE webhook_deliveries SET next_attempt_at = 0", []).unwrap();
}

/// HMAC-SHA256 as RFC 2104 writes it.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    block[..key.len()].copy_from_slice(key);
    let pad = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::digest([&pad(0x36)[..], message].concat());
    Sha256::digest([&pad(0x5c)[..], &inner].concat()).to_vec()
}

/// Base64 as RFC 4648 writes it.
fn base64_decode(text: &str) -> Vec<u8> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut count, mut out) = (0_u32, 0, Vec::new());
    for digit in text.trim_end_matches('=').chars() {
        bits = (bits << 6) | u32::try_from(ALPHABET.find(digit).unwrap()).unwrap();
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from((bits >> count) & 0xff).unwrap());
        }
    }
    out
}

#[test]
fn an_application_is_told_and_can_check_who_tells_it() {
    let folder = Folder::new();
    let (all, some) = (Receiver::start(Manner::Takes), Receiver::start(Manner::Takes));
    let host = start(&folder, &[&all, &some]);
    let (edge, jonas) = (host.edge("northwind"), host.sign_in("Jonas"));
    let (webhook_id, secret) = add(&host, &edge, json!({ "url": all.url() }));
    add(&host, &edge, json!({ "url": some.url(), "events": ["answer_released"] }));
    // Another tenant's and another caller's cases are not this endpoint's.
    host.create(&host.edge("meridian-health"), billing_request());
    let case = host.create(&edge, billing_request());
    host.command(&jonas, &case, "claim", json!({}));
    let decision = json!({ "epoch": 1, "verdict": "replaced", "outcome": "send",
        "answer": "It was a real charge.", "reason_code": "model_error" });
    host.command(&jonas, &case, "decide", decision);
    let got = all.wait_for(4);
    let key = base64_decode(secret.strip_prefix("whsec_").unwrap());
    assert!((24..=64).contains(&key.len()));
    for (index, request) in got.iter().enumerate() {
        let event = request.event();
        assert_eq!(request.path, "/hook?a=b");
        assert_eq!(event["sequence"], index + 1);
        assert_eq!(event["id"], request.header("webhook-id"));
        assert_eq!(request.header("content-type"), "application/cloudevents+json; charset=utf-8");
        let timestamp = request.header("webhook-timestamp");
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let age = now.as_secs().abs_diff(timestamp.parse().unwrap());
        assert!(age < 20, "{age} s old");
        let signed = format!("{}.{timestamp}.{}", request.header("webhook-id"), request.body);
        let signature = request.header("webhook-signature").strip_prefix("v1,").unwrap();
        assert_eq!(base64_decode(signature), hmac(&key, signed.as_bytes()));
    }
    assert_eq!(got[3].event()["type"], "dev.countersign.answer_released");
    assert_eq!(got[3].event()["data"]["answer"]["text"], "It was a real charge.");
    assert!(got[..3].iter().all(|request| request.event()["data"]["answer"].is_null()));
    let only = some.wait_for(1);
    assert_eq!((only.len(), &only[0].event()), (1, &got[3].event()));
    wait(|| (listed(&host, &edge, &webhook_id)["delivered"] == 4).then_some(()));
    assert!(deliveries(&host, &edge, &webhook_id, "").is_empty());
    assert_sound(folder.path());
}

#[test]
fn f44_bad_receivers_are_tried_again_with_the_same_id_and_hold_up_nobody() {
    let folder = Folder::new();
    let good = Receiver::start(Manner::Takes);
    let manners = [
        (Manner::Fails, "status", json!(500)),
        (Manner::Redirects(good.address), "redirect", json!(307)),
        (Manner::Babbles, "protocol", Value::Null),
        (Manner::SendsLongHead, "protocol", Value::Null),
    ];
    let bad: Vec<Receiver> = manners.iter().map(|(manner, ..)| Receiver::start(*manner)).collect();
    let (hanging, endless) =
        (Receiver::start(Manner::Hangs), Receiver::start(Manner::SendsEndlessBody));
    let mut all: Vec<&Receiver> = bad.iter().collect();
    all.extend([&good, &hanging, &endless]);
    let mut host = start(&folder, &all);
    let mut edge = host.edge("northwind");
    let endpoint = |host: &Host, edge: &Who, url: String| {
        add(host, edge, json!({ "url": url, "events": ["case_created"] })).0
    };
    let bad_ids: Vec<String> =
        bad.iter().map(|receiver| endpoint(&host, &edge, receiver.url())).collect();
    let hanging_id = endpoint(&host, &edge, hanging.url());
    let endless_id = endpoint(&host, &edge, endless.url());
    // A receiver that is there, and does not speak TLS.
    let no_tls = endpoint(&host, &edge, format!("https://{}/", good.address));
    endpoint(&host, &edge, good.url());
    let started = Instant::now();
    for _ in 0..5 {
        host.create(&edge, billing_request());
    }
    let ids: Vec<String> =
        good.wait_for(5).iter().map(|got| got.header("webhook-id").to_owned()).collect();
    // The others take as long as the machine lets them; one that hangs takes ten seconds.
    assert!(started.elapsed() < Duration::from_secs(9), "the good one had to wait");
    wait(|| (listed(&host, &edge, &endless_id)["delivered"] == 5).then_some(()));
    assert_eq!(hanging.wait_for(1).len(), 1, "one attempt at a time");
    for ((_, failure, status), webhook_id) in manners.iter().zip(&bad_ids) {
        let fault = wait(|| {
            let fault = listed(&host, &edge, webhook_id)["last_fault"].clone();
            (!fault.is_null()).then_some(fault)
        });
        assert_eq!((&fault["failure"], &fault["status"]), (&json!(failure), status));
    }
    wait(|| (listed(&host, &edge, &no_tls)["last_fault"]["failure"] == "tls").then_some(()));
    assert!(good.got().iter().all(|got| got.path == "/hook?a=b"), "a redirect was followed");

    // Each retry has the same id and body, and a signature of its own time.
    let failing = (&bad[0], bad_ids[0].as_str());
    wait(|| {
        (deliveries(&host, &edge, failing.1, "").iter().all(|one| one["attempts"] == 1))
            .then_some(())
    });
    pass_time(&folder);
    let got = failing.0.wait_for(6);
    let first = got.iter().find(|one| one.header("webhook-id") == got[5].header("webhook-id"));
    assert_eq!(first.unwrap().body, got[5].body);
    let waiting = deliveries(&host, &edge, failing.1, "?state=waiting");
    assert_eq!(
        waiting.iter().map(|one| one["event_id"].as_str().unwrap()).collect::<Vec<_>>(),
        ids
    );
    let body = host.call(&Call::get(&format!("/v1/webhooks/{}/deliveries", failing.1)).of(&edge));
    assert!(!body.text.contains("own secret"), "a receiver's words were kept");

    // A process that is killed leaves everything to the next one; three days later it is given up.
    host.kill();
    let old = "UPDATE webhook_deliveries SET first_attempt_at = first_attempt_at - 259200000, \
        attempts = 14 WHERE webhook_id = ?1";
    folder.database().execute(old, [failing.1]).unwrap();
    pass_time(&folder);
    host = start(&folder, &all);
    edge = host.edge("northwind");
    let dead = wait(|| {
        pass_time(&folder);
        Some(deliveries(&host, &edge, failing.1, "?state=dead")).filter(|dead| dead.len() == 5)
    });
    assert!(dead.iter().all(|one| one["next_attempt_at"].is_null()));
    assert_eq!(dead[0]["last_fault"]["status"], 500);
    let before = failing.0.got().len();
    *failing.0.manner.lock().unwrap() = Manner::Takes;
    let replay =
        |body: Value| Call::post(&format!("/v1/webhooks/{}/replay", failing.1), body).of(&edge);
    assert_eq!(host.expect(&replay(json!({ "event_id": ids[2] })), 200)["replayed"], 1);
    assert_eq!(failing.0.wait_for(before + 1)[before].header("webhook-id"), ids[2]);
    wait(|| (listed(&host, &edge, failing.1)["dead"] == 4).then_some(()));
    let absent = host.expect(&replay(json!({ "event_id": ids[2] })), 404);
    assert_eq!(absent["path"], "/event_id");
    assert_eq!(host.expect(&replay(json!({})), 200)["replayed"], 4);
    failing.0.wait_for(before + 5);
    wait(|| deliveries(&host, &edge, failing.1, "").is_empty().then_some(()));
    assert!(!deliveries(&host, &edge, &hanging_id, "").is_empty());
    assert_sound(folder.path());
}

/// Addresses that are refused as they are written.
const REFUSED: &[&str] = &[
    "http://hooks.example.com/",
    "ftp://hooks.example.com/",
    "file:///etc/passwd",
    "https:///hook",
    "hooks.example.com",
    "",
    "https://user:word@hooks.example.com/",
    "https://hooks.example.com@127.0.0.1/",
    "https://hooks.example.com/#fragment",
    "https://hooks.example.com:0/",
    "https://hooks.example.com:99999/",
    "https://hooks.example.com\\@127.0.0.1/",
    "https://hooks.example.com/a b",
    "https://hööks.example.com/",
    "https://localhost/",
    "https://a.localhost/",
    "https://receiver.local/",
    "https://metadata.google.internal/",
    "https://metadata/",
    "https://127.0.0.1/",
    "https://127.0.0.1./",
    "https://127.1/",
    "https://127.0.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://017700000001/",
    "https://0177.0.0.1/",
    "https://127.0.0.01/",
    "https://0/",
    "https://0.0.0.0/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fd00:ec2::254]/",
    "https://[ff02::1]/",
];

#[test]
fn f45_an_address_that_is_not_public_is_refused_with_its_path() {
    let folder = Folder::new();
    let receiver = Receiver::start(Manner::Takes);
    let host = start(&folder, &[&receiver]);
    let edge = host.edge("northwind");
    let before = folder.dump();
    let port = receiver.address.port();
    let other = format!("http://127.0.0.1:{}/", if port == 9 { 10 } else { 9 });
    let forms = [format!("http://localhost:{port}/"), format!("http://127.1:{port}/"), other];
    for url in REFUSED.iter().copied().chain(forms.iter().map(String::as_str)) {
        let call = Call::post("/v1/webhooks", json!({ "url": url })).of(&edge).key(&fresh("key"));
        let refused = host.expect(&call, 400);
        assert_eq!(
            (&refused["code"], &refused["path"]),
            (&json!("invalid_field"), &json!("/url")),
            "{url}"
        );
    }
    let bad_event = json!({ "url": receiver.url(), "events": ["case_creatd"] });
    let call = Call::post("/v1/webhooks", bad_event).of(&edge).key(&fresh("key"));
    assert_eq!(host.expect(&call, 400)["path"], "/events/0");
    assert_eq!(folder.dump(), before);
    // An address that was stored before is vetted again before anything is sent.
    let (webhook_id, _) = add(&host, &edge, json!({ "url": receiver.url() }));
    for url in ["https://127.0.0.1/", "https://localhost.example.invalid/"] {
        let update = "UPDATE webhooks SET url = ?1, last_failure = NULL";
        folder.database().execute(update, [url]).unwrap();
        host.create(&edge, billing_request());
        let fault = wait(|| {
            let fault = listed(&host, &edge, &webhook_id)["last_fault"]["failure"].clone();
            (!fault.is_null()).then_some(fault)
        });
        let expected = if url.contains("invalid") { "unknown_name" } else { "address_refused" };
        assert_eq!(fault, expected);
    }
    assert!(receiver.got().is_empty());
    let serve = ["serve", "--webhook-allow", "10.0.0.1:80"];
    assert!(!crate::support::run(folder.path(), &serve).status.success());
}

#[test]
fn an_endpoint_is_its_makers_and_its_secret_is_stored_nowhere() {
    let folder = Folder::new();
    let receiver = Receiver::start(Manner::Takes);
    let host = start(&folder, &[&receiver]);
    let (edge, meridian) = (host.edge("northwind"), host.edge("meridian-health"));
    let jonas = host.sign_in("Jonas");
    let call = Call::post("/v1/webhooks", json!({ "url": receiver.url() })).key("the-key");
    assert_eq!(host.expect(&call.clone().of(&jonas), 403)["code"], "not_permitted");
    let keyless = call.clone().without("idempotency-key").of(&edge);
    assert_eq!(host.expect(&keyless, 400)["path"], "/headers/idempotency-key");
    let made = host.expect(&call.clone().of(&edge), 201);
    let again = host.call(&call.of(&edge));
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, "true"));
    assert_eq!(again.body, made, "a retry gets what was lost");
    let webhook_id = made["webhook"]["webhook_id"].as_str().unwrap();
    let secret = made["secret"].as_str().unwrap();
    let key = folder.join("webhook.key");
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let raw = base64_decode(secret.strip_prefix("whsec_").unwrap());
    let files = ["webhook.key", "countersign.db", "countersign.db-wal"];
    for name in &files[..if only_sqlite("where a secret could lie") { 3 } else { 1 }] {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        for needle in [secret.as_bytes(), &secret.as_bytes()[6..], &raw] {
            assert!(!bytes.windows(needle.len()).any(|part| part == needle), "{name}");
        }
    }
    assert!(listed(&host, &edge, webhook_id).get("secret").is_none());
    let none = host.expect(&Call::get("/v1/webhooks").of(&meridian), 200);
    assert_eq!(none["webhooks"], json!([]));
    let path = format!("/v1/webhooks/{webhook_id}");
    let mut delete = Call::get(&path);
    delete.method = "DELETE";
    for call in [
        delete.clone(),
        Call::get(&format!("{path}/deliveries")),
        Call::post(&format!("{path}/replay"), json!({})),
    ] {
        assert_eq!(host.expect(&call.of(&meridian), 404)["code"], "not_found");
    }
    // What the maker may no longer read is not told any more.
    host.create(&edge, billing_request());
    receiver.wait_for(1);
    std::fs::rename(&key, folder.join("away.key")).unwrap();
    host.create(&edge, billing_request());
    wait(|| {
        (listed(&host, &edge, webhook_id)["last_fault"]["failure"] == "secret_lost").then_some(())
    });
    std::fs::rename(folder.join("away.key"), &key).unwrap();
    run_ok(folder.path(), &["principal", "suspend", "prin_sample_edge_northwind"]);
    pass_time(&folder);
    let dead = "SELECT count(*) FROM webhook_deliveries WHERE state = 'dead' AND last_failure = 'not_permitted'";
    wait(|| {
        let count: i64 = folder.database().query_row(dead, [], |row| row.get(0)).unwrap();
        (count == 1).then_some(())
    });
    run_ok(folder.path(), &["principal", "activate", "prin_sample_edge_northwind"]);
    assert_eq!(receiver.got().len(), 1);
    assert_eq!(run_ok(folder.path(), &["webhook", "replay", webhook_id]), "1");
    receiver.wait_for(2);
    wait(|| {
        run_ok(folder.path(), &["webhook", "list"]).contains("2 delivered, 0 waiting").then_some(())
    });
    assert_eq!(host.call(&delete.of(&edge)).status, 204);
    assert!(run_ok(folder.path(), &["webhook", "list"]).is_empty());
    let allow = receiver.address.to_string();
    let add = [
        "webhook",
        "add",
        "prin_sample_edge_northwind",
        "--url",
        &receiver.url(),
        "--webhook-allow",
        &allow,
    ];
    let made = run_ok(folder.path(), &add);
    let (webhook_id, secret) = made.split_once(' ').unwrap();
    assert!(secret.starts_with("whsec_"));
    host.create(&edge, billing_request());
    receiver.wait_for(3);
    run_ok(folder.path(), &["webhook", "remove", webhook_id]);
    assert_sound(folder.path());
}
