//! What only a server has: rows that are closed to others, sessions that are cut, users without rights.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use countersign::host::store::sql::Connection;
use serde_json::json;

use crate::support::{
    Call, Folder, Host, address, assert_sound, billing_request, fresh, run, server,
};

fn only_server(test: &str) -> bool {
    if server().is_none() {
        println!("not on SQLite: {test} is about a server");
    }
    server().is_some()
}

fn texts(database: &Connection, select: &str) -> Vec<String> {
    let mut statement = database.prepare(select).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn f54_every_table_of_a_tenant_is_closed_and_the_hosts_role_owns_nothing() {
    if !only_server("f54_every_table_of_a_tenant_is_closed_and_the_hosts_role_owns_nothing") {
        return;
    }
    let folder = Folder::new();
    let host = Host::start(&folder);
    for tenant in ["northwind", "meridian-health"] {
        host.create(&host.edge(tenant), billing_request());
    }
    assert_eq!(host.stop(), Some(0));
    let database = folder.database();
    let of_tenants = "FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
        WHERE c.relnamespace = 'countersign'::regnamespace AND c.relkind IN ('r', 'p') \
        AND a.attname = 'tenant_id' AND NOT a.attisdropped";
    let tables = texts(&database, &format!("SELECT c.relname::text {of_tenants} ORDER BY 1"));
    assert!(tables.len() >= 18, "{tables:?}");
    let open = format!(
        "SELECT c.relname::text {of_tenants} AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"
    );
    assert_eq!(texts(&database, &open), Vec::<String>::new());
    let without_policy = format!(
        "SELECT c.relname::text {of_tenants} \
         AND NOT EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid)"
    );
    assert_eq!(texts(&database, &without_policy), Vec::<String>::new());
    let owned = "SELECT classid::regclass || ' ' || objid FROM pg_shdepend \
        WHERE refobjid = 'countersign_app'::regrole AND deptype = 'o'";
    assert_eq!(texts(&database, owned), Vec::<String>::new());
    let strong = "SELECT rolname::text FROM pg_roles WHERE rolname = 'countersign_app' \
        AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb)";
    assert_eq!(texts(&database, strong), Vec::<String>::new());

    // As the host's role: without a scope nothing, with one that tenant's rows and no others.
    database.execute_batch("SET ROLE countersign_app").unwrap();
    for table in &tables {
        let select = format!("SELECT DISTINCT tenant_id FROM {table}");
        assert_eq!(texts(&database, &select), Vec::<String>::new(), "{table}");
    }
    database.execute_batch("SET countersign.tenants = 'northwind'").unwrap();
    for table in ["cases", "audit_pending", "events", "idempotency"] {
        let select = format!("SELECT DISTINCT tenant_id FROM {table}");
        assert_eq!(texts(&database, &select), ["northwind"], "{table}");
    }
    for refused in [
        "UPDATE audit_pending SET at = 0",
        "DELETE FROM audit_pending",
        "DELETE FROM cases",
        "UPDATE events SET at = 0",
        "INSERT INTO event_sequences (tenant_id, last_sequence) VALUES ('acme', 1)",
        "UPDATE principals SET name = 'x' WHERE tenant_id = 'meridian-health'",
        "INSERT INTO migrations (version) VALUES (77)",
        "ALTER TABLE cases NO FORCE ROW LEVEL SECURITY",
        "CREATE TABLE mine (x INTEGER)",
    ] {
        assert!(database.execute_batch(refused).is_err(), "{refused}");
    }
    let foreign = "UPDATE cases SET priority = 9 WHERE tenant_id = 'meridian-health'";
    assert_eq!(database.execute(foreign, []).unwrap(), 0);
}

#[test]
fn f11_f12_sessions_that_are_cut_lose_nothing_and_come_back() {
    const CUTS: u32 = 12;
    if !only_server("f11_f12_sessions_that_are_cut_lose_nothing_and_come_back") {
        return;
    }
    let folder = Folder::new();
    let hosts = [Host::start(&folder), Host::start(&folder)];
    let edge = hosts[0].edge("northwind");
    let (acknowledged, told) = (Mutex::new(BTreeSet::new()), Mutex::new(BTreeSet::new()));
    let stop = AtomicBool::new(false);
    let cut = "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity \
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    std::thread::scope(|scope| {
        for client in 0..4 {
            let (hosts, edge, acknowledged, told, stop) =
                (&hosts, &edge, &acknowledged, &told, &stop);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let mut body = billing_request();
                    body["case_id"] = json!(fresh("case"));
                    let call = Call::post("/v1/cases", body.clone()).of(edge).key(&fresh("key"));
                    let started = Instant::now();
                    // Asked again with its key, at either host, until it is told what became of it.
                    let mut host = client % 2;
                    loop {
                        let answer = hosts[host].call(&call);
                        if answer.status == 201 {
                            assert_eq!(answer.body["case"]["case_id"], body["case_id"]);
                            break;
                        }
                        assert_eq!(answer.status, 503, "{}", answer.text);
                        assert_eq!(answer.header("retry-after"), "1");
                        told.lock().unwrap().insert(answer.body["code"].to_string());
                        assert!(started.elapsed() < Duration::from_secs(60), "it never came back");
                        host = 1 - host;
                    }
                    acknowledged.lock().unwrap().insert(body["case_id"].to_string());
                }
            });
        }
        let database = folder.database();
        for _ in 0..CUTS {
            std::thread::sleep(Duration::from_millis(400));
            texts(&database, cut);
        }
        stop.store(true, Ordering::Relaxed);
    });
    let acknowledged = acknowledged.into_inner().unwrap();
    let database = folder.database();
    let found: BTreeSet<String> =
        texts(&database, "SELECT '\"' || case_id || '\"' FROM cases").into_iter().collect();
    println!("{} acknowledged, {CUTS} cuts, told {:?}", acknowledged.len(), told.lock().unwrap());
    assert!(acknowledged.len() > 5, "there was hardly any traffic: {}", acknowledged.len());
    assert_eq!(found, acknowledged);
    assert_sound(folder.path());
}

