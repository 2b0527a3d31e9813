//! From the tree to steps: names are looked up, types are checked, each fault is told at its place.

use crate::compile::cel::parse::{Expr, Kind};
use crate::compile::cel::{Expression, Told, meaning};
use crate::expr::check::{element, is_number, pair};
use crate::expr::{Const, Op};
use crate::fact::{FactDeclaration, FactType, built_in_type};
use crate::read;

/// Functions that are called by name, for suggestions.
const FUNCTIONS: &[&str] = &[
    "has",
    "size",
    "double",
    "dyn",
    "money",
    "timestamp",
    "contains",
    "startsWith",
    "endsWith",
    "exists",
    "all",
];

/// The steps of a tree.
pub(super) fn emit(tree: &Expr, facts: &[FactDeclaration]) -> Result<Expression, Told> {
    let mut emitter = Emitter { facts, ops: Vec::new(), loops: Vec::new() };
    let fact_type = emitter.expr(tree)?;
    Ok(Expression { fact_type, ops: emitter.ops })
}

/// The dotted path that names and fields make, and whether it is only such.
pub(super) fn path_of(expr: &Expr) -> Option<String> {
    match &expr.kind {
        Kind::Name(name) => Some(name.clone()),
        Kind::Field(inner, field) => Some(format!("{}.{field}", path_of(inner)?)),
        Kind::Index(inner, index) => match &index.kind {
            Kind::Literal(Const::String(key)) => Some(format!("{}.{key}", path_of(inner)?)),
            _ => None,
        },
        _ => None,
    }
}

struct Emitter<'a> {
    facts: &'a [FactDeclaration],
    ops: Vec<Op>,
    /// The names and types of the loops' elements, the innermost last.
    loops: Vec<(String, FactType)>,
}

type Emitted = Result<FactType, Told>;

