//! `countersign policy replay`: two policies over requests or decision records.

use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::{Handling, Kind, Line, PolicyReplay, Replay, tell};
use crate::compile::{DEFAULT_POLICY, compile};
use crate::host::clock::wall_clock;
use crate::host::command_line::{CommandError, id, instant, print};
use crate::host::config::ServerOptions;
use crate::host::policy_command::compile_layered;
use crate::host::store::place::Place;
use crate::host::store::{apart, policies, replay as stored};
use crate::policy::Policy;
use crate::units::TimestampMs;

/// Lines that are judged at once.
const BATCH: usize = 4_096;
/// Records of a store that one replay takes.
const STORED_MAX: usize = 2_000_000;
/// Policies of a store that are looked at.
const RELEASED_MAX: usize = 50;

/// What is replayed, under which policies.
#[derive(Debug, Args)]
pub(in crate::host) struct Options {
    /// The policy before: a TOML file; the one in force with `--data`, else the default policy.
    #[arg(long)]
    old: Option<PathBuf>,
    /// The policy after: a TOML file.
    #[arg(long)]
    new: PathBuf,
    /// The base, where one of them is an overlay of a tenant; the policy before without `--old`.
    #[arg(long)]
    base: Option<PathBuf>,
    /// Decision records, one JSON object a line.
    #[arg(long, conflicts_with_all = ["requests", "data"])]
    records: Option<PathBuf>,
    /// Requests, one JSON object a line.
    #[arg(long, conflicts_with = "data")]
    requests: Option<PathBuf>,
    /// The data directory of a host: its decision records, and how long its people took.
    #[arg(long, required_unless_present_any = ["records", "requests"])]
    data: Option<PathBuf>,
    #[command(flatten)]
    server: ServerOptions,
    /// Only this tenant of the host.
    #[arg(long, requires = "data")]
    tenant: Option<String>,
    /// The instant at which requests are decided; the present without it.
    #[arg(long, value_parser = instant)]
    now: Option<TimestampMs>,
    /// How many days the decisions cover, where their instants do not say.
    #[arg(long)]
    days: Option<f64>,
    /// Minutes that a case takes, of queues where nothing was measured.
    #[arg(long, default_value_t = 5.0)]
    minutes: f64,
    /// Examples of each change.
    #[arg(long, default_value_t = 5)]
    examples: usize,
    /// Prints the report as JSON.
    #[arg(long)]
    json: bool,
}

impl Options {
    fn before(&self) -> Option<&Path> {
        self.old.as_deref().or(self.base.as_deref())
    }
}

pub(in crate::host) fn run(options: &Options, out: &mut impl Write) -> Result<(), CommandError> {
    let positive = |number: f64| number.is_finite() && number > 0.0;
    if !positive(options.minutes) || !options.days.is_none_or(positive) {
        return Err(CommandError::new("`--minutes` and `--days` are above 0"));
    }
    let new = compile_layered(&options.new, options.base.as_deref())?.policy;
    let report = match (&options.data, &options.records, &options.requests) {
        (Some(data), ..) => of_store(options, &new, data)?,
        (_, Some(file), _) => of_file(options, &new, file, Kind::Records)?,
        (_, _, Some(file)) => {
            let now = options.now.unwrap_or_else(wall_clock);
            of_file(options, &new, file, Kind::Requests(now))?
        }
        _ => return Err(CommandError::new("give `--records`, `--requests` or `--data`")),
    };
    if options.json {
        return print(out, &serde_json::to_string(&report).map_err(CommandError::new)?);
    }
    print(out, &tell::words(&report))
}

