//! Keys of the host, each in a file of its own beside the database, for the host's account alone.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::host::ids;
use crate::host::store::Failure;

const KEY_LENGTH: usize = 32;

/// Reads a key, which is made when it is first asked for. Only the host's own account may read the
/// file.
///
/// # Errors
/// Where the file cannot be read or made, or is not a key.
pub fn open(path: &Path) -> Result<[u8; KEY_LENGTH], Failure> {
    if let Some(key) = read(path)? {
        return Ok(key);
    }
    let told = |error: std::io::Error| Failure::internal(format!("{}: {error}", path.display()));
    let key: [u8; KEY_LENGTH] = ids::random()?;
    let name = format!("{}.{}", path.display(), ids::base32(&ids::random::<8>()?));
    let fresh = PathBuf::from(name);
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh).map_err(told)?;
    file.write_all(&key).and_then(|()| file.sync_all()).map_err(told)?;
    // A whole key appears at once, and of two processes that start together one wins.
    let linked = fs::hard_link(&fresh, path);
    fs::remove_file(&fresh).map_err(told)?;
    match linked {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(told(error)),
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(told)?;
    read(path)?.ok_or_else(|| Failure::internal(format!("{} is gone", path.display())))
}

fn read(path: &Path) -> Result<Option<[u8; KEY_LENGTH]>, Failure> {
    match fs::read(path) {
        Ok(bytes) => bytes.try_into().map(Some).map_err(|_| {
            Failure::internal(format!("{} has not {KEY_LENGTH} bytes", path.display()))
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::internal(format!("{}: {error}", path.display()))),
    }
}
