//! What the tests share: the real program as a child process, and calls to it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use countersign::host::store::place::Place;
use countersign::host::store::sql::Connection;
use serde_json::{Value, json};

use crate::conformance::assert_told;

/// A folder that goes when the test ends, and the database of that name where it belongs to a server.
pub(crate) struct Folder {
    path: PathBuf,
    server: Option<String>,
}

/// Which server each folder belongs to, for whoever knows its path alone.
static SERVERS: Mutex<BTreeMap<PathBuf, Option<String>>> = Mutex::new(BTreeMap::new());

/// The server that keeps the records of these tests, if not a file: every test then runs on PostgreSQL.
pub(crate) fn server() -> Option<String> {
    std::env::var("COUNTERSIGN_TEST_SERVER").ok().filter(|address| !address.is_empty())
}

/// Says aloud that a test is about the other engine, and whether it is.
pub(crate) fn only_sqlite(test: &str) -> bool {
    if server().is_some() {
        println!("not on PostgreSQL: {test} is about the files of SQLite");
    }
    server().is_none()
}

/// The address of the database that belongs to a folder.
pub(crate) fn address(folder: &Path) -> Option<String> {
    let name = folder.file_name().unwrap().to_str().unwrap().replace('-', "_");
    let known = SERVERS.lock().unwrap().get(folder).cloned();
    known
        .unwrap_or_else(server)
        .map(|server| server.replacen("/postgres?", &format!("/{name}?"), 1))
}

/// Does what waits, from a test that is asynchronous too.
pub(crate) fn aside<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(work).join().unwrap())
}

#[cfg(feature = "postgres")]
pub(crate) fn on_server(server: &str, statement: &str) {
    aside(|| {
        let mut client = postgres::Client::connect(server, postgres::NoTls).unwrap();
        client.batch_execute(statement).unwrap();
    });
}

#[cfg(not(feature = "postgres"))]
pub(crate) fn on_server(_: &str, _: &str) {
    panic!("a server is named, and the tests were built without PostgreSQL");
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self::on(server())
    }

    /// A folder whose records are kept by this server, or by a file in it.
    pub(crate) fn on(server: Option<String>) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("host-{}-{count}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        SERVERS.lock().unwrap().insert(path.clone(), server.clone());
        let folder = Self { path, server };
        if let Some(server) = &folder.server {
            on_server(server, &format!("CREATE DATABASE {}", folder.database_name()));
        }
        folder
    }

    /// Another folder with the same data; no host may be running on this one.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::on(self.server.clone());
        for file in std::fs::read_dir(&self.path).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), copy.join(file.file_name().to_str().unwrap())).unwrap();
        }
        if let Some(server) = &self.server {
            let (from, to) = (self.database_name(), copy.database_name());
            on_server(server, &format!("DROP DATABASE {to}"));
            on_server(server, &format!("CREATE DATABASE {to} TEMPLATE {from}"));
        }
        copy
    }

    pub(crate) fn database_name(&self) -> String {
        self.path.file_name().unwrap().to_str().unwrap().replace('-', "_")
    }

    pub(crate) fn place(&self) -> Place {
        let place = Place::existing(&self.path).unwrap();
        match address(&self.path) {
            Some(address) => place.with_server(&address, None).unwrap(),
            None => place,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    pub(crate) fn database(&self) -> Connection {
        self.place().database().open_as_operator().unwrap()
    }

    /// Everything that a refused command must leave as it was.
    pub(crate) fn dump(&self) -> Vec<String> {
        let database = self.database();
        let mut rows = Vec::new();
        for select in [
            "SELECT tenant_id || case_id || revision || body FROM cases ORDER BY 1",
            "SELECT entry_id || entry FROM audit_pending ORDER BY 1",
            "SELECT tenant_id || operation || key FROM idempotency ORDER BY 1",
            "SELECT tenant_id || stream_id || sequence FROM decision_records ORDER BY 1",
            "SELECT edge || boot || next_sequence FROM decision_streams ORDER BY 1",
            "SELECT credential_id || coalesce(revoked_at, 0) || ' ' || coalesce(used_at, 0) FROM credentials ORDER BY 1",
        ] {
            let mut statement = database.prepare(select).unwrap();
            let texts = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
            rows.extend(texts.map(Result::unwrap));
        }
        rows
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
        SERVERS.lock().unwrap().remove(&self.path);
        if let Some(server) = &self.server
            && !std::thread::panicking()
        {
            let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.database_name());
            on_server(server, &drop);
        }
    }
}

/// The program, with arguments.
pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(arguments).env("COUNTERSIGN_LOG", "warn");
    command.env_remove("COUNTERSIGN_DATA").env_remove("COUNTERSIGN_DATABASE");
    command
}

/// Runs a command of the program on a data folder.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Output {
    at(program(arguments).arg("--data").arg(folder), folder).output().unwrap()
}

/// Names the database of a folder to a command.
pub(crate) fn at<'c>(command: &'c mut Command, folder: &Path) -> &'c mut Command {
    match address(folder) {
        Some(address) => command.env("COUNTERSIGN_DATABASE", address),
        None => command.env_remove("COUNTERSIGN_DATABASE"),
    }
}

