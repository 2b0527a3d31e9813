//! One history: several hosts on one file, who acts, what was acknowledged, and what is expected.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use countersign::host::http::{App, Streams, router};
use countersign::host::sampling_key::SamplingKey;
use countersign::host::store::place::Place;
use countersign::host::store::{Failure, Store, Tx};
use countersign::host::webhook::Settings;
use countersign::host::webhook::secret::WebhookKey;
use http_body_util::BodyExt as _;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use rusqlite::Connection;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use crate::chance::Chance;
use crate::model::{CaseModel, ExecutionModel, ProposalModel};
use crate::records::{Records, Touched};
use crate::sink::{Flight, Sink};
use crate::site::{BEGIN_MS, Person, Site, cast, set_clock};

pub(crate) const HOSTS: usize = 3;
/// Who acts where time or the host does.
pub(crate) const CLOCK: &str = "prin_scheduler";

/// One process of the host; what it has in memory goes when it crashes.
pub(crate) struct Host {
    pub(crate) store: Arc<Store>,
    router: Router,
    /// Counts its lives: an answer to an earlier one reaches nobody.
    pub(crate) life: u64,
    touched_ms: i64,
}

/// A request as it was sent, to be sent again.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) who: &'static str,
    pub(crate) path: String,
    pub(crate) key: Option<String>,
    pub(crate) body: Value,
}

#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
    pub(crate) replayed: bool,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

pub(crate) struct World<'a> {
    pub(crate) site: &'a Site,
    folder: PathBuf,
    pub(crate) runtime: Runtime,
    pub(crate) database: Connection,
    pub(crate) hosts: Vec<Host>,
    pub(crate) key: WebhookKey,
    pub(crate) now_ms: i64,
    pub(crate) people: BTreeMap<&'static str, Person>,
    /// The variant of the policy that is in force.
    pub(crate) policy: usize,
    pub(crate) cases: Vec<CaseModel>,
    pub(crate) proposals: Vec<ProposalModel>,
    pub(crate) executions: Vec<ExecutionModel>,
    /// What was acknowledged under a key.
    pub(crate) acknowledged: Vec<(Sent, Answer)>,
    pub(crate) records: Records,
    pub(crate) sink: Sink,
    pub(crate) flights: Vec<Flight>,
    /// What a host read some time ago, and acts on now.
    pub(crate) stale_cases: Vec<countersign::case::Case>,
    pub(crate) stale_proposals: Vec<countersign::proposal::Proposal>,
    pub(crate) releases: Vec<crate::policy_steps::Waiting>,
    pub(crate) count: usize,
    pub(crate) trace: Vec<String>,
    /// How often each thing went as it should, and how often it was refused.
    pub(crate) counts: BTreeMap<String, (u64, u64)>,
}

fn open(folder: &Path, site: &Site, life: u64) -> Host {
    let place = Place::prepare(folder).unwrap();
    let store = Arc::new(Store::open(&place, "sim").unwrap());
    let (_, stopping) = tokio::sync::watch::channel(false);
    let app = App {
        executors: Arc::new(site.executors.clone()),
        release_key: place.release_key(),
        sampling_key: SamplingKey::open(&place.sampling_key()).unwrap(),
        store: Arc::clone(&store),
        ui: None,
        secure_cookies: false,
        webhooks: Settings { key_file: place.webhook_key(), allowed: Vec::new() },
        streams: Streams::default(),
        stopping,
    };
    Host { store, router: router(app), life, touched_ms: 0 }
}

