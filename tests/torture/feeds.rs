//! What hosts tell to whoever listens, while their writers are stopped half way or told nothing.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Tally;
use crate::ground::{Chance, Ground, hosts, turn};
use crate::ledger::{Ledger, counted};
use crate::support::{Call, Host, Who, billing_request, fresh, quick_policy};

/// How long nothing may come before a stream counts as silent.
const SILENCE: Duration = Duration::from_secs(15);

/// The sequences of a stream, each with the instant at which it came.
struct Stream {
    sequences: Receiver<(i64, Instant)>,
    connection: TcpStream,
}

impl Stream {
    fn open(host: &Host, who: &Who) -> Self {
        let mut connection = TcpStream::connect(host.url.trim_start_matches("http://")).unwrap();
        let call = Call::get("/v1/events?after=0").of(who);
        let headers: Vec<String> =
            call.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!("GET {} HTTP/1.0\r\n{}\r\n", call.path, headers.concat());
        connection.write_all(head.as_bytes()).unwrap();
        let lines = BufReader::new(connection.try_clone().unwrap()).lines();
        let (sender, sequences) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let Some(text) = line.strip_prefix("data: ") else { continue };
                let event: Value = serde_json::from_str(text).unwrap();
                let sequence = event["sequence"].as_i64().unwrap();
                if sender.send((sequence, Instant::now())).is_err() {
                    return;
                }
            }
        });
        Self { sequences, connection }
    }

    /// Takes what comes until this sequence: how many were missing before it, how many came again or
    /// out of order, and when the last came.
    fn until(&self, last: i64, reached: &mut i64) -> (u64, u64, Instant) {
        let (mut missing, mut again) = (0, 0);
        let mut at = Instant::now();
        while *reached < last {
            let Ok((sequence, came)) = self.sequences.recv_timeout(SILENCE) else {
                return (missing + u64::try_from(last - *reached).unwrap(), again, at);
            };
            at = came;
            if sequence <= *reached {
                again += 1;
                continue;
            }
            missing += u64::try_from(sequence - *reached - 1).unwrap();
            *reached = sequence;
        }
        (missing, again, at)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let _ = self.connection.shutdown(Shutdown::Both);
    }
}

/// A transaction is held open while later ones want to commit: by stopping hosts anywhere, and on a
/// server also by somebody who holds the row that gives the numbers. No stream skips anything.
pub(crate) fn f19_held_open(ground: &Ground) -> Tally {
    let folder = ground.folder();
    let hosts = hosts(&folder, 3, &quick_policy(&folder, "20 min", "200 ms"));
    let edge = hosts[0].edge("northwind");
    let ledger = Ledger::new(&folder);
    let streams = [&hosts[0], &hosts[1], &hosts[2]].map(|host| Stream::open(host, &edge));
    let mut reached = [0; 3];
    let mut chance = Chance::new(19);
    let mut tally = Tally::default();
    while ground.goes_on(tally.count) {
        std::thread::scope(|scope| {
            for host in &hosts {
                let (edge, ledger) = (&edge, &ledger);
                scope.spawn(move || {
                    for _ in 0..6 {
                        let call = Call::post("/v1/cases", billing_request()).of(edge);
                        let call = call.key(&fresh("key"));
                        let begun = Instant::now();
                        loop {
                            let answer = host.call(&call);
                            if answer.status == 201 {
                                ledger.keep(&answer.body["case"]);
                                break;
                            }
                            assert_eq!(answer.status, 503, "{}", answer.text);
                            assert!(begun.elapsed() < Duration::from_secs(60));
                        }
                    }
                });
            }
            for _ in 0..3 {
                std::thread::sleep(Duration::from_millis(chance.number(40)));
                let victim = &hosts[turn(chance.number(3), 3)];
                victim.signal("STOP");
                std::thread::sleep(Duration::from_millis(50 + chance.number(250)));
                victim.signal("CONT");
            }
            if ground.is_server() {
                let holder = folder.database();
                let hold = "BEGIN; SELECT * FROM event_sequences \
                    WHERE tenant_id = 'northwind' FOR UPDATE";
                holder.execute_batch(hold).unwrap();
                // In the long form for longer than a host waits for a lock.
                let length_ms = if ground.is_long() { 30_000 } else { 600 };
                std::thread::sleep(Duration::from_millis(length_ms));
                holder.execute_batch("ROLLBACK").unwrap();
            }
        });
        let select = "SELECT max(sequence) FROM events WHERE tenant_id = 'northwind'";
        let last = i64::try_from(counted(&folder, select, &[])).unwrap();
        let count =
            counted(&folder, "SELECT count(*) FROM events WHERE tenant_id = 'northwind'", &[]);
        assert_eq!(i64::try_from(count), Ok(last), "the numbers have gaps");
        for (stream, reached) in streams.iter().zip(&mut reached) {
            let (missing, again, _) = stream.until(last, reached);
            tally.lost += missing;
            tally.doubled += again;
        }
        tally.count = count;
    }
    tally.lost += ledger.lost(&folder);
    tally
}

/// Nothing wakes a host whose neighbour wrote, on either engine: it looks by itself. Whoever listens at
/// another host waits no longer than it takes to look.
pub(crate) fn f18_no_hint(ground: &Ground) -> Tally {
    let folder = ground.folder();
    let hosts = hosts(&folder, 3, &quick_policy(&folder, "20 min", "20 min"));
    let edge = hosts[0].edge("northwind");
    let jonas = hosts[0].sign_in("Jonas");
    let stream = Stream::open(&hosts[2], &edge);
    let mut reached = 0;
    let mut tally = Tally::default();
    let mut worst = Duration::ZERO;
    while ground.goes_on(tally.count) {
        let case = hosts[0].create(&edge, billing_request());
        hosts[1].command(&jonas, &case, "claim", json!({}));
        let committed = Instant::now();
        let select = "SELECT max(sequence) FROM events WHERE tenant_id = 'northwind'";
        let last = i64::try_from(counted(&folder, select, &[])).unwrap();
        let (missing, again, at) = stream.until(last, &mut reached);
        worst = worst.max(at.saturating_duration_since(committed));
        tally.lost += missing;
        tally.doubled += again;
        tally.count += 2;
    }
    tally.figures = format!("heard at another host after {} ms at most", worst.as_millis());
    tally
}
