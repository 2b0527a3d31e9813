//! What a test may expect of a verdict or a gate, field by field.

use crate::impact::{Effect, Reversibility};
use crate::json::Json;
use crate::limits::{LIST_LENGTH_MAX, NAME_LENGTH_MAX, NOTE_LENGTH_MAX, QUORUM_MAX};
use crate::policy::Authority;
use crate::read::{Node, Read};
use crate::request::RiskLevel;
use crate::tool::at_pointer;
use crate::tool::{Enforcement, GateVerdict};
use crate::verdict::Disposition;

/// How what is found has to stand to what is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// The same.
    Equal,
    /// The same elements, in any order.
    Exactly,
    /// All of these among others.
    Include,
    /// None of these.
    Exclude,
    /// A text with this inside.
    Says,
    /// This or more.
    AtLeast,
    /// This or less.
    AtMost,
}

/// One thing that a test may expect.
pub(super) struct Field {
    name: &'static str,
    how: How,
    /// Refuses what the field can never be, so that a slip of the pen is no failing test.
    check: fn(Node<'_>) -> Read<()>,
    found: fn(&Json) -> Json,
}

/// What one test expects of one field.
pub(super) struct Expected {
    field: &'static Field,
    value: Json,
    pub(super) line: usize,
}

const fn field(
    name: &'static str,
    how: How,
    check: fn(Node<'_>) -> Read<()>,
    found: fn(&Json) -> Json,
) -> Field {
    Field { name, how, check, found }
}

/// What a test of a request may expect.
pub(super) const OF_REQUEST: &[Field] = &[
    field("disposition", How::Equal, one_of::<Disposition>, |said| at(said, "/disposition")),
    field("risk_level", How::Equal, one_of::<RiskLevel>, |said| at(said, "/risk_level")),
    field("queue", How::Equal, name, |said| at(said, "/routing/queue")),
    field("authority", How::Equal, authority, |said| at(said, "/routing/authority")),
    field("priority", How::Equal, count, |said| at(said, "/routing/priority")),
    field("due_at", How::Equal, instant, |said| at(said, "/routing/due_at")),
    field("certificate", How::Equal, name, |said| at(said, "/certificate")),
    field("limited_certificate", How::Equal, name, |said| at(said, "/limited_certificate")),
    field("triggers", How::Exactly, names, |said| each(said, "/triggers", "/id")),
    field("triggers_include", How::Include, names, |said| each(said, "/triggers", "/id")),
    field("triggers_exclude", How::Exclude, names, |said| each(said, "/triggers", "/id")),
    field("shadow", How::Exactly, names, |said| each(said, "/shadow", "/id")),
    field("suppressed", How::Exactly, names, |said| each(said, "/suppressed", "/trigger/id")),
    field("unjudged", How::Exactly, names, |said| at(said, "/unjudged")),
    field("unjudged_include", How::Include, names, |said| at(said, "/unjudged")),
    field("confidence_min", How::AtLeast, score, |said| at(said, "/confidence/probability")),
    field("confidence_max", How::AtMost, score, |said| at(said, "/confidence/probability")),
    field("user_message", How::Equal, text, |said| at(said, "/user_message")),
    field("reason_says", How::Says, text, |said| at(said, "/reason")),
];

/// What a test of actions may expect.
pub(super) const OF_ACTIONS: &[Field] = &[
    field("verdict", How::Equal, one_of::<GateVerdict>, |said| at(said, "/verdict")),
    field("tier", How::Equal, one_of::<RiskLevel>, |said| at(said, "/impact/tier")),
    field("effects", How::Exactly, effects, |said| at(said, "/impact/effects")),
    field("reversibility", How::Equal, one_of::<Reversibility>, |said| {
        at(said, "/impact/reversibility")
    }),
    field("authority", How::Equal, authority, |said| at(said, "/authority")),
    field("further_authorities", How::Exactly, authorities, |said| {
        at(said, "/further_authorities")
    }),
    field("quorum", How::Equal, quorum, |said| at(said, "/quorum")),
    field("preview_required", How::Equal, truth, |said| at(said, "/preview_required")),
    field("enforcement", How::Equal, one_of::<Enforcement>, |said| at(said, "/enforcement")),
    field("provisional", How::Equal, truth, |said| at(said, "/provisional")),
    field("expires_at", How::Equal, instant, |said| at(said, "/expires_at")),
    field("rules", How::Exactly, names, |said| each(said, "/reasons", "/rule")),
    field("rules_include", How::Include, names, |said| each(said, "/reasons", "/rule")),
    field("rules_exclude", How::Exclude, names, |said| each(said, "/reasons", "/rule")),
    field("unjudged", How::Exactly, names, |said| at(said, "/unjudged")),
    field("unjudged_include", How::Include, names, |said| at(said, "/unjudged")),
    field("reason_says", How::Says, text, |said| at(said, "/reason")),
];

/// Reads what a test expects: at least one thing.
pub(super) fn read(node: Node<'_>, known: &'static [Field]) -> Read<Vec<Expected>> {
    let mut fields = node.object()?;
    let mut expected = Vec::new();
    for field in known {
        let value = fields.optional(field.name, |node| {
            // `none` stands for what TOML cannot write: that there is nothing.
            if field.how == How::Equal && *node.json() == Json::String(NONE.to_owned()) {
                return Ok(Json::Null);
            }
            (field.check)(node).map(|()| node.json().clone())
        })?;
        expected.extend(value.map(|value| Expected { field, value, line: 0 }));
    }
    fields.finish()?;
    if expected.is_empty() {
        return Err(node.invalid("the test expects nothing", "say what the policy must answer"));
    }
    Ok(expected)
}

/// The word for the absence of something, such as of a queue.
const NONE: &str = "none";

impl Expected {
    pub(super) const fn name(&self) -> &'static str {
        self.field.name
    }

    /// Whether what the policy said is as expected.
    pub(super) fn holds(&self, said: &Json) -> bool {
        let found = (self.field.found)(said);
        let (wanted, there) = (elements(&self.value), elements(&found));
        match (self.field.how, &self.value, &found) {
            (How::Equal, expected, found) => expected == found,
            (How::Exactly, ..) => {
                wanted.iter().all(|one| there.contains(one))
                    && there.iter().all(|one| wanted.contains(one))
            }
            (How::Include, ..) => wanted.iter().all(|one| there.contains(one)),
            (How::Exclude, ..) => !wanted.iter().any(|one| there.contains(one)),
            (How::Says, Json::String(part), Json::String(whole)) => whole.contains(part),
            (How::AtLeast, Json::Number(least), Json::Number(found)) => found >= least,
            (How::AtMost, Json::Number(most), Json::Number(found)) => found <= most,
            (How::Says | How::AtLeast | How::AtMost, ..) => false,
        }
    }

    /// What was expected, and what was found.
    pub(super) fn told(&self, said: &Json) -> String {
        let wish = match self.field.how {
            How::Equal => "",
            How::Exactly => "exactly ",
            How::Include => "at least ",
            How::Exclude => "none of ",
            How::Says => "a text with ",
            How::AtLeast => "no less than ",
            How::AtMost => "no more than ",
        };
        let found = (self.field.found)(said);
        let (expected, found) = (shown(&self.value), shown(&found));
        format!("`{}`: expected {wish}{expected}, found {found}", self.field.name)
    }
}

fn shown(value: &Json) -> String {
    if *value == Json::Null { "nothing".to_owned() } else { value.canonical() }
}

fn elements(value: &Json) -> &[Json] {
    match value {
        Json::Array(values) => values,
        _ => &[],
    }
}

/// The value at a pointer; nothing where there is none.
fn at(said: &Json, pointer: &str) -> Json {
    let found = match said {
        Json::Object(fields) => at_pointer(fields, pointer),
        _ => None,
    };
    found.cloned().unwrap_or(Json::Null)
}

/// What stands at a pointer in each element of a list.
fn each(said: &Json, list: &str, pointer: &str) -> Json {
    Json::Array(elements(&at(said, list)).iter().map(|element| at(element, pointer)).collect())
}

/// A closed set of words; the macro that makes one gives each a reader.
trait Word: Sized {
    fn read_word(node: Node<'_>) -> Read<Self>;
}

macro_rules! words_of {
    ($($name:ty),+) => {
        $(impl Word for $name {
            fn read_word(node: Node<'_>) -> Read<Self> {
                Self::read(node)
            }
        })+
    };
}

words_of!(Disposition, RiskLevel, GateVerdict, Reversibility, Enforcement, Effect);

fn one_of<T: Word>(node: Node<'_>) -> Read<()> {
    T::read_word(node).map(|_| ())
}

fn effects(node: Node<'_>) -> Read<()> {
    node.list(LIST_LENGTH_MAX, one_of::<Effect>).map(|_| ())
}

fn name(node: Node<'_>) -> Read<()> {
    node.filled_text(NAME_LENGTH_MAX).map(|_| ())
}

fn names(node: Node<'_>) -> Read<()> {
    node.list(LIST_LENGTH_MAX, name).map(|_| ())
}

fn text(node: Node<'_>) -> Read<()> {
    node.filled_text(NOTE_LENGTH_MAX).map(|_| ())
}

fn truth(node: Node<'_>) -> Read<()> {
    node.bool().map(|_| ())
}

fn score(node: Node<'_>) -> Read<()> {
    node.score().map(|_| ())
}

fn count(node: Node<'_>) -> Read<()> {
    node.integer(0, 3).map(|_| ())
}

fn quorum(node: Node<'_>) -> Read<()> {
    node.integer(0, QUORUM_MAX).map(|_| ())
}

fn authority(node: Node<'_>) -> Read<()> {
    Authority::read(node).map(|_| ())
}

fn authorities(node: Node<'_>) -> Read<()> {
    node.list(LIST_LENGTH_MAX, authority).map(|_| ())
}

/// Compared as it is written, so it is written as the policy answers.
fn instant(node: Node<'_>) -> Read<()> {
    let written = node.timestamp()?.to_string();
    if node.str()? == written {
        return Ok(());
    }
    Err(node
        .invalid("an instant is answered in UTC with milliseconds", format!("write `{written}`")))
}
