//! The fence: what was taken back, in a file outside the database, so that a copy of an earlier day
//! does not give it back.
//!
//! A line is on the disk before the write that it tells of is committed. Where that write then fails,
//! too much is fenced off and never too little. The lines are applied again whenever a host starts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::{Failure, Snapshot, Store, Tx, identity, policies};
use crate::host::people::{self, HostActor, host_actor};
use crate::identity::PrincipalStatus;
use crate::json::{INTEGER_MAX, Json};
use crate::read::{self, Node, Read};
use crate::units::Id;

/// One thing that must not be forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::host) enum Fenced {
    /// A credential is not good any more.
    Revoked(Id),
    /// Whether a principal may act, from then on.
    Status(Id, PrincipalStatus),
    /// A policy came into force with this sequence: edges refuse every lower one.
    Sequence(i64),
}

/// What a fence says in the end.
#[derive(Debug, Default)]
struct Facts {
    revoked: BTreeSet<Id>,
    statuses: BTreeMap<Id, PrincipalStatus>,
    sequence: i64,
}

impl Fenced {
    fn line(&self) -> String {
        let text = |id: &str| Json::String(id.to_owned());
        #[expect(clippy::cast_precision_loss, reason = "a sequence is below 2^53")]
        let fields = match self {
            Self::Revoked(id) => vec![("credential_revoked", text(id.as_str()))],
            Self::Status(id, status) => {
                vec![("principal", text(id.as_str())), ("status", text(status.as_str()))]
            }
            Self::Sequence(sequence) => vec![("policy_sequence", Json::Number(*sequence as f64))],
        };
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value));
        format!("{}\n", Json::Object(fields.collect()).canonical())
    }

    fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let revoked = fields.optional("credential_revoked", read::id)?;
        let sequence = fields.optional("policy_sequence", |node| node.integer(1, INTEGER_MAX))?;
        let fenced = match (revoked, sequence) {
            (Some(id), _) => Self::Revoked(id),
            (None, Some(sequence)) => Self::Sequence(sequence),
            (None, None) => Self::Status(
                fields.required("principal", read::id)?,
                fields.required("status", PrincipalStatus::read)?,
            ),
        };
        fields.finish()?;
        Ok(fenced)
    }
}

impl Tx<'_> {
    /// Keeps a fact outside the database, on the disk when this returns.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub(in crate::host) fn fence(&self, fenced: &Fenced) -> Result<(), Failure> {
        append(self.fence, fenced).map_err(|error| told(self.fence, &error))
    }
}

fn append(path: &Path, fenced: &Fenced) -> std::io::Result<()> {
    let is_new = !path.exists();
    let mut options = OpenOptions::new();
    let mut file = options.read(true).write(true).create(true).mode(0o600).open(path)?;
    // Hosts on one server may share a data directory.
    file.lock()?;
    let whole = whole_lines(&mut file)?.len();
    file.set_len(u64::try_from(whole).unwrap_or(u64::MAX))?;
    file.seek(SeekFrom::End(0))?;
    file.write_all(fenced.line().as_bytes())?;
    file.sync_all()?;
    if is_new {
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

/// What a process that ended in the middle of a line left behind it counts for nothing.
fn whole_lines(file: &mut File) -> std::io::Result<String> {
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    text.truncate(text.rfind('\n').map_or(0, |end| end + 1));
    Ok(text)
}

/// Reads a fence; there may be none yet.
fn facts(path: &Path) -> Result<Facts, Failure> {
    let mut facts = Facts::default();
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(facts),
        Err(error) => return Err(told(path, &error)),
    };
    let text = whole_lines(&mut file).map_err(|error| told(path, &error))?;
    for (index, line) in text.lines().enumerate() {
        let value = super::audit::stored_json(line).ok();
        match value.as_ref().and_then(|value| Fenced::read(Node::root(value)).ok()) {
            Some(Fenced::Revoked(id)) => _ = facts.revoked.insert(id),
            Some(Fenced::Status(id, status)) => _ = facts.statuses.insert(id, status),
            Some(Fenced::Sequence(sequence)) => facts.sequence = facts.sequence.max(sequence),
            // Left out, it would give back what was taken.
            None => {
                let told = format!("{}: line {} cannot be read", path.display(), index + 1);
                return Err(Failure::internal(told));
            }
        }
    }
    Ok(facts)
}

/// Applies everything that the fence says and the database does not, and gives how much that was.
///
/// # Errors
/// Where the fence cannot be read, or the store fails.
pub(in crate::host) async fn enforce(store: &Store) -> Result<usize, Failure> {
    let path = store.shared.fence.clone();
    let facts = facts(&path)?;
    let write = store.write(move |tx| {
        let by = host_actor(tx, HostActor::CommandLine)?.reference();
        let mut applied = 0;
        for credential_id in &facts.revoked {
            let Some(credential) = identity::credential(tx, credential_id)? else { continue };
            if credential.revoked_at.is_none() {
                people::revoke_credential(tx, &credential, by.clone())?;
                applied += 1;
            }
        }
        for (principal_id, status) in &facts.statuses {
            let Some(principal) = identity::principal(tx, principal_id)? else { continue };
            // That somebody may act again is no news that a fence brings.
            let is_suspended = *status == PrincipalStatus::Suspended;
            if is_suspended && principal.status == PrincipalStatus::Active {
                people::set_status(tx, principal_id, *status, by.clone())?;
                applied += 1;
            }
        }
        if highest_sequence(tx)?.is_some_and(|highest| highest < facts.sequence) {
            policies::raise_sequence(tx, facts.sequence + 1, &by)?;
            applied += 1;
        }
        Ok(applied)
    });
    write.await
}

/// The highest sequence in force; `None` before the first policy.
fn highest_sequence(snapshot: &Snapshot<'_>) -> Result<Option<i64>, Failure> {
    Ok(policies::places(snapshot)?.iter().map(|place| place.sequence).max())
}

fn told(path: &Path, error: &std::io::Error) -> Failure {
    if error.kind() == ErrorKind::StorageFull {
        return Failure::Full;
    }
    Failure::internal(format!("{}: {error}", path.display()))
}
