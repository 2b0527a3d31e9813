//! Reads records from JSON values: with limits, the path to each fault, and what to do about it.
//!
//! One reader for what callers send, what the store holds, and what policies say, so that a field
//! is described once and a fault is told the same way everywhere.

use crate::error::{ErrorCode, Fault};
use crate::json::{INTEGER_MAX, Json, format_number};
use crate::limits::UNKNOWN_FIELDS_MAX;
use crate::map::BTreeMap;
use crate::units::{Id, Score, TimestampMs};

/// The result of reading.
pub type Read<T> = Result<T, Fault>;

/// One value and where it stands.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    value: &'a Json,
    place: Place<'a>,
}

/// Where a value stands; written out as a JSON Pointer only when something is wrong.
#[derive(Clone, Copy)]
enum Place<'a> {
    Root,
    Key(&'a Place<'a>, &'a str),
    Index(&'a Place<'a>, usize),
}

impl Place<'_> {
    fn pointer(self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Key(parent, key) => {
                format!("{}/{}", parent.pointer(), key.replace('~', "~0").replace('/', "~1"))
            }
            Self::Index(parent, index) => format!("{}/{index}", parent.pointer()),
        }
    }
}

impl<'a> Node<'a> {
    /// The whole of a document.
    #[must_use]
    pub const fn root(value: &'a Json) -> Self {
        Self { value, place: Place::Root }
    }

