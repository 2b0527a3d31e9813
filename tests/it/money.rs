//! Money is exact: what an amount says is what it is, and what cannot be said is refused.

use countersign::money::{AmountUnit, Currency, Money, Rates};
use countersign::read::Node;
use countersign::{Json, TimestampMs};

use crate::support::{at, canonical, json, now};

fn read(value: &str, unit: AmountUnit, code: &str) -> Option<i64> {
    let currency = Currency::new(code).unwrap();
    let value = json(value);
    Money::read_amount(Node::root(&value), unit, currency).ok().map(Money::minor)
}

#[test]
fn an_amount_is_its_minor_units_or_refused() {
    let rows = [
        ("4200", "USD", Some(420_000)),
        ("\"4200\"", "USD", Some(420_000)),
        ("\"4200.00\"", "USD", Some(420_000)),
        ("\"4200.5\"", "USD", Some(420_050)),
        ("4200.5", "USD", Some(420_050)),
        ("0.1", "USD", Some(10)),
        ("0.07", "USD", Some(7)),
        ("1.15", "USD", Some(115)),
        ("0", "USD", Some(0)),
        ("-0", "USD", Some(0)),
        ("0.30000000000000004", "USD", None),
        ("\"42.000\"", "USD", None),
        ("\"42.\"", "USD", None),
        ("\".42\"", "USD", None),
        ("-1", "USD", None),
        ("\"-1\"", "USD", None),
        ("\"+1\"", "USD", None),
        ("\"1e3\"", "USD", None),
        ("1e3", "USD", Some(100_000)),
        ("1e21", "USD", None),
        ("1e-7", "USD", None),
        ("\"1,000\"", "USD", None),
        ("\" 1\"", "USD", None),
        ("\"007\"", "USD", None),
        ("\"\"", "USD", None),
        ("\"１\"", "USD", None),
        ("\"NaN\"", "USD", None),
        ("null", "USD", None),
        ("true", "USD", None),
        ("[1]", "USD", None),
        ("\"90071992547409.91\"", "USD", Some(9_007_199_254_740_991)),
        ("\"90071992547409.92\"", "USD", None),
        ("\"99999999999999999999999\"", "USD", None),
        ("500", "JPY", Some(500)),
        ("0.5", "JPY", None),
        ("\"1.234\"", "KWD", Some(1_234)),
        ("\"1.2345\"", "KWD", None),
        ("\"1.2345\"", "CLF", Some(12_345)),
    ];
    for (value, code, expected) in rows {
        assert_eq!(read(value, AmountUnit::Major, code), expected, "{value} {code}");
    }
    let rows = [("4200", Some(4_200)), ("\"4200\"", Some(4_200)), ("42.5", None), ("-1", None)];
    for (value, expected) in rows {
        assert_eq!(read(value, AmountUnit::Minor, "USD"), expected, "{value} in cents");
    }
}

#[test]
fn a_currency_is_one_of_iso_4217() {
    let decimals = |code: &str| Currency::new(code).map(Currency::decimals);
    let rows = [
        ("USD", Some(2)),
        ("EUR", Some(2)),
        ("JPY", Some(0)),
        ("ISK", Some(0)),
        ("BHD", Some(3)),
        ("UYW", Some(4)),
        ("ZWG", Some(2)),
        ("usd", None),
        ("US", None),
        ("USDT", None),
        // Gold has no decimals of its own, and a code must not be found across two others.
        ("XAU", None),
        ("EDA", None),
        ("SDE", None),
        ("", None),
        ("€€€", None),
    ];
    for (code, expected) in rows {
        assert_eq!(decimals(code), expected, "{code}");
    }
    let fault = Currency::read(Node::root(&json("\"usd\""))).unwrap_err();
    assert_eq!((fault.code.as_str(), fault.help.as_str()), ("unknown_currency", "write `USD`"));
}

#[test]
fn money_is_written_with_all_its_decimals_and_reads_back() {
    let rows =
        [(420_000, "USD", "4200.00"), (7, "USD", "0.07"), (5, "JPY", "5"), (1, "KWD", "0.001")];
    for (minor, code, amount) in rows {
        let money = Money::new(minor, Currency::new(code).unwrap()).unwrap();
        let written = canonical(&money);
        let expected =
            format!(r#"{{"amount":"{amount}","amount_minor":{minor},"currency":"{code}"}}"#);
        assert_eq!(written, expected);
        assert_eq!(Money::read(Node::root(&json(&written))).unwrap(), money);
    }
    let apart = json(r#"{"amount":"1.00","amount_minor":101,"currency":"USD"}"#);
    assert!(Money::read(Node::root(&apart)).is_err());
    assert!(Money::new(-1, Currency::new("USD").unwrap()).is_none());
}

#[test]
fn a_rate_rounds_up_and_is_not_used_past_its_time() {
    let rates = json(
        r#"{"base":"USD","until":"2027-01-01T00:00:00Z","billionths":{"EUR":1080000000,"JPY":6800000,"KWD":3250000000}}"#,
    );
    let rates = Rates::read(Node::root(&rates)).unwrap();
    let check = |minor: i64, code: &str, at: TimestampMs, expected: Option<i64>| {
        let money = Money::new(minor, Currency::new(code).unwrap()).unwrap();
        assert_eq!(rates.to_base(money, at).map(Money::minor), expected, "{money}");
    };
    check(4_200, "USD", now(), Some(4_200));
    check(4_200, "EUR", now(), Some(4_536));
    check(1, "EUR", now(), Some(2));
    check(0, "EUR", now(), Some(0));
    check(10_000, "JPY", now(), Some(6_800));
    check(1_000, "KWD", now(), Some(325));
    check(4_200, "CHF", now(), None);
    check(9_007_199_254_740_991, "EUR", now(), None);
    check(4_200, "EUR", at("2027-01-01T00:00:00Z"), None);
    check(4_200, "USD", at("2027-01-01T00:00:00Z"), Some(4_200));
    for wrong in [
        r#"{"base":"USD","billionths":{"USD":1}}"#,
        r#"{"base":"USD","billionths":{"EUR":0}}"#,
        r#"{"base":"USD","billionths":{"euro":1}}"#,
        r#"{"base":"dollar","billionths":{}}"#,
    ] {
        let wrong: Json = json(wrong);
        assert!(Rates::read(Node::root(&wrong)).is_err());
    }
}
