//! What is no row is refused with its line, and what is odd is read as it says.

use countersign::host::confidence::row::Rows;
use countersign::request::Signal;

use crate::support::rows;

#[test]
fn a_line_that_is_no_row_is_refused_with_its_place() {
    let cases = [
        (r#"{"id":"a","signals":{},"label":2}"#, "/label"),
        (r#"{"id":"a","signals":{},"label":-0.1}"#, "/label"),
        (r#"{"id":"a","signals":{},"label":"right"}"#, "/label"),
        (r#"{"id":"a","signals":{"s":NaN},"label":1}"#, "a number is finite"),
        (r#"{"id":"a","signals":{"s":1e999},"label":1}"#, "out of range"),
        (r#"{"id":"a","signals":{"s":1.5},"label":1}"#, "/signals/s"),
        (r#"{"id":"a","signals":{"s":"gone"},"label":1}"#, "/signals/s"),
        (r#"{"id":"a","signals":{},"propensity":0}"#, "/propensity"),
        (r#"{"id":"a","signals":{},"risk_level":"huge"}"#, "/risk_level"),
        (r#"{"signals":{}}"#, "/id"),
        (r#"{"id":"a"}"#, "/signals"),
        (r#"{"id":"first","signals":{}}"#, "stood before"),
        ("not json", "one JSON object a line"),
        ("[1]", "an object"),
    ];
    for (line, expected) in cases {
        let text = format!("{{\"id\":\"first\",\"signals\":{{}}}}\n\n{line}\n");
        let error = Rows::read(text.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with("line 3: ") && error.contains(expected), "{line}: {error}");
    }
}

#[test]
fn a_line_without_an_end_is_not_read_into_memory() {
    let mut text = br#"{"id":""#.to_vec();
    text.resize(3_000_000, b'a');
    let error = Rows::read(text.as_slice()).unwrap_err().to_string();
    assert!(error.contains("limit_exceeded"), "{error}");
}

#[test]
fn labels_signals_and_conversations_are_read_as_they_say() {
    let read = rows(
        r#"{"id":"a","signals":{"s":0.5,"t":null,"u":"unavailable","v":"missing"},"label":true,"conversation_id":"c"}
           {"id":"b","signals":{"u":1},"label":0.25,"propensity":0.03}
           {"id":"frank:x1:bart","source":"frank","signals":{},"label":null}
           {"id":"tau:3:1","source":"tau-bench-x","signals":{"tool_success":null,"other":null},"tool_status":"unavailable"}"#,
    );
    let labels: Vec<Option<f64>> = read.rows.iter().map(|row| row.label).collect();
    assert_eq!(labels, [Some(1.0), Some(0.25), None, None]);
    let clusters: Vec<&str> = read.rows.iter().map(|row| row.cluster.as_str()).collect();
    assert_eq!(clusters, ["c", "b", "frank:x1", "tau:3"]);
    let name = |name: &str| read.names.iter().position(|known| known == name).unwrap();
    assert_eq!(read.rows[0].reading(name("u")), Signal::Unavailable);
    assert_eq!(read.rows[0].reading(name("t")), Signal::Missing);
    assert_eq!(read.rows[3].reading(name("tool_success")), Signal::Unavailable);
    assert_eq!(read.rows[3].reading(name("other")), Signal::Missing);
}

#[test]
fn one_row_of_each_conversation_is_the_same_in_any_order() {
    let lines: Vec<String> = (0..60)
        .map(|index| {
            format!(
                "{{\"id\":\"r{index}\",\"conversation_id\":\"c{}\",\"signals\":{{}}}}\n",
                index % 7
            )
        })
        .collect();
    let ids = |text: String| -> Vec<String> {
        rows(&text).one_of_each_conversation().rows.into_iter().map(|row| row.id).collect()
    };
    let forward = ids(lines.concat());
    assert_eq!(forward.len(), 7);
    assert_eq!(forward, ids(lines.iter().rev().cloned().collect()));
}
