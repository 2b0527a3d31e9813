//! Conditions in CEL, the Common Expression Language: text in, a checked flat program out.
//!
//! The subset: comparisons, `&&`, `||`, `!`, arithmetic, `? :`, `in`, fields, indexes, `has()`,
//! `size()`, `contains`, `startsWith`, `endsWith`, `double()`, `dyn()`, `exists` and `all` over
//! lists, and the constants `money("50 USD")` and `timestamp("2026-05-09T18:00:00Z")`. What CEL has
//! beyond it is refused by name: maps, bytes, unsigned numbers, regular expressions, and whatever
//! builds texts or lists, because evaluating must neither allocate nor run for long.

mod contradiction;
pub(in crate::compile) mod direction;
mod emit;
mod meaning;
mod parse;
mod token;

use crate::expr::{Op, Program, Truth};
use crate::fact::{FactDeclaration, FactType};
use crate::limits;

/// What is wrong with a condition, and at which byte of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The byte.
    pub at: usize,
    /// What is wrong.
    pub detail: String,
    /// What to do.
    pub help: String,
}

impl Told {
    fn new(at: usize, detail: impl Into<String>, help: impl Into<String>) -> Self {
        Self { at, detail: detail.into(), help: help.into() }
    }
}

/// An expression of any type. Nothing is worked out beforehand: every literal is a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// What it comes to.
    pub fact_type: FactType,
    /// Its steps.
    pub ops: Vec<Op>,
}

/// Compiles an expression over the declared facts.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn expression(text: &str, facts: &[FactDeclaration]) -> Result<Expression, Told> {
    if text.len() > limits::CONDITION_BYTES_MAX {
        let detail = format!(
            "the condition has {} bytes, at most {} are taken",
            text.len(),
            limits::CONDITION_BYTES_MAX
        );
        return Err(Told::new(0, detail, "split it into several rules"));
    }
    let tree = parse::parse(text)?;
    let expression = emit::emit(&tree, facts)?;
    contradiction::check(&tree)?;
    Ok(expression)
}

/// Compiles a condition over the declared facts.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn condition(text: &str, facts: &[FactDeclaration]) -> Result<Program, Told> {
    let Expression { fact_type, ops } = expression(text, facts)?;
    if fact_type != FactType::Bool {
        let detail = format!("the condition comes to a `{fact_type}`, not to true or false");
        return Err(Told::new(0, detail, "compare it with something"));
    }
    let program = Program::check(text.to_owned(), ops, facts)
        .map_err(|detail| Told::new(0, detail, "make the condition simpler"))?;
    if program.mentioned().next().is_none() && program.evaluate(&[]) != Truth::True {
        let help = "compare a fact, or take the rule out";
        return Err(Told::new(0, "the condition reads no fact and never holds", help));
    }
    Ok(program)
}
