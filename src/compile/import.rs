//! Drafts `[[tool]]` entries from what a tool server or an interface says of itself: a tool list of
//! the Model Context Protocol, or an OpenAPI document.
//!
//! A draft is where a reviewer begins. Whatever the document says of itself, every entry asks for
//! approval, and each says in a comment what it was taken for and why.

use std::collections::BTreeMap;

use crate::error::{ErrorCode, Fault};
use crate::impact::{Effect, Reversibility};
use crate::inference::{self, Inference, ToolHints, ToolInfo, of_schema};
use crate::json::Json;
use crate::limits::{FACTS_MAX, NAME_LENGTH_MAX, TEXT_LENGTH_MAX, TOOLS_MAX};
use crate::read::{Node, Read};
use crate::request::{Action, RiskLevel};

/// What one tool says of itself.
struct Described {
    name: String,
    info: ToolInfo,
    required: Vec<String>,
}

/// The draft, as text to be put into a policy.
///
/// # Errors
/// `invalid_field` where the document is neither, `limit_exceeded` where it is too large.
pub fn draft_tools(document: &Json) -> Read<String> {
    let tools = described(document)?;
    if tools.len() > TOOLS_MAX {
        let detail = format!("{} tools, at most {TOOLS_MAX} are taken", tools.len());
        return Err(Fault::new(ErrorCode::LimitExceeded, "", detail, "send fewer tools"));
    }
    let mut text = String::from(
        "# Drafted from what the tools say of themselves; nobody has looked at them yet.\n# Every entry asks for approval until somebody did: see each REVIEW.\n",
    );
    let mut names: Vec<&str> = Vec::new();
    for tool in &tools {
        if names.contains(&tool.name.as_str()) {
            text.push_str(&format!(
                "\n# REVIEW: {} stands twice; left out here\n",
                plain(&tool.name)
            ));
            continue;
        }
        if tool.name.contains('*') || tool.name.trim().is_empty() {
            let name = plain(&tool.name);
            text.push_str(&format!(
                "\n# REVIEW: `{name}` cannot be a name in a policy; left out\n"
            ));
            continue;
        }
        names.push(&tool.name);
        text.push_str(&entry(tool));
    }
    Ok(text)
}

fn entry(tool: &Described) -> String {
    let action = Action {
        tool: tool.name.clone(),
        arguments: BTreeMap::new(),
        tool_info: Some(tool.info.clone()),
    };
    let inference = inference::infer(&action);
    let reads = inference.reads && inference.reversibility == Reversibility::ReadOnly;
    let mut text = String::from("\n");
    text.push_str(if reads {
        "# REVIEW: seems to look only; take `verdict` out once somebody made sure\n"
    } else {
        "# REVIEW: effects, reversibility, tier, and who may approve it\n"
    });
    for line in comments(tool, &inference) {
        text.push_str(&format!("# {line}\n"));
    }
    text.push_str("[[tool]]\n");
    text.push_str(&format!("names = [{}]\n", quoted(&tool.name)));
    text.push_str(&format!("title = {}\n", quoted(&title(&tool.name))));
    if reads {
        text.push_str("reversibility = \"read_only\"\n");
    } else {
        let mut effects = inference.effects.clone();
        if effects.is_empty() {
            effects.push(Effect::ExternalState);
        }
        let effects: Vec<String> = effects.iter().map(|effect| format!("\"{effect}\"")).collect();
        text.push_str(&format!("effects = [{}]\n", effects.join(", ")));
        let reversibility = inference.reversibility.max(Reversibility::Reversible);
        text.push_str(&format!("reversibility = \"{reversibility}\"\n"));
        text.push_str(&format!("tier = \"{}\"\n", inference.tier.max(RiskLevel::Medium)));
    }
    text.push_str("verdict = \"require_approval\"\n");
    if !tool.info.arguments.is_empty() && tool.info.arguments.len() <= FACTS_MAX {
        let arguments = tool.info.arguments.iter().map(|argument| {
            let optional = if tool.required.contains(&argument.name) { "" } else { "?" };
            let word = match argument.argument_type.as_deref() {
                Some("string") => "string",
                Some("number") => "number",
                Some("integer") => "integer",
                Some("boolean") => "bool",
                Some("array") => "list",
                Some("object") => "object",
                _ => "any",
            };
            format!("{} = \"{word}{optional}\"", quoted(&argument.name))
        });
        let arguments: Vec<String> = arguments.collect();
        text.push_str(&format!("arguments = {{ {} }}\n", arguments.join(", ")));
    }
    text
}

fn comments(tool: &Described, inference: &Inference) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(description) = &tool.info.description {
        lines.push(format!("it says: {}", plain(description)));
    }
    for seen in &inference.seen {
        lines.push(format!("{} `{}`: {}", seen.source, plain(&seen.saw), seen.says));
    }
    if inference.moves_money {
        lines.push("if it moves money: add `amount` and `currency` or `fixed_currency`".to_owned());
    }
    lines.extend(inference.unseen.iter().map(|unseen| format!("not seen: {}", plain(unseen))));
    lines
}

