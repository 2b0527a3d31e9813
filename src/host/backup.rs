//! Copies of a database that is a file: made while hosts run on it, checked before they count, and
//! restored as another instance that holds what was unfinished.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::host::config::host_name;
use crate::host::ids;
use crate::host::store::instance::{self, Unfinished};
use crate::host::store::place::{Database, Place};
use crate::host::store::{Failure, StartError, Store, copy, fence};
use crate::host::verify::verify;

/// Why there is no copy, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The records are with a server.
    #[error("a server's database is copied with the server's own tools, such as pg_basebackup")]
    Server,
    /// Something stands where the copy, or the restored data, would be.
    #[error("`{0}` is there already, and nothing is written over: name another place")]
    Exists(String),
    /// The copy contradicts itself.
    #[error("`{path}` is not sound: {what}")]
    Unsound {
        /// What was checked.
        path: String,
        /// The first fault.
        what: String,
    },
    /// Nothing says what was taken back since the copy was made.
    #[error(
        "there is no fence, the file that says what was revoked since the copy was made: give the \
         lost host's `countersign.fence` with --fence, or say --without-fence where it is lost too, \
         and revoke again what was revoked since"
    )]
    NoFence,
    /// The store did not do it.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A file could not be used.
    #[error("`{path}`: {error}")]
    File {
        /// The path.
        path: String,
        /// Why not.
        error: std::io::Error,
    },
}

impl From<Failure> for BackupError {
    fn from(failure: Failure) -> Self {
        Self::Start(StartError::Store(failure))
    }
}

/// A copy that was made and checked.
#[derive(Clone, Copy, Debug)]
pub struct Copied {
    /// Bytes of the file.
    pub bytes: u64,
    /// Entries of the audit log in it, each of which was checked.
    pub entries: u64,
}

/// Copies the database, as it stands at one instant, to a file that is not there yet; hosts may go on
/// writing. The copy has its name only once it was checked and is on the disk.
///
/// # Errors
/// As [`BackupError`] says; then there is no file of that name.
pub fn backup(place: &Place, to: &Path) -> Result<Copied, BackupError> {
    let from = file_of(place)?;
    if to.exists() {
        return Err(BackupError::Exists(to.display().to_string()));
    }
    let unique = ids::base32(&ids::random::<8>().map_err(Failure::from)?);
    let partial = PathBuf::from(format!("{}.{unique}.partial", to.display()));
    let made = checked_copy(&from, &partial).and_then(|copied| {
        appear(&partial, to)?;
        Ok(copied)
    });
    let _ = fs::remove_file(&partial);
    made
}

fn checked_copy(from: &Path, partial: &Path) -> Result<Copied, BackupError> {
    // What is in it is nobody else's to read, from its first byte on.
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(partial);
    let file = file.map_err(|error| told(partial, error))?;
    copy::whole(from, partial)?;
    let entries = check(partial)?;
    file.sync_all().map_err(|error| told(partial, error))?;
    let bytes = file.metadata().map_err(|error| told(partial, error))?.len();
    Ok(Copied { bytes, entries })
}

/// Checks a file on its own: its pages, its references, and the whole audit log.
fn check(path: &Path) -> Result<u64, BackupError> {
    let unsound = |what: String| BackupError::Unsound { path: path.display().to_string(), what };
    if let Some(what) = copy::damage(path)? {
        return Err(unsound(what));
    }
    let report = verify(&Database::File(path.to_owned()))?;
    match report.faults.first() {
        None => Ok(report.entries),
        Some(fault) => {
            let (kind, id, what) = (&fault.entity_kind, &fault.entity_id, &fault.what);
            Err(unsound(format!("{kind} {id}: {what} ({} faults in all)", report.fault_count)))
        }
    }
}

/// What is restored, and from what.
#[derive(Clone, Debug)]
pub struct Restore {
    /// The copy.
    pub copy: PathBuf,
    /// The fence of the host whose data was lost.
    pub fence: Option<PathBuf>,
    /// Whether that fence is lost too.
    pub without_fence: bool,
}

/// What was restored.
#[derive(Clone, Copy, Debug)]
pub struct Restored {
    /// What waits until an operator lets it go.
    pub unfinished: Unfinished,
    /// Things that the fence took back again.
    pub fenced: usize,
}

