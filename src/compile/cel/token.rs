//! The words of a CEL text, each with the byte at which it begins.

use crate::compile::cel::Told;
use crate::json::{INTEGER_MAX, is_admitted};

/// One word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Int(i64),
    Double(f64),
    Text(String),
    Name(String),
    /// A name in backquotes, which only a field may have.
    Quoted(String),
    Sign(&'static str),
    End,
}

/// The longer ones first.
const SIGNS: &[&str] = &[
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "/", "%", "?", ":", ".", ",",
    "(", ")", "[", "]", "{", "}",
];

/// The words of the text, [`Token::End`] last.
pub(super) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, Told> {
    let mut scanner = Scanner { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        scanner.skip_space();
        let at = scanner.at;
        let token = scanner.next()?;
        let is_end = token == Token::End;
        tokens.push((at, token));
        if is_end {
            return Ok(tokens);
        }
    }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take_while(&mut self, is_part: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|character| !is_part(character)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or("")
    }

    fn take(&mut self, part: &str) -> bool {
        let found = self.rest().starts_with(part);
        self.at += if found { part.len() } else { 0 };
        found
    }

    fn skip_space(&mut self) {
        loop {
            self.take_while(|character| matches!(character, ' ' | '\t' | '\n' | '\r' | '\u{c}'));
            if !self.rest().starts_with("//") {
                return;
            }
            self.take_while(|character| character != '\n');
        }
    }

    fn next(&mut self) -> Result<Token, Told> {
        let Some(first) = self.peek() else {
            return Ok(Token::End);
        };
        if let Some(prefix) = self.text_prefix() {
            return self.text(prefix);
        }
        let second = self.rest().chars().nth(1).unwrap_or(' ');
        if first.is_ascii_digit() || (first == '.' && second.is_ascii_digit()) {
            return self.number();
        }
        if first.is_ascii_alphabetic() || first == '_' {
            let name = self.take_while(|one| one.is_ascii_alphanumeric() || one == '_');
            return Ok(Token::Name(name.to_owned()));
        }
        if first == '`' {
            return self.quoted();
        }
        if let Some(sign) = SIGNS.iter().find(|sign| self.rest().starts_with(**sign)) {
            self.at += sign.len();
            return Ok(Token::Sign(sign));
        }
        let help = match first {
            '=' => "write `==` to compare",
            '&' => "write `&&`",
            '|' => "write `||`",
            _ => "take it out",
        };
        Err(Told::new(self.at, format!("`{first}` has no meaning here"), help))
    }

    /// The letters before a text's quotation mark, where a text begins here.
    fn text_prefix(&self) -> Option<&'a str> {
        let rest = self.rest();
        let end = rest.find(['"', '\''])?;
        let prefix = rest.get(..end)?;
        let is_prefix = prefix.len() <= 2 && prefix.chars().all(|one| "rRbB".contains(one));
        is_prefix.then_some(prefix)
    }

    fn text(&mut self, prefix: &str) -> Result<Token, Told> {
        let start = self.at;
        if prefix.contains(['b', 'B']) {
            return Err(Told::new(start, "bytes are not used in conditions", "write a text"));
        }
        self.at += prefix.len();
        let quotes = ["\"\"\"", "'''", "\"", "'"];
        let Some(quote) = quotes.into_iter().find(|quote| self.take(quote)) else {
            return Err(Told::new(start, "the text has no quotation mark", "quote it"));
        };
        let mut value = String::new();
        loop {
            if self.take(quote) {
                return Ok(Token::Text(value));
            }
            match self.peek() {
                None => return Err(Told::new(start, "the text does not end", "close its quotes")),
                Some('\n' | '\r') if quote.len() == 1 => {
                    let help = "close its quotes on the same line, or write three of them";
                    return Err(Told::new(start, "the text does not end on its line", help));
                }
                Some('\\') if prefix.is_empty() => value.push(self.escape()?),
                Some(character) => {
                    self.at += character.len_utf8();
                    value.push(character);
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, Told> {
        let start = self.at;
        let wrong = |scanner: &Self| {
            let written: String = scanner.text.get(start..).unwrap_or("").chars().take(2).collect();
            let help = "write `\\\\` for a backslash, or put `r` before the text";
            Told::new(start, format!("`{written}` is not an escape"), help)
        };
        self.at += 1;
        let letter = self.peek().ok_or_else(|| wrong(self))?;
        let plain = match letter {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            '\\' | '?' | '"' | '\'' | '`' => letter,
            'x' | 'X' | 'u' | 'U' | '0'..='3' => {
                let (skip, radix, length) = match letter {
                    'x' | 'X' => (1, 16, 2),
                    'u' => (1, 16, 4),
                    'U' => (1, 16, 8),
                    _ => (0, 8, 3),
                };
                self.at += skip;
                let digits = self
                    .rest()
                    .get(..length)
                    .filter(|digits| digits.chars().all(|digit| digit.is_digit(radix)));
                let code = digits.and_then(|digits| u32::from_str_radix(digits, radix).ok());
                let character = code.and_then(char::from_u32).ok_or_else(|| wrong(self))?;
                self.at += length;
                return Ok(character);
            }
            _ => return Err(wrong(self)),
        };
        self.at += letter.len_utf8();
        Ok(plain)
    }

    fn number(&mut self) -> Result<Token, Told> {
        let start = self.at;
        let told = |detail: String, help: &str| Err(Told::new(start, detail, help));
        let radix = if self.take("0x") { 16 } else { 10 };
        let mut digits = self.take_while(|digit| digit.is_digit(radix)).to_owned();
        let mut is_double = false;
        if radix == 10 {
            let mut rest = self.rest().chars();
            if rest.next() == Some('.') && rest.next().is_some_and(|digit| digit.is_ascii_digit()) {
                is_double = true;
                self.at += 1;
                digits.push('.');
                digits.push_str(self.take_while(|digit| digit.is_ascii_digit()));
            }
            let before = self.at;
            if self.take("e") || self.take("E") {
                let sign = if self.take("-") { "-" } else { "" };
                let _ = sign.is_empty() && self.take("+");
                let exponent = self.take_while(|digit| digit.is_ascii_digit());
                if exponent.is_empty() {
                    self.at = before;
                } else {
                    is_double = true;
                    digits.push_str(&format!("e{sign}{exponent}"));
                }
            }
        }
        let tail = self.take_while(|one| one.is_ascii_alphanumeric() || one == '_');
        if !is_double && matches!(tail, "u" | "U") {
            return told(
                "unsigned numbers are not used in conditions".to_owned(),
                "leave the `u` out",
            );
        }
        if !tail.is_empty() {
            let written = self.text.get(start..self.at).unwrap_or("");
            return told(format!("`{written}` is not a number"), "write digits, or quote a text");
        }
        if is_double {
            return match digits.parse::<f64>() {
                Ok(value) if is_admitted(value) => Ok(Token::Double(value)),
                _ => told(
                    format!("`{digits}` is too large a number"),
                    "use a number within 2^53-1 on both sides of 0",
                ),
            };
        }
        match i64::from_str_radix(&digits, radix) {
            Ok(value) if value <= INTEGER_MAX => Ok(Token::Int(value)),
            _ => told(
                format!("the whole number `{digits}` is beyond 2^53-1"),
                "use a smaller number",
            ),
        }
    }

    fn quoted(&mut self) -> Result<Token, Told> {
        let start = self.at;
        self.at += 1;
        let name = self.take_while(|one| one.is_ascii_alphanumeric() || "_.-/ ".contains(one));
        if name.is_empty() || !self.take("`") {
            let help = "write letters, digits, `_`, `.`, `-`, `/` between backquotes";
            return Err(Told::new(start, "the name in backquotes does not end", help));
        }
        Ok(Token::Quoted(name.to_owned()))
    }
}
