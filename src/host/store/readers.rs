//! A small pool of connections that cannot write.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::connection::open_read_only;
use super::failure::Failure;
use super::migrate::require_known;
use super::sql::Connection;
use super::{Shared, Snapshot};

/// Reads that run at once; the others wait their turn.
const READERS_MAX: usize = 4;

pub(super) struct Readers {
    turns: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
    database: PathBuf,
    shared: Arc<Shared>,
}

impl Readers {
    pub(super) fn new(database: PathBuf, shared: Arc<Shared>) -> Self {
        let turns = Arc::new(Semaphore::new(READERS_MAX));
        Self { turns, idle: Arc::default(), database, shared }
    }

    pub(super) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Snapshot<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let closed = |_| Failure::internal("the readers are closed");
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(closed)?;
        let (idle, database) = (Arc::clone(&self.idle), self.database.clone());
        let shared = Arc::clone(&self.shared);
        let work = move || {
            let _turn = turn;
            let connection = idle.lock().ok().and_then(|mut idle| idle.pop());
            let connection = match connection {
                Some(connection) => connection,
                None => open_read_only(&database)
                    .map_err(|error| Failure::internal(error.to_string()))?,
            };
            let now = shared.clock.now();
            let result = on_one_view(&connection, || {
                require_known(&connection, &shared)?;
                query(&shared.snapshot(&connection, now))
            });
            // A connection that is still inside a transaction would show an old view.
            if connection.sqlite().is_some_and(rusqlite::Connection::is_autocommit)
                && let Ok(mut idle) = idle.lock()
            {
                idle.push(connection);
            }
            result
        };
        let ended = spawn_blocking(work).await;
        ended
            .unwrap_or_else(|error| Err(Failure::internal(format!("a read panicked: {error}"))))
            .map_err(
                // A failed read loses nothing that was written.
                |failure| match failure {
                    Failure::Lost | Failure::Full => {
                        Failure::internal(format!("a read failed: {failure}"))
                    }
                    other => other,
                },
            )
    }
}

fn on_one_view<T>(
    connection: &Connection,
    query: impl FnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    connection.execute_batch("BEGIN")?;
    let result = query();
    connection.execute_batch("ROLLBACK")?;
    result
}
