//! Policies that come into force: by the operator, or with two people.

use countersign::Fault;
use countersign::host::layers::Candidate;
use countersign::host::people::{HostActor, host_actor};
use countersign::host::store::policies;
use serde_json::json;

use crate::chance::Chance;
use crate::site::Person;
use crate::world::{HOSTS, Sent, World};

/// A release that waits for a second person.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    id: String,
    by: &'static str,
    policy: usize,
    replaces: usize,
    changes_hash: String,
    is_released: bool,
}

const OWNERS: &[&str] = &["own1", "own1", "own1b", "own2", "own2", "bo", "shop"];

fn owns(person: &Person) -> bool {
    person.is_active && person.name.starts_with("own")
}

pub(crate) fn by_operator(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    let variant = chance.one(&[0, 0, 0, 1, 1, 2, 3]).unwrap();
    world.note(format!("the operator puts policy {variant} into force"));
    let compiled = std::sync::Arc::clone(&world.site.policies[variant]);
    let host = chance.below(HOSTS);
    let done = world.write(host, move |tx| {
        let by = host_actor(tx, HostActor::CommandLine)?;
        let candidate = Candidate::of(compiled.as_ref().clone());
        policies::release(tx, &candidate, &by.reference(), None)
    });
    done.map_err(|failure| failure.to_string())?;
    let is_new = world.policy != variant;
    world.policy = variant;
    let touched = world.look()?;
    let expected = usize::from(is_new);
    if touched.entries == expected { in_force(world) } else { Err(format!("{touched:?}")) }
}

pub(crate) fn propose(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    let variant = chance.below(world.site.sources.len());
    let who = chance.one(OWNERS).unwrap();
    let person = world.person(who);
    let may = owns(&person) && variant != world.policy;
    let key = world.some_key(chance, true);
    let body = json!({ "source": world.site.sources[variant], "reason": "safer" });
    let sent = Sent { who, path: "/v1/policies/releases".to_owned(), key, body };
    let Some((answer, _)) = world.send(chance, sent, may)? else { return Ok(()) };
    let text = |name: &str| answer.body["release"][name].as_str().unwrap_or_default().to_owned();
    world.releases.push(Waiting {
        id: text("release_id"),
        by: person.human(),
        policy: variant,
        replaces: world.policy,
        changes_hash: text("changes_hash"),
        is_released: false,
    });
    Ok(())
}

pub(crate) fn approve(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    let last = world.releases.len().checked_sub(1);
    let any = chance.below(world.releases.len().max(1));
    let Some(index) = last.map(|last| if chance.percent(60) { last } else { any }) else {
        return Ok(());
    };
    let waiting = world.releases[index].clone();
    let who = chance.one(OWNERS).unwrap();
    let person = world.person(who);
    let other = chance.one(&world.releases).unwrap().changes_hash;
    let changes_hash = if chance.percent(15) { other } else { waiting.changes_hash.clone() };
    let may = owns(&person)
        && !person.is(waiting.by)
        && !waiting.is_released
        && waiting.replaces == world.policy
        && changes_hash == waiting.changes_hash;
    let key = world.some_key(chance, true);
    let path = format!("/v1/policies/releases/{}/approve", waiting.id);
    let sent = Sent { who, path, key, body: json!({ "changes_hash": changes_hash }) };
    if world.send(chance, sent, may)?.is_none() {
        return Ok(());
    }
    world.releases[index].is_released = true;
    world.policy = waiting.policy;
    in_force(world)
}

/// Every host goes by the policy in force, whatever it knew before.
fn in_force(world: &mut World<'_>) -> Result<(), String> {
    let expected = world.site.policies[world.policy].policy.reference().hash.clone();
    for host in 0..HOSTS {
        let store = world.host(host);
        let found = world.runtime.block_on(store.read(policies::in_force));
        let found = found.map_err(|failure| failure.to_string())?;
        if found.reference().hash != expected {
            let told = Fault::new(countersign::ErrorCode::Internal, "", "another policy", "");
            return Err(format!("host {host} goes by another policy: {told}"));
        }
    }
    Ok(())
}
