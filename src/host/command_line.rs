//! The command line: the door of whoever has an account on the host's machine.

use std::fs::OpenOptions;
use std::io::{BufWriter, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::case::ReviewVerdict;
use crate::host::absence_command::{self, AwayOptions, BackOptions};
use crate::host::backup_command::{self, BackupOptions, RestoreOptions};
use crate::host::confidence::{self, command::ConfidenceCommand};
use crate::host::config::{Config, ServerOptions, host_name};
use crate::host::doctor::{Finding, examine};
use crate::host::eval::{self, EvalCommand};
use crate::host::executor_command::{self, ExecutorCommand};
use crate::host::export::{Format, export_corrections};
use crate::host::ids;
use crate::host::impact::{self, ImpactCommand};
use crate::host::people::{self, EVERY, HostActor, NewGrant, host_actor};
use crate::host::policy_command::{self, PolicyCommand};
use crate::host::serve::serve;
use crate::host::store::corrections::CorrectionQuery;
use crate::host::store::identity::{self, CredentialKind, Scope};
use crate::host::store::place::Place;
use crate::host::store::{Failure, Store, Tx, apart};
use crate::host::verify::{Report, verify};
use crate::host::webhook_command::{self, WebhookCommand, loopback};
use crate::identity::{ActorReference, GrantRole, Principal, PrincipalKind, PrincipalStatus};
use crate::units::{Id, TimestampMs};

const HOUR_MS: i64 = 60 * 60 * 1_000;

/// Human-in-the-loop for LLM systems: one inbox for what people have to decide.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, about)]
pub struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the host.
    Serve(ServeOptions),
    /// Checks and compiles policies.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// The impact of actions whose tools no policy names.
    #[command(subcommand)]
    Impact(ImpactCommand),
    /// The audit log.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Looks at what a host stands on, and says how to mend what is not as it must be.
    Doctor(Data),
    /// Copies the data to a file, while hosts run on it, and checks the copy.
    Backup(BackupOptions),
    /// Makes the database of a data directory out of a copy; what was unfinished is held.
    Restore(RestoreOptions),
    /// Lets a restored host act again.
    Resume(Data),
    /// Learns and certifies confidence from reviewed rows.
    #[command(subcommand)]
    Confidence(ConfidenceCommand),
    /// Measures the product on rows with known outcomes.
    #[command(subcommand)]
    Eval(EvalCommand),
    /// What decided cases teach.
    #[command(subcommand)]
    Corrections(CorrectionsCommand),
    /// People, applications and edges.
    #[command(subcommand)]
    Principal(PrincipalCommand),
    /// What principals may do.
    #[command(subcommand)]
    Grant(GrantCommand),
    /// Bearer tokens of applications and edges.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Endpoints that are told what happens.
    #[command(subcommand)]
    Webhook(WebhookCommand),
    /// Who does what was approved.
    #[command(subcommand)]
    Executor(ExecutorCommand),
    /// Makes a link with which a person signs in once, within 24 hours.
    SignInLink {
        /// Whose link.
        principal_id: String,
        #[command(flatten)]
        data: Data,
        /// Where the host is.
        #[arg(long, default_value = "http://127.0.0.1:8787")]
        url: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct Data {
    /// The data directory.
    #[arg(long = "data", env = "COUNTERSIGN_DATA", default_value = "data")]
    pub(super) directory: PathBuf,
    #[command(flatten)]
    pub(super) server: ServerOptions,
}

impl Data {
    /// The place, made where it does not exist.
    pub(super) fn prepare(&self) -> Result<Place, CommandError> {
        let place = Place::prepare(&self.directory).and_then(|place| self.server.at(place));
        place.map_err(CommandError::new)
    }

    /// A place that is there already.
    pub(super) fn existing(&self) -> Result<Place, CommandError> {
        let place = Place::existing(&self.directory).and_then(|place| self.server.at(place));
        place.map_err(CommandError::new)
    }
}

#[derive(Debug, Args)]
struct ServeOptions {
    #[command(flatten)]
    data: Data,
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:8787")]
    listen: SocketAddr,
    /// The built review UI.
    #[arg(long)]
    ui: Option<PathBuf>,
    /// A policy to put into force.
    #[arg(long)]
    policy: Option<PathBuf>,
    /// Makes sample reviewers and credentials.
    #[arg(long)]
    samples: bool,
    /// The file that names executors: who does what was approved.
    #[arg(long)]
    executors: Option<PathBuf>,
    /// An address on this machine that webhooks may go to, such as 127.0.0.1:9000, even without
    /// TLS; all others must be public.
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = loopback)]
    webhook_allow: Vec<SocketAddr>,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Rebuilds everything from the entries, and says where the database differs.
    Verify {
        #[command(flatten)]
        data: Data,
        /// Prints the report as JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
enum CorrectionsCommand {
    /// Writes resolved cases with draft, answer and marks; none of them has a label.
    Export {
        #[command(flatten)]
        data: Data,
        /// jsonl or json.
        #[arg(long, default_value = "jsonl", value_parser = word(Format::WORDS))]
        format: Format,
        /// Where to write; standard output without it.
        #[arg(short, long)]
        output: Option<PathBuf>,
        /// Only decided at this instant in RFC 3339 or later.
        #[arg(long, value_parser = instant)]
        from: Option<TimestampMs>,
        /// Only decided before this instant.
        #[arg(long, value_parser = instant)]
        until: Option<TimestampMs>,
        /// accepted, edited, rejected or replaced.
        #[arg(long, value_parser = word(ReviewVerdict::WORDS))]
        verdict: Option<ReviewVerdict>,
        /// Only of this tenant.
        #[arg(long)]
        tenant: Option<String>,
        /// Only of this queue.
        #[arg(long)]
        queue: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
enum PrincipalCommand {
    /// Makes a principal, and prints its id.
    Create {
        #[command(flatten)]
        data: Data,
        /// Its name for people.
        #[arg(long)]
        name: String,
        /// Its tenant.
        #[arg(long)]
        tenant: String,
        /// person, agent, service or edge.
        #[arg(long, default_value = "person", value_parser = word(PrincipalKind::WORDS))]
        kind: PrincipalKind,
        /// Its id; made without it.
        #[arg(long)]
        id: Option<String>,
        /// The human being that it is; a person without it is one of their own.
        #[arg(long)]
        person: Option<String>,
        /// The human being who answers for it.
        #[arg(long)]
        owner: Option<String>,
        /// A language that it reads; every language without it.
        #[arg(long = "language")]
        languages: Vec<String>,
        /// What it can do.
        #[arg(long = "skill")]
        skills: Vec<String>,
    },
    /// Keeps a principal from acting.
    Suspend {
        /// Which.
        principal_id: String,
        #[command(flatten)]
        data: Data,
    },
    /// Says that somebody is away.
    Away(AwayOptions),
    /// Says that somebody is back, or does not go.
    Back(BackOptions),
    /// Lets a principal act again.
    Activate {
        /// Which.
        principal_id: String,
        #[command(flatten)]
        data: Data,
    },
}

#[derive(Debug, Subcommand)]
enum GrantCommand {
    /// Gives a grant, and prints its id.
    Add {
        /// Who gets it.
        principal_id: String,
        #[command(flatten)]
        data: Data,
        /// caller, reviewer, lead, auditor, policy_owner or admin.
        #[arg(long, value_parser = word(GrantRole::WORDS))]
        role: GrantRole,
        /// A tenant that it covers; the holder's own without it, `*` for every one.
        #[arg(long = "tenant")]
        tenants: Vec<String>,
        /// A queue that it covers; every one without it.
        #[arg(long = "queue")]
        queues: Vec<String>,
        /// The subject that it covers.
        #[arg(long, default_value = "any")]
        domain: String,
        /// The level within the subject, 0 to 9.
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..=9))]
        level: i64,
        /// After how many hours it ends; never without it.
        #[arg(long, value_parser = clap::value_parser!(i64).range(1..=87_600))]
        hours: Option<i64>,
    },
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Makes a token, and prints its id and, once, the token.
    Create {
        /// Whose token.
        principal_id: String,
        #[command(flatten)]
        data: Data,
        /// read or write.
        #[arg(long, default_value = "write", value_parser = word(Scope::WORDS))]
        scope: Scope,
        /// After how many hours it ends; never without it.
        #[arg(long, value_parser = clap::value_parser!(i64).range(0..=87_600))]
        hours: Option<i64>,
    },
    /// Revokes a token, a session or a link.
    Revoke {
        /// Which, by its id.
        credential_id: String,
        #[command(flatten)]
        data: Data,
    },
}

/// Why a command did not do what it should.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CommandError(String);

impl CommandError {
    pub(super) fn new(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// Runs the command that the arguments name; what it has to say goes to `out`.
///
/// # Errors
/// With the text for the user.
pub async fn run(
    command_line: CommandLine,
    out: &mut (impl Write + Send),
) -> Result<(), CommandError> {
    match command_line.command {
        Command::Serve(ServeOptions {
            data,
            listen,
            ui,
            policy,
            samples,
            executors,
            webhook_allow,
        }) => {
            let Data { directory: data, server } = data;
            let config =
                Config { data, server, listen, ui, policy, samples, executors, webhook_allow };
            serve(&config, out).await.map_err(CommandError::new)
        }
        Command::Policy(command) => policy_command::run(command, out).await,
        Command::Impact(command) => impact::run(command, out),
        Command::Doctor(data) => doctor(&data, out),
        Command::Backup(options) => backup_command::make(&options, out),
        Command::Restore(options) => backup_command::bring_back(options, out).await,
        Command::Resume(data) => backup_command::resume(&data, out).await,
        Command::Audit(AuditCommand::Verify { data, json }) => verify_audit(&data, json, out),
        Command::Confidence(command) => confidence::command::run(command, out),
        Command::Eval(command) => eval::run(command, out),
        Command::Corrections(command) => export(command, out),
        Command::Principal(command) => principal(command, out).await,
        Command::Grant(command) => grant(command, out).await,
        Command::Token(command) => token(command, out).await,
        Command::Webhook(command) => webhook_command::run(command, out).await,
        Command::Executor(command) => executor_command::run(command, out),
        Command::SignInLink { principal_id, data, url } => {
            let principal_id = id(&principal_id)?;
            let made = change(&data, move |tx, by| {
                let principal = people::require_principal(tx, &principal_id)?;
                let expires_at = Some(tx.now.saturating_add(people::LINK_DURATION_MS));
                let (kind, scope) = (CredentialKind::Link, Scope::Write);
                people::create_credential(tx, &principal, kind, scope, expires_at, by)
            });
            let secret = made.await?.secret;
            print(out, &format!("{}/#/sign-in/{secret}", url.trim_end_matches('/')))
        }
    }
}

fn export(command: CorrectionsCommand, out: &mut (impl Write + Send)) -> Result<(), CommandError> {
    let CorrectionsCommand::Export { data, format, output, from, until, verdict, tenant, queue } =
        command;
    let place = data.existing()?;
    let tenant_id = tenant.as_deref().map(id).transpose()?;
    let (tenants, after, limit) = (None, None, 0);
    let query = CorrectionQuery { tenants, tenant_id, from, until, verdict, queue, after, limit };
    let Some(output) = output else {
        let written = apart(|| export_corrections(&place.database(), query, format, out));
        return written.map(|_| ()).map_err(CommandError::new);
    };
    let told = |error| CommandError(format!("`{}`: {error}", output.display()));
    // The rows carry what users wrote, so the file is nobody else's to read.
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&output);
    let mut file = BufWriter::new(file.map_err(told)?);
    let count = apart(|| export_corrections(&place.database(), query, format, &mut file))
        .map_err(CommandError::new)?;
    print(out, &format!("{count} corrections in `{}`", output.display()))
}

async fn principal(command: PrincipalCommand, out: &mut impl Write) -> Result<(), CommandError> {
    let (principal_id, data, status) = match command {
        PrincipalCommand::Create {
            data,
            name,
            tenant,
            kind,
            id: wanted,
            person,
            owner,
            languages,
            skills,
        } => {
            let tenant_id = id(&tenant)?;
            let wanted = wanted.as_deref().map(id).transpose()?;
            let person = person.as_deref().map(id).transpose()?;
            let owner_person = owner.as_deref().map(id).transpose()?;
            let made = change(&data, move |tx, by| {
                let principal_id = match wanted.clone() {
                    Some(principal_id) => principal_id,
                    None => ids::new_id("prin", tx.now)?,
                };
                let person_id = match (person.clone(), kind) {
                    (None, PrincipalKind::Person) => Some(ids::new_id("person", tx.now)?),
                    (person, _) => person,
                };
                let status = PrincipalStatus::Active;
                let principal = Principal {
                    principal_id,
                    kind,
                    tenant_id: tenant_id.clone(),
                    person_id,
                    owner_person: owner_person.clone(),
                    status,
                    name: name.clone(),
                    languages: languages.clone(),
                    skills: skills.clone(),
                    away: None,
                };
                people::create_principal(tx, &principal, by)?;
                Ok(principal.principal_id)
            });
            return print(out, made.await?.as_str());
        }
        PrincipalCommand::Away(options) => return absence_command::away(options, out).await,
        PrincipalCommand::Back(options) => return absence_command::back(options).await,
        PrincipalCommand::Suspend { principal_id, data } => {
            (principal_id, data, PrincipalStatus::Suspended)
        }
        PrincipalCommand::Activate { principal_id, data } => {
            (principal_id, data, PrincipalStatus::Active)
        }
    };
    let principal_id = id(&principal_id)?;
    change(&data, move |tx, by| people::set_status(tx, &principal_id, status, by)).await
}

async fn grant(command: GrantCommand, out: &mut impl Write) -> Result<(), CommandError> {
    let GrantCommand::Add { principal_id, data, role, tenants, queues, domain, level, hours } =
        command;
    let principal_id = id(&principal_id)?;
    let made = change(&data, move |tx, by| {
        let holder = people::require_principal(tx, &principal_id)?;
        let own = || vec![holder.tenant_id.as_str().to_owned()];
        let grant = NewGrant {
            role,
            tenants: if tenants.is_empty() { own() } else { tenants.clone() },
            queues: if queues.is_empty() { vec![EVERY.to_owned()] } else { queues.clone() },
            domain: domain.clone(),
            level,
            until: hours.map(|hours| tx.now.saturating_add(hours * HOUR_MS)),
        };
        people::add_grant(tx, &holder, grant, by)
    });
    print(out, made.await?.grant_id.as_str())
}

async fn token(command: TokenCommand, out: &mut impl Write) -> Result<(), CommandError> {
    match command {
        TokenCommand::Create { principal_id, data, scope, hours } => {
            let principal_id = id(&principal_id)?;
            let made = change(&data, move |tx, by| {
                let holder = people::require_principal(tx, &principal_id)?;
                let expires_at = hours.map(|hours| tx.now.saturating_add(hours * HOUR_MS));
                people::create_credential(tx, &holder, CredentialKind::Token, scope, expires_at, by)
            });
            let made = made.await?;
            print(out, &format!("{} {}", made.credential.credential_id, made.secret))
        }
        TokenCommand::Revoke { credential_id, data } => {
            let credential_id = id(&credential_id)?;
            change(&data, move |tx, by| {
                let credential = identity::credential(tx, &credential_id)?.ok_or_else(|| {
                    let detail = format!("there is no credential `{credential_id}`");
                    crate::error::Fault::new(
                        crate::error::ErrorCode::NotFound,
                        "",
                        detail,
                        "check the id",
                    )
                })?;
                people::revoke_credential(tx, &credential, by)
            })
            .await
        }
    }
}

fn doctor(data: &Data, out: &mut impl Write) -> Result<(), CommandError> {
    let place = data.existing()?;
    let findings = apart(|| Ok::<_, Failure>(examine(&place))).map_err(CommandError::new)?;
    for Finding { what, mend } in &findings {
        match mend {
            None => print(out, &format!("  good  {what}"))?,
            Some(mend) => print(out, &format!("  BAD   {what}: {mend}"))?,
        }
    }
    match findings.iter().filter(|finding| finding.mend.is_some()).count() {
        0 => Ok(()),
        bad => Err(CommandError(format!("{bad} things are to be mended"))),
    }
}

fn verify_audit(data: &Data, json: bool, out: &mut impl Write) -> Result<(), CommandError> {
    let place = data.existing()?;
    let report = apart(|| verify(&place.database())).map_err(CommandError::new)?;
    if json {
        print(out, &serde_json::to_string(&report).map_err(CommandError::new)?)?;
    } else {
        let Report { entries, entities, cases, fault_count, .. } = report;
        print(
            out,
            &format!(
                "{entries} entries of {entities} entities, {cases} cases: {fault_count} faults"
            ),
        )?;
        for fault in &report.faults {
            let version = fault
                .entity_version
                .map_or_else(String::new, |version| format!(" entry {version}"));
            let (tenant, kind, id) = (&fault.tenant_id, &fault.entity_kind, &fault.entity_id);
            print(out, &format!("  {tenant}: {kind} {id}{version}: {}", fault.what))?;
        }
    }
    if report.is_sound() {
        return Ok(());
    }
    Err(CommandError("the database contradicts its audit log".to_owned()))
}

/// Makes one change, as the host's operator; a running host may use the same data.
pub(super) async fn change<T: Send + 'static>(
    data: &Data,
    job: impl Fn(&Tx<'_>, ActorReference) -> Result<T, Failure> + Send + 'static,
) -> Result<T, CommandError> {
    let place = data.prepare()?;
    let store = Store::open(&place, &host_name()).map_err(CommandError::new)?;
    let result = store.write(move |tx| {
        let by = host_actor(tx, HostActor::CommandLine)?;
        job(tx, by.reference())
    });
    let result = result.await.map_err(CommandError::new);
    store.close();
    result
}

pub(super) fn id(text: &str) -> Result<Id, CommandError> {
    Id::new(text).ok_or_else(|| {
        CommandError(format!(
            "`{text}` is not an id: 1 to 128 printable ASCII characters without spaces"
        ))
    })
}

pub(super) fn instant(text: &str) -> Result<TimestampMs, String> {
    TimestampMs::parse(text).ok_or_else(|| "a time such as 2026-05-09T18:00:00Z".to_owned())
}

pub(super) fn print(out: &mut impl Write, line: &str) -> Result<(), CommandError> {
    writeln!(out, "{line}").map_err(|error| CommandError(format!("standard output: {error}")))
}

/// Reads one of a closed set of words.
pub(super) fn word<T: Copy + Send + Sync + 'static>(
    words: &'static [(&'static str, T)],
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    move |text| {
        let found = words.iter().find(|(word, _)| *word == text);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            format!("one of {}", crate::read::quoted(&known))
        })
    }
}