#[test]
fn f26_a_server_that_is_not_fit_is_refused_with_the_mend() {
    if !only_server("f26_a_server_that_is_not_fit_is_refused_with_the_mend") {
        return;
    }
    let refused = |folder: &Folder, address: &str, told: &str| {
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--database", address];
        let output = run(folder.path(), &arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && error.contains(told), "{told}: {error}");
    };
    let folder = Folder::new();
    let own = address(folder.path()).unwrap();
    refused(&folder, "mysql://x", "the address of the database");
    refused(&folder, "postgres://x@127.0.0.1:1/none", "cannot be reached");
    refused(&folder, &own.replacen("/host_", "/nowhere_", 1), "refuses this host");
    refused(&folder, &own.replacen("postgres@", "nobody@", 1), "refuses this host");
    let database = folder.place().database().open_as_operator().unwrap();
    database.execute_batch("CREATE SCHEMA countersign; CREATE TABLE countersign.x ()").unwrap();
    refused(&folder, &own, "no host made");
    database.execute_batch("DROP SCHEMA countersign CASCADE").unwrap();
    drop(database);

    // A user without rights of its own can serve once the owner made the schema.
    Host::start(&folder).stop();
    let login = format!("login_{}", std::process::id());
    let database = folder.database();
    database.execute_batch(&format!("CREATE ROLE {login} LOGIN")).unwrap();
    let weak = own.replacen("postgres@", &format!("{login}@"), 1);
    refused(&folder, &weak, "not a member of `countersign_app`");
    database.execute_batch(&format!("GRANT countersign_app TO {login}")).unwrap();
    let host = Host::start_with(&folder, &["--database", &weak]);
    host.create(&host.edge("northwind"), billing_request());
    assert_eq!(host.stop(), Some(0));
    database.execute_batch(&format!("DROP ROLE {login}")).unwrap();
    assert_sound(folder.path());
}
