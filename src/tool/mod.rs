//! What a policy knows of tools: each tool's effects, where its arguments say how much and to whom,
//! the rules over actions, and the ladder of who may approve how much.
//!
//! A tool's own entry is where its classification begins; rules, amounts and words of the caller can
//! only raise it. A name that no entry takes is classified by the cautious entry for unknown tools.

mod names;

use serde::Serialize;

use crate::expr::Program;
use crate::fact::FactDeclaration;
use crate::impact::{Effect, Reversibility};
use crate::inference::ImpactModel;
use crate::json::Json;
use crate::limits;
use crate::map::BTreeMap;
use crate::money::{AmountUnit, Currency, Money, Rates};
use crate::policy::Authority;
use crate::read::{self, Node, Read};
use crate::request::RiskLevel;
use crate::tool::names::{clash, takes, weight};
use crate::word::words;

words! {
    /// What happens with an action, from the least to the most cautious.
    pub enum GateVerdict {
        /// It may be done.
        Allow = "allow",
        /// People approve it first.
        RequireApproval = "require_approval",
        /// It may not be done.
        Deny = "deny",
    }
}

words! {
    /// Who keeps a gate shut, from the weakest to the strongest.
    pub enum Enforcement {
        /// Nobody: the caller is trusted to ask.
        Advisory = "advisory",
        /// The host holds the credential and calls the tool itself.
        Host = "host",
        /// The executor takes nothing without the host's signature.
        Executor = "executor",
    }
}

words! {
    /// The type of one argument.
    pub enum ArgumentType {
        /// A text.
        String = "string",
        /// A number.
        Number = "number",
        /// A whole number of at most 2^53 − 1.
        Integer = "integer",
        /// `true` or `false`.
        Bool = "bool",
        /// An array.
        List = "list",
        /// An object.
        Object = "object",
        /// Anything but `null`.
        Any = "any",
    }
}

/// What one argument must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ArgumentRule {
    /// Its type.
    #[serde(rename = "type")]
    pub argument_type: ArgumentType,
    /// Whether it may not be left out.
    pub required: bool,
}

/// Where the arguments say how much money an action moves.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AmountAt {
    /// JSON Pointer into the arguments.
    pub pointer: String,
    /// The unit of the number there.
    pub unit: AmountUnit,
    /// JSON Pointer to the currency's code; `null` where the currency is fixed.
    pub currency_pointer: Option<String>,
    /// The currency, where the tool knows one only.
    pub currency: Option<Currency>,
}

/// What the policy says of one tool, or of a family of tools.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tool {
    /// Its names; `*` in one stands for any characters.
    pub names: Vec<String>,
    /// Its name for people.
    pub title: String,
    /// What it changes.
    pub effects: Vec<Effect>,
    /// How far that can be undone.
    pub reversibility: Reversibility,
    /// What is at stake at least.
    pub tier: RiskLevel,
    /// What happens with it where no rule asks for more.
    pub verdict: GateVerdict,
    /// Where its amount stands.
    pub amount: Option<AmountAt>,
    /// JSON Pointer to what it is done to.
    pub target: Option<String>,
    /// JSON Pointer to how many things it touches: a number, or a list.
    pub count: Option<String>,
    /// Its arguments; others are not known. `null` where the policy does not say.
    pub arguments: Option<BTreeMap<String, ArgumentRule>>,
    /// JSON Schema of the arguments as a whole; the host checks it before anybody is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub schema: Option<Json>,
    /// Who keeps its gate shut.
    pub enforcement: Enforcement,
    /// Who may approve it at least.
    pub authority: Authority,
    /// How many people approve it at least.
    pub quorum: i64,
    /// Whether they must see a preview first.
    pub preview_required: bool,
    /// How long an approval is waited for, in milliseconds.
    pub expires_ms: i64,
}

/// A rule over actions. It can only raise what a tool's entry says.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ImpactRule {
    /// Its name.
    pub id: String,
    /// When it fires; where that cannot be judged, it fires.
    pub when: Program,
    /// What happens with the action at least.
    pub then: GateVerdict,
    /// What is at stake at least.
    pub tier: Option<RiskLevel>,
    /// Who may approve it at least.
    pub authority: Option<Authority>,
    /// How many people approve it at least; 0 where the rule does not say.
    pub quorum: i64,
    /// Whether they must see a preview first.
    pub preview_required: bool,
    /// How long an approval is waited for at most, in milliseconds.
    pub expires_ms: Option<i64>,
    /// Why, in words; `{path}` stands for a fact's value.
    pub why: String,
}

