//! Money: whole minor units of an ISO 4217 currency, and the rates that make amounts comparable.
//!
//! An amount is read from a decimal string, or from a number through its shortest decimal form. It
//! is never rounded: what has more decimals than its currency, a sign, or too many digits is refused.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::error::{ErrorCode, Fault};
use crate::json::{INTEGER_MAX, Json, format_number};
use crate::limits;
use crate::read::{self, Node, Read};
use crate::units::TimestampMs;
use crate::word::words;

/// The codes of ISO 4217 by the number of their decimals, in three letters each.
const CODES: &[(u32, &str)] = &[
    (0, "BIFCLPDJFGNFISKJPYKMFKRWPYGRWFUGXUYIVNDVUVXAFXOFXPF"),
    (
        2,
        "AEDAFNALLAMDAOAARSAUDAWGAZNBAMBBDBDTBGNBMDBNDBOBBOVBRLBSDBTNBWPBYNBZDCADCDFCHECHFCHWCNYCOPCOU\
         CRCCUPCVECZKDKKDOPDZDEGPERNETBEURFJDFKPGBPGELGHSGIPGMDGTQGYDHKDHNLHTGHUFIDRILSINRIRRJMDKESKGSKHR\
         KPWKYDKZTLAKLBPLKRLRDLSLMADMDLMGAMKDMMKMNTMOPMRUMURMVRMWKMXNMXVMYRMZNNADNGNNIONOKNPRNZDPABPENPGK\
         PHPPKRPLNQARRONRSDRUBSARSBDSCRSDGSEKSGDSHPSLESOSSRDSSPSTNSVCSYPSZLTHBTJSTMTTOPTRYTTDTWDTZSUAHUSD\
         USNUYUUZSVEDVESWSTXCDXCGYERZARZMWZWG",
    ),
    (3, "BHDIQDJODKWDLYDOMRTND"),
    (4, "CLFUYW"),
];

/// Units of a rate in one: nine decimals.
const RATE_SCALE: i128 = 1_000_000_000;
/// Decimals of a rate.
const RATE_DECIMALS: u32 = 9;

words! {
    /// The unit in which a tool takes amounts.
    pub enum AmountUnit {
        /// Decimal units: 42.00 dollars.
        Major = "major",
        /// Whole units of the smallest kind: 4200 cents.
        Minor = "minor",
    }
}

/// A currency of ISO 4217 that has a number of decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(type = "string"))]
pub struct Currency {
    code: [u8; 3],
    decimals: u32,
}

impl Currency {
    /// The currency of that code, in capitals; `None` if there is none.
    #[must_use]
    pub fn new(code: &str) -> Option<Self> {
        let code = <[u8; 3]>::try_from(code.as_bytes()).ok()?;
        let listed = |codes: &str| codes.as_bytes().chunks(3).any(|known| known == code);
        let (decimals, _) = CODES.iter().find(|(_, codes)| listed(codes))?;
        Some(Self { code, decimals: *decimals })
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> &str {
        // A code is three of the letters above.
        std::str::from_utf8(&self.code).unwrap_or_default()
    }

    /// How many decimals an amount may have: 2 for most.
    #[must_use]
    pub const fn decimals(self) -> u32 {
        self.decimals
    }

    /// Code and decimals in one number, for the buffer of flat facts.
    pub(crate) const fn packed(self) -> u32 {
        let [first, second, third] = self.code;
        u32::from_le_bytes([first, second, third, 0]) | self.decimals << 24
    }

    /// The currency of such a number; `None` where it is none.
    pub(crate) fn unpacked(number: u32) -> Option<Self> {
        let [first, second, third, decimals] = number.to_le_bytes();
        let code = [first, second, third];
        let valid = code.iter().all(u8::is_ascii_uppercase) && decimals <= 4;
        valid.then(|| Self { code, decimals: decimals.into() })
    }

    /// Reads a currency's code.
    ///
    /// # Errors
    /// `unknown_currency` if there is no such currency, or `invalid_field` if it is not a text.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let code = node.str()?;
        Self::new(code).ok_or_else(|| {
            let capitals = code.to_ascii_uppercase();
            let help = match Self::new(&capitals) {
                Some(_) => format!("write `{capitals}`"),
                None => "send a code of ISO 4217, such as `USD`".to_owned(),
            };
            let detail = format!("`{}` is not a currency of ISO 4217", read::excerpt(code));
            node.fault(ErrorCode::UnknownCurrency, detail, help)
        })
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

/// An amount in whole minor units, from 0 to 2^53 − 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "ts",
    derive(ts_rs::TS),
    ts(type = "{ amount: string; amount_minor: number; currency: Currency }")
)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// Nothing of that currency.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// So many minor units; `None` below 0 and beyond 2^53 − 1.
    #[must_use]
    pub fn new(minor: i64, currency: Currency) -> Option<Self> {
        (0..=INTEGER_MAX).contains(&minor).then_some(Self { minor, currency })
    }

