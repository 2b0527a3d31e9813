//! Data with people, hosts on it, and cases to work on.

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use countersign::host::people::{self, HostActor, NewGrant, host_actor};
use countersign::host::store::Store;
use countersign::host::store::identity::{CredentialKind, Scope};
use countersign::identity::{GrantRole, Principal, PrincipalKind, PrincipalStatus};
use countersign::{Id, compile::DEFAULT_POLICY};
use serde_json::json;

use crate::client::Client;
use crate::support::{Folder, Host, billing_request, fresh};

pub(crate) struct Site {
    pub(crate) folder: Folder,
    policy: std::path::PathBuf,
    /// Tokens of reviewers, by tenant.
    pub(crate) reviewers: Vec<Vec<String>>,
    /// The token of the application of each tenant.
    pub(crate) callers: Vec<String>,
}

fn id(text: &str) -> Id {
    Id::new(text).unwrap()
}

impl Site {
    /// Data of so many tenants with so many reviewers each, all with these skills.
    pub(crate) fn new(tenants: usize, reviewers: usize, skills: &[String], lease: &str) -> Self {
        let folder = Folder::new();
        let lines = DEFAULT_POLICY.lines().map(|line| match line.split_once(" = ") {
            Some(("lease", _)) => format!("lease = \"{lease}\""),
            // A decision is final at once: the cycle ends with the reviewer's word.
            Some(("undo_window", _)) => "undo_window = \"0 s\"".to_owned(),
            _ => line.to_owned(),
        });
        let policy = folder.join("policy.toml");
        std::fs::write(&policy, lines.collect::<Vec<_>>().join("\n")).unwrap();
        let store = Store::open(&folder.place(), "bench").unwrap();
        let skills = skills.to_vec();
        let write = store.write(move |tx| {
            let by = host_actor(tx, HostActor::CommandLine)?.reference();
            let mut made = (Vec::new(), Vec::new());
            for tenant in 0..tenants {
                let mut of_tenant = Vec::new();
                for number in 0..=reviewers {
                    let is_caller = number == reviewers;
                    let name = format!("prin_{tenant}_{number}");
                    let principal = Principal {
                        principal_id: id(&name),
                        kind: if is_caller { PrincipalKind::Edge } else { PrincipalKind::Person },
                        tenant_id: id(&format!("tenant-{tenant}")),
                        person_id: (!is_caller).then(|| id(&format!("person_{tenant}_{number}"))),
                        owner_person: None,
                        status: PrincipalStatus::Active,
                        name,
                        languages: Vec::new(),
                        skills: if is_caller { Vec::new() } else { skills.clone() },
                        away: None,
                    };
                    people::create_principal(tx, &principal, by.clone())?;
                    let role = if is_caller { GrantRole::Caller } else { GrantRole::Reviewer };
                    let grant = NewGrant {
                        role,
                        tenants: vec![principal.tenant_id.as_str().to_owned()],
                        queues: vec!["*".to_owned()],
                        domain: "any".to_owned(),
                        level: 9,
                        until: None,
                    };
                    people::add_grant(tx, &principal, grant, by.clone())?;
                    let (kind, scope) = (CredentialKind::Token, Scope::Write);
                    let credential =
                        people::create_credential(tx, &principal, kind, scope, None, by.clone())?;
                    match is_caller {
                        true => made.1.push(credential.secret),
                        false => of_tenant.push(credential.secret),
                    }
                }
                made.0.push(of_tenant);
            }
            Ok(made)
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (reviewers, callers) = runtime.block_on(write).unwrap();
        store.close();
        Self { folder, policy, reviewers, callers }
    }

    pub(crate) fn start(&self) -> Host {
        Host::start_with(&self.folder, &["--policy", self.policy.to_str().unwrap()])
    }

    /// Starts a host with a library between it and the system.
    pub(crate) fn start_under(&self, wrapper: &[&str]) -> Host {
        // The policy is in force from the first start on.
        self.start().stop();
        Host::start_under(&self.folder, wrapper)
    }

    /// Builds a library out of C; `None`, said aloud, where there is no compiler.
    pub(crate) fn library(&self, source: &str) -> Option<String> {
        let library = self.folder.join("library.so").to_str().unwrap().to_owned();
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o", &library, source, "-ldl"])
            .status();
        let is_built = built.is_ok_and(|status| status.success());
        if !is_built {
            println!("not measured: there is no C compiler");
        }
        is_built.then_some(library)
    }

    /// Sends so many cases of each tenant, by several connections at once.
    pub(crate) fn fill(&self, url: &str, each: usize) {
        let left = AtomicUsize::new(each * self.callers.len());
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    let mut clients: Vec<Client> =
                        self.callers.iter().map(|token| Client::new(url, token)).collect();
                    let count = clients.len();
                    let take = || {
                        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                            left.checked_sub(1)
                        })
                    };
                    while let Ok(turn) = take() {
                        let key = fresh("key");
                        clients[turn % count].must(
                            "/v1/cases",
                            Some(&key),
                            &billing_request().to_string(),
                        );
                    }
                });
            }
        });
    }
}

/// One cycle: the next case, and the decision about it. Gives how long the claim took, in
/// milliseconds; `None` where nothing is left.
pub(crate) fn cycle(client: &mut Client) -> Option<f64> {
    let begun = std::time::Instant::now();
    let claimed = loop {
        let key = fresh("claim");
        let (status, answer) = client.post("/v1/queues/billing_dispute/claim", Some(&key), "{}");
        match status {
            200 => break answer,
            404 => return None,
            503 => std::thread::sleep(std::time::Duration::from_millis(2)),
            _ => panic!("{status} {answer}"),
        }
    };
    let took_ms = begun.elapsed().as_secs_f64() * 1_000.0;
    let case = &claimed["case"];
    let path = format!("/v1/cases/{}/decide", case["case_id"].as_str().unwrap());
    let body = json!({ "epoch": case["epoch"], "verdict": "accepted", "outcome": "send" });
    let done = client.must(&path, Some(&fresh("decide")), &body.to_string());
    assert_eq!(done["case"]["state"], "resolved");
    Some(took_ms)
}