/// `delete_file` as `Delete file`.
fn title(name: &str) -> String {
    let spaced: String = name
        .chars()
        .map(|character| if character.is_alphanumeric() { character } else { ' ' })
        .collect();
    let words = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut letters = words.chars();
    let first: String =
        letters.next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default();
    let title: String =
        format!("{first}{}", letters.as_str()).chars().take(NAME_LENGTH_MAX).collect();
    if title.is_empty() { "Unnamed".to_owned() } else { title }
}

/// A text from outside inside a comment: one line, and nothing that a reader does not see.
fn plain(text: &str) -> String {
    const LENGTH_MAX: usize = 160;
    let shown = |character: char| {
        let hidden = character.is_control()
            || matches!(u32::from(character), 0xad | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff | 0xe0000..=0xe0fff);
        if hidden { ' ' } else { character }
    };
    text.chars().map(shown).take(LENGTH_MAX).collect::<String>().trim().to_owned()
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            _ if character.is_control() => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

fn described(document: &Json) -> Read<Vec<Described>> {
    let node = Node::root(document);
    if let Json::Object(fields) = document {
        if let Some(result) = fields.get("result") {
            return described(result);
        }
        if let Some(Json::Array(tools)) = fields.get("tools") {
            return tools.iter().map(of_protocol).collect();
        }
        if let Some(Json::Object(paths)) = fields.get("paths") {
            return Ok(paths.iter().flat_map(|(path, item)| of_path(path, item)).collect());
        }
    }
    if let Json::Array(tools) = document {
        return tools.iter().map(of_protocol).collect();
    }
    let help = "give the answer to `tools/list`, or an OpenAPI document in JSON";
    Err(node.invalid("neither a list of tools nor an OpenAPI document", help))
}

fn of_protocol(tool: &Json) -> Read<Described> {
    let node = Node::root(tool);
    let name = node.object()?.required("name", |node| node.text(NAME_LENGTH_MAX))?;
    let required = field(tool, "inputSchema").map(required_of).unwrap_or_default();
    Ok(Described { name, info: ToolInfo::read(node)?, required })
}

fn of_path(path: &str, item: &Json) -> Vec<Described> {
    const METHODS: [&str; 8] =
        ["get", "head", "options", "put", "post", "patch", "delete", "trace"];
    let operations = METHODS.iter().filter_map(|method| Some((*method, field(item, method)?)));
    operations.map(|(method, operation)| of_operation(path, method, item, operation)).collect()
}

fn of_operation(path: &str, method: &str, item: &Json, operation: &Json) -> Described {
    let short = |text: &str, length_max: usize| text.chars().take(length_max).collect::<String>();
    let name = match text_of(operation, "operationId") {
        Some(id) => id.to_owned(),
        None => format!("{method} {path}"),
    };
    let told = ["summary", "description"].iter().filter_map(|key| text_of(operation, key));
    let description = told.collect::<Vec<_>>().join(". ");
    let mut arguments = BTreeMap::new();
    let mut required = Vec::new();
    let parameters =
        [item, operation].into_iter().filter_map(|place| match field(place, "parameters") {
            Some(Json::Array(parameters)) => Some(parameters),
            _ => None,
        });
    for parameter in parameters.flatten() {
        let Some(name) = text_of(parameter, "name") else {
            continue;
        };
        let schema = field(parameter, "schema").unwrap_or(parameter);
        arguments.insert(short(name, NAME_LENGTH_MAX), text_of(schema, "type").map(str::to_owned));
        if field(parameter, "required") == Some(&Json::Bool(true)) {
            required.push(name.to_owned());
        }
    }
    let body = ["requestBody", "content", "application/json", "schema"];
    if let Some(schema) = body.iter().try_fold(operation, |place, key| field(place, key)) {
        required.extend(required_of(schema));
        let properties = of_schema(schema).into_iter();
        arguments.extend(properties.map(|property| (property.name, property.argument_type)));
    }
    let reads = matches!(method, "get" | "head" | "options" | "trace");
    let hints = ToolHints {
        read_only: Some(reads),
        destructive: (method == "delete").then_some(true),
        ..ToolHints::default()
    };
    let arguments = arguments
        .into_iter()
        .map(|(name, argument_type)| inference::ArgumentInfo { name, argument_type })
        .collect();
    let description = (!description.is_empty()).then(|| short(&description, TEXT_LENGTH_MAX));
    let info = ToolInfo { description, arguments, hints };
    Described { name: short(&name, NAME_LENGTH_MAX), info, required }
}

fn field<'a>(json: &'a Json, name: &str) -> Option<&'a Json> {
    match json {
        Json::Object(fields) => fields.get(name),
        _ => None,
    }
}

fn text_of<'a>(json: &'a Json, name: &str) -> Option<&'a str> {
    match field(json, name) {
        Some(Json::String(text)) => Some(text),
        _ => None,
    }
}

fn required_of(schema: &Json) -> Vec<String> {
    let Some(Json::Array(names)) = field(schema, "required") else {
        return Vec::new();
    };
    let text = |name: &Json| match name {
        Json::String(name) => Some(name.clone()),
        _ => None,
    };
    names.iter().filter_map(text).collect()
}
