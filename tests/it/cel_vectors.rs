//! The conformance cases of CEL that lie beside the project: every case of the subset comes out
//! right, every other one is refused, none is accepted and wrong.
//!
//! Nothing is worked out while compiling, and every literal is handed in as a fact, so that it is
//! the evaluator that is tested.

use std::collections::BTreeMap;

use countersign::compile::cel::{self, Expression};
use countersign::expr::{Const, Op, Program, Truth};
use countersign::fact::{FactDeclaration, FactRecord, FactSource, FactType, Value};
use serde_json::Value as Tagged;

use crate::support::{assert_fresh, shared};

/// The least share of the cases that must be accepted, in percent of all.
const ACCEPTED_PERCENT_MIN: usize = 46;

/// What one case came to.
enum Outcome {
    Right,
    Refused,
    Wrong(String),
}

#[test]
fn the_subset_agrees_with_the_conformance_cases() {
    let path = shared().join("vectors/cel.jsonl");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: there are no conformance cases at {}", path.display());
        return;
    };
    let mut sections: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for line in text.lines() {
        // What JSON has no number for is written as a bare word in some rows.
        let line = line
            .replace("{\"double\": Infinity}", "{\"double\": \"inf\"}")
            .replace("{\"double\": -Infinity}", "{\"double\": \"-inf\"}")
            .replace("{\"double\": NaN}", "{\"double\": \"nan\"}");
        let row: Tagged =
            serde_json::from_str(&line).unwrap_or_else(|told| panic!("{told}: {line}"));
        let word = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let count = sections.entry(format!("{}/{}", word("file"), word("section"))).or_default();
        count.1 += 1;
        match judge(&row) {
            Outcome::Right => count.0 += 1,
            Outcome::Refused => {}
            Outcome::Wrong(told) => wrong.push(format!("{}: {told}", word("expr"))),
        }
    }
    let right: usize = sections.values().map(|(right, _)| right).sum();
    let all: usize = sections.values().map(|(_, all)| all).sum();
    let mut report = String::from(
        "The conformance cases of CEL by section: accepted and right, of all. The rest is refused while\n\
         compiling; none is accepted and wrong.\n\n",
    );
    for (section, (right, all)) in &sections {
        report.push_str(&format!("{section:48} {right:4} of {all:4}\n"));
    }
    report.push_str(&format!("{:48} {right:4} of {all:4}\n", "all"));
    assert!(wrong.is_empty(), "{} accepted and wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(right * 100 >= all * ACCEPTED_PERCENT_MIN, "{right} of {all}");
    assert_fresh("tests/fixtures/cel-sections.txt", &report);
}

fn judge(row: &Tagged) -> Outcome {
    let expr = row["expr"].as_str().unwrap();
    let mut facts = Facts::default();
    if let Some(bindings) = row["bindings"].as_object() {
        // The longest name is meant where several could be.
        let mut bindings: Vec<_> = bindings.iter().collect();
        bindings.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        for (name, value) in bindings {
            facts.bind(name, value);
        }
    }
    let found = match cel::expression(expr, &facts.declarations) {
        Ok(found) => found,
        Err(told) => {
            let told_well = !told.detail.is_empty() && !told.help.is_empty();
            return if told_well { Outcome::Refused } else { Outcome::Wrong(format!("{told:?}")) };
        }
    };
    let is_bool = found.fact_type == FactType::Bool;
    if row["error"] == true {
        let probe = if is_bool { expr.to_owned() } else { format!("({expr}) == ({expr})") };
        return expect(&probe, &facts, Truth::Unknown);
    }
    let Some((tag, fact_type, probe)) = expected(expr, &row["value"]) else {
        return Outcome::Wrong(format!("a value that the subset does not have: {}", row["value"]));
    };
    if fact_type != found.fact_type {
        return Outcome::Wrong(format!("is a `{}`, not a `{tag}`", found.fact_type));
    }
    expect(&probe, &facts, Truth::True)
}

fn expect(probe: &str, facts: &Facts, wanted: Truth) -> Outcome {
    let found = match cel::expression(probe, &facts.declarations) {
        Ok(found) => found,
        Err(told) => return Outcome::Wrong(format!("`{probe}` is refused: {told:?}")),
    };
    // The last check of a policy's condition: its length, its depth, its steps.
    let Some(truth) = facts.evaluate(&found) else {
        return Outcome::Refused;
    };
    if truth == wanted {
        Outcome::Right
    } else {
        Outcome::Wrong(format!("{truth:?} for `{probe}`"))
    }
}

