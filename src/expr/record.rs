//! Reads the steps of a program from a bundle.

use crate::expr::{Const, Op};
use crate::json::{INTEGER_MAX, Json};
use crate::limits;
use crate::money::Money;
use crate::read::{self, Node, Read};

const BARE: &[(&str, Op)] = &[
    ("eq", Op::Eq),
    ("ne", Op::Ne),
    ("lt", Op::Lt),
    ("le", Op::Le),
    ("gt", Op::Gt),
    ("ge", Op::Ge),
    ("in", Op::In),
    ("not", Op::Not),
    ("choose", Op::Choose),
    ("add", Op::Add),
    ("sub", Op::Sub),
    ("mul", Op::Mul),
    ("div", Op::Div),
    ("rem", Op::Rem),
    ("neg", Op::Neg),
    ("double", Op::Double),
    ("size", Op::Size),
    ("at", Op::At),
    ("contains", Op::Contains),
    ("starts_with", Op::StartsWith),
    ("ends_with", Op::EndsWith),
];

type Numbered = fn(u16) -> Op;

const NUMBERED: &[(&str, Numbered)] = &[
    ("fact", Op::Fact),
    ("has", Op::Has),
    ("item", Op::Item),
    ("and", Op::And),
    ("or", Op::Or),
    ("exists", Op::Exists),
    ("every", Op::Every),
];

pub(super) fn read_op(node: Node<'_>) -> Read<Op> {
    let bad = || node.invalid("not a known operation", "compile the policy again");
    if let Json::String(name) = node.json() {
        let known = BARE.iter().find(|(word, _)| word == name);
        return known.map(|(_, op)| op.clone()).ok_or_else(bad);
    }
    let mut fields = node.object()?;
    let number = |node: Node<'_>| {
        node.integer(0, i64::from(u16::MAX)).map(|number| u16::try_from(number).unwrap_or(u16::MAX))
    };
    let mut found = Vec::new();
    for (name, make) in NUMBERED {
        found.extend(fields.optional(name, number)?.map(make));
    }
    found.extend(fields.optional("const", read_const)?.map(Op::Const));
    fields.finish()?;
    match (found.pop(), found.pop()) {
        (Some(op), None) => Ok(op),
        _ => Err(bad()),
    }
}

fn read_const(node: Node<'_>) -> Read<Const> {
    let string = |node: Node<'_>| node.text(limits::NOTE_LENGTH_MAX);
    let int = |node: Node<'_>| node.integer(-INTEGER_MAX, INTEGER_MAX);
    let mut fields = node.object()?;
    let readings = [
        fields.optional("bool", read::bool)?.map(Const::Bool),
        fields.optional("int", int)?.map(Const::Int),
        fields.optional("double", read::number)?.map(Const::Double),
        fields.optional("string", string)?.map(Const::String),
        fields.optional("time", read::timestamp)?.map(Const::Time),
        fields.optional("money", Money::read)?.map(Const::Money),
        fields
            .optional("string_list", |node| node.list(limits::LIST_LENGTH_MAX, string))?
            .map(Const::StringList),
        fields
            .optional("int_list", |node| node.list(limits::LIST_LENGTH_MAX, int))?
            .map(Const::IntList),
        fields
            .optional("double_list", |node| node.list(limits::LIST_LENGTH_MAX, read::number))?
            .map(Const::DoubleList),
    ];
    fields.finish()?;
    let mut found = readings.into_iter().flatten();
    match (found.next(), found.next()) {
        (Some(constant), None) => Ok(constant),
        _ => Err(node.invalid("not a known constant", "compile the policy again")),
    }
}
