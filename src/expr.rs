//! Conditions: flat programs over numbered facts, with three truth values.
//!
//! A program is checked once, when its policy is loaded: it cannot underflow its stack, read a slot
//! that is not there, or compare what cannot be compared. Evaluating it then cannot fail; what
//! depends on a missing fact is [`Truth::Unknown`] (Kleene's strong logic).

use std::cmp::Ordering;

use serde::Serialize;

use crate::fact::{FactDeclaration, FactType, Value};
use crate::json::{INTEGER_MAX, Json};
use crate::limits;
use crate::money::Money;
use crate::read::{self, Node, Read};
use crate::units::TimestampMs;

/// One step of a program; operands are taken from the stack, the left one pushed first.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// Push the fact in this slot.
    Fact(u16),
    /// Push a constant.
    Const(Const),
    /// Push whether the fact in this slot is there.
    Has(u16),
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
    /// The left text stands in the right list.
    In,
    /// All of the topmost so many.
    And(u16),
    /// Any of the topmost so many.
    Or(u16),
    /// The opposite.
    Not,
}

/// A constant in a program.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Const {
    /// A boolean.
    Bool(bool),
    /// A whole number of at most 2^53 − 1.
    Int(i64),
    /// A finite double.
    Double(f64),
    /// A text.
    String(String),
    /// An instant.
    Time(TimestampMs),
    /// An amount.
    Money(Money),
    /// A list of texts.
    StringList(Vec<String>),
}

/// What a condition comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// A fact that it needs is missing.
    Unknown,
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

impl Const {
    /// The type of the constant.
    #[must_use]
    pub const fn fact_type(&self) -> FactType {
        match self {
            Self::Bool(_) => FactType::Bool,
            Self::Int(_) => FactType::Int,
            Self::Double(_) => FactType::Double,
            Self::String(_) => FactType::String,
            Self::Time(_) => FactType::Time,
            Self::Money(_) => FactType::Money,
            Self::StringList(_) => FactType::StringList,
        }
    }
}

/// A program that was checked against the facts of its policy.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Program(Vec<Op>);

impl Program {
    /// Reads and checks a program from a bundle.
    ///
    /// # Errors
    /// `invalid_field` if an operation is not known, the types do not fit, or a slot is not there;
    /// `limit_exceeded` if it is too long or too deep.
    pub fn read(node: Node<'_>, facts: &[FactDeclaration]) -> Read<Self> {
        let ops = node.list(limits::PROGRAM_LENGTH_MAX, read_op)?;
        Self::check(ops, facts).map_err(|detail| node.invalid(detail, "compile the policy again"))
    }

    /// Checks the operations against the declared facts.
    ///
    /// # Errors
    /// A sentence that says which rule they break.
    pub fn check(ops: Vec<Op>, facts: &[FactDeclaration]) -> Result<Self, String> {
        if ops.len() > limits::PROGRAM_LENGTH_MAX {
            return Err(format!(
                "the condition has more than {} steps",
                limits::PROGRAM_LENGTH_MAX
            ));
        }
        let mut stack: Vec<FactType> = Vec::new();
        for op in &ops {
            check_op(op, facts, &mut stack)?;
            if stack.len() > limits::STACK_DEPTH_MAX {
                return Err(format!("the condition nests deeper than {}", limits::STACK_DEPTH_MAX));
            }
        }
        match stack.as_slice() {
            [FactType::Bool] => Ok(Self(ops)),
            _ => Err("the condition does not come to one truth value".to_owned()),
        }
    }

    /// The slots that the program reads, in order of appearance.
    pub fn slots(&self) -> impl Iterator<Item = u16> + '_ {
        self.0.iter().filter_map(|op| match op {
            Op::Fact(slot) => Some(*slot),
            _ => None,
        })
    }

    /// The slots that the program names at all, `has` included.
    pub fn mentioned(&self) -> impl Iterator<Item = u16> + '_ {
        self.0.iter().filter_map(|op| match op {
            Op::Fact(slot) | Op::Has(slot) => Some(*slot),
            _ => None,
        })
    }

    /// The amounts that facts are compared with.
    pub fn amounts(&self) -> impl Iterator<Item = Money> + '_ {
        self.0.iter().filter_map(|op| match op {
            Op::Const(Const::Money(money)) => Some(*money),
            _ => None,
        })
    }

    /// What the condition comes to for these facts.
    #[must_use]
    pub fn evaluate(&self, facts: &[Value<'_>]) -> Truth {
        let mut stack: Vec<Operand<'_>> = Vec::with_capacity(limits::STACK_DEPTH_MAX);
        for op in &self.0 {
            step(op, facts, &mut stack);
        }
        stack.pop().map_or(Truth::Unknown, |operand| operand.truth())
    }
}

/// What lies on the stack.
#[derive(Clone, Copy)]
enum Operand<'a> {
    Fact(&'a Value<'a>),
    Const(&'a Const),
    Truth(Truth),
}

