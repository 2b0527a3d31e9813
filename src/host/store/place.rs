//! Where the data lies: its files, and whether a database may live there.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::connection::open_read_only;
use super::failure::StartError;
use super::migrate::require_current;
#[cfg(feature = "postgres")]
use super::postgres::Server;
use super::sql::Connection;

/// SQLite before 3.51.3 can lose committed writes where several processes share a WAL.
const SQLITE_VERSION_MIN: i32 = 3_051_003;
/// Kinds of file systems whose locks are not those of this machine.
const NETWORK_KINDS: &[&str] = &[
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "ncpfs",
    "afs",
    "ceph",
    "lustre",
    "gpfs",
    "beegfs",
    "glusterfs",
    "fuse.glusterfs",
    "fuse.sshfs",
    "ocfs2",
    "gfs2",
];

/// The data directory, and the database where that is not in it.
#[derive(Clone, Debug)]
pub struct Place {
    directory: PathBuf,
    #[cfg(feature = "postgres")]
    server: Option<Server>,
}

/// Where the records are.
#[derive(Clone, Debug)]
pub enum Database {
    /// In a file.
    File(PathBuf),
    /// With a server.
    #[cfg(feature = "postgres")]
    Server(Box<Server>),
}

impl Database {
    /// A connection for the operator's own tools, with the rights of whoever opens it.
    ///
    /// # Errors
    /// Where the database cannot be opened.
    pub fn open_as_operator(&self) -> Result<Connection, StartError> {
        match self {
            Self::File(path) => {
                let connection = rusqlite::Connection::open(path)?;
                connection.busy_timeout(std::time::Duration::from_secs(10))?;
                Ok(connection.into())
            }
            #[cfg(feature = "postgres")]
            Self::Server(server) => server.open_as_operator(),
        }
    }

    /// A connection that cannot write, on one view.
    ///
    /// # Errors
    /// Where the database cannot be read, or has another schema.
    pub fn open_read_only(&self) -> Result<Connection, StartError> {
        match self {
            Self::File(path) => {
                let connection = open_read_only(path)?;
                require_current(&connection)?;
                connection.execute_batch("BEGIN")?;
                Ok(connection)
            }
            #[cfg(feature = "postgres")]
            Self::Server(server) => server.open_read_only(),
        }
    }
}

impl Place {
    /// Makes the directory where it does not exist, and checks that a database may live there.
    ///
    /// # Errors
    /// Where the library is too old, the file system is not local, or the directory cannot be made.
    pub fn prepare(directory: &Path) -> Result<Self, StartError> {
        if rusqlite::version_number() < SQLITE_VERSION_MIN {
            return Err(StartError::OldSqlite { found: rusqlite::version().to_owned() });
        }
        // Cases are nobody else's to read.
        let mut builder = DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(directory);
        made.map_err(|error| file_error(directory, error))?;
        Self::existing(directory)
    }

    /// A directory that is there already.
    ///
    /// # Errors
    /// Where it is not there, or its file system is not local.
    pub fn existing(directory: &Path) -> Result<Self, StartError> {
        let directory = directory.canonicalize().map_err(|error| file_error(directory, error))?;
        if let Some(kind) = network_kind(&directory) {
            let directory = directory.display().to_string();
            return Err(StartError::NetworkFileSystem { directory, kind });
        }
        Ok(Self {
            directory,
            #[cfg(feature = "postgres")]
            server: None,
        })
    }

    /// The same place, with the records kept by the server of this address.
    ///
    /// # Errors
    /// Where the address is not one, or this program was built without servers.
    #[cfg_attr(
        not(feature = "postgres"),
        expect(unused_mut, unused_variables, reason = "no server")
    )]
    pub fn with_server(
        mut self,
        address: &str,
        authorities: Option<&Path>,
    ) -> Result<Self, StartError> {
        #[cfg(feature = "postgres")]
        {
            self.server = Some(Server::parse(address, authorities)?);
            Ok(self)
        }
        #[cfg(not(feature = "postgres"))]
        Err(StartError::Address {
            detail:
                "this program was built without PostgreSQL: build it with `--features postgres`"
                    .to_owned(),
        })
    }

    /// The same place, with so many sessions where a server keeps the records.
    #[must_use]
    #[cfg_attr(
        not(feature = "postgres"),
        expect(unused_mut, unused_variables, reason = "no server")
    )]
    pub fn with_sessions(mut self, count: usize) -> Self {
        #[cfg(feature = "postgres")]
        if let Some(server) = &mut self.server {
            server.limit_sessions(count);
        }
        self
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> Database {
        #[cfg(feature = "postgres")]
        if let Some(server) = &self.server {
            return Database::Server(Box::new(server.clone()));
        }
        Database::File(self.directory.join("countersign.db"))
    }

    /// A file beside the database.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The key that the secrets of webhooks are made with; not in the database.
    #[must_use]
    pub fn webhook_key(&self) -> PathBuf {
        self.file("webhook.key")
    }

    /// The key that signs manifests of policies; not in the database.
    #[must_use]
    pub fn release_key(&self) -> PathBuf {
        self.file("policy.key")
    }

    /// The key that random audits are picked by; not in the database, and on no edge.
    #[must_use]
    pub fn sampling_key(&self) -> PathBuf {
        self.file("audit.key")
    }

    /// What was taken back, outside the database.
    #[must_use]
    pub fn fence(&self) -> PathBuf {
        self.file("countersign.fence")
    }

    /// The file whose lock orders the writers of several processes.
    pub(super) fn open_lock(&self) -> Result<File, StartError> {
        self.open_locked("countersign.lock")
    }

    /// The file whose lock is shared by all processes that use the database.
    pub(super) fn open_use(&self) -> Result<File, StartError> {
        self.open_locked("countersign.use")
    }

    fn open_locked(&self, name: &str) -> Result<File, StartError> {
        let path = self.file(name);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        options.open(&path).map_err(|error| file_error(&path, error))
    }
}

/// Takes the lock, waiting no longer than `wait_max`: a process that was stopped inside it must not
/// block all others for ever. `None` if it was not to be had.
pub(super) fn lock(file: &File, wait_max: Duration) -> Option<Held<'_>> {
    let started = Instant::now();
    let mut pause = Duration::from_micros(50);
    loop {
        match file.try_lock() {
            Ok(()) => return Some(Held(file)),
            Err(fs::TryLockError::WouldBlock) => {}
            Err(fs::TryLockError::Error(error)) if error.kind() == ErrorKind::Interrupted => {}
            Err(fs::TryLockError::Error(_)) => return None,
        }
        if started.elapsed() >= wait_max {
            return None;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(2));
    }
}

/// The lock, for as long as this lives.
pub(super) struct Held<'a>(&'a File);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // Where this fails, the lock goes with the process.
        let _ = self.0.unlock();
    }
}

/// The kind of network file system that holds the path, if one does and the system says so.
fn network_kind(directory: &Path) -> Option<String> {
    let mounts = fs::read_to_string("/proc/mounts").ok()?;
    let mount = |line: &str| {
        let mut words = line.split(' ').skip(1);
        let place = PathBuf::from(words.next()?.replace("\\040", " "));
        Some((place, words.next()?.to_owned()))
    };
    let (_, kind) = mounts
        .lines()
        .filter_map(mount)
        .filter(|(place, _)| directory.starts_with(place))
        .max_by_key(|(place, _)| place.components().count())?;
    NETWORK_KINDS.contains(&kind.as_str()).then_some(kind)
}

fn file_error(path: &Path, error: std::io::Error) -> StartError {
    StartError::File { path: path.display().to_string(), error }
}