/// One step of the ladder: who may approve up to which amount.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LadderStep {
    /// Whose ladder; `any` for the domains that have none of their own.
    pub domain: String,
    /// The level of authority.
    pub level: i64,
    /// What people of that level are called.
    pub title: String,
    /// Up to which amount, included; `null` on the last step.
    pub limit: Option<Money>,
    /// How many of them.
    pub quorum: i64,
}

/// Everything that a policy says of actions.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ActionPolicy {
    /// What currencies are worth.
    pub rates: Option<Rates>,
    /// The known tools.
    pub tools: Vec<Tool>,
    /// Every other tool.
    pub unknown_tool: Tool,
    /// The rules, in the order in which they are listed in a gate.
    pub rules: Vec<ImpactRule>,
    /// Who may approve how much.
    pub ladder: Vec<LadderStep>,
    /// What orders tools that it does not know; `null` where nothing does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub impact_model: Option<ImpactModel>,
}

/// What of a policy's actions cannot be evaluated: where, what, and what to do.
pub(crate) struct Problem {
    pub(crate) section: &'static str,
    pub(crate) index: usize,
    pub(crate) detail: String,
    pub(crate) help: String,
}

impl ActionPolicy {
    /// What holds where a policy says nothing of actions: every tool is unknown.
    #[must_use]
    pub fn cautious() -> Self {
        Self {
            rates: None,
            tools: Vec::new(),
            unknown_tool: Tool {
                names: Vec::new(),
                title: "Unknown tool".to_owned(),
                effects: vec![Effect::ExternalState],
                reversibility: Reversibility::Irreversible,
                tier: RiskLevel::High,
                verdict: GateVerdict::RequireApproval,
                amount: None,
                target: None,
                count: None,
                arguments: None,
                schema: None,
                enforcement: Enforcement::Advisory,
                authority: Authority { domain: "any".to_owned(), level: 2 },
                quorum: 1,
                preview_required: false,
                expires_ms: EXPIRES_MS,
            },
            rules: Vec::new(),
            ladder: Vec::new(),
            impact_model: None,
        }
    }

    /// The entry that takes the name: the exact name before a pattern, the longer pattern first.
    #[must_use]
    pub fn tool(&self, name: &str) -> Option<&Tool> {
        let mut best: Option<(usize, &Tool)> = None;
        for tool in &self.tools {
            for pattern in tool.names.iter().filter(|pattern| takes(pattern, name)) {
                let weight = weight(pattern);
                if best.is_none_or(|(heaviest, _)| weight > heaviest) {
                    best = Some((weight, tool));
                }
            }
        }
        best.map(|(_, tool)| tool)
    }

