//! What the arguments of one call say: amounts, statements, commands, addresses, inner actions.

use crate::impact::Effect;
use crate::inference::lexicon::{self, Kinds};
use crate::inference::rules::is_money_word;
use crate::inference::statement::{self, Class, listed};
use crate::inference::words::Words;
use crate::json::{Json, format_number};
use crate::map::BTreeMap;
use crate::money::{AmountUnit, Currency, Money};

/// Values that are looked at; what comes after them is reported as not seen.
const VALUES_MAX: usize = 2_000;
/// Amounts that are read.
const AMOUNTS_MAX: usize = 64;

/// One thing that the arguments say.
#[derive(Debug, PartialEq)]
pub(super) struct Found {
    /// JSON Pointer into the arguments.
    pub(super) path: String,
    /// The word or text.
    pub(super) saw: String,
    pub(super) what: What,
}

#[derive(Debug, PartialEq)]
pub(super) enum What {
    /// An amount; `None` where it cannot be read.
    Amount(Option<Money>),
    /// A statement or command.
    Statement(Class),
    /// A verb of an inner action.
    Verb(Kinds),
    /// Who is written to.
    Recipient,
    /// Where something is sent to or taken from.
    Address,
    /// A request for a trial run.
    TrialRun,
}

/// What was found, and whether everything was looked at.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) found: Vec<Found>,
    pub(super) is_cut: bool,
    values: usize,
}

const STATEMENTS: &str = "sql query statement statements queries ddl dml";
const COMMANDS: &str = "command commands cmd shell bash script cmdline powershell";
const VERBS: &str =
    "tool action actions operation op method function verb proposed_action call name";
const RECIPIENTS: &str =
    "to recipient recipients email emails cc bcc phone number channel receiver attendees";
const TRIAL_RUNS: &str =
    "dry_run dryrun dry-run simulate simulation what_if whatif check_only validate_only test_mode";

impl Content {
    pub(super) fn of(arguments: &BTreeMap<String, Json>) -> Self {
        let mut content = Self::default();
        content.object(arguments, "", None, false);
        content
    }

    fn find(&mut self, path: &str, saw: &str, what: What) {
        self.found.push(Found { path: path.to_owned(), saw: crate::read::excerpt(saw), what });
    }

    fn object(
        &mut self,
        fields: &BTreeMap<String, Json>,
        path: &str,
        currency: Option<&str>,
        is_inner: bool,
    ) {
        let own = ["currency", "currency_code", "currencyCode"];
        let own = own.iter().find_map(|name| match fields.get(*name) {
            Some(Json::String(code)) => Some(code.as_str()),
            _ => None,
        });
        for (name, value) in fields {
            let path = format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
            self.value(name, value, &path, own.or(currency), is_inner);
        }
    }

    fn value(
        &mut self,
        name: &str,
        value: &Json,
        path: &str,
        currency: Option<&str>,
        is_inner: bool,
    ) {
        self.values += 1;
        if self.values > VALUES_MAX {
            self.is_cut = true;
            return;
        }
        let key = name.to_ascii_lowercase();
        match value {
            Json::Object(fields) => self.object(fields, path, currency, true),
            Json::Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    self.value(name, value, &format!("{path}/{index}"), currency, is_inner);
                }
            }
            Json::Bool(true) if listed(TRIAL_RUNS, &key) || key == "dryrun" => {
                self.find(path, name, What::TrialRun);
            }
            Json::Number(number) if is_money_key(name) => {
                self.amount(path, &format_number(*number), currency);
            }
            Json::String(text) => self.text(&key, name, text, path, currency, is_inner),
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }

    fn text(
        &mut self,
        key: &str,
        name: &str,
        text: &str,
        path: &str,
        currency: Option<&str>,
        is_inner: bool,
    ) {
        if let Some((amount, code)) = amount_with_currency(text) {
            self.amount(path, &amount, code.as_deref());
        } else if is_money_key(name)
            && text.contains(|character: char| character.is_ascii_digit())
            && text.len() <= 40
            && !is_identifier(name)
        {
            self.amount(path, text, currency);
        }
        let mut statement = if listed(STATEMENTS, key) { statement::sql(text) } else { None };
        if listed(COMMANDS, key) {
            statement = statement::sql(text).or_else(|| statement::shell(text));
        }
        // What calls itself SQL and cannot be followed is no reading.
        if statement.is_none() && listed(STATEMENTS, key) && key != "query" && key != "queries" {
            let word = text.split_ascii_whitespace().next();
            statement = word.map(|word| (Class::Changes, word.to_owned()));
        }
        if let Some((class, word)) = statement {
            self.find(path, &word, What::Statement(class));
        }
        // A verb among the arguments, and names of tools in lists of calls.
        if listed(VERBS, key) && (key != "name" || is_inner) && text.len() <= 80 {
            let first = Words::of(text).list.into_iter().take(4).find_map(|word| {
                let kinds = lexicon::kinds(&word);
                let strong = Kinds::DESTROY.with(Kinds::PAY).with(Kinds::GRANT).with(Kinds::OPEN);
                (kinds.has(strong) && !kinds.has(Kinds::NOUN)).then_some((word, kinds))
            });
            if let Some((word, kinds)) = first {
                self.find(path, &word, What::Verb(kinds));
            }
        }
        if text.starts_with("http://") || text.starts_with("https://") {
            self.find(path, text, What::Address);
        } else if listed(RECIPIENTS, key) && !text.is_empty() {
            self.find(path, text, What::Recipient);
        }
    }

    fn amount(&mut self, path: &str, text: &str, currency: Option<&str>) {
        if self.found.iter().filter(|found| matches!(found.what, What::Amount(_))).count()
            >= AMOUNTS_MAX
        {
            self.is_cut = true;
            return;
        }
        let money = currency
            .and_then(Currency::new)
            .and_then(|currency| Money::parse(&without_groups(text)?, AmountUnit::Major, currency));
        self.find(path, text, What::Amount(money));
    }
}

