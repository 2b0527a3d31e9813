//! A simulation that finds nothing proves little: faults are planted into a copy of the sources, one
//! switched on at a time, and every one must be found, and nothing without one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::plants::{PLANTS, Plant, SELDOM};

/// Faults of the short form; another lot each day.
const SHORT: usize = 6;
const TIME_MAX: Duration = Duration::from_secs(60);

const SWITCH: &str = r#"
/// Whether this fault is switched on.
#[doc(hidden)]
pub fn planted(name: &str) -> bool {
    static ON: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    ON.get_or_init(|| std::env::var("COUNTERSIGN_PLANT").unwrap_or_default()) == name
}
"#;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, into) } else { into.push(path) }
    }
}

/// Writes where something is different, so that the compiler sees what changed.
fn write(path: &Path, text: &[u8]) {
    if std::fs::read(path).is_ok_and(|found| found == text) {
        return;
    }
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// The text of a file with every fault in it, none switched on.
fn with_plants(file: &str, text: &str, plants: &[&Plant]) -> String {
    let mut text = text.to_owned();
    for plant in plants {
        let count = text.matches(plant.from).count();
        assert_eq!(count, 1, "`{}`: `{}` stands {count} times in {file}", plant.name, plant.from);
        let switch = format!("crate::planted({:?})", plant.name);
        text = text.replace(plant.from, &plant.to.replace("PLANTED", &switch));
    }
    text
}

/// The manifest of the copy: the library and this test, and no program that would take the place of
/// the real one in the folder that both are built in.
fn manifest() -> String {
    let text = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let mut kept = String::new();
    let mut skips = false;
    for part in text.split_inclusive("\n\n") {
        for line in part.split_inclusive('\n') {
            if line.starts_with('[') {
                skips = ["[[bin]]", "[[test]]", "[lints"].iter().any(|head| line.starts_with(head));
            }
            let is_program = line.starts_with("default-run");
            if !skips && !is_program {
                kept.push_str(&line.replace("[\"cdylib\", \"rlib\"]", "[\"rlib\"]"));
            }
        }
    }
    kept.push_str(
        "\n[[test]]\nname = \"simulation\"\npath = \"tests/simulation/main.rs\"\n\
         required-features = [\"host\"]\n\n[workspace]\n",
    );
    kept.replace("autotests = false", "autotests = false\nautobins = false")
}

/// Makes the copy and builds the simulation against it; gives the program.
fn build() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let copy = target.join("planted");
    let mut by_file: BTreeMap<&str, Vec<&Plant>> = BTreeMap::new();
    for plant in PLANTS {
        by_file.entry(plant.file).or_default().push(plant);
    }
    let mut sources = Vec::new();
    files(&root().join("src"), &mut sources);
    files(&root().join("tests/simulation"), &mut sources);
    // What is gone from the sources must not stay in a copy of an earlier day.
    let mut copied = Vec::new();
    if copy.is_dir() {
        files(&copy, &mut copied);
    }
    let is_gone = |path: &PathBuf| {
        let name = path.strip_prefix(&copy).unwrap();
        name.extension().is_some_and(|kind| kind == "rs") && !root().join(name).exists()
    };
    for gone in copied.iter().filter(|path| is_gone(path)) {
        std::fs::remove_file(gone).unwrap();
    }
    for source in sources {
        let name = source.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        let bytes = std::fs::read(&source).unwrap();
        let Ok(mut text) = String::from_utf8(bytes.clone()) else {
            write(&copy.join(&name), &bytes);
            continue;
        };
        if let Some(plants) = by_file.remove(name.as_str()) {
            text = with_plants(&name, &text, &plants);
        }
        if name == "src/lib.rs" {
            text.push_str(SWITCH);
        }
        write(&copy.join(&name), text.as_bytes());
    }
    assert!(by_file.is_empty(), "there is no {:?}", by_file.keys());
    write(&copy.join("Cargo.toml"), manifest().as_bytes());
    write(&copy.join("Cargo.lock"), &std::fs::read(root().join("Cargo.lock")).unwrap());
    let built = Command::new(env!("CARGO"))
        .args(["test", "--no-run", "--offline", "--features", "host", "--test", "simulation"])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(&copy)
        .env("CARGO_TARGET_DIR", target)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "the copy does not build:\n{told}");
    let lines = String::from_utf8(built.stdout).unwrap();
    let messages = lines.lines().filter_map(|line| serde_json::from_str(line).ok());
    let mut programs = messages.filter_map(|message: serde_json::Value| {
        let of_test = message["target"]["name"] == "simulation";
        message["executable"].as_str().filter(|_| of_test).map(PathBuf::from)
    });
    programs.next().expect("cargo names the test that it built")
}

/// Runs histories with a fault switched on; gives what was found, and in which time.
fn histories(program: &Path, plant: &str, limit: &str) -> (Option<String>, Duration) {
    let begun = Instant::now();
    let output = Command::new(program)
        .args(["--exact", "every_history_is_one_that_the_model_allows", "--nocapture"])
        .env("COUNTERSIGN_PLANT", plant)
        .env("NO_SHRINK", "1")
        .env("RUST_BACKTRACE", "0")
        .env_remove("SEED")
        .env_remove("SEEDS")
        .env_remove("STEPS")
        .env_remove("MINUTES")
        .env(limit, if limit == "SEEDS" { "12" } else { "1" })
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = text.lines().find(|line| line.starts_with("seed "));
    let told = told.map(|line| line.chars().take(110).collect());
    let found = (!output.status.success()).then(|| told.unwrap_or_else(|| "it fails".to_owned()));
    (found, begun.elapsed())
}

/// `PLANTS=all` tries every one, `PLANTS=name` that one; the short form takes another lot each day.
#[test]
fn every_planted_fault_is_found() {
    let mut names: Vec<&str> = PLANTS.iter().map(|plant| plant.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), PLANTS.len(), "two faults have one name");
    let asked = std::env::var("PLANTS").unwrap_or_default();
    let day = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 86_400;
    let first = usize::try_from(day).unwrap() * SHORT;
    let chosen: Vec<&Plant> = match asked.as_str() {
        "all" => PLANTS.iter().collect(),
        "" => {
            let often: Vec<&Plant> =
                PLANTS.iter().filter(|plant| !SELDOM.contains(&plant.name)).collect();
            (first..first + SHORT).map(|index| often[index % often.len()]).collect()
        }
        name => PLANTS.iter().filter(|plant| plant.name.contains(name)).collect(),
    };
    let begun = Instant::now();
    let program = build();
    println!("{} faults, built in {:?}", PLANTS.len(), begun.elapsed());
    let (found, _) = histories(&program, "", "SEEDS");
    assert_eq!(found, None, "something is found where nothing was planted");
    let mut missed = Vec::new();
    for plant in &chosen {
        let (found, elapsed) = histories(&program, plant.name, "MINUTES");
        match found {
            Some(told) if elapsed <= TIME_MAX => {
                println!("  {:36} {:5.1} s  {told}", plant.name, elapsed.as_secs_f64());
            }
            _ if SELDOM.contains(&plant.name) => {
                println!("  {:36} not found; chance meets it seldom", plant.name);
            }
            _ => missed.push(plant.name),
        }
    }
    assert!(missed.is_empty(), "not found within {TIME_MAX:?}: {missed:?}");
}
