//! The core is pure, and files stay short: read from the sources.

use std::path::{Path, PathBuf};

use crate::support::root;

/// What only `src/wasm`, `src/compile`, `src/host` and `src/bin` may do.
const FORBIDDEN: &[(&str, &str)] = &[
    ("std::fs", "files"),
    ("std::net", "the network"),
    ("std::env", "the environment"),
    ("std::process", "processes"),
    ("std::thread", "threads"),
    ("std::time", "the clock"),
    ("std::sync", "shared state"),
    ("SystemTime", "the clock"),
    ("Instant::", "the clock"),
    ("HashMap", "an order that differs from run to run"),
    ("HashSet", "an order that differs from run to run"),
    ("thread_local", "shared state"),
    ("static mut", "shared state"),
    ("unsafe", "unsafe code"),
    ("async ", "asynchrony"),
    ("println!", "output"),
    ("tracing", "logging"),
    ("getrandom", "randomness"),
    ("serde_json", "a library of the edges"),
    ("toml::", "a library of the edges"),
    ("rusqlite", "a library of the edges"),
    ("axum", "a library of the edges"),
    ("tokio", "a library of the edges"),
    ("js_sys", "a library of the edges"),
    ("wasm_bindgen", "a library of the edges"),
    (".exp()", "a function that differs between native and wasm"),
    (".ln()", "a function that differs between native and wasm"),
    (".powf(", "a function that differs between native and wasm"),
];

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

fn all_sources() -> Vec<PathBuf> {
    let mut paths = Vec::new();
    sources(&root().join("src"), &mut paths);
    paths.sort();
    paths
}

fn is_core(path: &Path) -> bool {
    let inside = path.strip_prefix(root().join("src")).unwrap();
    !["wasm", "compile", "host", "bin"].iter().any(|edge| inside.starts_with(edge))
}

#[test]
fn the_core_does_no_more_than_compute() {
    let core: Vec<PathBuf> = all_sources().into_iter().filter(|path| is_core(path)).collect();
    assert!(core.len() > 15, "the core was not found");
    for path in core {
        let text = std::fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or("");
            for (name, what) in FORBIDDEN {
                let at = format!("{}:{}", path.display(), number + 1);
                assert!(!code.contains(name), "{at}: the core may not use {what} (`{name}`)");
            }
        }
    }
}

#[test]
fn every_file_begins_by_saying_what_it_is_for() {
    for path in all_sources() {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//! "), "{} has no first paragraph", path.display());
    }
}

#[test]
fn no_file_grows_past_what_can_be_read_top_to_bottom() {
    const LINES_MAX: usize = 600;
    for path in all_sources() {
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= LINES_MAX, "{} has {lines} lines, at most {LINES_MAX}", path.display());
    }
}

/// Reads that are not narrowed to what their caller may see, by file: of who calls, of policies (which
/// every tenant may look up), and of whatever narrows itself.
const READS_OF_ALL: &[(&str, usize)] = &[
    ("auth.rs", 1),
    ("events.rs", 1),
    ("health.rs", 1),
    ("policies.rs", 4),
    ("policy_changes.rs", 1),
    ("releases.rs", 1),
    ("session.rs", 1),
];

#[test]
fn what_the_interface_reads_is_narrowed_to_what_its_caller_may_see() {
    let mut found = Vec::new();
    for path in all_sources().iter().filter(|path| path.parent().unwrap().ends_with("host/http")) {
        let text: String =
            std::fs::read_to_string(path).unwrap().split_whitespace().collect::<String>();
        let count = text.matches("store.read(").count();
        if count > 0 {
            found.push((path.file_name().unwrap().to_str().unwrap().to_owned(), count));
        }
    }
    let known: Vec<(String, usize)> =
        READS_OF_ALL.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
    assert_eq!(found, known, "read with `read_as`, or say here why not");
}