    /// The value as it stands.
    #[must_use]
    pub const fn json(&self) -> &'a Json {
        self.value
    }

    /// JSON Pointer to this value.
    #[must_use]
    pub fn pointer(&self) -> String {
        self.place.pointer()
    }

    /// A fault at this value.
    #[must_use]
    pub fn fault(
        &self,
        code: ErrorCode,
        detail: impl Into<String>,
        help: impl Into<String>,
    ) -> Fault {
        self.told(code, detail.into(), help.into())
    }

    #[inline(never)]
    fn told(&self, code: ErrorCode, detail: String, help: String) -> Fault {
        Fault::new(code, self.pointer(), detail, help)
    }

    /// `invalid_field` at this value.
    #[must_use]
    pub fn invalid(&self, detail: impl Into<String>, help: impl Into<String>) -> Fault {
        self.fault(ErrorCode::InvalidField, detail, help)
    }

    #[inline(never)]
    fn not(&self, wanted: &str) -> Fault {
        self.invalid(
            format!("expected {wanted}, got {}", self.value.kind()),
            format!("send {wanted}"),
        )
    }

    /// The fields of an object.
    #[inline(never)]
    pub fn object(self) -> Read<Fields<'a>> {
        match self.value {
            Json::Object(fields) => Ok(Fields { node: self, fields, seen: Vec::new() }),
            _ => Err(self.not("an object")),
        }
    }

    /// Each element of an array of at most `length_max`.
    pub fn list<T>(self, length_max: usize, read: impl Fn(Node<'_>) -> Read<T>) -> Read<Vec<T>> {
        // A loop, because collecting brings its machinery into the module for every type.
        let mut list = Vec::new();
        for (index, value) in self.elements(length_max)?.iter().enumerate() {
            list.push(read(Node { value, place: Place::Index(&self.place, index) })?);
        }
        Ok(list)
    }

    #[inline(never)]
    fn elements(&self, length_max: usize) -> Read<&'a [Json]> {
        let Json::Array(values) = self.value else {
            return Err(self.not("an array"));
        };
        if values.len() > length_max {
            return Err(self.fault(
                ErrorCode::LimitExceeded,
                format!("{} entries, at most {length_max} are taken", values.len()),
                "send fewer entries",
            ));
        }
        Ok(values)
    }

    /// Each value of an object of at most `length_max` keys.
    pub fn map<T>(
        self,
        length_max: usize,
        read: impl Fn(Node<'_>) -> Read<T>,
    ) -> Read<BTreeMap<String, T>> {
        // Inserting one by one, because collecting brings a sort into the module for every type.
        let mut values = BTreeMap::new();
        for (key, value) in self.entries(length_max)? {
            let place = Place::Key(&self.place, key);
            values.insert(key.clone(), read(Node { value, place })?);
        }
        Ok(values)
    }

    #[inline(never)]
    fn entries(&self, length_max: usize) -> Read<&'a BTreeMap<String, Json>> {
        let Json::Object(fields) = self.value else {
            return Err(self.not("an object"));
        };
        if fields.len() > length_max {
            return Err(self.fault(
                ErrorCode::LimitExceeded,
                format!("{} keys, at most {length_max} are taken", fields.len()),
                "send fewer keys",
            ));
        }
        Ok(fields)
    }

    /// A boolean.
    #[inline(never)]
    pub fn bool(self) -> Read<bool> {
        match self.value {
            Json::Bool(value) => Ok(*value),
            _ => Err(self.not("`true` or `false`")),
        }
    }

    /// A finite number.
    #[inline(never)]
    pub fn number(self) -> Read<f64> {
        match self.value {
            Json::Number(value) => Ok(*value),
            _ => Err(self.not("a number")),
        }
    }

    /// A whole number from `min` to `max`, both included.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "only whole numbers of at most 2^53 are cast"
    )]
    #[inline(never)]
    pub fn integer(self, min: i64, max: i64) -> Read<i64> {
        let value = self.number()?;
        #[expect(clippy::cast_precision_loss, reason = "2^53 - 1 is exact")]
        let whole = value.fract() == 0.0 && value.abs() <= INTEGER_MAX as f64;
        let integer = value as i64;
        if !whole || integer < min || integer > max {
            let help = format!("send a whole number from {min} to {max}");
            return Err(self.invalid(
                format!("`{}` is not a whole number from {min} to {max}", format_number(value)),
                help,
            ));
        }
        Ok(integer)
    }

    /// A score in [0, 1].
    #[inline(never)]
    pub fn score(self) -> Read<Score> {
        let value = self.number()?;
        Score::new(value).ok_or_else(|| {
            self.invalid(
                format!("`{}` is not in [0, 1]", format_number(value)),
                "send a number from 0 to 1, or leave it out",
            )
        })
    }

    /// A string as it stands.
    pub fn str(self) -> Read<&'a str> {
        match self.value {
            Json::String(value) => Ok(value),
            _ => Err(self.not("a string")),
        }
    }

    /// A text of at most `length_max` characters; may be empty.
    #[inline(never)]
    pub fn text(self, length_max: usize) -> Read<String> {
        let text = self.str()?;
        let length = text.chars().count();
        if length > length_max {
            return Err(self.fault(
                ErrorCode::LimitExceeded,
                format!("{length} characters, at most {length_max} are taken"),
                "send a shorter text",
            ));
        }
        Ok(text.to_owned())
    }

    /// A text of at most `length_max` characters that says something.
    #[inline(never)]
    pub fn filled_text(self, length_max: usize) -> Read<String> {
        let text = self.text(length_max)?;
        if text.trim().is_empty() {
            return Err(self.invalid("the text is empty", "send a text, or leave the field out"));
        }
        Ok(text)
    }

    /// An identifier.
    #[inline(never)]
    pub fn id(self) -> Read<Id> {
        let text = self.str()?;
        Id::new(text).ok_or_else(|| {
            self.invalid(
                "an identifier is 1 to 128 printable ASCII characters without spaces",
                "send such an identifier",
            )
        })
    }

    /// An instant in RFC 3339.
    #[inline(never)]
    pub fn timestamp(self) -> Read<TimestampMs> {
        let text = self.str()?;
        TimestampMs::parse(text).ok_or_else(|| {
            self.invalid(
                format!("`{}` is not a time in RFC 3339", excerpt(text)),
                "send a time such as `2026-05-09T18:00:00Z`",
            )
        })
    }

    /// One of a fixed set of words.
    pub fn word<T: Copy>(self, words: &[(&str, T)]) -> Read<T> {
        let text = self.str()?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(*value);
        }
        let mut known = Vec::new();
        for (word, _) in words {
            known.push(*word);
        }
        Err(self.unknown_word(text, &known))
    }

    #[inline(never)]
    fn unknown_word(&self, text: &str, known: &[&str]) -> Fault {
        self.invalid(
            format!("`{}` is not one of {}", excerpt(text), quoted(known)),
            suggestion(text, known).unwrap_or_else(|| "send one of them".to_owned()),
        )
    }
}

/// [`Node::bool`] to be passed by name.
///
/// # Errors
/// As the method, and so for the other functions of this kind.
pub fn bool(node: Node<'_>) -> Read<bool> {
    node.bool()
}

/// [`Node::number`] to be passed by name.
pub fn number(node: Node<'_>) -> Read<f64> {
    node.number()
}

/// [`Node::score`] to be passed by name.
pub fn score(node: Node<'_>) -> Read<Score> {
    node.score()
}

/// [`Node::id`] to be passed by name.
pub fn id(node: Node<'_>) -> Read<Id> {
    node.id()
}

/// [`Node::timestamp`] to be passed by name.
pub fn timestamp(node: Node<'_>) -> Read<TimestampMs> {
    node.timestamp()
}

