//! The conditions of a policy: CEL over the facts that may be read at their place.

use crate::compile::cel;
use crate::compile::document::within_text;
use crate::error::Fault;
use crate::expr::Program;
use crate::fact::{ACTION_PREFIX, FactDeclaration};
use crate::gate::is_readable;
use crate::read::{self, Node, Read};

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
    let text = node.str().map_err(|fault| Fault {
        help: "write the condition as a text, such as 'request.domain == \"legal\"'".to_owned(),
        ..fault
    })?;
    cel::condition(text, facts).map_err(|told| {
        let fault = node.invalid(told.detail, told.help);
        within_text(fault, told.at)
    })
}
