//! A client that costs little, so that what is measured is the host: one connection, kept open.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;

pub(crate) struct Client {
    connection: BufReader<TcpStream>,
    token: String,
}

impl Client {
    pub(crate) fn new(url: &str, token: &str) -> Self {
        let stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { connection: BufReader::new(stream), token: token.to_owned() }
    }

    /// The status and the body of the answer.
    pub(crate) fn post(&mut self, path: &str, key: Option<&str>, body: &str) -> (u16, Value) {
        let key = key.map_or_else(String::new, |key| format!("idempotency-key: {key}\r\n"));
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: host\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\n{key}content-length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        );
        self.connection.get_mut().write_all(request.as_bytes()).unwrap();
        let (mut line, mut status, mut length) = (String::new(), 0, 0);
        loop {
            line.clear();
            assert!(self.connection.read_line(&mut line).unwrap() > 0, "the host hung up");
            let told = line.trim_end().to_ascii_lowercase();
            if told.is_empty() {
                break;
            }
            if let Some(rest) = told.strip_prefix("http/1.1 ") {
                status = rest[..3].parse().unwrap();
            }
            if let Some(rest) = told.strip_prefix("content-length:") {
                length = rest.trim().parse().unwrap();
            }
            assert!(!told.starts_with("transfer-encoding"), "no length of {path}");
        }
        let mut bytes = vec![0; length];
        self.connection.read_exact(&mut bytes).unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// A call that must go well; too many at once is a figure, and is tried again.
    pub(crate) fn must(&mut self, path: &str, key: Option<&str>, body: &str) -> Value {
        loop {
            let (status, answer) = self.post(path, key, body);
            match status {
                200 | 201 => return answer,
                503 => std::thread::sleep(std::time::Duration::from_millis(5)),
                _ => panic!("{path}: {status} {answer}"),
            }
        }
    }
}