impl Emitter<'_> {
    fn push(&mut self, op: Op, fact_type: FactType) -> Emitted {
        self.ops.push(op);
        Ok(fact_type)
    }

    fn constant(&mut self, constant: Const) -> Emitted {
        let fact_type = constant.fact_type();
        self.push(Op::Const(constant), fact_type)
    }

    fn expr(&mut self, expr: &Expr) -> Emitted {
        match &expr.kind {
            Kind::Literal(literal) => self.constant(literal.clone()),
            Kind::List(elements) => {
                let list = list_of(expr.at, elements)?;
                self.constant(list)
            }
            Kind::Name(_) | Kind::Field(..) => self.named(expr),
            Kind::Index(list, index) => {
                if path_of(expr).is_some_and(|path| self.slot(&path).is_some()) {
                    return self.named(expr);
                }
                self.index(expr, list, index)
            }
            Kind::Not(inner) => {
                self.truth(inner)?;
                self.push(Op::Not, FactType::Bool)
            }
            Kind::Negate(inner) => {
                let found = self.expr(inner)?;
                match found {
                    FactType::Int | FactType::Double => self.push(Op::Neg, found),
                    _ => Err(Told::new(
                        inner.at,
                        format!("expected a number, found a `{found}`"),
                        "take the `-` out",
                    )),
                }
            }
            Kind::All(parts) => self.joined(parts, &Op::And(2)),
            Kind::Any(parts) => self.joined(parts, &Op::Or(2)),
            Kind::Choose(parts) => {
                let [condition, held, other] = parts.as_ref();
                self.truth(condition)?;
                let left = self.expr(held)?;
                let right = self.expr(other)?;
                let found = expect(right, left).map_err(|detail| {
                    Told::new(other.at, detail, "give both outcomes the same type")
                })?;
                self.push(Op::Choose, found)
            }
            Kind::Pair(op, left, right) => self.pair(expr.at, op, left, right),
            Kind::Call { target, name, arguments } => {
                self.call(expr.at, target.as_deref(), name, arguments)
            }
        }
    }

    fn truth(&mut self, expr: &Expr) -> Emitted {
        let found = self.expr(expr)?;
        expect(found, FactType::Bool)
            .map_err(|detail| Told::new(expr.at, detail, "compare it with something"))
    }

    fn joined(&mut self, parts: &[Expr], op: &Op) -> Emitted {
        for (index, part) in parts.iter().enumerate() {
            self.truth(part)?;
            // Joined one by one, so that many parts do not need a deep stack.
            self.ops.extend((index > 0).then(|| op.clone()));
        }
        Ok(FactType::Bool)
    }

    fn slot(&self, path: &str) -> Option<(u16, FactType)> {
        let slot = self.facts.iter().position(|fact| fact.path == path)?;
        let fact = self.facts.get(slot)?;
        Some((u16::try_from(slot).ok()?, fact.fact_type))
    }

    /// The loop whose element has this name: how far outwards, and its type.
    fn item(&self, name: &str) -> Option<(u16, FactType)> {
        let mut outwards = self.loops.iter().rev().enumerate();
        let (outwards, (_, fact_type)) = outwards.find(|(_, (known, _))| known == name)?;
        Some((u16::try_from(outwards).ok()?, *fact_type))
    }

    fn named(&mut self, expr: &Expr) -> Emitted {
        if let Kind::Name(name) = &expr.kind
            && let Some((outwards, fact_type)) = self.item(name)
        {
            return self.push(Op::Item(outwards), fact_type);
        }
        let (slot, fact_type) = self.fact(expr)?;
        self.push(Op::Fact(slot), fact_type)
    }

    fn fact(&self, expr: &Expr) -> Result<(u16, FactType), Told> {
        if let Some(found) = path_of(expr).filter(|_| !self.is_item(expr)) {
            if let Some(slot) = self.slot(&found) {
                return Ok(slot);
            }
            return Err(self.undeclared(expr.at, &found));
        }
        Err(Told::new(expr.at, "only facts have fields", "name a fact, such as `request.domain`"))
    }

    fn is_item(&self, expr: &Expr) -> bool {
        match &expr.kind {
            Kind::Name(name) => self.item(name).is_some(),
            Kind::Field(inner, _) | Kind::Index(inner, _) => self.is_item(inner),
            _ => false,
        }
    }

    fn undeclared(&self, at: usize, path: &str) -> Told {
        let shown = read::excerpt(path);
        let mut outer = path;
        while let Some((before, field)) = outer.rsplit_once('.') {
            if let Some((_, fact_type)) = self.slot(before) {
                let detail = format!("`{before}` is a `{fact_type}` and has no field `{field}`");
                return Told::new(at, read::excerpt(&detail), "take the field out");
            }
            outer = before;
        }
        let detail = format!("the fact `{shown}` is not declared");
        if let Some(fact_type) = built_in_type(path) {
            let help = format!("add [[fact]] with path = \"{shown}\" and type = \"{fact_type}\"");
            return Told::new(at, detail, help);
        }
        let mut known: Vec<&str> = self.facts.iter().map(|fact| fact.path.as_str()).collect();
        known.extend(self.loops.iter().map(|(name, _)| name.as_str()));
        let help = read::suggestion(path, &known)
            .unwrap_or_else(|| "declare it with [[fact]], or name a declared one".to_owned());
        Told::new(at, detail, help)
    }

    fn index(&mut self, expr: &Expr, list: &Expr, index: &Expr) -> Emitted {
        let is_path = path_of(expr).is_some() && !self.is_item(expr);
        if is_path && path_of(list).is_none_or(|path| self.slot(&path).is_none()) {
            return self.fact(expr).map(|(_, fact_type)| fact_type);
        }
        let left = self.expr(list)?;
        let right = self.expr(index)?;
        let found = pair(&Op::At, left, right).ok_or_else(|| {
            let detail = misfit(&Op::At, left, right);
            Told::new(index.at, detail, "index a list by a whole number from 0")
        })?;
        self.push(Op::At, found)
    }

    fn pair(&mut self, at: usize, op: &Op, left: &Expr, right: &Expr) -> Emitted {
        self.words(op, left, right)?;
        let left_type = self.expr(left)?;
        let right_type = self.expr(right)?;
        let found = pair(op, left_type, right_type).ok_or_else(|| {
            let detail = misfit(op, left_type, right_type);
            Told::new(at, detail, mend(op, left_type, right_type))
        })?;
        self.push(op.clone(), found)
    }

    /// A fact that is one of a few words is compared with these words only, and has no order.
    fn words(&self, op: &Op, left: &Expr, right: &Expr) -> Result<(), Told> {
        for (side, other) in [(left, right), (right, left)] {
            let path = path_of(side).filter(|_| !self.is_item(side));
            let Some(path) = path else { continue };
            let Some(known) = meaning::words(&path) else { continue };
            if matches!(op, Op::Lt | Op::Le | Op::Gt | Op::Ge) {
                let detail = format!("`{path}` is a word, and words are ordered by their letters");
                let meant = if side == left { beside(op, other, &known) } else { known };
                let help = format!("write `{path} in [{}]`", quoted(&meant));
                return Err(Told::new(side.at, detail, help));
            }
            let literals = match &other.kind {
                Kind::List(elements) => elements.as_slice(),
                _ => std::slice::from_ref(other),
            };
            for literal in literals {
                let Kind::Literal(Const::String(word)) = &literal.kind else { continue };
                if !known.contains(&word.as_str()) {
                    let detail = format!("`{path}` is never `{}`", read::excerpt(word));
                    let help = read::suggestion(word, &known)
                        .unwrap_or_else(|| format!("it is one of {}", read::quoted(&known)));
                    return Err(Told::new(literal.at, detail, help));
                }
            }
        }
        Ok(())
    }

    fn call(
        &mut self,
        at: usize,
        target: Option<&Expr>,
        name: &str,
        arguments: &[Expr],
    ) -> Emitted {
        match (name, target, arguments) {
            ("has", None, [field]) => {
                if !matches!(field.kind, Kind::Field(..)) {
                    let help = "name a field in it, such as `has(request.intent)`";
                    return Err(Told::new(field.at, "`has` asks whether a field is there", help));
                }
                let (slot, _) = self.fact(field)?;
                self.push(Op::Has(slot), FactType::Bool)
            }
            ("size", Some(sized), []) | ("size", None, [sized]) => {
                let found = self.expr(sized)?;
                if found != FactType::String && element(found).is_none() {
                    let detail = format!("a `{found}` has no size");
                    return Err(Told::new(sized.at, detail, "ask it of a text or a list"));
                }
                self.push(Op::Size, FactType::Int)
            }
            ("dyn", None, [value]) => self.expr(value),
            ("double", None, [value]) => {
                let found = self.expr(value)?;
                match found {
                    FactType::Double => Ok(found),
                    FactType::Int => self.push(Op::Double, FactType::Double),
                    _ => {
                        let detail = format!("a `{found}` cannot be made a `double`");
                        Err(Told::new(value.at, detail, "give it a whole number"))
                    }
                }
            }
            // With a text in it, the parser made it a constant.
            ("money" | "timestamp", None, [value]) => {
                let detail = format!("`{name}` takes a text that stands in the condition");
                Err(Told::new(value.at, detail, format!("write {}", example(name))))
            }
            ("contains" | "startsWith" | "endsWith", Some(text), [part]) => {
                let op = match name {
                    "contains" => Op::Contains,
                    "startsWith" => Op::StartsWith,
                    _ => Op::EndsWith,
                };
                self.pair(at, &op, text, part)
            }
            ("exists" | "all", Some(list), [variable, body]) => {
                let Kind::Name(variable_name) = &variable.kind else {
                    let help = "write `actions.tools.exists(tool, tool == \"mail.send\")`";
                    return Err(Told::new(variable.at, "a loop names its element first", help));
                };
                self.hides_no_fact(variable.at, variable_name)?;
                self.each(list, variable_name, body, name == "exists")
            }
            _ => Err(unknown_call(at, target.is_some(), name)),
        }
    }

    /// An element may not have the name of a fact: a reader would take one for the other.
    fn hides_no_fact(&self, at: usize, name: &str) -> Result<(), Told> {
        let first = |path: &str| path.split('.').next().is_some_and(|first| first == name);
        if !self.facts.iter().any(|fact| fact.path == name || first(&fact.path)) {
            return Ok(());
        }
        let detail = format!("the element `{name}` hides a fact");
        Err(Told::new(at, detail, "give the element another name"))
    }

    fn each(&mut self, list: &Expr, name: &str, body: &Expr, exists: bool) -> Emitted {
        let found = self.expr(list)?;
        let item = element(found).ok_or_else(|| {
            let detail = format!("a `{found}` has no elements");
            Told::new(list.at, detail, "loop over a list")
        })?;
        let place = self.ops.len();
        self.loops.push((name.to_owned(), item));
        self.ops.push(Op::Exists(0));
        self.truth(body)?;
        self.loops.pop();
        let length = u16::try_from(self.ops.len() - place - 1).unwrap_or(u16::MAX);
        if let Some(op) = self.ops.get_mut(place) {
            *op = if exists { Op::Exists(length) } else { Op::Every(length) };
        }
        Ok(FactType::Bool)
    }
}

