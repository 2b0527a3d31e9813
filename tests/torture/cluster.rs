//! A PostgreSQL server of a row's own, which it may stop, starve and replace.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::support::on_server;

/// What `.ci/with-postgres` found: the folder of the server's programs.
const PROGRAMS: &str = "COUNTERSIGN_TEST_SERVER_BIN";

pub(crate) struct Cluster {
    /// The socket is in it, and so are the data.
    folder: PathBuf,
    programs: PathBuf,
}

impl Cluster {
    /// A new server with these settings besides; `None` where its programs are not named.
    pub(crate) fn start(settings: &[&str]) -> Option<Self> {
        let cluster = Self::prepare()?;
        cluster.run("initdb", &["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]);
        cluster.configure(settings);
        cluster.control(&["start"]);
        Some(cluster)
    }

    fn prepare() -> Option<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let programs = PathBuf::from(std::env::var_os(PROGRAMS)?);
        let name = format!(
            "countersign-pg-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        // Not below the target folder: the path of a socket must be short, and the server's own user
        // must get there.
        let folder = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        if is_root() {
            assert!(Command::new("chown").arg("postgres").arg(&folder).status().unwrap().success());
        }
        Some(Self { folder, programs })
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn configure(&self, settings: &[&str]) {
        let path = self.data().join("postgresql.conf");
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str(&format!(
            "\nlisten_addresses = ''\nunix_socket_directories = '{}'\nmax_connections = 100\n\
             shared_buffers = 32MB\nfsync = off\n{}\n",
            self.folder.display(),
            settings.join("\n")
        ));
        std::fs::write(path, text).unwrap();
    }

    /// A server refuses to run as root.
    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir("/").stdout(Stdio::null());
        command
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = self.command(program);
        let output = command.arg("-D").arg(self.data()).args(arguments).output().unwrap();
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn control(&self, arguments: &[&str]) {
        let log = self.folder.join("log");
        let mut command = self.command("pg_ctl");
        command.arg("-D").arg(self.data()).arg("-l").arg(&log).args(["-w", "-t", "60"]);
        // Not `output()`: the server would keep a pipe open.
        let status = command.args(arguments).stderr(Stdio::null()).status().unwrap();
        let log = std::fs::read_to_string(log).unwrap_or_default();
        assert!(status.success(), "pg_ctl {arguments:?}: {log}");
    }

    /// Stopped at once, as by a crash, and started again.
    pub(crate) fn restart_at_once(&self) {
        self.control(&["-m", "immediate", "restart"]);
    }

    /// Stopped at once, as by a crash, and for good.
    pub(crate) fn stop_at_once(&self) {
        self.control(&["-m", "immediate", "stop"]);
    }

    /// A copy that follows this one under a name of its own.
    pub(crate) fn standby(&self, name: &str) -> Self {
        let standby = Self::prepare().unwrap();
        let source =
            format!("host={} user=postgres application_name={name}", self.folder.display());
        standby.run("pg_basebackup", &["-d", &source, "-R", "-c", "fast", "-X", "stream"]);
        standby.configure(&["hot_standby = on"]);
        standby.control(&["start"]);
        standby
    }

    /// A follower becomes the one that is followed.
    pub(crate) fn promote(&self) {
        self.control(&["promote"]);
    }

    pub(crate) fn address(&self) -> String {
        address(&[&self.folder])
    }

    /// The address of whichever of the two can be written to.
    pub(crate) fn address_with(&self, other: &Self) -> String {
        format!("{}&target_session_attrs=read-write", address(&[&self.folder, &other.folder]))
    }

    pub(crate) fn execute(&self, statement: &str) {
        on_server(&self.address(), statement);
    }
}

fn address(folders: &[&Path]) -> String {
    let hosts: Vec<String> =
        folders.iter().map(|folder| format!("host={}", folder.display())).collect();
    format!("postgres://postgres@/postgres?{}", hosts.join("&"))
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut command = self.command("pg_ctl");
        command.arg("-D").arg(self.data()).args(["-m", "immediate", "-w", "stop"]);
        let _ = command.stderr(Stdio::null()).status();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
