//! What rules over actions may read: the action, the chain that it belongs to, and its context.

use serde::Serialize;

use crate::error::{ErrorCode, Fault};
use crate::fact::{self, CALLER_PREFIX, FactDeclaration, FactSource, Value};
use crate::impact::{Effect, Reversibility};
use crate::json::Json;
use crate::limits;
use crate::map::BTreeMap;
use crate::money::Money;
use crate::read::{self, Fields, Node, Read};
use crate::request::{Intent, Request, RiskLevel, read_language};
use crate::units::Id;

/// Built-in facts that a rule over actions may read besides `action.…` and `facts.…`.
const CONTEXT_FACTS: &[&str] = &[
    "tenant_id",
    "request.domain",
    "request.intent",
    "request.language",
    "request.risk_level",
    "request.asks_for_person",
    "actions.count",
    "actions.tools",
    "actions.amount",
];

/// Where the arguments of an action are not what its tool's schema asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaFault {
    /// The action's place in the chain.
    pub action: usize,
    /// JSON Pointer into its arguments.
    pointer: String,
    /// What is wrong.
    detail: String,
}

impl SchemaFault {
    /// A fault at a place in the arguments of an action.
    #[must_use]
    pub const fn new(action: usize, pointer: String, detail: String) -> Self {
        Self { action, pointer, detail }
    }

    /// Where it lies.
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// What is wrong.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

/// For whom an action is proposed, and what is known around it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Context {
    /// The tenant; the host takes it from the credential.
    pub tenant_id: Id,
    /// The subject.
    pub domain: Option<String>,
    /// What the user means to do.
    pub intent: Option<Intent>,
    /// BCP 47 language tag.
    pub language: Option<String>,
    /// The caller's estimate of what is at stake.
    pub risk_level: Option<RiskLevel>,
    /// Whether the user asked for a person.
    pub asks_for_person: Option<bool>,
    /// The caller's own facts.
    pub facts: BTreeMap<String, Json>,
    /// What the host knows; never read from what a caller sends.
    #[serde(skip)]
    pub host_facts: BTreeMap<String, Json>,
    /// What the arguments miss of their tools' schemas, as the host found; `None` where nobody looked.
    #[serde(skip)]
    pub schema_faults: Option<Vec<SchemaFault>>,
    /// JSON Pointers, from `/context` on, of fields that this version does not know; they took no
    /// part.
    #[serde(skip)]
    pub unknown_fields: Vec<String>,
}

impl Context {
    /// Reads a context. Unknown fields are listed, not refused.
    ///
    /// # Errors
    /// `invalid_field` or `limit_exceeded`, with the path to the fault.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let tenant_id = fields.required("tenant_id", read::id)?;
        Self::read_fields(node, fields, tenant_id)
    }

    /// Reads a context whose tenant is known; it may be named, and has to be the same.
    ///
    /// # Errors
    /// As [`Context::read`]; `unknown_tenant` for another one.
    pub fn read_for(node: Node<'_>, tenant_id: &Id) -> Read<Self> {
        let mut fields = node.object()?;
        let named = fields.optional("tenant_id", read::id)?;
        if named.is_some_and(|named| named != *tenant_id) {
            return Err(Fault::new(
                ErrorCode::UnknownTenant,
                format!("{}/tenant_id", node.pointer()),
                format!("this credential is for the tenant `{tenant_id}`"),
                "leave `tenant_id` out, or use the credential of that tenant",
            ));
        }
        Self::read_fields(node, fields, tenant_id.clone())
    }

    /// A context of which nothing is known but the tenant.
    #[must_use]
    pub const fn of_tenant(tenant_id: Id) -> Self {
        Self {
            tenant_id,
            domain: None,
            intent: None,
            language: None,
            risk_level: None,
            asks_for_person: None,
            facts: BTreeMap::new(),
            host_facts: BTreeMap::new(),
            schema_faults: None,
            unknown_fields: Vec::new(),
        }
    }

    fn read_fields(node: Node<'_>, mut fields: Fields<'_>, tenant_id: Id) -> Read<Self> {
        let place = node.pointer();
        Ok(Self {
            tenant_id,
            domain: fields.optional("domain", |node| node.filled_text(limits::NAME_LENGTH_MAX))?,
            intent: fields.optional("intent", Intent::read)?,
            language: fields.optional("language", read_language)?,
            risk_level: fields.optional("risk_level", RiskLevel::read)?,
            asks_for_person: fields.optional("asks_for_person", read::bool)?,
            facts: fields
                .optional("facts", |node| {
                    node.map(limits::FACTS_MAX, |fact| Ok(fact.json().clone()))
                })?
                .unwrap_or_default(),
            host_facts: BTreeMap::new(),
            schema_faults: None,
            // The same wherever the context stands in what was sent.
            unknown_fields: fields
                .finish_listing_unknown()
                .iter()
                .map(|path| format!("/context{}", path.strip_prefix(&place).unwrap_or(path)))
                .collect(),
        })
    }

    /// The context of what a request proposes.
    #[must_use]
    pub fn of_request(request: &Request) -> Self {
        Self {
            tenant_id: request.tenant_id.clone(),
            domain: request.domain.clone(),
            intent: request.intent,
            language: request.language.clone(),
            risk_level: request.risk_level,
            asks_for_person: request.asks_for_person,
            facts: request.facts.clone(),
            host_facts: BTreeMap::new(),
            schema_faults: None,
            // The verdict lists those of the request itself.
            unknown_fields: Vec::new(),
        }
    }
}