/// The fields of one object, each read once; what is left over is unknown.
pub struct Fields<'a> {
    node: Node<'a>,
    fields: &'a BTreeMap<String, Json>,
    seen: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// The object itself.
    #[must_use]
    pub const fn node(&self) -> Node<'a> {
        self.node
    }

    /// Whether the field stands there, `null` or not.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.fields.contains_key(key)
    }

    /// A field that may be absent or `null`.
    pub fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(Node<'_>) -> Read<T>,
    ) -> Read<Option<T>> {
        self.field(key).map(read).transpose()
    }

    /// A field that must stand there.
    pub fn required<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(Node<'_>) -> Read<T>,
    ) -> Read<T> {
        match self.field(key) {
            Some(node) => read(node),
            None => Err(self.missing(key)),
        }
    }

    #[inline(never)]
    fn field(&mut self, key: &'static str) -> Option<Node<'_>> {
        self.seen.push(key);
        let value = self.fields.get(key).filter(|value| !matches!(value, Json::Null))?;
        Some(Node { value, place: Place::Key(&self.node.place, key) })
    }

    #[inline(never)]
    fn missing(&self, key: &'static str) -> Fault {
        Fault::new(
            ErrorCode::InvalidField,
            Place::Key(&self.node.place, key).pointer(),
            format!("`{key}` is missing"),
            format!("add `{key}`"),
        )
    }

    /// A list that is empty where it is absent.
    pub fn list<T>(
        &mut self,
        key: &'static str,
        length_max: usize,
        read: impl Fn(Node<'_>) -> Read<T>,
    ) -> Read<Vec<T>> {
        match self.field(key) {
            Some(node) => node.list(length_max, read),
            None => Ok(Vec::new()),
        }
    }

    /// Ends the reading where unknown fields are refused: policies, decisions, commands.
    pub fn finish(self) -> Read<()> {
        let Some(unknown) = self.fields.keys().find(|key| !self.seen.contains(&key.as_str()))
        else {
            return Ok(());
        };
        let help = suggestion(unknown, &self.seen)
            .unwrap_or_else(|| format!("take it out; known here: {}", quoted(&self.seen)));
        Err(Fault::new(
            ErrorCode::UnknownField,
            Place::Key(&self.node.place, unknown).pointer(),
            format!("the field `{}` is not known", excerpt(unknown)),
            help,
        ))
    }

    /// Ends the reading where unknown fields are only listed: requests and cases from an edge that
    /// may be newer than this reader. Gives their JSON Pointers, the first few by name.
    #[must_use]
    pub fn finish_listing_unknown(self) -> Vec<String> {
        let is_unknown = |key: &&String| !self.seen.contains(&key.as_str());
        self.fields
            .keys()
            .filter(is_unknown)
            .take(UNKNOWN_FIELDS_MAX)
            .map(|key| Place::Key(&self.node.place, excerpt_key(key)).pointer())
            .collect()
    }
}

/// Puts texts into order, each once. They are few, and inserting each brings no sort into the module.
#[inline(never)]
pub(crate) fn sort_once(texts: &mut Vec<String>) {
    let mut ordered: Vec<String> = Vec::with_capacity(texts.len());
    for text in texts.drain(..) {
        if let Err(at) = ordered.binary_search(&text) {
            ordered.insert(at, text);
        }
    }
    *texts = ordered;
}

/// Names in backticks with commas between.
#[must_use]
pub fn quoted(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// `did you mean …?` where one of the known names is near.
#[must_use]
pub fn suggestion(name: &str, known: &[&str]) -> Option<String> {
    let name = excerpt(name);
    let nearest =
        known.iter().map(|candidate| (edit_distance(&name, candidate), candidate)).min()?;
    let near = nearest.0 <= 1 + name.chars().count() / 4;
    near.then(|| format!("did you mean `{}`?", nearest.1))
}

/// The first characters of a text that came from outside, for messages.
#[must_use]
pub fn excerpt(text: &str) -> String {
    const LENGTH_MAX: usize = 80;
    let mut short: String = text.chars().take(LENGTH_MAX).collect();
    if text.chars().nth(LENGTH_MAX).is_some() {
        short.push('…');
    }
    short
}

/// A key that is too long to be repeated is left out of the list's names.
fn excerpt_key(key: &str) -> &str {
    if key.len() <= 128 { key } else { "…" }
}

fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, from) in left.chars().enumerate() {
        let mut next = vec![index + 1];
        for ((to, above), diagonal) in right.iter().zip(row.iter().skip(1)).zip(&row) {
            let beside = next.last().copied().unwrap_or(0);
            let replaced = diagonal + usize::from(from != *to);
            next.push(replaced.min(above + 1).min(beside + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