    /// The ladder of a domain, from its first step.
    pub fn ladder_of<'a>(&'a self, domain: &str) -> impl Iterator<Item = &'a LadderStep> {
        let own = self.ladder.iter().any(|step| step.domain == domain);
        let wanted = if own { domain.to_owned() } else { "any".to_owned() };
        self.ladder.iter().filter(move |step| step.domain == wanted)
    }

    /// Reads what a bundle says of actions.
    ///
    /// # Errors
    /// `invalid_field` or `unknown_field`, with the path to the fault.
    pub fn read(node: Node<'_>, facts: &[FactDeclaration]) -> Read<Self> {
        let mut fields = node.object()?;
        let actions = Self {
            rates: fields.optional("rates", Rates::read)?,
            tools: fields.list("tools", limits::TOOLS_MAX, Tool::read)?,
            unknown_tool: fields.required("unknown_tool", Tool::read)?,
            rules: fields
                .list("rules", limits::IMPACT_RULES_MAX, |node| ImpactRule::read(node, facts))?,
            ladder: fields.list("ladder", limits::LADDER_STEPS_MAX, LadderStep::read)?,
            impact_model: fields.optional("impact_model", ImpactModel::read)?,
        };
        fields.finish()?;
        match actions.problems().into_iter().next() {
            None => Ok(actions),
            Some(problem) => Err(crate::error::Fault {
                path: format!("{}/{}/{}", node.pointer(), problem.section, problem.index),
                ..node.invalid(problem.detail, problem.help)
            }),
        }
    }

    /// What is ambiguous or contradictory.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut names: Vec<&str> = Vec::new();
        for (index, tool) in self.tools.iter().enumerate() {
            let mut tell = |told: Option<(String, &str)>| {
                problems.extend(told.map(|(detail, help)| Problem {
                    section: "tools",
                    index,
                    detail,
                    help: help.to_owned(),
                }));
            };
            for name in &tool.names {
                tell(names.iter().find_map(|other| clash(name, other)));
                names.push(name);
            }
            tell(self.contradiction(tool));
        }
        for (index, step) in self.ladder.iter().enumerate() {
            let told = self.misstep(index, step);
            problems.extend(told.map(|(detail, help)| Problem {
                section: "ladder",
                index,
                detail,
                help: help.to_owned(),
            }));
        }
        problems
    }

    fn contradiction(&self, tool: &Tool) -> Option<(String, &'static str)> {
        let name = tool.names.first().map_or("unknown_tool", String::as_str);
        let moves_money = tool.effects.contains(&Effect::Money);
        let changes = tool.effects.iter().any(|effect| *effect != Effect::Data);
        let told = |detail: &str, help| Some((format!("`{name}` {detail}"), help));
        if tool.reversibility == Reversibility::ReadOnly && changes {
            return told("is read_only and changes something", "give it another `reversibility`");
        }
        tool.amount.as_ref()?;
        if !moves_money {
            return told("has an amount and no effect on money", "add `money` to `effects`");
        }
        if self.rates.is_none() {
            return told(
                "has an amount, and there is no base currency",
                "add [rates] with a `base`",
            );
        }
        if self.ladder_of(&tool.authority.domain).next().is_none() {
            return told(
                "has an amount, and nobody may approve one",
                "add an [[authority]] of its domain, or of `any`",
            );
        }
        None
    }

    fn misstep(&self, index: usize, step: &LadderStep) -> Option<(String, &'static str)> {
        let told = |detail: &str, help| {
            Some((format!("the step `{}` of `{}` {detail}", step.title, step.domain), help))
        };
        let base = self.rates.as_ref().map(|rates| rates.base);
        if base.is_none() || step.limit.is_some_and(|limit| Some(limit.currency()) != base) {
            return told("is not in the base currency", "write `limit` in the base of [rates]");
        }
        let after = self.ladder.iter().skip(index + 1);
        let Some(next) = after.into_iter().find(|next| next.domain == step.domain) else {
            let help = "add a last step without `limit`, for every amount above";
            return if step.limit.is_some() { told("ends at its limit", help) } else { None };
        };
        let rises = match (step.limit, next.limit) {
            (Some(limit), Some(above)) => limit.minor() < above.minor(),
            (limit, None) => limit.is_some(),
            (None, Some(_)) => false,
        };
        if !rises || next.level < step.level || next.quorum < step.quorum {
            return told(
                "is not under the next one",
                "write the steps of a domain from the least `limit`, `level` and `quorum` up",
            );
        }
        None
    }
}

/// How long an approval is waited for where nothing else is said: a day.
pub(crate) const EXPIRES_MS: i64 = 86_400_000;

impl Tool {
    fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let arguments = |node: Node<'_>| node.map(limits::FACTS_MAX, ArgumentRule::read);
        let tool = Self {
            names: fields.list("names", limits::LIST_LENGTH_MAX, read_tool_name)?,
            title: fields.required("title", read_name)?,
            effects: fields.list("effects", limits::LIST_LENGTH_MAX, Effect::read)?,
            reversibility: fields.required("reversibility", Reversibility::read)?,
            tier: fields.required("tier", RiskLevel::read)?,
            verdict: fields.required("verdict", GateVerdict::read)?,
            amount: fields.optional("amount", AmountAt::read)?,
            target: fields.optional("target", read_pointer)?,
            count: fields.optional("count", read_pointer)?,
            arguments: fields.optional("arguments", arguments)?,
            schema: fields.optional("schema", |node| Ok(node.json().clone()))?,
            enforcement: fields.required("enforcement", Enforcement::read)?,
            authority: fields.required("authority", Authority::read)?,
            quorum: fields.required("quorum", |node| node.integer(1, limits::QUORUM_MAX))?,
            preview_required: fields.required("preview_required", read::bool)?,
            expires_ms: fields.required("expires_ms", read_expiry)?,
        };
        fields.finish()?;
        Ok(tool)
    }
}