/// What rules may read of one action.
pub(super) struct ActionFacts<'a> {
    pub(super) tool: &'a str,
    /// In the base currency; `None` where it is not known.
    pub(super) amount: Option<Money>,
    pub(super) currency: Option<&'a str>,
    pub(super) effects: &'a [Effect],
    pub(super) reversibility: Reversibility,
    pub(super) tier: RiskLevel,
    pub(super) target: Option<&'a str>,
    pub(super) count: Option<i64>,
}

/// What rules may read of the chain.
pub(super) struct ChainFacts<'a> {
    pub(super) tools: Vec<&'a str>,
    /// The sum in the base currency; `None` where it is not known.
    pub(super) amount: Option<Money>,
}

/// The values of the declared facts for one action, by slot.
pub(super) fn extract<'a>(
    declarations: &'a [FactDeclaration],
    context: &'a Context,
    action: &ActionFacts<'a>,
    chain: &ChainFacts<'a>,
) -> Vec<Value<'a>> {
    declarations.iter().map(|fact| value_of(fact, context, action, chain)).collect()
}

fn value_of<'a>(
    fact: &'a FactDeclaration,
    context: &'a Context,
    action: &ActionFacts<'a>,
    chain: &ChainFacts<'a>,
) -> Value<'a> {
    let text = |text: Option<&'a str>| text.map_or(Value::Missing, Value::String);
    let money = |amount: Option<Money>| amount.map_or(Value::Missing, Value::Money);
    match fact.path.as_str() {
        "tenant_id" => Value::String(context.tenant_id.as_str()),
        "request.domain" => text(context.domain.as_deref()),
        "request.intent" => text(context.intent.map(Intent::as_str)),
        "request.language" => text(context.language.as_deref()),
        "request.risk_level" => text(context.risk_level.map(RiskLevel::as_str)),
        "request.asks_for_person" => context.asks_for_person.map_or(Value::Missing, Value::Bool),
        "action.tool" => Value::String(action.tool),
        "action.amount" => money(action.amount),
        "action.currency" => text(action.currency),
        "action.effects" => {
            Value::StringList(action.effects.iter().map(|effect| effect.as_str()).collect())
        }
        "action.reversibility" => Value::String(action.reversibility.as_str()),
        "action.tier" => Value::String(action.tier.as_str()),
        "action.target" => text(action.target),
        "action.count" => action.count.map_or(Value::Missing, Value::Int),
        "actions.count" => Value::Int(i64::try_from(chain.tools.len()).unwrap_or(i64::MAX)),
        "actions.tools" => Value::StringList(chain.tools.clone()),
        "actions.amount" => money(chain.amount),
        path => {
            let Some(name) = path.strip_prefix(CALLER_PREFIX) else {
                return Value::Missing;
            };
            let given = match fact.source {
                FactSource::Host => &context.host_facts,
                FactSource::Caller | FactSource::Model => &context.facts,
            };
            given.get(name).map_or(Value::Missing, |json| fact::of_type(fact.fact_type, json))
        }
    }
}

/// Whether a rule over actions can read the fact.
#[must_use]
pub fn is_readable(path: &str) -> bool {
    path.starts_with(fact::ACTION_PREFIX)
        || path.starts_with(CALLER_PREFIX)
        || CONTEXT_FACTS.contains(&path)
}