impl<'a> World<'a> {
    pub(crate) fn new(site: &'a Site) -> Self {
        let folder = site.copy();
        let hosts = (0..HOSTS).map(|_| open(&folder, site, 0)).collect();
        let database = Connection::open(folder.join("countersign.db")).unwrap();
        database.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
        database.set_prepared_statement_cache_capacity(64);
        let records = Records::begin(&database);
        Self {
            key: WebhookKey::open(&folder.join("webhook.key")).unwrap(),
            folder,
            site,
            runtime: Builder::new_current_thread().enable_all().build().unwrap(),
            database,
            hosts,
            now_ms: BEGIN_MS,
            people: cast().into_iter().map(|person| (person.name, person)).collect(),
            policy: 0,
            cases: Vec::new(),
            proposals: Vec::new(),
            executions: Vec::new(),
            acknowledged: Vec::new(),
            records,
            sink: Sink::default(),
            flights: Vec::new(),
            stale_cases: Vec::new(),
            stale_proposals: Vec::new(),
            releases: Vec::new(),
            count: 0,
            trace: Vec::new(),
            counts: BTreeMap::new(),
        }
    }

    pub(crate) fn fresh(&mut self, prefix: &str) -> String {
        self.count += 1;
        format!("{prefix}{}", self.count)
    }

    pub(crate) fn note(&mut self, text: impl AsRef<str>) {
        self.trace.push(text.as_ref().chars().take(300).collect());
    }

    pub(crate) fn person(&self, name: &str) -> Person {
        self.people[name].clone()
    }

    pub(crate) fn advance(&mut self, to_ms: i64) {
        assert!(to_ms >= self.now_ms);
        self.now_ms = to_ms;
        set_clock(&self.database, to_ms);
    }

    /// A host, which knows what time it is.
    pub(crate) fn host(&mut self, index: usize) -> Arc<Store> {
        let host = &mut self.hosts[index];
        if host.touched_ms < self.now_ms {
            let at = self.runtime.block_on(host.store.write(|tx| Ok(tx.now))).unwrap();
            assert_eq!(at.as_ms(), self.now_ms, "a host goes by another time");
            host.touched_ms = self.now_ms;
        }
        Arc::clone(&host.store)
    }

    /// A host dies: what it had in memory is gone, what it committed stays.
    pub(crate) fn crash(&mut self, index: usize) {
        let life = self.hosts[index].life + 1;
        self.hosts[index] = open(&self.folder, self.site, life);
    }

    pub(crate) fn call(&mut self, host: usize, sent: &Sent) -> Answer {
        self.host(host);
        let mut request = hyper::Request::builder()
            .method("POST")
            .uri(&sent.path)
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {}", self.site.tokens[sent.who]));
        if let Some(key) = &sent.key {
            request = request.header("idempotency-key", key);
        }
        let request = request.body(Body::from(sent.body.to_string())).unwrap();
        let router = TowerToHyperService::new(self.hosts[host].router.clone());
        self.runtime.block_on(async {
            let response = router.call(request).await.unwrap();
            let status = response.status().as_u16();
            let replayed = response.headers().contains_key("idempotency-replayed");
            let bytes = response.into_body().collect().await.unwrap().to_bytes();
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            let body = serde_json::from_str(&text).unwrap_or(Value::Null);
            Answer { status, text, replayed, body }
        })
    }

    /// Runs a verb of the store in one transaction of a host.
    pub(crate) fn write<T: Send + 'static>(
        &mut self,
        host: usize,
        job: impl FnOnce(&Tx<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let store = self.host(host);
        self.runtime.block_on(store.write(job))
    }

    /// What changed, and whether the database is sound.
    pub(crate) fn look(&mut self) -> Result<Touched, String> {
        let touched = self.records.look(&self.database, self.now_ms)?;
        for event in &touched.events {
            self.counts.entry(event.clone()).or_default().0 += 1;
        }
        Ok(touched)
    }

    /// Nothing may have changed.
    pub(crate) fn unchanged(&mut self) -> Result<(), String> {
        let touched = self.look()?;
        if touched.entries == 0 {
            Ok(())
        } else {
            Err(format!("it changed something: {touched:?}"))
        }
    }

