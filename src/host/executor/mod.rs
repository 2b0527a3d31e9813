//! Executors: who does what was approved. The operator names each with its address, the tools that
//! it runs, and what it promises; the host holds the credential and calls it.
//!
//! A request is signed as a webhook is, names the time after which it must not be acted on, and
//! carries the same idempotency key however often it is sent. Whether something happened is taken
//! from an answer that names key and digest, and from nothing else.

pub mod carry;
pub mod messages;
mod worker;

use std::collections::BTreeMap;
use std::path::Path;

pub(in crate::host) use carry::{reconsider, stop_plan};
pub use worker::run;

use crate::compile::{Diagnostic, read_duration, read_toml};
use crate::execution::Guarantee;
use crate::host::webhook::address::Target;
use crate::limits;
use crate::read::{Node, Read};

/// Executors of one host.
const EXECUTORS_MAX: usize = 200;
/// How long a call may take where the operator does not say, in milliseconds.
const TIMEOUT_MS: i64 = 10_000;
const TIMEOUT_MS_MAX: i64 = 5 * 60_000;
/// How long a key is kept where the operator does not say, in milliseconds.
const KEY_KEPT_MS: i64 = 24 * 60 * 60 * 1_000;

/// One executor, as the operator describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Executor {
    /// Its name.
    pub id: String,
    /// Its address, as it is written.
    pub url: String,
    /// Where it is.
    pub target: Target,
    /// Names of the tools that it runs; `*` at the end of one stands for any characters.
    pub tools: Vec<String>,
    /// What it promises of a request that comes twice.
    pub guarantee: Guarantee,
    /// How long it heeds our key, in milliseconds.
    pub key_kept_ms: i64,
    /// Whether it can say beforehand what it would do.
    pub previews: bool,
    /// How long a call may take, in milliseconds.
    pub timeout_ms: i64,
}

/// Every executor of this host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Executors(Vec<Executor>);

impl Executors {
    /// Reads the operator's file.
    ///
    /// # Errors
    /// Every fault, with its place.
    pub fn read_file(path: &Path) -> Result<Self, String> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| format!("`{name}`: {error}"))?;
        Self::parse(&text, &name).map_err(|diagnostics| {
            let told: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
            told.join("\n")
        })
    }

    /// Reads the text of such a file.
    ///
    /// # Errors
    /// Every fault, with its place.
    pub fn parse(text: &str, file: &str) -> Result<Self, Vec<Diagnostic>> {
        read_toml(text, file, Self::read)
    }

    fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let executors = fields.list("executor", EXECUTORS_MAX, Executor::read)?;
        fields.finish()?;
        let mut seen = BTreeMap::new();
        for executor in &executors {
            let names = executor.tools.iter().map(String::as_str).chain([executor.id.as_str()]);
            for name in names {
                if let Some(other) = seen.insert(name.to_owned(), &executor.id) {
                    let detail = format!("`{name}` stands in `{other}` and in `{}`", executor.id);
                    return Err(node.invalid(detail, "name each executor and each tool once"));
                }
            }
        }
        Ok(Self(executors))
    }

    /// The executor of that name.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Executor> {
        self.0.iter().find(|executor| executor.id == id)
    }

    /// Every executor, in the file's order.
    pub fn iter(&self) -> impl Iterator<Item = &Executor> {
        self.0.iter()
    }

    /// The executor that runs a tool: the exact name before a pattern, the longer pattern first.
    #[must_use]
    pub fn of_tool(&self, tool: &str) -> Option<&Executor> {
        let takes = |pattern: &str| match pattern.strip_suffix('*') {
            Some(prefix) => tool.starts_with(prefix).then_some(prefix.len()),
            None => (pattern == tool).then_some(usize::MAX),
        };
        let found = self.0.iter().flat_map(|executor| {
            executor.tools.iter().filter_map(move |name| Some((takes(name)?, executor)))
        });
        found.max_by_key(|(weight, _)| *weight).map(|(_, executor)| executor)
    }
}

