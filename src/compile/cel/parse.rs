//! The tree of a CEL text. Its depth is bounded while it is built, so that nothing overflows.

use crate::compile::cel::token::{Token, tokens};
use crate::compile::cel::{Told, meaning};
use crate::expr::{Const, Op};
use crate::limits;
use crate::read;

/// A part of a condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Expr {
    /// The byte that is shown where something is wrong with it.
    pub(super) at: usize,
    pub(super) kind: Kind,
    /// The levels within it.
    depth: usize,
}

/// What the part is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Literal(Const),
    Name(String),
    Field(Box<Expr>, String),
    Index(Box<Expr>, Box<Expr>),
    Call { target: Option<Box<Expr>>, name: String, arguments: Vec<Expr> },
    List(Vec<Expr>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    Pair(Op, Box<Expr>, Box<Expr>),
    All(Vec<Expr>),
    Any(Vec<Expr>),
    Choose(Box<[Expr; 3]>),
}

const RESERVED: &[&str] = &[
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];
const RELATIONS: &[(&str, Op)] =
    &[("==", Op::Eq), ("!=", Op::Ne), ("<=", Op::Le), (">=", Op::Ge), ("<", Op::Lt), (">", Op::Gt)];
const SUMS: &[(&str, Op)] = &[("+", Op::Add), ("-", Op::Sub)];
const PRODUCTS: &[(&str, Op)] = &[("*", Op::Mul), ("/", Op::Div), ("%", Op::Rem)];

type Parsed = Result<Expr, Told>;

