//! A disk that is full, and a sync that fails: by a library between the host and the system.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Tally;
use crate::ground::Ground;
use crate::ledger::{Ledger, counted};
use crate::support::{Call, Folder, Host, billing_request, fresh};

/// Builds the library; `None` where there is no compiler for it.
pub(crate) fn shim(folder: &Folder) -> Option<PathBuf> {
    let library = folder.join("shim.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torture/shim.c");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(source)
        .status();
    built.is_ok_and(|status| status.success()).then_some(library)
}

/// How the library is put under a program, and where it looks for wishes.
pub(crate) fn under(folder: &Folder, library: &Path) -> [String; 2] {
    [
        format!("LD_PRELOAD={}", library.display()),
        format!("COUNTERSIGN_SHIM={}", folder.join("wishes").display()),
    ]
}

pub(crate) fn start(folder: &Folder, library: &Path, more: &[&str]) -> Host {
    let [preload, wishes] = under(folder, library);
    Host::start_under_with(folder, &["env", &preload, &wishes], more)
}

pub(crate) fn wish(folder: &Folder, name: &str, text: &str) -> PathBuf {
    let path = folder.join("wishes").join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    path
}

pub(crate) fn f23_full(ground: &Ground) -> Tally {
    let folder = ground.folder();
    let Some(library) = shim(&folder) else { return Tally::skipped("there is no C compiler") };
    let host = start(&folder, &library, &[]);
    let edge = host.edge("northwind");
    let ledger = Ledger::new(&folder);
    let mut tally = Tally::default();
    let create = || Call::post("/v1/cases", billing_request()).of(&edge).key(&fresh("key"));
    while ground.goes_on(tally.count) {
        for _ in 0..3 {
            ledger.keep(&host.expect(&create(), 201)["case"]);
        }
        let full = wish(&folder, "full", "1");
        let mut refused = Vec::new();
        for _ in 0..5 {
            let call = create();
            let answer = host.call(&call);
            tally.count += 1;
            // Nothing that was refused for want of space may be half there.
            assert_eq!((answer.status, answer.body["code"].as_str()), (507, Some("store_full")));
            refused.push(call);
        }
        std::fs::remove_file(full).unwrap();
        // It comes back by itself, and the same keys do it now.
        for call in refused {
            ledger.keep(&host.expect(&call, 201)["case"]);
        }
    }
    tally.lost = ledger.lost(&folder);
    let found = counted(&folder, "SELECT count(*) FROM cases", &[]);
    tally.doubled = found.saturating_sub(ledger.len() as u64);
    tally
}

pub(crate) fn f24_sync_fails(ground: &Ground) -> Tally {
    let folder = ground.folder();
    let Some(library) = shim(&folder) else { return Tally::skipped("there is no C compiler") };
    let ledger = Ledger::new(&folder);
    let mut tally = Tally::default();
    while ground.goes_on(tally.count) {
        let host = start(&folder, &library, &[]);
        let edge = host.edge("northwind");
        let create = || Call::post("/v1/cases", billing_request()).of(&edge).key(&fresh("key"));
        for _ in 0..3 {
            ledger.keep(&host.expect(&create(), 201)["case"]);
        }
        let wish = wish(&folder, "sync-fails", "1");
        // A sync that failed is not tried again as if nothing were: the process ends.
        let answer = host.try_call(&create());
        if let Ok(answer) = answer {
            assert_eq!((answer.status, answer.body["code"].as_str()), (503, Some("store_lost")));
        }
        assert!(!wish.exists(), "no sync was asked for");
        assert_eq!(host.wait(), Some(1), "the process goes on after a sync that failed");
        tally.count += 1;
    }
    tally.lost = ledger.lost(&folder);
    tally
}
