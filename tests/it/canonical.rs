//! The canonical form and what is admitted to it.

use countersign::Json;
use countersign::json::format_number;

use crate::support::{json, shared};

#[test]
fn the_published_vectors_of_rfc_8785_come_out_to_the_byte() {
    let vectors = shared().join("vectors/rfc8785");
    if !vectors.exists() {
        println!("skipped: there are no vectors of RFC 8785 at {}", vectors.display());
        return;
    }
    for name in ["arrays", "french", "structures", "unicode", "values", "weird"] {
        let read = |folder: &str| {
            std::fs::read_to_string(vectors.join(folder).join(format!("{name}.json")))
        };
        let (input, output) = (read("input").unwrap(), read("output").unwrap());
        assert_eq!(json(&input).canonical(), output, "{name}");
    }
}

#[test]
fn numbers_are_written_as_ecmascript_writes_them() {
    let rows = [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (-1.5, "-1.5"),
        (0.1, "0.1"),
        (1e21, "1e+21"),
        (1e20, "100000000000000000000"),
        (123_456_789_012_345_680_000.0, "123456789012345680000"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (1.5e-9, "1.5e-9"),
        (f64::MAX, "1.7976931348623157e+308"),
        (5e-324, "5e-324"),
        (9_007_199_254_740_992.0, "9007199254740992"),
        (0.83, "0.83"),
        // Exactly between two of seventeen digits: the even one.
        ("-1499233935284137.25".parse().unwrap(), "-1499233935284137.2"),
        ("1499233935284137.75".parse().unwrap(), "1499233935284137.8"),
        (2.0_f64.powi(-25), "2.9802322387695312e-8"),
    ];
    for (number, expected) in rows {
        assert_eq!(format_number(number), expected);
    }
}

#[test]
fn what_is_written_is_read_as_the_same_number() {
    let powers = (-1_074..1_024).map(|power| 2.0_f64.powi(power));
    for number in powers.flat_map(|power| [power, power.next_down(), power.next_up()]) {
        assert_eq!(format_number(number).parse(), Ok(number));
    }
}

#[test]
fn what_has_no_single_meaning_is_not_admitted() {
    let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
    let rows = [
        ("9007199254740992", false),
        ("-9007199254740992", false),
        ("9007199254740991", true),
        ("18446744073709551615", false),
        ("1e400", false),
        // What the canonical form writes with all its digits must be read again.
        ("-3.0588710805637956e16", false),
        ("9007199254740992.0", false),
        ("100000000000000000000", false),
        ("1e21", true),
        ("9007199254740991.0", true),
        (r#"{"a":1,"a":2}"#, false),
        (r#"{"a":{"b":1,"b":1}}"#, false),
        (r#""\ud800""#, false),
        (r#""\ud83d\ude00""#, true),
        (deep.as_str(), false),
        ("[1,]", false),
        ("NaN", false),
        ("", false),
    ];
    for (text, admitted) in rows {
        assert_eq!(serde_json::from_str::<Json>(text).is_ok(), admitted, "{text}");
    }
}

#[test]
fn what_is_admitted_is_read_again_from_its_canonical_form() {
    for text in ["9007199254740991", "-1e21", "1.5e300", "5e-324", "0.1", "123456789e6"] {
        let value = json(text);
        assert_eq!(json(&value.canonical()), value, "{text}");
    }
}

#[test]
fn key_order_does_not_change_a_digest_and_the_domain_does() {
    let (one, other) = (json(r#"{"a":1,"b":[true,null]}"#), json(r#"{"b":[true,null],"a":1.0}"#));
    assert_eq!(one.digest("x"), other.digest("x"));
    assert_ne!(one.digest("x"), one.digest("y"));
    // `printf 'x\n{"a":1,"b":[true,null]}' | sha256sum`
    assert_eq!(
        one.digest("x"),
        "sha256:4117f380eb6c3dae60d1516aff910e9ee9e90a34c8bc214fa929e42f563a0619".to_owned(),
    );
}
