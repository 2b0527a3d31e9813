//! Names of events.

use countersign::case::Event;
use countersign::json::Json;
use countersign::read::Node;

/// `Event::name` has an arm for every event, or it would not compile: what it gives is every name.
fn names_in_source() -> Vec<&'static str> {
    let source = include_str!("../../src/case/event.rs");
    let (_, after) = source.split_once("pub const fn name(").unwrap();
    let (function, _) = after.split_once("\n    }\n").unwrap();
    function.split("=> \"").skip(1).filter_map(|arm| arm.split('"').next()).collect()
}

#[test]
fn the_list_of_names_has_every_event_once() {
    let variants = names_in_source();
    assert!(variants.len() > 5, "the names were not found in the source");
    assert_eq!(Event::NAMES, variants);
    let empty = Json::Object(std::collections::BTreeMap::new());
    let is_known = |name: &str| match Event::read(name, Node::root(&empty), None) {
        Ok(_) => true,
        Err(fault) => !fault.detail.contains("there is no event"),
    };
    assert!(Event::NAMES.iter().all(|name| is_known(name)));
    assert!(!is_known("case_forgotten"));
}
