//! Conditions: flat programs over numbered facts, with three truth values.
//!
//! A program is checked once, when its policy is loaded: it cannot underflow its stack, read a slot
//! that is not there, or compare what cannot be compared, and its steps have a bound. Evaluating it
//! then cannot fail; what depends on a missing fact, and arithmetic that has no result, is
//! [`Truth::Unknown`] (Kleene's strong logic).

pub(crate) mod check;
mod record;
pub(crate) mod run;

use serde::Serialize;

use crate::fact::{FactDeclaration, FactType, Value};
use crate::limits;
use crate::money::Money;
use crate::read::{Node, Read};
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
    /// Push the element that a loop is at: 0 of the innermost loop, 1 of the one around it.
    Item(u16),
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
    /// The left value stands in the right list.
    In,
    /// All of the topmost so many.
    And(u16),
    /// Any of the topmost so many.
    Or(u16),
    /// The opposite.
    Not,
    /// Where the first of three holds the second, else the third.
    Choose,
    /// The sum.
    Add,
    /// The difference.
    Sub,
    /// The product.
    Mul,
    /// The quotient; of whole numbers the whole part, towards 0.
    Div,
    /// What a division of whole numbers leaves, with the sign of the left one.
    Rem,
    /// The same distance on the other side of 0.
    Neg,
    /// A whole number as a double.
    Double,
    /// How many characters a text has, or elements a list.
    Size,
    /// The element of the left list at the right index, from 0.
    At,
    /// The left text has the right one inside.
    Contains,
    /// The left text begins with the right one.
    StartsWith,
    /// The left text ends with the right one.
    EndsWith,
    /// Whether the next so many steps hold for an element of the list.
    Exists(u16),
    /// Whether the next so many steps hold for all elements of the list.
    Every(u16),
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
    /// A list of whole numbers.
    IntList(Vec<i64>),
    /// A list of doubles.
    DoubleList(Vec<f64>),
}

/// What a condition comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// A fact that it needs is missing, or its arithmetic has no result.
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
            Self::IntList(_) => FactType::IntList,
            Self::DoubleList(_) => FactType::DoubleList,
        }
    }
}

/// A program that was checked against the facts of its policy, with the text that it came from.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Program {
    /// The condition as its author wrote it, for people; it decides nothing.
    cel: String,
    /// What is evaluated.
    ops: Vec<Op>,
}

impl Program {
    /// Reads and checks a program from a bundle.
    ///
    /// # Errors
    /// `invalid_field` if an operation is not known, the types do not fit, or a slot is not there;
    /// `limit_exceeded` if it is too long or too deep.
    pub fn read(node: Node<'_>, facts: &[FactDeclaration]) -> Read<Self> {
        let mut fields = node.object()?;
        let cel = fields.required("cel", |node| node.text(limits::CONDITION_BYTES_MAX))?;
        let ops = fields
            .required("ops", |node| node.list(limits::PROGRAM_LENGTH_MAX, record::read_op))?;
        fields.finish()?;
        Self::check(cel, ops, facts)
            .map_err(|detail| node.invalid(detail, "compile the policy again"))
    }

    /// Checks the operations against the declared facts.
    ///
    /// # Errors
    /// A sentence that says which rule they break.
    pub fn check(
        cel: String,
        ops: Vec<Op>,
        facts: &[FactDeclaration],
    ) -> Result<Self, &'static str> {
        check::check(&ops, facts)?;
        Ok(Self { cel, ops })
    }

    /// The condition as its author wrote it.
    #[must_use]
    pub fn cel(&self) -> &str {
        &self.cel
    }

    /// What is evaluated.
    pub(crate) fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// The slots that the program reads, in order of appearance.
    pub fn slots(&self) -> impl Iterator<Item = u16> + '_ {
        self.ops.iter().filter_map(|op| match op {
            Op::Fact(slot) => Some(*slot),
            _ => None,
        })
    }

    /// The slots that the program names at all, `has` included.
    pub fn mentioned(&self) -> impl Iterator<Item = u16> + '_ {
        self.ops.iter().filter_map(|op| match op {
            Op::Fact(slot) | Op::Has(slot) => Some(*slot),
            _ => None,
        })
    }

    /// The amounts that facts are compared with.
    pub fn amounts(&self) -> impl Iterator<Item = Money> + '_ {
        self.ops.iter().filter_map(|op| match op {
            Op::Const(Const::Money(money)) => Some(*money),
            _ => None,
        })
    }

    /// The most steps that evaluating takes, whatever the facts are.
    #[must_use]
    pub fn steps_max(&self) -> usize {
        check::steps_max(&self.ops)
    }

    /// What the condition comes to for these facts.
    #[must_use]
    pub fn evaluate(&self, facts: &[Value<'_>]) -> Truth {
        run::run(&self.ops, facts, None, &mut run::Stack::new())
    }
}
