//! One bit of the file is another than it was.

use std::io::{Read as _, Seek as _, SeekFrom, Write as _};

use countersign::host::verify::verify;
use serde_json::json;

use crate::Tally;
use crate::ground::{Chance, Ground};
use crate::support::{Folder, Host, assert_sound, billing_request, quick_policy};

/// Everything that the log covers, as it is read.
fn values(folder: &Folder) -> Result<Vec<String>, String> {
    let told = |error: &dyn std::fmt::Display| error.to_string();
    let database = folder.place().database().open_read_only().map_err(|error| told(&error))?;
    let mut values = Vec::new();
    for select in [
        "SELECT tenant_id || case_id || revision || state || queue || body FROM cases NOT INDEXED",
        "SELECT tenant_id || entity_kind || entity_id || entity_version || at || entry || hex(salt) \
         || hex(commitment) || hex(leaf_hash) FROM audit_pending NOT INDEXED",
        "SELECT tenant_id || sequence || event || subject_id FROM events NOT INDEXED",
        "SELECT tenant_id || principal_id || body FROM principals NOT INDEXED",
        "SELECT tenant_id || grant_id || body FROM grants NOT INDEXED",
        "SELECT hash || bundle FROM policies NOT INDEXED",
        "SELECT hash FROM policy_in_force NOT INDEXED",
    ] {
        let mut statement = database.prepare(select).map_err(|error| told(&error))?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0));
        for row in rows.map_err(|error| told(&error))? {
            values.push(row.map_err(|error| told(&error))?);
        }
    }
    values.sort_unstable();
    Ok(values)
}

pub(crate) fn f22_flipped_bit(ground: &Ground) -> Tally {
    let folder = ground.folder();
    let policy = quick_policy(&folder, "20 min", "0 s");
    let host = Host::start_with(&folder, &["--policy", policy.to_str().unwrap()]);
    let (edge, jonas) = (host.edge("northwind"), host.sign_in("Jonas"));
    for _ in 0..12 {
        let case = host.create(&edge, billing_request());
        let claimed = host.command(&jonas, &case, "claim", json!({}));
        let decide = json!({ "epoch": claimed["epoch"], "verdict": "accepted", "outcome": "send" });
        host.command(&jonas, &case, "decide", decide);
    }
    assert_eq!(host.stop(), Some(0));
    assert_sound(folder.path());
    let path = folder.join("countersign.db");
    // What stands in the log alone has no second copy: a bit there ends the log, as a crash would.
    let moved: i64 = folder
        .database()
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .unwrap();
    assert_eq!(moved, 0, "not all is in the file");
    let before = values(&folder).unwrap();
    assert!(before.len() > 60, "there is hardly anything: {}", before.len());
    let length = std::fs::metadata(&path).unwrap().len();
    let mut file = std::fs::File::options().read(true).write(true).open(&path).unwrap();
    let mut flip = |at: u64, bit: u64| {
        let mut byte = [0];
        file.seek(SeekFrom::Start(at)).unwrap();
        file.read_exact(&mut byte).unwrap();
        byte[0] ^= 1 << bit;
        file.seek(SeekFrom::Start(at)).unwrap();
        file.write_all(&byte).unwrap();
    };
    let mut chance = Chance::new(22);
    let mut tally = Tally::default();
    let mut found = 0;
    while ground.goes_on(tally.count) {
        let (at, bit) = (chance.number(length), chance.number(8));
        flip(at, bit);
        let is_found =
            !matches!(verify(&folder.place().database()), Ok(report) if report.is_sound());
        // What is not found must not be anything that somebody reads: free space, padding.
        if !is_found && values(&folder).as_ref() != Ok(&before) {
            println!("bit {bit} of byte {at} was not found");
            tally.lost += 1;
        }
        found += u64::from(is_found);
        flip(at, bit);
        tally.count += 1;
    }
    assert_sound(folder.path());
    tally.figures = format!("{found} found; the others changed nothing that is read");
    tally
}
