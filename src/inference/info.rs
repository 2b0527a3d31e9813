//! What a caller says about a tool: description, arguments and hints, as tool servers publish them.
//!
//! None of it is trusted: it can raise what a tool is taken for, and never lower it.

use serde::Serialize;

use crate::json::Json;
use crate::limits;
use crate::read::{self, Node, Read};

/// What a caller says about a tool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ToolInfo {
    /// What the tool says that it does, at most 64,000 characters.
    pub description: Option<String>,
    /// The arguments that it takes, at most 256.
    pub arguments: Vec<ArgumentInfo>,
    /// What its server says of it.
    pub hints: ToolHints,
}

/// One argument that a tool takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ArgumentInfo {
    /// Its name.
    pub name: String,
    /// Its type, in the words of JSON Schema.
    #[serde(rename = "type")]
    pub argument_type: Option<String>,
}

/// The annotations of the Model Context Protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ToolHints {
    /// It changes nothing.
    pub read_only: Option<bool>,
    /// It may destroy something.
    pub destructive: Option<bool>,
    /// Once or twice is the same.
    pub idempotent: Option<bool>,
    /// It reaches what is outside.
    pub open_world: Option<bool>,
}

impl ToolInfo {
    /// Reads `{description, arguments, hints}`, or a tool as the Model Context Protocol lists it:
    /// `{description, inputSchema, annotations}`. Fields that are not known are passed over.
    ///
    /// # Errors
    /// `invalid_field` or `limit_exceeded`, with the path to the fault.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let description =
            fields.optional("description", |node| node.text(limits::TEXT_LENGTH_MAX))?;
        let mut arguments = fields.list("arguments", limits::LIST_LENGTH_MAX, read_argument)?;
        let schema = fields.optional("inputSchema", |node| Ok(of_schema(node.json())))?;
        arguments.extend(schema.unwrap_or_default());
        arguments.truncate(limits::LIST_LENGTH_MAX);
        let hints = fields.optional("hints", ToolHints::read)?;
        let annotations = fields.optional("annotations", ToolHints::read)?;
        let hints = hints.unwrap_or_default().or(annotations.unwrap_or_default());
        Ok(Self { description, arguments, hints })
    }
}

impl ToolHints {
    fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let mut either = |plain, theirs| {
            let first = fields.optional(plain, read::bool)?;
            Ok(first.or(fields.optional(theirs, read::bool)?))
        };
        Ok(Self {
            read_only: either("read_only", "readOnlyHint")?,
            destructive: either("destructive", "destructiveHint")?,
            idempotent: either("idempotent", "idempotentHint")?,
            open_world: either("open_world", "openWorldHint")?,
        })
    }

    fn or(self, other: Self) -> Self {
        Self {
            read_only: self.read_only.or(other.read_only),
            destructive: self.destructive.or(other.destructive),
            idempotent: self.idempotent.or(other.idempotent),
            open_world: self.open_world.or(other.open_world),
        }
    }
}

fn read_argument(node: Node<'_>) -> Read<ArgumentInfo> {
    let mut fields = node.object()?;
    Ok(ArgumentInfo {
        name: fields.required("name", |node| node.text(limits::NAME_LENGTH_MAX))?,
        argument_type: fields.optional("type", |node| node.text(limits::NAME_LENGTH_MAX))?,
    })
}

/// The properties of a JSON Schema, one level deep and without following references, so that a
/// schema that contains itself is as short as any other.
pub(crate) fn of_schema(schema: &Json) -> Vec<ArgumentInfo> {
    let field = |json: &Json, name: &str| match json {
        Json::Object(fields) => fields.get(name).cloned(),
        _ => None,
    };
    let Some(Json::Object(properties)) = field(schema, "properties") else {
        return Vec::new();
    };
    let short = |text: &str| text.chars().take(limits::NAME_LENGTH_MAX).collect::<String>();
    let arguments = properties.iter().take(limits::LIST_LENGTH_MAX).map(|(name, property)| {
        let argument_type = match field(property, "type") {
            Some(Json::String(word)) => Some(short(&word)),
            _ => None,
        };
        ArgumentInfo { name: short(name), argument_type }
    });
    arguments.collect()
}
