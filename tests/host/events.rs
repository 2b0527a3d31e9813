//! The stream of events over HTTP: in order and without a gap, resumed without loss, and for those
//! alone who may read it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{
    Call, Folder, Host, Who, aside, assert_sound, billing_request, fresh, quick_policy, run_ok,
    server,
};

const WAIT_MAX: Duration = Duration::from_secs(10);

/// One event as it came.
#[derive(Debug)]
struct Frame {
    id: String,
    event: Value,
}

/// An open stream.
struct Stream {
    status: u16,
    frames: Receiver<Frame>,
    connection: TcpStream,
}

impl Stream {
    fn open(host: &Host, who: &Who, query: &str, last_event_id: Option<&str>) -> Self {
        let mut connection = TcpStream::connect(host.url.strip_prefix("http://").unwrap()).unwrap();
        let mut call = Call::get(&format!("/v1/events{query}")).of(who);
        if let Some(id) = last_event_id {
            call = call.header("last-event-id", id);
        }
        let headers: Vec<String> =
            call.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        // Without chunks, so that lines are lines.
        let head = format!("GET {} HTTP/1.0\r\n{}\r\n", call.path, headers.concat());
        connection.write_all(head.as_bytes()).unwrap();
        let mut lines = BufReader::new(connection.try_clone().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let status = first.split(' ').nth(1).unwrap().parse().unwrap();
        let (sender, frames) = channel();
        std::thread::spawn(move || {
            let (mut id, mut data) = (String::new(), None);
            for line in lines.map_while(Result::ok) {
                if let Some(text) = line.strip_prefix("id: ") {
                    id = text.to_owned();
                } else if let Some(text) = line.strip_prefix("data: ") {
                    data = Some(serde_json::from_str(text).unwrap());
                } else if line.is_empty()
                    && let Some(event) = data.take()
                    && sender.send(Frame { id: id.clone(), event }).is_err()
                {
                    return;
                }
            }
        });
        Self { status, frames, connection }
    }

    fn next(&self) -> Frame {
        self.frames.recv_timeout(WAIT_MAX).expect("no event came")
    }

    /// Everything that comes until there is silence or the end.
    fn rest(&self, silence: Duration) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Ok(frame) = self.frames.recv_timeout(silence) {
            frames.push(frame);
        }
        frames
    }

    fn ends_within(&self, duration: Duration) -> bool {
        let until = Instant::now() + duration;
        loop {
            match self.frames.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return true,
                Err(RecvTimeoutError::Timeout) => return false,
            }
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let _ = self.connection.shutdown(std::net::Shutdown::Both);
    }
}

fn sequences(frames: &[Frame]) -> Vec<i64> {
    frames.iter().map(|frame| frame.event["sequence"].as_i64().unwrap()).collect()
}

fn stored(folder: &Folder, tenant: &str) -> i64 {
    let select = "SELECT count(*) FROM events WHERE tenant_id = ?1";
    folder.database().query_row(select, [tenant], |row| row.get(0)).unwrap()
}

/// A principal of a tenant with one role and a token: its id, the token's id, and the token.
fn principal(folder: &Folder, tenant: &str, role: &str) -> (String, String, Who) {
    let data = folder.path();
    let create = ["principal", "create", "--kind", "service", "--tenant", tenant, "--name", role];
    let principal = run_ok(data, &create);
    run_ok(data, &["grant", "add", &principal, "--role", role]);
    let made = run_ok(data, &["token", "create", &principal]);
    let (credential, token) = made.split_once(' ').unwrap();
    (principal, credential.to_owned(), Who::Token(token.to_owned()))
}

#[test]
fn f19_two_hosts_under_load_send_every_event_once_in_the_order_of_the_commits() {
    const CASES: usize = 12;
    let folder = Folder::new();
    let first = Host::start(&folder);
    let edge = first.edge("northwind");
    let jonas = first.sign_in("Jonas");
    let second = Host::start(&folder);
    let streams = [&first, &second].map(|host| Stream::open(host, &edge, "?after=0", None));
    std::thread::scope(|scope| {
        for host in [&first, &first, &second, &second] {
            let (edge, jonas) = (&edge, &jonas);
            scope.spawn(move || {
                for _ in 0..CASES {
                    let case = host.create(edge, billing_request());
                    host.command(jonas, &case, "claim", json!({}));
                    host.command(jonas, &case, "release", json!({ "epoch": 1 }));
                }
            });
        }
    });
    let count = i64::try_from(4 * CASES * 3).unwrap();
    assert_eq!(stored(&folder, "northwind"), count);
    for stream in &streams {
        let frames: Vec<Frame> = (0..count).map(|_| stream.next()).collect();
        assert_eq!(sequences(&frames), (1..=count).collect::<Vec<_>>());
        assert!(
            frames
                .iter()
                .all(|frame| frame.id.parse() == Ok(frame.event["sequence"].as_i64().unwrap()))
        );
        assert!(stream.rest(Duration::from_millis(200)).is_empty());
    }
    assert_sound(folder.path());
}