/// What an amount's own name says.
fn is_money_key(name: &str) -> bool {
    Words::of(name).list.iter().any(|word| is_money_word(word)) && !is_identifier(name)
}

fn is_identifier(name: &str) -> bool {
    let words = Words::of(name).list;
    words.last().is_some_and(|last| {
        matches!(
            last.as_str(),
            "id" | "ids"
                | "number"
                | "type"
                | "method"
                | "name"
                | "status"
                | "currency"
                | "code"
                | "date"
                | "currencies"
        )
    })
}

/// `4,200.00 USD`, `USD 4200`, `$4,200`: the amount, and the code where there is one.
fn amount_with_currency(text: &str) -> Option<(String, Option<String>)> {
    let text = text.trim_ascii();
    if text.len() > 40 {
        return None;
    }
    let digits = |part: &str| {
        let first = part.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
        let only = part
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b',' | b'.' | b'\'' | b'_' | b' '));
        first && only
    };
    if let Some(rest) = text.strip_prefix(['$', '€', '£', '¥', '₹']) {
        return digits(rest.trim_ascii()).then(|| (rest.trim_ascii().to_owned(), None));
    }
    let code = |part: &str| part.len() == 3 && part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let (left, right) = text.rsplit_once(' ')?;
    if digits(left.trim_ascii())
        && code(right)
        && Currency::new(&right.to_ascii_uppercase()).is_some()
    {
        return Some((left.trim_ascii().to_owned(), Some(right.to_ascii_uppercase())));
    }
    let (left, right) = text.split_once(' ')?;
    let known = code(left) && Currency::new(&left.to_ascii_uppercase()).is_some();
    (known && digits(right.trim_ascii()))
        .then(|| (right.trim_ascii().to_owned(), Some(left.to_ascii_uppercase())))
}

/// `4,200.00` as `4200.00`: only where every group has three digits, because `4,20` may be a decimal.
fn without_groups(text: &str) -> Option<String> {
    let (whole, fraction) =
        text.split_once('.').map_or((text, None), |(whole, rest)| (whole, Some(rest)));
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let mut plain = first.to_owned();
    for group in groups {
        if group.len() != 3 || !(1..=3).contains(&first.len()) {
            return None;
        }
        plain.push_str(group);
    }
    if let Some(fraction) = fraction {
        plain.push('.');
        plain.push_str(fraction);
    }
    Some(plain)
}

impl What {
    /// What it means for the tool, and the words for it.
    pub(super) fn effect(&self) -> Option<Effect> {
        match self {
            Self::Amount(_) => Some(Effect::Money),
            Self::Statement(class) => class.effect(),
            Self::Recipient => Some(Effect::Communication),
            Self::Address => Some(Effect::ExternalState),
            Self::Verb(_) | Self::TrialRun => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_where_nothing_is_doubtful() {
        let rows = [
            ("4,200.00 USD", Some(("4,200.00", Some("USD")))),
            ("usd 12", Some(("12", Some("USD")))),
            ("$4,200", Some(("4,200", None))),
            ("12 kg", None),
            ("12 abc", None),
            ("about 5 USD", None),
            ("USD", None),
        ];
        for (text, expected) in rows {
            let found = amount_with_currency(text);
            let found = found.as_ref().map(|(amount, code)| (amount.as_str(), code.as_deref()));
            assert_eq!(found, expected, "{text}");
        }
        let rows = [
            ("4,200.00", Some("4200.00")),
            ("4,20", None),
            ("1234,567", None),
            ("1,234,567", Some("1234567")),
            ("7", Some("7")),
        ];
        for (text, expected) in rows {
            assert_eq!(without_groups(text).as_deref(), expected, "{text}");
        }
    }
}
