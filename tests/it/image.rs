//! Images of policies: they decide as their bundles do, and one that was altered is refused.

use countersign::compile::Compiled;
use countersign::gate::{self, Context};
use countersign::image::{IMAGE_MAGIC, image_hash};
use countersign::read::Node;
use countersign::{Json, Policy, Request, classify, evaluate};
use sha2::{Digest as _, Sha256};

use crate::chance::Chance;
use crate::support::{assert_fresh_bytes, at, canonical, compile_text, compiled, root};

/// Where the checksum stands: after the magic bytes and the version.
const CHECKSUM: std::ops::Range<usize> = 9..41;

fn rows(name: &str) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(root().join("tests/fixtures").join(name)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn read(row: &serde_json::Value, name: &str) -> Json {
    serde_json::from_value(row[name].clone()).unwrap()
}

fn small() -> Compiled {
    compile_text(&std::fs::read_to_string(root().join("tests/fixtures/small-policy.toml")).unwrap())
}

fn verdict(policy: &Policy, row: &serde_json::Value) -> String {
    let request = Request::read(&read(row, "request")).unwrap();
    canonical(&evaluate(policy, &request, at(row["now"].as_str().unwrap())))
}

fn gate(policy: &Policy, row: &serde_json::Value) -> String {
    let actions = gate::read_actions(Node::root(&read(row, "actions"))).unwrap();
    let context = Context::read(Node::root(&read(row, "context"))).unwrap();
    classify(policy, &actions, &context, at(row["now"].as_str().unwrap()))
        .map_or_else(|fault| fault.to_string(), |gate| canonical(&gate))
}

#[test]
fn the_default_image_in_the_package_is_fresh() {
    assert_fresh_bytes("pkg/default-policy.bin", &compiled().policy.image());
}

#[test]
fn an_image_decides_as_its_bundle_does() {
    for compiled in [compiled(), &small()] {
        let image = compiled.policy.image();
        assert_eq!(image, Policy::load(&compiled.bundle).unwrap().image(), "twice the same bytes");
        let mapped = Policy::of_image(&image).unwrap();
        assert_eq!(mapped.reference(), compiled.policy.reference());
        assert_eq!(mapped.decision_hash(), compiled.policy.decision_hash());
        assert_eq!(mapped.image(), image, "an image of what was mapped is the image");
        for row in rows("decisions.jsonl") {
            assert_eq!(verdict(&mapped, &row), verdict(&compiled.policy, &row));
        }
        for row in rows("gates.jsonl") {
            assert_eq!(gate(&mapped, &row), gate(&compiled.policy, &row));
        }
    }
}

#[test]
fn an_image_gives_the_bundle_back_but_for_what_only_hosts_read() {
    let mut bundle = compiled().policy.bundle().clone();
    for tool in &mut bundle.actions.tools {
        tool.schema = tool.schema.as_ref().map(|_| Json::Bool(true));
    }
    bundle.work = bundle.work.map(|_| Json::Bool(true));
    assert_eq!(*Policy::of_image(&compiled().policy.image()).unwrap().bundle(), bundle);
}

#[test]
fn an_image_that_was_altered_is_refused() {
    let image = compiled().policy.image();
    let refused = |altered: &[u8], why: &str| {
        let fault = Policy::of_image(altered).unwrap_err();
        assert_eq!((fault.code.as_str(), fault.path.as_str()), ("policy_rejected", ""), "{why}");
        fault.detail
    };
    for length in (0..image.len()).step_by(37).chain([8, 9, 40, 41, image.len() - 1]) {
        refused(&image[..length], "cut off");
    }
    refused(&[image.as_slice(), b"\0"].concat(), "longer");
    for place in (0..image.len()).step_by(13).chain(0..64) {
        let mut altered = image.clone();
        altered[place] ^= 1 << (place % 8);
        refused(&altered, "a bit");
    }
    let mut newer = image.clone();
    newer[IMAGE_MAGIC.len()] += 1;
    assert!(refused(&newer, "newer").contains("another version"));
    let text = compiled().bundle.canonical();
    assert!(refused(text.as_bytes(), "a bundle").contains("no image"));
    assert_ne!(image_hash(&image), image_hash(&small().policy.image()));
}

/// The checksum of what is altered put right: whoever can do that can write any policy, and still
/// nothing ends the process or takes for ever.
#[test]
fn spoilt_images_with_a_checksum_that_fits_are_mapped_or_refused_and_decide() {
    let (mut chance, count) = Chance::asked("COUNTERSIGN_FUZZ", 2_000);
    let (decisions, gates) = (rows("decisions.jsonl"), rows("gates.jsonl"));
    let images = [compiled().policy.image(), small().policy.image()];
    let mut mapped = 0;
    for _ in 0..count {
        let mut image = images[chance.below(images.len())].clone();
        for _ in 0..=chance.below(3) {
            let place = CHECKSUM.end + chance.below(image.len() - CHECKSUM.end);
            match chance.below(5) {
                0 => drop(image.remove(place)),
                1 => image.insert(place, chance.below(256).try_into().unwrap()),
                2 => image[place] ^= 1 << chance.below(8),
                3 => image[place] = [0, 1, 127, 128, 255][chance.below(5)],
                _ => image.truncate(place + 1),
            }
        }
        let digest = Sha256::new()
            .chain_update(b"countersign/policy-image/v1\n")
            .chain_update(&image[CHECKSUM.end..])
            .finalize();
        image[CHECKSUM].copy_from_slice(&digest);
        let Ok(policy) = Policy::of_image(&image) else { continue };
        mapped += 1;
        assert_eq!(policy.image(), image, "one policy has one image");
        for _ in 0..3 {
            verdict(&policy, &decisions[chance.below(decisions.len())]);
            gate(&policy, &gates[chance.below(gates.len())]);
        }
    }
    println!("{mapped} of {count} spoilt images are mapped");
    assert!(mapped > 0 && mapped < count);
}
