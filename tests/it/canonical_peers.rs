//! The canonical form against other people's: PyPI's `rfc8785` and npm's `canonicalize` give the same
//! digests. Each is skipped, and said so, where it is not there; `COUNTERSIGN_RFC8785_PYTHON` names an
//! interpreter that has the first, `COUNTERSIGN_CANONICAL` how many values are compared.

use std::path::PathBuf;
use std::process::Command;

use countersign::json::sha256_name;

use crate::chance::Chance;
use crate::support::{json, root};

const PYTHON: &str = "
import hashlib, json, sys, rfc8785
# JSON has one kind of number; Python would keep whole ones apart, of any length.
for index, line in enumerate(open(sys.argv[1], encoding='utf-8', newline='\\n')):
    text, digest = json.loads(line)
    found = 'sha256:' + hashlib.sha256(rfc8785.dumps(json.loads(text, parse_int=float))).hexdigest()
    assert found == digest, (index, text)
print(index + 1)
";

const NODE: &str = "
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
const [file, folder] = process.argv.slice(-2);
const { default: canonicalize } = await import(pathToFileURL(folder + '/node_modules/canonicalize/lib/canonicalize.js'));
const lines = readFileSync(file, 'utf8').trimEnd().split('\\n');
for (const [index, line] of lines.entries()) {
  const [text, digest] = JSON.parse(line);
  const hash = createHash('sha256').update(canonicalize(JSON.parse(text))).digest('hex');
  if ('sha256:' + hash !== digest) throw new Error(index + ' ' + text);
}
console.log(lines.length);
";

/// Runs a peer over the values; `None` where it is not there.
fn compared(mut probe: Command, mut command: Command) -> Option<usize> {
    if !probe.output().is_ok_and(|output| output.status.success()) {
        return None;
    }
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    Some(String::from_utf8(output.stdout).unwrap().trim().parse().unwrap())
}

#[test]
fn digests_are_those_of_python_and_javascript() {
    let (mut chance, count) = Chance::asked("COUNTERSIGN_CANONICAL", 5_000);
    let mut lines = String::new();
    for _ in 0..count {
        let text = chance.json_text(0);
        let canonical = json(&text).canonical();
        assert_eq!(json(&canonical).canonical(), canonical, "{text}");
        let row = serde_json::json!([text, sha256_name(&[canonical.as_bytes()])]);
        lines.push_str(&format!("{row}\n"));
    }
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("canonical.jsonl");
    std::fs::write(&file, lines).unwrap();

    let python = std::env::var("COUNTERSIGN_RFC8785_PYTHON").unwrap_or("python3".to_owned());
    let (mut probe, mut command) = (Command::new(&python), Command::new(&python));
    probe.args(["-c", "import rfc8785"]);
    command.args(["-c", PYTHON]).arg(&file);
    match compared(probe, command) {
        Some(found) => assert_eq!(found, count),
        None => println!("skipped: no python3 with rfc8785; set COUNTERSIGN_RFC8785_PYTHON"),
    }

    let package = root().join("pkg");
    let (mut probe, mut command) = (Command::new("node"), Command::new("node"));
    probe.args(["--check", "node_modules/canonicalize/lib/canonicalize.js"]).current_dir(&package);
    command.args(["--input-type=module", "-e", NODE, "--"]).arg(&file).arg(&package);
    match compared(probe, command) {
        Some(found) => assert_eq!(found, count),
        None => println!("skipped: no node with pkg's canonicalize; run npm ci in pkg"),
    }
}