    /// An amount in the given unit; no sign, no grouping, no exponent, no more decimals than fit.
    #[must_use]
    pub fn parse(text: &str, unit: AmountUnit, currency: Currency) -> Option<Self> {
        let decimals = match unit {
            AmountUnit::Major => currency.decimals,
            AmountUnit::Minor => 0,
        };
        Self::new(scaled(text, decimals)?, currency)
    }

    /// Reads an amount, a decimal string or a number, in the given unit.
    ///
    /// # Errors
    /// `invalid_field` if it is no such amount.
    pub fn read_amount(node: Node<'_>, unit: AmountUnit, currency: Currency) -> Read<Self> {
        let text = match node.json() {
            Json::String(text) => text.clone(),
            Json::Number(number) => format_number(*number),
            other => {
                let detail = format!("expected an amount, got {}", other.kind());
                return Err(node.invalid(detail, "send a decimal string such as `\"42.00\"`"));
            }
        };
        Self::parse(&text, unit, currency).ok_or_else(|| {
            let (kind, decimals) = match unit {
                AmountUnit::Major => ("an amount", currency.decimals),
                AmountUnit::Minor => ("an amount in minor units", 0),
            };
            node.invalid(
                format!("`{}` is not {kind} of {currency}", read::excerpt(&text)),
                format!(
                    "send digits without a sign, with at most {decimals} decimals, up to 2^53-1 minor units"
                ),
            )
        })
    }

    /// Reads `50 USD`, as policies write it.
    ///
    /// # Errors
    /// `invalid_field`, or `unknown_currency`.
    pub fn read_text(node: Node<'_>) -> Read<Self> {
        let text = node.str()?;
        let invalid = || {
            let detail = format!("`{}` is not an amount with a currency", read::excerpt(text));
            node.invalid(detail, "write an amount and a code of ISO 4217, such as `50 USD`")
        };
        let (amount, code) = text.split_once(' ').ok_or_else(invalid)?;
        let code = Json::String(code.to_owned());
        let currency = Currency::read(Node::root(&code))
            .map_err(|fault| Fault { path: node.pointer(), ..fault })?;
        Self::parse(amount, AmountUnit::Major, currency).ok_or_else(invalid)
    }

    /// Reads the record.
    ///
    /// # Errors
    /// `invalid_field` if it is not one, or if its two amounts differ; `unknown_currency`.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let currency = fields.required("currency", Currency::read)?;
        let minor = fields.required("amount_minor", |node| node.integer(0, INTEGER_MAX))?;
        let amount = fields
            .optional("amount", |node| Self::read_amount(node, AmountUnit::Major, currency))?;
        fields.finish()?;
        let money = Self { minor, currency };
        if amount.is_some_and(|amount| amount != money) {
            return Err(node.invalid("`amount` and `amount_minor` differ", "send one of them"));
        }
        Ok(money)
    }

    /// The minor units.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The amount in major units, with all decimals of the currency: `4200.00`.
    #[must_use]
    pub fn amount(self) -> String {
        let scale = 10_i64.pow(self.currency.decimals);
        let (whole, fraction) = (self.minor / scale, self.minor % scale);
        match usize::try_from(self.currency.decimals) {
            Ok(0) | Err(_) => whole.to_string(),
            Ok(width) => format!("{whole}.{fraction:0width$}"),
        }
    }

    /// The sum; `None` beyond 2^53 − 1 or of two currencies.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        let sum = self.minor.checked_add(other.minor)?;
        if self.currency == other.currency { Self::new(sum, self.currency) } else { None }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.amount(), self.currency)
    }
}