/// The type of a tagged value, and a condition that holds if and only if `expr` comes to it.
fn expected(expr: &str, value: &Tagged) -> Option<(String, FactType, String)> {
    let (tag, inner) = value.as_object()?.iter().next()?;
    let literal = |tag: &str, inner: &Tagged| match tag {
        "int" => inner.as_str().map(str::to_owned),
        "bool" => Some(inner.to_string()),
        "double" => inner.as_f64().map(|number| format!("{number:?}")),
        "string" => inner.as_str().map(quoted),
        _ => None,
    };
    let equal = |literal: String| format!("({expr}) == {literal}");
    let (fact_type, probe) = match (tag.as_str(), inner.as_str()) {
        ("int", _) => (FactType::Int, equal(literal(tag, inner)?)),
        ("bool", _) => (FactType::Bool, equal(literal(tag, inner)?)),
        ("string", _) => (FactType::String, equal(literal(tag, inner)?)),
        ("double", Some("inf")) => (FactType::Double, equal("1.0 / 0.0".to_owned())),
        ("double", Some("-inf")) => (FactType::Double, equal("-1.0 / 0.0".to_owned())),
        ("double", Some("nan")) => (FactType::Double, format!("({expr}) != ({expr})")),
        ("double", _) if inner.as_f64().is_some_and(f64::is_infinite) => {
            (FactType::Double, equal("1.0 / 0.0".to_owned()))
        }
        ("double", _) => (FactType::Double, equal(literal(tag, inner)?)),
        ("list", _) => {
            let mut tags = Vec::new();
            let mut literals = Vec::new();
            for element in inner.as_array()? {
                let (tag, inner) = element.as_object()?.iter().next()?;
                literals.push(literal(tag, inner)?);
                tags.push(tag.as_str());
            }
            let fact_type = match tags.first().copied()? {
                "int" => FactType::IntList,
                "double" => FactType::DoubleList,
                "string" => FactType::StringList,
                _ => return None,
            };
            (fact_type, equal(format!("[{}]", literals.join(", "))))
        }
        _ => return None,
    };
    Some((tag.clone(), fact_type, probe))
}

/// A text as CEL writes it, every character by its number.
fn quoted(text: &str) -> String {
    let escaped: String =
        text.chars().map(|character| format!("\\U{:08x}", u32::from(character))).collect();
    format!("\"{escaped}\"")
}

/// What the expression of one case may read.
#[derive(Default)]
struct Facts {
    declarations: Vec<FactDeclaration>,
    constants: Vec<Const>,
}

impl Facts {
    fn declare(&mut self, path: &str, constant: Const) {
        self.declarations.push(FactDeclaration {
            path: path.to_owned(),
            fact_type: constant.fact_type(),
            source: FactSource::Caller,
            record: FactRecord::Nothing,
        });
        self.constants.push(constant);
    }

    /// Declares a bound value, each field of a map by itself; what facts cannot hold is left out.
    fn bind(&mut self, name: &str, value: &Tagged) {
        let (tag, inner) = value.as_object().unwrap().iter().next().unwrap();
        if let (true, Some(entries)) = (tag == "map", inner.as_array()) {
            for entry in entries {
                if let Some(key) = entry[0]["string"].as_str() {
                    self.bind(&format!("{name}.{key}"), &entry[1]);
                }
            }
            return;
        }
        let Some((.., probe)) = expected("true", value) else { return };
        let literal = probe.split_once(" == ").unwrap().1;
        if let Ok(Expression { ops, .. }) = cel::expression(literal, &[])
            && let [Op::Const(constant)] = ops.as_slice()
            && !self.declarations.iter().any(|fact| fact.path == name)
        {
            self.declare(name, constant.clone());
        }
    }

    /// Evaluates with every constant of the program as one more fact.
    fn evaluate(&self, expression: &Expression) -> Option<Truth> {
        let mut all =
            Self { declarations: self.declarations.clone(), constants: self.constants.clone() };
        let mut lift = |op: &Op| match op {
            Op::Const(constant) => {
                let slot = u16::try_from(all.constants.len()).unwrap();
                all.declare(&format!("literal_{slot}"), constant.clone());
                Op::Fact(slot)
            }
            other => other.clone(),
        };
        let ops: Vec<Op> = expression.ops.iter().map(&mut lift).collect();
        let program = Program::check(String::new(), ops, &all.declarations).ok()?;
        let values: Vec<Value<'_>> = all.constants.iter().map(value_of).collect();
        let lifted = program.evaluate(&values);
        // The same with constants in the program, which is how a policy runs.
        let plain = Program::check(String::new(), expression.ops.clone(), &self.declarations);
        let bound: Vec<Value<'_>> = self.constants.iter().map(value_of).collect();
        assert_eq!(plain.unwrap().evaluate(&bound), lifted);
        Some(lifted)
    }
}

fn value_of(constant: &Const) -> Value<'_> {
    match constant {
        Const::Bool(value) => Value::Bool(*value),
        Const::Int(value) => Value::Int(*value),
        Const::Double(value) => Value::Double(*value),
        Const::String(value) => Value::String(value),
        Const::Time(value) => Value::Time(*value),
        Const::Money(value) => Value::Money(*value),
        Const::StringList(values) => Value::StringList(values.iter().map(String::as_str).collect()),
        Const::IntList(values) => Value::IntList(values.clone()),
        Const::DoubleList(values) => Value::DoubleList(values.clone()),
    }
}
