//! An executor that keeps its effects, and answers in more manners than one.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

/// How the executor behaves when it is to do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    Does,
    /// Does it, and the answer is lost.
    LosesReply,
    /// Does it, and says 500.
    FailsAfterEffect,
    /// Does it, and names another key.
    NamesOther,
    /// Does nothing, and says nothing.
    Hangs,
    /// Does nothing, and says what nobody can read.
    Babbles,
    /// Does nothing, and says so.
    Refuses,
    /// Does nothing: the state that the preview saw has moved on.
    Drifts,
    /// Does it, slowly.
    DoesSlowly,
}

/// What an executor has seen and done.
#[derive(Default)]
struct Books {
    requests: Vec<(Vec<(String, String)>, Value)>,
    effects: Vec<String>,
    answers: BTreeMap<String, Value>,
    version: u64,
}

/// A server of an executor. It heeds keys where it says so.
pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    manner: Arc<Mutex<Manner>>,
    books: Arc<Mutex<Books>>,
}

impl Sink {
    pub(crate) fn start(manner: Manner, heeds_keys: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let sink = Self {
            address,
            manner: Arc::new(Mutex::new(manner)),
            books: Arc::new(Mutex::new(Books::default())),
        };
        let (manner, books) = (Arc::clone(&sink.manner), Arc::clone(&sink.books));
        std::thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let (manner, books) = (*manner.lock().unwrap(), Arc::clone(&books));
                std::thread::spawn(move || serve(connection, manner, heeds_keys, &books));
            }
        });
        sink
    }

    pub(crate) fn behave(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    /// Something else changes what the executor keeps.
    pub(crate) fn move_on(&self) {
        self.books.lock().unwrap().version += 1;
    }

    /// The keys of everything that was really done, each time it was.
    pub(crate) fn effects(&self) -> Vec<String> {
        self.books.lock().unwrap().effects.clone()
    }

    pub(crate) fn requests(&self) -> Vec<(Vec<(String, String)>, Value)> {
        self.books.lock().unwrap().requests.clone()
    }
}

fn serve(
    mut connection: TcpStream,
    manner: Manner,
    heeds_keys: bool,
    books: &Mutex<Books>,
) -> Option<()> {
    let mut reader = BufReader::new(connection.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length")?.1.parse().ok()?;
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes).ok()?;
    let request: Value = serde_json::from_slice(&bytes).ok()?;
    books.lock().unwrap().requests.push((headers, request.clone()));
    let (status, body) = match request["mode"].as_str()? {
        "preview" => (200, preview(&request, books)),
        "status" => (200, status(&request, books)),
        _ => execute(&request, manner, heeds_keys, books)?,
    };
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    connection.write_all(head.as_bytes()).ok()?;
    connection.write_all(body.as_bytes()).ok()
}

fn preview(request: &Value, books: &Mutex<Books>) -> String {
    let version = books.lock().unwrap().version;
    json!({
        "status": "previewed",
        "changes": [{ "subject": "balance", "before": "0.00", "after": request["action"]["arguments"]["amount"] }],
        "precondition": format!("v{version}"),
    })
    .to_string()
}

fn named(request: &Value, status: &str) -> Value {
    json!({
        "status": status,
        "idempotency_key": request["idempotency_key"],
        "binding_digest": request["binding_digest"],
    })
}

fn status(request: &Value, books: &Mutex<Books>) -> String {
    let key = request["idempotency_key"].as_str().unwrap_or_default();
    match books.lock().unwrap().answers.get(key) {
        Some(answer) => answer.to_string(),
        None => named(request, "absent").to_string(),
    }
}

/// Status and body; nothing where the connection is cut.
fn execute(
    request: &Value,
    manner: Manner,
    heeds_keys: bool,
    books: &Mutex<Books>,
) -> Option<(u16, String)> {
    let key = request["idempotency_key"].as_str()?.to_owned();
    if manner == Manner::Hangs {
        std::thread::sleep(Duration::from_secs(30));
        return None;
    }
    if manner == Manner::Babbles {
        return Some((200, "220 bank.example ESMTP".to_owned()));
    }
    if manner == Manner::Refuses {
        let mut answer = named(request, "refused");
        answer["reason"] = json!("the customer's account is closed");
        return Some((422, answer.to_string()));
    }
    if manner == Manner::DoesSlowly {
        std::thread::sleep(Duration::from_millis(1_500));
    }
    let mut books = books.lock().unwrap();
    let expected = format!("v{}", books.version);
    let moved_on = request["precondition"].as_str().is_some_and(|seen| seen != expected);
    if manner == Manner::Drifts || moved_on {
        let mut answer = named(request, "drifted");
        answer["reason"] = json!("the balance has changed");
        return Some((412, answer.to_string()));
    }
    let known = books.answers.get(&key).cloned().filter(|_| heeds_keys);
    let answer = known.unwrap_or_else(|| {
        books.effects.push(key.clone());
        let mut answer = named(request, "succeeded");
        answer["result"] = json!({ "receipt": format!("r{}", books.effects.len()) });
        books.answers.insert(key, answer.clone());
        answer
    });
    match manner {
        Manner::LosesReply => None,
        Manner::FailsAfterEffect => Some((500, "{}".to_owned())),
        Manner::NamesOther => {
            let mut other = answer;
            other["idempotency_key"] = json!("key_other");
            Some((200, other.to_string()))
        }
        _ => Some((200, answer.to_string())),
    }
}
