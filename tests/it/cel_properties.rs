//! Conditions from chance: compiling them never fails but by telling why, and what compiles is
//! evaluated to the same truth as by the rules written down a second time here.

use countersign::compile::cel;
use countersign::expr::{Program, Truth};
use countersign::fact::{BUILT_IN, FactDeclaration, FactRecord, FactSource, FactType, Value};
use proptest::prelude::*;

use crate::support::{canonical, json, root};

fn declared(path: &str, fact_type: FactType) -> FactDeclaration {
    FactDeclaration {
        path: path.to_owned(),
        fact_type,
        source: FactSource::Caller,
        record: FactRecord::Nothing,
    }
}

fn facts() -> Vec<FactDeclaration> {
    vec![
        declared("facts.a", FactType::Int),
        declared("facts.b", FactType::Int),
        declared("facts.p", FactType::Bool),
        declared("facts.q", FactType::Bool),
        declared("facts.text", FactType::String),
        declared("facts.list", FactType::StringList),
    ]
}

/// A condition and what it means, where a missing fact and an overflow are `None`.
#[derive(Clone, Debug)]
enum Tree {
    Int(i64),
    A,
    B,
    P,
    Q,
    Pair(&'static str, Box<Tree>, Box<Tree>),
    Not(Box<Tree>),
    Choose(Box<Tree>, Box<Tree>, Box<Tree>),
}

impl Tree {
    fn text(&self) -> String {
        match self {
            Self::Int(value) => value.to_string(),
            Self::A => "facts.a".to_owned(),
            Self::B => "facts.b".to_owned(),
            Self::P => "facts.p".to_owned(),
            Self::Q => "facts.q".to_owned(),
            Self::Pair(sign, left, right) => format!("({} {sign} {})", left.text(), right.text()),
            Self::Not(inner) => format!("!{}", inner.text()),
            Self::Choose(condition, held, other) => {
                format!("({} ? {} : {})", condition.text(), held.text(), other.text())
            }
        }
    }

    fn int(&self, with: &Known) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            Self::A => with.a,
            Self::B => with.b,
            Self::Pair(sign, left, right) => {
                let (left, right) = (left.int(with)?, right.int(with)?);
                match *sign {
                    "+" => left.checked_add(right),
                    "-" => left.checked_sub(right),
                    "*" => left.checked_mul(right),
                    "/" => left.checked_div(right),
                    _ => left.checked_rem(right),
                }
            }
            Self::Choose(condition, held, other) => {
                if condition.truth(with)? {
                    held.int(with)
                } else {
                    other.int(with)
                }
            }
            _ => None,
        }
    }

    fn truth(&self, with: &Known) -> Option<bool> {
        match self {
            Self::P => with.p,
            Self::Q => with.q,
            Self::Not(inner) => inner.truth(with).map(|truth| !truth),
            Self::Pair("&&", left, right) => match (left.truth(with), right.truth(with)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (left, right) => left.and(right),
            },
            Self::Pair("||", left, right) => match (left.truth(with), right.truth(with)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (left, right) => left.and(right),
            },
            Self::Pair(sign, left, right) => {
                let (left, right) = (left.int(with)?, right.int(with)?);
                Some(match *sign {
                    "==" => left == right,
                    "!=" => left != right,
                    "<" => left < right,
                    _ => left >= right,
                })
            }
            _ => None,
        }
    }
}

#[derive(Clone, Debug)]
struct Known {
    a: Option<i64>,
    b: Option<i64>,
    p: Option<bool>,
    q: Option<bool>,
}

fn number() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        (-3_i64..4).prop_map(Tree::Int),
        Just(Tree::Int(9_007_199_254_740_991)),
        Just(Tree::A),
        Just(Tree::B),
    ];
    leaf.prop_recursive(3, 12, 2, |inner| {
        let sign = prop::sample::select(vec!["+", "-", "*", "/", "%"]);
        (sign, inner.clone(), inner)
            .prop_map(|(sign, left, right)| Tree::Pair(sign, Box::new(left), Box::new(right)))
    })
}

