//! `countersign webhook`: endpoints, as whoever has an account on the host's machine sees them.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;

use clap::Subcommand;

use crate::host::command_line::{CommandError, Data, change, id, print};
use crate::host::config::host_name;
use crate::host::people::{self, require_principal};
use crate::host::store::{Store, webhooks};
use crate::host::webhook::endpoints::{self, NewWebhook};
use crate::host::webhook::secret::WebhookKey;
use crate::identity::Door;
use crate::json::Json;
use crate::read::Node;

#[derive(Debug, Subcommand)]
pub(super) enum WebhookCommand {
    /// Makes an endpoint, and prints its id and, once, its secret.
    Add {
        /// Who it acts for: it gets what this principal may read.
        principal_id: String,
        #[command(flatten)]
        data: Data,
        /// The address: `https://`, with a public host name.
        #[arg(long)]
        url: String,
        /// An event that it gets; every one without it.
        #[arg(long = "event")]
        events: Vec<String>,
        /// As for `serve`.
        #[arg(long, value_name = "ADDRESS:PORT", value_parser = loopback)]
        webhook_allow: Vec<SocketAddr>,
    },
    /// Lists every endpoint, with what arrived, waits and was given up.
    List {
        #[command(flatten)]
        data: Data,
    },
    /// Removes an endpoint.
    Remove {
        /// Which.
        webhook_id: String,
        #[command(flatten)]
        data: Data,
    },
    /// Tries again what was given up or waits for its time, and prints how many deliveries.
    Replay {
        /// Which endpoint.
        webhook_id: String,
        #[command(flatten)]
        data: Data,
        /// Only this event, by its id.
        #[arg(long)]
        event: Option<String>,
    },
}

pub(super) async fn run(command: WebhookCommand, out: &mut impl Write) -> Result<(), CommandError> {
    match command {
        WebhookCommand::Add { principal_id, data, url, events, webhook_allow } => {
            let principal_id = id(&principal_id)?;
            let events = events.into_iter().map(Json::String).collect();
            let body = Json::Object(BTreeMap::from([
                ("url".to_owned(), Json::String(url)),
                ("events".to_owned(), Json::Array(events)),
            ]));
            let new = NewWebhook::read(Node::root(&body), &webhook_allow);
            let new = new.map_err(CommandError::new)?;
            let place = data.prepare()?;
            let key = WebhookKey::open(&place.webhook_key()).map_err(CommandError::new)?;
            let made = change(&data, move |tx, by| {
                require_principal(tx, &principal_id)?;
                let holder = people::actor(tx, &principal_id, None, Door::CommandLine)?;
                let holder = holder
                    .ok_or_else(|| crate::host::store::Failure::internal("a principal vanished"))?;
                endpoints::create(tx, &holder, new.clone(), &key, by)
            });
            let (webhook, secret) = made.await?;
            print(out, &format!("{} {}", webhook.webhook_id, secret.text()))
        }
        WebhookCommand::List { data } => {
            let place = data.existing()?;
            let store = Store::open(&place, &host_name()).map_err(CommandError::new)?;
            let listed = store.read(|snapshot| webhooks::list(snapshot, None)).await;
            store.close();
            for listed in listed.map_err(CommandError::new)? {
                let webhooks::Listed { webhook, delivered, waiting, dead, .. } = listed;
                let (id, tenant_id, url) = (&webhook.webhook_id, &webhook.tenant_id, &webhook.url);
                let counts = format!("{delivered} delivered, {waiting} waiting, {dead} dead");
                print(out, &format!("{id} {tenant_id} {url} {counts}"))?;
            }
            Ok(())
        }
        WebhookCommand::Remove { webhook_id, data } => {
            let webhook_id = id(&webhook_id)?;
            let remove = change(&data, move |tx, by| {
                let webhook = endpoints::find(tx, &webhook_id, None)?;
                endpoints::remove(tx, &webhook, by)
            });
            remove.await
        }
        WebhookCommand::Replay { webhook_id, data, event } => {
            let webhook_id = id(&webhook_id)?;
            let event_id = event.as_deref().map(id).transpose()?;
            let replay = change(&data, move |tx, by| {
                let webhook = endpoints::find(tx, &webhook_id, None)?;
                endpoints::replay(tx, &webhook, event_id.as_ref(), by)
            });
            print(out, &replay.await?.to_string())
        }
    }
}

/// An address on this machine. Nothing else can be allowed: what is not public is not a webhook's.
pub(super) fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: Option<SocketAddr> = text.parse().ok();
    let address = address.filter(|address| address.ip().is_loopback() && address.port() != 0);
    address.ok_or_else(|| {
        "an address on this machine with its port, such as 127.0.0.1:9000".to_owned()
    })
}