/// Parses a whole text.
pub(super) fn parse(text: &str) -> Parsed {
    let mut parser = Parser { tokens: tokens(text)?, next: 0, depth: 0 };
    if *parser.peek() == Token::End {
        return Err(Told::new(0, "the condition is empty", "write a comparison"));
    }
    let expr = parser.expression()?;
    match parser.peek() {
        Token::End => Ok(expr),
        other => {
            let help = match other {
                Token::Name(name) if name.eq_ignore_ascii_case("and") => "write `&&`",
                Token::Name(name) if name.eq_ignore_ascii_case("or") => "write `||`",
                _ => "join two comparisons by `&&` or `||`",
            };
            Err(Told::new(parser.at(), format!("{} comes too late", shown(other)), help))
        }
    }
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    next: usize,
    /// How deep the parser itself is.
    depth: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        self.tokens.get(self.next).map_or(&Token::End, |(_, token)| token)
    }

    fn at(&self) -> usize {
        let at = self.tokens.get(self.next).or_else(|| self.tokens.last());
        at.map_or(0, |(at, _)| *at)
    }

    fn advance(&mut self) -> (usize, Token) {
        let taken = (self.at(), self.peek().clone());
        self.next += 1;
        taken
    }

    fn takes(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Token::Sign(next) if *next == sign);
        self.next += usize::from(found);
        found
    }

    fn wants(&mut self, sign: &str) -> Result<(), Told> {
        if self.takes(sign) {
            return Ok(());
        }
        let detail = format!("expected `{sign}`, found {}", shown(self.peek()));
        Err(Told::new(self.at(), detail, format!("add `{sign}`")))
    }

    fn one_of(&mut self, signs: &[(&str, Op)]) -> Option<(usize, Op)> {
        let Token::Sign(next) = self.peek() else {
            return None;
        };
        let (_, op) = signs.iter().find(|(sign, _)| sign == next)?;
        Some((self.advance().0, op.clone()))
    }

    fn expression(&mut self) -> Parsed {
        self.depth += 1;
        if self.depth > limits::CONDITION_DEPTH_MAX {
            return Err(too_deep(self.at()));
        }
        let condition = self.any()?;
        let at = self.at();
        let expr = if self.takes("?") {
            let held = self.any()?;
            self.wants(":")?;
            let other = self.expression()?;
            let depth = condition.depth.max(held.depth).max(other.depth);
            node(at, depth, Kind::Choose(Box::new([condition, held, other])))?
        } else {
            condition
        };
        self.depth -= 1;
        Ok(expr)
    }

    fn any(&mut self) -> Parsed {
        self.joined("||", Self::all, Kind::Any)
    }

    fn all(&mut self) -> Parsed {
        self.joined("&&", Self::relation, Kind::All)
    }

    fn joined(
        &mut self,
        sign: &str,
        part: fn(&mut Self) -> Parsed,
        kind: fn(Vec<Expr>) -> Kind,
    ) -> Parsed {
        let first = part(self)?;
        let at = self.at();
        if !self.takes(sign) {
            return Ok(first);
        }
        let mut parts = vec![first, part(self)?];
        while self.takes(sign) {
            parts.push(part(self)?);
        }
        let depth = parts.iter().map(|part| part.depth).max().unwrap_or(0);
        node(at, depth, kind(parts))
    }

    fn relation(&mut self) -> Parsed {
        let mut left = self.sum()?;
        loop {
            let found = match self.peek() {
                Token::Name(name) if name == "in" => Some((self.advance().0, Op::In)),
                _ => self.one_of(RELATIONS),
            };
            let Some((at, op)) = found else {
                return Ok(left);
            };
            let right = self.sum()?;
            left = pair(at, op, left, right)?;
        }
    }

    fn sum(&mut self) -> Parsed {
        let mut left = self.product()?;
        while let Some((at, op)) = self.one_of(SUMS) {
            let right = self.product()?;
            left = pair(at, op, left, right)?;
        }
        Ok(left)
    }

    fn product(&mut self) -> Parsed {
        let mut left = self.unary()?;
        while let Some((at, op)) = self.one_of(PRODUCTS) {
            let right = self.unary()?;
            left = pair(at, op, left, right)?;
        }
        Ok(left)
    }

    fn unary(&mut self) -> Parsed {
        let signs = ["!", "-"];
        let Some(sign) = signs.into_iter().find(|sign| *self.peek() == Token::Sign(sign)) else {
            return self.member();
        };
        let mut places = Vec::new();
        while *self.peek() == Token::Sign(sign) {
            places.push(self.advance().0);
        }
        // A sign before digits belongs to the number.
        let is_number = matches!(self.peek(), Token::Int(_) | Token::Double(_));
        let mut expr = self.member()?;
        if sign == "-"
            && is_number
            && let Kind::Literal(literal) = &mut expr.kind
        {
            let negated = match literal {
                Const::Int(value) => Some(Const::Int(-*value)),
                // JSON has no negative zero.
                Const::Double(value) if *value != 0.0 => Some(Const::Double(-*value)),
                _ => None,
            };
            if let Some(negated) = negated {
                *literal = negated;
                places.pop();
            }
        }
        while let Some(at) = places.pop() {
            let depth = expr.depth;
            let inner = Box::new(expr);
            let kind = if sign == "!" { Kind::Not(inner) } else { Kind::Negate(inner) };
            expr = node(at, depth, kind)?;
        }
        Ok(expr)
    }

    fn member(&mut self) -> Parsed {
        let mut expr = self.primary()?;
        loop {
            let (at, depth) = (expr.at, expr.depth);
            if self.takes(".") {
                let (name_at, token) = self.advance();
                let (name, is_plain) = match token {
                    Token::Name(name) if name != "in" => (name, true),
                    Token::Quoted(name) => (name, false),
                    other => {
                        let detail = format!("expected a field, found {}", shown(&other));
                        return Err(Told::new(name_at, detail, "name a field after the `.`"));
                    }
                };
                if is_plain && self.takes("(") {
                    let arguments = self.list(")")?;
                    let depth = arguments.iter().map(|one| one.depth).fold(depth, usize::max);
                    let target = Some(Box::new(expr));
                    expr = node(name_at, depth, Kind::Call { target, name, arguments })?;
                } else {
                    expr = node(at, depth, Kind::Field(Box::new(expr), name))?;
                }
            } else if self.takes("[") {
                let index = self.expression()?;
                self.wants("]")?;
                let depth = depth.max(index.depth);
                expr = node(at, depth, Kind::Index(Box::new(expr), Box::new(index)))?;
            } else if *self.peek() == Token::Sign("{") {
                let help = "compare facts, texts, numbers and lists of them";
                return Err(Told::new(self.at(), "there are no messages in conditions", help));
            } else {
                return Ok(expr);
            }
        }
    }

    fn list(&mut self, end: &str) -> Result<Vec<Expr>, Told> {
        let mut elements = Vec::new();
        while !self.takes(end) {
            if elements.len() >= limits::LIST_LENGTH_MAX {
                let detail = format!("more than {} elements", limits::LIST_LENGTH_MAX);
                return Err(Told::new(self.at(), detail, "make the list shorter"));
            }
            elements.push(self.expression()?);
            if !self.takes(",") {
                self.wants(end)?;
                break;
            }
            if end == ")" && *self.peek() == Token::Sign(")") {
                return Err(Told::new(self.at(), "an argument is missing", "take the `,` out"));
            }
        }
        Ok(elements)
    }

    fn primary(&mut self) -> Parsed {
        let (at, token) = self.advance();
        let kind = match token {
            Token::Int(value) => Kind::Literal(Const::Int(value)),
            Token::Double(value) => Kind::Literal(Const::Double(value)),
            Token::Text(text) => Kind::Literal(Const::String(text)),
            Token::Name(name) => match name.as_str() {
                "true" => Kind::Literal(Const::Bool(true)),
                "false" => Kind::Literal(Const::Bool(false)),
                "null" => {
                    let help = "ask `has(request.intent)` whether a fact is there";
                    return Err(Told::new(at, "there is no `null` in conditions", help));
                }
                _ if name == "in" || RESERVED.contains(&name.as_str()) => {
                    let detail = format!("`{name}` is a reserved word");
                    return Err(Told::new(at, detail, "name a fact, or quote a text"));
                }
                _ if self.takes("(") => {
                    let arguments = self.list(")")?;
                    if let [Expr { at: text_at, kind: Kind::Literal(Const::String(text)), .. }] =
                        arguments.as_slice()
                        && let Some(constant) = meaning::constant(&name, text, *text_at)
                    {
                        return node(at, 0, Kind::Literal(constant?));
                    }
                    let depth = arguments.iter().map(|one| one.depth).max().unwrap_or(0);
                    return node(at, depth, Kind::Call { target: None, name, arguments });
                }
                _ => Kind::Name(name),
            },
            Token::Sign("(") => {
                let inner = self.expression()?;
                self.wants(")")?;
                return Ok(inner);
            }
            Token::Sign("[") => {
                let elements = self.list("]")?;
                let depth = elements.iter().map(|one| one.depth).max().unwrap_or(0);
                return node(at, depth, Kind::List(elements));
            }
            Token::Sign("{") => {
                let help = "compare facts, texts, numbers and lists of them";
                return Err(Told::new(at, "there are no maps in conditions", help));
            }
            other => {
                let detail = format!("expected a value, found {}", shown(&other));
                return Err(Told::new(at, detail, "name a fact, a text or a number"));
            }
        };
        node(at, 0, kind)
    }
}

fn pair(at: usize, op: Op, left: Expr, right: Expr) -> Parsed {
    let depth = left.depth.max(right.depth);
    node(at, depth, Kind::Pair(op, Box::new(left), Box::new(right)))
}

fn node(at: usize, depth_within: usize, kind: Kind) -> Parsed {
    let depth = depth_within + 1;
    if depth > limits::CONDITION_DEPTH_MAX {
        Err(too_deep(at))
    } else {
        Ok(Expr { at, kind, depth })
    }
}

fn too_deep(at: usize) -> Told {
    let detail = format!("the condition nests deeper than {}", limits::CONDITION_DEPTH_MAX);
    Told::new(
        at,
        detail,
        "split it into several rules, or join by `&&` and `||` without parentheses",
    )
}

fn shown(token: &Token) -> String {
    match token {
        Token::Int(value) => format!("`{value}`"),
        Token::Double(value) => format!("`{value}`"),
        Token::Text(text) => format!("the text `{}`", read::excerpt(text)),
        Token::Name(name) | Token::Quoted(name) => format!("`{}`", read::excerpt(name)),
        Token::Sign(sign) => format!("`{sign}`"),
        Token::End => "the end".to_owned(),
    }
}