/// A list of literals of one type.
fn list_of(at: usize, elements: &[Expr]) -> Result<Const, Told> {
    let mut texts = Vec::new();
    let mut ints = Vec::new();
    let mut doubles = Vec::new();
    for element in elements {
        match &element.kind {
            Kind::Literal(Const::String(text)) => texts.push(text.clone()),
            Kind::Literal(Const::Int(value)) => ints.push(*value),
            Kind::Literal(Const::Double(value)) => doubles.push(*value),
            _ => {
                let help = "write the texts or numbers themselves, or compare one by one";
                return Err(Told::new(element.at, "a list holds only texts or numbers", help));
            }
        }
    }
    let length = elements.len();
    match (texts.len(), ints.len(), doubles.len()) {
        (0, 0, 0) => Err(Told::new(at, "the list is empty", "give at least one element")),
        (found, ..) if found == length => Ok(Const::StringList(texts)),
        (_, found, _) if found == length => Ok(Const::IntList(ints)),
        (_, _, found) if found == length => Ok(Const::DoubleList(doubles)),
        _ => {
            let help = "write all as texts, all as whole numbers, or all with a decimal point";
            Err(Told::new(at, "the list holds several types", help))
        }
    }
}

fn unknown_call(at: usize, is_method: bool, name: &str) -> Told {
    let shown = read::excerpt(name);
    if FUNCTIONS.contains(&name) {
        let detail = format!("`{shown}` is not called in this way");
        return Told::new(at, detail, format!("write {}", example(name)));
    }
    let help = match name {
        "matches" => {
            let detail = "`matches` is not used: a regular expression may take long".to_owned();
            return Told::new(at, detail, "use `startsWith`, `endsWith` or `contains`");
        }
        "map" | "filter" | "exists_one" | "existsOne" => "use `exists` or `all`".to_owned(),
        "duration" => "compare instants by `timestamp`".to_owned(),
        "int" | "uint" | "string" | "bool" | "bytes" | "type" => {
            "facts have their declared types; declare the one that you compare with".to_owned()
        }
        _ => read::suggestion(name, FUNCTIONS)
            .unwrap_or_else(|| format!("there are {}", read::quoted(FUNCTIONS))),
    };
    let kind = if is_method { "method" } else { "function" };
    Told::new(at, format!("there is no {kind} `{shown}` in conditions"), help)
}