/// Makes the database of a place out of a copy. It appears under its name at the very end, as another
/// instance that holds what was unfinished; a process that is killed before leaves none.
///
/// # Errors
/// As [`BackupError`] says; then the place has no database.
pub async fn restore(place: &Place, restore: &Restore) -> Result<Restored, BackupError> {
    let to = file_of(place)?;
    let beside = |suffix: &str| PathBuf::from(format!("{}{suffix}", to.display()));
    for path in [to.clone(), beside("-wal"), beside("-shm")] {
        if path.exists() {
            return Err(BackupError::Exists(path.display().to_string()));
        }
    }
    let fences: Vec<PathBuf> = [Some(place.fence()), restore.fence.clone()]
        .into_iter()
        .flatten()
        .filter(|path| path.exists() || restore.fence.as_ref() == Some(path))
        .collect();
    if fences.is_empty() && !restore.without_fence {
        return Err(BackupError::NoFence);
    }
    let workshop = place.file("restoring");
    let made = restore_within(&workshop, restore, &fences).await;
    let made = match made {
        Ok(restored) => put_in_place(&workshop, place, &to).map(|()| restored),
        Err(error) => Err(error),
    };
    let _ = fs::remove_dir_all(&workshop);
    made
}

async fn restore_within(
    workshop: &Path,
    restore: &Restore,
    fences: &[PathBuf],
) -> Result<Restored, BackupError> {
    // A process that was killed in the middle may have left one.
    if workshop.exists() {
        fs::remove_dir_all(workshop).map_err(|error| told(workshop, error))?;
    }
    let made = fs::DirBuilder::new().mode(0o700).create(workshop);
    made.map_err(|error| told(workshop, error))?;
    let place = Place::existing(workshop)?;
    let database = file_of(&place)?;
    fs::copy(&restore.copy, &database).map_err(|error| told(&restore.copy, error))?;
    closed(&database)?;
    gather(fences, &place.fence())?;
    if let Some(what) = copy::damage(&database)? {
        return Err(BackupError::Unsound { path: restore.copy.display().to_string(), what });
    }
    // Opening it brings an older schema up to date.
    let store = Store::open(&place, &host_name())?;
    let fenced = fence::enforce(&store).await;
    let unfinished = match &fenced {
        Ok(_) => store.write(instance::begin_anew).await,
        Err(_) => Ok(Unfinished::default()),
    };
    store.close();
    let restored = Restored { fenced: fenced?, unfinished: unfinished? };
    copy::settle(&database)?;
    check(&database)?;
    Ok(restored)
}

/// The lines of every fence in one file.
fn gather(fences: &[PathBuf], to: &Path) -> Result<(), BackupError> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(to);
    let mut file = file.map_err(|error| told(to, error))?;
    for path in fences {
        let text = fs::read_to_string(path).map_err(|error| told(path, error))?;
        let whole = text.rfind('\n').map_or("", |end| text.get(..=end).unwrap_or(""));
        file.write_all(whole.as_bytes()).map_err(|error| told(to, error))?;
    }
    file.sync_all().map_err(|error| told(to, error))
}

fn put_in_place(workshop: &Path, place: &Place, to: &Path) -> Result<(), BackupError> {
    let made = Place::existing(workshop)?;
    let (database, fence) = (file_of(&made)?, made.fence());
    let synced = File::open(&database).and_then(|file| file.sync_all());
    synced.map_err(|error| told(&database, error))?;
    // The fence first: a database must not be there before what it would give back is taken.
    fs::rename(&fence, place.fence()).map_err(|error| told(&fence, error))?;
    appear(&database, to)
}

/// Gives a file its name, which nothing may have yet, and makes that durable.
fn appear(from: &Path, to: &Path) -> Result<(), BackupError> {
    fs::hard_link(from, to).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => BackupError::Exists(to.display().to_string()),
        _ => told(to, error),
    })?;
    let folder = match to.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| told(folder, error))
}

fn file_of(place: &Place) -> Result<PathBuf, BackupError> {
    match place.database() {
        Database::File(path) => Ok(path),
        #[cfg(feature = "postgres")]
        Database::Server(_) => Err(BackupError::Server),
    }
}

fn closed(path: &Path) -> Result<(), BackupError> {
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(|error| told(path, error))
}

fn told(path: &Path, error: std::io::Error) -> BackupError {
    BackupError::File { path: path.display().to_string(), error }
}