impl AmountAt {
    fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let amount = Self {
            pointer: fields.required("pointer", read_pointer)?,
            unit: fields.required("unit", AmountUnit::read)?,
            currency_pointer: fields.optional("currency_pointer", read_pointer)?,
            currency: fields.optional("currency", Currency::read)?,
        };
        fields.finish()?;
        Ok(amount)
    }
}

impl ArgumentRule {
    fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let rule = Self {
            argument_type: fields.required("type", ArgumentType::read)?,
            required: fields.required("required", read::bool)?,
        };
        fields.finish()?;
        Ok(rule)
    }

    /// Whether the value is of the type.
    #[must_use]
    pub fn takes(self, value: &Json) -> bool {
        let whole = |value: &Json| {
            let max = crate::json::INTEGER_MAX;
            Node::root(value).integer(-max, max).is_ok()
        };
        match self.argument_type {
            ArgumentType::String => matches!(value, Json::String(_)),
            ArgumentType::Number => matches!(value, Json::Number(_)),
            ArgumentType::Integer => whole(value),
            ArgumentType::Bool => matches!(value, Json::Bool(_)),
            ArgumentType::List => matches!(value, Json::Array(_)),
            ArgumentType::Object => matches!(value, Json::Object(_)),
            ArgumentType::Any => *value != Json::Null,
        }
    }
}

impl ImpactRule {
    fn read(node: Node<'_>, facts: &[FactDeclaration]) -> Read<Self> {
        let mut fields = node.object()?;
        let rule = Self {
            id: fields.required("id", read_name)?,
            when: fields.required("when", |node| Program::read(node, facts))?,
            then: fields.required("then", GateVerdict::read)?,
            tier: fields.optional("tier", RiskLevel::read)?,
            authority: fields.optional("authority", Authority::read)?,
            quorum: fields.required("quorum", |node| node.integer(0, limits::QUORUM_MAX))?,
            preview_required: fields.required("preview_required", read::bool)?,
            expires_ms: fields.optional("expires_ms", read_expiry)?,
            why: fields.required("why", |node| node.filled_text(limits::NOTE_LENGTH_MAX))?,
        };
        fields.finish()?;
        Ok(rule)
    }
}

impl LadderStep {
    fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let step = Self {
            domain: fields.required("domain", read_name)?,
            level: fields.required("level", |node| node.integer(0, 9))?,
            title: fields.required("title", read_name)?,
            limit: fields.optional("limit", Money::read)?,
            quorum: fields.required("quorum", |node| node.integer(1, limits::QUORUM_MAX))?,
        };
        fields.finish()?;
        Ok(step)
    }
}

/// Reads a JSON Pointer into the arguments.
pub(crate) fn read_pointer(node: Node<'_>) -> Read<String> {
    let pointer = node.filled_text(limits::NAME_LENGTH_MAX)?;
    if pointer.starts_with('/') {
        return Ok(pointer);
    }
    let detail = format!("`{}` is not a JSON Pointer", read::excerpt(&pointer));
    Err(node.invalid(detail, format!("write `/{}`", read::excerpt(&pointer))))
}

/// Reads a tool's name or pattern; a pattern says more than `*`.
pub(crate) fn read_tool_name(node: Node<'_>) -> Read<String> {
    let name = read_name(node)?;
    if name.chars().any(|character| character != '*') && !name.contains("**") {
        return Ok(name);
    }
    let help = "name a family of tools, such as `billing.*`, or use [unknown_tool]";
    Err(node.invalid(format!("`{}` takes every tool", read::excerpt(&name)), help))
}

/// The value at a JSON Pointer into the arguments.
#[must_use]
pub fn at_pointer<'a>(arguments: &'a BTreeMap<String, Json>, pointer: &str) -> Option<&'a Json> {
    let mut steps = pointer.strip_prefix('/')?.split('/');
    let plain = |step: &str| step.replace("~1", "/").replace("~0", "~");
    let first = arguments.get(&plain(steps.next()?));
    steps.fold(first, |value, step| match value? {
        Json::Object(fields) => fields.get(&plain(step)),
        Json::Array(values) => values.get(step.parse::<usize>().ok()?),
        _ => None,
    })
}

fn read_name(node: Node<'_>) -> Read<String> {
    node.filled_text(limits::NAME_LENGTH_MAX)
}

fn read_expiry(node: Node<'_>) -> Read<i64> {
    node.integer(1, limits::DURATION_MS_MAX)
}
