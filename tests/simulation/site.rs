//! What every history begins with: a database with people, credentials and a policy in force, made
//! once and copied, and the variants of the policy.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use countersign::compile::{Compiled, compile};
use countersign::gate::{Context, classify};
use countersign::host::executor::Executors;
use countersign::host::layers::Candidate;
use countersign::host::people::{
    HostActor, NewGrant, add_grant, create_credential, create_principal, host_actor,
};
use countersign::host::store::identity::{CredentialKind, Scope};
use countersign::host::store::place::Place;
use countersign::host::store::{Store, policies};
use countersign::identity::{GrantRole, Principal, PrincipalKind, PrincipalStatus};
use countersign::proposal::Requirement;
use countersign::read::Node;
use countersign::request::Action;
use countersign::{Id, Json, TimestampMs};
use rusqlite::Connection;
use serde_json::Value;

/// Years after any wall clock: the store never goes back behind what its file says, so that time
/// stands still until the simulation moves it.
pub(crate) const BEGIN_MS: i64 = 4_070_908_800_000;
pub(crate) const MINUTE_MS: i64 = 60_000;

pub(crate) fn id(text: &str) -> Id {
    Id::new(text).unwrap()
}

pub(crate) fn instant(milliseconds: i64) -> TimestampMs {
    TimestampMs::new(milliseconds).unwrap()
}

/// A grant as the model knows it.
#[derive(Clone, Debug)]
pub(crate) struct Right {
    pub(crate) role: GrantRole,
    pub(crate) tenant: &'static str,
    pub(crate) domain: &'static str,
    pub(crate) level: i64,
    pub(crate) until_ms: Option<i64>,
}

/// Somebody as the model knows them.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) name: &'static str,
    pub(crate) kind: PrincipalKind,
    pub(crate) tenant: &'static str,
    /// The human being; two accounts may have one.
    pub(crate) person: Option<&'static str>,
    /// Who answers for a service.
    pub(crate) owner: Option<&'static str>,
    pub(crate) rights: Vec<Right>,
    pub(crate) is_active: bool,
}

/// Everybody who acts.
pub(crate) fn cast() -> Vec<Person> {
    use GrantRole::{Auditor, Caller, Lead, PolicyOwner, Reviewer};
    let right = |role, tenant, domain, level| Right { role, tenant, domain, level, until_ms: None };
    let human = |name, tenant, person, rights| Person {
        name,
        kind: PrincipalKind::Person,
        tenant,
        person: Some(person),
        owner: None,
        rights,
        is_active: true,
    };
    let service = |name, tenant, owner| Person {
        name,
        kind: PrincipalKind::Service,
        tenant,
        person: None,
        owner,
        rights: vec![right(Caller, tenant, "any", 0)],
        is_active: true,
    };
    let mut all = vec![
        service("shop", "t1", Some("carl")),
        service("mart", "t2", None),
        // Answers for the shop, and would approve what it asks for.
        human("carl", "t1", "carl", vec![right(Reviewer, "t1", "any", 4)]),
        // Two accounts of one human being, one of whom may ask too.
        human(
            "ana",
            "t1",
            "ana",
            vec![right(Reviewer, "*", "any", 4), right(Caller, "t1", "any", 0)],
        ),
        human("ana2", "t1", "ana", vec![right(Reviewer, "*", "any", 4)]),
        human("bo", "t1", "bo", vec![right(Reviewer, "*", "any", 4)]),
        human("cy", "t1", "cy", vec![right(Reviewer, "t1", "billing", 4)]),
        human("di", "t1", "di", vec![right(Reviewer, "t1", "any", 1)]),
        human("eve", "t2", "eve", vec![right(Reviewer, "t2", "any", 4)]),
        human("sec", "t1", "sec", vec![right(Reviewer, "*", "security", 4)]),
        human("fin", "t1", "fin", vec![right(Reviewer, "*", "any", 4)]),
        human("aud", "t1", "aud", vec![right(Auditor, "*", "any", 0)]),
        human("lea", "t1", "lea", vec![right(Lead, "*", "any", 9)]),
        human("own1", "t1", "own1", vec![right(PolicyOwner, "*", "any", 0)]),
        human("own1b", "t1", "own1", vec![right(PolicyOwner, "*", "any", 0)]),
        human("own2", "t1", "own2", vec![right(PolicyOwner, "*", "any", 0)]),
    ];
    // A model with every right but that of being a person.
    all.push(Person {
        name: "bot",
        kind: PrincipalKind::Agent,
        tenant: "t1",
        person: None,
        owner: None,
        rights: vec![right(Reviewer, "*", "any", 9), right(Caller, "t1", "any", 0)],
        is_active: true,
    });
    // This one's right ends in the middle.
    let fin = all.iter_mut().find(|person| person.name == "fin").unwrap();
    fin.rights[0].until_ms = Some(BEGIN_MS + 50 * MINUTE_MS);
    all
}

const POLICY: &str = include_str!("policy.toml");
/// What each variant adds; the tools' own entries stay as they are.
const RULES: &[&str] = &[
    "",
    "[[impact]]\nid = \"leads\"\nwhen = 'action.tool == \"billing.refund\"'\nthen = \"require_approval\"\n\
     authority = { domain = \"billing\", level = 4 }\nwhy = \"leads only\"\n\n\
     [[impact]]\nid = \"two\"\nwhen = 'action.tool == \"mail.post\"'\nthen = \"require_approval\"\nquorum = 2\n\
     why = \"two of us\"\n",
    "[[impact]]\nid = \"stop\"\nwhen = 'action.tool == \"billing.refund\"'\nthen = \"deny\"\nwhy = \"not now\"\n",
    "",
];