fn example(name: &str) -> &'static str {
    match name {
        "has" => "`has(request.intent)`",
        "size" => "`size(actions.tools)`",
        "double" => "`double(action.count)`",
        "dyn" => "`dyn(action.count)`",
        "money" => "`money(\"50 USD\")`",
        "timestamp" => "`timestamp(\"2026-05-09T18:00:00Z\")`",
        "contains" => "`action.tool.contains(\"export\")`",
        "startsWith" => "`action.tool.startsWith(\"billing.\")`",
        "endsWith" => "`action.tool.endsWith(\".delete\")`",
        "exists" => "`actions.tools.exists(tool, tool.startsWith(\"billing.\"))`",
        _ => "`actions.tools.all(tool, tool.startsWith(\"kb.\"))`",
    }
}

/// The type that was wanted.
fn expect(found: FactType, wanted: FactType) -> Result<FactType, String> {
    let fits = found == wanted;
    fits.then_some(wanted).ok_or_else(|| format!("expected a `{wanted}`, found a `{found}`"))
}

/// How two types do not fit.
fn misfit(op: &Op, left: FactType, right: FactType) -> String {
    let either = |wanted: FactType| expect(right, wanted).and_then(|_| expect(left, wanted)).err();
    let told = match op {
        Op::Add | Op::Sub | Op::Mul | Op::Div => {
            let other = [left, right].into_iter().find(|found| !is_number(*found));
            Some(match other {
                Some(found) => format!("expected a number, found a `{found}`"),
                None => format!("a `{left}` and a `{right}` cannot be reckoned together"),
            })
        }
        Op::Rem => either(FactType::Int),
        Op::Contains | Op::StartsWith | Op::EndsWith => either(FactType::String),
        Op::At if element(left).is_none() => Some(format!("a `{left}` has no elements")),
        Op::At => expect(right, FactType::Int).err(),
        _ => None,
    };
    told.unwrap_or_else(|| format!("a `{left}` cannot be compared with a `{right}` in this way"))
}