#[derive(Serialize)]
struct MoneyRecord<'a> {
    amount: String,
    amount_minor: i64,
    currency: &'a str,
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let currency = self.currency.code();
        MoneyRecord { amount: self.amount(), amount_minor: self.minor, currency }
            .serialize(serializer)
    }
}

/// What one unit of each currency is worth in the base currency.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Rates {
    /// The currency in which limits are written and amounts compared.
    pub base: Currency,
    /// From when on the rates are too old to be used.
    pub until: Option<TimestampMs>,
    /// Billionths of the base currency for one unit of another, by code.
    pub billionths: BTreeMap<String, i64>,
}

impl Rates {
    /// Reads rates from a bundle.
    ///
    /// # Errors
    /// `invalid_field`, `unknown_field` or `unknown_currency`.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let rates = Self {
            base: fields.required("base", Currency::read)?,
            until: fields.optional("until", read::timestamp)?,
            billionths: fields.required("billionths", |node| {
                node.map(limits::RATES_MAX, |node| node.integer(1, INTEGER_MAX))
            })?,
        };
        fields.finish()?;
        rates.check(node)?;
        Ok(rates)
    }

    /// The codes are currencies, and the base has no rate of its own.
    pub(crate) fn check(&self, node: Node<'_>) -> Read<()> {
        for code in self.billionths.keys() {
            if Currency::new(code).is_none() {
                let detail = format!("`{}` is not a currency of ISO 4217", read::excerpt(code));
                let help = "name the rate by a code of ISO 4217";
                return Err(node.fault(ErrorCode::UnknownCurrency, detail, help));
            }
        }
        if self.billionths.contains_key(self.base.code()) {
            return Err(node.invalid("the base currency has a rate", "take its rate out"));
        }
        Ok(())
    }

    /// A rate as a decimal of at most nine places, in billionths.
    #[must_use]
    pub fn parse_rate(text: &str) -> Option<i64> {
        scaled(text, RATE_DECIMALS).filter(|billionths| (1..=INTEGER_MAX).contains(billionths))
    }

    /// The amount in the base currency, rounded up; `None` without a rate that is still good.
    #[must_use]
    pub fn to_base(&self, money: Money, now: TimestampMs) -> Option<Money> {
        if money.currency == self.base {
            return Some(money);
        }
        if self.until.is_some_and(|until| now >= until) {
            return None;
        }
        let billionths = i128::from(*self.billionths.get(money.currency.code())?);
        // minor × rate × 10^base decimals / (10^own decimals × 10^9): at most 2^53 × 2^53 × 10^4.
        let scaled = i128::from(money.minor) * billionths * 10_i128.pow(self.base.decimals);
        let scale = RATE_SCALE * 10_i128.pow(money.currency.decimals);
        // Rounding up never lowers what an amount needs.
        let minor = (scaled + scale - 1) / scale;
        Money::new(i64::try_from(minor).ok()?, self.base)
    }
}

/// A decimal as an integer of 10^-`decimals`; `None` for anything else or beyond 2^53 − 1.
fn scaled(text: &str, decimals: u32) -> Option<i64> {
    let (whole, fraction) = match text.split_once('.') {
        Some((_, "")) => return None,
        Some((whole, fraction)) => (whole, fraction),
        None => (text, ""),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let places = u32::try_from(fraction.len()).ok()?;
    let plain = !whole.is_empty() && (whole == "0" || !whole.starts_with('0'));
    // Sixteen digits are 2^53 − 1.
    if !plain || !digits(whole) || !digits(fraction) || whole.len() > 16 || places > decimals {
        return None;
    }
    let number = |text: &str| if text.is_empty() { Some(0) } else { text.parse::<i64>().ok() };
    let fraction = number(fraction)?.checked_mul(10_i64.checked_pow(decimals - places)?)?;
    let value = number(whole)?.checked_mul(10_i64.checked_pow(decimals)?)?.checked_add(fraction)?;
    (value <= INTEGER_MAX).then_some(value)
}
