//! Structured conditions, compiled to flat programs over fact slots.
//!
//! ```toml
//! when = { all = [
//!   { fact = "request.domain", in = ["medical", "legal"] },
//!   { not = { fact = "confidence", ge = 0.9 } },
//! ] }
//! ```

use crate::expr::{Const, Op, Program};
use crate::fact::{ACTION_PREFIX, FactDeclaration, FactType};
use crate::gate::is_readable;
use crate::json::INTEGER_MAX;
use crate::limits;
use crate::money::Money;
use crate::read::{self, Fields, Node, Read};

/// The slot of a declared fact.
pub(super) fn slot(node: Node<'_>, facts: &[FactDeclaration]) -> Read<u16> {
    let path = node.str()?;
    let position = facts.iter().position(|fact| fact.path == path);
    position.and_then(|position| u16::try_from(position).ok()).ok_or_else(|| {
        let known: Vec<&str> = facts.iter().map(|fact| fact.path.as_str()).collect();
        let help = read::suggestion(path, &known)
            .unwrap_or_else(|| "declare it with [[fact]], or name a declared one".to_owned());
        node.invalid(format!("the fact `{}` is not declared", read::excerpt(path)), help)
    })
}

/// Compiles a condition over requests.
pub(super) fn compile(node: Node<'_>, facts: &[FactDeclaration]) -> Read<Program> {
    let program = program(node, facts)?;
    let one_action = |path: &str| path.starts_with(ACTION_PREFIX);
    match read_path(&program, facts, one_action) {
        None => Ok(program),
        Some(path) => Err(node.invalid(
            format!("`{path}` is a fact of one action, which a request has several of"),
            "read it in an [[impact]] rule, or read a fact of all `actions`",
        )),
    }
}

/// Compiles a condition over actions.
pub(super) fn compile_for_actions(node: Node<'_>, facts: &[FactDeclaration]) -> Read<Program> {
    let program = program(node, facts)?;
    match read_path(&program, facts, |path| !is_readable(path)) {
        None => Ok(program),
        Some(path) => Err(node.invalid(
            format!("`{path}` is not known when an action is classified"),
            "read a fact of the `action`, your own `facts`, or put the rule under [[trigger]]",
        )),
    }
}

/// The first fact of a kind that the program reads.
fn read_path<'a>(
    program: &Program,
    facts: &'a [FactDeclaration],
    is_of_kind: impl Fn(&str) -> bool,
) -> Option<&'a str> {
    let paths = program.mentioned().filter_map(|slot| facts.get(usize::from(slot)));
    paths.map(|fact| fact.path.as_str()).find(|path| is_of_kind(path))
}

fn program(node: Node<'_>, facts: &[FactDeclaration]) -> Read<Program> {
    let mut ops = Vec::new();
    condition(node, facts, &mut ops)?;
    Program::check(ops, facts).map_err(|detail| node.invalid(detail, "make the condition simpler"))
}

fn condition(node: Node<'_>, facts: &[FactDeclaration], ops: &mut Vec<Op>) -> Read<()> {
    let mut fields = node.object()?;
    if fields.has("fact") {
        return comparison(fields, facts, ops);
    }
    let forms = ["all", "any", "not", "has"];
    let parts = |node: Node<'_>| {
        let compiled = node.list(limits::LIST_LENGTH_MAX, |part| {
            let mut ops = Vec::new();
            condition(part, facts, &mut ops)?;
            Ok(ops)
        })?;
        let count = u16::try_from(compiled.len()).unwrap_or(u16::MAX);
        if count == 0 {
            return Err(node.invalid("the list is empty", "give at least one condition"));
        }
        Ok((compiled.concat(), count))
    };
    if let Some((compiled, count)) = fields.optional("all", parts)? {
        ops.extend(compiled);
        ops.push(Op::And(count));
    } else if let Some((compiled, count)) = fields.optional("any", parts)? {
        ops.extend(compiled);
        ops.push(Op::Or(count));
    } else if fields.optional("not", |node| condition(node, facts, ops))?.is_some() {
        ops.push(Op::Not);
    } else if let Some(slot) = fields.optional("has", |node| slot(node, facts))? {
        ops.push(Op::Has(slot));
    } else if !forms.iter().any(|form| fields.has(form)) {
        return Err(node.invalid(
            "this is no condition",
            format!("name a `fact` to compare, or use one of {}", read::quoted(&forms)),
        ));
    }
    fields.finish()
}

fn comparison(mut fields: Fields<'_>, facts: &[FactDeclaration], ops: &mut Vec<Op>) -> Read<()> {
    let node = fields.node();
    let slot = fields.required("fact", |node| slot(node, facts))?;
    let fact = facts.get(usize::from(slot));
    let fact_type = fact.map_or(FactType::Bool, |fact| fact.fact_type);
    let same = |node: Node<'_>| constant(node, fact_type);
    let text = |node: Node<'_>| constant(node, FactType::String);
    let texts = |node: Node<'_>| constant(node, FactType::StringList);
    let found = [
        (fields.optional("eq", same)?, Op::Eq),
        (fields.optional("ne", same)?, Op::Ne),
        (fields.optional("lt", same)?, Op::Lt),
        (fields.optional("le", same)?, Op::Le),
        (fields.optional("gt", same)?, Op::Gt),
        (fields.optional("ge", same)?, Op::Ge),
        (fields.optional("in", texts)?, Op::In),
    ];
    let contains = fields.optional("contains", text)?;
    fields.finish()?;
    let compared = found.into_iter().filter_map(|(constant, op)| Some((constant?, op)));
    let mut steps: Vec<[Op; 3]> =
        compared.map(|(constant, op)| [Op::Fact(slot), Op::Const(constant), op]).collect();
    // `contains` is `in` with the fact on the right.
    steps.extend(contains.map(|constant| [Op::Const(constant), Op::Fact(slot), Op::In]));
    let count = u16::try_from(steps.len()).unwrap_or(u16::MAX);
    if count == 0 {
        return Err(node.invalid(
            "the fact is not compared with anything",
            "add one of `eq`, `ne`, `lt`, `le`, `gt`, `ge`, `in`, `contains`",
        ));
    }
    for step in steps {
        check(node, &step, facts)?;
        ops.extend(step);
    }
    if count > 1 {
        ops.push(Op::And(count));
    }
    Ok(())
}

/// Tells a comparison that does not fit the fact's type at its own place.
fn check(node: Node<'_>, step: &[Op; 3], facts: &[FactDeclaration]) -> Read<()> {
    Program::check(step.to_vec(), facts)
        .map(|_| ())
        .map_err(|detail| node.invalid(detail, "compare it in a way that its type allows"))
}

fn constant(node: Node<'_>, fact_type: FactType) -> Read<Const> {
    let text = |node: Node<'_>| node.text(limits::NOTE_LENGTH_MAX);
    Ok(match fact_type {
        FactType::Bool => Const::Bool(node.bool()?),
        FactType::Int => Const::Int(node.integer(-INTEGER_MAX, INTEGER_MAX)?),
        FactType::Double => Const::Double(node.number()?),
        FactType::String => Const::String(text(node)?),
        FactType::Time => Const::Time(node.timestamp()?),
        FactType::Money => Const::Money(Money::read_text(node)?),
        FactType::StringList => Const::StringList(node.list(limits::LIST_LENGTH_MAX, text)?),
    })
}