/// What to do about two types that do not fit.
fn mend(op: &Op, left: FactType, right: FactType) -> String {
    let either = |wanted| left == wanted || right == wanted;
    match op {
        _ if either(FactType::Money) => match op {
            Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Rem => {
                "amounts are only compared; the facts have the sums"
            }
            _ => "write the amount as `money(\"50 USD\")`",
        },
        _ if either(FactType::Time) => "write the instant as `timestamp(\"2026-05-09T18:00:00Z\")`",
        Op::Add | Op::Sub | Op::Mul | Op::Div if is_number(left) && is_number(right) => {
            "write the whole number with a decimal point, or put `double()` around it"
        }
        Op::Add if either(FactType::String) => "texts are not put together in conditions",
        Op::In if element(right).is_none() => "put a list to the right of `in`",
        Op::Contains if element(left).is_some() => "ask a list by `\"…\" in list`",
        Op::Eq | Op::Ne if element(left).is_some() => "ask a list by `\"…\" in list`",
        Op::Eq | Op::Ne if element(right).is_some() => "ask a list by `in`",
        _ => "compare values of one type",
    }
    .to_owned()
}

/// The words that were meant by an order: those before or behind a word of an ascending list.
fn beside(op: &Op, word: &Expr, known: &[&'static str]) -> Vec<&'static str> {
    let named = match &word.kind {
        Kind::Literal(Const::String(word)) => known.iter().position(|one| one == word),
        _ => None,
    };
    let meant = |index: usize| {
        named.is_none_or(|named| match op {
            Op::Lt => index < named,
            Op::Le => index <= named,
            Op::Gt => index > named,
            _ => index >= named,
        })
    };
    known.iter().enumerate().filter(|(index, _)| meant(*index)).map(|(_, word)| *word).collect()
}

fn quoted(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    words.join(", ")
}