#[test]
fn f44_a_stream_goes_on_after_a_kill_without_loss_or_repetition() {
    let folder = Folder::new();
    let mut host = Host::start(&folder);
    let mut seen: Vec<i64> = Vec::new();
    let mut last = "0".to_owned();
    for round in 0..4 {
        let edge = host.edge("northwind");
        let stream = Stream::open(&host, &edge, "?after=0", Some(&last));
        assert_eq!(stream.status, 200);
        let stop = AtomicBool::new(false);
        let running = &host;
        let frames = std::thread::scope(|scope| {
            let (edge, stop) = (&edge, &stop);
            for _ in 0..3 {
                scope.spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        let call = Call::post("/v1/cases", billing_request());
                        if running.try_call(&call.of(edge).key(&fresh("key"))).is_err() {
                            return;
                        }
                    }
                });
            }
            std::thread::sleep(Duration::from_millis(150 + 60 * round));
            running.kill_now();
            stop.store(true, Ordering::Relaxed);
            stream.rest(WAIT_MAX)
        });
        last = frames.last().map_or(last, |frame| frame.id.clone());
        seen.extend(sequences(&frames));
        drop(host);
        host = Host::start(&folder);
    }
    let edge = host.edge("northwind");
    let count = stored(&folder, "northwind");
    let enough = if server().is_some() { 3 } else { 20 };
    assert!(count > enough, "there was hardly any traffic: {count}");
    let stream = Stream::open(&host, &edge, "", Some(&last));
    let left = usize::try_from(count).unwrap() - seen.len();
    seen.extend((0..left).map(|_| stream.next().event["sequence"].as_i64().unwrap()));
    assert_eq!(seen, (1..=count).collect::<Vec<_>>());
    assert_sound(folder.path());
}