fn variant(number: usize) -> String {
    POLICY
        .replace("VERSION", &format!("{number}"))
        .replace("UNDO", if number == 3 { "0 s" } else { "10 s" })
        .replace("REFUND", if number == 3 { "Refund, renamed" } else { "Refund" })
        .replace("#+\n", RULES[number])
}

/// The executors, and what they promise; nobody is called.
pub(crate) const EXECUTORS: &str = r#"
[[executor]]
id = "payments"
url = "http://127.0.0.1:9/"
tools = ["billing.refund"]
guarantee = "idempotent"
key_kept = "20 min"
previews = true

[[executor]]
id = "bank"
url = "http://127.0.0.1:9/"
tools = ["billing.credit"]
guarantee = "queryable"
timeout = "5 s"

[[executor]]
id = "post"
url = "http://127.0.0.1:9/"
tools = ["mail.post"]

[[executor]]
id = "ops"
url = "http://127.0.0.1:9/"
tools = ["config.update"]
guarantee = "idempotent"
previews = true
"#;

/// What all histories share.
pub(crate) struct Site {
    template: PathBuf,
    pub(crate) tokens: BTreeMap<&'static str, String>,
    pub(crate) sources: Vec<String>,
    pub(crate) policies: Vec<Arc<Compiled>>,
    pub(crate) executors: Executors,
}

impl Site {
    pub(crate) fn new() -> Self {
        let sources: Vec<String> = (0..RULES.len()).map(variant).collect();
        let compiled = |source: &String| {
            let compiled = compile(source, "policy.toml");
            Arc::new(compiled.unwrap_or_else(|told| panic!("{}", told[0])))
        };
        let policies: Vec<_> = sources.iter().map(compiled).collect();
        let template = folder();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let store = Store::open(&Place::prepare(&template).unwrap(), "sim").unwrap();
        set_clock(&Connection::open(template.join("countersign.db")).unwrap(), BEGIN_MS);
        let first = Arc::clone(&policies[0]);
        let tokens = runtime.block_on(store.write(move |tx| {
            let by = host_actor(tx, HostActor::CommandLine)?;
            host_actor(tx, HostActor::Scheduler)?;
            policies::release(tx, &Candidate::of(first.as_ref().clone()), &by.reference(), None)?;
            let mut tokens = BTreeMap::new();
            for person in cast() {
                let principal = Principal {
                    principal_id: id(person.name),
                    kind: person.kind,
                    tenant_id: id(person.tenant),
                    person_id: person.person.map(id),
                    owner_person: person.owner.map(id),
                    status: PrincipalStatus::Active,
                    name: person.name.to_owned(),
                    languages: Vec::new(),
                    skills: Vec::new(),
                    away: None,
                };
                create_principal(tx, &principal, by.reference())?;
                for right in person.rights {
                    let grant = NewGrant {
                        role: right.role,
                        tenants: vec![right.tenant.to_owned()],
                        queues: vec!["*".to_owned()],
                        domain: right.domain.to_owned(),
                        level: right.level,
                        until: right.until_ms.map(instant),
                    };
                    add_grant(tx, &principal, grant, by.reference())?;
                }
                let kind = CredentialKind::Token;
                let made =
                    create_credential(tx, &principal, kind, Scope::Write, None, by.reference())?;
                tokens.insert(person.name, made.secret);
            }
            Ok(tokens)
        }));
        store.close();
        let executors = Executors::parse(EXECUTORS, "executors.toml").unwrap();
        Self { template, tokens: tokens.unwrap(), sources, policies, executors }
    }

    /// A folder with a copy of the database.
    pub(crate) fn copy(&self) -> PathBuf {
        let copy = folder();
        for entry in std::fs::read_dir(&self.template).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
        }
        copy
    }

    /// What a policy asks for before these actions are done.
    pub(crate) fn requirement(
        &self,
        policy: usize,
        tenant: &str,
        actions: &[Action],
        now_ms: i64,
    ) -> Requirement {
        let context = Context::of_tenant(id(tenant));
        let policy = &self.policies[policy].policy;
        Requirement::of(&classify(policy, actions, &context, instant(now_ms)).unwrap())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.template);
    }
}

/// Moves the clock of everything that shares the file.
pub(crate) fn set_clock(database: &Connection, now_ms: i64) {
    let update = "UPDATE meta SET value = ?1 WHERE name = 'clock_ms'";
    assert_eq!(database.execute(update, [now_ms.to_string()]).unwrap(), 1);
}

/// An empty folder, in memory where the system has such a place: nothing here needs to outlive the
/// process, and syncs that reach a disk would only make histories shorter.
fn folder() -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let memory = Path::new("/dev/shm");
    let base = if memory.is_dir() { memory } else { Path::new(env!("CARGO_TARGET_TMPDIR")) };
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = base.join(format!("countersign-simulation-{}-{count}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// The core's value of a JSON text.
pub(crate) fn json(value: &Value) -> Json {
    serde_json::from_str(&value.to_string()).unwrap()
}

/// Actions as a proposal has them.
pub(crate) fn actions(value: &Value) -> Vec<Action> {
    let list = value.as_array().unwrap();
    list.iter().map(|one| Action::read(Node::root(&json(one))).unwrap()).collect()
}