/// Runs a command that must succeed, and gives what it printed.
pub(crate) fn run_ok(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {error}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The report of `audit verify`, and whether it passed.
pub(crate) fn verify(folder: &Path) -> (bool, Value) {
    let output = run(folder, &["audit", "verify", "--json"]);
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.success(), report)
}

pub(crate) fn assert_sound(folder: &Path) {
    let (sound, report) = verify(folder);
    assert!(sound, "{report:#}");
}

/// The default policy with other durations.
pub(crate) fn quick_policy(folder: &Folder, lease: &str, undo_window: &str) -> PathBuf {
    let replace = |text: &str, name: &str, value: &str| -> String {
        let lines = text.lines().map(|line| {
            let is_it = line.starts_with(&format!("{name} = "));
            if is_it { format!("{name} = \"{value}\"") } else { line.to_owned() }
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    let text = replace(countersign::compile::DEFAULT_POLICY, "lease", lease);
    let text = replace(&text, "undo_window", undo_window);
    let path = folder.join("quick.toml");
    std::fs::write(&path, text).unwrap();
    path
}

const SERVE: &[&str] = &["serve", "--listen", "127.0.0.1:0", "--samples", "--data"];

/// A running host.
pub(crate) struct Host {
    child: Child,
    pub(crate) url: String,
    links: Vec<(String, String)>,
    folder: PathBuf,
}

impl Host {
    pub(crate) fn start(folder: &Folder) -> Self {
        Self::start_with(folder, &[])
    }

    pub(crate) fn start_with(folder: &Folder, more: &[&str]) -> Self {
        let mut command = program(SERVE);
        command.arg(folder.path()).args(more);
        Self::spawn(folder, command)
    }

    /// Starts the program through another one, which must replace itself by it.
    pub(crate) fn start_under(folder: &Folder, wrapper: &[&str]) -> Self {
        Self::start_under_with(folder, wrapper, &[])
    }

    pub(crate) fn start_under_with(folder: &Folder, wrapper: &[&str], more: &[&str]) -> Self {
        let mut command = Command::new(wrapper[0]);
        command
            .args(&wrapper[1..])
            .arg(env!("CARGO_BIN_EXE_countersign"))
            .args(SERVE)
            .arg(folder.path())
            .args(more);
        command.env("COUNTERSIGN_LOG", "off");
        Self::spawn(folder, command)
    }

    fn spawn(folder: &Folder, mut command: Command) -> Self {
        at(&mut command, folder.path());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (mut url, mut links) = (None, Vec::new());
        for line in lines.map_while(Result::ok) {
            if let Some((_, found)) = line.split_once("listens on ") {
                url = Some(found.to_owned());
            } else if let Some((before, secret)) = line.split_once("/#/sign-in/") {
                let name =
                    before.trim().trim_start_matches("sign in as ").split(" (").next().unwrap();
                links.push((name.to_owned(), secret.to_owned()));
            } else if line.contains("tokens of the sample edges") {
                break;
            }
        }
        let url = url.expect("the host did not start");
        let host = Self { child, url, links, folder: folder.path().to_owned() };
        host.wait_until_ready();
        host
    }

    fn wait_until_ready(&self) {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(20) {
            if self.try_call(&Call::get("/readyz")).is_ok_and(|answer| answer.status == 200) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the host is not ready");
    }

    /// The bearer token of a sample edge.
    pub(crate) fn edge(&self, tenant: &str) -> Who {
        let text = std::fs::read_to_string(self.folder.join("sample-edge.token")).unwrap();
        let tokens: Value = serde_json::from_str(&text).unwrap();
        Who::Token(tokens[tenant].as_str().unwrap().to_owned())
    }

    /// The sign-in link of a sample reviewer.
    pub(crate) fn link(&self, first_name: &str) -> String {
        let found = self.links.iter().find(|(name, _)| name.starts_with(first_name));
        found.unwrap_or_else(|| panic!("no link for {first_name}")).1.clone()
    }

    /// Signs a sample reviewer in; once per start of the host.
    pub(crate) fn sign_in(&self, first_name: &str) -> Who {
        self.sign_in_with(&self.link(first_name))
    }

    pub(crate) fn sign_in_with(&self, link: &str) -> Who {
        let answer = self.call(&Call::post("/v1/session", json!({ "token": link })));
        assert_eq!(answer.status, 200, "{}", answer.body);
        let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
        let csrf_token = answer.body["csrf_token"].as_str().unwrap().to_owned();
        Who::Session { cookie, csrf_token }
    }

    pub(crate) fn call(&self, call: &Call) -> Answer {
        self.try_call(call).unwrap_or_else(|error| panic!("{}: {error}", call.path))
    }

    pub(crate) fn try_call(&self, call: &Call) -> Result<Answer, String> {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(30)))
            .build();
        let agent: ureq::Agent = config.into();
        let uri = format!("{}{}", self.url, call.path);
        let mut request = ureq::http::Request::builder().method(call.method).uri(uri);
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        let request = request.body(call.body.clone()).unwrap();
        let mut response = agent.run(request).map_err(|error| error.to_string())?;
        let text = response.body_mut().read_to_string().map_err(|error| error.to_string())?;
        let header = |(name, value): (&ureq::http::HeaderName, &ureq::http::HeaderValue)| {
            (name.as_str().to_owned(), value.to_str().unwrap_or("").to_owned())
        };
        let answer = Answer {
            status: response.status().as_u16(),
            headers: response.headers().iter().map(header).collect(),
            body: serde_json::from_str(&text).unwrap_or(Value::Null),
            text,
        };
        let content_type = answer.header("content-type");
        assert_told(call.method, &call.path, answer.status, content_type, &answer.body);
        Ok(answer)
    }

    /// Sends a case, and gives it back.
    pub(crate) fn create(&self, edge: &Who, body: Value) -> Value {
        let call = Call::post("/v1/cases", body).of(edge).key(&fresh("key"));
        self.expect(&call, 201)["case"].clone()
    }

    /// A call that must be answered with this status.
    pub(crate) fn expect(&self, call: &Call, status: u16) -> Value {
        let answer = self.call(call);
        assert_eq!(answer.status, status, "{} {}: {}", call.method, call.path, answer.text);
        answer.body
    }

    /// A command on a case that must succeed.
    pub(crate) fn command(&self, who: &Who, case: &Value, command: &str, body: Value) -> Value {
        let path = format!("/v1/cases/{}/{command}", case["case_id"].as_str().unwrap());
        self.expect(&Call::post(&path, body).of(who).key(&fresh("key")), 200)["case"].clone()
    }

    /// Polls a case until it is in this state.
    pub(crate) fn wait_for(&self, who: &Who, case_id: &str, state: &str) -> Value {
        let started = Instant::now();
        loop {
            let view = self.expect(&Call::get(&format!("/v1/cases/{case_id}")).of(who), 200);
            if view["case"]["state"] == state {
                return view;
            }
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "{case_id} is {}",
                view["case"]["state"]
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Kills the process, which gets no chance to finish anything.
    pub(crate) fn kill(self) {
        self.kill_now();
    }

    /// The same, while others still call it.
    pub(crate) fn kill_now(&self) {
        self.signal("KILL");
    }

    /// Sends the process a signal by name, such as `STOP`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
        if name == "STOP" {
            self.wait_until_stopped();
        }
    }

    /// On a busy machine some threads go on for a while after the signal was sent.
    fn wait_until_stopped(&self) {
        let tasks = PathBuf::from(format!("/proc/{}/task", self.child.id()));
        let is_stopped = |task: PathBuf| {
            // A thread that is gone is not running either.
            let status = std::fs::read_to_string(task.join("stat")).unwrap_or_default();
            status.rsplit_once(") ").is_none_or(|(_, state)| state.starts_with(['T', 'Z', 'X']))
        };
        let begun = Instant::now();
        while let Ok(all) = std::fs::read_dir(&tasks)
            && !all.flatten().all(|task| is_stopped(task.path()))
        {
            assert!(begun.elapsed() < Duration::from_secs(20), "the host does not stop");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[allow(dead_code, reason = "where processes are made to end, somebody asks")]
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for the process to end by itself, and gives its exit code.
    pub(crate) fn wait(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// Asks the process to end, and gives its exit code.
    pub(crate) fn stop(mut self) -> Option<i32> {
        self.signal("TERM");
        self.child.wait().unwrap().code()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// By which credential a call is made.
#[derive(Clone)]
pub(crate) enum Who {
    Token(String),
    Session { cookie: String, csrf_token: String },
}

/// One call.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Call {
    pub(crate) fn get(path: &str) -> Self {
        Self { method: "GET", path: path.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn post(path: &str, body: Value) -> Self {
        Self::post_bytes(path, body.to_string().into_bytes())
    }

    pub(crate) fn post_bytes(path: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Self { method: "POST", path: path.to_owned(), headers, body: body.into() }
    }

    pub(crate) fn of(self, who: &Who) -> Self {
        match who {
            Who::Token(token) => self.header("authorization", &format!("Bearer {token}")),
            Who::Session { cookie, csrf_token } => {
                self.header("cookie", cookie).header("x-csrf-token", csrf_token)
            }
        }
    }

    pub(crate) fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(header, _)| header != name);
        self
    }
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(header, _)| header == name).map_or("", |(_, value)| value)
    }
}

/// A name that no other call of this run uses.
pub(crate) fn fresh(prefix: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{prefix}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A request that goes to the billing queue.
pub(crate) fn billing_request() -> Value {
    json!({
        "version": 1,
        "request_id": fresh("req"),
        "user_question": "Why was I charged twice?",
        "model_draft": "The second charge is a hold and will drop off.",
        "evidence": [{ "document_id": "holds_v6", "quote": "Holds are released within 7 days.", "score": 0.83 }],
        "domain": "billing",
        "intent": "advisory",
        "language": "en",
        "risk_level": "high",
        "signals": { "retrieval_score": 0.83, "rerank_margin": 0.04, "answer_groundedness": 0.61, "tool_success": "unavailable" },
    })
}