#[test]
fn f54_a_stream_shows_what_its_reader_may_read_and_no_text_but_a_released_answer() {
    const SECRETS: &[&str] =
        &["charged twice", "drop off", "Holds are released", "my note", "half"];
    let folder = Folder::new();
    let policy = quick_policy(&folder, "20 min", "1 s");
    let host = Host::start_with(&folder, &["--policy", policy.to_str().unwrap()]);
    let (northwind, meridian) = (host.edge("northwind"), host.edge("meridian-health"));
    let (_, _, other_caller) = principal(&folder, "northwind", "caller");
    let jonas = host.sign_in("Jonas");
    let open = |who: &Who| Stream::open(&host, who, "", None);
    let own = open(&northwind);
    let (foreign, other, reviewer) = (open(&meridian), open(&other_caller), open(&jonas));

    let case = host.create(&northwind, billing_request());
    host.command(&jonas, &case, "claim", json!({}));
    let work = json!({ "epoch": 1, "work": { "text": "half", "notes": "my note" } });
    host.command(&jonas, &case, "save", work);
    let decision = json!({
        "epoch": 1, "verdict": "replaced", "outcome": "send", "answer": "It was a real charge.",
        "reason_code": "model_error", "notes": "my note",
    });
    host.command(&jonas, &case, "decide", decision);
    let foreign_case = host.create(&meridian, billing_request());

    let frames: Vec<Frame> = (0..5).map(|_| own.next()).collect();
    let names: Vec<&str> =
        frames.iter().map(|frame| frame.event["type"].as_str().unwrap()).collect();
    let expected =
        ["case_created", "case_claimed", "work_saved", "case_decided", "answer_released"];
    assert_eq!(names, expected.map(|name| format!("dev.countersign.{name}")));
    let released = &frames[4].event;
    let case_id = case["case_id"].as_str().unwrap();
    assert_eq!(released["data"]["answer"]["text"], "It was a real charge.");
    assert_eq!(released["data"]["outcome"], "send");
    assert_eq!(released["specversion"], "1.0");
    assert_eq!(released["source"], "/tenants/northwind");
    assert_eq!(
        (&released["subject"], &released["data"]["case_id"]),
        (&json!(case_id), &json!(case_id))
    );
    assert_eq!(released["data"]["state"], "resolved");
    for frame in &frames[..4] {
        assert_eq!(
            (&frame.event["data"]["answer"], &frame.event["data"]["outcome"]),
            (&Value::Null, &Value::Null)
        );
    }
    let audited: String = folder
        .database()
        .query_row(
            "SELECT entry_id FROM audit_pending WHERE entity_id = ?1 AND entity_version = 5",
            [case_id],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(released["id"], audited);

    let silence = Duration::from_millis(700);
    let foreign = foreign.rest(silence);
    assert_eq!(foreign.len(), 1);
    assert_eq!(foreign[0].event["subject"], foreign_case["case_id"]);
    assert!(other.rest(silence).is_empty(), "a caller sees only what it sent");
    let reviewed = reviewer.rest(silence);
    assert_eq!(reviewed.len(), 6);
    assert!(reviewed.iter().all(|frame| frame.event["data"]["answer"].is_null()));
    for frame in frames.iter().chain(&foreign).chain(&reviewed) {
        let text = frame.event.to_string();
        assert!(SECRETS.iter().all(|secret| !text.contains(secret)), "{text}");
    }

    // A reader of several tenants goes on from one position in each.
    let resumed = Stream::open(&host, &jonas, "", Some(&reviewed[2].id)).rest(silence);
    let id = |frame: &Frame| frame.event["id"].clone();
    let mut expected: Vec<Value> = reviewed[3..].iter().map(id).collect();
    let mut found: Vec<Value> = resumed.iter().map(id).collect();
    expected.sort_by_key(Value::to_string);
    found.sort_by_key(Value::to_string);
    assert_eq!(found, expected);
    let one = Stream::open(&host, &jonas, "?tenant_id=meridian-health&after=0", None).rest(silence);
    assert_eq!((one.len(), one[0].id.as_str()), (1, "1"));
    let call = Call::get("/v1/events?after=3").of(&jonas);
    assert_eq!(host.expect(&call, 400)["path"], "/query/after");
    let call = Call::get("/v1/events").of(&northwind).header("last-event-id", "never");
    assert_eq!(host.expect(&call, 400)["path"], "/headers/last-event-id");
    // What is not theirs to see is the same as what is not there.
    let none =
        Stream::open(&host, &northwind, "?tenant_id=meridian-health&after=0", None).rest(silence);
    assert!(none.is_empty());
    assert_eq!(host.call(&Call::get("/v1/events")).status, 401);
}

#[test]
fn a_stream_gives_a_reviewer_nothing_of_a_queue_that_they_do_not_serve() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    // Jonas serves billing disputes, Mina only corrections of low risk.
    let (edge, jonas, mina) = (host.edge("northwind"), host.sign_in("Jonas"), host.sign_in("Mina"));
    let streams = [&jonas, &mina].map(|who| Stream::open(&host, who, "?after=0", None));
    let case = host.create(&edge, billing_request());
    assert_eq!(case["queue"], "billing_dispute");
    host.command(&jonas, &case, "claim", json!({}));
    let silence = Duration::from_millis(700);
    let [served, not_served] = streams.map(|stream| {
        assert_eq!(stream.status, 200);
        stream.rest(silence)
    });
    assert_eq!(sequences(&served), [1, 2]);
    assert!(not_served.is_empty(), "{not_served:?}");
    // Neither from where the stream began, nor from a position that names the tenant.
    let query = "?after=0&tenant_id=northwind";
    assert!(Stream::open(&host, &mina, query, None).rest(silence).is_empty());
    // With a grant for the queue, the same events are theirs to see.
    let grant = ["grant", "add", "prin_mina_okafor", "--role", "reviewer", "--queue"];
    run_ok(folder.path(), &[&grant[..], &["billing_dispute"]].concat());
    assert_eq!(sequences(&Stream::open(&host, &mina, query, None).rest(silence)), [1, 2]);
}