impl Executor {
    fn read(node: Node<'_>) -> Read<Self> {
        let name = |node: Node<'_>| node.filled_text(limits::NAME_LENGTH_MAX);
        let address = |node: Node<'_>| {
            let url = node.str()?;
            let target = Target::parse_operators(url);
            let target = target.map_err(|detail| node.invalid(detail, "give an address"))?;
            Ok((url.to_owned(), target))
        };
        // A pattern that no tool's name fits would leave what is approved waiting, without a word.
        let tool = |node: Node<'_>| {
            let tool = name(node)?;
            let stem = tool.strip_suffix('*').unwrap_or(&tool);
            let fits = !stem.contains('*') && !stem.contains(char::is_whitespace);
            let detail = format!("`{}` is not a tool's name", crate::read::excerpt(&tool));
            let help = "write a name, or the beginning of names with `*` at the end";
            fits.then_some(tool).ok_or_else(|| node.invalid(detail, help))
        };
        let mut fields = node.object()?;
        let (url, target) = fields.required("url", address)?;
        let executor = Self {
            id: fields.required("id", name)?,
            url,
            target,
            tools: fields.list("tools", limits::TOOLS_MAX, tool)?,
            guarantee: fields.optional("guarantee", Guarantee::read)?.unwrap_or(Guarantee::None),
            key_kept_ms: fields.optional("key_kept", read_duration)?.unwrap_or(KEY_KEPT_MS),
            previews: fields.optional("previews", crate::read::bool)?.unwrap_or(false),
            timeout_ms: fields
                .optional("timeout", |node| {
                    let timeout_ms = read_duration(node)?;
                    (100..=TIMEOUT_MS_MAX).contains(&timeout_ms).then_some(timeout_ms).ok_or_else(
                        || node.invalid("not from 100 ms to 5 min", "write such as `10 s`"),
                    )
                })?
                .unwrap_or(TIMEOUT_MS),
        };
        fields.finish()?;
        if executor.tools.is_empty() {
            let detail = format!("the executor `{}` runs no tool", executor.id);
            return Err(node.invalid(detail, "list its `tools`"));
        }
        Ok(executor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
[[executor]]
id = "payments"
url = "http://127.0.0.1:9100/actions"
tools = ["billing.refund", "billing.*"]
guarantee = "idempotent"
key_kept = "48 h"
previews = true

[[executor]]
id = "mail"
url = "https://mail.example.com/send"
tools = ["mail.send", "billing.invoice.*"]
timeout = "2 s"
"#;

    #[test]
    fn the_exact_name_goes_before_a_pattern_and_the_longer_pattern_first() {
        let executors = Executors::parse(FILE, "executors.toml").unwrap();
        let of = |tool| executors.of_tool(tool).map(|executor| executor.id.as_str());
        assert_eq!(of("billing.refund"), Some("payments"));
        assert_eq!(of("billing.charge"), Some("payments"));
        assert_eq!(of("billing.invoice.send"), Some("mail"));
        assert_eq!(of("mail.send.bulk"), None);
        let mail = executors.get("mail").unwrap();
        assert_eq!(
            (mail.guarantee, mail.timeout_ms, mail.previews),
            (Guarantee::None, 2_000, false)
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, line, told) in [
            ("[[executor]]\nid = \"a\"\ntools = []\n", 1, "url"),
            ("[[executor]]\nid = \"a\"\nurl = \"ftp://x.y/\"\n", 3, "https"),
            ("[[executor]]\nid = \"a\"\nurl = \"http://h/\"\nguarante = \"none\"\n", 4, "guarante"),
            ("[[executor]]\nid = \"a\"\nurl = \"http://h/\"\ntimeout = \"1 ms\"\n", 4, "100 ms"),
            ("[[executor]]\nid = \"a\"\nurl = \"http://h/\"\nguarantee = \"once\"\n", 4, "once"),
            ("[[executor]]\nid = \"a\"\nurl = \"http://h/\"\ntools = []\n", 1, "runs no tool"),
            ("[[executor]]\nid = \"a\"\nurl = \"http://h/\"\ntools = [\"a.*.b\"]\n", 4, "`a.*.b`"),
            ("[[executor]]\nid = \"a\"\nurl = \"http://h/\"\ntools = [\"a b\"]\n", 4, "`a b`"),
            (
                "[[executor]]\nid = \"a\"\nurl = \"http://h/\"\ntools = [\"x\", \"x\"]\n",
                1,
                "`x` stands in",
            ),
        ] {
            let diagnostics = Executors::parse(text, "executors.toml").unwrap_err();
            let first = diagnostics.first().unwrap();
            assert_eq!(first.line, line, "{text}: {first}");
            assert!(first.to_string().contains(told), "{text}: {first}");
        }
    }
}
