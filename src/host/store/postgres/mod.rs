//! PostgreSQL: where the server is, how a session with it is opened, and how a transaction begins.

mod examine;
mod migrate;
mod pool;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use postgres::config::SslMode;
use postgres::{Client, Config, NoTls, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::failure::{Failure, StartError};
use super::sql::postgres::Session;
use super::sql::{self, Connection};
use crate::host::clock::wall_clock;
use crate::host::ids;
use crate::units::TimestampMs;

pub use migrate::APPLICATION_ROLE;
pub(super) use pool::Pool;

/// The oldest release whose row-level security and query planner this host was tried with.
const VERSION_MIN: i32 = 150_000;
/// How long one attempt to connect may take.
const CONNECT_WAIT_MAX: Duration = Duration::from_secs(3);

/// How many sessions a host holds where nothing else is said.
const SESSIONS: usize = 10;

/// A server, and how to reach it.
#[derive(Clone)]
pub struct Server {
    config: Config,
    tls: Option<MakeRustlsConnect>,
    sessions: usize,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address may carry a password.
        formatter.write_str("Server")
    }
}

/// What kind of transaction begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It may change things, and sees what others committed meanwhile.
    Write,
    /// It sees one view, and can change nothing.
    Read,
}

impl Server {
    /// Reads an address such as `postgres://user@host/name?sslmode=require`.
    ///
    /// # Errors
    /// Where it is not one, or the file of authorities cannot be read.
    pub fn parse(address: &str, authorities: Option<&Path>) -> Result<Self, StartError> {
        let mut config: Config = address
            .parse()
            .map_err(|error: postgres::Error| StartError::Address { detail: sql_told(&error) })?;
        config.connect_timeout(CONNECT_WAIT_MAX);
        config.keepalives_idle(Duration::from_secs(15));
        config.tcp_user_timeout(Duration::from_secs(15));
        if config.get_application_name().is_none() {
            config.application_name("countersign");
        }
        // Only what is asked for is relied on: TLS that may be left out protects from nobody.
        let tls = match config.get_ssl_mode() {
            SslMode::Require => Some(tls(authorities)?),
            _ => {
                config.ssl_mode(SslMode::Disable);
                None
            }
        };
        Ok(Self { config, tls, sessions: SESSIONS })
    }

    pub(super) const fn limit_sessions(&mut self, count: usize) {
        self.sessions = count;
    }

    /// Opens a session of its own and checks that this is a server and a database to work with.
    pub(super) fn client(&self) -> Result<(Client, Arc<AtomicBool>), StartError> {
        let warned = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&warned);
        let mut config = self.config.clone();
        config.notice_callback(move |notice| {
            if notice.severity() == "WARNING" {
                seen.store(true, Ordering::SeqCst);
            }
            tracing::debug!(notice = notice.message(), "the database says");
        });
        let client = match &self.tls {
            Some(tls) => config.connect(tls.clone()),
            None => config.connect(NoTls),
        };
        Ok((client.map_err(|error| unreachable(&error))?, warned))
    }

    /// Makes or brings up to date the schema.
    pub(super) fn migrate(&self) -> Result<(), StartError> {
        let (mut client, _) = self.client()?;
        let row = client
            .query_one("SELECT current_setting('server_version_num')::int", &[])
            .map_err(sql::Error::from)?;
        let version: i32 = row.get(0);
        if version < VERSION_MIN {
            return Err(StartError::OldPostgres { found: version / 10_000 });
        }
        migrate::migrate(&mut client)?;
        // Whoever makes the instance's name first has named it.
        let instance_id = ids::new_id("inst", wall_clock()).map_err(Failure::from)?;
        let insert = "INSERT INTO countersign.meta (name, value) \
            VALUES ('instance_id', $1), ('clock_ms', '0') ON CONFLICT DO NOTHING";
        let made = client.execute(insert, &[&instance_id.as_str()]);
        made.map(|_| ()).map_err(|error| sql::Error::from(error).into())
    }

    /// A connection with the rights of the user that the address names.
    pub(super) fn open_as_operator(&self) -> Result<Connection, StartError> {
        let (client, _) = self.client()?;
        let connection = Connection::of_session(Session::new(client));
        connection.execute_batch("SET search_path = countersign")?;
        Ok(connection)
    }

    /// A connection that cannot write, on one view.
    ///
    /// # Errors
    /// Where the server cannot be reached, or the schema is another.
    pub fn open_read_only(&self) -> Result<Connection, StartError> {
        let (mut client, _) = self.client()?;
        migrate::require_current(&mut client)?;
        let connection = Connection::of_session(Session::new(client));
        if let Some(session) = connection.session() {
            begin(session, Purpose::Read)?;
        }
        Ok(connection)
    }
}

/// What a transaction begins with.
#[derive(Clone, Copy, Debug)]
struct Begun {
    /// The server's time, never before one that it gave earlier as far as is known.
    now: TimestampMs,
    /// The version of the schema.
    version: usize,
}

/// Begins a transaction for the host's own work.
fn begin(session: &Session, purpose: Purpose) -> Result<Begun, sql::Error> {
    let level = match purpose {
        Purpose::Write => "READ COMMITTED",
        Purpose::Read => "REPEATABLE READ, READ ONLY",
    };
    let text = format!(
        "BEGIN ISOLATION LEVEL {level}; \
         SELECT set_config('role', '{APPLICATION_ROLE}', true), \
         set_config('search_path', 'countersign', true), \
         set_config('statement_timeout', '10s', true), \
         set_config('lock_timeout', '4s', true), \
         set_config('idle_in_transaction_session_timeout', '5s', true), \
         set_config('countersign.tenants', '*', true); \
         SELECT greatest(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint, \
         (SELECT value::bigint FROM meta WHERE name = 'clock_ms')), \
         (SELECT max(version) FROM migrations)"
    );
    let messages = session.with(|client| client.simple_query(&text))?;
    let last = messages.iter().rev().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let column = |index| last.and_then(|row| row.get(index));
    let now = column(0).and_then(|text| text.parse().ok()).and_then(TimestampMs::new);
    let version = column(1).and_then(|text| text.parse().ok()).unwrap_or(0);
    Ok(Begun { now: now.unwrap_or(TimestampMs::MIN), version })
}

fn tls(authorities: Option<&Path>) -> Result<MakeRustlsConnect, StartError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = authorities {
        let told = |detail: String| StartError::Address {
            detail: format!("`{}`: {detail}", path.display()),
        };
        roots = RootCertStore::empty();
        let found = CertificateDer::pem_file_iter(path).map_err(|error| told(error.to_string()))?;
        for certificate in found {
            let certificate = certificate.map_err(|error| told(error.to_string()))?;
            roots.add(certificate).map_err(|error| told(error.to_string()))?;
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| StartError::Address { detail: error.to_string() })?;
    Ok(MakeRustlsConnect::new(config.with_root_certificates(roots).with_no_client_auth()))
}

fn unreachable(error: &postgres::Error) -> StartError {
    let detail = sql_told(error);
    match error.code().map(postgres::error::SqlState::code) {
        Some(code) if code.starts_with("28") || code == "3D000" => StartError::Refused { detail },
        Some("53300") => StartError::Store(Failure::Unreachable(detail)),
        _ => StartError::Store(Failure::Unreachable(detail)),
    }
}

fn sql_told(error: &postgres::Error) -> String {
    sql::postgres::told(error)
}