#[test]
fn a_stream_ends_with_the_right_to_read_it() {
    const WITHIN: Duration = Duration::from_millis(1_500);
    let folder = Folder::new();
    let host = Host::start(&folder);
    let data = folder.path();
    let (principal_id, credential, token) = principal(&folder, "northwind", "auditor");
    let stream = Stream::open(&host, &token, "", None);
    host.create(&host.edge("northwind"), billing_request());
    assert_eq!(stream.next().event["type"], "dev.countersign.case_created");
    assert!(!stream.ends_within(Duration::from_millis(600)), "it ended by itself");
    run_ok(data, &["token", "revoke", &credential]);
    assert!(stream.ends_within(WITHIN), "revoked");

    let token = |hours: &[&str]| {
        let made = run_ok(data, &[&["token", "create", &principal_id], hours].concat());
        Who::Token(made.split_once(' ').unwrap().1.to_owned())
    };
    let (expiring, suspended) = (token(&["--hours", "1"]), token(&[]));
    let streams = [&expiring, &suspended].map(|who| Stream::open(&host, who, "", None));
    assert!(streams.iter().all(|stream| stream.status == 200));
    let expire = "UPDATE credentials SET expires_at = created_at + 1 WHERE expires_at IS NOT NULL \
        AND principal_id = ?1";
    folder.database().execute(expire, [&principal_id]).unwrap();
    assert!(streams[0].ends_within(WITHIN), "expired");
    run_ok(data, &["principal", "suspend", &principal_id]);
    assert!(streams[1].ends_within(WITHIN), "suspended");

    let session = host.sign_in("Jonas");
    let stream = Stream::open(&host, &session, "", None);
    let mut sign_out = Call::get("/v1/session").of(&session);
    sign_out.method = "DELETE";
    assert_eq!(host.call(&sign_out).status, 204);
    assert!(stream.ends_within(WITHIN), "signed out");
    // A host that is asked to stop does not wait for its readers.
    let edge = host.edge("northwind");
    let stream = Stream::open(&host, &edge, "", None);
    let started = Instant::now();
    assert_eq!(host.stop(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(stream.ends_within(WITHIN));
}

#[test]
fn a_principal_has_a_bounded_number_of_streams() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let edge = host.edge("northwind");
    let mut streams: Vec<Stream> = (0..8).map(|_| Stream::open(&host, &edge, "", None)).collect();
    assert!(streams.iter().all(|stream| stream.status == 200));
    let refused = host.call(&Call::get("/v1/events").of(&edge));
    assert_eq!((refused.status, refused.body["code"].as_str()), (429, Some("too_many")));
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(Stream::open(&host, &host.edge("meridian-health"), "", None).status, 200);
    streams.pop();
    let started = Instant::now();
    while Stream::open(&host, &edge, "", None).status != 200 {
        assert!(started.elapsed() < WAIT_MAX, "the place is not free");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_does_not_read_is_cut_between_two_events() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    const EVENTS: i64 = 12_000;
    let folder = Folder::new();
    let host = Host::start(&folder);
    let edge = host.edge("northwind");
    let case = host.create(&edge, billing_request());
    // As many changes as would take long to make one by one.
    let fill = format!(
        "WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < {EVENTS}) \
         INSERT INTO events (tenant_id, sequence, entry_id, kind, subject_id, event, at, revision, data) \
         SELECT tenant_id, i, 'evt_' || i, kind, subject_id, 'work_saved', at, i, data \
         FROM events, n WHERE sequence = 1 AND subject_id = ?1"
    );
    aside(|| {
        let database = folder.database();
        database.execute(&fill, [case["case_id"].as_str().unwrap()]).unwrap();
        database.execute("UPDATE event_sequences SET last_sequence = ?1", [EVENTS]).unwrap();
    });
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let address = host.url.strip_prefix("http://").unwrap().parse().unwrap();
    let mut connection = socket.connect(address).await.unwrap();
    let Who::Token(token) = &edge else { panic!("an edge has a token") };
    let head = format!("GET /v1/events?after=0 HTTP/1.0\r\nauthorization: Bearer {token}\r\n\r\n");
    connection.write_all(head.as_bytes()).await.unwrap();
    // With seven others there is no place for a ninth, until the slow one's is free.
    let others: Vec<Stream> = (0..7).map(|_| Stream::open(&host, &edge, "", None)).collect();
    let started = Instant::now();
    while Stream::open(&host, &edge, "", None).status != 200 {
        assert!(started.elapsed() < 3 * WAIT_MAX, "it was not cut");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    drop(others);
    let mut text = String::new();
    let read = connection.read_to_string(&mut text);
    tokio::time::timeout(WAIT_MAX, read).await.expect("it did not end").unwrap();
    assert!(text.ends_with("\n\n"), "cut within an event");
    let ids: Vec<i64> = text
        .split("\n\n")
        .filter(|frame| frame.contains("data: "))
        .map(|frame| frame.strip_prefix("id: ").unwrap().lines().next().unwrap().parse().unwrap())
        .collect();
    let last = *ids.last().unwrap();
    println!("{last} of {EVENTS} events were on their way");
    assert!(last < EVENTS, "everything was buffered");
    assert_eq!(ids, (1..=last).collect::<Vec<_>>());
    let resumed = Stream::open(&host, &edge, "", Some(&last.to_string()));
    assert_eq!(resumed.next().event["sequence"], last + 1);
}