fn of_file(
    options: &Options,
    new: &Policy,
    file: &Path,
    kind: Kind,
) -> Result<PolicyReplay, CommandError> {
    let old = match options.before() {
        Some(old) => compile_layered(old, options.base.as_deref())?.policy,
        None => {
            let compiled = compile(DEFAULT_POLICY, "default.toml");
            compiled.map_err(|_| CommandError::new("the default policy does not compile"))?.policy
        }
    };
    let told = |error: std::io::Error| CommandError::new(format!("`{}`: {error}", file.display()));
    let opened = File::open(file).map_err(told)?;
    let bytes_total = opened.metadata().map_err(told)?.len();
    let mut replay =
        Replay::new(&old, new, &[], kind, options.examples).map_err(CommandError::new)?;
    let mut progress = Progress::new(bytes_total);
    let mut lines = BufReader::new(opened).lines();
    let mut done = 0;
    loop {
        let batch: Vec<String> =
            lines.by_ref().take(BATCH).collect::<Result<_, _>>().map_err(told)?;
        if batch.is_empty() {
            break;
        }
        let bytes: usize = batch.iter().map(|line| line.len() + 1).sum();
        let batch: Vec<Line> =
            batch.into_iter().map(|text| Line { tenant_id: None, text }).collect();
        replay.add(&batch).map_err(|(index, fault)| {
            CommandError::new(format!("{}: line {}: {fault}", file.display(), done + index + 1))
        })?;
        done += batch.len();
        progress.add(u64::try_from(bytes).unwrap_or(0));
    }
    progress.end();
    let handling =
        Handling { assumed_minutes: options.minutes, measured: std::collections::BTreeMap::new() };
    Ok(replay.report(&handling, options.days))
}

fn of_store(options: &Options, new: &Policy, data: &Path) -> Result<PolicyReplay, CommandError> {
    let place = Place::existing(data).and_then(|place| options.server.at(place));
    let place = place.map_err(CommandError::new)?;
    let tenants = options.tenant.clone().map(|tenant| vec![tenant]);
    let own = options.tenant.as_deref().map(id).transpose()?;
    let found = apart(|| {
        stored::on_view(&place.database(), wall_clock(), |snapshot| {
            let records = stored::records(snapshot, tenants.as_deref(), STORED_MAX)?;
            let released = stored::released(snapshot, RELEASED_MAX)?;
            let handling = stored::handling(snapshot, tenants.clone(), options.minutes)?;
            // A tenant's own policy is what its records were judged by.
            let in_force = match &own {
                Some(tenant_id) => policies::of_tenant(snapshot, tenant_id)?,
                None => policies::in_force(snapshot)?,
            };
            Ok((records, released, handling, in_force))
        })
    });
    let (records, released, handling, in_force) = found.map_err(CommandError::new)?;
    let old = match options.before() {
        Some(old) => compile_layered(old, options.base.as_deref())?.policy,
        None => in_force.as_ref().clone(),
    };
    let others: Vec<Policy> = released.iter().map(|policy| policy.as_ref().clone()).collect();
    let mut replay = Replay::new(&old, new, &others, Kind::Records, options.examples)
        .map_err(CommandError::new)?;
    let mut progress = Progress::new(u64::try_from(records.len()).unwrap_or(0));
    for (index, batch) in records.chunks(BATCH).enumerate() {
        replay.add(batch).map_err(|(place, fault)| {
            CommandError::new(format!("record {}: {fault}", index * BATCH + place + 1))
        })?;
        progress.add(u64::try_from(batch.len()).unwrap_or(0));
    }
    progress.end();
    Ok(replay.report(&handling, options.days))
}

/// A bar on the terminal; nothing where nobody looks.
struct Progress {
    is_shown: bool,
    total: u64,
    done: u64,
}

impl Progress {
    fn new(total: u64) -> Self {
        Self { is_shown: std::io::stderr().is_terminal(), total, done: 0 }
    }

    fn add(&mut self, more: u64) {
        const WIDTH: u64 = 40;
        self.done = self.done.saturating_add(more).min(self.total);
        if !self.is_shown {
            return;
        }
        let share =
            |whole: u64| self.done.saturating_mul(whole).checked_div(self.total).unwrap_or(whole);
        let bar: String = (0..WIDTH).map(|at| if at < share(WIDTH) { '#' } else { '.' }).collect();
        let _ = write!(std::io::stderr(), "\r[{bar}] {:3} %", share(100));
    }

    fn end(&self) {
        if self.is_shown {
            let _ = writeln!(std::io::stderr());
        }
    }
}