/// A scalar or list, wherever it came from.
enum Plain<'a> {
    Missing,
    Bool(bool),
    Number(f64),
    String(&'a str),
    Time(TimestampMs),
    Money(Money),
    List,
}

impl<'a> Operand<'a> {
    fn truth(self) -> Truth {
        match self {
            Self::Truth(truth) => truth,
            Self::Fact(Value::Bool(value)) | Self::Const(Const::Bool(value)) => Truth::from(*value),
            _ => Truth::Unknown,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "integers here are at most 2^53")]
    fn plain(self) -> Plain<'a> {
        match self {
            Self::Truth(Truth::True) => Plain::Bool(true),
            Self::Truth(Truth::False) => Plain::Bool(false),
            Self::Truth(Truth::Unknown) | Self::Fact(Value::Missing) => Plain::Missing,
            Self::Fact(Value::Bool(value)) | Self::Const(Const::Bool(value)) => Plain::Bool(*value),
            Self::Fact(Value::Int(value)) | Self::Const(Const::Int(value)) => {
                Plain::Number(*value as f64)
            }
            Self::Fact(Value::Double(value)) | Self::Const(Const::Double(value)) => {
                Plain::Number(*value)
            }
            Self::Fact(Value::String(value)) => Plain::String(value),
            Self::Const(Const::String(value)) => Plain::String(value),
            Self::Fact(Value::Time(value)) | Self::Const(Const::Time(value)) => Plain::Time(*value),
            Self::Fact(Value::Money(value)) | Self::Const(Const::Money(value)) => {
                Plain::Money(*value)
            }
            Self::Fact(Value::StringList(_)) | Self::Const(Const::StringList(_)) => Plain::List,
        }
    }

    fn contains(self, text: &str) -> Truth {
        match self {
            Self::Fact(Value::StringList(list)) => Truth::from(list.contains(&text)),
            Self::Const(Const::StringList(list)) => {
                Truth::from(list.iter().any(|item| item == text))
            }
            _ => Truth::Unknown,
        }
    }
}

fn step<'a>(op: &'a Op, facts: &'a [Value<'a>], stack: &mut Vec<Operand<'a>>) {
    const MISSING: &Value<'static> = &Value::Missing;
    let fact = |slot: u16| facts.get(usize::from(slot)).unwrap_or(MISSING);
    let mut pop = || stack.pop().unwrap_or(Operand::Truth(Truth::Unknown));
    let result = match op {
        Op::Fact(slot) => Operand::Fact(fact(*slot)),
        Op::Const(constant) => Operand::Const(constant),
        Op::Has(slot) => Operand::Truth(Truth::from(*fact(*slot) != Value::Missing)),
        Op::Not => Operand::Truth(match pop().truth() {
            Truth::True => Truth::False,
            Truth::False => Truth::True,
            Truth::Unknown => Truth::Unknown,
        }),
        Op::And(count) => Operand::Truth(fold(*count, Truth::False, Truth::True, pop)),
        Op::Or(count) => Operand::Truth(fold(*count, Truth::True, Truth::False, pop)),
        Op::In => {
            let (list, item) = (pop(), pop());
            Operand::Truth(match item.plain() {
                Plain::String(text) => list.contains(text),
                _ => Truth::Unknown,
            })
        }
        Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge => {
            let (right, left) = (pop(), pop());
            Operand::Truth(compare(op, &left.plain(), &right.plain()))
        }
    };
    stack.push(result);
}

/// `decisive` if any operand is; unknown if any is unknown; else `neutral`.
fn fold<'a>(
    count: u16,
    decisive: Truth,
    neutral: Truth,
    mut pop: impl FnMut() -> Operand<'a>,
) -> Truth {
    let mut result = neutral;
    for _ in 0..count {
        let truth = pop().truth();
        if truth == decisive || (truth == Truth::Unknown && result == neutral) {
            result = truth;
        }
    }
    result
}

fn compare(op: &Op, left: &Plain<'_>, right: &Plain<'_>) -> Truth {
    let ordering = match (left, right) {
        (Plain::Bool(left), Plain::Bool(right)) => Some(left.cmp(right)),
        (Plain::Number(left), Plain::Number(right)) => left.partial_cmp(right),
        (Plain::String(left), Plain::String(right)) => Some(left.cmp(right)),
        (Plain::Time(left), Plain::Time(right)) => Some(left.cmp(right)),
        // Amounts of two currencies cannot be compared: that is unknown, never false.
        (Plain::Money(left), Plain::Money(right)) if left.currency() == right.currency() => {
            Some(left.minor().cmp(&right.minor()))
        }
        _ => None,
    };
    let Some(ordering) = ordering else {
        return Truth::Unknown;
    };
    Truth::from(match op {
        Op::Eq => ordering == Ordering::Equal,
        Op::Ne => ordering != Ordering::Equal,
        Op::Lt => ordering == Ordering::Less,
        Op::Le => ordering != Ordering::Greater,
        Op::Gt => ordering == Ordering::Greater,
        _ => ordering != Ordering::Less,
    })
}