fn condition() -> impl Strategy<Value = Tree> {
    let sign = prop::sample::select(vec!["==", "!=", "<", ">="]);
    let compared = (sign, number(), number())
        .prop_map(|(sign, left, right)| Tree::Pair(sign, Box::new(left), Box::new(right)));
    let leaf = prop_oneof![Just(Tree::P), Just(Tree::Q), compared];
    leaf.prop_recursive(3, 16, 3, |inner| {
        let sign = prop::sample::select(vec!["&&", "||"]);
        prop_oneof![
            (sign, inner.clone(), inner.clone()).prop_map(|(sign, left, right)| Tree::Pair(
                sign,
                Box::new(left),
                Box::new(right)
            )),
            inner.clone().prop_map(|inner| Tree::Not(Box::new(inner))),
            (inner, number(), number()).prop_map(|(condition, held, other)| {
                let chosen = Tree::Choose(Box::new(condition), Box::new(held), Box::new(other));
                Tree::Pair("<", Box::new(chosen), Box::new(Tree::A))
            }),
        ]
    })
}

fn known() -> impl Strategy<Value = Known> {
    let int = || prop::option::of(prop_oneof![-3_i64..4, Just(9_007_199_254_740_991)]);
    let bool = || prop::option::of(any::<bool>());
    (int(), int(), bool(), bool()).prop_map(|(a, b, p, q)| Known { a, b, p, q })
}

proptest! {
    #[test]
    fn a_condition_means_what_it_says(tree in condition(), with in known()) {
        let text = tree.text();
        // What can never hold is refused, and rightly so.
        let found = cel::expression(&text, &facts());
        prop_assume!(found.is_ok());
        let program = Program::check(text.clone(), found.unwrap().ops, &facts());
        prop_assume!(program.is_ok());
        let program = program.unwrap();
        let int = |value: Option<i64>| value.map_or(Value::Missing, Value::Int);
        let bool = |value: Option<bool>| value.map_or(Value::Missing, Value::Bool);
        let values = [int(with.a), int(with.b), bool(with.p), bool(with.q)];
        let meant = tree.truth(&with).map_or(Truth::Unknown, Truth::from);
        prop_assert_eq!(program.evaluate(&values), meant, "{} with {:?}", text, with);
    }

    #[test]
    fn text_from_chance_compiles_or_is_told(parts in prop::collection::vec(prop::sample::select(vec![
        "facts.a", "facts.p", "facts.text", "facts.list", "x", "1", "2.5", "\"é\"", "r'", "'''", "(", ")",
        "[", "]", "{", "}", ",", ".", "!", "-", "&&", "||", "==", "<", "in", "?", ":", "+", "/", "%",
        ".exists(x, ", ".size()", "has(", "size(", "money(", "\"50 USD\"", "`", "\\", "\u{0}", "// ", "\n", " ",
    ]), 0..24)) {
        let text = parts.concat();
        match cel::condition(&text, &facts()) {
            Ok(program) => {
                let _ = program.evaluate(&[]);
                let again = Program::read(
                    countersign::read::Node::root(&json(&canonical(&program))),
                    &facts(),
                );
                prop_assert_eq!(again.unwrap(), program);
            }
            Err(told) => {
                prop_assert!(told.at <= text.len() && text.is_char_boundary(told.at));
                prop_assert!(!told.detail.is_empty() && !told.help.is_empty());
            }
        }
    }
}

#[test]
fn the_conditions_of_the_readme_compile() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let mut facts: Vec<FactDeclaration> =
        BUILT_IN.iter().map(|(path, fact_type)| declared(path, *fact_type)).collect();
    facts.extend([
        declared("facts.orders", FactType::Int),
        declared("facts.refunds", FactType::Int),
    ]);
    let conditions = readme.lines().filter_map(|line| line.strip_prefix("when = '"));
    let conditions: Vec<&str> = conditions.filter_map(|line| line.strip_suffix('\'')).collect();
    assert!(conditions.len() > 3);
    for condition in conditions {
        cel::condition(condition, &facts).unwrap_or_else(|told| panic!("{condition}: {told:?}"));
    }
}
