//! Stands between hosts and a server, reads what they say, and cuts the line at a COMMIT, or anywhere:
//! before the server gets it, or before its answer comes back.

use std::io::{Read, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// What is cut, and how often it was.
#[derive(Default)]
pub(crate) struct Plan {
    /// Of how many COMMITs one is cut; none where it is 0.
    pub(crate) every: AtomicU64,
    /// Whether any message counts, not COMMIT alone.
    pub(crate) any: AtomicBool,
    seen: AtomicU64,
    /// Cut before the server got it.
    before: AtomicU64,
    /// Cut before its answer came back.
    after: AtomicU64,
    ends: AtomicBool,
}

enum Cut {
    Before,
    After,
}

impl Plan {
    pub(crate) fn cuts(&self) -> u64 {
        self.before.load(Ordering::Relaxed) + self.after.load(Ordering::Relaxed)
    }

    fn counts(&self, message: u8, body: &[u8]) -> bool {
        let is_commit = message == b'Q' && body.windows(6).any(|word| word == b"COMMIT");
        is_commit || self.any.load(Ordering::Relaxed)
    }

    fn next(&self) -> Option<Cut> {
        let every = self.every.load(Ordering::Relaxed);
        if every == 0 || !self.seen.fetch_add(1, Ordering::Relaxed).is_multiple_of(every) {
            return None;
        }
        let (before, after) = (&self.before, &self.after);
        if before.load(Ordering::Relaxed) <= after.load(Ordering::Relaxed) {
            before.fetch_add(1, Ordering::Relaxed);
            return Some(Cut::Before);
        }
        after.fetch_add(1, Ordering::Relaxed);
        Some(Cut::After)
    }
}

pub(crate) struct Proxy {
    port: u16,
    pub(crate) plan: Arc<Plan>,
}

impl Proxy {
    /// Before the server of this address; `None` where it is not reached through a socket.
    pub(crate) fn to(server: &str) -> Option<Self> {
        let (_, directory) = server.split_once("host=/")?;
        let directory = directory.split('&').next()?;
        Some(Self::start(Path::new(&format!("/{directory}/.s.PGSQL.5432"))))
    }

    /// The address of a database through it.
    pub(crate) fn address(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    fn start(socket: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let plan = Arc::new(Plan::default());
        let (known, socket) = (Arc::clone(&plan), socket.to_owned());
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if known.ends.load(Ordering::Relaxed) {
                    return;
                }
                let (plan, socket) = (Arc::clone(&known), socket.clone());
                std::thread::spawn(move || carry(&client, &socket, &plan));
            }
        });
        Self { port, plan }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.plan.ends.store(true, Ordering::Relaxed);
        // The listener looks when somebody comes.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn carry(client: &TcpStream, socket: &PathBuf, plan: &Plan) {
    let Ok(server) = UnixStream::connect(socket) else { return };
    let is_cut = Arc::new(AtomicBool::new(false));
    let (mut from, mut to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let cut = Arc::clone(&is_cut);
    let back = std::thread::spawn(move || {
        let mut bytes = [0; 16_384];
        while let Ok(length @ 1..) = from.read(&mut bytes) {
            if cut.load(Ordering::SeqCst) || to.write_all(&bytes[..length]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
    let _ = forward(client, &server, plan, &is_cut);
    let _ = server.shutdown(Shutdown::Both);
    let _ = client.shutdown(Shutdown::Both);
    let _ = back.join();
}

/// Message by message: the first has a length alone, all others have a letter before it.
fn forward(
    mut client: &TcpStream,
    mut server: &UnixStream,
    plan: &Plan,
    is_cut: &AtomicBool,
) -> std::io::Result<()> {
    let mut is_first = true;
    loop {
        let mut head = vec![0; if is_first { 4 } else { 5 }];
        client.read_exact(&mut head)?;
        let length: [u8; 4] = head[head.len() - 4..].try_into().unwrap();
        let mut body = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap() - 4];
        client.read_exact(&mut body)?;
        let counts = !is_first && plan.counts(head[0], &body);
        is_first = false;
        let cut = if counts { plan.next() } else { None };
        if matches!(cut, Some(Cut::Before)) {
            return Ok(());
        }
        is_cut.store(cut.is_some(), Ordering::SeqCst);
        head.extend(body);
        server.write_all(&head)?;
        if cut.is_some() {
            client.shutdown(Shutdown::Both)?;
            // The server finishes what it got, and finds that nobody listens.
            std::thread::sleep(Duration::from_millis(200));
            return Ok(());
        }
    }
}