fn check_op(op: &Op, facts: &[FactDeclaration], stack: &mut Vec<FactType>) -> Result<(), String> {
    let declared = |slot: u16| {
        facts.get(usize::from(slot)).ok_or_else(|| format!("there is no fact in slot {slot}"))
    };
    let mut pop = || stack.pop().ok_or_else(|| format!("{op:?} finds no operand"));
    let result = match op {
        Op::Fact(slot) => declared(*slot)?.fact_type,
        Op::Const(constant) => constant.fact_type(),
        Op::Has(slot) => declared(*slot).map(|_| FactType::Bool)?,
        Op::Not => expect(pop()?, FactType::Bool)?,
        Op::And(count) | Op::Or(count) => {
            for _ in 0..*count {
                expect(pop()?, FactType::Bool)?;
            }
            FactType::Bool
        }
        Op::In => {
            expect(pop()?, FactType::StringList)?;
            expect(pop()?, FactType::String)?;
            FactType::Bool
        }
        Op::Eq | Op::Ne => {
            let (right, left) = (pop()?, pop()?);
            let comparable = left != FactType::StringList && same_kind(left, right);
            comparable.then_some(FactType::Bool).ok_or_else(|| cannot_compare(left, right))?
        }
        Op::Lt | Op::Le | Op::Gt | Op::Ge => {
            let (right, left) = (pop()?, pop()?);
            let ordered =
                matches!(left, FactType::Int | FactType::Double | FactType::Time | FactType::Money);
            (ordered && same_kind(left, right))
                .then_some(FactType::Bool)
                .ok_or_else(|| cannot_compare(left, right))?
        }
    };
    stack.push(result);
    Ok(())
}

fn cannot_compare(left: FactType, right: FactType) -> String {
    format!("a `{left}` cannot be compared with a `{right}` in this way")
}

fn same_kind(left: FactType, right: FactType) -> bool {
    let number = |fact_type| matches!(fact_type, FactType::Int | FactType::Double);
    left == right || (number(left) && number(right))
}

fn expect(found: FactType, wanted: FactType) -> Result<FactType, String> {
    let fits = found == wanted;
    fits.then_some(FactType::Bool)
        .ok_or_else(|| format!("expected a `{wanted}`, found a `{found}`"))
}

fn read_op(node: Node<'_>) -> Read<Op> {
    const BARE: &[(&str, Op)] = &[
        ("eq", Op::Eq),
        ("ne", Op::Ne),
        ("lt", Op::Lt),
        ("le", Op::Le),
        ("gt", Op::Gt),
        ("ge", Op::Ge),
        ("in", Op::In),
        ("not", Op::Not),
    ];
    let bad = || node.invalid("not a known operation", "compile the policy again");
    if let Json::String(name) = node.json() {
        let known = BARE.iter().find(|(word, _)| word == name);
        return known.map(|(_, op)| op.clone()).ok_or_else(bad);
    }
    let slot = |node: Node<'_>| {
        node.integer(0, i64::from(u16::MAX)).map(|slot| u16::try_from(slot).unwrap_or(u16::MAX))
    };
    let mut fields = node.object()?;
    let readings = [
        fields.optional("fact", slot)?.map(Op::Fact),
        fields.optional("has", slot)?.map(Op::Has),
        fields.optional("and", slot)?.map(Op::And),
        fields.optional("or", slot)?.map(Op::Or),
        fields.optional("const", read_const)?.map(Op::Const),
    ];
    fields.finish()?;
    let mut found = readings.into_iter().flatten();
    match (found.next(), found.next()) {
        (Some(op), None) => Ok(op),
        _ => Err(bad()),
    }
}

fn read_const(node: Node<'_>) -> Read<Const> {
    let string = |node: Node<'_>| node.text(limits::NOTE_LENGTH_MAX);
    let mut fields = node.object()?;
    let readings = [
        fields.optional("bool", read::bool)?.map(Const::Bool),
        fields.optional("int", |node| node.integer(-INTEGER_MAX, INTEGER_MAX))?.map(Const::Int),
        fields.optional("double", read::number)?.map(Const::Double),
        fields.optional("string", string)?.map(Const::String),
        fields.optional("time", read::timestamp)?.map(Const::Time),
        fields.optional("money", Money::read)?.map(Const::Money),
        fields
            .optional("string_list", |node| node.list(limits::LIST_LENGTH_MAX, string))?
            .map(Const::StringList),
    ];
    fields.finish()?;
    let mut found = readings.into_iter().flatten();
    match (found.next(), found.next()) {
        (Some(constant), None) => Ok(constant),
        _ => Err(node.invalid("not a known constant", "compile the policy again")),
    }
}