    /// Sends a request by any host. It must be answered as expected, and leave a trace exactly where
    /// it is done. Gives what changed where it was done.
    pub(crate) fn send(
        &mut self,
        chance: &mut Chance,
        sent: Sent,
        may: bool,
    ) -> Result<Option<(Answer, Touched)>, String> {
        let host = chance.below(HOSTS);
        let name = sent.path.rsplit('/').next().unwrap().to_owned();
        self.note(format!("{} POST {} {} by host {host}", sent.who, sent.path, sent.body));
        let answer = self.call(host, &sent);
        let done = matches!(answer.status, 200 | 201);
        let count = self.counts.entry(name).or_default();
        if done {
            count.0 += 1;
        } else {
            count.1 += 1;
        }
        if answer.status >= 500 || done != may || answer.replayed {
            let told = if may { "must be done" } else { "must be refused" };
            return Err(format!("it {told}: {} {}", answer.status, answer.text));
        }
        if !done {
            self.unchanged()?;
            return Ok(None);
        }
        let touched = self.look()?;
        let strangers = touched.actors.iter().any(|actor| actor != sent.who && actor != CLOCK);
        if touched.entries == 0 || strangers || !touched.actors.contains(sent.who) {
            return Err(format!("the log does not tell of it: {touched:?}"));
        }
        if sent.key.is_some() {
            self.acknowledged.push((sent, answer.clone()));
        }
        Ok(Some((answer, touched)))
    }

    /// A key that is left out where that is allowed, now and then.
    pub(crate) fn some_key(&mut self, chance: &mut Chance, is_needed: bool) -> Option<String> {
        let key = self.fresh("k");
        (is_needed || chance.percent(70)).then_some(key)
    }

    /// Every record that the model knows stands as it should.
    pub(crate) fn compare(&self, touched: &Touched) -> Result<(), String> {
        let unknown = |id: &String| format!("nobody expected `{id}`");
        for id in &touched.cases {
            let model = self.cases.iter().find(|case| case.id == *id);
            model.ok_or_else(|| unknown(id))?.same(&self.records.cases[id])?;
        }
        for id in &touched.proposals {
            let model = self.proposals.iter().find(|proposal| proposal.id == *id);
            model.ok_or_else(|| unknown(id))?.same(&self.records.proposals[id])?;
        }
        for id in &touched.executions {
            let model = self.executions.iter().find(|execution| execution.id == *id);
            model.ok_or_else(|| unknown(id))?.same(&self.records.executions[id])?;
            self.effects(id)?;
        }
        Ok(())
    }

    /// What was done about an execution is what is said of it.
    fn effects(&self, id: &str) -> Result<(), String> {
        let Some(execution) = self.executions.iter().find(|execution| execution.id == id) else {
            return Ok(());
        };
        let effects = self.sink.effects(&execution.key);
        let line = self
            .executions
            .iter()
            .filter(|other| other.root == execution.root && other.position == execution.position);
        let of_line: usize = line.map(|other| self.sink.effects(&other.key)).sum();
        let fits = match execution.state {
            "succeeded" => effects == 1,
            "failed" | "cancelled" | "prepared" => effects == 0,
            _ => effects <= 1,
        };
        if fits && of_line <= 1 {
            return Ok(());
        }
        Err(format!("{effects} effects, {of_line} of its line: {execution:?}"))
    }

    /// Everything, once more, at the end.
    pub(crate) fn close(mut self) -> Result<BTreeMap<String, (u64, u64)>, String> {
        self.unchanged()?;
        let all = Touched {
            cases: self.cases.iter().map(|case| case.id.clone()).collect(),
            proposals: self.proposals.iter().map(|proposal| proposal.id.clone()).collect(),
            executions: self.executions.iter().map(|execution| execution.id.clone()).collect(),
            ..Touched::default()
        };
        self.compare(&all)?;
        let path = self.folder.join("countersign.db");
        let report = countersign::host::verify::verify(&path).map_err(|error| error.to_string())?;
        if !report.is_sound() {
            return Err(format!("the audit log does not verify: {:?}", report.faults));
        }
        Ok(std::mem::take(&mut self.counts))
    }
}

impl Drop for World<'_> {
    fn drop(&mut self) {
        self.hosts.clear();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
