//! How a host starts, refuses to, and ends; and the command line.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use countersign::host::store::sql::Sql;

use crate::support::{Call, Folder, Host, assert_sound, only_sqlite, program, run, run_ok, server};

#[test]
fn a_host_refuses_the_database_of_a_later_release() {
    let folder = Folder::new();
    Host::start(&folder).stop();
    let later = Sql {
        sqlite: "PRAGMA user_version = 99",
        postgres: "INSERT INTO migrations (version) VALUES (99)",
    };
    folder.database().execute_batch(later).unwrap();
    let output = run(folder.path(), &["serve", "--listen", "127.0.0.1:0"]);
    assert!(!output.status.success());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("schema 99"), "{told}");
    assert!(!run(folder.path(), &["audit", "verify"]).status.success());
}

#[test]
fn a_host_does_not_start_with_executors_that_are_wrong() {
    let folder = Folder::new();
    let file = folder.join("executors.toml");
    for (text, told) in [
        (None, "executors.toml"),
        (Some("[[executor]]\nid = \"a\"\nurl = \"ftp://h/\"\n"), "executors.toml:3"),
        (Some("[[executor]]\nid = \"a\"\nurl = \"http://127.0.0.1:1/\"\n"), "runs no tool"),
        (
            Some("[[executor]]\nid = \"a\"\nurl = \"http://127.0.0.1:1/\"\ntools = [\"a*b\"]\n"),
            "`a*b`",
        ),
    ] {
        if let Some(text) = text {
            std::fs::write(&file, text).unwrap();
        }
        let output = program(&["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder.path())
            .arg("--executors")
            .arg(&file)
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success());
        assert!(error.contains("the executors cannot be read") && error.contains(told), "{error}");
    }
}

#[test]
fn a_host_without_samples_says_how_the_first_reviewer_is_made() {
    let folder = Folder::new();
    let data = folder.path();
    let principal =
        run_ok(data, &["principal", "create", "--tenant", "acme", "--name", "First Reviewer"]);
    run_ok(data, &["grant", "add", &principal, "--role", "reviewer", "--level", "2"]);
    let link = run_ok(data, &["sign-in-link", &principal, "--url", "https://review.example/"]);
    assert!(link.starts_with("https://review.example/#/sign-in/cs_link_"), "{link}");
    let host = Host::start(&folder);
    let reviewer = host.sign_in_with(link.rsplit('/').next().unwrap());
    let me = host.expect(&Call::get("/v1/me").of(&reviewer), 200);
    assert_eq!(me["grants"][0]["tenants"], serde_json::json!(["acme"]));
    assert_sound(data);
}

#[test]
fn secrets_are_stored_as_hashes_and_their_file_is_nobody_elses() {
    if !only_sqlite("secrets_are_stored_as_hashes_and_their_file_is_nobody_elses") {
        return;
    }
    let folder = Folder::new();
    let host = Host::start(&folder);
    let link = host.link("Mina");
    host.sign_in("Jonas");
    assert_eq!(host.stop(), Some(0));
    let token_file = folder.join("sample-edge.token");
    let mode = std::fs::metadata(&token_file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let tokens: Value =
        serde_json::from_str(&std::fs::read_to_string(&token_file).unwrap()).unwrap();
    let first = std::fs::read(&token_file).unwrap();
    let mut database = std::fs::read(folder.join("countersign.db")).unwrap();
    database.extend(std::fs::read(folder.join("countersign.db-wal")).unwrap_or_default());
    let holds =
        |secret: &str| database.windows(secret.len()).any(|window| window == secret.as_bytes());
    assert!(holds("prin_jonas_weber"), "the search finds what is there");
    assert!(!holds(&link) && !holds("cs_session_"));
    assert!(tokens.as_object().unwrap().values().all(|token| !holds(token.as_str().unwrap())));

    let host = Host::start(&folder);
    assert_eq!(std::fs::read(&token_file).unwrap(), first, "the tokens are made once");
    assert_ne!(host.link("Mina"), link, "links are fresh at each start");
    host.sign_in_with(&link);
}

#[test]
fn a_policy_that_does_not_compile_is_told_with_its_place() {
    let folder = Folder::new();
    let file = folder.join("policy.toml");
    std::fs::write(
        &file,
        countersign::compile::DEFAULT_POLICY.replace("then = \"escalate\"", "then = \"escalte\""),
    )
    .unwrap();
    let file = file.to_str().unwrap();
    let output = program(&["policy", "check", file]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        told.contains(&format!("{file}:")) && told.contains("escalte") && told.contains("help:"),
        "{told}"
    );
    let output = program(&["serve", "--listen", "127.0.0.1:0", "--policy", file, "--data"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));

    std::fs::write(file, countersign::compile::DEFAULT_POLICY).unwrap();
    let output = program(&["policy", "check", file]).output().unwrap();
    assert!(output.status.success());
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    for line in [
        "the longest is `wait_for_tool` with 15\n",
        "\na request that says nothing: limited_answer, medium risk\n",
        "\n  low_confidence: no signal was measured, at medium risk\n",
        "\n  not judged: facts.vulnerable_user, ",
    ] {
        assert!(told.contains(line), "{line} in {told}");
    }
    let bundle = folder.join("bundle.json");
    let output =
        program(&["policy", "compile", file, "-o", bundle.to_str().unwrap()]).output().unwrap();
    assert!(output.status.success());
    let bundle: countersign::Json =
        serde_json::from_str(&std::fs::read_to_string(bundle).unwrap()).unwrap();
    assert!(countersign::Policy::load(&bundle).is_ok());
}

#[test]
fn the_doctor_names_what_is_wrong_and_the_mend() {
    let folder = Folder::new();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    assert!(run(folder.path(), &["doctor"]).status.success() || server().is_some());
    Host::start(&folder).stop();
    let told = |expected_bad: bool| {
        let output = run(folder.path(), &["doctor"]);
        assert_eq!(output.status.success(), !expected_bad, "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    // The test's own server is the owner's, and keeps nothing through a power failure.
    let well = told(server().is_some());
    assert!(well.contains("good  schema: up to date"), "{well}");
    let bad = well.lines().filter(|line| line.contains("BAD")).count();
    assert!(bad <= if server().is_some() { 2 } else { 0 }, "{well}");
    let key = folder.join("webhook.key");
    std::fs::write(&key, "x").unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let ill = told(true);
    assert!(ill.contains("BAD   key of webhooks") && ill.contains("chmod 600"), "{ill}");
    let later = Sql {
        sqlite: "PRAGMA user_version = 99",
        postgres: "INSERT INTO migrations (version) VALUES (99)",
    };
    folder.database().execute_batch(later).unwrap();
    assert!(told(true).contains("BAD   schema: the database has schema 99"));
}

/// What the hosts of a file agreed on.
fn anchor(folder: &Folder) -> Vec<String> {
    let select = "SELECT value FROM meta WHERE name = 'clock_anchor'";
    let text: String = folder.database().query_row(select, [], |row| row.get(0)).unwrap();
    text.split(' ').map(str::to_owned).collect()
}

#[test]
fn f09_the_time_of_a_file_is_set_by_a_host_that_is_alone_and_only_forward() {
    if !only_sqlite("f09_the_time_of_a_file_is_set_by_a_host_that_is_alone_and_only_forward") {
        return;
    }
    let folder = Folder::new();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let first = Host::start(&folder);
    let agreed = anchor(&folder);
    // As if the machine's clock had been set since: by an hour, in either direction.
    let shift = |ms: i64| {
        let mut words = agreed.clone();
        words[2] = (words[2].parse::<i64>().unwrap() + ms).to_string();
        let update = "UPDATE meta SET value = ?1 WHERE name = 'clock_anchor'";
        assert_eq!(folder.database().execute(update, [words.join(" ")]).unwrap(), 1);
        words
    };
    let doctor = || String::from_utf8(run(folder.path(), &["doctor"]).stdout).unwrap();
    assert!(doctor().contains("good  clock: together"), "{}", doctor());
    let behind = shift(-3_600_000);
    assert!(doctor().contains("BAD   clock") && doctor().contains("stop all of them"));
    // Whoever joins others takes their time; whoever is alone takes the machine's.
    let second = Host::start(&folder);
    assert_eq!(anchor(&folder), behind);
    assert_eq!((first.stop(), second.stop()), (Some(0), Some(0)));
    Host::start(&folder).stop();
    assert_ne!(anchor(&folder), behind);
    assert!(doctor().contains("good  clock: together"), "{}", doctor());
    // A clock that was set back is not followed: time goes on from where it was.
    let ahead = shift(3_600_000);
    Host::start(&folder).stop();
    assert_eq!(anchor(&folder), ahead);
    assert!(doctor().contains("ahead of this machine's clock"), "{}", doctor());
    assert_sound(folder.path());
}
